//! What the subject would hold after some steps: a model to propose by. What is proposed is then tried.

use std::cell::OnceCell;
use std::collections::VecDeque;

use foldhash::HashSet;

use super::super::Asker;
use super::case::Case;
use super::step::{Step, are_same};
use crate::Scope;
use crate::catalog::is_denied_by;
use crate::document::DenialDocument;
use crate::engine::{Assigned, Held};

/// The subject after some steps.
pub(super) struct Standing<'c, 's> {
    case: &'c Case<'s>,
    steps: &'c [Step],
    /// The roles whose grants are theirs, juniors aside.
    granting: Vec<u32>,
    /// The roles whose denies bind them, juniors aside, and the assignment that brings each.
    denying: Vec<(u32, Option<Held>)>,
    below: OnceCell<HashSet<u32>>,
}

/// A deny that binds the subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) role: u32,
    /// Its place in the role.
    pub(super) denial: usize,
    /// An assignment by which it came, `None` where the subject brings it.
    pub(super) by: Option<Held>,
}

impl<'c, 's> Standing<'c, 's> {
    pub(super) fn after(case: &'c Case<'s>, steps: &'c [Step]) -> Standing<'c, 's> {
        let by_directory = directory(case, steps);
        let roles = by_directory.iter().map(|(role, _)| *role);
        let mut standing = Standing {
            case,
            steps,
            granting: match case.kind {
                Asker::User => roles.collect(),
                Asker::Token | Asker::Role => case.brought.clone(),
            },
            denying: Vec::new(),
            below: OnceCell::new(),
        };
        // What the directory denies the user behind a token binds it too (D18).
        let brought = case.brought.iter().map(|role| (*role, None));
        standing.denying = brought.chain(by_directory).collect();
        standing
    }

    /// The widest scope granted, 0 for none.
    pub(super) fn granted(&self, permission: u16) -> u8 {
        let state = self.case.state;
        let closures = self
            .granting
            .iter()
            .filter_map(|it| state.role_closure(*it));
        let stored = closures.map(|it| it.granted(permission)).max();
        let given = self.steps.iter().filter_map(|step| match *step {
            Step::Grant {
                role,
                permission: given,
                scope,
            } if given == permission && self.has(role) => Some(scope),
            Step::Set {
                permission: given,
                role,
            } if given == permission && self.has(role) => Some(Scope::All as u8),
            _ => None,
        });
        given.chain(stored).max().unwrap_or(0)
    }

    /// Whether the role's grants are the subject's.
    pub(super) fn has(&self, role: u32) -> bool {
        let is_less = self.steps.iter().any(|it| matches!(it, Step::Revoke(_)));
        if !is_less && self.case.granting().contains(&role) {
            return true;
        }
        let is_more = |it: &Step| matches!(it, Step::Assign(_) | Step::Fill { .. });
        if !is_less && !self.steps.iter().any(is_more) {
            return false;
        }
        let below = self.below.get_or_init(|| {
            let all = self.case.state.granting(self.granting.clone());
            all.into_iter().collect()
        });
        below.contains(&role)
    }

    /// A deny of the permission that no step lifts.
    pub(super) fn denial(&self, permission: u16) -> Option<Source> {
        let state = self.case.state;
        let denies = |role: u32| {
            let closure = state.role_closure(role);
            closure.is_some_and(|it| it.denied(permission))
        };
        let mut seen: HashSet<u32> = HashSet::default();
        for &(root, by) in self.denying.iter().filter(|(role, _)| denies(*role)) {
            let mut waiting = VecDeque::from([root]);
            while let Some(role) = waiting.pop_front() {
                if !seen.insert(role) {
                    continue;
                }
                if let Some(denial) = self.denial_of(role, permission) {
                    return Some(Source { role, denial, by });
                }
                let juniors = state.role_juniors(role).unwrap_or_default();
                waiting.extend(juniors.iter().copied().filter(|it| denies(*it)));
            }
        }
        None
    }

    fn denial_of(&self, role: u32, permission: u16) -> Option<usize> {
        let text = self.case.state.role_text(role)?;
        let model = self.case.state.model();
        let lifted: Vec<&DenialDocument> = self
            .steps
            .iter()
            .filter_map(|step| match *step {
                Step::Lift { role: of, denial } if of == role => text.denies.get(denial),
                _ => None,
            })
            .collect();
        text.denies.iter().position(|denial| {
            !lifted.iter().any(|it| are_same(it, denial))
                && is_denied_by(model, denial, text.version, permission)
        })
    }
}

/// What the directory assigns the user after some steps, role by role.
fn directory(case: &Case<'_>, steps: &[Step]) -> Vec<(u32, Option<Held>)> {
    let assigned = case.user.and_then(|user| case.state.user_assignments(user));
    let Assigned {
        mut roles,
        mut packages,
    } = assigned.cloned().unwrap_or_default();
    let mut filled = Vec::new();
    for step in steps {
        match *step {
            Step::Assign(Held::Role(role)) => roles.push(role),
            Step::Assign(Held::Package(package)) => packages.push(package),
            Step::Revoke(Held::Role(role)) => roles.retain(|it| *it != role),
            Step::Revoke(Held::Package(package)) => packages.retain(|it| *it != package),
            Step::Fill { package, role } => filled.push((package, role)),
            _ => {}
        }
    }
    let mut all: Vec<(u32, Option<Held>)> = Vec::new();
    all.extend(roles.into_iter().map(|it| (it, Some(Held::Role(it)))));
    for package in packages {
        let by = Some(Held::Package(package));
        let stored = case.state.package_roles(package).unwrap_or_default();
        all.extend(stored.iter().map(|role| (*role, by)));
        let more = filled.iter().filter(|(it, _)| *it == package);
        all.extend(more.map(|(_, role)| (*role, by)));
    }
    all
}
