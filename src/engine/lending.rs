//! What people below can access, lent to those above (S6, the reading `accessible`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::State;
use super::positions::Positions;
use super::users::User;
use crate::Scope;
use crate::chunked::{Chunked, Rows};
use crate::decision::NONE;

/// For each position, the pairs that somebody strictly below it, not suspended, has at All.
#[derive(Clone)]
pub(crate) struct Lent {
    /// For each position, how many people in it, not suspended, have which access set.
    people: Chunked<Arc<[(u32, u32)]>>,
    /// The pairs that people in each position hold at All: a bit for each pair.
    held: Rows<u64>,
    /// Those that people below it hold.
    below: Rows<u64>,
    words: usize,
}

impl Lent {
    pub(crate) fn new(state: &State) -> Lent {
        let positions = state.positions.numbers() as usize;
        let mut people: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); positions];
        for (_, user) in state.users.iter() {
            if let Some(position) = user.in_position()
                && !user.is_suspended()
                && let Some(sets) = people.get_mut(position as usize)
            {
                *sets.entry(user.access() as u32).or_default() += 1;
            }
        }
        let mut lent = Lent {
            people: people
                .into_iter()
                .map(|it| it.into_iter().collect())
                .collect(),
            held: Rows::new(0),
            below: Rows::new(0),
            words: state.model().pairs.len().div_ceil(WORD),
        };
        lent.work_out(state);
        lent
    }

    /// Works out anew what each position holds and is lent, the people in it as they are known.
    pub(crate) fn work_out(&mut self, state: &State) {
        let by_set: Vec<Box<[u64]>> = (0..state.sets.numbers())
            .map(|set| pairs_at_all(state, set))
            .collect();
        let held = self.people.iter().map(|people| {
            let mut held = vec![0; self.words];
            for (set, _) in people.iter() {
                unite(&mut held, by_set.get(*set as usize).map_or(&[], |it| it));
            }
            held.into_boxed_slice()
        });
        let held: Vec<Box<[u64]>> = held.collect();
        let mut below: Vec<Box<[u64]>> = vec![vec![0; self.words].into(); held.len()];
        // Validated when the hierarchy was: it has no cycle.
        let order: Vec<u32> = match state.positions.dag() {
            Ok(dag) => dag.juniors_first().collect(),
            Err(_) => Vec::new(),
        };
        for position in order {
            let mut row = std::mem::take(&mut below[position as usize]);
            for junior in state.positions.juniors(position) {
                unite(&mut row, &below[junior as usize]);
                unite(&mut row, &held[junior as usize]);
            }
            below[position as usize] = row;
        }
        self.held = Rows::of(self.words, held);
        self.below = Rows::of(self.words, below);
    }

    /// Whether somebody strictly below that position has the pair at All.
    pub(crate) fn is_lent(&self, position: u32, pair: u16) -> bool {
        let pair = usize::from(pair);
        let word = (pair / WORD < self.words)
            .then(|| self.below.get(position as usize, pair / WORD))
            .flatten();
        word.is_some_and(|word| word & 1 << (pair % WORD) != 0)
    }

    /// A user is no longer what they were.
    pub(crate) fn leave(&mut self, user: User) {
        self.count(user, |count| count.saturating_sub(1));
    }

    /// A user is from now on.
    pub(crate) fn enter(&mut self, user: User) {
        self.count(user, |count| count + 1);
    }

    fn count(&mut self, user: User, change: impl Fn(u32) -> u32) {
        let Some(position) = user.in_position().filter(|_| !user.is_suspended()) else {
            return;
        };
        let Some(people) = self.people.get_mut(position as usize) else {
            return;
        };
        let mut sets: BTreeMap<u32, u32> = people.iter().copied().collect();
        let count = sets.entry(user.access() as u32).or_default();
        *count = change(*count);
        *people = sets.into_iter().filter(|(_, count)| *count > 0).collect();
    }

    /// A position was added, without people and juniors.
    pub(crate) fn add_position(&mut self) {
        let row = vec![0; self.words];
        let position = self.people.len();
        self.people.push([].into());
        self.held.set(position, &row);
        self.below.set(position, &row);
    }

    /// Works out anew what these positions hold, and what is lent above them.
    pub(crate) fn work_out_above(&mut self, state: &State, positions: &[u32]) {
        let mut waiting = VecDeque::new();
        for &position in positions {
            let mut held = vec![0; self.words];
            let people = self.people.get(position as usize);
            for (set, _) in people.into_iter().flat_map(|it| it.iter()) {
                unite(&mut held, &pairs_at_all(state, *set));
            }
            if self.held.row(position as usize) != Some(&held) {
                self.held.set(position as usize, &held);
                waiting.extend(state.positions.seniors(position));
            }
        }
        // In a tangle a position would be looked at again and again: then all at once is cheaper.
        let mut left = state.positions.numbers() as usize / 4 + 64;
        while let Some(position) = waiting.pop_front() {
            let Some(fewer) = left.checked_sub(1) else {
                return self.work_out(state);
            };
            left = fewer;
            let row = self.row_below(&state.positions, position);
            if self.below.row(position as usize) != Some(&row) {
                self.below.set(position as usize, &row);
                waiting.extend(state.positions.seniors(position));
            }
        }
    }

    fn row_below(&self, positions: &Positions, position: u32) -> Vec<u64> {
        let mut row = vec![0; self.words];
        for junior in positions.juniors(position) {
            for table in [&self.below, &self.held] {
                unite(&mut row, table.row(junior as usize).unwrap_or_default());
            }
        }
        row
    }
}

const WORD: usize = u64::BITS as usize;

fn unite(all: &mut [u64], more: &[u64]) {
    for (all, more) in all.iter_mut().zip(more) {
        *all |= more;
    }
}

/// The pairs that an access set has at All, conditions aside.
fn pairs_at_all(state: &State, set: u32) -> Box<[u64]> {
    let model = state.model();
    let mut at_all = vec![0_u64; model.pairs.len().div_ceil(WORD)];
    for (operation, index) in model.operations.iter().zip(0..) {
        if state.operation_feature(index) != NONE {
            continue;
        }
        for pair in operation.pairs.clone() {
            let cell = state.cells.pair(set as usize, pair);
            let at_all_scope = cell.is_some_and(|cell| cell.judged() == Ok(Scope::All as u8));
            if at_all_scope && state.pair_feature(pair) == NONE {
                let pair = usize::from(pair);
                at_all[pair / WORD] |= 1 << (pair % WORD);
            }
        }
    }
    at_all.into()
}
