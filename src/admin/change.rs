//! What may be changed in an account, each change one value (A1).

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::document::{
    ChangeKind, DenialDocument, GrantDocument, PackageDocument, PolicyDocument, PositionDocument,
    PropertyValue, RoleDocument, UserDocument,
};

/// One change to an account (A1). [`Engine::apply`](crate::Engine::apply) takes a list of them as one
/// transaction.
///
/// As serde writes it: `{ "assign_role": { "user": "ann", "role": "editor" } }`. Semver covers this
/// form: journals keep it.
///
/// ```
/// use bailiwick::admin::Change;
/// let change: Change = serde_json::from_str(r#"{ "assign_role": { "user": "ann", "role": "editor" } }"#)?;
/// assert_eq!(change, Change::assign_role("ann", "editor"));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Its `Display` tells which change it is, for a person: `` assign role `editor` to `ann` ``.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Change {
    /// Makes a role, with what it grants, denies and inherits.
    CreateRole {
        /// The role.
        role: RoleDocument,
    },
    /// Gives a role another name and description; what is left out it then has none of.
    DescribeRole {
        /// The role.
        role: String,
        /// Its name from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Its description from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// Makes a role that grants, denies and inherits itself what another does: of the account, or a
    /// system role (its adjustable permissions aside, which come from settings).
    CopyRole {
        /// The role to copy.
        role: String,
        /// The new role's id.
        id: String,
        /// The new role's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The new role's description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// When it was created, by the host's clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        created: Option<Timestamp>,
    },
    /// Deletes a role that nothing uses (A5).
    DeleteRole {
        /// The role.
        role: String,
    },
    /// Replaces what a role itself grants and denies.
    EditRole {
        /// The role.
        role: String,
        /// Its grants from now on.
        grants: Vec<GrantDocument>,
        /// Its denies from now on.
        denies: Vec<DenialDocument>,
        /// The revision of the engine in which the edit began: a role changed since is a conflict.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
    },
    /// Checks a node in a role's tree: the node, its subtree, and what they require (T2, T4).
    CheckPermission {
        /// The role.
        role: String,
        /// The permission's path.
        permission: String,
        /// The scope; left out, the catalog's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<crate::Scope>,
    },
    /// Unchecks a node in a role's tree: the node, its subtree, and what requires them (T2, T4).
    UncheckPermission {
        /// The role.
        role: String,
        /// The permission's path.
        permission: String,
    },
    /// Sets one node in a role's tree, and what it requires, but nothing below it (T2, T4).
    SetPermission {
        /// The role.
        role: String,
        /// The permission's path.
        permission: String,
        /// The scope; left out, the catalog's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<crate::Scope>,
    },
    /// Clears one node in a role's tree, and what requires it, but nothing below it (T2, T4).
    ClearPermission {
        /// The role.
        role: String,
        /// The permission's path.
        permission: String,
    },
    /// Lets a role inherit another.
    AddInheritance {
        /// The senior role, of the account.
        role: String,
        /// The junior role, of the account or the system's.
        junior: String,
    },
    /// Lets a role no longer inherit another.
    RemoveInheritance {
        /// The senior role.
        role: String,
        /// The junior role.
        junior: String,
    },
    /// Makes a package, with its roles.
    CreatePackage {
        /// The package.
        package: PackageDocument,
    },
    /// Gives a package another name and description; what is left out it then has none of.
    DescribePackage {
        /// The package.
        package: String,
        /// Its name from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Its description from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// Deletes a package that nobody has.
    DeletePackage {
        /// The package.
        package: String,
    },
    /// Puts a role in a package.
    AddToPackage {
        /// The package.
        package: String,
        /// The role.
        role: String,
    },
    /// Takes a role out of a package.
    RemoveFromPackage {
        /// The package.
        package: String,
        /// The role.
        role: String,
    },
    /// Puts one role in another's place, in every package that has it.
    ReplaceInPackages {
        /// The role to take out.
        role: String,
        /// The role to put in its place; a package that has it already keeps it once.
        with: String,
    },
    /// Makes a position.
    CreatePosition {
        /// The position.
        position: PositionDocument,
    },
    /// Gives a position another name, or none.
    DescribePosition {
        /// The position.
        position: String,
        /// Its name from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Lets a position report to others than before.
    MovePosition {
        /// The position.
        position: String,
        /// The positions directly above it from now on.
        reports_to: Vec<String>,
    },
    /// Deletes a position that nobody holds and none reports to.
    DeletePosition {
        /// The position.
        position: String,
    },
    /// Replaces the reporting hierarchy whole, as another system states it. Positions that are new are made,
    /// those that are not listed are deleted (A5), the rest is renamed and moved. Only the resulting hierarchy
    /// is checked, no step towards it. Users keep their positions.
    ///
    /// To move people along, a transaction creates the new positions and places the people first:
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// use bailiwick::admin::{Actor, Change};
    /// # let catalog = CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// # "#);
    /// # let catalog = Catalog::new(catalog, Warnings::Refuse)?;
    /// # let policy = PolicyDocument::from_toml("p", r#"
    /// #     format = 2
    /// #     catalog_version = 1
    /// #     positions = [{ id = "head" }, { id = "east", reports_to = ["head"] }]
    /// # "#);
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").position("east")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let position = |id: &str, above: &[&str]| PositionDocument {
    ///     id: id.to_owned(),
    ///     name: None,
    ///     reports_to: above.iter().map(ToString::to_string).collect(),
    /// };
    /// // Ann is in `east`, which reports to `head`.
    /// let changes = [
    ///     Change::CreatePosition { position: position("north", &[]) },
    ///     Change::PlaceUser { user: "ann".to_owned(), position: Some("north".to_owned()) },
    ///     Change::ReplaceHierarchy {
    ///         positions: vec![position("north", &["board"]), position("board", &[]), position("head", &["north"])],
    ///     },
    /// ];
    /// let engine = engine.apply(&Actor::System, Timestamp(1), &changes)?.into_engine();
    /// let positions = engine.policy().positions;
    /// assert!(positions.iter().all(|it| it.id != "east"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ReplaceHierarchy {
        /// The positions from now on.
        positions: Vec<PositionDocument>,
    },
    /// Makes a user, with position, assignments and properties.
    CreateUser {
        /// The user.
        user: UserDocument,
    },
    /// Gives a user another name, or none.
    DescribeUser {
        /// The user.
        user: String,
        /// Their name from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Brings a removed user back as themself, with position, assignments and properties: their id must
    /// count as used. They own their records again. Earlier roles do not count: this needs what creating the
    /// user needs, and, unless they come back suspended, what reinstating them needs (A3, D18).
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// use bailiwick::admin::{Actor, Change};
    /// # let catalog = CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// # "#);
    /// # let catalog = Catalog::new(catalog, Warnings::Refuse)?;
    /// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
    /// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Refuse)?;
    /// let apply = |engine: &Engine, change| engine.apply(&Actor::System, Timestamp(1), &[change]);
    /// let ann = UserDocument::new("ann");
    /// let removed = apply(&engine, Change::RemoveUser { user: "ann".to_owned() })?.into_engine();
    /// let refused = apply(&removed, Change::CreateUser { user: ann.clone() }).unwrap_err();
    /// assert_eq!(refused.reason.code(), "used_id");
    /// let back = apply(&removed, Change::RestoreUser { user: ann })?.into_engine();
    /// assert_eq!(back.directory(), engine.directory());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    RestoreUser {
        /// The user as they are from now on.
        user: UserDocument,
    },
    /// Removes a user.
    RemoveUser {
        /// The user.
        user: String,
    },
    /// Suspends a user (D2).
    SuspendUser {
        /// The user.
        user: String,
    },
    /// Ends a user's suspension.
    ReinstateUser {
        /// The user.
        user: String,
    },
    /// Puts a user in a position, or in none.
    PlaceUser {
        /// The user.
        user: String,
        /// Their position from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<String>,
    },
    /// Sets a property of a user, or takes it away.
    SetProperty {
        /// The user.
        user: String,
        /// The property's name.
        property: String,
        /// Its value from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<PropertyValue>,
    },
    /// Assigns a role to a user; of an assignment that there is, sets its end or takes it away.
    AssignRole {
        /// The user.
        user: String,
        /// The role.
        role: String,
        /// When it ends (D2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Takes the assignment of a role from a user.
    RevokeRole {
        /// The user.
        user: String,
        /// The role.
        role: String,
    },
    /// Puts one role in another's place, where a user is assigned it directly. It ends when the other would
    /// have ended; a user who is assigned it already keeps it as it is.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// use bailiwick::admin::{Actor, Change};
    /// # let catalog = CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     roles = [{ id = "system:user" }, { id = "system:lead", min_holders = 1 }]
    /// # "#);
    /// # let catalog = Catalog::new(catalog, Warnings::Refuse)?;
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("system:user")]);
    /// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Into(&mut Vec::new()))?;
    /// let promote = Change::exchange_role("ann", "system:user", "system:lead");
    /// let engine = engine.apply(&Actor::System, Timestamp(1), &[promote])?.into_engine();
    /// let ann = engine.user_document("ann").unwrap();
    /// assert_eq!(ann.roles.len(), 1);
    /// assert_eq!(ann.roles[0].id, "system:lead");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ExchangeRole {
        /// The user.
        user: String,
        /// The role to take away.
        role: String,
        /// The role to put in its place.
        with: String,
    },
    /// Assigns a package to a user; of an assignment that there is, sets its end or takes it away.
    AssignPackage {
        /// The user.
        user: String,
        /// The package.
        package: String,
        /// When it ends (D2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Takes the assignment of a package from a user.
    RevokePackage {
        /// The user.
        user: String,
        /// The package.
        package: String,
    },
    /// Enables a feature.
    EnableFeature {
        /// The feature.
        feature: String,
    },
    /// Disables a feature. What needs it keeps its grants, without effect (D6).
    DisableFeature {
        /// The feature.
        feature: String,
    },
    /// Sets an adjustable permission, or leaves it to the catalog's default (D13).
    ChangeSetting {
        /// The adjustable permission's path.
        permission: String,
        /// The most junior system role that has it from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
    },
    /// Replaces the policy whole: roles, packages, positions, features, settings. The users stay.
    /// Its revision is not looked at; ids that were used stay used, whether it lists them or not.
    ImportPolicy {
        /// The policy.
        policy: PolicyDocument,
    },
    /// Forgets that an id was used, so that it may be given again (A5). A user's id is denied no more
    /// either (D18): where tokens may bring roles, that needs the right to assign these.
    ForgetId {
        /// What it named.
        kind: UsedIdKind,
        /// The id.
        id: String,
    },
}

