//! Names that take little room, where looking one up need not be as fast as it can be.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::names::{Known, Numbered};

/// Distinct names, numbered in the order in which they came: the text of each, where it ends, and its
/// number in a table. Looking one up reads three places, and not one as in
/// [`Names`](crate::names::Names), whose table takes five times as much.
#[derive(Debug, Default, Clone)]
pub(crate) struct CompactNames {
    table: HashTable<u32>,
    /// Every name, one behind the other.
    text: String,
    /// Where each ends in `text`. Past 4 GiB, sixteen million names of the longest kind, none is found.
    ends: Vec<u32>,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sought<'n> {
    name: &'n str,
    hash: u64,
}

impl CompactNames {
    fn number(&mut self, sought: Sought<'_>) -> u32 {
        let index = self.add_text(sought.name);
        let (hasher, text, ends) = (&self.hasher, &self.text, &self.ends);
        let hash = |index: &u32| hasher.hash_one(text_of(text, ends, *index).unwrap_or_default());
        self.table.insert_unique(sought.hash, index, hash);
        index
    }

    fn add_text(&mut self, name: &str) -> u32 {
        let index = self.ends.len() as u32;
        self.text.push_str(name);
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        index
    }
}

impl Numbered for CompactNames {
    type Sought<'n> = Sought<'n>;

    fn with_capacity(names: usize) -> CompactNames {
        CompactNames {
            table: HashTable::with_capacity(names),
            ends: Vec::with_capacity(names),
            ..CompactNames::default()
        }
    }

    fn like(&self, names: usize) -> CompactNames {
        CompactNames {
            hasher: self.hasher.clone(),
            ..CompactNames::with_capacity(names)
        }
    }

    fn look_up(&self, name: &str) -> Option<u32> {
        self.find(self.sought(name))
    }

    fn sought<'n>(&self, name: &'n str) -> Sought<'n> {
        let hash = self.hasher.hash_one(name);
        Sought { name, hash }
    }

    fn find(&self, sought: Sought<'_>) -> Option<u32> {
        let is_it = |index: &u32| self.text(*index) == Some(sought.name);
        self.table.find(sought.hash, is_it).copied()
    }

    fn insert(&mut self, name: &str) -> Result<u32, u32> {
        let sought = self.sought(name);
        match self.find(sought) {
            Some(known) => Err(known),
            None => Ok(self.number(sought)),
        }
    }

    fn renew(&mut self, name: &str) {
        if let Err(known) = self.insert(name) {
            let sought = self.sought(name);
            let index = self.add_text(name);
            let place = self.table.find_mut(sought.hash, |it| *it == known);
            if let Some(place) = place {
                *place = index;
            }
        }
    }

    fn text(&self, index: u32) -> Option<&str> {
        text_of(&self.text, &self.ends, index)
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.text.shrink_to_fit();
    }
}

impl Known for CompactNames {
    fn number(&self, name: &str) -> Option<u32> {
        self.look_up(name)
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
