//! Which permission of the newer catalog each one of the older became, and which ability each ability.

use std::collections::{BTreeMap, HashSet};

use super::incomparable::{Conflict, Incomparable};
use crate::abilities::{self, Ability, Listed, Numbered};
use crate::catalog::{Condition, Followed, Model, Right};
use crate::compared::matched;
use crate::document::{AskedOn, CatalogDocument};

/// Permissions of two versions of a catalog, matched by what became of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Moves {
    /// For each permission of the older catalog, its number in the newer; `None` if it was retired.
    pub(super) today: Vec<Option<u16>>,
    /// The other way; `None` if it was added.
    pub(super) origin: Vec<Option<u16>>,
}

impl Moves {
    /// # Errors
    /// Everything for which the second is no later version of the first.
    pub(super) fn between(older: &Model, newer: &Model) -> Result<Moves, Incomparable> {
        let mut conflicts = Vec::new();
        if older.id != newer.id {
            conflicts.push(Conflict::OtherCatalog {
                older: older.id.as_ref().into(),
                newer: newer.id.as_ref().into(),
            });
        }
        if newer.version < older.version {
            conflicts.push(Conflict::LowerVersion {
                older: older.version,
                newer: newer.version,
            });
        }
        // Of two products nothing else is worth saying.
        if !conflicts.is_empty() {
            return Err(Incomparable(conflicts));
        }
        compare_histories(older, newer, &mut conflicts);
        let moves = Moves::follow(older, newer, &mut conflicts);
        match conflicts.is_empty() {
            true => Ok(moves),
            false => Err(Incomparable(conflicts)),
        }
    }

    fn follow(older: &Model, newer: &Model, conflicts: &mut Vec<Conflict>) -> Moves {
        let mut moves = Moves {
            today: Vec::with_capacity(older.permissions.len()),
            origin: vec![None; newer.permissions.len()],
        };
        for (permission, number) in older.permissions.iter().zip(0..) {
            let path = &*permission.path;
            let today = match newer.evolution.follow(path, older.version) {
                Followed::Retired => None,
                Followed::Path(today) => {
                    let found = newer.permission_names.get(&today).map(|it| it as u16);
                    if found.is_none() {
                        let path = path.to_owned();
                        conflicts.push(Conflict::Dropped { path });
                    }
                    found
                }
            };
            let stayed = today.and_then(|it| newer.permissions.get(it as usize));
            let stayed = stayed.is_some_and(|it| it.path == permission.path);
            if !stayed && newer.permission_names.get(path).is_some() {
                let path = path.to_owned();
                conflicts.push(Conflict::UsedAgain { path });
            }
            if let Some(today) = today
                && let Some(known) = moves.origin.get_mut(today as usize)
                && let Some(first) = known.replace(number)
            {
                let path = |model, it| permission_path(model, it).unwrap_or_default();
                conflicts.push(Conflict::Merged {
                    paths: [path(older, first), path(older, number)],
                    into: path(newer, today),
                });
            }
            moves.today.push(today);
        }
        moves
    }
}

/// What a version did to each path: where it was renamed to, `None` where it was retired.
fn history(document: &CatalogDocument) -> BTreeMap<(u32, &str), Option<&str>> {
    let renamed = document.renamed.iter();
    let renamed = renamed.map(|it| ((it.version, it.from.as_str()), Some(it.to.as_str())));
    let retired = document.retired.iter();
    let retired = retired.map(|it| ((it.version, it.path.as_str()), None));
    renamed.chain(retired).collect()
}

/// The versions up to the older catalog's did what they did, and later ones rename to what is new.
fn compare_histories(older: &Model, newer: &Model, conflicts: &mut Vec<Conflict>) {
    let (was, is) = (history(&older.document), history(&newer.document));
    let mut said = HashSet::new();
    for (&(version, path), to) in was.iter().chain(&is) {
        let known = (was.get(&(version, path)), is.get(&(version, path)));
        if version <= older.version && known.0 != known.1 && said.insert((version, path)) {
            let path = path.to_owned();
            conflicts.push(Conflict::HistoryChanged { version, path });
        }
        if version > older.version
            && let Some(to) = to
            && older.permission_names.get(to).is_some()
        {
            conflicts.push(Conflict::TargetExisted {
                from: path.to_owned(),
                to: (*to).to_owned(),
            });
        }
    }
    for (_, path) in was.keys() {
        // A newer catalog that says so itself would not have been made.
        if newer.permission_names.get(path).is_some() {
            let path = (*path).to_owned();
            conflicts.push(Conflict::UsedAgain { path });
        }
    }
}

