//! Features, and the permission tree.

use std::collections::HashMap;

use super::super::change::{Aspect, CatalogPart, Difference};
use super::{Differences, matched};
use crate::Scope;
use crate::document::{AdjustableDocument, CatalogDocument, PermissionDocument};

pub(super) fn features(all: &mut Differences<'_>) {
    let (older, newer) = (&all.older.document.features, &all.newer.document.features);
    let (both, gone) = matched(older, newer, |it| it.id.as_str());
    for (before, after) in both {
        let part = CatalogPart::Feature(after.id.clone());
        match (before, after.retired) {
            (None, None) => all.add(&part, Difference::Added),
            // Added and retired in between: nothing that anybody could have.
            (None, Some(_)) => {}
            (Some(before), retired) => {
                if before.retired.is_none() && retired.is_some() {
                    all.add(&part, Difference::Retired);
                }
                if before.retired.is_some() && retired.is_none() {
                    all.add(&part, Difference::Added);
                }
                let (was, is) = (before.requested_by.clone(), after.requested_by.clone());
                all.value(&part, Aspect::RequestedBy, was, is);
            }
        }
    }
    for feature in gone {
        let part = CatalogPart::Feature(feature.id.clone());
        all.add(&part, Difference::Dropped);
    }
}

fn by_path(document: &CatalogDocument) -> HashMap<&str, &PermissionDocument> {
    let every = document.permissions.iter();
    every.map(|it| (it.path.as_str(), it)).collect()
}

/// Renames and retirements are told once for all that went along.
pub(super) fn permissions(all: &mut Differences<'_>) {
    let (older, newer, moves) = (all.older, all.newer, all.moves);
    let (was, is) = (by_path(&older.document), by_path(&newer.document));
    for (permission, origin) in newer.permissions.iter().zip(&moves.origin) {
        let path = &*permission.path;
        let part = CatalogPart::Permission(path.to_owned());
        let Some(before) = origin.and_then(|it| older.permissions.get(it as usize)) else {
            all.add(&part, Difference::Added);
            continue;
        };
        if before.path != permission.path {
            let above = before.parent.and_then(|it| moves.today.get(it as usize));
            let went_along = above.copied().flatten().is_some()
                && above.copied().flatten() == permission.parent
                && last_segment(&before.path) == last_segment(path);
            if !went_along {
                let from = before.path.as_ref().to_owned();
                all.add(&part, Difference::Renamed { from });
            }
        }
        if let (Some(was), Some(is)) = (was.get(&*before.path), is.get(path)) {
            permission_itself(all, &part, was, is);
        }
    }
    for (permission, today) in older.permissions.iter().zip(&moves.today) {
        let above = permission.parent;
        let above = above.and_then(|it| moves.today.get(it as usize).copied());
        if today.is_none() && above != Some(None) {
            let path = permission.path.as_ref().to_owned();
            all.add(&CatalogPart::Permission(path), Difference::Retired);
        }
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, last)| last)
}

/// What an adjustable permission says of its setting.
type Said = fn(&AdjustableDocument) -> Option<String>;

fn permission_itself(
    all: &mut Differences<'_>,
    part: &CatalogPart,
    was: &PermissionDocument,
    is: &PermissionDocument,
) {
    let offered = |of: &PermissionDocument| -> Vec<Scope> {
        match of.scopes.is_empty() {
            true => vec![Scope::All],
            false => Scope::EVERY
                .into_iter()
                .filter(|it| of.scopes.contains(it))
                .collect(),
        }
    };
    let (before, after) = (offered(was), offered(is));
    if before != after {
        all.add(part, Difference::Scopes { before, after });
    }
    let (before, after) = (was.features.clone(), is.features.clone());
    all.names(part, Aspect::Features, before, after);
    let before = all.all_today(&was.requires);
    all.names(part, Aspect::Requires, before, is.requires.clone());
    let setting = |of: &PermissionDocument, what: Said| of.adjustable.as_ref().and_then(what);
    let parts: [(Aspect, Said); 4] = [
        (Aspect::Ladder, |it| Some(it.ladder.join(", "))),
        (Aspect::Default, |it| Some(it.default.clone())),
        (Aspect::Floor, |it| {
            it.floor.clone().or_else(|| it.ladder.first().cloned())
        }),
        (Aspect::Ceiling, |it| {
            it.ceiling.clone().or_else(|| it.ladder.last().cloned())
        }),
    ];
    for (aspect, what) in parts {
        all.value(part, aspect, setting(was, what), setting(is, what));
    }
    let changed_by = setting(was, |it| it.changed_by.clone());
    let changed_by = changed_by.map(|it| all.today(&it));
    let after = setting(is, |it| it.changed_by.clone());
    all.value(part, Aspect::ChangedBy, changed_by, after);
}
