//! Changes to users: their assignments, positions, properties and suspension.

use super::super::authority::{Person, Target};
use super::super::change::UsedIdKind;
use super::super::refusal::{Named, Refusal};
use super::bearers::Covered;
use super::{Transaction, find, validated};
use crate::catalog::{Bearer, Condition};
use crate::document::problem::quoted;
use crate::document::{ChangeKind, ProblemCode, PropertyType, PropertyValue, UserDocument};
use crate::engine::{Assigned, Extras, Held, NOWHERE, Planes, User};
use crate::limits;
use crate::names::Numbered;

impl Transaction {
    pub(super) fn create_user(&mut self, user: &UserDocument) -> Result<(), Refusal> {
        self.check_new_id(&user.id, Named::User)?;
        self.make_user(user, false)
    }

    /// Somebody who was removed comes back. What they held then no state tells, and so all of it may be
    /// lifted by this (D18).
    pub(super) fn restore_user(&mut self, user: &UserDocument) -> Result<(), Refusal> {
        let id = user.id.clone();
        if self.now().find_user(&id).is_some() {
            return Err(Refusal::Exists {
                what: Named::User,
                id,
            });
        }
        if !self.now().is_used(UsedIdKind::User, &id) {
            return Err(Refusal::Unknown {
                what: Named::UsedId,
                id,
                nearest: None,
            });
        }
        self.make_user(user, true)?;
        self.draft.forget_id(UsedIdKind::User, &user.id);
        Ok(())
    }

    fn make_user(&mut self, user: &UserDocument, is_restored: bool) -> Result<(), Refusal> {
        self.check_new_name(user.name.as_deref())?;
        if self.now().users().count() >= limits::USERS {
            return Err(Refusal::TooMany {
                what: "users",
                limit: limits::USERS,
            });
        }
        let position = match &user.position {
            Some(position) => Some(self.find_position(position)?),
            None => None,
        };
        let mut assigned = Assigned::default();
        let mut ends = Vec::new();
        for assignment in &user.roles {
            let role = self.find_role(&assignment.id)?;
            self.refuse_retired(role, &assignment.id, u32::MAX)?;
            self.take_on(&mut assigned, &mut ends, Held::Role(role), assignment.until)?;
        }
        for assignment in &user.packages {
            let package = self.find_package(&assignment.id)?;
            self.take_on(
                &mut assigned,
                &mut ends,
                Held::Package(package),
                assignment.until,
            )?;
        }
        let mut properties = Vec::new();
        for (name, value) in &user.properties {
            properties.push((self.find_property(name, Some(value))?, value.clone()));
        }
        properties.sort_unstable_by_key(|(property, _)| *property);

        let scene = self.scene();
        let person = scene.made(&user.id, position.unwrap_or(NOWHERE));
        let target = Target::Person(person, &user.id);
        let kind = ChangeKind::CreateUser;
        self.authority.kind(scene, kind, target)?;
        for (property, _) in &properties {
            self.may_edit(*property, target)?;
        }
        let roles = self.now().authorized(&assigned);
        self.authority.assign(scene, &roles, target)?;
        self.confer_assigned(kind, (&assigned, &ends), (person, &user.id))?;
        // The id may bring roles in a token already.
        let covered = match user.suspended {
            true => Covered::Everything,
            false => Covered::Denied(self.now().united(&assigned)),
        };
        self.bind(kind, &covered, target)?;
        if is_restored && !user.suspended {
            let kind = ChangeKind::SuspendUser;
            self.authority.kind(scene, kind, target)?;
            self.confer_assigned(kind, (&assigned, &ends), (person, &user.id))?;
            self.free(kind, &Covered::Everything)?;
        }

        let extras = Extras {
            label: user.name.as_deref().map(Into::into),
            properties,
            ends,
        };
        let read: Vec<u16> = extras.properties.iter().map(|(it, _)| *it).collect();
        let number = self
            .draft
            .add_user(&user.id, assigned, position, user.suspended, extras);
        self.may_place(number, NOWHERE, position.unwrap_or(NOWHERE))?;
        self.may_set_properties(number, &read)
    }

