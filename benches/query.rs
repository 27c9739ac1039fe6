//! What queries cost at 100,000 users, 10,000 positions and 20 operations (world W4).

#![allow(missing_docs, reason = "criterion's macro writes a public function")]

#[allow(dead_code, reason = "every bench uses its own part of this")]
mod worlds;

use std::hint::black_box;

use bailiwick::document::Reach;
use bailiwick::{Catalog, Engine, Warnings};
use criterion::{Criterion, criterion_group, criterion_main};
use worlds::{ByHandle, Owned};

/// Five requests about different records, and how many users each finds.
fn asked(engine: &Engine, requests: &[ByHandle]) -> Vec<(ByHandle, usize)> {
    let few = requests.iter().take(5).map(|it| ByHandle {
        user: it.user,
        operation: it.operation,
        record: Owned(it.record.0),
    });
    few.map(|it| {
        let found = engine.who_can(it.operation, &it.record);
        let found = found.expect("a sound request").count();
        (it, found)
    })
    .collect()
}

fn who_can(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("W4");
    // Lending (S6) is looked at for each user: nothing but the bits of a position is read.
    for (reach, name) in [(Reach::Owned, "owned"), (Reach::Accessible, "accessible")] {
        let mut world = worlds::w4();
        world.catalog.reach = reach;
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = world.load(&catalog);
        let (requests, _) = world.requests(&engine);
        for (number, (request, found)) in asked(&engine, &requests).into_iter().enumerate() {
            // Access sets and positions are looked at once, users are streamed.
            let name = format!("who_can, {name}, record {number}: {found} users");
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    let found = engine.who_can(request.operation, &request.record);
                    found.expect("a sound request").count()
                });
            });
        }
        let (request, _) = &asked(&engine, &requests)[0];
        // What it is instead of.
        let users: Vec<_> = world.users.iter().map(|it| engine.user(&it.id)).collect();
        group.bench_function(format!("a check for every user, {name}"), |bencher| {
            bencher.iter(|| {
                let may = |user| {
                    let decision = engine.check(user, request.operation, &request.record);
                    decision.is_allow()
                };
                users.iter().flatten().filter(|user| may(**user)).count()
            });
        });
    }
    group.finish();
}

/// A screen or a list is drawn at every page: no query of one subject may look at other users.
fn of_one_subject(criterion: &mut Criterion) {
    let world = worlds::w4();
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let engine = world.load(&catalog);
    let (requests, _) = world.requests(&engine);
    let request = &requests[0];
    let record = bailiwick::Record::of("thing").owner_id(request.record.0);
    let mut group = criterion.benchmark_group("W4");
    group.bench_function("what_can", |bencher| {
        bencher.iter(|| engine.what_can(request.user).map(Iterator::count));
    });
    group.bench_function("permitted_actions", |bencher| {
        bencher.iter(|| {
            let found = engine.permitted_actions(request.user, &record);
            found.map(Iterator::count)
        });
    });
    group.bench_function("screen", |bencher| {
        bencher.iter(|| black_box(engine.screen(request.user)));
    });
    let screen = engine.screen(request.user).expect("a sound user");
    group.bench_function("compact", |bencher| {
        bencher.iter(|| black_box(screen.compact().to_string()));
    });
    group.finish();
}

criterion_group!(benches, who_can, of_one_subject);
criterion_main!(benches);
