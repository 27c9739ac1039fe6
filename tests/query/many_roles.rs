//! A token of more roles than are looked up beforehand is answered as one of fewer that come to the same.

use super::support::ask::{Asker, HostResource, Manner, answer, context_of, expected};
use super::support::requests::Case;
use super::support::run::each_world;
use crate::reference::Subject;

/// The case with each role of its token again and again.
fn crowded(case: &Case) -> Option<Case> {
    let mut crowded = case.clone();
    let Subject::Token { roles, .. } = &mut crowded.request.subject else {
        return None;
    };
    if roles.is_empty() {
        return None;
    }
    *roles = roles.iter().cycle().take(40).cloned().collect();
    Some(crowded)
}

#[test]
fn many_roles_are_answered_as_few_that_come_to_the_same() {
    let tally = each_world(2, |drawn, tally| {
        let documents = &drawn.documents;
        let engine = documents.load();
        let model = documents.model();
        for case in &drawn.cases {
            let Some(many) = crowded(case) else {
                continue;
            };
            tally.cases += 1;
            let told = || format!("{case:#?}\n{documents}");
            let decided = answer(&engine, &many, Manner::Names);
            assert_eq!(decided, expected(&model, case), "{}", told());
            tally.count(if decided.allowed { "allowed" } else { "denied" });

            let context = context_of(&case.request);
            let asked = engine.in_context(&context);
            let resource = HostResource::by_name(&case.request.resource);
            let [few, many] = [case, &many].map(|it| Asker::by_name(&it.request.subject));
            let [few, many] = [&few, &many].map(|it| it.subject());
            let actions = |subject| {
                let actions = asked.permitted_actions(subject, &resource);
                actions.map(|it| it.collect::<Vec<_>>())
            };
            assert_eq!(actions(many), actions(few), "{}", told());
            let capabilities = |subject| asked.what_can(subject).map(|it| it.collect::<Vec<_>>());
            assert_eq!(capabilities(many), capabilities(few), "{}", told());
            assert_eq!(asked.screen(many), asked.screen(few), "{}", told());
            let operation = format!("{}:{}", case.request.resource.r#type, case.request.action);
            let filter = |subject| {
                let records = asked.records(subject, operation.as_str());
                records.map(|it| it.expression())
            };
            assert_eq!(filter(many), filter(few), "{}", told());
            let [explained, of_few] =
                [many, few].map(|it| asked.explain(it, case.request.action.as_str(), &resource));
            assert_eq!(explained.decision(), of_few.decision(), "{}", told());
            // What stands against a token is said of each role that it brings.
            if asked.what_can(few).is_ok() {
                assert_eq!(explained.to_string(), of_few.to_string(), "{}", told());
            }
            #[cfg(feature = "mask")]
            {
                let [seen, by_few] =
                    [many, few].map(|it| format!("{:?}", asked.fields(it, &resource)));
                assert_eq!(seen, by_few, "{}", told());
            }
        }
    });
    let kinds = ["allowed", "denied"];
    println!("{}", tally.table(&format!("{} cases", tally.cases), &kinds));
    assert_eq!(tally.missing(&kinds), Vec::<&str>::new());
}
