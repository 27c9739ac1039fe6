//! What a check costs, on random requests of which half are allowed.
//!
//! Every line is the time of one check; worlds and requests are the same in each run.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]

#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
mod worlds;

use std::hint::black_box;
use std::time::Instant;

use bailiwick::Catalog;
use bailiwick::document::{PolicyDocument, UserDocument};
use criterion::{Criterion, criterion_group, criterion_main};
use worlds::World;

fn check(criterion: &mut Criterion) {
    // Each world protects something else.
    let worlds: [fn() -> World; 5] = [
        worlds::w1, // the fixed cost of a check: everything lies in the first cache
        worlds::w2, // many roles, permissions and packages cost a check nothing
        worlds::w3, // comparing positions in a hierarchy costs a few loads
        worlds::w4, // what lies past the caches is read in as few lines as possible
        worlds::w5, // the same, a million users over
    ];
    for world in worlds {
        let world = world();
        let catalog = Catalog::new(world.catalog.clone()).expect("a sound catalog");
        let engine = world.load(&catalog);
        let (by_handle, by_name) = world.requests(&engine);
        let mut group = criterion.benchmark_group(world.name);
        let mask = world.requests - 1;
        group.bench_function("handle", |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                for i in 0..times as usize {
                    let it = &by_handle[i & mask];
                    let decision = engine.check(it.user, it.operation, &it.record);
                    black_box(&decision);
                }
                start.elapsed()
            });
        });
        // Many at once, and one after the other, by what most do with a decision.
        group.bench_function("many", |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                let requests = (0..times as usize).map(|i| {
                    let it = &by_handle[i & mask];
                    (it.user, it.operation, &it.record)
                });
                engine.check_many(requests).for_each(|decision| {
                    black_box(decision.is_allow());
                });
                start.elapsed()
            });
        });
        group.bench_function("loop", |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                for i in 0..times as usize {
                    let it = &by_handle[i & mask];
                    let decision = engine.check(it.user, it.operation, &it.record);
                    black_box(decision.is_allow());
                }
                start.elapsed()
            });
        });
        group.bench_function("string", |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                for i in 0..times as usize {
                    let it = &by_name[i & mask];
                    let decision = engine.check(&*it.user, &*it.action, &it.record());
                    black_box(&decision);
                }
                start.elapsed()
            });
        });
        group.finish();
    }
}

/// From documents in memory to an engine: what a host waits for at boot, and for each account.
fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    for world in [worlds::w3(), worlds::w4(), worlds::w5()] {
        let catalog = Catalog::new(world.catalog.clone()).expect("a sound catalog");
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
    let catalog = Catalog::new(small.catalog.clone()).expect("a sound catalog");
    group.bench_function("an account of 5 roles and 20 users", |bencher| {
        bencher.iter(|| small.load(&catalog));
    });
    group.finish();
}

criterion_group!(benches, check, load);
criterion_main!(benches);
