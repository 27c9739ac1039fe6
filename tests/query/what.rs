//! `what_can`, `permitted_actions` and `check_many` in a context, against every operation in turn (Q5).

use std::collections::BTreeMap;

use bailiwick::document::{
    AskedOn, ConditionDocument, OperandDocument, OperationDocument, PropertyRefDocument,
};
use bailiwick::query::Capability;
use bailiwick::{Catalog, Decision, Scope};

use super::support::ask::{Asker, HostResource, context_of, outcome};
use super::support::documents::Documents;
use super::support::run::each_world;
use super::{account, of_type, refusal};
use crate::reference::{Judged, Model, Outcome, Request, Subject};

/// By permission, of one operation.
type Listed<'a> = BTreeMap<Option<String>, &'a Capability>;

#[test]
fn what_can_lists_every_pair_that_a_check_lets_through() {
    let tally = each_world(2, |drawn, tally| {
        let documents = &drawn.documents;
        let engine = documents.load();
        let model = documents.model();
        let catalog = engine.catalog();
        let without_records: Vec<Model> = documents
            .catalog
            .operations
            .iter()
            .map(|it| without_records(documents, it))
            .collect();
        for case in &drawn.cases {
            tally.cases += 1;
            let context = context_of(&case.request);
            let asker = Asker::by_name(&case.request.subject);
            let asked = engine.in_context(&context);
            let found: Vec<Capability> = match asked.what_can(asker.subject()) {
                Ok(found) => found.collect(),
                Err(denied) => {
                    let denied = outcome(denied.decision(), catalog);
                    assert_eq!(refusal(documents, case), Some(denied.clone()), "{case:#?}");
                    tally.count(denied.code);
                    continue;
                }
            };
            assert_eq!(refusal(documents, case), None, "{case:#?}\n{documents}");
            let mut left = found.len();
            for (operation, model_without) in
                documents.catalog.operations.iter().zip(&without_records)
            {
                let handle = catalog.operation(&operation.r#type, &operation.action);
                let listed: Listed<'_> = found
                    .iter()
                    .filter(|it| Some(it.operation) == handle)
                    .map(|it| (path(catalog, it), it))
                    .collect();
                left -= listed.len();
                let told = || format!("{operation:?}\n{listed:#?}\n{case:#?}\n{documents}");
                // Which pairs are listed: those that allow the operation if it were on the type, asked
                // under the same conditions but for the record's.
                let on_type = of_type(documents, case, &operation.r#type, &operation.action);
                let pairs = model_without.by_pair(&on_type, false).unwrap();
                let expected: BTreeMap<_, _> = pairs
                    .iter()
                    .filter_map(|it| Some((it.permission.clone(), it.scope?)))
                    .collect();
                assert!(listed.keys().eq(expected.keys()), "{}", told());
                if operation.on == AskedOn::Type {
                    for (permission, can) in &listed {
                        assert_eq!(Some(&can.scope), expected.get(permission), "{}", told());
                        assert!(!can.lent && can.depends_on.is_empty(), "{}", told());
                        tally.count("on the type");
                    }
                    continue;
                }
                if operation.r#type != case.request.resource.r#type {
                    continue;
                }
                // What a record makes of them.
                let mut on_record = case.request.clone();
                on_record.action.clone_from(&operation.action);
                on_record.resource.account = account(documents);
                let id = subject_id(&on_record.subject).cloned();
                for owned in [false, true] {
                    if owned {
                        match &id {
                            Some(id) => on_record.resource.owner = Some(id.clone()),
                            None => continue,
                        }
                    }
                    let Some(judged) = model.by_pair(&on_record, false) else {
                        continue;
                    };
                    for pair in judged {
                        let can = listed.get(&pair.permission).copied();
                        let kind = agrees(&pair, can, owned);
                        assert!(kind.is_some(), "owned {owned}: {pair:?}\n{}", told());
                        tally.count(kind.unwrap_or_default());
                        if let Some(can) = can {
                            only_named_properties_matter(
                                &model, &engine, &on_record, &pair, can, &told,
                            );
                            if can.lent {
                                tally.count("lent");
                            }
                        }
                    }
                }
            }
            assert_eq!(left, 0, "listed twice, or of no operation: {found:#?}");
        }
    });
    let kinds = [
        "on the type",
        "not listed",
        "reached",
        "out of scope",
        "depends, and holds",
        "depends, and fails",
        "lent",
        "suspended",
        "unknown_role",
    ];
    println!("{}", tally.table(&format!("{} cases", tally.cases), &kinds));
    if tally.cases > 50_000 {
        assert_eq!(tally.missing(&kinds), Vec::<&str>::new());
    }
}

/// What a pair does on a record, if that agrees with what is listed of it.
fn agrees(pair: &Judged, can: Option<&Capability>, owned: bool) -> Option<&'static str> {
    let condition = [
        "condition_not_met",
        "property_missing",
        "property_wrong_type",
    ];
    match (pair.scope, can) {
        (None, None) => Some("not listed"),
        (Some(scope), Some(can)) if scope == can.scope => match can.depends_on.is_empty() {
            true => Some("reached"),
            false => Some("depends, and holds"),
        },
        (None, Some(can)) if pair.code == "out_of_scope" => {
            (!owned && can.scope < Scope::All).then_some("out of scope")
        }
        (None, Some(can)) if condition.contains(&pair.code) => {
            (!can.depends_on.is_empty()).then_some("depends, and fails")
        }
        _ => None,
    }
}

