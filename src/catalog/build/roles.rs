//! System roles, what tokens may bring, and the ladders of adjustable permissions.

use std::sync::Arc;

use super::super::{
    Adjustable, Model, Rights, Scopes, SystemRole, resolve_denial, resolve_grant, warn_of_missed,
};
use super::{check_identifier, check_limit, check_version, find, find_all, insert, report_cycles};
use crate::Scope;
use crate::document::naming::check_display_name;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AdjustableDocument, CatalogDocument, SystemRoleDocument};
use crate::hierarchy::Dag;
use crate::limits;

/// What the names of system roles begin with, and no other role's (D12).
pub(crate) const SYSTEM: &str = "system:";

pub(super) fn roles(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("roles");
    if !check_limit(
        document.roles.len(),
        limits::SYSTEM_ROLES,
        "system roles",
        &list,
        report,
    ) {
        return;
    }
    // All names first, so that a role may inherit one that is written below it.
    let mut kept: Vec<(usize, &SystemRoleDocument)> = Vec::with_capacity(document.roles.len());
    for (i, role) in document.roles.iter().enumerate() {
        let here = list.index(i);
        let id = here.field("id");
        check_identifier(&role.id, &id, report);
        check_display_name(role.name.as_deref(), &here.field("name"), report);
        if role.id.strip_prefix(SYSTEM).is_none_or(str::is_empty) {
            report.error(
                &id,
                format!(
                    "system roles are named `system:…`, not {}",
                    quoted(&role.id)
                ),
            );
        }
        if let Some(version) = role.retired {
            check_version(version, 2, model, &here.field("retired"), report);
        }
        if insert(
            Arc::make_mut(&mut model.role_names),
            &role.id,
            "system role",
            &id,
            report,
        )
        .is_some()
        {
            kept.push((i, role));
        }
    }
    for &(i, role) in &kept {
        let here = list.index(i);
        let inherits = find_all(
            &model.role_names,
            &role.inherits,
            "system role",
            &here.field("inherits"),
            report,
        );
        let mut right = |word: &'static str, named: &Option<String>| {
            let permissions = &model.permission_names;
            let here = here.field(word);
            let found = find(permissions, named.as_ref()?, "permission", &here, report);
            found.map(|it| it as u16)
        };
        let assign = right("assign", &role.assign);
        let revoke = right("revoke", &role.revoke);
        model.roles.push(SystemRole {
            id: role.id.as_str().into(),
            inherits,
            rights: Rights::none(model.permissions.len()),
            retired: role.retired,
            tokens_bring: false,
            assign,
            revoke,
            min_holders: role.min_holders.unwrap_or(0),
            unlisted: role.unlisted,
        });
    }
    let edges: Vec<(u32, u32)> = model.role_edges().collect();
    if let Err(cycles) = Dag::new(model.roles.len(), &edges) {
        let name = |node: u32| model.roles[node as usize].id.as_ref();
        report_cycles(
            &cycles,
            "inheritance",
            name,
            &list,
            |node| kept[node as usize].0,
            report,
        );
    }
    let tokens = root.field("tokens");
    let brought = find_all(
        &model.role_names,
        &document.tokens.system_roles,
        "system role",
        &tokens.field("system_roles"),
        report,
    );
    for role in brought {
        if let Some(role) = model.roles.get_mut(role as usize) {
            role.tokens_bring = true;
        }
    }
}

pub(super) fn adjustables(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("permissions");
    for (i, permission) in document.permissions.iter().enumerate() {
        let Some(adjustable) = &permission.adjustable else {
            continue;
        };
        let here = list.index(i);
        let at = here.field("adjustable");
        if !Scopes::of(&permission.scopes).offers(Scope::All) {
            report.error(
                &here.field("scopes"),
                format!(
                    "{} is adjustable, and so must offer the scope `all`",
                    quoted(&permission.path)
                ),
            );
        }
        let built = ladder(model, adjustable, &at, report);
        if let Some(index) = model.permission_names.get(&permission.path)
            && let Some(known) = model.permissions.get_mut(index as usize)
        {
            known.adjustable = built;
        }
    }
}

