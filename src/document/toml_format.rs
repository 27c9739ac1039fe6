//! Documents in TOML: every problem with its line and column.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ProblemCode;
use super::node::{Key, Node, Table, Value};
use super::problem::{Path, Problem, Source, quoted};

/// Reads a text; problems of syntax are all reported, and what could be read is kept.
pub(crate) fn read(file: &str, text: &str) -> (Source, Vec<Problem>, bool) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let span = root.span();
    let node = Node {
        value: table(root.into_inner()),
        span: Some(span),
    };
    let source = Source::of_text(file, text, node);
    let whole = errors.is_empty();
    let problems = errors
        .iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            let there = text.get(span.clone()).unwrap_or_default();
            let said = (ProblemCode::Syntax, said(error.message(), there));
            source.problem_at_span(Some(&span), &Path::ROOT, said)
        })
        .collect();
    (source, problems, whole)
}

/// The parser's message, for whoever writes policy rather than parsers; and the text that it is about.
fn said(message: &str, there: &str) -> String {
    if message == "duplicate key" {
        let name = there.trim_matches(['"', '\'']);
        return format!("duplicate key {}", quoted(name));
    }
    if message.contains("recursion") {
        return "nested too deeply".to_owned();
    }
    if message.contains("string values must be quoted") {
        return "a value is missing, or a text is not in quotes".to_owned();
    }
    message.replace('\n', "; ")
}

fn table(table: DeTable<'_>) -> Value {
    Value::Table(Table::new(
        table
            .into_iter()
            .map(|(key, value)| {
                let span = key.span();
                let name = key.into_inner().into_owned();
                let key = Key {
                    name,
                    span: Some(span),
                };
                (key, node(value))
            })
            .collect(),
    ))
}

/// Recursion is bounded: the parser refuses what is nested deeper than 80 levels.
fn node(spanned: Spanned<DeValue<'_>>) -> Node {
    let span = Some(spanned.span());
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::OtherNumber(number.to_string()), Value::Integer),
        DeValue::Float(number) => Value::OtherNumber(number.to_string()),
        DeValue::Boolean(b) => Value::Boolean(b),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(items) => Value::List(items.into_iter().map(node).collect()),
        DeValue::Table(entries) => table(entries),
    };
    Node { value, span }
}
