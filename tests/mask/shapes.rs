//! Real-world shapes of many countries, with what each comes to: `emails.tsv`, `phones.tsv`,
//! `addresses.tsv`.
//!
//! `BAILIWICK_BLESS=1` writes what they come to now, to be reviewed as a diff.

use std::collections::BTreeSet;
use std::path::Path;

use bailiwick::document::{MaskDocument, MaskKind};
use bailiwick::mask::Mask;

use crate::formats::address;

/// Runs the rows of a file: country, value, then what each of the masks makes of it.
fn check(file: &str, expected: &str, masks: &[&dyn Fn(&str) -> String]) {
    let mut countries = BTreeSet::new();
    let mut written = String::new();
    let mut rows = 0;
    for line in expected.lines() {
        if line.starts_with('#') {
            written.push_str(&format!("{line}\n"));
            continue;
        }
        let mut cells = line.split('\t');
        let (country, value) = (cells.next().unwrap(), cells.next().unwrap());
        countries.insert(country);
        rows += 1;
        written.push_str(&format!("{country}\t{value}"));
        for mask in masks {
            written.push_str(&format!("\t{}", mask(value)));
        }
        written.push('\n');
    }
    assert!(rows >= 60 && countries.len() >= 15, "{rows} {countries:?}");
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/mask")
            .join(file);
        std::fs::write(path, &written).unwrap();
    } else {
        for (found, wanted) in written.lines().zip(expected.lines()) {
            assert_eq!(found, wanted, "{file}");
        }
    }
}

#[test]
fn emails() {
    let kept = MaskDocument {
        keep_domain: true,
        ..MaskDocument::new(MaskKind::Email)
    };
    let kept = Mask::try_from(&kept).unwrap();
    check(
        "emails.tsv",
        include_str!("emails.tsv"),
        &[&|value| Mask::email().text(value), &|value| {
            kept.text(value)
        }],
    );
}

#[test]
fn phones() {
    let more = MaskDocument {
        first: Some(2),
        last: Some(3),
        ..MaskDocument::new(MaskKind::Phone)
    };
    let more = Mask::try_from(&more).unwrap();
    check(
        "phones.tsv",
        include_str!("phones.tsv"),
        &[&|value| Mask::phone().text(value), &|value| {
            more.text(value)
        }],
    );
}

#[test]
fn addresses() {
    let mask = |value: &str| Mask::address().address_text(&address(value));
    check("addresses.tsv", include_str!("addresses.tsv"), &[&mask]);
}
