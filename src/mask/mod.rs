//! Masking of personal data: who sees which field of a record, and what everybody else sees.
//!
//! - **The catalog says** (M1), for each field of a resource type, its mask, the permission that
//!   reveals it, and whether whoever contributed a value sees that value
//!   ([`FieldDocument`](crate::document::FieldDocument)).
//! - **Judged for the record.** The permission must be effective (D8), and its scope, narrowed by
//!   its prerequisites as if it allowed an operation on a record of the type (D7), must cover the
//!   record's owner. Nobody is lent it (S6 widens operations, not fields).
//! - **Reading comes first.** The type names the operation that reading a record is (`read`).
//!   Whoever is denied it sees no field at all, also none that they contributed.
//! - **What is masked** is a pure function of the value (M2, M3): [`Mask`], with the table of formats.
//! - **One way out.** [`FieldAccess::project`] shows a whole record, for screen and export alike;
//!   [`FieldAccess::field`] a single value; [`Guarded`] is a value that cannot leak on the way (M4).
//! - **One way back.** [`FieldAccess::accept`] refuses masks as values, and what is not of the field's kind:
//!   nobody overwrites data with asterisks. [`Field::replace`] returns the old value to nobody who may not see it,
//!   and refuses what is left of its mask without the asterisks.
//! - **Searching** (M5) is by equality of listed component sets alone, reported to the host:
//!   [`FieldSearch`].
//!
//! What is not masked: fields that the catalog does not name, the keys of objects, how many elements
//! a list has, and whether a field is absent.

mod access;
mod address;
mod disguise;
mod email;
mod escapes;
mod guarded;
mod kinds;
mod phone;
mod project;
mod references;
mod rules;
mod save;
mod search;
mod text;
mod walk;

pub use access::{Field, FieldAccess, UnknownField, View};
pub use address::Address;
pub use guarded::{Guarded, OpenError};
pub use kinds::{Mask, MaskError};
pub use project::Projected;
pub use save::SaveRefused;
pub use search::{
    Allowance, Asked, Comparison, FieldMatch, FieldSearch, SearchRefused, SearchReport,
};

pub(crate) use access::{Binding, Viewer};
pub(crate) use rules::Rules;
