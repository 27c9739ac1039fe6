//! Connections that are made when they are needed, kept, and made anew when the server was away.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::postgres::error::SqlState;
use ::postgres::{Error, Row};

use super::client::{Asks, Background, Client, Connects, NotConnected};
use super::statements::{TABLES, VERSION};

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connect {
    pub(super) background: Arc<Background>,
    pub(super) connects: Arc<Connects>,
}

impl Connect {
    fn client(&self, until: Instant) -> Result<Client, Failure> {
        (self.connects)(&self.background, until).map_err(Failure::Unconnected)
    }
}

/// Makes one ready to be asked.
pub(super) type Make = fn(&Connect, Instant) -> Result<Client, Failure>;

/// When a call that begins now is over, by that time at most.
pub(super) fn after(at_most: Duration) -> Instant {
    // Not every clock can tell a time much later.
    Instant::now() + at_most.min(Duration::from_secs(86_400))
}

/// How the session must be for the statements to mean what they say: a statement sees what was committed
/// before it, what it commits is durable, and nothing waits for ever.
const SESSION: &str = "
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
    SET lock_timeout = '9s';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// One process makes the tables, whichever is first: until its session ends. Within a transaction, the
/// others would go on seeing that there are none.
const ALONE: &str = "SELECT pg_advisory_lock(7164777265)";

