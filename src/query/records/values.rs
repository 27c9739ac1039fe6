//! What both folding and matching ask of a value.

use crate::document::PropertyType;
use crate::request::{Texts, Value};

pub(super) fn kind_of(value: &Value<'_>) -> PropertyType {
    match value {
        Value::Text(_) => PropertyType::Text,
        Value::Integer(_) => PropertyType::Integer,
        Value::Boolean(_) => PropertyType::Boolean,
        Value::Set(_) => PropertyType::Set,
    }
}

/// The texts of a set, each once, in order.
pub(super) fn sorted(set: Texts<'_>) -> Vec<String> {
    let mut texts: Vec<String> = match set {
        Texts::Strings(texts) => texts.to_vec(),
        Texts::Strs(texts) => texts.iter().map(|it| (*it).to_owned()).collect(),
    };
    texts.sort_unstable();
    texts.dedup();
    texts
}
