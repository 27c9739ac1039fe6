//! An engine that changes while threads check.
//!
//! - Readers never lock and never wait: what is published is one pointer to one whole engine. Two checks
//!   of one thread never see an older engine after a newer one.
//! - A change is prepared, stored by whoever keeps the journal, then published: nothing is visible
//!   before it is durable. One that fails leaves what was there.
//! - Publishing compares: what was prepared on an engine that is no longer the published one is a
//!   [`Conflict`], and [`Live::apply_with_retry`] asks for authority and guards anew on the newer one.
//! - Before anything is loaded everything is denied, as `not_ready`.

mod apply;
mod catch_up;
mod follow;
mod follow_many;
#[cfg(all(test, shuttle))]
mod model;
mod observe;
mod publish;
mod reader;
mod sync;
mod unread;
mod watched;

pub use apply::{ApplyError, Committed};
pub use catch_up::CaughtUp;
pub use follow::{Behind, FollowOptions, Follower, Following, Trouble};
pub use follow_many::{FollowerOfMany, FollowingMany, follow_many};
pub use publish::{Conflict, NotPrepared, Prepared};
pub use reader::Reader;
pub use unread::Unread;
pub use watched::Waits;

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::decision::{Code, Denial, Verdict};
use crate::decision_record::Names;
use crate::engine::Engine;
use crate::journal::{Digest, Head, OlderCatalogs, RefusedSink, Restored, catalog_digest};
use crate::request::{Action, Context, OnType, Resource, Subject};
use crate::{Catalog, Decision, DecisionRecord, Timestamp};
use apply::Applying;
use publish::Publishing;
use sync::{Cell, Mutex, Turns};

/// One account's engine, published to every thread of a host. Cheap to clone; clones are one.
///
/// ```
/// # use bailiwick::{Catalog, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// # let mut policy = PolicyDocument::new(1);
/// # policy.roles.push(RoleDocument::new("seller").grant("orders"));
/// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
/// use bailiwick::admin::{Actor, Change};
/// use bailiwick::live::Live;
/// use bailiwick::{Engine, OnType, Timestamp};
/// let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// let live = Live::new(engine);
///
/// let orders = OnType::named("order");
/// let threads = live.clone();
/// let before = std::thread::spawn(move || threads.check("ann", "list", &orders)).join().unwrap();
/// assert_eq!(before.code(), "not_granted");
///
/// let changes = vec![Change::assign_role("ann", "seller")];
/// let prepared = live.prepare(&Actor::System, Timestamp(1), changes, Some("she asked"))?;
/// // Here the host stores `prepared.sealed()`, in its own transaction or in a journal.
/// let revision = live.publish(prepared)?;
/// assert!(live.check_at_least(revision, "ann", "list", &orders)?.is_allow());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Live(Arc<Shared>);

struct Shared {
    catalog: Catalog,
    account: Option<Box<str>>,
    /// What readers see.
    published: Cell<Published>,
    /// Held by whoever replaces it.
    publishing: Mutex<Publishing>,
    /// Told of what is refused.
    refused: OnceLock<Arc<dyn RefusedSink>>,
    /// Held while a change goes into a journal, so that threads of one host queue and do not conflict.
    applying: Turns<Applying>,
}

/// One engine, and where its journal then was.
struct Published {
    engine: Engine,
    head: Head,
    /// When the revision was made.
    at: Timestamp,
    /// The digest of the engine's catalog.
    catalog: Digest,
    /// By which older versions of the catalog hosts may read the journal.
    older: OlderCatalogs,
    /// What the journal has that cannot be read here (D16). The engine then denies the people concerned.
    unread: Option<Unread>,
}

impl Live {
    /// Of an account that is not loaded yet: everything is denied as `not_ready`, until
    /// [`catch_up`](Live::catch_up) or a [`follow`](Live::follow)er loads it from its journal.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::{OnType, live::Live};
    /// let live = Live::not_ready(&catalog, None);
    /// assert_eq!(live.check("ann", "list", &OnType::named("order")).code(), "not_ready");
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn not_ready(catalog: &Catalog, account: Option<&str>) -> Live {
        Live::made(catalog.clone(), account, None)
    }

    /// Of an engine without a journal. Changes are prepared and published; where records are kept they
    /// are chained from [`Digest::ZERO`].
    pub fn new(engine: Engine) -> Live {
        let head = Head {
            revision: engine.revision(),
            digest: Digest::ZERO,
        };
        let catalog = catalog_digest(engine.catalog());
        let older = OlderCatalogs::unknown();
        Live::of(Restored::resumed(
            engine,
            head,
            Timestamp(0),
            catalog,
            older,
        ))
    }

    /// Of what was read of a journal.
    pub fn of(restored: Restored) -> Live {
        let published = Published::of(&restored);
        let engine = published.engine.clone();
        Live::made(engine.catalog().clone(), engine.account(), Some(published))
    }

    fn made(catalog: Catalog, account: Option<&str>, published: Option<Published>) -> Live {
        Live(Arc::new(Shared {
            catalog,
            account: account.map(Into::into),
            publishing: Mutex::new(Publishing::since(published.as_ref())),
            published: Cell::new(published.map(Arc::new)),
            refused: OnceLock::new(),
            applying: Turns::new(Applying::default()),
        }))
    }

