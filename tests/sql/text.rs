//! What the text is made of, and what it is refused for.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, PositionDocument, UserDocument,
};
use bailiwick::query::sql::{Columns, Dialect, IdType, SqlError, SqlValue};
use bailiwick::{Catalog, Engine, OwnerPosition, PropertyMap, Record, Timestamp, Warnings};
use rusqlite::Connection;

use crate::sqlite::{bound, run};

const CATALOG: &str = r#"
    format = 2
    id = "crm"
    version = 1
    permissions = [{ path = "deals", scopes = ["own", "reports", "peers", "all"] }]
    types = [{ id = "deal", properties = { stage = "text", tags = "set", size = "integer" } }]
    context_properties = { channel = "text" }
    operations = [
      { type = "deal", action = "view", on = "record", allowed_by = ["deals"] },
      { type = "deal", action = "tag", on = "record", allowed_by = ["deals"], when = [[{ resource = "tags", one_of = ["x"] }]] },
      { type = "deal", action = "close", on = "record", allowed_by = ["deals"], when = [[{ resource = "stage", is = { context = "channel" } }]] },
    ]
"#;

/// Positions `p0` over `p1` over … and a user in each; the one in `p0` has that scope.
fn engine(scope: &str, ids: &[&str]) -> Engine {
    engine_of(CATALOG, scope, ids, None)
}

