//! Many accounts over one catalog.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::check::unstated;
use super::evaluate::Extent;
use super::{Engine, InContext, State};
use crate::Timestamp;
use crate::catalog::Catalog;
use crate::decision::{Code, Decision, Denial, Part, Verdict};
use crate::document::{AskedOn, DirectoryDocument, Parsed, PolicyDocument, Problems, Warnings};
use crate::id::OperationId;
use crate::request::{Action, Context, OnType, Owner, Resource, Subject};

/// The engines of many accounts over one catalog, loaded, replaced and dropped one by one.
///
/// What the catalog says is held once for all of them, with what its system roles come to. Cloning it
/// copies a pointer for each account; an account is looked up by a hash keyed at random.
///
/// ```
/// use bailiwick::{Accounts, Catalog, OnType, Subject, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     accounts = "many"
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "create", on = "type", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// let mut accounts = Accounts::new(catalog);
/// for account in ["acme", "globex"] {
///     let policy = PolicyDocument {
///         account: Some(account.to_owned()),
///         roles: vec![RoleDocument::new("seller").grant("orders")],
///         ..PolicyDocument::new(1)
///     };
///     let directory = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
///     accounts.load(policy, directory, Timestamp(0), Warnings::Refuse)?;
/// }
/// let orders = OnType::named("order").account("acme");
/// assert!(accounts.check(Subject::user("ann").account("acme"), "create", &orders).is_allow());
/// // One account's Ann is not the other's.
/// let denied = accounts.check(Subject::user("ann").account("globex"), "create", &orders);
/// assert_eq!(denied.code(), "wrong_account");
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Debug, Clone)]
pub struct Accounts {
    catalog: Catalog,
    engines: HashMap<Arc<str>, Engine, RandomState>,
}

/// An engine that was compiled with another catalog, and cannot stand among these accounts.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the engine was compiled with another catalog")]
pub struct OtherCatalog(pub Engine);

impl Accounts {
    /// No accounts yet.
    pub fn new(catalog: Catalog) -> Accounts {
        Accounts {
            catalog,
            engines: HashMap::default(),
        }
    }

    /// The catalog they share.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Loads an account, or replaces it.
    ///
    /// # Errors
    /// Every problem of its documents. The other accounts, and this one's engine if it had one,
    /// stay as they are (D16).
    pub fn load(
        &mut self,
        policy: impl Into<Parsed<PolicyDocument>>,
        directory: impl Into<Parsed<DirectoryDocument>>,
        at: Timestamp,
        warnings: Warnings<'_>,
    ) -> Result<(), Problems> {
        self.put(Engine::new(&self.catalog, policy, directory, at, warnings)?);
        Ok(())
    }

