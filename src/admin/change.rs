//! What an edit of a role ends in, as a value (A1).

use serde::{Deserialize, Serialize};

use crate::document::problem::quoted;
use crate::document::{DenialDocument, GrantDocument, PolicyDocument, RoleDocument};

/// One change to an account's policy, as the role editor ends in it.
///
/// As serde writes it, `{ "edit_role": { "role": "editor", "grants": ["contacts"], "denies": [] } }`.
///
/// ```
/// use bailiwick::admin::Change;
/// use bailiwick::document::{PolicyDocument, RoleDocument};
///
/// let mut policy = PolicyDocument::new(1);
/// let role = RoleDocument::new("editor").grant("contacts");
/// Change::CreateRole { role }.apply_to(&mut policy)?;
/// assert_eq!(policy.roles[0].id, "editor");
/// # Ok::<(), bailiwick::admin::ChangeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Change {
    /// Makes a role, with what it grants, denies and inherits.
    CreateRole {
        /// The role.
        role: RoleDocument,
    },
    /// Replaces what a role itself grants and denies.
    EditRole {
        /// The role.
        role: String,
        /// Its grants from now on.
        grants: Vec<GrantDocument>,
        /// Its denies from now on.
        denies: Vec<DenialDocument>,
        /// The revision of the engine in which the edit began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
    },
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The role to create exists.
    #[error("role {} exists already", quoted(.0))]
    RoleExists(String),
    /// The role to edit does not exist.
    #[error("unknown role {}", quoted(.0))]
    UnknownRole(String),
    /// The policy is of a later revision than the one in which the edit began.
    #[error("the policy was changed since revision `{since}`; it is at `{now}`")]
    Conflict {
        /// The revision in which the edit began.
        since: u64,
        /// The policy's revision.
        now: u64,
    },
}

impl Change {
    /// Makes the change in a policy document, which is then to be compiled: what the change grants is
    /// looked at there.
    ///
    /// # Errors
    /// A role that exists already, or does not; a policy whose revision is later than the one in which
    /// the edit began, so that nobody overwrites what somebody else has saved. The policy is then as
    /// it was.
    pub fn apply_to(self, policy: &mut PolicyDocument) -> Result<(), ChangeError> {
        match self {
            Change::CreateRole { role } => {
                if policy.roles.iter().any(|known| known.id == role.id) {
                    return Err(ChangeError::RoleExists(role.id));
                }
                policy.roles.push(role);
            }
            Change::EditRole {
                role,
                grants,
                denies,
                since,
            } => {
                let now = policy.revision.unwrap_or(1);
                if let Some(since) = since
                    && since < now
                {
                    return Err(ChangeError::Conflict { since, now });
                }
                match policy.roles.iter_mut().find(|known| known.id == role) {
                    Some(known) => {
                        known.grants = grants;
                        known.denies = denies;
                    }
                    None => return Err(ChangeError::UnknownRole(role)),
                }
            }
        }
        Ok(())
    }
}
