//! The path of a check: from names or handles to the evaluator, or to the first reason why not
//! (D11 to D18).

use std::hint::black_box;

use super::State;
use super::bearer::{Bearer, Held};
use super::cells::Cell;
use super::evaluate::{Cells, Compiled, Extent, OwnedBy, Question, Recorder, Viewer};
use super::users::{NOWHERE, User};
use crate::admin::UsedIdKind;
use crate::decision::{Code, Decision, Denial, Part, Verdict};
use crate::document::AskedOn;
use crate::names::TooLong;
use crate::request::{
    Action, Context, Owner, OwnerPosition, Resource, ResourceType, Subject, Who,
    is_invalid_identifier,
};

impl State {
    pub(super) fn is_on(&self, operation: u16, on: AskedOn) -> bool {
        let operation = self.model().operations.get(operation as usize);
        operation.is_some_and(|it| it.on == on)
    }

    pub(super) fn reassign(&self, operation: u16) -> Option<u16> {
        let operation = self.model().operations.get(operation as usize)?;
        self.model().types.get(operation.r#type as usize)?.reassign
    }

    /// The path of `check`. Whatever is out of the ordinary goes to [`State::settle`], which finds
    /// the reason that D17 puts first (I2). Nothing is allocated on any path (I10).
    ///
    /// The operation, which lies in the caches, is looked up first: user and owner, which may not, are then
    /// waited for together. (A processor sees a few hundred instructions ahead. With the look-up of the
    /// operation between the two, a check by names waited twice.)
    #[inline(always)]
    pub(crate) fn check<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        self.check_in::<false, R, C>(subject, action, resource, context, extent)
    }

