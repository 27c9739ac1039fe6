//! The catalog, validated: names resolved, contradictions gone, everything numbered.
//!
//! Permissions are numbered in the tree's preorder, so that a subtree is one range (I3); an operation's
//! pairs lie side by side in catalog order (I4).

mod build;
mod condition;
mod covers;
mod evolution;
mod operations;
mod selector;

pub(crate) use build::{
    SYSTEM, check_identifier, check_limit, find, find_or, insert, report_cycles,
};
pub(crate) use condition::{Condition, Operator, Right, Verdict};
pub(crate) use covers::{given_scope, is_denied_by};
#[cfg(feature = "live")]
pub(crate) use evolution::Evolution;
pub(crate) use evolution::{Followed, is_at_or_below};
pub(crate) use selector::{
    Given, Rights, give, is_of_format_1, refuse_new, resolve_denial, resolve_grant, warn_of_missed,
};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bitvec::prelude::{BitVec, Lsb0};

use crate::Scope;
use crate::decision::NONE;
use crate::document::{
    AccountsServed, AskedOn, CatalogDocument, ChangeKind, Parsed, Problems, PropertyType, Reach,
    Warnings,
};
use crate::engine::Common;
use crate::id::{Brand, FeatureId, OperationId, PermissionId, PropertyId, TypeId};
use crate::names::{NamePairs, Names};

pub use operations::{OperationNames, UnknownOperations};

/// What a product ships, validated and numbered. Cheap to clone; immutable.
///
/// ```
/// use bailiwick::{Catalog, document::CatalogDocument, Warnings};
/// let text = r#"
///     format = 2
///     id = "shop"
///     version = 1
///     permissions = [{ path = "orders" }, { path = "orders.cancel", requires = ["orders"] }]
///     types = [{ id = "order" }]
///     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders.cancel"] }]
/// "#;
/// let catalog = Catalog::new(CatalogDocument::from_toml("shop.toml", text), Warnings::Refuse)?;
/// assert!(catalog.operation("order", "cancel").is_some());
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Clone)]
pub struct Catalog(pub(crate) Arc<Model>);

/// The numbered catalog.
pub(crate) struct Model {
    pub(crate) brand: Brand,
    pub(crate) id: Box<str>,
    pub(crate) version: u32,
    pub(crate) accounts: AccountsServed,
    pub(crate) reach: Reach,
    /// In preorder.
    pub(crate) permissions: Vec<Permission>,
    pub(crate) permission_names: Names,
    /// Permissions, each after all of its prerequisites.
    pub(crate) prerequisites_first: Vec<u16>,
    pub(crate) features: Vec<Feature>,
    pub(crate) feature_names: Names,
    pub(crate) types: Vec<Type>,
    pub(crate) type_names: Names,
    pub(crate) properties: Vec<Property>,
    pub(crate) operations: Vec<Operation>,
    /// Type and action to operation.
    pub(crate) operations_by_names: NamePairs,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) roles: Vec<SystemRole>,
    pub(crate) role_names: Arc<Names>,
    pub(crate) administration: Administration,
    pub(crate) tokens_bring_account_roles: bool,
    pub(crate) document: CatalogDocument,
    pub(crate) evolution: evolution::Evolution,
    /// What the engines of all accounts share.
    pub(crate) common: Common,
}

pub(crate) struct Permission {
    pub(crate) path: Box<str>,
    /// One past the last permission below.
    pub(crate) end: u16,
    pub(crate) parent: Option<u16>,
    pub(crate) scopes: Scopes,
    pub(crate) features: Vec<u16>,
    pub(crate) requires: Vec<u16>,
    /// Every prerequisite, direct or not; not the permission itself.
    /// Empty where there is none.
    pub(crate) closure: BitVec<usize, Lsb0>,
    pub(crate) adjustable: Option<Adjustable>,
}

/// The scopes that a permission offers (S5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scopes(u8);

impl Scopes {
    pub(crate) fn of(scopes: &[Scope]) -> Scopes {
        match scopes {
            [] => Scopes(1 << Scope::All as u8),
            some => Scopes(some.iter().fold(0, |bits, scope| bits | 1 << *scope as u8)),
        }
    }

