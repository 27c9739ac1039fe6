//! Skips changes that would change nothing: for a sync, which states what is to be so.
//!
//! What is left of the transaction is made as if it had been written alone. So a journal that keeps it replays.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Applied, Change, Refused};
use crate::admin::Actor;
use crate::document::Timestamp;
use crate::document::problem::Rules;
use crate::{Engine, engine::State};

impl Engine {
    /// Makes changes as [`apply`](Engine::apply) does, but skips each change that would change nothing when its turn
    /// comes. [`apply`](Engine::apply) refuses such a transaction
    /// ([`NothingToChange`](crate::admin::Refusal::NothingToChange)). Returns `None`, and changes nothing, if no
    /// change is left. [`Applied::passed_over`] tells which were passed over.
    ///
    /// Nothing else is excused: making what exists, or deleting what is gone, is refused as ever. A change that is
    /// passed over changes nothing. So its actor needs no more than some right to make changes of its kind.
    ///
    /// Cost: that of [`apply`](Engine::apply) for each round. If changes were skipped, the rest is made anew,
    /// usually once.
    ///
    /// # Errors
    /// Those of [`apply`](Engine::apply), the changes numbered as they were given.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     roles = [{ id = "system:seller" }]
    /// # "#), Warnings::Refuse)?;
    /// # let users = [UserDocument::new("ann").role("system:seller"), UserDocument::new("bob")];
    /// # let users = DirectoryDocument::new(users);
    /// # let engine = Engine::new(&catalog, PolicyDocument::new(1), users, Timestamp(0), Warnings::Refuse)?;
    /// use bailiwick::admin::{Actor, Change};
    /// // Ann is a seller, Bob is none.
    /// let sellers = ["ann", "bob"].map(|user| Change::assign_role(user, "system:seller"));
    /// let host = Actor::System;
    /// let refused = engine.apply(&host, Timestamp(1), &sellers).unwrap_err();
    /// assert_eq!(refused.reason.code(), "nothing_to_change");
    ///
    /// let applied = engine.apply_passing_over(&host, Timestamp(1), &sellers)?.unwrap();
    /// assert_eq!(applied.passed_over(), [0]);
    /// let again = applied.engine().apply_passing_over(&host, Timestamp(2), &sellers)?;
    /// assert!(again.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply_passing_over(
        &self,
        actor: &Actor,
        at: Timestamp,
        changes: &[Change],
    ) -> Result<Option<Applied>, Refused> {
        let mut places: Vec<usize> = (0..changes.len()).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let mut left = Cow::Borrowed(changes);
        loop {
            let watch = &mut |_: usize, _: &State| {};
            let applied = self.transact(Rules::Today, Repeats::PassOver, actor, at, &left, watch);
            let applied = applied.map_err(|it| it.placed(&places))?;
            if applied.passed_over.is_empty() {
                let is_passed_over = |it: &usize| places.binary_search(it).is_err();
                return Ok(Some(Applied {
                    passed_over: (0..changes.len()).filter(is_passed_over).collect(),
                    ..applied
                }));
            }
            // What was passed over may have held up another. So what is left is made anew, alone.
            let passed_over: HashSet<usize> = applied.passed_over.iter().copied().collect();
            let mut number = 0..;
            places.retain(|_| number.next().is_some_and(|it| !passed_over.contains(&it)));
            if places.is_empty() {
                return Ok(None);
            }
            let kept = places.iter().filter_map(|it| changes.get(*it).cloned());
            left = Cow::Owned(kept.collect());
        }
    }
}

/// What becomes of a change that would change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    Refuse,
    PassOver,
}
