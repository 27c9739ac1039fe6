//! From a journal to the engine that it tells of.

use std::collections::BTreeSet;

use super::withheld::Erased;
use super::{
    Digest, Head, Journal, JournalError, OlderCatalogs, Record, Sealed, SealedSnapshot, Snapshot,
    catalog_digest,
};
use crate::admin::Change;
use crate::document::{CatalogDocument, Parsed, Problem};
use crate::engine::State;
use crate::{Catalog, Engine, Timestamp, Warnings};

/// How many records are read at once.
const PAGE: usize = 256;

/// An engine that stands where a journal was read to.
#[derive(Debug, Clone)]
pub struct Restored {
    engine: Engine,
    head: Head,
    at: Timestamp,
    /// The digest of the engine's catalog.
    catalog: Digest,
    warnings: Vec<Problem>,
    /// The users whose names and properties were erased.
    erased: BTreeSet<String>,
    /// By which older versions of the catalog hosts may read the journal.
    older: OlderCatalogs,
}

/// The engine that a journal tells of, under a catalog: as of its end, or as of an earlier revision.
///
/// Starts from the newest snapshot that is not later, and makes every transaction since once more.
/// What was recorded under another version of the catalog is replayed under that version, which the
/// journal has, and loaded under this one in the end (D16).
///
/// What the records say is held against the chain of digests, and so is where a snapshot stands; of what a
/// snapshot itself says, no more than that it is as it was written.
///
/// A journal that lost its end looks like a younger one: whoever has kept the [`Head`] from before
/// compares it.
///
/// Cost: loading the account once, for each catalog on the way once more, and each record.
///
/// # Errors
/// What is wrong with the journal, and where. [`JournalError::Empty`] of one that was never begun: that
/// is no account without users. [`JournalError::Ends`] where it ends before the revision.
pub fn restore(
    journal: &dyn Journal,
    catalog: &Catalog,
    account: Option<&str>,
    until: Option<u64>,
) -> Result<Restored, JournalError> {
    restore_from(journal, catalog, account, until, u64::MAX)
}

/// The same, from the newest snapshot that is not later than a revision.
pub(crate) fn restore_from(
    journal: &dyn Journal,
    catalog: &Catalog,
    account: Option<&str>,
    until: Option<u64>,
    from: u64,
) -> Result<Restored, JournalError> {
    let mut replay = Replay::start(journal, catalog, account, until, from)?;
    while replay.step()?.is_some() {}
    let restored = replay.finish()?;
    Ok(Restored {
        older: OlderCatalogs::of(journal, catalog)?,
        ..restored
    })
}

/// A journal on its way to a revision, record by record.
pub(super) struct Replay<'j> {
    journal: &'j dyn Journal,
    /// The product's own catalog, and its digest.
    catalog: &'j Catalog,
    known: Digest,
    account: Option<&'j str>,
    /// Where the journal ended when this began.
    ends: Head,
    until: u64,
    restored: Restored,
    page: std::vec::IntoIter<Sealed>,
}

/// A record, and the engines before and after it, which are of one catalog.
pub(super) struct Step {
    pub(super) record: Record,
    pub(super) before: Engine,
    pub(super) after: Engine,
    /// Whether something was erased of the record.
    pub(super) is_erased: bool,
}

