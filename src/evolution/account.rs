//! One stored account under the newer catalog.

use std::collections::HashMap;
use std::fmt;

use super::CatalogComparison;
use super::moves::{ComparedAbility, compared};
use super::narrowed::{NarrowedGrant, narrowed};
use super::report::UpgradeReport;
use crate::abilities::of_account;
use crate::catalog::{Followed, Model};
use crate::compared::counted;
use crate::document::problem::quoted;
use crate::document::{
    DirectoryDocument, Parsed, PolicyDocument, Problem, Problems, Timestamp, Warnings,
};
use crate::engine::Loaded;
use crate::{Catalog, Engine};

/// A stored account, loaded under both catalogs: what follows renames, what loads as something narrower,
/// what breaks, and who gains or loses what. Nothing is worked out before it is asked for.
///
/// Its `Display` says all of it in English.
#[derive(Debug)]
pub struct AccountUpgrade<'c> {
    comparison: &'c CatalogComparison,
    before: Result<Loaded, Problems>,
    after: Result<Loaded, Problems>,
    /// Rights to give and take the account's own roles that need more than one rule.
    roles: Vec<ComparedAbility>,
}

/// What a stored reference stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// A grant.
    Grant,
    /// A deny.
    Deny,
    /// An exception of either.
    Exception,
    /// An adjustable setting.
    Setting,
}

/// A stored reference that leads elsewhere under the newer catalog (D16).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FollowedReference<'u> {
    /// The role that has it; `None` of a setting.
    pub role: Option<&'u str>,
    /// What it stands in.
    pub kind: ReferenceKind,
    /// As it is written.
    pub written: &'u str,
    /// Where it leads under the older catalog. Denies and exceptions follow to every place that a rename
    /// brought anything to; what a rename brings there from elsewhere, a deny's exception does not spare.
    pub before: Vec<String>,
    /// Where it leads under the newer one; never empty.
    pub after: Vec<String>,
}

