//! Documents in JSON: problems with their path; of syntax, with line and column.

use super::ProblemCode;
use super::node::{Node, Value};
use super::problem::{Path, Problem, Source};

/// Reads a text.
pub(crate) fn read(file: &str, text: &str) -> (Source, Vec<Problem>, bool) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str::<Node>(text) {
        Ok(mut root) => {
            if has_other_numbers(&root) {
                let mut written = numbers(text);
                as_written(&mut root, &mut written);
            }
            (Source::of_text(file, text, root), Vec::new(), true)
        }
        Err(error) => {
            let source = Source::of_text(file, text, Node::default());
            let line_start: usize = text
                .split_inclusive('\n')
                .take(error.line().saturating_sub(1))
                .map(str::len)
                .sum();
            let mut offset = (line_start + error.column().saturating_sub(1)).min(text.len());
            while !text.is_char_boundary(offset) {
                offset -= 1;
            }
            // The place is given by the problem itself.
            let said = error.to_string();
            let message = in_words(said.split(" at line ").next().unwrap_or(&said));
            let said = (ProblemCode::Syntax, message);
            let problem = source.problem_at_span(Some(&(offset..offset)), &Path::ROOT, said);
            (source, vec![problem], false)
        }
    }
}

/// The parser's message, for whoever writes policy rather than parsers.
fn in_words(said: &str) -> String {
    let words = match said {
        "EOF while parsing a value" => "the document ends where a value belongs",
        "EOF while parsing a list" => "the document ends within a list: `]` is missing",
        "EOF while parsing an object" => "the document ends within a table: `}` is missing",
        "EOF while parsing a string" => {
            "the document ends within a text: a closing `\"` is missing"
        }
        "expected `:`" => "a `:` belongs between a key and its value",
        "expected `,` or `]`" => "in a list, `,` or `]` belongs here",
        "expected `,` or `}`" => "in a table, `,` or `}` belongs here",
        "expected value" | "expected ident" => {
            "this is not a value; a value is a text in double quotes, a number, `true`, `false`, `null`, a list or \
             a table"
        }
        "key must be a string" => "a key is a text in double quotes",
        "trailing comma" => "a comma stands after the last element",
        "trailing characters" => "something follows the end of the document",
        "invalid number" => "this is not a number",
        "number out of range" => "a number as large as this cannot be read",
        "invalid escape" => {
            "`\\` is followed by none of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t` and `u`"
        }
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a line end or another control character stands in a text; write it as `\\n`, or `\\u` and \
             four digits"
        }
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "`\\u` names one half of a character; the other half belongs behind it"
        }
        "invalid unicode code point" => "`\\u` names no character",
        "recursion limit exceeded" => "nested too deeply",
        other => return other.to_owned(),
    };
    words.to_owned()
}

fn has_other_numbers(node: &Node) -> bool {
    match &node.value {
        Value::OtherNumber(_) => true,
        Value::List(items) => items.iter().any(has_other_numbers),
        Value::Table(table) => table.iter().any(|(_, value, _)| has_other_numbers(value)),
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Text(_) | Value::Moment(_) => {
            false
        }
    }
}

/// The numbers of a text that is sound JSON, in its order.
fn numbers(text: &str) -> impl Iterator<Item = &str> + use<'_> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let c = rest.chars().next()?;
            if c == '"' {
                let mut is_escaped = false;
                let end = rest.char_indices().skip(1).find(|(_, c)| {
                    let ends = *c == '"' && !is_escaped;
                    is_escaped = *c == '\\' && !is_escaped;
                    ends
                });
                rest = end.map_or("", |(end, _)| rest.get(end + 1..).unwrap_or_default());
            } else if c == '-' || c.is_ascii_digit() {
                let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
                let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let number = rest.get(..end);
                rest = rest.get(end..).unwrap_or_default();
                return number;
            } else {
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    })
}

/// Numbers that are no integers as the text has them. Recursion is bounded: what is nested deeper than 64
/// levels was refused.
fn as_written<'t>(node: &mut Node, written: &mut impl Iterator<Item = &'t str>) {
    match &mut node.value {
        Value::Integer(_) => drop(written.next()),
        Value::OtherNumber(number) => {
            if let Some(written) = written.next() {
                written.clone_into(number);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|it| as_written(it, written)),
        Value::Table(table) => table.values_mut().for_each(|it| as_written(it, written)),
        Value::Null | Value::Boolean(_) | Value::Text(_) | Value::Moment(_) => {}
    }
}
