//! What a records filter costs: to make one, to ask it about a record, and to filter whole columns.
//!
//! Every line of a column is the time of 2²⁰ rows.

#![allow(missing_docs, reason = "criterion's macro writes a public function")]

#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
mod worlds;

use std::hint::black_box;

use bailiwick::query::RecordFilter;
use bailiwick::{Catalog, Engine, Owner, Resource, Scope, UserId, Warnings};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use worlds::{Random, World};

const ROWS: usize = 1 << 20;

struct Owned(UserId);

impl Resource for Owned {
    fn owner(&self) -> Owner<'_> {
        Owner::User(self.0)
    }
}

/// A filter of that scope; of those looked at, the one that reaches most.
fn filter_of<'e>(engine: &'e Engine, users: &[UserId], scope: Scope) -> RecordFilter<'e> {
    let mut widest: Option<(usize, RecordFilter<'e>)> = None;
    for operation in engine.catalog().operations() {
        for user in users.iter().take(200) {
            let any = engine.can_any(*user, operation, &bailiwick::OnType::of_operation());
            if any.scope() != Some(scope) {
                continue;
            }
            let filter = engine.records(*user, operation).expect("of records");
            let count = filter.position_count();
            if widest.as_ref().is_none_or(|(most, _)| count > *most) {
                widest = Some((count, filter));
            }
        }
    }
    widest.expect("a filter of every scope").1
}

fn records(criterion: &mut Criterion) {
    let world: World = worlds::w4();
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let engine = world.load(&catalog);
    let users: Vec<UserId> = world
        .users
        .iter()
        .map(|user| engine.user(&user.id).expect("a known user"))
        .collect();
    let mut random = Random(7);
    let column: Vec<UserId> = (0..ROWS)
        .map(|_| users[random.below(users.len())])
        .collect();
    let with_unowned: Vec<Option<UserId>> = column
        .iter()
        .map(|it| (random.below(10) > 0).then_some(*it))
        .collect();

    // Making a filter does not grow with users or positions.
    let operation = engine.catalog().operations().next().expect("an operation");
    let mut group = criterion.benchmark_group("records");
    group.bench_function("make", |bencher| {
        let mut users = users.iter().cycle();
        bencher.iter(|| engine.records(*users.next().expect("a user"), operation));
    });
    group.finish();

    let mut group = criterion.benchmark_group("columns");
    group.throughput(Throughput::Elements(ROWS as u64));
    for scope in Scope::EVERY {
        let filter = filter_of(&engine, &users, scope);
        let set = filter.owner_set().expect("no conditions");
        let mut rows: Vec<u32> = Vec::with_capacity(ROWS);
        let mut bits: Vec<u64> = Vec::with_capacity(ROWS / 64);
        // A row costs the same whether or not it is selected.
        group.bench_function(format!("{scope}: row numbers"), |bencher| {
            bencher.iter(|| {
                rows.clear();
                set.select(black_box(&column), &mut rows);
                rows.len()
            });
        });
        group.bench_function(format!("{scope}: bits"), |bencher| {
            bencher.iter(|| {
                bits.clear();
                set.mark(black_box(&column), &mut bits);
                bits.len()
            });
        });
        group.bench_function(format!("{scope}: bits, some unowned"), |bencher| {
            bencher.iter(|| {
                bits.clear();
                set.mark(black_box(&with_unowned), &mut bits);
                bits.len()
            });
        });
        // One by one, a comparison of positions each.
        group.bench_function(format!("{scope}: matches"), |bencher| {
            bencher.iter(|| {
                column
                    .iter()
                    .filter(|it| filter.matches(&Owned(**it)))
                    .count()
            });
        });
    }
    group.finish();

    // What a set costs before its first row: a look at each of 100,000 users.
    let filter = filter_of(&engine, &users, Scope::Peers);
    criterion.bench_function("owner_set", |bencher| bencher.iter(|| filter.owner_set()));
}

criterion_group!(benches, records);
criterion_main!(benches);
