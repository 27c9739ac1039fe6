//! A sorted set in chunks that revisions share: relations between numbers, looked up from either side.

use std::borrow::Borrow;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// A sorted set. A clone copies one pointer; a write one chunk and a pointer for each of the others.
#[derive(Debug, Clone)]
pub(crate) struct Ordered<T> {
    /// Never empty chunks, in ascending order.
    chunks: Arc<[Arc<[T]>]>,
    len: usize,
}

const CHUNK: usize = 1024;

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered {
            chunks: Arc::default(),
            len: 0,
        }
    }
}

impl<T: Ord + Clone> FromIterator<T> for Ordered<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items: Vec<T> = items.into_iter().collect();
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            return Ordered::default();
        }
        // Half full, so that the first writes split nothing.
        Ordered {
            len: items.len(),
            chunks: items.chunks(CHUNK / 2).map(Arc::from).collect(),
        }
    }
}

impl<T: Ord + Clone> Ordered<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The chunk that an item is in, or would be.
    fn chunk_of<Q: Ord + ?Sized>(&self, item: &Q) -> usize
    where
        T: Borrow<Q>,
    {
        let after = self.chunks.partition_point(|chunk| {
            let first = chunk.first();
            first.is_some_and(|first| first.borrow() <= item)
        });
        after.saturating_sub(1)
    }

    /// Returns whether an item is in it. A text is looked for as it is, without a copy.
    pub(crate) fn contains<Q: Ord + ?Sized>(&self, item: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let chunk = self.chunks.get(self.chunk_of(item));
        chunk.is_some_and(|chunk| chunk.binary_search_by(|it| it.borrow().cmp(item)).is_ok())
    }

    /// Adds an item; `false` if it was there.
    pub(crate) fn insert(&mut self, item: T) -> bool {
        let at = self.chunk_of(&item);
        let Some(chunk) = self.chunks.get(at) else {
            self.chunks = Arc::new([[item].into()]);
            self.len = 1;
            return true;
        };
        let Err(place) = chunk.binary_search(&item) else {
            return false;
        };
        let mut wider = Vec::with_capacity(chunk.len() + 1);
        wider.extend_from_slice(chunk.get(..place).unwrap_or_default());
        wider.push(item);
        wider.extend_from_slice(chunk.get(place..).unwrap_or_default());
        if wider.len() <= CHUNK {
            if let Some(slot) = Arc::make_mut(&mut self.chunks).get_mut(at) {
                *slot = wider.into();
            }
        } else {
            // Most items come in ascending order: the lower part is left nearly full.
            let split = if place == wider.len() - 1 {
                CHUNK
            } else {
                CHUNK / 2
            };
            let upper = wider.split_off(split);
            let before = self.chunks.iter().take(at).cloned();
            let after = self.chunks.iter().skip(at + 1).cloned();
            self.chunks = before
                .chain([wider.into(), upper.into()])
                .chain(after)
                .collect();
        }
        self.len += 1;
        true
    }

    /// Takes an item out; `false` if it was not there.
    pub(crate) fn remove(&mut self, item: &T) -> bool {
        let at = self.chunk_of(item);
        let Some(chunk) = self.chunks.get(at) else {
            return false;
        };
        let Ok(place) = chunk.binary_search(item) else {
            return false;
        };
        let before = chunk.get(..place).unwrap_or_default();
        let after = chunk.get(place + 1..).unwrap_or_default();
        if before.is_empty() && after.is_empty() {
            let left = self.chunks.iter().take(at);
            let right = self.chunks.iter().skip(at + 1);
            self.chunks = left.chain(right).cloned().collect();
        } else {
            let narrower = [before, after].concat();
            if let Some(slot) = Arc::make_mut(&mut self.chunks).get_mut(at) {
                *slot = narrower.into();
            }
        }
        self.len -= 1;
        true
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.chunks.first()?.first()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The items within bounds, ascending.
    pub(crate) fn range(&self, bounds: impl RangeBounds<T>) -> impl Iterator<Item = &T> {
        let start = match bounds.start_bound() {
            Bound::Included(start) | Bound::Excluded(start) => self.chunk_of(start),
            Bound::Unbounded => 0,
        };
        let end = bounds.end_bound().cloned();
        let start_bound = bounds.start_bound().cloned();
        self.chunks
            .iter()
            .skip(start)
            .flat_map(|chunk| chunk.iter())
            .skip_while(move |item| match &start_bound {
                Bound::Included(start) => *item < start,
                Bound::Excluded(start) => *item <= start,
                Bound::Unbounded => false,
            })
            .take_while(move |item| match &end {
                Bound::Included(end) => *item <= end,
                Bound::Excluded(end) => *item < end,
                Bound::Unbounded => true,
            })
    }
}

impl<V: Ord + Copy> Ordered<(u32, V)> {
    /// What stands with a number, ascending.
    pub(crate) fn with(&self, number: u32) -> impl Iterator<Item = V> + '_ {
        let start = self
            .chunks
            .partition_point(|chunk| chunk.last().is_some_and(|(last, _)| *last < number));
        let chunks = self.chunks.iter().skip(start);
        let within = chunks.enumerate().flat_map(move |(i, chunk)| {
            let skip = match i {
                0 => chunk.partition_point(|(known, _)| *known < number),
                _ => 0,
            };
            chunk.iter().skip(skip)
        });
        within
            .take_while(move |(known, _)| *known == number)
            .map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_does_what_a_tree_does() {
        let mut seed = 7_u64;
        let mut draw = move |n: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % n
        };
        let mut model: BTreeSet<(u32, u32)> = (0..3000).map(|it| (it / 40, it)).collect();
        let mut set: Ordered<(u32, u32)> = model.iter().copied().collect();
        for step in 0..20_000 {
            let item = (draw(90) as u32, draw(4000) as u32);
            let old = (step % 1000 == 0).then(|| (set.clone(), model.clone()));
            match draw(2) {
                0 => assert_eq!(set.insert(item), model.insert(item)),
                _ => assert_eq!(set.remove(&item), model.remove(&item)),
            }
            if let Some((set, model)) = old {
                assert!(set.iter().eq(model.iter()));
            }
            assert_eq!(set.contains(&item), model.contains(&item));
            assert_eq!(set.len(), model.len());
            if step % 50 == 0 {
                let number = draw(90) as u32;
                let expected = model.range((number, 0)..(number + 1, 0)).map(|(_, it)| *it);
                assert!(set.with(number).eq(expected));
                let bounds = item..(item.0 + draw(9) as u32, 17);
                if bounds.start <= bounds.end {
                    assert!(set.range(bounds.clone()).eq(model.range(bounds)));
                }
                assert_eq!(set.first(), model.first());
            }
        }
        for item in model {
            assert!(set.remove(&item));
        }
        assert_eq!((set.len(), set.first()), (0, None));
    }
}
