//! What a newer host wrote and this one cannot read (D16): whom it may have taken from is denied as
//! `not_ready`, nobody else is, and nothing is written.

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change, ListQuery};
use bailiwick::explain::RemedyOptions;
use bailiwick::journal::{
    Digest, Head, Journal, JournalError, MemoryJournal, Sealed, TakesFrom, catalog_digest,
    keep_catalog,
};
use bailiwick::live::{ApplyError, Live};
use bailiwick::{Subject, Timestamp, Token};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    ORDERS, USERS, assert_whole, begun, boss, catalog, catalog_of, hand_on, hand_on_by, holder,
    name, opened,
};

/// A record of any form, chained as every version chains one.
fn append(journal: &MemoryJournal, mut record: Value) -> Head {
    let after = journal.head().unwrap().unwrap();
    let revision = after.revision + 1;
    record["revision"] = json!(revision);
    let bytes = serde_json::to_vec(&record).unwrap();
    let mut hasher = Sha256::new();
    for part in [
        b"bailiwick record",
        &after.digest.0[..],
        &revision.to_le_bytes(),
        &bytes,
    ] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let sealed = Sealed {
        revision,
        digest: Digest(hasher.finalize().into()),
        bytes,
    };
    journal.append(after, &sealed).unwrap();
    sealed.head()
}

/// A record that today's version reads, of which other fields are put in.
fn today(more: Value) -> Value {
    let mut record = json!({
        "format": 2,
        "takes_from": { "users": [] },
        "catalog": catalog_digest(&catalog()).to_string(),
        "at": "1970-01-01T00:00:01Z",
        "actor": "system",
        "changes": [{ "suspend_user": { "user": name(1) } }],
    });
    for (field, value) in more.as_object().unwrap() {
        record[field] = value.clone();
    }
    record
}

/// Who is denied as not ready; all others are answered as before.
fn not_ready(live: &Live, revision: u64) -> BTreeSet<String> {
    let engine = live.engine().unwrap();
    let mut found = BTreeSet::new();
    for user in 0..USERS {
        let decision = engine.check(&name(user), "list", &ORDERS);
        assert_eq!(decision.revision(), revision);
        if decision.code() == "not_ready" {
            found.insert(name(user));
        } else {
            assert_eq!(decision.is_allow(), user == holder(revision), "{decision}");
        }
    }
    found
}

fn names(users: &[usize]) -> BTreeSet<String> {
    users.iter().map(|it| name(*it)).collect()
}

