//! What a step did to access sets and the people who have them, held against what A3 and A4 ask.

use std::collections::BTreeSet;

use super::super::authority::{Receivers, Scene, Target};
use super::super::refusal::Refusal;
use super::Transaction;
use crate::document::ChangeKind;
use crate::engine::{Planes, State};

/// The rights of some access sets, kept from before a step.
pub(super) struct RightsBefore(Vec<(u32, Planes)>);

impl RightsBefore {
    pub(super) fn of(state: &State, sets: &BTreeSet<u32>) -> RightsBefore {
        let rights = |set: &u32| Some((*set, state.set_rights(*set as usize)?.clone()));
        RightsBefore(sets.iter().filter_map(rights).collect())
    }
}

impl Transaction {
    /// Whether what is stored in roles, each for itself, may be handed to somebody (A4); the roles that
    /// the catalog exempts from that kind of change aside.
    pub(super) fn confer_roles(
        &self,
        kind: ChangeKind,
        roles: &[u32],
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        if self.authority.is_system() {
            return Ok(());
        }
        for &role in roles {
            if self.is_exempt(kind, role) {
                continue;
            }
            let Some(role) = self.now().roles().get(role) else {
                continue;
            };
            self.authority
                .confer_all(self.scene(), &role.own, receivers)?;
        }
        Ok(())
    }

    pub(super) fn is_exempt(&self, kind: ChangeKind, role: u32) -> bool {
        let model = self.before.model();
        let system = ((role as usize) < model.roles.len()).then_some(role);
        model.administration.exempt.contains(&(kind, system))
    }

    /// Who has a role, or would be given what is added to it.
    pub(super) fn holders_of(&self, role: u32) -> Receivers {
        let mut above = self.now().roles_above(role).into_iter();
        let brought = above.any(|role| {
            let known = self.now().roles().get(role);
            known.is_some_and(|it| it.tokens_bring)
        });
        Receivers::Sets(self.now().sets_holding(role), brought)
    }

    /// What a step took from, and opened to, people of some access sets: denies given must not be a
    /// weapon (A3), denies lifted must be held (A4).
    pub(super) fn check_sets(&self, before: &RightsBefore) -> Result<(), Refusal> {
        if self.authority.is_system() {
            return Ok(());
        }
        for (set, before) in &before.0 {
            let Some(after) = self.now().set_rights(*set as usize) else {
                continue;
            };
            if before.is_denied_something_by(after) {
                self.revoke_all_of_set(*set)?;
            }
            let receivers = Receivers::Sets([*set].into(), false);
            self.lift(before, after, &receivers)?;
        }
        Ok(())
    }

    /// Denies that were lifted: what is then granted must be held.
    pub(super) fn lift(
        &self,
        before: &Planes,
        after: &Planes,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        let lifted = before.denied_beyond(after);
        let lifted = lifted.map(|it| (it, after.granted(it).max(self.narrowest(it))));
        self.authority.confer(self.scene(), lifted, receivers)
    }

    /// The narrowest scope that a permission offers.
    pub(super) fn narrowest(&self, permission: u16) -> u8 {
        let known = self.before.model().permissions.get(permission as usize);
        let narrowest = known.and_then(|it| it.scopes.iter().next());
        narrowest.map_or(0, |scope| scope as u8)
    }

    /// The right to revoke every role of everybody in an access set.
    fn revoke_all_of_set(&self, set: u32) -> Result<(), Refusal> {
        let now = self.now();
        let Some(assigned) = now.assigned(set as usize) else {
            return Ok(());
        };
        let roles = now.authorized(assigned);
        let scene = self.scene();
        // Whoever may revoke them everywhere need not be held against each person.
        let everywhere = self.authority.revoke(scene, &roles, Target::Everything);
        if everywhere.is_ok() {
            return Ok(());
        }
        for (user, record) in now.every_user() {
            if record.access() == set as usize {
                self.revoke_all_of(scene, user, &roles)?;
            }
        }
        Ok(())
    }

    fn revoke_all_of(&self, scene: Scene<'_>, user: u32, roles: &[u32]) -> Result<(), Refusal> {
        let name = self.now().user_id(user).unwrap_or_default();
        let target = Target::Person(scene.person(user), name);
        self.authority.revoke(scene, roles, target)
    }
}
