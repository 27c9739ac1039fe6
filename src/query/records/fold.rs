//! Conditions with everything known but the record: what is left to ask of the record's properties.

use super::When;
use super::expression::{Operand, Operator, PropertyName, PropertyTest, ReadFrom};
use super::values::sorted;
use crate::catalog::{Bearer, Condition, Model, Operator as Written, Right, Verdict};
use crate::id::PropertyId;
use crate::request::Value;

/// What is known of a property before the record is.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// Of the declared type.
    Value(Value<'a>),
    /// Or of another type: its condition fails.
    Missing,
    /// It is the record's.
    OfRecord,
}

/// The alternatives that can still hold; `None` where none can, empty where one holds already.
pub(super) fn fold<'a>(
    model: &Model,
    when: &[Vec<Condition>],
    known: &impl Fn(u16) -> Known<'a>,
) -> Option<When> {
    if when.is_empty() {
        return Some(Vec::new());
    }
    let mut alternatives: When = Vec::new();
    for all in when {
        let Some(tests) = fold_all(model, all, known) else {
            continue;
        };
        if tests.is_empty() {
            return Some(Vec::new());
        }
        if !alternatives.contains(&tests) {
            alternatives.push(tests);
        }
    }
    (!alternatives.is_empty()).then_some(alternatives)
}

/// The tests left of one alternative; `None` where one fails already.
fn fold_all<'a>(
    model: &Model,
    all: &[Condition],
    known: &impl Fn(u16) -> Known<'a>,
) -> Option<Vec<PropertyTest>> {
    let mut tests = Vec::new();
    for condition in all {
        match fold_one(model, condition, known) {
            Folded::Holds => {}
            Folded::Fails => return None,
            Folded::Left(test) if tests.contains(&test) => {}
            Folded::Left(test) => tests.push(test),
        }
    }
    Some(tests)
}

enum Folded {
    Holds,
    Fails,
    Left(PropertyTest),
}

fn fold_one<'a>(model: &Model, condition: &Condition, known: &impl Fn(u16) -> Known<'a>) -> Folded {
    let operator = Operator::of(condition.operator);
    let right = match &condition.right {
        Right::Property(property) => Some((*property, known(*property))),
        _ => None,
    };
    let left_over = |property: u16, operator, operand: Option<Operand>| match (
        name_of(model, property),
        operand,
    ) {
        (Some(property), Some(operand)) => Folded::Left(PropertyTest {
            property,
            operator,
            operand,
        }),
        _ => Folded::Fails,
    };
    match (known(condition.left), right) {
        (Known::Missing, _) | (_, Some((_, Known::Missing))) => Folded::Fails,
        (Known::OfRecord, None) => left_over(condition.left, operator, constant(&condition.right)),
        (Known::OfRecord, Some((right, Known::OfRecord))) => {
            let operand = name_of(model, right).map(Operand::Property);
            left_over(condition.left, operator, operand)
        }
        (Known::OfRecord, Some((_, Known::Value(value)))) => {
            left_over(condition.left, operator, operand(operator, value))
        }
        (Known::Value(value), Some((right, Known::OfRecord))) => {
            left_over(right, operator.flipped(), operand(operator, value))
        }
        (Known::Value(_), _) => {
            let read = |property| match known(property) {
                Known::Value(value) => Some(value),
                _ => None,
            };
            match condition.evaluate(read, |_, _| true) {
                Verdict::Holds => Folded::Holds,
                _ => Folded::Fails,
            }
        }
    }
}

fn name_of(model: &Model, property: u16) -> Option<PropertyName> {
    let known = model.properties.get(property as usize)?;
    let named = |from| {
        Some(PropertyName {
            name: known.name.to_string(),
            kind: known.kind,
            id: PropertyId::new(u32::from(property), model.brand),
            from,
        })
    };
    match known.bearer {
        Bearer::Resource(_) => named(ReadFrom::Property),
        Bearer::ResourceId(_) => named(ReadFrom::Id),
        Bearer::ResourceOwner(_) => named(ReadFrom::Owner),
        Bearer::Subject | Bearer::SubjectId | Bearer::Context => None,
    }
}

fn constant(right: &Right) -> Option<Operand> {
    Some(match right {
        Right::Text(text) => Operand::Text(text.to_string()),
        Right::Integer(n) => Operand::Integer(*n),
        Right::Boolean(b) => Operand::Boolean(*b),
        Right::Texts(list) => Operand::Texts(list.clone()),
        Right::Integers(list) => Operand::Integers(list.clone()),
        Right::Booleans(list) => Operand::Booleans(list.clone()),
        Right::Property(_) => return None,
    })
}

/// A value that is known on one side, as the right side; `None` where nothing compares with it.
fn operand(operator: Operator, value: Value<'_>) -> Option<Operand> {
    let listed = matches!(operator, Operator::OneOf | Operator::NoneOf);
    Some(match value {
        // Membership, whichever side the set is on, is a common element.
        Value::Text(text) if listed => Operand::Texts(vec![text.to_owned()]),
        Value::Text(text) => Operand::Text(text.to_owned()),
        Value::Integer(n) => Operand::Integer(n),
        Value::Boolean(b) => Operand::Boolean(b),
        Value::Set(texts) => {
            let list = sorted(texts);
            if list.is_empty() && operator == Operator::OneOf {
                return None;
            }
            Operand::Texts(list)
        }
    })
}

impl Operator {
    fn of(written: Written) -> Operator {
        match written {
            Written::Is => Operator::Is,
            Written::IsNot => Operator::IsNot,
            Written::OneOf => Operator::OneOf,
            Written::NoneOf => Operator::NoneOf,
            Written::Less => Operator::Less,
            Written::AtMost => Operator::AtMost,
            Written::Greater => Operator::Greater,
            Written::AtLeast => Operator::AtLeast,
        }
    }

    /// With the sides exchanged.
    fn flipped(self) -> Operator {
        match self {
            Operator::Less => Operator::Greater,
            Operator::AtMost => Operator::AtLeast,
            Operator::Greater => Operator::Less,
            Operator::AtLeast => Operator::AtMost,
            same => same,
        }
    }
}
