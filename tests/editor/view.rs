//! What a screen is given (T3 to T5).

use bailiwick::Scope::{All, Own};
use bailiwick::admin::{DeniedBy, RoleEditor, TickState};
use bailiwick::document::{Level, PolicyDocument, RoleDocument};
use bailiwick::{Catalog, Scope};

use super::{catalog, empty, engine};

fn shop() -> Catalog {
    catalog(
        r#"
        features = [{ id = "refunds" }]
        permissions = [
          { path = "orders", label = "Orders", level = "module", description = "What was bought" },
          { path = "orders.edit", label = "Ändern", scopes = ["own", "all"] },
          { path = "orders.refund", label = "Refund", features = ["refunds"], requires = ["orders"] },
          { path = "orders.refund.big" },
          { path = "staff", label = "Staff", adjustable = { ladder = ["system:admin"], default = "system:admin" } },
        ]
        roles = [{ id = "system:admin" }]
        "#,
    )
}

fn senior() -> RoleEditor {
    let mut policy = PolicyDocument::new(1);
    let junior = RoleDocument::new("junior")
        .grant("orders")
        .deny("orders.refund");
    policy.roles.push(junior.grant(("orders.edit", All)));
    let role = RoleDocument::new("role")
        .inherit("junior")
        .deny("orders.edit");
    policy.roles.push(role.grant(("orders.edit", Own)));
    RoleEditor::open(&engine(&shop(), policy), "role").unwrap()
}

#[test]
fn t4_inherited_and_denied_ones_are_marked_apart() {
    let editor = senior();
    type Marks<'a> = (&'a str, Option<Scope>, Option<Scope>, Option<DeniedBy>);
    let marks: Vec<Marks<'_>> = editor
        .nodes()
        .map(|it| (it.path, it.tick, it.inherited, it.denied))
        .collect();
    assert_eq!(
        marks,
        [
            ("orders", None, Some(All), None),
            ("orders.edit", Some(Own), Some(All), Some(DeniedBy::Itself)),
            ("orders.refund", None, None, Some(DeniedBy::Junior)),
            ("orders.refund.big", None, None, Some(DeniedBy::Junior)),
            ("staff", None, None, None),
        ]
    );
}

#[test]
fn the_tree_is_text_with_boxes() {
    assert_eq!(
        senior().to_string(),
        "[-] Orders (inherited)\n  \
           [x] Ändern (own; inherited: all; denied)\n  \
           [ ] Refund (denied by an inherited role; locked: refunds)\n    \
             [ ] orders.refund.big (denied by an inherited role; locked: refunds)\n\
         [ ] Staff (adjustable)\n"
    );
}

#[test]
fn nodes_come_in_preorder_with_all_that_a_screen_needs() {
    let catalog = shop();
    let editor = empty(&catalog);
    let orders = editor.nodes().next().unwrap();
    assert_eq!(Some(orders.permission), catalog.permission("orders"));
    assert_eq!(
        (orders.path, orders.label, orders.depth),
        ("orders", "Orders", 0)
    );
    assert_eq!(orders.description, Some("What was bought"));
    assert_eq!(orders.level, Some(Level::Module));
    assert_eq!(orders.state, TickState::Unchecked);
    let depths: Vec<usize> = editor.nodes().map(|it| it.depth).collect();
    assert_eq!(depths, [0, 1, 1, 2, 0]);
    assert_eq!(editor.nodes().nth(3).unwrap().label, "orders.refund.big");
}

#[test]
fn t5_permissions_are_found_by_label_or_path_in_either_case() {
    let catalog = shop();
    let editor = empty(&catalog);
    let found =
        |text: &str| -> Vec<String> { editor.search(text).map(|it| it.path.to_owned()).collect() };
    assert_eq!(found("äNDERN"), ["orders.edit"]);
    assert_eq!(found("A\u{308}ndern"), ["orders.edit"], "decomposed");
    assert_eq!(found("ä\u{ad}ndern"), ["orders.edit"], "a soft hyphen");
    assert_eq!(found("S.REF"), ["orders.refund", "orders.refund.big"]);
    assert_eq!(found("order").len(), 4);
    assert_eq!(found("").len(), 5);
    assert!(found("nothing such").is_empty());
}