    pub(crate) fn offers(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::EVERY
            .into_iter()
            .filter(move |scope| self.offers(*scope))
    }

    /// The only one offered.
    pub(crate) fn only(self) -> Option<Scope> {
        let mut offered = self.iter();
        offered.next().filter(|_| offered.next().is_none())
    }

    /// The widest offered that is not wider.
    pub(crate) fn widest_within(self, scope: Scope) -> Option<Scope> {
        self.iter().filter(|offered| *offered <= scope).last()
    }
}

/// How an adjustable permission is set (D13). Roles are indices of the catalog's.
pub(crate) struct Adjustable {
    pub(crate) ladder: Vec<u16>,
    /// Places on the ladder.
    pub(crate) default: usize,
    pub(crate) floor: usize,
    pub(crate) ceiling: usize,
    /// The permission that changing the setting needs.
    pub(crate) changed_by: Option<u16>,
}

/// Which permission each kind of change needs (A2); system roles have rules of their own.
#[derive(Default)]
pub(crate) struct Administration {
    pub(crate) changes: BTreeMap<ChangeKind, u16>,
    pub(crate) assign_account_roles: Option<u16>,
    pub(crate) revoke_account_roles: Option<u16>,
    /// Kinds of change that A4's comparison does not bind: to a system role, or to every role that
    /// accounts make.
    pub(crate) exempt: BTreeSet<(ChangeKind, Option<u32>)>,
    pub(crate) removal_revokes_nothing: bool,
}

pub(crate) struct Feature {
    pub(crate) id: Box<str>,
    pub(crate) retired: Option<u32>,
}

pub(crate) struct Type {
    pub(crate) id: Box<str>,
    pub(crate) operation_names: Names,
    /// Index in `operation_names` to operation.
    pub(crate) operations: Vec<u16>,
    pub(crate) reassign: Option<u16>,
    /// Permissions that allow an operation on a record of the type: as prerequisites they narrow (D7).
    pub(crate) narrowing: BitVec<usize, Lsb0>,
    /// What reading a record is, and the fields that not everybody sees (M1).
    pub(crate) fields: Fields,
}

/// The fields of a type.
#[derive(Default)]
pub(crate) struct Fields {
    /// The record operation that reading is.
    pub(crate) read: Option<u16>,
    /// How each is masked.
    #[cfg(feature = "mask")]
    pub(crate) rules: Arc<crate::mask::Rules>,
    /// The permission that reveals each, as the catalog writes them.
    pub(crate) reveals: Vec<u16>,
}

/// Where a property is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Bearer {
    Resource(u16),
    Subject,
    Context,
    /// Three exist undeclared (D10): the record's id and its owner's, by type, and the subject's.
    ResourceId(u16),
    ResourceOwner(u16),
    SubjectId,
}

impl Bearer {
    /// The word that documents use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Bearer::Resource(_) | Bearer::ResourceId(_) | Bearer::ResourceOwner(_) => "resource",
            Bearer::Subject | Bearer::SubjectId => "subject",
            Bearer::Context => "context",
        }
    }

    /// Where conditions name the property.
    pub(crate) const fn named_on(self) -> Bearer {
        match self {
            Bearer::ResourceId(r#type) | Bearer::ResourceOwner(r#type) => Bearer::Resource(r#type),
            Bearer::SubjectId => Bearer::Subject,
            declared @ (Bearer::Resource(_) | Bearer::Subject | Bearer::Context) => declared,
        }
    }
}

pub(crate) struct Property {
    pub(crate) name: Box<str>,
    pub(crate) bearer: Bearer,
    pub(crate) kind: PropertyType,
    pub(crate) edited_by: EditedBy,
}

/// Who may edit a property of users, besides what the change itself needs (D10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditedBy {
    /// Nothing more is needed.
    Anybody,
    /// Who holds that permission for the user.
    Holder(u16),
    /// The host itself: an open operation reads it, and the catalog names no permission.
    System,
}

pub(crate) struct Operation {
    pub(crate) r#type: u16,
    pub(crate) action: Box<str>,
    pub(crate) on: AskedOn,
    /// Its pairs, in catalog order; of an open one, the one that stands for everybody's permission.
    pub(crate) pairs: Range<u16>,
    pub(crate) features: Vec<u16>,
    pub(crate) requires: Vec<u16>,
    pub(crate) when: Vec<Vec<Condition>>,
    pub(crate) filtered_by: u16,
    pub(crate) creates: Option<u16>,
}

