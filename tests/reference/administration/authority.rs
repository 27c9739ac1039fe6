//! Who may make which change (A2 to A4).

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::admin::Change;
use bailiwick::document::{
    AssignmentDocument, CatalogDocument, ChangeKind, ConditionDocument, RoleDocument, UserDocument,
};
use bailiwick::{Scope, Timestamp};

use super::super::Model;
use super::wildcard;
use super::{Party, denied, import, stored};

/// One party, and one change: the state before the transaction, the one that the changes before this
/// one left, and the one that it makes.
pub(super) struct Judge<'a> {
    pub(super) before: &'a Model,
    pub(super) now: &'a Model,
    pub(super) after: &'a Model,
    party: &'a Party,
    /// A user is asked about at the position they will have, too (A2).
    places: bool,
}

pub(super) fn allows(
    before: &Model,
    now: &Model,
    after: &Model,
    party: &Party,
    change: &Change,
) -> bool {
    let judge = Judge {
        before,
        now,
        after,
        party,
        places: matches!(
            change,
            Change::PlaceUser { .. } | Change::CreateUser { .. } | Change::RestoreUser { .. }
        ),
    };
    match party {
        Party::System => true,
        Party::Nobody => false,
        Party::User { .. } | Party::External { .. } => {
            judge.allows(change)
                && judge.harms_nobody_unduly()
                && judge.binds_and_frees_bearers(change.kind(), freeing(change))
        }
    }
}

/// The kind of change by which denies are lifted: who comes back is reinstated (D18).
fn freeing(change: &Change) -> Option<ChangeKind> {
    match change {
        Change::RestoreUser { .. } => Some(ChangeKind::SuspendUser),
        _ => change.kind(),
    }
}

/// To whom a right would come.
pub(super) struct Receivers {
    pub(super) users: Vec<String>,
    /// A role that tokens may bring counts as held by somebody at every position (D18).
    pub(super) tokens: bool,
    /// When it ends again, where an assignment that ends brings it.
    pub(super) until: Option<Timestamp>,
}

