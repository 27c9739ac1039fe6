//! T1 to T3, and of T4 what is set and cleared along.

use bailiwick::admin::{LeftAlone, RoleEditor, TickState};
use bailiwick::document::{PolicyDocument, RoleDocument};
use bailiwick::{Catalog, OnType, Scope, Subject};

use super::{applied, catalog, changed, empty, engine, of, set};

/// Two levels and a second module.
fn lists() -> Catalog {
    catalog(
        r#"
        permissions = [
          { path = "lists" },
          { path = "lists.add" },
          { path = "lists.bulk" },
          { path = "lists.bulk.delete" },
          { path = "forms" },
        ]
        types = [{ id = "list" }]
        operations = [
          { type = "list", action = "open", on = "type", allowed_by = ["lists"] },
          { type = "list", action = "add", on = "type", allowed_by = ["lists.add"] },
        ]
        "#,
    )
}

/// A chain of prerequisites across modules; the needed module has children of its own.
fn chain() -> Catalog {
    catalog(
        r#"
        permissions = [
          { path = "a" },
          { path = "a.edit", requires = ["b"] },
          { path = "b", requires = ["c"] },
          { path = "b.below" },
          { path = "c" },
          { path = "c.below" },
        ]
        "#,
    )
}

const LOCKS: &str = r#"
    features = [{ id = "sms" }]
    permissions = [
      { path = "mail" },
      { path = "mail.send" },
      { path = "texts", features = ["sms"], requires = ["mail"] },
      { path = "texts.send" },
      { path = "both", requires = ["texts"] },
      { path = "both.report" },
    ]
"#;

fn locks() -> Catalog {
    catalog(LOCKS)
}

#[test]
fn t1_every_node_can_be_granted_inner_ones_too() {
    let catalog = lists();
    for node in empty(&catalog).nodes() {
        let mut editor = empty(&catalog);
        editor.set_one(node.path, None).unwrap();
        assert_eq!(set(&editor), [node.path]);
    }
}

#[test]
fn t1_an_inner_nodes_bit_is_access_to_the_module_and_says_nothing_about_its_children() {
    let catalog = lists();
    let policy = PolicyDocument::new(1);
    for (node, open, add) in [("lists", true, false), ("lists.add", false, true)] {
        let mut editor = RoleEditor::draft(&catalog, &policy, RoleDocument::new("role")).unwrap();
        editor.set_one(node, None).unwrap();
        let engine = engine(&catalog, applied(&catalog, &policy, editor.changes()));
        let may = |action| {
            let decision = engine.check(Subject::role("role"), action, &OnType::named("list"));
            decision.is_allow()
        };
        assert_eq!((may("open"), may("add")), (open, add));
    }
}

#[test]
fn t2_checking_sets_a_node_and_its_whole_subtree() {
    let catalog = lists();
    let mut editor = empty(&catalog);
    editor.check("lists", None).unwrap();
    assert_eq!(
        set(&editor),
        ["lists", "lists.add", "lists.bulk", "lists.bulk.delete"]
    );
}

#[test]
fn t2_unchecking_clears_a_node_and_its_whole_subtree() {
    let catalog = lists();
    let mut editor = empty(&catalog);
    editor.check_all(None);
    editor.uncheck("lists.bulk").unwrap();
    assert_eq!(set(&editor), ["lists", "lists.add", "forms"]);
    editor.uncheck_all();
    assert!(set(&editor).is_empty());
}

#[test]
fn t2_a_third_action_sets_or_clears_one_node_alone() {
    let catalog = lists();
    let mut editor = empty(&catalog);
    editor.set_one("lists", None).unwrap();
    assert_eq!(set(&editor), ["lists"]);
    editor.check("lists", None).unwrap();
    editor.clear_one("lists").unwrap();
    assert_eq!(
        set(&editor),
        ["lists.add", "lists.bulk", "lists.bulk.delete"]
    );
}

#[test]
fn t2_neither_setting_nor_clearing_children_moves_the_parent() {
    let catalog = lists();
    let mut editor = empty(&catalog);
    for leaf in ["lists.add", "lists.bulk", "lists.bulk.delete"] {
        editor.check(leaf, None).unwrap();
    }
    assert_eq!(editor.tick("lists").unwrap(), None);
    editor.set_one("lists", None).unwrap();
    for leaf in ["lists.add", "lists.bulk"] {
        editor.uncheck(leaf).unwrap();
    }
    assert_eq!(set(&editor), ["lists"]);
}

#[test]
fn t3_checked_when_it_and_all_below_are_set_unchecked_when_none_else_partial() {
    use TickState::{Checked, Partial, Unchecked};
    let catalog = lists();
    let mut editor = empty(&catalog);
    let state = |editor: &RoleEditor| editor.state("lists").unwrap();
    assert_eq!(state(&editor), Unchecked);
    editor.set_one("lists", None).unwrap();
    assert_eq!(state(&editor), Partial);
    editor.check("lists.add", None).unwrap();
    editor.check("lists.bulk", None).unwrap();
    assert_eq!(state(&editor), Checked);
    editor.clear_one("lists").unwrap();
    assert_eq!(state(&editor), Partial);
    assert_eq!(editor.state("lists.bulk").unwrap(), Checked);
    assert_eq!(editor.state("forms").unwrap(), Unchecked);
}

