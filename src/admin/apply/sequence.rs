//! The order in which the changes of a transaction are made: as written, but that guards are asked of the
//! state after (A1).
//!
//! A guard may speak against a change only as long as a later one has not been made: a role is in use until
//! it is revoked, an edge closes a cycle until another is taken out, a name is taken until its owner is
//! deleted. Such a change waits, and so does whatever comes after it and concerns the same thing. What is
//! made in the end is an order in which the actor could have written the changes, and in which those that
//! concern one thing stand as they were written; so nobody comes to anything by it.

use std::collections::HashMap;

use super::super::change::{Change, UsedIdKind};
use super::super::refusal::{Named, Refusal};
use super::passing_over::Repeats;
use super::{Transaction, may_say_nothing};
use crate::engine::{Draft, State};

/// How often those that wait are looked at again, at most.
const PASSES: usize = 64;

/// How many changes may be tried in every order there is.
const FEW: usize = 4;

/// Whether a guard of the state after may do without a refusal: then the change waits for the others.
fn waits(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Exists { .. }
            | Refusal::UsedId { .. }
            | Refusal::Cycle { .. }
            | Refusal::TooMany { .. }
            | Refusal::RoleInUse { .. }
            | Refusal::PackageInUse { .. }
            | Refusal::PositionInUse { .. }
    )
}

impl Transaction {
    /// Makes changes, each when no guard speaks against it any more. `watch` is shown the states in between.
    pub(super) fn make_all(
        &mut self,
        changes: &[Change],
        watch: &mut dyn FnMut(usize, &State),
    ) -> Result<(), (usize, Refusal)> {
        watch(0, self.now());
        let mut made = 0;
        let mut left: Vec<usize> = (0..changes.len()).collect();
        let mut passes = 0;
        loop {
            passes += 1;
            let mut waiting = Waiting::default();
            for (number, change) in left.iter().filter_map(|it| Some((*it, changes.get(*it)?))) {
                if waiting.holds_up(change) {
                    waiting.add(number, change, None);
                    continue;
                }
                match self.attempt(change) {
                    Ok(()) => {
                        made += 1;
                        watch(made, self.now());
                    }
                    Err(refusal) if self.passes_over(&refusal) => {
                        self.passed_over.push(number);
                    }
                    Err(refusal) if waits(&refusal) => {
                        waiting.add(number, change, Some(refusal));
                    }
                    Err(refusal) => return Err((number, refusal)),
                }
            }
            match waiting.first {
                None => return Ok(()),
                Some(first) if waiting.numbers.len() == left.len() || passes == PASSES => {
                    return Err(first);
                }
                Some(_) => left = waiting.numbers,
            }
        }
    }

    /// An order in which all of the changes can be made and after which `keeps` is true. Where they are few,
    /// it is found if there is one.
    pub(super) fn some_order(
        mut self,
        changes: &[Change],
        keeps: impl Fn(&Transaction) -> bool,
    ) -> Option<Vec<usize>> {
        let begun = self.draft.clone();
        let written: Vec<usize> = (0..changes.len()).collect();
        // To look at a whole policy takes its time.
        if changes.len() > FEW || changes.iter().any(replaces_a_whole) {
            let reversed = written.iter().rev().copied().collect();
            return [written, reversed].into_iter().find_map(|looked_at| {
                self.begin_again(&begun);
                let order = self.eagerly(changes, looked_at)?;
                keeps(&self).then_some(order)
            });
        }
        orders(changes.len()).into_iter().find(|order| {
            self.begin_again(&begun);
            let mut changes = order.iter().filter_map(|it| changes.get(*it));
            changes.all(|change| match self.attempt(change) {
                Ok(()) => true,
                Err(refusal) => self.passes_over(&refusal),
            }) && keeps(&self)
        })
    }

    fn begin_again(&mut self, begun: &Draft) {
        self.draft = begun.clone();
        self.may_reach_more.clear();
    }

