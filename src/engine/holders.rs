//! Who keeps a role that a number of users must keep (A5).

use std::collections::BTreeSet;

use super::State;
use super::users::Held;

impl State {
    /// For each system role that a number of users must keep, how many do. One that was retired gives
    /// nobody anything any more (D16): it need not be kept.
    pub(crate) fn guarded_holders(&self) -> Vec<(u32, u32)> {
        let roles = self.model().roles.iter().zip(0..);
        roles
            .filter(|(role, _)| role.min_holders > 0 && role.retired.is_none())
            .map(|(_, number)| (number, self.lasting_holders(number)))
            .collect()
    }

    /// Users who are assigned a role directly or by a package, without end, not suspended and not denied
    /// any of what it grants (A5). What ends keeps nobody: time would undo it with nobody asked.
    pub(crate) fn lasting_holders(&self, role: u32) -> u32 {
        let mut sets: BTreeSet<u32> = self.sets.with_role(role).collect();
        for package in self.packages.with_role(role) {
            sets.extend(self.sets.with_package(package));
        }
        let Some(granted) = self.role_closure(role) else {
            return 0;
        };
        sets.retain(|set| {
            let rights = self.set_rights(*set as usize);
            rights.is_some_and(|rights| !granted.grants().any(|(it, _)| rights.denied(it)))
        });
        let active = |set: &u32| self.sets.holders(*set).active;
        let all: u32 = sets.iter().map(active).sum();
        let ending = self.users.with_ends().filter(|&user| {
            let record = self.user_record(user);
            let record = record.filter(|it| !it.is_suspended());
            record.is_some_and(|it| sets.contains(&(it.access() as u32)) && !self.lasts(user, role))
        });
        all.saturating_sub(ending.count() as u32)
    }

    /// Whether somebody who has a role has it by an assignment without end.
    fn lasts(&self, user: u32, role: u32) -> bool {
        let ends = self.users.ends(user);
        let is_endless = |of: Held| !ends.iter().any(|end| end.of == of);
        let Some(assigned) = self.user_assignments(user) else {
            return false;
        };
        let in_package = |package: &u32| {
            let roles = self.package_roles(*package).unwrap_or_default();
            roles.contains(&role) && is_endless(Held::Package(*package))
        };
        (assigned.roles.contains(&role) && is_endless(Held::Role(role)))
            || assigned.packages.iter().any(in_package)
    }
}
