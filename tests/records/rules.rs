//! Single rules, each by an example.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::query::{Expression, RecordsError};
use bailiwick::{
    Catalog, Engine, Owner, PropertyMap, Record, Resource, Subject, Timestamp, Token, Warnings,
};

const CATALOG: &str = r#"
    format = 2
    id = "crm"
    version = 1
    accounts = "many"
    reach = "accessible"
    features = [{ id = "archive" }]
    permissions = [
      { path = "deals", scopes = ["own", "reports", "peers", "all"] },
      { path = "all_deals" },
      { path = "archive" },
      { path = "exports" },
    ]
    types = [{ id = "deal", properties = { stage = "text" } }, { id = "note" }]
    subject_properties = { region = "text" }
    context_properties = { channel = "text" }
    operations = [
      { type = "deal", action = "view", on = "record", allowed_by = ["deals", "all_deals"] },
      { type = "deal", action = "close", on = "record", allowed_by = [{ permission = "deals", when = [[{ resource = "stage", is_not = "won" }]] }], when = [[{ context = "channel", is = "web" }]] },
      { type = "deal", action = "archive", on = "record", allowed_by = ["deals"], features = ["archive"] },
      { type = "deal", action = "export", on = "type", allowed_by = ["exports"], filtered_by = "deal:view" },
      { type = "deal", action = "share", on = "record", allowed_by = [{ permission = "deals", when = [[{ subject = "region", is = { resource = "stage" } }]] }] },
      { type = "note", action = "read", on = "record", open = true },
    ]
    tokens = { account_roles = true }
"#;

const POLICY: &str = r#"
    format = 2
    account = "acme"
    catalog_version = 1
    positions = [{ id = "lead" }, { id = "sales", reports_to = ["lead"] }]
    roles = [
      { id = "owner", grants = [{ select = "deals", scope = "own" }, "exports"] },
      { id = "reports", grants = [{ select = "deals", scope = "reports" }] },
      { id = "peers", grants = [{ select = "deals", scope = "peers" }] },
      { id = "auditor", grants = ["all_deals"] },
    ]
"#;

const DIRECTORY: &str = r#"
    format = 2
    users = [
      { id = "ann", position = "lead", roles = ["reports"], properties = { region = "east" } },
      { id = "bob", position = "sales", roles = ["owner"] },
      { id = "cay", position = "sales", roles = ["peers"] },
      { id = "dee", position = "lead", roles = ["owner", "auditor"] },
      { id = "eve", roles = ["peers"], suspended = true },
      { id = "flo", roles = ["peers"] },
    ]
"#;

fn engine() -> Engine {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let policy = PolicyDocument::from_toml("policy.toml", POLICY);
    let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY);
    Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

fn owners(engine: &Engine, user: &str, operation: &str) -> Vec<String> {
    let filter = engine
        .records(engine.user(user).unwrap(), operation)
        .unwrap();
    let names = filter
        .owners()
        .map(|it| engine.user_name(it).unwrap().to_owned());
    names.collect()
}

/// Q4, D14: an operation on the type is refused, and says which one has records.
#[test]
fn an_operation_on_the_type_names_the_one_that_filters_it() {
    let engine = engine();
    let user = engine.user("bob").unwrap();
    let view = engine.catalog().operation("deal", "view");
    let refused = engine.records(user, "deal:export").unwrap_err();
    assert_eq!(refused, RecordsError::OnType { filtered_by: view });
    for unknown in ["deal:vew", "view", "", ":", "lead:view"] {
        let refused = engine.records(user, unknown).unwrap_err();
        assert_eq!(refused, RecordsError::UnknownOperation, "{unknown}");
    }
    let foreign = self::engine().catalog().operation("deal", "view").unwrap();
    let refused = engine.records(user, foreign).unwrap_err();
    assert_eq!(refused, RecordsError::UnknownOperation);
}

/// Whoever `check` denies on every record has a filter that accepts nothing.
#[test]
fn a_subject_that_is_denied_everything_gets_nothing() {
    let engine = engine();
    let foreign = self::engine().user("dee").unwrap();
    let token = Token::new(["no such role"]).id("dee");
    let subjects = [
        Subject::user("nobody").account("acme"),
        Subject::user("dee"),
        Subject::user("dee").account("globex"),
        Subject::user("eve").account("acme"),
        Subject::user("").account("acme"),
        Subject::from(&token).account("acme"),
        Subject::role("no such role").account("acme"),
        Subject::from(foreign),
    ];
    for subject in subjects {
        let filter = engine.records(subject, "deal:view").unwrap();
        assert!(
            filter.is_nothing() && !filter.is_everything(),
            "{subject:?}"
        );
        assert_eq!(filter.expression(), Expression::Nothing);
        assert_eq!((filter.owner_count(), filter.position_count()), (0, 0));
        assert!(!filter.reaches_unowned());
        assert!(!filter.owner_set().unwrap().contains(None));
    }
    // A feature that is not enabled, and a condition of the context that fails already.
    let ann = engine.user("ann").unwrap();
    assert!(engine.records(ann, "deal:archive").unwrap().is_nothing());
    assert!(engine.records(ann, "deal:close").unwrap().is_nothing());
}

