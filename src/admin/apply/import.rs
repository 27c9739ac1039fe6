//! Importing a policy whole: taken apart into the changes that lead there, so that no rule can be got
//! round by importing (A4).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::authority::Target;
use super::super::change::UsedIdKind;
use super::super::order::{are_same_denies, are_same_grants, in_order};
use super::super::refusal::{Named, Refusal};
use super::bearers::Covered;
use super::{Transaction, validated, validated_by};
use crate::catalog::{Followed, give, refuse_new};
use crate::document::ProblemCode;
use crate::document::problem::quoted;
use crate::document::{
    ChangeKind, DirectoryDocument, GrantDocument, PackageDocument, PolicyDocument,
    PositionDocument, RoleDocument,
};
use crate::hierarchy::Dag;
use crate::{Catalog, Engine, Timestamp, Warnings};

impl Transaction {
    /// What is no longer needed is taken out of its places first and deleted last; hierarchies lose
    /// edges before they gain any, so that nothing on the way has a cycle.
    pub(super) fn import(&mut self, policy: &PolicyDocument) -> Result<(), Refusal> {
        self.validate(policy)?;
        let scene = self.scene();
        self.authority
            .kind(scene, ChangeKind::Import, Target::Everything)?;
        let before = self.draft.so_far().policy();
        self.importing = true;
        let rights = self.rights_before(&(0..self.now().sets().numbers()).collect());
        let is_upgraded = policy.catalog_version > before.catalog_version;
        self.draft.set_catalog_version(policy.catalog_version);
        self.import_features(policy, &before)?;
        // What roles come to is compared with the settings as they will be.
        self.import_settings(policy, &before)?;
        self.import_roles(policy, &before, is_upgraded)?;
        self.import_packages(policy, &before)?;
        let gone = missing(&before.roles, &policy.roles, |it| &it.id);
        for role in juniors_first(&gone).into_iter().rev() {
            self.delete_role(&role.id)?;
        }
        self.import_positions(&policy.positions, &before.positions)?;
        let used = [
            (UsedIdKind::User, &policy.used_ids.users),
            (UsedIdKind::Role, &policy.used_ids.roles),
            (UsedIdKind::Position, &policy.used_ids.positions),
        ];
        for (kind, ids) in used {
            for id in ids {
                // A token with this id is denied everything from now on.
                if kind == UsedIdKind::User && !self.now().is_used(kind, id) {
                    let covered = Covered::Everything;
                    self.bind(ChangeKind::Import, &covered, Target::Everything)?;
                }
                self.draft.use_id(kind, id);
            }
        }
        self.check_bearers_of(ChangeKind::Import, &rights)?;
        self.importing = false;
        match in_order(self.draft.so_far().policy()) == in_order(before) {
            true => Err(Refusal::NothingToChange),
            false => Ok(()),
        }
    }

    /// Every problem that the policy has by itself.
    fn validate(&self, policy: &PolicyDocument) -> Result<(), Refusal> {
        let now = self.now();
        let account = self.draft.so_far();
        validated(|root, report| {
            if policy.account.as_deref() != account.account() {
                let message = match &policy.account {
                    Some(other) => {
                        let message = format!("{} is another account", quoted(other));
                        (ProblemCode::WrongAccount, message)
                    }
                    None => (ProblemCode::Missing, "`account` is missing".to_owned()),
                };
                report.error(&root.field("account"), message);
            }
            if policy.catalog_version < now.written_version() {
                let message = (
                    ProblemCode::CatalogVersion,
                    format!(
                        "written against version `{}` of the catalog, and the account's against `{}`",
                        policy.catalog_version,
                        now.written_version()
                    ),
                );
                report.error(&root.field("catalog_version"), message);
            }
            let users = now.every_user().filter_map(|(user, _)| now.user_id(user));
            let used: BTreeSet<&str> = policy.used_ids.users.iter().map(String::as_str).collect();
            for (role, number) in now.model().roles.iter().zip(0..) {
                let held = now.sets().with_role(number).next().is_some();
                let by = policy.catalog_version;
                if let Some(version) = role.retired.filter(|it| held && *it <= by) {
                    let message = (
                        ProblemCode::Retired,
                        format!(
                            "role {} was retired in version `{version}`, and users are still assigned it",
                            quoted(&role.id)
                        ),
                    );
                    report.error(&root.field("catalog_version"), message);
                }
            }
            for user in users.filter(|it| used.contains(it)).take(10) {
                let message = (
                    ProblemCode::InUse,
                    format!(
                        "user {} is still there, so the id cannot be listed as used",
                        quoted(user)
                    ),
                );
                report.error(&root.field("used_ids"), message);
            }
        })?;
        let catalog = Catalog::clone(account.catalog());
        let nobody = DirectoryDocument::new([]);
        let roles = policy.roles.iter().map(|it| (Named::Role, &it.id));
        let positions = policy.positions.iter().map(|it| (Named::Position, &it.id));
        let as_set = |ids: &'_ [String]| ids.iter().cloned().collect::<BTreeSet<String>>();
        let used_roles = as_set(&policy.used_ids.roles);
        let used_positions = as_set(&policy.used_ids.positions);
        for (what, id) in roles.chain(positions) {
            let ids = match what {
                Named::Role => &used_roles,
                _ => &used_positions,
            };
            if ids.contains(id) {
                let id = id.clone();
                return Err(Refusal::UsedId { what, id });
            }
        }
        let policy = PolicyDocument {
            revision: None,
            ..policy.clone()
        };
        let warnings = Warnings::Into(&mut Vec::new());
        Engine::new(&catalog, policy.clone(), nobody, Timestamp(0), warnings)
            .map_err(Refusal::Invalid)?;
        self.refuse_what_is_new(&policy)
    }

