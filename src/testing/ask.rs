//! A question put to an engine in every way there is.

use super::document::{RecordDocument, SubjectDocument};
use super::question::{Asks, Planned, Properties};
use crate::document::{AccountsServed, AskedOn};
use crate::{
    Action, Decision, Engine, InContext, OnType, Owner, OwnerPosition, PropertyId, PropertyMap,
    Record, Resource, ResourceType, Subject, Token, UserId, Value,
};

/// The decision by each way.
pub(super) struct Answered {
    /// Names throughout, with the crate's own `Record` and `OnType`.
    pub(super) by_names: Decision,
    /// Handles wherever there is one, with a resource of the host's own.
    pub(super) by_handles: Decision,
    /// Through `check_many`, which knows no context and no other question than `check`.
    pub(super) of_many: Option<Decision>,
}

/// Puts questions to the engine that all of them are for.
pub(super) fn ask(engine: &Engine, questions: &[Planned<'_>]) -> Vec<Answered> {
    let asked: Vec<Asked<'_>> = questions
        .iter()
        .map(|question| Asked::by_names(question))
        .collect();
    let is_of_many =
        |question: &Planned<'_>| question.asks == Asks::Check && question.context.is_empty();
    let mut of_many = engine.check_many(
        questions
            .iter()
            .zip(&asked)
            .filter(|(question, _)| is_of_many(question))
            .map(|(question, asked)| (asked.who.subject(), question.action, &asked.record)),
    );
    questions
        .iter()
        .zip(&asked)
        .map(|(question, asked)| Answered {
            by_names: by_names(engine, question, &asked.who),
            by_handles: by_handles(engine, question),
            of_many: if is_of_many(question) {
                of_many.next()
            } else {
                None
            },
        })
        .collect()
}

fn by_names(engine: &Engine, question: &Planned<'_>, asker: &Asker<'_>) -> Decision {
    let on_type = on_type(OnType::named(question.r#type), question);
    let (record, after) = (
        record(question.r#type, &question.record),
        record(question.r#type, &question.after),
    );
    let (before, after): (&dyn Resource, &dyn Resource) = match question.on {
        AskedOn::Record => (&record, &after),
        AskedOn::Type => (&on_type, &on_type),
    };
    let (subject, action) = (asker.subject(), Action::Named(question.action));
    // Most hosts ask without a context, by a call of its own.
    if question.asks == Asks::Check && question.context.is_empty() {
        return engine.check(subject, action, before);
    }
    let context = properties(question.context);
    let asked = engine.in_context(&context);
    decide(&asked, question, subject, action, [before, after], &on_type)
}

fn by_handles(engine: &Engine, question: &Planned<'_>) -> Decision {
    let asked = Asked::by_handles(engine, question);
    let known = engine.catalog().operation(question.r#type, question.action);
    let (action, on_type) = match known {
        Some(operation) => (
            Action::Operation(operation),
            on_type(OnType::of_operation(), question),
        ),
        None => (
            Action::Named(question.action),
            on_type(OnType::named(question.r#type), question),
        ),
    };
    let context = properties(question.context);
    decide(
        &engine.in_context(&context),
        question,
        asked.who.subject(),
        action,
        [&asked.record, &asked.after],
        &on_type,
    )
}

fn decide(
    engine: &InContext<'_, PropertyMap>,
    question: &Planned<'_>,
    subject: Subject<'_>,
    action: Action<'_>,
    [record, after]: [&dyn Resource; 2],
    on_type: &OnType<'_>,
) -> Decision {
    match question.asks {
        Asks::Check => engine.check(subject, action, record),
        Asks::CanAny => engine.can_any(subject, action, on_type),
        Asks::Create => engine.check_create(subject, action, record),
        Asks::Change => engine.check_change(subject, action, record, after),
    }
}

/// Subject and resources of a question, as a host has them.
struct Asked<'q> {
    who: Asker<'q>,
    record: HostRecord<'q>,
    after: HostRecord<'q>,
}

impl<'q> Asked<'q> {
    fn by_names(question: &'q Planned<'_>) -> Self {
        let of = |record| HostRecord::by_names(question, record);
        Asked {
            who: Asker::by_name(&question.subject),
            record: of(&question.record),
            after: of(&question.after),
        }
    }

    fn by_handles(engine: &Engine, question: &'q Planned<'_>) -> Self {
        let of = |record| HostRecord::by_handles(engine, question, record);
        Asked {
            who: Asker::by_handle(engine, &question.subject),
            record: of(&question.record),
            after: of(&question.after),
        }
    }
}

/// A subject, with what it borrows from.
struct Asker<'q> {
    who: Who<'q>,
    account: Option<&'q str>,
}

enum Who<'q> {
    Named(&'q str),
    Handle(UserId),
    Role(&'q str),
    Token(Token),
}

impl<'q> Asker<'q> {
    fn by_name(subject: &'q SubjectDocument) -> Self {
        let dressed = |mut token: Token, id, position, properties: &Properties| {
            if let Some(id) = id {
                token = token.id(id);
            }
            if let Some(position) = position {
                token = token.position(position);
            }
            for (name, value) in properties {
                token = token.property(name, value.clone());
            }
            Who::Token(token)
        };
        let who = match subject {
            SubjectDocument::User(it) => Who::Named(&it.user),
            SubjectDocument::Role(it) => {
                if it.id.is_none() && it.position.is_none() && it.properties.is_empty() {
                    Who::Role(&it.role)
                } else {
                    let token = Token::of_role(&it.role);
                    dressed(token, it.id.as_ref(), it.position.as_ref(), &it.properties)
                }
            }
            SubjectDocument::Token(it) => {
                let it = &it.token;
                let token = Token::new(it.roles.iter().cloned());
                dressed(token, it.id.as_ref(), it.position.as_ref(), &it.properties)
            }
        };
        Asker {
            who,
            account: subject.account(),
        }
    }

    /// A user by handle. A handle states its account by itself: who must state one and does not is
    /// asked by name (D11).
    fn by_handle(engine: &Engine, subject: &'q SubjectDocument) -> Self {
        let mut asker = Asker::by_name(subject);
        let many = engine.catalog().document().accounts == AccountsServed::Many;
        if let Who::Named(id) = asker.who
            && (asker.account.is_some() || !many)
            && let Some(user) = engine.user(id)
        {
            asker.who = Who::Handle(user);
        }
        asker
    }

    fn subject(&self) -> Subject<'_> {
        let subject = match &self.who {
            Who::Named(id) => Subject::user(id),
            Who::Handle(user) => Subject::from(*user),
            Who::Role(role) => Subject::role(role),
            Who::Token(token) => Subject::from(token),
        };
        match self.account {
            Some(account) => subject.account(account),
            None => subject,
        }
    }
}

fn properties(properties: &Properties) -> PropertyMap {
    let mut map = PropertyMap::new();
    for (name, value) in properties {
        map.set(name, value.clone());
    }
    map
}

fn on_type<'q>(on_type: OnType<'q>, question: &'q Planned<'_>) -> OnType<'q> {
    match &question.record.account {
        Some(account) => on_type.account(account),
        None => on_type,
    }
}

fn record<'q>(r#type: &'q str, document: &'q RecordDocument) -> Record<'q> {
    let mut record = Record::of(r#type).owner_position(named_position(document));
    if let Some(id) = &document.id {
        record = record.id(id);
    }
    if let Some(account) = &document.account {
        record = record.account(account);
    }
    if let Some(owner) = &document.owner {
        record = record.owner(owner);
    }
    for (name, value) in &document.properties {
        record = record.property(name, value.clone());
    }
    record
}

fn named_position(document: &RecordDocument) -> OwnerPosition<'_> {
    match document.owner_position.as_deref() {
        None => OwnerPosition::Directory,
        Some("") => OwnerPosition::None,
        Some(position) => OwnerPosition::Named(position),
    }
}

/// A resource such as a host has.
struct HostRecord<'q> {
    r#type: ResourceType<'q>,
    on: AskedOn,
    document: &'q RecordDocument,
    owner: Owner<'q>,
    owner_position: OwnerPosition<'q>,
}

impl<'q> HostRecord<'q> {
    fn by_names(question: &'q Planned<'_>, document: &'q RecordDocument) -> Self {
        HostRecord {
            r#type: ResourceType::Named(question.r#type),
            on: question.on,
            document,
            owner: document.owner.as_deref().map_or(Owner::None, Owner::Named),
            owner_position: named_position(document),
        }
    }

    fn by_handles(
        engine: &Engine,
        question: &'q Planned<'_>,
        document: &'q RecordDocument,
    ) -> Self {
        let mut record = HostRecord::by_names(question, document);
        if let Some(r#type) = engine.catalog().resource_type(question.r#type) {
            record.r#type = ResourceType::Id(r#type);
        }
        if let Owner::Named(owner) = record.owner
            && let Some(owner) = engine.user(owner)
        {
            record.owner = Owner::User(owner);
        }
        if let OwnerPosition::Named(position) = record.owner_position
            && let Some(position) = engine.position(position)
        {
            record.owner_position = OwnerPosition::At(position);
        }
        record
    }

    fn stated(&self) -> Option<&'q RecordDocument> {
        (self.on == AskedOn::Record).then_some(self.document)
    }
}

impl Resource for HostRecord<'_> {
    fn resource_type(&self) -> ResourceType<'_> {
        self.r#type
    }

    fn asked_on(&self) -> AskedOn {
        self.on
    }

    fn id(&self) -> Option<&str> {
        self.stated()?.id.as_deref()
    }

    fn account(&self) -> Option<&str> {
        self.document.account.as_deref()
    }

    fn owner(&self) -> Owner<'_> {
        self.stated().map_or(Owner::None, |_| self.owner)
    }

    fn owner_position(&self) -> OwnerPosition<'_> {
        self.stated()
            .map_or(OwnerPosition::Directory, |_| self.owner_position)
    }

    fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
        Some(self.stated()?.properties.get(name)?.into())
    }
}