/// The permission of an open operation's pair: what everybody holds at All (D9).
pub(crate) const EVERYBODY: u16 = NONE;

pub(crate) struct Pair {
    /// Or [`EVERYBODY`].
    pub(crate) permission: u16,
    pub(crate) features: Vec<u16>,
    pub(crate) requires: Vec<u16>,
    pub(crate) when: Vec<Vec<Condition>>,
}

pub(crate) struct SystemRole {
    pub(crate) id: Box<str>,
    pub(crate) inherits: Vec<u16>,
    /// What it grants and denies itself.
    pub(crate) rights: Rights,
    pub(crate) retired: Option<u32>,
    pub(crate) tokens_bring: bool,
    /// The permissions that assigning and revoking it need (A2).
    pub(crate) assign: Option<u16>,
    pub(crate) revoke: Option<u16>,
    /// How many users must keep it (A5).
    pub(crate) min_holders: u32,
    /// Whether lists and remedies keep silent about it.
    pub(crate) unlisted: bool,
}

impl Catalog {
    /// Validates and numbers a catalog, parsed or built in code.
    ///
    /// # Errors
    /// Every problem of the document in one run, each with its place: unknown and duplicate names,
    /// cycles, contradictions, values past the [limits](crate::limits). For instance an operation
    /// that is neither open nor allowed by a permission; a permission `a.b` without a node `a`.
    ///
    /// Warnings, if [`Warnings::Refuse`] says so: a wildcard of a system role that leaves something out,
    /// say.
    pub fn new(
        document: impl Into<Parsed<CatalogDocument>>,
        warnings: Warnings<'_>,
    ) -> Result<Catalog, Problems> {
        let (model, found) = build::build(&document.into())?;
        warnings.settle(found)?;
        Ok(Catalog(Arc::new(model)))
    }

    /// The catalog's name.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The catalog's version.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The document it was made from.
    pub fn document(&self) -> &CatalogDocument {
        &self.0.document
    }

    /// The operation of that type and action.
    pub fn operation(&self, r#type: &str, action: &str) -> Option<OperationId> {
        let found = self.0.operation(r#type, action)?;
        Some(OperationId::new(u32::from(found), self.0.brand))
    }

    /// The resource type of that name.
    pub fn resource_type(&self, name: &str) -> Option<TypeId> {
        let index = self.0.type_names.get(name)?;
        Some(TypeId::new(index, self.0.brand))
    }

    /// The permission of that path.
    pub fn permission(&self, path: &str) -> Option<PermissionId> {
        let index = self.0.permission_names.get(path)?;
        Some(PermissionId::new(index, self.0.brand))
    }

    /// The feature of that name.
    pub fn feature(&self, name: &str) -> Option<FeatureId> {
        let index = self.0.feature_names.get(name)?;
        Some(FeatureId::new(index, self.0.brand))
    }

    /// A property of a resource type; `id` and `owner` exist undeclared (D10).
    pub fn resource_property(&self, r#type: &str, name: &str) -> Option<PropertyId> {
        let index = self.0.type_names.get(r#type)?;
        self.property(Bearer::Resource(index as u16), name)
    }

    /// A property of subjects; `id` exists undeclared (D10).
    pub fn subject_property(&self, name: &str) -> Option<PropertyId> {
        self.property(Bearer::Subject, name)
    }

    /// A property of the context.
    pub fn context_property(&self, name: &str) -> Option<PropertyId> {
        self.property(Bearer::Context, name)
    }

    fn property(&self, bearer: Bearer, name: &str) -> Option<PropertyId> {
        let mut declared = self.0.properties.iter();
        let index = declared.position(|it| it.bearer.named_on() == bearer && *it.name == *name)?;
        Some(PropertyId::new(index as u32, self.0.brand))
    }

    /// Every operation, by type and then action as the catalog writes them.
    pub fn operations(&self) -> impl Iterator<Item = OperationId> + '_ {
        (0..self.0.operations.len() as u32).map(|i| OperationId::new(i, self.0.brand))
    }

    /// Every permission, in the tree's preorder.
    pub fn permissions(&self) -> impl Iterator<Item = PermissionId> + '_ {
        (0..self.0.permissions.len() as u32).map(|i| PermissionId::new(i, self.0.brand))
    }

