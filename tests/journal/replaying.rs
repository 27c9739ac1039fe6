//! Law 5: a journal, replayed from its beginning or from any snapshot, leads to the engine that was live,
//! whatever was changed and whichever catalogs came on the way.

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{
    AssignmentDocument, CatalogDocument, DirectoryDocument, PolicyDocument, PositionDocument,
    RenamedDocument, RetiredDocument, RoleDocument, UserDocument,
};
use bailiwick::journal::{
    FORMAT, Head, Journal, JournalError, MemoryJournal, Record, Restored, Snapshot, TakesFrom,
    begin, catalog_digest, keep_catalog, restore,
};
use bailiwick::{Catalog, Engine, OnType, Scope, Timestamp, Warnings};

use serde_json::json;

use crate::reference::administration::compare;
use crate::shop;
use crate::support::administration::{actor, change, world};
use crate::support::ask::{Manner, answer};
use crate::support::documents::Documents;
use crate::support::requests::Requests;
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const STEPS: usize = 8;
const REQUESTS: usize = 10;

/// An account as it was live, with its journal beside it.
struct Kept {
    journal: MemoryJournal,
    catalog: Catalog,
    engine: Engine,
    head: Head,
    at: Timestamp,
    /// Every revision: where the journal then ended, when it was made, the engine under its catalog.
    states: Vec<(Head, Timestamp, Engine)>,
}

impl Kept {
    fn begin(engine: Engine, at: Timestamp) -> Kept {
        let journal = MemoryJournal::new();
        let head = begin(&journal, &engine, at).expect("it begins");
        Kept {
            journal,
            catalog: engine.catalog().clone(),
            states: vec![(head, at, engine.clone())],
            engine,
            head,
            at,
        }
    }

    /// Whether it was applied; then it is recorded.
    fn change(&mut self, actor: &Actor, at: Timestamp, changes: Vec<Change>) -> bool {
        let Ok(applied) = self.engine.apply(actor, at, &changes) else {
            return false;
        };
        let engine = applied.into_engine();
        let record = Record {
            format: FORMAT,
            account: engine.account().map(Into::into),
            revision: engine.revision(),
            takes_from: TakesFrom::between(&self.engine, &engine),
            catalog: catalog_digest(&self.catalog),
            at,
            actor: actor.clone(),
            note: None,
            changes,
        };
        let sealed = record.seal(&self.head).expect("it is sealed");
        self.journal
            .append(self.head, &sealed)
            .expect("it is appended");
        (self.engine, self.head, self.at) = (engine, sealed.head(), at);
        self.states.push((self.head, at, self.engine.clone()));
        true
    }

    /// The product is started anew with another catalog, and the account loaded under it.
    fn upgrade(&mut self, catalog: &Catalog) {
        let (policy, directory) = (self.engine.policy(), self.engine.directory());
        let loaded = Engine::new(
            catalog,
            policy,
            directory,
            self.at,
            Warnings::Into(&mut Vec::new()),
        );
        self.engine = loaded.unwrap_or_else(|problems| panic!("{problems}"));
        self.catalog = catalog.clone();
        keep_catalog(&self.journal, catalog).expect("it is kept");
    }

    fn restore(&self, until: Option<u64>) -> Restored {
        let restored = restore(&self.journal, &self.catalog, self.engine.account(), until);
        restored.unwrap_or_else(|error| panic!("{error}\n{:#?}", self.records()))
    }

    fn records(&self) -> Vec<String> {
        let records = self.journal.read_from(0, usize::MAX).expect("it reads");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        records.into_iter().map(|it| text(it.bytes)).collect()
    }
}

#[track_caller]
fn same_documents(one: &Engine, two: &Engine) {
    let of = |it: &Engine| {
        (
            compare::policy(&it.policy()),
            compare::directory(&it.directory()),
        )
    };
    assert_eq!(of(one), of(two));
    assert_eq!(one.revision(), two.revision());
    assert_eq!(one.account(), two.account());
}

#[track_caller]
fn same(kept: &Kept, restored: &Restored, documents: &Documents, rng: &mut Rng) {
    assert_eq!(restored.head(), kept.head);
    assert_eq!(restored.at(), kept.at);
    same_documents(restored.engine(), &kept.engine);
    assert_eq!(restored.engine().next_expiry(), kept.engine.next_expiry());
    let requests = Requests::of(documents, rng);
    for _ in 0..REQUESTS {
        let case = requests.case(rng);
        let [was, is] =
            [&kept.engine, restored.engine()].map(|it| answer(it, &case, Manner::Names));
        assert_eq!(was, is, "{case:#?}\n{documents}");
    }
}

