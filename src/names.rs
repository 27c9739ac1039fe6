//! Names and their numbers.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Distinct names, numbered in the order in which they came, each held once.
///
/// They are looked up by a hash that is keyed at random for each process, so that names chosen
/// elsewhere do not collide here. A name of up to 16 bytes lies in the table and nowhere else: looking
/// it up touches the table alone. (Keys behind a pointer were slower, and copying a name into a buffer
/// to hash it cost a call of `memcpy`, as much as all the rest. A table of our own, of whole cache lines with
/// three names each and what a check reads of a user beside the name, was a fifth to a third faster with a
/// million names, and took half as long again with a hundred thousand.)
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    table: HashTable<Entry>,
    /// For each number, the bucket of the table that its name lies in. (A clone of a table has
    /// everything in the same buckets; a table is never grown in place.)
    buckets: Vec<u32>,
    /// The names that do not fit the table, one behind the other.
    long: String,
    hasher: RandomState,
}

/// Twenty bytes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: [u8; WHOLE],
    index: u32,
}

/// Bytes of a name that lie in the table.
const WHOLE: usize = 16;
/// A shorter name has its length in the last byte, above this mark. No text of 16 bytes ends so: the
/// last byte of UTF-8 lies below `0xc0`.
const SHORTER: u8 = 0xf0;
/// The last byte where the name lies elsewhere: its start and length are told by the bytes before.
const ELSEWHERE: u8 = 0xc0;

/// A name as two words, as [`Entry::name`] has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    last: u64,
}

/// A name that is looked for, in each of several tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought<'n> {
    name: &'n str,
    /// Of a name that fits.
    key: Option<Key>,
    hash: u64,
}

impl Key {
    /// Of a name of up to 16 bytes; `None` of a longer one.
    #[inline(always)]
    fn of(name: &str) -> Option<Key> {
        let bytes = name.as_bytes();
        let len = bytes.len();
        if len > WHOLE {
            return None;
        }
        // Two loads that overlap; what both have is shifted out of the second.
        let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(first), Some(last)) if len > 8 => (
                u64::from_le_bytes(*first),
                u64::from_le_bytes(*last) >> ((WHOLE - len) * 8),
            ),
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(first), Some(last)) => {
                    let last = u64::from(u32::from_le_bytes(*last)) >> ((8 - len.min(8)) * 8);
                    (u64::from(u32::from_le_bytes(*first)) | last << 32, 0)
                }
                _ => {
                    let bytes = bytes.iter().rev();
                    (bytes.fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
                }
            },
        };
        let mark = match len < WHOLE {
            true => u64::from(SHORTER | len as u8) << 56,
            false => 0,
        };
        Some(Key {
            first,
            last: last | mark,
        })
    }
}

impl Entry {
    fn new(key: Key, index: u32) -> Entry {
        let mut name = [0; WHOLE];
        name[..8].copy_from_slice(&key.first.to_le_bytes());
        name[8..].copy_from_slice(&key.last.to_le_bytes());
        Entry { name, index }
    }

    /// Of a name that lies in `long`.
    fn elsewhere(start: usize, len: usize, index: u32) -> Entry {
        let key = Key {
            first: start as u64,
            last: len as u64 & (u64::MAX >> 8) | u64::from(ELSEWHERE) << 56,
        };
        Entry::new(key, index)
    }

    #[inline]
    fn key(&self) -> Key {
        let word = |bytes: Option<&[u8; 8]>| u64::from_le_bytes(bytes.copied().unwrap_or_default());
        Key {
            first: word(self.name.first_chunk()),
            last: word(self.name.last_chunk()),
        }
    }

    fn text<'t>(&'t self, long: &'t str) -> Option<&'t str> {
        let len = match self.name[WHOLE - 1] {
            ELSEWHERE => {
                let Key { first, last } = self.key();
                let start = first as usize;
                return long.get(start..start + (last & u64::MAX >> 8) as usize);
            }
            mark if mark & SHORTER == SHORTER => usize::from(mark & !SHORTER),
            _ => WHOLE,
        };
        std::str::from_utf8(self.name.get(..len)?).ok()
    }
}

