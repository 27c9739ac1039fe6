//! What one journal promises: appended whole, in order, once, where it still ends as the writer saw it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::admin::Actor;
use bailiwick::document::{DirectoryDocument, PolicyDocument};
use bailiwick::journal::postgres::{PostgresJournal, PostgresJournals};
use bailiwick::journal::{
    AppendError, Digest, FORMAT, Head, Journal, JournalError, Record, Sealed, SealedSnapshot,
    Snapshot,
};

use crate::server::{client, database, journals};

/// The beginning of an account's journal, at revision 1.
pub(crate) fn beginning(account: Option<&str>) -> SealedSnapshot {
    snapshot(account, 1).begin().expect("JSON")
}

fn snapshot(account: Option<&str>, revision: u64) -> Snapshot {
    let mut policy = PolicyDocument::new(1);
    policy.account = account.map(Into::into);
    policy.revision = Some(revision);
    Snapshot {
        format: FORMAT,
        catalog: Digest::ZERO,
        at: Timestamp(0),
        policy,
        directory: DirectoryDocument::new([]),
    }
}

pub(crate) fn record(account: Option<&str>, after: &Head, note: &str) -> Sealed {
    let record = Record {
        format: FORMAT,
        account: account.map(Into::into),
        revision: after.revision + 1,
        catalog: Digest::ZERO,
        at: Timestamp(1),
        actor: Actor::System,
        note: Some(note.to_owned()),
        changes: Vec::new(),
    };
    record.seal(after).expect("the next")
}

/// The notes of all records, once the chain was found whole.
pub(crate) fn notes(journal: &PostgresJournal, account: Option<&str>) -> Vec<String> {
    let mut head = journal
        .snapshot(u64::MAX)
        .expect("a server")
        .expect("begun")
        .head;
    let mut notes = Vec::new();
    loop {
        let page = journal.read_from(head.revision, 100).expect("a server");
        if page.is_empty() {
            assert_eq!(journal.head().expect("a server"), Some(head));
            return notes;
        }
        for sealed in page {
            let record = sealed.open(&head, account).expect("a whole chain");
            notes.push(record.note.expect("a note"));
            head = sealed.head();
        }
    }
}

pub(crate) fn conflict(answer: Result<u64, AppendError>) -> Option<Head> {
    match answer {
        Err(AppendError::Conflict { head }) => head,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn tables_are_made_once() {
    let address = database("made_once");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| journals(&address));
        }
    });
    let format = client(&address)
        .query("SELECT format FROM bailiwick.format", &[])
        .expect("a table");
    assert_eq!(format.len(), 1);
}

pub(crate) fn what_a_journal_promises() {
    let journal = journals(&database("promises")).account(Some("acme"));
    let account = Some("acme");
    assert_eq!(journal.head().expect("a server"), None);
    assert!(journal.snapshot(u64::MAX).expect("a server").is_none());
    let begins = beginning(account);
    let second = record(account, &begins.head, "second");
    assert_eq!(conflict(journal.append(begins.head, &second)), None);

    journal.begin(&begins).expect("a beginning");
    assert_eq!(journal.head().expect("a server"), Some(begins.head));
    for again in [
        beginning(account),
        snapshot(account, 9).begin().expect("JSON"),
    ] {
        let answer = journal.begin(&again).map(|()| 0);
        assert_eq!(conflict(answer), Some(begins.head));
    }

    assert_eq!(journal.append(begins.head, &second).expect("appended"), 2);
    assert_eq!(
        conflict(journal.append(begins.head, &second)),
        Some(second.head())
    );
    let third = record(account, &second.head(), "third");
    let fork = Head {
        revision: 2,
        digest: Digest([7; 32]),
    };
    assert_eq!(conflict(journal.append(fork, &third)), Some(second.head()));
    let fourth = record(account, &third.head(), "fourth");
    for (expected, record) in [
        (third.head(), &fourth),
        (second.head(), &fourth),
        (begins.head, &third),
    ] {
        assert_eq!(
            conflict(journal.append(expected, record)),
            Some(second.head())
        );
    }
    journal.append(second.head(), &third).expect("appended");

    let read = |after, limit| journal.read_from(after, limit).expect("a server");
    assert_eq!(read(0, 10), [second.clone(), third.clone()]);
    assert_eq!(read(1, 1), [second.clone()]);
    assert_eq!(read(2, 10), [third.clone()]);
    assert!(read(3, 10).is_empty() && read(u64::MAX, 10).is_empty() && read(1, 0).is_empty());

    let taken = snapshot(account, 3).seal(third.head()).expect("JSON");
    journal.save_snapshot(&taken).expect("saved");
    journal.save_snapshot(&taken).expect("saved twice");
    let stranger = snapshot(account, 3)
        .seal(Head {
            revision: 3,
            ..fork
        })
        .expect("JSON");
    let refused = journal.save_snapshot(&stranger);
    assert!(
        matches!(refused, Err(JournalError::Forked { revision: 3 })),
        "{refused:?}"
    );
    for (at_most, expected) in [
        (0, None),
        (1, Some(&begins)),
        (2, Some(&begins)),
        (3, Some(&taken)),
        (u64::MAX, Some(&taken)),
    ] {
        assert_eq!(
            journal.snapshot(at_most).expect("a server").as_ref(),
            expected
        );
    }

    let digest = Digest([3; 32]);
    assert_eq!(journal.catalog(&digest).expect("a server"), None);
    journal.save_catalog(&digest, b"a catalog").expect("saved");
    journal
        .save_catalog(&digest, b"a catalog")
        .expect("saved twice");
    assert_eq!(
        journal.catalog(&digest).expect("a server").as_deref(),
        Some(&b"a catalog"[..])
    );
}

