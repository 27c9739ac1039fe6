//! What a transaction does to whom, worked out when asked for (A6).

mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::abilities::{self, Ability, Listed, write_alike};
use crate::catalog::EVERYBODY;
use crate::compared::{
    Classes, Compared, LentPairs, Matched, Numbers, Standing, counted, counted_users, matched,
    role_scopes,
};
use crate::document::AskedOn;
use crate::document::problem::quoted;
use crate::engine::State;
use crate::id::{OperationId, PermissionId};
use crate::{Engine, Scope};

/// What changed between two revisions of an account: what people may do, which fields they see in clear,
/// which rights of administration they have, whose records they reach, and what is lent to those above.
/// Nothing is worked out before it is asked for.
///
/// It tells of the users of the directory, and of the roles that tokens may bring one by one (D18), conditions
/// aside: neither of what several roles do together in a token nor of what conditions make of users'
/// properties.
///
/// Serde writes what [`access`](Report::access), [`reach`](Report::reach), [`lending`](Report::lending) and
/// [`tokens`](Report::tokens) answer, with names in place of handles. Semver covers the form.
///
/// Its `Display` says all of it in English, for whoever is about to make the change. Of a change that
/// makes no difference it says that nobody can do more or less than before, or, where tokens may bring
/// roles or users' properties changed, that no user of the directory can, conditions aside.
#[derive(Debug, Clone, Copy)]
pub struct Report<'e> {
    before: &'e Engine,
    after: &'e Engine,
}

/// What some people, who were assigned the same and are assigned the same, may do otherwise.
#[derive(Debug, Clone)]
pub struct AccessChange<'e> {
    report: Report<'e>,
    standing: Standing,
    /// How many users it concerns.
    pub users: usize,
    /// What they gain and lose: operations in catalog order, then fields, then rights; never empty.
    pub scopes: Vec<ScopeChange>,
}

/// How far something lets people do or see something, before and after; conditions aside.
///
/// An operation by each permission that allows it (D9), before anything is lent (S6): that is told apart.
/// A field as far as it is both revealed and read, and what is lent counts for reading (M1). A right of
/// administration as far as it can be used: one that no user's position bears on is there at All, or not
/// at all (A2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ScopeChange {
    /// What it lets people do or see.
    pub ability: Ability,
    /// The permission that gives it. `None` of an open operation, and of a right that needs several.
    pub permission: Option<PermissionId>,
    /// Before; `None`: not at all.
    pub before: Option<Scope>,
    /// After.
    pub after: Option<Scope>,
}

/// What a role by itself lets the tokens that bring it do or see otherwise (D18), conditions and lending
/// aside.
///
/// Tokens may bring several roles, which may do more together: the prerequisites of one may come with
/// another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenChange<'e> {
    /// The role.
    pub role: &'e str,
    /// Whether tokens could bring it.
    pub before: bool,
    /// Whether they can: a token that names a role which is gone is denied everything.
    pub after: bool,
    /// What it lets them do or see otherwise, in the order of [`AccessChange::scopes`].
    pub scopes: Vec<ScopeChange>,
}

impl ScopeChange {
    /// Whether it reaches further than before.
    pub fn is_gain(&self) -> bool {
        self.after > self.before
    }
}

/// Whose records some people, who were and are in the same position, reach otherwise by Reports and
/// Peers: owners as the positions they hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReachChange {
    /// Their position before.
    pub before: Option<String>,
    /// Their position after.
    pub after: Option<String>,
    /// How many users it concerns.
    pub users: usize,
    /// Positions that stand strictly below them now, and did not.
    pub gained: Vec<String>,
    /// Positions that stood strictly below them, and do not now.
    pub lost: Vec<String>,
}

/// What people in a position are lent otherwise, since people below hold it at All (S6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LendingChange {
    /// The position.
    pub position: String,
    /// What is lent from now on: who has it at Reports or Peers has it at All.
    pub gained: Vec<(OperationId, Option<PermissionId>)>,
    /// What is lent no longer.
    pub lost: Vec<(OperationId, Option<PermissionId>)>,
}

