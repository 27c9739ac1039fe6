//! What can be asked of an engine besides a check (Q5, Q6): who may do something, what somebody may
//! do, and what a screen shows.
//!
//! Every answer is that of the checks it stands for, read from what the engine has compiled.

mod actions;
mod conditions;
mod needed;
mod screen;
mod what;
mod who;

pub use actions::PermittedActions;
pub use screen::{
    Ask, Blocked, CompactScreen, CompactShown, Screen, ScreenError, ScreenOperation,
    ScreenPermission, ScreenSubject, ScreenType, Shown, Stale,
};
pub use what::{Capability, WhatCan};
pub use who::{Allowed, WhoCan};
