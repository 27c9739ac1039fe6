//! A subject as queries look at it: settled once, then asked about pair by pair.

use super::State;
use super::bearer::{Bearer, Held};
use super::cells::progress;
use super::evaluate::{Cells, Extent, Question};
use super::rights::Holder;
use super::users::NOWHERE;
use crate::Scope;
use crate::catalog::Bearer as PropertyOf;
use crate::decision::{Code, Decision, Denial, NONE, Part};
use crate::id::OperationId;
use crate::request::{Action, Context, OnType, PropertyMap, Resource, Subject, Token, Value, Who};

/// Whoever a query is about: nothing of D17 before the pairs stands against them.
pub(crate) struct Asker<'a> {
    state: &'a State,
    subject: Subject<'a>,
    user: Option<u32>,
    /// Or [`NOWHERE`].
    position: u32,
    holds: Holds<'a>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "nothing is allocated to look at a token"
)]
enum Holds<'a> {
    /// What the users of an access set hold.
    Set(usize),
    /// What a token or a role brings.
    Brought(Held<'a>, Option<&'a PropertyMap>),
}

impl State {
    /// The operation that an action on a resource is, whoever asks; or why nobody may ask it.
    pub(crate) fn operation_asked_by_all<R: Resource + ?Sized>(
        &self,
        action: Action<'_>,
        resource: &R,
    ) -> Result<u16, Denial> {
        // Somebody against whom nothing stands: what settling them denies is the request's fault.
        let nobody = Token::default();
        let mut subject = Subject::from(&nobody);
        subject.account = self.account_id();
        self.settle(&subject, action, resource)
    }

    /// The subject, or the first reason of D17 why nothing can be asked of it on the resource: up to
    /// the unknown type, whatever the action.
    pub(crate) fn asker_on<'a, R: Resource + ?Sized>(
        &'a self,
        subject: &Subject<'a>,
        resource: &R,
    ) -> Result<Asker<'a>, Denial> {
        let no_operation = Action::Operation(OperationId::new(u32::from(NONE), self.model().brand));
        match self.settle(subject, no_operation, resource) {
            Err(denial) if denial.code != Code::UnknownAction => return Err(denial),
            Ok(_) | Err(_) => {}
        }
        self.settled(subject)
            .ok_or(Denial::of(Code::UnknownSubject))
    }

    /// The subject, or the first reason of D17 why nothing can be asked of it.
    pub(crate) fn asker<'a>(&'a self, subject: &Subject<'a>) -> Result<Asker<'a>, Denial> {
        self.asker_on(subject, &self.any_type())
    }

    /// The type of whatever operation is asked, in this account.
    pub(crate) fn any_type(&self) -> OnType<'_> {
        match self.account_id() {
            Some(account) => OnType::of_operation().account(account),
            None => OnType::of_operation(),
        }
    }

    fn settled<'a>(&'a self, subject: &Subject<'a>) -> Option<Asker<'a>> {
        if let Some(bearer) = Bearer::of(subject) {
            return Some(Asker {
                state: self,
                subject: *subject,
                user: bearer.user(self),
                position: bearer.position(self),
                holds: Holds::Brought(Held::united(self, bearer), bearer.properties),
            });
        }
        let user = match subject.who {
            Who::Handle(id) => self.user_number(id)?,
            Who::Named(id) => self.find_user(id)?,
            Who::Role(_) | Who::Token(_) => return None,
        };
        let record = self.user_record(user)?;
        Some(Asker {
            state: self,
            subject: *subject,
            user: Some(user),
            position: record.position,
            holds: Holds::Set(record.access()),
        })
    }

    /// The feature of its own that a pair lacks, or else its operation (D9).
    pub(crate) fn late_feature(&self, operation: u16, pair: u16) -> Option<Denial> {
        let (own, of_operation) = (self.pair_feature(pair), self.operation_feature(operation));
        let (fact, part) = match own {
            NONE => (of_operation, Part::Operation),
            own => (own, Part::Pair),
        };
        let permission = self.model().pairs.get(pair as usize)?.permission;
        (fact != NONE).then(|| Denial {
            permission,
            fact,
            ..Denial::on(Code::FeatureDisabled, part)
        })
    }

    /// Whether a viewer in that position has a pair of a record operation at All because somebody
    /// below has (S6), where D7 and D9 leave it that scope. Features have been looked at.
    pub(crate) fn is_lent_to(&self, position: u32, scope: u8, pair: u16) -> bool {
        let between = scope == Scope::Reports as u8 || scope == Scope::Peers as u8;
        between && position != NOWHERE && self.is_lent_at(position, pair)
    }
}

