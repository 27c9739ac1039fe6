//! Personal values, stored so that they can be erased and the chain that proves the rest stays whole (A7).
//!
//! What a journal stores has one line or two. The first is the record or snapshot as JSON, and it alone is
//! chained. Instead of the names and properties of users, and of the note, it states a salted digest for each.
//! The second line has the salts and the values, in the same order; one that was erased is `null`. Without
//! its salt, a digest does not tell the value, not even to somebody who tries every name that there is.
//!
//! ```text
//! {"format":2,…,"changes":[{"describe_user":{"user":"ann"}}],"withheld":[{"at":{"change":0},"of":["ann"],"digest":"…"}]}
//! [["<salt>","{\"name\":\"Ann\"}"]]
//! ```
//!
//! Every version of the crate reads these lines, so it can erase what it cannot read.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

use super::{Damage, Digest, JournalError};
use crate::admin::{Change, UsedIdKind};
use crate::document::{PropertyValue, UserDocument};

/// What the first line states of a value that is in the second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Withheld {
    /// The value's place.
    at: Place,
    /// The users whom it is about, by id: removing any of them is a reason to erase it.
    of: BTreeSet<String>,
    /// The digest of salt and value.
    digest: Digest,
}

/// Where in a record or snapshot a value belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// The record's note.
    Note,
    /// A change of the record, by its place in the list.
    Change(usize),
    /// A user of the snapshot, by their place in the list.
    User(usize),
}

/// A salt, and a value as JSON; nothing where it was erased.
type Value = Option<(String, String)>;

/// The values that are withheld at one place.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Personal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, PropertyValue>,
    /// The value of a property that a change sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<PropertyValue>,
}

/// What was erased of a record or snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Erased {
    /// The users whose names or properties were.
    pub(super) people: BTreeSet<String>,
    /// Whether the note was.
    pub(super) note: bool,
}

/// What can be withheld of a record or snapshot.
pub(super) trait Withholds: Sized + for<'de> Deserialize<'de> {
    /// Reads the line that has it.
    fn read(revision: u64, format: u32, line: &[u8]) -> Result<Self, JournalError> {
        super::record::as_json(revision, format, line)
    }

    /// Takes each personal value out.
    fn withhold(&mut self, beside: &mut Beside) -> Result<(), JournalError>;

    /// What it states of values that were taken out.
    fn withheld(&self) -> &[Withheld];

    /// The place of a value that was taken out; `None` if there is no such place.
    fn place(&mut self, at: Place) -> Option<Belongs<'_>>;
}

