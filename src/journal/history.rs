//! What a journal tells of one thing: each change of it, by whom, when, and what it did.
//!
//! Nothing is concluded from what the changes say: each transaction is made once more, and the thing is
//! compared before and after. An import, a copy, a role replaced in packages, an assignment that ended:
//! all of them show.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::replay::Replay;
use super::{Journal, JournalError};
use crate::admin::Actor;
use crate::document::problem::quoted;
use crate::document::{PackageDocument, PositionDocument, RoleDocument, UserDocument};
use crate::names::Known;
use crate::{Catalog, Engine, Timestamp};

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
    /// An adjustable permission, by the path under which the policy has its setting.
    Setting(String),
    /// A feature, by id.
    Feature(String),
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
        /// The system role.
        role: String,
    },
    /// A feature that is enabled.
    Feature {},
}

/// What a journal tells of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The thing.
    pub item: Item,
    /// The revision that it is told from.
    pub from: u64,
    /// As it was then; `None` where it was not there, or the setting was the catalog's default.
    pub first: Option<ItemDocument>,
    /// Each transaction that changed it since, the oldest first.
    pub entries: Vec<Entry>,
}

/// A transaction that changed a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The revision that it made.
    pub revision: u64,
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who made it; the host itself, where an assignment merely ended.
    pub actor: Actor,
    /// Why, for people.
    pub note: Option<String>,
    /// The thing before; `None` where it was not there.
    pub before: Option<ItemDocument>,
    /// The thing after; `None` where it is not there any more.
    pub after: Option<ItemDocument>,
}

/// A field of a thing that is otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A field of one value; `None` where it has none.
    Value {
        /// The field.
        field: String,
        /// Before, as a person reads it.
        before: Option<String>,
        /// After.
        after: Option<String>,
    },
    /// A field of many, in any order.
    List {
        /// The field.
        field: String,
        /// What is no longer in it.
        removed: Vec<String>,
        /// What was not in it.
        added: Vec<String>,
    },
}

/// What a journal tells of one thing, after revision `from` (or from its beginning, where that is later)
/// up to revision `until` (`None`: to the end). [`restore`](super::restore) has the whole account as of any revision.
///
/// What another version of the catalog makes of a thing is no change of it (D16).
///
/// Cost: as [`restore`](super::restore) from the newest snapshot of at most `from`, and a lookup of the
/// thing for each record.
///
/// # Errors
/// What is wrong with the journal, and where; [`JournalError::Ends`] where it ends before `until`.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Timestamp, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 1
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
/// # "#))?;
/// # let mut policy = PolicyDocument::new(1);
/// # policy.roles.push(RoleDocument::new("seller").grant("orders"));
/// # let users = DirectoryDocument::new([UserDocument::new("bob")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0))?.engine;
/// use bailiwick::admin::{Actor, Change};
/// use bailiwick::journal::{self, Item, Journal, MemoryJournal, Record};
/// let journal = MemoryJournal::new();
/// let head = journal::begin(&journal, &engine, Timestamp(0))?;
/// let record = Record {
///     format: journal::FORMAT,
///     account: None,
///     revision: head.revision + 1,
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
    let first = item.document(replay.engine());
    let mut entries = Vec::new();
    while let Some(step) = replay.step()? {
        let (before, after) = (item.document(&step.before), item.document(&step.after));
        let entry = Entry {
            revision: step.record.revision,
            at: step.record.at,
            actor: step.record.actor,
            note: step.record.note,
            before,
            after,
        };
        // What is in another order is the same.
        let same = entry.before.is_some() == entry.after.is_some();
        if !same || !entry.differences().is_empty() {
            entries.push(entry);
        }
    }
    replay.finish()?;
    Ok(History {
        item: item.clone(),
        from,
        first,
        entries,
    })
}

impl Item {
    /// The thing as an engine has it.
    fn document(&self, engine: &Engine) -> Option<ItemDocument> {
        let state = engine.state();
        Some(match self {
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
            Item::Setting(path) => {
                let role = state.settings().get(path)?.clone();
                ItemDocument::Setting { role }
            }
            Item::Feature(id) => {
                let enabled = state.features().iter().any(|it| **it == **id);
                enabled.then_some(ItemDocument::Feature {})?
            }
        })
    }
}

