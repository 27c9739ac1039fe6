//! What would turn a denial into an allow (Q3).

mod answer;
mod candidates;
mod case;
mod makers;
mod mend;
mod opened;
mod providers;
mod standing;
mod step;
mod text;
mod trial;

pub use makers::Makers;
pub use mend::Mend;
pub use opened::{Opened, RemedyEffect, TokenEffect};

use serde::Serialize;

use super::{Cause, decided};
use crate::admin::{Actor, Change};
use crate::decision::Code;
use crate::engine::InContext;
use crate::request::{Action, Context, Resource, Subject};
use crate::{Decision, DenyReason, Engine, Timestamp};
use answer::answer;
use case::Case;
use trial::Trial;

/// What to look for.
///
/// ```
/// use bailiwick::explain::RemedyOptions;
/// let options = RemedyOptions { max_changes: 2, ..RemedyOptions::default() };
/// assert_eq!(options.limit, 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemedyOptions {
    /// How many changes a remedy may be; 3 by default, and never more than 8.
    pub max_changes: usize,
    /// How many remedies to tell; 10 by default.
    pub limit: usize,
    /// When the changes would be made: assignments that have ended by then are dropped first, as
    /// [`Engine::apply`] does. By default so long ago that none has.
    pub at: Timestamp,
}

impl Default for RemedyOptions {
    fn default() -> RemedyOptions {
        RemedyOptions {
            max_changes: 3,
            limit: 10,
            at: Timestamp(i64::MIN),
        }
    }
}

/// What would turn a denial into an allow; made by [`Engine::remedies`].
///
/// Its `Display` is a numbered list to read aloud.
#[derive(Debug, Clone, Serialize)]
#[must_use]
pub struct Remedies {
    #[serde(serialize_with = "decided")]
    decision: Decision,
    sets: Vec<Remedy>,
    is_larger: bool,
    is_complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    none: Option<NoRemedy>,
}

/// Changes that allow together what was denied, and of which no part can be left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Remedy {
    /// The changes, to be made as one transaction.
    pub changes: Vec<Change>,
    /// What they are, part by part.
    pub mends: Vec<Mend>,
    /// What they open, and to how many.
    pub opens: Opened,
    /// Everything that somebody can do or see otherwise then, gained or lost, by name: operations, fields
    /// seen in clear, rights of administration.
    pub effects: Vec<RemedyEffect>,
    /// The same of tokens, for each role that they may bring (D18).
    pub tokens: Vec<TokenEffect>,
    /// Who may make them.
    pub makers: Makers,
}

/// Why there is no remedy.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoRemedy {
    /// There is nothing to mend.
    Allowed,
    /// Nothing is left to mend once the assignments that have ended by the stated time are dropped.
    AllowedByThen,
    /// The request is at fault: an unknown or invalid name, another account, asked the wrong way.
    Request {
        /// What is wrong with it.
        causes: Vec<Cause>,
    },
    /// Conditions on the record, the subject or the context do not hold, of the operation or of every
    /// pair that could otherwise allow it. Properties are facts; no change of them is proposed.
    Conditions {
        /// Those that do not hold.
        causes: Vec<Cause>,
    },
    /// No change of the kinds proposed brings what is missing to this subject: a scope that no permission
    /// offers, a deny in a system role that a token brings, a feature that the product no longer has.
    OutOfReach {
        /// What is missing.
        causes: Vec<Cause>,
    },
    /// None was found, and that is not to say that there is none: the search stopped short, or a guard
    /// refused all that was tried (A5).
    NotFound,
}

impl NoRemedy {
    /// Properties of the record and the context (`resource.status`) that conditions read and the request leaves
    /// out: with them the answer may be another.
    pub fn left_out(&self) -> Vec<&str> {
        let mut properties = Vec::new();
        let causes = match self {
            NoRemedy::Conditions { causes } => &causes[..],
            NoRemedy::Allowed
            | NoRemedy::AllowedByThen
            | NoRemedy::Request { .. }
            | NoRemedy::OutOfReach { .. }
            | NoRemedy::NotFound => &[],
        };
        for cause in causes {
            if let Cause::Condition(condition) = cause
                && condition.code == Code::PropertyMissing.as_str()
                && let Some(property) = condition.fault.as_deref()
                && (property.starts_with("resource.") || property.starts_with("context."))
                && !properties.contains(&property)
            {
                properties.push(property);
            }
        }
        properties
    }
}

impl Remedies {
    /// The decision that is to be mended: what a check gives.
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// The remedies, best first: what opens the fewest operations, fields and rights of administration,
    /// those of all users, and of all roles that tokens may bring, added up; then what is the fewest changes;
    /// then what concerns the fewest users.
    pub fn sets(&self) -> &[Remedy] {
        &self.sets
    }

    /// Whether nothing of at most so many changes was found, and the only one told is larger.
    pub const fn is_larger(&self) -> bool {
        self.is_larger
    }

    /// Whether every remedy of at most so many changes is told, of the kinds that
    /// [`Engine::remedies`] proposes. Otherwise the search stopped short, or the limit did.
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Why there is none; `None` where there is one, or none was wanted.
    pub const fn none(&self) -> Option<&NoRemedy> {
        self.none.as_ref()
    }
}

