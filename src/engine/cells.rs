//! What can be known of an operation before the record is: one number for each pair, one for each
//! operation (D8, D9, D17).

use super::State;
use super::rights::Holder;
use crate::catalog::{EVERYBODY, Model, Operation, Pair};
use crate::decision::{Code, Denial, NONE, Part};
use crate::document::{AskedOn, Reach};

/// How far a pair gets before its scope is looked at, or an operation before its record is.
///
/// Eight bytes: a tag, then either the permissions that decide (of an operation that only the scope
/// is left to decide) or the denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell(u64);

/// A cell, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Denied whatever the record.
    Denied(Denial),
    /// Only the scope decides. `widest` is the permission with the widest scope, `first` the first
    /// in catalog order that got as far as its scope.
    Reaches { scope: u8, widest: u16, first: u16 },
    /// Each pair must be looked at with the record.
    Depends,
}

const DEPENDS: u64 = 7;

impl Cell {
    fn denied(denial: Denial) -> Cell {
        Cell(
            (denial.code as u64) << 8
                | (denial.part as u64) << 16
                | u64::from(denial.cause) << 24
                | u64::from(denial.permission) << 32
                | u64::from(denial.fact) << 48,
        )
    }

    fn reaches(scope: u8, widest: u16, first: u16) -> Cell {
        Cell(u64::from(scope) | u64::from(widest) << 32 | u64::from(first) << 48)
    }

    #[inline]
    pub(crate) fn outlook(self) -> Outlook {
        let permission = (self.0 >> 32) as u16;
        let fact = (self.0 >> 48) as u16;
        match self.0 & 0xff {
            0 => Outlook::Denied(Denial {
                code: code((self.0 >> 8) as u8),
                part: part((self.0 >> 16) as u8),
                cause: (self.0 >> 24) as u8,
                permission,
                fact,
            }),
            DEPENDS => Outlook::Depends,
            scope => Outlook::Reaches {
                scope: scope as u8,
                widest: permission,
                first: fact,
            },
        }
    }
}

#[inline]
fn code(number: u8) -> Code {
    // The four that a cell can hold.
    const CODES: [Code; 4] = [
        Code::NotGranted,
        Code::Denied,
        Code::FeatureDisabled,
        Code::PrerequisiteMissing,
    ];
    let from_first = number.wrapping_sub(Code::NotGranted as u8);
    CODES[usize::from(from_first & 3)]
}

#[inline]
fn part(number: u8) -> Part {
    const PARTS: [Part; 8] = [
        Part::Subject,
        Part::Resource,
        Part::Permission,
        Part::Ancestor,
        Part::Pair,
        Part::Operation,
        Part::Operation,
        Part::Operation,
    ];
    PARTS[usize::from(number & 7)]
}

/// How far a denial got, after D17. Features of a permission and of its ancestors are one step.
pub(crate) fn progress(denial: &Denial) -> u8 {
    match (denial.code, denial.part) {
        (Code::NotGranted, _) => 0,
        (Code::Denied, _) => 1,
        (Code::FeatureDisabled, Part::Permission | Part::Ancestor) => 2,
        (Code::PrerequisiteMissing, Part::Permission) => 3,
        (Code::PrerequisiteMissing, Part::Pair) => 4,
        (Code::PrerequisiteMissing, _) => 5,
        (Code::OutOfScope, _) => 6,
        (Code::FeatureDisabled, Part::Pair) => 7,
        (_, Part::Pair) => 8,
        (Code::FeatureDisabled, _) => 9,
        _ => 10,
    }
}

/// Why a permission is not effective (D8), whatever the resource; `None` if it is.
fn permission_denial(state: &State, holder: &impl Holder, permission: u16) -> Option<Denial> {
    let denial = |code| Denial {
        permission,
        ..Denial::of(code)
    };
    if holder.granted(permission) == 0 {
        return Some(denial(Code::NotGranted));
    }
    if holder.denied(permission) {
        return Some(denial(Code::Denied));
    }
    if let Some((feature, part)) = state.missing_feature(permission) {
        return Some(Denial {
            part,
            fact: feature,
            ..denial(Code::FeatureDisabled)
        });
    }
    let known = state.model().permissions.get(permission as usize)?;
    let missing = prerequisite_denial(state, holder, &known.requires, Part::Permission)?;
    Some(Denial {
        permission,
        ..missing
    })
}

/// Whether a permission is effective: it and all of its prerequisites (D8).
fn is_effective(state: &State, holder: &impl Holder, permission: u16) -> bool {
    let holds = |it: u16| {
        holder.granted(it) > 0 && !holder.denied(it) && state.missing_feature(it).is_none()
    };
    let closure = state.model().permissions.get(permission as usize);
    holds(permission) && closure.is_some_and(|it| it.closure.iter().all(|&needed| holds(needed)))
}

