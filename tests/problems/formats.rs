//! Format 2 of documents refuses what format 1 loads with a finding (D16, S5).

use bailiwick::admin::{Actor, Change, Refusal};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, FORMAT, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings};

const CATALOG: &str = r#"
id = "crm"
version = 2
permissions = [
  { path = "contacts", scopes = ["own", "all"] },
  { path = "contacts.edit", scopes = ["own", "reports", "all"] },
  { path = "contacts.page" },
  { path = "orders" },
  { path = "adjusted", adjustable = { ladder = ["system:a"], default = "system:a" } },
]
types = [{ id = "contact" }, { id = "order" }]
operations = [
  { type = "contact", action = "view", on = "record", allowed_by = ["contacts"] },
  { type = "contact", action = "edit", on = "record", allowed_by = ["contacts.edit"] },
  { type = "contact", action = "page", on = "type", allowed_by = ["contacts.page", "adjusted"] },
  { type = "order", action = "list", on = "type", allowed_by = ["orders"] },
]
roles = [{ id = "system:a" }]
"#;

const NEEDED: &str = "`*` needs a scope; without one it grants no permission that offers several: \
                      `contacts` offers `own`, `all`; `contacts.edit` offers `own`, `reports`, `all`";
const FINDING: &str = " (`format = 2` refuses it)";

fn catalog() -> Catalog {
    let text = format!("format = {FORMAT}\n{CATALOG}");
    let document = CatalogDocument::from_toml("catalog", &text);
    Catalog::new(document, Warnings::Refuse).expect("it loads")
}

fn policy(format: u32, version: u32, grants: &str) -> bailiwick::document::Parsed<PolicyDocument> {
    let text = format!(
        "format = {format}\ncatalog_version = {version}\n\
         roles = [{{ id = \"r\", grants = [{grants}] }}]"
    );
    PolicyDocument::from_toml("policy", &text)
}

fn users() -> DirectoryDocument {
    DirectoryDocument::new([UserDocument::new("ann").role("r")])
}

/// The messages of what was refused, or of what was warned of.
fn load(format: u32, version: u32, grants: &str) -> Result<Vec<String>, Vec<String>> {
    let text = |problem: &bailiwick::Problem| problem.message().to_owned();
    let mut warnings = Vec::new();
    let loaded = Engine::new(
        &catalog(),
        policy(format, version, grants),
        users(),
        Timestamp(0),
        Warnings::Into(&mut warnings),
    );
    match loaded {
        Ok(_) => Ok(warnings.iter().map(text).collect()),
        Err(problems) => Err(problems.iter().map(text).collect()),
    }
}

