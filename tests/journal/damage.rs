//! Whatever is wrong with a journal is refused, with its place; what was restored before stays.

use std::collections::BTreeMap;

use bailiwick::admin::Change;
use bailiwick::document::{DirectoryDocument, PolicyDocument, RoleDocument, UserDocument};
use bailiwick::journal::{
    AppendError, Damage, Digest, Head, Journal, JournalError, MemoryJournal, Sealed,
    SealedSnapshot, Snapshot, audit, begin, catalog_digest, restore,
};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

use crate::shop;

/// A journal that says whatever it was made to say.
#[derive(Clone)]
struct Said {
    head: Option<Head>,
    records: Vec<Sealed>,
    snapshot: Option<SealedSnapshot>,
    catalogs: BTreeMap<Digest, Vec<u8>>,
}

impl Journal for Said {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        Ok(self.head)
    }

    fn begin(&self, _: &SealedSnapshot) -> Result<(), AppendError> {
        unreachable!("it is only read")
    }

    fn append(&self, _: Head, _: &Sealed) -> Result<u64, AppendError> {
        unreachable!("it is only read")
    }

    fn read_from(&self, revision: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        // In the order in which they lie there.
        let from = self.records.iter().position(|it| it.revision > revision);
        let records = from.map_or(&[][..], |from| &self.records[from..]);
        Ok(records.iter().take(limit).cloned().collect())
    }

    fn save_snapshot(&self, _: &SealedSnapshot) -> Result<(), JournalError> {
        unreachable!("it is only read")
    }

    fn snapshot(&self, _: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        Ok(self.snapshot.clone())
    }

    fn save_catalog(&self, _: &Digest, _: &[u8]) -> Result<(), JournalError> {
        unreachable!("it is only read")
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.catalogs.get(digest).cloned())
    }
}

const MANY: usize = 5;

/// A journal of a few records, and the catalog to read it with: a later one, so that its own is read too.
fn said() -> (Said, Catalog) {
    let (journal, catalog) = (MemoryJournal::new(), shop::catalog());
    let engine = shop::engine(&catalog);
    let began = begin(&journal, &engine, Timestamp(0)).expect("it begins");
    shop::append(&journal, began, engine, MANY);
    let mut later = catalog.document().clone();
    later.version += 1;
    let said = Said {
        head: journal.head().expect("it reads"),
        records: journal.read_from(0, usize::MAX).expect("it reads"),
        snapshot: journal.snapshot(u64::MAX).expect("it reads"),
        catalogs: BTreeMap::from([(
            catalog_digest(&catalog),
            serde_json::to_vec(catalog.document()).expect("it is written"),
        )]),
    };
    (
        said,
        Catalog::new(later, Warnings::Into(&mut Vec::new())).expect("it loads"),
    )
}

#[track_caller]
fn refused(said: &Said, catalog: &Catalog) -> JournalError {
    match restore(said, catalog, None, None) {
        Ok(_) => panic!("what was damaged is restored"),
        Err(error) => error,
    }
}

/// As many ways as make sense to be another byte.
fn others(byte: u8) -> [u8; 4] {
    [
        byte ^ 1,
        byte ^ 0x80,
        byte.wrapping_add(1),
        if byte == b' ' { 0 } else { b' ' },
    ]
}

#[test]
fn untouched_it_is_restored() {
    let (said, catalog) = said();
    assert!(restore(&said, &catalog, None, None).is_ok());
}

#[test]
fn every_byte_of_a_record_counts() {
    let (said, catalog) = said();
    let mut tried = 0;
    for (i, record) in said.records.iter().enumerate() {
        for (at, byte) in record.bytes.iter().enumerate() {
            for other in others(*byte) {
                let mut damaged = said.clone();
                damaged.records[i].bytes[at] = other;
                is_damaged(&refused(&damaged, &catalog), record.revision);
                tried += 1;
            }
        }
        for length in 0..record.bytes.len() {
            let mut damaged = said.clone();
            damaged.records[i].bytes.truncate(length);
            is_damaged(&refused(&damaged, &catalog), record.revision);
        }
        for at in 0..32 {
            for other in others(record.digest.0[at]) {
                let mut damaged = said.clone();
                damaged.records[i].digest.0[at] = other;
                is_damaged(&refused(&damaged, &catalog), record.revision);
            }
        }
        let mut damaged = said.clone();
        damaged.records[i].bytes.push(b' ');
        is_damaged(&refused(&damaged, &catalog), record.revision);
    }
    println!("{tried} bytes");
}

