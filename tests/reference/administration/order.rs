//! A1: guards are asked of the state after, whatever the order. A change that a guard alone speaks against
//! waits for the others; what comes after it and concerns the same thing waits, too.

use bailiwick::admin::{Change, UsedIdKind};

use super::{Class, Classes};

/// What a change is about, apart from what it merely names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    Role(String),
    Package(String),
    Position(String),
    User(String),
    Setting(String),
    Feature(String),
    /// All packages.
    Packages,
    /// All positions.
    Positions,
    /// Everything but users.
    Policy,
}

impl About {
    pub(crate) fn meets(&self, other: &About) -> bool {
        let is_within = |whole: &About, part: &About| match (whole, part) {
            (About::Policy, About::User(_)) => false,
            (About::Policy, _) => true,
            (About::Packages, About::Package(_) | About::Packages) => true,
            (About::Positions, About::Position(_) | About::Positions) => true,
            _ => false,
        };
        self == other || is_within(self, other) || is_within(other, self)
    }
}

/// The things that a change is about.
pub(crate) fn about(change: &Change) -> Vec<About> {
    match change {
        Change::CreateRole { role } => vec![About::Role(role.id.clone())],
        Change::CopyRole { role, id, .. } => {
            vec![About::Role(id.clone()), About::Role(role.clone())]
        }
        Change::DescribeRole { role, .. }
        | Change::DeleteRole { role }
        | Change::EditRole { role, .. }
        | Change::CheckPermission { role, .. }
        | Change::UncheckPermission { role, .. }
        | Change::SetPermission { role, .. }
        | Change::ClearPermission { role, .. }
        | Change::AddInheritance { role, .. }
        | Change::RemoveInheritance { role, .. } => vec![About::Role(role.clone())],
        Change::CreatePackage { package } => vec![About::Package(package.id.clone())],
        Change::DescribePackage { package, .. }
        | Change::DeletePackage { package }
        | Change::AddToPackage { package, .. }
        | Change::RemoveFromPackage { package, .. } => vec![About::Package(package.clone())],
        Change::ReplaceInPackages { .. } => vec![About::Packages],
        Change::CreatePosition { position } => vec![About::Position(position.id.clone())],
        Change::DescribePosition { position, .. }
        | Change::MovePosition { position, .. }
        | Change::DeletePosition { position } => vec![About::Position(position.clone())],
        Change::ReplaceHierarchy { .. } => vec![About::Positions],
        Change::CreateUser { user } | Change::RestoreUser { user } => {
            vec![About::User(user.id.clone())]
        }
        Change::DescribeUser { user, .. }
        | Change::RemoveUser { user }
        | Change::SuspendUser { user }
        | Change::ReinstateUser { user }
        | Change::PlaceUser { user, .. }
        | Change::SetProperty { user, .. }
        | Change::AssignRole { user, .. }
        | Change::RevokeRole { user, .. }
        | Change::ExchangeRole { user, .. }
        | Change::AssignPackage { user, .. }
        | Change::RevokePackage { user, .. } => vec![About::User(user.clone())],
        Change::EnableFeature { feature } | Change::DisableFeature { feature } => {
            vec![About::Feature(feature.clone())]
        }
        Change::ChangeSetting { permission, .. } => vec![About::Setting(permission.clone())],
        Change::ImportPolicy { .. } => vec![About::Policy],
        Change::ForgetId { kind, id } => vec![match kind {
            UsedIdKind::User => About::User(id.clone()),
            UsedIdKind::Role => About::Role(id.clone()),
            UsedIdKind::Position => About::Position(id.clone()),
        }],
        _ => panic!("a change of a new kind: {change:?}"),
    }
}

