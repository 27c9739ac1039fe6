//! From what was tried to what is told: ranked, cut to what was asked for, with who may make it.

use std::collections::BTreeMap;

use super::super::sources::Names;
use super::super::{Cause, Explanation};
use super::candidates::{Breadths, candidates, large};
use super::makers::{ACTORS, makers};
use super::mend::mend;
use super::opened::{openable, opened};
use super::step::{Step, count};
use super::trial::{Proven, Trial};
use super::{Mend, NoRemedy, Opened, Remedies, Remedy, RemedyEffect, RemedyOptions, TokenEffect};
use crate::Decision;
use crate::abilities::{Ability, Numbered};

/// What is told of a denial that nothing in the request is to blame for.
pub(super) fn answer(
    trial: &Trial<'_, '_>,
    why: &Explanation,
    decision: Decision,
    options: &RemedyOptions,
) -> Remedies {
    let case = trial.case;
    let (proven, mut is_complete) = small(trial, options.max_changes);
    let names = Names::of(case.state);
    let openable = openable(case.state);
    let rank = |proven| rank(trial, &names, &openable, proven);
    let mut ranked: Vec<Ranked> = proven.into_iter().map(rank).collect();
    let mut none = None;
    let mut is_larger = false;
    if ranked.is_empty() {
        match larger(trial, why) {
            Ok(found) => {
                is_larger = count(&found.steps) > options.max_changes;
                // Of a kind that the search for small ones leaves out.
                is_complete &= is_larger;
                ranked.push(rank(found));
            }
            Err(reason) => none = Some(reason),
        }
    }
    ranked.sort_by(|a, b| (a.key(), &a.mends).cmp(&(b.key(), &b.mends)));
    if ranked.len() > options.limit {
        ranked.truncate(options.limit);
        is_complete = false;
    }
    let mut budget = ACTORS;
    let told = ranked.into_iter().map(|it| Remedy {
        mends: it.mends,
        opens: it.opens,
        effects: it.effects,
        tokens: it.tokens,
        makers: makers(
            trial.engine,
            case.user,
            trial.at,
            &it.proven.changes,
            &mut budget,
        ),
        changes: it.proven.changes,
    });
    Remedies {
        decision,
        sets: told.collect(),
        is_larger,
        is_complete,
        none,
    }
}

/// A remedy with what it is ranked by.
struct Ranked {
    proven: Proven,
    opens: Opened,
    effects: Vec<RemedyEffect>,
    tokens: Vec<TokenEffect>,
    /// In an order of their own, by which those come that open as much in as many changes: numbers would
    /// depend on the order of documents.
    mends: Vec<Mend>,
}

impl Ranked {
    fn key(&self) -> [usize; 4] {
        let (changes, steps) = (self.proven.changes.len(), self.proven.steps.len());
        [self.opens.all(), changes, self.opens.users, steps]
    }
}

fn rank(
    trial: &Trial<'_, '_>,
    names: &Names<'_>,
    openable: &[(Ability, Numbered)],
    proven: Proven,
) -> Ranked {
    let (before, after) = (trial.engine.state(), proven.engine.state());
    let steps = proven.steps.iter();
    let mut mends: Vec<Mend> = steps
        .filter_map(|step| mend(trial.case, names, *step))
        .collect();
    mends.sort();
    let (opens, effects, tokens) = opened(before, after, trial.case.user, openable);
    Ranked {
        opens,
        effects,
        tokens,
        mends,
        proven,
    }
}

/// The remedies of at most so many changes, and whether these are all.
fn small(trial: &Trial<'_, '_>, max_changes: usize) -> (Vec<Proven>, bool) {
    let case = trial.case;
    let found = candidates(case, max_changes);
    let mut breadths = Breadths::of(case);
    let mut sets: Vec<(usize, usize, Vec<Step>)> = found
        .sets
        .into_iter()
        .map(|steps| (count(&steps), breadths.sum(&steps), steps))
        .collect();
    sets.sort_unstable();
    let mut proven: BTreeMap<Vec<Step>, Proven> = BTreeMap::new();
    for (_, _, steps) in sets {
        // Whatever holds one that suffices has a part that could be left out, or a scope too wide.
        let is_within = |known: &Step| steps.iter().any(|step| known.is_no_more_than(*step));
        if proven.keys().any(|known| known.iter().all(is_within)) {
            continue;
        }
        if let Some(least) = trial.least(&steps) {
            proven.insert(least.steps.clone(), least);
        }
        if trial.is_spent() {
            break;
        }
    }
    let is_complete = found.is_complete && !trial.gave_up();
    (proven.into_values().collect(), is_complete)
}

/// One remedy, however large; or why there is none.
fn larger(trial: &Trial<'_, '_>, why: &Explanation) -> Result<Proven, NoRemedy> {
    let (sets, mut is_certain) = large(trial.case);
    let mut least: Option<Proven> = None;
    for (way, steps) in sets {
        let Some(found) = trial.least(&steps) else {
            // Where nobody lends, that is no way.
            is_certain &= way.is_lent;
            continue;
        };
        let is_fewer = least.as_ref();
        if is_fewer.is_none_or(|it| found.changes.len() < it.changes.len()) {
            least = Some(found);
        }
    }
    if let Some(least) = least {
        return Ok(least);
    }
    if !is_certain {
        return Err(NoRemedy::NotFound);
    }
    let is_condition = |it: &&Cause| matches!(it, Cause::Condition(_));
    let causes: Vec<Cause> = why.causes().filter(is_condition).cloned().collect();
    if trial.case.ways.is_empty() && !causes.is_empty() {
        return Err(NoRemedy::Conditions { causes });
    }
    let causes = why.causes().cloned().collect();
    Err(NoRemedy::OutOfReach { causes })
}
