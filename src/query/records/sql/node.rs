//! A condition as a tree, before it is written.

use super::columns::{Column, Columns, IdType};
use super::{COMPARISONS, Dialect, SqlError, SqlValue};

/// A part of a condition: true or false of every row, never `NULL`.
#[derive(Debug)]
pub(super) enum Node {
    True,
    False,
    Any(Vec<Node>),
    All(Vec<Node>),
    Test(Test),
}

/// A text with `{0}`, `{1}` in place of columns and values. Nothing of the host's is in the text.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) template: &'static str,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
pub(super) enum Argument {
    /// Quoted.
    Column(String),
    Value(SqlValue),
}

impl Node {
    pub(super) fn any(parts: impl IntoIterator<Item = Node>) -> Node {
        let mut left = Vec::new();
        for part in parts {
            match part {
                Node::True => return Node::True,
                Node::False => {}
                other => left.push(other),
            }
        }
        match left.pop() {
            None => Node::False,
            Some(only) if left.is_empty() => only,
            Some(last) => {
                left.push(last);
                Node::Any(left)
            }
        }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Node>) -> Node {
        let mut left = Vec::new();
        for part in parts {
            match part {
                Node::False => return Node::False,
                Node::True => {}
                other => left.push(other),
            }
        }
        match left.pop() {
            None => Node::True,
            Some(only) if left.is_empty() => only,
            Some(last) => {
                left.push(last);
                Node::All(left)
            }
        }
    }
}

/// Makes tests over the host's columns, and counts what they hold.
pub(super) struct Builder<'c> {
    pub(super) dialect: Dialect,
    pub(super) columns: &'c Columns,
    values: usize,
    comparisons: usize,
}

