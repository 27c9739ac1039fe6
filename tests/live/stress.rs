//! Threads that check while one publishes: every check sees one whole engine, and none an older one than
//! its thread saw before.

use std::sync::atomic::{AtomicU64, Ordering};

use bailiwick::live::Live;
use bailiwick::{Decision, Timestamp};

use super::{ORDERS, USERS, boss, catalog, engine, hand_on, holder, name};

const READERS: usize = 3;
const CHECKS: u64 = 10_000_000;
const CHANGES: u64 = 10_000;

/// By how many changes' checks readers may run ahead.
const AHEAD: u64 = 4;

/// How many checks a thread makes before it adds them to the count.
const BATCH: u64 = 64;

/// What one thread has seen.
struct Seen {
    revision: u64,
    torn: u64,
    backward: u64,
    distinct: u64,
}

impl Seen {
    /// At every revision one user alone is allowed: half a change would allow two, or none.
    fn look(&mut self, user: usize, decision: Decision) {
        let revision = decision.revision();
        self.torn += u64::from(decision.is_allow() != (user == holder(revision)));
        self.backward += u64::from(revision < self.revision);
        self.distinct += u64::from(revision > self.revision);
        self.revision = self.revision.max(revision);
    }
}

#[test]
fn no_check_is_torn_and_none_goes_back() {
    let live = Live::new(engine(&catalog()));
    let (done, published) = (AtomicU64::new(0), AtomicU64::new(0));
    let each = CHECKS / CHANGES;
    // Neither runs ahead of the other by more than a few changes, however the system shares its cores.
    let goes_on = || {
        let so_far = done.fetch_add(BATCH, Ordering::Relaxed) + BATCH;
        loop {
            let published = published.load(Ordering::Acquire);
            if published == CHANGES {
                return so_far < CHECKS;
            }
            if so_far < (published + AHEAD) * each {
                return true;
            }
            std::thread::yield_now();
        }
    };
    let seen: Vec<Seen> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|number| {
                scope.spawn({
                    let (live, goes_on) = (&live, &goes_on);
                    move || read(live, number, goes_on)
                })
            })
            .collect();
        for revision in 0..CHANGES {
            while done.load(Ordering::Relaxed) < revision * each {
                std::thread::yield_now();
            }
            let prepared = live.prepare(&boss(), Timestamp(1), hand_on(revision), None);
            assert_eq!(live.publish(prepared.unwrap()), Ok(revision + 1));
            published.store(revision + 1, Ordering::Release);
        }
        readers.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let sum = |of: fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    let (torn, backward, distinct) = (
        sum(|it| it.torn),
        sum(|it| it.backward),
        sum(|it| it.distinct),
    );
    println!(
        "{} checks by {READERS} threads over {CHANGES} changes: {torn} torn, {backward} backward, \
         {distinct} times a newer revision was seen",
        done.load(Ordering::Relaxed)
    );
    assert_eq!((torn, backward), (0, 0));
    assert!(done.load(Ordering::Relaxed) >= CHECKS);
    // Otherwise nothing was tried.
    assert!(distinct > CHANGES / (2 * AHEAD), "{distinct}");
    assert!(seen.iter().all(|it| it.revision <= CHANGES));
}

/// Checks by every way there is, in turn, and by two on one engine.
fn read(live: &Live, number: usize, goes_on: impl Fn() -> bool) -> Seen {
    let mut reader = live.reader();
    let names: Vec<String> = (0..USERS).map(name).collect();
    let mut seen = Seen {
        revision: 0,
        torn: 0,
        backward: 0,
        distinct: 0,
    };
    let mut user = number;
    let mut next = || {
        user = (user + 1) % USERS;
        user
    };
    while goes_on() {
        for _ in 0..BATCH / 4 {
            let user = next();
            seen.look(user, live.check(&names[user], "list", &ORDERS));
            let user = next();
            seen.look(user, reader.check(&names[user], "list", &ORDERS));
            let engine = live.engine().unwrap();
            let of_one =
                [next(), next()].map(|user| (user, engine.check(&names[user], "list", &ORDERS)));
            seen.torn += u64::from(of_one[0].1.revision() != of_one[1].1.revision());
            for (user, decision) in of_one {
                seen.look(user, decision);
            }
        }
    }
    // Whoever asks for at least a revision is never answered from an older one.
    let newest = live.revision().unwrap();
    let answered = reader.check_at_least(newest, &names[0], "list", &ORDERS);
    seen.torn += u64::from(answered.unwrap().revision() < newest);
    seen
}
