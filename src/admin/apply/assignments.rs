//! Changes to what users are assigned.

use std::collections::BTreeMap;

use super::super::authority::{Person, Receivers, Target};
use super::super::refusal::{Named, Refusal};
use super::bearers::Covered;
use super::moments::Moved;
use super::{Transaction, validated};
use crate::document::{ChangeKind, ProblemCode, Timestamp};
use crate::engine::{Assigned, End, Held, User};

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
            let given = self.now().directly(&Assigned::only(of));
            let receivers = Receivers::person(person, user, until);
            self.confer_roles(kind, &given, &receivers)?;
        }
        if held {
            let ends_before = extras.ends.clone();
            extras.ends.retain(|end| end.of != of);
            extras.ends.extend(until.map(|until| End { of, until }));
            let taken_away = if is_sooner { &roles[..] } else { &[] };
            let before = (&assigned, &ends_before[..]);
            self.check_person(number, user, before, (&assigned, &extras.ends), taken_away)?;
            self.draft.set_extras(number, extras);
            return Ok(());
        }
        if let Held::Role(role) = of {
            let id = self.now().role_id(role).unwrap_or_default().to_owned();
            self.refuse_retired(role, &id, u32::MAX)?;
        }
        let before = (assigned.clone(), extras.ends.clone());
        self.take_on(&mut assigned, &mut extras.ends, of, until)?;
        let after = (&assigned, &extras.ends[..]);
        self.check_person(number, user, (&before.0, &before.1), after, &[])?;
        self.draft.set_assigned(number, assigned);
        if extras.ends.len() > before.1.len() {
            self.draft.set_extras(number, extras);
        }
        Ok(())
    }

    pub(super) fn unassign(&mut self, user: &str, of: Held) -> Result<(), Refusal> {
        let (number, record, mut extras) = self.user(user)?;
        let assigned = self.now().assigned(record.access()).cloned();
        let assigned = assigned.unwrap_or_default();
        let left = assigned.without([of]);
        if left == assigned {
            return Err(Refusal::NothingToChange);
        }
        self.may_change(ChangeKind::EditAssignments, number, user)?;
        let roles = self.roles_in(of);
        let scene = self.scene();
        let target = Target::Person(scene.person(number), user);
        self.authority.revoke(scene, &roles, target)?;
        let ends_before = extras.ends.clone();
        extras.ends.retain(|end| end.of != of);
        let before = (&assigned, &ends_before[..]);
        self.check_person(number, user, before, (&left, &extras.ends), &roles)?;
        self.draft.set_assigned(number, left);
        if extras.ends.len() < ends_before.len() {
            self.draft.set_extras(number, extras);
        }
        Ok(())
    }

    /// Puts one role in another's place. First comes the new one, so that a deny of both is never lifted.
    pub(super) fn exchange_role(
        &mut self,
        user: &str,
        role: u32,
        with: u32,
    ) -> Result<(), Refusal> {
        let (_, record, extras) = self.user(user)?;
        let assigned = self.now().assigned(record.access());
        let has = |role| assigned.is_some_and(|it| it.roles.contains(&role));
        if !has(role) && !has(with) {
            let id = self.now().role_id(role).unwrap_or_default().to_owned();
            return Err(Refusal::Unknown {
                what: Named::Assignment,
                id,
                nearest: None,
            });
        }
        if role == with || !has(role) {
            return Err(Refusal::NothingToChange);
        }
        if !has(with) {
            let mut ends = extras.ends.iter();
            let end = ends.find(|end| end.of == Held::Role(role));
            self.assign(user, Held::Role(with), end.map(|it| it.until))?;
        }
        self.unassign(user, Held::Role(role))
    }

    /// Denies given to somebody, at once or at a later moment, must not be a weapon (A3), denies lifted
    /// must be held (A4); both are asked for what they may bring in a token (D18).
    fn check_person(
        &self,
        number: u32,
        user: &str,
        before: (&Assigned, &[End]),
        after: (&Assigned, &[End]),
        taken_away: &[u32],
    ) -> Result<(), Refusal> {
        if self.authority.is_system() {
            return Ok(());
        }
        let (now, scene) = (self.now(), self.scene());
        let person = scene.person(number);
        let target = Target::Person(person, user);
        let ends = |ends| if self.is_replayed() { &[][..] } else { ends };
        let (ends_before, ends_after) = (ends(before.1), ends(after.1));
        let moved = Moved::between((now, before.0, ends_before), (now, after.0, ends_after));
        if now
            .united(before.0)
            .grants_something_denied_by(&moved.given)
        {
            let roles = now.authorized(before.0);
            self.authority.revoke(scene, &roles, target)?;
        }
        let kind = ChangeKind::EditAssignments;
        let receivers = Receivers::person(person, user, None);
        self.lift(
            &moved.lifted,
            &now.united(after.0),
            &self.compared(kind, taken_away),
            &receivers,
        )?;
        self.bind(kind, &Covered::Denied(moved.given.into()), target)?;
        self.free(kind, &Covered::Denied(moved.lifted.into()))
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
            Ok(_) => Err(Refusal::NamedTwice {
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

    /// Checks that they may confer all that somebody is assigned, each assignment until its end (A4).
    pub(super) fn confer_assigned(
        &self,
        kind: ChangeKind,
        (assigned, ends): (&Assigned, &[End]),
        (person, user): (Person, &str),
    ) -> Result<(), Refusal> {
        let mut by_end: BTreeMap<Option<Timestamp>, Vec<u32>> = BTreeMap::new();
        let lasting = self.now().directly(&assigned.lasting(ends));
        by_end.insert(None, lasting);
        for end in ends {
            let given = self.now().directly(&Assigned::only(end.of));
            by_end.entry(Some(end.until)).or_default().extend(given);
        }
        for (until, given) in by_end {
            let receivers = Receivers::person(person, user, until);
            self.confer_roles(kind, &given, &receivers)?;
        }
        Ok(())
    }

    fn check_end(&self, until: Option<Timestamp>) -> Result<(), Refusal> {
        validated(|root, report| match until {
            Some(until) if until <= self.at => {
                let message = (ProblemCode::Over, format!("`{until}` is over already"));
                report.error(&root.field("until"), message);
            }
            Some(until) if !until.is_writable() => {
                let message = crate::engine::OUT_OF_CALENDAR;
                report.error(&root.field("until"), (ProblemCode::NoMoment, message));
            }
            _ => {}
        })
    }

    /// The roles that an assignment gives, their juniors among them.
    fn roles_in(&self, of: Held) -> Vec<u32> {
        self.now().authorized(&Assigned::only(of))
    }

    pub(super) fn roles_of(&self, record: User) -> Vec<u32> {
        let assigned = self.now().assigned(record.access());
        assigned.map_or_else(Vec::new, |it| self.now().authorized(it))
    }
}
