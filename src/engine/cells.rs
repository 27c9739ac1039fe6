//! What can be known of an operation before the record is: one number for each pair, one for each
//! operation (D8, D9, D17).

use std::ops::Range;

use bitvec::prelude::{BitVec, Lsb0};

use super::rights::{Holder, Planes};
use super::{Asked, State};
use crate::Scope;
use crate::catalog::{EVERYBODY, Model, Operation, Pair};
use crate::decision::{CELL, Code, Denial, NONE, Part, Verdict};
use crate::document::{AskedOn, Reach};

/// How far a pair gets before its scope is looked at, or an operation before its record is: a
/// verdict, and what must still hold for it.
///
/// A verdict that stands whatever the record is copied into the decision as it is, allowed or
/// denied, without a branch. (Matching on an unpacked cell cost a misprediction for every second
/// random request.) Where only the scope is left, the verdict is the allow, with the scope that it
/// reaches in the byte that verdicts leave to cells.
///
/// The same byte has what a check needs to know of the operation itself: a table of its own was one
/// more line to read, and one more bound to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell(u64);

const REACH_BITS: u64 = 0b111 << CELL;
/// The operation is asked on the type (D14).
const ON_TYPE: u64 = 1 << (CELL + 3);
/// The record's owner may matter: a permission that allows the operation offers more than `all`.
const SCOPED: u64 = 1 << (CELL + 4);
/// The pairs must be looked at one by one.
const DEPENDS: u64 = 1 << (CELL + 7);
/// Stands whatever the record: as far as `All`, which is always far enough.
const FINAL: u8 = Scope::All as u8;

impl Cell {
    /// Of what does not exist.
    pub(crate) const NOTHING: Cell = Cell::of(Verdict::deny(Denial::of(Code::NotGranted)), FINAL);

    /// Of an operation whose pairs must be looked at one by one.
    const DEPENDS: Cell = Cell(DEPENDS);

    #[cfg(test)]
    pub(super) fn for_test(verdict: Verdict) -> Cell {
        Cell::of(verdict, FINAL)
    }

    const fn of(verdict: Verdict, reach: u8) -> Cell {
        Cell(verdict.0 | (reach as u64) << CELL)
    }

    /// With what a check needs to know of the operation.
    fn asked(self, asked: Asked) -> Cell {
        let on_type = if asked.on == AskedOn::Type {
            ON_TYPE
        } else {
            0
        };
        let scoped = if asked.is_scoped { SCOPED } else { 0 };
        Cell(self.0 | on_type | scoped)
    }

    fn denied(denial: Denial) -> Cell {
        Cell::of(Verdict::deny(denial), FINAL)
    }

    /// Allowed as far as the scope; `first` is the permission to name where it is not far enough.
    fn reaches(scope: u8, widest: u16, first: u16) -> Cell {
        let fact = if scope < FINAL { first } else { NONE };
        Cell::of(Verdict::allow(widest, scope, fact), scope)
    }

    /// Allowed on the type, whatever the scope.
    fn allowed(scope: u8, widest: u16, filtered_by: u16) -> Cell {
        Cell::of(Verdict::allow(widest, scope, filtered_by), FINAL)
    }

    #[inline]
    pub(crate) fn depends(self) -> bool {
        self.0 & DEPENDS != 0
    }

    #[inline]
    pub(crate) fn is_on_type(self) -> bool {
        self.0 & ON_TYPE != 0
    }

    #[inline]
    pub(crate) fn is_scoped(self) -> bool {
        self.0 & SCOPED != 0
    }

    /// The denial, or the scope that is reached.
    pub(crate) fn judged(self) -> Result<u8, Denial> {
        let verdict = Verdict(self.0);
        match verdict.is_allow() {
            true => Ok(verdict.detail()),
            false => Err(verdict.denial()),
        }
    }

    /// The verdict as it stands: of an operation that is never scoped, or on any record at all.
    #[inline]
    pub(crate) fn standing(self) -> Verdict {
        Verdict(self.0)
    }

