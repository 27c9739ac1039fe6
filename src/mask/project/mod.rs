//! A record as one subject sees it, whole: the same for the screen and for an export (M5).

mod contributors;
mod output;
mod place;
mod value;

use std::fmt;

use serde::ser::{Error as _, Serialize, SerializeMap, SerializeStructVariant, Serializer};

use super::access::{FieldAccess, View};
use super::rules::{Node, Rule};
use super::walk::{Variant, Visit, walk};
use crate::document::FILLER;
use contributors::contributed;
use output::Out;
use place::{Place, kept};

/// A record as one subject sees it, to be serialised: made by [`FieldAccess::project`].
#[derive(Clone, Copy)]
#[must_use]
pub struct Projected<'a, T: ?Sized> {
    access: &'a FieldAccess,
    record: &'a T,
}

impl<'a, T: ?Sized> Projected<'a, T> {
    pub(super) fn new(access: &'a FieldAccess, record: &'a T) -> Self {
        Projected { access, record }
    }
}

/// Shows nothing of the record.
impl<T: ?Sized> fmt::Debug for Projected<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Projected([masked])")
    }
}

impl<T: Serialize + ?Sized> Serialize for Projected<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let access = self.access;
        if !access.is_readable() {
            return serializer.serialize_map(Some(0))?.end();
        }
        At {
            access,
            part: Part::of(access, &access.rules.root, &[]).unwrap_or(Part::Clear),
            value: self.record,
            is_root: true,
        }
        .serialize(serializer)
    }
}

/// What is to be done with a part of the record that is not left out.
#[derive(Clone, Copy)]
enum Part<'a> {
    Clear,
    /// Fields lie below it.
    Branch(&'a Node),
    Field(&'a Rule),
}

impl<'a> Part<'a> {
    /// `None` for a field that is left out. `contributed` are the fields of this object that the
    /// viewer contributed.
    fn of(access: &'a FieldAccess, node: &'a Node, contributed: &[usize]) -> Option<Part<'a>> {
        let Some(field) = node.field else {
            let clear = node.below.iter().all(|&field| access.is_revealed(field));
            return Some(if clear {
                Part::Clear
            } else {
                Part::Branch(node)
            });
        };
        match access.view(field, contributed.contains(&field)) {
            View::Clear => Some(Part::Clear),
            View::Masked => access.rules.fields.get(field).map(Part::Field),
            View::Hidden => None,
        }
    }
}

impl Part<'_> {
    /// Returns whether the value stays, shown or masked. What has another type than the field (a number, say) or leads
    /// nowhere does not: it would turn into a text.
    fn stays<T: Serialize + ?Sized>(self, value: &T, for_people: bool) -> bool {
        match self {
            Part::Clear => true,
            Part::Branch(_) => {
                let mut scalar = IsScalar(false);
                walk(value, for_people, &mut scalar);
                !scalar.0
            }
            Part::Field(rule) => value::is_of_kind(rule, value, for_people),
        }
    }
}

struct IsScalar(bool);

impl Visit for IsScalar {
    fn scalar(&mut self, _: fmt::Arguments<'_>) {
        self.0 = true;
    }
}

/// A part of the record, with what is to be done with it.
struct At<'a, 'v, T: ?Sized> {
    access: &'a FieldAccess,
    part: Part<'a>,
    value: &'v T,
    /// Whether it is the record itself.
    is_root: bool,
}

impl<T: Serialize + ?Sized> Serialize for At<'_, '_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let for_people = serializer.is_human_readable();
        match self.part {
            Part::Clear => self.value.serialize(serializer),
            Part::Branch(node) => {
                let place = Place {
                    access: self.access,
                    node: Some(node),
                    contributed: contributed(self.access, node, self.value, for_people),
                    whole: None,
                    for_people,
                };
                let mut shown = Branch {
                    kept: kept(&place, self.value, for_people),
                    place,
                    is_root: self.is_root,
                    out: Out::Before(serializer),
                };
                let complete = walk(self.value, for_people, &mut shown);
                shown.out.end(complete)
            }
            Part::Field(rule) => value::serialize(self.access, rule, self.value, serializer),
        }
    }
}

/// A part of the record with fields below it.
struct Branch<'a, S: Serializer> {
    place: Place<'a>,
    /// How many entries of a variant stay, where some may be left out by their paths.
    kept: Option<usize>,
    is_root: bool,
    out: Out<S>,
}

impl<'a, S: Serializer> Branch<'a, S> {
    fn at<'v, T: ?Sized>(&self, part: Part<'a>, value: &'v T) -> At<'a, 'v, T> {
        At {
            access: self.place.access,
            part,
            value,
            is_root: false,
        }
    }
}

impl<S: Serializer> Visit for Branch<'_, S> {
    /// A text stands where a path wants an object: it stays a text, and shows nothing.
    fn text(&mut self, _: &str) {
        self.out.text(FILLER);
    }

    fn scalar(&mut self, _: fmt::Arguments<'_>) {
        self.out.nothing();
    }

    fn absent(&mut self) {
        self.out.nothing();
    }

    /// The access is one record's: a list of them is refused.
    fn list(&mut self, len: Option<usize>) {
        if self.is_root {
            let list =
                || S::Error::custom("a list of records: each is projected by its own access");
            self.out.begin(|_| Err(list()));
        }
        self.out.list(len);
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) {
        let part = match (self.place.whole, self.place.node) {
            (Some(part), _) => part,
            (None, Some(node)) => Some(Part::Branch(node)),
            (None, None) => Some(Part::Clear),
        };
        match part {
            Some(part) => self.out.element(&self.at(part, value)),
            None => self.out.element(&()),
        }
    }

    fn object(&mut self, len: Option<usize>) {
        let len = len.filter(|_| !self.place.leaves_out());
        self.out.begin(|it| it.serialize_map(len).map(Out::Object));
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        let Some(part) = self.place.staying(key, value) else {
            return;
        };
        let value = self.at(part, value);
        self.out.step(|mut out| {
            if let Out::Object(object) = &mut out {
                object.serialize_entry(key, &value)?;
            }
            Ok(out)
        });
    }

    /// In JSON an object in an object, so that the variant's name is a step of the path.
    fn variant(&mut self, it: &Variant) {
        self.place.enter(it);
        let kept = match self.place.whole {
            Some(_) => 0,
            None => self.kept.unwrap_or(it.len),
        };
        self.out.begin(|serializer| match it.named {
            true => serializer
                .serialize_struct_variant(it.of, it.index, it.name, kept)
                .map(Out::Variant),
            false => serializer
                .serialize_tuple_variant(it.of, it.index, it.name, it.len)
                .map(Out::Elements),
        });
    }

    fn variant_entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) {
        let part = self.place.staying_in_variant(key, value);
        let value = part.map(|part| self.at(part, value));
        self.out.step(|mut out| {
            if let Out::Variant(variant) = &mut out {
                match &value {
                    Some(value) => variant.serialize_field(key, value)?,
                    None => variant.skip_field(key)?,
                }
            }
            Ok(out)
        });
    }
}
