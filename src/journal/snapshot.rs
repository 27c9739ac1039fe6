//! An account whole, as of one revision.

use serde::{Deserialize, Serialize};

use super::record::{decode, is_of_today, reads_as};
use super::withheld::{self, Belongs, Beside, Erased, Place, Withheld, Withholds};
use super::{Damage, Digest, FORMAT, Head, JournalError};
use crate::document::{DirectoryDocument, PolicyDocument};
use crate::{Engine, Timestamp};

/// An account whole, as of one revision: where a journal begins, and where replaying may start.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The version of the form in which it is stored.
    pub format: u32,
    /// The digest of the catalog under which it was taken.
    pub catalog: Digest,
    /// When the revision was made: what assignments had ended by then are not in it.
    pub at: Timestamp,
    /// The policy, with account and revision.
    pub policy: PolicyDocument,
    /// The directory.
    pub directory: DirectoryDocument,
}

/// A snapshot as its first line has it: JSON; semver covers the form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    catalog: Digest,
    at: Timestamp,
    policy: PolicyDocument,
    directory: DirectoryDocument,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<Withheld>,
}

impl From<Snapshot> for Stored {
    fn from(snapshot: Snapshot) -> Stored {
        Stored {
            format: snapshot.format,
            catalog: snapshot.catalog,
            at: snapshot.at,
            policy: snapshot.policy,
            directory: snapshot.directory,
            withheld: Vec::new(),
        }
    }
}

impl From<Stored> for Snapshot {
    fn from(stored: Stored) -> Snapshot {
        Snapshot {
            format: stored.format,
            catalog: stored.catalog,
            at: stored.at,
            policy: stored.policy,
            directory: stored.directory,
        }
    }
}

impl Withholds for Stored {
    fn withhold(&mut self, beside: &mut Beside) -> Result<(), JournalError> {
        for (number, user) in self.directory.users.iter_mut().enumerate() {
            let of = user.id.clone();
            beside.take(Place::User(number), [&*of], Belongs::User(user))?;
        }
        self.withheld = std::mem::take(&mut beside.withheld);
        Ok(())
    }

    fn withheld(&self) -> &[Withheld] {
        &self.withheld
    }

    fn place(&mut self, at: Place) -> Option<Belongs<'_>> {
        match at {
            Place::User(number) => self.directory.users.get_mut(number).map(Belongs::User),
            Place::Note | Place::Change(_) => None,
        }
    }
}

/// A snapshot as journals store it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSnapshot {
    /// The journal's head when it was taken: records after it follow this.
    pub head: Head,
    /// The digest of the snapshot itself.
    pub checksum: Digest,
    /// The snapshot. What follows the first line break can be erased ([`SealedSnapshot::erase`]).
    pub bytes: Vec<u8>,
}

impl Snapshot {
    /// Of an engine. Cost: linear in the account.
    pub fn of(engine: &Engine, at: Timestamp) -> Snapshot {
        Snapshot {
            format: FORMAT,
            catalog: super::catalog_digest(engine.catalog()),
            at,
            policy: engine.policy(),
            directory: engine.directory(),
        }
    }

    /// The revision that it is of.
    pub fn revision(&self) -> u64 {
        self.policy.revision.unwrap_or_default()
    }

    /// As the beginning of a journal: the chain of digests starts from it.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] where it could not be read again: a time after the year 9999, say.
    pub fn begin(&self) -> Result<SealedSnapshot, JournalError> {
        is_of_today(self.revision(), self.format)?;
        let mut first = Stored::from(self.clone());
        let mut beside = Beside::new();
        first.withhold(&mut beside)?;
        let bytes = beside.lines(&first)?;
        let is_same = |read: Stored| Snapshot::from(read) == *self;
        reads_as(self.revision(), &bytes, is_same)?;
        let head = Head {
            revision: self.revision(),
            digest: beginning(&bytes),
        };
        Ok(SealedSnapshot::new(head, bytes))
    }

