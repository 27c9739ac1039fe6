//! Journals in PostgreSQL, for many hosts that serve one set of accounts.
//!
//! The tables are in the schema `bailiwick`: revisions, which are only ever added to, snapshots and
//! catalogs. A record is appended where the journal still ends as whoever made it saw it, by one
//! statement; a hint with account and revision is sent with `NOTIFY` after it was committed. Hints may be
//! lost: whoever follows polls all the same.
//!
//! PostgreSQL 13 or newer, without `fsync = off`.

mod client;
mod connections;
mod feed;
mod hints;
mod statements;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ::postgres::tls::{MakeTlsConnect, TlsConnect};
use ::postgres::{Error, NoTls, Socket, Transaction};
use tokio_postgres::Config;

use super::{AppendError, Digest, Head, Journal, JournalError, OneCall, Sealed, SealedSnapshot};
use client::{Background, Client};
use connections::{Connect, Connections, Failure, Tables, after};
use hints::Hints;
use statements::VERSION;

pub use feed::PostgresFeed;

/// How many connections ask at once; who comes later waits.
const MOST: usize = 4;

/// How long a call takes at most, unless told: an append whose outcome is unknown is pursued until then.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause before it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// The journals of all accounts in one database.
///
/// At most four connections ask at once, and one more listens for hints once somebody waits for one. All
/// are made when they are needed, and anew when the server was away.
///
/// Every call takes 10 s at most, unless [told](PostgresJournals::at_most): a connection on which no answer
/// came by then is closed.
///
/// **From async code.** Calls wait, and hold up the thread that they are made on: make them where waiting is
/// allowed (`tokio::task::spawn_blocking`). On a thread that runs tasks they work all the same, each on one
/// more thread that goes when it is done. Checks never wait, and are made anywhere.
///
/// ```no_run
/// use bailiwick::journal::{Journal, PostgresJournals};
/// let journals = PostgresJournals::create("host=localhost user=crm dbname=crm")?;
/// assert_eq!(journals.account("acme").head()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PostgresJournals {
    store: Arc<Store>,
    at_most: Duration,
}

struct Store {
    connections: Connections,
    connect: Connect,
    hints: Arc<Hints>,
}

/// The journal of one account in a database.
pub struct PostgresJournal {
    store: Arc<Store>,
    /// The account's id; empty of the only one.
    account: Box<str>,
    at_most: Duration,
    /// When all calls are over, however long each may take.
    until: Option<Instant>,
    /// The count of the last hint that was waited for.
    heard: AtomicU64,
}

/// Why a database of journals was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// It has no tables of journals.
    #[error("there are no journals in the database: `create` makes the tables")]
    Missing,
    /// A version of this crate made its tables that this one does not know.
    #[error("the database has version {version} of the tables; this is version {VERSION}")]
    UnknownVersion {
        /// The version of its tables.
        version: i32,
    },
    /// There is no such server, or it refused.
    #[error("no journals in PostgreSQL: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<PostgresError> for JournalError {
    fn from(error: PostgresError) -> JournalError {
        JournalError::storage(error)
    }
}

impl From<Failure> for PostgresError {
    fn from(failure: Failure) -> PostgresError {
        match failure {
            Failure::Tables(Tables::Missing) => PostgresError::Missing,
            Failure::Tables(Tables::Another(version)) => PostgresError::UnknownVersion { version },
            failure => PostgresError::Failed(Box::new(failure)),
        }
    }
}

impl PostgresJournals {
    /// Makes the tables in the database that a connection string names, where there are none, and opens
    /// it. Several hosts may do so at once.
    ///
    /// # Errors
    /// [`PostgresError::Failed`], also where the role may not make tables;
    /// [`PostgresError::UnknownVersion`].
    pub fn create(config: &str) -> Result<PostgresJournals, PostgresError> {
        PostgresJournals::create_tls(config, NoTls)
    }

    /// Opens the database that a connection string names (`host=… user=… dbname=…`, or a URL), without
    /// TLS. One without tables is an error, and never a database without accounts.
    ///
    /// A server that does not answer is given up after 5 s when connecting, unless the string says otherwise,
    /// and after 10 s in any case.
    ///
    /// # Errors
    /// Every [`PostgresError`].
    pub fn open(config: &str) -> Result<PostgresJournals, PostgresError> {
        PostgresJournals::open_tls(config, NoTls)
    }