    /// Puts an engine in the place of its account: one that [`Engine::apply`] made, or one compiled
    /// elsewhere, on another thread say. The engine that the account had is returned.
    ///
    /// # Errors
    /// [`OtherCatalog`], with the engine, if it was not compiled with this very catalog: a clone of the
    /// [`Catalog`] is the same, the same document read again is another.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     accounts = "many"
    /// #     permissions = [{ path = "orders" }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::admin::{Actor, Change};
    /// use bailiwick::{Accounts, Timestamp};
    /// let mut accounts = Accounts::new(catalog);
    /// let policy = PolicyDocument { account: Some("acme".to_owned()), ..PolicyDocument::new(1) };
    /// accounts.load(policy, DirectoryDocument::new([]), Timestamp(0), Warnings::Refuse)?;
    ///
    /// let engine = accounts.engine("acme").ok_or("not loaded")?;
    /// let hired = [Change::CreateUser { user: UserDocument::new("ann") }];
    /// let applied = engine.apply(&Actor::System, Timestamp(1), &hired)?;
    /// let before = accounts.insert(applied.into_engine())?;
    /// assert!(before.is_some());
    /// assert_eq!(accounts.engine("acme").map(|it| it.user_count()), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert(&mut self, engine: Engine) -> Result<Option<Engine>, OtherCatalog> {
        match engine.0.catalog_brand == self.catalog.0.brand {
            true => Ok(self.put(engine)),
            false => Err(OtherCatalog(engine)),
        }
    }

    fn put(&mut self, engine: Engine) -> Option<Engine> {
        let account = engine.0.account.clone().unwrap_or_default();
        self.engines.insert(account, engine)
    }

    /// Drops an account; its engine, if it had one.
    pub fn remove(&mut self, account: &str) -> Option<Engine> {
        let engine = self.engines.remove(account);
        if self.engines.len() < self.engines.capacity() / 4 {
            self.engines.shrink_to_fit();
        }
        engine
    }

    /// The engine of an account.
    pub fn engine(&self, account: &str) -> Option<&Engine> {
        self.engines.get(account)
    }

    /// The accounts' ids with their engines, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Engine)> {
        self.engines
            .iter()
            .map(|(account, engine)| (account.as_ref(), engine))
    }

    /// How many accounts are loaded.
    pub fn len(&self) -> usize {
        self.engines.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.engines.is_empty()
    }

    /// Asks in a context. The questions asked of the accounts themselves have an empty one.
    pub fn in_context<'e, C: Context + ?Sized>(
        &'e self,
        context: &'e C,
    ) -> AccountsInContext<'e, C> {
        AccountsInContext {
            accounts: self,
            context,
        }
    }

    /// [`Engine::check`] in the account that the resource states (D11).
    ///
    /// An account that is not loaded denies as `wrong_account`, a resource that states none as
    /// `missing_account`; both decisions carry revision 0.
    pub fn check<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        self.in_context(&()).check(subject, action, resource)
    }

    /// [`check`](Accounts::check) for each of many requests, in their order, each in the account that
    /// its own resource states.
    pub fn check_many<'a, S, A, R>(
        &self,
        requests: impl IntoIterator<Item = (S, A, &'a R)>,
    ) -> impl Iterator<Item = Decision>
    where
        S: Into<Subject<'a>>,
        A: Into<Action<'a>>,
        R: Resource + ?Sized + 'a,
    {
        requests
            .into_iter()
            .map(|(subject, action, resource)| self.check(subject, action, resource))
    }

    /// [`Engine::can_any`] in the account that is stated.
    pub fn can_any<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        on: &OnType<'_>,
    ) -> Decision {
        self.in_context(&()).can_any(subject, action, on)
    }

    /// [`Engine::check_create`] in the account that the record states.
    pub fn check_create<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        record: &R,
    ) -> Decision {
        self.in_context(&()).check_create(subject, action, record)
    }

    /// [`AccountsInContext::check_change`] in an empty context.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     accounts = "many"
    /// #     permissions = [{ path = "orders" }]
    /// #     types = [{ id = "order", reassign = "hand_over" }]
    /// #     [[operations]]
    /// #     type = "order"
    /// #     action = "edit"
    /// #     on = "record"
    /// #     allowed_by = ["orders"]
    /// #     [[operations]]
    /// #     type = "order"
    /// #     action = "hand_over"
    /// #     on = "record"
    /// #     allowed_by = ["orders"]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::{Accounts, Record, Subject, Timestamp};
    /// let mut accounts = Accounts::new(catalog);
    /// for (account, clerk) in [("acme", "ann"), ("globex", "bob")] {
    ///     let policy = PolicyDocument {
    ///         account: Some(account.to_owned()),
    ///         roles: vec![RoleDocument::new("clerk").grant("orders")],
    ///         ..PolicyDocument::new(1)
    ///     };
    ///     let directory = DirectoryDocument::new([UserDocument::new(clerk).role("clerk")]);
    ///     accounts.load(policy, directory, Timestamp(0), Warnings::Refuse)?;
    /// }
    /// let before = Record::of("order").id("7").account("acme").owner("ann");
    /// let after = Record::of("order").id("7").account("globex").owner("bob");
    /// // Whoever moves it is somebody in both accounts: Ann here, and there Bob.
    /// let (ann, bob) = (Subject::user("ann").account("acme"), Subject::user("bob").account("globex"));
    /// assert!(accounts.check_change("edit", (ann, &before), (bob, &after)).is_allow());
    /// // Ann is nobody in the other account.
    /// let denied = accounts.check_change("edit", (ann, &before), (ann, &after));
    /// assert_eq!(denied.code(), "wrong_account");
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn check_change<'a, B: Resource + ?Sized, A: Resource + ?Sized>(
        &self,
        action: impl Into<Action<'a>>,
        before: (impl Into<Subject<'a>>, &B),
        after: (impl Into<Subject<'a>>, &A),
    ) -> Decision {
        self.in_context(&()).check_change(action, before, after)
    }
}

/// Accounts, asked in a context: the same questions, with properties of the context for the conditions
/// that read them (D10).
#[derive(Debug)]
pub struct AccountsInContext<'e, C: ?Sized> {
    accounts: &'e Accounts,
    context: &'e C,
}

