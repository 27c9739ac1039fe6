//! Operations resolved once at boot.

use std::fmt;

use super::Catalog;
use crate::document::problem::suggestion;
use crate::id::OperationId;

/// A struct of operations, resolved by name once: made by [`operations!`](crate::operations).
pub trait OperationNames: Sized {
    /// The names, `type:action`, in the order of the fields.
    const NAMES: &'static [&'static str];

    /// The struct, from as many handles.
    fn from_handles(handles: &[OperationId]) -> Option<Self>;
}

/// Operations that a host asked for and the catalog does not have.
///
/// Its `Display` names each, with the nearest that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOperations(Vec<(String, Option<String>)>);

impl UnknownOperations {
    /// The unknown names, each with the nearest known one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0
            .iter()
            .map(|(name, near)| (name.as_str(), near.as_deref()))
    }
}

impl fmt::Display for UnknownOperations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, near)) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "unknown operation `{name}`")?;
            if let Some(near) = near {
                f.write_str(&suggestion(name, near))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for UnknownOperations {}

impl Catalog {
    /// Resolves a host's struct of operations.
    ///
    /// # Errors
    /// Every name that the catalog does not have, so that a typo fails at boot.
    ///
    /// ```
    /// # use bailiwick::{Catalog, document::CatalogDocument, Warnings};
    /// bailiwick::operations! {
    ///     /// What the orders service asks about.
    ///     pub struct Operations {
    ///         order_cancel: "order:cancel",
    ///     }
    /// }
    /// # let text = r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"] }]
    /// # "#;
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("shop.toml", text), Warnings::Refuse).unwrap();
    /// let ops: Operations = catalog.resolve()?;
    /// assert_eq!(catalog.operation_name(ops.order_cancel).as_deref(), Some("order:cancel"));
    /// # Ok::<(), bailiwick::UnknownOperations>(())
    /// ```
    pub fn resolve<O: OperationNames>(&self) -> Result<O, UnknownOperations> {
        let mut handles = Vec::with_capacity(O::NAMES.len());
        let mut unknown = Vec::new();
        for name in O::NAMES {
            let found = name
                .split_once(':')
                .and_then(|(r#type, action)| self.operation(r#type, action));
            match found {
                Some(handle) => handles.push(handle),
                None => unknown.push(((*name).to_owned(), self.nearest_operation(name))),
            }
        }
        // As many handles as names, unless one is unknown.
        O::from_handles(&handles)
            .filter(|_| unknown.is_empty())
            .ok_or(UnknownOperations(unknown))
    }

    fn nearest_operation(&self, name: &str) -> Option<String> {
        let names: Vec<String> = (0..self.0.operations.len() as u16)
            .map(|operation| self.0.operation_name(operation))
            .collect();
        crate::document::problem::nearest(name, names.iter().map(String::as_str), &mut 10_000_000)
            .map(str::to_owned)
    }
}

/// Declares a struct of operations, to be resolved once at boot by
/// [`Catalog::resolve`](crate::Catalog::resolve).
#[macro_export]
macro_rules! operations {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field:ident : $operation:literal ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!("`", $operation, "`")]
                $vis $field: $crate::OperationId,
            )*
        }

        impl $crate::OperationNames for $name {
            const NAMES: &'static [&'static str] = &[$($operation),*];

            fn from_handles(handles: &[$crate::OperationId]) -> Option<Self> {
                let mut handles = handles.iter().copied();
                Some($name { $( $field: handles.next()? ),* })
            }
        }
    };
}
