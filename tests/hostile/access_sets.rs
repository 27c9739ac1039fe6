//! As many combinations of roles as there are people: neither memory nor time explodes.

use std::time::{Duration, Instant};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::*;
use bailiwick::{Catalog, Engine, Record, Scope, Timestamp, Warnings, limits};

use crate::alone;

const ROLES: usize = 20;
const OPERATIONS: usize = 400;
/// Each of them has a row of so many cells that the tables are packed.
const PEOPLE: usize = 1_600;
/// What ten times the people may cost, in multiples.
const MOST: u32 = 15;
/// Timings below this are noise.
const FLOOR: Duration = Duration::from_millis(100);

fn catalog() -> Catalog {
    let mut text = "format = 1\nid = \"c\"\nversion = 1\ntypes = [{ id = \"t\" }]\n".to_owned();
    let lines = |of: &dyn Fn(usize) -> String| (0..OPERATIONS).map(of).collect::<String>();
    text += &format!(
        "permissions = [{}]\noperations = [{}]\n",
        lines(&|i| format!("{{ path = \"p{i}\" }},")),
        lines(&|i| format!(
            "{{ type = \"t\", action = \"a{i}\", on = \"record\", allowed_by = [\"p{i}\"] }},"
        )),
    );
    Catalog::new(CatalogDocument::from_toml("c", &text), Warnings::Refuse).expect("it is valid")
}

/// Whether a role grants a permission: every tenth, others in each role.
fn grants(role: usize, permission: usize) -> bool {
    (permission * 7 + role * 13 + permission / 10 * role).is_multiple_of(10)
}

/// Whether somebody has a role; no two have the same roles.
fn has(person: usize, role: usize) -> bool {
    ((person + 1) * 40_503) >> role & 1 == 1
}

fn policy() -> PolicyDocument {
    let mut policy = PolicyDocument::new(1);
    for role in 0..ROLES {
        let granted = (0..OPERATIONS).filter(|it| grants(role, *it));
        let document = granted.fold(RoleDocument::new(format!("r{role}")), |document, it| {
            document.grant((format!("p{it}").as_str(), Scope::All))
        });
        policy.roles.push(document);
    }
    policy
}

fn engine(catalog: &Catalog, people: usize) -> Engine {
    let mut builder = Engine::builder(catalog, policy(), Timestamp(0)).expect("it is valid");
    for person in 0..people {
        let user = UserDocument::new(format!("u{person}"));
        let roles = (0..ROLES).filter(|role| has(person, *role));
        let user = roles.fold(user, |user, role| user.role(format!("r{role}")));
        builder.add(&user).expect("it is valid");
    }
    builder.build(Warnings::Refuse).expect("it is valid")
}

struct Cost {
    /// What stays, and the most while loading, in bytes.
    kept: u64,
    peak: u64,
    loading: Duration,
    /// A change to a role that half of the people have.
    changing: Duration,
}

fn cost(catalog: &Catalog, people: usize) -> Cost {
    let mut loaded = None;
    let start = Instant::now();
    let counted = allocation_counter::measure(|| loaded = Some(engine(catalog, people)));
    let loading = start.elapsed();
    let engine = loaded.expect("it was loaded");
    assert_eq!(engine.access_set_count(), people, "nobody shares");
    let start = Instant::now();
    let role = engine.role_document("r3").expect("it is known");
    let change = Change::EditRole {
        role: "r3".to_owned(),
        grants: role.grants.clone(),
        denies: vec!["p0".into()],
        since: None,
    };
    let changed = engine.apply(&Actor::System, Timestamp(1), &[change]);
    let changed = changed.expect("it is sound").engine().clone();
    let changing = start.elapsed();
    for person in (0..people).step_by(people / 160 + 1) {
        for operation in 0..OPERATIONS {
            let holds = (0..ROLES).any(|role| has(person, role) && grants(role, operation));
            let denied = operation == 0 && has(person, 3);
            let ask = |engine: &Engine| {
                let action = format!("a{operation}");
                let record = Record::of("t");
                let decision =
                    engine.check(format!("u{person}").as_str(), action.as_str(), &record);
                decision.is_allow()
            };
            assert_eq!(ask(&engine), holds, "{person} {operation}");
            assert_eq!(ask(&changed), holds && !denied, "{person} {operation}");
        }
    }
    Cost {
        kept: u64::try_from(counted.bytes_current).unwrap_or(0),
        peak: counted.bytes_max,
        loading,
        changing,
    }
}

