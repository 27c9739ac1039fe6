//! What is wrong with a request before any permission is looked at (D17): all of it, where a check
//! tells the first.

use crate::decision::{Code, Part};
use crate::engine::State;
use crate::engine::bearer::Bearer;
use crate::engine::check::unstated;
use crate::explain::{Cause, RequestPart};
use crate::request::{
    Action, Owner, OwnerPosition, Resource, ResourceType, Subject, Who, is_invalid_identifier,
};

impl State {
    /// Everything that D17 puts before the pairs, each in its turn.
    pub(super) fn obstacles<R: Resource + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
    ) -> Vec<Cause> {
        let mut found: Vec<Cause> = identifiers(subject, action, resource)
            .filter(|(_, text)| is_invalid_identifier(text))
            .map(|(of, _)| Cause::InvalidIdentifier { of })
            .collect();
        let (of_resource, of_subject) = (resource.account(), subject.account);
        let by_handle = matches!(subject.who, Who::Handle(_));
        if self.serves_many && of_resource.is_none() {
            found.push(Cause::MissingAccount { on: Part::Resource });
        }
        if self.serves_many && of_subject.is_none() && !by_handle {
            found.push(Cause::MissingAccount { on: Part::Subject });
        }
        for (stated, on) in [(of_resource, Part::Resource), (of_subject, Part::Subject)] {
            if let Some(stated) = stated.filter(|stated| Some(*stated) != self.account_id()) {
                found.push(Cause::WrongAccount {
                    on,
                    stated: stated.to_owned(),
                });
            }
        }
        debug_assert_eq!(
            unstated(subject, action, resource, self.serves_many).is_some(),
            found.iter().any(|it| matches!(
                it,
                Cause::InvalidIdentifier { .. } | Cause::MissingAccount { .. }
            ))
        );
        let removed = self.removed(subject);
        found.extend(removed.map(|user| Cause::Removed {
            user: user.to_owned(),
        }));
        let is_not_ready = self.is_not_ready(subject);
        found.extend(is_not_ready.then(|| Cause::NotReady {
            id: self.asking(subject).id,
        }));
        let bearer = Bearer::of(subject);
        if let Some(bearer) = &bearer {
            let unknown = bearer
                .role_names()
                .filter(|name| bearer.role(self, name).is_none());
            found.extend(unknown.map(|name| {
                let number = self.find_role_number(name);
                let retired = number.is_some_and(|it| self.is_gone_role(it));
                Cause::UnknownRole {
                    role: name.to_owned(),
                    exists: number.is_some() && !retired,
                    retired,
                }
            }));
            let position = bearer
                .position
                .filter(|name| self.find_position(name).is_none());
            found.extend(position.map(|name| Cause::UnknownPosition {
                position: name.to_owned(),
            }));
        }
        let user = match &bearer {
            Some(bearer) => bearer.user(self),
            None => self.user_asking(subject),
        };
        match user.and_then(|user| Some((self.user_id(user)?, user))) {
            Some((id, user)) if self.is_suspended_whole(user) => found.push(Cause::Suspended {
                user: id.to_owned(),
            }),
            Some(_) => {}
            None if bearer.is_some() || removed.is_some() => {}
            None => found.push(Cause::UnknownSubject {
                id: match subject.who {
                    Who::Named(id) => Some(id.to_owned()),
                    _ => None,
                },
            }),
        }
        match self.operation(action, resource) {
            Err(denial) if denial.code == Code::UnknownType => found.push(Cause::UnknownType {
                r#type: match resource.resource_type() {
                    ResourceType::Named(name) => Some(name.to_owned()),
                    _ => None,
                },
            }),
            Err(_) => found.push(Cause::UnknownAction {
                action: self.requested(action, resource),
            }),
            Ok(operation) => {
                let asked = resource.asked_on();
                if !self.is_on(operation, asked) {
                    found.push(Cause::AskedWrongWay {
                        operation: self.model().operation_name(operation),
                        asked,
                    });
                }
            }
        }
        found
    }

    /// The operation as it was asked for, as far as it was named.
    pub(super) fn requested<R: Resource + ?Sized>(
        &self,
        action: Action<'_>,
        resource: &R,
    ) -> String {
        let action = match action {
            Action::Named(action) => action,
            Action::Operation(id) => {
                let known = id.index(self.catalog_brand);
                let known = known.map(|index| self.model().operation_name(index as u16));
                return known
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| "?:?".to_owned());
            }
        };
        match resource.resource_type() {
            ResourceType::Named(r#type) => format!("{type}:{action}"),
            _ => format!("?:{action}"),
        }
    }
}

/// Every identifier of a request, with what it is.
fn identifiers<'r, R: Resource + ?Sized>(
    subject: &'r Subject<'r>,
    action: Action<'r>,
    resource: &'r R,
) -> impl Iterator<Item = (RequestPart, &'r str)> {
    let bearer = Bearer::of(subject);
    let id = match subject.who {
        Who::Named(id) => Some(id),
        _ => bearer.as_ref().and_then(|bearer| bearer.id),
    };
    let action = match action {
        Action::Named(name) => Some(name),
        Action::Operation(_) => None,
    };
    let r#type = match resource.resource_type() {
        ResourceType::Named(name) => Some(name),
        _ => None,
    };
    let owner = match resource.owner() {
        Owner::Named(name) => Some(name),
        _ => None,
    };
    let owner_position = match resource.owner_position() {
        OwnerPosition::Named(name) => Some(name),
        _ => None,
    };
    let position = bearer.as_ref().and_then(|bearer| bearer.position);
    let roles = bearer.into_iter().flat_map(|bearer| bearer.role_names());
    let single = [
        (RequestPart::Subject, id),
        (RequestPart::SubjectAccount, subject.account),
        (RequestPart::SubjectPosition, position),
        (RequestPart::Action, action),
        (RequestPart::ResourceType, r#type),
        (RequestPart::ResourceId, resource.id()),
        (RequestPart::ResourceAccount, resource.account()),
        (RequestPart::Owner, owner),
        (RequestPart::OwnerPosition, owner_position),
    ];
    single
        .into_iter()
        .filter_map(|(of, text)| Some((of, text?)))
        .chain(roles.map(|name| (RequestPart::SubjectRole, name)))
}