    /// Makes whatever can be made, deletions last, since the others may still need what they delete.
    fn eagerly(&mut self, changes: &[Change], mut left: Vec<usize>) -> Option<Vec<usize>> {
        let mut order = Vec::with_capacity(changes.len());
        while !left.is_empty() {
            let made_before = order.len();
            for is_deletion in [false, true] {
                for &number in &left {
                    let change = changes.get(number)?;
                    let is_due = Concerns::of(change).frees.is_some() == is_deletion;
                    if !is_due || (is_deletion && order.len() > made_before) {
                        continue;
                    }
                    match self.attempt(change) {
                        Ok(()) => order.push(number),
                        Err(refusal) if self.passes_over(&refusal) => order.push(number),
                        Err(refusal) if refusal.is_authority() => return None,
                        Err(_) => {}
                    }
                }
            }
            if order.len() == made_before {
                return None;
            }
            left.retain(|it| !order.contains(it));
        }
        Some(order)
    }

    fn passes_over(&self, refusal: &Refusal) -> bool {
        self.repeats == Repeats::PassOver && matches!(refusal, Refusal::NothingToChange)
    }

    /// Makes a change, or leaves everything as it was.
    fn attempt(&mut self, change: &Change) -> Result<(), Refusal> {
        // In others, guards speak before the first step.
        let steps_first = replaces_a_whole(change);
        // Others ask who stands below whom, and of many people.
        if !changes_positions(change) {
            self.may_reach_more.clear();
            let settled = self.draft.settle();
            settled.map_err(|it| self.no_hierarchy(it))?;
        }
        let kept = steps_first.then(|| self.draft.clone());
        let made = match self.change(change) {
            Err(Refusal::NothingToChange) if self.is_replayed() && may_say_nothing(change) => {
                Ok(())
            }
            made => made,
        };
        if !changes_positions(change) {
            self.may_reach_more.clear();
        }
        if made.is_err()
            && let Some(kept) = kept
        {
            self.draft = kept;
            self.importing = false;
        }
        made
    }
}

/// Returns whether a change replaces the policy, or the reporting hierarchy, in many steps.
fn replaces_a_whole(change: &Change) -> bool {
    matches!(
        change,
        Change::ImportPolicy { .. } | Change::ReplaceHierarchy { .. }
    )
}

/// Returns whether a change is one of positions alone.
fn changes_positions(change: &Change) -> bool {
    matches!(
        change,
        Change::CreatePosition { .. }
            | Change::DescribePosition { .. }
            | Change::MovePosition { .. }
            | Change::DeletePosition { .. }
    )
}

/// Every order of so few things, those like the first one first.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..of {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            let more = (0..of).filter(|it| !order.contains(it));
            more.map(|it| order.iter().copied().chain([it]).collect())
        });
        all = longer.collect();
    }
    all
}

/// Changes that wait for others.
#[derive(Default)]
struct Waiting<'c> {
    numbers: Vec<usize>,
    first: Option<(usize, Refusal)>,
    /// What they concern, each by the first.
    things: HashMap<Thing<'c>, Claim>,
    packages: Extent,
    positions: Extent,
    policy: Extent,
}

