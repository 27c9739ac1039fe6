//! What each change does to the documents, and what it refuses whoever asks (A5).

use std::collections::BTreeSet;

use bailiwick::admin::{Change, EditorError, RoleEditor, UsedIdKind};
use bailiwick::document::{AssignmentDocument, PositionDocument, RoleDocument, UserDocument};
use bailiwick::{Catalog, Scope, Timestamp};

use super::super::formats;
use super::{Class, Classes, Model, engine, import, only};

type Performed = Result<(), Classes>;

/// The four changes to single ticks as the edit of a role that the role editor makes of them (T4).
pub(super) fn written_out(
    catalog: &Catalog,
    now: &Model,
    change: &Change,
) -> Result<Change, Classes> {
    let role = match change {
        Change::CheckPermission { role, .. }
        | Change::UncheckPermission { role, .. }
        | Change::SetPermission { role, .. }
        | Change::ClearPermission { role, .. } => role,
        _ => return Ok(change.clone()),
    };
    editable(now, role)?;
    let Some(engine) = engine(catalog, now) else {
        panic!("a state that was reached does not load");
    };
    let mut editor = RoleEditor::open(&engine, role).map_err(|error| refusal(&error))?;
    let edited = match change {
        Change::CheckPermission {
            permission, scope, ..
        } => editor.check(permission, *scope),
        Change::UncheckPermission { permission, .. } => editor.uncheck(permission),
        Change::SetPermission {
            permission, scope, ..
        } => editor.set_one(permission, *scope),
        Change::ClearPermission { permission, .. } => editor.clear_one(permission),
        _ => return Ok(change.clone()),
    };
    edited.map_err(|error| refusal(&error))?;
    if !editor.is_changed()
        && let Some(class) = impossible(now, role, change)
    {
        return Err(only(class));
    }
    let mut denies = Vec::new();
    for it in &now.policy.roles {
        if it.id == *role {
            denies = it.denies.clone();
        }
    }
    Ok(Change::EditRole {
        role: role.clone(),
        grants: editor.grants().cloned().collect(),
        denies,
        since: None,
    })
}

/// T4, D13: why a tick that changed nothing could not be: the first node that it was about and that would
/// be otherwise, were it not locked or adjustable.
fn impossible(now: &Model, role: &str, change: &Change) -> Option<Class> {
    let (asked, whole, sets, chosen) = match change {
        Change::CheckPermission {
            permission, scope, ..
        } => (permission, true, true, *scope),
        Change::SetPermission {
            permission, scope, ..
        } => (permission, false, true, *scope),
        Change::UncheckPermission { permission, .. } => (permission, true, false, None),
        Change::ClearPermission { permission, .. } => (permission, false, false, None),
        _ => return None,
    };
    let below = format!("{asked}.");
    let is_asked = |path: &&String| *path == asked || (whole && path.starts_with(&below));
    let nodes: Vec<&String> = now.order.iter().filter(is_asked).collect();
    let is_locked = |path: &str| now.not_entitled(path).is_some();
    let is_adjustable = |path: &str| {
        let node = now.permission(path);
        !is_locked(path) && node.is_some_and(|it| it.adjustable.is_some())
    };
    if !sets && nodes.iter().all(|it| is_adjustable(it)) {
        return Some(Class::Adjustable);
    }
    let own = &now.roles.get(role)?.grants;
    nodes.into_iter().find_map(|path| {
        let tick = own.get(path).copied();
        let offered = match now.permission(path)?.scopes.as_slice() {
            [] => vec![Scope::All],
            some => some.to_vec(),
        };
        let narrower = offered.iter().copied().filter(|it| Some(*it) <= chosen);
        let wished = match chosen {
            Some(_) => narrower.max().or(offered.iter().copied().min()),
            None => tick,
        };
        let is_so = if sets {
            tick.is_some() && wished == tick
        } else {
            tick.is_none()
        };
        match (is_so, is_locked(path), is_adjustable(path)) {
            (true, _, _) => None,
            (false, true, _) => Some(Class::Locked),
            (false, false, true) => Some(Class::Adjustable),
            (false, false, false) => None,
        }
    })
}

