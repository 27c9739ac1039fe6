//! What the tests of the laws share: random worlds and requests, the ways to ask an engine, and the
//! shrinking of what went wrong. A test file that uses it declares `mod reference;` as well.

#![allow(dead_code, reason = "every test file uses its own part of this")]

pub(crate) mod administration;
pub(crate) mod ask;
pub(crate) mod decisive;
pub(crate) mod documents;
pub(crate) mod fields;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod permute;
pub(crate) mod requests;
pub(crate) mod rng;
pub(crate) mod run;
pub(crate) mod shrink;
pub(crate) mod tally;
pub(crate) mod trading;
