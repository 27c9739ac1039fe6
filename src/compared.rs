//! Two engines of the same people, user by user: what reports of a change and of an upgrade share.

use std::collections::BTreeMap;

use crate::Scope;
use crate::abilities::{self, Ability, Lends, Listed, Numbered, Worth};
use crate::document::AskedOn;
use crate::document::problem::quoted;
use crate::engine::State;

/// Access set and position before and after; none of who is suspended or not there. Positions that are
/// lent the same for reading fields are one, and where nothing is lent, none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Standing {
    before: Option<(u32, Option<u32>)>,
    after: Option<(u32, Option<u32>)>,
}

impl Standing {
    /// How far an ability reached and reaches.
    pub(crate) fn scopes(
        self,
        of: Compared<'_>,
        before: Option<&Numbered>,
        after: Option<&Numbered>,
    ) -> (Option<Scope>, Option<Scope>) {
        let scope = |state: &State, held: Option<(u32, Option<u32>)>, of: Option<&Numbered>| {
            let (set, position) = held?;
            let lent = position.map_or(Lends::Nothing, Lends::At);
            abilities::scope(state, Worth::Set { set, lent }, of?)
        };
        (
            scope(of.before, self.before, before),
            scope(of.after, self.after, after),
        )
    }

    /// The access sets before and after.
    pub(crate) fn sets(self) -> (Option<u32>, Option<u32>) {
        (self.before.map(|it| it.0), self.after.map(|it| it.0))
    }
}

/// An ability that one state has, or both.
#[derive(Debug, Clone)]
pub(crate) struct Matched {
    pub(crate) ability: Ability,
    pub(crate) on: Option<AskedOn>,
    /// By number: after where it is there, else before.
    pub(crate) permission: Option<u16>,
    pub(crate) before: Option<Numbered>,
    pub(crate) after: Option<Numbered>,
}

/// Abilities by number before and after, each once, with the places of those that it is: many roles need
/// the same to be given.
pub(crate) struct Classes<'c>(BTreeMap<Numbers<'c>, Vec<usize>>);

type Numbers<'c> = (Option<&'c Numbered>, Option<&'c Numbered>);

impl<'c> Classes<'c> {
    pub(crate) fn of(numbers: impl Iterator<Item = Numbers<'c>>) -> Classes<'c> {
        let mut classes: BTreeMap<Numbers<'c>, Vec<usize>> = BTreeMap::new();
        for (place, numbers) in numbers.enumerate() {
            classes.entry(numbers).or_default().push(place);
        }
        Classes(classes)
    }

    /// The places of what `scopes` tells for, in order; each class is asked once.
    pub(crate) fn told<T: Copy>(
        &self,
        scopes: impl Fn(Numbers<'c>) -> Option<T>,
    ) -> Vec<(usize, T)> {
        let each = self.0.iter();
        let each = each.filter_map(|(numbers, places)| Some((scopes(*numbers)?, places)));
        let told = each.flat_map(|(told, places)| places.iter().map(move |it| (*it, told)));
        let mut told: Vec<(usize, T)> = told.collect();
        told.sort_unstable_by_key(|(place, _)| *place);
        told
    }
}

/// Abilities matched by name, operations by the permission too, which `same` numbers for both; those of
/// after first, then those that are gone.
pub(crate) fn matched(
    before: Vec<Listed>,
    after: Vec<Listed>,
    same: impl Fn(u16) -> Option<u16>,
) -> Vec<Matched> {
    let key = |listed: &Listed, permission: Option<u16>| {
        let permission = permission.filter(|_| listed.ability.is_operation());
        (listed.ability.clone(), listed.on, permission)
    };
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    let mut all: Vec<Matched> = Vec::with_capacity(after.len());
    for listed in after {
        known.insert(key(&listed, listed.permission), all.len());
        all.push(Matched {
            ability: listed.ability,
            on: listed.on,
            permission: listed.permission,
            before: None,
            after: Some(listed.numbered),
        });
    }
    for listed in before {
        let is_gone = listed.permission.is_some_and(|it| same(it).is_none());
        let place = known.get(&key(&listed, listed.permission.and_then(&same)));
        let place = place.filter(|_| !(is_gone && listed.ability.is_operation()));
        match place.and_then(|place| all.get_mut(*place)) {
            Some(both) => both.before = Some(listed.numbered),
            None => all.push(Matched {
                ability: listed.ability,
                on: listed.on,
                permission: listed.permission,
                before: Some(listed.numbered),
                after: None,
            }),
        }
    }
    all
}

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

    /// How many users stand where.
    pub(crate) fn users_by_standing(self) -> BTreeMap<Standing, usize> {
        let stands = self.standings();
        let mut users: BTreeMap<Standing, usize> = BTreeMap::new();
        for person in self.everybody() {
            *users.entry(stands(person)).or_default() += 1;
        }
        users
    }

    /// Where each person stands.
    fn standings(self) -> impl Fn((Option<u32>, Option<u32>)) -> Standing + 'e {
        let Compared { before, after } = self;
        let (lent_before, lent_after) = (lent_alike(before), lent_alike(after));
        let held = |state: &State, lent: &[Option<u32>], user: Option<u32>| {
            let record = state.user_record(user?).filter(|it| !it.is_suspended())?;
            let position = record.in_position();
            let position = position.and_then(|it| lent.get(it as usize).copied().flatten());
            Some((record.access() as u32, position))
        };
        move |(was, is)| Standing {
            before: held(before, &lent_before, was),
            after: held(after, &lent_after, is),
        }
    }

    /// The users who stand there, by id.
    pub(crate) fn users_of(self, wanted: Standing) -> impl Iterator<Item = &'e str> {
        let stands = self.standings();
        let people = self.everybody();
        let people = people.filter(move |person| stands(*person) == wanted);
        people.filter_map(move |(was, is)| match is {
            Some(is) => self.after.user_id(is),
            None => self.before.user_id(was?),
        })
    }
}

/// For each position one that is lent the same for reading fields (S6); `None` where it is lent nothing.
fn lent_alike(state: &State) -> Vec<Option<u32>> {
    let model = state.model();
    let with_fields = model
        .types
        .iter()
        .filter(|it| !it.fields.reveals.is_empty());
    let reads = with_fields.filter_map(|it| model.operations.get(it.fields.read? as usize));
    let reads: Vec<u16> = reads.flat_map(|it| it.pairs.clone()).collect();
    if reads.is_empty() || !state.lends() {
        return Vec::new();
    }
    let mut known: BTreeMap<Vec<u16>, u32> = BTreeMap::new();
    let alike = (0..state.position_numbers()).map(|position| {
        let lent = reads.iter().copied();
        let lent: Vec<u16> = lent.filter(|it| state.is_lent_at(position, *it)).collect();
        (!lent.is_empty()).then(|| *known.entry(lent).or_insert(position))
    });
    alike.collect()
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
