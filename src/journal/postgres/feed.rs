//! All accounts over one connection, for one thread that follows many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::postgres::Error;

use super::client::Client;
use super::connections::{Connect, Connections, after};
use super::hints::{Hints, listening, told};
use super::{PostgresJournal, Store, statements};
use crate::journal::{Feed, Journal, JournalError, Reached, Written};

/// Nobody waits longer at once: not every clock can tell a time much later.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The journals of all accounts over one connection, which also listens for hints.
pub struct PostgresFeed {
    store: Arc<Store>,
    at_most: Duration,
    /// What was told of: everything that had been written by then.
    told: Option<Told>,
}

struct Told {
    /// As the server tells times.
    until: String,
    /// The connection, by number: another may be to another server.
    connection: u64,
}

impl PostgresFeed {
    pub(super) fn new(connect: &Connect, at_most: Duration) -> PostgresFeed {
        PostgresFeed {
            store: Arc::new(Store {
                connections: Connections::new(1, connect.clone(), listening),
                connect: connect.clone(),
                hints: Hints::new(),
            }),
            at_most,
            told: None,
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&mut Client) -> Result<T, Error>) -> Result<T, JournalError> {
        let answer = self.store.connections.ask_once(after(self.at_most), ask);
        answer.map_err(JournalError::storage)
    }
}

impl Feed for PostgresFeed {
    /// Waits for a day at most.
    fn hints(&mut self, at_most: Duration) -> Result<Vec<Reached>, JournalError> {
        self.ask(|client| heard(client, at_most))
    }

    /// Costs what was written since, by an index; of all accounts, one search of an index each.
    fn written(&mut self) -> Result<Written, JournalError> {
        let connections = &self.store.connections;
        // A new connection is made before it is asked how many there were.
        connections
            .ask(after(self.at_most), Client::check)
            .map_err(JournalError::storage)?;
        let connection = connections.made();
        let told = self
            .told
            .take()
            .filter(|told| told.connection == connection);
        let since = told.as_ref().map(|told| told.until.as_str());
        let (until, reached) = self.ask(|client| statements::written(client, since))?;
        let written = Written {
            all: since.is_none(),
            reached,
        };
        if connections.made() == connection {
            self.told = Some(Told { until, connection });
        }
        Ok(written)
    }

    fn journal(&self, account: Option<&str>) -> Box<dyn Journal> {
        Box::new(PostgresJournal::of(
            &self.store,
            account.unwrap_or_default(),
            self.at_most,
        ))
    }
}

/// What is told until the time is over; from the first hint on, what there is already.
fn heard(client: &mut Client, at_most: Duration) -> Result<Vec<Reached>, Error> {
    let mut reached = Vec::new();
    let mut left = at_most.min(LONGEST);
    let until = Instant::now() + left;
    loop {
        let Some(hint) = client.notification(left) else {
            // One that was closed is told of by being asked.
            if client.is_closed() {
                client.check()?;
            }
            return Ok(reached);
        };
        if let Some((account, revision)) = told(hint.payload()) {
            reached.push(Reached {
                account: statements::named(account.to_owned()),
                revision,
            });
        }
        left = match reached.is_empty() {
            true => until.saturating_duration_since(Instant::now()),
            false => Duration::ZERO,
        };
    }
}
