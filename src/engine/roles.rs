//! The roles of an account and its packages, by number. Numbers are never used again.

use std::sync::Arc;

use super::rights::Planes;
use crate::chunked::Chunked;
use crate::document::{PackageDocument, RoleDocument};
use crate::names::{Known, Registry};
use crate::ordered::Ordered;

/// System roles first, as the catalog numbers them, then the account's.
#[derive(Default, Clone)]
pub(crate) struct Roles {
    names: Registry,
    /// `None` where one was deleted.
    roles: Chunked<Option<Arc<Role>>, 6>,
    /// Junior and senior, of every edge of inheritance.
    seniors: Ordered<(u32, u32)>,
    count: usize,
}

#[derive(Clone)]
pub(crate) struct Role {
    /// As it is written; `None` of a system role.
    pub(crate) document: Option<Arc<RoleDocument>>,
    /// What it grants and denies itself, adjustable permissions that were set to it included.
    pub(crate) own: Arc<Planes>,
    /// What it and all its juniors grant and deny (D2).
    pub(crate) closure: Arc<Planes>,
    /// The roles that it inherits directly.
    pub(crate) juniors: Box<[u32]>,
    pub(crate) tokens_bring: bool,
    /// The revision that last changed what it says; 0 of a system role.
    pub(crate) changed: u64,
}

impl Roles {
    /// The roles that are not the same in both, or in one alone.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &Roles) -> Vec<usize> {
        self.roles
            .differing(&other.roles, |one, two| match (one, two) {
                (None, None) => true,
                (Some(one), Some(two)) => Arc::ptr_eq(one, two),
                _ => false,
            })
    }

    /// The roles with more behind them; `names` are those of all. What needs no copy is shared.
    pub(crate) fn with(&self, names: Registry, more: Vec<Arc<Role>>) -> Roles {
        let edges = more
            .iter()
            .zip(self.numbers()..)
            .flat_map(|(role, senior)| {
                let juniors = role.juniors.iter();
                juniors.map(move |junior| (*junior, senior))
            });
        let edges: Vec<(u32, u32)> = edges.collect();
        let seniors = match edges.is_empty() {
            true => self.seniors.clone(),
            false => self.seniors.iter().copied().chain(edges).collect(),
        };
        let count = self.count + more.len();
        let mut roles = self.roles.clone();
        roles.extend(more.into_iter().map(Some));
        Roles {
            names,
            roles,
            seniors,
            count,
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.names.get(name).filter(|it| self.get(*it).is_some())
    }

    #[inline]
    pub(crate) fn get(&self, role: u32) -> Option<&Role> {
        self.roles.get(role as usize)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, role: u32) -> Option<&mut Role> {
        self.roles
            .get_mut(role as usize)?
            .as_mut()
            .map(Arc::make_mut)
    }

    pub(crate) fn name(&self, role: u32) -> Option<&str> {
        self.get(role)?;
        self.names.text(role)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// How many edges of inheritance there are.
    pub(crate) fn edge_count(&self) -> usize {
        self.seniors.len()
    }

    /// One past the highest number.
    pub(crate) fn numbers(&self) -> u32 {
        self.names.len() as u32
    }

    /// The roles that inherit this one directly.
    pub(crate) fn seniors(&self, role: u32) -> impl Iterator<Item = u32> + '_ {
        self.seniors.with(role)
    }

    pub(crate) fn add(&mut self, name: &str, role: Role) -> u32 {
        let number = self.names.add(name);
        for &junior in &role.juniors {
            self.seniors.insert((junior, number));
        }
        self.roles.push(Some(Arc::new(role)));
        self.count += 1;
        number
    }

    pub(crate) fn remove(&mut self, role: u32) {
        let Some(slot) = self.roles.get_mut(role as usize) else {
            return;
        };
        let Some(removed) = slot.take() else {
            return;
        };
        for &junior in &removed.juniors {
            self.seniors.remove(&(junior, role));
        }
        self.count -= 1;
    }

    pub(crate) fn set_juniors(&mut self, role: u32, juniors: Box<[u32]>) {
        let Some(known) = self.get_mut(role) else {
            return;
        };
        let before = std::mem::replace(&mut known.juniors, juniors.clone());
        for &junior in &before {
            self.seniors.remove(&(junior, role));
        }
        for &junior in &juniors {
            self.seniors.insert((junior, role));
        }
    }
}

impl Known for Roles {
    fn number(&self, name: &str) -> Option<u32> {
        self.find(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        (0..self.numbers()).filter_map(|role| self.name(role))
    }
}

/// Named sets of roles that users are given as one.
#[derive(Default, Clone)]
pub(crate) struct Packages {
    names: Registry,
    packages: Chunked<Option<Arc<Package>>, 6>,
    /// Role and package, of every role in a package.
    with_role: Ordered<(u32, u32)>,
    count: usize,
}

#[derive(Clone)]
pub(crate) struct Package {
    /// As it is written; its roles are those of `roles`.
    pub(crate) document: Arc<PackageDocument>,
    pub(crate) roles: Box<[u32]>,
}

impl Packages {
    pub(crate) fn new(names: Registry, packages: Vec<Package>) -> Packages {
        let pairs = packages.iter().zip(0..).flat_map(|(package, number)| {
            let roles = package.roles.iter();
            roles.map(move |role| (*role, number))
        });
        Packages {
            names,
            with_role: pairs.collect(),
            count: packages.len(),
            packages: packages.into_iter().map(Arc::new).map(Some).collect(),
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.names.get(name).filter(|it| self.get(*it).is_some())
    }

    pub(crate) fn get(&self, package: u32) -> Option<&Package> {
        self.packages.get(package as usize)?.as_deref()
    }

    pub(crate) fn name(&self, package: u32) -> Option<&str> {
        self.get(package)?;
        self.names.text(package)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One past the highest number.
    pub(crate) fn numbers(&self) -> u32 {
        self.names.len() as u32
    }

    /// The packages that a role is in.
    pub(crate) fn with_role(&self, role: u32) -> impl Iterator<Item = u32> + '_ {
        self.with_role.with(role)
    }

    pub(crate) fn add(&mut self, name: &str, package: Package) -> u32 {
        let number = self.names.add(name);
        for &role in &package.roles {
            self.with_role.insert((role, number));
        }
        self.packages.push(Some(Arc::new(package)));
        self.count += 1;
        number
    }

    pub(crate) fn set(&mut self, package: u32, to: Option<Package>) {
        let Some(slot) = self.packages.get_mut(package as usize) else {
            return;
        };
        let added = to.as_ref().map(|it| it.roles.clone());
        let removed = std::mem::replace(slot, to.map(Arc::new));
        for &role in removed.iter().flat_map(|it| it.roles.iter()) {
            self.with_role.remove(&(role, package));
        }
        match added {
            Some(roles) => {
                for &role in &roles {
                    self.with_role.insert((role, package));
                }
            }
            None => self.count -= 1,
        }
    }
}

impl Known for Packages {
    fn number(&self, name: &str) -> Option<u32> {
        self.find(name)
    }

    fn every(&self) -> impl Iterator<Item = &str> {
        (0..self.numbers()).filter_map(|package| self.name(package))
    }
}
