//! What a newer catalog says otherwise, piece by piece.

use std::fmt;

use crate::Scope;
use crate::document::problem::quoted;
use crate::document::{ChangeKind, ConditionDocument, MaskDocument};

/// One thing that a newer catalog says otherwise. Texts for people, and what editors alone read, do not
/// count, and neither does the order in which things are written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogChange {
    /// Of what.
    pub part: CatalogPart,
    /// What it is.
    pub difference: Difference,
}

/// A part of a catalog. Permissions go by today's path, or where they are gone by the one they had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CatalogPart {
    /// The catalog itself.
    Catalog,
    /// A feature.
    Feature(String),
    /// A permission.
    Permission(String),
    /// A type of resource.
    Type(String),
    /// A property of a type's records.
    ResourceProperty {
        /// The type.
        r#type: String,
        /// The property.
        name: String,
    },
    /// A property of subjects.
    SubjectProperty(String),
    /// A property of the context.
    ContextProperty(String),
    /// A field that not everybody sees.
    Field {
        /// The type.
        r#type: String,
        /// The field's path.
        path: String,
    },
    /// An operation, `type:action`.
    Operation(String),
    /// What allows an operation (D9).
    Pair {
        /// The operation, `type:action`.
        operation: String,
        /// The permission.
        permission: String,
    },
    /// A role that comes with the product.
    SystemRole(String),
    /// What tokens may bring (D18).
    Tokens,
    /// What a kind of change needs (A2).
    Change(ChangeKind),
    /// The other rules of administration.
    Administration,
}

/// How a part differs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// It was not there before.
    Added,
    /// It has another path, and what lies below it went along, unless that is said to have gone
    /// elsewhere.
    Renamed {
        /// The path before.
        from: String,
    },
    /// It is retired: older policies may name it, without effect (D16). Of a permission, with all below
    /// it, unless that is said to have gone elsewhere.
    Retired,
    /// It is gone without a word. Documents that name it do not load, requests that do are denied.
    Dropped,
    /// It offers other scopes (S5).
    Scopes {
        /// Before.
        before: Vec<Scope>,
        /// After.
        after: Vec<Scope>,
    },
    /// It names other things.
    Names {
        /// As what.
        aspect: Aspect,
        /// What it did not name before.
        added: Vec<String>,
        /// What it names no more.
        removed: Vec<String>,
    },
    /// It says something else.
    Value {
        /// Of what.
        aspect: Aspect,
        /// Before; `None` where it said nothing.
        before: Option<String>,
        /// After.
        after: Option<String>,
    },
    /// It has other conditions (D10).
    Conditions {
        /// Before.
        before: Vec<Vec<ConditionDocument>>,
        /// After.
        after: Vec<Vec<ConditionDocument>>,
    },
    /// It is masked otherwise (M2).
    Mask {
        /// Before.
        before: MaskDocument,
        /// After.
        after: MaskDocument,
    },
}

macro_rules! aspects {
    ($($(#[$meta:meta])* $name:ident = $word:literal,)*) => {
        /// What of a part differs, by the words that documents use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Aspect {
            $($(#[$meta])* $name,)*
        }

        impl Aspect {
            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Aspect::$name => $word,)*
                }
            }
        }
    };
}