fn of<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).expect("it reads")
}

/// The next version of a catalog: with rules of administration and holders that would refuse much of
/// what was done under the one before, so that nothing of it can be replayed under this.
fn next_version(catalog: &CatalogDocument, rng: &mut Rng) -> CatalogDocument {
    let mut next = catalog.clone();
    next.version += 1;
    let path = format!("new in {}", next.version);
    next.permissions.push(of(json!({ "path": path })));
    if rng.chance(50) {
        next.administration.changes.clear();
    }
    for role in &mut next.roles {
        if rng.chance(50) {
            role.min_holders = Some(3);
        }
    }
    next
}

#[test]
fn replaying_equals_the_engine() {
    let tallied = Tallied::default();
    each_number(100, |seed, number| {
        let (mut documents, mut rng) = world(seed, number);
        let mut kept = Kept::begin(documents.load(), documents.at);
        for _ in 0..STEPS {
            if rng.chance(12) {
                let next = next_version(&documents.catalog, &mut rng);
                if let Ok(catalog) = Catalog::new(next.clone(), Warnings::Into(&mut Vec::new())) {
                    kept.upgrade(&catalog);
                    documents.catalog = next;
                    tallied.count("upgraded");
                }
            }
            let by = match rng.chance(50) {
                true => Actor::System,
                false => actor(&documents, &mut rng),
            };
            // Clocks of several hosts differ.
            let at = Timestamp(documents.at.0 + *rng.pick(&[-3, 0, 0, 0, 1, 20, 1_000]));
            let changes = match by == Actor::System && rng.chance(15) {
                true => Vec::new(),
                false => (0..rng.range(1, 3))
                    .map(|_| change(&documents, &mut rng))
                    .collect(),
            };
            let is_empty = changes.is_empty();
            match kept.change(&by, at, changes) {
                true if is_empty => tallied.count("expired"),
                true => tallied.count("applied"),
                false => tallied.count("refused"),
            }
            documents.policy = kept.engine.policy();
            documents.directory = kept.engine.directory();
            documents.at = at;
        }
        same(&kept, &kept.restore(None), &documents, &mut rng);
        // Every revision of the past.
        for (head, _, engine) in &kept.states {
            let restored = restore(
                &kept.journal,
                engine.catalog(),
                engine.account(),
                Some(head.revision),
            );
            let restored = restored.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(restored.head(), *head);
            same_documents(restored.engine(), engine);
        }
        // From any snapshot: one after the other, as the newest.
        for (head, at, engine) in &kept.states {
            if rng.chance(40) {
                let snapshot = Snapshot::of(engine, *at).seal(*head).expect("it is sealed");
                kept.journal.save_snapshot(&snapshot).expect("it is kept");
                same(&kept, &kept.restore(None), &documents, &mut rng);
                tallied.count("from a snapshot");
            }
        }
        // And the engine that was restored goes on as the one that was live.
        let restored = kept.restore(None);
        for _ in 0..3 {
            let next = change(&documents, &mut rng);
            let next = std::slice::from_ref(&next);
            let [live, again] = [&kept.engine, restored.engine()]
                .map(|it| it.apply(&Actor::System, documents.at, next));
            match (live, again) {
                (Ok(live), Ok(again)) => same_documents(live.engine(), again.engine()),
                (Err(live), Err(again)) => assert_eq!(live.reason.code(), again.reason.code()),
                (live, again) => panic!("{next:?}: {live:?}\nand {again:?}"),
            }
        }
    });
    tallied.report(&[
        "applied",
        "refused",
        "expired",
        "upgraded",
        "from a snapshot",
    ]);
}

fn shop_2() -> Catalog {
    let mut document = shop::catalog().document().clone();
    document.version = 2;
    document.permissions.retain(|it| it.path == "orders");
    document.permissions.push(of(json!({ "path": "refunds" })));
    document.operations[1].allowed_by = vec![of(json!("refunds"))];
    document.renamed.push(RenamedDocument {
        version: 2,
        from: "orders.refund".to_owned(),
        to: "refunds".to_owned(),
    });
    document.retired.push(RetiredDocument {
        version: 2,
        path: "staff".to_owned(),
    });
    Catalog::new(document, Warnings::Into(&mut Vec::new())).expect("the catalog loads")
}

