//! From what is published to the end of a journal, and what is never published.

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change};
use bailiwick::journal::{Journal, JournalError, MemoryJournal, TakesFrom, begin};
use bailiwick::live::{ApplyError, Live};

use super::faulty::{Fault, Faulty};
use super::{
    ORDERS, USERS, assert_whole, begun, boss, catalog, catalog_of, engine, hand_on, hand_on_by,
    holder, name, opened,
};

#[test]
fn it_reads_what_there_is_and_nothing_twice() {
    let (journal, live) = begun();
    let replica = opened(&journal, &catalog());
    // More than are read at once.
    for records in [0, 1, 600] {
        hand_on_by(&live, &journal, records);
        let from = replica.head();
        let caught_up = replica.catch_up(&*journal).unwrap();
        assert_eq!((caught_up.from, Some(caught_up.to)), (from, live.head()));
        assert!(!caught_up.reloaded);
        assert_eq!(replica.head(), live.head());
        assert_whole(&replica);
    }
    let (a, b) = (replica.engine().unwrap(), live.engine().unwrap());
    assert_eq!(a.policy(), b.policy());
    assert_eq!(a.directory(), b.directory());
}

#[test]
fn handles_stay_good_along_the_way() {
    let (journal, live) = begun();
    let replica = opened(&journal, &catalog());
    let user = replica.engine().unwrap().user("user-1").unwrap();
    hand_on_by(&live, &journal, 1);
    replica.catch_up(&*journal).unwrap();
    assert!(replica.check(user, "list", &ORDERS).is_allow());
}

#[test]
fn what_was_read_together_with_what_follows_it_is_published() {
    for more in [0, 1, 63] {
        let (journal, live) = begun();
        let prepared = live.prepare(&boss(), Timestamp(1), hand_on(0), None);
        let prepared = prepared.unwrap();
        let (expected, sealed) = (prepared.expected(), prepared.sealed());
        journal.append(expected, sealed).unwrap();
        let other = opened(&journal, &catalog());
        hand_on_by(&other, &journal, more);
        // A follower is faster than whoever stored it, and reads all in one page.
        live.catch_up(&*journal).unwrap();
        assert_eq!(live.publish(prepared), Ok(1), "{more}");
        assert_eq!(live.head(), other.head());
        assert_whole(&live);
    }
}

#[test]
fn it_loads_what_was_not_loaded() {
    let (journal, live) = begun();
    hand_on_by(&live, &journal, 3);
    let replica = Live::not_ready(&catalog(), None);
    let caught_up = replica.catch_up(&*journal).unwrap();
    assert_eq!((caught_up.from, Some(caught_up.to)), (None, live.head()));
    assert!(caught_up.reloaded);
    assert_whole(&replica);
}

#[test]
fn a_journal_that_was_never_begun_is_no_account_without_users() {
    let replica = Live::not_ready(&catalog(), None);
    let error = replica.catch_up(&MemoryJournal::new()).unwrap_err();
    assert!(matches!(error, JournalError::Empty), "{error}");
    assert_eq!(replica.check("user-0", "list", &ORDERS).code(), "not_ready");
}

#[test]
fn every_fault_leaves_what_was_published() {
    let (journal, live) = begun();
    let replica = opened(&journal, &catalog());
    hand_on_by(&live, &journal, 5);
    let faulty = Faulty::new(&journal);
    for (fault, said) in [
        (Fault::Down, "the store failed: the disk is away"),
        (Fault::HeadGone, "the journal is empty: it was never begun"),
        (
            Fault::ReadsNothing,
            "the journal is cut off: revision 1 is missing, and it ends at 5",
        ),
        (
            Fault::Skips,
            "the journal has a gap: revision 1 is missing, and 2 comes next",
        ),
        (
            Fault::Flipped,
            "revision 1 of the journal is damaged: its digest does not match",
        ),
    ] {
        faulty.set(fault);
        let error = replica.catch_up(&*faulty).unwrap_err();
        assert_eq!(error.to_string(), said, "{fault:?}");
        assert_eq!(replica.revision(), Some(0), "{fault:?}");
        assert_whole(&replica);
    }
    faulty.set(Fault::None);
    replica.catch_up(&*faulty).unwrap();
    assert_eq!(replica.head(), live.head());
}

#[test]
fn a_gap_is_passed_by_a_snapshot_behind_it() {
    let (journal, live) = begun();
    let replica = opened(&journal, &catalog());
    hand_on_by(&live, &journal, 5);
    let head = live.save_snapshot(&*journal).unwrap();
    assert_eq!(Some(head), live.head());
    let faulty = Faulty::new(&journal);
    faulty.set(Fault::Skips);
    let user = replica.engine().unwrap().user("user-5").unwrap();
    let caught_up = replica.catch_up(&*faulty).unwrap();
    assert!(caught_up.reloaded && caught_up.to == head);
    assert_whole(&replica);
    // A handle of the lineage before is denied, not misread.
    let denied = replica.check(user, "list", &ORDERS);
    assert_eq!(denied.code(), "unknown_subject");
}

