//! What is written, where older versions of the catalog read more of it than this one (D16).

use super::Taking;
use crate::Scope;
use crate::document::RoleDocument;
use crate::engine::{Assigned, State, User};

/// What roles may give in an older version of the catalog.
#[derive(Default, Clone, Copy)]
pub(super) struct Older {
    /// It may be something that has no effect here.
    pub(super) is_inert_here: bool,
    /// It may depend on where somebody stands.
    pub(super) looks_around: bool,
    /// It is written to depend on that.
    pub(super) is_between: bool,
}

impl Taking<'_> {
    /// Whether what an older host reads may be less by what is inert here (D16): only where there are older
    /// versions of the catalog.
    pub(super) fn has_older_readers(self) -> bool {
        self.before.model().version > 1
    }

    /// Whether any of these roles denies something, as it is written.
    pub(super) fn denies_in_text(state: &State, roles: Vec<u32>) -> bool {
        let assigned = Assigned {
            roles,
            packages: Vec::new(),
        };
        let mut roles = state.authorized(&assigned).into_iter();
        roles.any(|role| {
            state
                .role_text(role)
                .is_some_and(|it| !it.denies.is_empty())
        })
    }

    /// What a role may give in an older version of the catalog, as far as it is not seen here.
    pub(super) fn in_older_versions(self, role: u32) -> Older {
        let (state, model) = (self.before, self.before.model());
        let mut older = Older::default();
        if state.is_gone_role(role) {
            older.is_inert_here = true;
            older.looks_around = true;
        }
        let Some(text) = state.role_text(role) else {
            return older;
        };
        for grant in text.grants {
            let is_wildcard = grant.select == "*" || grant.select.ends_with(".*");
            let is_between = matches!(grant.scope, Some(Scope::Reports | Scope::Peers));
            let today = model.evolution.last_name(&grant.select);
            let known = model.permission_names.get(&today);
            let known = known.and_then(|it| model.permissions.get(it as usize));
            let is_whole = known.is_some_and(|known| {
                let is_offered = grant.scope.is_none_or(|it| known.scopes.offers(it));
                known.adjustable.is_none() && is_offered
            });
            // What lies below a wildcard may have been other permissions, with other scopes.
            let is_inert = match is_wildcard {
                true => !model.document.retired.is_empty(),
                false => !is_whole,
            };
            older.is_inert_here |= is_inert;
            older.looks_around |= is_wildcard || is_between || !is_whole;
            older.is_between |= is_between;
        }
        older
    }

    /// What somebody's roles, juniors included, may give in an older version of the catalog.
    pub(super) fn user_in_older_versions(self, record: User) -> Older {
        let assigned = self.before.assigned(record.access());
        assigned.map_or(Older::default(), |it| self.assigned_in_older_versions(it))
    }

    pub(super) fn assigned_in_older_versions(self, assigned: &Assigned) -> Older {
        let mut older = Older::default();
        for role in self.before.authorized(assigned) {
            let of_role = self.in_older_versions(role);
            older.is_inert_here |= of_role.is_inert_here;
            older.looks_around |= of_role.looks_around;
            older.is_between |= of_role.is_between;
        }
        older
    }

    /// Whether a setting is otherwise that has no effect here, and may have one in an older catalog.
    pub(super) fn inert_settings(self) -> bool {
        let (was, is) = (self.before.settings(), self.after.settings());
        if !self.has_older_readers() || was == is {
            return false;
        }
        let model = self.before.model();
        let is_live = |path: &str| {
            let today = model.evolution.last_name(path);
            let permission = model.permission_names.get(&today);
            let permission = permission.and_then(|it| model.permissions.get(it as usize));
            permission.is_some_and(|it| it.adjustable.is_some())
        };
        let mut lost = was
            .iter()
            .filter(|(path, role)| is.get(*path) != Some(role));
        lost.any(|(path, _)| !is_live(path))
    }
}

/// Whether a role, as it is written, says less than before: for who reads what is inert here.
pub(super) fn says_less(before: &RoleDocument, after: &RoleDocument) -> bool {
    let gone = |it| !after.grants.contains(it);
    let new = |it| !before.denies.contains(it);
    before.grants.iter().any(gone)
        || after.denies.iter().any(new)
        || before
            .inherits
            .iter()
            .any(|it| !after.inherits.contains(it))
}