impl<'e> Report<'e> {
    pub(super) fn new(before: &'e Engine, after: &'e Engine) -> Report<'e> {
        Report { before, after }
    }

    /// What people may do otherwise, one entry for those who share it. Cost: linear in the users, and
    /// in the pairs, fields and rights of the catalog for each entry.
    ///
    /// ```
    /// # use bailiwick::admin::{Actor, Change};
    /// # use bailiwick::{Ability, Catalog, Engine, Scope, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "crm"
    /// #     version = 1
    /// #     permissions = [{ path = "people" }, { path = "contact_info" }]
    /// #     types = [{ id = "person", read = "view", fields = [{ path = "email", mask = { kind = "email" }, revealed_by = "contact_info" }] }]
    /// #     operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument { roles: vec![RoleDocument::new("canvasser").grant("people")], ..PolicyDocument::new(1) };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let reveal = Change::SetPermission {
    ///     role: "canvasser".into(),
    ///     permission: "contact_info".into(),
    ///     scope: None,
    /// };
    /// let preview = engine.preview(&Actor::System, Timestamp(0), &[reveal])?;
    /// let gained = &preview.report().access()[0].scopes[0];
    /// let email = Ability::Field { r#type: "person".into(), path: "email".into() };
    /// assert_eq!((&gained.ability, gained.after), (&email, Some(Scope::All)));
    /// assert_eq!(
    ///     preview.report().to_string(),
    ///     "1 user (`ann`)\n  + gain field `person.email` by `contact_info`: all\n",
    /// );
    /// # #[cfg(feature = "json")]
    /// assert_eq!(
    ///     serde_json::to_value(preview.report())?["access"],
    ///     serde_json::json!([{
    ///         "users": 1,
    ///         "named": ["ann"],
    ///         "scopes": [{
    ///             "ability": { "field": { "type": "person", "path": "email" } },
    ///             "permission": "contact_info",
    ///             "before": null,
    ///             "after": "all",
    ///         }],
    ///     }]),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn access(self) -> Vec<AccessChange<'e>> {
        let abilities = self.abilities();
        let numbers = abilities.iter();
        let numbers = numbers.map(|it| (it.before.as_ref(), it.after.as_ref()));
        let classes = Classes::of(numbers);
        let users = self.compared().users_by_standing(LentPairs::OfFields);
        let changes = users.into_iter().map(|(standing, users)| AccessChange {
            report: self,
            standing,
            users,
            scopes: self.scopes(&abilities, &classes, |(before, after)| {
                standing.scopes(self.compared(), before, after)
            }),
        });
        changes.filter(|change| !change.scopes.is_empty()).collect()
    }

    /// What tokens may do otherwise, one entry for each role that they may bring before or after. Cost:
    /// linear in the roles, and in the pairs, fields and rights of the catalog for each that is another.
    pub fn tokens(self) -> Vec<TokenChange<'e>> {
        let abilities = self.abilities();
        let numbers = abilities.iter();
        let numbers = numbers.map(|it| (it.before.as_ref(), it.after.as_ref()));
        let classes = Classes::of(numbers);
        let is_same = self.before.0.features() == self.after.0.features()
            && abilities.iter().all(|it| it.before == it.after);
        let roles = self.compared().roles_of_tokens();
        let roles =
            roles.filter(|(_, was, is)| !(is_same && self.compared().is_same_role(*was, *is)));
        let changes = roles.map(|(role, was, is)| TokenChange {
            role,
            before: was.is_some(),
            after: is.is_some(),
            scopes: self.scopes(&abilities, &classes, |numbers| {
                role_scopes(self.compared(), (was, is), numbers)
            }),
        });
        changes
            .filter(|it| it.before != it.after || !it.scopes.is_empty())
            .collect()
    }

    fn compared(self) -> Compared<'e> {
        Compared {
            before: &self.before.0,
            after: &self.after.0,
        }
    }

    /// Everything that can be gained or lost. What people see of what they contributed goes with reading,
    /// which is told.
    fn abilities(self) -> Vec<Matched> {
        let (before, after) = (&*self.before.0, &*self.after.0);
        let list = |state: &State, other: &State| -> Vec<Listed> {
            let all = abilities::of_catalog(state.model(), other.model()).into_iter();
            let all = all.filter(|it| !matches!(it.ability, Ability::OwnContribution { .. }));
            all.chain(abilities::of_account(state, other)).collect()
        };
        matched(list(before, after), list(after, before), Some)
    }

    fn scopes(
        self,
        abilities: &[Matched],
        classes: &Classes<'_>,
        scopes: impl Fn(Numbers<'_>) -> (Option<Scope>, Option<Scope>),
    ) -> Vec<ScopeChange> {
        let brand = self.after.0.model().brand;
        let changes = classes.told(|numbers| {
            let (before, after) = scopes(numbers);
            (before != after).then_some((before, after))
        });
        let changes = changes.into_iter().filter_map(|(place, (before, after))| {
            let Matched {
                ability,
                permission,
                ..
            } = abilities.get(place)?;
            Some(ScopeChange {
                ability: ability.clone(),
                permission: permission.map(|it| PermissionId::new(u32::from(it), brand)),
                before,
                after,
            })
        });
        changes.collect()
    }

    fn named(self, operation: u16, pair: u16) -> (OperationId, Option<PermissionId>) {
        let model = self.after.0.model();
        let permission = model.pairs.get(pair as usize).map(|it| it.permission);
        let permission = permission.filter(|it| *it != EVERYBODY);
        (
            OperationId::new(u32::from(operation), model.brand),
            permission.map(|it| PermissionId::new(u32::from(it), model.brand)),
        )
    }

    /// Whose records people reach otherwise, one entry for those who share it. Cost: linear in users and
    /// edges, and in positions above times positions below those that moved.
    pub fn reach(self) -> Vec<ReachChange> {
        let (before, after) = (&*self.before.0, &*self.after.0);
        let compared = self.compared();
        // Positions by their numbers after.
        let then = |position: u32| compared.position_before(position);
        let now = |position: u32| compared.position_after(position);
        let moved = self.moved_positions();
        let (mut viewers, mut owners) = (BTreeSet::new(), BTreeSet::new());
        for &position in &moved {
            let (above, below) = (
                before.positions_above(then(position)),
                before.positions_below(then(position)),
            );
            viewers.extend(above.into_iter().map(now));
            owners.extend(below.into_iter().map(now));
            viewers.extend(after.positions_above(position));
            owners.extend(after.positions_below(position));
        }
        let position = |state: &State, user: Option<u32>| state.user_record(user?)?.in_position();
        let mut people: BTreeMap<(Option<u32>, Option<u32>), usize> = BTreeMap::new();
        for (was, is) in compared.everybody() {
            let (was, is) = (position(before, was).map(now), position(after, is));
            if was != is || is.is_some_and(|is| viewers.contains(&is)) {
                *people.entry((was, is)).or_default() += 1;
            }
        }
        let name =
            |state: &State, position: Option<u32>| Some(state.position_id(position?)?.to_owned());
        let mut changes = Vec::new();
        for ((was, is), users) in people {
            let is_same = was == is;
            let low_before = below(before, was, is_same, &owners, then, now);
            let low_after = below(after, is, is_same, &owners, |it| it, |it| it);
            let names = |state: &State, positions: Vec<u32>| {
                let names = positions.into_iter().filter_map(|it| state.position_id(it));
                names.map(Into::into).collect::<Vec<String>>()
            };
            let lost = low_before.difference(&low_after).map(|it| then(*it));
            let change = ReachChange {
                before: name(before, was.map(then)),
                after: name(after, is),
                users,
                gained: names(after, low_after.difference(&low_before).copied().collect()),
                lost: names(before, lost.collect()),
            };
            if was != is || !change.gained.is_empty() || !change.lost.is_empty() {
                changes.push(change);
            }
        }
        changes
    }

    /// Positions that report to others than before, by their numbers after.
    fn moved_positions(self) -> BTreeSet<u32> {
        let compared = self.compared();
        let (before, after) = (self.before.0.positions(), self.after.0.positions());
        let every = 0..before.numbers().max(after.numbers());
        every
            .filter(|position| compared.position_after(*position) == *position)
            .filter(|position| {
                let was = || before.seniors(compared.position_before(*position));
                let is = || after.seniors(*position);
                // The same numbers are the same positions; others may be those that were made again.
                let now = |it| compared.position_after(it);
                !was().eq(is())
                    && was().map(now).collect::<BTreeSet<u32>>() != is().collect::<BTreeSet<u32>>()
            })
            .collect()
    }

    /// What is lent otherwise (S6). Cost: positions times pairs.
    pub fn lending(self) -> Vec<LendingChange> {
        let (before, after) = (&*self.before.0, &*self.after.0);
        let model = after.model();
        let mut changes = Vec::new();
        for position in 0..after.position_numbers() {
            let Some(name) = after.position_id(position) else {
                continue;
            };
            let (mut gained, mut lost) = (Vec::new(), Vec::new());
            // An operation on the type carries its scope, and nothing lifts it (D14).
            let on_records = model.operations.iter().zip(0..);
            let on_records = on_records.filter(|(it, _)| it.on == AskedOn::Record);
            for (operation, index) in on_records {
                for pair in operation.pairs.clone() {
                    match (
                        before.is_lent_at(self.compared().position_before(position), pair),
                        after.is_lent_at(position, pair),
                    ) {
                        (false, true) => gained.push(self.named(index, pair)),
                        (true, false) => lost.push(self.named(index, pair)),
                        _ => {}
                    }
                }
            }
            if !gained.is_empty() || !lost.is_empty() {
                changes.push(LendingChange {
                    position: name.to_owned(),
                    gained,
                    lost,
                });
            }
        }
        changes
    }
}

