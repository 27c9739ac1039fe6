//! The policy: features, packages, positions.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::UsedIds;
use super::super::positions::Positions;
use super::super::roles::{Package, Packages};
use super::EngineBuilder;
use super::findings::warn_of_names_alike;
use crate::catalog::{Model, check_identifier, check_limit, find, insert, report_cycles};
use crate::compact_names::CompactNames;
use crate::document::naming::{check_display_name, check_readable_id};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AccountsServed, PolicyDocument, ProblemCode, Timestamp, judge_by_format};
use crate::hierarchy::{Dag, Reach};
use crate::limits;
use crate::names::{Names, Numbered};

impl EngineBuilder {
    pub(super) fn read_policy(
        &mut self,
        policy: &PolicyDocument,
        root: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        judge_by_format(policy.format, root, report);
        match &policy.account {
            Some(account) => {
                check_identifier(account, &root.field("account"), report);
            }
            None if model.accounts == AccountsServed::Many => report.error(
                &root.field("account"),
                (
                    ProblemCode::Missing,
                    "`account` is missing: the catalog serves many accounts",
                ),
            ),
            None => {}
        }
        if policy.catalog_version == 0 || policy.catalog_version > model.version {
            report.error(
                &root.field("catalog_version"),
                (
                    ProblemCode::CatalogVersion,
                    format!(
                        "written against version `{}` of the catalog, which is at version `{}`",
                        policy.catalog_version, model.version
                    ),
                ),
            );
        }
        self.state.account = policy.account.as_deref().map(Into::into);
        self.state.revision = policy.revision.unwrap_or(1);
        if i64::try_from(self.state.revision).is_err() {
            report.error(
                &root.field("revision"),
                (
                    ProblemCode::TooMany,
                    format!("the last revision is `{}`", i64::MAX),
                ),
            );
        }
        self.state.catalog_version = policy.catalog_version;
        self.read_features(policy, root, report);
        self.read_roles(policy, root, report);
        self.read_packages(policy, root, report);
        self.read_positions(policy, root, report);
        warn_of_policy_names_alike(model, policy, root, report);
        let used = root.field("used_ids");
        let mut read = |word, ids: &[String]| {
            let list = used.field(word);
            for (i, id) in ids.iter().enumerate() {
                check_identifier(id, &list.index(i), report);
            }
            ids.iter().map(|id| id.as_str().into()).collect()
        };
        let used = UsedIds {
            users: read("users", &policy.used_ids.users),
            roles: read("roles", &policy.used_ids.roles),
            positions: read("positions", &policy.used_ids.positions),
        };
        if !used.is_empty() {
            self.state.used = Arc::new(used);
        }
    }

