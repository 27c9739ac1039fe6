//! Servers that are killed, and connections that are cut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::journal::{AppendError, Journal, PostgresJournal, Sealed, begin, restore};
use bailiwick::live::{ApplyError, Live};

use crate::appending::{beginning, notes, record};
use crate::corner::{ACTOR, catalog, change, engine};
use crate::proxy::Proxy;
use crate::server::{self, database, journals};

pub(crate) fn hints_wake_who_waits() {
    let address = database("hints");
    let (writing, reading) = (journals(&address), journals(&address));
    let writes = ["a", "b"].map(|it| writing.account(it));
    let waits = ["a", "b"].map(|it| reading.account(it));
    let mut heads = ["a", "b"].map(|it| beginning(Some(it)).head);
    for (journal, account) in writes.iter().zip(["a", "b"]) {
        journal
            .begin(&beginning(Some(account)))
            .expect("a beginning");
    }
    // The first hint is that there may have been any before somebody listened.
    let long = Duration::from_secs(5);
    assert!(waits[0].wait(long) && waits[1].wait(long));
    assert!(!waits[0].wait(Duration::from_millis(100)));
    let mut slowest = Duration::ZERO;
    for i in 0..100 {
        let which = i % 2;
        let next = record(Some(["a", "b"][which]), &heads[which], "a change");
        writes[which].append(heads[which], &next).expect("appended");
        heads[which] = next.head();
        let started = Instant::now();
        assert!(waits[which].wait(long), "{i}");
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(!waits[0].wait(Duration::from_millis(50)) && !waits[1].wait(Duration::ZERO));
    // What was said before somebody waits is not missed.
    let next = record(Some("a"), &heads[0], "a change");
    writes[0].append(heads[0], &next).expect("appended");
    thread::sleep(Duration::from_millis(200));
    assert!(waits[0].wait(Duration::ZERO) && !waits[0].wait(Duration::ZERO));
    println!("  the slowest of 100 hints took {slowest:.1?}");
}

/// Two writers over networks that lose questions and answers, and deliver questions late: what was
/// acknowledged is in the journal once, what was refused is not in it.
pub(crate) fn answers_are_lost() {
    const EACH: usize = 300;
    let address = database("lost");
    let begins = beginning(None);
    journals(&address)
        .only_account()
        .begin(&begins)
        .expect("a beginning");
    let cut = AtomicU64::new(0);
    let written: Vec<String> = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (address, cut) = (&address, &cut);
                scope.spawn(move || {
                    let proxy = Proxy::to(server::port());
                    let journal = journals(&proxy.address(address)).only_account();
                    proxy
                        .weather
                        .one_answer_lost_in
                        .store(12, Ordering::Relaxed);
                    proxy
                        .weather
                        .one_question_lost_in
                        .store(12, Ordering::Relaxed);
                    proxy
                        .weather
                        .one_question_late_in
                        .store(12, Ordering::Relaxed);
                    let mut head = begins.head;
                    let mut written = Vec::new();
                    for i in 0..EACH {
                        let note = format!("{writer} {i}");
                        loop {
                            let next = record(None, &head, &note);
                            match journal.append(head, &next) {
                                Ok(_) => break head = next.head(),
                                Err(AppendError::Conflict { head: Some(newer) }) => {
                                    head = newer;
                                }
                                Err(other) => panic!("{other:?}"),
                            }
                        }
                        written.push(note);
                    }
                    cut.fetch_add(proxy.weather.cut.load(Ordering::Relaxed), Ordering::Relaxed);
                    written
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|it| it.join().expect("a writer"))
            .collect()
    });
    let mut found = notes(&journals(&address).only_account(), None);
    let mut written = written;
    found.sort();
    written.sort();
    assert_eq!(found, written);
    let cut = cut.load(Ordering::Relaxed);
    assert!(cut > 50, "{cut}");
    println!("  {} changes, {cut} connections cut", written.len());
}

/// Whether it was appended, once the server answers.
fn is_there(journal: &PostgresJournal, record: &Sealed) -> bool {
    loop {
        match journal.read_from(record.revision - 1, 1) {
            Ok(found) => return found.first() == Some(record),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Where nothing was asked because there is no server, nothing is in doubt.
pub(crate) fn a_server_that_is_down_leaves_nothing_in_doubt() {
    let address = database("down");
    let journals = journals(&address).at_most(Duration::from_secs(1));
    let journal = journals.account("acme");
    begin(&journal, &engine("acme"), Timestamp(0)).expect("a beginning");
    let live = Live::of(restore(&journal, &catalog(), Some("acme"), None).expect("a journal"));
    let apply = |i| live.apply(&journal, &ACTOR, Timestamp(9), change(0, i), None);
    apply(1).expect("applied");
    server::kill();
    // Its system tells the connections that there were.
    thread::sleep(Duration::from_millis(300));
    for _ in 0..3 {
        let started = Instant::now();
        let applied = apply(2);
        assert!(
            matches!(applied, Err(ApplyError::Journal(_))),
            "{applied:?}"
        );
        assert!(started.elapsed() < Duration::from_millis(1_600));
    }
    let (head, next) = (live.head().expect("loaded"), beginning(Some("acme")).head);
    let appended = journal.append(next, &record(Some("acme"), &next, "a change"));
    assert!(
        matches!(appended, Err(AppendError::NotWritten(_))),
        "{appended:?}"
    );
    server::start();
    assert_eq!(journal.head().expect("an answer"), Some(head));
    apply(2).expect("it goes on");
}

/// Five times: the server is killed while three write. Nothing acknowledged is lost, nothing is twice, and
/// whoever gets an error finds out from the head.
pub(crate) fn the_server_is_killed() {
    let address = database("killed");
    let begins = beginning(None);
    journals(&address)
        .only_account()
        .begin(&begins)
        .expect("a beginning");
    let done = AtomicBool::new(false);
    let (written, errors) = thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (address, done) = (&address, &done);
                scope.spawn(move || {
                    let journal = journals(address).only_account();
                    let (mut head, mut written, mut errors) = (begins.head, Vec::new(), 0);
                    while !done.load(Ordering::Relaxed) {
                        let note = format!("{writer} {}", written.len());
                        loop {
                            let next = record(None, &head, &note);
                            match journal.append(head, &next) {
                                Ok(_) => break head = next.head(),
                                Err(AppendError::Conflict { head: Some(newer) }) => head = newer,
                                Err(
                                    AppendError::Journal(_)
                                    | AppendError::NotWritten(_)
                                    | AppendError::Unknown(_),
                                ) => {
                                    errors += 1;
                                    if is_there(&journal, &next) {
                                        break head = next.head();
                                    }
                                }
                                Err(other) => panic!("{other:?}"),
                            }
                        }
                        written.push(note);
                    }
                    (written, errors)
                })
            })
            .collect();
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(300));
            server::kill();
            thread::sleep(Duration::from_millis(100));
            server::start();
        }
        done.store(true, Ordering::Relaxed);
        let mut all = (Vec::new(), 0);
        for writer in writers {
            let (written, errors) = writer.join().expect("a writer");
            all.0.extend(written);
            all.1 += errors;
        }
        all
    });
    let (mut found, mut written) = (notes(&journals(&address).only_account(), None), written);
    found.sort();
    written.sort();
    assert_eq!(found, written);
    println!(
        "  {} changes over 5 deaths, {errors} errors told",
        written.len()
    );
}
