//! Masks, who sees through them, and what comes back (M1 to M5, law 7).

#![cfg(all(feature = "mask", feature = "toml"))]

mod access;
mod allocations;
mod canaries;
mod canvassing;
mod disguises;
mod formats;
mod guarded;
mod invisible;
mod laws;
mod project;
mod save;
mod search;
mod shapes;
mod texts;
mod trees;
mod world;
