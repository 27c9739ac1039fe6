//! Who they are, by id.

use std::collections::{BTreeSet, HashMap};

use super::older::says_less;
use super::positions::looks_around;
use super::{All, Taking};
use crate::catalog::EVERYBODY;
use crate::engine::{Assigned, Planes, State, User};
use crate::limits::TAKEN_FROM;

pub(super) struct People<'e> {
    pub(super) taking: Taking<'e>,
    pub(super) ids: BTreeSet<&'e str>,
}

impl<'e> People<'e> {
    pub(super) fn find(&mut self) -> Result<(), All> {
        self.tokens()?;
        self.as_older_versions_read()?;
        let sets = self.sets()?;
        self.in_sets(&sets)?;
        let differing: BTreeSet<u32> = {
            let Taking { before, after, .. } = self.taking;
            before.users().differing(after.users())
        };
        let mut lost_from = BTreeSet::new();
        for user in differing {
            self.user(user, &mut lost_from)?;
        }
        self.whose_assignments_end()?;
        self.used_ids()?;
        self.taking.hierarchy(&mut lost_from);
        let mut lent_less = BTreeSet::new();
        self.taking.lending(&mut lent_less);
        self.lent_less_there(&mut lent_less);
        self.at_positions(&lost_from, &lent_less)
    }

    fn add(&mut self, id: Option<&'e str>) -> Result<(), All> {
        self.ids.extend(id);
        if self.ids.len() > TAKEN_FROM {
            return Err(All);
        }
        Ok(())
    }

    fn brought(&self) -> impl Iterator<Item = (u32, &'e Planes)> + use<'e> {
        let before = self.taking.before;
        let brought = (0..before.role_numbers()).filter(|it| before.tokens_bring(*it));
        brought.filter_map(|role| Some((role, before.role_closure(role)?)))
    }

    /// Who brings a role may be anybody.
    fn tokens(&self) -> Result<(), All> {
        let taking = self.taking;
        let Taking { before, after, .. } = taking;
        let lost_features = taking.lost_features().next().is_some();
        if !lost_features
            && std::ptr::eq(before.roles(), after.roles())
            && before.written_version() == after.written_version()
        {
            return Ok(());
        }
        // An open operation is everybody's who has an id.
        let nothing = Planes::none(before.model().permissions.len());
        if lost_features && taking.lacks_features(&nothing) {
            return Err(All);
        }
        for (role, rights) in self.brought() {
            let id = before.role_id(role);
            let now = id.and_then(|id| after.find_role_number(id));
            let is_known = |state: &State, role| !state.is_gone_role(role);
            let Some(now) = now.filter(|it| after.tokens_bring(*it)) else {
                return Err(All);
            };
            let rights_now = after.role_closure(now).ok_or(All)?;
            let is_less = taking.is_less(rights, rights_now)
                || (lost_features && taking.lacks_features(rights))
                || (is_known(before, role) && !is_known(after, now));
            if is_less {
                return Err(All);
            }
        }
        Ok(())
    }

    /// What another version of the catalog may give by a setting or for a feature: of a setting, it may be
    /// anybody.
    fn as_older_versions_read(&mut self) -> Result<(), All> {
        let taking = self.taking;
        if !taking.has_older_readers() {
            return Ok(());
        }
        if taking.before.settings() != taking.after.settings() {
            return Err(All);
        }
        for [before, after] in taking.without_features()? {
            let there = Taking::of(&before, &after, Some(&[])).users().ok_or(All)?;
            for id in there {
                let user = taking.before.find_user(id).ok_or(All)?;
                self.add(taking.before.user_id(user))?;
            }
        }
        Ok(())
    }

    /// Access sets that come to less than they did, by their numbers before.
    fn sets(&self) -> Result<BTreeSet<u32>, All> {
        let taking = self.taking;
        let Taking { before, after, .. } = taking;
        let mut found = BTreeSet::new();
        let is_used = |set: u32| before.sets().holders(set).users > 0;
        for set in before.sets().differing(after.sets()) {
            let (Some(was), Some(is)) = (before.set_rights(set), after.set_rights(set)) else {
                continue;
            };
            if is_used(set as u32) && taking.is_less(was, is) {
                found.insert(set as u32);
            }
        }
        if taking.lost_features().next().is_some() {
            for set in (0..before.set_numbers()).filter(|it| is_used(*it)) {
                let rights = before.set_rights(set as usize);
                if rights.is_some_and(|it| taking.lacks_features(it)) {
                    found.insert(set);
                }
            }
        }
        if taking.has_older_readers() && !std::ptr::eq(before.roles(), after.roles()) {
            for role in before.roles().differing(after.roles()) {
                let role = role as u32;
                let number = |state: &State| state.find_role_number(before.role_id(role)?);
                let text = |state: &'e State| {
                    let role = state.roles().get(number(state)?)?;
                    role.document.as_deref()
                };
                let is_less = match (text(before), text(after)) {
                    (Some(was), Some(is)) => {
                        let juniors = is.inherits.iter().filter(|it| !was.inherits.contains(it));
                        let juniors = juniors.filter_map(|it| after.find_role_number(it));
                        says_less(was, is) || taking.may_deny(after, juniors.collect())
                    }
                    (was, _) => was.is_some(),
                };
                if is_less && taking.tokens_bring_account_roles_there() {
                    return Err(All);
                }
                if is_less {
                    found.extend(before.sets_holding(role));
                }
            }
        }
        if taking.has_older_readers() && !std::ptr::eq(before.packages(), after.packages()) {
            for package in 0..before.package_numbers() {
                let Some(roles) = before.package_roles(package) else {
                    continue;
                };
                let id = before.package_id(package);
                let now = id.and_then(|id| crate::names::Known::number(after.packages(), id));
                let now = now
                    .and_then(|it| after.package_roles(it))
                    .unwrap_or_default();
                let then: BTreeSet<_> = roles.iter().map(|it| before.role_id(*it)).collect();
                let new = now.iter().filter(|it| !then.contains(&after.role_id(**it)));
                let new: Vec<u32> = new.copied().collect();
                let now: BTreeSet<_> = now.iter().map(|it| after.role_id(*it)).collect();
                if !then.is_subset(&now) || taking.may_deny(after, new) {
                    found.extend(before.sets().with_package(package));
                }
            }
        }
        Ok(found)
    }

