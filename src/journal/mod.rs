//! The journal: every applied transaction of an account, in order, durable (A7).
//!
//! A journal begins with a [`Snapshot`]; [`Record`]s follow, each one revision further, chained by
//! digests as a hash chain (Haber and Stornetta, *How to Time-Stamp a Digital Document*, 1991): whoever
//! has the [`Head`], and reads every record from the beginning, knows whether all that led to it is what it
//! was. A later snapshot is held against the records after it, so that it stands where it says; a checksum
//! tells whether it was damaged, not whether somebody wrote another. Journals themselves store bytes and
//! compare numbers; what the bytes mean is decided here, once.
//!
//! **Personal data.** A record holds what its changes say: ids and names of users, their properties,
//! positions and assignments, ids of actors, and the note; a snapshot holds the directory. Nothing of a
//! resource is ever in either, and so no value that is masked (A7, M1): changes have no place for one.
//!
//! The digests do not chain names and properties of users, nor notes, but salted digests of them. The values
//! stand on a line of their own. [`Sealed::erase`] and [`SealedSnapshot::erase`] take those of one user out of
//! it, once this user was removed, and the chain still proves the rest. Ids stay: ids that say nothing are used
//! here. Of an account restored as of a time when the user was there, [`Restored::erased`] tells that it is not
//! whole. In format 1 everything is chained, and nothing can be erased.

mod audit;
mod digest;
mod feed;
mod history;
mod memory;
mod nested;
mod older;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod refused;
mod replay;
mod snapshot;
#[cfg(feature = "sqlite")]
mod sqlite;
mod taken;
mod withheld;

pub use audit::{AuditEntry, AuditPage, audit};
pub use digest::{Digest, DigestError};
pub use feed::{Feed, Reached, Written};
pub use history::{Between, Difference, Entry, History, Item, ItemDocument, history};
pub use memory::MemoryJournal;
pub use older::OlderCatalogs;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresError, PostgresFeed, PostgresJournal, PostgresJournals};
pub(crate) use record::Outline;
pub use record::{Record, Sealed};
pub use refused::{RefusedSink, RefusedTransaction};
pub use replay::{Restored, restore};
pub(crate) use replay::{can_read, restore_from};
pub use snapshot::{SealedSnapshot, Snapshot};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteError, SqliteFeed, SqliteJournal, SqliteJournals};
pub use taken::TakesFrom;

use std::error::Error;
use std::fmt;
use std::time::Instant;

use crate::admin::Refused;
use crate::document::Problems;
use crate::{Catalog, Engine, Timestamp};

/// The version of records and snapshots that is written. Those of every earlier version are read, and a
/// journal goes on in this one, whichever it began in.
pub const FORMAT: u32 = 2;

/// Where a store ends a page of records, which it does not before there is one.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
const PAGE_BYTES: usize = 8 << 20;

/// Where a journal ends: two that have one head have one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// The revision that the last record made.
    pub revision: u64,
    /// The digest of the last record, and so of all.
    pub digest: Digest,
}

/// The journal of one account. Stores implement it; it is all that the rest of the crate asks of one.
///
/// Everything is durable when a call returns, and nothing is visible to any reader before it is.
pub trait Journal: Send + Sync {
    /// Where it ends; `None` where it was never begun.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn head(&self) -> Result<Option<Head>, JournalError>;

    /// Begins it with a snapshot, which it keeps for ever; [`begin`] keeps the catalog as well.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] where it was begun before.
    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError>;

    /// Appends a record that makes revision `expected + 1`; the revision.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] where the journal does not end at the revision and digest that the
    /// record follows: nothing is written then. [`AppendError::Unknown`] where it may come to be in it after
    /// this has returned.
    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError>;

    /// At most `limit` records after a revision, in order, without gaps; none of a journal that was never
    /// begun, and none after its end. A store may give fewer than there are, so that they do not take all of
    /// the memory, but at least one.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn read_from(&self, revision: u64, limit: usize) -> Result<Vec<Sealed>, JournalError>;

    /// Keeps a snapshot, for whoever starts or has fallen behind. Records stay, and so does the snapshot
    /// that the journal began with; another of the same revision is replaced.
    ///
    /// # Errors
    /// [`JournalError::Empty`] of a journal that was never begun, [`JournalError::Forked`] where it never
    /// ended at that head, [`JournalError::Storage`].
    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError>;

