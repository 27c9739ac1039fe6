//! Expected texts kept in files beside the tests. `BAILIWICK_BLESS=1` writes what was found into
//! them: look at the difference before you keep it.

use std::path::PathBuf;

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/hostile")
        .join(name)
}

pub(crate) fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_default()
}

/// Compares a text with the file's, or writes it.
pub(crate) fn compare(name: &str, found: &str) {
    let expected = read(name);
    if found == expected {
        return;
    }
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        std::fs::write(path(name), found).expect("the file can be written");
        return;
    }
    let mut differing = String::new();
    for (block, as_expected) in found
        .split("=== ")
        .map(|block| (block, expected.contains(&format!("=== {block}"))))
    {
        if !as_expected && !block.is_empty() {
            let name = block.lines().next().unwrap_or_default();
            let before = expected
                .split("=== ")
                .find(|it| it.lines().next() == Some(name))
                .unwrap_or("(nothing)\n");
            differing.push_str(&format!("expected:\n{before}\nfound:\n{block}\n"));
        }
    }
    panic!("{name}: BAILIWICK_BLESS=1 takes over what was found\n\n{differing}");
}
