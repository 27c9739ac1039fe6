//! What a contestant is, and how it is put into a seat in which all are treated alike.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::facts::{Facts, Listing};
use crate::worlds::ByName;

/// A way to answer a world's questions.
pub(crate) trait Peer: Sized + Sync {
    /// A request in the peer's own types. Made from names before timing, which favours a peer that has
    /// such types.
    type Request: Sync;
    /// A page of a list, likewise.
    type Page: Sync;
    /// What one thread asks through.
    type Asker<'p>
    where
        Self: 'p;

    /// From documents in memory to ready.
    fn load(facts: &Facts) -> Self;
    fn request(&self, asked: &ByName) -> Self::Request;
    fn page(&self, listing: &Listing) -> Self::Page;
    fn asker(&self) -> Self::Asker<'_>;
    fn check(asker: &mut Self::Asker<'_>, request: &Self::Request) -> bool;
    /// A check whose names have just arrived as text.
    fn check_names(&self, asker: &mut Self::Asker<'_>, asked: &ByName) -> bool {
        Self::check(asker, &self.request(asked))
    }
    /// The rows of the page that may be seen, ascending.
    fn list(asker: &mut Self::Asker<'_>, page: &Self::Page) -> Vec<u32>;
    /// Gives a user one more role.
    fn assign(&mut self, user: &str, role: &str);
}

/// A contestant, whatever its types.
pub(crate) trait Seated {
    fn name(&self) -> &str;
    /// Loads anew; what was there before is dropped outside the time.
    fn load(&mut self, facts: &Facts) -> Duration;
    fn unload(&mut self);
    fn prepare(&mut self, asked: &[ByName], pages: &[Listing]);
    /// The answers to the first requests: as many as the time allows, and at least `least`.
    fn answers(&self, least: usize, time: Duration) -> Vec<bool>;
    /// Forgets every request past these, and every page likewise.
    fn keep(&mut self, requests: usize, pages: usize);
    /// Nanoseconds a check, over so many.
    fn check(&mut self, count: usize) -> f64;
    /// The same from names.
    fn check_names(&mut self, asked: &[ByName], count: usize) -> f64;
    /// Each of so many checks by itself, in nanoseconds, the clock's own time in it.
    fn check_singly(&self, count: usize) -> Vec<u64>;
    /// Checks a second of all threads together, each making so many.
    fn check_in_threads(&self, threads: usize, count: usize) -> f64;
    fn lists(&self, least: usize, time: Duration) -> Vec<Vec<u32>>;
    /// Nanoseconds a row, over so many pages.
    fn list(&mut self, count: usize) -> f64;
    /// Gives a role, then asks what the role allows: how long until the yes.
    fn assign_and_see(&mut self, user: &str, role: &str, asked: &ByName) -> Duration;
}

pub(crate) struct Seat<P: Peer> {
    name: String,
    peer: Option<P>,
    requests: Vec<P::Request>,
    pages: Vec<P::Page>,
    rows: usize,
    /// Where the next round goes on, so that a slow peer is asked all of its requests in time.
    next: usize,
    next_page: usize,
}

impl<P: Peer> Seat<P> {
    pub(crate) fn new(name: String) -> Seat<P> {
        Seat {
            name,
            peer: None,
            requests: Vec::new(),
            pages: Vec::new(),
            rows: 0,
            next: 0,
            next_page: 0,
        }
    }

    fn peer(&self) -> &P {
        self.peer.as_ref().expect("loaded before it is asked")
    }
}

/// Asks about so many of the items, from one on and round and round.
fn cycle<T>(items: &[T], from: usize, count: usize, mut ask: impl FnMut(&T)) {
    let mut left = count;
    let mut start = from % items.len();
    while left > 0 {
        let end = (start + left).min(items.len());
        for item in &items[start..end] {
            ask(item);
        }
        left -= end - start;
        start = 0;
    }
}

/// As many answers as the time allows.
fn answers_in<T, A>(
    items: &[T],
    least: usize,
    time: Duration,
    mut ask: impl FnMut(&T) -> A,
) -> Vec<A> {
    let start = Instant::now();
    let mut answers = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if i >= least && i.is_multiple_of(16) && start.elapsed() > time {
            break;
        }
        answers.push(ask(item));
    }
    answers
}

fn per(elapsed: Duration, count: usize) -> f64 {
    elapsed.as_nanos() as f64 / count as f64
}

impl<P: Peer> Seated for Seat<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn load(&mut self, facts: &Facts) -> Duration {
        self.unload();
        let start = Instant::now();
        let peer = P::load(facts);
        let elapsed = start.elapsed();
        self.peer = Some(peer);
        elapsed
    }

