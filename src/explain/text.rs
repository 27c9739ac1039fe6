//! An explanation read aloud.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::{self, Formatter, Write as _};

use super::{
    Asker, Cause, Explanation, FailedCondition, HeldRole, Lent, Named, PairFinding, Reach,
    Relation, RequestPart, Seen, Wanted,
};
use crate::Scope;
use crate::decision::Part;
use crate::document::problem::{quoted, shortened};
use crate::document::{AskedOn, PropertyValue};

/// How many ways, roles, packages and values a sentence names before it says how many more there are.
const NAMED: usize = 10;
const WAYS: usize = 3;

/// Plain sentences, one a line, for whoever has to tell somebody why.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let teller = Teller {
            why: self,
            who: self.who(),
            told: RefCell::default(),
        };
        let mut text = String::new();
        match self.decision.is_allow() {
            true => teller.allowed(&mut text)?,
            false => teller.denied(&mut text)?,
        }
        f.write_str(&text)
    }
}

impl Explanation {
    fn who(&self) -> String {
        let subject = &self.subject;
        match (subject.kind, &subject.id, subject.brings.first()) {
            (Asker::User, Some(id), _) => quoted(id),
            (Asker::User, None, _) => "the user".to_owned(),
            (Asker::Token, Some(id), _) => format!("the token of {}", quoted(id)),
            (Asker::Token, None, _) => "the token".to_owned(),
            (Asker::Role, Some(id), Some(role)) => format!("{} as role {role}", quoted(id)),
            (Asker::Role, None, Some(role)) => format!("role {role}"),
            (Asker::Role, _, None) => "the role".to_owned(),
        }
    }
}

struct Teller<'e> {
    why: &'e Explanation,
    who: String,
    told: RefCell<HashSet<String>>,
}

