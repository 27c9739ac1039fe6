//! One world: every contestant loaded, compared with bailiwick, and timed in turn.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bailiwick::admin::{Actor, Change};
use bailiwick::{Catalog, Engine, OnType, Scope, Timestamp, UserId, Warnings};

use crate::contest::Seated;
use crate::facts::{Facts, Listing};
use crate::peers::{self, Kind};
use crate::report::Weights;
use crate::worlds::{ByName, Owned, Random};

/// How much is measured.
pub struct Effort {
    rounds: usize,
    /// How long each contestant answers before it is timed: what it does not come to is not timed.
    comparing: Duration,
    /// How long each contestant is timed in each round.
    round: Duration,
    single_checks: usize,
    assignments: usize,
    /// How long a contestant loads or assigns before it is not asked again.
    repeating: Duration,
}

impl Effort {
    pub const FULL: Effort = Effort {
        rounds: 31,
        comparing: Duration::from_millis(800),
        round: Duration::from_millis(20),
        single_checks: 100_000,
        assignments: 32,
        repeating: Duration::from_millis(1_500),
    };
    pub const QUICK: Effort = Effort {
        rounds: 1,
        comparing: Duration::from_millis(20),
        round: Duration::from_millis(5),
        single_checks: 1_000,
        assignments: 2,
        repeating: Duration::ZERO,
    };

    pub(crate) fn rounds(&self) -> usize {
        self.rounds
    }
}

/// Rows of a page, and how many pages are made.
pub(crate) const ROWS: usize = 200;
const PAGES: usize = 256;
/// However slow a contestant is.
const LEAST_REQUESTS: usize = 256;
const LEAST_PAGES: usize = 4;
const CLOSE_VIEWERS: usize = 24;
const THREADS: usize = 2;

pub(crate) struct WorldResult {
    pub(crate) world: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// What one contestant did in one world.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) compared: usize,
    pub(crate) compared_pages: usize,
    /// Nanoseconds.
    pub(crate) check: f64,
    /// Nanoseconds, from names to the answer.
    pub(crate) from_names: f64,
    /// Nanoseconds, the clock's own in it.
    pub(crate) p99: u64,
    /// Checks a second, on one thread and on two.
    pub(crate) rates: [f64; 2],
    pub(crate) load: Duration,
    pub(crate) heap: u64,
    pub(crate) assign: Duration,
    /// Nanoseconds a row.
    pub(crate) list: f64,
}

pub(crate) fn world(effort: &Effort, facts: &Facts, weights: &mut Weights) -> WorldResult {
    let contestants = peers::all();
    let mut seats: Vec<Box<dyn Seated>> = contestants.iter().map(|it| it.seat()).collect();
    let judge = Judge::of(facts);

    let load = loads(effort, facts, &mut seats);
    let compared: Vec<Compared> = seats
        .iter_mut()
        .map(|seat| judge.compare(effort, &mut **seat))
        .collect();

    let check = in_turn(effort, &mut seats, |i, seat| {
        seat.check(compared[i].checks(effort.round))
    });
    let from_names = in_turn(effort, &mut seats, |i, seat| {
        seat.check_names(&judge.by_name, compared[i].checks(effort.round))
    });
    let rates = in_turn_pairs(effort, &mut seats, |i, seat, threads| {
        seat.check_in_threads(threads, compared[i].checks(effort.round))
    });
    let p99 = seats.iter().zip(&compared).map(|(seat, compared)| {
        let count = compared.checks(effort.comparing).min(effort.single_checks);
        let mut times = seat.check_singly(count);
        times.sort_unstable();
        times[times.len() * 99 / 100]
    });
    let p99: Vec<u64> = p99.collect();
    let list = in_turn(effort, &mut seats, |i, seat| {
        seat.list(compared[i].pages(effort.round))
    });
    let assign = assignments(effort, &judge, &mut seats);

    let rows = contestants.iter().enumerate().map(|(i, contestant)| Row {
        name: contestant.name.clone(),
        kind: contestant.kind,
        compared: compared[i].requests,
        compared_pages: compared[i].page_count,
        check: check[i],
        from_names: from_names[i],
        p99: p99[i],
        rates: rates[i],
        load: load[i],
        heap: weights.of(facts.world.name, &contestant.name),
        assign: assign[i],
        list: list[i],
    });
    WorldResult {
        world: facts.world.name,
        rows: rows.collect(),
    }
}

