//! Asking: from a request by names or handles to the evaluator (D11 to D19).

use super::bearer::{Bearer, Held};
use super::cells::Cell;
use super::evaluate::{Extent, Question, Row, Viewer};
use super::{Engine, State};
use crate::decision::{Code, Decision, Denial, Part};
use crate::document::AskedOn;
use crate::id::OperationId;
use crate::request::{
    Action, Context, OnType, Owner, OwnerPosition, Resource, ResourceType, Subject, Value, Who,
    is_invalid_identifier,
};

/// An engine, asked in a context: the same questions, with properties of the context for the
/// conditions that read them (D10).
#[derive(Debug)]
pub struct InContext<'e, C: ?Sized> {
    engine: &'e Engine,
    context: &'e C,
}

impl Engine {
    /// Asks in a context. The questions asked of the engine itself have an empty one.
    pub fn in_context<'e, C: Context + ?Sized>(&'e self, context: &'e C) -> InContext<'e, C> {
        InContext {
            engine: self,
            context,
        }
    }

    /// May the subject do this to the resource?
    ///
    /// Allocates nothing and never panics, whatever it is given: what is unknown, invalid or
    /// missing is denied, with its reason (D1). A subject is a [`UserId`](crate::UserId), a user's
    /// id, a [`&Token`](crate::Token) or a [`Subject`]; an action an [`OperationId`] or a name.
    #[inline]
    pub fn check<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        self.0.check(
            &subject.into(),
            action.into(),
            resource,
            &(),
            Extent::Record,
        )
    }

    /// [`check`](Engine::check) for each of many requests, in their order.
    pub fn check_many<'a, S, A, R>(
        &self,
        requests: impl IntoIterator<Item = (S, A, &'a R)>,
    ) -> impl Iterator<Item = Decision>
    where
        S: Into<Subject<'a>>,
        A: Into<Action<'a>>,
        R: Resource + ?Sized + 'a,
    {
        requests
            .into_iter()
            .map(|(subject, action, resource)| self.check(subject, action, resource))
    }

    /// [`InContext::can_any`] in an empty context.
    pub fn can_any<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        on: &OnType<'_>,
    ) -> Decision {
        self.in_context(&()).can_any(subject, action, on)
    }

    /// [`InContext::check_change`] in an empty context.
    pub fn check_change<'a, B: Resource + ?Sized, A: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        before: &B,
        after: &A,
    ) -> Decision {
        self.in_context(&())
            .check_change(subject, action, before, after)
    }

    /// [`InContext::check_create`] in an empty context.
    pub fn check_create<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        record: &R,
    ) -> Decision {
        self.in_context(&()).check_create(subject, action, record)
    }
}

