//! A file that others have, that goes away, that has no room: calls end in time, nothing acknowledged is
//! lost, and what was not written is told as such.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change};
use bailiwick::journal::{
    AppendError, Feed, Head, Journal, JournalError, Reached, Sealed, SqliteError, SqliteJournals,
    begin, restore,
};
use bailiwick::live::{ApplyError, FollowOptions, Live, follow_many};

use crate::shop;
use crate::stores::Folder;

fn beside(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    beside.into()
}

/// The record that comes next, and where it leads.
fn next(head: Head, engine: &bailiwick::Engine) -> (Sealed, bailiwick::Engine) {
    let (record, after) = shop::record(engine, shop::turn(engine));
    (record.seal(&head).expect("it is sealed"), after)
}

fn why(error: &JournalError) -> Option<&SqliteError> {
    match error {
        JournalError::Storage(source) => source.downcast_ref(),
        _ => None,
    }
}

/// With the write lock held elsewhere and four accounts applying, a fifth is read at once, and each of the
/// four fails when its own time is over.
#[test]
fn readers_do_not_queue_behind_writers_who_wait() {
    const PATIENCE: Duration = Duration::from_millis(1_500);
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let journals = journals.at_most(PATIENCE);
    let engine = shop::engine(&shop::catalog());
    let names = ["a", "b", "c", "d", "e"];
    let heads = names.map(|it| begin(&journals.account(it), &engine, Timestamp(0)).expect("begun"));
    let other = rusqlite::Connection::open(folder.file()).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("it is alone");
    thread::scope(|scope| {
        let writers: Vec<_> = names[..4]
            .iter()
            .zip(heads)
            .map(|(name, head)| {
                let (journal, record) = (journals.account(name), next(head, &engine).0);
                scope.spawn(move || {
                    let started = Instant::now();
                    (journal.append(head, &record), started.elapsed())
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(200));
        let started = Instant::now();
        for _ in 0..20 {
            let head = journals.account("e").head().expect("it is read");
            assert_eq!(head, Some(heads[4]));
        }
        let took = started.elapsed();
        assert!(
            took < Duration::from_millis(1_000),
            "20 readings took {took:?}"
        );
        for writer in writers {
            let (appended, took) = writer.join().expect("a writer");
            let Err(AppendError::NotWritten(error)) = appended else {
                panic!("{appended:?}");
            };
            assert!(
                matches!(why(&error), Some(SqliteError::Busy { .. })),
                "{error}"
            );
            let late = PATIENCE + Duration::from_millis(1_500);
            assert!(
                took >= PATIENCE / 2 && took < late,
                "a writer took {took:?}"
            );
        }
    });
    other.execute_batch("ROLLBACK").expect("it ends");
    let (record, _) = next(heads[0], &engine);
    let appended = journals.account("a").append(heads[0], &record);
    assert!(appended.is_ok(), "{appended:?}");
}

/// A change that waited in vain is no change in doubt.
#[test]
fn what_waited_in_vain_is_not_in_doubt() {
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let journal = journals.at_most(Duration::from_millis(200)).account("acme");
    let (head, live) = started(&journal);
    let other = rusqlite::Connection::open(folder.file()).expect("it opens");
    other.execute_batch("BEGIN EXCLUSIVE").expect("it is alone");
    let applied = apply(&live, &journal, 0);
    assert!(
        matches!(applied, Err(ApplyError::Journal(_))),
        "{applied:?}"
    );
    assert_eq!(live.head(), Some(head));
}

/// Of several who queue to apply, each fails when its own time is over, and not after the others'.
#[test]
fn all_who_queue_to_apply_end_when_one_call_would() {
    const PATIENCE: Duration = Duration::from_millis(700);
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let journal = journals.at_most(PATIENCE).account("acme");
    let (head, live) = started(&journal);
    apply(&live, &journal, 100).expect("applied");
    let other = rusqlite::Connection::open(folder.file()).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("it is alone");
    thread::scope(|scope| {
        for number in 0..5 {
            let (live, journal) = (&live, &journal);
            scope.spawn(move || {
                let started = Instant::now();
                let applied = apply(live, journal, number);
                let took = started.elapsed();
                assert!(
                    matches!(applied, Err(ApplyError::Journal(_))),
                    "{applied:?}"
                );
                let late = PATIENCE + Duration::from_millis(600);
                assert!(took >= PATIENCE / 2 && took < late, "it took {took:?}");
            });
        }
    });
    other.execute_batch("ROLLBACK").expect("it ends");
    apply(&live, &journal, 0).expect("it goes on");
    assert!(
        live.head()
            .is_some_and(|it| it.revision == head.revision + 2)
    );
}

fn started(journal: &dyn Journal) -> (Head, Live) {
    let catalog = shop::catalog();
    let head = begin(journal, &shop::engine(&catalog), Timestamp(0)).expect("it begins");
    let restored = restore(journal, &catalog, None, None).expect("it is restored");
    (head, Live::of(restored))
}

fn apply(
    live: &Live,
    journal: &dyn Journal,
    number: usize,
) -> Result<bailiwick::live::Committed, ApplyError> {
    let name = format!("made {number}");
    let user = bailiwick::document::UserDocument::new(name);
    let changes = vec![Change::CreateUser { user }];
    live.apply(journal, &Actor::System, Timestamp(9), changes, None)
}

#[test]
fn a_file_that_was_deleted_takes_no_more_changes() {
    gone(|path| fs::remove_file(path).expect("it goes"));
}

#[test]
fn a_file_that_was_replaced_takes_no_more_changes() {
    gone(|path| {
        let other = beside(path, ".other");
        fs::copy(path, &other).expect("it is copied");
        fs::rename(&other, path).expect("it is moved");
    });
    gone(|path| {
        fs::rename(path, beside(path, ".old")).expect("it is moved");
        drop(SqliteJournals::create(path).expect("another is made"));
    });
}

fn gone(make: impl Fn(&Path)) {
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let mut feed = journals.feed().expect("it opens");
    let journal = journals.account("acme");
    let (head, live) = started(&journal);
    let record = next(head, &shop::engine(&shop::catalog())).0;
    make(&folder.file());
    let is_gone = |error: &JournalError| matches!(why(error), Some(SqliteError::Gone(_)));
    for i in 0..2 {
        let applied = apply(&live, &journal, i);
        let Err(ApplyError::Journal(error)) = applied else {
            panic!("{applied:?}");
        };
        assert!(is_gone(&error), "{error}");
    }
    let appended = journal.append(head, &record);
    let Err(AppendError::NotWritten(error)) = appended else {
        panic!("{appended:?}");
    };
    assert!(is_gone(&error), "{error}");
    assert!(is_gone(&journal.head().expect_err("it is gone")));
    assert!(is_gone(&feed.written().expect_err("it is gone")));
    assert!(journals.feed().is_err());
    assert_eq!(live.head(), Some(head));
}

/// The feed tells once of each that went on, of what other processes wrote too, and of nothing else.
#[test]
fn a_feed_tells_what_was_written() {
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let others = SqliteJournals::open(folder.file()).expect("it opens");
    let mut feed = journals.feed().expect("it opens");
    let engine = shop::engine(&shop::catalog());
    assert_eq!(feed.written().expect("it tells").reached, []);
    let mut head = begin(&journals.account("a"), &engine, Timestamp(0)).expect("it begins");
    begin(&others.only_account(), &engine, Timestamp(0)).expect("it begins");
    let reached = |account: Option<&str>, revision| Reached {
        account: account.map(str::to_owned),
        revision,
    };
    let written = feed.written().expect("it tells");
    assert!(!written.all);
    assert_eq!(written.reached.len(), 2, "{written:?}");
    assert!(written.reached.contains(&reached(None, head.revision)));
    assert!(written.reached.contains(&reached(Some("a"), head.revision)));
    assert_eq!(feed.written().expect("it tells").reached, []);
    // The hints are of what was written by way of the same, all of which were kept.
    let hinted = feed.hints(Duration::ZERO).expect("it tells");
    assert_eq!(hinted, [reached(Some("a"), head.revision)]);
    assert_eq!(feed.hints(Duration::from_millis(20)).expect("it tells"), []);
    let mut engine = engine;
    (head, engine) = shop::append(&others.account("a"), head, engine, 3);
    let written = feed.written().expect("it tells");
    assert_eq!(written.reached, [reached(Some("a"), head.revision)]);
    (head, _) = shop::append(&journals.account("a"), head, engine, 1);
    let hinted = feed.hints(Duration::from_secs(5)).expect("it tells");
    assert_eq!(hinted, [reached(Some("a"), head.revision)]);
    // Another who begins is told of all.
    let written = journals
        .feed()
        .expect("it opens")
        .written()
        .expect("it tells");
    assert!(written.all && written.reached.len() == 2, "{written:?}");
}

#[test]
fn many_accounts_in_a_file_are_followed() {
    const ACCOUNTS: usize = 20;
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let others = SqliteJournals::open(folder.file()).expect("it opens");
    let catalog = shop::catalog();
    let options = FollowOptions::default().poll(Duration::from_millis(50));
    let follower = follow_many(journals.feed().expect("it opens"), options).expect("a thread");
    let journal = others.only_account();
    let (_, live) = started(&journal);
    let followed = Live::not_ready(&catalog, None);
    follower.add(&followed);
    for i in 0..ACCOUNTS {
        let committed = apply(&live, &journal, i).expect("it is applied");
        let came = follower.wait_for(None, committed.revision(), Duration::from_secs(10));
        assert!(came.is_ok(), "{came:?}: {:?}", follower.status());
    }
}

/// A folder on a disk of its own, as small as that, where this may make one.
struct SmallDisk(Folder);

impl SmallDisk {
    fn new(kilobytes: u32) -> Option<SmallDisk> {
        let folder = Folder::new();
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "bailiwick"])
            .arg(&folder.0)
            .output();
        let mounted = mounted.is_ok_and(|it| it.status.success());
        mounted.then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0.0).status();
    }
}

