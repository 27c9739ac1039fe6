//! What an upgrade makes of the roles that tokens bring (D18).

use super::report::{AbilityUpgrade, PermissionUpgrade, UpgradeReport};
use crate::compared::Compared;
use crate::engine::State;

/// What a role by itself lets the tokens that bring it do otherwise (D18), conditions and lending aside.
///
/// Tokens may bring several roles, which may do more together: the prerequisites of one may come with
/// another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenUpgrade<'u> {
    /// The role.
    pub role: &'u str,
    /// Whether tokens could bring it.
    pub before: bool,
    /// Whether they can: a token that brings what it may not is denied everything.
    pub after: bool,
    /// What it lets them do or see otherwise, in the newer catalog's order; then what is gone.
    pub abilities: Vec<AbilityUpgrade<'u>>,
    /// The permissions that take effect for them otherwise (D8).
    pub permissions: Vec<PermissionUpgrade<'u>>,
}

impl<'u> UpgradeReport<'u> {
    /// What tokens may do otherwise, one entry for each role that they may bring under one of the
    /// catalogs. Cost: roles times abilities and permissions.
    pub fn tokens(self) -> impl Iterator<Item = TokenUpgrade<'u>> + 'u {
        let Compared { before, after } = self.compared();
        self.compared()
            .roles_of_tokens()
            .filter_map(move |(role, was, is)| {
                let rights = |state: &'u State, role: Option<u32>| state.role_closure(role?);
                let upgrade = TokenUpgrade {
                    role,
                    before: was.is_some(),
                    after: is.is_some(),
                    abilities: self.role_abilities(was, is),
                    permissions: self.permissions(rights(before, was), rights(after, is)),
                };
                let is_same = upgrade.before == upgrade.after
                    && upgrade.abilities.is_empty()
                    && upgrade.permissions.is_empty();
                (!is_same).then_some(upgrade)
            })
    }

    /// Whether tokens may bring any role, under one of the catalogs.
    pub(super) fn tokens_bring(self) -> bool {
        self.compared().roles_of_tokens().next().is_some()
    }
}