impl<C: Context + ?Sized> InContext<'_, C> {
    /// [`Engine::check`] in this context.
    #[inline]
    pub fn check<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        let subject = subject.into();
        self.engine.0.check(
            &subject,
            action.into(),
            resource,
            self.context,
            Extent::Record,
        )
    }

    /// Could the subject do this to any record at all (D14)? Permission, features and prerequisites
    /// are looked at, neither scope nor conditions: its no is final, its yes is not. Of an operation
    /// on the type it is the check itself.
    pub fn can_any<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        on: &OnType<'_>,
    ) -> Decision {
        let subject = subject.into();
        self.engine
            .0
            .check(&subject, action.into(), on, self.context, Extent::AnyRecord)
    }

    /// May the subject change a record from one state to the other (D19)? The operation must be
    /// allowed on both states; where the owner or the owner's stated position differ, so must the
    /// type's `reassign` operation, and where the catalog names none, nobody may.
    ///
    /// The answer is the first denial, or the allow on the later state. States of different types
    /// or ids are asked the wrong way. The account stays as it is: states of two accounts are denied
    /// here, as every request about another account is.
    pub fn check_change<'a, B: Resource + ?Sized, A: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        before: &B,
        after: &A,
    ) -> Decision {
        let (state, subject, action) = (&self.engine.0, subject.into(), action.into());
        let both = state
            .settle(&subject, action, before)
            .and_then(|old| state.settle(&subject, action, after).map(|new| (old, new)));
        let operation = match both {
            Err(denial) => return state.deny(denial),
            Ok((old, new)) => {
                old == new && before.id() == after.id() && {
                    let on_records = [before.asked_on(), after.asked_on()] == [AskedOn::Record; 2];
                    on_records && state.is_on(old, AskedOn::Record)
                }
            }
        };
        if !operation {
            return state.deny(Denial::of(Code::AskedWrongWay));
        }
        let first = state.check(&subject, action, before, self.context, Extent::Record);
        if !first.is_allow() {
            return first;
        }
        let edited = state.check(&subject, action, after, self.context, Extent::Record);
        if !edited.is_allow() || same_ownership(state, before, after) {
            return edited;
        }
        let Some(reassign) = both
            .ok()
            .and_then(|(operation, _)| state.reassign(operation))
        else {
            return state.deny(Denial::of(Code::UnknownAction));
        };
        let reassign =
            Action::Operation(OperationId::new(u32::from(reassign), state.model().brand));
        let given_up = state.check(&subject, reassign, before, self.context, Extent::Record);
        if !given_up.is_allow() {
            return given_up;
        }
        let taken_on = state.check(&subject, reassign, after, self.context, Extent::Record);
        if taken_on.is_allow() {
            edited
        } else {
            taken_on
        }
    }

    /// May the subject create this record (D19)? The operation is one on the type; where it names
    /// one that it `creates`, that must be allowed on the record as it will be, whose owner is the
    /// subject unless it has another.
    ///
    /// The answer is the first denial, or the allow on the type.
    pub fn check_create<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        record: &R,
    ) -> Decision {
        let (state, subject, action) = (&self.engine.0, subject.into(), action.into());
        let operation = match state.settle(&subject, action, record) {
            Ok(operation) => operation,
            Err(denial) => return state.deny(denial),
        };
        if record.asked_on() == AskedOn::Type || !state.is_on(operation, AskedOn::Type) {
            return state.deny(Denial::of(Code::AskedWrongWay));
        }
        let on_type = TypeOf(record);
        let created = state.check(&subject, action, &on_type, self.context, Extent::Record);
        let creates = state
            .model()
            .operations
            .get(operation as usize)
            .and_then(|operation| operation.creates);
        let Some(creates) = creates.filter(|_| created.is_allow()) else {
            return created;
        };
        let creates = Action::Operation(OperationId::new(u32::from(creates), state.model().brand));
        let owned = OwnedBy {
            record,
            owner: match record.owner() {
                Owner::None => owner_of(&subject),
                owner => owner,
            },
        };
        let on_record = state.check(&subject, creates, &owned, self.context, Extent::Record);
        if on_record.is_allow() {
            created
        } else {
            on_record
        }
    }
}

fn owner_of<'a>(subject: &Subject<'a>) -> Owner<'a> {
    match subject.who {
        Who::Handle(user) => Owner::User(user),
        Who::Named(id) => Owner::Named(id),
        Who::Role(_) => Owner::None,
        Who::Token(token) => token.id.as_deref().map_or(Owner::None, Owner::Named),
    }
}

/// The type and account of a record that is to be.
struct TypeOf<'r, R: ?Sized>(&'r R);

impl<R: Resource + ?Sized> Resource for TypeOf<'_, R> {
    fn resource_type(&self) -> ResourceType<'_> {
        self.0.resource_type()
    }

    fn asked_on(&self) -> AskedOn {
        AskedOn::Type
    }

    fn account(&self) -> Option<&str> {
        self.0.account()
    }
}

/// A record that is to be, with its owner.
struct OwnedBy<'r, R: ?Sized> {
    record: &'r R,
    owner: Owner<'r>,
}