impl Entry {
    /// What is otherwise than before, field by field; of a thing that came or went, all its fields.
    pub fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        let [before, after] = [&self.before, &self.after].map(fields);
        compare("", &before, &after, &mut found);
        found
    }
}

/// The fields of a thing, but its id.
fn fields(document: &Option<ItemDocument>) -> Map<String, Value> {
    // A document in memory can always be written as JSON: its maps have texts as keys.
    match document.as_ref().map(serde_json::to_value) {
        Some(Ok(Value::Object(mut fields))) => {
            fields.remove("id");
            fields
        }
        // A document that says no more than its id is written as a text.
        _ => Map::new(),
    }
}

/// Documents nest no deeper than a user's properties.
fn compare(
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let field = format!("{prefix}{name}");
        match (before.get(name), after.get(name)) {
            (was, is) if was == is => {}
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                compare(&format!("{field}."), was, is, found);
            }
            (Some(Value::Object(was)), None) => {
                compare(&format!("{field}."), was, &Map::new(), found);
            }
            (None, Some(Value::Object(is))) => {
                compare(&format!("{field}."), &Map::new(), is, found);
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) => list(field, was, is, found),
            // A property may be an empty set; other lists that are empty are not written.
            (Some(Value::Array(was)), None) if !was.is_empty() => list(field, was, &[], found),
            (None, Some(Value::Array(is))) if !is.is_empty() => list(field, &[], is, found),
            (was, is) => found.push(Difference::Value {
                field,
                before: was.map(text),
                after: is.map(text),
            }),
        }
    }
}

fn list(field: String, before: &[Value], after: &[Value], found: &mut Vec<Difference>) {
    let texts = |of: &[Value]| of.iter().map(text).collect::<BTreeSet<String>>();
    let (was, is) = (texts(before), texts(after));
    let (removed, added) = (
        was.difference(&is).cloned().collect::<Vec<_>>(),
        is.difference(&was).cloned().collect::<Vec<_>>(),
    );
    if !removed.is_empty() || !added.is_empty() {
        found.push(Difference::List {
            field,
            removed,
            added,
        });
    }
}

/// A value as a person reads it: what it names, and in brackets what else it says.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) if values.is_empty() => "(nothing)".to_owned(),
        Value::Array(values) => {
            let values: BTreeSet<String> = values.iter().map(text).collect();
            values.into_iter().collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => {
            let is_name = |key: &str| key == "id" || key == "select";
            let names = fields.iter().filter(|(key, _)| is_name(key));
            let name: String = names.map(|(_, value)| text(value)).collect();
            let others = fields.iter().filter(|(key, _)| !is_name(key));
            let others = others.map(|(key, value)| format!("{key} {}", text(value)));
            let others: Vec<String> = others.collect();
            match others.is_empty() {
                true => name,
                false => format!("{name} ({})", others.join("; ")),
            }
        }
        other => other.to_string(),
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
        };
        write!(f, "{what} {}", quoted(id))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Value {
                field,
                before,
                after,
            } => match (before, after) {
                (Some(before), Some(after)) => write!(f, "  {field}: {before} → {after}"),
                (Some(before), None) => write!(f, "  - {field}: {before}"),
                (None, after) => write!(f, "  + {field}: {}", after.as_deref().unwrap_or("")),
            },
            Difference::List {
                field,
                removed,
                added,
            } => {
                if !removed.is_empty() {
                    write!(f, "  - {field}: {}", removed.join(", "))?;
                }
                if !removed.is_empty() && !added.is_empty() {
                    writeln!(f)?;
                }
                if !added.is_empty() {
                    write!(f, "  + {field}: {}", added.join(", "))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {}, {}, {}", self.revision, self.at, self.actor)?;
        match &self.note {
            Some(note) => writeln!(f, ": {}", crate::document::problem::shortened(note))?,
            None => writeln!(f)?,
        }
        match (&self.before, &self.after) {
            (None, Some(_)) => writeln!(f, "  created")?,
            (Some(_), None) => writeln!(f, "  removed")?,
            _ => {}
        }
        let differences = self.differences();
        differences.iter().try_for_each(|it| writeln!(f, "{it}"))
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.item)?;
        self.entries.iter().try_for_each(|it| it.fmt(f))
    }
}
