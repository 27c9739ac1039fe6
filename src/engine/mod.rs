//! The engine: one account's catalog, policy and directory, compiled. The PDP.

mod accounts;
mod ask;
mod asker;
mod bearer;
mod cells;
mod check;
mod common;
mod draft;
mod evaluate;
mod explain;
mod export;
mod features;
#[cfg(feature = "mask")]
mod fields;
mod holders;
mod lending;
mod load;
mod not_ready;
mod packed_users;
mod palettes;
mod positions;
mod reads;
mod revealing;
mod rights;
mod roles;
mod sets;
mod standpoint;
mod tables;
mod users;
mod view;

pub(crate) use cells::is_effective;
pub(crate) use common::Common;
pub(crate) use draft::Draft;
pub(crate) use evaluate::{Extent, JudgedPair};
pub(crate) use explain::{Asking, FailingCondition, Owned, Recorded};
pub(crate) use load::{Loaded, OUT_OF_CALENDAR, check_created, own_rights, read_settings};
pub(crate) use positions::NoHierarchy;
pub(crate) use rights::{Holder, Planes};
pub(crate) use sets::{Assigned, Sets};
pub(crate) use users::{End, Ends, Extras, Held, NOWHERE, User};

pub use accounts::{Accounts, AccountsInContext, OtherCatalog};
pub use ask::InContext;
pub(crate) use asker::{Asker, got_further};
pub use load::EngineBuilder;
pub(crate) use standpoint::Standpoint;
pub(crate) use view::Label;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::Scope;
use crate::Timestamp;
use crate::catalog::{Catalog, Model, Operation, Rights};
use crate::decision::{NONE, Part};
use crate::document::{AskedOn, RoleDocument};
use crate::id::{Brand, PackageId, PositionId, RoleId, UserId};
use crate::names::Known;
use crate::ordered::Ordered;
use lending::Lent;
use not_ready::NotReady;
use positions::Positions;
use roles::{Packages, Roles};
use tables::Tables;
use users::Users;

/// Catalog, policy and directory of one account, compiled: immutable, cheap to clone, shared by
/// threads as it is.
///
/// ```
/// use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
/// # let catalog = CatalogDocument::from_toml("c.toml", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders", scopes = ["own", "all"] }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"] }]
/// # "#);
/// let policy = PolicyDocument::from_toml("policy.toml", r#"
///     format = 2
///     catalog_version = 1
///     roles = [{ id = "seller", grants = [{ select = "orders", scope = "own" }] }]
/// "#);
/// let directory = DirectoryDocument::from_toml("directory.toml", r#"
///     format = 2
///     users = [{ id = "ann", roles = ["seller"] }, { id = "bob" }]
/// "#);
/// let engine = Engine::new(&Catalog::new(catalog, Warnings::Refuse)?, policy, directory, Timestamp(0), Warnings::Refuse)?;
///
/// let hers = Record::of("order").id("1").owner("ann");
/// let his = Record::of("order").id("2").owner("bob");
/// assert!(engine.check("ann", "cancel", &hers).is_allow());
/// assert_eq!(engine.check("ann", "cancel", &his).code(), "out_of_scope");
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<State>);

/// Everything that a check reads, and what its documents said besides. Its parts are shared between
/// revisions: a change copies what it touches (I7).
#[derive(Clone)]
pub(crate) struct State {
    catalog: Catalog,
    catalog_brand: Brand,
    /// What a check reads of the catalog's operations.
    asked: Arc<[Asked]>,
    /// Whether the catalog serves many accounts (D11).
    serves_many: bool,
    /// Of the account's lineage.
    brand: Brand,
    account: Option<Arc<str>>,
    revision: u64,
    /// The version of the catalog that the policy was written against (D16).
    catalog_version: u32,
    /// The features that the policy names, in its order.
    features: Arc<[Box<str>]>,
    settings: Arc<BTreeMap<String, String>>,
    used: Arc<UsedIds>,
    /// For each permission, the first feature that it lacks (D6), and where it is named. Empty where
    /// none lacks one, as are the next two.
    missing_features: Arc<[Option<(u16, Part)>]>,
    /// For each pair and each operation, the first feature of its own that is not enabled, or `NONE`.
    pair_features: Arc<[u16]>,
    operation_features: Arc<[u16]>,
    roles: Arc<Roles>,
    packages: Arc<Packages>,
    positions: Arc<Positions>,
    users: Users,
    sets: Arc<Sets>,
    /// For each access set, a cell for each operation, and one for each pair.
    cells: Tables,
    /// Where the catalog reads "reports' records" as accessible (S6).
    lent: Option<Arc<Lent>>,
    /// People who are denied because of what could not be read (D16).
    not_ready: Option<Arc<NotReady>>,
}

/// Ids that were used and are not given again (A5).
#[derive(Default, Clone)]
struct UsedIds {
    users: Ordered<Arc<str>>,
    roles: Ordered<Arc<str>>,
    positions: Ordered<Arc<str>>,
}

impl UsedIds {
    fn is_empty(&self) -> bool {
        [&self.users, &self.roles, &self.positions]
            .iter()
            .all(|ids| ids.len() == 0)
    }
}

/// What a check reads of an operation, in four bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    r#type: u16,
    on: AskedOn,
    /// Whether the record's owner may matter: a permission that allows it offers more than `all`.
    is_scoped: bool,
}

