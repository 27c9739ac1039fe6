//! Names and their indices.

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Distinct names, numbered in the order in which they came; looked up by a keyed hash, whose key
/// is drawn for each process, so that nobody can choose names that collide.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    table: HashTable<(Name, u32)>,
    long: Vec<Box<str>>,
    all: Vec<Name>,
    hasher: RandomState,
}

/// Sixteen bytes: names of up to 15 bytes are held whole and compared at once, longer ones lie in
/// `long`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name([u8; 16]);

const LONG: u8 = u8::MAX;

impl Name {
    #[inline]
    fn short(text: &str) -> Option<Name> {
        let bytes = text.as_bytes();
        let mut name = [0; 16];
        name.get_mut(1..=bytes.len())?.copy_from_slice(bytes);
        name[0] = bytes.len() as u8;
        Some(Name(name))
    }

    fn long(index: u32) -> Name {
        let mut name = [0; 16];
        name[0] = LONG;
        name[1..5].copy_from_slice(&index.to_le_bytes());
        Name(name)
    }

    fn text<'n>(&'n self, long: &'n [Box<str>]) -> &'n str {
        if self.0[0] == LONG {
            let index = u32::from_le_bytes([self.0[1], self.0[2], self.0[3], self.0[4]]);
            return long.get(index as usize).map_or("", |text| text);
        }
        let bytes = self.0.get(1..=usize::from(self.0[0])).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Names {
    pub(crate) fn with_capacity(names: usize) -> Names {
        Names {
            table: HashTable::with_capacity(names),
            all: Vec::with_capacity(names),
            ..Names::default()
        }
    }

    /// Numbers a name; `Err` with its number when it is known already.
    pub(crate) fn insert(&mut self, text: &str) -> Result<u32, u32> {
        if let Some(known) = self.get(text) {
            return Err(known);
        }
        let index = self.all.len() as u32;
        let name = Name::short(text).unwrap_or_else(|| {
            self.long.push(text.into());
            Name::long(self.long.len() as u32 - 1)
        });
        self.all.push(name);
        let hash = hash(&self.hasher, text);
        let (hasher, long) = (&self.hasher, &self.long);
        self.table.insert_unique(hash, (name, index), |(name, _)| {
            self::hash(hasher, name.text(long))
        });
        Ok(index)
    }

    #[inline]
    pub(crate) fn get(&self, text: &str) -> Option<u32> {
        let found = match Name::short(text) {
            Some(short) => {
                let hash = hash_short(&self.hasher, short);
                self.table.find(hash, |(name, _)| *name == short)
            }
            None => self.table.find(hash(&self.hasher, text), |(name, _)| {
                name.0[0] == LONG && name.text(&self.long) == text
            }),
        };
        found.map(|(_, index)| *index)
    }

    /// The name of that number.
    pub(crate) fn text(&self, index: u32) -> Option<&str> {
        Some(self.all.get(index as usize)?.text(&self.long))
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|name| name.text(&self.long))
    }
}

fn hash(hasher: &RandomState, text: &str) -> u64 {
    match Name::short(text) {
        Some(short) => hash_short(hasher, short),
        None => hasher.hash_one(text),
    }
}

#[inline]
fn hash_short(hasher: &RandomState, name: Name) -> u64 {
    // One number of fixed size hashes faster than a text of varying length.
    hasher.hash_one(u128::from_le_bytes(name.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_short_and_long_are_told_apart() {
        let mut names = Names::default();
        let texts = [
            "",
            "a",
            "fifteen bytes..",
            "sixteen bytes...",
            "a\0",
            "é",
            &"x".repeat(300),
        ];
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(names.insert(text), Ok(i as u32));
        }
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(names.insert(text), Err(i as u32));
            assert_eq!(names.get(text), Some(i as u32));
            assert_eq!(names.text(i as u32), Some(*text));
        }
        assert_eq!(names.get("b"), None);
        assert_eq!(names.text(7), None);
    }
}
