//! A journal in memory: for tests, and for hosts that keep their history themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{AppendError, Digest, Head, Journal, JournalError, Sealed, SealedSnapshot};

/// A journal that lasts as long as the process: durable is here what every thread can read.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
/// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::journal::{self, Journal, MemoryJournal};
/// let journal = MemoryJournal::new();
/// assert_eq!(journal.head()?, None);
///
/// let head = journal::begin(&journal, &engine, Timestamp(0))?;
/// assert_eq!(journal.head()?, Some(head));
/// let restored = journal::restore(&journal, &catalog, None, None)?;
/// assert_eq!(restored.engine().directory(), engine.directory());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct MemoryJournal {
    stored: Mutex<Stored>,
    appended: Condvar,
}

#[derive(Default)]
struct Stored {
    /// Where the first record follows.
    beginning: Option<Head>,
    /// Each a revision further than the one before.
    records: Vec<Sealed>,
    snapshots: BTreeMap<u64, SealedSnapshot>,
    catalogs: BTreeMap<Digest, Vec<u8>>,
}

impl Stored {
    fn head(&self) -> Option<Head> {
        self.records.last().map(Sealed::head).or(self.beginning)
    }

    /// The records after a revision.
    fn after(&self, revision: u64) -> &[Sealed] {
        let from = self.records.partition_point(|it| it.revision <= revision);
        self.records.get(from..).unwrap_or_default()
    }

    /// Whether the journal ever ended there.
    fn had(&self, head: Head) -> bool {
        let before = head.revision.checked_sub(1);
        let record = before.and_then(|before| self.after(before).first());
        record.map(Sealed::head) == Some(head) || self.beginning == Some(head)
    }
}

impl MemoryJournal {
    /// One that is not begun.
    pub fn new() -> MemoryJournal {
        MemoryJournal::default()
    }

    /// Nothing that holds the lock can panic half-way.
    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        Ok(self.stored().head())
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        let mut stored = self.stored();
        if let Some(head) = stored.head() {
            return Err(AppendError::Conflict { head: Some(head) });
        }
        stored.beginning = Some(snapshot.head);
        let snapshot = snapshot.clone();
        stored.snapshots.insert(snapshot.head.revision, snapshot);
        self.appended.notify_all();
        Ok(())
    }

    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        record.follows(&expected)?;
        let mut stored = self.stored();
        let head = stored.head();
        if head != Some(expected) {
            return Err(AppendError::Conflict { head });
        }
        stored.records.push(record.clone());
        self.appended.notify_all();
        Ok(record.revision)
    }

    fn read_from(&self, revision: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        let stored = self.stored();
        let records = stored.after(revision);
        Ok(records.iter().take(limit).cloned().collect())
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        let mut stored = self.stored();
        let revision = snapshot.head.revision;
        let beginning = stored.beginning.ok_or(JournalError::Empty)?;
        if !stored.had(snapshot.head) {
            return Err(JournalError::Forked { revision });
        }
        if revision != beginning.revision {
            stored.snapshots.insert(revision, snapshot.clone());
        }
        Ok(())
    }

    fn snapshot(&self, at_most: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        let stored = self.stored();
        let newest = stored.snapshots.range(..=at_most).next_back();
        Ok(newest.map(|(_, snapshot)| snapshot.clone()))
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        let mut stored = self.stored();
        let kept = stored.catalogs.entry(*digest);
        kept.or_insert_with(|| document.to_vec());
        Ok(())
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        Ok(self.stored().catalogs.get(digest).cloned())
    }

    fn catalogs(&self) -> Result<Option<Vec<Digest>>, JournalError> {
        Ok(Some(self.stored().catalogs.keys().copied().collect()))
    }

    fn wait(&self, at_most: Duration) -> bool {
        let stored = self.stored();
        let waited = self.appended.wait_timeout(stored, at_most);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryJournal")
            .field(&self.stored().head())
            .finish()
    }
}
