//! Access sets: users who are assigned the same roles and packages share one.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::State;
use super::rights::Planes;
use super::users::{End, Held};
use crate::chunked::Chunked;
use crate::ordered::Ordered;

/// What users of one access set are assigned, as numbers in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Assigned {
    pub(crate) roles: Vec<u32>,
    pub(crate) packages: Vec<u32>,
}

impl Assigned {
    /// One assignment alone.
    pub(crate) fn only(of: Held) -> Assigned {
        let mut only = Assigned::default();
        match of {
            Held::Role(role) => only.roles.push(role),
            Held::Package(package) => only.packages.push(package),
        }
        only
    }

    /// Returns what is left without these.
    pub(crate) fn without(&self, taken: impl IntoIterator<Item = Held>) -> Assigned {
        let mut left = self.clone();
        for of in taken {
            match of {
                Held::Role(role) => left.roles.retain(|it| *it != role),
                Held::Package(package) => left.packages.retain(|it| *it != package),
            }
        }
        left
    }

    /// Returns what is left without what ends.
    pub(crate) fn lasting(&self, ends: &[End]) -> Assigned {
        self.without(ends.iter().map(|end| end.of))
    }
}

/// Numbers of sets are used again, once nobody has one: no handle names a set (I6).
#[derive(Default, Clone)]
pub(crate) struct Sets {
    sets: Chunked<Set, 6>,
    holders: Chunked<Holders, 12>,
    /// Hash of what is assigned, and set. Numbers are hashed, not texts: nothing that is chosen
    /// elsewhere.
    by_assigned: Ordered<(u64, u32)>,
    /// Role and set, of every role assigned directly; package and set.
    with_role: Ordered<(u32, u32)>,
    with_package: Ordered<(u32, u32)>,
    /// Sets that nobody has.
    unused: Ordered<u32>,
}

#[derive(Clone)]
struct Set {
    assigned: Arc<Assigned>,
    rights: Arc<Planes>,
}

/// How many users have a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Holders {
    pub(crate) users: u32,
    /// Those who are not suspended.
    pub(crate) active: u32,
}

impl State {
    /// What the roles of an access set grant and deny together (D2 to D4).
    pub(crate) fn united(&self, assigned: &Assigned) -> Arc<Planes> {
        let mut united: Option<Arc<Planes>> = None;
        let by_package = assigned
            .packages
            .iter()
            .filter_map(|package| self.packages.get(*package))
            .flat_map(|package| package.roles.iter());
        // Of a single role they are the role's own.
        for role in assigned.roles.iter().chain(by_package) {
            let Some(role) = self.roles.get(*role) else {
                continue;
            };
            match &mut united {
                None => united = Some(Arc::clone(&role.closure)),
                Some(known) if Arc::ptr_eq(known, &role.closure) => {}
                Some(known) => Arc::make_mut(known).unite(&role.closure),
            }
        }
        united.unwrap_or_else(|| Arc::clone(&self.model().common.no_rights))
    }

    /// Calls for what a user is granted and denied now, and after each moment at which something of theirs
    /// ends (D2).
    pub(crate) fn at_each_moment(&self, user: u32, mut each: impl FnMut(&Planes)) {
        let Some(record) = self.user_record(user) else {
            return;
        };
        let mut ends = self.users().ordered_ends(user);
        if let (Some(assigned), false) = (self.assigned(record.access()), ends.is_empty()) {
            // From the last moment back.
            let lasting = assigned.lasting(self.users().ends(user));
            let mut rights = Planes::clone(&self.united(&lasting));
            while let Some((until, of)) = ends.pop() {
                each(&rights);
                rights.unite(&self.united(&Assigned::only(of)));
                while let Some((_, of)) = ends.pop_if(|(sooner, _)| *sooner == until) {
                    rights.unite(&self.united(&Assigned::only(of)));
                }
            }
        }
        if let Some(rights) = self.set_rights(record.access()) {
            each(rights);
        }
    }
}

fn hash(assigned: &Assigned) -> u64 {
    FixedState::default().hash_one(assigned)
}

impl Sets {
    pub(crate) fn new(
        sets: Vec<(Assigned, Arc<Planes>)>,
        holders: impl IntoIterator<Item = Holders>,
    ) -> Sets {
        fn pairs<'s>(
            sets: &'s [(Assigned, Arc<Planes>)],
            of: impl Fn(&'s Assigned) -> &'s [u32],
        ) -> Ordered<(u32, u32)> {
            let each = sets.iter().zip(0..).flat_map(|((assigned, _), set)| {
                let numbers = of(assigned).iter();
                numbers.map(move |number| (*number, set))
            });
            each.collect()
        }
        let hashes = sets.iter().zip(0..);
        let by_assigned = hashes.map(|((assigned, _), set)| (hash(assigned), set));
        let holders: Chunked<Holders, 12> = holders.into_iter().collect();
        let unused = holders.iter().zip(0..);
        let unused = unused.filter(|(it, _)| it.users == 0).map(|(_, set)| set);
        Sets {
            by_assigned: by_assigned.collect(),
            with_role: pairs(&sets, |it| &it.roles),
            with_package: pairs(&sets, |it| &it.packages),
            unused: unused.collect(),
            holders,
            sets: sets
                .into_iter()
                .map(|(assigned, rights)| Set {
                    assigned: Arc::new(assigned),
                    rights,
                })
                .collect(),
        }
    }

