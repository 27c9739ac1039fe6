//! The next revision in the making: each step copies what it touches, and the engine it started from
//! stays as it was (I7).
//!
//! A step keeps names, hierarchies and the rights of roles and access sets as they are from then on,
//! so that what follows in the same transaction sees them; cells, which only checks read, are worked
//! out once at the end.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use super::positions::NoHierarchy;
use super::rights::Planes;
use super::roles::{Package, Role};
use super::sets::Assigned;
use super::users::{Extras, User};
use super::{Engine, State};
use crate::catalog::Rights;
use crate::document::{PackageDocument, RoleDocument, Timestamp};
use crate::{Scope, admin::UsedIdKind};

#[derive(Clone)]
pub(crate) struct Draft {
    state: State,
    /// Access sets whose cells must be worked out: made or used again in this transaction.
    new_sets: BTreeSet<u32>,
    /// Those whose rights changed.
    changed_sets: BTreeSet<u32>,
    features_changed: bool,
    hierarchy_changed: bool,
    /// Positions whose people changed; kept where something is lent (S6).
    positions: BTreeSet<u32>,
}

impl Engine {
    /// Starts the next revision. Assignments that have ended by then are dropped (D2).
    pub(crate) fn draft(&self, at: Timestamp) -> Draft {
        let mut state = State::clone(&self.whole().0);
        // `apply` refuses to go on from the last revision.
        state.revision = state.revision.saturating_add(1);
        let mut draft = Draft {
            state,
            new_sets: BTreeSet::new(),
            changed_sets: BTreeSet::new(),
            features_changed: false,
            hierarchy_changed: false,
            positions: BTreeSet::new(),
        };
        for user in draft.state.users.ended(at) {
            draft.drop_ended(user, at);
        }
        draft
    }
}

impl Draft {
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The account as the steps so far have left it; for all but checks.
    pub(crate) fn so_far(&self) -> Engine {
        Engine(Arc::new(self.state.clone()))
    }

    fn drop_ended(&mut self, user: u32, at: Timestamp) {
        let (Some(record), Some(extras)) =
            (self.state.users.get(user), self.state.users.extras(user))
        else {
            return;
        };
        let mut extras = extras.clone();
        let assigned = self.state.sets.assigned(record.access());
        let over = extras.ends.iter().filter(|end| end.until <= at);
        let over = over.map(|end| end.of);
        let left = assigned.map_or_else(Assigned::default, |it| it.without(over));
        extras.ends.retain(|end| end.until > at);
        self.set_assigned(user, left);
        self.state.users.set_extras(user, extras);
    }

    // ── Users ──

    /// Adds a user who is assigned that.
    pub(crate) fn add_user(
        &mut self,
        name: &str,
        assigned: Assigned,
        position: Option<u32>,
        suspended: bool,
        extras: Extras,
    ) -> u32 {
        let set = self.intern(assigned);
        let user = User::new(set, position, suspended);
        let number = self.state.users.add(name, user);
        self.state.users.set_extras(number, extras);
        self.enter(user);
        number
    }

    pub(crate) fn remove_user(&mut self, user: u32) {
        let Some(record) = self.state.users.get(user) else {
            return;
        };
        self.leave(record);
        self.state.users.remove(user);
    }

    pub(crate) fn set_assigned(&mut self, user: u32, assigned: Assigned) {
        let Some(before) = self.state.users.get(user) else {
            return;
        };
        let set = self.intern(assigned);
        self.replace(
            user,
            before,
            User::new(set, before.in_position(), before.is_suspended()),
        );
    }

    pub(crate) fn set_position(&mut self, user: u32, position: Option<u32>) {
        if let Some(before) = self.state.users.get(user) {
            let set = before.access() as u32;
            self.replace(
                user,
                before,
                User::new(set, position, before.is_suspended()),
            );
        }
    }

    pub(crate) fn set_suspended(&mut self, user: u32, suspended: bool) {
        if let Some(before) = self.state.users.get(user) {
            let set = before.access() as u32;
            self.replace(
                user,
                before,
                User::new(set, before.in_position(), suspended),
            );
        }
    }

