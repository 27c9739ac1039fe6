//! What can be missing.

use serde::{Serialize, Serializer};

use super::Named;
use crate::Scope;
use crate::decision::Part;
use crate::document::{AskedOn, PropertyValue};

/// One thing for which a request is denied (Q2).
///
/// Its [`code`](Cause::code) is stable, and that of the [`DenyReason`](crate::DenyReason) where there
/// is one.
///
/// Where packages bring people their roles, three causes are looked for when a permission is missing, and each has a
/// code of its own:
///
/// | code | what is missing | what mends it |
/// |---|---|---|
/// | `not_granted` | none of the roles that the user holds grants it | a grant in one of these roles |
/// | `role_in_no_package` | a role grants it, and no package holds that role | the role in a package of the user's |
/// | `package_not_assigned` | a package brings it, and the user does not have that package | the package for the user |
///
/// `role_not_held` tells with `package_not_assigned` which role it is that the package holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// A part of the request is no identifier (D12).
    InvalidIdentifier {
        /// Which part.
        of: RequestPart,
    },
    /// The catalog serves many accounts, and this part of the request states none (D11).
    MissingAccount {
        /// Subject or resource.
        #[serde(serialize_with = "word")]
        on: Part,
    },
    /// This part of the request is of another account (D11).
    WrongAccount {
        /// Subject or resource.
        #[serde(serialize_with = "word")]
        on: Part,
        /// The account that it states.
        stated: String,
    },
    /// The directory has no such user.
    UnknownSubject {
        /// The id; `None` of a handle of another account.
        id: Option<String>,
    },
    /// The account has used the id and removed it, and has not forgotten it since (D18).
    Removed {
        /// The id.
        user: String,
    },
    /// A newer host made a change that this one cannot read, and something may have been taken by it from the
    /// subject (D16). Only an engine of a `Live` that is behind says so.
    NotReady {
        /// The subject's id; `None` of one without.
        id: Option<String>,
    },
    /// There is no such role, or a token may not bring it (D18).
    UnknownRole {
        /// The role.
        role: String,
        /// Whether the account has a role of that id.
        exists: bool,
        /// Whether it is a system role that was retired before the policy was written (D16).
        retired: bool,
    },
    /// There is no such position to bring (D18).
    UnknownPosition {
        /// The position.
        position: String,
    },
    /// The user is suspended (D2).
    Suspended {
        /// The user.
        user: String,
    },
    /// The catalog has no such resource type.
    UnknownType {
        /// The type; `None` of a handle of another catalog.
        r#type: Option<String>,
    },
    /// The type has no such action.
    UnknownAction {
        /// `type:action`, as far as they were named.
        action: String,
    },
    /// A record operation was asked of the type, or the other way round (D14).
    AskedWrongWay {
        /// The operation.
        operation: String,
        /// How it was asked.
        asked: AskedOn,
    },
    /// The operation is open to everybody, and a token without an id is nobody (D9).
    NotEverybody,
    /// No role of the subject grants the permission (D3).
    NotGranted {
        /// The permission.
        permission: Named,
        /// The roles that the subject holds, and how; what these inherit grants it no more than they.
        roles: Vec<HeldRole>,
        /// Of an adjustable permission, the system role that its setting names (D13).
        setting: Option<Named>,
    },
    /// A role grants the permission, far enough, and the subject does not have it: it is assigned
    /// neither directly nor by one of their packages, or their token does not bring it.
    RoleNotHeld {
        /// The permission.
        permission: Named,
        /// The role.
        role: Named,
        /// How far it grants it, with all that it inherits.
        scope: Scope,
        /// The packages that hold it, none of which the subject has. A token has no packages, and none are named.
        packages: Vec<Named>,
    },
    /// A role grants the permission, far enough, no package holds it, and it is not assigned to the user directly.
    RoleInNoPackage {
        /// The permission.
        permission: Named,
        /// The role.
        role: Named,
        /// How far it grants it, with all that it inherits.
        scope: Scope,
    },
    /// A package holds roles that grant the permission far enough, and the subject does not have it.
    PackageNotAssigned {
        /// The permission.
        permission: Named,
        /// The package.
        package: Named,
        /// Those of its roles that do.
        roles: Vec<Named>,
    },
    /// A deny binds the subject, whatever is granted (D4). How each came to them is told by
    /// [`Explanation::denials`](super::Explanation::denials).
    Denied {
        /// The permission.
        permission: Named,
        /// The roles that deny it themselves.
        roles: Vec<Named>,
    },
    /// A feature is not enabled in the account (D6, D9).
    FeatureDisabled {
        /// The feature.
        feature: String,
        /// Where the catalog names it.
        #[serde(serialize_with = "word")]
        on: Part,
        /// The permission, or the ancestor of it, that names it; `None` of the operation.
        permission: Option<String>,
    },
    /// A prerequisite is not effective (D7, D9); its own causes are told with it.
    PrerequisiteMissing {
        /// The prerequisite.
        prerequisite: Named,
        /// Where the catalog names it.
        #[serde(serialize_with = "word")]
        on: Part,
        /// The permission that needs it; `None` of the operation.
        permission: Option<Named>,
    },
    /// The pair does not reach the record (S1).
    OutOfScope {
        /// The pair's permission; `None` of an open operation.
        permission: Option<Named>,
        /// How far it reaches.
        reaches: Scope,
        /// How far it would have to.
        needed: Scope,
        /// The permissions, itself or prerequisites (D7), that reach no further.
        limited_by: Vec<Named>,
    },
    /// A permission that limits a pair is granted, and not far enough (D3, D7).
    TooNarrow {
        /// The permission.
        permission: Named,
        /// How far it is granted.
        granted: Scope,
        /// How far it would have to be.
        needed: Scope,
    },
    /// A condition does not hold (D10).
    Condition(FailedCondition),
}

