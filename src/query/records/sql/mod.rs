//! A filter as a condition in SQL: text and bound values for PostgreSQL and SQLite, or a condition of
//! the query builder sea-query.
//!
//! The host says in [`Columns`] where its table keeps what the filter reads. Values go in as
//! parameters only, identifiers are quoted, and a list takes one parameter.
//!
//! ```
//! use bailiwick::query::sql::{Columns, Dialect, SqlValue};
//! # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
//! # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
//! #     format = 2
//! #     id = "shop"
//! #     version = 1
//! #     accounts = "many"
//! #     permissions = [{ path = "orders", scopes = ["own", "reports", "all"] }]
//! #     types = [{ id = "order", properties = { status = "text" } }]
//! #     operations = [{ type = "order", action = "view", on = "record", allowed_by = ["orders"] }]
//! # "#), Warnings::Refuse)?;
//! # let policy = PolicyDocument::from_toml("p", r#"
//! #     format = 2
//! #     catalog_version = 1
//! #     account = "acme"
//! #     roles = [{ id = "seller", grants = [{ select = "orders", scope = "own" }] }]
//! # "#);
//! # let directory = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
//! # let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;
//! # let ann = engine.user("ann").expect("a user");
//! let columns = Columns::new().account("account").owner("owner");
//! let filter = engine.records(ann, "order:view").expect("an operation on a record");
//! let sql = filter.to_sql(Dialect::Sqlite, &columns).expect("columns for all that it reads");
//! assert_eq!(
//!     sql.text,
//!     "((typeof(`account`) = 'text' AND `account` = ?1 COLLATE BINARY) \
//!      AND (typeof(`owner`) = 'text' AND `owner` = ?2 COLLATE BINARY))",
//! );
//! assert_eq!(sql.values, [SqlValue::Text("acme".into()), SqlValue::Text("ann".into())]);
//! # Ok::<(), bailiwick::Problems>(())
//! ```
//!
//! # What the columns must hold
//!
//! The condition accepts a row when `check` allows the record that the host would make of it: the
//! account, owner, owner's position and properties that its columns hold, and no others. Identifiers
//! in the columns are taken to be valid (D12).
//!
//! | | PostgreSQL | SQLite |
//! |---|---|---|
//! | a text | `text`, `varchar`; compared as bytes, whatever the collation | `TEXT` |
//! | an integer | `smallint`, `integer`, `bigint` | `INTEGER` |
//! | a boolean | `boolean` | `INTEGER`, 0 or 1 |
//! | a set | `text[]` of one dimension | `TEXT`, a JSON array of texts |
//! | an id | `text`, `uuid`, `bigint`: see [`IdType`] | `TEXT`, `INTEGER` |
//!
//! Conditions may read the record's id and its owner as texts (D10). A column of integers or `uuid`s is
//! compared by its text, as [`IdType`] says.
//!
//! `NULL` is a property that is missing, which fails its condition whatever the operator, or a record
//! without owner. In SQLite a value of another type is one of the wrong type and fails as well. So is, in
//! PostgreSQL, an array that holds `NULL` or has more than one dimension; in SQLite, a text that is no
//! JSON array of texts, one that a NUL follows, and one whose texts hold a NUL (`\u0000`) or half of a
//! surrogate pair (`\ud800`). Each fails the condition of its own row. A condition is true or false, never
//! `NULL`, so that it may be negated and combined.
//!
//! Texts are valid UTF-8. SQLite stores other bytes as a text when it is told to, and compares them as
//! they are; a host cannot read them.
//!
//! Where the filter compares texts it can use an index on the plain column: in PostgreSQL one of the
//! column's own collation, in SQLite one of the collation `BINARY`.

mod columns;
mod node;
mod owner;
mod property;
mod render;
#[cfg(feature = "sea-query")]
mod sea;

pub use columns::{Column, Columns, IdType};

use super::RecordFilter;
use super::expression::Expression;
use crate::document::AccountsServed;
use crate::document::problem::quoted;
use node::{Builder, Node};

/// The database that a condition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// PostgreSQL 12 or later: parameters `$1`, lists as arrays.
    Postgres,
    /// SQLite 3.38 or later, built with its JSON functions: parameters `?1`, lists as JSON arrays.
    Sqlite,
}

impl Dialect {
    /// How many parameters a statement has at most: the protocol counts them in 16 bits; SQLite, unless it
    /// was built otherwise, as `SQLITE_MAX_VARIABLE_NUMBER` says.
    const fn parameters(self) -> usize {
        match self {
            Dialect::Postgres => 65_535,
            Dialect::Sqlite => 32_766,
        }
    }
}

/// A condition for a `WHERE`, and the values of its parameters in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqlCondition {
    /// The condition, in parentheses where it has several parts.
    pub text: String,
    /// The values of its parameters, in the order of their numbers.
    pub values: Vec<SqlValue>,
}

/// The value of a parameter. For SQLite only texts and integers occur.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SqlValue {
    /// `text`.
    Text(String),
    /// `bigint`.
    Integer(i64),
    /// `boolean`.
    Boolean(bool),
    /// `text[]`.
    Texts(Vec<String>),
    /// `bigint[]`.
    Integers(Vec<i64>),
}

