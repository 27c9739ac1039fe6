//! What a security review looks for in an account's roles and packages.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use super::dominated::{DominatedRoles, dominated};
use super::{Candidate, PackageEntry, RoleEntry, holders, packages, roles};
use crate::Engine;
use crate::document::problem::quoted;
use crate::engine::{Planes, State};
use crate::limits;

/// What a review of an account's roles and packages finds: who holds them, and which of them nobody
/// has, or make no difference. Nothing is worked out before it is asked for; every list is ordered by
/// id.
///
/// What roles come to is what is stored in this revision, with all that they inherit and the settings:
/// features and prerequisites aside (A4). A retired role of the system grants nothing and is nobody's to
/// change: it is found among those that are held, and nowhere else (D16).
///
/// Its `Display` says all of it in English, but for roles that somebody holds, and those that only
/// roles that inherit them dominate.
#[derive(Debug, Clone, Copy)]
pub struct Review<'e> {
    engine: &'e Engine,
}

/// A role or package that grants nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Empty<'e> {
    /// Its id.
    pub id: &'e str,
    /// Whether it denies something all the same: without it, its holders might do more.
    pub denies: bool,
}

/// A role, and all that it grants and denies.
pub(super) struct Closure<'e> {
    pub(super) role: u32,
    pub(super) id: &'e str,
    pub(super) rights: &'e Planes,
}

impl Engine {
    /// What a review of the account's roles and packages finds.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }, { path = "orders.edit" }]
    /// # "#), Warnings::Refuse)?;
    /// # use bailiwick::{Engine, Timestamp};
    /// let mut policy = PolicyDocument::new(1);
    /// policy.roles.push(RoleDocument::new("seller").grant("orders"));
    /// policy.roles.push(RoleDocument::new("clerk").grant("orders.*"));
    /// policy.roles.push(RoleDocument::new("trainee"));
    /// let users = [UserDocument::new("ann").role("seller").role("clerk")];
    /// let engine = Engine::new(&catalog, policy, DirectoryDocument::new(users), Timestamp(0), Warnings::Refuse)?;
    /// assert_eq!(
    ///     engine.review().to_string(),
    ///     "role `trainee` is held by nobody\n\
    ///      role `trainee` grants nothing\n\
    ///      role `seller` grants and denies nothing that `clerk` does not\n"
    /// );
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn review(&self) -> Review<'_> {
        Review { engine: self }
    }
}

impl<'e> Review<'e> {
    fn state(self) -> &'e State {
        self.engine.state()
    }

    /// The roles that somebody holds, and how many. Cost: for each access set, the roles that it
    /// authorizes.
    pub fn held_roles(self) -> Vec<RoleEntry<'e>> {
        self.roles_of(|users, _| users > 0)
    }

    /// The roles that nobody holds: neither assigned, nor in a package that is, nor inherited by a role
    /// that somebody holds. Packages, roles and tokens may name one all the same, and the entry says
    /// so. Cost: as [`held_roles`](Review::held_roles).
    pub fn unassigned_roles(self) -> Vec<RoleEntry<'e>> {
        self.roles_of(|users, is_retired| users == 0 && !is_retired)
    }

    fn roles_of(self, wanted: impl Fn(usize, bool) -> bool) -> Vec<RoleEntry<'e>> {
        let state = self.state();
        let users = holders::every_authorized(state);
        let users = |role: u32| users.get(role as usize).copied().unwrap_or_default();
        let found = roles::every(state)
            .filter(|it| wanted(users(it.number), state.is_retired_role(it.number)));
        let found = found.map(|it| RoleEntry::of(state, &it, Some(users(it.number))));
        let mut found: Vec<RoleEntry<'e>> = found.collect();
        found.sort_unstable_by_key(|it| it.id);
        found
    }

    fn closures(self) -> Vec<Closure<'e>> {
        closures(self.state())
    }

    /// The roles that grant nothing, with all that they inherit. Cost: roles times permissions, by
    /// words of bits.
    pub fn empty_roles(self) -> Vec<Empty<'e>> {
        let closures = self.closures().into_iter();
        let empty = closures.filter(|it| it.rights.grants().next().is_none());
        let empty = empty.map(|it| Empty {
            id: it.id,
            denies: denies(it.rights),
        });
        empty.collect()
    }

    /// The roles that come to the same grants and denies as others, together; those that neither grant
    /// nor deny anything are left to [`empty_roles`](Review::empty_roles). Cost: roles times
    /// permissions, by words of bits.
    pub fn duplicate_roles(self) -> Vec<Vec<&'e str>> {
        let closures = self.closures();
        let mut alike = alike(&closures);
        alike.retain(|roles| roles.len() > 1);
        let ids = alike
            .into_iter()
            .map(|roles| roles.into_iter().map(|it| it.id));
        ids.map(Iterator::collect).collect()
    }

    /// The roles that another makes superfluous: it grants all that they do, at least as far, and
    /// denies all that they do, and more of either. Whoever has both could lose the dominated one,
    /// and no decision would be another. Of roles that come to the same, none dominates the other
    /// ([`duplicate_roles`](Review::duplicate_roles)); those that neither grant nor deny anything are
    /// left to [`empty_roles`](Review::empty_roles).
    ///
    /// Every role that another inherits is dominated by it, as is meant by inheriting: what is named
    /// is another one, where there is one, and the entry says which it is.
    ///
    /// Cost: each role is compared with 64 others at a time, by its permissions. Past
    /// [`ROLE_COMPARISONS`](limits::ROLE_COMPARISONS), the answer says that it is not whole.
    pub fn dominated_roles(self) -> DominatedRoles<'e> {
        let (state, closures) = (self.state(), self.closures());
        dominated(state, &alike(&closures), limits::ROLE_COMPARISONS)
    }

    /// The packages that nobody is assigned. Cost: linear in the packages.
    pub fn unassigned_packages(self) -> Vec<PackageEntry<'e>> {
        let state = self.state();
        let every = packages::every(state).map(|it| PackageEntry::of(state, &it));
        let mut found: Vec<PackageEntry<'e>> = every.filter(|it| it.assigned == 0).collect();
        found.sort_unstable_by_key(|it| it.id);
        found
    }

    /// The packages whose roles together grant nothing, those without roles among them. Cost: linear in
    /// the packages' roles, times permissions by words of bits.
    pub fn empty_packages(self) -> Vec<Empty<'e>> {
        let state = self.state();
        let closures = |package: u32| {
            let roles = state.package_roles(package).unwrap_or_default();
            roles.iter().filter_map(|role| state.role_closure(*role))
        };
        let empty = packages::every(state)
            .filter(|it| closures(it.number).all(|rights| rights.grants().next().is_none()));
        let empty = empty.map(|it| Empty {
            id: it.id,
            denies: closures(it.number).any(denies),
        });
        let mut found: Vec<Empty<'e>> = empty.collect();
        found.sort_unstable_by_key(|it| it.id);
        found
    }
}

