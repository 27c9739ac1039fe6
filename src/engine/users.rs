//! The users of an account: eight bytes each beside their names.

use std::collections::HashMap;
use std::sync::Arc;

use crate::chunked::Chunked;
use crate::document::PropertyValue;
use crate::names::Names;

/// No position.
pub(crate) const NOWHERE: u32 = u32::MAX;

const SUSPENDED: u32 = 1 << 31;

/// What a check reads of a user, in one load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    /// The access set; the top bit says suspended.
    access: u32,
    /// The position, or [`NOWHERE`].
    pub(crate) position: u32,
}

impl User {
    pub(crate) fn new(access: u32, position: Option<u32>, suspended: bool) -> User {
        User {
            access: access | if suspended { SUSPENDED } else { 0 },
            position: position.unwrap_or(NOWHERE),
        }
    }

    #[inline]
    pub(crate) fn is_suspended(self) -> bool {
        self.access & SUSPENDED != 0
    }

    #[inline]
    pub(crate) fn access(self) -> usize {
        (self.access & !SUSPENDED) as usize
    }
}

/// What users of one access set are assigned, as numbers in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Assigned {
    pub(crate) roles: Vec<u32>,
    pub(crate) packages: Vec<u32>,
}

/// Properties of one user, by number of the property.
pub(crate) type Properties = Box<[(u16, PropertyValue)]>;

#[derive(Default, Clone)]
pub(crate) struct Users {
    pub(crate) names: Arc<Names>,
    pub(crate) records: Chunked<User>,
    /// Of those who have any.
    pub(crate) properties: Arc<HashMap<u32, Properties>>,
}

impl Users {
    #[inline]
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.names.get(id)
    }

    pub(crate) fn name(&self, user: u32) -> Option<&str> {
        self.names.text(user)
    }

    #[inline]
    pub(crate) fn get(&self, user: u32) -> Option<User> {
        self.records.get(user as usize).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn property(&self, user: u32, property: u16) -> Option<&PropertyValue> {
        self.properties
            .get(&user)?
            .iter()
            .find(|(known, _)| *known == property)
            .map(|(_, value)| value)
    }
}
