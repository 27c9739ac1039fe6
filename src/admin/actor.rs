//! Who changes an account (A7).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::GrantDocument;
use crate::document::problem::quoted;

/// Who makes a change (A7).
///
/// ```
/// use bailiwick::admin::Actor;
/// let support = Actor::external("site-admin-7", ["contacts.*".into()]);
/// let for_ann = support.on_behalf_of(Actor::user("ann")); // only what both may
/// # let _ = for_ann;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Actor {
    /// A user of the account.
    User(String),
    /// Somebody from outside it, a site administrator say, whose permissions the host states.
    External {
        /// Who it is, for the record.
        id: String,
        /// What they are granted, as a role's grants are written; adjustable permissions may be named.
        grants: Vec<GrantDocument>,
    },
    /// The host itself: needs no permission, and breaks no guard.
    System,
    /// One who acts for another: only what both may. Neither may act for somebody else again (D21): changes by
    /// such an actor are refused.
    OnBehalfOf {
        /// Who acts.
        actor: Box<Actor>,
        /// For whom.
        of: Box<Actor>,
    },
}

impl Actor {
    /// A user of the account.
    pub fn user(id: impl Into<String>) -> Actor {
        Actor::User(id.into())
    }

    /// Somebody from outside, with what the host says they are granted.
    pub fn external(
        id: impl Into<String>,
        grants: impl IntoIterator<Item = GrantDocument>,
    ) -> Actor {
        Actor::External {
            id: id.into(),
            grants: grants.into_iter().collect(),
        }
    }

    /// Whether nobody in it acts for somebody who acts for another (D21).
    pub(crate) fn is_one_step(&self) -> bool {
        let acts = |it: &Actor| matches!(it, Actor::OnBehalfOf { .. });
        match self {
            Actor::OnBehalfOf { actor, of } => !acts(actor) && !acts(of),
            Actor::User(_) | Actor::External { .. } | Actor::System => true,
        }
    }

    /// The same, acting for another.
    #[must_use]
    pub fn on_behalf_of(self, of: Actor) -> Actor {
        Actor::OnBehalfOf {
            actor: Box::new(self),
            of: Box::new(of),
        }
    }
}

/// Takes it apart piece by piece: however deep it is, it needs no deep stack (I9).
impl Drop for Actor {
    fn drop(&mut self) {
        let mut waiting = Vec::new();
        self.take_apart(&mut waiting);
        while let Some(mut actor) = waiting.pop() {
            actor.take_apart(&mut waiting);
        }
    }
}

impl Actor {
    /// Moves those who act for another out of it.
    fn take_apart(&mut self, into: &mut Vec<Actor>) {
        if let Actor::OnBehalfOf { actor, of } = self {
            for it in [actor, of] {
                if let Actor::OnBehalfOf { .. } = **it {
                    into.push(std::mem::replace(&mut **it, Actor::System));
                }
            }
        }
    }
}

/// Who it is; not what an external one is granted.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the left: who acts for another stands before them.
        let mut waiting = vec![self];
        let mut is_first = true;
        while let Some(actor) = waiting.pop() {
            let who = match actor {
                Actor::User(id) => quoted(id),
                Actor::External { id, .. } => format!("{} from outside", quoted(id)),
                Actor::System => "the host".to_owned(),
                Actor::OnBehalfOf { actor, of } => {
                    waiting.extend([&**of, &**actor]);
                    continue;
                }
            };
            let before = if is_first { "" } else { " for " };
            write!(f, "{before}{who}")?;
            is_first = false;
        }
        Ok(())
    }
}
