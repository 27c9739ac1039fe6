//! Searching masked fields (M5): equality of listed sets alone, and every search reported.

use bailiwick::OnType;
use bailiwick::mask::{Allowance, Asked, Comparison, SearchRefused};

use crate::world::{ALL, READER, engine, engine_with};

const ADDRESS: &[(&str, &str)] = &[("building_number", "136 a"), ("street", "MAIN  Straße")];

fn ask(
    user: &str,
    field: &str,
    comparison: Comparison,
    components: &[(&str, &str)],
) -> (Result<Asked, SearchRefused>, usize) {
    let mut reports = 0;
    let engine = engine();
    let mut search = engine.field_search(user, &OnType::named("person"), |report| {
        assert_eq!(
            (report.subject, report.r#type, report.field),
            (Some(user), "person", field)
        );
        reports += 1;
        Allowance::Proceed
    });
    let asked = search.ask(field, comparison, components);
    drop(search);
    (asked, reports)
}

fn refused(field: &str, comparison: Comparison, components: &[(&str, &str)]) -> SearchRefused {
    match ask(READER, field, comparison, components) {
        (Err(refused), 1) => refused,
        other => panic!("{other:?}"),
    }
}

#[test]
fn equality_of_a_listed_set_finds_the_record() {
    let (asked, reports) = ask(READER, "address", Comparison::Equal, ADDRESS);
    let Ok(Asked::ByEquality(wanted)) = asked else {
        panic!("{asked:?}");
    };
    assert_eq!(reports, 1);
    let record = |street: &'static str, number: &'static str| {
        wanted.matches(|component| match component {
            "street" => Some(street),
            "building_number" => Some(number),
            _ => None,
        })
    };
    assert!(record("Main Straße", "136A"));
    assert!(record("main STRAßE", "１３６Ａ"), "full width");
    assert!(record("MAIN STRASSE", "136\u{34f}a"), "what nobody sees");
    assert!(!record("Main Straße", "136"));
    assert!(!record("Main", "136A"), "no part");
    assert!(!wanted.matches(|_| None));
    let keys: Vec<_> = wanted.keys().collect();
    assert_eq!(
        keys,
        [("building_number", "136a"), ("street", "main strasse")]
    );

    let (phone, _) = ask(
        READER,
        "contact.phone",
        Comparison::Equal,
        &[("value", "+1 (555) 123-4567")],
    );
    let Ok(Asked::ByEquality(phone)) = phone else {
        panic!()
    };
    assert!(phone.matches(|_| Some("+1.555.123.4567")));
    assert!(!phone.matches(|_| Some("+1.555.123.4568")));
}

#[test]
fn everything_else_is_refused_and_reported() {
    for comparison in [
        Comparison::NotEqual,
        Comparison::Part,
        Comparison::Range,
        Comparison::Sort,
        Comparison::Group,
        Comparison::Count,
        Comparison::Presence,
    ] {
        assert_eq!(
            refused("address", comparison, ADDRESS),
            SearchRefused::Comparison(comparison)
        );
        assert_eq!(
            refused("address", comparison, &[]),
            SearchRefused::Comparison(comparison)
        );
    }
    for components in [
        &[][..],
        &[("building_number", "136A")],
        &[("street", "Main Street")],
        &[
            ("street", "Main Street"),
            ("building_number", "1"),
            ("locality", "x"),
        ],
        &[("street", "Main Street"), ("street", "Main Street")],
        &[("street", "Main Street"), ("apartment", "1")],
    ] {
        assert_eq!(
            refused("address", Comparison::Equal, components),
            SearchRefused::Components
        );
    }
    for blank in [
        "",
        "  ",
        ".",
        "\u{34f}",
        "\u{17b4}\u{180b}\u{200c} \u{fe0f}",
        "\u{2800}",
    ] {
        let components = [("street", "Main Street"), ("building_number", blank)];
        assert_eq!(
            refused("address", Comparison::Equal, &components),
            SearchRefused::Blank
        );
    }
    // The catalog lists no set for notes.
    assert_eq!(
        refused("notes", Comparison::Equal, &[("value", "x")]),
        SearchRefused::Components
    );
    assert_eq!(
        refused("salary", Comparison::Equal, &[("value", "1")]),
        SearchRefused::Hidden
    );
}

#[test]
fn who_sees_it_everywhere_searches_freely_and_nobody_else() {
    let (asked, reports) = ask(ALL, "address", Comparison::Part, &[]);
    assert!(matches!(asked, Ok(Asked::Freely)), "{asked:?}");
    assert_eq!(reports, 0);
    // Revealed on one's own and reports' records only: masked on others.
    let (asked, reports) = ask("u323300", "contact.phone", Comparison::Sort, &[]);
    assert_eq!(
        (asked.unwrap_err(), reports),
        (SearchRefused::Comparison(Comparison::Sort), 1)
    );
    // Narrowed by the prerequisite (D7).
    let (asked, _) = ask("u333200", "address", Comparison::Part, &[]);
    assert_eq!(
        asked.unwrap_err(),
        SearchRefused::Comparison(Comparison::Part)
    );

    let (asked, reports) = ask("u033311", "address", Comparison::Equal, ADDRESS);
    assert_eq!(
        (asked.unwrap_err(), reports),
        (SearchRefused::NotReadable, 1)
    );
}

#[test]
fn the_host_may_refuse_and_errors_are_typed() {
    let engine = engine_with(|_| {});
    let mut left = 2;
    let mut search = engine.field_search(READER, &OnType::named("person"), |_| {
        if left == 0 {
            return Allowance::Refuse;
        }
        left -= 1;
        Allowance::Proceed
    });
    let mut ask = || {
        search
            .ask("address", Comparison::Equal, ADDRESS)
            .map(|_| ())
    };
    assert_eq!(
        [ask(), ask(), ask()],
        [Ok(()), Ok(()), Err(SearchRefused::ByHost)]
    );
    let unknown = search
        .ask("adress", Comparison::Equal, ADDRESS)
        .unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the catalog names no field `adress` of type `person`"
    );
}
