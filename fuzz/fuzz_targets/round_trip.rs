//! Documents grown from the input, of the right shape and mostly sensible: written as TOML and as
//! JSON they are read as what they were, load alike, and decide alike (law 6).
#![no_main]

mod grammar;

use std::fmt::Debug;
use std::sync::OnceLock;

use arbitrary::Unstructured;
use bailiwick::document::{Bundle, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};
use bailiwick::{Catalog, Engine, OnType, Problem, Problems, Record, Subject, Timestamp, Warnings};
use serde::de::DeserializeOwned;

/// The sound documents, as a tree.
fn sound() -> &'static serde_json::Value {
    static SOUND: OnceLock<serde_json::Value> = OnceLock::new();
    SOUND.get_or_init(|| {
        let bundle = Bundle::from_toml("world.toml", include_str!("../world.toml"));
        let bundle = bundle.into_document().expect("the shape is right");
        serde_json::to_value(bundle).expect("JSON can be written")
    })
}

/// Written and read by both formats, it is the same; returned as read.
fn round<T>(
    document: &T,
    toml: fn(&str, &str) -> Parsed<T>,
    json: fn(&str, &str) -> Parsed<T>,
) -> [Parsed<T>; 2]
where
    T: serde::Serialize + DeserializeOwned + PartialEq + Debug + Clone,
{
    let as_toml = toml::to_string(document).expect("TOML can be written");
    let as_pretty_toml = toml::to_string_pretty(document).expect("TOML can be written");
    let as_json = serde_json::to_string(document).expect("JSON can be written");
    let by_serde: T = serde_json::from_str(&as_json).expect("JSON can be read");
    assert_eq!(by_serde, *document, "{as_json}");
    let by_serde: T = toml::from_str(&as_toml).expect("TOML can be read");
    assert_eq!(by_serde, *document, "{as_toml}");
    let read = [
        (toml("t", &as_toml), &as_toml),
        (toml("t", &as_pretty_toml), &as_pretty_toml),
        (json("j", &as_json), &as_json),
    ];
    for (parsed, text) in &read {
        match parsed.clone().into_document() {
            Ok(read) => assert_eq!(read, *document, "{text}"),
            Err(problems) => panic!("{problems}\n{text}"),
        }
    }
    let [(toml, _), _, (json, _)] = read;
    [toml, json]
}

/// What was said, without the places, which the sources have or have not.
fn messages<'p>(problems: impl IntoIterator<Item = &'p Problem>) -> Vec<String> {
    let mut all: Vec<String> = problems
        .into_iter()
        .map(|it| format!("{}: {}", it.path(), it.message()))
        .collect();
    all.sort();
    all
}

fn same_refusal(one: &Problems, other: &Problems) {
    assert_eq!(messages(one), messages(other));
}

fn catalogs(document: CatalogDocument) -> Option<[Catalog; 3]> {
    let [toml, json] = round(
        &document,
        CatalogDocument::from_toml,
        CatalogDocument::from_json,
    );
    match (
        Catalog::new(document, Warnings::Into(&mut Vec::new())),
        Catalog::new(toml, Warnings::Into(&mut Vec::new())),
        Catalog::new(json, Warnings::Into(&mut Vec::new())),
    ) {
        (Ok(built), Ok(toml), Ok(json)) => Some([built, toml, json]),
        (Err(built), Err(toml), Err(json)) => {
            same_refusal(&built, &toml);
            same_refusal(&built, &json);
            None
        }
        (built, toml, json) => panic!(
            "loads or does not:\n{:?}\n{:?}\n{:?}",
            built.err(),
            toml.err(),
            json.err()
        ),
    }
}

/// Every user asked for every operation, on a record of their own and on the type.
fn decisions(engine: &Engine) -> Vec<String> {
    let account = engine.account().unwrap_or("x").to_owned();
    let mut said = Vec::new();
    for operation in engine.catalog().operations().take(12) {
        let name = engine.catalog().operation_name(operation);
        let name = name.unwrap_or_default();
        let (of_type, action) = name.split_once(':').unwrap_or_default();
        for user in grammar::USERS {
            let subject = Subject::user(user).account(&account);
            let record = Record::of(of_type).account(&account).owner("ann");
            let record = record.property("status", "open").property("size", 1);
            let types = OnType::named(of_type).account(&account);
            for decision in [
                engine.check(subject, action, &record),
                engine.check(subject, action, &types),
                engine.can_any(subject, action, &types),
            ] {
                said.push(engine.describe(decision).to_string());
            }
        }
    }
    said
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut u = Unstructured::new(data);
    // Grown from nothing, or grafted upon what is sound.
    let from_nothing = u.arbitrary::<u8>().unwrap_or(0) < 32;
    let mut sound = sound().clone();
    let mut grow = |name: &str, shape| match from_nothing {
        true => grammar::grow(&mut u, shape),
        false => {
            let mut value = sound[name].take();
            let rate = [0, 1, 2, 10][usize::from(u.arbitrary::<u8>().unwrap_or(0) % 4)];
            grammar::graft(&mut u, &mut value, shape, rate);
            value
        }
    };
    let catalog = grow("catalog", &grammar::CATALOG);
    let policy = grow("policy", &grammar::POLICY);
    let directory = grow("directory", &grammar::DIRECTORY);
    // The grammar is wider than the shapes here and there.
    let Ok(catalog) = serde_json::from_value::<CatalogDocument>(catalog) else {
        return;
    };
    let Some(catalogs) = catalogs(catalog) else {
        return;
    };
    let (Ok(policy), Ok(directory)) = (
        serde_json::from_value::<PolicyDocument>(policy),
        serde_json::from_value::<DirectoryDocument>(directory),
    ) else {
        return;
    };
    let policies = round(
        &policy,
        PolicyDocument::from_toml,
        PolicyDocument::from_json,
    );
    let directories = round(
        &directory,
        DirectoryDocument::from_toml,
        DirectoryDocument::from_json,
    );
    let now = Timestamp(1_700_000_000);
    let mut built_warnings = Vec::new();
    let collected = Warnings::Into(&mut built_warnings);
    let built = Engine::new(&catalogs[0], policy, directory, now, collected);
    for ((policy, directory), catalog) in policies.into_iter().zip(directories).zip(&catalogs[1..])
    {
        let mut warnings = Vec::new();
        let collected = Warnings::Into(&mut warnings);
        match (
            &built,
            Engine::new(catalog, policy, directory, now, collected),
        ) {
            (Ok(built), Ok(engine)) => {
                assert_eq!(messages(&built_warnings), messages(&warnings));
                assert_eq!(decisions(built), decisions(&engine));
                assert_eq!(built.next_expiry(), engine.next_expiry());
                assert_eq!(built.policy(), engine.policy());
            }
            (Err(built), Err(read)) => same_refusal(built, &read),
            (built, read) => panic!(
                "loads or does not: {:?} {:?}",
                built.as_ref().err(),
                read.err()
            ),
        }
    }
});
