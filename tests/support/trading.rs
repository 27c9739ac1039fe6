//! Transactions whose changes go together in some order: what one needs another makes, or gives free.

use bailiwick::admin::{Change, UsedIdKind};
use bailiwick::document::{PackageDocument, PositionDocument, RoleDocument, UserDocument};

use super::administration::change;
use super::documents::Documents;
use super::rng::Rng;

/// A few changes that belong together, and now and then one more, in any order.
pub(crate) fn trading(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let mut changes = loop {
        let changes = draw(documents, rng);
        if (2..=5).contains(&changes.len()) {
            break changes;
        }
    };
    if changes.len() < 4 && rng.chance(25) {
        changes.push(change(documents, rng));
    }
    rng.shuffle(&mut changes);
    changes
}

fn draw(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    match rng.below(8) {
        0 => delete_role(documents, rng),
        1 => turn_inheritance(documents, rng),
        2 => turn_positions(documents, rng),
        3 => delete_position(documents, rng),
        4 => remake_package(documents, rng),
        5 => remake(documents, rng),
        6 => make_and_give(rng),
        _ => hand_over(documents, rng),
    }
}

/// A role with all that uses it.
fn delete_role(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let Some(role) = rng.any(&documents.policy.roles).map(|it| it.id.clone()) else {
        return vec![];
    };
    let mut changes = vec![Change::DeleteRole { role: role.clone() }];
    for user in &documents.directory.users {
        if user.roles.iter().any(|it| it.id == role) {
            changes.push(Change::revoke_role(&user.id, &role));
        }
    }
    for package in &documents.policy.packages {
        if package.roles.contains(&role) {
            changes.push(Change::RemoveFromPackage {
                package: package.id.clone(),
                role: role.clone(),
            });
        }
    }
    for senior in &documents.policy.roles {
        if senior.inherits.contains(&role) {
            changes.push(Change::RemoveInheritance {
                role: senior.id.clone(),
                junior: role.clone(),
            });
        }
    }
    changes
}

/// A junior that becomes the senior.
fn turn_inheritance(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let roles = &documents.policy.roles;
    let edges: Vec<(String, String)> = roles
        .iter()
        .flat_map(|role| {
            let own = role
                .inherits
                .iter()
                .filter(|it| roles.iter().any(|own| own.id == **it));
            own.map(|junior| (role.id.clone(), junior.clone()))
        })
        .collect();
    let Some((role, junior)) = rng.any(&edges).cloned() else {
        return vec![];
    };
    vec![
        Change::AddInheritance {
            role: junior.clone(),
            junior: role.clone(),
        },
        Change::RemoveInheritance { role, junior },
    ]
}

/// A chain of positions turned round.
fn turn_positions(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let positions = &documents.policy.positions;
    let above = |id: &str| {
        let found = positions.iter().find(|it| it.id == id);
        found.map_or(vec![], |it| it.reports_to.clone())
    };
    let Some(mut at) = rng.any(positions).map(|it| it.id.clone()) else {
        return vec![];
    };
    let mut chain = vec![at.clone()];
    while chain.len() < 4
        && let Some(senior) = rng.any(&above(&at)).cloned()
    {
        chain.push(senior.clone());
        at = senior;
    }
    let moves = chain.iter().enumerate().map(|(place, position)| {
        let below = place.checked_sub(1).and_then(|it| chain.get(it));
        Change::MovePosition {
            position: position.clone(),
            reports_to: below.into_iter().cloned().collect(),
        }
    });
    moves.collect()
}

/// A position with everybody in it and below it.
fn delete_position(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let positions = &documents.policy.positions;
    let Some(position) = rng.any(positions).map(|it| it.id.clone()) else {
        return vec![];
    };
    let mut changes = vec![Change::DeletePosition {
        position: position.clone(),
    }];
    for user in &documents.directory.users {
        if user.position.as_ref() == Some(&position) {
            let elsewhere = rng.any(positions).map(|it| it.id.clone());
            changes.push(Change::PlaceUser {
                user: user.id.clone(),
                position: elsewhere.filter(|it| *it != position),
            });
        }
    }
    for junior in positions {
        if junior.reports_to.contains(&position) {
            let others = junior.reports_to.iter().filter(|it| **it != position);
            changes.push(Change::MovePosition {
                position: junior.id.clone(),
                reports_to: others.cloned().collect(),
            });
        }
    }
    changes
}

