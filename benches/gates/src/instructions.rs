//! What a check executes, counted by callgrind: the program runs itself under valgrind, once for each
//! world, and reads the counts that callgrind left.

use std::collections::HashMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bailiwick::{Catalog, Engine, Warnings};
use cpu_time::ThreadTime;

use crate::bounds::Measured;
use crate::prototype::Prototype;
use crate::worlds::{self, ByHandle, ByName, World};

pub(crate) type Make = fn() -> World;

const WORLDS: [(&str, Make); 3] = [("W1", worlds::w1), ("W3", worlds::w3), ("W4", worlds::w4)];

/// Requests that are counted, half of them allowed: for instructions that is plenty.
const REQUESTS: usize = 1 << 12;

/// A world, compiled, and its requests, those that are allowed first.
struct Asked {
    engine: Engine,
    prototype: Prototype,
    by_handle: [Vec<ByHandle>; 2],
    by_name: [Vec<ByName>; 2],
    /// User, operation and owner, by number.
    bare: [Vec<[usize; 3]>; 2],
}

impl Asked {
    fn new(mut world: World) -> Asked {
        world.requests = REQUESTS;
        let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .expect("a sound catalog");
        let engine = world.load(&catalog);
        let prototype = Prototype::new(&world);
        let mut asked = Asked {
            by_handle: [Vec::new(), Vec::new()],
            by_name: [Vec::new(), Vec::new()],
            bare: [Vec::new(), Vec::new()],
            prototype,
            engine,
        };
        let (by_handle, by_name) = world.requests(&asked.engine);
        let by_number = world.numbered(&by_name);
        for ((handle, name), bare) in by_handle.into_iter().zip(by_name).zip(by_number) {
            let [user, operation, owner] = bare;
            let check = asked
                .engine
                .check(handle.user, handle.operation, &handle.record);
            let by_string = asked.engine.check(name.user, name.action, &name.record());
            let by_prototype = asked.prototype.check(user, operation, owner);
            assert_eq!(check.is_allow(), by_string.is_allow());
            assert_eq!(
                check.is_allow(),
                by_prototype,
                "the prototype decides otherwise"
            );
            let which = usize::from(!by_prototype);
            asked.by_handle[which].push(handle);
            asked.by_name[which].push(name);
            asked.bare[which].push(bare);
        }
        for requests in &asked.bare {
            assert_eq!(requests.len(), REQUESTS / 2, "half is allowed, half denied");
        }
        asked
    }

    fn by_handle(&self, requests: &[ByHandle]) {
        for it in requests {
            let _ = black_box(self.engine.check(it.user, it.operation, &it.record));
        }
    }

    fn by_name(&self, requests: &[ByName]) {
        for it in requests {
            let _ = black_box(self.engine.check(it.user, it.action, &it.record()));
        }
    }

    fn bare(&self, requests: &[[usize; 3]]) {
        for &[user, operation, owner] in requests {
            black_box(self.prototype.check(user, operation, owner));
        }
    }
}

/// The function that callgrind counts, and before which it writes down what it has counted.
#[inline(never)]
pub(crate) fn counted_by_callgrind(run: &dyn Fn()) {
    run();
    black_box(());
}

/// What each dump is of, in their order.
const CASES: [&str; 6] = [
    "handle.allowed",
    "handle.denied",
    "string.allowed",
    "string.denied",
    "prototype.allowed",
    "prototype.denied",
];

/// Run under callgrind: asks each case once.
pub(crate) fn ask(world: &str) {
    let (_, world) = WORLDS
        .into_iter()
        .find(|(name, _)| *name == world)
        .expect("a known world");
    let asked = Asked::new(world());
    for which in [0, 1] {
        counted_by_callgrind(&|| asked.by_handle(&asked.by_handle[which]));
    }
    for which in [0, 1] {
        counted_by_callgrind(&|| asked.by_name(&asked.by_name[which]));
    }
    for which in [0, 1] {
        counted_by_callgrind(&|| asked.bare(&asked.bare[which]));
    }
    // Before this one the last case is written down.
    counted_by_callgrind(&|| ());
}

