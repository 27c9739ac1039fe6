//! Engines that change while threads check (A1, A6, A7): publishing, journals that fail, followers.

mod applying;
mod catching_up;
mod decisions;
mod faulty;
mod following;
mod following_many;
mod publishing;
mod stress;
#[cfg(feature = "tracing")]
mod told;
mod unread;
mod unread_between;

use std::sync::Arc;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::journal::{MemoryJournal, begin, restore};
use bailiwick::live::Live;
use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings};

/// How many users there are; `user-0` holds `seller` at first.
const USERS: usize = 8;

const ORDERS: OnType<'static> = OnType::named("order");

fn catalog_text(version: u32, more: &str) -> String {
    format!(
        r#"
        format = 2
        id = "shop"
        version = {version}
        permissions = [{{ path = "orders" }}, {{ path = "staff" }}{more}]
        types = [{{ id = "order" }}]
        operations = [{{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }}]
        administration = {{ changes = {{ edit_assignments = "staff" }}, account_roles = {{ assign = "staff", revoke = "staff" }} }}
        "#
    )
}

fn catalog() -> Catalog {
    catalog_of(1, "")
}

fn catalog_of(version: u32, more: &str) -> Catalog {
    let text = catalog_text(version, more);
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

/// `boss` may give and take `seller`, which only `user-0` holds.
fn engine(catalog: &Catalog) -> Engine {
    let policy = PolicyDocument {
        roles: vec![
            RoleDocument::new("seller").grant("orders"),
            RoleDocument::new("head").grant("staff").inherit("seller"),
        ],
        revision: Some(0),
        ..PolicyDocument::new(1)
    };
    let users = (0..USERS).map(|user| match user {
        0 => UserDocument::new(name(0)).role("seller"),
        _ => UserDocument::new(name(user)),
    });
    let users = users.chain([UserDocument::new("boss").role("head")]);
    let loaded = Engine::new(
        catalog,
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.unwrap()
}

fn name(user: usize) -> String {
    format!("user-{user}")
}

/// Takes `seller` from the one who has it at a revision, and gives it to the next.
fn hand_on(revision: u64) -> Vec<Change> {
    vec![
        Change::revoke_role(name(holder(revision)), "seller"),
        Change::assign_role(name(holder(revision + 1)), "seller"),
    ]
}

/// Who alone may list orders at a revision, where every change handed `seller` on.
fn holder(revision: u64) -> usize {
    (revision % USERS as u64) as usize
}

fn boss() -> Actor {
    Actor::user("boss")
}

/// A begun journal, and the account from it.
fn begun() -> (Arc<MemoryJournal>, Live) {
    let journal = Arc::new(MemoryJournal::new());
    begin(&*journal, &engine(&catalog()), Timestamp(0)).unwrap();
    let live = opened(&journal, &catalog());
    (journal, live)
}

/// One host's view of a journal.
fn opened(journal: &MemoryJournal, catalog: &Catalog) -> Live {
    Live::of(restore(journal, catalog, None, None).unwrap())
}

/// Hands `seller` on, so often, into a journal.
fn hand_on_by(live: &Live, journal: &MemoryJournal, times: u64) {
    for _ in 0..times {
        let revision = live.revision().unwrap();
        let applied = live.apply(journal, &boss(), Timestamp(1), hand_on(revision), None);
        assert_eq!(applied.unwrap().revision(), revision + 1);
    }
}

/// That a Live decides as it must at its revision, for everybody.
fn assert_whole(live: &Live) {
    let engine = live.engine().unwrap();
    for user in 0..USERS {
        let decision = engine.check(&name(user), "list", &ORDERS);
        let revision = decision.revision();
        assert_eq!(revision, engine.revision());
        assert_eq!(decision.is_allow(), user == holder(revision), "{decision}");
    }
}
