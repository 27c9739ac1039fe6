//! Whether features alone stand in the way of an operation, and which is the first (Q6).

use super::super::conditions::{Fact, Standing, standing};
use crate::catalog::{EVERYBODY, Operation, Pair};
use crate::decision::{Code, Denial};
use crate::document::AskedOn;
use crate::engine::{Asker, State, got_further};

/// The denial of an operation that would be allowed if the account had every feature: of its pairs
/// that would, the one that gets furthest today (D17). `None` if something else stands in the way.
pub(super) fn operation<'v>(
    state: &State,
    asker: &Asker<'_>,
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
        if !conditions_hold || !is_held(asker, operation, pair) {
            continue;
        }
        let today = match asker.pair(number, index) {
            Err(denial) => Some(denial),
            Ok(_) => state.late_feature(number, index),
        };
        let denial = Denial {
            permission: pair.permission,
            ..today?
        };
        if furthest.is_none_or(|known| got_further(&denial, &known)) {
            furthest = Some(denial);
        }
    }
    furthest
}

/// Whether the permission and every prerequisite would be effective with every feature (D8, D9).
fn is_held(asker: &Asker<'_>, operation: &Operation, pair: &Pair) -> bool {
    let own = match pair.permission {
        EVERYBODY => asker.is_one_of_everybody(),
        permission => asker.holds_but_for_features(permission),
    };
    let mut required = pair.requires.iter().chain(&operation.requires);
    own && required.all(|&needed| asker.holds_but_for_features(needed))
}

/// The feature that a denial comes down to, where features alone stand in the way: its own, or the
/// first that the first missing prerequisite lacks, and so on.
pub(super) fn first_missing(state: &State, denial: &Denial) -> Option<u16> {
    let model = state.model();
    let mut prerequisite = match denial.code {
        Code::FeatureDisabled => return Some(denial.fact),
        Code::PrerequisiteMissing => denial.fact,
        _ => return None,
    };
    // Prerequisites form a DAG: each step is one down.
    loop {
        if let Some((feature, _)) = state.missing_feature(prerequisite) {
            return Some(feature);
        }
        let required = &model.permissions.get(prerequisite as usize)?.requires;
        prerequisite = *required.iter().find(|&&it| lacks_feature(state, it))?;
    }
}

/// Whether a permission, or a prerequisite of it at any depth, lacks a feature.
fn lacks_feature(state: &State, permission: u16) -> bool {
    let known = state.model().permissions.get(permission as usize);
    let mut closure = known.into_iter().flat_map(|it| it.closure.iter_ones());
    state.missing_feature(permission).is_some()
        || closure.any(|it| state.missing_feature(it as u16).is_some())
}