    /// The newest snapshot of at most that revision; at the latest, the one that it began with.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn snapshot(&self, at_most: u64) -> Result<Option<SealedSnapshot>, JournalError>;

    /// Keeps a catalog's document by its digest, so that what was recorded under it can be replayed
    /// when the product ships another. Keeping one twice does nothing.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError>;

    /// A catalog's document.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError>;

    /// The digests of all catalogs that it keeps, in any order; `None` of a store that does not tell, and whose
    /// records then name more people than they would ([`OlderCatalogs`]).
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    fn catalogs(&self) -> Result<Option<Vec<Digest>>, JournalError> {
        Ok(None)
    }

    /// Returns the same journal with one deadline for all calls: that of a single call.
    /// [`Live::apply`](crate::live::Live::apply) makes several calls, and so takes no longer than one. Returns
    /// `None` if the store does not bound its calls.
    fn for_one_call(&self) -> Option<OneCall<'_>> {
        None
    }

    /// Waits until there may be something new, or the time is over; whether there was a hint. Hints may
    /// be lost and may be wrong: whoever follows reads the journal all the same. This one only sleeps.
    fn wait(&self, at_most: std::time::Duration) -> bool {
        std::thread::sleep(at_most);
        false
    }
}

/// A journal whose calls are over by one time; made by [`Journal::for_one_call`].
pub struct OneCall<'j> {
    /// The journal. A call that begins when the time is over writes nothing, or waits for nothing.
    pub journal: Box<dyn Journal + 'j>,
    /// When its calls are over.
    pub until: Instant,
}

impl fmt::Debug for OneCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneCall")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// Begins a journal with an engine: keeps its catalog, and its account whole as of `at`. Whether an account
/// is new is for the host to know: a journal that was lost is as empty.
///
/// Cost: linear in the account.
///
/// # Errors
/// [`AppendError::Conflict`] where the journal was begun before.
pub fn begin(journal: &dyn Journal, engine: &Engine, at: Timestamp) -> Result<Head, AppendError> {
    let snapshot = Snapshot::of(engine, at).begin()?;
    let bounded = journal.for_one_call();
    let journal = bounded.as_ref().map_or(journal, |it| &*it.journal);
    keep_catalog(journal, engine.catalog())?;
    journal.begin(&snapshot)?;
    Ok(snapshot.head)
}

/// Keeps a catalog in a journal, before the first record that is made under it; its digest.
///
/// # Errors
/// [`JournalError::Storage`].
pub fn keep_catalog(journal: &dyn Journal, catalog: &Catalog) -> Result<Digest, JournalError> {
    let digest = catalog_digest(catalog);
    let document = serde_json::to_vec(catalog.document()).map_err(JournalError::storage)?;
    journal.save_catalog(&digest, &document)?;
    Ok(digest)
}

/// Why a record was not appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Somebody else was first.
    #[error("the journal has gone on: it ends at {}", Ending(.head))]
    Conflict {
        /// Where the journal ends.
        head: Option<Head>,
    },
    /// The store failed. Whether the record is in it shows in its head.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store failed, and nothing of the record was written, nor will be: it was away before it was asked,
    /// say, or full.
    #[error(transparent)]
    NotWritten(JournalError),
    /// The store failed, and the record may come to be in it yet, after its head was read without it: on a
    /// server that goes on with what was asked when the connection was lost; from a file, written and not
    /// synced, after a crash.
    #[error(transparent)]
    Unknown(JournalError),
}

struct Ending<'a>(&'a Option<Head>);

impl fmt::Display for Ending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(head) => write!(f, "revision {}", head.revision),
            None => f.write_str("nothing"),
        }
    }
}

