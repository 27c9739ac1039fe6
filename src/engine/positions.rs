//! The reporting hierarchy, by number. Numbers are never used again.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::chunked::{Chunked, Sparse};
use crate::compact_names::CompactNames;
use crate::hierarchy::{Dag, Reach, TooTangled};
use crate::names::{Known, Numbered, Registry};
use crate::ordered::Ordered;

/// Whom a position reports to that reports to nobody.
const NOBODY: u32 = u32::MAX;

#[derive(Default, Clone)]
pub(crate) struct Positions {
    names: Registry<CompactNames>,
    /// Which numbers are in use.
    live: Chunked<bool, 12>,
    /// What a person reads, of those that have it.
    labels: Sparse<Box<str>>,
    /// Senior and junior, of every edge.
    juniors: Ordered<(u32, u32)>,
    /// For each position the lowest number that it reports to, or [`NOBODY`].
    first_seniors: Chunked<u32>,
    /// Position and senior, of every further edge: few report to several.
    further_seniors: Ordered<(u32, u32)>,
    /// Of a state that is not stale.
    pub(crate) reach: Reach,
    /// Whether `reach` is of a hierarchy before: whoever stands below whom is then searched for.
    is_stale: bool,
    count: usize,
}

/// Why a hierarchy cannot be.
pub(crate) enum NoHierarchy {
    /// The cycles, each whole.
    Cycles(Vec<Vec<u32>>),
    Tangled,
}

