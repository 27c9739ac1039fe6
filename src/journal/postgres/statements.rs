//! What is asked of the database: one statement each, so that each is done whole or not at all, and
//! takes one round trip.

use ::postgres::types::{ToSql, Type};
use ::postgres::{Error, Row};

use super::client::Asks;
use crate::journal::{Digest, Head, PAGE_BYTES, Reached, Sealed, SealedSnapshot};

/// The statements that make the tables.
pub(super) const TABLES: &str = include_str!("tables.sql");

/// The version of the tables.
pub(super) const VERSION: i32 = 1;

/// The channel that hints are sent on: a revision, a space, an account.
pub(super) const CHANNEL: &str = "bailiwick";

/// Inserts a record where its predecessor is there with its digest, and nothing has followed it.
///
/// Two that append at once do not both find the revision free: the primary key makes the later one wait
/// until the earlier one's transaction ends, and then insert nothing. No revision is visible before the
/// one that it follows, which this statement has seen committed.
const APPEND: &str = "
    INSERT INTO bailiwick.revision (account, revision, digest, record)
    SELECT $1, $4, $5, $6
    FROM bailiwick.revision WHERE account = $1 AND revision = $2 AND digest = $3
    ON CONFLICT DO NOTHING
    RETURNING revision";

/// For the transaction that it is asked in, and no longer.
const COMMITS_DURABLY: &str = "
    SELECT set_config('synchronous_commit', 'on', true)
    WHERE current_setting('synchronous_commit') = 'off'";

const BEGIN: &str = "
    WITH begun AS (
        INSERT INTO bailiwick.revision (account, revision, digest) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        RETURNING revision
    )
    INSERT INTO bailiwick.snapshot (account, revision, digest, checksum, snapshot)
    SELECT $1, $2, $3, $4, $5 FROM begun
    RETURNING revision";

const HEAD: &str = "
    SELECT revision, digest FROM bailiwick.revision
    WHERE account = $1 ORDER BY revision DESC LIMIT 1";

const DIGEST: &str = "
    SELECT digest FROM bailiwick.revision WHERE account = $1 AND revision = $2";

/// As many as fit in a page, by the bytes that go before each; the first fits always.
const READ: &str = "
    SELECT revision, digest, record FROM (
        SELECT revision, digest, record,
            sum(length(record)) OVER (ORDER BY revision) - length(record) AS before
        FROM (
            SELECT revision, digest, record FROM bailiwick.revision
            WHERE account = $1 AND revision > $2 AND record IS NOT NULL ORDER BY revision LIMIT $3
        ) AS next
    ) AS page
    WHERE before < $4 ORDER BY revision";

/// What the journal began with stays the snapshot of that revision.
const SAVE_SNAPSHOT: &str = "
    WITH at AS (
        SELECT revision, record IS NULL AS beginning FROM bailiwick.revision
        WHERE account = $1 AND revision = $2 AND digest = $3
    ), saved AS (
        INSERT INTO bailiwick.snapshot (account, revision, digest, checksum, snapshot)
        SELECT $1, revision, $3, $4, $5 FROM at
        WHERE NOT beginning AND $4 IS DISTINCT FROM (
            SELECT checksum FROM bailiwick.snapshot
            WHERE account = $1 AND revision = $2 ORDER BY number DESC LIMIT 1
        )
    )
    SELECT revision FROM at";

const SNAPSHOT: &str = "
    SELECT revision, digest, checksum, snapshot FROM bailiwick.snapshot
    WHERE account = $1 AND revision <= $2 ORDER BY revision DESC, number DESC LIMIT 1";

const SAVE_CATALOG: &str = "
    INSERT INTO bailiwick.catalog (digest, document) VALUES ($1, $2) ON CONFLICT DO NOTHING";

const CATALOG: &str = "SELECT document FROM bailiwick.catalog WHERE digest = $1";

const CATALOGS: &str = "SELECT digest FROM bailiwick.catalog";

const ACCOUNTS: &str = "
    SELECT account FROM bailiwick.revision WHERE record IS NULL ORDER BY account";

