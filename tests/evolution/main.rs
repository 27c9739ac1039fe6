//! Catalogs that change under stored accounts (D16): what is said of an upgrade is what it does.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` as for the laws: some thousands of checks
//! count as a case.

#[path = "../reference/mod.rs"]
mod reference;
#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod agreement;
mod brute;
mod catalogs;
mod long_names;
mod narrowing;
mod newer;
mod wording;
