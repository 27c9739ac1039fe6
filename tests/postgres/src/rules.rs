//! What only a server can tell: casts of ids, indexes used, collations that are careless indeed.

use std::time::{Duration, Instant};

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, PositionDocument, PropertyValue,
    UserDocument,
};
use bailiwick::query::sql::{Columns, Dialect, IdType, SqlCondition};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};
use postgres::Client;

use crate::comparisons::{every_comparison, fits};
use crate::{bound, run};

const CATALOG: &str = r#"
    format = 2
    id = "crm"
    version = 1
    permissions = [{ path = "deals", scopes = ["own", "reports", "all"] }]
    types = [{ id = "deal" }]
    operations = [{ type = "deal", action = "view", on = "record", allowed_by = ["deals"] }]
"#;

const UUIDS: [&str; 3] = [
    "0a000000-0000-4000-8000-000000000001",
    "0a000000-0000-4000-8000-000000000002",
    "0a000000-0000-4000-8000-000000000003",
];

/// The condition of the first user, whom the others report to.
fn condition(ids: &[&str], columns: &Columns) -> SqlCondition {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a catalog");
    let role = "format = 2\ncatalog_version = 1\nroles = [{ id = \"role\", grants = [{ select = \"deals\", scope = \"reports\" }] }]";
    let mut policy = PolicyDocument::from_toml("policy.toml", role)
        .into_document()
        .expect("a policy");
    let position = |id: &str, above: &[&str]| PositionDocument {
        id: id.to_owned(),
        name: None,
        reports_to: above.iter().map(|it| (*it).to_owned()).collect(),
    };
    policy.positions = vec![position("top", &[]), position("low", &["top"])];
    let users = ids.iter().zip(0..).map(|(id, i)| match i {
        0 => UserDocument::new(*id).position("top").role("role"),
        _ => UserDocument::new(*id).position("low"),
    });
    let directory = DirectoryDocument::new(users);
    let engine = Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("an engine");
    let filter = engine.records(ids[0], "deal:view").expect("of records");
    filter
        .to_sql(Dialect::Postgres, columns)
        .expect("a condition")
}

/// Ids held as `uuid`, `bigint` and narrower integers.
pub(crate) fn ids(client: &mut Client) {
    client
        .batch_execute(&format!(
            "CREATE TEMP TABLE ids (n bigint, u uuid, b bigint, i integer, s smallint);
             INSERT INTO ids VALUES (1, '{}', 7, 7, 7), (2, '{}', -8, -8, -8), (3, '{}', 9, 9, 9),
                (4, NULL, NULL, NULL, NULL)",
            UUIDS[0],
            UUIDS[1].to_uppercase(),
            UUIDS[2],
        ))
        .expect("a table");
    let upper = UUIDS[2].to_uppercase();
    for (many, wanted) in [
        (vec![UUIDS[0], UUIDS[1], &upper], vec![1, 2]),
        (vec![UUIDS[2]], vec![3]),
    ] {
        let sql = condition(&many, &Columns::new().owner_as("u", IdType::Uuid));
        assert_eq!(
            run(
                client,
                &format!("SELECT n FROM ids WHERE {} ORDER BY 1", sql.text),
                &sql.values
            ),
            wanted
        );
    }
    for column in ["b", "i", "s"] {
        for (many, wanted) in [(vec!["7", "-8", "09"], vec![1, 2]), (vec!["9"], vec![3])] {
            let sql = condition(&many, &Columns::new().owner_as(column, IdType::Bigint));
            assert_eq!(
                run(
                    client,
                    &format!("SELECT n FROM ids WHERE {} ORDER BY 1", sql.text),
                    &sql.values
                ),
                wanted
            );
        }
    }
}