    fn in_sets(&mut self, sets: &BTreeSet<u32>) -> Result<(), All> {
        if sets.is_empty() {
            return Ok(());
        }
        let before = self.taking.before;
        let holders = |set: &u32| before.sets().holders(*set).users as usize;
        if sets.iter().map(holders).sum::<usize>() > TAKEN_FROM {
            return Err(All);
        }
        for (user, record) in before.every_user() {
            if sets.contains(&(record.access() as u32)) {
                self.add(before.user_id(user))?;
            }
        }
        Ok(())
    }

    /// A user of whom something is otherwise; from which positions they are out of sight now.
    fn user(&mut self, user: u32, lost_from: &mut BTreeSet<u32>) -> Result<(), All> {
        let taking = self.taking;
        let Taking { before, after, .. } = taking;
        let was = before.user_record(user);
        let Some(was) = was else {
            // Made now: a token with the id was nobody's, and is bound by what the user is denied.
            let Some(record) = after.user_record(user) else {
                return Ok(());
            };
            let denied = after.set_rights(record.access());
            let nothing = Planes::none(before.model().permissions.len());
            let is_bound = denied.is_some_and(|it| it.denied_beyond(&nothing).next().is_some());
            let is_bound = record.is_suspended()
                || (taking.denies_count && is_bound)
                || taking.has_older_readers();
            let id = after.user_id(user).filter(|_| is_bound);
            return self.add(id);
        };
        let id = before.user_id(user);
        let now = id.and_then(|id| after.find_user(id));
        let now = now.and_then(|number| Some((number, after.user_record(number)?)));
        let place = |record: User| record.in_position();
        let (moved, position) = match now {
            None => (true, None),
            Some((_, record)) => {
                let position = place(record);
                let then = place(was).and_then(|it| taking.position_after(it));
                (then != position, position)
            }
        };
        if let Some(place) = place(was).filter(|_| moved) {
            taking.lose_sight(place, position, lost_from);
        }
        let Some((number, record)) = now else {
            return self.add(id);
        };
        let is_otherwise = before.user_properties(user) != after.user_properties(number);
        let ends =
            |state: &'e State, user| state.users().extras(user).map_or(&[][..], |it| &it.ends);
        let lost_some = taking.has_older_readers()
            && (self.lost_assignments(was, record) || ends(before, user) != ends(after, number));
        let is_less = (moved && place(was).is_some())
            || (record.is_suspended() && !was.is_suspended())
            || is_otherwise
            || lost_some
            || taking.comes_to_less((user, was), (number, record));
        self.add(id.filter(|_| is_less))
    }

