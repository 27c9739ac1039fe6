//! The rules (`src/rules.md`, published as `bailiwick::rules`) and the invariants (`ARCHITECTURE.md`)
//! are what the code cites, and the tests prove.
//!
//! A *citation* is a word made of the letter of a family ([`FAMILIES`]) and a number from 1 to 99
//! without a leading zero, such as the word that names the first rule of deciding. A law is cited by
//! `law` or `laws` and its number, several by `and` or a comma between them. What stands beside the word decides,
//! too: [`is_citation`] says what is none. All of a source, manifest or Markdown file is read, its
//! code included. Benchmark worlds have a letter of their own, which is no family's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Deciding, the tree and its editor, scopes, administration, masks, queries; groups and shares, of
/// which there is no rule yet; invariants.
const FAMILIES: &str = "DTSAMQGHI";

/// Where citations are looked for, from the root of the repository. This file names what is none.
const ROOTS: [&str; 12] = [
    "src",
    "tests",
    "benches",
    "examples",
    "crates",
    "fixtures",
    "fuzz",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "Cargo.toml",
];

const THIS_FILE: &str = "tests/rules.rs";

/// Folders that hold no prose: what was built, and inputs of fuzz targets.
const LEFT_OUT: [&str; 2] = ["target", "corpus"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every source, manifest and Markdown file, by its path from the root.
fn files() -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = ROOTS.iter().map(|it| root().join(it)).collect();
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            if LEFT_OUT.iter().any(|it| path.ends_with(it)) {
                continue;
            }
            let entries = fs::read_dir(&path).expect("a folder");
            waiting.extend(entries.map(|it| it.expect("an entry").path()));
        } else if let Some("rs" | "md" | "toml") = path.extension().and_then(|it| it.to_str()) {
            let name = path.strip_prefix(root()).expect("a path below the root");
            let name = name.to_str().expect("a path in UTF-8").replace('\\', "/");
            // A package on a registry may lack some.
            if path.exists() && name != THIS_FILE {
                let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
                files.push((name, text));
            }
        }
    }
    files.sort();
    files
}

/// The citations of a line: rules and invariants as they are written, laws as `Law 1`.
fn citations(line: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = 0;
    while let Some(begin) = line[rest..].find(is_of_word).map(|it| it + rest) {
        let end = line[begin..].find(|c| !is_of_word(c));
        rest = end.map_or(line.len(), |it| it + begin);
        words.push((begin, &line[begin..rest]));
    }
    // Where the last law ended, or the word for it.
    let mut laws_end = None;
    for &(begin, word) in &words {
        if is_citation(&line[..begin], word) {
            found.insert(word.to_owned());
        }
        let goes_on = laws_end.is_some_and(|end| matches!(&line[end..begin], " " | ", "));
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        if goes_on && is_number {
            found.insert(format!("Law {word}"));
        }
        let is_of_laws = matches!(word, "law" | "laws" | "Law" | "Laws")
            || (goes_on && (is_number || word == "and"));
        laws_end = is_of_laws.then_some(begin + word.len());
    }
    found
}

/// Returns whether a word cites a rule or an invariant, by what stands before it in its line. It is none in an
/// escape (`%A6`, `\A1`, `u{A1}`), in an option (`--D1=4`), in a number (`+A6`), or as an anchor (`#A1`).
fn is_citation(before: &str, word: &str) -> bool {
    let mut chars = word.chars();
    let is_of_family = chars.next().is_some_and(|it| FAMILIES.contains(it));
    let number = chars.as_str();
    let is_number = (1..=2).contains(&number.len())
        && number.chars().all(|c| c.is_ascii_digit())
        && !number.starts_with('0');
    let is_part_of_more =
        before.ends_with(['%', '\\', '+', '#']) || before.ends_with("--") || before.ends_with("u{");
    is_of_family && is_number && !is_part_of_more
}

/// Everything that is cited, with the files and lines that do.
fn cited(files: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut cited: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in files {
        for (line, number) in text.lines().zip(1..) {
            for citation in citations(line) {
                let place = format!("{name}:{number}");
                cited.entry(citation).or_default().push(place);
            }
        }
    }
    cited
}

/// The headings of a page outside of its examples.
fn headings(page: &str) -> Vec<&str> {
    let mut is_example = false;
    let headings = page.lines().filter_map(|line| {
        is_example ^= line.starts_with("```");
        let heading = line.trim_start_matches('#').strip_prefix(' ')?;
        (!is_example && line.starts_with('#')).then_some(heading)
    });
    headings.collect()
}

