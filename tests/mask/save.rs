//! Masks do not come back as values.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, MaskDocument, MaskKind, PolicyDocument, RoleDocument,
    UserDocument,
};
use bailiwick::mask::Mask;
use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings};
use serde_json::json;

use crate::world::{ALL, READER, engine};

#[test]
fn masks_are_refused_wherever_they_stand() {
    let engine = engine();
    // Also from somebody who sees the value: the mask may be from somebody else's screen.
    for user in [ALL, READER] {
        let access = engine.fields(user, &Record::of("person").id("7").owner("below"));
        for (record, path) in [
            (
                json!({ "contact": { "emails": [{}, { "email": "a***@***" }] } }),
                "contact.emails.email",
            ),
            (
                json!({ "contact": { "emails": { "email": "a***@example.com" } } }),
                "contact.emails.email",
            ),
            (json!({ "contact": { "phone": "***67" } }), "contact.phone"),
            (
                json!({ "contact": { "phone": ["***67"] } }),
                "contact.phone",
            ),
            (json!({ "contact": "***" }), "contact.emails.email"),
            (
                json!({ "address": { "street": "Elm", "building_number": "***" } }),
                "address",
            ),
            (json!({ "address": "***" }), "address"),
            (json!({ "notes": "***" }), "notes"),
            (json!({ "notes": "＊＊＊" }), "notes"),
            (json!({ "notes": "*\u{200b}*\u{200d}*" }), "notes"),
            (json!({ "notes": ["fine", "•••"] }), "notes"),
            (json!({ "notes": "[masked]" }), "notes"),
            (json!({ "salary": "[masked]" }), "salary"),
            (json!({ "salary": "***" }), "salary"),
            (
                json!({ "address": { "building_number": "%2A%2A%2A" } }),
                "address",
            ),
        ] {
            let refused = access.accept(&record).unwrap_err();
            assert_eq!(refused.path(), path, "{record}");
        }
        for (record, path) in [
            (json!({ "contact": { "phone": "67" } }), "contact.phone"),
            (json!({ "contact": { "phone": 67 } }), "contact.phone"),
            (json!({ "contact": { "phone": true } }), "contact.phone"),
            (
                json!({ "contact": { "phone": { "number": "+1 555 123 4567" } } }),
                "contact.phone",
            ),
            (
                json!({ "contact": { "phone": ["+1 555 123 4567", "none"] } }),
                "contact.phone",
            ),
            (
                json!({ "contact": { "emails": [{ "email": "Ada <ada@example.com>" }] } }),
                "contact.emails.email",
            ),
        ] {
            let refused = access.accept(&record).unwrap_err();
            assert_eq!(
                (refused.path(), refused.is_mask()),
                (path, false),
                "{record}"
            );
        }
        for record in [
            json!({}),
            json!({ "contact": { "phone": "", "emails": [{ "email": null }, { "email": " " }] } }),
            json!({ "contact": { "phone": [15_551_234_567_i64, "555 123 4567"] } }),
            json!({ "notes": 4711, "address": "7, 42nd Street" }),
            json!({ "name": "***", "contact": { "best_time": "***" } }),
            json!({ "contact": { "phone": "+1 555 123 4567", "emails": [{ "email": "a*b@example.com" }] } }),
            json!({ "address": { "street": "Elm", "building_number": "7" }, "salary": "4711" }),
        ] {
            assert_eq!(access.accept(&record), Ok(()), "{record}");
        }
    }
}

/// NFKC, which browsers and databases may apply, writes `…` as three dots.
#[test]
fn a_filler_of_dots_is_one_in_any_form() {
    let with = |kind, filler: &str| {
        let stated = MaskDocument {
            filler: Some(filler.to_owned()),
            ..MaskDocument::new(kind)
        };
        Mask::try_from(&stated).unwrap()
    };
    let dotted = with(MaskKind::Email, "…");
    for text in ["a…@…", "a...@...", "a..\u{200b}.@example.com", "a....@…"] {
        assert!(dotted.is_masked(text), "{text}");
    }
    assert!(!dotted.is_masked("a.b..c@example.com"));
    assert!(!Mask::email().is_masked("a...@..."));
    assert!(with(MaskKind::Phone, "*…").is_masked("*...67"));
    let unsaid = with(MaskKind::Whole, "(unsaid…)");
    for text in ["(unsaid…)", " (unsaid...) ", "（unsaid…）"] {
        assert!(unsaid.is_masked(text), "{text}");
    }
    // Only as a whole.
    assert!(!unsaid.is_masked("she said (unsaid...)"));
    assert!(!with(MaskKind::Whole, "\u{ad}").is_masked(""));
}

#[test]
fn what_was_projected_for_a_viewer_cannot_be_saved_as_it_is() {
    let engine = engine();
    let person = json!({ "notes": "she called twice", "contact": { "phone": "5551234567" } });
    let record = Record::of("person").id("7").owner("below");
    let reader = engine.fields(READER, &record);
    let screen = serde_json::to_value(reader.project(&person)).unwrap();
    assert!(reader.accept(&screen).is_err());
    let all = engine.fields(ALL, &record);
    let screen = serde_json::to_value(all.project(&person)).unwrap();
    assert_eq!(all.accept(&screen), Ok(()));
}

