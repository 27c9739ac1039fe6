//! Remedies read aloud.

use std::fmt;

use super::{Makers, NoRemedy, Remedies, Remedy};
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
        let (users, operations) = (self.opens.users, self.opens.operations);
        match (users, operations) {
            (0, _) => f.write_str(". Opens nothing to users of the directory")?,
            (1, 1) => f.write_str(". Opens one operation to one user")?,
            (1, _) => write!(f, ". Opens {operations} operations to one user")?,
            _ => write!(
                f,
                ". Opens {operations} operations to {users} users together"
            )?,
        }
        write!(f, ". {}", self.makers)
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
