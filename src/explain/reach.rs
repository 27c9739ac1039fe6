//! How the subject lies to the owner of a record (S1 to S3).

use std::collections::VecDeque;

use foldhash::HashMap;
use serde::Serialize;

use super::Named;
use super::sources::Names;
use crate::Scope;
use crate::engine::{Owned, State};

/// How the subject lies to the owner of a record, and which scope reaches that far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reach {
    /// The owner; empty of a handle of another account, `None` of a record without one.
    pub owner: Option<String>,
    /// Where the owner stands in the reporting hierarchy.
    pub owner_position: Option<Named>,
    /// Whether the host gave that position with the record, instead of the directory (S3).
    pub is_stated: bool,
    /// Where the subject stands.
    pub subject_position: Option<Named>,
    /// How the two lie to each other.
    pub relation: Relation,
    /// The narrowest scope that reaches the record.
    pub needed: Scope,
    /// Where one stands below the other, a shortest way down from the upper position to the lower, both
    /// included.
    pub path: Vec<Named>,
}

/// How a subject lies to the owner of a record (S1 to S3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Relation {
    /// They are the owner: `own` reaches it.
    Own,
    /// The owner's position lies strictly below theirs: `reports` reaches it.
    Below,
    /// They hold the same position: `peers` reaches it.
    Peer,
    /// The owner's position lies strictly above theirs: only `all` reaches it, as all that follow.
    Above,
    /// Neither position lies below the other.
    Apart,
    /// The subject has no position.
    SubjectWithoutPosition,
    /// The owner has no position, or is unknown.
    OwnerWithoutPosition,
    /// The record has no owner.
    Unowned,
}

pub(super) fn reach(state: &State, names: &Names<'_>, owned: &Owned, viewer: u32) -> Reach {
    let viewer = state.position_id(viewer).map(|_| viewer);
    let needed = Scope::from_u8(owned.needed).unwrap_or(Scope::All);
    let relation = match (needed, &owned.id, viewer, owned.position) {
        (Scope::Own, ..) => Relation::Own,
        (Scope::Reports, ..) => Relation::Below,
        (Scope::Peers, ..) => Relation::Peer,
        (Scope::All, None, ..) => Relation::Unowned,
        (Scope::All, _, None, _) => Relation::SubjectWithoutPosition,
        (Scope::All, _, _, None) => Relation::OwnerWithoutPosition,
        (Scope::All, _, Some(low), Some(high)) if state.stands_below(low, high) => Relation::Above,
        (Scope::All, ..) => Relation::Apart,
    };
    let path = match (relation, viewer, owned.position) {
        (Relation::Below, Some(high), Some(low)) | (Relation::Above, Some(low), Some(high)) => {
            way_down(state, high, low)
        }
        _ => Vec::new(),
    };
    Reach {
        owner: owned.id.clone(),
        owner_position: owned.position.map(|it| names.position(it)),
        is_stated: owned.is_stated && owned.id.is_some(),
        subject_position: viewer.map(|it| names.position(it)),
        relation,
        needed,
        path: path.into_iter().map(|it| names.position(it)).collect(),
    }
}

/// A shortest way down, both ends included, searched upwards among what lies below the upper one.
fn way_down(state: &State, high: u32, low: u32) -> Vec<u32> {
    let mut below: HashMap<u32, u32> = HashMap::default();
    let mut waiting = VecDeque::from([low]);
    while let Some(position) = waiting.pop_front() {
        if position == high {
            break;
        }
        for above in state.position_reports_to(position) {
            let leads_there = above == high || state.stands_below(above, high);
            if leads_there && !below.contains_key(&above) {
                below.insert(above, position);
                waiting.push_back(above);
            }
        }
    }
    let onwards = |position: &u32| below.get(position).copied();
    std::iter::successors(Some(high), onwards).collect()
}
