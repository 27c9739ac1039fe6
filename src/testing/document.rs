//! The shapes of a decisions document.

use std::collections::BTreeMap;
use std::fmt;

use crate::Scope;
use crate::document::decode::{Blank, Decode, deserialize, document, table};
use crate::document::node::{Node, Value};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AskedOn, FORMAT, PropertyValue};

document! {
    /// What the decisions of an account, or of several, are to be; the [module](super) has the
    /// format. Read from TOML or JSON with their places, from any serde format, or built in code.
    pub struct Decisions {
        /// The document format: 1, or [`FORMAT`](crate::document::FORMAT); for tables they are the same.
        pub format: u32,
        /// Tables: many subjects, many questions.
        pub tables: Vec<Table>,
        /// Single questions.
        pub cases: Vec<Case>,
        /// Names that the account asked is not to know.
        pub unknown: UnknownDocument,
    }
}

document! {
    /// Names that are unknown on purpose. Every other name of the document is one that the account
    /// asked has, so that no misspelt one passes.
    #[derive(Default)]
    pub struct UnknownDocument {
        /// Accounts that are not tested.
        pub accounts: Vec<String>,
        /// Ids of users that the directory does not have: owners, and the ids of tokens.
        pub users: Vec<String>,
        /// Roles.
        pub roles: Vec<String>,
        /// Positions.
        pub positions: Vec<String>,
        /// Operations, as `type:action`.
        pub operations: Vec<String>,
        /// Texts that no condition compares a property with, by property: `resource.status`.
        pub values: BTreeMap<String, Vec<String>>,
    }
    default blank
}

document! {
    /// Questions asked of several subjects.
    pub struct Table {
        /// What it is called in a report.
        pub name: String,
        /// The account whose engine is asked; may be left out where there is one.
        pub account: Option<String>,
        /// Replaces the features of the account's policy.
        pub features: Option<Vec<String>>,
        /// Replaces the settings of the account's policy.
        pub settings: Option<BTreeMap<String, String>>,
        /// Who is asked about: the columns.
        pub subjects: Vec<SubjectDocument>,
        /// The record asked about, where a row has none of its own.
        pub record: Option<RecordDocument>,
        /// The context, where a row has none of its own.
        pub context: Option<BTreeMap<String, PropertyValue>>,
        /// The questions.
        pub rows: Vec<Row>,
    }
}

document! {
    /// A question, asked of every subject of its table.
    pub struct Row {
        /// The operation to `check`.
        pub ask: Option<String>,
        /// The operation to ask `can_any` of.
        pub can_any: Option<String>,
        /// The operation to ask `check_create` of, with the record as it will be.
        pub create: Option<String>,
        /// The operation to ask `check_change` of, from `record` to `after`.
        pub change: Option<String>,
        /// What it is asked on; what the operation is declared on when left out.
        pub on: Option<AskedOn>,
        /// Replaces the table's record.
        pub record: Option<RecordDocument>,
        /// The state after a change.
        pub after: Option<RecordDocument>,
        /// Replaces the table's context.
        pub context: Option<BTreeMap<String, PropertyValue>>,
        /// `allow` or the code of a denial, one for each subject.
        pub answers: Vec<String>,
    }
}

document! {
    /// A single question, and all that is to be true of its answer.
    pub struct Case {
        /// What it is called in a report.
        pub name: String,
        /// The account whose engine is asked; may be left out where there is one.
        pub account: Option<String>,
        /// Replaces the features of the account's policy.
        pub features: Option<Vec<String>>,
        /// Replaces the settings of the account's policy.
        pub settings: Option<BTreeMap<String, String>>,
        /// Who is asked about.
        pub subject: SubjectDocument,
        /// The operation to `check`.
        pub ask: Option<String>,
        /// The operation to ask `can_any` of.
        pub can_any: Option<String>,
        /// The operation to ask `check_create` of, with the record as it will be.
        pub create: Option<String>,
        /// The operation to ask `check_change` of, from `record` to `after`.
        pub change: Option<String>,
        /// What it is asked on; what the operation is declared on when left out.
        pub on: Option<AskedOn>,
        /// The record asked about.
        pub record: Option<RecordDocument>,
        /// The state after a change.
        pub after: Option<RecordDocument>,
        /// The context.
        pub context: Option<BTreeMap<String, PropertyValue>>,
        /// `allow` or the code of a denial.
        pub answer: String,
        /// The permission that decided; `""` for none.
        pub permission: Option<String>,
        /// The scope of the allow.
        pub scope: Option<Scope>,
        /// The feature, the prerequisite or the property that the denial is about.
        pub fact: Option<String>,
        /// The record operation whose filter the allow asks for.
        pub filtered_by: Option<String>,
    }
}

