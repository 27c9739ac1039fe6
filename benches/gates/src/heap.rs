//! What an engine keeps in memory, by differences: with and without what is counted.

use bailiwick::document::{
    DirectoryDocument, PolicyDocument, PositionDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

use crate::bounds::Measured;
use crate::worlds::{self, World};

/// Bytes that are live after `make` and were not before; what it made is dropped.
fn live<T>(make: impl FnOnce() -> T) -> i64 {
    let mut kept = None;
    let counted = allocation_counter::measure(|| kept = Some(make()));
    drop(kept);
    counted.bytes_current
}

pub(crate) fn measure(into: &mut Measured) {
    for world in [worlds::w3(), worlds::w4(), worlds::w5()] {
        world_by_world(&world, into);
    }
    real_rights(into);
    roles(into);
    small_account(into);
}

/// Thousands of people whose rights all differ: what stays beside the catalog, and the most that is live
/// while loading.
fn real_rights(into: &mut Measured) {
    let world = worlds::wr();
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let mut kept = None;
    let counted = allocation_counter::measure(|| kept = Some(world.load(&catalog)));
    drop(kept);
    into.note("heap.WR".to_owned(), counted.bytes_current as f64);
    into.note("heap.WR.peak".to_owned(), counted.bytes_max as f64);
}

fn world_by_world(world: &World, into: &mut Measured) {
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let users = world.users.len();
    let whole = live(|| world.load(&catalog));
    let without_users = live(|| engine(&catalog, &world.policy, &[]));
    let roles_alone = PolicyDocument {
        positions: Vec::new(),
        ..world.policy.clone()
    };
    let without_positions = live(|| engine(&catalog, &roles_alone, &[]));
    let positions = world.policy.positions.len();
    let name = world.name;
    let per = |bytes: i64, many: usize| bytes as f64 / many as f64;
    into.note(
        format!("heap.{name}.user"),
        per(whole - without_users, users),
    );
    into.note(
        format!("heap.{name}.position"),
        per(without_users - without_positions, positions),
    );
}

/// Ten thousand roles of three grants each, inheriting one another by threes, with their documents.
fn roles(into: &mut Measured) {
    let world = worlds::w3();
    let catalog =
        Catalog::new(world.catalog, Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    const ROLES: usize = 10_000;
    let roles: Vec<RoleDocument> = (0..ROLES)
        .map(|number| {
            let mut role = RoleDocument::new(format!("role-{number}"));
            for n in 0..3 {
                let permission = format!("p{}", (number * 7 + n * 5) % 20);
                role = role.grant((
                    permission.as_str(),
                    bailiwick::Scope::EVERY[(number + n) % 4],
                ));
            }
            if number % 3 > 0 {
                role.inherits.push(format!("role-{}", number - 1));
            }
            role
        })
        .collect();
    let some = |many: usize| PolicyDocument {
        roles: roles.iter().take(many).cloned().collect(),
        ..PolicyDocument::new(1)
    };
    let half = live(|| engine(&catalog, &some(ROLES / 2), &[]));
    let all = live(|| engine(&catalog, &some(ROLES), &[]));
    into.note(
        "heap.role".to_owned(),
        (all - half) as f64 / (ROLES / 2) as f64,
    );
}

/// Five roles of four grants each and twenty users, beside the catalog.
fn small_account(into: &mut Measured) {
    let world = worlds::w3();
    let catalog =
        Catalog::new(world.catalog, Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let policy = PolicyDocument {
        account: Some("acme".to_owned()),
        roles: world
            .policy
            .roles
            .into_iter()
            .take(5)
            .map(of_four_grants)
            .collect(),
        positions: Vec::<PositionDocument>::new(),
        ..PolicyDocument::new(1)
    };
    let users: Vec<UserDocument> = (0..20)
        .map(|user| UserDocument::new(worlds::name(user)).role(format!("role-{}", user % 5)))
        .collect();
    into.note(
        "heap.account".to_owned(),
        live(|| engine(&catalog, &policy, &users)) as f64,
    );
    let document = DirectoryDocument::new(users);
    into.note(
        "heap.account_of_documents".to_owned(),
        live(|| {
            let loaded = Engine::new(
                &catalog,
                policy.clone(),
                document.clone(),
                Timestamp(0),
                Warnings::Into(&mut Vec::new()),
            );
            loaded.expect("a sound account")
        }) as f64,
    );
}

fn of_four_grants(role: RoleDocument) -> RoleDocument {
    RoleDocument {
        grants: role.grants.into_iter().take(4).collect(),
        ..role
    }
}

fn engine(catalog: &Catalog, policy: &PolicyDocument, users: &[UserDocument]) -> Engine {
    let mut builder =
        Engine::builder(catalog, policy.clone(), Timestamp(0)).expect("a sound policy");
    builder.reserve(users.len());
    for user in users {
        builder.add(user).expect("a sound user");
    }
    builder
        .build(Warnings::Into(&mut Vec::new()))
        .expect("a sound account")
}
