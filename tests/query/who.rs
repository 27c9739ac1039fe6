//! `who_can` and `who_can_any`, against a check for every user (Q5).

use bailiwick::query::Allowed;
use bailiwick::{Action, Denied, ResourceType};

use super::support::ask::{HostResource, context_of, outcome};
use super::support::requests::Question;
use super::support::run::each_world;
use super::support::tally::is_before_pairs;
use super::user;
use crate::reference::{Outcome, Request};

#[test]
fn who_can_finds_whom_a_check_allows() {
    let tally = each_world(2, |drawn, tally| {
        let documents = &drawn.documents;
        let engine = documents.load();
        let model = documents.model();
        let catalog = engine.catalog();
        for (number, case) in drawn.cases.iter().enumerate() {
            let any = match case.question {
                Question::Check => false,
                Question::CanAny => true,
                _ => number % 2 == 0,
            };
            let mut request = case.request.clone();
            let context = context_of(&request);
            let asked = engine.in_context(&context);
            let (r#type, action) = (request.resource.r#type.clone(), request.action.clone());
            let handle = catalog.operation(&r#type, &action);
            let by_handle = handle.filter(|_| number % 3 == 0);
            let action = by_handle.map_or(Action::Named(&action), Action::Operation);
            let found: Result<Vec<Allowed<'_>>, Denied> = if any {
                let on = bailiwick::OnType::named(&r#type);
                let on = match &request.resource.account {
                    Some(account) => on.account(account),
                    None => on,
                };
                asked.who_can_any(action, &on).map(Iterator::collect)
            } else {
                let resource = match by_handle {
                    Some(_) => HostResource::by_handle(
                        &case.request.resource,
                        &engine,
                        ResourceType::OfOperation,
                    ),
                    None => HostResource::by_name(&case.request.resource),
                };
                asked.who_can(action, &resource).map(Iterator::collect)
            };
            let users = &documents.directory.users;
            let mut expected: Vec<(&str, Outcome)> = Vec::new();
            for of in users {
                request.subject = user(documents, &of.id);
                let outcome = match any {
                    true => model.can_any(&request),
                    false => model.check(&request),
                };
                expected.push((&of.id, outcome));
            }
            let told = || {
                let asked = Request {
                    subject: user(documents, "anybody"),
                    ..request.clone()
                };
                format!("{asked:#?}\nany: {any}\n{documents}")
            };
            tally.cases += 1;
            let suspended = |it: &Outcome| it.code == "suspended";
            match found {
                Ok(found) => {
                    for allowed in &found {
                        assert_eq!(engine.user(allowed.id), Some(allowed.user));
                        tally.count(allowed.decision.scope().unwrap().as_str());
                    }
                    let found: Vec<(&str, Outcome)> = found
                        .iter()
                        .map(|it| (it.id, outcome(it.decision, catalog)))
                        .collect();
                    for (_, outcome) in expected.iter().filter(|(_, it)| !suspended(it)) {
                        assert!(!is_before_pairs(outcome.code), "{}", told());
                    }
                    expected.retain(|(_, it)| it.allowed);
                    assert_eq!(found, expected, "{}", told());
                    tally.count("answered");
                    if found.len() > 1 {
                        tally.count("several");
                    }
                }
                Err(denied) => {
                    let denied = outcome(denied.decision(), catalog);
                    assert!(is_before_pairs(denied.code), "{denied:?}");
                    tally.count(denied.code);
                    for (_, outcome) in &expected {
                        let same = *outcome == denied || suspended(outcome);
                        assert!(
                            same && !outcome.allowed,
                            "{outcome:?}, {denied:?}\n{}",
                            told()
                        );
                    }
                }
            }
        }
    });
    let kinds = ["own", "reports", "peers", "all", "answered", "several"];
    println!("{}", tally.table(&format!("{} cases", tally.cases), &kinds));
    if tally.cases > 50_000 {
        let refused = ["unknown_type", "unknown_action", "asked_wrong_way"];
        let accounts = ["missing_account", "wrong_account", "invalid_identifier"];
        let all = [&kinds[..], &refused[..], &accounts[..]].concat();
        assert_eq!(tally.missing(&all), Vec::<&str>::new());
    }
}
