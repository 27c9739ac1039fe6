//! How wide a scope must be to reach a record, by who looks (S1, S3).

use crate::Scope;
use crate::engine::{NOWHERE, State};
use crate::request::{Owner, OwnerPosition, Resource};

/// The narrowest scope that reaches the record's owner, by who looks (S1, S3).
pub(super) struct Needed {
    owner: Option<u32>,
    /// By number of the viewer's position.
    by_position: Vec<u8>,
    /// From no position.
    elsewhere: u8,
}

impl Needed {
    /// Where there is no record to reach: any scope suffices.
    pub(super) const NOTHING: Needed = Needed {
        owner: None,
        by_position: Vec::new(),
        elsewhere: Scope::Own as u8,
    };

    pub(super) fn by<R: Resource + ?Sized>(state: &State, resource: &R) -> Needed {
        let nobody = Needed {
            elsewhere: Scope::All as u8,
            ..Needed::NOTHING
        };
        let owner = match resource.owner() {
            Owner::None => return nobody,
            Owner::User(user) => state.user_number(user),
            Owner::Named(id) => state.find_user(id),
        };
        let at = match resource.owner_position() {
            OwnerPosition::Directory => owner
                .and_then(|owner| state.user_record(owner))
                .map(|owner| owner.position)
                .filter(|position| *position != NOWHERE),
            OwnerPosition::None => None,
            OwnerPosition::Named(id) => state.find_position(id),
            OwnerPosition::At(position) => state.position_number(position),
        };
        let seen_from = |at: u32, position: u32| {
            if state.stands_below(at, position) {
                Scope::Reports as u8
            } else if at == position {
                Scope::Peers as u8
            } else {
                Scope::All as u8
            }
        };
        let by_position = at.map(|at| {
            let positions = 0..state.position_numbers();
            positions.map(|position| seen_from(at, position)).collect()
        });
        Needed {
            owner,
            by_position: by_position.unwrap_or_default(),
            ..nobody
        }
    }

    #[inline]
    pub(super) fn of(&self, user: u32, position: u32) -> u8 {
        if self.owner == Some(user) {
            return Scope::Own as u8;
        }
        let seen = self.by_position.get(position as usize);
        seen.copied().unwrap_or(self.elsewhere)
    }
}
