//! Who stands below whom, answered from labels or a matrix.

use std::sync::Arc;

use bitvec::prelude::{BitVec, Lsb0};

use super::Dag;
use crate::chunked::{Chunked, Fronted, Sparse};
use crate::limits;

/// Answers "does this node stand strictly below that one?" without allocating.
///
/// Nodes are numbered in preorder of a spanning tree, so that everything below a node by tree edges
/// is one range; what lies below it by other edges is a short list of further ranges, merged where
/// they touch (Agrawal, Borgida and Jagadish, "Efficient Management of Transitive Relationships in
/// Large Data and Knowledge Bases", 1989). A tree needs no further ranges at all.
///
/// Where the lists would grow past a budget linear in nodes and edges, a matrix of a bit for each
/// pair of nodes stands in: two loads a question, n²/8 bytes. A tangle of more nodes than
/// [`limits::TANGLED_POSITIONS`] is refused.
///
/// Every range has room at its end, as their paper proposes: a new node takes its number from there,
/// and so does a node that is moved, with all below it in the tree. Nothing else is numbered anew;
/// only those who stand above it, before or after, may need other further ranges. (Spreading numbers
/// evenly when room runs out, as Dietz and Sleator do for lists, "Two Algorithms for Maintaining Order
/// in a List", 1987, is left out: then all is worked out anew.)
///
/// Whether further ranges must be looked at at all, a filter in the label tells (Bloom, "Space/Time
/// Trade-offs in Hash Coding with Allowable Errors", 1970, with one hash: the block that a number lies
/// in). Without it the branch was taken for every senior that has such ranges, and mispredicted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Reach {
    labels: Fronted<Label, 14>,
    /// For each node, the first number of its range that no node has yet.
    free: Chunked<u32>,
    /// The first number past all of them.
    top: u32,
    /// Numbers shifted right by this are blocks; a label's filter has a bit for each, by its last
    /// five bits.
    block: u32,
    ranges: Arc<[(u32, u32)]>,
    /// For each node that has further ranges, where they begin and end in `ranges`.
    spans: Arc<[(u32, u32)]>,
    /// Further ranges that changed since these were worked out.
    changed: Sparse<Box<[(u32, u32)]>>,
    /// How many ranges those may still become.
    changes_left: usize,
    /// For each node that has an edge, the nodes below it; empty where there are labels.
    matrix: Arc<BitVec<usize, Lsb0>>,
    /// Where there is a matrix, each node's row and column, or [`NO_ROW`].
    rows: Arc<[u32]>,
    /// How many rows there are.
    height: usize,
}

/// Of a node without edges: it stands nowhere.
const NO_ROW: u32 = u32::MAX;

/// A hierarchy too tangled for ranges and too large for a matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TooTangled;

/// Sixteen bytes a node, so that a question reads one line for each of its two nodes.
#[derive(Debug, Default, Clone, Copy)]
struct Label {
    /// The node's own number.
    number: u32,
    /// One past the last number below it in the tree.
    end: u32,
    /// The blocks that its further ranges touch, a bit for each.
    filter: u32,
    /// Their place in `spans`, or [`CHANGED`]; of no meaning where the filter is empty.
    span: u32,
}

/// In place of a span: the further ranges are among those that changed.
const CHANGED: u32 = u32::MAX;

/// Numbers lie below this; what is taken out has a label that lies here.
const NUMBERS: u32 = 1 << 31;

const TAKEN_OUT: Label = Label {
    number: NUMBERS,
    end: NUMBERS + 1,
    filter: 0,
    span: 0,
};

/// Room at the end of a node's range, at most.
const ROOM: u32 = 4095;
/// A new node takes this part of the room that its senior has left.
const ROOM_TAKEN: u32 = 64;

/// Bits of a word of the matrix.
const WORD: usize = usize::BITS as usize;

/// Ranges that may be kept, and gathered from juniors, for each node and edge on average.
const RANGES_KEPT: usize = 8;
const RANGES_GATHERED: usize = 64;

