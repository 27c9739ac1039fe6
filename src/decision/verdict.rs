//! What was decided, in a word: what the tables of an engine hold ready, and the evaluator passes on.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::{DenyKind, Part};
use crate::Scope;

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

/// The codes, by what is first asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Code {
    NotReady,
    InvalidIdentifier,
    MissingAccount,
    WrongAccount,
    Removed,
    UnknownSubject,
    UnknownRole,
    UnknownPosition,
    Suspended,
    UnknownType,
    UnknownAction,
    AskedWrongWay,
    DifferentRecords,
    NotGranted,
    Denied,
    FeatureDisabled,
    PrerequisiteMissing,
    OutOfScope,
    OwnerIsFixed,
    ConditionNotMet,
    PropertyMissing,
    PropertyWrongType,
    Allowed,
}

impl Code {
    const EVERY: [Code; 23] = [
        Code::NotReady,
        Code::InvalidIdentifier,
        Code::MissingAccount,
        Code::WrongAccount,
        Code::Removed,
        Code::UnknownSubject,
        Code::UnknownRole,
        Code::UnknownPosition,
        Code::Suspended,
        Code::UnknownType,
        Code::UnknownAction,
        Code::AskedWrongWay,
        Code::DifferentRecords,
        Code::NotGranted,
        Code::Denied,
        Code::FeatureDisabled,
        Code::PrerequisiteMissing,
        Code::OutOfScope,
        Code::OwnerIsFixed,
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
            Code::Removed => "removed",
            Code::UnknownSubject => "unknown_subject",
            Code::UnknownRole => "unknown_role",
            Code::UnknownPosition => "unknown_position",
            Code::Suspended => "suspended",
            Code::UnknownType => "unknown_type",
            Code::UnknownAction => "unknown_action",
            Code::AskedWrongWay => "asked_wrong_way",
            Code::DifferentRecords => "different_records",
            Code::NotGranted => "not_granted",
            Code::Denied => "denied",
            Code::FeatureDisabled => "feature_disabled",
            Code::PrerequisiteMissing => "prerequisite_missing",
            Code::OutOfScope => "out_of_scope",
            Code::OwnerIsFixed => "owner_is_fixed",
            Code::ConditionNotMet => "condition_not_met",
            Code::PropertyMissing => "property_missing",
            Code::PropertyWrongType => "property_wrong_type",
            Code::Allowed => "allowed",
        }
    }

    /// The kind of a denial (D20); `None` for an allow.
    pub(crate) const fn kind(self) -> Option<DenyKind> {
        Some(match self {
            Code::NotReady => DenyKind::NotReady,
            Code::Removed
            | Code::UnknownSubject
            | Code::UnknownRole
            | Code::UnknownPosition
            | Code::Suspended => DenyKind::Subject,
            Code::InvalidIdentifier
            | Code::MissingAccount
            | Code::UnknownType
            | Code::UnknownAction
            | Code::AskedWrongWay
            | Code::DifferentRecords
            | Code::PropertyWrongType => DenyKind::Request,
            Code::WrongAccount
            | Code::NotGranted
            | Code::Denied
            | Code::FeatureDisabled
            | Code::PrerequisiteMissing
            | Code::OutOfScope
            | Code::OwnerIsFixed
            | Code::ConditionNotMet
            | Code::PropertyMissing => DenyKind::Policy,
            Code::Allowed => return None,
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// D20, code by code; semver covers it as it covers the codes.
    const KINDS: &str = "\
not_ready not_ready
invalid_identifier request
missing_account request
wrong_account policy
removed subject
unknown_subject subject
unknown_role subject
unknown_position subject
suspended subject
unknown_type request
unknown_action request
asked_wrong_way request
different_records request
not_granted policy
denied policy
feature_disabled policy
prerequisite_missing policy
out_of_scope policy
owner_is_fixed policy
condition_not_met policy
property_missing policy
property_wrong_type request
allowed
";

    #[test]
    fn every_code_of_a_denial_has_its_kind() {
        let mut told = String::new();
        for code in Code::EVERY {
            told.push_str(code.as_str());
            if let Some(kind) = code.kind() {
                told.push(' ');
                told.push_str(kind.as_str());
            }
            told.push('\n');
        }
        assert_eq!(told, KINDS);
    }

    #[test]
    fn a_decision_says_the_kind_of_its_reason_and_an_allow_has_none() {
        for code in Code::EVERY {
            let denial = Verdict::deny(Denial::of(code));
            let decision = super::super::Decision::new(1, crate::id::Brand::NONE, denial);
            let of_reason = decision.reason().map(|reason| reason.kind());
            assert_eq!(of_reason, code.kind());
            assert_eq!(decision.kind(), code.kind());
            let denied = decision.require().err();
            assert_eq!(denied.map(|it| it.kind()), code.kind());
        }
    }
}
