//! What a newer host wrote and this one cannot read (D16): of each record, whom it takes from.
//!
//! In a rolling deploy two hosts have one journal, and the older knows an older catalog or an older version of
//! the crate. It applies nothing after the first record that it cannot read. What it has published stays, and
//! denies whomever something may have been taken from since, as `not_ready`.

use std::collections::BTreeSet;

use super::{Live, Published, catch_up};
use crate::Engine;
use crate::journal::{
    Digest, Head, Journal, JournalError, Outline, Restored, Sealed, TakesFrom, can_read, restore,
    restore_from,
};

/// How many records are looked at at once.
const PAGE: usize = 256;

/// What a journal has after the last revision that a host read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// Where the journal ends, as far as was seen.
    pub ends: Head,
    /// Who is denied until it can be read: whomever a record since may have taken something from.
    pub takes_from: TakesFrom,
    /// The catalog of the first of these records, if the journal does not have it.
    missing: Option<Digest>,
}

impl Unread {
    /// Goes past records that follow, and cannot be read; what is wrong with one.
    pub(super) fn see(&mut self, page: &[Sealed], account: Option<&str>) -> Option<JournalError> {
        let seen = self.ends.revision;
        let mut page = page.iter().filter(|it| it.revision > seen);
        page.find_map(|sealed| {
            let outline = match sealed.outline(&self.ends, account) {
                Ok(outline) => outline,
                Err(error) => return Some(error),
            };
            self.ends = outline.head;
            self.takes_from.unite(outline.takes_from);
            None
        })
    }

    /// An engine that denies these people.
    fn mark(&self, engine: &Engine) -> Engine {
        match &self.takes_from {
            TakesFrom::Everybody => engine.not_ready_for(None::<[&str; 0]>),
            TakesFrom::Users(users) => {
                let users = users.iter().map(String::as_str);
                engine.not_ready_for(Some(users))
            }
        }
    }
}

impl Published {
    /// Whether what comes next cannot be read, as was found before.
    pub(super) fn waits(&self, journal: &dyn Journal) -> Result<bool, JournalError> {
        match &self.unread {
            None => Ok(false),
            Some(unread) => match unread.missing {
                None => Ok(true),
                Some(missing) => Ok(journal.catalog(&missing)?.is_none()),
            },
        }
    }

    /// A later revision, which denies the same people until all is read that made it deny them.
    pub(super) fn still(self, unread: Option<&Unread>) -> Published {
        match unread.filter(|it| it.ends.revision > self.head.revision) {
            None => self,
            Some(unread) => self.marked(unread.clone()),
        }
    }

    /// The same revision, which denies whomever later records take from.
    pub(super) fn marked(self, unread: Unread) -> Published {
        Published {
            engine: unread.mark(&self.engine),
            unread: Some(unread),
            ..self
        }
    }

    /// What cannot be read after this, as far as it was looked at before, or not at all.
    pub(super) fn unread_after(&self, known: Option<&Unread>, missing: Option<Digest>) -> Unread {
        let known = known.filter(|it| it.ends.revision > self.head.revision);
        let (ends, takes_from) = match known {
            Some(known) => (known.ends, known.takes_from.clone()),
            None => (self.head, TakesFrom::nobody()),
        };
        Unread {
            ends,
            takes_from,
            missing,
        }
    }
}

impl Live {
    /// Goes on after what is published where the next record cannot be read, up to a journal's end: whoever
    /// loses by a record is denied.
    pub(super) fn look_past(
        &self,
        journal: &dyn Journal,
        now: &Published,
        ends: Head,
        missing: Option<Digest>,
    ) -> Result<(), JournalError> {
        let mut unread = now.unread_after(now.unread.as_ref(), missing);
        let seen = now.unread.as_ref();
        let seen = seen.map_or((now.head, missing), |it| (it.ends, it.missing));
        let failed = self.look(journal, &mut unread, ends);
        if (unread.ends, unread.missing) != seen {
            let engine = unread.mark(&now.engine);
            let marked = Published {
                engine,
                head: now.head,
                at: now.at,
                catalog: now.catalog,
                older: now.older.clone(),
                unread: Some(unread),
            };
            // Where somebody here was faster, they have gone on from there.
            let _ = self.mark(&now.engine, marked);
        }
        failed?.map_or(Ok(()), Err)
    }

