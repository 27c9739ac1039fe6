//! The connections that all journals of a file share, one that reads and one that writes, and how they are
//! asked and written by within a time.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::SqliteError;
use super::feed::Heard;
use super::file::Identity;
use crate::journal::{AppendError, JournalError};

pub(super) struct Shared {
    pub(super) path: PathBuf,
    /// The file that the connections have open. Another may come to lie where it lay.
    identity: Identity,
    reads: Turns,
    writes: Turns,
    /// Wakes those who wait, when something was written by way of this.
    written: Condvar,
    waiting: Mutex<()>,
    feeds: Mutex<Vec<Weak<Heard>>>,
}

/// What a statement fails with: SQLite's own errors, which want the path, or what the journal says.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    /// Of the commit itself: all of the transaction may be in the file by then.
    Commit(rusqlite::Error),
    Append(AppendError),
    /// Others had the connection, or the file, until the time was over.
    Busy(Duration),
    /// The file does not lie any more where it lay.
    Gone,
    /// The same, found when it had been written to.
    GoneMeanwhile,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Sqlite(error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Failure {
        Failure::Append(error.into())
    }
}

impl Shared {
    pub(super) fn new(
        path: PathBuf,
        identity: Identity,
        reads: Connection,
        writes: Connection,
    ) -> Shared {
        Shared {
            path,
            identity,
            reads: Turns::of(reads),
            writes: Turns::of(writes),
            written: Condvar::new(),
            waiting: Mutex::new(()),
            feeds: Mutex::default(),
        }
    }

    /// Reads on the connection that only reads: whoever waits to write is in nobody's way.
    pub(super) fn read<T>(
        &self,
        at_most: Duration,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        let done = || -> Result<T, Failure> {
            let connection = self.reads.take(Deadline::after(at_most))?;
            self.still_lies_there()?;
            read(&connection)
        };
        let done = { done }();
        done.map_err(|failure| without_conflict(self.told(failure, at_most)))
    }

    /// Writes in one transaction, which has the file for itself from the first statement on: what it
    /// reads is so until it ends.
    pub(super) fn write<T>(
        &self,
        at_most: Duration,
        write: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, AppendError> {
        let deadline = Deadline::after(at_most);
        let done = || -> Result<T, Failure> {
            let mut connection = self.writes.take(deadline)?;
            self.still_lies_there()?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = write(&transaction)?;
            transaction.busy_timeout(deadline.left())?;
            self.still_lies_there()?;
            transaction.commit().map_err(Failure::Commit)?;
            self.still_lies_there()
                .map_err(|_| Failure::GoneMeanwhile)?;
            Ok(written)
        };
        let done = { done }().map_err(|failure| self.told(failure, at_most))?;
        self.written.notify_all();
        Ok(done)
    }

    /// Checks that the path still leads to the file that is open. A file that was deleted or replaced is lost,
    /// with all that is written to it, as soon as nobody has it open.
    pub(super) fn still_lies_there(&self) -> Result<(), Failure> {
        match self.identity.lies_at(&self.path) {
            true => Ok(()),
            false => Err(Failure::Gone),
        }
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether something was written by way of this before the time was over.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let waiting = self.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let waited = self.written.wait_timeout(waiting, at_most);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Tells the feeds that an account has come to a revision.
    pub(super) fn tell(&self, account: &str, revision: u64) {
        self.feeds().retain(|feed| match feed.upgrade() {
            Some(feed) => {
                feed.hear(account, revision);
                true
            }
            None => false,
        });
    }

    pub(super) fn tells(&self, feed: &Arc<Heard>) {
        self.feeds().push(Arc::downgrade(feed));
    }

    fn feeds(&self) -> MutexGuard<'_, Vec<Weak<Heard>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn told(&self, failure: Failure, at_most: Duration) -> AppendError {
        let path = || self.path.clone();
        let busy = |waited| {
            let path = path();
            SqliteError::Busy { path, waited }
        };
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => busy(at_most).into(),
            // SQLite looks, too, when it begins to write.
            Some(ErrorCode::ReadOnly) if self.still_lies_there().is_err() => {
                SqliteError::Gone(path()).into()
            }
            _ => JournalError::storage(SqliteError::failed(&self.path, error)),
        };
        match failure {
            // Another's transaction, or readers, had the file until the time was over; or it would not have
            // fitted on the disk, and what of it was written is taken back by whoever looks next.
            Failure::Commit(error)
                if matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::DatabaseBusy | ErrorCode::DiskFull)
                ) =>
            {
                AppendError::NotWritten(failed(error))
            }
            // Nobody sees it now. But where it was written and could not be synced, a crash brings it back,
            // unless another transaction was written over it.
            Failure::Commit(error) => AppendError::Unknown(failed(error)),
            Failure::Sqlite(error) => AppendError::NotWritten(failed(error)),
            Failure::Append(error) => error,
            Failure::Busy(waited) => AppendError::NotWritten(busy(waited).into()),
            Failure::Gone => AppendError::NotWritten(SqliteError::Gone(path()).into()),
            Failure::GoneMeanwhile => AppendError::Unknown(SqliteError::Gone(path()).into()),
        }
    }
}

