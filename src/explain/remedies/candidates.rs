//! Which steps to try: for everything that is missing, what would bring it, and so on until nothing is.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::super::Asker;
use super::case::{Case, Way};
use super::standing::Standing;
use super::step::{Step, count};
use crate::Scope;
use crate::engine::Held;

/// Sets of steps after which, by the model, nothing is missing.
pub(super) struct Candidates {
    pub(super) sets: BTreeSet<Vec<Step>>,
    /// Whether there are no others so small.
    pub(super) is_complete: bool,
}

/// So many partial sets are looked at for one number of changes, along all ways together.
const LOOKED_AT: usize = 4_000;
/// So many parts a set may have.
const PARTS: usize = 256;
/// So many changes a set may be, however many are asked for.
pub(super) const MOST_CHANGES: usize = 8;

/// What to do about the first thing that a way lacks.
enum Lacks {
    Nothing,
    /// One of these.
    OneOf(Vec<Step>),
}

/// Every set of at most so many changes, the smallest first.
pub(super) fn candidates(case: &Case<'_>, max_changes: usize) -> Candidates {
    let mut search = Search {
        case,
        found: Candidates {
            sets: BTreeSet::new(),
            is_complete: true,
        },
        looked_at: 0,
        most: 0,
    };
    for changes in 1..=max_changes.min(MOST_CHANGES) {
        let mut is_cut = false;
        search.looked_at = 0;
        for (way, n) in case.ways.iter().zip(1..) {
            // What one way leaves, the next ones have; none takes what they need.
            search.most = LOOKED_AT * n / case.ways.len();
            is_cut |= search.way(way, changes);
        }
        if !is_cut {
            return search.found;
        }
    }
    if max_changes > MOST_CHANGES {
        search.found.is_complete = false;
    }
    search.found
}

struct Search<'c, 's> {
    case: &'c Case<'s>,
    found: Candidates,
    looked_at: usize,
    most: usize,
}

impl Search<'_, '_> {
    /// The sets of exactly so many changes along one way; whether there may be larger ones.
    fn way(&mut self, way: &Way, changes: usize) -> bool {
        let mut is_cut = false;
        let mut waiting: Vec<Vec<Step>> = vec![Vec::new()];
        while let Some(steps) = waiting.pop() {
            self.looked_at += 1;
            if self.looked_at > self.most || steps.len() > PARTS {
                self.found.is_complete = false;
                return is_cut;
            }
            let steps_next = match self.lacks(way, &steps) {
                Lacks::Nothing => {
                    // Smaller ones were found before.
                    if !steps.is_empty() && count(&steps) == changes {
                        let mut steps = steps;
                        steps.sort_unstable();
                        self.found.sets.insert(steps);
                    }
                    continue;
                }
                Lacks::OneOf(steps) => steps,
            };
            for step in steps_next.into_iter().rev() {
                let mut more = steps.clone();
                more.push(step);
                match count(&more) <= changes {
                    true => waiting.push(more),
                    false => is_cut = true,
                }
            }
        }
        is_cut
    }

    fn lacks(&mut self, way: &Way, steps: &[Step]) -> Lacks {
        let (lacks, is_complete) = lacks(self.case, way, steps, false);
        self.found.is_complete &= is_complete;
        lacks
    }
}

/// One set along each way, however large, made of what lies nearest; and whether there is none along
/// the others.
pub(super) fn large<'c>(case: &'c Case<'_>) -> (Vec<(&'c Way, Vec<Step>)>, bool) {
    let mut is_certain = true;
    let mut sets = Vec::new();
    // No way takes what the others need.
    let share = LOOKED_AT / case.ways.len().max(1) + PARTS;
    for way in &case.ways {
        let mut looked_at = 0;
        let mut waiting: Vec<Vec<Step>> = vec![Vec::new()];
        while let Some(steps) = waiting.pop() {
            looked_at += 1;
            if looked_at > share || steps.len() > PARTS {
                is_certain = false;
                break;
            }
            match lacks(case, way, &steps, true) {
                (Lacks::Nothing, _) => {
                    // Where somebody would have to lend, and nothing else is missing, nobody does (S6).
                    if !steps.is_empty() {
                        sets.push((way, steps));
                    }
                    break;
                }
                (Lacks::OneOf(next), is_complete) => {
                    is_certain &= is_complete;
                    waiting.extend(next.into_iter().rev().map(|step| {
                        let mut more = steps.clone();
                        more.push(step);
                        more
                    }));
                }
            }
        }
    }
    (sets, is_certain)
}

