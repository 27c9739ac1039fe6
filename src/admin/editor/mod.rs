//! The role editor (T1 to T5): the permission tree with ticks, for whatever screen.
//!
//! A pure model. What is ticked follows from the role's own grants as they are written; an action is
//! T2's nodes, then prerequisites and dependents to a fixed point, then the grants rewritten as little
//! as that takes.

mod edit;
mod error;
mod node;
mod role_tree;
mod step;
mod tree;
mod view;
mod written;

pub use edit::{Cause, Edit, LeftAlone, TickChange};
pub use error::EditorError;
pub use node::{DeniedBy, Node, TickState};
pub use role_tree::RoleTree;
pub use view::WrittenSelector;

use std::ops::Range;
use std::sync::Arc;

use crate::Scope;
use crate::catalog::{Catalog, Rights, SYSTEM, resolve_denial};
use crate::document::problem::{Path, Report, Source};
use crate::document::{
    DirectoryDocument, PolicyDocument, Problems, RoleDocument, Timestamp, Warnings,
};
use crate::engine::Engine;
use crate::names::Numbered;
use error::nearest_of;
use step::{Step, Ticks};
use tree::{Standing, Tree};
use written::Written;

/// The permission tree with the ticks of one role: what a screen shows, and what its clicks do.
///
/// - A tick is the role's *own* grant of one permission, at a scope. What its juniors grant, and what
///   it or they deny, is shown beside it and not edited (T4).
/// - Every action returns an [`Edit`]: all that it changed. Setting a permission also sets what it
///   requires, clearing one also clears what requires it; single nodes, without what is below them.
///   What a pair or an operation requires of its own is no prerequisite of the permission.
/// - Grants that no action touches stay as written, wildcards and exceptions too. A selector that
///   gives more than is to remain is expanded into single grants, and the edit says so. What an action
///   sets is always a single grant: a permission of a later catalog is not granted silently.
/// - Locked and adjustable nodes are left alone by every action, and the edit says where that mattered.
///   A locked node's prerequisites are not set for it, nor is it cleared with one of them.
///
/// A tick's scope is the one chosen, else the catalog's default for that permission, else the
/// narrowest offered; a tick that is there already keeps its own unless one is chosen. In a subtree, a
/// permission that does not offer the scope chosen takes the widest offered within it, else the
/// narrowest, and the edit names it. A prerequisite that narrows what was set (D7: on a type on which
/// that allows an operation, it allows one on a record, directly or by its own prerequisites) is set at
/// the scope that matches, or raised to it, never lowered: the narrowest offered that does not narrow.
/// Others are set as if ticked alone.
///
/// Cost: an action and a listing are linear in the tree, its prerequisites and the role's grants.
///
/// ```
/// # use bailiwick::{Catalog, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }, { path = "orders.edit" }, { path = "orders.cancel" }]
/// # "#), Warnings::Refuse)?;
/// use bailiwick::{Engine, Timestamp, admin::{Change, RoleEditor}};
/// let mut policy = PolicyDocument::new(1);
/// policy.roles.push(RoleDocument::new("seller").grant("orders.*"));
/// let engine = Engine::new(&catalog, policy, DirectoryDocument::new([]), Timestamp(0), Warnings::Into(&mut Vec::new()))?;
///
/// let mut editor = RoleEditor::open(&engine, "seller")?;
/// let edit = editor.uncheck("orders.cancel")?;
/// assert_eq!(edit.expanded, ["orders.*".into()]);
/// assert_eq!(editor.to_string(), "[-] orders\n  [x] orders.edit\n  [ ] orders.cancel\n");
/// assert_eq!(
///     editor.changes(),
///     [Change::EditRole {
///         role: "seller".to_owned(),
///         grants: vec!["orders".into(), "orders.edit".into()],
///         denies: vec![],
///         since: Some(1),
///     }]
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RoleEditor {
    tree: Arc<Tree>,
    /// As it was opened.
    role: RoleDocument,
    /// The revision in which it was opened; `None` of a role that is not in the policy yet.
    since: Option<u64>,
    grants: Vec<Written>,
    ticks: Ticks,
    previous: Option<Vec<Written>>,
}

impl RoleEditor {
    /// Opens a role of the account, as it is in this revision of the engine.
    ///
    /// # Errors
    /// A role that the account does not have; a system role, which is not edited (A5).
    pub fn open(engine: &Engine, role: &str) -> Result<RoleEditor, EditorError> {
        if let Some(found) = engine.role_document(role) {
            return Ok(RoleEditor::new(engine, found, Some(engine.revision())));
        }
        let role = role.to_owned();
        Err(match engine.role(&role) {
            Some(_) => EditorError::SystemRole { role },
            None => {
                let own = engine.roles().filter(|it| !it.starts_with(SYSTEM));
                let nearest = nearest_of(&role, own);
                EditorError::UnknownRole { role, nearest }
            }
        })
    }