    /// The verdict on a record that at least this scope must reach; 0 for no record.
    #[inline]
    pub(crate) fn verdict(self, needed: u8) -> Verdict {
        let out_of_scope = self.0 & REACH_BITS < u64::from(needed) << CELL;
        Verdict(self.0).out_of_scope_if(out_of_scope)
    }
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

/// Whether a permission takes effect, its prerequisites aside (D8).
fn holds(state: &State, holder: &impl Holder, permission: u16) -> bool {
    holder.granted(permission) > 0
        && !holder.denied(permission)
        && state.missing_feature(permission).is_none()
}

/// Whether a permission is effective, looked up in every prerequisite at any depth: for holders of
/// whom nothing is worked out beforehand.
pub(crate) fn is_effective(state: &State, holder: &impl Holder, permission: u16) -> bool {
    let known = state.model().permissions.get(permission as usize);
    let closure = known.map_or(&[][..], |it| it.closure.as_raw_slice());
    let mut needed = closure.iter().enumerate().filter(|(_, it)| **it != 0);
    holds(state, holder, permission)
        && needed.all(|(word, &needed)| {
            needed & !holder.usable(word) == 0 && state.lacks_no_feature(word, needed)
        })
}

/// The rights of an access set, with the permissions that are effective in it.
struct Compiled<'a> {
    planes: &'a Planes,
    /// How far each permission is granted, and whether it is [`EFFECTIVE`].
    known: Vec<u8>,
}

const EFFECTIVE: u8 = 1 << 7;

impl<'a> Compiled<'a> {
    fn new(state: &State, planes: &'a Planes) -> Compiled<'a> {
        let model = state.model();
        let mut compiled = Compiled {
            planes,
            known: vec![0; model.permissions.len()],
        };
        let mut requiring = Vec::new();
        // What is not granted is not effective, and need not be looked at.
        for (permission, scope) in planes.grants() {
            let Some(known) = compiled.known.get_mut(permission as usize) else {
                continue;
            };
            *known = scope;
            if planes.denied(permission) || state.missing_feature(permission).is_some() {
                continue;
            }
            match model.common.reads.rank(permission) {
                Some(rank) => requiring.push(rank),
                None => *known |= EFFECTIVE,
            }
        }
        requiring.sort_unstable();
        for rank in requiring {
            let Some(&permission) = model.prerequisites_first.get(rank as usize) else {
                continue;
            };
            let required = model.permissions.get(permission as usize);
            let mut required = required.into_iter().flat_map(|it| &it.requires);
            if required.all(|needed| compiled.is_effective(state, *needed))
                && let Some(known) = compiled.known.get_mut(permission as usize)
            {
                *known |= EFFECTIVE;
            }
        }
        compiled
    }

    fn known(&self, permission: u16) -> u8 {
        self.known.get(permission as usize).copied().unwrap_or(0)
    }
}

impl Holder for Compiled<'_> {
    fn granted(&self, permission: u16) -> u8 {
        self.known(permission) & !EFFECTIVE
    }

    fn denied(&self, permission: u16) -> bool {
        self.planes.denied(permission)
    }

    fn usable(&self, word: usize) -> usize {
        self.planes.usable(word)
    }

    fn is_everybody(&self) -> bool {
        true
    }

    fn is_effective(&self, _: &State, permission: u16) -> bool {
        self.known(permission) & EFFECTIVE != 0
    }
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
        .find(|&&needed| !holder.is_effective(state, needed))?;
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

/// How far a pair gets before its scope: the denial, or the scope that D7 leaves it. Nothing else says so,
/// of whomever (I1).
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
    let scope = state
        .model()
        .narrowing(operation, pair)
        .map(|needed| holder.granted(needed))
        .fold(granted, u8::min);
    Cell::reaches(scope, pair.permission, pair.permission)
}

/// The rows of an access set: a cell for each operation, and one for each pair. Catalog, features and these
/// rights are all that they depend on (I8).
pub(crate) fn rows(state: &State, planes: &Planes) -> (Box<[Cell]>, Box<[Cell]>) {
    let model = state.model();
    let holder = Compiled::new(state, planes);
    let mut pairs = vec![Cell::NOTHING; model.pairs.len()].into_boxed_slice();
    let mut own = Vec::new();
    let operations = (0..model.operations.len() as u16)
        .map(|index| {
            let (cell, numbers) = operation_cell(state, &holder, index, &mut own);
            if let Some(slots) = pairs.get_mut(numbers) {
                slots.copy_from_slice(&own);
            }
            cell
        })
        .collect();
    (operations, pairs)
}

