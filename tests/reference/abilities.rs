//! What a subject can do or see at all (Q7), rule by rule: fields seen in clear (M1) and rights of
//! administration (A2), each with its scope, conditions aside.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::{AskedOn, ChangeKind, OperationDocument};

use super::administration::opens;
use super::{Model, Stage, Subject, Viewer};

/// A field or a right, by words of this module's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ability {
    Field(String, String),
    Change(ChangeKind),
    Setting(String),
    Property(String),
    Assign(String),
    Revoke(String),
    AssignAccountRoles,
    RevokeAccountRoles,
}

#[derive(PartialEq, Eq)]
enum EditedBy<'c> {
    Anybody,
    Holder(&'c str),
    System,
}

impl Model {
    /// Fields and rights of a subject, each as far as it reaches. Roles of the account are there one by
    /// one, whatever they inherit.
    pub(crate) fn abilities(&self, subject: &Subject) -> BTreeMap<Ability, Scope> {
        let mut found = BTreeMap::new();
        let Ok(viewer) = self.viewer(subject) else {
            return found;
        };
        for declared in &self.catalog.types {
            for field in &declared.fields {
                let name = Ability::Field(declared.id.clone(), field.path.clone());
                if let Some(scope) = self.seen(&viewer, &declared.id, &field.revealed_by) {
                    found.insert(name, scope);
                }
            }
        }
        let rules = &self.catalog.administration;
        for (kind, permission) in &rules.changes {
            // A2: with the user as the owner; everything else at All.
            let on_users = [
                ChangeKind::PlaceUsers,
                ChangeKind::CreateUser,
                ChangeKind::DescribeUser,
                ChangeKind::RemoveUser,
                ChangeKind::SuspendUser,
                ChangeKind::EditProperties,
                ChangeKind::EditAssignments,
            ];
            let scope = self.reaching(&viewer, permission);
            let scope = scope.filter(|it| on_users.contains(kind) || *it == Scope::All);
            found.extend(scope.map(|it| (Ability::Change(*kind), it)));
        }
        for permission in &self.catalog.permissions {
            let by = permission.adjustable.as_ref();
            let by = by.and_then(|it| it.changed_by.as_ref());
            let scope = by.and_then(|it| self.reaching(&viewer, it));
            let scope = scope.filter(|it| *it == Scope::All);
            found.extend(scope.map(|it| (Ability::Setting(permission.path.clone()), it)));
        }
        for property in self.catalog.subject_properties.keys() {
            // D10: besides what changing it, or creating a user with it, needs.
            let changes = [ChangeKind::EditProperties, ChangeKind::CreateUser];
            let changes = changes.iter().filter_map(|it| rules.changes.get(it));
            let scopes = changes.filter_map(|it| self.reaching(&viewer, it));
            let scope = match self.edited_by(property) {
                EditedBy::Anybody => scopes.max(),
                EditedBy::Holder(path) => {
                    let own = self.reaching(&viewer, path);
                    scopes.filter_map(|it| own.map(|own| own.min(it))).max()
                }
                EditedBy::System => None,
            };
            found.extend(scope.map(|it| (Ability::Property(property.clone()), it)));
        }
        let by = |it: &Option<String>| self.reaching(&viewer, it.as_ref()?);
        let (assign, revoke) = (&rules.account_roles.assign, &rules.account_roles.revoke);
        found.extend(by(assign).map(|it| (Ability::AssignAccountRoles, it)));
        found.extend(by(revoke).map(|it| (Ability::RevokeAccountRoles, it)));
        for role in self.roles.keys() {
            let system = self.catalog.roles.iter().find(|it| it.id == *role);
            if system.is_some_and(|it| it.retired.is_some()) {
                continue;
            }
            let closure = self.closure(std::slice::from_ref(role));
            let each = |right: &dyn Fn(&str) -> Option<Scope>| -> Option<Scope> {
                let each: Option<Vec<Scope>> = closure.iter().map(|it| right(it)).collect();
                each?.into_iter().min()
            };
            let rule = |id: &str, is_assign: bool| {
                let rules = match self.catalog.roles.iter().find(|it| it.id == id) {
                    Some(system) => (&system.assign, &system.revoke),
                    None => (assign, revoke),
                };
                by(if is_assign { rules.0 } else { rules.1 })
            };
            let scope = each(&|id| rule(id, true));
            found.extend(scope.map(|it| (Ability::Assign(role.clone()), it)));
            let scope = each(&|id| rule(id, false));
            found.extend(scope.map(|it| (Ability::Revoke(role.clone()), it)));
        }
        found
    }

