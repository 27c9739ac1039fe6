//! The value of a masked field enters no explanation, whoever asks and however it is shown (M4).

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::explain::{Cause, Seen, Wanted};
use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings};

const CANARY: &str = "canary-7f3a";
const OTHER: &str = "plain-19c2";

/// Conditions on a field that is masked, on one that holds a masked one, on one that lies in a masked
/// one, and on one that nobody masks.
const CATALOG: &str = r#"{
    "format": 2, "id": "crm", "version": 1,
    "permissions": [{ "path": "people" }, { "path": "secrets" }],
    "subject_properties": { "mail": "text" },
    "types": [{
        "id": "person", "read": "view",
        "properties": { "email": "text", "contact": "text", "address.street": "text", "status": "text" },
        "fields": [
            { "path": "email", "mask": { "kind": "whole" }, "revealed_by": "secrets" },
            { "path": "contact.phone", "mask": { "kind": "whole" }, "revealed_by": "secrets" },
            { "path": "address", "mask": { "kind": "whole" }, "revealed_by": "secrets" }
        ]
    }],
    "operations": [
        { "type": "person", "action": "view", "on": "record", "allowed_by": ["people"] },
        { "type": "person", "action": "is", "on": "record", "allowed_by": ["people"],
          "when": [[{ "resource": "email", "is": "wanted" }, { "resource": "contact", "is": "wanted" },
                    { "resource": "address.street", "is": "wanted" }]] },
        { "type": "person", "action": "is_not", "on": "record", "allowed_by": ["people"],
          "when": [[{ "resource": "email", "is_not": "canary-7f3a" }]] },
        { "type": "person", "action": "is_mine", "on": "record", "allowed_by": ["people"],
          "when": [[{ "subject": "mail", "is_not": { "resource": "email" } }]] },
        { "type": "person", "action": "plain", "on": "record", "allowed_by": ["people"],
          "when": [[{ "resource": "status", "is": "wanted" }]] }
    ]
}"#;

fn engine() -> Engine {
    let document: CatalogDocument = serde_json::from_str(CATALOG).unwrap();
    let policy = PolicyDocument {
        // Whoever may see the field in clear is told no more.
        roles: vec![RoleDocument::new("all").grant("*")],
        ..PolicyDocument::new(1)
    };
    let mut ann = UserDocument::new("ann").role("all");
    ann.properties.insert("mail".to_owned(), CANARY.into());
    let users = DirectoryDocument::new([ann]);
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap();
    let loaded = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.unwrap()
}

#[test]
fn no_value_of_a_masked_field_is_told() {
    let engine = engine();
    let record = Record::of("person").id("1");
    let record = record.property("email", CANARY).property("contact", CANARY);
    let record = record
        .property("address.street", CANARY)
        .property("status", OTHER);
    for (action, count) in [("is", 3), ("is_not", 1), ("is_mine", 1), ("plain", 1)] {
        let why = engine.explain("ann", action, &record);
        assert_eq!(why.decision().code(), "condition_not_met", "{why}");
        let failed: Vec<_> = why
            .causes()
            .filter_map(|cause| match cause {
                Cause::Condition(failed) => Some(failed),
                _ => None,
            })
            .collect();
        assert_eq!(failed.len(), count);
        let is_plain = action == "plain";
        for it in failed {
            let masked = (it.seen == Seen::Masked, it.wanted == Wanted::Masked);
            assert_eq!(masked, (!is_plain, !is_plain), "{it:?}");
        }
        let shown = [
            why.to_string(),
            format!("{why:?}"),
            format!("{why:#?}"),
            serde_json::to_string(&why).unwrap(),
        ];
        for text in shown {
            assert!(!text.contains(CANARY), "{action}: {text}");
            assert_eq!(text.contains(OTHER), is_plain, "{action}: {text}");
        }
    }
}
