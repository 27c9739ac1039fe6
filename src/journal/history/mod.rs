//! What a journal tells of one thing: each change of it, by whom, when, and what it did.
//!
//! Nothing is concluded from what the changes say: each transaction is made once more, and the thing is
//! compared before and after. An import, a copy, a role replaced in packages, an assignment that ended:
//! all of them show. So does what a transaction did and undid. An assignment that had ended by then is
//! nobody's deed, and has an entry of its own.

mod difference;
mod text;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::difference::Difference;

use super::replay::Replay;
use super::{Journal, JournalError};
use crate::admin::{Actor, UsedIdKind};
use crate::catalog::Evolution;
use crate::document::{PackageDocument, PositionDocument, RoleDocument, UserDocument};
use crate::engine::State;
use crate::names::Known;
use crate::{Catalog, Timestamp};

/// A thing whose history can be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Item {
    /// A user, by id.
    User(String),
    /// A role that the account made, by id.
    Role(String),
    /// A package, by id.
    Package(String),
    /// A position, by id.
    Position(String),
    /// An adjustable permission, by any path that it has or had: its history goes on when the catalog
    /// renames it.
    Setting(String),
    /// A feature, by id.
    Feature(String),
    /// What the account's policy says of itself.
    Account,
}

/// A thing as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ItemDocument {
    /// A user.
    User(UserDocument),
    /// A role.
    Role(RoleDocument),
    /// A package.
    Package(PackageDocument),
    /// A position.
    Position(PositionDocument),
    /// The role that a setting names.
    Setting {
        /// The path under which the policy has it.
        path: String,
        /// The system role.
        role: String,
        /// Where a policy has the setting by other paths of the permission too, the roles that these name;
        /// the most senior role of all counts (D16).
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        beside: BTreeMap<String, String>,
    },
    /// A feature that is enabled.
    Feature {},
    /// What the policy says of itself.
    Account {
        /// The version of the catalog that it is written against.
        catalog_version: u32,
    },
}

/// What a journal tells of one thing. Semver covers what serde writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// The thing.
    pub item: Item,
    /// The revision that it is told from.
    pub from: u64,
    /// As it was then; `None` where it was not there, or the setting was the catalog's default.
    pub first: Option<ItemDocument>,
    /// True if its id counted as used then (A5).
    pub first_used: bool,
    /// Each transaction that touched it since, the oldest first. One by whose time an assignment had ended
    /// has an entry for that before its own.
    pub entries: Vec<Entry>,
}

/// A transaction that touched a thing, or an assignment that had ended by its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// The revision that it made.
    pub revision: u64,
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who made it; the host itself, where an assignment merely ended.
    pub actor: Actor,
    /// True if an assignment merely ended, and was dropped with the revision (D2): whoever made the
    /// transaction had nothing to do with that. Its note then is none of this entry, unless dropping what had
    /// ended was all that it did.
    pub is_ending: bool,
    /// Why, for people.
    pub note: Option<String>,
    /// True if the note, or a name or properties that the transaction stated, were erased (A7).
    pub is_erased: bool,
    /// The thing before; `None` where it was not there.
    pub before: Option<ItemDocument>,
    /// The thing after; `None` where it is not there any more.
    pub after: Option<ItemDocument>,
    /// True if its id counted as used before: it is not given again unless it is forgotten (A5).
    pub used_before: bool,
    /// True if its id counts as used after.
    pub used_after: bool,
    /// What happened in between that before and after do not tell.
    pub between: Between,
    differences: Vec<Difference>,
}

/// What a transaction did to a thing, and what before and after do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Between {
    /// Before and after tell all.
    Nothing,
    /// It was changed, and changed back.
    ChangedBack,
    /// It was removed, and made anew.
    MadeAnew,
    /// It was made, and removed again.
    RemovedAgain,
}

