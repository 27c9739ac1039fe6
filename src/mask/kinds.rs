//! A mask: a kind and its options, ready to be used.

use super::address::{self, Address};
use super::text::{
    begins_plainly, ends, every_char, is_joiner, is_showable, normalised, push_shown,
};
use super::{email, phone};
use crate::document::{AddressComponent, FILLER, MaskDocument, MaskKind};

/// How a value is shown to those who may not see it: a pure function of the value (M2).
///
/// What the tables below call hidden never influences what comes out, nor its length; only whether
/// a value is of the kind at all, and long enough to show anything of it, does. Nothing panics, and
/// asterisks in the value mean nothing. Characters are grapheme clusters. What shows is given in
/// NFC, so that the NFC and NFD forms of one text come out alike.
///
/// A mask costs time in the length of the value, and one allocation; [`Mask::write_into`] none.
///
/// ```
/// use bailiwick::mask::Mask;
/// assert_eq!(Mask::email().text("ada.lovelace@example.com"), "a***@***");
/// assert_eq!(Mask::phone().text("+1 (555) 123-4567"), "***67");
/// assert_eq!(Mask::name().text("Ada Lovelace"), "A***");
/// assert_eq!(Mask::whole().text("12 Main Street"), "***");
/// ```
#[doc = include_str!("formats.md")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Mask {
    kind: MaskKind,
    pub(super) first: u8,
    pub(super) last: u8,
    pub(super) filler: Box<str>,
    pub(super) keep_domain: bool,
}

/// An option of a mask that would break M2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{option}`: {message}")]
pub struct MaskError {
    option: &'static str,
    message: String,
}

impl MaskError {
    /// The option: `first`, `last`, `filler` or `keep_domain`.
    pub fn option(&self) -> &'static str {
        self.option
    }
}

impl TryFrom<&MaskDocument> for Mask {
    type Error = MaskError;

    /// The mask that a document states.
    ///
    /// # Errors
    /// What a catalog is refused for: more than 4 characters at an end (`first = 5`), characters of
    /// a kind that shows none (`kind = "whole", first = 1`), a filler that could be taken for part
    /// of a value (`filler = "x"`), a domain kept of what has none.
    fn try_from(document: &MaskDocument) -> Result<Mask, MaskError> {
        if let Some((option, message)) = document.problems().into_iter().next() {
            return Err(MaskError { option, message });
        }
        Ok(Mask::of(document))
    }
}

impl Mask {
    /// E-mail addresses: the first character before the `@` shows.
    pub fn email() -> Mask {
        Mask::of(&MaskDocument::new(MaskKind::Email))
    }

    /// Phone numbers: the last two digits show.
    pub fn phone() -> Mask {
        Mask::of(&MaskDocument::new(MaskKind::Phone))
    }

    /// Names of persons: the first character shows.
    pub fn name() -> Mask {
        Mask::of(&MaskDocument::new(MaskKind::Name))
    }

    /// Structured postal addresses: street and locality show.
    pub fn address() -> Mask {
        Mask::of(&MaskDocument::new(MaskKind::Address))
    }

    /// Whole values: nothing shows.
    pub fn whole() -> Mask {
        Mask::of(&MaskDocument::new(MaskKind::Whole))
    }

