//! `kill -9` at any point: nothing that was acknowledged is lost, nothing is there by half, and what is
//! restored is the engine that was live.
//!
//! `BAILIWICK_KILLS` says how often, 100 times unless told.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bailiwick::Timestamp;
use bailiwick::journal::{
    AppendError, Digest, Head, Journal, JournalError, Snapshot, SqliteError, SqliteJournals, begin,
    restore,
};

use crate::shop;
use crate::stores::Folder;
use crate::support::rng::Rng;
use crate::support::run::{number, seed};

const FILE: &str = "BAILIWICK_KILLED_FILE";

/// Makes the file where it is not finished, as a host does that was killed at its first start.
fn open(path: &Path) -> SqliteJournals {
    match SqliteJournals::open(path) {
        Err(SqliteError::Missing(_) | SqliteError::Empty(_)) => {
            SqliteJournals::create(path).expect("it is made")
        }
        opened => opened.expect("it opens"),
    }
}

/// Not a test: what is killed. Appends one record after the other, and says so when each is durable.
#[test]
fn child() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let journal = open(Path::new(&path)).only_account();
    let catalog = shop::catalog();
    let (mut head, mut engine) = match restore(&journal, &catalog, None, None) {
        Ok(restored) => (restored.head(), restored.engine().clone()),
        Err(JournalError::Empty) => {
            let engine = shop::engine(&catalog);
            let head = begin(&journal, &engine, Timestamp(0)).expect("it begins");
            (head, engine)
        }
        Err(error) => panic!("{error}"),
    };
    let mut out = std::io::stdout();
    loop {
        // One line at a time, whole.
        let line = format!("\ndurable {} {}\n", head.revision, head.digest);
        out.write_all(line.as_bytes()).expect("it is said");
        out.flush().expect("it is said");
        (head, engine) = shop::append(&journal, head, engine, 1);
        if head.revision % 5 == 0 {
            let snapshot = Snapshot::of(&engine, Timestamp(head.revision as i64 * 60 - 60));
            let snapshot = snapshot.seal(head).expect("it is sealed");
            journal.save_snapshot(&snapshot).expect("it is kept");
        }
    }
}

/// Runs the child, and kills it; the last that it said was durable.
fn killed(path: &Path, after: Duration) -> Option<Head> {
    let program = std::env::current_exe().expect("there is a program");
    let mut child = Command::new(program)
        .args(["--exact", "kills::child", "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let out = child.stdout.take().expect("it is piped");
    let reading = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        let mut last = None;
        for line in lines {
            let mut words = line.split(' ');
            if let (Some("durable"), Some(revision), Some(digest), None) =
                (words.next(), words.next(), words.next(), words.next())
            {
                let (Ok(revision), Ok(digest)) = (revision.parse(), digest.parse::<Digest>())
                else {
                    continue;
                };
                last = Some(Head { revision, digest });
            }
        }
        last
    });
    std::thread::sleep(after);
    let ended = child.try_wait().expect("it is asked");
    assert!(ended.is_none(), "it ended by itself: {ended:?}");
    child.kill().expect("it is killed");
    child.wait().expect("it is gone");
    reading.join().expect("it was read")
}

#[test]
fn nothing_acknowledged_is_lost() {
    let times = number("BAILIWICK_KILLS").unwrap_or(100);
    let mut rng = Rng::nth(seed(), 9);
    let catalog = shop::catalog();
    let (mut acknowledged, mut unacknowledged, mut files, mut before_anything) = (0, 0, 0, 0);
    let mut left = times;
    while left > 0 {
        // A new file now and then, so that some are killed while they are made.
        files += 1;
        let folder = Folder::new();
        let engine = shop::engine(&catalog);
        let beginning = Snapshot::of(&engine, Timestamp(0))
            .begin()
            .expect("it is sealed");
        // The records are the same in every run: what each state must be is known without the journal.
        let place = |head: Head| (head.revision - beginning.head.revision) as usize;
        let mut states = vec![(beginning.head, engine)];
        for _ in 0..rng.range(1, 25).min(left as usize) {
            left -= 1;
            let after = Duration::from_micros(rng.range(0, 60_000) as u64);
            let said = killed(&folder.file(), after);
            let journals = match SqliteJournals::open(folder.file()) {
                Ok(journals) => journals,
                Err(SqliteError::Missing(_) | SqliteError::Empty(_)) if said.is_none() => {
                    before_anything += 1;
                    continue;
                }
                Err(error) => panic!("after {said:?}: {error}"),
            };
            let journal = journals.only_account();
            let restored = match restore(&journal, &catalog, None, None) {
                Ok(restored) => restored,
                Err(JournalError::Empty) if said.is_none() => {
                    before_anything += 1;
                    continue;
                }
                Err(error) => panic!("after {said:?}: {error}"),
            };
            let ends = restored.head();
            while states
                .last()
                .is_some_and(|(head, _)| head.revision < ends.revision)
            {
                let (head, engine) = states.last().expect("it begins somewhere");
                let (record, after) = shop::record(engine, shop::turn(engine));
                let sealed = record.seal(head).expect("it is sealed");
                states.push((sealed.head(), after));
            }
            let (head, engine) = &states[place(ends)];
            assert_eq!(ends, *head);
            assert_eq!(restored.engine().policy(), engine.policy());
            assert_eq!(restored.engine().directory(), engine.directory());
            if let Some(said) = said {
                assert!(
                    ends.revision >= said.revision,
                    "{said:?} was lost: {ends:?}"
                );
                assert_eq!(said, states[place(said)].0);
                // One may have been written, and not said.
                assert!(ends.revision <= said.revision + 1);
                acknowledged = acknowledged.max(said.revision);
                unacknowledged += ends.revision - said.revision;
            }
            // What was there by half would be in the way now.
            let (record, after) = shop::record(engine, shop::turn(engine));
            let sealed = record.seal(head).expect("it is sealed");
            let appended = journal.append(ends, &sealed);
            assert!(appended.is_ok(), "{appended:?}");
            states.truncate(place(ends) + 1);
            states.push((sealed.head(), after));
            let stale = journal.append(ends, &sealed);
            assert!(
                matches!(stale, Err(AppendError::Conflict { .. })),
                "{stale:?}"
            );
        }
    }
    println!(
        "{times} kills in {files} files: {before_anything} before anything was durable, \
         {unacknowledged} with a record that was not acknowledged yet; {acknowledged} records in the \
         longest file"
    );
    if times >= 100 {
        assert!(acknowledged > 10, "hardly anything was written");
    }
}
