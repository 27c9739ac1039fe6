//! Sets in SQLite, which holds them as texts: what is no JSON array of texts is a set that is missing,
//! and fails every condition.

use std::fmt::Write as _;

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::query::sql::{Columns, Dialect};
use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings};
use rusqlite::{Connection, params};

use crate::cells;
use crate::sqlite::{bound, run};
use crate::support::rng::Rng;
use crate::support::run::{number, seed};

/// Every comparison of a set: with a list, with a text and with another set, on either side.
const WHEN: [&str; 12] = [
    "{ resource = 'tags', one_of = ['vip', 'x'] }",
    "{ resource = 'tags', one_of = [''] }",
    "{ resource = 'tags', none_of = ['nothing'] }",
    "{ resource = 'tags', none_of = ['vip', 'nothing'] }",
    "{ resource = 'tags', is = { resource = 'more' } }",
    "{ resource = 'tags', is_not = { resource = 'more' } }",
    "{ resource = 'tags', one_of = { resource = 'more' } }",
    "{ resource = 'tags', none_of = { resource = 'more' } }",
    "{ resource = 'tags', one_of = { resource = 'name' } }",
    "{ resource = 'tags', none_of = { resource = 'name' } }",
    "{ resource = 'name', one_of = { resource = 'tags' } }",
    "{ resource = 'name', none_of = { resource = 'tags' } }",
];

