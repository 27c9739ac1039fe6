//! The role's own grants as they are written, and how little of them an edit rewrites (T4).

use super::step::Ticks;
use super::tree::Tree;
use crate::Scope;
use crate::catalog::{Given, give};
use crate::document::GrantDocument;
use crate::document::problem::{Path, Report, Source};

/// One grant of the role.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) document: GrantDocument,
    /// The node that it names, alone and without exceptions: a single grant. Others are selectors.
    node: Option<u16>,
    pub(super) given: Vec<(u16, Scope)>,
    /// What the wildcard leaves out (S5).
    pub(super) left_out: Vec<u16>,
}

impl Written {
    pub(super) fn is_selector(&self) -> bool {
        self.node.is_none() && (self.document.select.ends_with('*') || !self.given.is_empty())
    }

    fn single(tree: &Tree, node: u16, scope: Scope) -> Written {
        let is_only_one = tree.offered(node).nth(1).is_none();
        Written {
            document: GrantDocument {
                select: tree.path(node).to_owned(),
                scope: (!is_only_one).then_some(scope),
                except: Vec::new(),
            },
            node: Some(node),
            given: vec![(node, scope)],
            left_out: Vec::new(),
        }
    }
}

/// Grants as the engine reads them, in a policy written against that version of the catalog (D16).
pub(super) fn read(tree: &Tree, grants: &[GrantDocument], version: u32) -> Vec<Written> {
    // Whatever is to be said about them was said when the policy was loaded.
    let source = Source::default();
    let mut report = Report::new(&source);
    let mut read = |grant: &GrantDocument| {
        let Given {
            given,
            node,
            left_out,
        } = give(tree.model(), grant, version, &Path::ROOT, &mut report);
        Written {
            document: grant.clone(),
            node: node.filter(|_| grant.except.is_empty()),
            given: given.into_vec(),
            left_out,
        }
    };
    grants.iter().map(&mut read).collect()
}

/// The ticks that grants come to: of several, the widest (D3).
pub(super) fn ticks(tree: &Tree, grants: &[Written]) -> Ticks {
    let mut ticks = vec![None; tree.len()];
    for &(node, scope) in grants.iter().flat_map(|it| &it.given) {
        let tick = &mut ticks[node as usize];
        *tick = (*tick).max(Some(scope));
    }
    ticks
}

/// Rewrites grants so that they come to `after`, and names the selectors that had to be expanded.
///
/// A selector is touched when it gives more than is to remain: its node is cleared or narrowed. What
/// an action adds, it adds by a single grant beside the selector, exceptions included; so do all ticks
/// of "check all" (T4). An expanded selector's single grants stand where it stood, new ones at the end.
pub(super) fn rewrite(
    tree: &Tree,
    grants: &[Written],
    before: &[Option<Scope>],
    after: &[Option<Scope>],
) -> (Vec<Written>, Vec<GrantDocument>) {
    let is_touched = |grant: &Written| {
        let mut given = grant.given.iter();
        grant.node.is_none() && given.any(|&(node, scope)| Some(scope) > after[node as usize])
    };
    let touched: Vec<bool> = grants.iter().map(is_touched).collect();
    let left = || {
        grants
            .iter()
            .zip(&touched)
            .filter(|(_, touched)| !**touched)
    };
    // What untouched selectors give, and what single grants do besides.
    let mut by_selectors: Ticks = vec![None; tree.len()];
    let mut by_all: Ticks = vec![None; tree.len()];
    let mut has_single = vec![false; tree.len()];
    for (grant, _) in left() {
        for &(node, scope) in &grant.given {
            let node = node as usize;
            by_all[node] = by_all[node].max(Some(scope));
            if grant.node.is_none() {
                by_selectors[node] = by_selectors[node].max(Some(scope));
            }
        }
        if let Some(node) = grant.node {
            has_single[node as usize] = true;
        }
    }
    let is_open = |node: usize| before[node] != after[node] || by_all[node] < after[node];
    // The one grant of a node that is open.
    let mut placed = vec![false; tree.len()];
    let mut place = |node: u16| {
        let at = node as usize;
        let scope = after[at].filter(|_| after[at] > by_selectors[at] && !placed[at])?;
        placed[at] = true;
        Some(Written::single(tree, node, scope))
    };
    let mut rewritten = Vec::with_capacity(grants.len());
    let mut expanded = Vec::new();
    for (grant, &touched) in grants.iter().zip(&touched) {
        match grant.node {
            Some(node) if is_open(node as usize) => {
                let as_written = |new: Written| match new.given == grant.given {
                    true => grant.clone(),
                    false => new,
                };
                rewritten.extend(place(node).map(as_written));
            }
            None if touched => {
                let nodes = grant.given.iter().map(|(node, _)| *node);
                let alone = nodes.filter(|it| is_open(*it as usize) && !has_single[*it as usize]);
                rewritten.extend(alone.filter_map(&mut place));
                expanded.push(grant.document.clone());
            }
            _ => rewritten.push(grant.clone()),
        }
    }
    let new = tree.every().filter(|node| is_open(*node as usize));
    rewritten.extend(new.filter_map(&mut place));
    (rewritten, expanded)
}
