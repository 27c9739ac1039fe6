//! The policy: features, packages, positions.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::{Packages, Positions};
use super::EngineBuilder;
use crate::catalog::{check_identifier, check_limit, find, insert, report_cycles};
use crate::decision::{NONE, Part};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AccountsServed, FORMAT, PolicyDocument, Timestamp};
use crate::hierarchy::{Dag, Reach};
use crate::limits;
use crate::names::Names;

impl EngineBuilder {
    pub(super) fn read_policy(
        &mut self,
        policy: &PolicyDocument,
        root: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        if policy.format != FORMAT {
            report.error(
                &root.field("format"),
                format!(
                    "format `{}` is not known; this is format `{FORMAT}`",
                    policy.format
                ),
            );
        }
        match &policy.account {
            Some(account) => {
                check_identifier(account, &root.field("account"), report);
            }
            None if model.accounts == AccountsServed::Many => report.error(
                &root.field("account"),
                "`account` is missing: the catalog serves many accounts",
            ),
            None => {}
        }
        if policy.catalog_version == 0 || policy.catalog_version > model.version {
            report.error(
                &root.field("catalog_version"),
                format!(
                    "written against version `{}` of the catalog, which is at version `{}`",
                    policy.catalog_version, model.version
                ),
            );
        }
        self.state.account = policy.account.as_deref().map(Into::into);
        self.state.revision = policy.revision.unwrap_or(1);
        if i64::try_from(self.state.revision).is_err() {
            report.error(
                &root.field("revision"),
                format!("the last revision is `{}`", i64::MAX),
            );
        }
        self.state.policy = Arc::new(policy.clone());
        self.read_features(policy, root, report);
        self.read_roles(policy, root, report);
        self.read_packages(policy, root, report);
        self.read_positions(policy, root, report);
        let used = root.field("used_ids");
        let users = used.field("users");
        for (i, id) in policy.used_ids.users.iter().enumerate() {
            check_identifier(id, &users.index(i), report);
            self.used_users.insert(id.as_str().into());
        }
        let others = [
            ("roles", &policy.used_ids.roles),
            ("positions", &policy.used_ids.positions),
        ];
        for (word, ids) in others {
            let list = used.field(word);
            for (i, id) in ids.iter().enumerate() {
                check_identifier(id, &list.index(i), report);
            }
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
                report.error(&here, format!("duplicate feature {}", quoted(name)));
            }
            if let Some(version) = model.features.get(index as usize).and_then(|it| it.retired) {
                let message = format!(
                    "feature {} was retired in version `{version}`",
                    quoted(name)
                );
                match policy.catalog_version < version {
                    true => report.warning(&here, message),
                    false => report.error(&here, message),
                }
            }
        }
        let missing = |features: &[u16]| features.iter().copied().find(|it| !enabled[*it as usize]);
        self.state.missing_features = model
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
        self.state.pair_features = model.pairs.iter().map(|it| or_none(&it.features)).collect();
        self.state.operation_features = model
            .operations
            .iter()
            .map(|it| or_none(&it.features))
            .collect();
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
        let mut packages = Packages::default();
        for (i, package) in policy.packages.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            check_identifier(&package.id, &id, report);
            check_created(package.created, &here, report);
            let names = &self.state.roles.names;
            let roles = here.field("roles");
            let roles = self.find_roles(
                names,
                package.roles.iter().map(String::as_str),
                &roles,
                report,
            );
            if insert(&mut packages.names, &package.id, "package", &id, report).is_some() {
                packages.roles.push(roles.into());
            }
        }
        self.state.packages = Arc::new(packages);
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
        let mut names = Names::with_capacity(policy.positions.len());
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
            check_identifier(&position.id, &id, report);
            if used.contains(position.id.as_str()) {
                report.error(
                    &id,
                    format!(
                        "position {} was used before; forget the used id to use it again",
                        quoted(&position.id)
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
                        report.error(&here, format!("duplicate position {}", quoted(senior)));
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
                        format!(
                            "`{}` positions that report to so many others take a matrix; the limit is `{}`",
                            dag.len(),
                            limits::TANGLED_POSITIONS
                        ),
                    );
                    Reach::default()
                });
                self.positions = dag;
                self.state.positions = Arc::new(Positions { names, reach });
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
                let reach = Reach::default();
                self.state.positions = Arc::new(Positions { names, reach });
            }
        }
    }
}

pub(super) const OUT_OF_CALENDAR: &str = "a moment lies in the years 0000 to 9999";

/// Moments built in code may lie where no document can write them.
pub(super) fn check_created(created: Option<Timestamp>, at: &Path<'_>, report: &mut Report<'_>) {
    if created.is_some_and(|moment| !moment.is_writable()) {
        report.error(&at.field("created"), OUT_OF_CALENDAR);
    }
}