impl Names {
    /// Where every name lies once the table has twice as many buckets.
    #[cold]
    fn widen(&mut self) {
        let room = (self.table.capacity() * 2).max(3);
        let before = std::mem::replace(&mut self.table, HashTable::with_capacity(room));
        let mut moved = vec![0; before.num_buckets()];
        for bucket in before.iter_buckets() {
            let Some(&entry) = before.get_bucket(bucket) else {
                continue;
            };
            let hash = self.hash_of(&entry);
            let placed = self.table.insert_unique(hash, entry, |_| 0);
            if let Some(moved) = moved.get_mut(bucket) {
                *moved = placed.bucket_index() as u32;
            }
        }
        for bucket in &mut self.buckets {
            *bucket = moved.get(*bucket as usize).copied().unwrap_or(*bucket);
        }
    }

    fn hash_of(&self, entry: &Entry) -> u64 {
        entry.text(&self.long).map_or(0, |it| self.sought(it).hash)
    }

    /// Gives a name that is not known the next number.
    fn number(&mut self, sought: Sought<'_>) -> u32 {
        // With room for one more, nothing in the table moves.
        if self.table.len() == self.table.capacity() {
            self.widen();
        }
        let index = self.buckets.len() as u32;
        let entry = match sought.key {
            Some(key) => Entry::new(key, index),
            None => {
                let start = self.long.len();
                self.long.push_str(sought.name);
                Entry::elsewhere(start, sought.name.len(), index)
            }
        };
        let placed = self.table.insert_unique(sought.hash, entry, |_| 0);
        self.buckets.push(placed.bucket_index() as u32);
        index
    }

    fn place(&self, sought: Sought<'_>) -> Option<usize> {
        let is_it = |entry: &Entry| match sought.key {
            Some(key) => entry.key() == key,
            None => entry.text(&self.long) == Some(sought.name),
        };
        self.table.find_bucket_index(sought.hash, is_it)
    }

    #[inline(always)]
    fn hash(&self, key: Key) -> u64 {
        self.hasher.hash_one((key.first, key.last))
    }

    /// Inlined whole into whoever looks names up: what is left is called, as the last thing, for longer
    /// names alone, and nothing must be kept over that call.
    #[inline(always)]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        match Key::of(name) {
            Some(key) => {
                let found = self.table.find(self.hash(key), |entry| entry.key() == key);
                found.map(|entry| entry.index)
            }
            None => self.get_long(name),
        }
    }

    #[cold]
    #[inline(never)]
    fn get_long(&self, name: &str) -> Option<u32> {
        self.find(self.sought(name))
    }
}

impl Numbered for Names {
    type Sought<'n> = Sought<'n>;

    fn with_capacity(names: usize) -> Names {
        Names {
            table: HashTable::with_capacity(names),
            buckets: Vec::with_capacity(names),
            ..Names::default()
        }
    }

    fn like(&self, names: usize) -> Names {
        Names {
            hasher: self.hasher.clone(),
            ..Names::with_capacity(names)
        }
    }

    #[inline(always)]
    fn look_up(&self, name: &str) -> Option<u32> {
        self.get(name)
    }

    fn sought<'n>(&self, name: &'n str) -> Sought<'n> {
        let key = Key::of(name);
        let hash = key.map_or_else(|| self.hasher.hash_one(name), |key| self.hash(key));
        Sought { name, key, hash }
    }

    fn find(&self, sought: Sought<'_>) -> Option<u32> {
        Some(self.table.get_bucket(self.place(sought)?)?.index)
    }

    fn insert(&mut self, name: &str) -> Result<u32, u32> {
        let sought = self.sought(name);
        match self.find(sought) {
            Some(known) => Err(known),
            None => Ok(self.number(sought)),
        }
    }

    fn renew(&mut self, name: &str) {
        let sought = self.sought(name);
        let index = self.buckets.len() as u32;
        let place = self.place(sought);
        match place.and_then(|it| Some((it, self.table.get_bucket_mut(it)?))) {
            Some((place, entry)) => {
                entry.index = index;
                self.buckets.push(place as u32);
            }
            None => {
                self.number(sought);
            }
        }
    }

    fn text(&self, index: u32) -> Option<&str> {
        let bucket = *self.buckets.get(index as usize)?;
        self.table.get_bucket(bucket as usize)?.text(&self.long)
    }

    fn len(&self) -> usize {
        self.buckets.len()
    }

    fn shrink(&mut self) {
        self.buckets.shrink_to_fit();
        self.long.shrink_to_fit();
    }
}

