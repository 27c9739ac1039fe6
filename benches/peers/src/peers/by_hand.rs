//! What a team writes by hand on a good day: maps by name, nested, from the standard library.
//!
//! A user's roles and those of their packages are looked up one after the other and the widest scope is
//! kept; the hierarchy is walked upwards from the owner's position. No interning, no faster hasher and no
//! closure of the hierarchy, since a team that comes so far is writing a library.

use std::collections::{HashMap, HashSet};

use bailiwick::Scope;

use crate::contest::Peer;
use crate::facts::{Facts, Listing};
use crate::worlds::ByName;

pub(crate) struct ByHand {
    users: HashMap<String, User>,
    packages: HashMap<String, Vec<String>>,
    /// By role, then by action.
    roles: HashMap<String, HashMap<String, Scope>>,
    /// Those that a position reports to.
    positions: HashMap<String, Vec<String>>,
}

struct User {
    roles: Vec<String>,
    packages: Vec<String>,
    position: Option<String>,
}

impl ByHand {
    fn scope(&self, user: &User, action: &str) -> Option<Scope> {
        let packages = user.packages.iter().filter_map(|it| self.packages.get(it));
        user.roles
            .iter()
            .chain(packages.flatten())
            .filter_map(|role| self.roles.get(role)?.get(action))
            .max()
            .copied()
    }

    fn reaches(&self, scope: Scope, viewer: (&str, &User), owner: &str) -> bool {
        if scope == Scope::All || viewer.0 == owner {
            return true;
        }
        let below = || {
            let mine = viewer.1.position.as_deref()?;
            let theirs = self.users.get(owner)?.position.as_deref()?;
            Some(match scope {
                Scope::Peers => mine == theirs || self.is_below(theirs, mine),
                Scope::Reports => self.is_below(theirs, mine),
                Scope::Own | Scope::All => false,
            })
        };
        below().unwrap_or(false)
    }

    fn is_below(&self, low: &str, high: &str) -> bool {
        let mut seen = HashSet::new();
        let mut left = vec![low];
        while let Some(position) = left.pop() {
            for above in self.positions.get(position).into_iter().flatten() {
                if above == high {
                    return true;
                }
                if seen.insert(above.as_str()) {
                    left.push(above);
                }
            }
        }
        false
    }
}

impl Peer for ByHand {
    type Request = ByName;
    type Page = Listing;
    type Asker<'p> = &'p ByHand;

    fn load(facts: &Facts) -> ByHand {
        let policy = &facts.world.policy;
        ByHand {
            users: facts
                .world
                .users
                .iter()
                .map(|user| {
                    let record = User {
                        roles: user.roles.iter().map(|it| it.id.clone()).collect(),
                        packages: user.packages.iter().map(|it| it.id.clone()).collect(),
                        position: user.position.clone(),
                    };
                    (user.id.clone(), record)
                })
                .collect(),
            packages: policy
                .packages
                .iter()
                .map(|it| (it.id.clone(), it.roles.clone()))
                .collect(),
            roles: facts
                .roles
                .iter()
                .map(|it| (it.id.clone(), it.grants.iter().cloned().collect()))
                .collect(),
            positions: policy
                .positions
                .iter()
                .map(|it| (it.id.clone(), it.reports_to.clone()))
                .collect(),
        }
    }

    fn request(&self, asked: &ByName) -> ByName {
        *asked
    }

    fn page(&self, listing: &Listing) -> Listing {
        listing.clone()
    }

    fn asker(&self) -> &ByHand {
        self
    }

    fn check(maps: &mut &ByHand, request: &ByName) -> bool {
        let Some(user) = maps.users.get(request.user) else {
            return false;
        };
        maps.scope(user, request.action)
            .is_some_and(|it| maps.reaches(it, (request.user, user), request.owner))
    }

    fn check_names(&self, asker: &mut Self::Asker<'_>, asked: &ByName) -> bool {
        Self::check(asker, asked)
    }

    /// The scope is looked up once for the page.
    fn list(maps: &mut &ByHand, page: &Listing) -> Vec<u32> {
        let Some(user) = maps.users.get(&*page.user) else {
            return Vec::new();
        };
        let Some(scope) = maps.scope(user, &page.action) else {
            return Vec::new();
        };
        let rows = (0..).zip(&page.owners);
        rows.filter(|(_, owner)| maps.reaches(scope, (&page.user, user), owner))
            .map(|(i, _)| i)
            .collect()
    }

    fn assign(&mut self, user: &str, role: &str) {
        let user = self.users.get_mut(user).expect("a known user");
        user.roles.push(role.to_owned());
    }
}
