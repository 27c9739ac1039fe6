//! What version 0.1 wrote loads and replays for ever: `fixtures/old`, format 1, held against what that
//! version made of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument, PropertyValue};
use bailiwick::journal::{
    Digest, Head, Journal, MemoryJournal, Sealed, SealedSnapshot, SqliteJournals, restore,
};
use bailiwick::{
    Catalog, Engine, OnType, OwnerPosition, Record, Subject, Timestamp, Token, Warnings,
};
use serde_json::Value;

const ACCOUNT: &str = "acme";

fn place(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("fixtures/old").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(place(name)).expect("it is there")
}

fn lines(name: &str) -> Vec<Value> {
    let text = text(name);
    let lines = text.lines().map(serde_json::from_str);
    lines.map(|it| it.expect("a line is JSON")).collect()
}

fn catalog(version: u64) -> Catalog {
    let name = format!("catalog-{version}.toml");
    let document = CatalogDocument::from_toml(&name, &text(&name));
    Catalog::new(document, Warnings::Into(&mut Vec::new())).expect("the catalog loads")
}

fn load(catalog: &Catalog, is_toml: bool) -> Engine {
    let (policy, directory) = match is_toml {
        true => (
            PolicyDocument::from_toml("policy", &text("policy.toml")),
            DirectoryDocument::from_toml("directory", &text("directory.toml")),
        ),
        false => (
            PolicyDocument::from_json("policy", &text("policy.json")),
            DirectoryDocument::from_json("directory", &text("directory.json")),
        ),
    };
    let loaded = Engine::new(
        catalog,
        policy,
        directory,
        Timestamp(1_700_000_000),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.expect("the account loads")
}

fn values(of: &Value) -> BTreeMap<String, PropertyValue> {
    let values = of.as_object().into_iter().flatten();
    let value = |it: &Value| serde_json::from_value(it.clone()).expect("a property");
    values.map(|(name, it)| (name.clone(), value(it))).collect()
}

fn token(of: &Value) -> Token {
    let roles = of["roles"].as_array().expect("a token brings roles");
    let mut token = Token::new(roles.iter().filter_map(Value::as_str));
    if let Some(id) = of["id"].as_str() {
        token = token.id(id);
    }
    if let Some(position) = of["position"].as_str() {
        token = token.position(position);
    }
    for (name, value) in values(&of["properties"]) {
        token = token.property(name, value);
    }
    token
}

/// For each subject, the answers in their order: who gives how much, or why not.
fn decisions(engine: &Engine) -> Vec<String> {
    let requests: Value = serde_json::from_str(&text("requests.json")).expect("JSON");
    let subjects = requests["subjects"].as_array().expect("subjects");
    let mut all = Vec::new();
    for asks in subjects {
        let token = asks.get("token").map(token);
        let subject = match (&token, asks["user"].as_str(), asks["role"].as_str()) {
            (Some(token), _, _) => Subject::from(token),
            (None, Some(user), _) => Subject::from(user),
            (None, None, role) => Subject::role(role.expect("a role")),
        };
        all.push(answers(engine, subject.account(ACCOUNT), &requests));
    }
    all
}

fn answers(engine: &Engine, subject: Subject<'_>, requests: &Value) -> String {
    let mut line = String::new();
    for resource in requests["resources"].as_array().expect("resources") {
        let kind = resource["type"].as_str().expect("a type");
        let actions = requests["actions"][kind].as_array().expect("actions");
        for action in actions.iter().filter_map(Value::as_str) {
            let decision = match resource["on"] == "type" {
                true => {
                    let on = OnType::named(kind).account(ACCOUNT);
                    engine.check(subject, action, &on)
                }
                false => {
                    let mut record = Record::of(kind).id("1").account(ACCOUNT);
                    if let Some(owner) = resource["owner"].as_str() {
                        record = record.owner(owner);
                    }
                    if let Some(position) = resource["position"].as_str() {
                        record = record.owner_position(OwnerPosition::Named(position));
                    }
                    for (name, value) in values(&resource["properties"]) {
                        record = record.property(name, value);
                    }
                    engine.check(subject, action, &record)
                }
            };
            let before = if line.is_empty() { "" } else { " " };
            let by = decision.permission();
            let by = by.and_then(|it| engine.catalog().permission_path(it));
            let written = match decision.scope() {
                Some(scope) => write!(line, "{before}{}:{scope}", by.unwrap_or("everybody")),
                // Who was removed had no code of their own then.
                None => {
                    let code = decision.code().replace("removed", "unknown_subject");
                    write!(line, "{before}{code}")
                }
            };
            written.expect("a text");
        }
    }
    line
}

/// Holds an engine against what was written of it; decisions that are left out are those of before.
fn assert_same(engine: &Engine, stored: &Value, expected: &mut Vec<String>, what: &str) {
    for (subject, line) in stored["decisions"].as_object().expect("decisions") {
        let subject: usize = subject.parse().expect("a number");
        expected.resize(expected.len().max(subject + 1), String::new());
        expected[subject] = line.as_str().expect("a text").to_owned();
    }
    assert_eq!(decisions(engine), *expected, "{what}");
    let exported = [
        (serde_json::to_value(engine.policy()), &stored["policy"]),
        (
            serde_json::to_value(engine.directory()),
            &stored["directory"],
        ),
    ];
    for (document, stored) in exported {
        // An export is of today's format.
        let (mut document, mut stored) = (document.expect("JSON"), stored.clone());
        document["format"].take();
        stored["format"].take();
        assert_eq!(document, stored, "{what}");
    }
}

fn head() -> Head {
    let head: Value = serde_json::from_str(&text("head.json")).expect("JSON");
    Head {
        revision: head["revision"].as_u64().expect("a revision"),
        digest: digest(&head["digest"]),
    }
}

fn digest(of: &Value) -> Digest {
    of.as_str()
        .and_then(|it| it.parse().ok())
        .expect("a digest")
}

fn records() -> Vec<Sealed> {
    let record = |it: &Value| Sealed {
        revision: it["revision"].as_u64().expect("a revision"),
        digest: digest(&it["digest"]),
        bytes: it["record"].as_str().expect("a record").into(),
    };
    lines("records.jsonl").iter().map(record).collect()
}

fn snapshots() -> Vec<SealedSnapshot> {
    let snapshot = |it: &Value| SealedSnapshot {
        head: Head {
            revision: it["revision"].as_u64().expect("a revision"),
            digest: digest(&it["digest"]),
        },
        checksum: digest(&it["checksum"]),
        bytes: it["snapshot"].as_str().expect("a snapshot").into(),
    };
    lines("snapshots.jsonl").iter().map(snapshot).collect()
}

/// The journal as its records and some of its snapshots make it.
fn in_memory(snapshots: &[SealedSnapshot]) -> MemoryJournal {
    let journal = MemoryJournal::new();
    for version in 1..=3 {
        bailiwick::journal::keep_catalog(&journal, &catalog(version)).expect("it is kept");
    }
    let (first, later) = snapshots.split_first().expect("it begins with one");
    journal.begin(first).expect("it begins");
    let mut ends = first.head;
    for record in records() {
        journal.append(ends, &record).expect("it is appended");
        ends = record.head();
    }
    assert_eq!(ends, head());
    for snapshot in later {
        journal.save_snapshot(snapshot).expect("it is kept");
    }
    journal
}

/// Every state of the journal, and some under the newest catalog.
fn assert_replays(journal: &dyn Journal) {
    let catalogs = [catalog(1), catalog(2), catalog(3)];
    for name in ["states.jsonl", "states-version-3.jsonl"] {
        let mut expected = Vec::new();
        for stored in lines(name) {
            let revision = stored["revision"].as_u64();
            let version = stored["catalog"].as_u64().expect("a version") as usize;
            let restored = restore(journal, &catalogs[version - 1], Some(ACCOUNT), revision);
            let what = format!("revision {revision:?} under version {version}");
            let restored = restored.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_same(restored.engine(), &stored, &mut expected, &what);
        }
    }
    let whole = restore(journal, &catalogs[2], Some(ACCOUNT), None).expect("it is restored");
    assert_eq!(whole.head(), head());
}

#[test]
fn a_file_of_format_1_replays_to_every_state_that_it_had() {
    let folder = std::env::temp_dir().join(format!("bailiwick-old-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder is made");
    let file = folder.join("journals.sqlite");
    std::fs::copy(place("journals.sqlite"), &file).expect("it is copied");
    let journals = SqliteJournals::open(&file).expect("it opens");
    assert_replays(&journals.account(ACCOUNT));
    drop(journals);
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn records_of_format_1_replay_from_every_snapshot() {
    let snapshots = snapshots();
    assert!(snapshots.len() >= 4, "{}", snapshots.len());
    assert_replays(&in_memory(&snapshots));
    // From the beginning alone, all of them.
    assert_replays(&in_memory(&snapshots[..1]));
}

#[test]
fn documents_of_format_1_load_under_every_catalog_since() {
    for stored in lines("documents.jsonl") {
        let version = stored["catalog"].as_u64().expect("a version");
        let name = format!("catalog-{version}.json");
        let from_json = CatalogDocument::from_json(&name, &text(&name));
        let from_json =
            Catalog::new(from_json, Warnings::Into(&mut Vec::new())).expect("the catalog loads");
        for catalog in [catalog(version), from_json] {
            for is_toml in [true, false] {
                let engine = load(&catalog, is_toml);
                let what = format!("version {version}, TOML: {is_toml}");
                assert_same(&engine, &stored, &mut Vec::new(), &what);
            }
        }
    }
}
