//! One thread and one connection for many accounts.

use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::journal::PostgresJournals;
use bailiwick::journal::{Feed, Journal, JournalError, Reached, begin, restore};
use bailiwick::live::{FollowOptions, Live, follow_many};
use postgres::Client;

use crate::corner::{ACTOR, catalog, change, engine, seller, sells, whole};
use crate::proxy::Proxy;
use crate::server::{self, client, database, journals};

const LONG: Duration = Duration::from_secs(30);

fn name(account: usize) -> String {
    format!("shop-{account}")
}

fn begin_shop(store: &PostgresJournals, account: usize) -> Live {
    let name = name(account);
    let journal = store.account(&name);
    begin(&journal, &engine(&name), Timestamp(0)).expect("a beginning");
    Live::of(restore(&journal, &catalog(), Some(&name), None).expect("a journal"))
}

fn apply(store: &PostgresJournals, live: &Live, i: usize) {
    let journal = store.account(live.account().expect("of many"));
    let at = Timestamp(i as i64);
    live.apply(&journal, &ACTOR, at, change(0, i), None)
        .expect("applied");
}

fn connections(client: &mut Client, application: &str) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    client
        .query_one(count, &[&application])
        .expect("a count")
        .get(0)
}

/// 300 accounts, changed at random, over one connection: by hints, without hints, after the server was
/// killed; a damaged one holds up no other.
pub(crate) fn many_accounts_are_followed() {
    const ACCOUNTS: usize = 300;
    let address = database("many");
    let store = journals(&address);
    let primaries: Vec<Live> = (0..ACCOUNTS).map(|it| begin_shop(&store, it)).collect();
    let reading = journals(&format!("{address} application_name=follows_many"));
    let accounts = reading.accounts().expect("a server");
    assert_eq!(accounts.len(), ACCOUNTS);
    let feed = reading.feed();
    drop(reading);

    // A poll that never comes: what arrives, arrives by hints.
    let rarely = FollowOptions::default().poll(LONG * 10);
    let follower = follow_many(feed, rarely).expect("a thread");
    let replicas: Vec<Live> = accounts
        .iter()
        .map(|account| Live::not_ready(&catalog(), Some(account)))
        .collect();
    replicas.iter().for_each(|it| follower.add(it));
    for primary in &primaries {
        follower
            .wait_for(primary.account(), 1, LONG)
            .expect("loaded");
    }
    let mut steps = vec![0; ACCOUNTS];
    let mut step = |account: usize| {
        steps[account] += 1;
        apply(&store, &primaries[account], steps[account]);
        steps[account] as u64 + 1
    };
    for i in 0..600 {
        let account = i * i % 7 * 41 % ACCOUNTS + i % 13;
        let revision = step(account);
        follower
            .wait_for(Some(&name(account)), revision, LONG)
            .expect("a hint");
    }
    assert_eq!(connections(&mut client(&address), "follows_many"), 1);
    let status = follower.status();
    assert_eq!((status.accounts, status.behind), (ACCOUNTS, 0));
    assert!(status.trouble.is_none() && status.current.is_some());

    // One that is damaged, and one that is not begun.
    let missing = Live::not_ready(&catalog(), Some("missing"));
    follower.add(&missing);
    let revision = step(5);
    follower
        .wait_for(Some(&name(5)), revision, LONG)
        .expect("a hint");
    client(&address)
        .execute("UPDATE bailiwick.revision SET record = '{}' WHERE account = 'shop-7' AND record IS NOT NULL AND revision = 2", &[])
        .expect("damage");
    drop(follower);

    let proxy = Proxy::to(server::port());
    proxy
        .weather
        .one_notification_in
        .store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
    let feed = journals(&proxy.address(&address)).feed();
    let follower = follow_many(
        feed,
        FollowOptions::default().poll(Duration::from_millis(200)),
    )
    .expect("a thread");
    let replicas: Vec<Live> = (0..ACCOUNTS)
        .map(|it| Live::not_ready(&catalog(), Some(&name(it))))
        .collect();
    follower.add(&missing);
    replicas.iter().for_each(|it| follower.add(it));
    for round in 0..3 {
        if round == 1 {
            server::kill();
            server::start();
        }
        for i in 0..40 {
            step(if i == 7 { 8 } else { i });
        }
        for (account, primary) in primaries.iter().enumerate() {
            if account != 7 {
                let revision = primary.revision().expect("loaded");
                follower
                    .wait_for(primary.account(), revision, LONG)
                    .expect("a poll");
            }
        }
    }
    for (account, (primary, replica)) in primaries.iter().zip(&replicas).enumerate() {
        if account != 7 {
            assert_eq!(whole(primary), whole(replica));
        }
    }
    assert_eq!(replicas[7].revision(), None);
    let of = |account: &str| follower.status_of(Some(account)).expect("followed");
    let damaged = of("shop-7").trouble.expect("trouble").error;
    assert!(
        matches!(*damaged, JournalError::Damaged { revision: 2, .. }),
        "{damaged}"
    );
    let empty = of("missing").trouble.expect("trouble").error;
    assert!(matches!(*empty, JournalError::Empty), "{empty}");
    assert_eq!(follower.status().behind, 2);
    assert!(follower.status().trouble.is_some(), "the server was away");
    // Begun later.
    begin(&store.account("missing"), &engine("missing"), Timestamp(0)).expect("a beginning");
    follower.wait_for(Some("missing"), 1, LONG).expect("a poll");
    assert!(sells(&missing.engine().expect("loaded"), "owner"));
    assert!(!sells(
        &replicas[0].engine().expect("loaded"),
        &seller(0, 1)
    ));
    let removed = follower.remove(Some("missing")).expect("followed");
    assert!(removed.engine().is_some() && follower.status().accounts == ACCOUNTS);
}

