//! What each part of a remedy is, for people.

use std::fmt;

use serde::Serialize;

use super::super::Named;
use super::super::sources::Names;
use super::case::Case;
use super::step::Step;
use crate::Scope;
use crate::document::problem::named;
use crate::engine::Held;

/// One part of a remedy that cannot be left out. Several mends of one role are one change.
///
/// Its `Display` says it in English: ``put role `editor` (Editor) in package `pro` ``.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "mend", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mend {
    /// End a user's suspension (D2).
    Reinstate {
        /// The user.
        user: String,
    },
    /// Enable a feature (D6).
    EnableFeature {
        /// The feature.
        feature: String,
    },
    /// Move the setting of an adjustable permission (D13).
    MoveSetting {
        /// The permission.
        permission: Named,
        /// The system role that has it from then on.
        role: Named,
    },
    /// Let a role grant a permission, or further than it does.
    Grant {
        /// The role.
        role: Named,
        /// The permission.
        permission: Named,
        /// How far.
        scope: Scope,
    },
    /// Take a deny out of a role (D4).
    LiftDeny {
        /// The role.
        role: Named,
        /// What the deny selects.
        select: String,
        /// Its exceptions.
        except: Vec<String>,
    },
    /// Put a role in a package that the user has.
    AddToPackage {
        /// The package.
        package: Named,
        /// The role.
        role: Named,
    },
    /// Assign a role.
    AssignRole {
        /// To whom.
        user: String,
        /// The role.
        role: Named,
    },
    /// Assign a package.
    AssignPackage {
        /// To whom.
        user: String,
        /// The package.
        package: Named,
    },
    /// Take away a role that denies.
    RevokeRole {
        /// From whom.
        user: String,
        /// The role.
        role: Named,
    },
    /// Take away a package with a role that denies.
    RevokePackage {
        /// From whom.
        user: String,
        /// The package.
        package: Named,
    },
}

/// What a step is; `None` where it names what is not there.
pub(super) fn mend(case: &Case<'_>, names: &Names<'_>, step: Step) -> Option<Mend> {
    let state = case.state;
    let user = || Some(state.user_id(case.user?)?.to_owned());
    Some(match step {
        Step::Reinstate => Mend::Reinstate { user: user()? },
        Step::Enable(feature) => Mend::EnableFeature {
            feature: names.feature(feature),
        },
        Step::Set { permission, role } => Mend::MoveSetting {
            permission: names.permission(permission),
            role: names.role(role),
        },
        Step::Grant {
            role,
            permission,
            scope,
        } => Mend::Grant {
            role: names.role(role),
            permission: names.permission(permission),
            scope: Scope::from_u8(scope)?,
        },
        Step::Lift { role, denial } => {
            let deny = state.role_text(role)?.denies.get(denial)?;
            Mend::LiftDeny {
                role: names.role(role),
                select: deny.select.clone(),
                except: deny.except.clone(),
            }
        }
        Step::Fill { package, role } => Mend::AddToPackage {
            package: names.package(package),
            role: names.role(role),
        },
        Step::Assign(Held::Role(role)) => Mend::AssignRole {
            user: user()?,
            role: names.role(role),
        },
        Step::Assign(Held::Package(package)) => Mend::AssignPackage {
            user: user()?,
            package: names.package(package),
        },
        Step::Revoke(Held::Role(role)) => Mend::RevokeRole {
            user: user()?,
            role: names.role(role),
        },
        Step::Revoke(Held::Package(package)) => Mend::RevokePackage {
            user: user()?,
            package: names.package(package),
        },
    })
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mend::Reinstate { user } => write!(f, "reinstate {}", named(user)),
            Mend::EnableFeature { feature } => write!(f, "enable feature {}", named(feature)),
            Mend::MoveSetting { permission, role } => {
                write!(f, "let the setting of {permission} name role {role}")
            }
            Mend::Grant {
                role,
                permission,
                scope,
            } => write!(f, "let role {role} grant {permission} at `{scope}`"),
            Mend::LiftDeny {
                role,
                select,
                except,
            } => {
                write!(f, "let role {role} no longer deny {}", named(select))?;
                let mut except = except.iter();
                if let Some(first) = except.next() {
                    write!(f, " (except {}", named(first))?;
                    except.try_for_each(|it| write!(f, ", {}", named(it)))?;
                    f.write_str(")")?;
                }
                Ok(())
            }
            Mend::AddToPackage { package, role } => {
                write!(f, "put role {role} in package {package}")
            }
            Mend::AssignRole { user, role } => write!(f, "assign role {role} to {}", named(user)),
            Mend::AssignPackage { user, package } => {
                write!(f, "assign package {package} to {}", named(user))
            }
            Mend::RevokeRole { user, role } => write!(f, "take role {role} from {}", named(user)),
            Mend::RevokePackage { user, package } => {
                write!(f, "take package {package} from {}", named(user))
            }
        }
    }
}