aspects! {
    /// Whether the catalog serves one account or many (D11).
    Accounts = "accounts",
    /// How "reports' records" is read (S6).
    Reach = "reach",
    /// The operation whose holders may request a feature (Q6).
    RequestedBy = "requested_by",
    /// Features needed (D6, D9).
    Features = "features",
    /// Permissions needed (D7, D9).
    Requires = "requires",
    /// The system roles that an adjustable permission may be set to (D13); nothing, where it is fixed.
    Ladder = "ladder",
    /// The role that it is set to while the policy says nothing.
    Default = "default",
    /// The most junior role that it may be set to.
    Floor = "floor",
    /// The most senior one.
    Ceiling = "ceiling",
    /// The permission that changing the setting needs.
    ChangedBy = "changed_by",
    /// The type of a property.
    PropertyType = "type",
    /// The permission that editing a property of users needs (D10).
    EditedBy = "edited_by",
    /// The action that changing the owner is (D19).
    Reassign = "reassign",
    /// The action that reading a record is (M1).
    Read = "read",
    /// The permission that reveals a field.
    RevealedBy = "revealed_by",
    /// Whether contributors see what they contributed.
    ContributorSees = "contributor_sees",
    /// The key that names the contributor.
    Contributor = "contributor",
    /// The sets of components by which a field is searched (M5).
    Search = "search",
    /// Whether an operation is asked on a record or on the type (D14).
    On = "on",
    /// Whether everybody may (D9).
    Open = "open",
    /// The operation whose filter the host applies (D14).
    FilteredBy = "filtered_by",
    /// The operation asked of the record as it will be (D19).
    Creates = "creates",
    /// The junior roles of a role.
    Inherits = "inherits",
    /// What a role itself grants: permissions with their scopes.
    Grants = "grants",
    /// What a role itself denies, permission by permission.
    Denies = "denies",
    /// The permission that assigning needs (A2).
    Assign = "assign",
    /// The permission that revoking needs.
    Revoke = "revoke",
    /// How many users must keep a role (A5).
    MinHolders = "min_holders",
    /// Whether lists and remedies keep silent about a role.
    Unlisted = "unlisted",
    /// The system roles that tokens may bring (D18).
    SystemRoles = "system_roles",
    /// Whether tokens may bring the roles that accounts make.
    AccountRoles = "account_roles",
    /// The permission that a kind of change needs (A2).
    NeededPermission = "permission",
    /// The permission that assigning an account's own roles needs.
    AssignAccountRoles = "account_roles.assign",
    /// The permission that revoking them needs.
    RevokeAccountRoles = "account_roles.revoke",
    /// Kinds of change, and roles, that A4's comparison does not bind.
    Exempt = "exempt",
    /// Whether removing a user is free of the right to revoke their roles.
    RemovalRevokesNothing = "removal_revokes_nothing",
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for CatalogPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CatalogPart::Catalog => f.write_str("catalog"),
            CatalogPart::Feature(id) => write!(f, "feature {}", quoted(id)),
            CatalogPart::Permission(path) => write!(f, "permission {}", quoted(path)),
            CatalogPart::Type(id) => write!(f, "type {}", quoted(id)),
            CatalogPart::ResourceProperty { r#type, name } => {
                write!(f, "property {} of {}", quoted(name), quoted(r#type))
            }
            CatalogPart::SubjectProperty(name) => {
                write!(f, "property {} of the subject", quoted(name))
            }
            CatalogPart::ContextProperty(name) => {
                write!(f, "property {} of the context", quoted(name))
            }
            CatalogPart::Field { r#type, path } => {
                write!(f, "field {} of {}", quoted(path), quoted(r#type))
            }
            CatalogPart::Operation(name) => write!(f, "operation {}", quoted(name)),
            CatalogPart::Pair {
                operation,
                permission,
            } => write!(
                f,
                "operation {} by {}",
                quoted(operation),
                quoted(permission)
            ),
            CatalogPart::SystemRole(id) => write!(f, "role {}", quoted(id)),
            CatalogPart::Tokens => f.write_str("tokens"),
            CatalogPart::Change(kind) => write!(f, "change `{kind}`"),
            CatalogPart::Administration => f.write_str("administration"),
        }
    }
}

impl fmt::Display for CatalogChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.difference)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes = |scopes: &[Scope]| {
            let words: Vec<&str> = scopes.iter().map(|it| it.as_str()).collect();
            words.join(", ")
        };
        match self {
            Difference::Added => f.write_str("added"),
            Difference::Renamed { from } => write!(f, "renamed from {}", quoted(from)),
            Difference::Retired => f.write_str("retired"),
            Difference::Dropped => f.write_str("gone"),
            Difference::Scopes { before, after } => {
                write!(f, "scopes {} → {}", scopes(before), scopes(after))
            }
            Difference::Names {
                aspect,
                added,
                removed,
            } => {
                write!(f, "{aspect}")?;
                for (sign, names) in [('+', added), ('-', removed)] {
                    for name in names {
                        write!(f, " {sign}{}", quoted(name))?;
                    }
                }
                Ok(())
            }
            Difference::Value {
                aspect,
                before,
                after,
            } => {
                let word =
                    |it: &Option<String>| it.as_deref().map_or_else(|| "nothing".into(), quoted);
                write!(f, "{aspect} {} → {}", word(before), word(after))
            }
            Difference::Conditions { .. } => f.write_str("other conditions"),
            Difference::Mask { .. } => f.write_str("masked otherwise"),
        }
    }
}
