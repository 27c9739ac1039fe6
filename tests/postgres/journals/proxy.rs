//! A network between a host and the server that fails as networks do: it loses answers, cuts connections
//! before or after what was asked has arrived, and keeps notifications to itself.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What the network does.
#[derive(Default)]
pub(crate) struct Weather {
    /// Of so many notifications, one arrives; all, where 0.
    pub one_notification_in: AtomicU64,
    pub notifications_lost: AtomicU64,
    /// Of so many appends, one connection is cut when the server has answered; none, where 0.
    pub one_answer_lost_in: AtomicU64,
    /// Of so many appends, one connection is cut before the server is asked.
    pub one_question_lost_in: AtomicU64,
    /// Of so many appends, one reaches the server only after the connection to the host was cut.
    pub one_question_late_in: AtomicU64,
    pub cut: AtomicU64,
    /// So many milliseconds go by before anything that is asked arrives.
    pub slow: AtomicU64,
    /// What is asked arrives nowhere, and is acknowledged by the system all the same.
    pub is_silent: AtomicBool,
}

pub(crate) struct Proxy {
    pub port: u16,
    pub weather: Arc<Weather>,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let weather = Arc::new(Weather::default());
        let of = weather.clone();
        thread::spawn(move || {
            for host in listener.incoming() {
                let Ok(host) = host else { continue };
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else {
                    continue;
                };
                for stream in [&host, &server] {
                    stream.set_nodelay(true).expect("a socket");
                }
                let line = Arc::new(Line {
                    host,
                    server,
                    weather: of.clone(),
                    answer_lost: AtomicBool::new(false),
                });
                let up = line.clone();
                // Whichever way one end goes, so does the other.
                thread::spawn(move || {
                    up.questions().unwrap_or(());
                    up.end();
                });
                thread::spawn(move || {
                    line.answers().unwrap_or(());
                    line.end();
                });
            }
        });
        Proxy { port, weather }
    }

    /// The same address through this.
    pub(crate) fn address(&self, address: &str) -> String {
        let server = format!("port={}", super::server::port());
        let through = format!("port={}", self.port);
        address.replace(&server, &through) + " sslmode=disable"
    }
}

struct Line {
    host: TcpStream,
    server: TcpStream,
    weather: Arc<Weather>,
    /// The connection is cut instead of giving the next answer.
    answer_lost: AtomicBool,
}

/// Whether the event that happens once in so many happens now.
fn happens(one_in: &AtomicU64, dice: &mut u64) -> bool {
    *dice = dice
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    match one_in.load(Ordering::Relaxed) {
        0 => false,
        one_in => (*dice >> 33).is_multiple_of(one_in),
    }
}

impl Line {
    fn dice(&self) -> u64 {
        u64::from(self.host.peer_addr().map_or(7, |it| it.port()))
    }

    fn cut(&self) {
        self.weather.cut.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self) {
        let _ = self.host.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    fn questions(&self) -> std::io::Result<()> {
        let (mut dice, mut buffer) = (self.dice(), vec![0; 1 << 16]);
        loop {
            let read = (&self.host).read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            if self.weather.is_silent.load(Ordering::Relaxed) {
                continue;
            }
            thread::sleep(Duration::from_millis(
                self.weather.slow.load(Ordering::Relaxed),
            ));
            let asked = &buffer[..read];
            // Small statements arrive in one piece.
            let insert = b"INSERT INTO bailiwick.revision";
            if asked.windows(insert.len()).any(|it| it == insert) {
                if happens(&self.weather.one_question_lost_in, &mut dice) {
                    self.cut();
                    return Ok(());
                }
                if happens(&self.weather.one_question_late_in, &mut dice) {
                    self.cut();
                    let _ = self.host.shutdown(Shutdown::Both);
                    thread::sleep(Duration::from_millis(30));
                    (&self.server).write_all(asked)?;
                    thread::sleep(Duration::from_millis(30));
                    return Ok(());
                }
                if happens(&self.weather.one_answer_lost_in, &mut dice) {
                    self.answer_lost.store(true, Ordering::Relaxed);
                }
            }
            (&self.server).write_all(asked)?;
        }
    }

    /// Message by message: a letter, the length with itself, and the rest.
    fn answers(&self) -> std::io::Result<()> {
        let (mut dice, mut message) = (self.dice() + 1, Vec::new());
        loop {
            let mut head = [0; 5];
            (&self.server).read_exact(&mut head)?;
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            message.clear();
            message.extend_from_slice(&head);
            message.resize(length + 1, 0);
            (&self.server).read_exact(&mut message[5..])?;
            if self.answer_lost.load(Ordering::Relaxed) {
                // `Z`: the server is done, and waits for the next question.
                if head[0] == b'Z' {
                    self.cut();
                    return Ok(());
                }
                continue;
            }
            let all = self.weather.one_notification_in.load(Ordering::Relaxed) == 0;
            if head[0] == b'A' && !all && !happens(&self.weather.one_notification_in, &mut dice) {
                self.weather
                    .notifications_lost
                    .fetch_add(1, Ordering::Relaxed);
                continue;
            }
            (&self.host).write_all(&message)?;
        }
    }
}
