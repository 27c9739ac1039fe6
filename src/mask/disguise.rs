//! Masks that come back, in whatever disguise: escaped for a page or an address, in another font, with other
//! signs, or without their signs.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::kinds::Mask;
use super::text::{every_char, is_unshowable};
use super::{email, phone};
use crate::document::{FILLER, MaskKind};
use crate::text::shows_nothing;

/// What is shown of a guarded value that has no mask.
pub(super) const GUARDED: &str = "[masked]";

/// How often a text may have been escaped, each time what was escaped before.
const ROUNDS: usize = 16;

impl Mask {
    /// Returns whether a text has the shape of what a mask puts out: it holds the filler, or three asterisks
    /// (a mask's own filler, before the catalog chose another). Such a text is no value to save.
    ///
    /// Other signs and fonts of asterisks and bullets make no difference, nor do escapes of pages, addresses
    /// and programs (`&#42;`, `%2A`, `\*`), escaped again or not.
    ///
    /// ```
    /// use bailiwick::mask::Mask;
    /// assert!(Mask::email().is_masked("a***@***"));
    /// assert!(Mask::email().is_masked("a***@example.com")); // edited, and masked all the same
    /// assert!(Mask::email().is_masked("a%2A%2A%2A@example.com"));
    /// assert!(!Mask::email().is_masked("ada@example.com"));
    /// ```
    pub fn is_masked(&self, text: &str) -> bool {
        let text = text.trim();
        if self.kind() == MaskKind::Whole && text == self.filler() {
            return true;
        }
        let mut form = text.to_owned();
        for _ in 0..=ROUNDS {
            if self.is_masked_form(&form) {
                return true;
            }
            let plain = unescaped(&form);
            if plain == form {
                return false;
            }
            form = plain;
        }
        // Nobody writes a value so.
        true
    }

    /// Returns whether a text may be saved as a new value of a field with this mask: it is blank, or it is of
    /// the mask's kind and no mask.
    ///
    /// - An e-mail address is what the mask takes for one.
    /// - A phone number is what the mask takes for one, has at least 5 digits, and has not just as many as the
    ///   mask shows: it could be the mask without its asterisks.
    /// - A name has a letter or digit.
    /// - An address, a whole value and a hidden one may be any text.
    ///
    /// ```
    /// use bailiwick::mask::Mask;
    /// assert!(Mask::phone().is_value("+1 (555) 123-4567"));
    /// assert!(!Mask::phone().is_value("67")); // `***67`, and somebody took the asterisks away
    /// assert!(!Mask::email().is_value("a•••@example.com"));
    /// ```
    pub fn is_value(&self, text: &str) -> bool {
        text.trim().is_empty() || self.kind() == MaskKind::Hidden || {
            self.is_of_kind(text) && !self.is_masked(text)
        }
    }

    fn is_of_kind(&self, text: &str) -> bool {
        match self.kind() {
            MaskKind::Email => email::is_address(text),
            MaskKind::Phone => {
                let shown = usize::from(self.first) + usize::from(self.last);
                phone::digits(text).is_some_and(|it| it >= phone::HIDDEN && it != shown)
            }
            MaskKind::Name => {
                text.chars().any(char::is_alphanumeric)
                    && every_char(text.trim(), |c| !is_unshowable(c))
            }
            MaskKind::Address | MaskKind::Whole | MaskKind::Hidden => true,
        }
    }

    fn is_masked_form(&self, form: &str) -> bool {
        let (seen, filler) = (Seen::of(form), Seen::of(self.filler()));
        let is_whole = |it: &str| seen.0.trim() == Seen::of(it).0.trim();
        if is_whole(GUARDED) || seen.0.contains(&Seen::of(FILLER).0) {
            return true;
        }
        let by_filler = !filler.0.trim().is_empty() && seen.0.contains(filler.0.trim());
        match self.kind() {
            MaskKind::Whole => {
                let is_visible = !filler.0.trim().is_empty();
                (is_visible && is_whole(self.filler())) || seen.is_filler()
            }
            MaskKind::Address => by_filler || seen.is_filler() || seen.signs() > 1,
            MaskKind::Name => by_filler || seen.signs() > 0 || seen.0.contains("..."),
            MaskKind::Email => {
                let has_bullet = seen.0.contains(BULLET) || form.contains('…');
                by_filler || has_bullet || seen.signs() > 1
            }
            MaskKind::Phone => by_filler || seen.signs() > 0,
            MaskKind::Hidden => by_filler,
        }
    }
}

/// A text as people see it, without marks and forms of letters; `*` for every asterisk, and one bullet for
/// every sign that fillers are made of, or could be taken for.
struct Seen(String);