    /// [`create`](PostgresJournals::create) over TLS, by any connector that is made for the crate `postgres`.
    ///
    /// # Errors
    /// As there.
    pub fn create_tls<T>(config: &str, tls: T) -> Result<PostgresJournals, PostgresError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let connect = connector(config, tls)?;
        connections::create_tables(&connect, after(PATIENCE))?;
        PostgresJournals::over(connect)
    }

    /// [`open`](PostgresJournals::open) over TLS.
    ///
    /// # Errors
    /// As there.
    pub fn open_tls<T>(config: &str, tls: T) -> Result<PostgresJournals, PostgresError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        PostgresJournals::over(connector(config, tls)?)
    }

    fn over(connect: Connect) -> Result<PostgresJournals, PostgresError> {
        let connections = Connections::new(MOST, connect.clone(), connections::connect);
        connections.ask(after(PATIENCE), Client::check)?;
        Ok(PostgresJournals {
            store: Arc::new(Store {
                connections,
                connect,
                hints: Hints::new(),
            }),
            at_most: PATIENCE,
        })
    }

    /// How long each call on what is made of this takes at most, reading or writing, waiting for a connection
    /// included: 10 s unless told.
    #[must_use]
    pub fn at_most(mut self, time: Duration) -> PostgresJournals {
        self.at_most = time;
        self
    }

    /// The statements that make the tables, for whoever makes them by other means: the role that the host
    /// connects as then needs no more than `USAGE` of the schema `bailiwick`, and `SELECT` and `INSERT`.
    pub const TABLES: &str = statements::TABLES;

    /// The journal of an account, begun or not. Asks nothing yet.
    pub fn account(&self, account: &str) -> PostgresJournal {
        PostgresJournal::of(&self.store, account, self.at_most)
    }

    /// The journal of the only account, where the catalog serves one.
    pub fn only_account(&self) -> PostgresJournal {
        self.account("")
    }

    /// The journals of all accounts over one connection of its own, for one thread that follows many.
    pub fn feed(&self) -> PostgresFeed {
        PostgresFeed::new(&self.store.connect, self.at_most)
    }

    /// The accounts whose journals were begun, sorted by bytes; the only one of a catalog that serves one
    /// is `""`.
    ///
    /// # Errors
    /// [`JournalError::Storage`].
    pub fn accounts(&self) -> Result<Vec<String>, JournalError> {
        let connections = &self.store.connections;
        let accounts = connections.ask(after(self.at_most), statements::accounts);
        accounts.map_err(JournalError::storage)
    }
}

/// How to connect as a connection string says, within bounded time.
fn connector<T>(config: &str, tls: T) -> Result<Connect, PostgresError>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let mut config: Config = config
        .parse()
        .map_err(|error| PostgresError::Failed(Box::new(error)))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(20));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(Duration::from_secs(5));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
    }
    if config.get_application_name().is_none() {
        config.application_name("bailiwick");
    }
    let background = Background::start().map_err(|error| PostgresError::Failed(Box::new(error)))?;
    Ok(Connect {
        background,
        connects: client::connects(config, tls),
    })
}

impl Journal for PostgresJournal {
    fn head(&self) -> Result<Option<Head>, JournalError> {
        self.ask(|client| statements::head(client, &self.account))
    }

    fn begin(&self, snapshot: &SealedSnapshot) -> Result<(), AppendError> {
        self.write(self.until(), snapshot.head, |client| {
            statements::begin(client, &self.account, snapshot)
        })
    }

    /// Where the connection is lost before the answer is there, asks again, until the time is over: the record is
    /// then in the journal, once, or somebody else's is, or it is not known ([`AppendError::Unknown`]).
    fn append(&self, expected: Head, record: &Sealed) -> Result<u64, AppendError> {
        record.follows(&expected)?;
        let until = self.until();
        self.write(until, record.head(), |client| {
            statements::append(client, &self.account, &expected, record)
        })?;
        self.hint_until(until, record.revision);
        Ok(record.revision)
    }

    fn read_from(&self, revision: u64, limit: usize) -> Result<Vec<Sealed>, JournalError> {
        self.ask(|client| statements::read(client, &self.account, revision, limit))
    }

    fn save_snapshot(&self, snapshot: &SealedSnapshot) -> Result<(), JournalError> {
        let (account, until) = (&self.account, self.until());
        let had = self.ask_until(until, |client| {
            statements::save_snapshot(client, account, snapshot)
        })?;
        if had {
            return Ok(());
        }
        let head = self.ask_until(until, |client| statements::head(client, account))?;
        Err(head.map_or(JournalError::Empty, |_| JournalError::Forked {
            revision: snapshot.head.revision,
        }))
    }

    fn snapshot(&self, at_most: u64) -> Result<Option<SealedSnapshot>, JournalError> {
        self.ask(|client| statements::snapshot(client, &self.account, at_most))
    }

    fn save_catalog(&self, digest: &Digest, document: &[u8]) -> Result<(), JournalError> {
        self.ask(|client| statements::save_catalog(client, digest, document))
    }

    fn catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        self.ask(|client| statements::catalog(client, digest))
    }

    fn catalogs(&self) -> Result<Option<Vec<Digest>>, JournalError> {
        self.ask(statements::catalogs).map(Some)
    }

    fn for_one_call(&self) -> Option<OneCall<'_>> {
        let until = self.until();
        let mut journal = PostgresJournal::of(&self.store, &self.account, self.at_most);
        journal.until = Some(until);
        Some(OneCall {
            journal: Box::new(journal),
            until,
        })
    }

    fn wait(&self, at_most: Duration) -> bool {
        let after = self.heard.load(Ordering::Relaxed);
        let store = &self.store;
        let (count, hint) = store
            .hints
            .wait(&store.connect, &self.account, after, at_most);
        self.heard.store(count, Ordering::Relaxed);
        hint
    }
}

