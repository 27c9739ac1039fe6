//! Two processes serve one campaign over a journal in PostgreSQL: each checks by itself, what one changes
//! the other follows, and of two changes at once the later is asked about anew.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::journal::{AppendError, Journal, PostgresJournals, begin};
use bailiwick::live::{FollowOptions, Live};
use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings};

const CAMPAIGN: &str = "fairview";
const RANKINGS: OnType<'static> = OnType::named("ranking");
const LONG: Duration = Duration::from_secs(30);
/// The host's clock.
const NOW: Timestamp = Timestamp(1_800_000_000);

const WITHOUT_A_SERVER: &str = r#"This needs a server of PostgreSQL with a database that has no journals yet.

    tests/postgres/run example

starts one on loopback in a temporary folder, runs this on it, and removes it. Where there is one already:

    BAILIWICK_POSTGRES="host=localhost user=me dbname=empty" \
        cargo run --features postgres --example two_replicas

It makes the schema `bailiwick` there, begins a journal in it, and starts itself a second time as the
other process. What it prints is in examples/expected/two_replicas.with_a_server.txt."#;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let Ok(address) = std::env::var("BAILIWICK_POSTGRES") else {
        println!("{WITHOUT_A_SERVER}");
        return Ok(());
    };
    let catalog = include_str!("../fixtures/canvassing/catalog.toml");
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", catalog),
        Warnings::Refuse,
    )?;
    match std::env::args().nth(1).as_deref() {
        Some("field") => field(&address, &catalog),
        _ => office(&address, &catalog),
    }
}

/// The process that this is started as.
fn office(address: &str, catalog: &Catalog) -> Result<(), Failure> {
    let policy = include_str!("../fixtures/canvassing/policy.toml");
    let directory = include_str!("../fixtures/canvassing/directory.toml");
    let policy = PolicyDocument::from_toml("policy.toml", policy);
    let directory = DirectoryDocument::from_toml("directory.toml", directory);
    let campaign = Engine::new(catalog, policy, directory, NOW, Warnings::Refuse)?;

    let journals = PostgresJournals::create(address)?;
    let journal = Arc::new(journals.account(CAMPAIGN));
    match begin(&*journal, &campaign, NOW) {
        Err(AppendError::Conflict { .. }) => return Err("the database has a journal".into()),
        begun => begun?,
    };
    let live = Live::not_ready(catalog, Some(CAMPAIGN));
    println!("before anything is loaded: {}", views(&live, "uma"));
    let follower = live.follow(journal.clone(), FollowOptions::default())?;
    follower.wait_for(1, LONG)?;
    println!("the office: {}", views(&live, "uma"));
    let mut field = Field::start()?;
    println!("the field: {}", field.asks("views uma 1")?);

    println!("\nWhat the office changes, the field follows");
    let welcomed = vec![Change::assign_role("nils", "system:user")];
    let adam = Actor::user("adam");
    let applied = live.apply(&*journal, &adam, NOW, welcomed, Some("joined on Monday"))?;
    let revision = applied.revision();
    println!("the office: adam makes nils a User, revision {revision}");
    println!(
        "the field, from revision {revision} on: {}",
        field.asks("views nils 2")?
    );
    println!(
        "the field, from revision 9 on: {}",
        field.asks("views nils 9")?
    );

    println!("\nTwo changes at once");
    let settings = vec![Change::ChangeSetting {
        permission: "canvass.rankings".to_owned(),
        role: Some("system:owner".to_owned()),
    }];
    let anja = Actor::user("anja");
    let prepared = live.prepare(&anja, NOW, settings.clone(), None)?;
    println!("the office prepares: anja keeps the rankings to Owners");
    println!("the field: {}", field.asks("demote anja")?);
    match journal.append(prepared.expected(), prepared.sealed()) {
        Err(error @ AppendError::Conflict { .. }) => println!("the office: {error}"),
        other => return Err(format!("no conflict: {other:?}").into()),
    }
    live.catch_up(&*journal)?;
    match live.prepare(&anja, NOW, settings, None) {
        Err(refused) => println!("the office, once more: {refused}"),
        Ok(_) => return Err("anja is no Admin any more".into()),
    }

    println!("\nThe field is killed, and starts anew");
    field.process.kill()?;
    field.process.wait()?;
    let left = vec![Change::revoke_role("ugo", "system:user")];
    let revision = live.apply(&*journal, &adam, NOW, left, None)?.revision();
    println!("the office: adam takes ugo's role, revision {revision}");
    let mut field = Field::start()?;
    println!(
        "the field: {}",
        field.asks(&format!("views ugo {revision}"))?
    );
    let head = live.head().ok_or("nothing is loaded")?;
    let same = field.asks("head")? == format!("{} {}", head.revision, head.digest);
    println!("one history in both, by its digest: {same}");
    Ok(())
}

/// The other process: follows, and does what it is told.
fn field(address: &str, catalog: &Catalog) -> Result<(), Failure> {
    let journal = Arc::new(PostgresJournals::open(address)?.account(CAMPAIGN));
    let live = Live::not_ready(catalog, Some(CAMPAIGN));
    let follower = live.follow(journal.clone(), FollowOptions::default())?;
    for line in std::io::stdin().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["views", user, revision] => {
                let revision = revision.parse()?;
                let at_most = if revision > 5 { Duration::ZERO } else { LONG };
                match follower.wait_for(revision, at_most) {
                    Ok(()) => println!("{}", views(&live, user)),
                    Err(not_yet) => println!("{not_yet}"),
                }
            }
            ["demote", user] => {
                let changes = vec![
                    Change::revoke_role(user, "system:admin"),
                    Change::assign_role(user, "system:user"),
                ];
                let adam = Actor::user("adam");
                let applied = live.apply_with_retry(&*journal, 3, &adam, NOW, changes, None)?;
                let revision = applied.revision();
                println!("adam makes {user} a User, revision {revision}");
            }
            ["head"] => {
                let head = live.head().ok_or("nothing is loaded")?;
                println!("{} {}", head.revision, head.digest);
            }
            _ => return Err(line.into()),
        }
    }
    Ok(())
}

fn views(live: &Live, user: &str) -> String {
    let decision = live.check(user, "view", &RANKINGS);
    let (effect, code) = (decision.effect(), decision.code());
    format!(
        "{user} views the rankings: {effect:?}, {code}, revision {}",
        decision.revision()
    )
}

struct Field {
    process: Child,
    told: ChildStdin,
    tells: BufReader<ChildStdout>,
}

impl Field {
    fn start() -> Result<Field, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("field")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let told = process.stdin.take().ok_or("no pipe")?;
        let tells = BufReader::new(process.stdout.take().ok_or("no pipe")?);
        Ok(Field {
            process,
            told,
            tells,
        })
    }

    fn asks(&mut self, question: &str) -> Result<String, Failure> {
        writeln!(self.told, "{question}")?;
        let mut answer = String::new();
        self.tells.read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }
}
