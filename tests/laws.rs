//! Laws of `bailiwick::rules`, each held against random worlds: the engine equals the reference (law 1),
//! what may not change a decision does not (law 4), and documents survive being written out (law 6).
//!
//! `BAILIWICK_CASES` (200,000 unless given) is the number of requests of law 1, the others take a
//! share of it; `BAILIWICK_SEED` is the seed of the run, and `BAILIWICK_WORLD` runs one world of it.

mod reference;
mod support;

use std::sync::Mutex;

use bailiwick::document::{
    AssignmentDocument, DenialDocument, GrantDocument, RoleDocument, UserDocument,
};
use bailiwick::{Engine, Scope, Warnings};

use reference::{Outcome, OwnerPosition};
use support::ask::{Asker, HostResource, Manner, answer, expected, outcome};
use support::decisive::{count_decisive, decisive_rules};
use support::documents::Documents;
use support::permute::permuted;
use support::requests::{Case, Question};
use support::rng::Rng;
use support::run::{Drawn, Mismatches, each_world};
use support::tally::{CODES, RULES, Tally, World};

// ── Law 1 ─────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_engine_equals_the_reference() {
    let mismatches = Mismatches::default();
    let decisive = Mutex::new(Tally::default());
    let started = std::time::Instant::now();
    let tally = each_world(1, |drawn, tally| {
        let engine = drawn.documents.load();
        let model = drawn.documents.model();
        let world = World::of(&drawn.documents);
        let outcomes: Vec<Outcome> = drawn
            .cases
            .iter()
            .map(|case| expected(&model, case))
            .collect();
        for (case, expected) in drawn.cases.iter().zip(&outcomes) {
            world.count(case, expected, tally);
            for manner in Manner::EVERY {
                let found = answer(&engine, case, manner);
                if found != *expected {
                    mismatches.add(&drawn, case, manner, [expected, &found]);
                }
            }
        }
        check_many_says_the_same(&engine, &drawn.cases);
        if drawn.number % 12 == 7 {
            let outcomes: Vec<(Case, Outcome)> =
                drawn.cases.iter().cloned().zip(outcomes).collect();
            if let Ok(mut decisive) = decisive.lock() {
                count_decisive(&drawn.documents, &outcomes, &mut decisive);
            }
        }
    });
    mismatches.report();
    let decisive = decisive.into_inner().unwrap_or_default();
    let title = format!("{} cases in {:.1?}", tally.cases, started.elapsed());
    println!("{}", tally.table(&title, &[CODES, RULES].concat()));
    let title = format!("decisive, of {} cases", decisive.cases);
    println!("{}", decisive.table(&title, &decisive_rules()));
    if tally.cases < 50_000 {
        return;
    }
    let mut missing = tally.missing(&[CODES, RULES].concat());
    missing.extend(decisive.missing(&decisive_rules()));
    assert!(missing.is_empty(), "never exercised: {missing:?}");
    let allowed = tally.of("allowed") * 100 / tally.cases;
    assert!(allowed >= 15, "only {allowed} % are allowed");
}

/// All requests without context, asked together.
fn check_many_says_the_same(engine: &Engine, cases: &[Case]) {
    let together: Vec<&Case> = cases
        .iter()
        .filter(|case| case.question == Question::Check && case.request.context.is_empty())
        .collect();
    let asked: Vec<(Asker<'_>, &str, HostResource<'_>)> = together
        .iter()
        .map(|case| {
            let request = &case.request;
            let resource = HostResource::by_name(&request.resource);
            (
                Asker::by_name(&request.subject),
                request.action.as_str(),
                resource,
            )
        })
        .collect();
    let requests = asked
        .iter()
        .map(|(asker, action, resource)| (asker.subject(), *action, resource));
    let found: Vec<Outcome> = engine
        .check_many(requests)
        .map(|decision| outcome(decision, engine.catalog()))
        .collect();
    let alone: Vec<Outcome> = together
        .iter()
        .map(|case| answer(engine, case, Manner::Names))
        .collect();
    assert_eq!(found, alone, "check_many and check differ");
}

