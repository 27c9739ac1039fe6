//! One applied transaction as it is stored, chained to the one before.

use serde::{Deserialize, Serialize};

use super::withheld::{self, Belongs, Beside, Erased, Place, Withheld, Withholds};
use super::{Damage, Digest, FORMAT, Head, JournalError, TakesFrom, nested};
use crate::Timestamp;
use crate::admin::{Actor, Change};

/// One applied transaction (A7): what a journal keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The version of the form in which it is stored.
    pub format: u32,
    /// The account, where the catalog serves many.
    pub account: Option<String>,
    /// The revision that the transaction made.
    pub revision: u64,
    /// From whom it may take something: what a host that cannot read the rest goes by
    /// ([`TakesFrom::between`]). Records of format 1 do not state it: everybody.
    pub takes_from: TakesFrom,
    /// The digest of the catalog under which it was made.
    pub catalog: Digest,
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// Why, for people.
    pub note: Option<String>,
    /// What was changed; nothing where assignments that had ended were dropped (D2).
    pub changes: Vec<Change>,
}

/// A record as its first line has it: JSON; semver covers the form.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    revision: u64,
    #[serde(default = "everybody", deserialize_with = "takes_from")]
    takes_from: TakesFrom,
    catalog: Digest,
    at: Timestamp,
    actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    changes: Vec<Change>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<Withheld>,
}

impl From<Record> for Stored {
    fn from(record: Record) -> Stored {
        Stored {
            format: record.format,
            account: record.account,
            revision: record.revision,
            takes_from: record.takes_from,
            catalog: record.catalog,
            at: record.at,
            actor: record.actor,
            note: record.note,
            changes: record.changes,
            withheld: Vec::new(),
        }
    }
}

impl From<Stored> for Record {
    fn from(stored: Stored) -> Record {
        Record {
            format: stored.format,
            account: stored.account,
            revision: stored.revision,
            takes_from: stored.takes_from,
            catalog: stored.catalog,
            at: stored.at,
            actor: stored.actor,
            note: stored.note,
            changes: stored.changes,
        }
    }
}

impl Withholds for Stored {
    fn withhold(&mut self, beside: &mut Beside) -> Result<(), JournalError> {
        let concerned = self.changes.iter().filter_map(withheld::user_of);
        beside.take(Place::Note, concerned, Belongs::Note(&mut self.note))?;
        for (number, change) in self.changes.iter_mut().enumerate() {
            let of = withheld::user_of(change).map(str::to_owned);
            if let Some(values) = Belongs::of(change) {
                beside.take(Place::Change(number), of.as_deref(), values)?;
            }
        }
        self.withheld = std::mem::take(&mut beside.withheld);
        Ok(())
    }

    fn withheld(&self) -> &[Withheld] {
        &self.withheld
    }

    fn read(revision: u64, format: u32, line: &[u8]) -> Result<Self, JournalError> {
        let read = as_json(revision, format, line);
        // Format 1 holds actors that act for others deeper than a reader of JSON goes.
        if read.is_err()
            && format == 1
            && let Some((record, actor)) = nested::apart(line)
        {
            let mut stored: Stored = as_json(revision, format, &record)?;
            stored.actor = nested::actor(revision, actor)?;
            return Ok(stored);
        }
        read
    }

    fn place(&mut self, at: Place) -> Option<Belongs<'_>> {
        match at {
            Place::Note => Some(Belongs::Note(&mut self.note)),
            Place::Change(number) => Belongs::of(self.changes.get_mut(number)?),
            Place::User(_) => None,
        }
    }
}

fn everybody() -> TakesFrom {
    TakesFrom::Everybody
}

/// Reads whom a record takes from; a form that is not understood stands for everybody.
fn takes_from<'de, D: serde::Deserializer<'de>>(from: D) -> Result<TakesFrom, D::Error> {
    let stated = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(stated).unwrap_or(TakesFrom::Everybody))
}

