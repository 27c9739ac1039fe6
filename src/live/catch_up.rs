//! From what is published to the end of the journal.

use super::{Live, Published, observe};
use crate::journal::{Damage, Digest, Head, Journal, JournalError, Sealed, restore};

/// How many records are read at once.
const PAGE: usize = 256;

/// What catching up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaughtUp {
    /// What was published before; `None` where nothing was.
    pub from: Option<Head>,
    /// What is published now: where the journal ended when it was asked, or further.
    pub to: Head,
    /// Whether the account was loaded whole, from a snapshot: handles of the engine before are of another
    /// lineage then, and denied.
    pub reloaded: bool,
}

/// What the next pages of the journal came to.
enum Turned {
    /// What they had is published.
    Page,
    /// Records are missing, or were made under another catalog: the account must be loaded whole.
    MustReload,
    /// What comes next cannot be read here.
    Unread,
}

impl Live {
    /// Reads the journal from what is published to its end, makes every transaction once more, and
    /// publishes what comes of it. Before anything is loaded, loads the account
    /// ([`restore`]).
    ///
    /// The chain of digests is verified. Where records are missing, or were made under another version of
    /// the catalog, the account is loaded whole from the newest snapshot.
    ///
    /// Cost: asking for the head; each record once more; where the account is loaded whole, that.
    ///
    /// # Errors
    /// What is wrong with the journal, and where; what is published stays, or goes on as far as the journal
    /// is sound. [`JournalError::WentBack`] where it ends earlier than it did, [`JournalError::Forked`] where
    /// it is another than it was: neither is ever published.
    pub fn catch_up(&self, journal: &dyn Journal) -> Result<CaughtUp, JournalError> {
        // In this order: what is published by then the journal must have.
        let from = self.head();
        let ends = journal.head()?.ok_or(JournalError::Empty)?;
        self.catch_up_to(journal, from, ends)
    }

    /// The same, for whoever has asked for both, in that order.
    pub(super) fn catch_up_to(
        &self,
        journal: &dyn Journal,
        from: Option<Head>,
        ends: Head,
    ) -> Result<CaughtUp, JournalError> {
        let _span = observe::catching_up(self);
        if let Some(had) = from {
            not_before(ends, had)?;
        }
        let mut reloaded = false;
        loop {
            let now = self.0.published.load_full();
            let turned = match &now {
                Some(now) if now.head.revision >= ends.revision => {
                    let to = now.head;
                    observe::caught_up(self, from, to, reloaded);
                    return Ok(CaughtUp { from, to, reloaded });
                }
                Some(now) if now.waits(journal)? => Turned::Unread,
                Some(now) => self.turn_pages(journal, now, ends)?,
                None => Turned::MustReload,
            };
            let turned = match turned {
                Turned::MustReload => {
                    reloaded = true;
                    self.reload(journal, ends)?
                }
                turned => turned,
            };
            if let (Turned::Unread, Some(now)) = (turned, now) {
                return Err(self.stay(journal, &now, ends)?);
            }
        }
    }

    /// Stays where it is, since what comes next cannot be read here; why.
    fn stay(
        &self,
        journal: &dyn Journal,
        now: &Published,
        ends: Head,
    ) -> Result<JournalError, JournalError> {
        let revision = now.head.revision;
        let behind = JournalError::Behind {
            revision,
            ends: ends.revision,
        };
        let why = self.why_unread(journal, now.head)?.unwrap_or(behind);
        self.look_past(journal, now, ends, missing(&why))?;
        Ok(why)
    }

    /// Makes what comes next once more, and publishes it in one step, with whomever later records take from
    /// marked where these cannot be read: what is not looked at yet is not behind what is published.
    fn turn_pages(
        &self,
        journal: &dyn Journal,
        now: &Published,
        ends: Head,
    ) -> Result<Turned, JournalError> {
        let mut page = journal.read_from(now.head.revision, PAGE)?;
        let next = now.head.revision.saturating_add(1);
        // There is more, by the journal's own head; if it does not begin with what comes next, it has a gap.
        let Some(first) = page.first().filter(|it| it.revision <= next).cloned() else {
            return Ok(Turned::MustReload);
        };
        let mut restored = now.resume();
        // Whoever stored one of them may come to publish it yet.
        let mut heads = Vec::with_capacity(page.len());
        let failed = loop {
            let failed = page.iter().enumerate().find_map(|(number, sealed)| {
                let failed = restored.replay(sealed).err();
                if failed.is_none() {
                    heads.push(restored.head());
                }
                Some((number, failed?))
            });
            if let Some((number, error)) = failed {
                page.drain(..number);
                break Some(error);
            }
            if page.is_empty() || restored.head().revision >= ends.revision {
                break None;
            }
            match journal.read_from(restored.head().revision, PAGE) {
                Ok(next) => page = next,
                Err(error) => {
                    page.clear();
                    break Some(error);
                }
            }
        };
        // As far as it is sound it is good: no check should be older than it must.
        let went_on = restored.head() != now.head;
        if went_on {
            let unread = now.unread.as_ref();
            let next = Published::of(&restored);
            let next = match failed.as_ref().filter(|it| is_unreadable(it)) {
                None => next.still(unread),
                Some(error) => {
                    let mut unread = next.unread_after(unread, missing(error));
                    // What was read of them is at hand; what is wrong further on is told when it is read again.
                    let seen = unread.see(&page, self.account());
                    if seen.is_none() {
                        let _ = self.look(journal, &mut unread, ends);
                    }
                    next.marked(unread)
                }
            };
            // Where somebody here was faster, the next page is read from there.
            let _ = self.replace(Some(&now.engine), next, &heads);
        }
        match failed {
            None => Ok(Turned::Page),
            // What was sound is published: the next page begins with what failed.
            Some(error) if went_on && is_unreadable(&error) => Ok(Turned::Page),
            Some(JournalError::UnknownCatalog { .. }) => {
                let why = self.why_unread(journal, now.head)?;
                Ok(why.map_or(Turned::MustReload, |_| Turned::Unread))
            }
            Some(error) if is_unreadable(&error) => Ok(Turned::Unread),
            Some(JournalError::Gap { .. }) => Ok(Turned::MustReload),
            Some(error) if went_on => Err(error),
            Some(error) => Err(named(journal, now.head, &first, error)),
        }
    }

