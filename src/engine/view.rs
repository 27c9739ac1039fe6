//! What queries and administration read of an engine's state: by number, never by name.
//!
//! Numbers of users, roles, packages and positions are not reused; one that was removed answers
//! `None` everywhere.

use super::State;
use super::rights::Planes;
use super::sets::Assigned;
use super::users::User;
use crate::decision::Denial;

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
        Some(self.pair_cells.get(set, pair as usize)?.judged())
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
        self.positions.reach.is_below(low, high)
    }

    /// Whether a position is lent a pair by somebody strictly below it (S6).
    pub(crate) fn is_lent_at(&self, position: u32, pair: u16) -> bool {
        let lent = self.lent.as_ref();
        lent.is_some_and(|lent| lent.is_lent(position, pair))
    }
}