fn ladder(
    model: &Model,
    document: &AdjustableDocument,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<Adjustable> {
    let rungs = at.field("ladder");
    if document.ladder.is_empty() {
        report.error(&rungs, "the ladder has no roles");
        return None;
    }
    let ladder = find_all(
        &model.role_names,
        &document.ladder,
        "system role",
        &rungs,
        report,
    );
    if ladder.len() < document.ladder.len() {
        return None;
    }
    for (i, &rung) in ladder.iter().enumerate() {
        if let Some(version) = model.roles.get(rung as usize).and_then(|role| role.retired) {
            report.error(
                &rungs.index(i),
                format!(
                    "role {} was retired in version `{version}`",
                    quoted(&document.ladder[i])
                ),
            );
        }
    }
    for (i, rung) in ladder.windows(2).enumerate() {
        if let [junior, senior] = rung
            && model
                .roles
                .get(*senior as usize)
                .is_some_and(|it| !it.inherits.contains(junior))
        {
            report.error(
                &rungs.index(i + 1),
                format!(
                    "{} does not directly inherit {}, the role before it on the ladder",
                    quoted(&document.ladder[i + 1]),
                    quoted(&document.ladder[i])
                ),
            );
        }
    }
    let mut place = |word: &'static str, named: &str| {
        let found = document.ladder.iter().position(|rung| rung == named);
        if found.is_none() {
            let nearest = report.did_you_mean(named, document.ladder.iter().map(String::as_str));
            report.error(
                &at.field(word),
                format!("{} is not on the ladder{nearest}", quoted(named)),
            );
        }
        found
    };
    let default = place("default", &document.default);
    let floor = document
        .floor
        .as_deref()
        .map_or(Some(0), |named| place("floor", named));
    let ceiling = document
        .ceiling
        .as_deref()
        .map_or(Some(ladder.len() - 1), |named| place("ceiling", named));
    let changed_by = document.changed_by.as_ref().and_then(|named| {
        let here = at.field("changed_by");
        find(&model.permission_names, named, "permission", &here, report)
    });
    let (default, floor, ceiling) = (default?, floor?, ceiling?);
    if floor > ceiling {
        report.error(&at.field("floor"), "the floor lies above the ceiling");
    } else if !(floor..=ceiling).contains(&default) {
        report.error(
            &at.field("default"),
            format!(
                "the default {} lies outside floor and ceiling",
                quoted(&document.default)
            ),
        );
    }
    Some(Adjustable {
        ladder,
        default,
        floor,
        ceiling,
        changed_by: changed_by.map(|it| it as u16),
    })
}

/// What the roles grant and deny, once it is known what is adjustable: wildcards skip that, and a grant that
/// names it is refused (D13).
pub(super) fn rights(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    // Too many were not read.
    if model.roles.is_empty() {
        return;
    }
    let list = root.field("roles");
    for (i, role) in document.roles.iter().enumerate() {
        let here = list.index(i);
        let mut rights = Rights::none(model.permissions.len());
        let grants = here.field("grants");
        for (i, grant) in role.grants.iter().enumerate() {
            let at = grants.index(i);
            resolve_grant(model, grant, model.version, &mut rights, &at, report);
        }
        // What is retired grants nothing; its denies stay (D16).
        if role.retired.is_some() {
            rights.granted.fill(0);
        }
        let denies = here.field("denies");
        for (i, denial) in role.denies.iter().enumerate() {
            let at = denies.index(i);
            resolve_denial(model, denial, model.version, &mut rights, &at, report);
        }
        if let Some(known) = model.role_names.get(&role.id)
            && let Some(known) = model.roles.get_mut(known as usize)
        {
            known.rights = rights;
        }
    }
}

/// Warns of prerequisites that wildcards miss (S5), once everything is compiled.
pub(super) fn warn_of_missed_prerequisites(
    model: &Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("roles");
    for (i, role) in document.roles.iter().enumerate() {
        let compiled = model.role_names.get(&role.id);
        if let Some(compiled) = compiled.and_then(|number| model.common.roles.get(number)) {
            let granted = |permission| compiled.closure.granted(permission) > 0;
            let at = list.index(i);
            warn_of_missed(model, &role.grants, model.version, granted, &at, report);
        }
    }
}
