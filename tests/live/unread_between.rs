//! What is published while a host reads: never something that a record has taken which was there when it began
//! to read, and cannot be read here (D16).

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change};
use bailiwick::journal::{
    AppendError, Digest, Head, Journal, JournalError, MemoryJournal, Sealed, SealedSnapshot,
    keep_catalog,
};
use bailiwick::live::Live;

use super::{ORDERS, begun, catalog, catalog_of, name, opened};

/// A journal that notes what the host answers `user-1` and `boss` whenever it is asked something, and whose
/// reads fail from one on.
struct Watched<'a> {
    inner: &'a MemoryJournal,
    live: &'a Live,
    reads: AtomicUsize,
    fails_at: usize,
    seen: Mutex<Vec<[&'static str; 2]>>,
}

impl Watched<'_> {
    fn look(&self) {
        let asked = ["user-1", "boss"].map(|it| self.live.check(it, "list", &ORDERS).code());
        self.seen.lock().unwrap().push(asked);
    }
}

impl Journal for Watched<'_> {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        self.look();
        self.inner.head()
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        self.inner.begin(snapshot)
    }

    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        self.inner.append(expected, record)
    }

    fn read_from(&self, revision: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        self.look();
        if self.reads.fetch_add(1, Ordering::SeqCst) >= self.fails_at {
            return Err(JournalError::storage("the disk is away"));
        }
        self.inner.read_from(revision, limit)
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        self.inner.save_snapshot(snapshot)
    }

    fn snapshot(&self, at_most: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        self.look();
        self.inner.snapshot(at_most)
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        self.inner.save_catalog(digest, document)
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.look();
        self.inner.catalog(digest)
    }

    fn catalogs(&self) -> Result<Option<Vec<Digest>>, JournalError> {
        self.look();
        self.inner.catalogs()
    }
}

/// A host catches up with a journal of which `readable` records can be read before the one that suspends
/// `user-1`; whose reads fail from each one on in turn.
fn catches_up(readable: u64, starts: bool) {
    for fails_at in (0..12).chain([usize::MAX]) {
        let (journal, older) = begun();
        let live = match starts {
            true => Live::not_ready(&catalog(), None),
            false => opened(&journal, &catalog()),
        };
        for number in 0..readable {
            // The first gives what the last takes.
            let change = match number {
                0 => Change::assign_role(name(1), "seller"),
                _ => Change::DescribeUser {
                    user: name(2),
                    name: Some(number.to_string()),
                },
            };
            older
                .apply(&*journal, &Actor::System, Timestamp(1), vec![change], None)
                .unwrap();
        }
        let newer = catalog_of(2, "");
        keep_catalog(&*journal, &newer).unwrap();
        let change = Change::SuspendUser { user: name(1) };
        opened(&journal, &newer)
            .apply(&*journal, &Actor::System, Timestamp(2), vec![change], None)
            .unwrap();

        let watched = Watched {
            inner: &journal,
            live: &live,
            reads: AtomicUsize::new(0),
            fails_at,
            seen: Mutex::new(Vec::new()),
        };
        let error = live.catch_up(&watched).unwrap_err();
        let reads = watched.reads.load(Ordering::SeqCst);
        watched.look();
        let seen = watched.seen.into_inner().unwrap();
        let what = format!("{readable} readable, starts: {starts}, fails at {fails_at}: {error}");
        // Where the store fails between pages, what was read is published: an earlier state, and whole.
        let is_earlier = !starts && live.revision() < Some(readable);
        let looks = seen.len() - usize::from(is_earlier);
        for [taken_from, other] in &seen[..looks] {
            assert_ne!(*taken_from, "allowed", "{what}: {seen:?}");
            match starts {
                true => assert!(["allowed", "not_ready"].contains(other), "{what}: {seen:?}"),
                false => assert_eq!(*other, "allowed", "{what}: {seen:?}"),
            }
        }
        if fails_at == usize::MAX {
            assert!(error.is_newer(), "{what}");
            assert_eq!(live.revision(), Some(readable), "{what}");
            assert_eq!(seen.last(), Some(&["not_ready", "allowed"]), "{what}");
            assert!(reads <= 12, "{what}: every read was made to fail");
        }
    }
}

#[test]
fn a_host_that_starts_publishes_nothing_that_was_taken_meanwhile() {
    catches_up(0, true);
    catches_up(1, true);
    catches_up(300, true);
}

#[test]
fn a_running_host_publishes_nothing_that_was_taken_meanwhile() {
    catches_up(1, false);
    catches_up(300, false);
}