    /// Of a document without problems.
    pub(super) fn of(document: &MaskDocument) -> Mask {
        let (first, last) = match document.kind {
            MaskKind::Email | MaskKind::Name => (1, 0),
            MaskKind::Phone => (0, 2),
            MaskKind::Address | MaskKind::Whole | MaskKind::Hidden => (0, 0),
        };
        let shown = |stated: Option<u32>, default: u8| {
            stated.map_or(default, |it| u8::try_from(it).unwrap_or(default))
        };
        Mask {
            kind: document.kind,
            first: shown(document.first, first),
            last: shown(document.last, last),
            filler: document.filler.as_deref().unwrap_or(FILLER).into(),
            keep_domain: document.keep_domain,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> MaskKind {
        self.kind
    }

    /// What stands for everything that does not show.
    pub fn filler(&self) -> &str {
        &self.filler
    }

    /// The value, masked. A text where an address should be is masked whole; of kind `hidden`
    /// nothing is left.
    pub fn text(&self, value: &str) -> String {
        let mut out = String::with_capacity(self.capacity());
        self.write_into(value, &mut out);
        out
    }

    /// Room for what an ASCII value comes to, whatever it hides.
    fn capacity(&self) -> usize {
        let ends = usize::from(self.first) + usize::from(self.last) + 2;
        let domain = if self.keep_domain { 64 } else { 0 };
        ends + 2 * self.filler.len() + domain
    }

    /// [`Mask::text`], appended to a buffer.
    pub fn write_into(&self, value: &str, out: &mut String) {
        match self.kind {
            MaskKind::Email => email::write(value, self, out),
            MaskKind::Phone => phone::write(value, self, out),
            MaskKind::Name => self.write_name(value, out),
            MaskKind::Address | MaskKind::Whole => out.push_str(&self.filler),
            MaskKind::Hidden => {}
        }
    }

    fn write_name(&self, value: &str, out: &mut String) {
        const HIDDEN: usize = 2;
        let name = value.trim();
        // A blank at the end does not count either where a joiner keeps it from being trimmed.
        let ends_plainly = !name
            .trim_end_matches(is_joiner)
            .ends_with(char::is_whitespace);
        let is_plain = begins_plainly(name) && ends_plainly;
        let shown = (is_plain && every_char(name, is_showable))
            .then(|| ends(name, self.first, self.last, HIDDEN));
        let (first, last) = shown.flatten().unwrap_or_default();
        push_shown(first, out);
        out.push_str(&self.filler);
        push_shown(last, out);
    }

    /// The address, masked, in one line. A mask of another kind masks it whole.
    ///
    /// ```
    /// use bailiwick::document::AddressComponent;
    /// use bailiwick::mask::{Address, Mask};
    /// let street = Address::new().with(AddressComponent::Street, "42nd Street");
    /// let flat = street.with(AddressComponent::BuildingNumber, "7").with(AddressComponent::Apartment, "3");
    /// assert_eq!(Mask::address().address_text(&street), "*** 42nd Street");
    /// assert_eq!(Mask::address().address_text(&flat), "*** 42nd Street");
    /// ```
    pub fn address_text(&self, address: &Address<'_>) -> String {
        let mut out = String::with_capacity(64 + self.filler.len());
        self.write_address_into(address, &mut out);
        out
    }

    /// [`Mask::address_text`], appended to a buffer.
    pub fn write_address_into(&self, address: &Address<'_>, out: &mut String) {
        match self.kind {
            MaskKind::Address => address::write(address, self, out),
            MaskKind::Hidden => {}
            _ => out.push_str(&self.filler),
        }
    }

    /// A component as searches compare it (M5): what the host keeps in an index, and what
    /// [`FieldMatch`](super::FieldMatch) compares. NFC and NFD, upper and lower case (`ß` and `SS`), full and
    /// half width, the kinds of apostrophe, blanks and characters that nobody sees make no difference; of phone
    /// numbers, punctuation makes none either.
    ///
    /// ```
    /// use bailiwick::mask::Mask;
    /// assert_eq!(Mask::address().search_key("street", "  MAIN   st. "), "main st");
    /// assert_eq!(Mask::address().search_key("building_number", "136 a"), "136a");
    /// assert_eq!(Mask::phone().search_key("value", "(555) 123-4567"), "5551234567");
    /// ```
    pub fn search_key(&self, component: &str, text: &str) -> String {
        match self.kind {
            MaskKind::Phone => phone::search_key(text),
            MaskKind::Email => normalised(text, false),
            MaskKind::Address => {
                let component = AddressComponent::named(component);
                normalised(text, component.is_none_or(AddressComponent::is_shown))
            }
            MaskKind::Name | MaskKind::Whole | MaskKind::Hidden => normalised(text, true),
        }
    }
}