/// The positions strictly below one: where people stayed in it, only those that moved below or away,
/// since no other can have come or gone.
fn below(
    state: &State,
    position: Option<u32>,
    stayed: bool,
    moved: &BTreeSet<u32>,
    number: impl Fn(u32) -> u32,
    number_after: impl Fn(u32) -> u32,
) -> BTreeSet<u32> {
    let Some(position) = position.map(&number) else {
        return BTreeSet::new();
    };
    let moved = moved.iter().copied();
    match stayed {
        true => moved
            .filter(|it| state.stands_below(number(*it), position))
            .collect(),
        false => {
            let below = state.positions_below(position).into_iter().skip(1);
            below.map(number_after).collect()
        }
    }
}

impl<'e> AccessChange<'e> {
    /// The users whom it concerns, by id.
    pub fn users(&self) -> impl Iterator<Item = &'e str> + use<'e> {
        self.report.compared().users_of(self.standing)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_empty = true;
        for change in self.access() {
            is_empty = false;
            writeln!(f, "{}", counted_users(change.users, change.users()))?;
            self.write_scopes(f, &change.scopes)?;
        }
        for change in self.reach() {
            is_empty = false;
            let place = |position: &Option<String>| match position {
                Some(position) => quoted(position),
                None => "no position".to_owned(),
            };
            let users = counted(change.users, "user");
            match change.before == change.after {
                true => writeln!(f, "{users} in {}", place(&change.after))?,
                false => {
                    let (was, is) = (place(&change.before), place(&change.after));
                    writeln!(f, "{users} from {was} to {is}")?;
                }
            }
            for (sign, verb, positions) in
                [('+', "gain", &change.gained), ('-', "lose", &change.lost)]
            {
                if !positions.is_empty() {
                    let positions: Vec<String> = positions.iter().map(|it| quoted(it)).collect();
                    writeln!(f, "  {sign} {verb} reports: {}", positions.join(", "))?;
                }
            }
        }
        for change in self.lending() {
            is_empty = false;
            writeln!(f, "lent to {}", quoted(&change.position))?;
            for (sign, pairs) in [('+', &change.gained), ('-', &change.lost)] {
                for (operation, permission) in pairs {
                    let by = self.by(*permission);
                    writeln!(f, "  {sign} {}{by}", self.operation(*operation))?;
                }
            }
        }
        for change in self.tokens() {
            is_empty = false;
            writeln!(f, "tokens that bring {}", quoted(change.role))?;
            match (change.before, change.after) {
                (false, true) => writeln!(f, "  + may bring it")?,
                (true, false) => writeln!(f, "  - may not bring it")?,
                (true, true) | (false, false) => {}
            }
            self.write_scopes(f, &change.scopes)?;
        }
        match is_empty {
            true if self.tells_all() => writeln!(f, "nobody can do more or less than before"),
            true => writeln!(
                f,
                "no user of the directory can do more or less than before, conditions aside"
            ),
            false => Ok(()),
        }
    }
}