/// Why a filter cannot be said over these columns. It is never said wider instead (I12).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The catalog serves many accounts, and no column holds the account.
    #[error("no column is named for the account, and the catalog serves many")]
    NoAccountColumn,
    /// The filter reads the record's owner, and no column holds it.
    #[error("no column is named for the owner")]
    NoOwnerColumn,
    /// The filter reads the record's id, and no column holds it.
    #[error("no column is named for the record's id")]
    NoIdColumn,
    /// The filter reads a property, and no column holds it.
    #[error("no column is named for the property {}", quoted(.0))]
    NoPropertyColumn(String),
    /// The column of a set must be qualified by its table: `["deals", "tags"]`. It is read inside a
    /// subquery, whose own columns a bare name might be taken for.
    #[error("the column of the set {} must be qualified by its table", quoted(.0))]
    Unqualified(String),
    /// An identifier is empty, holds a NUL, or is longer than PostgreSQL keeps (63 bytes).
    #[error("{} cannot be an identifier", quoted(.0))]
    BadIdentifier(String),
    /// A text that the filter compares with holds a NUL, which the databases do not agree on.
    #[error("a text to compare with holds a NUL")]
    NulInText,
    /// Two positions have the same label, and only one of them is reached.
    #[error("the label {0} is that of several positions, not all of them reached")]
    AmbiguousLabel(i64),
    /// A position of the account has no label.
    #[error("the position {} has no label", quoted(.0))]
    NoLabel(String),
    /// The lists of the condition hold more values than [`Columns::at_most`] says, or it has more
    /// than 500 comparisons, or a parameter's number would be higher than databases count: 65,535 in
    /// PostgreSQL, 32,766 in SQLite.
    #[error("the condition would be too wide")]
    TooWide,
}

/// The most comparisons in one condition: SQLite parses no deeper than 1,000 levels.
const COMPARISONS: usize = 500;

impl RecordFilter<'_> {
    /// The filter as a condition over the host's columns, with parameters from number 1.
    ///
    /// It accepts exactly the rows that [`matches`](RecordFilter::matches) accepts as records. What
    /// accepts nothing is `1 = 0`, never an empty text. The account is constrained wherever the
    /// catalog serves many, and wherever a column is named for it. The type of the record is not: a
    /// table holds the records of one type, or the host adds that.
    ///
    /// Costs a look at each user or position, where those must be listed.
    ///
    /// # Errors
    /// What the columns cannot say, or not within their limit; see [`SqlError`].
    pub fn to_sql(&self, dialect: Dialect, columns: &Columns) -> Result<SqlCondition, SqlError> {
        self.to_sql_after(dialect, columns, 0)
    }

    /// [`to_sql`](RecordFilter::to_sql) in a query that already has that many parameters.
    ///
    /// # Errors
    /// Those of [`to_sql`](RecordFilter::to_sql), and [`SqlError::TooWide`] where the database would not
    /// count as far.
    pub fn to_sql_after(
        &self,
        dialect: Dialect,
        columns: &Columns,
        parameters: usize,
    ) -> Result<SqlCondition, SqlError> {
        let condition = render::text(self.node(dialect, columns)?, dialect, parameters);
        let counted = parameters.saturating_add(condition.values.len());
        if !condition.values.is_empty() && counted > dialect.parameters() {
            return Err(SqlError::TooWide);
        }
        Ok(condition)
    }

    fn node(&self, dialect: Dialect, columns: &Columns) -> Result<Node, SqlError> {
        let mut builder = Builder::new(dialect, columns);
        let account = self.account_node(&mut builder)?;
        let records = self.expression_node(&self.expression(), &mut builder)?;
        Ok(Node::all([account, records]))
    }

    /// D11: where the catalog serves one account a record may leave it out.
    fn account_node(&self, builder: &mut Builder<'_>) -> Result<Node, SqlError> {
        let state = self.engine.state();
        let serves_many = state.model().accounts == AccountsServed::Many;
        let Some((column, ids)) = &builder.columns.account else {
            return match serves_many {
                true => Err(SqlError::NoAccountColumn),
                false => Ok(Node::True),
            };
        };
        let stated = builder.is_one_of(column, *ids, state.account_id())?;
        if serves_many {
            return Ok(stated);
        }
        Ok(Node::any([builder.is_null(column)?, stated]))
    }

    /// The tree of an expression is as deep as the catalog's conditions, which is four levels.
    fn expression_node(
        &self,
        expression: &Expression,
        builder: &mut Builder<'_>,
    ) -> Result<Node, SqlError> {
        let mut each = |parts: &[Expression]| -> Result<Vec<Node>, SqlError> {
            parts
                .iter()
                .map(|it| self.expression_node(it, builder))
                .collect()
        };
        match expression {
            Expression::Nothing => Ok(Node::False),
            Expression::Everything => Ok(Node::True),
            Expression::AnyOf(parts) => Ok(Node::any(each(parts)?)),
            Expression::AllOf(parts) => Ok(Node::all(each(parts)?)),
            Expression::Owner(test) => self.owner_node(test, builder),
            Expression::Property(test) => property::node(test, builder),
        }
    }
}
