//! A value of a masked field.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::super::access::FieldAccess;
use super::super::address::write_component;
use super::super::rules::Rule;
use super::super::walk::{Variant, Visit, walk};
use super::output::Out;
use super::{At, Part};
use crate::document::{AddressComponent, MaskKind};

/// A value of a masked field, masked.
pub(super) fn serialize<T: Serialize + ?Sized, S: Serializer>(
    access: &FieldAccess,
    rule: &Rule,
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let for_people = serializer.is_human_readable();
    if !is_of_kind(rule, value, for_people) {
        return serializer.serialize_none();
    }
    let mut shown = Masked {
        access,
        rule,
        components: None,
        out: Out::Before(serializer),
    };
    let complete = walk(value, for_people, &mut shown);
    if let Some(components) = shown.components.take() {
        shown.address(&components);
    }
    shown.out.end(complete)
}

/// Returns whether a value is of the type that the field's kind has, and stays as its mask.
pub(super) fn is_of_kind<T: Serialize + ?Sized>(rule: &Rule, value: &T, for_people: bool) -> bool {
    let mut kind = Kind {
        for_people,
        ..Kind::default()
    };
    walk(value, for_people, &mut kind);
    kind.is_of(rule)
}

/// Whether a value is one of the type that a field's kind has: a text, a list of texts, or for an
/// address an object. Of anything else, even how much there is of it would tell something.
#[derive(Default)]
struct Kind {
    other: bool,
    text: bool,
    object: bool,
    for_people: bool,
}

impl Kind {
    fn is_of(&self, rule: &Rule) -> bool {
        let holds_objects = rule.mask.kind() == MaskKind::Address && !self.text;
        !self.other && (holds_objects || !self.object)
    }
}

impl Visit for Kind {
    fn text(&mut self, _: &str) {
        self.text = true;
    }

    fn scalar(&mut self, _: fmt::Arguments<'_>) {
        self.other = true;
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Of a list in a list too: they are seen through, as the projection does.
        walk(value, self.for_people, self);
    }

    fn object(&mut self, _: Option<usize>) {
        self.object = true;
    }

    fn variant(&mut self, _: &Variant) {
        self.other = true;
    }
}

/// The components of an address that show.
type Components = [Option<String>; 5];

/// A value of a masked field; its [`Kind`] is the field's.
struct Masked<'a, S: Serializer> {
    access: &'a FieldAccess,
    rule: &'a Rule,
    components: Option<Components>,
    out: Out<S>,
}

impl<S: Serializer> Masked<'_, S> {
    /// A masked address: of one shape, but for the components that show.
    fn address(&mut self, components: &Components) {
        let mask = &self.rule.mask;
        let given = components.iter().flatten().count();
        self.out.begin(|serializer| {
            let mut object = serializer.serialize_map(Some(1 + given))?;
            object.serialize_entry(AddressComponent::BuildingNumber.as_str(), mask.filler())?;
            for (component, text) in AddressComponent::EVERY.iter().zip(components) {
                if let Some(text) = text {
                    let mut shown = String::new();
                    write_component(*component, text, mask, &mut shown);
                    object.serialize_entry(component.as_str(), &shown)?;
                }
            }
            Ok(Out::Object(object))
        });
    }
}

impl<S: Serializer> Visit for Masked<'_, S> {
    fn text(&mut self, text: &str) {
        self.out.text(&self.rule.mask.text(text));
    }

    fn scalar(&mut self, _: fmt::Arguments<'_>) {
        self.out.nothing();
    }

    fn absent(&mut self) {
        self.out.nothing();
    }

    fn list(&mut self, len: Option<usize>) {
        self.out.list(len);
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.out.element(&At {
            access: self.access,
            part: Part::Field(self.rule),
            value,
            is_root: false,
        });
    }

    fn object(&mut self, _: Option<usize>) {
        self.components = Some(Components::default());
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        let component = AddressComponent::named(key).filter(|it| it.is_shown());
        let Some(place) = component
            .zip(self.components.as_mut())
            .and_then(|(component, places)| places.get_mut(component as usize))
        else {
            return;
        };
        let mut text = Text::default();
        walk(value, true, &mut text);
        *place = match (text.other, text.found) {
            // No text: left out, so that it does not turn into one.
            (true, _) => None,
            (false, found) => found.filter(|it| !it.trim().is_empty()),
        };
    }
}

/// A text and nothing else.
#[derive(Default)]
struct Text {
    found: Option<String>,
    other: bool,
}

impl Visit for Text {
    fn text(&mut self, text: &str) {
        self.found = Some(text.trim().to_owned());
    }

    fn scalar(&mut self, _: fmt::Arguments<'_>) {
        self.other = true;
    }

    fn list(&mut self, _: Option<usize>) {
        self.other = true;
    }

    fn object(&mut self, _: Option<usize>) {
        self.other = true;
    }

    fn variant(&mut self, _: &Variant) {
        self.other = true;
    }
}
