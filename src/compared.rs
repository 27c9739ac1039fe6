//! Two engines of the same people, user by user: what reports of a change and of an upgrade share.

use std::collections::BTreeMap;

use crate::Scope;
use crate::document::problem::quoted;
use crate::engine::State;

/// An access set before and after; none of who is suspended or not there.
pub(crate) type Sets = (Option<u32>, Option<u32>);

/// Two states in which who stayed has one number: revisions of an account, or one directory loaded twice.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'e> {
    pub(crate) before: &'e State,
    pub(crate) after: &'e State,
}

impl<'e> Compared<'e> {
    /// Everybody of before or after, by their number in each. Who was removed, forgotten and made again
    /// has two, and is one person.
    pub(crate) fn everybody(self) -> impl Iterator<Item = (Option<u32>, Option<u32>)> + 'e {
        let Compared { before, after } = self;
        let is_there = |state: &State, user| state.user_record(user).is_some();
        let every = 0..before.user_numbers().max(after.user_numbers());
        every.filter_map(
            move |user| match (is_there(before, user), is_there(after, user)) {
                (true, true) => Some((Some(user), Some(user))),
                (true, false) => Some((Some(user), after.find_user(before.user_id(user)?))),
                (false, true) => {
                    let same = before.find_user(after.user_id(user)?);
                    same.is_none().then_some((None, Some(user)))
                }
                (false, false) => None,
            },
        )
    }

    /// The number before of a position that has this one after.
    pub(crate) fn position_before(self, position: u32) -> u32 {
        if self.before.position_id(position).is_some() {
            return position;
        }
        let id = self.after.position_id(position);
        let same = id.and_then(|id| self.before.find_position(id));
        same.unwrap_or(position)
    }

    /// The number after of a position that had this one before.
    pub(crate) fn position_after(self, position: u32) -> u32 {
        if self.after.position_id(position).is_some() {
            return position;
        }
        let id = self.before.position_id(position);
        let same = id.and_then(|id| self.after.find_position(id));
        same.unwrap_or(position)
    }

    fn sets(self, (was, is): (Option<u32>, Option<u32>)) -> Sets {
        let set = |state: &State, user: Option<u32>| {
            let record = state.user_record(user?).filter(|it| !it.is_suspended());
            record.map(|it| it.access() as u32)
        };
        (set(self.before, was), set(self.after, is))
    }

    /// How many users have which access sets.
    pub(crate) fn users_by_sets(self) -> BTreeMap<Sets, usize> {
        let mut users: BTreeMap<Sets, usize> = BTreeMap::new();
        for person in self.everybody() {
            *users.entry(self.sets(person)).or_default() += 1;
        }
        users
    }

    /// The users who have those access sets, by id.
    pub(crate) fn users_of(self, wanted: Sets) -> impl Iterator<Item = &'e str> {
        let people = self.everybody();
        let people = people.filter(move |person| self.sets(*person) == wanted);
        people.filter_map(move |(was, is)| match is {
            Some(is) => self.after.user_id(is),
            None => self.before.user_id(was?),
        })
    }
}

/// How far a pair reaches in an access set, its late features looked at, conditions aside.
pub(crate) fn scope(state: &State, set: u32, operation: u16, pair: u16) -> Option<Scope> {
    let held = state.pair_scope(set as usize, pair)?.ok()?;
    let entitled = state.late_feature(operation, pair).is_none();
    Scope::from_u8(held).filter(|_| entitled)
}

/// `3 users`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// `3 users (`ann`, `bob`, `cay`)`, the first of them by name.
pub(crate) fn counted_users<'u>(number: usize, users: impl Iterator<Item = &'u str>) -> String {
    let named: Vec<&str> = users.take(4).collect();
    let shown: Vec<String> = named.iter().take(3).map(|it| quoted(it)).collect();
    let more = if named.len() > 3 { ", …" } else { "" };
    format!("{} ({}{more})", counted(number, "user"), shown.join(", "))
}

/// A change of scope in words: its sign, its verb, and how far.
pub(crate) fn movement(
    before: Option<Scope>,
    after: Option<Scope>,
) -> (char, &'static str, String) {
    let sign = if after > before { '+' } else { '-' };
    let (verb, how_far) = match (before, after) {
        (None, Some(scope)) => ("gain", scope.to_string()),
        (Some(scope), None) => ("lose", scope.to_string()),
        (was, is) => {
            let verb = if is > was { "widen" } else { "narrow" };
            let word = |scope: Option<Scope>| scope.map_or("none", Scope::as_str);
            (verb, format!("{} → {}", word(was), word(is)))
        }
    };
    (sign, verb, how_far)
}
