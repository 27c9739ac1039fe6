//! A rolling deploy over PostgreSQL: [`deploy`](crate::deploy) by two processes.

use std::process::Command;

use crate::deploy;
use crate::server::{database, journals};

/// The other process.
pub(crate) fn host(address: &str, version: u32) {
    deploy::host(&journals(address).only_account(), version);
}

pub(crate) fn an_older_host_allows_nothing_that_was_taken() {
    let address = database("deploying");
    let journal = journals(&address).only_account();
    deploy::roll(&journal, |version| {
        let program = std::env::current_exe().expect("there is a program");
        let mut command = Command::new(program);
        command.args(["deploy", &address, &version.to_string()]);
        command
    });
}
