//! Comparisons of properties, in the words of each dialect (D10).
//!
//! Every comparison is guarded: a `NULL`, and in SQLite a value of another type, is false whatever
//! the operator. Columns stand inside a subquery only where they are qualified by their table: a bare
//! `value` or `type` there would be the subquery's own.

use super::super::expression::{Operand, Operator, PropertyName, PropertyTest, ReadFrom};
use super::columns::{Column, IdType};
use super::node::{Argument, Builder, INTEGER_IS, INTEGER_ONE_OF, Node, TEXT_IS, TEXT_ONE_OF};
use super::{Dialect, SqlError, SqlValue};
use crate::document::PropertyType;
use crate::request::is_invalid_identifier;

pub(super) fn node(test: &PropertyTest, builder: &mut Builder<'_>) -> Result<Node, SqlError> {
    use PropertyType::{Boolean, Integer, Set, Text};
    let (kind, operator) = (test.property.kind, test.operator);
    if let (Some(column), Some(wanted)) = (id_column(&test.property, builder)?, among(test)) {
        let (column, ids) = column;
        // What is no id is in no column of them.
        let wanted = wanted.iter().map(String::as_str);
        let wanted = wanted.filter(|it| !is_invalid_identifier(it));
        return builder.is_one_of(column, *ids, wanted);
    }
    let left = column(&test.property, builder)?;
    match &test.operand {
        Operand::Text(text) => {
            let right = builder.text(text)?;
            builder.test(constant_text(operator), [left, right])
        }
        Operand::Integer(n) => {
            let right = Argument::Value(SqlValue::Integer(*n));
            builder.test(integers(operator), [left, right])
        }
        Operand::Boolean(b) => boolean(operator, left, *b, builder),
        Operand::Booleans(list) => booleans(operator, left, list, builder),
        Operand::Integers(list) => {
            let right = builder.integers(list)?;
            let template = match operator {
                Operator::NoneOf => INTEGER_NONE_OF,
                _ => INTEGER_ONE_OF,
            };
            builder.test(template, [left, right])
        }
        Operand::Texts(list) => {
            let right = builder.texts(list)?;
            match (kind, operator) {
                (Set, _) => builder.test(sets(operator, false), [left, right]),
                (_, Operator::NoneOf) => builder.test(TEXT_NONE_OF, [left, right]),
                _ => builder.test(TEXT_ONE_OF, [left, right]),
            }
        }
        Operand::Property(other) => {
            let right = column(other, builder)?;
            match (kind, other.kind) {
                (Text, Text) => builder.test(texts(operator), [left, right]),
                (Integer, Integer) => builder.test(integer_columns(operator), [left, right]),
                (Boolean, Boolean) => builder.test(boolean_columns(operator), [left, right]),
                (Set, Set) => builder.test(sets(operator, true), [left, right]),
                (Text, Set) => builder.test(member(operator), [left, right]),
                (Set, Text) => builder.test(member(operator), [right, left]),
                // No catalog compares others.
                _ => Ok(Node::False),
            }
        }
    }
}

/// The ids that a test lets through, where it names them: a column of ids is searched for them as the
/// owner's is.
fn among(test: &PropertyTest) -> Option<&[String]> {
    match (test.operator, &test.operand) {
        (Operator::Is, Operand::Text(id)) => Some(std::slice::from_ref(id)),
        (Operator::OneOf, Operand::Texts(ids)) => Some(ids),
        _ => None,
    }
}

type IdColumn = (Column, IdType);

/// The column of the record's id or owner; `None` of a declared property.
fn id_column<'c>(
    property: &PropertyName,
    builder: &Builder<'c>,
) -> Result<Option<&'c IdColumn>, SqlError> {
    let columns = builder.columns;
    match property.from {
        ReadFrom::Property => Ok(None),
        ReadFrom::Id => Ok(Some(columns.id.as_ref().ok_or(SqlError::NoIdColumn)?)),
        ReadFrom::Owner => Ok(Some(columns.owner.as_ref().ok_or(SqlError::NoOwnerColumn)?)),
    }
}

