//! Queries, each held against the same question put to every user, operation or role in turn.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` as in the tests of the laws.

#![expect(clippy::unwrap_used, reason = "what cannot be opened fails the test")]

#[path = "../reference/mod.rs"]
mod reference;
#[path = "../support/mod.rs"]
mod support;

mod compact;
mod compact_bytes;
mod costs;
mod many_roles;
mod outreach;
mod screens;
mod undeclared;
mod what;
mod who;

use bailiwick::document::AccountsServed;
use reference::{Outcome, OwnerPosition, Request, Resource, Subject};
use support::documents::Documents;
use support::requests::Case;

/// A request about the type, in the world's account.
fn of_type(documents: &Documents, case: &Case, r#type: &str, action: &str) -> Request {
    Request {
        subject: case.request.subject.clone(),
        action: action.to_owned(),
        resource: Resource {
            r#type: r#type.to_owned(),
            id: None,
            on_type: true,
            account: account(documents),
            owner: None,
            owner_position: OwnerPosition::Directory,
            properties: Default::default(),
        },
        context: case.request.context.clone(),
    }
}

/// The account that requests must state, or may.
fn account(documents: &Documents) -> Option<String> {
    let policy = &documents.policy;
    let is_needed = documents.catalog.accounts == AccountsServed::Many;
    assert!(!is_needed || policy.account.is_some());
    policy.account.clone()
}

/// What denies a subject everything: asked by a type that is not there, or else an action.
fn refusal(documents: &Documents, case: &Case) -> Option<Outcome> {
    let request = of_type(documents, case, "no such type", "no such action");
    let outcome = documents.model().check(&request);
    (outcome.code != "unknown_type").then_some(outcome)
}

fn user(documents: &Documents, id: &str) -> Subject {
    Subject::User {
        id: id.to_owned(),
        account: account(documents),
    }
}
