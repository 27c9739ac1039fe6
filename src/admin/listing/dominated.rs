//! Roles that another makes superfluous.

use std::fmt;

use serde::Serialize;

use super::review::Closure;
use crate::document::problem::quoted;
use crate::engine::{Planes, State};

/// A role that another makes superfluous, for whoever has both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DominatedRole<'e> {
    /// The role.
    pub role: &'e str,
    /// The role that dominates it: of those that do not inherit it, where there are any, the one that
    /// grants and denies the fewest permissions, then by id.
    pub by: &'e str,
    /// Whether that one inherits it, at any depth: so do all that dominate it, then.
    pub inherited: bool,
    /// How many roles dominate it.
    pub dominators: usize,
}

impl fmt::Display for DominatedRole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, by) = (quoted(self.role), quoted(self.by));
        write!(
            f,
            "role {role} grants and denies nothing that {by} does not"
        )?;
        match self.inherited {
            true => f.write_str(", which inherits it"),
            false => Ok(()),
        }
    }
}

/// A permission granted at least that far, or denied: by number, five for each permission.
type Right = usize;

const DENIED: usize = 4;
const PER_PERMISSION: usize = 5;

fn granted(permission: u16, scope: u8) -> Right {
    usize::from(permission) * PER_PERMISSION + usize::from(scope) - 1
}

/// The rights of a closure, each permission once: what a dominator must have too.
fn rights(of: &Planes) -> impl Iterator<Item = Right> + '_ {
    let grants = of.grants();
    let grants = grants.map(|(permission, scope)| granted(permission, scope));
    grants.chain(denied(of))
}

/// Those rights, and all that they contain.
fn contained(of: &Planes) -> impl Iterator<Item = Right> + '_ {
    let grants = of.grants();
    let grants = grants.flat_map(|(permission, scope)| {
        let scopes = 1..=scope;
        scopes.map(move |scope| granted(permission, scope))
    });
    grants.chain(denied(of))
}

fn denied(of: &Planes) -> Vec<Right> {
    let nothing = Planes::none(0);
    let denied = of.denied_beyond(&nothing);
    denied
        .map(|it| usize::from(it) * PER_PERMISSION + DENIED)
        .collect()
}

/// Whether the first grants and denies no more than the second.
fn is_within(one: &Planes, other: &Planes) -> bool {
    !one.is_granted_beyond(other) && one.denied_beyond(other).next().is_none()
}

/// What was found so far to dominate a role.
#[derive(Clone, Default)]
struct Found<'e> {
    dominators: usize,
    /// Whether it inherits the role, how many rights it has, its id: the least is the one to name.
    best: Option<(bool, usize, &'e str)>,
}

/// Of groups of roles that come to the same, different from group to group, and to something.
///
/// Group after group is taken for the wider one, so that no pair of roles need be kept.
pub(super) fn dominated<'e>(state: &State, groups: &[Vec<&Closure<'e>>]) -> Vec<DominatedRole<'e>> {
    let closures = groups.iter().filter_map(|group| group.first());
    let closures: Vec<&Planes> = closures.map(|it| it.rights).collect();
    let by_rarest = by_rarest_right(&closures, state.model().permissions.len());
    let mut found = vec![Found::default(); state.role_numbers() as usize];
    let mut below = Below::default();
    for (group, wider) in groups.iter().zip(&closures) {
        let narrower = contained(wider).flat_map(|right| by_rarest.get(right));
        let narrower = narrower.flatten().filter_map(|it| groups.get(*it));
        let narrower = narrower.filter(|it| {
            let closure = it.first().map(|it| it.rights);
            closure.is_some_and(|closure| closure != *wider && is_within(closure, wider))
        });
        let narrower: Vec<&Closure<'e>> = narrower.flatten().copied().collect();
        if narrower.is_empty() {
            continue;
        }
        let breadth = rights(wider).count();
        for senior in group {
            below.find(state, senior.role);
            for role in &narrower {
                if let Some(found) = found.get_mut(role.role as usize) {
                    let this = (below.has(role.role), breadth, senior.id);
                    found.dominators += 1;
                    found.best = Some(found.best.map_or(this, |best| best.min(this)));
                }
            }
        }
    }
    let roles = groups.iter().flatten();
    let dominated = roles.filter_map(|role| {
        let found = found.get(role.role as usize)?;
        let (inherited, _, by) = found.best?;
        Some(DominatedRole {
            role: role.id,
            by,
            inherited,
            dominators: found.dominators,
        })
    });
    let mut dominated: Vec<DominatedRole<'e>> = dominated.collect();
    dominated.sort_unstable_by_key(|it| it.role);
    dominated
}

/// Each of some closures, by its right that the fewest of them have: whatever dominates it has that.
fn by_rarest_right(closures: &[&Planes], permissions: usize) -> Vec<Vec<usize>> {
    let mut times = vec![0_u32; permissions * PER_PERMISSION];
    for right in closures.iter().flat_map(|it| contained(it)) {
        if let Some(times) = times.get_mut(right) {
            *times += 1;
        }
    }
    let mut by_rarest = vec![Vec::new(); times.len()];
    for (number, closure) in closures.iter().enumerate() {
        let rarest = rights(closure).min_by_key(|right| times.get(*right));
        if let Some(alike) = rarest.and_then(|it| by_rarest.get_mut(it)) {
            alike.push(number);
        }
    }
    by_rarest
}

/// All that one role inherits, at any depth.
#[derive(Default)]
struct Below {
    /// The search that came by last.
    seen: Vec<u32>,
    search: u32,
}

impl Below {
    fn find(&mut self, state: &State, role: u32) {
        self.seen.resize(state.role_numbers() as usize, 0);
        self.search += 1;
        let mut waiting = vec![role];
        while let Some(at) = waiting.pop() {
            for junior in state.role_juniors(at).into_iter().flatten() {
                if let Some(seen) = self.seen.get_mut(*junior as usize)
                    && *seen != self.search
                {
                    *seen = self.search;
                    waiting.push(*junior);
                }
            }
        }
    }

    fn has(&self, role: u32) -> bool {
        self.seen.get(role as usize) == Some(&self.search)
    }
}
