//! An account whole, as of one revision.

use serde::{Deserialize, Serialize};

use super::record::{decode, encode};
use super::{Damage, Digest, FORMAT, Head, JournalError};
use crate::document::{DirectoryDocument, PolicyDocument};
use crate::{Engine, Timestamp};

/// An account whole, as of one revision: where a journal begins, and where replaying may start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The version of this form.
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

/// A snapshot as journals store it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSnapshot {
    /// The journal's head when it was taken: records after it follow this.
    pub head: Head,
    /// The digest of the snapshot itself.
    pub checksum: Digest,
    /// The snapshot.
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
        let bytes = encode(self.revision(), self)?;
        let head = Head {
            revision: self.revision(),
            digest: Digest::of(&[b"bailiwick beginning", &bytes]),
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
        let bytes = encode(self.revision(), self)?;
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
        let revision = self.head.revision;
        if self.checksum != checksum(&self.head, &self.bytes) {
            return Err(JournalError::damaged(revision, Damage::Digest));
        }
        let snapshot: Snapshot = decode(revision, &self.bytes)?;
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
        Ok(snapshot)
    }
}

fn checksum(head: &Head, bytes: &[u8]) -> Digest {
    Digest::of(&[
        b"bailiwick snapshot",
        &head.revision.to_le_bytes(),
        &head.digest.0,
        bytes,
    ])
}
