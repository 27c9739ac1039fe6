//! What a transaction does, worked out when asked for (A6).

use crate::Engine;

/// What changed between two revisions of an account.
#[derive(Debug)]
pub struct Report<'e> {
    before: &'e Engine,
    after: &'e Engine,
}

impl<'e> Report<'e> {
    pub(super) fn new(before: &'e Engine, after: &'e Engine) -> Report<'e> {
        Report { before, after }
    }
}
