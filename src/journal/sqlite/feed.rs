//! All accounts of a file, for one thread that follows many.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection::{Failure, Shared, without_conflict};
use super::{SqliteJournal, statements};
use crate::journal::{Feed, Journal, JournalError, Reached, Written};

/// How many hints are kept for one who does not come for them; others are lost.
const KEPT: usize = 4_096;

/// The journals of all accounts in a SQLite file, over one connection of its own.
///
/// There are hints of what is written by way of the same [`SqliteJournals`](super::SqliteJournals). What other
/// processes write shows when it is asked what was [written](Feed::written).
pub struct SqliteFeed {
    shared: Arc<Shared>,
    at_most: Duration,
    connection: Connection,
    heard: Arc<Heard>,
    /// The revisions that were told.
    told: Option<Told>,
}

struct Told {
    /// As SQLite counts for this connection what others have committed.
    version: i64,
    /// Where the journals ended, by the accounts' numbers.
    reached: HashMap<i64, u64>,
}

impl SqliteFeed {
    pub(super) fn new(shared: &Arc<Shared>, at_most: Duration, connection: Connection) -> Self {
        let heard = Arc::new(Heard::default());
        shared.tells(&heard);
        SqliteFeed {
            shared: Arc::clone(shared),
            at_most,
            connection,
            heard,
            told: None,
        }
    }

    fn look(&mut self) -> Result<Written, Failure> {
        self.connection.busy_timeout(self.at_most)?;
        self.shared.still_lies_there()?;
        // A commit after this question changes it once more.
        let version = statements::version(&self.connection)?;
        if self.told.as_ref().is_some_and(|it| it.version == version) {
            return Ok(Written::default());
        }
        let all = self.told.is_none();
        let mut before = self.told.take().map(|it| it.reached).unwrap_or_default();
        let endings = match statements::endings(&self.connection) {
            Ok(endings) => endings,
            Err(failure) => {
                // The revisions told so far stay known; nothing of this version is.
                self.told = (!all).then_some(Told {
                    version: version.wrapping_sub(1),
                    reached: before,
                });
                return Err(failure);
            }
        };
        let mut reached = Vec::new();
        for (number, account, revision) in endings {
            if before.insert(number, revision) != Some(revision) {
                let account = (!account.is_empty()).then_some(account);
                reached.push(Reached { account, revision });
            }
        }
        self.told = Some(Told {
            version,
            reached: before,
        });
        Ok(Written { all, reached })
    }
}

impl Feed for SqliteFeed {
    /// Waits for a day at most.
    fn hints(&mut self, at_most: Duration) -> Result<Vec<Reached>, JournalError> {
        Ok(self.heard.take(at_most))
    }

    /// Costs next to nothing where nobody has written, and a look at each account where somebody has.
    fn written(&mut self) -> Result<Written, JournalError> {
        let written = self.look();
        written.map_err(|failure| without_conflict(self.shared.told(failure, self.at_most)))
    }

    fn journal(&self, account: Option<&str>) -> Box<dyn Journal> {
        Box::new(SqliteJournal {
            shared: Arc::clone(&self.shared),
            account: account.unwrap_or_default().into(),
            at_most: self.at_most,
            until: None,
        })
    }
}

/// What one who follows has not come for yet.
#[derive(Default)]
pub(super) struct Heard {
    reached: Mutex<HashMap<Box<str>, u64>>,
    more: Condvar,
}

impl Heard {
    pub(super) fn hear(&self, account: &str, revision: u64) {
        let mut reached = self.reached();
        let known = reached.len();
        if let Some(last) = reached.get_mut(account) {
            *last = revision.max(*last);
        } else if known < KEPT {
            reached.insert(account.into(), revision);
        }
        drop(reached);
        self.more.notify_all();
    }

    fn take(&self, at_most: Duration) -> Vec<Reached> {
        let until = Instant::now() + at_most.min(Duration::from_secs(86_400));
        let mut reached = self.reached();
        while reached.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Vec::new();
            }
            let waited = self.more.wait_timeout(reached, left);
            reached = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let reached = reached.drain();
        let reached = reached.map(|(account, revision)| Reached {
            account: (!account.is_empty()).then(|| account.into()),
            revision,
        });
        reached.collect()
    }

    fn reached(&self) -> MutexGuard<'_, HashMap<Box<str>, u64>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
