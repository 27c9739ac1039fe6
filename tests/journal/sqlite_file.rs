//! The file: made once, opened ever after; whatever happens to it, no other state comes out of it than
//! one that was.

use std::fs;
use std::path::{Path, PathBuf};

use bailiwick::journal::{
    Head, Journal, JournalError, Restored, Snapshot, SqliteError, SqliteJournals, begin, restore,
};
use bailiwick::{Engine, Timestamp};

use crate::shop;
use crate::stores::Folder;
use crate::support::run::{Tallied, each_of};

#[test]
fn missing_and_empty_files_are_no_journals() {
    let folder = Folder::new();
    let path = folder.file();
    let missing = SqliteJournals::open(&path);
    assert!(
        matches!(missing, Err(SqliteError::Missing(_))),
        "{missing:?}"
    );
    assert!(!path.exists(), "opening makes nothing");
    fs::write(&path, b"").expect("it is written");
    let empty = SqliteJournals::open(&path);
    assert!(matches!(empty, Err(SqliteError::Empty(_))), "{empty:?}");
    drop(SqliteJournals::create(&path).expect("it is made"));
    drop(SqliteJournals::open(&path).expect("it opens"));
    let again = SqliteJournals::create(&path);
    assert!(matches!(again, Err(SqliteError::Exists(_))), "{again:?}");
    drop(SqliteJournals::open(&path).expect("it is as it was"));
}

#[test]
fn other_files_are_left_alone() {
    let folder = Folder::new();
    let path = folder.file();
    fs::write(&path, "notes ".repeat(1_000)).expect("it is written");
    let before = fs::read(&path).expect("it reads");
    assert!(SqliteJournals::open(&path).is_err());
    assert!(SqliteJournals::create(&path).is_err());
    assert_eq!(fs::read(&path).expect("it reads"), before);
    fs::remove_file(&path).expect("it goes");
    let other = rusqlite::Connection::open(&path).expect("it opens");
    other
        .execute_batch("CREATE TABLE notes (note TEXT)")
        .expect("it is made");
    drop(other);
    let before = fs::read(&path).expect("it reads");
    let opened = SqliteJournals::open(&path);
    assert!(matches!(opened, Err(SqliteError::Foreign(_))), "{opened:?}");
    let made = SqliteJournals::create(&path);
    assert!(matches!(made, Err(SqliteError::Exists(_))), "{made:?}");
    assert_eq!(fs::read(&path).expect("it reads"), before);
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    let path = folder.file();
    drop(SqliteJournals::create(&path).expect("it is made"));
    let newer = rusqlite::Connection::open(&path).expect("it opens");
    newer
        .pragma_update(None, "user_version", 2)
        .expect("it is set");
    drop(newer);
    let opened = SqliteJournals::open(&path);
    assert!(
        matches!(opened, Err(SqliteError::UnknownVersion { version: 2, .. })),
        "{opened:?}"
    );
}

#[test]
fn it_is_durable_before_it_is_visible() {
    let folder = Folder::new();
    drop(SqliteJournals::create(folder.file()).expect("it is made"));
    let looked = rusqlite::Connection::open(folder.file()).expect("it opens");
    let mode: String = looked
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .expect("it says");
    assert_eq!(
        mode, "delete",
        "no WAL: how it is journalled is each connection's own"
    );
}

/// A file of a few records, closed, and every state that it was in.
fn kept(path: &Path) -> Vec<(Head, Engine)> {
    let journals = SqliteJournals::create(path).expect("it is made");
    let states = fill(&journals);
    drop(journals);
    states
}

fn fill(journals: &SqliteJournals) -> Vec<(Head, Engine)> {
    let journal = journals.account("acme");
    let mut engine = shop::engine(&shop::catalog());
    let mut head = begin(&journal, &engine, Timestamp(0)).expect("it begins");
    let mut states = vec![(head, engine.clone())];
    for number in 0..6 {
        (head, engine) = shop::append(&journal, head, engine, 1);
        states.push((head, engine.clone()));
        if number == 3 {
            let snapshot = Snapshot::of(&engine, Timestamp(180))
                .seal(head)
                .expect("it is sealed");
            journal.save_snapshot(&snapshot).expect("it is kept");
        }
    }
    states
}

