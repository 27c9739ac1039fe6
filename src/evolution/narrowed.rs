//! Stored grants that give less under the newer catalog than under the older (D16).

use std::collections::HashMap;
use std::fmt;

use super::CatalogComparison;
use crate::Scope;
use crate::catalog::{Model, give};
use crate::document::GrantDocument;
use crate::document::problem::{Path, Report, Source, quoted};
use crate::engine::State;

/// A stored grant that gives a permission less far than under the older catalog, or no more. What the role
/// gives by other grants is not counted in: who loses by it, the report says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NarrowedGrant<'u> {
    /// The role that has it.
    pub role: &'u str,
    /// As it is written.
    pub grant: &'u GrantDocument,
    /// The permission's path: today's, or the one that it had.
    pub permission: &'u str,
    /// How far it gave it.
    pub before: Scope,
    /// How far it gives it; `None`: not at all.
    pub after: Option<Scope>,
    /// Why.
    pub cause: NarrowedBy,
}

/// Why a stored grant gives less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NarrowedBy {
    /// The permission was retired.
    Retired,
    /// It comes from a setting by now, and not from grants (D13).
    Adjustable,
    /// The scope is no longer offered: the widest offered below it counts (S5).
    Scopes,
    /// A rename took it out of what the wildcard covers, or below one of its exceptions (D5).
    Moved,
}

/// The grants of account roles, in the policy's order.
pub(super) fn narrowed<'u>(
    comparison: &'u CatalogComparison,
    state: &'u State,
) -> Vec<NarrowedGrant<'u>> {
    let (older, newer) = (&*comparison.older.0, &*comparison.newer.0);
    let mut found = Vec::new();
    for role in (0..state.role_numbers()).filter(|it| state.is_account_role(*it)) {
        let (Some(text), Some(role)) = (state.role_text(role), state.role_id(role)) else {
            continue;
        };
        for grant in text.grants {
            let before = given(older, grant, text.version);
            let after = given(newer, grant, text.version);
            let after: HashMap<u16, Scope> = after.into_iter().collect();
            for (old, before) in before {
                let today = comparison.moves.today.get(old as usize).copied().flatten();
                let after = today.and_then(|it| after.get(&it)).copied();
                if after >= Some(before) {
                    continue;
                }
                let known = match today {
                    Some(today) => newer.permissions.get(today as usize),
                    None => older.permissions.get(old as usize),
                };
                let Some(known) = known else { continue };
                let offered = grant.scope.map_or_else(
                    || known.scopes.only(),
                    |scope| known.scopes.widest_within(scope),
                );
                found.push(NarrowedGrant {
                    role,
                    grant,
                    permission: &known.path,
                    before,
                    after,
                    cause: match today {
                        None => NarrowedBy::Retired,
                        Some(_) if known.adjustable.is_some() => NarrowedBy::Adjustable,
                        Some(_) if after != offered => NarrowedBy::Moved,
                        Some(_) => NarrowedBy::Scopes,
                    },
                });
            }
        }
    }
    found
}

/// What a grant gives, in preorder. What is worth a warning was said when the account was loaded.
fn given(model: &Model, grant: &GrantDocument, version: u32) -> Vec<(u16, Scope)> {
    let source = Source::default();
    let mut report = Report::new(&source).with_nearest_budget(0);
    let given = give(model, grant, version, &Path::ROOT, &mut report);
    given.given.into_vec()
}

impl fmt::Display for NarrowedGrant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, written) = (quoted(self.role), quoted(&self.grant.select));
        write!(f, "role {role}: {written} ")?;
        let permission = quoted(self.permission);
        match self.after {
            Some(after) => write!(
                f,
                "gives {permission} as far as {after}, not {}",
                self.before
            )?,
            None => write!(f, "no longer gives {permission}")?,
        }
        f.write_str(match self.cause {
            NarrowedBy::Retired => ": it was retired",
            NarrowedBy::Adjustable => ": it comes from a setting",
            NarrowedBy::Scopes => ": it offers other scopes",
            NarrowedBy::Moved => ": it was moved out of what the grant covers",
        })
    }
}
