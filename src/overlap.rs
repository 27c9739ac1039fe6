//! Whether two sets of texts have one in common, or are the same (D10), without allocating (I10).
//!
//! Both come as the host holds them: in any order, and with texts more than once. A few texts are compared
//! one by one. Of more, a block at a time goes into a table on the stack, in which the other set's are looked
//! up: two sets of tens of thousands then take milliseconds, not seconds.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::request::Texts;

/// Returns whether the two have a text in common. Cost: linear in the longer one, for each [`BLOCK`] of the shorter.
pub(crate) fn meet(one: Texts<'_>, other: Texts<'_>) -> bool {
    let (few, many) = match one.len() <= other.len() {
        true => (one, other),
        false => (other, one),
    };
    if few.len() <= FEW {
        return many.any(|text| few.contains(text));
    }
    meet_in_blocks(few, many)
}

/// Returns whether every text of each is in the other. Cost: as of [`meet`], both ways.
pub(crate) fn are_same(one: Texts<'_>, other: Texts<'_>) -> bool {
    is_within(one, other) && is_within(other, one)
}

fn is_within(one: Texts<'_>, other: Texts<'_>) -> bool {
    if one.len().min(other.len()) <= FEW {
        return !one.any(|text| !other.contains(text));
    }
    is_within_in_blocks(one, other)
}

/// A set of so many texts needs no table.
const FEW: usize = 16;

/// Texts that lie in a table at a time: 16 KiB of the stack.
const BLOCK: usize = 4096;
const SLOTS: usize = 2 * BLOCK;

// Kept apart, so that the path of a check has no such table on its stack.
#[inline(never)]
fn meet_in_blocks(few: Texts<'_>, many: Texts<'_>) -> bool {
    let mut first = 0;
    while first < few.len() {
        let block = Block::new(few, first);
        if many.any(|text| block.find(text).is_some()) {
            return true;
        }
        first += BLOCK;
    }
    false
}

#[inline(never)]
fn is_within_in_blocks(one: Texts<'_>, other: Texts<'_>) -> bool {
    let mut first = 0;
    while first < one.len() {
        let block = Block::new(one, first);
        let (mut found, mut left) = ([0_u64; BLOCK / 64], block.distinct);
        // Ends with the last one that was missing.
        let all = other.any(|text| {
            if let Some(place) = block.find(text)
                && let Some(word) = found.get_mut(place / 64)
            {
                left -= usize::from(*word >> (place % 64) & 1 == 0);
                *word |= 1 << (place % 64);
            }
            left == 0
        });
        if !all {
            return false;
        }
        first += BLOCK;
    }
    true
}

/// Some of the texts of a set, each once, to be found by their hashes: keyed at random for each process.
struct Block<'t> {
    texts: Texts<'t>,
    first: usize,
    /// One more than the place in the block; 0 of an empty slot. At most half are taken.
    slots: [u16; SLOTS],
    distinct: usize,
    hasher: RandomState,
}

impl<'t> Block<'t> {
    fn new(texts: Texts<'t>, first: usize) -> Block<'t> {
        let mut block = Block {
            texts,
            first,
            slots: [0; SLOTS],
            distinct: 0,
            hasher: RandomState::default(),
        };
        for place in 0..BLOCK {
            let Some(text) = texts.get(first + place) else {
                break;
            };
            if let Err(slot) = block.look(text)
                && let Some(slot) = block.slots.get_mut(slot)
            {
                *slot = place as u16 + 1;
                block.distinct += 1;
            }
        }
        block
    }

    /// The place of a text in the block.
    fn find(&self, text: &str) -> Option<usize> {
        self.look(text).ok()
    }

    /// The place of a text, or the slot where it would be.
    fn look(&self, text: &str) -> Result<usize, usize> {
        let mut slot = self.hasher.hash_one(text) as usize % SLOTS;
        loop {
            match self.slots.get(slot) {
                None | Some(0) => return Err(slot),
                Some(&taken) => {
                    let place = usize::from(taken) - 1;
                    if self.texts.get(self.first + place) == Some(text) {
                        return Ok(place);
                    }
                }
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn texts(numbers: impl Iterator<Item = usize>) -> Vec<String> {
        numbers.map(|n| format!("text {n}")).collect()
    }

    fn agree(one: &[String], other: &[String]) {
        let sets = [one, other].map(|it| it.iter().map(String::as_str).collect::<HashSet<&str>>());
        let strs: Vec<&str> = other.iter().map(String::as_str).collect();
        for other in [Texts::Strings(other), Texts::Strs(&strs)] {
            let one = Texts::Strings(one);
            let told = || format!("{} and {} texts", one.len(), other.len());
            assert_eq!(
                meet(one, other),
                !sets[0].is_disjoint(&sets[1]),
                "{}",
                told()
            );
            assert_eq!(are_same(one, other), sets[0] == sets[1], "{}", told());
        }
    }

    #[test]
    fn sets_of_every_size_are_compared_alike() {
        let sizes = [
            0,
            1,
            2,
            FEW - 1,
            FEW,
            FEW + 1,
            300,
            BLOCK,
            BLOCK + 1,
            2 * BLOCK + 7,
        ];
        for n in sizes {
            let one = texts(0..n);
            let mut twice_over = texts((0..n).rev().chain(0..n / 2));
            agree(&one, &twice_over);
            agree(&twice_over, &one);
            twice_over.push("another".to_owned());
            agree(&one, &twice_over);
            agree(&twice_over, &one);
            for m in sizes {
                agree(&one, &texts(0..m));
                // Next to each other, and with one in common.
                agree(&one, &texts(n..n + m));
                agree(&one, &texts(n.saturating_sub(1)..n + m));
                agree(
                    &texts((0..m).map(|it| it * 2)),
                    &texts((0..n).map(|it| it * 2 + 1)),
                );
            }
        }
    }

    #[test]
    fn nothing_is_allocated() {
        let (one, other) = (texts(0..10_000), texts(10_000..20_000));
        let (one, other) = (Texts::Strings(&one), Texts::Strings(&other));
        let counted = allocation_counter::measure(|| {
            assert!(!meet(one, other) && !are_same(one, other) && are_same(one, one));
        });
        assert_eq!(counted.count_total, 0);
    }
}