    pub(crate) fn set_extras(&mut self, user: u32, extras: Extras) {
        self.state.users.set_extras(user, extras);
    }

    fn replace(&mut self, user: u32, before: User, after: User) {
        self.enter(after);
        self.leave(before);
        self.state.users.set(user, after);
    }

    fn enter(&mut self, user: User) {
        let sets = Arc::make_mut(&mut self.state.sets);
        sets.enter(user.access() as u32, !user.is_suspended());
        if let Some(lent) = &mut self.state.lent {
            Arc::make_mut(lent).enter(user);
            self.positions.extend(user.in_position());
        }
    }

    fn leave(&mut self, user: User) {
        let sets = Arc::make_mut(&mut self.state.sets);
        sets.leave(user.access() as u32, !user.is_suspended());
        if let Some(lent) = &mut self.state.lent {
            Arc::make_mut(lent).leave(user);
            self.positions.extend(user.in_position());
        }
    }

    /// The access set of an assignment. One that nobody had has not been kept up to date.
    fn intern(&mut self, assigned: Assigned) -> u32 {
        match self.state.sets.find(&assigned) {
            Some(set) if self.state.sets.holders(set).users > 0 => set,
            Some(set) => {
                let rights = self.state.united(&assigned);
                Arc::make_mut(&mut self.state.sets).set_rights(set, rights);
                self.new_sets.insert(set);
                set
            }
            None => {
                let rights = self.state.united(&assigned);
                let set = Arc::make_mut(&mut self.state.sets).make(assigned, rights);
                self.new_sets.insert(set);
                set
            }
        }
    }

    // ── Roles ──

    pub(crate) fn add_role(
        &mut self,
        document: RoleDocument,
        own: &Rights,
        juniors: Vec<u32>,
    ) -> u32 {
        let own = Arc::new(Planes::of(own));
        let name = document.id.clone();
        let role = Role {
            document: Some(Arc::new(document)),
            closure: Arc::clone(&own),
            own,
            juniors: juniors.into(),
            tokens_bring: self.state.model().tokens_bring_account_roles,
            changed: self.state.revision,
        };
        let number = Arc::make_mut(&mut self.state.roles).add(&name, role);
        self.unite_above(vec![number]);
        number
    }

    /// Nobody holds it, and nothing names it.
    pub(crate) fn remove_role(&mut self, role: u32) {
        Arc::make_mut(&mut self.state.roles).remove(role);
    }

    pub(crate) fn set_own(&mut self, role: u32, document: RoleDocument, own: &Rights) {
        self.write_role(role, document);
        if let Some(known) = Arc::make_mut(&mut self.state.roles).get_mut(role) {
            known.own = Arc::new(Planes::of(own));
        }
        self.unite_above(vec![role]);
    }

    /// Validated before: no cycle.
    pub(crate) fn set_juniors(&mut self, role: u32, document: RoleDocument, juniors: Vec<u32>) {
        self.write_role(role, document);
        Arc::make_mut(&mut self.state.roles).set_juniors(role, juniors.into());
        self.unite_above(vec![role]);
    }

    /// Changes a role's text without changing what it grants, denies or inherits.
    pub(crate) fn write_role(&mut self, role: u32, document: RoleDocument) {
        let revision = self.state.revision;
        if let Some(known) = Arc::make_mut(&mut self.state.roles).get_mut(role) {
            known.document = Some(Arc::new(document));
            known.changed = revision;
        }
    }

    /// The adjustable permissions, each with the system role that has it from now on (D13).
    pub(crate) fn set_settings(
        &mut self,
        settings: BTreeMap<String, String>,
        resolved: &[(u16, u16)],
    ) {
        let catalog = self.state.catalog.clone();
        let mut changed = Vec::new();
        for (role, number) in catalog.0.roles.iter().zip(0..) {
            let mut own = Planes::of(&role.rights);
            for (permission, named) in resolved {
                if u32::from(*named) == number {
                    own.grant(usize::from(*permission), Scope::All);
                }
            }
            let known = self.state.roles.get(number);
            if known.is_some_and(|known| *known.own != own) {
                if let Some(known) = Arc::make_mut(&mut self.state.roles).get_mut(number) {
                    known.own = Arc::new(own);
                }
                changed.push(number);
            }
        }
        self.state.settings = Arc::new(settings);
        self.unite_above(changed);
    }

