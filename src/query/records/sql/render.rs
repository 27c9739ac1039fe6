//! A condition as text, its values numbered in order.

use super::node::{Argument, Node, Test};
use super::{Dialect, SqlCondition, SqlValue};

pub(super) fn text(node: Node, dialect: Dialect, parameters: usize) -> SqlCondition {
    let mut writer = Writer {
        text: String::new(),
        values: Vec::new(),
        before: parameters,
        mark: match dialect {
            Dialect::Postgres => '$',
            Dialect::Sqlite => '?',
        },
    };
    writer.node(node);
    SqlCondition {
        text: writer.text,
        values: writer.values,
    }
}

struct Writer {
    text: String,
    values: Vec<SqlValue>,
    before: usize,
    mark: char,
}

impl Writer {
    fn node(&mut self, node: Node) {
        match node {
            Node::True => self.text.push_str("1 = 1"),
            Node::False => self.text.push_str("1 = 0"),
            Node::Any(parts) => self.parts(parts, " OR "),
            Node::All(parts) => self.parts(parts, " AND "),
            Node::Test(test) => self.test(test),
        }
    }

    fn parts(&mut self, parts: Vec<Node>, between: &str) {
        self.text.push('(');
        for (part, i) in parts.into_iter().zip(0..) {
            if i > 0 {
                self.text.push_str(between);
            }
            self.node(part);
        }
        self.text.push(')');
    }

    /// A value that a test names twice is one parameter.
    fn test(&mut self, test: Test) {
        let written: Vec<String> = test
            .arguments
            .into_iter()
            .map(|argument| match argument {
                Argument::Column(column) => column,
                Argument::Value(value) => {
                    self.values.push(value);
                    format!(
                        "{}{}",
                        self.mark,
                        self.before.saturating_add(self.values.len())
                    )
                }
            })
            .collect();
        for piece in pieces(test.template) {
            match piece {
                Piece::Text(text) => self.text.push_str(text),
                Piece::Argument(i) => self.text.push_str(written.get(i).map_or("", |it| it)),
            }
        }
    }
}

pub(super) enum Piece {
    Text(&'static str),
    Argument(usize),
}

/// A template in its parts: `{0}` and `{1}` are arguments.
pub(super) fn pieces(template: &'static str) -> impl Iterator<Item = Piece> {
    template.split('{').flat_map(|part| {
        let argument = part.split_once('}');
        let number = argument.and_then(|(number, _)| number.parse().ok());
        let rest = argument.map_or(part, |(_, rest)| rest);
        number
            .map(Piece::Argument)
            .into_iter()
            .chain([Piece::Text(rest)])
    })
}
