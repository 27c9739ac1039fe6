//! Three processes over one journal, two of which write: networks fail, the server is killed, one process
//! is killed, and all come to one revision and one digest.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick::Timestamp;
use bailiwick::journal::{Journal, begin, restore};
use bailiwick::live::{ApplyError, FollowOptions, Live};

use crate::corner::{ACTOR, catalog, change, engine, seller, sells, whole};
use crate::proxy::Proxy;
use crate::server::{self, database, journals};

const SHOP: &str = "corner";
const ACCOUNT: Option<&str> = Some(SHOP);
const WRITERS: usize = 2;
/// More than there are, for one that only follows.
const FOLLOWS: usize = 9;
const LONG: Duration = Duration::from_secs(60);

fn changes() -> usize {
    std::env::var("BAILIWICK_CHANGES").map_or(10_000, |it| it.parse().expect("a number"))
}

pub(crate) fn hosts_converge() {
    let address = database("converging");
    let journal = journals(&address).account(SHOP);
    begin(&journal, &engine(SHOP), Timestamp(0)).expect("a beginning");
    let mut writers: Vec<Host> = (0..WRITERS).map(|it| Host::start(&address, it)).collect();
    let mut follower = Host::start(&address, FOLLOWS);

    let revision = || journal.head().expect("a server").expect("begun").revision as usize;
    let started = Instant::now();
    for part in 1..=4 {
        while revision() < changes() * part / 5 {
            thread::sleep(Duration::from_millis(20));
        }
        if part == 3 {
            drop(follower);
            follower = Host::start(&address, FOLLOWS);
        } else {
            server::kill();
            thread::sleep(Duration::from_millis(200));
            server::start();
        }
    }
    let mut told = Tally::default();
    for writer in &mut writers {
        told.add(&writer.line());
    }
    let took = started.elapsed();
    let head = journal.head().expect("a server").expect("begun");
    let restored = Live::of(restore(&journal, &catalog(), ACCOUNT, None).expect("a whole journal"));
    let (end, state) = whole(&restored);
    assert_eq!(end, head);
    let expected = format!("{} {} {state}", head.revision, head.digest);
    let mut checks = Vec::new();
    for host in writers.iter_mut().chain([&mut follower]) {
        writeln!(host.stdin, "{}", head.revision).expect("a host");
        assert_eq!(host.line(), expected);
        checks.push(host.line());
        assert!(host.process.wait().expect("a host").success());
    }

    // Every change is in the journal once, and did what it should.
    let mut notes = BTreeSet::new();
    let began = journal.snapshot(1).expect("a server").expect("begun");
    let mut read_to = began.head;
    loop {
        let page = journal.read_from(read_to.revision, 1_000).expect("a server");
        if page.is_empty() {
            break;
        }
        for sealed in &page {
            let record = sealed.open(&read_to, ACCOUNT).expect("a record");
            read_to = sealed.head();
            assert!(
                notes.insert(record.note.expect("a note")),
                "{}: twice",
                sealed.revision
            );
        }
    }
    assert_eq!(notes.len(), changes());
    assert_eq!(head.revision as usize, changes() + 1);
    let engine = restored.engine().expect("loaded");
    for writer in 0..WRITERS {
        for i in 1..=changes() / WRITERS {
            assert!(notes.contains(&seller(writer, i)));
            let sells = sells(&engine, &seller(writer, i));
            assert_eq!(sells, i == changes() / WRITERS);
        }
    }
    println!(
        "  {} changes by {WRITERS} of 3 processes in {took:.1?}: {told}",
        notes.len()
    );
    checks.iter().for_each(|it| println!("  a host: {it}"));
}

/// What the writers met with.
#[derive(Default)]
struct Tally([usize; 4]);