/// An index on the plain column is used, for one owner and for many.
pub(crate) fn indexes(client: &mut Client) {
    client
        .batch_execute(&format!(
            "CREATE TEMP TABLE deals (n bigint, owner text, account text COLLATE careless, u uuid, b bigint);
             INSERT INTO deals SELECT i, 'user-' || i % 1000, 'user-' || i % 1000, '{}', i % 1000
                FROM generate_series(1, 20000) AS i;
             CREATE INDEX deals_owner ON deals (owner);
             CREATE INDEX deals_account ON deals (account);
             CREATE INDEX deals_b ON deals (b);
             ANALYZE deals",
            UUIDS[0],
        ))
        .expect("a table");
    let text = |column: &str| Columns::new().owner(column);
    let numbers = Columns::new().owner_as("b", IdType::Bigint);
    for (columns, ids, index) in [
        (text("owner"), ["user-1", "user-2", "user-3"], "deals_owner"),
        (
            text("account"),
            ["user-1", "user-2", "user-3"],
            "deals_account",
        ),
        (numbers, ["1", "2", "3"], "deals_b"),
    ] {
        for ids in [&ids[..1], &ids[..]] {
            let sql = condition(ids, &columns);
            let query = format!("EXPLAIN SELECT n FROM deals WHERE {}", sql.text);
            let values: Vec<_> = sql.values.iter().map(bound).collect();
            let values: Vec<_> = values.iter().map(AsRef::as_ref).collect();
            let plan: Vec<String> = client
                .query(&query, &values)
                .expect("a plan")
                .iter()
                .map(|row| row.get(0))
                .collect();
            assert!(
                plan.iter().any(|it| it.contains(index)),
                "{query}\n{}",
                plan.join("\n")
            );
            let found = run(
                client,
                &format!("SELECT n FROM deals WHERE {}", sql.text),
                &sql.values,
            );
            assert_eq!(found.len(), 20 * ids.len());
        }
    }
}

/// The collation that the worlds use does take different texts for equal; the condition does not.
pub(crate) fn collations_are_careless(client: &mut Client) {
    client
        .batch_execute(
            "CREATE TEMP TABLE names (n bigint, owner text COLLATE careless, c citext);
             INSERT INTO names VALUES (1, 'ann', 'ann'), (2, 'ANN', 'ANN'), (3, 'änn', 'änn')",
        )
        .expect("a table");
    let careless = run(
        client,
        "SELECT n FROM names WHERE owner = 'ann' ORDER BY 1",
        &[],
    );
    assert_eq!(careless, [1, 2, 3]);
    assert_eq!(
        run(
            client,
            "SELECT n FROM names WHERE c = 'ann' ORDER BY 1",
            &[]
        ),
        [1, 2]
    );
    for column in ["owner", "c"] {
        for ids in [&["ann"][..], &["ann", "bob"]] {
            let sql = condition(ids, &Columns::new().owner(column));
            let query = format!("SELECT n FROM names WHERE {}", sql.text);
            assert_eq!(run(client, &query, &sql.values), [1]);
        }
    }
}

/// Found by a random world: an owner's id that the column's collation takes for an empty text was no owner.
/// `check` compares bytes: only an empty text is none.
pub(crate) fn an_owner_that_a_collation_ignores_is_an_owner(client: &mut Client) {
    client
        .batch_execute(
            "CREATE TEMP TABLE placed (n bigint, owner text COLLATE careless, at text);
             INSERT INTO placed VALUES (1, U&'\\00AD', 'low'), (2, '', 'low'), (3, NULL, 'low'), (4, 'x', 'low')",
        )
        .expect("a table");
    let ignored = "SELECT n FROM placed WHERE owner = '' ORDER BY 1";
    assert_eq!(run(client, ignored, &[]), [1, 2]);
    let sql = condition(
        &["ann"],
        &Columns::new().owner("owner").owner_position("at"),
    );
    let query = format!("SELECT n FROM placed WHERE {} ORDER BY 1", sql.text);
    assert_eq!(run(client, &query, &sql.values), [1, 4]);
}