/// A column of ids as the text that the host makes of them; `NULL` where that is no id (D12).
fn id_text((column, ids): &IdColumn, builder: &Builder<'_>) -> Result<Argument, SqlError> {
    let Argument::Column(name) = builder.column(column)? else {
        return Ok(Argument::Value(SqlValue::Text(String::new())));
    };
    let text = match (builder.dialect, ids) {
        (Dialect::Postgres, IdType::Uuid | IdType::Bigint) => format!("{name}::text"),
        (Dialect::Postgres, IdType::Text) => {
            format!("(CASE WHEN {name}::text COLLATE \"C\" <> '' THEN {name}::text END)")
        }
        (Dialect::Sqlite, IdType::Bigint) => {
            format!("(CASE WHEN typeof({name}) = 'integer' THEN CAST({name} AS TEXT) END)")
        }
        (Dialect::Sqlite, IdType::Text | IdType::Uuid) => {
            format!(
                "(CASE WHEN typeof({name}) = 'text' AND {name} <> '' COLLATE BINARY THEN {name} END)"
            )
        }
    };
    Ok(Argument::Column(text))
}

fn column(property: &PropertyName, builder: &Builder<'_>) -> Result<Argument, SqlError> {
    if let Some(column) = id_column(property, builder)? {
        return id_text(column, builder);
    }
    let known = builder.columns.properties.get(&property.name);
    let known = known.ok_or_else(|| SqlError::NoPropertyColumn(property.name.clone()))?;
    if property.kind == PropertyType::Set && known.table.is_none() {
        return Err(SqlError::Unqualified(property.name.clone()));
    }
    builder.column(known)
}

fn boolean(
    operator: Operator,
    column: Argument,
    value: bool,
    builder: &mut Builder<'_>,
) -> Result<Node, SqlError> {
    let wanted = value == (operator == Operator::Is);
    let value = match builder.dialect {
        Dialect::Postgres => SqlValue::Boolean(wanted),
        Dialect::Sqlite => SqlValue::Integer(i64::from(wanted)),
    };
    builder.test(
        [
            "({0} IS NOT NULL AND {0} = {1}::boolean)",
            "(typeof({0}) = 'integer' AND {0} = {1})",
        ],
        [column, Argument::Value(value)],
    )
}

/// Of two values, a list is none, one or both.
fn booleans(
    operator: Operator,
    column: Argument,
    list: &[bool],
    builder: &mut Builder<'_>,
) -> Result<Node, SqlError> {
    let lets = |value: bool| list.contains(&value) == (operator == Operator::OneOf);
    match (lets(false), lets(true)) {
        (false, false) => Ok(Node::False),
        (true, true) => builder.test(
            [
                "{0} IS NOT NULL",
                "(typeof({0}) = 'integer' AND {0} IN (0, 1))",
            ],
            [column],
        ),
        (_, value) => boolean(Operator::Is, column, value, builder),
    }
}

