//! Resource types, properties, operations with their pairs (D9, D14, D19).

use std::collections::{BTreeMap, HashMap, HashSet};

use bitvec::prelude::BitVec;

use super::super::condition::Condition;
use super::super::{Bearer, EVERYBODY, EditedBy, Model, Operation, Pair, Property, Type};
use super::conditions::Conditions;
use super::{check_identifier, check_limit, find, find_all, find_features, insert};
use crate::decision::NONE;
use crate::document::naming::check_display_name;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AskedOn, CatalogDocument, OperationDocument, PropertyType};
use crate::limits;
use crate::names::{Names, Numbered};

pub(super) fn types(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("types");
    let of_types: usize = document.types.iter().map(|it| it.properties.len()).sum();
    let declared = of_types + document.subject_properties.len() + document.context_properties.len();
    if !check_limit(declared, limits::PROPERTIES, "properties", &list, report) {
        return;
    }
    declare(
        model,
        document
            .subject_properties
            .iter()
            .map(|(name, it)| (name, it.r#type)),
        Bearer::Subject,
        &root.field("subject_properties"),
        report,
    );
    declare(
        model,
        of_type(&document.context_properties),
        Bearer::Context,
        &root.field("context_properties"),
        report,
    );
    if !check_limit(
        document.types.len(),
        limits::TYPES,
        "resource types",
        &list,
        report,
    ) {
        return;
    }
    for (i, r#type) in document.types.iter().enumerate() {
        let here = list.index(i);
        let id = here.field("id");
        check_identifier(&r#type.id, &id, report);
        check_display_name(r#type.label.as_deref(), &here.field("label"), report);
        if r#type.id.contains(':') {
            report.error(
                &id,
                format!(
                    "{} holds `:`, which ends the type in `type:action`",
                    quoted(&r#type.id)
                ),
            );
        }
        if let Some(index) = insert(
            &mut model.type_names,
            &r#type.id,
            "resource type",
            &id,
            report,
        ) {
            declare(
                model,
                of_type(&r#type.properties),
                Bearer::Resource(index as u16),
                &here.field("properties"),
                report,
            );
            model.types.push(Type {
                id: r#type.id.as_str().into(),
                operation_names: Names::default(),
                operations: Vec::new(),
                reassign: None,
                narrowing: BitVec::new(),
                fields: super::super::Fields::default(),
            });
        }
    }
    undeclared(model);
}

/// The three properties that exist without being declared (D10), after those that are. A catalog of format 1 may
/// have declared one of these names: its conditions go on reading that (D16).
fn undeclared(model: &mut Model) {
    let of_types = (0..model.types.len() as u16).flat_map(|it| {
        [
            ("id", Bearer::ResourceId(it)),
            ("owner", Bearer::ResourceOwner(it)),
        ]
    });
    let all = [("id", Bearer::SubjectId)].into_iter().chain(of_types);
    let declared: HashSet<(Bearer, &str)> = model
        .properties
        .iter()
        .map(|it| (it.bearer, &*it.name))
        .collect();
    let all = all.filter(|(name, bearer)| !declared.contains(&(bearer.named_on(), *name)));
    let all = all.map(|(name, bearer)| Property {
        name: name.into(),
        bearer,
        kind: PropertyType::Text,
        edited_by: EditedBy::Anybody,
    });
    let all: Vec<Property> = all.collect();
    model.properties.extend(all);
}

/// Whether a property of that name exists undeclared.
fn exists_undeclared(bearer: Bearer, name: &str) -> bool {
    match bearer {
        Bearer::Resource(_) | Bearer::ResourceId(_) | Bearer::ResourceOwner(_) => {
            matches!(name, "id" | "owner")
        }
        Bearer::Subject | Bearer::SubjectId => name == "id",
        Bearer::Context => false,
    }
}

fn of_type(
    properties: &BTreeMap<String, PropertyType>,
) -> impl Iterator<Item = (&String, PropertyType)> {
    properties.iter().map(|(name, kind)| (name, *kind))
}

fn declare<'d>(
    model: &mut Model,
    properties: impl Iterator<Item = (&'d String, PropertyType)>,
    bearer: Bearer,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    for (name, kind) in properties {
        let here = at.field(name);
        check_identifier(name, &here, report);
        let is_taken = || {
            format!(
                "`{}.{name}` exists without being declared; a property of your own needs another name",
                bearer.as_str()
            )
        };
        if exists_undeclared(bearer, name) && report.refuse_today(&here, is_taken()) {
            continue;
        }
        model.properties.push(Property {
            name: name.as_str().into(),
            bearer,
            kind,
            edited_by: EditedBy::Anybody,
        });
    }
}

pub(super) fn operations(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("operations");
    if !check_limit(
        document.operations.len(),
        limits::OPERATIONS,
        "operations",
        &list,
        report,
    ) {
        return;
    }
    let declared: HashMap<(Bearer, Box<str>), u16> = model
        .properties
        .iter()
        .zip(0..)
        .map(|(property, index)| ((property.bearer.named_on(), property.name.clone()), index))
        .collect();
    let mut by_bearer: HashMap<Bearer, Vec<Box<str>>> = HashMap::new();
    for property in &model.properties {
        by_bearer
            .entry(property.bearer.named_on())
            .or_default()
            .push(property.name.clone());
    }
    for (i, operation) in document.operations.iter().enumerate() {
        let here = list.index(i);
        let Some(r#type) = find(
            &model.type_names,
            &operation.r#type,
            "resource type",
            &here.field("type"),
            report,
        ) else {
            continue;
        };
        check_identifier(&operation.action, &here.field("action"), report);
        check_display_name(operation.label.as_deref(), &here.field("label"), report);
        let index = model.operations.len() as u16;
        let Some(of_type) = model.types.get_mut(r#type as usize) else {
            continue;
        };
        if of_type.operation_names.insert(&operation.action).is_err() {
            report.error(
                &here.field("action"),
                format!(
                    "duplicate operation {}",
                    quoted(&format!("{}:{}", operation.r#type, operation.action))
                ),
            );
            continue;
        }
        of_type.operations.push(index);
        model
            .operations_by_names
            .insert(&operation.r#type, &operation.action, index);
        let bound = Conditions {
            declared: &declared,
            by_bearer: &by_bearer,
            resource: (operation.on == AskedOn::Record).then_some(r#type as u16),
        };
        let features = find_features(model, &operation.features, &here.field("features"), report);
        let requires = find_all(
            &model.permission_names,
            &operation.requires,
            "permission",
            &here.field("requires"),
            report,
        );
        let when = bound.all(model, &operation.when, &here.field("when"), report);
        let first = model.pairs.len();
        pairs(model, operation, &bound, &here, report);
        model.operations.push(Operation {
            r#type: r#type as u16,
            action: operation.action.as_str().into(),
            on: operation.on,
            pairs: first as u16..model.pairs.len() as u16,
            features,
            requires,
            when,
            filtered_by: NONE,
            creates: None,
        });
    }
    check_limit(
        model.pairs.len(),
        limits::PAIRS,
        "pairs of permission and operation",
        &list,
        report,
    );
}

fn pairs(
    model: &mut Model,
    operation: &OperationDocument,
    bound: &Conditions<'_>,
    here: &Path<'_>,
    report: &mut Report<'_>,
) {
    let name = quoted(&format!("{}:{}", operation.r#type, operation.action));
    match (operation.open, operation.allowed_by.is_empty()) {
        (true, false) => report.error(
            &here.field("allowed_by"),
            format!("{name} is open, and allowed by permissions as well; leave out `open` or `allowed_by`"),
        ),
        (false, true) => report.error(
            here,
            format!("{name} is neither open nor allowed by a permission; write `open = true` or `allowed_by`"),
        ),
        _ => {}
    }
    if operation.open {
        model.pairs.push(Pair {
            permission: EVERYBODY,
            features: Vec::new(),
            requires: Vec::new(),
            when: Vec::new(),
        });
        return;
    }
    let list = here.field("allowed_by");
    let mut found: Vec<Pair> = Vec::with_capacity(operation.allowed_by.len());
    for (i, pair) in operation.allowed_by.iter().enumerate() {
        let here = list.index(i);
        let features = find_features(model, &pair.features, &here.field("features"), report);
        let requires = find_all(
            &model.permission_names,
            &pair.requires,
            "permission",
            &here.field("requires"),
            report,
        );
        let when = bound.all(model, &pair.when, &here.field("when"), report);
        let Some(permission) = find(
            &model.permission_names,
            &pair.permission,
            "permission",
            &here.field("permission"),
            report,
        ) else {
            continue;
        };
        let permission = permission as u16;
        if found.iter().any(|known| known.permission == permission) {
            report.error(
                &here,
                format!("{name} is paired twice with {}", quoted(&pair.permission)),
            );
            continue;
        }
        found.push(Pair {
            permission,
            features,
            requires,
            when,
        });
    }
    // In catalog order (I4).
    found.sort_by_key(|pair| pair.permission);
    model.pairs.extend(found);
}

/// What operations and types say of operations: `filtered_by`, `creates`, `reassign`, `requested_by`.
pub(super) fn references(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let names = operation_names(model);
    let list = root.field("operations");
    for (i, operation) in document.operations.iter().enumerate() {
        let here = list.index(i);
        let index = model.operation(&operation.r#type, &operation.action);
        for (word, named) in [
            ("filtered_by", &operation.filtered_by),
            ("creates", &operation.creates),
        ] {
            let Some(named) = named else { continue };
            let at = here.field(word);
            if operation.on == AskedOn::Record {
                report.error(&at, format!("`{word}` belongs to an operation on the type"));
            }
            let Some(found) = record_operation(model, &names, named, &at, report) else {
                continue;
            };
            let same_type = model.operations.get(found as usize).map(|it| it.r#type)
                == index
                    .and_then(|it| model.operations.get(it as usize))
                    .map(|it| it.r#type);
            if word == "creates" && !same_type {
                report.error(
                    &at,
                    format!("{} is an operation on another resource type", quoted(named)),
                );
            }
            if let Some(operation) =
                index.and_then(|index| model.operations.get_mut(index as usize))
            {
                match word {
                    "creates" => operation.creates = Some(found),
                    _ => operation.filtered_by = found,
                }
            }
        }
    }
    let list = root.field("types");
    for (i, r#type) in document.types.iter().enumerate() {
        let Some(action) = &r#type.reassign else {
            continue;
        };
        let here = list.index(i);
        let named = format!("{}:{action}", r#type.id);
        let found = record_operation(model, &names, &named, &here.field("reassign"), report);
        if let Some(index) = model.type_names.get(&r#type.id)
            && let Some(known) = model.types.get_mut(index as usize)
        {
            known.reassign = found;
        }
    }
    let list = root.field("features");
    for (i, feature) in document.features.iter().enumerate() {
        if let Some(named) = &feature.requested_by {
            let here = list.index(i);
            find(
                &names,
                named,
                "operation",
                &here.field("requested_by"),
                report,
            );
        }
    }
}

/// Who may edit each property of users (D10).
pub(super) fn editors(
    model: &mut Model,
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = root.field("subject_properties");
    let mut read = vec![false; model.properties.len()];
    for operation in &model.operations {
        let pairs = model
            .pairs
            .get(usize::from(operation.pairs.start)..usize::from(operation.pairs.end));
        let pairs = pairs.unwrap_or_default();
        if !pairs.iter().any(|it| it.permission == EVERYBODY) {
            continue;
        }
        let of_pairs = pairs.iter().flat_map(|it| &it.when);
        for property in of_pairs
            .chain(&operation.when)
            .flatten()
            .flat_map(Condition::properties)
        {
            if let Some(read) = read.get_mut(usize::from(property)) {
                *read = true;
            }
        }
    }
    for (property, read) in model.properties.iter_mut().zip(read) {
        if property.bearer != Bearer::Subject {
            continue;
        }
        let declared = document.subject_properties.get(&*property.name);
        let named = declared.and_then(|it| it.edited_by.as_ref());
        property.edited_by = match named {
            Some(named) => {
                let at = list.field(&property.name);
                let at = at.field("edited_by");
                match find(&model.permission_names, named, "permission", &at, report) {
                    Some(permission) => EditedBy::Holder(permission as u16),
                    None => EditedBy::System,
                }
            }
            None if read => EditedBy::System,
            None => EditedBy::Anybody,
        };
    }
}

/// Every operation as `type:action`, in catalog order.
pub(super) fn operation_names(model: &Model) -> Names {
    let mut names = Names::with_capacity(model.operations.len());
    for operation in 0..model.operations.len() as u16 {
        // Distinct: a type holds no `:`, and its actions are distinct.
        let _ = names.insert(&model.operation_name(operation));
    }
    names
}

pub(super) fn record_operation(
    model: &Model,
    names: &Names,
    named: &str,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<u16> {
    let found = find(names, named, "operation", at, report)? as u16;
    if model.operations.get(found as usize)?.on == AskedOn::Type {
        report.error(
            at,
            format!("{} is asked on the type, not on a record", quoted(named)),
        );
        return None;
    }
    Some(found)
}

/// Which permissions, as prerequisites, narrow on which type (D7).
pub(super) fn narrowing(model: &mut Model) {
    let permissions = model.permissions.len();
    for r#type in &mut model.types {
        r#type.narrowing = BitVec::repeat(false, permissions);
    }
    for operation in &model.operations {
        let pairs = operation.pairs.start as usize..operation.pairs.end as usize;
        let Some(r#type) = model.types.get_mut(operation.r#type as usize) else {
            continue;
        };
        if operation.on == AskedOn::Record {
            for pair in model.pairs.get(pairs).into_iter().flatten() {
                if pair.permission != EVERYBODY {
                    r#type.narrowing.set(pair.permission as usize, true);
                }
            }
        }
    }
}
