//! The engine accepts what the reference accepts, refuses the rest for one of its reasons, and makes
//! the same documents.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bailiwick::admin::Actor;

use crate::account::{Account, Said};
use crate::reference::administration::{self, Class, Refused, compare};
use crate::support::administration::{Asked, asked, world};
use crate::support::documents::Documents;
use crate::support::run::each_number;
use crate::support::shrink;

/// What both say, if it differs.
pub(crate) fn disagreement(documents: &Documents, asked: &Asked) -> Option<String> {
    let account = Account::of(documents);
    let expected = administration::apply(
        &documents.catalog,
        &documents.policy,
        &documents.directory,
        &asked.actor,
        asked.at,
        &asked.changes,
    );
    match (&expected, account.apply(asked)) {
        (
            Err(Refused {
                change,
                classes,
                or,
            }),
            Err(said),
        ) => {
            let Said {
                change: named,
                class,
                reason,
            } = &said;
            // What was retired is known, and no longer to be named.
            let retired =
                reason.contains("was retired in version") && classes.contains(&Class::Unknown);
            // Of the state after the whole transaction, no change is named.
            let placed = change == named
                || classes.contains(&Class::MinHolders)
                || classes.contains(&Class::LastAdministrator);
            let of_earlier = or
                .iter()
                .any(|(it, classes)| it == named && classes.contains(class));
            (!of_earlier && (!placed || !(retired || classes.contains(class)))).then(|| {
                format!("expected change {change} refused for {classes:?}, found {said:?}")
            })
        }
        (Ok((policy, directory)), Ok(after)) => {
            let same = compare::policy(policy) == compare::policy(&after.documents.policy)
                && compare::directory(directory) == compare::directory(&after.documents.directory);
            (!same).then(|| format!("other documents:\n{}", after.documents))
        }
        (Ok(_), Err(said)) => Some(format!("expected to be applied, found {said:?}")),
        (Err(refused), Ok(_)) => Some(format!("expected {refused:?}, found applied")),
    }
}

/// The smallest case found that still differs.
fn small(documents: &Documents, asked: &Asked) -> (Documents, Asked) {
    let mut asked = asked.clone();
    let mut i = 0;
    while i < asked.changes.len() {
        let mut fewer = asked.clone();
        fewer.changes.remove(i);
        if !fewer.changes.is_empty() && disagreement(documents, &fewer).is_some() {
            asked = fewer;
        } else {
            i += 1;
        }
    }
    let documents = shrink::documents(documents, |it| disagreement(it, &asked).is_some());
    (documents, asked)
}

#[test]
fn the_engine_applies_what_the_reference_applies() {
    let counts: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let count = |what: String| {
        if let Ok(mut counts) = counts.lock() {
            *counts.entry(what).or_default() += 1;
        }
    };
    let differences: Mutex<BTreeMap<String, (u64, Documents, Asked)>> = Mutex::default();
    each_number(100, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        for _ in 0..8 {
            let asked = asked(&documents, &mut rng);
            if let Some(what) = disagreement(&documents, &asked) {
                // One of each kind, as it came up first.
                let kinds: Vec<String> = asked.changes.iter().map(name).collect();
                let first = what.lines().next().unwrap_or_default();
                let (first, _) = first.split_once("reason:").unwrap_or((first, ""));
                let kind = format!("{} {first}", kinds.last().cloned().unwrap_or_default());
                if let Ok(mut differences) = differences.lock() {
                    let found = differences.entry(kind);
                    found.or_insert((0, documents.clone(), asked.clone())).0 += 1;
                }
            }
            let outcome = administration::apply(
                &documents.catalog,
                &documents.policy,
                &documents.directory,
                &asked.actor,
                asked.at,
                &asked.changes,
            );
            let kinds: Vec<String> = asked.changes.iter().map(name).collect();
            let system = if asked.actor == Actor::System {
                "System"
            } else {
                "others"
            };
            match outcome {
                Ok(_) => {
                    count(format!("{system} applied"));
                    for kind in kinds {
                        count(format!("applied: {kind}"));
                    }
                }
                Err(refused) => {
                    count(format!("{system} refused"));
                    if let [class] = refused.classes.iter().collect::<Vec<_>>()[..] {
                        count(format!("{class:?}: {}", kinds[refused.change]));
                        count(format!("refused for {class:?}"));
                    }
                }
            }
        }
    });
    report(differences.into_inner().unwrap_or_default());
    for (what, times) in counts.into_inner().unwrap_or_default() {
        println!("{times:8} {what}");
    }
}

/// Fails with every kind of difference found, each as small as it gets.
fn report(found: BTreeMap<String, (u64, Documents, Asked)>) {
    let mut kinds: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for (_, (times, documents, asked)) in found {
        let (documents, asked) = small(&documents, &asked);
        let now = disagreement(&documents, &asked).unwrap_or_default();
        let names: Vec<String> = asked.changes.iter().map(name).collect();
        let kind = format!("{names:?} {}", now.lines().next().unwrap_or_default());
        let shown = format!("{now}\n{documents}\n{asked:#?}");
        kinds.entry(kind).or_insert((0, shown)).0 += times;
    }
    for (kind, (times, shown)) in &kinds {
        eprintln!("══ {kind}: {times} times ══\n{shown}");
    }
    assert!(kinds.is_empty(), "{} kinds of difference", kinds.len());
}

/// A change's name, as serde writes it.
pub(crate) fn name(change: &bailiwick::admin::Change) -> String {
    match serde_json::to_value(change) {
        Ok(serde_json::Value::Object(fields)) => fields.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
