//! The fields of a resource type, as the catalog states them, found by their paths.

use super::Mask;
use crate::document::{MaskKind, TypeDocument};

/// The fields of a type, and the tree of their paths.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) type_name: Box<str>,
    pub(crate) fields: Vec<Rule>,
    pub(super) root: Node,
}

/// One field (M1).
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) path: Box<str>,
    pub(crate) mask: Mask,
    pub(crate) contributor_sees: bool,
    /// The component sets that may be searched, each sorted.
    pub(super) search: Vec<Vec<Box<str>>>,
}

impl Rule {
    pub(super) fn is_hidden(&self) -> bool {
        self.mask.kind() == MaskKind::Hidden
    }
}

/// A step of paths. A field has no steps below it.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: Vec<(Box<str>, Node)>,
    /// The field that ends here.
    pub(super) field: Option<usize>,
    /// The fields at and below this step.
    pub(super) below: Vec<usize>,
    /// Keys, at this step, that hold who contributed a child: the key, and the fields it is for.
    pub(super) contributors: Vec<(Box<str>, Vec<usize>)>,
    /// Whether it has such keys, or the step below it has, where a variant may put them.
    pub(super) has_contributors: bool,
}

impl Node {
    pub(super) fn child(&self, key: &str) -> Option<&Node> {
        let (_, child) = self.children.iter().find(|(name, _)| **name == *key)?;
        Some(child)
    }
}

impl Rules {
    /// Of a type whose fields are in order.
    pub(crate) fn of(r#type: &TypeDocument) -> Rules {
        let mut rules = Rules {
            type_name: r#type.id.as_str().into(),
            ..Rules::default()
        };
        for (index, field) in r#type.fields.iter().enumerate() {
            rules.fields.push(Rule {
                path: field.path.as_str().into(),
                mask: Mask::of(&field.mask),
                contributor_sees: field.contributor_sees,
                search: field
                    .search
                    .iter()
                    .map(|set| {
                        let mut set: Vec<Box<str>> =
                            set.iter().map(|it| it.as_str().into()).collect();
                        set.sort();
                        set
                    })
                    .collect(),
            });
            rules
                .root
                .add(&field.path, index, field.contributor.as_deref());
        }
        rules
    }

    pub(super) fn find(&self, path: &str) -> Option<(usize, &Rule)> {
        self.fields
            .iter()
            .enumerate()
            .find(|(_, rule)| *rule.path == *path)
    }
}

impl Node {
    fn add(&mut self, path: &str, field: usize, contributor: Option<&str>) {
        self.below.push(field);
        let steps_below = path.split('.').count() - 1;
        self.has_contributors |= contributor.is_some() && steps_below <= 1;
        let (step, rest) = match path.split_once('.') {
            Some((step, rest)) => (step, Some(rest)),
            None => (path, None),
        };
        if rest.is_none()
            && let Some(key) = contributor
        {
            match self
                .contributors
                .iter_mut()
                .find(|(known, _)| **known == *key)
            {
                Some((_, fields)) => fields.push(field),
                None => self.contributors.push((key.into(), vec![field])),
            }
        }
        let place = self.children.iter().position(|(name, _)| **name == *step);
        let place = place.unwrap_or_else(|| {
            self.children.push((step.into(), Node::default()));
            self.children.len() - 1
        });
        let Some((_, child)) = self.children.get_mut(place) else {
            return;
        };
        match rest {
            Some(rest) => child.add(rest, field, contributor),
            None => {
                child.field = Some(field);
                child.below.push(field);
            }
        }
    }
}
