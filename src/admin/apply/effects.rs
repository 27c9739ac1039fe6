//! What a step did to access sets and the people who have them, held against what A3 and A4 ask.

use std::collections::{BTreeMap, BTreeSet};

use super::super::authority::{Receivers, Target};
use super::super::refusal::Refusal;
use super::Transaction;
use crate::document::ChangeKind;
use crate::engine::{Planes, State};

/// The rights of some access sets, kept from before a step, with the roles that give them.
pub(super) struct RightsBefore(Vec<(u32, Planes, Vec<u32>)>);

impl RightsBefore {
    fn of(state: &State, sets: &BTreeSet<u32>) -> RightsBefore {
        let rights = |set: &u32| {
            let (rights, assigned) = (
                state.set_rights(*set as usize)?,
                state.assigned(*set as usize)?,
            );
            Some((*set, rights.clone(), state.authorized(assigned)))
        };
        RightsBefore(sets.iter().filter_map(rights).collect())
    }
}

impl Transaction {
    /// The host itself is asked for nothing, and needs none of it.
    pub(super) fn rights_before(&self, sets: &BTreeSet<u32>) -> RightsBefore {
        match self.authority.is_system() {
            true => RightsBefore(Vec::new()),
            false => RightsBefore::of(self.now(), sets),
        }
    }

    /// Whether what roles and all that they inherit say, each for itself, may be handed to somebody (A4);
    /// the roles that the catalog exempts from that kind of change aside.
    pub(super) fn confer_roles(
        &self,
        kind: ChangeKind,
        roles: &[u32],
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        if self.authority.is_system() {
            return Ok(());
        }
        for role in self.now().granting(roles.to_vec()) {
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
        let brought = !self.brought_above(role).is_empty();
        Receivers::Sets(self.now().sets_holding(role), brought)
    }

    /// What a step took from, and opened to, people of some access sets: denies given must not be a
    /// weapon (A3), denies lifted must be held (A4). `lifting` is what the step took away, and the denies
    /// that are compared are its.
    pub(super) fn check_sets(
        &self,
        before: &RightsBefore,
        lifting: &Planes,
    ) -> Result<(), Refusal> {
        if self.authority.is_system() {
            return Ok(());
        }
        let mut concerned = Vec::new();
        for (set, before, roles) in &before.0 {
            let Some(after) = self.now().set_rights(*set as usize) else {
                continue;
            };
            let denied = before.is_denied_something_by(after);
            let mut lifted = before.denied_beyond(after);
            if denied || lifted.any(|it| lifting.denied(it)) {
                concerned.push((*set, before, after, roles, denied));
            }
        }
        if concerned.is_empty() {
            return Ok(());
        }
        // Once over all users, however many sets.
        let mut people: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (set, ..) in &concerned {
            people.insert(*set, Vec::new());
        }
        for (user, record) in self.now().every_user() {
            if let Some(people) = people.get_mut(&(record.access() as u32)) {
                people.push(user);
            }
        }
        for (set, before, after, roles, denied) in concerned {
            let people = people.remove(&set).unwrap_or_default();
            if denied {
                self.revoke_all_of(&people, roles)?;
            }
            self.lift(before, after, lifting, &Receivers::Users(people))?;
        }
        Ok(())
    }

    /// Denies that were lifted: what is then granted must be held.
    pub(super) fn lift(
        &self,
        before: &Planes,
        after: &Planes,
        lifting: &Planes,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        let lifted = before.denied_beyond(after).filter(|it| lifting.denied(*it));
        self.lifted(lifted.map(|it| (it, after.granted(it))), receivers)
    }

    /// Permissions that are denied no more, with what is then granted of each: that much must be held,
    /// and some of it where nothing is granted.
    pub(super) fn lifted(
        &self,
        lifted: impl Iterator<Item = (u16, u8)>,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        let nobody = Receivers::Sets(BTreeSet::new(), false);
        for (permission, granted) in lifted {
            let (scope, receivers) = match granted {
                0 => (self.narrowest(permission), &nobody),
                granted => (granted, receivers),
            };
            let given = [(permission, scope)].into_iter();
            self.authority.confer(self.scene(), given, receivers)?;
        }
        Ok(())
    }

    /// What roles say, each for itself, that the catalog does not exempt from that kind of change.
    pub(super) fn compared(&self, kind: ChangeKind, roles: &[u32]) -> Planes {
        let mut all = Planes::none(self.before.model().permissions.len());
        for &role in roles.iter().filter(|role| !self.is_exempt(kind, **role)) {
            if let Some(role) = self.now().roles().get(role) {
                all.unite(&role.own);
            }
        }
        all
    }

    /// The narrowest scope that a permission offers.
    fn narrowest(&self, permission: u16) -> u8 {
        let known = self.before.model().permissions.get(permission as usize);
        let narrowest = known.and_then(|it| it.scopes.iter().next());
        narrowest.map_or(0, |scope| scope as u8)
    }

    /// The right to revoke each of these roles of each of these people.
    fn revoke_all_of(&self, people: &[u32], roles: &[u32]) -> Result<(), Refusal> {
        let scene = self.scene();
        // Whoever may revoke them everywhere need not be held against each person.
        let everywhere = self.authority.revoke(scene, roles, Target::Everything);
        if everywhere.is_ok() {
            return Ok(());
        }
        for &user in people {
            let name = self.now().user_id(user).unwrap_or_default();
            let target = Target::Person(scene.person(user), name);
            self.authority.revoke(scene, roles, target)?;
        }
        Ok(())
    }
}