    pub(super) fn describe_user(
        &mut self,
        user: &str,
        name: &Option<String>,
    ) -> Result<(), Refusal> {
        let (number, _, mut extras) = self.user(user)?;
        if extras.label.as_deref() == name.as_deref() {
            return Err(Refusal::NothingToChange);
        }
        self.check_new_name(name.as_deref())?;
        self.may_change(ChangeKind::DescribeUser, number, user)?;
        extras.label = name.as_deref().map(Into::into);
        self.draft.set_extras(number, extras);
        Ok(())
    }

    pub(super) fn remove_user(&mut self, user: &str) -> Result<(), Refusal> {
        let (number, record, _) = self.user(user)?;
        self.may_change(ChangeKind::RemoveUser, number, user)?;
        if !self.before.model().administration.removal_revokes_nothing {
            let roles = self.roles_of(record);
            let target = Target::Person(self.scene().person(number), user);
            self.authority.revoke(self.scene(), &roles, target)?;
        }
        let target = Target::Person(self.scene().person(number), user);
        self.bind(ChangeKind::RemoveUser, &Covered::Everything, target)?;
        self.draft.remove_user(number);
        self.draft.use_id(UsedIdKind::User, user);
        Ok(())
    }

    pub(super) fn suspend_user(&mut self, user: &str, suspend: bool) -> Result<(), Refusal> {
        let (number, record, extras) = self.user(user)?;
        if record.is_suspended() == suspend {
            return Err(Refusal::NothingToChange);
        }
        let kind = ChangeKind::SuspendUser;
        self.may_change(kind, number, user)?;
        let roles = self.roles_of(record);
        let scene = self.scene();
        let person = scene.person(number);
        let target = Target::Person(person, user);
        // Suspending revokes, reinstating assigns (A3).
        if suspend {
            self.authority.revoke(scene, &roles, target)?;
            self.bind(kind, &Covered::Everything, target)?;
        } else {
            self.authority.assign(scene, &roles, target)?;
            if let Some(assigned) = self.now().assigned(record.access()) {
                self.confer_assigned(kind, (assigned, &extras.ends), (person, user))?;
            }
            self.free(kind, &Covered::Everything)?;
        }
        self.draft.set_suspended(number, suspend);
        Ok(())
    }

    pub(super) fn place_user(&mut self, user: &str, position: Option<&str>) -> Result<(), Refusal> {
        let (number, record, _) = self.user(user)?;
        let to = match position {
            Some(position) => Some(self.find_position(position)?),
            None => None,
        };
        if to == record.in_position() {
            return Err(Refusal::NothingToChange);
        }
        let kind = ChangeKind::PlaceUsers;
        self.may_change(kind, number, user)?;
        let to_number = to.unwrap_or(NOWHERE);
        let there = Person {
            was: None,
            is: to_number,
            ..self.scene().person(number)
        };
        self.authority
            .kind(self.scene(), kind, Target::Person(there, user))?;
        self.may_place(number, record.position, to_number)?;
        self.draft.set_position(number, to);
        Ok(())
    }

    pub(super) fn set_property(
        &mut self,
        user: &str,
        property: &str,
        value: Option<&PropertyValue>,
    ) -> Result<(), Refusal> {
        let (number, _, mut extras) = self.user(user)?;
        let property = self.find_property(property, value)?;
        let known = extras.properties.iter().find(|(it, _)| *it == property);
        let known = known.map(|(_, known)| known);
        if known == value || known.zip(value).is_some_and(|(a, b)| are_same_sets(a, b)) {
            return Err(Refusal::NothingToChange);
        }
        self.may_change(ChangeKind::EditProperties, number, user)?;
        self.may_edit(property, Target::Person(self.scene().person(number), user))?;
        self.may_set_properties(number, &[property])?;
        extras.properties.retain(|(it, _)| *it != property);
        extras
            .properties
            .extend(value.map(|it| (property, it.clone())));
        extras.properties.sort_unstable_by_key(|(it, _)| *it);
        self.draft.set_extras(number, extras);
        Ok(())
    }

