//! Models: publishing, checking, applying and catching up, with the steps of a few threads in many
//! orders. Run by `tests/live/model`; a schedule that fails is printed, to be replayed.
//!
//! A reader's check is one step here, as it is with arc-swap; what is tried is what stands around it.

use std::sync::{Arc, LazyLock};

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, thread};

use super::{ApplyError, Live};
use crate::admin::{Actor, Change};
use crate::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use crate::journal::{Journal, MemoryJournal, begin, restore};
use crate::{Catalog, Decision, Engine, OnType, Timestamp, Warnings};

const USERS: [&str; 4] = ["ann", "bob", "cem", "dan"];
const ORDERS: OnType<'static> = OnType::named("order");

/// Compiled once: a model makes the same again for every order.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let text = r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders" }]
        types = [{ id = "order" }]
        operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
    "#;
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", text),
        Warnings::Refuse,
    )
    .unwrap();
    let policy = PolicyDocument {
        roles: vec![RoleDocument::new("seller").grant("orders")],
        revision: Some(0),
        ..PolicyDocument::new(1)
    };
    let mut users = USERS.map(UserDocument::new);
    users[0].roles.push("seller".into());
    Engine::new(
        &catalog,
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Refuse,
    )
    .unwrap()
});

/// The beginning of a journal with that engine.
fn begun() -> Arc<MemoryJournal> {
    let journal = Arc::new(MemoryJournal::new());
    begin(&*journal, &ENGINE, Timestamp(0)).unwrap();
    journal
}

fn opened(journal: &MemoryJournal) -> Live {
    Live::of(restore(journal, ENGINE.catalog(), None, None).unwrap())
}

/// At every revision one user alone may list orders.
fn holder(revision: u64) -> &'static str {
    USERS[(revision % 4) as usize]
}

fn hand_on(revision: u64) -> Vec<Change> {
    vec![
        Change::revoke_role(holder(revision), "seller"),
        Change::assign_role(holder(revision + 1), "seller"),
    ]
}

/// Hands on once, whoever else does. The note tells its records from another's: of two that prepare the
/// very same one, both have it published, once.
fn hand_on_once(live: &Live, note: &str) {
    loop {
        let changes = hand_on(live.revision().unwrap());
        // Refused where somebody was faster before this began.
        if let Ok(prepared) = live.prepare(&Actor::System, Timestamp(1), changes, Some(note))
            && live.publish(prepared).is_ok()
        {
            return;
        }
    }
}

