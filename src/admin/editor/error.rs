//! What an editor refuses.

use thiserror::Error;

use crate::Scope;
use crate::document::ProblemCode;
use crate::document::decode::backticked;
use crate::document::problem::{NEAREST_BUDGET, nearest, quoted, suggestion};

/// What a [`RoleEditor`](super::RoleEditor) refuses. Nothing has changed then.
///
/// ```
/// # use bailiwick::{Catalog, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// # "#), Warnings::Refuse)?;
/// use bailiwick::admin::RoleEditor;
/// let mut editor = RoleEditor::draft(&catalog, &PolicyDocument::new(1), RoleDocument::new("seller"))?;
/// let refused = editor.check("order", None).unwrap_err();
/// assert_eq!(refused.to_string(), "unknown permission `order`; did you mean `orders`?");
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EditorError {
    /// No role of the account has that id.
    #[error("unknown role {}{}", quoted(.role), did_you_mean(.role, .nearest.as_deref()))]
    UnknownRole {
        /// The id asked for.
        role: String,
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// It comes with the product; copy it to edit it (A5).
    #[error("{} is a system role, which nobody edits; edit a copy of it", quoted(.role))]
    SystemRole {
        /// The system role.
        role: String,
    },
    /// The catalog has no such node.
    #[error("unknown permission {}{}", quoted(.path), did_you_mean(.path, .nearest.as_deref()))]
    UnknownPermission {
        /// The path asked for.
        path: String,
        /// The nearest that there is.
        nearest: Option<String>,
    },
    /// The permission, named alone, does not offer the scope (S5).
    #[error(
        "{} does not offer the scope `{scope}`; it offers {}",
        quoted(.path),
        backticked(.offered.iter().map(|it| it.as_str()))
    )]
    ScopeNotOffered {
        /// The permission.
        path: String,
        /// The scope asked for.
        scope: Scope,
        /// What it offers, narrowest first.
        offered: Vec<Scope>,
    },
    /// A scope was to be given to a permission that comes from a setting of the account (D13).
    #[error("{} is adjustable: a setting of the account gives it, not a tick", quoted(.path))]
    Adjustable {
        /// The permission.
        path: String,
    },
    /// A scope was to be given to a permission whose feature is off in the account (D6).
    #[error(
        "{} is locked: the account lacks feature {}",
        quoted(.path),
        quoted(.feature)
    )]
    Locked {
        /// The permission.
        path: String,
        /// The feature.
        feature: String,
    },
    /// A scope was to be given to a permission that the role does not grant itself.
    #[error("{} is not ticked, so that it has no scope", quoted(.path))]
    NotTicked {
        /// The permission.
        path: String,
    },
}

impl EditorError {
    /// The stable code.
    pub const fn code(&self) -> ProblemCode {
        match self {
            EditorError::UnknownRole { .. } | EditorError::UnknownPermission { .. } => {
                ProblemCode::Unknown
            }
            EditorError::SystemRole { .. } => ProblemCode::SystemRole,
            EditorError::ScopeNotOffered { .. } => ProblemCode::ScopeNotOffered,
            EditorError::Adjustable { .. } => ProblemCode::Adjustable,
            EditorError::Locked { .. } => ProblemCode::Locked,
            EditorError::NotTicked { .. } => ProblemCode::NotTicked,
        }
    }
}

fn did_you_mean(name: &str, near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| suggestion(name, near))
}

pub(super) fn nearest_of<'n>(
    name: &str,
    valid: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    nearest(name, valid, &mut { NEAREST_BUDGET }).map(str::to_owned)
}