impl<R: Resource + ?Sized> Resource for OwnedBy<'_, R> {
    /// That of the operation: what is created is of the type that was asked.
    fn resource_type(&self) -> ResourceType<'_> {
        ResourceType::OfOperation
    }

    fn id(&self) -> Option<&str> {
        self.record.id()
    }

    fn account(&self) -> Option<&str> {
        self.record.account()
    }

    fn owner(&self) -> Owner<'_> {
        self.owner
    }

    fn owner_position(&self) -> OwnerPosition<'_> {
        self.record.owner_position()
    }

    fn property(&self, property: crate::PropertyId, name: &str) -> Option<Value<'_>> {
        self.record.property(property, name)
    }
}

/// Whether two states have the same owner, at the same stated position.
fn same_ownership(
    state: &State,
    before: &(impl Resource + ?Sized),
    after: &(impl Resource + ?Sized),
) -> bool {
    let same_owner = match (before.owner(), after.owner()) {
        (Owner::None, Owner::None) => return true,
        (Owner::Named(a), Owner::User(b)) | (Owner::User(b), Owner::Named(a)) => {
            state.users.find(a) == b.index(state.brand).map(|index| index as u32)
                && b.index(state.brand).is_some()
        }
        (a, b) => a == b,
    };
    same_owner
        && match (before.owner_position(), after.owner_position()) {
            (OwnerPosition::Named(a), OwnerPosition::At(b))
            | (OwnerPosition::At(b), OwnerPosition::Named(a)) => {
                b.index(state.brand).is_some()
                    && state.positions.names.get(a)
                        == b.index(state.brand).map(|index| index as u32)
            }
            (a, b) => a == b,
        }
}

impl State {
    fn is_on(&self, operation: u16, on: AskedOn) -> bool {
        let operation = self.model().operations.get(operation as usize);
        operation.is_some_and(|it| it.on == on)
    }

    fn reassign(&self, operation: u16) -> Option<u16> {
        let operation = self.model().operations.get(operation as usize)?;
        self.model().types.get(operation.r#type as usize)?.reassign
    }

    /// The path of `check`. Whatever is out of the ordinary goes to [`State::settle`], which finds
    /// the reason that D17 puts first.
    #[inline]
    pub(crate) fn check<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        let user = match subject.who {
            Who::Handle(id) => id.index(self.brand).map(|index| index as u32),
            Who::Named(id) => self.users.find(id),
            Who::Role(_) | Who::Token(_) => None,
        };
        let known = user.and_then(|user| Some((user, self.users.get(user)?)));
        if let Some((user, record)) = known
            && let Some(index) = self.operation_asked(action, resource)
            && let Some(&asked) = self.asked.get(index as usize)
            && let Some(set) = self.sets.get(record.access())
            && let Some(&cell) = set.row.get(index as usize)
            && !record.is_suspended()
            && self.states_its_account(subject, resource)
            && is_asked_right(asked.on, resource.asked_on(), extent)
            && !has_invalid_identifier(resource)
        {
            let viewer = Viewer {
                user: Some(user),
                name: None,
                position: record.position,
                brought: None,
            };
            if !cell.depends() {
                return self.evaluate_cell(cell, asked, &viewer, resource, extent);
            }
            return self.check_pairs(index, &set.row, viewer, resource, context, extent);
        }
        // A copy, so that the subject itself need not lie in memory on the way here.
        let subject = *subject;
        self.check_slowly(&subject, action, resource, context, extent)
    }

