//! Names that a decisions document lists as unknown, and what is said of any other that nothing has.

use std::collections::{BTreeMap, HashMap};

use super::document::{Decisions, UnknownDocument};
use crate::document::problem::{Path, Report, quoted};

/// What a name is a name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Account,
    User,
    Role,
    Position,
    Operation,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::User => "user",
            Kind::Role => "role",
            Kind::Position => "position",
            Kind::Operation => "operation",
        }
    }

    /// Its list in `unknown`.
    const fn list(self) -> &'static str {
        match self {
            Kind::Account => "accounts",
            Kind::User => "users",
            Kind::Role => "roles",
            Kind::Position => "positions",
            Kind::Operation => "operations",
        }
    }
}

/// The names that a document lists as unknown, each with whether a question needed it.
pub(super) struct Listed<'d> {
    names: HashMap<Kind, BTreeMap<&'d str, bool>>,
    /// By property.
    values: BTreeMap<&'d str, BTreeMap<&'d str, bool>>,
    document: &'d UnknownDocument,
}

impl<'d> Listed<'d> {
    pub(super) fn new(document: &'d Decisions) -> Self {
        let document = &document.unknown;
        let mut listed = Listed {
            names: HashMap::new(),
            values: BTreeMap::new(),
            document,
        };
        for (kind, names) in lists(document) {
            let names = names.iter().map(|name| (name.as_str(), false));
            listed.names.insert(kind, names.collect());
        }
        for (property, texts) in &document.values {
            let texts = texts.iter().map(|text| (text.as_str(), false));
            listed.values.insert(property, texts.collect());
        }
        listed
    }

    /// Says that nothing has that name, unless it is listed.
    pub(super) fn check<'n>(
        &mut self,
        kind: Kind,
        name: &str,
        valid: impl Iterator<Item = &'n str>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) where
        'd: 'n,
    {
        let listed = self.names.entry(kind).or_default();
        if let Some(needed) = listed.get_mut(name) {
            *needed = true;
            return;
        }
        let nearest = report.did_you_mean(name, valid.chain(listed.keys().copied()));
        let (what, list) = (kind.as_str(), kind.list());
        let otherwise = otherwise(&nearest, list);
        report.error(at, format!("unknown {what} {}{otherwise}", quoted(name)));
    }

    /// Says that no condition compares a property with that text, unless it is listed.
    pub(super) fn check_value<'n>(
        &mut self,
        property: &str,
        text: &str,
        valid: impl Iterator<Item = &'n str>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) where
        'd: 'n,
    {
        let mut listed = self.values.get_mut(property);
        if let Some(needed) = listed.as_mut().and_then(|it| it.get_mut(text)) {
            *needed = true;
            return;
        }
        let listed = listed.into_iter().flat_map(|it| it.keys().copied());
        let otherwise = otherwise(&report.did_you_mean(text, valid.chain(listed)), "values");
        let (property, text) = (quoted(property), quoted(text));
        let message = format!("no condition reads {text} of {property}{otherwise}");
        report.error(at, message);
    }

    /// Reports what is listed as unknown, and is never named where it is.
    pub(super) fn check_needed(&self, at: &Path<'_>, report: &mut Report<'_>) {
        const MESSAGE: &str = "no question names it where it is unknown";
        for (kind, names) in lists(self.document) {
            let at = at.field(kind.list());
            for (i, name) in names.iter().enumerate() {
                if is_unneeded(self.names.get(&kind), name) {
                    report.error(&at.index(i), format!("{}: {MESSAGE}", quoted(name)));
                }
            }
        }
        let at = at.field("values");
        for (property, texts) in &self.document.values {
            let at = at.field(property);
            if texts.is_empty() {
                report.error(&at, "nothing is listed here");
            }
            for (i, text) in texts.iter().enumerate() {
                if is_unneeded(self.values.get(property.as_str()), text) {
                    report.error(&at.index(i), format!("{}: {MESSAGE}", quoted(text)));
                }
            }
        }
    }
}

fn is_unneeded(listed: Option<&BTreeMap<&str, bool>>, name: &str) -> bool {
    listed.and_then(|it| it.get(name)) == Some(&false)
}

fn lists(document: &UnknownDocument) -> [(Kind, &[String]); 5] {
    let UnknownDocument {
        accounts,
        users,
        roles,
        positions,
        operations,
        // By property, and therefore no list of names.
        values: _,
    } = document;
    [
        (Kind::Account, accounts),
        (Kind::User, users),
        (Kind::Role, roles),
        (Kind::Position, positions),
        (Kind::Operation, operations),
    ]
}

/// The nearest name, and what to do where none is meant.
fn otherwise(nearest: &str, list: &str) -> String {
    if nearest.is_empty() {
        format!("; list it in `unknown.{list}` if it is to be unknown")
    } else {
        format!("{nearest} List it in `unknown.{list}` if it is to be unknown")
    }
}
