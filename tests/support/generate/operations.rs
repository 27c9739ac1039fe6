//! Random operations, their pairs and conditions (D9, D10, D14, D19).

use std::collections::BTreeMap;

use bailiwick::document::{
    AskedOn, CatalogDocument, ConditionDocument, ConstantDocument, OperandDocument,
    OperationDocument, PairDocument, PropertyRefDocument, PropertyType,
};

use super::super::rng::Rng;
use super::{ACTIONS, INTEGERS, TEXTS, Taste, subject_types};

pub(super) fn operations(
    rng: &mut Rng,
    taste: &Taste,
    catalog: &mut CatalogDocument,
    features: &[String],
) {
    let paths: Vec<String> = catalog
        .permissions
        .iter()
        .map(|it| it.path.clone())
        .collect();
    let mut names: Vec<(String, String)> = Vec::new();
    for r#type in &catalog.types {
        for action in ACTIONS {
            names.push((r#type.id.clone(), (*action).to_owned()));
        }
    }
    rng.shuffle(&mut names);
    names.truncate(rng.range(2, 6));
    let subject = subject_types(catalog);
    for (r#type, action) in names {
        let on = if rng.chance(taste.on_record) {
            AskedOn::Record
        } else {
            AskedOn::Type
        };
        let bound = Bound {
            resource: match on {
                AskedOn::Record => catalog
                    .types
                    .iter()
                    .find(|it| it.id == r#type)
                    .map(|it| &it.properties),
                AskedOn::Type => None,
            },
            subject: &subject,
            context: &catalog.context_properties,
        };
        let open = rng.chance(12);
        let mut allowed_by = Vec::new();
        if !open {
            let mut permissions = paths.clone();
            rng.shuffle(&mut permissions);
            permissions.truncate(rng.range(1, 3));
            for permission in permissions {
                allowed_by.push(PairDocument {
                    permission,
                    features: if rng.chance(taste.features / 2) {
                        rng.few(features, 2)
                    } else {
                        Vec::new()
                    },
                    requires: if rng.chance(taste.requires / 2) {
                        rng.few(&paths, 2)
                    } else {
                        Vec::new()
                    },
                    when: if rng.chance(taste.when) {
                        bound.when(rng)
                    } else {
                        Vec::new()
                    },
                });
            }
        }
        let operation = OperationDocument {
            r#type,
            action,
            label: rng.chance(5).then(|| "Do it".to_owned()),
            on,
            open,
            allowed_by,
            features: if rng.chance(taste.features / 2) {
                rng.few(features, 2)
            } else {
                Vec::new()
            },
            requires: if rng.chance(taste.requires / 2) {
                rng.few(&paths, 2)
            } else {
                Vec::new()
            },
            when: if rng.chance(taste.when) {
                bound.when(rng)
            } else {
                Vec::new()
            },
            filtered_by: None,
            creates: None,
        };
        catalog.operations.push(operation);
    }
    references(rng, catalog);
}

/// What operations, types and features say of operations.
fn references(rng: &mut Rng, catalog: &mut CatalogDocument) {
    let all: Vec<(String, String, AskedOn)> = catalog
        .operations
        .iter()
        .map(|it| (it.r#type.clone(), it.action.clone(), it.on))
        .collect();
    let on_records = |of: Option<&str>| -> Vec<(String, String)> {
        all.iter()
            .filter(|(r#type, _, on)| *on == AskedOn::Record && of.is_none_or(|of| of == r#type))
            .map(|(r#type, action, _)| (r#type.clone(), action.clone()))
            .collect()
    };
    for operation in &mut catalog.operations {
        if operation.on == AskedOn::Type {
            let named = |(r#type, action): &(String, String)| format!("{type}:{action}");
            let anywhere = on_records(None);
            operation.filtered_by = rng.any(&anywhere).map(named).filter(|_| rng.chance(40));
            let own = on_records(Some(&operation.r#type));
            operation.creates = rng.any(&own).map(named).filter(|_| rng.chance(70));
        }
    }
    for r#type in &mut catalog.types {
        let own = on_records(Some(&r#type.id));
        r#type.reassign = rng
            .any(&own)
            .map(|(_, action)| action.clone())
            .filter(|_| rng.chance(75));
        r#type.read = own.first().map(|(_, action)| action.clone());
        // Fields need an operation that reading is.
        r#type.fields.retain(|_| !own.is_empty());
    }
    for feature in &mut catalog.features {
        let named = |(r#type, action, _): &(String, String, AskedOn)| format!("{type}:{action}");
        feature.requested_by = rng.any(&all).map(named).filter(|_| rng.chance(20));
    }
}

/// The properties that a condition may name.
struct Bound<'a> {
    resource: Option<&'a BTreeMap<String, PropertyType>>,
    subject: &'a BTreeMap<String, PropertyType>,
    context: &'a BTreeMap<String, PropertyType>,
}

impl Bound<'_> {
    fn all(&self) -> Vec<(PropertyRefDocument, PropertyType)> {
        let none = PropertyRefDocument {
            resource: None,
            subject: None,
            context: None,
        };
        let mut all = Vec::new();
        // D10: three exist undeclared.
        let text = PropertyType::Text;
        if self.resource.is_some() {
            for name in ["id", "owner"] {
                let resource = Some(name.to_owned());
                all.push((
                    PropertyRefDocument {
                        resource,
                        ..none.clone()
                    },
                    text,
                ));
            }
        }
        let subject = Some("id".to_owned());
        all.push((
            PropertyRefDocument {
                subject,
                ..none.clone()
            },
            text,
        ));
        for (name, kind) in self.resource.into_iter().flatten() {
            let resource = Some(name.clone());
            all.push((
                PropertyRefDocument {
                    resource,
                    ..none.clone()
                },
                *kind,
            ));
        }
        for (name, kind) in self.subject {
            let subject = Some(name.clone());
            all.push((
                PropertyRefDocument {
                    subject,
                    ..none.clone()
                },
                *kind,
            ));
        }
        for (name, kind) in self.context {
            let context = Some(name.clone());
            all.push((
                PropertyRefDocument {
                    context,
                    ..none.clone()
                },
                *kind,
            ));
        }
        all
    }

    fn when(&self, rng: &mut Rng) -> Vec<Vec<ConditionDocument>> {
        let properties = self.all();
        if properties.is_empty() {
            return Vec::new();
        }
        (0..rng.range(1, 2))
            .map(|_| {
                (0..rng.range(1, 2))
                    .map(|_| condition(rng, &properties))
                    .collect()
            })
            .collect()
    }
}

fn condition(
    rng: &mut Rng,
    properties: &[(PropertyRefDocument, PropertyType)],
) -> ConditionDocument {
    use PropertyType::{Boolean, Integer, Set, Text};
    let (left, kind) = rng.pick(properties).clone();
    let mut condition = ConditionDocument {
        resource: left.resource,
        subject: left.subject,
        context: left.context,
        is: None,
        is_not: None,
        one_of: None,
        none_of: None,
        less: None,
        at_most: None,
        greater: None,
        at_least: None,
    };
    let listed = match kind {
        Set => !rng.chance(30),
        _ => rng.chance(40),
    };
    let fits = |right: PropertyType| match (kind, right) {
        (Text, Set) | (Set, Text | Set) if listed => true,
        _ => !listed && kind == right,
    };
    let others: Vec<&PropertyRefDocument> = properties
        .iter()
        .filter(|(_, right)| fits(*right))
        .map(|(other, _)| other)
        .collect();
    let other = rng.any(&others).filter(|_| rng.chance(40));
    let operand = match other {
        Some(other) => OperandDocument::Property((*other).clone()),
        None if listed => {
            OperandDocument::List((0..rng.range(1, 2)).map(|_| constant(rng, kind)).collect())
        }
        None => match constant(rng, kind) {
            ConstantDocument::Text(text) if kind == Text => OperandDocument::Text(text),
            ConstantDocument::Integer(n) => OperandDocument::Integer(n),
            ConstantDocument::Boolean(b) => OperandDocument::Boolean(b),
            // A set is compared with lists and properties alone.
            ConstantDocument::Text(text) => {
                let list = Some(OperandDocument::List(vec![ConstantDocument::Text(text)]));
                if rng.chance(50) {
                    condition.one_of = list;
                } else {
                    condition.none_of = list;
                }
                return condition;
            }
        },
    };
    let place = match (listed, kind) {
        (true, _) if rng.chance(50) => &mut condition.one_of,
        (true, _) => &mut condition.none_of,
        (false, Integer) => match rng.below(6) {
            0 => &mut condition.is,
            1 => &mut condition.is_not,
            2 => &mut condition.less,
            3 => &mut condition.at_most,
            4 => &mut condition.greater,
            _ => &mut condition.at_least,
        },
        (false, Text | Boolean | Set) if rng.chance(50) => &mut condition.is,
        (false, Text | Boolean | Set) => &mut condition.is_not,
    };
    *place = Some(operand);
    condition
}

fn constant(rng: &mut Rng, kind: PropertyType) -> ConstantDocument {
    match kind {
        PropertyType::Text | PropertyType::Set => {
            ConstantDocument::Text((*rng.pick(TEXTS)).to_owned())
        }
        PropertyType::Integer => ConstantDocument::Integer(*rng.pick(INTEGERS)),
        PropertyType::Boolean => ConstantDocument::Boolean(rng.chance(50)),
    }
}