    /// Goes past what cannot be read, up to a journal's end; what is wrong with a record of it.
    ///
    /// # Errors
    /// Those of reading: it then has come as far as was read.
    pub(super) fn look(
        &self,
        journal: &dyn Journal,
        unread: &mut Unread,
        ends: Head,
    ) -> Result<Option<JournalError>, JournalError> {
        while unread.ends.revision < ends.revision {
            let page = journal.read_from(unread.ends.revision, PAGE)?;
            if page.is_empty() {
                return Ok(Some(JournalError::CutOff {
                    expected: unread.ends.revision.saturating_add(1),
                    ends: ends.revision,
                }));
            }
            if let Some(error) = unread.see(&page, self.account()) {
                return Ok(Some(error));
            }
        }
        Ok(None)
    }

    /// Why the record after what is published cannot be read here; `None` where it can, or there is none.
    pub(super) fn why_unread(
        &self,
        journal: &dyn Journal,
        after: Head,
    ) -> Result<Option<JournalError>, JournalError> {
        let next = journal.read_from(after.revision, 1)?;
        let Some(next) = next.first() else {
            return Ok(None);
        };
        let outline = next.outline(&after, self.account())?;
        self.unread_by(journal, &outline, &mut BTreeSet::new())
    }

    /// Why a record cannot be read here. Catalogs that can are remembered.
    fn unread_by(
        &self,
        journal: &dyn Journal,
        outline: &Outline,
        known: &mut BTreeSet<Digest>,
    ) -> Result<Option<JournalError>, JournalError> {
        let revision = outline.head.revision;
        if let Some(why) = &outline.unread {
            return Ok(Some(why.clone().at(revision)));
        }
        let Some(catalog) = outline.catalog.filter(|it| !known.contains(it)) else {
            return Ok(None);
        };
        match can_read(journal, self.catalog(), catalog, revision) {
            Ok(()) => {
                known.insert(catalog);
                Ok(None)
            }
            Err(error) if error.is_newer() || catch_up::missing(&error).is_some() => {
                Ok(Some(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Loads the account as far as it can be read: as of the last revision before the first record that
    /// cannot.
    ///
    /// Cost: a look at every record from the beginning of the journal on.
    pub(super) fn restore_readable(&self, journal: &dyn Journal) -> Result<Restored, JournalError> {
        let (catalog, account) = (self.catalog(), self.account());
        let ends = journal.head()?.ok_or(JournalError::Empty)?;
        let first = journal.read_from(0, 1)?;
        let first = first.first().map(|it| it.revision.saturating_sub(1));
        let began = first.unwrap_or(ends.revision);
        let beginning = journal.snapshot(began)?.ok_or(JournalError::Empty)?;
        let mut known = BTreeSet::new();
        let mut head = beginning.head;
        'pages: loop {
            let page = journal.read_from(head.revision, PAGE)?;
            if page.is_empty() {
                break;
            }
            for sealed in &page {
                let outline = sealed.outline(&head, account)?;
                if self.unread_by(journal, &outline, &mut known)?.is_some() {
                    break 'pages;
                }
                head = outline.head;
            }
        }
        let until = Some(head.revision);
        match restore(journal, catalog, account, until) {
            // A newer host may have kept a snapshot of what an older one can read.
            Err(error) if error.is_newer() => {
                restore_from(journal, catalog, account, until, beginning.head.revision)
            }
            restored => restored,
        }
    }
}
