//! The directory document: the account's users and what each is assigned.

use std::collections::BTreeMap;

use super::decode::document;
use super::timestamp::Timestamp;

document! {
    /// The account's users.
    pub struct DirectoryDocument {
        /// The document format: 1, or [`FORMAT`](super::FORMAT), which is today's.
        pub format: u32,
        /// The users.
        pub users: Vec<UserDocument>,
    }
}

document! {
    /// A user, and what they are assigned.
    pub struct UserDocument {
        /// Their id.
        pub id: String,
        /// What a person reads.
        pub name: Option<String>,
        /// Whether they are suspended: denied everything, their records stay theirs (D2).
        pub suspended: bool,
        /// Their position, at most one (S4).
        pub position: Option<String>,
        /// Roles assigned directly.
        pub roles: Vec<AssignmentDocument>,
        /// Packages assigned.
        pub packages: Vec<AssignmentDocument>,
        /// Properties that conditions read; only declared ones, of the declared type (D10).
        pub properties: BTreeMap<String, PropertyValue>,
    }
}

document! {
    /// An assignment of a role or a package. A plain text in a document stands for one without end.
    pub struct AssignmentDocument {
        /// The role or package.
        pub id: String,
        /// When it ends (D2): from that second on it is no longer held.
        pub until: Option<Timestamp>,
    }
    or text as id
}

/// A property of a user (D10).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum PropertyValue {
    /// A text.
    Text(String),
    /// A 64-bit signed integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A set of texts.
    Set(Vec<String>),
}

impl<'de> serde::Deserialize<'de> for PropertyValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::decode::deserialize(deserializer)
    }
}
