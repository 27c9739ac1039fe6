//! Pages of what was done in an account, the newest first: what an audit page shows.
//!
//! Nothing is made once more: a page costs what its records cost to read. What a transaction came to for one
//! thing, [`history`](super::history) tells.

use std::fmt;

use serde::Serialize;

use super::history::line;
use super::{Head, Journal, JournalError, Sealed};
use crate::Timestamp;
use crate::admin::{Actor, Change};

/// How many records are read at a time.
const PAGE: usize = 1_000;

/// A page of an account's transactions, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditPage {
    /// The transactions, the newest first.
    pub entries: Vec<AuditEntry>,
    /// What to ask the next page with, as [`audit`]'s `before`. `None` where this page ends with the first
    /// transaction of the journal.
    pub older: Option<u64>,
}

/// A transaction as a page lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The revision that it made.
    pub revision: u64,
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// Why, for people.
    pub note: Option<String>,
    /// What was changed; nothing where assignments that had ended were dropped (D2).
    pub changes: Vec<Change>,
    /// True if the note, or a name or properties that the changes stated, were erased (A7).
    pub is_erased: bool,
}

/// Reads a page of at most `limit` transactions, the newest first: of those that made revisions less than
/// `before`, or of all. At least one is read where there is one.
///
/// The records of a page are held against each other and against the one after them; those of the newest
/// page against the journal's head. [`restore`](super::restore) holds a whole journal against its beginning.
///
/// Cost: linear in the records of the page; for the page that ends with the journal's first record also in
/// the snapshot that the journal began with.
///
/// # Errors
/// [`JournalError`], with its place. [`JournalError::is_newer`] where a newer version of the crate wrote a
/// record of the page.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// # "#), Warnings::Refuse)?;
/// # let mut policy = PolicyDocument::new(1);
/// # policy.roles.push(RoleDocument::new("seller").grant("orders"));
/// # let users = DirectoryDocument::new([UserDocument::new("ann"), UserDocument::new("bob")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::admin::{Actor, Change};
/// use bailiwick::journal::{self, MemoryJournal};
/// use bailiwick::live::Live;
/// let journal = MemoryJournal::new();
/// journal::begin(&journal, &engine, Timestamp(0))?;
/// let live = Live::of(journal::restore(&journal, &catalog, None, None)?);
/// for (user, day) in [("ann", 1), ("bob", 2)] {
///     let changes = vec![Change::assign_role(user, "seller")];
///     live.apply(&journal, &Actor::System, Timestamp(day * 86_400), changes, Some("joined"))?;
/// }
///
/// let page = journal::audit(&journal, None, None, 1)?;
/// assert_eq!(page.to_string(), "revision 3, 1970-01-03T00:00:00Z, the host: joined\n");
/// let page = journal::audit(&journal, None, page.older, 1)?;
/// assert_eq!(page.entries[0].changes, [Change::assign_role("ann", "seller")]);
/// assert_eq!(page.older, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn audit(
    journal: &dyn Journal,
    account: Option<&str>,
    before: Option<u64>,
    limit: usize,
) -> Result<AuditPage, JournalError> {
    let ends = journal.head()?.ok_or(JournalError::Empty)?;
    let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
    let newest = match before {
        Some(before) => ends.revision.min(before.saturating_sub(1)),
        None => ends.revision,
    };
    let oldest = newest.saturating_sub(limit).saturating_add(1);
    // The record before the page says what its first one follows; the one after it, that its last one is what
    // it was.
    let (from, to) = (oldest.saturating_sub(1), ends.revision.min(newest + 1));
    let records = between(journal, from, to, ends)?;
    let mut records = records.iter().peekable();
    let mut page = AuditPage {
        entries: Vec::new(),
        older: None,
    };
    let mut after = match records.peek() {
        Some(first) if first.revision < oldest => {
            page.older = Some(oldest);
            let head = first.head();
            records.next();
            head
        }
        Some(first) if first.revision <= newest => beginning(journal, first.revision)?,
        Some(_) | None => return Ok(page),
    };
    for record in records {
        if record.revision <= newest {
            let (opened, erased) = record.open_rest(&after, account)?;
            page.entries.push(AuditEntry {
                revision: opened.revision,
                at: opened.at,
                actor: opened.actor,
                note: opened.note,
                changes: opened.changes,
                is_erased: erased.note || !erased.people.is_empty(),
            });
        } else {
            record.chains(&after)?;
        }
        after = record.head();
    }
    if after.revision == ends.revision && after != ends {
        return Err(JournalError::Forked {
            revision: ends.revision,
        });
    }
    page.entries.reverse();
    Ok(page)
}

/// The records that made these revisions, without gaps; those that there are, where the journal began later.
fn between(
    journal: &dyn Journal,
    from: u64,
    to: u64,
    ends: Head,
) -> Result<Vec<Sealed>, JournalError> {
    let mut records: Vec<Sealed> = Vec::new();
    let mut read_to = from.saturating_sub(1);
    while read_to < to {
        let left = usize::try_from(to - read_to).unwrap_or(usize::MAX);
        let page = journal.read_from(read_to, left.min(PAGE))?;
        let Some(last) = page.last().filter(|it| it.revision > read_to) else {
            // Of a journal that was begun and never went on.
            let began = journal.snapshot(to)?;
            if records.is_empty() && began.is_some_and(|it| it.head == ends) {
                return Ok(records);
            }
            return Err(JournalError::CutOff {
                expected: read_to.saturating_add(1),
                ends: ends.revision,
            });
        };
        read_to = last.revision;
        records.extend(page.into_iter().filter(|it| it.revision <= to));
    }
    Ok(records)
}

/// What the first record of a journal follows: the snapshot that it began with.
fn beginning(journal: &dyn Journal, first: u64) -> Result<Head, JournalError> {
    let began = first.saturating_sub(1);
    let snapshot = journal.snapshot(began)?;
    let head = snapshot.map(|it| it.head).filter(|it| it.revision == began);
    head.ok_or(JournalError::Gap {
        expected: began,
        found: first,
    })
}

impl fmt::Display for AuditEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, self.revision, self.at, &self.actor, self.note.as_deref())?;
        if self.is_erased {
            writeln!(f, "  personal data erased")?;
        }
        Ok(())
    }
}

impl fmt::Display for AuditPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|it| it.fmt(f))
    }
}
