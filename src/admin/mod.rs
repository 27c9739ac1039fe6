//! Administration: every change to an account is a value, made by an actor, all or nothing (A1 to
//! A7); roles are edited by ticking the permission tree (T1 to T5).

mod actor;
mod apply;
mod authority;
mod change;
mod editor;
mod listing;
mod order;
mod refusal;
mod report;
mod told;

pub use actor::Actor;
pub use apply::{Applied, Preview};
pub use change::{Change, UsedIdKind};
pub use editor::{
    Cause, DeniedBy, Edit, EditorError, LeftAlone, Node, RoleEditor, RoleTree, TickChange,
    TickState, WrittenSelector,
};
pub use listing::{
    DominatedRole, DominatedRoles, Empty, HoldersOf, ListOrder, ListQuery, PackageEntry, Page,
    PositionEntry, Review, RoleEntry, RolesListed, UserEntry,
};
pub use refusal::{Named, PersonNamed, Refusal, RefusalKind, Refused};
pub use report::{AccessChange, LendingChange, ReachChange, Report, ScopeChange, TokenChange};
