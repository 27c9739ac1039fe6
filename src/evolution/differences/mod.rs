//! Everything that a newer catalog says otherwise, room by room of the document.

mod operations;
mod roles;
mod tree;

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::change::{Aspect, CatalogChange, CatalogPart, Difference};
use super::moves::Moves;
use crate::catalog::Model;

/// What differs: the catalog itself, features, permissions in the newer tree's order, types, operations
/// as the newer catalog writes them, roles, tokens, administration. What is gone stands at the end of
/// its room, in the older catalog's order.
pub(super) fn differences(older: &Model, newer: &Model, moves: &Moves) -> Vec<CatalogChange> {
    let mut all = Differences {
        older,
        newer,
        moves,
        changes: Vec::new(),
    };
    let served = |model: &Model| Some(model.accounts.to_string());
    let part = CatalogPart::Catalog;
    all.value(&part, Aspect::Accounts, served(older), served(newer));
    let reach = |model: &Model| Some(model.reach.to_string());
    all.value(&part, Aspect::Reach, reach(older), reach(newer));
    tree::features(&mut all);
    tree::permissions(&mut all);
    operations::types(&mut all);
    operations::properties(&mut all);
    operations::operations(&mut all);
    roles::roles(&mut all);
    roles::tokens(&mut all);
    roles::administration(&mut all);
    all.changes
}

struct Differences<'c> {
    older: &'c Model,
    newer: &'c Model,
    moves: &'c Moves,
    changes: Vec<CatalogChange>,
}

impl<'c> Differences<'c> {
    fn add(&mut self, part: &CatalogPart, difference: Difference) {
        let part = part.clone();
        self.changes.push(CatalogChange { part, difference });
    }

    fn value(
        &mut self,
        part: &CatalogPart,
        aspect: Aspect,
        before: Option<String>,
        after: Option<String>,
    ) {
        if before != after {
            let value = Difference::Value {
                aspect,
                before,
                after,
            };
            self.add(part, value);
        }
    }

    /// Names as sets; those that were, by what they are called today.
    fn names(
        &mut self,
        part: &CatalogPart,
        aspect: Aspect,
        before: impl IntoIterator<Item = String>,
        after: impl IntoIterator<Item = String>,
    ) {
        let (before, after): (Vec<String>, Vec<String>) =
            (before.into_iter().collect(), after.into_iter().collect());
        let missing = |of: &[String], others: &[String]| -> Vec<String> {
            let others: BTreeSet<&String> = others.iter().collect();
            let of = of.iter().filter(|it| !others.contains(it));
            of.cloned().collect()
        };
        let (added, removed) = (missing(&after, &before), missing(&before, &after));
        if !added.is_empty() || !removed.is_empty() {
            let names = Difference::Names {
                aspect,
                added,
                removed,
            };
            self.add(part, names);
        }
    }

    /// What a permission of the older catalog is called today; by its old path where it is gone.
    fn today(&self, path: &str) -> String {
        let old = self.older.permission_names.get(path);
        let today = old.and_then(|it| self.moves.today.get(it as usize).copied().flatten());
        let today = today.and_then(|it| self.newer.permissions.get(it as usize));
        today.map_or_else(|| path.to_owned(), |it| it.path.as_ref().to_owned())
    }

    fn all_today(&self, paths: &[String]) -> Vec<String> {
        paths.iter().map(|path| self.today(path)).collect()
    }
}

/// By a key: each thing of the newer list with its older one, if any; then those that are gone.
fn matched<'c, T, K: Eq + Hash>(
    older: &'c [T],
    newer: &'c [T],
    key: impl Fn(&'c T) -> K,
) -> (Vec<(Option<&'c T>, &'c T)>, Vec<&'c T>) {
    let known: HashMap<K, &T> = older.iter().map(|it| (key(it), it)).collect();
    let there: std::collections::HashSet<K> = newer.iter().map(&key).collect();
    let both = newer.iter().map(|it| (known.get(&key(it)).copied(), it));
    let gone = older.iter().filter(|it| !there.contains(&key(it)));
    (both.collect(), gone.collect())
}