impl Tally {
    fn add(&mut self, line: &str) {
        for (sum, number) in self.0.iter_mut().zip(line.split(' ')) {
            *sum += number.parse::<usize>().expect("a number");
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [failed, doubtful, lost, cut] = self.0;
        write!(
            f,
            "{failed} times the journal failed, {doubtful} times it was in doubt, \
             {lost} notifications lost, {cut} connections cut"
        )
    }
}

/// Another process.
struct Host {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Host {
    fn start(address: &str, writer: usize) -> Host {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .args(["host", address, &writer.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdin = process.stdin.take().expect("piped");
        let stdout = BufReader::new(process.stdout.take().expect("piped"));
        Host {
            process,
            stdin,
            stdout,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a host");
        line.trim_end().to_owned()
    }
}

/// What another process does: follows over a bad network, checks all the time, and writes its share.
pub(crate) fn host(address: &str, writer: usize) {
    let proxy = Proxy::to(server::port());
    let weather = proxy.weather.clone();
    let store = loop {
        // The server may be away just now.
        match bailiwick::journal::PostgresJournals::open(&proxy.address(address)) {
            Ok(store) => break store,
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    weather.one_notification_in.store(10, Ordering::Relaxed);
    for one_in in [
        &weather.one_answer_lost_in,
        &weather.one_question_lost_in,
        &weather.one_question_late_in,
    ] {
        one_in.store(300, Ordering::Relaxed);
    }
    let live = Live::not_ready(&catalog(), ACCOUNT);
    let journal = Arc::new(store.account(SHOP));
    let often = FollowOptions::default()
        .poll(Duration::from_millis(200))
        .snapshot_every(1_000);
    let follower = live.follow(journal, often).expect("a thread");
    while live.revision().is_none() {
        thread::sleep(Duration::from_millis(5));
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let checks = scope.spawn(|| check_all_the_time(&live, &done));
        if writer < WRITERS {
            let journal = store.account(SHOP);
            let (mut failed, mut doubtful) = (0, 0);
            for i in 1..=changes() / WRITERS {
                write(&live, &journal, writer, i, &mut failed, &mut doubtful);
            }
            let lost = weather.notifications_lost.load(Ordering::Relaxed);
            println!(
                "{failed} {doubtful} {lost} {}",
                weather.cut.load(Ordering::Relaxed)
            );
        }
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).expect("the tests");
        let revision = line.trim().parse().expect("a revision");
        follower
            .wait_for(revision, LONG)
            .expect("the last revision");
        done.store(true, Ordering::Relaxed);
        let (head, state) = whole(&live);
        println!("{} {} {state}", head.revision, head.digest);
        println!("{}", checks.join().expect("checks"));
    });
}

/// One change, whatever happens, once.
fn write(
    live: &Live,
    journal: &dyn Journal,
    writer: usize,
    i: usize,
    failed: &mut usize,
    doubtful: &mut usize,
) {
    let note = seller(writer, i);
    loop {
        let applied = live.apply_with_retry(
            journal,
            1_000,
            &ACTOR,
            Timestamp(i as i64),
            change(writer, i),
            Some(&note),
        );
        match applied {
            Ok(_) => return,
            Err(ApplyError::Journal(_)) => *failed += 1,
            Err(ApplyError::InDoubt(_)) => {
                *doubtful += 1;
                while live.catch_up(journal).is_err() {
                    thread::sleep(Duration::from_millis(20));
                }
                // Only this one creates that user.
                if sells(&live.engine().expect("loaded"), &note) {
                    return;
                }
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Checks are answered throughout, rightly, and never by an older engine than before.
fn check_all_the_time(live: &Live, done: &AtomicBool) -> String {
    let (mut reader, mut last) = (live.reader(), 0);
    let (mut checks, mut slowest, mut revisions) = (0_u64, Duration::ZERO, 0_u64);
    while !done.load(Ordering::Relaxed) {
        for _ in 0..100 {
            let started = Instant::now();
            let engine = reader.engine().expect("loaded");
            let (owner, nobody) = (sells(engine, "owner"), sells(engine, "nobody"));
            slowest = slowest.max(started.elapsed());
            let revision = engine.revision();
            assert!(owner && !nobody && revision >= last);
            revisions += u64::from(revision > last);
            last = revision;
            checks += 2;
        }
        thread::sleep(Duration::from_micros(500));
    }
    assert!(checks > 1_000);
    format!("{checks} checks of {revisions} revisions, the slowest pair {slowest:.1?}")
}
