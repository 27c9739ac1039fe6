//! E-mail addresses.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Mask;
use super::text::{begins_plainly, ends, every_char, is_showable, is_unshowable, push_shown};

/// Characters before the `@` that stay hidden at least.
pub(super) const HIDDEN: usize = 2;

/// The parts of an address that may show.
struct Parts<'v> {
    /// What stands before the `@`; `None` of a quoted text.
    local: Option<&'v str>,
    /// The domain; `None` of an IP address, and of what is no name of a domain.
    domain: Option<&'v str>,
}

pub(super) fn write(value: &str, mask: &Mask, out: &mut String) {
    let Some(parts) = split(value.trim()) else {
        return out.push_str(&mask.filler);
    };
    let shown = parts
        .local
        .and_then(|local| ends(local, mask.first, mask.last, HIDDEN));
    let (first, last) = shown.unwrap_or_default();
    push_shown(first, out);
    out.push_str(&mask.filler);
    push_shown(last, out);
    out.push('@');
    match parts.domain.filter(|_| mask.keep_domain) {
        Some(domain) => push_shown(domain, out),
        None => out.push_str(&mask.filler),
    }
}

/// Returns whether a text is an address.
pub(super) fn is_address(value: &str) -> bool {
    split(value.trim()).is_some()
}

/// The parts of the value, if it is an address.
fn split(value: &str) -> Option<Parts<'_>> {
    let (local, domain) = match value.strip_prefix('"') {
        Some(quoted) => (None, after_quoted(quoted)?.strip_prefix('@')?),
        None => {
            let (local, domain) = value.split_once('@')?;
            (Some(local), domain)
        }
    };
    if let Some(local) = local
        && !(begins_plainly(local) && every_char(local, is_of_local))
    {
        return None;
    }
    let literal = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(literal) = literal {
        let is_literal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-');
        let sound = !literal.is_empty() && literal.chars().all(is_literal);
        return sound.then_some(Parts {
            local,
            domain: None,
        });
    }
    let mut last = "";
    let mut dots = 0;
    let mut is_of_names = true;
    for (at, label) in domain.split(['.', '。', '．', '｡']).enumerate() {
        if !(begins_plainly(label) && every_char(label, is_of_domain)) {
            return None;
        }
        (last, dots) = (label, at);
        is_of_names &= is_name(label);
    }
    is_of_one_script(last).then_some(Parts {
        local,
        domain: (dots > 0 && is_of_names && is_top_level(last)).then_some(domain),
    })
}

/// Returns whether a part of a domain may show: it has a letter that is no numeral of some script. A number
/// (`555.123.4567`, `五五五.一二三`) may stand where a domain should, and must not show whole; nor what would have
/// to be decoded to tell (`xn--…`).
fn is_name(label: &str) -> bool {
    let plain = || label.nfkd();
    let begins = plain().take(4).map(|c| c.to_ascii_lowercase());
    let is_encoded = begins.eq("xn--".chars());
    !is_encoded && plain().any(|c| c.is_alphabetic() && !is_numeral(c))
}

/// Returns whether a domain may end so.
fn is_top_level(label: &str) -> bool {
    every_char(label, |c| {
        let is_letter = c.is_alphabetic() && !c.is_numeric();
        is_letter || is_combining_mark(c) || is_joined_in_domain(c)
    })
}

/// Returns whether a character is a digit or a number. Chinese ones are letters to Unicode.
fn is_numeral(c: char) -> bool {
    const IDEOGRAPHS: &str = "零一二三四五六七八九十百千万萬亿億兆幺两兩廿卅卌弌弍弎壹壱弐贰貳貮叁叄参參肆伍陆陸漆柒捌玖拾佰仟";
    c.is_numeric() || IDEOGRAPHS.contains(c)
}

/// What follows the quote that ends a quoted text.
fn after_quoted(text: &str) -> Option<&str> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if !is_showable(c) => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return text.get(at + 1..),
            _ => {}
        }
    }
    None
}

fn is_of_local(c: char) -> bool {
    !c.is_whitespace()
        && is_showable(c)
        && !matches!(
            c,
            '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | '\\' | ']' | '@'
        )
}

/// What follows a domain, punctuation of any script or a sign, must not pass for a part of it: a
/// domain may show whole.
fn is_of_domain(c: char) -> bool {
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || c == '-' || c == '_',
        false => {
            (c.is_alphanumeric() || is_combining_mark(c) || is_joined_in_domain(c))
                && !is_unshowable(c)
        }
    }
}

/// No top-level domain mixes Latin letters with those of another script: what follows one so is something
/// else, and must not show with it.
fn is_of_one_script(label: &str) -> bool {
    let letters = || {
        label
            .nfd()
            .filter(|c| !is_combining_mark(*c) && !matches!(c, '-' | '_'))
    };
    let is_latin = |c: char| c < '\u{250}' && c.is_alphanumeric();
    letters().all(is_latin) || !letters().any(is_latin)
}

/// What names in domains hold beside letters and digits (RFC 5892, contextual rules): joiners,
/// `l·l`, the Greek and Hebrew signs for numbers, the Japanese middle dot.
fn is_joined_in_domain(c: char) -> bool {
    matches!(
        c,
        '\u{200c}' | '\u{200d}' | '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{30fb}'
    )
}