    /// Of an operation whose conditions, late features or lending must be looked at.
    #[inline(never)]
    fn check_pairs<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        index: u16,
        row: &[Cell],
        viewer: Viewer<'_>,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        let question = Question {
            index,
            viewer,
            resource,
            context,
            extent,
        };
        let cells = Row {
            cells: row,
            operations: self.asked.len(),
        };
        self.evaluate_pairs(&question, &cells)
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
        let index = match self.settle(subject, action, resource) {
            Ok(index) => index,
            Err(denial) => return self.deny(denial),
        };
        let Some(&asked) = self.asked.get(index as usize) else {
            return self.deny(Denial::of(Code::UnknownAction));
        };
        if !is_asked_right(asked.on, resource.asked_on(), extent) {
            return self.deny(Denial::of(Code::AskedWrongWay));
        }
        let Some(bearer) = Bearer::of(subject) else {
            return self.deny(Denial::of(Code::UnknownSubject));
        };
        let question = Question {
            index,
            viewer: Viewer {
                user: bearer.user(self),
                name: bearer.id,
                position: bearer.position(self),
                brought: Some(bearer.properties.unwrap_or(NO_PROPERTIES)),
            },
            resource,
            context,
            extent,
        };
        self.evaluate_pairs(&question, &Held::new(self, bearer))
    }

    /// The operation asked, or the first reason of D17, up to the unknown action, why none can be.
    fn settle<R: Resource + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
    ) -> Result<u16, Denial> {
        let bearer = Bearer::of(subject);
        if has_invalid_identifier(resource)
            || is_request_invalid(subject, bearer.as_ref(), action, resource)
        {
            return Err(Denial::of(Code::InvalidIdentifier));
        }
        let of_resource = resource.account();
        let of_subject = subject.account;
        let by_handle = matches!(subject.who, Who::Handle(_));
        if self.serves_many {
            if of_resource.is_none() {
                return Err(Denial::on(Code::MissingAccount, Part::Resource));
            }
            if of_subject.is_none() && !by_handle {
                return Err(Denial::on(Code::MissingAccount, Part::Subject));
            }
        }
        for (stated, part) in [(of_resource, Part::Resource), (of_subject, Part::Subject)] {
            if stated.is_some() && stated != self.account.as_deref() {
                return Err(Denial::on(Code::WrongAccount, part));
            }
        }
        let user = match subject.who {
            Who::Handle(id) => id.index(self.brand).map(|index| index as u32),
            Who::Named(id) => self.users.find(id),
            Who::Role(_) | Who::Token(_) => None,
        };
        match (user.and_then(|user| self.users.get(user)), bearer) {
            (_, Some(bearer)) => bearer.denial(self).map_or(Ok(()), Err)?,
            (None, None) => return Err(Denial::of(Code::UnknownSubject)),
            (Some(user), None) if user.is_suspended() => {
                return Err(Denial::of(Code::Suspended));
            }
            (Some(_), None) => {}
        }
        self.operation(action, resource)
    }

    /// The operation that an action on a resource is, if all is in order.
    #[inline]
    fn operation_asked<R: Resource + ?Sized>(
        &self,
        action: Action<'_>,
        resource: &R,
    ) -> Option<u16> {
        match (action, resource.resource_type()) {
            (Action::Operation(id), ResourceType::OfOperation) => {
                id.index(self.catalog_brand).map(|index| index as u16)
            }
            _ => self.operation(action, resource).ok(),
        }
    }

    /// The operation that an action on a resource is, or why there is none.
    fn operation<R: Resource + ?Sized>(
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

const NO_PROPERTIES: &crate::request::PropertyMap = &crate::request::PropertyMap::new();

/// Whether an operation is asked as it is declared (D14).
#[inline]
fn is_asked_right(declared: AskedOn, asked: AskedOn, extent: Extent) -> bool {
    declared == asked || (extent == Extent::AnyRecord && asked == AskedOn::Type)
}

/// Whether the record's own identifiers are valid; its type and account are compared with known ones.
#[inline]
fn has_invalid_identifier<R: Resource + ?Sized>(resource: &R) -> bool {
    let id = resource.id().is_some_and(is_invalid_identifier);
    let owner = matches!(resource.owner(), Owner::Named(name) if is_invalid_identifier(name));
    let position = matches!(
        resource.owner_position(),
        OwnerPosition::Named(name) if is_invalid_identifier(name)
    );
    id | owner | position
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
