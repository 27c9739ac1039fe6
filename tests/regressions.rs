//! What was once wrong, each with how it was found.

#![cfg(all(feature = "toml", feature = "json"))]

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    Bundle, CatalogDocument, DirectoryDocument, PolicyDocument, PropertyValue, UserDocument,
};
use bailiwick::{
    Accounts, Catalog, Context, Decision, Engine, OnType, Owner, Problems, PropertyId, Record,
    Resource, Subject, Timestamp, Token, Value, Warnings,
};

const CATALOG: &str = r#"
format = 2
id = "shop"
version = 2
features = [{ id = "export" }]
permissions = [
  { path = "orders" },
  { path = "orders.edit", requires = ["orders"] },
  { path = "orders.edit.price" },
]
types = [{ id = "order", properties = { status = "text" } }]
subject_properties = { ab = "text", aa = "text", ac = "text" }
context_properties = { hour = "integer" }

[[operations]]
type = "order"
action = "edit"
on = "record"
allowed_by = ["orders.edit"]
when = [[{ resource = "status", is = "draft" }]]

[[operations]]
type = "order"
action = "list"
on = "type"
allowed_by = ["orders"]

[[roles]]
id = "system:base"
grants = ["orders"]
denies = ["orders.edit.price"]

[[roles]]
id = "system:gone"
inherits = ["system:base"]
retired = 2

[tokens]
system_roles = ["system:gone"]
"#;

