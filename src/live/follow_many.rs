//! One thread that keeps many [`Live`]s at the ends of their journals.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::follow::jittered;
use super::watched::{SLICE, Waits, Watch, Watched};
use super::{Behind, FollowOptions, Following, Live, NotYet, Trouble, observe};
use crate::journal::{Feed, JournalError, Reached, Written};

type Account = Option<Box<str>>;

/// A thread that keeps the [`Live`]s of many accounts at the ends of their journals, made by
/// [`follow_many`]. Dropping it stops the thread.
#[must_use = "dropping it stops following"]
#[derive(Debug)]
pub struct FollowerOfMany {
    thread: Watched<State>,
}

/// Where a follower of many accounts is.
#[derive(Debug, Clone)]
pub struct FollowingMany {
    /// How many accounts it follows.
    pub accounts: usize,
    /// How many of them are known to have more than is published, were not looked at yet, or could not be
    /// read.
    pub behind: usize,
    /// When all that was published was last known to be all that there was.
    pub current: Option<Instant>,
    /// What went wrong last with the store as a whole, also if all has been well since.
    pub trouble: Option<Trouble>,
    /// The question to the store that has no answer yet. If it stays for long, the store is slow or silent.
    pub waits: Option<Waits>,
    /// Whether the thread has ended, by a panic of the feed or a journal: nothing is followed any more.
    pub has_stopped: bool,
}

/// Follows the journals of many accounts on one thread of its own, over one feed: catches up whichever
/// has gone on, waits for hints, and asks what was written after
/// [`poll`](FollowOptions::poll) in any case. Accounts are [added](FollowerOfMany::add) at any time.
///
/// What goes wrong with one account's journal holds up no other's.
///
/// # Errors
/// Where the system starts no thread.
///
#[cfg_attr(feature = "postgres", doc = "```no_run")]
#[cfg_attr(not(feature = "postgres"), doc = "```ignore")]
/// # fn serve(catalog: &bailiwick::Catalog) -> Result<(), Box<dyn std::error::Error>> {
/// use bailiwick::journal::PostgresJournals;
/// use bailiwick::live::{FollowOptions, Live, follow_many};
/// let journals = PostgresJournals::open("host=localhost user=crm dbname=crm")?;
/// let follower = follow_many(journals.feed(), FollowOptions::default())?;
/// for account in journals.accounts()? {
///     follower.add(&Live::not_ready(catalog, Some(&account)));
/// }
/// let acme = follower.live(Some("acme"));
/// # Ok(())
/// # }
/// ```
pub fn follow_many(
    feed: impl Feed + 'static,
    options: FollowOptions,
) -> std::io::Result<FollowerOfMany> {
    let thread = Watched::start(move |watch: &Watch<State>| watch.follow(feed, &options))?;
    Ok(FollowerOfMany { thread })
}

impl FollowerOfMany {
    /// Follows an account's journal from now on: one that is not ready is loaded. Another `Live` of the
    /// account is followed no more.
    pub fn add(&self, live: &Live) {
        let state = &mut self.thread.lock().state;
        let account: Account = live.account().map(Into::into);
        let followed = Followed {
            live: live.clone(),
            is_due: false,
            is_looked_at: false,
            must_keep: false,
            behind: None,
            trouble: None,
        };
        state.followed.insert(account.clone(), followed);
        state.make_due(account, false);
    }

    /// Follows an account no more; its `Live`, which stays as it is.
    pub fn remove(&self, account: Option<&str>) -> Option<Live> {
        let account: Account = account.map(Into::into);
        let state = &mut self.thread.lock().state;
        state.failed.remove(&account);
        Some(state.followed.remove(&account)?.live)
    }

    /// What is followed for an account.
    pub fn live(&self, account: Option<&str>) -> Option<Live> {
        let account: Account = account.map(Into::into);
        let state = &self.thread.lock().state;
        Some(state.followed.get(&account)?.live.clone())
    }

