//! Random trees, roles and actions, and what they come to by the rules read naively.

use std::collections::BTreeMap;

use bailiwick::document::{CatalogDocument, GrantDocument};
use bailiwick::{Catalog, Scope, Warnings};
use proptest::prelude::*;

/// A scope for each node that is set.
pub(crate) type Ticks = BTreeMap<usize, Scope>;

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) nodes: Vec<NodeSpec>,
    pub(crate) enabled: Vec<bool>,
}

#[derive(Debug, Clone)]
pub(crate) struct NodeSpec {
    pub(crate) path: String,
    parent: Option<usize>,
    pub(crate) requires: Vec<usize>,
    pub(crate) scopes: Vec<Scope>,
    default: Option<Scope>,
    feature: Option<usize>,
    pub(crate) adjustable: bool,
    /// The type on which it allows an operation, and whether on a record.
    pub(crate) allows: Option<(usize, bool)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) kind: u8,
    node: prop::sample::Index,
    pub(crate) scope: Option<Scope>,
}

impl Action {
    pub(crate) fn node(&self, world: &World) -> usize {
        self.node.index(world.nodes.len())
    }
}

fn scope() -> impl Strategy<Value = Scope> {
    prop::sample::select(Scope::EVERY.to_vec())
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    let node = (
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.7),
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        prop::option::of(prop::collection::btree_set(scope(), 1..4)),
        prop::option::of(any::<prop::sample::Index>()),
        prop::option::weighted(0.15, 0..2_usize),
        prop::bool::weighted(0.1),
        prop::option::of((0..2_usize, prop::bool::weighted(0.7))),
        // Prerequisites lead from greater ranks to smaller ones.
        0..4_u8,
    );
    let nodes = prop::collection::vec(node, 1..16);
    (nodes, prop::collection::vec(any::<bool>(), 2)).prop_map(|(drawn, enabled)| {
        let ranks: Vec<(u8, usize)> = drawn.iter().map(|it| it.8).zip(0..).collect();
        let mut nodes: Vec<NodeSpec> = Vec::new();
        for (i, (above, has_parent, requires, scopes, default, feature, adjustable, allows, _)) in
            drawn.into_iter().enumerate()
        {
            let parent = (i > 0 && has_parent).then(|| above.index(i.max(1)));
            let lower: Vec<usize> = (0..ranks.len())
                .filter(|it| ranks[*it] < ranks[i])
                .collect();
            let mut requires: Vec<usize> = match lower.is_empty() {
                true => Vec::new(),
                false => requires.iter().map(|it| *it.get(&lower)).collect(),
            };
            requires.sort_unstable();
            requires.dedup();
            let mut scopes: Vec<Scope> = scopes.into_iter().flatten().collect();
            if adjustable && !scopes.is_empty() && !scopes.contains(&Scope::All) {
                scopes.push(Scope::All);
            }
            let offered = if scopes.is_empty() {
                vec![Scope::All]
            } else {
                scopes
            };
            nodes.push(NodeSpec {
                path: match parent {
                    Some(parent) => format!("{}.n{i}", nodes[parent].path),
                    None => format!("n{i}"),
                },
                parent,
                requires,
                default: default.map(|it| *it.get(&offered)),
                scopes: offered,
                feature,
                adjustable,
                allows,
            });
        }
        World { nodes, enabled }
    })
}

/// Grants of every kind, valid in the world.
pub(crate) fn grants() -> impl Strategy<Value = Vec<GrantSpec>> {
    let index = any::<prop::sample::Index>;
    let grant = (
        0..4_u8,
        index(),
        prop::option::of(scope()),
        index(),
        prop::collection::vec(index(), 0..3),
    );
    prop::collection::vec(grant, 0..6)
}

pub(crate) type GrantSpec = (
    u8,
    prop::sample::Index,
    Option<Scope>,
    prop::sample::Index,
    Vec<prop::sample::Index>,
);

pub(crate) fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = (
        0..16_u8,
        any::<prop::sample::Index>(),
        prop::option::of(scope()),
    );
    let action = action.prop_map(|(kind, node, scope)| Action { kind, node, scope });
    prop::collection::vec(action, 1..12)
}

