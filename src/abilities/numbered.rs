//! Abilities by number, and how far somebody's reach.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Ability;
use crate::Scope;
use crate::catalog::{Bearer, EVERYBODY, EditedBy, Model};
use crate::document::{AskedOn, ChangeKind};
use crate::engine::{Planes, State, is_effective};

/// An ability as one state numbers it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Numbered {
    /// An operation, by any of its pairs.
    Operation(u16),
    /// An operation, by one pair.
    Pair { operation: u16, pair: u16 },
    /// A field: it is seen in clear where both reading reaches and what reveals it does (M1).
    Field {
        r#type: u16,
        read: Option<u16>,
        reveals: u16,
    },
    /// What reading lets people see of their own.
    Contribution { read: Option<u16> },
    /// A right of administration (A2).
    Right(Right),
}

/// What a right of administration needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    /// The permissions of one of these, all of them. A rule that the catalog does not give is no way, and
    /// without a way nobody has the right.
    ways: Vec<Vec<u16>>,
    /// Whether it is asked with somebody as the owner; else it is needed at All.
    is_on_people: bool,
}

/// An ability of a catalog or account with what it is told by.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) ability: Ability,
    pub(crate) numbered: Numbered,
    pub(crate) on: Option<AskedOn>,
    /// The permission that gives it; `None` of an open operation, and of a right that needs several.
    pub(crate) permission: Option<u16>,
}

/// Whose abilities are measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Worth {
    /// Who has that access set, and is lent what that position is lent (S6), if one is given.
    Set { set: u32, lent_at: Option<u32> },
    /// A role by itself.
    Role(u32),
}

/// The abilities of a catalog, whatever the account: pairs, fields, contributions where `contributions`,
/// rights. Where it is compared with another catalog, that is `other`; else it is the same.
pub(crate) fn of_catalog(model: &Model, other: &Model) -> Vec<Listed> {
    let mut all = Vec::new();
    for (operation, number) in model.operations.iter().zip(0..) {
        let name = model.operation_name(number);
        for pair in operation.pairs.clone() {
            let permission = model.pairs.get(pair as usize).map(|it| it.permission);
            all.push(Listed {
                ability: Ability::Operation(name.clone()),
                numbered: Numbered::Pair {
                    operation: number,
                    pair,
                },
                on: Some(operation.on),
                permission: permission.filter(|it| *it != EVERYBODY),
            });
        }
    }
    fields(model, &mut all);
    rights(model, other, &mut all);
    all
}

