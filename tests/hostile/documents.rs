//! Documents with one mistake each, and what is said of it: the table is `documents.txt`.
//!
//! A block begins with `=== ` and the case's name. `in` names the document, and `json` after it the
//! format. `find` and `put` make the mistake in the sound document of the [world](crate::world);
//! `text` is a document of its own, in which `␤` is a line end, `␀` NUL and `⟨BOM⟩` a byte order
//! mark. Below `---` stands what is said of catalog, policy and directory together, warnings last.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Warnings};

use crate::world::{self, NOW, said, said_of};
use crate::{golden, on_a_small_stack};

#[test]
fn every_mistake_gets_its_message() {
    let found = on_a_small_stack(|| {
        let mut found = String::new();
        for block in golden::read("documents.txt").split("=== ").skip(1) {
            let (case, _) = block.split_once("---\n").unwrap_or((block, ""));
            let said = run(case);
            let said = if said.is_empty() { said } else { said + "\n" };
            found.push_str(&format!("=== {case}---\n{said}\n"));
        }
        found
    });
    assert!(found.matches("=== ").count() > 80);
    golden::compare("documents.txt", &found);
}

fn run(case: &str) -> String {
    let directive = |word: &str| {
        let mut lines = case.lines();
        lines.find_map(|line| line.strip_prefix(word)?.strip_prefix(' '))
    };
    let kind = directive("in").expect("a case names its document");
    let (kind, json) = match kind.strip_suffix(" json") {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let sound = match kind {
        "catalog" => world::CATALOG,
        "policy" => world::POLICY,
        "directory" => world::DIRECTORY,
        _ => panic!("no such document: {kind}"),
    };
    let text = match (directive("text"), directive("find"), directive("put")) {
        (Some(text), None, None) => text
            .replace('␤', "\n")
            .replace('␀', "\0")
            .replace("⟨BOM⟩", "\u{feff}"),
        (None, Some(find), put) => {
            assert_eq!(sound.matches(find).count(), 1, "{find}");
            let put = put.unwrap_or_default();
            sound.replace(find, &put.replace('␤', "\n").replace('␀', "\0"))
        }
        _ => String::new(),
    };
    let of = |name| if kind == name { text.as_str() } else { "" };
    said_of_documents([of("catalog"), of("policy"), of("directory")], kind, json)
}

/// What is said of the documents, the sound ones standing in for those not given.
fn said_of_documents([catalog, policy, directory]: [&str; 3], kind: &str, json: bool) -> String {
    macro_rules! read {
        ($name:ident, $word:literal, $text:expr, $sound:expr) => {
            match (kind == $word, json) {
                (false, _) => $name::from_toml(concat!($word, ".toml"), $sound),
                (true, false) => $name::from_toml(concat!($word, ".toml"), $text),
                #[cfg(feature = "json")]
                (true, true) => $name::from_json(concat!($word, ".json"), $text),
                #[cfg(not(feature = "json"))]
                (true, true) => return "(without the feature `json`)".to_owned(),
            }
        };
    }
    let catalog = read!(CatalogDocument, "catalog", catalog, world::CATALOG);
    let policy = read!(PolicyDocument, "policy", policy, world::POLICY);
    let directory = read!(DirectoryDocument, "directory", directory, world::DIRECTORY);
    let catalog = match Catalog::new(catalog, Warnings::Into(&mut Vec::new())) {
        Ok(catalog) => catalog,
        Err(problems) => return said(&problems),
    };
    let mut found = Vec::new();
    let collected = Warnings::Into(&mut found);
    match Engine::new(&catalog, policy, directory, NOW, collected) {
        Ok(_) => {
            let warnings = said_of(found.iter());
            match warnings.is_empty() {
                true => String::new(),
                false => format!("warned:\n{warnings}"),
            }
        }
        Err(problems) => said(&problems),
    }
}

/// Names that are equally near are suggested in the same order in every run: what is said depends
/// on the documents alone.
#[test]
fn the_same_is_said_every_time() {
    on_a_small_stack(|| {
        let names: Vec<String> = ('a'..='z').map(|c| format!("name{c}")).collect();
        let list = |of: fn(&String) -> String| names.iter().map(of).collect::<Vec<_>>().join(", ");
        let catalog = format!(
            "format = 2\nid = \"c\"\nversion = 1\npermissions = [{}, {{ path = \"name_.x\" }}]\n\
             subject_properties = {{ {} }}\ntypes = [{{ id = \"t\" }}]\n\
             operations = [{{ type = \"t\", action = \"do\", on = \"type\", open = true, when = [[{{ subject = \"name_\", is = \"x\" }}]] }}]\n",
            list(|it| format!("{{ path = {it:?} }}")),
            list(|it| format!("{it} = \"text\"")),
        );
        let sound = catalog
            .replace(", { path = \"name_.x\" }", "")
            .replace("name_", "namea");
        let directory = "format = 2\nusers = [{ id = \"u\", properties = { name_ = \"x\" } }]\n";
        let said = || {
            let refused = Catalog::new(
                CatalogDocument::from_toml("catalog.toml", &catalog),
                Warnings::Into(&mut Vec::new()),
            );
            let sound = Catalog::new(
                CatalogDocument::from_toml("catalog.toml", &sound),
                Warnings::Into(&mut Vec::new()),
            );
            let directory = DirectoryDocument::from_toml("directory.toml", directory);
            let policy = PolicyDocument::new(1);
            let engine = Engine::new(
                &sound.expect("a sound catalog"),
                policy,
                directory,
                NOW,
                Warnings::Into(&mut Vec::new()),
            );
            let (catalog, engine) = (refused.err(), engine.err());
            [catalog, engine].map(|it| it.as_ref().map(world::said))
        };
        let first = said();
        assert!(
            first.iter().all(|it| it
                .as_deref()
                .is_some_and(|it| it.contains("did you mean `namea`"))),
            "{first:?}"
        );
        for _ in 0..30 {
            assert_eq!(said(), first);
        }
    });
}
