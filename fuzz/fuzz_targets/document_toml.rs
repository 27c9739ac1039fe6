//! Any text as TOML: read, compiled, asked and written out again, it never panics.
#![no_main]

mod text;

use bailiwick::document::{Bundle, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};

struct Toml;

impl text::Format for Toml {
    fn catalog(text: &str) -> Parsed<CatalogDocument> {
        CatalogDocument::from_toml("c", text)
    }

    fn policy(text: &str) -> Parsed<PolicyDocument> {
        PolicyDocument::from_toml("p", text)
    }

    fn directory(text: &str) -> Parsed<DirectoryDocument> {
        DirectoryDocument::from_toml("d", text)
    }

    fn bundle(text: &str) -> Parsed<Bundle> {
        Bundle::from_toml("b", text)
    }

    fn write(document: &impl serde::Serialize) -> String {
        toml::to_string(document).expect("it can be written")
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| text::run::<Toml>(text));
