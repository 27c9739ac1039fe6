#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod abilities;
pub mod admin;
mod catalog;
mod chunked;
mod compact_names;
mod compared;
mod decision;
mod decision_record;
mod describe;
pub mod document;
mod engine;
pub mod evolution;
pub mod explain;
mod hierarchy;
mod id;
#[cfg(feature = "live")]
pub mod journal;
pub mod limits;
#[cfg(feature = "live")]
pub mod live;
#[cfg(feature = "mask")]
pub mod mask;
mod names;
mod ordered;
mod overlap;
pub mod query;
mod request;
#[doc = include_str!("rules.md")]
pub mod rules {}
mod scope;
#[cfg(feature = "testing")]
pub mod testing;
mod text;

pub use abilities::Ability;
pub use catalog::{Catalog, OperationNames, UnknownOperations};
pub use decision::{
    Decision, Denied, DenyKind, DenyReason, Effect, Part, Permit, PrerequisiteCause,
};
pub use decision_record::{DecisionRecord, EffectRecord, ResourceRecord, SubjectRecord};
pub use describe::Described;
pub use document::{Problem, ProblemCode, Problems, Timestamp, TimestampError, Warnings};
pub use engine::{Accounts, AccountsInContext, Engine, EngineBuilder, InContext, OtherCatalog};
pub use id::{
    FeatureId, OperationId, PackageId, PermissionId, PositionId, PropertyId, RoleId, TypeId, UserId,
};
pub use request::{
    Action, Context, OnType, Owner, OwnerPosition, PropertyMap, Record, Resource, ResourceType,
    Subject, Texts, Token, Value,
};
pub use scope::Scope;
