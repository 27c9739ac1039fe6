//! Applying into a journal: durable first, then published, and never twice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change};
use bailiwick::journal::{Journal, JournalError, RefusedTransaction, restore};
use bailiwick::live::{ApplyError, Live};

use super::faulty::{Fault, Faulty};
use super::{ORDERS, assert_whole, begun, boss, catalog, hand_on, hand_on_by, name, opened};

fn apply(live: &Live, journal: &dyn Journal, changes: Vec<Change>) -> Result<u64, ApplyError> {
    let committed = live.apply(journal, &boss(), Timestamp(1), changes, None)?;
    Ok(committed.revision())
}

fn assign(user: usize) -> Vec<Change> {
    vec![Change::assign_role(name(user), "seller")]
}

#[test]
fn what_is_applied_is_in_the_journal_and_in_what_is_restored_from_it() {
    let (journal, live) = begun();
    hand_on_by(&live, &journal, 20);
    assert_eq!(live.head(), journal.head().unwrap());
    assert_whole(&live);
    let restored = restore(&*journal, &catalog(), None, None).unwrap();
    assert_eq!(Some(restored.head()), live.head());
    let engine = live.engine().unwrap();
    assert_eq!(restored.engine().policy(), engine.policy());
    assert_eq!(restored.engine().directory(), engine.directory());
}

#[test]
fn who_is_second_catches_up_and_may_try_anew() {
    let (journal, live) = begun();
    let other = opened(&journal, &catalog());
    apply(&other, &*journal, assign(3)).unwrap();
    let error = apply(&live, &*journal, assign(4)).unwrap_err();
    let ApplyError::Conflict { expected, live: is } = error else {
        panic!("{error}");
    };
    assert_eq!((expected.revision, is.revision), (0, 1));
    assert_eq!(live.head(), other.head());
    assert!(live.check("user-3", "list", &ORDERS).is_allow());
    assert!(!live.check("user-4", "list", &ORDERS).is_allow());

    apply(&other, &*journal, assign(5)).unwrap();
    let applied = live.apply_with_retry(&*journal, 2, &boss(), Timestamp(1), assign(4), None);
    assert_eq!(applied.unwrap().revision(), 3);
    assert_eq!(other.catch_up(&*journal).unwrap().to, live.head().unwrap());
}

#[test]
fn trying_anew_asks_for_authority_and_guards_anew() {
    let (journal, live) = begun();
    let other = opened(&journal, &catalog());
    let demoted = vec![Change::revoke_role("boss", "head")];
    other
        .apply(&*journal, &Actor::System, Timestamp(1), demoted, None)
        .unwrap();
    // By what this host has seen, the boss may still.
    assert!(live.prepare(&boss(), Timestamp(1), assign(4), None).is_ok());
    let error = live.apply_with_retry(&*journal, 9, &boss(), Timestamp(1), assign(4), None);
    let Err(ApplyError::Refused(refused)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refused.reason.code(), "lacks");
    assert_eq!(live.head(), other.head());
    assert_eq!(journal.head().unwrap(), other.head());
}

#[test]
fn who_is_told_of_a_refusal_may_change_the_account() {
    let (journal, live) = begun();
    let (host, into) = (live.clone(), Arc::clone(&journal));
    let sink = move |refused: &RefusedTransaction<'_>| {
        let suspend = vec![Change::SuspendUser { user: name(0) }];
        host.apply(&*into, &Actor::System, refused.at, suspend, None)
            .unwrap();
    };
    assert!(live.tell_refused(Arc::new(sink)));
    let (answers, answer) = mpsc::channel();
    let tries = live.clone();
    std::thread::spawn(move || {
        let nobody = Actor::user(name(0));
        answers.send(tries.apply(&*journal, &nobody, Timestamp(1), hand_on(0), None))
    });
    let answer = answer.recv_timeout(Duration::from_secs(20));
    let answer = answer.expect("nobody waits for ever");
    assert!(matches!(answer, Err(ApplyError::Refused(_))), "{answer:?}");
    let decision = live.check(&name(0), "list", &ORDERS);
    assert_eq!(decision.code(), "suspended");
}

