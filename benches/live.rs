//! What publishing costs, the journal apart, at 100,000 users (W4) and at ten times as many (W5): it must
//! follow what the change touches. And what a check costs a reader, at rest and while another thread
//! publishes without pause: readers must not be held up.

#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
mod worlds;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{ChangeKind, RoleDocument, UserDocument};
use bailiwick::live::Live;
use bailiwick::{Catalog, Decision, Engine, Scope, Timestamp, Warnings};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use worlds::{ByHandle, Random, World};

/// The world with an administrator who holds everything, and rules that let them give it.
fn governed(mut world: World) -> (World, Engine) {
    let rules = &mut world.catalog.administration;
    for kind in ChangeKind::EVERY {
        rules.changes.insert(*kind, "p0".to_owned());
    }
    rules.account_roles.assign = Some("p0".to_owned());
    rules.account_roles.revoke = Some("p0".to_owned());
    let mut admin = RoleDocument::new("admin");
    for permission in 0..20 {
        admin = admin.grant((format!("p{permission}").as_str(), Scope::All));
    }
    world.policy.roles.push(admin);
    world.users.push(UserDocument::new("boss").role("admin"));
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let engine = world.load(&catalog);
    (world, engine)
}

/// Gives a role to somebody, then takes it from them, then goes on to the next: the world stays what it is.
struct Assignments<'w> {
    world: &'w World,
    random: Random,
    given: Option<(&'w str, String)>,
}

impl<'w> Assignments<'w> {
    fn new(world: &'w World) -> Self {
        Assignments {
            world,
            random: Random(5),
            given: None,
        }
    }

    fn next(&mut self) -> Vec<Change> {
        if let Some((user, role)) = self.given.take() {
            return vec![Change::revoke_role(user, role)];
        }
        let users = &self.world.users;
        let user = &users[self.random.below(users.len() - 1)];
        // One that they do not have.
        let role = loop {
            let role = format!("role-{}", self.random.below(20));
            if user.roles != [role.as_str().into()] {
                break role;
            }
        };
        self.given = Some((&user.id, role.clone()));
        vec![Change::assign_role(&user.id, role)]
    }
}

fn publish(live: &Live, changes: Vec<Change>) {
    let prepared = live
        .prepare(&Actor::user("boss"), Timestamp(1), changes, None)
        .expect("the boss may");
    live.publish(prepared).expect("nobody else publishes");
}

fn publishing(c: &mut Criterion) {
    for world in [worlds::w4(), worlds::w5()] {
        let (world, engine) = governed(world);
        let live = Live::new(engine);
        let mut assignments = Assignments::new(&world);
        c.bench_function(&format!("{}/assignment published", world.name), |b| {
            b.iter_batched(
                || assignments.next(),
                |changes| publish(&live, changes),
                BatchSize::PerIteration,
            );
        });
    }
}

/// How many checks are timed together.
const BLOCK: usize = 20_000;
const BLOCKS: usize = 400;

fn reading(c: &mut Criterion) {
    let (world, engine) = governed(worlds::w4());
    let (requests, _) = world.requests(&engine);
    let live = Live::new(engine.clone());
    let mut reader = live.reader();
    let mut next = requests.iter().cycle();
    let mut group = c.benchmark_group("W4/check at rest");
    group.bench_function("Engine", |b| {
        b.iter(|| {
            next.next()
                .map(|it| engine.check(it.user, it.operation, &it.record))
        });
    });
    group.bench_function("Reader", |b| {
        b.iter(|| {
            next.next()
                .map(|it| reader.check(it.user, it.operation, &it.record))
        });
    });
    group.bench_function("Live", |b| {
        b.iter(|| {
            next.next()
                .map(|it| live.check(it.user, it.operation, &it.record))
        });
    });
    group.finish();
    under_a_writer(&world, &requests, &live);
}

/// Blocks of checks at rest and under a writer in turn, so that what else the machine does falls on both.
fn under_a_writer(world: &World, requests: &[ByHandle], live: &Live) {
    let (writes, stops) = (AtomicBool::new(false), AtomicBool::new(false));
    let published = AtomicU64::new(0);
    // Nanoseconds for one check of each block: of a reader, of the Live itself; at rest, and not.
    let mut nanos: [[Vec<f64>; 2]; 2] = Default::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut assignments = Assignments::new(world);
            while !stops.load(Ordering::Relaxed) {
                match writes.load(Ordering::Relaxed) {
                    true => {
                        publish(live, assignments.next());
                        published.fetch_add(1, Ordering::Relaxed);
                    }
                    false => std::thread::sleep(std::time::Duration::from_micros(100)),
                }
            }
        });
        let mut reader = live.reader();
        for round in 0..BLOCKS {
            let written = round % 2;
            writes.store(written == 1, Ordering::Relaxed);
            // Until the writer has seen that, and the processor what is to come.
            let from = published.load(Ordering::Relaxed);
            while written == 1 && published.load(Ordering::Relaxed) == from {
                std::thread::yield_now();
            }
            let from = (round / 2 * BLOCK) % (requests.len() - BLOCK);
            let block = &requests[from..from + BLOCK];
            nanos[0][written].push(timed(block, |it| {
                reader.check(it.user, it.operation, &it.record)
            }));
            nanos[1][written].push(timed(block, |it| {
                live.check(it.user, it.operation, &it.record)
            }));
        }
        stops.store(true, Ordering::Relaxed);
    });
    for (who, mut nanos) in ["Reader", "Live"].into_iter().zip(nanos) {
        let [rest, written] = [0, 1].map(|it| median(&mut nanos[it]));
        println!(
            "W4/check under a writer/{who}: {rest:.1} ns at rest, {written:.1} ns while {} changes are \
             published, {:.2} times as much",
            published.load(Ordering::Relaxed),
            written / rest
        );
    }
}

fn timed(block: &[ByHandle], mut check: impl FnMut(&ByHandle) -> Decision) -> f64 {
    let began = Instant::now();
    for request in block {
        let _ = black_box(check(request));
    }
    began.elapsed().as_nanos() as f64 / block.len() as f64
}

fn median(nanos: &mut [f64]) -> f64 {
    nanos.sort_by(f64::total_cmp);
    nanos[nanos.len() / 2]
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = publishing, reading
}
criterion_main!(benches);