impl Judge<'_> {
    fn allows(&self, change: &Change) -> bool {
        let Some(kind) = change.kind() else {
            return match change {
                Change::ChangeSetting { permission, .. } => self.changes_setting(permission),
                _ => panic!("a change without kind: {change:?}"),
            };
        };
        match change {
            Change::CreateRole { role } => self.may(kind) && self.makes(role, kind),
            Change::CopyRole { id, .. } => {
                let copy = self.after.policy.roles.iter().find(|role| role.id == *id);
                self.may(kind) && copy.is_some_and(|copy| self.makes(copy, kind))
            }
            Change::DeleteRole { role } => self.may(kind) && self.deletes(role),
            Change::EditRole { role, .. } => self.may(kind) && self.edits(role, kind),
            Change::AddInheritance { role, junior } => {
                self.may(kind) && self.adds_inheritance(role, junior)
            }
            Change::RemoveInheritance { role, junior } => {
                self.may(kind) && self.removes_inheritance(role, junior)
            }
            Change::CreatePackage { package } => {
                self.may(kind)
                    && package
                        .roles
                        .iter()
                        .all(|role| self.fills(&package.id, role, kind))
            }
            Change::AddToPackage { package, role } => {
                self.may(kind) && self.fills(package, role, kind)
            }
            Change::RemoveFromPackage { package, role } => {
                self.may(kind) && self.empties(package, role, kind)
            }
            Change::ReplaceInPackages { role, with } => {
                self.may(kind) && self.replaces(role, with, kind)
            }
            Change::MovePosition { position, .. } => {
                self.may(kind) && self.moves_position(position)
            }
            // Nothing but the kind.
            Change::DescribeRole { .. }
            | Change::DescribePackage { .. }
            | Change::DeletePackage { .. }
            | Change::CreatePosition { .. }
            | Change::DescribePosition { .. }
            | Change::DeletePosition { .. }
            | Change::EnableFeature { .. }
            | Change::DisableFeature { .. }
            | Change::ForgetId { .. } => self.may(kind),
            Change::ReplaceHierarchy { .. } => self.may(kind) && import::positions(self),
            Change::ImportPolicy { .. } => import::allows(self),
            _ => self.allows_on_user(change, kind),
        }
    }

    fn allows_on_user(&self, change: &Change, kind: ChangeKind) -> bool {
        match change {
            Change::CreateUser { user } | Change::RestoreUser { user } => {
                // Who comes back and is not suspended is reinstated as well.
                let reinstates = matches!(change, Change::RestoreUser { .. }) && !user.suspended;
                let reinstating = ChangeKind::SuspendUser;
                (!reinstates
                    || self.may_on(reinstating, &user.id) && self.gives_all(user, reinstating))
                    && self.may_on(kind, &user.id)
                    && self.gives_all(user, kind)
                    && self.places_user(&user.id)
                    && user
                        .properties
                        .keys()
                        .all(|property| self.sets(&user.id, property))
            }
            Change::DescribeUser { user, .. } => self.may_on(kind, user),
            Change::RemoveUser { user } => {
                let roles = self.now.closure(&assigned(self.now, user));
                self.may_on(kind, user)
                    && (self.before.catalog.administration.removal_revokes_nothing
                        || roles.iter().all(|role| self.may_revoke(role, Some(user))))
            }
            // A3: suspending is a revoke of each role, reinstating an assign.
            Change::SuspendUser { user } => {
                let roles = self.now.closure(&assigned(self.now, user));
                self.may_on(kind, user)
                    && roles.iter().all(|role| self.may_revoke(role, Some(user)))
            }
            Change::ReinstateUser { user } => {
                let reinstated = self.after.user(user);
                self.may_on(kind, user) && reinstated.is_some_and(|it| self.gives_all(it, kind))
            }
            Change::PlaceUser { user, .. } => self.may_on(kind, user) && self.places_user(user),
            Change::SetProperty { user, property, .. } => {
                self.may_on(kind, user) && self.sets(user, property)
            }
            Change::AssignRole { user, role, .. } => {
                self.may_on(kind, user) && self.assigns_until(user, role, false, kind)
            }
            Change::AssignPackage { user, package, .. } => {
                self.may_on(kind, user) && self.assigns_until(user, package, true, kind)
            }
            Change::RevokeRole { user, role } => {
                self.may_on(kind, user) && self.takes(user, std::slice::from_ref(role), kind)
            }
            // A3: a revoke of the old and an assign of the new; who has the new one keeps it.
            Change::ExchangeRole { user, role, with } => {
                let assigned = self.now.user(user).map(|it| &it.roles);
                let has = assigned.is_some_and(|it| it.iter().any(|it| it.id == *with));
                self.may_on(kind, user)
                    && (has || self.assigns_until(user, with, false, kind))
                    && self.takes(user, std::slice::from_ref(role), kind)
            }
            Change::RevokePackage { user, package } => {
                self.may_on(kind, user) && self.takes(user, &contents(self.now, package), kind)
            }
            _ => panic!("a change of a new kind: {change:?}"),
        }
    }

    // ── A2: the permission for the kind, and the rights to assign and revoke ──────────────────

    /// Everything that is no change to a user needs its permission at All.
    pub(super) fn may(&self, kind: ChangeKind) -> bool {
        let permission = self.before.catalog.administration.changes.get(&kind);
        self.has(permission, None)
    }

    fn may_on(&self, kind: ChangeKind, user: &str) -> bool {
        let permission = self.before.catalog.administration.changes.get(&kind);
        self.has(permission, Some(user))
    }

    pub(super) fn changes_setting(&self, path: &str) -> bool {
        let permission = self
            .before
            .permission(path)
            .and_then(|permission| permission.adjustable.as_ref())
            .and_then(|adjustable| adjustable.changed_by.as_ref());
        self.has(permission, None)
    }

    /// Whether a permission of administration is effective, and reaches the user as the owner of a
    /// record; or is at All. No rule means nobody.
    fn has(&self, permission: Option<&String>, user: Option<&str>) -> bool {
        let Some(permission) = permission else {
            return false;
        };
        let Some(scope) = self.party.effective(self.before, permission) else {
            return false;
        };
        match user {
            None => scope == Scope::All,
            Some(user) => self.reaches(scope, user),
        }
    }

    pub(super) fn may_assign(&self, role: &str, user: Option<&str>) -> bool {
        let catalog = &self.before.catalog;
        let rule = match catalog.roles.iter().find(|it| it.id == role) {
            Some(system) => system.assign.as_ref(),
            None => catalog.administration.account_roles.assign.as_ref(),
        };
        self.has(rule, user)
    }

    pub(super) fn may_revoke(&self, role: &str, user: Option<&str>) -> bool {
        let catalog = &self.before.catalog;
        let rule = match catalog.roles.iter().find(|it| it.id == role) {
            Some(system) => system.revoke.as_ref(),
            None => catalog.administration.account_roles.revoke.as_ref(),
        };
        self.has(rule, user)
    }

    fn assigns_at_all(&self, roles: impl IntoIterator<Item = String>) -> bool {
        roles.into_iter().all(|role| self.may_assign(&role, None))
    }

    pub(super) fn revokes_at_all(&self, roles: impl IntoIterator<Item = String>) -> bool {
        roles.into_iter().all(|role| self.may_revoke(&role, None))
    }

    // ── Where users stand ─────────────────────────────────────────────────────────────────────

    /// The states in which a user must be within reach: those before and so far, where they were
    /// there, and the one after for whoever is placed or made.
    pub(super) fn states(&self, user: &str) -> Vec<&Model> {
        let mut states = vec![self.before, self.now];
        if self.places {
            states.push(self.after);
        }
        states.retain(|state| state.user(user).is_some());
        states
    }

    /// S1: whether a scope reaches the user as the owner of a record.
    fn reaches(&self, scope: Scope, user: &str) -> bool {
        if scope == Scope::All {
            return true;
        }
        let Party::User { id, .. } = self.party else {
            return false;
        };
        id == user
            || self
                .states(user)
                .into_iter()
                .all(|state| related(state, id, user, scope))
    }

    /// A4: whether who holds `h` may confer `g` on the user.
    fn confers_on(&self, held: Scope, given: Scope, user: &str) -> bool {
        if held == Scope::All {
            return true;
        }
        let Party::User { id, .. } = self.party else {
            return false;
        };
        if given == Scope::All {
            return false;
        }
        if id == user {
            return given <= held;
        }
        self.states(user)
            .into_iter()
            .all(|state| related(state, id, user, held))
    }

    // ── A4: nobody hands out what they do not hold ────────────────────────────────────────────

    /// Held without an end: what is held until a time confers nothing but assignments.
    fn held(&self, permission: &str) -> Option<Scope> {
        self.party.held_until(self.before, permission, None)
    }

    pub(super) fn confers(&self, permission: &str, given: Scope, receivers: &Receivers) -> bool {
        let held = self
            .party
            .held_until(self.before, permission, receivers.until);
        let Some(held) = held else {
            return false;
        };
        if receivers.tokens && held != Scope::All {
            return false;
        }
        if receivers.users.is_empty() {
            return given <= held;
        }
        receivers
            .users
            .iter()
            .all(|user| self.confers_on(held, given, user))
    }

    /// The whole stored content of the roles, each by itself; what is exempt is not compared.
    fn confers_contents(
        &self,
        kind: ChangeKind,
        roles: &BTreeSet<String>,
        receivers: &Receivers,
    ) -> bool {
        roles
            .iter()
            .filter(|role| !self.exempt(kind, role))
            .all(|role| {
                stored(self.after, &BTreeSet::from([role.clone()]))
                    .iter()
                    .all(|(path, scope)| self.confers(path, *scope, receivers))
            })
    }

    /// The catalog exempts a kind of change to a system role, or to every role of the account.
    pub(super) fn exempt(&self, kind: ChangeKind, role: &str) -> bool {
        is_exempt(&self.before.catalog, kind, role)
    }

    fn holds_at_all<'p>(&self, permissions: impl IntoIterator<Item = &'p String>) -> bool {
        permissions
            .into_iter()
            .all(|path| self.held(path) == Some(Scope::All))
    }

    /// A deny that is lifted hands out what whoever is concerned is granted then; where nothing is, it
    /// must be held at all.
    fn may_lift(
        &self,
        permission: &str,
        granted_then: Option<Scope>,
        receivers: &Receivers,
    ) -> bool {
        match granted_then {
            None => self.held(permission).is_some(),
            Some(granted) => self.confers(permission, granted, receivers),
        }
    }

    /// For each user for whom one of these denies is lifted altogether.
    fn may_lift_for_users(&self, denies: &BTreeSet<String>) -> bool {
        self.after.directory.users.iter().all(|user| {
            let lifted = self.lifted_by_roles(&user.id);
            let granted = granted_to(self.after, &user.id);
            let receiver = Receivers {
                users: vec![user.id.clone()],
                tokens: false,
                until: None,
            };
            denies
                .iter()
                .filter(|path| lifted.contains(*path))
                .all(|path| self.may_lift(path, granted.get(path).copied(), &receiver))
        })
    }

    /// The same for these roles as such, as if somebody held them alone.
    fn may_lift_for_roles(
        &self,
        denies: &BTreeSet<String>,
        from: &[String],
        to: &[String],
        receivers: &Receivers,
    ) -> bool {
        let before = denied(self.now, &self.now.closure(from));
        let after = denied(self.after, &self.after.closure(to));
        let granted = stored(self.after, &self.after.granting(to));
        denies
            .iter()
            .filter(|path| before.contains(*path) && !after.contains(*path))
            .all(|path| self.may_lift(path, granted.get(path).copied(), receivers))
    }

    /// What these roles deny, those aside that are exempt.
    fn compared_denies(&self, kind: ChangeKind, roles: &BTreeSet<String>) -> BTreeSet<String> {
        let compared = roles.iter().filter(|role| !self.exempt(kind, role));
        denied(self.now, &compared.cloned().collect())
    }

    /// The role, and those that inherit it, that tokens may bring.
    fn brought_seniors(&self, role: &str) -> Vec<String> {
        let seniors = self.after.roles.keys().filter(|senior| {
            self.after.tokens_may_bring(senior)
                && self
                    .after
                    .closure(std::slice::from_ref(*senior))
                    .contains(role)
        });
        seniors.cloned().collect()
    }

    // ── Roles ─────────────────────────────────────────────────────────────────────────────────

    fn holders(&self, role: &str) -> Receivers {
        let holds = |user: &&String| authorized(self.after, user).contains(role);
        let users = self.after.directory.users.iter().map(|user| &user.id);
        Receivers {
            users: users.filter(holds).cloned().collect(),
            tokens: self.after.tokens_may_bring(role),
            until: None,
        }
    }

    /// A role that is made: what it grants itself, and what it inherits.
    pub(super) fn makes(&self, role: &RoleDocument, kind: ChangeKind) -> bool {
        let nobody = Receivers {
            users: Vec::new(),
            tokens: self.after.tokens_may_bring(&role.id),
            until: None,
        };
        self.assigns_at_all(self.after.closure(&role.inherits))
            && self.confers_contents(kind, &self.after.granting(&role.inherits), &nobody)
            && (self.exempt(kind, &role.id)
                || self.confers_contents(kind, &BTreeSet::from([role.id.clone()]), &nobody)
                    && wildcard::may_write(self.before, self.party, &role.grants, &[]))
    }

    /// Who brings it in a token loses all that it inherits, too (A2).
    pub(super) fn deletes(&self, role: &str) -> bool {
        let alone = [role.to_owned()];
        match self.now.tokens_may_bring(role) {
            true => self.revokes_at_all(self.now.closure(&alone)),
            false => self.revokes_at_all(alone),
        }
    }

    /// Where those who bring a role can do less by a deny, each role that they bring so (A3).
    fn may_take_from_tokens(&self, role: &str) -> bool {
        self.brought_seniors(role).into_iter().all(|senior| {
            let alone = [senior];
            let granted = stored(self.now, &self.now.granting(&alone));
            let from = denied(self.now, &self.now.closure(&alone));
            let to = denied(self.after, &self.after.closure(&alone));
            let takes = granted
                .keys()
                .any(|path| !from.contains(path) && to.contains(path));
            !takes || self.revokes_at_all(self.now.closure(&alone))
        })
    }

    pub(super) fn edits(&self, role: &str, kind: ChangeKind) -> bool {
        let (Some(from), Some(to)) = (self.now.roles.get(role), self.after.roles.get(role)) else {
            return false;
        };
        // A3: taking anything away from a role needs the right to revoke it.
        let alone = [role.to_owned()];
        let granted_before = stored(self.now, &self.now.granting(&alone));
        let loses = from
            .grants
            .iter()
            .any(|(path, scope)| to.grants.get(path) < Some(scope))
            || to
                .denies
                .difference(&from.denies)
                .any(|path| granted_before.contains_key(path));
        if loses && !self.may_revoke(role, None) || !self.may_take_from_tokens(role) {
            return false;
        }
        if self.exempt(kind, role) {
            return true;
        }
        let holders = self.holders(role);
        let gained = to
            .grants
            .iter()
            .filter(|(path, scope)| from.grants.get(*path) < Some(*scope));
        let written = |state: &Model| -> Vec<_> {
            let role = state.policy.roles.iter().find(|it| it.id == role);
            role.map(|role| role.grants.clone()).unwrap_or_default()
        };
        gained
            .into_iter()
            .all(|(path, scope)| self.confers(path, *scope, &holders))
            && self.may_lift_in_role(role, from.denies.difference(&to.denies), &holders)
            && wildcard::may_write(
                self.before,
                self.party,
                &written(self.after),
                &written(self.now),
            )
    }

    /// A deny that the role itself has no more: held as wide as its closure, any holder, or any role
    /// of a token that has it, is granted it then.
    fn may_lift_in_role<'p>(
        &self,
        role: &str,
        lifted: impl Iterator<Item = &'p String>,
        holders: &Receivers,
    ) -> bool {
        let mut concerned: Vec<BTreeMap<String, Scope>> =
            vec![stored(self.after, &self.after.granting(&[role.to_owned()]))];
        for user in &holders.users {
            concerned.push(granted_to(self.after, user));
        }
        for senior in self.brought_seniors(role) {
            concerned.push(stored(self.after, &self.after.granting(&[senior])));
        }
        lifted.into_iter().all(|path| {
            let widest = concerned.iter().filter_map(|it| it.get(path)).max();
            self.may_lift(path, widest.copied(), holders)
        })
    }

    pub(super) fn adds_inheritance(&self, role: &str, junior: &str) -> bool {
        let junior = [junior.to_owned()];
        self.assigns_at_all(self.after.closure(&junior))
            && self.confers_contents(
                ChangeKind::EditInheritance,
                &self.after.granting(&junior),
                &self.holders(role),
            )
            && self.may_take_from_tokens(role)
    }

    pub(super) fn removes_inheritance(&self, role: &str, junior: &str) -> bool {
        let closure = self.now.closure(&[junior.to_owned()]);
        let denies = self.compared_denies(ChangeKind::EditInheritance, &closure);
        let alone = [role.to_owned()];
        self.revokes_at_all(closure)
            && self.may_revoke(role, None)
            && self.may_take_from_tokens(role)
            && self.may_lift_for_users(&denies)
            && self.may_lift_for_roles(&denies, &alone, &alone, &self.holders(role))
            && self.brought_seniors(role).into_iter().all(|senior| {
                let alone = [senior];
                self.may_lift_for_roles(&denies, &alone, &alone, &self.holders(role))
            })
    }

    // ── Packages ──────────────────────────────────────────────────────────────────────────────

    pub(super) fn fills(&self, package: &str, role: &str, kind: ChangeKind) -> bool {
        let role = [role.to_owned()];
        let has = |it: &AssignmentDocument| it.id == package;
        let users = self.after.directory.users.iter();
        let holders = Receivers {
            users: users
                .filter(|user| user.packages.iter().any(has))
                .map(|user| user.id.clone())
                .collect(),
            tokens: false,
            until: None,
        };
        self.assigns_at_all(self.after.closure(&role))
            && self.confers_contents(kind, &self.after.granting(&role), &holders)
    }

    pub(super) fn empties(&self, package: &str, role: &str, kind: ChangeKind) -> bool {
        let closure = self.now.closure(&[role.to_owned()]);
        let denies = self.compared_denies(kind, &closure);
        self.revokes_at_all(closure)
            && self.may_lift_for_users(&denies)
            && self.may_lift_for_roles(
                &denies,
                &contents(self.now, package),
                &contents(self.after, package),
                &Receivers {
                    users: Vec::new(),
                    tokens: false,
                    until: None,
                },
            )
    }

    fn replaces(&self, role: &str, with: &str, kind: ChangeKind) -> bool {
        self.assigns_at_all(self.after.closure(&[with.to_owned()]))
            && self.now.policy.packages.iter().all(|package| {
                let has = |role: &str| package.roles.iter().any(|it| it == role);
                !has(role)
                    || self.empties(&package.id, role, kind)
                        && (has(with) || self.fills(&package.id, with, kind))
            })
    }

    // ── Users ─────────────────────────────────────────────────────────────────────────────────

    /// Roles given to a user, with all their juniors.
    fn gives(
        &self,
        user: &str,
        roles: &[String],
        until: Option<Timestamp>,
        kind: ChangeKind,
    ) -> bool {
        let receiver = Receivers {
            users: vec![user.to_owned()],
            tokens: false,
            until,
        };
        let closure = self.after.closure(roles);
        closure.iter().all(|role| self.may_assign(role, Some(user)))
            && self.confers_contents(kind, &self.after.granting(roles), &receiver)
    }

    /// Everything that a user is assigned, each assignment until its end.
    fn gives_all(&self, user: &UserDocument, kind: ChangeKind) -> bool {
        let roles = user.roles.iter().map(|it| (vec![it.id.clone()], it.until));
        let packages = user.packages.iter();
        let packages = packages.map(|it| (contents(self.after, &it.id), it.until));
        let mut given = roles.chain(packages);
        given.all(|(roles, until)| self.gives(&user.id, &roles, until, kind))
    }

    /// Roles taken from a user, with all their juniors, and so their denies.
    fn takes(&self, user: &str, roles: &[String], kind: ChangeKind) -> bool {
        let closure = self.now.closure(roles);
        let denies = self.compared_denies(kind, &closure);
        closure.iter().all(|role| self.may_revoke(role, Some(user)))
            && self.may_lift_for_users(&denies)
    }

    /// A new assignment, or a later end, is an assign; an earlier end is a revoke (A3).
    fn assigns_until(&self, user: &str, id: &str, package: bool, kind: ChangeKind) -> bool {
        let end = |state: &Model| {
            let user = state.user(user)?;
            let assignments = if package { &user.packages } else { &user.roles };
            let found = assignments.iter().find(|it| it.id == id)?;
            Some(found.until.map_or(i64::MAX, |until| until.0))
        };
        let roles = match package {
            true => contents(self.now, id),
            false => vec![id.to_owned()],
        };
        // What it denies, or denies no more, at some moment is asked of every change.
        let (from, to) = (end(self.now), end(self.after));
        let until = to.filter(|to| *to < i64::MAX).map(Timestamp);
        match from.is_some() && to < from {
            true => self.takes(user, &roles, kind),
            false => self.gives(user, &roles, until, kind),
        }
    }

    /// A4: what the user, and those above and beside them, reach by positions, they would reach
    /// through the new one.
    fn places_user(&self, user: &str) -> bool {
        let position = |state: &Model, id: &str| state.user(id)?.position.clone();
        let Some(to) = position(self.after, user) else {
            return true;
        };
        let from = position(self.now, user);
        let mut widened = self.positional(user, &[Scope::Reports, Scope::Peers]);
        for other in &self.after.directory.users {
            let Some(theirs) = other.position.as_ref().filter(|_| other.id != user) else {
                continue;
            };
            let above = |below: &String| self.after.strictly_below(below, theirs);
            if above(&to) && !from.as_ref().is_some_and(above) {
                widened.extend(self.positional(&other.id, &[Scope::Reports, Scope::Peers]));
            }
            if *theirs == to {
                widened.extend(self.positional(&other.id, &[Scope::Peers]));
            }
        }
        widened.extend(self.positional_of_tokens());
        self.holds_at_all(&widened)
    }

    /// A4: what those who newly stand above a position reach by positions.
    pub(super) fn moves_position(&self, position: &str) -> bool {
        let newly = |above: &str| {
            self.after.strictly_below(position, above) && !self.now.strictly_below(position, above)
        };
        let mut widened = BTreeSet::new();
        for user in &self.after.directory.users {
            if user.position.as_ref().is_some_and(|theirs| newly(theirs)) {
                widened.extend(self.positional(&user.id, &[Scope::Reports, Scope::Peers]));
            }
        }
        if self
            .after
            .policy
            .positions
            .iter()
            .any(|above| newly(&above.id))
        {
            widened.extend(self.positional_of_tokens());
        }
        self.holds_at_all(&widened)
    }

    /// The permissions that a user is granted at one of these scopes, now or when something of theirs has
    /// ended.
    fn positional(&self, user: &str, scopes: &[Scope]) -> BTreeSet<String> {
        // Put down and taken up again around the change, a right is held in it all the same.
        let states = [self.before, self.after].into_iter();
        let there = states.filter_map(|state| Some((state, state.user(user)?)));
        there
            .flat_map(|(state, user)| {
                let assignments = user.roles.iter().chain(&user.packages);
                let ends = assignments.filter_map(|it| it.until);
                let moments: Vec<Timestamp> = ends.chain([state.at]).collect();
                moments.into_iter().flat_map(|moment| {
                    let mut left = user.clone();
                    for assignments in [&mut left.roles, &mut left.packages] {
                        assignments.retain(|it| it.until.is_none_or(|until| until > moment));
                    }
                    let roles = state.granting(&state.assigned_roles(&left));
                    at_scopes(state, &roles, scopes)
                })
            })
            .collect()
    }

    /// What the roles that tokens may bring grant, each with its juniors, by position.
    fn positional_of_tokens(&self) -> BTreeSet<String> {
        let brought = self.after.roles.keys();
        brought
            .filter(|role| self.after.tokens_may_bring(role))
            .flat_map(|role| {
                let roles = self.after.granting(std::slice::from_ref(role));
                at_scopes(self.after, &roles, &[Scope::Reports, Scope::Peers])
            })
            .collect()
    }

    /// D10: what the catalog asks besides of who edits a property, for that user.
    fn edits_property(&self, user: &str, property: &str) -> bool {
        let catalog = &self.before.catalog;
        let declared = catalog.subject_properties.get(property);
        match declared.and_then(|it| it.edited_by.as_ref()) {
            Some(permission) => self.has(Some(permission), Some(user)),
            None => !opens(catalog, property),
        }
    }

    /// A4: a property that conditions read widens what they guard.
    fn sets(&self, user: &str, property: &str) -> bool {
        if !self.edits_property(user, property) {
            return false;
        }
        let roles = self.after.granting(&assigned(self.after, user));
        let mut granted = stored(self.after, &roles);
        if self.before.user(user).is_some() {
            let roles = self.before.granting(&assigned(self.before, user));
            granted.extend(stored(self.before, &roles));
        }
        let mut read = BTreeSet::new();
        for operation in &self.before.catalog.operations {
            for pair in &operation.allowed_by {
                if reads(&operation.when, property) || reads(&pair.when, property) {
                    read.insert(pair.permission.clone());
                }
            }
        }
        self.holds_at_all(read.iter().filter(|path| granted.contains_key(*path)))
    }

    // ── A3: denies as weapons ─────────────────────────────────────────────────────────────────

    /// Whoever can do less by a deny: each of their roles could be revoked.
    fn harms_nobody_unduly(&self) -> bool {
        self.after.directory.users.iter().all(|user| {
            let had = self.now.user(&user.id).is_some();
            let roles = authorized(self.now, &user.id);
            let granted = granted_to(self.now, &user.id);
            let given = self.given_by_roles(&user.id);
            let less = granted.keys().any(|path| given.contains(path));
            !had || !less
                || roles
                    .iter()
                    .all(|role| self.may_revoke(role, Some(&user.id)))
        })
    }
}