/// bailiwick's own answers, which the others' are held against.
struct Judge<'f> {
    facts: &'f Facts,
    engine: Engine,
    by_name: Vec<ByName>,
    close: Vec<ByName>,
    pages: Vec<Listing>,
    page_answers: Vec<Vec<u32>>,
}

impl Judge<'_> {
    fn of(facts: &Facts) -> Judge<'_> {
        let catalog = Catalog::new(facts.world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = facts.world.load(&catalog);
        let (_, by_name) = facts.world.requests(&engine);
        let mut random = Random(17);
        let users = &facts.world.users;
        let pages: Vec<Listing> = (0..PAGES)
            .map(|_| {
                let asked = &by_name[random.below(by_name.len())];
                let mut owner = || users[random.below(users.len())].id.as_str().into();
                Listing {
                    user: asked.user.into(),
                    action: asked.action.into(),
                    owners: (0..ROWS).map(|_| owner()).collect(),
                }
            })
            .collect();
        let mut judge = Judge {
            facts,
            engine,
            by_name,
            close: Vec::new(),
            pages,
            page_answers: Vec::new(),
        };
        judge.close = judge.close();
        judge.page_answers = judge.pages.iter().map(|it| judge.seen(it)).collect();
        judge
    }

    fn user(&self, name: &str) -> UserId {
        self.engine.user(name).expect("a known user")
    }

    /// Row by row, by `check` and not by the filter.
    fn seen(&self, page: &Listing) -> Vec<u32> {
        let catalog = self.engine.catalog();
        let operation = catalog.operation("thing", &page.action);
        let (user, operation) = (self.user(&page.user), operation.expect("known"));
        let rows = (0..).zip(&page.owners);
        rows.filter(|(_, owner)| {
            let record = Owned(self.user(owner));
            self.engine.check(user, operation, &record).is_allow()
        })
        .map(|(i, _)| i)
        .collect()
    }

    fn compare(&self, effort: &Effort, seat: &mut dyn Seated) -> Compared {
        seat.prepare(&self.close, &[]);
        let answers = seat.answers(self.close.len(), Duration::ZERO);
        assert_eq!(answers.len(), self.close.len(), "all of them are held");
        self.hold(seat.name(), &self.engine, &self.close, &answers);

        seat.prepare(&self.by_name, &self.pages);
        let start = Instant::now();
        let answers = seat.answers(LEAST_REQUESTS, effort.comparing);
        let checking = start.elapsed();
        self.hold(seat.name(), &self.engine, &self.by_name, &answers);
        let start = Instant::now();
        let lists = seat.lists(LEAST_PAGES, effort.comparing);
        let listing = start.elapsed();
        for ((page, expected), seen) in self.pages.iter().zip(&self.page_answers).zip(&lists) {
            assert!(
                expected == seen,
                "{} differs in {}: of the page of `{}` for {}, bailiwick shows {expected:?}, it {seen:?}; \
                 owners {:?}",
                seat.name(),
                self.facts.world.name,
                page.user,
                page.action,
                page.owners,
            );
        }
        seat.keep(answers.len(), lists.len());
        Compared {
            requests: answers.len(),
            page_count: lists.len(),
            a_check: checking / answers.len() as u32,
            a_page: listing / lists.len() as u32,
        }
    }

    fn hold(&self, name: &str, engine: &Engine, asked: &[ByName], answers: &[bool]) {
        for (asked, answer) in asked.iter().zip(answers) {
            let decision = engine.check(&*asked.user, &*asked.action, &asked.record());
            assert!(
                decision.is_allow() == *answer,
                "{name} differs in {}: may `{}` do {} to a record of `{}`? bailiwick: {}; it: {answer}",
                self.facts.world.name,
                asked.user,
                asked.action,
                asked.owner,
                engine.describe(decision),
            );
        }
    }

    /// Requests about owners close to the viewer, of whom random ones are few: themselves, and who holds
    /// the same position, one above, one below and one below that. Only where a scope decides.
    fn close(&self) -> Vec<ByName> {
        let users = &self.facts.world.users;
        let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
        for user in users {
            let position = user.position.as_deref().unwrap_or_default();
            holders.entry(position).or_default().push(&user.id);
        }
        let mut above: HashMap<&str, &[String]> = HashMap::new();
        let mut below: HashMap<&str, Vec<&str>> = HashMap::new();
        for position in &self.facts.world.policy.positions {
            above.insert(&position.id, &position.reports_to);
            for higher in &position.reports_to {
                below.entry(higher).or_default().push(&position.id);
            }
        }
        let mut random = Random(29);
        let mut close = Vec::new();
        for _ in 0..CLOSE_VIEWERS {
            // Most positions have nobody below: every other viewer is taken from above such a one.
            let mut user = &users[random.below(users.len())];
            let mut at = user.position.as_deref().unwrap_or_default();
            if let Some(higher) = above.get(at).and_then(|it| it.first())
                && random.below(2) == 0
                && let Some(holder) = holders.get(&**higher).and_then(|it| it.first())
            {
                at = higher;
                user = users.iter().find(|it| it.id == *holder).expect("a holder");
            }
            let direct = below.get(at).into_iter().flatten().copied();
            let further = direct
                .clone()
                .filter_map(|it| below.get(it)?.first().copied());
            let higher = above.get(at).copied().into_iter().flatten();
            let positions = higher.map(|it| &**it).chain([at]);
            let positions = positions.chain(direct.take(2)).chain(further.take(2));
            let owners = positions.flat_map(|it| holders.get(it).into_iter().flatten().take(2));
            let owners: Vec<&str> = owners.copied().chain([&*user.id]).collect();
            for action in &self.facts.actions {
                let operation = self.engine.catalog().operation("thing", action);
                let any = self.engine.can_any(
                    &*user.id,
                    operation.expect("known"),
                    &OnType::of_operation(),
                );
                if any.scope().is_some_and(|it| it < Scope::All) {
                    close.extend(owners.iter().map(|owner| kept(&user.id, action, owner)));
                }
            }
        }
        close
    }

    /// Roles to give: to whom, which, and what it lets them do to their own records that they may not yet.
    fn gifts(&self, count: usize) -> Vec<(String, String, ByName)> {
        let mut random = Random(23);
        let mut gifts: Vec<(String, String, ByName)> = Vec::new();
        while gifts.len() < count {
            let user = &self.facts.world.users[random.below(self.facts.world.users.len())].id;
            let role = &self.facts.roles[random.below(self.facts.roles.len())];
            let handle = self.user(user);
            let lacks = role.grants.iter().find(|(action, _)| {
                let operation = self.engine.catalog().operation("thing", action);
                let type_alone = OnType::of_operation();
                let any = self
                    .engine
                    .can_any(handle, operation.expect("known"), &type_alone);
                !any.is_allow()
            });
            if let Some((action, _)) = lacks
                && gifts.iter().all(|(given, _, _)| given != user)
            {
                gifts.push((user.clone(), role.id.clone(), kept(user, action, user)));
            }
        }
        gifts
    }
}

