//! Remedies (Q3, law 3): every one applied gives allow, none has a part that could be left out, and
//! where a single change of the kinds proposed would help, there is one.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` as for the laws.

#[path = "../reference/mod.rs"]
mod reference;
#[path = "../support/mod.rs"]
mod support;

mod brute;
mod hostile;
#[cfg(feature = "toml")]
mod kinds;
mod law;
mod parts;
