//! Changes to packages: which roles are given as one.

use std::collections::BTreeSet;

use super::super::authority::{Receivers, Target};
use super::super::listing::with_sets;
use super::super::refusal::{Named, Refusal};
use super::moments::Moved;
use super::{Transaction, validated};
use crate::document::{ChangeKind, PackageDocument, Timestamp};
use crate::engine::Assigned;
use crate::limits;

impl Transaction {
    pub(super) fn create_package(&mut self, package: &PackageDocument) -> Result<(), Refusal> {
        self.check_new_id(&package.id, Named::Package)?;
        self.check_new_name(package.name.as_deref())?;
        let now = self.now();
        if now.packages().count() >= limits::PACKAGES {
            return Err(Refusal::TooMany {
                what: "packages",
                limit: limits::PACKAGES,
            });
        }
        let mut roles = Vec::with_capacity(package.roles.len());
        let mut seen = BTreeSet::new();
        for role in &package.roles {
            let number = self.find_role(role)?;
            self.refuse_retired(number, role, u32::MAX)?;
            if !seen.insert(number) {
                return Err(Refusal::NamedTwice {
                    what: Named::Role,
                    id: role.clone(),
                });
            }
            roles.push(number);
        }
        validated(|root, report| crate::engine::check_created(package.created, root, report))?;
        let scene = self.scene();
        let kind = ChangeKind::EditPackages;
        self.authority.kind(scene, kind, Target::Everything)?;
        for &role in &roles {
            let closure = now.roles_below(role);
            self.authority.assign(scene, &closure, Target::Everything)?;
            self.confer_roles(kind, &[role], &Receivers::Sets(Default::default(), false))?;
        }
        self.draft.add_package(package.clone(), roles);
        Ok(())
    }

    pub(super) fn describe_package(
        &mut self,
        package: &str,
        name: &Option<String>,
        description: &Option<String>,
    ) -> Result<(), Refusal> {
        let (number, mut document, roles) = self.package(package)?;
        if document.name == *name && document.description == *description {
            return Err(Refusal::NothingToChange);
        }
        if document.name != *name {
            self.check_new_name(name.as_deref())?;
        }
        let kind = ChangeKind::EditPackages;
        self.authority
            .kind(self.scene(), kind, Target::Everything)?;
        document.name.clone_from(name);
        document.description.clone_from(description);
        self.draft.set_package(number, document, roles);
        Ok(())
    }

    /// As an import may.
    pub(super) fn date_package(
        &mut self,
        package: &str,
        created: Option<Timestamp>,
    ) -> Result<(), Refusal> {
        let (number, mut document, roles) = self.package(package)?;
        let kind = ChangeKind::EditPackages;
        self.authority
            .kind(self.scene(), kind, Target::Everything)?;
        document.created = created;
        self.draft.set_package(number, document, roles);
        Ok(())
    }

    pub(super) fn delete_package(&mut self, package: &str) -> Result<(), Refusal> {
        let (number, _, _) = self.package(package)?;
        let now = self.now();
        let sets: BTreeSet<u32> = now.sets().with_package(number).collect();
        let holders = sets.iter().map(|it| now.sets().holders(*it).users as usize);
        let users: usize = holders.sum();
        if users > 0 {
            return Err(Refusal::PackageInUse {
                package: package.to_owned(),
                users,
                people: self.named(with_sets(now, sets)),
            });
        }
        let kind = ChangeKind::EditPackages;
        self.authority
            .kind(self.scene(), kind, Target::Everything)?;
        self.draft.remove_package(number);
        Ok(())
    }

    pub(super) fn add_to_package(&mut self, package: &str, role: &str) -> Result<(), Refusal> {
        let (number, mut document, mut roles) = self.package(package)?;
        let added = self.find_role(role)?;
        self.refuse_retired(added, role, u32::MAX)?;
        if roles.contains(&added) {
            return Err(Refusal::NothingToChange);
        }
        self.may_fill(number, added)?;
        document.roles.push(role.to_owned());
        roles.push(added);
        self.fill(number, document, roles, &[])
    }

