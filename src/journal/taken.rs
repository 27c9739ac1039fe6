//! Whom a transaction takes from: what a record states for hosts that cannot read it (D16).
//!
//! Nothing is concluded from what the changes say. The account before and after is compared, as far as it
//! differs: access sets, positions, what is lent, properties, the ends of assignments, and what tokens bring.
//! Where the catalog has older versions, what has no effect here may have one there: what is written is compared,
//! too. It may name too many, and never too few.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::EVERYBODY;
use crate::document::{Reach, RoleDocument};
use crate::engine::{Assigned, Held, Planes, State, User};
use crate::limits::TAKEN_FROM;
use crate::{Engine, Scope, Timestamp};

/// From whom a transaction may take something, at once or when a stored time comes.
///
/// As it is stored: `"everybody"`, or `{ "users": ["ann"] }`. Every version of the crate reads this of a
/// record, whatever else it knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "every version reads the form: there will be no other"
)]
pub enum TakesFrom {
    /// From anybody: a role that tokens may bring gives less, or it is from more users than
    /// [`TAKEN_FROM`](crate::limits::TAKEN_FROM).
    Everybody,
    /// From these users, by id, in ascending order, and from tokens with these ids.
    Users(BTreeSet<String>),
}

impl TakesFrom {
    /// From nobody.
    pub fn nobody() -> TakesFrom {
        TakesFrom::Users(BTreeSet::new())
    }

    /// From these users and those.
    pub(crate) fn unite(&mut self, other: TakesFrom) {
        *self = match (std::mem::replace(self, TakesFrom::Everybody), other) {
            (TakesFrom::Users(mut users), TakesFrom::Users(more)) => {
                users.extend(more);
                TakesFrom::Users(users)
            }
            _ => TakesFrom::Everybody,
        };
    }

    /// What a transaction takes that led from one engine to the other, both of one catalog: it may name too
    /// many, and never too few.
    ///
    /// Cost: what differs; where an access set that people share comes to less, a look at every user.
    pub fn between(before: &Engine, after: &Engine) -> TakesFrom {
        let (before, after) = (&before.whole().0, &after.whole().0);
        let model = before.model();
        let compared = Taking {
            before,
            after,
            denies_count: model.version > 1
                || model.tokens_bring_account_roles
                || model.roles.iter().any(|it| it.tokens_bring),
        };
        match compared.users() {
            Some(users) => TakesFrom::Users(users.into_iter().map(Into::into).collect()),
            None => TakesFrom::Everybody,
        }
    }
}

/// Two states of one account and one catalog.
#[derive(Clone, Copy)]
struct Taking<'e> {
    before: &'e State,
    after: &'e State,
    /// Whether a deny takes something, whatever the user is granted here: where tokens may bring roles, it does
    /// from them; and where there are older versions of the catalog, more may be granted there.
    denies_count: bool,
}

/// Everybody has something taken.
struct All;

/// What roles may give in an older version of the catalog.
#[derive(Default, Clone, Copy)]
struct Older {
    /// It may be something that has no effect here.
    is_inert_here: bool,
    /// It may depend on where somebody stands.
    looks_around: bool,
    /// It is written to depend on that.
    is_between: bool,
}

