//! What queries and administration read of an engine's state: by number, never by name.
//!
//! Numbers of users, roles, packages and positions are not reused; one that was removed answers
//! `None` everywhere.

use super::State;
use super::rights::Planes;
use super::users::{Assigned, User};
use crate::decision::Denial;
use crate::document::{DenialDocument, GrantDocument};
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

    /// What a role grants and denies itself, as written: a system role in the catalog, another in the
    /// policy.
    pub(crate) fn role_text(&self, role: u32) -> Option<RoleText<'_>> {
        let system = self.model().roles.len();
        match (role as usize).checked_sub(system) {
            None => {
                let known = self.model().document.roles.get(role as usize)?;
                Some(RoleText {
                    name: known.name.as_deref(),
                    grants: &known.grants,
                    denies: &known.denies,
                    version: self.model().version,
                })
            }
            Some(own) => {
                let known = self.policy.roles.get(own)?;
                Some(RoleText {
                    name: known.name.as_deref(),
                    grants: &known.grants,
                    denies: &known.denies,
                    version: self.policy.catalog_version,
                })
            }
        }
    }

    /// Whether a token may bring the role (D18).
    pub(crate) fn tokens_bring(&self, role: u32) -> bool {
        let role = self.roles.roles.get(role as usize);
        role.is_some_and(|role| role.tokens_bring)
    }

    /// What a person reads of a package.
    pub(crate) fn package_name(&self, package: u32) -> Option<&str> {
        self.policy.packages.get(package as usize)?.name.as_deref()
    }

    /// What a person reads of a position.
    pub(crate) fn position_name(&self, position: u32) -> Option<&str> {
        let position = self.policy.positions.get(position as usize)?;
        position.name.as_deref()
    }

    pub(crate) fn find_position(&self, id: &str) -> Option<u32> {
        self.positions.names.get(id)
    }

    /// The ids of the positions that a position reports to directly.
    pub(crate) fn position_reports_to(&self, position: u32) -> Option<&[String]> {
        let position = self.policy.positions.get(position as usize)?;
        Some(&position.reports_to)
    }

    /// What a user is assigned.
    pub(crate) fn user_assignments(&self, user: u32) -> Option<&Assigned> {
        self.assigned(self.users.get(user)?.access())
    }

    /// Whether the account has a feature of the catalog.
    pub(crate) fn has_feature(&self, feature: u16) -> bool {
        let known = self.model().features.get(feature as usize);
        known.is_some_and(|it| self.policy.features.iter().any(|name| *name == *it.id))
    }

    /// The number of a user of this account.
    pub(crate) fn user_number(&self, user: UserId) -> Option<u32> {
        Some(user.index(self.brand)? as u32)
    }

    /// The number of a position of this account.
    pub(crate) fn position_number(&self, position: PositionId) -> Option<u32> {
        Some(position.index(self.brand)? as u32)
    }

    /// The account's id, where the policy states one.
    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account.as_deref()
    }
}
