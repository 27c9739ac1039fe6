//! What is missing, a sentence for each cause.

use std::fmt::{self, Write as _};

use super::{ALTERNATIVES, NAMED, Teller, WAYS, list};
use crate::decision::Part;
use crate::document::alike::look;
use crate::document::problem::{named, quoted, shortened};
use crate::document::{AskedOn, PropertyValue};
use crate::explain::{Asker, Cause, FailedCondition, HeldRole, Named, RequestPart, Seen, Wanted};

impl Teller<'_> {
    /// A line for each cause that has not been told; the roles that would help in one line, the
    /// packages in another, and the conditions together.
    pub(super) fn causes(&self, f: &mut String, causes: &[Cause]) -> fmt::Result {
        let grouped = |cause: &&Cause| {
            matches!(
                cause,
                Cause::RoleNotHeld { .. }
                    | Cause::RoleInNoPackage { .. }
                    | Cause::PackageNotAssigned { .. }
            )
        };
        let roles: Vec<&Cause> = causes.iter().filter(grouped).collect();
        let conditions = causes.iter().filter_map(|cause| match cause {
            Cause::Condition(failed) => Some(failed),
            _ => None,
        });
        let conditions: Vec<&FailedCondition> = conditions.collect();
        let (mut is_grouped_told, mut is_condition_told) = (false, false);
        for cause in causes {
            if let Cause::Condition(_) = cause {
                if !is_condition_told {
                    is_condition_told = true;
                    alternatives(f, &conditions)?;
                }
            } else if !grouped(&cause) {
                let mut line = String::new();
                self.cause(&mut line, cause)?;
                // One feature may be missing to many permissions.
                let is_feature = matches!(cause, Cause::FeatureDisabled { .. });
                if !is_feature || self.told.borrow_mut().insert(line.clone()) {
                    f.push_str(&line);
                }
            } else if !is_grouped_told {
                is_grouped_told = true;
                self.elsewhere(f, &roles)?;
            }
        }
        Ok(())
    }

    /// Where the subject could get a permission.
    fn elsewhere(&self, f: &mut String, causes: &[&Cause]) -> fmt::Result {
        let who = &self.who;
        let mut path = "";
        let roles = causes.iter().filter_map(|cause| match cause {
            Cause::RoleNotHeld {
                permission,
                role,
                scope,
                packages,
            } => {
                path = &permission.id;
                let mut text = format!(" {role} at `{scope}`");
                if let Some((first, more)) = packages.split_first() {
                    let _ = write!(text, " in package {first}");
                    if !more.is_empty() {
                        let _ = write!(text, " and {} more", more.len());
                    }
                }
                Some(text)
            }
            Cause::RoleInNoPackage {
                permission,
                role,
                scope,
            } => {
                path = &permission.id;
                Some(format!(" {role} at `{scope}` in no package"))
            }
            _ => None,
        });
        let roles: Vec<String> = roles.collect();
        let packages = causes.iter().filter_map(|cause| match cause {
            Cause::PackageNotAssigned { package, roles, .. } => {
                let first = roles.first().map(ToString::to_string).unwrap_or_default();
                let more = match roles.len() {
                    0 | 1 => String::new(),
                    many => format!(" and {} more", many - 1),
                };
                Some(format!(" {package} with role {first}{more}"))
            }
            _ => None,
        });
        let packages: Vec<String> = packages.collect();
        if !roles.is_empty() {
            write!(
                f,
                "- Roles that grant {}, and that {who} does not have:",
                named(path)
            )?;
            list(f, roles.iter().cloned(), roles.len())?;
            f.write_str(".\n")?;
        }
        if !packages.is_empty() {
            write!(
                f,
                "- Packages that would bring it, and are not assigned to {who}:"
            )?;
            list(f, packages.iter().cloned(), packages.len())?;
            f.write_str(".\n")?;
        }
        Ok(())
    }

    fn cause(&self, f: &mut String, cause: &Cause) -> fmt::Result {
        let who = &self.who;
        f.write_str("- ")?;
        match cause {
            Cause::InvalidIdentifier { of } => write!(
                f,
                "{} is no identifier: it is empty, too long, or holds control characters",
                part_name(*of)
            )?,
            Cause::MissingAccount { on } => write!(f, "The {} states no account", on.as_str())?,
            Cause::WrongAccount { on, stated } => write!(
                f,
                "The {} is of account {}, which is not this one",
                on.as_str(),
                named(stated)
            )?,
            Cause::Removed { user } => write!(
                f,
                "User {} was removed, and the id is not forgotten",
                named(user)
            )?,
            Cause::NotReady { id } => {
                let whom = id.as_deref().map_or("the subject".to_owned(), named);
                write!(
                    f,
                    "A change that cannot be read here yet may have taken something from {whom}"
                )?;
            }
            Cause::UnknownSubject { id: Some(id) } => {
                write!(f, "There is no user {} in the directory", named(id))?;
            }
            Cause::UnknownSubject { id: None } => f.write_str("The user is not of this account")?,
            Cause::UnknownRole {
                role,
                retired: true,
                ..
            } => write!(f, "Role {} was retired by the catalog", named(role))?,
            Cause::UnknownRole {
                role, exists: true, ..
            } => write!(f, "Role {} may not be brought by a token", named(role))?,
            Cause::UnknownRole {
                role,
                exists: false,
                ..
            } => write!(f, "There is no role {}", named(role))?,
            Cause::UnknownPosition { position } => {
                write!(f, "There is no position {}", named(position))?;
            }
            Cause::Suspended { user } => write!(f, "User {} is suspended", named(user))?,
            Cause::UnknownType {
                r#type: Some(r#type),
            } => write!(f, "There is no resource type {}", named(r#type))?,
            Cause::UnknownType { r#type: None } => {
                f.write_str("The resource type is not of this catalog")?;
            }
            Cause::UnknownAction { action } => {
                write!(f, "There is no operation {}", named(action))?;
            }
            Cause::AskedWrongWay { operation, asked } => {
                let (of, asked) = match asked {
                    AskedOn::Type => ("a record", "the type"),
                    AskedOn::Record => ("the type", "a record"),
                };
                write!(
                    f,
                    "{} is asked of {of}, and was asked of {asked}",
                    named(operation)
                )?;
            }
            Cause::NotEverybody => write!(
                f,
                "It is open to everybody who has an id, and {who} brings none"
            )?,
            Cause::NotGranted {
                permission,
                roles,
                setting,
            } => self.not_granted(f, permission, roles, setting.as_ref())?,
            // Told together.
            Cause::RoleNotHeld { .. }
            | Cause::RoleInNoPackage { .. }
            | Cause::PackageNotAssigned { .. }
            | Cause::Condition(_) => {}
            Cause::Denied { permission, .. } => {
                write!(f, "{permission} is denied, whatever is granted:")?;
                let mut ways = self.why.denies.derivations(&permission.id);
                for way in ways.by_ref().take(WAYS) {
                    write!(f, "\n  {way}")?;
                }
                let more = match ways.next() {
                    Some(_) => "\n  …and in other ways\n",
                    None => "\n",
                };
                return f.write_str(more);
            }
            Cause::FeatureDisabled {
                feature,
                on,
                permission,
            } => {
                match (permission, on) {
                    (Some(path), Part::Pair) => write!(f, "{} for this operation", named(path))?,
                    (Some(path), _) => f.write_str(&named(path))?,
                    (None, _) => f.write_str("The operation")?,
                }
                write!(
                    f,
                    " needs the feature {}, which the account does not have",
                    named(feature)
                )?;
            }
            Cause::PrerequisiteMissing {
                prerequisite,
                on,
                permission,
            } => {
                match (permission, on) {
                    (Some(permission), Part::Pair) => write!(f, "{permission} for this operation")?,
                    (Some(permission), _) => write!(f, "{permission}")?,
                    (None, _) => f.write_str("The operation")?,
                }
                write!(f, " needs {prerequisite}, which has no effect for {who}")?;
            }
            Cause::OutOfScope {
                permission,
                reaches,
                needed,
                limited_by,
            } => {
                match permission {
                    Some(permission) => write!(f, "{permission}")?,
                    None => f.write_str("The operation")?,
                }
                write!(
                    f,
                    " reaches as far as `{reaches}`, and the record needs `{needed}`"
                )?;
                if limited_by.iter().any(|it| Some(it) != permission.as_ref()) {
                    f.write_str(". What keeps it there:")?;
                    list(
                        f,
                        limited_by.iter().map(|it| format!(" {it}")),
                        limited_by.len(),
                    )?;
                }
            }
            Cause::TooNarrow {
                permission,
                granted,
                needed,
            } => write!(
                f,
                "{permission} is granted as far as `{granted}`, and would have to be at `{needed}`"
            )?,
        }
        f.write_str(".\n")
    }

    fn not_granted(
        &self,
        f: &mut String,
        permission: &Named,
        roles: &[HeldRole],
        setting: Option<&Named>,
    ) -> fmt::Result {
        let who = &self.who;
        match (self.why.subject.kind, roles.len()) {
            (Asker::Role, _) => write!(f, "The role does not grant {permission}")?,
            (_, 0) => write!(f, "{permission} is not granted: {who} has no role")?,
            (_, many) => {
                write!(
                    f,
                    "None of the roles of {who} grants {permission}. They are:"
                )?;
                let one = |held: &HeldRole| {
                    let mut text = format!(" role {}", held.role);
                    if held.directly && self.why.subject.kind == Asker::User {
                        text.push_str(", assigned directly");
                    }
                    if let Some(package) = held.packages.first() {
                        let more = match held.packages.len() {
                            1 => String::new(),
                            many => format!(" and {} more", many - 1),
                        };
                        let _ = write!(text, ", in package {package}{more}");
                    }
                    text
                };
                for (i, held) in roles.iter().take(NAMED).enumerate() {
                    let between = if i > 0 { ";" } else { "" };
                    write!(f, "{between}{}", one(held))?;
                }
                if many > NAMED {
                    write!(f, "; and {} more", many - NAMED)?;
                }
            }
        }
        match setting {
            Some(role) => write!(f, ". It comes from a setting, which names role {role}"),
            None => Ok(()),
        }
    }
}

fn part_name(part: RequestPart) -> &'static str {
    match part {
        RequestPart::Subject => "The subject",
        RequestPart::SubjectAccount => "The subject's account",
        RequestPart::SubjectRole => "A role that the subject brings",
        RequestPart::SubjectPosition => "The position that the subject brings",
        RequestPart::Action => "The action",
        RequestPart::ResourceType => "The resource type",
        RequestPart::ResourceId => "The id of the record",
        RequestPart::ResourceAccount => "The account of the resource",
        RequestPart::Owner => "The owner of the record",
        RequestPart::OwnerPosition => "The position of the record's owner",
    }
}