fn refusal(error: &EditorError) -> Classes {
    only(match error {
        EditorError::UnknownRole { .. } | EditorError::UnknownPermission { .. } => Class::Unknown,
        EditorError::SystemRole { .. } => Class::SystemRole,
        _ => Class::Invalid,
    })
}

/// The state after one change. Whether what it writes is valid, loading tells.
pub(super) fn perform(now: &Model, change: &Change) -> Result<Model, Classes> {
    let mut after = now.clone();
    match change {
        Change::CreateRole { .. }
        | Change::DescribeRole { .. }
        | Change::CopyRole { .. }
        | Change::DeleteRole { .. }
        | Change::EditRole { .. }
        | Change::AddInheritance { .. }
        | Change::RemoveInheritance { .. } => roles(now, &mut after, change),
        Change::CreatePackage { .. }
        | Change::DescribePackage { .. }
        | Change::DeletePackage { .. }
        | Change::AddToPackage { .. }
        | Change::RemoveFromPackage { .. }
        | Change::ReplaceInPackages { .. } => packages(now, &mut after, change),
        Change::CreatePosition { .. }
        | Change::DescribePosition { .. }
        | Change::MovePosition { .. }
        | Change::DeletePosition { .. }
        | Change::ReplaceHierarchy { .. } => positions(now, &mut after, change),
        Change::EnableFeature { .. }
        | Change::DisableFeature { .. }
        | Change::ChangeSetting { .. }
        | Change::ForgetId { .. } => account(now, &mut after, change),
        Change::ImportPolicy { policy } => import::perform(now, &mut after, policy),
        _ => users(now, &mut after, change),
    }?;
    Ok(Model::new(
        &after.catalog,
        &after.policy,
        &after.directory,
        after.at,
    ))
}

fn refuse<T>(class: Class) -> Result<T, Classes> {
    Err(only(class))
}

fn either<T>(one: Class, other: Class) -> Result<T, Classes> {
    Err(Classes::from([one, other]))
}

// ── Roles ─────────────────────────────────────────────────────────────────────────────────────

fn known_role(now: &Model, id: &str) -> Performed {
    match now.role_known(id) {
        true => Ok(()),
        false => refuse(Class::Unknown),
    }
}

/// A5: a role of the account; system roles are not edited or deleted.
fn editable(now: &Model, id: &str) -> Performed {
    known_role(now, id)?;
    match now.policy.roles.iter().any(|role| role.id == id) {
        true => Ok(()),
        false => refuse(Class::SystemRole),
    }
}

fn new_role(now: &Model, id: &str) -> Performed {
    if now.role_known(id) {
        return refuse(Class::Exists);
    }
    if now.policy.used_ids.roles.iter().any(|used| used == id) {
        return refuse(Class::UsedId);
    }
    Ok(())
}

fn role_of<'a>(after: &'a mut Model, id: &str) -> Result<&'a mut RoleDocument, Classes> {
    let mut roles = after.policy.roles.iter_mut();
    roles.find(|role| role.id == id).ok_or(only(Class::Unknown))
}

