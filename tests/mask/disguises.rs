//! Masks come back in disguise, and are told from values all the same.

use bailiwick::document::{MaskDocument, MaskKind};
use bailiwick::mask::Mask;
use proptest::prelude::*;
use proptest::sample::select;

use crate::laws::holds;

/// What an e-mail address, a phone number or a name may be.
fn any_value(kind: MaskKind) -> BoxedStrategy<String> {
    let label = "[a-zé例]([a-z0-9é-]{0,8}[a-z0-9é])?";
    match kind {
        MaskKind::Email => (
            "[A-Za-z0-9éß王!#$'/?^_`{|}~+.-]{1,16}",
            label,
            "com|example|рф|jp|co\\.uk",
        )
            .prop_map(|(local, label, top)| format!("{local}@{label}.{top}"))
            .boxed(),
        MaskKind::Phone => {
            "\\+?[0-9]{2}( |-|\\.)?(\\([0-9]{3}\\) )?[0-9]{3}(-| )?[0-9]{4}( ext\\. [0-9]{1,4})?"
                .boxed()
        }
        MaskKind::Name => {
            "[A-ZÉ王][a-zß王]{0,9}(( |-|'|’|・|·|, | & )[A-Za-zé王]{1,9}){0,3}\\.?".boxed()
        }
        MaskKind::Address => "([0-9]{1,4}[A-Z]? )?[A-Z][a-zé]{1,9} (St\\.|Straße|通り)".boxed(),
        MaskKind::Whole | MaskKind::Hidden => "[A-Za-z]{1,9}( [a-z0-9*.,()-]{1,9}){0,5}".boxed(),
    }
}

fn any_mask() -> impl Strategy<Value = Mask> {
    let filler = select(&["***", "**", "*", "…", "••••••••", "●●●", "▪■", "█"][..]);
    let kind = select(&MaskKind::EVERY[..5]);
    (kind, 0..5_u32, 0..5_u32, filler, any::<bool>()).prop_map(
        |(kind, first, last, filler, keep_domain)| {
            let shows = matches!(kind, MaskKind::Email | MaskKind::Phone | MaskKind::Name);
            Mask::try_from(&MaskDocument {
                kind,
                first: shows.then_some(first),
                last: shows.then_some(last),
                filler: Some(filler.to_owned()),
                keep_domain: keep_domain && kind == MaskKind::Email,
            })
            .unwrap()
        },
    )
}

/// A sign of a filler, as something on the way may write it.
fn disguised(sign: char, way: u8) -> String {
    let code = u32::from(sign);
    let percent = |text: &str| -> String { text.bytes().map(|it| format!("%{it:02X}")).collect() };
    let once = percent(&sign.to_string());
    match way {
        0 => sign.to_string(),
        1 => format!("\\{sign}"),
        2 => format!("&#{code};"),
        3 => format!("&#x{code:x};"),
        4 => format!("&#0{code}"),
        5 => format!("&amp;#{code};"),
        6 => once,
        7 => once.to_lowercase(),
        8 => once.replace('%', "%25"),
        9 => once.replace('%', "%2525"),
        10 => once.replace('%', "="),
        11 => format!("\\u{code:04x}"),
        12 => format!("\\u{{{code:X}}}"),
        13 => format!("%u{code:04X}"),
        14 => format!("{sign}\u{336}"),
        15 => format!("{sign}\u{fe0f}\u{20e3}"),
        16 => format!("\u{200b}{sign}\u{2060}"),
        17 => match sign {
            '*' => "＊",
            '•' => "●",
            '●' => "⚫",
            '■' => "▮",
            '█' => "▓",
            '▪' => "◾",
            _ => "...",
        }
        .to_owned(),
        18 => match sign {
            '*' => "&ast;",
            '•' | '●' => "&bull;",
            '■' | '▪' => "&squf;",
            '█' => "&block;",
            _ => "&hellip;",
        }
        .to_owned(),
        19 => "\u{fffd}".to_owned(),
        21 => read_as_1252(&sign.to_string()),
        22 => read_as_1252(&read_as_1252(&sign.to_string())),
        23 => "··".to_owned(),
        24 => "・&middot;".to_owned(),
        // ASCII survives every encoding.
        25 if sign != '*' => "?".to_owned(),
        26 => sign
            .to_string()
            .bytes()
            .map(|it| format!("\\{it:03o}"))
            .collect(),
        27 => sign
            .to_string()
            .bytes()
            .map(|it| format!("&#{it};"))
            .collect(),
        _ => format!("\\\\{sign}"),
    }
}

