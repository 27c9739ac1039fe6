//! Documents in JSON: problems with their path; of syntax, with line and column.

use super::node::Node;
use super::problem::{Path, Problem, Source};

/// Reads a text.
pub(crate) fn read(file: &str, text: &str) -> (Source, Vec<Problem>, bool) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match serde_json::from_str::<Node>(text) {
        Ok(root) => (Source::of_text(file, text, root), Vec::new(), true),
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
            let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
            let problem = source.problem_at_span(Some(&(offset..offset)), &Path::ROOT, message);
            (source, vec![problem], false)
        }
    }
}
