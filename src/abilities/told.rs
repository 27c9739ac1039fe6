//! Changes of abilities in words.

use std::collections::HashMap;
use std::fmt;

use super::{Ability, Heading};
use crate::Scope;
use crate::compared::movement;
use crate::document::problem::quoted;

/// An ability, the permission that gives it, and how far it reached and reaches.
pub(crate) type Told<'t> = (&'t Ability, Option<&'t str>, Option<Scope>, Option<Scope>);

/// One line for those of a kind that one permission gives, as far before and as far after, in the order
/// of the first of each.
pub(crate) fn write_alike<'t>(
    f: &mut fmt::Formatter<'_>,
    all: impl Iterator<Item = Told<'t>>,
) -> fmt::Result {
    struct Line<'t> {
        heading: Heading,
        names: Vec<String>,
        by: Option<&'t str>,
        before: Option<Scope>,
        after: Option<Scope>,
    }
    let mut lines: Vec<Line<'t>> = Vec::new();
    let mut known = HashMap::new();
    for (ability, by, before, after) in all {
        let (heading, name) = ability.heading();
        let line = *known
            .entry((heading, by, before, after))
            .or_insert(lines.len());
        match lines.get_mut(line) {
            Some(line) => line.names.push(name),
            None => lines.push(Line {
                heading,
                names: vec![name],
                by,
                before,
                after,
            }),
        }
    }
    for line in lines {
        let (sign, verb, how_far) = movement(line.before, line.after);
        let heading = line.heading.words(line.names.len() == 1);
        let names = line.names.join(", ");
        let by = line
            .by
            .map_or_else(String::new, |it| format!(" by {}", quoted(it)));
        writeln!(f, "  {sign} {verb} {heading}{names}{by}: {how_far}")?;
    }
    Ok(())
}

/// Those of a kind together, each by its name, in the order of the first of each.
pub(crate) fn names_alike<'t>(all: impl Iterator<Item = &'t Ability>) -> String {
    let mut parts: Vec<(Heading, Vec<String>)> = Vec::new();
    let mut known = HashMap::new();
    for ability in all {
        let (heading, name) = ability.heading();
        let place = *known.entry(heading).or_insert(parts.len());
        match parts.get_mut(place) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => parts.push((heading, vec![name])),
        }
    }
    let parts = parts.into_iter().map(|(heading, names)| {
        let heading = heading.words(names.len() == 1);
        format!("{heading}{}", names.join(", "))
    });
    parts.collect::<Vec<String>>().join("; ")
}
