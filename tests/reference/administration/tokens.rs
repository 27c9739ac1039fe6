//! D18: people whom the directory binds may bring roles in tokens. What is denied to them, and what is
//! opened to them again, is asked for as the giving and taking of these roles.

use std::collections::BTreeSet;

use bailiwick::Timestamp;
use bailiwick::document::{ChangeKind, UserDocument};

use super::super::Model;
use super::authority::{Judge, Receivers};
use super::{denied, stored};

impl Judge<'_> {
    /// A deny given needs the right to revoke, for that user, each role that tokens bring and that
    /// grants something it covers; one lifted the right to assign these roles, at All, and A4. An
    /// exemption of the kind of change and the role lifts both.
    pub(super) fn binds_and_frees_bearers(
        &self,
        binding: Option<ChangeKind>,
        freeing: Option<ChangeKind>,
    ) -> bool {
        let exempt = |kind: Option<ChangeKind>, role: &String| {
            kind.is_some_and(|kind| self.exempt(kind, role))
        };
        let tokens = Receivers {
            users: Vec::new(),
            tokens: true,
            until: None,
        };
        people(self.now, self.after).iter().all(|user| {
            let (given, lifted) = (self.given(user), self.lifted(user));
            // Whoever is in no directory is within reach of All alone.
            let there = !self.states(user).is_empty();
            let concerned = there.then_some(user.as_str());
            brought(self.after)
                .iter()
                .filter(|role| grants_of(self.after, role, &given) && !exempt(binding, role))
                .all(|role| self.may_revoke(role, concerned))
                && brought(self.after)
                    .iter()
                    .filter(|role| grants_of(self.after, role, &lifted) && !exempt(freeing, role))
                    .all(|role| {
                        let own = stored(self.after, &BTreeSet::from([(*role).clone()]));
                        self.may_assign(role, None)
                            && own
                                .iter()
                                .filter(|(path, _)| lifted.contains(*path))
                                .all(|(path, scope)| self.confers(path, *scope, &tokens))
                    })
        })
    }

    /// What the user is denied by the change. To be suspended or removed covers everything.
    fn given(&self, user: &str) -> BTreeSet<String> {
        let used = |state: &Model| state.policy.used_ids.users.iter().any(|it| it == user);
        let suspended = |state: &Model| state.user(user).is_some_and(|it| it.suspended);
        match used(self.after) && !used(self.now) || suspended(self.after) && !suspended(self.now) {
            true => everything(self.after),
            false => self.given_by_roles(user),
        }
    }

    /// What the user is denied no more.
    fn lifted(&self, user: &str) -> BTreeSet<String> {
        let used = |state: &Model| state.policy.used_ids.users.iter().any(|it| it == user);
        let suspended = |state: &Model| state.user(user).map(|it| it.suspended);
        let reinstated = suspended(self.now) == Some(true) && suspended(self.after) == Some(false);
        // Who comes back suspended is denied everything as before.
        let forgotten = used(self.now) && !used(self.after) && suspended(self.after) != Some(true);
        match forgotten || reinstated {
            true => everything(self.after),
            false => self.lifted_by_roles(user),
        }
    }

    /// What the roles of the user come to deny at some moment from now on, and would not have denied
    /// then.
    pub(super) fn given_by_roles(&self, user: &str) -> BTreeSet<String> {
        self.over_time(user, |from, to| to.difference(from).cloned().collect())
    }

    /// The contrary, of who is still there.
    pub(super) fn lifted_by_roles(&self, user: &str) -> BTreeSet<String> {
        match self.after.user(user) {
            Some(_) => self.over_time(user, |from, to| from.difference(to).cloned().collect()),
            None => BTreeSet::new(),
        }
    }

    fn over_time(
        &self,
        user: &str,
        compare: impl Fn(&BTreeSet<String>, &BTreeSet<String>) -> BTreeSet<String>,
    ) -> BTreeSet<String> {
        let (from, to) = (self.now.user(user), self.after.user(user));
        let assignments = from.into_iter().chain(to);
        let ends = assignments
            .flat_map(|user| user.roles.iter().chain(&user.packages))
            .filter_map(|assignment| assignment.until);
        let moments: BTreeSet<i64> = ends.map(|it| it.0).chain([self.now.at.0]).collect();
        moments
            .into_iter()
            .flat_map(|at| {
                let from = denied_at(self.now, from, Timestamp(at));
                let to = denied_at(self.after, to, Timestamp(at));
                compare(&from, &to)
            })
            .collect()
    }
}

/// What a user is denied by the assignments that are left then.
fn denied_at(state: &Model, user: Option<&UserDocument>, at: Timestamp) -> BTreeSet<String> {
    let Some(mut user) = user.cloned() else {
        return BTreeSet::new();
    };
    for assignments in [&mut user.roles, &mut user.packages] {
        assignments.retain(|it| it.until.is_none_or(|until| until > at));
    }
    denied(state, &state.closure(&state.assigned_roles(&user)))
}

fn everything(state: &Model) -> BTreeSet<String> {
    let permissions = state.catalog.permissions.iter();
    permissions.map(|it| it.path.clone()).collect()
}

/// Everybody whom either state says something of.
fn people(now: &Model, after: &Model) -> BTreeSet<String> {
    [now, after]
        .into_iter()
        .flat_map(|state| {
            let users = state.directory.users.iter().map(|it| it.id.clone());
            users.chain(state.policy.used_ids.users.iter().cloned())
        })
        .collect()
}

/// The roles that tokens may bring, with those that they inherit.
fn brought(state: &Model) -> BTreeSet<String> {
    let roles = state.roles.keys();
    let roles: Vec<String> = roles
        .filter(|role| state.tokens_may_bring(role))
        .cloned()
        .collect();
    state.granting(&roles)
}

/// Whether a role, with what it inherits, grants one of these permissions.
fn grants_of(state: &Model, role: &str, permissions: &BTreeSet<String>) -> bool {
    !permissions.is_empty() && {
        let granted = stored(state, &state.granting(&[role.to_owned()]));
        granted.keys().any(|path| permissions.contains(path))
    }
}
