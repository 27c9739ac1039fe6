//! The last guard (A5): somebody stays who may hand administration on.
//!
//! An administrator is a user, not suspended, who effectively, at All and without an end, may assign some
//! role that brings, at All, the very permission that assigning it needs.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::actor::Actor;
use super::super::authority::lasting;
use super::super::change::Change;
use super::may_lose_holders;
use crate::Scope;
use crate::document::ChangeKind;
use crate::engine::{Holder, Planes, State};

const KIND: ChangeKind = ChangeKind::EditAssignments;

/// Returns whether a change may leave an account without administrators: whatever may take a role from somebody,
/// and what may take from a role what it gives.
pub(super) fn may_lose_administrators(change: &Change) -> bool {
    may_lose_holders(change)
        || matches!(
            change,
            Change::DeleteRole { .. }
                | Change::EnableFeature { .. }
                | Change::DisableFeature { .. }
        )
}

/// Whether the account has an administrator. Those who are likely to be one are looked at first.
pub(super) fn is_administered(state: &State, likely: &Actor) -> bool {
    let rules = &state.model().administration;
    let Some(&edits) = rules.changes.get(&KIND) else {
        return false;
    };
    let mut search = Search {
        state,
        edits,
        bringing: None,
    };
    let mut likely = Some(likely);
    while let Some(actor) = likely {
        let (id, next) = match actor {
            Actor::User(id) => (Some(id), None),
            Actor::OnBehalfOf { actor, of } => match &**actor {
                Actor::User(id) => (Some(id), Some(&**of)),
                Actor::System | Actor::External { .. } | Actor::OnBehalfOf { .. } => {
                    (None, Some(&**of))
                }
            },
            Actor::System | Actor::External { .. } => (None, None),
        };
        if let Some(user) = id.and_then(|id| state.find_user(id))
            && search.is_administrator(user)
        {
            return true;
        }
        likely = next;
    }
    search.finds_one()
}

struct Search<'s> {
    state: &'s State,
    /// What changing assignments needs.
    edits: u16,
    /// The roles that bring, at All, what assigning them needs; once they are looked for.
    bringing: Option<Vec<u32>>,
}

impl Search<'_> {
    fn finds_one(&mut self) -> bool {
        let state = self.state;
        // Without an end nobody is granted more.
        let mut of_sets: HashMap<usize, Option<bool>> = HashMap::new();
        for set in 0..state.sets().numbers() {
            if state.sets().holders(set).active > 0
                && let Some(rights) = state.set_rights(set as usize)
                && self.is_at_all(rights, self.edits)
            {
                of_sets.insert(set as usize, None);
            }
        }
        if of_sets.is_empty() {
            return false;
        }
        for (user, record) in state.every_user() {
            let Some(known) = of_sets.get_mut(&record.access()) else {
                continue;
            };
            if record.is_suspended() {
                continue;
            }
            let is_administrator = if state.users().ends(user).is_empty() {
                *known.get_or_insert_with(|| self.is_administrator(user))
            } else {
                self.is_administrator(user)
            };
            if is_administrator {
                return true;
            }
        }
        false
    }

    fn is_administrator(&mut self, user: u32) -> bool {
        let state = self.state;
        let Some(record) = state.user_record(user).filter(|it| !it.is_suspended()) else {
            return false;
        };
        let (Some(assigned), Some(rights)) = (
            state.assigned(record.access()),
            state.set_rights(record.access()),
        ) else {
            return false;
        };
        let lasting = match state.users().ends(user) {
            [] => Cow::Borrowed(rights),
            ends => Cow::Owned(lasting(state, assigned, rights, ends)),
        };
        if !self.is_at_all(&lasting, self.edits) {
            return false;
        }
        // Who administers mostly has such a role.
        let mut own = state.authorized(assigned).into_iter();
        if own.any(|role| self.brings_itself(role) && self.may_assign(&lasting, role)) {
            return true;
        }
        let bringing = match self.bringing.take() {
            Some(known) => known,
            None => {
                let all = 0..state.roles().numbers();
                all.filter(|role| self.brings_itself(*role)).collect()
            }
        };
        let mut every = bringing.iter();
        let found = every.any(|role| self.may_assign(&lasting, *role));
        self.bringing = Some(bringing);
        found
    }

    /// Whether somebody has a permission effectively, and at All.
    fn is_at_all(&self, rights: &Planes, permission: u16) -> bool {
        rights.granted(permission) == Scope::All as u8
            && Holder::is_effective(rights, self.state, permission)
    }

    /// What assigning a role needs (A2).
    fn needed(&self, role: u32) -> Option<u16> {
        let model = self.state.model();
        match model.roles.get(role as usize) {
            Some(system) => system.assign,
            None => model.administration.assign_account_roles,
        }
    }

    fn brings_itself(&self, role: u32) -> bool {
        let (Some(needed), Some(closure)) = (self.needed(role), self.state.role_closure(role))
        else {
            return false;
        };
        // A retired role grants nothing (D16).
        closure.granted(needed) == Scope::All as u8 && !closure.denied(needed)
    }

    /// Whether somebody with these rights may assign a role to anybody (A2, A4).
    fn may_assign(&self, rights: &Planes, role: u32) -> bool {
        let state = self.state;
        let closure = state.roles_below(role);
        let mut needed = closure.into_iter().map(|it| self.needed(it));
        let mut given = state.granting(vec![role]).into_iter();
        needed.all(|it| it.is_some_and(|it| self.is_at_all(rights, it)))
            && given.all(|role| {
                let model = state.model();
                let system = ((role as usize) < model.roles.len()).then_some(role);
                let says = state.roles().get(role);
                model.administration.exempt.contains(&(KIND, system))
                    || says.is_none_or(|it| it.own.is_within_all_of(rights))
            })
    }
}
