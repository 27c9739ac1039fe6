//! Who may make a remedy.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::admin::{Actor, Change, Refusal};
use crate::engine::{Ends, Holder, State};
use crate::{Engine, Scope, Timestamp};

/// The users of the directory who may make all changes of a remedy, in one transaction of their own
/// (A2 to A4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Makers {
    /// The first of them, in the order of the directory; at most [`Makers::NAMED`].
    pub users: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// Whether everybody was looked at: otherwise there may be more.
    pub is_exact: bool,
}

impl Makers {
    /// How many are named.
    pub const NAMED: usize = 5;
}

/// So many transactions are tried, for all remedies of a denial, to see who may make them.
pub(super) const ACTORS: usize = 256;

/// Those who may make the changes to that user, or to the account. `budget` is how many transactions
/// may be tried.
///
/// Those who are assigned the same, until the same times, and hold the same position may do the same to
/// others, so that one of them is tried for all; the user concerned is tried apart (S1).
pub(super) fn makers(
    engine: &Engine,
    user: Option<u32>,
    at: Timestamp,
    changes: &[Change],
    budget: &mut usize,
) -> Makers {
    let state = engine.state();
    let mut makers = Makers {
        is_exact: true,
        ..Makers::default()
    };
    let Some(needed) = needed(state, changes) else {
        return makers;
    };
    let mut may: Vec<Option<bool>> = vec![None; state.set_numbers() as usize];
    let mut alike: BTreeMap<(usize, u32, bool, Ends), Vec<u32>> = BTreeMap::new();
    for (actor, record) in state.every_user() {
        let set = record.access();
        let Some(known) = may.get_mut(set) else {
            continue;
        };
        let holds = || {
            has_all(state, set, &needed, |on_user| match on_user {
                true => Scope::Own,
                false => Scope::All,
            })
        };
        if record.is_suspended() || !*known.get_or_insert_with(holds) {
            continue;
        }
        let is_user = user == Some(actor);
        let like = alike.entry((
            set,
            record.position,
            is_user,
            state.users().ordered_ends(actor),
        ));
        let like = like.or_default();
        like.push(actor);
    }
    let mut found = Vec::new();
    let mut refused_set = None;
    for ((set, position, is_user, ends), users) in alike {
        if refused_set == Some(set) {
            continue;
        }
        let reach = match is_user {
            true => Scope::Own,
            false => reach(state, position, user),
        };
        let reaches = has_all(state, set, &needed, |on_user| match on_user {
            true => reach,
            false => Scope::All,
        });
        let first = users.first().and_then(|it| state.user_id(*it));
        let Some(first) = first.filter(|_| reaches) else {
            continue;
        };
        if *budget == 0 {
            makers.is_exact = false;
            break;
        }
        *budget -= 1;
        match engine.apply(&Actor::user(first), at, changes) {
            Ok(_) => found.extend(users),
            Err(refused) if ends.is_empty() && is_whatever_position(&refused.reason) => {
                refused_set = Some(set);
            }
            Err(_) => {}
        }
    }
    found.sort_unstable();
    makers.count = found.len();
    let named = found.into_iter().filter_map(|it| state.user_id(it));
    makers.users = named.take(Makers::NAMED).map(str::to_owned).collect();
    makers
}

/// Whether everybody who is assigned the same is refused for it, in whatever position.
fn is_whatever_position(reason: &Refusal) -> bool {
    matches!(
        reason,
        Refusal::NoRule { .. }
            | Refusal::NotAllowed { user: None, .. }
            | Refusal::MayNotAssign { user: None, .. }
            | Refusal::MayNotRevoke { user: None, .. }
            | Refusal::NotHeld { held: None, .. }
            | Refusal::WildcardNotHeld { .. }
    )
}

/// The permissions that the kinds of change need, and whether each is needed on the user alone; `None`
/// where there is no rule for one, so that only the host itself may (A2).
fn needed(state: &State, changes: &[Change]) -> Option<Vec<(u16, bool)>> {
    let model = state.model();
    let rule = |change: &Change| match change {
        Change::ChangeSetting { permission, .. } => {
            let number = model.permission_names.get(permission)?;
            let adjustable = model.permissions.get(number as usize)?.adjustable.as_ref();
            Some((adjustable?.changed_by?, false))
        }
        _ => {
            let on_user = matches!(
                change,
                Change::AssignRole { .. }
                    | Change::AssignPackage { .. }
                    | Change::RevokeRole { .. }
                    | Change::ExchangeRole { .. }
                    | Change::RevokePackage { .. }
                    | Change::ReinstateUser { .. }
            );
            let rules = &model.administration.changes;
            Some((*rules.get(&change.kind()?)?, on_user))
        }
    };
    changes.iter().map(rule).collect()
}

/// Whether an access set has all that is needed in effect, that far.
fn has_all(
    state: &State,
    set: usize,
    needed: &[(u16, bool)],
    least: impl Fn(bool) -> Scope,
) -> bool {
    let Some(rights) = state.set_rights(set) else {
        return false;
    };
    needed.iter().all(|&(permission, on_user)| {
        rights.granted(permission) >= least(on_user) as u8 && rights.is_effective(state, permission)
    })
}

/// The narrowest scope that reaches the user's records from a position (S1, S3).
fn reach(state: &State, from: u32, user: Option<u32>) -> Scope {
    let owner = user.and_then(|it| state.user_position(it));
    match owner {
        Some(owner) if state.stands_below(owner, from) => Scope::Reports,
        Some(owner) if owner == from => Scope::Peers,
        _ => Scope::All,
    }
}
