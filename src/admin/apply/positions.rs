//! Changes to the reporting hierarchy: who reports to whom decides whose records are reached (A4).

use std::collections::BTreeSet;

use super::super::authority::Target;
use super::super::change::UsedIdKind;
use super::super::refusal::{Named, Refusal};
use super::{Transaction, find};
use crate::document::{ChangeKind, PositionDocument};
use crate::engine::{NOWHERE, NoHierarchy, Planes, State};
use crate::limits;
use crate::names::{Names, Numbered};

impl Transaction {
    pub(super) fn create_position(&mut self, position: &PositionDocument) -> Result<(), Refusal> {
        self.check_new_id(&position.id, Named::Position)?;
        self.check_new_name(position.name.as_deref())?;
        let seniors = self.seniors(&position.reports_to)?;
        let positions = self.now().positions();
        for (what, count, limit) in [
            ("positions", positions.count() + 1, limits::POSITIONS),
            (
                "edges of the reporting hierarchy",
                positions.edge_count() + seniors.len(),
                limits::EDGES,
            ),
        ] {
            if count > limit {
                return Err(Refusal::TooMany { what, limit });
            }
        }
        // Nobody is in it yet, and whoever is placed there is asked about then.
        self.may_edit_positions()?;
        let label = position.name.as_deref();
        self.draft.add_position(&position.id, label, &seniors);
        Ok(())
    }

    pub(super) fn describe_position(
        &mut self,
        position: &str,
        name: &Option<String>,
    ) -> Result<(), Refusal> {
        let number = self.find_position(position)?;
        if self.now().positions().label(number) == name.as_deref() {
            return Err(Refusal::NothingToChange);
        }
        self.check_new_name(name.as_deref())?;
        self.may_edit_positions()?;
        self.draft.describe_position(number, name.as_deref());
        Ok(())
    }

    pub(super) fn move_position(
        &mut self,
        position: &str,
        reports_to: &[String],
    ) -> Result<(), Refusal> {
        let number = self.find_position(position)?;
        let seniors = self.seniors(reports_to)?;
        let positions = self.now().positions();
        let seniors_before: Vec<u32> = positions.seniors(number).collect();
        let before: BTreeSet<u32> = seniors_before.iter().copied().collect();
        if before == seniors.iter().copied().collect() {
            return Err(Refusal::NothingToChange);
        }
        if positions.edge_count() - before.len() + seniors.len() > limits::EDGES {
            return Err(Refusal::TooMany {
                what: "edges of the reporting hierarchy",
                limit: limits::EDGES,
            });
        }
        self.may_edit_positions()?;
        let above_before: BTreeSet<u32> = self.now().positions_above(number).into_iter().collect();
        if let Err(why) = self.draft.set_seniors(number, &seniors) {
            let refusal = self.no_hierarchy(why);
            // The move may wait for another.
            let back = self.draft.set_seniors(number, &seniors_before);
            return Err(back.err().map_or(refusal, |it| self.no_hierarchy(it)));
        }
        if self.authority.is_system() {
            return Ok(());
        }
        let above = self.now().positions_above(number).into_iter();
        self.may_stand_above(&above.filter(|it| !above_before.contains(it)).collect())
    }

    /// Checks that they may let whoever is in these positions, which now stand above others, reach the records
    /// below (A4).
    pub(super) fn may_stand_above(&mut self, new: &BTreeSet<u32>) -> Result<(), Refusal> {
        // Many may move below the same people.
        let unknown: Vec<u32> = new.difference(&self.may_reach_more).copied().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut reaching = self.reaching_down(unknown.iter().copied(), None);
        if self.may_reach_more.is_empty() {
            reaching.extend(brought_by_tokens(self.now()));
        }
        self.authority.widen(self.scene(), reaching.into_iter())?;
        self.may_reach_more.extend(unknown);
        Ok(())
    }

    /// As a whole hierarchy is imported: the edges in one step, so that nothing on the way counts.
    pub(super) fn replace_hierarchy(
        &mut self,
        positions: &[PositionDocument],
    ) -> Result<(), Refusal> {
        let mut named = Names::default();
        for position in positions {
            if named.insert(&position.id).is_err() {
                return Err(Refusal::NamedTwice {
                    what: Named::Position,
                    id: position.id.clone(),
                });
            }
        }
        let seniors = || positions.iter().flat_map(|it| &it.reports_to);
        if seniors().count() > limits::EDGES {
            return Err(Refusal::TooMany {
                what: "edges of the reporting hierarchy",
                limit: limits::EDGES,
            });
        }
        for senior in seniors() {
            find(&named, senior, Named::Position)?;
        }
        let now = self.now();
        let before = (0..now.positions().numbers()).filter_map(|it| now.position_document(it));
        let before: Vec<PositionDocument> = before.collect();
        if self.import_positions(positions, &before)? {
            Ok(())
        } else {
            Err(Refusal::NothingToChange)
        }
    }

    pub(super) fn delete_position(&mut self, position: &str) -> Result<(), Refusal> {
        let number = self.find_position(position)?;
        let now = self.now();
        let users = now.users().in_position(number).count();
        let juniors = now.positions().juniors(number);
        let reported_to_by: Vec<String> = juniors
            .filter_map(|it| now.position_id(it))
            .map(Into::into)
            .collect();
        if users > 0 || !reported_to_by.is_empty() {
            return Err(Refusal::PositionInUse {
                position: position.to_owned(),
                users,
                people: self.named(now.users().in_position(number)),
                reported_to_by,
            });
        }
        self.may_edit_positions()?;
        self.draft.remove_position(number);
        self.draft.use_id(UsedIdKind::Position, position);
        Ok(())
    }

