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
    assert_eq!(mode, "wal");
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
    fn of(file: &[u8], wal: Option<&[u8]>) -> Copy {
        let folder = Folder::new();
        let path = folder.file();
        fs::write(&path, file).expect("it is written");
        if let Some(wal) = wal {
            fs::write(beside(&path), wal).expect("it is written");
        }
        Copy {
            _folder: folder,
            path,
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

/// Every byte of the closed file, where `BAILIWICK_EVERY_BYTE` is set; else every seventh.
#[test]
fn every_byte_of_the_file() {
    let folder = Folder::new();
    let states = kept(&folder.file());
    assert!(!beside(&folder.file()).exists(), "closed, it is one file");
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

/// What was written last lies beside the file. Cut off or damaged there, an earlier state is left, or
/// nothing that opens; never another.
#[test]
fn what_lies_beside_the_file() {
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let states = fill(&journals);
    let file = fs::read(folder.file()).expect("it reads");
    let wal = fs::read(beside(&folder.file())).expect("it reads");
    drop(journals);
    let whole = Copy::of(&file, Some(&wal));
    let restored = read(&whole.path).expect("it restores");
    assert_eq!(which(&states, &restored), states.len() - 1);
    let tallied = Tallied::default();
    let places: Vec<usize> = (0..wal.len()).step_by(97).collect();
    each_of(&places, |&place| {
        let mut damaged = wal.clone();
        damaged[place] ^= 0x41;
        for wal in [&wal[..place], &damaged] {
            let copy = Copy::of(&file, Some(wal));
            match read(&copy.path) {
                Ok(restored) if which(&states, &restored) + 1 == states.len() => {
                    tallied.count("as it was");
                }
                Ok(_) => tallied.count("earlier"),
                Err(_) => tallied.count("refused"),
            }
        }
    });
    tallied.report(&["earlier", "refused"]);
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
