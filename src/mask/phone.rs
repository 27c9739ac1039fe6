//! Phone numbers.

use unicode_normalization::UnicodeNormalization;

use super::Mask;
use super::text::normalised;
use crate::text::shows_nothing;

/// Digits of a number that stay hidden at least; those of an extension do not count.
pub(super) const HIDDEN: usize = 5;

/// The most digits of a number: 15 of E.164, with an international prefix and a trunk `0` before them.
const MOST_DIGITS: usize = 20;

/// What stands between a number and its extension, in lower case and decomposed.
const EXTENSIONS: [&str; 28] = [
    "x",
    "ext",
    "extn",
    "extension",
    "p",
    "w",
    "int",
    "interno",
    "poste",
    "anexo",
    "ramal",
    "dw",
    "durchwahl",
    "app",
    "toestel",
    "tst",
    "wew",
    "linka",
    "anknytning",
    "доб",
    "дод",
    "вн",
    "\u{1102}\u{1162}\u{1109}\u{1165}\u{11ab}",
    "内線",
    "内线",
    "转",
    "轉",
    "ต่อ",
];

pub(super) fn write(value: &str, mask: &Mask, out: &mut String) {
    let (first, last) = (usize::from(mask.first), usize::from(mask.last));
    let shown = Number::of(value).filter(|it| it.count >= first + last + HIDDEN);
    let Some(number) = shown else {
        return out.push_str(&mask.filler);
    };
    if number.plus && first > 0 {
        out.push('+');
    }
    out.extend(number.digits.iter().take(first).copied().map(char::from));
    out.push_str(&mask.filler);
    let rest = number.count - last..number.count;
    let shown = number.digits.get(rest).unwrap_or_default();
    out.extend(shown.iter().copied().map(char::from));
}

/// How many digits a number has, those of its extension not counted.
pub(super) fn digits(value: &str) -> Option<usize> {
    Number::of(value).map(|it| it.count)
}

/// A number as equality sees it (M5): its digits and its extension's. Whether one with a country
/// code and one without are the same cannot be told, so they are not.
pub(super) fn search_key(value: &str) -> String {
    let Some(number) = Number::of(value) else {
        return normalised(value, false);
    };
    let plus = if number.plus { "+" } else { "" };
    let digits = number.digits.iter().take(number.count);
    let digits: String = digits.copied().map(char::from).collect();
    match number.extension.as_str() {
        "" => format!("{plus}{digits}"),
        extension => format!("{plus}{digits}x{extension}"),
    }
}

/// A number, taken apart.
struct Number {
    plus: bool,
    /// `0` to `9`.
    digits: [u8; MOST_DIGITS],
    count: usize,
    extension: Extension,
}

impl Number {
    fn of(value: &str) -> Option<Number> {
        let value = value.trim();
        let value = match value.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &value[4..],
            _ => value,
        };
        if value.is_ascii() {
            Number::read(value.chars())
        } else {
            // Decomposed, so that the NFC and NFD forms read alike.
            Number::read(value.nfd())
        }
    }

    fn read(mut chars: impl Iterator<Item = char>) -> Option<Number> {
        let mut number = Number {
            plus: false,
            digits: [0; MOST_DIGITS],
            count: 0,
            extension: Extension::default(),
        };
        for c in chars.by_ref() {
            if let Some(digit) = digit(c) {
                *number.digits.get_mut(number.count)? = digit;
                number.count += 1;
            } else if c == '+' || c == '＋' {
                if number.plus || number.count > 0 {
                    return None;
                }
                number.plus = true;
            } else if !is_between(c) {
                if number.count < 3 {
                    return None;
                }
                number.extension = Extension::read(c, chars)?;
                break;
            }
        }
        (number.count > 0).then_some(number)
    }
}

/// The digits of an extension; never shown.
#[derive(Default)]
struct Extension {
    digits: [u8; MOST_DIGITS],
    count: usize,
}

impl Extension {
    /// Reads what follows a number: a word or sign for the extension, and its digits.
    fn read(first: char, rest: impl Iterator<Item = char>) -> Option<Extension> {
        let mut extension = Extension::default();
        // The longest word that stands before an extension, in bytes, and more.
        let mut word = [0_u8; 32];
        let mut used = 0;
        let mut signed = false;
        for c in std::iter::once(first).chain(rest) {
            if let Some(digit) = digit(c) {
                *extension.digits.get_mut(extension.count)? = digit;
                extension.count += 1;
            } else if matches!(c, '#' | ';' | ',' | '=' | ':') {
                signed = true;
            } else if !is_between(c) {
                if extension.count > 0 {
                    return None;
                }
                for lower in c.to_lowercase() {
                    let place = word.get_mut(used..used + lower.len_utf8())?;
                    used += lower.encode_utf8(place).len();
                }
            }
        }
        let word = std::str::from_utf8(word.get(..used)?).ok()?;
        let known = EXTENSIONS.contains(&word) || (word.is_empty() && signed);
        (known && extension.count > 0).then_some(extension)
    }

    fn as_str(&self) -> &str {
        let digits = self.digits.get(..self.count).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

/// What people put between digits; also what nobody sees, such as the direction marks that come with a
/// copied number.
fn is_between(c: char) -> bool {
    (c.is_whitespace() || shows_nothing(c)) && !c.is_control()
        || matches!(
            c,
            '-' | '.'
                | '/'
                | '('
                | ')'
                | '_'
                | '['
                | ']'
                | '~'
                | '\t'
                | '·'
                | '（'
                | '）'
                | '－'
                | '～'
                | 'ー'
                | '．'
                | '／'
                | '\u{2010}'..='\u{2015}' | '\u{2212}'
        )
}

/// The zeros of the scripts whose decimal digits numbers are written in.
const ZEROS: [char; 20] = [
    '0', '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '០', '᠐',
    '０',
];

fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c as u8);
    }
    ZEROS.iter().find_map(|&zero| {
        let value = (c as u32).checked_sub(zero as u32)?;
        (value < 10).then(|| b'0' + value as u8)
    })
}
