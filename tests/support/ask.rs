//! The ways to put a request to an engine, and its answer in the reference's words.

use std::collections::BTreeMap;

use bailiwick::document::{AskedOn, PropertyValue};
use bailiwick::explain::{Explanation, Remedies, RemedyOptions};
use bailiwick::{
    Action, Catalog, Decision, DenyReason, Engine, OnType, OperationId, Owner, OwnerPosition,
    PositionId, PropertyId, PropertyMap, Record, ResourceType, Subject, Texts, Token, TypeId,
    UserId, Value,
};

use super::requests::{Case, Question};
use crate::reference::{self, Model, Outcome, Request};

/// How a request is put to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// With strings, and the crate's own `Record` and `OnType`.
    Names,
    /// With strings, and the host's own resource.
    HostResource,
    /// With handles, wherever there is one, and the host's own resource.
    Handles,
}

impl Manner {
    pub(crate) const EVERY: [Manner; 3] = [Manner::Names, Manner::HostResource, Manner::Handles];
}

/// What the reference says.
pub(crate) fn expected(model: &Model, case: &Case) -> Outcome {
    match &case.question {
        Question::Check => model.check(&case.request),
        Question::CanAny => model.can_any(&case.request),
        Question::Change(after) => model.check_change(&case.request, after),
        Question::Create => model.check_create(&case.request),
    }
}

/// What the engine says.
pub(crate) fn answer(engine: &Engine, case: &Case, manner: Manner) -> Outcome {
    outcome(decision(engine, case, manner), engine.catalog())
}

pub(crate) fn decision(engine: &Engine, case: &Case, manner: Manner) -> Decision {
    match manner {
        Manner::Names => by_names(engine, case),
        Manner::HostResource => with_host_resources(engine, case, false),
        Manner::Handles => with_host_resources(engine, case, true),
    }
}

/// A decision in the reference's words.
pub(crate) fn outcome(decision: Decision, catalog: &Catalog) -> Outcome {
    let path = |permission| catalog.permission_path(permission).map(str::to_owned);
    let (mut at, mut fact, mut cause) = (None, None, None);
    match decision.reason() {
        Some(DenyReason::MissingAccount(part) | DenyReason::WrongAccount(part)) => at = Some(part),
        Some(DenyReason::FeatureDisabled { feature, on }) => {
            at = Some(on);
            fact = catalog.feature_name(feature).map(str::to_owned);
        }
        Some(DenyReason::PrerequisiteMissing {
            permission,
            on,
            cause: why,
        }) => {
            at = Some(on);
            fact = path(permission);
            cause = Some(why.code());
        }
        Some(
            DenyReason::ConditionNotMet { property, on }
            | DenyReason::PropertyMissing { property, on }
            | DenyReason::PropertyWrongType { property, on },
        ) => {
            at = Some(on);
            fact = catalog.property_name(property);
        }
        _ => {}
    }
    Outcome {
        allowed: decision.is_allow(),
        code: decision.code(),
        kind: decision.kind().map(|kind| kind.as_str()),
        permission: decision.permission().and_then(path),
        scope: decision.scope(),
        filtered_by: decision
            .filtered_by()
            .and_then(|it| catalog.operation_name(it)),
        at: at.map(|part| part.as_str()),
        fact,
        cause,
    }
}

// ── Subjects ──────────────────────────────────────────────────────────────────────────────────