/// One row whose array has several dimensions, or holds `NULL`, is left out by itself: the others are
/// selected.
pub(crate) fn one_row_breaks_no_list(client: &mut Client) {
    const SETS: &str = r#"
        format = 2
        id = "crm"
        version = 1
        permissions = [{ path = "deals" }]
        types = [{ id = "deal", properties = { tags = "set", more = "set", name = "text" } }]
        operations = [OPERATIONS]
    "#;
    // What each selects of the sound rows, which are the first two.
    let when: [(&str, &[i64]); 10] = [
        ("{ resource = 'tags', one_of = ['vip'] }", &[1]),
        ("{ resource = 'tags', none_of = ['vip'] }", &[2]),
        ("{ resource = 'tags', none_of = ['nothing'] }", &[1, 2]),
        ("{ resource = 'tags', is = { resource = 'more' } }", &[2]),
        (
            "{ resource = 'tags', is_not = { resource = 'more' } }",
            &[1],
        ),
        (
            "{ resource = 'more', is_not = { resource = 'tags' } }",
            &[1],
        ),
        ("{ resource = 'tags', one_of = { resource = 'more' } }", &[]),
        (
            "{ resource = 'more', none_of = { resource = 'tags' } }",
            &[1, 2],
        ),
        (
            "{ resource = 'name', one_of = { resource = 'tags' } }",
            &[1],
        ),
        (
            "{ resource = 'tags', none_of = { resource = 'name' } }",
            &[2],
        ),
    ];
    let operations: Vec<String> = when
        .iter()
        .zip(0..)
        .map(|((when, _), i)| {
            format!(
                "{{ type = 'deal', action = '{i}', on = 'record', open = true, when = [[{when}]] }}"
            )
        })
        .collect();
    let catalog = SETS.replace("OPERATIONS", &operations.join(", "));
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &catalog),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a catalog");
    let directory = DirectoryDocument::new([UserDocument::new("ann")]);
    let engine = Engine::new(
        &catalog,
        PolicyDocument::new(1),
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("an engine");
    client
        .batch_execute(
            "CREATE TEMP TABLE sets (n bigint, tags text[], more text[], name text);
             INSERT INTO sets VALUES
                (1, '[3:4]={vip,x}', '{}', 'vip'), (2, '{}', '{}', 'vip'),
                (3, '{{vip,x},{y,z}}', '{}', 'vip'), (4, '{}', '{{vip}}', 'vip'),
                (5, '{{{vip}}}', '{{{vip}}}', 'vip'), (6, '{vip,NULL}', '{NULL}', 'vip'),
                (7, NULL, '{}', 'vip'), (8, '{}', NULL, NULL), (9, '{{vip,NULL}}', '{}', 'vip')",
        )
        .expect("a table");
    let columns = Columns::new()
        .property("tags", ["sets", "tags"])
        .property("more", ["sets", "more"])
        .property("name", "name");
    for ((when, wanted), i) in when.iter().zip(0..) {
        let filter = engine
            .records("ann", format!("deal:{i}").as_str())
            .expect("of records");
        let sql = filter
            .to_sql(Dialect::Postgres, &columns)
            .expect("columns for everything");
        // Rows whose other column is no set may be selected where that is not read.
        let text = format!("SELECT n FROM sets WHERE {} ORDER BY 1", sql.text);
        let found = run(client, &text, &sql.values);
        let sound: Vec<i64> = found.iter().copied().filter(|n| *n <= 2).collect();
        assert_eq!(sound, *wanted, "{when}");
        let broken = |n: &i64| match when.contains("'more'") {
            true => *n > 2,
            false => *n > 2 && ![4, 8].contains(n),
        };
        assert!(!found.iter().any(broken), "{when}: {found:?}");
        let not = format!("SELECT n FROM sets WHERE NOT ({})", sql.text);
        assert_eq!(
            found.len() + run(client, &not, &sql.values).len(),
            9,
            "{when}"
        );
    }
    // Cells of many texts are read once each, not one for each text of the other.
    client
        .batch_execute(
            "TRUNCATE sets;
             INSERT INTO sets SELECT 1, array_agg('text ' || it), array_agg('text ' || it + 20000), 'text 5'
             FROM generate_series(1, 20000) AS it",
        )
        .expect("a row");
    for ((when, _), i) in when.iter().zip(0..) {
        let filter = engine
            .records("ann", format!("deal:{i}").as_str())
            .expect("of records");
        let sql = filter
            .to_sql(Dialect::Postgres, &columns)
            .expect("columns for everything");
        let started = Instant::now();
        let text = format!("SELECT n FROM sets WHERE {}", sql.text);
        let found = run(client, &text, &sql.values);
        let took = started.elapsed();
        println!("  {took:>8.1?} {when}");
        assert!(took < Duration::from_secs(2), "{when} took {took:?}");
        let differ = when.contains("none_of") || when.contains("is_not");
        let is_in =
            when.contains("'name', one_of") || when.contains("none_of = { resource = 'name'");
        assert_eq!(found.len() == 1, differ != is_in, "{when}");
    }
}

/// Every comparison, over columns of the types compared.
pub(crate) fn comparisons(client: &mut Client) {
    every_comparison(|row| {
        if !fits(row.left) || !fits(row.right) {
            return None;
        }
        let typed = [row.left, row.right].map(|(kind, value)| {
            let kind = match kind {
                "integer" => "bigint",
                "set" => "text[]",
                other => other,
            };
            let value = match value {
                None => "NULL".to_owned(),
                Some(PropertyValue::Text(text)) => format!("'{text}'"),
                Some(PropertyValue::Integer(n)) => format!("'{n}'"),
                Some(PropertyValue::Boolean(b)) => format!("{b}"),
                Some(PropertyValue::Set(texts)) => {
                    let quoted: Vec<String> = texts.iter().map(|it| format!("'{it}'")).collect();
                    format!("ARRAY[{}]", quoted.join(", "))
                }
            };
            format!("{value}::{kind}")
        });
        let sql = row
            .filter
            .to_sql(Dialect::Postgres, row.columns)
            .expect("columns for everything");
        let [left, right] = typed;
        let table = format!("(VALUES ({left}, {right})) AS t (l, r)");
        Some(run(
            client,
            &format!("SELECT count(*) FROM {table} WHERE {}", sql.text),
            &sql.values,
        ))
    });
}

