//! A question, ready to be put.

use std::collections::BTreeMap;

use super::document::{RecordDocument, SubjectDocument};
use crate::document::problem::Path;
use crate::document::{AskedOn, PropertyValue};
use crate::{Decision, Engine, Scope};

/// Which question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asks {
    /// `check`.
    Check,
    /// `can_any`.
    CanAny,
    /// `check_create`.
    Create,
    /// `check_change`.
    Change,
}

impl Asks {
    /// The field of the document that asks so.
    pub const fn as_str(self) -> &'static str {
        match self {
            Asks::Check => "ask",
            Asks::CanAny => "can_any",
            Asks::Create => "create",
            Asks::Change => "change",
        }
    }
}

pub(super) type Properties = BTreeMap<String, PropertyValue>;

/// Where in the document a question stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Cell {
        table: usize,
        row: usize,
        column: usize,
    },
    Case(usize),
}

impl Place {
    pub(super) fn with_path(self, root: &Path<'_>, then: impl FnOnce(&Path<'_>)) {
        match self {
            Place::Cell { table, row, column } => then(
                &root
                    .field("tables")
                    .index(table)
                    .field("rows")
                    .index(row)
                    .field("answers")
                    .index(column),
            ),
            Place::Case(case) => then(&root.field("cases").index(case).field("answer")),
        }
    }
}

/// What the document says of the decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'d> {
    pub(super) answer: &'d str,
    pub(super) permission: Option<&'d str>,
    pub(super) scope: Option<Scope>,
    pub(super) fact: Option<&'d str>,
    pub(super) filtered_by: Option<&'d str>,
}

impl<'d> Expected<'d> {
    pub(super) fn answer(answer: &'d str) -> Self {
        Expected {
            answer,
            permission: None,
            scope: None,
            fact: None,
            filtered_by: None,
        }
    }
}

/// A question, ready to be put.
#[derive(Debug)]
pub(super) struct Planned<'d> {
    pub(super) place: Place,
    /// Index of the engine.
    pub(super) engine: usize,
    pub(super) asks: Asks,
    pub(super) operation: &'d str,
    pub(super) r#type: &'d str,
    pub(super) action: &'d str,
    pub(super) on: AskedOn,
    pub(super) subject: SubjectDocument,
    pub(super) record: RecordDocument,
    pub(super) after: RecordDocument,
    pub(super) context: &'d Properties,
    pub(super) expected: Expected<'d>,
}

/// A question of a [`Decisions`](super::Decisions) document as it is put to an engine, for whoever answers it too: see
/// [`DecisionTests::also`](super::DecisionTests::also).
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    pub(super) planned: &'q Planned<'q>,
    pub(super) engine: &'q Engine,
    pub(super) decision: Decision,
}

impl<'q> Question<'q> {
    /// The engine that is asked, with the features and settings of the table.
    pub const fn engine(&self) -> &'q Engine {
        self.engine
    }

    /// Which question is put.
    pub const fn asks(&self) -> Asks {
        self.planned.asks
    }

    /// The operation, `type:action`.
    pub const fn operation(&self) -> &'q str {
        self.planned.operation
    }

    /// The type of the resource.
    pub const fn resource_type(&self) -> &'q str {
        self.planned.r#type
    }

    /// The action.
    pub const fn action(&self) -> &'q str {
        self.planned.action
    }

    /// What it is asked on; `can_any` on the type.
    pub const fn on(&self) -> AskedOn {
        self.planned.on
    }

    /// The subject, with the account it states.
    pub const fn subject(&self) -> &'q SubjectDocument {
        &self.planned.subject
    }

    /// The record with the account it states; asked on the type, only the account counts.
    pub const fn record(&self) -> &'q RecordDocument {
        &self.planned.record
    }

    /// The record after a change.
    pub const fn after(&self) -> &'q RecordDocument {
        &self.planned.after
    }

    /// The context.
    pub const fn context(&self) -> &'q BTreeMap<String, PropertyValue> {
        self.planned.context
    }

    /// What the answer is to be: `allow` or the code of a denial.
    pub const fn expected(&self) -> &'q str {
        self.planned.expected.answer
    }

    /// What the engine said.
    pub const fn decision(&self) -> Decision {
        self.decision
    }
}