    /// By the dense tables, or by the packed ones. The dense table of packed ones is empty: a check does not
    /// find its cell, and goes on as where anything else is out of the ordinary. (With a branch on which of
    /// the two it is, or with what was looked up passed on, checks on dense tables took half a nanosecond
    /// longer.)
    #[inline(always)]
    fn check_in<const PACKED: bool, R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        if let Some(index) = self.operation_asked(action, resource)
            && let Some(user) = self.user_asking(subject)
            && let Some(record) = self.users.record(user)
            && let Some(cell) = self.cells.operation_in::<PACKED>(record.row(), index)
            && is_asked_right(cell.is_on_type(), resource.asked_on(), extent)
            && self.states_its_account(subject, resource)
            && !has_invalid_id(resource)
        {
            if cell.is_scoped() && extent == Extent::Record && !cell.depends() {
                if let Some(verdict) = self.scoped_verdict(cell, user, record, resource) {
                    return self.decide(verdict);
                }
            } else if !has_invalid_owner(resource) {
                if cell.depends() {
                    return self.check_pairs(index, user, record, resource, context, extent);
                }
                return self.decide(cell.standing());
            }
        }
        if PACKED {
            return self.check_settling(subject, action, resource, context, extent);
        }
        // A copy, so that the subject itself need not lie in memory on the way here.
        let copied = *subject;
        self.check_slowly(&copied, action, resource, context, extent)
    }

    /// Whether so many users lie outside the caches that requests are better taken together.
    #[inline]
    pub(crate) fn is_far(&self) -> bool {
        self.users.numbers() as usize >= FAR
    }

    /// Reads, of all of these requests, what a check reads of a user and an owner, and then of their
    /// positions: the lines that are in no cache are fetched side by side, and there when each is decided.
    pub(crate) fn fetch_together<R: Resource + ?Sized>(
        &self,
        requests: &[Option<(Subject<'_>, Action<'_>, &R)>; TOGETHER],
    ) {
        let position = |user: Option<u32>| {
            let record = user.and_then(|user| self.users.record(user));
            record.map_or(NOWHERE, |it| it.position)
        };
        let mut positions = [[NOWHERE; 2]; TOGETHER];
        for (request, positions) in requests.iter().flatten().zip(&mut positions) {
            let (subject, _, resource) = request;
            let owner = match self.owned_by(resource.owner()) {
                OwnedBy::User(owner) => Some(owner),
                OwnedBy::Nobody | OwnedBy::Stranger => None,
            };
            *positions = [position(self.user_asking(subject)), position(owner)];
        }
        for position in positions.as_flattened() {
            black_box(self.positions.reach.number(*position));
        }
    }

    /// Of an operation whose conditions, late features or lending must be looked at.
    #[inline(never)]
    fn check_pairs<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        index: u16,
        user: u32,
        record: User,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        let question = Question {
            index,
            viewer: Viewer {
                user: Some(user),
                name: None,
                position: record.position,
                brought: None,
            },
            resource,
            context,
            extent,
        };
        let set = record.access();
        self.evaluate_pairs(&question, &Compiled { state: self, set }, &mut ())
    }

    #[cold]
    #[inline(never)]
    fn check_slowly<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        if self.cells.is_packed() {
            return self.check_in::<true, R, C>(subject, action, resource, context, extent);
        }
        self.check_settling(subject, action, resource, context, extent)
    }

    #[inline(never)]
    fn check_settling<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        let index = match self.settle(subject, action, resource) {
            Ok(index) => index,
            Err(denial) => return self.deny(denial),
        };
        let question = Question {
            index,
            viewer: self.looking_as(subject),
            resource,
            context,
            extent,
        };
        self.evaluate_settled(&question, subject, &mut ())
    }

    /// The answer to a question whose subject and operation were settled, pair by pair.
    pub(super) fn evaluate_settled<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        subject: &Subject<'_>,
        recorder: &mut impl Recorder,
    ) -> Decision {
        if let Some(bearer) = Bearer::of(subject) {
            return self.evaluate_asked_right(question, &Held::new(self, bearer), recorder);
        }
        let Some(user) = question.viewer.user.and_then(|user| self.users.get(user)) else {
            return self.deny(Denial::of(Code::UnknownSubject));
        };
        let set = user.access();
        self.evaluate_asked_right(question, &Compiled { state: self, set }, recorder)
    }

    /// The same, of somebody whose cells are at hand.
    pub(super) fn evaluate_asked_right<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        question: &Question<'_, R, C>,
        cells: &impl Cells,
        recorder: &mut impl Recorder,
    ) -> Decision {
        let Some(&asked) = self.asked.get(question.index as usize) else {
            return self.deny(Denial::of(Code::UnknownAction));
        };
        let is_on_type = asked.on == AskedOn::Type;
        if !is_asked_right(is_on_type, question.resource.asked_on(), question.extent) {
            return self.deny(Denial::of(Code::AskedWrongWay));
        }
        self.evaluate_pairs(question, cells, recorder)
    }

    /// Who asks, as far as scopes and conditions go.
    pub(super) fn looking_as<'a>(&self, subject: &Subject<'a>) -> Viewer<'a> {
        if let Some(bearer) = Bearer::of(subject) {
            return Viewer {
                user: bearer.user(self),
                name: bearer.id,
                position: bearer.position(self),
                brought: Some(bearer.properties.unwrap_or(NO_PROPERTIES)),
            };
        }
        let user = self.user_asking(subject);
        let record = user.and_then(|user| self.users.get(user));
        Viewer {
            user,
            name: None,
            position: record.map_or(NOWHERE, |it| it.position),
            brought: None,
        }
    }

    /// The user of the directory who asks; `None` of a subject that brings its roles.
    #[inline(always)]
    pub(super) fn user_asking(&self, subject: &Subject<'_>) -> Option<u32> {
        match subject.who {
            Who::Handle(id) => id.index(self.brand).map(|index| index as u32),
            Who::Named(id) => self.users.find(id),
            Who::Role(_) | Who::Token(_) => None,
        }
    }

    /// The id of a subject, in a token or not, that the account has used and removed, until it is
    /// forgotten (D18). Only what the directory does not have is looked up.
    pub(super) fn removed<'s>(&'s self, subject: &Subject<'s>) -> Option<&'s str> {
        let id = match subject.who {
            Who::Handle(id) => self.users.name_given(id.index(self.brand)? as u32)?,
            Who::Named(id) => id,
            Who::Role(_) => return None,
            Who::Token(token) => token.id.as_deref()?,
        };
        self.is_removed(id).then_some(id)
    }

    /// Returns whether the account has used a user's id and has no such user now.
    pub(super) fn is_removed(&self, id: &str) -> bool {
        self.users.find_live(id).is_none() && self.is_used(UsedIdKind::User, id)
    }

    /// The operation asked, or the first reason of D17, up to the unknown action, why none can be.
    pub(super) fn settle<R: Resource + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
    ) -> Result<u16, Denial> {
        if let Some(denial) = unstated(subject, action, resource, self.serves_many) {
            return Err(denial);
        }
        let bearer = Bearer::of(subject);
        let (of_resource, of_subject) = (resource.account(), subject.account);
        for (stated, part) in [(of_resource, Part::Resource), (of_subject, Part::Subject)] {
            if stated.is_some() && stated != self.account.as_deref() {
                return Err(Denial::on(Code::WrongAccount, part));
            }
        }
        if self.is_not_ready(subject) {
            let removed = self.removed(subject);
            return Err(Denial::of(
                removed.map_or(Code::NotReady, |_| Code::Removed),
            ));
        }
        let user = self.user_asking(subject);
        match (user.and_then(|user| self.users.get(user)), bearer) {
            (_, Some(bearer)) => bearer.denial(self).map_or(Ok(()), Err)?,
            (None, None) => {
                return Err(Denial::of(match self.removed(subject) {
                    Some(_) => Code::Removed,
                    None => Code::UnknownSubject,
                }));
            }
            (Some(user), None) if user.is_suspended() => {
                return Err(Denial::of(Code::Suspended));
            }
            (Some(_), None) => {}
        }
        self.operation(action, resource)
    }

    /// The operation that an action on a resource is, if all is in order.
    ///
    /// (Left to the compiler, it is a call of its own since packed tables ask it, too.)
    #[inline(always)]
    fn operation_asked<R: Resource + ?Sized>(
        &self,
        action: Action<'_>,
        resource: &R,
    ) -> Option<u16> {
        match (action, resource.resource_type()) {
            (Action::Operation(id), ResourceType::OfOperation) => {
                id.index(self.catalog_brand).map(|index| index as u16)
            }
            (Action::Named(action), ResourceType::Named(r#type)) => {
                let named = self.model().operations_by_names.get(r#type, action);
                named.unwrap_or_else(|TooLong| self.operation(action.into(), resource).ok())
            }
            _ => self.operation(action, resource).ok(),
        }
    }

    /// The operation that an action on a resource is, or why there is none.
    pub(super) fn operation<R: Resource + ?Sized>(
        &self,
        action: Action<'_>,
        resource: &R,
    ) -> Result<u16, Denial> {
        let model = self.model();
        let unknown_type = Denial::of(Code::UnknownType);
        let unknown_action = Denial::of(Code::UnknownAction);
        let r#type = |index: u32| model.types.get(index as usize);
        match (action, resource.resource_type()) {
            (Action::Operation(id), named) => {
                let index = id.index(self.catalog_brand);
                let operation = index.and_then(|index| self.asked.get(index));
                let is_its_type = match (named, operation) {
                    (ResourceType::OfOperation, _) => true,
                    (ResourceType::Named(name), Some(operation)) => {
                        let known = r#type(u32::from(operation.r#type));
                        let same = known.is_some_and(|known| *known.id == *name);
                        if !same && model.type_names.get(name).is_none() {
                            return Err(unknown_type);
                        }
                        same
                    }
                    (ResourceType::Named(name), None) => {
                        model.type_names.get(name).ok_or(unknown_type)?;
                        false
                    }
                    (ResourceType::Id(id), operation) => {
                        let known = id.index(model.brand).ok_or(unknown_type)?;
                        operation.is_some_and(|it| usize::from(it.r#type) == known)
                    }
                };
                index
                    .filter(|_| is_its_type && operation.is_some())
                    .map(|index| index as u16)
                    .ok_or(unknown_action)
            }
            (Action::Named(action), named) => {
                let r#type = match named {
                    ResourceType::OfOperation => None,
                    ResourceType::Named(name) => model.type_names.get(name).and_then(r#type),
                    ResourceType::Id(id) => id
                        .index(model.brand)
                        .and_then(|index| model.types.get(index)),
                };
                let r#type = r#type.ok_or(unknown_type)?;
                let named = r#type.operation_names.get(action).ok_or(unknown_action)?;
                r#type
                    .operations
                    .get(named as usize)
                    .copied()
                    .ok_or(unknown_action)
            }
        }
    }

    /// The verdict of a cell that is scoped, on a record; `None` where its owner's name is invalid.
    ///
    /// The owner is looked up even where this subject's cell would not need it: whether an operation is
    /// ever scoped is easily predicted, whether this cell is, is not. (Inlined into `check` it took
    /// registers from operations that are not scoped.)
    #[inline(never)]
    fn scoped_verdict<R: Resource + ?Sized>(
        &self,
        cell: Cell,
        user: u32,
        record: User,
        resource: &R,
    ) -> Option<Verdict> {
        let named = resource.owner();
        let owner = self.owned_by(named);
        // A name that the directory knows is valid.
        if owner == OwnedBy::Stranger
            && let Owner::Named(name) = named
            && is_invalid_identifier(name)
        {
            return None;
        }
        Some(cell.verdict(self.scope_needed(Some(user), record.position, owner, resource)))
    }

    /// Whether subject and resource are of this account, as far as the catalog wants it stated (D11).
    #[inline]
    fn states_its_account<R: Resource + ?Sized>(
        &self,
        subject: &Subject<'_>,
        resource: &R,
    ) -> bool {
        let own = self.account.as_deref();
        let by_handle = matches!(subject.who, Who::Handle(_));
        let may_be_left_out = !self.serves_many;
        let of_resource = resource.account();
        (of_resource == own || of_resource.is_none())
            && (subject.account == own || subject.account.is_none())
            && (may_be_left_out
                || (of_resource.is_some() && (by_handle || subject.account.is_some())))
    }
}

/// Requests that are taken together.
pub(crate) const TOGETHER: usize = 16;

/// Users who fill a megabyte, at four bytes each: past the second-level caches of today. (With a hundred thousand
/// users, fetching first took half as long again.)
const FAR: usize = 1 << 18;

const NO_PROPERTIES: &crate::request::PropertyMap = &crate::request::PropertyMap::new();

/// Whether an operation is asked as it is declared (D14).
#[inline]
fn is_asked_right(is_on_type: bool, asked: AskedOn, extent: Extent) -> bool {
    let on_type = asked == AskedOn::Type;
    is_on_type == on_type || (extent == Extent::AnyRecord && on_type)
}

/// Whether one of the record's own identifiers is invalid, the owner's aside; its type and account are
/// compared with known ones.
#[inline]
fn has_invalid_id<R: Resource + ?Sized>(resource: &R) -> bool {
    let id = resource.id().is_some_and(is_invalid_identifier);
    let position = matches!(
        resource.owner_position(),
        OwnerPosition::Named(name) if is_invalid_identifier(name)
    );
    id | position
}

fn has_invalid_owner<R: Resource + ?Sized>(resource: &R) -> bool {
    matches!(resource.owner(), Owner::Named(name) if is_invalid_identifier(name))
}

/// What denies before any account is looked at: an invalid identifier, a missing account.
pub(super) fn unstated<R: Resource + ?Sized>(
    subject: &Subject<'_>,
    action: Action<'_>,
    resource: &R,
    serves_many: bool,
) -> Option<Denial> {
    let bearer = Bearer::of(subject);
    if has_invalid_id(resource)
        || has_invalid_owner(resource)
        || is_request_invalid(subject, bearer.as_ref(), action, resource)
    {
        return Some(Denial::of(Code::InvalidIdentifier));
    }
    let by_handle = matches!(subject.who, Who::Handle(_));
    match (resource.account(), subject.account) {
        (None, _) if serves_many => Some(Denial::on(Code::MissingAccount, Part::Resource)),
        (_, None) if serves_many && !by_handle => {
            Some(Denial::on(Code::MissingAccount, Part::Subject))
        }
        _ => None,
    }
}

/// The identifiers that the fast path need not look at, because it finds them in a table or denies.
fn is_request_invalid<R: Resource + ?Sized>(
    subject: &Subject<'_>,
    bearer: Option<&Bearer<'_>>,
    action: Action<'_>,
    resource: &R,
) -> bool {
    let invalid = |name: Option<&str>| name.is_some_and(is_invalid_identifier);
    let user = match subject.who {
        Who::Named(id) => Some(id),
        _ => None,
    };
    let action = match action {
        Action::Named(name) => Some(name),
        Action::Operation(_) => None,
    };
    let r#type = match resource.resource_type() {
        ResourceType::Named(name) => Some(name),
        _ => None,
    };
    invalid(user)
        || invalid(subject.account)
        || invalid(action)
        || invalid(r#type)
        || invalid(resource.account())
        || bearer.is_some_and(|bearer| {
            invalid(bearer.id)
                || invalid(bearer.position)
                || bearer.role_names().any(is_invalid_identifier)
        })
}