impl Positions {
    pub(crate) fn new(names: CompactNames, edges: &[(u32, u32)], reach: Reach) -> Positions {
        let count = names.len();
        let mut first_seniors = vec![NOBODY; count];
        for &(senior, junior) in edges {
            if let Some(first) = first_seniors.get_mut(junior as usize) {
                *first = senior.min(*first);
            }
        }
        let is_first = |senior, junior: u32| first_seniors.get(junior as usize) == Some(&senior);
        let further = edges
            .iter()
            .filter(|(senior, junior)| !is_first(*senior, *junior));
        let further_seniors = further.map(|(senior, junior)| (*junior, *senior)).collect();
        Positions {
            names: names.into(),
            live: std::iter::repeat_n(true, count).collect(),
            labels: Sparse::default(),
            juniors: edges.iter().copied().collect(),
            first_seniors: first_seniors.into_iter().collect(),
            further_seniors,
            reach,
            is_stale: false,
            count,
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.names.get(name).filter(|it| self.is_live(*it))
    }

    pub(crate) fn is_live(&self, position: u32) -> bool {
        self.live.get(position as usize).is_some_and(|live| *live)
    }

    pub(crate) fn name(&self, position: u32) -> Option<&str> {
        self.names.text(position).filter(|_| self.is_live(position))
    }

    pub(crate) fn label(&self, position: u32) -> Option<&str> {
        self.labels.get(position).map(AsRef::as_ref)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One past the highest number.
    pub(crate) fn numbers(&self) -> u32 {
        self.names.len() as u32
    }

    pub(crate) fn edge_count(&self) -> usize {
        self.juniors.len()
    }

    pub(crate) fn juniors(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        self.juniors.with(position)
    }

    /// Whom it reports to directly, in ascending order.
    pub(crate) fn seniors(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.first_seniors.get(position as usize).copied();
        let first = first.filter(|senior| *senior != NOBODY);
        // Most have none.
        let further = (first.is_some() && self.further_seniors.len() > 0)
            .then(|| self.further_seniors.with(position));
        first.into_iter().chain(further.into_iter().flatten())
    }

    /// Lets a position report to others; `reach` is left as it is.
    fn write_seniors(&mut self, position: u32, seniors: &[u32]) {
        let before: Vec<u32> = self.seniors(position).collect();
        for senior in before {
            self.juniors.remove(&(senior, position));
            self.further_seniors.remove(&(position, senior));
        }
        let lowest = seniors.iter().copied().min().unwrap_or(NOBODY);
        if let Some(first) = self.first_seniors.get_mut(position as usize) {
            *first = lowest;
        }
        for &senior in seniors {
            self.juniors.insert((senior, position));
            if senior != lowest {
                self.further_seniors.insert((position, senior));
            }
        }
    }

    pub(crate) fn set_label(&mut self, position: u32, label: Option<&str>) {
        self.labels.set(position, label.map(Into::into));
    }

    /// Adds a position that nobody holds and none reports to; its number.
    pub(crate) fn add(&mut self, name: &str, seniors: &[u32]) -> u32 {
        let number = self.names.add(name);
        self.live.push(true);
        self.first_seniors.push(NOBODY);
        self.count += 1;
        self.write_seniors(number, seniors);
        let first = seniors.first().copied();
        self.is_stale =
            self.is_stale || !self.reach.add(first) || !self.cover_above(number, seniors);
        number
    }

    /// Returns whether a position stands strictly below another, at any depth.
    pub(crate) fn stands_below(&self, low: u32, high: u32) -> bool {
        if !self.is_stale {
            return self.reach.is_below(low, high);
        }
        self.is_under(low, high)
    }

    /// Returns whether a position stands strictly below another, by plain search.
    fn is_under(&self, low: u32, high: u32) -> bool {
        let mut waiting: Vec<u32> = self.seniors(low).collect();
        let mut seen: HashSet<u32> = waiting.iter().copied().collect();
        while let Some(at) = waiting.pop() {
            if at == high {
                return true;
            }
            waiting.extend(self.seniors(at).filter(|it| seen.insert(*it)));
        }
        false
    }

    /// Lets all above a position reach it who do not yet; `false` where all must be worked out anew.
    fn cover_above(&mut self, position: u32, seniors: &[u32]) -> bool {
        let mut waiting = seniors.to_vec();
        let mut left = self.few();
        while let Some(senior) = waiting.pop() {
            // Whoever stands above that one reaches it, too.
            if self.reach.is_below(position, senior) {
                continue;
            }
            if left == 0 || !self.reach.cover(senior, position) {
                return false;
            }
            left -= 1;
            waiting.extend(self.seniors(senior));
        }
        true
    }

    /// Past so many positions that a change concerns, working out all of them anew is no dearer.
    fn few(&self) -> usize {
        self.numbers() as usize / 8 + 64
    }

    /// Removes a position that none reports to.
    pub(crate) fn remove(&mut self, position: u32) {
        if let Some(live) = self.live.get_mut(position as usize)
            && std::mem::replace(live, false)
        {
            self.count -= 1;
        }
        self.write_seniors(position, &[]);
        self.labels.set(position, None);
        if !self.is_stale {
            self.reach.take_out(position);
        }
    }

    /// Lets positions report to others, in one step. Where that leads to a cycle, they do so all the same,
    /// and are to be set anew.
    pub(crate) fn set_seniors<'s>(
        &mut self,
        mut moves: impl Iterator<Item = (u32, &'s [u32])>,
    ) -> Result<(), NoHierarchy> {
        let (first, second) = (moves.next(), moves.next());
        if let (Some((position, seniors)), None) = (first, second) {
            if self.is_stale {
                self.write_seniors(position, seniors);
            } else {
                self.is_stale = !self.replant(position, seniors);
            }
            let closes_cycle =
                |senior: &u32| *senior == position || self.is_under(*senior, position);
            return if self.is_stale && seniors.iter().any(closes_cycle) {
                self.dag().map(drop).map_err(NoHierarchy::Cycles)
            } else {
                Ok(())
            };
        }
        for (position, seniors) in first.into_iter().chain(second).chain(moves) {
            self.write_seniors(position, seniors);
        }
        self.is_stale = true;
        self.dag().map(drop).map_err(NoHierarchy::Cycles)
    }

    /// Works out anew who stands below whom, where that is needed. It takes as long as the hierarchy is
    /// large; so it is done once for as many changes of positions as follow each other.
    pub(crate) fn settle(&mut self) -> Result<(), NoHierarchy> {
        if self.is_stale {
            self.relabel()?;
            self.is_stale = false;
        }
        Ok(())
    }

    /// Returns whether there is something to work out.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Moves a position with all below it; `false` where all must be worked out anew.
    fn replant(&mut self, position: u32, seniors: &[u32]) -> bool {
        let is_under_itself =
            |senior: &u32| *senior == position || self.reach.is_below(*senior, position);
        let whole = self.reach.is_matrix() || seniors.iter().any(is_under_itself);
        let above = self.reached([position], |it| self.seniors(it));
        let in_tree = |it| {
            let reach = &self.reach;
            let juniors = self.juniors(it);
            juniors.filter(move |junior| reach.is_below_in_tree(*junior, position))
        };
        let tree = self.reached([position], in_tree);
        self.write_seniors(position, seniors);
        let (Some(mut concerned), Some(tree), false) = (above, tree, whole) else {
            return false;
        };
        let Some(above) = self.reached(tree.iter().copied(), |it| self.seniors(it)) else {
            return false;
        };
        concerned.extend(above);
        // What lies in its own range alone is moved with it.
        concerned.retain(|it| !tree.contains(it) || self.reach.has_further(*it));
        let tree: Vec<u32> = tree.into_iter().collect();
        let mut under = seniors
            .iter()
            .copied()
            .map(Some)
            .chain(seniors.is_empty().then_some(None));
        under.any(|senior| self.reach.replant(tree.clone(), senior)) && self.gather(&concerned)
    }

    /// These positions and all that can be reached from them; `None` where they are many.
    fn reached<I: Iterator<Item = u32>>(
        &self,
        from: impl IntoIterator<Item = u32>,
        next: impl Fn(u32) -> I,
    ) -> Option<BTreeSet<u32>> {
        let mut waiting: Vec<u32> = from.into_iter().collect();
        let mut reached: BTreeSet<u32> = waiting.iter().copied().collect();
        while let Some(at) = waiting.pop() {
            if reached.len() > self.few() {
                return None;
            }
            waiting.extend(next(at).filter(|it| reached.insert(*it)));
        }
        Some(reached)
    }

    /// Works out anew what these positions reach by further edges, juniors first.
    fn gather(&mut self, positions: &BTreeSet<u32>) -> bool {
        let concerned = |it: &u32| positions.contains(it);
        let waits_for = |it: u32| self.juniors(it).filter(concerned).count();
        let mut waiting: BTreeMap<u32, usize> =
            positions.iter().map(|it| (*it, waits_for(*it))).collect();
        let mut ready: Vec<u32> = Vec::new();
        ready.extend(
            waiting
                .iter()
                .filter(|(_, left)| **left == 0)
                .map(|(it, _)| *it),
        );
        while let Some(position) = ready.pop() {
            let juniors: Vec<u32> = self.juniors(position).collect();
            if !self.reach.gather(position, juniors.into_iter()) {
                return false;
            }
            for senior in self.seniors(position) {
                if let Some(left) = waiting.get_mut(&senior) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(senior);
                    }
                }
            }
        }
        true
    }