impl<'j> Replay<'j> {
    /// From the newest snapshot that is neither later than `until` nor later than `from`; from the
    /// beginning, where that is later than `from`.
    pub(super) fn start(
        journal: &'j dyn Journal,
        catalog: &'j Catalog,
        account: Option<&'j str>,
        until: Option<u64>,
        from: u64,
    ) -> Result<Replay<'j>, JournalError> {
        let ends = journal.head()?.ok_or(JournalError::Empty)?;
        let until = until.unwrap_or(ends.revision);
        if until > ends.revision {
            return Err(JournalError::Ends {
                revision: ends.revision,
                asked: until,
            });
        }
        let stored = match journal.snapshot(from.min(until))? {
            Some(stored) => stored,
            // From before it began: from its beginning.
            None => first_snapshot(journal, until)?,
        };
        let (snapshot, erased) = stored.open_rest(account)?;
        let head = stored.head;
        if head.revision > until {
            return Err(JournalError::Gap {
                expected: until,
                found: head.revision,
            });
        }
        if head.revision == until && until < ends.revision {
            // No record is replayed on it, which would say whether it is of this journal.
            is_followed(journal, head, ends)?;
        }
        let known = catalog_digest(catalog);
        let under = catalog_of(journal, catalog, known, snapshot.catalog, head.revision)?;
        Ok(Replay {
            journal,
            catalog,
            known,
            account,
            ends,
            until,
            restored: Restored {
                erased: erased.people,
                ..Restored::load(snapshot, head, &under)?
            },
            page: Vec::new().into_iter(),
        })
    }

    /// The revision so far.
    pub(super) fn revision(&self) -> u64 {
        self.restored.head.revision
    }

    /// The engine so far.
    pub(super) fn engine(&self) -> &Engine {
        self.restored.engine()
    }

    /// Makes the next transaction once more; `None` at the revision that was asked for.
    pub(super) fn step(&mut self) -> Result<Option<Step>, JournalError> {
        self.step_watched(&mut |_, _| {})
    }

    /// [`step`](Replay::step), which shows the state in between: after `0` changes, after the first, and
    /// so on to the last. It may begin again from `0`.
    pub(super) fn step_watched(
        &mut self,
        watch: &mut dyn FnMut(usize, &State),
    ) -> Result<Option<Step>, JournalError> {
        let left = self.until.saturating_sub(self.restored.head.revision);
        if left == 0 {
            return Ok(None);
        }
        let sealed = match self.page.next() {
            Some(sealed) => sealed,
            None => {
                let limit = usize::try_from(left).map_or(PAGE, |left| left.min(PAGE));
                let read_to = self.restored.head.revision;
                self.page = self.journal.read_from(read_to, limit)?.into_iter();
                self.page.next().ok_or(JournalError::CutOff {
                    expected: read_to.saturating_add(1),
                    ends: self.ends.revision,
                })?
            }
        };
        let (record, erased) = sealed.open_rest(&self.restored.head, self.account)?;
        if record.catalog != self.restored.catalog {
            let (digest, revision) = (record.catalog, record.revision);
            let under = catalog_of(self.journal, self.catalog, self.known, digest, revision)?;
            self.restored = self.restored.clone().under(&under)?;
        }
        let before = self.restored.engine.clone();
        let is_erased = erased.note || !erased.people.is_empty();
        let record = self
            .restored
            .replay_record(&sealed, record, erased, watch)?;
        Ok(Some(Step {
            record,
            before,
            after: self.restored.engine.clone(),
            is_erased,
        }))
    }

    /// What it has come to, under the product's own catalog.
    pub(super) fn finish(self) -> Result<Restored, JournalError> {
        let restored = self.restored;
        let revision = restored.head.revision;
        if revision == self.ends.revision && restored.head.digest != self.ends.digest {
            return Err(JournalError::Forked { revision });
        }
        // What a newer product wrote, an older one does not know how to read (D16).
        let (under, own) = (restored.engine.catalog(), self.catalog);
        if under.id() == own.id() && under.version() > own.version() {
            return Err(JournalError::NewerCatalog {
                revision,
                version: under.version(),
                own: own.version(),
            });
        }
        match restored.catalog == self.known {
            true => Ok(restored),
            false => restored.under(own),
        }
    }
}

