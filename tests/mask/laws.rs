//! M2 and law 7 as properties: 100,000 cases each in the ordinary run, `BAILIWICK_CASES` for more.

use bailiwick::Record;
use bailiwick::document::{AddressComponent, MaskDocument, MaskKind};
use bailiwick::mask::{Address, Mask};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_segmentation::UnicodeSegmentation;

use crate::invisible::{INVISIBLE, INVISIBLE_MARKS};
use crate::texts::{any_text, text_of};
use crate::world;

fn config() -> ProptestConfig {
    let cases = std::env::var("BAILIWICK_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|it| it.parse().ok()).unwrap_or(100_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Runs the law on as many cases as are wanted.
pub(crate) fn holds<S: Strategy>(strategy: S, law: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(config());
    runner
        .run(&strategy, law)
        .unwrap_or_else(|broken| panic!("{broken}"));
}

/// Any mask but a hidden one.
fn any_mask() -> impl Strategy<Value = Mask> {
    let kinds = proptest::sample::select(&MaskKind::EVERY[..5]);
    let filler = proptest::sample::select(&["***", "*", "…", "••••••••", "█"][..]);
    (
        kinds,
        0..5_u32,
        0..5_u32,
        filler,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(kind, first, last, filler, keep_domain, own)| {
            let shows = matches!(kind, MaskKind::Email | MaskKind::Phone | MaskKind::Name);
            let stated = MaskDocument {
                first: (shows && !own).then_some(first),
                last: (shows && !own).then_some(last),
                filler: (!own).then(|| filler.to_owned()),
                keep_domain: keep_domain && kind == MaskKind::Email,
                kind,
            };
            Mask::try_from(&stated).unwrap()
        })
}

fn stated(kind: MaskKind, first: u32, last: u32) -> Mask {
    Mask::try_from(&MaskDocument {
        first: Some(first),
        last: Some(last),
        ..MaskDocument::new(kind)
    })
    .unwrap()
}

fn characters(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Of the first characters of a text, followed by what hides; nothing joins across the seam.
fn in_the_middle(first: &str, hidden: &str, last: &str) -> String {
    format!("{first}x{hidden}x{last}")
}

fn is_plain(c: char) -> bool {
    !c.is_control()
        && !c.is_whitespace()
        && !is_joiner(c)
        && !shows_nothing(c)
        && !is_newer_mark(c)
        && !"\"(),:;<>[\\]@".contains(c)
}

/// Marks of a newer Unicode than the tables of clusters know: a text with one is masked whole.
fn is_newer_mark(c: char) -> bool {
    canonical_combining_class(c) != 0 && format!("a{c}").graphemes(true).count() > 1
}

/// What nobody sees, white space, control characters and joiners aside.
fn shows_nothing(c: char) -> bool {
    const BLANK: &str = "\u{2800}\u{fffc}\u{13441}\u{13442}\u{16fe4}\u{1d159}";
    (INVISIBLE.contains(c) && !is_joiner(c)) || BLANK.contains(c)
}

/// What nobody sees and what joins its neighbour: marks, and the two joiners.
fn is_joiner(c: char) -> bool {
    INVISIBLE_MARKS.contains(c) || "\u{200c}\u{200d}".contains(c)
}

/// What stands before an e-mail's `@` in the middle, and the whole domain, change nothing.
#[test]
fn hidden_parts_of_an_email_do_not_matter() {
    let ends = ("[a-zéß한]{4}", "[a-zéß한]{4}", 0..5_u32, 0..5_u32);
    let hidden = (text_of(is_plain), text_of(is_plain));
    let domain = || {
        let domains = [
            "example.com",
            "a.b.c",
            "localhost",
            "ü.de",
            "例え.jp",
            "[192.0.2.7]",
        ];
        proptest::sample::select(domains.to_vec())
    };
    let domains = (domain(), domain());
    holds(
        (ends, hidden, domains),
        |((head, tail, first, last), (one, other), domains)| {
            let mask = stated(MaskKind::Email, first, last);
            // Hide what lies past the ends that show.
            let head: String = head.chars().take(first as usize).collect();
            let tail: String = tail.chars().take(last as usize).collect();
            let one = format!("{}@{}", in_the_middle(&head, &one, &tail), domains.0);
            let other = format!("{}@{}", in_the_middle(&head, &other, &tail), domains.1);
            let masked = mask.text(&one);
            prop_assert_eq!(&masked, &format!("{}***{}@***", head.nfc(), tail.nfc()));
            prop_assert_eq!(masked, mask.text(&other));
            Ok(())
        },
    );
}

#[test]
fn hidden_digits_and_extensions_of_a_phone_number_do_not_matter() {
    let hidden = || "([0-9]( |-|\\.| / |\\(|\\))?){5,9}";
    let tail = || "( ?(x|ext\\. ?|#|;ext=|доб\\. )[0-9]{1,6})?";
    let shown = ("\\+?[0-9]{4}", "[0-9]{4}", 0..5_u32, 0..5_u32);
    holds(
        (shown, (hidden(), hidden()), (tail(), tail())),
        |(shown, hidden, tails)| {
            let (head, last_four, first, last) = shown;
            let mask = stated(MaskKind::Phone, first, last);
            let plus = usize::from(head.starts_with('+'));
            let cut = plus + first as usize;
            let end = &last_four[4 - last as usize..];
            let one = format!("{}{}{end}{}", &head[..cut], hidden.0, tails.0);
            let other = format!("{}{}{end}{}", &head[..cut], hidden.1, tails.1);
            let masked = mask.text(&one);
            let head = if first > 0 { &head[..cut] } else { "" };
            prop_assert_eq!(&masked, &format!("{head}***{end}"));
            prop_assert_eq!(masked, mask.text(&other));
            Ok(())
        },
    );
}

#[test]
fn the_hidden_part_of_a_name_does_not_matter() {
    let ends = ("[A-Zé王]{4}", "[a-zß한]{4}", 0..5_usize, 0..5_usize);
    let hidden = (
        text_of(|c| is_plain(c) || c == ' '),
        text_of(|c| is_plain(c) || c == ' '),
    );
    holds(
        (ends, hidden),
        |((head, tail, first, last), (one, other))| {
            let mask = stated(MaskKind::Name, first as u32, last as u32);
            let head: String = head.chars().take(first).collect();
            let tail: String = tail.chars().take(last).collect();
            let masked = mask.text(&in_the_middle(&head, &one, &tail));
            prop_assert_eq!(&masked, &format!("{}***{}", head.nfc(), tail.nfc()));
            prop_assert_eq!(masked, mask.text(&in_the_middle(&head, &other, &tail)));
            Ok(())
        },
    );
}

/// Characters that nobody sees hide nothing: with them, as much shows or less.
#[test]
fn invisible_characters_do_not_count_as_hidden_ones() {
    let invisible: Vec<char> = ('\0'..=char::MAX)
        .filter(|&c| shows_nothing(c) || is_joiner(c))
        .collect();
    let inserted = (
        proptest::sample::select(invisible),
        any::<proptest::sample::Index>(),
    );
    let inserted = proptest::collection::vec(inserted, 1..8);
    let local = "[A-Za-zé王]{0,10}";
    let text = prop_oneof![
        local,
        local.prop_map(|it| format!("{it}@example.com")),
        "\\+?[0-9]{0,14}",
    ];
    holds((text, inserted, any_mask()), |(text, inserted, mask)| {
        let mut longer: Vec<char> = text.chars().collect();
        for (c, place) in inserted {
            longer.insert(place.index(longer.len() + 1), c);
        }
        let longer: String = longer.into_iter().collect();
        let masked = mask.text(&longer);
        let seen = masked.replace(is_joiner, "");
        prop_assert!(
            masked == mask.filler() || seen == mask.text(&text),
            "{longer:?}: {masked:?}"
        );
        Ok(())
    });
    for c in ('\0'..=char::MAX).filter(|&c| shows_nothing(c) || is_joiner(c)) {
        assert_eq!(Mask::name().text(&format!("A{c}{c}")), "***", "{c:?}");
        let masked = Mask::email().text(&format!("a{c}{c}@example.com"));
        let expected = if is_joiner(c) { "***@***" } else { "***" };
        assert_eq!(masked, expected, "{c:?}");
    }
    // A blank at the end, not to be trimmed.
    assert_eq!(Mask::name().text("Li \u{200d}"), "***");
}

/// Nor do blanks between others.
#[test]
fn blanks_in_a_name_do_not_count_as_hidden_ones() {
    let blank: Vec<char> = ('\0'..=char::MAX)
        .filter(|c| c.is_whitespace() && !c.is_control() && !"\u{2028}\u{2029}".contains(*c))
        .collect();
    let blanks = proptest::collection::vec(proptest::sample::select(blank), 1..5);
    let part = || "[A-Za-zé王]{1,7}";
    let shown = (0..5_usize, 0..5_usize);
    holds(
        (part(), blanks, part(), shown),
        |(before, blanks, after, (first, last))| {
            // The blanks stand between letters that do not show.
            let first = first.min(before.chars().count() - 1);
            let last = last.min(after.chars().count() - 1);
            let blanks: String = blanks.into_iter().collect();
            let mask = stated(MaskKind::Name, first as u32, last as u32);
            let masked = mask.text(&format!("{before}{blanks}{after}"));
            prop_assert_eq!(masked, mask.text(&format!("{before}{after}")));
            Ok(())
        },
    );
    for name in ["A B", "A\u{3000}\u{3000}B", "A    b", "王\u{a0}明"] {
        assert_eq!(Mask::name().text(name), "***", "{name:?}");
    }
    assert_eq!(Mask::name().text("A Bc"), "A***");
}

/// What could pass for a domain, and may be something else, does not show with one.
#[test]
fn no_number_is_kept_as_a_domain() {
    let keep = Mask::try_from(&MaskDocument {
        keep_domain: true,
        ..MaskDocument::new(MaskKind::Email)
    })
    .unwrap();
    let number = "[0-9]{1,6}|[٠-٩]{1,6}|[०-९]{1,6}|[〇一二三四五六七八九十百千万]{1,6}|[零壹贰叁肆伍陆柒捌玖拾]{1,6}";
    holds(
        (number, number, "[a-z0-9]{1,8}", 0..7_usize),
        |(one, other, word, shape)| {
            let domain = match shape {
                0 => one,
                1 => format!("{one}.{other}"),
                2 => word,
                3 => format!("{one}.com"),
                4 => format!("example.{one}-{other}.com"),
                5 => format!("{one}.xn--{word}"),
                _ => format!("{word}.{one}.{other}"),
            };
            let masked = keep.text(&format!("ada@{domain}"));
            // No address at all, where digits of two scripts stand together.
            prop_assert!(
                masked == "a***@***" || masked == "***",
                "{domain}: {masked}"
            );
            Ok(())
        },
    );
    for domain in [
        "example.com",
        "例え.jp",
        "4711a.example",
        "пример.рф",
        "三井.jp",
        "八戸.例え",
        "1und1.de",
    ] {
        assert_eq!(
            keep.text(&format!("ada@{domain}")),
            format!("a***@{domain}")
        );
    }
    for domain in [
        "五五五.一二三四五六七",
        "555.xn--1234567",
        "example.xn--p1ai",
        "XN--1234567.com",
        "4711.example",
        "555-123-4567.example",
        "１２３４５.example",
        "example.五",
    ] {
        assert_eq!(keep.text(&format!("ada@{domain}")), "a***@***", "{domain}");
    }
}

/// Nor whether there are any.
#[test]
fn hidden_components_of_an_address_do_not_matter() {
    let texts = || proptest::collection::vec(any_text(), AddressComponent::EVERY.len());
    let present = any::<u32>;
    holds(
        (texts(), texts(), present(), present(), any_mask()),
        |(one, other, a, b, mask)| {
            let address = |hidden: &'_ [String], present: u32| -> String {
                let mut address = Address::new();
                for (i, component) in AddressComponent::EVERY.iter().enumerate() {
                    if component.is_shown() {
                        if a >> i & 1 == 1 {
                            address = address.with(*component, &one[i]);
                        }
                    } else if present >> i & 1 == 1 {
                        address = address.with(*component, &hidden[i]);
                    }
                }
                mask.address_text(&address)
            };
            prop_assert_eq!(address(&one, a), address(&other, b));
            Ok(())
        },
    );
}

/// Texts of which many are of some kind: arbitrary ones seldom are.
fn likely_text() -> impl Strategy<Value = String> {
    let number = "\\+?[0-9]{1,3}([0-9]( |-|\\.|/|\\)|\\()?){0,16}";
    prop_oneof![
        any_text(),
        (text_of(is_plain), text_of(is_plain)).prop_map(|(a, b)| format!("{a}@{b}")),
        (text_of(is_plain), any_text()).prop_map(|(a, b)| format!("{a}@example.{b}")),
        text_of(is_plain).prop_map(|a| format!("{a}@example.com")),
        number,
        (number, any_text()).prop_map(|(a, b)| format!("{a}{b}")),
        text_of(|c| is_plain(c) || c == ' '),
    ]
}

/// How long an output may be, whatever comes in: one of few lengths, in characters.
#[test]
fn masks_are_of_fixed_length_and_hide_enough() {
    holds((likely_text(), any_mask()), |(text, mask)| {
        let masked = mask.text(&text);
        let filler = characters(mask.filler());
        let found = characters(&masked);
        let shown = |it: &str| characters(it) <= 4;
        match mask.kind() {
            MaskKind::Email if masked != mask.filler() => {
                let (local, domain) = masked.split_once('@').expect("an address");
                let (first, last) = local.split_once(mask.filler()).expect("a filler");
                // Asterisks of the value may stand first.
                let whole = characters(local) - filler <= 8;
                prop_assert!(whole && (shown(first) || first.is_empty()), "{masked}");
                prop_assert!(characters(last) <= 8, "{masked}");
                let before = text
                    .trim()
                    .rsplit_once('@')
                    .map_or(0, |(it, _)| characters(it));
                let all = local == mask.filler();
                prop_assert!(all || before >= characters(local) - filler + 2, "{masked}");
                prop_assert!(
                    domain == mask.filler() || text.nfc().collect::<String>().contains(domain)
                );
            }
            MaskKind::Email | MaskKind::Address | MaskKind::Whole => {
                prop_assert_eq!(&masked, mask.filler());
            }
            MaskKind::Phone => {
                prop_assert!(found <= 1 + 4 + filler + 4, "{masked}");
                let digits = |it: &str| it.chars().filter(char::is_ascii_digit).count();
                let all = text.chars().filter(|c| c.is_numeric()).count();
                prop_assert!(
                    masked == mask.filler() || all >= digits(&masked) + 5,
                    "{masked}"
                );
            }
            MaskKind::Name => {
                prop_assert!(found <= 4 + filler + 4, "{masked}");
                let all = characters(text.trim());
                prop_assert!(
                    masked == mask.filler() || all >= found - filler + 2,
                    "{masked}"
                );
            }
            MaskKind::Hidden => prop_assert_eq!(masked, ""),
        }
        Ok(())
    });
}

/// Any text, any mask: something comes out, the same with or without a buffer, and again.
#[test]
fn every_text_is_masked() {
    holds(
        (likely_text(), any_text(), any_mask()),
        |(text, before, mask)| {
            let masked = mask.text(&text);
            let mut buffer = before.clone();
            mask.write_into(&text, &mut buffer);
            prop_assert_eq!(&buffer, &format!("{before}{masked}"));
            prop_assert!(masked.contains(mask.filler()));
            let forms: [String; 4] = [
                masked.clone(),
                masked.nfd().collect(),
                masked.nfkc().collect(),
                masked.nfkd().collect(),
            ];
            for form in forms {
                prop_assert!(mask.is_masked(&form), "{form} could be saved");
            }
            for component in ["value", "street"] {
                let key = mask.search_key(component, &text);
                let again = mask.search_key(component, &key);
                // A phone number's key may be none that punctuation was left out of.
                prop_assert!(
                    again == key || mask.kind() == MaskKind::Phone,
                    "{key:?} {again:?}"
                );
                let unseen = |c: char| shows_nothing(c) || is_joiner(c) || c.is_control();
                prop_assert!(!key.contains(unseen), "{key:?}");
            }
            Ok(())
        },
    );
}

/// A long secret amid asterisks and whatever else never comes out.
#[test]
fn asterisks_are_no_way_around() {
    const SECRET: &str = "s3cr3t-4711-p4yl04d";
    let secret = proptest::sample::select(&[SECRET, "47114711471147114711", "秘密の言葉です"][..]);
    holds(
        (any_text(), any_text(), secret, any_mask()),
        |(before, after, secret, mask)| {
            for text in [
                format!("{before}{secret}{after}"),
                format!("***{before}{secret}***{after}"),
                format!("{secret}@{after}"),
                format!("{before}***{secret}@***"),
                format!("+***{secret}"),
            ] {
                let masked = mask.text(&text);
                // A domain that is kept is meant to show.
                let (local, domain) = masked.rsplit_once('@').unwrap_or((&masked, ""));
                let kept = mask.kind() == MaskKind::Email && domain.contains(secret);
                prop_assert!(
                    !local.contains(secret) && (kept || !masked.contains(secret)),
                    "{masked}"
                );
            }
            Ok(())
        },
    );
}

#[test]
fn composed_and_decomposed_forms_are_masked_alike() {
    let parts = proptest::collection::vec(any_text(), 5);
    holds(
        (any_text(), text_of(is_plain), parts, any_mask()),
        |(text, plain, parts, mask)| {
            let nfc = |text: &str| text.nfc().collect::<String>();
            let nfd = |text: &str| text.nfd().collect::<String>();
            for text in [
                text.clone(),
                format!("é{text}@{plain}"),
                format!("{plain}é@ü{plain}.example"),
            ] {
                let (composed, decomposed) = (nfc(&text), nfd(&text));
                prop_assert_eq!(mask.text(&composed), mask.text(&decomposed), "{:?}", text);
                prop_assert_eq!(
                    mask.search_key("value", &composed),
                    mask.search_key("value", &decomposed)
                );
            }
            let address = |parts: &[String]| {
                let shown = AddressComponent::EVERY.iter().zip(parts);
                mask.address_text(
                    &shown.fold(Address::new(), |it, (&part, text)| it.with(part, text)),
                )
            };
            let composed: Vec<String> = parts.iter().map(|it| nfc(it)).collect();
            let decomposed: Vec<String> = parts.iter().map(|it| nfd(it)).collect();
            prop_assert_eq!(address(&composed), address(&decomposed));
            Ok(())
        },
    );
}

/// Found by chance: U+1D250 is a mark by newer tables than those that tell clusters apart, and showed as a
/// character of its own in one of the forms.
#[test]
fn a_mark_newer_than_the_tables_of_clusters_is_masked_alike_in_every_form() {
    let newer: Vec<char> = ('\0'..=char::MAX).filter(|&c| is_newer_mark(c)).collect();
    assert!(
        newer.contains(&'\u{1d250}'),
        "the tables are of one version now: {newer:?}"
    );
    for kind in [MaskKind::Name, MaskKind::Email] {
        let mask = Mask::try_from(&MaskDocument {
            first: Some(1),
            last: Some(0),
            filler: None,
            keep_domain: kind == MaskKind::Email,
            kind,
        })
        .unwrap();
        for c in &newer {
            for text in ["é*@", "ab é*cd", "é*", "é*bcd@e.example", "abcd@é*.example"] {
                let text = text.replace('*', &c.to_string());
                let (composed, decomposed): (String, String) =
                    (text.nfc().collect(), text.nfd().collect());
                assert_eq!(mask.text(&composed), mask.text(&decomposed), "{text:?}");
            }
        }
    }
}

/// Any two users of whom one is granted at least as much: what the lesser sees, the greater sees.
#[test]
fn more_grants_only_ever_reveal_more() {
    use bailiwick::mask::View;
    let engine = world::engine();
    let widen = |view: View| match view {
        View::Hidden => 0,
        View::Masked => 1,
        View::Clear => 2,
    };
    let grants = || proptest::array::uniform6(0..4_usize);
    let owner = proptest::sample::select(&["below", "beside", "", "self"][..]);
    let contributor = proptest::option::of(Just("self"));
    holds(
        (grants(), grants(), owner, contributor),
        |(mut less, mut added, owner, by)| {
            for grants in [&mut less, &mut added] {
                grants[4] &= 1;
                grants[5] &= 1;
            }
            let more: world::Grants = std::array::from_fn(|i| less[i].max(added[i]));
            let seen = |grants: &world::Grants| -> Vec<u8> {
                let user = world::user(grants);
                let person = Record::of("person").id("7");
                let person = match owner {
                    "" => person,
                    "self" => person.owner(&user),
                    owner => person.owner(owner),
                };
                let access = engine.fields(&*user, &person);
                let contributor = by.map(|_| &*user);
                let views = access.paths().map(|path| {
                    let field = access.field(path).unwrap().for_contributor(contributor);
                    widen(field.view())
                });
                views.collect()
            };
            let (less_seen, more_seen) = (seen(&less), seen(&more));
            let wider = less_seen
                .iter()
                .zip(&more_seen)
                .all(|(less, more)| less <= more);
            prop_assert!(wider, "{less:?} {less_seen:?} but {more:?} {more_seen:?}");
            Ok(())
        },
    );
}
