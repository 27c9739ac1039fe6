//! Texts as they were before something on the way escaped them, or read them in the wrong encoding.

use unicode_normalization::UnicodeNormalization;

use super::disguise::stands_for_sign;
use super::references;

/// The text without one round of escapes: of addresses (`%2A`), mails (`=2A`), pages (`&#42;`, `&#x2a;`,
/// `&ast;`), programs (`\u002a`, `\x2a`, `\52`, bytes too) and Markdown (`\*`).
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = match c {
            '%' | '=' => by_bytes(rest, c),
            '&' => of_page(rest),
            '\\' => of_program(rest),
            _ => None,
        };
        let length = match found {
            Some((plain, length)) => {
                out.push_str(&plain);
                length
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// The text without one round of the wrong encoding: bytes of UTF-8 that were read as Windows-1252 or Latin-1
/// (`â€¢` for `•`).
///
/// A square or circle whose last byte got lost on the way is a bullet all the same.
pub(super) fn recoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let chars: Vec<char> = text.nfc().collect();
    let mut out = String::with_capacity(text.len());
    let mut rest = chars.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if let Some((plain, length)) = of_bytes(rest) {
            out.push(plain);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// The character whose bytes the first characters are, and how many these are.
fn of_bytes(text: &[char]) -> Option<(char, usize)> {
    let lead = byte(*text.first()?)?;
    let length = match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [0; 4];
    let mut found = 0;
    for (place, c) in bytes.iter_mut().zip(text.iter().take(length)) {
        match byte(*c) {
            Some(byte) if found == 0 || (0x80..0xc0).contains(&byte) => *place = byte,
            _ => break,
        }
        found += 1;
    }
    if found == length {
        let plain = std::str::from_utf8(bytes.get(..length)?).ok()?;
        return Some((plain.chars().next()?, length));
    }
    let is_shape = found == 2 && matches!(bytes, [0xe2, 0x96 | 0x97, ..]);
    let is_lost = |c: &&char| matches!(c, ' ' | '?' | '\u{fffd}');
    let lost = text.get(found..)?.first().filter(is_lost);
    is_shape.then_some(('•', found + usize::from(lost.is_some())))
}

/// The byte that Windows-1252 or Latin-1 shows so, of those above ASCII.
fn byte(c: char) -> Option<u8> {
    /// What Windows-1252 has from 0x80 on; the others are Latin-1's.
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    if ('\u{80}'..='\u{ff}').contains(&c) {
        return u8::try_from(u32::from(c)).ok();
    }
    let at = HIGH.iter().position(|it| *it == c)?;
    Some(0x80 + at as u8)
}

/// What stands for the first bytes of a text, and how many they are.
type Plain = Option<(String, usize)>;

fn of_code(code: u32, length: usize) -> Plain {
    // What browsers take these for: bytes of Windows-1252.
    let code = match code {
        0x85 => 0x2026,
        0x95 => 0x2022,
        code => code,
    };
    Some((char::from_u32(code)?.to_string(), length))
}

/// A code of so many digits after the first bytes, if it stands for a sign.
fn of_sign((code, count): (u32, usize), before: usize) -> Plain {
    let (plain, length) = of_code(code, before + count)?;
    let is_sign = plain.chars().all(stands_for_sign);
    is_sign.then_some((plain, length))
}

/// The digits at the beginning, at most so many, and how many there are.
fn digits(text: &str, radix: u32, most: usize) -> Option<(u32, usize)> {
    let count = text
        .chars()
        .take(most)
        .take_while(|c| c.is_digit(radix))
        .count();
    Some((u32::from_str_radix(text.get(..count)?, radix).ok()?, count))
}

/// Bytes in hexadecimal, each after the sign; `%u002a` is a character.
fn by_bytes(text: &str, sign: char) -> Plain {
    let after = text.strip_prefix(sign)?;
    if let Some(code) = after.strip_prefix(['u', 'U'])
        && let Some((code, 4)) = digits(code, 16, 4)
    {
        return of_code(code, 6);
    }
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(after) = rest.strip_prefix(sign)
        && let Some((byte, 2)) = digits(after, 16, 2)
    {
        bytes.push(byte as u8);
        rest = rest.get(3..).unwrap_or_default();
    }
    if bytes.is_empty() {
        return None;
    }
    let length = text.len() - rest.len();
    let plain = match String::from_utf8(bytes) {
        Ok(plain) => plain,
        Err(error) => {
            let bytes = error.into_bytes().into_iter();
            let plain = bytes.filter_map(|byte| of_code(u32::from(byte), 1));
            plain.map(|(plain, _)| plain).collect()
        }
    };
    Some((plain, length))
}

/// A reference of a page; the `;` may be missing.
fn of_page(text: &str) -> Plain {
    let after = text.strip_prefix('&')?;
    let with_end = |length: usize| {
        length + usize::from(text.get(length..).is_some_and(|it| it.starts_with(';')))
    };
    if let Some(number) = after.strip_prefix('#') {
        let (number, radix) = match number.strip_prefix(['x', 'X']) {
            Some(number) => (number, 16),
            None => (number, 10),
        };
        let number = number.trim_start_matches('0');
        let (code, count) = digits(number, radix, 7)?;
        let before = text.len() - number.len();
        let length = with_end(before + count);
        let is_ended = length > before + count;
        // Without its end, digits of the text may follow: it ends where it is a sign.
        let early = (1..count).find_map(|most| of_sign(digits(number, radix, most)?, before));
        return early
            .filter(|_| !is_ended)
            .or_else(|| of_code(code, length));
    }
    let (plain, length) = references::find(after)?;
    Some((plain.to_string(), with_end(1 + length)))
}

/// A character after a backslash, by its code or as it is.
fn of_program(text: &str) -> Plain {
    let after = text.strip_prefix('\\')?;
    if after.starts_with('\\') {
        return Some(("\\".to_owned(), 2));
    }
    if let Some(code) = after.strip_prefix(['u', 'U', 'x']) {
        let braced = code.strip_prefix('{');
        let (least, most) = match after.as_bytes().first() {
            Some(b'u') => (4, 4),
            Some(b'U') => (8, 8),
            _ => (2, 2),
        };
        if let Some(code) = braced
            && let Some((code, count)) = digits(code, 16, 6)
        {
            return of_code(code, 4 + count);
        }
        if let Some((code, count)) = digits(code, 16, most)
            && count >= least
        {
            return of_code(code, 2 + count);
        }
    }
    if let Some(found) = of_octal_bytes(text) {
        return Some(found);
    }
    // Octal as in C, hexadecimal as in style sheets, of signs alone: any other may be a plain digit.
    let coded = [(8, 3), (16, 6)]
        .into_iter()
        .find_map(|(radix, most)| of_sign(digits(after, radix, most)?, 1));
    coded.or_else(|| Some((String::new(), 1)))
}

/// Bytes of one character in octal, each after a backslash, as C and Git write them: `\342\200\242`.
fn of_octal_bytes(text: &str) -> Plain {
    let mut bytes = [0; 4];
    let mut rest = text;
    for count in 1..=bytes.len() {
        let (byte, 3) = digits(rest.strip_prefix('\\')?, 8, 3)? else {
            return None;
        };
        *bytes.get_mut(count - 1)? = u8::try_from(byte).ok().filter(|it| *it >= 0x80)?;
        rest = rest.get(4..)?;
        if let Ok(plain) = std::str::from_utf8(bytes.get(..count)?) {
            return Some((plain.to_owned(), 4 * count));
        }
    }
    None
}
