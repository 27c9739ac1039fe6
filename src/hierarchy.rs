//! Hierarchies: validated DAGs, and who stands below whom. The only user of petgraph.
//!
//! A hierarchy may be a chain of a million nodes, so nothing here recurses. (petgraph's `toposort`
//! and `kosaraju_scc` keep their stacks on the heap; its `tarjan_scc`, `is_cyclic_directed` and DFS
//! visitor do not.)

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

/// A validated DAG. Edges lead from the senior to the junior.
#[derive(Debug, Default, Clone)]
pub(crate) struct Dag {
    /// For each node, where its juniors start in `juniors`; one entry more than nodes.
    starts: Vec<u32>,
    juniors: Vec<u32>,
    /// Every node after all of its seniors.
    order: Vec<u32>,
}

impl Dag {
    /// A DAG of nodes `0..nodes` and the given (senior, junior) edges.
    ///
    /// # Errors
    /// The cycles, each whole, its first node repeated at the end; one for each set of nodes that
    /// reach each other.
    pub(crate) fn new(nodes: usize, edges: &[(u32, u32)]) -> Result<Dag, Vec<Vec<u32>>> {
        let mut graph = DiGraph::<(), ()>::with_capacity(nodes, edges.len());
        for _ in 0..nodes {
            graph.add_node(());
        }
        for &(senior, junior) in edges {
            graph.add_edge(
                NodeIndex::new(senior as usize),
                NodeIndex::new(junior as usize),
                (),
            );
        }
        let order = match toposort(&graph, None) {
            Ok(order) => order.iter().map(|node| node.index() as u32).collect(),
            Err(_) => return Err(cycles(&graph)),
        };
        let mut starts = vec![0_u32; nodes + 1];
        for &(senior, _) in edges {
            starts[senior as usize + 1] += 1;
        }
        for i in 0..nodes {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut juniors = vec![0; edges.len()];
        for &(senior, junior) in edges {
            let slot = &mut next[senior as usize];
            juniors[*slot as usize] = junior;
            *slot += 1;
        }
        Ok(Dag {
            starts,
            juniors,
            order,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The direct juniors of a node, in the order of the edges.
    pub(crate) fn juniors(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.juniors[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// Every node after all of its seniors.
    pub(crate) fn seniors_first(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.order.iter().copied()
    }

    /// Every node after all of its juniors.
    pub(crate) fn juniors_first(&self) -> impl Iterator<Item = u32> + '_ {
        self.order.iter().rev().copied()
    }
}

fn cycles(graph: &DiGraph<(), ()>) -> Vec<Vec<u32>> {
    let mut component = vec![u32::MAX; graph.node_count()];
    let components = kosaraju_scc(graph);
    for (number, nodes) in components.iter().enumerate() {
        for node in nodes {
            component[node.index()] = number as u32;
        }
    }
    let mut found = Vec::new();
    for (number, nodes) in components.iter().enumerate() {
        let Some(&start) = nodes.iter().min() else {
            continue;
        };
        if nodes.len() == 1 && !graph.contains_edge(start, start) {
            continue;
        }
        // From any node of the component, a walk inside it must come back upon itself.
        let mut seen_at =
            hashbrown::HashMap::with_hasher(foldhash::quality::RandomState::default());
        let mut walk = Vec::new();
        let mut at = start;
        let first = loop {
            if let Some(&first) = seen_at.get(&at) {
                break first;
            }
            seen_at.insert(at, walk.len());
            walk.push(at.index() as u32);
            let inside = graph
                .neighbors(at)
                .filter(|next| component[next.index()] == number as u32)
                .min();
            match inside {
                Some(next) => at = next,
                None => break 0,
            }
        };
        let mut cycle = walk.split_off(first);
        cycle.extend(cycle.first().copied());
        found.push(cycle);
    }
    found.sort();
    found
}

/// Answers "does this node stand strictly below that one?" without allocating.
///
/// Nodes are numbered in preorder of a spanning tree, so that everything below a node by tree edges
/// is one range; what lies below it by other edges is a short list of further ranges, merged where
/// they touch (Agrawal, Borgida and Jagadish, "Efficient Management of Transitive Relationships in
/// Large Data and Knowledge Bases", 1989). A tree needs no further ranges at all.
///
/// Where the lists would grow past a budget linear in the nodes, a 2-hop labelling stands in
/// (Akiba, Iwata and Yoshida's pruned landmarks, 2013, for reachability): each node keeps the
/// landmarks above and below it, and a question merges two sorted lists.
#[derive(Debug, Default, Clone)]
pub(crate) struct Reach {
    labels: Vec<Label>,
    ranges: Vec<(u32, u32)>,
    landmarks: Option<Landmarks>,
}

/// Sixteen bytes a node, so that a question reads one line for each of its two nodes.
#[derive(Debug, Default, Clone, Copy)]
struct Label {
    /// The node's own number.
    number: u32,
    /// One past the last number below it in the tree.
    end: u32,
    /// Its further ranges, `ranges[first..last]`.
    first: u32,
    last: u32,
}

/// Further ranges that an index may hold for each node, on average.
const RANGES_PER_NODE: usize = 8;

impl Reach {
    pub(crate) fn new(dag: &Dag) -> Reach {
        Reach::with_budget(dag, dag.len() * RANGES_PER_NODE + 1024)
    }

    fn with_budget(dag: &Dag, budget: usize) -> Reach {
        let mut labels = spanning_tree_labels(dag);
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut gathered: Vec<(u32, u32)> = Vec::new();
        for node in dag.juniors_first() {
            let own = labels[node as usize];
            gathered.clear();
            for &junior in dag.juniors(node) {
                let below = labels[junior as usize];
                gathered.push((below.number, below.end));
                gathered.extend_from_slice(&ranges[below.first as usize..below.last as usize]);
            }
            // What lies in the node's own range needs no saying.
            gathered.retain(|&(start, end)| start < own.number || end > own.end);
            gathered.sort_unstable();
            let first = ranges.len();
            for &(start, end) in &gathered {
                match ranges[first..].last_mut() {
                    Some(last) if start <= last.1 => last.1 = last.1.max(end),
                    _ => ranges.push((start, end)),
                }
            }
            if ranges.len() > budget {
                return Reach {
                    labels: Vec::new(),
                    ranges: Vec::new(),
                    landmarks: Some(Landmarks::new(dag)),
                };
            }
            labels[node as usize].first = first as u32;
            labels[node as usize].last = ranges.len() as u32;
        }
        ranges.shrink_to_fit();
        Reach {
            labels,
            ranges,
            landmarks: None,
        }
    }

    /// Whether `low` stands strictly below `high`, at any depth. Unknown nodes stand nowhere.
    #[inline]
    pub(crate) fn is_below(&self, low: u32, high: u32) -> bool {
        let (Some(low_label), Some(high_label)) = (
            self.labels.get(low as usize),
            self.labels.get(high as usize),
        ) else {
            return self.is_below_by_landmarks(low, high);
        };
        let number = low_label.number;
        // Strictly below: the node's own number is outside its range.
        let in_tree =
            number.wrapping_sub(high_label.number + 1) < high_label.end - high_label.number - 1;
        in_tree || (high_label.first < high_label.last && self.in_ranges(number, *high_label))
    }

    #[cold]
    fn is_below_by_landmarks(&self, low: u32, high: u32) -> bool {
        self.landmarks
            .as_ref()
            .is_some_and(|it| it.is_below(low, high))
    }

    #[inline(never)]
    fn in_ranges(&self, number: u32, high: Label) -> bool {
        let ranges = self
            .ranges
            .get(high.first as usize..high.last as usize)
            .unwrap_or_default();
        let after = ranges.partition_point(|&(start, _)| start <= number);
        after
            .checked_sub(1)
            .and_then(|i| ranges.get(i))
            .is_some_and(|&(_, end)| number < end)
    }
}

/// Preorder numbers over a spanning forest: the tree parent of a node is the first senior that
/// reaches it.
fn spanning_tree_labels(dag: &Dag) -> Vec<Label> {
    let mut labels = vec![Label::default(); dag.len()];
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
                    labels[*node as usize].end = next;
                    stack.pop();
                }
            }
        }
    }
    labels
}

/// 2-hop labels: `high` is above `low` where some landmark is at or below `high` and at or above `low`.
#[derive(Debug, Default, Clone)]
struct Landmarks {
    below: Vec<Box<[u32]>>,
    above: Vec<Box<[u32]>>,
}

impl Landmarks {
    fn new(dag: &Dag) -> Landmarks {
        let nodes = dag.len();
        let mut seniors: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        for node in dag.seniors_first() {
            for &junior in dag.juniors(node) {
                seniors[junior as usize].push(node);
            }
        }
        // The best connected nodes first: they cover most pairs, so that later searches end early.
        let mut ranked: Vec<u32> = dag.seniors_first().collect();
        ranked.sort_by_key(|&node| {
            let paths = (seniors[node as usize].len() + 1) * (dag.juniors(node).len() + 1);
            std::cmp::Reverse(paths)
        });
        let mut below: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        let mut above: Vec<Vec<u32>> = vec![Vec::new(); nodes];
        let mut seen = vec![u32::MAX; nodes];
        let mut stack = Vec::new();
        for (rank, &landmark) in ranked.iter().enumerate() {
            let rank = rank as u32;
            for upward in [false, true] {
                let visit = rank * 2 + u32::from(upward);
                stack.push(landmark);
                seen[landmark as usize] = visit;
                while let Some(node) = stack.pop() {
                    let known = if upward {
                        share(&below[node as usize], &above[landmark as usize])
                    } else {
                        share(&below[landmark as usize], &above[node as usize])
                    };
                    if known && node != landmark {
                        continue;
                    }
                    let (own, next) = if upward {
                        (&mut below, seniors[node as usize].as_slice())
                    } else {
                        (&mut above, dag.juniors(node))
                    };
                    own[node as usize].push(rank);
                    for &neighbour in next {
                        if seen[neighbour as usize] != visit {
                            seen[neighbour as usize] = visit;
                            stack.push(neighbour);
                        }
                    }
                }
            }
        }
        let boxed = |lists: Vec<Vec<u32>>| lists.into_iter().map(Vec::into_boxed_slice).collect();
        Landmarks {
            below: boxed(below),
            above: boxed(above),
        }
    }

