//! Features, the permission tree in preorder, prerequisites, and the evolution of paths.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bitvec::prelude::{BitVec, Lsb0};

use super::super::evolution::{Endless, Evolution, is_at_or_below, prefixes};
use super::super::{Feature, Model, Permission, Scopes};
use super::{
    check_identifier, check_limit, check_version, find_all, find_features, insert, report_cycles,
};
use crate::document::naming::check_display_name;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{CatalogDocument, PermissionDocument};
use crate::hierarchy::Dag;
use crate::limits;
use crate::names::{Names, Numbered};

pub(super) fn features(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("features");
    if !check_limit(
        document.features.len(),
        limits::FEATURES,
        "features",
        &list,
        report,
    ) {
        return;
    }
    for (i, feature) in document.features.iter().enumerate() {
        let here = list.index(i);
        let id = here.field("id");
        check_identifier(&feature.id, &id, report);
        if let Some(version) = feature.retired {
            check_version(version, 2, model, &here.field("retired"), report);
        }
        check_display_name(feature.label.as_deref(), &here.field("label"), report);
        if insert(
            &mut model.feature_names,
            &feature.id,
            "feature",
            &id,
            report,
        )
        .is_some()
        {
            model.features.push(Feature {
                id: feature.id.as_str().into(),
                retired: feature.retired,
            });
        }
    }
}

pub(super) fn permissions(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("permissions");
    let written = &document.permissions;
    if !check_limit(
        written.len(),
        limits::PERMISSIONS,
        "permissions",
        &list,
        report,
    ) {
        return;
    }
    let (preorder, parents) = arrange(written, &list, report);
    let mut names = Names::with_capacity(preorder.len());
    for &i in &preorder {
        // Distinct: duplicates were reported and left out.
        let _ = names.insert(&written[i].path);
    }
    let number: HashMap<usize, u16> = preorder.iter().copied().zip(0..).collect();
    model.permission_names = names;
    for &i in &preorder {
        let permission = &written[i];
        let here = list.index(i);
        let requires = find_all(
            &model.permission_names,
            &permission.requires,
            "permission",
            &here.field("requires"),
            report,
        );
        find_all(
            &model.permission_names,
            &permission.suggests,
            "permission",
            &here.field("suggests"),
            report,
        );
        let features = find_features(model, &permission.features, &here.field("features"), report);
        let scopes = check_scopes(permission, &here, report);
        let parent = parents
            .get(&i)
            .and_then(|parent| number.get(parent))
            .copied();
        model.permissions.push(Permission {
            path: permission.path.as_str().into(),
            end: 0,
            parent,
            scopes,
            features,
            requires,
            closure: BitVec::new(),
            adjustable: None,
        });
    }
    for node in (0..model.permissions.len()).rev() {
        let end = model.permissions[node].end.max(node as u16 + 1);
        model.permissions[node].end = end;
        if let Some(parent) = model.permissions[node].parent {
            let parent = &mut model.permissions[parent as usize];
            parent.end = parent.end.max(end);
        }
    }
    prerequisites(model, &preorder, &list, report);
}

fn check_scopes(
    permission: &PermissionDocument,
    here: &Path<'_>,
    report: &mut Report<'_>,
) -> Scopes {
    let list = here.field("scopes");
    for (i, scope) in permission.scopes.iter().enumerate() {
        if permission.scopes[..i].contains(scope) {
            report.error(&list.index(i), format!("duplicate scope `{scope}`"));
        }
    }
    let scopes = Scopes::of(&permission.scopes);
    if let Some(default) = permission.default_scope
        && !scopes.offers(default)
    {
        report.error(
            &here.field("default_scope"),
            format!(
                "{} does not offer its default scope `{default}`",
                quoted(&permission.path)
            ),
        );
    }
    scopes
}