/// An account of the first version, with a grant of what the second renames and of what it retires.
fn shop_1() -> Kept {
    let catalog = shop::catalog();
    let mut policy = PolicyDocument::new(1);
    policy.roles.push(
        RoleDocument::new("clerk")
            .grant("orders.refund")
            .grant("staff"),
    );
    let users = [UserDocument::new("ann"), UserDocument::new("bob")];
    let directory = DirectoryDocument::new(users);
    let loaded = Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("it loads");
    Kept::begin(loaded, Timestamp(0))
}

#[test]
fn records_of_an_older_catalog_are_replayed_under_it() {
    let mut kept = shop_1();
    let assign = |user: &str| vec![Change::assign_role(user, "clerk")];
    // Under the second version the path is unknown.
    let check = Change::CheckPermission {
        role: "clerk".to_owned(),
        permission: "staff".to_owned(),
        scope: None,
    };
    let uncheck = Change::UncheckPermission {
        role: "clerk".to_owned(),
        permission: "staff".to_owned(),
    };
    assert!(kept.change(&Actor::System, Timestamp(1), vec![uncheck]));
    assert!(kept.change(&Actor::System, Timestamp(1), vec![check.clone()]));
    assert!(kept.change(&Actor::System, Timestamp(1), assign("ann")));
    kept.upgrade(&shop_2());
    assert!(!kept.change(&Actor::System, Timestamp(2), vec![check]));
    assert!(kept.change(&Actor::System, Timestamp(2), assign("bob")));
    let restored = kept.restore(None);
    same_documents(restored.engine(), &kept.engine);
    for user in ["ann", "bob"] {
        let asked = OnType::named("order");
        for engine in [&kept.engine, restored.engine()] {
            assert!(engine.check(user, "refund", &asked).is_allow());
            assert!(!engine.check(user, "list", &asked).is_allow());
        }
    }
    // Loading the clerk's grants under the second version warns, once.
    assert!(!restored.warnings().is_empty());
    // The first version does not know what the second wrote.
    let older = restore(&kept.journal, &shop::catalog(), None, None);
    let Err(JournalError::NewerCatalog { version, own, .. }) = older else {
        panic!("{older:?}");
    };
    assert_eq!((version, own), (2, 1));
    // But what was there before, it reads.
    let older = restore(&kept.journal, &shop::catalog(), None, Some(4)).expect("it restores");
    assert!(
        older
            .engine()
            .check("ann", "refund", &OnType::named("order"))
            .is_allow()
    );
}

#[test]
fn a_catalog_that_the_journal_does_not_have_is_named() {
    let mut kept = shop_1();
    let assign = vec![Change::assign_role("ann", "clerk")];
    assert!(kept.change(&Actor::System, Timestamp(1), assign));
    let others = MemoryJournal::new();
    let began = kept
        .journal
        .snapshot(u64::MAX)
        .expect("it reads")
        .expect("it is there");
    others.begin(&began).expect("it begins");
    for record in kept.journal.read_from(0, usize::MAX).expect("it reads") {
        let head = others.head().expect("it reads").expect("it was begun");
        others.append(head, &record).expect("it is appended");
    }
    let missing = restore(&others, &shop_2(), None, None);
    let Err(JournalError::UnknownCatalog { digest, .. }) = missing else {
        panic!("{missing:?}");
    };
    assert_eq!(digest, catalog_digest(&shop::catalog()));
    assert!(restore(&others, &shop::catalog(), None, None).is_ok());
}

/// An edit that began at a revision is not held against it again: a snapshot does not say when a role last
/// changed.
#[test]
fn edits_that_state_where_they_began_are_replayed() {
    let mut kept = shop_1();
    let edit = |since| {
        vec![Change::EditRole {
            role: "clerk".to_owned(),
            grants: vec![["orders", "staff"][since as usize % 2].into()],
            denies: Vec::new(),
            since: Some(since),
        }]
    };
    for since in 1..=4 {
        assert!(kept.change(&Actor::System, Timestamp(1), edit(since)));
    }
    assert!(
        !kept.change(&Actor::System, Timestamp(1), edit(3)),
        "a conflict"
    );
    for (head, at, engine) in kept.states.clone() {
        let snapshot = Snapshot::of(&engine, at).seal(head).expect("it is sealed");
        kept.journal.save_snapshot(&snapshot).expect("it is kept");
        same_documents(kept.restore(None).engine(), &kept.engine);
    }
}

