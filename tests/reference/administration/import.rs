//! Importing a policy whole: what it does, and the changes that it is made of.

use bailiwick::document::{ChangeKind, PolicyDocument, RoleDocument};

use super::authority::Judge;
use super::{Class, Classes, Model, compare, only};

pub(super) fn perform(
    now: &Model,
    after: &mut Model,
    imported: &PolicyDocument,
) -> Result<(), Classes> {
    let old = &now.policy;
    if imported.account != old.account
        || imported.catalog_version < old.catalog_version
        || imported.catalog_version > now.catalog.version
    {
        return Err(only(Class::Invalid));
    }
    let mut policy = imported.clone();
    policy.revision = old.revision;
    // A5: what was used stays used, and what goes is used now.
    let kept = |id: &String, of: &[String]| of.contains(id);
    let roles: Vec<String> = policy.roles.iter().map(|it| it.id.clone()).collect();
    let positions: Vec<String> = policy.positions.iter().map(|it| it.id.clone()).collect();
    for role in &policy.roles {
        let new = !old.roles.iter().any(|it| it.id == role.id);
        if new && old.used_ids.roles.contains(&role.id) {
            return Err(only(Class::UsedId));
        }
    }
    for position in &policy.positions {
        let new = !old.positions.iter().any(|it| it.id == position.id);
        if new && old.used_ids.positions.contains(&position.id) {
            return Err(only(Class::UsedId));
        }
    }
    let used = &mut policy.used_ids;
    used.users.extend(old.used_ids.users.iter().cloned());
    used.roles.extend(old.used_ids.roles.iter().cloned());
    used.positions
        .extend(old.used_ids.positions.iter().cloned());
    for role in &old.roles {
        if !kept(&role.id, &roles) {
            used.roles.push(role.id.clone());
        }
    }
    for position in &old.positions {
        if !kept(&position.id, &positions) {
            used.positions.push(position.id.clone());
        }
    }
    // Names that users are assigned survive.
    let packages: Vec<String> = policy.packages.iter().map(|it| it.id.clone()).collect();
    let system = |id: &String| now.catalog.roles.iter().any(|it| it.id == *id);
    for user in &now.directory.users {
        let survives = user.position.iter().all(|it| kept(it, &positions))
            && user
                .roles
                .iter()
                .all(|it| kept(&it.id, &roles) || system(&it.id))
            && user.packages.iter().all(|it| kept(&it.id, &packages));
        if !survives {
            return Err(Classes::from([
                Class::InUse,
                Class::Unknown,
                Class::Invalid,
            ]));
        }
    }
    after.policy = policy;
    Ok(())
}

/// A4: each change that leads from the one policy to the other, in the combined effect.
pub(super) fn allows(judge: &Judge<'_>) -> bool {
    judge.may(ChangeKind::Import)
        && roles(judge)
        && packages(judge)
        && positions(judge)
        && account(judge)
}

fn roles(judge: &Judge<'_>) -> bool {
    let (old, new) = (&judge.now.policy.roles, &judge.after.policy.roles);
    let removed = old.iter().filter(|it| !new.iter().any(|n| n.id == it.id));
    let mut allowed = removed
        .into_iter()
        .all(|role| judge.may(ChangeKind::DeleteRole) && judge.deletes(&role.id));
    for role in new {
        allowed &= match old.iter().find(|it| it.id == role.id) {
            None => judge.may(ChangeKind::CreateRole) && judge.makes(role, ChangeKind::CreateRole),
            Some(before) => role_changes(judge, before, role),
        };
    }
    allowed
}

fn role_changes(judge: &Judge<'_>, old: &RoleDocument, new: &RoleDocument) -> bool {
    let described =
        (&old.name, &old.description, old.created) != (&new.name, &new.description, new.created);
    let rights = |role: &RoleDocument| {
        let (mut grants, mut denies) = (role.grants.clone(), role.denies.clone());
        compare::grants(&mut grants);
        compare::denies(&mut denies);
        (grants, denies)
    };
    let edited = rights(old) != rights(new);
    let added = new.inherits.iter().filter(|it| !old.inherits.contains(it));
    let removed = old.inherits.iter().filter(|it| !new.inherits.contains(it));
    (!described || judge.may(ChangeKind::DescribeRole))
        && (!edited
            || judge.may(ChangeKind::EditRole) && judge.edits(&old.id, ChangeKind::EditRole))
        && added.into_iter().all(|junior| {
            judge.may(ChangeKind::EditInheritance) && judge.adds_inheritance(&old.id, junior)
        })
        && removed.into_iter().all(|junior| {
            judge.may(ChangeKind::EditInheritance) && judge.removes_inheritance(&old.id, junior)
        })
}

fn packages(judge: &Judge<'_>) -> bool {
    let (old, new) = (&judge.now.policy.packages, &judge.after.policy.packages);
    let removed = old.iter().any(|it| !new.iter().any(|n| n.id == it.id));
    let mut allowed = !removed || judge.may(ChangeKind::EditPackages);
    for package in new {
        let Some(before) = old.iter().find(|it| it.id == package.id) else {
            allowed &= judge.may(ChangeKind::EditPackages)
                && package
                    .roles
                    .iter()
                    .all(|role| judge.fills(&package.id, role, ChangeKind::EditPackages));
            continue;
        };
        let described = (&before.name, &before.description, before.created)
            != (&package.name, &package.description, package.created);
        allowed &= !described || judge.may(ChangeKind::EditPackages);
        for role in &package.roles {
            allowed &= before.roles.contains(role)
                || judge.may(ChangeKind::FillPackages)
                    && judge.fills(&package.id, role, ChangeKind::FillPackages);
        }
        for role in &before.roles {
            allowed &= package.roles.contains(role)
                || judge.may(ChangeKind::FillPackages)
                    && judge.empties(&package.id, role, ChangeKind::FillPackages);
        }
    }
    allowed
}

pub(super) fn positions(judge: &Judge<'_>) -> bool {
    let (old, new) = (&judge.now.policy.positions, &judge.after.policy.positions);
    let mut changed = old.iter().any(|it| !new.iter().any(|n| n.id == it.id));
    let mut allowed = true;
    for position in new {
        let Some(before) = old.iter().find(|it| it.id == position.id) else {
            changed = true;
            continue;
        };
        let above = |of: &[String]| {
            of.iter()
                .cloned()
                .collect::<std::collections::BTreeSet<_>>()
        };
        let moved = above(&before.reports_to) != above(&position.reports_to);
        changed |= moved || before.name != position.name;
        // A position may have come to stand elsewhere without being moved itself.
        allowed &= judge.moves_position(&position.id);
    }
    allowed && (!changed || judge.may(ChangeKind::EditPositions))
}

fn account(judge: &Judge<'_>) -> bool {
    let (old, new) = (&judge.now.policy, &judge.after.policy);
    let features_changed = old.features.iter().any(|it| !new.features.contains(it))
        || new.features.iter().any(|it| !old.features.contains(it));
    (!features_changed || judge.may(ChangeKind::EditFeatures))
        && judge
            .now
            .catalog
            .permissions
            .iter()
            .filter(|it| old.settings.get(&it.path) != new.settings.get(&it.path))
            .all(|it| judge.changes_setting(&it.path))
}
