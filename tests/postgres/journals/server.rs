//! The server that the tests ask, which they may also kill.

use std::process::Command;

use bailiwick::journal::PostgresJournals;
use postgres::{Client, NoTls};

/// How to connect to it.
pub(crate) fn address() -> String {
    std::env::var("BAILIWICK_POSTGRES").expect("BAILIWICK_POSTGRES; see tests/postgres/run")
}

/// How to connect to a database of that name, made anew.
pub(crate) fn database(name: &str) -> String {
    let mut client = client(&address());
    client
        .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        .expect("no database");
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .expect("a database");
    address().replace("dbname=postgres", &format!("dbname={name}"))
}

pub(crate) fn client(address: &str) -> Client {
    Client::connect(address, NoTls).expect("a server")
}

pub(crate) fn journals(address: &str) -> PostgresJournals {
    PostgresJournals::create(address).expect("a server")
}

pub(crate) fn port() -> u16 {
    let address = address();
    let port = address.split("port=").nth(1).expect("a port");
    port.split(' ').next().unwrap().parse().expect("a port")
}

/// Ends all its processes at once.
pub(crate) fn kill() {
    command("kill");
}

/// Starts it again.
pub(crate) fn start() {
    command("start");
}

/// Stops its processes where they are.
pub(crate) fn stop() {
    command("stop");
}

/// Lets them go on.
pub(crate) fn go_on() {
    command("continue");
}

fn command(what: &str) {
    let script = std::env::var("BAILIWICK_SERVER").expect("BAILIWICK_SERVER");
    let folder = std::env::var("BAILIWICK_SERVER_FOLDER").expect("BAILIWICK_SERVER_FOLDER");
    let status = Command::new(script).args([what, &folder]).status();
    assert!(status.expect("bash").success(), "server {what}");
}
