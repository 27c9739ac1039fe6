//! What loading takes, from documents in memory to an engine: it must grow as the account does, and no
//! faster. Instructions are held against bounds; times, of the processor, are printed.

use std::hint::black_box;
use std::time::Duration;

use bailiwick::{Catalog, Engine, Timestamp, Warnings};
use cpu_time::ThreadTime;

use crate::bounds::Measured;
use crate::instructions::{counted, counted_by_callgrind};
use crate::worlds::{self, World};

/// Users; a tenth as many positions.
const SIZES: [usize; 4] = [10_000, 20_000, 40_000, 80_000];

fn world(users: usize) -> World {
    worlds::hierarchy("load", users / 10, users, 1)
}

/// Run under callgrind: loads each size once.
pub(crate) fn ask() {
    for users in SIZES {
        let world = world(users);
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        counted_by_callgrind(&|| {
            black_box(world.load(&catalog));
        });
    }
    counted_by_callgrind(&|| ());
}

pub(crate) fn measure(into: &mut Measured) {
    let counts = counted("load", SIZES.len());
    let points: Vec<(f64, f64)> = SIZES
        .iter()
        .zip(&counts)
        .map(|(users, count)| (*users as f64, *count as f64))
        .collect();
    println!("{:>12} {:>16} {:>12}", "users", "instructions", "ms");
    let mut times = Vec::new();
    for (users, count) in SIZES.iter().zip(&counts) {
        let world = world(*users);
        let fastest = fastest(&world, 5).0;
        times.push((*users as f64, fastest.as_secs_f64()));
        println!(
            "{users:>12} {count:>16} {:>12.1}",
            fastest.as_secs_f64() * 1000.0
        );
    }
    println!(
        "time grows as users to the power of {:.2}",
        exponent(&times)
    );
    for world in [worlds::w4(), worlds::w5()] {
        let (whole, finishing) = fastest(&world, 3);
        println!(
            "{}: {:.0} ms, of which {:.0} ms after the last user was added",
            world.name,
            whole.as_secs_f64() * 1000.0,
            finishing.as_secs_f64() * 1000.0
        );
    }
    let (users, count) = points[SIZES.len() - 1];
    into.note("load.instructions_a_user".to_owned(), count / users);
    into.note("load.exponent".to_owned(), exponent(&points));
}

/// The fastest of some loads, and of finishing alone.
fn fastest(world: &World, times: usize) -> (Duration, Duration) {
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let mut fastest = (Duration::MAX, Duration::MAX);
    for _ in 0..times {
        let policy = world.policy.clone();
        let start = ThreadTime::now();
        let mut builder = Engine::builder(&catalog, policy, Timestamp(0)).expect("a sound policy");
        builder.reserve(world.users.len());
        for user in &world.users {
            builder.add(user).expect("a sound user");
        }
        let added = start.elapsed();
        let engine = builder
            .build(Warnings::Into(&mut Vec::new()))
            .expect("a sound world");
        let whole = start.elapsed();
        drop(engine);
        fastest = (fastest.0.min(whole), fastest.1.min(whole - added));
    }
    fastest
}

/// The slope of the line through the logarithms, by least squares.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|it| it.0), mean(|it| it.1));
    let together: f64 = logs.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    together / logs.iter().map(|it| (it.0 - x).powi(2)).sum::<f64>()
}
