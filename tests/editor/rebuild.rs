//! The four example roles of the e-mail platform, rebuilt by ticking.

use bailiwick::admin::RoleEditor;
use bailiwick::document::{CatalogDocument, PolicyDocument, RoleDocument};
use bailiwick::{Catalog, Engine, OnType, Subject, Warnings};

use super::{applied, engine};

const CATALOG: &str = include_str!("../../fixtures/package_roles/catalog.toml");
const POLICY: &str = include_str!("../../fixtures/package_roles/policy.toml");

/// Ticks a role together as an operator does, and compares what it may with the fixture's role.
fn rebuild(role: &str, tick: impl FnOnce(&mut RoleEditor)) -> RoleEditor {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let policy = PolicyDocument::from_toml("policy.toml", POLICY)
        .into_document()
        .unwrap();
    let mut editor = RoleEditor::draft(&catalog, &policy, RoleDocument::new("rebuilt")).unwrap();
    tick(&mut editor);
    let engine = engine(&catalog, applied(&catalog, &policy, editor.changes()));
    let mut allowed = 0;
    for operation in catalog.operations() {
        let name = catalog.operation_name(operation).unwrap();
        let (r#type, action) = name.split_once(':').unwrap();
        let expected = may(&engine, role, r#type, action);
        assert_eq!(
            may(&engine, "rebuilt", r#type, action),
            expected,
            "{role} {name}"
        );
        allowed += usize::from(expected);
    }
    assert!(allowed > 0);
    editor
}

fn may(engine: &Engine, role: &str, r#type: &str, action: &str) -> bool {
    let on = OnType::named(r#type);
    engine.can_any(Subject::role(role), action, &on).is_allow()
}

fn click(editor: &mut RoleEditor, path: &str) {
    editor.click(path, None).unwrap();
}

fn view_only(editor: &mut RoleEditor, path: &str) {
    editor.set_one(path, None).unwrap();
}

#[test]
fn basic_access() {
    rebuild("basic_access", |editor| {
        view_only(editor, "contact_lists");
        click(editor, "contacts.view_details");
        click(editor, "contacts.view_log");
        view_only(editor, "broadcasts");
        click(editor, "statistics.broadcast");
    });
}

#[test]
fn campaign_manager() {
    rebuild("campaign_manager", |editor| {
        click(editor, "contact_lists");
        click(editor, "contacts");
        click(editor, "contacts.delete");
        view_only(editor, "custom_fields");
        for all in ["broadcasts", "drip_campaigns", "split_tests", "statistics"] {
            click(editor, all);
        }
    });
}

#[test]
fn full_access() {
    let editor = rebuild("full_access", |editor| {
        editor.check_all(None);
    });
    // The fixture's was made by Check All, of the same catalog.
    let policy = PolicyDocument::from_toml("policy.toml", POLICY)
        .into_document()
        .unwrap();
    let fixture = policy
        .roles
        .iter()
        .find(|it| it.id == "full_access")
        .unwrap();
    assert!(editor.grants().eq(&fixture.grants));
}

#[test]
fn read_only() {
    rebuild("read_only", |editor| {
        view_only(editor, "contact_lists");
        click(editor, "contacts.view_details");
        click(editor, "contacts.view_log");
        view_only(editor, "broadcasts");
        click(editor, "statistics");
    });
}