pub(crate) fn accounts_are_apart() {
    let store = journals(&database("apart"));
    let accounts = [
        None,
        Some("a"),
        Some("A"),
        Some("a "),
        Some("ä"),
        Some("a\u{308}"),
        Some("x y'z%\\"),
    ];
    for account in accounts {
        let journal = store.account(account);
        let begins = beginning(account);
        journal.begin(&begins).expect("a beginning");
        let note = account.unwrap_or("nobody");
        journal
            .append(begins.head, &record(account, &begins.head, note))
            .expect("appended");
    }
    for account in accounts {
        assert_eq!(
            notes(&store.account(account), account),
            [account.unwrap_or("nobody")]
        );
    }
    let mut expected = accounts.map(|it| it.map(str::to_owned));
    expected.sort();
    assert_eq!(store.accounts().expect("a server"), expected);
}

/// Nothing written is ever changed: so the role that a host connects as cannot do so.
pub(crate) fn select_and_insert_suffice() {
    let address = database("rights");
    let mut admin = client(&address);
    admin
        .batch_execute(&format!(
            "DROP ROLE IF EXISTS bailiwick_host; CREATE ROLE bailiwick_host LOGIN; {};
             REVOKE ALL ON SCHEMA public FROM PUBLIC;
             GRANT USAGE ON SCHEMA bailiwick TO bailiwick_host;
             GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA bailiwick TO bailiwick_host",
            PostgresJournals::TABLES
        ))
        .expect("tables");
    let as_host = address.replace("user=test", "user=bailiwick_host");
    let journal = journals(&as_host).account(None);
    let begins = beginning(None);
    journal.begin(&begins).expect("a beginning");
    let second = record(None, &begins.head, "second");
    journal.append(begins.head, &second).expect("appended");
    let taken = snapshot(None, 2).seal(second.head()).expect("JSON");
    journal.save_snapshot(&taken).expect("saved");
    journal.save_catalog(&Digest::ZERO, b"").expect("saved");
    assert_eq!(notes(&journal, None).len(), 0, "the snapshot is the newest");
    for change in [
        "UPDATE bailiwick.revision SET record = NULL",
        "DELETE FROM bailiwick.revision",
        "TRUNCATE bailiwick.snapshot",
    ] {
        assert!(client(&as_host).batch_execute(change).is_err(), "{change}");
    }
}

pub(crate) fn other_tables_are_refused() {
    let address = database("newer");
    let journal = journals(&address).account(None);
    journal.begin(&beginning(None)).expect("a beginning");
    let newer = "UPDATE bailiwick.format SET format = 2";
    client(&address)
        .batch_execute(newer)
        .expect("a newer product");
    let Err(refused) = PostgresJournals::open(&address) else {
        panic!("tables of a newer version were opened")
    };
    let expected = "the store failed: the tables have format `2`; this is format `1`";
    assert_eq!(refused.to_string(), expected);
    assert!(
        PostgresJournals::open("host=").is_err() && PostgresJournals::open("nonsense").is_err()
    );
}

