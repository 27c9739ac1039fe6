//! What `Journal` promises, asked of any store. A file that includes this declares `mod shop;` as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bailiwick::journal::{
    AppendError, Digest, Head, Journal, JournalError, Sealed, Snapshot, audit, begin,
    catalog_digest, keep_catalog, restore,
};
use bailiwick::{Catalog, Engine, Timestamp};

use crate::shop;

/// Opens the journal of that account in a store, which at first was never begun. Two that are opened for
/// one account are of one journal: on connections of their own, where the store has connections.
pub(crate) type Open<'a> = &'a (dyn Fn(&str) -> Arc<dyn Journal> + Sync);

/// Every promise.
pub(crate) fn holds(open: Open<'_>) {
    never_begun(open);
    begun_once(open);
    appended_in_order(open);
    conflicts_write_nothing(open);
    gaps_write_nothing(open);
    read_in_pages(open);
    bytes_as_they_were(open);
    snapshots_of_this_journal(open);
    catalogs_by_digest(open);
    accounts_apart(open);
    one_writer_wins(open);
    readers_see_no_gap(open);
    waiting_ends(open);
    restored(open);
    audited(open);
}

fn begun(open: Open<'_>, account: &str) -> (Arc<dyn Journal>, Catalog, Head, Engine) {
    let (journal, catalog) = (open(account), shop::catalog());
    let engine = shop::engine(&catalog);
    let head = begin(&*journal, &engine, Timestamp(0)).expect("it begins");
    (journal, catalog, head, engine)
}

fn all(journal: &dyn Journal) -> Vec<Sealed> {
    journal.read_from(0, usize::MAX).expect("it reads")
}

fn head(journal: &dyn Journal) -> Option<Head> {
    journal.head().expect("it says its head")
}

fn never_begun(open: Open<'_>) {
    let journal = open("never begun");
    let catalog = shop::catalog();
    let engine = shop::engine(&catalog);
    assert_eq!(head(&*journal), None);
    assert_eq!(all(&*journal), []);
    assert_eq!(journal.snapshot(u64::MAX).expect("it reads"), None);
    let snapshot = Snapshot::of(&engine, Timestamp(0)).begin().expect("sealed");
    let saved = journal.save_snapshot(&snapshot);
    assert!(matches!(saved, Err(JournalError::Empty)), "{saved:?}");
    let (record, _) = shop::record(&engine, shop::turn(&engine));
    let sealed = record.seal(&snapshot.head).expect("sealed");
    let appended = journal.append(snapshot.head, &sealed);
    assert!(
        matches!(appended, Err(AppendError::Conflict { head: None })),
        "{appended:?}"
    );
    let nothing = restore(&*journal, &catalog, None, None);
    assert!(matches!(nothing, Err(JournalError::Empty)), "{nothing:?}");
    assert_eq!(head(&*open("never begun")), None);
    assert_eq!(journal.snapshot(u64::MAX).expect("it reads"), None);
}

fn begun_once(open: Open<'_>) {
    let (journal, catalog, began, engine) = begun(open, "begun once");
    assert_eq!(head(&*journal), Some(began));
    assert_eq!(head(&*open("begun once")), Some(began));
    let (_, other) = shop::record(&engine, shop::turn(&engine));
    for engine in [&engine, &other] {
        let again = begin(&*open("begun once"), engine, Timestamp(0));
        let Err(AppendError::Conflict { head: Some(said) }) = again else {
            panic!("begun twice: {again:?}");
        };
        assert_eq!(said, began);
    }
    let restored = restore(&*journal, &catalog, None, None).expect("it restores");
    assert_eq!(restored.engine().directory(), engine.directory());
    assert_eq!(all(&*journal), []);
}

fn appended_in_order(open: Open<'_>) {
    let (journal, _, began, engine) = begun(open, "in order");
    let (ends, _) = shop::append(&*journal, began, engine, 5);
    let again = open("in order");
    for journal in [&journal, &again] {
        assert_eq!(head(&**journal), Some(ends));
        let revisions: Vec<u64> = all(&**journal).iter().map(|it| it.revision).collect();
        let expected: Vec<u64> = (began.revision + 1..=ends.revision).collect();
        assert_eq!(revisions, expected);
    }
}

