//! A thread that works until its owner stops it, and is watched meanwhile.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Live, NotYet};

/// How long the thread sleeps at most before it looks whether it is to stop.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// How long dropping it waits for a journal that does not answer; then the thread ends by itself once it
/// does.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a follower has asked of a journal, and has no answer to yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// What: `head and records`, `snapshot`, `what was written`.
    pub what: &'static str,
    /// Of which account; `None` of the only one, and of all.
    pub account: Option<String>,
    /// Since when.
    pub since: Instant,
}

/// A thread, and what it shares with its owner. Dropping it stops the thread.
#[derive(Debug)]
pub(super) struct Watched<T> {
    watch: Arc<Watch<T>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and its owner share.
#[derive(Debug, Default)]
pub(super) struct Watch<T> {
    shared: Mutex<Shared<T>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct Shared<T> {
    /// What the work is about.
    pub(super) state: T,
    /// What the thread has asked and has no answer to yet.
    pub(super) waits: Option<Waits>,
    /// Whether the thread has ended, also by a panic.
    pub(super) has_stopped: bool,
    must_stop: bool,
}

impl<T: Default + Send + 'static> Watched<T> {
    /// Starts the thread, which works until it [must stop](Watch::must_stop).
    pub(super) fn start(
        work: impl FnOnce(&Watch<T>) + Send + 'static,
    ) -> std::io::Result<Watched<T>> {
        let watch = Arc::<Watch<T>>::default();
        let watched = Arc::clone(&watch);
        let thread = std::thread::Builder::new().name("bailiwick-follow".to_owned());
        let thread = thread.spawn(move || {
            let _stopped = Stopped(&watched);
            work(&watched);
        })?;
        Ok(Watched {
            watch,
            thread: Some(thread),
        })
    }
}

impl<T> Watched<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared<T>> {
        self.watch.lock()
    }

    /// Waits until a revision is published. [`NotYet`] where the time is over first, or the thread has
    /// ended.
    pub(super) fn wait_for(
        &self,
        live: &Live,
        revision: u64,
        at_most: Duration,
    ) -> Result<(), NotYet> {
        let until = Instant::now().checked_add(at_most);
        let mut shared = self.lock();
        loop {
            let Err(not_yet) = live.engine_at_least(revision) else {
                return Ok(());
            };
            // Others of this host may publish, too, and tell nobody.
            let left = until.map_or(SLICE, |it| it.saturating_duration_since(Instant::now()));
            if left.is_zero() || shared.has_stopped {
                return Err(not_yet);
            }
            let woken = self.watch.changed.wait_timeout(shared, left.min(SLICE));
            shared = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        let mut shared = self.watch.lock();
        shared.must_stop = true;
        let has_not = |shared: &mut Shared<T>| !shared.has_stopped;
        let changed = &self.watch.changed;
        let waited = changed.wait_timeout_while(shared, PATIENCE, has_not);
        let has_stopped = waited.unwrap_or_else(PoisonError::into_inner).0.has_stopped;
        if let Some(thread) = self.thread.take().filter(|_| has_stopped) {
            // It says that it has stopped as the last thing it does.
            let _ = thread.join();
        }
    }
}

impl<T> Watch<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared<T>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn must_stop(&self) -> bool {
        self.lock().must_stop
    }

    /// Says what the thread waits for until it has been answered.
    pub(super) fn asks<A>(
        &self,
        what: &'static str,
        account: Option<&str>,
        ask: impl FnOnce() -> A,
    ) -> A {
        self.lock().waits = Some(Waits {
            what,
            account: account.map(str::to_owned),
            since: Instant::now(),
        });
        let answer = ask();
        self.lock().waits = None;
        answer
    }

    /// Wakes those who wait for a revision: one may have been published.
    pub(super) fn tell(&self) {
        self.changed.notify_all();
    }
}

/// Says that the thread has stopped, however it did.
struct Stopped<'w, T>(&'w Watch<T>);

impl<T> Drop for Stopped<'_, T> {
    fn drop(&mut self) {
        self.0.lock().has_stopped = true;
        self.0.tell();
    }
}
