//! What queries and administration read of an engine's state: by number, never by name.
//!
//! Numbers of users, roles, packages and positions are not reused; one that was removed answers
//! `None` everywhere.

use super::ask::InContext;
use super::bearer::{Bearer, Held};
use super::evaluate::{Cells, Compiled, Viewer};
use super::rights::Planes;
use super::users::{Assigned, NOWHERE, User};
use super::{Engine, State};
use crate::catalog::Operation;
use crate::decision::Denial;
use crate::document::PropertyValue;
use crate::id::{Brand, OperationId, PositionId, UserId};
use crate::request::{Action, OnType, PropertyMap, Resource, Subject, Who};

impl State {
    /// One past the highest number of a user.
    pub(crate) fn user_numbers(&self) -> u32 {
        self.users.len() as u32
    }

    /// A user: access set, position, whether suspended.
    pub(crate) fn user_record(&self, user: u32) -> Option<User> {
        self.users.get(user)
    }

    pub(crate) fn user_id(&self, user: u32) -> Option<&str> {
        self.users.name(user)
    }

    pub(crate) fn find_user(&self, id: &str) -> Option<u32> {
        self.users.find(id)
    }

    /// One past the highest number of an access set; some may have no users.
    pub(crate) fn set_numbers(&self) -> u32 {
        self.assigned.iter().count() as u32
    }

    /// What the users of an access set are assigned.
    pub(crate) fn assigned(&self, set: usize) -> Option<&Assigned> {
        self.assigned.get(set)
    }

    /// What the users of an access set are granted and denied.
    pub(crate) fn set_rights(&self, set: usize) -> Option<&Planes> {
        self.sets.get(set)
    }

    /// How far a pair gets in an access set before its scope is looked at: the scope that D7 leaves, or
    /// the denial. Features and conditions of pair and operation come after (D17).
    pub(crate) fn pair_scope(&self, set: usize, pair: u16) -> Option<Result<u8, Denial>> {
        Some(self.pair_cells.get(set, pair as usize)?.judged())
    }

    /// One past the highest number of a role; system roles come first, as the catalog numbers them.
    pub(crate) fn role_numbers(&self) -> u32 {
        self.roles.names.len() as u32
    }

    pub(crate) fn role_id(&self, role: u32) -> Option<&str> {
        self.roles.names.text(role)
    }

    pub(crate) fn find_role_number(&self, id: &str) -> Option<u32> {
        self.roles.names.get(id)
    }

    /// What a role and all its juniors grant and deny.
    pub(crate) fn role_closure(&self, role: u32) -> Option<&Planes> {
        Some(&self.roles.roles.get(role as usize)?.closure)
    }

    /// The direct juniors of a role.
    pub(crate) fn role_juniors(&self, role: u32) -> Option<&[u32]> {
        Some(&self.roles.roles.get(role as usize)?.juniors)
    }

    /// One past the highest number of a package.
    pub(crate) fn package_numbers(&self) -> u32 {
        self.packages.names.len() as u32
    }

    pub(crate) fn package_id(&self, package: u32) -> Option<&str> {
        self.packages.names.text(package)
    }

    /// The roles of a package.
    pub(crate) fn package_roles(&self, package: u32) -> Option<&[u32]> {
        Some(self.packages.roles.get(package as usize)?)
    }

    /// One past the highest number of a position.
    pub(crate) fn position_numbers(&self) -> u32 {
        self.positions.names.len() as u32
    }

    pub(crate) fn position_id(&self, position: u32) -> Option<&str> {
        self.positions.names.text(position)
    }

    /// Whether the first position stands strictly below the second.
    pub(crate) fn stands_below(&self, low: u32, high: u32) -> bool {
        self.positions.reach.is_below(low, high)
    }

    /// Whether a position is lent a pair by somebody strictly below it (S6).
    pub(crate) fn is_lent_at(&self, position: u32, pair: u16) -> bool {
        let lent = self.lent.as_ref();
        lent.is_some_and(|lent| lent.is_lent(position, pair))
    }
}

impl Engine {
    /// What everything is asked of.
    pub(crate) fn state(&self) -> &State {
        &self.0
    }
}

impl<'e, C: ?Sized> InContext<'e, C> {
    pub(crate) fn engine(&self) -> &'e Engine {
        self.engine
    }

    pub(crate) fn context(&self) -> &'e C {
        self.context
    }
}

