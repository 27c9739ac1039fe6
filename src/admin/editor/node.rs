//! What a screen shows of the tree (T3, T4).

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::tree::{Standing, Tree};
use crate::Scope;
use crate::document::Level;
use crate::id::PermissionId;

/// The box of a node (T3). Its `Display` is `[x]`, `[-]` or `[ ]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TickState {
    /// It and all below it are set.
    Checked,
    /// Some of it and what is below are set.
    Partial,
    /// Neither it nor anything below is set.
    Unchecked,
}

impl fmt::Display for TickState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TickState::Checked => "[x]",
            TickState::Partial => "[-]",
            TickState::Unchecked => "[ ]",
        })
    }
}

/// What denies a node (D4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// The role itself.
    Itself,
    /// A role that it inherits.
    Junior,
}

/// A node of the tree, as the role has it now.
///
/// Its `Display` is one line: indented by depth, the box, the label, and what else is to be known.
///
/// ```
/// # use bailiwick::{Catalog, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     features = [{ id = "refunds" }]
/// #     permissions = [
/// #       { path = "orders", label = "Orders" },
/// #       { path = "orders.edit", label = "Edit", scopes = ["own", "all"] },
/// #       { path = "orders.refund", label = "Refund", features = ["refunds"] },
/// #     ]
/// # "#), Warnings::Refuse)?;
/// use bailiwick::admin::RoleEditor;
/// let mut editor = RoleEditor::draft(&catalog, &PolicyDocument::new(1), RoleDocument::new("seller"))?;
/// editor.check("orders.edit", None)?;
/// let lines: Vec<String> = editor.nodes().map(|node| node.to_string()).collect();
/// assert_eq!(lines, ["[-] Orders", "  [x] Edit (own)", "  [ ] Refund (locked: refunds)"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Node<'e> {
    /// The permission.
    #[serde(skip)]
    pub permission: PermissionId,
    /// Its path.
    pub path: &'e str,
    /// What a person reads; the path where the catalog gives nothing else.
    pub label: &'e str,
    /// A longer text for a person.
    pub description: Option<&'e str>,
    /// The tag: module, feature, or action.
    pub level: Option<Level>,
    /// How many nodes stand above it.
    pub depth: usize,
    /// The box, of it and all below it (T3).
    pub state: TickState,
    /// Its own tick: the scope at which the role itself grants it.
    pub tick: Option<Scope>,
    /// The scope at which the roles that this one inherits grant it.
    pub inherited: Option<Scope>,
    /// What denies it, whoever grants it.
    pub denied: Option<DeniedBy>,
    /// The feature that is off in the account: a locked node is left alone.
    pub locked: Option<&'e str>,
    /// Whether it comes from a setting, and cannot be ticked (D13).
    pub adjustable: bool,
    /// The scopes that may be chosen, narrowest first (S5).
    pub scopes: Vec<Scope>,
}

impl<'e> Node<'e> {
    pub(super) fn of(tree: &'e Tree, node: u16, state: TickState, tick: Option<Scope>) -> Node<'e> {
        let written = tree.document(node);
        let path = tree.path(node);
        let at = node as usize;
        let has = |list: &[bool]| list.get(at).copied().unwrap_or_default();
        let inherited = tree.inherited.granted.get(at);
        Node {
            permission: PermissionId::new(u32::from(node), tree.model().brand),
            path,
            label: written.and_then(|it| it.label.as_deref()).unwrap_or(path),
            description: written.and_then(|it| it.description.as_deref()),
            level: written.and_then(|it| it.level),
            depth: tree.depth(node),
            state,
            tick,
            inherited: inherited.and_then(|it| Scope::from_u8(*it)),
            denied: match (has(&tree.denied), has(&tree.inherited.denied)) {
                (true, _) => Some(DeniedBy::Itself),
                (false, true) => Some(DeniedBy::Junior),
                (false, false) => None,
            },
            locked: match tree.standing(node) {
                Standing::Locked(feature) => Some(tree.feature(feature)),
                Standing::Tickable | Standing::Adjustable => None,
            },
            adjustable: tree.is_adjustable(node),
            scopes: tree.offered(node).collect(),
        }
    }

    /// Whether it can be ticked: it is neither locked nor adjustable.
    pub fn is_tickable(&self) -> bool {
        self.locked.is_none() && !self.adjustable
    }
}

impl Node<'_> {
    /// Its line, the tick in these words.
    pub(super) fn line(&self, f: &mut fmt::Formatter<'_>, tick: Option<String>) -> fmt::Result {
        write!(f, "{:indent$}{} ", "", self.state, indent = 2 * self.depth)?;
        for c in self.label.chars() {
            // One node, one line.
            write!(f, "{}", if c.is_control() { ' ' } else { c })?;
        }
        let mut remarks: Vec<String> = tick.into_iter().collect();
        remarks.extend(self.inherited.map(|scope| match self.is_scoped() {
            true => format!("inherited: {scope}"),
            false => "inherited".to_owned(),
        }));
        remarks.extend(self.denied.map(|by| match by {
            DeniedBy::Itself => "denied".to_owned(),
            DeniedBy::Junior => "denied by an inherited role".to_owned(),
        }));
        remarks.extend(self.locked.map(|feature| format!("locked: {feature}")));
        if self.adjustable {
            remarks.push("adjustable".to_owned());
        }
        if remarks.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", remarks.join("; "))
    }

    pub(super) fn is_scoped(&self) -> bool {
        self.scopes.len() > 1
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tick = self.tick.filter(|_| self.is_scoped());
        self.line(f, tick.map(|it| it.to_string()))
    }
}

/// How many nodes before each place can be ticked, are locked, and are set: for the boxes of a whole
/// tree in one pass.
pub(super) struct Counts(Vec<Count>);

#[derive(Clone, Copy, Default)]
struct Count {
    tickable: u32,
    tickable_set: u32,
    locked: u32,
    locked_set: u32,
}

impl Counts {
    pub(super) fn new(tree: &Tree, ticks: &[Option<Scope>]) -> Counts {
        let mut counts = Vec::with_capacity(tree.len() + 1);
        let mut so_far = Count::default();
        counts.push(so_far);
        for (node, tick) in tree.every().zip(ticks) {
            let set = u32::from(tick.is_some());
            match tree.standing(node) {
                Standing::Tickable => {
                    so_far.tickable += 1;
                    so_far.tickable_set += set;
                }
                Standing::Locked(_) => {
                    so_far.locked += 1;
                    so_far.locked_set += set;
                }
                Standing::Adjustable => {}
            }
            counts.push(so_far);
        }
        Counts(counts)
    }

    /// The box over those nodes (T3). Only what can be ticked counts: a box that a locked node kept
    /// from being checked could never be unchecked by a click. Where nothing can be ticked, the locked
    /// nodes' stored ticks count; adjustable nodes never do.
    pub(super) fn state(&self, nodes: Range<u16>) -> TickState {
        let at = |place: u16| self.0.get(place as usize).copied().unwrap_or_default();
        let (from, to) = (at(nodes.start), at(nodes.end));
        let (all, set) = match to.tickable - from.tickable {
            0 => (to.locked - from.locked, to.locked_set - from.locked_set),
            all => (all, to.tickable_set - from.tickable_set),
        };
        match set {
            0 => TickState::Unchecked,
            _ if set == all => TickState::Checked,
            _ => TickState::Partial,
        }
    }
}
