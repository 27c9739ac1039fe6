//! Records filters as SQL (Q4): rows selected are the records that `check` allows.
//!
//! PostgreSQL has a command of its own, `tests/postgres/run`, over the same worlds.

mod cells;
mod comparisons;
#[path = "../reference/mod.rs"]
mod reference;
mod sets;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod worlds;
