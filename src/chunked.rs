//! A vector in chunks that revisions share: a change copies one chunk, whatever the length.

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
