//! A server that does not answer, while its system still acknowledges what arrives: every call ends in time,
//! and all goes on when the server does.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::journal::{Journal, PostgresJournals, begin, restore};
use bailiwick::live::{ApplyError, FollowOptions, Live, follow_many};

use crate::corner::{ACTOR, catalog, change, engine};
use crate::proxy::Proxy;
use crate::server::{self, database, journals};

/// How long a call may take, and how long it does at most where the machine is busy.
const AT_MOST: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(3);

fn in_time<T>(what: &str, at_most: Duration, call: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let answer = call();
    let took = started.elapsed();
    assert!(took < at_most, "{what} took {took:?}");
    answer
}

fn loaded(journals: &PostgresJournals) -> Live {
    let journal = journals.account("acme");
    begin(&journal, &engine("acme"), Timestamp(0)).expect("a beginning");
    Live::of(restore(&journal, &catalog(), Some("acme"), None).expect("a journal"))
}

/// What every call does while the server is silent.
fn each_ends(silent: &PostgresJournals, healthy: Option<&PostgresJournals>, live: &Live) {
    let journal = silent.account("acme");
    let apply =
        |journal: &dyn Journal, i| live.apply(journal, &ACTOR, Timestamp(9), change(0, i), None);
    in_time("head", LATE, || journal.head()).expect_err("silence");
    in_time("accounts", LATE, || silent.accounts()).expect_err("silence");
    in_time("a page", LATE, || journal.read_from(0, 9)).expect_err("silence");
    thread::scope(|scope| {
        let first = scope.spawn(|| in_time("apply", 2 * LATE, || apply(&journal, 1)));
        thread::sleep(Duration::from_millis(200));
        let nothing = in_time("expire", Duration::from_millis(500), || {
            live.expire(&journal, Timestamp(9))
        });
        assert!(matches!(nothing, Ok(None)), "{nothing:?}");
        if let Some(healthy) = healthy {
            let journal = healthy.account("acme");
            let applied = in_time("another apply", 3 * LATE, || apply(&journal, 1));
            assert!(applied.is_ok(), "{applied:?}");
        }
        let first = first.join().expect("a thread");
        assert!(
            matches!(first, Err(ApplyError::InDoubt(_) | ApplyError::Journal(_))),
            "{first:?}"
        );
    });
    let follower = follow_many(
        silent.feed(),
        FollowOptions::default().poll(Duration::from_millis(100)),
    )
    .expect("a thread");
    follower.add(live);
    let until = Instant::now() + 2 * LATE;
    while follower.status().trouble.is_none() {
        assert!(Instant::now() < until, "{:?}", follower.status());
        thread::sleep(Duration::from_millis(20));
    }
    in_time("ending", 2 * LATE, || drop(follower));
}

pub(crate) fn a_network_that_swallows() {
    let address = database("swallowed");
    let direct = journals(&address).at_most(AT_MOST);
    let live = loaded(&direct);
    let proxy = Proxy::to(server::port());
    let through = proxy.address(&address);
    let silent = PostgresJournals::open(&through).expect("a server");
    let silent = silent.at_most(AT_MOST);
    silent.account("acme").head().expect("an answer");
    proxy.weather.is_silent.store(true, Ordering::Relaxed);
    each_ends(&silent, Some(&direct), &live);
    in_time("open", Duration::from_secs(13), || {
        PostgresJournals::open(&through)
    })
    .map(drop)
    .expect_err("silence");
    proxy.weather.is_silent.store(false, Ordering::Relaxed);
    let head = in_time("head", LATE, || silent.account("acme").head());
    assert_eq!(head.expect("an answer"), live.head());
}

