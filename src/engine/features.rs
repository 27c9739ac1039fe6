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
        self.missing_features = model
            .permissions
            .iter()
            .map(|permission| {
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
            })
            .collect();
        let or_none = |features: &[u16]| missing(features).unwrap_or(NONE);
        self.pair_features = model.pairs.iter().map(|it| or_none(&it.features)).collect();
        let operations = model.operations.iter();
        self.operation_features = operations.map(|it| or_none(&it.features)).collect();
        self.features = features;
    }
}
