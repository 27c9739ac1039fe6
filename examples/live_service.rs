//! A service whose threads check while an administrator edits: what is published is seen by all, what
//! fails changes nothing, and what was acknowledged is there again after the process was killed.
//!
//! Its journal is a SQLite file in the system's folder for temporary files. The example starts itself
//! once more, to be killed.

use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::journal::{SqliteJournal, SqliteJournals, begin, restore};
use bailiwick::live::{ApplyError, Live};
use bailiwick::{Catalog, Decision, Engine, OnType, Problems, Subject, Timestamp, Warnings};

/// The host's clock.
const NOW: Timestamp = Timestamp(1_800_000_000);

const ACCOUNT: &str = "fairview";
const UMA: Subject<'static> = Subject::user("uma").account(ACCOUNT);
const RANKINGS: OnType<'static> = OnType::named("ranking").account(ACCOUNT);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, file] = arguments.as_slice()
        && word == "serve"
    {
        return serve(Path::new(file));
    }
    let folder = Folder::new()?;
    let file = folder.0.join("campaigns.sqlite");

    println!("The service starts, with the campaign as it was set up");
    let early = Live::not_ready(&catalog()?, Some(ACCOUNT));
    println!("  before: {}", early.check(UMA, "view", &RANKINGS));
    let journal = SqliteJournals::create(&file)?.account(ACCOUNT);
    begin(&journal, &as_set_up()?, NOW)?;
    let live = opened(&journal)?;
    println!("  {}", now(&live));

    println!("\nFour threads check while Adam edits");
    let (seen, wrong) = while_four_check(&live, || {
        for _ in 0..100 {
            edit(&live, &journal)?;
        }
        Ok(())
    })?;
    println!("  {}", now(&live));
    println!("  all four have checked meanwhile: {seen}");
    println!("  checks that saw half a change, or went back: {wrong}");

    println!("\nWhat fails changes nothing");
    let uma = Actor::user("uma");
    let refused = live.apply(&journal, &uma, NOW, next(&live), None);
    println!("  Uma tries: {}", said(refused.map(|it| it.revision())));
    // In two steps, as a host does it that stores records in its own transaction.
    let prepared = live.prepare(&adam(), NOW, next(&live), Some("prepared, and left"))?;
    edit(&live, &journal)?;
    println!("  Adam, too late: {}", said(live.publish(prepared)));
    let later = revision(&live) + 1;
    let asked = live.check_at_least(later, UMA, "view", &RANKINGS);
    println!("  asked for more: {}", said(asked.map(|it| it.revision())));
    println!("  {}", now(&live));
    drop((live, journal));

    println!("\nThe service is killed while Adam edits, and started again");
    let acknowledged = killed_after(&file, 25)?;
    let journal = SqliteJournals::open(&file)?.account(ACCOUNT);
    let live = opened(&journal)?;
    // What was being written when it died is there whole, or not at all.
    let is_there = (acknowledged..=acknowledged + 1).contains(&revision(&live));
    println!("  every change that was acknowledged is there: {is_there}");
    let is_right = is_right(live.check(UMA, "view", &RANKINGS));
    println!("  Uma may do what that revision says: {is_right}");
    edit(&live, &journal)?;
    let another = opened(&journal)?;
    println!(
        "  Adam goes on, and another host comes to the same: {}",
        another.head() == live.head()
    );
    Ok(())
}

fn catalog() -> Result<Catalog, Problems> {
    let catalog = include_str!("../fixtures/canvassing/catalog.toml");
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", catalog),
        Warnings::Refuse,
    )
}

fn as_set_up() -> Result<Engine, Problems> {
    let policy = include_str!("../fixtures/canvassing/policy.toml");
    let policy = PolicyDocument::from_toml("policy.toml", policy);
    let directory = include_str!("../fixtures/canvassing/directory.toml");
    let directory = DirectoryDocument::from_toml("directory.toml", directory);
    Engine::new(&catalog()?, policy, directory, NOW, Warnings::Refuse)
}

