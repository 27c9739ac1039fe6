//! Who gains and loses what when an account goes from one catalog to the next.

use std::fmt;

use super::CatalogComparison;
use super::moves::ComparedAbility;
use crate::abilities::{Numbered, write_alike};
use crate::compared::{
    Classes, Compared, LentPairs, Standing, counted_users, movement, role_scopes,
};
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
    roles: &'u [ComparedAbility],
    pub(super) before: &'u Engine,
    pub(super) after: &'u Engine,
}

/// What some people, who are assigned the same, may do otherwise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccessUpgrade<'u> {
    report: UpgradeReport<'u>,
    standing: Standing,
    /// How many users it concerns.
    pub users: usize,
    /// What they may do or see otherwise: operations, fields and rights of the newer catalog in its order;
    /// then what is gone.
    pub abilities: Vec<AbilityUpgrade<'u>>,
    /// The permissions that take effect for them otherwise (D8), whether or not they give any ability. In
    /// the newer tree's order; then what is gone.
    pub permissions: Vec<PermissionUpgrade<'u>>,
}

/// How far something lets people do or see something, before and after; conditions aside.
///
/// Operations before anything is lent (S6): what is lent is told apart, and may make up for a narrower
/// scope. Fields as far as they are both revealed and read, and what is lent counts for reading (M1). Rights
/// of administration as far as they can be used: one that no user's position bears on is there at All, or
/// not at all (A2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbilityUpgrade<'u> {
    /// What it is.
    pub ability: &'u ComparedAbility,
    /// Before; `None`: not at all.
    pub before: Option<Scope>,
    /// After.
    pub after: Option<Scope>,
    /// The number among the comparison's abilities; `None` for the account's own roles.
    pub(super) number: Option<usize>,
}

impl AbilityUpgrade<'_> {
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
        self.ability.conditions_changed && self.before.is_some() && self.after.is_some()
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
    pub gained: Vec<&'u ComparedAbility>,
    /// What is lent no longer.
    pub lost: Vec<&'u ComparedAbility>,
}

/// What a role by itself lets people do or see otherwise, held by somebody or not: what it is worth as a subject
/// or in a token (D18).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleUpgrade<'u> {
    /// The role.
    pub role: &'u str,
    /// What it lets people do or see otherwise; never empty.
    pub abilities: Vec<AbilityUpgrade<'u>>,
}

