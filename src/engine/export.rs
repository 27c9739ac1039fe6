//! An engine's documents: what `Engine::new` would make the same engine of (law 5).

use super::users::{Held, User};
use super::{Engine, State};
use crate::document::{
    AssignmentDocument, DirectoryDocument, FORMAT, PolicyDocument, PositionDocument,
    UsedIdsDocument, UserDocument,
};
use crate::ordered::Ordered;

impl Engine {
    /// The account's policy as it is in this revision. Cost: linear in the policy.
    pub fn policy(&self) -> PolicyDocument {
        let state = &*self.0;
        let texts =
            |ids: &Ordered<std::sync::Arc<str>>| ids.iter().map(|it| (**it).into()).collect();
        let roles = (0..state.roles.numbers()).filter_map(|role| state.roles.get(role));
        let roles = roles.filter_map(|role| role.document.as_deref().cloned());
        let packages = (0..state.packages.numbers()).filter_map(|it| state.packages.get(it));
        let positions = (0..state.positions.numbers()).filter_map(|it| state.position_document(it));
        PolicyDocument {
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
        }
    }

    /// The account's users as they are in this revision. Cost: linear in the users;
    /// [`Engine::users`] yields one after the other.
    pub fn directory(&self) -> DirectoryDocument {
        DirectoryDocument::new(self.users())
    }

    /// The account's users, one after the other, as they are in this revision.
    pub fn users(&self) -> impl Iterator<Item = UserDocument> + '_ {
        let users = self.0.users.iter();
        users.map(|(number, user)| self.0.user_document(number, user))
    }
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
