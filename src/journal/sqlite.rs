//! Journals in one SQLite file.
//!
//! The file is in WAL mode with `synchronous = FULL`: SQLite syncs a transaction to the disk before any
//! reader sees it (<https://www.sqlite.org/wal.html>, <https://www.sqlite.org/pragma.html#pragma_synchronous>),
//! which is what [`Journal`] asks. Writers of several processes take turns by its locks.

use std::error::Error;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, TransactionBehavior, params};

use super::{AppendError, Damage, Digest, Head, Journal, JournalError, Sealed, SealedSnapshot};

/// `PRAGMA application_id` of such a file: "bail", as `file` shows it.
const APPLICATION: i64 = 0x6261_696c;

/// `PRAGMA user_version` of the tables below.
const VERSION: i64 = 1;

/// How long a writer waits for those of other processes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The head stands beside the records, and moves with them: of records that are lost it tells.
const TABLES: &str = "
    CREATE TABLE accounts (
        number INTEGER PRIMARY KEY,
        account TEXT NOT NULL UNIQUE, -- '' where the catalog serves one: no identifier is empty
        began INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        digest BLOB NOT NULL
    ) STRICT;
    CREATE TABLE records (
        account INTEGER NOT NULL REFERENCES accounts,
        revision INTEGER NOT NULL,
        digest BLOB NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (account, revision)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE snapshots (
        account INTEGER NOT NULL REFERENCES accounts,
        revision INTEGER NOT NULL,
        digest BLOB NOT NULL,
        checksum BLOB NOT NULL,
        snapshot BLOB NOT NULL,
        UNIQUE (account, revision)
    ) STRICT;
    CREATE TABLE catalogs (
        digest BLOB PRIMARY KEY,
        document BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
";

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

struct Shared {
    path: PathBuf,
    connection: Mutex<Connection>,
    /// Wakes those who wait, when something was written by way of this.
    written: Condvar,
    waiting: Mutex<()>,
}

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
        let failed = |error| failed(path, error);
        let file = OpenOptions::new().append(true).create(true).open(path);
        drop(file.map_err(|error| failed(Box::new(error)))?);
        sync_folder(path).map_err(|error| failed(Box::new(error)))?;
        let mut connection = connect(path)?;
        let made = make_tables(&mut connection).map_err(|error| failed(Box::new(error)))?;
        match made {
            true => SqliteJournals::with(path, connection),
            // Nothing was changed in it.
            false => Err(SqliteError::Exists(path.to_owned())),
        }
    }

    /// Opens a file that there is. One that is missing or empty is an error, and never a file without
    /// accounts.
    ///
    /// # Errors
    /// Every [`SqliteError`] but [`SqliteError::Exists`].
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteJournals, SqliteError> {
        let path = path.as_ref();
        match std::fs::metadata(path) {
            Ok(found) if found.len() == 0 => return Err(SqliteError::Empty(path.to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SqliteError::Missing(path.to_owned()));
            }
            Err(error) => return Err(failed(path, Box::new(error))),
        }
        SqliteJournals::with(path, connect(path)?)
    }

    fn with(path: &Path, connection: Connection) -> Result<SqliteJournals, SqliteError> {
        let path = path.to_owned();
        let number = |query| {
            let number = connection.query_row(query, [], |row| row.get::<_, i64>(0));
            number.map_err(|error| failed(&path, Box::new(error)))
        };
        if number("PRAGMA application_id")? != APPLICATION {
            let is_empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
            return Err(match is_empty {
                true => SqliteError::Empty(path),
                false => SqliteError::Foreign(path),
            });
        }
        let version = number("PRAGMA user_version")?;
        if version != VERSION {
            return Err(SqliteError::UnknownVersion { path, version });
        }
        // Made before it was finished, it is not yet. SQLite says what the mode has become.
        let wal = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        wal.map_err(|error| failed(&path, Box::new(error)))?;
        Ok(SqliteJournals(Arc::new(Shared {
            path,
            connection: Mutex::new(connection),
            written: Condvar::new(),
            waiting: Mutex::new(()),
        })))
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
        self.0.read(|connection| {
            let mut select = connection.prepare("SELECT account FROM accounts ORDER BY account")?;
            let accounts = select.query_map([], |row| row.get(0))?;
            accounts.collect::<Result<_, _>>().map_err(Failure::from)
        })
    }
}

