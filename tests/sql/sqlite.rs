//! SQLite: the rows that a condition selects are the records that `check` allows.

use bailiwick::document::PropertyValue;
use bailiwick::query::sql::{Dialect, SqlValue};
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, params_from_iter};
use sea_query::{Alias, Expr, Query, SqliteQueryBuilder};

use crate::comparisons::every_comparison;
use crate::support::ask::{Asker, context_of};
use crate::support::rng::Rng;
use crate::support::run::each_world;
use crate::worlds::{Cell, Kind, Table, WrongType, allowed, operation_of, table};

/// 1,000 policies and 1,000 records each, unless `BAILIWICK_CASES` (200 a policy) and
/// `BAILIWICK_ROWS` say otherwise.
#[test]
fn rows_selected_are_the_records_allowed() {
    const SEEN: &[&str] = &[
        "nothing",
        "all rows",
        "some rows",
        "sea-query",
        "a negation",
    ];
    let tally = each_world(5, |mut drawn, tally| {
        let engine = drawn.documents.load();
        let Some((table, cases)) = table(&mut drawn, &engine, WrongType::AsOther) else {
            return;
        };
        let database = create(&table, &mut drawn.rng);
        for (case, i) in cases.iter().zip(0..) {
            let (asker, context) = (
                Asker::by_name(&case.request.subject),
                context_of(&case.request),
            );
            let asked = engine.in_context(&context);
            let operation = operation_of(&engine, case).expect("an operation");
            let filter = asked
                .records(asker.subject(), operation)
                .expect("of records");
            let sql = filter
                .to_sql(Dialect::Sqlite, &table.named)
                .expect("columns for everything");
            let wanted = allowed(&engine, &table, case);
            let found = select(&database, &table, &sql.text, &sql.values);
            assert_eq!(
                found,
                wanted,
                "{sql:#?}\n{:#?}\n{case:#?}\n{}",
                difference(&table, &found, &wanted),
                drawn.documents
            );
            tally.cases += wanted.len() as u64;
            tally.count(match wanted.len() {
                0 => "nothing",
                n if n == table.records.len() => "all rows",
                _ => "some rows",
            });
            if i % 4 == 0 {
                let not = format!("NOT ({})", sql.text);
                let rest = select(&database, &table, &not, &sql.values);
                assert_eq!(
                    rest.len() + wanted.len(),
                    table.records.len(),
                    "{}",
                    sql.text
                );
                tally.count("a negation");
                let condition = filter
                    .to_sea_query(Dialect::Sqlite, &table.named)
                    .expect("the same");
                let mut query = Query::select();
                query
                    .expr(Expr::cust("rowid"))
                    .from(Alias::new(&table.name))
                    .cond_where(condition);
                let (text, values) = query.build(SqliteQueryBuilder);
                let text = format!("{text} ORDER BY rowid");
                let found = run(&database, &text, values.0.into_iter().map(plain));
                assert_eq!(found, wanted, "{text}");
                tally.count("sea-query");
            }
        }
    });
    println!(
        "{}",
        tally.table(&format!("{} rows selected", tally.cases), SEEN)
    );
    if tally.cases >= 10_000 {
        assert!(tally.missing(SEEN).is_empty(), "{:?}", tally.missing(SEEN));
    }
}

fn create(table: &Table, rng: &mut Rng) -> Connection {
    let database = Connection::open_in_memory().expect("a database");
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|(name, kind)| {
            let declared = match kind {
                Kind::Text => *rng.pick(&[
                    "TEXT",
                    "TEXT COLLATE NOCASE",
                    "TEXT COLLATE RTRIM",
                    "",
                    "VARCHAR(9) COLLATE NOCASE",
                ]),
                Kind::Set => *rng.pick(&["TEXT", "", "TEXT COLLATE NOCASE"]),
                Kind::Integer | Kind::Boolean => *rng.pick(&["INTEGER", "", "NUMERIC"]),
            };
            format!("{} {declared}", quoted(name))
        })
        .collect();
    let name = quoted(&table.name);
    database
        .execute_batch(&format!("CREATE TABLE {name} ({})", columns.join(", ")))
        .expect("a table");
    // An index must not change what is found.
    if rng.chance(50) {
        let column = quoted(&rng.pick(&table.columns).0);
        database
            .execute_batch(&format!("CREATE INDEX i ON {name} ({column})"))
            .expect("an index");
    }
    database.execute_batch("BEGIN").expect("a transaction");
    {
        let holes = vec!["?"; table.columns.len()].join(", ");
        let mut insert = database
            .prepare(&format!("INSERT INTO {name} VALUES ({holes})"))
            .expect("an insert");
        for row in &table.rows {
            insert
                .execute(params_from_iter(row.iter().map(stored)))
                .expect("a row");
        }
    }
    database.execute_batch("COMMIT").expect("a transaction");
    database
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn stored(cell: &Cell) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Integer(n) => Value::Integer(*n),
        Cell::Boolean(b) => Value::Integer(i64::from(*b)),
        Cell::Set(texts) => Value::Text(serde_json::to_string(texts).expect("texts")),
        Cell::Other => Value::Blob(vec![b'x']),
        Cell::Written(json) => Value::Text(json.clone()),
    })
}

