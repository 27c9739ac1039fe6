//! How many users hold a role or a package, counted by access set.

use std::collections::BTreeSet;

use crate::engine::State;

fn users(state: &State, sets: impl IntoIterator<Item = u32>) -> usize {
    let users = sets.into_iter().map(|set| state.sets().holders(set).users);
    users.map(|it| it as usize).sum()
}

/// Who are assigned a role directly.
pub(super) fn assigned(state: &State, role: u32) -> usize {
    users(state, state.sets().with_role(role))
}

/// Who are assigned a package that a role is in.
pub(super) fn by_packages(state: &State, role: u32) -> usize {
    let packages = state.packages().with_role(role);
    let sets: BTreeSet<u32> = packages
        .flat_map(|it| state.sets().with_package(it))
        .collect();
    users(state, sets)
}

pub(super) fn of_package(state: &State, package: u32) -> usize {
    users(state, state.sets().with_package(package))
}

/// Whose authorized roles contain a role (D2).
pub(super) fn authorized(state: &State, role: u32) -> usize {
    users(state, state.sets_holding(role))
}

/// The same of every role, by number.
pub(super) fn every_authorized(state: &State) -> Vec<usize> {
    let roles = state.role_numbers() as usize;
    let mut users = vec![0; roles];
    // The set that came by last, one higher than its number.
    let mut seen = vec![0; roles];
    let mut waiting: Vec<u32> = Vec::new();
    for set in 0..state.set_numbers() {
        let holders = state.sets().holders(set).users as usize;
        let Some(assigned) = state.assigned(set as usize).filter(|_| holders > 0) else {
            continue;
        };
        waiting.extend(state.directly(assigned));
        while let Some(role) = waiting.pop() {
            let Some(seen) = seen.get_mut(role as usize).filter(|it| **it <= set) else {
                continue;
            };
            *seen = set + 1;
            if let Some(users) = users.get_mut(role as usize) {
                *users += holders;
            }
            waiting.extend(state.role_juniors(role).into_iter().flatten());
        }
    }
    users
}
