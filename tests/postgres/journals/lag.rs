//! How far a replica is behind: 100 changes a second on one machine, whose disk is waited for.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::journal::{begin, restore};
use bailiwick::live::{FollowOptions, Live, follow_many};

use crate::corner::{ACTOR, catalog, change, engine};
use crate::proxy::Proxy;
use crate::server::{self, client, database, journals};

const SHOP: &str = "corner";
const CHANGES: usize = 500;
const EVERY: Duration = Duration::from_millis(10);
const POLL: Duration = Duration::from_millis(400);

pub(crate) fn replicas_lag_little() {
    let address = database("lag");
    let disk = |it: &str| {
        let mut client = client(&address);
        client
            .execute(&format!("ALTER SYSTEM SET fsync = {it}"), &[])
            .expect("a setting");
        client
            .execute("SELECT pg_reload_conf()", &[])
            .expect("a setting");
    };
    disk("on");
    while client(&address)
        .query_one("SHOW fsync", &[])
        .expect("a setting")
        .get::<_, &str>(0)
        != "on"
    {
        thread::sleep(Duration::from_millis(10));
    }
    let journal = journals(&address).account(SHOP);
    begin(&journal, &engine(SHOP), Timestamp(0)).expect("a beginning");
    let primary = Live::of(restore(&journal, &catalog(), Some(SHOP), None).expect("a journal"));

    // The one by hints; polls do not come in time. One of many accounts, likewise. And one that gets none.
    let rarely = FollowOptions::default().poll(Duration::from_secs(600));
    let replica = || Live::not_ready(&catalog(), Some(SHOP));
    let hinted = replica();
    let by_hints = hinted
        .follow(
            std::sync::Arc::new(journals(&address).account(SHOP)),
            rarely,
        )
        .expect("a thread");
    let among_many = replica();
    let many = follow_many(journals(&address).feed(), rarely).expect("a thread");
    many.add(&among_many);
    let polled = replica();
    let proxy = Proxy::to(server::port());
    proxy
        .weather
        .one_notification_in
        .store(u64::MAX, Ordering::Relaxed);
    let store = journals(&proxy.address(&address));
    let often = FollowOptions::default().poll(POLL);
    let by_polls = polled
        .follow(std::sync::Arc::new(store.account(SHOP)), often)
        .expect("a thread");

    let replicas = [hinted, among_many, polled];
    for replica in &replicas {
        while replica.revision().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
    }
    // A listener that is just about to connect would hear nothing of the first.
    thread::sleep(Duration::from_millis(500));
    let (seen_at, lags) = mpsc::channel();
    let (mut published, mut appending) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        for (which, replica) in replicas.iter().enumerate() {
            let seen_at = seen_at.clone();
            scope.spawn(move || {
                let mut seen = 1;
                while seen < CHANGES as u64 + 1 {
                    let revision = replica.revision().unwrap_or_default();
                    let now = Instant::now();
                    while seen < revision {
                        seen += 1;
                        seen_at.send((which, seen, now)).expect("a receiver");
                    }
                    thread::sleep(Duration::from_micros(200));
                }
            });
        }
        let mut next = Instant::now();
        for i in 1..=CHANGES {
            next += EVERY;
            thread::sleep(next.saturating_duration_since(Instant::now()));
            let started = Instant::now();
            primary
                .apply(&journal, &ACTOR, Timestamp(i as i64), change(0, i), None)
                .expect("applied");
            appending.push(started.elapsed());
            published.push(Instant::now());
        }
    });
    drop(seen_at);
    let mut of = [const { Vec::new() }; 3];
    for (which, revision, at) in lags {
        of[which].push(at.saturating_duration_since(published[revision as usize - 2]));
    }
    disk("off");
    drop((by_hints, many, by_polls));
    appending.sort();
    println!(
        "  a change is applied in {:.1?} (median)",
        appending[CHANGES / 2]
    );
    let mut medians = Vec::new();
    for (lags, name) in
        of.iter_mut()
            .zip(["by hints", "one of many, by hints", "by polls of 400 ms"])
    {
        lags.sort();
        let (median, most) = (lags[CHANGES / 2], lags[CHANGES - 1]);
        println!("  {name}: {median:.1?} behind (median), at most {most:.1?}");
        medians.push(median);
    }
    assert!(medians[0] <= Duration::from_millis(50) && medians[1] <= Duration::from_millis(50));
    // The poll, and what a machine that is busy adds to it.
    assert!(of[2][CHANGES - 1] <= POLL + Duration::from_millis(200));
    assert!(medians[2] >= Duration::from_millis(50), "no hint arrives");
}
