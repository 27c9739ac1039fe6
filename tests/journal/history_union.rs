//! What the histories of all things tell together is what differs between the documents before and
//! after, whatever is changed: random transactions over random accounts, whose ids and paths are of up
//! to 256 bytes and alike for 200 of them.
//!
//! The difference is worked out here, from the documents as JSON: what is in no document of a thing is
//! told by no history, and a field of the documents that nobody looks at stops this file compiling.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Engine;
use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{DirectoryDocument, PolicyDocument, UsedIdsDocument};
use bailiwick::journal::{Between, Difference, Entry, Item, ItemDocument, MemoryJournal};
use serde_json::{Map, Value, json};

use crate::history::Office;
use crate::support::administration::{change, world};
use crate::support::documents::Documents;
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

#[test]
fn all_histories_tell_what_differs_between_the_documents() {
    let tallied = Tallied::default();
    each_number(150, |seed, number| {
        let (mut documents, mut rng) = world(seed, number);
        let alike = Alike::of(&documents, &mut rng);
        alike.rename(&mut documents);
        let engine = documents.load();
        let catalog = engine.catalog().clone();
        let mut office = Office::of(MemoryJournal::new(), catalog, engine);
        let mut told = vec![Told::at_first(&office.engine)];
        for _ in 0..8 {
            documents.at.0 += *rng.pick(&[0, 0, 1, 10, 100]);
            let changes = transaction(&documents, &alike, &mut rng);
            let way = on_the_way(&office.engine, &documents, &changes);
            let begun = begun(&office.engine, &documents);
            if office.change(documents.at.0, "any", changes) {
                told.push(Told {
                    documents: things(&office.engine),
                    begun,
                    way,
                });
            }
            documents.policy = office.engine.policy();
            documents.directory = office.engine.directory();
        }
        let began = office.engine.revision() - (told.len() as u64 - 1);
        let mut all: BTreeSet<&Thing> = told.iter().flat_map(|it| it.documents.keys()).collect();
        for way in told.iter().filter_map(|it| it.way.as_ref()) {
            all.extend(way.iter().flat_map(BTreeMap::keys));
        }
        let mut shown = BTreeSet::new();
        for thing in all {
            let item = thing.item();
            let history = office.history(&item);
            // Whose history it is can be read.
            assert!(shown.insert(history.item.to_string()), "{}", history.item);
            assert_eq!(state(&history.first, history.first_used), told[0].of(thing));
            let mut entries = history.entries.iter().peekable();
            for (pair, revision) in told.windows(2).zip(began + 1..) {
                let [before, after] = pair else { continue };
                let [was, is] = [before, after].map(|it| it.of(thing));
                let begun = after.begun.get(thing).cloned().unwrap_or((None, false));
                if was != begun {
                    let ended = entries.next();
                    let ended = ended.unwrap_or_else(|| panic!("{item} ended at {revision}"));
                    assert_eq!(ended.revision, revision);
                    assert!(ended.is_ending && ended.note.is_none(), "{ended}");
                    assert_eq!(ended.actor, Actor::System);
                    assert_eq!(state(&ended.before, ended.used_before), was);
                    assert_eq!(state(&ended.after, ended.used_after), begun);
                    assert_told(ended, &was, &begun, &tallied);
                    tallied.count("ended");
                }
                let was = begun;
                let entry = entries.next_if(|it| it.revision == revision);
                let between = after.between(thing, &was, &is);
                match entry {
                    Some(entry) => {
                        assert!(!entry.is_ending, "{entry}");
                        assert_eq!(state(&entry.before, entry.used_before), was);
                        assert_eq!(state(&entry.after, entry.used_after), is);
                        tally(&tallied, entry.between);
                        assert_told(entry, &was, &is, &tallied);
                        assert!(
                            between.is_none_or(|it| it == Some(entry.between)),
                            "{entry}"
                        );
                    }
                    None => {
                        assert_eq!(was, is, "{item} at revision {revision}");
                        assert!(
                            between.is_none_or(|it| it.is_none()),
                            "{item} at {revision}"
                        );
                    }
                }
            }
            assert!(entries.next().is_none());
        }
    });
    tallied.report(&[
        "changed",
        "made anew",
        "removed again",
        "changed back",
        "ended",
        "read by where texts differ",
    ]);
}

fn tally(tallied: &Tallied, between: Between) {
    tallied.count(match between {
        Between::Nothing => "changed",
        Between::ChangedBack => "changed back",
        Between::MadeAnew => "made anew",
        Between::RemovedAgain => "removed again",
        other => panic!("something new in between: {other:?}"),
    });
}

