//! Names and their numbers.

use std::hash::BuildHasher;
use std::sync::Arc;

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

    /// Numbers a name anew, whether or not it is known: from now on it has the new number alone.
    fn renew(&mut self, name: &str) {
        if let Err(known) = self.insert(name) {
            let index = self.ends.len() as u32;
            self.text.push_str(name);
            self.ends.push(self.text.len() as u32);
            let key = Key::of(name);
            let hash = key.hash(name, &self.hasher);
            let entry = self.table.find_mut(hash, |entry| entry.index == known);
            if let Some(entry) = entry {
                entry.index = index;
            }
        }
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

/// Names whose numbers are kept from revision to revision and never used again: a name that is
/// removed and given anew has a new number. Which numbers are still in use is for the owner to say.
///
/// Behind the names that were loaded stand a few tables of those added since, each some times larger
/// than the next, so that adding one copies little (O'Neil et al., "The Log-Structured Merge-Tree",
/// 1996). As long as nothing was added, a look-up is that of [`Names`].
#[derive(Debug, Default, Clone)]
pub(crate) struct Registry {
    base: Arc<Names>,
    /// Oldest first; each with the first number in it.
    recent: Vec<(u32, Arc<Names>)>,
    /// Whether a name was numbered twice: then the newest must be asked first.
    renewed: bool,
}

impl From<Names> for Registry {
    fn from(names: Names) -> Registry {
        Registry {
            base: Arc::new(names),
            ..Registry::default()
        }
    }
}

/// The newest table is left alone up to this size, whatever stands before it.
const NEWEST: usize = 64;
/// A table is joined to the one before when that is no more than so many times larger.
const TIER: usize = 4;
const BASE_TIER: usize = 8;

impl Registry {
    /// The newest number of a name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        let key = Key::of(name);
        let hash = key.hash(name, &self.base.hasher);
        if self.recent.is_empty() {
            return self.base.find(key, hash, name);
        }
        self.get_recent(key, hash, name)
    }

    #[inline(never)]
    fn get_recent(&self, key: Key, hash: u64, name: &str) -> Option<u32> {
        let base = || self.base.find(key, hash, name);
        let recent = || {
            let mut newest_first = self.recent.iter().rev();
            newest_first.find_map(|(first, names)| Some(first + names.find(key, hash, name)?))
        };
        match self.renewed {
            true => recent().or_else(base),
            false => base().or_else(recent),
        }
    }

    /// The name of a number, in use or not.
    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        if (number as usize) < self.base.len() {
            return self.base.text(number);
        }
        let mut newest_first = self.recent.iter().rev();
        let (first, names) = newest_first.find(|(first, _)| *first <= number)?;
        names.text(number - first)
    }

    /// One past the highest number.
    pub(crate) fn len(&self) -> usize {
        let newest = self.recent.last();
        newest.map_or(self.base.len(), |(first, names)| {
            *first as usize + names.len()
        })
    }

    /// Gives a name the next number.
    pub(crate) fn add(&mut self, name: &str) -> u32 {
        self.renewed |= self.get(name).is_some();
        let number = self.len() as u32;
        match self.recent.last_mut() {
            Some((_, newest)) if newest.len() < NEWEST => Arc::make_mut(newest).renew(name),
            _ => {
                let mut newest = Names {
                    hasher: self.base.hasher.clone(),
                    ..Names::default()
                };
                newest.renew(name);
                self.recent.push((number, Arc::new(newest)));
            }
        }
        self.join();
        number
    }

    fn join(&mut self) {
        while let [.., (_, before), (_, newest)] = self.recent.as_slice() {
            if newest.len() < NEWEST || newest.len() * TIER < before.len() {
                break;
            }
            let Some((_, newest)) = self.recent.pop() else {
                break;
            };
            if let Some((_, before)) = self.recent.last_mut() {
                let before = Arc::make_mut(before);
                newest.iter().for_each(|name| before.renew(name));
            }
        }
        if let [(_, only)] = self.recent.as_slice()
            && only.len() * BASE_TIER >= self.base.len()
        {
            let only = Arc::clone(only);
            let base = Arc::make_mut(&mut self.base);
            only.iter().for_each(|name| base.renew(name));
            self.recent.clear();
            self.renewed = false;
        }
    }
}

/// Where a name is looked up, and what it might have meant.
pub(crate) trait Known {
    fn number(&self, name: &str) -> Option<u32>;
    /// Every name; for messages alone.
    fn every(&self) -> impl Iterator<Item = &str>;
}

impl Known for Names {
    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        self.iter()
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
    fn a_registry_keeps_its_numbers() {
        let mut names = Names::default();
        for n in 0..700 {
            names.insert(&format!("name-{n}")).unwrap();
        }
        let mut registry = Registry::from(names);
        let mut expected: Vec<String> = (0..700).map(|n| format!("name-{n}")).collect();
        let mut seed = 3_usize;
        for step in 0..20_000 {
            seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
            // Many names come again and again.
            let name = format!("name-{}", seed / 7 % 9000);
            let old = (step % 4000 == 0).then(|| (registry.clone(), expected.len()));
            assert_eq!(registry.add(&name) as usize, expected.len());
            expected.push(name);
            if let Some((old, len)) = old {
                assert_eq!(old.len(), len);
            }
            if step % 997 == 0 {
                let mut newest = std::collections::HashMap::new();
                for (number, name) in expected.iter().enumerate() {
                    assert_eq!(registry.text(number as u32), Some(name.as_str()));
                    newest.insert(name, number as u32);
                }
                for (name, number) in newest {
                    assert_eq!(registry.get(name), Some(number), "{name}");
                }
                assert_eq!(registry.get("unheard"), None);
                assert!(registry.recent.len() < 8);
            }
        }
        assert_eq!(registry.text(expected.len() as u32), None);
    }

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
