//! What is wrong with a decisions document, beyond its shape.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::codes;
use super::document::{RecordDocument, SubjectDocument, TokenSubject};
use super::names::Kind;
use super::plan::{Opened, Planner, Stated};
use super::question::{Asks, Expected, Properties};
use super::values::{Key, Known, Side, read, texts};
use crate::document::problem::{Path, quoted};
use crate::document::{AskedOn, OperationDocument, PropertyType, PropertyValue};

/// The only answer to a property that is not of its declared type.
pub(super) const WRONG_TYPE: &str = "property_wrong_type";

impl Planner<'_, '_, '_> {
    /// Reports tell tables and cases by their names.
    pub(super) fn check_names<'a>(&mut self, names: impl Iterator<Item = &'a str>, at: &Path<'_>) {
        let mut seen = HashSet::new();
        for (i, name) in names.enumerate() {
            if name.is_empty() {
                let at = at.index(i);
                self.report.error(&at.field("name"), "a name is empty");
            } else if !seen.insert(name) {
                let at = at.index(i);
                let message = format!("duplicate name {}", quoted(name));
                self.report.error(&at.field("name"), message);
            }
        }
    }

    /// An operation that does not exist is listed as unknown.
    pub(super) fn check_known(&mut self, opened: &Opened<'_>, at: &Path<'_>) {
        if opened.is_known {
            return;
        }
        let names = self.operations();
        self.listed.check(
            Kind::Operation,
            opened.operation,
            names.iter().map(String::as_str),
            &at.field(opened.asks.as_str()),
            self.report,
        );
    }

    fn operations(&self) -> Vec<String> {
        let catalog = self.resolver.catalog();
        let operations = catalog.operations();
        operations
            .filter_map(|it| catalog.operation_name(it))
            .collect()
    }

    pub(super) fn check_answer(&mut self, answer: &str, at: &Path<'_>) {
        if codes::every().any(|code| code == answer) {
            return;
        }
        let nearest = self.report.did_you_mean(answer, codes::every());
        let message = format!(
            "an answer is `allow` or the code of a denial, not {}{nearest}",
            quoted(answer)
        );
        self.report.error(at, message);
    }

    /// What a row or a case states counts for its answer.
    pub(super) fn check_counted(
        &mut self,
        opened: &Opened<'_>,
        on: Option<AskedOn>,
        record: Option<&RecordDocument>,
        after: Option<&RecordDocument>,
        at: &Path<'_>,
    ) {
        if opened.asks == Asks::CanAny && on.is_some() {
            let message =
                "`can_any` is asked of no record, whichever way the operation is declared";
            self.report.error(&at.field("on"), message);
        }
        let way = match (opened.asks, opened.on) {
            (Asks::CanAny, _) => "`can_any` is asked of no record",
            (Asks::Create, AskedOn::Record) => "the operation names none that it `creates`",
            (Asks::Check | Asks::Create | Asks::Change, _) => "this is asked on the type",
        };
        for (field, state) in [("record", record), ("after", after)] {
            if let Some(state) = state
                && !self.is_any_counted(opened, Some(state))
            {
                let message = format!("{way}: only the record's `account` counts");
                self.report.error(&at.field(field), message);
            }
        }
        let message = match (opened.asks == Asks::Change, after.is_some()) {
            (true, false) => "`after` is missing: a change is asked with both states",
            (false, true) => "`after` belongs to `change` alone",
            _ => return,
        };
        self.report.error(&at.field("after"), message);
    }

    /// Whether something of a record counts for the answer. Asked of no record its account does.
    pub(super) fn is_any_counted(
        &self,
        opened: &Opened<'_>,
        record: Option<&RecordDocument>,
    ) -> bool {
        let is_account_alone = record.is_none_or(|record| {
            let RecordDocument {
                id,
                owner,
                owner_position,
                account,
                properties,
            } = record;
            let is_more = id.is_some()
                || owner.is_some()
                || owner_position.is_some()
                || !properties.is_empty();
            account.is_some() && !is_more
        });
        if is_account_alone {
            return true;
        }
        let is_of_type = || {
            let of =
                |it: &&OperationDocument| it.r#type == opened.r#type && it.action == opened.action;
            let declared = self.resolver.document().operations.iter().find(of);
            declared.is_some_and(|it| it.on == AskedOn::Type && it.creates.is_none())
        };
        match opened.asks {
            Asks::CanAny => false,
            Asks::Check | Asks::Change => opened.on == AskedOn::Record,
            Asks::Create => opened.on == AskedOn::Record && !is_of_type(),
        }
    }

    /// An account that is stated is tested, or listed as unknown.
    fn check_account(&mut self, account: Option<&str>, at: &Path<'_>) {
        let Some(account) = account.filter(|it| !it.is_empty()) else {
            return;
        };
        if self.resolver.find(account).is_none() {
            self.listed.check(
                Kind::Account,
                account,
                self.resolver.names(),
                &at.field("account"),
                self.report,
            );
        }
    }

    fn check_user(&mut self, id: &str, stated: &Stated<'_>, at: &Path<'_>) {
        self.check_name(Kind::User, id, stated, at);
    }

    /// Every account in which it is looked up has that name, or it is listed as unknown.
    fn check_name(&mut self, kind: Kind, name: &str, stated: &Stated<'_>, at: &Path<'_>) {
        let mut accounts = stated.accounts.iter();
        if let Some(&account) = accounts.find(|it| !self.resolver.has(kind, name, **it)) {
            let valid = self.resolver.names_of(kind, account);
            self.listed
                .check(kind, name, valid.into_iter(), at, self.report);
        }
    }

    pub(super) fn check_subject(
        &mut self,
        subject: &SubjectDocument,
        stated: &Stated<'_>,
        at: &Path<'_>,
    ) {
        self.check_account(subject.account(), at);
        let token_at = at.field("token");
        let (roles, id, position, properties, at) = match subject {
            SubjectDocument::User(it) => {
                return self.check_user(&it.user, stated, &at.field("user"));
            }
            SubjectDocument::Role(it) => {
                self.check_name(Kind::Role, &it.role, stated, &at.field("role"));
                (&[][..], &it.id, &it.position, &it.properties, at)
            }
            SubjectDocument::Token(TokenSubject { token: it, .. }) => {
                let roles = it.roles.as_slice();
                (roles, &it.id, &it.position, &it.properties, &token_at)
            }
        };
        for (i, role) in roles.iter().enumerate() {
            self.check_name(Kind::Role, role, stated, &at.field("roles").index(i));
        }
        if let Some(id) = id {
            self.check_user(id, stated, &at.field("id"));
        }
        if let Some(position) = position {
            self.check_name(Kind::Position, position, stated, &at.field("position"));
        }
        let declared = self.resolver.document().subject_properties.iter();
        let declared = declared.map(|(name, it)| (name.clone(), it.r#type));
        let declared = [("", declared.collect())];
        let at = at.field("properties");
        self.check_properties(properties, Side::Subject, &declared, stated, &at);
    }

    /// Names of a record are the account's; its properties are declared of one of the types that it
    /// is taken for. The host gives records their ids: these may be any.
    pub(super) fn check_record(
        &mut self,
        record: &RecordDocument,
        stated: &Stated<'_>,
        at: &Path<'_>,
    ) {
        let RecordDocument {
            id: _,
            owner,
            owner_position,
            account,
            properties,
        } = record;
        self.check_account(account.as_deref(), at);
        if let Some(owner) = owner {
            self.check_user(owner, stated, &at.field("owner"));
        }
        if let Some(position) = owner_position {
            let at = at.field("owner_position");
            // Without an owner it is ignored (S3).
            if owner.is_none() {
                let message = "`owner` is missing: without one its position counts for nothing";
                self.report.error(&at, message);
            }
            if !position.is_empty() {
                self.check_name(Kind::Position, position, stated, &at);
            }
        }
        let every = self.resolver.document().types.iter();
        let declared: Vec<(&str, BTreeMap<String, PropertyType>)> = every
            .filter_map(|it| {
                let id = *stated.types.get(it.id.as_str())?;
                Some((id, it.properties.clone()))
            })
            .collect();
        // Of a type that does not exist nothing is declared, and nothing is known to be wrong.
        if !declared.is_empty() {
            let at = at.field("properties");
            self.check_properties(properties, Side::Resource, &declared, stated, &at);
        }
    }

    pub(super) fn check_context(
        &mut self,
        context: Option<&Properties>,
        stated: &Stated<'_>,
        at: &Path<'_>,
    ) {
        if let Some(context) = context {
            let declared = [("", self.resolver.document().context_properties.clone())];
            let at = at.field("context");
            self.check_properties(context, Side::Context, &declared, stated, &at);
        }
    }

    /// Properties are declared, of the type declared, and what conditions read of them is a text
    /// that some condition tells from others. Declared are those of each of the types given.
    fn check_properties(
        &mut self,
        properties: &Properties,
        side: Side,
        declared: &[(&str, BTreeMap<String, PropertyType>)],
        stated: &Stated<'_>,
        at: &Path<'_>,
    ) {
        for (name, value) in properties {
            let at = at.field(name);
            let types: Vec<(&str, PropertyType)> = declared
                .iter()
                .filter_map(|(of, properties)| Some((*of, *properties.get(name)?)))
                .collect();
            if types.is_empty() {
                let names = declared
                    .iter()
                    .flat_map(|(_, it)| it.keys().map(String::as_str));
                let nearest = self.report.did_you_mean(name, names);
                let name = quoted(name);
                let message = format!("the catalog declares no property {name} here{nearest}");
                self.report.error(&at, message);
                continue;
            }
            let mut wrong = types.iter().filter(|(_, it)| !is_of_type(value, *it));
            let unanswered = wrong.clone().find(|(of, _)| {
                let key = (side, (*of).to_owned(), name.clone());
                !stated.wrong.contains(&key)
            });
            if let Some((_, declared)) = unanswered {
                let message = format!(
                    "{} is declared as `{declared}`, and no answer here is `{WRONG_TYPE}`",
                    quoted(name)
                );
                self.report.error(&at, message);
            }
            if wrong.next().is_some() {
                continue;
            }
            // Each type that the record is taken for knows the text, and each account.
            let compared = &self.resolver.compared;
            let known: Vec<Known<'_>> = types
                .iter()
                .flat_map(|(of, _)| stated.accounts.iter().map(move |account| (*of, *account)))
                .filter_map(|(of, account)| compared.known((side, of, name), account, &self.ids))
                .collect();
            let property = format!("{}.{name}", side.as_str());
            for (i, text) in texts(value).iter().enumerate() {
                let Some(unknown) = known.iter().find(|it| !it.has(text)) else {
                    continue;
                };
                let at = match value {
                    PropertyValue::Set(_) => at.index(i),
                    _ => at,
                };
                self.listed
                    .check_value(&property, text, unknown.iter(), &at, self.report);
            }
        }
    }

    /// The properties that decide a question: what the operation's conditions read, those of the operation that
    /// it creates a record for, and those of the one that a new owner needs.
    pub(super) fn decided_by(&self, opened: &Opened<'_>) -> BTreeSet<Key> {
        let document = self.resolver.document();
        let asked = format!("{}:{}", opened.r#type, opened.action);
        let operations = &document.operations;
        let name = |it: &OperationDocument| format!("{}:{}", it.r#type, it.action);
        let creates = operations.iter().find(|it| name(it) == asked);
        let creates = creates.and_then(|it| it.creates.as_deref());
        let of_type = document.types.iter().find(|it| it.id == opened.r#type);
        let reassign = of_type.and_then(|it| it.reassign.as_deref());
        let decides = |it: &&OperationDocument| {
            let name = name(it);
            let reassigns = it.r#type == opened.r#type && reassign == Some(it.action.as_str());
            name == asked || creates == Some(name.as_str()) || reassigns
        };
        operations.iter().filter(decides).flat_map(read).collect()
    }

    /// Of several properties that are of another type than declared, one gives the answer and hides the rest.
    pub(super) fn check_one_wrong(
        &mut self,
        opened: &Opened<'_>,
        subject: &SubjectDocument,
        answer: &str,
        at: &Path<'_>,
    ) {
        if answer != WRONG_TYPE {
            return;
        }
        let document = self.resolver.document();
        let of_subject = match subject {
            SubjectDocument::User(_) => None,
            SubjectDocument::Role(it) => Some(&it.properties),
            SubjectDocument::Token(it) => Some(&it.token.properties),
        };
        let wrong = self.decided_by(opened).into_iter().filter(|key| {
            let (side, of, name) = key;
            let declared = match side {
                Side::Resource => {
                    let of_type = document.types.iter().find(|it| it.id == *of);
                    of_type.and_then(|it| it.properties.get(name)).copied()
                }
                Side::Subject => document.subject_properties.get(name).map(|it| it.r#type),
                Side::Context => document.context_properties.get(name).copied(),
            };
            let stated = match side {
                Side::Resource => [
                    Some(&opened.record.properties),
                    Some(&opened.after.properties),
                ],
                Side::Subject => [of_subject, None],
                Side::Context => [Some(opened.context), None],
            };
            let mut values = stated.into_iter().flatten().filter_map(|it| it.get(name));
            declared.is_some_and(|declared| values.any(|it| !is_of_type(it, declared)))
        });
        let names = wrong.map(|(side, _, name)| quoted(&format!("{}.{name}", side.as_str())));
        let names: Vec<String> = names.collect();
        if names.len() > 1 {
            let message = format!(
                "{} are of other types than declared, and the answer is about one of them: a case may state \
                 which as its `fact`",
                names.join(", ")
            );
            self.report.error(at, message);
        }
    }

    /// What a case says of the decision names things of the catalog.
    pub(super) fn check_facts(&mut self, expected: &Expected<'_>, at: &Path<'_>) {
        let document = self.resolver.document();
        let permissions = document.permissions.iter().map(|it| it.path.clone());
        let features = document.features.iter().map(|it| it.id.clone());
        let of_resources = document.types.iter().flat_map(|it| it.properties.keys());
        let properties = of_resources
            .map(|name| format!("resource.{name}"))
            .chain(
                document
                    .subject_properties
                    .keys()
                    .map(|it| format!("subject.{it}")),
            )
            .chain(
                document
                    .context_properties
                    .keys()
                    .map(|it| format!("context.{it}")),
            )
            // Three exist undeclared (D10).
            .chain(["resource.id", "resource.owner", "subject.id"].map(str::to_owned));
        let operations = document.operations.iter();
        let operations = operations.map(|it| format!("{}:{}", it.r#type, it.action));
        let permissions: Vec<String> = permissions.collect();
        let facts: Vec<String> = features
            .chain(permissions.iter().cloned())
            .chain(properties)
            .collect();
        let operations: Vec<String> = operations.collect();
        for (field, stated, known) in [
            // An open operation is decided by none.
            (
                "permission",
                expected.permission.filter(|it| !it.is_empty()),
                permissions,
            ),
            ("fact", expected.fact, facts),
            ("filtered_by", expected.filtered_by, operations),
        ] {
            if let Some(stated) = stated
                && !known.iter().any(|it| it == stated)
            {
                let names = known.iter().map(String::as_str);
                let nearest = self.report.did_you_mean(stated, names);
                let message = format!("the catalog has no {}{nearest}", quoted(stated));
                self.report.error(&at.field(field), message);
            }
        }
    }
}

fn is_of_type(value: &PropertyValue, declared: PropertyType) -> bool {
    match value {
        PropertyValue::Text(_) => declared == PropertyType::Text,
        PropertyValue::Integer(_) => declared == PropertyType::Integer,
        PropertyValue::Boolean(_) => declared == PropertyType::Boolean,
        PropertyValue::Set(_) => declared == PropertyType::Set,
    }
}
