//! Pages of users: all of the account, and those who hold a role, a package or a position.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Candidate, ListQuery, Page, page};
use crate::Engine;
use crate::admin::UsedIdKind;
use crate::document::UserDocument;
use crate::engine::{Label, State, User};
use crate::names::Known;

/// A user as a page lists them. [`Engine::user_document`] has the whole of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserEntry<'e> {
    /// The user's id.
    pub id: &'e str,
    /// What a person reads.
    pub name: Option<&'e str>,
    /// True if the user is suspended.
    pub suspended: bool,
    /// The user's position.
    pub position: Option<&'e str>,
    /// How many roles the user is assigned directly.
    pub roles: usize,
    /// How many packages the user is assigned.
    pub packages: usize,
}

/// What the users of a page hold. Suspended users hold it as others do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldersOf<'q> {
    /// The role, by id: directly, by a package, or by a role that inherits it (D2).
    Role(&'q str),
    /// The role, assigned directly.
    AssignedRole(&'q str),
    /// The package, by id.
    Package(&'q str),
    /// The position, by id.
    Position(&'q str),
}

fn candidate(state: &State, number: u32) -> Option<Candidate<'_>> {
    Some(Candidate {
        number,
        id: state.users().name(number)?,
        label: Label {
            name: state.user_label(number),
            description: None,
            created: None,
        },
    })
}

fn entry<'e>(state: &'e State, candidate: &Candidate<'e>) -> UserEntry<'e> {
    let user = state.users().get(candidate.number);
    let assigned = user.and_then(|it| state.assigned(it.access()));
    UserEntry {
        id: candidate.id,
        name: candidate.label.name,
        suspended: user.is_some_and(User::is_suspended),
        position: user
            .and_then(User::in_position)
            .and_then(|it| state.position_id(it)),
        roles: assigned.map_or(0, |it| it.roles.len()),
        packages: assigned.map_or(0, |it| it.packages.len()),
    }
}

/// A page of these users. All of them count for one.
fn page_of<'e>(
    state: &'e State,
    query: &ListQuery,
    users: impl Iterator<Item = u32>,
) -> Page<UserEntry<'e>> {
    let candidates = users.filter_map(|number| candidate(state, number));
    page(query, candidates, || |_| 1, |it| entry(state, it))
}

/// The users who have one of these access sets.
pub(in crate::admin) fn with_sets(
    state: &State,
    sets: BTreeSet<u32>,
) -> impl Iterator<Item = u32> + '_ {
    let users = state.users().iter();
    users
        .filter(move |(_, user)| u32::try_from(user.access()).is_ok_and(|it| sets.contains(&it)))
        .map(|(number, _)| number)
}

impl Engine {
    /// A page of the account's users. Users have no description and no time of creation; all count
    /// as one user, so that [`ListOrder::Created`](super::ListOrder::Created) and
    /// [`ListOrder::Users`](super::ListOrder::Users) list them by id.
    ///
    /// Cost: linear in the users and their names, and a sort of those found.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::admin::{HoldersOf, ListQuery};
    /// # use bailiwick::{Engine, Timestamp};
    /// let mut policy = PolicyDocument::new(1);
    /// policy.roles.push(RoleDocument::new("seller").grant("orders"));
    /// policy.roles.push(RoleDocument::new("head").inherit("seller"));
    /// let users = [UserDocument::new("ann").role("head"), UserDocument::new("bob").role("seller")];
    /// let engine = Engine::new(&catalog, policy, DirectoryDocument::new(users), Timestamp(0), Warnings::Refuse)?;
    ///
    /// let page = engine.list_users(&ListQuery::default().search("AN"));
    /// assert_eq!((page.total, page.entries[0].id), (1, "ann"));
    ///
    /// let every = ListQuery::default();
    /// let holders = engine.list_holders(HoldersOf::Role("seller"), &every);
    /// assert_eq!(holders.map(|page| page.total), Some(2));
    /// let assigned = engine.list_holders(HoldersOf::AssignedRole("seller"), &every);
    /// assert_eq!(assigned.map(|page| page.entries[0].id), Some("bob"));
    /// assert!(engine.list_holders(HoldersOf::Role("seler"), &every).is_none());
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn list_users(&self, query: &ListQuery) -> Page<UserEntry<'_>> {
        let state = self.whole().state();
        page_of(state, query, state.users().iter().map(|(number, _)| number))
    }

    /// A page of the users who hold a role, a package or a position, ordered as
    /// [`list_users`](Engine::list_users) orders them; `None` where the account has no such thing.
    ///
    /// Cost: linear in the holders of a position, else in the account's users; and a sort of those found.
    pub fn list_holders(
        &self,
        of: HoldersOf<'_>,
        query: &ListQuery,
    ) -> Option<Page<UserEntry<'_>>> {
        let state = self.whole().state();
        let sets = match of {
            HoldersOf::Role(id) => state.sets_holding(state.find_role_number(id)?),
            HoldersOf::AssignedRole(id) => {
                let sets = state.sets().with_role(state.find_role_number(id)?);
                sets.collect()
            }
            HoldersOf::Package(id) => {
                let sets = state.sets().with_package(state.packages().number(id)?);
                sets.collect()
            }
            HoldersOf::Position(id) => {
                let holders = state.users().in_position(state.find_position(id)?);
                return Some(page_of(state, query, holders));
            }
        };
        Some(page_of(state, query, with_sets(state, sets)))
    }

    /// A user as a document; `None` where the account has no such user. Nobody else's is copied.
    pub fn user_document(&self, id: &str) -> Option<UserDocument> {
        let state = self.whole().state();
        let number = state.find_user(id)?;
        let user = state.user_record(number)?;
        Some(state.user_document(number, user))
    }

    /// Returns `true` if an id was used and something new may not have it until it is forgotten (A5). An id
    /// that something has now is not such an id.
    pub fn is_used_id(&self, kind: UsedIdKind, id: &str) -> bool {
        self.state().is_used(kind, id)
    }
}
