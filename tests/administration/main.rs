//! Administration (A1 to A7): the engine held against the reference, law 5, and what nobody may do.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` as for the laws: a transaction counts as
//! a case.

#[path = "../reference/mod.rs"]
mod reference;
#[path = "../support/mod.rs"]
mod support;

mod account;
mod agreement;
mod bearers;
mod codes;
mod colluders;
mod ends;
mod escalations;
mod everyday;
mod importing;
mod last;
mod listing;
mod listing_people;
mod office;
mod order;
mod report;
mod review;
mod standing_in;
mod table;
mod unchanged;
mod ways_round;
mod wording;
