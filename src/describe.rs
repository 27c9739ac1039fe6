//! A decision said with the catalog's names.

use std::fmt;

use crate::catalog::Catalog;
use crate::decision::{Decision, DenyReason, Part, PrerequisiteCause};
use crate::engine::Engine;

/// A decision with the names of what it is about; made by [`Engine::describe`].
#[derive(Debug, Clone)]
pub struct Described<'e> {
    catalog: &'e Catalog,
    decision: Decision,
}

impl Engine {
    /// The decision as a sentence for a log or a support desk, with the catalog's names.
    ///
    /// The decision's own codes and facts are the stable form; this text may change.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     features = [{ id = "export" }]
    /// #     permissions = [{ path = "orders" }, { path = "orders.export", features = ["export"] }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "export", on = "type", allowed_by = ["orders.export"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument {
    /// #     roles: vec![RoleDocument::new("seller").grant("orders.*")],
    /// #     ..PolicyDocument::new(1)
    /// # };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let decision = engine.check("ann", "export", &OnType::named("order"));
    /// assert_eq!(
    ///     engine.describe(decision).to_string(),
    ///     "denied: `orders.export` needs the feature `export`, which the account does not have"
    /// );
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn describe(&self, decision: Decision) -> Described<'_> {
        Described {
            catalog: self.catalog(),
            decision,
        }
    }
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let catalog = self.catalog;
        let permission = self
            .decision
            .permission()
            .and_then(|it| catalog.permission_path(it));
        if !self.decision.is_of(catalog.0.brand) {
            // Of another catalog: its names would be the wrong ones.
            return self.decision.fmt(f);
        }
        let Some(reason) = self.decision.reason() else {
            match permission {
                Some(permission) => write!(f, "allowed: `{permission}` reaches ")?,
                None => f.write_str("allowed: the operation is open to everybody, and reaches ")?,
            }
            let scope = self.decision.scope().map_or("", |scope| scope.as_str());
            write!(f, "`{scope}`")?;
            let filter = self.decision.filtered_by();
            if let Some(filter) = filter.and_then(|it| catalog.operation_name(it)) {
                write!(f, ", to be filtered by `{filter}`")?;
            }
            return Ok(());
        };
        // Whose feature, prerequisite or condition it is.
        let whose = |on: Part| match (on, permission) {
            (Part::Operation, _) => "the operation".to_owned(),
            (Part::Pair, Some(permission)) => format!("`{permission}` for this operation"),
            (_, Some(permission)) => format!("`{permission}`"),
            (_, None) => "the operation".to_owned(),
        };
        let property = |id| catalog.property_name(id).unwrap_or_default();
        match reason {
            DenyReason::NotGranted => match permission {
                Some(permission) => write!(f, "denied: no role grants `{permission}`"),
                None => write!(
                    f,
                    "denied: the operation is open to everybody who has an id, and the subject brings none"
                ),
            },
            DenyReason::Denied => {
                write!(f, "denied: a role denies {}", whose(Part::Permission))
            }
            DenyReason::FeatureDisabled { feature, on } => write!(
                f,
                "denied: {} needs the feature `{}`, which the account does not have",
                whose(on),
                catalog.feature_name(feature).unwrap_or_default()
            ),
            DenyReason::PrerequisiteMissing {
                permission,
                on,
                cause,
            } => write!(
                f,
                "denied: {} needs `{}`, which {}",
                whose(on),
                catalog.permission_path(permission).unwrap_or_default(),
                match cause {
                    PrerequisiteCause::NotGranted => "no role grants",
                    PrerequisiteCause::Denied => "a role denies",
                    PrerequisiteCause::FeatureDisabled => "needs a feature that is not enabled",
                    PrerequisiteCause::PrerequisiteMissing => "lacks a prerequisite of its own",
                }
            ),
            DenyReason::OutOfScope => write!(
                f,
                "denied: {} does not reach the owner of the record",
                whose(Part::Permission)
            ),
            DenyReason::ConditionNotMet { property: id, on } => write!(
                f,
                "denied: {} has a condition on `{}`, which does not hold",
                whose(on),
                property(id)
            ),
            DenyReason::PropertyMissing { property: id, on } => write!(
                f,
                "denied: {} has a condition that reads `{}`, which is missing",
                whose(on),
                property(id)
            ),
            DenyReason::PropertyWrongType { property: id, on } => write!(
                f,
                "denied: {} has a condition that reads `{}`, which is of another type than declared",
                whose(on),
                property(id)
            ),
            _ => self.decision.fmt(f),
        }
    }
}