impl<C: Context + ?Sized> AccountsInContext<'_, C> {
    /// [`Accounts::check`] in this context.
    pub fn check<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        let (subject, action) = (subject.into(), action.into());
        self.within(&subject, action, resource, |engine| {
            engine.check(subject, action, resource)
        })
    }

    /// [`Accounts::can_any`] in this context.
    pub fn can_any<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        on: &OnType<'_>,
    ) -> Decision {
        let (subject, action) = (subject.into(), action.into());
        self.within(&subject, action, on, |engine| {
            engine.can_any(subject, action, on)
        })
    }

    /// [`Accounts::check_create`] in this context.
    pub fn check_create<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        record: &R,
    ) -> Decision {
        let (subject, action) = (subject.into(), action.into());
        self.within(&subject, action, record, |engine| {
            engine.check_create(subject, action, record)
        })
    }

    /// May a record be changed from one state to the other, its account included (D11, D19)? Each
    /// state comes with the subject that asks in its account: nobody is known in two.
    ///
    /// Within one account both subjects are asked [`Engine::check_change`]. From account to account
    /// the operation must be allowed on the earlier state in its account and on the later in its own,
    /// and so, unless neither state has an owner, must the type's `reassign` operation: owners of two
    /// accounts are never the same. Where the catalog names none, nobody may.
    ///
    /// The answer is the first denial, or the allow on the later state. States of different types or
    /// ids are denied as `different_records`.
    pub fn check_change<'a, B: Resource + ?Sized, A: Resource + ?Sized>(
        &self,
        action: impl Into<Action<'a>>,
        before: (impl Into<Subject<'a>>, &B),
        after: (impl Into<Subject<'a>>, &A),
    ) -> Decision {
        let action = action.into();
        let ((giving, before), (taking, after)) =
            ((before.0.into(), before.1), (after.0.into(), after.1));
        let from = match self.engine_of(&giving, action, before) {
            Ok(from) => from,
            Err(denied) => return denied,
        };
        let to = match self.engine_of(&taking, action, after) {
            Ok(to) => to,
            Err(denied) => {
                return match from.0.settle(&giving, action, before) {
                    Err(earlier) => from.0.deny(earlier),
                    Ok(_) => denied,
                };
            }
        };
        if before.account() == after.account() {
            let within = from.in_context(self.context);
            let given = within.check_change(giving, action, before, after);
            if !given.is_allow() {
                return given;
            }
            return within.check_change(taking, action, before, after);
        }
        let (from, to) = (&*from.0, &*to.0);
        let operation = match (
            from.settle(&giving, action, before),
            to.settle(&taking, action, after),
        ) {
            (Err(denial), _) => return from.deny(denial),
            (_, Err(denial)) => return to.deny(denial),
            (Ok(old), Ok(new)) => {
                let on_records = [before.asked_on(), after.asked_on()] == [AskedOn::Record; 2];
                if !on_records || !from.is_on(old, AskedOn::Record) {
                    return from.deny(Denial::of(Code::AskedWrongWay));
                }
                if old != new || before.id() != after.id() {
                    return from.deny(Denial::of(Code::DifferentRecords));
                }
                old
            }
        };
        let left = self.ask(from, &giving, action, before);
        if !left.is_allow() {
            return left;
        }
        let entered = self.ask(to, &taking, action, after);
        let unowned = matches!((before.owner(), after.owner()), (Owner::None, Owner::None));
        if !entered.is_allow() || unowned {
            return entered;
        }
        let Some(reassign) = from.reassign(operation) else {
            return from.deny(Denial::of(Code::OwnerIsFixed));
        };
        let reassign = OperationId::new(u32::from(reassign), from.model().brand);
        let given_up = self.ask(from, &giving, Action::Operation(reassign), before);
        if !given_up.is_allow() {
            return given_up;
        }
        let taken_on = self.ask(to, &taking, Action::Operation(reassign), after);
        match taken_on.is_allow() {
            true => entered,
            false => taken_on,
        }
    }

    /// Asks the engine of the account that the resource states.
    #[inline]
    fn within<R: Resource + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
        ask: impl FnOnce(InContext<'_, C>) -> Decision,
    ) -> Decision {
        match self.engine_of(subject, action, resource) {
            Ok(engine) => ask(engine.in_context(self.context)),
            Err(denied) => denied,
        }
    }

    fn ask<R: Resource + ?Sized>(
        &self,
        state: &State,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
    ) -> Decision {
        state.check(subject, action, resource, self.context, Extent::Record)
    }

    /// The engine of the account that the resource states, or why there is none.
    fn engine_of<R: Resource + ?Sized>(
        &self,
        subject: &Subject<'_>,
        action: Action<'_>,
        resource: &R,
    ) -> Result<&Engine, Decision> {
        let account = resource.account();
        account
            .and_then(|it| self.accounts.engines.get(it))
            .ok_or_else(|| {
                // No engine decides: the reasons that D17 puts before a wrong account come first.
                let denial = unstated(subject, action, resource, true)
                    .unwrap_or(Denial::on(Code::WrongAccount, Part::Resource));
                let brand = self.accounts.catalog.0.brand;
                Decision::new(0, brand, Verdict::deny(denial))
            })
    }
}