impl Asked {
    fn of(model: &Model) -> Arc<[Asked]> {
        let offers_more = |permission: u16| {
            let known = model.permissions.get(permission as usize);
            known.is_some_and(|it| it.scopes.only() != Some(Scope::All))
        };
        let is_scoped = |operation: &Operation| {
            let pairs = operation.pairs.start as usize..operation.pairs.end as usize;
            operation.on == AskedOn::Record
                && model.pairs.get(pairs).into_iter().flatten().any(|pair| {
                    offers_more(pair.permission)
                        || model.narrowing(operation, pair).any(offers_more)
                })
        };
        let asked = |operation: &Operation| Asked {
            r#type: operation.r#type,
            on: operation.on,
            is_scoped: is_scoped(operation),
        };
        model.operations.iter().map(asked).collect()
    }
}

impl Engine {
    /// The catalog it was compiled with.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The account's id, where the policy states one.
    pub fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// The number of this state; every decision carries it.
    pub fn revision(&self) -> u64 {
        self.0.revision
    }

    /// When the next assignment ends (D2); until then a check needs no clock.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.0.users.next_end()
    }

    /// The user of that id.
    pub fn user(&self, id: &str) -> Option<UserId> {
        Some(UserId::new(self.0.users.find_live(id)?, self.0.brand))
    }

    /// The id of a user; `None` of another account's.
    pub fn user_name(&self, user: UserId) -> Option<&str> {
        let index = user.index(self.0.brand)?;
        self.0.users.name(u32::try_from(index).ok()?)
    }

    /// How many users the directory has.
    pub fn user_count(&self) -> usize {
        self.0.users.count()
    }

    /// The position of that id.
    pub fn position(&self, id: &str) -> Option<PositionId> {
        Some(PositionId::new(self.0.positions.find(id)?, self.0.brand))
    }

    /// The role of that id, `system:…` or the account's own.
    pub fn role(&self, id: &str) -> Option<RoleId> {
        Some(RoleId::new(self.0.roles.find(id)?, self.0.brand))
    }

    /// The roles of the account, the system's first.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.0.roles.every()
    }

    /// The package of that id.
    pub fn package(&self, id: &str) -> Option<PackageId> {
        Some(PackageId::new(self.0.packages.find(id)?, self.0.brand))
    }

    /// Whether the first position stands strictly below the second, at any depth (S1).
    pub fn is_below(&self, low: PositionId, high: PositionId) -> bool {
        match (low.index(self.0.brand), high.index(self.0.brand)) {
            (Some(low), Some(high)) => self.0.positions.reach.is_below(low as u32, high as u32),
            _ => false,
        }
    }

    /// A role of the account, as it is written; `None` of a system role.
    pub fn role_document(&self, role: &str) -> Option<&RoleDocument> {
        let role = self.0.roles.get(self.0.roles.find(role)?)?;
        role.document.as_deref()
    }

    /// The version of the catalog that the policy was written against (D16).
    pub fn catalog_version(&self) -> u32 {
        self.0.catalog_version
    }

    /// What a role and all its juniors grant and deny (D2), settings included.
    pub(crate) fn role_rights(&self, role: &str) -> Option<Rights> {
        let planes = &self.0.roles.get(self.0.roles.find(role)?)?.closure;
        let permissions = self.0.model().permissions.len();
        let every = || 0..permissions as u16;
        Some(Rights {
            granted: every().map(|it| planes.granted(it)).collect(),
            denied: every().map(|it| planes.denied(it)).collect(),
        })
    }

    /// The first feature that a permission lacks in the account (D6).
    pub(crate) fn locking_feature(&self, permission: u16) -> Option<u16> {
        Some(self.0.missing_feature(permission)?.0)
    }

    /// The same engine, its cells packed as those of large accounts are: a test need not be large to ask
    /// packed tables.
    #[doc(hidden)]
    pub fn packed(&self) -> Engine {
        let mut state = State::clone(&self.0);
        state.cells = Tables::of_every_set(&state, 0);
        Engine(Arc::new(state))
    }

    /// How many access sets the users share: distinct combinations of roles and packages.
    pub fn access_set_count(&self) -> usize {
        self.0.sets.used()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("catalog", &self.0.catalog)
            .field("account", &self.account())
            .field("revision", &self.revision())
            .field("users", &self.user_count())
            .finish_non_exhaustive()
    }
}

impl State {
    #[inline]
    pub(crate) fn model(&self) -> &Model {
        &self.catalog.0
    }

    pub(crate) fn missing_feature(&self, permission: u16) -> Option<(u16, Part)> {
        *self.missing_features.get(permission as usize)?
    }

    /// Returns whether none of these permissions lacks a feature. Each bit of the word is one of them.
    pub(crate) fn lacks_no_feature(&self, word: usize, permissions: usize) -> bool {
        let first = word * usize::BITS as usize;
        let lacks = |bit: usize| {
            permissions >> bit & 1 != 0 && self.missing_feature((first + bit) as u16).is_some()
        };
        self.missing_features.is_empty() || !(0..usize::BITS as usize).any(lacks)
    }

    pub(crate) fn pair_feature(&self, pair: u16) -> u16 {
        self.pair_features
            .get(pair as usize)
            .copied()
            .unwrap_or(NONE)
    }

    pub(crate) fn operation_feature(&self, operation: u16) -> u16 {
        self.operation_features
            .get(operation as usize)
            .copied()
            .unwrap_or(NONE)
    }
}
