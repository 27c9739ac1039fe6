//! Who contributed the values of an object, as the object says.

use serde::ser::Serialize;
use smallvec::SmallVec;

use super::super::access::FieldAccess;
use super::super::rules::Node;
use super::super::walk::{Variant, Visit, walk};

/// The fields of an object that the viewer contributed.
pub(super) type Contributed = SmallVec<[usize; 4]>;

pub(super) fn contributed<T: Serialize + ?Sized>(
    access: &FieldAccess,
    node: &Node,
    value: &T,
    for_people: bool,
) -> Contributed {
    let mut found = Contributors {
        access,
        node: Some(node),
        own: SmallVec::new(),
        others: SmallVec::new(),
        for_people,
    };
    if node.has_contributors {
        walk(value, for_people, &mut found);
    }
    // Two entries of one key that differ say nothing.
    found.own.retain(|field| !found.others.contains(field));
    found.own
}

struct Contributors<'a> {
    access: &'a FieldAccess,
    node: Option<&'a Node>,
    own: Contributed,
    others: Contributed,
    for_people: bool,
}

impl Visit for Contributors<'_> {
    fn variant(&mut self, variant: &Variant) {
        self.node = self.node.and_then(|node| node.child(variant.name));
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        let keys = self.node.map(|node| node.contributors.as_slice());
        let known = keys
            .unwrap_or_default()
            .iter()
            .find(|(known, _)| **known == *key);
        if let Some((_, fields)) = known {
            let mut viewer = IsViewer(self.access, false);
            walk(value, self.for_people, &mut viewer);
            match viewer.1 {
                true => self.own.extend_from_slice(fields),
                false => self.others.extend_from_slice(fields),
            }
        }
    }
}

struct IsViewer<'a>(&'a FieldAccess, bool);

impl Visit for IsViewer<'_> {
    fn text(&mut self, text: &str) {
        self.1 = self.0.is_viewer(text);
    }
}
