//! Law 5: an engine after any changes equals one made from the documents that they lead to; and what
//! is taken back leaves no trace.

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change, UsedIdKind};

use crate::account::Account;
use crate::reference::administration::compare;
use crate::support::administration::{Asked, actor, change, world};
use crate::support::ask::{Manner, answer};
use crate::support::documents::Documents;
use crate::support::requests::{Case, Requests};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const STEPS: usize = 5;
const REQUESTS: usize = 12;

fn requests(documents: &Documents, rng: &mut Rng) -> Vec<Case> {
    let requests = Requests::of(documents, rng);
    (0..REQUESTS).map(|_| requests.case(rng)).collect()
}

#[track_caller]
fn decides_the_same(one: &Account, two: &Account, cases: &[Case], what: &str) {
    for case in cases {
        let (one_says, two_says) = (
            answer(&one.engine, case, Manner::Names),
            answer(&two.engine, case, Manner::Names),
        );
        assert_eq!(
            one_says, two_says,
            "{what}: {case:#?}\n{}\n── and ──\n{}",
            one.documents, two.documents
        );
    }
}

/// The same documents, order and revision aside.
#[track_caller]
fn same_documents(one: &Account, two: &Account, what: &str) {
    let policy = |of: &Account| {
        let mut policy = compare::policy(&of.documents.policy);
        policy.revision = None;
        policy
    };
    let directory = |of: &Account| compare::directory(&of.documents.directory);
    assert_eq!(policy(one), policy(two), "{what}");
    assert_eq!(directory(one), directory(two), "{what}");
}

#[test]
fn an_engine_after_changes_equals_one_made_anew() {
    let tallied = Tallied::default();
    // 10,000 sequences.
    each_number(20, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        let mut account = Account::of(&documents);
        let mut cases = requests(&documents, &mut rng);
        let many = rng.range(1, STEPS);
        for _ in 0..many {
            let actor = match rng.chance(60) {
                true => Actor::System,
                false => actor(&account.documents, &mut rng),
            };
            let at = Timestamp(account.documents.at.0 + *rng.pick(&[0, 0, 0, 1, 20]));
            let changes = (0..rng.range(1, 2))
                .map(|_| change(&account.documents, &mut rng))
                .collect();
            let asked = Asked { actor, at, changes };
            match account.apply(&asked) {
                Ok(after) => {
                    tallied.count("applied");
                    account = after;
                }
                // What was refused leaves nothing.
                Err(_) => tallied.count("refused"),
            }
        }
        cases.extend(requests(&account.documents, &mut rng));
        let anew = Account::of(&account.documents);
        same_documents(&account, &anew, "made anew");
        assert_eq!(account.engine.revision(), anew.engine.revision());
        assert_eq!(account.engine.next_expiry(), anew.engine.next_expiry());
        decides_the_same(&account, &anew, &cases, "made anew");
    });
    tallied.report(&["applied", "refused"]);
}

#[test]
fn what_is_refused_leaves_nothing() {
    let tallied = Tallied::default();
    each_number(200, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        let account = Account::of(&documents);
        let cases = requests(&documents, &mut rng);
        let before: Vec<_> = cases
            .iter()
            .map(|case| answer(&account.engine, case, Manner::Names))
            .collect();
        let (told_before, revision) = (account.told(), account.engine.revision());
        // The last of several is what is refused.
        let mut changes: Vec<Change> = Vec::new();
        let mut now = account.clone();
        for _ in 0..4 {
            let next = change(&now.documents, &mut rng);
            let alone = Asked {
                actor: Actor::System,
                at: documents.at,
                changes: vec![next.clone()],
            };
            if let Ok(after) = now.apply(&alone) {
                changes.push(next);
                now = after;
            }
        }
        changes.push(Change::RemoveUser {
            user: "nobody".to_owned(),
        });
        let last = changes.len() - 1;
        let asked = Asked {
            actor: Actor::System,
            at: documents.at,
            changes,
        };
        let Err(said) = account.apply(&asked) else {
            panic!("nobody was removed");
        };
        // The first that is refused is said: guards hold in the state after alone.
        assert_eq!(said.change, last, "{said:?}: {asked:#?}\n{documents}");
        let after: Vec<_> = cases
            .iter()
            .map(|case| answer(&account.engine, case, Manner::Names))
            .collect();
        assert_eq!(before, after);
        same_documents(&told_before, &account.told(), "after a refusal");
        assert_eq!(account.engine.revision(), revision);
        tallied.count(if last > 1 { "late" } else { "early" });
    });
    tallied.report(&["late"]);
}