    /// `type:action` of an operation; `None` of another catalog's.
    pub fn operation_name(&self, operation: OperationId) -> Option<String> {
        let index = operation.index(self.0.brand)?;
        Some(self.0.operation_name(index as u16))
    }

    /// Whether an operation is asked on a record or on the type; `None` of another catalog's.
    pub fn asked_on(&self, operation: OperationId) -> Option<AskedOn> {
        let operation = self.0.operations.get(operation.index(self.0.brand)?)?;
        Some(operation.on)
    }

    /// The path of a permission; `None` of another catalog's.
    pub fn permission_path(&self, permission: PermissionId) -> Option<&str> {
        let permission = self.0.permissions.get(permission.index(self.0.brand)?)?;
        Some(&permission.path)
    }

    /// The name of a feature; `None` of another catalog's.
    pub fn feature_name(&self, feature: FeatureId) -> Option<&str> {
        let feature = self.0.features.get(feature.index(self.0.brand)?)?;
        Some(&feature.id)
    }

    /// The name of a property with what bears it, `resource.status`; `None` of another catalog's.
    pub fn property_name(&self, property: PropertyId) -> Option<String> {
        let property = self.0.properties.get(property.index(self.0.brand)?)?;
        Some(format!("{}.{}", property.bearer.as_str(), property.name))
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("id", &self.0.id)
            .field("version", &self.0.version)
            .field("permissions", &self.0.permissions.len())
            .field("operations", &self.0.operations.len())
            .finish_non_exhaustive()
    }
}

impl Model {
    /// The prerequisites, at any depth, that narrow a pair's scope (D7): those that allow an operation
    /// on a record of its type. One that allows none passes on its own prerequisites' narrowing, so
    /// that depth does not matter.
    pub(crate) fn narrowing<'m>(
        &'m self,
        operation: &'m Operation,
        pair: &'m Pair,
    ) -> impl Iterator<Item = u16> + 'm {
        let narrowing = self.types.get(operation.r#type as usize);
        let narrowing = narrowing.map_or(&[][..], |it| it.narrowing.as_raw_slice());
        const WORD: usize = usize::BITS as usize;
        // By words and without a buffer: a token's check comes here, and allocates nothing.
        narrowing
            .iter()
            .enumerate()
            .flat_map(move |(word, narrowing)| {
                let closure = |permission: u16| {
                    let known = self.permissions.get(permission as usize);
                    known
                        .and_then(|it| it.closure.as_raw_slice().get(word))
                        .copied()
                        .unwrap_or(0)
                };
                let required = pair.requires.iter().chain(&operation.requires);
                let needed = required.fold(closure(pair.permission), |needed, &permission| {
                    let itself = match usize::from(permission) / WORD == word {
                        true => 1_usize << (usize::from(permission) % WORD),
                        false => 0,
                    };
                    needed | itself | closure(permission)
                });
                let mut left = needed & narrowing;
                std::iter::from_fn(move || {
                    let bit = left.trailing_zeros();
                    left &= left.checked_sub(1)?;
                    Some((word * WORD) as u16 + bit as u16)
                })
            })
    }

    pub(crate) fn operation(&self, r#type: &str, action: &str) -> Option<u16> {
        let r#type = self.types.get(self.type_names.get(r#type)? as usize)?;
        let named = r#type.operation_names.get(action)?;
        r#type.operations.get(named as usize).copied()
    }

    pub(crate) fn operation_name(&self, operation: u16) -> String {
        let Some(operation) = self.operations.get(operation as usize) else {
            return String::new();
        };
        let r#type = self.types.get(operation.r#type as usize);
        format!("{}:{}", r#type.map_or("", |it| &it.id), operation.action)
    }

    /// The system roles' juniors, as edges of a hierarchy.
    pub(crate) fn role_edges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.roles.iter().zip(0..).flat_map(|(role, senior)| {
            role.inherits
                .iter()
                .map(move |&junior| (senior, u32::from(junior)))
        })
    }
}