/// What a journal tells of one thing, after revision `from` (or from its beginning, where that is later)
/// up to revision `until` (`None`: to the end). [`restore`](super::restore) has the whole account as of any revision.
///
/// A transaction that touched the thing has an entry, even where nothing is left of it in the end. What
/// another version of the catalog makes of a thing is no change of it (D16): a permission that was renamed
/// is the same by all its names.
///
/// Cost: as [`restore`](super::restore) from the newest snapshot of at most `from`, and a lookup of the
/// thing for each change of each record.
///
/// # Errors
/// Any [`JournalError`], with its place. [`JournalError::Ends`] if the journal ends before `until`.
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
/// # let mut policy = PolicyDocument::new(1);
/// # policy.roles.push(RoleDocument::new("seller").grant("orders"));
/// # let users = DirectoryDocument::new([UserDocument::new("bob")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::admin::{Actor, Change};
/// use bailiwick::journal::{self, Item, Journal, MemoryJournal, Record};
/// let journal = MemoryJournal::new();
/// let head = journal::begin(&journal, &engine, Timestamp(0))?;
/// let record = Record {
///     format: journal::FORMAT,
///     account: None,
///     revision: head.revision + 1,
///     takes_from: journal::TakesFrom::nobody(),
///     catalog: journal::catalog_digest(&catalog),
///     at: Timestamp(86_400),
///     actor: Actor::System,
///     note: Some("joined the team".to_owned()),
///     changes: vec![Change::assign_role("bob", "seller")],
/// };
/// journal.append(head, &record.seal(&head)?)?;
///
/// let bob = Item::User("bob".to_owned());
/// let history = journal::history(&journal, &catalog, None, &bob, 0, None)?;
/// assert_eq!(history.to_string(), "\
/// user `bob`
/// revision 2, 1970-01-02T00:00:00Z, the host: joined the team
///   + roles: `seller`
/// ");
/// assert_eq!(
///     serde_json::to_value(&history.entries[0])?["differences"],
///     serde_json::json!([{ "difference": "list", "field": "roles", "removed": [], "added": ["`seller`"] }]),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn history(
    journal: &dyn Journal,
    catalog: &Catalog,
    account: Option<&str>,
    item: &Item,
    from: u64,
    until: Option<u64>,
) -> Result<History, JournalError> {
    let mut replay = Replay::start(journal, catalog, account, until, from)?;
    while replay.revision() < from && replay.step()?.is_some() {}
    let from = replay.revision();
    let mut lookup = Lookup::new(item, &catalog.0.evolution);
    let first = lookup.found(replay.engine().state());
    let mut entries = Vec::new();
    let mut before = first.clone();
    loop {
        // Before the first change, but without what had ended.
        let mut begun = before.clone();
        let mut course = Course::from(before.clone());
        let watch = &mut |changes, state: &State| {
            let now = lookup.found(state);
            // Perhaps made again from the beginning.
            if changes == 0 {
                begun = now.clone();
                course = Course::from(now);
            } else {
                course.passes(now);
            }
        };
        let Some(step) = replay.step_watched(watch)? else {
            break;
        };
        // Another version of the catalog may have made something else of it.
        let [was, is] = [&step.before, &step.after].map(|it| lookup.found(it.state()));
        let evolution = &step.before.catalog().0.evolution;
        let record = &step.record;
        let entry = |was: &Found, is: &Found, between: Between| Entry {
            revision: record.revision,
            at: record.at,
            actor: record.actor.clone(),
            is_ending: false,
            note: record.note.clone(),
            is_erased: step.is_erased,
            differences: difference::between(&was.document, &is.document, evolution),
            before: was.document.clone(),
            after: is.document.clone(),
            used_before: was.is_used,
            used_after: is.is_used,
            between,
        };
        if !was.is_same(&begun) {
            let is_all = record.changes.is_empty();
            let dropped = entry(&was, &begun, Between::Nothing);
            entries.push(Entry {
                actor: Actor::System,
                is_ending: true,
                note: dropped.note.filter(|_| is_all),
                is_erased: dropped.is_erased && is_all,
                ..dropped
            });
        }
        if let Some(between) = course.between(&begun, &is) {
            entries.push(entry(&begun, &is, between));
        }
        before = is;
    }
    replay.finish()?;
    Ok(History {
        item: item.clone(),
        from,
        first: first.document,
        first_used: first.is_used,
        entries,
    })
}

