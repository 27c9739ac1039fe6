//! What differs between two documents of one thing: values are compared, texts are shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::ItemDocument;
use super::text::told_apart;
use crate::catalog::Evolution;

/// A field of a thing that is otherwise than before. No two texts in it are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Difference {
    /// A field of one value; `None` where it has none.
    Value {
        /// The field.
        field: String,
        /// Before, as a person reads it.
        before: Option<String>,
        /// After.
        after: Option<String>,
    },
    /// A field of many, in any order.
    List {
        /// The field.
        field: String,
        /// The texts that are no longer in it.
        removed: Vec<String>,
        /// The texts that were not in it.
        added: Vec<String>,
    },
    /// A permission that is written by another of its names (D16).
    Renamed {
        /// The field.
        field: String,
        /// As it was written before.
        before: String,
        /// As it is written after.
        after: String,
    },
}

/// Returns whether both say the same. Order and repetition do not count.
pub(super) fn are_same(one: &Option<ItemDocument>, other: &Option<ItemDocument>) -> bool {
    one == other
        || (one.is_some() == other.is_some()
            && in_order(&Value::Object(fields(one))) == in_order(&Value::Object(fields(other))))
}

/// Every field that differs.
pub(super) fn between(
    before: &Option<ItemDocument>,
    after: &Option<ItemDocument>,
    evolution: &Evolution,
) -> Vec<Difference> {
    let [mut was, mut is] = [before, after].map(fields);
    let mut found = Vec::new();
    if let (
        Some(ItemDocument::Setting { path: before, .. }),
        Some(ItemDocument::Setting { path: after, .. }),
    ) = (before, after)
        && before != after
    {
        renamed(
            "setting",
            &before.as_str().into(),
            &after.as_str().into(),
            &mut found,
        );
    }
    for fields in [&mut was, &mut is] {
        fields.remove("path");
    }
    let compare = Compare { evolution };
    compare.fields("", &was, &is, &mut found);
    found
}

/// The fields of a thing, but its id.
fn fields(document: &Option<ItemDocument>) -> Map<String, Value> {
    // A document in memory can always be written as JSON: its maps have texts as keys.
    match document.as_ref().map(serde_json::to_value) {
        Some(Ok(Value::Object(mut fields))) => {
            fields.remove("id");
            fields
        }
        // A document that says no more than its id is written as a text.
        _ => Map::new(),
    }
}

/// With every list in one order, and nothing twice.
fn in_order(value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let values = values.iter().map(in_order);
            let sorted: BTreeMap<String, Value> = values.map(|it| (it.to_string(), it)).collect();
            Value::Array(sorted.into_values().collect())
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, it)| (name.clone(), in_order(it)));
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn renamed(field: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let mut told = told_apart(&[before, after]).into_iter();
    found.push(Difference::Renamed {
        field: field.to_owned(),
        before: told.next().unwrap_or_default(),
        after: told.next().unwrap_or_default(),
    });
}

struct Compare<'c> {
    evolution: &'c Evolution,
}