/// A role that the subject holds, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeldRole {
    /// The role.
    pub role: Named,
    /// Whether it is assigned directly, or brought.
    pub directly: bool,
    /// The subject's packages that hold it.
    pub packages: Vec<Named>,
}

/// A condition that does not hold, in an operation or a pair of which no alternative holds (D10).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FailedCondition {
    /// `condition_not_met`, `property_missing` or `property_wrong_type`.
    pub code: &'static str,
    /// Whether the pair or the operation states it.
    #[serde(serialize_with = "word")]
    pub on: Part,
    /// The permission of the pair; `None` of the operation.
    pub permission: Option<Named>,
    /// The number of the alternative, from 0. Among the causes of a pair or an operation, the alternative with the
    /// fewest conditions that do not hold comes first; of several, the first as written.
    pub alternative: usize,
    /// How many alternatives there are, none of which holds.
    pub alternatives: usize,
    /// The property on the left, `resource.status`.
    pub property: String,
    /// The operator, as documents write it: `is_not`.
    pub operator: &'static str,
    /// The property that is missing or of a wrong type: this one, or the one on the right.
    pub fault: Option<String>,
    /// What the property on the left was.
    pub seen: Seen,
    /// What the condition wants.
    pub wanted: Wanted,
}

/// The value of a property, as a condition saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Seen {
    /// This one.
    Value(PropertyValue),
    /// There was none.
    Missing,
    /// It is a masked field's, which no explanation tells (M4).
    Masked,
}

/// The right side of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Wanted {
    /// A constant.
    Constant(PropertyValue),
    /// A list of constants.
    List(Vec<PropertyValue>),
    /// Another property.
    Property {
        /// The property, `subject.region`.
        property: String,
        /// Its value.
        value: Seen,
    },
    /// The condition reads a masked field: what it wants would tell the value (M4).
    Masked,
}

/// A part of a request that an identifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestPart {
    /// The id of the subject.
    Subject,
    /// The account that the subject states.
    SubjectAccount,
    /// A role that the subject brings.
    SubjectRole,
    /// The position that the subject brings.
    SubjectPosition,
    /// The action.
    Action,
    /// The type of the resource.
    ResourceType,
    /// The id of the resource.
    ResourceId,
    /// The account of the resource.
    ResourceAccount,
    /// The owner of the resource.
    Owner,
    /// The position of the owner.
    OwnerPosition,
}

impl Cause {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Cause::InvalidIdentifier { .. } => "invalid_identifier",
            Cause::MissingAccount { .. } => "missing_account",
            Cause::WrongAccount { .. } => "wrong_account",
            Cause::Removed { .. } => "removed",
            Cause::NotReady { .. } => "not_ready",
            Cause::UnknownSubject { .. } => "unknown_subject",
            Cause::UnknownRole { .. } => "unknown_role",
            Cause::UnknownPosition { .. } => "unknown_position",
            Cause::Suspended { .. } => "suspended",
            Cause::UnknownType { .. } => "unknown_type",
            Cause::UnknownAction { .. } => "unknown_action",
            Cause::AskedWrongWay { .. } => "asked_wrong_way",
            Cause::NotEverybody | Cause::NotGranted { .. } => "not_granted",
            Cause::RoleNotHeld { .. } => "role_not_held",
            Cause::RoleInNoPackage { .. } => "role_in_no_package",
            Cause::PackageNotAssigned { .. } => "package_not_assigned",
            Cause::Denied { .. } => "denied",
            Cause::FeatureDisabled { .. } => "feature_disabled",
            Cause::PrerequisiteMissing { .. } => "prerequisite_missing",
            Cause::OutOfScope { .. } => "out_of_scope",
            Cause::TooNarrow { .. } => "too_narrow",
            Cause::Condition(failed) => failed.code,
        }
    }

    /// Returns whether it is a root: something to mend by itself. A missing prerequisite and a scope that reaches
    /// too short are none: what lacks behind them is told as causes of its own.
    pub const fn is_root(&self) -> bool {
        match self {
            Cause::PrerequisiteMissing { .. } | Cause::OutOfScope { .. } => false,
            Cause::InvalidIdentifier { .. }
            | Cause::MissingAccount { .. }
            | Cause::WrongAccount { .. }
            | Cause::Removed { .. }
            | Cause::NotReady { .. }
            | Cause::UnknownSubject { .. }
            | Cause::UnknownRole { .. }
            | Cause::UnknownPosition { .. }
            | Cause::Suspended { .. }
            | Cause::UnknownType { .. }
            | Cause::UnknownAction { .. }
            | Cause::AskedWrongWay { .. }
            | Cause::NotEverybody
            | Cause::NotGranted { .. }
            | Cause::RoleNotHeld { .. }
            | Cause::RoleInNoPackage { .. }
            | Cause::PackageNotAssigned { .. }
            | Cause::Denied { .. }
            | Cause::FeatureDisabled { .. }
            | Cause::TooNarrow { .. }
            | Cause::Condition(_) => true,
        }
    }
}

fn word<S: Serializer>(part: &Part, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(part.as_str())
}