pub(crate) fn measure(into: &mut Measured) {
    for (world, _) in WORLDS {
        let counts = count(world);
        let of = |case: &str| {
            let place = CASES.iter().position(|it| *it == case).expect("a case");
            counts[place] as f64 / (REQUESTS / 2) as f64
        };
        for case in &CASES[..4] {
            into.note(format!("check.{world}.{case}"), of(case));
        }
        for by in ["handle", "string"] {
            let denied = of(&format!("{by}.denied"));
            let allowed = of(&format!("{by}.allowed"));
            into.note(
                format!("check.{world}.{by}.denied_by_allowed"),
                denied / allowed,
            );
        }
        for which in ["allowed", "denied"] {
            into.note(
                format!("check.{world}.handle.{which}_by_prototype"),
                of(&format!("handle.{which}")) / of(&format!("prototype.{which}")),
            );
        }
    }
}

/// The instructions of each case, none of them a handful.
fn count(world: &str) -> Vec<u64> {
    let counts = counted(world, CASES.len());
    for (case, count) in CASES.iter().zip(&counts) {
        // A check executes dozens of instructions, the prototype a handful.
        assert!(
            *count > 4 * REQUESTS as u64 / 2,
            "{world}.{case}: {count} were counted"
        );
    }
    counts
}

/// Runs this program under callgrind; the instructions that each of its counted parts executed.
pub(crate) fn counted(world: &str, parts: usize) -> Vec<u64> {
    let counts = counts_by_callgrind(&["ask", world], &[], parts);
    counts.iter().map(|part| part["Ir"]).collect()
}

/// Runs this program under callgrind; what it counted of each part, by callgrind's names.
pub(crate) fn counts_by_callgrind(
    arguments: &[&str],
    options: &[&str],
    parts: usize,
) -> Vec<HashMap<String, u64>> {
    let folder = std::env::temp_dir().join(format!("bailiwick-gates-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    let out = folder.join(arguments.concat());
    let program = std::env::current_exe().expect("this program has a path");
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .args(options)
        .arg("--toggle-collect=*counted_by_callgrind*")
        // Of two options for one pattern, callgrind forgets the first.
        .arg("--dump-before=*instructions::counted_by_callgrind*")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(arguments)
        .output()
        .expect("valgrind is installed");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "valgrind failed with {arguments:?}:\n{said}"
    );
    let before = totals(&out, 1);
    assert!(
        before.values().all(|count| *count == 0),
        "nothing is counted before the first"
    );
    let counts = (2..).take(parts).map(|part| totals(&out, part)).collect();
    let _ = fs::remove_dir_all(&folder);
    counts
}

/// What callgrind wrote down in that part.
fn totals(out: &Path, part: usize) -> HashMap<String, u64> {
    let path = format!("{}.{part}", out.display());
    let text = fs::read_to_string(&path).expect("callgrind wrote a part for each case");
    let line = |of: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(of));
        line.expect("a part has events and totals")
            .split_whitespace()
    };
    let counts = line("totals: ").map(|it| it.parse().expect("a number"));
    line("events: ").map(str::to_owned).zip(counts).collect()
}

/// Checks by handle against the prototype, by the processor's clock, in turn in one process. The ratio of the
/// fastest rounds: whatever else the machine does can only slow a round down. It stops as soon as the
/// bound holds.
pub(crate) fn time(into: &mut Measured, bound: impl Fn(&str) -> Option<f64>) {
    for (name, world) in WORLDS {
        let asked = Asked::new(world());
        let what = format!("time.{name}.handle_by_prototype");
        let bound = bound(&what).unwrap_or(0.0);
        let mut fastest = [Duration::MAX; 2];
        let ratio = |fastest: &[Duration; 2]| fastest[0].as_secs_f64() / fastest[1].as_secs_f64();
        let start = Instant::now();
        for round in 0.. {
            for (fastest, run) in fastest.iter_mut().zip([
                &(|| asked.by_handle.iter().for_each(|it| asked.by_handle(it))) as &dyn Fn(),
                &|| asked.bare.iter().for_each(|it| asked.bare(it)),
            ]) {
                let start = ThreadTime::now();
                run();
                *fastest = (*fastest).min(start.elapsed());
            }
            let is_long_enough = start.elapsed() > Duration::from_secs(10);
            if round >= 1000 && (ratio(&fastest) <= bound || is_long_enough) {
                break;
            }
        }
        into.note(what, ratio(&fastest));
    }
}
