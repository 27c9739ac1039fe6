//! What people below can access, lent to those above (S6, the reading `accessible`).

use bitvec::prelude::{BitVec, Lsb0};

use super::State;
use super::users::NOWHERE;
use crate::Scope;
use crate::decision::NONE;
use crate::hierarchy::Dag;

/// For each position, the pairs that somebody strictly below it, not suspended, has at All.
pub(crate) struct Lent {
    pairs: usize,
    bits: BitVec<usize, Lsb0>,
}

impl Lent {
    pub(crate) fn new(state: &State, positions: &Dag) -> Lent {
        let pairs = state.model().pairs.len();
        // What the people in each position hold, and then what those below it do: once a position,
        // and once an edge.
        let mut held = BitVec::repeat(false, pairs * positions.len());
        let at = |position: usize| position * pairs..(position + 1) * pairs;
        let by_set: Vec<BitVec<usize, Lsb0>> = (0..state.sets.iter().count())
            .map(|set| pairs_at_all(state, set))
            .collect();
        for user in state.users.records.iter() {
            if user.position != NOWHERE && !user.is_suspended() {
                held[at(user.position as usize)] |= &by_set[user.access()];
            }
        }
        let mut bits = BitVec::repeat(false, pairs * positions.len());
        let mut below = BitVec::<usize, Lsb0>::repeat(false, pairs);
        for position in positions.juniors_first() {
            below.fill(false);
            for &junior in positions.juniors(position) {
                below |= &bits[at(junior as usize)];
                below |= &held[at(junior as usize)];
            }
            bits[at(position as usize)].copy_from_bitslice(&below);
        }
        Lent { pairs, bits }
    }

    /// Whether somebody strictly below that position has the pair at All.
    pub(crate) fn is_lent(&self, position: u32, pair: u16) -> bool {
        let at = (position as usize)
            .checked_mul(self.pairs)
            .map(|start| start + usize::from(pair));
        at.and_then(|at| self.bits.get(at)).is_some_and(|bit| *bit)
    }
}

/// The pairs that an access set has at All, conditions aside.
fn pairs_at_all(state: &State, set: usize) -> BitVec<usize, Lsb0> {
    let model = state.model();
    let mut at_all = BitVec::repeat(false, model.pairs.len());
    for (operation, index) in model.operations.iter().zip(0..) {
        if state.operation_feature(index) != NONE {
            continue;
        }
        for pair in operation.pairs.clone() {
            let cell = state.pair_cells.get(set, pair as usize);
            let at_all_scope = cell.is_some_and(|cell| cell.judged() == Ok(Scope::All as u8));
            if at_all_scope && state.pair_feature(pair) == NONE {
                at_all.set(pair as usize, true);
            }
        }
    }
    at_all
}
