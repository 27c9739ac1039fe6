//! A subject as a records filter looks at it: whose records are theirs, from where in the hierarchy
//! they look, and which pairs take effect for them.

use super::State;
use super::bearer::{Bearer, Held};
use super::evaluate::{Cells, Compiled, Viewer};
use super::users::{NOWHERE, User};
use crate::decision::Denial;
use crate::id::{Brand, OperationId, PositionId};
use crate::request::{Action, OnType, PropertyMap, Resource, Subject};

/// Whose records are a subject's own, and from where it looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standpoint<'a> {
    /// A user of the directory.
    pub(crate) user: Option<u32>,
    /// The id of a token, whether or not it is a user of the directory.
    pub(crate) token_id: Option<&'a str>,
    pub(crate) position: Option<u32>,
}

impl State {
    /// Whether a subject may ask for an operation at all: whatever D17 puts before the pairs.
    pub(crate) fn may_ask_for(&self, subject: &Subject<'_>, operation: u16) -> bool {
        let asked = OperationId::new(u32::from(operation), self.catalog_brand);
        let on = OnType::of_operation();
        let on = self.account_id().map_or(on, |it| on.account(it));
        self.settle(subject, Action::Operation(asked), &on).is_ok()
    }

    /// A subject that may ask.
    pub(crate) fn standpoint<'a>(&self, subject: &Subject<'a>) -> Standpoint<'a> {
        match Bearer::of(subject) {
            Some(bearer) => Standpoint {
                user: bearer.user(self),
                token_id: bearer.id,
                position: Some(bearer.position(self)).filter(|it| *it != NOWHERE),
            },
            None => {
                let user = self.user_asking(subject);
                Standpoint {
                    user,
                    token_id: None,
                    position: user.and_then(|it| self.user_position(it)),
                }
            }
        }
    }

    /// The id of a subject, where it has one (D10).
    pub(crate) fn standpoint_id<'v>(&'v self, subject: &Subject<'v>) -> Option<&'v str> {
        match Bearer::of(subject) {
            Some(bearer) => bearer.id,
            None => self.user_id(self.user_asking(subject)?),
        }
    }

    /// The pairs of an operation that take effect for a subject who may ask, each with the scope that
    /// D7 leaves it; features and conditions of pair and operation come after.
    pub(crate) fn pairs_in_effect(&self, subject: &Subject<'_>, operation: u16) -> Vec<(u16, u8)> {
        let asked = self.model().operations.get(operation as usize);
        let pairs = asked.map(|it| it.pairs.clone()).unwrap_or_default();
        let scopes = |cells: &dyn Fn(u16) -> Result<u8, Denial>| {
            let pairs = pairs.clone();
            pairs
                .filter_map(|pair| Some((pair, cells(pair).ok()?)))
                .collect()
        };
        if let Some(bearer) = Bearer::of(subject) {
            let held = Held::united(self, bearer);
            return scopes(&|pair| held.pair(operation, pair).judged());
        }
        let user = self
            .user_asking(subject)
            .and_then(|it| self.user_record(it));
        let Some(set) = user.map(User::access) else {
            return Vec::new();
        };
        let compiled = Compiled { state: self, set };
        scopes(&|pair| compiled.pair(operation, pair).judged())
    }

    /// The properties that a token brings, or none; `None` of a user, who has the directory's.
    pub(crate) fn brought_properties<'a>(
        &self,
        subject: &Subject<'a>,
    ) -> Option<Option<&'a PropertyMap>> {
        Bearer::of(subject).map(|bearer| bearer.properties)
    }

    /// The narrowest scope that reaches the record's owner (S1, S3).
    pub(crate) fn narrowest_scope<R: Resource + ?Sized>(
        &self,
        from: &Standpoint<'_>,
        record: &R,
    ) -> u8 {
        let viewer = Viewer {
            user: from.user,
            name: from.token_id,
            position: from.position.unwrap_or(NOWHERE),
            brought: None,
        };
        viewer.scope_needed(self, record)
    }

    /// The position of a user.
    pub(crate) fn user_position(&self, user: u32) -> Option<u32> {
        let position = self.user_record(user)?.position;
        (position != NOWHERE).then_some(position)
    }

    /// The brand of users' handles.
    pub(crate) fn user_brand(&self) -> Brand {
        self.brand
    }

    pub(crate) fn position_handle(&self, position: u32) -> PositionId {
        PositionId::new(position, self.brand)
    }
}
