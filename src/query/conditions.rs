//! Conditions of which only part is known yet: the subject without the record, or the record without
//! the subject (D10).

use crate::catalog::{Condition, Model, Operation, Pair, Right, Verdict};
use crate::document::PropertyType;
use crate::request::Value;

/// What is known of a property.
pub(super) enum Fact<'v> {
    /// Nothing yet.
    Unknown,
    /// What a request that states it, or leaves it out, says.
    Is(Option<Value<'v>>),
}

/// How conditions stand by what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Hold,
    Fail,
    /// It depends on what is not known.
    Open,
}

impl Standing {
    fn and(self, other: Standing) -> Standing {
        match (self, other) {
            (Standing::Fail, _) | (_, Standing::Fail) => Standing::Fail,
            (Standing::Hold, Standing::Hold) => Standing::Hold,
            _ => Standing::Open,
        }
    }
}

/// How the conditions of a pair and of its operation stand together.
pub(super) fn standing<'v>(
    model: &Model,
    operation: &Operation,
    pair: &Pair,
    fact: &impl Fn(u16) -> Fact<'v>,
) -> Standing {
    any_alternative(model, &pair.when, fact).and(any_alternative(model, &operation.when, fact))
}

/// The unknown properties that the conditions of a pair and of its operation still depend on.
pub(super) fn unknown<'v>(
    model: &Model,
    operation: &Operation,
    pair: &Pair,
    fact: &impl Fn(u16) -> Fact<'v>,
) -> Vec<u16> {
    let mut found = Vec::new();
    for when in [&pair.when, &operation.when] {
        if any_alternative(model, when, fact) != Standing::Open {
            continue;
        }
        let open = |it: &&Vec<Condition>| every(model, it, fact) == Standing::Open;
        for property in when.iter().filter(open).flatten().flat_map(reads) {
            if matches!(fact(property), Fact::Unknown) && !found.contains(&property) {
                found.push(property);
            }
        }
    }
    found
}

/// No alternatives are no condition.
fn any_alternative<'v>(
    model: &Model,
    when: &[Vec<Condition>],
    fact: &impl Fn(u16) -> Fact<'v>,
) -> Standing {
    let mut best = match when.is_empty() {
        true => Standing::Hold,
        false => Standing::Fail,
    };
    for alternative in when {
        match every(model, alternative, fact) {
            Standing::Hold => return Standing::Hold,
            Standing::Open => best = Standing::Open,
            Standing::Fail => {}
        }
    }
    best
}

fn every<'v>(
    model: &Model,
    alternative: &[Condition],
    fact: &impl Fn(u16) -> Fact<'v>,
) -> Standing {
    alternative
        .iter()
        .map(|condition| one(model, condition, fact))
        .fold(Standing::Hold, Standing::and)
}

/// A side that is missing or of another type fails, whatever the other one is.
fn one<'v>(model: &Model, condition: &Condition, fact: &impl Fn(u16) -> Fact<'v>) -> Standing {
    let mut is_open = false;
    for property in reads(condition) {
        match fact(property) {
            Fact::Unknown => is_open = true,
            Fact::Is(Some(value)) if is_of_declared_type(model, property, &value) => {}
            Fact::Is(_) => return Standing::Fail,
        }
    }
    if is_open {
        return Standing::Open;
    }
    let value = |property| match fact(property) {
        Fact::Is(value) => value,
        Fact::Unknown => None,
    };
    let verdict = condition.evaluate(value, |property, value| {
        is_of_declared_type(model, property, value)
    });
    match verdict {
        Verdict::Holds => Standing::Hold,
        _ => Standing::Fail,
    }
}

fn reads(condition: &Condition) -> impl Iterator<Item = u16> + use<> {
    let right = match condition.right {
        Right::Property(property) => Some(property),
        _ => None,
    };
    std::iter::once(condition.left).chain(right)
}

fn is_of_declared_type(model: &Model, property: u16, value: &Value<'_>) -> bool {
    let declared = model.properties.get(property as usize).map(|it| it.kind);
    let found = match value {
        Value::Text(_) => PropertyType::Text,
        Value::Integer(_) => PropertyType::Integer,
        Value::Boolean(_) => PropertyType::Boolean,
        Value::Set(_) => PropertyType::Set,
    };
    declared == Some(found)
}
