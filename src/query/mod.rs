//! What can be asked of an engine besides a check (Q4 to Q6): which records, who may do something, what
//! somebody may do, and what a screen shows.
//!
//! Every answer is that of the checks it stands for, read from what the engine has compiled.

mod actions;
mod conditions;
mod needed;
mod records;
mod screen;
mod what;
mod who;

pub use actions::PermittedActions;
#[cfg(feature = "sql")]
pub use records::sql;
pub use records::{
    DependsOnProperties, Expression, Operand, Operator, OwnerSet, OwnerTest, PropertyName,
    PropertyTest, ReadFrom, RecordFilter, RecordsError,
};
pub use screen::{
    Ask, Blocked, CompactScreen, CompactShown, Screen, ScreenError, ScreenOperation,
    ScreenPermission, ScreenSubject, ScreenType, Shown, Stale,
};
pub use what::{Capability, WhatCan};
pub use who::{Allowed, WhoCan};
