//! What a remedy opens, and to how many.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Scope;
use crate::abilities::{self, Ability, Lends, Numbered, Worth};
use crate::compared::Classes;
use crate::engine::State;

/// What a remedy opens, to the user concerned and to others: the fewer, the better it is.
///
/// Counted are the users of the directory and what they may then do or see, or do to or see of more
/// records, by what roles give them; conditions aside, and what is lent to those above them (S6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Opened {
    /// How many users can do or see more.
    pub users: usize,
    /// Over all of them, how many operations.
    pub operations: usize,
    /// How many fields they come to see in clear.
    pub fields: usize,
    /// How many rights of administration they come to.
    pub rights: usize,
}

impl Opened {
    /// All together.
    pub(super) fn all(self) -> usize {
        self.operations + self.fields + self.rights
    }
}

/// What a remedy does to one ability of some users, as far before and as far after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RemedyEffect {
    /// What they can do or see otherwise.
    pub ability: Ability,
    /// How far before; `None`: not at all.
    pub before: Option<Scope>,
    /// How far after.
    pub after: Option<Scope>,
    /// How many users.
    pub users: usize,
}

impl RemedyEffect {
    /// Whether it reaches further than before.
    pub fn is_gain(&self) -> bool {
        self.after > self.before
    }
}

/// What remedies may open: operations by whichever permission, fields, rights.
pub(super) fn openable(state: &State) -> Vec<(Ability, Numbered)> {
    let model = state.model();
    let operations = (0..).zip(&model.operations).map(|(number, _)| {
        let name = model.operation_name(number);
        (Ability::Operation(name), Numbered::Operation(number))
    });
    let others = abilities::of_catalog(model).into_iter();
    let others = others.filter(|it| match it.ability {
        Ability::Operation(_) | Ability::OwnContribution { .. } => false,
        Ability::Field { .. }
        | Ability::Change(_)
        | Ability::ChangeSetting(_)
        | Ability::AssignRole(_)
        | Ability::RevokeRole(_)
        | Ability::AssignAccountRoles
        | Ability::RevokeAccountRoles => true,
    });
    let others = others.chain(abilities::of_account(state, state));
    let others = others.map(|it| (it.ability, it.numbered));
    operations.chain(others).collect()
}

/// By access sets: only the user concerned may have another one than before.
pub(super) fn opened(
    before: &State,
    after: &State,
    user: Option<u32>,
    openable: &[(Ability, Numbered)],
) -> (Opened, Vec<RemedyEffect>) {
    let set_of = |state: &State| {
        let record = state.user_record(user?)?;
        (!record.is_suspended()).then(|| record.access() as u32)
    };
    let (was, is) = (set_of(before), set_of(after));
    let same_features = before.features() == after.features();
    let mut opening = Opening {
        before,
        after,
        openable,
        classes: Classes::of(openable.iter().map(|(_, it)| (None, Some(it)))),
        opened: Opened::default(),
        effects: BTreeMap::new(),
    };
    for set in 0..before.set_numbers() {
        let active = before.sets().holders(set).active as usize;
        let others = active - usize::from(was == Some(set)).min(active);
        let rights = |state: &'_ State| state.set_rights(set as usize).map(std::ptr::from_ref);
        let same_rights = match (rights(before), rights(after)) {
            (Some(before), Some(after)) => std::ptr::eq(before, after),
            _ => true,
        };
        if others > 0 && !(same_rights && same_features) {
            opening.add(others, Some(set), Some(set));
        }
    }
    opening.add(1, was, is);
    let effects = opening.effects.into_iter();
    let effects = effects.filter_map(|((number, before, after), users)| {
        let (ability, _) = openable.get(number)?;
        Some(RemedyEffect {
            ability: ability.clone(),
            before,
            after,
            users,
        })
    });
    (opening.opened, effects.collect())
}

struct Opening<'o> {
    before: &'o State,
    after: &'o State,
    openable: &'o [(Ability, Numbered)],
    classes: Classes<'o>,
    opened: Opened,
    /// By number of the ability and how far it reached and reaches: how many users.
    effects: BTreeMap<(usize, Option<Scope>, Option<Scope>), usize>,
}

impl Opening<'_> {
    /// What users of one set before come to in another after.
    fn add(&mut self, users: usize, was: Option<u32>, is: Option<u32>) {
        let mut gains = false;
        let told = self.classes.told(|(_, numbered)| {
            let numbered = numbered?;
            let reach = |state: &State, set: Option<u32>, lent: Lends| {
                abilities::scope(state, Worth::Set { set: set?, lent }, numbered)
            };
            let both = |lent| (reach(self.before, was, lent), reach(self.after, is, lent));
            let (mut before, mut after) = both(Lends::Nothing);
            // What is lent lets people read what they may then see in clear.
            if before == after && matches!(numbered, Numbered::Field { .. }) {
                (before, after) = both(Lends::Everything);
            }
            (before != after).then_some((before, after))
        });
        for (number, (before, after)) in told {
            let Some((ability, _)) = self.openable.get(number) else {
                continue;
            };
            *self.effects.entry((number, before, after)).or_default() += users;
            if after > before {
                gains = true;
                *match ability {
                    Ability::Operation(_) => &mut self.opened.operations,
                    Ability::Field { .. } | Ability::OwnContribution { .. } => {
                        &mut self.opened.fields
                    }
                    Ability::Change(_)
                    | Ability::ChangeSetting(_)
                    | Ability::AssignRole(_)
                    | Ability::RevokeRole(_)
                    | Ability::AssignAccountRoles
                    | Ability::RevokeAccountRoles => &mut self.opened.rights,
                } += users;
            }
        }
        self.opened.users += if gains { users } else { 0 };
    }
}