    /// The sets that are not assigned the same in both, or come to other rights.
    #[cfg(feature = "live")]
    pub(crate) fn differing(&self, other: &Sets) -> Vec<usize> {
        self.sets.differing(&other.sets, |one, two| {
            let rights = Arc::ptr_eq(&one.rights, &two.rights) || one.rights == two.rights;
            rights && (Arc::ptr_eq(&one.assigned, &two.assigned) || one.assigned == two.assigned)
        })
    }

    /// One past the highest number.
    pub(crate) fn numbers(&self) -> u32 {
        self.sets.len() as u32
    }

    /// How many sets somebody has.
    pub(crate) fn used(&self) -> usize {
        self.sets.len() - self.unused.len()
    }

    pub(crate) fn assigned(&self, set: usize) -> Option<&Assigned> {
        Some(&self.sets.get(set)?.assigned)
    }

    pub(crate) fn rights(&self, set: usize) -> Option<&Planes> {
        Some(&self.sets.get(set)?.rights)
    }

    /// The rights of every set, of those that nobody has, too.
    pub(crate) fn every_rights(&self) -> impl Iterator<Item = &Planes> + Clone {
        self.sets.iter().map(|set| &*set.rights)
    }

    pub(crate) fn holders(&self, set: u32) -> Holders {
        self.holders.get(set as usize).copied().unwrap_or_default()
    }

    /// The sets that somebody has in which a role is assigned directly.
    pub(crate) fn with_role(&self, role: u32) -> impl Iterator<Item = u32> + '_ {
        let sets = self.with_role.with(role);
        sets.filter(|set| self.holders(*set).users > 0)
    }

    pub(crate) fn with_package(&self, package: u32) -> impl Iterator<Item = u32> + '_ {
        let sets = self.with_package.with(package);
        sets.filter(|set| self.holders(*set).users > 0)
    }

    pub(crate) fn find(&self, assigned: &Assigned) -> Option<u32> {
        let hash = hash(assigned);
        let known = self.by_assigned.range((hash, 0)..=(hash, u32::MAX));
        let mut known = known.map(|(_, set)| *set);
        known.find(|set| self.assigned(*set as usize) == Some(assigned))
    }

    /// Makes a set, in the place of one that nobody has where there is one; its number.
    pub(crate) fn make(&mut self, assigned: Assigned, rights: Arc<Planes>) -> u32 {
        let hash_of_new = hash(&assigned);
        let (roles, packages) = (assigned.roles.clone(), assigned.packages.clone());
        let new = Set {
            assigned: Arc::new(assigned),
            rights,
        };
        let set = match self.unused.first() {
            Some(&unused) => {
                if let Some(slot) = self.sets.get_mut(unused as usize) {
                    let old = std::mem::replace(slot, new);
                    self.by_assigned.remove(&(hash(&old.assigned), unused));
                    for &role in &old.assigned.roles {
                        self.with_role.remove(&(role, unused));
                    }
                    for &package in &old.assigned.packages {
                        self.with_package.remove(&(package, unused));
                    }
                }
                unused
            }
            None => {
                self.sets.push(new);
                self.holders.push(Holders::default());
                self.unused.insert(self.sets.len() as u32 - 1);
                self.sets.len() as u32 - 1
            }
        };
        self.by_assigned.insert((hash_of_new, set));
        for role in roles {
            self.with_role.insert((role, set));
        }
        for package in packages {
            self.with_package.insert((package, set));
        }
        set
    }

    pub(crate) fn set_rights(&mut self, set: u32, rights: Arc<Planes>) {
        if let Some(slot) = self.sets.get_mut(set as usize) {
            slot.rights = rights;
        }
    }

    /// One more user has the set.
    pub(crate) fn enter(&mut self, set: u32, is_active: bool) {
        if let Some(holders) = self.holders.get_mut(set as usize) {
            holders.users += 1;
            holders.active += u32::from(is_active);
            if holders.users == 1 {
                self.unused.remove(&set);
            }
        }
    }

    /// One user fewer has it.
    pub(crate) fn leave(&mut self, set: u32, was_active: bool) {
        if let Some(holders) = self.holders.get_mut(set as usize) {
            holders.users = holders.users.saturating_sub(1);
            holders.active = holders.active.saturating_sub(u32::from(was_active));
            if holders.users == 0 {
                self.unused.insert(set);
            }
        }
    }
}
