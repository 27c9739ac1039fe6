//! A thread that keeps a Live at the end of its journal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::journal::{Journal, JournalError, MemoryJournal, begin};
use bailiwick::live::{FollowOptions, Live};

use super::faulty::{Fault, Faulty};
use super::{ORDERS, assert_whole, begun, catalog, engine, hand_on_by, opened};

/// Long enough for a machine that is busy.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn often() -> FollowOptions {
    FollowOptions::default().poll(Duration::from_millis(20))
}

/// Waits for what must come.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONG, "it does not come to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn it_follows_by_hints() {
    let (journal, live) = begun();
    let replica = opened(&journal, &catalog());
    // No poll comes in time: what arrives, arrives by a hint.
    let rarely = FollowOptions::default().poll(LONG * 10);
    let follower = replica.follow(journal.clone(), rarely).unwrap();
    until(|| follower.status().current.is_some());
    // A hint that comes while it looks is lost: the next brings both.
    for _ in 0..20 {
        hand_on_by(&live, &journal, 1);
        std::thread::sleep(Duration::from_millis(2));
    }
    until(|| {
        if replica.head() != live.head() {
            hand_on_by(&live, &journal, 1);
        }
        std::thread::sleep(Duration::from_millis(2));
        replica.head() == live.head()
    });
    assert_whole(&replica);
}

#[test]
fn a_poll_that_no_clock_can_tell_stops_no_follower() {
    let (journal, live) = begun();
    let replica = opened(&journal, &catalog());
    let never = FollowOptions::default().poll(Duration::MAX);
    let follower = replica.follow(journal.clone(), never).unwrap();
    until(|| follower.status().current.is_some());
    until(|| {
        hand_on_by(&live, &journal, 1);
        std::thread::sleep(Duration::from_millis(2));
        replica.revision() > Some(10)
    });
    assert_whole(&replica);
}

#[test]
fn it_says_that_it_has_stopped() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    let replica = opened(&journal, &catalog());
    let follower = replica.follow(faulty.clone(), often()).unwrap();
    until(|| follower.status().current.is_some());
    assert!(!follower.status().has_stopped);
    faulty.set(Fault::Panics);
    until(|| follower.status().has_stopped);
    hand_on_by(&live, &journal, 1);
    assert!(follower.wait_for(1, LONG).is_err(), "nobody waits for it");
    assert_eq!(replica.revision(), Some(0));
    assert_whole(&replica);
}

#[test]
fn it_follows_by_polling_where_no_hint_comes() {
    let (journal, live) = begun();
    let replica = Live::not_ready(&catalog(), None);
    let follower = replica.follow(Faulty::new(&journal), often()).unwrap();
    hand_on_by(&live, &journal, 3);
    follower.wait_for(3, LONG).unwrap();
    assert_whole(&replica);
    let status = follower.status();
    assert_eq!(status.revision, Some(3));
    let not_yet = follower.wait_for(4, Duration::from_millis(30)).unwrap_err();
    assert_eq!((not_yet.wanted, not_yet.live), (4, Some(3)));
}

#[test]
fn it_says_how_far_behind_it_is_since_when_and_why() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    let replica = opened(&journal, &catalog());
    let follower = replica.follow(faulty.clone(), often()).unwrap();
    until(|| follower.status().current.is_some());
    let began = Instant::now();
    faulty.set(Fault::Flipped);
    hand_on_by(&live, &journal, 2);
    until(|| follower.status().behind.is_some_and(|it| it.revisions == 2));
    until(|| follower.status().trouble.is_some());
    let status = follower.status();
    let (behind, trouble) = (status.behind.unwrap(), status.trouble.unwrap());
    assert!(behind.since >= began && trouble.at >= began);
    assert!(matches!(
        *trouble.error,
        JournalError::Damaged { revision: 1, .. }
    ));
    assert_eq!(status.revision, Some(0));
    assert_whole(&replica);
    // It stays behind since then, and not since it last looked.
    hand_on_by(&live, &journal, 1);
    until(|| follower.status().behind.is_some_and(|it| it.revisions == 3));
    assert_eq!(follower.status().behind.unwrap().since, behind.since);

    faulty.set(Fault::None);
    follower.wait_for(3, LONG).unwrap();
    until(|| follower.status().behind.is_none());
    let status = follower.status();
    assert!(status.current.unwrap() >= trouble.at);
    assert!(status.trouble.is_some(), "what went wrong is still told");
    assert_whole(&replica);
}