fn roles(now: &Model, after: &mut Model, change: &Change) -> Performed {
    match change {
        Change::CreateRole { role } => {
            new_role(now, &role.id)?;
            for junior in &role.inherits {
                if *junior == role.id {
                    return Err(Classes::from([
                        Class::Unknown,
                        Class::Cycle,
                        Class::Invalid,
                    ]));
                }
                if !now.role_known(junior) {
                    return either(Class::Unknown, Class::Invalid);
                }
            }
            after.policy.roles.push(role.clone());
        }
        Change::DescribeRole {
            role,
            name,
            description,
        } => {
            editable(now, role)?;
            let role = role_of(after, role)?;
            role.name.clone_from(name);
            role.description.clone_from(description);
        }
        Change::CopyRole {
            role,
            id,
            name,
            description,
            created,
        } => {
            known_role(now, role)?;
            new_role(now, id)?;
            let mut copy = RoleDocument::new(id.clone());
            for original in &now.catalog.roles {
                if original.id == *role {
                    copy.inherits.clone_from(&original.inherits);
                    copy.grants.clone_from(&original.grants);
                    copy.denies.clone_from(&original.denies);
                }
            }
            for original in &now.policy.roles {
                if original.id == *role {
                    copy.inherits.clone_from(&original.inherits);
                    copy.grants.clone_from(&original.grants);
                    copy.denies.clone_from(&original.denies);
                }
            }
            copy.name.clone_from(name);
            copy.description.clone_from(description);
            copy.created = *created;
            after.policy.roles.push(copy);
        }
        Change::DeleteRole { role } => {
            editable(now, role)?;
            let packaged = now
                .policy
                .packages
                .iter()
                .any(|package| package.roles.contains(role));
            let inherited = now
                .policy
                .roles
                .iter()
                .any(|senior| senior.inherits.contains(role));
            let assigned = now
                .directory
                .users
                .iter()
                .any(|user| user.roles.iter().any(|it| it.id == *role));
            if packaged || inherited || assigned {
                return refuse(Class::InUse);
            }
            after.policy.roles.retain(|it| it.id != *role);
            after.policy.used_ids.roles.push(role.clone());
        }
        Change::EditRole {
            role,
            grants,
            denies,
            ..
        } => {
            editable(now, role)?;
            let role = role_of(after, role)?;
            role.grants.clone_from(grants);
            role.denies.clone_from(denies);
        }
        Change::AddInheritance { role, junior } => {
            editable(now, role)?;
            known_role(now, junior)?;
            let juniors = &mut role_of(after, role)?.inherits;
            if juniors.contains(junior) {
                return either(Class::Exists, Class::NothingToChange);
            }
            if now.closure(std::slice::from_ref(junior)).contains(role) {
                return refuse(Class::Cycle);
            }
            juniors.push(junior.clone());
        }
        Change::RemoveInheritance { role, junior } => {
            editable(now, role)?;
            known_role(now, junior)?;
            let juniors = &mut role_of(after, role)?.inherits;
            if !juniors.contains(junior) {
                return either(Class::Unknown, Class::NothingToChange);
            }
            juniors.retain(|it| it != junior);
        }
        _ => panic!("no change to roles: {change:?}"),
    }
    Ok(())
}

// ── Packages ──────────────────────────────────────────────────────────────────────────────────

fn packages(now: &Model, after: &mut Model, change: &Change) -> Performed {
    let known = |id: &String| match now.policy.packages.iter().any(|it| it.id == *id) {
        true => Ok(()),
        false => refuse(Class::Unknown),
    };
    let packages = &mut after.policy.packages;
    match change {
        Change::CreatePackage { package } => {
            if known(&package.id).is_ok() {
                return refuse(Class::Exists);
            }
            if !package.roles.iter().all(|role| now.role_known(role)) {
                return either(Class::Unknown, Class::Invalid);
            }
            packages.push(package.clone());
        }
        Change::DescribePackage {
            package,
            name,
            description,
        } => {
            known(package)?;
            for it in packages.iter_mut().filter(|it| it.id == *package) {
                it.name.clone_from(name);
                it.description.clone_from(description);
            }
        }
        Change::DeletePackage { package } => {
            known(package)?;
            let held = |user: &UserDocument| user.packages.iter().any(|it| it.id == *package);
            if now.directory.users.iter().any(held) {
                return refuse(Class::InUse);
            }
            packages.retain(|it| it.id != *package);
        }
        Change::AddToPackage { package, role } => {
            known(package)?;
            known_role(now, role)?;
            for it in packages.iter_mut().filter(|it| it.id == *package) {
                if it.roles.contains(role) {
                    return either(Class::Exists, Class::NothingToChange);
                }
                it.roles.push(role.clone());
            }
        }
        Change::RemoveFromPackage { package, role } => {
            known(package)?;
            known_role(now, role)?;
            for it in packages.iter_mut().filter(|it| it.id == *package) {
                if !it.roles.contains(role) {
                    return either(Class::Unknown, Class::NothingToChange);
                }
                it.roles.retain(|it| it != role);
            }
        }
        Change::ReplaceInPackages { role, with } => {
            known_role(now, role)?;
            known_role(now, with)?;
            if role == with || !packages.iter().any(|it| it.roles.contains(role)) {
                return either(Class::Unknown, Class::NothingToChange);
            }
            for it in packages.iter_mut().filter(|it| it.roles.contains(role)) {
                it.roles.retain(|it| it != role);
                if !it.roles.contains(with) {
                    it.roles.push(with.clone());
                }
            }
        }
        _ => panic!("no change to packages: {change:?}"),
    }
    Ok(())
}

