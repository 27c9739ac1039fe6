//! Who gains and loses what when an account goes from one catalog to the next.

use std::fmt;

use super::CatalogComparison;
use super::moves::ComparedPair;
use crate::compared::{Compared, Sets, counted_users, movement, scope};
use crate::document::AskedOn;
use crate::document::problem::quoted;
use crate::engine::{Planes, State, is_effective};
use crate::{Engine, Scope};

/// Who gains and loses what by an upgrade, prerequisites included (D7): worked out when asked for.
///
/// Its `Display` says in English what users, positions and tokens gain and lose; of what
/// [`roles`](UpgradeReport::roles) tells, only what tokens may bring.
#[derive(Debug, Clone, Copy)]
pub struct UpgradeReport<'u> {
    comparison: &'u CatalogComparison,
    pub(super) before: &'u Engine,
    pub(super) after: &'u Engine,
}

/// What some people, who are assigned the same, may do otherwise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccessUpgrade<'u> {
    report: UpgradeReport<'u>,
    sets: Sets,
    /// How many users it concerns.
    pub users: usize,
    /// What they may do otherwise, in the newer catalog's order; then what is gone.
    pub pairs: Vec<PairUpgrade<'u>>,
    /// The permissions that take effect for them otherwise (D8), whether or not they allow an operation:
    /// some reveal fields, some are asked of who changes an account. In the newer tree's order; then what
    /// is gone.
    pub permissions: Vec<PermissionUpgrade<'u>>,
}

/// How far a permission lets people do something, before and after; conditions aside, and before
/// anything is lent (S6). What is lent is told apart: a narrower scope may be made up for by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairUpgrade<'u> {
    /// The operation, and the permission that allows it.
    pub pair: &'u ComparedPair,
    /// Before; `None`: not at all.
    pub before: Option<Scope>,
    /// After.
    pub after: Option<Scope>,
    /// Of the comparison's pairs.
    pub(super) number: usize,
}

impl PairUpgrade<'_> {
    /// Whether they may come to do it to a record that they could not do it to, lending aside.
    pub fn is_gain(&self) -> bool {
        self.after > self.before || self.is_on_other_conditions()
    }

    /// Whether they may come not to do it to a record that they could do it to, lending aside.
    pub fn is_loss(&self) -> bool {
        self.after < self.before || self.is_on_other_conditions()
    }

    /// Whether they could do it and can, on other conditions: only a record tells what that makes.
    pub fn is_on_other_conditions(&self) -> bool {
        self.pair.conditions_changed && self.before.is_some() && self.after.is_some()
    }
}

/// A permission of one catalog or both.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparedPermission {
    /// Its path: today's, or the one that it had.
    pub path: String,
    pub(super) before: Option<u16>,
    pub(super) after: Option<u16>,
}

/// A permission that takes effect otherwise for some people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermissionUpgrade<'u> {
    /// The permission.
    pub permission: &'u ComparedPermission,
    /// How far it was granted, where it took effect. Prerequisites may narrow that for an operation.
    pub before: Option<Scope>,
    /// How far it is granted, where it takes effect.
    pub after: Option<Scope>,
}

impl PermissionUpgrade<'_> {
    /// Whether it comes to take effect, or reaches further.
    pub fn is_gain(&self) -> bool {
        self.after > self.before
    }
}

/// What people in a position are lent otherwise, since people below hold it at All (S6).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LendingUpgrade<'u> {
    /// The position.
    pub position: &'u str,
    /// What is lent from now on: who has it at Reports or Peers has it at All.
    pub gained: Vec<&'u ComparedPair>,
    /// What is lent no longer.
    pub lost: Vec<&'u ComparedPair>,
}

/// What a role by itself lets people do otherwise, held by somebody or not: what it is worth as a subject
/// or in a token (D18).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleUpgrade<'u> {
    /// The role.
    pub role: &'u str,
    /// What it lets people do otherwise; never empty.
    pub pairs: Vec<PairUpgrade<'u>>,
}

