//! What documents load without an error, and whoever wrote them should know.

use std::collections::HashMap;

use super::super::State;
use crate::document::ProblemCode;
use crate::document::alike::look;
use crate::document::problem::{Path, Report, holders, quoted};

/// Warns of roles that too few users keep (A5): the next to leave cannot be refused.
pub(super) fn warn_of_too_few_holders(state: &State, at: &Path<'_>, report: &mut Report<'_>) {
    for (role, found) in state.guarded_holders() {
        let Some(known) = state.model().roles.get(role as usize) else {
            continue;
        };
        if found < known.min_holders {
            report.warning(
                at,
                (ProblemCode::TooFewHolders, format!(
                    "role {} must keep at least {}, and has `{found}`: users who are not suspended, have it \
                     without an end, and are denied nothing that it grants",
                    quoted(&known.id),
                    holders(known.min_holders)
                )),
            );
        }
    }
}

/// Warns of names that a person takes for one another: each is told once, where it stands.
pub(super) fn warn_of_names_alike<'d>(
    named: impl Iterator<Item = (&'d str, Option<&'d str>)>,
    list: Option<&Path<'_>>,
    known: &mut HashMap<String, &'d str>,
    report: &mut Report<'_>,
) {
    for (i, (id, name)) in named.enumerate() {
        let Some(name) = name else {
            continue;
        };
        let look = look(name.trim()).to_lowercase();
        let first = *known.entry(look).or_insert(id);
        if let Some(list) = list.filter(|_| first != id) {
            let item = list.index(i);
            report.warning(
                &item.field("name"),
                (
                    ProblemCode::NamesAlike,
                    format!("{} reads like the name of {}", quoted(name), quoted(first)),
                ),
            );
        }
    }
}
