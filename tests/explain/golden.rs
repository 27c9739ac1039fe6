//! What support staff read: telling cases of the five fixtures, each in a file of `golden/`.
//! `BAILIWICK_BLESS=1` writes what is said now: read the difference aloud before you keep it.

use std::path::PathBuf;

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::explain::Explanation;
use bailiwick::{Catalog, Engine, OnType, Record, Subject, Timestamp, Token, Warnings};

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn engine(system: &str, policy: &str, directory: &str) -> Engine {
    let text = |name: &str| read(&format!("fixtures/{system}/{name}.toml"));
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog", &text("catalog")),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let policy = PolicyDocument::from_toml(policy, &text(policy));
    let directory = DirectoryDocument::from_toml(directory, &text(directory));
    Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

pub(crate) fn fixture(system: &str) -> Engine {
    engine(system, "policy", "directory")
}

/// Exactly the golden text, and no line that only a machine would read.
fn compare(golden: &str, why: &Explanation) {
    let found = why.to_string();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/explain/golden")
        .join(format!("{golden}.txt"));
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "BAILIWICK_BLESS=1 takes over what was said"
    );
}

/// The serialized form, whose fields are stable.
fn compare_json(golden: &str, why: &Explanation) {
    let found = serde_json::to_string_pretty(why).unwrap() + "\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/explain/golden")
        .join(format!("{golden}.json"));
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected);
}

// ── Role → package → user ─────────────────────────────────────────────────────────────────────

#[test]
fn a_role_in_no_package() {
    let why = fixture("package_roles").explain("hana", "add", &OnType::named("sending_domain"));
    compare("role_in_no_package", &why);
}

#[test]
fn a_package_that_is_not_assigned() {
    let why = fixture("package_roles").explain("ines", "add", &OnType::named("trigger"));
    compare("package_not_assigned", &why);
}

#[test]
fn two_packages_that_both_bring_it() {
    let why = fixture("package_roles").explain("mila", "export", &OnType::named("statistics"));
    compare("two_packages", &why);
}

#[test]
fn a_suspended_user_who_lacks_nothing_else() {
    let why = fixture("package_roles").explain("sid", "import", &OnType::named("contact"));
    compare("suspended", &why);
}

#[test]
fn nobody_of_that_name_and_no_such_action() {
    let why = fixture("package_roles").explain("nobody", "ad", &OnType::named("trigger"));
    compare("unknown", &why);
}

