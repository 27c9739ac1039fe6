//! Hostile input: nothing that is given to the crate makes it panic, overflow the stack or take time
//! out of proportion, and each piece of nonsense gets its own message or denial.
//!
//! Everything runs on a thread with a stack of 512 KiB.
#![cfg(feature = "toml")]

mod scaling;

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