/// What could not be read again is never written: it would end the journal for good.
#[test]
fn what_could_not_be_replayed_is_not_sealed() {
    let catalog = shop::catalog();
    let engine = shop::engine(&catalog);
    let (record, _) = shop::record(&engine, shop::turn(&engine));
    let head = Head {
        revision: engine.revision(),
        ..shop::elsewhere(0)
    };
    assert!(record.seal(&head).is_ok());
    let never = Timestamp(i64::MAX / 1_000);
    let mut crowd = Actor::System;
    for _ in 0..200 {
        crowd = crowd.on_behalf_of(Actor::System);
    }
    for bad in [
        Record {
            at: never,
            ..record.clone()
        },
        Record {
            actor: crowd,
            ..record.clone()
        },
        Record {
            format: FORMAT + 1,
            ..record.clone()
        },
    ] {
        assert!(bad.seal(&head).is_err(), "{bad:?}");
    }
    let gap = record.seal(&shop::elsewhere(7));
    assert!(
        matches!(gap, Err(JournalError::Gap { expected: 8, .. })),
        "{gap:?}"
    );
    let snapshot = Snapshot::of(&engine, never);
    assert!(snapshot.begin().is_err() && snapshot.seal(head).is_err());
    let last = record.seal(&shop::elsewhere(u64::MAX));
    assert!(matches!(last, Err(JournalError::Gap { .. })), "{last:?}");
}

/// A rule that came later binds what is made from then on. A journal in which somebody was suspended by an
/// actor without a right to what tokens bring loads as before.
#[test]
fn what_was_stored_before_tokens_were_asked_for_is_replayed() {
    let (catalog, engine) = office(
        r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders" }, { path = "staff" }]
        tokens = { system_roles = ["system:boss"] }
        roles = [{ id = "system:boss", grants = ["orders"] }]
        types = [{ id = "order" }]
        operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
        administration = { changes = { suspend_user = "staff" } }
        "#,
    );
    let changes = vec![Change::SuspendUser {
        user: "eve".to_owned(),
    }];
    let restored = replays_what_is_refused_today(&catalog, &engine, changes, "may_not_revoke");
    let denied = restored
        .engine()
        .check("eve", "list", &OnType::named("order"));
    assert_eq!(denied.code(), "suspended");
}

/// Changes that `ann` may not make today; the account after a journal in which she made them.
fn replays_what_is_refused_today(
    catalog: &Catalog,
    engine: &Engine,
    changes: Vec<Change>,
    code: &str,
) -> Restored {
    let (ann, at) = (Actor::user("ann"), Timestamp(1));
    let today = engine.apply(&ann, at, &changes);
    assert_eq!(today.expect_err("she may not").reason.code(), code);
    let journal = MemoryJournal::new();
    let head = begin(&journal, engine, Timestamp(0)).expect("it begins");
    let record = Record {
        format: FORMAT,
        account: None,
        revision: head.revision + 1,
        takes_from: TakesFrom::Everybody,
        catalog: catalog_digest(catalog),
        at,
        actor: ann,
        note: None,
        changes,
    };
    let sealed = record.seal(&head).expect("it follows");
    journal.append(head, &sealed).expect("it is appended");
    restore(&journal, catalog, None, None).expect("it replays")
}

