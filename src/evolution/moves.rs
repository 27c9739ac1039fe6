//! Which permission of the newer catalog each one of the older became, and which pair each pair.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::incomparable::{Conflict, Incomparable};
use crate::catalog::{Condition, EVERYBODY, Followed, Model, Operation, Pair, Right};
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

/// A pair of permission and operation in one catalog or both (D9): what the two engines are compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparedPair {
    /// `type:action`.
    pub operation: String,
    /// Whether it is asked on a record or on the type. An operation that is asked another way is another
    /// one: what was asked is denied from now on.
    pub on: AskedOn,
    /// The permission's path: today's, or of a pair that is gone the one it had. `None` of an open
    /// operation.
    pub permission: Option<String>,
    /// Whether conditions of pair or operation differ, or the types of what they compare. Who has the
    /// pair before and after may then do it to other records than before.
    pub conditions_changed: bool,
    /// Operation and pair by number.
    pub(super) before: Option<(u16, u16)>,
    pub(super) after: Option<(u16, u16)>,
}

/// Every pair of the newer catalog in its order, then those that it lacks in the order of the older.
pub(super) fn pairs(older: &Model, newer: &Model, moves: &Moves) -> Vec<ComparedPair> {
    let mut known = HashMap::new();
    for_each_pair(older, |operation, number, pair, index| {
        let permission = match pair.permission {
            EVERYBODY => Some(EVERYBODY),
            permission => moves.today.get(permission as usize).copied().flatten(),
        };
        if let Some(permission) = permission {
            let (r#type, action) = (type_name(older, operation), &*operation.action);
            let key = (r#type, action, operation.on, permission);
            known.insert(key, (number, index));
        }
    });
    let mut pairs = Vec::new();
    let mut matched = HashSet::new();
    for_each_pair(newer, |operation, number, pair, index| {
        let (r#type, action) = (type_name(newer, operation), &*operation.action);
        let key = (r#type, action, operation.on, pair.permission);
        let before = known.get(&key).copied();
        matched.extend(before);
        pairs.push(ComparedPair {
            operation: newer.operation_name(number),
            on: operation.on,
            permission: permission_path(newer, pair.permission),
            conditions_changed: before
                .is_some_and(|before| !are_same_conditions(older, before, newer, (number, index))),
            before,
            after: Some((number, index)),
        });
    });
    for_each_pair(older, |operation, number, pair, index| {
        if !matched.contains(&(number, index)) {
            let today = moves.today.get(pair.permission as usize).copied().flatten();
            pairs.push(ComparedPair {
                operation: older.operation_name(number),
                on: operation.on,
                permission: match today {
                    Some(today) => permission_path(newer, today),
                    None => permission_path(older, pair.permission),
                },
                conditions_changed: false,
                before: Some((number, index)),
                after: None,
            });
        }
    });
    pairs
}

fn for_each_pair<'m>(model: &'m Model, mut seen: impl FnMut(&'m Operation, u16, &'m Pair, u16)) {
    for (operation, number) in model.operations.iter().zip(0..) {
        for index in operation.pairs.clone() {
            if let Some(pair) = model.pairs.get(index as usize) {
                seen(operation, number, pair, index);
            }
        }
    }
}

fn type_name<'m>(model: &'m Model, operation: &Operation) -> &'m str {
    let r#type = model.types.get(operation.r#type as usize);
    r#type.map_or("", |it| &it.id)
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
            let bearer = match it.bearer {
                crate::catalog::Bearer::Resource(_) => "resource",
                crate::catalog::Bearer::Subject => "subject",
                crate::catalog::Bearer::Context => "context",
            };
            format!("{bearer} {:?} {}", it.name, it.kind)
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