#[test]
fn forms_of_the_future_deny_those_whom_they_name() {
    let takes = json!({ "users": [name(1), name(5), "nobody here"] });
    let from = &names(&[1, 5]);
    let everybody = &names(&[0, 1, 2, 3, 4, 5, 6, 7]);
    let cases = [
        // A format, a kind of change, a field and an actor that nobody knows yet.
        (json!({ "format": 3, "takes_from": takes }), from),
        (
            json!({ "format": 99, "takes_from": takes, "catalog": null, "changes": null, "at": 7 }),
            from,
        ),
        (
            json!({ "takes_from": takes, "changes": [{ "add_to_group": { "group": "g" } }] }),
            from,
        ),
        (json!({ "takes_from": takes, "reviewed_by": "ann" }), from),
        (
            json!({ "takes_from": takes, "actor": { "robot": "r2" } }),
            from,
        ),
        // Nothing is taken from anybody.
        (json!({ "format": 3 }), &BTreeSet::new()),
        // From everybody; so it is read if it is not understood, or not said.
        (json!({ "format": 3, "takes_from": "everybody" }), everybody),
        (json!({ "format": 3, "takes_from": "most" }), everybody),
        (json!({ "format": 3, "takes_from": null }), everybody),
        (
            json!({ "format": 3, "takes_from": { "users": [name(1)], "groups": ["g"] } }),
            everybody,
        ),
    ];
    for (more, expected) in cases {
        let (journal, live) = begun();
        hand_on_by(&live, &journal, 2);
        let ends = append(&journal, today(more.clone()));
        let error = live.catch_up(&*journal).unwrap_err();
        assert!(error.is_newer(), "{error}: {more}");
        assert_eq!(not_ready(&live, 2), *expected, "{more}");
        assert_eq!(live.unread().unwrap().ends, ends);
        // A second look changes nothing.
        assert!(live.catch_up(&*journal).unwrap_err().is_newer());
        assert_eq!(not_ready(&live, 2), *expected, "{more}");
        // It writes nothing.
        let applied = live.apply(&*journal, &boss(), Timestamp(1), hand_on(2), None);
        assert!(
            matches!(
                applied,
                Err(ApplyError::Behind {
                    revision: 2,
                    ends: 3
                })
            ),
            "{applied:?}"
        );
        let error = live.save_snapshot(&*journal).unwrap_err();
        assert!(matches!(error, JournalError::Behind { .. }), "{error}");
        assert_eq!(journal.head().unwrap(), Some(ends));
        // Nor does one that starts now, which stands where it can.
        let started = Live::not_ready(&catalog(), None);
        assert!(started.catch_up(&*journal).is_err());
        assert_eq!(not_ready(&started, 2), *expected, "{more}");
        // What follows is read as far as every version reads it.
        append(
            &journal,
            today(json!({ "takes_from": { "users": [name(3)] } })),
        );
        live.catch_up(&*journal).unwrap_err();
        let mut both = expected.clone();
        both.insert(name(3));
        assert_eq!(not_ready(&live, 2), both, "{more}");
    }
}

/// Who is denied until more can be read is listed and exported as they were read.
#[test]
fn who_is_not_ready_is_not_listed_as_suspended() {
    let (journal, live) = begun();
    let before = live.engine().unwrap();
    append(
        &journal,
        today(json!({ "format": 3, "takes_from": { "users": [name(1)] } })),
    );
    live.catch_up(&*journal).unwrap_err();
    assert_eq!(not_ready(&live, 0), names(&[1]));
    let engine = live.engine().unwrap();
    let every = ListQuery::default();
    assert_eq!(
        engine.list_users(&every).entries,
        before.list_users(&every).entries
    );
    let document = engine.user_document(&name(1)).unwrap();
    assert_eq!(Some(&document), before.user_document(&name(1)).as_ref());
    assert!(!document.suspended);
    assert_eq!(engine.directory(), before.directory());
}

/// A token with the id of somebody who is denied is denied too, whatever it brings; others are answered.
#[test]
fn tokens_are_denied_by_their_ids() {
    let (journal, live) = begun();
    append(
        &journal,
        today(json!({ "format": 3, "takes_from": { "users": ["stranger", name(2)] } })),
    );
    live.catch_up(&*journal).unwrap_err();
    let engine = live.engine().unwrap();
    let of = |id: Option<&str>| {
        let token = Token::new(["system:guest"]);
        let token = match id {
            Some(id) => token.id(id),
            None => token,
        };
        let subject = Subject::from(&token);
        let explained = engine.explain(subject, "list", &ORDERS).decision();
        let decision = engine.check(subject, "list", &ORDERS);
        assert_eq!(explained.code(), decision.code());
        decision.code()
    };
    assert_eq!(of(Some("stranger")), "not_ready");
    assert_eq!(of(Some(&name(2))), "not_ready");
    assert_ne!(of(Some("another")), "not_ready");
    assert_ne!(of(None), "not_ready");
}

