//! The journal: every store holds what `Journal` promises; replaying a journal leads to the engine that
//! was live (law 5); what is damaged is refused; what was acknowledged outlives `kill -9`.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` as for the laws.

#[path = "../reference/mod.rs"]
mod reference;
#[path = "../support/mod.rs"]
mod support;

mod conformance;
mod damage;
mod deep_actors;
mod deploy;
mod deploy_sqlite;
mod erasing;
mod history;
mod history_union;
mod history_whole;
mod kills;
mod passing_over;
mod replaying;
mod shop;
mod sqlite_file;
mod sqlite_shared;
mod stores;
mod taking;
mod taking_older;