impl Reach {
    pub(crate) fn new(dag: &Dag) -> Result<Reach, TooTangled> {
        let size = dag.len() + dag.juniors.len();
        Reach::with_budget(dag, size * RANGES_KEPT + 1024)
    }

    /// Works everything out anew after a change. What was so tangled that it took a matrix takes one
    /// again: to find that out from ranges takes longer than the matrix.
    pub(crate) fn anew(&self, dag: &Dag) -> Result<Reach, TooTangled> {
        if self.is_matrix()
            && let Ok(reach) = Reach::with_matrix(dag)
        {
            return Ok(reach);
        }
        Reach::new(dag)
    }

    fn with_budget(dag: &Dag, budget: usize) -> Result<Reach, TooTangled> {
        let mut work = budget.saturating_mul(RANGES_GATHERED / RANGES_KEPT);
        let (mut labels, free, top) = spanning_tree_labels(dag);
        // So that all numbers lie in as many blocks as a filter has bits; those of nodes added later share
        // them.
        let block = (u32::BITS - top.leading_zeros()).saturating_sub(FILTER.trailing_zeros());
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut spans: Vec<(u32, u32)> = Vec::new();
        let mut gathered: Vec<(u32, u32)> = Vec::new();
        for node in dag.juniors_first() {
            let own = labels[node as usize];
            gathered.clear();
            for &junior in dag.juniors(node) {
                let below = labels[junior as usize];
                gathered.push((below.number, below.end));
            }
            merge(&mut gathered);
            let by_tree = gathered.len();
            for &junior in dag.juniors(node) {
                let below = labels[junior as usize];
                let further = spanned(&ranges, &spans, below);
                // What lies within one range already needs no looking through.
                let (Some(least), Some(most)) = (further.first(), further.last()) else {
                    continue;
                };
                let whole = (least.0, most.1);
                let covering = gathered[..by_tree].partition_point(|&(start, _)| start <= whole.0);
                let covered = covering.checked_sub(1).map(|it| gathered[it]);
                let is_within = |outer: (u32, u32)| outer.0 <= whole.0 && whole.1 <= outer.1;
                if is_within((own.number, own.end)) || covered.is_some_and(is_within) {
                    continue;
                }
                gathered.extend_from_slice(further);
                if gathered.len() > work {
                    return Reach::with_matrix(dag);
                }
            }
            work -= gathered.len().min(work);
            // What lies in the node's own range needs no saying.
            gathered.retain(|&(start, end)| start < own.number || end > own.end);
            merge(&mut gathered);
            let first = ranges.len();
            ranges.extend_from_slice(&gathered);
            if ranges.len() > budget {
                return Reach::with_matrix(dag);
            }
            if !gathered.is_empty() {
                let label = &mut labels[node as usize];
                label.filter = filter(&gathered, block);
                label.span = spans.len() as u32;
                spans.push((first as u32, ranges.len() as u32));
            }
        }
        Ok(Reach {
            labels: labels.into_iter().collect(),
            free: free.into_iter().collect(),
            top,
            block,
            spans: spans.into(),
            changes_left: budget.saturating_sub(ranges.len()),
            ranges: ranges.into(),
            ..Reach::default()
        })
    }

    /// Whether there is a matrix: it cannot be changed, but worked out anew.
    pub(crate) fn is_matrix(&self) -> bool {
        !self.rows.is_empty()
    }

    /// Adds a node with one senior or none and without juniors, as the next; `false` where there is no
    /// room, and all must be worked out anew.
    pub(crate) fn add(&mut self, senior: Option<u32>) -> bool {
        let Some((number, end)) = self.take_room(1, senior) else {
            return false;
        };
        self.labels.push(Label {
            number,
            end,
            ..Label::default()
        });
        self.free.push(number + 1);
        true
    }

