//! What a screen shows a subject: for each operation, whether it is enabled, blocked by a feature that
//! the account lacks, or hidden (Q6).

mod blocked;
mod checksum;
mod compact;
mod paint;

pub use compact::{CompactScreen, CompactShown, ScreenError, Stale};

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::Scope;
use crate::decision::{Denied, DenyReason};
use crate::document::{AskedOn, Level};
use crate::engine::{Asker, Engine, InContext};
use crate::id::{Brand, OperationId};
use crate::request::{Context, Subject, Who};
use paint::Painter;

/// What a screen shows a subject, as a tree by resource type and as the tree of permissions: made by
/// [`Engine::screen`], to be sent to a front end.
///
/// As serde writes it (JSON here):
///
/// ```json
/// {
///   "catalog": "shop", "catalog_version": 1, "account": null,
///   "subject": { "kind": "user", "id": "ann" }, "revision": 1,
///   "types": [{ "id": "order", "label": null, "operations": [
///     { "action": "cancel", "label": null, "on": "record", "shown": "enabled", "scope": "own" },
///     { "action": "mail", "label": null, "on": "record", "shown": "blocked",
///       "reason": "feature_disabled", "feature": "mail", "ask": { "roles": ["system:admin"] } },
///     { "action": "refund", "label": null, "on": "record", "shown": "hidden" }
///   ] }],
///   "permissions": [{ "path": "orders", "label": null, "level": null, "shown": "enabled", "scope": "own" }]
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Screen {
    /// The catalog's id.
    pub catalog: String,
    /// The catalog's version.
    pub catalog_version: u32,
    /// The account, where the policy states one.
    pub account: Option<String>,
    /// Whom it was made for.
    pub subject: ScreenSubject,
    /// The number of the engine's state.
    pub revision: u64,
    /// The resource types with their operations, as the catalog writes them.
    pub types: Vec<ScreenType>,
    /// The tree of permissions in preorder: what lies below a path follows it.
    pub permissions: Vec<ScreenPermission>,
    /// For each operation of the catalog, in its order, the place in `types`.
    #[serde(skip)]
    places: Vec<(usize, usize)>,
    #[serde(skip)]
    brand: Brand,
}

/// Whom a screen was made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct ScreenSubject {
    /// `user`, `role` or `token`.
    pub kind: &'static str,
    /// The user, the role, or the id that the token brings.
    pub id: Option<String>,
    /// What tells apart tokens of one id that bring different things.
    #[serde(skip)]
    mark: u64,
}

/// A resource type with its operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScreenType {
    /// The type.
    pub id: String,
    /// What a person reads.
    pub label: Option<String>,
    /// Its operations, as the catalog writes them.
    pub operations: Vec<ScreenOperation>,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScreenOperation {
    /// The action.
    pub action: String,
    /// What a person reads.
    pub label: Option<String>,
    /// Whether it is asked on a record or on the type.
    pub on: AskedOn,
    /// What the screen shows.
    #[serde(flatten)]
    pub shown: Shown,
}

/// A permission: shown as an operation on the type would be that it alone allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScreenPermission {
    /// Its dotted path.
    pub path: String,
    /// What a person reads.
    pub label: Option<String>,
    /// Module, feature or action.
    pub level: Option<Level>,
    /// What the screen shows.
    #[serde(flatten)]
    pub shown: Shown,
}

/// What a screen shows of an operation (Q6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "shown", rename_all = "snake_case")]
pub enum Shown {
    /// It is allowed: one on the type by its check, one on records by
    /// [`can_any`](Engine::can_any), so that a record may still be out of scope or fail a condition.
    Enabled {
        /// Which records it reaches, what people below lend included (S6).
        scope: Scope,
    },
    /// Turning on features, and nothing else, would enable it.
    Blocked(Blocked),
    /// Everything else.
    Hidden,
}

/// An operation that features alone would enable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Blocked {
    /// Why it is denied today. Where several permissions allow the operation, of those that features
    /// alone would let through the one that got furthest (D17); written as its code.
    #[serde(serialize_with = "code")]
    pub reason: DenyReason,
    /// The first feature that this reason comes down to.
    pub feature: String,
    /// Whom to ask for it.
    pub ask: Ask,
}

/// Whom to ask for a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The subject may request it.
    Yourself,
    /// The roles that may request it, the system's first: those that can do the operation that the
    /// feature names as `requested_by`, standing as subjects (D18). None where the catalog names no
    /// such operation or no role has it.
    Roles(#[serde(serialize_with = "list")] Arc<[String]>),
}

fn code<S: Serializer>(reason: &DenyReason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.code())
}

fn list<S: Serializer>(roles: &Arc<[String]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(roles.iter())
}

