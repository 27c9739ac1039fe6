//! Conditions: properties found, types agreed (D10).

use std::collections::HashMap;

use super::super::condition::{Condition, Operator, Right};
use super::super::{Bearer, Model};
use super::check_limit;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{
    ConditionDocument, ConstantDocument, OperandDocument, PropertyRefDocument, PropertyType,
};
use crate::limits;

/// Resolves conditions, given the properties declared and the type that `resource` means.
pub(super) struct Conditions<'a> {
    pub(super) declared: &'a HashMap<(Bearer, Box<str>), u16>,
    pub(super) by_bearer: &'a HashMap<Bearer, Vec<Box<str>>>,
    /// `None` in an operation on the type.
    pub(super) resource: Option<u16>,
}

impl Conditions<'_> {
    pub(super) fn all(
        &self,
        model: &Model,
        when: &[Vec<ConditionDocument>],
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Vec<Vec<Condition>> {
        let mut alternatives = Vec::with_capacity(when.len());
        for (i, all) in when.iter().enumerate() {
            let here = at.index(i);
            if all.is_empty() {
                report.error(&here, "an alternative of `when` without conditions always holds; leave `when` out instead");
            }
            alternatives.push(
                all.iter()
                    .enumerate()
                    .filter_map(|(i, condition)| self.one(model, condition, &here.index(i), report))
                    .collect(),
            );
        }
        alternatives
    }

    fn one(
        &self,
        model: &Model,
        condition: &ConditionDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Condition> {
        let left = PropertyRefDocument {
            resource: condition.resource.clone(),
            subject: condition.subject.clone(),
            context: condition.context.clone(),
        };
        let left = self.property(&left, at, report);
        let given: Vec<(Operator, &str, &OperandDocument)> = [
            (Operator::Is, "is", &condition.is),
            (Operator::IsNot, "is_not", &condition.is_not),
            (Operator::OneOf, "one_of", &condition.one_of),
            (Operator::NoneOf, "none_of", &condition.none_of),
            (Operator::Less, "less", &condition.less),
            (Operator::AtMost, "at_most", &condition.at_most),
            (Operator::Greater, "greater", &condition.greater),
            (Operator::AtLeast, "at_least", &condition.at_least),
        ]
        .into_iter()
        .filter_map(|(operator, word, operand)| Some((operator, word, operand.as_ref()?)))
        .collect();
        const WORDS: [&str; 8] = [
            "is", "is_not", "one_of", "none_of", "less", "at_most", "greater", "at_least",
        ];
        if WORDS.iter().any(|word| report.is_stood_in(&at.field(word))) {
            return None;
        }
        let [(operator, word, operand)] = given.as_slice() else {
            report.error(
                at,
                "a condition has exactly one of `is`, `is_not`, `one_of`, `none_of`, `less`, `at_most`, `greater`, `at_least`",
            );
            return None;
        };
        let left = left?;
        let here = at.field(word);
        let right = self.right(model, left, *operator, operand, &here, report)?;
        Some(Condition {
            left,
            operator: *operator,
            right,
        })
    }

    /// The property that exactly one of the three names.
    fn property(
        &self,
        named: &PropertyRefDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<u16> {
        let (bearer, (word, table), name) = match (&named.resource, &named.subject, &named.context)
        {
            (Some(name), None, None) => match self.resource {
                Some(r#type) => (Bearer::Resource(r#type), ("resource", "properties"), name),
                None => {
                    report.error(
                        &at.field("resource"),
                        format!(
                            "{} is a property of a record; an operation on the type has none",
                            quoted(name)
                        ),
                    );
                    return None;
                }
            },
            (None, Some(name), None) => (Bearer::Subject, ("subject", "subject_properties"), name),
            (None, None, Some(name)) => (Bearer::Context, ("context", "context_properties"), name),
            _ => {
                let words = ["resource", "subject", "context"];
                if words.iter().any(|word| report.is_stood_in(&at.field(word))) {
                    return None;
                }
                report.error(
                    at,
                    "exactly one of `resource`, `subject`, `context` names a property",
                );
                return None;
            }
        };
        let found = self.declared.get(&(bearer, name.as_str().into())).copied();
        if found.is_none() && !report.is_unread_key(table, name) {
            let known = self.by_bearer.get(&bearer).map_or(&[][..], Vec::as_slice);
            let near = report.did_you_mean(name, known.iter().map(AsRef::as_ref));
            report.error(
                &at.field(word),
                format!("undeclared property {} of the {word}{near}", quoted(name)),
            );
        }
        found
    }

    /// The right side, its type agreed with the left's and the operator.
    fn right(
        &self,
        model: &Model,
        left: u16,
        operator: Operator,
        operand: &OperandDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Right> {
        use PropertyType::{Boolean, Integer, Set, Text};
        let kind_of = |property: u16| {
            model
                .properties
                .get(property as usize)
                .map_or(Text, |it| it.kind)
        };
        let kind = kind_of(left);
        let in_list = matches!(operator, Operator::OneOf | Operator::NoneOf);
        let equality = matches!(operator, Operator::Is | Operator::IsNot);
        if !in_list && !equality && kind != Integer {
            report.error(
                at,
                format!(
                    "`less`, `at_most`, `greater` and `at_least` compare integers; the property on the left is of type `{kind}`"
                ),
            );
            return None;
        }
        let found = match operand {
            OperandDocument::Property(named) => {
                let right = self.property(named, at, report)?;
                let agrees = match (kind, kind_of(right)) {
                    (Text, Set) | (Set, Text | Set) if in_list => true,
                    _ if in_list => false,
                    (a, b) => a == b,
                };
                if agrees {
                    return Some(Right::Property(right));
                }
                format!("a property of type `{}`", kind_of(right))
            }
            OperandDocument::List(items) if in_list => {
                if items.is_empty() {
                    report.error(at, "the list is empty; name at least one value");
                    return None;
                }
                if !check_limit(
                    items.len(),
                    limits::SET_TEXTS,
                    "constants in a list",
                    at,
                    report,
                ) {
                    return None;
                }
                match constants(kind, items) {
                    Some(right) => return Some(right),
                    None => "a list of another type".to_owned(),
                }
            }
            OperandDocument::Text(text) if equality && kind == Text => {
                return Some(Right::Text(text.as_str().into()));
            }
            OperandDocument::Integer(n) if !in_list && kind == Integer => {
                return Some(Right::Integer(*n));
            }
            OperandDocument::Boolean(b) if equality && kind == Boolean => {
                return Some(Right::Boolean(*b));
            }
            OperandDocument::Text(text) => format!("the text {}", quoted(text)),
            OperandDocument::Integer(n) => format!("the integer `{n}`"),
            OperandDocument::Boolean(b) => format!("the boolean `{b}`"),
            OperandDocument::List(_) => "a list".to_owned(),
        };
        report.error(
            at,
            format!("{found} cannot stand here: the property on the left is of type `{kind}`"),
        );
        None
    }
}

/// A list of constants of one type; texts for a set.
fn constants(kind: PropertyType, items: &[ConstantDocument]) -> Option<Right> {
    match kind {
        PropertyType::Text | PropertyType::Set => items
            .iter()
            .map(|item| match item {
                ConstantDocument::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Right::Texts),
        PropertyType::Integer => items
            .iter()
            .map(|item| match item {
                ConstantDocument::Integer(n) => Some(*n),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Right::Integers),
        PropertyType::Boolean => items
            .iter()
            .map(|item| match item {
                ConstantDocument::Boolean(b) => Some(*b),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Right::Booleans),
    }
}
