//! A file of journals: made where there is none, opened where there is, and nothing else taken for one.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{PATIENCE, SqliteError};

/// `PRAGMA application_id` of such a file: "bail", as `file` shows it.
const APPLICATION: i64 = 0x6261_696c;

/// `PRAGMA user_version` of the tables.
pub(super) const VERSION: i64 = 1;

/// The head stands beside the records, and moves with them: of records that are lost it tells.
const TABLES: &str = include_str!("tables.sql");

/// Which file it is that lies at a path, whatever its name. Where the system does not say, all are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(Option<(u64, u64)>);

impl Identity {
    pub(super) fn of(path: &Path) -> io::Result<Identity> {
        let found = std::fs::metadata(path)?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            Some((found.dev(), found.ino()))
        };
        #[cfg(not(unix))]
        let identity = {
            drop(found);
            None
        };
        Ok(Identity(identity))
    }

    pub(super) fn lies_at(&self, path: &Path) -> bool {
        Identity::of(path).is_ok_and(|found| found == *self)
    }
}

/// The connections to a file: what they have open is the one of that identity.
pub(super) struct Opened {
    pub(super) identity: Identity,
    pub(super) reads: Connection,
    pub(super) writes: Connection,
}

/// Makes the file, unless there is something in it.
pub(super) fn create(path: &Path) -> Result<Opened, SqliteError> {
    let failed = |error: io::Error| SqliteError::failed(path, error);
    let file = OpenOptions::new().append(true).create(true).open(path);
    drop(file.map_err(failed)?);
    sync_folder(path).map_err(failed)?;
    let identity = Identity::of(path).map_err(failed)?;
    let mut connection = connect(path)?;
    let made = make_tables(&mut connection).map_err(|error| SqliteError::failed(path, error))?;
    match made {
        true => with_reader(path, identity, verified(path, connection)?),
        // Nothing was changed in it.
        false => Err(SqliteError::Exists(path.to_owned())),
    }
}

/// Opens the file, and never makes one.
pub(super) fn open(path: &Path) -> Result<Opened, SqliteError> {
    match std::fs::metadata(path) {
        Ok(found) if found.len() == 0 => return Err(SqliteError::Empty(path.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SqliteError::Missing(path.to_owned()));
        }
        Err(error) => return Err(SqliteError::failed(path, error)),
    }
    let identity = Identity::of(path).map_err(|error| SqliteError::failed(path, error))?;
    with_reader(path, identity, verified(path, connect(path)?)?)
}

fn with_reader(path: &Path, identity: Identity, writes: Connection) -> Result<Opened, SqliteError> {
    Ok(Opened {
        reads: reader(path, &identity)?,
        identity,
        writes,
    })
}

/// One more connection to the same file, which only reads.
pub(super) fn reader(path: &Path, identity: &Identity) -> Result<Connection, SqliteError> {
    let connection = connect(path)?;
    let only_reads = connection.pragma_update(None, "query_only", true);
    only_reads.map_err(|error| SqliteError::failed(path, error))?;
    // SQLite has it open by now.
    match identity.lies_at(path) {
        true => Ok(connection),
        false => Err(SqliteError::Gone(path.to_owned())),
    }
}

/// A connection to what is a file of journals, of the version that is known here.
fn verified(path: &Path, connection: Connection) -> Result<Connection, SqliteError> {
    let failed = |error: rusqlite::Error| SqliteError::failed(path, error);
    let number = |query| {
        let number = connection.query_row(query, [], |row| row.get::<_, i64>(0));
        number.map_err(failed)
    };
    if number("PRAGMA application_id")? != APPLICATION {
        let is_empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
        let path = path.to_owned();
        return Err(match is_empty {
            true => SqliteError::Empty(path),
            false => SqliteError::Foreign(path),
        });
    }
    let version = number("PRAGMA user_version")?;
    if version != VERSION {
        let path = path.to_owned();
        return Err(SqliteError::UnknownVersion { path, version });
    }
    without_wal(path, connection)
}

/// Earlier versions of this crate kept the file in WAL mode, which is left when nobody else has it open.
/// SQLite says what the mode has become, and no error where it is another.
fn without_wal(path: &Path, connection: Connection) -> Result<Connection, SqliteError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", MODE, |row| row.get(0));
    let mode: String = mode.map_err(|error| SqliteError::failed(path, error))?;
    match mode.eq_ignore_ascii_case(MODE) {
        true => Ok(connection),
        false => Err(SqliteError::failed(path, OtherMode(mode))),
    }
}

/// The pages that a transaction changes are kept beside the file until it is committed. What was committed
/// is in the file itself, and nothing beside it can take it back without being seen. In WAL mode, a bit that
/// flips in what a crash left takes back all that was written after it, silently.
const MODE: &str = "truncate";

/// In WAL mode, another host has the file open still.
#[derive(Debug, thiserror::Error)]
#[error("its journal mode stays `{0}` instead of `{MODE}`")]
struct OtherMode(String);

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
    opened().map_err(|error| SqliteError::failed(path, error))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_in_another_mode_is_not_opened() {
        // SQLite keeps nothing beside what is in memory, and says no more than that.
        let connection = Connection::open_in_memory().expect("it opens");
        let refused = without_wal(Path::new("x"), connection).expect_err("it has no file");
        assert_eq!(
            refused.to_string(),
            "`x`: its journal mode stays `memory` instead of `truncate`"
        );
    }
}