/// S1, S3: whose records each scope reaches.
#[test]
fn scopes_reach_their_owners() {
    let engine = engine();
    assert_eq!(owners(&engine, "bob", "deal:view"), ["bob"]);
    assert_eq!(owners(&engine, "cay", "deal:view"), ["bob", "cay"]);
    assert_eq!(owners(&engine, "flo", "deal:view"), ["flo"]);
    assert_eq!(owners(&engine, "ann", "deal:view"), ["ann", "bob", "cay"]);
    let all = ["ann", "bob", "cay", "dee", "eve", "flo"];
    assert_eq!(owners(&engine, "dee", "deal:view"), all);
    assert_eq!(owners(&engine, "flo", "note:read"), all);
}

/// D10: conditions on the context and the subject are settled when the filter is made.
#[test]
fn what_is_known_of_a_condition_is_folded_away() {
    let engine = engine();
    let ann = engine.user("ann").unwrap();
    let mut web = PropertyMap::new();
    web.set("channel", "web");
    let filter = engine.in_context(&web).records(ann, "deal:close").unwrap();
    let json = serde_json::to_value(filter.expression()).unwrap();
    assert_eq!(
        json,
        serde_json::json!({ "all_of": [
            { "owner": { "is": "ann", "below": "lead", "at": null } },
            { "property": {
                "property": { "name": "stage", "kind": "text" },
                "operator": "is_not",
                "operand": { "text": "won" },
            } },
        ] })
    );
    assert!(filter.owner_set().is_err() && filter.depends_on_properties());
    let deal = Record::of("deal").account("acme").owner("bob");
    assert!(filter.matches(&deal.clone().property("stage", "open")));
    assert!(!filter.matches(&deal.clone().property("stage", "won")));
    assert!(!filter.matches(&deal.clone().property("stage", 1)));
    assert!(!filter.matches(&deal));

    // The sides are exchanged where the subject's property stands on the left.
    let filter = engine.records(ann, "deal:share").unwrap();
    assert!(filter.matches(&deal.clone().property("stage", "east")));
    assert!(!filter.matches(&deal.property("stage", "west")));
    // Bob has no region.
    let bob = engine.user("bob").unwrap();
    assert!(engine.records(bob, "deal:share").unwrap().is_nothing());
}

/// S6: what somebody below can access is everything, conditions aside.
#[test]
fn what_is_lent_is_in_the_filter() {
    let mut policy = PolicyDocument::from_toml("policy.toml", POLICY)
        .into_document()
        .unwrap();
    policy.roles[1].id = "reports".to_owned();
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let mut directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY)
        .into_document()
        .unwrap();
    policy.roles.push(
        bailiwick::document::RoleDocument::new("everything")
            .grant(("deals", bailiwick::Scope::All)),
    );
    directory.users[1].roles[0].id = "everything".to_owned();
    let engine = Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    assert!(
        engine
            .records(engine.user("ann").unwrap(), "deal:view")
            .unwrap()
            .is_everything()
    );
    // Cay is beside Bob, not above.
    assert!(
        !engine
            .records(engine.user("cay").unwrap(), "deal:view")
            .unwrap()
            .is_everything()
    );
}

/// Columns of every length, with owners of another account and none, in every scope.
#[test]
fn columns_of_owners_are_filtered_row_by_row() {
    let (engine, other) = (engine(), self::engine());
    struct Deal(Option<bailiwick::UserId>);
    impl Resource for Deal {
        fn account(&self) -> Option<&str> {
            Some("acme")
        }
        fn owner(&self) -> Owner<'_> {
            self.0.map_or(Owner::None, Owner::User)
        }
    }
    let users = ["ann", "bob", "cay", "dee", "eve", "flo"];
    let some = |i: usize| match i % 5 {
        0 => None,
        1 => other.user(users[i % 6]),
        _ => engine.user(users[i * 7 % 6]),
    };
    let view = engine.catalog().operation("deal", "view").unwrap();
    for user in users {
        let user = engine.user(user).unwrap();
        let filter = engine.records(user, view).unwrap();
        let set = filter.owner_set().unwrap();
        for length in [0, 1, 63, 64, 65, 127, 128, 200] {
            let column: Vec<_> = (0..length).map(some).collect();
            let allowed = |row: &u32| {
                engine
                    .check(user, view, &Deal(column[*row as usize]))
                    .is_allow()
            };
            let wanted: Vec<u32> = (0..length as u32).filter(allowed).collect();
            // What was there stays.
            let mut rows = vec![7];
            set.select(&column, &mut rows);
            assert_eq!((rows[0], &rows[1..]), (7, wanted.as_slice()));
            let mut bits = Vec::new();
            set.mark(&column, &mut bits);
            assert_eq!(bits.len(), length.div_ceil(64));
            let marked = |row: &u32| bits[*row as usize / 64] >> (row % 64) & 1 == 1;
            assert!((0..length as u32).filter(marked).eq(wanted));
        }
    }
}

/// A filter is asked about many records: it allocates nothing, accepted or refused.
#[test]
fn asking_a_filter_allocates_nothing() {
    let engine = engine();
    let mut web = PropertyMap::new();
    web.set("channel", "web");
    let ann = engine.user("ann").unwrap();
    let filter = engine.in_context(&web).records(ann, "deal:close").unwrap();
    let records = ["won", "open"].map(|stage| {
        let deal = Record::of("deal").account("acme").id("1").owner("bob");
        deal.property("stage", stage)
    });
    let measured = allocation_counter::measure(|| {
        let accepted = records.each_ref().map(|it| filter.matches(it));
        assert_eq!(accepted, [false, true]);
    });
    assert_eq!(measured.count_total, 0);
}
