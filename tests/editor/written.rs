//! What becomes of the grants as written (T4), and what is left out of a selector (S5).

use bailiwick::Scope::{All, Own};
use bailiwick::admin::{Actor, Applied, Change, EditorError, Refusal, RoleEditor};
use bailiwick::document::{CatalogDocument, GrantDocument, PolicyDocument, RoleDocument};
use bailiwick::{Catalog, Engine, OnType, Subject, Timestamp, Warnings};

use super::{applied, catalog, changed, empty, engine, grants, of, scoped, set};

fn tree() -> Catalog {
    catalog(
        r#"
        permissions = [
          { path = "a" }, { path = "a.x" }, { path = "a.y" },
          { path = "b", scopes = ["own", "all"] }, { path = "b.x", scopes = ["own", "all"] },
        ]
        "#,
    )
}

fn except(select: &str, scope: Option<bailiwick::Scope>, except: &[&str]) -> GrantDocument {
    GrantDocument {
        select: select.to_owned(),
        scope,
        except: except.iter().map(|it| (*it).to_owned()).collect(),
    }
}

#[test]
fn t4_check_all_stores_the_permissions_that_exist_today() {
    let catalog = tree();
    let mut editor = empty(&catalog);
    editor.check_all(None);
    assert_eq!(
        grants(&editor),
        [
            r#""a""#,
            r#""a.x""#,
            r#""a.y""#,
            r#"{"select":"b","scope":"own"}"#,
            r#"{"select":"b.x","scope":"own"}"#
        ]
    );
}

