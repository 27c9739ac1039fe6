//! How far what reveals a field reaches (M1), whether or not fields are masked in this build.

use super::State;
use super::cells::pair_cell;
use super::rights::Holder;
use crate::catalog::{Operation, Pair};
use crate::decision::NONE;
use crate::document::AskedOn;

impl State {
    /// How far a permission reaches on a type, 0 for nowhere: as if it allowed an operation on a record of
    /// it (D7). Nothing is lent here (S6).
    pub(crate) fn reveal_scope(&self, holder: &impl Holder, r#type: u16, permission: u16) -> u8 {
        let revealing = Operation {
            r#type,
            action: Box::default(),
            on: AskedOn::Record,
            pairs: 0..0,
            features: Vec::new(),
            requires: Vec::new(),
            when: Vec::new(),
            filtered_by: NONE,
            creates: None,
        };
        let pair = Pair {
            permission,
            features: Vec::new(),
            requires: Vec::new(),
            when: Vec::new(),
        };
        pair_cell(self, holder, &revealing, &pair)
            .judged()
            .unwrap_or(0)
    }
}