impl<'e> Report<'e> {
    /// Whether nobody can do otherwise of whom it does not tell: no token, and nobody by conditions on
    /// their properties.
    fn tells_all(self) -> bool {
        let (before, after) = (&*self.before.0, &*self.after.0);
        let of = |state: &'e State, user: Option<u32>| {
            user.map_or(&[][..], |user| state.user_properties(user))
        };
        let mut people = self.compared().everybody();
        let is_same = people.all(|(was, is)| of(before, was) == of(after, is));
        is_same && self.compared().roles_of_tokens().next().is_none()
    }

    fn write_scopes(self, f: &mut fmt::Formatter<'_>, scopes: &[ScopeChange]) -> fmt::Result {
        let catalog = self.after.catalog();
        let scopes = scopes.iter().map(|it| {
            let by = it.permission.and_then(|it| catalog.permission_path(it));
            (&it.ability, by, it.before, it.after)
        });
        write_alike(f, scopes)
    }

    fn operation(&self, operation: OperationId) -> String {
        let catalog = self.after.catalog();
        quoted(&catalog.operation_name(operation).unwrap_or_default())
    }

    fn by(&self, permission: Option<PermissionId>) -> String {
        let path = permission.and_then(|it| self.after.catalog().permission_path(it));
        path.map_or_else(String::new, |path| format!(" by {}", quoted(path)))
    }
}