const HAS_TABLES: &str = "SELECT to_regclass('bailiwick.version') IS NOT NULL";

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no connection: nothing was asked.
    #[error("no connection: {0}")]
    Unconnected(#[source] NotConnected),
    /// The server did not answer in time, and the connection was closed: as where it was lost.
    #[error("the server did not answer in time, and the connection was closed")]
    Silent,
    /// The connection was lost: what was asked may have been done, or may be done yet.
    #[error("the connection was lost: {0}")]
    Lost(#[source] Error),
    /// The server refused: nothing was done.
    #[error("{0}")]
    Refused(#[source] Error),
    /// The time was over before anything was asked.
    #[error("the time was over before the server was asked")]
    Late,
    /// Every connection is in use.
    #[error("no connection became free in time")]
    Busy,
    /// The tables are not there, or another version's.
    #[error("{0}")]
    Tables(Tables),
}

/// Tables that this version of the crate cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Tables {
    #[error("the tables have version `{0}`; this is version `{VERSION}`")]
    Another(i32),
    #[error("there are no tables")]
    Missing,
}

impl Failure {
    fn of(client: &Client, error: Error) -> Failure {
        if client.is_silent() {
            return Failure::Silent;
        }
        let by_server = error.code().is_some_and(|code| !ends_sessions(code));
        match by_server && !client.is_closed() {
            true => Failure::Refused(error),
            false => Failure::Lost(error),
        }
    }

    /// Whether the same may go well on a new connection.
    pub(super) fn passes(&self) -> bool {
        match self {
            Failure::Lost(_) | Failure::Unconnected(_) | Failure::Silent => true,
            Failure::Refused(error) => error.code().is_some_and(|code| {
                [
                    &SqlState::T_R_SERIALIZATION_FAILURE,
                    &SqlState::T_R_DEADLOCK_DETECTED,
                ]
                .contains(&code)
            }),
            Failure::Busy | Failure::Late | Failure::Tables(_) => false,
        }
    }
}

fn ends_sessions(code: &SqlState) -> bool {
    // Classes 08, connection exception, and 57P, operator intervention: the server goes, or is not up.
    code.code().starts_with("08") || code.code().starts_with("57P")
}

/// A new connection to tables that are as this version of the crate knows them.
pub(super) fn connect(connect: &Connect, until: Instant) -> Result<Client, Failure> {
    let mut client = connect.client(until)?;
    let version = session(&mut client).map_err(|error| Failure::of(&client, error))?;
    match version {
        Some(VERSION) => Ok(client),
        Some(version) => Err(Failure::Tables(Tables::Another(version))),
        None => Err(Failure::Tables(Tables::Missing)),
    }
}

fn session(client: &mut Client) -> Result<Option<i32>, Error> {
    client.batch_execute(SESSION)?;
    version(client)
}

fn version(client: &mut Client) -> Result<Option<i32>, Error> {
    let first = |rows: &[Row]| rows.first().map(|row| row.try_get(0)).transpose();
    let has = client.query_typed(HAS_TABLES, &[])?;
    let has = has.first().map(|row| row.try_get(0)).transpose()?;
    if has != Some(true) {
        return Ok(None);
    }
    let version = client.query_typed("SELECT max(version) FROM bailiwick.version", &[])?;
    Ok(first(&version)?.flatten())
}

/// Makes the tables where there are none.
pub(super) fn create_tables(connect: &Connect, until: Instant) -> Result<(), Failure> {
    let mut client = connect.client(until)?;
    let made = (|| {
        if session(&mut client)?.is_some() {
            return Ok(());
        }
        client.batch_execute(ALONE)?;
        match version(&mut client)? {
            Some(_) => Ok(()),
            None => client.batch_execute(TABLES),
        }
    })();
    made.map_err(|error| Failure::of(&client, error))
}

pub(super) struct Connections {
    connect: Connect,
    make: Make,
    /// How many ask at once; who comes later waits.
    most: usize,
    kept: Mutex<Kept>,
    freed: Condvar,
}

#[derive(Default)]
struct Kept {
    idle: Vec<Client>,
    in_use: usize,
    /// How many connections were made.
    made: u64,
}

impl Connections {
    pub(super) fn new(most: usize, connect: Connect, make: Make) -> Connections {
        Connections {
            connect,
            make,
            most,
            kept: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// How many connections were made so far.
    pub(super) fn made(&self) -> u64 {
        self.kept().made
    }

    /// Asks, and where the connection had been lost, once more on a new one: for what may be done twice.
    pub(super) fn ask<T>(
        &self,
        until: Instant,
        mut ask: impl FnMut(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        match self.ask_once(until, &mut ask) {
            Err(failure) if failure.passes() && Instant::now() < until => {
                self.ask_once(until, &mut ask)
            }
            answer => answer,
        }
    }

    /// Asks on one connection.
    pub(super) fn ask_once<T>(
        &self,
        until: Instant,
        ask: impl FnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let turn = self.turn(until)?;
        // A connection that is asked when the time is over would be closed for not answering.
        if Instant::now() >= until {
            return Err(Failure::Late);
        }
        let mut client = match turn.idle() {
            Some(client) => client,
            None => {
                let client = (self.make)(&self.connect, until)?;
                self.kept().made += 1;
                client
            }
        };
        client.until(until);
        let answer = ask(&mut client).map_err(|error| Failure::of(&client, error));
        match &answer {
            Err(Failure::Lost(_) | Failure::Silent) => turn.forget(),
            _ => turn.keep(client),
        }
        answer
    }

    fn turn(&self, until: Instant) -> Result<Turn<'_>, Failure> {
        let mut kept = self.kept();
        while kept.in_use >= self.most {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::Busy);
            }
            let waited = self.freed.wait_timeout(kept, left);
            kept = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        kept.in_use += 1;
        Ok(Turn(self))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the connections that may be in use at once.
struct Turn<'a>(&'a Connections);

impl Turn<'_> {
    fn idle(&self) -> Option<Client> {
        let mut kept = self.0.kept();
        // Where the server has gone meanwhile, nothing is asked of it.
        kept.idle.retain(|client| !client.is_closed());
        kept.idle.pop()
    }

    fn keep(&self, client: Client) {
        if !client.is_closed() {
            self.0.kept().idle.push(client);
        }
    }

    /// Where one connection was lost, the others are too, most likely: they are made anew.
    fn forget(&self) {
        let idle = std::mem::take(&mut self.0.kept().idle);
        drop(idle);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.kept().in_use -= 1;
        self.0.freed.notify_one();
    }
}