    /// A policy may hold what is refused today where it stood before, and nowhere new (D16): neither what
    /// format 1 alone holds, nor what a newer catalog than the policy's made invalid.
    fn refuse_what_is_new(&self, policy: &PolicyDocument) -> Result<(), Refusal> {
        let now = self.now();
        let version = policy.catalog_version;
        // The same text means something else in another version.
        let is_upgraded = version > now.written_version();
        validated_by(self.rules, |root, report| {
            let list = root.field("roles");
            for (i, role) in policy.roles.iter().enumerate() {
                let before = now.roles().find(&role.id);
                let before = before.and_then(|it| now.roles().get(it)?.document.as_deref());
                let before = before.into_iter().flat_map(|it| &it.grants);
                let before: HashSet<_> = before.map(GrantDocument::parts).collect();
                let here = list.index(i);
                let grants = here.field("grants");
                for (i, grant) in role.grants.iter().enumerate() {
                    let here = grants.index(i);
                    let stood = before.contains(&grant.parts());
                    if !stood && !self.is_replayed() {
                        refuse_new(now.model(), grant, version, &here, report);
                    } else if !stood || is_upgraded {
                        give(now.model(), grant, version, &here, report);
                    }
                }
            }
        })
    }

    fn import_features(
        &mut self,
        policy: &PolicyDocument,
        before: &PolicyDocument,
    ) -> Result<(), Refusal> {
        let as_set =
            |features: &[String]| -> BTreeSet<String> { features.iter().cloned().collect() };
        let (old, new) = (as_set(&before.features), as_set(&policy.features));
        if old != new {
            let kind = ChangeKind::EditFeatures;
            self.authority
                .kind(self.scene(), kind, Target::Everything)?;
            let features = policy.features.iter().map(|it| it.as_str().into());
            self.draft.set_features(features.collect());
        }
        Ok(())
    }

    fn import_settings(
        &mut self,
        policy: &PolicyDocument,
        before: &PolicyDocument,
    ) -> Result<(), Refusal> {
        let catalog = Catalog::clone(self.draft.so_far().catalog());
        let model = &*catalog.0;
        // Several paths may lead to one permission since a rename.
        let written = |policy: &PolicyDocument| -> BTreeSet<(u32, String)> {
            let settings = policy.settings.iter().filter_map(|(path, role)| {
                match model.evolution.follow(path, policy.catalog_version) {
                    Followed::Path(today) => {
                        Some((model.permission_names.get(&today)?, role.clone()))
                    }
                    Followed::Retired => None,
                }
            });
            settings.collect()
        };
        let resolved = |policy: &PolicyDocument| -> Result<Vec<(u16, u16)>, Refusal> {
            let (version, settings) = (policy.catalog_version, &policy.settings);
            validated(|root, report| {
                crate::engine::read_settings(model, version, settings, root, report)
            })
        };
        let (old, new) = (written(before), written(policy));
        let by_text = old.symmetric_difference(&new).map(|it| it.0);
        let (was, resolved) = (resolved(before)?, resolved(policy)?);
        let by_effect = was.iter().zip(&resolved).filter(|(was, is)| was != is);
        let by_effect = by_effect.map(|(_, (permission, _))| u32::from(*permission));
        let changed: BTreeSet<u32> = by_text.chain(by_effect).collect();
        for permission in changed {
            let known = model.permissions.get(permission as usize);
            let changed_by = known.and_then(|it| it.adjustable.as_ref()?.changed_by);
            self.authority.setting(self.scene(), changed_by)?;
        }
        self.draft.set_settings(policy.settings.clone(), &resolved);
        Ok(())
    }

