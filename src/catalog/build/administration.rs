//! What later acts on the catalog, validated now: fields and masks, rules of administration.

use std::collections::HashSet;

use super::super::Model;
use super::{check_identifier, find};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{CatalogDocument, FieldDocument, MaskKind};

pub(super) fn check(
    model: &Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("types");
    for (i, r#type) in document.types.iter().enumerate() {
        let here = list.index(i);
        let fields = here.field("fields");
        let mut seen = HashSet::new();
        for (i, field) in r#type.fields.iter().enumerate() {
            let here = fields.index(i);
            if !seen.insert(field.path.as_str()) {
                report.error(
                    &here.field("path"),
                    format!("duplicate field {}", quoted(&field.path)),
                );
            }
            check_field(model, field, &here, report);
        }
    }
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

/// A field's path, permission and mask (M1, M2): no option may show everything.
fn check_field(model: &Model, field: &FieldDocument, at: &Path<'_>, report: &mut Report<'_>) {
    let path = at.field("path");
    if check_identifier(&field.path, &path, report) && field.path.split('.').any(str::is_empty) {
        report.error(
            &path,
            format!("{} has an empty segment", quoted(&field.path)),
        );
    }
    find(
        &model.permission_names,
        &field.revealed_by,
        "permission",
        &at.field("revealed_by"),
        report,
    );
    let mask = at.field("mask");
    let shows = field.mask.first.is_some() || field.mask.last.is_some();
    if shows
        && !matches!(
            field.mask.kind,
            MaskKind::Email | MaskKind::Phone | MaskKind::Name
        )
    {
        report.error(
            &mask,
            format!(
                "a mask of kind `{}` shows no characters: it takes neither `first` nor `last`",
                field.mask.kind
            ),
        );
    }
    for (word, shown) in [("first", field.mask.first), ("last", field.mask.last)] {
        if shown.is_some_and(|shown| shown > 4) {
            report.error(
                &mask.field(word),
                "a mask shows at most `4` characters at either end",
            );
        }
    }
    if let Some(filler) = &field.mask.filler
        && (filler.is_empty() || filler.len() > 32 || filler.chars().any(char::is_control))
    {
        report.error(
            &mask.field("filler"),
            "a filler has 1 to 32 bytes, none of them a control character",
        );
    }
    if field.mask.keep_domain && field.mask.kind != MaskKind::Email {
        report.error(
            &mask.field("keep_domain"),
            "only an e-mail has a domain to keep",
        );
    }
    let search = at.field("search");
    for (i, components) in field.search.iter().enumerate() {
        if components.is_empty() || components.iter().any(String::is_empty) {
            report.error(&search.index(i), "a set of components without components");
        }
    }
    if field.mask.kind == MaskKind::Hidden && !field.search.is_empty() {
        report.error(&search, "a hidden field cannot be searched");
    }
}
