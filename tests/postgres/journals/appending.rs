//! What one journal promises: appended whole, in order, once, where it still ends as the writer saw it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::admin::Actor;
use bailiwick::document::{DirectoryDocument, PolicyDocument};
use bailiwick::journal::{
    AppendError, Digest, FORMAT, Head, Journal, PostgresError, PostgresJournal, PostgresJournals, TakesFrom,
    Record, Sealed, SealedSnapshot, Snapshot,
};
use postgres::IsolationLevel;

use crate::conformance;
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
        takes_from: TakesFrom::nobody(),
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
    let versions = client(&address)
        .query("SELECT version FROM bailiwick.version", &[])
        .expect("a table");
    assert_eq!(versions.len(), 1);
}

/// On connections of one store, and of a store each.
pub(crate) fn what_a_journal_promises() {
    let store = journals(&database("promises"));
    conformance::holds(&|account: &str| -> Arc<dyn Journal> { Arc::new(store.account(account)) });
    let address = database("promises_apart");
    conformance::holds(&|account: &str| -> Arc<dyn Journal> {
        Arc::new(journals(&address).account(account))
    });
}

pub(crate) fn accounts_are_apart() {
    let store = journals(&database("apart"));
    let accounts = ["", "A", "a", "a ", "a\u{308}", "x y'z%\\", "ä"];
    for account in accounts {
        let named = Some(account).filter(|it| !it.is_empty());
        let (journal, begins) = (store.account(account), beginning(named));
        journal.begin(&begins).expect("a beginning");
        let next = record(named, &begins.head, account);
        journal.append(begins.head, &next).expect("appended");
    }
    for account in accounts {
        let named = Some(account).filter(|it| !it.is_empty());
        assert_eq!(notes(&store.account(account), named), [account]);
    }
    assert_eq!(store.accounts().expect("a server"), accounts);
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
    let journal = journals(&as_host).only_account();
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
    let journal = journals(&address).only_account();
    journal.begin(&beginning(None)).expect("a beginning");
    let newer = "UPDATE bailiwick.version SET version = 2";
    client(&address)
        .batch_execute(newer)
        .expect("a newer product");
    for refused in [
        PostgresJournals::open(&address),
        PostgresJournals::create(&address),
    ] {
        let refused = refused.err().expect("tables of a newer version");
        assert!(
            matches!(refused, PostgresError::UnknownVersion { version: 2 }),
            "{refused}"
        );
    }
    // The one that is open already finds out when it connects anew.
    client(&address)
        .batch_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bailiwick'")
        .expect("connections ended");
    let found = journal.head().expect_err("a newer version").to_string();
    assert!(found.contains("version `2`"), "{found}");
    let empty = PostgresJournals::open(&database("empty")).err();
    assert!(matches!(empty, Some(PostgresError::Missing)), "{empty:?}");
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
    let (journal, other) = (store.only_account(), store.only_account());
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

/// Nobody sees what may be lost yet, also where the host's own transactions may be.
pub(crate) fn in_the_hosts_transaction_it_is_durable() {
    let address = database("durable");
    let journal = journals(&address).only_account();
    let begins = beginning(None);
    journal.begin(&begins).expect("a beginning");
    client(&address)
        .batch_execute("ALTER DATABASE durable SET synchronous_commit = off")
        .expect("a setting");
    let mut host = client(&address);
    let setting = "SHOW synchronous_commit";
    let mut transaction = host.transaction().expect("a transaction");
    let second = record(None, &begins.head, "second");
    journal
        .append_in(&mut transaction, begins.head, &second)
        .expect("appended");
    let within = transaction.query_one(setting, &[]).expect("a setting");
    assert_eq!(within.get::<_, &str>(0), "on");
    transaction.commit().expect("committed");
    let after = host.query_one(setting, &[]).expect("a setting");
    assert_eq!(
        after.get::<_, &str>(0),
        "off",
        "the host's own is as it was"
    );
    assert_eq!(notes(&journal, None), ["second"]);
}

/// Where it cannot see who was first, the host begins anew.
pub(crate) fn in_the_hosts_transaction_above_read_committed() {
    let address = database("repeatable");
    let store = journals(&address);
    let (journal, other) = (store.only_account(), store.only_account());
    let begins = beginning(None);
    journal.begin(&begins).expect("a beginning");
    let mut host = client(&address);
    for level in [IsolationLevel::RepeatableRead, IsolationLevel::Serializable] {
        let head = journal.head().expect("a server").expect("begun");
        let builder = host.build_transaction().isolation_level(level);
        let mut transaction = builder.start().expect("a transaction");
        transaction.query_one("SELECT 1", &[]).expect("a snapshot");
        let rival = record(None, &head, "rival");
        other.append(head, &rival).expect("appended");
        let late = record(None, &head, "late");
        let refused = journal.append_in(&mut transaction, head, &late);
        assert!(
            matches!(refused, Err(AppendError::Journal(_))),
            "{refused:?}"
        );
        assert!(transaction.query_one("SELECT 1", &[]).is_err(), "it ended");
        transaction.rollback().expect("rolled back");
        assert_eq!(journal.head().expect("a server"), Some(rival.head()));
    }
    assert_eq!(notes(&journal, None), ["rival", "rival"]);
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
        .only_account()
        .begin(&begins)
        .expect("a beginning");
    let done = AtomicBool::new(false);
    let conflicts: usize = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let journal = journals(&address).only_account();
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
                        let journal = journals(address).only_account();
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
    let notes = notes(&journals(&address).only_account(), None);
    assert_eq!(notes.len(), WRITERS * EACH);
    assert_eq!(notes.iter().collect::<BTreeSet<_>>().len(), WRITERS * EACH);
    assert!(conflicts > 0, "nobody was ever late");
    println!(
        "  {} appended by {WRITERS} writers, {conflicts} conflicts",
        WRITERS * EACH
    );
}
