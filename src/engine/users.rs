//! The users of an account: what a check reads of them, their names, and the index by position.

use std::collections::BTreeSet;

use super::packed_users::PackedUsers;
use crate::Timestamp;
use crate::chunked::Sparse;
use crate::document::PropertyValue;
use crate::names::{Known, Registry};
use crate::ordered::Ordered;

/// No position.
pub(crate) const NOWHERE: u32 = u32::MAX;

const SUSPENDED: u32 = 1 << 31;
/// Of whoever was removed: no access set has that number.
const REMOVED: u32 = u32::MAX;

/// What a check reads of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    /// The access set; the top bit says suspended.
    access: u32,
    /// The position, or [`NOWHERE`].
    pub(crate) position: u32,
}

impl User {
    pub(crate) fn new(access: u32, position: Option<u32>, suspended: bool) -> User {
        User {
            access: access | if suspended { SUSPENDED } else { 0 },
            position: position.unwrap_or(NOWHERE),
        }
    }

    /// Whoever was removed.
    pub(crate) fn removed() -> User {
        User {
            access: REMOVED,
            position: NOWHERE,
        }
    }

    /// One more than the access set, one more than the position, and whether suspended: of whoever was
    /// removed, and without a position, 0.
    pub(super) fn parts(self) -> (u32, u32, bool) {
        let is_suspended = self.is_suspended();
        let access = self.access & !(u32::from(is_suspended) << 31);
        let parts = (access.wrapping_add(1), self.position.wrapping_add(1));
        (parts.0, parts.1, is_suspended)
    }

    /// The user of those parts.
    #[inline]
    pub(super) fn of_parts(set: u32, position: u32, is_suspended: bool) -> User {
        // Of 0 all bits are set, that of the suspended, too.
        let access = set.wrapping_sub(1) | u32::from(is_suspended) << 31;
        User {
            access,
            position: position.wrapping_sub(1),
        }
    }

    #[inline]
    pub(crate) fn is_suspended(self) -> bool {
        self.access & SUSPENDED != 0 && !self.is_removed()
    }

    #[inline]
    pub(crate) fn access(self) -> usize {
        (self.access & !SUSPENDED) as usize
    }

    /// The row of the access set in the tables of cells; past all rows of whoever is suspended
    /// or was removed.
    #[inline]
    pub(crate) fn row(self) -> usize {
        self.access as usize
    }

    pub(crate) fn in_position(self) -> Option<u32> {
        (self.position != NOWHERE).then_some(self.position)
    }

    pub(super) fn is_removed(self) -> bool {
        self.access == REMOVED
    }
}

/// What few users have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    /// What a person reads.
    pub(crate) label: Option<Box<str>>,
    /// By number of the property, ascending.
    pub(crate) properties: Vec<(u16, PropertyValue)>,
    /// Assignments that end.
    pub(crate) ends: Vec<End>,
}

/// When an assignment ends (D2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) of: Held,
    pub(crate) until: Timestamp,
}

/// What ends, and when, in ascending order.
pub(crate) type Ends = Vec<(Timestamp, Held)>;

/// What a user is assigned: a role or a package, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Held {
    Role(u32),
    Package(u32),
}

#[derive(Default, Clone)]
pub(crate) struct Users {
    names: Registry,
    records: PackedUsers,
    extras: Sparse<Extras>,
    by_position: Ordered<(u32, u32)>,
    /// When assignments end, and whose.
    ends: Ordered<(Timestamp, u32)>,
    count: usize,
}

impl Users {
    pub(crate) fn new(names: Registry, records: Vec<User>, extras: Vec<(u32, Extras)>) -> Users {
        let ends = extras.iter().flat_map(|(user, extras)| {
            let ends = extras.ends.iter();
            ends.map(|end| (end.until, *user))
        });
        let mut users = Users {
            names,
            by_position: by_position(&records).into_iter().collect(),
            ends: ends.collect(),
            count: records.len(),
            records: PackedUsers::of(&records),
            extras: Sparse::default(),
        };
        for (user, extras) in extras {
            users.extras.set(user, Some(extras));
        }
        users
    }

