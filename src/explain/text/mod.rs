//! An explanation read aloud.

mod causes;

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::{self, Formatter, Write as _};

use super::{Asker, Cause, Explanation, Lender, Lent, Named, PairFinding, Reach, Relation};
use crate::Scope;
use crate::document::problem::{named, shortened};

/// How many ways, roles, packages and values a sentence names before it says how many more there are.
const NAMED: usize = 10;
const WAYS: usize = 3;
/// Up to how many alternatives of a condition are all told; of more, one.
const ALTERNATIVES: usize = 3;

/// Plain sentences, one a line, for whoever has to tell somebody why.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let teller = Teller {
            why: self,
            who: self.who(),
            told: RefCell::default(),
        };
        let mut text = String::new();
        match self.decision.is_allow() {
            true => teller.allowed(&mut text)?,
            false => teller.denied(&mut text)?,
        }
        f.write_str(&text)
    }
}

impl Explanation {
    fn who(&self) -> String {
        let subject = &self.subject;
        match (subject.kind, &subject.id, subject.brings.first()) {
            (Asker::User, Some(id), _) => named(id),
            (Asker::User, None, _) => "the user".to_owned(),
            (Asker::Token, Some(id), _) => format!("the token of {}", named(id)),
            (Asker::Token, None, _) => "the token".to_owned(),
            (Asker::Role, Some(id), Some(role)) => format!("{} as role {role}", named(id)),
            (Asker::Role, None, Some(role)) => format!("role {role}"),
            (Asker::Role, _, None) => "the role".to_owned(),
        }
    }
}

struct Teller<'e> {
    why: &'e Explanation,
    who: String,
    told: RefCell<HashSet<String>>,
}

