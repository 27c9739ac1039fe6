//! Runs a law over many worlds, and says what went wrong in one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ask::{Manner, answer, expected};
use super::documents::Documents;
use super::generate;
use super::requests::{Case, Requests};
use super::rng::Rng;
use super::shrink;
use super::tally::Tally;
use crate::reference::Outcome;

const CASES: u64 = 200_000;
const PER_WORLD: u64 = 40;
const SEED: u64 = 0xba11_1111_c0de_0001;

pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.replace('_', "").parse(),
    };
    Some(parsed.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn cases() -> u64 {
    number("BAILIWICK_CASES").unwrap_or(CASES)
}

pub(crate) fn seed() -> u64 {
    number("BAILIWICK_SEED").unwrap_or(SEED)
}

/// One world of a run: its documents and requests, and a generator for whatever the law adds.
pub(crate) struct Drawn {
    pub number: u64,
    pub documents: Documents,
    pub cases: Vec<Case>,
    pub rng: Rng,
}

fn draw(seed: u64, number: u64) -> Drawn {
    let (documents, mut rng) = generate::world(seed, number);
    let requests = Requests::of(&documents, &mut rng);
    let cases = (0..PER_WORLD).map(|_| requests.case(&mut rng)).collect();
    Drawn {
        number,
        documents,
        cases,
        rng,
    }
}

/// Says which world it was, when a thread panics in it.
struct Within(u64, u64);

impl Drop for Within {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "in world {} of seed {:#x}: BAILIWICK_SEED={:#x} BAILIWICK_WORLD={}",
                self.1, self.0, self.0, self.1
            );
        }
    }
}

/// Runs a law over that many worlds, on as many threads as there are cores, and adds up the tallies.
pub(crate) fn each_world(share: u64, law: impl Fn(Drawn, &mut Tally) + Sync) -> Tally {
    let total = Mutex::new(Tally::default());
    each_number(share * PER_WORLD, |seed, world| {
        let mut tally = Tally::default();
        law(draw(seed, world), &mut tally);
        if let Ok(mut total) = total.lock() {
            total.absorb(tally);
        }
    });
    total.into_inner().unwrap_or_default()
}

/// Runs a law over a share of the numbers of worlds, on as many threads as there are cores.
pub(crate) fn each_number(share: u64, law: impl Fn(u64, u64) + Sync) {
    each_number_of(cases().div_ceil(share), law);
}

/// Runs a law over that many worlds, on as many threads as there are cores.
pub(crate) fn each_number_of(worlds: u64, law: impl Fn(u64, u64) + Sync) {
    let seed = seed();
    let (first, last) = match number("BAILIWICK_WORLD") {
        Some(world) => (world, world + 1),
        None => (0, worlds),
    };
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let world = next.fetch_add(1, Ordering::Relaxed);
                    if world >= last {
                        break;
                    }
                    let within = Within(seed, world);
                    law(seed, world);
                    drop(within);
                }
            });
        }
    });
}

/// Runs a law over each of these, on as many threads as there are cores.
pub(crate) fn each_of<T: Sync>(all: &[T], law: impl Fn(&T) + Sync) {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(one) = usize::try_from(next.fetch_add(1, Ordering::Relaxed))
                    .ok()
                    .and_then(|i| all.get(i))
                {
                    law(one);
                }
            });
        }
    });
}

/// What was said where something else was expected, in the world where it came up first.
struct Mismatch {
    world: u64,
    documents: Documents,
    case: Case,
    manner: Manner,
    expected: Outcome,
    found: Outcome,
}

/// One for each kind, with how often it came up: what was expected, what was said, what was asked.
#[derive(Default)]
pub(crate) struct Mismatches {
    kinds: Mutex<BTreeMap<[String; 3], (u64, Mismatch)>>,
}