impl<'e> Taking<'e> {
    /// The users by id; `None` of everybody.
    fn users(self) -> Option<BTreeSet<&'e str>> {
        let mut found = People {
            taking: self,
            ids: BTreeSet::new(),
        };
        found.find().ok()?;
        Some(found.ids)
    }

    /// Whether rights give less of anything: a permission at less, denied, or without its feature.
    fn is_less(self, before: &Planes, after: &Planes) -> bool {
        let permissions = self.before.model().permissions.len() as u16;
        let held = |planes: &Planes, it| match planes.denied(it) {
            true => 0,
            false => planes.granted(it),
        };
        (0..permissions).any(|it| held(before, it) > held(after, it))
            || (self.denies_count && after.denied_beyond(before).next().is_some())
    }

    /// Whether a feature that these rights need is not there any more.
    fn lacks_features(self, rights: &Planes) -> bool {
        let model = self.before.model();
        let held = |it: u16| it == EVERYBODY || (rights.granted(it) > 0 && !rights.denied(it));
        let missing = |state: &State, it| state.missing_feature(it).is_some();
        let mut permissions = 0..model.permissions.len() as u16;
        permissions.any(|it| held(it) && !missing(self.before, it) && missing(self.after, it))
            || model.operations.iter().zip(0..).any(|(operation, index)| {
                let late = |state: &State, pair| state.late_feature(index, pair).is_some();
                operation.pairs.clone().any(|pair| {
                    let permission = model.pairs.get(pair as usize).map(|it| it.permission);
                    permission.is_some_and(held)
                        && !late(self.before, pair)
                        && late(self.after, pair)
                })
            })
    }

    fn lost_features(self) -> bool {
        let mut before = self.before.features().iter();
        before.any(|it| !self.after.features().contains(it))
    }

    /// Whether what an older host reads may be less by what is inert here (D16): only where there are older
    /// versions of the catalog.
    fn has_older_readers(self) -> bool {
        self.before.model().version > 1
    }

    /// Whether any of these roles denies something, as it is written.
    fn denies_in_text(state: &State, roles: Vec<u32>) -> bool {
        let assigned = Assigned {
            roles,
            packages: Vec::new(),
        };
        let mut roles = state.authorized(&assigned).into_iter();
        roles.any(|role| {
            state
                .role_text(role)
                .is_some_and(|it| !it.denies.is_empty())
        })
    }

    /// What a role may give in an older version of the catalog, as far as it is not seen here.
    fn in_older_versions(self, role: u32) -> Older {
        let (state, model) = (self.before, self.before.model());
        let mut older = Older::default();
        if state.is_gone_role(role) {
            older.is_inert_here = true;
            older.looks_around = true;
        }
        let Some(text) = state.role_text(role) else {
            return older;
        };
        for grant in text.grants {
            let is_wildcard = grant.select == "*" || grant.select.ends_with(".*");
            let is_between = matches!(grant.scope, Some(Scope::Reports | Scope::Peers));
            let today = model.evolution.last_name(&grant.select);
            let known = model.permission_names.get(&today);
            let known = known.and_then(|it| model.permissions.get(it as usize));
            let is_whole = known.is_some_and(|known| {
                let is_offered = grant.scope.is_none_or(|it| known.scopes.offers(it));
                known.adjustable.is_none() && is_offered
            });
            // What lies below a wildcard may have been other permissions, with other scopes.
            let is_inert = match is_wildcard {
                true => !model.document.retired.is_empty(),
                false => !is_whole,
            };
            older.is_inert_here |= is_inert;
            older.looks_around |= is_wildcard || is_between || !is_whole;
            older.is_between |= is_between;
        }
        older
    }

    /// What somebody's roles, juniors included, may give in an older version of the catalog.
    fn user_in_older_versions(self, record: User) -> Older {
        let assigned = self.before.assigned(record.access());
        assigned.map_or(Older::default(), |it| self.assigned_in_older_versions(it))
    }

    fn assigned_in_older_versions(self, assigned: &Assigned) -> Older {
        let mut older = Older::default();
        for role in self.before.authorized(assigned) {
            let of_role = self.in_older_versions(role);
            older.is_inert_here |= of_role.is_inert_here;
            older.looks_around |= of_role.looks_around;
            older.is_between |= of_role.is_between;
        }
        older
    }

    /// Whether a setting is otherwise that has no effect here, and may have one in an older catalog.
    fn inert_settings(self) -> bool {
        let (was, is) = (self.before.settings(), self.after.settings());
        if !self.has_older_readers() || was == is {
            return false;
        }
        let model = self.before.model();
        let is_live = |path: &str| {
            let today = model.evolution.last_name(path);
            let permission = model.permission_names.get(&today);
            let permission = permission.and_then(|it| model.permissions.get(it as usize));
            permission.is_some_and(|it| it.adjustable.is_some())
        };
        let mut lost = was
            .iter()
            .filter(|(path, role)| is.get(*path) != Some(role));
        lost.any(|(path, _)| !is_live(path))
    }

    /// What a user comes to at a time, by what is assigned then.
    fn rights_at(state: &State, user: u32, record: User, at: Option<Timestamp>) -> Arc<Planes> {
        let assigned = state.assigned(record.access()).cloned();
        let mut assigned: Assigned = assigned.unwrap_or_default();
        let ends = state.users().extras(user).map_or(&[][..], |it| &it.ends);
        for end in ends
            .iter()
            .filter(|end| at.is_some_and(|at| end.until <= at))
        {
            match end.of {
                Held::Role(role) => assigned.roles.retain(|it| *it != role),
                Held::Package(package) => assigned.packages.retain(|it| *it != package),
            }
        }
        state.united(&assigned)
    }

    /// Whether a user comes to less, now or when an assignment ends.
    fn comes_to_less(self, (was, before): (u32, User), (is, after): (u32, User)) -> bool {
        let ends = |state: &'e State, user| {
            let extras = state.users().extras(user);
            extras.into_iter().flat_map(|it| &it.ends)
        };
        let ends = ends(self.before, was).chain(ends(self.after, is));
        let times: BTreeSet<Timestamp> = ends.map(|it| it.until).collect();
        let times = std::iter::once(None).chain(times.into_iter().map(Some));
        times.into_iter().any(|at| {
            let before = Self::rights_at(self.before, was, before, at);
            let after = Self::rights_at(self.after, is, after, at);
            self.is_less(&before, &after)
        })
    }

    /// The number after of a position before.
    fn position_after(self, position: u32) -> Option<u32> {
        match self.after.position_id(position) {
            Some(_) => Some(position),
            None => self.after.find_position(self.before.position_id(position)?),
        }
    }

    /// Whether who stands at the first position, before, still stands above the second, before.
    fn still_above(self, high: u32, low: Option<u32>) -> bool {
        let (high, low) = (self.position_after(high), low);
        matches!((high, low), (Some(high), Some(low)) if self.after.stands_below(low, high))
    }

    /// The positions that do not reach records of who was at one any more, and is at the other.
    fn lose_sight(self, was: u32, is: Option<u32>, found: &mut BTreeSet<u32>) {
        let above = self.before.positions_above(was).into_iter();
        let viewers = above.chain([was]);
        found.extend(viewers.filter(|viewer| !self.still_above(*viewer, is)));
    }

    /// Positions below which the hierarchy has come apart, by their numbers before.
    ///
    /// Where somebody stood above somebody else and does not any more, every way between them has an edge that
    /// is gone. Of the lowest such edge on one of them, the lower end is not below them any more.
    fn hierarchy(self, found: &mut BTreeSet<u32>) {
        let (before, after) = (self.before, self.after);
        if std::ptr::eq(before.positions(), after.positions()) {
            return;
        }
        for position in 0..before.position_numbers() {
            if before.position_id(position).is_none() {
                continue;
            }
            let now = self.position_after(position);
            let seniors = |state: &State, at: u32| -> BTreeSet<String> {
                let seniors = state.positions().seniors(at);
                seniors
                    .filter_map(|it| state.position_id(it))
                    .map(Into::into)
                    .collect()
            };
            let moved = match now {
                Some(now) if now == position => {
                    !before
                        .positions()
                        .seniors(position)
                        .eq(after.positions().seniors(position))
                        && !seniors(before, position).is_subset(&seniors(after, position))
                }
                Some(now) => !seniors(before, position).is_subset(&seniors(after, now)),
                None => true,
            };
            if moved {
                let above = before.positions_above(position).into_iter();
                found.extend(above.filter(|viewer| !self.still_above(*viewer, now)));
                if now.is_none() {
                    found.insert(position);
                }
            }
        }
    }

    /// Positions that are lent less (S6).
    fn lending(self, found: &mut BTreeSet<u32>) {
        if self.before.lends_the_same(self.after) {
            return;
        }
        let pairs = self.before.model().pairs.len() as u16;
        for position in 0..self.before.position_numbers() {
            let now = self.position_after(position);
            let is_less = |pair| {
                let lent = now.is_some_and(|now| self.after.is_lent_at(now, pair));
                self.before.is_lent_at(position, pair) && !lent
            };
            if self.before.position_id(position).is_some() && (0..pairs).any(is_less) {
                found.insert(position);
            }
        }
    }
}

