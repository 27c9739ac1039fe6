//! Every example is run, and prints what it is known to print.
//!
//! `BAILIWICK_BLESS=1` writes what they print now, to be reviewed as a diff.

use std::path::{Path, PathBuf};
use std::process::Command;

fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem()?.to_str()?.to_owned();
            (path.extension()? == "rs").then_some(name)
        })
        .collect();
    names.sort();
    names
}

/// Where Cargo put the examples when it built this test.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples")
}

#[test]
fn every_example_prints_what_is_expected() {
    let bless = std::env::var_os("BAILIWICK_BLESS").is_some();
    let examples = examples();
    assert!(examples.len() >= 6, "{examples:?}");
    for name in examples {
        if name == "canvassing" && !cfg!(feature = "mask") {
            println!("{name} is left out: it needs the feature `mask`");
            continue;
        }
        if name == "filtered_list" && !cfg!(feature = "sql") {
            println!("{name} is left out: it needs the feature `sql`");
            continue;
        }
        if name == "two_replicas" && !cfg!(feature = "postgres") {
            println!("{name} is left out: it needs the feature `postgres`");
            continue;
        }
        if name == "live_service" && !cfg!(feature = "sqlite") {
            println!("{name} is left out: it needs the feature `sqlite`");
            continue;
        }
        // With a server it is run by `tests/postgres/run`.
        let output = Command::new(built().join(&name))
            .env_remove("BAILIWICK_POSTGRES")
            .output()
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo test` builds the examples first"));
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} failed: {errors}");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("examples/expected")
            .join(format!("{name}.txt"));
        if bless {
            std::fs::write(&golden, &printed).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(
            printed, expected,
            "{name} prints something else than {golden:?}"
        );
    }
}
