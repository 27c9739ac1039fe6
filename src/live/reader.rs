//! One thread's way to check.

use super::sync::Cached;
use super::{Live, NotYet, Published, at_least};
use crate::Decision;
use crate::engine::Engine;
use crate::request::{Action, Context, OnType, Resource, Subject};

/// One thread's way to check: keeps the engine that it last saw, so that a check costs one load and one
/// comparison more than [`Engine::check`], and sees what was published before all the same.
///
/// It keeps that engine alive until it looks again; a thread that rests for long drops its reader.
///
/// ```
/// # use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings, document::*, live::Live};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// #     types = [{ id = "order" }]
/// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
/// # "#), Warnings::Refuse)?;
/// # let users = DirectoryDocument::new([UserDocument::new("ann")]);
/// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Refuse)?;
/// # let live = Live::new(engine);
/// let mut reader = live.reader();
/// assert!(!reader.check("ann", "list", &OnType::named("order")).is_allow());
/// # Ok::<(), bailiwick::Problems>(())
/// ```
pub struct Reader {
    live: Live,
    seen: Cached<Published>,
}

impl Reader {
    pub(super) fn new(live: &Live) -> Reader {
        Reader {
            live: live.clone(),
            seen: live.0.published.cached(),
        }
    }

    /// What it reads.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The engine as it is now; `None` before anything is loaded.
    #[inline]
    pub fn engine(&mut self) -> Option<&Engine> {
        Some(&self.seen.load()?.engine)
    }

    /// The engine, if it has come to that revision.
    ///
    /// # Errors
    /// [`NotYet`] where it has not.
    pub fn engine_at_least(&mut self, revision: u64) -> Result<&Engine, NotYet> {
        at_least(self.engine(), revision)
    }

    /// [`Live::check`].
    #[inline]
    pub fn check<'a, R: Resource + ?Sized>(
        &mut self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        match self.seen.load() {
            Some(published) => published.engine.check(subject, action, resource),
            None => self.live.0.deny(),
        }
    }

    /// [`Live::check_in`].
    #[inline]
    pub fn check_in<'a, R: Resource + ?Sized, C: Context + ?Sized>(
        &mut self,
        context: &C,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Decision {
        match self.seen.load() {
            Some(published) => {
                let engine = published.engine.in_context(context);
                engine.check(subject, action, resource)
            }
            None => self.live.0.deny(),
        }
    }

    /// [`Live::can_any`].
    pub fn can_any<'a>(
        &mut self,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        on: &OnType<'_>,
    ) -> Decision {
        match self.seen.load() {
            Some(published) => published.engine.can_any(subject, action, on),
            None => self.live.0.deny(),
        }
    }

    /// [`Live::check_at_least`].
    ///
    /// # Errors
    /// [`NotYet`]: no decision is made from an older state.
    pub fn check_at_least<'a, R: Resource + ?Sized>(
        &mut self,
        revision: u64,
        subject: impl Into<Subject<'a>>,
        action: impl Into<Action<'a>>,
        resource: &R,
    ) -> Result<Decision, NotYet> {
        Ok(at_least(self.engine(), revision)?.check(subject, action, resource))
    }
}

impl Clone for Reader {
    fn clone(&self) -> Reader {
        Reader::new(&self.live)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Reader").field(&self.live).finish()
    }
}
