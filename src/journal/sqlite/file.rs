//! A file of journals: made where there is none, opened where there is, and nothing else taken for one.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::SqliteError;

/// `PRAGMA application_id` of such a file: "bail", as `file` shows it.
const APPLICATION: i64 = 0x6261_696c;

/// `PRAGMA user_version` of the tables.
pub(super) const VERSION: i64 = 1;

/// The head stands beside the records, and moves with them: of records that are lost it tells.
const TABLES: &str = include_str!("tables.sql");

/// How long a writer waits for those of other processes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the file, unless there is something in it.
pub(super) fn create(path: &Path) -> Result<Connection, SqliteError> {
    let failed = |error: io::Error| SqliteError::failed(path, error);
    let file = OpenOptions::new().append(true).create(true).open(path);
    drop(file.map_err(failed)?);
    sync_folder(path).map_err(failed)?;
    let mut connection = connect(path)?;
    let made = make_tables(&mut connection).map_err(|error| SqliteError::failed(path, error))?;
    match made {
        true => verified(path, connection),
        // Nothing was changed in it.
        false => Err(SqliteError::Exists(path.to_owned())),
    }
}

/// Opens the file, and never makes one.
pub(super) fn open(path: &Path) -> Result<Connection, SqliteError> {
    match std::fs::metadata(path) {
        Ok(found) if found.len() == 0 => return Err(SqliteError::Empty(path.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SqliteError::Missing(path.to_owned()));
        }
        Err(error) => return Err(SqliteError::failed(path, error)),
    }
    verified(path, connect(path)?)
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
    in_wal_mode(path, connection)
}

/// The file may have been left before it was. SQLite says what the mode has become, and no error where it
/// is another.
fn in_wal_mode(path: &Path, connection: Connection) -> Result<Connection, SqliteError> {
    let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
    let mode: String = mode.map_err(|error| SqliteError::failed(path, error))?;
    match mode.eq_ignore_ascii_case("wal") {
        true => Ok(connection),
        false => Err(SqliteError::failed(path, NotWal(mode))),
    }
}

/// What stays in another mode, others may read before it is synced.
#[derive(Debug, thiserror::Error)]
#[error("its journal mode stays `{0}` instead of `wal`")]
struct NotWal(String);

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
    fn what_has_no_wal_is_not_opened() {
        // SQLite keeps none in memory, and says no more than that.
        let connection = Connection::open_in_memory().expect("it opens");
        let refused = in_wal_mode(Path::new("x"), connection).expect_err("it has no WAL");
        assert_eq!(
            refused.to_string(),
            "`x`: its journal mode stays `memory` instead of `wal`"
        );
    }
}