/// S1, S3: strictly below, or at the same position, as far as the scope reaches short of All.
fn related(state: &Model, actor: &str, user: &str, scope: Scope) -> bool {
    let position = |id: &str| state.user(id)?.position.as_ref();
    let (Some(upper), Some(lower)) = (position(actor), position(user)) else {
        return false;
    };
    match scope {
        Scope::Own => false,
        Scope::Reports => state.strictly_below(lower, upper),
        Scope::Peers => lower == upper || state.strictly_below(lower, upper),
        Scope::All => true,
    }
}

/// The roles assigned to a user, directly and by packages.
fn assigned(state: &Model, user: &str) -> Vec<String> {
    let user = state.user(user);
    user.map(|user| state.assigned_roles(user))
        .unwrap_or_default()
}

/// D2: the authorized roles of a user.
fn authorized(state: &Model, user: &str) -> BTreeSet<String> {
    state.closure(&assigned(state, user))
}

/// What is stored for a user, whatever is denied.
fn granted_to(state: &Model, user: &str) -> BTreeMap<String, Scope> {
    stored(state, &state.granting(&assigned(state, user)))
}

fn contents(state: &Model, package: &str) -> Vec<String> {
    let package = state.policy.packages.iter().find(|it| it.id == package);
    package.map(|it| it.roles.clone()).unwrap_or_default()
}

