//! Users, one by one: their position, assignments and properties.

use std::collections::HashSet;

use smallvec::SmallVec;

use super::super::users::{End, Extras, Held, User};
use super::EngineBuilder;
use super::policy::OUT_OF_CALENDAR;
use crate::catalog::{Bearer, check_identifier, check_limit, find, find_or};
use crate::document::naming::check_display_name;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AssignmentDocument, ProblemCode, PropertyType, PropertyValue, UserDocument};
use crate::limits;
use crate::names::Numbered;

impl EngineBuilder {
    pub(super) fn read_user(
        &mut self,
        user: &UserDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<u32> {
        let id = at.field("id");
        let mut sound = check_identifier(&user.id, &id, report);
        sound &= check_display_name(user.name.as_deref(), &at.field("name"), report);
        let used = &self.state.used.users;
        if used.len() > 0 && used.contains(user.id.as_str()) {
            report.error(
                &id,
                (
                    ProblemCode::UsedId,
                    format!(
                        "user id {} was used before; forget it to use it again",
                        quoted(&user.id)
                    ),
                ),
            );
            sound = false;
        }
        // Of every user that was read, also of those that were not sound.
        let seen = !self.unsound_users.is_empty() && self.unsound_users.contains(user.id.as_str());
        if seen || self.names.get(&user.id).is_some() {
            report.error(
                &id,
                (
                    ProblemCode::Duplicate,
                    format!("duplicate user {}", quoted(&user.id)),
                ),
            );
            sound = false;
        }
        let position = match &user.position {
            None => None,
            Some(name) => {
                let found = find(
                    &*self.state.positions,
                    name,
                    "position",
                    &at.field("position"),
                    report,
                );
                sound &= found.is_some();
                found
            }
        };
        let mut assigned = std::mem::take(&mut self.assigned);
        assigned.roles.clear();
        assigned.packages.clear();
        let mut ends = Vec::new();
        for (list, of_packages) in [(&user.roles, false), (&user.packages, true)] {
            let word = if of_packages { "packages" } else { "roles" };
            let list_at = at.field(word);
            let before = sound;
            let found = match of_packages {
                true => &mut assigned.packages,
                false => &mut assigned.roles,
            };
            let read = self.read_assignments(list, of_packages, found, &mut ends, &list_at, report);
            sound = before && read;
        }
        self.assigned = assigned;
        let properties = self.read_properties(user, at, report);
        let (Some(properties), true) = (properties, sound) else {
            self.unsound_users.insert(user.id.as_str().into());
            return None;
        };
        if self.names.len() >= limits::USERS {
            report.error(
                at,
                (
                    ProblemCode::TooMany,
                    format!("the limit of `{}` users is reached", limits::USERS),
                ),
            );
            return None;
        }
        let index = self.names.insert(&user.id).ok()?;
        let access = match self.interned.get(&self.assigned) {
            Some(known) => *known,
            None => {
                let fresh = self.interned.len() as u32;
                self.interned.insert(self.assigned.clone(), fresh);
                fresh
            }
        };
        let record = User::new(access, position, user.suspended);
        self.records.push(record);
        let extras = Extras {
            label: user.name.as_deref().map(Into::into),
            properties,
            ends,
        };
        if extras != Extras::default() {
            self.extras.push((index, extras));
        }
        Some(index)
    }

    /// The assignments that have not ended, sorted; `false` if one is wrong.
    fn read_assignments(
        &self,
        list: &[AssignmentDocument],
        of_packages: bool,
        found: &mut Vec<u32>,
        ends: &mut Vec<End>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> bool {
        let mut sound = true;
        let mut all = Distinct::default();
        for (i, assignment) in list.iter().enumerate() {
            let here = at.index(i);
            let id = here.field("id");
            let index = match of_packages {
                true => find_or(
                    &*self.state.packages,
                    &assignment.id,
                    "package",
                    &id,
                    report,
                    || {
                        let role = self.state.roles.find(&assignment.id)?;
                        let hint = "; it is a role: list it under `roles`";
                        self.state.roles.get(role).map(|_| hint.to_owned())
                    },
                ),
                false => self.find_role(&*self.state.roles, &assignment.id, &id, report),
            };
            let Some(index) = index else {
                sound = false;
                continue;
            };
            if !all.insert(index) {
                report.error(
                    &id,
                    (
                        ProblemCode::Duplicate,
                        format!("duplicate assignment of {}", quoted(&assignment.id)),
                    ),
                );
                sound = false;
            }
            if let Some(until) = assignment.until
                && !until.is_writable()
            {
                report.error(
                    &here.field("until"),
                    (ProblemCode::NoMoment, OUT_OF_CALENDAR),
                );
                sound = false;
            }
            match assignment.until {
                Some(until) if until <= self.at => continue,
                Some(until) => ends.push(End {
                    of: match of_packages {
                        true => Held::Package(index),
                        false => Held::Role(index),
                    },
                    until,
                }),
                None => {}
            }
            found.push(index);
        }
        found.sort_unstable();
        sound
    }

    fn read_properties(
        &self,
        user: &UserDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Vec<(u16, PropertyValue)>> {
        let model = self.state.model();
        let mut sound = true;
        let mut found = Vec::with_capacity(user.properties.len());
        let table = at.field("properties");
        for (name, value) in &user.properties {
            let here = table.field(name);
            let Some(&index) = self.subject_properties.get(name.as_str()) else {
                let of_subjects = model.properties.iter();
                let of_subjects = of_subjects.filter(|it| it.bearer == Bearer::Subject);
                let near = report.did_you_mean(name, of_subjects.map(|it| it.name.as_ref()));
                report.error(
                    &here,
                    (
                        ProblemCode::Unknown,
                        format!("undeclared property {} of the subject{near}", quoted(name)),
                    ),
                );
                sound = false;
                continue;
            };
            let kind = model.properties.get(index as usize).map(|it| it.kind);
            let found_kind = match value {
                PropertyValue::Text(_) => PropertyType::Text,
                PropertyValue::Integer(_) => PropertyType::Integer,
                PropertyValue::Boolean(_) => PropertyType::Boolean,
                PropertyValue::Set(_) => PropertyType::Set,
            };
            if let PropertyValue::Set(texts) = value
                && !check_limit(
                    texts.len(),
                    limits::SET_TEXTS,
                    "texts in a set",
                    &here,
                    report,
                )
            {
                sound = false;
                continue;
            }
            if kind == Some(found_kind) {
                found.push((index, value.clone()));
            } else {
                let declared = kind.map_or("", PropertyType::as_str);
                report.error(
                    &here,
                    (ProblemCode::PropertyWrongType, format!(
                        "property {} is of type `{declared}`, and this is of type `{found_kind}`",
                        quoted(name)
                    )),
                );
                sound = false;
            }
        }
        found.sort_unstable_by_key(|(property, _)| *property);
        sound.then_some(found)
    }
}

/// Numbers, each once. Most users are assigned a few: those are looked through.
#[derive(Default)]
struct Distinct {
    few: SmallVec<[u32; FEW]>,
    many: HashSet<u32>,
}

const FEW: usize = 16;

impl Distinct {
    /// Whether it is new.
    fn insert(&mut self, number: u32) -> bool {
        if self.few.contains(&number) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(number);
            return true;
        }
        self.many.insert(number)
    }
}
