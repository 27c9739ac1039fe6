//! What led to a permission, as a graph: where ways meet, they share their nodes.

use std::hash::Hash;

use foldhash::HashMap;
use serde::Serialize;

use super::{Derivations, Named};
use crate::Scope;

/// From the subject, which is the first node, to permissions. It has no cycle.
///
/// However many ways there are, each package, role, grant and permission is in it once, so that its
/// size is bounded by that of the documents; [`derivations`](Graph::derivations) takes the ways apart.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// A node of a [`Graph`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "node", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Node {
    /// The subject.
    Subject {
        /// Their id; of a role standing for itself without one, the role's; `None` of a nameless token.
        id: Option<String>,
    },
    /// The user of the directory that a token is, whose denies bind it (D18).
    User {
        /// Their id.
        id: String,
    },
    /// A package.
    Package(Named),
    /// A role.
    Role(Named),
    /// A grant of the role before it, as written.
    Grant {
        /// The selector.
        select: String,
        /// The scope, where one is written.
        scope: Option<Scope>,
        /// What it leaves out.
        except: Vec<String>,
    },
    /// A setting that gives an adjustable permission to the role before it (D13).
    Setting,
    /// A deny of the role before it, as written.
    Deny {
        /// The selector.
        select: String,
        /// What it leaves out.
        except: Vec<String>,
    },
    /// A permission.
    Permission(Named),
}

/// An edge of a [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Edge {
    /// The node nearer to the subject, by its place in [`Graph::nodes`].
    pub from: usize,
    /// The node nearer to the permission.
    pub to: usize,
    /// From a grant or a setting to a permission, how far it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

impl Graph {
    /// The nodes, the subject first; none where nothing leads anywhere.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Every way from the subject to a permission, shortest first, each made as it is asked for.
    ///
    /// Starting costs a look at every edge. The next way costs at most its own length times the most
    /// edges that leave one of its nodes, and remembers as much.
    pub fn derivations(&self, permission: &str) -> Derivations<'_> {
        self.derivations_reaching(permission, Scope::Own)
    }

    /// The [`derivations`](Graph::derivations) that grant the permission at that scope or a wider one.
    pub fn derivations_reaching(&self, permission: &str, least: Scope) -> Derivations<'_> {
        Derivations::new(self, permission, least)
    }

    /// The place of a permission's node.
    pub(super) fn place_of(&self, permission: &str) -> Option<usize> {
        self.nodes
            .iter()
            .position(|node| matches!(node, Node::Permission(known) if known.id == permission))
    }

    /// The roles whose own grants or denies lead to a permission, in the order in which they came in.
    pub(super) fn roles_before(&self, permission: &str) -> Vec<Named> {
        let Some(target) = self.place_of(permission) else {
            return Vec::new();
        };
        let mut before = vec![false; self.nodes.len()];
        for edge in self.edges.iter().filter(|edge| edge.to == target) {
            before[edge.from] = true;
        }
        let mut roles = vec![false; self.nodes.len()];
        for edge in self.edges.iter().filter(|edge| before[edge.to]) {
            roles[edge.from] = true;
        }
        let named = self.nodes.iter().zip(roles).filter(|(_, is_one)| *is_one);
        named
            .filter_map(|(node, _)| match node {
                Node::Role(role) => Some(role.clone()),
                _ => None,
            })
            .collect()
    }
}

/// What a node stands for, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Package(u32),
    Role(u32),
    Permission(u16),
}

/// A graph in the making.
pub(super) struct Drawing {
    pub(super) graph: Graph,
    known: HashMap<Key, usize>,
}

impl Drawing {
    pub(super) fn from(subject: Node) -> Drawing {
        Drawing {
            graph: Graph {
                nodes: vec![subject],
                edges: Vec::new(),
            },
            known: HashMap::default(),
        }
    }

    /// A node of its own.
    pub(super) fn add(&mut self, node: Node) -> usize {
        self.graph.nodes.push(node);
        self.graph.nodes.len() - 1
    }

    /// The node of that key, and whether it is new.
    pub(super) fn node(&mut self, key: Key, node: impl FnOnce() -> Node) -> (usize, bool) {
        if let Some(&known) = self.known.get(&key) {
            return (known, false);
        }
        let place = self.add(node());
        self.known.insert(key, place);
        (place, true)
    }

    pub(super) fn join(&mut self, from: usize, to: usize, scope: Option<Scope>) {
        self.graph.edges.push(Edge { from, to, scope });
    }

    /// The graph; nothing where nothing leads anywhere.
    pub(super) fn finish(self) -> Graph {
        match self.graph.edges.is_empty() {
            true => Graph::default(),
            false => self.graph,
        }
    }
}