/// What a contestant was compared on, and how long that took: from it follows how often it is asked.
struct Compared {
    requests: usize,
    page_count: usize,
    a_check: Duration,
    a_page: Duration,
}

impl Compared {
    fn checks(&self, time: Duration) -> usize {
        fitting(self.a_check, time).max(64)
    }

    fn pages(&self, time: Duration) -> usize {
        fitting(self.a_page, time).max(2)
    }
}

fn fitting(each: Duration, time: Duration) -> usize {
    (time.as_nanos() / each.as_nanos().max(1)) as usize
}

fn median<T: Copy + PartialOrd>(mut measured: Vec<T>) -> T {
    measured.sort_by(|a, b| a.partial_cmp(b).expect("no NaN is measured"));
    measured[measured.len() / 2]
}

/// Each round asks every contestant once; the median of its rounds counts.
fn in_turn(
    effort: &Effort,
    seats: &mut [Box<dyn Seated>],
    mut measure: impl FnMut(usize, &mut dyn Seated) -> f64,
) -> Vec<f64> {
    let mut rounds = vec![Vec::new(); seats.len()];
    for _ in 0..effort.rounds {
        for (i, seat) in seats.iter_mut().enumerate() {
            rounds[i].push(measure(i, &mut **seat));
        }
    }
    rounds.into_iter().map(median).collect()
}

