//! Random requests of a world: most of them sensible, some of them wrong in every way a request can be.

use std::collections::BTreeMap;

use bailiwick::document::{AskedOn, OperationDocument, PropertyType, PropertyValue};

use super::documents::Documents;
use super::generate::{subject_types, value};
use super::rng::Rng;
use crate::reference::{OwnerPosition, Request, Resource, Subject, Value};

/// Which question is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Question {
    Check,
    CanAny,
    /// With the state after; the one before is the request's.
    Change(Resource),
    Create,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    pub question: Question,
    pub request: Request,
}

/// No identifiers (D12): empty, too long, C0, DEL, C1.
const INVALID: &[&str] = &["", TOO_LONG, "a\0", "\u{7f}", "x\u{85}", "\n"];
const TOO_LONG: &str = match std::str::from_utf8(&[b'u'; 257]) {
    Ok(text) => text,
    Err(_) => "",
};
/// Identifiers of nothing: the longest, no control characters, other cases.
const UNKNOWN: &[&str] = &[
    LONGEST,
    "nobody",
    "Ann",
    "ann ",
    "\u{a0}",
    "*",
    "system:nothing",
];
const LONGEST: &str = match std::str::from_utf8(&[b'u'; 256]) {
    Ok(text) => text,
    Err(_) => "",
};

/// The names that the requests of one world are made of.
pub(crate) struct Requests<'a> {
    documents: &'a Documents,
    users: Vec<String>,
    /// Those who were removed.
    removed: Vec<String>,
    roles: Vec<String>,
    positions: Vec<String>,
    contexts: Vec<BTreeMap<String, Value>>,
}

