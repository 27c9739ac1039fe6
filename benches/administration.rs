//! What a change costs, authority and guards included, at 10,000 users in 1,000 positions (W3), at ten
//! times as many (W4) and at a hundred times (W5): it must follow what the change touches, not the size of the account.

#[allow(dead_code, reason = "each bench uses its own part of the worlds")]
mod worlds;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    ChangeKind, GrantDocument, PositionDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use worlds::{Random, World};

/// The world with an administrator who holds everything, rules that let them change it, one role that
/// up to 100,000 users hold, and 100 access sets to hold it in.
fn governed(mut world: World) -> (World, Engine) {
    let everything = &mut world.catalog.administration;
    for kind in ChangeKind::EVERY {
        everything.changes.insert(*kind, "p0".to_owned());
    }
    everything.account_roles.assign = Some("p0".to_owned());
    everything.account_roles.revoke = Some("p0".to_owned());
    let mut admin = RoleDocument::new("admin");
    for permission in 0..20 {
        admin = admin.grant((format!("p{permission}").as_str(), Scope::All));
    }
    world.policy.roles.push(admin);
    world
        .policy
        .roles
        .push(RoleDocument::new("staff").grant(("p1", Scope::Own)));
    for extra in 0..5 {
        world
            .policy
            .roles
            .push(RoleDocument::new(format!("extra-{extra}")));
    }
    let mut random = Random(11);
    for user in world.users.iter_mut().take(100_000) {
        user.roles.push("staff".into());
        user.roles
            .push(format!("extra-{}", random.below(5)).as_str().into());
    }
    world.users.push(UserDocument::new("boss").role("admin"));
    let catalog = Catalog::new(world.catalog.clone(), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let engine = world.load(&catalog);
    (world, engine)
}

fn apply(engine: &Engine, change: Change) -> Engine {
    let applied = engine.apply(
        &Actor::user("boss"),
        Timestamp(1),
        std::slice::from_ref(&change),
    );
    match applied {
        Ok(applied) => applied.into_engine(),
        Err(refused) => panic!("{refused}: {change:?}"),
    }
}

fn changes(c: &mut Criterion) {
    for world in [worlds::w3(), worlds::w4(), worlds::w5()] {
        let (world, engine) = governed(world);
        eprintln!("{}: {} access sets", world.name, engine.access_set_count());
        // All but the administrator, up to 100,000.
        let staff = (world.users.len() - 1).min(100_000);
        let mut group = c.benchmark_group(world.name);
        let mut random = Random(5);
        // Among those who do not have `staff`'s colleagues' roles yet: the set is there or is made.
        let mut assignment = || {
            let user = &world.users[random.below(staff)].id;
            let extra = format!("extra-{}", random.below(5));
            match engine.apply(
                &Actor::System,
                Timestamp(1),
                &[Change::assign_role(user, &extra)],
            ) {
                Ok(_) => Change::assign_role(user, &extra),
                Err(_) => Change::revoke_role(user, &extra),
            }
        };
        // The old engine is kept, as readers keep it: what is dropped is the new one.
        group.bench_function("assignment", |b| {
            b.iter_batched(
                &mut assignment,
                |change| apply(&engine, change),
                BatchSize::SmallInput,
            );
        });
        let mut scope = 0;
        let mut edit = || {
            scope = scope % 3 + 1;
            Change::EditRole {
                role: "staff".to_owned(),
                grants: vec![
                    GrantDocument::from(("p1", Scope::EVERY[scope])),
                    GrantDocument::from(("p2", Scope::Own)),
                ],
                denies: Vec::new(),
                since: None,
            }
        };
        group.bench_function(format!("role held by {staff}"), |b| {
            b.iter_batched(
                &mut edit,
                |change| apply(&engine, change),
                BatchSize::SmallInput,
            );
        });
        let positions = world.policy.positions.len();
        let mut number = 0;
        let mut position = || {
            number += 1;
            Change::CreatePosition {
                position: PositionDocument {
                    id: format!("new-{number}"),
                    name: None,
                    reports_to: vec![format!("position-{}", random.below(positions))],
                },
            }
        };
        group.bench_function("position", |b| {
            b.iter_batched(
                &mut position,
                |change| apply(&engine, change),
                BatchSize::SmallInput,
            );
        });
        // One after the other, what was set aside for new ones being used up and made anew.
        let mut latest = engine.clone();
        group.bench_function("position after position", |b| {
            b.iter_batched(
                &mut position,
                |change| latest = apply(&latest, change),
                BatchSize::SmallInput,
            );
        });
        // One in twenty reports to a second position as well.
        let mut latest = engine.clone();
        let mut several = || {
            number += 1;
            let second =
                (number % 20 == 0).then(|| format!("position-{}", random.below(positions)));
            let first = format!("position-{}", random.below(positions));
            let mut reports_to: Vec<String> = [first].into_iter().chain(second).collect();
            reports_to.dedup();
            Change::CreatePosition {
                position: PositionDocument {
                    id: format!("new-{number}"),
                    name: None,
                    reports_to,
                },
            }
        };
        group.bench_function("position after position, 5 % under two", |b| {
            b.iter_batched(
                &mut several,
                |change| latest = apply(&latest, change),
                BatchSize::SmallInput,
            );
        });
        // Of the lowest level, from one team to another.
        let mut latest = engine.clone();
        let mut moved = || {
            let low = positions - 1 - random.below(positions / 2);
            Change::MovePosition {
                position: format!("position-{low}"),
                reports_to: vec![format!("position-{}", random.below(positions / 10))],
            }
        };
        group.bench_function("a position moved", |b| {
            b.iter_batched(
                &mut moved,
                |change| {
                    // Now and then it stands there already, which is refused.
                    if let Ok(applied) = latest.apply(&Actor::user("boss"), Timestamp(1), &[change])
                    {
                        latest = applied.into_engine();
                    }
                },
                BatchSize::SmallInput,
            );
        });
        let mut user = 0;
        let mut latest = engine.clone();
        group.bench_function("user after user", |b| {
            b.iter_batched(
                || {
                    user += 1;
                    Change::CreateUser {
                        user: UserDocument::new(format!("newcomer-{user}")).role("staff"),
                    }
                },
                |change| latest = apply(&latest, change),
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = changes
}
criterion_main!(benches);
