//! What a subject sees of a record's fields (M1), and how it may search them (M5).

use std::sync::Arc;

use super::ask::InContext;
use super::bearer::{Bearer, Held};
use super::evaluate::Viewer;
use super::rights::Planes;
use super::users::NOWHERE;
use super::{Engine, State};
use crate::Scope;
use crate::catalog::Fields;
use crate::decision::NONE;
use crate::id::OperationId;
use crate::mask::{Allowance, Binding, FieldAccess, FieldSearch, SearchReport, Viewer as Looks};
use crate::request::{Action, Context, OnType, Resource, ResourceType, Subject, Who};

impl Engine {
    /// [`InContext::fields`] in an empty context.
    pub fn fields<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        record: &R,
    ) -> FieldAccess {
        self.in_context(&()).fields(subject, record)
    }

    /// [`InContext::field_search`] in an empty context.
    pub fn field_search<'a, F: FnMut(&SearchReport<'_>) -> Allowance>(
        &self,
        subject: impl Into<Subject<'a>>,
        on: &OnType<'_>,
        report: F,
    ) -> FieldSearch<F> {
        self.in_context(&()).field_search(subject, on, report)
    }
}

impl<C: Context + ?Sized> InContext<'_, C> {
    /// What the subject sees of the record's fields (M1): computed once for a record, and asked
    /// for each value.
    ///
    /// A field is revealed where its permission is effective (D8) and its scope, narrowed as D7 says
    /// as if it allowed an operation on a record of the type, covers the record's owner. S6 lends
    /// nothing here. Where the type's `read` operation is denied, or the type names none, everything
    /// is hidden. The record must say its type.
    ///
    /// Costs a check, and a look at one permission for each field of the type.
    pub fn fields<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        record: &R,
    ) -> FieldAccess {
        let (state, subject) = (&self.engine.0, subject.into());
        let fields = state.fields_of(record.resource_type());
        let read = self.check(subject, state.read(fields), record);
        let readable = read.is_allow();
        let needed = match readable {
            true => state.viewer(&subject).scope_needed(state, record),
            false => u8::MAX,
        };
        let rights = state.rights_of(&subject);
        let reaches = |&permission: &u16| {
            readable && state.reach(&rights, record.resource_type(), permission) >= needed
        };
        let bound_to = Binding {
            lineage: state.brand,
            subject: state.looks(&subject),
            record: record.id().map(Into::into),
        };
        let rules = fields.map(|it| Arc::clone(&it.rules)).unwrap_or_default();
        let reveals = fields.map_or(&[][..], |it| &it.reveals);
        FieldAccess::new(rules, bound_to, read, reveals.iter().map(reaches))
    }

    /// Which searches of the type's fields the subject may make (M5). Each search of a field that is
    /// masked for them on any record is reported to `report` before it is answered.
    pub fn field_search<'a, F: FnMut(&SearchReport<'_>) -> Allowance>(
        &self,
        subject: impl Into<Subject<'a>>,
        on: &OnType<'_>,
        report: F,
    ) -> FieldSearch<F> {
        let (state, subject) = (&self.engine.0, subject.into());
        let fields = state.fields_of(on.resource_type());
        let read = self.can_any(subject, state.read(fields), on);
        let rights = state.rights_of(&subject);
        let everywhere = |&permission: &u16| {
            let reach = state.reach(&rights, on.resource_type(), permission);
            read.is_allow() && reach >= Scope::All as u8
        };
        let rules = fields.map(|it| Arc::clone(&it.rules)).unwrap_or_default();
        let reveals = fields.map_or(&[][..], |it| &it.reveals);
        let who = match state.looks(&subject) {
            Looks::Person(id) => Some(id),
            Looks::Role(_) | Looks::Nobody => None,
        };
        FieldSearch::new(rules, who, read, reveals.iter().map(everywhere), report)
    }
}

/// What a subject that has been settled holds.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be allocated for every token"
)]
enum RightsOf<'a> {
    User(Option<&'a Planes>),
    Brought(Held<'a>),
}

impl State {
    fn type_index(&self, r#type: ResourceType<'_>) -> Option<usize> {
        let model = self.model();
        match r#type {
            ResourceType::OfOperation => None,
            ResourceType::Named(name) => Some(model.type_names.get(name)? as usize),
            ResourceType::Id(id) => id.index(model.brand),
        }
    }

    fn fields_of(&self, r#type: ResourceType<'_>) -> Option<&Fields> {
        let index = self.type_index(r#type)?;
        Some(&self.model().types.get(index)?.fields)
    }

    /// The type's `read` operation. Where there is none, one that no catalog has: it is denied, and
    /// everything that D17 puts before the unknown action is denied for its own reason.
    fn read(&self, fields: Option<&Fields>) -> Action<'static> {
        let read = fields.and_then(|it| it.read).unwrap_or(NONE);
        Action::Operation(OperationId::new(u32::from(read), self.catalog_brand))
    }

    /// How far a permission reaches on a type, 0 for nowhere: as if it allowed an operation on a record of
    /// it (D7).
    fn reach(&self, rights: &RightsOf<'_>, r#type: ResourceType<'_>, permission: u16) -> u8 {
        let Some(r#type) = self.type_index(r#type) else {
            return 0;
        };
        match rights {
            RightsOf::Brought(held) => self.reveal_scope(held, r#type as u16, permission),
            RightsOf::User(set) => {
                set.map_or(0, |set| self.reveal_scope(set, r#type as u16, permission))
            }
        }
    }

    fn rights_of<'a>(&'a self, subject: &Subject<'a>) -> RightsOf<'a> {
        match Bearer::of(subject) {
            Some(bearer) => RightsOf::Brought(Held::united(self, bearer)),
            None => {
                let user = self.user_of(subject).and_then(|user| self.users.get(user));
                RightsOf::User(user.and_then(|user| self.sets.rights(user.access())))
            }
        }
    }

    fn user_of(&self, subject: &Subject<'_>) -> Option<u32> {
        match subject.who {
            Who::Handle(id) => id.index(self.brand).map(|index| index as u32),
            Who::Named(id) => self.users.find(id),
            Who::Role(_) | Who::Token(_) => None,
        }
    }

    /// Whose records are one's own, and from where in the hierarchy one looks.
    fn viewer<'a>(&self, subject: &Subject<'a>) -> Viewer<'a> {
        match Bearer::of(subject) {
            Some(bearer) => Viewer {
                user: bearer.user(self),
                name: bearer.id,
                position: bearer.position(self),
                brought: None,
            },
            None => {
                let user = self.user_of(subject);
                let record = user.and_then(|user| self.users.get(user));
                Viewer {
                    user,
                    name: None,
                    position: record.map_or(NOWHERE, |it| it.position),
                    brought: None,
                }
            }
        }
    }

    /// Who looks, as contributors are named.
    fn looks(&self, subject: &Subject<'_>) -> Looks {
        let person = |id: Option<&str>| id.map_or(Looks::Nobody, |id| Looks::Person(id.into()));
        match subject.who {
            Who::Handle(_) | Who::Named(_) => {
                person(self.user_of(subject).and_then(|user| self.users.name(user)))
            }
            Who::Role(role) => Looks::Role(role.into()),
            Who::Token(token) => person(token.id.as_deref()),
        }
    }
}
