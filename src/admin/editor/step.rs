//! What an action does to the ticks: T2's nodes, then prerequisites and dependents to a fixed point (T4).
//!
//! Prerequisites form a DAG (D7), so that one pass in its order is the fixed point.

use std::collections::BTreeSet;

use super::tree::{Standing, Tree};
use crate::Scope;

/// A scope for each node, `None` where it is not set.
pub(super) type Ticks = Vec<Option<Scope>>;

/// What came of an action.
pub(super) struct Step {
    pub(super) after: Ticks,
    /// Nodes that the action is about, not those that follow.
    pub(super) asked: Vec<bool>,
    /// Nodes that would have changed, were they not locked or adjustable.
    pub(super) left_alone: BTreeSet<u16>,
}

/// Sets nodes, and what they require. A tick that is there keeps its scope unless one is chosen.
pub(super) fn set(
    tree: &Tree,
    before: &[Option<Scope>],
    nodes: impl Iterator<Item = u16>,
    chosen: Option<Scope>,
) -> Step {
    let mut step = Step::new(tree, before);
    // Whose scope its narrowing prerequisites must match.
    let mut is_set = vec![false; tree.len()];
    for node in nodes {
        let scope = match (chosen, before[node as usize]) {
            (Some(chosen), _) => tree.scope_chosen(node, chosen),
            (None, Some(scope)) => scope,
            (None, None) => tree.scope_alone(node),
        };
        if tree.is_tickable(node) {
            step.asked[node as usize] = true;
            is_set[node as usize] = true;
            step.after[node as usize] = Some(scope);
        } else if before[node as usize] != Some(scope) {
            step.left_alone.insert(node);
        }
    }
    let mut is_required = vec![false; tree.len()];
    let mut to_match: Ticks = vec![None; tree.len()];
    // Each permission before all of its prerequisites.
    for &node in tree.model().prerequisites_first.iter().rev() {
        let at = node as usize;
        match tree.standing(node) {
            Standing::Tickable => {}
            // Whoever the setting gives it to needs what it requires all the same.
            Standing::Adjustable if is_required[at] => {
                step.left_alone.insert(node);
                require(tree, node, &mut is_required);
                continue;
            }
            Standing::Locked(_) if is_required[at] && step.after[at].is_none() => {
                step.left_alone.insert(node);
                continue;
            }
            Standing::Adjustable | Standing::Locked(_) => continue,
        }
        let scope = match (step.after[at], to_match[at]) {
            (None, Some(needed)) if is_required[at] => Some(tree.scope_matching(node, needed)),
            (None, None) if is_required[at] => Some(tree.scope_alone(node)),
            (Some(scope), Some(needed)) if scope < needed => {
                Some(tree.scope_matching(node, needed).max(scope))
            }
            (scope, _) => scope,
        };
        is_set[at] |= scope != step.after[at];
        step.after[at] = scope;
        if is_set[at] || is_required[at] {
            require(tree, node, &mut is_required);
        }
        if is_set[at] {
            for needed in tree.narrowing(node) {
                let to_match = &mut to_match[needed as usize];
                *to_match = (*to_match).max(scope);
            }
        }
    }
    step
}

fn require(tree: &Tree, node: u16, is_required: &mut [bool]) {
    for &needed in tree.requires(node) {
        is_required[needed as usize] = true;
    }
}

/// Clears nodes, and what requires one that was set.
pub(super) fn clear(
    tree: &Tree,
    before: &[Option<Scope>],
    nodes: impl Iterator<Item = u16> + Clone,
) -> Step {
    let mut step = Step::new(tree, before);
    let is_adjustable = |it: u16| matches!(tree.standing(it), Standing::Adjustable);
    // Among others, what a setting gives has no tick to lose; alone, it is what cannot be cleared.
    if nodes.clone().all(is_adjustable) {
        step.left_alone.extend(nodes.clone());
    }
    for node in nodes {
        step.asked[node as usize] = true;
    }
    let mut is_lost = vec![false; tree.len()];
    for &node in &tree.model().prerequisites_first {
        let at = node as usize;
        let lacks = tree.requires(node).iter().any(|it| is_lost[*it as usize]);
        match tree.standing(node) {
            // What it required is lost to whoever has it by the setting, and so it is to what requires it.
            Standing::Adjustable => is_lost[at] = lacks,
            _ if before[at].is_none() || !(lacks || step.asked[at]) => {}
            Standing::Locked(_) => {
                step.left_alone.insert(node);
            }
            Standing::Tickable => {
                step.after[at] = None;
                is_lost[at] = true;
            }
        }
    }
    step
}

/// What a step narrows without touching it (D7): nodes that stay set as far as they were, and have a
/// prerequisite whose scope became narrower than theirs.
pub(super) fn narrowed(tree: &Tree, before: &[Option<Scope>], after: &[Option<Scope>]) -> Vec<u16> {
    let lowered: Vec<bool> = before
        .iter()
        .zip(after)
        .map(|(before, after)| after.is_some() && after < before)
        .collect();
    if !lowered.contains(&true) {
        return Vec::new();
    }
    let is_narrowed = |&node: &u16| {
        let scope = after[node as usize];
        let mut needed = tree.narrowing(node);
        scope.is_some() && needed.any(|it| lowered[it as usize] && after[it as usize] < scope)
    };
    tree.every().filter(is_narrowed).collect()
}

impl Step {
    fn new(tree: &Tree, before: &[Option<Scope>]) -> Step {
        Step {
            after: before.to_vec(),
            asked: vec![false; tree.len()],
            left_alone: BTreeSet::new(),
        }
    }
}
