//! A condition for the query builder sea-query.

use sea_query::{Condition, Expr, Value};

use super::super::RecordFilter;
use super::node::{Argument, Node, Test};
use super::render::{Piece, pieces};
use super::{Columns, Dialect, SqlError, SqlValue};

impl RecordFilter<'_> {
    /// The filter as a condition of sea-query, for a query built for the same dialect.
    ///
    /// Costs what [`to_sql`](RecordFilter::to_sql) costs. A list that a comparison names twice is
    /// bound twice: sea-query numbers parameters itself.
    ///
    /// # Errors
    /// Those of [`to_sql`](RecordFilter::to_sql).
    pub fn to_sea_query(&self, dialect: Dialect, columns: &Columns) -> Result<Condition, SqlError> {
        let node = self.node(dialect, columns)?;
        Ok(Condition::all().add(condition(node, dialect)))
    }
}

fn condition(node: Node, dialect: Dialect) -> Condition {
    match node {
        Node::True => Condition::all().add(Expr::cust("1 = 1")),
        Node::False => Condition::all().add(Expr::cust("1 = 0")),
        Node::Any(parts) => parts.into_iter().fold(Condition::any(), |all, part| {
            all.add(condition(part, dialect))
        }),
        Node::All(parts) => parts.into_iter().fold(Condition::all(), |all, part| {
            all.add(condition(part, dialect))
        }),
        Node::Test(test) => Condition::all().add(expression(test, dialect)),
    }
}

/// The arguments stand in sea-query's own tree, so that it reads nothing but our text for
/// placeholders.
fn expression(test: Test, dialect: Dialect) -> Expr {
    let arguments: Vec<Expr> = test
        .arguments
        .into_iter()
        .map(|argument| match argument {
            Argument::Column(column) => Expr::cust(column),
            Argument::Value(value) => Expr::val(bound(value)),
        })
        .collect();
    let mut text = String::new();
    let mut used = Vec::new();
    for piece in pieces(test.template) {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Argument(i) => {
                used.extend(arguments.get(i).cloned());
                match dialect {
                    Dialect::Postgres => text.push_str(&format!("${}", used.len())),
                    Dialect::Sqlite => text.push('?'),
                }
            }
        }
    }
    Expr::cust_with_exprs(text, used)
}

fn bound(value: SqlValue) -> Value {
    match value {
        SqlValue::Text(text) => text.into(),
        SqlValue::Integer(n) => n.into(),
        SqlValue::Boolean(b) => b.into(),
        SqlValue::Texts(list) => list.into(),
        SqlValue::Integers(list) => list.into(),
    }
}