impl<'a> Requests<'a> {
    pub(crate) fn of(documents: &'a Documents, rng: &mut Rng) -> Requests<'a> {
        let policy = &documents.policy;
        let mut roles: Vec<String> = policy.roles.iter().map(|role| role.id.clone()).collect();
        roles.extend(documents.catalog.roles.iter().map(|role| role.id.clone()));
        let declared = &documents.catalog.context_properties;
        Requests {
            documents,
            users: documents
                .directory
                .users
                .iter()
                .map(|user| user.id.clone())
                .collect(),
            removed: policy.used_ids.users.clone(),
            roles,
            positions: policy
                .positions
                .iter()
                .map(|position| position.id.clone())
                .collect(),
            // The first is what `check_many` asks in.
            contexts: vec![
                BTreeMap::new(),
                properties(rng, declared),
                properties(rng, declared),
            ],
        }
    }

    /// A request, and what it asks.
    pub(crate) fn case(&self, rng: &mut Rng) -> Case {
        let operation = rng.pick(&self.documents.catalog.operations);
        let subject = self.subject(rng);
        let asker = match &subject {
            Subject::User { id, .. } => Some(id.clone()),
            Subject::Token { id, .. } | Subject::Role { id, .. } => id.clone(),
        };
        // Rarely what makes no sense: creating by a record operation, changing a type.
        let on_type = (operation.on == AskedOn::Type) != rng.chance(2);
        let mut resource = self.resource(rng, operation, asker.clone());
        let question = match rng.below(100) {
            0..=9 => Question::CanAny,
            10..=45 if on_type => {
                // The record as it will be.
                resource = self.record(rng, &operation.r#type, asker);
                resource.on_type = rng.chance(4);
                if rng.chance(50) {
                    resource.owner = None;
                }
                Question::Create
            }
            10..=19 => Question::Change(self.after(rng, &resource)),
            _ => Question::Check,
        };
        let mut request = Request {
            subject,
            action: operation.action.clone(),
            resource,
            context: rng.pick(&self.contexts).clone(),
        };
        match rng.below(100) {
            0 => request.action = self.wrong(rng),
            1 => request.resource.r#type = self.wrong(rng),
            2 => {
                let other = rng.pick(&self.documents.catalog.operations);
                request.action = other.action.clone();
            }
            _ => {}
        }
        Case { question, request }
    }

    /// An invalid or unknown name.
    fn wrong(&self, rng: &mut Rng) -> String {
        let pool = if rng.chance(20) { INVALID } else { UNKNOWN };
        (*rng.pick(pool)).to_owned()
    }

    /// A name of a list, or rarely a wrong one.
    fn name(&self, rng: &mut Rng, of: &[String], wrong: usize) -> String {
        match rng.any(of) {
            Some(name) if !rng.chance(wrong) => name.clone(),
            _ => self.wrong(rng),
        }
    }

    /// A user, one who was removed, or rarely a wrong name.
    fn user(&self, rng: &mut Rng, wrong: usize) -> String {
        match rng.any(&self.removed) {
            Some(name) if rng.chance(10) => name.clone(),
            _ => self.name(rng, &self.users, wrong),
        }
    }

    fn account(&self, rng: &mut Rng) -> Option<String> {
        let policy = &self.documents.policy;
        let optional = self.documents.catalog.accounts == bailiwick::document::AccountsServed::One;
        match rng.below(100) {
            0 => None,
            1 => Some(self.wrong(rng)),
            2 => Some("Acme".to_owned()),
            _ if optional && rng.chance(60) => None,
            _ => policy.account.clone(),
        }
    }

    fn subject(&self, rng: &mut Rng) -> Subject {
        let account = self.account(rng);
        let declared = &subject_types(&self.documents.catalog);
        match rng.below(100) {
            0..=69 => Subject::User {
                id: self.user(rng, 3),
                account,
            },
            70..=89 => Subject::Token {
                id: rng.chance(75).then(|| {
                    if rng.chance(30) {
                        return "nobody".to_owned();
                    }
                    self.user(rng, 1)
                }),
                account,
                roles: self.brought(rng),
                position: self.position(rng),
                properties: properties(rng, declared),
            },
            _ => {
                let bare = rng.chance(40);
                Subject::Role {
                    role: self.name(rng, &self.roles, 5),
                    account,
                    id: (!bare && rng.chance(50)).then(|| self.user(rng, 10)),
                    position: if bare { None } else { self.position(rng) },
                    properties: if bare {
                        BTreeMap::new()
                    } else {
                        properties(rng, declared)
                    },
                }
            }
        }
    }

    /// The roles of a token: mostly such as it may bring.
    fn brought(&self, rng: &mut Rng) -> Vec<String> {
        let tokens = &self.documents.catalog.tokens;
        let mut may: Vec<String> = tokens.system_roles.clone();
        if tokens.account_roles {
            may.extend(
                self.documents
                    .policy
                    .roles
                    .iter()
                    .map(|role| role.id.clone()),
            );
        }
        let mut roles = rng.few(&may, 3);
        if rng.chance(8) {
            roles.push(self.name(rng, &self.roles, 40));
        }
        // A token may say a thing twice.
        if let Some(again) = rng.any(&roles).cloned().filter(|_| rng.chance(5)) {
            roles.push(again);
        }
        roles
    }

    fn position(&self, rng: &mut Rng) -> Option<String> {
        (!self.positions.is_empty() && rng.chance(70)).then(|| self.name(rng, &self.positions, 4))
    }

    fn resource(
        &self,
        rng: &mut Rng,
        operation: &OperationDocument,
        asker: Option<String>,
    ) -> Resource {
        let wrong_way = rng.chance(4);
        let on_type = (operation.on == AskedOn::Type) != wrong_way;
        let mut resource = self.record(rng, &operation.r#type, asker);
        resource.on_type = on_type;
        if on_type && !rng.chance(5) {
            resource.id = None;
            resource.owner = None;
            resource.owner_position = OwnerPosition::Directory;
            resource.properties.clear();
        }
        resource
    }

    pub(crate) fn record(&self, rng: &mut Rng, r#type: &str, asker: Option<String>) -> Resource {
        Resource {
            r#type: r#type.to_owned(),
            id: match rng.below(40) {
                0 => Some(self.wrong(rng)),
                1..=8 => None,
                _ => Some((*rng.pick(&["1", "2"])).to_owned()),
            },
            on_type: false,
            account: self.account(rng),
            owner: self.owner(rng, asker),
            owner_position: self.owner_position(rng),
            properties: self.record_properties(rng, r#type),
        }
    }

    fn owner(&self, rng: &mut Rng, asker: Option<String>) -> Option<String> {
        match rng.below(20) {
            0..=2 => None,
            3 => Some(self.wrong(rng)),
            4..=7 if asker.is_some() => asker,
            _ => rng.any(&self.users).cloned(),
        }
    }

    fn owner_position(&self, rng: &mut Rng) -> OwnerPosition {
        match rng.below(20) {
            0..=1 => OwnerPosition::Nowhere,
            2..=5 => OwnerPosition::At(self.name(rng, &self.positions, 6)),
            _ => OwnerPosition::Directory,
        }
    }

    fn record_properties(&self, rng: &mut Rng, r#type: &str) -> BTreeMap<String, Value> {
        let declared = self
            .documents
            .catalog
            .types
            .iter()
            .find(|it| it.id == r#type);
        declared
            .map(|it| properties(rng, &it.properties))
            .unwrap_or_default()
    }

    /// The state of a record after a change of one or two things.
    fn after(&self, rng: &mut Rng, before: &Resource) -> Resource {
        let mut after = before.clone();
        for _ in 0..rng.range(0, 2) {
            match rng.below(32) {
                0 => after.r#type = self.wrong(rng),
                1 => after.r#type = rng.pick(&self.documents.catalog.types).id.clone(),
                2 => after.id = Some("3".to_owned()),
                3 => after.id = None,
                4 => after.account = self.account(rng),
                5 => after.on_type = !after.on_type,
                6..=12 => after.owner = self.owner(rng, None),
                13..=19 => after.owner_position = self.owner_position(rng),
                _ => after.properties = self.record_properties(rng, &before.r#type),
            }
        }
        after
    }
}

/// Values for declared properties: some missing, some of another type; and undeclared ones beside.
fn properties(rng: &mut Rng, declared: &BTreeMap<String, PropertyType>) -> BTreeMap<String, Value> {
    let mut properties = BTreeMap::new();
    for (name, kind) in declared {
        let kind = match rng.below(100) {
            0..=9 => continue,
            10..=16 => *rng.pick(PropertyType::EVERY),
            _ => *kind,
        };
        properties.insert(name.clone(), held(value(rng, kind)));
    }
    if rng.chance(10) {
        // Names of properties are no identifiers.
        properties.entry(String::new()).or_insert(Value::Integer(1));
        properties
            .entry("status".to_owned())
            .or_insert_with(|| Value::Text("x".to_owned()));
    }
    properties
}

fn held(value: PropertyValue) -> Value {
    match value {
        PropertyValue::Text(text) => Value::Text(text),
        PropertyValue::Integer(n) => Value::Integer(n),
        PropertyValue::Boolean(b) => Value::Boolean(b),
        PropertyValue::Set(set) => Value::Set(set),
    }
}