    /// As taken at the head of a journal that there is.
    ///
    /// # Errors
    /// [`JournalError::Gap`] where the head is of another revision; those of [`Snapshot::begin`].
    pub fn seal(&self, head: Head) -> Result<SealedSnapshot, JournalError> {
        if head.revision != self.revision() {
            return Err(JournalError::Gap {
                expected: head.revision,
                found: self.revision(),
            });
        }
        is_of_today(self.revision(), self.format)?;
        // Nothing is chained to what it says: what must be erased of it can be left out of another.
        let bytes = Beside::new().lines(&Stored::from(self.clone()))?;
        let is_same = |read: Stored| Snapshot::from(read) == *self;
        reads_as(self.revision(), &bytes, is_same)?;
        Ok(SealedSnapshot::new(head, bytes))
    }
}

impl SealedSnapshot {
    fn new(head: Head, bytes: Vec<u8>) -> SealedSnapshot {
        SealedSnapshot {
            head,
            checksum: checksum(&head, &bytes),
            bytes,
        }
    }

    /// The snapshot, if it is whole and of that account.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::UnknownFormat`] and [`JournalError::Foreign`], each
    /// with the revision.
    pub fn open(&self, account: Option<&str>) -> Result<Snapshot, JournalError> {
        Ok(self.open_rest(account)?.0)
    }

    /// The catalog under which it was taken, if it can be read.
    pub(super) fn catalog(&self) -> Option<Digest> {
        #[derive(Deserialize)]
        struct Under {
            catalog: Digest,
        }
        let (first, _) = withheld::parted(&self.bytes);
        let under: Under = serde_json::from_slice(first).ok()?;
        Some(under.catalog)
    }

    /// The same, and what was erased of it.
    pub(super) fn open_rest(
        &self,
        account: Option<&str>,
    ) -> Result<(Snapshot, Erased), JournalError> {
        let revision = self.head.revision;
        if self.checksum != checksum(&self.head, &self.bytes) {
            return Err(JournalError::damaged(revision, Damage::Digest));
        }
        let (snapshot, erased) = decode::<Stored>(revision, &self.bytes)?;
        let snapshot = Snapshot::from(snapshot);
        if snapshot.policy.account.as_deref() != account {
            return Err(JournalError::Foreign {
                revision,
                account: snapshot.policy.account,
            });
        }
        if snapshot.revision() != revision {
            let stated = format!("it states revision {}", snapshot.revision());
            return Err(JournalError::damaged(revision, Damage::Malformed(stated)));
        }
        Ok((snapshot, erased))
    }

    /// The same snapshot without a user's name and properties; `None` if there is nothing of theirs, or if a
    /// journal began with it in format 1, which chains them. The head stays as it is.
    ///
    /// # Errors
    /// [`JournalError::Damaged`], [`JournalError::UnknownFormat`] and [`JournalError::UnknownForm`] if it cannot
    /// be read.
    pub fn erase(&self, user: &str) -> Result<Option<SealedSnapshot>, JournalError> {
        let revision = self.head.revision;
        if self.checksum != checksum(&self.head, &self.bytes) {
            return Err(JournalError::damaged(revision, Damage::Digest));
        }
        if let Some(bytes) = withheld::erased(revision, &self.bytes, user)? {
            return Ok(Some(SealedSnapshot::new(self.head, bytes)));
        }
        if self.head.digest == beginning(&self.bytes) {
            return Ok(None);
        }
        // What is not chained is written anew.
        decode::<Stored>(revision, &self.bytes)?;
        let (mut first, mut beside): (Stored, Beside) = Beside::again(revision, &self.bytes)?;
        let mut users = first.directory.users.iter_mut().enumerate();
        let Some((number, theirs)) = users.find(|(_, it)| it.id == user) else {
            return Ok(None);
        };
        if !beside.erase(Place::User(number), user, Belongs::User(theirs))? {
            return Ok(None);
        }
        first.withheld = std::mem::take(&mut beside.withheld);
        let bytes = beside.lines(&first)?;
        Ok(Some(SealedSnapshot::new(self.head, bytes)))
    }
}

fn beginning(bytes: &[u8]) -> Digest {
    Digest::of(&[b"bailiwick beginning", withheld::parted(bytes).0])
}

fn checksum(head: &Head, bytes: &[u8]) -> Digest {
    Digest::of(&[
        b"bailiwick snapshot",
        &head.revision.to_le_bytes(),
        &head.digest.0,
        bytes,
    ])
}