    /// D10: who edits a property of users, besides who may make the change.
    fn edited_by(&self, property: &str) -> EditedBy<'_> {
        let declared = self.catalog.subject_properties.get(property);
        match declared.and_then(|it| it.edited_by.as_ref()) {
            Some(path) => EditedBy::Holder(path),
            None if opens(&self.catalog, property) => EditedBy::System,
            None => EditedBy::Anybody,
        }
    }

    /// Returns whether there is such a property, and whoever may make the change edits it.
    fn is_free(&self, property: &str) -> bool {
        let is_declared = self.catalog.subject_properties.contains_key(property);
        is_declared && self.edited_by(property) == EditedBy::Anybody
    }

    /// The account's roles of which somebody must be asked for more than the one rule for all of them.
    pub(crate) fn inheriting_system(&self) -> BTreeSet<String> {
        let own = self.policy.roles.iter();
        let own = own.filter(|role| {
            let closure = self.closure(std::slice::from_ref(&role.id));
            closure
                .iter()
                .any(|it| self.catalog.roles.iter().any(|system| system.id == *it))
        });
        own.map(|it| it.id.clone()).collect()
    }

    pub(crate) fn has_account_role(&self, id: &str) -> bool {
        self.policy.roles.iter().any(|it| it.id == id)
    }

    /// D8: how far a permission takes effect.
    fn reaching(&self, viewer: &Viewer, permission: &str) -> Option<Scope> {
        self.effective(viewer, permission).ok()?;
        self.granted(viewer, permission)
    }

    /// M1: as far as it is both revealed and read.
    fn seen(&self, viewer: &Viewer, r#type: &str, revealed_by: &str) -> Option<Scope> {
        self.effective(viewer, revealed_by).ok()?;
        let revealed = self.scope(viewer, revealed_by, r#type)?;
        let declared = self.catalog.types.iter().find(|it| it.id == r#type)?;
        let read = declared.read.as_ref()?;
        let mut operations = self.catalog.operations.iter();
        let read = operations.find(|it| it.r#type == r#type && it.action == *read)?;
        assert_eq!(read.on, AskedOn::Record);
        Some(self.by_any_pair(viewer, read)?.min(revealed))
    }

    /// Operations of a subject, each as far as it reaches by whichever pair, what is lent included (S6),
    /// conditions aside.
    pub(crate) fn operations(&self, subject: &Subject) -> BTreeMap<String, Scope> {
        let Ok(viewer) = self.viewer(subject) else {
            return BTreeMap::new();
        };
        let every = self.catalog.operations.iter();
        let every = every.filter_map(|operation| {
            let scope = self.by_any_pair(&viewer, operation)?;
            Some((format!("{}:{}", operation.r#type, operation.action), scope))
        });
        every.collect()
    }

    /// How far one operation reaches, what is lent included (S6), conditions aside.
    pub(crate) fn reach(&self, subject: &Subject, r#type: &str, action: &str) -> Option<Scope> {
        let viewer = self.viewer(subject).ok()?;
        let mut operations = self.catalog.operations.iter();
        let operation = operations.find(|it| it.r#type == r#type && it.action == action)?;
        self.by_any_pair(&viewer, operation)
    }

    fn by_any_pair(&self, viewer: &Viewer, operation: &OperationDocument) -> Option<Scope> {
        let widest = self.pairs(operation).into_iter().filter_map(|pair| {
            let scope = match self.pair_scope(viewer, operation, &pair) {
                Ok(scope) => scope,
                Err(failed) => {
                    assert!(failed.stage < Stage::Scope);
                    return None;
                }
            };
            let works = self.first_disabled(pair.features).is_none()
                && self.first_disabled(&operation.features).is_none();
            let is_lent =
                operation.on == AskedOn::Record && self.lent(viewer, operation, &pair, scope);
            works.then_some(if is_lent { Scope::All } else { scope })
        });
        widest.max()
    }
}

/// By the crate's name for it; `None` of an operation.
pub(crate) fn named(ability: &bailiwick::Ability) -> Option<Ability> {
    Some(match ability {
        bailiwick::Ability::Operation(_) => return None,
        bailiwick::Ability::Field { r#type, path } => Ability::Field(r#type.clone(), path.clone()),
        bailiwick::Ability::Change(kind) => Ability::Change(*kind),
        bailiwick::Ability::ChangeSetting(path) => Ability::Setting(path.clone()),
        bailiwick::Ability::EditProperty(property) => Ability::Property(property.clone()),
        bailiwick::Ability::AssignRole(role) => Ability::Assign(role.clone()),
        bailiwick::Ability::RevokeRole(role) => Ability::Revoke(role.clone()),
        bailiwick::Ability::AssignAccountRoles => Ability::AssignAccountRoles,
        bailiwick::Ability::RevokeAccountRoles => Ability::RevokeAccountRoles,
        _ => panic!("an ability of a new kind: {ability:?}"),
    })
}

/// What differs between two lists: of the account's roles those that are there before and after, and of
/// which one of both needs more than the rule for all; of properties those that are not edited, before
/// and after, by whoever may make the change.
pub(crate) fn differences(
    (before, was): (&Model, &BTreeMap<Ability, Scope>),
    (after, is): (&Model, &BTreeMap<Ability, Scope>),
) -> BTreeSet<(Ability, Option<Scope>, Option<Scope>)> {
    let special = &before.inheriting_system() | &after.inheriting_system();
    let is_told = |ability: &Ability| match ability {
        Ability::Assign(role) | Ability::Revoke(role) => {
            let is_own = before.has_account_role(role) || after.has_account_role(role);
            let stays = before.has_account_role(role) && after.has_account_role(role);
            !is_own || (stays && special.contains(role))
        }
        Ability::Property(property) => !(before.is_free(property) && after.is_free(property)),
        _ => true,
    };
    let every = was.keys().chain(is.keys()).filter(|it| is_told(it));
    let every = every.map(|it| (it.clone(), was.get(it).copied(), is.get(it).copied()));
    every.filter(|(_, was, is)| was != is).collect()
}