    fn import_roles(
        &mut self,
        policy: &PolicyDocument,
        before: &PolicyDocument,
        is_upgraded: bool,
    ) -> Result<(), Refusal> {
        let old: BTreeMap<&str, &RoleDocument> = before
            .roles
            .iter()
            .map(|role| (role.id.as_str(), role))
            .collect();
        for role in &policy.roles {
            let Some(old) = old.get(role.id.as_str()) else {
                continue;
            };
            let after: HashSet<&String> = role.inherits.iter().collect();
            for junior in old.inherits.iter().filter(|it| !after.contains(it)) {
                self.remove_inheritance(&role.id, junior)?;
            }
        }
        let new = policy.roles.iter();
        let new: Vec<&RoleDocument> = new.filter(|it| !old.contains_key(it.id.as_str())).collect();
        // Roles that others come to inherit.
        let mut given: BTreeSet<&str> = BTreeSet::new();
        for role in juniors_first(&new) {
            self.create_role(role)?;
            given.extend(role.inherits.iter().map(String::as_str));
        }
        for role in &policy.roles {
            let Some(old) = old.get(role.id.as_str()) else {
                continue;
            };
            if (&old.name, &old.description) != (&role.name, &role.description) {
                self.describe_role(&role.id, &role.name, &role.description)?;
            }
            let number = self.find_role(&role.id)?;
            let is_same = are_same_grants(&old.grants, &role.grants)
                && are_same_denies(&old.denies, &role.denies)
                && old.created == role.created;
            if is_upgraded || !is_same {
                let inherits = self.now().roles().get(number);
                let inherits = inherits.and_then(|it| it.document.as_deref());
                let document = RoleDocument {
                    inherits: inherits.map_or_else(Vec::new, |it| it.inherits.clone()),
                    ..role.clone()
                };
                // The same text means something else in another version.
                let before = if is_upgraded { &[][..] } else { &old.grants };
                self.rewrite_role(number, document, before)?;
            }
        }
        // From below: what a role comes to is then worked out once, and not once for each that is added
        // under it.
        let all: Vec<&RoleDocument> = policy.roles.iter().collect();
        for role in juniors_first(&all) {
            let Some(old) = old.get(role.id.as_str()) else {
                continue;
            };
            let before: HashSet<&String> = old.inherits.iter().collect();
            let added = role.inherits.iter().filter(|it| !before.contains(it));
            let added: Vec<&String> = added.collect();
            if !added.is_empty() {
                let kind = ChangeKind::EditInheritance;
                self.authority
                    .kind(self.scene(), kind, Target::Everything)?;
            }
            for junior in added {
                self.add_inheritance(&role.id, junior)?;
                given.insert(junior);
            }
        }
        let now = self.now();
        let given = given.into_iter().filter_map(|it| now.roles().find(it));
        let given = now.reached_below(given.collect());
        self.authority
            .assign(self.scene(), &given, Target::Everything)
    }