/// Who asks: whose records are theirs, and from where in the hierarchy they look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// A user of the directory.
    pub(crate) user: Option<u32>,
    /// The id of a token, whether or not it is a user of the directory.
    pub(crate) token_id: Option<&'a str>,
    pub(crate) position: Option<u32>,
}

impl State {
    /// Whether a subject may ask for an operation at all: whatever D17 puts before the pairs.
    pub(crate) fn may_ask(&self, subject: &Subject<'_>, operation: u16) -> bool {
        let asked = OperationId::new(u32::from(operation), self.catalog_brand);
        let on = OnType::of_operation();
        let on = self.account.as_deref().map_or(on, |it| on.account(it));
        self.settle(subject, Action::Operation(asked), &on).is_ok()
    }

    /// A subject that may ask.
    pub(crate) fn asker<'a>(&self, subject: &Subject<'a>) -> Asker<'a> {
        match Bearer::of(subject) {
            Some(bearer) => Asker {
                user: bearer.user(self),
                token_id: bearer.id,
                position: Some(bearer.position(self)).filter(|it| *it != NOWHERE),
            },
            None => {
                let user = self.user_asking(subject);
                Asker {
                    user,
                    token_id: None,
                    position: user.and_then(|it| self.user_position(it)),
                }
            }
        }
    }

    /// The user of the directory that a subject is by name or handle.
    fn user_asking(&self, subject: &Subject<'_>) -> Option<u32> {
        match subject.who {
            Who::Handle(id) => self.user_number(id),
            Who::Named(id) => self.users.find(id),
            Who::Role(_) | Who::Token(_) => None,
        }
    }

    /// The pairs of an operation that take effect for a subject who may ask, each with the scope that
    /// D7 leaves it; features and conditions of pair and operation come after.
    pub(crate) fn pairs_in_effect(&self, subject: &Subject<'_>, operation: u16) -> Vec<(u16, u8)> {
        let asked: Option<&Operation> = self.model().operations.get(operation as usize);
        let pairs = asked.map(|it| it.pairs.clone()).unwrap_or_default();
        let scopes = |cells: &dyn Fn(u16) -> Result<u8, Denial>| {
            let pairs = pairs.clone();
            pairs
                .filter_map(|pair| Some((pair, cells(pair).ok()?)))
                .collect()
        };
        if let Some(bearer) = Bearer::of(subject) {
            let held = Held::new(self, bearer);
            return scopes(&|pair| held.pair(operation, pair).judged());
        }
        let user = self.user_asking(subject).and_then(|it| self.users.get(it));
        let Some(set) = user.map(User::access) else {
            return Vec::new();
        };
        let compiled = Compiled { state: self, set };
        scopes(&|pair| compiled.pair(operation, pair).judged())
    }

    /// The properties that a token brings, or none; `None` of a user, who has the directory's.
    pub(crate) fn brought<'a>(&self, subject: &Subject<'a>) -> Option<Option<&'a PropertyMap>> {
        Bearer::of(subject).map(|bearer| bearer.properties)
    }

    pub(crate) fn user_property(&self, user: u32, property: u16) -> Option<&PropertyValue> {
        self.users.property(user, property)
    }

    /// The narrowest scope that reaches the record's owner (S1, S3).
    pub(crate) fn narrowest_scope<R: Resource + ?Sized>(
        &self,
        asker: &Asker<'_>,
        record: &R,
    ) -> u8 {
        let viewer = Viewer {
            user: asker.user,
            name: asker.token_id,
            position: asker.position.unwrap_or(NOWHERE),
            brought: None,
        };
        self.scope_needed(&viewer, record)
    }

    /// The position of a user.
    pub(crate) fn user_position(&self, user: u32) -> Option<u32> {
        let position = self.users.get(user)?.position;
        (position != NOWHERE).then_some(position)
    }

    pub(crate) fn user_number(&self, user: UserId) -> Option<u32> {
        u32::try_from(user.index(self.brand)?).ok()
    }

    pub(crate) fn user_handle(&self, user: u32) -> UserId {
        UserId::new(user, self.brand)
    }

    /// The brand of users' handles.
    pub(crate) fn user_brand(&self) -> Brand {
        self.brand
    }

    pub(crate) fn position_handle(&self, position: u32) -> PositionId {
        PositionId::new(position, self.brand)
    }

    pub(crate) fn account_id(&self) -> Option<&str> {
        self.account.as_deref()
    }
}
