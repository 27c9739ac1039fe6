//! Journals in PostgreSQL, and many hosts that follow them, on a real server and over networks that fail.
//!
//! Run by `tests/postgres/run`, which says where the server is and how it is killed. An argument says
//! which tests: those with it in their names.

#[path = "../../journal/conformance.rs"]
mod conformance;
#[path = "../../journal/deploy.rs"]
mod deploy;
#[path = "../../journal/shop.rs"]
mod shop;

mod appending;
mod converging;
mod corner;
mod deploying;
mod failing;
mod lag;
mod many;
mod proxy;
mod server;
mod silent;

use std::time::Instant;

fn main() {
    let tests: &[(&str, fn())] = &[
        ("tables are made once", appending::tables_are_made_once),
        (
            "what a journal promises",
            appending::what_a_journal_promises,
        ),
        ("accounts are apart", appending::accounts_are_apart),
        (
            "select and insert suffice",
            appending::select_and_insert_suffice,
        ),
        (
            "other tables are refused",
            appending::other_tables_are_refused,
        ),
        (
            "in the host's transaction",
            appending::in_the_hosts_transaction,
        ),
        (
            "in the host's transaction it is durable",
            appending::in_the_hosts_transaction_it_is_durable,
        ),
        (
            "in the host's transaction above read committed",
            appending::in_the_hosts_transaction_above_read_committed,
        ),
        ("writers race", appending::writers_race),
        ("hints wake who waits", failing::hints_wake_who_waits),
        ("answers are lost", failing::answers_are_lost),
        ("the server is killed", failing::the_server_is_killed),
        (
            "a server that is down leaves nothing in doubt",
            failing::a_server_that_is_down_leaves_nothing_in_doubt,
        ),
        (
            "silent: a network that swallows",
            silent::a_network_that_swallows,
        ),
        (
            "silent: a server that stands still",
            silent::a_server_that_stands_still,
        ),
        (
            "silent: an apply takes no longer than one call",
            silent::an_apply_takes_no_longer_than_one_call,
        ),
        ("from async code", silent::from_async_code),
        (
            "pages are bounded in bytes",
            silent::pages_are_bounded_in_bytes,
        ),
        ("hosts converge", converging::hosts_converge),
        (
            "an older host allows nothing that was taken",
            deploying::an_older_host_allows_nothing_that_was_taken,
        ),
        (
            "many accounts are followed",
            many::many_accounts_are_followed,
        ),
        ("polls miss nothing", many::polls_miss_nothing),
        (
            "polls after a dump tell what is new",
            many::polls_after_a_dump_tell_what_is_new,
        ),
        (
            "polls of many accounts cost little",
            many::polls_of_many_accounts_cost_little,
        ),
        ("replicas lag little", lag::replicas_lag_little),
    ];
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, address, writer] = &arguments[..]
        && what == "host"
    {
        return converging::host(address, writer.parse().expect("a number"));
    }
    if let [what, address, version] = &arguments[..]
        && what == "deploy"
    {
        return deploying::host(address, version.parse().expect("a number"));
    }
    let which = arguments.first().cloned().unwrap_or_default();
    let mut ran = 0;
    for (name, test) in tests.iter().filter(|(name, _)| name.contains(&*which)) {
        let started = Instant::now();
        test();
        println!("{name}: ok, {:.1} s", started.elapsed().as_secs_f32());
        ran += 1;
    }
    assert!(ran > 0, "no test has `{which}` in its name");
}