/// An ability of one catalog or both: what the two engines are compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparedAbility {
    /// An operation, a field, or a right of administration. Permissions in it go by today's path.
    pub ability: Ability,
    /// Whether an operation is asked on a record or on the type; `None` of anything else. An operation
    /// that is asked another way is another one: what was asked is denied from now on.
    pub on: Option<AskedOn>,
    /// The path of the permission that gives it: today's, or of what is gone the one it had. `None` of an
    /// open operation, and of a right that needs several. An operation by each permission is compared by
    /// itself (D9); fields and rights are the same by whichever permission.
    pub permission: Option<String>,
    /// Whether conditions differ, or the types of what they compare: of an operation by that permission, of
    /// a field those of reading. Who has it before and after may then have it on other records.
    pub conditions_changed: bool,
    /// By number in the older catalog.
    pub(super) before: Option<Numbered>,
    /// In the newer.
    pub(super) after: Option<Numbered>,
}

/// Every ability of the newer catalog in its order, then those that it lacks in the order of the older.
/// What people see of what they contributed is told where a catalog lets them and the other does not.
pub(super) fn abilities(older: &Model, newer: &Model, moves: &Moves) -> Vec<ComparedAbility> {
    let before = abilities::of_catalog(older, newer);
    let after = abilities::of_catalog(newer, older);
    let all = compared(older, newer, moves, before, after);
    let is_told = |it: &ComparedAbility| {
        let is_contribution = matches!(it.ability, Ability::OwnContribution { .. });
        !is_contribution || it.before.is_some() != it.after.is_some()
    };
    let mut all: Vec<ComparedAbility> = all.into_iter().filter(is_told).collect();
    let changed = all.iter().filter(|it| it.conditions_changed);
    let changed = changed.filter_map(|it| match it.after {
        Some(Numbered::Pair { operation, .. }) => Some(operation),
        _ => None,
    });
    let changed: HashSet<u16> = changed.collect();
    for field in &mut all {
        if let Some(Numbered::Field { read, .. }) = field.after {
            field.conditions_changed = read.is_some_and(|it| changed.contains(&it));
        }
    }
    all
}

/// Lists of abilities as they are compared.
pub(super) fn compared(
    older: &Model,
    newer: &Model,
    moves: &Moves,
    mut before: Vec<Listed>,
    after: Vec<Listed>,
) -> Vec<ComparedAbility> {
    let today = |permission: u16| moves.today.get(permission as usize).copied().flatten();
    for listed in &mut before {
        if let Ability::ChangeSetting(path) = &mut listed.ability
            && let Some(number) = older.permission_names.get(path)
            && let Some(now) = today(number as u16).and_then(|it| permission_path(newer, it))
        {
            *path = now;
        }
    }
    let all = matched(before, after, today).into_iter();
    let all = all.map(|it| ComparedAbility {
        conditions_changed: match (&it.before, &it.after) {
            (
                Some(Numbered::Pair { operation, pair }),
                Some(Numbered::Pair {
                    operation: operation_after,
                    pair: pair_after,
                }),
            ) => {
                let before = (*operation, *pair);
                !are_same_conditions(older, before, newer, (*operation_after, *pair_after))
            }
            _ => false,
        },
        permission: it.permission.and_then(|permission| {
            match (it.after.is_some(), today(permission)) {
                (true, _) => permission_path(newer, permission),
                (false, Some(today)) => permission_path(newer, today),
                (false, None) => permission_path(older, permission),
            }
        }),
        ability: it.ability,
        on: it.on,
        before: it.before,
        after: it.after,
    });
    all.collect()
}

pub(super) fn permission_path(model: &Model, permission: u16) -> Option<String> {
    let known = model.permissions.get(permission as usize)?;
    Some(known.path.as_ref().to_owned())
}

fn are_same_conditions(
    older: &Model,
    before: (u16, u16),
    newer: &Model,
    after: (u16, u16),
) -> bool {
    let operation = |model: &Model, (operation, _): (u16, u16)| {
        let known = model.operations.get(operation as usize);
        known.map_or_else(Vec::new, |it| written(model, &it.when))
    };
    let pair = |model: &Model, (_, pair): (u16, u16)| {
        let known = model.pairs.get(pair as usize);
        known.map_or_else(Vec::new, |it| written(model, &it.when))
    };
    operation(older, before) == operation(newer, after) && pair(older, before) == pair(newer, after)
}

/// Conditions without the numbers that their catalog gives to properties.
fn written(model: &Model, when: &[Vec<Condition>]) -> Vec<Vec<String>> {
    let property = |index: u16| {
        let known = model.properties.get(index as usize);
        known.map_or_else(String::new, |it| {
            // A resource's is of the operation's own type.
            format!("{} {:?} {}", it.bearer.as_str(), it.name, it.kind)
        })
    };
    let condition = |it: &Condition| {
        let right = match &it.right {
            Right::Property(other) => property(*other),
            constant => format!("{constant:?}"),
        };
        format!("{} {} {right}", property(it.left), it.operator.as_str())
    };
    let alternative = |it: &Vec<Condition>| it.iter().map(condition).collect();
    when.iter().map(alternative).collect()
}