    /// Where it is with all. Cost: linear in the accounts.
    pub fn status(&self) -> FollowingMany {
        let shared = self.thread.lock();
        let state = &shared.state;
        FollowingMany {
            accounts: state.followed.len(),
            behind: state
                .followed
                .keys()
                .filter(|it| state.is_behind(it))
                .count(),
            current: state.current,
            trouble: state.trouble.clone(),
            waits: shared.waits.clone(),
            has_stopped: shared.has_stopped,
        }
    }

    /// Where it is with one account.
    pub fn status_of(&self, account: Option<&str>) -> Option<Following> {
        let account: Account = account.map(Into::into);
        let shared = self.thread.lock();
        let state = &shared.state;
        let followed = state.followed.get(&account)?;
        Some(Following {
            revision: followed.live.revision(),
            current: state.polled.filter(|_| !state.is_behind(&account)),
            behind: followed.behind,
            trouble: followed.trouble.clone(),
            waits: shared.waits.clone(),
            has_stopped: shared.has_stopped,
        })
    }

    /// Waits until a revision of an account is published, for a request that must not be answered from an
    /// older one.
    ///
    /// # Errors
    /// [`NotYet`] where the time is over first, and where the account is not followed.
    pub fn wait_for(
        &self,
        account: Option<&str>,
        revision: u64,
        at_most: Duration,
    ) -> Result<(), NotYet> {
        let live = self.live(account).ok_or(NotYet {
            wanted: revision,
            live: None,
        })?;
        self.thread.wait_for(&live, revision, at_most)
    }
}

#[derive(Debug, Default)]
struct State {
    followed: HashMap<Account, Followed>,
    /// The accounts to look at, the next first.
    due: VecDeque<Account>,
    /// Those whose journals could not be read: they are tried again at the next poll.
    failed: HashSet<Account>,
    /// Those of which a snapshot could not be kept: the same.
    unkept: HashSet<Account>,
    /// When the store was last asked what was written, and answered.
    polled: Option<Instant>,
    current: Option<Instant>,
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Followed {
    live: Live,
    is_due: bool,
    /// Whether it is being caught up just now.
    is_looked_at: bool,
    /// Whether a snapshot is to be kept.
    must_keep: bool,
    behind: Option<Behind>,
    trouble: Option<Trouble>,
}

impl Watch<State> {
    fn follow(&self, mut feed: impl Feed, options: &FollowOptions) {
        let mut poll_at = Instant::now();
        while !self.must_stop() {
            let now = Instant::now();
            if now >= poll_at {
                poll_at = now + jittered(options.poll);
                let written = self.asks("what was written", None, || feed.written());
                self.lock().state.polled(now, written, options);
            }
            // Hints that came meanwhile go before what is due already: a change before the loading of accounts.
            let rest = match self.lock().state.due.is_empty() {
                true => SLICE.min(poll_at.saturating_duration_since(Instant::now())),
                false => Duration::ZERO,
            };
            match feed.hints(rest) {
                Ok(hints) => self.lock().state.hinted(&hints, options),
                Err(error) => {
                    self.lock().state.fails(error);
                    std::thread::sleep(SLICE);
                    // What was hinted meanwhile was not heard.
                    poll_at = poll_at.min(Instant::now() + jittered(options.poll) / 4);
                }
            }
            let next = self.lock().state.take_due();
            if let Some((account, live)) = next {
                let journal = feed.journal(live.account());
                let caught_up = self.asks("head and records", live.account(), || {
                    live.catch_up(&*journal).map(drop)
                });
                let must_keep = self.lock().state.looked(&account, &live, caught_up);
                self.tell();
                if must_keep {
                    let kept = self.asks("snapshot", live.account(), || {
                        live.save_snapshot(&*journal).map(drop)
                    });
                    self.lock().state.kept(&account, &live, kept);
                }
            }
        }
    }
}

impl State {
    /// What the store answered when it was asked for all that was written.
    fn polled(
        &mut self,
        asked: Instant,
        written: Result<Written, JournalError>,
        options: &FollowOptions,
    ) {
        let written = match written {
            Ok(written) => written,
            Err(error) => return self.fails(error),
        };
        self.polled = Some(asked);
        let mut due: Vec<Account> = self.failed.iter().cloned().collect();
        due.extend(self.unkept.drain());
        if written.all {
            // An account that is not told of has no journal, or none any more.
            let reached = written.reached.iter();
            let ends: HashMap<Option<&str>, u64> = reached
                .map(|it| (it.account.as_deref(), it.revision))
                .collect();
            let differs = |account: &Account, it: &Followed| {
                ends.get(&account.as_deref()).copied() != it.live.revision()
            };
            let followed = self.followed.iter();
            let differ = followed.filter(|(account, it)| differs(account, it));
            due.extend(differ.map(|(account, _)| account.clone()));
        }
        for account in due {
            self.make_due(account, false);
        }
        self.hinted(&written.reached, options);
        self.settle();
    }