/// What the subject lacks first after some steps, and whether all that brings it is named. With
/// `anyhow`, also roles that bring nothing themselves, to be edited once they are assigned.
fn lacks(case: &Case<'_>, way: &Way, steps: &[Step], anyhow: bool) -> (Lacks, bool) {
    if case.is_suspended && !steps.contains(&Step::Reinstate) {
        return (Lacks::OneOf(vec![Step::Reinstate]), true);
    }
    let mut features = way.features.iter().map(|it| Step::Enable(*it));
    if let Some(step) = features.find(|it| !steps.contains(it)) {
        return (Lacks::OneOf(vec![step]), true);
    }
    let standing = Standing::after(case, steps);
    // Denies first: to be rid of one may cost a grant.
    for &(permission, _) in &way.permissions {
        if let Some(source) = standing.denial(permission) {
            let mut next = Vec::new();
            if case.state.is_account_role(source.role) {
                next.push(Step::Lift {
                    role: source.role,
                    denial: source.denial,
                });
            }
            next.extend(source.by.map(Step::Revoke).filter(|_| {
                let is_unlisted = match source.by {
                    Some(Held::Role(role)) => case.state.is_unlisted_role(role),
                    Some(Held::Package(_)) | None => false,
                };
                // What the steps bring they do not take away.
                !is_unlisted
                    && !steps.iter().any(|step| match (*step, source.by) {
                        (Step::Assign(of), Some(by)) => of == by,
                        (Step::Fill { package, .. }, Some(by)) => by == Held::Package(package),
                        _ => false,
                    })
            }));
            return (Lacks::OneOf(next), true);
        }
    }
    for &(permission, scope) in &way.permissions {
        if standing.granted(permission) < scope {
            let (next, is_complete) = providers(case, &standing, steps, permission, scope, anyhow);
            return (Lacks::OneOf(next), is_complete);
        }
    }
    (Lacks::Nothing, true)
}

/// What brings a permission that far, and whether that is all.
fn providers(
    case: &Case<'_>,
    standing: &Standing<'_, '_>,
    steps: &[Step],
    permission: u16,
    scope: u8,
    anyhow: bool,
) -> (Vec<Step>, bool) {
    let state = case.state;
    let model = state.model();
    let Some(known) = model.permissions.get(permission as usize) else {
        return (Vec::new(), true);
    };
    let mut next = Vec::new();
    let mut is_complete = true;
    match &known.adjustable {
        // The most senior role that the subject has opens least.
        Some(adjustable) => {
            let rungs = adjustable.ladder.get(adjustable.floor..=adjustable.ceiling);
            let mut rungs = rungs.unwrap_or_default().iter().rev();
            let held = rungs.find(|role| {
                let role = u32::from(**role);
                standing.has(role) && !state.is_unlisted_role(role)
            });
            next.extend(held.map(|role| Step::Set {
                permission,
                role: u32::from(*role),
            }));
        }
        None => {
            let mut offered = known.scopes.iter().map(|it| it as u8);
            if let Some(scope) = offered.find(|it| *it >= scope) {
                let editable = case.editable();
                is_complete &= !editable.is_cut;
                let assigned = steps.iter().filter_map(|it| match *it {
                    Step::Assign(Held::Role(role)) if anyhow => Some(role),
                    _ => None,
                });
                let assigned = assigned.filter(|it| state.is_account_role(*it));
                let roles = editable.roles.iter().copied().chain(assigned);
                let roles = roles.filter(|role| standing.has(*role));
                next.extend(roles.map(|role| Step::Grant {
                    role,
                    permission,
                    scope,
                }));
            }
        }
    }
    if case.kind == Asker::User {
        let (assign, all) = case.assignments(steps, permission, scope);
        is_complete &= all;
        next.extend(assign);
    }
    if next.is_empty() && anyhow && case.user.is_some() && case.kind == Asker::User {
        const PLACES: usize = 8;
        let held = |role: &u32| standing.has(*role) || !state.is_account_role(*role);
        let roles = (0..state.role_numbers()).filter(|role| !held(role));
        next.extend(roles.take(PLACES).map(|it| Step::Assign(Held::Role(it))));
    }
    (next, is_complete)
}

/// About how much steps open, in permissions times users: which to try first. Each is weighed once.
pub(super) struct Breadths<'c, 's> {
    case: &'c Case<'s>,
    known: HashMap<Step, usize>,
}

impl<'c, 's> Breadths<'c, 's> {
    pub(super) fn of(case: &'c Case<'s>) -> Breadths<'c, 's> {
        Breadths {
            case,
            known: HashMap::default(),
        }
    }

    pub(super) fn sum(&mut self, steps: &[Step]) -> usize {
        let case = self.case;
        let each = steps.iter();
        let each = each.map(|step| {
            *self
                .known
                .entry(*step)
                .or_insert_with(|| breadth(case, *step))
        });
        each.sum()
    }
}

fn breadth(case: &Case<'_>, step: Step) -> usize {
    let state = case.state;
    let users = |sets: &BTreeSet<u32>| -> usize {
        let holders = sets.iter().map(|set| state.sets().holders(*set).active);
        holders.map(|it| it as usize).sum()
    };
    match step {
        Step::Reinstate | Step::Revoke(_) => 1,
        Step::Enable(_) | Step::Set { .. } => state.users().count(),
        Step::Grant { role, scope, .. } => users(&state.sets_holding(role)) * usize::from(scope),
        Step::Lift { role, .. } => users(&state.sets_holding(role)) * Scope::All as usize,
        Step::Fill { package, role } => {
            users(&state.sets().with_package(package).collect()) * case.size(Held::Role(role))
        }
        Step::Assign(held) => case.size(held),
    }
}
