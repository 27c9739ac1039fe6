//! Masks that come back, in whatever disguise: escaped for a page or an address, in another font, with other
//! signs, or without their signs.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::escapes::{recoded, unescaped};
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
    /// and programs (`&#42;`, `%2A`, `\*`), escaped again or not, nor the wrong encoding (`â€¢` or `?` for `•`).
    ///
    /// ```
    /// use bailiwick::mask::Mask;
    /// assert!(Mask::email().is_masked("a***@***"));
    /// assert!(Mask::email().is_masked("a***@example.com")); // edited, and masked all the same
    /// assert!(Mask::email().is_masked("a%2A%2A%2A@example.com"));
    /// assert!(!Mask::email().is_masked("ada@example.com"));
    /// ```
    pub fn is_masked(&self, text: &str) -> bool {
        // Blanks at its end may be bytes of the last sign: they are taken off where forms are compared.
        if self.kind() == MaskKind::Whole && text.trim() == self.filler() {
            return true;
        }
        let mut form = text.to_owned();
        for _ in 0..=ROUNDS {
            if self.is_masked_form(&form) {
                return true;
            }
            let mut plain = unescaped(&form);
            if plain == form {
                plain = recoded(&form);
            }
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
    /// - An address, a whole value and a hidden one may be any text that is no mask; a guarded value without
    ///   a mask shows as `[masked]`.
    ///
    /// One letter is a name, and may be what is left of `A***`: [`Field::replace`](super::Field::replace),
    /// which knows the old value, refuses that.
    ///
    /// ```
    /// use bailiwick::mask::Mask;
    /// assert!(Mask::phone().is_value("+1 (555) 123-4567"));
    /// assert!(!Mask::phone().is_value("67")); // `***67`, and somebody took the asterisks away
    /// assert!(!Mask::email().is_value("a•••@example.com"));
    /// ```
    pub fn is_value(&self, text: &str) -> bool {
        text.trim().is_empty() || (self.is_of_kind(text) && !self.is_masked(text))
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
        if as_whole(form) == as_whole(GUARDED) || seen.0.contains(&Seen::of(FILLER).0) {
            return true;
        }
        let by_filler = !filler.0.trim().is_empty() && seen.0.contains(filler.0.trim());
        let is_damaged = self.is_damaged(form);
        match self.kind() {
            MaskKind::Whole | MaskKind::Hidden => {
                let filler = as_whole(self.filler());
                (!filler.is_empty() && filler == as_whole(form)) || seen.is_filler() || is_damaged
            }
            MaskKind::Address => by_filler || seen.is_filler() || seen.signs() > 1 || is_damaged,
            MaskKind::Name => {
                let is_dotted = seen.0.contains("...") || has_outer_dot(&seen.0);
                by_filler || seen.signs() > 0 || is_dotted || is_damaged
            }
            MaskKind::Email => {
                let has_bullet = seen.0.contains(BULLET) || form.contains('…');
                let local = seen.0.split('@').next().unwrap_or_default();
                by_filler || has_bullet || seen.signs() > 1 || has_outer_dot(local) || is_damaged
            }
            MaskKind::Phone => by_filler || seen.signs() > 0 || is_damaged,
        }
    }

    /// Returns whether it is a mask whose filler went through an encoding that does not have its signs: `?` stands for
    /// each, or what Latin-1 shows of their bytes.
    fn is_damaged(&self, form: &str) -> bool {
        let filler = self.filler();
        if filler.is_ascii() {
            return false;
        }
        let stripped = without_controls(filler);
        let stripped = stripped.trim();
        let form: String = form.nfc().collect();
        let (first, last) = (usize::from(self.first), usize::from(self.last));
        match self.kind() {
            MaskKind::Whole | MaskKind::Hidden => {
                form.trim() == stripped || is_lost(form.trim(), filler)
            }
            MaskKind::Address => {
                let mut parts = form.split([',', ' ', '\n']);
                parts.any(|it| holds_stripped(it, stripped) || is_lost(it, filler))
            }
            MaskKind::Name => {
                holds_stripped(&form, stripped) || has_lost(form.trim(), first, last, filler)
            }
            MaskKind::Email => {
                let local = form.split('@').next().unwrap_or_default();
                holds_stripped(&form, stripped) || has_lost(local.trim(), first, last, filler)
            }
            MaskKind::Phone => holds_stripped(&form, stripped),
        }
    }

    /// Returns whether a new value is what the mask of the old one leaves where its filler is taken away, or where
    /// signs that are no part of a value stand in its place: `A` for `A***`, `00067` for `***67`.
    ///
    /// It tells nothing that the mask of the old value does not.
    pub(super) fn is_rest_of(&self, old: &str, new: &str) -> bool {
        let shown = self.text(old);
        let folded = |text: &str| Seen::of(text).0.trim().to_lowercase();
        let Some((head, tail)) = shown.split_once(self.filler()) else {
            return false;
        };
        let (head, tail, new) = (folded(head), folded(tail), folded(new));
        let rest = new
            .strip_prefix(&*head)
            .and_then(|it| it.strip_suffix(&*tail));
        let is_phone = self.kind() == MaskKind::Phone;
        let is_no_part = |c: char| !c.is_alphanumeric() || (is_phone && c == '0');
        // `A.` is an initial.
        let is_junk = |rest: &str| rest != "." && rest.chars().all(is_no_part);
        !(head.is_empty() && tail.is_empty()) && rest.is_some_and(is_junk)
    }
}

/// A text that is to be compared as a whole: as people see it, whatever its letters' case, dashes and blanks; a
/// plus sign is a blank of an address.
fn as_whole(text: &str) -> String {
    let seen = Seen::of(text).0.to_lowercase();
    let plain = seen.chars().map(|c| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '+' => ' ',
        c => c,
    });
    let plain: String = plain.collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ")
}