/// The cells of an access set that can be other than those of somebody without rights, by number.
#[derive(Default)]
pub(crate) struct Touched {
    pub(crate) operations: Vec<(u16, Cell)>,
    pub(crate) pairs: Vec<(u16, Cell)>,
    reached: BitVec<usize, Lsb0>,
}

impl Touched {
    /// Works out those of an access set, in place of what was worked out before.
    pub(crate) fn work_out(&mut self, state: &State, planes: &Planes) {
        let model = state.model();
        self.operations.clear();
        self.pairs.clear();
        self.reached.resize(model.operations.len(), false);
        self.reached.fill(false);
        for permission in planes.granted_permissions() {
            for operation in model.common.reads.operations(permission) {
                if let Some(mut reached) = self.reached.get_mut(*operation as usize) {
                    reached.set(true);
                }
            }
        }
        let holder = Compiled::new(state, planes);
        let mut own = Vec::new();
        for index in self.reached.iter_ones() {
            let index = index as u16;
            let (cell, numbers) = operation_cell(state, &holder, index, &mut own);
            self.operations.push((index, cell));
            // In this order: past the last of as many pairs as a catalog may have is no number.
            let numbered = own.iter().zip(numbers.start as u16..);
            self.pairs
                .extend(numbered.map(|(cell, number)| (number, *cell)));
        }
    }
}

/// The cell of an operation; and of which pairs are the cells that are left in `pairs`.
fn operation_cell(
    state: &State,
    holder: &impl Holder,
    index: u16,
    pairs: &mut Vec<Cell>,
) -> (Cell, Range<usize>) {
    let model = state.model();
    pairs.clear();
    let (Some(operation), Some(asked)) = (
        model.operations.get(index as usize),
        state.asked.get(index as usize),
    ) else {
        return (Cell::NOTHING, 0..0);
    };
    let numbers = operation.pairs.start as usize..operation.pairs.end as usize;
    let known = model.pairs.get(numbers.clone()).unwrap_or_default();
    let cells = known
        .iter()
        .map(|pair| pair_cell(state, holder, operation, pair));
    pairs.extend(cells);
    let cell = united_cell(state, operation, index, pairs).asked(*asked);
    (cell, numbers)
}

/// Chooses among pairs as [`State::evaluate_pairs`] does, as far as nothing depends on the request (I1, I4).
fn united_cell(state: &State, operation: &Operation, index: u16, pairs: &[Cell]) -> Cell {
    let model = state.model();
    let mut furthest: Option<Denial> = None;
    let mut reaching: Option<(u8, u16, u16)> = None;
    let mut depends = !operation.when.is_empty() || state.operation_feature(index) != NONE;
    for (pair, cell) in operation.pairs.clone().zip(pairs) {
        match cell.judged() {
            Err(denial) => {
                if furthest.is_none_or(|known| progress(&denial) > progress(&known)) {
                    furthest = Some(denial);
                }
            }
            Ok(scope) => {
                depends |= state.pair_feature(pair) != NONE || has_conditions(model, pair);
                depends |= operation.on == AskedOn::Record
                    && model.reach == Reach::Accessible
                    && (scope == Scope::Reports as u8 || scope == Scope::Peers as u8);
                let permission = model
                    .pairs
                    .get(pair as usize)
                    .map_or(NONE, |it| it.permission);
                reaching = Some(match reaching {
                    None => (scope, permission, permission),
                    Some((best, _, first)) if scope > best => (scope, permission, first),
                    Some(known) => known,
                });
            }
        }
    }
    match reaching {
        None => Cell::denied(furthest.unwrap_or(Denial::of(Code::NotGranted))),
        Some(_) if depends => Cell::DEPENDS,
        Some((scope, widest, _)) if operation.on == AskedOn::Type => {
            Cell::allowed(scope, widest, operation.filtered_by)
        }
        Some((scope, widest, first)) => Cell::reaches(scope, widest, first),
    }
}

fn has_conditions(model: &Model, pair: u16) -> bool {
    model
        .pairs
        .get(pair as usize)
        .is_some_and(|pair| !pair.when.is_empty())
}
