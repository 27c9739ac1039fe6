//! Why a request was denied, for those who ask.

use serde::{Deserialize, Serialize};

use super::verdict::Code;
use crate::id::{FeatureId, PermissionId, PropertyId};

/// Which part of the catalog or the request a denial is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// The request's subject.
    Subject,
    /// The request's resource.
    Resource,
    /// The permission itself.
    Permission,
    /// An ancestor of the permission in the tree.
    Ancestor,
    /// The pair of permission and operation.
    Pair,
    /// The operation.
    Operation,
}

impl Part {
    pub(super) const EVERY: [Part; 6] = [
        Part::Subject,
        Part::Resource,
        Part::Permission,
        Part::Ancestor,
        Part::Pair,
        Part::Operation,
    ];

    /// The word of the stable form: `subject`, `resource`, `permission`, `ancestor`, `pair`, `operation`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Subject => "subject",
            Part::Resource => "resource",
            Part::Permission => "permission",
            Part::Ancestor => "ancestor",
            Part::Pair => "pair",
            Part::Operation => "operation",
        }
    }
}

/// Why a request was denied, with the facts of it. [`DenyReason::code`] is stable (semver covers it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenyReason {
    /// Nothing is loaded yet that could decide; or something may have been taken from the subject by a
    /// change that a newer host wrote and this one cannot read (D16). Only a `Live` of the feature `live`, and
    /// the engines that it gives out, answer so.
    NotReady,
    /// An identifier of the request is empty, longer than 256 bytes, or holds a control character (D12).
    InvalidIdentifier,
    /// The catalog serves many accounts and this part of the request states none (D11).
    MissingAccount(Part),
    /// This part of the request is of another account (D11).
    WrongAccount(Part),
    /// The account has used the subject's id and removed it, and has not forgotten it since (D18).
    Removed,
    /// The directory has no such user, or the handle is of another account.
    UnknownSubject,
    /// There is no such role, or tokens may not bring it (D18).
    UnknownRole,
    /// The token's position does not exist (D18).
    UnknownPosition,
    /// The user is suspended (D2).
    Suspended,
    /// The catalog has no such resource type.
    UnknownType,
    /// The type has no such action, or the handle is of another catalog.
    UnknownAction,
    /// A record operation was asked of the type, or the other way round (D14).
    AskedWrongWay,
    /// The two states of a change are not of one record: their types or ids differ (D19).
    DifferentRecords,
    /// No role of the subject grants a permission that allows it (D3).
    NotGranted,
    /// A role of the subject denies the permission (D4).
    Denied,
    /// A feature is not enabled in the account (D6, D9).
    FeatureDisabled {
        /// The first missing feature.
        feature: FeatureId,
        /// Where the catalog names it.
        on: Part,
    },
    /// A prerequisite is not effective (D7, D9).
    PrerequisiteMissing {
        /// The first missing prerequisite.
        permission: PermissionId,
        /// Where the catalog names it.
        on: Part,
        /// Why that one is not effective.
        cause: PrerequisiteCause,
    },
    /// The permission's scope does not reach the record's owner (S1).
    OutOfScope,
    /// The change gives the record another owner, and the catalog names no operation that does (D19).
    OwnerIsFixed,
    /// A condition does not hold (D10).
    ConditionNotMet {
        /// The property on its left.
        property: PropertyId,
        /// Where the catalog states the condition.
        on: Part,
    },
    /// A property that a condition reads is missing (D10).
    PropertyMissing {
        /// The property.
        property: PropertyId,
        /// Where the catalog states the condition.
        on: Part,
    },
    /// A property that a condition reads is of another type than declared (D10).
    PropertyWrongType {
        /// The property.
        property: PropertyId,
        /// Where the catalog states the condition.
        on: Part,
    },
}

