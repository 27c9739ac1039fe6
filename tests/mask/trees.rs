//! Arbitrary records, against a projection written from the rules alone.

use bailiwick::Record;
use bailiwick::document::AddressComponent;
use bailiwick::mask::{Address, Mask};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::laws::holds;
use crate::texts::any_text;
use crate::world::{READER, engine};

/// The fields of the catalog with their masks; `None` for the hidden one.
fn field(path: &str) -> Option<(Option<Mask>, Option<&'static str>)> {
    Some(match path {
        "contact.emails.email" => (Some(Mask::email()), Some("added_by")),
        "contact.phone" => (Some(Mask::phone()), None),
        "address" => (Some(Mask::address()), None),
        "notes" => (Some(Mask::whole()), None),
        "salary" => (None, Some("salary_by")),
        _ => return None,
    })
}

/// What the reader, to whom nothing is revealed, sees; `None` for what is left out: what is hidden, and what
/// would turn into a text and is none.
fn seen(value: &Value, path: &str, beside: &Map<String, Value>) -> Option<Value> {
    if let Some((mask, contributor)) = field(path) {
        let by = contributor.and_then(|key| beside.get(key));
        return match mask {
            _ if by == Some(&json!(READER)) => Some(value.clone()),
            mask => masked(value, &mask?),
        };
    }
    if !matches!(path, "" | "contact" | "contact.emails") {
        return Some(value.clone());
    }
    Some(match value {
        Value::Null => Value::Null,
        Value::Array(items) => items
            .iter()
            .map(|item| seen(item, path, beside).unwrap_or(Value::Null))
            .collect(),
        Value::Object(object) => {
            let below = |key: &str| {
                if path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{path}.{key}")
                }
            };
            let entries = object.iter();
            let entries = entries
                .filter_map(|(key, value)| Some((key.clone(), seen(value, &below(key), object)?)));
            Value::Object(entries.collect())
        }
        Value::String(_) => json!("***"),
        Value::Bool(_) | Value::Number(_) => return None,
    })
}

fn masked(value: &Value, mask: &Mask) -> Option<Value> {
    let is_address = *mask == Mask::address();
    fn leaves<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
            Value::Null => {}
            leaf => found.push(leaf),
        }
    }
    let mut found = Vec::new();
    leaves(value, &mut found);
    let texts = found.iter().all(|it| it.is_string());
    let addresses = is_address && found.iter().all(|it| it.is_object());
    if !texts && !addresses {
        return None;
    }
    Some(match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| masked(item, mask));
            items.collect::<Option<Vec<Value>>>()?.into()
        }
        Value::String(text) => json!(mask.text(text)),
        Value::Object(object) => {
            let mut shown = json!({ "building_number": mask.filler() });
            for component in AddressComponent::EVERY.iter().filter(|it| it.is_shown()) {
                let name = component.as_str();
                match object.get(name) {
                    Some(Value::String(text)) if !text.trim().is_empty() => {
                        let line = mask.address_text(&Address::new().with(*component, text));
                        // The line has the building number's filler first.
                        let before = match component {
                            AddressComponent::Street => "*** ",
                            _ => "***, ",
                        };
                        shown[name] = json!(line.strip_prefix(before).unwrap_or_default());
                    }
                    _ => {}
                }
            }
            shown
        }
        _ => Value::Null,
    })
}

/// No part of what is shown is of another type than it was, but for nothing in its place. The number of an
/// address's building is the filler, whatever it was (M3).
fn turns_into_no_other_type(before: &Value, shown: &Value) -> bool {
    match (before, shown) {
        (_, Value::Null) => true,
        (Value::Object(before), Value::Object(shown)) => shown.iter().all(|(key, shown)| {
            let before = before.get(key);
            (key == "building_number" && shown == "***")
                || before.is_some_and(|it| turns_into_no_other_type(it, shown))
        }),
        (Value::Array(before), Value::Array(shown)) => {
            let mut pairs = before.iter().zip(shown);
            before.len() == shown.len()
                && pairs.all(|(it, shown)| turns_into_no_other_type(it, shown))
        }
        (Value::String(_), Value::String(_)) => true,
        (before, shown) => before == shown,
    }
}

fn any_tree() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any_text(),
        Just(READER.to_owned()),
        Just("below".to_owned()),
        Just("ada@example.com".to_owned()),
        Just("+1 555 123 4567".to_owned()),
    ];
    let leaf = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let keys = [
            "contact",
            "contact",
            "emails",
            "emails",
            "email",
            "phone",
            "address",
            "street",
            "locality",
            "building_number",
            "notes",
            "salary",
            "salary_by",
            "added_by",
            "x",
        ];
        let key = proptest::sample::select(keys.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            4 => proptest::collection::btree_map(key, inner.clone(), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

#[test]
fn a_projection_equals_one_written_from_the_rules() {
    let access = engine().fields(READER, &Record::of("person").id("7"));
    let contact = (any_tree(), any_tree(), any_tree());
    holds((any_tree(), contact), |(tree, (emails, address, rest))| {
        let nested = json!({ "contact": { "emails": emails, "phone": rest }, "address": address });
        for tree in [tree, nested] {
            let shown = serde_json::to_value(access.project(&tree));
            match tree {
                Value::Array(_) => prop_assert!(shown.is_err()),
                _ => {
                    let shown = shown.unwrap();
                    let expected = seen(&tree, "", &Map::new()).unwrap_or(Value::Null);
                    prop_assert_eq!(&shown, &expected);
                    prop_assert!(turns_into_no_other_type(&tree, &shown), "{tree} {shown}");
                }
            }
        }
        Ok(())
    });
}
