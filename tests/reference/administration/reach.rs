//! What people may reach, as it is stored: whose records, by which permission. Features and
//! prerequisites aside, since what sleeps may wake.

use std::collections::BTreeSet;

use bailiwick::Scope;
use bailiwick::document::CatalogDocument;

use super::super::Model;
use super::authority::{opens, reads};
use super::{denied, stored};

/// Who reaches: a user, or whoever brings a role by a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Who {
    User(String),
    /// A token that brings that role; with an id, or without.
    Token(Option<String>, String),
}

/// One permission on the records of one owner; without owner, on those that nobody owns.
pub(crate) type Reached = (String, Option<String>);

/// Everything that anybody reaches of these owners' records. Adjustable permissions aside, which
/// whoever may change the setting hands out (A4). A user who is granted what a condition on them gates
/// is told apart by the properties that it reads (see [`permission_of`]). Of people who bring tokens,
/// these are looked at: one who is suspended or removed reaches nothing, one whom the directory denies
/// something not that (D18).
pub(crate) fn reach(
    state: &Model,
    owners: &[String],
    bearers: &[String],
) -> BTreeSet<(Who, Reached)> {
    let mut reached = BTreeSet::new();
    let read = conditions(state);
    for user in &state.directory.users {
        if user.suspended {
            continue;
        }
        let roles = state.assigned_roles(user);
        for (path, scope) in held(state, &roles) {
            let who = Who::User(user.id.clone());
            let mut named = vec![path.clone()];
            let gates = read.iter().filter(|(gated, _)| *gated == path);
            named.extend(gates.map(|(path, property)| {
                let value = user.properties.get(property);
                format!("{path}{WHERE}{property}={value:?}")
            }));
            for path in named {
                for owner in owners.iter().map(Some).chain([None]) {
                    if reaches(state, scope, &user.id, owner) {
                        reached.insert((who.clone(), (path.clone(), owner.cloned())));
                    }
                }
            }
        }
    }
    // A token stands wherever it likes: whatever is not its own alone, it reaches.
    let brought: Vec<String> = state
        .roles
        .keys()
        .filter(|role| state.tokens_may_bring(role))
        .cloned()
        .collect();
    for role in &brought {
        let granted = held(state, std::slice::from_ref(role));
        for bearer in bearers.iter().map(Some).chain([None]) {
            let Some(denied) = denied_to_bearer(state, bearer) else {
                continue;
            };
            for (path, scope) in granted.iter().filter(|(path, _)| !denied.contains(path)) {
                let who = Who::Token(bearer.cloned(), role.clone());
                for owner in owners.iter().map(Some).chain([None]) {
                    if *scope == Scope::All || owner.is_some() {
                        reached.insert((who.clone(), (path.clone(), owner.cloned())));
                    }
                }
            }
        }
    }
    reached
}

/// What stands between a permission and the properties by which a user is told apart.
const WHERE: &str = " where ";

/// The permission of a reach.
pub(crate) fn permission_of(reached: &Reached) -> &str {
    let path = reached.0.as_str();
    path.split_once(WHERE).map_or(path, |(path, _)| path)
}

/// The permissions that allow something under a condition on a property of users.
fn conditions(state: &Model) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for property in state.catalog.subject_properties.keys() {
        for operation in &state.catalog.operations {
            for pair in &operation.allowed_by {
                if reads(&operation.when, property) || reads(&pair.when, property) {
                    found.insert((pair.permission.clone(), property.clone()));
                }
            }
        }
    }
    found
}

/// The properties that open something to everybody who has them, and that the host alone edits (D10):
/// of whom, and with which value.
pub(crate) fn opened(state: &Model) -> BTreeSet<(String, String, String)> {
    let mut found = BTreeSet::new();
    for user in &state.directory.users {
        for (property, value) in &user.properties {
            let declared = state.catalog.subject_properties.get(property);
            let named = declared.is_some_and(|it| it.edited_by.is_some());
            if !named && opens(&state.catalog, property) {
                found.insert((user.id.clone(), property.clone(), format!("{value:?}")));
            }
        }
    }
    found
}

/// What the directory denies somebody who brings a token; `None`: everything.
fn denied_to_bearer(state: &Model, bearer: Option<&String>) -> Option<BTreeSet<String>> {
    let Some(bearer) = bearer else {
        return Some(BTreeSet::new());
    };
    match state.user(bearer) {
        Some(user) if user.suspended => None,
        Some(user) => Some(denied(state, &state.closure(&state.assigned_roles(user)))),
        None if state.policy.used_ids.users.contains(bearer) => None,
        None => Some(BTreeSet::new()),
    }
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