    /// Returns whether something is assigned no more, whatever it gives here; or something that denies, whatever that
    /// takes here.
    fn lost_assignments(&self, was: User, is: User) -> bool {
        let Taking { before, after, .. } = self.taking;
        let (Some(was), Some(is)) = (before.assigned(was.access()), after.assigned(is.access()))
        else {
            return true;
        };
        let lost_role = was.roles.iter().any(|it| !is.roles.contains(it));
        let lost_package = was.packages.iter().any(|it| !is.packages.contains(it));
        let new = |was: &[u32], is: &[u32]| {
            let new = is.iter().filter(|it| !was.contains(it)).copied();
            new.collect::<Vec<u32>>()
        };
        let given = after.directly(&Assigned {
            roles: new(&was.roles, &is.roles),
            packages: new(&was.packages, &is.packages),
        });
        lost_role || lost_package || self.taking.may_deny(after, given)
    }

    /// Where roles or packages are otherwise: whoever loses by it once an assignment ends.
    fn whose_assignments_end(&mut self) -> Result<(), All> {
        let taking = self.taking;
        let Taking { before, after, .. } = taking;
        if std::ptr::eq(before.roles(), after.roles())
            && std::ptr::eq(before.packages(), after.packages())
        {
            return Ok(());
        }
        for user in before.users().with_ends() {
            let (Some(was), Some(is)) = (before.user_record(user), after.user_record(user)) else {
                continue;
            };
            if taking.comes_to_less((user, was), (user, is)) {
                self.add(before.user_id(user))?;
            }
        }
        Ok(())
    }

    /// A token with an id that is listed as used from now on is denied (D18).
    fn used_ids(&mut self) -> Result<(), All> {
        let Taking { before, after, .. } = self.taking;
        for id in after.newly_used_users(before) {
            self.add(Some(id))?;
        }
        Ok(())
    }

    /// Positions that may be lent less in an older version of the catalog (S6): those above somebody who loses
    /// something.
    fn lent_less_there(&self, found: &mut BTreeSet<u32>) {
        let before = self.taking.before;
        if !self.taking.lends_there() {
            return;
        }
        for id in &self.ids {
            let record = before.find_user(id).and_then(|it| before.user_record(it));
            if let Some(position) = record.and_then(User::in_position) {
                found.extend(before.positions_above(position));
            }
        }
    }

    /// Adds the users who look around from a position that sees less, or is lent less. In an older version of
    /// the catalog, anybody there may.
    fn at_positions(
        &mut self,
        lost_from: &BTreeSet<u32>,
        lent_less: &BTreeSet<u32>,
    ) -> Result<(), All> {
        let taking = self.taking;
        let before = taking.before;
        let permissions = before.model().permissions.len();
        let positions: BTreeSet<u32> = lost_from.union(lent_less).copied().collect();
        if positions.is_empty() {
            return Ok(());
        }
        // A token may bring any position; one that is gone denies it everything, what is open included.
        let is_gone = |it: &u32| taking.position_after(*it).is_none();
        let mut brought = self.brought();
        let mut pairs = before.model().pairs.iter();
        let has_something = taking.has_older_readers()
            || self.brought().next().is_some()
            || pairs.any(|it| it.permission == EVERYBODY);
        if brought.any(|(_, rights)| looks_around(permissions, rights))
            || taking.tokens_look_around_there()
            || (positions.iter().any(is_gone) && has_something)
        {
            return Err(All);
        }
        // People who have the same assigned look as far.
        let mut known: HashMap<usize, bool> = HashMap::new();
        for position in positions {
            for user in before.users().in_position(position) {
                let Some(record) = before.user_record(user) else {
                    continue;
                };
                let looks = *known.entry(record.access()).or_insert_with(|| {
                    let rights = before.set_rights(record.access());
                    taking.has_older_readers()
                        || rights.is_some_and(|it| looks_around(permissions, it))
                });
                self.add(before.user_id(user).filter(|_| looks))?;
            }
        }
        Ok(())
    }
}
