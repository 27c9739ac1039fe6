//! The one connection that all journals of a file share, and how it is asked and written by.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

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
            transaction.commit()?;
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
        match failure {
            Failure::Sqlite(error) => {
                AppendError::Journal(SqliteError::failed(&self.path, error).into())
            }
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