// ── Positions ─────────────────────────────────────────────────────────────────────────────────

fn known_position(now: &Model, id: &str) -> Performed {
    match now.position_known(id) {
        true => Ok(()),
        false => refuse(Class::Unknown),
    }
}

fn positions(now: &Model, after: &mut Model, change: &Change) -> Performed {
    let policy = &mut after.policy;
    match change {
        Change::CreatePosition { position } => {
            if now.position_known(&position.id) {
                return refuse(Class::Exists);
            }
            if policy.used_ids.positions.contains(&position.id) {
                return refuse(Class::UsedId);
            }
            for above in &position.reports_to {
                if *above == position.id {
                    return Err(Classes::from([
                        Class::Unknown,
                        Class::Cycle,
                        Class::Invalid,
                    ]));
                }
                if !now.position_known(above) {
                    return either(Class::Unknown, Class::Invalid);
                }
            }
            policy.positions.push(position.clone());
        }
        Change::DescribePosition { position, name } => {
            known_position(now, position)?;
            for it in policy.positions.iter_mut().filter(|it| it.id == *position) {
                it.name.clone_from(name);
            }
        }
        Change::MovePosition {
            position,
            reports_to,
        } => {
            known_position(now, position)?;
            for above in reports_to {
                if !now.position_known(above) {
                    return either(Class::Unknown, Class::Invalid);
                }
            }
            // S2: cycles are refused.
            let cyclic = |above: &String| above == position || now.strictly_below(above, position);
            if reports_to.iter().any(cyclic) {
                return refuse(Class::Cycle);
            }
            for it in policy.positions.iter_mut().filter(|it| it.id == *position) {
                it.reports_to.clone_from(reports_to);
            }
        }
        Change::DeletePosition { position } => {
            known_position(now, position)?;
            let held = now
                .directory
                .users
                .iter()
                .any(|user| user.position.as_ref() == Some(position));
            let reported_to = policy
                .positions
                .iter()
                .any(|it| it.reports_to.contains(position));
            if held || reported_to {
                return refuse(Class::InUse);
            }
            policy.positions.retain(|it| it.id != *position);
            policy.used_ids.positions.push(position.clone());
        }
        Change::ReplaceHierarchy { positions } => replace_hierarchy(now, after, positions)?,
        _ => panic!("no change to positions: {change:?}"),
    }
    Ok(())
}

/// The hierarchy is what is stated. What is no longer in it is deleted, and its id is used.
fn replace_hierarchy(now: &Model, after: &mut Model, stated: &[PositionDocument]) -> Performed {
    let ids: BTreeSet<&String> = stated.iter().map(|it| &it.id).collect();
    if ids.len() < stated.len() {
        return refuse(Class::Invalid);
    }
    if stated
        .iter()
        .flat_map(|it| &it.reports_to)
        .any(|it| !ids.contains(it))
    {
        return refuse(Class::Unknown);
    }
    let mut classes = Classes::new();
    let used = &now.policy.used_ids.positions;
    let is_new = |it: &&PositionDocument| !now.position_known(&it.id);
    if stated.iter().filter(is_new).any(|it| used.contains(&it.id)) {
        classes.insert(Class::UsedId);
    }
    // S2: nobody stands above themself.
    for position in stated {
        let mut above = BTreeSet::new();
        let mut waiting = vec![&position.id];
        while let Some(at) = waiting.pop() {
            for senior in stated.iter().filter(|it| it.id == *at) {
                let seniors = senior.reports_to.iter();
                waiting.extend(seniors.filter(|it| above.insert((*it).clone())));
            }
        }
        if above.contains(&position.id) {
            classes.insert(Class::Cycle);
        }
    }
    let held = now
        .directory
        .users
        .iter()
        .filter_map(|it| it.position.as_ref());
    if held.into_iter().any(|it| !ids.contains(it)) {
        classes.insert(Class::InUse);
    }
    if !classes.is_empty() {
        // A name that nobody may give speaks against it as well.
        let mut named = now.policy.clone();
        named.positions = stated.to_vec();
        let users = &now.directory;
        let is_no_id = |it: &PositionDocument| {
            it.id.is_empty() || it.id.len() > 256 || it.id.chars().any(char::is_control)
        };
        if stated.iter().any(is_no_id)
            || formats::are_misnamed((&now.policy, users), (&named, users))
        {
            classes.insert(Class::Invalid);
        }
        return Err(classes);
    }
    let policy = &mut after.policy;
    let gone = policy.positions.iter().filter(|it| !ids.contains(&it.id));
    let gone: Vec<String> = gone.map(|it| it.id.clone()).collect();
    policy.used_ids.positions.extend(gone);
    policy.positions = stated.to_vec();
    Ok(())
}

