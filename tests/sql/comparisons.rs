//! Every comparison there is (D10), with its sides borne by record, subject or context in every way:
//! `check`, the filter by value and the rows selected agree on every pair of values.

use std::fmt::Write as _;

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument, PropertyValue};
use bailiwick::query::RecordFilter;
use bailiwick::query::sql::Columns;
use bailiwick::{Catalog, Engine, PropertyMap, Record, Timestamp, Token, Warnings};

const BEARERS: [&str; 3] = ["resource", "subject", "context"];
const KINDS: [&str; 4] = ["text", "integer", "boolean", "set"];

/// One comparison: the left property, and the right one or a constant.
struct Comparison {
    left: (&'static str, &'static str),
    right: Option<(&'static str, &'static str)>,
    written: String,
}

fn comparisons() -> Vec<Comparison> {
    let equality = ["is", "is_not"];
    let orders = ["is", "is_not", "less", "at_most", "greater", "at_least"];
    let lists = ["one_of", "none_of"];
    let pairs: [(&str, &str, &[&str]); 7] = [
        ("text", "text", &equality),
        ("integer", "integer", &orders),
        ("boolean", "boolean", &equality),
        ("set", "set", &equality),
        ("text", "set", &lists),
        ("set", "text", &lists),
        ("set", "set", &lists),
    ];
    let constants: [(&str, &str, &[&str]); 9] = [
        ("text", "'x'", &equality),
        ("text", "['x', 'z']", &lists),
        ("integer", "1", &orders),
        ("integer", "[0, 1]", &lists),
        ("boolean", "true", &equality),
        ("boolean", "[true]", &lists),
        ("boolean", "[false, true]", &lists),
        ("set", "['x', 'z']", &lists),
        ("set", "['']", &lists),
    ];
    let mut all = Vec::new();
    for left in BEARERS {
        for (kind, constant, operators) in constants {
            for operator in operators {
                all.push(Comparison {
                    left: (left, kind),
                    right: None,
                    written: format!("{left} = '{kind}', {operator} = {constant}"),
                });
            }
        }
        for right in BEARERS {
            for (kind, other, operators) in pairs {
                for operator in operators {
                    all.push(Comparison {
                        left: (left, kind),
                        right: Some((right, other)),
                        written: format!(
                            "{left} = '{kind}', {operator} = {{ {right} = '{other} on the right' }}"
                        ),
                    });
                }
            }
        }
    }
    all
}

fn engine(comparisons: &[Comparison]) -> Engine {
    let mut properties = String::new();
    for kind in KINDS {
        write!(
            properties,
            "'{kind}' = '{kind}', '{kind} on the right' = '{kind}', "
        )
        .unwrap();
    }
    let properties = properties.trim_end_matches(", ");
    let mut text = format!(
        "format = 2\nid = 'all'\nversion = 1\npermissions = [{{ path = 'p' }}]\n\
         types = [{{ id = 'deal', properties = {{ {properties} }} }}]\n\
         subject_properties = {{ {properties} }}\ncontext_properties = {{ {properties} }}\noperations = [\n"
    );
    for (comparison, i) in comparisons.iter().zip(0..) {
        let written = &comparison.written;
        writeln!(text, "{{ type = 'deal', action = '{i}', on = 'record', open = true, when = [[{{ {written} }}]] }},").unwrap();
    }
    text.push(']');
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let nobody = DirectoryDocument::new([]);
    Engine::new(
        &catalog,
        PolicyDocument::new(1),
        nobody,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

/// Values of a kind, one missing and one of another type.
fn values(kind: &str) -> Vec<Option<PropertyValue>> {
    let set = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|it| (*it).to_owned()).collect();
        Some(PropertyValue::from(texts))
    };
    let wrong = match kind {
        "text" => Some(1_i64.into()),
        _ => Some("x".into()),
    };
    let mut values = match kind {
        "text" => ["x", "y", "", "X"].map(|it| Some(it.into())).to_vec(),
        "integer" => [0_i64, 1, 2, i64::MIN, i64::MAX]
            .map(|it| Some(it.into()))
            .to_vec(),
        "boolean" => [true, false].map(|it| Some(it.into())).to_vec(),
        _ => vec![
            set(&[]),
            set(&["x"]),
            set(&["x", "y"]),
            set(&["y", "x", "x"]),
            set(&["X", ""]),
        ],
    };
    values.extend([None, wrong]);
    values
}

