//! A journal that fails as it is told to.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bailiwick::journal::{
    AppendError, Digest, Head, Journal, JournalError, MemoryJournal, Sealed, SealedSnapshot,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nothing answers.
    Down,
    /// Whoever asks panics.
    Panics,
    /// Whoever asks waits until it is another.
    Hangs,
    /// The record is not written, and the answer is an error.
    AppendFails,
    /// The record is written, and the answer is an error all the same.
    AnswerLost,
    /// The same, and then nothing answers.
    AnswerLostThenDown,
    /// The record is written later, and the answer is an error.
    WritesLater,
    /// Another host's change is written first, then the record is not.
    OtherFirst,
    /// No snapshot is kept.
    KeepsNothing,
    /// Records are read as none.
    ReadsNothing,
    /// The head is that of a journal that was never begun.
    HeadGone,
    /// A byte of every record that is read is another.
    Flipped,
    /// The first record that is read is left out.
    Skips,
}

type Other = Box<dyn FnMut() + Send>;

/// Those that were cloned fail together.
#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) inner: Arc<MemoryJournal>,
    pub(crate) fault: Arc<Mutex<Fault>>,
    /// What another host does, for `OtherFirst`.
    pub(crate) other: Arc<Mutex<Option<Other>>>,
    /// What is written yet, for `WritesLater`.
    pub(crate) later: Arc<Mutex<Option<(Head, Sealed)>>>,
    /// How many records were appended by way of this.
    pub(crate) appended: Arc<AtomicU64>,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Faulty {
    pub(crate) fn new(inner: &Arc<MemoryJournal>) -> Arc<Faulty> {
        Arc::new(Faulty {
            inner: Arc::clone(inner),
            fault: Arc::new(Mutex::new(Fault::None)),
            other: Arc::default(),
            later: Arc::default(),
            appended: Arc::default(),
            asked: Arc::default(),
        })
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn fault(&self) -> Result<Fault, JournalError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        while *self.fault.lock().unwrap() == Fault::Hangs {
            std::thread::sleep(Duration::from_millis(1));
        }
        match *self.fault.lock().unwrap() {
            Fault::Down => Err(broken()),
            Fault::Panics => panic!("a journal with a bug"),
            fault => Ok(fault),
        }
    }
}

fn broken() -> JournalError {
    JournalError::storage("the disk is away")
}

impl Journal for Faulty {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        match self.fault()? {
            Fault::HeadGone => Ok(None),
            _ => self.inner.head(),
        }
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        self.inner.begin(snapshot)
    }

    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        let fault = self.fault()?;
        if fault == Fault::AppendFails {
            return Err(broken().into());
        }
        if fault == Fault::WritesLater {
            *self.later.lock().unwrap() = Some((expected, record.clone()));
            return Err(AppendError::Unknown(broken()));
        }
        if fault == Fault::OtherFirst
            && let Some(other) = &mut *self.other.lock().unwrap()
        {
            other();
        }
        let appended = self.inner.append(expected, record)?;
        self.appended.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::AnswerLost => Err(broken().into()),
            Fault::AnswerLostThenDown => {
                self.set(Fault::Down);
                Err(broken().into())
            }
            _ => Ok(appended),
        }
    }

    fn read_from(&self, revision: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        let fault = self.fault()?;
        let mut records = self.inner.read_from(revision, limit)?;
        match fault {
            Fault::ReadsNothing => records.clear(),
            Fault::Skips if !records.is_empty() => drop(records.remove(0)),
            Fault::Flipped => {
                for record in &mut records {
                    *record.bytes.last_mut().unwrap() ^= 1;
                }
            }
            _ => {}
        }
        Ok(records)
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        match self.fault()? {
            Fault::KeepsNothing => Err(broken()),
            _ => self.inner.save_snapshot(snapshot),
        }
    }

    fn snapshot(&self, at_most: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        self.fault()?;
        self.inner.snapshot(at_most)
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        self.fault()?;
        self.inner.save_catalog(digest, document)
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.fault()?;
        self.inner.catalog(digest)
    }

    fn wait(&self, at_most: Duration) -> bool {
        // Hints are lost.
        std::thread::sleep(at_most);
        false
    }
}
