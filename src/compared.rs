//! Two engines of the same people, user by user: what reports of a change and of an upgrade share.

use std::collections::BTreeMap;

use crate::Scope;
use crate::abilities::{self, Ability, Listed, Numbered, Worth};
use crate::catalog::{Operation, Type};
use crate::document::AskedOn;
use crate::document::problem::quoted;
use crate::engine::State;

/// Access set and position before and after; none of who is suspended or not there. Positions that are
/// lent the same are one, and where nothing is lent, none.
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
            let lent_at = position;
            abilities::scope(state, Worth::Set { set, lent_at }, of?)
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

pub(crate) type Numbers<'c> = (Option<&'c Numbered>, Option<&'c Numbered>);

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

    /// How many users stand where; positions are told apart by what they are lent of those pairs.
    pub(crate) fn users_by_standing(self, lent: LentPairs) -> BTreeMap<Standing, usize> {
        let stands = self.standings(lent);
        let mut users: BTreeMap<Standing, usize> = BTreeMap::new();
        for person in self.everybody() {
            *users.entry(stands(person)).or_default() += 1;
        }
        users
    }

    /// Where each person stands.
    fn standings(self, lent: LentPairs) -> impl Fn((Option<u32>, Option<u32>)) -> Standing + 'e {
        let Compared { before, after } = self;
        let (lent_before, lent_after) = (lent.alike(before), lent.alike(after));
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

    /// The roles that tokens may bring before or after (D18), by their number where they may. Those that are
    /// gone come last.
    pub(crate) fn roles_of_tokens(
        self,
    ) -> impl Iterator<Item = (&'e str, Option<u32>, Option<u32>)> {
        let Compared { before, after } = self;
        let roles = |of: &'e State| (0..of.role_numbers()).filter_map(|it| of.role_id(it));
        let gone = roles(before).filter(|role| after.find_role_number(role).is_none());
        let every = roles(after).chain(gone);
        let every = every.map(|role| (role, brought(before, role), brought(after, role)));
        every.filter(|(_, was, is)| was.is_some() || is.is_some())
    }

    /// Whether a role brings the very same rights as before, worked out once for both revisions.
    pub(crate) fn is_same_role(self, was: Option<u32>, is: Option<u32>) -> bool {
        let rights = |state: &'e State, role: Option<u32>| state.role_closure(role?);
        match (rights(self.before, was), rights(self.after, is)) {
            (Some(was), Some(is)) => std::ptr::eq(was, is),
            _ => false,
        }
    }

    /// The users who stand there, by id.
    pub(crate) fn users_of(self, wanted: Standing) -> impl Iterator<Item = &'e str> {
        let stands = self.standings(LentPairs::OfFields);
        let people = self.everybody();
        let people = people.filter(move |person| stands(*person) == wanted);
        people.filter_map(move |(was, is)| match is {
            Some(is) => self.after.user_id(is),
            None => self.before.user_id(was?),
        })
    }
}

/// The role, where tokens may bring it.
fn brought(state: &State, role: &str) -> Option<u32> {
    let number = state.find_role_number(role)?;
    (state.tokens_bring(number) && !state.is_gone_role(number)).then_some(number)
}

/// How far an ability reached and reaches by a role alone, as tokens bring it.
pub(crate) fn role_scopes(
    of: Compared<'_>,
    (role_before, role_after): (Option<u32>, Option<u32>),
    (before, after): Numbers<'_>,
) -> (Option<Scope>, Option<Scope>) {
    let scope = |state: &State, role: Option<u32>, of: Option<&Numbered>| {
        abilities::scope(state, Worth::Role(role?), of?)
    };
    (
        scope(of.before, role_before, before),
        scope(of.after, role_after, after),
    )
}

/// The pairs by which positions are told apart, where they are lent some (S6).
#[derive(Debug, Clone, Copy)]
pub(crate) enum LentPairs {
    /// Those of reading what has masked fields.
    OfFields,
    /// Those of every operation on records.
    OfRecords,
}

impl LentPairs {
    /// For each position one that is lent the same; `None` where it is lent nothing.
    fn alike(self, state: &State) -> Vec<Option<u32>> {
        let model = state.model();
        let on_records = |operations: &mut dyn Iterator<Item = &Operation>| -> Vec<u16> {
            let operations = operations.filter(|it| it.on == AskedOn::Record);
            operations.flat_map(|it| it.pairs.clone()).collect()
        };
        let pairs = match self {
            LentPairs::OfFields => {
                let types = model.types.iter();
                let with_fields = types.filter(|it| !it.fields.reveals.is_empty());
                let read = |it: &Type| model.operations.get(usize::from(it.fields.read?));
                on_records(&mut with_fields.filter_map(read))
            }
            LentPairs::OfRecords => on_records(&mut model.operations.iter()),
        };
        if pairs.is_empty() || !state.lends() {
            return Vec::new();
        }
        let mut known: BTreeMap<Vec<u16>, u32> = BTreeMap::new();
        let alike = (0..state.position_numbers()).map(|position| {
            let lent = pairs.iter().copied();
            let lent: Vec<u16> = lent.filter(|it| state.is_lent_at(position, *it)).collect();
            (!lent.is_empty()).then(|| *known.entry(lent).or_insert(position))
        });
        alike.collect()
    }
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
