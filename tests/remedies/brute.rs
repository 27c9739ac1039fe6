//! Every single change of the kinds that are proposed, whether or not it helps.

use std::collections::BTreeSet;

use bailiwick::Engine;
use bailiwick::admin::Change;
use bailiwick::document::{GrantDocument, PackageDocument, RoleDocument};
use bailiwick::{Scope, explain::Asker, explain::Explanation};

use crate::support::documents::Documents;

/// All changes that reach the subject of an explanation.
pub(crate) fn singles(documents: &Documents, engine: &Engine, why: &Explanation) -> Vec<Change> {
    let subject = why.subject();
    let directory = engine.directory();
    let user = directory
        .users
        .iter()
        .find(|it| Some(&it.id) == subject.id.as_ref());
    let is_user = subject.kind == Asker::User;
    let policy = engine.policy();
    // No remedy names a role that the catalog keeps out of lists.
    let unlisted = documents.catalog.roles.iter().filter(|it| it.unlisted);
    let unlisted: BTreeSet<String> = unlisted.map(|it| it.id.clone()).collect();
    let mut changes = Vec::new();
    for feature in &documents.catalog.features {
        changes.push(Change::EnableFeature {
            feature: feature.id.clone(),
        });
    }
    let held: Vec<String> = match user {
        Some(user) if is_user => {
            let packages = user.packages.iter().map(|it| &it.id);
            let packages = packages.filter_map(|id| policy.packages.iter().find(|it| it.id == *id));
            let by_package = packages.flat_map(|it| it.roles.iter().cloned());
            let direct = user.roles.iter().map(|it| it.id.clone());
            direct.chain(by_package).collect()
        }
        _ => subject.brings.iter().map(|it| it.id.clone()).collect(),
    };
    let below = closure(documents, &policy.roles, held.clone());
    let denying = match user {
        Some(user) if !is_user => {
            let packages = user.packages.iter().map(|it| &it.id);
            let packages = packages.filter_map(|id| policy.packages.iter().find(|it| it.id == *id));
            let by_package = packages.flat_map(|it| it.roles.iter().cloned());
            let direct = user.roles.iter().map(|it| it.id.clone());
            closure(documents, &policy.roles, direct.chain(by_package).collect())
        }
        _ => BTreeSet::new(),
    };
    for role in &policy.roles {
        if below.contains(&role.id) {
            for permission in &documents.catalog.permissions {
                for scope in Scope::EVERY {
                    changes.push(grant(role, &permission.path, scope));
                }
            }
        }
        if below.contains(&role.id) || denying.contains(&role.id) {
            for place in 0..role.denies.len() {
                let mut denies = role.denies.clone();
                denies.remove(place);
                changes.push(Change::EditRole {
                    role: role.id.clone(),
                    grants: role.grants.clone(),
                    denies,
                    since: None,
                });
            }
        }
    }
    for permission in &documents.catalog.permissions {
        let ladder = permission.adjustable.as_ref().map(|it| &it.ladder);
        for role in ladder.into_iter().flatten() {
            if below.contains(role) && !unlisted.contains(role) {
                changes.push(Change::ChangeSetting {
                    permission: permission.path.clone(),
                    role: Some(role.clone()),
                });
            }
        }
    }
    if let Some(user) = user {
        changes.push(Change::ReinstateUser {
            user: user.id.clone(),
        });
        for role in user.roles.iter().filter(|it| !unlisted.contains(&it.id)) {
            changes.push(Change::revoke_role(&user.id, &role.id));
        }
        for package in &user.packages {
            changes.push(Change::revoke_package(&user.id, &package.id));
        }
        if is_user {
            for role in engine.roles().filter(|it| !unlisted.contains(*it)) {
                changes.push(Change::assign_role(&user.id, role));
                for package in &user.packages {
                    changes.push(Change::AddToPackage {
                        package: package.id.clone(),
                        role: role.to_owned(),
                    });
                }
            }
            let has_unlisted =
                |it: &&PackageDocument| it.roles.iter().any(|role| unlisted.contains(role));
            for package in policy.packages.iter().filter(|it| !has_unlisted(it)) {
                changes.push(Change::assign_package(&user.id, &package.id));
            }
        }
    }
    changes
}

/// A grant of that node alone, in the place of one that there is.
fn grant(role: &RoleDocument, path: &str, scope: Scope) -> Change {
    let mut grants = role.grants.clone();
    match grants
        .iter_mut()
        .find(|it| it.select == path && it.except.is_empty())
    {
        Some(grant) => grant.scope = Some(scope),
        None => grants.push(GrantDocument {
            select: path.to_owned(),
            scope: Some(scope),
            except: Vec::new(),
        }),
    }
    Change::EditRole {
        role: role.id.clone(),
        grants,
        denies: role.denies.clone(),
        since: None,
    }
}

/// Roles and all that they inherit.
fn closure(
    documents: &Documents,
    roles: &[RoleDocument],
    mut waiting: Vec<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(role) = waiting.pop() {
        if !found.insert(role.clone()) {
            continue;
        }
        let own = roles.iter().filter(|it| it.id == role);
        waiting.extend(own.flat_map(|it| it.inherits.iter().cloned()));
        let system = documents.catalog.roles.iter().filter(|it| it.id == role);
        waiting.extend(system.flat_map(|it| it.inherits.iter().cloned()));
    }
    found
}
