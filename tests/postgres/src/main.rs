//! Records filters in PostgreSQL (Q4): rows selected are the records that `check` allows.
//!
//! Run by `tests/postgres/run`, which says in `BAILIWICK_POSTGRES` where the server is.

#[path = "../../sql/cells.rs"]
mod cells;
#[path = "../../sql/comparisons.rs"]
mod comparisons;
#[path = "../../reference/mod.rs"]
#[allow(dead_code, reason = "the reference answers more than is asked here")]
mod reference;
mod rules;
#[path = "../../support/mod.rs"]
mod support;
#[path = "../../sql/worlds.rs"]
mod worlds;

use std::cell::RefCell;

use bailiwick::query::sql::{Dialect, SqlValue};
use postgres::types::ToSql;
use postgres::{Client, NoTls};
use sea_query::{Alias, Expr, PostgresQueryBuilder, Query};

use support::ask::{Asker, context_of};
use support::rng::Rng;
use support::run::each_world;
use worlds::{Cell, Kind, Table, WrongType, allowed, operation_of, table};

fn main() {
    let mut client = connect();
    client
        .batch_execute(
            "CREATE COLLATION careless (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
             CREATE EXTENSION IF NOT EXISTS citext",
        )
        .expect("a collation");
    rules::ids(&mut client);
    rules::indexes(&mut client);
    rules::collations_are_careless(&mut client);
    rules::an_owner_that_a_collation_ignores_is_an_owner(&mut client);
    rules::one_row_breaks_no_list(&mut client);
    rules::ids_that_conditions_read(&mut client);
    rules::comparisons(&mut client);
    rows_selected_are_the_records_allowed();
}

fn connect() -> Client {
    let at =
        std::env::var("BAILIWICK_POSTGRES").expect("BAILIWICK_POSTGRES; see tests/postgres/run");
    Client::connect(&at, NoTls).expect("a server")
}

thread_local! {
    static CLIENT: RefCell<Client> = RefCell::new(connect());
}

/// 1,000 policies and 1,000 records each, unless `BAILIWICK_CASES` (200 a policy) and
/// `BAILIWICK_ROWS` say otherwise.
fn rows_selected_are_the_records_allowed() {
    const SEEN: &[&str] = &[
        "nothing",
        "all rows",
        "some rows",
        "sea-query",
        "a negation",
    ];
    let started = std::time::Instant::now();
    let tally = each_world(5, |mut drawn, tally| {
        let engine = drawn.documents.load();
        let Some((table, cases)) = table(&mut drawn, &engine, WrongType::AsNull) else {
            return;
        };
        CLIENT.with_borrow_mut(|client| {
            create(client, &table, &mut drawn.rng);
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
                    .to_sql(Dialect::Postgres, &table.named)
                    .expect("columns for everything");
                let wanted = allowed(&engine, &table, case);
                let found = select(client, &table, &sql.text, &sql.values);
                assert_eq!(found, wanted, "{sql:#?}\n{case:#?}\n{}", drawn.documents);
                tally.cases += wanted.len() as u64;
                tally.count(match wanted.len() {
                    0 => "nothing",
                    n if n == table.records.len() => "all rows",
                    _ => "some rows",
                });
                if i % 4 == 0 {
                    let not = format!("NOT ({})", sql.text);
                    let rest = select(client, &table, &not, &sql.values);
                    assert_eq!(
                        rest.len() + wanted.len(),
                        table.records.len(),
                        "{}",
                        sql.text
                    );
                    tally.count("a negation");
                    let condition = filter
                        .to_sea_query(Dialect::Postgres, &table.named)
                        .expect("the same");
                    let mut query = Query::select();
                    query
                        .expr(Expr::cust("\"row number\""))
                        .from(Alias::new(&table.name))
                        .cond_where(condition);
                    let (text, values) = query.build(PostgresQueryBuilder);
                    let values: Vec<SqlValue> = values.0.into_iter().map(plain).collect();
                    let found = run(client, &format!("{text} ORDER BY 1"), &values);
                    assert_eq!(found, wanted, "{text}");
                    tally.count("sea-query");
                }
            }
            client
                .batch_execute(&format!("DROP TABLE {}", quoted(&table.name)))
                .expect("a table");
        });
    });
    let title = format!("{} rows selected in {:.1?}", tally.cases, started.elapsed());
    println!("{}", tally.table(&title, SEEN));
    if tally.cases >= 10_000 {
        assert!(tally.missing(SEEN).is_empty(), "{:?}", tally.missing(SEEN));
    }
}