/// Whatever commits is told of by the next poll, also where it was written long before by a transaction
/// that others overtook.
pub(crate) fn polls_miss_nothing() {
    let address = database("polls");
    let store = journals(&address);
    for account in 0..3 {
        begin_shop(&store, account);
    }
    let mut feed = store.feed();
    let told = |feed: &mut dyn Feed| {
        let mut written = feed.written().expect("a server");
        written.reached.sort_by(|a, b| a.account.cmp(&b.account));
        let reached = written.reached.into_iter();
        let short = |it: Reached| (it.account.unwrap_or_default(), it.revision);
        (written.all, reached.map(short).collect::<Vec<_>>())
    };
    let at = |account: usize, revision: u64| (name(account), revision);
    assert_eq!(told(&mut feed), (true, vec![at(0, 1), at(1, 1), at(2, 1)]));
    assert_eq!(told(&mut feed), (false, vec![]));

    let lives: Vec<Live> = (0..3)
        .map(|it| {
            let name = name(it);
            let restored = restore(&store.account(&name), &catalog(), Some(&name), None);
            Live::of(restored.expect("a journal"))
        })
        .collect();
    let mut host = client(&address);
    let mut slow = host.transaction().expect("a transaction");
    let prepared = lives[0]
        .prepare(&ACTOR, Timestamp(1), change(0, 1), None)
        .expect("prepared");
    let journal = store.account(&name(0));
    journal
        .append_in(&mut slow, prepared.expected(), prepared.sealed())
        .expect("appended");
    apply(&store, &lives[1], 1);
    let (all, reached) = told(&mut feed);
    assert_eq!(
        (all, reached),
        (false, vec![at(1, 2)]),
        "the slow one has not ended"
    );
    apply(&store, &lives[2], 1);
    assert!(told(&mut feed).1.contains(&at(2, 2)));
    slow.commit().expect("committed");
    assert!(told(&mut feed).1.contains(&at(0, 2)));
    assert_eq!(told(&mut feed), (false, vec![]));
    assert_eq!(
        journal.head().expect("a server").map(|it| it.revision),
        Some(2)
    );

    // However long it may wait, it waits for no more than the next.
    journal.hint(2);
    let hints = feed.hints(Duration::MAX).expect("a server");
    assert!(!hints.is_empty());

    server::kill();
    server::start();
    let (all, reached) = match feed.hints(Duration::ZERO) {
        Ok(_) | Err(_) => told(&mut feed),
    };
    assert_eq!((all, reached), (true, vec![at(0, 2), at(1, 2), at(2, 2)]));
}

/// Where all was brought from another server by a dump, whose transactions had far higher numbers, a poll still
/// tells of those accounts alone that have gone on.
pub(crate) fn polls_after_a_dump_tell_what_is_new() {
    let address = database("dumped");
    let store = journals(&address);
    let lives: Vec<Live> = (0..3).map(|it| begin_shop(&store, it)).collect();
    // As `pg_dump` writes the column, and `psql` reads it into a new cluster.
    client(&address)
        .batch_execute("UPDATE bailiwick.revision SET made_in = '4000000000000'::xid8")
        .expect("the numbers of another server");
    let mut feed = store.feed();
    let first = feed.written().expect("a server");
    assert!(first.all && first.reached.len() == 3);
    for i in 1..=3 {
        for _ in 0..2 {
            let nothing = feed.written().expect("a server");
            assert!(!nothing.all && nothing.reached.is_empty(), "{nothing:?}");
        }
        apply(&store, &lives[1], i);
        let written = feed.written().expect("a server");
        let expected = Reached {
            account: Some(name(1)),
            revision: i as u64 + 1,
        };
        assert!(!written.all);
        assert_eq!(written.reached, [expected]);
    }
}

/// What a poll costs where there are 100,000 accounts.
pub(crate) fn polls_of_many_accounts_cost_little() {
    let address = database("polled");
    let store = journals(&address);
    client(&address)
        .batch_execute(
            "INSERT INTO bailiwick.revision (account, revision, digest, record)
             SELECT 'account ' || account, revision, sha256('x'), CASE revision WHEN 1 THEN NULL ELSE 'x'::bytea END
             FROM generate_series(1, 100000) AS account, generate_series(1, 5) AS revision;
             ANALYZE bailiwick.revision",
        )
        .expect("accounts");
    let live = begin_shop(&store, 0);
    let mut feed = store.feed();
    let started = Instant::now();
    let written = feed.written().expect("a server");
    let first = started.elapsed();
    assert!(written.all && written.reached.len() == 100_001);
    let mut polls = Vec::new();
    for i in 1..=20 {
        apply(&store, &live, i);
        let started = Instant::now();
        let written = feed.written().expect("a server");
        polls.push(started.elapsed());
        assert!(!written.all && written.reached.len() == 1);
    }
    polls.sort();
    println!(
        "  100,000 accounts: all are told of in {first:.1?}; a poll takes {:.1?}",
        polls[10]
    );
    assert!(polls[10] < Duration::from_millis(50), "{polls:?}");
}
