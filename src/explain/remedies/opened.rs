//! What a remedy opens, and to how many.

use serde::Serialize;

use crate::engine::State;

/// What a remedy opens, to the user concerned and to others: the fewer, the better it is.
///
/// Counted are the users of the directory and the operations that they may then do, or do to more
/// records, by what roles give them; conditions aside, and what is lent to those above them (S6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Opened {
    /// How many users can do more.
    pub users: usize,
    /// Over all of them, how many operations.
    pub operations: usize,
}

impl Opened {
    fn add(&mut self, users: usize, operations: usize) {
        if operations > 0 {
            self.users += users;
            self.operations += users * operations;
        }
    }
}

/// By access sets: only the user concerned may have another one than before.
pub(super) fn opened(before: &State, after: &State, user: Option<u32>) -> Opened {
    let set_of = |state: &State| {
        let record = state.user_record(user?)?;
        (!record.is_suspended()).then(|| record.access())
    };
    let (was, is) = (set_of(before), set_of(after));
    let same_features = before.features() == after.features();
    let mut opened = Opened::default();
    for set in 0..before.set_numbers() {
        let active = before.sets().holders(set).active as usize;
        let set = set as usize;
        let others = active - usize::from(was == Some(set)).min(active);
        let same_rights = match (before.set_rights(set), after.set_rights(set)) {
            (Some(before), Some(after)) => std::ptr::eq(before, after),
            _ => true,
        };
        if others > 0 && !(same_rights && same_features) {
            opened.add(others, operations(before, after, Some(set), set));
        }
    }
    if let Some(is) = is {
        opened.add(1, operations(before, after, was, is));
    }
    opened
}

/// How many operations reach further than before.
fn operations(before: &State, after: &State, was: Option<usize>, is: usize) -> usize {
    let model = after.model();
    let reach = |state: &State, set: usize, operation: u16, pairs: std::ops::Range<u16>| {
        let scopes = pairs.filter_map(|pair| {
            let scope = state.pair_scope(set, pair)?.ok()?;
            state
                .late_feature(operation, pair)
                .is_none()
                .then_some(scope)
        });
        scopes.max()
    };
    let operations = model.operations.iter().zip(0..);
    let widened = operations.filter(|(operation, number)| {
        let pairs = &operation.pairs;
        let was = was.and_then(|set| reach(before, set, *number, pairs.clone()));
        reach(after, is, *number, pairs.clone()) > was
    });
    widened.count()
}