fn engine_of(catalog: &str, scope: &str, ids: &[&str], account: Option<&str>) -> Engine {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", catalog),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let role = format!(
        "format = 2\ncatalog_version = 1\nroles = [{{ id = \"role\", grants = [{{ select = \"deals\", scope = \"{scope}\" }}] }}]"
    );
    let mut policy = PolicyDocument::from_toml("policy.toml", &role)
        .into_document()
        .unwrap();
    policy.account = account.map(str::to_owned);
    policy.positions = (0..ids.len())
        .map(|i| PositionDocument {
            id: format!("p{i}"),
            name: None,
            reports_to: i
                .checked_sub(1)
                .map(|above| format!("p{above}"))
                .into_iter()
                .collect(),
        })
        .collect();
    let users = ids.iter().zip(0..).map(|(id, i)| {
        let user = UserDocument::new(*id).position(format!("p{i}"));
        if i == 0 { user.role("role") } else { user }
    });
    Engine::new(
        &catalog,
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

fn sql(engine: &Engine, dialect: Dialect, columns: &Columns) -> (String, Vec<SqlValue>) {
    let filter = engine.records(first(engine).as_str(), "deal:view").unwrap();
    let sql = filter.to_sql(dialect, columns).unwrap();
    (sql.text, sql.values)
}

fn refused(engine: &Engine, operation: &str, dialect: Dialect, columns: &Columns) -> SqlError {
    let filter = engine.records(first(engine).as_str(), operation).unwrap();
    filter.to_sql(dialect, columns).unwrap_err()
}

fn first(engine: &Engine) -> String {
    let has_role = |id: &&str| {
        engine
            .records(*id, "deal:view")
            .is_ok_and(|it| !it.is_nothing())
    };
    ["ann", "7", UUID, "u0"]
        .into_iter()
        .find(has_role)
        .unwrap()
        .to_owned()
}

const UUID: &str = "0a000000-0000-4000-8000-00000000000f";
const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

#[test]
fn nothing_is_a_condition_that_is_false() {
    let engine = engine("own", &["ann"]);
    for dialect in BOTH {
        // Not even the columns are asked for.
        let nobody = engine.records("nobody", "deal:view").unwrap();
        let sql = nobody.to_sql(dialect, &Columns::new()).unwrap();
        assert_eq!((sql.text.as_str(), sql.values.len()), ("1 = 0", 0));
    }
    let everything = engine_of(CATALOG, "all", &["ann"], None);
    assert_eq!(
        self::sql(&everything, Dialect::Postgres, &Columns::new()),
        ("1 = 1".to_owned(), vec![])
    );
}

#[test]
fn postgres_compares_by_the_index_and_then_by_bytes() {
    let columns = Columns::new().owner("owner");
    let (own, values) = sql(&engine("own", &["ann", "bob"]), Dialect::Postgres, &columns);
    assert_eq!(
        own,
        r#"("owner" IS NOT NULL AND "owner" = $1::text AND "owner"::text COLLATE "C" = $1::text)"#
    );
    assert_eq!(values, [text("ann")]);
    let (reports, values) = sql(
        &engine("reports", &["ann", "bob", "cay"]),
        Dialect::Postgres,
        &columns,
    );
    assert_eq!(
        reports,
        r#"("owner" IS NOT NULL AND "owner" = ANY($1::text[]) AND "owner"::text COLLATE "C" = ANY($1::text[]))"#
    );
    let names = ["ann", "bob", "cay"].map(str::to_owned);
    assert_eq!(values, [SqlValue::Texts(names.into())]);
}

#[test]
fn parameters_are_numbered_after_the_hosts_own() {
    let engine = engine("peers", &["ann", "bob", "cay"]);
    let columns = Columns::new().owner("owner").owner_position("position");
    let filter = engine.records("ann", "deal:view").unwrap();
    let sql = filter.to_sql_after(Dialect::Sqlite, &columns, 3).unwrap();
    assert_eq!(
        sql.text,
        "((typeof(`owner`) = 'text' AND `owner` = ?4 COLLATE BINARY) OR \
         ((typeof(`owner`) = 'text' AND `owner` <> '' COLLATE BINARY) AND \
         (typeof(`position`) = 'text' AND `position` COLLATE BINARY IN (SELECT value FROM json_each(?5)))))"
    );
    assert_eq!(sql.values, [text("ann"), text(r#"["p0","p1","p2"]"#)]);
}

/// Where the catalog serves many, the account is always constrained.
#[test]
fn the_account_is_always_constrained_where_there_are_many() {
    let many = CATALOG.replace("version = 1", "version = 1\n    accounts = \"many\"");
    let engine = engine_of(&many, "all", &["u0"], Some("acme"));
    let user = engine.user("u0").unwrap();
    let filter = engine.records(user, "deal:view").unwrap();
    assert!(filter.is_everything());
    for dialect in BOTH {
        let none = Columns::new().owner("owner");
        assert_eq!(
            filter.to_sql(dialect, &none),
            Err(SqlError::NoAccountColumn)
        );
        let sql = filter.to_sql(dialect, &none.account("account")).unwrap();
        assert_eq!(sql.values, [text("acme")]);
        // An account that the column cannot hold has no rows.
        let uuids = Columns::new().account_as("account", IdType::Uuid);
        assert_eq!(filter.to_sql(dialect, &uuids).unwrap().text, "1 = 0");
    }
    // With one account a record may leave it out, but not state another.
    let engine = engine_of(CATALOG, "all", &["ann"], Some("acme"));
    let (text, _) = sql(&engine, Dialect::Sqlite, &Columns::new().account("a"));
    assert_eq!(
        text,
        "(`a` IS NULL OR (typeof(`a`) = 'text' AND `a` = ?1 COLLATE BINARY))"
    );
    let engine = engine_of(CATALOG, "all", &["ann"], None);
    let (text, _) = sql(&engine, Dialect::Sqlite, &Columns::new().account("a"));
    assert_eq!(text, "`a` IS NULL");
}

/// An id that is not written as the column would write it is nobody's there.
#[test]
fn ids_that_a_column_cannot_hold_are_left_out() {
    let others = [
        "007",
        "+7",
        "-0",
        "7.0",
        " 7",
        "9223372036854775808",
        "-7",
        "9223372036854775807",
        "0A000000-0000-4000-8000-000000000001",
        "0a000000000040008000000000000002",
        "{0a000000-0000-4000-8000-000000000003}",
        "0a000000-0000-4000-8000-000000000004",
        "0a000000-0000-4000-8000-00000000000g",
    ];
    let ids = |first| [&[first], &others[..]].concat();
    let numbers = Columns::new().owner_as("owner", IdType::Bigint);
    let (_, values) = sql(&engine("reports", &ids("7")), Dialect::Postgres, &numbers);
    assert_eq!(values, [SqlValue::Integers(vec![7, -7, i64::MAX])]);
    let uuids = Columns::new().owner_as("owner", IdType::Uuid);
    let (cast, values) = sql(&engine("reports", &ids(UUID)), Dialect::Postgres, &uuids);
    let canonical = [UUID, "0a000000-0000-4000-8000-000000000004"].map(str::to_owned);
    assert_eq!(values, [SqlValue::Texts(canonical.into())]);
    assert_eq!(
        cast,
        r#"("owner" IS NOT NULL AND "owner" = ANY($1::text[]::uuid[]))"#
    );
    // A viewer whom the column cannot hold owns nothing in it.
    let (own, values) = sql(&engine("own", &["ann"]), Dialect::Postgres, &uuids);
    assert_eq!((own.as_str(), values.len()), ("1 = 0", 0));

    let database = Connection::open_in_memory().unwrap();
    database
        .execute_batch("CREATE TABLE t (owner INTEGER); INSERT INTO t VALUES (7), (8), (-7), (NULL), (9223372036854775807), ('x')")
        .unwrap();
    let (text, values) = sql(&engine("reports", &ids("7")), Dialect::Sqlite, &numbers);
    let query = format!("SELECT rowid FROM t WHERE {text}");
    assert_eq!(run(&database, &query, values.iter().map(bound)), [1, 3, 5]);
}

/// SQLite keeps a value of any type in a column: one that no id is of is no owner, wherever it stands.
#[test]
fn an_owner_of_another_type_is_none() {
    let database = Connection::open_in_memory().unwrap();
    database
        .execute_batch(
            "CREATE TABLE t (owner, position, label);
             INSERT INTO t VALUES (8, 'p1', 1), (8.5, 'p1', 1), (x'78', 'p1', 1), ('x', 'p1', 1),
                 ('', 'p1', 1), (NULL, 'p1', 1)",
        )
        .unwrap();
    for (ids, viewer, owned) in [
        (IdType::Text, "ann", 4),
        (IdType::Uuid, UUID, 4),
        (IdType::Bigint, "7", 1),
    ] {
        let engine = engine("reports", &[viewer, "bob"]);
        let owner = || Columns::new().owner_as("owner", ids);
        for columns in [
            owner().owner_position("position"),
            owner().owner_position_label("label", [("p0", 0), ("p1", 1)]),
        ] {
            let (text, values) = sql(&engine, Dialect::Sqlite, &columns);
            let query = format!("SELECT rowid FROM t WHERE {text}");
            let found = run(&database, &query, values.iter().map(bound));
            assert_eq!(found, [owned], "{ids:?}: {text}");
        }
    }
}

/// Past what a database counts to, a condition with parameters is too wide; one without is as good as ever.
#[test]
fn parameters_are_numbered_as_far_as_databases_count() {
    let engine = engine("own", &["ann"]);
    let columns = Columns::new().owner("owner");
    for (dialect, most) in BOTH.into_iter().zip([65_535, 32_766]) {
        let mine = engine.records("ann", "deal:view").unwrap();
        let last = mine.to_sql_after(dialect, &columns, most - 1).unwrap();
        assert!(last.text.contains(&most.to_string()), "{}", last.text);
        for before in [most, usize::MAX - 1, usize::MAX] {
            let past = mine.to_sql_after(dialect, &columns, before);
            assert_eq!(past, Err(SqlError::TooWide), "{before}");
            let nobody = engine.records("nobody", "deal:view").unwrap();
            let none = nobody.to_sql_after(dialect, &columns, before).unwrap();
            assert_eq!(none.text, "1 = 0");
        }
    }
}

/// Up to 16 ranges are counted; past that, the labels that are listed.
#[test]
fn ranges_of_labels_count_as_values() {
    // Two labels to a range.
    let columns = |positions: i64| {
        let label = |i: i64| (i + 1) / 2 * 3 + (i + 1) % 2;
        let labels = (0..positions).map(move |i| (format!("p{i}"), label(i)));
        let columns = Columns::new().owner("owner");
        columns.owner_position_label("label", labels)
    };
    for (ranges, values) in [(1, 1), (16, 16), (17, 34)] {
        let positions = 1 + 2 * ranges;
        let ids: Vec<String> = (0..positions).map(|i| format!("u{i}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let engine = engine("reports", &ids);
        for dialect in BOTH {
            let columns = columns(positions);
            let (text, _) = sql(&engine, dialect, &columns.clone().at_most(values));
            let is_ranges = text.matches("BETWEEN").count() as i64 == ranges;
            assert_eq!(is_ranges, ranges <= 16, "{text}");
            let narrow = columns.at_most(values - 1);
            let refused = refused(&engine, "deal:view", dialect, &narrow);
            assert_eq!(refused, SqlError::TooWide);
        }
    }
}

/// Labels that follow one another are a range.
#[test]
fn labels_in_preorder_are_one_range() {
    let users: Vec<String> = (0..40).map(|i| format!("u{i}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let engine = engine("reports", &users);
    let labelled = |label: fn(i64) -> i64| {
        let labels = (0..40).map(move |i| (format!("p{i}"), label(i)));
        Columns::new()
            .owner("owner")
            .owner_position_label("label", labels)
    };
    let (text, values) = sql(&engine, Dialect::Postgres, &labelled(|i| i + 100));
    assert!(
        text.ends_with(r#"("label" IS NOT NULL AND "label" BETWEEN $2::bigint AND $3::bigint)))"#),
        "{text}"
    );
    assert_eq!(values[1..], [101, 139].map(SqlValue::Integer));
    // Up to the ends of the numbers there are.
    let (_, values) = sql(&engine, Dialect::Postgres, &labelled(|i| i64::MAX - i));
    assert_eq!(
        values[1..],
        [i64::MAX - 39, i64::MAX - 1].map(SqlValue::Integer)
    );
    let (_, values) = sql(&engine, Dialect::Postgres, &labelled(|i| i64::MIN + i));
    assert_eq!(
        values[1..],
        [i64::MIN + 1, i64::MIN + 39].map(SqlValue::Integer)
    );
    // Scattered, they are listed.
    let (text, values) = sql(&engine, Dialect::Postgres, &labelled(|i| i * 2));
    assert!(text.contains(r#""label" = ANY($2::bigint[])"#), "{text}");
    assert_eq!(
        values[1],
        SqlValue::Integers((1..40).map(|i| i * 2).collect())
    );

    let same = labelled(|i| i / 2);
    assert_eq!(
        refused(&engine, "deal:view", Dialect::Sqlite, &same),
        SqlError::AmbiguousLabel(0)
    );
    let some = Columns::new()
        .owner("owner")
        .owner_position_label("label", [("p0", 1)]);
    assert_eq!(
        refused(&engine, "deal:view", Dialect::Sqlite, &some),
        SqlError::NoLabel("p1".into())
    );
}

#[test]
fn what_columns_cannot_say_is_refused() {
    let engine = engine("reports", &["ann", "bob", "cay"]);
    let mut channel = PropertyMap::new();
    channel.set("channel", "a\0b");
    let owner = Columns::new().owner("owner");
    for dialect in BOTH {
        let positions = Columns::new().owner_position("position");
        assert_eq!(
            refused(&engine, "deal:view", dialect, &positions),
            SqlError::NoOwnerColumn
        );
        let none = SqlError::NoPropertyColumn("tags".to_owned());
        assert_eq!(refused(&engine, "deal:tag", dialect, &owner), none);
        let bare = owner.clone().property("tags", "tags");
        assert_eq!(
            refused(&engine, "deal:tag", dialect, &bare),
            SqlError::Unqualified("tags".to_owned())
        );
        for odd in ["", "a\0b"] {
            let bad = SqlError::BadIdentifier(odd.to_owned());
            assert_eq!(
                refused(&engine, "deal:view", dialect, &Columns::new().owner(odd)),
                bad
            );
            assert_eq!(
                refused(
                    &engine,
                    "deal:view",
                    dialect,
                    &Columns::new().owner([odd, "owner"])
                ),
                bad
            );
        }
        let stage = owner.clone().property("stage", "stage");
        let filter = engine
            .in_context(&channel)
            .records("ann", "deal:close")
            .unwrap();
        assert_eq!(filter.to_sql(dialect, &stage), Err(SqlError::NulInText));
        // Three owners in a list of two.
        let narrow = owner.clone().at_most(2);
        assert_eq!(
            refused(&engine, "deal:view", dialect, &narrow),
            SqlError::TooWide
        );
        assert!(
            engine
                .records("ann", "deal:view")
                .unwrap()
                .to_sql(dialect, &narrow.at_most(3))
                .is_ok()
        );
    }
    // PostgreSQL would cut it, and might find another column.
    let long = "x".repeat(64);
    let bad = SqlError::BadIdentifier(long.clone());
    let columns = Columns::new().owner(long.as_str());
    assert_eq!(
        refused(&engine, "deal:view", Dialect::Postgres, &columns),
        bad
    );
    assert!(
        engine
            .records("ann", "deal:view")
            .unwrap()
            .to_sql(Dialect::Sqlite, &columns)
            .is_ok()
    );
}

/// More comparisons than SQLite parses are refused before it is asked; as many as are let through, it
/// parses.
#[test]
fn the_widest_condition_is_parsed() {
    let catalog = |alternatives: usize| {
        let when: Vec<String> = (0..alternatives)
            .map(|i| format!("[{{ resource = \"size\", is = {i} }}]"))
            .collect();
        CATALOG.replace(
            "[[{ resource = \"tags\", one_of = [\"x\"] }]]",
            &format!("[{}]", when.join(", ")),
        )
    };
    let columns = Columns::new()
        .property("size", "size")
        .property("stage", "stage");
    let widest = engine_of(&catalog(500), "all", &["ann"], None);
    let filter = widest.records("ann", "deal:tag").unwrap();
    let sql = filter.to_sql(Dialect::Sqlite, &columns).unwrap();
    let database = Connection::open_in_memory().unwrap();
    database
        .execute_batch("CREATE TABLE t (size); INSERT INTO t VALUES (499), (500), (0)")
        .unwrap();
    let query = format!("SELECT rowid FROM t WHERE {}", sql.text);
    assert_eq!(run(&database, &query, sql.values.iter().map(bound)), [1, 3]);
    let wider = engine_of(&catalog(501), "all", &["ann"], None);
    assert_eq!(
        refused(&wider, "deal:tag", Dialect::Sqlite, &columns),
        SqlError::TooWide
    );
}

/// SQLite takes `"no such column"` for a text. A condition over a column that is not there fails.
#[test]
fn a_column_that_is_not_there_is_an_error() {
    let database = Connection::open_in_memory().unwrap();
    database
        .execute_batch("CREATE TABLE t (owner TEXT); INSERT INTO t VALUES ('ann')")
        .unwrap();
    let engine = engine("own", &["ann"]);
    let columns = Columns::new().owner("ann");
    let (text, values) = sql(&engine, Dialect::Sqlite, &columns);
    let query = format!("SELECT rowid FROM t WHERE {text}");
    let error = database.prepare(&query).unwrap_err();
    assert!(error.to_string().contains("no such column"), "{error}");
    assert_eq!(values.len(), 1);
}

/// A text goes through a list as it is, whatever is in it.
#[test]
fn lists_carry_every_text() {
    let odd = [
        "ann", "q\"q", "b\\b", "\\u0041", "é", "😀", "a'b", "\u{2028}", "[x]", "x,y",
    ];
    let engine = engine("reports", &odd);
    let (text, values) = sql(&engine, Dialect::Sqlite, &Columns::new().owner("owner"));
    let database = Connection::open_in_memory().unwrap();
    database
        .execute_batch("CREATE TABLE t (owner TEXT)")
        .unwrap();
    for owner in odd.into_iter().chain(["A", "q", "x", "y"]) {
        database
            .execute("INSERT INTO t VALUES (?1)", [owner])
            .unwrap();
    }
    let query = format!("SELECT rowid FROM t WHERE {text}");
    let found = run(&database, &query, values.iter().map(bound));
    assert_eq!(found, (1..=odd.len() as i64).collect::<Vec<_>>());
}

/// A collation that leaves blanks at the end out takes the id ` ` for an empty text. `check` compares bytes.
#[test]
fn an_owner_that_a_collation_ignores_is_an_owner() {
    let engine = engine("reports", &["ann", "bob"]);
    let columns = Columns::new().owner("owner").owner_position("at");
    let (text, values) = sql(&engine, Dialect::Sqlite, &columns);
    let database = Connection::open_in_memory().unwrap();
    let rows = "CREATE TABLE placed (n, owner TEXT COLLATE RTRIM, at TEXT);
        INSERT INTO placed VALUES (1, ' ', 'p1'), (2, '', 'p1'), (3, NULL, 'p1'), (4, 'x', 'p1')";
    database.execute_batch(rows).unwrap();
    let query = format!("SELECT n FROM placed WHERE {text} ORDER BY 1");
    let found = run(&database, &query, values.iter().map(bound));
    assert_eq!(found, [1, 4]);
    let blank = Record::of("deal")
        .id("1")
        .owner(" ")
        .owner_position(OwnerPosition::Named("p1"));
    assert!(engine.check("ann", "view", &blank).is_allow());
}

/// A catalog whose conditions read the record's id and owner (D10).
fn undeclared(when: &str) -> Engine {
    let text = format!(
        "format = 1\nid = 'c'\nversion = 1\npermissions = [{{ path = 'p' }}]\n\
         types = [{{ id = 'deal', properties = {{ author = 'text', team = 'set' }} }}]\n\
         operations = [{{ type = 'deal', action = 'a', on = 'record', open = true, when = [[{when}]] }}]"
    );
    let catalog = Catalog::new(CatalogDocument::from_toml("c", &text), Warnings::Refuse).unwrap();
    let users = DirectoryDocument::new([UserDocument::new("17")]);
    Engine::new(
        &catalog,
        PolicyDocument::new(1),
        users,
        Timestamp(0),
        Warnings::Refuse,
    )
    .unwrap()
}

#[test]
fn owner_and_id_are_columns_of_ids_or_an_error_and_never_wider() {
    let engine = undeclared("{ resource = 'owner', is = { subject = 'id' } }");
    let filter = engine.records("17", "deal:a").unwrap();
    let sql = |columns: &Columns| filter.to_sql(Dialect::Postgres, columns);
    assert_eq!(sql(&Columns::new()), Err(SqlError::NoOwnerColumn));
    // A property of the same name is not the owner.
    let wrong = Columns::new().property("owner", "owner");
    assert_eq!(sql(&wrong), Err(SqlError::NoOwnerColumn));
    let columns = Columns::new().owner_as("o", IdType::Bigint);
    let found = sql(&columns).unwrap();
    assert_eq!(found.text, r#"("o" IS NOT NULL AND "o" = $1::bigint)"#);
    assert_eq!(found.values, [SqlValue::Integer(17)]);

    let engine = undeclared("{ resource = 'id', none_of = ['1'] }");
    let filter = engine.records("17", "deal:a").unwrap();
    let none = filter.to_sql(Dialect::Sqlite, &Columns::new().owner("o"));
    assert_eq!(none, Err(SqlError::NoIdColumn));
}

#[test]
fn owners_and_ids_of_every_type_are_compared_as_the_texts_they_stand_for() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE deals (o, author TEXT COLLATE NOCASE, team TEXT);
             INSERT INTO deals VALUES
               (17, '17', '[\"17\"]'), (17, '18', '[]'), (18, '17', '[\"18\"]'), (NULL, '17', '[\"17\"]'),
               ('17', '17', '[\"17\"]'), ('ann', 'ann', '[\"ann\"]'), ('ANN', 'ann', '[\"ann\"]'), ('', '', '[\"\"]');",
        )
        .unwrap();
    let rows = |when: &str, ids: IdType| -> Vec<i64> {
        let engine = undeclared(when);
        let filter = engine.records("17", "deal:a").unwrap();
        let columns = Columns::new()
            .owner_as("o", ids)
            .id_as("o", ids)
            .property("author", "author")
            .property("team", ["deals", "team"]);
        let sql = filter.to_sql(Dialect::Sqlite, &columns).unwrap();
        let text = format!("SELECT rowid FROM deals WHERE {} ORDER BY rowid", sql.text);
        let found = run(&connection, &text, sql.values.iter().map(bound));
        // What is refused is true or false as well, never NULL.
        let text = format!("SELECT count(*) FROM deals WHERE NOT ({})", sql.text);
        let rest = run(&connection, &text, sql.values.iter().map(bound));
        assert_eq!(rest, [8 - found.len() as i64], "{}", sql.text);
        found
    };
    use IdType::{Bigint, Text};
    for bearer in ["owner", "id"] {
        let rows = |when: &str, ids| rows(&when.replace("OWNER", bearer), ids);
        let is = "{ resource = 'OWNER', is = { subject = 'id' } }";
        assert_eq!([rows(is, Bigint), rows(is, Text)], [vec![1, 2], vec![5]]);
        let is_not = "{ resource = 'OWNER', is_not = { subject = 'id' } }";
        assert_eq!(
            [rows(is_not, Bigint), rows(is_not, Text)],
            [vec![3], vec![6, 7]]
        );
        let one_of = "{ resource = 'OWNER', one_of = ['17', 'ann', ''] }";
        assert_eq!(
            [rows(one_of, Bigint), rows(one_of, Text)],
            [vec![1, 2], vec![5, 6]]
        );
        let none_of = "{ resource = 'OWNER', none_of = ['17', '018', 'ANN'] }";
        assert_eq!(
            [rows(none_of, Bigint), rows(none_of, Text)],
            [vec![3], vec![6]]
        );
        let author = "{ resource = 'author', is = { resource = 'OWNER' } }";
        assert_eq!(
            [rows(author, Bigint), rows(author, Text)],
            [vec![1], vec![5, 6]]
        );
        let team = "{ resource = 'OWNER', one_of = { resource = 'team' } }";
        assert_eq!(
            [rows(team, Bigint), rows(team, Text)],
            [vec![1, 3], vec![5, 6]]
        );
        let other_team = "{ resource = 'team', none_of = { resource = 'OWNER' } }";
        assert_eq!(
            [rows(other_team, Bigint), rows(other_team, Text)],
            [vec![2], vec![7]]
        );
    }
}