/// The rules, laws and invariants that a page defines: headings such as `## S4: One position`.
fn defined(page: &str) -> Vec<String> {
    let names = headings(page).into_iter().filter_map(|heading| {
        let name = heading.split_once(": ")?.0;
        citations(name).into_iter().next().filter(|it| it == name)
    });
    names.collect()
}

/// The anchor that rustdoc, like others, gives a heading.
fn anchor(heading: &str) -> String {
    let chars = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    chars.collect()
}

fn pages() -> [String; 2] {
    [read("src/rules.md"), read("ARCHITECTURE.md")]
}

#[test]
fn what_is_cited_is_defined() {
    let pages = pages();
    let defined: BTreeSet<String> = pages.iter().flat_map(|it| defined(it)).collect();
    let mut unknown = cited(&files());
    unknown.retain(|citation, _| !defined.contains(citation));
    assert!(
        unknown.is_empty(),
        "neither the rules nor the invariants have these: {unknown:#?}"
    );
}

#[test]
fn a_test_cites_each_rule_and_the_code_each_invariant() {
    let [rules, architecture] = pages();
    let mut files = files();
    // What is tested elsewhere than in the suites is a part of the code.
    files.retain(|(name, _)| !name.ends_with(".md"));
    let (tests, code): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(name, _)| name.starts_with("tests/"));
    let (tested, relied_on) = (cited(&tests), cited(&code));
    let mut untested = defined(&rules);
    assert!(untested.len() > 50, "{untested:?}");
    untested.retain(|it| !tested.contains_key(it));
    assert!(untested.is_empty(), "no test cites {untested:?}");
    let mut idle = defined(&architecture);
    assert!(idle.len() > 5, "{idle:?}");
    idle.retain(|it| !relied_on.contains_key(it));
    assert!(idle.is_empty(), "no code cites {idle:?}");
}

#[test]
fn nothing_is_defined_twice_and_every_rule_has_an_example() {
    for page in pages() {
        let all = defined(&page);
        let distinct: BTreeSet<&String> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
    }
    let rules = read("src/rules.md");
    let sections = rules.split("\n## ").skip(1);
    for section in sections {
        let heading = section.lines().next().unwrap_or_default();
        assert!(section.contains("\n```"), "`{heading}` has no example");
    }
}

/// A link to a rule leads to its heading: on the page itself, by its definitions, and in the code's
/// documentation, by `rules#`.
#[test]
fn links_lead_to_headings() {
    let rules = read("src/rules.md");
    let anchors: BTreeSet<String> = headings(&rules).iter().map(|it| anchor(it)).collect();
    for name in defined(&rules) {
        if name.starts_with("Law") {
            continue;
        }
        let own = anchors.iter().find(|it| {
            let begin = format!("{}-", name.to_lowercase());
            it.starts_with(&begin)
        });
        let own = own.unwrap_or_else(|| panic!("`{name}` has no anchor"));
        let definition = format!("\n[{name}]: #{own}\n");
        assert!(rules.contains(&definition), "{definition:?} is missing");
    }
    for (file, text) in files() {
        for link in text.split("rules#").skip(1) {
            let end = link.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
            let link = &link[..end.unwrap_or(link.len())];
            assert!(
                anchors.contains(link),
                "{file}: `rules#{link}` leads nowhere"
            );
        }
    }
}

/// What the description of the rooms names is there.
#[test]
fn the_architecture_names_what_there_is() {
    let page = read("ARCHITECTURE.md");
    let named = page.split('`').skip(1).step_by(2);
    let paths = named.filter(|it| it.starts_with("src/") || it.starts_with("tests/"));
    let mut count = 0;
    for path in paths {
        assert!(root().join(path).exists(), "`{path}` is not there");
        count += 1;
    }
    assert!(count > 20, "{count} paths");
}

#[test]
fn a_citation_is_a_word_by_itself() {
    let found = |line: &str| citations(line).into_iter().collect::<Vec<_>>();
    assert_eq!(found("narrowed as [D7] says (S6, A4)"), ["A4", "D7", "S6"]);
    assert_eq!(
        found("\"D10 one_of\", T2's nodes, D1–D9"),
        ["D1", "D10", "D9", "T2"]
    );
    assert_eq!(
        found("laws 1, 2 and 10; Law 4"),
        ["Law 1", "Law 10", "Law 2", "Law 4"]
    );
    for none in [
        "W4 by string",
        "E2%80%A6",
        "\\u{A1}",
        "U+A6",
        "--D1=49152,12",
        "D01 F5P2",
        "D100",
        "xD1",
        "D1_a",
        "#A1",
        "C0, C1",
        "in 3 laws",
        "by law: 4 times",
    ] {
        assert_eq!(found(none), [""; 0], "{none}");
    }
}