/// Whether a condition of an open operation reads a property of the subject (D10).
pub(crate) fn opens(catalog: &CatalogDocument, property: &str) -> bool {
    let mut open = catalog.operations.iter().filter(|it| it.open);
    open.any(|it| reads(&it.when, property))
}

/// Whether conditions read a property of the subject, on either side.
pub(super) fn reads(when: &[Vec<ConditionDocument>], property: &str) -> bool {
    use bailiwick::document::OperandDocument;
    when.iter().flatten().any(|condition| {
        let operands = [
            &condition.is,
            &condition.is_not,
            &condition.one_of,
            &condition.none_of,
            &condition.less,
            &condition.at_most,
            &condition.greater,
            &condition.at_least,
        ];
        let right = operands.into_iter().flatten().any(|operand| match operand {
            OperandDocument::Property(named) => named.subject.as_deref() == Some(property),
            _ => false,
        });
        right || condition.subject.as_deref() == Some(property)
    })
}

pub(super) fn is_exempt(catalog: &CatalogDocument, kind: ChangeKind, role: &str) -> bool {
    let system = catalog.roles.iter().any(|it| it.id == role);
    let mut exempt = catalog.administration.exempt.iter();
    exempt.any(|exemption| match &exemption.role {
        Some(named) => exemption.change == kind && named == role,
        None => exemption.change == kind && !system,
    })
}