#[test]
fn t3_clicking_a_partial_node_checks_all_then_clears_all() {
    let catalog = lists();
    let mut editor = empty(&catalog);
    editor.check("lists.add", None).unwrap();
    editor.click("lists", None).unwrap();
    assert_eq!(editor.state("lists").unwrap(), TickState::Checked);
    editor.click("lists", None).unwrap();
    assert_eq!(editor.state("lists").unwrap(), TickState::Unchecked);
    editor.click("lists", None).unwrap();
    assert_eq!(editor.state("lists").unwrap(), TickState::Checked);
}

#[test]
fn t3_what_cannot_be_ticked_keeps_no_box_from_being_checked() {
    let catalog = catalog(
        r#"
        features = [{ id = "sms" }]
        permissions = [
          { path = "mail" },
          { path = "mail.texts", features = ["sms"] },
          { path = "mail.texts.send" },
          { path = "mail.admin", adjustable = { ladder = ["system:admin"], default = "system:admin" } },
        ]
        roles = [{ id = "system:admin" }]
        "#,
    );
    let mut editor = empty(&catalog);
    editor.click("mail", None).unwrap();
    assert_eq!(set(&editor), ["mail"]);
    assert_eq!(editor.state("mail").unwrap(), TickState::Checked);
    // Nothing below can be ticked: the stored ticks are what there is to show.
    assert_eq!(editor.state("mail.texts").unwrap(), TickState::Unchecked);
    assert_eq!(editor.state("mail.admin").unwrap(), TickState::Unchecked);
    let editor = of(&catalog, RoleDocument::new("role").grant("mail.texts"));
    assert_eq!(editor.state("mail.texts").unwrap(), TickState::Partial);
    assert_eq!(editor.state("mail").unwrap(), TickState::Unchecked);
}

#[test]
fn t4_every_action_returns_what_it_changed() {
    let catalog = lists();
    let mut editor = empty(&catalog);
    let edit = editor.check("lists.bulk", None).unwrap();
    assert_eq!(changed(&edit), ["lists.bulk", "lists.bulk.delete"]);
    assert_eq!(
        changed(&editor.check("lists", None).unwrap()),
        ["lists", "lists.add"]
    );
    assert!(editor.check("lists", None).unwrap().is_empty());
    assert_eq!(changed(&editor.clear_one("lists").unwrap()), ["lists"]);
    assert!(editor.uncheck("forms").unwrap().is_empty());
}

