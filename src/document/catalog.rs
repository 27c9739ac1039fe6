//! The catalog document: what a product ships.

use std::collections::BTreeMap;

use super::FieldDocument;
use super::decode::{document, one_of_words};
use crate::Scope;

document! {
    /// What the product ships: the permission tree, operations, resource types, features,
    /// system roles, and the rules of administration.
    ///
    /// The same struct is what a TOML or JSON catalog parses to. Order matters only where it is
    /// read by people: permissions keep the order in which siblings are written (the catalog
    /// order of D17).
    pub struct CatalogDocument {
        /// The document format: 1, or [`FORMAT`](super::FORMAT), which is today's.
        pub format: u32,
        /// The product's name for this catalog.
        pub id: String,
        /// The catalog's version, at least 1; policies state the one they were written against (D16).
        pub version: u32,
        /// Whether the catalog serves one account or many (D11); one when left out.
        pub accounts: AccountsServed,
        /// How "reports' records" is read (S6); `owned` when left out.
        pub reach: Reach,
        /// The entitlements an account may have.
        pub features: Vec<FeatureDocument>,
        /// The permission tree, one entry a node, in any order; every parent must be a node too.
        pub permissions: Vec<PermissionDocument>,
        /// The types of resource, with their properties and fields.
        pub types: Vec<TypeDocument>,
        /// Properties of subjects that conditions may read: the directory's users and tokens have them.
        pub subject_properties: BTreeMap<String, PropertyDocument>,
        /// Properties of the context that conditions may read.
        pub context_properties: BTreeMap<String, PropertyType>,
        /// The checkable units: (type, action), and the permissions that allow each.
        pub operations: Vec<OperationDocument>,
        /// The roles that come with the product, named `system:…`.
        pub roles: Vec<SystemRoleDocument>,
        /// Which roles a token may bring (D18).
        pub tokens: TokensDocument,
        /// Which permission each kind of change needs (A2).
        pub administration: AdministrationDocument,
        /// Permission paths that were renamed, oldest first (D16).
        pub renamed: Vec<RenamedDocument>,
        /// Permission paths that were retired (D16).
        pub retired: Vec<RetiredDocument>,
    }
}

one_of_words! {
    /// Whether a catalog serves one account or many (D11).
    pub enum AccountsServed {
        /// One account: requests may leave it out.
        One = "one",
        /// Many: every subject and every resource must state its account.
        Many = "many",
    }
    default One
}

one_of_words! {
    /// How "reports' records" is read (S6).
    pub enum Reach {
        /// The records that people below own.
        Owned = "owned",
        /// Also what people below can access, owned or not.
        Accessible = "accessible",
    }
    default Owned
}

document! {
    /// An entitlement of the account: a licence, an add-on.
    pub struct FeatureDocument {
        /// Its name.
        pub id: String,
        /// What a person reads.
        pub label: Option<String>,
        /// The operation (`type:action`) whose holders may request the feature (Q6).
        pub requested_by: Option<String>,
        /// The catalog version that retired it: policies older than that may still name it, without
        /// effect; nothing else may (D16).
        pub retired: Option<u32>,
    }
}

document! {
    /// A node of the permission tree.
    pub struct PermissionDocument {
        /// Its dotted path, `contacts.delete`. Segments are neither empty nor `*`.
        pub path: String,
        /// What a person reads.
        pub label: Option<String>,
        /// A longer text for a person.
        pub description: Option<String>,
        /// A tag for the editor: module, feature, or action. No meaning for decisions.
        pub level: Option<Level>,
        /// The scopes that may be chosen in a grant (S5); `all` alone when left out or empty.
        pub scopes: Vec<Scope>,
        /// The scope the editor chooses for a new tick (T4); one of `scopes`.
        pub default_scope: Option<Scope>,
        /// Features that this node and everything below it need (D6).
        pub features: Vec<String>,
        /// Permissions that must be effective too (D7).
        pub requires: Vec<String>,
        /// Permissions that are usually wanted beside it; no effect on decisions.
        pub suggests: Vec<String>,
        /// Set by the account through one setting, instead of by grants (D13).
        pub adjustable: Option<AdjustableDocument>,
    }
}

