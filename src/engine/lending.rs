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
    bits: BitVec<u64, Lsb0>,
}

impl Lent {
    pub(crate) fn new(state: &State, positions: &Dag) -> Lent {
        let pairs = state.model().pairs.len();
        let mut held = vec![Vec::new(); positions.len()];
        for user in state.users.records.iter() {
            if user.position != NOWHERE && !user.is_suspended() {
                held[user.position as usize].push(user.access());
            }
        }
        let by_set: Vec<BitVec<u64, Lsb0>> = (0..state.sets.iter().count())
            .map(|set| pairs_at_all(state, set))
            .collect();
        let mut bits = BitVec::repeat(false, pairs * positions.len());
        let mut below = BitVec::<u64, Lsb0>::repeat(false, pairs);
        for position in positions.juniors_first() {
            below.fill(false);
            for &junior in positions.juniors(position) {
                let junior = junior as usize;
                below |= &bits[junior * pairs..(junior + 1) * pairs];
                held[junior].sort_unstable();
                held[junior].dedup();
                for &set in &held[junior] {
                    below |= &by_set[set];
                }
            }
            let position = position as usize;
            bits[position * pairs..(position + 1) * pairs].copy_from_bitslice(&below);
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
fn pairs_at_all(state: &State, set: usize) -> BitVec<u64, Lsb0> {
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