/// Conditions on the record's id and owner, over columns of every type of id: as the texts that the host
/// makes of them, byte for byte (D10).
pub(crate) fn ids_that_conditions_read(client: &mut Client) {
    const DEALS: &str = r#"
        format = 2
        id = "crm"
        version = 1
        permissions = [{ path = "deals" }]
        types = [{ id = "deal", properties = { author = "text", team = "set" } }]
        operations = [{ type = "deal", action = "a", on = "record", open = true, when = [[WHEN]] }]
    "#;
    client
        .batch_execute(&format!(
            "CREATE TEMP TABLE read (n bigint, u uuid, b bigint, t text COLLATE careless, author text COLLATE careless, team text[]);
             INSERT INTO read VALUES
                (1, '{one}', 7, 'ann', 'ann', '{{ann,7,{one}}}'), (2, '{two}', -8, 'ANN', 'ann', '{{ann,-8,{two}}}'),
                (3, NULL, NULL, NULL, 'ann', '{{ann}}'), (4, '{three}', 9, '', '', '{{\"\"}}')",
            one = UUIDS[0],
            two = UUIDS[1],
            three = UUIDS[2],
        ))
        .expect("a table");
    let upper = UUIDS[0].to_uppercase();
    for (column, ids, mine) in [
        ("u", IdType::Uuid, UUIDS[0]),
        ("b", IdType::Bigint, "7"),
        ("t", IdType::Text, "ann"),
    ] {
        for bearer in ["owner", "id"] {
            let mut select = |when: &str| -> Vec<i64> {
                let when = when.replace("IT", bearer);
                let catalog = DEALS.replace("WHEN", &when);
                let catalog = CatalogDocument::from_toml("catalog.toml", &catalog);
                let catalog =
                    Catalog::new(catalog, Warnings::Into(&mut Vec::new())).expect("a catalog");
                let engine = Engine::new(
                    &catalog,
                    PolicyDocument::new(1),
                    DirectoryDocument::new([UserDocument::new(mine)]),
                    Timestamp(0),
                    Warnings::Into(&mut Vec::new()),
                )
                .expect("an engine");
                let columns = Columns::new()
                    .owner_as(column, ids)
                    .id_as(column, ids)
                    .property("author", "author")
                    .property("team", ["read", "team"]);
                let filter = engine.records(mine, "deal:a").expect("of records");
                let sql = filter
                    .to_sql(Dialect::Postgres, &columns)
                    .expect("columns for everything");
                let found = run(
                    client,
                    &format!("SELECT n FROM read WHERE {} ORDER BY 1", sql.text),
                    &sql.values,
                );
                let rest = format!("SELECT n FROM read WHERE NOT ({})", sql.text);
                assert_eq!(
                    run(client, &rest, &sql.values).len() + found.len(),
                    4,
                    "{}",
                    sql.text
                );
                found
            };
            // An empty text is no id; that of row 4 is, of other types.
            let other: &[i64] = if column == "t" { &[2] } else { &[2, 4] };
            assert_eq!(select("{ resource = 'IT', is = { subject = 'id' } }"), [1]);
            assert_eq!(
                select("{ resource = 'IT', is_not = { subject = 'id' } }"),
                other
            );
            let list = format!("['{mine}', '{upper}', '07', 'Ann', '']");
            assert_eq!(
                select(&format!("{{ resource = 'IT', one_of = {list} }}")),
                [1]
            );
            assert_eq!(
                select(&format!("{{ resource = 'IT', none_of = {list} }}")),
                other
            );
            let team = "{ resource = 'team', one_of = { resource = 'IT' } }";
            let of_team: &[i64] = if column == "t" { &[1] } else { &[1, 2] };
            assert_eq!(select(team), of_team);
            let author = "{ resource = 'author', is = { resource = 'IT' } }";
            let of_author: &[i64] = if column == "t" { &[1] } else { &[] };
            assert_eq!(select(author), of_author);
        }
    }
}
