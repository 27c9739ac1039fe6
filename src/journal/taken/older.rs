//! What is written, judged without its effect here: an older version of the catalog may read more of it (D16).

use std::collections::HashSet;

use super::{All, Taking};
use crate::document::{
    CatalogDocument, DenialDocument, GrantDocument, PolicyDocument, Reach, RoleDocument,
    SystemRoleDocument,
};
use crate::engine::{Assigned, State};
use crate::{Catalog, Engine, Scope, Timestamp, Warnings};

impl<'e> Taking<'e> {
    /// Returns whether hosts may have an older version of the catalog.
    pub(super) fn has_older_readers(self) -> bool {
        self.in_some_older(|_| true)
    }

    /// Returns whether something holds in an older version; of versions that are not known, it may.
    pub(super) fn in_some_older(self, holds: impl Fn(&CatalogDocument) -> bool) -> bool {
        self.older.is_none_or(|it| it.iter().any(holds))
    }

    /// Returns whether tokens may bring roles there that accounts make.
    pub(super) fn tokens_bring_account_roles_there(self) -> bool {
        self.in_some_older(|it| it.tokens.account_roles)
    }

    /// Returns whether what a token brings there may depend on where it stands.
    pub(super) fn tokens_look_around_there(self) -> bool {
        self.in_some_older(|it| {
            let mut brought = it.tokens.system_roles.iter();
            it.tokens.account_roles
                || brought.any(|role| {
                    let mut grants = with_juniors(it, role)
                        .into_iter()
                        .flat_map(|role| &role.grants);
                    grants.any(|grant| {
                        let of = it.permissions.iter().find(|it| it.path == grant.select);
                        let scopes = of.map(|it| &*it.scopes);
                        let between = [Scope::Reports, Scope::Peers];
                        match grant.scope {
                            // A wildcard gives of each permission the widest that is offered within.
                            Some(Scope::All) if grant.select.ends_with('*') => {
                                let mut offered = it.permissions.iter().map(|it| &it.scopes);
                                offered.any(|it| {
                                    !it.contains(&Scope::All)
                                        && between.iter().any(|of| it.contains(of))
                                })
                            }
                            Some(scope) => between.contains(&scope),
                            None => {
                                scopes.is_none_or(|it| between.iter().any(|of| it.contains(of)))
                            }
                        }
                    })
                })
        })
    }

    /// Returns whether what somebody below can access is lent there (S6).
    pub(super) fn lends_there(self) -> bool {
        self.in_some_older(|it| it.reach == Reach::Accessible)
    }

    /// Returns whether any of these roles, juniors included, denies something: as it is written, or as a system role of
    /// an older version.
    pub(super) fn may_deny(self, state: &State, roles: Vec<u32>) -> bool {
        let assigned = Assigned {
            roles,
            packages: Vec::new(),
        };
        let mut roles = state.authorized(&assigned).into_iter();
        roles.any(|role| {
            let text = state.role_text(role);
            let id = state.role_id(role);
            text.is_some_and(|it| !it.denies.is_empty())
                || (!state.is_account_role(role)
                    && id.is_some_and(|id| self.in_some_older(|it| system_role_denies(it, id))))
        })
    }

    /// The account under each older version, before, and with fewer features: what needs these there is not
    /// known here.
    pub(super) fn without_features(self) -> Result<Vec<[Engine; 2]>, All> {
        let lost: Vec<&str> = self.lost_features().collect();
        if lost.is_empty() {
            return Ok(Vec::new());
        }
        let (policy, directory) = (self.engine.policy(), self.engine.directory());
        let older = self.older.ok_or(All)?.iter();
        let engines = older.map(|document| {
            let policy = self.given_under(document, policy.clone());
            let mut without = policy.clone();
            without.features.retain(|it| !lost.contains(&&**it));
            let unread = &mut Vec::new();
            let catalog = Catalog::new(document.clone(), Warnings::Into(unread));
            let catalog = catalog.map_err(|_| All)?;
            // What is stored has not ended, or is to end with the next change.
            let load = |policy| {
                let unread = &mut Vec::new();
                let at = Timestamp(i64::MIN);
                let warnings = Warnings::Into(unread);
                Engine::new(&catalog, policy, directory.clone(), at, warnings).map_err(|_| All)
            };
            Ok([load(policy)?, load(without)?])
        });
        engines.collect()
    }

    /// At least what a policy gives under an older version: no deny and no exception, and no names that are only
    /// of today.
    fn given_under(self, older: &CatalogDocument, mut policy: PolicyDocument) -> PolicyDocument {
        let names = |catalog: &CatalogDocument| -> HashSet<String> {
            let paths = catalog.permissions.iter();
            paths.map(|it| it.path.clone()).collect()
        };
        let (today, then) = (names(&self.before.model().document), names(older));
        for role in &mut policy.roles {
            role.denies.clear();
            role.grants.retain_mut(|grant| {
                grant.except.clear();
                let node = grant.select.strip_suffix(".*").unwrap_or(&grant.select);
                then.contains(node) || !today.contains(node)
            });
        }
        policy
    }
}

/// Returns whether a role, as it is written, says less than before.
pub(super) fn says_less(before: &RoleDocument, after: &RoleDocument) -> bool {
    let granted: HashSet<_> = after.grants.iter().map(GrantDocument::parts).collect();
    let denied: HashSet<_> = before.denies.iter().map(DenialDocument::parts).collect();
    let inherited: HashSet<&String> = after.inherits.iter().collect();
    before
        .grants
        .iter()
        .any(|it| !granted.contains(&it.parts()))
        || after.denies.iter().any(|it| !denied.contains(&it.parts()))
        || before.inherits.iter().any(|it| !inherited.contains(it))
}

/// A system role and its juniors.
fn with_juniors<'d>(catalog: &'d CatalogDocument, role: &str) -> Vec<&'d SystemRoleDocument> {
    let find = |id: &str| catalog.roles.iter().find(|it| it.id == id);
    let mut found: Vec<&SystemRoleDocument> = find(role).into_iter().collect();
    let mut next = 0;
    while let Some(role) = found.get(next) {
        let juniors = role.inherits.iter().filter_map(|it| find(it));
        let new: Vec<_> = juniors
            .filter(|it| found.iter().all(|known| known.id != it.id))
            .collect();
        found.extend(new);
        next += 1;
    }
    found
}

/// Returns whether it denies something, juniors included; of one that is not there, that is not known.
fn system_role_denies(catalog: &CatalogDocument, role: &str) -> bool {
    let roles = with_juniors(catalog, role);
    roles.is_empty() || roles.iter().any(|it| !it.denies.is_empty())
}
