//! Roles: what each grants and denies, adjustable settings, inheritance.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::super::rights::Planes;
use super::super::roles::{Role, Roles};
use super::EngineBuilder;
use super::policy::check_created;
use crate::Scope;
use crate::catalog::{
    Followed, Model, Rights, SYSTEM, check_identifier, check_limit, find, find_or, insert,
    report_cycles, resolve_denial, resolve_grant, warn_of_missed,
};
use crate::document::naming::{check_display_name, check_readable_id};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{PolicyDocument, ProblemCode, RoleDocument};
use crate::hierarchy::Dag;
use crate::limits;
use crate::names::{Known, Numbered, Registry};

impl EngineBuilder {
    pub(super) fn read_roles(
        &mut self,
        policy: &PolicyDocument,
        root: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        let list = root.field("roles");
        let count = policy.roles.len() + model.roles.len();
        if !check_limit(count, limits::ROLES, "roles", &list, report) {
            return;
        }
        // None of them is a system role's: those begin with `system:`.
        let mut names = model.role_names.like(policy.roles.len());
        let used: HashSet<&str> = policy.used_ids.roles.iter().map(String::as_str).collect();
        let mut kept = Vec::with_capacity(policy.roles.len());
        for (i, role) in policy.roles.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            if check_identifier(&role.id, &id, report) {
                check_readable_id(&role.id, &id, report);
            }
            check_display_name(role.name.as_deref(), &here.field("name"), report);
            if role.id.starts_with(SYSTEM) {
                report.error(
                    &id,
                    (
                        ProblemCode::ReservedId,
                        format!(
                            "{} begins with `system:`, which only the catalog's roles do",
                            quoted(&role.id)
                        ),
                    ),
                );
                continue;
            }
            if used.contains(role.id.as_str()) {
                report.error(
                    &id,
                    (
                        ProblemCode::UsedId,
                        format!(
                            "role id {} was used before; forget it to use it again",
                            quoted(&role.id)
                        ),
                    ),
                );
            }
            if insert(&mut names, &role.id, "role", &id, report).is_some() {
                kept.push((i, role));
            }
        }
        let settings = read_settings(
            model,
            policy.catalog_version,
            &policy.settings,
            root,
            report,
        );
        if !policy.settings.is_empty() {
            self.state.settings = Arc::new(policy.settings.clone());
        }
        let names = Registry::over(Arc::clone(&model.role_names), names);
        // Where the settings come to the default, system roles are those of every account.
        let changed =
            (settings != model.common.default_settings).then(|| system_roles(model, &settings));
        let system = changed.as_deref().unwrap_or(&model.common.system_roles);
        let mut own = Vec::with_capacity(kept.len());
        let mut edges: Vec<(u32, u32)> = model.role_edges().collect();
        for (&(i, role), number) in kept.iter().zip(model.roles.len() as u32..) {
            let here = list.index(i);
            check_created(role.created, &here, report);
            let inherits = here.field("inherits");
            let juniors = self.find_roles(
                &names,
                role.inherits.iter().map(String::as_str),
                &inherits,
                report,
            );
            edges.extend(juniors.into_iter().map(|junior| (number, junior)));
            let rights = own_rights(model, role, policy.catalog_version, &here, report);
            own.push(Arc::new(Planes::of(&rights)));
        }
        check_limit(
            edges.len(),
            limits::EDGES,
            "edges of inheritance",
            &list,
            report,
        );
        let count = system.len() + own.len();
        let united = match Dag::new(count, &edges) {
            Ok(dag) => unite_juniors(model, system, own, &dag),
            Err(cycles) => {
                let first = system.len() as u32;
                let name = |node: u32| names.text(node).unwrap_or_default();
                let position = |node: u32| {
                    node.checked_sub(first)
                        .map_or(0, |node| kept[node as usize].0)
                };
                report_cycles(&cycles, "inheritance", name, &list, position, report);
                // Each by itself, so that what names them is looked at all the same.
                let alone = Dag::new(count, &[]).unwrap_or_default();
                unite_juniors(model, system, own, &alone)
            }
        };
        let revision = self.state.revision;
        let written = united
            .into_iter()
            .zip(&kept)
            .map(|(role, (_, document))| Role {
                document: Some(Arc::new((*document).clone())),
                changed: revision,
                ..role
            });
        let written = written.map(Arc::new).collect();
        let roles = match &changed {
            None => model.common.roles.with(names, written),
            Some(system) => {
                let all = system.iter().cloned().chain(written);
                Roles::default().with(names, all.collect())
            }
        };
        for (&(i, role), number) in kept.iter().zip(model.roles.len() as u32..) {
            if let Some(compiled) = roles.get(number) {
                let granted = |permission| compiled.closure.granted(permission) > 0;
                let (here, version) = (list.index(i), policy.catalog_version);
                warn_of_missed(model, &role.grants, version, granted, &here, report);
            }
        }
        self.state.roles = Arc::new(roles);
    }

    /// Roles by name: each known, none twice, none retired before the policy was written.
    pub(super) fn find_roles<'n>(
        &self,
        names: &impl Known,
        list: impl Iterator<Item = &'n str>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Vec<u32> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for (i, name) in list.enumerate() {
            let here = at.index(i);
            if let Some(index) = self.find_role(names, name, &here, report) {
                if seen.insert(index) {
                    found.push(index);
                } else {
                    report.error(
                        &here,
                        (
                            ProblemCode::Duplicate,
                            format!("duplicate role {}", quoted(name)),
                        ),
                    );
                }
            }
        }
        found
    }

    pub(super) fn find_role(
        &self,
        names: &impl Known,
        name: &str,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<u32> {
        let state = &self.state;
        let hint = || {
            if state.packages.find(name).is_some() {
                return Some("; it is a package: list it under `packages`".to_owned());
            }
            let is_permission = state.model().permission_names.get(name).is_some();
            is_permission.then(|| "; it is a permission: let a role grant it".to_owned())
        };
        let index = find_or(names, name, "role", at, report, hint)?;
        if let Some(version) = self
            .state
            .model()
            .roles
            .get(index as usize)
            .and_then(|it| it.retired)
        {
            let message = (
                ProblemCode::Retired,
                format!("role {} was retired in version `{version}`", quoted(name)),
            );
            match self.state.catalog_version < version {
                true => report.warning(at, message),
                false => report.error(at, message),
            }
        }
        Some(index)
    }
}

