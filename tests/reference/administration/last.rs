//! A5's last guard: somebody stays who may hand administration on.

use bailiwick::Scope;
use bailiwick::document::{ChangeKind, UserDocument};

use super::super::Model;
use super::authority::is_exempt;
use super::{Party, denied, stored};

const KIND: ChangeKind = ChangeKind::EditAssignments;

/// Whether there is a user, not suspended, who effectively, at All and without an end, may assign some
/// role that brings, at All, the very permission that assigning it needs.
pub(super) fn is_administered(state: &Model) -> bool {
    let mut users = state.directory.users.iter();
    users.any(|user| !user.suspended && administers(state, user))
}

fn administers(state: &Model, user: &UserDocument) -> bool {
    let mut viewer = state.of_directory(user);
    let mut lasting = user.clone();
    lasting.roles.retain(|it| it.until.is_none());
    lasting.packages.retain(|it| it.until.is_none());
    viewer.granting = state.granting(&state.assigned_roles(&lasting));
    let party = Party::User {
        id: user.id.clone(),
        viewer,
        assigned: Box::new(lasting),
    };
    let has = |permission: Option<&String>| {
        permission.is_some_and(|it| party.effective(state, it) == Some(Scope::All))
    };
    let administration = &state.catalog.administration;
    let needed = |role: &str| match state.catalog.roles.iter().find(|it| it.id == role) {
        Some(system) => system.assign.as_ref(),
        None => administration.account_roles.assign.as_ref(),
    };
    let is_retired = |role: &str| {
        let mut system = state.catalog.roles.iter();
        system.any(|it| it.id == role && it.retired.is_some())
    };
    // A2: the kind of change, and the right for every role in its closure; A4: each role's content.
    let may_assign = |role: &String| {
        let roles = [role.clone()];
        state.closure(&roles).iter().all(|it| has(needed(it)))
            && state.granting(&roles).into_iter().all(|it| {
                is_exempt(&state.catalog, KIND, &it)
                    || stored(state, &[it].into())
                        .keys()
                        .all(|path| party.held(state, path) == Some(Scope::All))
            })
    };
    let brings_it = |role: &String| {
        let roles = [role.clone()];
        needed(role).is_some_and(|permission| {
            stored(state, &state.granting(&roles)).get(permission) == Some(&Scope::All)
                && !denied(state, &state.closure(&roles)).contains(permission)
        })
    };
    let mut roles = state.roles.keys();
    has(administration.changes.get(&KIND))
        && roles.any(|role| !is_retired(role) && brings_it(role) && may_assign(role))
}