    /// Accounts that have come to a revision, most likely.
    fn hinted(&mut self, reached: &[Reached], options: &FollowOptions) {
        for Reached { account, revision } in reached {
            let account: Account = account.as_deref().map(Into::into);
            let Some(followed) = self.followed.get_mut(&account) else {
                continue;
            };
            let here = followed.live.revision();
            if let Some(every) = options.snapshot_every {
                followed.must_keep |= followed.live.take_published_here(every).is_some();
            }
            let revisions = revision.saturating_sub(here.unwrap_or_default());
            if here.is_none_or(|here| here < *revision) {
                let since = followed.behind.map_or_else(Instant::now, |it| it.since);
                followed.behind = Some(Behind { revisions, since });
                self.make_due(account, true);
            } else if followed.must_keep {
                self.make_due(account, false);
            }
        }
    }

    fn is_behind(&self, account: &Account) -> bool {
        let followed = self.followed.get(account);
        let may_be = |it: &Followed| it.is_due || it.is_looked_at || it.behind.is_some();
        self.failed.contains(account) || followed.is_some_and(may_be)
    }

    fn make_due(&mut self, account: Account, first: bool) {
        let Some(followed) = self.followed.get_mut(&account) else {
            return;
        };
        if std::mem::replace(&mut followed.is_due, true) {
            return;
        }
        match first {
            true => self.due.push_front(account),
            false => self.due.push_back(account),
        }
    }

    fn take_due(&mut self) -> Option<(Account, Live)> {
        while let Some(account) = self.due.pop_front() {
            // One that was removed may be due still; one that was removed and added, twice.
            if let Some(followed) = self.followed.get_mut(&account).filter(|it| it.is_due) {
                followed.is_due = false;
                followed.is_looked_at = true;
                return Some((account, followed.live.clone()));
            }
        }
        None
    }

    /// What catching up came to; whether a snapshot is to be kept now.
    fn looked(&mut self, account: &Account, live: &Live, looked: Result<(), JournalError>) -> bool {
        let Some(followed) = self.followed.get_mut(account) else {
            return false;
        };
        let must_keep = followed.must_keep && looked.is_ok();
        followed.is_looked_at = false;
        match looked {
            Ok(()) => {
                self.failed.remove(account);
                if let Some(behind) = followed.behind.take() {
                    observe::lag(live, behind.revisions, behind.since.elapsed());
                }
            }
            Err(error) => {
                observe::trouble(live, &error);
                self.failed.insert(account.clone());
                followed.trouble = Some(Trouble::now(error));
            }
        }
        self.settle();
        must_keep
    }

    fn kept(&mut self, account: &Account, live: &Live, kept: Result<(), JournalError>) {
        let Some(followed) = self.followed.get_mut(account) else {
            return;
        };
        followed.must_keep = kept.is_err();
        if let Err(error) = kept {
            observe::trouble(live, &error);
            followed.trouble = Some(Trouble::now(error));
            self.unkept.insert(account.clone());
        }
    }

    /// Where nothing is left to do, all that was published is all that there was at the last poll.
    fn settle(&mut self) {
        if self.due.is_empty() && self.failed.is_empty() {
            self.current = self.polled;
        }
    }

    fn fails(&mut self, error: JournalError) {
        self.trouble = Some(Trouble::now(error));
    }
}

impl Trouble {
    fn now(error: JournalError) -> Trouble {
        Trouble {
            error: Arc::new(error),
            at: Instant::now(),
        }
    }
}
