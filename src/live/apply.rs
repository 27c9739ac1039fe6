//! A change into a journal and to the readers, in one call.

use super::publish::{NotPrepared, Prepared};
use super::sync::Turn;
use super::{Live, observe};
use crate::Timestamp;
use crate::admin::{Actor, Applied, Change, Refused, Report};
use crate::journal::{AppendError, Head, Journal, JournalError, Sealed, Snapshot, keep_catalog};

/// How often [`Live::expire`] tries: whoever is first ends what is due for all.
const EXPIRY_ATTEMPTS: usize = 4;

/// Why a change was not applied. Nothing of it is published; what is published is as it was, or newer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
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
    /// Somebody else was first, every time. What they did is published here by now: the host may look at
    /// it, and try anew.
    #[error("somebody else was first: the journal has gone on to revision {}", .live.revision)]
    Conflict {
        /// What the change was to follow.
        expected: Head,
        /// What is published now.
        live: Head,
    },
    /// The journal failed, and the change is not in it.
    #[error("not applied: {0}")]
    Journal(#[from] JournalError),
    /// The journal failed while the change was being written, and then could not be asked, or may write it
    /// yet. If the change is in it, it is published when [`catch_up`](Live::catch_up) reads it: whoever
    /// tries the same again does that first, and looks. One that is not in it by then comes no more once
    /// another change is.
    #[error("it is not known whether the change is in the journal: {0}")]
    InDoubt(#[source] JournalError),
}

/// A change that is in the journal, and published.
#[derive(Debug, Clone)]
pub struct Committed {
    head: Head,
    applied: Applied,
}

impl Committed {
    /// The revision that it made: for whoever must see it elsewhere
    /// ([`check_at_least`](Live::check_at_least)).
    pub fn revision(&self) -> u64 {
        self.head.revision
    }

    /// Where the journal was with it.
    pub fn head(&self) -> Head {
        self.head
    }

    /// What it does to whom, worked out when asked for (A6).
    pub fn report(&self) -> Report<'_> {
        self.applied.report()
    }
}

/// Why nothing was asked of the journal.
#[derive(Debug, thiserror::Error)]
#[error("others were applying until the time was over")]
struct Queued;

/// What whoever applies knows of the journal.
#[derive(Default)]
pub(super) struct Applying {
    /// Whether it has the catalog.
    has_catalog: bool,
}

impl Live {
    /// Applies changes as one transaction (A1): prepared, appended to the journal, published.
    ///
    /// Nothing is published before it is durable. Threads of one host that apply queue; readers are not
    /// held up by anything. Hosts that must not block prepare and publish themselves. A sync, which states what is
    /// to be so, calls [`apply_passing_over`](Live::apply_passing_over) instead.
    ///
    /// All that is asked of the journal, and the queue, take no longer together than one call of a journal that
    /// is bounded ([`Journal::for_one_call`]).
    ///
    /// # Errors
    /// [`ApplyError`]. On a [`Conflict`](ApplyError::Conflict) this has caught up with the journal.
    pub fn apply(
        &self,
        journal: &dyn Journal,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
    ) -> Result<Committed, ApplyError> {
        self.apply_with_retry(journal, 1, actor, at, changes, note)
    }

    /// [`apply`](Live::apply), and where somebody else was first, anew on what they made of the account:
    /// authority is asked and guards are held again there. At most `attempts` times, and at least once.
    ///
    /// # Errors
    /// [`ApplyError`]; a refusal may be by what others have changed.
    pub fn apply_with_retry(
        &self,
        journal: &dyn Journal,
        attempts: usize,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
    ) -> Result<Committed, ApplyError> {
        let prepare = |unlock: &mut dyn FnMut()| {
            self.prepare_unlocked(actor, at, changes.clone(), note, unlock)
                .map(Some)
        };
        match self.attempt(journal, attempts, prepare)? {
            Some(committed) => Ok(committed),
            None => Err(ApplyError::NotReady),
        }
    }

