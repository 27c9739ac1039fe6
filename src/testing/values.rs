//! The texts that a property may have in a decisions document: those that some condition tells
//! from any other text.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{
    CatalogDocument, ConditionDocument, ConstantDocument, DirectoryDocument, OperandDocument,
    OperationDocument, PropertyRefDocument, PropertyValue,
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
pub(super) type Key = (Side, String, String);

/// The ids of the records of a table or a case, by type.
pub(super) type Ids = BTreeMap<String, BTreeSet<String>>;

/// What properties are compared with, by constants and by way of each other.
#[derive(Debug, Default)]
pub(super) struct Compared {
    numbers: BTreeMap<Key, usize>,
    /// For each property, the group of properties that conditions compare with each other.
    groups: Vec<usize>,
    /// For each group, by its number, the texts of its conditions.
    texts: Vec<BTreeSet<String>>,
    /// For each account, by group, the texts of the users' properties, and the users' ids where it is compared
    /// with those of subjects or owners.
    of_accounts: Vec<BTreeMap<usize, BTreeSet<String>>>,
    /// For each type, the group of its records' ids. The host gives these, and a table states some.
    of_ids: BTreeMap<String, usize>,
}

/// The texts that a property may have in one account and one table.
pub(super) struct Known<'k>(Vec<&'k BTreeSet<String>>);

impl<'k> Known<'k> {
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|it| it.contains(text))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'k str> {
        self.0.iter().copied().flatten().map(String::as_str)
    }
}

impl Compared {
    pub(super) fn new<'d>(
        catalog: &CatalogDocument,
        directories: impl Iterator<Item = &'d DirectoryDocument>,
    ) -> Self {
        let mut compared = Compared::default();
        for operation in &catalog.operations {
            for condition in conditions(operation) {
                compared.add(condition, &operation.r#type);
            }
        }
        let of_types = |name: &'static str| {
            let types = catalog.types.iter();
            types.map(move |it| (Side::Resource, it.id.clone(), name.to_owned()))
        };
        // These exist undeclared (D10).
        let subject_id = (Side::Subject, String::new(), "id".to_owned());
        let ids = of_types("owner").chain([subject_id]);
        let ids: BTreeSet<usize> = ids.filter_map(|it| compared.group(&it)).collect();
        for directory in directories {
            let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
            for user in &directory.users {
                for (name, value) in &user.properties {
                    let key = (Side::Subject, String::new(), name.clone());
                    if let Some(group) = compared.group(&key) {
                        found.entry(group).or_default().extend(texts(value));
                    }
                }
                for group in &ids {
                    found.entry(*group).or_default().insert(user.id.clone());
                }
            }
            compared.of_accounts.push(found);
        }
        let record_ids = of_types("id").filter_map(|it| Some((compared.group(&it)?, it.1)));
        compared.of_ids = record_ids.map(|(group, of)| (of, group)).collect();
        compared
    }

    /// The texts that conditions compare a property with, at once or by way of another property: in that
    /// account, with records of these ids. `None` where no condition reads it.
    pub(super) fn known<'k>(
        &'k self,
        (side, of, name): (Side, &str, &str),
        account: usize,
        ids: &'k Ids,
    ) -> Option<Known<'k>> {
        let group = self.group(&(side, of.to_owned(), name.to_owned()))?;
        let of_account = self.of_accounts.get(account);
        let of_ids = self.of_ids.iter().filter(|(_, it)| **it == group);
        let of_ids = of_ids.filter_map(|(of, _)| ids.get(of));
        let mut known: Vec<&BTreeSet<String>> = self.texts.get(group).into_iter().collect();
        known.extend(of_account.and_then(|it| it.get(&group)));
        known.extend(of_ids);
        Some(Known(known))
    }

    fn group(&self, key: &Key) -> Option<usize> {
        self.groups.get(*self.numbers.get(key)?).copied()
    }

    fn add(&mut self, condition: &ConditionDocument, of: &str) {
        let left = key(
            of,
            &condition.resource,
            &condition.subject,
            &condition.context,
        );
        let Some(left) = left else { return };
        let left = self.number(left);
        for operand in operands(condition) {
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

/// Every condition that decides an operation, its pairs' included.
fn conditions(operation: &OperationDocument) -> impl Iterator<Item = &ConditionDocument> {
    let of_pairs = operation.allowed_by.iter().flat_map(|pair| &pair.when);
    operation.when.iter().chain(of_pairs).flatten()
}

/// The properties that the conditions of an operation read.
pub(super) fn read(operation: &OperationDocument) -> impl Iterator<Item = Key> {
    let of = operation.r#type.as_str();
    conditions(operation).flat_map(move |condition| {
        let left = key(
            of,
            &condition.resource,
            &condition.subject,
            &condition.context,
        );
        let right = operands(condition).filter_map(move |operand| match operand {
            OperandDocument::Property(it) => key(of, &it.resource, &it.subject, &it.context),
            OperandDocument::Text(_)
            | OperandDocument::List(_)
            | OperandDocument::Integer(_)
            | OperandDocument::Boolean(_) => None,
        });
        left.into_iter().chain(right)
    })
}

/// What a condition compares its property with.
fn operands(condition: &ConditionDocument) -> impl Iterator<Item = &OperandDocument> {
    let ConditionDocument {
        resource: _,
        subject: _,
        context: _,
        is,
        is_not,
        one_of,
        none_of,
        less,
        at_most,
        greater,
        at_least,
    } = condition;
    let operands = [
        is, is_not, one_of, none_of, less, at_most, greater, at_least,
    ];
    operands.into_iter().flatten()
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