#[test]
fn an_explanation_says_that_somebody_is_not_ready() {
    let (journal, live) = begun();
    append(
        &journal,
        today(json!({ "format": 3, "takes_from": { "users": [name(0)] } })),
    );
    live.catch_up(&*journal).unwrap_err();
    let engine = live.engine().unwrap();
    for user in 0..USERS {
        let user = name(user);
        let explained = engine.explain(&user, "list", &ORDERS);
        let decision = engine.check(&user, "list", &ORDERS);
        assert_eq!(explained.decision(), decision);
        let text = explained.to_string();
        let says_so = text.contains("cannot be read here yet");
        assert_eq!(says_so, user == name(0), "{text}");
    }
    // Nothing that they could be given would help.
    let user = name(0);
    let remedies = engine.remedies(&user, "list", &ORDERS, &RemedyOptions::default());
    assert_eq!(remedies.decision().code(), "not_ready");
    assert!(remedies.sets().is_empty(), "{remedies:?}");
}

/// A catalog that did not come along is waited for, and its people are denied meanwhile.
#[test]
fn a_catalog_that_is_missing_denies_those_whom_its_records_name() {
    let (journal, live) = begun();
    hand_on_by(&live, &journal, 1);
    let other = catalog_of(1, r#", { path = "invoices" }"#);
    let changes = json!([{ "suspend_user": { "user": name(1) } }]);
    let digest = catalog_digest(&other).to_string();
    append(
        &journal,
        today(
            json!({ "catalog": digest, "takes_from": { "users": [name(1)] }, "changes": changes }),
        ),
    );
    for _ in 0..2 {
        let error = live.catch_up(&*journal).unwrap_err();
        assert!(
            matches!(error, JournalError::UnknownCatalog { revision: 2, .. }),
            "{error}"
        );
        assert_eq!(not_ready(&live, 1), names(&[1]));
    }
    let applied = live.apply(&*journal, &Actor::System, Timestamp(1), hand_on(1), None);
    assert!(
        matches!(applied, Err(ApplyError::Behind { .. })),
        "{applied:?}"
    );
    keep_catalog(&*journal, &other).unwrap();
    live.catch_up(&*journal).unwrap();
    assert_eq!(live.unread(), None);
    assert_eq!(live.revision(), Some(2));
    let engine = live.engine().unwrap();
    assert_eq!(engine.check(&name(1), "list", &ORDERS).code(), "suspended");
    assert_eq!(
        engine.check(&name(2), "list", &ORDERS).code(),
        "not_granted"
    );
}

/// What another version of the crate accepted may be refused here.
#[test]
fn a_record_that_is_refused_here_denies_those_whom_it_names() {
    let (journal, live) = begun();
    append(
        &journal,
        today(json!({
            "takes_from": { "users": [name(0)] },
            "changes": [{ "assign_role": { "user": name(0), "role": "of the future" } }],
        })),
    );
    let error = live.catch_up(&*journal).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::Behind {
                revision: 0,
                ends: 1
            }
        ),
        "{error}"
    );
    assert_eq!(not_ready(&live, 0), names(&[0]));
}

/// Writing is for whoever has read everything, and marks nobody.
#[test]
fn the_newer_host_goes_on_and_denies_nobody() {
    let (journal, old) = begun();
    let newer = catalog_of(2, "");
    let new = opened(&journal, &newer);
    for revision in 0..4 {
        hand_on_by(&new, &journal, 1);
        assert!(old.catch_up(&*journal).is_err());
        // Whoever had it at the beginning, and all through whose hands it went.
        let through: Vec<usize> = (0..=revision).collect();
        assert_eq!(not_ready(&old, 0), names(&through));
        assert_whole(&new);
    }
    let suspend = vec![Change::SuspendUser { user: name(6) }];
    new.apply(&*journal, &Actor::System, Timestamp(1), suspend, None)
        .unwrap();
    old.catch_up(&*journal).unwrap_err();
    let TakesFrom::Users(users) = old.unread().unwrap().takes_from else {
        panic!("no tokens");
    };
    // Nothing could be taken from one who has nothing, and the record says so.
    assert!(!users.contains(&name(7)));
    assert_eq!(new.unread(), None);
}