fn transaction(documents: &Documents, alike: &Alike, rng: &mut Rng) -> Vec<Change> {
    let mut changes: Vec<Change> = (0..rng.range(1, 3))
        .map(|_| alike.change(&change(documents, rng)))
        .collect();
    if rng.chance(30)
        && let Some(user) = rng.any(&documents.directory.users).cloned()
    {
        let id = user.id.clone();
        changes.push(Change::RemoveUser { user: id.clone() });
        if rng.chance(80) {
            let kind = UsedIdKind::User;
            changes.push(Change::ForgetId { kind, id });
            changes.push(Change::CreateUser { user });
        }
    }
    changes
}

// ── The documents, thing by thing ───────────────────────────────────────────────────────────────

/// What has a history: its kind, and its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thing(&'static str, String);

/// A thing as the documents have it: its fields, lists in one order; `None` where it is not there. And
/// whether its id counts as used.
type State = (Option<Value>, bool);
type Things = BTreeMap<Thing, State>;

impl Thing {
    fn item(&self) -> Item {
        let id = self.1.clone();
        match self.0 {
            "user" => Item::User(id),
            "role" => Item::Role(id),
            "package" => Item::Package(id),
            "position" => Item::Position(id),
            "setting" => Item::Setting(id),
            "feature" => Item::Feature(id),
            "account" => Item::Account,
            other => panic!("no kind of thing: {other}"),
        }
    }
}

/// Everything that the documents of an account say, by what they say it of.
fn things(engine: &Engine) -> Things {
    let PolicyDocument {
        format: _,
        // Neither changes: whose journal it is.
        account: _,
        catalog_version,
        // The records number the revisions.
        revision: _,
        features,
        settings,
        roles,
        packages,
        positions,
        used_ids,
    } = engine.policy();
    let DirectoryDocument { format: _, users } = engine.directory();
    let mut things = Things::new();
    let mut add = |kind, id: &str, fields: Value| {
        let thing = Thing(kind, id.to_owned());
        let known = things.insert(thing, (Some(in_order(&fields)), false));
        assert!(known.is_none(), "{kind} {id} twice");
    };
    add("account", "", json!({ "catalog_version": catalog_version }));
    for feature in features {
        add("feature", &feature, json!({}));
    }
    for (path, role) in settings {
        add("setting", &path, json!({ "path": path, "role": role }));
    }
    let documents = [
        ("role", serde_json::to_value(roles)),
        ("package", serde_json::to_value(packages)),
        ("position", serde_json::to_value(positions)),
        ("user", serde_json::to_value(users)),
    ];
    for (kind, documents) in documents {
        let Ok(Value::Array(documents)) = documents else {
            panic!("a list");
        };
        for document in documents {
            // A document that says no more than its id is written as a text.
            let fields = match document {
                Value::Object(fields) => fields,
                id => Map::from_iter([("id".to_owned(), id)]),
            };
            let id = fields["id"].as_str().expect("a text").to_owned();
            add(kind, &id, Value::Object(fields));
        }
    }
    let UsedIdsDocument {
        users,
        roles,
        positions,
    } = used_ids;
    for (kind, ids) in [("user", users), ("role", roles), ("position", positions)] {
        for id in ids {
            things.entry(Thing(kind, id)).or_insert((None, false)).1 = true;
        }
    }
    things
}

/// What a history says that a thing was.
fn state(document: &Option<ItemDocument>, is_used: bool) -> State {
    let document = document.as_ref().map(|it| match serde_json::to_value(it) {
        Ok(Value::Object(fields)) => in_order(&Value::Object(fields)),
        Ok(id) => json!({ "id": id }),
        Err(error) => panic!("{error}"),
    });
    (document, is_used)
}