    /// A range that has no nodes yet and room for so many, under a senior or at the top.
    fn take_room(&mut self, nodes: u32, senior: Option<u32>) -> Option<(u32, u32)> {
        if self.is_matrix() {
            return None;
        }
        let Some(senior) = senior else {
            let end = u64::from(self.top) + u64::from(nodes) * u64::from(1 + ROOM);
            let end = u32::try_from(end).ok().filter(|end| *end <= NUMBERS)?;
            return Some((std::mem::replace(&mut self.top, end), end));
        };
        let above = self.labels.get(senior as usize)?;
        let free = *self.free.get(senior as usize)?;
        let room = above.end.saturating_sub(free);
        let least = nodes.saturating_mul(if nodes > 1 { ROOM_TAKEN } else { 1 });
        let taken = (room / ROOM_TAKEN).max(least.min(room / 2)).max(nodes);
        if taken > room {
            return None;
        }
        *self.free.get_mut(senior as usize)? = free + taken;
        Some((free, free + taken))
    }

    /// Whether a node is below another in the tree that the numbers follow.
    pub(crate) fn is_below_in_tree(&self, low: u32, high: u32) -> bool {
        let label = |node| self.labels.get(node as usize);
        label(low)
            .zip(label(high))
            .is_some_and(|(low, high)| high.number < low.number && low.number < high.end)
    }

    /// Gives a node and all that are below it in the tree new numbers, under another senior or at the
    /// top; `false` where there is no room. What these and those above them reach by other edges must
    /// then be gathered.
    pub(crate) fn replant(&mut self, mut tree: Vec<u32>, senior: Option<u32>) -> bool {
        let size = tree.len() as u32;
        let Some((start, end)) = self.take_room(size, senior) else {
            return false;
        };
        let room = (end - start) / size.max(1) - 1;
        let label =
            |reach: &Reach, node: u32| reach.labels.get(node as usize).copied().unwrap_or_default();
        tree.sort_unstable_by_key(|node| label(self, *node).number);
        let mut next = start;
        // Each that is open, and where it ended.
        let mut open: Vec<(u32, u32)> = Vec::new();
        for node in tree.into_iter().map(Some).chain([None]) {
            let old = node.map(|node| label(self, node));
            while let Some(&(done, ended)) = open.last()
                && old.is_none_or(|old| ended <= old.number)
            {
                open.pop();
                if let Some(free) = self.free.get_mut(done as usize) {
                    *free = next;
                }
                next += room;
                if let Some(label) = self.labels.get_mut(done as usize) {
                    label.end = next;
                }
            }
            if let (Some(node), Some(old)) = (node, old) {
                open.push((node, old.end));
                if let Some(label) = self.labels.get_mut(node as usize) {
                    label.number = next;
                }
                next += 1;
            }
        }
        true
    }

    /// Whether a node has others below it than those of its own range.
    pub(crate) fn has_further(&self, node: u32) -> bool {
        self.labels
            .get(node as usize)
            .is_some_and(|label| label.filter != 0)
    }

    /// Lets a node reach another and all that are below it in the tree; `false` where the lists would
    /// outgrow the budget.
    pub(crate) fn cover(&mut self, high: u32, low: u32) -> bool {
        let label = |node| self.labels.get(node as usize).copied();
        let Some((own, low)) = label(high).zip(label(low)) else {
            return false;
        };
        let mut ranges = self.further(high, own).to_vec();
        ranges.push((low.number, low.end));
        merge(&mut ranges);
        self.set_further(high, &ranges)
    }

    /// Works out what a node reaches by other edges than the tree's, of its juniors, for whom that is
    /// known; `false` where the lists would outgrow the budget.
    pub(crate) fn gather(&mut self, node: u32, juniors: impl Iterator<Item = u32>) -> bool {
        let Some(own) = self.labels.get(node as usize).copied() else {
            return false;
        };
        let is_outside = |range: &(u32, u32)| range.0 < own.number || range.1 > own.end;
        let mut ranges = Vec::new();
        for junior in juniors {
            let Some(below) = self.labels.get(junior as usize) else {
                return false;
            };
            let further = self.further(junior, *below).iter().copied();
            ranges.extend(
                [(below.number, below.end)]
                    .into_iter()
                    .chain(further)
                    .filter(is_outside),
            );
        }
        merge(&mut ranges);
        self.set_further(node, &ranges)
    }

