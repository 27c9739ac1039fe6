//! A connection whose every question has a deadline.
//!
//! A server may stop answering while its system still acknowledges what arrives, and no setting of a socket
//! notices that. So each question is waited for until a time, and the connection is closed when that is over:
//! what was asked on it may have been done.

use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::postgres::tls::MakeTlsConnect;
use ::postgres::types::{ToSql, Type};
use ::postgres::{Error, Row, Socket, Transaction};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::{AsyncMessage, Config, Connection, Notification};

/// The thread that all connections of a store are read on. What asks waits on a thread of its own.
pub(super) struct Background {
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
}

impl Background {
    pub(super) fn start() -> std::io::Result<Arc<Background>> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bailiwick-postgres")
            .enable_io()
            .enable_time()
            .build()?;
        Ok(Arc::new(Background {
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
        }))
    }

    /// Waits for something that is done there, from a thread of any kind: one that runs tasks may not wait
    /// by itself.
    fn wait<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        if Handle::try_current().is_err() {
            return self.handle.block_on(future);
        }
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| self.handle.block_on(future));
            waits
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Background {
    /// A thread that runs tasks may not wait until it has ended.
    fn drop(&mut self) {
        let runtime = self.runtime.lock();
        if let Some(runtime) = runtime.unwrap_or_else(PoisonError::into_inner).take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes connections, as the host's configuration says.
pub(super) type Connects =
    dyn Fn(&Arc<Background>, Instant) -> Result<Client, NotConnected> + Send + Sync;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotConnected {
    #[error("{0}")]
    Refused(#[source] Error),
    #[error("the server does not answer")]
    Silent,
}

pub(super) fn connects<T>(config: Config, tls: T) -> Arc<Connects>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    Arc::new(move |background: &Arc<Background>, until| {
        let connecting = config.connect(tls.clone());
        let connected =
            background.wait(async { tokio::time::timeout_at(until.into(), connecting).await });
        let (client, connection) = match connected {
            Ok(connected) => connected.map_err(NotConnected::Refused)?,
            Err(_) => return Err(NotConnected::Silent),
        };
        let (hears, heard) = channel();
        let reading = background.handle.spawn(read(connection, hears));
        Ok(Client {
            client,
            reading: reading.abort_handle(),
            heard,
            background: background.clone(),
            until,
            is_silent: false,
        })
    })
}

/// Reads what the server says until either side closes the connection.
async fn read<S, T>(mut connection: Connection<S, T>, hears: Sender<Notification>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(Ok(message)) =
        std::future::poll_fn(|context| connection.poll_message(context)).await
    {
        if let AsyncMessage::Notification(notification) = message {
            // Nobody may listen.
            let _ = hears.send(notification);
        }
    }
}

/// One connection.
pub(super) struct Client {
    client: tokio_postgres::Client,
    reading: tokio::task::AbortHandle,
    heard: Receiver<Notification>,
    background: Arc<Background>,
    /// Until when what is asked next is waited for.
    until: Instant,
    is_silent: bool,
}

impl Client {
    /// Waits for answers until then.
    pub(super) fn until(&mut self, until: Instant) {
        self.until = until;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.reading.is_finished()
    }

    /// Returns whether it was closed because the server did not answer in time.
    pub(super) fn is_silent(&self) -> bool {
        self.is_silent
    }

    pub(super) fn batch_execute(&mut self, statements: &str) -> Result<(), Error> {
        let asked = self.client.batch_execute(statements);
        let (answer, is_silent) = answer(&self.background, &self.reading, self.until, asked);
        self.is_silent |= is_silent;
        answer
    }

    /// Returns whether the server answers.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        self.batch_execute("")
    }

    /// A notification, or nothing: where the time is over, and where the connection is closed.
    pub(super) fn notification(&mut self, at_most: Duration) -> Option<Notification> {
        self.heard.recv_timeout(at_most).ok()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// What answers statements: a connection, or a transaction of the host's.
pub(super) trait Asks {
    fn query_typed(
        &mut self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error>;
}

impl Asks for Client {
    fn query_typed(
        &mut self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        let asked = self.client.query_typed(statement, parameters);
        let (answer, is_silent) = answer(&self.background, &self.reading, self.until, asked);
        self.is_silent |= is_silent;
        answer
    }
}

impl Asks for Transaction<'_> {
    fn query_typed(
        &mut self,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        ::postgres::GenericClient::query_typed(self, statement, parameters)
    }
}

/// Waits for an answer until a time, and closes the connection when it is over; whether it was.
fn answer<T: Send>(
    background: &Background,
    reading: &tokio::task::AbortHandle,
    until: Instant,
    asked: impl Future<Output = Result<T, Error>> + Send,
) -> (Result<T, Error>, bool) {
    background.wait(async {
        let mut asked = Box::pin(asked);
        match tokio::time::timeout_at(until.into(), asked.as_mut()).await {
            Ok(answer) => (answer, false),
            Err(_) => {
                // With the connection goes whoever would have answered: the answer is that it is closed.
                reading.abort();
                (asked.await, true)
            }
        }
    })
}