/// A thing in one state.
#[derive(Clone, PartialEq)]
struct Found {
    document: Option<ItemDocument>,
    is_used: bool,
}

impl Found {
    /// Order does not count.
    fn is_same(&self, other: &Found) -> bool {
        self.is_used == other.is_used && difference::are_same(&self.document, &other.document)
    }
}

/// What a thing went through in one transaction.
struct Course {
    last: Found,
    /// It was otherwise at some time than at the time before.
    has_changed: bool,
    was_there: bool,
    was_absent: bool,
}

impl Course {
    fn from(before: Found) -> Course {
        Course {
            last: before,
            has_changed: false,
            was_there: false,
            was_absent: false,
        }
    }

    fn passes(&mut self, now: Found) {
        match now.document {
            Some(_) => self.was_there = true,
            None => self.was_absent = true,
        }
        if now != self.last {
            self.has_changed |= !now.is_same(&self.last);
            self.last = now;
        }
    }

    /// `None` where the transaction did not touch the thing.
    fn between(&self, before: &Found, after: &Found) -> Option<Between> {
        match (&before.document, &after.document) {
            (Some(_), Some(_)) if self.was_absent => Some(Between::MadeAnew),
            (None, None) if self.was_there => Some(Between::RemovedAgain),
            _ if !before.is_same(after) => Some(Between::Nothing),
            _ => self.has_changed.then_some(Between::ChangedBack),
        }
    }
}

/// Finds a thing in each state.
struct Lookup<'h> {
    item: &'h Item,
    /// The product's own catalog knows all names of a permission.
    evolution: &'h Evolution,
    last_name: String,
    /// Paths of settings, and whether each is the item's.
    paths: HashMap<String, bool>,
}

impl<'h> Lookup<'h> {
    fn new(item: &'h Item, evolution: &'h Evolution) -> Lookup<'h> {
        let last_name = match item {
            Item::Setting(path) => evolution.last_name(path),
            _ => String::new(),
        };
        Lookup {
            item,
            evolution,
            last_name,
            paths: HashMap::new(),
        }
    }

    fn found(&mut self, state: &State) -> Found {
        let used = |kind, id: &str| state.is_used(kind, id);
        Found {
            document: self.document(state),
            is_used: match self.item {
                Item::User(id) => used(UsedIdKind::User, id),
                Item::Role(id) => used(UsedIdKind::Role, id),
                Item::Position(id) => used(UsedIdKind::Position, id),
                Item::Package(_) | Item::Setting(_) | Item::Feature(_) | Item::Account => false,
            },
        }
    }

    /// The thing as a state has it.
    fn document(&mut self, state: &State) -> Option<ItemDocument> {
        Some(match self.item {
            Item::User(id) => {
                let number = state.find_user(id)?;
                let user = state.user_record(number)?;
                ItemDocument::User(state.user_document(number, user))
            }
            Item::Role(id) => {
                let role = state.roles().get(state.find_role_number(id)?)?;
                ItemDocument::Role(RoleDocument::clone(role.document.as_deref()?))
            }
            Item::Package(id) => {
                let package = state.packages().get(state.packages().number(id)?)?;
                ItemDocument::Package(PackageDocument::clone(&package.document))
            }
            Item::Position(id) => {
                let number = state.find_position(id)?;
                ItemDocument::Position(state.position_document(number)?)
            }
            Item::Setting(_) => self.setting(state)?,
            Item::Feature(id) => {
                let enabled = state.features().iter().any(|it| **it == **id);
                enabled.then_some(ItemDocument::Feature {})?
            }
            Item::Account => ItemDocument::Account {
                catalog_version: state.written_version(),
            },
        })
    }

    fn setting(&mut self, state: &State) -> Option<ItemDocument> {
        let mut beside: BTreeMap<String, String> = BTreeMap::new();
        for (path, role) in state.settings() {
            let is_it = match self.paths.get(path) {
                Some(is_it) => *is_it,
                None => {
                    let is_it = self.evolution.last_name(path) == self.last_name;
                    self.paths.insert(path.clone(), is_it);
                    is_it
                }
            };
            if is_it {
                beside.insert(path.clone(), role.clone());
            }
        }
        let model = state.model();
        let ladder = beside.keys().find_map(|path| {
            let today = model.evolution.last_name(path);
            let permission = model.permission_names.get(&today)?;
            let adjustable = &model.permissions.get(permission as usize)?.adjustable;
            Some(&adjustable.as_ref()?.ladder)
        });
        let place = |role: &str| {
            let number = model.role_names.number(role)?;
            ladder?.iter().position(|it| u32::from(*it) == number)
        };
        let senior = beside.iter().max_by_key(|(_, role)| place(role));
        let (path, role) = senior.map(|(path, role)| (path.clone(), role.clone()))?;
        beside.remove(&path);
        Some(ItemDocument::Setting { path, role, beside })
    }
}