/// The same on one thread and on more, one after the other.
fn in_turn_pairs(
    effort: &Effort,
    seats: &mut [Box<dyn Seated>],
    mut measure: impl FnMut(usize, &dyn Seated, usize) -> f64,
) -> Vec<[f64; 2]> {
    let mut rounds = vec![[Vec::new(), Vec::new()]; seats.len()];
    for _ in 0..effort.rounds {
        for (i, seat) in seats.iter().enumerate() {
            for (threads, rates) in [1, THREADS].into_iter().zip(&mut rounds[i]) {
                rates.push(measure(i, &**seat, threads));
            }
        }
    }
    rounds.into_iter().map(|it| it.map(median)).collect()
}

/// Loads everybody in turn, those who take long less often; all are left loaded.
fn loads(effort: &Effort, facts: &Facts, seats: &mut [Box<dyn Seated>]) -> Vec<Duration> {
    let mut times = vec![Vec::new(); seats.len()];
    for _ in 0..effort.rounds {
        for (i, seat) in seats.iter_mut().enumerate() {
            let spent: Duration = times[i].iter().sum();
            if times[i].is_empty() || spent < effort.repeating {
                times[i].push(seat.load(facts));
            }
        }
    }
    times.into_iter().map(median).collect()
}

/// Gives roles, each of which the next check must see; afterwards the requests are held against bailiwick
/// again, after the same assignments.
fn assignments(effort: &Effort, judge: &Judge<'_>, seats: &mut [Box<dyn Seated>]) -> Vec<Duration> {
    let gifts = judge.gifts(effort.assignments.min(judge.facts.world.users.len() / 2));
    let mut engines = vec![judge.engine.clone()];
    for (user, role, _) in &gifts {
        let before = engines.last().expect("the first is there");
        let change = [Change::assign_role(user, role)];
        let applied = before.apply(&Actor::System, Timestamp(1), &change);
        engines.push(applied.expect("a sound assignment").into_engine());
    }
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); seats.len()];
    for (user, role, asked) in &gifts {
        for (i, seat) in seats.iter_mut().enumerate() {
            let spent: Duration = times[i].iter().sum();
            if times[i].is_empty() || spent < effort.repeating {
                times[i].push(seat.assign_and_see(user, role, asked));
            }
        }
    }
    for (seat, times) in seats.iter_mut().zip(&times) {
        seat.prepare(&judge.by_name, &[]);
        let answers = seat.answers(LEAST_REQUESTS, effort.comparing / 4);
        judge.hold(seat.name(), &engines[times.len()], &judge.by_name, &answers);
    }
    times.into_iter().map(median).collect()
}

/// A request whose texts last as long as the run, as those of the world's own requests do.
fn kept(user: &str, action: &str, owner: &str) -> ByName {
    let keep = |text: &str| &*text.to_owned().leak();
    ByName {
        user: keep(user),
        action: keep(action),
        owner: keep(owner),
    }
}