/// What is wrong with a journal, and where. The engine that was live stays live.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// It was never begun.
    #[error("the journal is empty: it was never begun")]
    Empty,
    /// Records are missing.
    #[error("the journal has a gap: revision {expected} is missing, and {found} comes next")]
    Gap {
        /// The revision that should come.
        expected: u64,
        /// The one that comes.
        found: u64,
    },
    /// Its last records are missing, and it says that there are more.
    #[error("the journal is cut off: revision {expected} is missing, and it ends at {ends}")]
    CutOff {
        /// The revision that should come.
        expected: u64,
        /// Where it says that it ends.
        ends: u64,
    },
    /// It ends before the revision that was asked for.
    #[error("the journal ends at revision {revision}: {asked} is not in it")]
    Ends {
        /// Where it ends.
        revision: u64,
        /// What was asked for.
        asked: u64,
    },
    /// It ends before what was read of it earlier.
    #[error("the journal went back: it ends at revision {found}, and {had} was read before")]
    WentBack {
        /// The revision that was read.
        had: u64,
        /// Where it ends now.
        found: u64,
    },
    /// It holds another history than what was read of it earlier.
    #[error("from revision {revision} on, the journal differs from what was read before")]
    Forked {
        /// The revision.
        revision: u64,
    },
    /// A record or snapshot is not what was written.
    #[error("revision {revision} of the journal is damaged: {damage}")]
    Damaged {
        /// Its revision.
        revision: u64,
        /// What is wrong with it.
        damage: Damage,
    },
    /// A record or snapshot of another account.
    #[error("revision {revision} of the journal is another account's")]
    Foreign {
        /// Its revision.
        revision: u64,
        /// The account that it states.
        account: Option<String>,
    },
    /// A record or snapshot of a form that this version of the crate does not know.
    #[error("revision {revision} of the journal has format `{format}`; this is format `{FORMAT}`")]
    UnknownFormat {
        /// Its revision.
        revision: u64,
        /// The form that it states.
        format: u32,
    },
    /// A record or snapshot that holds what this version of the crate does not know: a newer one wrote it.
    #[error(
        "revision {revision} of the journal was written by a newer version of the crate: {what}"
    )]
    UnknownForm {
        /// Its revision.
        revision: u64,
        /// What is not known.
        what: String,
    },
    /// Nothing is written by a host that cannot read what others have written (D16).
    #[error(
        "the journal has gone on to revision {ends}, which cannot be read here past {revision}: \
         nothing is written"
    )]
    Behind {
        /// The last revision that was read whole.
        revision: u64,
        /// The last that there is, as far as was seen.
        ends: u64,
    },
    /// A record was made under a catalog that the journal does not have.
    #[error(
        "revision {revision} was made under a catalog that the journal does not have: {digest}"
    )]
    UnknownCatalog {
        /// The record's revision.
        revision: u64,
        /// The catalog's digest.
        digest: Digest,
    },
    /// A record was made under a newer version of the catalog than the one to read it with.
    #[error(
        "revision {revision} was made under version `{version}` of the catalog, which is newer than `{own}`"
    )]
    NewerCatalog {
        /// The revision that was read to.
        revision: u64,
        /// The version of its catalog.
        version: u32,
        /// The version that is known here.
        own: u32,
    },
    /// What was stored does not load under the catalog.
    #[error("revision {revision} does not load: {problems}")]
    Unsound {
        /// The revision.
        revision: u64,
        /// Every problem.
        problems: Problems,
    },
    /// A record is refused where it is replayed.
    #[error("revision {revision} cannot be replayed: {refused}")]
    Refused {
        /// The record's revision.
        revision: u64,
        /// Why.
        refused: Box<Refused>,
    },
    /// The store failed.
    #[error("the store failed: {0}")]
    Storage(#[source] Box<dyn Error + Send + Sync>),
}

/// What is wrong with something stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its digest is another: it was changed, or something before it was.
    #[error("its digest does not match")]
    Digest,
    /// It is not of the form that it states.
    #[error("it cannot be read: {0}")]
    Malformed(String),
}

impl JournalError {
    /// Of a store.
    pub fn storage(error: impl Into<Box<dyn Error + Send + Sync>>) -> JournalError {
        JournalError::Storage(error.into())
    }

    /// Whether nothing is wrong with the journal, and a newer host wrote what cannot be read here: a newer
    /// version of the catalog, or of the crate.
    pub fn is_newer(&self) -> bool {
        matches!(
            self,
            JournalError::UnknownFormat { .. }
                | JournalError::UnknownForm { .. }
                | JournalError::NewerCatalog { .. }
        )
    }

    pub(crate) fn damaged(revision: u64, damage: Damage) -> JournalError {
        JournalError::Damaged { revision, damage }
    }
}

/// The digest of a catalog's document. Cost: linear in the document.
pub fn catalog_digest(catalog: &Catalog) -> Digest {
    // A document in memory can always be written as JSON: its maps have texts as keys.
    let document = serde_json::to_vec(catalog.document()).unwrap_or_default();
    digest_of_catalog(&document)
}

fn digest_of_catalog(document: &[u8]) -> Digest {
    Digest::of(&[b"bailiwick catalog", document])
}
