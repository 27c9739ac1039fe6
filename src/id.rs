//! Handles: what names become once, so that a check compares numbers.
//!
//! A handle is an index and a brand. The brand is that of the catalog, or of the lineage of one
//! account's engines; a handle of another catalog or another account is denied, never misread (I5).
//! Indices are not reused from one engine to those that come of it (I6); two that were made of the same one
//! number what they create alike.

use std::sync::atomic::{AtomicU32, Ordering};

/// Brands are drawn from one counter for the process. No decision depends on its value: it only
/// tells handles apart.
static NEXT_BRAND: AtomicU32 = AtomicU32::new(1);

/// What tells the handles of one catalog, or of one account's lineage, from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Brand(u32);

impl Brand {
    /// Of nothing: no handle has it.
    pub(crate) const NONE: Brand = Brand(0);

    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The brand that has this number.
    pub(crate) const fn numbered(number: u32) -> Brand {
        Brand(number)
    }

    /// A brand that nothing in this process has; `None` after 2³² − 1 of them.
    pub(crate) fn new() -> Option<Brand> {
        NEXT_BRAND
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .ok()
            .map(Brand)
    }
}

macro_rules! handles {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name {
            index: u32,
            brand: Brand,
        }

        #[allow(dead_code, reason = "not every handle is read back yet")]
        impl $name {
            pub(crate) const fn new(index: u32, brand: Brand) -> Self {
                $name { index, brand }
            }

            /// The index, if the handle is of that brand.
            #[inline]
            pub(crate) fn index(self, brand: Brand) -> Option<usize> {
                (self.brand == brand).then_some(self.index as usize)
            }
        }
    )*};
}

handles! {
    /// A permission of a catalog.
    PermissionId;
    /// An operation of a catalog: a resource type and an action.
    OperationId;
    /// A feature of a catalog.
    FeatureId;
    /// A resource type of a catalog.
    TypeId;
    /// A property that a catalog declares: of a resource type, of subjects, or of the context.
    PropertyId;
    /// A role of an account; system roles have one in each account.
    RoleId;
    /// A package of an account.
    PackageId;
    /// A position of an account.
    PositionId;
    /// A user of an account.
    UserId;
}
