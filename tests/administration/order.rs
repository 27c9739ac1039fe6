//! A1: guards are asked of the state after the whole transaction, whatever the order in which its changes
//! are written.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change, Refused, UsedIdKind};
use bailiwick::document::{PackageDocument, PolicyDocument, PositionDocument, UserDocument};

use crate::office::office;
use crate::reference::administration::compare;
use crate::reference::administration::order::{about, trade_a_name};
use crate::support::administration::{actor, asked, world};
use crate::support::documents::Documents;
use crate::support::run::{Tallied, each_number};
use crate::support::trading::trading;

type State = (
    bailiwick::document::PolicyDocument,
    bailiwick::document::DirectoryDocument,
);

fn made(
    engine: &bailiwick::Engine,
    actor: &Actor,
    at: Timestamp,
    changes: &[Change],
) -> Result<State, Refused> {
    let after = engine.apply(actor, at, changes)?.into_engine();
    let (policy, directory) = (after.policy(), after.directory());
    Ok((compare::policy(&policy), compare::directory(&directory)))
}

/// Every order of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for _ in 0..of {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            let more = (0..of).filter(|it| !order.contains(it));
            more.map(|it| [&order[..], &[it]].concat())
        });
        all = longer.collect();
    }
    all
}

/// In which order the pairs of changes about one thing stand: there it is the last that counts. One that
/// gives a name free and one that takes it mean the same in either order.
fn meaning(changes: &[Change], order: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (place, one) in order.iter().enumerate() {
        for other in &order[place + 1..] {
            let (a, b) = (&changes[*one], &changes[*other]);
            let things = about(b);
            let is_one = about(a)
                .iter()
                .any(|it| things.iter().any(|other| it.meets(other)));
            if is_one && !trade_a_name(a, b) {
                pairs.push((*one, *other));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Every order that can be made ends in the same verdict and state; any other is refused with the order that
/// works.
#[test]
fn every_order_of_a_transaction_that_can_be_made_ends_the_same() {
    let tallied = Tallied::default();
    each_number(60, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        let engine = documents.load();
        for round in 0..6 {
            let changes = match round {
                0 => asked(&documents, &mut rng).changes,
                _ => trading(&documents, &mut rng),
            };
            let by = match rng.chance(70) {
                true => Actor::System,
                false => actor(&documents, &mut rng),
            };
            // With a whole policy among them, not every order is looked at.
            let imports = |it: &Change| matches!(it, Change::ImportPolicy { .. });
            if (2..=4).contains(&changes.len()) && !changes.iter().any(imports) {
                held(&documents, &engine, &by, &changes, &tallied);
            }
        }
    });
    tallied.report(&[
        "all applied",
        "applied or told the order",
        "refused whatever the order",
        "refused for what it names, told the order",
    ]);
}

fn held(
    documents: &Documents,
    engine: &bailiwick::Engine,
    by: &Actor,
    changes: &[Change],
    tallied: &Tallied,
) {
    let at = documents.at;
    let shown = |what: &str, order: &[usize]| {
        let changes: Vec<&Change> = order.iter().map(|it| &changes[*it]).collect();
        format!("{what}\n{changes:#?}\n{by:?}\n{documents}")
    };
    let mut states: BTreeMap<Vec<(usize, usize)>, State> = BTreeMap::new();
    let mut verdicts = BTreeSet::new();
    let mut refused_without = None;
    for order in orders(changes.len()) {
        let written: Vec<Change> = order.iter().map(|it| changes[*it].clone()).collect();
        let said = made(engine, by, at, &written);
        let (order, state) = match said {
            Ok(state) => {
                verdicts.insert("applied");
                (order, state)
            }
            Err(refused) if refused.reason.is_authority() => {
                // Whether somebody may is asked of each step on the way.
                assert_eq!(refused.order(), None, "{}", shown("authority", &order));
                return;
            }
            Err(refused) if refused.order().is_some() => {
                let works = refused.order().unwrap();
                let reason = &refused.reason;
                verdicts.insert("told");
                let is_guard = ["exists", "used_id", "cycle", "in_use"];
                let is_guard = is_guard.iter().any(|it| reason.code().ends_with(it));
                tallied.count(match is_guard {
                    true => "refused for a guard, told the order",
                    false => "refused for what it names, told the order",
                });
                let again: Vec<Change> = works.iter().map(|it| written[*it].clone()).collect();
                let order: Vec<usize> = works.iter().map(|it| order[*it]).collect();
                let state = made(engine, by, at, &again);
                (
                    order.clone(),
                    state.unwrap_or_else(|it| panic!("{it}: {}", shown("told", &order))),
                )
            }
            Err(refused) => {
                verdicts.insert("refused");
                refused_without = Some((order, refused));
                continue;
            }
        };
        let meant = meaning(changes, &order);
        let known = states.entry(meant).or_insert_with(|| state.clone());
        assert!(*known == state, "{}", shown("another state", &order));
    }
    if let Some((order, refused)) = refused_without
        && verdicts.len() > 1
    {
        panic!(
            "{refused} while another order goes: {}",
            shown("refused", &order)
        );
    }
    tallied.count(match verdicts.into_iter().collect::<Vec<_>>()[..] {
        ["applied"] => "all applied",
        ["refused"] => "refused whatever the order",
        _ => "applied or told the order",
    });
}

// ── By hand ───────────────────────────────────────────────────────────────────────────────────

fn applies_in_every_order(documents: &Documents, changes: &[Change]) {
    let engine = documents.load();
    let mut states = Vec::new();
    for order in orders(changes.len()) {
        let written: Vec<Change> = order.iter().map(|it| changes[*it].clone()).collect();
        match made(&engine, &Actor::System, Timestamp(100), &written) {
            Ok(state) => states.push(state),
            Err(refused) => panic!("{refused}: {written:#?}"),
        }
    }
    assert!(states.windows(2).all(|it| it[0] == it[1]));
}

#[test]
fn a_cycle_that_exists_only_midway_refuses_nothing() {
    let office = office()
        .granting("high", [])
        .granting("low", [])
        .with(|it| {
            it.policy.roles.iter_mut().for_each(|role| {
                if role.id == "high" {
                    role.inherits = vec!["low".to_owned()];
                }
            })
        });
    let add = |role: &str, junior: &str| Change::AddInheritance {
        role: role.to_owned(),
        junior: junior.to_owned(),
    };
    let remove = Change::RemoveInheritance {
        role: "high".to_owned(),
        junior: "low".to_owned(),
    };
    applies_in_every_order(&office.documents, &[add("low", "high"), remove]);

    let office = office.with(|it| {
        let position = |id: &str, above: &[&str]| PositionDocument {
            id: id.to_owned(),
            name: None,
            reports_to: above.iter().map(|it| (*it).to_owned()).collect(),
        };
        it.policy.positions.extend([
            position("one", &[]),
            position("two", &["one"]),
            position("three", &["two"]),
        ]);
    });
    let moved = |position: &str, above: &[&str]| Change::MovePosition {
        position: position.to_owned(),
        reports_to: above.iter().map(|it| (*it).to_owned()).collect(),
    };
    let turned = [
        moved("one", &["two"]),
        moved("two", &["three"]),
        moved("three", &[]),
    ];
    applies_in_every_order(&office.documents, &turned);

    let engine = office.documents.load();
    let changes = [moved("one", &["three"]), moved("two", &[])];
    let refused = engine.apply(&Actor::System, Timestamp(100), &changes);
    assert!(refused.is_ok(), "three reports to two no longer above one");
    let changes = [moved("one", &["three"])];
    let refused = engine
        .apply(&Actor::System, Timestamp(100), &changes)
        .unwrap_err();
    assert_eq!((refused.reason.code(), refused.order()), ("cycle", None));
}

#[test]
fn a_name_in_use_only_midway_refuses_nothing() {
    let office = office().granting("spare", []).with(|it| {
        let mut user = UserDocument::new("zoe").role("spare");
        user.packages = vec!["pack".into()];
        it.directory.users.push(user);
        it.policy.packages.push(PackageDocument {
            id: "pack".to_owned(),
            name: None,
            description: None,
            created: None,
            roles: vec!["spare".to_owned()],
        });
    });
    let package = || "pack".to_owned();
    let empty = PackageDocument {
        id: package(),
        name: Some("anew".to_owned()),
        description: None,
        created: None,
        roles: vec![],
    };
    let role = || "spare".to_owned();
    applies_in_every_order(
        &office.documents,
        &[
            Change::DeleteRole { role: role() },
            Change::revoke_role("zoe", "spare"),
            Change::RemoveFromPackage {
                package: package(),
                role: role(),
            },
        ],
    );
    applies_in_every_order(
        &office.documents,
        &[
            Change::CreatePackage { package: empty },
            Change::DeletePackage { package: package() },
            Change::revoke_package("zoe", "pack"),
        ],
    );
    let forget = Change::ForgetId {
        kind: UsedIdKind::User,
        id: "zoe".to_owned(),
    };
    let zoe = || "zoe".to_owned();
    let again = Change::CreateUser {
        user: UserDocument::new("zoe"),
    };
    let remove = Change::RemoveUser { user: zoe() };
    let engine = office.documents.load();
    for changes in [
        [again.clone(), remove.clone(), forget.clone()],
        [remove.clone(), again.clone(), forget.clone()],
    ] {
        let applied = engine.apply(&Actor::System, Timestamp(100), &changes);
        assert!(applied.is_ok(), "{changes:?}");
    }
    // What was not removed cannot be forgotten, not even midway.
    let refused = engine
        .apply(&Actor::System, Timestamp(100), &[again, forget, remove])
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "change 2 (forget that user `zoe` was used): unknown used id `zoe`; the changes can be made in the order \
         `3, 2, 1`"
    );
}

/// What comes after a change that waits, and concerns the same thing, is not made before it.
#[test]
fn what_waits_is_not_overtaken_by_what_was_written_after_it() {
    let office = office()
        .granting("spare", [])
        .granting("other", [])
        .with(|it| {
            it.policy.packages.push(PackageDocument {
                id: "pack".to_owned(),
                name: None,
                description: None,
                created: None,
                roles: vec!["spare".to_owned()],
            });
        });
    let package = || "pack".to_owned();
    let changes = [
        Change::CreatePackage {
            package: PackageDocument {
                id: package(),
                name: None,
                description: None,
                created: None,
                roles: vec![],
            },
        },
        Change::AddToPackage {
            package: package(),
            role: "other".to_owned(),
        },
        Change::DeletePackage { package: package() },
    ];
    let engine = office.documents.load();
    let after = engine
        .apply(&Actor::System, Timestamp(100), &changes)
        .unwrap()
        .into_engine();
    let policy = after.policy();
    let made = policy.packages.iter().find(|it| it.id == "pack").unwrap();
    assert_eq!(made.roles, ["other"]);
}

#[test]
fn what_cannot_even_be_made_midway_is_refused_with_the_order_that_works() {
    let office = office().granting("spare", []).with(|it| {
        it.directory.users.push(UserDocument::new("zoe"));
    });
    let engine = office.documents.load();
    let refuses = |changes: &[Change], expected: &str| {
        let refused = engine.apply(&Actor::System, Timestamp(100), changes);
        assert_eq!(refused.unwrap_err().to_string(), expected);
    };
    let create = Change::CreateRole {
        role: bailiwick::document::RoleDocument::new("brand new"),
    };
    let give = Change::assign_role("zoe", "brand new");
    refuses(
        &[give.clone(), create.clone()],
        "change 1 (assign role `brand new` to `zoe`): unknown role `brand new`; the changes can be made in the \
         order `2, 1`",
    );
    let take = Change::revoke_role("zoe", "brand new");
    refuses(
        &[take.clone(), give.clone(), create],
        "change 1 (revoke role `brand new` from `zoe`): unknown role `brand new`; the changes can be made in the \
         order `3, 2, 1`",
    );
    // No order works.
    refuses(
        &[take, give],
        "change 1 (revoke role `brand new` from `zoe`): unknown role `brand new`",
    );
}

/// What is deleted, made anew and given again in one transaction is the new thing, whatever still stood
/// in the way of the deletion.
#[test]
fn what_is_made_anew_and_given_again_is_the_new_thing() {
    let pack = || PackageDocument {
        id: "pack".to_owned(),
        name: None,
        description: None,
        created: None,
        roles: vec!["spare".to_owned()],
    };
    let office = office()
        .granting("spare", [])
        .position("desk", &[])
        .role(bailiwick::document::RoleDocument::new("senior").inherit("spare"))
        .with(|it| {
            let mut bob = UserDocument::new("bob");
            bob.position = Some("desk".to_owned());
            bob.packages = vec!["pack".into()];
            it.directory.users.push(bob);
            it.policy.packages.push(pack());
        });
    let text = |it: &str| it.to_owned();
    let forget = |kind, id: &str| Change::ForgetId { kind, id: text(id) };
    let place = |position: Option<&str>| Change::PlaceUser {
        user: text("bob"),
        position: position.map(text),
    };
    let cases = [
        vec![
            Change::DeletePosition {
                position: text("desk"),
            },
            place(None),
            forget(UsedIdKind::Position, "desk"),
            Change::CreatePosition {
                position: PositionDocument {
                    id: text("desk"),
                    name: Some(text("anew")),
                    reports_to: vec![],
                },
            },
            place(Some("desk")),
        ],
        vec![
            Change::DeleteRole {
                role: text("spare"),
            },
            Change::RemoveFromPackage {
                package: text("pack"),
                role: text("spare"),
            },
            Change::RemoveInheritance {
                role: text("senior"),
                junior: text("spare"),
            },
            forget(UsedIdKind::Role, "spare"),
            Change::CreateRole {
                role: bailiwick::document::RoleDocument::new("spare").deny("admin"),
            },
            Change::AddToPackage {
                package: text("pack"),
                role: text("spare"),
            },
            Change::AddInheritance {
                role: text("senior"),
                junior: text("spare"),
            },
        ],
        vec![
            Change::DeletePackage {
                package: text("pack"),
            },
            Change::revoke_package("bob", "pack"),
            Change::CreatePackage {
                package: PackageDocument {
                    name: Some(text("anew")),
                    ..pack()
                },
            },
            Change::assign_package("bob", "pack"),
        ],
    ];
    for changes in cases {
        let applied = office
            .documents
            .load()
            .apply(&Actor::System, Timestamp(100), &changes);
        let after = applied
            .unwrap_or_else(|it| panic!("{it}: {changes:#?}"))
            .into_engine();
        let (policy, directory) = (after.policy(), after.directory());
        let before = office.documents.load();
        assert_ne!(
            policy,
            PolicyDocument {
                revision: policy.revision,
                ..before.policy()
            }
        );
        let bob = |it: &bailiwick::document::DirectoryDocument| {
            let bob = it.users.iter().find(|it| it.id == "bob").unwrap();
            (bob.position.clone(), bob.packages.clone())
        };
        assert_eq!(bob(&directory), bob(&before.directory()));
        assert!(office.refusal(&Actor::System, changes).is_empty());
    }
}
