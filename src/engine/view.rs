//! What queries and administration read of an engine's state: by number, never by name.
//!
//! Numbers of users, roles, packages and positions are not reused; one that was removed answers
//! `None` everywhere.

use super::ask::InContext;
use super::rights::Planes;
use super::sets::Assigned;
use super::users::User;
use super::{Engine, State};
use crate::decision::{Denial, Denied};
use crate::document::{DenialDocument, GrantDocument, PropertyValue, Timestamp};
use crate::id::{PositionId, UserId};

/// What a role's author wrote, whoever that was.
#[derive(Clone, Copy)]
pub(crate) struct RoleText<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) grants: &'a [GrantDocument],
    pub(crate) denies: &'a [DenialDocument],
    /// The catalog's version that it was written against (D16).
    pub(crate) version: u32,
}

/// What a person reads of a role or package.
#[derive(Clone, Copy)]
pub(crate) struct Label<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    /// When it was created; `None` of a system role.
    pub(crate) created: Option<Timestamp>,
}

impl State {
    /// One past the highest number of a user.
    pub(crate) fn user_numbers(&self) -> u32 {
        self.users.numbers()
    }

    /// A user: access set, position, whether suspended.
    pub(crate) fn user_record(&self, user: u32) -> Option<User> {
        self.users.get(user)
    }

    pub(crate) fn user_id(&self, user: u32) -> Option<&str> {
        self.users.name(user)
    }

    pub(crate) fn find_user(&self, id: &str) -> Option<u32> {
        self.users.find_live(id)
    }

    /// One past the highest number of an access set; some may have no users.
    pub(crate) fn set_numbers(&self) -> u32 {
        self.sets.numbers()
    }

    /// What the users of an access set are assigned.
    pub(crate) fn assigned(&self, set: usize) -> Option<&Assigned> {
        self.sets.assigned(set)
    }

    /// What the users of an access set are granted and denied.
    pub(crate) fn set_rights(&self, set: usize) -> Option<&Planes> {
        self.sets.rights(set)
    }

    /// How far a pair gets in an access set before its scope is looked at: the scope that D7 leaves, or
    /// the denial. Features and conditions of pair and operation come after (D17).
    pub(crate) fn pair_scope(&self, set: usize, pair: u16) -> Option<Result<u8, Denial>> {
        Some(self.cells.pair(set, pair)?.judged())
    }

    /// How far a pair gets for a role that stands as subject (D18), before its scope is looked at.
    pub(crate) fn role_pair_scope(
        &self,
        role: u32,
        operation: u16,
        pair: u16,
    ) -> Option<Result<u8, Denial>> {
        let (operation, pair) = (
            self.model().operations.get(operation as usize)?,
            self.model().pairs.get(pair as usize)?,
        );
        Some(super::cells::pair_cell(self, self.role_closure(role)?, operation, pair).judged())
    }

    /// One past the highest number of a role; system roles come first, as the catalog numbers them.
    pub(crate) fn role_numbers(&self) -> u32 {
        self.roles.numbers()
    }

    pub(crate) fn role_id(&self, role: u32) -> Option<&str> {
        self.roles.name(role)
    }

    pub(crate) fn find_role_number(&self, id: &str) -> Option<u32> {
        self.roles.find(id)
    }

    /// What a role grants and denies without its juniors.
    pub(crate) fn role_own(&self, role: u32) -> Option<&Planes> {
        Some(&self.roles.get(role)?.own)
    }

    /// What a role and all its juniors grant and deny.
    pub(crate) fn role_closure(&self, role: u32) -> Option<&Planes> {
        Some(&self.roles.get(role)?.closure)
    }

    /// The direct juniors of a role.
    pub(crate) fn role_juniors(&self, role: u32) -> Option<&[u32]> {
        Some(&self.roles.get(role)?.juniors)
    }

    /// One past the highest number of a package.
    pub(crate) fn package_numbers(&self) -> u32 {
        self.packages.numbers()
    }

    pub(crate) fn package_id(&self, package: u32) -> Option<&str> {
        self.packages.name(package)
    }

    /// The roles of a package.
    pub(crate) fn package_roles(&self, package: u32) -> Option<&[u32]> {
        Some(&self.packages.get(package)?.roles)
    }