#[test]
fn attempts_are_counted() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    let (other, its_journal) = (opened(&journal, &catalog()), Arc::clone(&journal));
    let times = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&times);
    *faulty.other.lock().unwrap() = Some(Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        hand_on_by(&other, &its_journal, 1);
    }));
    faulty.set(Fault::OtherFirst);
    for (attempts, tried) in [(0, 1), (1, 1), (5, 5)] {
        times.store(0, Ordering::Relaxed);
        let applied = live.apply_with_retry(
            &*faulty,
            attempts,
            &Actor::System,
            Timestamp(1),
            assign(7),
            None,
        );
        // Whoever hands on in between may give it to that very user.
        let is_second = matches!(&applied, Err(ApplyError::Conflict { .. }));
        let is_refused = matches!(&applied, Err(ApplyError::Refused(_)));
        assert!(is_second || is_refused, "{applied:?}");
        assert!(times.load(Ordering::Relaxed) <= tried);
        assert!(is_refused || times.load(Ordering::Relaxed) == tried);
        assert_eq!(live.head(), journal.head().unwrap(), "it has caught up");
    }
    assert_whole(&live);
}

#[test]
fn what_could_not_be_written_is_not_published() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    let before = live.head();
    faulty.set(Fault::AppendFails);
    let error = apply(&live, &*faulty, hand_on(0)).unwrap_err();
    assert!(matches!(error, ApplyError::Journal(_)), "{error}");
    assert_eq!((live.head(), journal.head().unwrap()), (before, before));
    // Where nothing answers, nobody knows.
    faulty.set(Fault::Down);
    let error = apply(&live, &*faulty, hand_on(0)).unwrap_err();
    assert!(matches!(error, ApplyError::InDoubt(_)), "{error}");
    assert_eq!((live.head(), journal.head().unwrap()), (before, before));
    faulty.set(Fault::None);
    assert_eq!(apply(&live, &*faulty, hand_on(0)).unwrap(), 1);
    assert_whole(&live);
}

#[test]
fn what_was_written_though_the_answer_was_lost_is_published_once() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    faulty.set(Fault::AnswerLost);
    for revision in 0..5 {
        assert_eq!(
            apply(&live, &*faulty, hand_on(revision)).unwrap(),
            revision + 1
        );
        assert_eq!(live.head(), journal.head().unwrap());
    }
    assert_eq!(faulty.appended.load(Ordering::Relaxed), 5);
    assert_whole(&live);
}

#[test]
fn what_is_in_doubt_is_not_published_until_the_journal_has_told() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    // So that the catalog is kept by now.
    hand_on_by(&live, &journal, 1);
    faulty.set(Fault::AnswerLostThenDown);
    let error = apply(&live, &*faulty, hand_on(1)).unwrap_err();
    assert!(matches!(error, ApplyError::InDoubt(_)), "{error}");
    assert_eq!(live.revision(), Some(1));
    assert_eq!(journal.head().unwrap().unwrap().revision, 2);
    // Another change is refused a place, and comes to know what is there; nothing is written twice.
    faulty.set(Fault::None);
    let error = apply(&live, &*faulty, hand_on(1)).unwrap_err();
    assert!(matches!(error, ApplyError::Conflict { .. }), "{error}");
    assert_eq!(
        (live.revision(), live.head()),
        (Some(2), journal.head().unwrap())
    );
    assert_whole(&live);
}