/// A subject with what it borrows from.
pub(crate) enum Asker<'a> {
    User(&'a str, Option<&'a str>),
    Handle(UserId, Option<&'a str>),
    Token(Token, Option<&'a str>),
    Role(&'a str, Option<&'a str>),
}

impl<'a> Asker<'a> {
    pub(crate) fn by_name(subject: &'a reference::Subject) -> Asker<'a> {
        match subject {
            reference::Subject::User { id, account } => Asker::User(id, account.as_deref()),
            reference::Subject::Token {
                id,
                account,
                roles,
                position,
                properties,
            } => {
                let token = dressed(Token::new(roles.iter().cloned()), id, position, properties);
                Asker::Token(token, account.as_deref())
            }
            reference::Subject::Role {
                role,
                id,
                account,
                position,
                properties,
            } => {
                if id.is_none() && position.is_none() && properties.is_empty() {
                    return Asker::Role(role, account.as_deref());
                }
                let token = dressed(Token::of_role(role.clone()), id, position, properties);
                Asker::Token(token, account.as_deref())
            }
        }
    }

    /// By handle where the user has one. A handle states its account by itself, so that a request
    /// which lacks an account it needs is asked by name.
    fn by_handle(subject: &'a reference::Subject, engine: &Engine) -> Asker<'a> {
        if let reference::Subject::User { id, account } = subject
            && (account.is_some() || engine.account().is_none() || !needs_account(engine))
            && let Some(handle) = engine.user(id)
        {
            return Asker::Handle(handle, account.as_deref());
        }
        Asker::by_name(subject)
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        let (subject, account) = match self {
            Asker::User(id, account) => (Subject::user(id), account),
            Asker::Handle(id, account) => (Subject::from(*id), account),
            Asker::Token(token, account) => (Subject::from(token), account),
            Asker::Role(role, account) => (Subject::role(role), account),
        };
        match account {
            Some(account) => subject.account(account),
            None => subject,
        }
    }
}

fn needs_account(engine: &Engine) -> bool {
    engine.catalog().document().accounts == bailiwick::document::AccountsServed::Many
}

fn dressed(
    mut token: Token,
    id: &Option<String>,
    position: &Option<String>,
    properties: &BTreeMap<String, reference::Value>,
) -> Token {
    if let Some(id) = id {
        token = token.id(id);
    }
    if let Some(position) = position {
        token = token.position(position);
    }
    for (name, value) in properties {
        token = token.property(name, stored(value));
    }
    token
}

fn stored(value: &reference::Value) -> PropertyValue {
    match value {
        reference::Value::Text(text) => PropertyValue::Text(text.clone()),
        reference::Value::Integer(n) => PropertyValue::Integer(*n),
        reference::Value::Boolean(b) => PropertyValue::Boolean(*b),
        reference::Value::Set(set) => PropertyValue::Set(set.clone()),
    }
}

pub(crate) fn context_of(request: &Request) -> PropertyMap {
    let mut context = PropertyMap::new();
    for (name, value) in &request.context {
        context.set(name, stored(value));
    }
    context
}

// ── By strings ────────────────────────────────────────────────────────────────────────────────

fn on_type(resource: &reference::Resource) -> OnType<'_> {
    let on_type = OnType::named(&resource.r#type);
    match &resource.account {
        Some(account) => on_type.account(account),
        None => on_type,
    }
}

fn record(resource: &reference::Resource) -> Record<'_> {
    let mut record = Record::of(&resource.r#type);
    if let Some(id) = &resource.id {
        record = record.id(id);
    }
    if let Some(account) = &resource.account {
        record = record.account(account);
    }
    if let Some(owner) = &resource.owner {
        record = record.owner(owner);
    }
    record = record.owner_position(owner_position(resource));
    for (name, value) in &resource.properties {
        record = record.property(name, stored(value));
    }
    record
}

fn owner_position(resource: &reference::Resource) -> OwnerPosition<'_> {
    match &resource.owner_position {
        reference::OwnerPosition::Directory => OwnerPosition::Directory,
        reference::OwnerPosition::Nowhere => OwnerPosition::None,
        reference::OwnerPosition::At(position) => OwnerPosition::Named(position),
    }
}

/// Whether `OnType` can say all of it.
fn is_bare(resource: &reference::Resource) -> bool {
    resource.id.is_none()
        && resource.owner.is_none()
        && resource.owner_position == reference::OwnerPosition::Directory
        && resource.properties.is_empty()
}

fn by_names(engine: &Engine, case: &Case) -> Decision {
    let request = &case.request;
    let asker = Asker::by_name(&request.subject);
    let subject = asker.subject();
    let action = request.action.as_str();
    let resource = &request.resource;
    let context = context_of(request);
    match &case.question {
        Question::CanAny => {
            engine
                .in_context(&context)
                .can_any(subject, action, &on_type(resource))
        }
        Question::Check if !resource.on_type && request.context.is_empty() => {
            engine.check(subject, action, &record(resource))
        }
        Question::Check if !resource.on_type => {
            engine
                .in_context(&context)
                .check(subject, action, &record(resource))
        }
        Question::Check if is_bare(resource) => {
            engine
                .in_context(&context)
                .check(subject, action, &on_type(resource))
        }
        Question::Create if !resource.on_type => {
            engine
                .in_context(&context)
                .check_create(subject, action, &record(resource))
        }
        Question::Create if is_bare(resource) => {
            engine
                .in_context(&context)
                .check_create(subject, action, &on_type(resource))
        }
        Question::Change(after) if !resource.on_type && !after.on_type => {
            let (before, after) = (record(resource), record(after));
            engine
                .in_context(&context)
                .check_change(subject, action, &before, &after)
        }
        _ => with_host_resources(engine, case, false),
    }
}

// ── By a host's own resource ──────────────────────────────────────────────────────────────────

/// A host's resource: it borrows everything, and names things as it likes.
pub(crate) struct HostResource<'a> {
    r#type: ResourceType<'a>,
    of: &'a reference::Resource,
    owner: Owner<'a>,
    owner_position: OwnerPosition<'a>,
    /// The sets, as the host holds them.
    sets: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> HostResource<'a> {
    pub(crate) fn by_name(of: &'a reference::Resource) -> HostResource<'a> {
        let set = |(name, value): (&'a String, &'a reference::Value)| match value {
            reference::Value::Set(set) => {
                Some((name.as_str(), set.iter().map(String::as_str).collect()))
            }
            _ => None,
        };
        HostResource {
            r#type: ResourceType::Named(&of.r#type),
            of,
            owner: of.owner.as_deref().map_or(Owner::None, Owner::Named),
            owner_position: owner_position(of),
            sets: of.properties.iter().filter_map(set).collect(),
        }
    }

    pub(crate) fn by_handle(
        of: &'a reference::Resource,
        engine: &Engine,
        r#type: ResourceType<'a>,
    ) -> HostResource<'a> {
        let mut resource = HostResource::by_name(of);
        resource.r#type = r#type;
        if let Some(owner) = of.owner.as_deref().and_then(|it| engine.user(it)) {
            resource.owner = Owner::User(owner);
        }
        if let reference::OwnerPosition::At(position) = &of.owner_position
            && let Some(position) = engine.position(position)
        {
            resource.owner_position = OwnerPosition::At(position);
        }
        resource
    }

    /// With handles that may be another engine's.
    pub(crate) fn owned_by(
        mut self,
        owner: UserId,
        position: Option<PositionId>,
    ) -> HostResource<'a> {
        self.owner = Owner::User(owner);
        if let Some(position) = position {
            self.owner_position = OwnerPosition::At(position);
        }
        self
    }
}