one_of_words! {
    /// The level of a permission, a tag for the editor.
    pub enum Level {
        /// A whole module.
        Module = "module",
        /// A feature within a module.
        Feature = "feature",
        /// A single action.
        Action = "action",
    }
}

document! {
    /// How an adjustable permission is set (D13). Its permission must offer the scope `all`.
    pub struct AdjustableDocument {
        /// System roles, most junior first, each inheriting the one before directly.
        pub ladder: Vec<String>,
        /// The role the setting names while the policy says nothing.
        pub default: String,
        /// The most junior role that may be named; the ladder's first when left out.
        pub floor: Option<String>,
        /// The most senior role that may be named; the ladder's last when left out.
        pub ceiling: Option<String>,
        /// The permission needed to change the setting.
        pub changed_by: Option<String>,
    }
}

document! {
    /// A type of resource.
    pub struct TypeDocument {
        /// Its name: no `:`, which stands between type and action.
        pub id: String,
        /// What a person reads.
        pub label: Option<String>,
        /// Properties of its records that conditions may read.
        pub properties: BTreeMap<String, PropertyType>,
        /// The action, on a record of this type, that changing the owner or the owner's position is (D19).
        pub reassign: Option<String>,
        /// The action that reading a record of this type is; needed where the type has fields: whoever
        /// is denied it sees none of them (M1).
        pub read: Option<String>,
        /// Fields that are masked or hidden (M1).
        pub fields: Vec<FieldDocument>,
    }
}

one_of_words! {
    /// The type of a property (D10).
    pub enum PropertyType {
        /// A text.
        Text = "text",
        /// A 64-bit signed integer.
        Integer = "integer",
        /// True or false.
        Boolean = "boolean",
        /// A set of texts.
        Set = "set",
    }
}

document! {
    /// A property of users (D10). In documents its type alone stands for one without `edited_by`.
    pub struct PropertyDocument {
        /// The type of its values.
        pub r#type: PropertyType,
        /// The permission that stating, changing or clearing it needs, besides what the change itself
        /// needs, reaching that user. Left out, who may edit properties may edit it, unless a condition
        /// of an open operation reads it: then only the host itself may.
        pub edited_by: Option<String>,
    }
    or text as r#type
}

document! {
    /// A checkable unit: an action on a resource type, and what allows it (D9).
    pub struct OperationDocument {
        /// The resource type.
        pub r#type: String,
        /// The action, unique within the type.
        pub action: String,
        /// What a person reads.
        pub label: Option<String>,
        /// Whether it is asked on a record or on the type (D14).
        pub on: AskedOn,
        /// Whether everybody may, instead of the holders of permissions (D9).
        pub open: bool,
        /// The permissions that allow it.
        pub allowed_by: Vec<PairDocument>,
        /// Features needed whichever permission allows it.
        pub features: Vec<String>,
        /// Permissions needed whichever permission allows it.
        pub requires: Vec<String>,
        /// Conditions that hold whichever permission allows it: alternatives, each a list of which all must hold.
        pub when: Vec<Vec<ConditionDocument>>,
        /// On the type only: the record operation (`type:action`) whose `records` filter the host must apply (D14).
        pub filtered_by: Option<String>,
        /// On the type only: the record operation (`type:action`) asked of the record as it will be (D19).
        pub creates: Option<String>,
    }
}

one_of_words! {
    /// Whether an operation is asked on a record or on the type (D14).
    pub enum AskedOn {
        /// On one record.
        Record = "record",
        /// On the type: create, export, open a page.
        Type = "type",
    }
}

document! {
    /// This permission allows the operation (D9). In documents a plain path stands for a pair
    /// without features, prerequisites and conditions of its own.
    pub struct PairDocument {
        /// The permission's path.
        pub permission: String,
        /// Features this pair needs.
        pub features: Vec<String>,
        /// Permissions this pair needs.
        pub requires: Vec<String>,
        /// Conditions of this pair: alternatives, each a list of which all must hold.
        pub when: Vec<Vec<ConditionDocument>>,
    }
    or text as permission
}

