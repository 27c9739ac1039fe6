//! Changes to what users are assigned.

use super::super::authority::{Receivers, Target};
use super::super::refusal::{Named, Refusal};
use super::{Transaction, validated};
use crate::document::{ChangeKind, Timestamp};
use crate::engine::{Assigned, End, Held, Planes, User};

impl Transaction {
    /// Assigns, or changes the end of an assignment: a later one is an assign, an earlier a revoke (A3).
    pub(super) fn assign(
        &mut self,
        user: &str,
        of: Held,
        until: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let (number, record, mut extras) = self.user(user)?;
        let assigned = self.now().assigned(record.access()).cloned();
        let mut assigned = assigned.unwrap_or_default();
        let held = match of {
            Held::Role(role) => assigned.roles.contains(&role),
            Held::Package(package) => assigned.packages.contains(&package),
        };
        let end = extras
            .ends
            .iter()
            .find(|end| end.of == of)
            .map(|it| it.until);
        if held && end == until {
            return Err(Refusal::NothingToChange);
        }
        self.check_end(until)?;
        let kind = ChangeKind::EditAssignments;
        self.may_change(kind, number, user)?;
        let roles = self.roles_in(of);
        let scene = self.scene();
        let person = scene.person(number);
        let target = Target::Person(person, user);
        // Without an end it lasts longest.
        let is_sooner = until.is_some_and(|until| end.is_none_or(|end| until < end));
        if held && is_sooner {
            self.authority.revoke(scene, &roles, target)?;
        } else {
            self.authority.assign(scene, &roles, target)?;
            let given = self.now().directly(&alone(of));
            self.confer_roles(kind, &given, &Receivers::Person(person, user.to_owned()))?;
        }
        if held {
            // Denies too: as though it were taken away, or given anew.
            let with = self.now().united(&assigned);
            let without = self.now().united(&without(&assigned, of));
            match is_sooner {
                true => self.check_person(number, user, &with, &without, record, &roles)?,
                false => self.check_person(number, user, &without, &with, record, &[])?,
            }
            extras.ends.retain(|end| end.of != of);
            extras.ends.extend(until.map(|until| End { of, until }));
            self.draft.set_extras(number, extras);
            return Ok(());
        }
        if let Held::Role(role) = of {
            let id = self.now().role_id(role).unwrap_or_default().to_owned();
            self.refuse_retired(role, &id, u32::MAX)?;
        }
        let ends_before = extras.ends.len();
        self.take_on(&mut assigned, &mut extras.ends, of, until)?;
        self.reassign(number, user, record, assigned, &[])?;
        if extras.ends.len() > ends_before {
            self.draft.set_extras(number, extras);
        }
        Ok(())
    }

    pub(super) fn unassign(&mut self, user: &str, of: Held) -> Result<(), Refusal> {
        let (number, record, mut extras) = self.user(user)?;
        let assigned = self.now().assigned(record.access()).cloned();
        let assigned = assigned.unwrap_or_default();
        let left = without(&assigned, of);
        if left == assigned {
            return Err(Refusal::NothingToChange);
        }
        self.may_change(ChangeKind::EditAssignments, number, user)?;
        let roles = self.roles_in(of);
        let scene = self.scene();
        let target = Target::Person(scene.person(number), user);
        self.authority.revoke(scene, &roles, target)?;
        self.reassign(number, user, record, left, &roles)?;
        if extras.ends.iter().any(|end| end.of == of) {
            extras.ends.retain(|end| end.of != of);
            self.draft.set_extras(number, extras);
        }
        Ok(())
    }

    /// Gives a user other assignments, and asks what that takes away by denies, or lifts (A3, A4).
    fn reassign(
        &mut self,
        number: u32,
        user: &str,
        record: User,
        assigned: Assigned,
        taken_away: &[u32],
    ) -> Result<(), Refusal> {
        if self.authority.is_system() {
            self.draft.set_assigned(number, assigned);
            return Ok(());
        }
        let before = self.now().set_rights(record.access()).cloned();
        let after = self.now().united(&assigned);
        if let Some(before) = before {
            self.check_person(number, user, &before, &after, record, taken_away)?;
        }
        self.draft.set_assigned(number, assigned);
        Ok(())
    }

    /// Denies given to somebody must not be a weapon (A3), denies lifted must be held (A4).
    fn check_person(
        &self,
        number: u32,
        user: &str,
        before: &Planes,
        after: &Planes,
        record: User,
        taken_away: &[u32],
    ) -> Result<(), Refusal> {
        let scene = self.scene();
        let person = scene.person(number);
        if before.is_denied_something_by(after) {
            let roles = self.roles_of(record);
            self.authority
                .revoke(scene, &roles, Target::Person(person, user))?;
        }
        let lifting = self.compared(ChangeKind::EditAssignments, taken_away);
        self.lift(
            before,
            after,
            &lifting,
            &Receivers::Person(person, user.to_owned()),
        )
    }

    pub(super) fn take_on(
        &self,
        assigned: &mut Assigned,
        ends: &mut Vec<End>,
        of: Held,
        until: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let (list, number, name) = match of {
            Held::Role(role) => (&mut assigned.roles, role, self.now().role_id(role)),
            Held::Package(it) => (&mut assigned.packages, it, self.now().package_id(it)),
        };
        match list.binary_search(&number) {
            Ok(_) => Err(Refusal::Exists {
                what: Named::Assignment,
                id: name.unwrap_or_default().to_owned(),
            }),
            Err(place) => {
                self.check_end(until)?;
                list.insert(place, number);
                ends.extend(until.map(|until| End { of, until }));
                Ok(())
            }
        }
    }

    fn check_end(&self, until: Option<Timestamp>) -> Result<(), Refusal> {
        validated(|root, report| match until {
            Some(until) if until <= self.at => {
                let message = format!("`{until}` is over already");
                report.error(&root.field("until"), message);
            }
            Some(until) if !until.is_writable() => {
                report.error(&root.field("until"), crate::engine::OUT_OF_CALENDAR);
            }
            _ => {}
        })
    }

    /// The roles that an assignment gives, their juniors among them.
    fn roles_in(&self, of: Held) -> Vec<u32> {
        self.now().authorized(&alone(of))
    }

    pub(super) fn roles_of(&self, record: User) -> Vec<u32> {
        let assigned = self.now().assigned(record.access());
        assigned.map_or_else(Vec::new, |it| self.now().authorized(it))
    }
}

fn alone(of: Held) -> Assigned {
    let mut alone = Assigned::default();
    match of {
        Held::Role(role) => alone.roles.push(role),
        Held::Package(package) => alone.packages.push(package),
    }
    alone
}

fn without(assigned: &Assigned, of: Held) -> Assigned {
    let mut left = assigned.clone();
    match of {
        Held::Role(role) => left.roles.retain(|it| *it != role),
        Held::Package(package) => left.packages.retain(|it| *it != package),
    }
    left
}