fn fields(model: &Model, all: &mut Vec<Listed>) {
    for (number, r#type) in (0..).zip(&model.types) {
        let document = model.document.types.get(usize::from(number));
        let fields = document.map_or(&[][..], |it| &it.fields);
        let read = r#type.fields.read;
        for (field, &reveals) in fields.iter().zip(&r#type.fields.reveals) {
            let name = || (r#type.id.as_ref().to_owned(), field.path.clone());
            let (of, path) = name();
            all.push(Listed {
                ability: Ability::Field { r#type: of, path },
                numbered: Numbered::Field {
                    r#type: number,
                    read,
                    reveals,
                },
                on: None,
                permission: Some(reveals),
            });
            if field.contributor_sees {
                let (of, path) = name();
                all.push(Listed {
                    ability: Ability::OwnContribution { r#type: of, path },
                    numbered: Numbered::Contribution { read },
                    on: None,
                    permission: None,
                });
            }
        }
    }
}

fn rights(model: &Model, other: &Model, all: &mut Vec<Listed>) {
    let rules = &model.administration;
    let mut add = |ability, permission: Option<u16>, is_on_people| {
        all.extend(by_one(ability, permission, is_on_people));
    };
    for &kind in ChangeKind::EVERY {
        let permission = rules.changes.get(&kind).copied();
        add(Ability::Change(kind), permission, is_on_people(kind));
    }
    for permission in &model.permissions {
        let changed_by = permission.adjustable.as_ref().and_then(|it| it.changed_by);
        let path = permission.path.as_ref().to_owned();
        add(Ability::ChangeSetting(path), changed_by, false);
    }
    properties(model, other, all);
    let mut add = |ability, permission: Option<u16>, is_on_people| {
        all.extend(by_one(ability, permission, is_on_people));
    };
    let (assign, revoke) = (rules.assign_account_roles, rules.revoke_account_roles);
    add(Ability::AssignAccountRoles, assign, true);
    add(Ability::RevokeAccountRoles, revoke, true);
    let juniors = |role: u32| {
        let known = model.roles.get(role as usize);
        let juniors = known.map_or(&[][..], |it| &it.inherits).iter();
        juniors.map(|it| u32::from(*it)).collect()
    };
    let every = needs(model, model.roles.len() as u32, juniors);
    for (role, needs) in model.roles.iter().zip(&every) {
        if role.retired.is_none() {
            all.extend(of_role(&role.id, needs));
        }
    }
}

/// A right that one permission gives, if the catalog has such a rule.
fn by_one(ability: Ability, permission: Option<u16>, is_on_people: bool) -> Option<Listed> {
    let permission = permission?;
    Some(Listed {
        ability,
        numbered: Numbered::Right(Right {
            ways: vec![vec![permission]],
            is_on_people,
        }),
        on: None,
        permission: Some(permission),
    })
}

/// Editing properties of users, where that needs something besides the change's own right: in this catalog, or
/// in the other one.
fn properties(model: &Model, other: &Model, all: &mut Vec<Listed>) {
    let edited = |model: &Model| -> BTreeMap<Box<str>, EditedBy> {
        let of_users = model.properties.iter();
        let of_users = of_users.filter(|it| it.bearer == Bearer::Subject);
        of_users.map(|it| (it.name.clone(), it.edited_by)).collect()
    };
    let elsewhere = edited(other);
    let changes = &model.administration.changes;
    for (name, edited_by) in edited(model) {
        let besides = match edited_by {
            EditedBy::Anybody if elsewhere.get(&name) == Some(&EditedBy::Anybody) => continue,
            EditedBy::Anybody => None,
            EditedBy::Holder(permission) => Some(permission),
            EditedBy::System => continue,
        };
        // Setting and clearing it, and creating a user with it.
        let kinds = [ChangeKind::EditProperties, ChangeKind::CreateUser];
        let way = |kind| {
            let own = changes.get(&kind)?;
            let mut needs: Vec<u16> = besides.into_iter().chain([*own]).collect();
            needs.sort_unstable();
            needs.dedup();
            Some(needs)
        };
        let mut ways: Vec<Vec<u16>> = kinds.into_iter().filter_map(way).collect();
        ways.sort_unstable();
        ways.dedup();
        let permission = match &ways[..] {
            [] => continue,
            [way] => way.first().copied().filter(|_| way.len() == 1),
            _ => None,
        };
        all.push(Listed {
            ability: Ability::EditProperty(name.into()),
            numbered: Numbered::Right(Right {
                ways,
                is_on_people: true,
            }),
            on: None,
            permission,
        });
    }
}

/// What giving and taking a role needs, those that it inherits counted in.
#[derive(Clone, Default)]
struct Needs {
    assign: Option<Rc<[u16]>>,
    revoke: Option<Rc<[u16]>>,
    /// Whether it is or inherits a system role.
    is_of_system: bool,
}

/// What each role needs. Each is worked out once, after its juniors, which have no cycle.
fn needs(model: &Model, roles: u32, juniors: impl Fn(u32) -> Vec<u32>) -> Vec<Needs> {
    let rules = &model.administration;
    let mut found: Vec<Option<Needs>> = vec![None; roles as usize];
    for role in 0..roles {
        let mut waiting = vec![(role, false)];
        while let Some((role, is_ready)) = waiting.pop() {
            if found.get(role as usize).is_none_or(Option::is_some) {
                continue;
            }
            let below = juniors(role);
            if !is_ready {
                waiting.push((role, true));
                waiting.extend(below.into_iter().map(|it| (it, false)));
                continue;
            }
            let system = model.roles.get(role as usize);
            let (assign, revoke) = match system {
                Some(role) => (role.assign, role.revoke),
                None => (rules.assign_account_roles, rules.revoke_account_roles),
            };
            let alone = |rule: Option<u16>| rule.map(|it| Rc::from([it]));
            let mut needs = Needs {
                assign: alone(assign),
                revoke: alone(revoke),
                is_of_system: system.is_some(),
            };
            for junior in below {
                if let Some(Some(junior)) = found.get(junior as usize) {
                    needs.assign = both(needs.assign, &junior.assign);
                    needs.revoke = both(needs.revoke, &junior.revoke);
                    needs.is_of_system |= junior.is_of_system;
                }
            }
            if let Some(place) = found.get_mut(role as usize) {
                *place = Some(needs);
            }
        }
    }
    found.into_iter().map(Option::unwrap_or_default).collect()
}

/// The permissions of both; nobody has what a rule lacks for.
fn both(one: Option<Rc<[u16]>>, other: &Option<Rc<[u16]>>) -> Option<Rc<[u16]>> {
    let (one, other) = (one?, other.as_ref()?);
    let is_within = |a: &[u16], b: &[u16]| a.iter().all(|it| b.binary_search(it).is_ok());
    if is_within(&one, other) {
        return Some(Rc::clone(other));
    }
    if is_within(other, &one) {
        return Some(one);
    }
    let mut all: Vec<u16> = one.iter().chain(other.iter()).copied().collect();
    all.sort_unstable();
    all.dedup();
    Some(all.into())
}

/// Giving and taking a role.
fn of_role(id: &str, needs: &Needs) -> [Listed; 2] {
    let listed = |ability, needs: &Option<Rc<[u16]>>| Listed {
        ability,
        on: None,
        permission: match needs.as_deref() {
            Some(&[only]) => Some(only),
            _ => None,
        },
        numbered: Numbered::Right(Right {
            ways: needs.as_deref().map(<[u16]>::to_vec).into_iter().collect(),
            is_on_people: true,
        }),
    };
    [
        listed(Ability::AssignRole(id.to_owned()), &needs.assign),
        listed(Ability::RevokeRole(id.to_owned()), &needs.revoke),
    ]
}

/// Giving and taking the account's roles that inherit a system role, in this state or in the other one,
/// where both have them. Cost: linear in roles and edges.
pub(crate) fn of_account(state: &State, other: &State) -> Vec<Listed> {
    let every = |state: &State| {
        let juniors = |role| state.role_juniors(role).unwrap_or_default().to_vec();
        needs(state.model(), state.role_numbers(), juniors)
    };
    let (own, others) = (every(state), every(other));
    let mut all = Vec::new();
    for (role, needs) in (0..).zip(&own).filter(|(it, _)| state.is_account_role(*it)) {
        let Some(id) = state.role_id(role) else {
            continue;
        };
        let elsewhere = other.find_role_number(id);
        let Some(elsewhere) = elsewhere.and_then(|it| others.get(it as usize)) else {
            continue;
        };
        if needs.is_of_system || elsewhere.is_of_system {
            all.extend(of_role(id, needs));
        }
    }
    all
}

/// How far an ability reaches for somebody, conditions aside; `None` for nowhere. What is lent is counted
/// for operations by whichever permission and for the reading of fields; one pair is left as it is held.
pub(crate) fn scope(state: &State, worth: Worth, of: &Numbered) -> Option<Scope> {
    let rights = || rights_of(state, worth);
    match of {
        Numbered::Pair { operation, pair } => pair_scope(state, worth, *operation, *pair),
        Numbered::Operation(operation) => by_any_pair(state, worth, *operation),
        Numbered::Field {
            r#type,
            read,
            reveals,
        } => {
            let revealed = Scope::from_u8(state.reveal_scope(rights()?, *r#type, *reveals))?;
            Some(by_any_pair(state, worth, (*read)?)?.min(revealed))
        }
        Numbered::Contribution { read } => by_any_pair(state, worth, (*read)?),
        Numbered::Right(right) => {
            let rights = rights()?;
            let by_way = right.ways.iter().filter_map(|needs| {
                let each = needs.iter().map(|&needed| {
                    let is_effective = is_effective(state, rights, needed);
                    Scope::from_u8(rights.granted(needed)).filter(|_| is_effective)
                });
                let least: Option<Vec<Scope>> = each.collect();
                least?.into_iter().min()
            });
            let widest = by_way.max()?;
            (right.is_on_people || widest == Scope::All).then_some(widest)
        }
    }
}

fn rights_of(state: &State, worth: Worth) -> Option<&Planes> {
    match worth {
        Worth::Set { set, .. } => state.set_rights(set as usize),
        Worth::Role(role) => state.role_closure(role),
    }
}

fn pair_scope(state: &State, worth: Worth, operation: u16, pair: u16) -> Option<Scope> {
    let held = match worth {
        Worth::Set { set, .. } => state.pair_scope(set as usize, pair)?,
        Worth::Role(role) => state.role_pair_scope(role, operation, pair)?,
    };
    let is_entitled = state.late_feature(operation, pair).is_none();
    Scope::from_u8(held.ok()?).filter(|_| is_entitled)
}

/// How far an operation reaches; one on a record with what is lent (S6).
fn by_any_pair(state: &State, worth: Worth, operation: u16) -> Option<Scope> {
    let known = state.model().operations.get(usize::from(operation))?;
    let lent_at = match worth {
        Worth::Set { lent_at, .. } => lent_at.filter(|_| known.on == AskedOn::Record),
        Worth::Role(_) => None,
    };
    let reach = known.pairs.clone().filter_map(|pair| {
        let scope = pair_scope(state, worth, operation, pair)?;
        let is_between = scope == Scope::Reports || scope == Scope::Peers;
        let is_lent = lent_at.is_some_and(|position| state.is_lent_at(position, pair));
        Some(if is_between && is_lent {
            Scope::All
        } else {
            scope
        })
    });
    reach.max()
}

/// Whether a kind of change is asked with the user whom it concerns as the owner (A2).
fn is_on_people(kind: ChangeKind) -> bool {
    match kind {
        ChangeKind::PlaceUsers
        | ChangeKind::CreateUser
        | ChangeKind::DescribeUser
        | ChangeKind::RemoveUser
        | ChangeKind::SuspendUser
        | ChangeKind::EditProperties
        | ChangeKind::EditAssignments => true,
        ChangeKind::CreateRole
        | ChangeKind::DescribeRole
        | ChangeKind::CopyRole
        | ChangeKind::DeleteRole
        | ChangeKind::EditRole
        | ChangeKind::EditInheritance
        | ChangeKind::EditPackages
        | ChangeKind::FillPackages
        | ChangeKind::EditPositions
        | ChangeKind::EditFeatures
        | ChangeKind::Import
        | ChangeKind::ForgetIds => false,
    }
}
