//! A small account, for tests that need any at all.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::journal::{Digest, FORMAT, Head, Journal, Record, TakesFrom, catalog_digest};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

const CATALOG: &str = r#"
format = 2
id = "shop"
version = 1
permissions = [{ path = "orders" }, { path = "orders.refund" }, { path = "staff" }]
types = [{ id = "order" }]
operations = [
    { type = "order", action = "list", on = "type", allowed_by = ["orders"] },
    { type = "order", action = "refund", on = "type", allowed_by = ["orders.refund"] },
]
subject_properties = { region = "text" }
"#;

pub(crate) fn catalog() -> Catalog {
    let document = CatalogDocument::from_toml("shop", CATALOG);
    Catalog::new(document, Warnings::Into(&mut Vec::new())).expect("the catalog loads")
}

/// Two roles, and Ann and Bob.
pub(crate) fn engine(catalog: &Catalog) -> Engine {
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new("seller").grant("orders"));
    policy.roles.push(RoleDocument::new("head").grant("*"));
    let users = [
        UserDocument::new("ann").role("head"),
        UserDocument::new("bob"),
    ];
    let directory = DirectoryDocument::new(users);
    let loaded = Engine::new(
        catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.expect("the account loads")
}

/// A record of changes that the host itself makes next in an engine, and the engine that it makes.
pub(crate) fn record(engine: &Engine, changes: Vec<Change>) -> (Record, Engine) {
    let at = Timestamp(engine.revision() as i64 * 60);
    let applied = engine.apply(&Actor::System, at, &changes);
    let after = applied.expect("the changes apply").into_engine();
    let record = Record {
        format: FORMAT,
        account: None,
        revision: after.revision(),
        takes_from: TakesFrom::between(engine, &after),
        catalog: catalog_digest(engine.catalog()),
        at,
        actor: Actor::System,
        note: None,
        changes,
    };
    (record, after)
}

/// Bob gets the role, or has it taken from him, whichever can be.
pub(crate) fn turn(engine: &Engine) -> Vec<Change> {
    let bob = engine.users().find(|user| user.id == "bob");
    match bob.is_some_and(|bob| bob.roles.is_empty()) {
        true => vec![Change::assign_role("bob", "seller")],
        false => vec![Change::revoke_role("bob", "seller")],
    }
}

/// Appends that many turns; where the journal then ends, and the engine.
pub(crate) fn append(
    journal: &dyn Journal,
    mut head: Head,
    mut engine: Engine,
    many: usize,
) -> (Head, Engine) {
    for _ in 0..many {
        let (record, after) = record(&engine, turn(&engine));
        let sealed = record.seal(&head).expect("a record is sealed");
        let made = journal.append(head, &sealed).expect("a record is appended");
        assert_eq!(made, after.revision());
        (head, engine) = (sealed.head(), after);
    }
    (head, engine)
}

/// A head that no journal has.
pub(crate) fn elsewhere(revision: u64) -> Head {
    Head {
        revision,
        digest: Digest([7; 32]),
    }
}