fn engine() -> Engine {
    let mut text = String::from(
        "format = 2\nid = 'all'\nversion = 1\npermissions = [{ path = 'p' }]\n\
         types = [{ id = 'deal', properties = { tags = 'set', more = 'set', name = 'text' } }]\n\
         operations = [\n",
    );
    for (when, i) in WHEN.iter().zip(0..) {
        writeln!(
            text,
            "{{ type = 'deal', action = '{i}', on = 'record', open = true, when = [[{when}]] }},"
        )
        .unwrap();
    }
    text.push(']');
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let ann = DirectoryDocument::new([bailiwick::document::UserDocument::new("ann")]);
    Engine::new(
        &catalog,
        PolicyDocument::new(1),
        ann,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

/// A table of one row.
struct Row {
    database: Connection,
    engine: Engine,
}

impl Row {
    fn new() -> Row {
        let database = Connection::open_in_memory().unwrap();
        let table = "CREATE TABLE deals (tags, more, name)";
        database.execute_batch(table).unwrap();
        Row {
            database,
            engine: engine(),
        }
    }

    /// The comparisons that select a row of these cells.
    fn selected(&self, tags: &str, more: &str, name: &str) -> Vec<usize> {
        self.database.execute_batch("DELETE FROM deals").unwrap();
        let insert = "INSERT INTO deals VALUES (?1, ?2, ?3)";
        self.database
            .execute(insert, params![tags, more, name])
            .unwrap();
        let columns = Columns::new()
            .property("tags", ["deals", "tags"])
            .property("more", ["deals", "more"])
            .property("name", "name");
        let selects = |i: &usize| {
            let filter = self
                .engine
                .records("ann", format!("deal:{i}").as_str())
                .unwrap();
            let sql = filter.to_sql(Dialect::Sqlite, &columns).unwrap();
            let query = format!("SELECT count(*) FROM deals WHERE {}", sql.text);
            run(&self.database, &query, sql.values.iter().map(bound)) == [1]
        };
        (0..WHEN.len()).filter(selects).collect()
    }

    /// The comparisons that `check` allows the record of such a row.
    fn allowed(&self, tags: Option<&[String]>, more: Option<&[String]>, name: &str) -> Vec<usize> {
        let mut record = Record::of("deal").property("name", name);
        for (property, set) in [("tags", tags), ("more", more)] {
            if let Some(set) = set {
                record = record.property(property, set.to_vec());
            }
        }
        let allows = |i: &usize| {
            let action = i.to_string();
            self.engine
                .check("ann", action.as_str(), &record)
                .is_allow()
        };
        (0..WHEN.len()).filter(allows).collect()
    }
}

/// What a host that reads JSON has of a cell; a set with a NUL is none, by our own rule.
fn read(cell: &str) -> Option<Vec<String>> {
    let set: Option<Vec<String>> = serde_json::from_str(cell).ok();
    set.filter(|texts| texts.iter().all(|it| !it.contains('\0')))
}

#[test]
fn the_version_is_one_that_is_promised() {
    println!("SQLite {}", rusqlite::version());
    assert!(rusqlite::version_number() >= 3_038_000);
}

#[test]
fn a_cell_with_a_nul_after_the_set_is_missing() {
    fails_everything(&["[\"vip\"]\0", "[\"vip\"]\0, more", "[]\0", "[\"vip\0\"]"]);
}

#[test]
fn a_cell_with_an_escaped_nul_is_missing() {
    fails_everything(&[
        r#"["vip\u0000x"]"#,
        r#"["\u0000"]"#,
        r#"["x", "\\\u0000"]"#,
        r#"["\\\\\u0000"]"#,
    ]);
}

#[test]
fn a_cell_with_half_a_surrogate_pair_is_missing() {
    fails_everything(&[
        r#"["\ud800"]"#,
        r#"["\uDFFF"]"#,
        r#"["\udc00\ud800"]"#,
        r#"["\ud83d\ud83d\ude00"]"#,
        r#"["\ud83d\ude00\ude00"]"#,
        r#"["\ud83d\\\ude00"]"#,
        r#"["\ud83d\n\ude00"]"#,
        r#"["\ud83dx\ude00"]"#,
        r#"["\ud83d\u0064\ude00"]"#,
        r#"["\ud83d", "\ude00"]"#,
        r#"["vip", "\\\udabc"]"#,
        r#"["\ud7ff\ude00"]"#,
        r#"["\udbff\ue000"]"#,
    ]);
}

fn fails_everything(cells: &[&str]) {
    let row = Row::new();
    for cell in cells {
        assert_eq!(read(cell), None, "{cell:?}");
        for sound in [r#"["vip"]"#, "[]"] {
            // Compared with the other column's, the set is missing on the right.
            assert_eq!(row.selected(sound, cell, "vip"), {
                let set = read(sound);
                row.allowed(set.as_deref(), None, "vip")
            });
            let selected = row.selected(cell, sound, "vip");
            assert_eq!(selected, [0; 0], "{cell:?}");
        }
        assert_eq!(row.selected(cell, cell, "vip"), [0; 0], "{cell:?}");
    }
}

#[test]
fn a_set_is_read_however_it_is_escaped() {
    let row = Row::new();
    let mut seen = 0;
    for cell in [
        r#"["\\u0000"]"#,
        r#"["\\\\u0000", "vip"]"#,
        r#"["\\ud800"]"#,
        r#"["\ud83d\ude00"]"#,
        r#"["\uD83D\uDE00", "\u0076ip"]"#,
        r#"["\ud7ff\ue000"]"#,
        r#"["\ud83d\ude00\ud83d\ude00x\\\ud83d\ude00"]"#,
        r#"["\u00e9\/\"\\\n"]"#,
    ] {
        let set = read(cell).expect("a set");
        for name in ["vip", "\\u0000", "\u{1f600}"] {
            for (more, written) in [(set.clone(), cell), (vec!["vip".to_owned()], r#"["vip"]"#)] {
                let allowed = row.allowed(Some(&set), Some(&more), name);
                assert_eq!(
                    row.selected(cell, written, name),
                    allowed,
                    "{cell}, {written}"
                );
                seen += allowed.len();
            }
        }
    }
    assert!(seen > 200, "{seen}");
}

/// Cells of the pieces that JSON is made of, in any order, 4,000 unless `BAILIWICK_CELLS` says otherwise:
/// what a parser of JSON reads is compared as `check` does, and the rest is missing.
#[test]
fn cells_are_read_as_a_parser_of_json_reads_them() {
    const PIECES: [&str; 28] = [
        "\\",
        "\\\\",
        "\\u",
        "u",
        "00",
        "0000",
        "d8",
        "D83d",
        "\\ud83d",
        "\\uDe00",
        "\\uDE00",
        "\\ud800",
        "\\u0000",
        "\\u00e9",
        "\\\"",
        "\"",
        "\",\"",
        "\", \"",
        "\\/",
        "\\n",
        "\0",
        "\u{1}",
        "é",
        "\u{1f600}",
        "vip",
        "x",
        "\u{fffd}",
        "]",
    ];
    let row = Row::new();
    let (mut sets, mut none) = (0, 0);
    let mut rng = Rng::nth(seed(), 41);
    for i in 0..number("BAILIWICK_CELLS").unwrap_or(4_000) {
        let cell = match rng.below(3) {
            0 => {
                let texts: Vec<String> = (0..rng.range(1, 3))
                    .map(|_| {
                        (*rng.pick(&["vip", "", "x", "é\u{1f600}", "\\u0000", "\"/"])).to_owned()
                    })
                    .collect();
                match rng.chance(50) {
                    true => cells::spelled(&texts, &mut rng),
                    false => cells::no_set(&texts, &mut rng),
                }
            }
            _ => {
                let pieces: String = (0..rng.below(7)).map(|_| *rng.pick(&PIECES)).collect();
                format!("[\"{pieces}\"]")
            }
        };
        let set = read(&cell);
        match set {
            Some(_) => sets += 1,
            None => none += 1,
        }
        let more = vec!["vip".to_owned()];
        let (selected, allowed) = match i % 2 {
            0 => (
                row.selected(&cell, r#"["vip"]"#, "x"),
                row.allowed(set.as_deref(), Some(&more), "x"),
            ),
            _ => (
                row.selected(r#"["vip"]"#, &cell, "x"),
                row.allowed(Some(&more), set.as_deref(), "x"),
            ),
        };
        assert_eq!(selected, allowed, "{cell:?}: {set:?}");
    }
    println!(
        "SQLite {}: {sets} cells with a set, {none} without",
        rusqlite::version()
    );
    assert!(sets > 100 && none > 100 || sets + none < 1_000);
}

/// Two cells of many texts are read once each, not one for each text of the other.
#[test]
fn cells_of_many_texts_are_compared_in_little_time() {
    const TEXTS: usize = 10_000;
    let texts = |first: usize| -> Vec<String> {
        let numbers = first..first + TEXTS;
        numbers.map(|it| format!("text {it}")).collect()
    };
    let json = |texts: &[String]| format!("[\"{}\"]", texts.join("\",\""));
    let row = Row::new();
    let tags = texts(0);
    let mut reversed = tags.clone();
    reversed.reverse();
    for more in [texts(TEXTS), texts(TEXTS - 1), texts(0), reversed] {
        let start = std::time::Instant::now();
        let selected = row.selected(&json(&tags), &json(&more), "text 5");
        let took = start.elapsed();
        assert_eq!(selected, row.allowed(Some(&tags), Some(&more), "text 5"));
        println!("{took:.1?}");
        assert!(took.as_secs() < 5, "it took {took:?}");
    }
}
