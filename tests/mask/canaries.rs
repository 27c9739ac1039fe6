//! Canaries planted in hidden parts, looked for wherever something comes out.

use bailiwick::mask::{Allowance, Comparison};
use bailiwick::{OnType, Record};
use serde_json::{Value, json};

use crate::world::{ALL, READER, engine};

const CANARY: &str = "c4n4ryf1nch";

fn person() -> Value {
    json!({
        "name": "Ada",
        "contact": {
            "emails": [
                { "email": format!("a{CANARY}@{CANARY}.example"), "added_by": "below" },
                { "email": [format!("b{CANARY}@example.com"), null], "added_by": "below" },
                { "email": { CANARY: CANARY }, "added_by": "below" },
                CANARY,
            ],
            "phone": format!("+1 555 123 4567 ext. 89 {CANARY}"),
        },
        "address": {
            "street": "42nd Street", "building_number": CANARY, "apartment": CANARY,
            "level": CANARY, "po_box": CANARY, "latitude": CANARY, CANARY: CANARY,
            "locality": [CANARY], "region": { "street": CANARY }, "country": 4711,
        },
        "notes": CANARY.repeat(3),
        "salary": { "base": CANARY },
    })
}

#[test]
fn no_canary_comes_out() {
    let engine = engine();
    let record = Record::of("person").id("7").owner("below");
    let access = engine.fields(READER, &record);
    let mut out = Vec::new();
    let person = person();
    out.push(serde_json::to_string(&access.project(&person)).unwrap());
    out.push(toml::to_string(&access.project(&person)).unwrap_or_else(|e| e.to_string()));
    out.push(format!("{access:?} {:?}", access.project(&person)));
    out.push(engine.describe(access.read()).to_string());
    // Each part where it does not belong.
    for part in [
        json!(CANARY),
        json!([CANARY]),
        json!({ "x": CANARY }),
        json!(4711),
        json!([[CANARY]]),
    ] {
        for pointer in [
            "/contact",
            "/contact/emails",
            "/contact/phone",
            "/address",
            "/address/street",
        ] {
            let mut moved = person.clone();
            let is_street = pointer == "/address/street";
            *moved.pointer_mut(pointer).unwrap() = part.clone();
            let shown = serde_json::to_value(access.project(&moved)).unwrap();
            // What the catalog does not name is not masked: an object's undeclared entries.
            let undeclared = part.is_object() && !matches!(pointer, "/contact/phone" | "/address");
            let named_street = is_street && part.is_string();
            if !undeclared && !named_street {
                out.push(shown.to_string());
            }
        }
    }
    let email = access.field("contact.emails.email").unwrap();
    let secret = format!("a{CANARY}@{CANARY}.example");
    let mut stored = secret.clone();
    let guarded = email.guard(secret.clone());
    let opaque = email.guard_value(vec![CANARY]);
    out.push(format!(
        "{email:?} {guarded} {guarded:?} {guarded:>40} {opaque} {opaque:?}"
    ));
    out.push(serde_json::to_string(&(&guarded, &opaque)).unwrap());
    let other = engine.fields(ALL, &Record::of("person").id("8"));
    for access in [&access, &other] {
        let error = guarded.open(access).unwrap_err();
        out.push(format!("{error} {error:?}"));
    }
    let refused = email
        .replace(&mut stored, format!("{CANARY}***"))
        .unwrap_err();
    out.push(format!("{refused} {refused:?}"));
    let refused = access
        .accept(&json!({ "notes": format!("***{CANARY}") }))
        .unwrap_err();
    out.push(format!("{refused} {refused:?}"));
    assert_eq!(
        email.replace(&mut stored, "new@example.com".to_owned()),
        Ok(None)
    );

    let mut reports = Vec::new();
    let mut search = engine.field_search(READER, &OnType::named("person"), |report| {
        reports.push(format!("{report:?}"));
        Allowance::Proceed
    });
    out.push(format!("{search:?}"));
    for (comparison, components) in [
        (
            Comparison::Equal,
            &[("street", CANARY), ("building_number", CANARY)][..],
        ),
        (Comparison::Equal, &[(CANARY, CANARY)]),
        (Comparison::Part, &[("street", CANARY)]),
        (
            Comparison::Equal,
            &[("street", CANARY), ("building_number", " ")],
        ),
    ] {
        let asked = search.ask("address", comparison, components);
        if let Err(error) = &asked {
            out.push(error.to_string());
        }
        out.push(format!("{asked:?}"));
    }
    drop(search);
    assert_eq!(reports.len(), 4);
    out.extend(reports);
    for text in &out {
        assert!(!text.contains(CANARY), "{text}");
        assert!(!text.contains("4711"), "{text}");
    }
    assert!(out[0].contains("\"street\":\"42nd Street\""), "{}", out[0]);
}

/// Errors of a value that fails to serialise come from the value; ours add nothing of it.
#[test]
fn a_value_that_fails_says_nothing_of_ours() {
    struct Fails;
    impl serde::Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(CANARY))
        }
    }
    #[derive(serde::Serialize)]
    struct Person {
        notes: Fails,
        salary_by: Fails,
    }
    let engine = engine();
    let access = engine.fields(READER, &Record::of("person").id("7").owner("below"));
    let person = Person {
        notes: Fails,
        salary_by: Fails,
    };
    let error = serde_json::to_string(&access.project(&person)).unwrap_err();
    assert!(!error.to_string().contains(CANARY), "{error}");
}