impl Compare<'_> {
    /// Documents nest no deeper than a user's properties.
    fn fields(
        &self,
        prefix: &str,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        found: &mut Vec<Difference>,
    ) {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let field = format!("{prefix}{name}");
            match (before.get(name), after.get(name)) {
                (was, is) if was == is => {}
                (Some(Value::Object(was)), Some(Value::Object(is))) => {
                    self.fields(&format!("{field}."), was, is, found);
                }
                (Some(Value::Object(was)), None) => {
                    self.fields(&format!("{field}."), was, &Map::new(), found);
                }
                (None, Some(Value::Object(is))) => {
                    self.fields(&format!("{field}."), &Map::new(), is, found);
                }
                (Some(Value::Array(was)), Some(Value::Array(is))) => {
                    self.list(field, was, is, found);
                }
                // A property may be an empty set; other lists that are empty are not written.
                (Some(Value::Array(was)), None) if !was.is_empty() => {
                    self.list(field, was, &[], found);
                }
                (None, Some(Value::Array(is))) if !is.is_empty() => {
                    self.list(field, &[], is, found);
                }
                (was, is) => {
                    let both: Vec<&Value> = was.into_iter().chain(is).collect();
                    let mut told = told_apart(&both).into_iter();
                    found.push(Difference::Value {
                        field,
                        before: was.and_then(|_| told.next()),
                        after: is.and_then(|_| told.next()),
                    });
                }
            }
        }
    }

    fn list(&self, field: String, before: &[Value], after: &[Value], found: &mut Vec<Difference>) {
        let names_permissions = field == "grants" || field == "denies";
        let today = |value: &Value| match names_permissions {
            true => self.today(value),
            false => in_order(value),
        };
        let [was, is] = [before, after].map(|values| by_meaning(values, today));
        let (mut removed, mut added) = (Vec::new(), Vec::new());
        for (meaning, written) in &was {
            let Some(now) = is.get(meaning) else {
                removed.extend(written.values());
                continue;
            };
            let (gone, new) = (only(written, now), only(now, written));
            if let ([gone], [new]) = (&gone[..], &new[..]) {
                renamed(&field, gone, new, found);
                continue;
            }
            removed.extend(gone);
            added.extend(new);
        }
        for (_, written) in is.iter().filter(|(meaning, _)| !was.contains_key(*meaning)) {
            added.extend(written.values());
        }
        if removed.is_empty() && added.is_empty() {
            return;
        }
        let shown = removed
            .iter()
            .chain(&added)
            .map(|value| match names_permissions {
                true => self.with_today(value),
                false => (*value).clone(),
            });
        let shown: Vec<Value> = shown.collect();
        let mut told = told_apart(&shown.iter().collect::<Vec<_>>());
        let mut added = told.split_off(removed.len());
        told.sort();
        added.sort();
        found.push(Difference::List {
            field,
            removed: told,
            added,
        });
    }

    /// A grant or deny by the names that permissions have today.
    fn today(&self, value: &Value) -> Value {
        let selector = |value: &Value| match value {
            Value::String(text) => Value::String(self.today_of(text)),
            other => other.clone(),
        };
        in_order(&match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| {
                    let value = match (name.as_str(), value) {
                        ("select", value) => selector(value),
                        ("except", Value::Array(paths)) => {
                            Value::Array(paths.iter().map(selector).collect())
                        }
                        (_, value) => value.clone(),
                    };
                    (name.clone(), value)
                });
                Value::Object(fields.collect())
            }
            value => selector(value),
        })
    }

    /// A grant or deny as it is written, and what its permission is called today.
    fn with_today(&self, value: &Value) -> Value {
        let (mut fields, select) = match value {
            Value::String(text) => (Map::new(), text),
            Value::Object(fields) => match fields.get("select") {
                Some(Value::String(text)) => (fields.clone(), text),
                _ => return value.clone(),
            },
            _ => return value.clone(),
        };
        let today = self.today_of(select);
        if today == *select {
            return value.clone();
        }
        fields.insert("select".to_owned(), Value::String(select.clone()));
        fields.insert("now".to_owned(), Value::String(today));
        Value::Object(fields)
    }

    fn today_of(&self, selector: &str) -> String {
        match selector.strip_suffix(".*") {
            Some(above) => format!("{}.*", self.evolution.last_name(above)),
            None => self.evolution.last_name(selector),
        }
    }
}

/// The values that are written in one way and not in the other.
fn only<'v>(one: &'v BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> Vec<&'v Value> {
    let only = one.iter().filter(|(text, _)| !other.contains_key(*text));
    only.map(|(_, value)| value).collect()
}

/// Values by what they mean, and each as it is written.
fn by_meaning(
    values: &[Value],
    meaning: impl Fn(&Value) -> Value,
) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut found: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for value in values {
        let written = found.entry(meaning(value).to_string()).or_default();
        written.insert(in_order(value).to_string(), value.clone());
    }
    found
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Value {
                field,
                before,
                after,
            } => match (before, after) {
                (Some(before), Some(after)) => write!(f, "  {field}: {before} → {after}"),
                (Some(before), None) => write!(f, "  - {field}: {before}"),
                (None, after) => write!(f, "  + {field}: {}", after.as_deref().unwrap_or("")),
            },
            Difference::List {
                field,
                removed,
                added,
            } => {
                if !removed.is_empty() {
                    write!(f, "  - {field}: {}", removed.join(", "))?;
                }
                if !removed.is_empty() && !added.is_empty() {
                    writeln!(f)?;
                }
                if !added.is_empty() {
                    write!(f, "  + {field}: {}", added.join(", "))?;
                }
                Ok(())
            }
            Difference::Renamed {
                field,
                before,
                after,
            } => write!(f, "  {field}: {before} → {after}, the same by another name"),
        }
    }
}
