//! Preparing and publishing, without a journal.

use std::sync::{Arc, Mutex};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::journal::{Digest, RefusedTransaction};
use bailiwick::live::{Conflict, Live, NotPrepared, NotYet};
use bailiwick::{Catalog, Decision, Engine, OnType, PropertyMap, Subject, Timestamp, Warnings};

use super::{ORDERS, assert_whole, boss, catalog, engine, hand_on, name};

#[test]
fn nothing_is_allowed_before_anything_is_loaded() {
    let live = Live::not_ready(&catalog(), None);
    let mut reader = live.reader();
    let user = engine(&catalog()).user("user-0").unwrap();
    let invalid = OnType::named("\u{0}");
    let context = PropertyMap::new();
    for decision in [
        live.check("user-0", "list", &ORDERS),
        live.check(user, "list", &ORDERS),
        live.check("", "", &invalid),
        live.check_in(&context, "user-0", "list", &ORDERS),
        live.can_any("user-0", "list", &ORDERS),
        reader.check("user-0", "list", &ORDERS),
        reader.check_in(&context, "user-0", "list", &ORDERS),
        reader.can_any("user-0", "list", &ORDERS),
    ] {
        assert_eq!((decision.code(), decision.revision()), ("not_ready", 0));
        assert_eq!(decision.require().unwrap_err().reason().code(), "not_ready");
        assert_eq!(
            decision.to_string(),
            "denied: nothing is loaded yet, or something was changed that cannot be read here yet"
        );
        assert_eq!(decision.permission(), None);
    }
    let not_yet = NotYet {
        wanted: 0,
        live: None,
    };
    let refused = live.check_at_least(0, "user-0", "list", &ORDERS);
    assert_eq!(refused.unwrap_err(), not_yet);
    let refused = reader.check_at_least(0, "user-0", "list", &ORDERS);
    assert_eq!(refused.unwrap_err(), not_yet);
    assert_eq!(live.engine_at_least(0).unwrap_err(), not_yet);
    let prepared = live.prepare(&Actor::System, Timestamp(1), hand_on(0), None);
    assert_eq!(prepared.unwrap_err(), NotPrepared::NotReady);
    let expiry = live.prepare_expiry(Timestamp(1));
    assert_eq!(expiry.unwrap_err(), NotPrepared::NotReady);
    assert!(live.engine().is_none() && live.head().is_none() && live.revision().is_none());
}

#[test]
fn what_is_published_is_seen_by_every_reader_that_looks_again() {
    let live = Live::new(engine(&catalog()));
    let (mut reader, clone) = (live.reader(), live.clone());
    assert_eq!(live.head().unwrap().digest, Digest::ZERO);
    let kept = live.engine().unwrap();

    let prepared = live.prepare(&boss(), Timestamp(1), hand_on(0), Some("a note"));
    let prepared = prepared.unwrap();
    let (record, sealed) = (prepared.record(), prepared.sealed());
    assert_eq!((record.revision, sealed.revision), (1, 1));
    assert_eq!(record.note.as_deref(), Some("a note"));
    assert_eq!(prepared.expected(), live.head().unwrap());
    assert_eq!(
        sealed.open(&prepared.expected(), None).unwrap(),
        *record,
        "what is stored is what is recorded"
    );
    let access = prepared.report().access();
    let affected = access.iter().flat_map(|it| it.users());
    assert_eq!(affected.count(), 2);
    assert_eq!(live.revision(), Some(0), "it is only prepared");
    assert_whole(&live);

    let head = sealed.head();
    assert_eq!(live.publish(prepared), Ok(1));
    assert_eq!((live.head(), clone.head()), (Some(head), Some(head)));
    for _ in 0..2 {
        assert!(!reader.check("user-0", "list", &ORDERS).is_allow());
        assert!(reader.check("user-1", "list", &ORDERS).is_allow());
    }
    assert!(kept.check("user-0", "list", &ORDERS).is_allow());
    assert_whole(&live);
    assert_eq!(reader.engine().unwrap().revision(), 1);

    // As of a revision that is here, and of one that is not.
    let as_of = |revision| live.check_at_least(revision, "user-1", "list", &ORDERS);
    assert!(as_of(0).unwrap().is_allow() && as_of(1).unwrap().is_allow());
    let not_yet = as_of(2).unwrap_err();
    let expected = NotYet {
        wanted: 2,
        live: Some(1),
    };
    assert_eq!(not_yet, expected);
    let said = not_yet.to_string();
    assert_eq!(said, "revision 2 is not here yet: this is revision 1");
}

