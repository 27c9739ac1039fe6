//! System roles, what tokens bring, and the rules of administration.

use super::super::change::{Aspect, CatalogPart, Difference};
use super::super::moves::permission_path;
use super::{Differences, matched};
use crate::Scope;
use crate::catalog::{Model, SystemRole};
use crate::document::{AdministrationDocument, ChangeKind};

pub(super) fn roles(all: &mut Differences<'_>) {
    let (older, newer) = (all.older, all.newer);
    let (both, gone) = matched(&older.roles, &newer.roles, |it| &*it.id);
    for (before, after) in both {
        let part = CatalogPart::SystemRole(after.id.as_ref().to_owned());
        match (before, after.retired) {
            (None, None) => all.add(&part, Difference::Added),
            // Added and retired in between: nobody could have it.
            (None, Some(_)) => {}
            (Some(before), Some(_)) => {
                // Of what is retired the denies alone count (D16).
                if before.retired.is_none() {
                    all.add(&part, Difference::Retired);
                }
                denies(all, &part, before, after);
                inherits(all, &part, before, after);
            }
            (Some(before), None) => {
                if before.retired.is_some() {
                    all.add(&part, Difference::Added);
                }
                role(all, &part, before, after);
            }
        }
    }
    for role in gone {
        let part = CatalogPart::SystemRole(role.id.as_ref().to_owned());
        all.add(&part, Difference::Dropped);
    }
}

fn role(all: &mut Differences<'_>, part: &CatalogPart, before: &SystemRole, after: &SystemRole) {
    inherits(all, part, before, after);
    let grants = |granted: &[u8], path: &dyn Fn(u16) -> String| -> Vec<String> {
        let granted = granted.iter().zip(0..);
        let granted = granted.filter_map(|(scope, it)| Some((Scope::from_u8(*scope)?, it)));
        granted
            .map(|(scope, it)| format!("{}: {scope}", path(it)))
            .collect()
    };
    let was = grants(&before.rights.granted, &|it| today(all, it));
    let is = grants(&after.rights.granted, &|it| path(all.newer, it));
    all.names(part, Aspect::Grants, was, is);
    denies(all, part, before, after);
    let named = |it: Option<u16>| it.map(|it| today(all, it));
    let (assign, revoke) = (named(before.assign), named(before.revoke));
    let named = |it: Option<u16>| it.and_then(|it| permission_path(all.newer, it));
    let (is_assign, is_revoke) = (named(after.assign), named(after.revoke));
    all.value(part, Aspect::Assign, assign, is_assign);
    all.value(part, Aspect::Revoke, revoke, is_revoke);
    let kept = |role: &SystemRole| Some(role.min_holders.to_string());
    all.value(part, Aspect::MinHolders, kept(before), kept(after));
    let unlisted = |role: &SystemRole| Some(role.unlisted.to_string());
    all.value(part, Aspect::Unlisted, unlisted(before), unlisted(after));
}

fn inherits(
    all: &mut Differences<'_>,
    part: &CatalogPart,
    before: &SystemRole,
    after: &SystemRole,
) {
    let names = |model: &Model, roles: &[u16]| -> Vec<String> {
        let roles = roles.iter().filter_map(|it| model.roles.get(*it as usize));
        roles.map(|it| it.id.as_ref().to_owned()).collect()
    };
    let was = names(all.older, &before.inherits);
    let is = names(all.newer, &after.inherits);
    all.names(part, Aspect::Inherits, was, is);
}

fn denies(all: &mut Differences<'_>, part: &CatalogPart, before: &SystemRole, after: &SystemRole) {
    let denied = |denied: &[bool], path: &dyn Fn(u16) -> String| -> Vec<String> {
        let denied = denied.iter().zip(0..).filter(|(denied, _)| **denied);
        denied.map(|(_, it)| path(it)).collect()
    };
    let was = denied(&before.rights.denied, &|it| today(all, it));
    let is = denied(&after.rights.denied, &|it| path(all.newer, it));
    all.names(part, Aspect::Denies, was, is);
}

fn path(model: &Model, permission: u16) -> String {
    permission_path(model, permission).unwrap_or_default()
}

/// What a permission of the older catalog is called today.
fn today(all: &Differences<'_>, permission: u16) -> String {
    all.today(&path(all.older, permission))
}

pub(super) fn tokens(all: &mut Differences<'_>) {
    let (older, newer) = (&all.older.document.tokens, &all.newer.document.tokens);
    let part = CatalogPart::Tokens;
    let (was, is) = (older.system_roles.clone(), newer.system_roles.clone());
    all.names(&part, Aspect::SystemRoles, was, is);
    let (was, is) = (older.account_roles, newer.account_roles);
    let (was, is) = (Some(was.to_string()), Some(is.to_string()));
    all.value(&part, Aspect::AccountRoles, was, is);
}

pub(super) fn administration(all: &mut Differences<'_>) {
    let older = &all.older.document.administration;
    let newer = &all.newer.document.administration;
    for &kind in ChangeKind::EVERY {
        let was = older.changes.get(&kind).map(|it| all.today(it));
        let is = newer.changes.get(&kind).cloned();
        let part = CatalogPart::Change(kind);
        all.value(&part, Aspect::NeededPermission, was, is);
    }
    let part = CatalogPart::Administration;
    let (was, is) = (&older.account_roles, &newer.account_roles);
    let rules = [
        (Aspect::AssignAccountRoles, &was.assign, &is.assign),
        (Aspect::RevokeAccountRoles, &was.revoke, &is.revoke),
    ];
    for (aspect, was, is) in rules {
        let was = was.as_ref().map(|it| all.today(it));
        all.value(&part, aspect, was, is.clone());
    }
    let exempt = |of: &AdministrationDocument| -> Vec<String> {
        let exempt = of.exempt.iter().map(|it| match &it.role {
            Some(role) => format!("{} of {role}", it.change),
            None => format!("{} of account roles", it.change),
        });
        exempt.collect()
    };
    all.names(&part, Aspect::Exempt, exempt(older), exempt(newer));
    let free = |of: &AdministrationDocument| Some(of.removal_revokes_nothing.to_string());
    let (was, is) = (free(older), free(newer));
    all.value(&part, Aspect::RemovalRevokesNothing, was, is);
}