pub(crate) fn in_the_hosts_transaction() {
    let address = database("transaction");
    let mut host = client(&address);
    host.batch_execute("CREATE TABLE invited (who text)")
        .expect("a table");
    let store = journals(&address);
    let (journal, other) = (store.account(None), store.account(None));
    let begins = beginning(None);
    journal.begin(&begins).expect("a beginning");
    let second = record(None, &begins.head, "second");

    let mut transaction = host.transaction().expect("a transaction");
    transaction
        .execute("INSERT INTO invited VALUES ('ann')", &[])
        .expect("a row");
    journal
        .append_in(&mut transaction, begins.head, &second)
        .expect("appended");
    assert_eq!(
        other.head().expect("a server"),
        Some(begins.head),
        "not yet committed"
    );
    transaction.rollback().expect("rolled back");
    assert_eq!(other.head().expect("a server"), Some(begins.head));

    let mut transaction = host.transaction().expect("a transaction");
    transaction
        .execute("INSERT INTO invited VALUES ('bob')", &[])
        .expect("a row");
    journal
        .append_in(&mut transaction, begins.head, &second)
        .expect("appended");
    // Another waits until it is known what becomes of it, and then is too late.
    let rival = thread::spawn(move || {
        let started = Instant::now();
        let rival = record(None, &begins.head, "rival");
        (
            conflict(other.append(begins.head, &rival)),
            started.elapsed(),
        )
    });
    thread::sleep(Duration::from_millis(200));
    transaction.commit().expect("committed");
    let (head, waited) = rival.join().expect("a rival");
    assert_eq!(head, Some(second.head()));
    assert!(waited >= Duration::from_millis(150), "{waited:?}");

    let mut transaction = host.transaction().expect("a transaction");
    let late = record(None, &begins.head, "late");
    let found = conflict(journal.append_in(&mut transaction, begins.head, &late));
    assert_eq!(found, Some(second.head()));
    transaction
        .execute("INSERT INTO invited VALUES ('cy')", &[])
        .expect("it goes on");
    transaction.commit().expect("committed");
    assert_eq!(notes(&journal, None), ["second"]);
    assert_eq!(
        host.query("SELECT who FROM invited", &[])
            .expect("rows")
            .len(),
        2
    );
}

/// Eight writers on one journal, while others read it: every change is in it once, in an order that no
/// reader ever sees a gap in. The database's own settings are not what the journal needs.
pub(crate) fn writers_race() {
    const WRITERS: usize = 8;
    const EACH: usize = 100;
    let address = database("races");
    client(&address)
        .batch_execute(
            "ALTER DATABASE races SET default_transaction_isolation = 'serializable';
             ALTER DATABASE races SET synchronous_commit = off",
        )
        .expect("settings");
    let begins = beginning(None);
    journals(&address)
        .account(None)
        .begin(&begins)
        .expect("a beginning");
    let done = AtomicBool::new(false);
    let conflicts: usize = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let journal = journals(&address).account(None);
                let mut head = begins.head;
                while !done.load(Ordering::Relaxed) {
                    let ends = journal.head().expect("a server").expect("begun");
                    for sealed in journal.read_from(head.revision, 7).expect("a server") {
                        sealed.open(&head, None).expect("no gap");
                        head = sealed.head();
                    }
                    let read = ends.revision - begins.head.revision < 7;
                    assert!(
                        !read || head.revision >= ends.revision,
                        "a revision was not there"
                    );
                }
            });
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn({
                    let address = &address;
                    move || {
                        let journal = journals(address).account(None);
                        let (mut head, mut conflicts) = (begins.head, 0);
                        for i in 0..EACH {
                            let note = format!("{writer} {i}");
                            loop {
                                let next = record(None, &head, &note);
                                match journal.append(head, &next) {
                                    Ok(_) => break head = next.head(),
                                    Err(AppendError::Conflict { head: Some(newer) }) => {
                                        assert!(newer.revision > head.revision);
                                        (head, conflicts) = (newer, conflicts + 1);
                                    }
                                    Err(other) => panic!("{other:?}"),
                                }
                            }
                        }
                        conflicts
                    }
                })
            })
            .collect();
        let conflicts = writers
            .into_iter()
            .map(|it| it.join().expect("a writer"))
            .sum();
        done.store(true, Ordering::Relaxed);
        conflicts
    });
    let notes = notes(&journals(&address).account(None), None);
    assert_eq!(notes.len(), WRITERS * EACH);
    assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), WRITERS * EACH);
    assert!(conflicts > 0, "nobody was ever late");
    println!(
        "  {} appended by {WRITERS} writers, {conflicts} conflicts",
        WRITERS * EACH
    );
}
