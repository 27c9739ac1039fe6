//! The journals of many accounts in one store.

use std::time::Duration;

use super::{Journal, JournalError};

/// The journals of many accounts, asked together, for one thread that follows them all.
pub trait Feed: Send {
    /// Waits until there may be something new of some accounts, or the time is over: then of none. Hints
    /// may be lost.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn hints(&mut self, at_most: Duration) -> Result<Vec<Reached>, JournalError>;

    /// What was written since this was last asked: nothing is missed.
    ///
    /// # Errors
    /// [`JournalError::Storage`]; what was not told is told the next time.
    fn written(&mut self) -> Result<Written, JournalError>;

    /// The journal of an account.
    fn journal(&self, account: Option<&str>) -> Box<dyn Journal>;
}

/// What was written of many accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Whether all accounts are told of, and not only those that have gone on: as at first, and where
    /// nobody knows what was told before.
    pub all: bool,
    /// Where they end.
    pub reached: Vec<Reached>,
}

/// The account of a journal, and a revision that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The account; `None` where the catalog serves one.
    pub account: Option<String>,
    /// The revision.
    pub revision: u64,
}
