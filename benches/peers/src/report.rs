//! The results as a page, and what the gate makes of them.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bailiwick::Timestamp;

use crate::measure::{Effort, ROWS, Row, WorldResult};
use crate::peers::Kind;

/// What bailiwick is meant to be: so many times faster than the fastest library, like held against like.
struct Aim {
    mine: Kind,
    /// What of the library is compared: by string it starts from names too, by handle it has its own
    /// types already.
    theirs: fn(&Row) -> f64,
    times: f64,
}

const GATE: [Aim; 2] = [
    Aim {
        mine: Kind::ByString,
        theirs: |row| row.from_names,
        times: 4.0,
    },
    Aim {
        mine: Kind::ByHandle,
        theirs: |row| row.check,
        times: 20.0,
    },
];

pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    rustc: String,
    date: String,
}

impl Machine {
    pub(crate) fn here() -> Machine {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == "model name").then(|| value.trim().to_owned())
        });
        let rustc = Command::new("rustc").arg("--version").output();
        let rustc = rustc.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = Timestamp(since_1970.map_or(0, |it| it.as_secs() as i64)).to_string();
        Machine {
            cpu: model.unwrap_or_else(|| "an unknown CPU".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            rustc: rustc.unwrap_or_else(|_| "an unknown rustc".to_owned()),
            date: now.split('T').next().unwrap_or_default().to_owned(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Machine {
            cpu,
            cores,
            rustc,
            date,
        } = self;
        write!(f, "{cpu}, {cores} cores, {rustc}, {date}")
    }
}

/// The live heap of each contestant in each world.
pub(crate) struct Weights(HashMap<(String, String), u64>);

impl Weights {
    /// Starts the program that counts.
    pub(crate) fn read(heap: &Path) -> Weights {
        let output = Command::new(heap)
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}; build both programs", heap.display()));
        assert!(
            output.status.success(),
            "weighing failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = String::from_utf8(output.stdout).expect("lines of text");
        let weights = lines.lines().map(|line| {
            let mut parts = line.split('\t');
            let mut part = || parts.next().expect("three parts").to_owned();
            ((part(), part()), part().parse().expect("bytes"))
        });
        Weights(weights.collect())
    }

    pub(crate) fn of(&mut self, world: &str, contestant: &str) -> u64 {
        let found = self.0.remove(&(world.to_owned(), contestant.to_owned()));
        found.expect("everybody was weighed")
    }
}

/// Three digits and a unit.
pub(crate) fn nanoseconds(it: f64) -> String {
    let (value, unit) = match it {
        it if it < 1e3 => (it, "ns"),
        it if it < 1e6 => (it / 1e3, "µs"),
        it if it < 1e9 => (it / 1e6, "ms"),
        it => (it / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

fn duration(it: Duration) -> String {
    nanoseconds(it.as_nanos() as f64)
}

fn three_digits(it: f64) -> String {
    match it {
        it if it < 10.0 => format!("{it:.2}"),
        it if it < 100.0 => format!("{it:.1}"),
        it => format!("{it:.0}"),
    }
}

fn per_second(it: f64) -> String {
    match it {
        it if it < 1e3 => three_digits(it),
        it if it < 1e6 => format!("{} k", three_digits(it / 1e3)),
        it => format!("{} M", three_digits(it / 1e6)),
    }
}

fn bytes(it: u64) -> String {
    match it as f64 {
        it if it < 1e3 => format!("{it} B"),
        it if it < 1e6 => format!("{} kB", three_digits(it / 1e3)),
        it => format!("{} MB", three_digits(it / 1e6)),
    }
}

fn about(world: &str) -> &'static str {
    match world {
        "W1" => "3 roles × 14 operations, 30 users, every grant at All",
        "W2" => "100 roles × 60 permissions in packages, 10,000 users, every grant at All",
        "W3" => "20 roles × 20 permissions at four scopes, 1,000 positions, 10,000 users",
        _ => "20 roles × 20 permissions at four scopes, 10,000 positions, 100,000 users",
    }
}

pub(crate) fn markdown(machine: &Machine, effort: &Effort, results: &[WorldResult]) -> String {
    let mut text = String::new();
    write_page(&mut text, machine, effort, results).expect("writing to a string");
    text
}

fn write_page(
    text: &mut String,
    machine: &Machine,
    effort: &Effort,
    results: &[WorldResult],
) -> std::fmt::Result {
    writeln!(text, "# bailiwick beside its peers\n")?;
    writeln!(text, "Written by `benches/peers/run`. {machine}.\n")?;
    writeln!(text, "![Median of one check](results.svg)\n")?;
    writeln!(
        text,
        "\
- Every answer to everything timed was first held against bailiwick's, `compared` says how many checks
  and pages; half of the checks are allowed. So were checks of records whose owners stand close to the
  viewer, of whom random requests have few, and the timed ones once more after the assignments.
- All are timed in turn in one run; the median of {} rounds counts. How each peer is modelled, and why
  so, stands at the top of its file in `src/peers/`. Names are turned into a peer's own types before
  timing where it has such types; bailiwick by string and the hand-rolled maps start from names.
- **check**: one check of a random request. **from names**: the same, names turned into the peer's own
  types in time. **p99**: of single checks, the clock's own time in it.
  **two threads**: checks a second on both together, and how many times those of one.
- **load**: from documents in memory to ready. **heap**: what lives after it, in bytes asked for.
- **assign**: giving one user one role, until a check has seen it.
- **list**: which of {ROWS} records, of owners at random, may this user see for this action? Time a row:
  a page divided by its rows, what is asked once a page in it.
- `casbin, cached` answers everything from its cache, which any assignment empties.
",
        effort.rounds(),
    )?;
    writeln!(text, "## One check\n")?;
    let names = results.iter().map(|it| it.world);
    writeln!(text, "| | {} |", names.collect::<Vec<_>>().join(" | "))?;
    writeln!(text, "|---{}|", "|--:".repeat(results.len()))?;
    for i in 0..results.first().map_or(0, |it| it.rows.len()) {
        let checks = results.iter().map(|it| nanoseconds(it.rows[i].check));
        let checks = checks.collect::<Vec<_>>().join(" | ");
        writeln!(text, "| {} | {checks} |", results[0].rows[i].name)?;
    }
    writeln!(text)?;
    for result in results {
        writeln!(text, "## {}: {}\n", result.world, about(result.world))?;
        writeln!(
            text,
            "| | check | from names | p99 | two threads | load | heap | assign | list, a row | compared |"
        )?;
        writeln!(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")?;
        for row in &result.rows {
            let [one, two] = row.rates;
            writeln!(
                text,
                "| {} | {} | {} | {} | {}/s, × {:.2} | {} | {} | {} | {} | {}, {} |",
                row.name,
                nanoseconds(row.check),
                nanoseconds(row.from_names),
                nanoseconds(row.p99 as f64),
                per_second(two),
                two / one,
                duration(row.load),
                bytes(row.heap),
                duration(row.assign),
                nanoseconds(row.list),
                row.compared,
                row.compared_pages,
            )?;
        }
        writeln!(text)?;
    }
    writeln!(text, "## How many times faster than the fastest library\n")?;
    writeln!(
        text,
        "Like held against like: by handle against the library with its own types already made, by string
against it from names.\n"
    )?;
    writeln!(text, "| | by string | | by handle | |")?;
    writeln!(text, "|---|--:|---|--:|---|")?;
    for result in results {
        write!(text, "| {} |", result.world)?;
        for aim in GATE {
            let (times, fastest, took) = aim.reached(result);
            let name = &fastest.name;
            write!(text, " {times:.1} | {name}, {} |", nanoseconds(took))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

impl Aim {
    /// How many times as fast as which library, and how long that took.
    fn reached<'r>(&self, result: &'r WorldResult) -> (f64, &'r Row, f64) {
        let libraries = result.rows.iter().filter(|it| it.kind == Kind::Library);
        let fastest = libraries.min_by(|a, b| (self.theirs)(a).total_cmp(&(self.theirs)(b)));
        let fastest = fastest.expect("there are libraries");
        let mine = result.rows.iter().find(|it| it.kind == self.mine);
        let mine = mine.expect("everybody was measured").check;
        let took = (self.theirs)(fastest);
        (took / mine, fastest, took)
    }
}

/// Where bailiwick is not as many times faster as it is meant to be.
pub(crate) fn too_slow(results: &[WorldResult]) -> Vec<String> {
    let mut lines = Vec::new();
    for result in results {
        for aim in GATE {
            let (times, fastest, _) = aim.reached(result);
            if times < aim.times {
                let way = match aim.mine {
                    Kind::ByString => "by string",
                    _ => "by handle",
                };
                lines.push(format!(
                    "{}: bailiwick {way} is {times:.1} times as fast as {}, and is meant to be {}",
                    result.world, fastest.name, aim.times
                ));
            }
        }
    }
    lines
}