impl Engine {
    /// [`InContext::remedies`] in an empty context.
    pub fn remedies<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
        options: &RemedyOptions,
    ) -> Remedies {
        let asked = self.in_context(&());
        asked.remedies(subject, action, resource, options)
    }
}

impl<C: Context + ?Sized> InContext<'_, C> {
    /// What would let the subject do this (Q3)?
    ///
    /// Each remedy is a transaction that was tried: with it the request is allowed, and no part of it
    /// can be left out. The first ones [open](Opened) least to fewest.
    ///
    /// Proposed are changes that reach the subject: of a user, roles and packages to assign and roles to
    /// put in packages that they have, each without an end; of any subject, grants to roles of the
    /// account that they hold (at the narrowest scope that is offered and will do), denies to take out of
    /// those, assignments that deny to revoke, features to enable, settings to move to the most senior
    /// role that they hold, a suspension to end. Positions, properties and the record are facts: no
    /// change of them is proposed. Nor are roles to be made, or edges of inheritance. A role that the
    /// user does not have is edited only where nothing else was found. Of system roles that the catalog
    /// keeps out of lists, none is named.
    ///
    /// Guards bind (A5), as for everybody. Who may make a remedy is told beside it, from the rules of
    /// the catalog (A2 to A4); the host itself may make each.
    ///
    /// Costs an explanation; for each permission that is missing a look at every role, and at every
    /// package that holds one which grants it; and for each set tried a transaction and a check. Sets,
    /// transactions and users tried are bounded, and the answer says where that cut it short.
    ///
    /// ```
    /// use bailiwick::admin::Change;
    /// use bailiwick::explain::RemedyOptions;
    /// use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }, { path = "orders.export" }, { path = "staff" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [
    /// #       { type = "order", action = "list", on = "type", allowed_by = ["orders"] },
    /// #       { type = "order", action = "export", on = "type", allowed_by = ["orders.export"] },
    /// #     ]
    /// #     administration = { changes = { edit_assignments = "staff" }, account_roles = { assign = "staff" } }
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument {
    /// #     roles: vec![
    /// #         RoleDocument::new("seller").grant("orders"),
    /// #         RoleDocument::new("clerk").grant("orders.*"),
    /// #         RoleDocument::new("head").grant("*"),
    /// #     ],
    /// #     ..PolicyDocument::new(1)
    /// # };
    /// # let users = [
    /// #     UserDocument::new("ann").role("seller"),
    /// #     UserDocument::new("bob").role("seller"),
    /// #     UserDocument::new("cay").role("head"),
    /// # ];
    /// # let engine = Engine::new(&catalog, policy, DirectoryDocument::new(users), Timestamp(0), Warnings::Refuse)?;
    /// let orders = OnType::named("order");
    /// let remedies = engine.remedies("ann", "export", &orders, &RemedyOptions::default());
    /// assert_eq!(remedies.sets()[0].changes, [Change::assign_role("ann", "clerk")]);
    /// assert_eq!(remedies.to_string(), "\
    /// 1. Assign role `clerk` to `ann`. Opens one operation to one user. `cay` may make it.
    /// 2. Let role `seller` grant `orders.export` at `all`. \
    /// Opens 2 operations to 2 users together. No user may make it.
    /// 3. Assign role `head` to `ann`. Opens one operation and 2 rights to one user: \
    /// right `edit_assignments`; right to give roles of the account. `cay` may make it.
    /// ");
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn remedies<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
        options: &RemedyOptions,
    ) -> Remedies {
        let (subject, action) = (subject.into(), action.into());
        let context = self.context();
        let decision = self.check(subject, action, resource);
        let none = |reason| Remedies {
            decision,
            sets: Vec::new(),
            is_larger: false,
            is_complete: true,
            none: Some(reason),
        };
        if decision.is_allow() {
            return none(NoRemedy::Allowed);
        }
        let engine = match decision.reason() {
            // No change helps: what it would be made to is not known here.
            Some(DenyReason::NotReady) => self.engine().clone(),
            _ => without_ended(self.engine(), options.at),
        };
        let why = engine
            .in_context(context)
            .explain(subject, action, resource);
        if why.decision().is_allow() {
            return none(NoRemedy::AllowedByThen);
        }
        let state = engine.state();
        let faults = why.obstacles.iter();
        let faults = faults.filter(|it| !matches!(it, Cause::Suspended { .. }));
        let faults: Vec<Cause> = faults.cloned().collect();
        let operation = match state.operation_asked_by_all(action, resource) {
            Ok(operation) if faults.is_empty() => operation,
            _ => return none(NoRemedy::Request { causes: faults }),
        };
        let standpoint = state.standpoint(&subject);
        let needed = state.narrowest_scope(&standpoint, resource);
        let case = Case::of(
            state,
            &why,
            operation,
            needed,
            standpoint.position.is_some(),
        );
        let ask = |engine: &Engine| engine.in_context(context).check(subject, action, resource);
        let trial = Trial::of(&case, &engine, options.at, &ask);
        answer(&trial, &why, decision, options)
    }
}

/// The engine at that time.
fn without_ended(engine: &Engine, at: Timestamp) -> Engine {
    match engine.next_expiry() {
        Some(end) if end <= at => {
            let applied = engine.apply(&Actor::System, at, &[]);
            applied.map_or_else(|_| engine.clone(), |it| it.into_engine())
        }
        _ => engine.clone(),
    }
}
