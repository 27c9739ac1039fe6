//! What people may reach, as it is stored: whose records, by which permission. Features and
//! prerequisites aside, since what sleeps may wake.

use std::collections::BTreeSet;

use bailiwick::Scope;
use bailiwick::document::CatalogDocument;

use super::super::Model;
use super::{denied, stored};

/// Who reaches: a user, or whoever brings a role by a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    User(String),
    Token(String),
}

/// One permission on the records of one owner; without owner, on those that nobody owns.
pub(crate) type Reached = (String, Option<String>);

/// Everything that anybody reaches of these owners' records. Adjustable permissions aside, which
/// whoever may change the setting hands out (A4).
pub(crate) fn reach(state: &Model, owners: &[String]) -> BTreeSet<(Who, Reached)> {
    let mut reached = BTreeSet::new();
    for user in &state.directory.users {
        if user.suspended {
            continue;
        }
        let roles = state.assigned_roles(user);
        for (path, scope) in held(state, &roles) {
            let who = Who::User(user.id.clone());
            for owner in owners.iter().map(Some).chain([None]) {
                if reaches(state, scope, &user.id, owner) {
                    reached.insert((who.clone(), (path.clone(), owner.cloned())));
                }
            }
        }
    }
    // A token stands wherever it likes: whatever is not its own alone, it reaches.
    for role in state
        .roles
        .keys()
        .filter(|role| state.tokens_may_bring(role))
    {
        for (path, scope) in held(state, std::slice::from_ref(role)) {
            let who = Who::Token(role.clone());
            for owner in owners.iter().map(Some).chain([None]) {
                if scope == Scope::All || owner.is_some() {
                    reached.insert((who.clone(), (path.clone(), owner.cloned())));
                }
            }
        }
    }
    reached
}

/// What each role of the account itself grants.
pub(crate) fn granted(state: &Model) -> BTreeSet<(String, String, Scope)> {
    let mut granted = BTreeSet::new();
    for role in &state.policy.roles {
        let own = state.roles.get(&role.id).map(|it| it.grants.clone());
        for (path, scope) in own.unwrap_or_default() {
            granted.insert((role.id.clone(), path, scope));
        }
    }
    granted
}

/// How far some of these users are granted a permission, and not denied it.
pub(crate) fn held_by(state: &Model, users: &[String], permission: &str) -> Option<Scope> {
    let users = users.iter().filter_map(|id| state.user(id));
    users
        .flat_map(|user| held(state, &state.assigned_roles(user)))
        .filter(|(path, _)| path == permission)
        .map(|(_, scope)| scope)
        .max()
}

/// What these roles grant, and none of them denies.
fn held(state: &Model, roles: &[String]) -> Vec<(String, Scope)> {
    let denied = denied(state, &state.closure(roles));
    let adjustable = |path: &String| {
        let permission = state.permission(path);
        permission.is_some_and(|it| it.adjustable.is_some())
    };
    stored(state, &state.granting(roles))
        .into_iter()
        .filter(|(path, _)| !denied.contains(path) && !adjustable(path))
        .collect()
}

/// S1, S3.
fn reaches(state: &Model, scope: Scope, viewer: &str, owner: Option<&String>) -> bool {
    if scope == Scope::All {
        return true;
    }
    let Some(owner) = owner else {
        return false;
    };
    if owner == viewer {
        return true;
    }
    let position = |id: &str| state.user(id)?.position.as_ref();
    let (Some(upper), Some(lower)) = (position(viewer), position(owner)) else {
        return false;
    };
    match scope {
        Scope::Own | Scope::All => false,
        Scope::Reports => state.strictly_below(lower, upper),
        Scope::Peers => upper == lower || state.strictly_below(lower, upper),
    }
}

/// The catalog with one node more below each of its nodes and one at the top, each in every scope:
/// what wildcards would give.
pub(crate) fn grown(catalog: &CatalogDocument) -> CatalogDocument {
    let mut grown = catalog.clone();
    let Some(like) = catalog.permissions.first() else {
        return grown;
    };
    let parents = catalog
        .permissions
        .iter()
        .map(|it| format!("{}.grown", it.path));
    for path in parents.chain(["grown".to_owned()]) {
        let mut permission = like.clone();
        permission.path = path;
        permission.scopes = Scope::EVERY.to_vec();
        permission.default_scope = None;
        permission.adjustable = None;
        permission.features.clear();
        permission.requires.clear();
        permission.suggests.clear();
        grown.permissions.push(permission);
    }
    grown
}