type Template = [&'static str; 2];

fn constant_text(operator: Operator) -> Template {
    match operator {
        Operator::Is => TEXT_IS,
        _ => [
            r#"({0} IS NOT NULL AND {0}::text COLLATE "C" <> {1}::text)"#,
            "(typeof({0}) = 'text' AND {0} <> {1} COLLATE BINARY)",
        ],
    }
}

const TEXT_NONE_OF: Template = [
    r#"({0} IS NOT NULL AND {0}::text COLLATE "C" <> ALL({1}::text[]))"#,
    "(typeof({0}) = 'text' AND {0} COLLATE BINARY NOT IN (SELECT value FROM json_each({1})))",
];
const INTEGER_NONE_OF: Template = [
    "({0} IS NOT NULL AND {0} <> ALL({1}::bigint[]))",
    "(typeof({0}) = 'integer' AND {0} NOT IN (SELECT value FROM json_each({1})))",
];

fn integers(operator: Operator) -> Template {
    match operator {
        Operator::Is => INTEGER_IS,
        Operator::Less => [
            "({0} IS NOT NULL AND {0} < {1}::bigint)",
            "(typeof({0}) = 'integer' AND {0} < {1})",
        ],
        Operator::AtMost => [
            "({0} IS NOT NULL AND {0} <= {1}::bigint)",
            "(typeof({0}) = 'integer' AND {0} <= {1})",
        ],
        Operator::Greater => [
            "({0} IS NOT NULL AND {0} > {1}::bigint)",
            "(typeof({0}) = 'integer' AND {0} > {1})",
        ],
        Operator::AtLeast => [
            "({0} IS NOT NULL AND {0} >= {1}::bigint)",
            "(typeof({0}) = 'integer' AND {0} >= {1})",
        ],
        _ => [
            "({0} IS NOT NULL AND {0} <> {1}::bigint)",
            "(typeof({0}) = 'integer' AND {0} <> {1})",
        ],
    }
}

// ── Two columns ───────────────────────────────────────────────────────────────────────────────

fn texts(operator: Operator) -> Template {
    match operator {
        Operator::Is => [
            r#"({0} IS NOT NULL AND {1} IS NOT NULL AND {0}::text COLLATE "C" = {1}::text)"#,
            "(typeof({0}) = 'text' AND typeof({1}) = 'text' AND {0} = {1} COLLATE BINARY)",
        ],
        _ => [
            r#"({0} IS NOT NULL AND {1} IS NOT NULL AND {0}::text COLLATE "C" <> {1}::text)"#,
            "(typeof({0}) = 'text' AND typeof({1}) = 'text' AND {0} <> {1} COLLATE BINARY)",
        ],
    }
}

fn integer_columns(operator: Operator) -> Template {
    match operator {
        Operator::Is => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} = {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} = {1})",
        ],
        Operator::Less => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} < {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} < {1})",
        ],
        Operator::AtMost => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} <= {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} <= {1})",
        ],
        Operator::Greater => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} > {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} > {1})",
        ],
        Operator::AtLeast => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} >= {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} >= {1})",
        ],
        _ => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} <> {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} <> {1})",
        ],
    }
}

fn boolean_columns(operator: Operator) -> Template {
    match operator {
        Operator::Is => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} = {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} IN (0, 1) AND {0} = {1})",
        ],
        _ => [
            "({0} IS NOT NULL AND {1} IS NOT NULL AND {0} <> {1})",
            "(typeof({0}) = 'integer' AND typeof({1}) = 'integer' AND {0} IN (0, 1) AND {1} IN (0, 1) AND {0} <> {1})",
        ],
    }
}

// ── Sets ──────────────────────────────────────────────────────────────────────────────────────

// A cell that is no array of texts is of another type, for its own row alone. Some functions raise an error
// on such a cell. CASE keeps it from them, since AND promises no order.
//
// In PostgreSQL that is `array_position` of an array of several dimensions. An empty array has none.
//
// In SQLite it is `json_each` of what is no JSON. Besides, its JSON is wider than anybody else's: it reads
// no further than to a NUL, cuts a text off at `\u0000` (before 3.51), and decodes half of a surrogate pair
// to bytes that are no UTF-8. What is written so is no set. A `\u` is looked for where pairs of backslashes
// are out of the way. Half a pair is a first half that no second one follows, or a second half that no first
// one goes before, by the six characters there; six blanks stand in for what is missing at the beginning.
macro_rules! set_guard {
    (postgres $column:literal) => {
        concat!(
            "CASE WHEN ",
            $column,
            " IS NULL OR array_ndims(",
            $column,
            ") <> 1 THEN false ELSE array_position(",
            $column,
            ", NULL) IS NULL END"
        )
    };
    (sqlite $column:literal) => {
        concat!(
            "CASE WHEN typeof(",
            $column,
            ") = 'text' AND json_valid(",
            $column,
            ") ",
            "THEN json_type(",
            $column,
            ") = 'array' AND NOT EXISTS ",
            "(SELECT 1 FROM json_each(",
            $column,
            ") AS bailiwick_g WHERE bailiwick_g.type <> 'text') ",
            "AND instr(",
            $column,
            ", char(0)) = 0 AND (instr(",
            $column,
            ", '\\u') = 0 OR NOT EXISTS ",
            "(SELECT 1 FROM (SELECT '      ' || replace(",
            $column,
            ", '\\\\', '//') AS json) AS bailiwick_g WHERE bailiwick_g.json GLOB '*\\u0000*'",
            " OR bailiwick_g.json GLOB '*\\u[dD][89abAB]??[^\\]*'",
            " OR bailiwick_g.json GLOB '*\\u[dD][89abAB]??\\[^u]*'",
            " OR bailiwick_g.json GLOB '*\\u[dD][89abAB]??\\u[^dD]*'",
            " OR bailiwick_g.json GLOB '*\\u[dD][89abAB]??\\u[dD][^c-fC-F]*'",
            " OR bailiwick_g.json GLOB '*[^\\]?????\\u[dD][c-fC-F]*'",
            " OR bailiwick_g.json GLOB '*\\[^u]????\\u[dD][c-fC-F]*'",
            " OR bailiwick_g.json GLOB '*\\u[^dD]???\\u[dD][c-fC-F]*'",
            " OR bailiwick_g.json GLOB '*\\u[dD][^89abAB]??\\u[dD][c-fC-F]*')) ",
            "ELSE 0 END"
        )
    };
}

