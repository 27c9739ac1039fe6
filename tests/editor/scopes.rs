//! The scopes of ticks (T4, S5, D7).

use bailiwick::Catalog;
use bailiwick::Scope::{All, Own, Peers, Reports};
use bailiwick::admin::{EditorError, TickState};
use bailiwick::document::RoleDocument;

use super::{catalog, empty, of, scoped};

/// Viewing a record is a prerequisite that narrows; seeing the page is one that does not.
fn records() -> Catalog {
    catalog(
        r#"
        permissions = [
          { path = "page", scopes = ["reports", "all"] },
          { path = "view", scopes = ["own", "reports", "all"] },
          { path = "view.edit", scopes = ["own", "peers", "all"], default_scope = "peers", requires = ["between", "page"] },
          { path = "between", requires = ["view"], scopes = ["own", "all"] },
          { path = "view.export", scopes = ["own", "all"], requires = ["view"] },
        ]
        types = [{ id = "record" }, { id = "other" }]
        operations = [
          { type = "record", action = "view", on = "record", allowed_by = ["view"] },
          { type = "record", action = "edit", on = "record", allowed_by = ["view.edit"] },
          { type = "record", action = "export", on = "type", allowed_by = ["view.export"] },
          { type = "record", action = "list", on = "type", allowed_by = ["page"] },
          { type = "other", action = "view", on = "record", allowed_by = ["page"] },
        ]
        "#,
    )
}

fn offers() -> Catalog {
    catalog(
        r#"
        permissions = [
          { path = "top" },
          { path = "top.a", scopes = ["all", "own"] },
          { path = "top.b", scopes = ["own", "reports", "all"], default_scope = "reports" },
          { path = "top.c", scopes = ["peers", "all"] },
        ]
        "#,
    )
}

#[test]
fn t4_a_ticks_scope_is_the_one_chosen() {
    let catalog = offers();
    let mut editor = empty(&catalog);
    editor.set_one("top.b", Some(All)).unwrap();
    editor.check("top.a", Some(All)).unwrap();
    assert_eq!(scoped(&editor), [("top.a", All), ("top.b", All)]);
}

#[test]
fn t4_else_the_catalogs_default_else_the_narrowest_offered() {
    let catalog = offers();
    let mut editor = empty(&catalog);
    editor.check_all(None);
    assert_eq!(
        scoped(&editor),
        [
            ("top", All),
            ("top.a", Own),
            ("top.b", Reports),
            ("top.c", Peers)
        ]
    );
}

#[test]
fn t4_in_a_subtree_what_does_not_offer_the_scope_chosen_takes_the_nearest_and_is_named() {
    let catalog = offers();
    let mut editor = empty(&catalog);
    let edit = editor.check("top", Some(Reports)).unwrap();
    assert_eq!(
        scoped(&editor),
        [
            ("top", All),
            ("top.a", Own),
            ("top.b", Reports),
            ("top.c", Peers)
        ]
    );
    assert_eq!(edit.scoped_otherwise, ["top", "top.a", "top.c"]);
    assert_eq!(editor.state("top").unwrap(), TickState::Checked);
}

#[test]
fn t4_a_tick_that_is_there_keeps_its_scope_unless_one_is_chosen() {
    let catalog = offers();
    let mut editor = empty(&catalog);
    editor.set_one("top.b", Some(All)).unwrap();
    editor.check("top", None).unwrap();
    assert!(scoped(&editor).contains(&("top.b", All)));
    editor.check("top", Some(Own)).unwrap();
    assert!(scoped(&editor).contains(&("top.b", Own)));
}

#[test]
fn t4_prerequisites_that_narrow_are_raised_to_match_others_set_as_if_ticked_alone() {
    let catalog = records();
    let mut editor = empty(&catalog);
    // `view` through `between`, which allows nothing itself and passes its narrowing on; it offers
    // no `peers`, and must not narrow.
    editor.set_one("view.edit", None).unwrap();
    assert_eq!(
        scoped(&editor),
        [
            ("page", Reports),
            ("view", All),
            ("view.edit", Peers),
            ("between", Own)
        ]
    );
}

#[test]
fn t4_a_narrowing_prerequisite_is_set_no_wider_than_matches() {
    let catalog = records();
    let mut editor = empty(&catalog);
    editor.set_one("view.edit", Some(Own)).unwrap();
    assert!(scoped(&editor).contains(&("view", Own)));
}

#[test]
fn t4_a_prerequisite_that_is_set_is_raised_and_never_lowered() {
    let catalog = records();
    let mut editor = of(&catalog, RoleDocument::new("role").grant(("view", Reports)));
    let edit = editor.set_one("view.export", None).unwrap();
    assert_eq!(edit.changes.len(), 1);
    // On the type as well: its allow carries the scope that the record's view leaves.
    let edit = editor.set_scope("view.export", All).unwrap();
    assert_eq!(scoped(&editor), [("view", All), ("view.export", All)]);
    assert_eq!(edit.prerequisites().collect::<Vec<_>>(), ["view"]);
    assert_eq!(
        edit.to_string(),
        "~ view (reports → all), which it requires\n~ view.export (own → all)\n"
    );
}

#[test]
fn t4_narrowing_a_prerequisite_leaves_its_dependents_and_names_them() {
    let catalog = records();
    let mut editor = empty(&catalog);
    editor.set_one("view.export", Some(All)).unwrap();
    let edit = editor.set_scope("view", Own).unwrap();
    assert_eq!(scoped(&editor), [("view", Own), ("view.export", All)]);
    assert_eq!(edit.narrowed, ["view.export"]);
}

#[test]
fn s5_a_scope_that_is_not_offered_is_refused_of_one_node() {
    let catalog = offers();
    let mut editor = empty(&catalog);
    let refused = editor.set_one("top.c", Some(Own)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`top.c` does not offer the scope `own`; it offers `peers`, `all`"
    );
    editor.check("top.c", None).unwrap();
    assert!(editor.set_scope("top.c", Own).is_err());
    assert_eq!(
        editor.set_scope("top.a", Own),
        Err(EditorError::NotTicked {
            path: "top.a".to_owned()
        })
    );
}

#[test]
fn s5_the_scopes_offered_are_listed_narrowest_first() {
    let catalog = offers();
    let editor = empty(&catalog);
    let offered: Vec<_> = editor.nodes().map(|it| it.scopes).collect();
    assert_eq!(
        offered,
        [
            vec![All],
            vec![Own, All],
            vec![Own, Reports, All],
            vec![Peers, All]
        ]
    );
}
