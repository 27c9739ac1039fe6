//! What a check takes, by the processor's clock: the fastest of many rounds, to be compared with another
//! build of this program, run in turn with it.

use std::hint::black_box;
use std::time::Duration;

use bailiwick::{Catalog, Engine, Warnings};
use cpu_time::ThreadTime;

use crate::worlds::{self, ByHandle, ByName, World};

/// Rounds of all requests of a world, each by handle and by string.
const ROUNDS: usize = 200;

pub(crate) fn print() {
    println!("{:<6} {:>10} {:>10}", "", "handle, ns", "string, ns");
    for world in [
        worlds::w1,
        worlds::w2,
        worlds::w3,
        worlds::w4,
        worlds::wr as fn() -> World,
    ] {
        let world = world();
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = world.load(&catalog);
        let (by_handle, by_name) = world.requests(&engine);
        let mut fastest = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            let start = ThreadTime::now();
            ask_by_handle(&engine, &by_handle);
            fastest[0] = fastest[0].min(start.elapsed());
            let start = ThreadTime::now();
            ask_by_name(&engine, &by_name);
            fastest[1] = fastest[1].min(start.elapsed());
        }
        let [handle, string] = fastest.map(|it| it.as_nanos() as f64 / by_handle.len() as f64);
        println!("{:<6} {handle:>10.2} {string:>10.2}", world.name);
    }
}

// Functions of their own, so that what is outside of the check is held in registers.

#[inline(never)]
fn ask_by_handle(engine: &Engine, requests: &[ByHandle]) {
    for it in requests {
        let _ = black_box(engine.check(it.user, it.operation, &it.record));
    }
}

#[inline(never)]
fn ask_by_name(engine: &Engine, requests: &[ByName]) {
    for it in requests {
        let _ = black_box(engine.check(it.user, it.action, &it.record()));
    }
}
