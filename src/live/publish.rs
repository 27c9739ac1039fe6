//! A change in two steps, so that whoever stores it stands between them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::sync::lock;
use super::{Live, Published, observe};
use crate::admin::{Actor, Applied, Change, Refused, Report};
use crate::engine::Engine;
use crate::journal::{FORMAT, Head, OlderCatalogs, Record, RefusedTransaction, Sealed, TakesFrom};
use crate::{Catalog, Timestamp};

/// How many of the last heads are remembered: a follower may have gone on by fewer before whoever stored a
/// record comes to publish it.
const REMEMBERED: usize = 64;

/// A change that was found to be in order, on the engine that was published then. To be stored, then
/// published; dropping it changes nothing.
///
/// The engine that it makes is not given out: another may be published in its stead, and handles of the
/// one would be misread by the other.
#[derive(Debug, Clone)]
#[must_use = "what is prepared is neither stored nor published"]
pub struct Prepared {
    before: Engine,
    expected: Head,
    record: Record,
    sealed: Sealed,
    applied: Applied,
    older: OlderCatalogs,
}

impl Prepared {
    /// What is to be stored, in clear.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What is to be stored, chained to what was stored before.
    pub fn sealed(&self) -> &Sealed {
        &self.sealed
    }

    /// The head that the journal must have for this to follow it.
    pub fn expected(&self) -> Head {
        self.expected
    }

    /// What the change does to whom, worked out when asked for (A6).
    pub fn report(&self) -> Report<'_> {
        self.applied.report()
    }

    pub(super) fn into_applied(self) -> Applied {
        self.applied
    }

    /// The catalog that it was made under: a journal keeps that first.
    pub(super) fn catalog(&self) -> &Catalog {
        self.before.catalog()
    }
}

/// A transaction that is asked for.
struct Asked<'a> {
    actor: &'a Actor,
    at: Timestamp,
    changes: Vec<Change>,
    note: Option<&'a str>,
}

/// Why nothing was prepared. What is published stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotPrepared {
    /// Nothing is loaded yet.
    #[error("nothing is loaded yet")]
    NotReady,
    /// Authority or a guard refuses a change.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The journal has what cannot be read here: nothing is written (D16).
    #[error(
        "the journal has gone on to revision {ends}, which cannot be read here past {revision}: \
         nothing is written"
    )]
    Behind {
        /// The last revision that was read whole.
        revision: u64,
        /// The last that there is, as far as was seen.
        ends: u64,
    },
    /// It cannot be written as a record: a time after the year 9999, say.
    #[error("it cannot be recorded: {0}")]
    Unrecordable(String),
}

/// Something else was published since the change was prepared. Unless it is stored, it is to be prepared
/// anew, on what there is now; what is stored would be made twice by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "prepared to follow revision {}, and revision {} is published by now",
    .expected.revision,
    .live.revision
)]
pub struct Conflict {
    /// What it was to follow.
    pub expected: Head,
    /// What is published.
    pub live: Head,
}

/// Kept by whoever publishes.
pub(super) struct Publishing {
    /// The heads that were published last, the newest at the end.
    last: VecDeque<Head>,
    /// How many changes this host published itself since it last kept a snapshot.
    own: u64,
}

impl Publishing {
    pub(super) fn since(published: Option<&Published>) -> Publishing {
        Publishing {
            last: published.map(|it| it.head).into_iter().collect(),
            own: 0,
        }
    }

    fn remember(&mut self, heads: &[Head]) {
        for head in heads {
            if self.last.len() == REMEMBERED {
                self.last.pop_front();
            }
            self.last.push_back(*head);
        }
    }
}

impl Live {
    /// Makes a change on the engine as it is now, and the record of it, and keeps both for
    /// [`publish`](Live::publish): [`Engine::apply`] without anybody seeing it yet.
    ///
    /// A journal that is to take the record keeps the catalog first
    /// ([`keep_catalog`](crate::journal::keep_catalog)): it was made under that.
    ///
    /// Cost: that of [`Engine::apply`], and of the record.
    ///
    /// # Errors
    /// [`NotPrepared::Refused`] where authority or a guard says no, [`NotPrepared::NotReady`] before anything
    /// is loaded, [`NotPrepared::Unrecordable`].
    pub fn prepare(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
    ) -> Result<Prepared, NotPrepared> {
        self.prepare_unlocked(actor, at, changes, note, &mut || ())
    }