// ── Users ─────────────────────────────────────────────────────────────────────────────────────

fn user_of<'a>(after: &'a mut Model, id: &str) -> Result<&'a mut UserDocument, Classes> {
    let mut users = after.directory.users.iter_mut();
    users.find(|user| user.id == id).ok_or(only(Class::Unknown))
}

fn users(now: &Model, after: &mut Model, change: &Change) -> Performed {
    match change {
        Change::CreateUser { user } => {
            if now.policy.used_ids.users.contains(&user.id) && now.user(&user.id).is_none() {
                return refuse(Class::UsedId);
            }
            create_user(now, after, user)?;
        }
        Change::RestoreUser { user } => {
            if now.user(&user.id).is_some() {
                return refuse(Class::Exists);
            }
            if !now.policy.used_ids.users.contains(&user.id) {
                return refuse(Class::Unknown);
            }
            create_user(now, after, user)?;
            after.policy.used_ids.users.retain(|it| *it != user.id);
        }
        Change::DescribeUser { user, name } => {
            user_of(after, user)?.name.clone_from(name);
        }
        Change::RemoveUser { user } => {
            user_of(after, user)?;
            after.directory.users.retain(|it| it.id != *user);
            after.policy.used_ids.users.push(user.clone());
        }
        Change::SuspendUser { user } => user_of(after, user)?.suspended = true,
        Change::ReinstateUser { user } => user_of(after, user)?.suspended = false,
        Change::PlaceUser { user, position } => {
            user_of(after, user)?;
            if let Some(position) = position {
                known_position(now, position)?;
            }
            user_of(after, user)?.position.clone_from(position);
        }
        Change::SetProperty {
            user,
            property,
            value,
        } => {
            user_of(after, user)?;
            if !now.catalog.subject_properties.contains_key(property) {
                return either(Class::Unknown, Class::Invalid);
            }
            let properties = &mut user_of(after, user)?.properties;
            match value {
                Some(value) => properties.insert(property.clone(), value.clone()),
                None => properties.remove(property),
            };
        }
        Change::AssignRole { user, role, until } => {
            user_of(after, user)?;
            known_role(now, role)?;
            let at = now.at;
            assign(&mut user_of(after, user)?.roles, role, *until, at)?;
        }
        Change::RevokeRole { user, role } => {
            user_of(after, user)?;
            known_role(now, role)?;
            revoke(&mut user_of(after, user)?.roles, role)?;
        }
        Change::ExchangeRole { user, role, with } => {
            user_of(after, user)?;
            known_role(now, role)?;
            known_role(now, with)?;
            let roles = &mut user_of(after, user)?.roles;
            let old = roles.iter().find(|it| it.id == *role).cloned();
            let Some(old) = old.filter(|_| role != with) else {
                // It is so already for somebody who has the one and not the other.
                let is_so = roles.iter().any(|it| it.id == *with);
                return refuse(if is_so {
                    Class::NothingToChange
                } else {
                    Class::Unknown
                });
            };
            roles.retain(|it| it.id != *role);
            if !roles.iter().any(|it| it.id == *with) {
                roles.push(AssignmentDocument {
                    id: with.clone(),
                    until: old.until,
                });
            }
        }
        Change::AssignPackage {
            user,
            package,
            until,
        } => {
            user_of(after, user)?;
            known_package(now, package)?;
            let at = now.at;
            assign(&mut user_of(after, user)?.packages, package, *until, at)?;
        }
        Change::RevokePackage { user, package } => {
            user_of(after, user)?;
            known_package(now, package)?;
            revoke(&mut user_of(after, user)?.packages, package)?;
        }
        _ => panic!("a change of a new kind: {change:?}"),
    }
    Ok(())
}