fn conflicts_write_nothing(open: Open<'_>) {
    let (journal, _, began, engine) = begun(open, "conflicts");
    let (ends, after) = shop::append(&*journal, began, engine.clone(), 2);
    let before = all(&*journal);
    let behind = shop::record(&engine, shop::turn(&engine)).0;
    let fork = Head {
        digest: Digest([9; 32]),
        ..ends
    };
    let next = shop::record(&after, shop::turn(&after)).0;
    for (expected, record) in [(began, &behind), (fork, &next)] {
        let sealed = record.seal(&expected).expect("sealed");
        let appended = journal.append(expected, &sealed);
        let Err(AppendError::Conflict { head: Some(said) }) = appended else {
            panic!("no conflict: {appended:?}");
        };
        assert_eq!(said, ends);
    }
    assert_eq!(all(&*journal), before);
    assert_eq!(head(&*journal), Some(ends));
    // And whoever has caught up goes on.
    let sealed = next.seal(&ends).expect("sealed");
    journal.append(ends, &sealed).expect("it is appended");
}

fn gaps_write_nothing(open: Open<'_>) {
    let (journal, _, began, engine) = begun(open, "gaps");
    let (first, after) = shop::record(&engine, shop::turn(&engine));
    let sealed = first.seal(&began).expect("sealed");
    let (second, _) = shop::record(&after, shop::turn(&after));
    let second = second.seal(&sealed.head()).expect("sealed");
    let appended = journal.append(began, &second);
    let Err(AppendError::Journal(JournalError::Gap { expected, found })) = appended else {
        panic!("a gap: {appended:?}");
    };
    assert_eq!((expected, found), (began.revision + 1, began.revision + 2));
    assert_eq!(head(&*journal), Some(began));
    assert_eq!(all(&*journal), []);
}

fn read_in_pages(open: Open<'_>) {
    let (journal, _, began, engine) = begun(open, "pages");
    let (ends, _) = shop::append(&*journal, began, engine, 7);
    let every = all(&*journal);
    assert_eq!(every.len(), 7);
    for after in 0..=ends.revision + 2 {
        for limit in [0, 1, 3, 7, 100, usize::MAX] {
            let page = journal.read_from(after, limit).expect("it reads");
            let expected = every.iter().filter(|it| it.revision > after).take(limit);
            assert_eq!(
                page,
                expected.cloned().collect::<Vec<_>>(),
                "{after}, {limit}"
            );
        }
    }
    assert_eq!(journal.read_from(u64::MAX, 1).expect("it reads"), []);
}

/// Journals know nothing of what the bytes say.
fn bytes_as_they_were(open: Open<'_>) {
    let (journal, _, mut ends, _) = begun(open, "bytes");
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for bytes in [Vec::new(), every_byte, vec![0; 3], vec![0xff; 100_000]] {
        let sealed = Sealed {
            revision: ends.revision + 1,
            digest: Digest([bytes.len() as u8; 32]),
            bytes,
        };
        journal.append(ends, &sealed).expect("it is appended");
        let read = open("bytes").read_from(ends.revision, 1).expect("it reads");
        assert_eq!(read, std::slice::from_ref(&sealed));
        ends = sealed.head();
    }
}