/// What a page shows of UTF-8 that it takes for Windows-1252.
fn read_as_1252(text: &str) -> String {
    let shown = text.bytes().map(|byte| match byte {
        0x80 => '€',
        0x82 => '‚',
        0x83 => 'ƒ',
        0x88 => 'ˆ',
        0x8a => 'Š',
        0x93 => '“',
        0x94 => '”',
        0x95 => '•',
        0x96 => '–',
        0x97 => '—',
        0x99 => '™',
        byte => char::from(byte),
    });
    shown.collect()
}

/// What any mask shows of any value, disguised, is no value of a field with that mask.
#[test]
fn no_mask_comes_back_in_disguise() {
    let masked = any_mask().prop_flat_map(|mask| {
        let value = any_value(mask.kind());
        (Just(mask), value, 0..28_u8)
    });
    holds(masked, |(mask, value, way)| {
        let shown = mask.text(&value);
        // An ellipsis that became a replacement character is no sign among signs.
        let disguised: String = shown
            .chars()
            .map(|c| match "*•●■█▪…".contains(c) {
                true => disguised(c, way),
                false => c.to_string(),
            })
            .collect();
        prop_assert!(!mask.is_value(&shown), "{shown}");
        // One replacement character where a mask has one sign may be an asterisk of an address.
        prop_assert!(!mask.is_value(&disguised), "{disguised}");
        Ok(())
    });
}

/// A reference of a page without its `;` ends where it is a sign, whatever digits follow.
#[test]
fn a_reference_without_its_end_is_a_sign_all_the_same() {
    for masked in ["&#042&#0420@a.com", "&#x2a&#x2a7@a.com", "a&#1499@a.com"] {
        assert!(!Mask::email().is_value(masked), "{masked}");
    }
}

/// Digits that a mask shows, without its signs, are no number to save.
#[test]
fn a_masked_number_without_its_signs_is_none() {
    let shown = (0..5_u32, 0..5_u32);
    holds(
        (any_value(MaskKind::Phone), shown),
        |(number, (first, last))| {
            let mask = Mask::try_from(&MaskDocument {
                first: Some(first),
                last: Some(last),
                ..MaskDocument::new(MaskKind::Phone)
            })
            .unwrap();
            let rest = mask.text(&number).replace('*', "");
            prop_assert!(rest.is_empty() || !mask.is_value(&rest), "{rest}");
            Ok(())
        },
    );
}

/// What people have can be saved, whatever the mask.
#[test]
fn values_of_a_kind_can_be_saved() {
    let value = select(&MaskKind::EVERY[..5]).prop_flat_map(|kind| (Just(kind), any_value(kind)));
    holds(value, |(kind, value)| {
        let mask = Mask::try_from(&MaskDocument::new(kind)).unwrap();
        let has_filler = value.contains("***") || !value.contains(char::is_alphanumeric);
        let dots = kind == MaskKind::Name && value.contains("...");
        prop_assert!(
            mask.is_value(&value) || has_filler || dots,
            "{kind} {value}"
        );
        let padded = format!(" {value} ");
        prop_assert!(
            mask.is_value(&padded) || has_filler || dots,
            "{kind} {value}"
        );
        Ok(())
    });
}

