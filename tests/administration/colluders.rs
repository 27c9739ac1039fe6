//! No escalation: whatever a few colluders do by permitted changes, nobody comes to reach what none
//! of them reached before.
//!
//! A *reach* is (who, permission, whose records): what is stored and not denied, whatever features and
//! prerequisites say, over the records of the users there were at the start, and of nobody. Held by a
//! user who is not suspended, or by a token that brings a role. The law: every reach there is after,
//! and was not before, some colluder had before, of that permission and those records.
//!
//! And a role's wildcards, for a catalog that has grown a permission below every node: what a role
//! itself would grant then, and would not have granted before, some colluder would have held as far.
//!
//! Out of it are what the rules let pass: adjustable permissions (their setting's own permission
//! alone), exemptions (these catalogs have none), and what `System` does (it does nothing here).

use std::collections::BTreeSet;

use bailiwick::Scope;
use bailiwick::admin::{Actor, Change};
use bailiwick::document::UserDocument;

use crate::account::Account;
use crate::reference::Model;
use crate::reference::administration::reach::{Reached, Who, granted, grown, held_by, reach};
use crate::support::administration::{Asked, change, world};
use crate::support::documents::Documents;
use crate::support::run::{Tallied, each_number};

const STEPS: usize = 14;

fn reaches(documents: &Documents, owners: &[String]) -> BTreeSet<(Who, Reached)> {
    reach(&documents.model(), owners)
}

/// A grant of a role that no colluder held so far before, once the catalog has grown.
fn foresight(
    before: &Documents,
    after: &Documents,
    colluders: &[String],
) -> Option<(String, String, Scope)> {
    let in_grown = |documents: &Documents| {
        let catalog = grown(&documents.catalog);
        Model::new(
            &catalog,
            &documents.policy,
            &documents.directory,
            documents.at,
        )
    };
    let (before, after) = (in_grown(before), in_grown(after));
    let new = |path: &str| path == "grown" || path.ends_with(".grown");
    // A copy of a role, and a scope stated once more, hold nothing wider than there was.
    granted(&after)
        .difference(&granted(&before))
        .find(|(_, path, scope)| new(path) && held_by(&before, colluders, path) < Some(*scope))
        .cloned()
}

/// A reach that came from nowhere.
fn escalation(
    before: &BTreeSet<(Who, Reached)>,
    after: &BTreeSet<(Who, Reached)>,
    colluders: &[String],
) -> Option<(Who, Reached)> {
    let had: BTreeSet<&Reached> = before
        .iter()
        .filter(|(who, _)| matches!(who, Who::User(user) if colluders.contains(user)))
        .map(|(_, reached)| reached)
        .collect();
    after
        .difference(before)
        .find(|(_, reached)| !had.contains(reached))
        .cloned()
}

/// The changes that were applied, and what escalated by them, if anything did.
fn play(start: &Documents, colluders: &[String], asked: &[Asked]) -> Option<String> {
    let owners: Vec<String> = owners(start);
    let before = reaches(start, &owners);
    let mut account = Account::of(start);
    for asked in asked {
        if let Ok(after) = account.apply(asked) {
            account = after;
        }
    }
    escalated(start, &before, &account.documents, colluders)
}

fn escalated(
    start: &Documents,
    before: &BTreeSet<(Who, Reached)>,
    after: &Documents,
    colluders: &[String],
) -> Option<String> {
    let now = reaches(after, &owners(start));
    if let Some(found) = escalation(before, &now, colluders) {
        return Some(format!("reached: {found:?}"));
    }
    foresight(start, after, colluders).map(|it| format!("granted once it grows: {it:?}"))
}

fn owners(documents: &Documents) -> Vec<String> {
    let users = documents.directory.users.iter();
    users.map(|it| it.id.clone()).collect()
}

/// Fails with as few changes as still escalate.
fn fail(start: &Documents, colluders: &[String], asked: &[Asked]) -> ! {
    let mut asked = asked.to_vec();
    let mut i = 0;
    while i < asked.len() {
        let mut fewer = asked.clone();
        fewer.remove(i);
        match play(start, colluders, &fewer) {
            Some(_) => asked = fewer,
            None => i += 1,
        }
    }
    let smaller = crate::support::shrink::documents(start, |it| {
        let there = |id: &String| it.directory.users.iter().any(|user| user.id == *id);
        colluders.iter().all(there) && play(it, colluders, &asked).is_some()
    });
    let found = play(&smaller, colluders, &asked);
    panic!("{colluders:?} escalated to {found:?}\n{smaller}\n{asked:#?}");
}

#[test]
fn colluders_never_escalate() {
    let tallied = Tallied::default();
    each_number(200, |seed, number| {
        let (mut documents, mut rng) = world(seed, number);
        documents.catalog.administration.exempt.clear();
        // What has ended is no authority.
        for user in &mut documents.directory.users {
            user.roles.retain(|it| it.until.is_none());
            user.packages.retain(|it| it.until.is_none());
        }
        let able = |user: &&UserDocument| !user.suspended && !user.roles.is_empty();
        let able: Vec<String> = documents
            .directory
            .users
            .iter()
            .filter(able)
            .map(|it| it.id.clone())
            .collect();
        let colluders: Vec<String> = rng.few(&able, 3);
        if colluders.is_empty() {
            return;
        }
        let owners = owners(&documents);
        let before = reaches(&documents, &owners);
        let mut account = Account::of(&documents);
        let mut made: Vec<Asked> = Vec::new();
        let mut acting = colluders.clone();
        for _ in 0..STEPS {
            let mut changes = vec![change(&account.documents, &mut rng)];
            if rng.chance(25) {
                changes.push(change(&account.documents, &mut rng));
            }
            // Whoever they make acts for them.
            let new: Vec<String> = changes
                .iter()
                .filter_map(|change| match change {
                    Change::CreateUser { user } => Some(user.id.clone()),
                    _ => None,
                })
                .collect();
            let asked = Asked {
                actor: Actor::user(rng.pick(&acting).clone()),
                at: documents.at,
                changes,
            };
            let Ok(after) = account.apply(&asked) else {
                tallied.count("refused");
                continue;
            };
            tallied.count("applied");
            made.push(asked);
            account = after;
            acting.extend(new);
            let now = reaches(&account.documents, &owners);
            if escalated(&documents, &before, &account.documents, &colluders).is_some() {
                fail(&documents, &colluders, &made);
            }
            if now.difference(&before).next().is_some() {
                tallied.count("handed on");
            }
        }
    });
    tallied.report(&["applied", "refused", "handed on"]);
}