    /// Works out anew who stands below whom.
    fn relabel(&mut self) -> Result<(), NoHierarchy> {
        let dag = self.dag().map_err(NoHierarchy::Cycles)?;
        self.reach = self
            .reach
            .anew(&dag)
            .map_err(|TooTangled| NoHierarchy::Tangled)?;
        for position in 0..self.numbers() {
            if !self.is_live(position) {
                self.reach.take_out(position);
            }
        }
        Ok(())
    }

    pub(crate) fn dag(&self) -> Result<Dag, Vec<Vec<u32>>> {
        let edges: Vec<(u32, u32)> = self.juniors.iter().copied().collect();
        Dag::new(self.numbers() as usize, &edges)
    }
}

impl Known for Positions {
    fn number(&self, name: &str) -> Option<u32> {
        self.find(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        (0..self.numbers()).filter_map(|position| self.name(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) as usize % n
        }

        /// Some of these, few as a rule.
        fn some(&mut self, of: &[u32], several_in_100: usize, most: usize) -> Vec<u32> {
            let count = match self.below(100) < several_in_100 {
                true => 2 + self.below(most - 1),
                false => usize::from(self.below(20) > 0),
            };
            let mut some: Vec<u32> = (0..count.min(of.len()))
                .map(|_| of[self.below(of.len())])
                .collect();
            some.sort_unstable();
            some.dedup();
            some
        }
    }

    /// Every position below another, by plain search.
    fn searched(positions: &Positions) -> BTreeSet<(u32, u32)> {
        let mut below = BTreeSet::new();
        for high in 0..positions.numbers() {
            let mut waiting: Vec<u32> = positions.juniors(high).collect();
            while let Some(low) = waiting.pop() {
                if below.insert((low, high)) {
                    waiting.extend(positions.juniors(low));
                }
            }
        }
        below
    }

    fn holds(positions: &Positions, what: &str) {
        let expected = searched(positions);
        for low in 0..positions.numbers() {
            for high in 0..positions.numbers() {
                let below = positions.stands_below(low, high);
                assert_eq!(
                    below,
                    expected.contains(&(low, high)),
                    "{low} under {high} after {what}"
                );
            }
            let seniors: Vec<u32> = positions.seniors(low).collect();
            assert!(seniors.is_sorted());
            assert!(
                seniors
                    .iter()
                    .all(|it| positions.juniors(*it).any(|it| it == low))
            );
        }
        let edges: usize = (0..positions.numbers())
            .map(|it| positions.seniors(it).count())
            .sum();
        assert_eq!(edges, positions.edge_count());
    }

    fn made(random: &mut Random, size: usize, several_in_100: usize, most: usize) -> Positions {
        let mut names = CompactNames::default();
        let mut edges = Vec::new();
        for junior in 0..size as u32 {
            assert_eq!(names.insert(&format!("p{junior}")), Ok(junior));
            let before: Vec<u32> = (0..junior).collect();
            let seniors = random.some(&before, several_in_100, most);
            edges.extend(seniors.into_iter().map(|senior| (senior, junior)));
        }
        let dag = Dag::new(size, &edges).unwrap();
        Positions::new(names, &edges, Reach::new(&dag).ok().unwrap())
    }

    /// Adds, moves and removes at random; how many moves were cheap, and how many were made.
    fn changed(several_in_100: usize, most: usize, seed: u64, with_matrix: bool) -> (usize, usize) {
        let random = &mut Random(seed);
        let size = 1 + random.below(60);
        let mut positions = made(random, size, several_in_100, most);
        if with_matrix {
            let dag = positions.dag().ok().unwrap();
            positions.reach = Reach::with_matrix(&dag).ok().unwrap();
        }
        holds(&positions, "loading");
        let (mut cheap, mut moved) = (0, 0);
        for step in 0..60 {
            let live: Vec<u32> = (0..positions.numbers())
                .filter(|it| positions.is_live(*it))
                .collect();
            let one = (!live.is_empty()).then(|| live[random.below(live.len())]);
            match (random.below(5), one) {
                (0 | 1, _) | (_, None) => {
                    let seniors = random.some(&live, several_in_100, most);
                    positions.add(&format!("new-{step}"), &seniors);
                }
                (2, Some(one)) if positions.juniors(one).next().is_none() => positions.remove(one),
                (_, Some(one)) => {
                    let seniors = random.some(&live, several_in_100, most);
                    let cycles = seniors
                        .iter()
                        .any(|it| *it == one || positions.stands_below(*it, one));
                    let before = positions.clone();
                    if cycles {
                        let refused = positions.set_seniors([(one, &seniors[..])].into_iter());
                        assert!(matches!(refused, Err(NoHierarchy::Cycles(_))));
                        positions = before;
                    } else {
                        moved += 1;
                        let was_stale = positions.is_stale();
                        assert!(
                            positions
                                .set_seniors([(one, &seniors[..])].into_iter())
                                .is_ok()
                        );
                        cheap += usize::from(!positions.is_stale());
                        assert!(positions.is_stale() || !was_stale);
                    }
                }
            }
            // A state that is stale for long, and one that never is for two steps.
            if !seed.is_multiple_of(3) || step % 20 == 0 {
                assert!(positions.settle().is_ok() && !positions.is_stale());
            }
            holds(&positions, &format!("step {step} of seed {seed}"));
        }
        (cheap, moved)
    }

    #[test]
    fn whoever_is_added_moved_and_removed_plain_search_agrees() {
        for several_in_100 in [0, 5, 10, 25, 50] {
            let (mut cheap, mut moved) = (0, 0);
            for seed in 0..12 {
                let counts = changed(several_in_100, 3, seed + several_in_100 as u64 * 100, false);
                (cheap, moved) = (cheap + counts.0, moved + counts.1);
            }
            assert!(cheap * 3 > moved && moved > 100, "{cheap} of {moved}");
        }
    }

    #[test]
    fn tangles_agree_as_well() {
        for seed in 0..8 {
            changed(90, 12, seed, seed % 2 == 0);
        }
    }

    #[test]
    fn several_move_in_one_step() {
        let random = &mut Random(3);
        for _ in 0..20 {
            let mut positions = made(random, 30, 20, 3);
            // Upside down: each move alone would close a cycle.
            let turned: Vec<(u32, Vec<u32>)> = (0..30)
                .map(|it| (it, (it + 1..30).take(1).collect()))
                .collect();
            let moves = turned
                .iter()
                .map(|(position, seniors)| (*position, &seniors[..]));
            assert!(positions.set_seniors(moves).is_ok());
            holds(&positions, "turning");
            assert!(positions.settle().is_ok());
            holds(&positions, "settling");
            assert!(positions.reach.is_below(0, 29));
        }
    }

    /// A tree of a hundred thousand: what is moved, and what stands above it, is all that changes.
    #[test]
    fn a_move_in_a_large_hierarchy_is_cheap() {
        let size = 100_000;
        let mut names = CompactNames::with_capacity(size);
        let mut edges = Vec::new();
        for junior in 0..size as u32 {
            names.insert(&format!("p{junior}")).unwrap();
            edges.extend(junior.checked_sub(1).map(|it| (it / 8, junior)));
            // One in twenty reports to another as well.
            edges.extend((junior % 20 == 19).then_some((junior / 16, junior)));
        }
        edges.dedup();
        let reach = Reach::new(&Dag::new(size, &edges).unwrap()).ok().unwrap();
        let mut positions = Positions::new(names, &edges, reach);
        let random = &mut Random(9);
        let mut cheap = 0;
        for step in 0..300_u32 {
            let one = 1000 + random.below(size - 1000) as u32;
            let senior = random.below(1000) as u32;
            let further = random.below(size) as u32;
            let seniors = [vec![senior], vec![senior, further]][random.below(2)].clone();
            let add = step % 2 == 0;
            if !add
                && seniors
                    .iter()
                    .any(|it| *it == one || positions.reach.is_below(*it, one))
            {
                continue;
            }
            let moved = if add {
                positions.add(&format!("n{step}"), &seniors)
            } else {
                cheap += usize::from(positions.replant(one, &seniors));
                one
            };
            for high in 0..positions.numbers() {
                let above = positions.reach.is_below(moved, high);
                if high % 97 == 0 || above {
                    let mut waiting: Vec<u32> = positions.seniors(moved).collect();
                    let mut found = false;
                    while let Some(at) = waiting.pop() {
                        found |= at == high;
                        waiting.extend(positions.seniors(at));
                    }
                    assert_eq!(above, found, "{moved} under {high}");
                }
            }
        }
        assert!(cheap > 140, "{cheap}");
    }
}
