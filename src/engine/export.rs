//! An engine's documents: what `Engine::new` would make the same engine of (law 5).

use super::users::{Held, User};
use super::{Engine, State};
use crate::catalog::is_of_format_1;
use crate::document::naming::{is_display_name, is_readable_id};
use crate::document::{
    AssignmentDocument, DirectoryDocument, FORMAT, PolicyDocument, PositionDocument,
    UsedIdsDocument, UserDocument,
};
use crate::ordered::Ordered;

impl Engine {
    /// The account's policy as it is in this revision. Its format is today's, unless the account holds
    /// what only format 1 may hold: then 1, so that the document loads as it stands.
    ///
    /// Cost: linear in the policy.
    pub fn policy(&self) -> PolicyDocument {
        let state = &*self.0;
        let texts =
            |ids: &Ordered<std::sync::Arc<str>>| ids.iter().map(|it| (**it).into()).collect();
        let roles = (0..state.roles.numbers()).filter_map(|role| state.roles.get(role));
        let roles = roles.filter_map(|role| role.document.as_deref().cloned());
        let packages = (0..state.packages.numbers()).filter_map(|it| state.packages.get(it));
        let positions = (0..state.positions.numbers()).filter_map(|it| state.position_document(it));
        let mut policy = PolicyDocument {
            format: FORMAT,
            account: self.account().map(Into::into),
            catalog_version: state.catalog_version,
            revision: Some(state.revision),
            features: state.features.iter().map(|it| (**it).into()).collect(),
            settings: (*state.settings).clone(),
            roles: roles.collect(),
            packages: packages.map(|it| (*it.document).clone()).collect(),
            positions: positions.collect(),
            used_ids: UsedIdsDocument {
                users: texts(&state.used.users),
                roles: texts(&state.used.roles),
                positions: texts(&state.used.positions),
            },
        };
        if is_policy_of_format_1(state, &policy) {
            policy.format = 1;
        }
        policy
    }

    /// The account's users as they are in this revision; its format is today's, unless a user has a name
    /// that only format 1 may hold.
    ///
    /// Cost: linear in the users; [`Engine::users`] yields one after the other.
    pub fn directory(&self) -> DirectoryDocument {
        let mut directory = DirectoryDocument::new(self.users());
        let mut users = directory.users.iter();
        if !users.all(|it| is_display_name(it.name.as_deref())) {
            directory.format = 1;
        }
        directory
    }

    /// The account's users, one after the other, as they are in this revision.
    pub fn users(&self) -> impl Iterator<Item = UserDocument> + '_ {
        let state = &self.whole().0;
        let users = state.users.iter();
        users.map(|(number, user)| state.user_document(number, user))
    }
}

/// Whether a policy holds what format 2 refuses: it was loaded from format 1, or replayed.
fn is_policy_of_format_1(state: &State, policy: &PolicyDocument) -> bool {
    let roles = policy.roles.iter().map(|it| (&it.id, &it.name));
    let packages = policy.packages.iter().map(|it| (&it.id, &it.name));
    let positions = policy.positions.iter().map(|it| (&it.id, &it.name));
    let mut named = roles.chain(packages).chain(positions);
    let mut grants = policy.roles.iter().flat_map(|role| &role.grants);
    let version = policy.catalog_version;
    named.any(|(id, name)| !is_readable_id(id) || !is_display_name(name.as_deref()))
        || grants.any(|grant| is_of_format_1(state.model(), grant, version))
}

impl State {
    pub(crate) fn position_document(&self, position: u32) -> Option<PositionDocument> {
        let positions = &self.positions;
        let seniors = positions.seniors(position);
        Some(PositionDocument {
            id: positions.name(position)?.to_owned(),
            name: positions.label(position).map(Into::into),
            reports_to: seniors
                .filter_map(|senior| positions.name(senior))
                .map(Into::into)
                .collect(),
        })
    }

    pub(crate) fn user_document(&self, number: u32, user: User) -> UserDocument {
        let extras = self.users.extras(number);
        let until = |of: Held| {
            let mut ends = extras.into_iter().flat_map(|it| &it.ends);
            ends.find(|end| end.of == of).map(|end| end.until)
        };
        let assignment = |id: Option<&str>, of: Held| AssignmentDocument {
            id: id.unwrap_or_default().to_owned(),
            until: until(of),
        };
        let assigned = self.sets.assigned(user.access());
        let roles = assigned.into_iter().flat_map(|it| &it.roles);
        let packages = assigned.into_iter().flat_map(|it| &it.packages);
        let properties = extras.into_iter().flat_map(|it| &it.properties);
        UserDocument {
            id: self.users.name(number).unwrap_or_default().to_owned(),
            name: extras.and_then(|it| it.label.as_deref()).map(Into::into),
            suspended: user.is_suspended(),
            position: user
                .in_position()
                .and_then(|position| self.positions.name(position))
                .map(Into::into),
            roles: roles
                .map(|role| assignment(self.roles.name(*role), Held::Role(*role)))
                .collect(),
            packages: packages
                .map(|it| assignment(self.packages.name(*it), Held::Package(*it)))
                .collect(),
            properties: properties
                .filter_map(|(property, value)| {
                    let property = self.model().properties.get(*property as usize)?;
                    Some((property.name.as_ref().to_owned(), value.clone()))
                })
                .collect(),
        }
    }
}