/// The addresses and numbers of many countries, as far as they show anything.
#[test]
fn real_addresses_and_numbers_can_be_saved() {
    for (mask, table) in [
        (Mask::email(), include_str!("emails.tsv")),
        (Mask::phone(), include_str!("phones.tsv")),
    ] {
        let mut saved = 0;
        for line in table.lines().filter(|it| !it.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            let (value, masked) = (cells[1], cells[2]);
            if masked != "***" {
                assert!(mask.is_value(value) || value.contains("**"), "{value}");
                saved += 1;
            }
        }
        assert!(saved > 20);
    }
}

#[test]
fn masks_are_told_by_kind() {
    let bulleted = Mask::try_from(&MaskDocument {
        filler: Some("•••".to_owned()),
        ..MaskDocument::new(MaskKind::Whole)
    })
    .unwrap();
    for (mask, texts) in [
        (
            Mask::email(),
            &[
                r"a\*\*\*@example.com",
                "a&#42;&#42;&#42;@example.com",
                "a&#42&#42&#42@example.com",
                "a%2A%2A%2A@example.com",
                "a%252A%252A%252A@example.com",
                "a•••@example.com",
                "a•@example.com",
                "\"a\\*\\*\\*\"@example.com",
                "\"a•••\"@example.com",
                "a**@example.com",
                "a=2A=2A=2A@example.com",
                "mailto:a***@***",
                "mailto:ada@example.com",
                "a%95%95%95@example.com",
                "a…@example.com",
                "a%E2%80%A6@example.com",
                "a@",
                "@example.com",
                "\u{200b}",
                "ada",
                "a●●@example.com",
            ][..],
        ),
        (
            Mask::phone(),
            &[
                "67",
                "+67",
                "67 ",
                "١٢",
                "112",
                "***67",
                "%2A%2A%2A67",
                "•••67",
                "x67",
                "\u{200b}67",
                "tel:67",
                "67 x 12345",
            ],
        ),
        (
            Mask::name(),
            &[
                "A***",
                r"A\*\*\*",
                "A•••",
                "A…",
                "A...",
                "A█",
                "A●",
                "A*",
                "A&ast;",
                "A\u{fffd}",
                "-",
                "\u{200b}",
                "[masked]",
                "Ada\nLovelace",
                "A\u{2731}\u{fe0f}",
            ],
        ),
        (
            Mask::whole(),
            &[
                "***",
                r"\*\*\*",
                "•",
                "* * *",
                "…",
                "...",
                "●●●",
                r"\2a \2a \2a ",
                "&lsqb;masked&rsqb;",
            ],
        ),
        (bulleted, &["•••", "&bull;&bull;&bull;", "***", "●●●"]),
        (
            Mask::address(),
            &["***", "•••", "Elm Street ••", "%2A%2A%2A"],
        ),
    ] {
        for text in texts {
            assert!(!mask.is_value(text), "{:?} {text:?}", mask.kind());
        }
    }
    for (mask, texts) in [
        (
            Mask::email(),
            &[
                "ada@example.com",
                "a*b@example.com",
                "ada@localhost",
                "o'hara+a%b=c&d@example.com",
                "žofie@příklad.cz",
                "\"ada home\"@example.com",
                "",
                "  ",
            ][..],
        ),
        (
            Mask::phone(),
            &[
                "+1 (555) 123-4567",
                "555 123 4567 x 12",
                "12345",
                "",
                "٠٥٥٥١٢٣٤٥٦",
            ],
        ),
        (
            Mask::name(),
            &[
                "Ada",
                "A",
                "王",
                "Jean-Luc O\u{2019}Brien, Jr.",
                "マイケル・ジャクソン",
                "Paral·lel",
                "葛\u{e0100}城",
                "می\u{200c}خواهم",
                "Ada & Bob",
                "100% R\\B",
            ],
        ),
        (
            Mask::whole(),
            &[
                "she called twice",
                "• bread\n• milk",
                "2 * 3 * 4",
                "-",
                ".",
                "50%",
                r"C:\temp\*.txt",
                "?",
            ],
        ),
        (Mask::address(), &["12 Elm Street", "-", "#4", "St. Mary*"]),
    ] {
        for text in texts {
            assert!(mask.is_value(text), "{:?} {text:?}", mask.kind());
        }
    }
}