/// Whether what was made under a catalog can be read with the product's own: it is the same, or one of
/// another line, or an older version of it.
///
/// # Errors
/// [`JournalError::NewerCatalog`], [`JournalError::UnknownCatalog`]; those of a store.
pub(crate) fn can_read(
    journal: &dyn Journal,
    own: &Catalog,
    digest: Digest,
    revision: u64,
) -> Result<(), JournalError> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
        version: u32,
    }
    if digest == catalog_digest(own) {
        return Ok(());
    }
    let named: Named = stored_catalog(journal, digest, revision)?;
    match named.id == own.id() && named.version > own.version() {
        true => Err(JournalError::NewerCatalog {
            revision,
            version: named.version,
            own: own.version(),
        }),
        false => Ok(()),
    }
}

/// Whether the record after a snapshot follows it.
fn is_followed(journal: &dyn Journal, head: Head, ends: Head) -> Result<(), JournalError> {
    let next = journal.read_from(head.revision, 1)?;
    let next = next.first().ok_or(JournalError::CutOff {
        expected: head.revision.saturating_add(1),
        ends: ends.revision,
    })?;
    next.chains(&head)
}

/// The snapshot that a journal began with, where it began by then.
pub(super) fn first_snapshot(
    journal: &dyn Journal,
    until: u64,
) -> Result<SealedSnapshot, JournalError> {
    let first = journal.read_from(0, 1)?;
    let first = first.first().map(|it| it.revision);
    // The first record follows it; without any, the journal ends with it.
    let began = first.map_or(until, |it| it.saturating_sub(1));
    let stored = match began <= until {
        true => journal.snapshot(began)?,
        false => None,
    };
    stored.ok_or(JournalError::Gap {
        expected: until,
        found: began,
    })
}

/// The catalog of that digest: the product's own, or one that the journal keeps.
fn catalog_of(
    journal: &dyn Journal,
    own: &Catalog,
    own_digest: Digest,
    digest: Digest,
    revision: u64,
) -> Result<Catalog, JournalError> {
    if digest == own_digest {
        return Ok(own.clone());
    }
    let document: CatalogDocument = stored_catalog(journal, digest, revision)?;
    Catalog::new(document, Warnings::Into(&mut Vec::new()))
        .map_err(|problems| JournalError::Unsound { revision, problems })
}

/// What a journal keeps of a catalog. One that is what was written, and cannot be read, is of a newer version
/// of the crate.
pub(super) fn stored_catalog<T: serde::de::DeserializeOwned>(
    journal: &dyn Journal,
    digest: Digest,
    revision: u64,
) -> Result<T, JournalError> {
    let unknown = JournalError::UnknownCatalog { revision, digest };
    let stored = journal.catalog(&digest)?.ok_or(unknown)?;
    if super::digest_of_catalog(&stored) != digest {
        return Err(JournalError::damaged(revision, super::Damage::Digest));
    }
    serde_json::from_slice(&stored).map_err(|error| JournalError::UnknownForm {
        revision,
        what: error.to_string(),
    })
}

impl Restored {
    /// A snapshot, loaded under a catalog.
    ///
    /// # Errors
    /// [`JournalError::Unsound`] with every problem.
    pub fn load(
        snapshot: Snapshot,
        head: Head,
        catalog: &Catalog,
    ) -> Result<Restored, JournalError> {
        let at = snapshot.at;
        let policy: Parsed<_> = snapshot.policy.into();
        let mut warnings = Vec::new();
        let collected = Warnings::Into(&mut warnings);
        let engine = Engine::new(catalog, policy, snapshot.directory, at, collected);
        let engine = engine.map_err(|problems| JournalError::Unsound {
            revision: head.revision,
            problems,
        })?;
        Ok(Restored {
            engine,
            head,
            at,
            catalog: catalog_digest(catalog),
            warnings,
            erased: BTreeSet::new(),
            older: OlderCatalogs::unknown(),
        })
    }

