//! No limit on the length of a name, or on how many names a node has had, ever drops a deny (D16). A
//! catalog whose history cannot be followed to its end is refused.

use std::fmt::Write as _;

use bailiwick::document::{
    CatalogDocument, DenialDocument, DirectoryDocument, GrantDocument, PolicyDocument,
    RenamedDocument, RoleDocument, UserDocument,
};
use bailiwick::limits::{FORMER_PATH_BYTES, RENAMES};
use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings};

use crate::reference::names::Names;
use crate::support::documents::Documents;

/// Each permission allows the operation on the type of its own name.
fn catalog(version: u32, permissions: &[String], renamed: &[(u32, &str, &str)]) -> CatalogDocument {
    let mut text = format!("format = 1\nid = 'c'\nversion = {version}\n");
    for (number, path) in permissions.iter().enumerate() {
        let _ = writeln!(
            text,
            "[[permissions]]\npath = '{path}'\n[[types]]\nid = 't{number}'\n[[operations]]\n\
             type = 't{number}'\naction = 'use'\non = 'type'\nallowed_by = ['{path}']"
        );
    }
    let Ok(mut document) = CatalogDocument::from_toml("c", &text).into_document() else {
        panic!("the catalog does not read: {text}");
    };
    document.renamed = renamed
        .iter()
        .map(|&(version, from, to)| RenamedDocument {
            version,
            from: from.to_owned(),
            to: to.to_owned(),
        })
        .collect();
    document
}

/// What `ann`'s role is, written against version 1.
fn role(grants: &[&str], denies: &[DenialDocument]) -> RoleDocument {
    let mut role = RoleDocument::new("r");
    role.grants = grants.iter().map(|it| GrantDocument::from(*it)).collect();
    role.denies = denies.to_vec();
    role
}

