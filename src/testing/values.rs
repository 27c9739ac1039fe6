//! The texts that a property may have in a decisions document: those that some condition tells
//! from any other text.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::document::{
    CatalogDocument, ConditionDocument, ConstantDocument, DirectoryDocument, OperandDocument,
    PropertyRefDocument, PropertyValue,
};

/// Whose property it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Resource,
    Subject,
    Context,
}

impl Side {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Side::Resource => "resource",
            Side::Subject => "subject",
            Side::Context => "context",
        }
    }
}

/// A property: its side, the type of the resource (empty for other sides), and its name.
type Key = (Side, String, String);

/// What properties are compared with, by constants and by way of each other.
#[derive(Debug, Default)]
pub(super) struct Compared {
    numbers: BTreeMap<Key, usize>,
    /// For each property, the group of properties that conditions compare with each other.
    groups: Vec<usize>,
    /// For each group, by its number: the texts of its conditions and of the users' properties, and the
    /// users' ids where it is compared with those of subjects or owners.
    texts: Vec<BTreeSet<String>>,
    /// The groups compared with the ids of records, which the host gives: these may be any text.
    open: HashSet<usize>,
}

impl Compared {
    pub(super) fn new<'d>(
        catalog: &CatalogDocument,
        directories: impl Iterator<Item = &'d DirectoryDocument>,
    ) -> Self {
        let mut compared = Compared::default();
        for operation in &catalog.operations {
            let of_pairs = operation.allowed_by.iter().flat_map(|pair| &pair.when);
            for condition in operation.when.iter().chain(of_pairs).flatten() {
                compared.add(condition, &operation.r#type);
            }
        }
        let of_types = |name: &'static str| {
            let types = catalog.types.iter();
            types.map(move |it| (Side::Resource, it.id.clone(), name.to_owned()))
        };
        // These exist undeclared (D10).
        let subject_id = (Side::Subject, String::new(), "id".to_owned());
        let ids: Vec<Key> = of_types("owner").chain([subject_id]).collect();
        for user in directories.flat_map(|directory| &directory.users) {
            for (name, value) in &user.properties {
                compared.add_texts(&(Side::Subject, String::new(), name.clone()), texts(value));
            }
            for key in &ids {
                compared.add_texts(key, [user.id.clone()]);
            }
        }
        let record_ids = of_types("id").filter_map(|it| compared.group(&it));
        compared.open = record_ids.collect();
        compared
    }

    /// The texts that conditions compare a property with, at once or by way of another property;
    /// `None` where no condition reads it, or where one compares it with the id of a record.
    pub(super) fn known(&self, side: Side, of: &str, name: &str) -> Option<&BTreeSet<String>> {
        let group = self.group(&(side, of.to_owned(), name.to_owned()))?;
        self.texts
            .get(group)
            .filter(|_| !self.open.contains(&group))
    }

    fn group(&self, key: &Key) -> Option<usize> {
        self.groups.get(*self.numbers.get(key)?).copied()
    }

    fn add(&mut self, condition: &ConditionDocument, of: &str) {
        let ConditionDocument {
            resource,
            subject,
            context,
            is,
            is_not,
            one_of,
            none_of,
            less,
            at_most,
            greater,
            at_least,
        } = condition;
        let Some(left) = key(of, resource, subject, context) else {
            return;
        };
        let left = self.number(left);
        let operands = [
            is, is_not, one_of, none_of, less, at_most, greater, at_least,
        ];
        for operand in operands.into_iter().flatten() {
            match operand {
                OperandDocument::Text(text) => self.add_to_group(left, [text.clone()]),
                OperandDocument::List(constants) => {
                    let texts = constants.iter().filter_map(|constant| match constant {
                        ConstantDocument::Text(text) => Some(text.clone()),
                        ConstantDocument::Integer(_) | ConstantDocument::Boolean(_) => None,
                    });
                    self.add_to_group(left, texts);
                }
                OperandDocument::Property(PropertyRefDocument {
                    resource,
                    subject,
                    context,
                }) => {
                    if let Some(right) = key(of, resource, subject, context) {
                        let right = self.number(right);
                        self.unite(left, right);
                    }
                }
                OperandDocument::Integer(_) | OperandDocument::Boolean(_) => {}
            }
        }
    }

    fn number(&mut self, key: Key) -> usize {
        let next = self.groups.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.groups.push(next);
            self.texts.push(BTreeSet::new());
        }
        number
    }

    fn add_texts(&mut self, key: &Key, texts: impl IntoIterator<Item = String>) {
        if let Some(number) = self.numbers.get(key) {
            self.add_to_group(*number, texts);
        }
    }

    fn add_to_group(&mut self, number: usize, texts: impl IntoIterator<Item = String>) {
        let group = self.groups.get(number).copied();
        if let Some(known) = group.and_then(|group| self.texts.get_mut(group)) {
            known.extend(texts);
        }
    }

    /// One group of two. A catalog compares few properties with each other: nothing is clever here.
    fn unite(&mut self, left: usize, right: usize) {
        let (Some(&to), Some(&from)) = (self.groups.get(left), self.groups.get(right)) else {
            return;
        };
        if to == from {
            return;
        }
        for group in &mut self.groups {
            if *group == from {
                *group = to;
            }
        }
        let moved = self.texts.get_mut(from).map(std::mem::take);
        if let Some(texts) = self.texts.get_mut(to) {
            texts.extend(moved.unwrap_or_default());
        }
    }
}

fn key(
    of: &str,
    resource: &Option<String>,
    subject: &Option<String>,
    context: &Option<String>,
) -> Option<Key> {
    match (resource, subject, context) {
        (Some(name), _, _) => Some((Side::Resource, of.to_owned(), name.clone())),
        (_, Some(name), _) => Some((Side::Subject, String::new(), name.clone())),
        (_, _, Some(name)) => Some((Side::Context, String::new(), name.clone())),
        (None, None, None) => None,
    }
}

/// The texts of a value: of a set, each element.
pub(super) fn texts(value: &PropertyValue) -> Vec<String> {
    match value {
        PropertyValue::Text(text) => vec![text.clone()],
        PropertyValue::Set(texts) => texts.clone(),
        PropertyValue::Integer(_) | PropertyValue::Boolean(_) => Vec::new(),
    }
}
