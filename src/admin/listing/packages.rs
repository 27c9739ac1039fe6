//! Pages of packages.

use serde::Serialize;

use super::{Candidate, ListQuery, Page, holders, page};
use crate::engine::State;
use crate::{Engine, Timestamp};

/// A package as a page lists it. Users who are suspended are counted as others are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PackageEntry<'e> {
    /// Its id.
    pub id: &'e str,
    /// What a person reads.
    pub name: Option<&'e str>,
    /// A longer text for a person.
    pub description: Option<&'e str>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How many roles are in it.
    pub roles: usize,
    /// How many users are assigned it.
    pub assigned: usize,
}

impl<'e> PackageEntry<'e> {
    pub(super) fn of(state: &'e State, candidate: &Candidate<'e>) -> PackageEntry<'e> {
        let roles = state.package_roles(candidate.number);
        PackageEntry {
            id: candidate.id,
            name: candidate.label.name,
            description: candidate.label.description,
            created: candidate.label.created,
            roles: roles.map_or(0, <[u32]>::len),
            assigned: holders::of_package(state, candidate.number),
        }
    }
}

pub(super) fn every(state: &State) -> impl Iterator<Item = Candidate<'_>> {
    (0..state.package_numbers()).filter_map(|number| {
        Some(Candidate {
            number,
            id: state.package_id(number)?,
            label: state.package_label(number)?,
        })
    })
}

impl Engine {
    /// A page of the account's packages (T5).
    ///
    /// Cost: linear in the packages and what people read of them, and a sort; for each package of the
    /// page, or for all when ordered by users, the access sets that have it.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::admin::ListQuery;
    /// # use bailiwick::{Engine, Timestamp};
    /// let policy = PolicyDocument::from_toml("policy.toml", r#"
    ///     format = 2
    ///     catalog_version = 1
    ///     roles = [{ id = "seller", grants = ["orders"] }]
    ///     packages = [{ id = "shop_floor", name = "Shop floor", roles = ["seller"] }]
    /// "#);
    /// let users = [UserDocument::new("ann").package("shop_floor")];
    /// let engine = Engine::new(&catalog, policy, DirectoryDocument::new(users), Timestamp(0), Warnings::Refuse)?;
    ///
    /// let page = engine.list_packages(&ListQuery::default().search("FLOOR"));
    /// assert_eq!((page.total, page.entries[0].roles, page.entries[0].assigned), (1, 1, 1));
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn list_packages(&self, query: &ListQuery) -> Page<PackageEntry<'_>> {
        let state = self.state();
        let users = || |package: u32| holders::of_package(state, package);
        page(query, every(state), users, |it| PackageEntry::of(state, it))
    }
}
