//! Who may do this (Q5)?

use std::fmt;
use std::iter::FusedIterator;

use super::conditions::{Fact, Standing, standing};
use super::needed::Needed;
use crate::Scope;
use crate::catalog::{Bearer, Operation};
use crate::decision::{Code, Decision, Denial, Denied, NONE, Verdict};
use crate::document::{AskedOn, Reach};
use crate::engine::{Engine, InContext, State, User};
use crate::id::{PropertyId, UserId};
use crate::request::{Action, Context, OnType, Resource, Value};

/// A user who may, and the decision that a check answers: its scope, its permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed<'e> {
    /// The user.
    pub user: UserId,
    /// The user's id.
    pub id: &'e str,
    /// The allow.
    pub decision: Decision,
}

impl Engine {
    /// [`InContext::who_can`] in an empty context.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Record, Scope, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders", scopes = ["own", "reports"] }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"] }]
    /// # "#), Warnings::Refuse)?;
    /// let policy = PolicyDocument::from_toml("policy.toml", r#"
    ///     format = 2
    ///     catalog_version = 1
    ///     roles = [
    ///       { id = "seller", grants = [{ select = "orders", scope = "own" }] },
    ///       { id = "lead", grants = [{ select = "orders", scope = "reports" }] },
    ///     ]
    ///     positions = [{ id = "east" }, { id = "boston", reports_to = ["east"] }]
    /// "#);
    /// let directory = DirectoryDocument::from_toml("directory.toml", r#"
    ///     format = 2
    ///     users = [
    ///       { id = "ann", roles = ["lead"], position = "east" },
    ///       { id = "bob", roles = ["seller"], position = "boston" },
    ///       { id = "cay", roles = ["seller"], position = "boston" },
    ///     ]
    /// "#);
    /// let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;
    ///
    /// let order = Record::of("order").id("7").owner("bob");
    /// let who: Vec<_> = engine.who_can("cancel", &order)?
    ///     .map(|allowed| (allowed.id, allowed.decision.scope()))
    ///     .collect();
    /// assert_eq!(who, [("ann", Some(Scope::Reports)), ("bob", Some(Scope::Own))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn who_can<'e, 'r, 'a, R: Resource + ?Sized>(
        &'e self,
        action: impl Into<Action<'a>>,
        resource: &'r R,
    ) -> Result<WhoCan<'e, 'r, R>, Denied> {
        self.in_context(&()).who_can(action, resource)
    }

    /// [`InContext::who_can_any`] in an empty context.
    ///
    /// # Errors
    /// As there.
    pub fn who_can_any<'e, 'r, 'a>(
        &'e self,
        action: impl Into<Action<'a>>,
        on: &'r OnType<'r>,
    ) -> Result<WhoCan<'e, 'r, OnType<'r>>, Denied> {
        self.in_context(&()).who_can_any(action, on)
    }
}

impl<'e, C: Context + ?Sized> InContext<'e, C> {
    /// Every user of the directory who may do this to the resource, in the directory's order: those for
    /// whom [`check`](InContext::check) allows, each with its decision. Suspended users may nothing.
    ///
    /// Bearers of tokens are not among them: the engine does not know who holds one (D18). Where a
    /// token bears the id of a user, it is answered by the roles that it brings, not by the user's.
    ///
    /// Cost: a look at each access set and at each position when called, and at each user while
    /// iterating. Only conditions on properties of the subject are asked of users one by one.
    ///
    /// # Errors
    /// Where the request is such that every user is denied whatever they hold: an unknown type or
    /// action, a missing or other account of the resource, an invalid identifier, asked the wrong way.
    pub fn who_can<'r, 'a, R: Resource + ?Sized>(
        &self,
        action: impl Into<Action<'a>>,
        resource: &'r R,
    ) -> Result<WhoCan<'e, 'r, R, C>, Denied> {
        let state = self.engine().state();
        let asked = WhoCan::new(state, action.into(), resource, self.context(), false);
        asked.map_err(|denial| state.refuse(denial))
    }

