//! Conditions (D10), and which of them is the reason (D17).

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::document::{
    CatalogDocument, ConditionDocument, ConstantDocument, OperandDocument, PropertyType,
};

use super::Value;

/// What conditions read.
pub(crate) struct Facts<'a> {
    pub catalog: &'a CatalogDocument,
    pub r#type: &'a str,
    pub resource: &'a BTreeMap<String, Value>,
    pub subject: &'a BTreeMap<String, Value>,
    pub context: &'a BTreeMap<String, Value>,
    /// D10: the three that exist undeclared.
    pub resource_id: Option<&'a String>,
    pub resource_owner: Option<&'a String>,
    pub subject_id: Option<&'a String>,
}

/// Why a condition fails: the code, and the property (`resource.status`).
pub(crate) struct Failure {
    pub code: &'static str,
    pub property: String,
}

/// D10: several `when`s are alternatives, within one all must hold; without any there is no
/// condition. D17: the reason is the first that fails of the first alternative.
pub(crate) fn failure(when: &[Vec<ConditionDocument>], facts: &Facts<'_>) -> Option<Failure> {
    let first_that_fails =
        |all: &Vec<ConditionDocument>| all.iter().find_map(|condition| fails(condition, facts));
    if when.iter().any(|all| first_that_fails(all).is_none()) {
        return None;
    }
    when.first().and_then(first_that_fails)
}

/// One side of a comparison that is a property.
struct Property {
    name: String,
    declared: Option<PropertyType>,
    value: Option<Value>,
}

