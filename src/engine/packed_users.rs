//! What a check reads of every user, in as few cache lines as can be.

use super::users::User;
use crate::chunked::{Chunked, Fronted};

/// The users of an account by number, in four bytes each where the numbers of access sets and positions fit
/// that, and in eight where they do not.
///
/// With a million users it is the caches that a check by handle waits for: half the bytes, half the lines.
/// A change copies up to 64 KB of them; the first number that does not fit rewrites all, once.
/// Which of the two it is was settled at loading, or by the first number that does not fit; it is the same
/// branch for every user, and so predicted.
#[derive(Clone)]
pub(crate) enum PackedUsers {
    Narrow(Fronted<u32, 14>),
    Wide(Chunked<User, 12>),
}

/// In four bytes, one more than the position takes the lowest of these, one more than the access set the next,
/// and the highest says suspended. No position, and the set of whoever was removed, are 0 so.
const POSITION_BITS: u32 = 19;
const SET_BITS: u32 = u32::BITS - 1 - POSITION_BITS;

/// A user in four bytes, if it fits.
fn pack(user: User) -> Option<u32> {
    let (set, position, is_suspended) = user.parts();
    let fits = position >> POSITION_BITS == 0 && set >> SET_BITS == 0;
    fits.then_some(u32::from(is_suspended) << 31 | set << POSITION_BITS | position)
}

#[inline]
fn unpack(packed: u32) -> User {
    let position = packed & ((1 << POSITION_BITS) - 1);
    let set = packed >> POSITION_BITS & ((1 << SET_BITS) - 1);
    User::of_parts(set, position, packed >> 31 != 0)
}

impl Default for PackedUsers {
    fn default() -> Self {
        PackedUsers::of(&[])
    }
}

impl PackedUsers {
    pub(crate) fn of(users: &[User]) -> PackedUsers {
        let packed: Option<Vec<u32>> = users.iter().map(|user| pack(*user)).collect();
        match packed {
            Some(packed) => PackedUsers::Narrow(packed.into_iter().collect()),
            None => PackedUsers::Wide(users.iter().copied().collect()),
        }
    }

    #[inline]
    pub(crate) fn get(&self, user: u32) -> Option<User> {
        match self {
            PackedUsers::Narrow(users) => Some(unpack(*users.get(user as usize)?)),
            PackedUsers::Wide(users) => users.get(user as usize).copied(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = User> + '_ {
        (0..self.len() as u32).filter_map(|user| self.get(user))
    }

    /// The users who are not the same in both, or in one alone.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &PackedUsers) -> Vec<u32> {
        let found = match (self, other) {
            (PackedUsers::Narrow(one), PackedUsers::Narrow(two)) => one.differing(two),
            (PackedUsers::Wide(one), PackedUsers::Wide(two)) => {
                one.differing(two, |one, two| one == two)
            }
            _ => {
                let every = 0..self.len().max(other.len());
                every
                    .filter(|it| self.get(*it as u32) != other.get(*it as u32))
                    .collect()
            }
        };
        found.into_iter().map(|it| it as u32).collect()
    }

    fn len(&self) -> usize {
        match self {
            PackedUsers::Narrow(users) => users.len(),
            PackedUsers::Wide(users) => users.len(),
        }
    }

    /// Writes a user there is, and says what was there.
    pub(crate) fn set(&mut self, user: u32, to: User) -> Option<User> {
        let before = self.get(user)?;
        match self {
            PackedUsers::Narrow(users) => match pack(to) {
                Some(packed) => *users.get_mut(user as usize)? = packed,
                None => *self.widened().get_mut(user as usize)? = to,
            },
            PackedUsers::Wide(users) => *users.get_mut(user as usize)? = to,
        }
        Some(before)
    }

    pub(crate) fn push(&mut self, user: User) {
        match self {
            PackedUsers::Narrow(users) => match pack(user) {
                Some(packed) => users.push(packed),
                None => self.widened().push(user),
            },
            PackedUsers::Wide(users) => users.push(user),
        }
    }

    /// All of them in eight bytes each.
    #[cold]
    fn widened(&mut self) -> &mut Chunked<User, 12> {
        *self = PackedUsers::Wide(self.iter().collect());
        match self {
            PackedUsers::Wide(users) => users,
            PackedUsers::Narrow(..) => unreachable!("it was just made"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Vec<User> {
        let sets = [0, 1, 2, 30, 1000];
        let positions = [None, Some(0), Some(1), Some(99_999)];
        let mut users = Vec::new();
        for set in sets {
            for position in positions {
                users.extend([false, true].map(|it| User::new(set, position, it)));
            }
        }
        users.push(User::removed());
        users
    }

    #[test]
    fn every_user_comes_back_as_it_was() {
        let users = users();
        let packed = PackedUsers::of(&users);
        assert!(matches!(packed, PackedUsers::Narrow(..)));
        assert!(packed.iter().eq(users.iter().copied()));
        assert_eq!(packed.get(users.len() as u32), None);
        assert!(packed.get(users.len() as u32 - 1).unwrap().is_removed());
    }

    #[test]
    fn what_does_not_fit_widens_all() {
        let far = [
            User::new(3, Some(u32::MAX - 1), false),
            User::new((1 << 31) - 2, None, true),
            User::new(1 << 20, Some(1 << 20), false),
        ];
        for far in far {
            let mut expected = users();
            let mut pushed = PackedUsers::of(&expected);
            let mut written = pushed.clone();
            let narrow = pushed.clone();
            assert_eq!(written.set(2, far), Some(expected[2]));
            pushed.push(far);
            assert!(narrow.iter().eq(expected.iter().copied()));
            expected.push(far);
            assert!(pushed.iter().eq(expected.iter().copied()));
            let _ = expected.pop();
            expected[2] = far;
            assert!(written.iter().eq(expected.iter().copied()));
            assert!(matches!(written, PackedUsers::Wide(_)));
            // From the start.
            assert!(
                PackedUsers::of(&expected)
                    .iter()
                    .eq(expected.iter().copied())
            );
        }
    }

    #[test]
    fn there_is_room_for_more() {
        let mut packed = PackedUsers::of(&[User::new(20, Some(100_000), false)]);
        packed.push(User::new(4000, Some(500_000), true));
        assert!(matches!(packed, PackedUsers::Narrow(..)));
        assert_eq!(packed.get(1), Some(User::new(4000, Some(500_000), true)));
        assert_eq!(packed.set(2, User::removed()), None);
    }
}
