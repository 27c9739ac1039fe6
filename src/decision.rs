//! The answer to a check: allow or deny, and the one reason why (D17).

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::Scope;
use crate::id::{Brand, FeatureId, OperationId, PermissionId, PropertyId};

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

/// The brand of the catalog in a whole word: of half a word and padding, a copy made at once waited until
/// the halves were written back (which took as long as the check).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct CatalogBrand(u64);

/// What was decided, in one word: the tables of an engine hold it ready, and a check copies it.
///
/// From the lowest byte: the code; the scope of an allow, or the cause of a missing prerequisite;
/// the part; a byte of the engine's cells; then the permission, and the fact (of an allow, the operation
/// that filters), two bytes each.
///
/// Where the cells' byte says that a scope short of `All` was reached, the fact is the permission to name
/// where that was not far enough. A check then only writes the code; [`Verdict::settled`] puts the rest in
/// order once somebody looks. (Putting it in order in every check cost twelve instructions.)
#[derive(Clone, Copy)]
pub(crate) struct Verdict(pub(crate) u64);

/// Where the byte of the engine's cells begins; in its lowest three bits the scope that is reached.
pub(crate) const CELL: u32 = 24;
const CELL_BITS: u64 = 0xff << CELL;

impl Verdict {
    pub(crate) const fn allow(permission: u16, scope: u8, filtered_by: u16) -> Verdict {
        Verdict(
            Code::Allowed as u64
                | (scope as u64) << 8
                | (Part::Permission as u64) << 16
                | (permission as u64) << 32
                | (filtered_by as u64) << 48,
        )
    }

    pub(crate) const fn deny(denial: Denial) -> Verdict {
        Verdict(
            denial.code as u64
                | (denial.cause as u64) << 8
                | (denial.part as u64) << 16
                | (denial.permission as u64) << 32
                | (denial.fact as u64) << 48,
        )
    }

    /// The same allow, or that the scope does not reach: only the code is written.
    #[inline]
    pub(crate) const fn out_of_scope_if(self, out_of_scope: bool) -> Verdict {
        const OTHER_CODE: u64 = Code::Allowed as u64 ^ Code::OutOfScope as u64;
        Verdict(self.0 ^ if out_of_scope { OTHER_CODE } else { 0 })
    }

    #[inline]
    pub(crate) const fn is_allow(self) -> bool {
        self.0 as u8 == Code::Allowed as u8
    }

    pub(crate) fn code(self) -> Code {
        Code::EVERY
            .get(usize::from(self.0 as u8))
            .copied()
            .unwrap_or(Code::NotGranted)
    }

    /// Without what it has of a cell.
    const fn settled(self) -> Verdict {
        let reach = (self.0 >> CELL) as u8 & 0b111;
        if reach == 0 || reach >= Scope::All as u8 {
            Verdict(self.0 & !CELL_BITS)
        } else if self.is_allow() {
            Verdict(self.0 & !CELL_BITS | (NONE as u64) << 48)
        } else {
            let first = (self.0 >> 48) as u16;
            let denial = Denial::of(Code::OutOfScope);
            Verdict::deny(Denial {
                permission: first,
                ..denial
            })
        }
    }

    /// The scope of an allow, the cause of a missing prerequisite.
    pub(crate) const fn detail(self) -> u8 {
        (self.settled().0 >> 8) as u8
    }

    fn part(self) -> Part {
        Part::EVERY
            .get(usize::from((self.settled().0 >> 16) as u8))
            .copied()
            .unwrap_or(Part::Operation)
    }

    pub(crate) const fn permission(self) -> u16 {
        (self.settled().0 >> 32) as u16
    }

    pub(crate) const fn fact(self) -> u16 {
        (self.settled().0 >> 48) as u16
    }

    pub(crate) fn denial(self) -> Denial {
        Denial {
            code: self.code(),
            part: self.part(),
            cause: self.detail(),
            permission: self.permission(),
            fact: self.fact(),
        }
    }
}

impl PartialEq for Verdict {
    fn eq(&self, other: &Verdict) -> bool {
        self.settled().0 == other.settled().0
    }
}

impl Eq for Verdict {}

impl Hash for Verdict {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.settled().0.hash(state);
    }
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verdict")
            .field(&self.code())
            .field(&self.detail())
            .field(&self.part())
            .field(&self.permission())
            .field(&self.fact())
            .finish()
    }
}

/// No permission, feature, operation or property.
pub(crate) const NONE: u16 = u16::MAX;

/// The codes, in the order of D17, which is also how far a pair got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Code {
    NotReady,
    InvalidIdentifier,
    MissingAccount,
    WrongAccount,
    UnknownSubject,
    UnknownRole,
    UnknownPosition,
    Suspended,
    UnknownType,
    UnknownAction,
    AskedWrongWay,
    NotGranted,
    Denied,
    FeatureDisabled,
    PrerequisiteMissing,
    OutOfScope,
    ConditionNotMet,
    PropertyMissing,
    PropertyWrongType,
    Allowed,
}

