//! Whole records: any serde value, by the field paths of the catalog.

use std::collections::BTreeMap;

use bailiwick::Record;
use bailiwick::mask::FieldAccess;
use serde::Serialize;
use serde_json::{Value, json};

use crate::world::{ALL, CATALOG, READER, engine, engine_of};

fn access(user: &str) -> FieldAccess {
    engine().fields(user, &Record::of("person").id("7").owner("below"))
}

fn shown<T: Serialize + ?Sized>(user: &str, value: &T) -> Value {
    serde_json::to_value(access(user).project(value)).unwrap()
}

#[test]
fn a_record_is_shown_by_the_paths_of_the_catalog() {
    let person = json!({
        "name": "Ada",
        "contact": {
            "emails": [
                { "email": "ada@example.com", "added_by": "below", "verified": true },
                { "added_by": READER, "email": "ada@example.org" },
                { "email": "ada@example.net" },
                { "email": "ada@example.net", "added_by": 7 },
                { "email": null, "added_by": null },
                {},
            ],
            "phone": "+1 555 123 4567",
            "best_time": "noon",
        },
        "address": { "street": "42nd Street", "building_number": "7", "locality": "New York" },
        "salary": 120_000,
        "tags": ["a", 1, null],
    });
    assert_eq!(shown(ALL, &person), person);
    assert_eq!(
        shown(READER, &person),
        json!({
            "name": "Ada",
            "contact": {
                "emails": [
                    { "email": "a***@***", "added_by": "below", "verified": true },
                    { "added_by": READER, "email": "ada@example.org" },
                    { "email": "a***@***" },
                    { "email": "a***@***", "added_by": 7 },
                    { "email": null, "added_by": null },
                    {},
                ],
                "phone": "***67",
                "best_time": "noon",
            },
            "address": { "building_number": "***", "street": "42nd Street", "locality": "New York" },
            "tags": ["a", 1, null],
        })
    );
    assert_eq!(shown("u000000", &person), json!({}));
}

/// A value of another type than declared is left out: it turns into no text, and nobody sees how much of it
/// there is.
#[test]
fn other_types_than_declared_are_left_out() {
    for part in [
        json!(4711),
        json!(4.5),
        json!(true),
        json!([1, 2, 3]),
        json!(["ok", 3]),
        json!({ "number": "+1 555 123 4567" }),
        json!([{ "number": 1 }]),
    ] {
        let person = json!({ "contact": { "phone": part, "best_time": "noon" }, "notes": part });
        assert_eq!(
            shown(READER, &person),
            json!({ "contact": { "best_time": "noon" } })
        );
    }
    for (part, masked) in [
        (json!(null), json!(null)),
        (json!([]), json!([])),
        (json!(["+1 555 123 4567", "12"]), json!(["***67", "***"])),
        (json!('5'), json!("***")),
    ] {
        let person = json!({ "contact": { "phone": part } });
        assert_eq!(
            shown(READER, &person),
            json!({ "contact": { "phone": masked } })
        );
    }
    // What a path leads through.
    for (part, masked) in [
        (json!("+1 555 123 4567"), json!({ "contact": "***" })),
        (json!(4711), json!({})),
        (json!(null), json!({ "contact": null })),
        (
            json!(["ada@example.com", 7, { "phone": "5551234567" }]),
            json!({ "contact": ["***", null, { "phone": "***67" }] }),
        ),
    ] {
        assert_eq!(shown(READER, &json!({ "contact": part })), masked);
    }
    let address = |part: Value| shown(READER, &json!({ "address": part }))["address"].clone();
    assert_eq!(address(json!("7, 42nd Street")), json!("***"));
    assert_eq!(address(json!({})), json!({ "building_number": "***" }));
    assert_eq!(
        address(json!({ "street": 42, "locality": ["x"], "region": null, "country": "US" })),
        json!({ "building_number": "***", "country": "US" }),
    );
    assert_eq!(
        shown(READER, &json!({ "address": 7, "name": "Ada" })),
        json!({ "name": "Ada" })
    );
    assert_eq!(
        address(json!([{ "street": "Elm" }, { "apartment": "2" }])),
        json!([{ "building_number": "***", "street": "Elm" }, { "building_number": "***" }]),
    );
}

