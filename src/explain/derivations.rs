//! The ways through a graph, one by one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use serde::Serialize;

use super::{Edge, Graph, Node};
use crate::Scope;
use crate::document::problem::whole;

/// One way in which a permission, or a deny of it, came to the subject.
///
/// Its `Display` is a line: `` `ann` → role `seller` → grant `orders.*` → `orders.edit` at `own` ``; of a
/// very long way, both ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Derivation<'g> {
    steps: Vec<&'g Node>,
    scope: Option<Scope>,
}

impl<'g> Derivation<'g> {
    /// From the subject to the permission.
    pub fn steps(&self) -> &[&'g Node] {
        &self.steps
    }

    /// How far it grants the permission; `None` of a deny.
    pub const fn scope(&self) -> Option<Scope> {
        self.scope
    }
}

/// The ways to a permission, shortest first, made one after the other as they are asked for.
///
/// Ways of one length come in the order of the documents.
#[derive(Debug, Clone)]
pub struct Derivations<'g> {
    graph: &'g Graph,
    target: Option<usize>,
    /// For each node, its edges onwards: where they start in `onwards`.
    starts: Vec<usize>,
    onwards: Vec<(usize, Option<Scope>)>,
    /// For each node, how many steps the target is away; `FAR` where it is not reached.
    distance: Vec<usize>,
    /// Beginnings of ways: the node each has come to, and the beginning that it continues.
    beginnings: Vec<Beginning>,
    /// The beginnings not yet continued: least length in the end first, then the furthest along, then
    /// the oldest.
    open: BinaryHeap<Reverse<(usize, Reverse<usize>, usize)>>,
}

#[derive(Debug, Clone, Copy)]
struct Beginning {
    node: usize,
    before: usize,
    steps: usize,
    scope: Option<Scope>,
}

const FAR: usize = usize::MAX;

/// How many steps a line shows.
const SHOWN: usize = 64;

impl<'g> Derivations<'g> {
    pub(super) fn new(graph: &'g Graph, permission: &str, least: Scope) -> Derivations<'g> {
        let target = graph.place_of(permission);
        let nodes = graph.nodes.len();
        let wide = |edge: &&Edge| edge.scope.is_none_or(|scope| scope >= least);
        let edges = graph.edges.iter().filter(wide);
        let (starts, onwards) = grouped(nodes, edges.map(|it| (it.from, it.to, it.scope)));
        let distance = match target {
            Some(target) => distances(nodes, &graph.edges, wide, target),
            None => vec![FAR; nodes],
        };
        let mut derivations = Derivations {
            graph,
            target,
            starts,
            onwards,
            distance,
            beginnings: Vec::new(),
            open: BinaryHeap::new(),
        };
        derivations.begin(Beginning {
            node: 0,
            before: 0,
            steps: 0,
            scope: None,
        });
        derivations
    }

    /// The estimate is exact: every beginning that is open leads to the target in so many steps.
    fn begin(&mut self, beginning: Beginning) {
        let left = self.distance.get(beginning.node).copied().unwrap_or(FAR);
        if left == FAR {
            return;
        }
        let place = (
            beginning.steps.saturating_add(left),
            Reverse(beginning.steps),
            self.beginnings.len(),
        );
        self.beginnings.push(beginning);
        self.open.push(Reverse(place));
    }

    fn walked(&self, end: usize) -> Option<Derivation<'g>> {
        let last = self.beginnings.get(end)?;
        let mut steps = Vec::with_capacity(last.steps + 1);
        let mut at = end;
        while let Some(beginning) = self.beginnings.get(at) {
            steps.push(self.graph.nodes.get(beginning.node)?);
            if beginning.steps == 0 {
                break;
            }
            at = beginning.before;
        }
        steps.reverse();
        Some(Derivation {
            steps,
            scope: last.scope,
        })
    }
}

impl<'g> Iterator for Derivations<'g> {
    type Item = Derivation<'g>;

    fn next(&mut self) -> Option<Derivation<'g>> {
        loop {
            let Reverse((_, _, place)) = self.open.pop()?;
            let beginning = *self.beginnings.get(place)?;
            if Some(beginning.node) == self.target {
                return self.walked(place);
            }
            let first = self.starts.get(beginning.node).copied().unwrap_or(0);
            let end = self.starts.get(beginning.node + 1).copied().unwrap_or(0);
            for onward in first..end {
                let Some(&(node, scope)) = self.onwards.get(onward) else {
                    break;
                };
                self.begin(Beginning {
                    node,
                    before: place,
                    steps: beginning.steps + 1,
                    scope,
                });
            }
        }
    }
}

/// Edges side by side by the node that they leave, in their order.
fn grouped<T: Copy + Default>(
    nodes: usize,
    edges: impl Iterator<Item = (usize, usize, T)> + Clone,
) -> (Vec<usize>, Vec<(usize, T)>) {
    let mut starts = vec![0; nodes + 1];
    let mut count = 0;
    for (from, _, _) in edges.clone() {
        starts[from + 1] += 1;
        count += 1;
    }
    for node in 0..nodes {
        starts[node + 1] += starts[node];
    }
    let mut next = starts.clone();
    let mut onwards = vec![(0, T::default()); count];
    for (from, to, with) in edges {
        onwards[next[from]] = (to, with);
        next[from] += 1;
    }
    (starts, onwards)
}

fn distances(
    nodes: usize,
    edges: &[Edge],
    wide: impl Fn(&&Edge) -> bool + Clone,
    target: usize,
) -> Vec<usize> {
    let edges = edges.iter().filter(wide);
    let (starts, back) = grouped(nodes, edges.map(|it| (it.to, it.from, ())));
    let mut distance = vec![FAR; nodes];
    distance[target] = 0;
    let mut reached = vec![target];
    let mut done = 0;
    while let Some(&node) = reached.get(done) {
        done += 1;
        for &(before, ()) in &back[starts[node]..starts[node + 1]] {
            if distance[before] == FAR {
                distance[before] = distance[node] + 1;
                reached.push(before);
            }
        }
    }
    distance
}

impl fmt::Display for Derivation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = self.steps.len().saturating_sub(SHOWN);
        let first = self.steps.len().min(SHOWN / 2);
        for (i, step) in self.steps.iter().enumerate() {
            if (first..first + left_out).contains(&i) {
                if i == first {
                    write!(f, " → {left_out} more")?;
                }
                continue;
            }
            if i > 0 {
                f.write_str(" → ")?;
            }
            step.fmt(f)?;
        }
        match self.scope {
            Some(scope) => write!(f, " at `{scope}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let except = |f: &mut fmt::Formatter<'_>, except: &[String]| {
            for (i, left_out) in except.iter().enumerate() {
                let word = if i == 0 { " except" } else { "," };
                write!(f, "{word} `{}`", whole(left_out))?;
            }
            Ok(())
        };
        match self {
            Node::Subject { id: Some(id) } => write!(f, "`{}`", whole(id)),
            Node::Subject { id: None } => f.write_str("the token"),
            Node::User { id } => write!(f, "user `{}`", whole(id)),
            Node::Package(package) => write!(f, "package {package}"),
            Node::Role(role) => write!(f, "role {role}"),
            Node::Grant {
                select,
                except: left_out,
                ..
            } => {
                write!(f, "grant `{}`", whole(select))?;
                except(f, left_out)
            }
            Node::Setting => f.write_str("setting"),
            Node::Deny {
                select,
                except: left_out,
            } => {
                write!(f, "deny `{}`", whole(select))?;
                except(f, left_out)
            }
            Node::Permission(permission) => permission.fmt(f),
        }
    }
}