    /// [`apply_with_retry`](Live::apply_with_retry), but skips changes that would change nothing: the
    /// journal does not have them ([`Engine::apply_passing_over`](crate::Engine::apply_passing_over)). Returns
    /// `None`, and writes nothing, if no change is left.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub fn apply_passing_over(
        &self,
        journal: &dyn Journal,
        attempts: usize,
        actor: &Actor,
        at: Timestamp,
        changes: Vec<Change>,
        note: Option<&str>,
    ) -> Result<Option<Committed>, ApplyError> {
        self.attempt(journal, attempts, |unlock| {
            self.prepare_passing_over_unlocked(actor, at, changes.clone(), note, unlock)
        })
    }

    /// Ends the assignments that are over by now (D2), on whichever host is first; what that did.
    /// `None` where nothing is due, which costs no more than looking.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub fn expire(
        &self,
        journal: &dyn Journal,
        now: Timestamp,
    ) -> Result<Option<Committed>, ApplyError> {
        // Before it waits for whoever applies: what they ask of the journal may take its time.
        if !self.is_expiry_due(now)? {
            return Ok(None);
        }
        self.attempt(journal, EXPIRY_ATTEMPTS, |unlock| {
            self.prepare_expiry_unlocked(now, unlock)
        })
    }

    /// Keeps the account as it is now in the journal, for whoever starts or has fallen behind; its head.
    /// A follower does this by itself, where its options say so.
    ///
    /// Cost: linear in the account. Nobody is held up meanwhile.
    ///
    /// # Errors
    /// [`JournalError::Empty`] before anything is loaded; those of [`Journal::save_snapshot`].
    pub fn save_snapshot(&self, journal: &dyn Journal) -> Result<Head, JournalError> {
        let published = self.0.published.load_full().ok_or(JournalError::Empty)?;
        if let Some(unread) = &published.unread {
            return Err(JournalError::Behind {
                revision: published.head.revision,
                ends: unread.ends.revision,
            });
        }
        let bounded = journal.for_one_call();
        let journal = bounded.as_ref().map_or(journal, |it| &*it.journal);
        // Whoever reads it must know the catalog.
        keep_catalog(journal, published.engine.catalog())?;
        let snapshot = Snapshot::of(&published.engine, published.at);
        journal.save_snapshot(&snapshot.seal(published.head)?)?;
        observe::snapshot(self, published.head.revision);
        Ok(published.head)
    }

    fn attempt(
        &self,
        journal: &dyn Journal,
        attempts: usize,
        prepare: impl Fn(&mut dyn FnMut()) -> Result<Option<Prepared>, NotPrepared>,
    ) -> Result<Option<Committed>, ApplyError> {
        let _span = observe::applying(self);
        let bounded = journal.for_one_call();
        let until = bounded.as_ref().map(|it| it.until);
        let journal = bounded.as_ref().map_or(journal, |it| &*it.journal);
        let turn = self.0.applying.turn(until);
        let mut applying = Some(turn.ok_or_else(|| JournalError::storage(Queued))?);
        let mut left = attempts.max(1);
        loop {
            let Some(prepared) = prepare(&mut || applying = None)? else {
                return Ok(None);
            };
            let knows = applying.as_mut().and_then(Turn::value);
            if let Some(knows) = knows.filter(|it| !it.has_catalog) {
                keep_catalog(journal, prepared.catalog())?;
                knows.has_catalog = true;
            }
            let expected = prepared.expected();
            if self.store(journal, &prepared)? {
                self.show(journal, &prepared)?;
                return Ok(Some(Committed {
                    head: prepared.sealed().head(),
                    applied: prepared.into_applied(),
                }));
            }
            let live = self.catch_up(journal)?.to;
            left -= 1;
            observe::conflict(self, expected.revision, left);
            if left == 0 {
                return Err(ApplyError::Conflict { expected, live });
            }
        }
    }

    /// Appends a prepared change; whether it is in the journal, which somebody else's may be instead.
    fn store(&self, journal: &dyn Journal, prepared: &Prepared) -> Result<bool, ApplyError> {
        let (error, may_come) = match journal.append(prepared.expected(), prepared.sealed()) {
            Ok(_) => return Ok(true),
            Err(AppendError::Conflict { .. }) => return Ok(false),
            Err(AppendError::NotWritten(error)) => {
                observe::trouble(self, &error);
                return Err(ApplyError::Journal(error));
            }
            Err(AppendError::Journal(error)) => (error, false),
            Err(AppendError::Unknown(error)) => (error, true),
        };
        observe::trouble(self, &error);
        // The store may have failed before it was written, or after: what follows is looked at.
        let expected = prepared.expected();
        let next = journal.read_from(expected.revision, 1);
        match next.as_deref().map(<[Sealed]>::first) {
            Ok(Some(next)) => Ok(next.head() == prepared.sealed().head()),
            Ok(None) | Err(_) if may_come => Err(ApplyError::InDoubt(error)),
            Ok(None) if matches!(journal.head(), Ok(Some(head)) if head == expected) => {
                Err(ApplyError::Journal(error))
            }
            Ok(None) | Err(_) => Err(ApplyError::InDoubt(error)),
        }
    }

    /// Publishes what the journal has (I13).
    fn show(&self, journal: &dyn Journal, prepared: &Prepared) -> Result<(), ApplyError> {
        let Err(conflict) = self.publish_prepared(prepared) else {
            return Ok(());
        };
        // A follower may be far past it: then it was in what that read.
        if conflict.live.revision > prepared.record().revision {
            return Ok(());
        }
        self.catch_up(journal).map_err(ApplyError::InDoubt)?;
        match self.has_published(prepared.sealed().head()) {
            true => Ok(()),
            false => Err(ApplyError::InDoubt(JournalError::Forked {
                revision: prepared.record().revision,
            })),
        }
    }
}

impl From<NotPrepared> for ApplyError {
    fn from(not: NotPrepared) -> Self {
        match not {
            NotPrepared::NotReady => ApplyError::NotReady,
            NotPrepared::Refused(refused) => ApplyError::Refused(refused),
            NotPrepared::Behind { revision, ends } => ApplyError::Behind { revision, ends },
            NotPrepared::Unrecordable(why) => ApplyError::Unrecordable(why),
        }
    }
}
