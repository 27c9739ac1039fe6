//! What a host asks: check, can_any, check_change, check_create (D14, D19).

use std::ops::Range;

use super::check::TOGETHER;
use super::evaluate::Extent;
use super::{Engine, State};
use crate::decision::{Code, Decision, Denial};
use crate::document::AskedOn;
use crate::id::OperationId;
use crate::request::{
    Action, Context, OnType, Owner, OwnerPosition, Resource, ResourceType, Subject, Value, Who,
};

/// An engine, asked in a context: the same questions, with properties of the context for the
/// conditions that read them (D10).
#[derive(Debug)]
pub struct InContext<'e, C: ?Sized> {
    pub(super) engine: &'e Engine,
    pub(super) context: &'e C,
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
    #[inline(always)]
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
    ///
    /// By `for_each` and `fold` it costs what a loop of checks does, by `for` and `collect` a little more.
    /// Of a directory that does not fit the caches it costs less: up to sixteen requests are then taken
    /// before the first of them is decided, so that what they read is fetched side by side.
    pub fn check_many<'a, S, A, R>(
        &self,
        requests: impl IntoIterator<Item = (S, A, &'a R)>,
    ) -> impl Iterator<Item = Decision>
    where
        S: Into<Subject<'a>>,
        A: Into<Action<'a>>,
        R: Resource + ?Sized + 'a,
    {
        CheckMany::new(self, &(), requests)
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

/// The decisions on many requests, in their order.
struct CheckMany<'e, 'a, I, R: ?Sized, C: ?Sized> {
    engine: &'e Engine,
    context: &'e C,
    requests: I,
    /// Whether requests are taken together.
    is_far: bool,
    /// Those that were taken, and which of them are not decided yet.
    taken: [Option<(Subject<'a>, Action<'a>, &'a R)>; TOGETHER],
    left: Range<usize>,
    /// Whether there was no further one to take.
    has_ended: bool,
}

impl<'e, I, R: ?Sized, C: ?Sized> CheckMany<'e, '_, I, R, C> {
    fn new(engine: &'e Engine, context: &'e C, requests: impl IntoIterator<IntoIter = I>) -> Self {
        CheckMany {
            engine,
            context,
            requests: requests.into_iter(),
            is_far: engine.0.is_far(),
            taken: [const { None }; TOGETHER],
            left: 0..0,
            has_ended: false,
        }
    }
}

impl<'a, I, S, A, R, C> Iterator for CheckMany<'_, 'a, I, R, C>
where
    I: Iterator<Item = (S, A, &'a R)>,
    S: Into<Subject<'a>>,
    A: Into<Action<'a>>,
    R: Resource + ?Sized + 'a,
    C: Context + ?Sized,
{
    type Item = Decision;

    #[inline]
    fn next(&mut self) -> Option<Decision> {
        let state = &self.engine.0;
        if !self.is_far {
            let (subject, action, resource) = self.requests.next()?;
            let asked = self.engine.in_context(self.context);
            return Some(asked.check(subject, action, resource));
        }
        if self.left.is_empty() && !self.has_ended {
            let requests = self.requests.by_ref().take(TOGETHER);
            let requests =
                requests.map(|(subject, action, it)| (subject.into(), action.into(), it));
            self.left = 0..0;
            for (slot, request) in self.taken.iter_mut().zip(requests) {
                *slot = Some(request);
                self.left.end += 1;
            }
            self.has_ended = self.left.end < TOGETHER;
            state.fetch_together(&self.taken);
        }
        let next = self.left.next()?;
        let (subject, action, resource) = self.taken.get_mut(next)?.take()?;
        Some(state.check(&subject, action, resource, self.context, Extent::Record))
    }

    /// What `for_each` and its like go through: each decision goes where it is wanted, and
    /// not through an `Option` on the way, which took a fifth more.
    #[inline]
    fn fold<B, F: FnMut(B, Decision) -> B>(mut self, first: B, mut f: F) -> B {
        let mut folded = first;
        if self.is_far {
            for decision in self.by_ref() {
                folded = f(folded, decision);
            }
            return folded;
        }
        let asked = self.engine.in_context(self.context);
        for (subject, action, resource) in self.requests {
            folded = f(folded, asked.check(subject, action, resource));
        }
        folded
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.requests.size_hint();
        let (least, most) = match self.has_ended {
            true => (0, Some(0)),
            false => (least, most),
        };
        let left = self.left.len();
        (
            least.saturating_add(left),
            most.and_then(|it| it.checked_add(left)),
        )
    }
}

impl<C: Context + ?Sized> InContext<'_, C> {
    /// [`Engine::check`] in this context.
    #[inline(always)]
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

    /// [`Engine::check_many`] in this context.
    pub fn check_many<'a, S, A, R>(
        &self,
        requests: impl IntoIterator<Item = (S, A, &'a R)>,
    ) -> impl Iterator<Item = Decision>
    where
        S: Into<Subject<'a>>,
        A: Into<Action<'a>>,
        R: Resource + ?Sized + 'a,
    {
        CheckMany::new(self.engine, self.context, requests)
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
    /// or ids are denied as `different_records`. The account stays as it is: states of two accounts are denied
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
        let (old, new) = match both {
            Err(denial) => return state.deny(denial),
            Ok(both) => both,
        };
        let on_records = [before.asked_on(), after.asked_on()] == [AskedOn::Record; 2];
        if !on_records || !state.is_on(old, AskedOn::Record) {
            return state.deny(Denial::of(Code::AskedWrongWay));
        }
        if old != new || before.id() != after.id() {
            return state.deny(Denial::of(Code::DifferentRecords));
        }
        let first = state.check(&subject, action, before, self.context, Extent::Record);
        if !first.is_allow() {
            return first;
        }
        let edited = state.check(&subject, action, after, self.context, Extent::Record);
        if !edited.is_allow() || same_ownership(state, before, after) {
            return edited;
        }
        let Some(reassign) = state.reassign(old) else {
            return state.deny(Denial::of(Code::OwnerIsFixed));
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
                    && state.positions.find(a) == b.index(state.brand).map(|index| index as u32)
            }
            (a, b) => a == b,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{CatalogDocument, PolicyDocument, UserDocument};
    use crate::{Catalog, Record, Timestamp, Warnings};

    fn engine() -> Engine {
        let catalog = CatalogDocument::from_toml(
            "c.toml",
            r#"
            format = 2
            id = "shop"
            version = 1
            permissions = [{ path = "orders", scopes = ["own", "reports", "all"] }]
            types = [{ id = "order" }]
            operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"] }]
            "#,
        );
        let policy = PolicyDocument::from_toml(
            "p.toml",
            r#"
            format = 2
            catalog_version = 1
            roles = [{ id = "seller", grants = [{ select = "orders", scope = "reports" }] }]
            positions = [{ id = "head" }, { id = "hand", reports_to = ["head"] }]
            "#,
        );
        let catalog = Catalog::new(catalog, Warnings::Refuse).unwrap();
        let mut builder = Engine::builder(&catalog, policy, Timestamp(0)).unwrap();
        for (user, position) in [("ann", "head"), ("bob", "hand"), ("cid", "hand")] {
            let user = UserDocument::new(user).role("seller").position(position);
            builder.add(&user).unwrap();
        }
        builder.build(Warnings::Refuse).unwrap()
    }

    /// What many users bring about, on few.
    #[test]
    fn requests_that_are_taken_together_are_decided_alike() {
        let engine = engine();
        let who = ["ann", "bob", "nobody", "cid", ""];
        let records = ["ann", "bob", "cid", "nobody", "\0"].map(|it| Record::of("order").owner(it));
        for count in [0, 1, 15, 16, 17, 32, 33, 100] {
            let requests = || (0..count).map(|it| (who[it % 5], "cancel", &records[it / 5 % 5]));
            let one_by_one: Vec<Decision> = requests()
                .map(|(subject, action, record)| engine.check(subject, action, record))
                .collect();
            let together = || CheckMany {
                is_far: true,
                ..CheckMany::new(&engine, &(), requests())
            };
            assert!(together().eq(one_by_one.iter().copied()));
            assert_eq!(together().collect::<Vec<_>>(), one_by_one);
            let mut some = together();
            for (given, expected) in one_by_one.iter().enumerate() {
                assert_eq!(some.size_hint(), (count - given, Some(count - given)));
                assert_eq!(some.next(), Some(*expected));
            }
            assert_eq!((some.next(), some.size_hint()), (None, (0, Some(0))));
        }
    }

    #[test]
    fn requests_that_have_ended_are_not_asked_again() {
        let engine = engine();
        let record = Record::of("order").owner("ann");
        let mut asked = 0;
        // Three, none, and then more.
        let requests = std::iter::from_fn(|| {
            asked += 1;
            (asked != 4).then_some(("ann", "cancel", &record))
        });
        let many = CheckMany {
            is_far: true,
            ..CheckMany::new(&engine, &(), requests)
        };
        assert_eq!(many.take(9).count(), 3);
    }
}
