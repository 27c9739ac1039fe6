//! A world drawn from a seed and edited by the input: where it loads, the engine says what the
//! reference model says, however it is asked (law 1).
#![no_main]

#[path = "../../tests/reference/mod.rs"]
mod reference;
#[path = "../../tests/support/mod.rs"]
mod support;

use arbitrary::Arbitrary;
use bailiwick::document::{
    AccountsServed, AssignmentDocument, DenialDocument, GrantDocument, Reach,
};
use bailiwick::{Scope, Timestamp};

use support::ask::{Manner, answer, expected};
use support::documents::Documents;
use support::generate;
use support::requests::Requests;
use support::rng::Rng;

#[derive(Arbitrary, Debug)]
struct Input {
    seed: u64,
    edits: Vec<Edit>,
    requests: Vec<u32>,
}

/// One thing changed in the documents; numbers choose among what there is.
#[derive(Arbitrary, Debug)]
enum Edit {
    Grant {
        role: u8,
        select: Select,
        scope: Option<u8>,
        except: Option<u8>,
    },
    DropGrant {
        role: u8,
        grant: u8,
    },
    Deny {
        role: u8,
        select: Select,
        except: Option<u8>,
    },
    DropDeny {
        role: u8,
        deny: u8,
    },
    Inherit {
        senior: u8,
        junior: u8,
    },
    ReportTo {
        low: u8,
        high: u8,
    },
    Feature(u8),
    Suspend(u8),
    Place {
        user: u8,
        position: Option<u8>,
    },
    Assign {
        user: u8,
        role: u8,
        until: Option<bool>,
    },
    Unassign {
        user: u8,
        role: u8,
    },
    Offer {
        permission: u8,
        scopes: u8,
    },
    Require {
        permission: u8,
        needed: u8,
    },
    NeedFeature {
        permission: u8,
        feature: u8,
    },
    OperationRequires {
        operation: u8,
        needed: u8,
    },
    OperationNeeds {
        operation: u8,
        feature: u8,
    },
    Pair {
        operation: u8,
        permission: u8,
    },
    Unpair {
        operation: u8,
        pair: u8,
    },
    Unconditional(u8),
    Open(u8),
    TokensBring,
    Reach,
    Accounts,
}

#[derive(Arbitrary, Debug)]
enum Select {
    Everything,
    Below(u8),
    Node(u8),
}

/// One of a list, by number.
fn one<T>(list: &mut [T], number: u8) -> Option<&mut T> {
    let count = list.len().max(1);
    list.get_mut(usize::from(number) % count)
}

fn toggle(list: &mut Vec<String>, name: String) {
    match list.iter().position(|known| *known == name) {
        Some(known) => drop(list.remove(known)),
        None => list.push(name),
    }
}