impl PostgresJournal {
    fn of(store: &Arc<Store>, account: &str, at_most: Duration) -> PostgresJournal {
        PostgresJournal {
            store: store.clone(),
            at_most,
            until: None,
            account: account.into(),
            heard: AtomicU64::new(0),
        }
    }

    /// Appends a record within the host's own transaction, so that both are done or neither is. Nothing
    /// is visible to others before the host commits; then call [`PostgresJournal::hint`].
    ///
    /// Another who appends to the same journal waits until the transaction ends; by [`Journal::append`] at
    /// most 10 s, and then that is an error.
    ///
    /// No reader may see what may yet be lost: where the host's `synchronous_commit` is `off`, this turns it
    /// on until the transaction ends, and the host must not turn it off again before.
    ///
    /// # Errors
    /// As [`Journal::append`], but that nothing is pursued: an error ends the host's transaction, a
    /// conflict does not. So it is in `READ COMMITTED`. Above it, a conflict with what was committed since
    /// the transaction began to read may be an error ([`AppendError::Journal`]), and end it.
    pub fn append_in(
        &self,
        transaction: &mut Transaction<'_>,
        expected: Head,
        record: &Sealed,
    ) -> Result<u64, AppendError> {
        record.follows(&expected)?;
        let account = &self.account;
        let appended = statements::commits_durably(transaction)
            .and_then(|()| statements::append(transaction, account, &expected, record));
        match appended {
            Ok(true) => Ok(record.revision),
            Ok(false) => Err(AppendError::Conflict {
                head: statements::head(transaction, account).map_err(JournalError::storage)?,
            }),
            Err(error) => Err(JournalError::storage(error).into()),
        }
    }

    /// Tells whoever follows that there is a revision, so that they need not wait until they poll. Hints
    /// may be lost: where this one cannot be sent, nothing is amiss.
    pub fn hint(&self, revision: u64) {
        self.hint_until(self.until(), revision);
    }

    fn hint_until(&self, until: Instant, revision: u64) {
        let connections = &self.store.connections;
        let sent = connections.ask_once(until, |client| {
            statements::notify(client, &self.account, revision)
        });
        drop(sent);
    }

    /// When a call that begins now is over.
    fn until(&self) -> Instant {
        let own = after(self.at_most);
        self.until.map_or(own, |until| until.min(own))
    }

    fn ask<T>(&self, ask: impl FnMut(&mut Client) -> Result<T, Error>) -> Result<T, JournalError> {
        self.ask_until(self.until(), ask)
    }

    fn ask_until<T>(
        &self,
        until: Instant,
        ask: impl FnMut(&mut Client) -> Result<T, Error>,
    ) -> Result<T, JournalError> {
        let asked = self.store.connections.ask(until, ask);
        asked.map_err(JournalError::storage)
    }

    /// Writes what makes a head. What was asked on a connection that was lost may be done yet, after the
    /// journal was read without it: so it is asked again until there is an answer. Twice is once, as a
    /// revision is written by one only.
    fn write(
        &self,
        until: Instant,
        makes: Head,
        mut write: impl FnMut(&mut Client) -> Result<bool, Error>,
    ) -> Result<(), AppendError> {
        // Why it is not known whether it was written, if it is not.
        let mut lost: Option<Failure> = None;
        let mut pause = Duration::from_millis(5);
        loop {
            let failure = match self.store.connections.ask_once(until, &mut write) {
                Ok(true) => return Ok(()),
                Ok(false) => return self.found(until, makes, lost.is_some()),
                Err(failure) => failure,
            };
            let passes = matches!(failure, Failure::Refused(_)) && failure.passes();
            let left = until.saturating_duration_since(Instant::now());
            let is_over = left.is_zero();
            match (failure, &lost) {
                (failure @ (Failure::Lost(_) | Failure::Silent), _) => lost = Some(failure),
                (failure, None) if !passes || is_over => {
                    return Err(AppendError::NotWritten(JournalError::storage(failure)));
                }
                _ => {}
            }
            if let Some(failure) = lost.take_if(|_| is_over) {
                let revision = makes.revision;
                let unknown = Unknown { revision, failure };
                return Err(AppendError::Unknown(JournalError::storage(unknown)));
            }
            thread::sleep(pause.min(left));
            pause = PAUSE.min(pause * 2);
        }
    }

    /// What is there where nothing could be written: what was written on a lost connection, or another's.
    fn found(&self, until: Instant, makes: Head, unknown: bool) -> Result<(), AppendError> {
        let account = &self.account;
        let head = self.ask_until(until, |client| statements::head(client, account))?;
        let mut written = None;
        if unknown {
            let revision = makes.revision;
            written = self.ask_until(until, |client| {
                statements::digest(client, account, revision)
            })?;
        }
        match written == Some(makes.digest) {
            true => Ok(()),
            false => Err(AppendError::Conflict { head }),
        }
    }
}

/// Whether it was written shows when the server is back.
#[derive(Debug, thiserror::Error)]
#[error("whether revision {revision} was written is not known: {failure}")]
struct Unknown {
    revision: u64,
    #[source]
    failure: Failure,
}