macro_rules! guarded {
    (columns $postgres:expr, $sqlite:expr) => {
        [
            concat!("(", set_guard!(postgres "{0}"), " AND ", set_guard!(postgres "{1}"), " AND ", $postgres, ")"),
            concat!("CASE WHEN ", set_guard!(sqlite "{0}"), " AND ", set_guard!(sqlite "{1}"), " THEN ", $sqlite, " ELSE 0 END"),
        ]
    };
    (constant $postgres:expr, $sqlite:expr) => {
        [
            concat!("(", set_guard!(postgres "{0}"), " AND ", $postgres, ")"),
            concat!("CASE WHEN ", set_guard!(sqlite "{0}"), " THEN ", $sqlite, " ELSE 0 END"),
        ]
    };
    (member $postgres:expr, $sqlite:expr) => {
        [
            concat!("({0} IS NOT NULL AND ", set_guard!(postgres "{1}"), " AND ", $postgres, ")"),
            concat!("CASE WHEN typeof({0}) = 'text' AND ", set_guard!(sqlite "{1}"), " THEN ", $sqlite, " ELSE 0 END"),
        ]
    };
}

// What is looked for in a cell must not be looked for text by text: the cell would be read once for each. A
// compound SELECT reads both sides once. A list that is a parameter is read once in any case.
macro_rules! texts_of {
    (postgres $set:literal) => {
        concat!(
            r#"SELECT "bailiwick a"."element" COLLATE "C" FROM unnest("#,
            $set,
            r#"::text[]) AS "bailiwick a" ("element")"#
        )
    };
    (sqlite $set:literal) => {
        concat!(
            "SELECT bailiwick_a.value FROM json_each(",
            $set,
            ") AS bailiwick_a"
        )
    };
}

macro_rules! both {
    ($dialect:ident $one:literal $compound:literal $other:literal) => {
        concat!("(", texts_of!($dialect $one), $compound, texts_of!($dialect $other), ")")
    };
}