    /// Checks that the actor holds, for that user, what the catalog asks of who edits a property (D10).
    fn may_edit(&self, property: u16, target: Target<'_>) -> Result<(), Refusal> {
        match self.before.model().properties.get(usize::from(property)) {
            // Accepted before there was such a rule (D16).
            Some(_) if self.is_replayed() => Ok(()),
            Some(property) => self.authority.property(self.scene(), property, target),
            None => Ok(()),
        }
    }

    /// What conditions read of somebody decides what they reach: each permission that they are granted
    /// in such a condition is needed at All (A4).
    fn may_set_properties(&self, user: u32, properties: &[u16]) -> Result<(), Refusal> {
        if self.authority.is_system() || properties.is_empty() {
            return Ok(());
        }
        let model = self.before.model();
        let reads = |when: &[Vec<Condition>]| {
            let mut read = when.iter().flatten().flat_map(Condition::properties);
            read.any(|it| properties.contains(&it))
        };
        let mut rights = Planes::none(model.permissions.len());
        self.at_each_moment(user, |then| rights.unite(then));
        let granted = |permission| rights.granted(permission) > 0;
        let mut widened = std::collections::BTreeSet::new();
        for operation in &model.operations {
            let of_operation = reads(&operation.when);
            for pair in operation.pairs.clone() {
                let Some(pair) = model.pairs.get(pair as usize) else {
                    continue;
                };
                if (of_operation || reads(&pair.when)) && granted(pair.permission) {
                    widened.insert(pair.permission);
                }
            }
        }
        self.authority.widen(self.scene(), widened.into_iter())
    }

    pub(super) fn may_change(
        &self,
        kind: ChangeKind,
        user: u32,
        name: &str,
    ) -> Result<(), Refusal> {
        let scene = self.scene();
        let target = Target::Person(scene.person(user), name);
        self.authority.kind(scene, kind, target)
    }

    pub(super) fn user(&self, id: &str) -> Result<(u32, User, Extras), Refusal> {
        let number = self.find_user(id)?;
        let extras = self.now().users().extras(number);
        match self.now().user_record(number) {
            Some(record) => Ok((number, record, extras.cloned().unwrap_or_default())),
            None => Err(Refusal::NothingToChange),
        }
    }

    /// A declared property of subjects, and a value of its type.
    fn find_property(&self, name: &str, value: Option<&PropertyValue>) -> Result<u16, Refusal> {
        let model = self.before.model();
        let mut declared = crate::names::Names::default();
        let mut numbers = Vec::new();
        for (property, number) in model.properties.iter().zip(0..) {
            if property.bearer == Bearer::Subject && declared.insert(&property.name).is_ok() {
                numbers.push((number, property.kind));
            }
        }
        let found = find(&declared, name, Named::Property)?;
        let Some(&(number, kind)) = numbers.get(found as usize) else {
            return Err(Refusal::NothingToChange);
        };
        let Some(value) = value else {
            return Ok(number);
        };
        validated(|root, report| {
            let here = root.field("value");
            let found = match value {
                PropertyValue::Text(_) => PropertyType::Text,
                PropertyValue::Integer(_) => PropertyType::Integer,
                PropertyValue::Boolean(_) => PropertyType::Boolean,
                PropertyValue::Set(_) => PropertyType::Set,
            };
            if found != kind {
                let message = (
                    ProblemCode::PropertyWrongType,
                    format!(
                        "property {} is of type `{kind}`, and this is of type `{found}`",
                        quoted(name)
                    ),
                );
                report.error(&here, message);
            }
            if let PropertyValue::Set(texts) = value {
                crate::catalog::check_limit(
                    texts.len(),
                    limits::SET_TEXTS,
                    "texts in a set",
                    &here,
                    report,
                );
            }
        })?;
        Ok(number)
    }
}

fn are_same_sets(one: &PropertyValue, other: &PropertyValue) -> bool {
    let (PropertyValue::Set(one), PropertyValue::Set(other)) = (one, other) else {
        return false;
    };
    let within = |a: &[String], b: &[String]| a.iter().all(|it| b.contains(it));
    within(one, other) && within(other, one)
}