impl<'c> AccountUpgrade<'c> {
    pub(super) fn new(
        comparison: &'c CatalogComparison,
        policy: &Parsed<PolicyDocument>,
        directory: &Parsed<DirectoryDocument>,
        at: Timestamp,
    ) -> AccountUpgrade<'c> {
        let load = |catalog: &Catalog| Engine::load(catalog, policy, directory, at);
        let (before, after) = (load(&comparison.older), load(&comparison.newer));
        let roles = match (&before, &after) {
            (Ok(before), Ok(after)) => {
                let (older, newer) = (&*comparison.older.0, &*comparison.newer.0);
                let (was, is) = (before.engine.state(), after.engine.state());
                let (was, is) = (of_account(was, is), of_account(is, was));
                compared(older, newer, &comparison.moves, was, is)
            }
            _ => Vec::new(),
        };
        AccountUpgrade {
            before,
            after,
            comparison,
            roles,
        }
    }

    /// The account's engine under the older catalog.
    ///
    /// # Errors
    /// Why it does not load there: then there is nothing to compare the other with.
    pub fn before(&self) -> Result<&Engine, &Problems> {
        self.before.as_ref().map(|it| &it.engine)
    }

    /// The account's engine under the newer catalog.
    ///
    /// # Errors
    /// What breaks: every problem of policy and directory.
    pub fn after(&self) -> Result<&Engine, &Problems> {
        self.after.as_ref().map(|it| &it.engine)
    }

    /// The account's engine under the newer catalog, to be used from now on.
    ///
    /// # Errors
    /// What breaks: every problem of policy and directory; the loader's warnings, if they are refused.
    pub fn into_engine(self, warnings: Warnings<'_>) -> Result<Engine, Problems> {
        self.after?.settle(warnings)
    }

    /// Whether it loads under the older catalog, and not under the newer.
    pub fn is_broken(&self) -> bool {
        self.before.is_ok() && self.after.is_err()
    }

    /// The stored grants that give less than under the older catalog: retired, adjustable by now, narrower,
    /// or moved out of a wildcard. Cost: permissions times grants with wildcards.
    pub fn narrowed(&self) -> Vec<NarrowedGrant<'_>> {
        match (self.before(), self.after()) {
            (Ok(_), Ok(after)) => narrowed(self.comparison, after.state()),
            _ => Vec::new(),
        }
    }

    /// What else is inert or narrower by now: what the loader warns of under the newer catalog and not under
    /// the older, but for grants. Settings that are out of bounds or fixed, features and system roles that
    /// were retired, denies and exceptions of what was.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        let mut known: HashMap<(&str, &str), usize> = HashMap::new();
        let before = self.before.iter().flat_map(|it| &it.warnings);
        for warning in before {
            *known
                .entry((warning.path(), warning.message()))
                .or_default() += 1;
        }
        let after = self.after.iter().flat_map(|it| &it.warnings);
        let after = after.filter(|it| !is_of_grant(it.path()));
        after.filter(move |it| match known.get_mut(&(it.path(), it.message())) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        })
    }

    /// The stored references that lead elsewhere than before: roles in the policy's order, then settings.
    /// Those that lead nowhere any more are among [`Self::narrowed`] and [`Self::warnings`].
    pub fn followed(&self) -> Vec<FollowedReference<'_>> {
        let Ok(after) = self.after() else {
            return Vec::new();
        };
        let state = after.state();
        let version = state.written_version();
        let (older, newer) = (&*self.comparison.older.0, &*self.comparison.newer.0);
        let mut found = Vec::new();
        let mut look = |role, kind, written| {
            let Some(path) = named_path(written) else {
                return;
            };
            let lead = |model: &Model| match kind {
                ReferenceKind::Deny | ReferenceKind::Exception => {
                    let mut places = model.evolution.places(path, version);
                    places.retain(|it| model.permission_names.get(it).is_some());
                    places
                }
                ReferenceKind::Grant | ReferenceKind::Setting => {
                    match model.evolution.follow(path, version) {
                        Followed::Path(today) => vec![today],
                        Followed::Retired => Vec::new(),
                    }
                }
            };
            let (before, after) = (lead(older), lead(newer));
            if before != after && !after.is_empty() {
                found.push(FollowedReference {
                    role,
                    kind,
                    written,
                    before,
                    after,
                });
            }
        };
        for role in (0..state.role_numbers()).filter(|it| state.is_account_role(*it)) {
            let (Some(text), id) = (state.role_text(role), state.role_id(role)) else {
                continue;
            };
            for grant in text.grants {
                look(id, ReferenceKind::Grant, &grant.select);
                for except in &grant.except {
                    look(id, ReferenceKind::Exception, except);
                }
            }
            for denial in text.denies {
                look(id, ReferenceKind::Deny, &denial.select);
                for except in &denial.except {
                    look(id, ReferenceKind::Exception, except);
                }
            }
        }
        for path in state.settings().keys() {
            look(None, ReferenceKind::Setting, path);
        }
        found
    }

    /// An ability of the comparison.
    pub(super) fn compared_ability(&self, number: usize) -> Option<&'c ComparedAbility> {
        self.comparison.abilities.get(number)
    }

    /// Who gains and loses what; `None` where the account does not load under both catalogs.
    pub fn report(&self) -> Option<UpgradeReport<'_>> {
        let (before, after) = (self.before().ok()?, self.after().ok()?);
        Some(UpgradeReport::new(
            self.comparison,
            &self.roles,
            before,
            after,
        ))
    }
}

/// Whether a problem is of a grant itself: its exceptions are looked at apart.
fn is_of_grant(path: &str) -> bool {
    path.contains(".grants[") && !path.contains(".except[")
}

/// The path in a selector; none in `*`.
fn named_path(select: &str) -> Option<&str> {
    match select {
        "*" => None,
        select => Some(select.strip_suffix(".*").unwrap_or(select)),
    }
}

impl fmt::Display for FollowedReference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Some(role) => write!(f, "role {}: ", quoted(role))?,
            None => f.write_str("setting ")?,
        }
        match self.kind {
            ReferenceKind::Grant | ReferenceKind::Setting => {}
            ReferenceKind::Deny => f.write_str("deny of ")?,
            ReferenceKind::Exception => f.write_str("exception of ")?,
        }
        let after: Vec<String> = self.after.iter().map(|it| quoted(it)).collect();
        write!(f, "{} leads to {}", quoted(self.written), after.join(", "))
    }
}

impl fmt::Display for AccountUpgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Err(problems) = &self.before {
            let count = counted(problems.len(), "problem");
            writeln!(f, "does not load under the older catalog: {count}")?;
        }
        if let Err(problems) = &self.after {
            let count = counted(problems.len(), "problem");
            writeln!(f, "does not load under the newer catalog: {count}")?;
            for problem in problems {
                writeln!(f, "  {problem}")?;
            }
        }
        for reference in self.followed() {
            writeln!(f, "{reference}")?;
        }
        for grant in self.narrowed() {
            writeln!(f, "{grant}")?;
        }
        for warning in self.warnings() {
            writeln!(f, "{warning}")?;
        }
        match self.report() {
            Some(report) => write!(f, "{report}"),
            None => Ok(()),
        }
    }
}
