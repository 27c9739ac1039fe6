//! The smallest parts of a remedy, and the changes that they come to.

use std::collections::BTreeMap;

use super::case::Case;
use crate::Scope;
use crate::admin::Change;
use crate::document::{DenialDocument, GrantDocument};
use crate::engine::Held;

/// A part of a remedy, by number. Several edits of one role are one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    /// Ends the suspension.
    Reinstate,
    /// Enables a feature.
    Enable(u16),
    /// Moves an adjustable permission to a system role more junior.
    Set { permission: u16, role: u32 },
    /// Adds a grant to a role, or widens the one that it has.
    Grant {
        role: u32,
        permission: u16,
        scope: u8,
    },
    /// Takes a deny, by its place, out of a role; wherever else the same is written, it goes with it.
    Lift { role: u32, denial: usize },
    /// Puts a role in a package.
    Fill { package: u32, role: u32 },
    /// Assigns to the user.
    Assign(Held),
    /// Takes an assignment from the user.
    Revoke(Held),
}

impl Step {
    /// The role that it edits.
    fn edits(self) -> Option<u32> {
        match self {
            Step::Grant { role, .. } | Step::Lift { role, .. } => Some(role),
            _ => None,
        }
    }

    /// Whether it is the other, or the same grant at a narrower scope.
    pub(super) fn is_no_more_than(self, other: Step) -> bool {
        match (self, other) {
            (
                Step::Grant {
                    role,
                    permission,
                    scope,
                },
                Step::Grant {
                    role: other_role,
                    permission: other_permission,
                    scope: other_scope,
                },
            ) => {
                let is_same = (role, permission) == (other_role, other_permission);
                is_same && scope <= other_scope
            }
            (own, other) => own == other,
        }
    }

    /// Whether it can only ever allow more, whatever it is made with (law 4), and no guard is in its way
    /// for what is made beside it. Assigning brings denies, revoking takes grants; what a setting gives
    /// to a role may be denied to those who must hold it whole (A5).
    pub(super) fn only_opens(self) -> bool {
        match self {
            Step::Reinstate | Step::Enable(_) | Step::Grant { .. } | Step::Lift { .. } => true,
            Step::Set { .. } | Step::Fill { .. } | Step::Assign(_) | Step::Revoke(_) => false,
        }
    }
}

/// How many changes some steps are.
pub(super) fn count(steps: &[Step]) -> usize {
    let mut edited: Vec<u32> = steps.iter().filter_map(|it| it.edits()).collect();
    let others = steps.len() - edited.len();
    edited.sort_unstable();
    edited.dedup();
    others + edited.len()
}

/// The changes that some steps are, in an order of their own; `None` where one names what is not there.
pub(super) fn changes(case: &Case<'_>, steps: &[Step]) -> Option<Vec<Change>> {
    let state = case.state;
    let model = state.model();
    let user = || Some(state.user_id(case.user?)?.to_owned());
    let role_id = |role: u32| Some(state.role_id(role)?.to_owned());
    let package_id = |package: u32| Some(state.package_id(package)?.to_owned());
    let path = |permission: u16| {
        let known = model.permissions.get(permission as usize)?;
        Some(known.path.to_string())
    };
    let mut steps = steps.to_vec();
    steps.sort_unstable();
    let mut changes = Vec::new();
    let mut edits: BTreeMap<u32, Vec<Step>> = BTreeMap::new();
    for step in &steps {
        if let Some(role) = step.edits() {
            edits.entry(role).or_default().push(*step);
        }
    }
    for step in steps {
        changes.push(match step {
            Step::Reinstate => Change::ReinstateUser { user: user()? },
            Step::Enable(feature) => Change::EnableFeature {
                feature: model.features.get(feature as usize)?.id.to_string(),
            },
            Step::Set { permission, role } => Change::ChangeSetting {
                permission: path(permission)?,
                role: Some(role_id(role)?),
            },
            Step::Grant { role, .. } | Step::Lift { role, .. } => match edits.remove(&role) {
                Some(edits) => edit(case, role, &edits)?,
                // With the first of them.
                None => continue,
            },
            Step::Fill { package, role } => Change::AddToPackage {
                package: package_id(package)?,
                role: role_id(role)?,
            },
            Step::Assign(Held::Role(role)) => Change::assign_role(user()?, role_id(role)?),
            Step::Assign(Held::Package(it)) => Change::assign_package(user()?, package_id(it)?),
            Step::Revoke(Held::Role(role)) => Change::revoke_role(user()?, role_id(role)?),
            Step::Revoke(Held::Package(it)) => Change::revoke_package(user()?, package_id(it)?),
        });
    }
    Some(changes)
}

/// One edit of a role. A grant of that node alone is widened in its place.
fn edit(case: &Case<'_>, role: u32, steps: &[Step]) -> Option<Change> {
    let text = case.state.role_text(role)?;
    let mut grants = text.grants.to_vec();
    let mut lifted = Vec::new();
    for step in steps {
        match *step {
            Step::Grant {
                permission, scope, ..
            } => {
                let known = case.state.model().permissions.get(permission as usize)?;
                let scope = Scope::from_u8(scope)?;
                let mut same = grants.iter_mut();
                let same = same.find(|it| *it.select == *known.path && it.except.is_empty());
                match same {
                    Some(grant) => grant.scope = Some(scope),
                    None => grants.push(GrantDocument {
                        select: known.path.to_string(),
                        // Written as people write it, where there is nothing to choose.
                        scope: Some(scope).filter(|it| known.scopes.only() != Some(*it)),
                        except: Vec::new(),
                    }),
                }
            }
            Step::Lift { denial, .. } => lifted.extend(text.denies.get(denial)),
            _ => {}
        }
    }
    let denies = text.denies.iter();
    let denies = denies.filter(|denial| !lifted.iter().any(|it| are_same(it, denial)));
    Some(Change::EditRole {
        role: case.state.role_id(role)?.to_owned(),
        grants,
        denies: denies.cloned().collect(),
        since: None,
    })
}

/// Whether two denies say the same.
pub(super) fn are_same(one: &DenialDocument, other: &DenialDocument) -> bool {
    let within = |a: &[String], b: &[String]| a.iter().all(|it| b.contains(it));
    one.select == other.select
        && within(&one.except, &other.except)
        && within(&other.except, &one.except)
}