#[test]
fn a_journal_that_went_back_or_is_another_is_never_followed() {
    let (journal, live) = begun();
    let (shorter, other) = (MemoryJournal::new(), MemoryJournal::new());
    begin(&shorter, &engine(&catalog()), Timestamp(0)).unwrap();
    // The same at first, then another change in the same place.
    begin(&other, &engine(&catalog()), Timestamp(0)).unwrap();
    let elsewhere = opened(&other, &catalog());
    let change = vec![Change::assign_role("user-5", "seller")];
    elsewhere
        .apply(&other, &boss(), Timestamp(1), change, None)
        .unwrap();
    hand_on_by(&live, &journal, 1);
    let head = live.head();

    let error = live.catch_up(&shorter).unwrap_err();
    assert!(
        matches!(error, JournalError::WentBack { had: 1, found: 0 }),
        "{error}"
    );
    let error = live.catch_up(&other).unwrap_err();
    assert!(
        matches!(error, JournalError::Forked { revision: 1 }),
        "{error}"
    );
    // Also where it has gone on since, and where a snapshot would tempt.
    for keeps_snapshot in [false, true] {
        let change = vec![Change::assign_role(
            if keeps_snapshot { "user-6" } else { "user-7" },
            "seller",
        )];
        elsewhere
            .apply(&other, &boss(), Timestamp(1), change, None)
            .unwrap();
        if keeps_snapshot {
            elsewhere.save_snapshot(&other).unwrap();
        }
        let error = live.catch_up(&other).unwrap_err();
        assert!(
            matches!(error, JournalError::Forked { revision: 1 }),
            "{error}"
        );
    }
    assert_eq!(live.head(), head);
    assert_whole(&live);
}

#[test]
fn another_accounts_journal_is_foreign() {
    let (journal, live) = begun();
    hand_on_by(&live, &journal, 1);
    let replica = Live::not_ready(&catalog(), Some("acme"));
    let error = replica.catch_up(&*journal).unwrap_err();
    assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
    assert_eq!(replica.check("user-1", "list", &ORDERS).code(), "not_ready");
}

#[test]
fn an_older_product_denies_whom_a_newer_one_may_have_taken_from_and_nobody_else() {
    let (journal, old) = begun();
    hand_on_by(&old, &journal, 2);
    let newer = catalog_of(2, r#", { path = "invoices" }"#);
    let new = opened(&journal, &newer);
    assert_eq!(new.revision(), Some(2));
    // Both run for a while. The older writes, and the newer reads that.
    let caught_up = |live: &Live| live.catch_up(&*journal);
    hand_on_by(&old, &journal, 1);
    assert!(caught_up(&new).unwrap().reloaded);
    assert_whole(&new);
    // The newer writes, and the older says so, and keeps what it has for all others.
    let others: Vec<usize> = (0..USERS).filter(|it| *it != holder(3)).collect();
    hand_on_by(&new, &journal, 1);
    let error = caught_up(&old).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::NewerCatalog {
                revision: 4,
                version: 2,
                own: 1
            }
        ),
        "{error}"
    );
    assert_eq!(old.revision(), Some(3));
    let engine = old.engine().unwrap();
    let denied = engine.check(&name(holder(3)), "list", &ORDERS);
    assert_eq!(denied.code(), "not_ready");
    for other in others {
        let denied = engine.check(&name(other), "list", &ORDERS);
        assert_eq!(denied.code(), "not_granted");
        assert_eq!(denied.revision(), 3);
    }
    let unread = old.unread().unwrap();
    assert_eq!(unread.ends, journal.head().unwrap().unwrap());
    let lost = [name(holder(3))].into();
    assert_eq!(unread.takes_from, TakesFrom::Users(lost));
    // It writes nothing, and says why.
    let applied = old.apply(&*journal, &Actor::System, Timestamp(1), hand_on(3), None);
    assert!(
        matches!(
            applied,
            Err(ApplyError::Behind {
                revision: 3,
                ends: 4
            })
        ),
        "{applied:?}"
    );
    assert!(old.save_snapshot(&*journal).is_err());
    assert_eq!(old.revision(), Some(3));
    assert_eq!(opened(&journal, &newer).revision(), Some(4));
}

#[test]
fn what_is_sound_before_the_damage_is_published() {
    let (journal, live) = begun();
    hand_on_by(&live, &journal, 4);
    // The same records, the third of them damaged.
    let damaged = MemoryJournal::new();
    damaged
        .begin(&journal.snapshot(0).unwrap().unwrap())
        .unwrap();
    let mut expected = damaged.head().unwrap().unwrap();
    for mut record in journal.read_from(0, 9).unwrap() {
        if record.revision == 3 {
            record.bytes[0] = b'[';
        }
        damaged.append(expected, &record).unwrap();
        expected = record.head();
    }
    let replica = Live::not_ready(&catalog(), None);
    assert!(replica.catch_up(&damaged).is_err(), "nothing was there yet");
    let replica =
        Live::of(bailiwick::journal::restore(&damaged, &catalog(), None, Some(0)).unwrap());
    let error = replica.catch_up(&damaged).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { revision: 3, .. }),
        "{error}"
    );
    assert_eq!(replica.revision(), Some(2));
    assert_whole(&replica);
}