/// A record that states only the properties named is judged as the whole one.
fn only_named_properties_matter(
    model: &Model,
    engine: &bailiwick::Engine,
    request: &Request,
    whole: &Judged,
    can: &Capability,
    told: &dyn Fn() -> String,
) {
    let named: Vec<String> = can
        .depends_on
        .iter()
        .map(|it| engine.catalog().property_name(*it).unwrap())
        .collect();
    let mut bare = request.clone();
    let is_named = |name: &str| named.contains(&format!("resource.{name}"));
    bare.resource.properties.retain(|name, _| is_named(name));
    let judged = model.by_pair(&bare, false).unwrap();
    let same = judged.iter().find(|it| it.permission == whole.permission);
    assert_eq!(same.unwrap().scope, whole.scope, "{named:?}\n{}", told());
}

fn path(catalog: &Catalog, can: &Capability) -> Option<String> {
    let path = catalog.permission_path(can.permission?).unwrap();
    Some(path.to_owned())
}

fn subject_id(subject: &Subject) -> Option<&String> {
    match subject {
        Subject::User { id, .. } => Some(id),
        Subject::Token { id, .. } | Subject::Role { id, .. } => id.as_ref(),
    }
}

/// The world with one operation on the type, its conditions without what they read of records.
fn without_records(documents: &Documents, of: &OperationDocument) -> Model {
    let mut documents = documents.clone();
    for operation in &mut documents.catalog.operations {
        if (&operation.r#type, &operation.action) != (&of.r#type, &of.action) {
            continue;
        }
        operation.on = AskedOn::Type;
        let pairs = operation.allowed_by.iter_mut().map(|pair| &mut pair.when);
        for when in pairs.chain([&mut operation.when]) {
            for alternative in when.iter_mut() {
                *alternative = alternative.drain(..).filter_map(without_record).collect();
            }
            // An alternative of nothing holds.
            if when.iter().any(Vec::is_empty) {
                when.clear();
            }
        }
    }
    documents.model()
}

/// What is left of a condition without the record: of another property, that it is there.
fn without_record(condition: ConditionDocument) -> Option<ConditionDocument> {
    let right = [
        &condition.is,
        &condition.is_not,
        &condition.one_of,
        &condition.none_of,
        &condition.less,
        &condition.at_most,
        &condition.greater,
        &condition.at_least,
    ];
    let right = right.into_iter().flatten().next().unwrap();
    let (subject, context) = match right {
        OperandDocument::Property(right) if condition.resource.is_some() => {
            if right.resource.is_some() {
                return None;
            }
            (right.subject.clone(), right.context.clone())
        }
        OperandDocument::Property(right) if right.resource.is_some() => {
            (condition.subject.clone(), condition.context.clone())
        }
        _ if condition.resource.is_some() => return None,
        _ => return Some(condition),
    };
    Some(is_there(subject, context))
}

