//! No escalation (law 10): whatever a few colluders do by permitted changes, nobody comes to reach what
//! none of them reached before.
//!
//! A *reach* is (who, permission, whose records): what is stored and not denied, whatever features and
//! prerequisites say, over the records of the users there were at the start, and of nobody. Held by a
//! user who is not suspended, or by a token that brings a role: of nobody in particular, and of each
//! person whom the directory bound at the start, suspended, removed or denied something (D18). A user is
//! told apart by the properties that conditions on a permission read. The law: every reach there is
//! after, and was not before, some colluder had before, of that permission and those records; and so
//! at every later moment, when what ends has ended.
//!
//! And a role's wildcards, for a catalog that has grown a permission below every node: what a change
//! lets a role itself grant then, and it would not have granted before, whoever made the change would
//! hold as far. (Handing on a role that has a wildcard compares what it stores today, by A4.)
//!
//! And the properties by which an open operation opens, and which the host alone edits, stay as they
//! were (D10).
//!
//! Out of it are what the rules let pass: adjustable permissions (their setting's own permission
//! alone), exemptions (these catalogs have none), and what `System` does (it does nothing here).

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{PositionDocument, RoleDocument, UserDocument};
use bailiwick::{Scope, Timestamp};

use crate::account::Account;
use crate::office::office;
use crate::reference::Model;
use crate::reference::administration::compare;
use crate::reference::administration::reach::{
    Reached, Who, granted, grown, held_by, opened, permission_of, reach,
};
use crate::support::administration::{Asked, binding, change, world};
use crate::support::documents::Documents;
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number_of, each_of, number};

const STEPS: usize = 14;

type Reaches = BTreeSet<(Who, Reached)>;

/// What there was at the start, on which the law looks back.
struct Start {
    owners: Vec<String>,
    /// People whom the directory bound, and who may bring tokens.
    bearers: Vec<String>,
    reaches: Vec<Reaches>,
    opened: BTreeSet<(String, String, String)>,
}

impl Start {
    fn of(documents: &Documents) -> Start {
        let users = &documents.directory.users;
        let bound = users
            .iter()
            .filter(|it| it.suspended || !it.roles.is_empty());
        let bound = bound.map(|it| it.id.clone());
        let removed = documents.policy.used_ids.users.iter().cloned();
        let mut start = Start {
            owners: users.iter().map(|it| it.id.clone()).collect(),
            bearers: bound.chain(removed).collect(),
            reaches: Vec::new(),
            opened: opened(&documents.model()),
        };
        start.reaches = start.reached(documents);
        start
    }

    /// What is reached at each moment.
    fn reached(&self, documents: &Documents) -> Vec<Reaches> {
        LATER
            .iter()
            .map(|later| {
                let mut then = documents.clone();
                then.at = Timestamp(documents.at.0 + later);
                for user in &mut then.directory.users {
                    for assignments in [&mut user.roles, &mut user.packages] {
                        assignments.retain(|it| it.until.is_none_or(|until| until > then.at));
                    }
                }
                reach(&then.model(), &self.owners, &self.bearers)
            })
            .collect()
    }
}

/// Seconds after which is looked again: what ends has ended by then, some of it or all.
const LATER: [i64; 4] = [0, 50, 70, 10_000_000_000];

/// A grant that a role would have once the catalog has grown, and that whoever gave it to the role
/// would not hold as far.
fn foresight(
    before: &Documents,
    after: &Documents,
    actor: &Actor,
) -> Option<(String, String, Scope)> {
    let Actor::User(actor) = actor else {
        return None;
    };
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
    let had = granted(&before);
    let wider = |role: &str, path: &str, scope: Scope| {
        !had.iter()
            .any(|(r, p, s)| r == role && p == path && *s >= scope)
    };
    granted(&after).into_iter().find(|(role, path, scope)| {
        new(path)
            && wider(role, path, *scope)
            && held_by(&before, std::slice::from_ref(actor), path) < Some(*scope)
    })
}

/// A reach that came from nowhere.
fn escalation(
    before: &[Reaches],
    after: &[Reaches],
    colluders: &[String],
) -> Option<(Who, Reached)> {
    let theirs = |reaches: &Reaches| -> BTreeSet<(String, Option<String>)> {
        let mine = reaches
            .iter()
            .filter(|(who, _)| matches!(who, Who::User(user) if colluders.contains(user)));
        mine.map(|(_, reached)| (permission_of(reached).to_owned(), reached.1.clone()))
            .collect()
    };
    let at_first = before.first().map(theirs).unwrap_or_default();
    before.iter().zip(after).find_map(|(before, after)| {
        // By what they hold until a time they confer nothing that lasts longer.
        let then = theirs(before);
        let had: BTreeSet<(&str, Option<&str>)> = at_first
            .intersection(&then)
            .map(|(permission, owner)| (permission.as_str(), owner.as_deref()))
            .collect();
        let mut new = after.difference(before);
        new.find(|(_, reached)| !had.contains(&(permission_of(reached), reached.1.as_deref())))
            .cloned()
    })
}