fn known_package(now: &Model, id: &str) -> Performed {
    match now.policy.packages.iter().any(|it| it.id == id) {
        true => Ok(()),
        false => refuse(Class::Unknown),
    }
}

fn create_user(now: &Model, after: &mut Model, user: &UserDocument) -> Performed {
    if now.user(&user.id).is_some() {
        return refuse(Class::Exists);
    }
    let known = user.position.iter().all(|it| now.position_known(it))
        && user.roles.iter().all(|it| now.role_known(&it.id))
        && user
            .packages
            .iter()
            .all(|it| known_package(now, &it.id).is_ok())
        && user
            .properties
            .keys()
            .all(|it| now.catalog.subject_properties.contains_key(it));
    if !known {
        return either(Class::Unknown, Class::Invalid);
    }
    // An assignment that has ended already.
    for assignment in user.roles.iter().chain(&user.packages) {
        if assignment.until.is_some_and(|until| until <= now.at) {
            return refuse(Class::Invalid);
        }
    }
    after.directory.users.push(user.clone());
    Ok(())
}

fn assign(
    assignments: &mut Vec<AssignmentDocument>,
    id: &str,
    until: Option<Timestamp>,
    at: Timestamp,
) -> Performed {
    if until.is_some_and(|until| until <= at) {
        return refuse(Class::Invalid);
    }
    match assignments.iter_mut().find(|it| it.id == id) {
        Some(assignment) => assignment.until = until,
        None => assignments.push(AssignmentDocument {
            id: id.to_owned(),
            until,
        }),
    }
    Ok(())
}

fn revoke(assignments: &mut Vec<AssignmentDocument>, id: &str) -> Performed {
    if !assignments.iter().any(|it| it.id == id) {
        return either(Class::Unknown, Class::NothingToChange);
    }
    assignments.retain(|it| it.id != id);
    Ok(())
}

// ── Features, settings, used ids ──────────────────────────────────────────────────────────────

fn account(now: &Model, after: &mut Model, change: &Change) -> Performed {
    let policy = &mut after.policy;
    let known_feature = |id: &String| {
        let declared = |it: &&bailiwick::document::FeatureDocument| {
            it.id == *id && it.retired.is_none_or(|it| it > now.policy.catalog_version)
        };
        match now.catalog.features.iter().find(declared) {
            Some(_) => Ok(()),
            None => refuse(Class::Unknown),
        }
    };
    match change {
        Change::EnableFeature { feature } => {
            known_feature(feature)?;
            if !policy.features.contains(feature) {
                policy.features.push(feature.clone());
            }
        }
        Change::DisableFeature { feature } => {
            known_feature(feature)?;
            policy.features.retain(|it| it != feature);
        }
        Change::ChangeSetting { permission, role } => {
            let Some(node) = now.permission(permission) else {
                return refuse(Class::Unknown);
            };
            if node.adjustable.is_none() {
                return refuse(Class::Invalid);
            }
            if let Some(role) = role
                && !(role.starts_with("system:") && now.role_known(role))
            {
                return either(Class::Unknown, Class::Invalid);
            }
            match role {
                Some(role) => policy.settings.insert(permission.clone(), role.clone()),
                None => policy.settings.remove(permission),
            };
        }
        Change::ForgetId { kind, id } => {
            let used = match kind {
                UsedIdKind::User => &mut policy.used_ids.users,
                UsedIdKind::Role => &mut policy.used_ids.roles,
                UsedIdKind::Position => &mut policy.used_ids.positions,
            };
            if !used.contains(id) {
                return refuse(Class::Unknown);
            }
            used.retain(|it| it != id);
        }
        _ => panic!("no change to the account: {change:?}"),
    }
    Ok(())
}