/// The indices of permissions in the tree's preorder, siblings as written; and each one's parent.
fn arrange(
    written: &[PermissionDocument],
    list: &Path<'_>,
    report: &mut Report<'_>,
) -> (Vec<usize>, HashMap<usize, usize>) {
    let mut by_path: HashMap<&str, usize> = HashMap::with_capacity(written.len());
    let mut sound = Vec::with_capacity(written.len());
    for (i, permission) in written.iter().enumerate() {
        let here = list.index(i);
        let at = here.field("path");
        let path = permission.path.as_str();
        check_display_name(permission.label.as_deref(), &here.field("label"), report);
        if !check_identifier(path, &at, report) {
            continue;
        }
        if path
            .split('.')
            .any(|segment| segment.is_empty() || segment == "*")
        {
            report.error(
                &at,
                format!("{} has a segment that is empty or `*`", quoted(path)),
            );
            continue;
        }
        match by_path.entry(path) {
            Entry::Vacant(vacant) => vacant.insert(i),
            Entry::Occupied(_) => {
                report.error(&at, format!("duplicate permission {}", quoted(path)));
                continue;
            }
        };
        sound.push(i);
    }
    let mut parents = HashMap::new();
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut roots = Vec::new();
    for &i in &sound {
        let path = written[i].path.as_str();
        let Some((above, _)) = path.rsplit_once('.') else {
            roots.push(i);
            continue;
        };
        match by_path.get(above) {
            Some(&parent) => {
                parents.insert(i, parent);
                children.entry(parent).or_default().push(i);
            }
            None => {
                let paths = sound.iter().map(|&i| written[i].path.as_str());
                let nearest = report.did_you_mean(above, paths);
                let here = list.index(i);
                report.error(
                    &here.field("path"),
                    format!(
                        "{} has no parent: {} is no permission{nearest}",
                        quoted(path),
                        quoted(above)
                    ),
                );
                roots.push(i);
            }
        }
    }
    let mut preorder = Vec::with_capacity(sound.len());
    let mut stack: Vec<usize> = roots.into_iter().rev().collect();
    while let Some(i) = stack.pop() {
        preorder.push(i);
        if let Some(below) = children.get(&i) {
            stack.extend(below.iter().rev());
        }
    }
    (preorder, parents)
}

/// Prerequisites form a DAG (D7); each permission's closure follows from its prerequisites'.
fn prerequisites(model: &mut Model, preorder: &[usize], list: &Path<'_>, report: &mut Report<'_>) {
    let edges: Vec<(u32, u32)> = model
        .permissions
        .iter()
        .zip(0..)
        .flat_map(|(permission, needing)| {
            permission
                .requires
                .iter()
                .map(move |&needed| (needing, u32::from(needed)))
        })
        .collect();
    let dag = match Dag::new(model.permissions.len(), &edges) {
        Ok(dag) => dag,
        Err(cycles) => {
            let name = |node: u32| model.permissions[node as usize].path.as_ref();
            let position = |node: u32| preorder[node as usize];
            report_cycles(&cycles, "prerequisites", name, list, position, report);
            return;
        }
    };
    for node in dag.juniors_first() {
        let requires = std::mem::take(&mut model.permissions[node as usize].requires);
        if !requires.is_empty() {
            let mut closure = BitVec::<usize, Lsb0>::repeat(false, model.permissions.len());
            for &needed in &requires {
                closure.set(needed as usize, true);
                closure |= &model.permissions[needed as usize].closure;
            }
            model.permissions[node as usize].closure = closure;
        }
        model.permissions[node as usize].requires = requires;
    }
    model.prerequisites_first = dag.juniors_first().map(|node| node as u16).collect();
}

