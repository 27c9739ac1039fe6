//! Types with their properties and fields, operations and what allows them.

use std::collections::BTreeMap;

use super::super::change::{Aspect, CatalogPart, Difference};
use super::{Differences, matched};
use crate::document::{
    ConditionDocument, FieldDocument, OperationDocument, PairDocument, PropertyDocument,
    PropertyType, TypeDocument,
};

pub(super) fn types(all: &mut Differences<'_>) {
    let (older, newer) = (&all.older.document.types, &all.newer.document.types);
    let (both, gone) = matched(older, newer, |it| it.id.as_str());
    for (before, after) in both {
        let part = CatalogPart::Type(after.id.clone());
        let Some(before) = before else {
            all.add(&part, Difference::Added);
            continue;
        };
        let (was, is) = (before.reassign.clone(), after.reassign.clone());
        all.value(&part, Aspect::Reassign, was, is);
        all.value(&part, Aspect::Read, before.read.clone(), after.read.clone());
        let property = |name: &str| CatalogPart::ResourceProperty {
            r#type: after.id.clone(),
            name: name.to_owned(),
        };
        of_bearer(all, property, &before.properties, &after.properties);
        fields(all, before, after);
    }
    for r#type in gone {
        let part = CatalogPart::Type(r#type.id.clone());
        all.add(&part, Difference::Dropped);
    }
}

/// Of subjects and of the context.
pub(super) fn properties(all: &mut Differences<'_>) {
    let (older, newer) = (&all.older.document, &all.newer.document);
    let subject = |name: &str| CatalogPart::SubjectProperty(name.to_owned());
    let (was, is) = (&older.subject_properties, &newer.subject_properties);
    let types = |of: &BTreeMap<String, PropertyDocument>| -> BTreeMap<String, PropertyType> {
        of.iter()
            .map(|(name, it)| (name.clone(), it.r#type))
            .collect()
    };
    of_bearer(all, subject, &types(was), &types(is));
    for (name, is) in is {
        let Some(was) = was.get(name) else { continue };
        let before = was.edited_by.as_ref().map(|it| all.today(it));
        all.value(
            &subject(name),
            Aspect::EditedBy,
            before,
            is.edited_by.clone(),
        );
    }
    let context = |name: &str| CatalogPart::ContextProperty(name.to_owned());
    let (was, is) = (&older.context_properties, &newer.context_properties);
    of_bearer(all, context, was, is);
}

fn of_bearer(
    all: &mut Differences<'_>,
    part: impl Fn(&str) -> CatalogPart,
    before: &BTreeMap<String, PropertyType>,
    after: &BTreeMap<String, PropertyType>,
) {
    for (name, is) in after {
        match before.get(name) {
            None => all.add(&part(name), Difference::Added),
            Some(was) => {
                let (was, is) = (Some(was.to_string()), Some(is.to_string()));
                all.value(&part(name), Aspect::PropertyType, was, is);
            }
        }
    }
    for name in before.keys().filter(|it| !after.contains_key(*it)) {
        all.add(&part(name), Difference::Dropped);
    }
}

fn fields(all: &mut Differences<'_>, before: &TypeDocument, after: &TypeDocument) {
    let part = |field: &FieldDocument| CatalogPart::Field {
        r#type: after.id.clone(),
        path: field.path.clone(),
    };
    let (both, gone) = matched(&before.fields, &after.fields, |it| it.path.as_str());
    for (was, is) in both {
        let part = part(is);
        let Some(was) = was else {
            all.add(&part, Difference::Added);
            continue;
        };
        if was.mask != is.mask {
            let (before, after) = (was.mask.clone(), is.mask.clone());
            all.add(&part, Difference::Mask { before, after });
        }
        let revealed_by = Some(all.today(&was.revealed_by));
        let after = Some(is.revealed_by.clone());
        all.value(&part, Aspect::RevealedBy, revealed_by, after);
        let sees = |of: &FieldDocument| Some(of.contributor_sees.to_string());
        all.value(&part, Aspect::ContributorSees, sees(was), sees(is));
        let (before, after) = (was.contributor.clone(), is.contributor.clone());
        all.value(&part, Aspect::Contributor, before, after);
        let search = |of: &FieldDocument| -> Vec<String> {
            let sets = of.search.iter().map(|set| {
                let mut set = set.clone();
                set.sort();
                set.join(" and ")
            });
            sets.collect()
        };
        all.names(&part, Aspect::Search, search(was), search(is));
    }
    for field in gone {
        all.add(&part(field), Difference::Dropped);
    }
}

fn name(operation: &OperationDocument) -> String {
    format!("{}:{}", operation.r#type, operation.action)
}

pub(super) fn operations(all: &mut Differences<'_>) {
    let (older, newer) = (
        &all.older.document.operations,
        &all.newer.document.operations,
    );
    let (both, gone) = matched(older, newer, |it| (it.r#type.as_str(), it.action.as_str()));
    for (before, after) in both {
        let part = CatalogPart::Operation(name(after));
        match before {
            None => all.add(&part, Difference::Added),
            Some(before) => {
                operation(all, &part, before, after);
                pairs(all, before, after);
            }
        }
    }
    for operation in gone {
        let part = CatalogPart::Operation(name(operation));
        all.add(&part, Difference::Dropped);
    }
}

fn operation(
    all: &mut Differences<'_>,
    part: &CatalogPart,
    before: &OperationDocument,
    after: &OperationDocument,
) {
    let on = |of: &OperationDocument| Some(of.on.to_string());
    all.value(part, Aspect::On, on(before), on(after));
    let open = |of: &OperationDocument| Some(of.open.to_string());
    all.value(part, Aspect::Open, open(before), open(after));
    let (was, is) = (before.features.clone(), after.features.clone());
    all.names(part, Aspect::Features, was, is);
    let was = all.all_today(&before.requires);
    all.names(part, Aspect::Requires, was, after.requires.clone());
    conditions(all, part, &before.when, &after.when);
    let (was, is) = (before.filtered_by.clone(), after.filtered_by.clone());
    all.value(part, Aspect::FilteredBy, was, is);
    let (was, is) = (before.creates.clone(), after.creates.clone());
    all.value(part, Aspect::Creates, was, is);
}

fn pairs(all: &mut Differences<'_>, before: &OperationDocument, after: &OperationDocument) {
    let part = |permission: &str| CatalogPart::Pair {
        operation: name(after),
        permission: permission.to_owned(),
    };
    let today = |pair: &PairDocument| PairDocument {
        permission: all.today(&pair.permission),
        requires: all.all_today(&pair.requires),
        ..pair.clone()
    };
    let were: Vec<PairDocument> = before.allowed_by.iter().map(today).collect();
    let (both, gone) = matched(&were, &after.allowed_by, |it| it.permission.as_str());
    for (was, is) in both {
        let part = part(&is.permission);
        let Some(was) = was else {
            all.add(&part, Difference::Added);
            continue;
        };
        let (before, after) = (was.features.clone(), is.features.clone());
        all.names(&part, Aspect::Features, before, after);
        let (before, after) = (was.requires.clone(), is.requires.clone());
        all.names(&part, Aspect::Requires, before, after);
        conditions(all, &part, &was.when, &is.when);
    }
    for pair in gone {
        all.add(&part(&pair.permission), Difference::Dropped);
    }
}

fn conditions(
    all: &mut Differences<'_>,
    part: &CatalogPart,
    before: &[Vec<ConditionDocument>],
    after: &[Vec<ConditionDocument>],
) {
    if before != after {
        let (before, after) = (before.to_vec(), after.to_vec());
        all.add(part, Difference::Conditions { before, after });
    }
}