/// What escalates by these changes, if anything does.
fn play(start: &Documents, colluders: &[String], asked: &[Asked]) -> Option<String> {
    let before = Start::of(start);
    let mut account = Account::of(start);
    for asked in asked {
        if let Ok(after) = account.apply(asked) {
            let found = escalated(&before, &account, &after, asked, colluders);
            if found.is_some() {
                return found;
            }
            account = after;
        }
    }
    None
}

/// By one transaction more, from a start on which the law looks back.
fn escalated(
    start: &Start,
    now: &Account,
    after: &Account,
    asked: &Asked,
    colluders: &[String],
) -> Option<String> {
    let reached = start.reached(&after.documents);
    if let Some(found) = escalation(&start.reaches, &reached, colluders) {
        return Some(format!("reached: {found:?}"));
    }
    let opened = opened(&after.documents.model());
    if let Some(found) = opened.difference(&start.opened).next() {
        return Some(format!("opened: {found:?}"));
    }
    foresight(&now.documents, &after.documents, &asked.actor)
        .map(|it| format!("granted once the catalog grows: {it:?}"))
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
    each_number_of(
        transactions().div_ceil(STEPS as u64),
        |seed, world_number| {
            let (mut documents, mut rng) = world(seed, world_number);
            documents.catalog.administration.exempt.clear();
            bind(&mut documents, &mut rng);
            // What ends does so at one of the moments that are looked at, or between them.
            for user in &mut documents.directory.users {
                for it in user.roles.iter_mut().chain(&mut user.packages) {
                    if rng.chance(25) {
                        let ends = *rng.pick(&[10, 50, 51, 90]);
                        it.until = Some(Timestamp(documents.at.0 + ends));
                    } else {
                        it.until = None;
                    }
                }
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
            let start = Start::of(&documents);
            let mut account = Account::of(&documents);
            let mut made: Vec<Asked> = Vec::new();
            let mut acting = colluders.clone();
            for _ in 0..STEPS {
                let one = |rng: &mut Rng| match rng.chance(30) {
                    true => binding(&account.documents, rng),
                    false => change(&account.documents, rng),
                };
                let mut changes = vec![one(&mut rng)];
                if rng.chance(25) {
                    changes.push(one(&mut rng));
                }
                // Whoever they make acts for them.
                let new: Vec<String> = changes
                    .iter()
                    .filter_map(|change| match change {
                        Change::CreateUser { user } | Change::RestoreUser { user } => {
                            Some(user.id.clone())
                        }
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
                made.push(asked.clone());
                acting.extend(new);
                if escalated(&start, &account, &after, &asked, &colluders).is_some() {
                    fail(&documents, &colluders, &made);
                }
                account = after;
                let now = start.reached(&account.documents);
                for (who, _) in now
                    .iter()
                    .zip(&start.reaches)
                    .flat_map(|(now, before)| now.difference(before))
                {
                    tallied.count(match who {
                        Who::User(_) => "handed on",
                        Who::Token(Some(_), _) => "freed",
                        Who::Token(None, _) => "brought",
                    });
                }
            }
        },
    );
    tallied.report(&["applied", "refused", "handed on", "freed", "brought"]);
}

/// How many transactions are asked for: 10,000, or as `BAILIWICK_TRANSACTIONS` says.
fn transactions() -> u64 {
    number("BAILIWICK_TRANSACTIONS").unwrap_or(10_000)
}

/// People who are suspended, removed, or denied something, and tokens to bring.
fn bind(documents: &mut Documents, rng: &mut Rng) {
    let system: Vec<String> = documents
        .catalog
        .roles
        .iter()
        .filter(|it| it.retired.is_none())
        .map(|it| it.id.clone())
        .collect();
    if rng.chance(60) {
        documents.catalog.tokens.account_roles = rng.chance(30);
        documents.catalog.tokens.system_roles = rng.some(&system, 60);
    }
    for user in &mut documents.directory.users {
        user.suspended |= rng.chance(15);
    }
    for id in ["gone", "newer", "cay"] {
        let is_there = documents.directory.users.iter().any(|it| it.id == id);
        let used = &mut documents.policy.used_ids.users;
        if rng.chance(30) && !is_there && !used.iter().any(|it| it == id) {
            used.push(id.to_owned());
        }
    }
}

// ── Every sequence of changes in small worlds ─────────────────────────────────────────────────

/// Two colluders and a bystander in three positions, who administer everything and hold one
/// permission each as far as is said; and a role that denies it.
fn small_world(held: [Option<Scope>; 2], places: [Option<&str>; 3]) -> Documents {
    let mut office = office()
        .position("top", &[])
        .position("low", &["top"])
        .role(RoleDocument::new("empty"))
        .role(RoleDocument::new("gag").deny("contacts.view"))
        .with(|it| it.directory.users.clear());
    for (name, scope) in ["one", "two"].into_iter().zip(held) {
        let scope = scope.map(|scope| ("contacts.view", scope));
        office = office.granting(&format!("of {name}"), scope);
    }
    for (name, place) in ["one", "two", "bystander"].into_iter().zip(places) {
        let mut user = UserDocument::new(name);
        user.position = place.map(str::to_owned);
        if name != "bystander" {
            user = user.role("administrator").role(format!("of {name}"));
        } else {
            user = user.role("gag").role("of one");
        }
        office = office.user(user);
    }
    let mut documents = office.documents;
    documents.catalog.administration.exempt.clear();
    documents
}

/// The changes that are tried in every order.
fn alphabet() -> Vec<Change> {
    let mut changes = Vec::new();
    for user in ["one", "two", "bystander"] {
        for role in ["of one", "of two", "empty", "gag"] {
            changes.push(Change::assign_role(user, role));
            changes.push(Change::revoke_role(user, role));
        }
        for position in [None, Some("top"), Some("low")] {
            changes.push(Change::PlaceUser {
                user: user.to_owned(),
                position: position.map(str::to_owned),
            });
        }
    }
    for role in ["of one", "empty", "gag"] {
        for scope in [Scope::Own, Scope::Reports, Scope::Peers, Scope::All] {
            changes.push(Change::EditRole {
                role: role.to_owned(),
                grants: vec![("contacts.view", scope).into()],
                denies: Vec::new(),
                since: None,
            });
        }
    }
    for (role, junior) in [("empty", "of one"), ("of one", "gag"), ("of two", "empty")] {
        let (role, junior) = (role.to_owned(), junior.to_owned());
        changes.push(Change::AddInheritance { role, junior });
    }
    changes.push(Change::MovePosition {
        position: "low".to_owned(),
        reports_to: Vec::new(),
    });
    changes.push(Change::MovePosition {
        position: "top".to_owned(),
        reports_to: vec!["low".to_owned()],
    });
    for (role, with) in [("of one", "gag"), ("gag", "of two"), ("empty", "of one")] {
        changes.push(Change::exchange_role("one", role, with));
    }
    let position = |id: &str, above: &[&str]| PositionDocument {
        id: id.to_owned(),
        name: None,
        reports_to: above.iter().map(|it| (*it).to_owned()).collect(),
    };
    changes.push(Change::ReplaceHierarchy {
        positions: vec![position("low", &[]), position("top", &["low"])],
    });
    changes
}

/// Every pair of changes by either colluder, in worlds of every scope: what a state was reached by
/// does not matter, so that no state is looked at twice.
#[test]
fn no_two_changes_escalate_in_small_worlds() {
    let scopes = [
        None,
        Some(Scope::Own),
        Some(Scope::Reports),
        Some(Scope::Peers),
        Some(Scope::All),
    ];
    let places = [
        [Some("top"), Some("low"), Some("low")],
        [Some("low"), Some("top"), None],
        [None, Some("low"), Some("low")],
    ];
    let mut worlds = Vec::new();
    for one in scopes {
        for two in scopes {
            for places in places {
                worlds.push(small_world([one, two], places));
            }
        }
    }
    let colluders = ["one".to_owned(), "two".to_owned()];
    let tallied = Tallied::default();
    let longest = usize::try_from(depth()).unwrap_or(1);
    each_of(&worlds, |start| {
        let before = Start::of(start);
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(Account::of(start), Vec::new())];
        while let Some((account, made)) = waiting.pop() {
            for change in alphabet() {
                for actor in &colluders {
                    let asked = Asked {
                        actor: Actor::user(actor.clone()),
                        at: start.at,
                        changes: vec![change.clone()],
                    };
                    let Ok(after) = account.apply(&asked) else {
                        tallied.count("refused");
                        continue;
                    };
                    tallied.count("applied");
                    let mut made: Vec<Asked> = made.clone();
                    made.push(asked.clone());
                    if escalated(&before, &account, &after, &asked, &colluders).is_some() {
                        fail(start, &colluders, &made);
                    }
                    if made.len() < longest && seen.insert(state_of(&after.documents)) {
                        waiting.push((after, made));
                    }
                    // Another actor would leave the same.
                    break;
                }
            }
        }
    });
    tallied.report(&["applied", "refused"]);
}

/// How long the sequences are: 2, or as `BAILIWICK_DEPTH` says.
fn depth() -> u64 {
    number("BAILIWICK_DEPTH").unwrap_or(2)
}

fn state_of(documents: &Documents) -> String {
    let policy = compare::policy(&documents.policy);
    let directory = compare::directory(&documents.directory);
    format!("{:?} {:?} {:?}", policy.roles, policy.positions, directory)
}