    fn read_features(&mut self, policy: &PolicyDocument, root: &Path<'_>, report: &mut Report<'_>) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        let list = root.field("features");
        let mut enabled = vec![false; model.features.len()];
        for (i, name) in policy.features.iter().enumerate() {
            let here = list.index(i);
            let Some(index) = find(&model.feature_names, name, "feature", &here, report) else {
                continue;
            };
            if std::mem::replace(&mut enabled[index as usize], true) {
                report.error(
                    &here,
                    (
                        ProblemCode::Duplicate,
                        format!("duplicate feature {}", quoted(name)),
                    ),
                );
            }
            if let Some(version) = model.features.get(index as usize).and_then(|it| it.retired) {
                let message = (
                    ProblemCode::Retired,
                    format!(
                        "feature {} was retired in version `{version}`",
                        quoted(name)
                    ),
                );
                match policy.catalog_version < version {
                    true => report.warning(&here, message),
                    false => report.error(&here, message),
                }
            }
        }
        self.state.set_features(
            policy
                .features
                .iter()
                .map(|it| it.as_str().into())
                .collect(),
        );
    }

    fn read_packages(&mut self, policy: &PolicyDocument, root: &Path<'_>, report: &mut Report<'_>) {
        let list = root.field("packages");
        if !check_limit(
            policy.packages.len(),
            limits::PACKAGES,
            "packages",
            &list,
            report,
        ) {
            return;
        }
        if policy.packages.is_empty() {
            return;
        }
        let mut names = Names::with_capacity(policy.packages.len());
        let mut packages = Vec::with_capacity(policy.packages.len());
        for (i, package) in policy.packages.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            if check_identifier(&package.id, &id, report) {
                check_readable_id(&package.id, &id, report);
            }
            check_display_name(package.name.as_deref(), &here.field("name"), report);
            check_created(package.created, &here, report);
            let roles = here.field("roles");
            let roles = self.find_roles(
                &*self.state.roles,
                package.roles.iter().map(String::as_str),
                &roles,
                report,
            );
            if insert(&mut names, &package.id, "package", &id, report).is_some() {
                packages.push(Package {
                    document: Arc::new(package.clone()),
                    roles: roles.into(),
                });
            }
        }
        self.state.packages = Arc::new(Packages::new(names.into(), packages));
    }

    fn read_positions(
        &mut self,
        policy: &PolicyDocument,
        root: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        let list = root.field("positions");
        if !check_limit(
            policy.positions.len(),
            limits::POSITIONS,
            "positions",
            &list,
            report,
        ) {
            return;
        }
        if policy.positions.is_empty() {
            return;
        }
        let mut names = CompactNames::with_capacity(policy.positions.len());
        let used: HashSet<&str> = policy
            .used_ids
            .positions
            .iter()
            .map(String::as_str)
            .collect();
        let mut kept = Vec::with_capacity(policy.positions.len());
        for (i, position) in policy.positions.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            if check_identifier(&position.id, &id, report) {
                check_readable_id(&position.id, &id, report);
            }
            check_display_name(position.name.as_deref(), &here.field("name"), report);
            if used.contains(position.id.as_str()) {
                report.error(
                    &id,
                    (
                        ProblemCode::UsedId,
                        format!(
                            "position id {} was used before; forget it to use it again",
                            quoted(&position.id)
                        ),
                    ),
                );
            }
            if insert(&mut names, &position.id, "position", &id, report).is_some() {
                kept.push((i, position));
            }
        }
        let mut edges = Vec::with_capacity(kept.len());
        for (&(i, position), junior) in kept.iter().zip(0..) {
            let here = list.index(i);
            let above = here.field("reports_to");
            let mut seen = HashSet::new();
            for (i, senior) in position.reports_to.iter().enumerate() {
                let here = above.index(i);
                if let Some(senior_index) = find(&names, senior, "position", &here, report) {
                    if seen.insert(senior_index) {
                        edges.push((senior_index, junior));
                    } else {
                        report.error(
                            &here,
                            (
                                ProblemCode::Duplicate,
                                format!("duplicate position {}", quoted(senior)),
                            ),
                        );
                    }
                }
            }
        }
        if !check_limit(
            edges.len(),
            limits::EDGES,
            "edges of the reporting hierarchy",
            &list,
            report,
        ) {
            return;
        }
        match Dag::new(names.len(), &edges) {
            Ok(dag) => {
                let reach = Reach::new(&dag).unwrap_or_else(|_| {
                    report.error(
                        &list,
                        (
                            ProblemCode::TooMany,
                            format!(
                                "`{}` positions in a hierarchy so tangled; the limit is `{}`",
                                dag.len(),
                                limits::TANGLED_POSITIONS
                            ),
                        ),
                    );
                    Reach::default()
                });
                let mut positions = Positions::new(names, &edges, reach);
                for (&(_, position), number) in kept.iter().zip(0..) {
                    if position.name.is_some() {
                        positions.set_label(number, position.name.as_deref());
                    }
                }
                self.state.positions = Arc::new(positions);
            }
            Err(cycles) => {
                let name = |node: u32| names.text(node).unwrap_or_default();
                let position = |node: u32| kept[node as usize].0;
                report_cycles(
                    &cycles,
                    "positions report to each other",
                    name,
                    &list,
                    position,
                    report,
                );
                // The names, so that users are not said to be in unknown positions.
                self.state.positions = Arc::new(Positions::new(names, &[], Reach::default()));
            }
        }
    }
}

fn warn_of_policy_names_alike(
    model: &Model,
    policy: &PolicyDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let mut roles = HashMap::new();
    let system = model.document.roles.iter();
    let system = system.filter(|it| it.retired.is_none());
    let system = system.map(|it| (it.id.as_str(), it.name.as_deref()));
    warn_of_names_alike(system, None, &mut roles, report);
    let own = policy.roles.iter();
    let own = own.map(|it| (it.id.as_str(), it.name.as_deref()));
    warn_of_names_alike(own, Some(&root.field("roles")), &mut roles, report);
    let packages = policy.packages.iter();
    let packages = packages.map(|it| (it.id.as_str(), it.name.as_deref()));
    let list = root.field("packages");
    warn_of_names_alike(packages, Some(&list), &mut HashMap::new(), report);
    let positions = policy.positions.iter();
    let positions = positions.map(|it| (it.id.as_str(), it.name.as_deref()));
    let list = root.field("positions");
    warn_of_names_alike(positions, Some(&list), &mut HashMap::new(), report);
}

pub(crate) const OUT_OF_CALENDAR: &str = "a moment lies in the years 0000 to 9999";

/// Moments built in code may lie where no document can write them.
pub(crate) fn check_created(created: Option<Timestamp>, at: &Path<'_>, report: &mut Report<'_>) {
    if created.is_some_and(|moment| !moment.is_writable()) {
        report.error(
            &at.field("created"),
            (ProblemCode::NoMoment, OUT_OF_CALENDAR),
        );
    }
}
