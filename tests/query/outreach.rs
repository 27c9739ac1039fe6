//! The sidebar of Outreach (fixture `outreach_cx`), for each role, before and after.

use bailiwick::document::{AskedOn, CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::query::{Ask, Screen, Shown};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

const CATALOG: &str = include_str!("../../fixtures/outreach_cx/catalog.toml");
const POLICY: &str = include_str!("../../fixtures/outreach_cx/policy.toml");
const DIRECTORY: &str = include_str!("../../fixtures/outreach_cx/directory.toml");

pub(super) fn engine_with(edit: impl FnOnce(&mut CatalogDocument, &mut PolicyDocument)) -> Engine {
    let catalog = CatalogDocument::from_toml("catalog.toml", CATALOG);
    let policy = PolicyDocument::from_toml("policy.toml", POLICY);
    let mut catalog = catalog.into_document().unwrap();
    let mut policy = policy.into_document().unwrap();
    edit(&mut catalog, &mut policy);
    let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
    let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY);
    let loaded = Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.unwrap()
}

pub(super) fn engine(has_outreach: bool) -> Engine {
    engine_with(|_, policy| {
        if !has_outreach {
            policy.features.clear();
        }
    })
}

pub(super) fn screen(user: &str, has_outreach: bool) -> Screen {
    engine(has_outreach).screen(user).unwrap()
}

/// What is shown of an operation: `enabled`, `hidden`, or whom to ask.
fn shown(screen: &Screen, r#type: &str, action: &str) -> String {
    let types = screen.types.iter().find(|it| it.id == r#type).unwrap();
    let operation = types.operations.iter().find(|it| it.action == action);
    match &operation.unwrap().shown {
        Shown::Enabled { .. } => "enabled".to_owned(),
        Shown::Hidden => "hidden".to_owned(),
        Shown::Blocked(blocked) => {
            assert_eq!(blocked.feature, "outreach");
            match &blocked.ask {
                Ask::Yourself => "request it".to_owned(),
                Ask::Roles(roles) => format!("ask {}", roles.join(", ")),
            }
        }
    }
}

/// Before Outreach: an Org Admin may request it, a Campaigner is sent to their Org Admin, to
/// Operations it does not exist.
#[test]
fn before_outreach_each_role_is_shown_something_else() {
    for (user, sidebar, settings, cx) in [
        ("olga", "request it", "request it", "enabled"),
        ("cam", "ask system:org_admin", "hidden", "hidden"),
        ("opal", "hidden", "hidden", "enabled"),
    ] {
        let screen = screen(user, false);
        assert_eq!(shown(&screen, "outreach", "see"), sidebar, "{user}");
        assert_eq!(shown(&screen, "campaign", "run"), sidebar, "{user}");
        assert_eq!(
            shown(&screen, "outreach_settings", "view"),
            settings,
            "{user}"
        );
        assert_eq!(shown(&screen, "cx", "see"), cx, "{user}");
    }
}

#[test]
fn with_outreach_nothing_is_blocked() {
    for (user, sidebar, settings) in [
        ("olga", "enabled", "enabled"),
        ("cam", "enabled", "hidden"),
        ("opal", "hidden", "hidden"),
    ] {
        let screen = screen(user, true);
        assert_eq!(shown(&screen, "outreach", "see"), sidebar, "{user}");
        assert_eq!(
            shown(&screen, "outreach_settings", "view"),
            settings,
            "{user}"
        );
        let all = screen.types.iter().flat_map(|it| &it.operations);
        let blocked = all.filter(|it| matches!(it.shown, Shown::Blocked(_)));
        assert_eq!(blocked.count(), 0);
    }
}

/// A role stands for whoever has it.
#[test]
fn a_role_is_shown_what_its_holder_is() {
    let engine = engine(false);
    for (user, role) in [
        ("olga", "system:org_admin"),
        ("cam", "system:campaigner"),
        ("opal", "system:operations"),
    ] {
        let of_role = engine.screen(bailiwick::Subject::role(role)).unwrap();
        let of_user = engine.screen(user).unwrap();
        assert_eq!(of_role.types, of_user.types);
        assert_eq!(of_role.permissions, of_user.permissions);
    }
}

/// The documented shape, as JSON.
#[test]
fn a_screen_is_written_as_documented() {
    let screen = serde_json::to_value(screen("cam", false)).unwrap();
    let head = serde_json::json!({ "kind": "user", "id": "cam" });
    assert_eq!(screen["subject"], head);
    assert_eq!(screen["catalog"], "outreach_cx");
    assert_eq!(screen["catalog_version"], 1);
    assert_eq!(screen["account"], "northwind");
    assert_eq!(screen["revision"], 1);
    let keys: Vec<&String> = screen.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 7, "{keys:?}");
    assert_eq!(
        screen["types"][0],
        serde_json::json!({
            "id": "outreach",
            "label": "The Outreach product",
            "operations": [{
                "action": "see",
                "label": "See Outreach in sidebar",
                "on": AskedOn::Type,
                "shown": "blocked",
                "reason": "feature_disabled",
                "feature": "outreach",
                "ask": { "roles": ["system:org_admin"] },
            }],
        })
    );
    let cx = serde_json::json!({
        "path": "cx",
        "label": "See CX product in sidebar",
        "level": "module",
        "shown": "hidden",
    });
    let permissions = screen["permissions"].as_array().unwrap();
    assert_eq!(permissions.last(), Some(&cx));
}
