//! Many accounts, added up.

use std::collections::BTreeMap;
use std::fmt;

use super::account::AccountUpgrade;
use super::moves::ComparedAbility;
use crate::compared::counted;
use crate::document::problem::quoted;

/// What an upgrade does to many accounts, added up one by one; collected from
/// [`CatalogComparison::accounts`](super::CatalogComparison::accounts).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct UpgradeTotals<'c> {
    /// How many accounts were looked at.
    pub accounts: usize,
    /// Those that load under the older catalog and not under the newer, by name.
    pub broken: Vec<String>,
    /// Those that do not load under the older catalog, by name, whether or not they do under the newer.
    pub not_compared: Vec<String>,
    /// How many have something that loads as narrower, or without effect.
    pub narrowed: usize,
    /// How many have references that follow renames.
    pub followed: usize,
    /// Accounts in which users may come to do more, lending aside, and how many.
    pub gaining: Affected,
    /// Accounts in which users may come to do less, lending aside, and how many.
    pub losing: Affected,
    /// How many accounts have positions to which something is lent otherwise (S6): that counts nowhere
    /// else, and may make up for what is lost.
    pub lending: usize,
    /// How many accounts have roles that let tokens do otherwise (D18): tokens count nowhere else.
    pub tokens: usize,
    abilities: BTreeMap<usize, (&'c ComparedAbility, AbilityTotals)>,
}

/// How many are affected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Affected {
    /// Accounts.
    pub accounts: usize,
    /// Users of their directories.
    pub users: usize,
}

/// How many may do or see one thing otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AbilityTotals {
    /// Who may come to do it further than before.
    pub gaining: Affected,
    /// Who may come to do it less far.
    pub losing: Affected,
}

impl<'c> UpgradeTotals<'c> {
    /// Adds an account. Cost: its report's.
    pub fn add(&mut self, name: impl Into<String>, upgrade: &AccountUpgrade<'c>) {
        self.accounts += 1;
        if upgrade.is_broken() {
            self.broken.push(name.into());
        } else if upgrade.before().is_err() {
            self.not_compared.push(name.into());
        }
        let Some(report) = upgrade.report() else {
            return;
        };
        let is_narrowed = upgrade.warnings().next().is_some() || !upgrade.narrowed().is_empty();
        self.narrowed += usize::from(is_narrowed);
        self.followed += usize::from(!upgrade.followed().is_empty());
        self.lending += usize::from(!report.lending().is_empty());
        self.tokens += usize::from(report.tokens().next().is_some());
        let (mut gaining, mut losing) = (0, 0);
        let mut abilities: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for change in report.access() {
            gaining += if change.is_gain() { change.users } else { 0 };
            losing += if change.is_loss() { change.users } else { 0 };
            for ability in &change.abilities {
                let Some(number) = ability.number else {
                    continue;
                };
                let (gaining, losing) = abilities.entry(number).or_default();
                *gaining += if ability.is_gain() { change.users } else { 0 };
                *losing += if ability.is_loss() { change.users } else { 0 };
            }
        }
        self.gaining.add(gaining);
        self.losing.add(losing);
        for (number, (gaining, losing)) in abilities {
            let Some(ability) = upgrade.compared_ability(number) else {
                continue;
            };
            let (_, totals) = self
                .abilities
                .entry(number)
                .or_insert((ability, Default::default()));
            totals.gaining.add(gaining);
            totals.losing.add(losing);
        }
    }

    /// What may be done or seen otherwise by somebody, and by how many: in the newer catalog's order, then what is
    /// gone.
    pub fn abilities(&self) -> impl Iterator<Item = (&'c ComparedAbility, AbilityTotals)> {
        self.abilities.values().copied()
    }
}

impl Affected {
    fn add(&mut self, users: usize) {
        self.accounts += usize::from(users > 0);
        self.users += users;
    }
}

impl<'c, N: Into<String>> Extend<(N, AccountUpgrade<'c>)> for UpgradeTotals<'c> {
    fn extend<I: IntoIterator<Item = (N, AccountUpgrade<'c>)>>(&mut self, accounts: I) {
        for (name, upgrade) in accounts {
            self.add(name, &upgrade);
        }
    }
}

impl<'c, N: Into<String>> FromIterator<(N, AccountUpgrade<'c>)> for UpgradeTotals<'c> {
    fn from_iter<I: IntoIterator<Item = (N, AccountUpgrade<'c>)>>(accounts: I) -> Self {
        let mut totals = UpgradeTotals::default();
        totals.extend(accounts);
        totals
    }
}

impl fmt::Display for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, accounts) = (
            counted(self.users, "user"),
            counted(self.accounts, "account"),
        );
        write!(f, "{users} of {accounts}")
    }
}

impl fmt::Display for UpgradeTotals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Accounts that are named.
        const NAMED: usize = 10;
        writeln!(f, "{}", counted(self.accounts, "account"))?;
        for (what, names) in [
            ("broken", &self.broken),
            ("not loading before", &self.not_compared),
        ] {
            if names.is_empty() {
                continue;
            }
            let shown: Vec<String> = names.iter().take(NAMED).map(|it| quoted(it)).collect();
            let more = if names.len() > NAMED { ", …" } else { "" };
            writeln!(f, "{} {what}: {}{more}", names.len(), shown.join(", "))?;
        }
        for (what, count) in [
            ("following renames", self.followed),
            ("with something narrower or without effect", self.narrowed),
            ("lending otherwise", self.lending),
            ("with roles that let tokens do otherwise", self.tokens),
        ] {
            if count > 0 {
                writeln!(f, "{count} {what}")?;
            }
        }
        writeln!(f, "gaining: {}", self.gaining)?;
        writeln!(f, "losing: {}", self.losing)?;
        for (ability, totals) in self.abilities() {
            for (sign, affected) in [('+', totals.gaining), ('-', totals.losing)] {
                if affected.accounts > 0 {
                    writeln!(f, "  {sign} {ability}: {affected}")?;
                }
            }
        }
        Ok(())
    }
}