const BULLET: char = '•';

impl Seen {
    fn of(text: &str) -> Seen {
        let plain = text
            .nfkd()
            .filter(|c| c.is_whitespace() || !(shows_nothing(*c) || is_combining_mark(*c)));
        Seen(plain.map(sign).collect())
    }

    /// Whether it is signs and nothing else, or the dots of an ellipsis.
    fn is_filler(&self) -> bool {
        let mut seen = self.0.chars().filter(|c| !c.is_whitespace()).peekable();
        let text = self.0.trim();
        text == "..." || (seen.peek().is_some() && seen.all(is_sign))
    }

    /// How many signs stand side by side, at most.
    fn signs(&self) -> usize {
        let (mut most, mut now) = (0, 0);
        for c in self.0.chars() {
            now = if is_sign(c) { now + 1 } else { 0 };
            most = most.max(now);
        }
        most
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '*' | BULLET)
}

fn sign(c: char) -> char {
    match c {
        '*'
        | '٭'
        | '⁎'
        | '⁑'
        | '∗'
        | '⋆'
        | '⊛'
        | '⍟'
        | '⚹'
        | '⧆'
        | '⩮'
        | '꙳'
        | '﹡'
        | '＊'
        | '\u{2042}'
        | '\u{2720}'..='\u{274b}'
        | '\u{1f7af}'..='\u{1f7bf}' => '*',
        // Replacement characters are what is left of any of them after the wrong encoding.
        '\u{2022}'
        | '\u{2023}'
        | '\u{203b}'
        | '\u{2043}'
        | '\u{204c}'
        | '\u{204d}'
        | '\u{2055}'
        | '\u{2219}'
        | '\u{2580}'..='\u{25ff}'
        | '\u{2605}'
        | '\u{2606}'
        | '\u{26aa}'
        | '\u{26ab}'
        | '\u{274d}'
        | '\u{2981}'
        | '\u{29bf}'
        | '\u{2b1b}'..='\u{2b1e}'
        | '\u{2b24}'..='\u{2b2f}'
        | '\u{2b50}'..='\u{2b59}'
        | '\u{fffd}'
        | '\u{1f311}'
        | '\u{1f518}'
        | '\u{1f532}'..='\u{1f535}'
        | '\u{1f780}'..='\u{1f7ae}'
        | '\u{1f7c0}'..='\u{1f7eb}'
        | '\u{1fb00}'..='\u{1fbaf}' => BULLET,
        c => c,
    }
}

// ── Escapes ───────────────────────────────────────────────────────────────────────────────────

/// The text without one round of escapes: of addresses (`%2A`), mails (`=2A`), pages (`&#42;`, `&#x2a;`,
/// `&ast;`), programs (`\u002a`, `\x2a`, `\52`) and Markdown (`\*`).
fn unescaped(text: &str) -> String {
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
    let is_sign = plain.chars().all(|c| is_sign(sign(c)) || c == '…');
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
    const NAMES: [(&str, char); 34] = [
        ("amp", '&'),
        ("ast", '*'),
        ("AMP", '&'),
        ("bigstar", '*'),
        ("blacksquare", BULLET),
        ("block", BULLET),
        ("blk14", BULLET),
        ("blk12", BULLET),
        ("blk34", BULLET),
        ("bsol", '\\'),
        ("bullet", BULLET),
        ("bull", BULLET),
        ("centerdot", BULLET),
        ("equals", '='),
        ("FilledVerySmallSquare", BULLET),
        ("hellip", '…'),
        ("lowast", '*'),
        ("lsqb", '['),
        ("lbrack", '['),
        ("midast", '*'),
        ("mldr", '…'),
        ("nbsp", ' '),
        ("num", '#'),
        ("percnt", '%'),
        ("rsqb", ']'),
        ("rbrack", ']'),
        ("semi", ';'),
        ("shy", '\u{ad}'),
        ("squarf", BULLET),
        ("squf", BULLET),
        ("starf", '*'),
        ("star", '*'),
        ("zwj", '\u{200d}'),
        ("zwnj", '\u{200c}'),
    ];
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
    let (name, plain) = NAMES.iter().find(|(name, _)| after.starts_with(name))?;
    Some((plain.to_string(), with_end(1 + name.len())))
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
    // Octal as in C, hexadecimal as in style sheets, of signs alone: any other may be a plain digit.
    let coded = [(8, 3), (16, 6)]
        .into_iter()
        .find_map(|(radix, most)| of_sign(digits(after, radix, most)?, 1));
    coded.or_else(|| Some((String::new(), 1)))
}