#[track_caller]
fn is_damaged(error: &JournalError, at: u64) {
    assert!(
        matches!(error, JournalError::Damaged { revision, damage: Damage::Digest } if *revision == at),
        "at {at}: {error}"
    );
}

#[test]
fn no_page_shows_a_record_that_is_not_what_was_written() {
    let (said, _) = said();
    let ends = said.head.expect("it has a head").revision;
    for (i, record) in said.records.iter().enumerate() {
        let mut damaged = said.clone();
        damaged.records[i].bytes.push(b' ');
        // Whichever page it is on, also where it says what the page follows or that the page is whole.
        for limit in 1..=MANY {
            let on = Some(record.revision + 1);
            let page = audit(&damaged, None, on, limit).err();
            is_damaged(&page.expect("a damaged page"), record.revision);
            let after_page = audit(&damaged, None, Some(record.revision), limit);
            if i > 0 {
                is_damaged(&after_page.expect_err("a damaged end"), record.revision);
            }
        }
        let mut missing = said.clone();
        missing.records.remove(i);
        let page = audit(&missing, None, None, MANY);
        let Err(JournalError::Gap { .. } | JournalError::CutOff { .. }) = page else {
            panic!("revision {} is missing: {page:?}", record.revision);
        };
    }
    let mut forked = said.clone();
    forked.head = Some(Head {
        revision: ends,
        digest: Digest([9; 32]),
    });
    let page = audit(&forked, None, None, 2);
    assert!(
        matches!(page, Err(JournalError::Forked { revision }) if revision == ends),
        "{page:?}"
    );
    let nothing = Said { head: None, ..said };
    let page = audit(&nothing, None, None, 2);
    assert!(matches!(page, Err(JournalError::Empty)), "{page:?}");
}

#[test]
fn every_byte_of_a_snapshot_counts() {
    let (said, catalog) = said();
    let snapshot = said.snapshot.clone().expect("it is there");
    let with = |snapshot| Said {
        snapshot: Some(snapshot),
        ..said.clone()
    };
    for at in 0..snapshot.bytes.len() {
        for other in others(snapshot.bytes[at]) {
            let mut damaged = snapshot.clone();
            damaged.bytes[at] = other;
            is_damaged(&refused(&with(damaged), &catalog), 1);
        }
        let mut damaged = snapshot.clone();
        damaged.bytes.truncate(at);
        is_damaged(&refused(&with(damaged), &catalog), 1);
    }
    for at in 0..32 {
        let mut damaged = snapshot.clone();
        damaged.checksum.0[at] ^= 1;
        is_damaged(&refused(&with(damaged), &catalog), 1);
        let mut damaged = snapshot.clone();
        damaged.head.digest.0[at] ^= 1;
        is_damaged(&refused(&with(damaged), &catalog), 1);
    }
    for revision in [0, 2, 100] {
        let mut damaged = snapshot.clone();
        damaged.head.revision = revision;
        refused(&with(damaged), &catalog);
    }
}

#[test]
fn every_byte_of_a_catalog_counts() {
    let (said, catalog) = said();
    let (digest, document) = said.catalogs.iter().next().expect("one is kept");
    for at in 0..document.len() {
        for other in others(document[at]) {
            let mut damaged = said.clone();
            let mut document = document.clone();
            document[at] = other;
            damaged.catalogs.insert(*digest, document);
            let error = refused(&damaged, &catalog);
            assert!(
                matches!(
                    error,
                    JournalError::Damaged { revision: 1, .. }
                        | JournalError::Unsound { revision: 1, .. }
                ),
                "{error}"
            );
        }
    }
    let without = Said {
        catalogs: BTreeMap::new(),
        ..said
    };
    let error = refused(&without, &catalog);
    assert!(
        matches!(error, JournalError::UnknownCatalog { revision: 1, .. }),
        "{error}"
    );
}

