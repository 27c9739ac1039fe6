//! Makes what went wrong small: whatever can be left out of the documents while they still load and
//! still go wrong, is.

use std::collections::BTreeMap;

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use toml::{Table, Value};

use super::documents::Documents;
use super::requests::{Case, Question};
use crate::reference::{self, OwnerPosition, Subject};

/// One step on the way to a part of a document.
#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Item(usize),
}

/// The smallest documents found, in some seconds, that still `fail`.
pub(crate) fn documents(found: &Documents, fails: impl Fn(&Documents) -> bool) -> Documents {
    let mut best = found.clone();
    let Some(mut tree) = to_tree(found) else {
        return best;
    };
    loop {
        let mut smaller = false;
        let mut paths = Vec::new();
        collect(&tree, &mut Vec::new(), &mut paths);
        // From the end, so that the places of what is still to be tried stay.
        for path in paths.iter().rev() {
            let mut candidate = tree.clone();
            if !remove(&mut candidate, path) {
                continue;
            }
            if let Some(documents) = of_tree(&candidate, found)
                && documents.engine().is_ok()
                && fails(&documents)
            {
                (tree, best) = (candidate, documents);
                smaller = true;
            }
        }
        if !smaller {
            return best;
        }
    }
}

fn to_tree(documents: &Documents) -> Option<Value> {
    let mut root = Table::new();
    root.insert(
        "catalog".to_owned(),
        Value::try_from(&documents.catalog).ok()?,
    );
    root.insert(
        "policy".to_owned(),
        Value::try_from(&documents.policy).ok()?,
    );
    root.insert(
        "directory".to_owned(),
        Value::try_from(&documents.directory).ok()?,
    );
    Some(Value::Table(root))
}

fn of_tree(tree: &Value, like: &Documents) -> Option<Documents> {
    let part = |name: &str| tree.get(name).cloned();
    Some(Documents {
        catalog: part("catalog")?.try_into::<CatalogDocument>().ok()?,
        policy: part("policy")?.try_into::<PolicyDocument>().ok()?,
        directory: part("directory")?.try_into::<DirectoryDocument>().ok()?,
        at: like.at,
    })
}

/// Every part below, each before its own parts.
fn collect(value: &Value, here: &mut Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    let parts: Vec<(Step, &Value)> = match value {
        Value::Table(table) => table
            .iter()
            .map(|(key, it)| (Step::Key(key.clone()), it))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, it)| (Step::Item(i), it))
            .collect(),
        _ => Vec::new(),
    };
    for (step, part) in parts {
        here.push(step);
        paths.push(here.clone());
        collect(part, here, paths);
        here.pop();
    }
}

fn remove(value: &mut Value, path: &[Step]) -> bool {
    match (value, path) {
        (Value::Table(table), [Step::Key(key)]) => table.remove(key).is_some(),
        (Value::Array(items), [Step::Item(i)]) if *i < items.len() => {
            items.remove(*i);
            true
        }
        (Value::Table(table), [Step::Key(key), rest @ ..]) => {
            table.get_mut(key).is_some_and(|part| remove(part, rest))
        }
        (Value::Array(items), [Step::Item(i), rest @ ..]) => {
            items.get_mut(*i).is_some_and(|part| remove(part, rest))
        }
        _ => false,
    }
}

/// The plainest request found that still `fails`.
pub(crate) fn case(found: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut best = found.clone();
    for _ in 0..2 {
        for simpler in simpler(&best) {
            if fails(&simpler) {
                best = simpler;
            }
        }
        let keys = |of: &BTreeMap<String, reference::Value>| of.keys().cloned().collect::<Vec<_>>();
        for key in keys(&best.request.context) {
            let mut candidate = best.clone();
            candidate.request.context.remove(&key);
            best = if fails(&candidate) { candidate } else { best };
        }
        for key in keys(&best.request.resource.properties) {
            let mut candidate = best.clone();
            candidate.request.resource.properties.remove(&key);
            best = if fails(&candidate) { candidate } else { best };
        }
    }
    best
}

/// Each with one thing less; whoever applies several, starts from the last that failed.
fn simpler(case: &Case) -> Vec<Case> {
    let edits: [fn(&mut Case); 8] = [
        |case| case.question = Question::Check,
        |case| case.request.resource.id = None,
        |case| case.request.resource.owner = None,
        |case| case.request.resource.owner_position = OwnerPosition::Directory,
        |case| case.request.resource.account = None,
        |case| case.request.context.clear(),
        |case| case.request.resource.properties.clear(),
        |case| match &mut case.request.subject {
            Subject::User { .. } => {}
            Subject::Token {
                properties,
                position,
                ..
            }
            | Subject::Role {
                properties,
                position,
                ..
            } => {
                properties.clear();
                *position = None;
            }
        },
    ];
    let mut simpler = Vec::new();
    // Every subset: what goes well together is found in one step, the largest last.
    for chosen in 1_u32..1 << edits.len() {
        let mut candidate = case.clone();
        for (i, edit) in edits.iter().enumerate() {
            if chosen & (1 << i) != 0 {
                edit(&mut candidate);
            }
        }
        simpler.push(candidate);
    }
    simpler.sort_by_key(|it| std::cmp::Reverse(format!("{it:?}").len()));
    simpler
}