    fn set_further(&mut self, node: u32, ranges: &[(u32, u32)]) -> bool {
        let before = self.changed.get(node).map_or(0, |it| it.len());
        let Some(left) = (self.changes_left + before).checked_sub(ranges.len()) else {
            return false;
        };
        let Some(label) = self.labels.get_mut(node as usize) else {
            return false;
        };
        self.changes_left = left;
        label.filter = filter(ranges, self.block);
        label.span = CHANGED;
        self.changed
            .set(node, (!ranges.is_empty()).then(|| ranges.into()));
        true
    }

    fn further(&self, node: u32, label: Label) -> &[(u32, u32)] {
        match label.span {
            _ if label.filter == 0 => &[],
            CHANGED => self.changed.get(node).map_or(&[], AsRef::as_ref),
            _ => spanned(&self.ranges, &self.spans, label),
        }
    }

    /// Takes a node out that has no juniors: from then on it stands nowhere.
    pub(crate) fn take_out(&mut self, node: u32) {
        if let Some(label) = self.labels.get_mut(node as usize) {
            *label = TAKEN_OUT;
        } else {
            let stride = self.height.next_multiple_of(WORD);
            let Some(column) = self.row(node) else {
                return;
            };
            let matrix = Arc::make_mut(&mut self.matrix);
            for high in 0..self.height {
                if let Some(mut bit) = matrix.get_mut(high * stride + column) {
                    bit.set(false);
                }
            }
        }
    }

    pub(crate) fn with_matrix(dag: &Dag) -> Result<Reach, TooTangled> {
        let mut rows = vec![NO_ROW; dag.len()];
        let mut height = 0;
        for senior in 0..dag.len() as u32 {
            let juniors = dag.juniors(senior);
            let with_edges = juniors
                .iter()
                .chain((!juniors.is_empty()).then_some(&senior));
            for &node in with_edges {
                if rows[node as usize] == NO_ROW {
                    rows[node as usize] = height as u32;
                    height += 1;
                }
            }
        }
        if height > limits::TANGLED_POSITIONS {
            return Err(TooTangled);
        }
        // Rows of whole words, so that uniting two is one operation a word.
        let words = height.div_ceil(WORD);
        let mut matrix = vec![0_usize; height * words];
        let mut row = vec![0_usize; words];
        for node in dag.juniors_first() {
            if dag.juniors(node).is_empty() {
                continue;
            }
            row.fill(0);
            for &junior in dag.juniors(node) {
                let junior = rows[junior as usize] as usize;
                let below = &matrix[junior * words..(junior + 1) * words];
                for (all, more) in row.iter_mut().zip(below) {
                    *all |= more;
                }
                row[junior / WORD] |= 1 << (junior % WORD);
            }
            let node = rows[node as usize] as usize;
            matrix[node * words..(node + 1) * words].copy_from_slice(&row);
        }
        let matrix = BitVec::from_vec(matrix);
        Ok(Reach {
            matrix: Arc::new(matrix),
            rows: rows.into(),
            height,
            ..Reach::default()
        })
    }

    /// A node's own number, as far as there are labels.
    pub(crate) fn number(&self, node: u32) -> Option<u32> {
        Some(self.labels.get(node as usize)?.number)
    }

    /// Whether `low` stands strictly below `high`, at any depth. Unknown nodes stand nowhere.
    #[inline(always)]
    pub(crate) fn is_below(&self, low: u32, high: u32) -> bool {
        let (Some(low_label), Some(high_label)) = (
            self.labels.get(low as usize),
            self.labels.get(high as usize),
        ) else {
            return self.is_below_by_matrix(low, high);
        };
        let number = low_label.number;
        // Strictly below: the node's own number is outside its range.
        let in_tree =
            number.wrapping_sub(high_label.number + 1) < high_label.end - high_label.number - 1;
        let may_be_further = high_label.filter >> ((number >> self.block) % FILTER) & 1 != 0;
        in_tree || (may_be_further && self.in_further(number, high))
    }

    #[cold]
    fn is_below_by_matrix(&self, low: u32, high: u32) -> bool {
        let stride = self.height.next_multiple_of(WORD);
        let rows = self.row(low).zip(self.row(high));
        rows.is_some_and(|(low, high)| self.matrix.get(high * stride + low).is_some_and(|bit| *bit))
    }

