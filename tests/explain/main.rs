//! Explanations: they decide as checks do (law 3), everything that they list is in the documents, and
//! everything in the documents that they should list they do (Q1, Q2).

#[path = "../reference/mod.rs"]
mod reference;
#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "toml")]
mod causes;
#[cfg(feature = "toml")]
mod golden;
mod hostile;
mod ladder;
mod law;
mod masked;
mod papers;
mod worlds;