fn snapshots_of_this_journal(open: Open<'_>) {
    let (journal, _, began, engine) = begun(open, "snapshots");
    let first = journal.snapshot(u64::MAX).expect("it reads");
    let first = first.expect("there is one");
    assert_eq!(first.head, began);
    let (middle, then) = shop::append(&*journal, began, engine.clone(), 3);
    let (ends, now) = shop::append(&*journal, middle, then.clone(), 3);
    let of = |engine: &Engine, at| Snapshot::of(engine, Timestamp(at));
    let sealed = of(&then, 1).seal(middle).expect("sealed");
    journal.save_snapshot(&sealed).expect("it is kept");
    let at = |revision| {
        let found = open("snapshots").snapshot(revision).expect("it reads");
        found.map(|it| it.head)
    };
    assert_eq!(at(u64::MAX), Some(middle));
    assert_eq!(at(middle.revision), Some(middle));
    assert_eq!(at(middle.revision - 1), Some(began));
    if let Some(before) = began.revision.checked_sub(1) {
        assert_eq!(at(before), None);
    }
    // Of one revision the last counts.
    let other = of(&then, 2).seal(middle).expect("sealed");
    journal.save_snapshot(&other).expect("it is kept");
    assert_eq!(
        journal.snapshot(ends.revision).expect("it reads"),
        Some(other)
    );
    // But what the journal began with stays.
    let other = of(&engine, 2).seal(began).expect("sealed");
    journal
        .save_snapshot(&other)
        .expect("nothing is to be done");
    assert_eq!(
        journal.snapshot(began.revision).expect("it reads"),
        Some(first)
    );
    // What was taken at a head that this journal never had is not kept.
    for head in [
        shop::elsewhere(ends.revision),
        shop::elsewhere(began.revision),
    ] {
        let engine = if head.revision == ends.revision {
            &now
        } else {
            &engine
        };
        let sealed = of(engine, 3).seal(head).expect("sealed");
        let saved = journal.save_snapshot(&sealed);
        assert!(
            matches!(saved, Err(JournalError::Forked { revision }) if revision == head.revision)
        );
    }
    let (record, later) = shop::record(&now, shop::turn(&now));
    let not_yet = record.seal(&ends).expect("sealed").head();
    let sealed = of(&later, 3).seal(not_yet).expect("sealed");
    let saved = journal.save_snapshot(&sealed);
    assert!(
        matches!(saved, Err(JournalError::Forked { .. })),
        "{saved:?}"
    );
    assert_eq!(at(u64::MAX), Some(middle));
    assert_eq!(all(&*journal).len(), 6);
}

fn catalogs_by_digest(open: Open<'_>) {
    let journal = open("catalogs");
    let catalog = shop::catalog();
    assert_eq!(journal.catalog(&Digest([3; 32])).expect("it reads"), None);
    let digest = keep_catalog(&*journal, &catalog).expect("it is kept");
    assert_eq!(digest, catalog_digest(&catalog));
    let kept = open("catalogs").catalog(&digest).expect("it reads");
    journal
        .save_catalog(&digest, b"another")
        .expect("nothing is to be done");
    let again = journal.catalog(&digest).expect("it reads");
    assert!(kept.is_some() && kept == again);
}

fn accounts_apart(open: Open<'_>) {
    let (one, _, began, engine) = begun(open, "one account");
    let (two, ..) = begun(open, "two accounts");
    shop::append(&*one, began, engine, 3);
    assert_eq!((all(&*one).len(), all(&*two).len()), (3, 0));
    assert_eq!(head(&*two), Some(began));
    assert_eq!(head(&*open("One account")), None);
    assert_eq!(head(&*open("one account ")), None);
}

fn one_writer_wins(open: Open<'_>) {
    const WRITERS: usize = 4;
    const EACH: usize = 10;
    let (journal, catalog, ..) = begun(open, "writers");
    let (wins, losses) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let journal = open("writers");
                let mut restored = restore(&*journal, &catalog, None, None).expect("restores");
                let mut left = EACH;
                while left > 0 {
                    let (engine, head) = (restored.engine(), restored.head());
                    let (record, _) = shop::record(engine, shop::turn(engine));
                    let sealed = record.seal(&head).expect("sealed");
                    match journal.append(head, &sealed) {
                        Ok(_) => {
                            wins.fetch_add(1, Ordering::Relaxed);
                            left -= 1;
                        }
                        Err(AppendError::Conflict { head: Some(ends) }) => {
                            assert_ne!(ends, head, "a conflict with itself");
                            losses.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => panic!("{error}"),
                    }
                    for sealed in journal.read_from(head.revision, 100).expect("it reads") {
                        restored.replay(&sealed).expect("it replays");
                    }
                }
            });
        }
    });
    assert_eq!(wins.into_inner(), WRITERS * EACH);
    assert_eq!(all(&*journal).len(), WRITERS * EACH);
    restore(&*journal, &catalog, None, None).expect("it restores");
    println!("{} conflicts among {WRITERS} writers", losses.into_inner());
}

/// Whatever is visible is whole: to a reader no record comes before the one that it follows.
fn readers_see_no_gap(open: Open<'_>) {
    let (journal, catalog, began, engine) = begun(open, "readers");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let journal = open("readers");
                let mut restored = restore(&*journal, &catalog, None, None).expect("restores");
                while !over.load(Ordering::Relaxed) {
                    let said = head(&*journal).expect("it was begun");
                    assert!(
                        said.revision >= restored.head().revision,
                        "the head went back"
                    );
                    let had = restored.head().revision;
                    for sealed in journal.read_from(had, 100).expect("it reads") {
                        restored.replay(&sealed).expect("it replays");
                    }
                    assert!(
                        restored.head().revision >= said.revision,
                        "a head before its record"
                    );
                }
            });
        }
        shop::append(&*journal, began, engine, 40);
        over.store(true, Ordering::Relaxed);
    });
}

