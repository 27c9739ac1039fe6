//! One applied transaction as it is stored, chained to the one before.

use serde::{Deserialize, Serialize};

use super::{Damage, Digest, FORMAT, Head, JournalError};
use crate::Timestamp;
use crate::admin::{Actor, Change};

/// One applied transaction (A7): what a journal keeps.
///
/// As it is stored it is JSON; semver covers the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of this form.
    pub format: u32,
    /// The account, where the catalog serves many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The revision that the transaction made.
    pub revision: u64,
    /// The digest of the catalog under which it was made.
    pub catalog: Digest,
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was changed; nothing where assignments that had ended were dropped (D2).
    pub changes: Vec<Change>,
}

/// A record as journals store it: opaque bytes, and the digest that chains them to all before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The revision that it made.
    pub revision: u64,
    /// The digest of the record, over the digest of the one before.
    pub digest: Digest,
    /// The record.
    pub bytes: Vec<u8>,
}

impl Record {
    /// The record as it follows a head.
    ///
    /// # Errors
    /// [`JournalError::Gap`] where its revision is not the head's next; [`JournalError::Damaged`] where it
    /// could not be read again: a time after the year 9999, say.
    pub fn seal(&self, after: &Head) -> Result<Sealed, JournalError> {
        follows(after, self.revision)?;
        let bytes = encode(self.revision, self)?;
        Ok(Sealed {
            revision: self.revision,
            digest: digest(after, self.revision, &bytes),
            bytes,
        })
    }
}

impl Sealed {
    /// The head of a journal that ends with this record.
    pub fn head(&self) -> Head {
        Head {
            revision: self.revision,
            digest: self.digest,
        }
    }

    /// Whether it makes the revision after a head; not whether its digest says so.
    pub(super) fn follows(&self, after: &Head) -> Result<(), JournalError> {
        follows(after, self.revision)
    }

    /// Whether it is whole and follows that head; not what it says.
    pub(super) fn chains(&self, after: &Head) -> Result<(), JournalError> {
        self.follows(after)?;
        match self.digest == digest(after, self.revision, &self.bytes) {
            true => Ok(()),
            false => Err(JournalError::damaged(self.revision, Damage::Digest)),
        }
    }

    /// The record, if it is whole and follows that head in the account's journal.
    ///
    /// # Errors
    /// [`JournalError::Gap`], [`JournalError::Damaged`] (a byte of it, or of one before it, is another),
    /// [`JournalError::UnknownFormat`], [`JournalError::Foreign`] (another account's), each with the
    /// revision.
    pub fn open(&self, after: &Head, account: Option<&str>) -> Result<Record, JournalError> {
        self.chains(after)?;
        let revision = self.revision;
        let record: Record = decode(revision, &self.bytes)?;
        if record.account.as_deref() != account {
            return Err(JournalError::Foreign {
                revision,
                account: record.account,
            });
        }
        if record.revision != revision {
            let stated = format!("it states revision {}", record.revision);
            return Err(JournalError::damaged(revision, Damage::Malformed(stated)));
        }
        Ok(record)
    }
}

fn follows(after: &Head, revision: u64) -> Result<(), JournalError> {
    match after.revision.checked_add(1) == Some(revision) {
        true => Ok(()),
        false => Err(JournalError::Gap {
            expected: after.revision.saturating_add(1),
            found: revision,
        }),
    }
}

fn digest(after: &Head, revision: u64, bytes: &[u8]) -> Digest {
    Digest::of(&[
        b"bailiwick record",
        &after.digest.0,
        &revision.to_le_bytes(),
        bytes,
    ])
}

/// What is to be stored under a revision: only what [`decode`] makes the same of again.
pub(super) fn encode<T>(revision: u64, value: &T) -> Result<Vec<u8>, JournalError>
where
    T: Serialize + for<'de> Deserialize<'de> + PartialEq,
{
    let bytes = serde_json::to_vec(value).map_err(JournalError::storage)?;
    match decode::<T>(revision, &bytes)? == *value {
        true => Ok(bytes),
        false => Err(JournalError::damaged(
            revision,
            Damage::Malformed("as it would be written, it reads as something else".to_owned()),
        )),
    }
}

/// What is stored under a revision, if this version of the crate knows its form.
pub(super) fn decode<T: for<'de> Deserialize<'de>>(
    revision: u64,
    bytes: &[u8],
) -> Result<T, JournalError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let malformed = |error: serde_json::Error| {
        JournalError::damaged(revision, Damage::Malformed(error.to_string()))
    };
    let Versioned { format } = serde_json::from_slice(bytes).map_err(malformed)?;
    if format != FORMAT {
        return Err(JournalError::UnknownFormat { revision, format });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}
