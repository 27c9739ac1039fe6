//! Guarded values open with the right access alone (M4).

use bailiwick::Record;
use bailiwick::mask::OpenError;

use crate::world::{ALL, CATALOG, READER, engine, engine_of};

#[test]
fn a_guarded_value_opens_for_its_subject_and_record() {
    let engine = engine();
    let seventh = Record::of("person").id("7").owner("below");
    let eighth = Record::of("person").id("8").owner("below");
    let access = engine.fields(ALL, &seventh);
    let guard = |access: &bailiwick::mask::FieldAccess| {
        let field = access.field("notes").unwrap();
        field
            .for_contributor(Some(READER))
            .guard("she called twice".to_owned())
    };
    let value = guard(&access);
    assert_eq!(value.open(&access).unwrap(), "she called twice");
    // By handle or by name, and from an engine made later: the same subject.
    let by_handle = engine.fields(engine.user(ALL).unwrap(), &seventh);
    assert!(value.open(&by_handle).is_ok());
    assert_eq!(
        value.clone().into_inner(&access).unwrap(),
        "she called twice"
    );

    assert_eq!(
        value.open(&engine.fields(ALL, &eighth)),
        Err(OpenError::OtherRecord)
    );
    assert_eq!(
        value.open(&engine.fields(READER, &seventh)),
        Err(OpenError::OtherSubject)
    );
    // Another account's engine, of the same documents.
    let other = crate::world::engine();
    assert_eq!(
        value.open(&other.fields(ALL, &seventh)),
        Err(OpenError::OtherLineage)
    );

    let reader = engine.fields(READER, &seventh);
    assert!(
        guard(&reader).open(&reader).is_ok(),
        "contributed by the reader"
    );
    let phone = reader
        .field("contact.phone")
        .unwrap()
        .guard("+1 555 123 4567");
    assert_eq!(phone.open(&reader), Err(OpenError::NotRevealed));
    assert_eq!(phone.to_string(), "***67");

    // Two records without ids, and two subjects without, are not known to be the same.
    let nameless = engine.fields(ALL, &Record::of("person").owner("below"));
    assert_eq!(
        guard(&nameless).open(&nameless),
        Err(OpenError::OtherRecord)
    );
}

#[test]
fn whatever_shows_a_guarded_value_shows_its_mask() {
    let engine = engine();
    let access = engine.fields(ALL, &Record::of("person").id("7").owner("below"));
    let email = access
        .field("contact.emails.email")
        .unwrap()
        .guard("ada@example.com");
    #[derive(Debug, serde::Serialize)]
    struct Row<T> {
        email: T,
    }
    let row = Row { email };
    assert_eq!(
        format!("{row:?} {:#?}", row.email),
        "Row { email: [masked] } [masked]"
    );
    assert_eq!(
        serde_json::to_string(&row).unwrap(),
        r#"{"email":"a***@***"}"#
    );
    assert_eq!(format!("{:>10}|", row.email), "  a***@***|");
    let number = access.field("salary").unwrap().guard_value(120_000);
    assert_eq!(number.to_string(), "[masked]");
    // Neither turns into a text.
    assert_eq!(serde_json::to_string(&number).unwrap(), "null");
    let hidden = access.field("salary").unwrap().guard("120000");
    assert_eq!(hidden.to_string(), "[masked]");
}

/// Not even what its mask would show (M1).
#[test]
fn nothing_of_a_guarded_value_is_shown_to_whoever_may_not_read() {
    let engine = engine_of(&CATALOG.replacen(
        "{ kind = \"email\" }",
        "{ kind = \"email\", keep_domain = true }",
        1,
    ));
    let record = Record::of("person").id("7").owner("below");
    let shown = |user: &str| -> Vec<String> {
        let access = engine.fields(user, &record);
        let of = |path: &str| {
            let field = access.field(path).unwrap().for_contributor(Some(user));
            let value = field.guard("ada@example.com");
            let written = serde_json::to_value(&value).unwrap();
            let is_hidden = value.to_string() == "[masked]" && written.is_null();
            assert!(is_hidden || written == value.to_string(), "{written}");
            value.to_string()
        };
        access.paths().map(of).collect()
    };
    assert_eq!(
        shown(READER),
        ["a***@example.com", "***", "***", "***", "[masked]"]
    );
    // Everything but reading.
    for user in ["u033311", "u000000", "nobody"] {
        assert_eq!(shown(user), ["[masked]"; 5], "{user}");
    }
}