/// D1, D11: a handle of another account is a user, owner or position unknown to this one, and one
/// of another catalog allows nothing.
#[test]
fn foreign_handles_allow_nothing() {
    let tally = each_world(10, |drawn, tally| {
        let engine = drawn.documents.load();
        let other = drawn.documents.load();
        let user = drawn.documents.directory.users[0].id.as_str();
        let (Some(own), Some(foreign)) = (engine.user(user), other.user(user)) else {
            panic!("no handle of {user}");
        };
        let position = drawn
            .documents
            .policy
            .positions
            .first()
            .and_then(|it| other.position(&it.id));
        for case in drawn
            .cases
            .iter()
            .filter(|it| it.question == Question::Check)
        {
            let (request, resource) = (&case.request, &case.request.resource);
            let action = request.action.as_str();
            let named = HostResource::by_name(resource);
            let said = engine.check(foreign, action, &named);
            assert!(!said.is_allow(), "a foreign user: {said:?} {case:?}");
            if let Some(operation) = other.catalog().operation(&resource.r#type, action) {
                let said = engine.check(own, operation, &named);
                assert!(!said.is_allow(), "a foreign operation: {said:?} {case:?}");
            }
            // As if the position were none; nor has such an owner an id here that conditions could read, so
            // that it is as if there were no owner.
            let mut unknown = case.clone();
            unknown.request.context.clear();
            unknown.request.resource.owner = None;
            if position.is_some() {
                unknown.request.resource.owner_position = OwnerPosition::Nowhere;
            }
            let theirs = HostResource::by_name(resource).owned_by(foreign, position);
            let asker = Asker::by_name(&request.subject);
            let found = outcome(
                engine.check(asker.subject(), action, &theirs),
                engine.catalog(),
            );
            let wanted = answer(&engine, &unknown, Manner::HostResource);
            assert_eq!(
                found, wanted,
                "a foreign owner: {case:#?}\n{}",
                drawn.documents
            );
            tally.cases += 1;
        }
    });
    println!("{} cases", tally.cases);
}

/// An operation given by handle is of one type: of a resource of another it is an unknown action,
/// whatever that type calls its own.
#[test]
fn an_operation_of_another_type_is_unknown() {
    let tally = each_world(20, |drawn, tally| {
        let engine = drawn.documents.load();
        for case in drawn
            .cases
            .iter()
            .filter(|it| it.question == Question::Check)
        {
            for operation in engine.catalog().operations() {
                let own = engine
                    .catalog()
                    .operation_name(operation)
                    .unwrap_or_default();
                let own = own.split(':').next().unwrap_or_default();
                if own == case.request.resource.r#type {
                    continue;
                }
                let mut unknown = case.clone();
                unknown.request.action = "no action".to_owned();
                unknown.request.context.clear();
                let wanted = answer(&engine, &unknown, Manner::Names);
                let asker = Asker::by_name(&case.request.subject);
                let resource = HostResource::by_name(&case.request.resource);
                let found = engine.check(asker.subject(), operation, &resource);
                assert_eq!(outcome(found, engine.catalog()), wanted, "{case:#?}");
                tally.cases += 1;
                tally.count(wanted.code);
            }
        }
    });
    println!("{} cases", tally.cases);
    if tally.cases > 1_000 {
        assert_eq!(
            tally.missing(&["unknown_type", "unknown_action"]),
            Vec::<&str>::new()
        );
    }
}

// ── Law 4 ─────────────────────────────────────────────────────────────────────────────────────

/// How much an outcome lets through: nothing, or a scope.
fn reach(outcome: &Outcome) -> Option<Scope> {
    outcome.scope.filter(|_| outcome.allowed)
}

/// Whoever is let through before is let through after, as far at least.
fn never_less(
    before: &Documents,
    after: &Documents,
    cases: &[Case],
    what: &str,
    tally: &mut Tally,
) {
    let (less, more) = (before.load(), after.load());
    for case in cases {
        let (less, more) = (
            answer(&less, case, Manner::Names),
            answer(&more, case, Manner::Names),
        );
        tally.cases += 1;
        if reach(&less) < reach(&more) {
            tally.count("more");
        }
        assert!(
            reach(&less) <= reach(&more),
            "{what}: {less:?}, then {more:?}\n{case:#?}\n── before ──\n{before}\n── after ──\n{after}"
        );
    }
}

fn today(documents: &Documents, rng: &mut Rng) -> (String, Vec<Scope>) {
    let permission = rng.pick(&documents.catalog.permissions);
    let scopes = match permission.scopes.as_slice() {
        [] => vec![Scope::All],
        some => some.to_vec(),
    };
    (permission.path.clone(), scopes)
}

