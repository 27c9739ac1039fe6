//! What is asked of the file, and written to it: what writes, within a transaction of the caller's.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::connection::Failure;
use crate::journal::PAGE_BYTES;
use crate::journal::{AppendError, Damage, Digest, Head, JournalError, Sealed, SealedSnapshot};

/// An account as the file has it.
struct Account {
    number: i64,
    began: i64,
    head: Head,
}

pub(super) fn accounts(connection: &Connection) -> Result<Vec<String>, Failure> {
    let mut select = connection.prepare("SELECT account FROM accounts ORDER BY account")?;
    let accounts = select.query_map([], |row| row.get(0))?;
    accounts.collect::<Result<_, _>>().map_err(Failure::from)
}

/// How often others have committed, as this connection counts.
pub(super) fn version(connection: &Connection) -> Result<i64, Failure> {
    let version = connection.query_row("PRAGMA data_version", [], |row| row.get(0));
    version.map_err(Failure::from)
}

/// Where the journals end, with their accounts and those accounts' numbers.
pub(super) fn endings(connection: &Connection) -> Result<Vec<(i64, String, u64)>, Failure> {
    let mut select = connection.prepare("SELECT number, account, revision FROM accounts")?;
    let endings = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, revision(row, 2)?)))?;
    endings.collect::<Result<_, _>>().map_err(Failure::from)
}

pub(super) fn head(connection: &Connection, account: &str) -> Result<Option<Head>, Failure> {
    Ok(find(connection, account)?.map(|it| it.head))
}

pub(super) fn begin(
    connection: &Connection,
    account: &str,
    snapshot: &SealedSnapshot,
) -> Result<(), Failure> {
    if let Some(account) = find(connection, account)? {
        let head = Some(account.head);
        return Err(Failure::Append(AppendError::Conflict { head }));
    }
    let revision = number_of(snapshot.head.revision)?;
    let mut insert = connection.prepare(
        "INSERT INTO accounts (account, began, revision, digest) VALUES (?1, ?2, ?2, ?3)",
    )?;
    let account = insert.insert(params![account, revision, snapshot.head.digest.0])?;
    insert_snapshot(connection, account, snapshot)
}

pub(super) fn append(
    connection: &Connection,
    account: &str,
    expected: Head,
    record: &Sealed,
) -> Result<(), Failure> {
    let found = find(connection, account)?;
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
    let mut update =
        connection.prepare("UPDATE accounts SET revision = ?2, digest = ?3 WHERE number = ?1")?;
    update.execute(params![account, revision, record.digest.0])?;
    Ok(())
}

pub(super) fn read(
    connection: &Connection,
    account: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Sealed>, Failure> {
    let mut select = connection.prepare(
        "SELECT r.revision, r.digest, r.record
         FROM accounts AS a JOIN records AS r ON r.account = a.number
         WHERE a.account = ?1 AND r.revision > ?2 ORDER BY r.revision LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query(params![account, at_most(after), limit])?;
    let (mut records, mut size) = (Vec::new(), 0);
    while size < PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let (revision, digest, bytes): (_, _, Vec<u8>) =
            (revision(row, 0)?, row.get(1)?, row.get(2)?);
        size += bytes.len();
        records.push(Sealed {
            revision,
            digest: digest_of(revision, digest)?,
            bytes,
        });
    }
    Ok(records)
}

/// What the journal began with stays the snapshot of that revision.
pub(super) fn save_snapshot(
    connection: &Connection,
    account: &str,
    snapshot: &SealedSnapshot,
) -> Result<(), Failure> {
    let account = find(connection, account)?.ok_or(JournalError::Empty)?;
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
        false => insert_snapshot(connection, account.number, snapshot),
    }
}

pub(super) fn snapshot(
    connection: &Connection,
    account: &str,
    at: u64,
) -> Result<Option<SealedSnapshot>, Failure> {
    let mut select = connection.prepare(
        "SELECT s.revision, s.digest, s.checksum, s.snapshot
         FROM accounts AS a JOIN snapshots AS s ON s.account = a.number
         WHERE a.account = ?1 AND s.revision <= ?2 ORDER BY s.revision DESC LIMIT 1",
    )?;
    let found = select.query_row(params![account, at_most(at)], |row| {
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
}

pub(super) fn save_catalog(
    connection: &Connection,
    digest: &Digest,
    document: &[u8],
) -> Result<(), Failure> {
    let mut insert = connection.prepare("INSERT OR IGNORE INTO catalogs VALUES (?1, ?2)")?;
    insert.execute(params![digest.0, document])?;
    Ok(())
}

pub(super) fn catalog(
    connection: &Connection,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, Failure> {
    let mut select = connection.prepare("SELECT document FROM catalogs WHERE digest = ?1")?;
    let found = select.query_row([digest.0], |row| row.get(0)).optional();
    found.map_err(Failure::from)
}

pub(super) fn catalogs(connection: &Connection) -> Result<Vec<Digest>, Failure> {
    let mut select = connection.prepare("SELECT digest FROM catalogs")?;
    let digests = select.query_map([], |row| row.get(0).map(Digest))?;
    digests.collect::<Result<_, _>>().map_err(Failure::from)
}

fn find(connection: &Connection, account: &str) -> Result<Option<Account>, Failure> {
    let mut select = connection
        .prepare("SELECT number, began, revision, digest FROM accounts WHERE account = ?1")?;
    let found = select.query_row([account], |row| {
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
