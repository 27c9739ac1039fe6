//! The stores that need no server hold what `Journal` promises.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bailiwick::journal::{Journal, MemoryJournal, SqliteJournals};

use crate::conformance;

/// A folder that goes when this does.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("bailiwick-journal-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder is made");
        Folder(folder)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("journals.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn in_memory() {
    let journals: Mutex<HashMap<String, Arc<MemoryJournal>>> = Mutex::default();
    conformance::holds(&|account: &str| -> Arc<dyn Journal> {
        let mut journals = journals.lock().expect("no test has failed");
        Arc::clone(journals.entry(account.to_owned()).or_default()) as _
    });
}

#[test]
fn in_sqlite_on_one_connection() {
    let folder = Folder::new();
    let journals = SqliteJournals::create(folder.file()).expect("it is made");
    conformance::holds(&|account: &str| -> Arc<dyn Journal> {
        Arc::new(journals.account(account))
    });
}

#[test]
fn in_sqlite_on_many_connections() {
    let folder = Folder::new();
    SqliteJournals::create(folder.file()).expect("it is made");
    conformance::holds(&|account: &str| -> Arc<dyn Journal> {
        let journals = SqliteJournals::open(folder.file()).expect("it opens");
        Arc::new(journals.account(account))
    });
    let journals = SqliteJournals::open(folder.file()).expect("it opens");
    let accounts = journals.accounts().expect("it reads");
    assert!(accounts.contains(&"writers".to_owned()) && accounts.is_sorted());
}
