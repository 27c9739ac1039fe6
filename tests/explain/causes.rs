//! What the codes of causes tell apart.

use std::collections::BTreeSet;

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::explain::{Cause, Explanation};
use bailiwick::{Catalog, Engine, OnType, Scope, Timestamp, Token, Warnings};

use crate::golden::fixture;

fn codes<'e>(causes: impl Iterator<Item = &'e Cause>) -> Vec<&'static str> {
    causes.map(Cause::code).collect()
}

/// What may be mended, and by which of the three checks of a troubleshooting page it is found.
fn found_by(why: &Explanation, code: &str) -> Vec<String> {
    let causes = why.causes().filter(|cause| cause.code() == code);
    let found = causes.flat_map(|cause| match cause {
        Cause::NotGranted { roles, .. } => roles.iter().map(|it| it.role.id.clone()).collect(),
        Cause::RoleNotHeld { role, .. } | Cause::RoleInNoPackage { role, .. } => {
            vec![role.id.clone()]
        }
        Cause::PackageNotAssigned { package, .. } => vec![package.id.clone()],
        other => panic!("{other:?}"),
    });
    found.collect()
}

/// Gus's role does not grant it, the role that Hana needs is in no package, and the package that Ines needs is not
/// hers.
#[test]
fn the_three_causes_to_look_for_have_three_codes() {
    let engine = fixture("package_roles");
    let gus = engine.explain("gus", "import", &OnType::named("contact"));
    assert_eq!(found_by(&gus, "not_granted"), ["basic_access"]);

    let hana = engine.explain("hana", "add", &OnType::named("sending_domain"));
    assert_eq!(
        found_by(&hana, "role_in_no_package"),
        ["system:administrator", "domain_setup"]
    );

    let ines = engine.explain("ines", "add", &OnType::named("trigger"));
    assert_eq!(
        found_by(&ines, "package_not_assigned"),
        ["enterprise", "automation"]
    );
    assert_eq!(
        found_by(&ines, "role_not_held"),
        ["full_access", "automation_builder"]
    );
    // No role and no package is told by two codes.
    for why in [gus, hana, ines] {
        let roles = ["role_in_no_package", "role_not_held"].map(|code| found_by(&why, code));
        let once: BTreeSet<&String> = roles.iter().flatten().collect();
        assert_eq!(once.len(), roles.iter().flatten().count(), "{roles:?}");
    }
}