    fn unload(&mut self) {
        self.requests = Vec::new();
        self.pages = Vec::new();
        self.peer = None;
    }

    fn prepare(&mut self, asked: &[ByName], pages: &[Listing]) {
        self.requests = asked.iter().map(|it| self.peer().request(it)).collect();
        self.pages = pages.iter().map(|it| self.peer().page(it)).collect();
        self.rows = pages.first().map_or(1, |it| it.owners.len());
        (self.next, self.next_page) = (0, 0);
    }

    fn answers(&self, least: usize, time: Duration) -> Vec<bool> {
        let mut asker = self.peer().asker();
        answers_in(&self.requests, least, time, |it| P::check(&mut asker, it))
    }

    fn keep(&mut self, requests: usize, pages: usize) {
        self.requests.truncate(requests);
        self.pages.truncate(pages);
    }

    fn check(&mut self, count: usize) -> f64 {
        let mut asker = self.peer().asker();
        let start = Instant::now();
        cycle(&self.requests, self.next, count, |it| {
            black_box(P::check(&mut asker, black_box(it)));
        });
        let elapsed = start.elapsed();
        drop(asker);
        self.next += count;
        per(elapsed, count)
    }

    fn check_names(&mut self, asked: &[ByName], count: usize) -> f64 {
        let (peer, compared) = (self.peer(), &asked[..self.requests.len()]);
        let mut asker = peer.asker();
        let start = Instant::now();
        cycle(compared, self.next, count, |it| {
            black_box(peer.check_names(&mut asker, black_box(it)));
        });
        let elapsed = start.elapsed();
        drop(asker);
        self.next += count;
        per(elapsed, count)
    }

    fn check_singly(&self, count: usize) -> Vec<u64> {
        let mut asker = self.peer().asker();
        let mut times = Vec::with_capacity(count);
        cycle(&self.requests, 0, count, |it| {
            let start = Instant::now();
            black_box(P::check(&mut asker, black_box(it)));
            times.push(start.elapsed().as_nanos() as u64);
        });
        times
    }

    fn check_in_threads(&self, threads: usize, count: usize) -> f64 {
        let (peer, requests) = (self.peer(), &*self.requests);
        let barrier = Barrier::new(threads);
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|thread| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        let mut asker = peer.asker();
                        let from = thread * requests.len() / threads;
                        barrier.wait();
                        let start = Instant::now();
                        cycle(requests, from, count, |it| {
                            black_box(P::check(&mut asker, black_box(it)));
                        });
                        count as f64 / start.elapsed().as_secs_f64()
                    })
                })
                .collect();
            let rates = running.into_iter().map(|it| it.join().expect("no panic"));
            rates.sum()
        })
    }

    fn lists(&self, least: usize, time: Duration) -> Vec<Vec<u32>> {
        let mut asker = self.peer().asker();
        answers_in(&self.pages, least, time, |it| P::list(&mut asker, it))
    }

    fn list(&mut self, count: usize) -> f64 {
        let mut asker = self.peer().asker();
        let start = Instant::now();
        cycle(&self.pages, self.next_page, count, |it| {
            black_box(P::list(&mut asker, black_box(it)));
        });
        let elapsed = start.elapsed();
        drop(asker);
        self.next_page += count;
        per(elapsed, count * self.rows)
    }

    fn assign_and_see(&mut self, user: &str, role: &str, asked: &ByName) -> Duration {
        let refused = {
            let peer = self.peer();
            !P::check(&mut peer.asker(), &peer.request(asked))
        };
        assert!(
            refused,
            "{}: `{user}` may {} already",
            self.name, asked.action
        );
        let peer = self.peer.as_mut().expect("loaded before it is asked");
        let start = Instant::now();
        peer.assign(user, role);
        let request = peer.request(asked);
        let allowed = P::check(&mut peer.asker(), &request);
        let elapsed = start.elapsed();
        assert!(
            allowed,
            "{}: `{role}` did not reach `{user}` for {}",
            self.name, asked.action
        );
        elapsed
    }
}