/// On a disk that is full, changes fail plainly, whatever they were about to write when it was; when there is
/// room again, they go on. Says so where it may not mount a small disk.
#[test]
fn a_full_disk_leaves_nothing_in_doubt() {
    let Some(disk) = SmallDisk::new(512) else {
        println!("not tried: no small disk can be mounted here");
        return;
    };
    let path = disk.0.file();
    let journals = SqliteJournals::create(&path).expect("it is made");
    let journal = journals.account("acme");
    let (mut head, live) = started(&journal);
    let (mut failed, mut applied, mut number) = (0, 0, 0);
    let ballast = disk.0.0.join("ballast");
    for round in 0..40 {
        // It is filled but for a few pages, more or fewer.
        let free = 4_096 * (round % 10);
        let mut size = 512 * 1_024;
        while fs::write(&ballast, vec![1; size]).is_err() {
            size -= 4_096;
        }
        fs::write(&ballast, vec![1; size.saturating_sub(free)]).expect("it is smaller");
        for _ in 0..8 {
            number += 1;
            match apply(&live, &journal, number) {
                Ok(committed) => {
                    head = committed.head();
                    applied += 1;
                }
                Err(ApplyError::Journal(_)) => failed += 1,
                Err(other) => panic!("round {round}: {other:?}"),
            }
            assert_eq!(live.head(), Some(head));
        }
        fs::remove_file(&ballast).expect("it goes");
        assert_eq!(
            journal.head().expect("it is read"),
            Some(head),
            "round {round}"
        );
        let restored = restore(&journal, &shop::catalog(), None, None).expect("it is whole");
        assert_eq!(restored.head(), head);
        if applied > 150 {
            break;
        }
    }
    println!("{applied} changes applied, {failed} failed plainly");
    assert!(
        applied > 10 && failed > 10,
        "{applied} applied, {failed} failed"
    );
}
