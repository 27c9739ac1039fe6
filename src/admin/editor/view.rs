//! What a screen shows of a role being edited, and what the editing comes to.

use std::fmt;

use super::super::Change;
use super::super::order::are_same_grants;
use super::node::Counts;
use super::{EditorError, Node, RoleEditor, TickState};
use crate::Scope;
use crate::document::{GrantDocument, RoleDocument};
use crate::text::folded;

/// A grant of the role that is no single tick, as written, and what it comes to (S5).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenSelector<'e> {
    /// The grant.
    pub grant: &'e GrantDocument,
    /// The nodes that it sets.
    pub sets: Vec<&'e str>,
    /// The nodes below it that it leaves out: adjustable, or not offered at its scope.
    pub leaves_out: Vec<&'e str>,
    /// Prerequisites of what it sets that the role itself does not set.
    pub misses: Vec<&'e str>,
}

/// What a screen shows.
impl RoleEditor {
    /// The role as it was opened.
    pub fn role(&self) -> &RoleDocument {
        &self.role
    }

    /// The revision in which the role was opened; `None` of one that is not in the policy yet.
    pub fn since(&self) -> Option<u64> {
        self.since
    }

    /// Every node, in the tree's preorder.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        let counts = Counts::new(&self.tree, &self.ticks);
        self.tree.every().map(move |node| self.node(node, &counts))
    }

    /// The nodes whose label or path contains the text (T5). Neither case makes a difference (`WEISS` finds
    /// `Weiß`), nor how accents are encoded, nor the kind of apostrophe.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }, { path = "orders.edit", label = "Change an order" }]
    /// # "#), Warnings::Refuse)?;
    /// # use bailiwick::admin::RoleEditor;
    /// let editor = RoleEditor::draft(&catalog, &PolicyDocument::new(1), RoleDocument::new("seller"))?;
    /// let found: Vec<&str> = editor.search("CHANGE").map(|node| node.path).collect();
    /// assert_eq!(found, ["orders.edit"]);
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn search(&self, text: &str) -> impl Iterator<Item = Node<'_>> {
        let text = folded(text);
        self.nodes().filter(move |node| {
            let has = |it: &str| folded(it).contains(&text);
            has(node.label) || has(node.path)
        })
    }

    /// The box of a node (T3).
    ///
    /// Only nodes that can be ticked count. Where nothing in the subtree can, the locked nodes' stored
    /// ticks do; adjustable nodes never count.
    ///
    /// # Errors
    /// A path that the catalog does not have.
    pub fn state(&self, path: &str) -> Result<TickState, EditorError> {
        let node = self.find(path)?;
        let counts = Counts::new(&self.tree, &self.ticks);
        Ok(counts.state(self.tree.subtree(node)))
    }

    /// The scope at which the role itself grants a permission; `None` where it does not.
    ///
    /// # Errors
    /// A path that the catalog does not have.
    pub fn tick(&self, path: &str) -> Result<Option<Scope>, EditorError> {
        let node = self.find(path)?;
        Ok(self.ticks.get(node as usize).copied().flatten())
    }

    /// The role's grants that are no single ticks, each with what it sets, leaves out, and misses (S5).
    pub fn selectors(&self) -> impl Iterator<Item = WrittenSelector<'_>> {
        let tree = &*self.tree;
        self.grants
            .iter()
            .filter(|it| it.is_selector())
            .map(move |grant| {
                let sets = || grant.given.iter().map(|(node, _)| *node);
                let mut misses: Vec<u16> = sets()
                    .flat_map(|node| tree.requires(node))
                    .copied()
                    .filter(|needed| self.ticks[*needed as usize].is_none())
                    .collect();
                misses.sort_unstable();
                misses.dedup();
                WrittenSelector {
                    grant: &grant.document,
                    sets: sets().map(|it| tree.path(it)).collect(),
                    leaves_out: grant.left_out.iter().map(|it| tree.path(*it)).collect(),
                    misses: misses.into_iter().map(|it| tree.path(it)).collect(),
                }
            })
    }

    /// The role's grants from now on.
    pub fn grants(&self) -> impl Iterator<Item = &GrantDocument> {
        self.grants.iter().map(|it| &it.document)
    }

    /// Whether the grants are others than when the role was opened; neither their order matters nor what
    /// is written twice.
    pub fn is_changed(&self) -> bool {
        let grants: Vec<GrantDocument> = self.grants().cloned().collect();
        !are_same_grants(&grants, &self.role.grants)
    }

    /// What the editing comes to: one [`Change::EditRole`], or nothing where nothing differs; of a
    /// role that is not in the policy yet, always its [`Change::CreateRole`].
    pub fn changes(&self) -> Vec<Change> {
        let grants = || self.grants().cloned().collect();
        if self.since.is_none() {
            let role = RoleDocument {
                grants: grants(),
                ..self.role.clone()
            };
            return vec![Change::CreateRole { role }];
        }
        if !self.is_changed() {
            return Vec::new();
        }
        vec![Change::EditRole {
            role: self.role.id.clone(),
            grants: grants(),
            denies: self.role.denies.clone(),
            since: self.since,
        }]
    }

    fn node(&self, node: u16, counts: &Counts) -> Node<'_> {
        let state = counts.state(self.tree.subtree(node));
        let tick = self.ticks.get(node as usize).copied().flatten();
        Node::of(&self.tree, node, state, tick)
    }
}

/// The whole tree, a line for each node.
impl fmt::Display for RoleEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes().try_for_each(|node| writeln!(f, "{node}"))
    }
}

impl fmt::Debug for RoleEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.ticks.iter().flatten();
        f.debug_struct("RoleEditor")
            .field("role", &self.role.id)
            .field("since", &self.since)
            .field("set", &set.count())
            .finish_non_exhaustive()
    }
}