fn read(path: &Path) -> Result<Restored, JournalError> {
    let journals = SqliteJournals::open(path)?;
    restore(&journals.account("acme"), &shop::catalog(), None, None)
}

/// Which state it is, of those that were; any other fails.
fn which(states: &[(Head, Engine)], restored: &Restored) -> usize {
    let found = states.iter().position(|(head, _)| *head == restored.head());
    let found = found.expect("a head that never was");
    let (_, engine) = &states[found];
    assert_eq!(restored.engine().policy(), engine.policy());
    assert_eq!(restored.engine().directory(), engine.directory());
    found
}

/// What files are written in a folder of its own, with whatever SQLite adds.
struct Copy {
    _folder: Folder,
    path: PathBuf,
}

impl Copy {
    fn of(file: &[u8], journal: Option<&[u8]>) -> Copy {
        let folder = Folder::new();
        let path = folder.file();
        fs::write(&path, file).expect("it is written");
        if let Some(journal) = journal {
            fs::write(beside(&path), journal).expect("it is written");
        }
        Copy {
            _folder: folder,
            path,
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    journal.into()
}

/// Every byte of the closed file, where `BAILIWICK_EVERY_BYTE` is set; else every seventh.
#[test]
fn every_byte_of_the_file() {
    let folder = Folder::new();
    let states = kept(&folder.file());
    let left = fs::metadata(beside(&folder.file())).map_or(0, |it| it.len());
    assert_eq!(left, 0, "closed, it is one file");
    let file = fs::read(folder.file()).expect("it reads");
    let step = if std::env::var_os("BAILIWICK_EVERY_BYTE").is_some() {
        1
    } else {
        7
    };
    let places: Vec<usize> = (0..file.len()).step_by(step).collect();
    let tallied = Tallied::default();
    each_of(&places, |&place| {
        let mut damaged = file.clone();
        damaged[place] ^= 0x41;
        let copy = Copy::of(&damaged, None);
        match read(&copy.path) {
            // It lies where nothing is stored, or where only indices do.
            Ok(restored) => {
                assert_eq!(which(&states, &restored), states.len() - 1, "at {place}");
                tallied.count("as it was");
            }
            Err(_) => tallied.count("refused"),
        }
    });
    tallied.report(&["as it was", "refused"]);
}

#[test]
fn the_file_cut_off() {
    let folder = Folder::new();
    let states = kept(&folder.file());
    let file = fs::read(folder.file()).expect("it reads");
    let lengths: Vec<usize> = (0..file.len())
        .step_by(256)
        .chain([1, file.len() - 1])
        .collect();
    each_of(&lengths, |&length| {
        let copy = Copy::of(&file[..length], None);
        // What was cut off may be a free rest of a page.
        if let Ok(restored) = read(&copy.path) {
            assert_eq!(
                which(&states, &restored),
                states.len() - 1,
                "cut at {length}"
            );
            assert!(length > file.len() - 4096, "cut at {length}");
        }
    });
}

/// What a crash leaves beside the file is the way back from a transaction that nobody was told of. Cut off or
/// damaged anywhere, what was acknowledged is there, or nothing opens; never an earlier state, nor another.
///
/// Every byte, where `BAILIWICK_EVERY_BYTE` is set; else every 23rd.
#[test]
fn what_lies_beside_the_file() {
    let folder = Folder::new();
    let states = kept(&folder.file());
    // More than the connection keeps in memory: it is in the file by half.
    let crashed = rusqlite::Connection::open(folder.file()).expect("it opens");
    let writes = "PRAGMA journal_mode = truncate; PRAGMA cache_size = 1; BEGIN IMMEDIATE;
        INSERT INTO records SELECT account, revision + 100, digest, zeroblob(9000) FROM records;
        UPDATE accounts SET revision = revision + 100;
        INSERT INTO catalogs VALUES (x'00', zeroblob(20000)), (x'01', zeroblob(20000))";
    crashed.execute_batch(writes).expect("it is written");
    let file = fs::read(folder.file()).expect("it reads");
    let journal = fs::read(beside(&folder.file())).expect("it reads");
    drop(crashed);
    let whole = Copy::of(&file, Some(&journal));
    let restored = read(&whole.path).expect("it restores");
    assert_eq!(which(&states, &restored), states.len() - 1);
    let without = Copy::of(&file, None);
    assert!(read(&without.path).is_err(), "it was written to by half");
    let step = match std::env::var_os("BAILIWICK_EVERY_BYTE") {
        Some(_) => 1,
        None => 23,
    };
    let tallied = Tallied::default();
    let places: Vec<usize> = (0..journal.len()).step_by(step).collect();
    each_of(&places, |&place| {
        let mut damaged = journal.clone();
        damaged[place] ^= 0x41;
        for journal in [&journal[..place], &damaged] {
            let copy = Copy::of(&file, Some(journal));
            match read(&copy.path) {
                Ok(restored) => {
                    assert_eq!(which(&states, &restored), states.len() - 1, "at {place}");
                    tallied.count("as it was");
                }
                Err(_) => tallied.count("refused"),
            }
        }
    });
    tallied.report(&["as it was", "refused"]);
}

/// Earlier versions left the file in WAL mode, with the last changes beside it.
#[test]
fn a_file_in_wal_mode_is_taken_over() {
    let folder = Folder::new();
    let states = kept(&folder.file());
    let older = rusqlite::Connection::open(folder.file()).expect("it opens");
    let mode: String = older
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .expect("it says");
    assert_eq!(mode, "wal");
    drop(older);
    for _ in 0..2 {
        let restored = read(&folder.file()).expect("it restores");
        assert_eq!(which(&states, &restored), states.len() - 1);
    }
    let looked = rusqlite::Connection::open(folder.file()).expect("it opens");
    let mode: String = looked
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .expect("it says");
    assert_eq!(mode, "delete");
}

#[test]
fn records_that_were_deleted_are_missed() {
    let delete = |statement: &str| {
        let folder = Folder::new();
        let _ = kept(&folder.file());
        let connection = rusqlite::Connection::open(folder.file()).expect("it opens");
        let many = connection.execute(statement, []).expect("it is deleted");
        assert!(many > 0);
        drop(connection);
        read(&folder.file()).expect_err("something is missing")
    };
    for (statement, missing) in [
        ("DELETE FROM records", 6),
        ("DELETE FROM records WHERE revision = 6", 6),
        ("DELETE FROM records WHERE revision = 7", 7),
    ] {
        let error = delete(statement);
        assert!(
            matches!(
                error,
                JournalError::Gap { expected, .. } | JournalError::CutOff { expected, .. }
                    if expected == missing
            ),
            "{statement}: {error}"
        );
    }
    let error = delete("DELETE FROM snapshots");
    assert!(matches!(error, JournalError::Gap { .. }), "{error}");
    let error = delete("UPDATE accounts SET revision = 5");
    assert!(
        matches!(error, JournalError::Forked { revision: 5 }),
        "{error}"
    );
    let error = delete("UPDATE accounts SET account = 'globex'");
    assert!(matches!(error, JournalError::Empty), "{error}");
    // The records that a snapshot spares are missed where the past is asked for.
    let folder = Folder::new();
    let _ = kept(&folder.file());
    let connection = rusqlite::Connection::open(folder.file()).expect("it opens");
    connection
        .execute("DELETE FROM records WHERE revision = 2", [])
        .expect("it is deleted");
    drop(connection);
    let journals = SqliteJournals::open(folder.file()).expect("it opens");
    let past = restore(&journals.account("acme"), &shop::catalog(), None, Some(3));
    assert!(
        matches!(past, Err(JournalError::Gap { expected: 2, .. })),
        "{past:?}"
    );
}