/// What a used id named (A5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsedIdKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// A position.
    Position,
}

impl Change {
    /// Assigns a role without end.
    pub fn assign_role(user: impl Into<String>, role: impl Into<String>) -> Change {
        Change::AssignRole {
            user: user.into(),
            role: role.into(),
            until: None,
        }
    }

    /// Takes a role from a user.
    pub fn revoke_role(user: impl Into<String>, role: impl Into<String>) -> Change {
        Change::RevokeRole {
            user: user.into(),
            role: role.into(),
        }
    }

    /// Puts one role in another's place, where a user is assigned it directly.
    pub fn exchange_role(
        user: impl Into<String>,
        role: impl Into<String>,
        with: impl Into<String>,
    ) -> Change {
        Change::ExchangeRole {
            user: user.into(),
            role: role.into(),
            with: with.into(),
        }
    }

    /// Assigns a package without end.
    pub fn assign_package(user: impl Into<String>, package: impl Into<String>) -> Change {
        Change::AssignPackage {
            user: user.into(),
            package: package.into(),
            until: None,
        }
    }

    /// Takes a package from a user.
    pub fn revoke_package(user: impl Into<String>, package: impl Into<String>) -> Change {
        Change::RevokePackage {
            user: user.into(),
            package: package.into(),
        }
    }