/// A connection that is durable, waits its turn, and trusts nothing that it reads.
fn connect(path: &Path) -> Result<Connection, SqliteError> {
    let opened = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    };
    opened().map_err(|error| failed(path, Box::new(error)))
}

/// Makes the tables in a file that has none; whether it had none.
fn make_tables(connection: &mut Connection) -> rusqlite::Result<bool> {
    let tables = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let known: i64 =
        tables.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if known > 0 {
        return Ok(false);
    }
    tables.execute_batch(TABLES)?;
    tables.pragma_update(None, "application_id", APPLICATION)?;
    tables.pragma_update(None, "user_version", VERSION)?;
    tables.commit()?;
    Ok(true)
}

/// A file that was made lasts when its folder is synced, on systems where a folder can be.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn failed(path: &Path, source: Box<dyn Error + Send + Sync>) -> SqliteError {
    SqliteError::Failed {
        path: path.to_owned(),
        source,
    }
}

/// What a statement fails with: SQLite's own errors, which want the path, or what the journal says.
enum Failure {
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
    /// A transaction that was dropped half-way is rolled back: a poisoned lock is as good as any.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let connection = self.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self, failure: Failure) -> AppendError {
        match failure {
            Failure::Sqlite(error) => {
                AppendError::Journal(failed(&self.path, Box::new(error)).into())
            }
            Failure::Append(error) => error,
        }
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, JournalError> {
        let done = read(&self.connection());
        done.map_err(|failure| without_conflict(self.told(failure)))
    }

    /// Writes in one transaction, which has the file for itself from the first statement on: what it
    /// reads is so until it ends.
    fn write<T>(
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
}

/// An account as the file has it.
struct Account {
    number: i64,
    began: i64,
    head: Head,
}

impl SqliteJournal {
    fn find(&self, connection: &Connection) -> Result<Option<Account>, Failure> {
        let mut select = connection
            .prepare("SELECT number, began, revision, digest FROM accounts WHERE account = ?1")?;
        let found = select.query_row([&*self.account], |row| {
            Ok((row.get(0)?, row.get(1)?, revision(row, 2)?, row.get(3)?))
        });
        let Some((number, began, revision, digest)) = found.optional()? else {
            return Ok(None);
        };
        let head = Head {
            revision,
            digest: digest_of(revision, digest)?,
        };
        Ok(Some(Account {
            number,
            began,
            head,
        }))
    }

