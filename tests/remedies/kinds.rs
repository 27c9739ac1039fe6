//! Each kind of mend, each reason why there is none, and what the answer says of itself, in an account
//! small enough to know all of it.

use bailiwick::admin::{Actor, Change, ListQuery, RolesListed};
use bailiwick::document::{CatalogDocument, DirectoryDocument, GrantDocument, PolicyDocument};
use bailiwick::explain::{Makers, NoRemedy, Remedies, RemedyOptions};
use bailiwick::{Catalog, Engine, OnType, Record, Scope, Subject, Timestamp, Token, Warnings};

const CATALOG: &str = r#"
    format = 2
    id = "shop"
    version = 1
    features = [{ id = "sms" }, { id = "bulk" }, { id = "mail" }]
    permissions = [
      { path = "orders", scopes = ["own", "peers", "all"] },
      { path = "orders.edit", scopes = ["own", "peers", "all"], requires = ["orders"] },
      { path = "own", scopes = ["own"] },
      { path = "staff" },
      { path = "sms", features = ["sms"] },
      { path = "sms.bulk", features = ["bulk", "mail"], requires = ["sms"] },
      { path = "ranks", adjustable = { ladder = ["system:user", "system:lead", "system:owner"], default = "system:owner", floor = "system:user", changed_by = "staff" } },
    ]
    types = [{ id = "order", properties = { open = "boolean" } }, { id = "sms" }]
    operations = [
      { type = "order", action = "view", on = "record", allowed_by = ["orders"] },
      { type = "order", action = "edit", on = "record", allowed_by = ["orders.edit"] },
      { type = "order", action = "close", on = "record", allowed_by = ["orders.edit"], when = [[{ resource = "open", is = true }]] },
      { type = "order", action = "keep", on = "record", allowed_by = ["own"] },
      { type = "order", action = "rank", on = "type", allowed_by = ["ranks"] },
      { type = "sms", action = "send", on = "type", allowed_by = ["sms.bulk"] },
    ]
    roles = [
      { id = "system:user" },
      { id = "system:lead", inherits = ["system:user"] },
      { id = "system:owner", inherits = ["system:lead"], min_holders = 1, grants = ["staff"], denies = ["sms"] },
    ]
    tokens = { account_roles = true }
    [administration.changes]
    edit_assignments = "staff"
    edit_role = "staff"
    [administration.account_roles]
    assign = "staff"
    revoke = "staff"
"#;

const POLICY: &str = r#"
    format = 2
    catalog_version = 1
    roles = [
      { id = "viewer", grants = [{ select = "orders", scope = "own" }] },
      { id = "editor", grants = [{ select = "orders.*", scope = "peers" }] },
      { id = "half", grants = [{ select = "orders.edit", scope = "all" }] },
      { id = "head", grants = ["staff", { select = "*", scope = "all" }] },
      { id = "barred", denies = ["orders.edit", "sms"] },
      { id = "texter", grants = ["sms.*"] },
      { id = "empty" },
    ]
    packages = [{ id = "basic", roles = ["viewer"] }, { id = "pro", roles = ["editor"] }]
    positions = [{ id = "floor" }]
"#;

const DIRECTORY: &str = r#"
    format = 2
    users = [
      { id = "ann", roles = ["viewer"], position = "floor" },
      { id = "bob", packages = ["basic"], position = "floor" },
      { id = "cay", roles = ["editor", "barred"] },
      { id = "dan", roles = ["half"] },
      { id = "eve", suspended = true, roles = ["texter"] },
      { id = "fay" },
      { id = "lea", roles = ["system:lead"] },
      { id = "max", roles = ["head"] },
      { id = "own", roles = ["system:owner", "texter"] },
      { id = "tim", roles = ["editor", { id = "barred", until = "1970-01-01T01:00:00Z" }] },
    ]
"#;

fn engine() -> Engine {
    engine_with(CATALOG, POLICY, DIRECTORY)
}

fn engine_with(catalog: &str, policy: &str, directory: &str) -> Engine {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog", catalog),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let policy = PolicyDocument::from_toml("policy", policy);
    let directory = DirectoryDocument::from_toml("directory", directory);
    let loaded = Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.unwrap()
}

fn options() -> RemedyOptions {
    RemedyOptions::default()
}

/// What is told, a line for each remedy, without what it opens and who may make it.
fn mends(remedies: &Remedies) -> Vec<String> {
    let of = |mends: &[bailiwick::explain::Mend]| {
        let texts: Vec<String> = mends.iter().map(ToString::to_string).collect();
        texts.join("; ")
    };
    remedies.sets().iter().map(|it| of(&it.mends)).collect()
}