    /// The same, for whoever holds a lock: what refusals are told to may want to change the account.
    pub(super) fn prepare_unlocked(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
        unlock: &mut dyn FnMut(),
    ) -> Result<Prepared, NotPrepared> {
        let published = self.0.published.load_full();
        let published = published.ok_or(NotPrepared::NotReady)?;
        let asked = Asked {
            actor,
            at,
            changes,
            note,
        };
        self.prepare_on(&published, asked, unlock)
    }

    /// [`prepare`](Live::prepare), but skips changes that would change nothing: the record does not have
    /// them ([`Engine::apply_passing_over`]). Returns `None` if no change is left.
    ///
    /// # Errors
    /// Those of [`prepare`](Live::prepare).
    pub fn prepare_passing_over(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
    ) -> Result<Option<Prepared>, NotPrepared> {
        self.prepare_passing_over_unlocked(actor, at, changes, note, &mut || ())
    }

    pub(super) fn prepare_passing_over_unlocked(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
        unlock: &mut dyn FnMut(),
    ) -> Result<Option<Prepared>, NotPrepared> {
        let published = self.0.published.load_full();
        let published = published.ok_or(NotPrepared::NotReady)?;
        let mut asked = Asked {
            actor,
            at,
            changes,
            note,
        };
        let applied = self.make(&published, &asked, unlock, |engine| {
            engine.apply_passing_over(actor, at, &asked.changes)
        })?;
        let Some(applied) = applied else {
            return Ok(None);
        };
        let mut number = 0..;
        let is_passed_over = |it: usize| applied.passed_over().binary_search(&it).is_ok();
        asked
            .changes
            .retain(|_| number.next().is_some_and(|it| !is_passed_over(it)));
        self.record(&published, asked, applied).map(Some)
    }

    /// The end of assignments that are over by now (D2): a transaction of the host's without changes.
    /// `None` where none is.
    ///
    /// # Errors
    /// Those of [`prepare`](Live::prepare).
    pub fn prepare_expiry(&self, now: Timestamp) -> Result<Option<Prepared>, NotPrepared> {
        self.prepare_expiry_unlocked(now, &mut || ())
    }

    /// Returns whether an assignment is over by now.
    pub(super) fn is_expiry_due(&self, now: Timestamp) -> Result<bool, NotPrepared> {
        let published = self.0.published.load();
        let published = published.as_ref().ok_or(NotPrepared::NotReady)?;
        Ok(published.engine.next_expiry().is_some_and(|it| it <= now))
    }

    pub(super) fn prepare_expiry_unlocked(
        &self,
        now: Timestamp,
        unlock: &mut dyn FnMut(),
    ) -> Result<Option<Prepared>, NotPrepared> {
        let published = self.0.published.load_full();
        let published = published.ok_or(NotPrepared::NotReady)?;
        let next = published.engine.next_expiry();
        if next.is_none_or(|next| next > now) {
            return Ok(None);
        }
        let asked = Asked {
            actor: &Actor::System,
            at: now,
            changes: Vec::new(),
            note: None,
        };
        self.prepare_on(&published, asked, unlock).map(Some)
    }

    fn prepare_on(
        &self,
        published: &Published,
        asked: Asked<'_>,
        unlock: &mut dyn FnMut(),
    ) -> Result<Prepared, NotPrepared> {
        let Asked { actor, at, .. } = asked;
        let applied = self.make(published, &asked, unlock, |engine| {
            engine.apply(actor, at, &asked.changes)
        })?;
        self.record(published, asked, applied)
    }

    /// Makes what is asked for of what is published, and tells of a refusal.
    fn make<T>(
        &self,
        published: &Published,
        asked: &Asked<'_>,
        unlock: &mut dyn FnMut(),
        make: impl FnOnce(&Engine) -> Result<T, Refused>,
    ) -> Result<T, NotPrepared> {
        if let Some(unread) = &published.unread {
            return Err(NotPrepared::Behind {
                revision: published.head.revision,
                ends: unread.ends.revision,
            });
        }
        let made = make(&published.engine).inspect_err(|refused| {
            unlock();
            observe::refused(self, asked.actor, refused);
            if let Some(sink) = self.0.refused.get() {
                sink.refused(&RefusedTransaction {
                    account: self.account(),
                    revision: published.engine.revision(),
                    at: asked.at,
                    actor: asked.actor,
                    note: asked.note,
                    changes: &asked.changes,
                    refused,
                });
            }
        })?;
        Ok(made)
    }

