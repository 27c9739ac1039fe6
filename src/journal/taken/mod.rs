//! Whom a transaction takes from: what a record states for hosts that cannot read it (D16).
//!
//! Nothing is concluded from what the changes say. The account before and after is compared, as far as it
//! differs: access sets, positions, what is lent, properties, the ends of assignments, and what tokens bring.
//! Under an older version of the catalog all of it may have another effect. Where hosts may have one, what is
//! written is compared, too, whatever it comes to here; what cannot be bounded by that is from everybody. It may
//! name too many, and never too few.

mod older;
mod people;
mod positions;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::OlderCatalogs;
use crate::catalog::EVERYBODY;
use crate::document::CatalogDocument;
use crate::engine::{Assigned, Held, Planes, State, User};
use crate::{Engine, Timestamp};
use people::People;

/// From whom a transaction may take something, at once or when a stored time comes.
///
/// As it is stored: `"everybody"`, or `{ "users": ["ann"] }`. Every version of the crate reads this of a
/// record, whatever else it knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "every version reads the form: there will be no other"
)]
pub enum TakesFrom {
    /// From anybody: a role that tokens may bring gives less, or it is from more users than
    /// [`TAKEN_FROM`](crate::limits::TAKEN_FROM).
    Everybody,
    /// From these users, by id, in ascending order, and from tokens with these ids.
    Users(BTreeSet<String>),
}

impl TakesFrom {
    /// From nobody.
    pub fn nobody() -> TakesFrom {
        TakesFrom::Users(BTreeSet::new())
    }

    /// From these users and those.
    pub(crate) fn unite(&mut self, other: TakesFrom) {
        *self = match (std::mem::replace(self, TakesFrom::Everybody), other) {
            (TakesFrom::Users(mut users), TakesFrom::Users(more)) => {
                users.extend(more);
                TakesFrom::Users(users)
            }
            (TakesFrom::Everybody, _) | (_, TakesFrom::Everybody) => TakesFrom::Everybody,
        };
    }

    /// What a transaction takes that led from one engine to the other, both of one catalog: it may name too
    /// many, and never too few. Hosts may have any older version of the catalog, of which nothing is known.
    ///
    /// Cost: what differs; where an access set that people share comes to less, a look at every user.
    pub fn between(before: &Engine, after: &Engine) -> TakesFrom {
        TakesFrom::between_for(before, after, &OlderCatalogs::unknown())
    }

    /// The same where it is known which older versions hosts may have: it names fewer.
    ///
    /// Cost: that of [`between`](TakesFrom::between); where a feature is switched off, loading the account twice
    /// under each older version.
    pub fn between_for(before: &Engine, after: &Engine, older: &OlderCatalogs) -> TakesFrom {
        let before = before.whole();
        let older = older.than(before.state().model().version);
        match Taking::of(before, after.whole(), older).users() {
            Some(users) => TakesFrom::Users(users.into_iter().map(Into::into).collect()),
            None => TakesFrom::Everybody,
        }
    }
}

/// Two states of one account and one catalog.
#[derive(Clone, Copy)]
struct Taking<'e> {
    /// The first of them.
    engine: &'e Engine,
    before: &'e State,
    after: &'e State,
    /// The older versions of the catalog that hosts may have, if they are known.
    older: Option<&'e [CatalogDocument]>,
    /// Whether a deny takes something, whatever the user is granted here: where tokens may bring roles, it does
    /// from them; and where there are older versions of the catalog, more may be granted there.
    denies_count: bool,
}

/// Everybody has something taken.
struct All;

impl<'e> Taking<'e> {
    fn of(before: &'e Engine, after: &'e Engine, older: Option<&'e [CatalogDocument]>) -> Self {
        let model = before.state().model();
        Taking {
            engine: before,
            before: before.state(),
            after: after.state(),
            older,
            denies_count: older.is_none_or(|it| !it.is_empty())
                || model.tokens_bring_account_roles
                || model.roles.iter().any(|it| it.tokens_bring),
        }
    }

    /// The users by id; `None` of everybody.
    fn users(self) -> Option<BTreeSet<&'e str>> {
        let mut found = People {
            taking: self,
            ids: BTreeSet::new(),
        };
        found.find().ok()?;
        Some(found.ids)
    }

    /// Returns whether rights give less of anything: a permission at less, denied, or without its feature.
    fn is_less(self, before: &Planes, after: &Planes) -> bool {
        let permissions = self.before.model().permissions.len() as u16;
        let held = |planes: &Planes, it| {
            if planes.denied(it) {
                0
            } else {
                planes.granted(it)
            }
        };
        (0..permissions).any(|it| held(before, it) > held(after, it))
            || (self.denies_count && after.denied_beyond(before).next().is_some())
    }

    /// Returns whether a feature that these rights need is not there any more.
    fn lacks_features(self, rights: &Planes) -> bool {
        let model = self.before.model();
        let held = |it: u16| it == EVERYBODY || (rights.granted(it) > 0 && !rights.denied(it));
        let missing = |state: &State, it| state.missing_feature(it).is_some();
        let mut permissions = 0..model.permissions.len() as u16;
        permissions.any(|it| held(it) && !missing(self.before, it) && missing(self.after, it))
            || model.operations.iter().zip(0..).any(|(operation, index)| {
                let late = |state: &State, pair| state.late_feature(index, pair).is_some();
                operation.pairs.clone().any(|pair| {
                    let permission = model.pairs.get(pair as usize).map(|it| it.permission);
                    permission.is_some_and(held)
                        && !late(self.before, pair)
                        && late(self.after, pair)
                })
            })
    }

    fn lost_features(self) -> impl Iterator<Item = &'e str> {
        let before = self.before.features().iter();
        let lost = before.filter(move |it| !self.after.features().contains(it));
        lost.map(|it| &**it)
    }

    /// What a user comes to at a time, by what is assigned then.
    fn rights_at(state: &State, user: u32, record: User, at: Option<Timestamp>) -> Arc<Planes> {
        let assigned = state.assigned(record.access()).cloned();
        let mut assigned: Assigned = assigned.unwrap_or_default();
        let ends = state.users().ends(user);
        for end in ends
            .iter()
            .filter(|end| at.is_some_and(|at| end.until <= at))
        {
            match end.of {
                Held::Role(role) => assigned.roles.retain(|it| *it != role),
                Held::Package(package) => assigned.packages.retain(|it| *it != package),
            }
        }
        state.united(&assigned)
    }

    /// Returns whether a user comes to less, now or when an assignment ends.
    fn comes_to_less(self, (was, before): (u32, User), (is, after): (u32, User)) -> bool {
        let ends = |state: &'e State, user| {
            let extras = state.users().extras(user);
            extras.into_iter().flat_map(|it| &it.ends)
        };
        let ends = ends(self.before, was).chain(ends(self.after, is));
        let times: BTreeSet<Timestamp> = ends.map(|it| it.until).collect();
        let times = std::iter::once(None).chain(times.into_iter().map(Some));
        times.into_iter().any(|at| {
            let before = Self::rights_at(self.before, was, before, at);
            let after = Self::rights_at(self.after, is, after, at);
            self.is_less(&before, &after)
        })
    }
}