/// The roles that are not retired, by id.
pub(super) fn closures(state: &State) -> Vec<Closure<'_>> {
    let every = roles::every(state).filter(|it| !state.is_retired_role(it.number));
    let closures = every.filter_map(|Candidate { number, id, .. }| {
        let rights = state.role_closure(number)?;
        Some(Closure {
            role: number,
            id,
            rights,
        })
    });
    let mut closures: Vec<Closure<'_>> = closures.collect();
    closures.sort_unstable_by_key(|it| it.id);
    closures
}

fn denies(rights: &Planes) -> bool {
    let nothing = Planes::none(0);
    rights.denied_beyond(&nothing).next().is_some()
}

/// Roles that come to the same, together, but those that come to nothing at all: in the order of the
/// first of each.
pub(super) fn alike<'c, 'e>(closures: &'c [Closure<'e>]) -> Vec<Vec<&'c Closure<'e>>> {
    let mut groups: Vec<Vec<&Closure<'e>>> = Vec::new();
    let mut known: HashMap<&Planes, usize> = HashMap::new();
    for closure in closures {
        if closure.rights.grants().next().is_none() && !denies(closure.rights) {
            continue;
        }
        let group = *known.entry(closure.rights).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(closure),
            None => groups.push(vec![closure]),
        }
    }
    groups
}

impl fmt::Display for Review<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        let empty = |what: &str, it: &Empty<'_>| {
            let denies = if it.denies { ", and denies" } else { "" };
            format!("{what} {} grants nothing{denies}", quoted(it.id))
        };
        for role in self.unassigned_roles() {
            lines.push(format!("role {} is held by nobody", quoted(role.id)));
        }
        lines.extend(self.empty_roles().iter().map(|it| empty("role", it)));
        for roles in self.duplicate_roles() {
            let ids: Vec<String> = roles.into_iter().map(quoted).collect();
            lines.push(format!("roles {} come to the same", ids.join(", ")));
        }
        let dominated = self.dominated_roles();
        for role in dominated.roles.iter().filter(|it| !it.inherited) {
            lines.push(role.to_string());
        }
        if !dominated.is_whole() {
            lines.push(format!(
                "of {} roles that grant or deny something, only {} were compared with each other",
                dominated.of, dominated.compared
            ));
        }
        for package in self.unassigned_packages() {
            lines.push(format!(
                "package {} is assigned to nobody",
                quoted(package.id)
            ));
        }
        lines.extend(self.empty_packages().iter().map(|it| empty("package", it)));
        if lines.is_empty() {
            return writeln!(f, "every role and package is held, and makes a difference");
        }
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