/// What every version of the crate reads of a record, whatever its format: these fields keep their places and
/// their forms for ever.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(default)]
    account: Option<String>,
    revision: u64,
    #[serde(default = "everybody", deserialize_with = "takes_from")]
    takes_from: TakesFrom,
    #[serde(default)]
    catalog: Option<Digest>,
}

/// What a host knows of a record that it may not be able to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) head: Head,
    pub(crate) takes_from: TakesFrom,
    /// The catalog under which it was made, where the record states one as records do today.
    pub(crate) catalog: Option<Digest>,
    /// Why the record itself is not read: a newer version of the crate wrote it.
    pub(crate) unread: Option<JournalErrorOfForm>,
}

/// A form that this version of the crate does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JournalErrorOfForm {
    Format(u32),
    Content(String),
}

impl JournalErrorOfForm {
    pub(crate) fn at(self, revision: u64) -> JournalError {
        match self {
            JournalErrorOfForm::Format(format) => JournalError::UnknownFormat { revision, format },
            JournalErrorOfForm::Content(what) => JournalError::UnknownForm { revision, what },
        }
    }
}

/// A record as journals store it: opaque bytes, and the digest that chains them to all before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The revision that it made.
    pub revision: u64,
    /// The digest of the record, over the digest of the one before.
    pub digest: Digest,
    /// The record. What follows the first line break can be erased ([`Sealed::erase`]); the digest is of what
    /// stands before it.
    pub bytes: Vec<u8>,
}

impl Record {
    /// The record as it follows a head.
    ///
    /// # Errors
    /// [`JournalError::Gap`] where its revision is not the head's next; [`JournalError::Damaged`] where it
    /// could not be read again: a time after the year 9999, say; and where its actor acts for somebody who
    /// acts for another (D21). [`JournalError::UnknownFormat`] of another format than today's.
    pub fn seal(&self, after: &Head) -> Result<Sealed, JournalError> {
        follows(after, self.revision)?;
        is_of_today(self.revision, self.format)?;
        if !self.actor.is_one_step() {
            let deep = "its actor acts for another who acts for another".to_owned();
            return Err(JournalError::damaged(
                self.revision,
                Damage::Malformed(deep),
            ));
        }
        let mut first = Stored::from(self.clone());
        let mut beside = Beside::new();
        first.withhold(&mut beside)?;
        let bytes = beside.lines(&first)?;
        reads_as(self.revision, &bytes, |read: Stored| {
            Record::from(read) == *self
        })?;
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

    /// What every version of the crate reads of the record, if it is whole and follows that head in the
    /// account's journal.
    pub(crate) fn outline(
        &self,
        after: &Head,
        account: Option<&str>,
    ) -> Result<Outline, JournalError> {
        self.chains(after)?;
        let revision = self.revision;
        let (first, _) = withheld::parted(&self.bytes);
        let envelope: Envelope = serde_json::from_slice(first).map_err(|error| {
            JournalError::damaged(revision, Damage::Malformed(error.to_string()))
        })?;
        if envelope.account.as_deref() != account {
            let account = envelope.account;
            return Err(JournalError::Foreign { revision, account });
        }
        if envelope.revision != revision {
            let stated = format!("it states revision {}", envelope.revision);
            return Err(JournalError::damaged(revision, Damage::Malformed(stated)));
        }
        let unread = match decode::<Stored>(revision, &self.bytes) {
            Ok(_) => None,
            Err(JournalError::UnknownFormat { format, .. }) => {
                Some(JournalErrorOfForm::Format(format))
            }
            Err(JournalError::UnknownForm { what, .. }) => Some(JournalErrorOfForm::Content(what)),
            Err(error) => return Err(error),
        };
        Ok(Outline {
            head: self.head(),
            takes_from: envelope.takes_from,
            catalog: envelope.catalog,
            unread,
        })
    }

    /// The record, if it is whole and follows that head in the account's journal.
    ///
    /// # Errors
    /// [`JournalError::Gap`], [`JournalError::Damaged`] (a byte of it, or of one before it, is another),
    /// [`JournalError::UnknownFormat`] and [`JournalError::UnknownForm`] (a newer version of the crate wrote
    /// it), [`JournalError::Foreign`] (another account's), each with the revision.
    pub fn open(&self, after: &Head, account: Option<&str>) -> Result<Record, JournalError> {
        Ok(self.open_rest(after, account)?.0)
    }

    /// The same, and what was erased of it.
    pub(super) fn open_rest(
        &self,
        after: &Head,
        account: Option<&str>,
    ) -> Result<(Record, Erased), JournalError> {
        self.chains(after)?;
        let revision = self.revision;
        let (record, erased) = decode::<Stored>(revision, &self.bytes)?;
        let record = Record::from(record);
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
        Ok((record, erased))
    }

    /// The same record without a user's names and properties, and without the note if it is about a change to
    /// this user; `None` if there is nothing of theirs, or it is of format 1, which chains them. The digest stays
    /// as it is.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it cannot be read.
    pub fn erase(&self, user: &str) -> Result<Option<Sealed>, JournalError> {
        let erased = withheld::erased(self.revision, &self.bytes, user)?;
        Ok(erased.map(|bytes| Sealed {
            bytes,
            ..self.clone()
        }))
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
        withheld::parted(bytes).0,
    ])
}

