//! Checksums: of a compact screen, and of what a token brings.

use crate::catalog::{Bearer, Model};
use crate::engine::Asker;
use crate::request::{Texts, Token, Value};

/// 64-bit FNV-1a. Each step is a bijection, so that a change of any one byte is found.
pub(super) struct Checksum(u64);

impl Checksum {
    const EMPTY: Checksum = Checksum(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// A text with its length before it, so that two texts are not taken for another two.
    fn add_text(&mut self, text: &str) {
        self.add(&(text.len() as u64).to_le_bytes());
        self.add(text.as_bytes());
    }

    pub(super) fn of(bytes: &[u8]) -> u64 {
        let mut sum = Checksum::EMPTY;
        sum.add(bytes);
        sum.0
    }
}

/// A checksum of what a token brings, its id aside: neither the order of roles nor that of
/// properties counts, nor do properties that the catalog does not declare.
pub(super) fn mark(model: &Model, token: &Token, asker: &Asker<'_>) -> u64 {
    let mut sum = Checksum::EMPTY;
    sum.add(&[u8::from(token.stands_for_role)]);
    let mut roles: Vec<&str> = token.roles.iter().map(String::as_str).collect();
    roles.sort_unstable();
    roles.dedup();
    sum.add(&(roles.len() as u64).to_le_bytes());
    for role in roles {
        sum.add_text(role);
    }
    sum.add_text(token.position.as_deref().unwrap_or_default());
    let mut properties: Vec<(&str, u16)> = model
        .properties
        .iter()
        .zip(0..)
        .filter(|(property, _)| property.bearer == Bearer::Subject)
        .map(|(property, index)| (property.name.as_ref(), index))
        .collect();
    properties.sort_unstable();
    for (name, index) in properties {
        let Some(value) = asker.property(index) else {
            continue;
        };
        sum.add_text(name);
        match value {
            Value::Text(text) => {
                sum.add(b"t");
                sum.add_text(text);
            }
            Value::Integer(number) => {
                sum.add(b"i");
                sum.add(&number.to_le_bytes());
            }
            Value::Boolean(truth) => sum.add(&[b'b', u8::from(truth)]),
            Value::Set(set) => {
                let mut texts: Vec<&str> = match set {
                    Texts::Strings(texts) => texts.iter().map(String::as_str).collect(),
                    Texts::Strs(texts) => texts.to_vec(),
                };
                texts.sort_unstable();
                texts.dedup();
                sum.add(b"s");
                sum.add(&(texts.len() as u64).to_le_bytes());
                for text in texts {
                    sum.add_text(text);
                }
            }
        }
    }
    sum.0
}