#[test]
fn a_contributor_named_twice_is_nobody() {
    struct Twice(&'static [(&'static str, &'static str)]);
    impl Serialize for Twice {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }
    let email = |entries| {
        let person = BTreeMap::from([("contact", BTreeMap::from([("emails", Twice(entries))]))]);
        serde_json::to_string(&access(READER).project(&person)).unwrap()
    };
    let own = email(&[("email", "ada@example.com"), ("added_by", READER)]);
    assert!(own.contains("ada@example.com"), "{own}");
    for entries in [
        &[
            ("email", "ada@example.com"),
            ("added_by", READER),
            ("added_by", "below"),
        ][..],
        &[
            ("added_by", "below"),
            ("email", "ada@example.com"),
            ("added_by", READER),
        ],
    ] {
        let twice = email(entries);
        assert!(!twice.contains("ada@"), "{twice}");
    }
}

#[derive(Serialize, Clone)]
struct Entry {
    email: Option<String>,
    added_by: UserName,
}

#[derive(Serialize, Clone)]
struct UserName(&'static str);

#[derive(Serialize, Clone)]
#[serde(untagged)]
enum Phone {
    Text(&'static str),
}

#[derive(Serialize, Clone)]
struct Contact {
    emails: Vec<Entry>,
    phone: Option<Box<Phone>>,
}

#[derive(Serialize, Clone)]
struct Named<C> {
    contact: C,
    #[serde(flatten)]
    rest: BTreeMap<&'static str, Vec<u8>>,
}

#[test]
fn structs_are_shown_like_their_json() {
    let entry = |by| Entry {
        email: Some("ada@example.com".to_owned()),
        added_by: UserName(by),
    };
    let person = Named {
        contact: Some(Contact {
            emails: vec![entry("below"), entry(READER)],
            phone: Some(Box::new(Phone::Text("555-123-4567"))),
        }),
        // The salary's bytes are hidden, those of the notes are no text.
        rest: BTreeMap::from([
            ("notes", vec![1, 2, 3]),
            ("salary", vec![4]),
            ("x", vec![5]),
        ]),
    };
    let expected = json!({
        "contact": {
            "emails": [
                { "email": "a***@***", "added_by": "below" },
                { "email": "ada@example.com", "added_by": READER },
            ],
            "phone": "***67",
        },
        "x": [5],
    });
    assert_eq!(shown(READER, &person), expected);
    assert_eq!(
        shown(READER, &serde_json::to_value(&person).unwrap()),
        expected
    );
    // As another format has it: TOML.
    let toml = toml::to_string(&access(READER).project(&person)).unwrap();
    let read: Value = toml::from_str(&toml).unwrap();
    assert_eq!(read, expected);
}

/// Each way of an enum, as its JSON is.
#[test]
fn variants_are_steps_of_paths() {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Part {
        Phone(&'static str),
        Emails(Entry, Entry),
        Contact { phone: &'static str, other: u8 },
        Notes { text: &'static str },
        Salary(u8, u8),
        None,
    }
    let entry = |by| Entry {
        email: Some("ada@example.com".to_owned()),
        added_by: UserName(by),
    };
    let within =
        |part: Part| shown(READER, &BTreeMap::from([("contact", part)]))["contact"].clone();
    assert_eq!(
        within(Part::Phone("555-123-4567")),
        json!({ "phone": "***67" })
    );
    assert_eq!(within(Part::None), json!("***"));
    assert_eq!(
        within(Part::Emails(entry("below"), entry(READER))),
        json!({ "emails": [
            { "email": "a***@***", "added_by": "below" },
            { "email": "ada@example.com", "added_by": READER },
        ] }),
    );
    assert_eq!(
        shown(
            READER,
            &Part::Contact {
                phone: "555-123-4567",
                other: 1
            }
        ),
        json!({ "contact": { "phone": "***67", "other": 1 } }),
    );
    assert_eq!(
        shown(READER, &Part::Notes { text: "secret" }),
        json!({ "notes": {} })
    );
    assert_eq!(
        shown(READER, &Part::Salary(1, 2)),
        json!({ "salary": [null, null] })
    );
}

/// Formats that write lengths before what they count (CBOR) are told the right ones.
#[test]
fn a_variant_announces_what_stays_of_it() {
    #[derive(Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Contact {
        Person {
            salary: u32,
            phone: &'static str,
            salary_by: &'static str,
        },
        Phone {
            number: &'static str,
        },
    }
    #[derive(Serialize)]
    struct Row {
        contact: Contact,
        name: &'static str,
        notes: &'static str,
    }
    let engine = engine_of(&CATALOG.replacen("\"salary\"", "\"contact.person.salary\"", 1));
    let access = engine.fields(READER, &Record::of("person").id("7").owner("below"));
    let person = |salary_by| Contact::Person {
        salary: 120_000,
        phone: "555-123-4567",
        salary_by,
    };
    for (contact, shown) in [
        (
            person("below"),
            json!({ "person": { "phone": "555-123-4567", "salary_by": "below" } }),
        ),
        (
            person(READER),
            json!({ "person": { "salary": 120_000, "phone": "555-123-4567", "salary_by": READER } }),
        ),
        // The variant as a whole is a field.
        (Contact::Phone { number: "5" }, json!({ "phone": {} })),
    ] {
        let row = Row {
            contact,
            name: "Ada",
            notes: "secret",
        };
        let expected = json!({ "contact": shown, "name": "Ada", "notes": "***" });
        let mut bytes = Vec::new();
        ciborium::into_writer(&access.project(&row), &mut bytes).unwrap();
        let mut rest = &bytes[..];
        let read: Value = ciborium::from_reader(&mut rest).unwrap();
        assert_eq!((read, rest), (expected.clone(), &[][..]));
        assert_eq!(
            serde_json::to_value(access.project(&row)).unwrap(),
            expected
        );
    }
}

/// Messages between a value and its serialiser are not looked into, and not passed on.
#[test]
fn raw_json_is_no_way_around() {
    struct Raw;
    impl Serialize for Raw {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let name = "$serde_json::private::RawValue";
            let mut raw = serializer.serialize_struct(name, 1)?;
            raw.serialize_field(name, r#"{"phone":"5551234567"}"#)?;
            raw.end()
        }
    }
    struct RawMask;
    impl Serialize for RawMask {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            let name = "$serde_json::private::RawValue";
            let mut raw = serializer.serialize_struct(name, 1)?;
            raw.serialize_field(name, r#""***""#)?;
            raw.end()
        }
    }
    assert_eq!(
        shown(READER, &BTreeMap::from([("contact", Raw)])),
        json!({})
    );
    assert_eq!(shown(READER, &BTreeMap::from([("notes", Raw)])), json!({}));
    assert_eq!(shown(READER, &Raw), json!(null));
    // Nor back.
    let back = access(READER).accept(&BTreeMap::from([("notes", RawMask)]));
    assert!(back.is_err_and(|it| it.is_mask()));
}

#[test]
fn keys_of_any_type_lead_on() {
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Key(&'static str);
    let person = BTreeMap::from([(Key("notes"), "secret"), (Key("name"), "Ada")]);
    assert_eq!(
        shown(READER, &person),
        json!({ "notes": "***", "name": "Ada" })
    );
}

/// An access is one record's.
#[test]
fn a_list_of_records_is_refused() {
    let access = access(READER);
    let people = [json!({ "notes": "secret" })];
    let error = serde_json::to_string(&access.project(&people)).unwrap_err();
    assert!(error.to_string().contains("a list of records"), "{error}");
}
