//! What an explanation costs: whoever opens a troubleshooting page waits for one.
//!
//! Every line is the time of one explanation of a random request, half of them allowed; or of the
//! remedies of one that is denied, with everything by default.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]

#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
mod worlds;

use std::hint::black_box;
use std::time::Instant;

use bailiwick::document::ChangeKind;
use bailiwick::explain::RemedyOptions;
use bailiwick::{Catalog, Warnings};
use criterion::{Criterion, criterion_group, criterion_main};
use worlds::World;

fn explain(criterion: &mut Criterion) {
    // Each world protects something else.
    let worlds: [fn() -> World; 2] = [
        worlds::w2, // a denial looks once at each of a hundred roles and packages, and names them
        worlds::w3, // positions are told one by one, whatever the size of the hierarchy
    ];
    for world in worlds {
        let world = world();
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = world.load(&catalog);
        let (requests, _) = world.requests(&engine);
        let mask = world.requests - 1;
        let mut group = criterion.benchmark_group(world.name);
        for (name, allowed) in [("allowed", true), ("denied", false)] {
            let asked = || {
                requests.iter().filter(|it| {
                    let decision = engine.check(it.user, it.operation, &it.record);
                    decision.is_allow() == allowed
                })
            };
            let half: Vec<_> = asked().collect();
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| {
                    let start = Instant::now();
                    for i in 0..times as usize {
                        let it = half[i & (mask >> 1)];
                        let why = engine.explain(it.user, it.operation, &it.record);
                        black_box(&why);
                    }
                    start.elapsed()
                });
            });
        }
        group.bench_function("read aloud", |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                for i in 0..times as usize {
                    let it = &requests[i & mask];
                    let why = engine.explain(it.user, it.operation, &it.record);
                    black_box(why.to_string());
                }
                start.elapsed()
            });
        });
        group.finish();
    }
}

/// A support desk has the caller on the line: at most 10 ms in W3, also where whoever may make a change
/// is looked for among hundreds who might.
fn remedies(criterion: &mut Criterion) {
    let administered = |mut world: World| {
        world.name = "W3, administered";
        world.catalog.administration.changes = [ChangeKind::EditRole, ChangeKind::EditAssignments]
            .map(|kind| (kind, "p0".to_owned()))
            .into();
        world.catalog.administration.account_roles.assign = Some("p0".to_owned());
        world
    };
    let options = RemedyOptions::default();
    for world in [worlds::w2(), worlds::w3(), administered(worlds::w3())] {
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = world.load(&catalog);
        let (requests, _) = world.requests(&engine);
        let denied: Vec<_> = requests
            .iter()
            .filter(|it| !engine.check(it.user, it.operation, &it.record).is_allow())
            .collect();
        let mut group = criterion.benchmark_group(world.name);
        group.sample_size(20);
        group.bench_function("remedies", |bencher| {
            bencher.iter_custom(|times| {
                let start = Instant::now();
                for i in 0..times as usize {
                    let it = denied[i % denied.len()];
                    let remedies = engine.remedies(it.user, it.operation, &it.record, &options);
                    black_box(&remedies);
                }
                start.elapsed()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, explain, remedies);
criterion_main!(benches);