    /// Loads the account whole, unless it is another than what is published; as far as it can be read.
    fn reload(&self, journal: &dyn Journal, ends: Head) -> Result<Turned, JournalError> {
        let restored = match restore(journal, self.catalog(), self.account(), None) {
            Ok(restored) => {
                not_before(restored.head(), ends)?;
                Ok(restored)
            }
            Err(error) if error.is_newer() || missing(&error).is_some() => {
                self.restore_readable(journal)
            }
            Err(error) => Err(error),
        };
        let restored = match restored {
            Err(error) if is_unreadable(&error) && self.head().is_some() => {
                return Ok(Turned::Unread);
            }
            restored => restored?,
        };
        loop {
            let now = self.0.published.load_full();
            if let Some(now) = &now {
                if now.head.revision >= restored.head().revision {
                    return Ok(match restored.head().revision < ends.revision {
                        true => Turned::Unread,
                        false => Turned::Page,
                    });
                }
                if is_another(journal, now.head)? {
                    let revision = now.head.revision;
                    return Err(JournalError::Forked { revision });
                }
            }
            let before = now.as_ref().map(|it| &it.engine);
            let heads = [restored.head()];
            let unread = now.as_ref().and_then(|it| it.unread.as_ref());
            let mut loaded = Published::of(&restored).still(unread);
            if loaded.head.revision < ends.revision
                && let Some(why) = self.why_unread(journal, loaded.head)?
            {
                let mut unread = loaded.unread_after(unread, missing(&why));
                // What is wrong further on is told when it is read again.
                self.look(journal, &mut unread, ends)?;
                loaded = loaded.marked(unread);
            }
            if self.replace(before, loaded, &heads).is_ok() {
                return Ok(Turned::Page);
            }
        }
    }
}

/// Whether nothing is wrong with the journal, as far as is known, and this host does not understand it: what
/// another version of the crate accepted is refused here, say, or a catalog is missing.
fn is_unreadable(error: &JournalError) -> bool {
    let is_refused = matches!(
        error,
        JournalError::Refused { .. } | JournalError::Unsound { .. }
    );
    is_refused || error.is_newer() || missing(error).is_some()
}

/// The catalog that is missing.
pub(super) fn missing(error: &JournalError) -> Option<Digest> {
    match error {
        JournalError::UnknownCatalog { digest, .. } => Some(*digest),
        _ => None,
    }
}

/// Where a journal ends now, against where it ended.
fn not_before(now: Head, had: Head) -> Result<(), JournalError> {
    let revision = had.revision;
    match now.revision == revision {
        true if now.digest != had.digest => Err(JournalError::Forked { revision }),
        _ if now.revision < revision => Err(JournalError::WentBack {
            had: revision,
            found: now.revision,
        }),
        _ => Ok(()),
    }
}

/// A first record that does not follow: is it damaged, or is all before it another history?
fn named(journal: &dyn Journal, had: Head, first: &Sealed, error: JournalError) -> JournalError {
    let is_chain = matches!(
        error,
        JournalError::Damaged { revision, damage: Damage::Digest } if revision == first.revision
    );
    match is_chain && is_another(journal, had).unwrap_or(false) {
        true => JournalError::Forked {
            revision: had.revision,
        },
        false => error,
    }
}

/// Whether a journal has something else where it ended at a head. What is not there any more says nothing.
fn is_another(journal: &dyn Journal, had: Head) -> Result<bool, JournalError> {
    let page = match had.revision.checked_sub(1) {
        Some(before) => journal.read_from(before, 1)?,
        None => Vec::new(),
    };
    let recorded = page.first().map(Sealed::head);
    let begun = journal.snapshot(had.revision)?.map(|it| it.head);
    Ok(recorded
        .into_iter()
        .chain(begun)
        .any(|it| it.revision == had.revision && it.digest != had.digest))
}
