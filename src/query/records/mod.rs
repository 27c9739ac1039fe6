//! Records filters: which records of a type an operation is allowed on, for one subject (Q4).
//!
//! A filter is made once, for a list, and accepts exactly the records that `check` allows (law 2).

mod ask;
mod expression;
mod fold;
mod matches;
mod owners;
#[cfg(feature = "sql")]
pub mod sql;
mod values;

pub use ask::RecordsError;
pub use expression::ReadFrom;
pub use expression::{Expression, Operand, Operator, OwnerTest, PropertyName, PropertyTest};
pub use owners::{DependsOnProperties, OwnerSet};

use crate::Scope;
use crate::engine::{Engine, Standpoint};

/// The records of one type that an operation is allowed on, for one subject, in one context: made by
/// [`Engine::records`].
///
/// It holds nothing, everything of the account, or a union over the permissions that allow the
/// operation (D9): for each, a scope and conditions on the record's properties. It is the same
/// whether it is asked by value ([`matches`](RecordFilter::matches)), as an
/// [`expression`](RecordFilter::expression), as SQL, or for whole columns of owners
/// ([`owner_set`](RecordFilter::owner_set)).
///
/// What it accepts is of its engine's revision: after a change, ask the new engine for a new one.
#[derive(Debug, Clone)]
pub struct RecordFilter<'e> {
    engine: &'e Engine,
    operation: u16,
    viewer: Viewer,
    /// None is wider than another that has no conditions. Without branches nothing is accepted.
    branches: Vec<Branch>,
    /// The conditions of the operation itself.
    when: When,
}

/// Who asks, owned.
#[derive(Debug, Clone)]
struct Viewer {
    user: Option<u32>,
    token_id: Option<Box<str>>,
    position: Option<u32>,
}

impl Viewer {
    fn borrowed(&self) -> Standpoint<'_> {
        Standpoint {
            user: self.user,
            token_id: self.token_id.as_deref(),
            position: self.position,
        }
    }
}

/// What one pair of permission and operation lets through.
#[derive(Debug, Clone, PartialEq)]
struct Branch {
    scope: Scope,
    when: When,
}

/// Alternatives, of each of which all tests must hold; without alternatives it holds always.
type When = Vec<Vec<PropertyTest>>;

impl RecordFilter<'_> {
    /// Whether no record is accepted, whatever its owner and properties.
    pub fn is_nothing(&self) -> bool {
        self.branches.is_empty()
    }

    /// Whether every record of the account is accepted, unowned ones too.
    pub fn is_everything(&self) -> bool {
        self.when.is_empty()
            && self
                .branches
                .iter()
                .any(|it| it.scope == Scope::All && it.when.is_empty())
    }

    /// Whether conditions read the record's id or declared properties: whether owner and owner's
    /// position alone do not decide.
    pub fn depends_on_properties(&self) -> bool {
        self.tests().any(|test| !test.reads_owner_alone())
    }

    /// Every test that is left of the conditions.
    fn tests(&self) -> impl Iterator<Item = &PropertyTest> {
        let of_branches = self.branches.iter().flat_map(|it| &it.when);
        of_branches.chain(&self.when).flatten()
    }

    /// The id of whoever asks, under which records are their own.
    fn viewer_id(&self) -> Option<&str> {
        let state = self.engine.state();
        self.viewer
            .token_id
            .as_deref()
            .or_else(|| state.user_id(self.viewer.user?))
    }
}