    /// Tells a sink of every transaction that is refused here: they change nothing, so no journal has
    /// them. Whether it is the one that is told; the first stays.
    pub fn tell_refused(&self, sink: Arc<dyn RefusedSink>) -> bool {
        self.0.refused.set(sink).is_ok()
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The account's id, where the policy states one.
    pub fn account(&self) -> Option<&str> {
        self.0.account.as_deref()
    }

    /// The engine as it is now, for several questions to one revision, and for those that are not
    /// forwarded here. `None` before anything is loaded.
    pub fn engine(&self) -> Option<Engine> {
        Some(self.0.published.load().as_ref()?.engine.clone())
    }

    /// The engine, if it has come to that revision.
    ///
    /// # Errors
    /// [`NotYet`] where it has not.
    pub fn engine_at_least(&self, revision: u64) -> Result<Engine, NotYet> {
        let published = self.0.published.load();
        let engine = published.as_ref().map(|it| &it.engine);
        Ok(at_least(engine, revision)?.clone())
    }

    /// Where its journal was when this was published.
    pub fn head(&self) -> Option<Head> {
        Some(self.0.published.load().as_ref()?.head)
    }

    /// What the journal has that cannot be read here, as a newer host wrote it (D16); `None` where there is
    /// nothing, or nothing is loaded.
    pub fn unread(&self) -> Option<Unread> {
        self.0.published.load().as_ref()?.unread.clone()
    }

    /// The published revision.
    pub fn revision(&self) -> Option<u64> {
        Some(self.head()?.revision)
    }

    /// A reader for one thread, which checks at next to no cost above [`Engine::check`].
    pub fn reader(&self) -> Reader {
        Reader::new(self)
    }

    /// [`Engine::check`] by the engine as it is now; `not_ready` before anything is loaded.
    ///
    /// Takes no lock and allocates nothing, but once for a thread that has not looked at any `Live` before.
    /// Of several checks that must agree, ask one [`engine`](Live::engine).
    #[inline]
    pub fn check<'a, R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        match &*self.0.published.load() {
            Some(published) => published.engine.check(subject, action, resource),
            None => self.0.deny(),
        }
    }

    /// The same in a context.
    #[inline]
    pub fn check_in<'a, R: Resource + ?Sized, C: Context + ?Sized>(
        &self,
        context: &C,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        match &*self.0.published.load() {
            Some(published) => {
                let engine = published.engine.in_context(context);
                engine.check(subject, action, resource)
            }
            None => self.0.deny(),
        }
    }

    /// [`Engine::can_any`] by the engine as it is now.
    pub fn can_any<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        on: &OnType<'_>,
    ) -> Decision {
        match &*self.0.published.load() {
            Some(published) => published.engine.can_any(subject, action, on),
            None => self.0.deny(),
        }
    }

    /// [`check`](Live::check), unless this has not come to that revision: for a request that follows a
    /// change which another host may have made.
    ///
    /// # Errors
    /// [`NotYet`]: no decision is made from an older state. The host waits, asks another, or denies.
    pub fn check_at_least<'a, R: Resource + ?Sized>(
        &self,
        revision: u64,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Result<Decision, NotYet> {
        let published = self.0.published.load();
        let engine = published.as_ref().map(|it| &it.engine);
        Ok(at_least(engine, revision)?.check(subject, action, resource))
    }

    /// A decision for the host's own log ([`Engine::decision_record`]), also of one before anything was
    /// loaded. Names of users are those of the engine as it is now.
    pub fn decision_record<'a, R: Resource + ?Sized>(
        &self,
        at: Timestamp,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
        decision: Decision,
    ) -> DecisionRecord {
        let engine = self.engine();
        let names = Names {
            catalog: self.catalog(),
            engine: engine.as_ref(),
            account: self.account(),
        };
        names.record(at, &subject.into(), action.into(), resource, decision)
    }
}

impl Shared {
    /// What is answered before anything is loaded.
    #[cold]
    fn deny(&self) -> Decision {
        let denial = Denial::of(Code::NotReady);
        Decision::new(0, self.catalog.0.brand, Verdict::deny(denial))
    }
}

impl Published {
    fn of(restored: &Restored) -> Published {
        Published {
            engine: restored.engine().clone(),
            head: restored.head(),
            at: restored.at(),
            catalog: restored.catalog(),
            older: restored.older().clone(),
            unread: None,
        }
    }

    /// From where to go on with the journal.
    fn resume(&self) -> Restored {
        let whole = self.engine.whole().clone();
        let older = self.older.clone();
        Restored::resumed(whole, self.head, self.at, self.catalog, older)
    }

    /// Whether this is that engine, and not another of its revision.
    fn is(&self, engine: &Engine) -> bool {
        Arc::ptr_eq(&self.engine.0, &engine.0)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("catalog", &self.0.catalog)
            .field("account", &self.account())
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

/// A revision was asked for that is not here yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("revision {wanted} is not here yet: {}", Now(*.live))]
pub struct NotYet {
    /// The revision that was asked for.
    pub wanted: u64,
    /// The one that is here; `None` where nothing is loaded.
    pub live: Option<u64>,
}

struct Now(Option<u64>);

impl fmt::Display for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(revision) => write!(f, "this is revision {revision}"),
            None => f.write_str("nothing is loaded"),
        }
    }
}

fn at_least(engine: Option<&Engine>, wanted: u64) -> Result<&Engine, NotYet> {
    let live = engine.map(Engine::revision);
    engine
        .filter(|engine| engine.revision() >= wanted)
        .ok_or(NotYet { wanted, live })
}
