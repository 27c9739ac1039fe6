//! A decision as a line of the host's own log.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::decision::{Decision, DenyReason, Effect, Part};
use crate::document::Timestamp;
use crate::engine::Engine;
use crate::limits::IDENTIFIER_BYTES;
use crate::request::{Action, Owner, Resource, ResourceType, Subject, Who};
use crate::{PermissionId, Scope};

/// A decision with names, for the host's own log: who asked for what, what the answer was, and why.
///
/// It holds ids, names of the catalog and numbers; no property of anybody or anything, and no field of a
/// record. The host's clock says when. An id longer than the [limit](crate::limits) is cut, and ends in `…`.
/// Semver covers the form.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders", scopes = ["own", "all"] }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// # let mut policy = PolicyDocument::new(1);
/// # policy.roles.push(RoleDocument::new("seller").grant(("orders", bailiwick::Scope::Own)));
/// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// let his = Record::of("order").id("7").owner("bob");
/// let decision = engine.check("ann", "cancel", &his);
/// let record = engine.decision_record(Timestamp(1_800_000_000), "ann", "cancel", &his, decision);
/// assert_eq!((record.code.as_str(), record.permission.as_deref()), ("out_of_scope", Some("orders")));
/// # #[cfg(feature = "json")]
/// assert_eq!(
///     serde_json::to_string(&record)?,
///     r#"{"at":"2027-01-15T08:00:00Z","revision":1,"subject":{"user":"ann"},"action":"cancel","#.to_owned()
///         + r#""resource":{"type":"order","id":"7","owner":"bob"},"effect":"deny","#
///         + r#""code":"out_of_scope","permission":"orders"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DecisionRecord {
    /// When, by the host's clock.
    pub at: Timestamp,
    /// The account that was asked about: the resource's, else the subject's, else the engine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The revision that decided; 0 where nothing was loaded.
    pub revision: u64,
    /// Who asked.
    pub subject: SubjectRecord,
    /// The action; of an operation that is another catalog's, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it was asked on.
    pub resource: ResourceRecord,
    /// `allow` or `deny`.
    pub effect: EffectRecord,
    /// The stable code: `allowed`, or that of the reason.
    pub code: String,
    /// The permission that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// The scope of an allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Of an allow on the type: the record operation whose filter the host must apply, `type:action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filtered_by: Option<String>,
    /// Of `feature_disabled`: the first feature that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// Of `prerequisite_missing`: the first prerequisite that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prerequisite: Option<String>,
    /// Of `prerequisite_missing`: the code of why that one has no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Of a condition: the property that it reads, `resource.status`. Not its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// Which part of the catalog or the request the reason is about ([`Part::as_str`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SubjectRecord {
    /// A user, by id; nothing of a handle that is not this account's.
    User(Option<String>),
    /// A role, standing for itself.
    Role(String),
    /// The bearer of a token.
    Token {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The roles that it brings.
        roles: Vec<String>,
        /// The position that it brings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<String>,
    },
}

/// What was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceRecord {
    /// Its type.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its owner's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectRecord {
    /// It was allowed.
    Allow,
    /// It was not.
    Deny,
}

impl Engine {
    /// A decision for the host's own log, with the request that it was made of.
    ///
    /// Made only when asked for: a check itself records nothing.
    pub fn decision_record<'a, R: Resource + ?Sized>(
        &self,
        at: Timestamp,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
        decision: Decision,
    ) -> DecisionRecord {
        let names = Names {
            catalog: self.catalog(),
            engine: Some(self),
            account: self.account(),
        };
        names.record(at, &subject.into(), action.into(), resource, decision)
    }
}

/// Where names come from; before anything is loaded, from the catalog alone.
pub(crate) struct Names<'n> {
    pub(crate) catalog: &'n Catalog,
    pub(crate) engine: Option<&'n Engine>,
    pub(crate) account: Option<&'n str>,
}

