//! What can be asked about (Q7): an operation, a field seen in clear, a right of administration. All
//! three are listed, measured and told alike.

mod numbered;
mod told;

pub(crate) use numbered::{Listed, Numbered, Worth, of_account, of_catalog, scope};
pub(crate) use told::{names_alike, write_alike};

use std::fmt;

use serde::Serialize;

use crate::document::ChangeKind;
use crate::document::problem::quoted;

/// Something that people can do or see: an operation, a field, or a right of administration.
///
/// ```
/// use bailiwick::Ability;
/// let ability = Ability::Field { r#type: "person".into(), path: "email".into() };
/// assert_eq!(ability.to_string(), "field `person.email`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ability {
    /// To do something: `type:action`.
    Operation(String),
    /// To see a field in clear, whoever contributed the value (M1).
    Field {
        /// The type of resource.
        r#type: String,
        /// The field's path.
        path: String,
    },
    /// To see in clear what oneself contributed to a field (M1).
    OwnContribution {
        /// The type of resource.
        r#type: String,
        /// The field's path.
        path: String,
    },
    /// To make a kind of change (A2).
    Change(ChangeKind),
    /// To change the setting of an adjustable permission (D13), which is named.
    ChangeSetting(String),
    /// To edit a property of users (D10), which is named: by setting and clearing it, or by creating a user
    /// with it. What the change itself needs is counted in. A property that names no `edited_by` goes with
    /// [`Change`](Ability::Change); it is told by itself where a newer catalog makes that otherwise.
    EditProperty(String),
    /// To give a role (A2): a system role, or a role of the account that inherits one. The rights for
    /// all roles that it inherits are counted in.
    AssignRole(String),
    /// To take a role away; the same roles.
    RevokeRole(String),
    /// To give the roles that the account made and that inherit no system role.
    AssignAccountRoles,
    /// To take these away.
    RevokeAccountRoles,
}

impl Ability {
    /// What several of a kind are called together, and the name of this one among them.
    fn heading(&self) -> (Heading, String) {
        match self {
            Ability::Operation(name) => (Heading::Operation, quoted(name)),
            Ability::Field { r#type, path } => (Heading::Field, quoted(&format!("{type}.{path}"))),
            Ability::OwnContribution { r#type, path } => {
                (Heading::Contribution, quoted(&format!("{type}.{path}")))
            }
            Ability::Change(kind) => (Heading::Right, quoted(kind.as_str())),
            Ability::ChangeSetting(permission) => (Heading::Setting, quoted(permission)),
            Ability::EditProperty(property) => (Heading::Property, quoted(property)),
            Ability::AssignRole(role) => (Heading::Assign, quoted(role)),
            Ability::RevokeRole(role) => (Heading::Revoke, quoted(role)),
            Ability::AssignAccountRoles => (Heading::Assign, "roles of the account".to_owned()),
            Ability::RevokeAccountRoles => (Heading::Revoke, "roles of the account".to_owned()),
        }
    }

    /// Whether it is a field, one's own contributions to it included.
    pub(crate) fn is_field(&self) -> bool {
        matches!(
            self,
            Ability::Field { .. } | Ability::OwnContribution { .. }
        )
    }

    /// Whether it is an operation.
    pub(crate) fn is_operation(&self) -> bool {
        matches!(self, Ability::Operation(_))
    }
}

/// What abilities of a kind are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Heading {
    Operation,
    Field,
    Contribution,
    Right,
    Setting,
    Property,
    Assign,
    Revoke,
}

impl Heading {
    fn words(self, is_one: bool) -> &'static str {
        match (self, is_one) {
            (Heading::Operation, _) => "",
            (Heading::Field, true) => "field ",
            (Heading::Field, false) => "fields ",
            (Heading::Contribution, _) => "own contributions to ",
            (Heading::Right, true) => "right ",
            (Heading::Right, false) => "rights ",
            (Heading::Setting, _) => "right to change the setting of ",
            (Heading::Property, true) => "right to edit property ",
            (Heading::Property, false) => "right to edit properties ",
            (Heading::Assign, _) => "right to give ",
            (Heading::Revoke, _) => "right to take away ",
        }
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (heading, name) = self.heading();
        write!(f, "{}{name}", heading.words(true))
    }
}
