//! Fields and their masks (M1, M2, M5): paths, permissions, options, and who may read at all.

use std::collections::HashSet;

use super::super::Model;
use super::operations::{operation_names, record_operation};
use super::{check_identifier, check_limit, find};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{
    AddressComponent, CatalogDocument, FieldDocument, MaskKind, TypeDocument, WHOLE_VALUE,
};
use crate::limits;
use crate::names::Names;

pub(super) fn check(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let operations = operation_names(model);
    let list = root.field("types");
    for (i, r#type) in document.types.iter().enumerate() {
        let here = list.index(i);
        let fields = here.field("fields");
        check_limit(
            r#type.fields.len(),
            limits::FIELDS,
            "fields",
            &fields,
            report,
        );
        check_read(model, &operations, r#type, &here, report);
        check_paths(&r#type.fields, &fields, report);
        for (i, field) in r#type.fields.iter().enumerate() {
            check_field(model, field, &fields.index(i), report);
        }
    }
}

/// The operation that reading is (M1): where a type has fields, one must be named.
fn check_read(
    model: &mut Model,
    operations: &Names,
    r#type: &TypeDocument,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    let Some(action) = &r#type.read else {
        if !r#type.fields.is_empty() {
            report.error(
                at,
                format!(
                    "{} has fields, so it needs `read`: the action that reads a record",
                    quoted(&r#type.id)
                ),
            );
        }
        return;
    };
    let named = format!("{}:{action}", r#type.id);
    let found = record_operation(model, operations, &named, &at.field("read"), report);
    if let Some(index) = model.type_names.get(&r#type.id)
        && let Some(known) = model.types.get_mut(index as usize)
    {
        known.fields.read = found;
    }
}

/// Each path once, none below another: what hides a field hides all of it.
fn check_paths(fields: &[FieldDocument], at: &Path<'_>, report: &mut Report<'_>) {
    let mut sorted: Vec<(Vec<&str>, usize)> = fields
        .iter()
        .enumerate()
        .map(|(i, field)| (field.path.split('.').collect(), i))
        .collect();
    // Whatever lies below a path stands behind it, before anything else.
    sorted.sort();
    // The last path that lies below none.
    let mut topmost: Option<&(Vec<&str>, usize)> = None;
    for path in &sorted {
        let (steps, index) = path;
        let Some((upper, first)) = topmost.filter(|(upper, _)| steps.starts_with(upper)) else {
            topmost = Some(path);
            continue;
        };
        let name = quoted(&fields[*index].path);
        let message = if upper.len() == steps.len() {
            format!("duplicate field {name}")
        } else {
            let upper = quoted(&fields[*first].path);
            format!("field {name} lies below field {upper}")
        };
        report.error(&at.index(*index).field("path"), message);
    }
}

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
    for (option, problem) in field.mask.problems() {
        report.error(&mask.field(option), problem);
    }
    if let Some(key) = &field.contributor {
        let here = at.field("contributor");
        check_identifier(key, &here, report);
        if !field.contributor_sees {
            report.error(
                &here,
                "`contributor` says who sees the value in clear; that needs `contributor_sees = true`",
            );
        }
        if field.path.rsplit('.').next() == Some(key) {
            report.error(&here, format!("{} is the field itself", quoted(key)));
        }
    }
    let search = at.field("search");
    for (i, components) in field.search.iter().enumerate() {
        check_components(field.mask.kind, components, &search.index(i), report);
    }
    if field.mask.kind == MaskKind::Hidden && !field.search.is_empty() {
        report.error(&search, "a hidden field cannot be searched");
    }
}

/// A set of components that a search may ask (M5): known ones, each once, not hidden ones alone.
fn check_components(kind: MaskKind, components: &[String], at: &Path<'_>, report: &mut Report<'_>) {
    if components.is_empty() {
        report.error(at, "the set of components is empty; name at least one");
    }
    let valid = || {
        let address = AddressComponent::EVERY.iter().map(|it| it.as_str());
        address.filter(|_| kind == MaskKind::Address).chain(
            [WHOLE_VALUE]
                .into_iter()
                .filter(|_| kind != MaskKind::Address),
        )
    };
    let mut seen = HashSet::new();
    for (i, component) in components.iter().enumerate() {
        let here = at.index(i);
        if !valid().any(|known| known == component) {
            let nearest = report.did_you_mean(component, valid());
            report.error(
                &here,
                format!(
                    "a field of kind `{kind}` has no component {}{nearest}",
                    quoted(component)
                ),
            );
        } else if !seen.insert(component.as_str()) {
            report.error(&here, format!("duplicate component {}", quoted(component)));
        }
    }
    let hidden = |it: &String| AddressComponent::named(it).is_some_and(|it| !it.is_shown());
    if !components.is_empty() && components.iter().all(hidden) {
        report.error(
            at,
            "these components are all hidden; name one that shows, such as `street`",
        );
    }
}

/// Numbers the fields of each type, once everything is known to be in order.
pub(super) fn compile(model: &mut Model) {
    for r#type in &model.document.types {
        let index = model.type_names.get(&r#type.id);
        let Some(known) = index.and_then(|index| model.types.get_mut(index as usize)) else {
            continue;
        };
        #[cfg(feature = "mask")]
        {
            known.fields.rules = std::sync::Arc::new(crate::mask::Rules::of(r#type));
        }
        let permissions = r#type.fields.iter().map(|field| &*field.revealed_by);
        known.fields.reveals = permissions
            .filter_map(|path| model.permission_names.get(path))
            .map(|permission| permission as u16)
            .collect();
    }
}