    /// The number of a name. Of one that was removed it may answer the old number, which no record
    /// says anything of.
    #[inline]
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.names.get(id)
    }

    /// The number of a user there is.
    pub(crate) fn find_live(&self, id: &str) -> Option<u32> {
        self.find(id).filter(|user| self.get(*user).is_some())
    }

    pub(crate) fn name(&self, user: u32) -> Option<&str> {
        self.get(user)?;
        self.names.text(user)
    }

    /// The name that a number was given, also of a user who was removed.
    pub(crate) fn name_given(&self, user: u32) -> Option<&str> {
        self.names.text(user)
    }

    /// What there is of a number: of a removed user, an access set that does not exist, and no position.
    #[inline]
    pub(crate) fn record(&self, user: u32) -> Option<User> {
        self.records.get(user)
    }

    pub(crate) fn get(&self, user: u32) -> Option<User> {
        self.record(user).filter(|user| !user.is_removed())
    }

    /// One past the highest number.
    pub(crate) fn numbers(&self) -> u32 {
        self.names.len() as u32
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Every user, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, User)> + '_ {
        let records = self.records.iter().zip(0..);
        records
            .filter(|(user, _)| !user.is_removed())
            .map(|(user, number)| (number, user))
    }

    /// The users in a position.
    pub(crate) fn in_position(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        self.by_position.with(position)
    }

    pub(crate) fn extras(&self, user: u32) -> Option<&Extras> {
        self.extras.get(user)
    }

    #[inline]
    pub(crate) fn property(&self, user: u32, property: u16) -> Option<&PropertyValue> {
        let properties = &self.extras(user)?.properties;
        let mut known = properties.iter();
        known
            .find(|(known, _)| *known == property)
            .map(|(_, it)| it)
    }

    /// The users who are otherwise in one than in the other: what they are assigned, their position,
    /// suspension, properties, ends; or who are in one alone.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &Users) -> BTreeSet<u32> {
        let mut found: BTreeSet<u32> = self.records.differing(&other.records).into_iter().collect();
        found.extend(self.extras.differing(&other.extras));
        found
    }

    /// The assignments of a user that end.
    pub(crate) fn ends(&self, user: u32) -> &[End] {
        self.extras(user).map_or(&[], |it| &it.ends)
    }

    /// The ends in order, so that equal ones compare equal.
    pub(crate) fn ordered_ends(&self, user: u32) -> Ends {
        let mut ends: Ends = self
            .ends(user)
            .iter()
            .map(|end| (end.until, end.of))
            .collect();
        ends.sort_unstable();
        ends
    }

    pub(crate) fn next_end(&self) -> Option<Timestamp> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// The users of whom an assignment ends, each once.
    pub(crate) fn with_ends(&self) -> impl Iterator<Item = u32> {
        let users: BTreeSet<u32> = self.ends.iter().map(|(_, user)| *user).collect();
        users.into_iter()
    }

    /// The users of whom an assignment has ended.
    pub(crate) fn ended(&self, at: Timestamp) -> Vec<u32> {
        let ended = self.ends.range(..=(at, u32::MAX));
        let mut users: Vec<u32> = ended.map(|(_, user)| *user).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    pub(crate) fn add(&mut self, name: &str, user: User) -> u32 {
        let number = self.names.add(name);
        self.records.push(user);
        self.count += 1;
        if let Some(position) = user.in_position() {
            self.by_position.insert((position, number));
        }
        number
    }

    pub(crate) fn remove(&mut self, user: u32) {
        self.set_extras(user, Extras::default());
        self.set(user, User::removed());
        self.count -= 1;
    }

    pub(crate) fn set(&mut self, user: u32, to: User) {
        let Some(before) = self.records.set(user, to) else {
            return;
        };
        if before.position != to.position {
            if let Some(position) = before.in_position() {
                self.by_position.remove(&(position, user));
            }
            if let Some(position) = to.in_position() {
                self.by_position.insert((position, user));
            }
        }
    }

    pub(crate) fn set_extras(&mut self, user: u32, extras: Extras) {
        let before = self.ends(user).to_vec();
        if before != extras.ends {
            for end in before {
                self.ends.remove(&(end.until, user));
            }
            for end in &extras.ends {
                self.ends.insert((end.until, user));
            }
        }
        let is_nothing = extras == Extras::default();
        self.extras.set(user, (!is_nothing).then_some(extras));
    }
}

/// Position and user, of everybody in a position, in order: users are looked at twice, and not sorted.
fn by_position(records: &[User]) -> Vec<(u32, u32)> {
    let placed = || records.iter().filter_map(|user| user.in_position());
    let positions = placed().max().map_or(0, |it| it as usize + 1);
    let mut next = vec![0_usize; positions + 1];
    for position in placed() {
        next[position as usize + 1] += 1;
    }
    for position in 1..next.len() {
        next[position] += next[position - 1];
    }
    let mut by_position = vec![(0, 0); placed().count()];
    for (user, number) in records.iter().zip(0..) {
        if let Some(position) = user.in_position() {
            let place = &mut next[position as usize];
            by_position[*place] = (position, number);
            *place += 1;
        }
    }
    by_position
}

impl Known for Users {
    fn number(&self, name: &str) -> Option<u32> {
        self.find_live(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        (0..self.numbers()).filter_map(|user| self.name(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_takes_little_beside_the_name() {
        for users in [10_000, 100_000, 1_000_000_u32] {
            let records: Vec<User> = (0..users)
                .map(|user| User::new(user % 20, Some(user * 7 % (users / 10)), user % 9 == 0))
                .collect();
            let mut kept = None;
            let counted = allocation_counter::measure(|| {
                kept = Some(Users::new(Registry::default(), records.clone(), Vec::new()));
            });
            let each = counted.bytes_current / i64::from(users);
            assert!((12..=32).contains(&each), "{each} bytes a user");
            let kept = kept.unwrap();
            for position in 0..users / 10 {
                let in_it = kept.in_position(position);
                assert!(
                    in_it.eq(records.iter().zip(0..).filter_map(|(user, number)| {
                        (user.position == position).then_some(number)
                    }))
                );
                if position > 20 {
                    break;
                }
            }
        }
    }
}
