//! From a [`Node`] to the shapes: everything that does not fit is reported, none of it stops the rest.

use super::ProblemCode;
use super::node::{Key, Node, Table, Value};
use super::problem::{Path, Report, quoted, suggestion};

/// A shape that a node can be read as.
pub(crate) trait Decode: Sized + PartialEq {
    /// Reads the node; what does not fit is reported, and `None` when nothing usable is left.
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self>;

    /// What a field left out stands for; `None` where it must be given.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether a null stands for a field left out. Of a boolean it does not: `suspended` of null must
    /// not mean that somebody is not.
    const MAY_BE_NULL: bool = true;

    /// Whether it may be written as a table.
    const MAY_BE_TABLE: bool = true;

    /// Whether writing it out can be spared.
    fn is_absent(&self) -> bool {
        Self::absent().is_some_and(|absent| absent == *self)
    }
}

pub(crate) fn expected(what: &str, node: &Node, at: &Path<'_>, report: &mut Report<'_>) {
    report.error_at_span(
        node.span.as_ref(),
        at,
        (
            ProblemCode::WrongKind,
            format!("expected {what}, found {}", shown(node)),
        ),
    );
}

pub(crate) fn shown(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => format!("the text {}", quoted(text)),
        Value::Integer(n) => format!("the integer `{n}`"),
        Value::Boolean(b) => format!("the boolean `{b}`"),
        Value::OtherNumber(n) => format!("{}, which is not a 64-bit integer", quoted(n)),
        Value::Moment(moment) => format!("the date {}", quoted(moment)),
        Value::Null | Value::List(_) | Value::Table(_) => node.kind().to_owned(),
    }
}

/// The node as a table; keys that stood earlier already are reported.
pub(crate) fn table<'n>(
    node: &'n Node,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<&'n Table> {
    let Value::Table(table) = &node.value else {
        expected("a table", node, at, report);
        return None;
    };
    for (key, _, duplicate) in table.iter() {
        if duplicate {
            report.error_at_span(
                key.span.as_ref(),
                &at.field(&key.name),
                (
                    ProblemCode::Duplicate,
                    format!("duplicate key {}", quoted(&key.name)),
                ),
            );
        }
    }
    Some(table)
}

/// Reports the keys that are not among `fields`.
pub(crate) fn refuse_unknown(
    table: &Table,
    fields: &[&str],
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    for (key, _, duplicate) in table.iter() {
        if !duplicate && !fields.contains(&key.name.as_str()) {
            let hint = hint(key, fields, report);
            report.error_at_span(
                key.span.as_ref(),
                &at.field(&key.name),
                (
                    ProblemCode::UnknownField,
                    format!("unknown field {}{hint}", quoted(&key.name)),
                ),
            );
        }
    }
}

/// Words that people write for a field, and that are too far from its name to find it as the nearest.
const OFTEN_WRITTEN: &[(&str, &str)] = &[
    ("deny", "denies"),
    ("denied", "denies"),
    ("allow", "grants"),
    ("allows", "grants"),
    ("permissions", "grants"),
    ("permissions", "allowed_by"),
    ("extends", "inherits"),
    ("parents", "inherits"),
    ("exclude", "except"),
    ("excludes", "except"),
    ("title", "name"),
    ("title", "label"),
];

/// What whoever wrote an unknown field may have meant.
fn hint(key: &Key, fields: &[&str], report: &mut Report<'_>) -> String {
    let name = key.name.as_str();
    let belongs = report.around().find(|(fields, _)| fields.contains(&name));
    if let Some((_, is_root)) = belongs {
        let whose = match is_root {
            true => "the document",
            false => "a table around this one",
        };
        // Only TOML tells where a key stands.
        let how = match key.span {
            Some(_) => ": write it above the header of this table",
            None => "",
        };
        return format!("; it is a field of {whose}{how}");
    }
    let mut often = OFTEN_WRITTEN.iter();
    match often.find(|(written, meant)| *written == name && fields.contains(meant)) {
        Some((_, meant)) => suggestion(name, meant),
        None => report.did_you_mean(name, fields.iter().copied()),
    }
}

