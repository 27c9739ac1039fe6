//! Hostile input: nothing that is given to the crate makes it panic, overflow the stack or take time
//! out of proportion, and each piece of nonsense gets its own message or denial.
//!
//! Everything runs on a thread with a stack of 512 KiB.
#![cfg(feature = "toml")]

mod access_sets;
mod cuts;
mod documents;
mod golden;
mod growth;
mod identifiers;
mod large;
mod nesting;
mod removed;
mod requests;
mod scaling;
mod world;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What takes seconds of both cores runs beside others of its kind, and what is timed alone.
static CORES: RwLock<()> = RwLock::new(());

fn beside_others() -> RwLockReadGuard<'static, ()> {
    CORES.read().unwrap_or_else(PoisonError::into_inner)
}

fn alone() -> RwLockWriteGuard<'static, ()> {
    CORES.write().unwrap_or_else(PoisonError::into_inner)
}

/// Runs on a small stack; a panic there is a panic here.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(run)
        .expect("a thread starts");
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