/// The comparison of a property with itself: it fails where the property is missing or of another type.
fn is_there(subject: Option<String>, context: Option<String>) -> ConditionDocument {
    ConditionDocument {
        resource: None,
        is: Some(OperandDocument::Property(PropertyRefDocument {
            resource: None,
            subject: subject.clone(),
            context: context.clone(),
        })),
        subject,
        context,
        is_not: None,
        one_of: None,
        none_of: None,
        less: None,
        at_most: None,
        greater: None,
        at_least: None,
    }
}

// ── Permitted actions ─────────────────────────────────────────────────────────────────────────

#[test]
fn permitted_actions_are_those_that_a_check_allows() {
    let tally = each_world(2, |drawn, tally| {
        let documents = &drawn.documents;
        let engine = documents.load();
        let model = documents.model();
        let catalog = engine.catalog();
        for case in &drawn.cases {
            tally.cases += 1;
            let context = context_of(&case.request);
            let asker = Asker::by_name(&case.request.subject);
            let resource = HostResource::by_name(&case.request.resource);
            let asked = engine.in_context(&context);
            let expected = |operation: &OperationDocument| -> (String, Outcome) {
                let mut request = case.request.clone();
                request.action.clone_from(&operation.action);
                let name = format!("{}:{}", operation.r#type, operation.action);
                (name, model.check(&request))
            };
            let of_its_type = documents.catalog.operations.iter();
            let of_its_type = of_its_type.filter(|it| it.r#type == case.request.resource.r#type);
            let mut expected: Vec<(String, Outcome)> = of_its_type.map(expected).collect();
            let told = || format!("{case:#?}\n{documents}");
            match asked.permitted_actions(asker.subject(), &resource) {
                Ok(found) => {
                    expected.retain(|(_, it)| it.allowed);
                    let found: Vec<(String, Outcome)> = found
                        .map(|(operation, decision)| {
                            let name = catalog.operation_name(operation).unwrap();
                            (name, outcome(decision, catalog))
                        })
                        .collect();
                    assert_eq!(found, expected, "{}", told());
                    tally.count(if found.is_empty() { "none" } else { "some" });
                }
                Err(denied) => {
                    let denied = outcome(denied.decision(), catalog);
                    tally.count(denied.code);
                    // What comes before the action is denied for every action alike.
                    let mut request = case.request.clone();
                    request.action = "no such action".to_owned();
                    assert_eq!(model.check(&request), denied, "{}", told());
                    assert_ne!(denied.code, "unknown_action", "{}", told());
                    assert!(expected.iter().all(|(_, it)| !it.allowed), "{}", told());
                }
            }
        }
    });
    let kinds = [
        "some",
        "none",
        "unknown_type",
        "suspended",
        "wrong_account",
        "unknown_subject",
    ];
    println!("{}", tally.table(&format!("{} cases", tally.cases), &kinds));
    if tally.cases > 50_000 {
        assert_eq!(tally.missing(&kinds), Vec::<&str>::new());
    }
}

/// Requests of one context, asked together and one by one.
#[test]
fn check_many_in_a_context_is_a_check_each() {
    let tally = each_world(20, |drawn, tally| {
        let engine = drawn.documents.load();
        let first = &drawn.cases[0].request.context;
        let cases: Vec<_> = drawn.cases.iter().map(|case| &case.request).collect();
        let context = context_of(&drawn.cases[0].request);
        let asked: Vec<(Asker<'_>, &str, HostResource<'_>)> = cases
            .iter()
            .map(|request| {
                let resource = HostResource::by_name(&request.resource);
                let asker = Asker::by_name(&request.subject);
                (asker, request.action.as_str(), resource)
            })
            .collect();
        let together: Vec<Decision> = engine
            .in_context(&context)
            .check_many(
                asked
                    .iter()
                    .map(|(asker, action, resource)| (asker.subject(), *action, resource)),
            )
            .collect();
        let model = drawn.documents.model();
        assert_eq!(together.len(), cases.len());
        for (request, decision) in cases.iter().zip(together) {
            let request = Request {
                context: first.clone(),
                ..(*request).clone()
            };
            let expected = model.check(&request);
            assert_eq!(outcome(decision, engine.catalog()), expected);
            tally.cases += 1;
            tally.count(if expected.allowed {
                "allowed"
            } else {
                "denied"
            });
        }
    });
    println!("{} cases", tally.cases);
    assert_eq!(tally.missing(&["allowed", "denied"]), Vec::<&str>::new());
}