    fn record(
        &self,
        published: &Published,
        asked: Asked<'_>,
        applied: Applied,
    ) -> Result<Prepared, NotPrepared> {
        let record = Record {
            format: FORMAT,
            account: self.account().map(Into::into),
            revision: applied.engine().revision(),
            takes_from: TakesFrom::between_for(
                &published.engine,
                applied.engine(),
                &published.older,
            ),
            catalog: published.catalog,
            at: asked.at,
            actor: asked.actor.clone(),
            note: asked.note.map(Into::into),
            changes: asked.changes,
        };
        let sealed = record.seal(&published.head);
        let sealed = sealed.map_err(|error| NotPrepared::Unrecordable(error.to_string()))?;
        Ok(Prepared {
            before: published.engine.clone(),
            expected: published.head,
            record,
            sealed,
            applied,
            older: published.older.clone(),
        })
    }

    /// Shows a prepared change to every reader, once it is stored; its revision. From here on no check
    /// that begins sees less.
    ///
    /// One that a follower has read from the journal and published before, with what follows it or without,
    /// is published: that is no error. The last 64 revisions are remembered for this.
    ///
    /// # Errors
    /// [`Conflict`] where something else was published since it was prepared; nothing changes. What is not
    /// stored is prepared anew. What is stored is in force all the same, or will be once
    /// [`catch_up`](Live::catch_up) reads it: prepared anew, it would be made twice.
    pub fn publish(&self, prepared: Prepared) -> Result<u64, Conflict> {
        self.publish_prepared(&prepared)?;
        Ok(prepared.record.revision)
    }

    pub(super) fn publish_prepared(&self, prepared: &Prepared) -> Result<(), Conflict> {
        let next = Published {
            engine: prepared.applied.engine().clone(),
            head: prepared.sealed.head(),
            at: prepared.record.at,
            catalog: prepared.record.catalog,
            older: prepared.older.clone(),
            unread: None,
        };
        let head = next.head;
        self.replace(Some(&prepared.before), next, &[head])
            .map_err(|live| Conflict {
                expected: prepared.expected,
                // What was prepared here was prepared on something.
                live: live.unwrap_or(prepared.expected),
            })?;
        lock(&self.0.publishing).own += 1;
        Ok(())
    }

    /// How many changes this host has published itself, where they are so many; they count once.
    pub(super) fn take_published_here(&self, changes: u64) -> Option<u64> {
        let mut publishing = lock(&self.0.publishing);
        let are_enough = publishing.own >= changes;
        are_enough.then(|| std::mem::take(&mut publishing.own))
    }

    /// They count again: no snapshot was kept of them.
    pub(super) fn give_back(&self, changes: u64) {
        lock(&self.0.publishing).own += changes;
    }

    /// Puts a revision in the place of the engine that it was made of; where that is not the published one
    /// any more, says what is. One that was published before is in its place. The heads are those that it
    /// adds to what was published, its own the last.
    pub(super) fn replace(
        &self,
        before: Option<&Engine>,
        next: Published,
        heads: &[Head],
    ) -> Result<(), Option<Head>> {
        let mut publishing = lock(&self.0.publishing);
        if publishing.last.contains(&next.head) {
            return Ok(());
        }
        let now = self.0.published.load_full();
        // Engines, not heads: another account's may be at the same revision, both without a journal.
        let is_expected = match (&now, before) {
            (Some(now), Some(before)) => now.is(before),
            (None, None) => true,
            _ => false,
        };
        if !is_expected {
            return Err(now.map(|it| it.head));
        }
        let revision = next.head.revision;
        publishing.remember(heads);
        self.0.published.store(Arc::new(next));
        drop(publishing);
        observe::published(self, revision);
        Ok(())
    }

    /// Puts the same revision in its own place, with people marked who are denied; whether it still was the
    /// published one.
    pub(super) fn mark(&self, before: &Engine, marked: Published) -> bool {
        let publishing = lock(&self.0.publishing);
        let now = self.0.published.load_full();
        let is_expected = now.is_some_and(|now| now.is(before));
        if is_expected {
            self.0.published.store(Arc::new(marked));
        }
        drop(publishing);
        is_expected
    }

    /// Whether it was published here, as far back as is remembered.
    pub(super) fn has_published(&self, head: Head) -> bool {
        lock(&self.0.publishing).last.contains(&head)
    }
}