fn waiting_ends(open: Open<'_>) {
    let (journal, ..) = begun(open, "waiting");
    let (begun, at_most) = (Instant::now(), Duration::from_millis(30));
    journal.wait(at_most);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

fn restored(open: Open<'_>) {
    let (journal, catalog, began, engine) = begun(open, "restored");
    let (middle, then) = shop::append(&*journal, began, engine.clone(), 3);
    let (ends, now) = shop::append(&*journal, middle, then.clone(), 2);
    for (until, head, engine) in [
        (None, ends, &now),
        (Some(middle.revision), middle, &then),
        (Some(began.revision), began, &engine),
    ] {
        let restored = restore(&*open("restored"), &catalog, None, until).expect("restores");
        assert_eq!(restored.head(), head);
        assert_eq!(restored.engine().policy(), engine.policy());
        assert_eq!(restored.engine().directory(), engine.directory());
    }
    let later = restore(&*journal, &catalog, None, Some(ends.revision + 1));
    assert!(matches!(later, Err(JournalError::Ends { .. })), "{later:?}");
    let foreign = restore(&*journal, &catalog, Some("acme"), None);
    assert!(
        matches!(foreign, Err(JournalError::Foreign { .. })),
        "{foreign:?}"
    );
}

/// Pages of transactions, the newest first, from a journal that was only begun to its end.
fn audited(open: Open<'_>) {
    let (journal, catalog, began, engine) = begun(open, "audited");
    let empty = audit(&*journal, None, None, 10).expect("it reads");
    assert_eq!((empty.entries.len(), empty.older), (0, None));
    let (ends, after) = shop::append(&*journal, began, engine, 7);
    let journal = open("audited");
    let mut expected: Vec<u64> = (began.revision + 1..=ends.revision).collect();
    expected.reverse();
    for limit in [0, 1, 2, 3, 6, 7, 8, usize::MAX] {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = audit(&*journal, None, before, limit).expect("it reads");
            assert!((1..=limit.max(1)).contains(&page.entries.len()), "{limit}");
            found.extend(page.entries);
            before = page.older;
            if before.is_none() {
                break;
            }
        }
        let revisions: Vec<u64> = found.iter().map(|it| it.revision).collect();
        assert_eq!(revisions, expected, "{limit}");
        // Each says what its record does.
        for (entry, sealed) in found.iter().rev().zip(all(&*journal)) {
            let record: serde_json::Value =
                serde_json::from_slice(&sealed.bytes).expect("nothing is withheld of it");
            assert_eq!(serde_json::json!(entry.changes), record["changes"]);
            assert_eq!(serde_json::json!(entry.actor), record["actor"]);
        }
    }
    for before in [0, began.revision, began.revision + 1] {
        let page = audit(&*journal, None, Some(before), 3).expect("it reads");
        assert_eq!((page.entries.len(), page.older), (0, None), "{before}");
    }
    let page = audit(&*journal, None, Some(began.revision + 2), 3).expect("it reads");
    assert_eq!((page.entries.len(), page.older), (1, None));
    let past = audit(&*journal, None, Some(u64::MAX), 2).expect("it reads");
    assert_eq!(past.entries[0].revision, ends.revision);
    // Another account's is no page of this one.
    let foreign = audit(&*journal, Some("another"), None, 2);
    assert!(
        matches!(foreign, Err(JournalError::Foreign { .. })),
        "{foreign:?}"
    );
    // What was appended meanwhile makes no page other: pages go by revisions.
    let page = audit(&*journal, None, None, 2).expect("it reads");
    shop::append(&*journal, ends, after, 2);
    let next = audit(&*journal, None, page.older, 2).expect("it reads");
    let newest = next.entries[0].revision;
    assert_eq!(newest + 2, ends.revision);
    let restored = restore(&*journal, &catalog, None, None).expect("it restores");
    let page = audit(&*journal, None, None, 1).expect("it reads");
    assert_eq!(page.entries[0].revision, restored.head().revision);
}