fn order() -> Record<'static> {
    Record::of("order").id("1").owner("bob")
}

#[test]
fn a_scope_is_widened_in_its_place_and_what_opens_least_comes_first() {
    let said = engine().remedies("ann", "view", &order(), &options());
    let lines = [
        "1. Assign role `editor` to `ann`. Opens 3 operations to one user. `max` may make it.",
        "2. Assign package `pro` to `ann`. Opens 3 operations to one user. `max` may make it.",
        "3. Let role `viewer` grant `orders` at `peers`. Opens 2 operations to 2 users together. Opens one operation to tokens that bring `viewer`. `max` may make it.",
        // `head` grants `own` at `own`, and ann is nobody whom max could reach with that (A4).
        "4. Assign role `head` to `ann`. Opens 4 operations and 5 rights to one user: rights `edit_role`, `edit_assignments`; right to change the setting of `ranks`; right to give roles of the account; right to take away roles of the account. No user may make it.",
    ];
    assert_eq!(said.to_string(), lines.join("\n") + "\n");
    assert!(said.is_complete() && !said.is_larger() && said.none().is_none());
    assert_eq!(
        said.sets()[2].changes,
        [Change::EditRole {
            role: "viewer".to_owned(),
            grants: vec![GrantDocument::from(("orders", Scope::Peers))],
            denies: Vec::new(),
            since: None,
        }]
    );
}

/// Not the role that comes first by its name.
#[test]
fn what_lets_somebody_edit_a_property_comes_after_what_does_not() {
    let catalog = r#"
        format = 2
        id = "files"
        version = 1
        permissions = [{ path = "docs" }, { path = "staff" }, { path = "staff.clearances" }]
        types = [{ id = "doc" }]
        subject_properties = { clearance = { type = "text", edited_by = "staff.clearances" } }
        operations = [
          { type = "doc", action = "list", on = "type", allowed_by = ["docs"] },
          { type = "doc", action = "read", on = "record", open = true, when = [[{ subject = "clearance", is = "secret" }]] },
        ]
        tokens = { account_roles = true }
        administration = { changes = { edit_properties = "staff" } }
    "#;
    let policy = r#"
        format = 2
        catalog_version = 1
        roles = [
          { id = "hr", grants = ["staff"] },
          { id = "a_wide", grants = ["docs", "staff.clearances"] },
          { id = "z_narrow", grants = ["docs"] },
        ]
    "#;
    let directory = r#"
        format = 2
        users = [{ id = "ann", roles = ["hr"] }]
    "#;
    let engine = engine_with(catalog, policy, directory);
    let said = engine.remedies("ann", "list", &OnType::named("doc"), &options());
    let lines = [
        "1. Assign role `z_narrow` to `ann`. Opens one operation to one user. No user may make it.",
        "2. Let role `hr` grant `docs` at `all`. Opens one operation to one user. Opens one operation to tokens that bring `hr`. No user may make it.",
        "3. Assign role `a_wide` to `ann`. Opens one operation and one right to one user: right to edit property `clearance`. No user may make it.",
    ];
    assert_eq!(said.to_string(), lines.join("\n") + "\n");
}

#[test]
fn a_role_is_put_in_a_package_and_prerequisites_come_along() {
    let hers = Record::of("order").id("2").owner("ann");
    let said = engine().remedies("bob", "edit", &hers, &options());
    assert_eq!(
        mends(&said),
        [
            "put role `editor` in package `basic`",
            "assign role `editor` to `bob`",
            "assign package `pro` to `bob`",
            "let role `viewer` grant `orders` at `peers`; put role `half` in package `basic`",
            "let role `viewer` grant `orders` at `peers`; assign role `half` to `bob`",
            // Opens no more operations, but rights of administration.
            "put role `head` in package `basic`",
            "assign role `head` to `bob`",
            // Opens to every token that brings the role.
            "let role `viewer` grant `orders` at `peers`; let role `viewer` grant `orders.edit` at `peers`",
        ]
    );
    // Two mends of one role are one change, and neither can be left out.
    let both = &said.sets()[7];
    assert_eq!((both.changes.len(), both.mends.len()), (1, 2));
    let single = RemedyOptions {
        max_changes: 1,
        ..options()
    };
    assert_eq!(
        engine()
            .remedies("bob", "edit", &hers, &single)
            .sets()
            .len(),
        6
    );
}