/// The time, and the last revision of each account.
const ENDINGS: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text, begun.account, ending.revision
    FROM (SELECT 1) AS always
    LEFT JOIN bailiwick.revision AS begun ON begun.record IS NULL
    LEFT JOIN LATERAL (
        SELECT revision FROM bailiwick.revision
        WHERE account = begun.account ORDER BY revision DESC LIMIT 1
    ) AS ending ON true";

/// The same of the accounts that were written to by a transaction which had not ended at an earlier time.
/// Times are told by the oldest transaction that goes on: whatever a statement does not see is its, or a
/// later one's. Rows of a later time than now were brought from another server, by a dump: they were there
/// when all were told of.
const WRITTEN_SINCE: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text, written.account, max(written.revision)
    FROM (SELECT 1) AS always
    LEFT JOIN bailiwick.revision AS written ON written.made_in >= $1::text::xid8
        AND written.made_in < pg_snapshot_xmax(pg_current_snapshot())
    GROUP BY written.account";

const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// Whether it was appended.
pub(super) fn append(
    client: &mut impl Asks,
    account: &str,
    expected: &Head,
    record: &Sealed,
) -> Result<bool, Error> {
    let (after, revision) = (stored(expected.revision), stored(record.revision));
    let parameters: [Parameter<'_>; 6] = [
        (&account, Type::TEXT),
        (&after, Type::INT8),
        (&bytes(&expected.digest), Type::BYTEA),
        (&revision, Type::INT8),
        (&bytes(&record.digest), Type::BYTEA),
        (&record.bytes, Type::BYTEA),
    ];
    Ok(!client.query_typed(APPEND, &parameters)?.is_empty())
}

/// Makes the transaction that it is asked in durable before others see it.
pub(super) fn commits_durably(client: &mut impl Asks) -> Result<(), Error> {
    client.query_typed(COMMITS_DURABLY, &[])?;
    Ok(())
}

/// Whether it was begun.
pub(super) fn begin(
    client: &mut impl Asks,
    account: &str,
    snapshot: &SealedSnapshot,
) -> Result<bool, Error> {
    of_snapshot(client, BEGIN, account, snapshot)
}

/// Whether the account's journal has the snapshot's head.
pub(super) fn save_snapshot(
    client: &mut impl Asks,
    account: &str,
    snapshot: &SealedSnapshot,
) -> Result<bool, Error> {
    of_snapshot(client, SAVE_SNAPSHOT, account, snapshot)
}

fn of_snapshot(
    client: &mut impl Asks,
    statement: &str,
    account: &str,
    snapshot: &SealedSnapshot,
) -> Result<bool, Error> {
    let revision = stored(snapshot.head.revision);
    let parameters: [Parameter<'_>; 5] = [
        (&account, Type::TEXT),
        (&revision, Type::INT8),
        (&bytes(&snapshot.head.digest), Type::BYTEA),
        (&bytes(&snapshot.checksum), Type::BYTEA),
        (&snapshot.bytes, Type::BYTEA),
    ];
    Ok(!client.query_typed(statement, &parameters)?.is_empty())
}

pub(super) fn head(client: &mut impl Asks, account: &str) -> Result<Option<Head>, Error> {
    let rows = client.query_typed(HEAD, &[(&account, Type::TEXT)])?;
    rows.first().map(head_of).transpose()
}