/// A row of two columns, and the filter that selects it or not.
pub(crate) struct Row<'r> {
    pub filter: &'r RecordFilter<'r>,
    /// `t.l` and `t.r`.
    pub columns: &'r Columns,
    /// The type and the value of each.
    pub left: (&'static str, &'r Option<PropertyValue>),
    pub right: (&'static str, &'r Option<PropertyValue>),
}

/// Whether a value is of the type, or missing.
#[allow(
    dead_code,
    reason = "one of the two databases holds any type in any column"
)]
pub(crate) fn fits((kind, value): (&str, &Option<PropertyValue>)) -> bool {
    matches!(
        (value, kind),
        (None, _)
            | (Some(PropertyValue::Text(_)), "text")
            | (Some(PropertyValue::Integer(_)), "integer")
            | (Some(PropertyValue::Boolean(_)), "boolean")
            | (Some(PropertyValue::Set(_)), "set")
    )
}

/// Holds every comparison against the database, which says how many rows are selected; nothing where
/// it cannot hold the row.
pub(crate) fn every_comparison(mut selected: impl FnMut(&Row<'_>) -> Option<Vec<i64>>) {
    let comparisons = comparisons();
    let engine = engine(&comparisons);
    let (mut asked, mut allowed) = (0, 0);
    for (comparison, i) in comparisons.iter().zip(0..) {
        let action = i.to_string();
        let operation = engine.catalog().operation("deal", &action).unwrap();
        let (left, kind) = comparison.left;
        let (right, other) = comparison.right.unwrap_or(("nothing", "text"));
        let name = format!("{other} on the right");
        let columns = Columns::new()
            .property(kind, ["t", "l"])
            .property(name.as_str(), ["t", "r"]);
        let rights = match comparison.right {
            Some(_) => values(other),
            None => vec![None],
        };
        for a in values(kind) {
            for b in &rights {
                let sides = [(left, kind, &a), (right, name.as_str(), b)];
                let mut token = Token::new(Vec::<String>::new()).id("ann");
                let mut context = PropertyMap::new();
                let mut record = Record::of("deal");
                for (bearer, property, value) in sides {
                    let Some(value) = value.clone() else { continue };
                    match bearer {
                        "resource" => record = record.property(property, value),
                        "subject" => token = token.property(property, value),
                        "context" => _ = context.set(property, value),
                        _ => {}
                    }
                }
                let in_context = engine.in_context(&context);
                let says = in_context.check(&token, operation, &record).is_allow();
                let filter = in_context.records(&token, operation).unwrap();
                let what = format!("{}: {a:?}, {b:?}", comparison.written);
                assert_eq!(filter.matches(&record), says, "{what}");
                // What does not read the record is all or nothing.
                if left != "resource" && right != "resource" {
                    assert_eq!(
                        (filter.is_everything(), filter.is_nothing()),
                        (says, !says),
                        "{what}"
                    );
                }

                let row = Row {
                    filter: &filter,
                    columns: &columns,
                    left: (kind, &a),
                    right: (other, b),
                };
                let Some(found) = selected(&row) else {
                    continue;
                };
                assert_eq!(found, [i64::from(says)], "{what}");
                asked += 1;
                allowed += usize::from(says);
            }
        }
    }
    println!(
        "{} comparisons, {asked} pairs of values, {allowed} allowed",
        comparisons.len()
    );
    assert!(
        asked > 5_000 && allowed * 5 > asked,
        "{asked} asked, {allowed} allowed"
    );
}