impl Mismatches {
    pub(crate) fn add(&self, drawn: &Drawn, case: &Case, manner: Manner, answers: [&Outcome; 2]) {
        let [expected, found] = answers;
        let asked = format!("{:?}", case.question);
        let asked = asked.split('(').next().unwrap_or_default();
        let kind = [kind_of(expected), kind_of(found), asked.to_owned()];
        let Ok(mut kinds) = self.kinds.lock() else {
            return;
        };
        let times = kinds.get(&kind).map_or(0, |(times, _)| *times) + 1;
        if let Some((known, first)) = kinds.get_mut(&kind) {
            *known = times;
            if first.world <= drawn.number {
                return;
            }
        }
        let mismatch = Mismatch {
            world: drawn.number,
            documents: drawn.documents.clone(),
            case: case.clone(),
            manner,
            expected: expected.clone(),
            found: found.clone(),
        };
        kinds.insert(kind, (times, mismatch));
    }

    /// Fails with every kind found, each as small as it gets.
    pub(crate) fn report(self) {
        let kinds = self.kinds.into_inner().unwrap_or_default();
        if kinds.is_empty() {
            return;
        }
        let many = kinds.len();
        for (n, ([expected, found, asked], (times, first))) in kinds.into_iter().enumerate() {
            eprintln!("══ {asked}: expected {expected}, found {found}; {times} times ══");
            if n < 12 {
                eprintln!("{}", small(first));
            }
        }
        panic!("{many} kinds of mismatch");
    }
}

fn kind_of(outcome: &Outcome) -> String {
    format!("{} {:?} {:?}", outcome.code, outcome.scope, outcome.at)
}

fn small(mismatch: Mismatch) -> String {
    let Mismatch {
        world,
        documents,
        case,
        manner,
        ..
    } = mismatch;
    let alike = |e: &Outcome, f: &Outcome| {
        kind_of(e) == kind_of(&mismatch.expected) && kind_of(f) == kind_of(&mismatch.found)
    };
    let fails = |documents: &Documents, case: &Case| {
        documents.engine().is_ok_and(|engine| {
            let (e, f) = (
                expected(&documents.model(), case),
                answer(&engine, case, manner),
            );
            e != f && alike(&e, &f)
        })
    };
    // What is not a disagreement of these two by themselves is shown as it is.
    let (documents, case) = if fails(&documents, &case) {
        let documents = shrink::documents(&documents, |it| fails(it, &case));
        let case = shrink::case(&case, |it| fails(&documents, it));
        let documents = shrink::documents(&documents, |it| fails(it, &case));
        (documents, case)
    } else {
        (documents, case)
    };
    let (expected, found) = (
        expected(&documents.model(), &case),
        answer(&documents.load(), &case, manner),
    );
    format!(
        "BAILIWICK_SEED={:#x} BAILIWICK_WORLD={world}\n\n{documents}\nasked ({manner:?}): {case:#?}\n\
         expected: {expected:#?}\nfound: {found:#?}\n",
        seed()
    )
}

/// Whether everything must come up in the run.
fn is_long_enough() -> bool {
    cases() >= 50_000 && number("BAILIWICK_WORLD").is_none()
}

/// How often each thing came up in a run.
#[derive(Default)]
pub(crate) struct Tallied(Mutex<BTreeMap<String, u64>>);

impl Tallied {
    pub(crate) fn count(&self, what: &str) {
        if let Ok(mut counts) = self.0.lock() {
            *counts.entry(what.to_owned()).or_default() += 1;
        }
    }

    /// Prints all, and fails where one of these never came up in a run that is long enough.
    pub(crate) fn report(self, needed: &[&str]) {
        let counts = self.0.into_inner().unwrap_or_default();
        for (what, times) in &counts {
            println!("{times:8} {what}");
        }
        if is_long_enough() {
            for what in needed {
                assert!(counts.contains_key(*what), "never: {what}");
            }
        }
    }

    /// Whether [`report`](Tallied::report) would fail as yet.
    pub(crate) fn lacks(&self, needed: &[&str]) -> bool {
        let has = |counts: &BTreeMap<String, u64>| needed.iter().all(|it| counts.contains_key(*it));
        is_long_enough() && self.0.lock().is_ok_and(|counts| !has(&counts))
    }
}
