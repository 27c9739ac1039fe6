//! The role editor: ticking a role together in the permission tree, box by box, and what each click
//! changes besides.

use bailiwick::admin::RoleEditor;
use bailiwick::document::RoleDocument;

#[path = "support/mod.rs"]
mod support;

const PACKAGE_ROLES: support::System = support::System {
    catalog: include_str!("../fixtures/package_roles/catalog.toml"),
    policy: include_str!("../fixtures/package_roles/policy.toml"),
    directory: include_str!("../fixtures/package_roles/directory.toml"),
};

const ACCOUNT_ADMIN: support::System = support::System {
    catalog: include_str!("../fixtures/account_admin/catalog.toml"),
    policy: include_str!("../fixtures/account_admin/policy-second.toml"),
    directory: include_str!("../fixtures/account_admin/directory-second.toml"),
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = PACKAGE_ROLES.engine()?;
    let role = RoleDocument::new("list_keeper");
    let mut editor = RoleEditor::draft(engine.catalog(), &engine.policy(), role)?;
    let module = "contact_lists";

    println!("A new role, unticked");
    show(&editor, module);
    println!("\"View only\": the module's own box, and nothing below it");
    print!("{}", editor.set_one(module, None)?);
    show(&editor, module);
    println!("A click on a partial box checks all");
    editor.click(module, None)?;
    show(&editor, module);
    println!("Clicks on two leaves, which move alone");
    for leaf in ["contact_lists.delete", "contact_lists.delete_bulk"] {
        print!("{}", editor.click(leaf, None)?);
    }
    show(&editor, module);
    println!("Searching for \"export\"");
    for node in editor.search("export") {
        println!("  {:<22} {}", node.path, node.label);
    }

    println!("A role of the account, in which a wildcard is taken from");
    let mut editor = RoleEditor::open(&engine, "campaign_manager")?;
    print!("{}", editor.click("statistics.export", None)?);
    show(&editor, "statistics");
    for grant in editor.grants().skip(6) {
        println!("  grants {}", grant.select);
    }

    println!("Check All: a grant for each box, and no further wildcard");
    let all = editor.check_all(None);
    println!(
        "  {} ticks more, {} nodes left alone to their setting; selectors as they were:",
        all.changes.len(),
        all.left_alone.len(),
    );
    for selector in editor.selectors() {
        println!("  grants {}", selector.grant.select);
    }

    println!("What a permission requires is ticked along, what it suggests is named");
    let engine = ACCOUNT_ADMIN.engine()?;
    let role = RoleDocument::new("sender");
    let mut editor = RoleEditor::draft(engine.catalog(), &engine.policy(), role)?;
    print!("{}", editor.click("campaigns.add", None)?);
    show(&editor, "campaigns");
    println!("…and what requires it is cleared along");
    print!("{}", editor.clear_one("campaigns")?);
    println!("What the account has not bought is locked");
    print!("{}", editor.click("sales.deals", None)?);
    show(&editor, "sales.deals");
    Ok(())
}

/// The lines of a node and all below it.
fn show(editor: &RoleEditor, path: &str) {
    let below = format!("{path}.");
    for node in editor.nodes() {
        if node.path == path || node.path.starts_with(&below) {
            println!("  {node}");
        }
    }
}