/// A grant that any version's documents may hold.
fn grant(documents: &Documents, rng: &mut Rng) -> GrantDocument {
    let (path, scopes) = today(documents, rng);
    let adjustable = documents
        .catalog
        .permissions
        .iter()
        .any(|it| it.path == path && it.adjustable.is_some());
    let (select, scope) = match rng.below(4) {
        0 => ("*".to_owned(), *rng.pick(&Scope::EVERY)),
        1 => (format!("{path}.*"), *rng.pick(&Scope::EVERY)),
        _ if adjustable => (format!("{path}.*"), Scope::All),
        _ => (path, *rng.pick(&scopes)),
    };
    let except = if rng.chance(20) {
        vec![today(documents, rng).0]
    } else {
        Vec::new()
    };
    GrantDocument {
        select,
        scope: Some(scope),
        except,
    }
}

#[test]
fn adding_a_grant_never_denies() {
    let tally = each_world(10, |mut drawn, tally| {
        let before = &drawn.documents;
        let rng = &mut drawn.rng;
        let mut after = before.clone();
        let added = grant(before, rng);
        let system = after.catalog.roles.len();
        match rng.below(5) {
            0 if system > 0 => after.catalog.roles[rng.below(system)].grants.push(added),
            1 => {
                // By a role of its own.
                after.policy.roles.push(RoleDocument {
                    id: "added".to_owned(),
                    name: None,
                    description: None,
                    created: None,
                    inherits: Vec::new(),
                    grants: vec![added],
                    denies: Vec::new(),
                });
                let user: &mut UserDocument = rng.of(&mut after.directory.users);
                user.roles.push(AssignmentDocument {
                    id: "added".to_owned(),
                    until: None,
                });
            }
            _ => rng.of(&mut after.policy.roles).grants.push(added),
        }
        never_less(before, &after, &drawn.cases, "a grant was added", tally);
    });
    conclude(&tally);
}

#[test]
fn scopes_nest() {
    let tally = each_world(10, |mut drawn, tally| {
        let before = &drawn.documents;
        let rng = &mut drawn.rng;
        let mut after = before.clone();
        for role in &mut after.policy.roles {
            for grant in &mut role.grants {
                let Some(scope) = grant.scope else { continue };
                let named = before
                    .catalog
                    .permissions
                    .iter()
                    .find(|it| it.path == grant.select);
                let wider: Vec<Scope> = match named.map(|it| it.scopes.as_slice()) {
                    Some([]) => Vec::new(),
                    Some(some) => some.to_vec(),
                    None => Scope::EVERY.to_vec(),
                };
                let wider: Vec<Scope> = wider.into_iter().filter(|it| *it > scope).collect();
                grant.scope = rng.any(&wider).copied().or(grant.scope);
            }
        }
        never_less(before, &after, &drawn.cases, "grants were widened", tally);
    });
    conclude(&tally);
}

#[test]
fn adding_a_deny_never_allows() {
    let tally = each_world(10, |mut drawn, tally| {
        let before = &drawn.documents;
        let rng = &mut drawn.rng;
        let mut after = before.clone();
        let added = DenialDocument {
            select: match rng.below(5) {
                0 => "*".to_owned(),
                1 => format!("{}.*", today(before, rng).0),
                _ => today(before, rng).0,
            },
            except: if rng.chance(30) {
                vec![today(before, rng).0]
            } else {
                Vec::new()
            },
        };
        let system = after.catalog.roles.len();
        match rng.below(5) {
            0 if system > 0 => after.catalog.roles[rng.below(system)].denies.push(added),
            _ => rng.of(&mut after.policy.roles).denies.push(added),
        }
        never_less(&after, before, &drawn.cases, "a deny was taken away", tally);
    });
    conclude(&tally);
}

fn conclude(tally: &Tally) {
    println!(
        "{} cases, {} of which changed",
        tally.cases,
        tally.of("more")
    );
    if tally.cases >= 1_000 {
        assert!(
            tally.of("more") * 200 >= tally.cases,
            "hardly anything changed"
        );
    }
}

