//! What an action changed (T4).

use std::fmt;

use serde::Serialize;

use crate::Scope;
use crate::document::GrantDocument;

/// What one action of a [`RoleEditor`](super::RoleEditor) changed, all of it (T4). Paths are in the
/// tree's preorder.
///
/// Its `Display` is for people, one line for each thing: `+` set, `-` cleared, `~` another scope. Semver covers what
/// serde writes.
///
/// ```
/// # use bailiwick::{Catalog, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [
/// #       { path = "orders" },
/// #       { path = "orders.edit", requires = ["orders"], suggests = ["orders.cancel"] },
/// #       { path = "orders.cancel" },
/// #     ]
/// # "#), Warnings::Refuse)?;
/// use bailiwick::admin::RoleEditor;
/// let mut editor = RoleEditor::draft(&catalog, &PolicyDocument::new(1), RoleDocument::new("seller"))?;
/// let edit = editor.check("orders.edit", None)?;
/// assert_eq!(edit.prerequisites().collect::<Vec<_>>(), ["orders"]);
/// assert_eq!(edit.suggested, ["orders.cancel"]);
/// assert_eq!(
///     edit.to_string(),
///     "+ orders, which it requires\n\
///      + orders.edit\n\
///      ? orders.cancel is suggested\n"
/// );
/// # #[cfg(feature = "json")]
/// assert_eq!(
///     serde_json::to_value(&edit)?["changes"][0],
///     serde_json::json!({ "path": "orders", "before": null, "after": "all", "cause": "prerequisite" }),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Edit {
    /// Every tick that is another than before.
    pub changes: Vec<TickChange>,
    /// What the nodes that were set suggest and the role does not set; no effect on decisions.
    pub suggested: Vec<String>,
    /// Selectors that gave more than is to remain, as they were written: now single grants.
    pub expanded: Vec<GrantDocument>,
    /// Nodes that the action would have changed, were they not locked or adjustable.
    pub left_alone: Vec<LeftAlone>,
    /// Nodes that have another scope than the one chosen: they do not offer it, or a node that was
    /// set needs more of them.
    pub scoped_otherwise: Vec<String>,
    /// Nodes that keep their tick, and reach fewer records because a prerequisite's scope was
    /// narrowed (D7).
    pub narrowed: Vec<String>,
}

/// A node whose tick changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TickChange {
    /// The node.
    pub path: String,
    /// Its scope before, `None` where it was not set.
    pub before: Option<Scope>,
    /// Its scope after, `None` where it is not set.
    pub after: Option<Scope>,
    /// Why it changed.
    pub cause: Cause,
}

/// Why a tick changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The action was about this node.
    Asked,
    /// A node that was set requires it: set along, or its scope raised.
    Prerequisite,
    /// It requires a node that was cleared: cleared along.
    Dependent,
    /// The last action was taken back.
    Undone,
}

/// A node that an action left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeftAlone {
    /// A feature is off in the account (D6).
    Locked {
        /// The node.
        path: String,
        /// The feature.
        feature: String,
    },
    /// It comes from a setting of the account (D13).
    Adjustable {
        /// The node.
        path: String,
    },
}

impl LeftAlone {
    /// The node.
    pub fn path(&self) -> &str {
        match self {
            LeftAlone::Locked { path, .. } | LeftAlone::Adjustable { path } => path,
        }
    }
}

impl Edit {
    /// Whether no tick changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The prerequisites that were set along, or whose scope was raised.
    pub fn prerequisites(&self) -> impl Iterator<Item = &str> {
        self.because_of(Cause::Prerequisite)
    }

    /// The dependents that were cleared along.
    pub fn dependents(&self) -> impl Iterator<Item = &str> {
        self.because_of(Cause::Dependent)
    }

    fn because_of(&self, cause: Cause) -> impl Iterator<Item = &str> {
        let changes = self.changes.iter();
        changes
            .filter(move |it| it.cause == cause)
            .map(|it| it.path.as_str())
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        for path in &self.narrowed {
            writeln!(f, "~ {path} reaches less, as what it requires does")?;
        }
        for path in &self.scoped_otherwise {
            writeln!(f, "! {path} has another scope than the one chosen")?;
        }
        for left in &self.left_alone {
            match left {
                LeftAlone::Locked { path, feature } => {
                    writeln!(f, "! {path} is left alone: the account lacks {feature}")?;
                }
                LeftAlone::Adjustable { path } => {
                    writeln!(f, "! {path} is left alone: a setting gives it")?;
                }
            }
        }
        for grant in &self.expanded {
            writeln!(f, "! {} is now single grants", grant.select)?;
        }
        for path in &self.suggested {
            writeln!(f, "? {path} is suggested")?;
        }
        Ok(())
    }
}

impl fmt::Display for TickChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match (self.before, self.after) {
            (None, Some(Scope::All)) => write!(f, "+ {path}")?,
            (None, Some(scope)) => write!(f, "+ {path} ({scope})")?,
            (Some(before), Some(after)) => write!(f, "~ {path} ({before} → {after})")?,
            (_, None) => write!(f, "- {path}")?,
        }
        f.write_str(match self.cause {
            Cause::Asked | Cause::Undone => "",
            Cause::Prerequisite => ", which it requires",
            Cause::Dependent => ", which requires it",
        })
    }
}