impl Teller<'_> {
    fn title(&self, f: &mut String, may: &str) -> fmt::Result {
        let asked = &self.why.operation;
        let mut who = self.who.chars();
        f.write_str(
            &who.next()
                .map_or_else(String::new, |it| it.to_uppercase().collect()),
        )?;
        write!(f, "{} {may} do {}", who.as_str(), named(&asked.id))?;
        if let Some(label) = &asked.label {
            write!(f, " ({})", shortened(label))?;
        }
        if let Some(record) = &asked.record {
            write!(f, " on record {}", named(record))?;
        }
        f.write_str(".\n")
    }

    // ── Allowed ───────────────────────────────────────────────────────────────────────────────

    fn allowed(&self, f: &mut String) -> fmt::Result {
        self.title(f, "may")?;
        let pairs = self.why.pairs.iter().filter(|pair| pair.code == "allowed");
        let mut told: Vec<&str> = Vec::new();
        for pair in pairs {
            let scope = pair.scope.map_or("", Scope::as_str);
            match &pair.permission {
                None => f.write_str("- It is open to everybody.\n")?,
                Some(permission) => {
                    writeln!(f, "- {permission} allows it, as far as `{scope}`:")?;
                    self.ways(f, permission, self.least(pair))?;
                    told.push(&permission.id);
                }
            }
            if let Some(lent) = &pair.lent {
                self.lent(f, lent)?;
            }
        }
        for finding in &self.why.permissions {
            if !told.contains(&finding.permission.id.as_str()) {
                writeln!(
                    f,
                    "- It needs {} too, which is granted:",
                    finding.permission
                )?;
                self.ways(f, &finding.permission, Scope::Own)?;
            }
        }
        match &self.why.reach {
            Some(reach) => self.reach(f, reach),
            None => Ok(()),
        }
    }

    /// How far a way must lead to be worth telling: to the record, unless somebody lends.
    fn least(&self, pair: &PairFinding) -> Scope {
        match &self.why.reach {
            Some(reach) if pair.lent.is_none() => reach.needed,
            _ => Scope::Own,
        }
    }

    fn ways(&self, f: &mut String, permission: &Named, least: Scope) -> fmt::Result {
        let mut ways = self.why.grants.derivations_reaching(&permission.id, least);
        for way in ways.by_ref().take(WAYS) {
            writeln!(f, "  {way}")?;
        }
        match ways.next() {
            Some(_) => f.write_str("  …and in other ways\n"),
            None => Ok(()),
        }
    }

    fn lent(&self, f: &mut String, lent: &Lent) -> fmt::Result {
        f.write_str("- It reaches `all` because people below have it:")?;
        let lender = |it: &Lender| format!(" {} at {}", named(&it.user), it.position);
        list(f, lent.by.iter().map(lender), lent.count)?;
        f.write_str(".\n")
    }

    fn reach(&self, f: &mut String, reach: &Reach) -> fmt::Result {
        let who = &self.who;
        f.write_str("- The record belongs to ")?;
        match &reach.owner {
            None => {
                return writeln!(f, "nobody, so that only `all` reaches it.");
            }
            Some(owner) if owner.is_empty() => f.write_str("a user of another account")?,
            Some(owner) => f.write_str(&named(owner))?,
        }
        match (reach.relation, &reach.owner_position) {
            (Relation::Own, _) => return writeln!(f, ": it is their own."),
            (_, Some(position)) => write!(f, " at {position}")?,
            (_, None) => f.write_str(", who has no position")?,
        }
        if reach.is_stated {
            f.write_str(" (as the request says)")?;
        }
        let position = match &reach.subject_position {
            Some(position) => position.to_string(),
            None => String::new(),
        };
        match reach.relation {
            Relation::Own | Relation::Unowned => {}
            Relation::Below => write!(f, ", below {who} at {position}")?,
            Relation::Peer => write!(f, ", as {who} is")?,
            Relation::Above => write!(f, ", above {who} at {position}")?,
            Relation::Apart => {
                write!(f, ", which is neither above nor below {who} at {position}")?;
            }
            Relation::SubjectWithoutPosition => write!(f, ", and {who} has no position")?,
            Relation::OwnerWithoutPosition => {}
        }
        if !reach.path.is_empty() {
            f.write_str(": ")?;
            for (i, position) in reach.path.iter().take(NAMED).enumerate() {
                let arrow = if i > 0 { " → " } else { "" };
                write!(f, "{arrow}{position}")?;
            }
            if reach.path.len() > NAMED {
                write!(f, " → {} more", reach.path.len() - NAMED)?;
            }
        }
        writeln!(f, ". `{}` reaches it.", reach.needed)
    }

    // ── Denied ────────────────────────────────────────────────────────────────────────────────

    fn denied(&self, f: &mut String) -> fmt::Result {
        self.title(f, "may not")?;
        let why = self.why;
        self.causes(f, &why.obstacles)?;
        if why.pairs.iter().any(|pair| pair.code == "allowed") {
            return f.write_str("- Nothing else would keep them from it.\n");
        }
        if why.pairs.len() > 1 {
            f.write_str("- One of these permissions would allow it:")?;
            let paths = why.pairs.iter().filter_map(|pair| pair.permission.as_ref());
            list(f, paths.map(|path| format!(" {path}")), why.pairs.len())?;
            f.write_str(".\n")?;
        }
        for pair in &why.pairs {
            let permission = pair.permission.as_ref();
            self.causes(f, &pair.causes)?;
            if let Some(finding) = permission.and_then(|it| why.permission(&it.id)) {
                self.causes(f, &finding.causes)?;
            }
        }
        let is_of_pair = |path: &str| {
            let mut permissions = why.pairs.iter().filter_map(|pair| pair.permission.as_ref());
            permissions.any(|it| it.id == path)
        };
        for finding in &why.permissions {
            if !is_of_pair(&finding.permission.id) {
                self.causes(f, &finding.causes)?;
            }
        }
        self.causes(f, &why.operation_causes)?;
        let out_of_scope = why
            .causes()
            .any(|it| matches!(it, Cause::OutOfScope { .. }));
        match &why.reach {
            Some(reach) if out_of_scope => self.reach(f, reach),
            _ => Ok(()),
        }
    }
}

/// The first of them, each beginning with its space, and how many more there are.
fn list(f: &mut String, items: impl Iterator<Item = String>, count: usize) -> fmt::Result {
    let mut shown = 0;
    for item in items.take(NAMED) {
        let comma = if shown > 0 { "," } else { "" };
        write!(f, "{comma}{item}")?;
        shown += 1;
    }
    match count.saturating_sub(shown) {
        0 => Ok(()),
        more => write!(f, ", and {more} more"),
    }
}