impl World {
    pub(crate) fn catalog(&self) -> Catalog {
        let list = |paths: &[usize]| -> Vec<&str> {
            paths
                .iter()
                .map(|it| self.nodes[*it].path.as_str())
                .collect()
        };
        let mut text = String::from(
            "format = 2\nid = \"random\"\nversion = 1\nfeatures = [{ id = \"f0\" }, { id = \"f1\" }]\n\
             types = [{ id = \"t0\" }, { id = \"t1\" }]\nroles = [{ id = \"system:admin\" }]\n",
        );
        let mut operations = String::new();
        for (i, node) in self.nodes.iter().enumerate() {
            let scopes: Vec<&str> = node.scopes.iter().map(|it| it.as_str()).collect();
            text += &format!(
                "[[permissions]]\npath = {:?}\nrequires = {:?}\nscopes = {scopes:?}\n",
                node.path,
                list(&node.requires)
            );
            if let Some(default) = node.default {
                text += &format!("default_scope = \"{default}\"\n");
            }
            if let Some(feature) = node.feature {
                text += &format!("features = [\"f{feature}\"]\n");
            }
            if node.adjustable {
                text +=
                    "adjustable = { ladder = [\"system:admin\"], default = \"system:admin\" }\n";
            }
            if let Some((r#type, on_record)) = node.allows {
                let on = if on_record { "record" } else { "type" };
                operations += &format!(
                    "[[operations]]\ntype = \"t{type}\"\naction = \"a{i}\"\non = \"{on}\"\nallowed_by = [{:?}]\n",
                    node.path
                );
            }
        }
        Catalog::new(
            CatalogDocument::from_toml("random.toml", &(text + &operations)),
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap()
    }

    pub(crate) fn features(&self) -> Vec<String> {
        let on = (0..2).filter(|it| self.enabled[*it]);
        on.map(|it| format!("f{it}")).collect()
    }

    pub(crate) fn grants(&self, specs: &[GrantSpec]) -> Vec<GrantDocument> {
        let grant = |(kind, at, scope, pick, except): &GrantSpec| {
            let node = at.get(&self.nodes);
            let except = except
                .iter()
                .map(|it| it.get(&self.nodes).path.clone())
                .collect();
            match kind {
                0 => Some(GrantDocument {
                    select: "*".to_owned(),
                    scope: *scope,
                    except,
                }),
                1 => Some(GrantDocument {
                    select: format!("{}.*", node.path),
                    scope: *scope,
                    except,
                }),
                _ if node.adjustable => None,
                _ => Some(GrantDocument {
                    select: node.path.clone(),
                    scope: Some(*pick.get(&node.scopes)),
                    except: if *kind == 2 { Vec::new() } else { except },
                }),
            }
        };
        specs.iter().filter_map(grant).collect()
    }

    pub(crate) fn index(&self, path: &str) -> usize {
        self.nodes.iter().position(|it| it.path == path).unwrap()
    }

    fn is_at_or_below(&self, node: usize, top: &str) -> bool {
        let path = &self.nodes[node].path;
        path == top || path.starts_with(&format!("{top}."))
    }

    pub(crate) fn subtree(&self, node: usize) -> Vec<usize> {
        let top = &self.nodes[node].path;
        (0..self.nodes.len())
            .filter(|it| self.is_at_or_below(*it, top))
            .collect()
    }

    pub(crate) fn is_locked(&self, node: usize) -> bool {
        let spec = &self.nodes[node];
        spec.feature.is_some_and(|it| !self.enabled[it])
            || spec.parent.is_some_and(|it| self.is_locked(it))
    }

    pub(crate) fn is_tickable(&self, node: usize) -> bool {
        !self.is_locked(node) && !self.nodes[node].adjustable
    }

    /// What grants come to, by D5, S5 and D13.
    pub(crate) fn ticks(&self, grants: &[GrantDocument]) -> Ticks {
        let mut ticks = Ticks::new();
        for grant in grants {
            for node in 0..self.nodes.len() {
                let covers = match grant.select.strip_suffix(".*") {
                    Some(top) => self.is_at_or_below(node, top),
                    None => grant.select == "*" || grant.select == self.nodes[node].path,
                };
                let spared = grant
                    .except
                    .iter()
                    .any(|top| self.is_at_or_below(node, top));
                let offered = &self.nodes[node].scopes;
                let scope = match grant.scope {
                    Some(scope) => offered.iter().copied().filter(|it| *it <= scope).max(),
                    None => Some(offered[0]).filter(|_| offered.len() == 1),
                };
                if let Some(scope) = scope
                    && covers
                    && !spared
                    && !self.nodes[node].adjustable
                {
                    let tick = ticks.entry(node).or_insert(scope);
                    *tick = scope.max(*tick);
                }
            }
        }
        ticks
    }

    /// Every prerequisite, at any depth.
    pub(crate) fn closure(&self, node: usize) -> Vec<usize> {
        let mut found = self.nodes[node].requires.clone();
        let mut done = 0;
        while let Some(&next) = found.get(done) {
            done += 1;
            for &needed in &self.nodes[next].requires {
                if !found.contains(&needed) {
                    found.push(needed);
                }
            }
        }
        found
    }

    /// The prerequisites that narrow it (D7): on the type on which it allows an operation.
    pub(crate) fn narrowing(&self, node: usize) -> Vec<usize> {
        let Some((r#type, _)) = self.nodes[node].allows else {
            return Vec::new();
        };
        let mut closure = self.closure(node);
        closure.retain(|it| self.nodes[*it].allows == Some((r#type, true)));
        closure
    }

    /// Which nodes are set after setting some, by repeating T4's sentence until nothing follows.
    pub(crate) fn naively_set(&self, before: &Ticks, asked: &[usize]) -> Vec<usize> {
        let mut required: Vec<usize> = asked
            .iter()
            .copied()
            .filter(|it| self.is_tickable(*it))
            .collect();
        let mut done = 0;
        while let Some(&node) = required.get(done) {
            done += 1;
            // A locked one is left alone; an adjustable one is in force without a tick.
            if !self.is_locked(node) {
                required.extend(self.nodes[node].requires.clone());
            }
        }
        let mut set: Vec<usize> = before.keys().copied().collect();
        set.extend(required.into_iter().filter(|it| self.is_tickable(*it)));
        set.sort_unstable();
        set.dedup();
        set
    }

    /// Which nodes are set after clearing some.
    pub(crate) fn naively_cleared(&self, before: &Ticks, asked: &[usize]) -> Vec<usize> {
        let mut set: Vec<usize> = before.keys().copied().collect();
        let mut lost: Vec<usize> = set
            .iter()
            .copied()
            .filter(|it| asked.contains(it) && self.is_tickable(*it))
            .collect();
        let mut done = 0;
        while let Some(&gone) = lost.get(done) {
            done += 1;
            for node in 0..self.nodes.len() {
                let follows = match self.nodes[node].adjustable {
                    true => !self.is_locked(node),
                    false => set.contains(&node) && self.is_tickable(node),
                };
                if follows && self.nodes[node].requires.contains(&gone) && !lost.contains(&node) {
                    lost.push(node);
                }
            }
        }
        set.retain(|it| !lost.contains(it));
        set
    }
}
