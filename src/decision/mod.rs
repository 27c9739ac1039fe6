//! The answer to a check: allow or deny, and the one reason why (D17).

mod reason;
mod verdict;

use std::fmt;

use crate::Scope;
use crate::id::{Brand, FeatureId, OperationId, PermissionId, PropertyId};

pub use reason::{DenyKind, DenyReason, Part, PrerequisiteCause};
pub(crate) use verdict::{CELL, Code, Denial, NONE, Verdict};

/// Whether the request is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It is.
    Allow,
    /// It is not.
    Deny,
}

/// The answer to a check: 24 bytes, `Copy`, with the one reason that D17 picks.
///
/// Its `Display` is a short English sentence without names;
/// [`Engine::describe`](crate::Engine::describe) says it with the catalog's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a decision that nobody looks at protects nothing"]
pub struct Decision {
    revision: u64,
    verdict: Verdict,
    catalog: CatalogBrand,
}

const _: () = assert!(size_of::<Decision>() == 24);

/// The brand of the catalog in a whole word: of half a word and padding, a copy made at once waited until
/// the halves were written back (which took as long as the check).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CatalogBrand(u64);

impl Decision {
    #[inline]
    pub(crate) const fn new(revision: u64, brand: Brand, verdict: Verdict) -> Self {
        Decision {
            revision,
            verdict,
            catalog: CatalogBrand(brand.number() as u64),
        }
    }

    /// Whether it was made with that catalog.
    pub(crate) fn is_of(&self, catalog: Brand) -> bool {
        self.brand() == catalog
    }

    const fn brand(&self) -> Brand {
        Brand::numbered(self.catalog.0 as u32)
    }

    /// Allow or deny.
    #[inline]
    pub const fn effect(&self) -> Effect {
        match self.verdict.is_allow() {
            true => Effect::Allow,
            false => Effect::Deny,
        }
    }

