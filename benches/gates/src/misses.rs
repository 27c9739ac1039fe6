//! What a check reads past the caches, beside the least that could answer: a processor of 48 KB and 1 MB,
//! simulated by callgrind. What a check with many users waits for, whatever else the machine does.

use std::hint::black_box;

use bailiwick::{Catalog, Warnings};

use crate::instructions::{Make, counted_by_callgrind, counts_by_callgrind};
use crate::prototype::Prototype;
use crate::worlds::{self, World};

const WORLDS: [(&str, Make); 3] = [("W3", worlds::w3), ("W4", worlds::w4), ("W5", worlds::w5)];

/// First-level misses are those of reads; so are those past the second level.
const CACHES: [&str; 3] = ["--cache-sim=yes", "--D1=49152,12,64", "--LL=1048576,16,64"];

const CASES: [&str; 4] = ["handle", "bare, by handle", "string", "bare, by string"];

fn world(name: &str) -> World {
    let known = WORLDS.into_iter().find(|(known, _)| *known == name);
    known.expect("a known world").1()
}

/// Run under callgrind: each case once, over all requests of the world.
pub(crate) fn ask(name: &str) {
    let world = world(name);
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let engine = world.load(&catalog);
    let prototype = Prototype::new(&world);
    let (by_handle, by_name) = world.requests(&engine);
    let by_number = world.numbered(&by_name);
    counted_by_callgrind(&|| {
        for it in &by_handle {
            black_box(&engine.check(it.user, it.operation, &it.record));
        }
    });
    counted_by_callgrind(&|| {
        for &[user, operation, owner] in &by_number {
            black_box(prototype.check(user, operation, owner));
        }
    });
    counted_by_callgrind(&|| {
        for it in &by_name {
            black_box(&engine.check(it.user, it.action, &it.record()));
        }
    });
    counted_by_callgrind(&|| {
        for it in &by_name {
            black_box(prototype.check_names(it.user, it.action, it.owner));
        }
    });
    // Before this one the last case is written down.
    counted_by_callgrind(&|| ());
}

pub(crate) fn print() {
    println!(
        "{:<22} {:>14} {:>14} {:>14}",
        "a check", "instructions", "past 48 KB", "past 1 MB"
    );
    for (name, _) in WORLDS {
        let checks = world(name).requests as f64;
        let arguments = ["misses", name];
        let counts = counts_by_callgrind(&arguments, &CACHES, CASES.len());
        for (case, counts) in CASES.iter().zip(counts) {
            let each = |event: &str| counts.get(event).copied().unwrap_or(0) as f64 / checks;
            println!(
                "{:<22} {:>14.1} {:>14.2} {:>14.2}",
                format!("{name}, {case}"),
                each("Ir"),
                each("D1mr"),
                each("DLmr")
            );
        }
    }
}
