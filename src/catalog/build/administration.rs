//! Rules of administration: which permission each kind of change needs (A2).

use super::super::{Administration, Model};
use super::find;
use crate::document::CatalogDocument;
use crate::document::problem::{Path, Report};

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