impl<'u> UpgradeReport<'u> {
    pub(super) fn new(
        comparison: &'u CatalogComparison,
        before: &'u Engine,
        after: &'u Engine,
    ) -> UpgradeReport<'u> {
        UpgradeReport {
            comparison,
            before,
            after,
        }
    }

    fn compared(self) -> Compared<'u> {
        Compared {
            before: &self.before.0,
            after: &self.after.0,
        }
    }

    /// What people may do otherwise, one entry for those who share it. Cost: linear in the users, and in
    /// the pairs and permissions of both catalogs for each entry.
    pub fn access(self) -> Vec<AccessUpgrade<'u>> {
        let users = self.compared().users_by_sets();
        let changes = users.into_iter().map(|(sets, users)| AccessUpgrade {
            report: self,
            sets,
            users,
            pairs: self.pairs(|state, after, (operation, pair)| {
                scope(state, if after { sets.1 } else { sets.0 }?, operation, pair)
            }),
            permissions: self.permissions(
                sets.0
                    .and_then(|set| self.before.0.set_rights(set as usize)),
                sets.1.and_then(|set| self.after.0.set_rights(set as usize)),
            ),
        });
        changes
            .filter(|change| !change.pairs.is_empty() || !change.permissions.is_empty())
            .collect()
    }

    /// The pairs that reach otherwise, or may for their conditions.
    fn pairs(
        self,
        scope: impl Fn(&State, bool, (u16, u16)) -> Option<Scope>,
    ) -> Vec<PairUpgrade<'u>> {
        let every = self.comparison.pairs.iter().enumerate();
        let every = every.map(|(number, pair)| PairUpgrade {
            pair,
            before: pair.before.and_then(|it| scope(&self.before.0, false, it)),
            after: pair.after.and_then(|it| scope(&self.after.0, true, it)),
            number,
        });
        every
            .filter(|it| it.before != it.after || it.is_on_other_conditions())
            .collect()
    }

    /// The permissions that take effect otherwise among those rights.
    pub(super) fn permissions(
        self,
        rights_before: Option<&Planes>,
        rights_after: Option<&Planes>,
    ) -> Vec<PermissionUpgrade<'u>> {
        let effective = |state: &State, rights: Option<&Planes>, permission: Option<u16>| {
            let (rights, permission) = (rights?, permission?);
            let held = is_effective(state, rights, permission);
            Scope::from_u8(rights.granted(permission)).filter(|_| held)
        };
        let every = self.comparison.permissions.iter();
        let every = every.map(|permission| PermissionUpgrade {
            permission,
            before: effective(&self.before.0, rights_before, permission.before),
            after: effective(&self.after.0, rights_after, permission.after),
        });
        every.filter(|it| it.before != it.after).collect()
    }

    /// What is lent otherwise (S6). Cost: positions times pairs.
    pub fn lending(self) -> Vec<LendingUpgrade<'u>> {
        let (before, after) = (&*self.before.0, &*self.after.0);
        let mut changes = Vec::new();
        for number in 0..after.position_numbers() {
            let Some(position) = after.position_id(number) else {
                continue;
            };
            let (mut gained, mut lost) = (Vec::new(), Vec::new());
            // An operation on the type carries its scope, and nothing lifts it (D14).
            let every = self.comparison.pairs.iter();
            for pair in every.filter(|it| it.on == AskedOn::Record) {
                let is_lent = |state: &State, pair: Option<(u16, u16)>| {
                    pair.is_some_and(|(_, pair)| state.is_lent_at(number, pair))
                };
                match (is_lent(before, pair.before), is_lent(after, pair.after)) {
                    (false, true) => gained.push(pair),
                    (true, false) => lost.push(pair),
                    _ => {}
                }
            }
            if !gained.is_empty() || !lost.is_empty() {
                changes.push(LendingUpgrade {
                    position,
                    gained,
                    lost,
                });
            }
        }
        changes
    }

    /// What each role by itself lets people do otherwise, held by somebody or not; roles that one of the
    /// catalogs does not have are left out. Cost: roles times pairs.
    pub fn roles(self) -> impl Iterator<Item = RoleUpgrade<'u>> + 'u {
        let after = &*self.after.0;
        (0..after.role_numbers()).filter_map(move |number| {
            let role = after.role_id(number)?;
            let old = self.before.0.find_role_number(role)?;
            // Nobody may name what was retired before the policy was written.
            let named = |state: &State, number: u32| !state.is_gone_role(number);
            let pairs = self.role_pairs(
                Some(old).filter(|it| named(&self.before.0, *it)),
                Some(number).filter(|it| named(after, *it)),
            );
            (!pairs.is_empty()).then_some(RoleUpgrade { role, pairs })
        })
    }

    /// The pairs that a role reaches otherwise, or may for their conditions; `None` where it is worth
    /// nothing.
    pub(super) fn role_pairs(
        self,
        role_before: Option<u32>,
        role_after: Option<u32>,
    ) -> Vec<PairUpgrade<'u>> {
        self.pairs(|state, is_after, (operation, pair)| {
            let role = if is_after { role_after } else { role_before }?;
            let held = state.role_pair_scope(role, operation, pair)?.ok()?;
            let entitled = state.late_feature(operation, pair).is_none();
            Scope::from_u8(held).filter(|_| entitled)
        })
    }
}