fn shop(users: impl IntoIterator<Item = UserDocument>) -> Engine {
    let catalog = CatalogDocument::from_toml(
        "catalog",
        r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [
          { path = "orders", scopes = ["own", "all"] },
          { path = "money", requires = ["orders"] },
          { path = "refunds", requires = ["money"] },
        ]
        types = [{ id = "order" }]
        operations = [
          { type = "order", action = "view", on = "record", allowed_by = ["orders"] },
          { type = "order", action = "refund", on = "record", allowed_by = ["refunds"] },
          { type = "order", action = "export", on = "type", allowed_by = ["orders"] },
        ]
        tokens = { account_roles = true }
        "#,
    );
    let policy = PolicyDocument {
        roles: vec![
            RoleDocument::new("cashier").grant("refunds"),
            RoleDocument::new("seller").grant(("orders", Scope::Own)),
        ],
        ..PolicyDocument::new(1)
    };
    Engine::new(
        &Catalog::new(catalog, Warnings::Refuse).unwrap(),
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

/// Refunds need money, which needs orders: what is missing behind them is no direct cause, and is the root.
#[test]
fn direct_causes_leave_out_what_stands_behind_them() {
    let engine = shop([UserDocument::new("ann").role("cashier")]);
    let order = bailiwick::Record::of("order").id("7").owner("bob");
    let why = engine.explain("ann", "refund", &order);
    assert_eq!(codes(why.direct_causes()), ["prerequisite_missing"]);
    assert_eq!(why.decision().code(), "prerequisite_missing");
    assert_eq!(
        codes(why.causes()),
        [
            "prerequisite_missing",
            "not_granted",
            "prerequisite_missing",
            "not_granted",
            "role_in_no_package"
        ]
    );
    assert_eq!(
        codes(why.causes().filter(|it| it.is_root())),
        ["not_granted", "not_granted", "role_in_no_package"]
    );
}

/// What reaches too short is a direct cause; the permission that is granted too narrowly is its root.
#[test]
fn a_scope_that_reaches_too_short_is_direct_and_the_narrow_grant_its_root() {
    let engine = shop([UserDocument::new("ann").role("seller")]);
    let order = bailiwick::Record::of("order").id("7").owner("bob");
    let why = engine.explain("ann", "view", &order);
    assert_eq!(codes(why.direct_causes()), ["out_of_scope", "too_narrow"]);
    let roots = why.causes().filter(|it| it.is_root());
    assert_eq!(codes(roots), ["too_narrow"]);
}

/// A token holds no packages: a role that it might have brought is not held, and in no package either.
#[test]
fn a_role_that_a_token_does_not_bring_is_not_held() {
    let engine = shop([]);
    let token = Token::new(["cashier"]);
    let why = engine.explain(&token, "export", &OnType::named("order"));
    assert_eq!(codes(why.causes()), ["not_granted", "role_not_held"]);
}

/// Each cause is written under a tag that is its code.
#[test]
fn the_written_form_of_a_role_in_no_package() {
    let engine = shop([UserDocument::new("ann")]);
    let why = engine.explain("ann", "export", &OnType::named("order"));
    let written = serde_json::to_value(why.causes().collect::<Vec<_>>()).unwrap();
    assert_eq!(
        written,
        serde_json::json!([
            {
                "cause": "not_granted",
                "permission": { "id": "orders" },
                "roles": [],
                "setting": null
            },
            {
                "cause": "role_in_no_package",
                "permission": { "id": "orders" },
                "role": { "id": "seller" },
                "scope": "own"
            }
        ])
    );
}

/// An operation that wants one of so many alternatives: a stage, and a region each.
fn gate(alternatives: usize) -> Engine {
    let when = (0..alternatives).map(|n| {
        let stage = format!(r#"{{ resource = "stage", is = "stage {n}" }}"#);
        let region = format!(r#"{{ resource = "region", is = "region {n}" }}"#);
        let is_open = r#"{ resource = "open", is = true }"#;
        format!("[{stage}, {region}, {is_open}]")
    });
    let when: Vec<String> = when.collect();
    let catalog = format!(
        r#"
        format = 2
        id = "gates"
        version = 1
        types = [{{ id = "gate", properties = {{ stage = "text", region = "text", open = "boolean" }} }}]
        operations = [{{ type = "gate", action = "pass", on = "record", open = true, when = [{}] }}]
        "#,
        when.join(", ")
    );
    let catalog = CatalogDocument::from_toml("catalog", &catalog);
    Engine::new(
        &Catalog::new(catalog, Warnings::Refuse).unwrap(),
        PolicyDocument::new(1),
        DirectoryDocument::new([UserDocument::new("ann")]),
        Timestamp(0),
        Warnings::Refuse,
    )
    .unwrap()
}

fn at(stage: &str, region: &str) -> bailiwick::Record<'static> {
    bailiwick::Record::of("gate")
        .id("1")
        .property("stage", stage)
        .property("region", region)
        .property("open", true)
}

fn alternatives(why: &Explanation) -> Vec<usize> {
    let causes = why.direct_causes().filter_map(|cause| match cause {
        Cause::Condition(failed) => Some(failed.alternative),
        _ => None,
    });
    causes.collect()
}

#[test]
fn of_many_alternatives_the_closest_is_named_and_the_others_are_counted() {
    let why = gate(40).explain("ann", "pass", &at("stage 23", "region 5"));
    // The fifth and the twenty-third fail one test each, all others two.
    let told = alternatives(&why);
    assert_eq!(told[..4], [5, 23, 0, 0]);
    assert_eq!(told.len(), 78);
    assert!(why.causes().all(|cause| match cause {
        Cause::Condition(failed) => failed.alternatives == 40,
        _ => false,
    }));
    assert_eq!(
        why.to_string(),
        "`ann` may not do `gate:pass` on record `1`.\n\
         - The operation wants `resource.stage` to be `stage 5`; it is `stage 23` (alternative 6).\n\
         - That comes closest. None of the `39` other alternatives holds either.\n"
    );
    // The check's own reason is of the first alternative (D17).
    assert_eq!(why.decision().code(), "condition_not_met");
}

#[test]
fn few_alternatives_are_all_told_the_closest_first() {
    let why = gate(3).explain("ann", "pass", &at("stage 9", "region 2"));
    assert_eq!(alternatives(&why), [2, 0, 0, 1, 1]);
    assert_eq!(
        why.to_string(),
        "`ann` may not do `gate:pass` on record `1`.\n\
         - The operation wants `resource.stage` to be `stage 2`; it is `stage 9` (alternative 3).\n\
         - The operation wants `resource.stage` to be `stage 0`; it is `stage 9`.\n\
         - The operation wants `resource.region` to be `region 0`; it is `region 2`.\n\
         - The operation wants `resource.stage` to be `stage 1`; it is `stage 9` (alternative 2).\n\
         - The operation wants `resource.region` to be `region 1`; it is `region 2` (alternative 2).\n"
    );
}

// ── Texts that read alike ─────────────────────────────────────────────────────────────────────

/// Two roles whose ids differ in what a shorter text would cut.
#[test]
fn long_ids_that_begin_alike_are_shown_whole() {
    let [one, other] = ["b", "c"].map(|end| format!("{}{end}", "a".repeat(200)));
    let engine = shop([UserDocument::new("ann").role("cashier")]);
    let mut policy = engine.policy();
    for id in [&one, &other] {
        let role = RoleDocument::new(id.clone()).grant(("orders", Scope::All));
        policy.roles.push(role);
    }
    let engine = Engine::new(
        engine.catalog(),
        policy,
        engine.directory(),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let why = engine.explain("ann", "export", &OnType::named("order"));
    let text = why.to_string();
    assert!(text.contains(&format!("`{one}` at `all`")), "{text}");
    assert!(text.contains(&format!("`{other}` at `all`")), "{text}");
}

/// What is wanted and what was seen read alike: the text says where they differ.
#[test]
fn values_that_read_alike_say_where_they_differ() {
    let engine = gate(1);
    let says = |stage: &str, ending: &str| {
        let why = engine.explain("ann", "pass", &at(stage, "region 0"));
        let text = why.to_string();
        assert!(text.ends_with(ending), "{text}");
    };
    says("st\u{430}ge 0", ", which differs at character 3.\n");
    says("stage 1", "; it is `stage 1`.\n");
}