#[test]
fn t4_setting_sets_what_is_required_to_a_fixed_point_without_subtrees() {
    let catalog = chain();
    let mut editor = empty(&catalog);
    let edit = editor.check("a.edit", None).unwrap();
    assert_eq!(set(&editor), ["a.edit", "b", "c"]);
    assert_eq!(edit.prerequisites().collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn t4_clearing_clears_what_requires_it_to_a_fixed_point_without_subtrees() {
    let catalog = chain();
    let mut editor = empty(&catalog);
    editor.check_all(None);
    let edit = editor.clear_one("c").unwrap();
    assert_eq!(set(&editor), ["a", "b.below", "c.below"]);
    assert_eq!(edit.dependents().collect::<Vec<_>>(), ["a.edit", "b"]);
}

#[test]
fn t4_what_was_not_set_takes_nothing_along_when_it_is_cleared() {
    // Somebody else's role gives `b`.
    let catalog = chain();
    let mut editor = of(
        &catalog,
        RoleDocument::new("role").grant("a.edit").grant("b.below"),
    );
    let edit = editor.uncheck("b").unwrap();
    assert_eq!(changed(&edit), ["b.below"]);
}

#[test]
fn t4_a_tick_that_is_there_already_gets_what_it_requires() {
    let catalog = chain();
    let mut editor = of(
        &catalog,
        RoleDocument::new("role").grant("a.edit").grant("b"),
    );
    let edit = editor.check("a", None).unwrap();
    assert_eq!(changed(&edit), ["a", "c"]);
}

#[test]
fn t4_what_it_suggests_is_named_and_not_set() {
    let catalog = catalog(
        r#"
        permissions = [
          { path = "add", suggests = ["send", "check"], requires = ["view"] },
          { path = "check" },
          { path = "send" },
          { path = "view", suggests = ["send"] },
        ]
        "#,
    );
    let mut editor = empty(&catalog);
    editor.check("check", None).unwrap();
    let edit = editor.check("add", None).unwrap();
    assert_eq!(edit.suggested, ["send"]);
    assert_eq!(set(&editor), ["add", "check", "view"]);
    assert!(editor.check("add", None).unwrap().suggested.is_empty());
}

#[test]
fn t4_nodes_whose_feature_is_off_are_shown_locked_and_left_alone() {
    let catalog = locks();
    let mut editor = of(&catalog, RoleDocument::new("role").grant("texts.send"));
    let locked: Vec<&str> = editor
        .nodes()
        .filter(|it| it.locked == Some("sms"))
        .map(|it| it.path)
        .collect();
    // The feature of a node is its children's as well.
    assert_eq!(locked, ["texts", "texts.send"]);

    let edit = editor.check_all(None);
    assert_eq!(
        set(&editor),
        ["mail", "mail.send", "texts.send", "both", "both.report"]
    );
    let texts = LeftAlone::Locked {
        path: "texts".to_owned(),
        feature: "sms".to_owned(),
    };
    assert_eq!(edit.left_alone, [texts]);
    let edit = editor.uncheck_all();
    assert_eq!(set(&editor), ["texts.send"]);
    assert_eq!(edit.left_alone[0].path(), "texts.send");
    for edit in [
        editor.set_one("texts", None).unwrap(),
        editor.clear_one("texts.send").unwrap(),
    ] {
        assert!(edit.is_empty());
        assert_eq!(edit.left_alone.len(), 1);
    }
}

/// An action that changes nothing says which node stands in its way, and why.
#[test]
fn t4_an_impossible_action_names_what_is_adjustable_or_locked() {
    let catalog = catalog(
        r#"
        features = [{ id = "sms" }]
        permissions = [
          { path = "texts", features = ["sms"] },
          { path = "admin", adjustable = { ladder = ["system:admin"], default = "system:admin" } },
        ]
        roles = [{ id = "system:admin" }]
        "#,
    );
    let mut editor = empty(&catalog);
    let adjustable = LeftAlone::Adjustable {
        path: "admin".to_owned(),
    };
    for edit in [
        editor.set_one("admin", None).unwrap(),
        editor.check("admin", None).unwrap(),
        editor.clear_one("admin").unwrap(),
        editor.uncheck("admin").unwrap(),
    ] {
        assert_eq!(edit.left_alone, std::slice::from_ref(&adjustable));
        assert!(edit.is_empty());
    }
    assert_eq!(
        editor
            .set_scope("admin", Scope::All)
            .unwrap_err()
            .to_string(),
        "`admin` is adjustable: a setting of the account gives it, not a tick"
    );
    assert_eq!(
        editor
            .set_scope("texts", Scope::All)
            .unwrap_err()
            .to_string(),
        "`texts` is locked: the account lacks feature `sms`"
    );
}

#[test]
fn t4_a_locked_prerequisite_is_left_alone_and_so_is_what_it_requires() {
    let catalog = locks();
    let mut editor = empty(&catalog);
    let edit = editor.set_one("both", None).unwrap();
    assert_eq!(set(&editor), ["both"]);
    assert_eq!(edit.left_alone[0].path(), "texts");
}

#[test]
fn t4_a_locked_dependent_is_left_alone() {
    let catalog = locks();
    let role = RoleDocument::new("role")
        .grant("mail")
        .grant("texts")
        .grant("both");
    let mut editor = of(&catalog, role);
    let edit = editor.clear_one("mail").unwrap();
    assert_eq!(set(&editor), ["texts", "both"]);
    assert_eq!(edit.left_alone[0].path(), "texts");
}

#[test]
fn d13_adjustable_nodes_are_not_tickable_and_pass_on_what_they_require() {
    let catalog = catalog(
        r#"
        permissions = [
          { path = "view" },
          { path = "admin", requires = ["view"], adjustable = { ladder = ["system:admin"], default = "system:admin" } },
          { path = "admin.log", requires = ["admin"] },
        ]
        roles = [{ id = "system:admin" }]
        "#,
    );
    let mut editor = empty(&catalog);
    let edit = editor.check("admin", None).unwrap();
    assert_eq!(set(&editor), ["view", "admin.log"]);
    assert_eq!(
        edit.left_alone,
        [LeftAlone::Adjustable {
            path: "admin".to_owned()
        }]
    );
    editor.uncheck("view").unwrap();
    assert!(set(&editor).is_empty());
    let admin = editor.nodes().find(|it| it.path == "admin").unwrap();
    assert!(admin.adjustable && !admin.is_tickable());
    // Whoever has it by the setting hands it down.
    let editor = of(&catalog, RoleDocument::new("role").inherit("system:admin"));
    assert!(
        editor
            .nodes()
            .any(|it| it.adjustable && it.inherited.is_some())
    );
}

#[test]
fn a_long_chain_of_prerequisites_is_followed_without_recursion() {
    let permissions: Vec<String> = (0..4_000)
        .map(|n| match n {
            0 => "{ path = \"p0\" }".to_owned(),
            _ => format!("{{ path = \"p{n}\", requires = [\"p{}\"] }}", n - 1),
        })
        .collect();
    let catalog = catalog(&format!("permissions = [{}]", permissions.join(", ")));
    let mut editor = empty(&catalog);
    assert_eq!(editor.check("p3999", None).unwrap().changes.len(), 4_000);
    assert_eq!(editor.uncheck("p0").unwrap().changes.len(), 4_000);
}