#[test]
fn a_blind_replacement_tells_nothing() {
    let engine = engine();
    let record = Record::of("person").id("7").owner("below");
    let replace = |user: &str, by: Option<&str>, new: &str| {
        let access = engine.fields(user, &record);
        let field = access.field("notes").unwrap();
        let mut stored = "old".to_owned();
        let old = field
            .for_contributor(by)
            .replace(&mut stored, new.to_owned());
        (old.ok(), stored)
    };
    let old = || Some("old".to_owned());
    assert_eq!(replace(ALL, None, "new"), (Some(old()), "new".to_owned()));
    assert_eq!(replace(READER, None, "new"), (Some(None), "new".to_owned()));
    assert_eq!(
        replace(READER, Some(READER), "new"),
        (Some(old()), "new".to_owned())
    );
    assert_eq!(
        replace("u000000", None, "new"),
        (Some(None), "new".to_owned())
    );
    assert_eq!(replace(ALL, None, "***"), (None, "old".to_owned()));
}

/// What a guarded value shows is no new value, of a hidden field either.
#[test]
fn what_a_guarded_value_shows_cannot_be_saved() {
    let engine = engine();
    let record = Record::of("person").id("7").owner("below");
    for user in [ALL, READER] {
        let access = engine.fields(user, &record);
        for path in ["salary", "notes", "contact.phone"] {
            let field = access.field(path).unwrap();
            let mut stored = "123-45-6789".to_owned();
            let shown = field.guard(stored.clone()).to_string();
            let any = field.guard_value(7).to_string();
            for shown in [shown, any] {
                let refused = field.replace(&mut stored, shown).unwrap_err();
                assert!(refused.is_mask(), "{path}");
                assert_eq!(stored, "123-45-6789");
            }
        }
    }
}

/// The mask of the old value without its asterisks is no new one, and whoever sees no mask learns none.
#[test]
fn what_is_left_of_a_mask_cannot_be_saved() {
    let engine = engine();
    let record = Record::of("person").id("7").owner("below");
    let replace = |user: &str, path: &str, old: &str, new: &str| {
        let access = engine.fields(user, &record);
        let mut stored = old.to_owned();
        access
            .field(path)
            .unwrap()
            .replace(&mut stored, new.to_owned())
            .is_ok()
    };
    let phone = "+1 555 123 4567";
    for user in [ALL, READER] {
        for (new, is_saved) in [
            ("00067", false),
            ("0000067", false),
            ("555 123 4568", true),
            ("00068", true),
            (phone, true),
        ] {
            assert_eq!(
                replace(user, "contact.phone", phone, new),
                is_saved,
                "{user} {new}"
            );
        }
    }
    // Nothing of the value shows to nobody, who could try one digit after the other.
    for new in ["00067", "00068"] {
        assert!(replace("u000000", "contact.phone", phone, new), "{new}");
    }
}

/// Names and addresses of one letter are genuine, unless they are what a mask leaves of the old value.
#[test]
fn one_letter_of_the_old_value_cannot_be_saved() {
    let catalog = CatalogDocument::from_toml(
        "catalog",
        r#"
format = 2
id = "crm"
version = 1
permissions = [{ path = "people" }, { path = "contact_info" }]
types = [{ id = "person", read = "view", fields = [
  { path = "name", mask = { kind = "name" }, revealed_by = "contact_info" },
  { path = "email", mask = { kind = "email", keep_domain = true }, revealed_by = "contact_info" },
] }]
operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
"#,
    );
    let catalog = Catalog::new(catalog, Warnings::Refuse).unwrap();
    let policy = PolicyDocument {
        roles: vec![RoleDocument::new("canvasser").grant("people")],
        ..PolicyDocument::new(1)
    };
    let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser")]);
    let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse).unwrap();
    let access = engine.fields("ann", &Record::of("person").id("7"));
    let replace = |path: &str, old: &str, new: &str| {
        let mut stored = old.to_owned();
        let replaced = access
            .field(path)
            .unwrap()
            .replace(&mut stored, new.to_owned());
        replaced.map_err(|it| assert!(it.is_mask())).is_ok()
    };
    for (path, old, new, is_saved) in [
        ("name", "Ada Lovelace", "A", false),
        ("name", "Ada Lovelace", " a ", false),
        ("name", "Ada Lovelace", "A--", false),
        ("name", "Édith", "E\u{301}___", false),
        ("name", "Ada Lovelace", "A.", true),
        ("name", "Ada Lovelace", "B", true),
        ("name", "Ada Lovelace", "Al", true),
        ("name", "Ada Lovelace", "", true),
        ("name", "王", "王", true),
        ("email", "ada@example.com", "a@example.com", false),
        ("email", "ada@example.com", "a--@example.com", false),
        ("email", "ada@example.com", "b@example.com", true),
        ("email", "ada@example.com", "a@example.org", true),
        ("email", "ada@example.com", "al@example.com", true),
        ("email", "", "a@example.com", true),
    ] {
        assert_eq!(replace(path, old, new), is_saved, "{old} {new}");
    }
}

/// What was there before may stay, for whoever sees it: to anybody else that would tell what it is.
#[test]
fn an_old_value_that_is_none_any_more_can_be_left_alone() {
    let engine = engine();
    let record = Record::of("person").id("7").owner("below");
    for (user, stays) in [(ALL, true), (READER, false)] {
        let access = engine.fields(user, &record);
        let phone = access.field("contact.phone").unwrap();
        let mut stored = "see her card".to_owned();
        let replaced = phone.replace(&mut stored, "see her card".to_owned());
        assert_eq!(replaced.is_ok(), stays, "{user}");
        assert!(
            phone
                .replace(&mut stored, "see my card".to_owned())
                .is_err()
        );
        assert_eq!(stored, "see her card");
    }
}
