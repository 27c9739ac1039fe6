//! The permission tree of a role as it stands: to be read, not edited.

use std::fmt;

use super::error::nearest_of;
use super::tree::Tree;
use super::{EditorError, Node, TickState};
use crate::catalog::Rights;
use crate::engine::{Engine, Planes};
use crate::{Scope, names::Known};

/// What a role of an account comes to, box by box: its own or the system's, made by
/// [`Engine::role_tree`].
///
/// A [`Node`] is the editor's, but for its box: that is set where the role grants the permission,
/// itself or by what it inherits or by a setting, and nothing denies it. Its tick is what the role
/// itself grants. All of it is what is stored: a locked node may be set, and has no effect (D6).
///
/// Its `Display` is a line for each node.
#[derive(Clone)]
pub struct RoleTree<'e> {
    role: &'e str,
    tree: Tree,
    /// What the role itself grants, its settings included; of a retired role nothing (D16).
    own: Vec<Option<Scope>>,
    /// How many nodes before each place are set.
    set_before: Vec<u32>,
}

impl Engine {
    /// The permission tree of a role, `system:…` or the account's own, as it stands in this revision.
    ///
    /// Cost: linear in the catalog.
    ///
    /// # Errors
    /// A role that the account does not have; `editr` is answered with the nearest, `editor`.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [
    /// #       { path = "orders", label = "Orders" },
    /// #       { path = "orders.edit", label = "Edit", scopes = ["own", "all"] },
    /// #       { path = "orders.cancel", label = "Cancel" },
    /// #     ]
    /// #     roles = [{ id = "system:seller", grants = ["orders", { select = "orders.edit", scope = "own" }] }]
    /// # "#), Warnings::Refuse)?;
    /// # use bailiwick::{Engine, Timestamp};
    /// let mut policy = PolicyDocument::new(1);
    /// policy.roles.push(RoleDocument::new("head").inherit("system:seller").grant("orders.cancel"));
    /// let engine = Engine::new(&catalog, policy, DirectoryDocument::new([]), Timestamp(0), Warnings::Refuse)?;
    /// assert_eq!(
    ///     engine.role_tree("head")?.to_string(),
    ///     "[x] Orders (inherited)\n  [x] Edit (inherited: own)\n  [x] Cancel (granted)\n"
    /// );
    /// assert_eq!(
    ///     engine.role_tree("system:seller")?.to_string(),
    ///     "[-] Orders (granted)\n  [x] Edit (granted: own)\n  [ ] Cancel\n"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn role_tree(&self, role: &str) -> Result<RoleTree<'_>, EditorError> {
        let state = self.state();
        let unknown = || EditorError::UnknownRole {
            role: role.to_owned(),
            nearest: nearest_of(role, state.roles().every()),
        };
        let number = state.find_role_number(role).ok_or_else(unknown)?;
        let id = state.role_id(number).ok_or_else(unknown)?;
        let known = state.roles().get(number).ok_or_else(unknown)?;
        let is_retired = state.is_retired_role(number);
        let permissions = state.model().permissions.len();
        let mut inherited = Planes::none(permissions);
        for junior in &known.juniors {
            if let Some(closure) = state.role_closure(*junior) {
                inherited.unite(closure);
            }
        }
        if is_retired {
            inherited.keep_denies();
        }
        let every = || 0..permissions as u16;
        let own = every().map(|it| Scope::from_u8(known.own.granted(it)));
        let own = own.map(|it| it.filter(|_| !is_retired));
        let has = |it: u16| known.closure.granted(it) > 0 && !known.closure.denied(it);
        let set_before = every().scan(0, |before, node| {
            *before += u32::from(has(node));
            Some(*before)
        });
        let inherited = Rights {
            granted: every().map(|it| inherited.granted(it)).collect(),
            denied: every().map(|it| inherited.denied(it)).collect(),
        };
        let denied = every().map(|it| known.own.denied(it)).collect();
        Ok(RoleTree {
            role: id,
            own: own.collect(),
            set_before: std::iter::once(0).chain(set_before).collect(),
            tree: Tree::new(self, inherited, denied),
        })
    }
}

impl<'e> RoleTree<'e> {
    /// The role's id.
    pub fn role(&self) -> &'e str {
        self.role
    }

    /// Every node, in the tree's preorder.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.tree.every().map(|node| {
            let tick = self.own.get(node as usize).copied().flatten();
            Node::of(&self.tree, node, self.state(node), tick)
        })
    }

    /// The box over a node and all below it (T3).
    fn state(&self, node: u16) -> TickState {
        let nodes = self.tree.subtree(node);
        let before = |node: u16| self.set_before.get(node as usize).copied();
        let before = |node: u16| before(node).unwrap_or_default();
        match before(nodes.end).saturating_sub(before(nodes.start)) as usize {
            0 => TickState::Unchecked,
            set if set == nodes.len() => TickState::Checked,
            _ => TickState::Partial,
        }
    }
}

/// The whole tree, a line for each node: `granted` is what the role itself grants.
impl fmt::Display for RoleTree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes().try_for_each(|node| {
            let tick = node.tick.map(|scope| match node.is_scoped() {
                true => format!("granted: {scope}"),
                false => "granted".to_owned(),
            });
            node.line(f, tick)?;
            writeln!(f)
        })
    }
}

impl fmt::Debug for RoleTree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleTree")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
