//! Texts as people search them.

use unicode_normalization::UnicodeNormalization;

use super::{case, shows_nothing};

/// The text without what makes no difference to whoever searches: upper and lower case by full case
/// folding, full and half width and other compatible forms (NFKC), the kinds of apostrophe and blank, and
/// characters that show nothing.
///
/// Folding a folded text changes nothing. The forms NFC and NFD of a text fold alike.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        let seen = text.chars().filter(|c| is_kept(*c)).map(unified);
        return seen.map(|c| c.to_ascii_lowercase()).collect();
    }
    // Once more, since what showed nothing may have stood between characters that compose, and what they
    // compose may fold.
    let once = cased(text.nfkc()).into_iter().filter(|c| is_kept(*c));
    let twice = cased(once.nfkc()).into_iter().filter(|c| is_kept(*c));
    twice.map(unified).nfkc().collect()
}

fn cased(chars: impl Iterator<Item = char>) -> Vec<char> {
    let mut folded = Vec::with_capacity(chars.size_hint().0);
    for c in chars {
        case::fold(c, |it| folded.push(it));
    }
    folded
}

/// White space stays, even where it is a control character.
fn is_kept(c: char) -> bool {
    c.is_whitespace() || !shows_nothing(c)
}

/// One character for those that keyboards and word processors exchange for one another.
fn unified(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_forms_apostrophes_and_what_shows_nothing_make_no_difference() {
        for (one, other) in [
            ("ΟΔΟΣ", "οδος"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
            ("WEISS", "weiß"),
            ("WEIẞ", "weiss"),
            ("ﬁnance", "FINANCE"),
            ("café", "CAFE\u{301}"),
            ("ΐ", "Ϊ\u{301}"),
            ("ᾳ", "ΑΙ"),
            ("O'Brien", "o\u{2019}brien"),
            ("O\u{2018}Brien", "O\u{2bc}BRIEN"),
            ("ŉ", "'N"),
            ("ＦＵＬＬ　ｗｉｄｔｈ", "full width"),
            ("co\u{ad}operate", "cooperate"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("e\u{34f}\u{301}", "é"),
            ("a\u{a0}b", "a\tb"),
            ("ᏣᎳᎩ", "ꮳꮃꭹ"),
        ] {
            assert_eq!(folded(one), folded(other), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("ı", "i"),
            ("é", "e"),
            ("ø", "o"),
            ("a b", "ab"),
            ("о", "o"),
        ] {
            assert_ne!(folded(one), folded(other), "{one:?} {other:?}");
        }
    }

    /// Another crate's table, of the same version of Unicode, written by other hands; NUL fills it up, and so
    /// cannot be asked of it.
    #[test]
    fn every_character_folds_as_unicode_says() {
        use caseless::Caseless;
        assert_eq!(caseless::UNICODE_VERSION, (16, 0, 0));
        for c in ('\0'..=char::MAX).filter(|c| *c != '\0') {
            let theirs: String = std::iter::once(c).default_case_fold().collect();
            let mut ours = String::new();
            case::fold(c, |it| ours.push(it));
            assert_eq!(ours, theirs, "{c:?}");
        }
    }

    /// With every character that is not always left as it is: between letters, and with marks after it.
    #[test]
    fn a_folded_text_stays_and_every_form_folds_alike() {
        use unicode_normalization::char::canonical_combining_class;
        let changes = |c: char| {
            let text = c.to_string();
            canonical_combining_class(c) != 0
                || folded(&text) != text
                || !text.chars().nfkd().eq([c])
        };
        for c in ('\0'..=char::MAX).filter(|c| changes(*c)) {
            for text in [
                c.to_string(),
                format!("S{c}\u{301}\u{345}"),
                format!("o\u{308}{c}\u{301}"),
            ] {
                let once = folded(&text);
                assert_eq!(folded(&once), once, "{text:?}");
                for form in [
                    text.nfc().collect::<String>(),
                    text.nfd().collect(),
                    text.nfkc().collect(),
                    text.nfkd().collect(),
                ] {
                    assert_eq!(folded(&form), once, "{text:?} as {form:?}");
                }
                assert!(
                    !once.chars().any(|c| shows_nothing(c) || c.is_control()),
                    "{text:?}"
                );
            }
        }
    }

    /// As Unicode says when two texts match without regard to case and compatible forms (D146).
    #[test]
    fn what_matches_without_case_folds_alike() {
        use caseless::Caseless;
        for c in ('\0'..=char::MAX).filter(|c| *c != '\0') {
            let text = c.to_string();
            for other in [text.to_lowercase(), text.to_uppercase()] {
                let matched = text.chars().compatibility_caseless_match(other.chars());
                if matched {
                    assert_eq!(folded(&text), folded(&other), "{text:?} {other:?}");
                }
            }
        }
    }
}
