//! What ids and names for people look like in what is made from now on (D12): whoever reads one sees all
//! of it.

use super::ProblemCode;
use super::problem::{Path, Report, quoted};
use crate::limits;
use crate::text::shows_nothing;

/// Checks an id that an account's administrators make, beside what is asked of every identifier.
pub(crate) fn check_readable_id(id: &str, at: &Path<'_>, report: &mut Report<'_>) {
    if let Some(wrong) = wrong_with_id(id) {
        report.refuse_today(at, (ProblemCode::UnreadableId, wrong));
    }
}

/// Checks a name for people; whether it may stand.
pub(crate) fn check_display_name(
    name: Option<&str>,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> bool {
    name.and_then(wrong_with_name)
        .is_none_or(|wrong| !report.refuse_today(at, wrong))
}

pub(crate) fn is_readable_id(id: &str) -> bool {
    wrong_with_id(id).is_none()
}

pub(crate) fn is_display_name(name: Option<&str>) -> bool {
    name.and_then(wrong_with_name).is_none()
}

fn wrong_with_id(id: &str) -> Option<String> {
    let wrong = if id.starts_with(char::is_whitespace) {
        "begins with white space".to_owned()
    } else if id.ends_with(char::is_whitespace) {
        "ends with white space".to_owned()
    } else {
        format!(
            "holds `{}`, which nobody sees",
            hidden(id)?.escape_unicode()
        )
    };
    Some(format!("{} {wrong}", quoted(id)))
}

/// The first character of an id that nobody sees. Control characters, which every identifier is refused,
/// are not looked for.
fn hidden(id: &str) -> Option<char> {
    if id.is_ascii() {
        return None;
    }
    let is_separator = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    let is_hidden = |c: &char| (shows_nothing(*c) && !c.is_control()) || is_separator(*c);
    id.chars().find(is_hidden)
}

fn wrong_with_name(name: &str) -> Option<(ProblemCode, String)> {
    if name.chars().all(|c| c.is_whitespace() || shows_nothing(c)) {
        let wrong = "a name cannot be blank; leave it out instead".to_owned();
        return Some((ProblemCode::BlankName, wrong));
    }
    if name.len() > limits::NAME_BYTES {
        let limit = limits::NAME_BYTES;
        let wrong = format!("{} is longer than {limit} bytes", quoted(name));
        return Some((ProblemCode::LongName, wrong));
    }
    if name.contains(char::is_control) {
        let wrong = format!("{} holds a control character", quoted(name));
        return Some((ProblemCode::ControlCharacter, wrong));
    }
    None
}