impl<'c> Builder<'c> {
    pub(super) fn new(dialect: Dialect, columns: &'c Columns) -> Builder<'c> {
        Builder {
            dialect,
            columns,
            values: 0,
            comparisons: 0,
        }
    }

    /// A test in the words of the dialect.
    pub(super) fn test<const N: usize>(
        &mut self,
        [postgres, sqlite]: [&'static str; 2],
        arguments: [Argument; N],
    ) -> Result<Node, SqlError> {
        self.comparisons += 1;
        if self.comparisons > COMPARISONS {
            return Err(SqlError::TooWide);
        }
        let template = match self.dialect {
            Dialect::Postgres => postgres,
            Dialect::Sqlite => sqlite,
        };
        Ok(Node::Test(Test {
            template,
            arguments: arguments.into(),
        }))
    }

    pub(super) fn column(&self, column: &Column) -> Result<Argument, SqlError> {
        let name = self.quoted(&column.name)?;
        Ok(Argument::Column(match &column.table {
            Some(table) => format!("{}.{name}", self.quoted(table)?),
            None => name,
        }))
    }

    /// SQLite takes a name in double quotes that no column has for a text. One in grave accents it
    /// refuses.
    fn quoted(&self, name: &str) -> Result<String, SqlError> {
        let (quote, longest) = match self.dialect {
            // Longer ones are cut, with a notice only.
            Dialect::Postgres => ('"', 63),
            Dialect::Sqlite => ('`', usize::MAX),
        };
        if name.is_empty() || name.contains('\0') || name.len() > longest {
            return Err(SqlError::BadIdentifier(name.to_owned()));
        }
        let doubled = name.replace(quote, &format!("{quote}{quote}"));
        Ok(format!("{quote}{doubled}{quote}"))
    }

    pub(super) fn text(&self, text: &str) -> Result<Argument, SqlError> {
        check_text(text)?;
        Ok(Argument::Value(SqlValue::Text(text.to_owned())))
    }

    /// A list as one value: an array, or a JSON array.
    pub(super) fn texts<T: AsRef<str>>(&mut self, list: &[T]) -> Result<Argument, SqlError> {
        self.count(list.len())?;
        list.iter().try_for_each(|it| check_text(it.as_ref()))?;
        let texts = || list.iter().map(AsRef::as_ref);
        Ok(Argument::Value(match self.dialect {
            Dialect::Postgres => SqlValue::Texts(texts().map(str::to_owned).collect()),
            Dialect::Sqlite => SqlValue::Text(json_texts(texts())),
        }))
    }

    /// A list as one value.
    pub(super) fn integers(&mut self, list: &[i64]) -> Result<Argument, SqlError> {
        self.count(list.len())?;
        Ok(Argument::Value(match self.dialect {
            Dialect::Postgres => SqlValue::Integers(list.to_vec()),
            Dialect::Sqlite => {
                let numbers: Vec<String> = list.iter().map(i64::to_string).collect();
                SqlValue::Text(format!("[{}]", numbers.join(",")))
            }
        }))
    }

    pub(super) fn count(&mut self, values: usize) -> Result<(), SqlError> {
        self.values = self.values.saturating_add(values);
        match self.values > self.columns.most {
            true => Err(SqlError::TooWide),
            false => Ok(()),
        }
    }

    pub(super) fn is_null(&mut self, column: &Column) -> Result<Node, SqlError> {
        let column = self.column(column)?;
        self.test(["{0} IS NULL"; 2], [column])
    }

    /// Whether a column of ids holds one of these. Those that its type cannot hold are left out.
    pub(super) fn is_one_of<'i>(
        &mut self,
        column: &Column,
        ids: IdType,
        among: impl IntoIterator<Item = &'i str>,
    ) -> Result<Node, SqlError> {
        let among = among.into_iter();
        let column = self.column(column)?;
        if ids == IdType::Bigint {
            let among: Vec<i64> = among.filter_map(canonical_integer).collect();
            return match among.as_slice() {
                [] => Ok(Node::False),
                [only] => {
                    let value = Argument::Value(SqlValue::Integer(*only));
                    self.test(INTEGER_IS, [column, value])
                }
                _ => {
                    let list = self.integers(&among)?;
                    self.test(INTEGER_ONE_OF, [column, list])
                }
            };
        }
        let is_uuid = ids == IdType::Uuid;
        let among: Vec<&str> = among
            .filter(|it| !is_uuid || is_canonical_uuid(it))
            .collect();
        match among.as_slice() {
            [] => Ok(Node::False),
            [only] => {
                let value = self.text(only)?;
                self.test(if is_uuid { UUID_IS } else { TEXT_IS }, [column, value])
            }
            _ => {
                let list = self.texts(&among)?;
                self.test(
                    if is_uuid { UUID_ONE_OF } else { TEXT_ONE_OF },
                    [column, list],
                )
            }
        }
    }
}

fn check_text(text: &str) -> Result<(), SqlError> {
    match text.contains('\0') {
        true => Err(SqlError::NulInText),
        false => Ok(()),
    }
}

/// What is written as the database would write it; anything else it cannot hold.
fn canonical_integer(id: &str) -> Option<i64> {
    id.parse()
        .ok()
        .filter(|number: &i64| number.to_string() == id)
}

fn is_canonical_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().zip(0..).all(|(byte, at)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn json_texts<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut json = String::from("[");
    for text in texts {
        json.push_str(if json.len() > 1 { ",\"" } else { "\"" });
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                c if c < ' ' => json.push_str(&format!("\\u{:04x}", c as u32)),
                c => json.push(c),
            }
        }
        json.push('"');
    }
    json.push(']');
    json
}

// In PostgreSQL a text is compared twice. The first comparison, in the column's own collation, can
// use its index, and lets through at least what is the same byte for byte; the second is exact also
// where the collation, or a type such as citext, takes different texts for equal.
pub(super) const TEXT_IS: [&str; 2] = [
    r#"({0} IS NOT NULL AND {0} = {1}::text AND {0}::text COLLATE "C" = {1}::text)"#,
    "(typeof({0}) = 'text' AND {0} = {1} COLLATE BINARY)",
];
pub(super) const TEXT_ONE_OF: [&str; 2] = [
    r#"({0} IS NOT NULL AND {0} = ANY({1}::text[]) AND {0}::text COLLATE "C" = ANY({1}::text[]))"#,
    "(typeof({0}) = 'text' AND {0} COLLATE BINARY IN (SELECT value FROM json_each({1})))",
];
pub(super) const INTEGER_IS: [&str; 2] = [
    "({0} IS NOT NULL AND {0} = {1}::bigint)",
    "(typeof({0}) = 'integer' AND {0} = {1})",
];
pub(super) const INTEGER_ONE_OF: [&str; 2] = [
    "({0} IS NOT NULL AND {0} = ANY({1}::bigint[]))",
    "(typeof({0}) = 'integer' AND {0} IN (SELECT value FROM json_each({1})))",
];
const UUID_IS: [&str; 2] = ["({0} IS NOT NULL AND {0} = {1}::text::uuid)", TEXT_IS[1]];
const UUID_ONE_OF: [&str; 2] = [
    "({0} IS NOT NULL AND {0} = ANY({1}::text[]::uuid[]))",
    TEXT_ONE_OF[1],
];