/// Fields of which an empty list means nothing: they are left out instead (D10).
const NEVER_EMPTY: &[&str] = &["when"];

/// One field of a table. What cannot be read is reported, and something stands in for it, so that
/// the rest of the document is looked at in the same run.
pub(crate) fn field<T: Decode + Blank>(
    table: &Table,
    name: &str,
    parent: &Node,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<T> {
    let here = at.field(name);
    let read = match table.get(name) {
        // A null, where a format has one, is a field left out; of a boolean it says nothing.
        Some((_, node))
            if matches!(node.value, Value::Null) && T::absent().is_some() && T::MAY_BE_NULL =>
        {
            T::absent()
        }
        Some((_, node)) => {
            if NEVER_EMPTY.contains(&name)
                && matches!(&node.value, Value::List(items) if items.is_empty())
            {
                report.error_at_span(
                    node.span.as_ref(),
                    &here,
                    (
                        ProblemCode::EmptyList,
                        format!("{} is empty; leave it out instead", quoted(name)),
                    ),
                );
            }
            T::decode(node, &here, report)
        }
        None => T::absent().or_else(|| {
            report.error_at_span(
                parent.span.as_ref(),
                &here,
                (ProblemCode::Missing, format!("{} is missing", quoted(name))),
            );
            None
        }),
    };
    read.or_else(|| {
        report.stand_in(&here);
        T::absent().or_else(T::blank)
    })
}

/// The name of a field as documents write it: `type`, not `r#type`.
pub(crate) const fn field_name(ident: &'static str) -> &'static str {
    match ident.as_bytes() {
        [b'r', b'#', ..] => ident.split_at(2).1,
        _ => ident,
    }
}

/// Declares a shape of a document: the struct, its reading and its writing.
///
/// `or text as field` lets what that field alone would be, a text or a word, stand for the shape;
/// `default blank` lets the whole shape be left out where it is a field of another.
macro_rules! document {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$field_meta:meta])* pub $field:ident : $type:ty ),* $(,)?
        }
        $(or text as $text:ident)?
        $(default $absent:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type ),*
        }

        impl $crate::document::decode::Decode for $name {
            fn decode(
                node: &$crate::document::node::Node,
                at: &$crate::document::problem::Path<'_>,
                report: &mut $crate::document::problem::Report<'_>,
            ) -> Option<Self> {
                #[allow(unused_imports, reason = "not every shape uses each")]
                use $crate::document::decode::{Decode, field, field_name, refuse_unknown, table};
                $(
                    if let $crate::document::node::Value::Text(_) = &node.value {
                        let mut read = $crate::document::decode::blank::<$name>()?;
                        read.$text = Decode::decode(node, at, report)?;
                        return Some(read);
                    }
                )?
                const FIELDS: &[&str] = &[$( field_name(stringify!($field)) ),*];
                let found = table(node, at, report)?;
                report.enter(FIELDS);
                refuse_unknown(found, FIELDS, at, report);
                $( let $field: Option<$type> =
                    field(found, field_name(stringify!($field)), node, at, report); )*
                report.leave();
                Some($name { $( $field: $field? ),* })
            }

            $(
                fn absent() -> Option<Self> {
                    $crate::document::decode::$absent::<$name>()
                }
            )?
        }

        impl $crate::document::decode::Blank for $name {
            fn blank() -> Option<Self> {
                Some($name {
                    $( $field: <$type as $crate::document::decode::Blank>::blank()? ),*
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                #[allow(unused_imports, reason = "not every shape uses each")]
                use $crate::document::decode::{Decode, field_name};
                $(
                    let blank = $crate::document::decode::blank::<$name>();
                    if blank.is_some_and(|it| $name { $text: self.$text.clone(), ..it } == *self) {
                        return self.$text.serialize(serializer);
                    }
                )?
                let given = 0 $( + usize::from(!self.$field.is_absent()) )*;
                let mut out = serializer.serialize_struct(stringify!($name), given)?;
                $(
                    if self.$field.is_absent() {
                        out.skip_field(field_name(stringify!($field)))?;
                    } else {
                        out.serialize_field(field_name(stringify!($field)), &self.$field)?;
                    }
                )*
                out.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            /// Refuses what the documents refuse: unknown fields, duplicate keys, wrong types. The
            /// error names every problem of shape, with its path.
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::document::decode::deserialize(deserializer)
            }
        }
    };
}
pub(crate) use document;