    /// What was read of a journal and kept, to go on from there.
    pub(crate) fn resumed(
        engine: Engine,
        head: Head,
        at: Timestamp,
        catalog: Digest,
        older: OlderCatalogs,
    ) -> Restored {
        Restored {
            engine,
            head,
            at,
            catalog,
            warnings: Vec::new(),
            erased: BTreeSet::new(),
            older,
        }
    }

    /// By which older versions of the catalog hosts may read the journal.
    pub(crate) fn older(&self) -> &OlderCatalogs {
        &self.older
    }

    /// The digest of the engine's catalog.
    pub(crate) fn catalog(&self) -> Digest {
        self.catalog
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where the journal was read to.
    pub fn head(&self) -> Head {
        self.head
    }

    /// When the last revision was made.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What loading the snapshot warned of, under each catalog on the way.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The users it has whose names and properties were erased from the journal, when they had been removed
    /// (A7): it is older than that, and not whole. These users have the names and properties that are left, and
    /// a condition on a property that is missing denies (D10).
    pub fn erased(&self) -> &BTreeSet<String> {
        &self.erased
    }

    /// Goes on by the next record of the journal; what it says.
    ///
    /// # Errors
    /// What is wrong with the record; this then stays as it is. [`JournalError::UnknownCatalog`] where it
    /// was made under another catalog than this: [`restore`] finds that one.
    pub fn replay(&mut self, sealed: &Sealed) -> Result<Record, JournalError> {
        let (record, erased) = sealed.open_rest(&self.head, self.engine.account())?;
        if record.catalog != self.catalog {
            return Err(JournalError::UnknownCatalog {
                revision: record.revision,
                digest: record.catalog,
            });
        }
        self.replay_record(sealed, record, erased, &mut |_, _| {})
    }

    fn replay_record(
        &mut self,
        sealed: &Sealed,
        record: Record,
        erased: Erased,
        watch: &mut dyn FnMut(usize, &State),
    ) -> Result<Record, JournalError> {
        let made = self.made(&record, watch).or_else(|error| {
            // What was removed keeps its number until the account is loaded anew, and may count towards a
            // limit here that it did not count towards where the record was made.
            let anew = self.clone().under(&self.engine.catalog().clone())?;
            anew.made(&record, watch).map_err(|_| error)
        })?;
        for change in &record.changes {
            if let Change::CreateUser { user } | Change::RestoreUser { user } = change {
                self.erased.remove(&user.id);
            }
        }
        self.erased.extend(erased.people);
        self.erased
            .retain(|it| made.state().find_user(it).is_some());
        self.engine = made;
        self.head = sealed.head();
        self.at = record.at;
        Ok(record)
    }

    fn made(
        &self,
        record: &Record,
        watch: &mut dyn FnMut(usize, &State),
    ) -> Result<Engine, JournalError> {
        let changes: Vec<Change> = record.changes.iter().cloned().map(settled).collect();
        let engine = &self.engine;
        let applied = engine.apply_again(&record.actor, record.at, &changes, watch);
        let applied = applied.map_err(|refused| JournalError::Refused {
            revision: record.revision,
            refused: Box::new(refused),
        })?;
        Ok(applied.into_engine())
    }

    /// The same under another catalog (D16).
    fn under(self, catalog: &Catalog) -> Result<Restored, JournalError> {
        let snapshot = Snapshot::of(&self.engine, self.at);
        let mut warnings = self.warnings;
        let mut restored = Restored::load(snapshot, self.head, catalog)?;
        restored.erased = self.erased;
        warnings.append(&mut restored.warnings);
        restored.warnings = warnings;
        Ok(restored)
    }
}

/// A change as it was found to be in order: whether the role had changed since the edit began was
/// decided when it was made, and a snapshot does not say when a role last changed.
fn settled(change: Change) -> Change {
    match change {
        Change::EditRole {
            role,
            grants,
            denies,
            since: Some(_),
        } => Change::EditRole {
            role,
            grants,
            denies,
            since: None,
        },
        change => change,
    }
}
