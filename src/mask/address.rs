//! Structured postal addresses (M3).

use super::Mask;
use super::text::{begins_plainly, every_char, is_unshowable, push_shown};
use crate::document::AddressComponent;

/// A postal address by its components; what is empty or blank is left out.
///
/// ```
/// use bailiwick::document::AddressComponent::{BuildingNumber, Locality, Street};
/// use bailiwick::mask::{Address, Mask};
/// let home = Address::new()
///     .with(BuildingNumber, "136A")
///     .with(Street, "42nd Street")
///     .with(Locality, "New York");
/// assert_eq!(Mask::address().address_text(&home), "*** 42nd Street, New York");
/// ```
///
/// Its `Debug` shows no component.
#[derive(Clone, Copy, Default)]
#[must_use]
pub struct Address<'v> {
    parts: [Option<&'v str>; AddressComponent::EVERY.len()],
}

impl<'v> Address<'v> {
    /// An address without components.
    pub const fn new() -> Self {
        Address {
            parts: [None; AddressComponent::EVERY.len()],
        }
    }

    /// Sets a component; an earlier one of that kind is replaced.
    pub fn with(mut self, component: AddressComponent, text: &'v str) -> Self {
        if let Some(part) = self.parts.get_mut(component as usize) {
            *part = Some(text.trim()).filter(|text| !text.is_empty());
        }
        self
    }

    /// A component.
    pub fn get(&self, component: AddressComponent) -> Option<&'v str> {
        *self.parts.get(component as usize)?
    }

    /// The components that a mask shows, as far as there are any.
    fn shown(&self) -> impl Iterator<Item = (AddressComponent, &'v str)> + '_ {
        AddressComponent::EVERY
            .iter()
            .filter(|component| component.is_shown())
            .filter_map(|&component| Some((component, self.get(component)?)))
    }
}

impl std::fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address([masked])")
    }
}

pub(super) fn write(address: &Address<'_>, mask: &Mask, out: &mut String) {
    out.push_str(&mask.filler);
    for (component, text) in address.shown() {
        out.push_str(if component == AddressComponent::Street {
            " "
        } else {
            ", "
        });
        write_component(component, text, mask, out);
    }
}

/// A component that shows, or the filler where it is not what it should be.
///
/// A street is not looked through for a building's number: `9 de Julio` is one, `12 Main Street`
/// none, and no rule tells them apart. The number that the record has could not decide it either:
/// what is hidden would then influence what shows (M2).
pub(super) fn write_component(
    component: AddressComponent,
    text: &str,
    mask: &Mask,
    out: &mut String,
) {
    let is_street = component == AddressComponent::Street;
    let plain = begins_plainly(text)
        && every_char(text, |c| {
            let ends_street = is_street && matches!(c, ',' | ';' | '#');
            !ends_street && !is_unshowable(c)
        });
    if plain {
        push_shown(text, out);
    } else {
        out.push_str(&mask.filler);
    }
}