/// Declares an enum of words.
macro_rules! one_of_words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $word:literal ),* $(,)?
        }
        $(default $default:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$variant_meta])* #[serde(rename = $word)] $variant ),*
        }

        impl $name {
            /// Every word, in the order of declaration.
            pub const EVERY: &[$name] = &[$( $name::$variant ),*];

            /// The word as documents write it.
            pub const fn as_str(self) -> &'static str {
                match self { $( $name::$variant => $word ),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::document::decode::Decode for $name {
            fn decode(
                node: &$crate::document::node::Node,
                at: &$crate::document::problem::Path<'_>,
                report: &mut $crate::document::problem::Report<'_>,
            ) -> Option<Self> {
                $crate::document::decode::word(node, at, report, $name::EVERY, |it| it.as_str())
            }

            const MAY_BE_TABLE: bool = false;

            $(
                fn absent() -> Option<Self> {
                    Some($name::$default)
                }
            )?
        }

        impl $crate::document::decode::Blank for $name {
            fn blank() -> Option<Self> {
                <$name as $crate::document::decode::Decode>::absent()
                    .or_else(|| $name::EVERY.first().copied())
            }
        }

        $(
            impl Default for $name {
                fn default() -> Self {
                    $name::$default
                }
            }
        )?
    };
}
pub(crate) use one_of_words;

/// Reads one of a list of words.
pub(crate) fn word<T: Copy>(
    node: &Node,
    at: &Path<'_>,
    report: &mut Report<'_>,
    every: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Option<T> {
    let words = || every.iter().map(|it| as_str(*it));
    let Value::Text(text) = &node.value else {
        let what = format!("one of {}", backticked(words()));
        expected(&what, node, at, report);
        return None;
    };
    let found = every.iter().copied().find(|it| as_str(*it) == text);
    if found.is_none() {
        let nearest = report.did_you_mean(text, words());
        report.error_at_span(
            node.span.as_ref(),
            at,
            (
                ProblemCode::UnknownWord,
                format!(
                    "expected one of {}, found {}{nearest}",
                    backticked(words()),
                    quoted(text),
                ),
            ),
        );
    }
    found
}

/// `` `a`, `b` ``.
pub(crate) fn backticked<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(quoted).collect::<Vec<_>>().join(", ")
}

/// The start value of a field when a shape is made from a text alone, is left out, or could not be
/// read: the default, or something empty.
pub(crate) trait Blank: Sized {
    fn blank() -> Option<Self>;
}

impl Blank for String {
    fn blank() -> Option<Self> {
        Some(String::new())
    }
}

impl<T> Blank for Option<T> {
    fn blank() -> Option<Self> {
        Some(None)
    }
}

impl<T> Blank for Vec<T> {
    fn blank() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<K: Ord, V> Blank for std::collections::BTreeMap<K, V> {
    fn blank() -> Option<Self> {
        Some(std::collections::BTreeMap::new())
    }
}

impl Blank for bool {
    fn blank() -> Option<Self> {
        Some(false)
    }
}

/// Past every version there is: what stands in for a version must not make a policy an older one.
impl Blank for u32 {
    fn blank() -> Option<Self> {
        Some(u32::MAX)
    }
}

impl Blank for u64 {
    fn blank() -> Option<Self> {
        Some(0)
    }
}

pub(crate) fn blank<T: Blank>() -> Option<T> {
    T::blank()
}

/// `Deserialize` for a shape: any serde format, the same refusals.
pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Decode,
    D: serde::Deserializer<'de>,
{
    use serde::de::Error;
    let node = <Node as serde::Deserialize>::deserialize(deserializer)?;
    let source = super::problem::Source::default();
    let mut report = Report::new(&source);
    let decoded = T::decode(&node, &Path::ROOT, &mut report);
    super::Problems::unless_none(report.finish().0).map_err(D::Error::custom)?;
    decoded.ok_or_else(|| D::Error::custom("no document"))
}