#[test]
fn a_refused_change_leaves_what_is_published() {
    let live = Live::new(engine(&catalog()));
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let sink = move |it: &RefusedTransaction<'_>| log.lock().unwrap().push(it.to_string());
    assert!(live.tell_refused(Arc::new(sink)));
    assert!(!live.tell_refused(Arc::new(|_: &RefusedTransaction<'_>| ())));
    let nobody = Actor::user("user-1");
    let refused = live.prepare(&nobody, Timestamp(1), hand_on(0), None);
    let Err(NotPrepared::Refused(refused)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((refused.change, refused.reason.code()), (0, "lacks"));
    // The second change is refused: nothing of the first is seen.
    let mut changes = hand_on(0);
    changes[1] = Change::assign_role("nobody", "seller");
    let refused = live.prepare(&boss(), Timestamp(1), changes, None);
    assert!(matches!(refused, Err(NotPrepared::Refused(it)) if it.change == 1));
    assert_eq!(live.revision(), Some(0));
    assert_whole(&live);
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2, "{told:?}");
    let begins = "revision 0, 1970-01-01T00:00:01Z, `user-1`: ";
    assert!(told[0].starts_with(begins), "{told:?}");
}

#[test]
fn what_was_prepared_on_an_older_engine_is_a_conflict() {
    let live = Live::new(engine(&catalog()));
    let prepare = || {
        live.prepare(&boss(), Timestamp(1), hand_on(0), None)
            .unwrap()
    };
    let (first, second) = (prepare(), prepare());
    let other = vec![Change::assign_role("user-3", "seller")];
    let third = live.prepare(&boss(), Timestamp(1), other, None).unwrap();
    let expected = live.head().unwrap();
    assert_eq!(live.publish(first), Ok(1));
    let published = live.head().unwrap();
    // The same record: whoever stored it once has it published once.
    assert_eq!(live.publish(second), Ok(1));
    let conflict = live.publish(third).unwrap_err();
    let is = Conflict {
        expected,
        live: published,
    };
    assert_eq!(conflict, is);
    let said = conflict.to_string();
    assert_eq!(
        said,
        "prepared to follow revision 0, and revision 1 is published by now"
    );
    assert_eq!(live.head(), Some(published));
    assert_whole(&live);
}

#[test]
fn what_was_prepared_on_one_account_is_not_published_on_another() {
    let text = r#"
        format = 2
        id = "shop"
        version = 1
        accounts = "many"
        permissions = [{ path = "orders" }]
        types = [{ id = "order" }]
        operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
    "#;
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let [acme, globex] = ["acme", "globex"].map(|account| {
        let policy = PolicyDocument {
            account: Some(account.to_owned()),
            roles: vec![RoleDocument::new("seller").grant("orders")],
            ..PolicyDocument::new(1)
        };
        let users = DirectoryDocument::new([UserDocument::new("ann")]);
        Live::new(
            Engine::new(
                &catalog,
                policy,
                users,
                Timestamp(0),
                Warnings::Into(&mut Vec::new()),
            )
            .unwrap(),
        )
    });
    // Both without a journal, at the same revision.
    assert_eq!(acme.head(), globex.head());
    let changes = vec![Change::assign_role("ann", "seller")];
    let prepared = acme.prepare(&Actor::System, Timestamp(1), changes, None);
    let prepared = prepared.unwrap();
    assert!(globex.publish(prepared.clone()).is_err());
    let ask = |live: &Live, account| {
        let subject = Subject::user("ann").account(account);
        live.check(subject, "list", &ORDERS.account(account)).code()
    };
    assert_eq!(ask(&globex, "globex"), "not_granted");
    assert_eq!(ask(&globex, "acme"), "wrong_account");
    acme.publish(prepared).unwrap();
    assert_eq!(ask(&acme, "acme"), "allowed");
    assert_eq!(acme.account(), Some("acme"));
}

#[test]
fn what_is_over_ends_by_a_transaction_without_changes() {
    let live = Live::new(engine(&catalog()));
    assert!(live.prepare_expiry(Timestamp(i64::MAX)).unwrap().is_none());
    let until = vec![Change::AssignRole {
        user: name(1),
        role: "seller".to_owned(),
        until: Some(Timestamp(10)),
    }];
    let prepared = live.prepare(&boss(), Timestamp(1), until, None).unwrap();
    live.publish(prepared).unwrap();
    assert!(live.prepare_expiry(Timestamp(9)).unwrap().is_none());
    assert!(live.check("user-1", "list", &ORDERS).is_allow());
    let ended = live.prepare_expiry(Timestamp(10)).unwrap().unwrap();
    assert!(ended.record().changes.is_empty() && ended.record().actor == Actor::System);
    live.publish(ended).unwrap();
    assert!(!live.check("user-1", "list", &ORDERS).is_allow());
    assert!(live.prepare_expiry(Timestamp(10)).unwrap().is_none());
}

#[test]
fn no_check_allocates_after_the_first_of_its_thread() {
    fn allocations(mut ask: impl FnMut() -> Decision) -> u64 {
        let counted = allocation_counter::measure(|| {
            let _ = std::hint::black_box(ask());
        });
        counted.count_total
    }
    let loaded = Live::new(engine(&catalog()));
    let not_ready = Live::not_ready(&catalog(), None);
    let asks = |live: &Live| {
        let first = allocations(|| live.check("user-0", "list", &ORDERS));
        assert!(first <= 1, "arc-swap's place for the thread: {first}");
        let (mut reader, context) = (live.reader(), PropertyMap::new());
        let invalid = OnType::named("\u{0}");
        for counted in [
            allocations(|| live.check("user-0", "list", &ORDERS)),
            allocations(|| live.check("user-1", "list", &ORDERS)),
            allocations(|| live.check("", "", &invalid)),
            allocations(|| live.check_in(&context, "user-0", "list", &ORDERS)),
            allocations(|| live.can_any("user-0", "list", &ORDERS)),
            allocations(|| reader.check("user-0", "list", &ORDERS)),
            allocations(|| reader.check_in(&context, "user-1", "list", &ORDERS)),
        ] {
            assert_eq!(counted, 0);
        }
    };
    for live in [&loaded, &not_ready] {
        std::thread::scope(|scope| scope.spawn(|| asks(live)).join().unwrap());
    }
}
