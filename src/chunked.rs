//! Vectors and tables in chunks that revisions share: a change copies one chunk, whatever the length.

use std::sync::Arc;

const BITS: u32 = 10;
const CHUNK: usize = 1 << BITS;

/// An immutable vector in chunks. A clone copies a pointer for each chunk.
#[derive(Debug, Clone)]
pub(crate) struct Chunked<T> {
    chunks: Arc<[Arc<[T]>]>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked {
            chunks: Arc::default(),
        }
    }
}

impl<T> FromIterator<T> for Chunked<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        let next = || {
            let chunk: Vec<T> = items.by_ref().take(CHUNK).collect();
            (!chunk.is_empty()).then(|| chunk.into())
        };
        Chunked {
            chunks: std::iter::from_fn(next).collect(),
        }
    }
}

impl<T> Chunked<T> {
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index >> BITS)?.get(index & (CHUNK - 1))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

const ROWS_BITS: u32 = 6;
const ROWS: usize = 1 << ROWS_BITS;

/// An immutable table of rows of one width, in chunks of rows that lie side by side: one pointer to
/// follow to a cell. (A row behind a pointer of its own took two, and a cache line more.)
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    chunks: Arc<[Arc<[T]>]>,
    width: usize,
}

impl<T: Copy> Rows<T> {
    /// A table of rows of that width.
    pub(crate) fn new(width: usize, rows: &[Box<[T]>]) -> Rows<T> {
        let chunk = |rows: &[Box<[T]>]| rows.iter().flat_map(|row| row.iter().copied()).collect();
        Rows {
            chunks: rows.chunks(ROWS).map(chunk).collect(),
            width,
        }
    }

    #[inline]
    pub(crate) fn get(&self, row: usize, column: usize) -> Option<T> {
        // Past the width lies the next row: whoever asks has found the column in the catalog.
        debug_assert!(column < self.width || self.chunks.is_empty());
        let chunk = self.chunks.get(row >> ROWS_BITS)?;
        chunk.get((row & (ROWS - 1)) * self.width + column).copied()
    }
}