#[test]
fn a_deny_is_lifted_or_the_role_revoked_that_has_it() {
    let theirs = |who| Record::of("order").id("3").owner(who);
    let said = engine().remedies("cay", "edit", &theirs("cay"), &options());
    assert_eq!(
        mends(&said),
        [
            "take role `barred` from `cay`",
            "let role `barred` no longer deny `orders.edit`",
        ]
    );
    // The other deny of that role stays.
    let Change::EditRole { denies, .. } = &said.sets()[1].changes[0] else {
        panic!("{said}");
    };
    assert_eq!(
        denies.iter().map(|it| &it.select).collect::<Vec<_>>(),
        ["sms"]
    );
    // Once the assignment of `barred` has ended, nothing is left to mend.
    let by = |at| RemedyOptions {
        at: Timestamp(at),
        ..options()
    };
    let before = engine().remedies("tim", "edit", &theirs("tim"), &by(3_599));
    assert_eq!(before.sets().len(), 2);
    let after = engine().remedies("tim", "edit", &theirs("tim"), &by(3_600));
    assert_eq!(after.none(), Some(&NoRemedy::AllowedByThen));
}

#[test]
fn a_setting_is_moved_to_the_most_senior_role_that_is_held() {
    let on = OnType::named("order");
    let said = engine().remedies("lea", "rank", &on, &options());
    assert_eq!(
        mends(&said),
        [
            "let the setting of `ranks` name role `system:lead`",
            "assign role `system:owner` to `lea`",
        ]
    );
    assert_eq!(said.sets()[0].makers.users, ["max", "own"]);
}

#[test]
fn more_than_was_asked_for_where_nothing_so_small_helps() {
    let on = OnType::named("sms");
    let said = engine().remedies("eve", "send", &on, &options());
    assert!(said.is_larger() && said.is_complete());
    assert_eq!(
        said.sets()[0].changes,
        [
            Change::ReinstateUser {
                user: "eve".to_owned()
            },
            Change::EnableFeature {
                feature: "sms".to_owned()
            },
            Change::EnableFeature {
                feature: "bulk".to_owned()
            },
            Change::EnableFeature {
                feature: "mail".to_owned()
            },
        ]
    );
    let four = RemedyOptions {
        max_changes: 4,
        ..options()
    };
    let same = engine().remedies("eve", "send", &on, &four);
    assert!(!same.is_larger());
    assert_eq!(same.sets()[0], said.sets()[0]);
    let nothing = RemedyOptions {
        max_changes: 0,
        ..options()
    };
    assert!(
        engine()
            .remedies("ann", "view", &order(), &nothing)
            .is_larger()
    );
}

/// Whoever has no role of the account has none to be edited; one is assigned, and edited.
#[test]
fn a_role_that_was_not_held_is_edited_where_nothing_else_helps() {
    let policy = POLICY.replace(
        "{ id = \"head\", grants = [\"staff\", { select = \"*\", scope = \"all\" }] },",
        "",
    );
    let directory = DIRECTORY.replace("{ id = \"max\", roles = [\"head\"] },", "");
    let engine = engine_with(CATALOG, &policy, &directory);
    let said = engine.remedies("fay", "view", &order(), &options());
    assert_eq!(
        mends(&said),
        ["let role `viewer` grant `orders` at `all`; assign role `viewer` to `fay`"]
    );
    // Of this kind others were not looked for.
    assert!(!said.is_complete() && !said.is_larger());
}

#[test]
fn tokens_and_roles_are_reached_by_what_reaches_them() {
    let theirs = Record::of("order").id("4").owner("x");
    let token = Token::new(["half"]).id("cay");
    let said = engine().remedies(&token, "edit", &theirs, &options());
    assert_eq!(
        mends(&said),
        [
            "let role `half` grant `orders` at `all`; take role `barred` from `cay`",
            "let role `half` grant `orders` at `all`; let role `barred` no longer deny `orders.edit`",
        ]
    );
    let said = engine().remedies(Subject::role("half"), "edit", &order(), &options());
    assert_eq!(mends(&said), ["let role `half` grant `orders` at `all`"]);
    // A token that brings nothing has nothing to be mended.
    let said = engine().remedies(&Token::default(), "edit", &order(), &options());
    assert!(matches!(said.none(), Some(NoRemedy::OutOfReach { .. })));
}

