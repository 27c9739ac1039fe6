//! Conditions that do not hold, with what they saw and what they want (D10).

use super::sources::Names;
use super::{Cause, FailedCondition, Seen, Wanted};
use crate::catalog::{Condition, Right};
use crate::decision::{Code, Part};
use crate::document::PropertyValue;
use crate::engine::{FailingCondition, State};

/// A failing condition, whole; `None` of one that the catalog does not have.
pub(super) fn told(
    state: &State,
    names: &Names<'_>,
    operation: u16,
    failing: &FailingCondition,
) -> Option<Cause> {
    let model = state.model();
    let (when, permission, on) = match failing.pair {
        Some(pair) => {
            let pair = model.pairs.get(pair as usize)?;
            let permission = model.permissions.get(pair.permission as usize);
            let named = permission.map(|_| names.permission(pair.permission));
            (&pair.when, named, Part::Pair)
        }
        None => {
            let operation = model.operations.get(operation as usize)?;
            (&operation.when, None, Part::Operation)
        }
    };
    let condition = when.get(failing.alternative)?.get(failing.place)?;
    let seen = |value: &Option<PropertyValue>| match value {
        _ if failing.is_masked => Seen::Masked,
        Some(value) => Seen::Value(value.clone()),
        None => Seen::Missing,
    };
    let is_fault = failing.code != Code::ConditionNotMet;
    Some(Cause::Condition(FailedCondition {
        code: failing.code.as_str(),
        on,
        permission,
        alternative: failing.alternative,
        alternatives: when.len(),
        property: property_name(state, condition.left),
        operator: condition.operator.as_str(),
        fault: is_fault.then(|| property_name(state, failing.fact)),
        seen: seen(&failing.left),
        wanted: match failing.is_masked {
            true => Wanted::Masked,
            false => wanted(state, condition, || seen(&failing.right)),
        },
    }))
}

fn wanted(state: &State, condition: &Condition, value: impl FnOnce() -> Seen) -> Wanted {
    match &condition.right {
        Right::Text(text) => Wanted::Constant(PropertyValue::Text(text.to_string())),
        Right::Integer(n) => Wanted::Constant(PropertyValue::Integer(*n)),
        Right::Boolean(b) => Wanted::Constant(PropertyValue::Boolean(*b)),
        Right::Texts(texts) => {
            Wanted::List(texts.iter().cloned().map(PropertyValue::Text).collect())
        }
        Right::Integers(list) => {
            Wanted::List(list.iter().copied().map(PropertyValue::Integer).collect())
        }
        Right::Booleans(list) => {
            Wanted::List(list.iter().copied().map(PropertyValue::Boolean).collect())
        }
        Right::Property(property) => Wanted::Property {
            property: property_name(state, *property),
            value: value(),
        },
    }
}

fn property_name(state: &State, property: u16) -> String {
    let Some(property) = state.model().properties.get(property as usize) else {
        return String::new();
    };
    format!("{}.{}", property.bearer.as_str(), property.name)
}