    /// One past the highest number of a position.
    pub(crate) fn position_numbers(&self) -> u32 {
        self.positions.numbers()
    }

    pub(crate) fn position_id(&self, position: u32) -> Option<&str> {
        self.positions.name(position)
    }

    /// Whether the first position stands strictly below the second.
    pub(crate) fn stands_below(&self, low: u32, high: u32) -> bool {
        self.positions.stands_below(low, high)
    }

    /// Whether anything is lent at all (S6).
    pub(crate) fn lends(&self) -> bool {
        self.lent.is_some()
    }

    /// Whether a position is lent a pair by somebody strictly below it (S6).
    pub(crate) fn is_lent_at(&self, position: u32, pair: u16) -> bool {
        let lent = self.lent.as_ref();
        lent.is_some_and(|lent| lent.is_lent(position, pair))
    }

    /// Whether both have one table of what is lent, or none.
    #[cfg_attr(not(feature = "live"), expect(dead_code, reason = "journals need it"))]
    pub(crate) fn lends_the_same(&self, other: &State) -> bool {
        match (&self.lent, &other.lent) {
            (Some(one), Some(two)) => std::sync::Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        }
    }

    /// Ids of users that are used, and were not before. Cost: linear in them, unless none was added.
    #[cfg_attr(not(feature = "live"), expect(dead_code, reason = "journals need it"))]
    pub(crate) fn newly_used_users(&self, before: &State) -> Vec<&str> {
        if std::sync::Arc::ptr_eq(&self.used, &before.used) {
            return Vec::new();
        }
        let used = self.used.users.iter().map(|it| &**it);
        let is_new = |it: &&str| !before.is_used(crate::admin::UsedIdKind::User, it);
        used.filter(is_new).collect()
    }

