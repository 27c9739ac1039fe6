//! Remedies read aloud.

use std::fmt;

use super::{Makers, NoRemedy, Remedies, Remedy, RemedyEffect};
use crate::compared::counted;
use crate::document::problem::quoted;

/// A numbered list for whoever answers the telephone; the sentences are not stable.
impl fmt::Display for Remedies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.none {
            return writeln!(f, "Nothing helps: {why}.");
        }
        for (remedy, number) in self.sets.iter().zip(1_usize..) {
            writeln!(f, "{number}. {remedy}")?;
        }
        match (self.is_larger, self.is_complete) {
            (true, _) => writeln!(f, "Nothing smaller was found."),
            (false, false) => writeln!(f, "There may be others."),
            (false, true) => Ok(()),
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (mend, number) in self.mends.iter().zip(0..) {
            let text = mend.to_string();
            if number > 0 {
                write!(f, ", and {text}")?;
                continue;
            }
            let mut letters = text.chars();
            let first = letters.next().map(|it| it.to_uppercase().to_string());
            write!(f, "{}{}", first.unwrap_or_default(), letters.as_str())?;
        }
        let gained = || self.effects.iter().filter(|it| it.is_gain());
        let opened = listed(gained());
        match (opened.is_empty(), self.opens.users) {
            (true, _) => f.write_str(". Opens nothing to users of the directory")?,
            (false, 1) => write!(f, ". Opens {} to one user", opened.join(" and "))?,
            (false, users) => {
                let opened = opened.join(" and ");
                write!(f, ". Opens {opened} to {users} users together")?;
            }
        }
        let closed = listed(self.effects.iter().filter(|it| !it.is_gain()));
        if !closed.is_empty() {
            write!(f, ". Takes {} away", closed.join(" and "))?;
        }
        write!(f, ". {}", self.makers)
    }
}

/// Operations by number, fields and rights by name.
fn listed<'e>(effects: impl Iterator<Item = &'e RemedyEffect> + Clone) -> Vec<String> {
    /// Names that are told of each kind.
    const NAMED: usize = 3;
    let mut parts = Vec::new();
    let operations = effects.clone().filter(|it| it.ability.is_operation());
    match operations.map(|it| it.users).sum() {
        0 => {}
        1 => parts.push("one operation".to_owned()),
        number => parts.push(format!("{number} operations")),
    }
    for is_field in [true, false] {
        let kind = effects.clone().filter(|it| !it.ability.is_operation());
        let kind = kind.filter(|it| it.ability.is_field() == is_field);
        let mut names: Vec<String> = Vec::new();
        for effect in kind {
            let name = effect.ability.to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let mut told = names.join(", ");
        if more > 0 {
            let what = if is_field { "field" } else { "right" };
            told.push_str(&format!(" and {}", counted(more, &format!("more {what}"))));
        }
        if !told.is_empty() {
            parts.push(told);
        }
    }
    parts
}

impl fmt::Display for Makers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return f.write_str(match self.is_exact {
                true => "No user may make it.",
                false => "No user was found who may make it.",
            });
        }
        for (user, number) in self.users.iter().zip(0..) {
            if number > 0 {
                f.write_str(", ")?;
            }
            f.write_str(&quoted(user))?;
        }
        let more = self.count - self.users.len().min(self.count);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        f.write_str(" may make it.")
    }
}

impl fmt::Display for NoRemedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, causes) = match self {
            NoRemedy::Allowed => ("it is allowed", &[][..]),
            NoRemedy::AllowedByThen => ("it is allowed once what has ended is dropped", &[][..]),
            NoRemedy::Request { causes } => ("the request itself is at fault", &causes[..]),
            NoRemedy::Conditions { causes } => ("conditions do not hold", &causes[..]),
            NoRemedy::OutOfReach { causes } => ("no change brings what is missing", &causes[..]),
            NoRemedy::NotFound => ("nothing was found", &[][..]),
        };
        f.write_str(text)?;
        let mut codes: Vec<&str> = Vec::new();
        for cause in causes {
            if !codes.contains(&cause.code()) {
                codes.push(cause.code());
            }
        }
        match codes.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", codes.join(", ")),
        }
    }
}