fn select(database: &Connection, table: &Table, condition: &str, values: &[SqlValue]) -> Vec<i64> {
    let query = format!(
        "SELECT rowid FROM {} WHERE {condition} ORDER BY rowid",
        quoted(&table.name)
    );
    run(database, &query, values.iter().map(bound))
}

pub(crate) fn bound(value: &SqlValue) -> Value {
    match value {
        SqlValue::Text(text) => Value::Text(text.clone()),
        SqlValue::Integer(n) => Value::Integer(*n),
        other => panic!("{other:?} for SQLite"),
    }
}

fn plain(value: sea_query::Value) -> Value {
    match value {
        sea_query::Value::String(Some(text)) => Value::Text(text),
        sea_query::Value::BigInt(Some(n)) => Value::Integer(n),
        other => panic!("{other:?} for SQLite"),
    }
}

pub(crate) fn run(
    database: &Connection,
    query: &str,
    values: impl Iterator<Item = Value>,
) -> Vec<i64> {
    let mut statement = database
        .prepare(query)
        .unwrap_or_else(|e| panic!("{e}: {query}"));
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0));
    let rows = rows.unwrap_or_else(|e| panic!("{e}: {query}"));
    rows.map(|it| it.unwrap_or_else(|e| panic!("{e}: {query}")))
        .collect()
}

/// A row that one has and the other has not.
fn difference(table: &Table, found: &[i64], wanted: &[i64]) -> String {
    let differs = |row: &i64| found.contains(row) != wanted.contains(row);
    let first = (1..=table.rows.len() as i64).find(differs);
    let at = first.map_or(0, |row| row as usize - 1);
    let wants = first.is_some_and(|row| wanted.contains(&row));
    format!(
        "row {at}, allowed: {wants}: {:?}\n{:#?}\n{:?}",
        table.rows[at], table.records[at], table.columns
    )
}

#[test]
fn every_comparison_is_the_same_asked_any_way() {
    let database = Connection::open_in_memory().expect("a database");
    database
        .execute_batch("CREATE TABLE t (l, r)")
        .expect("a table");
    every_comparison(|row| {
        database.execute_batch("DELETE FROM t").expect("no rows");
        let cells = [row.left, row.right].map(|(kind, value)| stored(&cell(kind, value)));
        database
            .execute("INSERT INTO t VALUES (?1, ?2)", params_from_iter(cells))
            .expect("a row");
        let sql = row
            .filter
            .to_sql(Dialect::Sqlite, row.columns)
            .expect("columns for everything");
        let query = format!("SELECT count(*) FROM t WHERE {}", sql.text);
        Some(run(&database, &query, sql.values.iter().map(bound)))
    });
}

/// A text where a set is declared is stored as it is: it is no JSON.
fn cell(kind: &str, value: &Option<PropertyValue>) -> Cell {
    match (value, kind) {
        (None, _) => Cell::Null,
        (Some(PropertyValue::Text(text)), "text" | "set") => Cell::Text(text.clone()),
        (Some(PropertyValue::Integer(n)), "integer") => Cell::Integer(*n),
        (Some(PropertyValue::Boolean(b)), "boolean") => Cell::Boolean(*b),
        (Some(PropertyValue::Set(texts)), "set") => Cell::Set(texts.clone()),
        _ => Cell::Other,
    }
}
