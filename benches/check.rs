//! What a check costs, on random requests of which half are allowed.
//!
//! Every line is the time of one check; worlds and requests are the same in each run.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]

#[allow(dead_code, reason = "each bench uses its own part of it")]
mod prototype;
#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
mod worlds;

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::document::{PolicyDocument, UserDocument};
use bailiwick::{Catalog, Decision, Engine, Warnings};
use criterion::{Criterion, criterion_group, criterion_main};
use prototype::Prototype;
use worlds::{ByHandle, ByName, World};

fn check(criterion: &mut Criterion) {
    // Each world protects something else.
    let worlds: [fn() -> World; 6] = [
        worlds::w1, // the fixed cost of a check: everything lies in the first cache
        worlds::w2, // many roles, permissions and packages cost a check nothing
        worlds::w3, // comparing positions in a hierarchy costs a few loads
        worlds::w4, // what lies past the caches is read in as few lines as possible
        worlds::w5, // the same, a million users over
        worlds::wr, // thousands of people whose rights all differ, over thousands of permissions
    ];
    for world in worlds {
        let world = world();
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = world.load(&catalog);
        let prototype = Prototype::new(&world);
        let (by_handle, by_name) = world.requests(&engine);
        let by_number = world.numbered(&by_name);
        agree(&engine, &prototype, &by_handle, &by_name, &by_number);
        let mut group = criterion.benchmark_group(world.name);
        let mut bench = |name: &str, run: &dyn Fn(usize)| {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| timed(times as usize, run));
            });
        };
        bench("handle", &|times| handle(&engine, &by_handle, times));
        // Many at once, and one after the other, by what most do with a decision.
        bench("many", &|times| many(&engine, &by_handle, times));
        bench("loop", &|times| one_by_one(&engine, &by_handle, times));
        bench("string", &|times| string(&engine, &by_name, times));
        bench("many/string", &|times| {
            many_by_name(&engine, &by_name, times)
        });
        // The least that could answer the same, on this machine and in this hour.
        bench("bare/handle", &|times| bare(&prototype, &by_number, times));
        bench("bare/string", &|times| {
            bare_string(&prototype, &by_name, times)
        });
        // Half of them on each of two threads: half the time, where nothing is shared but what is read. The
        // second begins half-way, so as not to find what the first has just fetched.
        let by_handle = [turned(&by_handle), by_handle];
        let by_number = [turned(&by_number), by_number];
        bench("two threads/handle", &|times| {
            halved(times, &|which, times| {
                handle(&engine, &by_handle[which], times)
            });
        });
        bench("two threads/bare", &|times| {
            halved(times, &|which, times| {
                bare(&prototype, &by_number[which], times)
            });
        });
        group.finish();
    }
}

fn timed(times: usize, run: &dyn Fn(usize)) -> Duration {
    let start = Instant::now();
    run(times);
    start.elapsed()
}

fn halved(times: usize, run: &(dyn Fn(usize, usize) + Sync)) {
    thread::scope(|scope| {
        scope.spawn(|| run(0, times / 2));
        run(1, times - times / 2);
    });
}

fn turned<T: Copy>(requests: &[T]) -> Vec<T> {
    let (first, second) = requests.split_at(requests.len() / 2);
    [second, first].concat()
}

// Each loop is a function, so that what is outside of the check is held in registers, as a host would have
// it.

#[inline(never)]
fn handle(engine: &Engine, requests: &[ByHandle], times: usize) {
    for it in requests.iter().cycle().take(times) {
        let decision = engine.check(it.user, it.operation, &it.record);
        black_box(&decision);
    }
}

#[inline(never)]
fn many(engine: &Engine, requests: &[ByHandle], times: usize) {
    let requests = requests.iter().cycle().take(times);
    let requests = requests.map(|it| (it.user, it.operation, &it.record));
    engine.check_many(requests).for_each(|decision| {
        black_box(decision.is_allow());
    });
}

#[inline(never)]
fn one_by_one(engine: &Engine, requests: &[ByHandle], times: usize) {
    for it in requests.iter().cycle().take(times) {
        let decision = engine.check(it.user, it.operation, &it.record);
        black_box(decision.is_allow());
    }
}

#[inline(never)]
fn string(engine: &Engine, requests: &[ByName], times: usize) {
    for it in requests.iter().cycle().take(times) {
        let decision = engine.check(it.user, it.action, &it.record());
        black_box(&decision);
    }
}

#[inline(never)]
fn many_by_name(engine: &Engine, requests: &[ByName], times: usize) {
    let requests = requests.iter().cycle().take(times);
    let requests = requests.map(|it| (it.user, it.action, it));
    engine.check_many(requests).for_each(|decision| {
        black_box(decision.is_allow());
    });
}

#[inline(never)]
fn bare(prototype: &Prototype, requests: &[[usize; 3]], times: usize) {
    for &[user, operation, owner] in requests.iter().cycle().take(times) {
        black_box(prototype.check(user, operation, owner));
    }
}

#[inline(never)]
fn bare_string(prototype: &Prototype, requests: &[ByName], times: usize) {
    for it in requests.iter().cycle().take(times) {
        black_box(prototype.check_names(it.user, it.action, it.owner));
    }
}

/// What is timed decides alike.
fn agree(
    engine: &Engine,
    prototype: &Prototype,
    by_handle: &[ByHandle],
    by_name: &[ByName],
    by_number: &[[usize; 3]],
) {
    for ((handle, name), number) in by_handle.iter().zip(by_name).zip(by_number) {
        let &[user, operation, owner] = number;
        let expected = prototype.check(user, operation, owner);
        let by_handle = engine.check(handle.user, handle.operation, &handle.record);
        let by_name = [
            engine
                .check(name.user, name.action, &name.record())
                .is_allow(),
            prototype.check_names(name.user, name.action, name.owner),
        ];
        assert_eq!((by_handle.is_allow(), by_name), (expected, [expected; 2]));
    }
    let decided = |requests: &mut dyn Iterator<Item = Decision>| -> Vec<bool> {
        requests.map(|it| it.is_allow()).collect()
    };
    let by_handle = by_handle
        .iter()
        .map(|it| (it.user, it.operation, &it.record));
    let by_name = by_name.iter().map(|it| (it.user, it.action, it));
    let expected = by_number
        .iter()
        .map(|&[user, operation, owner]| prototype.check(user, operation, owner));
    let expected: Vec<bool> = expected.collect();
    assert!(decided(&mut engine.check_many(by_handle)) == expected);
    assert!(decided(&mut engine.check_many(by_name)) == expected);
}

/// From documents in memory to an engine: what a host waits for at boot, and for each account.
fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    for world in [worlds::w3(), worlds::w4(), worlds::w5(), worlds::wr()] {
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        group.bench_function(world.name, |bencher| bencher.iter(|| world.load(&catalog)));
    }
    // One of many accounts: what is loaded again and again.
    let small = World {
        policy: PolicyDocument {
            roles: worlds::w3().policy.roles.into_iter().take(5).collect(),
            ..PolicyDocument::new(1)
        },
        users: (0..20)
            .map(|user| UserDocument::new(worlds::name(user)).role(format!("role-{}", user % 5)))
            .collect(),
        ..worlds::w3()
    };
    let catalog = Catalog::new(small.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    group.bench_function("an account of 5 roles and 20 users", |bencher| {
        bencher.iter(|| small.load(&catalog));
    });
    group.finish();
}

criterion_group!(benches, check, load);
criterion_main!(benches);