#[test]
fn where_nothing_helps_it_says_why() {
    let engine = engine();
    let why = |who: &str, action: &str| {
        let said = engine.remedies(who, action, &order(), &options());
        assert!(said.sets().is_empty() && said.is_complete());
        said.none().cloned().unwrap()
    };
    assert_eq!(why("max", "view"), NoRemedy::Allowed);
    let NoRemedy::Conditions { causes } = why("max", "close") else {
        panic!("a condition on the record");
    };
    assert_eq!(causes[0].code(), "property_missing");
    // Nothing is known of what helps before the question is whole.
    assert_eq!(why("max", "close").left_out(), ["resource.open"]);
    let said = engine.remedies("max", "close", &order(), &options());
    assert_eq!(
        said.to_string(),
        "The request leaves out `resource.open`, which conditions read: ask again with it.\n"
    );
    for (who, action, code) in [
        ("zoe", "view", "unknown_subject"),
        ("ann", "fly", "unknown_action"),
        ("ann", "rank", "asked_wrong_way"),
    ] {
        let NoRemedy::Request { causes } = why(who, action) else {
            panic!("{code}");
        };
        assert_eq!(causes[0].code(), code);
    }
    // No scope that is offered reaches the record.
    assert!(matches!(why("max", "keep"), NoRemedy::OutOfReach { .. }));
    let elsewhere = Record::of("order").account("other");
    let said = engine.remedies("ann", "view", &elsewhere, &options());
    assert!(
        matches!(said.none(), Some(NoRemedy::Request { causes }) if causes[0].code() == "wrong_account")
    );
}

/// What a catalog keeps out of lists stays unknown to whoever reads remedies.
#[test]
fn a_role_that_the_catalog_keeps_out_of_lists_is_not_proposed() {
    let unlisted = CATALOG.replace(
        r#"{ id = "system:lead","#,
        r#"{ id = "system:lead", unlisted = true,"#,
    );
    let unlisted = unlisted.replace(
        r#"{ id = "system:owner","#,
        r#"{ id = "system:owner", unlisted = true,"#,
    );
    let on = OnType::named("order");
    // The setting could move to the role that she has, or she could be given the owner's.
    let said = engine().remedies("lea", "rank", &on, &options());
    assert_eq!(
        mends(&said),
        [
            "let the setting of `ranks` name role `system:lead`",
            "assign role `system:owner` to `lea`"
        ]
    );
    let engine = engine_with(&unlisted, POLICY, DIRECTORY);
    let said = engine.remedies("lea", "rank", &on, &options());
    // She has the junior role, too.
    assert_eq!(
        mends(&said),
        ["let the setting of `ranks` name role `system:user`"]
    );
    // Nor is it proposed to revoke one that denies.
    let sms = OnType::named("sms");
    let features = ["sms", "bulk", "mail"];
    let features = features.map(|it| Change::EnableFeature {
        feature: it.to_owned(),
    });
    for (engine, helps) in [(self::engine(), true), (engine, false)] {
        let with_second = engine.apply(
            &Actor::System,
            Timestamp(1),
            &[
                features.to_vec(),
                vec![Change::assign_role("max", "system:owner")],
            ]
            .concat(),
        );
        let engine = with_second.unwrap().into_engine();
        let said = engine.remedies("own", "send", &sms, &options());
        assert_eq!(!said.sets().is_empty(), helps, "{said}");
    }
}

/// The operator of package_roles has a role of its own, which is nobody else's business.
#[test]
fn package_roles_keeps_the_operators_role_out_of_lists_and_remedies() {
    let engine = engine_with(
        include_str!("../../fixtures/package_roles/catalog.toml"),
        include_str!("../../fixtures/package_roles/policy.toml"),
        include_str!("../../fixtures/package_roles/directory.toml"),
    );
    let operators = "system:administrator";
    let lists = |listed| {
        let page = engine.list_roles(&ListQuery::default().roles(listed));
        page.entries.iter().any(|it| it.id == operators)
    };
    assert!(!lists(RolesListed::Listed) && !lists(RolesListed::OfAccount));
    assert!(lists(RolesListed::Every));
    let import = OnType::named("contact");
    assert!(engine.check("adele", "import", &import).is_allow());
    for customer in ["una", "gus", "rob"] {
        let said = engine.remedies(customer, "import", &import, &options());
        assert!(!said.sets().is_empty());
        assert!(!said.to_string().contains(operators), "{said}");
    }
}

