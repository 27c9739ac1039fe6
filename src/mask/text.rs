//! What the kinds of mask have in common: characters, as people count them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{
    canonical_combining_class, decompose_canonical, is_combining_mark,
};
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{folded, shows_nothing};

/// Whether a character has no place in a line of text: line separators, and what shows nothing, so
/// that it would count as a hidden character and hide none.
///
/// Joiners have one: Persian names and emoji need them.
pub(super) fn is_unshowable(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}') || (shows_nothing(c) && !is_joiner(c))
}

/// Returns whether a character may stand where only some characters show. It must show itself, and must
/// not be a mark newer than the tables that tell clusters apart. NFC and NFD order such a mark differently among others, so that the
/// clusters of the two forms would differ.
pub(super) fn is_showable(c: char) -> bool {
    !is_unshowable(c) && !is_newer_mark(c)
}

/// Returns whether a character is a mark by the tables of normal forms, and none by those of clusters.
fn is_newer_mark(c: char) -> bool {
    if c.is_ascii() || canonical_combining_class(c) == 0 {
        return false;
    }
    let mut after_a_letter = [0; 5];
    let (letter, mark) = after_a_letter.split_at_mut(1);
    letter.fill(b'a');
    let length = 1 + c.encode_utf8(mark).len();
    let text = after_a_letter.get(..length).map(std::str::from_utf8);
    text.and_then(Result::ok)
        .is_some_and(|it| it.graphemes(true).nth(1).is_some())
}

/// Whether a character that shows nothing joins the one before it, and so counts for none: of those that
/// are ignorable by default, joiners and variation selectors.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(
        c,
        '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{200c}'
            | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
    )
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

/// Whether the text begins as one: not with a mark or joiner that would sit on whatever stands
/// before it.
pub(super) fn begins_plainly(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii() || !(is_combining_mark(c) || is_joiner(c)))
}

/// What shows, in NFC: the NFC and NFD forms of a text show alike, byte for byte.
pub(super) fn push_shown(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.push_str(text);
    } else {
        out.extend(text.nfc());
    }
}

/// The first and the last characters of a text, if at least `hidden` others remain, blanks not counted:
/// they hide nothing.
///
/// The text holds nothing [unshowable](is_unshowable). Characters are grapheme clusters; their
/// boundaries are the same in NFC and NFD. Without last characters it stops as soon as there are
/// enough, so that a long text costs no more than a short one.
pub(super) fn ends(text: &str, first: u8, last: u8, hidden: usize) -> Option<(&str, &str)> {
    let (first, last) = (usize::from(first), usize::from(last));
    if text.is_ascii() {
        // A byte is a character: the one ASCII cluster of two, CR LF, is unshowable.
        let end = text.len().checked_sub(last)?;
        let between = text.get(first..end)?.bytes();
        if between.filter(|it| *it != b' ').take(hidden).count() < hidden {
            return None;
        }
        return Some((text.get(..first)?, text.get(end..)?));
    }
    let mut clusters = text.grapheme_indices(true);
    let head = match first {
        0 => 0,
        first => {
            let (start, cluster) = clusters.nth(first - 1)?;
            start + cluster.len()
        }
    };
    // Where the last characters so far begin, and whether they hide something.
    let mut tail = [(0, false); crate::document::MOST_SHOWN as usize];
    let tail = tail.get_mut(..last)?;
    let mut between = 0;
    for (count, (start, cluster)) in clusters.enumerate() {
        let mut newest = (start, !cluster.starts_with(char::is_whitespace));
        tail.rotate_left(last.min(1));
        if let Some(place) = tail.last_mut() {
            std::mem::swap(place, &mut newest);
        }
        // What goes over the edge of the tail stays hidden.
        let (_, hides) = newest;
        between += usize::from(count >= last && hides);
        if last == 0 && between >= hidden {
            break;
        }
    }
    if between < hidden {
        return None;
    }
    let end = tail.first().map_or(text.len(), |(start, _)| *start);
    Some((text.get(..head)?, text.get(end..)?))
}

/// The text as equality sees it (M5): [`folded`], blanks and dots around it gone, one blank for several;
/// without any where it is a number of some kind.
pub(super) fn normalised(text: &str, with_blanks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in folded(text).chars() {
        if c == ' ' {
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
    if !with_blanks && !out.is_ascii() {
        // What blanks kept apart may compose.
        out = out.nfkc().collect();
    }
    let kept = out.trim_matches(['.', ',', ' ']).len();
    if kept < out.len() {
        out = out.trim_matches(['.', ',', ' ']).to_owned();
    }
    out
}
