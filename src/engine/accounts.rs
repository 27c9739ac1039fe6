//! Many accounts over one catalog.

use std::collections::HashMap;

use super::check::unstated;
use super::{Engine, Loaded};
use crate::Timestamp;
use crate::catalog::Catalog;
use crate::decision::{Code, Decision, Denial, Part, Verdict};
use crate::document::{DirectoryDocument, Parsed, PolicyDocument, Problem, Problems};
use crate::request::{Action, Resource, Subject};

/// The engines of many accounts over one catalog, loaded, replaced and dropped one by one.
///
/// ```
/// use bailiwick::{Accounts, Catalog, OnType, Subject, Timestamp, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 1
/// #     id = "shop"
/// #     version = 1
/// #     accounts = "many"
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "create", on = "type", allowed_by = ["orders"] }]
/// # "#))?;
/// let mut accounts = Accounts::new(catalog);
/// for account in ["acme", "globex"] {
///     let policy = PolicyDocument {
///         account: Some(account.to_owned()),
///         roles: vec![RoleDocument::new("seller").grant("orders")],
///         ..PolicyDocument::new(1)
///     };
///     let directory = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
///     accounts.load(policy, directory, Timestamp(0))?;
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
    engines: HashMap<Box<str>, Engine>,
}

impl Accounts {
    /// No accounts yet.
    pub fn new(catalog: Catalog) -> Accounts {
        Accounts {
            catalog,
            engines: HashMap::new(),
        }
    }

    /// The catalog they share.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Loads an account, or replaces it; the warnings are returned.
    ///
    /// # Errors
    /// Every problem of its documents. The other accounts, and this one's engine if it had one,
    /// stay as they are (D16).
    pub fn load(
        &mut self,
        policy: impl Into<Parsed<PolicyDocument>>,
        directory: impl Into<Parsed<DirectoryDocument>>,
        at: Timestamp,
    ) -> Result<Vec<Problem>, Problems> {
        let Loaded { engine, warnings } = Engine::new(&self.catalog, policy, directory, at)?;
        let account = engine.account().unwrap_or_default().into();
        self.engines.insert(account, engine);
        Ok(warnings)
    }

    /// Drops an account; its engine, if it had one.
    pub fn remove(&mut self, account: &str) -> Option<Engine> {
        self.engines.remove(account)
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
        let (subject, action) = (subject.into(), action.into());
        if let Some(engine) = resource.account().and_then(|it| self.engines.get(it)) {
            return engine.check(subject, action, resource);
        }
        // No engine decides: the reasons that D17 puts before a wrong account come first.
        let denial = unstated(&subject, action, resource, true)
            .unwrap_or(Denial::on(Code::WrongAccount, Part::Resource));
        Decision::new(0, self.catalog.0.brand, Verdict::deny(denial))
    }
}
