//! A list filtered by SQL: Alice's accounts and deals from a database, with the policy that also
//! guards each of them, and the plan by which SQLite finds them.

use bailiwick::Record;
use bailiwick::query::sql::{Columns, Dialect, SqlCondition, SqlValue};
use rusqlite::{Connection, ToSql, params_from_iter};

#[path = "support/mod.rs"]
mod support;

const SYSTEM: support::System = support::System {
    catalog: include_str!("../fixtures/sales_governance/catalog.toml"),
    policy: include_str!("../fixtures/sales_governance/policy.toml"),
    directory: include_str!("../fixtures/sales_governance/directory.toml"),
};

/// Owners, some of them in no directory, and nobody.
const OWNERS: [Option<&str>; 9] = [
    Some("alice"),
    Some("bob"),
    Some("amir"),
    Some("kevin"),
    Some("walter"),
    Some("heidi"),
    Some("nora"),
    Some("ex-colleague"),
    None,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = SYSTEM.engine()?;
    let database = database()?;
    let columns = Columns::new().owner("owner");
    for (operation, r#type, table) in [
        ("account:view", "account", "accounts"),
        ("opportunity:edit", "opportunity", "deals"),
        ("opportunity:view", "opportunity", "deals"),
    ] {
        let filter = engine.records("alice", operation)?;
        let sql = filter.to_sql(Dialect::Sqlite, &columns)?;
        println!("Alice, {operation}");
        println!("  WHERE {}", sql.text);
        for value in &sql.values {
            println!("        {value:?}");
        }
        println!("  {}", plan(&database, table, &sql)?);

        // The list by SQL, and the list by a check of every row.
        let listed = select(
            &database,
            &format!("SELECT id FROM {table} WHERE {} ORDER BY id", sql.text),
            &sql,
        )?;
        let mut checked = Vec::new();
        let (_, action) = operation.split_once(':').unwrap_or_default();
        let mut rows = database.prepare(&format!("SELECT id, owner FROM {table} ORDER BY id"))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (id, owner): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
            let text = id.to_string();
            let mut record = Record::of(r#type).id(&text);
            if let Some(owner) = &owner {
                record = record.owner(owner);
            }
            if engine.check("alice", action, &record).is_allow() {
                checked.push(id);
            }
        }
        assert_eq!(listed, checked);
        println!(
            "  {} rows by SQL, the same {} by check\n",
            listed.len(),
            checked.len()
        );
    }
    Ok(())
}

/// A thousand accounts, nine thousand deals.
fn database() -> rusqlite::Result<Connection> {
    let database = Connection::open_in_memory()?;
    database.execute_batch(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT);
         CREATE TABLE deals (id INTEGER PRIMARY KEY, account INTEGER REFERENCES accounts, owner TEXT);
         CREATE INDEX accounts_by_owner ON accounts (owner);
         CREATE INDEX deals_by_owner ON deals (owner);
         BEGIN",
    )?;
    let mut owners = OWNERS.into_iter().cycle();
    for account in 1..=1_000 {
        let owner = owners.next().flatten();
        database.execute("INSERT INTO accounts VALUES (?1, ?2)", (account, owner))?;
        for _ in 0..9 {
            let owner = owners.next().flatten();
            database.execute(
                "INSERT INTO deals (account, owner) VALUES (?1, ?2)",
                (account, owner),
            )?;
        }
    }
    database.execute_batch("COMMIT")?;
    Ok(database)
}

fn plan(database: &Connection, table: &str, sql: &SqlCondition) -> rusqlite::Result<String> {
    let query = format!(
        "EXPLAIN QUERY PLAN SELECT id FROM {table} WHERE {}",
        sql.text
    );
    let mut statement = database.prepare(&query)?;
    statement.query_row(params_from_iter(values(sql)), |row| row.get("detail"))
}

fn select(database: &Connection, query: &str, sql: &SqlCondition) -> rusqlite::Result<Vec<i64>> {
    let mut statement = database.prepare(query)?;
    statement
        .query_map(params_from_iter(values(sql)), |row| row.get(0))?
        .collect()
}

/// For SQLite there are texts and integers only.
fn values(sql: &SqlCondition) -> impl Iterator<Item = &dyn ToSql> {
    sql.values.iter().filter_map(|value| match value {
        SqlValue::Text(text) => Some(text as &dyn ToSql),
        SqlValue::Integer(n) => Some(n as &dyn ToSql),
        _ => None,
    })
}