/// The things that a change gives to others, or lets them stand below: those that have the names then.
fn gives(change: &Change) -> Vec<About> {
    let roles = |ids: &[String]| ids.iter().cloned().map(About::Role).collect();
    let positions = |ids: &[String]| ids.iter().cloned().map(About::Position).collect();
    match change {
        Change::CreateRole { role } => roles(&role.inherits),
        Change::AddInheritance { junior, .. } => vec![About::Role(junior.clone())],
        Change::CreatePackage { package } => roles(&package.roles),
        Change::AddToPackage { role, .. } => vec![About::Role(role.clone())],
        Change::ReplaceInPackages { with, .. } => vec![About::Role(with.clone())],
        Change::CreatePosition { position } => positions(&position.reports_to),
        Change::MovePosition { reports_to, .. } => positions(reports_to),
        Change::CreateUser { user } | Change::RestoreUser { user } => {
            let roles = user.roles.iter().map(|it| About::Role(it.id.clone()));
            let packages = user.packages.iter().map(|it| About::Package(it.id.clone()));
            let position = user.position.iter().cloned().map(About::Position);
            roles.chain(packages).chain(position).collect()
        }
        Change::PlaceUser { position, .. } => {
            position.iter().cloned().map(About::Position).collect()
        }
        Change::AssignRole { role, .. } => vec![About::Role(role.clone())],
        Change::ExchangeRole { with, .. } => vec![About::Role(with.clone())],
        Change::AssignPackage { package, .. } => vec![About::Package(package.clone())],
        _ => vec![],
    }
}

fn frees(change: &Change) -> Option<About> {
    match change {
        Change::DeleteRole { .. }
        | Change::DeletePackage { .. }
        | Change::DeletePosition { .. }
        | Change::RemoveUser { .. }
        | Change::ForgetId { .. } => about(change).pop(),
        _ => None,
    }
}

fn makes(change: &Change) -> Option<About> {
    match change {
        Change::CreateRole { .. }
        | Change::CopyRole { .. }
        | Change::CreatePackage { .. }
        | Change::CreatePosition { .. }
        | Change::CreateUser { .. }
        | Change::RestoreUser { .. } => about(change).into_iter().next(),
        _ => None,
    }
}

/// Whether one of two changes makes what the other gives the name free of.
pub(crate) fn trade_a_name(one: &Change, other: &Change) -> bool {
    (makes(one).is_some() && makes(one) == frees(other))
        || (makes(other).is_some() && makes(other) == frees(one))
}

/// Whether guards of the state after speak against a change, and nothing but who asks besides.
pub(super) fn waits(classes: &Classes) -> bool {
    let is_guard = |class: &Class| {
        matches!(
            class,
            Class::Exists | Class::UsedId | Class::Cycle | Class::InUse | Class::Limit
        )
    };
    let mut others = classes.iter().filter(|it| !is_guard(it));
    classes.iter().any(is_guard) && others.all(|it| *it == Class::Authority)
}

/// Whether a change must not be made before one of those that wait: they are about the same thing. What a
/// name waits for may be deleted or forgotten.
pub(super) fn is_held_up(waiting: &[(&Change, Option<&Classes>)], change: &Change) -> bool {
    let is_name = |classes: &Classes| {
        let mut classes = classes.iter();
        classes.all(|it| matches!(it, Class::Exists | Class::UsedId | Class::Authority))
    };
    // What is given is the thing that has the name once the others were made.
    let is_another_then = |thing: &About| {
        waiting.iter().any(|(earlier, classes)| {
            frees(earlier).as_ref() == Some(thing)
                || (makes(earlier).as_ref() == Some(thing) && classes.is_some_and(is_name))
        })
    };
    if gives(change).iter().any(is_another_then) {
        return true;
    }
    let forgets = |it: &Change| matches!(it, Change::ForgetId { .. });
    let imports = |it: &Change| matches!(it, Change::ImportPolicy { .. });
    about(change).iter().any(|thing| {
        let meets = |earlier: &&(&Change, Option<&Classes>)| {
            let (earlier, _) = *earlier;
            about(earlier).iter().any(|it| it.meets(thing))
                || (forgets(change) && imports(earlier))
                || (imports(change) && forgets(earlier))
        };
        match waiting.iter().find(meets) {
            None => false,
            Some((earlier, Some(classes)))
                if frees(change).as_ref() == Some(thing)
                    && makes(earlier).as_ref() == Some(thing)
                    && is_name(classes) =>
            {
                false
            }
            Some(_) => true,
        }
    })
}
