//! Hierarchies and catalogs as large as they may be: answered in time, and without a word too many.

use std::time::{Duration, Instant};

use bailiwick::document::{
    AskedOn, CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::explain::{Remedies, RemedyOptions};
use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings};

/// Generous: unoptimised builds on a busy machine.
const MOST: Duration = Duration::from_secs(60);

fn catalog(permissions: usize) -> Catalog {
    Catalog::new(document(permissions), Warnings::Into(&mut Vec::new())).unwrap()
}

fn document(permissions: usize) -> CatalogDocument {
    let text = r#"{
        "format": 2, "id": "chain", "version": 1,
        "permissions": [{ "path": "p0" }],
        "types": [{ "id": "thing" }],
        "operations": [{ "type": "thing", "action": "use", "on": "type", "allowed_by": ["p0"] }]
    }"#;
    let mut document: CatalogDocument = serde_json::from_str(text).unwrap();
    let first = document.permissions[0].clone();
    for n in 1..permissions {
        let mut permission = first.clone();
        permission.path = format!("p{n}");
        permission.requires = vec![format!("p{}", n - 1)];
        document.permissions.push(permission);
    }
    document.operations[0].allowed_by[0].permission = format!("p{}", permissions - 1);
    assert_eq!(document.operations[0].on, AskedOn::Type);
    document
}

fn asked(catalog: &Catalog, roles: Vec<RoleDocument>, user: UserDocument) -> Remedies {
    let policy = PolicyDocument {
        roles,
        ..PolicyDocument::new(1)
    };
    let directory = DirectoryDocument::new([user]);
    let engine = Engine::new(
        catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let start = Instant::now();
    let things = OnType::named("thing");
    let options = RemedyOptions::default();
    let said = engine.remedies("ann", "use", &things, &options);
    assert!(start.elapsed() < MOST, "{:?}", start.elapsed());
    said
}

/// Every role of the chain could be edited: the user's own comes first, and the rest is cut off.
#[test]
fn a_chain_of_roles() {
    const ROLES: usize = 20_000;
    let chain = |n: usize| {
        let role = RoleDocument::new(format!("r{n}"));
        match n {
            0 => role,
            n => role.inherit(format!("r{}", n - 1)),
        }
    };
    let top = format!("r{}", ROLES - 1);
    let user = UserDocument::new("ann").role(&top);
    let said = asked(&catalog(1), (0..ROLES).map(chain).collect(), user.clone());
    assert!(!said.is_complete() && said.sets().len() == 10);

    // A deny at the far end is found, and lifted; or the whole chain is given up.
    let roles = (0..ROLES).map(|n| match n {
        0 => RoleDocument::new("r0").grant("p0").deny("p0"),
        n => chain(n),
    });
    let said = asked(&catalog(1), roles.collect(), user);
    let [only] = said.sets() else {
        panic!("{said}");
    };
    assert_eq!(
        only.mends[0].to_string(),
        "let role `r0` no longer deny `p0`"
    );
}

/// Thousands of roles that would do: the least of them are tried.
#[test]
fn many_roles_that_would_do() {
    let roles = (0..5_000).map(|n| RoleDocument::new(format!("r{n}")).grant("p0"));
    let said = asked(&catalog(1), roles.collect(), UserDocument::new("ann"));
    assert!(!said.is_complete() && said.sets().len() == 10);
}

/// Three things are missing, thousands of roles bring each of them, and each brings a thousand others:
/// what is told first is what would be told if there were only the least of them.
#[test]
fn many_roles_that_would_do_together() {
    const LEAST: usize = 30;
    const OTHERS: usize = 1_000;
    let mut document = document(3);
    for n in 0..OTHERS {
        let mut permission = document.permissions[0].clone();
        permission.path = match n {
            0 => "others".to_owned(),
            n => format!("others.o{n}"),
        };
        document.permissions.push(permission);
    }
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap();
    let role = |n: usize| {
        let role = RoleDocument::new(format!("r{n:05}")).grant(&*format!("p{}", n % 3));
        let others = if n < LEAST { "others" } else { "others.*" };
        role.grant(others)
    };
    let told = |roles: usize| {
        let roles = (0..roles).map(role).collect();
        asked(&catalog, roles, UserDocument::new("ann"))
    };
    let (few, many) = (told(LEAST), told(10_000));
    assert!(!many.is_complete() && many.sets().len() == 10);
    let changes =
        |said: &Remedies| -> Vec<_> { said.sets().iter().map(|it| it.changes.clone()).collect() };
    assert_eq!(changes(&many), changes(&few));
}

/// A hundred prerequisites missing are one edit of one role; thousands are more than is looked at.
#[test]
fn a_chain_of_prerequisites() {
    let role = || vec![RoleDocument::new("r")];
    let user = || UserDocument::new("ann").role("r");
    let said = asked(&catalog(100), role(), user());
    assert_eq!((said.sets().len(), said.is_complete()), (1, true));
    let only = &said.sets()[0];
    assert_eq!((only.changes.len(), only.mends.len()), (1, 100));

    let said = asked(&catalog(4_000), role(), user());
    assert!(said.sets().is_empty() && !said.is_complete());

    // Each of them denied by a role of its own, which could be revoked.
    let deniers = (0..40).map(|n| RoleDocument::new(format!("d{n}")).deny(&*format!("p{n}")));
    let mut roles: Vec<RoleDocument> = deniers.collect();
    let held = |user: UserDocument, n: usize| user.role(format!("d{n}"));
    let user = (0..40).fold(user(), held);
    roles.push((0..40).fold(RoleDocument::new("r"), |role, n| {
        role.grant(&*format!("p{n}"))
    }));
    let said = asked(&catalog(40), roles, user);
    assert!(said.is_larger(), "{said}");
    assert_eq!(said.sets()[0].changes.len(), 40);
}
