//! What the kinds of mask have in common: characters, as people count them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;
use unicode_segmentation::UnicodeSegmentation;

/// Whether a character has no place in a line of text: control and direction characters, line
/// separators, tags.
///
/// Joiners (U+200C, U+200D) do: Persian names and emoji need them.
pub(super) fn is_unshowable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Whether every character is accepted, each decomposed: the NFC and NFD forms of a text have the
/// same decomposed characters, so that both are accepted or neither.
pub(super) fn every_char(text: &str, mut accept: impl FnMut(char) -> bool) -> bool {
    text.chars().all(|c| {
        if c.is_ascii() {
            return accept(c);
        }
        let mut accepted = true;
        decompose_canonical(c, |part| accepted &= accept(part));
        accepted
    })
}

/// Whether the text begins as one: not with a mark that would sit on whatever stands before it.
pub(super) fn begins_plainly(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii() || !unicode_normalization::char::is_combining_mark(c))
}

/// What shows, in NFC: the NFC and NFD forms of a text show alike, byte for byte.
pub(super) fn push_shown(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
    } else {
        out.extend(text.nfc());
    }
}

/// The first and the last characters of a text, if at least `hidden` others remain.
///
/// The text holds nothing [unshowable](is_unshowable). Characters are grapheme clusters; their
/// boundaries are the same in NFC and NFD. Without last characters it stops as soon as there are
/// enough, so that a long text costs no more than a short one.
pub(super) fn ends(text: &str, first: u8, last: u8, hidden: usize) -> Option<(&str, &str)> {
    let (first, last) = (usize::from(first), usize::from(last));
    if text.is_ascii() {
        // A byte is a character: the one ASCII cluster of two, CR LF, is unshowable.
        if text.len() < first + hidden + last {
            return None;
        }
        return Some((text.get(..first)?, text.get(text.len() - last..)?));
    }
    let mut head = 0;
    // Where the last characters so far begin; MOST_SHOWN of them are enough.
    let mut tail = [0; crate::document::MOST_SHOWN as usize];
    let mut count = 0;
    for (start, _) in text.grapheme_indices(true) {
        if count == first {
            head = start;
        }
        tail.rotate_left(1);
        if let Some(newest) = tail.last_mut() {
            *newest = start;
        }
        count += 1;
        if last == 0 && count >= first + hidden {
            break;
        }
    }
    if count < first + hidden + last {
        return None;
    }
    let tail = match last {
        0 => text.len(),
        last => *tail.get(tail.len().checked_sub(last)?)?,
    };
    Some((text.get(..head)?, text.get(tail..)?))
}

/// The text as equality sees it (M5): in NFKC, lower case, blanks and dots around it gone, one blank
/// for several; without any where it is a number of some kind.
pub(super) fn normalised(text: &str, with_blanks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    let folded = text.nfkc().flat_map(char::to_lowercase).nfkc();
    for c in folded.filter(|&c| !is_unshowable(c) || c.is_whitespace()) {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if blank && with_blanks && !out.is_empty() {
            out.push(' ');
        }
        blank = false;
        // The dashes that keyboards and word processors exchange for one another.
        out.push(match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            c => c,
        });
    }
    let kept = out.trim_matches(['.', ',', ' ']).len();
    if kept < out.len() {
        out = out.trim_matches(['.', ',', ' ']).to_owned();
    }
    out
}
