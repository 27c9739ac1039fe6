//! An interpreter of expressions that knows no engine: it reads the documents.

use std::collections::BTreeSet;

use bailiwick::document::PropertyType;
use bailiwick::query::{
    Expression, Operand, Operator, OwnerTest, PropertyName, PropertyTest, ReadFrom,
};

use crate::reference::{OwnerPosition, Resource, Value};
use crate::support::documents::Documents;

pub(crate) struct Interpreter<'d> {
    documents: &'d Documents,
}

impl<'d> Interpreter<'d> {
    pub(crate) fn new(documents: &'d Documents) -> Self {
        Interpreter { documents }
    }

    /// Whether a record of the type and account meets the expression.
    pub(crate) fn holds(&self, expression: &Expression, record: &Resource) -> bool {
        match expression {
            Expression::Nothing => false,
            Expression::Everything => true,
            Expression::AnyOf(parts) => parts.iter().any(|it| self.holds(it, record)),
            Expression::AllOf(parts) => parts.iter().all(|it| self.holds(it, record)),
            Expression::Owner(test) => self.owner(test, record),
            Expression::Property(test) => property(test, record).unwrap_or(false),
        }
    }

    fn owner(&self, test: &OwnerTest, record: &Resource) -> bool {
        let Some(owner) = &record.owner else {
            return false;
        };
        if test.is.as_ref() == Some(owner) {
            return true;
        }
        let users = &self.documents.directory.users;
        let position = match &record.owner_position {
            OwnerPosition::Nowhere => None,
            OwnerPosition::At(position) => Some(position.clone()),
            OwnerPosition::Directory => users
                .iter()
                .find(|user| user.id == *owner)
                .and_then(|user| user.position.clone()),
        };
        let Some(position) = position else {
            return false;
        };
        test.at.as_ref() == Some(&position)
            || test
                .below
                .as_ref()
                .is_some_and(|top| self.below(top).contains(position.as_str()))
    }

    /// Every position strictly below one.
    fn below(&self, top: &str) -> BTreeSet<&str> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        loop {
            let more = self.documents.policy.positions.iter().filter(|position| {
                let above = &position.reports_to;
                above
                    .iter()
                    .any(|it| it == top || found.contains(it.as_str()))
            });
            let more: BTreeSet<&str> = more.map(|it| it.id.as_str()).collect();
            if more.is_subset(&found) {
                return found;
            }
            found.extend(more);
        }
    }
}

/// The expression with every condition met.
pub(crate) fn without_conditions(expression: &Expression) -> Expression {
    let all = |parts: &[Expression]| parts.iter().map(without_conditions).collect();
    match expression {
        Expression::AnyOf(parts) => Expression::AnyOf(all(parts)),
        Expression::AllOf(parts) => Expression::AllOf(all(parts)),
        Expression::Property(_) => Expression::Everything,
        other => other.clone(),
    }
}

fn read(name: &PropertyName, record: &Resource) -> Option<Value> {
    let value = match name.from {
        ReadFrom::Property => record.properties.get(&name.name)?.clone(),
        ReadFrom::Id => Value::Text(record.id.clone()?),
        ReadFrom::Owner => Value::Text(record.owner.clone()?),
    };
    let kind = match value {
        Value::Text(_) => PropertyType::Text,
        Value::Integer(_) => PropertyType::Integer,
        Value::Boolean(_) => PropertyType::Boolean,
        Value::Set(_) => PropertyType::Set,
    };
    (kind == name.kind).then_some(value)
}

/// `None` where a value is missing or of the wrong type, or where nothing compares so.
fn property(test: &PropertyTest, record: &Resource) -> Option<bool> {
    let left = &read(&test.property, record)?;
    let is_set = |value: &Value| matches!(value, Value::Set(_));
    let listed = matches!(test.operator, Operator::OneOf | Operator::NoneOf);
    let right: Vec<Value> = match &test.operand {
        Operand::Text(text) => vec![Value::Text(text.clone())],
        Operand::Integer(n) => vec![Value::Integer(*n)],
        Operand::Boolean(b) => vec![Value::Boolean(*b)],
        Operand::Texts(texts) if is_set(left) && !listed => vec![Value::Set(texts.clone())],
        Operand::Texts(texts) => texts.iter().cloned().map(Value::Text).collect(),
        Operand::Integers(list) => list.iter().copied().map(Value::Integer).collect(),
        Operand::Booleans(list) => list.iter().copied().map(Value::Boolean).collect(),
        Operand::Property(other) => match read(other, record)? {
            Value::Set(texts) if listed => texts.iter().cloned().map(Value::Text).collect(),
            value => vec![value],
        },
    };
    let elements = |value: &Value| match value {
        Value::Set(texts) => texts.iter().cloned().map(Value::Text).collect(),
        single => vec![single.clone()],
    };
    let sorted = |value: &Value| {
        let mut texts: Vec<String> = elements(value).iter().map(|it| format!("{it:?}")).collect();
        texts.sort();
        texts.dedup();
        texts
    };
    let order = || match (left, right.first()) {
        (Value::Integer(a), Some(Value::Integer(b))) => Some(a.cmp(b)),
        _ => None,
    };
    Some(match test.operator {
        Operator::Is => sorted(left) == sorted(right.first()?),
        Operator::IsNot => sorted(left) != sorted(right.first()?),
        Operator::OneOf => elements(left).iter().any(|it| right.contains(it)),
        Operator::NoneOf => !elements(left).iter().any(|it| right.contains(it)),
        Operator::Less => order()?.is_lt(),
        Operator::AtMost => order()?.is_le(),
        Operator::Greater => order()?.is_gt(),
        Operator::AtLeast => order()?.is_ge(),
    })
}
