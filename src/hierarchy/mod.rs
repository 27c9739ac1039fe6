//! Hierarchies: validated DAGs, and who stands below whom. The only user of petgraph.
//!
//! A hierarchy may be a chain of a million nodes, so nothing here recurses (I9). (petgraph's `toposort`
//! and `kosaraju_scc` keep their stacks on the heap; its `tarjan_scc`, `is_cyclic_directed` and DFS
//! visitor do not.)

mod reach;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

pub(crate) use reach::{Reach, TooTangled};

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
