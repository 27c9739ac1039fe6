//! What a remedy opens, and to how many.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Scope;
use crate::abilities::{self, Ability, Numbered, Worth};
use crate::compared::{Classes, Compared, LentPairs, role_scopes};
use crate::engine::State;

/// What a remedy opens, to the user concerned and to others: the fewer, the better it is.
///
/// Counted are the users of the directory and what they may then do or see, or do to or see of more
/// records, by what roles give them and by what people below lend them (S6); conditions aside.
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
    /// Over all roles that tokens may bring (D18), how many operations, fields and rights each gives more
    /// of by itself. Nobody knows how many tokens bring it.
    pub tokens: usize,
}

impl Opened {
    /// All together.
    pub(super) fn all(self) -> usize {
        self.operations + self.fields + self.rights + self.tokens
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

/// What a remedy does to one ability of the tokens that bring a role, by that role alone (D18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenEffect {
    /// The role.
    pub role: String,
    /// What they can do or see otherwise.
    pub ability: Ability,
    /// How far before; `None`: not at all.
    pub before: Option<Scope>,
    /// How far after.
    pub after: Option<Scope>,
}

impl TokenEffect {
    /// Whether it reaches further than before.
    pub fn is_gain(&self) -> bool {
        self.after > self.before
    }
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
    let others = abilities::of_catalog(model, model).into_iter();
    let others = others.filter(|it| match it.ability {
        Ability::Operation(_) | Ability::OwnContribution { .. } => false,
        Ability::Field { .. }
        | Ability::Change(_)
        | Ability::ChangeSetting(_)
        | Ability::EditProperty(_)
        | Ability::AssignRole(_)
        | Ability::RevokeRole(_)
        | Ability::AssignAccountRoles
        | Ability::RevokeAccountRoles => true,
    });
    let others = others.chain(abilities::of_account(state, state));
    let others = others.map(|it| (it.ability, it.numbered));
    operations.chain(others).collect()
}

pub(super) fn opened(
    before: &State,
    after: &State,
    user: Option<u32>,
    openable: &[(Ability, Numbered)],
) -> (Opened, Vec<RemedyEffect>, Vec<TokenEffect>) {
    let mut opening = Opening {
        classes: Classes::of(openable.iter().map(|(_, it)| (None, Some(it)))),
        openable,
        opened: Opened::default(),
        effects: BTreeMap::new(),
    };
    match before.lends() || after.lends() {
        true => opening.by_standing(before, after),
        false => opening.by_set(before, after, user),
    }
    let effects = std::mem::take(&mut opening.effects).into_iter();
    let effects = effects.filter_map(|((number, before, after), users)| {
        let (ability, _) = openable.get(number)?;
        Some(RemedyEffect {
            ability: ability.clone(),
            before,
            after,
            users,
        })
    });
    let tokens = opening.by_tokens(Compared { before, after });
    (opening.opened, effects.collect(), tokens)
}

struct Opening<'o> {
    openable: &'o [(Ability, Numbered)],
    classes: Classes<'o>,
    opened: Opened,
    /// By number of the ability and how far it reached and reaches: how many users.
    effects: BTreeMap<(usize, Option<Scope>, Option<Scope>), usize>,
}

impl Opening<'_> {
    /// What one user is given may be lent to everybody above (S6). Cost: linear in the users.
    fn by_standing(&mut self, before: &State, after: &State) {
        let compared = Compared { before, after };
        for (standing, users) in compared.users_by_standing(LentPairs::OfRecords) {
            self.add(users, |of| standing.scopes(compared, Some(of), Some(of)));
        }
    }

    /// Where nothing is lent, by access sets: only the user concerned may have another one than before.
    fn by_set(&mut self, before: &State, after: &State, user: Option<u32>) {
        let set_of = |state: &State| {
            let record = state.user_record(user?)?;
            (!record.is_suspended()).then(|| record.access() as u32)
        };
        let (was, is) = (set_of(before), set_of(after));
        let same_features = before.features() == after.features();
        let reach = |state: &State, set: Option<u32>, of: &Numbered| {
            let (set, lent_at) = (set?, None);
            abilities::scope(state, Worth::Set { set, lent_at }, of)
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
                let set = Some(set);
                self.add(others, |of| (reach(before, set, of), reach(after, set, of)));
            }
        }
        self.add(1, |of| (reach(before, was, of), reach(after, is, of)));
    }

    /// Roles that tokens may bring. Cost: linear in the roles, and in the abilities for each that is another.
    fn by_tokens(&mut self, compared: Compared<'_>) -> Vec<TokenEffect> {
        let same_features = compared.before.features() == compared.after.features();
        let mut effects = Vec::new();
        for (role, was, is) in compared.roles_of_tokens() {
            if same_features && compared.is_same_role(was, is) {
                continue;
            }
            let told = self.classes.told(|(_, numbered)| {
                let scopes = role_scopes(compared, (was, is), (numbered, numbered));
                (scopes.0 != scopes.1).then_some(scopes)
            });
            let told = told.into_iter().filter_map(|(number, (before, after))| {
                let (ability, _) = self.openable.get(number)?;
                Some(TokenEffect {
                    role: role.to_owned(),
                    ability: ability.clone(),
                    before,
                    after,
                })
            });
            effects.extend(told);
        }
        self.opened.tokens = effects.iter().filter(|it| it.is_gain()).count();
        effects
    }

    /// What so many users come to.
    fn add(&mut self, users: usize, scopes: impl Fn(&Numbered) -> (Option<Scope>, Option<Scope>)) {
        let mut gains = false;
        let told = self.classes.told(|(_, numbered)| {
            let (before, after) = scopes(numbered?);
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
                    | Ability::EditProperty(_)
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
