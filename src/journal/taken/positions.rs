//! Where people stand: whom those above have out of sight, and what they are lent no more.

use std::collections::BTreeSet;

use super::Taking;
use crate::Scope;
use crate::engine::{Planes, State};

impl Taking<'_> {
    /// The number after of a position before.
    pub(super) fn position_after(self, position: u32) -> Option<u32> {
        match self.after.position_id(position) {
            Some(_) => Some(position),
            None => self.after.find_position(self.before.position_id(position)?),
        }
    }

    /// Returns whether who stands at the first position, before, still stands above the second, before.
    pub(super) fn still_above(self, high: u32, low: Option<u32>) -> bool {
        let high = self.position_after(high);
        high.zip(low)
            .is_some_and(|(high, low)| self.after.stands_below(low, high))
    }

    /// The positions that do not reach records of who was at one any more, and is at the other.
    pub(super) fn lose_sight(self, was: u32, is: Option<u32>, found: &mut BTreeSet<u32>) {
        let above = self.before.positions_above(was).into_iter();
        let viewers = above.chain([was]);
        found.extend(viewers.filter(|viewer| !self.still_above(*viewer, is)));
    }

    /// Positions below which the hierarchy has come apart, by their numbers before.
    ///
    /// Where somebody stood above somebody else and does not any more, every way between them has an edge that
    /// is gone. Of the lowest such edge on one of them, the lower end is not below them any more.
    pub(super) fn hierarchy(self, found: &mut BTreeSet<u32>) {
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
    pub(super) fn lending(self, found: &mut BTreeSet<u32>) {
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

/// Returns whether somebody with these rights looks further than at their own records by where they stand.
pub(super) fn looks_around(model_permissions: usize, rights: &Planes) -> bool {
    let between = [Scope::Reports as u8, Scope::Peers as u8];
    (0..model_permissions as u16).any(|it| between.contains(&rights.granted(it)))
}
