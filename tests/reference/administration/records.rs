//! What is recorded of roles: who holds them, and what they come to.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::AssignmentDocument;

use super::{denied, stored};
use crate::reference::Model;

/// The roles of one user.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub directly: BTreeSet<String>,
    pub packages: BTreeSet<String>,
    /// Those in the packages.
    pub by_packages: BTreeSet<String>,
    pub authorized: BTreeSet<String>,
}

/// D2, of every user.
pub(crate) fn held(state: &Model) -> Vec<Held> {
    let lasting = |list: &[AssignmentDocument]| -> BTreeSet<String> {
        let lasts = list.iter();
        let lasts = lasts.filter(|it| it.until.is_none_or(|until| until > state.at));
        lasts.map(|it| it.id.clone()).collect()
    };
    let users = state.directory.users.iter().map(|user| {
        let packages = lasting(&user.packages);
        let of_packages = state.policy.packages.iter();
        let by_packages = of_packages
            .filter(|it| packages.contains(&it.id))
            .flat_map(|it| it.roles.iter().cloned());
        Held {
            directly: lasting(&user.roles),
            by_packages: by_packages.collect(),
            packages,
            authorized: state.closure(&state.assigned_roles(user)),
        }
    });
    users.collect()
}

/// What a role comes to: grants and denies.
pub(crate) type Sum = (BTreeMap<String, Scope>, BTreeSet<String>);

/// What each role comes to, with all that it inherits and the settings (D2 to D4, D13, D16).
pub(crate) fn come_to(state: &Model) -> BTreeMap<String, Sum> {
    let sum = |role: &String| {
        let alone = [role.clone()];
        let grants = stored(state, &state.granting(&alone));
        (grants, denied(state, &state.closure(&alone)))
    };
    let roles = state.roles.keys();
    roles.map(|role| (role.clone(), sum(role))).collect()
}

/// What each role grants and denies itself, settings included; of a retired one the denies alone.
pub(crate) fn own(state: &Model) -> BTreeMap<String, Sum> {
    let sum = |role: &String| {
        let alone = BTreeSet::from([role.clone()]);
        let granting = state.granting(std::slice::from_ref(role));
        let grants = stored(state, &granting.intersection(&alone).cloned().collect());
        (grants, denied(state, &alone))
    };
    let roles = state.roles.keys();
    roles.map(|role| (role.clone(), sum(role))).collect()
}

/// What each role inherits.
pub(crate) fn inherited(state: &Model) -> BTreeMap<String, Sum> {
    let sum = |role: &String| {
        let alone = [role.clone()];
        let juniors: Vec<String> = state
            .roles
            .get(role)
            .map_or_else(Vec::new, |it| it.inherits.clone());
        let grants = match state.granting(&alone).is_empty() {
            true => BTreeMap::new(),
            false => stored(state, &state.granting(&juniors)),
        };
        (grants, denied(state, &state.closure(&juniors)))
    };
    let roles = state.roles.keys();
    roles.map(|role| (role.clone(), sum(role))).collect()
}

/// The roles that a role inherits, at any depth.
pub(crate) fn juniors(state: &Model, role: &str) -> BTreeSet<String> {
    let mut below = state.closure(&[role.to_owned()]);
    below.remove(role);
    below
}

/// D16: whether the catalog retired it.
pub(crate) fn is_retired(state: &Model, role: &str) -> bool {
    let mut known = state.catalog.roles.iter();
    known.any(|it| it.id == role && it.retired.is_some())
}

/// D18.
pub(crate) fn brought_by_tokens(state: &Model, role: &str) -> bool {
    state.tokens_may_bring(role)
}