/// What a guard refuses is not told (A5): the last owner stays one, whatever that denies them.
#[test]
fn guards_bind_remedies_too() {
    let on = OnType::named("sms");
    let policy = POLICY.replace(
        "catalog_version = 1",
        "catalog_version = 1\nfeatures = [\"sms\", \"bulk\", \"mail\"]",
    );
    let engine = engine_with(CATALOG, &policy, DIRECTORY);
    let said = engine.remedies("own", "send", &on, &options());
    assert_eq!(said.none(), Some(&NoRemedy::NotFound));
    let another = DIRECTORY.replace(
        "{ id = \"lea\", roles = [\"system:lead\"] }",
        "{ id = \"lea\", roles = [\"system:owner\"] }",
    );
    let engine = engine_with(CATALOG, &policy, &another);
    let said = engine.remedies("own", "send", &on, &options());
    assert_eq!(mends(&said), ["take role `system:owner` from `own`"]);
}

/// What somebody below may do at `all` is lent to those above (S6).
#[test]
fn where_people_below_lend_a_narrower_scope_will_do() {
    let catalog = CATALOG
        .replace(
            "version = 1\n    features",
            "version = 1\n    reach = \"accessible\"\n    features",
        )
        .replace(
            "[\"own\", \"peers\", \"all\"]",
            "[\"own\", \"reports\", \"all\"]",
        );
    let policy = r#"
        format = 2
        catalog_version = 1
        roles = [
          { id = "viewer", grants = [{ select = "orders", scope = "own" }] },
          { id = "head", grants = [{ select = "orders", scope = "all" }] },
        ]
        positions = [{ id = "top" }, { id = "floor", reports_to = ["top"] }]
    "#;
    let directory = |low: &str| {
        format!(
            r#"format = 2
            users = [
              {{ id = "ann", roles = ["viewer"], position = "top" }},
              {{ id = "bob", roles = ["head"], position = "{low}" }},
            ]"#
        )
    };
    let asked = |low: &str| {
        let engine = engine_with(&catalog, policy, &directory(low));
        mends(&engine.remedies("ann", "view", &Record::of("order").id("5"), &options()))
    };
    let assign = "assign role `head` to `ann`";
    let grant = |scope| format!("let role `viewer` grant `orders` at `{scope}`");
    // Every token may bring the role.
    assert_eq!(asked("floor"), [assign, &grant("reports")]);
    assert_eq!(asked("top"), [assign, &grant("all")]);
}

#[test]
fn what_is_cut_off_is_said() {
    let two = RemedyOptions {
        limit: 2,
        ..options()
    };
    let all = engine().remedies("ann", "view", &order(), &options());
    let said = engine().remedies("ann", "view", &order(), &two);
    assert_eq!(said.sets(), &all.sets()[..2]);
    assert!(!said.is_complete() && said.to_string().ends_with("There may be others.\n"));
    let none = RemedyOptions {
        limit: 0,
        ..options()
    };
    let said = engine().remedies("ann", "view", &order(), &none);
    assert!(said.sets().is_empty() && said.none().is_none() && !said.is_complete());
}

/// Everybody in one position with one access set is tried once, and counted.
#[test]
fn makers_are_counted_and_the_first_are_named() {
    let mut more = String::new();
    for n in 0..400 {
        more += &format!("{{ id = \"max{n}\", roles = [\"head\"] }},\n");
    }
    let directory = DIRECTORY.replace("{ id = \"fay\" },", &more);
    let engine = engine_with(CATALOG, POLICY, &directory);
    let said = engine.remedies("ann", "view", &order(), &options());
    let makers = &said.sets()[0].makers;
    assert!(makers.is_exact);
    assert_eq!((makers.count, makers.users.len()), (401, Makers::NAMED));
    let changes = &said.sets()[0].changes;
    for user in &makers.users {
        assert!(
            engine
                .apply(&Actor::user(user), Timestamp(0), changes)
                .is_ok()
        );
    }
}

#[test]
fn the_serialized_form() {
    let said = engine().remedies("lea", "rank", &OnType::named("order"), &options());
    let written = serde_json::to_value(&said).unwrap();
    assert_eq!(
        written["sets"][0],
        serde_json::json!({
            "changes": [{ "change_setting": { "permission": "ranks", "role": "system:lead" } }],
            "mends": [{ "mend": "move_setting", "permission": { "id": "ranks" }, "role": { "id": "system:lead" } }],
            "opens": { "users": 1, "operations": 1, "fields": 0, "rights": 0, "tokens": 0 },
            "effects": [{ "ability": { "operation": "order:rank" }, "before": null, "after": "all", "users": 1 }],
            "tokens": [],
            "makers": { "users": ["max", "own"], "count": 2, "is_exact": true },
        })
    );
    assert_eq!(written["decision"]["code"], "not_granted");
    let said = engine().remedies("max", "close", &order(), &options());
    let written = serde_json::to_value(&said).unwrap();
    assert_eq!(written["none"]["because"], "conditions");
}