impl Party {
    /// A4: how far the party is granted a permission by what ends no sooner than that, and not denied
    /// it, whatever is enabled or required.
    fn held_until(
        &self,
        before: &Model,
        permission: &str,
        until: Option<Timestamp>,
    ) -> Option<Scope> {
        let Party::User { assigned, .. } = self else {
            return self.held(before, permission);
        };
        self.held(before, permission)?;
        let mut left = (**assigned).clone();
        for assignments in [&mut left.roles, &mut left.packages] {
            assignments.retain(|it| match (it.until, until) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(own), Some(until)) => own >= until,
            });
        }
        before.granted(&before.of_directory(&left), permission)
    }

    /// How far the party is granted a permission now, and not denied it, whatever is enabled or
    /// required.
    pub(super) fn held(&self, before: &Model, permission: &str) -> Option<Scope> {
        match self {
            Party::System => Some(Scope::All),
            Party::Nobody => None,
            Party::User { viewer, .. } => match before.denied(viewer, permission) {
                true => None,
                false => before.granted(viewer, permission),
            },
            Party::External { grants, .. } => grants.get(permission).copied(),
        }
    }

    /// D8: how far a permission is effective: held, entitled, with its prerequisites effective.
    pub(super) fn effective(&self, before: &Model, permission: &str) -> Option<Scope> {
        let held = self.held(before, permission)?;
        let works = before.not_entitled(permission).is_none()
            && before
                .requires(permission)
                .iter()
                .all(|required| self.effective(before, required).is_some());
        works.then_some(held)
    }

    /// Whether the party may make changes of that kind to everything.
    pub(super) fn may_sometimes(&self, before: &Model, change: &Change) -> bool {
        let administration = &before.catalog.administration;
        let rule = match change.kind() {
            Some(kind) => administration.changes.get(&kind),
            None => None,
        };
        match self {
            Party::System => true,
            Party::Nobody => false,
            _ => rule.is_some_and(|rule| self.effective(before, rule) == Some(Scope::All)),
        }
    }
}

/// The permissions that roles grant at one of these scopes.
fn at_scopes(state: &Model, roles: &BTreeSet<String>, scopes: &[Scope]) -> BTreeSet<String> {
    stored(state, roles)
        .into_iter()
        .filter(|(_, widest)| scopes.contains(widest))
        .map(|(path, _)| path)
        .collect()
}
