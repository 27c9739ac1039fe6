//! What lacks a feature in the account, worked out once for a revision (D6, D9).

use std::sync::Arc;

use super::State;
use crate::decision::{NONE, Part};

impl State {
    /// Enables these features, and no others.
    pub(super) fn set_features(&mut self, features: Arc<[Box<str>]>) {
        let catalog = self.catalog.clone();
        let model = &*catalog.0;
        let mut enabled = vec![false; model.features.len()];
        for name in features.iter() {
            let known = model.feature_names.get(name);
            if let Some(enabled) = known.and_then(|it| enabled.get_mut(it as usize)) {
                *enabled = true;
            }
        }
        let is_missing = |feature: &u16| !enabled.get(*feature as usize).is_some_and(|it| *it);
        let missing = |features: &[u16]| features.iter().copied().find(is_missing);
        let missing_features = model.permissions.iter().map(|permission| {
            if let Some(own) = missing(&permission.features) {
                return Some((own, Part::Permission));
            }
            let mut above = permission.parent;
            while let Some(ancestor) = above.and_then(|it| model.permissions.get(it as usize)) {
                if let Some(feature) = missing(&ancestor.features) {
                    return Some((feature, Part::Ancestor));
                }
                above = ancestor.parent;
            }
            None
        });
        self.missing_features = unless_all(missing_features, None);
        let or_none = |features: &[u16]| missing(features).unwrap_or(NONE);
        let pairs = model.pairs.iter();
        self.pair_features = unless_all(pairs.map(|it| or_none(&it.features)), NONE);
        let operations = model.operations.iter();
        self.operation_features = unless_all(operations.map(|it| or_none(&it.features)), NONE);
        self.features = features;
    }
}

/// Where everything is nothing, there need not be a table: what is not in one is nothing as well.
fn unless_all<T: PartialEq>(each: impl Iterator<Item = T>, nothing: T) -> Arc<[T]> {
    let each: Vec<T> = each.collect();
    match each.iter().all(|it| *it == nothing) {
        true => Arc::default(),
        false => each.into(),
    }
}
