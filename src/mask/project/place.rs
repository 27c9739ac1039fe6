//! Where in the record the projection is, and what of it stays.

use serde::ser::Serialize;

use super::super::access::FieldAccess;
use super::super::rules::Node;
use super::super::walk::{Variant, Visit, walk};
use super::Part;
use super::contributors::Contributed;

/// An object of the record, or a variant in its place.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) access: &'a FieldAccess,
    /// `None` within a variant that no path leads through.
    pub(super) node: Option<&'a Node>,
    pub(super) contributed: Contributed,
    /// Of the values of a variant that is itself a field, or hidden (`Some(None)`).
    pub(super) whole: Option<Option<Part<'a>>>,
    pub(super) for_people: bool,
}

impl<'a> Place<'a> {
    /// What is to be done with the entry of that key and value; `None` to leave it out.
    pub(super) fn staying<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Option<Part<'a>> {
        let part = self.part(key)?;
        part.stays(value, self.for_people).then_some(part)
    }

    /// [`Place::staying`] of an entry of the variant.
    pub(super) fn staying_in_variant<T: Serialize + ?Sized>(
        &self,
        key: &str,
        value: &T,
    ) -> Option<Part<'a>> {
        let part = self.variant_part(key)?;
        part.stays(value, self.for_people).then_some(part)
    }

    /// The part of that key, whatever its value.
    fn part(&self, key: &str) -> Option<Part<'a>> {
        match self.node.and_then(|node| node.child(key)) {
            Some(child) => Part::of(self.access, child, &self.contributed),
            None => Some(Part::Clear),
        }
    }

    /// Goes on within the variant.
    pub(super) fn enter(&mut self, variant: &Variant) {
        let part = self.part(variant.name);
        self.node = match part {
            Some(Part::Branch(node)) => Some(node),
            Some(Part::Clear) => None,
            // The variant as a whole is a field; as an object it is none of its type.
            Some(Part::Field(_)) | None => {
                self.whole = Some(part);
                None
            }
        };
    }

    /// [`Place::part`] of an entry of the variant.
    fn variant_part(&self, key: &str) -> Option<Part<'a>> {
        match self.whole {
            // Its values have no kind of their own: nothing of them shows.
            Some(_) => None,
            None => self.part(key),
        }
    }

    /// Whether entries may be left out.
    pub(super) fn leaves_out(&self) -> bool {
        self.node.is_some_and(|node| !node.children.is_empty())
    }

    /// Whether entries of a variant in this place may be left out, each by its own path.
    fn variant_leaves_out(&self) -> bool {
        let mut variants = self.node.into_iter().flat_map(|node| &node.children);
        variants.any(|(_, child)| !child.children.is_empty())
    }
}

/// How many entries of a variant with names stay: formats that write lengths first (CBOR,
/// MessagePack) are told before the entries come. `None` where none is left out by its own path.
pub(super) fn kept<T: Serialize + ?Sized>(
    place: &Place<'_>,
    value: &T,
    for_people: bool,
) -> Option<usize> {
    if !place.variant_leaves_out() {
        return None;
    }
    let mut kept = Kept {
        place: place.clone(),
        count: 0,
    };
    walk(value, for_people, &mut kept);
    Some(kept.count)
}

struct Kept<'a> {
    place: Place<'a>,
    count: usize,
}

impl Visit for Kept<'_> {
    fn variant(&mut self, variant: &Variant) {
        self.place.enter(variant);
    }

    fn variant_entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) {
        self.count += usize::from(self.place.staying_in_variant(key, value).is_some());
    }
}