    /// Works out anew what these roles and all their seniors come to, and the sets that have one.
    fn unite_above(&mut self, roles: Vec<u32>) {
        /// So many are worked out before all that are above them are put in order.
        const FEW: usize = 64;
        let mut changed = Vec::new();
        let mut waiting: VecDeque<u32> = roles.into();
        // Most of those above come to what they did.
        for _ in 0..FEW {
            let Some(role) = waiting.pop_front() else {
                break;
            };
            if self.unite_role(role) {
                changed.push(role);
                waiting.extend(self.state.roles.seniors(role));
            }
        }
        let mut concerned: HashSet<u32> = waiting.iter().copied().collect();
        for role in self.juniors_first(waiting.into()) {
            if concerned.contains(&role) && self.unite_role(role) {
                changed.push(role);
                concerned.extend(self.state.roles.seniors(role));
            }
        }
        let mut sets = BTreeSet::new();
        for role in changed {
            sets.extend(self.state.sets.with_role(role));
            for package in self.state.packages.with_role(role) {
                sets.extend(self.state.sets.with_package(package));
            }
        }
        self.unite_sets(sets);
    }

    /// Works out anew what a role comes to; whether it is something else.
    fn unite_role(&mut self, role: u32) -> bool {
        let Some(known) = self.state.roles.get(role) else {
            return false;
        };
        let closure = self.state.closure_over(role, &known.juniors);
        if *known.closure == closure {
            return false;
        }
        if let Some(known) = Arc::make_mut(&mut self.state.roles).get_mut(role) {
            known.closure = Arc::new(closure);
        }
        true
    }

    /// The roles and all their seniors, each after those of them that it inherits.
    fn juniors_first(&self, roles: Vec<u32>) -> Vec<u32> {
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let mut seniors_first = Vec::new();
        for role in roles {
            if !seen.insert(role) {
                continue;
            }
            let seniors = |role| self.state.roles.seniors(role).collect::<Vec<u32>>();
            let mut stack = vec![(role, seniors(role))];
            while let Some((at, left)) = stack.last_mut() {
                match left.pop() {
                    Some(senior) => {
                        if seen.insert(senior) {
                            stack.push((senior, seniors(senior)));
                        }
                    }
                    None => {
                        seniors_first.push(*at);
                        stack.pop();
                    }
                }
            }
        }
        seniors_first.reverse();
        seniors_first
    }

    fn unite_sets(&mut self, sets: BTreeSet<u32>) {
        for set in sets {
            let Some(assigned) = self.state.sets.assigned(set as usize) else {
                continue;
            };
            let rights = self.state.united(assigned);
            if self.state.sets.rights(set as usize) != Some(&*rights) {
                Arc::make_mut(&mut self.state.sets).set_rights(set, rights);
                self.changed_sets.insert(set);
            }
        }
    }

    // ── Packages ──

    pub(crate) fn add_package(&mut self, document: PackageDocument, roles: Vec<u32>) {
        let name = document.id.clone();
        let package = Package {
            document: Arc::new(document),
            roles: roles.into(),
        };
        Arc::make_mut(&mut self.state.packages).add(&name, package);
    }

    pub(crate) fn set_package(&mut self, package: u32, document: PackageDocument, roles: Vec<u32>) {
        let new = Package {
            document: Arc::new(document),
            roles: roles.into(),
        };
        Arc::make_mut(&mut self.state.packages).set(package, Some(new));
        let sets = self.state.sets.with_package(package).collect();
        self.unite_sets(sets);
    }

