//! Journals in one SQLite file.
//!
//! The file is in rollback mode (`journal_mode = TRUNCATE`) with `synchronous = FULL`: SQLite syncs a
//! transaction to the disk before any reader sees it (<https://www.sqlite.org/atomiccommit.html>), which is
//! what [`Journal`] asks. Only where every process that had it open was killed between writing a transaction
//! and syncing it, or the disk refused to sync, may who opens the file next see it before it is synced; nobody
//! was told that it was appended. Writers of several processes take turns by its locks.
//!
//! A WAL would let readers go on while somebody commits, and costs about a quarter: 8 ms a change in place of
//! 32, where a sync takes 8. But what a crash leaves in it is read up to the first bit that flipped, and the
//! rest forgotten without a word. Changes of a policy are few; none that was acknowledged may be forgotten.

mod connection;
mod feed;
mod file;
mod statements;

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{AppendError, Digest, Head, Journal, JournalError, OneCall, Sealed, SealedSnapshot};
use connection::{Shared, without_conflict};
use file::{Opened, VERSION};

pub use feed::SqliteFeed;

/// How long a call takes at most, unless told.
const PATIENCE: Duration = Duration::from_secs(10);

/// The journals of many accounts in one SQLite file, which several processes may have open.
///
/// Beside the file SQLite keeps another while it is open, which ends in `-journal`: what is there is needed to
/// take back a transaction that was cut off, and whoever copies the file copies both. On a network's file
/// system its locks may not hold.
///
/// Every call takes 10 s at most, unless [told](SqliteJournals::at_most). Reading waits for nobody who waits
/// to write, or has begun to: only for a commit while it goes on.
///
/// A file that is deleted or replaced while it is open is noticed before anything is read from it or committed
/// to it ([`SqliteError::Gone`]); on systems without inodes, not.
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
pub struct SqliteJournals {
    shared: Arc<Shared>,
    at_most: Duration,
}

/// The journal of one account in a SQLite file.
#[derive(Clone)]
pub struct SqliteJournal {
    shared: Arc<Shared>,
    account: Box<str>,
    at_most: Duration,
    /// When all calls are over, however long each may take.
    until: Option<Instant>,
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
    /// Other threads or processes had the file until the time was over.
    #[error("`{}` was busy for {waited:?}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// For how long it was waited for.
        waited: Duration,
    },
    /// The file that is open was deleted, or another lies where it lay: what is there is opened anew.
    #[error("`{}` was deleted or replaced while it was open", .0.display())]
    Gone(PathBuf),
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
        SqliteJournals::over(path.as_ref(), file::create)
    }

    /// Opens a file that there is. One that is missing or empty is an error, and never a file without
    /// accounts.
    ///
    /// # Errors
    /// Every [`SqliteError`] but [`SqliteError::Exists`].
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteJournals, SqliteError> {
        SqliteJournals::over(path.as_ref(), file::open)
    }

    fn over(
        path: &Path,
        open: fn(&Path) -> Result<Opened, SqliteError>,
    ) -> Result<SqliteJournals, SqliteError> {
        // Where the process is may change.
        let path = std::path::absolute(path).map_err(|error| SqliteError::failed(path, error))?;
        let opened = open(&path)?;
        let shared = Shared::new(path, opened.identity, opened.reads, opened.writes);
        Ok(SqliteJournals {
            shared: Arc::new(shared),
            at_most: PATIENCE,
        })
    }

    /// How long each call on what is made of this takes at most, reading or writing, waiting for other
    /// threads and processes included: 10 s unless told.
    #[must_use]
    pub fn at_most(mut self, time: Duration) -> SqliteJournals {
        self.at_most = time;
        self
    }

    /// The journals of all accounts, for one thread that [follows](crate::live::follow_many) many, over one
    /// more connection.
    ///
    /// # Errors
    /// [`SqliteError::Failed`], [`SqliteError::Gone`].
    pub fn feed(&self) -> Result<SqliteFeed, SqliteError> {
        let connection = file::reader(&self.shared.path, self.shared.identity())?;
        Ok(SqliteFeed::new(&self.shared, self.at_most, connection))
    }

    /// The journal of an account, begun or not. Opens nothing: all of one file share two connections.
    pub fn account(&self, account: &str) -> SqliteJournal {
        SqliteJournal {
            shared: Arc::clone(&self.shared),
            account: account.into(),
            at_most: self.at_most,
            until: None,
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
        self.shared.read(self.at_most, statements::accounts)
    }
}

impl SqliteJournal {
    /// How long a call that begins now takes at most.
    fn at_most(&self) -> Duration {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        self.until.map_or(self.at_most, left).min(self.at_most)
    }
}

impl Journal for SqliteJournal {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        self.shared.read(self.at_most(), |connection| {
            statements::head(connection, &self.account)
        })
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        self.shared.write(self.at_most(), |connection| {
            statements::begin(connection, &self.account, snapshot)
        })?;
        self.shared.tell(&self.account, snapshot.head.revision);
        Ok(())
    }

    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        record.follows(&expected)?;
        self.shared.write(self.at_most(), |connection| {
            statements::append(connection, &self.account, expected, record)
        })?;
        self.shared.tell(&self.account, record.revision);
        Ok(record.revision)
    }

    fn read_from(&self, after: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        self.shared.read(self.at_most(), |connection| {
            statements::read(connection, &self.account, after, limit)
        })
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        let saved = self.shared.write(self.at_most(), |connection| {
            statements::save_snapshot(connection, &self.account, snapshot)
        });
        saved.map_err(without_conflict)
    }

    fn snapshot(&self, at: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        self.shared.read(self.at_most(), |connection| {
            statements::snapshot(connection, &self.account, at)
        })
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        // Most often it is there, and nothing needs to be written.
        if self.catalog(digest)?.is_some() {
            return Ok(());
        }
        let saved = self.shared.write(self.at_most(), |connection| {
            statements::save_catalog(connection, digest, document)
        });
        saved.map_err(without_conflict)
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.shared.read(self.at_most(), |connection| {
            statements::catalog(connection, digest)
        })
    }

    fn catalogs(&self) -> Result<Option<Vec<Digest>>, JournalError> {
        let digests = self.shared.read(self.at_most(), statements::catalogs);
        digests.map(Some)
    }

    fn for_one_call(&self) -> Option<OneCall<'_>> {
        let until = Instant::now().checked_add(self.at_most())?;
        let journal = SqliteJournal {
            until: Some(until),
            ..self.clone()
        };
        Some(OneCall {
            journal: Box::new(journal),
            until,
        })
    }

    /// There is a hint of what is written by way of the same [`SqliteJournals`]; what others write shows
    /// when the time is over.
    fn wait(&self, at_most: Duration) -> bool {
        self.shared.wait(at_most)
    }
}

impl fmt::Debug for SqliteJournals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteJournals")
            .field(&self.shared.path)
            .finish()
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