macro_rules! compared {
    (columns overlap) => {
        guarded!(columns
            concat!("EXISTS ", both!(postgres "{0}" " INTERSECT " "{1}")),
            concat!("EXISTS ", both!(sqlite "{0}" " INTERSECT " "{1}"))
        )
    };
    (columns disjoint) => {
        guarded!(columns
            concat!("NOT EXISTS ", both!(postgres "{0}" " INTERSECT " "{1}")),
            concat!("NOT EXISTS ", both!(sqlite "{0}" " INTERSECT " "{1}"))
        )
    };
    (columns same) => {
        guarded!(columns
            concat!("NOT EXISTS ", both!(postgres "{0}" " EXCEPT " "{1}"), " AND NOT EXISTS ", both!(postgres "{1}" " EXCEPT " "{0}")),
            concat!("(NOT EXISTS ", both!(sqlite "{0}" " EXCEPT " "{1}"), " AND NOT EXISTS ", both!(sqlite "{1}" " EXCEPT " "{0}"), ")")
        )
    };
    (columns differing) => {
        guarded!(columns
            concat!("(EXISTS ", both!(postgres "{0}" " EXCEPT " "{1}"), " OR EXISTS ", both!(postgres "{1}" " EXCEPT " "{0}"), ")"),
            concat!("(EXISTS ", both!(sqlite "{0}" " EXCEPT " "{1}"), " OR EXISTS ", both!(sqlite "{1}" " EXCEPT " "{0}"), ")")
        )
    };
    (constant overlap) => {
        guarded!(constant
            r#"EXISTS (SELECT 1 FROM unnest({0}) AS "bailiwick a" ("element") WHERE "bailiwick a"."element" COLLATE "C" = ANY({1}::text[]))"#,
            "EXISTS (SELECT 1 FROM json_each({0}) AS bailiwick_a WHERE bailiwick_a.value IN (SELECT bailiwick_b.value FROM json_each({1}) AS bailiwick_b))"
        )
    };
    (constant disjoint) => {
        guarded!(constant
            r#"NOT EXISTS (SELECT 1 FROM unnest({0}) AS "bailiwick a" ("element") WHERE "bailiwick a"."element" COLLATE "C" = ANY({1}::text[]))"#,
            "NOT EXISTS (SELECT 1 FROM json_each({0}) AS bailiwick_a WHERE bailiwick_a.value IN (SELECT bailiwick_b.value FROM json_each({1}) AS bailiwick_b))"
        )
    };
    (constant same) => {
        guarded!(constant
            concat!(r#"NOT EXISTS (SELECT 1 FROM unnest({0}) AS "bailiwick a" ("element") WHERE "bailiwick a"."element" COLLATE "C" <> ALL({1}::text[])) AND NOT EXISTS "#, both!(postgres "{1}" " EXCEPT " "{0}")),
            concat!("(NOT EXISTS (SELECT 1 FROM json_each({0}) AS bailiwick_a WHERE bailiwick_a.value NOT IN (SELECT bailiwick_b.value FROM json_each({1}) AS bailiwick_b)) AND NOT EXISTS ", both!(sqlite "{1}" " EXCEPT " "{0}"), ")")
        )
    };
    (constant differing) => {
        guarded!(constant
            concat!(r#"(EXISTS (SELECT 1 FROM unnest({0}) AS "bailiwick a" ("element") WHERE "bailiwick a"."element" COLLATE "C" <> ALL({1}::text[])) OR EXISTS "#, both!(postgres "{1}" " EXCEPT " "{0}"), ")"),
            concat!("(EXISTS (SELECT 1 FROM json_each({0}) AS bailiwick_a WHERE bailiwick_a.value NOT IN (SELECT bailiwick_b.value FROM json_each({1}) AS bailiwick_b)) OR EXISTS ", both!(sqlite "{1}" " EXCEPT " "{0}"), ")")
        )
    };
}

/// A set with a list, or with the set of another column.
fn sets(operator: Operator, with_column: bool) -> Template {
    match (operator, with_column) {
        (Operator::Is, false) => compared!(constant same),
        (Operator::Is, true) => compared!(columns same),
        (Operator::IsNot, false) => compared!(constant differing),
        (Operator::IsNot, true) => compared!(columns differing),
        (Operator::OneOf, false) => compared!(constant overlap),
        (Operator::OneOf, true) => compared!(columns overlap),
        (_, false) => compared!(constant disjoint),
        (_, true) => compared!(columns disjoint),
    }
}

/// Whether the text of one column is in the set of another.
fn member(operator: Operator) -> Template {
    match operator {
        Operator::OneOf => guarded!(member
            r#"{0}::text COLLATE "C" = ANY({1})"#,
            "{0} COLLATE BINARY IN (SELECT bailiwick_b.value FROM json_each({1}) AS bailiwick_b)"
        ),
        _ => guarded!(member
            r#"{0}::text COLLATE "C" <> ALL({1})"#,
            "{0} COLLATE BINARY NOT IN (SELECT bailiwick_b.value FROM json_each({1}) AS bailiwick_b)"
        ),
    }
}
