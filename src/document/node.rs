//! A document as read, before its shape is known: one tree for TOML, JSON and any serde format.

use std::fmt;
use std::ops::Range;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// Nesting past this is refused; the shapes of documents need 8.
pub(crate) const MAX_DEPTH: usize = 64;

/// A value, and where it stands in the source when the format tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Option<Range<usize>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    #[default]
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number that is no 64-bit signed integer, as written or nearly so.
    OtherNumber(String),
    Text(String),
    /// A date or time of a format that has them, as RFC 3339 writes it.
    #[cfg_attr(
        not(feature = "toml"),
        expect(dead_code, reason = "only TOML has dates")
    )]
    Moment(String),
    List(Vec<Node>),
    Table(Table),
}

/// Keys and values in source order; of equal keys all are kept, and the decoder refuses the later
/// ones. Looking up a key is a binary search, so that a table of many keys stays linear to check.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    entries: Vec<(Key, Node)>,
    by_name: Vec<u32>,
}

impl Table {
    pub(crate) fn new(entries: Vec<(Key, Node)>) -> Self {
        let mut by_name: Vec<u32> = (0..).take(entries.len()).collect();
        by_name.sort_by(|&a, &b| {
            let name = |i: u32| entries.get(i as usize).map(|(key, _)| &key.name);
            name(a).cmp(&name(b)).then(a.cmp(&b))
        });
        Table { entries, by_name }
    }

    /// Every entry, and whether its key stood earlier already.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Node, bool)> {
        self.entries.iter().enumerate().map(|(i, (key, node))| {
            let duplicate = self.position(&key.name) != Some(i);
            (key, node, duplicate)
        })
    }

    /// Every value, in source order.
    #[cfg(feature = "json")]
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.entries.iter_mut().map(|(_, node)| node)
    }

    /// The first entry of that key.
    pub(crate) fn get(&self, name: &str) -> Option<&(Key, Node)> {
        self.entries.get(self.position(name)?)
    }

    fn position(&self, name: &str) -> Option<usize> {
        let name_at = |i: u32| {
            self.entries
                .get(i as usize)
                .map(|(key, _)| key.name.as_str())
        };
        let first = self.by_name.partition_point(|&i| name_at(i) < Some(name));
        let found = *self.by_name.get(first)?;
        (name_at(found) == Some(name)).then_some(found as usize)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Option<Range<usize>>,
}

impl Node {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::OtherNumber(_) => "a number",
            Value::Text(_) => "a text",
            Value::Moment(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

impl<'de> de::Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AtDepth(0).deserialize(deserializer)
    }
}

struct AtDepth(usize);

impl<'de> DeserializeSeed<'de> for AtDepth {
    type Value = Node;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        if self.0 > MAX_DEPTH {
            return Err(de::Error::custom(format_args!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AtDepth {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
        Ok(Value::Boolean(v).into())
    }

    fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
        Ok(Value::Integer(v).into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
        Ok(i64::try_from(v)
            .map_or_else(|_| Value::OtherNumber(v.to_string()), Value::Integer)
            .into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
        Ok(Value::OtherNumber(format!("{v:?}")).into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Node, E> {
        Ok(Value::Text(v.to_owned()).into())
    }

    fn visit_string<E>(self, v: String) -> Result<Node, E> {
        Ok(Value::Text(v).into())
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Value::Null.into())
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Value::Null.into())
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(AtDepth(self.0 + 1))? {
            items.push(item);
        }
        Ok(Value::List(items).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(AtDepth(self.0 + 1))?;
            entries.push((Key { name, span: None }, value));
        }
        Ok(Value::Table(Table::new(entries)).into())
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Node { value, span: None }
    }
}
