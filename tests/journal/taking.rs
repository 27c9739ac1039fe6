//! D16: what a record states of whom it takes from, held against what everybody can do before and after, under
//! the catalog of whoever wrote it and under an older one; and what a host makes of it that cannot read more.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` as for the laws: a transaction counts as a hundred
//! cases.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{AskedOn, CatalogDocument, GrantDocument, Reach, RetiredDocument};
use bailiwick::journal::{
    FORMAT, Journal, MemoryJournal, OlderCatalogs, Record, TakesFrom, begin, catalog_digest,
    keep_catalog, restore,
};
use bailiwick::live::Live;
use bailiwick::{Catalog, Engine, Problems, Scope, Timestamp, Warnings};
use serde_json::json;

use crate::reference::{OwnerPosition, Subject};
use crate::support::administration::{change, world};
use crate::support::ask::{Manner, answer};
use crate::support::documents::Documents;
use crate::support::requests::{Case, Question, Requests};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const STEPS: usize = 6;

/// What is asked of everybody: about each operation, records of every owner, and whatever else there is.
fn cases(documents: &Documents, rng: &mut Rng) -> Vec<Case> {
    let requests = Requests::of(documents, rng);
    let mut cases: Vec<Case> = (0..20).map(|_| requests.case(rng)).collect();
    let owners = documents.directory.users.iter().map(|it| it.id.clone());
    let owners: Vec<Option<String>> = owners.map(Some).chain([None]).collect();
    for operation in &documents.catalog.operations {
        let on_type = operation.on == AskedOn::Type;
        for owner in &owners {
            let mut case = requests.case(rng);
            case.question = if !on_type && rng.chance(30) {
                Question::CanAny
            } else {
                Question::Check
            };
            let mut resource = requests.record(rng, &operation.r#type, owner.clone());
            resource.on_type = on_type;
            resource.id = (!on_type).then(|| "1".to_owned());
            resource.owner = owner.clone().filter(|_| !on_type);
            resource.owner_position = OwnerPosition::Directory;
            if on_type {
                resource.properties.clear();
            }
            case.request.action = operation.action.clone();
            case.request.resource = resource;
            cases.push(case);
            if on_type {
                break;
            }
        }
        for position in &documents.policy.positions {
            let mut case = requests.case(rng);
            case.question = Question::Check;
            let mut resource = requests.record(rng, &operation.r#type, None);
            resource.on_type = false;
            resource.owner = Some("somebody".to_owned());
            resource.owner_position = OwnerPosition::At(position.id.clone());
            case.request.action = operation.action.clone();
            case.request.resource = resource;
            cases.push(case);
        }
    }
    for case in &mut cases {
        case.request.resource.account = documents.policy.account.clone();
    }
    cases
}

/// Every user, and tokens: of nobody, of strangers, of users, and of those who were.
fn subjects(documents: &Documents, rng: &mut Rng) -> Vec<Subject> {
    let account = documents.policy.account.clone();
    let mut ids: Vec<String> = documents
        .directory
        .users
        .iter()
        .map(|it| it.id.clone())
        .collect();
    let mut subjects: Vec<Subject> = ids
        .iter()
        .map(|id| Subject::User {
            id: id.clone(),
            account: account.clone(),
        })
        .collect();
    let tokens = &documents.catalog.tokens;
    let mut may: Vec<String> = tokens.system_roles.clone();
    if tokens.account_roles {
        may.extend(documents.policy.roles.iter().map(|it| it.id.clone()));
    }
    ids.extend(documents.policy.used_ids.users.iter().cloned());
    ids.extend(["new", "newer", "gone", "ann"].map(Into::into));
    let mut positions: Vec<Option<String>> = vec![None];
    positions.extend(
        documents
            .policy
            .positions
            .iter()
            .map(|it| Some(it.id.clone())),
    );
    for role in &may {
        for id in [None, rng.any(&ids).cloned(), rng.any(&ids).cloned()] {
            subjects.push(Subject::Token {
                id,
                account: account.clone(),
                roles: vec![role.clone()],
                position: rng.pick(&positions).clone(),
                properties: BTreeMap::new(),
            });
        }
    }
    // Open operations are everybody's who has an id.
    for id in &ids {
        subjects.push(Subject::Token {
            id: Some(id.clone()),
            account: account.clone(),
            roles: rng.few(&may, 2),
            position: rng.pick(&positions).clone(),
            properties: BTreeMap::new(),
        });
    }
    subjects
}

/// The id under which somebody is denied; `None` of one whom no list can name.
fn id_of(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::User { id, .. } => Some(id),
        Subject::Token { id, .. } | Subject::Role { id, .. } => id.as_deref(),
    }
}

fn names(takes_from: &TakesFrom, subject: &Subject) -> bool {
    match takes_from {
        TakesFrom::Everybody => true,
        TakesFrom::Users(users) => id_of(subject).is_some_and(|id| users.contains(id)),
    }
}

fn is_allowed(engine: &Engine, case: &Case) -> bool {
    answer(engine, case, Manner::Names).allowed
}

/// An engine when a time has come.
fn at(engine: &Engine, time: Timestamp) -> Engine {
    let applied = engine.apply(&Actor::System, time, &[]);
    applied.map_or_else(|_| engine.clone(), |it| it.into_engine())
}

/// When assignments end, before or after.
fn ends(engines: [&Engine; 2]) -> BTreeSet<Timestamp> {
    let users = engines.into_iter().flat_map(Engine::users);
    users
        .flat_map(|user| user.roles.into_iter().chain(user.packages))
        .filter_map(|it| it.until)
        .collect()
}

/// Who loses something, whether it is at once or when an assignment ends. What somebody may do today, under the
/// catalog of whoever wrote the record, was not taken.
fn losers<'s>(
    before: &Engine,
    after: &Engine,
    today: &Engine,
    subjects: &'s [Subject],
    cases: &mut [Case],
) -> Vec<(&'s Subject, Case)> {
    let mut states = vec![[before, after, today].map(Engine::clone)];
    for end in ends([before, after]) {
        states.push([before, after, today].map(|it| at(it, end)));
    }
    let mut found = Vec::new();
    for subject in subjects {
        'cases: for case in &mut *cases {
            case.request.subject = subject.clone();
            for [before, after, today] in &states {
                let is_lost = !is_allowed(after, case) && !is_allowed(today, case);
                if is_allowed(before, case) && is_lost {
                    found.push((subject, case.clone()));
                    break 'cases;
                }
            }
        }
    }
    found
}

