//! Administration: roles edited by ticking the permission tree (T1 to T5).

mod change;
mod editor;

pub use change::{Change, ChangeError};
pub use editor::{
    Cause, DeniedBy, Edit, EditorError, LeftAlone, Node, RoleEditor, TickChange, TickState,
    WrittenSelector,
};