/// Numbers of pairs of names, each looked up by one hash of both: of names of up to 16 bytes, as those of
/// [`Names`] that lie in the table. (Two look-ups, one after the other, were a quarter of a check by names.)
#[derive(Debug, Default, Clone)]
pub(crate) struct NamePairs {
    table: HashTable<([Key; 2], u16)>,
    hasher: RandomState,
}

/// A name that is too long for [`NamePairs`].
#[derive(Debug)]
pub(crate) struct TooLong;

impl NamePairs {
    /// Numbers a pair that is new here; one with a long name is left out.
    pub(crate) fn insert(&mut self, first: &str, second: &str, number: u16) {
        if let (Some(first), Some(second)) = (Key::of(first), Key::of(second)) {
            let keys = [first, second];
            let hash = |keys| hash_both(&self.hasher, keys);
            self.table
                .insert_unique(hash(keys), (keys, number), |(keys, _)| hash(*keys));
        }
    }

    /// The number of a pair, if there is one.
    #[inline(always)]
    pub(crate) fn get(&self, first: &str, second: &str) -> Result<Option<u16>, TooLong> {
        let keys = [
            Key::of(first).ok_or(TooLong)?,
            Key::of(second).ok_or(TooLong)?,
        ];
        let hash = hash_both(&self.hasher, keys);
        let found = self.table.find(hash, |(known, _)| *known == keys);
        Ok(found.map(|(_, number)| *number))
    }
}

#[inline(always)]
fn hash_both(hasher: &RandomState, [first, second]: [Key; 2]) -> u64 {
    hasher.hash_one((first.first, first.last, second.first, second.last))
}

/// Distinct names, numbered in the order in which they came: what a [`Registry`] is made of.
pub(crate) trait Numbered: Default + Clone {
    /// A name that is looked for, hashed once for all tables that hash alike.
    type Sought<'n>: Copy;

    fn with_capacity(names: usize) -> Self;
    /// No names yet, hashed as these are, with room for so many.
    fn like(&self, names: usize) -> Self;
    /// The number of a name.
    fn look_up(&self, name: &str) -> Option<u32>;
    fn sought<'n>(&self, name: &'n str) -> Self::Sought<'n>;
    fn find(&self, sought: Self::Sought<'_>) -> Option<u32>;
    /// Numbers a name; `Err` with its number when it is known already.
    fn insert(&mut self, name: &str) -> Result<u32, u32>;
    /// Numbers a name anew, whether or not it is known: from now on it has the new number alone.
    fn renew(&mut self, name: &str);
    /// The name of that number.
    fn text(&self, index: u32) -> Option<&str>;
    fn len(&self) -> usize;
    /// Gives back what was set aside for more.
    fn shrink(&mut self);

    fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(|index| self.text(index))
    }
}

/// Names whose numbers are kept from revision to revision and never used again (I6): a name that is
/// removed and given anew has a new number. Which numbers are still in use is for the owner to say.
///
/// Behind the names that were loaded stand a few tables of those added since, each some times larger
/// than the next, so that adding one copies little (O'Neil et al., "The Log-Structured Merge-Tree",
/// 1996). As long as nothing was added, a look-up is that of [`Names`].
#[derive(Debug, Default, Clone)]
pub(crate) struct Registry<N = Names> {
    base: Arc<N>,
    /// Oldest first; each with the first number in it.
    recent: Vec<(u32, Arc<N>)>,
    /// Whether a name was numbered twice: then the newest must be asked first.
    renewed: bool,
}

