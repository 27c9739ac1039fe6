//! Whose a row is: a list of owners, a list of their positions, or ranges of labels.

use std::collections::BTreeMap;

use super::super::RecordFilter;
use super::super::expression::OwnerTest;
use super::SqlError;
use super::SqlValue;
use super::columns::{Column, IdType, PositionColumn};
use super::node::{Argument, Builder, INTEGER_ONE_OF, Node};

impl RecordFilter<'_> {
    pub(super) fn owner_node(
        &self,
        test: &OwnerTest,
        builder: &mut Builder<'_>,
    ) -> Result<Node, SqlError> {
        let columns = builder.columns;
        let Some((owner, ids)) = &columns.owner else {
            return Err(SqlError::NoOwnerColumn);
        };
        let Some(position) = columns.position.as_ref().filter(|_| is_placed(test)) else {
            let state = self.engine.state();
            let users = (0..state.user_numbers()).filter(|_| is_placed(test));
            let reached = users
                .filter(|&user| {
                    state
                        .user_position(user)
                        .is_some_and(|it| self.meets(test, it))
                })
                .filter_map(|user| state.user_id(user))
                .filter(|id| test.is.as_deref() != Some(*id));
            return builder.is_one_of(owner, *ids, test.is.as_deref().into_iter().chain(reached));
        };
        let own = builder.is_one_of(owner, *ids, test.is.as_deref())?;
        let placed = match position {
            PositionColumn::Id(column) => {
                builder.is_one_of(column, IdType::Text, self.reached(test).map(|(_, id)| id))?
            }
            PositionColumn::Label(column, labels) => {
                self.label_node(test, column, labels, builder)?
            }
        };
        // S3: without an owner the position is ignored.
        let owned = is_owned(owner, *ids, builder)?;
        Ok(Node::any([own, Node::all([owned, placed])]))
    }

    /// The positions that meet a test, by number and id.
    fn reached(&self, test: &OwnerTest) -> impl Iterator<Item = (u32, &str)> {
        let state = self.engine.state();
        let every =
            (0..state.position_numbers()).filter_map(|it| Some((it, state.position_id(it)?)));
        every.filter(|(position, _)| self.meets(test, *position))
    }

    /// Tests name no position but the viewer's.
    fn meets(&self, test: &OwnerTest, position: u32) -> bool {
        self.viewer.position.is_some_and(|own| {
            (test.at.is_some() && position == own)
                || (test.below.is_some() && self.engine.state().stands_below(position, own))
        })
    }

    fn label_node(
        &self,
        test: &OwnerTest,
        column: &Column,
        labels: &BTreeMap<String, i64>,
        builder: &mut Builder<'_>,
    ) -> Result<Node, SqlError> {
        let state = self.engine.state();
        let mut labelled: Vec<(i64, bool)> = Vec::new();
        for position in 0..state.position_numbers() {
            let Some(id) = state.position_id(position) else {
                continue;
            };
            let label = labels
                .get(id)
                .ok_or_else(|| SqlError::NoLabel(id.to_owned()))?;
            labelled.push((*label, self.meets(test, position)));
        }
        labelled.sort_unstable();
        let twice = labelled
            .windows(2)
            .find(|it| matches!(it, [a, b] if a.0 == b.0 && a.1 != b.1));
        if let Some([first, ..]) = twice {
            return Err(SqlError::AmbiguousLabel(first.0));
        }
        let reached: Vec<i64> = labelled.iter().filter(|it| it.1).map(|it| it.0).collect();
        let (ranges, column) = (ranges(&reached), builder.column(column)?);
        if ranges.len() > RANGES {
            let list = builder.integers(&reached)?;
            return builder.test(INTEGER_ONE_OF, [column, list]);
        }
        builder.count(ranges.len())?;
        let mut within = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            let [low, high] = [low, high].map(SqlValue::Integer).map(Argument::Value);
            within.push(builder.test(WITHIN, [column.clone(), low, high])?);
        }
        Ok(Node::any(within))
    }
}

/// Past so many ranges the labels are listed.
const RANGES: usize = 16;

fn is_placed(test: &OwnerTest) -> bool {
    test.below.is_some() || test.at.is_some()
}

/// Tests that a row has an owner. An empty text is no identifier: `check` denies it (D12). A text that only
/// the column's collation takes for an empty one is an identifier. In SQLite a value of another type than
/// the ids is none.
fn is_owned(column: &Column, ids: IdType, builder: &mut Builder<'_>) -> Result<Node, SqlError> {
    const TEXT: &str = "(typeof({0}) = 'text' AND {0} <> '' COLLATE BINARY)";
    let column = builder.column(column)?;
    let template = match ids {
        IdType::Text => ["({0} IS NOT NULL AND {0}::text COLLATE \"C\" <> '')", TEXT],
        IdType::Uuid => ["{0} IS NOT NULL", TEXT],
        IdType::Bigint => ["{0} IS NOT NULL", "typeof({0}) = 'integer'"],
    };
    builder.test(template, [column])
}

/// Ascending numbers as ranges, both ends included.
fn ranges(numbers: &[i64]) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if number.checked_sub(1).is_none_or(|before| before <= *last) => {
                *last = number;
            }
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

const WITHIN: [&str; 2] = [
    "({0} IS NOT NULL AND {0} BETWEEN {1}::bigint AND {2}::bigint)",
    "(typeof({0}) = 'integer' AND {0} BETWEEN {1} AND {2})",
];
