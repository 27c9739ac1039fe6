//! A thread that keeps a [`Live`] at the end of its journal.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::watched::{SLICE, Waits, Watch, Watched};
use super::{Live, NotYet, observe};
use crate::journal::{Journal, JournalError};

/// No poll takes less, lest the thread does nothing else.
const SHORTEST: Duration = Duration::from_millis(10);

/// No poll takes longer: not every clock can tell a time much later.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How a journal is followed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FollowOptions {
    /// How long it takes at most until the journal is looked at, whatever becomes of hints. It is one second
    /// unless told, and counts as 10 ms if it is less, as a day if it is more. Each time the wait is between
    /// half of it and all of it, at random, so that hosts do not all ask at once.
    pub poll: Duration,
    /// After how many changes that were published by this host itself a snapshot is kept; never unless told.
    /// The thread that follows takes it, and follows on afterwards.
    pub snapshot_every: Option<u64>,
}

impl Default for FollowOptions {
    fn default() -> Self {
        FollowOptions {
            poll: Duration::from_secs(1),
            snapshot_every: None,
        }
    }
}

impl FollowOptions {
    /// Looks at the journal at least that often.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Keeps a snapshot after that many changes of this host's own.
    #[must_use]
    pub fn snapshot_every(mut self, changes: u64) -> Self {
        self.snapshot_every = Some(changes);
        self
    }
}

/// Where a follower is.
#[derive(Debug, Clone)]
pub struct Following {
    /// What is published; `None` where nothing could be loaded yet.
    pub revision: Option<u64>,
    /// When this was last known to be all that there is.
    pub current: Option<Instant>,
    /// Set while the journal is known to have more.
    pub behind: Option<Behind>,
    /// What went wrong last, also if all has been well since: that shows in `current`.
    pub trouble: Option<Trouble>,
    /// The question to the journal that has no answer yet. If it stays for long, the store is slow or silent.
    pub waits: Option<Waits>,
    /// Whether the thread has ended, by a panic of the journal: nothing is followed any more.
    pub has_stopped: bool,
}

/// How far a follower is behind its journal, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// How many revisions, when it last looked.
    pub revisions: u64,
    /// When it was first seen.
    pub since: Instant,
}

/// What went wrong, and when.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What.
    pub error: Arc<JournalError>,
    /// When.
    pub at: Instant,
}

/// A thread that keeps a [`Live`] at the end of its journal, made by [`Live::follow`]. Dropping it stops
/// the thread.
#[must_use = "dropping it stops following"]
#[derive(Debug)]
pub struct Follower {
    live: Live,
    thread: Watched<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Instant>,
    behind: Option<Behind>,
    trouble: Option<Trouble>,
}

impl Live {
    /// Follows a journal on a thread of its own: catches up, waits for a hint, and looks again after
    /// [`poll`](FollowOptions::poll) in any case. Of a Live that is not ready, loads it.
    ///
    /// Whatever goes wrong with the journal leaves the last good engine published, is told by
    /// [`Follower::status`], and is tried again.
    ///
    /// # Errors
    /// Where the system starts no thread.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let mut policy = PolicyDocument::new(1);
    /// # policy.roles.push(RoleDocument::new("seller").grant("orders"));
    /// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// use std::{sync::Arc, time::Duration};
    /// use bailiwick::admin::{Actor, Change};
    /// use bailiwick::journal::{MemoryJournal, begin, restore};
    /// use bailiwick::live::{FollowOptions, Live};
    /// let journal = Arc::new(MemoryJournal::new());
    /// begin(&*journal, &engine, Timestamp(0))?;
    ///
    /// let replica = Live::not_ready(&catalog, None);
    /// let follower = replica.follow(journal.clone(), FollowOptions::default())?;
    ///
    /// let primary = Live::of(restore(&*journal, &catalog, None, None)?);
    /// let change = vec![Change::assign_role("ann", "seller")];
    /// let committed = primary.apply(&*journal, &Actor::System, Timestamp(1), change, None)?;
    /// follower.wait_for(committed.revision(), Duration::from_secs(10))?;
    /// assert_eq!(replica.head(), primary.head());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow(
        &self,
        journal: Arc<dyn Journal>,
        options: FollowOptions,
    ) -> std::io::Result<Follower> {
        let live = self.clone();
        let thread = Watched::start(move |watch: &Watch<State>| {
            while !watch.must_stop() {
                watch.look(&live, &*journal, &options);
                watch.rest(&*journal, options.poll);
            }
        })?;
        Ok(Follower {
            live: self.clone(),
            thread,
        })
    }
}