impl<'u> AccessUpgrade<'u> {
    /// The users whom it concerns, by id.
    pub fn users(&self) -> impl Iterator<Item = &'u str> + use<'u> {
        self.report.compared().users_of(self.sets)
    }

    /// Whether they may come to do anything that they could not, lending aside (S6).
    pub fn is_gain(&self) -> bool {
        let permissions = self.permissions.iter().any(PermissionUpgrade::is_gain);
        permissions || self.pairs.iter().any(PairUpgrade::is_gain)
    }

    /// Whether they may come not to do something that they could, lending aside (S6).
    pub fn is_loss(&self) -> bool {
        let permissions = self.permissions.iter().any(|it| !it.is_gain());
        permissions || self.pairs.iter().any(PairUpgrade::is_loss)
    }
}

impl fmt::Display for PairUpgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.before == self.after {
            return write!(f, "? keep {}, on other conditions", self.pair);
        }
        let (sign, verb, how_far) = movement(self.before, self.after);
        write!(f, "{sign} {verb} {}: {how_far}", self.pair)?;
        match self.is_on_other_conditions() {
            true => f.write_str(", on other conditions"),
            false => Ok(()),
        }
    }
}

impl fmt::Display for PermissionUpgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, verb, how_far) = movement(self.before, self.after);
        let path = quoted(&self.permission.path);
        write!(f, "{sign} {verb} {path}: {how_far}")
    }
}

impl fmt::Display for ComparedPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.operation))?;
        match &self.permission {
            Some(permission) => write!(f, " by {}", quoted(permission)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for UpgradeReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_empty = true;
        for change in self.access() {
            is_empty = false;
            writeln!(f, "{}", counted_users(change.users, change.users()))?;
            write_upgrades(f, &change.pairs, &change.permissions)?;
        }
        for change in self.lending() {
            is_empty = false;
            writeln!(f, "lent to {}", quoted(change.position))?;
            for (sign, pairs) in [('+', &change.gained), ('-', &change.lost)] {
                for pair in pairs {
                    writeln!(f, "  {sign} {pair}")?;
                }
            }
        }
        for change in self.tokens() {
            is_empty = false;
            writeln!(f, "tokens that bring {}", quoted(change.role))?;
            match (change.before, change.after) {
                (false, true) => writeln!(f, "  + may bring it")?,
                (true, false) => writeln!(f, "  - may not bring it")?,
                _ => {}
            }
            write_upgrades(f, &change.pairs, &change.permissions)?;
        }
        match is_empty {
            // Roles that are told one by one may do more together.
            true if self.tokens_bring() => {
                writeln!(
                    f,
                    "no user of the directory can do more or less than before"
                )
            }
            true => writeln!(f, "nobody can do more or less than before"),
            false => Ok(()),
        }
    }
}

/// Pairs, and the permissions of which they do not tell.
fn write_upgrades(
    f: &mut fmt::Formatter<'_>,
    pairs: &[PairUpgrade<'_>],
    permissions: &[PermissionUpgrade<'_>],
) -> fmt::Result {
    for pair in pairs {
        writeln!(f, "  {pair}")?;
    }
    let paths = pairs.iter().map(|it| it.pair.permission.as_deref());
    let told: std::collections::HashSet<Option<&str>> = paths.collect();
    for permission in permissions {
        if !told.contains(&Some(&*permission.permission.path)) {
            writeln!(f, "  {permission}")?;
        }
    }
    Ok(())
}
