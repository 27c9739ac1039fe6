//! The tables in the documentation of `Mask` are what masks do.

use bailiwick::document::{AddressComponent, MaskDocument, MaskKind};
use bailiwick::mask::{Address, Mask};

const FORMATS: &str = include_str!("../../src/mask/formats.md");

/// A table's cell: a text in backticks, or nothing.
fn cell(text: &str) -> &str {
    text.trim().trim_matches('`')
}

fn options(kind: MaskKind, text: &str) -> MaskDocument {
    let mut mask = MaskDocument::new(kind);
    for option in cell(text).split(", ").filter(|it| !it.is_empty()) {
        let (name, value) = option.split_once(" = ").unwrap();
        match name {
            "first" => mask.first = Some(value.parse().unwrap()),
            "last" => mask.last = Some(value.parse().unwrap()),
            "filler" => mask.filler = Some(value.trim_matches('"').to_owned()),
            "keep_domain" => mask.keep_domain = value.parse().unwrap(),
            _ => panic!("{name}"),
        }
    }
    mask
}

/// `name: value; name: value`.
pub(crate) fn address(text: &str) -> Address<'_> {
    text.split("; ").fold(Address::new(), |address, part| {
        let (name, value) = part.split_once(": ").unwrap();
        address.with(AddressComponent::named(name).expect(name), value)
    })
}

#[test]
fn the_documented_formats_hold() {
    let mut kind = MaskKind::Hidden;
    let mut rows = [0; 6];
    for line in FORMATS.lines() {
        kind = match line {
            "### E-mail addresses" => MaskKind::Email,
            "### Phone numbers" => MaskKind::Phone,
            "### Names of persons" => MaskKind::Name,
            "### Structured postal addresses" => MaskKind::Address,
            "### Whole values" => MaskKind::Whole,
            _ => kind,
        };
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [value, stated, masked] = cells.as_slice() else {
            continue;
        };
        if !value.trim().starts_with('`') {
            continue;
        }
        let mask = Mask::try_from(&options(kind, stated)).unwrap();
        let found = match kind {
            MaskKind::Address => mask.address_text(&address(cell(value))),
            _ => mask.text(cell(value)),
        };
        assert_eq!(found, cell(masked), "{line}");
        rows[kind as usize] += 1;
    }
    assert_eq!(rows, [23, 15, 7, 10, 3, 0], "rows read of each kind");
}

#[test]
fn options_that_would_show_too_much_are_refused() {
    let refused = |mask: MaskDocument| Mask::try_from(&mask).unwrap_err().to_string();
    let of = MaskDocument::new;
    let filler = |kind, filler: &str| MaskDocument {
        filler: Some(filler.to_owned()),
        ..of(kind)
    };
    for kind in [MaskKind::Email, MaskKind::Phone, MaskKind::Name] {
        for shown in [5, u32::MAX] {
            refused(MaskDocument {
                first: Some(shown),
                ..of(kind)
            });
            refused(MaskDocument {
                last: Some(shown),
                ..of(kind)
            });
        }
    }
    for kind in [MaskKind::Address, MaskKind::Whole, MaskKind::Hidden] {
        assert_eq!(
            refused(MaskDocument {
                first: Some(0),
                ..of(kind)
            }),
            format!(
                "`first`: a mask of kind `{kind}` shows no characters: it takes neither `first` nor `last`"
            ),
        );
        refused(MaskDocument {
            keep_domain: true,
            ..of(kind)
        });
    }
    for text in [
        "",
        "x",
        "0",
        "***x",
        "*********",
        "@",
        " ",
        "\u{301}",
        "*\n",
        "é",
    ] {
        for kind in [
            MaskKind::Email,
            MaskKind::Phone,
            MaskKind::Name,
            MaskKind::Address,
        ] {
            refused(filler(kind, text));
        }
    }
    for text in ["", "  ", "\n", "a text of more than thirty-two bytes"] {
        refused(filler(MaskKind::Whole, text));
    }
    assert!(Mask::try_from(&filler(MaskKind::Whole, "not shown")).is_ok());
    refused(filler(MaskKind::Hidden, "***"));
}