    /// Every user of the directory who could do this to some record at all: those for whom
    /// [`can_any`](InContext::can_any) allows (D14), as [`who_can`](InContext::who_can) does.
    ///
    /// # Errors
    /// As there.
    pub fn who_can_any<'r, 'a>(
        &self,
        action: impl Into<Action<'a>>,
        on: &'r OnType<'r>,
    ) -> Result<WhoCan<'e, 'r, OnType<'r>, C>, Denied> {
        let state = self.engine().state();
        let asked = WhoCan::new(state, action.into(), on, self.context(), true);
        asked.map_err(|denial| state.refuse(denial))
    }
}

/// The users who may do something; made by [`Engine::who_can`].
pub struct WhoCan<'e, 'r, R: ?Sized, C: ?Sized = ()> {
    state: &'e State,
    resource: &'r R,
    context: &'e C,
    operation: &'e Operation,
    /// Whether people below may lend (S6).
    lends: bool,
    /// In catalog order, without those that give nothing to anybody.
    pairs: Vec<Candidate>,
    /// By number of the access set, how far it reaches: 0 nowhere, [`DIFFERS`] by the user.
    reach: Vec<u8>,
    /// By number of the access set, the permission that reaches so far.
    permissions: Vec<u16>,
    needed: Needed,
    next: u32,
    end: u32,
}

/// The scope of an access set whose users are looked at one by one, for their conditions or for what
/// they are lent (S6). It is wider than any that is needed.
const DIFFERS: u8 = Scope::All as u8 + 1;

/// A pair by which somebody may.
struct Candidate {
    pair: u16,
    permission: u16,
    /// Whether its conditions depend on the subject.
    is_open: bool,
}

impl<'e, 'r, R: Resource + ?Sized, C: Context + ?Sized> WhoCan<'e, 'r, R, C> {
    fn new(
        state: &'e State,
        action: Action<'_>,
        resource: &'r R,
        context: &'e C,
        of_any_record: bool,
    ) -> Result<Self, Denial> {
        let model = state.model();
        let number = state.operation_asked_by_all(action, resource)?;
        let operation = model.operations.get(number as usize);
        let operation = operation.ok_or(Denial::of(Code::UnknownAction))?;
        // `can_any` is asked of the type, whatever the operation is on (D14).
        if operation.on != resource.asked_on() && !of_any_record {
            return Err(Denial::of(Code::AskedWrongWay));
        }
        let of_record = operation.on == AskedOn::Record && !of_any_record;
        let is_conditional = of_record || operation.on == AskedOn::Type;
        let fact = |property| read(state, property, resource, context, || Fact::Unknown);
        let mut pairs = Vec::with_capacity(operation.pairs.len());
        for index in operation.pairs.clone() {
            let Some(pair) = model.pairs.get(index as usize) else {
                continue;
            };
            let standing = match is_conditional {
                true => standing(model, operation, pair, &fact),
                false => Standing::Hold,
            };
            if standing != Standing::Fail && state.late_feature(number, index).is_none() {
                pairs.push(Candidate {
                    pair: index,
                    permission: pair.permission,
                    is_open: standing == Standing::Open,
                });
            }
        }
        let lends = of_record && model.reach == Reach::Accessible;
        let sets = match pairs.is_empty() {
            true => 0,
            false => state.set_numbers() as usize,
        };
        let (reach, permissions): (Vec<u8>, Vec<u16>) = (0..sets)
            .map(|set| widest_pair(state, set, &pairs, lends))
            .unzip();
        // Of what nobody may, the positions need no look.
        let is_anybody = reach.iter().any(|scope| *scope > 0);
        let (needed, end) = match (is_anybody, of_record) {
            (false, _) => (Needed::NOTHING, 0),
            (true, false) => (Needed::NOTHING, state.user_numbers()),
            (true, true) => (Needed::by(state, resource), state.user_numbers()),
        };
        Ok(WhoCan {
            state,
            resource,
            context,
            operation,
            lends,
            pairs,
            reach,
            permissions,
            needed,
            next: 0,
            end,
        })
    }

    /// The widest pair that allows this user, then catalog order (D17).
    #[inline(never)]
    fn look(&self, user: u32, record: User, needed: u8) -> Option<(u8, u16)> {
        let mut widest: Option<(u8, u16)> = None;
        for candidate in &self.pairs {
            let reached = self.state.pair_scope(record.access(), candidate.pair);
            let Some(Ok(mut scope)) = reached else {
                continue;
            };
            if self.lends
                && self
                    .state
                    .is_lent_to(record.position, scope, candidate.pair)
            {
                scope = Scope::All as u8;
            }
            if scope >= needed
                && widest.is_none_or(|(best, _)| scope > best)
                && (!candidate.is_open || self.conditions_hold(user, candidate.pair))
            {
                widest = Some((scope, candidate.permission));
            }
        }
        widest
    }