/// Which permissions of the catalog `ann` has.
fn allowed(catalog: &CatalogDocument, grants: &[&str], denies: &[DenialDocument]) -> Vec<bool> {
    let mut policy = PolicyDocument::new(1);
    policy.roles = vec![role(grants, denies)];
    let loaded = Catalog::new(catalog.clone(), Warnings::Into(&mut Vec::new()));
    let engine = Engine::new(
        &loaded.expect("the catalog loads"),
        policy,
        DirectoryDocument::new([UserDocument::new("ann").role("r")]),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let engine = engine.expect("the account loads");
    (0..catalog.permissions.len())
        .map(|number| {
            let on_type = format!("t{number}");
            engine
                .check("ann", "use", &OnType::named(&on_type))
                .is_allow()
        })
        .collect()
}

/// The same; the reference says so, too.
fn held(catalog: &CatalogDocument, grants: &[&str], denies: &[DenialDocument]) -> Vec<bool> {
    let (names, role) = (
        Names {
            catalog,
            written: 1,
        },
        role(grants, denies),
    );
    let granted: Vec<_> = role.grants.iter().map(|it| names.grant(it)).collect();
    let denied: Vec<_> = role.denies.iter().map(|it| names.denial(it)).collect();
    let paths = catalog.permissions.iter().map(|it| &it.path);
    let expected: Vec<bool> = paths
        .map(|path| {
            granted.iter().any(|it| it.contains_key(path))
                && !denied.iter().any(|it| it.contains(path))
        })
        .collect();
    assert_eq!(allowed(catalog, grants, denies), expected);
    expected
}

fn deny(select: &str, except: &[&str]) -> DenialDocument {
    let mut deny = DenialDocument::from(select);
    deny.except = except.iter().map(|it| (*it).to_owned()).collect();
    deny
}

/// `a` was a long name for a while, in which what lies below it was longer than a node may be.
struct Stretched {
    catalog: CatalogDocument,
    /// What lay below `a`.
    below: String,
}

impl Stretched {
    fn new(name: usize, below: usize) -> Stretched {
        let (long, below) = ("L".repeat(name), "x".repeat(below));
        let permissions = ["d".to_owned(), format!("d.{below}"), "e".to_owned()];
        let catalog = catalog(3, &permissions, &[(2, "a", &long), (3, &long, "d")]);
        let below = format!("a.{below}");
        Stretched { catalog, below }
    }
}

#[test]
fn a_deny_follows_its_node_through_a_name_that_is_too_long() {
    for (name, below) in [(100, 200), (56, 200), (254, 1), (256, 254), (1, 254)] {
        let Stretched { catalog, below } = Stretched::new(name, below);
        let below = below.as_str();
        let held = |grants: &[&str], denies: &[DenialDocument]| held(&catalog, grants, denies);
        assert_eq!(held(&[below], &[]), [false, true, false]);
        assert_eq!(held(&[below], &[deny(below, &[])]), [false; 3]);
        for above in ["a", "a.*", "*"] {
            assert_eq!(held(&["a", below], &[deny(above, &[])]), [false; 3]);
        }
        let whole = format!("{below}.*");
        assert_eq!(held(&["a.*"], &[deny(&whole, &[])]), [true, false, false]);
    }
}

#[test]
fn an_exception_follows_its_node_through_a_name_that_is_too_long() {
    for (name, below) in [(100, 200), (256, 254)] {
        let Stretched { catalog, below } = Stretched::new(name, below);
        let below = below.as_str();
        let mut grant = GrantDocument::from("a.*");
        grant.except = vec![below.to_owned()];
        let mut role = RoleDocument::new("r");
        role.grants = vec![grant];
        let mut policy = PolicyDocument::new(1);
        policy.roles = vec![role];
        let documents = Documents {
            catalog: catalog.clone(),
            policy,
            directory: DirectoryDocument::new([UserDocument::new("ann").role("r")]),
            at: Timestamp(0),
        };
        let engine = documents.load();
        let code = |r#type| engine.check("ann", "use", &OnType::named(r#type)).code();
        assert_eq!([code("t0"), code("t1")], ["allowed", "not_granted"]);
        // What a deny spared it spares.
        let spared = deny("a", &[below]);
        assert_eq!(held(&catalog, &["a.*"], &[spared]), [false, true, false]);
    }
}

/// A node that was renamed that often.
fn renamed_often(often: usize) -> CatalogDocument {
    let names: Vec<String> = (0..=often).map(|it| format!("n{it}")).collect();
    let renamed: Vec<(u32, &str, &str)> = names
        .windows(2)
        .zip(2..)
        .map(|(pair, version)| (version, pair[0].as_str(), pair[1].as_str()))
        .collect();
    let today = names[often].clone();
    let permissions = [today.clone(), format!("{today}.x")];
    catalog(often as u32 + 1, &permissions, &renamed)
}

#[test]
fn a_deny_follows_its_node_through_as_many_names_as_it_had() {
    let catalog = renamed_often(100);
    let held = |denies: &[DenialDocument]| held(&catalog, &["n0", "n0.x"], denies);
    assert_eq!(held(&[]), [true, true]);
    assert_eq!(held(&[deny("n0.x", &[])]), [true, false]);
    assert_eq!(held(&[deny("n0", &["n0.x"])]), [false, true]);
    assert_eq!(held(&[deny("n0", &[])]), [false, false]);
    // As many as there may be; more are refused.
    let catalog = renamed_often(RENAMES);
    let denies = |denies: &[DenialDocument]| allowed(&catalog, &["n0", "n0.x"], denies);
    assert_eq!(denies(&[deny("n0.x", &[])]), [true, false]);
    assert_eq!(denies(&[deny("n0", &["n0.x"])]), [false, true]);
    let said = problems(renamed_often(RENAMES + 1));
    assert!(said.contains("renamed and retired paths"), "{said}");
}

fn problems(catalog: CatalogDocument) -> String {
    let loaded = Catalog::new(catalog, Warnings::Into(&mut Vec::new()));
    loaded.expect_err("a catalog with a problem").to_string()
}

#[test]
fn a_version_that_moves_a_path_on_for_ever_is_refused() {
    let today = ["y".to_owned(), "z".to_owned()];
    let growing = [
        (2, "a", "b.a"),
        (2, "b", "a.c"),
        (3, "b.a", "y"),
        (3, "a.c", "z"),
    ];
    let said = problems(catalog(3, &today, &growing));
    assert!(
        said.contains("version `2` renames `a` without end: `a → b.a → a.c.a → b.a.c.a → …`"),
        "{said}"
    );
    let round = [
        (2, "a", "b.x"),
        (2, "b", "c.y"),
        (2, "c.y.x", "a"),
        (3, "b.x", "y"),
        (3, "c.y", "z"),
    ];
    let said = problems(catalog(3, &today, &round));
    assert!(
        said.contains("version `2` renames `a` without end: `a → b.x → c.y.x → a → …`"),
        "{said}"
    );
    // One after the other is not one after the other for ever.
    let through = [(2, "a", "y"), (2, "y.b", "z")];
    let loaded = Catalog::new(catalog(2, &today, &through), Warnings::Refuse);
    assert!(loaded.is_ok(), "{loaded:?}");
}

/// A name that grows by a segment in each of that many versions, and is then cut again, segment by
/// segment.
fn grown(versions: usize) -> CatalogDocument {
    let piece = "p".repeat(200);
    let mut renamed = Vec::new();
    for i in 0..versions {
        renamed.push((format!("n{i}"), format!("n{}.{piece}", i + 1)));
    }
    let mut from = format!("n{versions}");
    let mut today = Vec::new();
    for i in 0..versions {
        let to = format!("z{i}");
        renamed.push((format!("{from}.{piece}"), to.clone()));
        today.push(to.clone());
        from = to;
    }
    today.push(format!("{from}.x"));
    let renamed: Vec<(u32, &str, &str)> = renamed
        .iter()
        .zip(2..)
        .map(|((from, to), version)| (version, from.as_str(), to.as_str()))
        .collect();
    catalog(renamed.len() as u32 + 1, &today, &renamed)
}

#[test]
fn a_history_of_names_without_bound_is_refused() {
    let within = FORMER_PATH_BYTES / 201 - 1;
    let catalog = grown(within);
    let held = |denies: &[DenialDocument]| held(&catalog, &["n0", "n0.x"], denies);
    let of = |is: bool, below: bool| {
        let mut all = vec![false; within - 1];
        all.extend([is, below]);
        all
    };
    assert_eq!(held(&[]), of(true, true));
    assert_eq!(held(&[deny("n0.x", &[])]), of(true, false));
    assert_eq!(held(&[deny("n0", &[])]), of(false, false));
    let said = problems(grown(within + 2));
    let message = format!("renames bring `n0` to a name of more than {FORMER_PATH_BYTES} bytes");
    assert!(said.contains(&message), "{said}");
}

/// A policy is no way round: its own names are bounded, too.
#[test]
fn a_deny_of_a_name_that_no_node_can_have_had_is_unknown() {
    let Stretched { catalog, .. } = Stretched::new(100, 200);
    let loaded = Catalog::new(catalog, Warnings::Into(&mut Vec::new()));
    let loaded = loaded.expect("the catalog loads");
    let mut policy = PolicyDocument::new(1);
    let endless = format!("a.{}", "x".repeat(1 << 20));
    policy.roles = vec![RoleDocument::new("r").deny(endless.as_str())];
    let engine = Engine::new(
        &loaded,
        policy,
        DirectoryDocument::new([]),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let Err(problems) = engine else {
        panic!("it loads");
    };
    let said = problems.to_string();
    assert!(said.contains("unknown permission"), "{said}");
    assert!(said.len() < 1_000, "{}", said.len());
}
