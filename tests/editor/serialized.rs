//! What serde writes of an edit.

use bailiwick::Scope;
use bailiwick::admin::RoleEditor;
use bailiwick::document::{CatalogDocument, PolicyDocument, RoleDocument};
use bailiwick::{Catalog, Warnings};
use serde_json::json;

fn catalog() -> Catalog {
    let catalog = CatalogDocument::from_toml(
        "catalog",
        r#"
        format = 2
        id = "shop"
        version = 1
        features = [{ id = "refunds" }]
        permissions = [
          { path = "orders", scopes = ["own", "all"] },
          { path = "orders.edit", scopes = ["own", "all"], requires = ["orders"], suggests = ["orders.cancel"] },
          { path = "orders.cancel" },
          { path = "money" },
          { path = "money.refund", features = ["refunds"] },
          { path = "money.rates", adjustable = { ladder = ["system:clerk"], default = "system:clerk" } },
        ]
        roles = [{ id = "system:clerk" }]
        "#,
    );
    Catalog::new(catalog, Warnings::Refuse).unwrap()
}

#[test]
fn the_written_form_of_an_edit_has_all_that_changed() {
    let catalog = catalog();
    let role = RoleDocument::new("seller");
    let mut editor = RoleEditor::draft(&catalog, &PolicyDocument::new(1), role).unwrap();
    let edit = editor.set_one("orders.edit", Some(Scope::Own)).unwrap();
    assert_eq!(
        serde_json::to_value(&edit).unwrap(),
        json!({
            "changes": [
                { "path": "orders", "before": null, "after": "own", "cause": "prerequisite" },
                { "path": "orders.edit", "before": null, "after": "own", "cause": "asked" },
            ],
            "suggested": ["orders.cancel"],
            "expanded": [],
            "left_alone": [],
            "scoped_otherwise": [],
            "narrowed": [],
        })
    );
    let edit = editor.check("money", None).unwrap();
    assert_eq!(
        serde_json::to_value(&edit.left_alone).unwrap(),
        json!([
            { "because": "locked", "path": "money.refund", "feature": "refunds" },
            { "because": "adjustable", "path": "money.rates" },
        ])
    );
    let edit = editor.clear_one("orders").unwrap();
    assert_eq!(
        serde_json::to_value(&edit.changes).unwrap(),
        json!([
            { "path": "orders", "before": "own", "after": null, "cause": "asked" },
            { "path": "orders.edit", "before": "own", "after": null, "cause": "dependent" },
        ])
    );
}

#[test]
fn a_selector_that_was_expanded_is_written_as_a_document_has_it() {
    let role = RoleDocument::new("seller").grant(("orders.*", Scope::All));
    let catalog = catalog();
    let mut editor = RoleEditor::draft(&catalog, &PolicyDocument::new(1), role).unwrap();
    let edit = editor.clear_one("orders.cancel").unwrap();
    assert_eq!(
        serde_json::to_value(&edit.expanded).unwrap(),
        json!([{ "select": "orders.*", "scope": "all" }])
    );
}