#[test]
fn what_may_be_written_yet_is_in_doubt() {
    let (journal, live) = begun();
    let faulty = Faulty::new(&journal);
    faulty.set(Fault::WritesLater);
    let error = apply(&live, &*faulty, hand_on(0)).unwrap_err();
    // The journal answers, and ends where it did: that says nothing.
    assert!(matches!(error, ApplyError::InDoubt(_)), "{error}");
    assert_eq!(live.revision(), Some(0));
    let (expected, record) = faulty.later.lock().unwrap().take().unwrap();
    journal.append(expected, &record).unwrap();
    faulty.set(Fault::None);
    assert_eq!(live.catch_up(&*faulty).unwrap().to, record.head());
    assert_whole(&live);
}

#[test]
fn threads_of_one_host_queue_and_none_is_second() {
    let (journal, live) = begun();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (live, journal) = (live.clone(), &journal);
            scope.spawn(move || {
                for round in 0..25 {
                    let changes = match round % 2 {
                        0 => assign(thread + 1),
                        _ => vec![Change::revoke_role(name(thread + 1), "seller")],
                    };
                    apply(&live, &**journal, changes).unwrap();
                }
            });
        }
    });
    assert_eq!(live.revision(), Some(100));
    assert_eq!(live.head(), journal.head().unwrap());
    let restored = restore(&*journal, &catalog(), None, None).unwrap();
    let engine = live.engine().unwrap();
    assert_eq!(restored.engine().directory(), engine.directory());
}

#[test]
fn hosts_that_try_anew_lose_no_change_and_make_none_twice() {
    let (journal, live) = begun();
    let hosts: Vec<Live> = (0..3).map(|_| opened(&journal, &catalog())).collect();
    std::thread::scope(|scope| {
        for (number, host) in hosts.iter().enumerate() {
            let journal = &journal;
            scope.spawn(move || {
                for round in 0..50 {
                    let changes = match round % 2 {
                        0 => assign(number + 1),
                        _ => vec![Change::revoke_role(name(number + 1), "seller")],
                    };
                    host.apply_with_retry(&**journal, 1_000, &boss(), Timestamp(1), changes, None)
                        .unwrap();
                }
            });
        }
    });
    for host in hosts.iter().chain([&live]) {
        host.catch_up(&*journal).unwrap();
        assert_eq!(host.revision(), Some(150));
        assert_eq!(host.head(), journal.head().unwrap());
    }
}

#[test]
fn only_one_host_ends_what_is_over() {
    let (journal, live) = begun();
    let other = opened(&journal, &catalog());
    let until = vec![Change::AssignRole {
        user: name(1),
        role: "seller".to_owned(),
        until: Some(Timestamp(10)),
    }];
    assert_eq!(apply(&live, &*journal, until).unwrap(), 1);
    assert!(live.expire(&*journal, Timestamp(9)).unwrap().is_none());
    other.catch_up(&*journal).unwrap();
    let ended = live.expire(&*journal, Timestamp(10)).unwrap().unwrap();
    let access = ended.report().access();
    let of: Vec<&str> = access.iter().flat_map(|it| it.users()).collect();
    assert_eq!(of, ["user-1"]);
    // The other does not know yet, finds out, and has nothing left to do.
    assert!(other.expire(&*journal, Timestamp(10)).unwrap().is_none());
    assert_eq!((other.revision(), live.revision()), (Some(2), Some(2)));
    assert!(!other.check("user-1", "list", &ORDERS).is_allow());
}

#[test]
fn nothing_is_applied_to_what_is_not_loaded_or_has_no_journal() {
    let (journal, _) = begun();
    let empty = Live::not_ready(&catalog(), None);
    let error = apply(&empty, &*journal, hand_on(0)).unwrap_err();
    assert!(matches!(error, ApplyError::NotReady));
    // An engine that does not come from the journal cannot go into it.
    let stranger = Live::new(super::engine(&catalog()));
    let error = apply(&stranger, &*journal, hand_on(0)).unwrap_err();
    assert!(
        matches!(
            error,
            ApplyError::Journal(JournalError::Forked { revision: 0 })
        ),
        "{error}"
    );
    assert_eq!(stranger.revision(), Some(0));
    assert_eq!(journal.head().unwrap().unwrap().revision, 0);
}