    /// The kind of change it is, as the catalog rules it (A2); `None` of a setting, which its
    /// permission's `changed_by` rules.
    pub fn kind(&self) -> Option<ChangeKind> {
        Some(match self {
            Change::CreateRole { .. } => ChangeKind::CreateRole,
            Change::DescribeRole { .. } => ChangeKind::DescribeRole,
            Change::CopyRole { .. } => ChangeKind::CopyRole,
            Change::DeleteRole { .. } => ChangeKind::DeleteRole,
            Change::EditRole { .. }
            | Change::CheckPermission { .. }
            | Change::UncheckPermission { .. }
            | Change::SetPermission { .. }
            | Change::ClearPermission { .. } => ChangeKind::EditRole,
            Change::AddInheritance { .. } | Change::RemoveInheritance { .. } => {
                ChangeKind::EditInheritance
            }
            Change::CreatePackage { .. }
            | Change::DescribePackage { .. }
            | Change::DeletePackage { .. } => ChangeKind::EditPackages,
            Change::AddToPackage { .. }
            | Change::RemoveFromPackage { .. }
            | Change::ReplaceInPackages { .. } => ChangeKind::FillPackages,
            Change::CreatePosition { .. }
            | Change::DescribePosition { .. }
            | Change::MovePosition { .. }
            | Change::DeletePosition { .. }
            | Change::ReplaceHierarchy { .. } => ChangeKind::EditPositions,
            Change::CreateUser { .. } | Change::RestoreUser { .. } => ChangeKind::CreateUser,
            Change::DescribeUser { .. } => ChangeKind::DescribeUser,
            Change::RemoveUser { .. } => ChangeKind::RemoveUser,
            Change::SuspendUser { .. } | Change::ReinstateUser { .. } => ChangeKind::SuspendUser,
            Change::PlaceUser { .. } => ChangeKind::PlaceUsers,
            Change::SetProperty { .. } => ChangeKind::EditProperties,
            Change::AssignRole { .. }
            | Change::RevokeRole { .. }
            | Change::ExchangeRole { .. }
            | Change::AssignPackage { .. }
            | Change::RevokePackage { .. } => ChangeKind::EditAssignments,
            Change::EnableFeature { .. } | Change::DisableFeature { .. } => {
                ChangeKind::EditFeatures
            }
            Change::ImportPolicy { .. } => ChangeKind::Import,
            Change::ForgetId { .. } => ChangeKind::ForgetIds,
            Change::ChangeSetting { .. } => return None,
        })
    }
}
