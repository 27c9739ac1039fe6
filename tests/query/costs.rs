//! What queries cost, as far as it can be counted: allocations, and steps that would not end.

use allocation_counter::measure;
use bailiwick::document::{
    AskedOn, CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::query::{Ask, Shown};
use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings};

use super::outreach;

#[test]
fn the_actions_permitted_on_a_record_need_no_allocation() {
    let engine = outreach::engine(true);
    let campaign = Record::of("campaign").id("1").owner("cam");
    for user in ["olga", "cam", "opal"] {
        let mut found = 0;
        let counted = measure(|| {
            found = engine.permitted_actions(user, &campaign).unwrap().count();
        });
        assert_eq!(counted.count_total, 0, "{user}");
        assert_eq!(found, if user == "opal" { 0 } else { 8 }, "{user}");
    }
}

#[test]
fn users_are_streamed_without_an_allocation() {
    let engine = outreach::engine(true);
    let campaign = Record::of("campaign").id("1").owner("cam");
    let mut who = engine.who_can("run", &campaign).unwrap();
    let mut found = 0;
    let counted = measure(|| found = who.by_ref().count());
    assert_eq!((counted.count_total, found), (0, 2));
    assert_eq!(who.next(), None);
}

#[test]
fn what_somebody_can_names_conditions_and_allocates_nothing_else() {
    let engine = outreach::engine(true);
    let mut found = 0;
    let counted = measure(|| found = engine.what_can("olga").unwrap().count());
    assert_eq!(counted.count_total, 0);
    assert_eq!(found, engine.catalog().operations().count());
}

/// As many permissions and operations as a catalog may have, each permission needing the one before:
/// a step for each pair of them would take minutes.
#[test]
fn a_screen_of_the_longest_chain_of_prerequisites_is_drawn() {
    let length = bailiwick::limits::PERMISSIONS;
    let text = r#"
        format = 2
        id = "chain"
        version = 1
        features = [{ id = "root", requested_by = "thing:0" }]
        permissions = [{ path = "p0", features = ["root"] }]
        types = [{ id = "thing" }]
        operations = [{ type = "thing", action = "0", on = "type", allowed_by = ["p0"] }]
    "#;
    let catalog = CatalogDocument::from_toml("catalog.toml", text);
    let mut catalog = catalog.into_document().unwrap();
    for number in 1..length {
        let mut permission = catalog.permissions[0].clone();
        permission.path = format!("p{number}");
        permission.features.clear();
        permission.requires = vec![format!("p{}", number - 1)];
        let mut operation = catalog.operations[0].clone();
        operation.action = number.to_string();
        operation.allowed_by[0]
            .permission
            .clone_from(&permission.path);
        catalog.permissions.push(permission);
        catalog.operations.push(operation);
    }
    let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap();
    let policy = PolicyDocument {
        roles: vec![RoleDocument::new("all").grant("*")],
        ..PolicyDocument::new(1)
    };
    let users = DirectoryDocument::new([UserDocument::new("ann").role("all")]);
    let loaded = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let screen = loaded.unwrap().screen("ann").unwrap();
    let operations = &screen.types[0].operations;
    assert_eq!(operations.len(), length);
    for (number, operation) in operations.iter().enumerate() {
        let Shown::Blocked(blocked) = &operation.shown else {
            panic!("{operation:?}");
        };
        let reason = match number {
            0 => "feature_disabled",
            _ => "prerequisite_missing",
        };
        assert_eq!(operation.on, AskedOn::Type);
        assert_eq!(blocked.reason.code(), reason);
        assert_eq!(blocked.feature, "root");
        // What may be requested by `thing:0` needs the feature itself.
        assert_eq!(blocked.ask, Ask::Roles([].into()));
    }
    assert_eq!(screen.permissions.len(), length);
}