/// However many calls an apply makes, and however many wait for it: all take no longer than one call may. A
/// server that is slow, and answers each of them in time, does not answer all of them.
pub(crate) fn an_apply_takes_no_longer_than_one_call() {
    const IN_ALL: Duration = Duration::from_millis(1_600);
    let address = database("one_call");
    let live = loaded(&journals(&address));
    let proxy = Proxy::to(server::port());
    let through = journals(&proxy.address(&address)).at_most(AT_MOST);
    let journal = through.account("acme");
    let apply = || {
        let next = change(0, live.revision().expect("loaded") as usize);
        live.apply(&journal, &ACTOR, Timestamp(9), next, None)
    };
    proxy.weather.slow.store(600, Ordering::Relaxed);
    // It asks for the catalog and appends, besides: 1.2 s.
    let slow = in_time("a slow apply", IN_ALL, &apply);
    assert!(
        matches!(slow, Err(ApplyError::InDoubt(_) | ApplyError::Journal(_))),
        "{slow:?}"
    );
    proxy.weather.slow.store(0, Ordering::Relaxed);
    live.catch_up(&journal).expect("it answers");
    in_time("an apply", IN_ALL, &apply).expect("applied");
    for queue in [1, 5] {
        proxy.weather.is_silent.store(true, Ordering::Relaxed);
        thread::scope(|scope| {
            for _ in 0..queue {
                let apply = &apply;
                scope.spawn(move || {
                    let applied = in_time("a queued apply", IN_ALL, apply);
                    applied.map(drop).expect_err("silence");
                });
            }
        });
        proxy.weather.is_silent.store(false, Ordering::Relaxed);
    }
    let until = Instant::now() + Duration::from_secs(20);
    while live.catch_up(&journal).is_err() {
        assert!(Instant::now() < until);
    }
    in_time("an apply", IN_ALL, &apply).expect("it goes on");
}

/// The server's processes are stopped where they are, and go on later: what was asked meanwhile is done or
/// not, and the journal has what the host is then told.
pub(crate) fn a_server_that_stands_still() {
    let address = database("still");
    let journals = journals(&address).at_most(AT_MOST);
    let live = loaded(&journals);
    let journal = journals.account("acme");
    server::stop();
    each_ends(&journals, None, &live);
    server::go_on();
    let until = Instant::now() + Duration::from_secs(20);
    let caught_up = loop {
        match live.catch_up(&journal) {
            Ok(caught_up) => break caught_up,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
    };
    let next = live.apply_with_retry(&journal, 3, &ACTOR, Timestamp(9), change(7, 1), None);
    let next = next.expect("it goes on");
    assert!(next.revision() > caught_up.to.revision);
    assert_eq!(journal.head().expect("an answer"), live.head());
}

/// Calls from threads that run tasks wait on others, and nothing panics when the last is dropped there.
pub(crate) fn from_async_code() {
    let address = database("async");
    drop(journals(&address));
    for many in [false, true] {
        let mut builder = match many {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = builder.enable_all().build().expect("a runtime");
        let account = if many { "b" } else { "a" };
        runtime.block_on(async {
            let journals = PostgresJournals::open(&address).expect("a server");
            let journal = journals.account(account);
            begin(&journal, &engine(account), Timestamp(0)).expect("a beginning");
            let restored = restore(&journal, &catalog(), Some(account), None);
            let live = Live::of(restored.expect("a journal"));
            live.apply(&journal, &ACTOR, Timestamp(9), change(0, 1), None)
                .expect("applied");
            drop((journals, journal));
        });
    }
}

/// A page ends before its records take all of the memory, and the next goes on from there.
pub(crate) fn pages_are_bounded_in_bytes() {
    let address = database("pages");
    let journals = journals(&address);
    let live = loaded(&journals);
    let journal = journals.account("acme");
    let note = "x".repeat(1 << 20);
    for i in 1..=20 {
        live.apply(&journal, &ACTOR, Timestamp(9), change(0, i), Some(&note))
            .expect("applied");
    }
    let (mut read, mut pages) = (live.head().expect("loaded").revision - 20, 0);
    while Some(read) < live.revision() {
        let page = journal.read_from(read, 1_000).expect("a page");
        let bytes: usize = page.iter().map(|it| it.bytes.len()).sum();
        assert!(!page.is_empty() && bytes < 10 << 20, "{bytes} bytes");
        read = page.last().expect("a record").revision;
        pages += 1;
    }
    assert!(pages >= 3, "{pages}");
    let restored = restore(&journal, &catalog(), Some("acme"), None).expect("a journal");
    assert_eq!(Some(restored.head()), live.head());
}