impl Teller<'_> {
    fn title(&self, f: &mut String, may: &str) -> fmt::Result {
        let asked = &self.why.operation;
        let mut who = self.who.chars();
        f.write_str(
            &who.next()
                .map_or_else(String::new, |it| it.to_uppercase().collect()),
        )?;
        write!(f, "{} {may} do {}", who.as_str(), quoted(&asked.id))?;
        if let Some(label) = &asked.label {
            write!(f, " ({})", shortened(label))?;
        }
        if let Some(record) = &asked.record {
            write!(f, " on record {}", quoted(record))?;
        }
        f.write_str(".\n")
    }

    // ── Allowed ───────────────────────────────────────────────────────────────────────────────

    fn allowed(&self, f: &mut String) -> fmt::Result {
        self.title(f, "may")?;
        let pairs = self.why.pairs.iter().filter(|pair| pair.code == "allowed");
        let mut told: Vec<&str> = Vec::new();
        for pair in pairs {
            let scope = pair.scope.map_or("", Scope::as_str);
            match &pair.permission {
                None => f.write_str("- It is open to everybody.\n")?,
                Some(permission) => {
                    writeln!(f, "- {permission} allows it, as far as `{scope}`:")?;
                    self.ways(f, permission, self.least(pair))?;
                    told.push(&permission.id);
                }
            }
            if let Some(lent) = &pair.lent {
                self.lent(f, lent)?;
            }
        }
        for finding in &self.why.permissions {
            if !told.contains(&finding.permission.id.as_str()) {
                writeln!(
                    f,
                    "- It needs {} too, which is granted:",
                    finding.permission
                )?;
                self.ways(f, &finding.permission, Scope::Own)?;
            }
        }
        match &self.why.reach {
            Some(reach) => self.reach(f, reach),
            None => Ok(()),
        }
    }

    /// How far a way must lead to be worth telling: to the record, unless somebody lends.
    fn least(&self, pair: &PairFinding) -> Scope {
        match &self.why.reach {
            Some(reach) if pair.lent.is_none() => reach.needed,
            _ => Scope::Own,
        }
    }

    fn ways(&self, f: &mut String, permission: &Named, least: Scope) -> fmt::Result {
        let mut ways = self.why.grants.derivations_reaching(&permission.id, least);
        for way in ways.by_ref().take(WAYS) {
            writeln!(f, "  {way}")?;
        }
        match ways.next() {
            Some(_) => f.write_str("  …and in other ways\n"),
            None => Ok(()),
        }
    }

    fn lent(&self, f: &mut String, lent: &Lent) -> fmt::Result {
        f.write_str("- It reaches `all` because people below have it:")?;
        let named = |it: &super::Lender| format!(" {} at {}", quoted(&it.user), it.position);
        list(f, lent.by.iter().map(named), lent.count)?;
        f.write_str(".\n")
    }

    fn reach(&self, f: &mut String, reach: &Reach) -> fmt::Result {
        let who = &self.who;
        f.write_str("- The record belongs to ")?;
        match &reach.owner {
            None => {
                return writeln!(f, "nobody, so that only `all` reaches it.");
            }
            Some(owner) if owner.is_empty() => f.write_str("a user of another account")?,
            Some(owner) => f.write_str(&quoted(owner))?,
        }
        match (reach.relation, &reach.owner_position) {
            (Relation::Own, _) => return writeln!(f, ": it is their own."),
            (_, Some(position)) => write!(f, " at {position}")?,
            (_, None) => f.write_str(", who has no position")?,
        }
        if reach.is_stated {
            f.write_str(" (as the request says)")?;
        }
        let position = match &reach.subject_position {
            Some(position) => position.to_string(),
            None => String::new(),
        };
        match reach.relation {
            Relation::Own | Relation::Unowned => {}
            Relation::Below => write!(f, ", below {who} at {position}")?,
            Relation::Peer => write!(f, ", as {who} is")?,
            Relation::Above => write!(f, ", above {who} at {position}")?,
            Relation::Apart => {
                write!(f, ", which is neither above nor below {who} at {position}")?;
            }
            Relation::SubjectWithoutPosition => write!(f, ", and {who} has no position")?,
            Relation::OwnerWithoutPosition => {}
        }
        if !reach.path.is_empty() {
            f.write_str(": ")?;
            for (i, position) in reach.path.iter().take(NAMED).enumerate() {
                let arrow = if i > 0 { " → " } else { "" };
                write!(f, "{arrow}{position}")?;
            }
            if reach.path.len() > NAMED {
                write!(f, " → {} more", reach.path.len() - NAMED)?;
            }
        }
        writeln!(f, ". `{}` reaches it.", reach.needed)
    }

    // ── Denied ────────────────────────────────────────────────────────────────────────────────

    fn denied(&self, f: &mut String) -> fmt::Result {
        self.title(f, "may not")?;
        let why = self.why;
        self.causes(f, &why.obstacles)?;
        if why.pairs.iter().any(|pair| pair.code == "allowed") {
            return f.write_str("- Nothing else would keep them from it.\n");
        }
        if why.pairs.len() > 1 {
            f.write_str("- One of these permissions would allow it:")?;
            let paths = why.pairs.iter().filter_map(|pair| pair.permission.as_ref());
            list(f, paths.map(|path| format!(" {path}")), why.pairs.len())?;
            f.write_str(".\n")?;
        }
        for pair in &why.pairs {
            let permission = pair.permission.as_ref();
            self.causes(f, &pair.causes)?;
            if let Some(finding) = permission.and_then(|it| why.permission(&it.id)) {
                self.causes(f, &finding.causes)?;
            }
        }
        let is_of_pair = |path: &str| {
            let mut permissions = why.pairs.iter().filter_map(|pair| pair.permission.as_ref());
            permissions.any(|it| it.id == path)
        };
        for finding in &why.permissions {
            if !is_of_pair(&finding.permission.id) {
                self.causes(f, &finding.causes)?;
            }
        }
        self.causes(f, &why.operation_causes)?;
        let out_of_scope = why
            .causes()
            .any(|it| matches!(it, Cause::OutOfScope { .. }));
        match &why.reach {
            Some(reach) if out_of_scope => self.reach(f, reach),
            _ => Ok(()),
        }
    }

    /// A line for each cause that has not been told; the roles that would help in one line, and the
    /// packages in another.
    fn causes(&self, f: &mut String, causes: &[Cause]) -> fmt::Result {
        let grouped = |cause: &&Cause| {
            matches!(
                cause,
                Cause::RoleNotHeld { .. } | Cause::PackageNotAssigned { .. }
            )
        };
        let roles: Vec<&Cause> = causes.iter().filter(grouped).collect();
        let mut is_grouped_told = false;
        for cause in causes {
            if !grouped(&cause) {
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
        let is_user = self.why.subject.kind == Asker::User;
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
                match packages.split_first() {
                    None if is_user => text.push_str(" in no package"),
                    None => {}
                    Some((first, more)) => {
                        let _ = write!(text, " in package {first}");
                        if !more.is_empty() {
                            let _ = write!(text, " and {} more", more.len());
                        }
                    }
                }
                Some(text)
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
                quoted(path)
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
                quoted(stated)
            )?,
            Cause::UnknownSubject { id: Some(id) } => {
                write!(f, "There is no user {} in the directory", quoted(id))?;
            }
            Cause::UnknownSubject { id: None } => f.write_str("The user is not of this account")?,
            Cause::UnknownRole { role, exists: true } => {
                write!(f, "Role {} may not be brought by a token", quoted(role))?;
            }
            Cause::UnknownRole {
                role,
                exists: false,
            } => write!(f, "There is no role {}", quoted(role))?,
            Cause::UnknownPosition { position } => {
                write!(f, "There is no position {}", quoted(position))?;
            }
            Cause::Suspended { user } => write!(f, "User {} is suspended", quoted(user))?,
            Cause::UnknownType {
                r#type: Some(r#type),
            } => write!(f, "There is no resource type {}", quoted(r#type))?,
            Cause::UnknownType { r#type: None } => {
                f.write_str("The resource type is not of this catalog")?;
            }
            Cause::UnknownAction { action } => {
                write!(f, "There is no operation {}", quoted(action))?;
            }
            Cause::AskedWrongWay { operation, asked } => {
                let (of, asked) = match asked {
                    AskedOn::Type => ("a record", "the type"),
                    AskedOn::Record => ("the type", "a record"),
                };
                write!(
                    f,
                    "{} is asked of {of}, and was asked of {asked}",
                    quoted(operation)
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
            Cause::RoleNotHeld { .. } | Cause::PackageNotAssigned { .. } => {}
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
                    (Some(path), Part::Pair) => write!(f, "{} for this operation", quoted(path))?,
                    (Some(path), _) => f.write_str(&quoted(path))?,
                    (None, _) => f.write_str("The operation")?,
                }
                write!(
                    f,
                    " needs the feature {}, which the account does not have",
                    quoted(feature)
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
                    " reaches as far as `{reaches}`, and the record takes `{needed}`"
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
            Cause::Condition(failed) => condition(f, failed)?,
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

/// The first of them, each beginning with its space, and how many more there are.
fn list(f: &mut String, items: impl Iterator<Item = String>, count: usize) -> fmt::Result {
    let mut shown = 0;
    for item in items.take(NAMED) {
        let comma = if shown > 0 { "," } else { "" };
        write!(f, "{comma}{item}")?;
        shown += 1;
    }
    match count.saturating_sub(shown) {
        0 => Ok(()),
        more => write!(f, ", and {more} more"),
    }
}

fn condition(f: &mut String, failed: &FailedCondition) -> fmt::Result {
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
        }
        (None, ..) => f.write_str("; it is not so")?,
    }
    match failed.alternative {
        0 => Ok(()),
        further => write!(f, " (alternative {})", further + 1),
    }
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