impl Entry {
    /// The fields that differ from before; all fields, if the thing came or went.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, id) = match self {
            Item::User(id) => ("user", id),
            Item::Role(id) => ("role", id),
            Item::Package(id) => ("package", id),
            Item::Position(id) => ("position", id),
            Item::Setting(path) => ("setting", path),
            Item::Feature(id) => ("feature", id),
            Item::Account => return f.write_str("the account"),
        };
        write!(f, "{what} {}", text::whole(id))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, self.revision, self.at, &self.actor, self.note.as_deref())?;
        if self.is_ending {
            writeln!(f, "  an assignment ended")?;
        }
        if self.is_erased {
            writeln!(f, "  personal data erased")?;
        }
        if self.used_before && !self.used_after {
            writeln!(f, "  its id forgotten")?;
        }
        match (&self.before, &self.after, self.between) {
            (Some(_), Some(_), Between::MadeAnew) => writeln!(f, "  removed, and made anew")?,
            (None, None, Between::RemovedAgain) => writeln!(f, "  made, and removed again")?,
            (_, _, Between::ChangedBack) => writeln!(f, "  changed, and changed back")?,
            (None, Some(_), _) => writeln!(f, "  created")?,
            (Some(_), None, _) => writeln!(f, "  removed")?,
            _ => {}
        }
        if !self.used_before && self.used_after && self.before.is_none() {
            writeln!(f, "  its id counts as used")?;
        }
        let mut differences = self.differences.iter();
        differences.try_for_each(|it| writeln!(f, "{it}"))
    }
}

/// The line by which a transaction is told.
pub(super) fn line(
    f: &mut fmt::Formatter<'_>,
    revision: u64,
    at: Timestamp,
    actor: &Actor,
    note: Option<&str>,
) -> fmt::Result {
    write!(f, "revision {revision}, {at}, {}", By(actor))?;
    match note {
        Some(note) => writeln!(f, ": {}", crate::document::problem::shortened(note)),
        None => writeln!(f),
    }
}

/// An actor, each id whole: no two read alike.
struct By<'a>(&'a Actor);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the left: who acts for another stands before them.
        let mut waiting = vec![self.0];
        let mut before = "";
        while let Some(actor) = waiting.pop() {
            match actor {
                Actor::User(id) => write!(f, "{before}{}", text::whole(id))?,
                Actor::External { id, .. } => {
                    write!(f, "{before}{} from outside", text::whole(id))?;
                }
                Actor::System => write!(f, "{before}the host")?,
                Actor::OnBehalfOf { actor, of } => {
                    waiting.extend([&**of, &**actor]);
                    continue;
                }
            }
            before = " for ";
        }
        Ok(())
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.item)?;
        self.entries.iter().try_for_each(|it| it.fmt(f))
    }
}
