//! An engine that knows of people from whom something was taken, and not what (D16): a host reads in its
//! journal whom a record takes from, and cannot read the record itself. Until it can, these people are
//! denied everything, as `not_ready`, and nobody else is.
//!
//! Nothing on the path of a check looks for them: they are marked as the suspended are, whom every path
//! sends to [`settle`](State::settle), and there they are told apart. Where it is everybody, there are no
//! cells, and so nobody is answered anywhere else either.

use std::collections::HashSet;
use std::sync::Arc;

use super::bearer::Bearer;
use super::tables::Tables;
use super::users::User;
use super::{Engine, State};
use crate::request::{Subject, Who};

pub(crate) struct NotReady {
    /// The state as it was read, without any mark.
    whole: Engine,
    people: People,
}

enum People {
    Everybody,
    /// By id, in the directory or not.
    Users(HashSet<Box<str>>),
}

impl Engine {
    /// The same engine, which denies these people; everybody where there is no list.
    #[cfg_attr(not(feature = "live"), expect(dead_code, reason = "journals need it"))]
    pub(crate) fn not_ready_for<'u>(
        &self,
        users: Option<impl IntoIterator<Item = &'u str>>,
    ) -> Engine {
        let whole = self.whole().clone();
        let mut state = State::clone(&whole.0);
        let people = match users {
            None => {
                state.cells = Tables::default();
                People::Everybody
            }
            Some(users) => {
                let users: HashSet<Box<str>> = users.into_iter().map(Into::into).collect();
                for user in &users {
                    if let Some(number) = state.users.find_live(user)
                        && let Some(record) = state.users.get(number)
                    {
                        let set = record.access() as u32;
                        let marked = User::new(set, record.in_position(), true);
                        state.users.set(number, marked);
                    }
                }
                People::Users(users)
            }
        };
        state.not_ready = Some(Arc::new(NotReady { whole, people }));
        Engine(Arc::new(state))
    }

    /// The engine as it was read, with nobody marked.
    pub(crate) fn whole(&self) -> &Engine {
        self.0.not_ready.as_ref().map_or(self, |it| &it.whole)
    }
}

impl State {
    /// Whether a user is suspended, and not merely marked as one for whom this is not ready.
    pub(super) fn is_suspended_whole(&self, user: u32) -> bool {
        let users = match &self.not_ready {
            Some(it) => &it.whole.0.users,
            None => &self.users,
        };
        users.get(user).is_some_and(User::is_suspended)
    }

    /// Whether something may have been taken from whoever asks.
    pub(super) fn is_not_ready(&self, subject: &Subject<'_>) -> bool {
        let Some(not_ready) = &self.not_ready else {
            return false;
        };
        let users = match &not_ready.people {
            People::Everybody => return true,
            People::Users(users) => users,
        };
        let id = match subject.who {
            Who::Handle(user) => self.user_number(user).and_then(|it| self.user_id(it)),
            Who::Named(id) => Some(id),
            Who::Role(_) | Who::Token(_) => Bearer::of(subject).and_then(|it| it.id),
        };
        id.is_some_and(|id| users.contains(id))
    }
}
