//! Conditions: a property compared with constants or with another property (D10).

use crate::overlap::{are_same, meet};
use crate::request::{Texts, Value};

/// One comparison, its types agreed.
#[derive(Debug)]
pub(crate) struct Condition {
    /// Index of the property on the left.
    pub(crate) left: u16,
    pub(crate) operator: Operator,
    pub(crate) right: Right,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Is,
    IsNot,
    OneOf,
    NoneOf,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Debug)]
pub(crate) enum Right {
    Text(Box<str>),
    Integer(i64),
    Boolean(bool),
    Texts(Vec<String>),
    Integers(Vec<i64>),
    Booleans(Vec<bool>),
    /// Index of another property.
    Property(u16),
}

/// How a comparison came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Fails,
    Missing(u16),
    WrongType(u16),
}

impl Operator {
    /// The word that documents use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Operator::Is => "is",
            Operator::IsNot => "is_not",
            Operator::OneOf => "one_of",
            Operator::NoneOf => "none_of",
            Operator::Less => "less",
            Operator::AtMost => "at_most",
            Operator::Greater => "greater",
            Operator::AtLeast => "at_least",
        }
    }
}

impl Condition {
    /// The property on the right, where there is one.
    pub(crate) fn right_property(&self) -> Option<u16> {
        match self.right {
            Right::Property(property) => Some(property),
            _ => None,
        }
    }

    /// The properties that it reads.
    pub(crate) fn properties(&self) -> impl Iterator<Item = u16> + use<> {
        [Some(self.left), self.right_property()]
            .into_iter()
            .flatten()
    }

    /// Compares, given how to read a property and which type each is declared with.
    pub(crate) fn evaluate<'v>(
        &self,
        read: impl Fn(u16) -> Option<Value<'v>>,
        is_of_declared_type: impl Fn(u16, &Value<'v>) -> bool,
    ) -> Verdict {
        // Missing comes before wrong type, left before right.
        let Some(left) = read(self.left) else {
            return Verdict::Missing(self.left);
        };
        let right = match self.right {
            Right::Property(property) => match read(property) {
                Some(value) => Some((property, value)),
                None => return Verdict::Missing(property),
            },
            _ => None,
        };
        if !is_of_declared_type(self.left, &left) {
            return Verdict::WrongType(self.left);
        }
        let holds = match (&self.right, right) {
            (_, Some((property, right))) => {
                if !is_of_declared_type(property, &right) {
                    return Verdict::WrongType(property);
                }
                self.compare_values(left, right)
            }
            (Right::Text(text), _) => self.compare_values(left, Value::Text(text)),
            (Right::Integer(n), _) => self.compare_values(left, Value::Integer(*n)),
            (Right::Boolean(b), _) => self.compare_values(left, Value::Boolean(*b)),
            (Right::Texts(texts), _) => match left {
                Value::Text(text) => self.listed(texts.iter().any(|it| it == text)),
                Value::Set(set) => self.listed(meet(set, Texts::Strings(texts))),
                _ => false,
            },
            (Right::Integers(list), _) => match left {
                Value::Integer(n) => self.listed(list.contains(&n)),
                _ => false,
            },
            (Right::Booleans(list), _) => match left {
                Value::Boolean(b) => self.listed(list.contains(&b)),
                _ => false,
            },
            (Right::Property(_), None) => false,
        };
        if holds {
            Verdict::Holds
        } else {
            Verdict::Fails
        }
    }

    fn listed(&self, found: bool) -> bool {
        match self.operator {
            Operator::OneOf => found,
            Operator::NoneOf => !found,
            _ => false,
        }
    }

    fn compare_values(&self, left: Value<'_>, right: Value<'_>) -> bool {
        match (left, right) {
            (Value::Text(a), Value::Text(b)) => self.equal(a == b),
            (Value::Boolean(a), Value::Boolean(b)) => self.equal(a == b),
            (Value::Integer(a), Value::Integer(b)) => match self.operator {
                Operator::Less => a < b,
                Operator::AtMost => a <= b,
                Operator::Greater => a > b,
                Operator::AtLeast => a >= b,
                _ => self.equal(a == b),
            },
            (Value::Set(a), Value::Set(b)) => match self.operator {
                Operator::OneOf | Operator::NoneOf => self.listed(meet(a, b)),
                _ => self.equal(are_same(a, b)),
            },
            (Value::Text(text), Value::Set(set)) | (Value::Set(set), Value::Text(text)) => {
                self.listed(set.contains(text))
            }
            _ => false,
        }
    }

    fn equal(&self, equal: bool) -> bool {
        match self.operator {
            Operator::Is => equal,
            Operator::IsNot => !equal,
            _ => false,
        }
    }
}
