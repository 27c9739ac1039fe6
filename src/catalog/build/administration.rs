//! What later acts on the catalog, validated now: rules of administration.

use super::super::Model;
use super::find;
use crate::document::CatalogDocument;
use crate::document::problem::{Path, Report};

pub(super) fn check(
    model: &Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let administration = root.field("administration");
    let changes = administration.field("changes");
    for (kind, permission) in &document.administration.changes {
        find(
            &model.permission_names,
            permission,
            "permission",
            &changes.field(kind.as_str()),
            report,
        );
    }
    let account_roles = administration.field("account_roles");
    let rules = &document.administration.account_roles;
    for (word, named) in [("assign", &rules.assign), ("revoke", &rules.revoke)] {
        if let Some(named) = named {
            find(
                &model.permission_names,
                named,
                "permission",
                &account_roles.field(word),
                report,
            );
        }
    }
    let exempt = administration.field("exempt");
    for (i, exemption) in document.administration.exempt.iter().enumerate() {
        if let Some(role) = &exemption.role {
            let here = exempt.index(i);
            find(
                &model.role_names,
                role,
                "system role",
                &here.field("role"),
                report,
            );
        }
    }
}