    fn is_below(&self, low: u32, high: u32) -> bool {
        let (Some(below), Some(above)) =
            (self.below.get(high as usize), self.above.get(low as usize))
        else {
            return false;
        };
        low != high && share(below, above)
    }
}

/// Whether two ascending lists have an element in common.
fn share(a: &[u32], b: &[u32]) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
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
        fn labels_and_landmarks_equal_plain_search(
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
            let by_ranges = Reach::with_budget(&dag, usize::MAX);
            let by_landmarks = Reach {
                landmarks: Some(Landmarks::new(&dag)),
                ..Reach::default()
            };
            for low in 0..nodes as u32 {
                for high in 0..nodes as u32 {
                    let expected = searched_below(&dag, low, high);
                    prop_assert_eq!(by_ranges.is_below(low, high), expected);
                    prop_assert_eq!(by_landmarks.is_below(low, high), expected);
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
    fn a_tangle_past_the_budget_falls_back_to_landmarks() {
        let nodes = 600_u32;
        let edges: Vec<(u32, u32)> = (0..nodes)
            .flat_map(|a| (1..6).map(move |k| (a, a + 1 + (a * 7919 + k * 104_729) % (nodes - a))))
            .filter(|&(_, b)| b < nodes)
            .collect();
        let dag = Dag::new(nodes as usize, &edges).unwrap();
        let reach = Reach::with_budget(&dag, 100);
        assert!(reach.landmarks.is_some());
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
            let reach = Reach::new(&Dag::new(1_000_000, &edges).unwrap());
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