impl<N: Numbered> From<N> for Registry<N> {
    fn from(mut names: N) -> Registry<N> {
        names.shrink();
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

impl<N: Numbered> Registry<N> {
    /// Names that other registries have too, and behind them some of its own, which hash alike.
    pub(crate) fn over(base: Arc<N>, mut own: N) -> Registry<N> {
        if base.len() == 0 {
            return own.into();
        }
        own.shrink();
        let first = base.len() as u32;
        let own = (own.len() > 0).then(|| (first, Arc::new(own)));
        Registry {
            base,
            recent: own.into_iter().collect(),
            renewed: false,
        }
    }

    /// The newest number of a name.
    #[inline(never)]
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        match self.recent.is_empty() {
            true => self.base.look_up(name),
            false => self.get_recent(name),
        }
    }

    #[inline(never)]
    fn get_recent(&self, name: &str) -> Option<u32> {
        let sought = self.base.sought(name);
        let base = || self.base.find(sought);
        let recent = || {
            let mut newest_first = self.recent.iter().rev();
            newest_first.find_map(|(first, names)| Some(first + names.find(sought)?))
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
                let mut newest = self.base.like(0);
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
            base.shrink();
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

impl<N: Numbered> Known for Registry<N> {
    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(|number| self.text(number))
    }
}

impl Known for Names {
    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact_names::CompactNames;

    #[test]
    fn a_registry_keeps_its_numbers() {
        keeps_its_numbers::<Names>();
        keeps_its_numbers::<CompactNames>();
    }

    fn keeps_its_numbers<N: Numbered>() {
        let mut names = N::default();
        for n in 0..700 {
            names.insert(&format!("name-{n}")).unwrap();
        }
        let mut registry = Registry::from(names);
        let mut expected: Vec<String> = (0..700).map(|n| format!("name-{n}")).collect();
        let mut seed = 3_usize;
        for step in 0..20_000 {
            seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
            // Many names come again and again.
            let number = seed / 7 % 9000;
            let name = match number % 3 {
                0 => format!("a name too long to lie in the table, {number}"),
                _ => format!("name-{number}"),
            };
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
    fn a_name_is_held_once() {
        a_longer_name_takes_that_much_more::<Names>();
        a_longer_name_takes_that_much_more::<CompactNames>();
    }

    fn a_longer_name_takes_that_much_more<N: Numbered>() {
        const NAMES: usize = 10_000;
        let bytes = |len: usize| {
            let texts: Vec<String> = (0..NAMES).map(|it| format!("{it:0len$}")).collect();
            let mut kept = None;
            let counted = allocation_counter::measure(|| {
                let mut names = N::with_capacity(NAMES);
                for text in &texts {
                    names.insert(text).unwrap();
                }
                kept = Some(Registry::from(names));
            });
            counted.bytes_current / NAMES as i64
        };
        assert_eq!(bytes(100) - bytes(50), 50);
        assert!(bytes(17) - bytes(16) <= 17);
        // Up to 16 bytes a name lies in the table, or nowhere else than in the text.
        assert!(bytes(16) - bytes(6) <= 10);
    }

    #[test]
    fn pairs_of_names_are_told_apart() {
        let texts = [
            "",
            "a",
            "a\0",
            "\0a",
            "b",
            "eight by",
            "nine byte",
            "fifteen bytes..",
            "sixteen bytes...",
        ];
        let mut pairs = NamePairs::default();
        let each = || {
            texts
                .iter()
                .flat_map(|first| texts.iter().map(move |second| (first, second)))
        };
        for ((first, second), number) in each().zip(0..).step_by(2) {
            pairs.insert(first, second, number);
        }
        for ((first, second), number) in each().zip(0..) {
            let expected = (number % 2 == 0).then_some(number);
            assert_eq!(
                pairs.get(first, second).unwrap(),
                expected,
                "{first:?} {second:?}"
            );
        }
        let long = "seventeen bytes..";
        pairs.insert(long, "a", 900);
        for (first, second) in [(long, "a"), ("a", long), (long, long)] {
            assert!(pairs.get(first, second).is_err());
        }
    }

    #[test]
    fn names_of_every_length_are_told_apart() {
        are_told_apart::<Names>();
        are_told_apart::<CompactNames>();
    }

    fn are_told_apart<N: Numbered>() {
        let mut names = N::default();
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
                // What marks a length is no part of a text.
                "1234567é",
                "fifteen bytes..",
                "fifteen bytes..\0",
                "fourteen bytesé",
                "fourteen bytesè",
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
            assert_eq!(names.clone().insert(text), Err(i as u32));
            assert_eq!(names.text(i as u32), Some(text.as_str()));
        }
        let copy = names.clone();
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(copy.text(i as u32), Some(text.as_str()));
        }
        for unheard in [
            "c",
            "a\0\0",
            "fifteen bytes..\u{ff}",
            "first eight, then what, last eight",
        ] {
            assert_eq!(names.find(names.sought(unheard)), None, "{unheard:?}");
        }
        assert_eq!(names.text(texts.len() as u32), None);
    }
}
