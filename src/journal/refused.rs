//! Transactions that were refused: they changed nothing, so no journal has them.

use std::fmt;

use crate::Timestamp;
use crate::admin::{Actor, Change, Refused};

/// A transaction that was refused, told to whoever wants to know.
#[derive(Debug, Clone, Copy)]
pub struct RefusedTransaction<'a> {
    /// The account, where the catalog serves many.
    pub account: Option<&'a str>,
    /// The revision of the engine that refused it.
    pub revision: u64,
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who tried.
    pub actor: &'a Actor,
    /// Why, for people.
    pub note: Option<&'a str>,
    /// What was to be changed.
    pub changes: &'a [Change],
    /// Which change was refused, and why.
    pub refused: &'a Refused,
}

/// What refused transactions are told to: a log of the host's own, an alarm. Any closure is one.
///
/// ```
/// use bailiwick::journal::{RefusedSink, RefusedTransaction};
/// let log = |refused: &RefusedTransaction<'_>| eprintln!("{refused}");
/// let sink: &dyn RefusedSink = &log;
/// # let _ = sink;
/// ```
pub trait RefusedSink: Send + Sync {
    /// Is told of one. It is called on the thread that tried, after the refusal and before that thread
    /// gets its answer: what takes long belongs on another. No lock is held meanwhile: it may change the
    /// account itself, and is told again if that is refused.
    fn refused(&self, transaction: &RefusedTransaction<'_>);
}

impl<F: Fn(&RefusedTransaction<'_>) + Send + Sync> RefusedSink for F {
    fn refused(&self, transaction: &RefusedTransaction<'_>) {
        self(transaction);
    }
}

impl fmt::Display for RefusedTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = self.account {
            write!(f, "account `{account}`, ")?;
        }
        let (revision, at, actor) = (self.revision, self.at, self.actor);
        write!(f, "revision {revision}, {at}, {actor}: {}", self.refused)
    }
}
