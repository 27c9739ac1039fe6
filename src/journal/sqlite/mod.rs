//! Journals in one SQLite file.
//!
//! The file is in WAL mode with `synchronous = FULL`: SQLite syncs a transaction to the disk before any
//! reader sees it (<https://www.sqlite.org/wal.html>, <https://www.sqlite.org/pragma.html#pragma_synchronous>),
//! which is what [`Journal`] asks. Only where every process that had it open was killed between writing a
//! transaction and syncing it, or the disk refused to sync, may who opens the file next see it before it
//! is synced; nobody was told that it was appended. Writers of several processes take turns by its locks.

mod connection;
mod file;
mod statements;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{AppendError, Digest, Head, Journal, JournalError, Sealed, SealedSnapshot};
use connection::{Shared, without_conflict};
use file::VERSION;

/// The journals of many accounts in one SQLite file, which several processes may have open.
///
/// Beside the file SQLite keeps two more while it is open, which end in `-wal` and `-shm`: what was
/// appended last may be in `-wal` alone, and whoever copies the file copies both. On a network's file
/// system its locks may not hold.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("bailiwick-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("journals.sqlite");
/// use bailiwick::journal::{Journal, SqliteJournals};
/// let journals = SqliteJournals::create(&path)?; // once, where the product is installed
/// assert_eq!(journals.account("acme").head()?, None);
/// drop(journals);
///
/// let journals = SqliteJournals::open(&path)?; // at every start
/// assert!(SqliteJournals::create(&path).is_err());
/// # drop(journals);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteJournals(Arc<Shared>);

/// The journal of one account in a SQLite file.
#[derive(Clone)]
pub struct SqliteJournal {
    shared: Arc<Shared>,
    account: Box<str>,
}

/// Why a file of journals was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// There is no such file.
    #[error("there is no file `{}`: `create` makes it", .0.display())]
    Missing(PathBuf),
    /// The file is empty.
    #[error(
        "`{}` is empty: what was in it is lost, or it was never finished; `create` begins it anew",
        .0.display()
    )]
    Empty(PathBuf),
    /// There is something in the file that was to be made.
    #[error("`{}` is there already: `open` opens it", .0.display())]
    Exists(PathBuf),
    /// It is a file of something else.
    #[error("`{}` is no file of journals", .0.display())]
    Foreign(PathBuf),
    /// A version of this crate wrote it that this one does not know.
    #[error("`{}` has version {version} of the tables; this is version {VERSION}", path.display())]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// SQLite, or the system, failed.
    #[error("`{}`: {source}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// How.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl SqliteError {
    fn failed(path: &Path, source: impl Error + Send + Sync + 'static) -> SqliteError {
        SqliteError::Failed {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }
}

impl From<SqliteError> for JournalError {
    fn from(error: SqliteError) -> JournalError {
        JournalError::storage(error)
    }
}

impl SqliteJournals {
    /// Makes the file.
    ///
    /// # Errors
    /// [`SqliteError::Exists`] where there is something in it, journals or anything else;
    /// [`SqliteError::Failed`].
    pub fn create(path: impl AsRef<Path>) -> Result<SqliteJournals, SqliteError> {
        let path = path.as_ref();
        Ok(SqliteJournals::over(path, file::create(path)?))
    }

    /// Opens a file that there is. One that is missing or empty is an error, and never a file without
    /// accounts.
    ///
    /// # Errors
    /// Every [`SqliteError`] but [`SqliteError::Exists`].
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteJournals, SqliteError> {
        let path = path.as_ref();
        Ok(SqliteJournals::over(path, file::open(path)?))
    }

    fn over(path: &Path, connection: rusqlite::Connection) -> SqliteJournals {
        SqliteJournals(Arc::new(Shared::new(path.to_owned(), connection)))
    }

    /// The journal of an account, begun or not. Opens nothing: all of one file share a connection.
    pub fn account(&self, account: &str) -> SqliteJournal {
        SqliteJournal {
            shared: Arc::clone(&self.0),
            account: account.into(),
        }
    }

    /// The journal of the only account, where the catalog serves one.
    pub fn only_account(&self) -> SqliteJournal {
        self.account("")
    }

    /// The accounts whose journals were begun, sorted; the only one of a catalog that serves one is `""`.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn accounts(&self) -> Result<Vec<String>, JournalError> {
        self.0.read(statements::accounts)
    }
}

impl Journal for SqliteJournal {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        self.shared
            .read(|connection| statements::head(connection, &self.account))
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        self.shared
            .write(|connection| statements::begin(connection, &self.account, snapshot))
    }

    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        record.follows(&expected)?;
        self.shared
            .write(|connection| statements::append(connection, &self.account, expected, record))?;
        Ok(record.revision)
    }

    fn read_from(&self, after: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        self.shared
            .read(|connection| statements::read(connection, &self.account, after, limit))
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        let saved = self
            .shared
            .write(|connection| statements::save_snapshot(connection, &self.account, snapshot));
        saved.map_err(without_conflict)
    }

    fn snapshot(&self, at: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        self.shared
            .read(|connection| statements::snapshot(connection, &self.account, at))
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        // Most often it is there, and nothing needs to be written.
        if self.catalog(digest)?.is_some() {
            return Ok(());
        }
        let saved = self
            .shared
            .write(|connection| statements::save_catalog(connection, digest, document));
        saved.map_err(without_conflict)
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.shared
            .read(|connection| statements::catalog(connection, digest))
    }

    /// There is a hint of what is written by way of the same [`SqliteJournals`]; what others write shows
    /// when the time is over.
    fn wait(&self, at_most: Duration) -> bool {
        self.shared.wait(at_most)
    }
}

impl fmt::Debug for SqliteJournals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteJournals").field(&self.0.path).finish()
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal")
            .field("path", &self.shared.path)
            .field("account", &self.account)
            .finish()
    }
}