fn opened(journal: &SqliteJournal) -> Result<Live, Box<dyn Error>> {
    let restored = restore(journal, &catalog()?, Some(ACCOUNT), None)?;
    Ok(Live::of(restored))
}

fn adam() -> Actor {
    Actor::user("adam")
}

/// Rankings are for Users at odd revisions, as the first, and for Admins at even ones.
fn next(live: &Live) -> Vec<Change> {
    let role = match revision(live) % 2 {
        0 => "system:user",
        _ => "system:admin",
    };
    vec![Change::ChangeSetting {
        permission: "canvass.rankings".to_owned(),
        role: Some(role.to_owned()),
    }]
}

/// Whether Uma, a User, is answered as the revision of the answer has it.
fn is_right(decision: Decision) -> bool {
    decision.is_allow() != decision.revision().is_multiple_of(2)
}

fn edit(live: &Live, journal: &SqliteJournal) -> Result<u64, ApplyError> {
    let committed = live.apply(journal, &adam(), NOW, next(live), None)?;
    Ok(committed.revision())
}

fn revision(live: &Live) -> u64 {
    live.revision().unwrap_or_default()
}

fn now(live: &Live) -> String {
    let decision = live.check(UMA, "view", &RANKINGS);
    format!("revision {}, Uma: {}", revision(live), decision.code())
}

fn said<T: fmt::Display, E: fmt::Display>(result: Result<T, E>) -> String {
    match result {
        Ok(revision) => format!("revision {revision}"),
        Err(error) => error.to_string(),
    }
}

/// Whether all four saw something, and how many checks were wrong.
fn while_four_check(
    live: &Live,
    edits: impl FnOnce() -> Result<(), ApplyError>,
) -> Result<(bool, u64), Box<dyn Error>> {
    let (is_over, wrong) = (AtomicBool::new(false), AtomicU64::new(0));
    let begun = AtomicU64::new(0);
    let check = || {
        let mut reader = live.reader();
        let (mut last, mut checks) = (0, 0_u64);
        while !is_over.load(Ordering::Relaxed) {
            let decision = reader.check(UMA, "view", &RANKINGS);
            if !is_right(decision) || decision.revision() < last {
                wrong.fetch_add(1, Ordering::Relaxed);
            }
            last = decision.revision();
            checks += 1;
            if checks == 1 {
                begun.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(check);
        }
        while begun.load(Ordering::Relaxed) < 4 {
            std::thread::yield_now();
        }
        let edited = edits();
        is_over.store(true, Ordering::Relaxed);
        edited
    })?;
    Ok((begun.into_inner() == 4, wrong.into_inner()))
}

/// What the second process does: edits without end, and says each revision once it is durable.
fn serve(file: &Path) -> Result<(), Box<dyn Error>> {
    let journal = SqliteJournals::open(file)?.account(ACCOUNT);
    let live = opened(&journal)?;
    let mut out = std::io::stdout();
    loop {
        writeln!(out, "{}", edit(&live, &journal)?)?;
        out.flush()?;
    }
}

/// Starts it, lets it acknowledge so many changes, and kills it; the last that it acknowledged.
fn killed_after(file: &Path, changes: usize) -> Result<u64, Box<dyn Error>> {
    let mut service = Command::new(std::env::current_exe()?)
        .args(["serve".as_ref(), file.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()?;
    let out = service.stdout.take().ok_or("it has no output")?;
    let mut lines = BufReader::new(out).lines();
    let mut last = 0;
    for _ in 0..changes {
        last = lines.next().ok_or("it ended by itself")??.parse()?;
    }
    service.kill()?;
    service.wait()?;
    // What it said until it died was durable then.
    for line in lines {
        last = line?.parse()?;
    }
    Ok(last)
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Folder> {
        let name = format!("bailiwick-live-service-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder)?;
        Ok(Folder(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
