//! Vectors and tables in chunks that revisions share: a change copies one chunk and a pointer for each
//! of the others, whatever the length.

use std::sync::Arc;

/// A vector in chunks of `1 << BITS`. A clone copies one pointer; the first write after it a pointer
/// for each chunk, and each chunk that is written to.
#[derive(Debug, Clone)]
pub(crate) struct Chunked<T, const BITS: u32 = 10> {
    chunks: Arc<[Arc<[T]>]>,
    len: usize,
}

impl<T, const BITS: u32> Default for Chunked<T, BITS> {
    fn default() -> Self {
        Chunked {
            chunks: Arc::default(),
            len: 0,
        }
    }
}

impl<T, const BITS: u32> FromIterator<T> for Chunked<T, BITS> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let mut len = 0;
        let next = || {
            let chunk: Vec<T> = items.by_ref().take(1 << BITS).collect();
            len += chunk.len();
            (!chunk.is_empty()).then(|| chunk.into())
        };
        let chunks: Vec<Arc<[T]>> = std::iter::from_fn(next).collect();
        match chunks.is_empty() {
            true => Chunked::default(),
            false => Chunked {
                chunks: chunks.into(),
                len,
            },
        }
    }
}

impl<T, const BITS: u32> Chunked<T, BITS> {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.chunks
            .get(index >> BITS)?
            .get(index & ((1 << BITS) - 1))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The places at which two differ, or which one alone has. Chunks that both share are not looked into.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &Self, same: impl Fn(&T, &T) -> bool) -> Vec<usize> {
        let mut found = Vec::new();
        let most = self.chunks.len().max(other.chunks.len());
        for chunk in 0..most {
            let (one, two) = (self.chunks.get(chunk), other.chunks.get(chunk));
            if let (Some(one), Some(two)) = (one, two)
                && Arc::ptr_eq(one, two)
            {
                continue;
            }
            let [one, two] = [one, two].map(|it| it.map_or(&[][..], |it| it));
            found.extend(differing(one, two, &same).map(|it| (chunk << BITS) + it));
        }
        found
    }
}

/// The places at which two slices differ, or which one alone has.
#[cfg(feature = "live")]
fn differing<T>(
    one: &[T],
    two: &[T],
    same: impl Fn(&T, &T) -> bool,
) -> impl Iterator<Item = usize> {
    let every = 0..one.len().max(two.len());
    every.filter(move |place| match (one.get(*place), two.get(*place)) {
        (Some(one), Some(two)) => !same(one, two),
        _ => true,
    })
}

impl<T: Clone, const BITS: u32> Chunked<T, BITS> {
    /// Appends many; copies the last chunk and the pointers.
    pub(crate) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        let whole = self.len >> BITS;
        let open = self.iter().skip(whole << BITS).cloned();
        let more: Chunked<T, BITS> = open.collect::<Vec<T>>().into_iter().chain(items).collect();
        self.len = (whole << BITS) + more.len;
        let whole = self.chunks.iter().take(whole);
        self.chunks = whole.chain(more.chunks.iter()).cloned().collect();
    }

    /// To write to; the chunk is copied if another revision has it too.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let chunk = Arc::make_mut(&mut self.chunks).get_mut(index >> BITS)?;
        Arc::make_mut(chunk).get_mut(index & ((1 << BITS) - 1))
    }

    /// Appends; copies the last chunk.
    pub(crate) fn push(&mut self, item: T) {
        let open = self.len & ((1 << BITS) - 1) != 0;
        if open && let Some(last) = Arc::make_mut(&mut self.chunks).last_mut() {
            *last = last.iter().cloned().chain([item]).collect();
        } else {
            let whole = self.chunks.iter().cloned();
            self.chunks = whole.chain([[item].into()]).collect();
        }
        self.len += 1;
    }
}

/// A vector of which few items are there.
#[derive(Debug, Clone)]
pub(crate) struct Sparse<T> {
    chunks: Arc<[Option<SparseChunk<T>>]>,
}

type SparseChunk<T> = Arc<[Option<Arc<T>>]>;

