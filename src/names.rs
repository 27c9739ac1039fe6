//! Names and their indices.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Distinct names, numbered in the order in which they came.
///
/// They are looked up by a hash that is keyed at random for each process, so that names chosen
/// elsewhere do not collide here. A name of up to 16 bytes lies whole in the table: looking it up touches the
/// table alone. (Keys behind a pointer were slower, and copying a name into a buffer to hash it
/// cost a call of `memcpy`, as much as all the rest.)
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    table: HashTable<Entry>,
    /// Every name, one behind the other.
    text: String,
    /// Where each ends in `text`.
    ends: Vec<u32>,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: Key,
    index: u32,
}

/// A name as two words and its length: up to 16 bytes this is the name itself, past that its first
/// and last bytes, and the text decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
    len: u32,
}

/// Bytes that a key holds whole.
const WHOLE: u32 = 16;

impl Key {
    #[inline]
    fn of(text: &str) -> Key {
        let bytes = text.as_bytes();
        // The two loads overlap where the name is shorter than both; the length tells names apart.
        let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(first), Some(last)) => (
                    u64::from(u32::from_le_bytes(*first)),
                    u64::from(u32::from_le_bytes(*last)),
                ),
                _ => (
                    bytes
                        .iter()
                        .fold(0, |word, byte| word << 8 | u64::from(*byte)),
                    0,
                ),
            },
        };
        Key {
            first,
            last,
            len: bytes.len() as u32,
        }
    }

    #[inline]
    fn hash(self, text: &str, hasher: &RandomState) -> u64 {
        if self.len <= WHOLE {
            hasher.hash_one((self.first, self.last ^ u64::from(self.len).rotate_right(6)))
        } else {
            hasher.hash_one(text)
        }
    }
}

impl Names {
    pub(crate) fn with_capacity(names: usize) -> Names {
        Names {
            table: HashTable::with_capacity(names),
            ends: Vec::with_capacity(names),
            ..Names::default()
        }
    }

    /// Numbers a name; `Err` with its number when it is known already.
    pub(crate) fn insert(&mut self, name: &str) -> Result<u32, u32> {
        let key = Key::of(name);
        let hash = key.hash(name, &self.hasher);
        if let Some(known) = self.find(key, hash, name) {
            return Err(known);
        }
        let index = self.ends.len() as u32;
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        let (hasher, text, ends) = (&self.hasher, &self.text, &self.ends);
        self.table
            .insert_unique(hash, Entry { key, index }, |entry| {
                let name = text_of(text, ends, entry.index).unwrap_or_default();
                entry.key.hash(name, hasher)
            });
        Ok(index)
    }

    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        let key = Key::of(name);
        self.find(key, key.hash(name, &self.hasher), name)
    }

    #[inline]
    fn find(&self, key: Key, hash: u64, name: &str) -> Option<u32> {
        let found = self.table.find(hash, |entry| {
            entry.key == key && (key.len <= WHOLE || self.text(entry.index) == Some(name))
        });
        found.map(|entry| entry.index)
    }

    /// The name of that number.
    pub(crate) fn text(&self, index: u32) -> Option<&str> {
        text_of(&self.text, &self.ends, index)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).filter_map(|index| self.text(index))
    }
}

fn text_of<'t>(text: &'t str, ends: &[u32], index: u32) -> Option<&'t str> {
    let index = index as usize;
    let start = match index.checked_sub(1) {
        Some(before) => *ends.get(before)? as usize,
        None => 0,
    };
    text.get(start..*ends.get(index)? as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_length_are_told_apart() {
        let mut names = Names::default();
        let mut texts: Vec<String> = (0..300).map(|len| "x".repeat(len)).collect();
        texts.extend(
            [
                "a\0",
                "\0a",
                "a",
                "b",
                "é",
                "abcd\0\0\0\0",
                "abcd",
                "aaaabbbb",
                "aaaabbb",
            ]
            .map(String::from),
        );
        texts.extend(
            [
                "sixteen bytes...",
                "sixteen bytes..!",
                "more than sixteen 1",
                "more than sixteen 2",
            ]
            .map(String::from),
        );
        texts.extend(
            [
                "first eight, then some, last eight",
                "first eight, then more, last eight",
            ]
            .map(String::from),
        );
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(names.insert(text), Ok(i as u32), "{text:?}");
        }
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(names.insert(text), Err(i as u32));
            assert_eq!(names.get(text), Some(i as u32));
            assert_eq!(names.text(i as u32), Some(text.as_str()));
        }
        assert_eq!(names.get("c"), None);
        assert_eq!(names.text(texts.len() as u32), None);
    }
}