fn edit(documents: &mut Documents, edit: Edit) -> Option<()> {
    let Documents {
        catalog,
        policy,
        directory,
        at,
    } = documents;
    let mut paths: Vec<String> = catalog
        .permissions
        .iter()
        .map(|it| it.path.clone())
        .collect();
    let mut path = |number: u8| one(&mut paths, number).map(|it| it.clone());
    let mut select = |of: Select| {
        Some(match of {
            Select::Everything => "*".to_owned(),
            Select::Below(number) => format!("{}.*", path(number)?),
            Select::Node(number) => path(number)?,
        })
    };
    let node = |number| Select::Node(number);
    match edit {
        Edit::Grant {
            role,
            select: of,
            scope,
            except,
        } => {
            let grant = GrantDocument {
                select: select(of)?,
                scope: scope.map(|it| Scope::EVERY[usize::from(it) % 4]),
                except: match except {
                    Some(except) => vec![select(node(except))?],
                    None => Vec::new(),
                },
            };
            one(&mut policy.roles, role)?.grants.push(grant);
        }
        Edit::DropGrant { role, grant } => {
            let grants = &mut one(&mut policy.roles, role)?.grants;
            let count = grants.len();
            (count > 0).then(|| grants.remove(usize::from(grant) % count))?;
        }
        Edit::Deny {
            role,
            select: of,
            except,
        } => {
            let denial = DenialDocument {
                select: select(of)?,
                except: match except {
                    Some(except) => vec![select(node(except))?],
                    None => Vec::new(),
                },
            };
            one(&mut policy.roles, role)?.denies.push(denial);
        }
        Edit::DropDeny { role, deny } => {
            let denies = &mut one(&mut policy.roles, role)?.denies;
            let count = denies.len();
            (count > 0).then(|| denies.remove(usize::from(deny) % count))?;
        }
        Edit::Inherit { senior, junior } => {
            let junior = one(&mut policy.roles, junior)?.id.clone();
            toggle(&mut one(&mut policy.roles, senior)?.inherits, junior);
        }
        Edit::ReportTo { low, high } => {
            let high = one(&mut policy.positions, high)?.id.clone();
            toggle(&mut one(&mut policy.positions, low)?.reports_to, high);
        }
        Edit::Feature(feature) => {
            let feature = one(&mut catalog.features, feature)?.id.clone();
            toggle(&mut policy.features, feature);
        }
        Edit::Suspend(user) => {
            let user = one(&mut directory.users, user)?;
            user.suspended = !user.suspended;
        }
        Edit::Place { user, position } => {
            let position = match position {
                Some(position) => Some(one(&mut policy.positions, position)?.id.clone()),
                None => None,
            };
            one(&mut directory.users, user)?.position = position;
        }
        Edit::Assign { user, role, until } => {
            let id = one(&mut policy.roles, role)?.id.clone();
            let until = until.map(|later| Timestamp(at.0 + i64::from(later)));
            let user = one(&mut directory.users, user)?;
            user.roles.retain(|it| it.id != id);
            user.roles.push(AssignmentDocument { id, until });
        }
        Edit::Unassign { user, role } => {
            let roles = &mut one(&mut directory.users, user)?.roles;
            let count = roles.len();
            (count > 0).then(|| roles.remove(usize::from(role) % count))?;
        }
        Edit::Offer { permission, scopes } => {
            let offered = Scope::EVERY
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| scopes >> bit & 1 == 1)
                .map(|(_, scope)| scope);
            let permission = one(&mut catalog.permissions, permission)?;
            permission.scopes = offered.collect();
            permission.default_scope = None;
        }
        Edit::Require { permission, needed } => {
            let needed = path(needed)?;
            toggle(
                &mut one(&mut catalog.permissions, permission)?.requires,
                needed,
            );
        }
        Edit::NeedFeature {
            permission,
            feature,
        } => {
            let feature = one(&mut catalog.features, feature)?.id.clone();
            toggle(
                &mut one(&mut catalog.permissions, permission)?.features,
                feature,
            );
        }
        Edit::OperationRequires { operation, needed } => {
            let needed = path(needed)?;
            toggle(
                &mut one(&mut catalog.operations, operation)?.requires,
                needed,
            );
        }
        Edit::OperationNeeds { operation, feature } => {
            let feature = one(&mut catalog.features, feature)?.id.clone();
            toggle(
                &mut one(&mut catalog.operations, operation)?.features,
                feature,
            );
        }
        Edit::Pair {
            operation,
            permission,
        } => {
            let mut paired = one(&mut catalog.operations, permission)?
                .allowed_by
                .first()?
                .clone();
            paired.permission = path(permission)?;
            let operation = one(&mut catalog.operations, operation)?;
            operation
                .allowed_by
                .retain(|it| it.permission != paired.permission);
            operation.allowed_by.push(paired);
            operation.open = false;
        }
        Edit::Unpair { operation, pair } => {
            let pairs = &mut one(&mut catalog.operations, operation)?.allowed_by;
            let count = pairs.len();
            (count > 1).then(|| pairs.remove(usize::from(pair) % count))?;
        }
        Edit::Unconditional(operation) => {
            let operation = one(&mut catalog.operations, operation)?;
            operation.when.clear();
            for pair in &mut operation.allowed_by {
                pair.when.clear();
            }
        }
        Edit::Open(operation) => {
            let operation = one(&mut catalog.operations, operation)?;
            operation.open = true;
            operation.allowed_by.clear();
        }
        Edit::TokensBring => catalog.tokens.account_roles = !catalog.tokens.account_roles,
        Edit::Reach => {
            catalog.reach = match catalog.reach {
                Reach::Owned => Reach::Accessible,
                Reach::Accessible => Reach::Owned,
            };
        }
        Edit::Accounts => {
            catalog.accounts = match catalog.accounts {
                AccountsServed::One => AccountsServed::Many,
                AccountsServed::Many => AccountsServed::One,
            };
        }
    }
    Some(())
}

libfuzzer_sys::fuzz_target!(|input: Input| {
    let (mut documents, mut rng) = generate::world(input.seed, 0);
    for change in input.edits.into_iter().take(24) {
        let _ = edit(&mut documents, change);
    }
    // An edit may make it unsound.
    let Ok(engine) = documents.engine() else {
        return;
    };
    let model = documents.model();
    let requests = Requests::of(&documents, &mut rng);
    for number in input.requests.into_iter().take(24) {
        let case = requests.case(&mut Rng::new(u64::from(number)));
        let expected = expected(&model, &case);
        for manner in Manner::EVERY {
            let found = answer(&engine, &case, manner);
            assert_eq!(found, expected, "{manner:?}\n{documents}\n{case:#?}");
        }
    }
});