    /// Opens a role that is not in the policy yet: it ends in [`Change::CreateRole`](super::Change::CreateRole).
    ///
    /// Cost: that of compiling the policy, without users.
    ///
    /// # Errors
    /// Every problem of the policy with that role in it, an id that is taken among them.
    pub fn draft(
        catalog: &Catalog,
        policy: &PolicyDocument,
        role: RoleDocument,
    ) -> Result<RoleEditor, Problems> {
        let mut policy = policy.clone();
        policy.roles.push(role.clone());
        let nobody = DirectoryDocument::new([]);
        let engine = Engine::new(
            catalog,
            policy,
            nobody,
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        )?;
        Ok(RoleEditor::new(&engine, &role, None))
    }

    fn new(engine: &Engine, role: &RoleDocument, since: Option<u64>) -> RoleEditor {
        let model = &engine.catalog().0;
        let version = engine.catalog_version();
        let mut inherited = Rights::none(model.permissions.len());
        for junior in &role.inherits {
            let Some(rights) = engine.role_rights(junior) else {
                continue;
            };
            for (all, scope) in inherited.granted.iter_mut().zip(rights.granted) {
                *all = scope.max(*all);
            }
            for (all, denied) in inherited.denied.iter_mut().zip(rights.denied) {
                *all |= denied;
            }
        }
        let source = Source::default();
        let mut report = Report::new(&source);
        let mut own = Rights::none(model.permissions.len());
        for denial in &role.denies {
            resolve_denial(model, denial, version, &mut own, &Path::ROOT, &mut report);
        }
        let tree = Tree::new(engine, inherited, own.denied);
        let grants = written::read(&tree, &role.grants, version);
        RoleEditor {
            ticks: written::ticks(&tree, &grants),
            tree: Arc::new(tree),
            role: role.clone(),
            since,
            grants,
            previous: None,
        }
    }

    /// Sets a node and its whole subtree (T2).
    ///
    /// # Errors
    /// A path that the catalog does not have.
    pub fn check(&mut self, path: &str, scope: Option<Scope>) -> Result<Edit, EditorError> {
        let nodes = self.tree.subtree(self.find(path)?);
        Ok(self.set(nodes, scope))
    }

    /// Clears a node and its whole subtree (T2).
    ///
    /// # Errors
    /// A path that the catalog does not have.
    pub fn uncheck(&mut self, path: &str) -> Result<Edit, EditorError> {
        let nodes = self.tree.subtree(self.find(path)?);
        Ok(self.clear(nodes))
    }

    /// Does what a click on the node's box does: a checked one is unchecked, any other is checked (T3).
    ///
    /// # Errors
    /// A path that the catalog does not have.
    pub fn click(&mut self, path: &str, scope: Option<Scope>) -> Result<Edit, EditorError> {
        match self.state(path)? {
            TickState::Checked => self.uncheck(path),
            TickState::Partial | TickState::Unchecked => self.check(path, scope),
        }
    }

    /// Sets one node, and nothing below it: "view only" (T1, T2).
    ///
    /// # Errors
    /// A path that the catalog does not have; a scope that the permission does not offer.
    pub fn set_one(&mut self, path: &str, scope: Option<Scope>) -> Result<Edit, EditorError> {
        let node = self.find(path)?;
        let offered: Vec<Scope> = self.tree.offered(node).collect();
        if let Some(scope) = scope.filter(|it| !offered.contains(it)) {
            return Err(EditorError::ScopeNotOffered {
                path: path.to_owned(),
                scope,
                offered,
            });
        }
        Ok(self.set(node..node + 1, scope))
    }

    /// Clears one node, and nothing below it (T2).
    ///
    /// # Errors
    /// A path that the catalog does not have.
    pub fn clear_one(&mut self, path: &str) -> Result<Edit, EditorError> {
        let node = self.find(path)?;
        Ok(self.clear(node..node + 1))
    }

    /// Gives a node that is set another scope. What it requires is raised to match; what requires it
    /// stays as it is, and is named where it now reaches less.
    ///
    /// # Errors
    /// A path that the catalog does not have; a node that cannot be ticked, or is not set; a scope that it
    /// does not offer.
    pub fn set_scope(&mut self, path: &str, scope: Scope) -> Result<Edit, EditorError> {
        let node = self.find(path)?;
        if let Some(Some(_)) = self.ticks.get(node as usize) {
            return self.set_one(path, Some(scope));
        }
        let path = path.to_owned();
        Err(match self.tree.standing(node) {
            Standing::Tickable => EditorError::NotTicked { path },
            Standing::Adjustable => EditorError::Adjustable { path },
            Standing::Locked(feature) => EditorError::Locked {
                path,
                feature: self.tree.feature(feature).to_owned(),
            },
        })
    }