impl Names<'_> {
    pub(crate) fn record<R: Resource + ?Sized>(
        &self,
        at: Timestamp,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        decision: Decision,
    ) -> DecisionRecord {
        let catalog = self.catalog;
        let account = resource.account().or(subject.account).or(self.account);
        let (of_operation, action) = self.asked(action);
        let r#type = match resource.resource_type() {
            ResourceType::Named(name) => Some(cut(name)),
            ResourceType::Id(id) => {
                let known = id.index(catalog.0.brand);
                let known = known.and_then(|index| catalog.0.types.get(index));
                known.map(|known| known.id.to_string())
            }
            ResourceType::OfOperation => of_operation,
        };
        let owner = match resource.owner() {
            Owner::None => None,
            Owner::Named(id) => Some(cut(id)),
            Owner::User(user) => self.user(user),
        };
        let facts = Facts::of(catalog, decision);
        let path = |it: PermissionId| catalog.permission_path(it).map(str::to_owned);
        DecisionRecord {
            at,
            account: account.map(cut),
            revision: decision.revision(),
            subject: self.subject(subject),
            action,
            resource: ResourceRecord {
                r#type,
                id: resource.id().map(cut),
                owner,
            },
            effect: match decision.effect() {
                Effect::Allow => EffectRecord::Allow,
                Effect::Deny => EffectRecord::Deny,
            },
            code: decision.code().to_owned(),
            permission: decision.permission().and_then(path),
            scope: decision.scope(),
            filtered_by: decision
                .filtered_by()
                .and_then(|it| catalog.operation_name(it)),
            feature: facts.feature,
            prerequisite: facts.prerequisite,
            cause: facts.cause.map(str::to_owned),
            property: facts.property,
            part: facts.part.map(|part| part.as_str().to_owned()),
        }
    }

    /// The type and the name of what was asked.
    fn asked(&self, action: Action<'_>) -> (Option<String>, Option<String>) {
        match action {
            Action::Named(name) => (None, Some(cut(name))),
            Action::Operation(id) => {
                let index = id.index(self.catalog.0.brand);
                let model = &self.catalog.0;
                let operation = index.and_then(|index| model.operations.get(index));
                let r#type = operation.and_then(|it| model.types.get(usize::from(it.r#type)));
                (
                    r#type.map(|it| it.id.to_string()),
                    operation.map(|it| it.action.to_string()),
                )
            }
        }
    }

    fn subject(&self, subject: &Subject<'_>) -> SubjectRecord {
        match subject.who {
            Who::Handle(user) => SubjectRecord::User(self.user(user)),
            Who::Named(id) => SubjectRecord::User(Some(cut(id))),
            Who::Role(role) => SubjectRecord::Role(cut(role)),
            Who::Token(token) => SubjectRecord::Token {
                id: token.id.as_deref().map(cut),
                roles: token.roles.iter().map(|role| cut(role)).collect(),
                position: token.position.as_deref().map(cut),
            },
        }
    }

    fn user(&self, user: crate::UserId) -> Option<String> {
        Some(self.engine?.user_name(user)?.to_owned())
    }
}

/// The facts of a reason, by name.
#[derive(Default)]
struct Facts {
    feature: Option<String>,
    prerequisite: Option<String>,
    cause: Option<&'static str>,
    property: Option<String>,
    part: Option<Part>,
}

impl Facts {
    fn of(catalog: &Catalog, decision: Decision) -> Facts {
        let mut facts = Facts::default();
        let Some(reason) = decision.reason() else {
            return facts;
        };
        match reason {
            DenyReason::MissingAccount(part) | DenyReason::WrongAccount(part) => {
                facts.part = Some(part);
            }
            DenyReason::FeatureDisabled { feature, on } => {
                facts.feature = catalog.feature_name(feature).map(str::to_owned);
                facts.part = Some(on);
            }
            DenyReason::PrerequisiteMissing {
                permission,
                on,
                cause,
            } => {
                facts.prerequisite = catalog.permission_path(permission).map(str::to_owned);
                facts.cause = Some(cause.code());
                facts.part = Some(on);
            }
            DenyReason::ConditionNotMet { property, on }
            | DenyReason::PropertyMissing { property, on }
            | DenyReason::PropertyWrongType { property, on } => {
                facts.property = catalog.property_name(property);
                facts.part = Some(on);
            }
            DenyReason::NotReady
            | DenyReason::InvalidIdentifier
            | DenyReason::Removed
            | DenyReason::UnknownSubject
            | DenyReason::UnknownRole
            | DenyReason::UnknownPosition
            | DenyReason::Suspended
            | DenyReason::UnknownType
            | DenyReason::UnknownAction
            | DenyReason::AskedWrongWay
            | DenyReason::DifferentRecords
            | DenyReason::NotGranted
            | DenyReason::Denied
            | DenyReason::OutOfScope
            | DenyReason::OwnerIsFixed => {}
        }
        facts
    }
}

/// An identifier of a request, which may be of any length: no longer than a valid one can be.
fn cut(text: &str) -> String {
    if text.len() <= IDENTIFIER_BYTES {
        return text.to_owned();
    }
    let end = (0..=IDENTIFIER_BYTES)
        .rev()
        .find(|&end| text.is_char_boundary(end));
    let kept = end.and_then(|end| text.get(..end)).unwrap_or_default();
    format!("{kept}…")
}