    fn may_edit_positions(&self) -> Result<(), Refusal> {
        let kind = ChangeKind::EditPositions;
        self.authority.kind(self.scene(), kind, Target::Everything)
    }

    pub(super) fn seniors(&self, reports_to: &[String]) -> Result<Vec<u32>, Refusal> {
        let mut seniors = Vec::with_capacity(reports_to.len());
        let mut seen = BTreeSet::new();
        for senior in reports_to {
            let number = self.find_position(senior)?;
            if !seen.insert(number) {
                return Err(Refusal::NamedTwice {
                    what: Named::Position,
                    id: senior.clone(),
                });
            }
            seniors.push(number);
        }
        Ok(seniors)
    }

    pub(super) fn no_hierarchy(&self, why: NoHierarchy) -> Refusal {
        match why {
            NoHierarchy::Cycles(cycles) => {
                let first = cycles.into_iter().next().unwrap_or_default();
                let names = first
                    .into_iter()
                    .filter_map(|it| self.now().position_id(it));
                Refusal::Cycle {
                    what: Named::Position,
                    cycle: names.map(Into::into).collect(),
                }
            }
            NoHierarchy::Tangled => Refusal::TooMany {
                what: "positions in a hierarchy so tangled",
                limit: limits::TANGLED_POSITIONS,
            },
        }
    }

    /// Checks that they may place somebody in a position: what the person then reaches, and what those around
    /// then reach of the person (A4).
    pub(super) fn may_place(&self, user: u32, from: u32, to: u32) -> Result<(), Refusal> {
        if self.authority.is_system() || to == NOWHERE {
            return Ok(());
        }
        let now = self.now();
        let mut reaching = BTreeSet::new();
        self.at_each_moment(user, |rights| reaching.extend(rights.granted_between()));
        let above = now.positions_above(to).into_iter();
        let new = above.filter(|it| from == NOWHERE || !now.stands_below(from, *it));
        reaching.extend(self.reaching_down(new, Some(user)));
        for peer in now.users().in_position(to).filter(|it| *it != user) {
            self.at_each_moment(peer, |rights| reaching.extend(rights.granted_at_peers()));
        }
        reaching.extend(brought_by_tokens(now));
        self.authority.widen(self.scene(), reaching.into_iter())
    }

    /// Whether it is theirs to widen all that anybody reaches by their position, now or before the
    /// transaction: then it does not matter who comes to stand above whom (A4).
    pub(super) fn may_widen_everything(&self) -> bool {
        let mut reaching = brought_by_tokens(self.now());
        for state in [&*self.before, self.now()] {
            let used = (0..state.set_numbers()).filter(|it| state.sets().holders(*it).users > 0);
            let rights = used.filter_map(|it| state.set_rights(it as usize));
            reaching.extend(rights.flat_map(|it| it.granted_between()));
            for user in state.users().with_ends() {
                let each = |rights: &Planes| reaching.extend(rights.granted_between());
                self.at_each_moment_in(state, user, each);
            }
        }
        let may = self.authority.widen(self.scene(), reaching.into_iter());
        may.is_ok()
    }

    /// What people in some positions, but one of them, are granted at Reports or Peers, now or later.
    fn reaching_down(
        &self,
        positions: impl Iterator<Item = u32>,
        but: Option<u32>,
    ) -> BTreeSet<u16> {
        let users = positions.flat_map(|it| self.now().users().in_position(it));
        let mut alike = [BTreeSet::new(), BTreeSet::new()];
        let mut reaching = BTreeSet::new();
        for user in users.filter(|user| Some(*user) != but) {
            for (alike, (state, user)) in alike.iter_mut().zip(self.in_both(user)) {
                let Some((user, record)) = user.and_then(|it| Some((it, state.user_record(it)?)))
                else {
                    continue;
                };
                if alike.insert((record.access(), state.users().ordered_ends(user))) {
                    let each = |rights: &Planes| reaching.extend(rights.granted_between());
                    self.at_each_moment_in(state, user, each);
                }
            }
        }
        reaching
    }

    /// Calls for what somebody is granted so far and at each later moment, and the same as it was before the
    /// transaction: a right that is put down and taken up again around a change is held in it all the same
    /// (A4).
    pub(super) fn at_each_moment(&self, user: u32, mut each: impl FnMut(&Planes)) {
        for (state, user) in self.in_both(user) {
            if let Some(user) = user {
                self.at_each_moment_in(state, user, &mut each);
            }
        }
    }

    fn at_each_moment_in(&self, state: &State, user: u32, mut each: impl FnMut(&Planes)) {
        if !self.is_replayed() {
            return state.at_each_moment(user, each);
        }
        let record = state.user_record(user);
        if let Some(rights) = record.and_then(|it| state.set_rights(it.access())) {
            each(rights);
        }
    }

    /// The states before and so far, and the number that a user so far has in each.
    fn in_both(&self, user: u32) -> [(&State, Option<u32>); 2] {
        let before = if self.is_replayed() {
            // Somebody made anew was a stranger once (D16).
            Some(user).filter(|it| self.before.user_record(*it).is_some())
        } else {
            self.scene().before_of(user)
        };
        [(&self.before, before), (self.now(), Some(user))]
    }
}

/// What the roles that tokens may bring grant at Reports or Peers: they are held at every position (D18).
fn brought_by_tokens(state: &State) -> BTreeSet<u16> {
    let roles = (0..state.role_numbers()).filter_map(|it| state.roles().get(it));
    roles
        .filter(|role| role.tokens_bring)
        .flat_map(|role| role.closure.granted_between())
        .collect()
}