const SPARSE_BITS: u32 = 9;
const SPARSE: usize = 1 << SPARSE_BITS;

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Sparse {
            chunks: Arc::default(),
        }
    }
}

impl<T> Sparse<T> {
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let chunk = self.chunks.get(index as usize >> SPARSE_BITS)?.as_ref()?;
        chunk.get(index as usize & (SPARSE - 1))?.as_deref()
    }

    /// The places at which two differ. Chunks that both share are not looked into.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &Self) -> Vec<u32>
    where
        T: PartialEq,
    {
        let mut found = Vec::new();
        for chunk in 0..self.chunks.len().max(other.chunks.len()) {
            let of = |it: &'_ Self| it.chunks.get(chunk).cloned().flatten();
            let (one, two) = (of(self), of(other));
            if let (Some(one), Some(two)) = (&one, &two)
                && Arc::ptr_eq(one, two)
            {
                continue;
            }
            let nothing: SparseChunk<T> = Arc::default();
            let [one, two] = [one, two].map(|it| it.unwrap_or_else(|| Arc::clone(&nothing)));
            for place in 0..one.len().max(two.len()) {
                let item = |it: &'_ SparseChunk<T>| it.get(place).cloned().flatten();
                if item(&one) != item(&two) {
                    found.push(((chunk << SPARSE_BITS) + place) as u32);
                }
            }
        }
        found
    }

    /// Puts an item at a place, or takes it away.
    pub(crate) fn set(&mut self, index: u32, item: Option<T>) {
        let place = index as usize >> SPARSE_BITS;
        if place >= self.chunks.len() {
            if item.is_none() {
                return;
            }
            // Twice as many, so that a host that adds user after user copies each pointer once or twice.
            let places = (place + 1).max(2 * self.chunks.len());
            let more = std::iter::repeat_with(|| None).take(places - self.chunks.len());
            self.chunks = self.chunks.iter().cloned().chain(more).collect();
        }
        let Some(slot) = Arc::make_mut(&mut self.chunks).get_mut(place) else {
            return;
        };
        if item.is_none() && slot.is_none() {
            return;
        }
        let is_taken_away = item.is_none();
        let chunk = slot.get_or_insert_with(|| std::iter::repeat_n(None, SPARSE).collect());
        if let Some(slot) = Arc::make_mut(chunk).get_mut(index as usize & (SPARSE - 1)) {
            *slot = item.map(Arc::new);
        }
        if is_taken_away && chunk.iter().all(Option::is_none) {
            *slot = None;
        }
    }
}

/// A vector that is one piece up to `1 << BITS` items, read behind one pointer, and chunks behind two where
/// it has more. (Users, and the labels of their positions, are read for every check. With the first items in
/// one piece and the others in chunks, which of them is read was mispredicted, and a processor that waits
/// for memory to learn it looks at no further check meanwhile.)
#[derive(Debug, Clone)]
pub(crate) enum Fronted<T, const BITS: u32> {
    Whole(Arc<[T]>),
    Parted(Chunked<T, BITS>),
}

impl<T, const BITS: u32> Default for Fronted<T, BITS> {
    fn default() -> Self {
        Fronted::Whole(Arc::default())
    }
}

impl<T, const BITS: u32> FromIterator<T> for Fronted<T, BITS> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let parted: Chunked<T, BITS> = items.into_iter().collect();
        match &*parted.chunks {
            [] => Fronted::default(),
            [only] => Fronted::Whole(Arc::clone(only)),
            _ => Fronted::Parted(parted),
        }
    }
}

impl<T, const BITS: u32> Fronted<T, BITS> {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        match self {
            Fronted::Whole(items) => items.get(index),
            Fronted::Parted(items) => items.get(index),
        }
    }

    /// The places at which two differ, or which one alone has.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &Self) -> Vec<usize>
    where
        T: PartialEq,
    {
        match (self, other) {
            (Fronted::Whole(one), Fronted::Whole(two)) => {
                let same = Arc::ptr_eq(one, two);
                let (one, two) = if same {
                    (&[][..], &[][..])
                } else {
                    (&**one, &**two)
                };
                differing(one, two, |one, two| one == two).collect()
            }
            (Fronted::Parted(one), Fronted::Parted(two)) => {
                one.differing(two, |one, two| one == two)
            }
            _ => {
                let every = 0..self.len().max(other.len());
                every.filter(|it| self.get(*it) != other.get(*it)).collect()
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Fronted::Whole(items) => items.len(),
            Fronted::Parted(items) => items.len(),
        }
    }
}