/// A package taken from everybody, deleted, and made anew.
fn remake_package(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let Some(package) = rng.any(&documents.policy.packages) else {
        return vec![];
    };
    let roles: Vec<String> = documents
        .policy
        .roles
        .iter()
        .map(|it| it.id.clone())
        .collect();
    let mut changes = vec![
        Change::DeletePackage {
            package: package.id.clone(),
        },
        Change::CreatePackage {
            package: PackageDocument {
                id: package.id.clone(),
                name: None,
                description: None,
                created: None,
                roles: rng.few(&roles, 2),
            },
        },
    ];
    for user in &documents.directory.users {
        if user.packages.iter().any(|it| it.id == package.id) {
            changes.push(Change::revoke_package(&user.id, &package.id));
        }
    }
    changes
}

/// Something removed, forgotten, and made anew.
fn remake(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let forget = |kind, id: &str| Change::ForgetId {
        kind,
        id: id.to_owned(),
    };
    match rng.below(3) {
        0 => {
            let Some(user) = rng.any(&documents.directory.users).map(|it| it.id.clone()) else {
                return vec![];
            };
            vec![
                forget(UsedIdKind::User, &user),
                Change::CreateUser {
                    user: UserDocument::new(&user),
                },
                Change::RemoveUser { user },
            ]
        }
        1 => {
            let mut changes = delete_role(documents, rng);
            let Some(Change::DeleteRole { role }) = changes.first().cloned() else {
                return vec![];
            };
            changes.push(forget(UsedIdKind::Role, &role));
            changes.push(Change::CreateRole {
                role: RoleDocument::new(role),
            });
            changes
        }
        _ => {
            let mut changes = delete_position(documents, rng);
            let Some(Change::DeletePosition { position }) = changes.first().cloned() else {
                return vec![];
            };
            changes.push(forget(UsedIdKind::Position, &position));
            changes.push(Change::CreatePosition {
                position: PositionDocument {
                    id: position,
                    name: None,
                    reports_to: vec![],
                },
            });
            changes
        }
    }
}

/// A new role, and somebody new who has it.
fn make_and_give(rng: &mut Rng) -> Vec<Change> {
    let mut changes = vec![
        Change::CreateRole {
            role: RoleDocument::new("fresh role"),
        },
        Change::CreateUser {
            user: UserDocument::new("fresh user"),
        },
        Change::assign_role("fresh user", "fresh role"),
    ];
    if rng.chance(40) {
        changes.push(Change::CreateRole {
            role: RoleDocument::new("fresh senior").inherit("fresh role"),
        });
    }
    changes
}

/// Roles that must be kept by somebody, given and taken; and a feature with what it locks.
fn hand_over(documents: &Documents, rng: &mut Rng) -> Vec<Change> {
    let users = &documents.directory.users;
    let held: Vec<(String, String)> = users
        .iter()
        .flat_map(|user| user.roles.iter().map(|it| (user.id.clone(), it.id.clone())))
        .collect();
    let Some((from, role)) = rng.any(&held).cloned() else {
        return vec![];
    };
    let to: Vec<&String> = users
        .iter()
        .filter(|it| !it.roles.iter().any(|it| it.id == role))
        .map(|it| &it.id)
        .collect();
    let mut changes = vec![Change::revoke_role(from.clone(), role.clone())];
    if let Some(to) = rng.any(&to) {
        changes.push(Change::assign_role((*to).clone(), role));
    } else {
        // Given anew, without an end.
        changes.push(Change::assign_role(from, role));
    }
    changes
}