/// What Latin-1 shows of a text's bytes where control characters are taken out on the way.
fn without_controls(text: &str) -> String {
    let shown = text.bytes().map(char::from).filter(|c| !c.is_control());
    shown.collect()
}

/// A single letter is one of a value, too.
fn holds_stripped(form: &str, stripped: &str) -> bool {
    stripped.chars().nth(1).is_some() && form.contains(stripped)
}

/// Returns whether the text is so many characters, the filler with its signs lost, and so many again, at most.
fn has_lost(text: &str, first: usize, last: usize, filler: &str) -> bool {
    if !text.contains(LOST) {
        return false;
    }
    let ends: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
    let ends: Vec<usize> = ends.into_iter().chain([text.len()]).collect();
    let starts = ends.iter().take(first + 1);
    starts.copied().any(|start| {
        let mut stops = ends.iter().rev().take(last + 1);
        stops.any(|stop| text.get(start..*stop).is_some_and(|it| is_lost(it, filler)))
    })
}

const LOST: [char; 2] = ['?', '\u{fffd}'];

/// Returns whether the text is the filler with something in place of its signs: of several side by side, at least two.
fn is_lost(text: &str, filler: &str) -> bool {
    let mut rest = text;
    let mut filler = filler.chars().peekable();
    while let Some(c) = filler.next() {
        if c.is_ascii() {
            let Some(after) = rest.strip_prefix(c) else {
                return false;
            };
            rest = after;
            continue;
        }
        let mut several = false;
        while filler.next_if(|it| !it.is_ascii()).is_some() {
            several = true;
        }
        let after = rest.trim_start_matches(LOST);
        let lost = rest.chars().count() - after.chars().count();
        if lost < 1 + usize::from(several) {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// Returns whether a dot that joins words stands where none is to be joined.
fn has_outer_dot(seen: &str) -> bool {
    let seen = seen.trim();
    seen.starts_with(DOT) || seen.ends_with(DOT)
}

/// A text as people see it, without marks and forms of letters; `*` for every asterisk, and one bullet for
/// every sign that fillers are made of, or could be taken for; and one dot for every dot that joins words.
struct Seen(String);

const BULLET: char = '•';

/// Stands for a bullet beside another one.
const DOT: char = '·';

impl Seen {
    fn of(text: &str) -> Seen {
        let plain = text
            .nfkd()
            .filter(|c| c.is_whitespace() || !(shows_nothing(*c) || is_combining_mark(*c)));
        Seen(plain.map(sign).collect())
    }

    /// Returns whether it is signs and nothing else, or the dots of an ellipsis.
    fn is_filler(&self) -> bool {
        let mut seen = self.0.chars().filter(|c| !c.is_whitespace()).peekable();
        let text = self.0.trim();
        text == "..." || (seen.peek().is_some() && seen.all(is_sign))
    }

    /// How many signs stand side by side, at most, blanks between them or not; a single dot is none.
    fn signs(&self) -> usize {
        let (mut most, mut now) = (0, 0);
        for c in self.0.chars().filter(|c| !c.is_whitespace()) {
            now = if is_sign(c) { now + 1 } else { 0 };
            if (now, c) != (1, DOT) {
                most = most.max(now);
            }
        }
        most
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '*' | BULLET | DOT)
}

/// Returns whether a character may stand for a sign of a filler.
pub(super) fn stands_for_sign(c: char) -> bool {
    is_sign(sign(c)) || c == '…'
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
        | '\u{29eb}'
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
        '\u{b0}' | '\u{b7}' | '\u{1427}' | '\u{16eb}' | '\u{2027}' | '\u{2218}' | '\u{2299}'
        | '\u{229a}' | '\u{22c5}' | '\u{2e30}' | '\u{2e31}' | '\u{2e33}' | '\u{30fb}'
        | '\u{a78f}' | '\u{10101}' => DOT,
        c => c,
    }
}