/// What takes back a change that makes something, and forgets that its id was used.
fn taken_back(change: &Change) -> Option<Vec<Change>> {
    let forget = |kind, id: &String| Change::ForgetId {
        kind,
        id: id.clone(),
    };
    Some(match change {
        Change::CreateRole { role } => vec![
            Change::DeleteRole {
                role: role.id.clone(),
            },
            forget(UsedIdKind::Role, &role.id),
        ],
        Change::CopyRole { id, .. } => vec![
            Change::DeleteRole { role: id.clone() },
            forget(UsedIdKind::Role, id),
        ],
        Change::CreatePackage { package } => vec![Change::DeletePackage {
            package: package.id.clone(),
        }],
        Change::CreatePosition { position } => vec![
            Change::DeletePosition {
                position: position.id.clone(),
            },
            forget(UsedIdKind::Position, &position.id),
        ],
        Change::CreateUser { user } => vec![
            Change::RemoveUser {
                user: user.id.clone(),
            },
            forget(UsedIdKind::User, &user.id),
        ],
        // What their id was is taken back as well.
        Change::RestoreUser { user } => vec![Change::RemoveUser {
            user: user.id.clone(),
        }],
        Change::AssignRole { user, role, .. } => {
            vec![Change::revoke_role(user.clone(), role.clone())]
        }
        Change::AssignPackage { user, package, .. } => {
            vec![Change::revoke_package(user.clone(), package.clone())]
        }
        Change::AddInheritance { role, junior } => vec![Change::RemoveInheritance {
            role: role.clone(),
            junior: junior.clone(),
        }],
        Change::AddToPackage { package, role } => vec![Change::RemoveFromPackage {
            package: package.clone(),
            role: role.clone(),
        }],
        Change::EnableFeature { feature } => vec![Change::DisableFeature {
            feature: feature.clone(),
        }],
        _ => return None,
    })
}

#[test]
fn what_is_taken_back_leaves_no_trace() {
    let tallied = Tallied::default();
    each_number(40, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        let start = Account::of(&documents);
        for _ in 0..6 {
            let made = change(&documents, &mut rng);
            let Some(back) = taken_back(&made) else {
                continue;
            };
            let by_host = |account: &Account, changes: Vec<Change>| {
                account.apply(&Asked {
                    actor: Actor::System,
                    at: documents.at,
                    changes,
                })
            };
            // An assignment that changed its end is not one that was added.
            let Ok(added) = by_host(&start, vec![made.clone()]) else {
                continue;
            };
            let kept = match &made {
                Change::AssignRole { user, .. } | Change::AssignPackage { user, .. } => {
                    let count = |of: &Account| {
                        let users = of.told().documents.directory.users;
                        let user = users.into_iter().find(|it| it.id == *user);
                        user.map(|it| it.roles.len() + it.packages.len())
                    };
                    let lasting = |of: &Account| {
                        let users = of.told().documents.directory.users.into_iter();
                        let all = users.flat_map(|it| [it.roles, it.packages].concat());
                        all.filter(|it| it.until.is_none_or(|until| until > documents.at))
                            .count()
                    };
                    count(&added).is_none() || lasting(&added) == lasting(&start)
                }
                _ => false,
            };
            if kept {
                continue;
            }
            let removed = match by_host(&added, back) {
                Ok(removed) => removed,
                // The last holder of a role keeps it.
                Err(_) => continue,
            };
            let mut cases = requests(&documents, &mut rng);
            cases.extend(requests(&added.documents, &mut rng));
            // Ended assignments went with the first transaction.
            let settled = Account::of(&Documents {
                directory: lasting_directory(&documents),
                ..documents.clone()
            });
            same_documents(&settled, &removed, "added and removed");
            decides_the_same(&start, &removed, &cases, "added and removed");
            let Ok(again) = by_host(&removed, vec![made.clone()]) else {
                panic!("{made:?} cannot be made again\n{}", removed.documents);
            };
            same_documents(&added, &again, "added again");
            decides_the_same(&added, &again, &cases, "added again");
            tallied.count("taken back");
        }
    });
    tallied.report(&["taken back"]);
}

fn lasting_directory(documents: &Documents) -> bailiwick::document::DirectoryDocument {
    let mut directory = documents.directory.clone();
    for user in &mut directory.users {
        for assignments in [&mut user.roles, &mut user.packages] {
            assignments.retain(|it| it.until.is_none_or(|until| until > documents.at));
        }
    }
    directory
}