document! {
    /// One comparison (D10). Exactly one of `resource`, `subject`, `context` names the property on
    /// the left; exactly one operator gives the right side.
    ///
    /// Three properties exist undeclared, as texts: `subject = "id"` (a role as subject has none),
    /// `resource = "id"`, and `resource = "owner"`, the owner's id as the host states it (missing
    /// where there is none). Four eyes: `{ resource = "created_by", is_not = { subject = "id" } }`.
    ///
    /// Types: `is` and `is_not` take a constant of the property's type (text, integer, boolean) or
    /// another property of the same type, sets included; the orders take an integer or an integer
    /// property; `one_of` and `none_of` take a list of constants of the property's type (texts, for
    /// a set), or another property: for a text a set (membership), for a set a text (membership)
    /// or a set (a common element).
    pub struct ConditionDocument {
        /// The resource's property on the left.
        pub resource: Option<String>,
        /// The subject's property on the left.
        pub subject: Option<String>,
        /// The context's property on the left.
        pub context: Option<String>,
        /// Equal.
        pub is: Option<OperandDocument>,
        /// Not equal.
        pub is_not: Option<OperandDocument>,
        /// One of the list; of a set, when any element is.
        pub one_of: Option<OperandDocument>,
        /// None of the list; of a set, when no element is.
        pub none_of: Option<OperandDocument>,
        /// Less than (integers).
        pub less: Option<OperandDocument>,
        /// Less than or equal (integers).
        pub at_most: Option<OperandDocument>,
        /// Greater than (integers).
        pub greater: Option<OperandDocument>,
        /// Greater than or equal (integers).
        pub at_least: Option<OperandDocument>,
    }
}

document! {
    /// A role that comes with the product.
    pub struct SystemRoleDocument {
        /// Its name, `system:…`.
        pub id: String,
        /// What a person reads.
        pub name: Option<String>,
        /// A longer text for a person.
        pub description: Option<String>,
        /// The junior roles it inherits: system roles.
        pub inherits: Vec<String>,
        /// What it grants.
        pub grants: Vec<GrantDocument>,
        /// What it denies.
        pub denies: Vec<DenialDocument>,
        /// The permission that assigning it needs (A2); without one only the host itself may.
        pub assign: Option<String>,
        /// The permission that revoking it needs (A2); without one only the host itself may.
        pub revoke: Option<String>,
        /// How many users must keep it (A5); 0 when left out.
        pub min_holders: Option<u32>,
        /// Whether it is kept out of the lists that an account's administrators see
        /// ([`Engine::list_roles`](crate::Engine::list_roles)), and out of what remedies propose, packages
        /// that have it included: an operator's role, say. It decides as any other does.
        pub unlisted: bool,
        /// The catalog version that retired it: older policies may still name it; its grants have
        /// no effect, its denies stay (D16).
        pub retired: Option<u32>,
    }
}

document! {
    /// A grant: a selector with a scope and exceptions (D5, S5). A plain text in a document stands
    /// for a selector without either.
    pub struct GrantDocument {
        /// `contacts` (the node alone), `contacts.*` (the node and all below it), or `*`.
        pub select: String,
        /// The scope; left out, the only one that the permission offers.
        pub scope: Option<Scope>,
        /// Nodes taken away from this grant, each with everything below it.
        pub except: Vec<String>,
    }
    or text as select
}

impl GrantDocument {
    /// All that it says, to be compared or hashed.
    pub(crate) fn parts(&self) -> (&str, Option<Scope>, &[String]) {
        (&self.select, self.scope, &self.except)
    }
}

impl DenialDocument {
    /// All that it says, to be compared or hashed.
    pub(crate) fn parts(&self) -> (&str, &[String]) {
        (&self.select, &self.except)
    }
}

document! {
    /// A deny: the node and everything below it (D4, D5). A plain text in a document stands for one
    /// without exceptions. `contacts`, `contacts.*` mean the same here; `*` is everything.
    pub struct DenialDocument {
        /// The node.
        pub select: String,
        /// Nodes taken away from this deny, each with everything below it.
        pub except: Vec<String>,
    }
    or text as select
}

document! {
    /// Which roles a token may bring (D18).
    pub struct TokensDocument {
        /// System roles a token may bring.
        pub system_roles: Vec<String>,
        /// Whether a token may bring the roles that accounts make.
        pub account_roles: bool,
    }
    default blank
}