fn create(client: &mut Client, table: &Table, rng: &mut Rng) {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|(name, kind)| {
            let declared = match kind {
                Kind::Text => *rng.pick(&[
                    "text",
                    "varchar",
                    "text COLLATE careless",
                    "text COLLATE \"C\"",
                    "citext",
                ]),
                Kind::Set => *rng.pick(&["text[]", "text[] COLLATE careless"]),
                Kind::Integer => "bigint",
                Kind::Boolean => "boolean",
            };
            format!(", {} {declared}", quoted(name))
        })
        .collect();
    let name = quoted(&table.name);
    let create = format!(
        "CREATE TEMP TABLE {name} (\"row number\" bigint{})",
        columns.concat()
    );
    client
        .batch_execute(&create)
        .unwrap_or_else(|e| panic!("{e:?}: {create}"));
    let mut text = String::new();
    for (row, number) in table.rows.iter().zip(1..) {
        text.push_str(&format!("{number}"));
        for cell in row {
            text.push('\t');
            text.push_str(&stored(cell));
        }
        text.push('\n');
    }
    let mut writer = client
        .copy_in(&format!("COPY {name} FROM STDIN"))
        .expect("a copy");
    std::io::Write::write_all(&mut writer, text.as_bytes()).expect("rows");
    writer.finish().expect("rows");
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// In COPY's text format.
fn stored(cell: &Cell) -> String {
    let escaped = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('\t', "\\t")
            .replace('\n', "\\n")
            .replace('\r', "\\r")
    };
    match cell {
        Cell::Null => "\\N".to_owned(),
        Cell::Text(text) => escaped(text),
        Cell::Integer(n) => n.to_string(),
        Cell::Boolean(b) => b.to_string(),
        Cell::Set(texts) => {
            let quoted =
                |it: &String| format!("\"{}\"", it.replace('\\', "\\\\").replace('"', "\\\""));
            let elements: Vec<String> = texts.iter().map(quoted).collect();
            escaped(&format!("{{{}}}", elements.join(",")))
        }
        Cell::Other => panic!("a typed column holds no other type"),
        Cell::Written(array) => escaped(array),
    }
}

fn select(client: &mut Client, table: &Table, condition: &str, values: &[SqlValue]) -> Vec<i64> {
    let name = quoted(&table.name);
    let query = format!("SELECT \"row number\" FROM {name} WHERE {condition} ORDER BY 1");
    run(client, &query, values)
}

pub(crate) fn run(client: &mut Client, query: &str, values: &[SqlValue]) -> Vec<i64> {
    let values: Vec<Box<dyn ToSql + Sync>> = values.iter().map(bound).collect();
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(AsRef::as_ref).collect();
    let rows = client
        .query(query, &values)
        .unwrap_or_else(|e| panic!("{e:?}: {query}"));
    rows.iter().map(|row| row.get(0)).collect()
}

fn bound(value: &SqlValue) -> Box<dyn ToSql + Sync> {
    match value.clone() {
        SqlValue::Text(text) => Box::new(text),
        SqlValue::Integer(n) => Box::new(n),
        SqlValue::Boolean(b) => Box::new(b),
        SqlValue::Texts(texts) => Box::new(texts),
        SqlValue::Integers(numbers) => Box::new(numbers),
    }
}

fn plain(value: sea_query::Value) -> SqlValue {
    let text = |value: &sea_query::Value| match value {
        sea_query::Value::String(Some(text)) => Some(text.clone()),
        _ => None,
    };
    let number = |value: &sea_query::Value| match value {
        sea_query::Value::BigInt(Some(n)) => Some(*n),
        _ => None,
    };
    match value {
        sea_query::Value::String(Some(text)) => SqlValue::Text(text),
        sea_query::Value::BigInt(Some(n)) => SqlValue::Integer(n),
        sea_query::Value::Bool(Some(b)) => SqlValue::Boolean(b),
        sea_query::Value::Array(sea_query::ArrayType::String, Some(list)) => {
            SqlValue::Texts(list.iter().map(|it| text(it).expect("a text")).collect())
        }
        sea_query::Value::Array(sea_query::ArrayType::BigInt, Some(list)) => SqlValue::Integers(
            list.iter()
                .map(|it| number(it).expect("an integer"))
                .collect(),
        ),
        other => panic!("{other:?}"),
    }
}