impl<T: Clone, const BITS: u32> Fronted<T, BITS> {
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        match self {
            Fronted::Whole(items) => Arc::make_mut(items).get_mut(index),
            Fronted::Parted(items) => items.get_mut(index),
        }
    }

    pub(crate) fn push(&mut self, item: T) {
        match self {
            Fronted::Whole(items) if items.len() < 1 << BITS => {
                *items = items.iter().cloned().chain([item]).collect();
            }
            Fronted::Whole(items) => {
                let mut parted: Chunked<T, BITS> = items.iter().cloned().collect();
                parted.push(item);
                *self = Fronted::Parted(parted);
            }
            Fronted::Parted(items) => items.push(item),
        }
    }
}

/// A table of rows of one width, in chunks of rows that lie side by side: one pointer to follow to a
/// cell. (A row behind a pointer of its own took two, and a cache line more.)
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    chunks: Arc<[Arc<[T]>]>,
    width: usize,
    len: usize,
}

/// A chunk is copied when a row of it changes, and a pointer for every chunk.
const ROWS_BITS: u32 = 4;
const ROWS: usize = 1 << ROWS_BITS;

impl<T: Copy> Rows<T> {
    /// A table without rows, for rows of that width.
    pub(crate) fn new(width: usize) -> Rows<T> {
        Rows {
            chunks: Arc::default(),
            width,
            len: 0,
        }
    }

    /// A table of these rows, each dropped as soon as it is copied.
    pub(crate) fn of(width: usize, rows: impl IntoIterator<Item = Box<[T]>>) -> Rows<T> {
        let mut filled = Filled::new(width);
        for row in rows {
            filled.push(&row);
        }
        filled.finish()
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn get(&self, row: usize, column: usize) -> Option<T> {
        // Past the width lies the next row.
        if column >= self.width {
            return None;
        }
        let chunk = self.chunks.get(row >> ROWS_BITS)?;
        chunk.get((row & (ROWS - 1)) * self.width + column).copied()
    }

    pub(crate) fn row(&self, row: usize) -> Option<&[T]> {
        let chunk = self.chunks.get(row >> ROWS_BITS)?;
        let start = (row & (ROWS - 1)) * self.width;
        chunk.get(start..start + self.width)
    }

    /// Writes a row, or appends it.
    pub(crate) fn set(&mut self, row: usize, cells: &[T]) {
        debug_assert!(row <= self.len && cells.len() == self.width);
        if row == self.len {
            self.push(cells);
            return;
        }
        let Some(chunk) = Arc::make_mut(&mut self.chunks).get_mut(row >> ROWS_BITS) else {
            return;
        };
        let start = (row & (ROWS - 1)) * self.width;
        if let Some(slot) = Arc::make_mut(chunk).get_mut(start..start + self.width) {
            slot.copy_from_slice(cells);
        }
    }

    fn push(&mut self, cells: &[T]) {
        let open = self.len & (ROWS - 1) != 0;
        if open && let Some(last) = Arc::make_mut(&mut self.chunks).last_mut() {
            *last = last.iter().copied().chain(cells.iter().copied()).collect();
        } else {
            let whole = self.chunks.iter().cloned();
            self.chunks = whole.chain([cells.into()]).collect();
        }
        self.len += 1;
    }
}

/// A table of rows that is filled, chunk by chunk.
pub(crate) struct Filled<T> {
    open: Vec<T>,
    chunks: Vec<Arc<[T]>>,
    width: usize,
    len: usize,
}

impl<T: Copy> Filled<T> {
    pub(crate) fn new(width: usize) -> Filled<T> {
        Filled {
            open: Vec::new(),
            chunks: Vec::new(),
            width,
            len: 0,
        }
    }

