//! The permission tree through the versions of a catalog (D16): nodes are added, renamed with what
//! lies below, and retired, and no path is ever used twice.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::document::{RenamedDocument, RetiredDocument};

use super::rng::Rng;

/// A node of the tree as one version has it. It keeps its number through renames.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub path: String,
    pub number: usize,
}

/// The trees of all versions, oldest first, and how each came from the one before.
pub(crate) struct History {
    pub trees: Vec<Vec<Node>>,
    pub renamed: Vec<RenamedDocument>,
    pub retired: Vec<RetiredDocument>,
}

impl History {
    pub(crate) fn tree(&self, version: u32) -> &[Node] {
        &self.trees[version as usize - 1]
    }
}

/// Whether a version may name a node as it stands after what else that version renamed: a path that
/// no version had, of which `a` → `x` and `x.b` → `c` together make `a.b` → `c`.
const INTERMEDIATE_PATHS: bool = true;

/// Segments that begin alike, look like selectors, or need quoting.
const SEGMENTS: &[&str] = &["a", "ab", "b", "c", "A", "é", "x*", "**", "d e", "q\"t"];

/// Bytes that segments have now and then. Two of them are longer than a node of today's may be; nodes of
/// versions in between are as long as they like.
const LONG: [usize; 2] = [100, 200];
/// The longest path of a node, in bytes.
const PATH_BYTES: usize = 256;

pub(crate) fn at_or_below(path: &str, top: &str) -> bool {
    path == top
        || path
            .strip_prefix(top)
            .is_some_and(|rest| rest.starts_with('.'))
}

struct Growth {
    tree: Vec<Node>,
    /// Every path that any version had.
    used: BTreeSet<String>,
    numbers: usize,
    has_long: bool,
}

impl Growth {
    /// A path that no version had, below a node that `may` be its parent.
    fn fresh(&mut self, rng: &mut Rng, may: impl Fn(&str) -> bool) -> Option<String> {
        for _ in 0..20 {
            let mut segment = (*rng.pick(SEGMENTS)).to_owned();
            if self.has_long && rng.chance(30) {
                segment = segment.repeat(rng.pick(&LONG).div_ceil(segment.len()));
            }
            let parents: Vec<&Node> = self.tree.iter().filter(|node| may(&node.path)).collect();
            let path = match rng.any(&parents) {
                Some(parent) if rng.chance(65) => format!("{}.{segment}", parent.path),
                _ => segment,
            };
            if self.used.insert(path.clone()) {
                return Some(path);
            }
        }
        None
    }

    fn add(&mut self, rng: &mut Rng) {
        if let Some(path) = self.fresh(rng, |_| true) {
            let number = self.numbers;
            self.tree.push(Node { path, number });
            self.numbers += 1;
        }
    }
}

/// A history of that many versions; the last tree has 2 to 8 nodes, of names that a catalog takes.
pub(crate) fn history(rng: &mut Rng, versions: u32) -> History {
    let has_long = rng.chance(25);
    loop {
        let history = any_history(rng, versions, has_long);
        let last = history.tree(versions);
        if last.iter().all(|it| it.path.len() <= PATH_BYTES) {
            return history;
        }
    }
}

fn any_history(rng: &mut Rng, versions: u32, has_long: bool) -> History {
    let mut growth = Growth {
        tree: Vec::new(),
        used: BTreeSet::new(),
        numbers: 0,
        has_long,
    };
    let size = rng.range(2, 7);
    while growth.tree.len() < size {
        growth.add(rng);
    }
    let mut history = History {
        trees: vec![growth.tree.clone()],
        renamed: Vec::new(),
        retired: Vec::new(),
    };
    for version in 2..=versions {
        step(rng, version, &mut growth, &mut history);
        history.trees.push(growth.tree.clone());
    }
    history
}

/// What one version does to a node: its path before the version, its path when its turn came, and
/// its new one, if it has one.
struct Change {
    before: String,
    then: String,
    to: Option<String>,
}

/// What one version changes. Its entries act at once.
fn step(rng: &mut Rng, version: u32, growth: &mut Growth, history: &mut History) {
    let old = growth.tree.clone();
    let mut untouched: BTreeMap<usize, String> = old
        .iter()
        .map(|node| (node.number, node.path.clone()))
        .collect();
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..rng.range(1, 3) {
        let what = rng.below(10);
        if what < 3 {
            if growth.tree.len() < 8 {
                growth.add(rng);
            }
            continue;
        }
        // The new paths of this version are nodes when it is done.
        let settled: Vec<&String> = changes.iter().filter_map(|it| it.to.as_ref()).collect();
        let movable: Vec<Node> = growth
            .tree
            .iter()
            .filter(|node| !settled.iter().any(|to| at_or_below(to, &node.path)))
            .filter(|node| untouched.contains_key(&node.number))
            .cloned()
            .collect();
        let Some(node) = rng.any(&movable).cloned() else {
            continue;
        };
        let Some(before) = untouched.remove(&node.number) else {
            continue;
        };
        let to = if what < 5 {
            let below = |it: &Node| at_or_below(&it.path, &node.path);
            if growth.tree.iter().filter(|it| !below(it)).count() < 2 {
                continue;
            }
            growth.tree.retain(|it| !below(it));
            None
        } else {
            let Some(to) = growth.fresh(rng, |parent| !at_or_below(parent, &node.path)) else {
                continue;
            };
            for it in &mut growth.tree {
                if at_or_below(&it.path, &node.path) {
                    it.path = format!("{to}{}", &it.path[node.path.len()..]);
                    growth.used.insert(it.path.clone());
                }
            }
            Some(to)
        };
        let then = node.path;
        changes.push(Change { before, then, to });
    }
    let steps = steps(rng, &changes, &old, &growth.tree);
    for (from, to) in steps {
        match to {
            Some(to) => history.renamed.push(RenamedDocument { version, from, to }),
            None => history.retired.push(RetiredDocument {
                version,
                path: from,
            }),
        }
    }
}

type Step = (String, Option<String>);

/// The entries of one version. A node goes by its path before; or, if it is renamed, by the one it had
/// after what else the version renamed, where that leads everything to the same places.
fn steps(rng: &mut Rng, changes: &[Change], old: &[Node], new: &[Node]) -> Vec<Step> {
    let before = |it: &Change| (it.before.clone(), it.to.clone());
    if INTERMEDIATE_PATHS {
        let mixed: Vec<Step> = changes
            .iter()
            .map(|it| match rng.chance(50) && it.to.is_some() {
                true => (it.then.clone(), it.to.clone()),
                false => before(it),
            })
            .collect();
        let arrives = |node: &Node| {
            let there = new.iter().find(|it| it.number == node.number);
            lands(&mixed, &node.path).as_ref() == there.map(|it| &it.path)
        };
        if old.iter().all(arrives) {
            return mixed;
        }
    }
    changes.iter().map(before).collect()
}

/// Where a version's entries lead a path: the longest that matches, and again from there.
fn lands(steps: &[Step], path: &str) -> Option<String> {
    let mut path = path.to_owned();
    for _ in steps {
        let longest = steps
            .iter()
            .filter(|(from, _)| at_or_below(&path, from))
            .max_by_key(|(from, _)| from.len());
        match longest {
            None => break,
            Some((from, to)) => path = format!("{}{}", to.as_ref()?, &path[from.len()..]),
        }
    }
    Some(path)
}