/// Renamed and retired paths (D16): no path is ever used again for another node.
pub(super) fn evolution(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let changes = document.renamed.len() + document.retired.len();
    if !check_limit(
        changes,
        limits::RENAMES,
        "renamed and retired paths",
        &root.field("renamed"),
        report,
    ) {
        return;
    }
    let mut given_up: HashSet<&str> = HashSet::new();
    let list = root.field("renamed");
    for (i, renamed) in document.renamed.iter().enumerate() {
        let here = list.index(i);
        let from = here.field("from");
        check_version(renamed.version, 2, model, &here.field("version"), report);
        if model.permission_names.get(&renamed.from).is_some() {
            report.error(
                &from,
                format!(
                    "{} was renamed, yet it is a permission; no path is used again",
                    quoted(&renamed.from)
                ),
            );
        }
        if !given_up.insert(&renamed.from) {
            report.error(
                &from,
                format!("{} was renamed or retired already", quoted(&renamed.from)),
            );
        }
    }
    let retired_list = root.field("retired");
    for (i, retired) in document.retired.iter().enumerate() {
        let here = retired_list.index(i);
        let path = here.field("path");
        check_version(retired.version, 2, model, &here.field("version"), report);
        if model.permission_names.get(&retired.path).is_some() {
            report.error(
                &path,
                format!(
                    "{} was retired, yet it is a permission; no path is used again",
                    quoted(&retired.path)
                ),
            );
        }
        if !given_up.insert(&retired.path) {
            report.error(
                &path,
                format!("{} was renamed or retired already", quoted(&retired.path)),
            );
        }
    }
    let is_endless = report_endless(model, document, &list, report);
    if is_endless {
        // Nothing can be followed by it.
        model.evolution = Evolution::default();
    }
    let had = had_above(document);
    let mut targets: HashSet<&str> = HashSet::new();
    for (i, renamed) in document.renamed.iter().enumerate() {
        let here = list.index(i);
        let to = here.field("to");
        if is_at_or_below(&renamed.to, &renamed.from) {
            report.error(
                &to,
                format!(
                    "{} lies at or below the path that it replaces",
                    quoted(&renamed.to)
                ),
            );
            continue;
        }
        if !targets.insert(&renamed.to) {
            report.error(
                &to,
                format!(
                    "two paths were renamed to {}; a new path is one that no earlier version had",
                    quoted(&renamed.to)
                ),
            );
        } else if let Some((_, below)) = had
            .get(&*renamed.to)
            .filter(|(version, _)| *version < renamed.version)
        {
            report.error(
                &to,
                format!(
                    "{} lies above {}, which an earlier version had; a new path is one that no earlier version had",
                    quoted(&renamed.to),
                    quoted(below)
                ),
            );
        }
        if !is_endless
            && let super::super::Followed::Path(today) =
                model.evolution.follow(&renamed.to, renamed.version)
            && model.permission_names.get(&today).is_none()
        {
            model.report_unknown(&today, &to, report);
        }
    }
}

/// Reports renames that cannot be followed to an end; true if there are any, those that lead to below
/// themselves included.
fn report_endless(
    model: &Model,
    document: &CatalogDocument,
    list: &Path<'_>,
    report: &mut Report<'_>,
) -> bool {
    let (mut is_endless, mut too_long) = (false, Vec::new());
    for (i, renamed) in document.renamed.iter().enumerate() {
        if is_at_or_below(&renamed.to, &renamed.from) {
            is_endless = true;
            continue;
        }
        let (from, version) = (quoted(&renamed.from), renamed.version);
        match model.evolution.trace(renamed) {
            Ok(()) => {}
            Err(Endless::TooLong) => too_long.push((i, from)),
            Err(Endless::Circle(names)) => {
                is_endless = true;
                let names = quoted(&format!("{} → …", names.join(" → ")));
                report.error(
                    &list.index(i),
                    format!("version `{version}` renames {from} without end: {names}"),
                );
            }
        }
    }
    // What goes round grows, too.
    let goes_round = is_endless;
    for (i, from) in too_long.into_iter().filter(|_| !goes_round) {
        is_endless = true;
        let most = limits::FORMER_PATH_BYTES;
        let message = format!("renames bring {from} to a name of more than {most} bytes");
        report.error(&list.index(i), message);
    }
    is_endless
}

/// Paths that earlier versions had, since every parent of a path is itself a node (D5): each with the
/// earliest version known to have had it, and what lay below it then.
fn had_above(document: &CatalogDocument) -> HashMap<&str, (u32, &str)> {
    let new_paths = document.renamed.iter().map(|it| (it.version, &*it.to));
    let new_paths: HashSet<(u32, &str)> = new_paths.collect();
    // A rename may go on from where another of its version leads: no version had that path.
    let is_between = |version, path, to| {
        prefixes(path).any(|above| above != to && new_paths.contains(&(version, above)))
    };
    let renamed = document.renamed.iter();
    let given_up = renamed
        .filter(|it| !is_between(it.version, &it.from, &it.to))
        .map(|it| (it.version.saturating_sub(1), &*it.from));
    let retired = document.retired.iter();
    let retired = retired.map(|it| (it.version.saturating_sub(1), &*it.path));
    let mut had: HashMap<&str, (u32, &str)> = HashMap::new();
    for (version, path) in given_up.chain(retired).chain(new_paths.iter().copied()) {
        for above in prefixes(path).skip(1) {
            let known = had.entry(above).or_insert((version, path));
            *known = (*known).min((version, path));
        }
    }
    had
}