/// Whether it is of the one format that is written.
pub(super) fn is_of_today(revision: u64, format: u32) -> Result<(), JournalError> {
    match format == FORMAT {
        true => Ok(()),
        false => Err(JournalError::UnknownFormat { revision, format }),
    }
}

/// Whether what is to be stored under a revision reads as what it was made of.
pub(super) fn reads_as<T: Withholds + for<'de> Deserialize<'de>>(
    revision: u64,
    bytes: &[u8],
    is_same: impl FnOnce(T) -> bool,
) -> Result<(), JournalError> {
    match is_same(decode(revision, bytes)?.0) {
        true => Ok(()),
        false => Err(JournalError::damaged(
            revision,
            Damage::Malformed("as it would be written, it reads as something else".to_owned()),
        )),
    }
}

/// The formats that this version of the crate reads.
const FORMATS: std::ops::RangeInclusive<u32> = 1..=FORMAT;

/// Reads the first line of what is stored.
///
/// What is of format 1 and does not have its form was damaged before it was stored. What is of format 2 comes from
/// a newer version of the crate: the digest has shown that it is what was written.
pub(super) fn as_json<T: for<'de> Deserialize<'de>>(
    revision: u64,
    format: u32,
    line: &[u8],
) -> Result<T, JournalError> {
    serde_json::from_slice(line).map_err(|error| match format {
        1 => JournalError::damaged(revision, Damage::Malformed(error.to_string())),
        _ => JournalError::UnknownForm {
            revision,
            what: error.to_string(),
        },
    })
}

/// Reads what is stored under a revision, and tells what was erased of it.
pub(super) fn decode<T: Withholds + for<'de> Deserialize<'de>>(
    revision: u64,
    bytes: &[u8],
) -> Result<(T, Erased), JournalError> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let malformed = |error: serde_json::Error| {
        JournalError::damaged(revision, Damage::Malformed(error.to_string()))
    };
    let (first, second) = withheld::parted(bytes);
    let Versioned { format } = serde_json::from_slice(first).map_err(malformed)?;
    if !FORMATS.contains(&format) {
        return Err(JournalError::UnknownFormat { revision, format });
    }
    let mut stored = T::read(revision, format, first)?;
    if format == 1 && !stored.withheld().is_empty() {
        let what = "format 1 withholds nothing".to_owned();
        return Err(JournalError::damaged(revision, Damage::Malformed(what)));
    }
    let erased = withheld::put_back(revision, &mut stored, second)?;
    Ok((stored, erased))
}