    /// What a role grants and denies itself, as written: a system role in the catalog, another in the
    /// policy.
    pub(crate) fn role_text(&self, role: u32) -> Option<RoleText<'_>> {
        let own = self.roles.get(role)?.document.as_deref();
        if let Some(own) = own {
            return Some(RoleText {
                name: own.name.as_deref(),
                grants: &own.grants,
                denies: &own.denies,
                version: self.catalog_version,
            });
        }
        let known = self.model().document.roles.get(role as usize)?;
        Some(RoleText {
            name: known.name.as_deref(),
            grants: &known.grants,
            denies: &known.denies,
            version: self.model().version,
        })
    }

    /// Whether an account made the role, so that it may be edited (A5).
    pub(crate) fn is_account_role(&self, role: u32) -> bool {
        self.roles.get(role).is_some_and(|it| it.document.is_some())
    }

    /// Returns whether the catalog keeps the role out of lists and of what is proposed.
    pub(crate) fn is_unlisted_role(&self, role: u32) -> bool {
        let known = self.model().roles.get(role as usize);
        known.is_some_and(|it| it.unlisted)
    }

    /// Whether a token may bring the role (D18).
    pub(crate) fn tokens_bring(&self, role: u32) -> bool {
        self.roles.get(role).is_some_and(|role| role.tokens_bring)
    }

    /// What a person reads of a package.
    pub(crate) fn package_name(&self, package: u32) -> Option<&str> {
        self.packages.get(package)?.document.name.as_deref()
    }

    /// What a person reads of a position.
    pub(crate) fn position_name(&self, position: u32) -> Option<&str> {
        self.positions.label(position)
    }

    pub(crate) fn find_position(&self, id: &str) -> Option<u32> {
        self.positions.find(id)
    }

    /// The positions that a position reports to directly.
    pub(crate) fn position_reports_to(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        self.positions.seniors(position)
    }

    /// What a user is assigned.
    pub(crate) fn user_assignments(&self, user: u32) -> Option<&Assigned> {
        self.assigned(self.users.get(user)?.access())
    }

    /// Whether the account has a feature of the catalog.
    pub(crate) fn has_feature(&self, feature: u16) -> bool {
        let known = self.model().features.get(feature as usize);
        known.is_some_and(|it| self.features.contains(&it.id))
    }

    /// The denial as the error of a query: the decision that every check would answer.
    pub(crate) fn refuse(&self, denial: Denial) -> Denied {
        Denied::of(self.deny(denial))
    }

    /// The handle of a user.
    pub(crate) fn user_handle(&self, user: u32) -> UserId {
        UserId::new(user, self.brand)
    }

    /// The properties of a user of the directory, by number.
    pub(crate) fn user_properties(&self, user: u32) -> &[(u16, PropertyValue)] {
        self.users.extras(user).map_or(&[], |it| &it.properties)
    }

    /// A property of a user of the directory.
    pub(crate) fn user_property(&self, user: u32, property: u16) -> Option<&PropertyValue> {
        self.users.property(user, property)
    }

    /// The number of a user of this account.
    pub(crate) fn user_number(&self, user: UserId) -> Option<u32> {
        Some(user.index(self.brand)? as u32)
    }

    /// The number of a position of this account.
    pub(crate) fn position_number(&self, position: PositionId) -> Option<u32> {
        let number = position.index(self.brand)? as u32;
        self.positions.is_live(number).then_some(number)
    }

    /// The account's id, where the policy states one.
    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The version of the catalog that the policy was written against.
    pub(crate) fn written_version(&self) -> u32 {
        self.catalog_version
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn features(&self) -> &[Box<str>] {
        &self.features
    }

    pub(crate) fn settings(&self) -> &std::collections::BTreeMap<String, String> {
        &self.settings
    }

    /// Every user there is, by number.
    pub(crate) fn every_user(&self) -> impl Iterator<Item = (u32, User)> + '_ {
        self.users.iter()
    }

    pub(crate) fn users(&self) -> &super::users::Users {
        &self.users
    }

    pub(crate) fn roles(&self) -> &super::roles::Roles {
        &self.roles
    }

    pub(crate) fn packages(&self) -> &super::roles::Packages {
        &self.packages
    }

    pub(crate) fn positions(&self) -> &super::positions::Positions {
        &self.positions
    }

    pub(crate) fn sets(&self) -> &super::sets::Sets {
        &self.sets
    }

    /// Whether an id was used and not forgotten (A5).
    pub(crate) fn is_used(&self, kind: crate::admin::UsedIdKind, id: &str) -> bool {
        let used = match kind {
            crate::admin::UsedIdKind::User => &self.used.users,
            crate::admin::UsedIdKind::Role => &self.used.roles,
            crate::admin::UsedIdKind::Position => &self.used.positions,
        };
        used.contains(id)
    }

    /// A role and all that it inherits, at any depth.
    pub(crate) fn roles_below(&self, role: u32) -> Vec<u32> {
        self.reached_below(vec![role])
    }

    /// Some roles and all that they inherit, at any depth.
    pub(crate) fn reached_below(&self, roles: Vec<u32>) -> Vec<u32> {
        reached(roles, |role| self.juniors_of(role))
    }

    fn juniors_of(&self, role: u32) -> impl Iterator<Item = u32> + '_ {
        let juniors = self.role_juniors(role).unwrap_or_default();
        juniors.iter().copied()
    }

    /// Some roles and all that they inherit, but for what is retired and what is inherited through it:
    /// the roles that grant something (D16).
    pub(crate) fn granting(&self, roles: Vec<u32>) -> Vec<u32> {
        let mut found = reached(roles, |role| {
            let juniors = self.juniors_of(role);
            juniors.filter(move |_| !self.is_retired_role(role))
        });
        found.retain(|role| !self.is_retired_role(*role));
        found
    }

    /// The roles of an assignment, those of its packages among them, without their juniors.
    pub(crate) fn directly(&self, assigned: &Assigned) -> Vec<u32> {
        let packages = assigned.packages.iter();
        let by_package = packages.filter_map(|it| self.packages.get(*it));
        let by_package = by_package.flat_map(|it| it.roles.iter());
        assigned.roles.iter().chain(by_package).copied().collect()
    }

    /// What a person reads of a user.
    pub(crate) fn user_label(&self, user: u32) -> Option<&str> {
        self.users.extras(user)?.label.as_deref()
    }

    /// What a person reads of a role.
    pub(crate) fn role_label(&self, role: u32) -> Option<Label<'_>> {
        let (name, description, created) = match self.roles.get(role)?.document.as_deref() {
            Some(own) => (&own.name, &own.description, own.created),
            None => {
                let known = self.model().document.roles.get(role as usize)?;
                (&known.name, &known.description, None)
            }
        };
        Some(Label {
            name: name.as_deref(),
            description: description.as_deref(),
            created,
        })
    }

    /// What a person reads of a package.
    pub(crate) fn package_label(&self, package: u32) -> Option<Label<'_>> {
        let document = &self.packages.get(package)?.document;
        Some(Label {
            name: document.name.as_deref(),
            description: document.description.as_deref(),
            created: document.created,
        })
    }

    /// Whether it is a system role that the catalog retired (D16).
    pub(crate) fn is_retired_role(&self, role: u32) -> bool {
        let system = self.model().roles.get(role as usize);
        system.is_some_and(|it| it.retired.is_some())
    }

    /// Whether it is one that the catalog had retired when the policy was written: nobody may name it.
    pub(crate) fn is_gone_role(&self, role: u32) -> bool {
        let system = self.model().roles.get(role as usize);
        let retired = system.and_then(|it| it.retired);
        retired.is_some_and(|version| version <= self.catalog_version)
    }

    /// What a role comes to that inherits these.
    pub(crate) fn closure_over(&self, role: u32, juniors: &[u32]) -> Planes {
        let Some(known) = self.roles.get(role) else {
            return Planes::none(self.model().permissions.len());
        };
        let mut closure = (*known.own).clone();
        for junior in juniors {
            if let Some(junior) = self.roles.get(*junior) {
                closure.unite(&junior.closure);
            }
        }
        // Of a retired role the denies stay, its own and those it inherits (D16).
        if self.is_retired_role(role) {
            closure.keep_denies();
        }
        closure
    }

    /// A role and all that inherit it, at any depth.
    pub(crate) fn roles_above(&self, role: u32) -> Vec<u32> {
        reached(vec![role], |role| self.roles.seniors(role))
    }

    /// A role and those that inherit it, as far as tokens may bring them.
    pub(crate) fn brought_above(&self, role: u32) -> Vec<u32> {
        let mut above = self.roles_above(role);
        above.retain(|role| self.tokens_bring(*role));
        above
    }

    /// The positions strictly above one, at any depth.
    pub(crate) fn positions_above(&self, position: u32) -> Vec<u32> {
        let seniors = |position| self.positions.seniors(position);
        reached(seniors(position).collect(), seniors)
    }

    /// A position and all strictly below it, at any depth.
    pub(crate) fn positions_below(&self, position: u32) -> Vec<u32> {
        reached(vec![position], |position| self.positions.juniors(position))
    }

    /// The access sets that somebody has and in which a role is authorized (D2).
    pub(crate) fn sets_holding(&self, role: u32) -> std::collections::BTreeSet<u32> {
        let mut sets = std::collections::BTreeSet::new();
        for role in self.roles_above(role) {
            sets.extend(self.sets.with_role(role));
            for package in self.packages.with_role(role) {
                sets.extend(self.sets.with_package(package));
            }
        }
        sets
    }

    /// The roles authorized in an access set (D2), each once.
    pub(crate) fn authorized(&self, assigned: &Assigned) -> Vec<u32> {
        reached(self.directly(assigned), |role| self.juniors_of(role))
    }
}

impl Engine {
    /// What queries read.
    pub(crate) fn state(&self) -> &State {
        &self.0
    }
}

impl<'e, C: ?Sized> InContext<'e, C> {
    /// The engine that is asked.
    pub(crate) fn engine(&self) -> &'e Engine {
        self.engine
    }

    /// The context it is asked in.
    pub(crate) fn context(&self) -> &'e C {
        self.context
    }
}

/// What can be reached from somewhere, itself included, each once.
fn reached<I: Iterator<Item = u32>>(mut from: Vec<u32>, next: impl Fn(u32) -> I) -> Vec<u32> {
    let mut seen = hashbrown::HashSet::with_hasher(foldhash::quality::RandomState::default());
    let mut found = Vec::new();
    while let Some(at) = from.pop() {
        if seen.insert(at) {
            found.push(at);
            from.extend(next(at));
        }
    }
    found
}
