//! What a newer version of a catalog does to the accounts that exist (D16): before it is shipped.
//!
//! [`Catalog::compare`] says what the newer version renamed, retired, added and changed, or why it is no
//! later version at all. [`CatalogComparison::account`] loads one stored account under both, and
//! [`CatalogComparison::accounts`] any number, one after the other; [`UpgradeTotals`] adds them up.
//!
//! ```
//! use bailiwick::evolution::UpgradeTotals;
//! use bailiwick::{Catalog, Timestamp, Warnings, document::*};
//! let older = Catalog::new(CatalogDocument::from_toml("shop-1.toml", r#"
//!     format = 2
//!     id = "shop"
//!     version = 1
//!     accounts = "many"
//!     permissions = [{ path = "orders" }, { path = "orders.cancel" }]
//!     types = [{ id = "order" }]
//!     operations = [
//!       { type = "order", action = "list", on = "type", allowed_by = ["orders"] },
//!       { type = "order", action = "cancel", on = "record", allowed_by = ["orders.cancel"] },
//!     ]
//! "#), Warnings::Refuse)?;
//! let newer = Catalog::new(CatalogDocument::from_toml("shop-2.toml", r#"
//!     format = 2
//!     id = "shop"
//!     version = 2
//!     accounts = "many"
//!     permissions = [
//!       { path = "sales" }, { path = "sales.cancel", requires = ["sales"] }, { path = "sales.refund" },
//!     ]
//!     types = [{ id = "order" }]
//!     operations = [
//!       { type = "order", action = "list", on = "type", allowed_by = ["sales"] },
//!       { type = "order", action = "cancel", on = "record", allowed_by = ["sales.cancel"] },
//!       { type = "order", action = "refund", on = "record", allowed_by = ["sales.refund"] },
//!     ]
//!     renamed = [{ version = 2, from = "orders", to = "sales" }]
//! "#), Warnings::Refuse)?;
//!
//! let comparison = older.compare(&newer)?;
//! assert_eq!(
//!     comparison.to_string(),
//!     "permission `sales`: renamed from `orders`\n\
//!      permission `sales.cancel`: requires +`sales`\n\
//!      permission `sales.refund`: added\n\
//!      operation `order:refund`: added\n",
//! );
//!
//! // Stored accounts, read one by one from wherever they are.
//! let stored = [("acme", "orders.*"), ("globex", "orders.cancel"), ("initech", "ordres")];
//! let accounts = stored.map(|(account, grant)| {
//!     let policy = PolicyDocument {
//!         account: Some(account.to_owned()),
//!         roles: vec![RoleDocument::new("seller").grant(grant)],
//!         ..PolicyDocument::new(1)
//!     };
//!     (account, policy, DirectoryDocument::new([UserDocument::new("ann").role("seller")]))
//! });
//! let mut totals = UpgradeTotals::default();
//! for (account, upgrade) in comparison.accounts(accounts, Timestamp(0)) {
//!     totals.add(account, &upgrade);
//!     if account == "acme" {
//!         assert_eq!(
//!             upgrade.to_string(),
//!             "role `seller`: `orders.*` leads to `sales`\n\
//!              1 user (`ann`)\n  + gain `order:refund` by `sales.refund`: all\n",
//!         );
//!     }
//!     if account == "globex" {
//!         // Cancelling now needs what Ann was never granted.
//!         let report = upgrade.report().unwrap();
//!         assert!(report.to_string().contains("- lose `order:cancel` by `sales.cancel`: all"));
//!     }
//! }
//! // One account's bad policy does not stop the others; it did not load before either.
//! assert_eq!(totals.not_compared, ["initech"]);
//! assert_eq!((totals.gaining.users, totals.losing.users), (1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who can gain
//!
//! Where a newer version only renames, retires what nothing requires, narrows, requires more and adds,
//! nobody gains anything but by what follows, and each is told as a gain:
//!
//! - A wildcard, `sales.*` or `*`, covers what was added below, and what a rename brought below (D5).
//! - A wildcard or grant without a scope gives what offers one scope only by now (S5).
//! - What a rename takes from below a node that a feature gates leaves that gate behind (D6), unless the
//!   newer catalog names the feature on it.
//! - What a rename brings below an exception is spared by it: of a deny, that gives it back (D5).
//! - What any of these gives may be the prerequisite of something else (D7), and what somebody below gains
//!   at All may be lent (S6).
//!
//! A retired permission that others required narrows nothing any more, nor does one that allows no operation
//! on records any more (D7); what becomes adjustable goes to whoever has the role of its default: these are
//! gains too, and told.
//!
//! Of people it tells the operations that they may do, the fields that they see in clear, and their rights
//! of administration. They are the users of the directory, conditions aside; where conditions differ it says
//! so. [`UpgradeReport::roles`] tells what each role is worth by itself, as tokens bring it. How a mask
//! looks, and what requests must state, are no rights of anybody: [`CatalogComparison::changes`] has them.
//!
//! # Storing what was upgraded
//!
//! Nothing needs to be. A stored policy states the version that it was written against, and every later
//! catalog reads it so; [`Engine::policy`](crate::Engine::policy) writes it as it was written, with that
//! version. To bring it to a newer version it is written anew against that, since its texts then mean
//! something else, and imported by [`Change::ImportPolicy`](crate::admin::Change::ImportPolicy) into the
//! engine under the newer catalog, which holds it against what the account has, as any other change. Users
//! who are assigned a system role that the newer version retired must be without it by then.