#[test]
fn order_does_not_matter() {
    let tally = each_world(10, |mut drawn, tally| {
        let other = permuted(&drawn.documents, &mut drawn.rng);
        let (one, two) = (drawn.documents.load(), other.load());
        for case in &drawn.cases {
            tally.cases += 1;
            let (one, two) = (
                answer(&one, case, Manner::Names),
                answer(&two, case, Manner::Names),
            );
            assert_eq!(
                one, two,
                "{case:#?}\n── one ──\n{}\n── two ──\n{other}",
                drawn.documents
            );
        }
    });
    println!("{} cases", tally.cases);
}

// ── Law 6 ─────────────────────────────────────────────────────────────────────────────────────

fn decides_the_same(one: &Engine, two: &Engine, drawn: &Drawn, tally: &mut Tally) {
    for case in &drawn.cases {
        tally.cases += 1;
        let (one, two) = (
            answer(one, case, Manner::Names),
            answer(two, case, Manner::Names),
        );
        assert_eq!(one, two, "{case:#?}\n{}", drawn.documents);
    }
}

/// Written out and read again: the same documents, which decide the same.
#[cfg(feature = "toml")]
#[test]
fn toml_decides_the_same() {
    use bailiwick::document::{Bundle, CatalogDocument, DirectoryDocument, PolicyDocument};
    let tally = each_world(20, |drawn, tally| {
        let documents = &drawn.documents;
        let bundle = Bundle {
            catalog: Some(documents.catalog.clone()),
            policy: Some(documents.policy.clone()),
            directory: Some(documents.directory.clone()),
        };
        let catalog = toml::to_string(&documents.catalog).unwrap();
        let policy = toml::to_string(&documents.policy).unwrap();
        let directory = toml::to_string_pretty(&documents.directory).unwrap();
        let together = toml::to_string(&bundle).unwrap();
        let catalog = CatalogDocument::from_toml("catalog", &catalog);
        let policy = PolicyDocument::from_toml("policy", &policy);
        let directory = DirectoryDocument::from_toml("directory", &directory);
        let together = Bundle::from_toml("bundle", &together);
        assert_eq!(
            catalog.clone().into_document().as_ref(),
            Ok(&documents.catalog)
        );
        assert_eq!(
            policy.clone().into_document().as_ref(),
            Ok(&documents.policy)
        );
        assert_eq!(
            directory.clone().into_document().as_ref(),
            Ok(&documents.directory)
        );
        assert_eq!(together.clone().into_document().as_ref(), Ok(&bundle));
        let original = documents.load();
        let read = |catalog, policy, directory| {
            let catalog =
                bailiwick::Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
            Engine::new(
                &catalog,
                policy,
                directory,
                documents.at,
                Warnings::Into(&mut Vec::new()),
            )
            .unwrap()
        };
        decides_the_same(&original, &read(catalog, policy, directory), &drawn, tally);
        let parts = together.split().unwrap();
        let (Some(catalog), Some(policy), Some(directory)) =
            (parts.catalog, parts.policy, parts.directory)
        else {
            panic!("a part of the bundle is lost");
        };
        decides_the_same(&original, &read(catalog, policy, directory), &drawn, tally);
    });
    println!("{} cases", tally.cases);
}

/// Written out and read again: the same documents, which decide the same.
#[cfg(feature = "json")]
#[test]
fn json_decides_the_same() {
    use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
    let tally = each_world(20, |drawn, tally| {
        let documents = &drawn.documents;
        let catalog = serde_json::to_string(&documents.catalog).unwrap();
        let policy = serde_json::to_string_pretty(&documents.policy).unwrap();
        let directory = serde_json::to_string(&documents.directory).unwrap();
        // By serde alone, too.
        assert_eq!(
            serde_json::from_str::<CatalogDocument>(&catalog).unwrap(),
            documents.catalog
        );
        assert_eq!(
            serde_json::from_str::<PolicyDocument>(&policy).unwrap(),
            documents.policy
        );
        assert_eq!(
            serde_json::from_str::<DirectoryDocument>(&directory).unwrap(),
            documents.directory
        );
        let catalog = CatalogDocument::from_json("catalog", &catalog);
        let policy = PolicyDocument::from_json("policy", &policy);
        let directory = DirectoryDocument::from_json("directory", &directory);
        assert_eq!(
            catalog.clone().into_document().as_ref(),
            Ok(&documents.catalog)
        );
        let catalog = bailiwick::Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
        let read = Engine::new(
            &catalog,
            policy,
            directory,
            documents.at,
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap();
        decides_the_same(&documents.load(), &read, &drawn, tally);
    });
    println!("{} cases", tally.cases);
}
