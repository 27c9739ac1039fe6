//! The role editor: each sentence of T1 to T5, the example roles rebuilt by ticking, and properties
//! over random trees and sequences of actions.

#![expect(clippy::unwrap_used, reason = "what cannot be opened fails the test")]

mod properties;
mod random;
mod rebuild;
mod scopes;
mod serialized;
mod ticks;
mod view;
mod written;

use bailiwick::admin::{Actor, Change, Edit, RoleEditor};
use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};

/// A catalog of these permissions, and of whatever else the text says.
fn catalog(rest: &str) -> Catalog {
    let text = format!("format = 2\nid = \"test\"\nversion = 1\n{rest}");
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

/// A role of nothing, in an account without features.
fn empty(catalog: &Catalog) -> RoleEditor {
    of(catalog, RoleDocument::new("role"))
}

/// A role in an account without features.
fn of(catalog: &Catalog, role: RoleDocument) -> RoleEditor {
    let mut policy = PolicyDocument::new(1);
    policy.roles.push(role);
    RoleEditor::open(&engine(catalog, policy), "role").unwrap()
}

/// Of format 1: a wildcard may stand there without a scope that it needs today.
fn engine(catalog: &Catalog, mut policy: PolicyDocument) -> Engine {
    policy.format = 1;
    let nobody = DirectoryDocument::new([]);
    Engine::new(
        catalog,
        policy,
        nobody,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

/// The nodes that are set, in preorder.
fn set(editor: &RoleEditor) -> Vec<&str> {
    let nodes = editor.nodes().filter(|it| it.tick.is_some());
    nodes.map(|it| it.path).collect()
}

/// The nodes that are set, with their scopes.
fn scoped(editor: &RoleEditor) -> Vec<(&str, Scope)> {
    let nodes = editor.nodes().filter_map(|it| Some((it.path, it.tick?)));
    nodes.collect()
}

/// The grants as a document writes them.
fn grants(editor: &RoleEditor) -> Vec<String> {
    let written = editor.grants().map(serde_json::to_string);
    written.map(Result::unwrap).collect()
}

fn changed(edit: &Edit) -> Vec<&str> {
    edit.changes.iter().map(|it| it.path.as_str()).collect()
}

/// The policy after the host itself has made the changes.
fn applied(catalog: &Catalog, policy: &PolicyDocument, changes: Vec<Change>) -> PolicyDocument {
    let engine = engine(catalog, policy.clone());
    let applied = engine
        .apply(&Actor::System, Timestamp(0), &changes)
        .unwrap();
    applied.engine().policy()
}
