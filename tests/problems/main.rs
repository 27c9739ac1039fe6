//! What a policy author reads: documents with many mistakes each, all reported in one run, and the
//! exact messages in a `.txt` beside them. `BAILIWICK_BLESS=1` writes what was said into them: read
//! the difference as the author would before you keep it.
#![cfg(feature = "toml")]

mod findings;
mod formats;
mod messages;
mod naming;

use std::path::PathBuf;

use bailiwick::document::{Bundle, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};
use bailiwick::{Catalog, Engine, ProblemCode, Problems, Timestamp, Warnings};

const NOW: Timestamp = Timestamp(1_700_000_000);

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/problems")
        .join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("a document")
}

/// The sound documents around the one with mistakes.
fn sound() -> (
    Parsed<CatalogDocument>,
    Parsed<PolicyDocument>,
    Parsed<DirectoryDocument>,
) {
    let parts = Bundle::from_toml("sound.toml", &read("sound.toml")).split();
    let parts = parts.expect("a sound bundle");
    match (parts.catalog, parts.policy, parts.directory) {
        (Some(catalog), Some(policy), Some(directory)) => (catalog, policy, directory),
        _ => panic!("sound.toml lacks a part"),
    }
}

fn engine(
    policy: Parsed<PolicyDocument>,
    directory: Parsed<DirectoryDocument>,
) -> Result<Vec<String>, Problems> {
    let catalog = Catalog::new(sound().0, Warnings::Into(&mut Vec::new()))?;
    let mut warnings = Vec::new();
    let collected = Warnings::Into(&mut warnings);
    let made = Engine::new(&catalog, policy, directory, NOW, collected);
    // Whatever an account's documents have wrong has a code of its own.
    let problems = made.as_ref().err().into_iter().flat_map(Problems::iter);
    for problem in problems.chain(&warnings) {
        assert_ne!(problem.code(), ProblemCode::Other, "{problem}");
    }
    made?;
    Ok(warnings.iter().map(ToString::to_string).collect())
}

/// At least `least` problems, each on a line of its own, and exactly the golden ones.
fn compare(golden: &str, least: usize, said: Result<Vec<String>, Problems>) {
    let found = match said {
        Ok(warnings) => warnings,
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    };
    assert!(found.len() >= least, "{golden}: only {}", found.len());
    let found = found.join("\n") + "\n";
    let expected = std::fs::read_to_string(path(golden)).unwrap_or_default();
    if found == expected {
        return;
    }
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        std::fs::write(path(golden), found).expect("the golden file can be written");
        return;
    }
    let only = |these: &str, those: &str, sign: char| {
        let lines = these
            .lines()
            .filter(|line| !those.lines().any(|it| it == *line));
        lines
            .map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    panic!(
        "{golden}: BAILIWICK_BLESS=1 takes over what was said\n{}{}",
        only(&expected, &found, '-'),
        only(&found, &expected, '+')
    );
}

#[test]
fn sound_documents_have_no_problems() {
    let (_, policy, directory) = sound();
    assert_eq!(engine(policy, directory), Ok(Vec::new()));
}

#[test]
fn a_catalog() {
    let catalog = CatalogDocument::from_toml("catalog.toml", &read("catalog.toml"));
    compare(
        "catalog.txt",
        10,
        Catalog::new(catalog, Warnings::Into(&mut Vec::new())).map(|_| Vec::new()),
    );
}

#[test]
fn a_policy() {
    let policy = PolicyDocument::from_toml("policy.toml", &read("policy.toml"));
    compare("policy.txt", 10, engine(policy, sound().2));
}

/// Mistakes of shape alone: wrong types, unknown and missing fields.
#[test]
fn a_policy_of_the_wrong_shape() {
    let policy = PolicyDocument::from_toml("shape.toml", &read("shape.toml"));
    compare("shape.txt", 10, engine(policy, sound().2));
}

/// What breaks the syntax of a file: it is not compiled, so that nothing it lacks is reported.
#[test]
fn a_policy_of_broken_syntax() {
    let policy = PolicyDocument::from_toml("syntax.toml", &read("syntax.toml"));
    compare("syntax.txt", 3, engine(policy, sound().2));
}

/// What the wildcards of a system role leave out, and what they miss (S5).
#[test]
fn wildcards_of_system_roles_are_warned_of() {
    let document = r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [
          { path = "orders" },
          { path = "orders.refund", requires = ["money"] },
          { path = "orders.export", adjustable = { ladder = ["system:clerk"], default = "system:clerk" } },
          { path = "money" },
        ]

        [[roles]]
        id = "system:clerk"
        grants = ["orders.*"]

        [[roles]]
        id = "system:head"
        inherits = ["system:clerk"]
        grants = ["orders.*", "money"]
    "#;
    let mut warnings = Vec::new();
    let document = CatalogDocument::from_toml("catalog.toml", document);
    let catalog = Catalog::new(document, Warnings::Into(&mut warnings));
    catalog.expect("sound but for warnings");
    let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    let leaves_out = "`orders.*` leaves out what is adjustable, or not offered at its scope: \
                      `orders.export`";
    assert_eq!(
        said,
        [
            format!("catalog.toml:14:19: {leaves_out}"),
            "catalog.toml:14:19: `orders.*` grants what has no effect without `money`, which the \
             role does not have"
                .to_owned(),
            format!("catalog.toml:19:19: {leaves_out}"),
        ]
    );
}

/// Written against an older version of the catalog: it loads, with warnings.
#[test]
fn an_older_policy_loads_with_warnings() {
    let policy = PolicyDocument::from_toml("older.toml", &read("older.toml"));
    let said = engine(policy, DirectoryDocument::new([]).into());
    assert!(said.is_ok(), "{said:?}");
    compare("older.txt", 6, said);
}

#[test]
fn a_directory() {
    let directory = DirectoryDocument::from_toml("directory.toml", &read("directory.toml"));
    compare("directory.txt", 10, engine(sound().1, directory));
}

#[cfg(feature = "json")]
#[test]
fn a_policy_in_json() {
    let policy = PolicyDocument::from_json("policy.json", &read("policy.json"));
    compare("policy-json.txt", 10, engine(policy, sound().2));
}

/// A policy and a directory that are both wrong are both reported, in one run.
#[test]
fn two_documents_at_once() {
    let policy = PolicyDocument::from_toml("policy.toml", &read("policy.toml"));
    let directory = DirectoryDocument::from_toml("directory.toml", &read("directory.toml"));
    let both = engine(policy, directory).expect_err("both are wrong");
    let of = |file: &str| both.iter().filter(|it| it.file() == Some(file)).count();
    assert!(
        of("policy.toml") >= 10 && of("directory.toml") >= 10,
        "{both}"
    );
    // Every problem says where it is.
    assert!(both.iter().all(|it| it.line_column().is_some()), "{both}");
}