    fn row(&self, node: u32) -> Option<usize> {
        let row = *self.rows.get(node as usize)?;
        (row != NO_ROW).then_some(row as usize)
    }

    #[cold]
    #[inline(never)]
    fn in_further(&self, number: u32, high: u32) -> bool {
        let label = self.labels.get(high as usize).copied();
        let ranges = self.further(high, label.unwrap_or_default());
        let after = ranges.partition_point(|&(start, _)| start <= number);
        after
            .checked_sub(1)
            .and_then(|i| ranges.get(i))
            .is_some_and(|&(_, end)| number < end)
    }
}

/// Bits of a label's filter.
const FILTER: u32 = u32::BITS;

/// The blocks that ranges touch, a bit for each: of no ranges none.
fn filter(ranges: &[(u32, u32)], block: u32) -> u32 {
    let blocks = |&(start, end): &(u32, u32)| {
        let (first, last) = (start >> block, end.saturating_sub(1) >> block);
        match last.saturating_sub(first) {
            apart if apart < FILTER - 1 => ((1_u32 << (apart + 1)) - 1).rotate_left(first % FILTER),
            _ => u32::MAX,
        }
    };
    ranges.iter().fold(0, |bits, range| bits | blocks(range))
}

/// The further ranges of a node, as they were worked out.
fn spanned<'r>(ranges: &'r [(u32, u32)], spans: &[(u32, u32)], label: Label) -> &'r [(u32, u32)] {
    let span = spans.get(label.span as usize).filter(|_| label.filter != 0);
    span.and_then(|&(first, last)| ranges.get(first as usize..last as usize))
        .unwrap_or_default()
}

/// Sorts ranges, and joins those that touch or overlap.
fn merge(ranges: &mut Vec<(u32, u32)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
}