#[test]
fn the_head_counts() {
    let (said, catalog) = said();
    let head = said.head.expect("it was begun");
    for at in 0..32 {
        let mut digest = head.digest;
        digest.0[at] ^= 0x10;
        let head = Some(Head { digest, ..head });
        let error = refused(
            &Said {
                head,
                ..said.clone()
            },
            &catalog,
        );
        assert!(matches!(error, JournalError::Forked { .. }), "{error}");
    }
    for revision in (0..head.revision).chain([head.revision + 1, u64::MAX]) {
        let head = Some(Head { revision, ..head });
        let error = refused(
            &Said {
                head,
                ..said.clone()
            },
            &catalog,
        );
        assert!(
            matches!(
                error,
                JournalError::Forked { .. }
                    | JournalError::Gap { .. }
                    | JournalError::CutOff { .. }
            ),
            "{revision}: {error}"
        );
    }
    let error = refused(
        &Said {
            head: None,
            ..said.clone()
        },
        &catalog,
    );
    assert!(matches!(error, JournalError::Empty), "{error}");
    let error = refused(
        &Said {
            snapshot: None,
            ..said
        },
        &catalog,
    );
    assert!(matches!(error, JournalError::Gap { .. }), "{error}");
}

#[test]
fn records_missing_swapped_or_twice() {
    let (said, catalog) = said();
    let with = |records| Said {
        records,
        ..said.clone()
    };
    let is_gap = |error: JournalError, at: u64| {
        assert!(
            matches!(
                error,
                JournalError::Gap { expected, .. } | JournalError::CutOff { expected, .. }
                    if expected == at
            ),
            "at {at}: {error}"
        );
    };
    for i in 0..MANY {
        let mut records = said.records.clone();
        let dropped = records.remove(i).revision;
        is_gap(refused(&with(records), &catalog), dropped);
        // An answer that ends too early is no shorter history.
        let records = said.records[..i].to_vec();
        is_gap(refused(&with(records), &catalog), dropped);
        let mut records = said.records.clone();
        records.insert(i, records[i].clone());
        match i + 1 < MANY {
            true => is_gap(refused(&with(records), &catalog), dropped + 1),
            // What comes after the head is not read.
            false => assert!(restore(&with(records), &catalog, None, None).is_ok()),
        }
        for j in i + 1..MANY {
            let mut records = said.records.clone();
            records.swap(i, j);
            refused(&with(records), &catalog);
            // As they would be, were their numbers alone put right.
            let mut records = said.records.clone();
            records.swap(i, j);
            (records[i].revision, records[j].revision) = (dropped, records[i].revision);
            is_damaged(&refused(&with(records), &catalog), dropped);
        }
    }
}

fn of_account(account: &str) -> (Said, Catalog, Engine) {
    let mut document = shop::catalog().document().clone();
    document.accounts = bailiwick::document::AccountsServed::Many;
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).expect("it loads");
    let mut policy = PolicyDocument::new(1);
    policy.account = Some(account.to_owned());
    policy
        .roles
        .push(RoleDocument::new("seller").grant("orders"));
    let users = DirectoryDocument::new([UserDocument::new("bob")]);
    let loaded = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("it loads");
    let mut engine = loaded;
    let journal = MemoryJournal::new();
    let mut head = begin(&journal, &engine, Timestamp(0)).expect("it begins");
    for _ in 0..MANY {
        let (mut record, after) = shop::record(&engine, shop::turn(&engine));
        record.account = Some(account.to_owned());
        let sealed = record.seal(&head).expect("it is sealed");
        journal.append(head, &sealed).expect("it is appended");
        (head, engine) = (sealed.head(), after);
    }
    let said = Said {
        head: Some(head),
        records: journal.read_from(0, usize::MAX).expect("it reads"),
        snapshot: journal.snapshot(u64::MAX).expect("it reads"),
        catalogs: BTreeMap::new(),
    };
    (said, catalog, engine)
}

#[test]
fn another_accounts_records_and_snapshots() {
    let (acme, catalog, engine) = of_account("acme");
    let (globex, ..) = of_account("globex");
    let restored = |said: &Said, account| restore(said, &catalog, account, None);
    let ours = restored(&acme, Some("acme")).expect("it restores");
    assert_eq!(ours.engine().directory(), engine.directory());
    for account in [Some("globex"), Some("ACME"), None] {
        let error = restored(&acme, account);
        assert!(
            matches!(&error, Err(JournalError::Foreign { revision: 1, account: Some(of) }) if of == "acme"),
            "{error:?}"
        );
    }
    for i in 0..MANY {
        let mut mixed = acme.clone();
        mixed.records[i] = globex.records[i].clone();
        let error = restored(&mixed, Some("acme")).expect_err("another's record");
        is_damaged(&error, i as u64 + 2);
    }
    // Even one that was chained to ours.
    let ours = restored(&acme, Some("acme")).expect("it restores");
    let (mut record, _) = shop::record(ours.engine(), shop::turn(ours.engine()));
    record.account = Some("globex".to_owned());
    let sealed = record.seal(&ours.head()).expect("it is sealed");
    let mut mixed = acme.clone();
    mixed.head = Some(sealed.head());
    mixed.records.push(sealed);
    let error = restored(&mixed, Some("acme")).expect_err("another's record");
    assert!(
        matches!(error, JournalError::Foreign { revision: 7, .. }),
        "{error}"
    );
}