/// When a call is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at_most: Duration,
    /// Not every clock can tell a time much later: then never.
    until: Option<Instant>,
}

impl Deadline {
    pub(super) fn after(at_most: Duration) -> Deadline {
        let until = Instant::now().checked_add(at_most);
        Deadline { at_most, until }
    }

    fn left(self) -> Duration {
        // SQLite counts milliseconds in 31 bits.
        const LONGEST: Duration = Duration::from_secs(86_400);
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        self.until.map_or(LONGEST, left).min(LONGEST)
    }
}

/// A connection that one thread has at a time.
struct Turns {
    connection: Mutex<Connection>,
    is_taken: Mutex<bool>,
    freed: Condvar,
}

impl Turns {
    fn of(connection: Connection) -> Turns {
        Turns {
            connection: Mutex::new(connection),
            is_taken: Mutex::new(false),
            freed: Condvar::new(),
        }
    }

    /// Waits for the connection, which then waits for others' locks for as long as is left.
    fn take(&self, deadline: Deadline) -> Result<Turn<'_>, Failure> {
        let mut is_taken = self.is_taken();
        while *is_taken {
            let left = deadline.left();
            if left.is_zero() {
                return Err(Failure::Busy(deadline.at_most));
            }
            let waited = self.freed.wait_timeout(is_taken, left);
            is_taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_taken = true;
        drop(is_taken);
        let free = Free(self);
        // A transaction that was dropped half-way is rolled back: a poisoned lock is as good as any.
        let connection = self.connection.lock();
        let connection = connection.unwrap_or_else(PoisonError::into_inner);
        connection.busy_timeout(deadline.left())?;
        Ok(Turn {
            connection,
            _free: free,
        })
    }

    fn is_taken(&self) -> MutexGuard<'_, bool> {
        self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection; its lock goes before its turn ends.
struct Turn<'t> {
    connection: MutexGuard<'t, Connection>,
    _free: Free<'t>,
}

impl Deref for Turn<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Turn<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

struct Free<'t>(&'t Turns);

impl Drop for Free<'_> {
    fn drop(&mut self) {
        *self.0.is_taken() = false;
        self.0.freed.notify_one();
    }
}

/// Of what cannot conflict.
pub(super) fn without_conflict(error: AppendError) -> JournalError {
    match error {
        AppendError::Journal(error)
        | AppendError::NotWritten(error)
        | AppendError::Unknown(error) => error,
        conflict @ AppendError::Conflict { .. } => JournalError::storage(conflict),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn in_memory() -> Shared {
        let connection = || Connection::open_in_memory().expect("it opens");
        let tables = "PRAGMA foreign_keys = ON;
            CREATE TABLE accounts (number INTEGER PRIMARY KEY);
            CREATE TABLE records (
                account INTEGER NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED
            )";
        let writes = connection();
        writes.execute_batch(tables).expect("they are made");
        let here = PathBuf::from(".");
        let identity = Identity::of(&here).expect("there is one");
        Shared::new(here, identity, connection(), writes)
    }

    #[test]
    fn whether_a_commit_that_failed_was_written_is_not_known() {
        let shared = in_memory();
        let write = |statement| {
            shared.write(SOON, |connection| {
                Ok(connection.execute(statement, []).map(drop)?)
            })
        };
        // This one fails when it is committed,
        let at_the_end = write("INSERT INTO records VALUES (1)");
        assert!(
            matches!(at_the_end, Err(AppendError::Unknown(_))),
            "{at_the_end:?}"
        );
        // and this one before.
        let before = write("INSERT INTO records VALUES (NULL)");
        assert!(
            matches!(before, Err(AppendError::NotWritten(_))),
            "{before:?}"
        );
        write("INSERT INTO accounts VALUES (1)").expect("neither is in the way");
    }

    #[test]
    fn a_commit_whose_turn_did_not_come_or_that_does_not_fit_wrote_nothing() {
        let shared = in_memory();
        let failed = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            shared.told(Failure::Commit(error), SOON)
        };
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_FULL,
        ] {
            assert!(matches!(failed(code), AppendError::NotWritten(_)), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_TRUNCATE] {
            assert!(matches!(failed(code), AppendError::Unknown(_)), "{code}");
        }
    }
}
