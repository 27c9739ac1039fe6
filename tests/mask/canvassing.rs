//! In the fixture `canvassing`, contact info is found by its whole value, and the voter found shows it
//! masked all the same.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::mask::{Allowance, Asked, Comparison};
use bailiwick::{Catalog, Engine, OnType, Record, Timestamp, Warnings};

const CATALOG: &str = include_str!("../../fixtures/canvassing/catalog.toml");
const POLICY: &str = include_str!("../../fixtures/canvassing/policy.toml");
const DIRECTORY: &str = include_str!("../../fixtures/canvassing/directory.toml");

#[test]
fn contact_info_is_found_by_its_whole_value_and_stays_masked() {
    let catalog = CatalogDocument::from_toml("catalog.toml", CATALOG);
    let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
    let engine = Engine::new(
        &catalog,
        PolicyDocument::from_toml("policy.toml", POLICY),
        DirectoryDocument::from_toml("directory.toml", DIRECTORY),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let (email, phone) = ("vic@example.com", "+1 555 010 0134");
    let mut reported = 0;
    let people = OnType::named("person");
    let mut search = engine.field_search("uma", &people, |_| {
        reported += 1;
        Allowance::Proceed
    });
    let fields = [
        ("contact_info.emails.email", email, "vic@example"),
        ("contact_info.phones.number", phone, "0134"),
    ];
    for (field, whole, part) in fields {
        let asked = search.ask(field, Comparison::Equal, &[("value", whole)]);
        let Ok(Asked::ByEquality(wanted)) = asked else {
            panic!("{field}: {asked:?}");
        };
        assert!(wanted.matches(|_| Some(whole)), "{field}");
        assert!(!wanted.matches(|_| Some(part)), "{field}");
    }
    drop(search);
    assert_eq!(reported, 2);
    let voter = serde_json::json!({
        "contact_info": {
            "emails": [{ "email": email, "added_by": "vera" }],
            "phones": [{ "number": phone, "added_by": "vera" }],
        }
    });
    let access = engine.fields("uma", &Record::of("person").id("1"));
    let shown = serde_json::to_string(&access.project(&voter)).unwrap();
    assert!(!shown.contains("vic") && !shown.contains("555"), "{shown}");
}
