//! Whether features alone stand in the way of an operation, and which is the first (Q6).

use super::super::conditions::{Fact, Standing, standing};
use crate::catalog::{EVERYBODY, Operation, Pair};
use crate::decision::{Code, Denial, NONE, Part};
use crate::document::AskedOn;
use crate::engine::{Asker, State, got_further};

/// What a subject holds, features aside, and the features that this lacks.
pub(super) struct Holdings {
    is_everybody: bool,
    /// For each permission, the scope granted where it would be effective if the account had every
    /// feature (D8), otherwise 0.
    held: Vec<u8>,
    /// For each permission the first feature that it lacks: its own, its ancestors', then that of the
    /// first prerequisite that lacks one; or `NONE`.
    lacks: Vec<u16>,
}

impl Holdings {
    pub(super) fn of(state: &State, asker: &Asker<'_>) -> Holdings {
        let model = state.model();
        let mut held = vec![0; model.permissions.len()];
        let mut lacks = vec![NONE; model.permissions.len()];
        for &permission in &model.prerequisites_first {
            let index = permission as usize;
            let Some(known) = model.permissions.get(index) else {
                continue;
            };
            let mut required = known.requires.iter();
            if required.all(|&it| held.get(it as usize).is_some_and(|scope| *scope > 0))
                && let Some(held) = held.get_mut(index)
            {
                *held = asker.holds(permission);
            }
            let first = match state.missing_feature(permission) {
                Some((feature, _)) => Some(feature),
                None => known
                    .requires
                    .iter()
                    .filter_map(|&it| lacks.get(it as usize).copied())
                    .find(|feature| *feature != NONE),
            };
            if let (Some(lacks), Some(first)) = (lacks.get_mut(index), first) {
                *lacks = first;
            }
        }
        Holdings {
            is_everybody: asker.is_everybody(),
            held,
            lacks,
        }
    }

    /// The scope granted of a permission that would be effective with every feature, otherwise 0.
    pub(super) fn held(&self, permission: u16) -> u8 {
        self.held.get(permission as usize).copied().unwrap_or(0)
    }

    fn lacks(&self, permission: u16) -> u16 {
        self.lacks.get(permission as usize).copied().unwrap_or(NONE)
    }

    /// The feature that a denial of these comes down to.
    pub(super) fn feature(&self, denial: &Denial) -> u16 {
        match denial.code {
            Code::PrerequisiteMissing => self.lacks(denial.fact),
            _ => denial.fact,
        }
    }

    /// Why an operation is denied that would be allowed if the account had every feature: of its pairs
    /// that would, the one that gets furthest today (D17). `None` if something else stands in the way.
    pub(super) fn operation_denial<'v>(
        &self,
        state: &State,
        number: u16,
        fact: &impl Fn(u16) -> Fact<'v>,
    ) -> Option<Denial> {
        let model = state.model();
        let operation = model.operations.get(number as usize)?;
        let mut furthest: Option<Denial> = None;
        for index in operation.pairs.clone() {
            let Some(pair) = model.pairs.get(index as usize) else {
                continue;
            };
            let conditions_hold = operation.on == AskedOn::Record
                || standing(model, operation, pair, fact) == Standing::Hold;
            if !conditions_hold || !self.holds_pair(operation, pair) {
                continue;
            }
            let denial = self
                .permission_denial(state, pair.permission)
                .or_else(|| self.prerequisite_denial(state, &pair.requires, Part::Pair))
                .or_else(|| self.prerequisite_denial(state, &operation.requires, Part::Operation))
                .or_else(|| state.late_feature(number, index))?;
            if furthest.is_none_or(|known| got_further(&denial, &known)) {
                furthest = Some(Denial {
                    permission: pair.permission,
                    ..denial
                });
            }
        }
        furthest
    }

    /// Whether the permission and every prerequisite would be effective with every feature (D9).
    fn holds_pair(&self, operation: &Operation, pair: &Pair) -> bool {
        let own = match pair.permission {
            EVERYBODY => self.is_everybody,
            permission => self.held(permission) > 0,
        };
        let mut required = pair.requires.iter().chain(&operation.requires);
        own && required.all(|&needed| self.held(needed) > 0)
    }

    /// Why a permission is not effective that would be with every feature; `None` if it is.
    pub(super) fn permission_denial(&self, state: &State, permission: u16) -> Option<Denial> {
        let denial = match state.missing_feature(permission) {
            Some((fact, part)) => Denial {
                fact,
                ..Denial::on(Code::FeatureDisabled, part)
            },
            None => {
                let known = state.model().permissions.get(permission as usize)?;
                self.prerequisite_denial(state, &known.requires, Part::Permission)?
            }
        };
        Some(Denial {
            permission,
            ..denial
        })
    }

    /// The first of these that is not effective, all of which would be with every feature.
    fn prerequisite_denial(&self, state: &State, requires: &[u16], part: Part) -> Option<Denial> {
        let mut required = requires.iter().copied();
        let missing = required.find(|&it| self.lacks(it) != NONE)?;
        let cause = match state.missing_feature(missing) {
            Some(_) => Code::FeatureDisabled,
            None => Code::PrerequisiteMissing,
        };
        Some(Denial {
            cause: cause as u8,
            fact: missing,
            ..Denial::on(Code::PrerequisiteMissing, part)
        })
    }
}
