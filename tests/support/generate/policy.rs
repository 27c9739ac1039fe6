//! A random policy and directory.

use std::collections::BTreeMap;

use bailiwick::Timestamp;
use bailiwick::document::{
    AccountsServed, AssignmentDocument, CatalogDocument, DirectoryDocument, FORMAT,
    PackageDocument, PolicyDocument, PositionDocument, RoleDocument, UsedIdsDocument, UserDocument,
};

use super::super::history::History;
use super::super::rng::Rng;
use super::rights::{Written, today};
use super::{NOW, PACKAGES, POSITIONS, ROLES, Taste, USERS, names, owned, value};

pub(super) fn policy(
    rng: &mut Rng,
    taste: &Taste,
    catalog: &CatalogDocument,
    history: &History,
    written: u32,
) -> PolicyDocument {
    let older = written < catalog.version;
    let known = |retired: Option<u32>| retired.is_none_or(|version| version > written);
    let features: Vec<String> = catalog
        .features
        .iter()
        .filter(|it| known(it.retired))
        .map(|it| it.id.clone())
        .collect();
    let system: Vec<String> = catalog
        .roles
        .iter()
        .filter(|it| known(it.retired))
        .map(|it| it.id.clone())
        .collect();
    let here = Written {
        tree: history.tree(written),
        today: today(history.tree(catalog.version), &catalog.permissions),
        older,
    };
    let mut roles: Vec<RoleDocument> = Vec::new();
    for id in names(rng, ROLES, 1, 5) {
        let mut juniors: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
        juniors.extend(system.iter().cloned());
        let (grants, denies) = here.rights(rng, taste);
        roles.push(RoleDocument {
            id,
            name: rng.chance(10).then(|| name(rng, "A role")),
            description: None,
            created: rng.chance(10).then_some(Timestamp(-1)),
            inherits: if rng.chance(45) {
                rng.few(&juniors, 2)
            } else {
                Vec::new()
            },
            grants,
            denies,
        });
    }
    rng.shuffle(&mut roles);
    let mut assignable: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
    assignable.extend(system);
    let packages = names(rng, PACKAGES, 0, 3)
        .into_iter()
        .map(|id| PackageDocument {
            id: if rng.chance(3) { format!(" {id}") } else { id },
            name: None,
            description: None,
            created: None,
            roles: rng.few(&assignable, 3),
        })
        .collect();
    PolicyDocument {
        format: FORMAT,
        account: match catalog.accounts {
            AccountsServed::Many => Some("acme".to_owned()),
            AccountsServed::One => rng.chance(60).then(|| "acme".to_owned()),
        },
        catalog_version: written,
        revision: rng.chance(30).then(|| rng.next() >> 2),
        features: rng.some(&features, 70),
        settings: settings(rng, catalog, &here),
        packages,
        positions: positions(rng, taste),
        used_ids: UsedIdsDocument {
            users: if rng.chance(10) {
                owned(&["gone", "ann's"])
            } else {
                Vec::new()
            },
            roles: if rng.chance(10) {
                owned(&["gone"])
            } else {
                Vec::new()
            },
            positions: if rng.chance(10) {
                owned(&["gone"])
            } else {
                Vec::new()
            },
        },
        roles,
    }
}

/// A name for people; at times one that only format 1 may hold.
fn name(rng: &mut Rng, name: &str) -> String {
    let old = ["", " ", "\u{ad}", "A\u{7}"];
    let name = if rng.chance(20) {
        *rng.pick(&old)
    } else {
        name
    };
    name.to_owned()
}

/// Settings of adjustable permissions; in an older policy also of what no longer is, and to roles
/// that are out of bounds or no longer on the ladder (D16).
fn settings(
    rng: &mut Rng,
    catalog: &CatalogDocument,
    here: &Written<'_>,
) -> BTreeMap<String, String> {
    let older = here.older;
    let mut settings = BTreeMap::new();
    let every: Vec<String> = catalog.roles.iter().map(|role| role.id.clone()).collect();
    for node in here.tree {
        let today = here.today.get(&node.number);
        let role = match today.and_then(|permission| permission.adjustable.as_ref()) {
            Some(adjustable) if !older || rng.chance(60) => {
                let rung = |role: &String| adjustable.ladder.iter().position(|it| it == role);
                let floor = adjustable.floor.as_ref().and_then(rung).unwrap_or(0);
                let ceiling = adjustable.ceiling.as_ref().and_then(rung);
                let ceiling = ceiling.unwrap_or(adjustable.ladder.len() - 1);
                rng.chance(60)
                    .then(|| adjustable.ladder[rng.range(floor, ceiling)].clone())
            }
            Some(_) => rng.any(&every).cloned(),
            None if older => rng.any(&every).cloned().filter(|_| rng.chance(5)),
            None => None,
        };
        if let Some(role) = role {
            settings.insert(node.path.clone(), role);
        }
    }
    settings
}

fn positions(rng: &mut Rng, taste: &Taste) -> Vec<PositionDocument> {
    let mut positions: Vec<PositionDocument> = Vec::new();
    for id in names(rng, POSITIONS, taste.positions, 6) {
        let above: Vec<String> = positions.iter().map(|it| it.id.clone()).collect();
        positions.push(PositionDocument {
            id,
            name: None,
            reports_to: match above.last() {
                // Chains are what reaches "at any depth".
                Some(last) if rng.chance(35) => vec![last.clone()],
                _ if rng.chance(40) => rng.few(&above, 1),
                _ => rng.few(&above, 3),
            },
        });
    }
    rng.shuffle(&mut positions);
    positions
}

pub(super) fn directory(
    rng: &mut Rng,
    taste: &Taste,
    catalog: &CatalogDocument,
    policy: &PolicyDocument,
) -> DirectoryDocument {
    let written = policy.catalog_version;
    let mut roles: Vec<String> = policy.roles.iter().map(|role| role.id.clone()).collect();
    let known = catalog
        .roles
        .iter()
        .filter(|role| role.retired.is_none_or(|version| version > written));
    roles.extend(known.map(|role| role.id.clone()));
    let packages: Vec<String> = policy
        .packages
        .iter()
        .map(|package| package.id.clone())
        .collect();
    let positions: Vec<String> = policy
        .positions
        .iter()
        .map(|position| position.id.clone())
        .collect();
    let users = names(rng, USERS, taste.users, 6)
        .into_iter()
        .map(|id| UserDocument {
            id,
            name: rng.chance(5).then(|| name(rng, "A user")),
            suspended: rng.chance(9),
            position: rng
                .any(&positions)
                .cloned()
                .filter(|_| rng.chance(taste.placed)),
            roles: rng
                .few(&roles, 3)
                .into_iter()
                .map(|id| assignment(rng, id))
                .collect(),
            packages: rng
                .few(&packages, 2)
                .into_iter()
                .map(|id| assignment(rng, id))
                .collect(),
            properties: catalog
                .subject_properties
                .iter()
                .filter_map(|(name, declared)| {
                    let value = value(rng, declared.r#type);
                    rng.chance(75).then(|| (name.clone(), value))
                })
                .collect(),
        })
        .collect();
    DirectoryDocument {
        format: FORMAT,
        users,
    }
}

fn assignment(rng: &mut Rng, id: String) -> AssignmentDocument {
    // From that second on it is no longer held.
    let ends = [-1, NOW.0 - 1, NOW.0, NOW.0 + 1, 4_000_000_000];
    AssignmentDocument {
        id,
        until: rng.chance(20).then(|| Timestamp(*rng.pick(&ends))),
    }
}