/// The next version of a catalog, which makes something inert or narrower, or merely is another.
fn newer(catalog: &CatalogDocument, rng: &mut Rng) -> Option<Catalog> {
    let mut next = catalog.clone();
    next.version += 1;
    let version = next.version;
    let path = format!("new in {version}");
    next.permissions
        .push(serde_json::from_value(json!({ "path": path })).expect("it reads"));
    for _ in 0..rng.range(0, 4) {
        let mut changed = next.clone();
        match rng.below(11) {
            0 if !changed.features.is_empty() => {
                let feature = rng.of(&mut changed.features);
                feature.retired.get_or_insert(version);
            }
            1 if !changed.roles.is_empty() => {
                let role = rng.of(&mut changed.roles);
                role.retired.get_or_insert(version);
            }
            2 => {
                let permission = rng.of(&mut changed.permissions);
                if permission.adjustable.is_none() && permission.scopes.len() > 1 {
                    let scope = *rng.pick(&Scope::EVERY);
                    permission.scopes.retain(|it| *it != scope);
                }
            }
            3 => {
                let path = rng.pick(&changed.permissions).path.clone();
                changed = renamed(&changed, &path, &format!("{path} of {version}"));
            }
            4 => {
                changed.reach = match changed.reach {
                    Reach::Owned => Reach::Accessible,
                    Reach::Accessible => Reach::Owned,
                };
            }
            5 => changed.tokens.account_roles = !changed.tokens.account_roles,
            6 if !changed.roles.is_empty() => {
                let role = rng.pick(&changed.roles).id.clone();
                let brought = &mut changed.tokens.system_roles;
                let had = brought.len();
                brought.retain(|it| *it != role);
                if brought.len() == had {
                    brought.push(role);
                }
            }
            7 | 8 if !changed.roles.is_empty() => give_otherwise(&mut changed, rng),
            9 if !changed.features.is_empty() => {
                let feature = rng.pick(&changed.features).id.clone();
                let permission = rng.of(&mut changed.permissions);
                permission.features = match rng.chance(50) {
                    true => vec![feature],
                    false => Vec::new(),
                };
            }
            _ => {
                let path = rng.pick(&changed.permissions).path.clone();
                changed.permissions.retain(|it| it.path != path);
                for operation in &mut changed.operations {
                    operation.allowed_by.retain(|it| it.permission != path);
                }
                for role in &mut changed.roles {
                    role.grants.retain(|it| it.select != path);
                    role.denies.retain(|it| it.select != path);
                }
                for permission in &mut changed.permissions {
                    permission.requires.retain(|it| *it != path);
                    permission.suggests.retain(|it| *it != path);
                }
                changed.retired.push(RetiredDocument { version, path });
            }
        }
        if loaded(changed.clone()).is_ok() {
            next = changed;
        }
    }
    loaded(next).ok()
}