/// The digest of a revision.
pub(super) fn digest(
    client: &mut impl Asks,
    account: &str,
    revision: u64,
) -> Result<Option<Digest>, Error> {
    let parameters: [Parameter<'_>; 2] = [(&account, Type::TEXT), (&stored(revision), Type::INT8)];
    let rows = client.query_typed(DIGEST, &parameters)?;
    rows.first().map(|row| digest_of(row, 0)).transpose()
}

pub(super) fn read(
    client: &mut impl Asks,
    account: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Sealed>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let parameters: [Parameter<'_>; 4] = [
        (&account, Type::TEXT),
        (&stored(after), Type::INT8),
        (&limit, Type::INT8),
        (&(PAGE_BYTES as i64), Type::INT8),
    ];
    let rows = client.query_typed(READ, &parameters)?;
    let record = |row: &Row| {
        let Head { revision, digest } = head_of(row)?;
        Ok(Sealed {
            revision,
            digest,
            bytes: row.try_get(2)?,
        })
    };
    rows.iter().map(record).collect()
}

pub(super) fn snapshot(
    client: &mut impl Asks,
    account: &str,
    at_most: u64,
) -> Result<Option<SealedSnapshot>, Error> {
    let parameters: [Parameter<'_>; 2] = [(&account, Type::TEXT), (&stored(at_most), Type::INT8)];
    let rows = client.query_typed(SNAPSHOT, &parameters)?;
    let snapshot = |row: &Row| {
        Ok(SealedSnapshot {
            head: head_of(row)?,
            checksum: digest_of(row, 2)?,
            bytes: row.try_get(3)?,
        })
    };
    rows.first().map(snapshot).transpose()
}

pub(super) fn save_catalog(
    client: &mut impl Asks,
    digest: &Digest,
    document: &[u8],
) -> Result<(), Error> {
    let parameters: [Parameter<'_>; 2] = [(&bytes(digest), Type::BYTEA), (&document, Type::BYTEA)];
    client.query_typed(SAVE_CATALOG, &parameters)?;
    Ok(())
}

pub(super) fn catalog(client: &mut impl Asks, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
    let rows = client.query_typed(CATALOG, &[(&bytes(digest), Type::BYTEA)])?;
    rows.first().map(|row| row.try_get(0)).transpose()
}

pub(super) fn catalogs(client: &mut impl Asks) -> Result<Vec<Digest>, Error> {
    let rows = client.query_typed(CATALOGS, &[])?;
    rows.iter().map(|row| digest_of(row, 0)).collect()
}

pub(super) fn accounts(client: &mut impl Asks) -> Result<Vec<String>, Error> {
    let rows = client.query_typed(ACCOUNTS, &[])?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// What was written by transactions that had not ended by a time, or by all: the last revision of each
/// account; and such a time, for the next question.
pub(super) fn written(
    client: &mut impl Asks,
    since: Option<&str>,
) -> Result<(String, Vec<Reached>), Error> {
    let rows = match since {
        Some(since) => client.query_typed(WRITTEN_SINCE, &[(&since, Type::TEXT)])?,
        None => client.query_typed(ENDINGS, &[])?,
    };
    let (mut now, mut reached) = (String::new(), Vec::with_capacity(rows.len()));
    for row in &rows {
        now = row.try_get(0)?;
        let (account, revision): (Option<String>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
        if let (Some(account), Some(revision)) = (account, revision) {
            reached.push(Reached {
                account: named(account),
                revision: revision.cast_unsigned(),
            });
        }
    }
    Ok((now, reached))
}

/// Tells whoever listens that there may be something new.
pub(super) fn notify(client: &mut impl Asks, account: &str, revision: u64) -> Result<(), Error> {
    let hint = format!("{revision} {account}");
    client.query_typed(NOTIFY, &[(&CHANNEL, Type::TEXT), (&hint, Type::TEXT)])?;
    Ok(())
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The account of that name in the tables.
pub(super) fn named(account: String) -> Option<String> {
    (!account.is_empty()).then_some(account)
}

/// Revisions are at most what the database can hold: no engine has a greater one.
fn stored(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

fn bytes(digest: &Digest) -> &[u8] {
    &digest.0
}

fn head_of(row: &Row) -> Result<Head, Error> {
    let revision: i64 = row.try_get(0)?;
    Ok(Head {
        revision: revision.cast_unsigned(),
        digest: digest_of(row, 1)?,
    })
}

/// The table holds digests of the right length; another text than that is no digest of anything.
fn digest_of(row: &Row, column: usize) -> Result<Digest, Error> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(bytes.try_into().map_or(Digest::ZERO, Digest))
}
