//! A shop that the tests change: whoever was created last by a writer sells, and the owner always does.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::journal::{Digest, Head, Snapshot};
use bailiwick::live::Live;
use bailiwick::{Catalog, Engine, OnType, Subject, Timestamp, Warnings};

/// Whether a user sells.
pub(crate) fn sells(engine: &Engine, user: &str) -> bool {
    let account = engine.account().expect("of many");
    let orders = OnType::named("order").account(account);
    engine
        .check(Subject::user(user).account(account), "list", &orders)
        .is_allow()
}

const CATALOG: &str = r#"
    format = 2
    id = "shop"
    version = 1
    accounts = "many"
    permissions = [{ path = "orders" }]
    types = [{ id = "order" }]
    operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
"#;

pub(crate) fn catalog() -> Catalog {
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a catalog")
}

pub(crate) fn engine(account: &str) -> Engine {
    let mut policy = PolicyDocument::new(1);
    policy.account = Some(account.to_owned());
    policy
        .roles
        .push(RoleDocument::new("seller").grant("orders"));
    let users = DirectoryDocument::new([UserDocument::new("owner").role("seller")]);
    Engine::new(
        &catalog(),
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a shop")
}

pub(crate) fn seller(writer: usize, i: usize) -> String {
    format!("{writer}-{i}")
}

/// A writer's change of that number, counted from 1: a new user sells, and the one before no longer does.
/// Neither can be done twice.
pub(crate) fn change(writer: usize, i: usize) -> Vec<Change> {
    let user = UserDocument::new(seller(writer, i)).role("seller");
    let mut changes = vec![Change::CreateUser { user }];
    if i > 1 {
        changes.push(Change::revoke_role(seller(writer, i - 1), "seller"));
    }
    changes
}

pub(crate) const ACTOR: Actor = Actor::System;

/// The head, and everything that the engine would be loaded from, in short.
pub(crate) fn whole(live: &Live) -> (Head, String) {
    let engine = live.engine().expect("loaded");
    let snapshot = Snapshot::of(&engine, Timestamp(0));
    let sealed = snapshot.seal(Head {
        revision: engine.revision(),
        digest: Digest::ZERO,
    });
    (
        live.head().expect("loaded"),
        sealed.expect("JSON").checksum.to_string(),
    )
}