    fn conditions_hold(&self, user: u32, pair: u16) -> bool {
        let model = self.state.model();
        let fact = |property| {
            let of_subject = || {
                let declared = model.properties.get(property as usize);
                Fact::Is(match declared.map(|it| it.bearer) {
                    Some(Bearer::SubjectId) => self.state.user_id(user).map(Value::Text),
                    _ => self.state.user_property(user, property).map(Into::into),
                })
            };
            read(
                self.state,
                property,
                self.resource,
                self.context,
                of_subject,
            )
        };
        let pair = model.pairs.get(pair as usize);
        pair.is_some_and(|it| standing(model, self.operation, it, &fact) == Standing::Hold)
    }

    /// Whether this user may: the scope and the permission of the allow.
    #[inline]
    fn allowed(&self, user: u32) -> Option<(u8, u16)> {
        let record = self.state.user_record(user)?;
        let set = record.access();
        let needed = self.needed.of(user, record.position);
        // One comparison for most: whether it holds is all that cannot be predicted.
        let reach = self.reach.get(set).copied()?;
        if reach < needed || record.is_suspended() {
            return None;
        }
        match reach {
            DIFFERS => self.look(user, record, needed),
            scope => Some((scope, self.permissions.get(set).copied()?)),
        }
    }
}

/// How far the users of an access set reach, and by which permission, after D17.
fn widest_pair(state: &State, set: usize, pairs: &[Candidate], lends: bool) -> (u8, u16) {
    let mut widest = (0, NONE);
    for candidate in pairs {
        let Some(Ok(scope)) = state.pair_scope(set, candidate.pair) else {
            continue;
        };
        let may_be_lent = lends && [Scope::Reports as u8, Scope::Peers as u8].contains(&scope);
        if candidate.is_open || may_be_lent {
            return (DIFFERS, NONE);
        }
        if scope > widest.0 {
            widest = (scope, candidate.permission);
        }
    }
    widest
}

/// What resource and context say of a property, and what else is known of the subject's.
fn read<'v, R: Resource + ?Sized, C: Context + ?Sized>(
    state: &'v State,
    property: u16,
    resource: &'v R,
    context: &'v C,
    of_subject: impl FnOnce() -> Fact<'v>,
) -> Fact<'v> {
    let model = state.model();
    let Some(declared) = model.properties.get(property as usize) else {
        return Fact::Is(None);
    };
    let handle = PropertyId::new(u32::from(property), model.brand);
    let value: Option<Value<'v>> = match declared.bearer {
        Bearer::Subject | Bearer::SubjectId => return of_subject(),
        Bearer::ResourceId(_) => resource.id().map(Value::Text),
        Bearer::ResourceOwner(_) => state.owner_id(resource.owner()).map(Value::Text),
        Bearer::Resource(_) => resource.property(handle, &declared.name),
        Bearer::Context => context.property(handle, &declared.name),
    };
    Fact::Is(value)
}

impl<'e, R: Resource + ?Sized, C: Context + ?Sized> Iterator for WhoCan<'e, '_, R, C> {
    type Item = Allowed<'e>;

    fn next(&mut self) -> Option<Allowed<'e>> {
        while self.next < self.end {
            let user = self.next;
            self.next += 1;
            if let Some((scope, permission)) = self.allowed(user)
                && let Some(id) = self.state.user_id(user)
            {
                let verdict = Verdict::allow(permission, scope, self.operation.filtered_by);
                return Some(Allowed {
                    user: self.state.user_handle(user),
                    id,
                    decision: self.state.decide(verdict),
                });
            }
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.next);
        (0, Some(left as usize))
    }
}

impl<R: Resource + ?Sized, C: Context + ?Sized> FusedIterator for WhoCan<'_, '_, R, C> {}

impl<R: ?Sized, C: ?Sized> fmt::Debug for WhoCan<'_, '_, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhoCan")
            .field("operation", &self.operation.action)
            .finish_non_exhaustive()
    }
}
