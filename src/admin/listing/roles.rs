//! Pages of roles.

use serde::Serialize;

use super::{Candidate, ListQuery, Page, RolesListed, holders, page};
use crate::engine::State;
use crate::{Engine, Timestamp};

/// A role as a page lists it. Users who are suspended are counted as others are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoleEntry<'e> {
    /// Its id.
    pub id: &'e str,
    /// What a person reads.
    pub name: Option<&'e str>,
    /// A longer text for a person.
    pub description: Option<&'e str>,
    /// When it was created; `None` of a system role.
    pub created: Option<Timestamp>,
    /// Whether it comes with the product.
    pub system: bool,
    /// Whether the product has retired it: it grants nothing any more, its denies stay (D16).
    pub retired: bool,
    /// How many users are assigned it directly.
    pub assigned: usize,
    /// How many users are assigned a package that it is in.
    pub by_packages: usize,
    /// How many users hold it at all: directly, by packages, or by roles that inherit it (D2); each
    /// counted once.
    pub authorized: usize,
    /// How many packages it is in.
    pub packages: usize,
    /// How many roles inherit it directly.
    pub inherited_by: usize,
    /// Whether tokens may bring it, whoever holds it (D18).
    pub brought_by_tokens: bool,
}

impl<'e> RoleEntry<'e> {
    /// Of a role of which it is known how many hold it, or else worked out.
    pub(super) fn of(
        state: &'e State,
        candidate: &Candidate<'e>,
        authorized: Option<usize>,
    ) -> RoleEntry<'e> {
        let role = candidate.number;
        RoleEntry {
            id: candidate.id,
            name: candidate.label.name,
            description: candidate.label.description,
            created: candidate.label.created,
            system: state.model().roles.get(role as usize).is_some(),
            retired: state.is_retired_role(role),
            assigned: holders::assigned(state, role),
            by_packages: holders::by_packages(state, role),
            authorized: authorized.unwrap_or_else(|| holders::authorized(state, role)),
            packages: state.packages().with_role(role).count(),
            inherited_by: state.roles().seniors(role).count(),
            brought_by_tokens: state.tokens_bring(role) && !state.is_gone_role(role),
        }
    }
}

/// The system's roles and the account's.
pub(super) fn every(state: &State) -> impl Iterator<Item = Candidate<'_>> {
    (0..state.role_numbers()).filter_map(|number| {
        Some(Candidate {
            number,
            id: state.role_id(number)?,
            label: state.role_label(number)?,
        })
    })
}

impl Engine {
    /// A page of the account's roles, the system's among them (T5), but for those that the catalog keeps out
    /// of lists. [`ListQuery::roles`] leaves the system's out, or lists every role.
    ///
    /// Cost: linear in the roles and what people read of them, and a sort; for each role of the page,
    /// all that inherit it and the access sets that hold one. Ordered by users: for each access set, the
    /// roles that it authorizes.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// #     roles = [{ id = "system:viewer" }, { id = "system:operator", unlisted = true }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::admin::{ListOrder, ListQuery, RolesListed};
    /// # use bailiwick::{Engine, Timestamp};
    /// let mut policy = PolicyDocument::new(1);
    /// policy.roles.push(RoleDocument::new("seller").grant("orders"));
    /// policy.roles.push(RoleDocument::new("head").inherit("seller"));
    /// let users = [UserDocument::new("ann").role("head"), UserDocument::new("bob").role("seller")];
    /// let engine = Engine::new(&catalog, policy, DirectoryDocument::new(users), Timestamp(0), Warnings::Refuse)?;
    ///
    /// let page = engine.list_roles(&ListQuery::default().order(ListOrder::Users).descending());
    /// let seller = &page.entries[0];
    /// assert_eq!((seller.id, seller.assigned, seller.authorized), ("seller", 1, 2));
    /// assert_eq!(engine.list_roles(&ListQuery::default().search("SELL")).total, 1);
    ///
    /// // The catalog has `system:viewer`, and `system:operator` with `unlisted = true`.
    /// let total = |listed| engine.list_roles(&ListQuery::default().roles(listed)).total;
    /// assert_eq!(total(RolesListed::Listed), 3);
    /// assert_eq!(total(RolesListed::OfAccount), 2);
    /// assert_eq!(total(RolesListed::Every), 4);
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn list_roles(&self, query: &ListQuery) -> Page<RoleEntry<'_>> {
        let state = self.state();
        let users = || {
            let users = holders::every_authorized(state);
            move |role: u32| users.get(role as usize).copied().unwrap_or_default()
        };
        let is_listed = |it: &Candidate<'_>| match query.roles {
            RolesListed::Listed => !state.is_unlisted_role(it.number),
            RolesListed::OfAccount => state.is_account_role(it.number),
            RolesListed::Every => true,
        };
        page(query, every(state).filter(is_listed), users, |it| {
            RoleEntry::of(state, it, None)
        })
    }
}
