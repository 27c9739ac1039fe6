//! What queries and administration read of an engine's state: by number, never by name.
//!
//! Numbers of users, roles, packages and positions are not reused; one that was removed answers
//! `None` everywhere.

use super::ask::InContext;
use super::rights::Planes;
use super::users::{Assigned, User};
use super::{Engine, State};
use crate::decision::{Denial, Denied};
use crate::document::PropertyValue;
use crate::id::{PositionId, UserId};

impl State {
    /// One past the highest number of a user.
    pub(crate) fn user_numbers(&self) -> u32 {
        self.users.len() as u32
    }

    /// A user: access set, position, whether suspended.
    pub(crate) fn user_record(&self, user: u32) -> Option<User> {
        self.users.get(user)
    }

    pub(crate) fn user_id(&self, user: u32) -> Option<&str> {
        self.users.name(user)
    }

    pub(crate) fn find_user(&self, id: &str) -> Option<u32> {
        self.users.find(id)
    }

    /// One past the highest number of an access set; some may have no users.
    pub(crate) fn set_numbers(&self) -> u32 {
        self.assigned.iter().count() as u32
    }

    /// What the users of an access set are assigned.
    pub(crate) fn assigned(&self, set: usize) -> Option<&Assigned> {
        self.assigned.get(set)
    }

    /// What the users of an access set are granted and denied.
    pub(crate) fn set_rights(&self, set: usize) -> Option<&Planes> {
        self.sets.get(set)
    }

    /// How far a pair gets in an access set before its scope is looked at: the scope that D7 leaves, or
    /// the denial. Features and conditions of pair and operation come after (D17).
    pub(crate) fn pair_scope(&self, set: usize, pair: u16) -> Option<Result<u8, Denial>> {
        Some(self.pair_cells.get(set, pair as usize)?.judged())
    }

    /// One past the highest number of a role; system roles come first, as the catalog numbers them.
    pub(crate) fn role_numbers(&self) -> u32 {
        self.roles.names.len() as u32
    }

    pub(crate) fn role_id(&self, role: u32) -> Option<&str> {
        self.roles.names.text(role)
    }

    pub(crate) fn find_role_number(&self, id: &str) -> Option<u32> {
        self.roles.names.get(id)
    }

    /// What a role and all its juniors grant and deny.
    pub(crate) fn role_closure(&self, role: u32) -> Option<&Planes> {
        Some(&self.roles.roles.get(role as usize)?.closure)
    }

    /// The direct juniors of a role.
    pub(crate) fn role_juniors(&self, role: u32) -> Option<&[u32]> {
        Some(&self.roles.roles.get(role as usize)?.juniors)
    }

    /// One past the highest number of a package.
    pub(crate) fn package_numbers(&self) -> u32 {
        self.packages.names.len() as u32
    }

    pub(crate) fn package_id(&self, package: u32) -> Option<&str> {
        self.packages.names.text(package)
    }

    /// The roles of a package.
    pub(crate) fn package_roles(&self, package: u32) -> Option<&[u32]> {
        Some(self.packages.roles.get(package as usize)?)
    }

    /// One past the highest number of a position.
    pub(crate) fn position_numbers(&self) -> u32 {
        self.positions.names.len() as u32
    }

    pub(crate) fn position_id(&self, position: u32) -> Option<&str> {
        self.positions.names.text(position)
    }

    /// Whether the first position stands strictly below the second.
    pub(crate) fn stands_below(&self, low: u32, high: u32) -> bool {
        self.positions.reach.is_below(low, high)
    }

    /// Whether a position is lent a pair by somebody strictly below it (S6).
    pub(crate) fn is_lent_at(&self, position: u32, pair: u16) -> bool {
        let lent = self.lent.as_ref();
        lent.is_some_and(|lent| lent.is_lent(position, pair))
    }

    /// The account, where the policy states one.
    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The denial as the error of a query: the decision that every check would answer.
    pub(crate) fn refuse(&self, denial: Denial) -> Denied {
        Denied::of(self.deny(denial))
    }

    /// The handle of a user.
    pub(crate) fn user_handle(&self, user: u32) -> UserId {
        UserId::new(user, self.brand)
    }

    /// The number of a user given by handle; `None` of another account's.
    pub(crate) fn user_number(&self, user: UserId) -> Option<u32> {
        user.index(self.brand).map(|index| index as u32)
    }

    /// A property of a user of the directory.
    pub(crate) fn user_property(&self, user: u32, property: u16) -> Option<&PropertyValue> {
        self.users.property(user, property)
    }

    pub(crate) fn find_position(&self, id: &str) -> Option<u32> {
        self.positions.names.get(id)
    }

    /// The number of a position given by handle; `None` of another account's.
    pub(crate) fn position_number(&self, position: PositionId) -> Option<u32> {
        position.index(self.brand).map(|index| index as u32)
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
