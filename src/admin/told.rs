//! Changes in words.

use std::fmt;

use super::change::{Change, UsedIdKind};
use crate::document::problem::quoted;

/// A short line that tells changes apart, `` assign role `editor` to `ann` ``: which it is, of what. It has ids, and
/// never a name or a property of anybody.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let q = |id: &str| quoted(id);
        match self {
            Change::CreateRole { role } => write!(f, "create role {}", q(&role.id)),
            Change::DescribeRole { role, .. } => write!(f, "describe role {}", q(role)),
            Change::CopyRole { role, id, .. } => write!(f, "copy role {} to {}", q(role), q(id)),
            Change::DeleteRole { role } => write!(f, "delete role {}", q(role)),
            Change::EditRole { role, .. } => write!(f, "edit role {}", q(role)),
            Change::CheckPermission {
                role, permission, ..
            } => write!(f, "check {} in role {}", q(permission), q(role)),
            Change::UncheckPermission { role, permission } => {
                write!(f, "uncheck {} in role {}", q(permission), q(role))
            }
            Change::SetPermission {
                role, permission, ..
            } => write!(f, "set {} in role {}", q(permission), q(role)),
            Change::ClearPermission { role, permission } => {
                write!(f, "clear {} in role {}", q(permission), q(role))
            }
            Change::AddInheritance { role, junior } => {
                write!(f, "let role {} inherit {}", q(role), q(junior))
            }
            Change::RemoveInheritance { role, junior } => {
                write!(f, "let role {} no longer inherit {}", q(role), q(junior))
            }
            Change::CreatePackage { package } => write!(f, "create package {}", q(&package.id)),
            Change::DescribePackage { package, .. } => {
                write!(f, "describe package {}", q(package))
            }
            Change::DeletePackage { package } => write!(f, "delete package {}", q(package)),
            Change::AddToPackage { package, role } => {
                write!(f, "put role {} in package {}", q(role), q(package))
            }
            Change::RemoveFromPackage { package, role } => {
                write!(f, "take role {} out of package {}", q(role), q(package))
            }
            Change::ReplaceInPackages { role, with } => {
                write!(f, "replace role {} by {} in packages", q(role), q(with))
            }
            Change::CreatePosition { position } => {
                write!(f, "create position {}", q(&position.id))
            }
            Change::DescribePosition { position, .. } => {
                write!(f, "describe position {}", q(position))
            }
            Change::MovePosition { position, .. } => write!(f, "move position {}", q(position)),
            Change::DeletePosition { position } => write!(f, "delete position {}", q(position)),
            Change::ReplaceHierarchy { .. } => f.write_str("replace the reporting hierarchy"),
            Change::RestoreUser { user } => write!(f, "restore user {}", q(&user.id)),
            Change::CreateUser { user } => write!(f, "create user {}", q(&user.id)),
            Change::DescribeUser { user, .. } => write!(f, "describe user {}", q(user)),
            Change::RemoveUser { user } => write!(f, "remove user {}", q(user)),
            Change::SuspendUser { user } => write!(f, "suspend user {}", q(user)),
            Change::ReinstateUser { user } => write!(f, "reinstate user {}", q(user)),
            Change::PlaceUser {
                user,
                position: Some(position),
            } => write!(f, "put user {} in position {}", q(user), q(position)),
            Change::PlaceUser {
                user,
                position: None,
            } => write!(f, "put user {} in no position", q(user)),
            Change::SetProperty {
                user,
                property,
                value,
            } => {
                let verb = if value.is_some() { "set" } else { "clear" };
                write!(f, "{verb} property {} of {}", q(property), q(user))
            }
            Change::AssignRole { user, role, .. } => {
                write!(f, "assign role {} to {}", q(role), q(user))
            }
            Change::RevokeRole { user, role } => {
                write!(f, "revoke role {} from {}", q(role), q(user))
            }
            Change::ExchangeRole { user, role, with } => write!(
                f,
                "exchange role {} of {} for {}",
                q(role),
                q(user),
                q(with)
            ),
            Change::AssignPackage { user, package, .. } => {
                write!(f, "assign package {} to {}", q(package), q(user))
            }
            Change::RevokePackage { user, package } => {
                write!(f, "revoke package {} from {}", q(package), q(user))
            }
            Change::EnableFeature { feature } => write!(f, "enable feature {}", q(feature)),
            Change::DisableFeature { feature } => write!(f, "disable feature {}", q(feature)),
            Change::ChangeSetting {
                permission,
                role: Some(role),
            } => write!(f, "set {} to {}", q(permission), q(role)),
            Change::ChangeSetting {
                permission,
                role: None,
            } => write!(f, "leave {} to its default", q(permission)),
            Change::ImportPolicy { .. } => f.write_str("import a policy"),
            Change::ForgetId { kind, id } => {
                let kind = match kind {
                    UsedIdKind::User => "user",
                    UsedIdKind::Role => "role",
                    UsedIdKind::Position => "position",
                };
                write!(f, "forget that {kind} {} was used", q(id))
            }
        }
    }
}