/// The conditions of a pair or an operation that do not hold: of many alternatives, those of the one that comes
/// closest, and how many others there are.
fn alternatives(f: &mut String, failed: &[&FailedCondition]) -> fmt::Result {
    let many = failed.first().map_or(0, |it| it.alternatives);
    let told = if many > ALTERNATIVES { 1 } else { many };
    let each = failed.chunk_by(|a, b| a.alternative == b.alternative);
    for conditions in each.take(told) {
        for failed in conditions.iter().take(NAMED) {
            condition(f, failed)?;
        }
        match conditions.len().saturating_sub(NAMED) {
            0 => {}
            1 => f.write_str("- One more of its conditions does not hold.\n")?,
            more => writeln!(f, "- {more} more of its conditions do not hold.")?,
        }
    }
    match many.saturating_sub(told) {
        0 => Ok(()),
        more => writeln!(
            f,
            "- That comes closest. None of the `{more}` other alternatives holds either."
        ),
    }
}

fn condition(f: &mut String, failed: &FailedCondition) -> fmt::Result {
    f.write_str("- ")?;
    match (&failed.permission, failed.on) {
        (Some(permission), _) => write!(f, "{permission} for this operation wants ")?,
        (None, Part::Pair) => f.write_str("This way wants ")?,
        (None, _) => f.write_str("The operation wants ")?,
    }
    let words = match failed.operator {
        "is" => "to be",
        "is_not" => "not to be",
        "one_of" => "to be one of",
        "none_of" => "to be none of",
        "less" => "to be less than",
        "at_most" => "to be at most",
        "greater" => "to be greater than",
        _ => "to be at least",
    };
    write!(f, "`{}` {words} ", shortened(&failed.property))?;
    match &failed.wanted {
        Wanted::Constant(value) => write_value(f, value)?,
        Wanted::List(values) => write_values(f, values)?,
        Wanted::Property { property, value } => {
            write!(f, "`{}`", shortened(property))?;
            if let Seen::Value(value) = value {
                f.write_str(", which is ")?;
                write_value(f, value)?;
            }
        }
        Wanted::Masked => f.write_str("something that is not told, for a field is masked")?,
    }
    match (&failed.fault, failed.code, &failed.seen) {
        (Some(fault), "property_missing", _) => {
            write!(f, "; `{}` is missing", shortened(fault))?;
        }
        (Some(fault), ..) => {
            write!(
                f,
                "; `{}` is of another type than declared",
                shortened(fault)
            )?;
        }
        (None, _, Seen::Value(value)) => {
            f.write_str("; it is ")?;
            write_value(f, value)?;
            if let Some(place) = apart(value, &failed.wanted) {
                write!(f, ", which differs at character {place}")?;
            }
        }
        (None, ..) => f.write_str("; it is not so")?,
    }
    match failed.alternative {
        0 => {}
        further => write!(f, " (alternative {})", further + 1)?,
    }
    f.write_str(".\n")
}

