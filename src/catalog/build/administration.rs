//! Rules of administration: which permission each kind of change needs (A2).

use super::super::{Administration, Model};
use super::find;
use crate::Scope;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{CatalogDocument, ChangeKind};

pub(super) fn rules(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let written = &document.administration;
    let mut rules = Administration {
        removal_revokes_nothing: written.removal_revokes_nothing,
        ..Administration::default()
    };
    let administration = root.field("administration");
    let changes = administration.field("changes");
    let permissions = &model.permission_names;
    for (&kind, permission) in &written.changes {
        let here = changes.field(kind.as_str());
        if let Some(found) = find(permissions, permission, "permission", &here, report) {
            rules.changes.insert(kind, found as u16);
        }
    }
    let account_roles = administration.field("account_roles");
    let mut right = |word: &'static str, named: &Option<String>| {
        let here = account_roles.field(word);
        let found = find(permissions, named.as_ref()?, "permission", &here, report);
        found.map(|it| it as u16)
    };
    rules.assign_account_roles = right("assign", &written.account_roles.assign);
    rules.revoke_account_roles = right("revoke", &written.account_roles.revoke);
    let exempt = administration.field("exempt");
    for (i, exemption) in written.exempt.iter().enumerate() {
        let role = match &exemption.role {
            None => None,
            Some(role) => {
                let item = exempt.index(i);
                let here = item.field("role");
                match find(&*model.role_names, role, "system role", &here, report) {
                    Some(found) => Some(found),
                    None => continue,
                }
            }
        };
        rules.exempt.insert((exemption.change, role));
    }
    model.administration = rules;
}

/// Warns of system roles that may suspend users, and may not revoke, or assign, what tokens may bring: who
/// has one suspends, or reinstates, nobody (D18).
pub(super) fn warn_of_what_tokens_bring(
    model: &Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    const KIND: ChangeKind = ChangeKind::SuspendUser;
    let rules = &model.administration;
    let Some(&suspends) = rules.changes.get(&KIND) else {
        return;
    };
    let brought = brought_by_tokens(model).into_iter().filter_map(|number| {
        let (role, exempt) = (model.roles.get(number as usize)?, (KIND, Some(number)));
        (!rules.exempt.contains(&exempt)).then(|| (quoted(&role.id), role.revoke, role.assign))
    });
    let of_accounts = model.tokens_bring_account_roles && !rules.exempt.contains(&(KIND, None));
    let of_accounts = of_accounts.then(|| {
        let roles = "the roles that accounts make".to_owned();
        (
            roles,
            rules.revoke_account_roles,
            rules.assign_account_roles,
        )
    });
    let path = |permission: u16| {
        let known = model.permissions.get(permission as usize);
        quoted(known.map_or("", |it| &it.path))
    };
    let list = root.field("roles");
    for (what, revoke, assign) in brought.chain(of_accounts) {
        let rights = [("revoking", revoke), ("assigning", assign)];
        if let Some((right, _)) = rights.iter().find(|(_, needed)| needed.is_none()) {
            let message = format!(
                "the catalog names no permission for {right} {what}, which tokens may bring: only the \
                 host itself may suspend and reinstate users; name one, or exempt {what} from {}",
                quoted(KIND.as_str())
            );
            let administration = root.field("administration");
            let changes = administration.field("changes");
            report.warning(&changes.field(KIND.as_str()), message);
            continue;
        }
        for (i, written) in document.roles.iter().enumerate() {
            let number = model.role_names.get(&written.id);
            let Some(held) = number.and_then(|it| model.common.roles.get(it)) else {
                continue;
            };
            let held = &held.closure;
            let scope = |permission: u16| match held.denied(permission) {
                true => 0,
                false => held.granted(permission),
            };
            let may = scope(suspends);
            if may == 0 || written.retired.is_some() {
                continue;
            }
            // To revoke, of whomever they suspend; to assign, at All.
            let needed = [
                (revoke, may, "revoking"),
                (assign, Scope::All as u8, "assigning"),
            ];
            let lacked = needed.into_iter().find_map(|(permission, wide, right)| {
                let permission = permission.filter(|it| scope(*it) < wide)?;
                Some((permission, Scope::from_u8(wide)?, right))
            });
            if let Some((permission, wide, right)) = lacked {
                let message = format!(
                    "role {} may suspend users, and lacks {} at `{wide}` for {right} {what}, which tokens \
                     may bring: suspending needs the right to revoke what they bring, reinstating the \
                     right to assign it; grant the permission, or exempt {what} from {}",
                    quoted(&written.id),
                    path(permission),
                    quoted(KIND.as_str()),
                );
                report.warning(&list.index(i), message);
            }
        }
    }
}

/// The system roles that tokens may bring, with those that they inherit, as far as they grant something.
fn brought_by_tokens(model: &Model) -> Vec<u32> {
    let roles = model.roles.iter().zip(0..);
    let mut brought: Vec<u32> = roles
        .filter(|(role, _)| role.tokens_bring)
        .map(|(_, number)| number)
        .collect();
    let mut at = 0;
    while let Some(&number) = brought.get(at) {
        at += 1;
        let juniors = model.roles.get(number as usize);
        for &junior in juniors.map_or(&[][..], |it| &it.inherits) {
            if !brought.contains(&u32::from(junior)) {
                brought.push(u32::from(junior));
            }
        }
    }
    brought.sort_unstable();
    brought.retain(|number| {
        let role = model.common.roles.get(*number);
        role.is_some_and(|role| role.closure.grants_something())
    });
    brought
}
