//! Remedies read aloud.

use std::fmt;

use super::{Makers, NoRemedy, Remedies, Remedy, RemedyEffect};
use crate::abilities::{Ability, names_alike};
use crate::compared::counted;
use crate::document::problem::named;

/// A numbered list for whoever answers the telephone; the sentences are not stable.
impl fmt::Display for Remedies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.none {
            let left_out: Vec<String> = why.left_out().into_iter().map(named).collect();
            if !left_out.is_empty() {
                let properties = left_out.join(", ");
                return writeln!(
                    f,
                    "The request leaves out {properties}, which conditions read: ask again with it."
                );
            }
            let helps = match why {
                NoRemedy::Allowed | NoRemedy::AllowedByThen => "is needed",
                _ => "helps",
            };
            return writeln!(f, "Nothing {helps}: {why}.");
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
        let lost = || self.effects.iter().filter(|it| !it.is_gain());
        match (gained().next().is_none(), self.opens.users) {
            (true, _) => f.write_str(". Opens nothing to users of the directory")?,
            (false, users) => {
                write!(f, ". Opens {} to ", counts(of_users(gained())))?;
                match users {
                    1 => f.write_str("one user")?,
                    users => write!(f, "{users} users together")?,
                }
            }
        }
        write_names(f, of_users(gained()))?;
        if lost().next().is_some() {
            write!(f, ". Takes {} away", counts(of_users(lost())))?;
            write_names(f, of_users(lost()))?;
        }
        for of_role in self.tokens.chunk_by(|a, b| a.role == b.role) {
            let role = of_role.first().map_or("", |it| &it.role);
            for (verb, is_gain) in [("Opens", true), ("Takes", false)] {
                let effects = of_role.iter().filter(|it| it.is_gain() == is_gain);
                let effects = effects.map(|it| (&it.ability, 1));
                if effects.clone().next().is_some() {
                    let (counts, way) =
                        (counts(effects.clone()), if is_gain { "to" } else { "from" });
                    write!(
                        f,
                        ". {verb} {counts} {way} tokens that bring {}",
                        named(role)
                    )?;
                    write_names(f, effects)?;
                }
            }
        }
        write!(f, ". {}", self.makers)
    }
}

fn of_users<'e>(
    effects: impl Iterator<Item = &'e RemedyEffect>,
) -> impl Iterator<Item = (&'e Ability, usize)> {
    effects.map(|it| (&it.ability, it.users))
}

/// `2 operations, one field and 3 rights`, those of all users added up.
fn counts<'e>(effects: impl Iterator<Item = (&'e Ability, usize)>) -> String {
    let (mut operations, mut fields, mut rights) = (0, 0, 0);
    for (ability, users) in effects {
        *if ability.is_operation() {
            &mut operations
        } else if ability.is_field() {
            &mut fields
        } else {
            &mut rights
        } += users;
    }
    let kinds = [
        (operations, "operation"),
        (fields, "field"),
        (rights, "right"),
    ];
    let parts = kinds.into_iter().filter(|(number, _)| *number > 0);
    let parts = parts.map(|(number, what)| match number {
        1 => format!("one {what}"),
        _ => counted(number, what),
    });
    let parts: Vec<String> = parts.collect();
    match parts.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

/// Every field and right by its name: who chooses a remedy must not overlook one.
fn write_names<'e>(
    f: &mut fmt::Formatter<'_>,
    effects: impl Iterator<Item = (&'e Ability, usize)>,
) -> fmt::Result {
    let abilities = effects.map(|(ability, _)| ability);
    let names = names_alike(abilities.filter(|it| !it.is_operation()));
    match names.is_empty() {
        true => Ok(()),
        false => write!(f, ": {names}"),
    }
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
            f.write_str(&named(user))?;
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
