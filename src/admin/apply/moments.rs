//! Denies that come and go with the time: what somebody is denied at each moment at which one of their
//! assignments ends (D2).

use crate::engine::{Assigned, End, Planes, State};

/// What somebody is assigned, in a state, and which of it ends.
type Standing<'s> = (&'s State, &'s Assigned, &'s [End]);

/// The denies given and lifted between two standings, at whatever moment from now on.
pub(super) struct Moved {
    /// Permissions denied at some moment that would not have been denied then.
    pub(super) given: Planes,
    /// Permissions not denied at some moment that would have been denied then.
    pub(super) lifted: Planes,
}

impl Moved {
    pub(super) fn none(permissions: usize) -> Moved {
        Moved {
            given: Planes::none(permissions),
            lifted: Planes::none(permissions),
        }
    }

    pub(super) fn between(before: Standing<'_>, after: Standing<'_>) -> Moved {
        let mut moved = Moved::none(before.0.model().permissions.len());
        moved.compare(&before.0.united(before.1), &after.0.united(after.1));
        let ends = before.2.iter().chain(after.2);
        let mut moments: Vec<i64> = ends.map(|end| end.until.0).collect();
        moments.sort_unstable();
        moments.dedup();
        for at in moments {
            let left =
                |(state, assigned, ends): Standing<'_>| state.united(&left_at(assigned, ends, at));
            moved.compare(&left(before), &left(after));
        }
        moved
    }

    pub(super) fn compare(&mut self, before: &Planes, after: &Planes) {
        self.given.deny_beyond(after, before);
        self.lifted.deny_beyond(before, after);
    }

    pub(super) fn is_nothing(&self) -> bool {
        !self.given.denies_something() && !self.lifted.denies_something()
    }
}

fn left_at(assigned: &Assigned, ends: &[End], at: i64) -> Assigned {
    let over = ends.iter().filter(|end| end.until.0 <= at);
    assigned.without(over.map(|end| end.of))
}
