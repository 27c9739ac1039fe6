//! A denial as far as changes can mend it: for each pair that may yet allow, all that it needs.

use std::cell::OnceCell;

use foldhash::HashSet;

use super::providers::Providers;

use super::super::{Asker, Cause, Explanation};
use crate::Scope;
use crate::catalog::{EVERYBODY, Model, Operation, Pair};
use crate::document::{AskedOn, Reach};
use crate::engine::State;

/// Who is denied, and the ways to an allow.
pub(super) struct Case<'s> {
    pub(super) state: &'s State,
    pub(super) kind: Asker,
    /// The user of the directory that the subject is.
    pub(super) user: Option<u32>,
    /// The roles that a token or a role as subject brings.
    pub(super) brought: Vec<u32>,
    pub(super) is_suspended: bool,
    pub(super) ways: Vec<Way>,
    granting: OnceCell<HashSet<u32>>,
    editable: OnceCell<Editable>,
    pub(super) providers: Providers,
}

/// All that one pair needs, where its conditions hold.
pub(super) struct Way {
    /// Features that the account lacks; each can be enabled.
    pub(super) features: Vec<u16>,
    /// Permissions that must take effect, each with the narrowest scope that will do.
    pub(super) permissions: Vec<(u16, u8)>,
    /// Whether somebody below would have to lend the rest (S6).
    pub(super) is_lent: bool,
}

/// Roles to which a grant may be added.
pub(super) struct Editable {
    pub(super) roles: Vec<u32>,
    /// Whether there are more.
    pub(super) is_cut: bool,
}

/// So many roles of a subject are looked at as places for a grant, those held directly first.
const EDITABLE: usize = 32;

impl<'s> Case<'s> {
    /// `needed` is the narrowest scope that reaches the record, `position` whether the subject looks
    /// from one.
    pub(super) fn of(
        state: &'s State,
        why: &Explanation,
        operation: u16,
        needed: u8,
        position: bool,
    ) -> Case<'s> {
        let user = why.subject.id.as_deref();
        let user = user.and_then(|id| state.find_user(id));
        let brought = why.subject.brings.iter();
        let brought = brought.filter_map(|role| state.find_role_number(&role.id));
        let record = user.and_then(|user| state.user_record(user));
        Case {
            state,
            kind: why.subject.kind,
            user,
            brought: brought.collect(),
            is_suspended: record.is_some_and(|it| it.is_suspended()),
            ways: ways(state, why, operation, needed, position),
            granting: OnceCell::new(),
            editable: OnceCell::new(),
            providers: Providers::default(),
        }
    }

    /// The roles whose grants are the subject's, as things are.
    pub(super) fn granting(&self) -> &HashSet<u32> {
        let all = || self.state.granting(self.direct());
        self.granting.get_or_init(|| all().into_iter().collect())
    }

    /// The roles that the subject is assigned or brings, without their juniors.
    fn direct(&self) -> Vec<u32> {
        match self.kind {
            Asker::User => {
                let assigned = self.user.and_then(|user| self.state.user_assignments(user));
                assigned.map_or_else(Vec::new, |it| self.state.directly(it))
            }
            Asker::Token | Asker::Role => self.brought.clone(),
        }
    }

    /// The account's roles among them: those assigned, then those inherited.
    pub(super) fn editable(&self) -> &Editable {
        self.editable.get_or_init(|| {
            let mut direct = self.direct();
            direct.sort_unstable();
            direct.dedup();
            let direct: Vec<u32> = direct
                .into_iter()
                .filter(|it| self.granting().contains(it))
                .collect();
            let mut inherited: Vec<u32> = self.granting().iter().copied().collect();
            inherited.sort_unstable();
            inherited.retain(|role| direct.binary_search(role).is_err());
            let all = direct.into_iter().chain(inherited);
            let mut roles: Vec<u32> = all
                .filter(|role| self.state.is_account_role(*role))
                .take(EDITABLE + 1)
                .collect();
            let is_cut = roles.len() > EDITABLE;
            roles.truncate(EDITABLE);
            Editable { roles, is_cut }
        })
    }
}

/// A way for each pair that no condition shuts, and a second one where somebody below may lend (S6).
fn ways(state: &State, why: &Explanation, operation: u16, needed: u8, position: bool) -> Vec<Way> {
    let model = state.model();
    let is_shut = |causes: &[Cause]| {
        let mut causes = causes.iter();
        causes.any(|it| matches!(it, Cause::Condition(_) | Cause::NotEverybody))
    };
    let Some(asked) = model.operations.get(operation as usize) else {
        return Vec::new();
    };
    if is_shut(&why.operation_causes) {
        return Vec::new();
    }
    let on_record = asked.on == AskedOn::Record;
    let is_lendable =
        on_record && position && model.reach == Reach::Accessible && needed > Scope::Reports as u8;
    let mut ways = Vec::new();
    for (pair, finding) in asked.pairs.clone().zip(&why.pairs) {
        let Some(pair) = model.pairs.get(pair as usize) else {
            continue;
        };
        if is_shut(&finding.causes) {
            continue;
        }
        let needed = if on_record { needed } else { Scope::Own as u8 };
        ways.extend(way(state, model, asked, pair, needed));
        if is_lendable {
            let lent = way(state, model, asked, pair, Scope::Reports as u8);
            ways.extend(lent.map(|way| Way {
                is_lent: true,
                ..way
            }));
        }
    }
    ways
}

/// None where a feature is needed that the product no longer has.
fn way(state: &State, model: &Model, asked: &Operation, pair: &Pair, scope: u8) -> Option<Way> {
    let mut permissions: Vec<u16> = Vec::new();
    let required = pair.requires.iter().chain(&asked.requires);
    for &permission in std::iter::once(&pair.permission).chain(required) {
        if permission == EVERYBODY {
            continue;
        }
        permissions.push(permission);
        let known = model.permissions.get(permission as usize);
        let closure = known.into_iter().flat_map(|it| it.closure.iter_ones());
        permissions.extend(closure.map(|it| it as u16));
    }
    permissions.sort_unstable();
    permissions.dedup();
    let mut features: Vec<u16> = pair
        .features
        .iter()
        .chain(&asked.features)
        .copied()
        .collect();
    for &permission in &permissions {
        let mut node = Some(permission);
        while let Some(known) = node.and_then(|it| model.permissions.get(it as usize)) {
            features.extend(&known.features);
            node = known.parent;
        }
    }
    features.sort_unstable();
    features.dedup();
    features.retain(|feature| !state.has_feature(*feature));
    let is_retired = |feature: &u16| {
        let known = model.features.get(*feature as usize);
        known.is_none_or(|it| it.retired.is_some())
    };
    if features.iter().any(is_retired) {
        return None;
    }
    // Any scope of a prerequisite that does not narrow will do (D7).
    let narrowing: HashSet<u16> = model.narrowing(asked, pair).collect();
    let least =
        |permission: u16| match permission == pair.permission || narrowing.contains(&permission) {
            true => scope,
            false => Scope::Own as u8,
        };
    Some(Way {
        features,
        permissions: permissions.into_iter().map(|it| (it, least(it))).collect(),
        is_lent: false,
    })
}