    pub(crate) fn push(&mut self, row: &[T]) {
        debug_assert!(row.len() == self.width);
        self.open.extend_from_slice(row);
        self.len += 1;
        if self.len.is_multiple_of(ROWS) {
            self.close();
        }
    }

    fn close(&mut self) {
        self.chunks.push(self.open.as_slice().into());
        self.open.clear();
    }

    pub(crate) fn finish(mut self) -> Rows<T> {
        if !self.len.is_multiple_of(ROWS) {
            self.close();
        }
        Rows {
            chunks: self.chunks.into(),
            width: self.width,
            len: self.len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_the_other_revision_as_it_was() {
        let mut new: Chunked<usize, 3> = (0..20).collect();
        let old = new.clone();
        if let Some(slot) = new.get_mut(9) {
            *slot = 900;
        }
        for item in 20..41 {
            new.push(item);
        }
        assert!(old.iter().copied().eq(0..20) && old.len() == 20);
        let expected = (0..41).map(|it| if it == 9 { 900 } else { it });
        assert!(new.iter().copied().eq(expected) && new.len() == 41);
        assert_eq!((new.get(40), new.get(41)), (Some(&40), None));
        let mut longer = new.clone();
        for more in [0, 1, 5, 8, 16] {
            let len = longer.len();
            longer.extend(len..len + more);
            assert_eq!(longer.len(), len + more);
        }
        let expected = (0..71).map(|it| if it == 9 { 900 } else { it });
        assert!(longer.iter().copied().eq(expected) && new.len() == 41);
    }

    #[test]
    fn a_row_ends_where_the_next_begins() {
        let rows: Rows<u8> = Rows::of(2, [[1, 2].into(), [3, 4].into()]);
        assert_eq!((rows.get(0, 1), rows.get(1, 0)), (Some(2), Some(3)));
        assert_eq!((rows.get(0, 2), rows.get(1, 2)), (None, None));
        assert_eq!((rows.get(0, usize::MAX), rows.get(2, 0)), (None, None));
    }

    #[test]
    fn the_first_lie_in_front() {
        let mut new: Fronted<usize, 3> = (0..5).collect();
        for item in 5..30 {
            new.push(item);
        }
        let old = new.clone();
        for index in [2, 7, 8, 29] {
            if let Some(slot) = new.get_mut(index) {
                *slot += 100;
            }
        }
        for index in 0..30 {
            let changed = [2, 7, 8, 29].contains(&index);
            assert_eq!(
                new.get(index),
                Some(&(index + if changed { 100 } else { 0 }))
            );
            assert_eq!(old.get(index), Some(&index));
        }
        assert_eq!((new.get(30), new.len()), (None, 30));
    }

    #[test]
    fn few_items_far_apart() {
        let mut new = Sparse::default();
        new.set(70_000, Some('a'));
        let old = new.clone();
        new.set(70_001, Some('b'));
        new.set(70_000, None);
        new.set(3, None);
        assert_eq!((old.get(70_000), old.get(70_001)), (Some(&'a'), None));
        assert_eq!((new.get(70_000), new.get(70_001)), (None, Some(&'b')));
        assert_eq!((new.get(0), new.get(u32::MAX)), (None, None));
    }

    #[test]
    fn rows_are_appended_and_written() {
        for width in [0, 1, 5, 3000] {
            let mut rows: Rows<u32> = Rows::new(width);
            let row = |n: usize| vec![n as u32; width];
            let mut filled = Filled::new(width);
            for n in 0..5000 {
                rows.set(n, &row(n));
                filled.push(&row(n));
            }
            let filled = filled.finish();
            assert!((0..=5000).all(|n| filled.row(n) == rows.row(n)));
            let old = rows.clone();
            rows.set(2500, &row(7));
            assert_eq!(old.row(2500), Some(&row(2500)[..]));
            assert_eq!(rows.row(2500), Some(&row(7)[..]));
            assert_eq!(rows.row(4999), Some(&row(4999)[..]));
        }
    }
}