/// What a role itself grants and denies.
pub(crate) fn own_rights(
    model: &Model,
    role: &RoleDocument,
    version: u32,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Rights {
    let mut rights = Rights::none(model.permissions.len());
    let grants = at.field("grants");
    for (i, grant) in role.grants.iter().enumerate() {
        resolve_grant(model, grant, version, &mut rights, &grants.index(i), report);
    }
    let denies = at.field("denies");
    for (i, denial) in role.denies.iter().enumerate() {
        resolve_denial(
            model,
            denial,
            version,
            &mut rights,
            &denies.index(i),
            report,
        );
    }
    rights
}

/// The adjustable permissions, each with the system role that has it (D13, D16).
pub(crate) fn read_settings(
    model: &Model,
    version: u32,
    settings: &BTreeMap<String, String>,
    root: &Path<'_>,
    report: &mut Report<'_>,
) -> Vec<(u16, u16)> {
    let older = version < model.version;
    let mut places: HashMap<u16, usize> = HashMap::new();
    let table = root.field("settings");
    for (path, role) in settings {
        let here = table.field(path);
        let today = match model.evolution.follow(path, version) {
            Followed::Retired => {
                report.warning(
                    &here,
                    (
                        ProblemCode::Retired,
                        format!("{} was retired and has no effect", quoted(path)),
                    ),
                );
                continue;
            }
            Followed::Path(today) => today,
        };
        let Some(index) = model.permission_names.get(&today) else {
            model.report_unknown(path, &here, report);
            continue;
        };
        let permission = model.permissions.get(index as usize);
        let Some(adjustable) = permission.and_then(|it| it.adjustable.as_ref()) else {
            let message = (
                ProblemCode::FixedSetting,
                format!("{} is fixed: no setting adjusts it", quoted(path)),
            );
            match older {
                true => report.warning(&here, message),
                false => report.error(&here, message),
            }
            continue;
        };
        let Some(named) = find(&*model.role_names, role, "system role", &here, report) else {
            continue;
        };
        let place = adjustable
            .ladder
            .iter()
            .position(|rung| u32::from(*rung) == named);
        let bound = match place {
            Some(place) if place < adjustable.floor => Some(adjustable.floor),
            Some(place) if place <= adjustable.ceiling => None,
            _ => Some(adjustable.ceiling),
        };
        if let Some(bound) = bound {
            let nearest = adjustable
                .ladder
                .get(bound)
                .and_then(|it| model.roles.get(*it as usize));
            let nearest = quoted(nearest.map_or("", |role| &role.id));
            let message = (
                ProblemCode::SettingOutOfBounds,
                format!(
                    "{} may not be set to {}; the nearest bound is {nearest}",
                    quoted(path),
                    quoted(role)
                ),
            );
            match older {
                true => report.warning(&here, message),
                false => report.error(&here, message),
            }
        }
        let place = bound.or(place).unwrap_or(adjustable.ceiling);
        // Two paths may lead to one permission since a rename: the narrower setting holds.
        let known = places.entry(index as u16).or_insert(place);
        *known = (*known).max(place);
    }
    model
        .permissions
        .iter()
        .zip(0..)
        .filter_map(|(permission, index)| {
            let adjustable = permission.adjustable.as_ref()?;
            let place = places.get(&index).copied().unwrap_or(adjustable.default);
            Some((index, *adjustable.ladder.get(place)?))
        })
        .collect()
}

/// The system roles, where the adjustable permissions are theirs as these settings say.
pub(crate) fn system_roles(model: &Model, settings: &[(u16, u16)]) -> Vec<Arc<Role>> {
    let mut own: Vec<Planes> = model
        .roles
        .iter()
        .map(|role| Planes::of(&role.rights))
        .collect();
    for &(permission, role) in settings {
        if let Some(planes) = own.get_mut(role as usize) {
            planes.grant(permission as usize, Scope::All);
        }
    }
    let edges: Vec<(u32, u32)> = model.role_edges().collect();
    // Validated with the catalog: it has no cycle.
    let dag = Dag::new(own.len(), &edges).unwrap_or_default();
    let own = own.into_iter().map(Arc::new).collect();
    let united = unite_juniors(model, &[], own, &dag);
    united.into_iter().map(Arc::new).collect()
}

/// The roles behind those that are given, each with what it inherits: of juniors first.
fn unite_juniors(
    model: &Model,
    before: &[Arc<Role>],
    own: Vec<Arc<Planes>>,
    dag: &Dag,
) -> Vec<Role> {
    // Roles that come to the same share it: of a hundred thousand roles, few differ.
    let mut shared: HashSet<Arc<Planes>> = HashSet::new();
    let known = before.iter().flat_map(|role| [&role.own, &role.closure]);
    shared.extend(known.cloned());
    let own: Vec<Arc<Planes>> = own
        .into_iter()
        .map(|it| match shared.get(&it) {
            Some(known) => Arc::clone(known),
            None => {
                shared.insert(Arc::clone(&it));
                it
            }
        })
        .collect();
    let mut closures: Vec<Option<Arc<Planes>>> = before
        .iter()
        .map(|role| &role.closure)
        .chain(&own)
        .cloned()
        .map(Some)
        .collect();
    for senior in dag.juniors_first() {
        if (senior as usize) < before.len() {
            continue;
        }
        let Some(mut closure) = closures[senior as usize].take() else {
            continue;
        };
        for &junior in dag.juniors(senior) {
            if let Some(junior) = &closures[junior as usize] {
                Arc::make_mut(&mut closure).unite(junior);
            }
        }
        // Of a retired role the denies stay, its own and those it inherits; it grants nothing (D16).
        let retired = model.roles.get(senior as usize);
        if retired.is_some_and(|role| role.retired.is_some()) {
            Arc::make_mut(&mut closure).keep_denies();
        }
        let known = shared.get(&closure).map(Arc::clone);
        closures[senior as usize] = Some(known.unwrap_or_else(|| {
            shared.insert(Arc::clone(&closure));
            closure
        }));
    }
    let closures = closures.into_iter().skip(before.len()).flatten();
    let numbered = (before.len()..).zip(closures).zip(own);
    let role = numbered.map(|((number, closure), own)| Role {
        document: None,
        own,
        closure,
        changed: 0,
        juniors: dag.juniors(number as u32).into(),
        tokens_bring: model
            .roles
            .get(number)
            .map_or(model.tokens_bring_account_roles, |role| role.tokens_bring),
    });
    role.collect()
}