fn with_filler(kind: MaskKind, filler: &str) -> Mask {
    Mask::try_from(&MaskDocument {
        filler: Some(filler.to_owned()),
        ..MaskDocument::new(kind)
    })
    .unwrap()
}

/// A filler of words comes back escaped for a page or an address, too.
#[test]
fn a_filler_of_words_is_none_of_a_value_however_it_is_written() {
    for (filler, texts) in [
        (
            "<hidden>",
            &[
                "&lt;hidden&gt;",
                "%3Chidden%3E",
                "&LT;hidden&GT",
                "&amp;lt;hidden&amp;gt;",
            ][..],
        ),
        ("\"\"", &["&quot;&quot;", "&QUOT;&quot", "%22%22"]),
        (
            "'hid'",
            &["&apos;hid&apos;", "&#39;hid&#39;", "\u{2019}hid\u{2019}"],
        ),
        (
            "(hidden)",
            &["&lpar;hidden&rpar;", "%28hidden%29", "(Hidden)"],
        ),
        (
            "{hidden}",
            &["&lcub;hidden&rcub;", "&lbrace;hidden&rbrace;"],
        ),
        (
            "hidden data",
            &[
                "hidden+data",
                "hidden%20data",
                "hidden&nbsp;data",
                "hidden  data",
                "HIDDEN DATA",
            ],
        ),
        ("n/a", &["N/A", "n&sol;a", "n%2Fa", r"n\/a"]),
        (
            "[masked]",
            &[
                "&lsqb;masked&rsqb;",
                "&lbrack;masked&rbrack;",
                "%5Bmasked%5D",
            ],
        ),
        (
            "für Sie",
            &[
                "f&uuml;r Sie",
                "fÃ¼r Sie",
                "f?r Sie",
                "f\u{fffd}r Sie",
                "f&uuml;r+Sie",
            ],
        ),
        ("—", &["&mdash;", "-", "â€”", "?", "\u{2013}"]),
    ] {
        let mask = with_filler(MaskKind::Whole, filler);
        for text in texts {
            assert!(!mask.is_value(text), "{filler:?} {text:?}");
        }
        for text in ["she called twice", "a hidden one", "f?", "A & B", "?!"] {
            assert!(mask.is_value(text), "{filler:?} {text:?}");
        }
    }
}

/// A hidden value that is guarded shows as `[masked]`.
#[test]
fn a_hidden_value_is_no_mask_either() {
    let mask = Mask::try_from(&MaskDocument::new(MaskKind::Hidden)).unwrap();
    for text in ["[masked]", " [Masked] ", "&lsqb;masked&rsqb;", "***", "•••"] {
        assert!(!mask.is_value(text), "{text}");
    }
    for text in ["123-45-6789", "s3cret*", "What???", "", "masked", "[x]"] {
        assert!(mask.is_value(text), "{text}");
    }
}

/// Bullets that went through the wrong encoding.
#[test]
fn a_filler_in_the_wrong_encoding_is_none_of_a_value() {
    for filler in ["•••", "●", "■■", "█████", "▪", "…", "＊"] {
        let once = read_as_1252(filler);
        let stripped: String = filler
            .bytes()
            .map(char::from)
            .filter(|c| !c.is_control())
            .collect();
        let mut forms = vec![read_as_1252(&once), once.replace('\u{a0}', " "), once];
        forms.push("?".repeat(filler.chars().count()));
        forms.push("?".repeat(filler.len()));
        // `●` leaves one letter, and `█` as many as it has signs.
        forms.extend(Some(stripped).filter(|it| it.chars().count() > 1));
        for form in forms {
            for (kind, text) in [
                (MaskKind::Email, format!("a{form}@example.com")),
                (MaskKind::Name, format!("A{form}")),
                (MaskKind::Address, format!("{form} 42nd Street")),
                (MaskKind::Whole, form.clone()),
            ] {
                let mask = with_filler(kind, filler);
                assert!(!mask.is_value(&text), "{kind} {filler} {text:?}");
            }
        }
    }
}

