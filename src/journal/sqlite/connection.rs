//! The one connection that all journals of a file share, and how it is asked and written by.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::SqliteError;
use crate::journal::{AppendError, JournalError};

pub(super) struct Shared {
    pub(super) path: PathBuf,
    connection: Mutex<Connection>,
    /// Wakes those who wait, when something was written by way of this.
    written: Condvar,
    waiting: Mutex<()>,
}

/// What a statement fails with: SQLite's own errors, which want the path, or what the journal says.
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    /// Of the commit itself: all of the transaction may be in the file by then.
    Commit(rusqlite::Error),
    Append(AppendError),
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
    pub(super) fn new(path: PathBuf, connection: Connection) -> Shared {
        Shared {
            path,
            connection: Mutex::new(connection),
            written: Condvar::new(),
            waiting: Mutex::new(()),
        }
    }

    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        let done = read(&self.connection());
        done.map_err(|failure| without_conflict(self.told(failure)))
    }

    /// Writes in one transaction, which has the file for itself from the first statement on: what it
    /// reads is so until it ends.
    pub(super) fn write<T>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, AppendError> {
        let mut connection = self.connection();
        let done = || -> Result<T, Failure> {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = write(&transaction)?;
            transaction.commit().map_err(Failure::Commit)?;
            Ok(written)
        };
        let done = { done }().map_err(|failure| self.told(failure))?;
        drop(connection);
        self.written.notify_all();
        Ok(done)
    }

    /// Whether something was written by way of this before the time was over.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let waiting = self.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let waited = self.written.wait_timeout(waiting, at_most);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// A transaction that was dropped half-way is rolled back: a poisoned lock is as good as any.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let connection = self.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, failure: Failure) -> AppendError {
        let failed = |error| JournalError::from(SqliteError::failed(&self.path, error));
        match failure {
            // It was not its turn, and nothing was written.
            Failure::Commit(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                AppendError::Journal(failed(error))
            }
            // Nobody sees it now. But where it was written and could not be synced, a crash brings it back,
            // unless another transaction was written over it.
            Failure::Commit(error) => AppendError::Unknown(failed(error)),
            Failure::Sqlite(error) => AppendError::Journal(failed(error)),
            Failure::Append(error) => error,
        }
    }
}

/// Of what cannot conflict.
pub(super) fn without_conflict(error: AppendError) -> JournalError {
    match error {
        AppendError::Journal(error) | AppendError::Unknown(error) => error,
        conflict => JournalError::storage(conflict),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn in_memory() -> Shared {
        let connection = Connection::open_in_memory().expect("it opens");
        let tables = "PRAGMA foreign_keys = ON;
            CREATE TABLE accounts (number INTEGER PRIMARY KEY);
            CREATE TABLE records (
                account INTEGER NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED
            )";
        connection.execute_batch(tables).expect("they are made");
        Shared::new(PathBuf::new(), connection)
    }

    #[test]
    fn whether_a_commit_that_failed_was_written_is_not_known() {
        let shared = in_memory();
        let write = |statement| {
            shared.write(|connection| Ok(connection.execute(statement, []).map(drop)?))
        };
        // This one fails when it is committed,
        let at_the_end = write("INSERT INTO records VALUES (1)");
        assert!(
            matches!(at_the_end, Err(AppendError::Unknown(_))),
            "{at_the_end:?}"
        );
        // and this one before.
        let before = write("INSERT INTO records VALUES (NULL)");
        assert!(matches!(before, Err(AppendError::Journal(_))), "{before:?}");
        write("INSERT INTO accounts VALUES (1)").expect("neither is in the way");
    }

    #[test]
    fn a_commit_whose_turn_did_not_come_wrote_nothing() {
        let shared = in_memory();
        let failed = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            shared.told(Failure::Commit(error))
        };
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_BUSY_SNAPSHOT] {
            assert!(matches!(failed(code), AppendError::Journal(_)), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_FULL] {
            assert!(matches!(failed(code), AppendError::Unknown(_)), "{code}");
        }
    }
}