/// An account that was loaded from format 1 and holds what format 2 refuses.
fn old() -> Engine {
    loaded(policy(1, 2, r#""*""#))
}

fn loaded(policy: impl Into<bailiwick::document::Parsed<PolicyDocument>>) -> Engine {
    let warnings = Warnings::Into(&mut Vec::new());
    Engine::new(&catalog(), policy, users(), Timestamp(0), warnings).expect("it loads")
}

fn refusal(engine: &Engine, actor: &Actor, change: Change) -> String {
    let refused = engine.apply(actor, Timestamp(1), &[change]);
    match refused.expect_err("it is refused").reason {
        Refusal::Invalid(problems) => problems.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn s5_a_wildcard_without_a_scope_is_refused_where_it_meets_what_offers_several() {
    assert_eq!(load(2, 2, r#""*""#).unwrap_err(), [NEEDED]);
    let below = load(2, 2, r#""contacts.*""#).unwrap_err();
    assert_eq!(below, [NEEDED.replace('*', "contacts.*")]);
    // What has one scope, what is excepted and what is adjustable does not count.
    assert_eq!(load(2, 2, r#""orders.*""#), Ok(Vec::new()));
    let excepted = load(2, 2, r#"{ select = "*", except = ["contacts"] }"#).expect("it loads");
    assert_eq!(excepted.len(), 1, "{excepted:?}");
    assert!(
        excepted[0].contains("leaves out what is adjustable"),
        "{excepted:?}"
    );
    assert!(load(2, 2, r#"{ select = "*", scope = "all" }"#).is_ok());
}

#[test]
fn s5_the_same_holds_for_system_roles() {
    let text = |format: u32| {
        let roles = r#"roles = [{ id = "system:a", grants = ["contacts.*"] }]"#;
        let text = CATALOG.replace(r#"roles = [{ id = "system:a" }]"#, roles);
        CatalogDocument::from_toml("catalog", &format!("format = {format}\n{text}"))
    };
    let needed = NEEDED.replace('*', "contacts.*");
    let refused = Catalog::new(text(2), Warnings::Into(&mut Vec::new()));
    let refused = refused.expect_err("it is refused");
    assert!(refused.to_string().ends_with(&needed), "{refused}");
    let mut warnings = Vec::new();
    let loaded = Catalog::new(text(1), Warnings::Into(&mut warnings));
    assert!(loaded.is_ok(), "format 1 is read for ever");
    let warnings: Vec<&str> = warnings.iter().map(|it| it.message()).collect();
    assert_eq!(warnings, [needed + FINDING]);
}

#[test]
fn d16_format_1_loads_as_before_with_a_finding() {
    let warnings = load(1, 2, r#""*""#).expect("format 1 is read for ever");
    assert_eq!(warnings[0], format!("{NEEDED}{FINDING}"));
    let engine = old();
    let (contacts, orders) = (OnType::named("contact"), OnType::named("order"));
    assert!(engine.check("ann", "list", &orders).is_allow());
    assert!(engine.check("ann", "page", &contacts).is_allow());
    assert!(!engine.can_any("ann", "view", &contacts).is_allow());
}

#[test]
fn d16_a_policy_of_an_older_version_skips_with_a_warning() {
    for format in [1, 2] {
        let warnings = load(format, 1, r#""*""#).expect("it loads");
        assert_eq!(warnings[0], NEEDED);
    }
}

#[test]
fn d16_changes_refuse_what_is_new_and_leave_what_stood() {
    let engine = old();
    let wildcard = || RoleDocument::new("new").grant("contacts.*");
    let needed = NEEDED.replace('*', "contacts.*");
    let create = Change::CreateRole { role: wildcard() };
    let said = refusal(&engine, &Actor::System, create);
    assert!(said.ends_with(&needed), "{said}");
    let copy = Change::CopyRole {
        role: "r".to_owned(),
        id: "copy".to_owned(),
        name: None,
        description: None,
        created: None,
    };
    let said = refusal(&engine, &Actor::System, copy);
    assert!(said.ends_with(NEEDED), "{said}");
    let edit = |grants| Change::EditRole {
        role: "r".to_owned(),
        grants,
        denies: Vec::new(),
        since: None,
    };
    let said = refusal(&engine, &Actor::System, edit(wildcard().grants));
    assert!(said.ends_with(&needed), "{said}");
    // A grant beside the one that stood.
    let both = vec!["*".into(), ("contacts", bailiwick::Scope::Own).into()];
    let applied = engine.apply(&Actor::System, Timestamp(1), &[edit(both)]);
    assert!(applied.is_ok(), "{applied:?}");
    let host = Actor::external("host", ["*".into()]);
    let said = refusal(&engine, &host, Change::CreateRole { role: wildcard() });
    assert!(said.ends_with(NEEDED), "{said}");
}

#[test]
fn d16_an_import_refuses_what_is_new_and_leaves_what_stood() {
    let engine = old();
    let import = |change: &dyn Fn(&mut PolicyDocument)| {
        let mut policy = engine.policy();
        change(&mut policy);
        Change::ImportPolicy { policy }
    };
    let unchanged = refusal(&engine, &Actor::System, import(&|_| {}));
    assert_eq!(unchanged, "NothingToChange");
    let new = RoleDocument::new("new").grant("contacts.*");
    let said = refusal(
        &engine,
        &Actor::System,
        import(&|it| it.roles.push(new.clone())),
    );
    assert!(
        said.starts_with("roles[1].grants[0].select: `contacts.*` needs"),
        "{said}"
    );
    let said = refusal(&engine, &Actor::System, import(&|it| it.format = 2));
    assert!(said.ends_with(NEEDED), "{said}");
    let plain = RoleDocument::new("new").grant("orders");
    let added = import(&|it| it.roles.push(plain.clone()));
    assert!(engine.apply(&Actor::System, Timestamp(1), &[added]).is_ok());
}

#[test]
fn law_6_an_export_states_the_format_that_its_content_needs() {
    let engine = old();
    assert_eq!(engine.policy().format, 1);
    assert_eq!(loaded(engine.policy()).policy(), engine.policy());
    let mended = Change::EditRole {
        role: "r".to_owned(),
        grants: vec![("*", bailiwick::Scope::All).into()],
        denies: Vec::new(),
        since: None,
    };
    let mended = engine.apply(&Actor::System, Timestamp(1), &[mended]);
    let mended = mended.expect("it is applied").into_engine();
    assert_eq!(mended.policy().format, FORMAT);
}

#[test]
fn a_format_that_is_not_known_is_refused() {
    let said = load(3, 2, r#""orders""#).unwrap_err();
    assert_eq!(said, ["format `3` is not known; known are `1`, `2`"]);
}
