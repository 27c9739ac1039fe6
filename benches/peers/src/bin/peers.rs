//! `run` in this package's folder starts it; see there.

use std::path::Path;
use std::process::ExitCode;

use bailiwick_peers::Effort;

fn main() -> ExitCode {
    let mut effort = Effort::FULL;
    let mut gate = false;
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    for argument in std::env::args().skip(1) {
        match &*argument {
            // A test that all of it works: its numbers say little, so the results stay as they are.
            "--quick" => {
                effort = Effort::QUICK;
                folder = std::env::temp_dir();
            }
            "--gate" => gate = true,
            other => {
                eprintln!("unknown argument `{other}`: there are --quick and --gate");
                return ExitCode::FAILURE;
            }
        }
    }
    // A program of its own, since counting allocations costs time.
    let heap = std::env::current_exe().expect("a path of its own");
    let heap = heap.with_file_name("heap");
    let too_slow = bailiwick_peers::run(&effort, &folder, &heap);
    for line in &too_slow {
        eprintln!("{line}");
    }
    if gate && !too_slow.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