#[test]
fn t4_a_later_permission_is_not_granted_silently() {
    let old = r#"
        format = 2
        id = "test"
        version = 1
        permissions = [{ path = "a" }]
        types = [{ id = "t" }]
        operations = [{ type = "t", action = "x", on = "type", allowed_by = ["a"] }]
    "#;
    let new = old
        .replace("version = 1", "version = 2")
        .replace(r#"{ path = "a" }"#, r#"{ path = "a" }, { path = "a.new" }"#);
    let new = new.replace(
        "operations = [",
        r#"operations = [{ type = "t", action = "new", on = "type", allowed_by = ["a.new"] }, "#,
    );
    let load = |text: &str| {
        Catalog::new(
            CatalogDocument::from_toml("c", text),
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap()
    };
    let mut editor = empty(&load(old));
    editor.check_all(None);
    let mut policy = PolicyDocument::new(1);
    policy.roles.push(RoleDocument::new("role"));
    let engine = engine(&load(&new), applied(&load(&new), &policy, editor.changes()));
    let may = |action| {
        let decision = engine.check(Subject::role("role"), action, &OnType::named("t"));
        decision.is_allow()
    };
    assert!(may("x") && !may("new"));
}

#[test]
fn t4_selectors_and_exceptions_that_are_not_touched_survive() {
    let catalog = tree();
    let role = RoleDocument::new("role")
        .grant(except("a.*", None, &["a.y"]))
        .grant(except("*", Some(Own), &["a"]));
    let mut editor = of(&catalog, role);
    let before = grants(&editor);
    // What an exception spares is set beside it, and so is a wider scope.
    let edit = editor.check("a", None).unwrap();
    assert_eq!(changed(&edit), ["a.y"]);
    editor.set_scope("b.x", All).unwrap();
    assert_eq!(grants(&editor)[..2], before);
    assert_eq!(
        grants(&editor)[2..],
        [r#""a.y""#, r#"{"select":"b.x","scope":"all"}"#]
    );
    // Taking these away again touches neither.
    editor.uncheck("a.y").unwrap();
    editor.set_scope("b.x", Own).unwrap();
    assert_eq!(grants(&editor), before);
    assert!(!editor.is_changed());
}

#[test]
fn t4_a_touched_selector_is_expanded_and_that_is_reported() {
    let catalog = tree();
    let role = RoleDocument::new("role").grant("a.*").grant(("b", Own));
    let mut editor = of(&catalog, role);
    let edit = editor.uncheck("a.x").unwrap();
    assert_eq!(edit.expanded, [GrantDocument::from("a.*")]);
    assert_eq!(edit.to_string(), "- a.x\n! a.* is now single grants\n");
    // They stand where it stood.
    assert_eq!(
        grants(&editor),
        [r#""a""#, r#""a.y""#, r#"{"select":"b","scope":"own"}"#]
    );
}

#[test]
fn t4_narrowing_a_node_touches_the_selector_that_gives_more() {
    let catalog = tree();
    let role = RoleDocument::new("role")
        .grant(("b.*", All))
        .grant(("b.*", Own));
    let mut editor = of(&catalog, role);
    let edit = editor.set_scope("b.x", Own).unwrap();
    assert_eq!(edit.expanded, [GrantDocument::from(("b.*", All))]);
    assert_eq!(scoped(&editor), [("b", All), ("b.x", Own)]);
    assert_eq!(
        grants(&editor),
        [
            r#"{"select":"b","scope":"all"}"#,
            r#"{"select":"b.*","scope":"own"}"#
        ]
    );
}

#[test]
fn t4_of_several_grants_of_a_node_none_outlives_its_clearing() {
    let catalog = tree();
    let role = RoleDocument::new("role")
        .grant(("b", Own))
        .grant(("b", All))
        .grant(except("b", Some(Own), &["b.x"]));
    let mut editor = of(&catalog, role.clone());
    editor.uncheck("b").unwrap();
    assert!(set(&editor).is_empty() && grants(&editor).is_empty());
    let mut editor = of(&catalog, role);
    editor.set_scope("b", Own).unwrap();
    assert_eq!(scoped(&editor), [("b", Own)]);
}

#[test]
fn t4_only_the_roles_own_grants_are_edited() {
    let catalog = tree();
    let mut policy = PolicyDocument::new(1);
    policy.revision = Some(7);
    policy
        .roles
        .push(RoleDocument::new("junior").grant("a.x").deny("b.x"));
    let role = RoleDocument::new("role")
        .inherit("junior")
        .grant("a")
        .deny("a.y");
    policy.roles.push(role.clone());
    let mut editor = RoleEditor::open(&engine(&catalog, policy), "role").unwrap();
    assert_eq!(set(&editor), ["a"]);
    let edit = editor.uncheck("a").unwrap();
    assert_eq!(changed(&edit), ["a"]);
    assert_eq!(
        editor.changes(),
        [Change::EditRole {
            role: "role".to_owned(),
            grants: Vec::new(),
            denies: role.denies,
            since: Some(7),
        }]
    );
}

#[test]
fn s5_what_a_selector_leaves_out_and_misses_is_named() {
    let catalog = catalog(
        r#"
        permissions = [
          { path = "a", requires = ["z"] },
          { path = "a.any", scopes = ["own", "all"] },
          { path = "a.set", adjustable = { ladder = ["system:admin"], default = "system:admin" } },
          { path = "a.not" },
          { path = "z" },
        ]
        roles = [{ id = "system:admin" }]
        "#,
    );
    let role = RoleDocument::new("role").grant(except("a.*", None, &["a.not"]));
    let editor = of(&catalog, role.grant("z").grant("a"));
    let found: Vec<_> = editor.selectors().collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].sets, ["a"]);
    assert_eq!(found[0].leaves_out, ["a.any", "a.set"]);
    assert!(found[0].misses.is_empty());
    let editor = of(
        &catalog,
        RoleDocument::new("role").grant(("*", Own)).grant("a"),
    );
    assert_eq!(
        editor.selectors().next().unwrap().misses,
        Vec::<&str>::new()
    );
    assert_eq!(
        editor.selectors().next().unwrap().leaves_out,
        ["a", "a.set", "a.not", "z"]
    );
    let editor = of(&catalog, RoleDocument::new("role").grant("a.*"));
    assert_eq!(editor.selectors().next().unwrap().misses, ["z"]);
}

#[test]
fn d16_grants_written_against_an_older_catalog_are_edited_by_todays_paths() {
    let text = r#"
        format = 2
        id = "test"
        version = 2
        permissions = [{ path = "new" }, { path = "new.x" }, { path = "b" }]
        renamed = [{ version = 2, from = "old", to = "new" }]
        retired = [{ version = 2, path = "gone" }]
    "#;
    let catalog = Catalog::new(
        CatalogDocument::from_toml("c", text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let role = RoleDocument::new("role")
        .grant("old.*")
        .grant("gone")
        .grant("b");
    let mut editor = of(&catalog, role);
    assert_eq!(set(&editor), ["new", "new.x", "b"]);
    editor.uncheck("b").unwrap();
    assert_eq!(grants(&editor), [r#""old.*""#, r#""gone""#]);
    editor.uncheck("new.x").unwrap();
    assert_eq!(grants(&editor), [r#""new""#, r#""gone""#]);
    let mut policy = PolicyDocument::new(1);
    policy.roles.push(
        RoleDocument::new("role")
            .grant("old.*")
            .grant("gone")
            .grant("b"),
    );
    let engine = engine(&catalog, applied(&catalog, &policy, editor.changes()));
    assert_eq!(set(&RoleEditor::open(&engine, "role").unwrap()), ["new"]);
}

#[test]
fn nothing_changed_is_no_change() {
    let catalog = tree();
    let mut editor = of(
        &catalog,
        RoleDocument::new("role").grant("a.x").grant("a.y"),
    );
    assert!(editor.changes().is_empty() && editor.undo().is_none());
    editor.uncheck("a.x").unwrap();
    assert_eq!(editor.changes().len(), 1);
    // In another order, which does not matter.
    editor.check("a.x", None).unwrap();
    assert!(editor.changes().is_empty());
}

#[test]
fn the_last_action_is_taken_back_as_it_was_written() {
    let catalog = tree();
    let mut editor = of(&catalog, RoleDocument::new("role").grant("*"));
    let before = grants(&editor);
    editor.uncheck("a").unwrap();
    let undone = editor.undo().unwrap();
    assert_eq!(changed(&undone), ["a", "a.x", "a.y"]);
    assert_eq!(grants(&editor), before);
    assert!(!editor.is_changed() && editor.undo().is_none());
}

#[test]
fn a_new_role_ends_in_its_creation() {
    let catalog = tree();
    let policy = PolicyDocument::new(1);
    let mut role = RoleDocument::new("role");
    role.name = Some("Role".to_owned());
    let mut editor = RoleEditor::draft(&catalog, &policy, role.clone()).unwrap();
    editor.check("a.x", None).unwrap();
    let expected = role.grant("a.x");
    assert_eq!(
        editor.changes(),
        [Change::CreateRole {
            role: expected.clone()
        }]
    );
    let mut policy = policy;
    policy.roles.push(expected.clone());
    let taken = RoleEditor::draft(&catalog, &policy, expected).unwrap_err();
    assert!(
        taken.to_string().contains("duplicate role `role`"),
        "{taken}"
    );
}

#[test]
fn what_cannot_be_opened_is_refused_by_name() {
    let catalog = catalog("permissions = [{ path = \"a\" }]\nroles = [{ id = \"system:admin\" }]");
    let mut policy = PolicyDocument::new(1);
    policy.roles.push(RoleDocument::new("seller"));
    let engine = engine(&catalog, policy);
    let refused = |role| RoleEditor::open(&engine, role).unwrap_err().to_string();
    assert_eq!(
        refused("selller"),
        "unknown role `selller`; did you mean `seller`?"
    );
    assert_eq!(
        refused("system:admin"),
        "`system:admin` is a system role, which nobody edits; edit a copy of it"
    );
    let mut editor = RoleEditor::open(&engine, "seller").unwrap();
    assert!(matches!(
        editor.click("b.b.b", None),
        Err(EditorError::UnknownPermission { nearest: None, .. })
    ));
}

#[test]
fn saving_over_somebody_elses_edit_is_refused() {
    let catalog = catalog("permissions = [{ path = 'a' }, { path = 'b' }]");
    let mut policy = PolicyDocument::new(1);
    policy.roles.push(RoleDocument::new("editor"));
    policy.roles.push(RoleDocument::new("other"));
    policy.revision = Some(7);
    let engine = engine(&catalog, policy);
    let edit = |role: &str| {
        let mut editor = RoleEditor::open(&engine, role).unwrap();
        editor.check("a", None).unwrap();
        editor.changes()
    };
    let (mine, others) = (edit("editor"), edit("other"));
    let apply = |engine: &Engine, changes: &[Change]| {
        let applied = engine.apply(&Actor::System, Timestamp(0), changes);
        applied.map(Applied::into_engine)
    };
    let theirs = [Change::EditRole {
        role: "editor".to_owned(),
        grants: vec!["b".into()],
        denies: Vec::new(),
        since: Some(7),
    }];
    let saved = apply(&engine, &theirs).unwrap();
    let conflict = apply(&saved, &mine).unwrap_err();
    assert_eq!(
        conflict.reason,
        Refusal::Conflict {
            role: "editor".to_owned(),
            since: 7,
            changed: 8
        }
    );
    // Another role was changed by nobody.
    apply(&saved, &others).unwrap();
    apply(&engine, &mine).unwrap();
}
