//! A rolling deploy over a SQLite file: [`deploy`](crate::deploy) by two processes.

use std::path::Path;
use std::process::{Command, Stdio};

use bailiwick::journal::SqliteJournals;

use crate::deploy;
use crate::stores::Folder;

const FILE: &str = "BAILIWICK_DEPLOY_FILE";
const VERSION: &str = "BAILIWICK_DEPLOY_VERSION";

/// Not a test: the other process.
#[test]
fn child() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let version = std::env::var(VERSION).expect("a version");
    let journals = SqliteJournals::open(Path::new(&path)).expect("it opens");
    deploy::host(&journals.only_account(), version.parse().expect("a number"));
}

#[test]
fn an_older_host_allows_nothing_that_was_taken_and_answers_all_others() {
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    let journal = journals.only_account();
    deploy::roll(&journal, |version| {
        let program = std::env::current_exe().expect("there is a program");
        let mut command = Command::new(program);
        command
            .args([
                "--exact",
                "deploy_sqlite::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FILE, folder.file())
            .env(VERSION, version.to_string())
            .stderr(Stdio::inherit());
        command
    });
}
