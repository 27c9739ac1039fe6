//! Any text as JSON: read, compiled, asked and written out again, it never panics.
#![no_main]

mod text;

use bailiwick::document::{Bundle, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};

struct Json;

impl text::Format for Json {
    fn catalog(text: &str) -> Parsed<CatalogDocument> {
        CatalogDocument::from_json("c", text)
    }

    fn policy(text: &str) -> Parsed<PolicyDocument> {
        PolicyDocument::from_json("p", text)
    }

    fn directory(text: &str) -> Parsed<DirectoryDocument> {
        DirectoryDocument::from_json("d", text)
    }

    fn bundle(text: &str) -> Parsed<Bundle> {
        Bundle::from_json("b", text)
    }

    fn write(document: &impl serde::Serialize) -> String {
        serde_json::to_string(document).expect("it can be written")
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| text::run::<Json>(text));