/// Nobody may name it: neither to stand for it nor in a token, whose catalog lists it.
#[test]
fn a_role_that_the_catalog_retired() {
    let catalog = CatalogDocument::from_toml(
        "catalog",
        r#"
        format = 2
        id = "desk"
        version = 2
        permissions = [{ path = "tickets" }]
        types = [{ id = "ticket" }]
        operations = [{ type = "ticket", action = "list", on = "type", allowed_by = ["tickets"] }]
        roles = [{ id = "system:old", retired = 2 }, { id = "system:staff" }]
        tokens = { system_roles = ["system:old"] }
        "#,
    );
    let (policy, nobody) = (PolicyDocument::new(2), DirectoryDocument::new([]));
    let engine = Engine::new(
        &Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap(),
        policy,
        nobody,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let engine = engine.unwrap();
    let tickets = OnType::named("ticket");
    for (role, says) in [
        (
            "system:old",
            "Role `system:old` was retired by the catalog.",
        ),
        (
            "system:staff",
            "Role `system:staff` may not be brought by a token.",
        ),
        ("system:none", "There is no role `system:none`."),
    ] {
        let token = Token::new([role]);
        let why = engine.explain(&token, "list", &tickets);
        assert!(why.to_string().contains(says), "{why}");
        let why = engine.explain(Subject::role(role), "list", &tickets);
        let is_known = role == "system:staff";
        assert_eq!(why.to_string().contains(says), !is_known, "{why}");
    }
}

// ── Prerequisites, features, denies, conditions ───────────────────────────────────────────────

#[test]
fn a_deny_that_is_inherited_with_a_role() {
    let engine = engine("account_admin", "policy", "directory");
    let contacts = OnType::named("contact").account("meadow");
    let cora = Subject::user("cora").account("meadow");
    let why = engine.explain(cora, "export", &contacts);
    compare("denied", &why);
    compare_json("denied", &why);
}

#[test]
fn a_prerequisite_in_another_section() {
    let engine = engine("account_admin", "policy", "directory");
    let lists = OnType::named("suppression_list").account("meadow");
    let role = Subject::role("suppressor").account("meadow");
    compare("prerequisite", &engine.explain(role, "list", &lists));
}

#[test]
fn a_condition_on_the_record() {
    let engine = engine("account_admin", "policy", "directory");
    let sent = Record::of("template").id("7").account("meadow");
    let sent = sent.owner("carl").property("status", "scheduled");
    let carl = Subject::user("carl").account("meadow");
    let why = engine.explain(carl, "edit", &sent);
    compare("conditions", &why);
    compare_json("conditions", &why);
}

#[test]
fn a_feature_that_is_off_and_a_prerequisite_beside() {
    let engine = engine("account_admin", "policy-second", "directory-second");
    let deals = OnType::named("deal").account("harbor");
    let sonja = Subject::user("sonja").account("harbor");
    compare("feature", &engine.explain(sonja, "list", &deals));
}

#[test]
fn an_operation_open_to_everybody() {
    let engine = engine("account_admin", "policy", "directory");
    let list = Record::of("test_recipient_list").id("1").account("meadow");
    let nobody = Subject::user("nobody").account("meadow");
    compare("open", &engine.explain(nobody, "use", &list));
    let token = Token::new(Vec::<String>::new());
    let nameless = Subject::from(&token).account("meadow");
    compare("open_to_nobody", &engine.explain(nameless, "use", &list));
}

// ── Scopes ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn four_levels_down() {
    let engine = fixture("sales_governance");
    let record = Record::of("prospect").id("p1").owner("judy");
    compare("reports", &engine.explain("alice", "edit", &record));
}

#[test]
fn beside_each_other() {
    let engine = fixture("sales_governance");
    let record = Record::of("prospect").id("p2").owner("wendy");
    compare("apart", &engine.explain("alice", "edit", &record));
}

#[test]
fn held_back_by_a_prerequisite() {
    let engine = fixture("sales_governance");
    let record = Record::of("prospect").id("p3").owner("dave");
    compare("held_back", &engine.explain("judy", "edit", &record));
}

#[test]
fn lent_by_somebody_below() {
    let engine = fixture("sales_governance");
    let record = Record::of("mailing").id("m1").owner("walter");
    let why = engine.explain("alice", "view", &record);
    compare("lent", &why);
    compare_json("lent", &why);
}

// ── Settings, and permissions of which one would do ───────────────────────────────────────────

#[test]
fn a_setting_that_gives_and_one_that_does_not() {
    let engine = fixture("canvassing");
    let responses = OnType::named("response");
    compare("setting", &engine.explain("vera", "view_all", &responses));
    compare(
        "setting_above",
        &engine.explain("uma", "view_all", &responses),
    );
}

#[test]
fn one_of_three_permissions() {
    let engine = fixture("canvassing");
    let owner = Record::of("user").id("olive").property("role", "owner");
    compare("one_of_three", &engine.explain("adam", "remove", &owner));
}

#[test]
fn a_feature_of_the_whole_module() {
    let text = |name: &str| read(&format!("fixtures/outreach_cx/{name}.toml"));
    let catalog = CatalogDocument::from_toml("catalog", &text("catalog"));
    let mut policy = PolicyDocument::from_toml("policy", &text("policy"))
        .into_document()
        .unwrap();
    policy.features.clear();
    let directory = DirectoryDocument::from_toml("directory", &text("directory"));
    let engine = Engine::new(
        &Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap(),
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let why = engine
        .unwrap()
        .explain("cam", "create", &OnType::named("campaign"));
    compare("module_feature", &why);
}
