//! What was removed leaves little behind: its id, which is not given again, and its number.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::*;
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

use crate::scaling::catalog_of;

const COUNT: usize = 20_000;
const KINDS: [&str; 4] = ["role", "package", "position", "user"];

pub(crate) fn catalog() -> Catalog {
    let text = r#"
        permissions = [{ path = "a" }, { path = "b" }]
        types = [{ id = "t" }]
    "#;
    Catalog::new(catalog_of(text), Warnings::Into(&mut Vec::new())).expect("a sound catalog")
}

pub(crate) fn engine(catalog: &Catalog) -> Engine {
    let mut policy = PolicyDocument::new(9);
    policy.roles = vec![RoleDocument::new("r").grant("a")];
    policy.positions = vec![PositionDocument {
        id: "p".into(),
        name: None,
        reports_to: vec![],
    }];
    let people = DirectoryDocument::new([UserDocument::new("ann").role("r").position("p")]);
    Engine::new(
        catalog,
        policy,
        people,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound account")
}

pub(crate) fn apply(engine: &Engine, changes: &[Change]) -> Engine {
    let applied = engine.apply(&Actor::System, Timestamp(1), changes);
    match applied {
        Ok(applied) => applied.into_engine(),
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn make(kind: &str, i: usize) -> Change {
    match kind {
        "role" => Change::CreateRole {
            role: RoleDocument::new(format!("made-{i}")).grant("a"),
        },
        "package" => Change::CreatePackage {
            package: PackageDocument {
                id: format!("made-{i}"),
                name: None,
                description: None,
                created: None,
                roles: vec!["r".into()],
            },
        },
        "position" => Change::CreatePosition {
            position: PositionDocument {
                id: format!("made-{i}"),
                name: None,
                reports_to: vec!["p".into()],
            },
        },
        _ => Change::CreateUser {
            user: UserDocument::new(format!("made-{i}"))
                .role("r")
                .position("p"),
        },
    }
}

pub(crate) fn remove(kind: &str, i: usize) -> Change {
    match kind {
        "role" => Change::DeleteRole {
            role: format!("made-{i}"),
        },
        "package" => Change::DeletePackage {
            package: format!("made-{i}"),
        },
        "position" => Change::DeletePosition {
            position: format!("made-{i}"),
        },
        _ => Change::RemoveUser {
            user: format!("made-{i}"),
        },
    }
}

/// Makes and removes so many, a few thousand at a time.
pub(crate) fn made_and_removed(kind: &str, count: usize) -> Engine {
    let mut engine = engine(&catalog());
    for first in (0..count).step_by(5_000) {
        let each = first..count.min(first + 5_000);
        let mut changes: Vec<Change> = each.clone().map(|i| make(kind, i)).collect();
        changes.extend(each.map(|i| remove(kind, i)));
        engine = apply(&engine, &changes);
    }
    engine
}

/// Its id twice: among those that are used, but for packages, and with its number, which no other gets.
#[test]
fn what_was_removed_leaves_its_id_and_little_else() {
    for kind in KINDS {
        let bytes = |count| {
            let mut kept = None;
            let counted =
                allocation_counter::measure(|| kept = Some(made_and_removed(kind, count)));
            counted.bytes_current
        };
        let each = (bytes(COUNT) - bytes(0)) / COUNT as i64;
        println!("{kind}: {each} bytes");
        assert!(each <= 128, "{kind}: {each} bytes");
    }
}

/// Handles of what was removed find nothing, and never what came after.
#[test]
fn numbers_are_not_used_again() {
    let engine = engine(&catalog());
    let made = apply(
        &engine,
        &[make("user", 1), make("role", 1), make("position", 1)],
    );
    let (user, role) = (made.user("made-1"), made.role("made-1"));
    assert!(user.is_some() && role.is_some());
    let removed = [remove("user", 1), remove("role", 1), remove("position", 1)];
    let after = apply(&made, &removed);
    let after = apply(
        &after,
        &[make("user", 2), make("role", 2), make("position", 2)],
    );
    assert_ne!(after.user("made-2"), user);
    assert_ne!(after.role("made-2"), role);
    assert_eq!(user.and_then(|it| after.user_name(it)), None);
}