/// Dots stand in for bullets where there are several, or where they join nothing.
#[test]
fn dots_in_place_of_bullets_are_none_of_a_value() {
    for (mask, texts) in [
        (
            Mask::email(),
            &[
                "a···@example.com",
                "a·@example.com",
                "a&sdot;&sdot;@example.com",
                "a・・・@example.com",
            ][..],
        ),
        (
            Mask::name(),
            &[
                "A&middot;&middot;&middot;",
                "A···",
                "A ⋅ ⋅ ⋅",
                "A°°°",
                "A·",
                "・・・A",
            ],
        ),
        (Mask::phone(), &["···67", "1234···5678", "+1 555··1234567"]),
        (
            Mask::whole(),
            &["⋅⋅⋅", "・・・", "･･･", "·", "&centerdot;&centerdot;"],
        ),
        (Mask::address(), &["··· Elm Street", "⋅⋅⋅"]),
    ] {
        for text in texts {
            assert!(!mask.is_value(text), "{:?} {text:?}", mask.kind());
        }
    }
}

/// What people write is a value whatever the filler is made of.
#[test]
fn genuine_values_are_none_of_a_filler() {
    for filler in ["***", "•••", "●", "…", "＊"] {
        for (kind, texts) in [
            (
                MaskKind::Email,
                &[
                    "o'hara@example.com",
                    "a.b-c_d+tag@mail.example.co.uk",
                    "what?@example.com",
                    "who??me@example.com",
                    "paral·lel@example.cat",
                    "j.r.r.@example.com",
                    "žofie@příklad.cz",
                    "jürgen@bücher.example",
                    "a@example.com",
                ][..],
            ),
            (
                MaskKind::Name,
                &[
                    "O'Brien",
                    "D’Angelo",
                    "Jean-Luc",
                    "J. R. R. Tolkien",
                    "Dr. Ada M. Lovelace, Jr.",
                    "A.",
                    "A",
                    "王",
                    "マイケル・ジャクソン",
                    "ﾏｲｹﾙ･ｼﾞｬｸｿﾝ",
                    "モーニング娘。",
                    "Paral·lel",
                    "Édith Piaf",
                    "Ãngela",
                    "Françoise Ça",
                    "What???",
                    "Hâlâ – Çelik",
                ],
            ),
            (
                MaskKind::Phone,
                &["+1 (555) 123-4567", "555·123·4567", "030/12345-67"],
            ),
            (
                MaskKind::Address,
                &[
                    "12 Elm Street",
                    "N° 5, rue de l’Été",
                    "Coll d’en Rabassa · 3",
                    "42nd St. (?)",
                ],
            ),
            (
                MaskKind::Whole,
                &[
                    "What???",
                    "えっ・・・",
                    "20 °C",
                    "a + b",
                    "R&D",
                    "• bread\n• milk",
                    "Ã¼ber",
                ],
            ),
        ] {
            let mask = with_filler(kind, filler);
            for text in texts {
                assert!(mask.is_value(text), "{kind} {filler} {text:?}");
            }
        }
    }
}

/// Escapes upon escapes end, and cost no more than a few looks through the text.
#[test]
fn escapes_without_end_are_none_of_a_value() {
    let deep = format!("a%{}2A@example.com", "25".repeat(100_000));
    assert!(!Mask::email().is_value(&deep));
    let slashes = "\\".repeat(1 << 20);
    let _ = Mask::whole().is_value(&slashes);
}