    fn import_packages(
        &mut self,
        policy: &PolicyDocument,
        before: &PolicyDocument,
    ) -> Result<(), Refusal> {
        let by_id = |packages: &'_ [PackageDocument]| -> BTreeMap<String, PackageDocument> {
            let packages = packages.iter();
            packages.map(|it| (it.id.clone(), it.clone())).collect()
        };
        let (old, new) = (by_id(&before.packages), by_id(&policy.packages));
        for package in &before.packages {
            let Some(new) = new.get(&package.id) else {
                self.delete_package(&package.id)?;
                continue;
            };
            for role in &package.roles {
                if !new.roles.contains(role) {
                    self.remove_from_package(&package.id, role)?;
                }
            }
        }
        for package in &policy.packages {
            let Some(old) = old.get(&package.id) else {
                self.create_package(package)?;
                continue;
            };
            if (&old.name, &old.description) != (&package.name, &package.description) {
                self.describe_package(&package.id, &package.name, &package.description)?;
            }
            if old.created != package.created {
                self.date_package(&package.id, package.created)?;
            }
            for role in &package.roles {
                if !old.roles.contains(role) {
                    self.add_to_package(&package.id, role)?;
                }
            }
        }
        Ok(())
    }

    /// Replaces the positions. Returns whether anything was changed.
    pub(super) fn import_positions(
        &mut self,
        positions: &[PositionDocument],
        before: &[PositionDocument],
    ) -> Result<bool, Refusal> {
        let mut is_changed = false;
        let old: BTreeMap<&str, _> = before
            .iter()
            .map(|position| (position.id.as_str(), position))
            .collect();
        for position in positions {
            match old.get(position.id.as_str()) {
                None => {
                    let mut alone = position.clone();
                    alone.reports_to.clear();
                    self.create_position(&alone)?;
                    is_changed = true;
                }
                Some(old) if old.name != position.name => {
                    self.describe_position(&position.id, &position.name)?;
                    is_changed = true;
                }
                Some(_) => {}
            }
        }
        let gone = missing(before, positions, |it| &it.id);
        let mut moves = Vec::new();
        let written = positions.iter().map(|it| (it, it.reports_to.as_slice()));
        for (position, reports_to) in written.chain(gone.iter().map(|it| (*it, &[][..]))) {
            let number = self.find_position(&position.id)?;
            let new = self.seniors(reports_to)?;
            let same: BTreeSet<u32> = new.iter().copied().collect();
            if same != self.now().positions().seniors(number).collect() {
                // Whoever stands above a new one reaches nobody by it.
                let is_old = old.contains_key(position.id.as_str());
                moves.push((number, new, is_old));
            }
        }
        if !moves.is_empty() {
            let kind = ChangeKind::EditPositions;
            self.authority
                .kind(self.scene(), kind, Target::Everything)?;
            let edges = moves
                .iter()
                .map(|(number, seniors, _)| (*number, seniors.as_slice()));
            let unmoved = self.draft.so_far();
            let moved = self.draft.set_all_seniors(edges);
            moved.map_err(|it| self.no_hierarchy(it))?;
            if !self.may_widen_everything() {
                let unmoved = unmoved.state();
                // Once for all of them: many may move below the same people.
                let mut above = BTreeSet::new();
                for (number, _, _) in moves.iter().filter(|(_, _, is_old)| *is_old) {
                    let now = self.now().positions_above(*number).into_iter();
                    above.extend(now.filter(|it| !unmoved.stands_below(*number, *it)));
                }
                self.may_stand_above(&above)?;
            }
        }
        is_changed |= !moves.is_empty() || !gone.is_empty();
        for position in gone {
            self.delete_position(&position.id)?;
        }
        Ok(is_changed)
    }
}

/// Roles, each after those of them that it inherits; they have no cycle.
fn juniors_first<'r>(roles: &[&'r RoleDocument]) -> Vec<&'r RoleDocument> {
    let numbers: BTreeMap<&str, u32> = roles
        .iter()
        .zip(0..)
        .map(|(role, number)| (role.id.as_str(), number))
        .collect();
    let edges = roles.iter().zip(0..).flat_map(|(role, senior)| {
        let juniors = role.inherits.iter();
        let juniors = juniors.filter_map(|junior| numbers.get(junior.as_str()));
        juniors.map(move |junior| (senior, *junior))
    });
    let edges: Vec<(u32, u32)> = edges.collect();
    let dag = Dag::new(roles.len(), &edges).unwrap_or_default();
    let order = dag.juniors_first();
    order
        .filter_map(|role| roles.get(role as usize).copied())
        .collect()
}

/// What was there and is no more.
fn missing<'b, T>(before: &'b [T], after: &[T], id: impl Fn(&T) -> &str) -> Vec<&'b T> {
    let after: BTreeSet<&str> = after.iter().map(&id).collect();
    before.iter().filter(|it| !after.contains(id(it))).collect()
}