/// Where a value belongs.
pub(super) enum Belongs<'a> {
    Note(&'a mut Option<String>),
    Name(&'a mut Option<String>),
    Value(&'a mut Option<PropertyValue>),
    User(&'a mut UserDocument),
}

impl<'a> Belongs<'a> {
    /// The personal values of a change, if its kind has any.
    pub(super) fn of(change: &'a mut Change) -> Option<Belongs<'a>> {
        match change {
            Change::CreateUser { user } | Change::RestoreUser { user } => Some(Belongs::User(user)),
            Change::DescribeUser { name, .. } => Some(Belongs::Name(name)),
            Change::SetProperty { value, .. } => Some(Belongs::Value(value)),
            Change::CreateRole { .. }
            | Change::DescribeRole { .. }
            | Change::CopyRole { .. }
            | Change::DeleteRole { .. }
            | Change::EditRole { .. }
            | Change::CheckPermission { .. }
            | Change::UncheckPermission { .. }
            | Change::SetPermission { .. }
            | Change::ClearPermission { .. }
            | Change::AddInheritance { .. }
            | Change::RemoveInheritance { .. }
            | Change::CreatePackage { .. }
            | Change::DescribePackage { .. }
            | Change::DeletePackage { .. }
            | Change::AddToPackage { .. }
            | Change::RemoveFromPackage { .. }
            | Change::ReplaceInPackages { .. }
            | Change::CreatePosition { .. }
            | Change::DescribePosition { .. }
            | Change::MovePosition { .. }
            | Change::DeletePosition { .. }
            | Change::ReplaceHierarchy { .. }
            | Change::RemoveUser { .. }
            | Change::SuspendUser { .. }
            | Change::ReinstateUser { .. }
            | Change::PlaceUser { .. }
            | Change::AssignRole { .. }
            | Change::RevokeRole { .. }
            | Change::ExchangeRole { .. }
            | Change::AssignPackage { .. }
            | Change::RevokePackage { .. }
            | Change::EnableFeature { .. }
            | Change::DisableFeature { .. }
            | Change::ChangeSetting { .. }
            | Change::ImportPolicy { .. }
            | Change::ForgetId { .. } => None,
        }
    }

    fn take(self) -> Personal {
        let mut taken = Personal::default();
        match self {
            Belongs::Note(note) => taken.note = note.take(),
            Belongs::Name(name) => taken.name = name.take(),
            Belongs::Value(value) => taken.value = value.take(),
            Belongs::User(user) => {
                taken.name = user.name.take();
                taken.properties = std::mem::take(&mut user.properties);
            }
        }
        taken
    }

    /// Puts the values there; false if some do not belong there, or something was there before.
    fn put(self, mut values: Personal) -> bool {
        let was_free = match self {
            Belongs::Note(to) => std::mem::replace(to, values.note.take()).is_none(),
            Belongs::Name(to) => std::mem::replace(to, values.name.take()).is_none(),
            Belongs::Value(to) => std::mem::replace(to, values.value.take()).is_none(),
            Belongs::User(to) => {
                let name = std::mem::replace(&mut to.name, values.name.take());
                let properties = std::mem::take(&mut values.properties);
                let properties = std::mem::replace(&mut to.properties, properties);
                name.is_none() && properties.is_empty()
            }
        };
        was_free && values == Personal::default()
    }
}

/// The user whom a change is about, if it is about one.
pub(super) fn user_of(change: &Change) -> Option<&str> {
    match change {
        Change::CreateUser { user } | Change::RestoreUser { user } => Some(&user.id),
        Change::DescribeUser { user, .. }
        | Change::RemoveUser { user }
        | Change::SuspendUser { user }
        | Change::ReinstateUser { user }
        | Change::PlaceUser { user, .. }
        | Change::SetProperty { user, .. }
        | Change::AssignRole { user, .. }
        | Change::RevokeRole { user, .. }
        | Change::ExchangeRole { user, .. }
        | Change::AssignPackage { user, .. }
        | Change::RevokePackage { user, .. } => Some(user),
        Change::ForgetId { kind, id } => match kind {
            UsedIdKind::User => Some(id),
            UsedIdKind::Role | UsedIdKind::Position => None,
        },
        Change::CreateRole { .. }
        | Change::DescribeRole { .. }
        | Change::CopyRole { .. }
        | Change::DeleteRole { .. }
        | Change::EditRole { .. }
        | Change::CheckPermission { .. }
        | Change::UncheckPermission { .. }
        | Change::SetPermission { .. }
        | Change::ClearPermission { .. }
        | Change::AddInheritance { .. }
        | Change::RemoveInheritance { .. }
        | Change::CreatePackage { .. }
        | Change::DescribePackage { .. }
        | Change::DeletePackage { .. }
        | Change::AddToPackage { .. }
        | Change::RemoveFromPackage { .. }
        | Change::ReplaceInPackages { .. }
        | Change::CreatePosition { .. }
        | Change::DescribePosition { .. }
        | Change::MovePosition { .. }
        | Change::DeletePosition { .. }
        | Change::ReplaceHierarchy { .. }
        | Change::EnableFeature { .. }
        | Change::DisableFeature { .. }
        | Change::ChangeSetting { .. }
        | Change::ImportPolicy { .. } => None,
    }
}

/// The second line, while it is written.
pub(super) struct Beside {
    salts: Salts,
    pub(super) withheld: Vec<Withheld>,
    values: Vec<Value>,
}

impl Beside {
    pub(super) fn new() -> Beside {
        Beside {
            salts: Salts::new(),
            withheld: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Takes what is personal out of a place, if there is anything.
    pub(super) fn take<'u>(
        &mut self,
        at: Place,
        of: impl IntoIterator<Item = &'u str>,
        from: Belongs<'_>,
    ) -> Result<(), JournalError> {
        let values = from.take();
        if values == Personal::default() {
            return Ok(());
        }
        let value = serde_json::to_string(&values).map_err(JournalError::storage)?;
        let salt = self.salts.next();
        self.withheld.push(Withheld {
            at,
            of: of.into_iter().map(Into::into).collect(),
            digest: digest(&salt, &value),
        });
        self.values.push(Some((salt, value)));
        Ok(())
    }

    /// What was stored, to take more out of it.
    pub(super) fn again<T: Withholds + for<'de> Deserialize<'de>>(
        revision: u64,
        bytes: &[u8],
    ) -> Result<(T, Beside), JournalError> {
        let (first, second) = parted(bytes);
        let first: T = serde_json::from_slice(first).map_err(|error| {
            JournalError::damaged(revision, Damage::Malformed(error.to_string()))
        })?;
        let beside = Beside {
            salts: Salts::new(),
            withheld: first.withheld().to_vec(),
            values: read(revision, second)?,
        };
        Ok((first, beside))
    }

    /// Takes what is personal out of a place, and keeps it nowhere; whether there was anything.
    pub(super) fn erase(
        &mut self,
        at: Place,
        of: &str,
        from: Belongs<'_>,
    ) -> Result<bool, JournalError> {
        let before = self.values.len();
        self.take(at, [of], from)?;
        let taken = self.values.get_mut(before);
        Ok(taken.is_some_and(|it| it.take().is_some()))
    }

    /// Both lines; one, where nothing was withheld.
    pub(super) fn lines<T: Serialize>(self, first: &T) -> Result<Vec<u8>, JournalError> {
        let mut bytes = serde_json::to_vec(first).map_err(JournalError::storage)?;
        if !self.values.is_empty() {
            append(&mut bytes, &self.values)?;
        }
        Ok(bytes)
    }
}

fn append(first: &mut Vec<u8>, values: &[Value]) -> Result<(), JournalError> {
    first.push(b'\n');
    serde_json::to_writer(first, values).map_err(JournalError::storage)
}

fn digest(salt: &str, value: &str) -> Digest {
    Digest::of(&[b"bailiwick withheld", salt.as_bytes(), value.as_bytes()])
}

/// The line that is chained, and the other if there is one.
pub(super) fn parted(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    // JSON as it is stored here has no line breaks.
    match bytes.iter().position(|it| *it == b'\n') {
        Some(at) => {
            let (first, second) = bytes.split_at(at);
            (first, second.get(1..))
        }
        None => (bytes, None),
    }
}

/// Puts the values of a second line back in their places; what was erased.
///
/// # Errors
/// [`Damage::Digest`] if the line is not what the first states, but for values that were erased.
/// [`JournalError::UnknownForm`] if a newer version of the crate withheld what this one does not know.
pub(super) fn put_back<T: Withholds>(
    revision: u64,
    into: &mut T,
    second: Option<&[u8]>,
) -> Result<Erased, JournalError> {
    let withheld = into.withheld().to_vec();
    let values = read(revision, second)?;
    if values.len() != withheld.len() || second.is_some() == withheld.is_empty() {
        return Err(JournalError::damaged(revision, Damage::Digest));
    }
    let mut erased = Erased::default();
    for (withheld, value) in withheld.into_iter().zip(values) {
        let Some((salt, value)) = value else {
            match withheld.at {
                Place::Note => erased.note = true,
                Place::Change(_) | Place::User(_) => erased.people.extend(withheld.of),
            }
            continue;
        };
        if digest(&salt, &value) != withheld.digest {
            return Err(JournalError::damaged(revision, Damage::Digest));
        }
        let unknown = |what: String| JournalError::UnknownForm { revision, what };
        let values = serde_json::from_str(&value).map_err(|it| unknown(it.to_string()))?;
        let place = into.place(withheld.at);
        if !place.is_some_and(|it| it.put(values)) {
            return Err(unknown(format!("a value at {:?}", withheld.at)));
        }
    }
    Ok(erased)
}

/// The values of a second line, which is written in one way only.
fn read(revision: u64, second: Option<&[u8]>) -> Result<Vec<Value>, JournalError> {
    let Some(second) = second else {
        return Ok(Vec::new());
    };
    let damaged = JournalError::damaged(revision, Damage::Digest);
    let Ok(values) = serde_json::from_slice::<Vec<Value>>(second) else {
        return Err(damaged);
    };
    match serde_json::to_vec(&values).is_ok_and(|it| it == second) {
        true => Ok(values),
        false => Err(damaged),
    }
}

/// What every version of the crate reads of a first line: whom the values of the second are about.
#[derive(Deserialize)]
struct Whose {
    #[serde(default)]
    withheld: Vec<OfWhom>,
}

#[derive(Deserialize)]
struct OfWhom {
    of: BTreeSet<String>,
}

/// The same, without what is withheld about a user; `None` if there is nothing of theirs.
pub(super) fn erased(
    revision: u64,
    bytes: &[u8],
    user: &str,
) -> Result<Option<Vec<u8>>, JournalError> {
    let (first, second) = parted(bytes);
    let whose: Whose = serde_json::from_slice(first)
        .map_err(|error| JournalError::damaged(revision, Damage::Malformed(error.to_string())))?;
    let mut values = read(revision, second)?;
    let mut is_any = false;
    for (withheld, value) in whose.withheld.iter().zip(&mut values) {
        if withheld.of.contains(user) {
            is_any |= value.take().is_some();
        }
    }
    if !is_any {
        return Ok(None);
    }
    let mut bytes = first.to_vec();
    append(&mut bytes, &values)?;
    Ok(Some(bytes))
}

/// Salts that nobody can guess: SHA-256 over the random keys that the operating system gives the standard
/// library.
struct Salts {
    seed: Digest,
    next: u64,
}

impl Salts {
    fn new() -> Salts {
        let random = [0_u8; 4].map(|it| RandomState::new().hash_one(it).to_le_bytes());
        let seed = Digest::of(&random.each_ref().map(|it| &it[..]));
        Salts { seed, next: 0 }
    }

    fn next(&mut self) -> String {
        let number = self.next.to_le_bytes();
        self.next += 1;
        let salt = Digest::of(&[b"bailiwick salt", &self.seed.0, &number]);
        let mut salt = salt.to_string();
        salt.truncate(32);
        salt
    }
}