    /// Sets every permission that exists today, one by one: a later one is not granted silently (T4).
    pub fn check_all(&mut self, scope: Option<Scope>) -> Edit {
        self.set(self.tree.every(), scope)
    }

    /// Clears every permission.
    pub fn uncheck_all(&mut self) -> Edit {
        self.clear(self.tree.every())
    }

    /// Takes the last action back that changed anything; once.
    pub fn undo(&mut self) -> Option<Edit> {
        self.grants = self.previous.take()?;
        let after = written::ticks(&self.tree, &self.grants);
        let before = std::mem::replace(&mut self.ticks, after);
        let changes = self.changed(&before, |_| Cause::Undone);
        Some(Edit {
            changes,
            ..Edit::default()
        })
    }

    fn set(&mut self, nodes: Range<u16>, chosen: Option<Scope>) -> Edit {
        let step = step::set(&self.tree, &self.ticks, nodes, chosen);
        let otherwise = |node: &u16| {
            step.asked[*node as usize] && chosen.is_some() && step.after[*node as usize] != chosen
        };
        let otherwise: Vec<u16> = self.tree.every().filter(otherwise).collect();
        let before = self.ticks.clone();
        let mut edit = self.take(step, Cause::Prerequisite);
        edit.scoped_otherwise = self.paths(otherwise);
        let is_new =
            |it: &u16| before[*it as usize].is_none() && self.ticks[*it as usize].is_some();
        let new = self.tree.every().filter(is_new);
        let mut suggested: Vec<u16> = new
            .flat_map(|it| self.tree.suggests(it))
            .copied()
            .filter(|it| self.ticks[*it as usize].is_none())
            .collect();
        suggested.sort_unstable();
        suggested.dedup();
        edit.suggested = self.paths(suggested);
        edit
    }

    fn clear(&mut self, nodes: Range<u16>) -> Edit {
        let step = step::clear(&self.tree, &self.ticks, nodes);
        self.take(step, Cause::Dependent)
    }

    /// Takes a step, and tells what came of it.
    fn take(&mut self, step: Step, along: Cause) -> Edit {
        let tree = Arc::clone(&self.tree);
        let (grants, expanded) = written::rewrite(&tree, &self.grants, &self.ticks, &step.after);
        let before = std::mem::replace(&mut self.ticks, written::ticks(&tree, &grants));
        let cause = |node: u16| match step.asked[node as usize] {
            true => Cause::Asked,
            false => along,
        };
        let changes = self.changed(&before, cause);
        let previous = std::mem::replace(&mut self.grants, grants);
        if !changes.is_empty() {
            self.previous = Some(previous);
        }
        let left_alone = |node: &u16| {
            let path = tree.path(*node).to_owned();
            match tree.standing(*node) {
                Standing::Locked(feature) => LeftAlone::Locked {
                    path,
                    feature: tree.feature(feature).to_owned(),
                },
                Standing::Adjustable | Standing::Tickable => LeftAlone::Adjustable { path },
            }
        };
        Edit {
            changes,
            suggested: Vec::new(),
            expanded,
            left_alone: step.left_alone.iter().map(left_alone).collect(),
            scoped_otherwise: Vec::new(),
            narrowed: self.paths(step::narrowed(&tree, &before, &self.ticks)),
        }
    }

    fn changed(&self, before: &[Option<Scope>], cause: impl Fn(u16) -> Cause) -> Vec<TickChange> {
        let both = before.iter().zip(&self.ticks);
        both.zip(0..)
            .filter(|((before, after), _)| before != after)
            .map(|((&before, &after), node)| TickChange {
                path: self.tree.path(node).to_owned(),
                before,
                after,
                cause: cause(node),
            })
            .collect()
    }

    fn paths(&self, nodes: Vec<u16>) -> Vec<String> {
        let paths = nodes.into_iter().map(|it| self.tree.path(it).to_owned());
        paths.collect()
    }

    fn find(&self, path: &str) -> Result<u16, EditorError> {
        let names = &self.tree.model().permission_names;
        match names.get(path) {
            Some(node) => Ok(node as u16),
            None => Err(EditorError::UnknownPermission {
                path: path.to_owned(),
                nearest: nearest_of(path, names.iter()),
            }),
        }
    }
}
