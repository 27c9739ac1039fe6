//! What is new in a policy that is imported is judged as written today (S5, D16), whatever version of the
//! catalog the account is written against; what stood in it before stays.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, GrantDocument, PolicyDocument, RoleDocument,
};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};

use crate::reference::administration::{Class, Refused};
use crate::support::documents::Documents;

/// The second version, which made invalid what the policy of the first still holds.
const CATALOG: &str = r#"
format = 2
id = "files"
version = 2
permissions = [
  { path = "docs", scopes = ["own", "all"] },
  { path = "docs.list" },
  { path = "lists", scopes = ["own"] },
  { path = "ranks", adjustable = { ladder = ["system:low", "system:high"], default = "system:low" } },
  { path = "papers" },
]
types = [{ id = "doc" }]
operations = [{ type = "doc", action = "view", on = "record", allowed_by = ["docs", "lists"] }]
roles = [{ id = "system:low" }, { id = "system:high", inherits = ["system:low"] }]
renamed = [{ version = 2, from = "sheets", to = "papers" }]
retired = [{ version = 2, path = "letters" }]
"#;

/// What today's catalog makes less of, or nothing.
fn narrowed() -> Vec<GrantDocument> {
    vec![
        GrantDocument::from("*"),
        GrantDocument::from("docs.*"),
        GrantDocument::from("docs"),
        GrantDocument::from(("lists", Scope::All)),
        GrantDocument::from("ranks"),
        GrantDocument::from("letters"),
        GrantDocument::from("letters.*"),
    ]
}

/// An account of the first version, in which somebody holds all of that.
fn account() -> Engine {
    let catalog = CatalogDocument::from_toml("catalog.toml", CATALOG);
    let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new()));
    let catalog = catalog.unwrap_or_else(|it| panic!("{it}"));
    let mut policy = PolicyDocument::new(1);
    let mut old = RoleDocument::new("old");
    old.grants = narrowed();
    policy.roles.push(old);
    let warnings = Warnings::Into(&mut Vec::new());
    let engine = Engine::new(
        &catalog,
        policy,
        DirectoryDocument::new([]),
        Timestamp(0),
        warnings,
    );
    engine.unwrap_or_else(|it| panic!("{it}"))
}

/// What the engine makes of an import, which is what the reference makes of it.
fn imported(engine: &Engine, policy: PolicyDocument) -> Result<Engine, String> {
    let documents = Documents {
        catalog: engine.catalog().document().clone(),
        policy: engine.policy(),
        directory: engine.directory(),
        at: Timestamp(0),
    };
    let change = Change::ImportPolicy { policy };
    let expected = crate::reference::administration::apply(
        &documents.catalog,
        &documents.policy,
        &documents.directory,
        &Actor::System,
        documents.at,
        std::slice::from_ref(&change),
    );
    let applied = engine.apply(&Actor::System, Timestamp(0), &[change]);
    match (&applied, &expected) {
        (Ok(_), Ok(_)) => {}
        (Err(refused), Err(Refused { classes, .. })) => {
            assert_eq!(refused.reason.code(), "invalid");
            assert!(classes.contains(&Class::Invalid), "{classes:?}");
        }
        (engine, reference) => panic!("{engine:?} {reference:?}"),
    }
    let applied = applied.map_err(|refused| refused.reason.to_string());
    applied.map(bailiwick::admin::Applied::into_engine)
}

#[test]
fn what_is_new_in_an_import_is_judged_as_written_today() {
    let engine = account();
    for grant in narrowed() {
        // In a role that is new, and in one that stood.
        for id in ["boss", "old"] {
            let mut policy = engine.policy();
            let role = RoleDocument::new(id);
            policy.roles.retain(|it| it.id != id);
            let role = match id {
                // An exception makes it another grant.
                "old" => RoleDocument {
                    grants: vec![GrantDocument {
                        except: vec!["docs.list".to_owned()],
                        ..grant.clone()
                    }],
                    ..role
                },
                _ => role.grant(grant.clone()),
            };
            policy.roles.push(role);
            let refused = imported(&engine, policy).expect_err("it grants less than it says");
            let select = grant.select.trim_end_matches(".*");
            assert!(refused.contains(select), "{refused}");
        }
        let role = RoleDocument::new("boss").grant(grant);
        let create = Change::CreateRole { role };
        let refused = engine.apply(&Actor::System, Timestamp(0), &[create]);
        assert_eq!(refused.unwrap_err().reason.code(), "invalid");
    }
}

#[test]
fn what_stood_before_is_imported_as_it_stood() {
    let engine = account();
    let mut policy = engine.policy();
    // By the names of the version that it states.
    policy
        .roles
        .push(RoleDocument::new("clerk").grant("sheets"));
    policy
        .roles
        .push(RoleDocument::new("boss").grant(GrantDocument::from(("*", Scope::All))));
    let after = imported(&engine, policy).unwrap_or_else(|it| panic!("{it}"));
    let roles = after.policy().roles;
    let old = roles.iter().find(|it| it.id == "old");
    assert_eq!(old.map(|it| &it.grants), Some(&narrowed()));
}
