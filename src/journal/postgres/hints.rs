//! Hints that a journal has gone on, as the server sends them: one connection for all accounts.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::client::Client;
use super::connections::{Connect, Failure, after, connect};
use super::statements::CHANNEL;

/// How often the listening thread looks whether it is still wanted.
const LOOKS: Duration = Duration::from_millis(500);

/// How long it waits before it connects again.
const PAUSE: Duration = Duration::from_millis(200);

/// A connection that listens.
pub(super) fn listening(to: &Connect, until: Instant) -> Result<Client, Failure> {
    let mut client = connect(to, until)?;
    match client.batch_execute(&format!("LISTEN {CHANNEL}")) {
        Ok(()) => Ok(client),
        Err(error) => Err(Failure::Lost(error)),
    }
}

/// The account and revision that a hint tells of.
pub(super) fn told(hint: &str) -> Option<(&str, u64)> {
    let (revision, account) = hint.split_once(' ')?;
    Some((account, revision.parse().ok()?))
}

/// What was heard, for whoever waits.
pub(super) struct Hints {
    heard: Mutex<Heard>,
    more: Condvar,
}

#[derive(Default)]
struct Heard {
    /// Counts hints.
    count: u64,
    /// The last hint for each account that somebody waits for.
    of: HashMap<Box<str>, u64>,
    /// The last time when hints for any account may have been missed.
    of_all: u64,
    listens: bool,
}

impl Hints {
    pub(super) fn new() -> Arc<Hints> {
        Arc::new(Hints {
            heard: Mutex::default(),
            more: Condvar::new(),
        })
    }

    /// Waits for a hint after the one of that count; the count now, and whether there was one.
    pub(super) fn wait(
        self: &Arc<Self>,
        to: &Connect,
        account: &str,
        after: u64,
        at_most: Duration,
    ) -> (u64, bool) {
        let until = Instant::now().checked_add(at_most);
        let mut heard = self.heard();
        if !heard.listens {
            heard.listens = self.listen(to);
        }
        if !heard.of.contains_key(account) {
            heard.of.insert(account.into(), 0);
        }
        loop {
            let last = heard.of.get(account).copied().unwrap_or_default();
            if last.max(heard.of_all) > after {
                return (heard.count, true);
            }
            let left = until.map_or(at_most, |it| it.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return (heard.count, false);
            }
            let waited = self.more.wait_timeout(heard, left);
            heard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn listen(self: &Arc<Self>, to: &Connect) -> bool {
        let (hints, to) = (Arc::downgrade(self), to.clone());
        let thread = thread::Builder::new().name("bailiwick hints".to_owned());
        thread.spawn(move || while_wanted(&hints, &to)).is_ok()
    }

    fn hear(&self, account: Option<&str>) {
        let mut heard = self.heard();
        heard.count += 1;
        let count = heard.count;
        match account {
            None => heard.of_all = count,
            Some(account) => match heard.of.get_mut(account) {
                Some(last) => *last = count,
                None => return,
            },
        }
        drop(heard);
        self.more.notify_all();
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens until nobody can wait any more. What was said while there was no connection was missed.
fn while_wanted(hints: &Weak<Hints>, to: &Connect) {
    while hints.strong_count() > 0 {
        if let Ok(mut client) = listening(to, after(PATIENCE)) {
            if let Some(hints) = hints.upgrade() {
                hints.hear(None);
            }
            let mut asked = Instant::now();
            while hints.strong_count() > 0 && !client.is_closed() {
                if let Some(hint) = client.notification(LOOKS)
                    && let Some(hints) = hints.upgrade()
                {
                    hints.hear(told(hint.payload()).map(|(account, _)| account));
                }
                // A server that says nothing may have nothing to say, or be silent.
                if asked.elapsed() > PATIENCE {
                    asked = Instant::now();
                    client.until(after(PATIENCE));
                    if client.check().is_err() {
                        break;
                    }
                }
            }
        }
        thread::sleep(PAUSE);
    }
}