document! {
    /// Which permission each kind of change needs (A2). No rule: only the host itself may.
    pub struct AdministrationDocument {
        /// The permission for each kind of change.
        pub changes: BTreeMap<ChangeKind, String>,
        /// What assigning and revoking the roles that accounts make needs.
        pub account_roles: AccountRolesDocument,
        /// Kinds of change to roles that A4's comparison does not bind; nor does the right to take, or
        /// give, them where tokens may bring them (D18).
        pub exempt: Vec<ExemptionDocument>,
        /// Whether removing a user is free of the right to revoke each of their roles (A2).
        pub removal_revokes_nothing: bool,
    }
    default blank
}

document! {
    /// What assigning and revoking the roles that accounts make needs (A2).
    pub struct AccountRolesDocument {
        /// The permission that assigning needs.
        pub assign: Option<String>,
        /// The permission that revoking needs.
        pub revoke: Option<String>,
    }
    default blank
}

document! {
    /// A kind of change to a role that A4's comparison does not bind.
    pub struct ExemptionDocument {
        /// The kind of change.
        pub change: ChangeKind,
        /// The system role, or every role that accounts make when left out.
        pub role: Option<String>,
    }
}

one_of_words! {
    /// The kinds of change that need a permission of their own (A1, A2). Assigning and revoking
    /// roles is ruled per role, an adjustable setting by its permission's `changed_by`.
    pub enum ChangeKind {
        /// Create a role.
        CreateRole = "create_role",
        /// Rename or describe a role.
        DescribeRole = "describe_role",
        /// Copy a role.
        CopyRole = "copy_role",
        /// Delete a role.
        DeleteRole = "delete_role",
        /// Change what a role grants and denies.
        EditRole = "edit_role",
        /// Change what a role inherits.
        EditInheritance = "edit_inheritance",
        /// Create, rename, describe, or delete a package.
        EditPackages = "edit_packages",
        /// Put roles in packages and take them out.
        FillPackages = "fill_packages",
        /// Create, move, rename, or delete positions, and replace the hierarchy whole.
        EditPositions = "edit_positions",
        /// Put users in positions.
        PlaceUsers = "place_users",
        /// Create a user. Restoring a removed one needs it, too.
        CreateUser = "create_user",
        /// Rename a user.
        DescribeUser = "describe_user",
        /// Remove a user.
        RemoveUser = "remove_user",
        /// Suspend and reinstate a user. Restoring a removed one who is not suspended needs it, too.
        SuspendUser = "suspend_user",
        /// Change a user's properties.
        EditProperties = "edit_properties",
        /// Assign roles and packages to users, take them away, and exchange roles (besides the right for each role).
        EditAssignments = "edit_assignments",
        /// Enable and disable features.
        EditFeatures = "edit_features",
        /// Import a policy whole.
        Import = "import",
        /// Forget a used id, so that it may be given again.
        ForgetIds = "forget_ids",
    }
}

document! {
    /// A permission path that was renamed; what lies below is carried along (D16).
    pub struct RenamedDocument {
        /// The catalog version that renamed it.
        pub version: u32,
        /// The old path: no node of this catalog.
        pub from: String,
        /// The new path: a node that no earlier version had.
        pub to: String,
    }
}

document! {
    /// A permission path that was retired, with all below it (D16).
    pub struct RetiredDocument {
        /// The catalog version that retired it.
        pub version: u32,
        /// The path, as it was before that version: no node of this catalog, now or ever again.
        pub path: String,
    }
}

/// The right side of a comparison (D10): a constant, a list of constants, or another property.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum OperandDocument {
    /// A text.
    Text(String),
    /// A 64-bit signed integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Constants of one type, for `one_of` and `none_of`.
    List(Vec<ConstantDocument>),
    /// Another property, written `{ subject = "region" }`.
    Property(PropertyRefDocument),
}

/// A constant in a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum ConstantDocument {
    /// A text.
    Text(String),
    /// A 64-bit signed integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

document! {
    /// A property named on the right of a comparison: exactly one of the three.
    pub struct PropertyRefDocument {
        /// A property of the resource.
        pub resource: Option<String>,
        /// A property of the subject.
        pub subject: Option<String>,
        /// A property of the context.
        pub context: Option<String>,
    }
}