impl bailiwick::Resource for HostResource<'_> {
    fn resource_type(&self) -> ResourceType<'_> {
        self.r#type
    }

    fn asked_on(&self) -> AskedOn {
        if self.of.on_type {
            AskedOn::Type
        } else {
            AskedOn::Record
        }
    }

    fn id(&self) -> Option<&str> {
        self.of.id.as_deref()
    }

    fn account(&self) -> Option<&str> {
        self.of.account.as_deref()
    }

    fn owner(&self) -> Owner<'_> {
        self.owner
    }

    fn owner_position(&self) -> OwnerPosition<'_> {
        self.owner_position
    }

    fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
        Some(match self.of.properties.get(name)? {
            reference::Value::Text(text) => Value::Text(text),
            reference::Value::Integer(n) => Value::Integer(*n),
            reference::Value::Boolean(b) => Value::Boolean(*b),
            reference::Value::Set(_) => Value::Set(Texts::Strs(self.sets.get(name)?)),
        })
    }
}

/// The handles of an operation and its type.
fn handles(engine: &Engine, r#type: &str, action: &str) -> (Option<OperationId>, Option<TypeId>) {
    let catalog = engine.catalog();
    (
        catalog.operation(r#type, action),
        catalog.resource_type(r#type),
    )
}

fn with_host_resources(engine: &Engine, case: &Case, by_handle: bool) -> Decision {
    let request = &case.request;
    let resource = &request.resource;
    let after = match &case.question {
        Question::Change(after) => Some(after),
        _ => None,
    };
    let asker = match by_handle {
        true => Asker::by_handle(&request.subject, engine),
        false => Asker::by_name(&request.subject),
    };
    let subject = asker.subject();
    let (operation, r#type) = handles(engine, &resource.r#type, &request.action);
    // An operation is of one type: where the type changes, the action is named.
    let operation =
        operation.filter(|_| by_handle && after.is_none_or(|it| it.r#type == resource.r#type));
    let action = operation.map_or(Action::Named(&request.action), Action::Operation);
    // One of the three ways to state the type, whichever fits the request.
    let way = resource.id.as_ref().map_or(0, String::len)
        + request.context.len()
        + resource.properties.len();
    let stated = |of: &'_ reference::Resource| match (operation, r#type, way % 3) {
        (Some(_), _, 0) => Some(ResourceType::OfOperation),
        (_, Some(r#type), 0 | 1) if of.r#type == resource.r#type => Some(ResourceType::Id(r#type)),
        _ => None,
    };
    let dress = |of| match by_handle {
        true => {
            let named = HostResource::by_name(of);
            HostResource::by_handle(of, engine, stated(of).unwrap_or(named.r#type))
        }
        false => HostResource::by_name(of),
    };
    let context = context_of(request);
    let asked = engine.in_context(&context);
    match &case.question {
        Question::Check => asked.check(subject, action, &dress(resource)),
        Question::Create => asked.check_create(subject, action, &dress(resource)),
        Question::Change(after) => {
            asked.check_change(subject, action, &dress(resource), &dress(after))
        }
        Question::CanAny => {
            let mut on = match operation {
                Some(_) => OnType::of_operation(),
                None => OnType::named(&resource.r#type),
            };
            if let Some(account) = &resource.account {
                on = on.account(account);
            }
            asked.can_any(subject, action, &on)
        }
    }
}

/// What would mend a question of `check`.
pub(crate) fn remedies(engine: &Engine, case: &Case, options: &RemedyOptions) -> Remedies {
    let request = &case.request;
    let context = context_of(request);
    let asker = Asker::by_name(&request.subject);
    let resource = HostResource::by_name(&request.resource);
    engine.in_context(&context).remedies(
        asker.subject(),
        request.action.as_str(),
        &resource,
        options,
    )
}

/// Why, to a question of `check`.
pub(crate) fn explanation(engine: &Engine, case: &Case, manner: Manner) -> Explanation {
    let request = &case.request;
    let resource = &request.resource;
    let context = context_of(request);
    let asked = engine.in_context(&context);
    if manner == Manner::Handles {
        let asker = Asker::by_handle(&request.subject, engine);
        let (operation, r#type) = handles(engine, &resource.r#type, &request.action);
        let action = operation.map_or(Action::Named(&request.action), Action::Operation);
        let r#type = r#type.map_or(ResourceType::Named(&resource.r#type), ResourceType::Id);
        let dressed = HostResource::by_handle(resource, engine, r#type);
        return asked.explain(asker.subject(), action, &dressed);
    }
    let asker = Asker::by_name(&request.subject);
    let (subject, action) = (asker.subject(), request.action.as_str());
    match (manner, resource.on_type) {
        (Manner::Names, false) if request.context.is_empty() => {
            engine.explain(subject, action, &record(resource))
        }
        (Manner::Names, false) => asked.explain(subject, action, &record(resource)),
        (Manner::Names, true) if is_bare(resource) => {
            asked.explain(subject, action, &on_type(resource))
        }
        _ => asked.explain(subject, action, &HostResource::by_name(resource)),
    }
}
