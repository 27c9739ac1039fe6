//! The codes of denials, in the order of D17.

use crate::decision::{DenyReason, Part, PrerequisiteCause};
use crate::id::{Brand, FeatureId, PermissionId, PropertyId};

/// What a document writes for an allow.
pub(super) const ALLOW: &str = "allow";

const FEATURE: FeatureId = FeatureId::new(0, Brand::NONE);
const PERMISSION: PermissionId = PermissionId::new(0, Brand::NONE);
const PROPERTY: PropertyId = PropertyId::new(0, Brand::NONE);
const ON: Part = Part::Permission;

/// One reason of each kind. Spelt by way of the reasons themselves, so that no code is misspelt.
const REASONS: [DenyReason; 21] = [
    DenyReason::InvalidIdentifier,
    DenyReason::MissingAccount(Part::Subject),
    DenyReason::WrongAccount(Part::Subject),
    DenyReason::Removed,
    DenyReason::UnknownSubject,
    DenyReason::UnknownRole,
    DenyReason::UnknownPosition,
    DenyReason::Suspended,
    DenyReason::UnknownType,
    DenyReason::UnknownAction,
    DenyReason::AskedWrongWay,
    DenyReason::DifferentRecords,
    DenyReason::NotGranted,
    DenyReason::Denied,
    DenyReason::FeatureDisabled {
        feature: FEATURE,
        on: ON,
    },
    DenyReason::PrerequisiteMissing {
        permission: PERMISSION,
        on: ON,
        cause: PrerequisiteCause::NotGranted,
    },
    DenyReason::OutOfScope,
    DenyReason::OwnerIsFixed,
    DenyReason::ConditionNotMet {
        property: PROPERTY,
        on: ON,
    },
    DenyReason::PropertyMissing {
        property: PROPERTY,
        on: ON,
    },
    DenyReason::PropertyWrongType {
        property: PROPERTY,
        on: ON,
    },
];

/// Everything that an answer may be.
pub(super) fn every() -> impl Iterator<Item = &'static str> {
    std::iter::once(ALLOW).chain(REASONS.iter().map(|reason| reason.code()))
}

/// How far a request got that is answered so: the place of the code in D17, an allow past all.
fn place(answer: &str) -> usize {
    REASONS
        .iter()
        .position(|reason| reason.code() == answer)
        .unwrap_or(REASONS.len())
}

/// Whether such an answer is given no later than that code.
fn is_by(answer: &str, last: DenyReason) -> bool {
    place(answer) <= place(last.code())
}

/// Whether the request got as far as the operation's permissions. An operation that is only ever
/// asked by the suspended is not tested.
pub(super) fn reached(answer: &str) -> bool {
    !is_by(answer, DenyReason::DifferentRecords)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stops compiling when a reason is added, which then belongs into `REASONS` as well.
    fn listed_at(reason: DenyReason) -> usize {
        match reason {
            // No engine answers so, and a table asks an engine.
            DenyReason::NotReady => usize::MAX,
            DenyReason::InvalidIdentifier => 0,
            DenyReason::MissingAccount(_) => 1,
            DenyReason::WrongAccount(_) => 2,
            DenyReason::Removed => 3,
            DenyReason::UnknownSubject => 4,
            DenyReason::UnknownRole => 5,
            DenyReason::UnknownPosition => 6,
            DenyReason::Suspended => 7,
            DenyReason::UnknownType => 8,
            DenyReason::UnknownAction => 9,
            DenyReason::AskedWrongWay => 10,
            DenyReason::DifferentRecords => 11,
            DenyReason::NotGranted => 12,
            DenyReason::Denied => 13,
            DenyReason::FeatureDisabled { .. } => 14,
            DenyReason::PrerequisiteMissing { .. } => 15,
            DenyReason::OutOfScope => 16,
            DenyReason::OwnerIsFixed => 17,
            DenyReason::ConditionNotMet { .. } => 18,
            DenyReason::PropertyMissing { .. } => 19,
            DenyReason::PropertyWrongType { .. } => 20,
        }
    }

    #[test]
    fn every_reason_has_its_place() {
        for (i, reason) in REASONS.into_iter().enumerate() {
            assert_eq!(listed_at(reason), i);
            assert_eq!(place(reason.code()), i);
        }
        assert!(reached(ALLOW) && reached("not_granted") && !reached("suspended"));
    }
}
