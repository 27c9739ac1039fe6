//! Subjects that bring their roles with them: tokens, and roles standing for themselves (D18).

use super::State;
use super::cells::{Cell, is_effective, pair_cell};
use super::evaluate::Cells;
use super::rights::{Holder, Planes};
use super::users::NOWHERE;
use crate::decision::{Code, Denial};
use crate::request::{PropertyMap, Subject, Who};

/// The part that tokens and roles as subjects have in common.
#[derive(Clone, Copy)]
pub(crate) struct Bearer<'a> {
    pub(crate) id: Option<&'a str>,
    roles: Brought<'a>,
    pub(crate) position: Option<&'a str>,
    pub(crate) properties: Option<&'a PropertyMap>,
    stands_for_role: bool,
}

#[derive(Clone, Copy)]
enum Brought<'a> {
    One(&'a str),
    Many(&'a [String]),
}

impl<'a> Bearer<'a> {
    /// Of a subject that brings its roles; `None` of a user of the directory.
    pub(crate) fn of(subject: &Subject<'a>) -> Option<Bearer<'a>> {
        match subject.who {
            Who::Handle(_) | Who::Named(_) => None,
            Who::Role(role) => Some(Bearer {
                id: None,
                roles: Brought::One(role),
                position: None,
                properties: None,
                stands_for_role: true,
            }),
            Who::Token(token) => Some(Bearer {
                id: token.id.as_deref(),
                roles: Brought::Many(&token.roles),
                position: token.position.as_deref(),
                properties: Some(&token.properties),
                stands_for_role: token.stands_for_role,
            }),
        }
    }

    pub(crate) fn role_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (one, many) = match self.roles {
            Brought::One(role) => (Some(role), Default::default()),
            Brought::Many(roles) => (None, roles),
        };
        one.into_iter().chain(many.iter().map(String::as_str))
    }

    /// What denies a bearer before any operation is looked at; the order is D17's.
    pub(crate) fn denial(&self, state: &State) -> Option<Denial> {
        if self.id.is_some_and(|id| state.is_removed(id)) {
            return Some(Denial::of(Code::Removed));
        }
        let unknown = self
            .role_names()
            .any(|name| self.role(state, name).is_none());
        if unknown {
            return Some(Denial::of(Code::UnknownRole));
        }
        if self
            .position
            .is_some_and(|name| state.positions.find(name).is_none())
        {
            return Some(Denial::of(Code::UnknownPosition));
        }
        let user = self.user(state).and_then(|user| state.users.get(user));
        user.is_some_and(super::users::User::is_suspended)
            .then(|| Denial::of(Code::Suspended))
    }

    /// The user of the directory that it is.
    pub(crate) fn user(&self, state: &State) -> Option<u32> {
        state.users.find_live(self.id?)
    }

    pub(crate) fn position(&self, state: &State) -> u32 {
        self.position
            .and_then(|name| state.positions.find(name))
            .unwrap_or(NOWHERE)
    }

    /// Whether it is a role standing as subject, and no token.
    pub(super) fn stands_for_role(&self) -> bool {
        self.stands_for_role
    }

    /// A role that it may bring.
    pub(super) fn role(&self, state: &State, name: &str) -> Option<u32> {
        let index = state.roles.find(name)?;
        let role = state.roles.get(index)?;
        let retired = state
            .model()
            .roles
            .get(index as usize)
            .and_then(|role| role.retired);
        let known = retired.is_none_or(|version| state.catalog_version < version);
        (known && (self.stands_for_role || role.tokens_bring)).then_some(index)
    }
}

/// What a bearer holds: the union of the roles it brings, and the denies of the user it is.
///
/// A check allocates nothing (I10): the first roles are resolved once into an array, further ones at each
/// look. A bearer of more than 32 roles is therefore answered more slowly, and no less exactly. A question
/// that looks at many permissions unites the roles first.
pub(crate) struct Held<'a> {
    state: &'a State,
    bearer: Bearer<'a>,
    first: [u32; FIRST],
    count: usize,
    user: Option<&'a Planes>,
    /// What all of these come to.
    united: Option<Planes>,
}

const FIRST: usize = 32;

impl<'a> Held<'a> {
    pub(crate) fn new(state: &'a State, bearer: Bearer<'a>) -> Held<'a> {
        let mut first = [0; FIRST];
        let mut count = 0;
        let names = bearer.role_names().take(FIRST);
        let known = names.filter_map(|name| bearer.role(state, name));
        for (slot, role) in first.iter_mut().zip(known) {
            *slot = role;
            count += 1;
        }
        let user = bearer
            .user(state)
            .and_then(|user| state.users.get(user))
            .and_then(|user| state.sets.rights(user.access()));
        Held {
            state,
            bearer,
            first,
            count,
            user,
            united: None,
        }
    }

    /// For looks at many permissions: further roles are united once.
    pub(crate) fn united(state: &'a State, bearer: Bearer<'a>) -> Held<'a> {
        let mut held = Held::new(state, bearer);
        if bearer.role_names().nth(FIRST).is_some() {
            let mut united = Planes::none(state.model().permissions.len());
            for closure in held.closures() {
                united.unite(closure);
            }
            for denied in held.user.into_iter().flat_map(Planes::denials) {
                united.deny(usize::from(denied));
            }
            held.united = Some(united);
        }
        held
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.bearer.id
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = u32> + '_ {
        let further = self
            .bearer
            .role_names()
            .skip(FIRST)
            .filter_map(|name| self.bearer.role(self.state, name));
        self.first.iter().take(self.count).copied().chain(further)
    }

    fn closures(&self) -> impl Iterator<Item = &Planes> + '_ {
        self.roles()
            .filter_map(|role| self.state.roles.get(role))
            .map(|role| role.closure.as_ref())
    }
}

impl Holder for Held<'_> {
    fn granted(&self, permission: u16) -> u8 {
        if let Some(united) = &self.united {
            return united.granted(permission);
        }
        self.closures()
            .map(|it| it.granted(permission))
            .max()
            .unwrap_or(0)
    }

    fn denied(&self, permission: u16) -> bool {
        if let Some(united) = &self.united {
            return united.denied(permission);
        }
        self.user.is_some_and(|user| user.denied(permission))
            || self.closures().any(|it| it.denied(permission))
    }

    fn usable(&self, word: usize) -> usize {
        if let Some(united) = &self.united {
            return united.usable(word);
        }
        let by_user = self.user.map_or(0, |user| user.held(word).1);
        let all = self.closures().map(|it| it.held(word));
        let (granted, denied) = all.fold((0, by_user), |all, it| (all.0 | it.0, all.1 | it.1));
        granted & !denied
    }

    fn is_effective(&self, state: &State, permission: u16) -> bool {
        is_effective(state, self, permission)
    }

    fn is_everybody(&self) -> bool {
        self.bearer.id.is_some() || self.bearer.stands_for_role
    }
}

impl Cells for Held<'_> {
    fn pair(&self, operation: u16, pair: u16) -> Cell {
        let model = self.state.model();
        match (
            model.operations.get(operation as usize),
            model.pairs.get(pair as usize),
        ) {
            (Some(operation), Some(pair)) => pair_cell(self.state, self, operation, pair),
            _ => Cell::NOTHING,
        }
    }
}