/// Lets a system role give more, less, or deny more or less than before.
fn give_otherwise(catalog: &mut CatalogDocument, rng: &mut Rng) {
    let permission = rng.pick(&catalog.permissions).clone();
    let scope = (permission.scopes.len() > 1).then(|| *rng.pick(&permission.scopes));
    let role = rng.of(&mut catalog.roles);
    match rng.below(5) {
        0 => role.grants.clear(),
        1 => role.denies.clear(),
        2 => role.denies.push((&*permission.path).into()),
        3 => role.grants.retain(|it| it.select != permission.path),
        _ => {
            let grant = match scope {
                Some(scope) => GrantDocument::from((&*permission.path, scope)),
                None => (&*permission.path).into(),
            };
            role.grants.retain(|it| it.select != permission.path);
            role.grants.push(grant);
        }
    }
}

fn loaded(document: CatalogDocument) -> Result<Catalog, Problems> {
    Catalog::new(document, Warnings::Into(&mut Vec::new()))
}

/// A catalog in which a path, and what lies below it, is another.
fn renamed(catalog: &CatalogDocument, from: &str, to: &str) -> CatalogDocument {
    fn walk(value: &mut serde_json::Value, from: &str, to: &str) {
        match value {
            serde_json::Value::String(text) => {
                let rest = text.strip_prefix(from).map(str::to_owned);
                if let Some(rest) = rest.filter(|it| it.is_empty() || it.starts_with('.')) {
                    *text = format!("{to}{rest}");
                }
            }
            serde_json::Value::Array(values) => {
                values.iter_mut().for_each(|it| walk(it, from, to));
            }
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(|it| walk(it, from, to));
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(catalog).expect("JSON");
    for what in [
        "permissions",
        "operations",
        "roles",
        "types",
        "administration",
    ] {
        if let Some(value) = value.get_mut(what) {
            walk(value, from, to);
        }
    }
    let mut next: CatalogDocument =
        serde_json::from_value(value).unwrap_or_else(|_| catalog.clone());
    next.renamed.push(
        serde_json::from_value(json!({ "version": next.version, "from": from, "to": to }))
            .expect("it reads"),
    );
    next
}

/// Whether a change takes nothing from anybody, whatever it says.
fn takes_nothing(changes: &[Change]) -> bool {
    let [change] = changes else {
        return false;
    };
    matches!(
        change,
        Change::DescribeRole { .. }
            | Change::DescribePackage { .. }
            | Change::DescribePosition { .. }
            | Change::DescribeUser { .. }
            | Change::CreateRole { .. }
            | Change::CopyRole { .. }
            | Change::CreatePackage { .. }
            | Change::CreatePosition { .. }
            | Change::EnableFeature { .. }
            | Change::ReinstateUser { .. }
    )
}

#[test]
fn a_record_names_everybody_who_loses_something_and_others_are_answered() {
    let tallied = Tallied::default();
    each_number(400, |seed, number| {
        let (mut documents, mut rng) = world(seed ^ 0x7a6b_e5f0, number);
        let old_catalog = loaded(documents.catalog.clone()).expect("it loads");
        let catalog = match rng.chance(70) {
            true => newer(&documents.catalog, &mut rng),
            false => None,
        };
        let catalog = catalog.unwrap_or_else(|| old_catalog.clone());
        let is_upgraded = catalog.version() > old_catalog.version();
        let Ok(mut engine) = documents.engine_over(&catalog) else {
            return tallied.count("does not load under the newer catalog");
        };
        let older = match documents.engine_over(&old_catalog) {
            // What is not known may be any.
            Ok(under_older) if is_upgraded && rng.chance(60) => {
                let journal = MemoryJournal::new();
                begin(&journal, &under_older, documents.at).expect("it begins");
                OlderCatalogs::of(&journal, &catalog).expect("it reads")
            }
            _ => OlderCatalogs::unknown(),
        };
        documents.catalog = catalog.document().clone();
        for _ in 0..STEPS {
            let time = Timestamp(documents.at.0 + *rng.pick(&[0, 0, 1, 1_000]));
            let changes: Vec<Change> = match rng.chance(5) {
                true => Vec::new(),
                false => (0..*rng.pick(&[1, 1, 1, 2, 3]))
                    .map(|_| change(&documents, &mut rng))
                    .collect(),
            };
            let Ok(applied) = engine.apply(&Actor::System, time, &changes) else {
                tallied.count("refused");
                continue;
            };
            let after = applied.into_engine();
            let takes_from = TakesFrom::between_for(&engine, &after, &older);
            let subjects = subjects(&documents, &mut rng);
            let mut cases = cases(&documents, &mut rng);
            let lost = losers(&engine, &after, &after, &subjects, &mut cases);
            let tell = |subject: &Subject, case: &Case, by: &str| {
                format!(
                    "{by}: {takes_from:?} does not name {subject:?}\n{changes:#?}\n{case:#?}\n{documents}"
                )
            };
            for (subject, case) in &lost {
                assert!(
                    names(&takes_from, subject),
                    "{}",
                    tell(subject, case, "today")
                );
            }
            tallied.count(match &takes_from {
                TakesFrom::Everybody => "from everybody",
                TakesFrom::Users(users) if users.is_empty() => "from nobody",
                TakesFrom::Users(_) => "from some",
            });
            if !lost.is_empty() {
                tallied.count("loses");
            }
            for user in &documents.directory.users {
                let user = Subject::User {
                    id: user.id.clone(),
                    account: None,
                };
                let is_lost = lost.iter().any(|(it, _)| id_of(it) == id_of(&user));
                let is_named = names(&takes_from, &user);
                tallied.count(match (is_lost, is_named) {
                    (true, true) => "user: named, loses",
                    (false, true) => "user: named, loses nothing that was asked for",
                    (_, false) => "user: not named",
                });
            }
            if takes_nothing(&changes) && ends([&engine, &after]).is_empty() {
                assert_eq!(takes_from, TakesFrom::nobody(), "{changes:?}\n{documents}");
                tallied.count("takes nothing, and says so");
            }
            let [was, is] = [&engine, &after].map(|it| Documents {
                policy: it.policy(),
                directory: it.directory(),
                ..documents.clone()
            });
            if is_upgraded
                && let (Ok(was), Ok(is)) =
                    (was.engine_over(&old_catalog), is.engine_over(&old_catalog))
            {
                for (subject, case) in losers(&was, &is, &after, &subjects, &mut cases) {
                    assert!(
                        names(&takes_from, subject),
                        "{}",
                        tell(subject, &case, "an older host")
                    );
                    tallied.count("loses under an older catalog");
                }
                let record = Record {
                    format: FORMAT,
                    account: after.account().map(Into::into),
                    revision: was.revision() + 1,
                    takes_from: takes_from.clone(),
                    catalog: catalog_digest(&catalog),
                    at: time,
                    actor: Actor::System,
                    note: None,
                    changes: changes.clone(),
                };
                older_host(
                    (&was, documents.at),
                    &catalog,
                    record,
                    &subjects,
                    &mut cases,
                    &mut rng,
                );
                tallied.count("an older host read it");
            }
            documents.policy = after.policy();
            documents.directory = after.directory();
            documents.at = time;
            engine = after;
        }
    });
    tallied.report(&[
        "from everybody",
        "from nobody",
        "from some",
        "loses",
        "loses under an older catalog",
        "an older host read it",
        "takes nothing, and says so",
        "user: named, loses",
        "user: not named",
    ]);
}

/// A host on an older catalog, after one look at the journal: it denies those whom the record names, as not
/// ready, and answers all others as before.
fn older_host(
    (was, at): (&Engine, Timestamp),
    newer: &Catalog,
    record: Record,
    subjects: &[Subject],
    cases: &mut [Case],
    rng: &mut Rng,
) {
    let journal = MemoryJournal::new();
    let head = begin(&journal, was, at).expect("it begins");
    let live = Live::of(restore(&journal, was.catalog(), was.account(), None).expect("it reads"));
    keep_catalog(&journal, newer).expect("it is kept");
    let sealed = record.seal(&head).expect("it is sealed");
    journal.append(head, &sealed).expect("it is appended");
    let error = live
        .catch_up(&journal)
        .expect_err("it is of a newer catalog");
    assert!(error.is_newer(), "{error}");
    let engine = live.engine().expect("it was loaded");
    for subject in subjects {
        for case in &mut *cases {
            if !rng.chance(15) {
                continue;
            }
            case.request.subject = subject.clone();
            let [now, before] = [&engine, was].map(|it| answer(it, case, Manner::Names));
            if names(&record.takes_from, subject) {
                assert!(!now.allowed, "{subject:?}: {case:#?}");
                if before.allowed {
                    assert_eq!(now.code, "not_ready");
                }
            } else {
                assert_eq!(now, before, "{subject:?} is not concerned");
            }
        }
    }
}
