//! bailiwick beside what else a team would pick: the same random worlds, the same questions.
//!
//! Every answer to everything that is timed is first held against bailiwick's; a difference ends the run
//! with the question in which it lies. Then all contestants are timed in turn, round by round in one run,
//! so that noise hits all alike, and the median of the rounds counts.

mod chart;
mod contest;
mod facts;
mod measure;
mod peers;
mod report;
#[allow(dead_code, reason = "the crate's own benches use more of it")]
#[path = "../../worlds.rs"]
mod worlds;

use std::path::Path;

pub use measure::Effort;

/// Measures everything, prints it, and writes `results.md` and `results.svg` into the folder. Answers
/// what the gate finds too slow.
pub fn run(effort: &Effort, folder: &Path, heap: &Path) -> Vec<String> {
    let mut weights = report::Weights::read(heap);
    let mut results = Vec::new();
    for world in worlds() {
        let facts = facts::Facts::of(world());
        let name = facts.world.name;
        results.push(measure::world(effort, &facts, &mut weights));
        eprintln!("{name}: done");
    }
    let machine = report::Machine::here();
    let text = report::markdown(&machine, effort, &results);
    println!("{text}");
    std::fs::write(folder.join("results.md"), text).expect("results.md can be written");
    chart::draw(&folder.join("results.svg"), &machine, &results).expect("a chart can be drawn");
    report::too_slow(&results)
}

/// The live heap of every contestant in every world, a line each: world, contestant, bytes. `weigh` says
/// by how many bytes a closure lets the heap grow.
pub fn heap(weigh: impl Fn(&mut dyn FnMut()) -> i64) {
    for world in worlds() {
        let facts = facts::Facts::of(world());
        for contestant in peers::all() {
            let mut loaded = None;
            let bytes = weigh(&mut || loaded = Some(contestant.load(&facts)));
            println!("{}\t{}\t{bytes}", facts.world.name, contestant.name);
        }
    }
}

fn worlds() -> [fn() -> worlds::World; 4] {
    [worlds::w1, worlds::w2, worlds::w3, worlds::w4]
}