/// With every list in one order, and nothing twice: neither means anything.
fn in_order(value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.iter().map(in_order).collect();
            values.sort_by_key(ToString::to_string);
            values.dedup();
            Value::Array(values)
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, it)| (name.clone(), in_order(it)));
            Value::Object(fields.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

// ── A transaction, change by change ─────────────────────────────────────────────────────────────

/// The documents after a transaction.
struct Told {
    documents: Things,
    /// Before the first change, without the assignments that had ended.
    begun: Things,
    /// After each of its changes alone; `None` where they cannot be made one by one.
    way: Option<Vec<Things>>,
}

fn on_the_way(engine: &Engine, documents: &Documents, changes: &[Change]) -> Option<Vec<Things>> {
    let mut now = engine.clone();
    let mut way = Vec::new();
    for change in changes {
        let one = std::slice::from_ref(change);
        now = now
            .apply(&Actor::System, documents.at, one)
            .ok()?
            .into_engine();
        way.push(things(&now));
    }
    Some(way)
}

/// What a transaction finds by its time: what one without changes leaves.
fn begun(engine: &Engine, documents: &Documents) -> Things {
    let ended = engine.apply(&Actor::System, documents.at, &[]);
    things(ended.expect("nothing speaks against it").engine())
}

impl Told {
    fn at_first(engine: &Engine) -> Told {
        Told {
            documents: things(engine),
            begun: things(engine),
            way: None,
        }
    }

    fn of(&self, thing: &Thing) -> State {
        let state = self.documents.get(thing).cloned();
        state.unwrap_or((None, false))
    }

    /// What an entry of this transaction says that happened in between: no entry where the thing was
    /// never touched, nothing where nobody can tell.
    fn between(&self, thing: &Thing, was: &State, is: &State) -> Option<Option<Between>> {
        let way = self.way.as_ref()?;
        let absent = (None, false);
        let passed: Vec<&State> = way
            .iter()
            .map(|it| it.get(thing).unwrap_or(&absent))
            .collect();
        let is_there = |it: &&State| it.0.is_some();
        Some(match (&was.0, &is.0) {
            (Some(_), Some(_)) if !passed.iter().all(is_there) => Some(Between::MadeAnew),
            (None, None) if passed.iter().any(is_there) => Some(Between::RemovedAgain),
            _ if was != is => Some(Between::Nothing),
            _ => passed
                .iter()
                .any(|it| *it != was)
                .then_some(Between::ChangedBack),
        })
    }
}

// ── What an entry says of it ────────────────────────────────────────────────────────────────────

/// What a field has no longer, and what it did not have.
#[derive(Debug, Default)]
struct Differs {
    removed: Vec<Value>,
    added: Vec<Value>,
}

/// Each field that is otherwise, by its name; fields of fields with a dot.
fn differing(before: &State, after: &State) -> BTreeMap<String, Differs> {
    let fields = |state: &State| match &state.0 {
        Some(Value::Object(fields)) => {
            let mut fields = fields.clone();
            // What the thing is, and not what it has.
            fields.remove("id");
            fields.remove("path");
            fields
        }
        _ => Map::new(),
    };
    let mut found = BTreeMap::new();
    let mut left = vec![(String::new(), fields(before), fields(after))];
    while let Some((prefix, was, is)) = left.pop() {
        let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for name in names {
            let field = format!("{prefix}{name}");
            let (was, is) = (was.get(name), is.get(name));
            let object = |it: Option<&Value>| it.and_then(Value::as_object).cloned();
            if was == is {
                continue;
            }
            if object(was).is_some() || object(is).is_some() {
                let both = [was, is].map(|it| object(it).unwrap_or_default());
                let [was, is] = both;
                left.push((format!("{field}."), was, is));
                continue;
            }
            let is_of_one = |it: Option<&Value>, other: Option<&Value>| match it {
                Some(Value::Array(values)) => values.is_empty() && other.is_none(),
                Some(_) => true,
                None => false,
            };
            let values = |it: Option<&Value>| match it {
                Some(Value::Array(values)) if !is_of_one(was, is) && !is_of_one(is, was) => {
                    values.clone()
                }
                Some(one) => vec![one.clone()],
                None => Vec::new(),
            };
            let [was, is] = [was, is].map(values);
            let only = |one: &[Value], other: &[Value]| {
                one.iter()
                    .filter(|it| !other.contains(it))
                    .cloned()
                    .collect()
            };
            let differs = Differs {
                removed: only(&was, &is),
                added: only(&is, &was),
            };
            found.insert(field, differs);
        }
    }
    found
}

/// Field by field, an entry tells as many values as differ, and each can be told from the others.
fn assert_told(entry: &Entry, was: &State, is: &State, tallied: &Tallied) {
    let mut differing = differing(was, is);
    let mut told: BTreeMap<String, [Vec<&String>; 2]> = BTreeMap::new();
    for difference in entry.differences() {
        let (field, removed, added): (_, Vec<&String>, Vec<&String>) = match difference {
            Difference::Value {
                field,
                before,
                after,
            } => (field, before.iter().collect(), after.iter().collect()),
            Difference::List {
                field,
                removed,
                added,
            } => (field, removed.iter().collect(), added.iter().collect()),
            Difference::Renamed {
                field,
                before,
                after,
            } => (field, vec![before], vec![after]),
            other => panic!("a difference of a new kind: {other:?}"),
        };
        let [all_removed, all_added] = told.entry(field.clone()).or_default();
        all_removed.extend(removed);
        all_added.extend(added);
    }
    for (field, [removed, added]) in told {
        let differs = differing.remove(&field);
        let differs = differs.unwrap_or_else(|| panic!("{field} does not differ: {entry}"));
        assert_eq!(removed.len(), differs.removed.len(), "{field}: {entry}");
        assert_eq!(added.len(), differs.added.len(), "{field}: {entry}");
        let texts: BTreeSet<&&String> = removed.iter().chain(&added).collect();
        assert_eq!(texts.len(), removed.len() + added.len(), "{field}: {entry}");
        for (texts, values) in [(&removed, &differs.removed), (&added, &differs.added)] {
            let others = differs.removed.iter().chain(&differs.added);
            assert_read(texts, values, &others.collect::<Vec<_>>(), tallied);
        }
    }
    assert!(differing.is_empty(), "{differing:?} are not told: {entry}");
}

/// A reader can tell from the texts alone which of all the values are meant. Asked of texts that need no
/// escapes.
fn assert_read(texts: &[&String], values: &[Value], all: &[&Value], tallied: &Tallied) {
    let plain = |value: &Value| {
        let text = value.as_str()?;
        let is_plain = |c: char| c.is_ascii_graphic() && !"\\`(".contains(c);
        text.chars().all(is_plain).then(|| text.to_owned())
    };
    let Some(all) = all
        .iter()
        .map(|it| plain(it))
        .collect::<Option<Vec<String>>>()
    else {
        return;
    };
    let mut meant: Vec<String> = values.iter().filter_map(plain).collect();
    for text in texts {
        let fitting: Vec<&String> = all.iter().filter(|it| reads_as(text, it)).collect();
        let [one] = &fitting[..] else {
            panic!("{text} may be {fitting:?}");
        };
        let place = meant.iter().position(|it| it == *one);
        meant.remove(place.unwrap_or_else(|| panic!("{text} is not {meant:?}")));
        if text.contains('…') && all.len() > 1 {
            tallied.count("read by where texts differ");
        }
    }
}

/// Whether a text in backticks may stand for a value: what is left out of it is `…`, and how long the
/// value is may be said at the end.
fn reads_as(text: &str, value: &str) -> bool {
    let shown = text.trim_start_matches('[').trim_end_matches(']');
    let Some(shown) = shown.strip_prefix('`').and_then(|it| it.strip_suffix('`')) else {
        return false;
    };
    let long = format!("… ({} bytes)", value.len());
    let (shown, is_whole) = match shown.strip_suffix(&long) {
        Some(shown) => (shown, false),
        None => (shown, true),
    };
    let pieces: Vec<&str> = shown.split('…').collect();
    let mut rest = value;
    for (i, piece) in pieces.iter().enumerate() {
        let is_last = i + 1 == pieces.len();
        let found = match i {
            0 => rest.strip_prefix(piece),
            _ if is_last && is_whole => rest.strip_suffix(piece).map(|_| ""),
            _ => rest.split_once(piece).map(|(_, rest)| rest),
        };
        let Some(found) = found else {
            return false;
        };
        rest = found;
    }
    !is_whole || rest.is_empty()
}

// ── Ids and paths that are alike ────────────────────────────────────────────────────────────────

/// New texts for the ids and paths of a world, alike for 200 bytes.
struct Alike {
    ids: BTreeMap<String, String>,
    paths: BTreeMap<String, String>,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Ids,
    Paths,
    Neither,
}

impl Alike {
    fn of(documents: &Documents, rng: &mut Rng) -> Alike {
        let policy = &documents.policy;
        let mut ids: BTreeSet<String> = [
            "new", "newer", "gone", "ann", "seller", "top", "pack", "cay",
        ]
        .map(Into::into)
        .into();
        ids.extend(documents.directory.users.iter().map(|it| it.id.clone()));
        ids.extend(policy.roles.iter().map(|it| it.id.clone()));
        ids.extend(policy.packages.iter().map(|it| it.id.clone()));
        ids.extend(policy.positions.iter().map(|it| it.id.clone()));
        let used = &policy.used_ids;
        ids.extend(
            [&used.users, &used.roles, &used.positions]
                .into_iter()
                .flatten()
                .cloned(),
        );
        // A user may be called as a role of the system is.
        ids.retain(|it| it.len() <= 50 && !it.starts_with("system:"));
        let manner = rng.below(3);
        let long = |id: &str| match manner {
            0 => format!("{}{id}", "x".repeat(200)),
            // 256 bytes, alike at both ends.
            1 => format!("{:~<256}", format!("{}{id}", "x".repeat(200))),
            _ => format!("{id}~{}", "x".repeat(200)),
        };
        // One is padded to its bytes, and not to its letters.
        let long = |id: &str| {
            let mut text = long(id);
            while text.len() > 256 {
                text.pop();
            }
            text
        };
        let catalog = &documents.catalog;
        let mut paths: BTreeSet<String> = BTreeSet::new();
        if rng.chance(50) {
            paths.extend(catalog.permissions.iter().map(|it| it.path.clone()));
            paths.extend(
                catalog
                    .renamed
                    .iter()
                    .flat_map(|it| [it.from.clone(), it.to.clone()]),
            );
            paths.extend(catalog.retired.iter().map(|it| it.path.clone()));
        }
        // Some worlds have long paths already.
        if paths.iter().any(|it| it.len() > 56) {
            paths.clear();
        }
        Alike {
            ids: ids.into_iter().map(|it| (it.clone(), long(&it))).collect(),
            paths: paths
                .into_iter()
                .map(|it| (it.clone(), format!("{}{it}", "p".repeat(200))))
                .collect(),
        }
    }

    fn rename(&self, documents: &mut Documents) {
        documents.catalog = self.renamed(&documents.catalog, Holds::Neither);
        documents.policy = self.renamed(&documents.policy, Holds::Ids);
        documents.directory = self.renamed(&documents.directory, Holds::Ids);
    }

    fn change(&self, change: &Change) -> Change {
        self.renamed(change, Holds::Ids)
    }

    fn renamed<T: serde::Serialize + serde::de::DeserializeOwned>(&self, of: &T, by: Holds) -> T {
        let mut value = serde_json::to_value(of).expect("it is written");
        self.replace(&mut value, by, by);
        serde_json::from_value(value).expect("it reads")
    }

    /// Replaces texts by what the fields around them hold; `others` is what any field holds of which
    /// nothing is known.
    fn replace(&self, value: &mut Value, holds: Holds, others: Holds) {
        match value {
            Value::String(text) => {
                let (path, below) = match text.strip_suffix(".*") {
                    Some(path) => (path, ".*"),
                    None => (text.as_str(), ""),
                };
                let new = match holds {
                    Holds::Ids => self.ids.get(text).cloned(),
                    Holds::Paths => self.paths.get(path).map(|it| format!("{it}{below}")),
                    Holds::Neither => None,
                };
                if let Some(new) = new {
                    *text = new;
                }
            }
            Value::Array(values) => {
                values
                    .iter_mut()
                    .for_each(|it| self.replace(it, holds, others));
            }
            Value::Object(fields) => {
                let is_settings = |key: &str| key == "settings";
                for (key, field) in fields.iter_mut() {
                    let holds = match key.as_str() {
                        "grants" | "denies" | "select" | "except" | "permission"
                        | "permissions" | "requires" | "suggests" | "allowed_by" | "changed_by"
                        | "edited_by" | "revealed_by" | "renamed" | "retired" | "from" | "to"
                        | "changes" => Holds::Paths,
                        "path" if holds == Holds::Paths => Holds::Paths,
                        "assign" | "revoke" if others == Holds::Neither => Holds::Paths,
                        "features" | "feature" | "properties" | "property" | "value" | "scope"
                        | "scopes" | "default_scope" | "name" | "description" | "label"
                        | "level" | "kind" | "account" | "settings" | "when" | "adjustable"
                        | "mask" => Holds::Neither,
                        _ if holds == Holds::Paths => Holds::Paths,
                        _ => others,
                    };
                    self.replace(field, holds, others);
                }
                for (_, settings) in fields.iter_mut().filter(|(key, _)| is_settings(key)) {
                    if let Value::Object(settings) = settings {
                        let paths = std::mem::take(settings).into_iter().map(|(path, role)| {
                            (self.paths.get(&path).cloned().unwrap_or(path), role)
                        });
                        *settings = paths.collect();
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