    fn insert_snapshot(
        &self,
        connection: &Connection,
        account: i64,
        snapshot: &SealedSnapshot,
    ) -> Result<(), Failure> {
        let mut insert =
            connection.prepare("INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3, ?4, ?5)")?;
        insert.execute(params![
            account,
            number_of(snapshot.head.revision)?,
            snapshot.head.digest.0,
            snapshot.checksum.0,
            snapshot.bytes,
        ])?;
        Ok(())
    }
}

impl Journal for SqliteJournal {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        let found = self.shared.read(|connection| self.find(connection))?;
        Ok(found.map(|it| it.head))
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        self.shared.write(|connection| {
            if let Some(account) = self.find(connection)? {
                let head = Some(account.head);
                return Err(Failure::Append(AppendError::Conflict { head }));
            }
            let revision = number_of(snapshot.head.revision)?;
            let mut insert = connection.prepare(
                "INSERT INTO accounts (account, began, revision, digest) VALUES (?1, ?2, ?2, ?3)",
            )?;
            let account =
                insert.insert(params![&*self.account, revision, snapshot.head.digest.0])?;
            self.insert_snapshot(connection, account, snapshot)
        })
    }

    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        record.follows(&expected)?;
        self.shared.write(|connection| {
            let found = self.find(connection)?;
            let account = match found {
                Some(account) if account.head == expected => account.number,
                found => {
                    let head = found.map(|it| it.head);
                    return Err(Failure::Append(AppendError::Conflict { head }));
                }
            };
            let revision = number_of(record.revision)?;
            let mut insert = connection.prepare("INSERT INTO records VALUES (?1, ?2, ?3, ?4)")?;
            insert.execute(params![account, revision, record.digest.0, record.bytes])?;
            let mut update = connection
                .prepare("UPDATE accounts SET revision = ?2, digest = ?3 WHERE number = ?1")?;
            update.execute(params![account, revision, record.digest.0])?;
            Ok(record.revision)
        })
    }

    fn read_from(&self, after: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        self.shared.read(|connection| {
            let mut select = connection.prepare(
                "SELECT r.revision, r.digest, r.record
                 FROM accounts AS a JOIN records AS r ON r.account = a.number
                 WHERE a.account = ?1 AND r.revision > ?2 ORDER BY r.revision LIMIT ?3",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = select.query_map(params![&*self.account, at_most(after), limit], |row| {
                Ok((revision(row, 0)?, row.get(1)?, row.get(2)?))
            })?;
            let records = rows.map(|row| {
                let (revision, digest, bytes) = row?;
                Ok(Sealed {
                    revision,
                    digest: digest_of(revision, digest)?,
                    bytes,
                })
            });
            records.collect()
        })
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        let saved = self.shared.write(|connection| {
            let account = self.find(connection)?.ok_or(JournalError::Empty)?;
            let revision = number_of(snapshot.head.revision)?;
            let mut select = connection.prepare(
                "SELECT digest FROM records WHERE account = ?1 AND revision = ?2
                 UNION ALL
                 SELECT digest FROM snapshots WHERE account = ?1 AND revision = ?2 AND revision = ?3",
            )?;
            let digest: Option<Vec<u8>> = select
                .query_row(params![account.number, revision, account.began], |row| {
                    row.get(0)
                })
                .optional()?;
            if digest.as_deref() != Some(&snapshot.head.digest.0[..]) {
                let revision = snapshot.head.revision;
                return Err(JournalError::Forked { revision }.into());
            }
            match revision == account.began {
                true => Ok(()),
                false => self.insert_snapshot(connection, account.number, snapshot),
            }
        });
        saved.map_err(without_conflict)
    }

    fn snapshot(&self, at: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        self.shared.read(|connection| {
            let mut select = connection.prepare(
                "SELECT s.revision, s.digest, s.checksum, s.snapshot
                 FROM accounts AS a JOIN snapshots AS s ON s.account = a.number
                 WHERE a.account = ?1 AND s.revision <= ?2 ORDER BY s.revision DESC LIMIT 1",
            )?;
            let found = select.query_row(params![&*self.account, at_most(at)], |row| {
                Ok((revision(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            });
            let Some((revision, digest, checksum, bytes)) = found.optional()? else {
                return Ok(None);
            };
            Ok(Some(SealedSnapshot {
                head: Head {
                    revision,
                    digest: digest_of(revision, digest)?,
                },
                checksum: digest_of(revision, checksum)?,
                bytes,
            }))
        })
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        // Most often it is there, and nothing needs to be written.
        if self.catalog(digest)?.is_some() {
            return Ok(());
        }
        let saved = self.shared.write(|connection| {
            let mut insert =
                connection.prepare("INSERT OR IGNORE INTO catalogs VALUES (?1, ?2)")?;
            insert.execute(params![digest.0, document])?;
            Ok(())
        });
        saved.map_err(without_conflict)
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.shared.read(|connection| {
            let mut select =
                connection.prepare("SELECT document FROM catalogs WHERE digest = ?1")?;
            let found = select.query_row([digest.0], |row| row.get(0)).optional();
            found.map_err(Failure::from)
        })
    }

    /// There is a hint of what is written by way of the same [`SqliteJournals`]; what others write shows
    /// when the time is over.
    fn wait(&self, at_most: Duration) -> bool {
        let waiting = self.shared.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.written.wait_timeout(waiting, at_most);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// Of what cannot conflict.
fn without_conflict(error: AppendError) -> JournalError {
    match error {
        AppendError::Journal(error) | AppendError::Unknown(error) => error,
        conflict => JournalError::storage(conflict),
    }
}

fn revision(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    let out_of_range = |_| rusqlite::Error::IntegralValueOutOfRange(column, stored);
    u64::try_from(stored).map_err(out_of_range)
}

fn digest_of(revision: u64, stored: Vec<u8>) -> Result<Digest, JournalError> {
    let digest = stored.try_into().map(Digest);
    digest.map_err(|stored: Vec<u8>| {
        let wrong = format!("a digest of {} bytes", stored.len());
        JournalError::damaged(revision, Damage::Malformed(wrong))
    })
}

/// A revision as the file has it; engines make none that is larger.
fn number_of(revision: u64) -> Result<i64, JournalError> {
    i64::try_from(revision).map_err(JournalError::storage)
}

/// As a bound of what the file has.
fn at_most(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
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
