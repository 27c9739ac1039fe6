//! Numbers that may only get better, held against `bounds.toml`: what a check executes, counted by
//! callgrind, what it takes beside the least that could answer, and what an engine keeps in memory.
//! None depends on how busy the machine is.

mod bounds;
mod heap;
mod instructions;
mod load;
mod misses;
#[allow(dead_code, reason = "each bench uses its own part of it")]
#[path = "../../prototype.rs"]
mod prototype;
mod times;
#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
#[path = "../../worlds.rs"]
mod worlds;

use std::collections::BTreeMap;
use std::process::ExitCode;

use bounds::Measured;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => return hold(),
        ["misses"] => misses::print(),
        ["times"] => times::print(),
        ["heap"] => {
            let mut measured = Measured::default();
            heap::measure(&mut measured);
            let _ = measured.hold_against(&BTreeMap::new());
        }
        // Under callgrind.
        ["ask", "load"] => load::ask(),
        ["ask", world] => instructions::ask(world),
        ["misses", world] => misses::ask(world),
        _ => panic!("unknown arguments: {arguments:?}"),
    }
    ExitCode::SUCCESS
}

fn hold() -> ExitCode {
    let bounds: BTreeMap<String, f64> =
        toml::from_str(include_str!("../bounds.toml")).expect("bounds are names and numbers");
    let mut measured = Measured::default();
    instructions::measure(&mut measured);
    instructions::time(&mut measured, |what| bounds.get(what).copied());
    heap::measure(&mut measured);
    load::measure(&mut measured);
    match measured.hold_against(&bounds) {
        0 => ExitCode::SUCCESS,
        failures => {
            println!("{failures} do not hold");
            ExitCode::FAILURE
        }
    }
}
