#![doc = "Embeddable authorization."]

pub mod document;
pub mod limits;
mod scope;

pub use document::{Problem, Problems, Timestamp, TimestampError};
pub use scope::Scope;