/// Taking away a deny that lasts, while another that ends gives it too, is asked for what it opens then. A
/// journal that holds such a change from before loads all the same.
#[test]
fn what_was_stored_before_later_moments_were_looked_at_is_replayed() {
    let catalog = Catalog::new(CatalogDocument::from_toml(
        "catalog.toml",
        r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders" }, { path = "staff" }]
        types = [{ id = "order" }]
        operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
        administration = { changes = { edit_assignments = "staff" }, account_roles = { assign = "staff", revoke = "staff" } }
        "#,
    ), Warnings::Into(&mut Vec::new()))
    .expect("a sound catalog");
    let policy = PolicyDocument {
        roles: vec![
            RoleDocument::new("office").grant("staff"),
            RoleDocument::new("seller").grant("orders"),
            RoleDocument::new("barred").deny("orders"),
            RoleDocument::new("paused").deny("orders"),
        ],
        ..PolicyDocument::new(1)
    };
    let paused = AssignmentDocument {
        id: "paused".to_owned(),
        until: Some(Timestamp(10)),
    };
    let mut eve = UserDocument::new("eve").role("seller").role("barred");
    eve.roles.push(paused);
    let users = [UserDocument::new("ann").role("office"), eve];
    let loaded = Engine::new(
        &catalog,
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let engine = loaded.expect("it loads");
    let changes = vec![Change::revoke_role("eve", "barred")];
    let restored = replays_what_is_refused_today(&catalog, &engine, changes, "not_held");
    let directory = restored.engine().directory();
    let eve = directory
        .users
        .iter()
        .find(|it| it.id == "eve")
        .expect("she is there");
    assert_eq!(eve.roles.len(), 2);
}

/// Who held something until a time could assign it for good. A journal that holds such a change from before
/// loads all the same.
#[test]
fn what_was_stored_before_ends_bound_their_holders_is_replayed() {
    let (catalog, engine) = office(
        r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders" }, { path = "staff" }]
        types = [{ id = "order" }]
        operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
        administration = { changes = { create_role = "staff", edit_assignments = "staff" }, account_roles = { assign = "staff" } }
        "#,
    );
    let seller = Change::CreateRole {
        role: RoleDocument::new("seller").grant("orders"),
    };
    let until = Change::AssignRole {
        user: "ann".to_owned(),
        role: "seller".to_owned(),
        until: Some(Timestamp(10)),
    };
    let engine = engine
        .apply(&Actor::System, Timestamp(0), &[seller, until])
        .expect("the host may")
        .into_engine();
    let changes = vec![Change::assign_role("eve", "seller")];
    let restored = replays_what_is_refused_today(&catalog, &engine, changes, "not_held");
    let order = OnType::named("order");
    assert!(restored.engine().check("eve", "list", &order).is_allow());
}

/// Somebody who was removed and made anew in one transaction was judged as a stranger. A journal that holds such a
/// change from before loads all the same.
#[test]
fn what_was_stored_before_who_is_made_anew_was_the_same_person_is_replayed() {
    let (catalog, engine) = office(
        r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders", scopes = ["peers", "all"] }, { path = "staff" }]
        types = [{ id = "order" }]
        operations = [{ type = "order", action = "view", on = "record", allowed_by = ["orders"] }]
        administration = { changes = { remove_user = "staff", create_user = "staff", forget_ids = "staff" }, account_roles = { revoke = "staff" } }
        "#,
    );
    let host = [
        Change::CreateRole {
            role: RoleDocument::new("seller").grant(("orders", Scope::Peers)),
        },
        Change::CreatePosition {
            position: PositionDocument {
                id: "low".to_owned(),
                name: None,
                reports_to: Vec::new(),
            },
        },
        Change::assign_role("eve", "seller"),
    ];
    let made = engine.apply(&Actor::System, Timestamp(0), &host);
    let engine = made.expect("the host may").into_engine();
    let changes = vec![
        Change::RemoveUser {
            user: "eve".to_owned(),
        },
        Change::ForgetId {
            kind: UsedIdKind::User,
            id: "eve".to_owned(),
        },
        Change::CreateUser {
            user: UserDocument::new("eve").position("low"),
        },
    ];
    let restored = replays_what_is_refused_today(&catalog, &engine, changes, "widens_reach");
    let directory = restored.engine().directory();
    assert!(
        directory
            .users
            .iter()
            .any(|it| it.id == "eve" && it.roles.is_empty())
    );
}

/// A property that an open operation reads, and for which the catalog names no permission, is the host's
/// to edit. A journal in which somebody edited it before that was so loads all the same.
#[test]
fn what_was_stored_before_properties_had_editors_is_replayed() {
    let (catalog, engine) = office(
        r#"
            format = 1
            id = "shop"
            version = 1
            permissions = [{ path = "staff" }]
            subject_properties = { cleared = "boolean", level = { type = "integer", edited_by = "staff" } }
            types = [{ id = "order" }]
            operations = [{ type = "order", action = "list", on = "type", open = true, when = [[{ subject = "cleared", is = true }]] }]
            administration = { changes = { edit_properties = "staff" } }
            "#,
    );
    let changes = vec![Change::SetProperty {
        user: "eve".to_owned(),
        property: "cleared".to_owned(),
        value: Some(true.into()),
    }];
    let code = "may_not_edit_property";
    let restored = replays_what_is_refused_today(&catalog, &engine, changes, code);
    let order = OnType::named("order");
    assert!(restored.engine().check("eve", "list", &order).is_allow());
}

/// An account of that catalog in which `ann` may do what `staff` lets her, and `eve` nothing.
fn office(catalog: &str) -> (Catalog, Engine) {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", catalog),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound catalog");
    let policy = PolicyDocument {
        roles: vec![RoleDocument::new("office").grant("staff")],
        ..PolicyDocument::new(1)
    };
    let users = [
        UserDocument::new("ann").role("office"),
        UserDocument::new("eve"),
    ];
    let users = DirectoryDocument::new(users);
    let warnings = Warnings::Into(&mut Vec::new());
    let engine = Engine::new(&catalog, policy, users, Timestamp(0), warnings);
    (catalog, engine.expect("it loads"))
}