impl Engine {
    /// [`InContext::screen`] in an empty context.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// use bailiwick::query::{Ask, Shown};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     features = [{ id = "mail", requested_by = "licence:request" }]
    /// #     permissions = [{ path = "mail", features = ["mail"] }, { path = "licences" }]
    /// #     types = [{ id = "order" }, { id = "licence" }]
    /// #     operations = [
    /// #       { type = "order", action = "mail", on = "record", allowed_by = ["mail"] },
    /// #       { type = "licence", action = "request", on = "type", allowed_by = ["licences"] },
    /// #     ]
    /// # "#), Warnings::Refuse)?;
    /// // `order:mail` needs the feature `mail`, which the account has not got.
    /// let policy = PolicyDocument::from_toml("policy.toml", r#"
    ///     format = 2
    ///     catalog_version = 1
    ///     roles = [{ id = "seller", grants = ["mail"] }, { id = "buyer", grants = ["licences"] }]
    /// "#);
    /// let directory = DirectoryDocument::from_toml("directory.toml", r#"
    ///     format = 2
    ///     users = [{ id = "ann", roles = ["seller"] }, { id = "bob", roles = ["buyer"] }]
    /// "#);
    /// let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;
    ///
    /// let mail = catalog.operation("order", "mail").unwrap();
    /// let Some(Shown::Blocked(blocked)) = engine.screen("ann")?.shown(mail).cloned() else {
    ///     panic!("a feature would enable it");
    /// };
    /// assert_eq!(blocked.feature, "mail");
    /// assert_eq!(blocked.ask, Ask::Roles(["buyer".to_owned()].into()));
    /// // To Bob the feature would give nothing.
    /// assert_eq!(engine.screen("bob")?.shown(mail), Some(&Shown::Hidden));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn screen<'a>(&self, subject: impl Into<Subject<'a>>) -> Result<Screen, Denied> {
        self.in_context(&()).screen(subject)
    }
}

impl<C: Context + ?Sized> InContext<'_, C> {
    /// What a screen shows the subject: for each operation of the catalog whether it is enabled,
    /// blocked or hidden (Q6), and the same for each permission. Conditions that read the context are
    /// asked in this one; a screen does not say in which it was made.
    ///
    /// It is advice for drawing: whatever it shows, the operation itself is checked when it is done.
    ///
    /// Cost: a [`can_any`](InContext::can_any) for each operation; and once for each feature that
    /// blocks something and that others request, one for each role of the account.
    ///
    /// # Errors
    /// What denies everything: an unknown or suspended user, an unknown role of a token and the like.
    pub fn screen<'a>(&self, subject: impl Into<Subject<'a>>) -> Result<Screen, Denied> {
        let (engine, subject) = (self.engine(), subject.into());
        let state = engine.state();
        let asker = match state.asker(&subject) {
            Ok(asker) => asker,
            Err(denial) => return Err(state.refuse(denial)),
        };
        let key = ScreenSubject::of(engine, &subject, &asker);
        let mut painter = Painter::new(engine, self.context(), asker);
        let catalog = engine.catalog();
        let (types, places) = painter.types();
        Ok(Screen {
            catalog: catalog.id().to_owned(),
            catalog_version: catalog.version(),
            account: engine.account().map(str::to_owned),
            subject: key,
            revision: engine.revision(),
            types,
            permissions: painter.permissions(),
            places,
            brand: state.model().brand,
        })
    }
}

impl Screen {
    /// What it shows of an operation; `None` of another catalog's.
    pub fn shown(&self, operation: OperationId) -> Option<&Shown> {
        self.at(*self.places.get(operation.index(self.brand)?)?)
    }

    /// What it shows of each operation, in the order of the catalog's.
    fn in_order(&self) -> impl Iterator<Item = &Shown> {
        self.places.iter().filter_map(|place| self.at(*place))
    }

    fn at(&self, (r#type, operation): (usize, usize)) -> Option<&Shown> {
        Some(&self.types.get(r#type)?.operations.get(operation)?.shown)
    }

    /// The form for a front end that knows the catalog: two bits an operation.
    pub fn compact(&self) -> CompactScreen {
        CompactScreen::of(self)
    }
}

impl ScreenSubject {
    fn of(engine: &Engine, subject: &Subject<'_>, asker: &Asker<'_>) -> ScreenSubject {
        let (kind, id) = match subject.who {
            Who::Handle(user) => ("user", engine.user_name(user)),
            Who::Named(id) => ("user", Some(id)),
            Who::Role(role) => ("role", Some(role)),
            Who::Token(token) => ("token", token.id.as_deref()),
        };
        let mark = match subject.who {
            Who::Token(token) => checksum::mark(engine.state().model(), token, asker),
            _ => 0,
        };
        ScreenSubject {
            kind,
            id: id.map(str::to_owned),
            mark,
        }
    }
}
