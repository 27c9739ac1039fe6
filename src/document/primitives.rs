//! Reading texts, numbers, lists, tables and the few shapes that are one of several kinds.

use std::collections::BTreeMap;

use super::ProblemCode;
use super::decode::{Decode, expected, table, word};
use super::node::{Node, Value};
use super::problem::{Path, Report, shortened};
use crate::Scope;

impl Decode for String {
    const MAY_BE_TABLE: bool = false;

    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            _ => {
                expected("a text", node, at, report);
                None
            }
        }
    }
}

impl Decode for bool {
    const MAY_BE_NULL: bool = false;

    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        match node.value {
            Value::Boolean(b) => Some(b),
            _ => {
                expected("`true` or `false`", node, at, report);
                None
            }
        }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

macro_rules! decode_unsigned {
    ($($type:ty),*) => {$(
        impl Decode for $type {
            fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
                let read = match node.value {
                    Value::Integer(n) => <$type>::try_from(n).ok(),
                    _ => None,
                };
                if read.is_none() {
                    let what = format!("an integer from 0 to {}", <$type>::MAX.min(i64::MAX as $type));
                    expected(&what, node, at, report);
                }
                read
            }
        }
    )*};
}
decode_unsigned!(u32, u64);

impl<T: Decode> Decode for Option<T> {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        T::decode(node, at, report).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            expected("a list", node, at, report);
            return None;
        };
        let mut read = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            match T::decode(item, &at.index(i), report) {
                Some(item) => read.push(item),
                None => report.unread(at, i),
            }
        }
        Some(read)
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<K: Key, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut map = BTreeMap::new();
        for (key, value, duplicate) in table(node, at, report)?.iter() {
            if duplicate {
                continue;
            }
            let here = at.field(&key.name);
            if !V::MAY_BE_TABLE
                && let Some(dotted) = dotted(&key.name, value)
            {
                let message = format!(
                    "a table stands here where a value belongs; write a key with dots in quotes: `\"{dotted}\"`"
                );
                let said = (ProblemCode::WrongKind, message);
                report.error_at_span(key.span.as_ref(), &here, said);
                report.stand_in(&here);
                continue;
            }
            let read_key = K::from_key(&key.name, key.span.as_ref(), &here, report);
            let value = V::decode(value, &here, report);
            if value.is_none() {
                report.stand_in(&here);
            }
            if let (Some(key), Some(value)) = (read_key, value) {
                map.insert(key, value);
            }
        }
        Some(map)
    }

    fn absent() -> Option<Self> {
        Some(BTreeMap::new())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// The dotted key that was written, if nothing but tables of one key each lie between it and its value.
fn dotted(key: &str, value: &Node) -> Option<String> {
    let mut dotted = key.to_owned();
    let mut value = value;
    while let Value::Table(table) = &value.value {
        let mut entries = table.iter();
        let (Some((key, below, _)), None) = (entries.next(), entries.next()) else {
            return None;
        };
        dotted.push('.');
        dotted.push_str(&key.name);
        value = below;
    }
    (dotted.len() > key.len()).then(|| shortened(&dotted))
}

/// What a key of a table can be read as.
pub(crate) trait Key: Ord {
    fn from_key(
        name: &str,
        span: Option<&std::ops::Range<usize>>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Self>
    where
        Self: Sized;
}

impl Key for String {
    fn from_key(
        name: &str,
        _: Option<&std::ops::Range<usize>>,
        _: &Path<'_>,
        _: &mut Report<'_>,
    ) -> Option<Self> {
        Some(name.to_owned())
    }
}

impl Key for super::catalog::ChangeKind {
    fn from_key(
        name: &str,
        span: Option<&std::ops::Range<usize>>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let node = Node {
            value: Value::Text(name.to_owned()),
            span: span.cloned(),
        };
        Self::decode(&node, at, report)
    }
}

impl Decode for Scope {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        word(node, at, report, &Scope::EVERY, Scope::as_str)
    }
}

impl Decode for super::OperandDocument {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Integer(n) => Some(Self::Integer(*n)),
            Value::Boolean(b) => Some(Self::Boolean(*b)),
            Value::List(_) => Decode::decode(node, at, report).map(Self::List),
            Value::Table(_) => Decode::decode(node, at, report).map(Self::Property),
            Value::Null | Value::OtherNumber(_) | Value::Moment(_) => {
                expected(
                    "a text, an integer, a boolean, a list of them, or a property as a table",
                    node,
                    at,
                    report,
                );
                None
            }
        }
    }
}

impl Decode for super::ConstantDocument {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Integer(n) => Some(Self::Integer(*n)),
            Value::Boolean(b) => Some(Self::Boolean(*b)),
            _ => {
                expected("a text, an integer, or a boolean", node, at, report);
                None
            }
        }
    }
}

impl Decode for super::PropertyValue {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Self::Text(text.clone())),
            Value::Integer(n) => Some(Self::Integer(*n)),
            Value::Boolean(b) => Some(Self::Boolean(*b)),
            Value::List(_) => Decode::decode(node, at, report).map(Self::Set),
            Value::Null | Value::OtherNumber(_) | Value::Moment(_) | Value::Table(_) => {
                expected(
                    "a text, an integer, a boolean, or a list of texts",
                    node,
                    at,
                    report,
                );
                None
            }
        }
    }
}