fn property(
    resource: Option<&String>,
    subject: Option<&String>,
    context: Option<&String>,
    facts: &Facts<'_>,
) -> Property {
    // D10: three exist undeclared, as texts; nothing declared has their names.
    let named = |name: Option<&String>, wanted: &str| name.is_some_and(|it| it == wanted);
    let undeclared = |name: &str, value: Option<&String>| Property {
        name: name.to_owned(),
        declared: Some(PropertyType::Text),
        value: value.cloned().map(Value::Text),
    };
    if named(resource, "id") {
        return undeclared("resource.id", facts.resource_id);
    }
    if named(resource, "owner") {
        return undeclared("resource.owner", facts.resource_owner);
    }
    if named(subject, "id") {
        return undeclared("subject.id", facts.subject_id);
    }
    if let Some(name) = resource {
        let declared = facts
            .catalog
            .types
            .iter()
            .find(|declared| declared.id == facts.r#type)
            .and_then(|declared| declared.properties.get(name));
        Property {
            name: format!("resource.{name}"),
            declared: declared.copied(),
            value: facts.resource.get(name).cloned(),
        }
    } else if let Some(name) = subject {
        Property {
            name: format!("subject.{name}"),
            declared: facts
                .catalog
                .subject_properties
                .get(name)
                .map(|it| it.r#type),
            value: facts.subject.get(name).cloned(),
        }
    } else {
        let name = context.map_or("", String::as_str);
        Property {
            name: format!("context.{name}"),
            declared: facts.catalog.context_properties.get(name).copied(),
            value: facts.context.get(name).cloned(),
        }
    }
}

fn type_of(value: &Value) -> PropertyType {
    match value {
        Value::Text(_) => PropertyType::Text,
        Value::Integer(_) => PropertyType::Integer,
        Value::Boolean(_) => PropertyType::Boolean,
        Value::Set(_) => PropertyType::Set,
    }
}

/// The operators of D10.
#[derive(Clone, Copy)]
enum Operator {
    Is,
    IsNot,
    OneOf,
    NoneOf,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

fn operator(condition: &ConditionDocument) -> Option<(Operator, &OperandDocument)> {
    [
        (Operator::Is, &condition.is),
        (Operator::IsNot, &condition.is_not),
        (Operator::OneOf, &condition.one_of),
        (Operator::NoneOf, &condition.none_of),
        (Operator::Less, &condition.less),
        (Operator::AtMost, &condition.at_most),
        (Operator::Greater, &condition.greater),
        (Operator::AtLeast, &condition.at_least),
    ]
    .into_iter()
    .find_map(|(operator, operand)| operand.as_ref().map(|operand| (operator, operand)))
}

/// What stands on the right, once properties are looked up.
enum Right {
    One(Value),
    List(Vec<Value>),
}

fn constant(constant: &ConstantDocument) -> Value {
    match constant {
        ConstantDocument::Text(text) => Value::Text(text.clone()),
        ConstantDocument::Integer(number) => Value::Integer(*number),
        ConstantDocument::Boolean(truth) => Value::Boolean(*truth),
    }
}

/// D10: why this condition fails, if it does.
fn fails(condition: &ConditionDocument, facts: &Facts<'_>) -> Option<Failure> {
    let left = property(
        condition.resource.as_ref(),
        condition.subject.as_ref(),
        condition.context.as_ref(),
        facts,
    );
    let (operator, operand) = operator(condition)?;
    let right = match operand {
        OperandDocument::Property(named) => Some(property(
            named.resource.as_ref(),
            named.subject.as_ref(),
            named.context.as_ref(),
            facts,
        )),
        _ => None,
    };
    let sides = || [Some(&left), right.as_ref()].into_iter().flatten();
    // A property that is missing, on either side, fails the condition whatever its operator …
    for side in sides() {
        if side.value.is_none() {
            return Some(Failure {
                code: "property_missing",
                property: side.name.clone(),
            });
        }
    }
    // … and so does one of another type.
    for side in sides() {
        if side.value.as_ref().map(type_of) != side.declared {
            return Some(Failure {
                code: "property_wrong_type",
                property: side.name.clone(),
            });
        }
    }
    let right = match operand {
        OperandDocument::Text(text) => Right::One(Value::Text(text.clone())),
        OperandDocument::Integer(number) => Right::One(Value::Integer(*number)),
        OperandDocument::Boolean(truth) => Right::One(Value::Boolean(*truth)),
        OperandDocument::List(list) => Right::List(list.iter().map(constant).collect()),
        OperandDocument::Property(_) => Right::One(right?.value?),
    };
    if holds(left.value.as_ref()?, operator, &right) {
        None
    } else {
        Some(Failure {
            code: "condition_not_met",
            property: left.name,
        })
    }
}

fn holds(left: &Value, operator: Operator, right: &Right) -> bool {
    match operator {
        Operator::Is => equal(left, right) == Some(true),
        Operator::IsNot => equal(left, right) == Some(false),
        Operator::OneOf => any_in(left, right) == Some(true),
        Operator::NoneOf => any_in(left, right) == Some(false),
        Operator::Less => integers(left, right).is_some_and(|(l, r)| l < r),
        Operator::AtMost => integers(left, right).is_some_and(|(l, r)| l <= r),
        Operator::Greater => integers(left, right).is_some_and(|(l, r)| l > r),
        Operator::AtLeast => integers(left, right).is_some_and(|(l, r)| l >= r),
    }
}

/// Equality of two values of one type, sets as sets; `None` for what does not compare.
fn equal(left: &Value, right: &Right) -> Option<bool> {
    match (left, right) {
        (Value::Text(l), Right::One(Value::Text(r))) => Some(l == r),
        (Value::Integer(l), Right::One(Value::Integer(r))) => Some(l == r),
        (Value::Boolean(l), Right::One(Value::Boolean(r))) => Some(l == r),
        (Value::Set(l), Right::One(Value::Set(r))) => {
            let elements = |set: &[String]| set.iter().cloned().collect::<BTreeSet<_>>();
            Some(elements(l) == elements(r))
        }
        _ => None,
    }
}

/// Membership: of a value in a list, of any element of a set in a list, of a text in a set or of
/// any element of one set in another; `None` for what does not compare.
fn any_in(left: &Value, right: &Right) -> Option<bool> {
    match (left, right) {
        (Value::Set(set), Right::List(list)) => Some(
            set.iter()
                .any(|element| list.contains(&Value::Text(element.clone()))),
        ),
        (one, Right::List(list)) => Some(list.contains(one)),
        (Value::Text(text), Right::One(Value::Set(set)))
        | (Value::Set(set), Right::One(Value::Text(text))) => Some(set.contains(text)),
        (Value::Set(one), Right::One(Value::Set(other))) => {
            Some(one.iter().any(|element| other.contains(element)))
        }
        _ => None,
    }
}

fn integers(left: &Value, right: &Right) -> Option<(i64, i64)> {
    match (left, right) {
        (Value::Integer(left), Right::One(Value::Integer(right))) => Some((*left, *right)),
        _ => None,
    }
}