fn hand_on_into(live: &Live, journal: &dyn Journal) -> u64 {
    loop {
        let changes = hand_on(live.revision().unwrap());
        match live.apply(journal, &Actor::System, Timestamp(1), changes, None) {
            Ok(committed) => {
                let revision = committed.revision();
                assert!(live.revision() >= Some(revision), "its own change is seen");
                return revision;
            }
            Err(ApplyError::Conflict { .. } | ApplyError::Refused(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Checks by both ways there are.
fn read(live: &Live, checks: usize) {
    let mut reader = live.reader();
    let mut last = None;
    let mut look = |user: &str, decision: Decision| {
        if decision.code() == "not_ready" {
            assert_eq!(last, None, "it was ready before");
            return;
        }
        let revision = decision.revision();
        assert_eq!(decision.is_allow(), user == holder(revision), "torn");
        assert!(last <= Some(revision), "back from {last:?} to {revision}");
        last = Some(revision);
    };
    for check in 0..checks {
        let user = USERS[check % 4];
        look(user, live.check(user, "list", &ORDERS));
        look(user, reader.check(user, "list", &ORDERS));
    }
}

fn run(scheduler: impl Scheduler + 'static, model: impl Fn() + Send + Sync + 'static) {
    LazyLock::force(&ENGINE);
    let mut config = Config::new();
    // Transactions need more of it than a model's own steps do.
    config.stack_size = 1 << 20;
    let tried = Runner::new(scheduler, config).run(model);
    println!("{tried} orders");
    assert!(tried > 0);
}

/// At random, and by a scheduler that is certain to find what few changes of the running thread bring
/// about, with a stated probability.
fn run_many(model: impl Fn() + Clone + Send + Sync + 'static) {
    run(RandomScheduler::new(10_000), model.clone());
    run(PctScheduler::new(3, 10_000), model);
}

#[test]
fn two_publish_while_two_read() {
    run_many(|| {
        let live = Live::new(ENGINE.clone());
        let publish = |note: &'static str| {
            let live = live.clone();
            thread::spawn(move || {
                hand_on_once(&live, note);
                hand_on_once(&live, note);
            })
        };
        let read = || {
            let live = live.clone();
            thread::spawn(move || read(&live, 3))
        };
        for thread in [publish("a"), read(), publish("b"), read()] {
            thread.join().unwrap();
        }
        assert_eq!(live.revision(), Some(4), "each change once");
    });
}

#[test]
fn one_publishes_while_one_reads_in_every_order() {
    run(DfsScheduler::new(None, false), || {
        let live = Live::new(ENGINE.clone());
        let publishes = live.clone();
        let publisher = thread::spawn(move || hand_on_once(&publishes, "a"));
        read(&live, 2);
        publisher.join().unwrap();
        assert_eq!(live.revision(), Some(1));
    });
}

#[test]
fn two_hosts_apply_and_a_third_follows() {
    run_many(|| {
        let journal = begun();
        let third = Live::not_ready(ENGINE.catalog(), None);
        let hosts = [opened(&journal), opened(&journal)];
        let mut threads: Vec<_> = hosts
            .iter()
            .map(|host| {
                let (host, journal) = (host.clone(), Arc::clone(&journal));
                thread::spawn(move || {
                    hand_on_into(&host, &*journal);
                    hand_on_into(&host, &*journal);
                })
            })
            .collect();
        let (follows, its_journal) = (third.clone(), Arc::clone(&journal));
        threads.push(thread::spawn(move || {
            for _ in 0..3 {
                follows.catch_up(&*its_journal).unwrap();
            }
        }));
        let reads = third.clone();
        threads.push(thread::spawn(move || read(&reads, 3)));
        for thread in threads {
            thread.join().unwrap();
        }
        for live in hosts.iter().chain([&third]) {
            live.catch_up(&*journal).unwrap();
            assert_eq!(live.revision(), Some(4), "each change once");
            assert_eq!(live.head(), journal.head().unwrap());
        }
    });
}

#[test]
fn one_host_applies_follows_and_reads() {
    run_many(|| {
        let journal = begun();
        let live = opened(&journal);
        let apply = || {
            let (live, journal) = (live.clone(), Arc::clone(&journal));
            thread::spawn(move || {
                hand_on_into(&live, &*journal);
            })
        };
        let follow = || {
            let (live, journal) = (live.clone(), Arc::clone(&journal));
            thread::spawn(move || {
                for _ in 0..2 {
                    live.catch_up(&*journal).unwrap();
                }
            })
        };
        let reads = live.clone();
        let reader = thread::spawn(move || read(&reads, 3));
        for thread in [apply(), follow(), apply(), follow(), reader] {
            thread.join().unwrap();
        }
        assert_eq!(live.revision(), Some(2), "each change once");
        assert_eq!(live.head(), journal.head().unwrap());
    });
}

#[test]
fn an_answer_is_never_older_than_what_was_asked_for() {
    run_many(|| {
        let live = Live::new(ENGINE.clone());
        let publishes = live.clone();
        let publisher = thread::spawn(move || {
            hand_on_once(&publishes, "a");
            hand_on_once(&publishes, "a");
        });
        let asks = live.clone();
        let asker = thread::spawn(move || {
            let mut reader = asks.reader();
            for wanted in [1, 2] {
                if let Ok(decision) = asks.check_at_least(wanted, "ann", "list", &ORDERS) {
                    assert!(decision.revision() >= wanted);
                    let again = reader.check_at_least(wanted, "ann", "list", &ORDERS);
                    assert!(again.unwrap().revision() >= decision.revision());
                }
            }
        });
        publisher.join().unwrap();
        asker.join().unwrap();
        // What was published before a check begins is seen by it.
        assert!(live.check_at_least(2, "ann", "list", &ORDERS).is_ok());
    });
}