/// Whether somebody with these rights looks further than at their own records by where they stand.
fn looks_around(model_permissions: usize, rights: &Planes) -> bool {
    let between = [Scope::Reports as u8, Scope::Peers as u8];
    (0..model_permissions as u16).any(|it| between.contains(&rights.granted(it)))
}

/// Whether a role, as it is written, says less than before: for who reads what is inert here.
fn says_less(before: &RoleDocument, after: &RoleDocument) -> bool {
    let gone = |it| !after.grants.contains(it);
    let new = |it| !before.denies.contains(it);
    before.grants.iter().any(gone)
        || after.denies.iter().any(new)
        || before
            .inherits
            .iter()
            .any(|it| !after.inherits.contains(it))
}

struct People<'e> {
    taking: Taking<'e>,
    ids: BTreeSet<&'e str>,
}

impl<'e> People<'e> {
    fn find(&mut self) -> Result<(), All> {
        self.tokens()?;
        if self.taking.inert_settings() {
            return Err(All);
        }
        let sets = self.sets();
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
        self.lending_of_old(&mut lent_less);
        self.at_positions(&lost_from, &lent_less)
    }

    fn add(&mut self, id: Option<&'e str>) -> Result<(), All> {
        self.ids.extend(id);
        match self.ids.len() > TAKEN_FROM {
            true => Err(All),
            false => Ok(()),
        }
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
        let lost_features = taking.lost_features();
        if !lost_features
            && std::ptr::eq(before.roles(), after.roles())
            && before.written_version() == after.written_version()
        {
            return Ok(());
        }
        // An open operation is everybody's who has an id.
        let nothing = Planes::none(before.model().permissions.len());
        if lost_features && (taking.lacks_features(&nothing) || self.lost_retired_feature()) {
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

    /// Of a feature that is retired here, an older host has all that it gives.
    fn lost_retired_feature(&self) -> bool {
        let Taking { before, after, .. } = self.taking;
        let lost = before.features().iter();
        let mut lost = lost.filter(|it| !after.features().contains(it));
        let features = &before.model().document.features;
        lost.any(|lost| {
            let known = features.iter().find(|it| *it.id == **lost);
            known.is_none_or(|it| it.retired.is_some())
        })
    }

    /// Access sets that come to less than they did, by their numbers before.
    fn sets(&self) -> BTreeSet<u32> {
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
        if taking.lost_features() {
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
                        says_less(was, is) || Taking::denies_in_text(after, juniors.collect())
                    }
                    (was, _) => was.is_some(),
                };
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
                if !then.is_subset(&now) || Taking::denies_in_text(after, new) {
                    found.extend(before.sets().with_package(package));
                }
            }
        }
        found
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
            let is_bound = record.is_suspended() || (taking.denies_count && is_bound);
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
        let lost_some = taking.has_older_readers() && self.lost_assignments(was, record);
        let is_less = (moved && place(was).is_some())
            || (record.is_suspended() && !was.is_suspended())
            || is_otherwise
            || lost_some
            || taking.comes_to_less((user, was), (number, record));
        self.add(id.filter(|_| is_less))
    }

    /// Whether something is assigned no more, whatever it gives here; or something that denies, whatever that
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
        lost_role || lost_package || Taking::denies_in_text(after, given)
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
    /// something, and who may hold what has no effect here.
    fn lending_of_old(&self, found: &mut BTreeSet<u32>) {
        let taking = self.taking;
        let before = taking.before;
        if !taking.has_older_readers() || before.model().reach != Reach::Accessible {
            return;
        }
        for id in &self.ids {
            let record = before.find_user(id).and_then(|it| before.user_record(it));
            if let Some(record) = record
                && let Some(position) = record.in_position()
                && taking.user_in_older_versions(record).is_inert_here
            {
                found.extend(before.positions_above(position));
            }
        }
    }

    /// Whoever looks around from a position that sees less, or is lent less.
    fn at_positions(
        &mut self,
        lost_from: &BTreeSet<u32>,
        lent_less: &BTreeSet<u32>,
    ) -> Result<(), All> {
        let before = self.taking.before;
        let permissions = before.model().permissions.len();
        let positions: BTreeSet<u32> = lost_from.union(lent_less).copied().collect();
        if positions.is_empty() {
            return Ok(());
        }
        // A token may bring any position; one that is gone denies it everything, what is open included.
        let is_gone = |it: &u32| self.taking.position_after(*it).is_none();
        let mut brought = self.brought();
        let mut pairs = before.model().pairs.iter();
        let has_something =
            self.brought().next().is_some() || pairs.any(|it| it.permission == EVERYBODY);
        let looks_in_older = |role| {
            let assigned = Assigned {
                roles: vec![role],
                packages: Vec::new(),
            };
            let older = self.taking.assigned_in_older_versions(&assigned);
            self.taking.has_older_readers() && (older.is_inert_here || older.is_between)
        };
        if brought.any(|(role, rights)| looks_around(permissions, rights) || looks_in_older(role))
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
                    rights.is_some_and(|it| looks_around(permissions, it))
                        || (self.taking.has_older_readers()
                            && self.taking.user_in_older_versions(record).looks_around)
                });
                self.add(before.user_id(user).filter(|_| looks))?;
            }
        }
        Ok(())
    }
}