/// Preorder numbers over a spanning forest, with room at the end of each range: the tree parent of a
/// node is the first senior that reaches it. Also where each node's room begins, and the first number
/// past all.
fn spanning_tree_labels(dag: &Dag) -> (Vec<Label>, Vec<u32>, u32) {
    let mut labels = vec![Label::default(); dag.len()];
    let mut free = vec![0; dag.len()];
    // All of it takes at most half of the numbers: the rest is for new nodes without seniors.
    let room = (NUMBERS / 2 / dag.len().max(1) as u32)
        .saturating_sub(1)
        .min(ROOM);
    let mut numbered = vec![false; dag.len()];
    let mut next = 0;
    // A node, and how many of its juniors have been looked at.
    let mut stack: Vec<(u32, u32)> = Vec::new();
    for root in dag.seniors_first() {
        if numbered[root as usize] {
            continue;
        }
        numbered[root as usize] = true;
        labels[root as usize].number = next;
        next += 1;
        stack.push((root, 0));
        while let Some((node, looked_at)) = stack.last_mut() {
            match dag.juniors(*node).get(*looked_at as usize) {
                Some(&junior) => {
                    *looked_at += 1;
                    if !numbered[junior as usize] {
                        numbered[junior as usize] = true;
                        labels[junior as usize].number = next;
                        next += 1;
                        stack.push((junior, 0));
                    }
                }
                None => {
                    free[*node as usize] = next;
                    next += room;
                    labels[*node as usize].end = next;
                    stack.pop();
                }
            }
        }
    }
    (labels, free, next)
}
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Plain search, for comparison.
    fn searched_below(dag: &Dag, low: u32, high: u32) -> bool {
        let mut stack = dag.juniors(high).to_vec();
        let mut seen = vec![false; dag.len()];
        while let Some(node) = stack.pop() {
            if node == low {
                return true;
            }
            if !std::mem::replace(&mut seen[node as usize], true) {
                stack.extend_from_slice(dag.juniors(node));
            }
        }
        false
    }

    proptest! {
        #[test]
        fn ranges_and_matrix_equal_plain_search(
            nodes in 1_usize..24,
            raw in prop::collection::vec((0_u32..24, 0_u32..24), 0..70),
        ) {
            // Edges from lower to higher numbers make a DAG; the shuffle below hides that order.
            let mut edges: Vec<(u32, u32)> = raw.into_iter()
                .map(|(a, b)| (a % nodes as u32, b % nodes as u32))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| (a.min(b) * 7 % 29 % nodes as u32, a.max(b)))
                .filter(|(a, b)| a < b)
                .collect();
            edges.dedup();
            let dag = Dag::new(nodes, &edges).unwrap();
            let by_ranges = Reach::with_budget(&dag, usize::MAX).unwrap();
            let by_matrix = Reach::with_matrix(&dag).unwrap();
            for low in 0..nodes as u32 {
                for high in 0..nodes as u32 {
                    let expected = searched_below(&dag, low, high);
                    prop_assert_eq!(by_ranges.is_below(low, high), expected);
                    prop_assert_eq!(by_matrix.is_below(low, high), expected);
                }
            }
        }
    }

    #[test]
    fn nodes_are_added_and_taken_out() {
        let mut seed = 5_u64;
        let mut draw = move |n: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % n
        };
        for _ in 0..40 {
            let mut nodes = 1 + draw(12);
            let mut edges: Vec<(u32, u32)> = (1..nodes)
                .flat_map(|junior| [(0, junior), (junior / 2, junior)])
                .map(|(senior, junior)| (senior as u32, junior as u32))
                .collect();
            edges.dedup();
            let mut reach = Reach::new(&Dag::new(nodes, &edges).unwrap()).unwrap();
            let mut added = 0;
            for _ in 0..60 {
                let senior = (draw(5) > 0).then(|| draw(nodes) as u32);
                if !reach.add(senior) {
                    continue;
                }
                edges.extend(senior.map(|senior| (senior, nodes as u32)));
                (nodes, added) = (nodes + 1, added + 1);
            }
            assert!(added > 30);
            let dag = Dag::new(nodes, &edges).unwrap();
            let leaf = (0..nodes as u32)
                .rev()
                .find(|it| dag.juniors(*it).is_empty());
            let mut without = reach.clone();
            without.take_out(leaf.unwrap());
            let mut matrix = Reach::with_matrix(&dag).unwrap();
            matrix.take_out(leaf.unwrap());
            for low in 0..nodes as u32 {
                for high in 0..nodes as u32 {
                    let expected = searched_below(&dag, low, high);
                    assert_eq!(reach.is_below(low, high), expected);
                    let expected = expected && Some(low) != leaf;
                    assert_eq!(without.is_below(low, high), expected);
                    assert_eq!(matrix.is_below(low, high), expected);
                }
            }
        }
    }

    #[test]
    fn a_cycle_is_named_whole() {
        let cycles = Dag::new(5, &[(0, 1), (1, 2), (2, 3), (3, 1), (4, 4)]).unwrap_err();
        assert_eq!(cycles, [vec![1, 2, 3, 1], vec![4, 4]]);
    }

    #[test]
    fn a_tangle_past_the_budget_falls_back_to_the_matrix() {
        let nodes = 600_u32;
        let edges: Vec<(u32, u32)> = (0..nodes)
            .flat_map(|a| (1..6).map(move |k| (a, a + 1 + (a * 7919 + k * 104_729) % (nodes - a))))
            .filter(|&(_, b)| b < nodes)
            .collect();
        let dag = Dag::new(nodes as usize, &edges).unwrap();
        let reach = Reach::with_budget(&dag, 100).unwrap();
        assert_eq!(reach.labels.len(), 0);
        for low in (0..nodes).step_by(13) {
            for high in 0..nodes {
                assert_eq!(reach.is_below(low, high), searched_below(&dag, low, high));
            }
        }
    }

    #[test]
    fn a_chain_of_a_million_fits_a_small_stack() {
        let edges: Vec<(u32, u32)> = (0..999_999).map(|i| (i, i + 1)).collect();
        let check = move || {
            let reach = Reach::new(&Dag::new(1_000_000, &edges).unwrap()).unwrap();
            assert!(reach.is_below(999_999, 0) && !reach.is_below(0, 999_999));
        };
        std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(check)
            .unwrap()
            .join()
            .unwrap();
    }
}