impl<'u> UpgradeReport<'u> {
    pub(super) fn new(
        comparison: &'u CatalogComparison,
        roles: &'u [ComparedAbility],
        before: &'u Engine,
        after: &'u Engine,
    ) -> UpgradeReport<'u> {
        UpgradeReport {
            comparison,
            roles,
            before,
            after,
        }
    }

    pub(super) fn compared(self) -> Compared<'u> {
        Compared {
            before: &self.before.0,
            after: &self.after.0,
        }
    }

    /// What people may do otherwise, one entry for those who share it. Cost: linear in the users, and in
    /// the abilities and permissions of both catalogs for each entry.
    pub fn access(self) -> Vec<AccessUpgrade<'u>> {
        let users = self.compared().users_by_standing(LentPairs::OfFields);
        let changes = users.into_iter().map(|(standing, users)| {
            let (was, is) = standing.sets();
            AccessUpgrade {
                report: self,
                standing,
                users,
                abilities: self
                    .abilities(|before, after| standing.scopes(self.compared(), before, after)),
                permissions: self.permissions(
                    was.and_then(|set| self.before.0.set_rights(set as usize)),
                    is.and_then(|set| self.after.0.set_rights(set as usize)),
                ),
            }
        });
        changes
            .filter(|change| !change.abilities.is_empty() || !change.permissions.is_empty())
            .collect()
    }

    /// The abilities that reach otherwise, or may for their conditions.
    fn abilities(
        self,
        scopes: impl Fn(Option<&Numbered>, Option<&Numbered>) -> (Option<Scope>, Option<Scope>),
    ) -> Vec<AbilityUpgrade<'u>> {
        let of_both = self.comparison.abilities.len();
        let every: Vec<&'u ComparedAbility> =
            self.comparison.abilities.iter().chain(self.roles).collect();
        let numbers = every
            .iter()
            .map(|it| (it.before.as_ref(), it.after.as_ref()));
        let told = Classes::of(numbers).told(|(before, after)| {
            let (before, after) = scopes(before, after);
            // On other conditions, what stays may be something else.
            (before.is_some() || after.is_some()).then_some((before, after))
        });
        let every = told.into_iter().filter_map(|(place, (before, after))| {
            Some(AbilityUpgrade {
                ability: every.get(place)?,
                before,
                after,
                number: (place < of_both).then_some(place),
            })
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
            let every = self.comparison.abilities.iter();
            for pair in every.filter(|it| it.on == Some(AskedOn::Record)) {
                let is_lent = |state: &State, held: &Option<Numbered>| match held {
                    Some(Numbered::Pair { pair, .. }) => state.is_lent_at(number, *pair),
                    _ => false,
                };
                match (is_lent(before, &pair.before), is_lent(after, &pair.after)) {
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
    /// catalogs does not have are left out. Cost: roles times abilities.
    pub fn roles(self) -> impl Iterator<Item = RoleUpgrade<'u>> + 'u {
        let after = &*self.after.0;
        (0..after.role_numbers()).filter_map(move |number| {
            let role = after.role_id(number)?;
            let old = self.before.0.find_role_number(role)?;
            // Nobody may name what was retired before the policy was written.
            let named = |state: &State, number: u32| !state.is_gone_role(number);
            let abilities = self.role_abilities(
                Some(old).filter(|it| named(&self.before.0, *it)),
                Some(number).filter(|it| named(after, *it)),
            );
            (!abilities.is_empty()).then_some(RoleUpgrade { role, abilities })
        })
    }

    /// The abilities that a role gives otherwise, or may for their conditions; `None` where it is worth
    /// nothing.
    pub(super) fn role_abilities(
        self,
        role_before: Option<u32>,
        role_after: Option<u32>,
    ) -> Vec<AbilityUpgrade<'u>> {
        let roles = (role_before, role_after);
        self.abilities(|before, after| role_scopes(self.compared(), roles, (before, after)))
    }
}

impl<'u> AccessUpgrade<'u> {
    /// The users whom it concerns, by id.
    pub fn users(&self) -> impl Iterator<Item = &'u str> + use<'u> {
        self.report.compared().users_of(self.standing)
    }

    /// Whether they may come to do anything that they could not, lending aside (S6).
    pub fn is_gain(&self) -> bool {
        let permissions = self.permissions.iter().any(PermissionUpgrade::is_gain);
        permissions || self.abilities.iter().any(AbilityUpgrade::is_gain)
    }

    /// Whether they may come not to do something that they could, lending aside (S6).
    pub fn is_loss(&self) -> bool {
        let permissions = self.permissions.iter().any(|it| !it.is_gain());
        permissions || self.abilities.iter().any(AbilityUpgrade::is_loss)
    }
}

impl fmt::Display for AbilityUpgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.before == self.after {
            return write!(f, "? keep {}, on other conditions", self.ability);
        }
        let (sign, verb, how_far) = movement(self.before, self.after);
        write!(f, "{sign} {verb} {}: {how_far}", self.ability)?;
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

impl fmt::Display for ComparedAbility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ability)?;
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
            write_upgrades(f, &change.abilities, &change.permissions)?;
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
            write_upgrades(f, &change.abilities, &change.permissions)?;
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

/// Abilities, and the permissions of which they do not tell.
fn write_upgrades(
    f: &mut fmt::Formatter<'_>,
    abilities: &[AbilityUpgrade<'_>],
    permissions: &[PermissionUpgrade<'_>],
) -> fmt::Result {
    let is_alone =
        |it: &&AbilityUpgrade<'_>| it.ability.ability.is_operation() || it.is_on_other_conditions();
    for ability in abilities.iter().filter(is_alone) {
        writeln!(f, "  {ability}")?;
    }
    let others = abilities.iter().filter(|it| !is_alone(it)).map(|it| {
        let by = it.ability.permission.as_deref();
        (&it.ability.ability, by, it.before, it.after)
    });
    write_alike(f, others)?;
    let paths = abilities.iter();
    let paths = paths.map(|it| it.ability.permission.as_deref());
    let told: std::collections::HashSet<Option<&str>> = paths.collect();
    for permission in permissions {
        if !told.contains(&Some(&*permission.permission.path)) {
            writeln!(f, "  {permission}")?;
        }
    }
    Ok(())
}