/// What a change concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Thing<'c> {
    Role(&'c str),
    Package(&'c str),
    Position(&'c str),
    User(&'c str),
    Setting(&'c str),
    Feature(&'c str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It is to be made, once its name is free.
    Name,
    /// It is to be deleted, and its name may be another's then.
    Gone,
    Other,
}

/// How much of a kind waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Extent {
    #[default]
    Nothing,
    Some,
    All,
}

impl<'c> Waiting<'c> {
    /// Whether a change concerns what an earlier one that waits does.
    fn holds_up(&self, change: &Change) -> bool {
        let concerns = Concerns::of(change);
        let (packages, positions, policy) = (self.packages, self.positions, self.policy);
        let is_held = |thing: &Thing<'_>| {
            let frees = concerns.frees == Some(*thing);
            let is_policy = concerns.used_ids || !matches!(thing, Thing::User(_));
            let is_package = matches!(thing, Thing::Package(_));
            let is_position = matches!(thing, Thing::Position(_));
            match self.things.get(thing) {
                Some(Claim::Name) if frees => false,
                Some(_) => true,
                None => {
                    (is_policy && policy == Extent::All)
                        || (is_package && packages == Extent::All)
                        || (is_position && positions == Extent::All)
                }
            }
        };
        let is_about_to_change =
            |thing: &Thing<'_>| matches!(self.things.get(thing), Some(Claim::Name | Claim::Gone));
        concerns.things.iter().any(is_held)
            || concerns.given.iter().any(is_about_to_change)
            || (concerns.packages && packages != Extent::Nothing)
            || (concerns.positions && positions != Extent::Nothing)
            || (concerns.policy && policy != Extent::Nothing)
            || ((concerns.packages || concerns.positions) && policy == Extent::All)
    }

    fn add(&mut self, number: usize, change: &'c Change, refusal: Option<Refusal>) {
        self.numbers.push(number);
        let concerns = Concerns::of(change);
        let is_for_name = |thing: &Thing<'_>| {
            matches!(
                &refusal,
                Some(Refusal::Exists { what, id } | Refusal::UsedId { what, id })
                    if thing.name() == Some((*what, id))
            )
        };
        let made = concerns.makes.filter(is_for_name);
        for thing in concerns.things {
            let claim = if made == Some(thing) {
                Claim::Name
            } else if concerns.frees == Some(thing) {
                Claim::Gone
            } else {
                Claim::Other
            };
            let first = self.things.entry(thing).or_insert(claim);
            if *first == Claim::Other {
                *first = claim;
            }
            if !matches!(thing, Thing::User(_)) && self.policy == Extent::Nothing {
                self.policy = Extent::Some;
            }
            if matches!(thing, Thing::Package(_)) && self.packages == Extent::Nothing {
                self.packages = Extent::Some;
            }
            if matches!(thing, Thing::Position(_)) && self.positions == Extent::Nothing {
                self.positions = Extent::Some;
            }
        }
        if concerns.packages {
            self.packages = Extent::All;
        }
        if concerns.positions {
            self.positions = Extent::All;
        }
        let is_some = concerns.packages || concerns.positions || concerns.used_ids;
        if concerns.policy {
            self.policy = Extent::All;
        } else if is_some && self.policy == Extent::Nothing {
            self.policy = Extent::Some;
        }
        if let Some(refusal) = refusal {
            self.first.get_or_insert((number, refusal));
        }
    }
}

/// What a change concerns, read or written, beyond that it must be there.
#[derive(Default)]
struct Concerns<'c> {
    things: Vec<Thing<'c>>,
    makes: Option<Thing<'c>>,
    /// What it gives, or places somebody in: the thing that has the name when its turn comes.
    given: Vec<Thing<'c>>,
    /// Whose name it gives free.
    frees: Option<Thing<'c>>,
    /// Every package.
    packages: bool,
    /// Every position.
    positions: bool,
    /// Everything but users.
    policy: bool,
    used_ids: bool,
}

impl<'c> Concerns<'c> {
    fn of(change: &'c Change) -> Concerns<'c> {
        let one = |thing| Concerns {
            things: vec![thing],
            ..Concerns::default()
        };
        let makes = |thing| Concerns {
            makes: Some(thing),
            ..one(thing)
        };
        let frees = |thing| Concerns {
            frees: Some(thing),
            ..one(thing)
        };
        let giving = |concerns: Concerns<'c>, given: Vec<Thing<'c>>| Concerns { given, ..concerns };
        let roles = |ids: &'c [String]| ids.iter().map(|it| Thing::Role(it)).collect();
        let positions = |ids: &'c [String]| ids.iter().map(|it| Thing::Position(it)).collect();
        match change {
            Change::CreateRole { role } => {
                giving(makes(Thing::Role(&role.id)), roles(&role.inherits))
            }
            Change::CopyRole { role, id, .. } => Concerns {
                things: vec![Thing::Role(id), Thing::Role(role)],
                ..makes(Thing::Role(id))
            },
            Change::DeleteRole { role } => frees(Thing::Role(role)),
            Change::DescribeRole { role, .. }
            | Change::EditRole { role, .. }
            | Change::CheckPermission { role, .. }
            | Change::UncheckPermission { role, .. }
            | Change::SetPermission { role, .. }
            | Change::ClearPermission { role, .. }
            | Change::RemoveInheritance { role, .. } => one(Thing::Role(role)),
            Change::AddInheritance { role, junior } => {
                giving(one(Thing::Role(role)), vec![Thing::Role(junior)])
            }
            Change::CreatePackage { package } => {
                giving(makes(Thing::Package(&package.id)), roles(&package.roles))
            }
            Change::DeletePackage { package } => frees(Thing::Package(package)),
            Change::DescribePackage { package, .. } | Change::RemoveFromPackage { package, .. } => {
                one(Thing::Package(package))
            }
            Change::AddToPackage { package, role } => {
                giving(one(Thing::Package(package)), vec![Thing::Role(role)])
            }
            Change::ReplaceInPackages { with, .. } => Concerns {
                packages: true,
                given: vec![Thing::Role(with)],
                ..Concerns::default()
            },
            Change::CreatePosition { position } => giving(
                makes(Thing::Position(&position.id)),
                positions(&position.reports_to),
            ),
            Change::DeletePosition { position } => frees(Thing::Position(position)),
            Change::DescribePosition { position, .. } => one(Thing::Position(position)),
            Change::MovePosition {
                position,
                reports_to,
            } => giving(one(Thing::Position(position)), positions(reports_to)),
            Change::CreateUser { user } | Change::RestoreUser { user } => {
                let roles = user.roles.iter().map(|it| Thing::Role(&it.id));
                let packages = user.packages.iter().map(|it| Thing::Package(&it.id));
                let position = user.position.iter().map(|it| Thing::Position(it));
                giving(
                    makes(Thing::User(&user.id)),
                    roles.chain(packages).chain(position).collect(),
                )
            }
            Change::ReplaceHierarchy { .. } => Concerns {
                positions: true,
                ..Concerns::default()
            },
            Change::RemoveUser { user } => frees(Thing::User(user)),
            Change::DescribeUser { user, .. }
            | Change::SuspendUser { user }
            | Change::ReinstateUser { user }
            | Change::SetProperty { user, .. }
            | Change::RevokeRole { user, .. }
            | Change::RevokePackage { user, .. } => one(Thing::User(user)),
            Change::PlaceUser { user, position } => giving(
                one(Thing::User(user)),
                position.iter().map(|it| Thing::Position(it)).collect(),
            ),
            Change::AssignRole { user, role, .. } => {
                giving(one(Thing::User(user)), vec![Thing::Role(role)])
            }
            Change::ExchangeRole { user, with, .. } => {
                giving(one(Thing::User(user)), vec![Thing::Role(with)])
            }
            Change::AssignPackage { user, package, .. } => {
                giving(one(Thing::User(user)), vec![Thing::Package(package)])
            }
            Change::EnableFeature { feature } | Change::DisableFeature { feature } => {
                one(Thing::Feature(feature))
            }
            Change::ChangeSetting { permission, .. } => one(Thing::Setting(permission)),
            Change::ImportPolicy { .. } => Concerns {
                policy: true,
                ..Concerns::default()
            },
            Change::ForgetId { kind, id } => Concerns {
                used_ids: true,
                ..frees(match kind {
                    UsedIdKind::User => Thing::User(id),
                    UsedIdKind::Role => Thing::Role(id),
                    UsedIdKind::Position => Thing::Position(id),
                })
            },
        }
    }
}

impl<'c> Thing<'c> {
    /// As refusals name it; settings and features have no names of their own.
    fn name(self) -> Option<(Named, &'c str)> {
        match self {
            Thing::Role(id) => Some((Named::Role, id)),
            Thing::Package(id) => Some((Named::Package, id)),
            Thing::Position(id) => Some((Named::Position, id)),
            Thing::User(id) => Some((Named::User, id)),
            Thing::Setting(_) | Thing::Feature(_) => None,
        }
    }
}
