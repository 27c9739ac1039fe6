//! What stays the same while a role is edited: the catalog's tree, and what others give and take away.

use crate::Scope;
use crate::catalog::{Catalog, EVERYBODY, Model, Rights};
use crate::document::PermissionDocument;
use crate::engine::Engine;

/// The tree of the catalog, as one role of one account sees it. Nodes are in preorder.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) catalog: Catalog,
    nodes: Vec<Fixed>,
    /// What the role's juniors grant and deny.
    pub(super) inherited: Rights,
    /// What the role itself denies.
    pub(super) denied: Vec<bool>,
}

/// What stays the same of a node.
#[derive(Clone)]
struct Fixed {
    /// Its place among the catalog's permissions as written.
    written: u32,
    /// How many nodes stand above it.
    depth: u16,
    standing: Standing,
    suggests: Vec<u16>,
    /// The resource types on which it allows operations, on a record or on the type.
    types: Vec<u16>,
}

/// Whether a node can be ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Tickable,
    /// This feature is off in the account (D6): shown locked, and left alone.
    Locked(u16),
    /// It comes from a setting (D13).
    Adjustable,
}

impl Tree {
    pub(super) fn new(engine: &Engine, inherited: Rights, denied: Vec<bool>) -> Tree {
        let catalog = engine.catalog().clone();
        let model = &*catalog.0;
        let find = |path: &str| model.permission_names.get(path);
        let mut nodes: Vec<Fixed> = Vec::with_capacity(model.permissions.len());
        for (permission, number) in model.permissions.iter().zip(0..) {
            let standing = match (engine.locking_feature(number), &permission.adjustable) {
                (Some(feature), _) => Standing::Locked(feature),
                (None, Some(_)) => Standing::Adjustable,
                (None, None) => Standing::Tickable,
            };
            let above = permission.parent.and_then(|it| nodes.get(it as usize));
            nodes.push(Fixed {
                written: 0,
                depth: above.map_or(0, |above| above.depth + 1),
                standing,
                suggests: Vec::new(),
                types: Vec::new(),
            });
        }
        for (written, place) in catalog.document().permissions.iter().zip(0..) {
            let node = find(&written.path).and_then(|it| nodes.get_mut(it as usize));
            if let Some(node) = node {
                let suggests = written.suggests.iter().filter_map(|it| find(it));
                node.suggests = suggests.map(|it| it as u16).collect();
                node.written = place;
            }
        }
        for operation in &model.operations {
            let pairs = operation.pairs.start as usize..operation.pairs.end as usize;
            for pair in model.pairs.get(pairs).into_iter().flatten() {
                if pair.permission == EVERYBODY {
                    continue;
                }
                if let Some(node) = nodes.get_mut(pair.permission as usize)
                    && !node.types.contains(&operation.r#type)
                {
                    node.types.push(operation.r#type);
                }
            }
        }
        Tree {
            catalog,
            nodes,
            inherited,
            denied,
        }
    }

    pub(super) fn model(&self) -> &Model {
        &self.catalog.0
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Every node, in preorder.
    pub(super) fn every(&self) -> std::ops::Range<u16> {
        0..self.nodes.len() as u16
    }

    /// A node and all below it.
    pub(super) fn subtree(&self, node: u16) -> std::ops::Range<u16> {
        let known = self.model().permissions.get(node as usize);
        node..known.map_or(node, |it| it.end)
    }

    pub(super) fn path(&self, node: u16) -> &str {
        let known = self.model().permissions.get(node as usize);
        known.map_or("", |it| &it.path)
    }

    pub(super) fn feature(&self, feature: u16) -> &str {
        let known = self.model().features.get(feature as usize);
        known.map_or("", |it| &it.id)
    }

    /// What the catalog says of a node.
    pub(super) fn document(&self, node: u16) -> Option<&PermissionDocument> {
        let written = self.nodes.get(node as usize)?.written;
        self.catalog.document().permissions.get(written as usize)
    }

    pub(super) fn depth(&self, node: u16) -> usize {
        let known = self.nodes.get(node as usize);
        known.map_or(0, |it| it.depth as usize)
    }

    pub(super) fn standing(&self, node: u16) -> Standing {
        let known = self.nodes.get(node as usize);
        known.map_or(Standing::Adjustable, |it| it.standing)
    }

    pub(super) fn is_tickable(&self, node: u16) -> bool {
        self.standing(node) == Standing::Tickable
    }

    /// Also of one that is locked besides.
    pub(super) fn is_adjustable(&self, node: u16) -> bool {
        let known = self.model().permissions.get(node as usize);
        known.is_some_and(|it| it.adjustable.is_some())
    }

    pub(super) fn suggests(&self, node: u16) -> &[u16] {
        let known = self.nodes.get(node as usize);
        known.map_or(&[], |it| &it.suggests)
    }

    /// The prerequisites named on the node itself (D7).
    pub(super) fn requires(&self, node: u16) -> &[u16] {
        let known = self.model().permissions.get(node as usize);
        known.map_or(&[], |it| &it.requires)
    }

    /// The prerequisites, at any depth, that narrow a permission (D7, T4): on a type on which it
    /// allows an operation, whether on a record or on the type, those that allow an operation on a
    /// record. One in between that allows none passes on its own, so that depth does not matter.
    pub(super) fn narrowing(&self, node: u16) -> impl Iterator<Item = u16> + '_ {
        let model = self.model();
        let closure = model.permissions.get(node as usize).map(|it| &it.closure);
        let closure = closure.map_or(&[][..], |it| it.as_raw_slice());
        let types = self
            .nodes
            .get(node as usize)
            .map_or(&[][..], |it| &it.types);
        closure.iter().enumerate().flat_map(move |(word, needed)| {
            let narrowing = types
                .iter()
                .filter_map(|it| model.types.get(*it as usize))
                .filter_map(|it| it.narrowing.as_raw_slice().get(word))
                .fold(0, |all, narrowing| all | narrowing);
            let mut left = needed & narrowing;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some((word * 64) as u16 + bit as u16)
            })
        })
    }

    /// The scopes that a permission offers, narrowest first; never none (S5).
    pub(super) fn offered(&self, node: u16) -> impl DoubleEndedIterator<Item = Scope> {
        let scopes = self
            .model()
            .permissions
            .get(node as usize)
            .map(|it| it.scopes);
        Scope::EVERY
            .into_iter()
            .filter(move |scope| scopes.is_some_and(|it| it.offers(*scope)))
    }

    /// The scope of a tick for which none is chosen (T4).
    pub(super) fn scope_alone(&self, node: u16) -> Scope {
        let default = self.document(node).and_then(|it| it.default_scope);
        default
            .or_else(|| self.offered(node).next())
            .unwrap_or(Scope::Own)
    }

    /// The scope that a chosen one comes to: itself where it is offered, else the widest offered
    /// within it, else the narrowest.
    pub(super) fn scope_chosen(&self, node: u16, chosen: Scope) -> Scope {
        let within = self.offered(node).rfind(|it| *it <= chosen);
        within
            .or_else(|| self.offered(node).next())
            .unwrap_or(chosen)
    }

    /// The narrowest scope that does not narrow what needs that much, else the widest.
    pub(super) fn scope_matching(&self, node: u16, needed: Scope) -> Scope {
        let enough = self.offered(node).find(|it| *it >= needed);
        enough
            .or_else(|| self.offered(node).next_back())
            .unwrap_or(needed)
    }
}