/// The first of a list that is not effective, with the reason of that one.
fn prerequisite_denial(
    state: &State,
    holder: &impl Holder,
    requires: &[u16],
    part: Part,
) -> Option<Denial> {
    let &missing = requires
        .iter()
        .find(|&&needed| !is_effective(state, holder, needed))?;
    // Only the code of its reason is told, so that a missing prerequisite of its own needs no search.
    let cause = if holder.granted(missing) == 0 {
        Code::NotGranted
    } else if holder.denied(missing) {
        Code::Denied
    } else if state.missing_feature(missing).is_some() {
        Code::FeatureDisabled
    } else {
        Code::PrerequisiteMissing
    };
    Some(Denial {
        part,
        cause: cause as u8,
        fact: missing,
        ..Denial::of(Code::PrerequisiteMissing)
    })
}

/// How far a pair gets before its scope: the denial, or the scope that D7 leaves it.
pub(crate) fn pair_cell(
    state: &State,
    holder: &impl Holder,
    operation: &Operation,
    pair: &Pair,
) -> Cell {
    let own = if pair.permission == EVERYBODY {
        (!holder.is_everybody()).then(|| Denial::of(Code::NotGranted))
    } else {
        permission_denial(state, holder, pair.permission)
    };
    let denial = own
        .or_else(|| prerequisite_denial(state, holder, &pair.requires, Part::Pair))
        .or_else(|| prerequisite_denial(state, holder, &operation.requires, Part::Operation));
    if let Some(denial) = denial {
        return Cell::denied(Denial {
            permission: pair.permission,
            ..denial
        });
    }
    let granted = match pair.permission {
        EVERYBODY => crate::Scope::All as u8,
        permission => holder.granted(permission),
    };
    let scope = pair
        .narrowed_by
        .iter()
        .map(|&needed| holder.granted(needed))
        .fold(granted, u8::min);
    Cell::reaches(scope, pair.permission, pair.permission)
}

/// The row of an access set: a cell for each operation, then one for each pair.
pub(crate) fn row(state: &State, holder: &impl Holder) -> Box<[Cell]> {
    let model = state.model();
    let mut pairs = vec![Cell::denied(Denial::of(Code::NotGranted)); model.pairs.len()];
    for operation in &model.operations {
        for index in operation.pairs.clone() {
            if let Some(pair) = model.pairs.get(index as usize) {
                pairs[index as usize] = pair_cell(state, holder, operation, pair);
            }
        }
    }
    let operations = model
        .operations
        .iter()
        .zip(0..)
        .map(|(operation, index)| operation_cell(state, operation, index, &pairs));
    operations.chain(pairs.iter().copied()).collect()
}

fn operation_cell(state: &State, operation: &Operation, index: u16, pairs: &[Cell]) -> Cell {
    let model = state.model();
    let mut furthest: Option<Denial> = None;
    let mut reaching: Option<(u8, u16, u16)> = None;
    let mut depends = !operation.when.is_empty() || state.operation_feature(index) != NONE;
    for pair in operation.pairs.clone() {
        match pairs[pair as usize].outlook() {
            Outlook::Denied(denial) => {
                if furthest.is_none_or(|known| progress(&denial) > progress(&known)) {
                    furthest = Some(denial);
                }
            }
            Outlook::Reaches { scope, widest, .. } => {
                depends |= state.pair_feature(pair) != NONE || has_conditions(model, pair);
                depends |= operation.on == AskedOn::Record
                    && model.reach == Reach::Accessible
                    && (scope == 2 || scope == 3);
                reaching = Some(match reaching {
                    None => (scope, widest, widest),
                    Some((best, _, first)) if scope > best => (scope, widest, first),
                    Some(known) => known,
                });
            }
            Outlook::Depends => depends = true,
        }
    }
    match reaching {
        None => Cell::denied(furthest.unwrap_or(Denial::of(Code::NotGranted))),
        Some(_) if depends => Cell(DEPENDS),
        Some((scope, widest, first)) => Cell::reaches(scope, widest, first),
    }
}

fn has_conditions(model: &Model, pair: u16) -> bool {
    model
        .pairs
        .get(pair as usize)
        .is_some_and(|pair| !pair.when.is_empty())
}

impl Cell {
    /// Of what does not exist.
    pub(crate) const NOTHING: Cell = Cell(
        (Code::NotGranted as u64) << 8
            | (Part::Permission as u64) << 16
            | (NONE as u64) << 32
            | (NONE as u64) << 48,
    );

    /// Of an operation whose pairs must be looked at one by one.
    pub(crate) const DEPENDS: Cell = Cell(DEPENDS);
}