    /// Whether it is an allow.
    #[inline]
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        self.verdict.is_allow()
    }

    /// The stable code: `allowed`, or that of the reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.verdict.code().as_str()
    }

    /// The kind of a denial, which a host answers its caller by (D20); `None` for an allow.
    #[must_use]
    pub fn kind(&self) -> Option<DenyKind> {
        self.verdict.code().kind()
    }

    /// Why it was denied; `None` of an allow.
    #[must_use]
    pub fn reason(&self) -> Option<DenyReason> {
        let Denial {
            code,
            part: on,
            cause,
            fact,
            ..
        } = self.verdict.denial();
        let fact = u32::from(fact);
        let property = PropertyId::new(fact, self.brand());
        Some(match code {
            Code::Allowed => return None,
            Code::NotReady => DenyReason::NotReady,
            Code::InvalidIdentifier => DenyReason::InvalidIdentifier,
            Code::MissingAccount => DenyReason::MissingAccount(on),
            Code::WrongAccount => DenyReason::WrongAccount(on),
            Code::Removed => DenyReason::Removed,
            Code::UnknownSubject => DenyReason::UnknownSubject,
            Code::UnknownRole => DenyReason::UnknownRole,
            Code::UnknownPosition => DenyReason::UnknownPosition,
            Code::Suspended => DenyReason::Suspended,
            Code::UnknownType => DenyReason::UnknownType,
            Code::UnknownAction => DenyReason::UnknownAction,
            Code::AskedWrongWay => DenyReason::AskedWrongWay,
            Code::DifferentRecords => DenyReason::DifferentRecords,
            Code::NotGranted => DenyReason::NotGranted,
            Code::Denied => DenyReason::Denied,
            Code::FeatureDisabled => DenyReason::FeatureDisabled {
                feature: FeatureId::new(fact, self.brand()),
                on,
            },
            Code::PrerequisiteMissing => DenyReason::PrerequisiteMissing {
                permission: PermissionId::new(fact, self.brand()),
                on,
                cause: PrerequisiteCause::of(cause),
            },
            Code::OutOfScope => DenyReason::OutOfScope,
            Code::OwnerIsFixed => DenyReason::OwnerIsFixed,
            Code::ConditionNotMet => DenyReason::ConditionNotMet { property, on },
            Code::PropertyMissing => DenyReason::PropertyMissing { property, on },
            Code::PropertyWrongType => DenyReason::PropertyWrongType { property, on },
        })
    }

    /// The permission that decided: of an allow the one with the widest scope, of a denial the one
    /// that got furthest (D17). `None` of an open operation, and where no permission was reached.
    #[must_use]
    pub fn permission(&self) -> Option<PermissionId> {
        let permission = self.verdict.permission();
        (permission != NONE).then(|| PermissionId::new(u32::from(permission), self.brand()))
    }

    /// The scope of an allow: how far the permission reaches, narrowed by prerequisites (D7).
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        match self.is_allow() {
            true => Scope::from_u8(self.verdict.detail()),
            false => None,
        }
    }

    /// Of an allow on the type that delivers or touches many records: the record operation whose
    /// filter the host must apply (D14).
    #[must_use]
    pub fn filtered_by(&self) -> Option<OperationId> {
        let filter = self.verdict.fact();
        (self.is_allow() && filter != NONE)
            .then(|| OperationId::new(u32::from(filter), self.brand()))
    }

    /// The number of the engine's state that decided.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The permit, or the denial as an error, for use with `?`.
    ///
    /// # Errors
    /// [`Denied`] of a denial.
    pub const fn require(self) -> Result<Permit, Denied> {
        match self.effect() {
            Effect::Allow => Ok(Permit(self)),
            Effect::Deny => Err(Denied(self)),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.verdict.code() {
            Code::Allowed => "allowed",
            Code::NotReady => {
                "denied: nothing is loaded yet, or something was changed that cannot be read here yet"
            },
            Code::InvalidIdentifier => "denied: an identifier of the request is invalid",
            Code::MissingAccount => "denied: the request does not state its account",
            Code::WrongAccount => "denied: the request is about another account",
            Code::Removed => "denied: the user was removed",
            Code::UnknownSubject => "denied: there is no such user",
            Code::UnknownRole => "denied: there is no such role, or a token may not bring it",
            Code::UnknownPosition => "denied: there is no such position",
            Code::Suspended => "denied: the user is suspended",
            Code::UnknownType => "denied: there is no such type of resource",
            Code::UnknownAction => "denied: the type has no such action",
            Code::AskedWrongWay => {
                "denied: a record operation was asked of the type, or the reverse"
            }
            Code::DifferentRecords => "denied: the two states are not of one record",
            Code::NotGranted => "denied: no role grants the permission",
            Code::Denied => "denied: a role denies the permission",
            Code::FeatureDisabled => "denied: a feature is not enabled in the account",
            Code::PrerequisiteMissing => "denied: a prerequisite of the permission is missing",
            Code::OutOfScope => "denied: the permission does not reach the owner of the record",
            Code::OwnerIsFixed => "denied: no operation gives such a record another owner",
            Code::ConditionNotMet => "denied: a condition does not hold",
            Code::PropertyMissing => "denied: a property that a condition reads is missing",
            Code::PropertyWrongType => {
                "denied: a property that a condition reads is of another type"
            }
        })
    }
}

/// Proof that a check allowed.
#[must_use = "an action that does not look at its permit is not guarded"]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permit(Decision);

impl Permit {
    /// The decision, an allow.
    pub const fn decision(&self) -> Decision {
        self.0
    }
}

/// A denial, as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{0}")]
pub struct Denied(Decision);

impl Denied {
    /// Of a denial; of an allow there is no `Denied`.
    pub(crate) const fn of(denial: Decision) -> Denied {
        Denied(denial)
    }

    /// The decision, a denial.
    pub const fn decision(&self) -> Decision {
        self.0
    }

    /// Why.
    pub fn reason(&self) -> DenyReason {
        // The only decision without a reason is an allow, of which no `Denied` is made.
        self.0.reason().unwrap_or(DenyReason::NotGranted)
    }

    /// What kind of denial it is, from its code alone: what the host answers its caller by (D20).
    pub fn kind(&self) -> DenyKind {
        self.reason().kind()
    }
}