    pub(super) fn remove_from_package(&mut self, package: &str, role: &str) -> Result<(), Refusal> {
        let (number, mut document, mut roles) = self.package(package)?;
        let removed = self.find_role_to_take(role)?;
        if !roles.contains(&removed) {
            return self.or_retired(Err(Refusal::NothingToChange), removed, role);
        }
        self.may_empty(removed)?;
        document.roles.retain(|it| it != role);
        roles.retain(|it| *it != removed);
        let closure = self.now().roles_below(removed);
        self.fill(number, document, roles, &closure)
    }

    pub(super) fn replace_in_packages(&mut self, role: &str, with: &str) -> Result<(), Refusal> {
        let removed = self.find_role_to_take(role)?;
        let added = self.find_role(with)?;
        self.refuse_retired(added, with, u32::MAX)?;
        let packages: Vec<u32> = self.now().packages().with_role(removed).collect();
        if packages.is_empty() || added == removed {
            return self.or_retired(Err(Refusal::NothingToChange), removed, role);
        }
        self.may_empty(removed)?;
        let closure = self.now().roles_below(added);
        self.authority
            .assign(self.scene(), &closure, Target::Everything)?;
        for number in packages {
            let Some(package) = self.now().packages().get(number) else {
                continue;
            };
            let (mut document, mut roles) = ((*package.document).clone(), package.roles.to_vec());
            if roles.contains(&added) {
                document.roles.retain(|it| it != role);
                roles.retain(|it| *it != removed);
            } else {
                self.may_fill(number, added)?;
                for it in document.roles.iter_mut().filter(|it| *it == role) {
                    with.clone_into(it);
                }
                roles
                    .iter_mut()
                    .filter(|it| **it == removed)
                    .for_each(|it| *it = added);
            }
            let closure = self.now().roles_below(removed);
            self.fill(number, document, roles, &closure)?;
        }
        Ok(())
    }

    /// Adding a role to a package is an assign to everybody who has it (A2).
    fn may_fill(&self, package: u32, role: u32) -> Result<(), Refusal> {
        let scene = self.scene();
        let kind = ChangeKind::FillPackages;
        let closure = self.now().roles_below(role);
        self.authority.kind(scene, kind, Target::Everything)?;
        self.authority.assign(scene, &closure, Target::Everything)?;
        let holders = self.now().sets().with_package(package).collect();
        self.confer_roles(kind, &[role], &Receivers::Sets(holders, false))
    }

    /// Taking one out is a revoke.
    fn may_empty(&self, role: u32) -> Result<(), Refusal> {
        let scene = self.scene();
        let closure = self.now().roles_below(role);
        self.authority
            .kind(scene, ChangeKind::FillPackages, Target::Everything)?;
        self.authority.revoke(scene, &closure, Target::Everything)
    }

    fn fill(
        &mut self,
        number: u32,
        document: PackageDocument,
        roles: Vec<u32>,
        taken_away: &[u32],
    ) -> Result<(), Refusal> {
        let lifting = self.compared(ChangeKind::FillPackages, taken_away);
        let alone = Assigned {
            packages: vec![number],
            ..Assigned::default()
        };
        let sets: BTreeSet<u32> = self.now().sets().with_package(number).collect();
        let rights = self.rights_before(&sets);
        let before = self.now().united(&alone);
        self.draft.set_package(number, document, roles);
        // The package itself, held by somebody or not.
        let after = self.now().united(&alone);
        let nobody = Receivers::Sets(BTreeSet::new(), false);
        let mut moved = Moved::none(self.before.model().permissions.len());
        moved.compare(&before, &after);
        self.lift(&moved.lifted, &after, &lifting, &nobody)?;
        self.check_sets(ChangeKind::FillPackages, &rights, &lifting)
    }

    fn package(&self, id: &str) -> Result<(u32, PackageDocument, Vec<u32>), Refusal> {
        let number = self.find_package(id)?;
        match self.now().packages().get(number) {
            Some(package) => Ok((number, (*package.document).clone(), package.roles.to_vec())),
            None => Err(Refusal::NothingToChange),
        }
    }
}