    /// Nobody has it.
    pub(crate) fn remove_package(&mut self, package: u32) {
        Arc::make_mut(&mut self.state.packages).set(package, None);
    }

    // ── Positions ──

    pub(crate) fn add_position(&mut self, name: &str, label: Option<&str>, seniors: &[u32]) {
        let positions = Arc::make_mut(&mut self.state.positions);
        let number = positions.add(name, seniors);
        if label.is_some() {
            positions.set_label(number, label);
        }
        if let Some(lent) = &mut self.state.lent {
            Arc::make_mut(lent).add_position();
        }
    }

    pub(crate) fn set_seniors(
        &mut self,
        position: u32,
        seniors: &[u32],
    ) -> Result<(), NoHierarchy> {
        self.set_all_seniors([(position, seniors)].into_iter())
    }

    /// Of several positions, in one step.
    pub(crate) fn set_all_seniors<'s>(
        &mut self,
        moves: impl Iterator<Item = (u32, &'s [u32])>,
    ) -> Result<(), NoHierarchy> {
        self.hierarchy_changed = true;
        Arc::make_mut(&mut self.state.positions).set_seniors(moves)
    }

    pub(crate) fn describe_position(&mut self, position: u32, label: Option<&str>) {
        Arc::make_mut(&mut self.state.positions).set_label(position, label);
    }

    /// Nobody holds it, and none reports to it.
    pub(crate) fn remove_position(&mut self, position: u32) {
        // Whoever left it in this transaction lends nothing upwards any more.
        self.hierarchy_changed = true;
        Arc::make_mut(&mut self.state.positions).remove(position);
    }

    // ── The rest ──

    pub(crate) fn set_features(&mut self, features: Vec<Box<str>>) {
        self.state.set_features(features.into());
        self.features_changed = true;
    }

    pub(crate) fn set_catalog_version(&mut self, version: u32) {
        self.state.catalog_version = version;
    }

    pub(crate) fn use_id(&mut self, kind: UsedIdKind, id: &str) {
        self.used(kind).insert(id.into());
    }

    /// Whether it was used.
    pub(crate) fn forget_id(&mut self, kind: UsedIdKind, id: &str) -> bool {
        self.used(kind).remove(&id.into())
    }

    fn used(&mut self, kind: UsedIdKind) -> &mut crate::ordered::Ordered<Arc<str>> {
        let used = Arc::make_mut(&mut self.state.used);
        match kind {
            UsedIdKind::User => &mut used.users,
            UsedIdKind::Role => &mut used.roles,
            UsedIdKind::Position => &mut used.positions,
        }
    }

    /// Works out who stands below whom, where changes of positions left that for later.
    pub(crate) fn settle(&mut self) -> Result<(), NoHierarchy> {
        if self.state.positions.is_stale() {
            Arc::make_mut(&mut self.state.positions).settle()?;
        }
        Ok(())
    }

    /// Works out the cells of access sets that are new or whose rights changed, or of all where features did
    /// (I8). The draft must be settled: a check reads who stands below whom as it was worked out last.
    pub(crate) fn finish(mut self) -> Engine {
        debug_assert!(!self.state.positions.is_stale());
        if self.features_changed {
            self.state.cells = self.state.cells.anew(&self.state);
        } else {
            let sets = self.new_sets.union(&self.changed_sets).copied().collect();
            let mut cells = std::mem::take(&mut self.state.cells);
            cells.write(&self.state, &sets);
            self.state.cells = cells;
        }
        if let Some(lent) = &self.state.lent {
            let mut lent = Arc::clone(lent);
            let others = !self.changed_sets.is_empty() || self.features_changed;
            if others || self.hierarchy_changed {
                Arc::make_mut(&mut lent).work_out(&self.state);
            } else if !self.positions.is_empty() {
                let positions: Vec<u32> = self.positions.into_iter().collect();
                Arc::make_mut(&mut lent).work_out_above(&self.state, &positions);
            }
            self.state.lent = Some(lent);
        }
        Engine(Arc::new(self.state))
    }
}