impl Follower {
    /// What it keeps up.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Where it is.
    pub fn status(&self) -> Following {
        let shared = self.thread.lock();
        Following {
            revision: self.live.revision(),
            current: shared.state.current,
            behind: shared.state.behind,
            trouble: shared.state.trouble.clone(),
            waits: shared.waits.clone(),
            has_stopped: shared.has_stopped,
        }
    }

    /// Waits until a revision is published, for a request that must not be answered from an older one.
    ///
    /// # Errors
    /// [`NotYet`] where the time is over first.
    pub fn wait_for(&self, revision: u64, at_most: Duration) -> Result<(), NotYet> {
        self.thread.wait_for(&self.live, revision, at_most)
    }
}

impl Watch<State> {
    /// Catches up, once.
    fn look(&self, live: &Live, journal: &dyn Journal, options: &FollowOptions) {
        let looked = Instant::now();
        let from = live.head();
        let caught_up = self.asks("head and records", live.account(), || {
            let ends = journal.head()?;
            let ends = ends.ok_or(JournalError::Empty)?;
            let here = from.map_or(0, |from| from.revision);
            if let Some(revisions @ 1..) = ends.revision.checked_sub(here) {
                let state = &mut self.lock().state;
                let since = state.behind.map_or(looked, |behind| behind.since);
                state.behind = Some(Behind { revisions, since });
            }
            live.catch_up_to(journal, from, ends)
        });
        match caught_up {
            Ok(_) => {
                self.has_caught_up(live, looked);
                // What is published is current, whatever becomes of the snapshot.
                let changes = options.snapshot_every.unwrap_or(u64::MAX);
                let kept = self.asks("snapshot", live.account(), || {
                    keep_snapshot(live, journal, changes)
                });
                if let Err(error) = kept {
                    self.fails(live, error, looked);
                }
            }
            Err(error) => self.fails(live, error, looked),
        }
    }

    fn has_caught_up(&self, live: &Live, looked: Instant) {
        let state = &mut self.lock().state;
        state.current = Some(looked);
        if let Some(behind) = state.behind.take() {
            observe::lag(live, behind.revisions, behind.since.elapsed());
        }
        self.tell();
    }

    fn fails(&self, live: &Live, error: JournalError, looked: Instant) {
        observe::trouble(live, &error);
        self.lock().state.trouble = Some(Trouble {
            error: Arc::new(error),
            at: looked,
        });
        self.tell();
    }

    /// Waits for a hint, or until it is time to look again.
    fn rest(&self, journal: &dyn Journal, poll: Duration) {
        let until = Instant::now() + jittered(poll);
        while !self.must_stop() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || journal.wait(left.min(SLICE)) {
                return;
            }
        }
    }
}

/// Keeps a snapshot where this host has published so many changes since the last; tried again where that
/// fails.
fn keep_snapshot(live: &Live, journal: &dyn Journal, changes: u64) -> Result<(), JournalError> {
    let Some(published) = live.take_published_here(changes) else {
        return Ok(());
    };
    let saved = live.save_snapshot(journal);
    saved.map(drop).inspect_err(|_| live.give_back(published))
}

/// A random part of the upper half.
pub(super) fn jittered(poll: Duration) -> Duration {
    // Each of these is made of other random keys.
    let random = RandomState::new().build_hasher().finish();
    let half = poll.clamp(SHORTEST, LONGEST) / 2;
    half + half.mul_f64(random as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_fall_into_the_upper_half_and_not_together() {
        let poll = Duration::from_secs(10);
        let rests: Vec<Duration> = (0..1_000).map(|_| jittered(poll)).collect();
        assert!(rests.iter().all(|it| (poll / 2..=poll).contains(it)));
        let early = rests.iter().filter(|it| **it < poll * 3 / 4).count();
        assert!((300..700).contains(&early), "{early}");
        assert!(jittered(Duration::ZERO) >= SHORTEST / 2);
        assert!(jittered(Duration::MAX) <= LONGEST);
    }
}