impl Code {
    const EVERY: [Code; 20] = [
        Code::NotReady,
        Code::InvalidIdentifier,
        Code::MissingAccount,
        Code::WrongAccount,
        Code::UnknownSubject,
        Code::UnknownRole,
        Code::UnknownPosition,
        Code::Suspended,
        Code::UnknownType,
        Code::UnknownAction,
        Code::AskedWrongWay,
        Code::NotGranted,
        Code::Denied,
        Code::FeatureDisabled,
        Code::PrerequisiteMissing,
        Code::OutOfScope,
        Code::ConditionNotMet,
        Code::PropertyMissing,
        Code::PropertyWrongType,
        Code::Allowed,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Code::NotReady => "not_ready",
            Code::InvalidIdentifier => "invalid_identifier",
            Code::MissingAccount => "missing_account",
            Code::WrongAccount => "wrong_account",
            Code::UnknownSubject => "unknown_subject",
            Code::UnknownRole => "unknown_role",
            Code::UnknownPosition => "unknown_position",
            Code::Suspended => "suspended",
            Code::UnknownType => "unknown_type",
            Code::UnknownAction => "unknown_action",
            Code::AskedWrongWay => "asked_wrong_way",
            Code::NotGranted => "not_granted",
            Code::Denied => "denied",
            Code::FeatureDisabled => "feature_disabled",
            Code::PrerequisiteMissing => "prerequisite_missing",
            Code::OutOfScope => "out_of_scope",
            Code::ConditionNotMet => "condition_not_met",
            Code::PropertyMissing => "property_missing",
            Code::PropertyWrongType => "property_wrong_type",
            Code::Allowed => "allowed",
        }
    }
}

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
    const EVERY: [Part; 6] = [
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
    /// Nothing is loaded yet that could decide. No engine answers so: a `Live` does, of the feature `live`.
    NotReady,
    /// An identifier of the request is empty, longer than 256 bytes, or holds a control character (D12).
    InvalidIdentifier,
    /// The catalog serves many accounts and this part of the request states none (D11).
    MissingAccount(Part),
    /// This part of the request is of another account (D11).
    WrongAccount(Part),
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

    const fn to_code(self) -> Code {
        match self {
            DenyReason::NotReady => Code::NotReady,
            DenyReason::InvalidIdentifier => Code::InvalidIdentifier,
            DenyReason::MissingAccount(_) => Code::MissingAccount,
            DenyReason::WrongAccount(_) => Code::WrongAccount,
            DenyReason::UnknownSubject => Code::UnknownSubject,
            DenyReason::UnknownRole => Code::UnknownRole,
            DenyReason::UnknownPosition => Code::UnknownPosition,
            DenyReason::Suspended => Code::Suspended,
            DenyReason::UnknownType => Code::UnknownType,
            DenyReason::UnknownAction => Code::UnknownAction,
            DenyReason::AskedWrongWay => Code::AskedWrongWay,
            DenyReason::NotGranted => Code::NotGranted,
            DenyReason::Denied => Code::Denied,
            DenyReason::FeatureDisabled { .. } => Code::FeatureDisabled,
            DenyReason::PrerequisiteMissing { .. } => Code::PrerequisiteMissing,
            DenyReason::OutOfScope => Code::OutOfScope,
            DenyReason::ConditionNotMet { .. } => Code::ConditionNotMet,
            DenyReason::PropertyMissing { .. } => Code::PropertyMissing,
            DenyReason::PropertyWrongType { .. } => Code::PropertyWrongType,
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

    fn of(code: u8) -> Self {
        match code {
            c if c == Code::NotGranted as u8 => PrerequisiteCause::NotGranted,
            c if c == Code::Denied as u8 => PrerequisiteCause::Denied,
            c if c == Code::FeatureDisabled as u8 => PrerequisiteCause::FeatureDisabled,
            _ => PrerequisiteCause::PrerequisiteMissing,
        }
    }
}

/// A denial as the evaluator has it: codes and indices, no brands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) code: Code,
    pub(crate) part: Part,
    pub(crate) cause: u8,
    pub(crate) permission: u16,
    pub(crate) fact: u16,
}

impl Denial {
    pub(crate) const fn of(code: Code) -> Self {
        Denial {
            code,
            part: Part::Permission,
            cause: 0,
            permission: NONE,
            fact: NONE,
        }
    }

    pub(crate) const fn on(code: Code, part: Part) -> Self {
        Denial {
            part,
            ..Denial::of(code)
        }
    }
}

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
            Code::UnknownSubject => DenyReason::UnknownSubject,
            Code::UnknownRole => DenyReason::UnknownRole,
            Code::UnknownPosition => DenyReason::UnknownPosition,
            Code::Suspended => DenyReason::Suspended,
            Code::UnknownType => DenyReason::UnknownType,
            Code::UnknownAction => DenyReason::UnknownAction,
            Code::AskedWrongWay => DenyReason::AskedWrongWay,
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
            Code::NotReady => "denied: nothing is loaded yet",
            Code::InvalidIdentifier => "denied: an identifier of the request is invalid",
            Code::MissingAccount => "denied: the request does not state its account",
            Code::WrongAccount => "denied: the request is about another account",
            Code::UnknownSubject => "denied: there is no such user",
            Code::UnknownRole => "denied: there is no such role to bring",
            Code::UnknownPosition => "denied: there is no such position to bring",
            Code::Suspended => "denied: the user is suspended",
            Code::UnknownType => "denied: there is no such type of resource",
            Code::UnknownAction => "denied: the type has no such action",
            Code::AskedWrongWay => {
                "denied: a record operation was asked of the type, or the reverse"
            }
            Code::NotGranted => "denied: no role grants the permission",
            Code::Denied => "denied: a role denies the permission",
            Code::FeatureDisabled => "denied: a feature is not enabled in the account",
            Code::PrerequisiteMissing => "denied: a prerequisite of the permission is missing",
            Code::OutOfScope => "denied: the permission does not reach the owner of the record",
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
}