impl Asker<'_> {
    pub(crate) fn subject(&self) -> &Subject<'_> {
        &self.subject
    }

    /// The position it asks from, or [`NOWHERE`].
    pub(crate) fn position(&self) -> u32 {
        self.position
    }

    /// How far a pair gets before its scope is looked at: the scope that D7 leaves, or the denial.
    pub(crate) fn pair(&self, operation: u16, pair: u16) -> Result<u8, Denial> {
        match &self.holds {
            Holds::Set(set) => self
                .state
                .pair_scope(*set, pair)
                .unwrap_or(Err(Denial::of(Code::NotGranted))),
            Holds::Brought(held, _) => held.pair(operation, pair).judged(),
        }
    }

    /// Returns the decision that a check gives. The resource must be of the account it was settled for, with
    /// valid identifiers. What a token brings is not united again.
    pub(crate) fn decide<R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        operation: u16,
        resource: &R,
        context: &C,
        extent: Extent,
    ) -> Decision {
        let state = self.state;
        let action = Action::Operation(OperationId::new(u32::from(operation), state.model().brand));
        let Holds::Brought(held, _) = &self.holds else {
            return state.check(&self.subject, action, resource, context, extent);
        };
        let index = match state.operation(action, resource) {
            Ok(index) => index,
            Err(denial) => return state.deny(denial),
        };
        let question = Question {
            index,
            viewer: state.looking_as(&self.subject),
            resource,
            context,
            extent,
        };
        state.evaluate_asked_right(&question, held, &mut ())
    }

    /// The scope granted of a permission that nothing denies, features and prerequisites aside (D8);
    /// otherwise 0.
    pub(crate) fn holds(&self, permission: u16) -> u8 {
        let (granted, denied) = match &self.holds {
            Holds::Set(set) => match self.state.set_rights(*set) {
                Some(rights) => (rights.granted(permission), rights.denied(permission)),
                None => (0, false),
            },
            Holds::Brought(held, _) => (held.granted(permission), held.denied(permission)),
        };
        if denied { 0 } else { granted }
    }

    /// Whether what is open to everybody is open to them (D9).
    pub(crate) fn is_everybody(&self) -> bool {
        match &self.holds {
            Holds::Set(_) => true,
            Holds::Brought(held, _) => held.is_everybody(),
        }
    }

    /// A property of the subject: a user's is the directory's, only a token brings its own (D10).
    pub(crate) fn property(&self, property: u16) -> Option<Value<'_>> {
        let declared = self.state.model().properties.get(property as usize)?;
        if declared.bearer == PropertyOf::SubjectId {
            return self.id().map(Value::Text);
        }
        match &self.holds {
            Holds::Set(_) => self
                .state
                .user_property(self.user?, property)
                .map(Into::into),
            Holds::Brought(_, properties) => (*properties)?.get(&declared.name),
        }
    }

    /// The id of a user, or the one that a token brings; a role as subject has none.
    fn id(&self) -> Option<&str> {
        match &self.holds {
            Holds::Set(_) => self.state.user_id(self.user?),
            Holds::Brought(held, _) => held.id(),
        }
    }
}

/// Whether the first denial got further than the second (D17).
pub(crate) fn got_further(one: &Denial, other: &Denial) -> bool {
    progress(one) > progress(other)
}
