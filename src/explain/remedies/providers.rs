//! What could be assigned to the user to bring a permission, looked up once for each that is missing.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use foldhash::{HashMap, HashSet};

use super::case::Case;
use super::step::Step;
use crate::engine::Held;

/// So many ways to bring one thing are looked at, those that bring least beside it first.
const PROVIDERS: usize = 128;
/// So many are kept: some may fill a package that is revoked.
const KEPT: usize = 2 * PROVIDERS;

/// What was looked up.
#[derive(Default)]
pub(super) struct Providers {
    /// By permission and scope.
    known: RefCell<HashMap<(u16, u8), Rc<Provided>>>,
    /// How many permissions a role or package grants.
    sizes: RefCell<HashMap<Held, usize>>,
}

/// What brings a permission that far, the least first.
struct Provided {
    steps: Vec<Step>,
    /// Whether there are more.
    is_cut: bool,
}

impl Case<'_> {
    /// Roles and packages to assign, and roles to put in packages, that bring a permission that far to the
    /// user after some steps; and whether that is all.
    pub(super) fn assignments(
        &self,
        steps: &[Step],
        permission: u16,
        scope: u8,
    ) -> (Vec<Step>, bool) {
        let known = self
            .providers
            .known
            .borrow()
            .get(&(permission, scope))
            .cloned();
        let provided = known.unwrap_or_else(|| {
            let provided = Rc::new(self.provided(permission, scope));
            let mut known = self.providers.known.borrow_mut();
            known.insert((permission, scope), Rc::clone(&provided));
            provided
        });
        let is_revoked = |step: &Step| match *step {
            Step::Fill { package, .. } => steps.contains(&Step::Revoke(Held::Package(package))),
            _ => false,
        };
        let left = provided.steps.iter().filter(|step| !is_revoked(step));
        let mut left: Vec<Step> = left.take(PROVIDERS + 1).copied().collect();
        let is_complete = !provided.is_cut && left.len() <= PROVIDERS;
        left.truncate(PROVIDERS);
        (left, is_complete)
    }

    fn provided(&self, permission: u16, scope: u8) -> Provided {
        let state = self.state;
        let assigned = self.user.and_then(|user| state.user_assignments(user));
        let Some(assigned) = assigned else {
            return Provided {
                steps: Vec::new(),
                is_cut: false,
            };
        };
        let grants = |role: &u32| {
            let closure = state.role_closure(*role);
            closure.is_some_and(|it| it.granted(permission) >= scope)
        };
        let proposed = (0..state.role_numbers()).filter(|it| !state.is_unlisted_role(*it));
        let roles = proposed.filter(grants);
        let mut roles: Vec<(usize, u32)> = roles
            .map(|role| (self.size(Held::Role(role)), role))
            .collect();
        roles.sort_unstable();
        let mut found: Vec<(usize, Step)> = Vec::new();
        for &(size, role) in &roles {
            if assigned.roles.binary_search(&role).is_err() {
                found.push((size, Step::Assign(Held::Role(role))));
            }
            let holding: HashSet<u32> = state.packages().with_role(role).collect();
            let others = assigned.packages.iter();
            let others = others.filter(|package| !holding.contains(package));
            found.extend(others.map(|&package| (size, Step::Fill { package, role })));
            // The rest are no smaller.
            if found.len() > KEPT {
                break;
            }
        }
        let of_roles = roles
            .iter()
            .flat_map(|(_, role)| state.packages().with_role(*role));
        let packages: BTreeSet<u32> = of_roles.collect();
        let unassigned = packages.into_iter();
        let has_unlisted = |package: u32| {
            let mut roles = state.package_roles(package).unwrap_or_default().iter();
            roles.any(|it| state.is_unlisted_role(*it))
        };
        let unassigned = unassigned
            .filter(|it| assigned.packages.binary_search(it).is_err() && !has_unlisted(*it));
        found.extend(unassigned.map(|package| {
            let held = Held::Package(package);
            (self.size(held), Step::Assign(held))
        }));
        found.sort_unstable();
        let is_cut = found.len() > KEPT;
        found.truncate(KEPT);
        Provided {
            steps: found.into_iter().map(|(_, step)| step).collect(),
            is_cut,
        }
    }

    /// How many permissions a role grants, or the roles of a package one by one.
    pub(super) fn size(&self, held: Held) -> usize {
        if let Some(known) = self.providers.sizes.borrow().get(&held) {
            return *known;
        }
        let size = match held {
            Held::Role(role) => {
                let closure = self.state.role_closure(role);
                closure.map_or(0, |it| it.grants().count())
            }
            Held::Package(package) => {
                let roles = self.state.package_roles(package).unwrap_or_default();
                roles.iter().map(|role| self.size(Held::Role(*role))).sum()
            }
        };
        self.providers.sizes.borrow_mut().insert(held, size);
        size
    }
}