#[test]
fn it_waits_for_an_account_that_is_yet_to_be_begun() {
    let journal = Arc::new(MemoryJournal::new());
    let replica = Live::not_ready(&catalog(), None);
    let follower = replica.follow(journal.clone(), often()).unwrap();
    until(|| follower.status().trouble.is_some());
    assert_eq!(follower.status().revision, None);
    assert_eq!(replica.check("user-0", "list", &ORDERS).code(), "not_ready");
    begin(&*journal, &engine(&catalog()), Timestamp(0)).unwrap();
    follower.wait_for(0, LONG).unwrap();
    assert!(replica.check("user-0", "list", &ORDERS).is_allow());
}

#[test]
fn dropping_it_stops_the_thread() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    let replica = opened(&journal, &catalog());
    let follower = replica.follow(faulty.clone(), often()).unwrap();
    until(|| follower.status().current.is_some());
    drop(follower);
    // Only the thread had another.
    assert_eq!(Arc::strong_count(&faulty), 1);
    hand_on_by(&live, &journal, 1);
    assert_eq!(replica.revision(), Some(0));
}

#[test]
fn whoever_writes_keeps_snapshots() {
    let (journal, live) = begun();
    let options = often().snapshot_every(10);
    let follower = live.follow(journal.clone(), options).unwrap();
    let replica = opened(&journal, &catalog());
    let reading = replica.follow(journal.clone(), options).unwrap();
    let newest = || journal.snapshot(u64::MAX).unwrap().unwrap().head.revision;
    hand_on_by(&live, &journal, 9);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(newest(), 0);
    hand_on_by(&live, &journal, 1);
    until(|| newest() == 10);
    hand_on_by(&live, &journal, 25);
    until(|| newest() >= 20);
    drop((follower, reading));
    let restored = opened(&journal, &catalog());
    assert_eq!(restored.head(), live.head());
    assert_whole(&restored);
}

#[test]
fn a_snapshot_that_could_not_be_kept_is_tried_again() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    faulty.set(Fault::KeepsNothing);
    let options = often().snapshot_every(10);
    let follower = live.follow(faulty.clone(), options).unwrap();
    let newest = || journal.snapshot(u64::MAX).unwrap().unwrap().head.revision;
    hand_on_by(&live, &journal, 10);
    until(|| follower.status().trouble.is_some());
    let first = follower.status().trouble.unwrap().at;
    until(|| follower.status().trouble.unwrap().at > first);
    assert_eq!(newest(), 0);
    // That holds up nothing else.
    let status = follower.status();
    assert!(status.current >= status.trouble.map(|it| it.at) && status.behind.is_none());
    faulty.set(Fault::None);
    until(|| newest() == 10);
    // It is kept once.
    hand_on_by(&live, &journal, 9);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(newest(), 10);
}

/// A journal that hangs shows in the status as soon as it is asked, with what is waited for and since when.
#[test]
fn what_is_waited_for_is_told() {
    let (inner, live) = begun();
    let journal = Faulty::new(&inner);
    let follower = live.follow(journal.clone(), often()).unwrap();
    until(|| follower.status().current.is_some());
    journal.set(Fault::Hangs);
    let asked = Instant::now();
    until(|| {
        let waits = follower.status().waits;
        waits.is_some_and(|it| it.since >= asked && it.since.elapsed().as_millis() > 100)
    });
    let waits = follower.status().waits.unwrap();
    assert_eq!((waits.what, waits.account), ("head and records", None));
    journal.set(Fault::None);
    until(|| follower.status().current.is_some_and(|at| at >= asked));
    until(|| follower.status().waits.is_none());
}