fn catalog() -> Catalog {
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

fn engine(policy: &str, users: &str) -> Engine {
    let policy = PolicyDocument::from_toml("policy.toml", policy);
    let users = DirectoryDocument::from_toml("directory.toml", users);
    Engine::new(
        &catalog(),
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

fn lines(problems: &Problems) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// Found by review: only its own grants were inert, what it inherited came through.
#[test]
fn a_retired_role_grants_nothing_and_goes_on_denying() {
    let engine = engine(
        r#"
format = 2
catalog_version = 1
roles = [{ id = "editor", grants = ["orders.*"] }]
"#,
        r#"
format = 2
users = [
  { id = "ann", roles = ["system:gone"] },
  { id = "bob", roles = ["editor"] },
  { id = "cam", roles = ["editor", "system:gone"] },
]
"#,
    );
    let orders = OnType::named("order");
    assert_eq!(engine.check("ann", "list", &orders).code(), "not_granted");
    let token = Token::new(["system:gone"]).id("t");
    assert_eq!(engine.check(&token, "list", &orders).code(), "not_granted");
    assert!(engine.check("bob", "list", &orders).is_allow());
    assert!(engine.check("cam", "list", &orders).is_allow());
}

/// Found by review: the problems went with the first part that could be read, or with none.
#[test]
fn a_bundle_loses_no_problem() {
    for (text, expected) in [
        ("[catlog]\nformat = 1", "unknown field `catlog`"),
        ("[directory]\nusers = []", "`format` is missing"),
        ("[catalog]\nid = \"x\"\nversion = 1", "`format` is missing"),
    ] {
        let problems = Bundle::from_toml("bundle.toml", text).split().unwrap_err();
        assert!(problems.to_string().contains(expected), "{problems}");
    }
    let parts = Bundle::from_toml("bundle.toml", "[directory]\nformat = 1")
        .split()
        .unwrap();
    assert!(parts.catalog.is_none() && parts.policy.is_none() && parts.directory.is_some());
}

/// Found by review: no alternative at all was taken for no condition at all.
#[test]
fn an_empty_when_is_refused() {
    let text = CATALOG.replace(
        "when = [[{ resource = \"status\", is = \"draft\" }]]",
        "when = []",
    );
    let problems = Catalog::new(
        CatalogDocument::from_toml("c", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_err();
    assert!(
        problems.to_string().contains("`when` is empty"),
        "{problems}"
    );
}

/// Found by review: one field of the envelope that could not be read hid every other mistake.
#[test]
fn a_field_that_cannot_be_read_hides_nothing() {
    let policy = PolicyDocument::from_toml(
        "policy.toml",
        r#"
catalog_version = "3"
features = ["exprot"]
roles = [{ grants = ["ordres"] }, { id = "x", grants = ["orders.edti"] }]
"#,
    );
    let users = DirectoryDocument::from_toml("users.toml", "format = 2\nusers = [{ id = \"\" }]");
    let problems = Engine::new(
        &catalog(),
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_err();
    assert_eq!(
        lines(&problems),
        [
            "policy.toml:1:1: `format` is missing",
            "policy.toml:2:19: expected an integer from 0 to 4294967295, found the text `3`",
            "policy.toml:3:13: unknown feature `exprot`; did you mean `export`?",
            "policy.toml:4:10: `id` is missing",
            "policy.toml:4:22: unknown permission `ordres`; did you mean `orders`?",
            "policy.toml:4:57: unknown permission `orders.edti`; did you mean `orders.edit`?",
            "users.toml:2:17: an identifier cannot be empty",
        ]
    );
}

/// Found by hostile input: items that could not be read moved the places of those behind them.
#[test]
fn what_could_not_be_read_moves_no_place() {
    let policy = PolicyDocument::from_json(
        "policy.json",
        r#"{ "format": 2, "catalog_version": 2, "roles": [1, { "id": "a", "grants": ["x"] }, 2, { "id": "b", "grants": ["y"] }] }"#,
    );
    let nobody = DirectoryDocument::new([]);
    let problems = Engine::new(
        &catalog(),
        policy,
        nobody,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_err();
    assert_eq!(
        lines(&problems),
        [
            "policy.json: roles[0]: expected a table, found the integer `1`",
            "policy.json: roles[2]: expected a table, found the integer `2`",
            "policy.json: roles[1].grants[0].select: unknown permission `x`",
            "policy.json: roles[3].grants[0].select: unknown permission `y`",
        ]
    );
}

/// Found by review: an account that is not loaded was looked at before identifiers and what is missing.
#[test]
fn accounts_give_reasons_in_order() {
    let many = CATALOG.replace("version = 2\n", "version = 2\naccounts = \"many\"\n");
    let catalog = Catalog::new(
        CatalogDocument::from_toml("c", &many),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let accounts = Accounts::new(catalog);
    let ask = |subject: Subject<'_>, account: Option<&str>| {
        let orders = OnType::named("order");
        let orders = account.map_or(orders, |account| orders.account(account));
        accounts.check(subject, "list", &orders).code()
    };
    let ann = Subject::user("ann");
    assert_eq!(ask(Subject::user(""), Some("acme")), "invalid_identifier");
    assert_eq!(ask(Subject::user(""), None), "invalid_identifier");
    assert_eq!(ask(ann, Some("")), "invalid_identifier");
    assert_eq!(ask(ann.account("acme"), None), "missing_account");
    assert_eq!(ask(ann, Some("acme")), "missing_account");
    assert_eq!(ask(ann.account("acme"), Some("acme")), "wrong_account");
}

/// Found by review: a decision of another catalog was described with the wrong names.
#[test]
fn a_decision_of_another_catalog_is_described_without_names() {
    let users = "format = 2\nusers = [{ id = \"ann\" }]";
    let policy = "format = 2\ncatalog_version = 2";
    let (one, other) = (engine(policy, users), engine(policy, users));
    let decision = one.check("ann", "list", &OnType::named("order"));
    assert_eq!(
        one.describe(decision).to_string(),
        "denied: no role grants `orders`"
    );
    let foreign = other.describe(decision).to_string();
    assert_eq!(foreign, "denied: no role grants the permission");
}

/// Found by review: the loader did not name the prerequisites that a wildcard misses (S5).
#[test]
fn a_wildcard_that_misses_a_prerequisite_is_warned_of() {
    let policy = PolicyDocument::from_toml(
        "policy.toml",
        r#"
format = 2
catalog_version = 2
roles = [{ id = "half", grants = ["orders.edit.*"] }, { id = "whole", grants = ["orders.*"] }]
"#,
    );
    let nobody = DirectoryDocument::new([]);
    let mut found = Vec::new();
    let collected = Warnings::Into(&mut found);
    Engine::new(&catalog(), policy, nobody, Timestamp(0), collected).unwrap();
    let warnings: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "policy.toml:4:35: `orders.edit.*` grants what has no effect without `orders`, which the role does not have"
        ]
    );
}

/// Found by review: the nearest of several names came in the order of a hash table.
#[test]
fn the_nearest_name_is_always_the_same() {
    let nearest = || {
        let ann = UserDocument::new("ann").property("ax", PropertyValue::Boolean(true));
        let policy = PolicyDocument::new(2);
        let problems = Engine::new(
            &catalog(),
            policy,
            DirectoryDocument::new([ann]),
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        problems.unwrap_err().to_string()
    };
    let first = nearest();
    assert!(first.contains("did you mean `aa`?"), "{first}");
    for _ in 0..30 {
        assert_eq!(nearest(), first);
    }
}

/// Found by review: nothing gave a host the handle that `Resource::property` is asked with.
#[test]
fn properties_are_known_by_handle() {
    struct Order(PropertyId);
    impl Resource for Order {
        fn owner(&self) -> Owner<'_> {
            Owner::Named("ann")
        }
        fn property(&self, property: PropertyId, _: &str) -> Option<Value<'_>> {
            (property == self.0).then_some(Value::Text("draft"))
        }
    }
    let engine = engine(
        "format = 2\ncatalog_version = 2\nroles = [{ id = \"editor\", grants = [\"orders.*\"] }]",
        "format = 2\nusers = [{ id = \"ann\", roles = [\"editor\"] }]",
    );
    let catalog = engine.catalog();
    let status = catalog.resource_property("order", "status").unwrap();
    let edit = catalog.operation("order", "edit").unwrap();
    assert!(engine.check("ann", edit, &Order(status)).is_allow());
    let other = catalog.context_property("hour").unwrap();
    assert_eq!(
        engine.check("ann", edit, &Order(other)).code(),
        "property_missing"
    );
    assert!(catalog.subject_property("aa").is_some() && catalog.subject_property("hour").is_none());
}

/// What a host shares between threads.
#[test]
fn engines_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Engine>();
    shared::<Catalog>();
    shared::<Accounts>();
    shared::<Decision>();
    shared::<Problems>();
    shared::<Token>();
    fn object_safe(_: &dyn Resource, _: &dyn Context) {}
    object_safe(&Record::of("order"), &());
}

/// Found by hostile input: an id was free again when the user who had it first was refused.
#[test]
fn a_duplicate_of_a_user_who_is_refused_is_reported() {
    let users = DirectoryDocument::from_toml(
        "users.toml",
        "format = 2\nusers = [{ id = \"ann\", roles = [\"x\"] }, { id = \"ann\" }]",
    );
    let problems = Engine::new(
        &catalog(),
        PolicyDocument::new(2),
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_err();
    assert_eq!(
        lines(&problems),
        [
            "users.toml:2:33: unknown role `x`",
            "users.toml:2:48: duplicate user `ann`",
        ]
    );
}

/// Found by hostile input: a null was taken for not suspended.
#[test]
fn a_null_is_no_boolean() {
    let users = r#"{ "format": 2, "users": [{ "id": "ann", "suspended": null }] }"#;
    let users = DirectoryDocument::from_json("users.json", users);
    let problems = Engine::new(
        &catalog(),
        PolicyDocument::new(2),
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_err();
    assert_eq!(
        lines(&problems),
        ["users.json: users[0].suspended: expected `true` or `false`, found null"]
    );
}

/// Found by reading: nobody lends from a position that is gone, though they left it in the very
/// transaction that deleted it.
#[test]
fn what_was_lent_from_a_position_that_is_gone_is_lent_no_more() {
    let catalog = CatalogDocument::from_toml(
        "catalog.toml",
        r#"
format = 2
id = "sales"
version = 1
reach = "accessible"
permissions = [{ path = "deals", scopes = ["reports", "all"] }]
types = [{ id = "deal" }]
operations = [{ type = "deal", action = "view", on = "record", allowed_by = ["deals"] }]
"#,
    );
    let policy = PolicyDocument::from_toml(
        "policy.toml",
        r#"
format = 2
catalog_version = 1
roles = [
  { id = "manager", grants = [{ select = "deals", scope = "reports" }] },
  { id = "clerk", grants = [{ select = "deals", scope = "all" }] },
]
positions = [{ id = "head" }, { id = "desk", reports_to = ["head"] }]
"#,
    );
    let users = [
        UserDocument::new("ann").role("manager").position("head"),
        UserDocument::new("bob").role("clerk").position("desk"),
    ];
    let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
    let users = DirectoryDocument::new(users);
    let engine = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let nobodys = Record::of("deal").id("1");
    assert!(engine.check("ann", "view", &nobodys).is_allow());
    let changes = [
        Change::PlaceUser {
            user: "bob".to_owned(),
            position: None,
        },
        Change::DeletePosition {
            position: "desk".to_owned(),
        },
    ];
    let applied = engine
        .apply(&Actor::System, Timestamp(1), &changes)
        .unwrap();
    let after = applied.engine().check("ann", "view", &nobodys);
    assert_eq!(after.code(), "out_of_scope");
    // The handle of a position that is gone is nowhere.
    assert!(applied.engine().position("desk").is_none());
}

/// Found by random catalogs: a rename to below a deny's own exception took a node out of the deny.
#[test]
fn what_a_rename_brings_below_a_denys_exception_stays_denied() {
    let catalog = |version: u32, permissions: &str, renamed: &str| {
        let operations = ["stock", "spared", "moved"].map(|it| {
            format!(
                "{{ type = \"t\", action = \"{it}\", on = \"type\", allowed_by = [\"{}\"] }}",
                match (it, version) {
                    ("stock", _) => "ab",
                    ("spared", 1) => "a.kept",
                    ("spared", _) => "kept",
                    (_, 1) => "é.b",
                    _ => "ab.n3.b",
                }
            )
        });
        let text = format!(
            "format = 2\nid = \"shop\"\nversion = {version}\n{permissions}\n{renamed}\n\
             types = [{{ id = \"t\" }}]\noperations = [{}]",
            operations.join(", ")
        );
        Catalog::new(
            CatalogDocument::from_toml("catalog.toml", &text),
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap()
    };
    let older = catalog(
        1,
        r#"permissions = [{ path = "ab" }, { path = "a" }, { path = "a.kept" }, { path = "é" }, { path = "é.b" }]"#,
        "",
    );
    let newer = catalog(
        3,
        r#"permissions = [{ path = "ab" }, { path = "ab.n3" }, { path = "ab.n3.b" }, { path = "a" }, { path = "kept" }]"#,
        r#"renamed = [{ version = 2, from = "a.kept", to = "kept" }, { version = 3, from = "é", to = "ab.n3" }]"#,
    );
    let policy = r#"
format = 2
catalog_version = 1
roles = [
  { id = "one", grants = ["*"], denies = [{ select = "é", except = ["ab"] }, { select = "a", except = ["a.kept"] }] },
  { id = "all", grants = ["*"], denies = [{ select = "*", except = ["ab", "a.kept"] }] },
]
"#;
    for role in ["one", "all"] {
        for catalog in [&older, &newer] {
            let policy = PolicyDocument::from_toml("policy.toml", policy);
            let users = [UserDocument::new("ann").role(role)];
            let users = DirectoryDocument::new(users);
            let engine = Engine::new(
                catalog,
                policy,
                users,
                Timestamp(0),
                Warnings::Into(&mut Vec::new()),
            )
            .unwrap();
            let code = |action| {
                let on = OnType::named("t");
                engine.check("ann", action, &on).code().to_owned()
            };
            assert_eq!(code("moved"), "denied");
            assert_ne!(code("stock"), "denied");
            assert_ne!(code("spared"), "denied");
        }
    }
}