/// Two journals of one beginning that part at the second revision.
#[test]
fn a_snapshot_of_another_history_at_the_revision_asked_for() {
    let catalog = shop::catalog();
    let parted = |note: &str| {
        let (journal, engine) = (MemoryJournal::new(), shop::engine(&catalog));
        let mut head = begin(&journal, &engine, Timestamp(0)).expect("it begins");
        let (mut record, engine) = shop::record(&engine, shop::turn(&engine));
        record.note = Some(note.to_owned());
        let sealed = record.seal(&head).expect("it is sealed");
        journal.append(head, &sealed).expect("it is appended");
        head = sealed.head();
        let snapshot = Snapshot::of(&engine, record.at).seal(head);
        shop::append(&journal, head, engine, MANY);
        Said {
            head: journal.head().expect("it reads"),
            records: journal.read_from(0, usize::MAX).expect("it reads"),
            snapshot: Some(snapshot.expect("it is sealed")),
            catalogs: BTreeMap::new(),
        }
    };
    let (ours, theirs) = (parted("ours"), parted("theirs"));
    let at = ours.snapshot.as_ref().map(|it| it.head.revision);
    assert_eq!(at, Some(2));
    restore(&ours, &catalog, None, at).expect("it restores");
    let mixed = Said {
        snapshot: theirs.snapshot,
        ..ours.clone()
    };
    for until in [at, Some(3), None] {
        let error = restore(&mixed, &catalog, None, until).expect_err("another history");
        is_damaged(&error, 3);
    }
    // What cannot be told is not guessed.
    let cut_off = Said {
        records: ours.records[..1].to_vec(),
        ..ours
    };
    let error = restore(&cut_off, &catalog, None, at).expect_err("nothing follows");
    assert!(
        matches!(error, JournalError::CutOff { expected: 3, .. }),
        "{error}"
    );
}

#[test]
fn what_was_restored_stays_as_it_is() {
    let (said, _) = said();
    let catalog = shop::catalog();
    let mut restored = restore(&said, &catalog, None, None).expect("it restores");
    let (head, engine) = (restored.head(), restored.engine().clone());
    let (record, after) = shop::record(&engine, shop::turn(&engine));
    let good = record.seal(&head).expect("it is sealed");
    let mut damaged = good.clone();
    damaged.bytes[3] ^= 1;
    let mut behind = record.clone();
    behind.revision = head.revision + 2;
    let ahead = behind
        .seal(&Head {
            revision: head.revision + 1,
            ..head
        })
        .expect("sealed");
    let mut unknown = record.clone();
    unknown.catalog = Digest([5; 32]);
    let unknown = unknown.seal(&head).expect("it is sealed");
    let mut refused = record.clone();
    refused.changes = vec![Change::assign_role("nobody", "seller")];
    let refused = refused.seal(&head).expect("it is sealed");
    for bad in [&damaged, &ahead, &unknown, &refused, &said.records[0]] {
        restored.replay(bad).expect_err("it is bad");
        assert_eq!(restored.head(), head);
        assert_eq!(restored.engine().directory(), engine.directory());
        assert_eq!(restored.engine().revision(), engine.revision());
    }
    restored.replay(&good).expect("it is good");
    assert_eq!(restored.engine().directory(), after.directory());
}

#[test]
fn a_form_of_the_future_is_not_guessed_at() {
    let engine = shop::engine(&shop::catalog());
    let mut snapshot = Snapshot::of(&engine, Timestamp(0));
    snapshot.format = 3;
    let error = snapshot.begin().expect_err("an unknown form");
    assert!(
        matches!(error, JournalError::UnknownFormat { format: 3, .. }),
        "{error}"
    );
}