#[test]
fn ten_times_the_combinations_take_at_most_fifteen_times_the_memory_and_time() {
    let _quiet = alone();
    let catalog = catalog();
    let [small, large] = [PEOPLE, 10 * PEOPLE].map(|people| cost(&catalog, people));
    for (what, small, large) in [
        ("kept", small.kept, large.kept),
        ("peak", small.peak, large.peak),
    ] {
        println!("{what:10} {small:>12} {large:>12}");
        assert!(large <= u64::from(MOST) * small, "{what}: {small}, {large}");
    }
    for (what, small, large) in [
        ("loading", small.loading, large.loading),
        ("changing", small.changing, large.changing),
    ] {
        println!("{what:10} {small:>12.1?} {large:>12.1?}");
        assert!(
            large <= MOST * small.max(FLOOR),
            "{what}: {small:?}, {large:?}"
        );
    }
    // A cell for each operation and each pair, eight bytes each.
    let dense = 10 * PEOPLE * 2 * OPERATIONS * 8;
    assert!(large.peak < dense as u64 / 4, "{} of {dense}", large.peak);
}

/// A change of what people are called, in bytes that it needs.
#[test]
fn a_change_of_nobodys_rights_needs_the_same_however_many_combinations_there_are() {
    let catalog = catalog();
    let needed = |people: usize| {
        let engine = engine(&catalog, people);
        let change = Change::DescribeUser {
            user: "u0".to_owned(),
            name: Some("Ann".to_owned()),
        };
        let counted = allocation_counter::measure(|| {
            let applied = engine.apply(&Actor::System, Timestamp(1), std::slice::from_ref(&change));
            drop(applied.expect("it is sound"));
        });
        counted.bytes_total
    };
    let (few, many) = (needed(1_600), needed(16_000));
    assert!(many < 2 * few, "{few} bytes became {many}");
}

#[test]
fn the_last_of_as_many_pairs_as_there_may_be_is_packed() {
    let _quiet = alone();
    let mut text = "format = 1\nid = \"c\"\nversion = 1\ntypes = [{ id = \"t\" }]\n".to_owned();
    let paths: Vec<String> = (0..limits::PERMISSIONS).map(|i| format!("p{i}")).collect();
    let each = paths.iter().map(|path| format!("{{ path = \"{path}\" }},"));
    text += &format!("permissions = [{}]\n", each.collect::<String>());
    let mut left = limits::PAIRS;
    let mut operations = Vec::new();
    while left > 0 {
        let paths = &paths[..left.min(paths.len())];
        let number = operations.len();
        operations.push(format!(
            "{{ type = \"t\", action = \"a{number}\", on = \"record\", allowed_by = {paths:?} }}"
        ));
        left -= paths.len();
    }
    text += &format!("operations = [{}]\n", operations.join(","));
    let document = CatalogDocument::from_toml("c", &text);
    let catalog = Catalog::new(document, Warnings::Refuse).expect("it is valid");
    let last = limits::PAIRS - (operations.len() - 1) * paths.len() - 1;
    let action = format!("a{}", operations.len() - 1);
    let mut policy = PolicyDocument::new(1);
    policy.roles = vec![
        RoleDocument::new("last").grant((paths[last].as_str(), Scope::All)),
        RoleDocument::new("none"),
    ];
    let users = ["last", "none"].map(|role| UserDocument::new(role).role(role));
    let directory = DirectoryDocument::new(users);
    let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse);
    let packed = engine.expect("it is valid").packed();
    for (user, expected) in [("last", true), ("none", false)] {
        let decision = packed.check(user, action.as_str(), &Record::of("t"));
        assert_eq!(decision.is_allow(), expected, "{user}: {}", decision.code());
    }
}