mod account;
mod change;
mod differences;
mod incomparable;
mod moves;
mod narrowed;
mod report;
mod tokens;
mod totals;

pub use account::{AccountUpgrade, FollowedReference, ReferenceKind};
pub use change::{Aspect, CatalogChange, CatalogPart, Difference};
pub use incomparable::{Conflict, Incomparable};
pub use moves::ComparedAbility;
pub use narrowed::{NarrowedBy, NarrowedGrant};
pub use report::{
    AbilityUpgrade, AccessUpgrade, ComparedPermission, LendingUpgrade, PermissionUpgrade,
    RoleUpgrade, UpgradeReport,
};
pub use tokens::TokenUpgrade;
pub use totals::{AbilityTotals, Affected, UpgradeTotals};

use std::fmt;

use crate::Catalog;
use crate::catalog::Model;
use crate::document::{DirectoryDocument, Parsed, PolicyDocument, Timestamp};
use moves::{Moves, permission_path};

/// Two versions of a catalog; made by [`Catalog::compare`].
///
/// Its `Display` lists what changed, one thing a line.
#[derive(Debug, Clone)]
pub struct CatalogComparison {
    older: Catalog,
    newer: Catalog,
    changes: Vec<CatalogChange>,
    moves: Moves,
    abilities: Vec<ComparedAbility>,
    permissions: Vec<ComparedPermission>,
}

impl Catalog {
    /// What a newer version of this catalog changed. Cost: linear in both.
    ///
    /// # Errors
    /// Everything for which it is no later version of this one: another id, a lower version, a change
    /// without a new version; a path that is gone and neither renamed nor retired; one that was given up
    /// and is used again; a rename to a path that this version has; two nodes that became one; another
    /// account of what versions up to this one renamed or retired.
    pub fn compare(&self, newer: &Catalog) -> Result<CatalogComparison, Incomparable> {
        let (from, to) = (&*self.0, &*newer.0);
        let moves = Moves::between(from, to)?;
        let changes = differences::differences(from, to, &moves);
        if from.version == to.version && !changes.is_empty() {
            let version = from.version;
            return Err(Incomparable(vec![Conflict::SameVersion { version }]));
        }
        Ok(CatalogComparison {
            abilities: moves::abilities(from, to, &moves),
            permissions: permissions(from, to, &moves),
            older: self.clone(),
            newer: newer.clone(),
            changes,
            moves,
        })
    }
}

/// Every permission of the newer catalog, then those that it lacks.
fn permissions(older: &Model, newer: &Model, moves: &Moves) -> Vec<ComparedPermission> {
    let origins = moves.origin.iter().zip(0..);
    let living = origins.map(|(&before, after)| ComparedPermission {
        path: permission_path(newer, after).unwrap_or_default(),
        before,
        after: Some(after),
    });
    let gone = moves.today.iter().zip(0..);
    let gone = gone.filter(|(today, _)| today.is_none());
    let gone = gone.map(|(_, before)| ComparedPermission {
        path: permission_path(older, before).unwrap_or_default(),
        before: Some(before),
        after: None,
    });
    living.chain(gone).collect()
}

impl CatalogComparison {
    /// The older catalog.
    pub fn older(&self) -> &Catalog {
        &self.older
    }

    /// The newer catalog.
    pub fn newer(&self) -> &Catalog {
        &self.newer
    }

    /// What the newer one says otherwise, room by room of the document, always in the same order.
    pub fn changes(&self) -> &[CatalogChange] {
        &self.changes
    }

    /// A stored account, parsed or not, under both catalogs. Assignments that have ended at that moment
    /// are dropped (D2).
    ///
    /// Never fails: what is wrong with the documents is in the result. Cost: loads the account twice.
    pub fn account(
        &self,
        policy: impl Into<Parsed<PolicyDocument>>,
        directory: impl Into<Parsed<DirectoryDocument>>,
        at: Timestamp,
    ) -> AccountUpgrade<'_> {
        AccountUpgrade::new(self, &policy.into(), &directory.into(), at)
    }

    /// Stored accounts, each with a name of the caller's choice, one after the other as they are asked
    /// for: none is kept. What is wrong with one does not stop the others.
    pub fn accounts<N, P, D>(
        &self,
        stored: impl IntoIterator<Item = (N, P, D)>,
        at: Timestamp,
    ) -> impl Iterator<Item = (N, AccountUpgrade<'_>)>
    where
        P: Into<Parsed<PolicyDocument>>,
        D: Into<Parsed<DirectoryDocument>>,
    {
        let stored = stored.into_iter();
        stored.map(move |(name, policy, directory)| (name, self.account(policy, directory, at)))
    }
}

impl fmt::Display for CatalogComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        Ok(())
    }
}