impl DenyReason {
    /// The stable code, `not_granted`.
    pub const fn code(self) -> &'static str {
        self.to_code().as_str()
    }

    /// The kind, which follows from the code alone (D20).
    pub const fn kind(self) -> DenyKind {
        match self.to_code().kind() {
            Some(kind) => kind,
            // The one code without a kind is an allow's, which no reason has.
            None => DenyKind::Policy,
        }
    }

    const fn to_code(self) -> Code {
        match self {
            DenyReason::NotReady => Code::NotReady,
            DenyReason::InvalidIdentifier => Code::InvalidIdentifier,
            DenyReason::MissingAccount(_) => Code::MissingAccount,
            DenyReason::WrongAccount(_) => Code::WrongAccount,
            DenyReason::Removed => Code::Removed,
            DenyReason::UnknownSubject => Code::UnknownSubject,
            DenyReason::UnknownRole => Code::UnknownRole,
            DenyReason::UnknownPosition => Code::UnknownPosition,
            DenyReason::Suspended => Code::Suspended,
            DenyReason::UnknownType => Code::UnknownType,
            DenyReason::UnknownAction => Code::UnknownAction,
            DenyReason::AskedWrongWay => Code::AskedWrongWay,
            DenyReason::DifferentRecords => Code::DifferentRecords,
            DenyReason::NotGranted => Code::NotGranted,
            DenyReason::Denied => Code::Denied,
            DenyReason::FeatureDisabled { .. } => Code::FeatureDisabled,
            DenyReason::PrerequisiteMissing { .. } => Code::PrerequisiteMissing,
            DenyReason::OutOfScope => Code::OutOfScope,
            DenyReason::OwnerIsFixed => Code::OwnerIsFixed,
            DenyReason::ConditionNotMet { .. } => Code::ConditionNotMet,
            DenyReason::PropertyMissing { .. } => Code::PropertyMissing,
            DenyReason::PropertyWrongType { .. } => Code::PropertyWrongType,
        }
    }
}

/// What a denial tells its caller, whatever else its reason says (D20).
///
/// The kind follows from the code alone, and semver covers it as it covers the code. There are these four: a match
/// needs no arm for others.
///
/// | kind | codes |
/// |---|---|
/// | `policy` | `wrong_account`, `not_granted`, `denied`, `feature_disabled`, `prerequisite_missing`, `out_of_scope`, `owner_is_fixed`, `condition_not_met`, `property_missing` |
/// | `subject` | `removed`, `unknown_subject`, `unknown_role`, `unknown_position`, `suspended` |
/// | `request` | `invalid_identifier`, `missing_account`, `unknown_type`, `unknown_action`, `asked_wrong_way`, `different_records`, `property_wrong_type` |
/// | `not_ready` | `not_ready` |
///
/// ```
/// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
/// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::{Denied, DenyKind};
/// fn status(denied: Denied) -> u16 {
///     match denied.kind() {
///         DenyKind::Policy => 403,
///         DenyKind::Subject => 401,
///         DenyKind::Request => 500, // a mistake of the host's own
///         DenyKind::NotReady => 503,
///     }
/// }
/// let order = Record::of("order").id("7");
/// let of = |user, action| engine.check(user, action, &order).require().map_err(status);
/// assert_eq!(of("ann", "cancel"), Err(403));
/// assert_eq!(of("nobody", "cancel"), Err(401));
/// assert_eq!(of("ann", "cancle"), Err(500));
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyKind {
    /// The rules say no. The answer to the person who asked is "you may not" (403).
    Policy,
    /// Nobody can be asked about: the subject is unknown, suspended or removed, or its token brings a role or a
    /// position that does not exist. The person signs in again, or is told that they may not (401 or 403).
    Subject,
    /// The caller made a mistake: the request names what the catalog does not have, leaves out what it must state,
    /// or is put together wrongly. Whoever wrote the host mends it (500).
    Request,
    /// Nothing could be decided yet. The same request may be allowed later (503).
    NotReady,
}

impl DenyKind {
    /// The word of the stable form: `policy`, `subject`, `request`, `not_ready`.
    pub const fn as_str(self) -> &'static str {
        match self {
            DenyKind::Policy => "policy",
            DenyKind::Subject => "subject",
            DenyKind::Request => "request",
            DenyKind::NotReady => "not_ready",
        }
    }
}

/// Why a prerequisite is not effective (D8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrerequisiteCause {
    /// No role grants it.
    NotGranted,
    /// A role denies it.
    Denied,
    /// A feature it needs is not enabled.
    FeatureDisabled,
    /// A prerequisite of its own is not effective.
    PrerequisiteMissing,
}

impl PrerequisiteCause {
    /// The stable code of the reason it stands for.
    pub const fn code(self) -> &'static str {
        match self {
            PrerequisiteCause::NotGranted => Code::NotGranted.as_str(),
            PrerequisiteCause::Denied => Code::Denied.as_str(),
            PrerequisiteCause::FeatureDisabled => Code::FeatureDisabled.as_str(),
            PrerequisiteCause::PrerequisiteMissing => Code::PrerequisiteMissing.as_str(),
        }
    }

    pub(super) fn of(code: u8) -> Self {
        match code {
            c if c == Code::NotGranted as u8 => PrerequisiteCause::NotGranted,
            c if c == Code::Denied as u8 => PrerequisiteCause::Denied,
            c if c == Code::FeatureDisabled as u8 => PrerequisiteCause::FeatureDisabled,
            _ => PrerequisiteCause::PrerequisiteMissing,
        }
    }
}