document! {
    /// A record, or as much as the request states of it.
    pub struct RecordDocument {
        /// Its id.
        pub id: Option<String>,
        /// Its owner.
        pub owner: Option<String>,
        /// The owner's position; `""` states that there is none, nothing leaves it to the directory.
        pub owner_position: Option<String>,
        /// Its account; `""` states none where the catalog serves many.
        pub account: Option<String>,
        /// Its properties.
        pub properties: BTreeMap<String, PropertyValue>,
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum SubjectDocument {
    /// A user of the directory; `"user:ann"` for short.
    User(UserSubject),
    /// A role standing for itself (D18); `"role:editor"` for short.
    Role(RoleSubject),
    /// A subject that brings its roles (D18).
    Token(TokenSubject),
}

document! {
    /// A user of the directory as subject.
    pub struct UserSubject {
        /// The user's id.
        pub user: String,
        /// The account it states; `""` for none.
        pub account: Option<String>,
    }
}

document! {
    /// A role as subject, perhaps with an id and a position (D18).
    pub struct RoleSubject {
        /// The role.
        pub role: String,
        /// The subject's id.
        pub id: Option<String>,
        /// The subject's position.
        pub position: Option<String>,
        /// The subject's properties.
        pub properties: BTreeMap<String, PropertyValue>,
        /// The account it states; `""` for none.
        pub account: Option<String>,
    }
}

document! {
    /// A token as subject.
    pub struct TokenSubject {
        /// The token.
        pub token: TokenDocument,
        /// The account it states; `""` for none.
        pub account: Option<String>,
    }
}

document! {
    /// What a token brings (D18).
    pub struct TokenDocument {
        /// The subject's id.
        pub id: Option<String>,
        /// The roles.
        pub roles: Vec<String>,
        /// The subject's position.
        pub position: Option<String>,
        /// The subject's properties.
        pub properties: BTreeMap<String, PropertyValue>,
    }
}

impl Decisions {
    /// No tables and no cases yet.
    pub fn new() -> Self {
        Decisions {
            format: FORMAT,
            tables: Vec::new(),
            cases: Vec::new(),
            unknown: UnknownDocument::default(),
        }
    }
}

impl Default for Decisions {
    fn default() -> Self {
        Decisions::new()
    }
}

impl RecordDocument {
    /// A record of which nothing is stated.
    pub const fn new() -> Self {
        RecordDocument {
            id: None,
            owner: None,
            owner_position: None,
            account: None,
            properties: BTreeMap::new(),
        }
    }
}

impl Default for RecordDocument {
    fn default() -> Self {
        RecordDocument::new()
    }
}

impl SubjectDocument {
    /// A user of the directory.
    pub fn user(id: impl Into<String>) -> Self {
        SubjectDocument::User(UserSubject {
            user: id.into(),
            account: None,
        })
    }

    /// A role standing for itself.
    pub fn role(role: impl Into<String>) -> Self {
        SubjectDocument::Role(RoleSubject {
            role: role.into(),
            id: None,
            position: None,
            properties: BTreeMap::new(),
            account: None,
        })
    }

    /// The account it states.
    pub fn account(&self) -> Option<&str> {
        match self {
            SubjectDocument::User(it) => it.account.as_deref(),
            SubjectDocument::Role(it) => it.account.as_deref(),
            SubjectDocument::Token(it) => it.account.as_deref(),
        }
    }

    pub(super) fn account_mut(&mut self) -> &mut Option<String> {
        match self {
            SubjectDocument::User(it) => &mut it.account,
            SubjectDocument::Role(it) => &mut it.account,
            SubjectDocument::Token(it) => &mut it.account,
        }
    }
}

impl fmt::Display for SubjectDocument {
    /// `user:ann`, `role:editor`, `token of ann with editor at sales`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, position) = match self {
            SubjectDocument::User(it) => {
                write!(f, "user:{}", it.user)?;
                (&None, &None)
            }
            SubjectDocument::Role(it) => {
                write!(f, "role:{}", it.role)?;
                (&it.id, &it.position)
            }
            SubjectDocument::Token(it) => {
                write!(f, "token with {}", it.token.roles.join(", "))?;
                (&it.token.id, &it.token.position)
            }
        };
        if let Some(id) = id {
            write!(f, " of {id}")?;
        }
        if let Some(position) = position {
            write!(f, " at {position}")?;
        }
        if let Some(account) = self.account() {
            write!(f, " in {account}")?;
        }
        Ok(())
    }
}

impl Decode for SubjectDocument {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        if let Value::Text(text) = &node.value {
            let subject = match text.split_once(':') {
                Some(("user", id)) => Some(SubjectDocument::user(id)),
                Some(("role", role)) => Some(SubjectDocument::role(role)),
                _ => None,
            };
            if subject.is_none() {
                report.error_at_span(
                    node.span.as_ref(),
                    at,
                    format!("expected `user:…` or `role:…`, found {}", quoted(text)),
                );
            }
            return subject;
        }
        let found = table(node, at, report)?;
        let has = |name| found.get(name).is_some();
        match (has("user"), has("role"), has("token")) {
            (true, false, false) => Decode::decode(node, at, report).map(SubjectDocument::User),
            (false, true, false) => Decode::decode(node, at, report).map(SubjectDocument::Role),
            (false, false, true) => Decode::decode(node, at, report).map(SubjectDocument::Token),
            _ => {
                report.error_at_span(
                    node.span.as_ref(),
                    at,
                    "a subject has exactly one of `user`, `role` and `token`",
                );
                None
            }
        }
    }
}

impl Blank for SubjectDocument {
    fn blank() -> Option<Self> {
        None
    }
}

impl<'de> serde::Deserialize<'de> for SubjectDocument {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}