/// Where a text differs from the one that is wanted, counted from 1, if the two read alike.
fn apart(value: &PropertyValue, wanted: &Wanted) -> Option<usize> {
    let (Wanted::Constant(other)
    | Wanted::Property {
        value: Seen::Value(other),
        ..
    }) = wanted
    else {
        return None;
    };
    let (PropertyValue::Text(one), PropertyValue::Text(other)) = (value, other) else {
        return None;
    };
    if one == other || look(&quoted(one)) != look(&quoted(other)) {
        return None;
    }
    let both = one.chars().zip(other.chars());
    Some(both.take_while(|(one, other)| one == other).count() + 1)
}

fn write_value(f: &mut String, value: &PropertyValue) -> fmt::Result {
    match value {
        PropertyValue::Text(text) => f.write_str(&quoted(text)),
        PropertyValue::Integer(n) => write!(f, "`{n}`"),
        PropertyValue::Boolean(b) => write!(f, "`{b}`"),
        PropertyValue::Set(texts) if texts.is_empty() => f.write_str("an empty set"),
        PropertyValue::Set(texts) => {
            f.write_str("the set of")?;
            list(
                f,
                texts.iter().map(|it| format!(" {}", quoted(it))),
                texts.len(),
            )
        }
    }
}

fn write_values(f: &mut String, values: &[PropertyValue]) -> fmt::Result {
    for (i, value) in values.iter().take(NAMED).enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write_value(f, value)?;
    }
    match values.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => write!(f, ", and {more} more"),
    }
}
