//! What a step did to access sets and the people who have them, held against what A3 and A4 ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::authority::{Receivers, Target};
use super::super::refusal::Refusal;
use super::Transaction;
use super::bearers::Covered;
use super::moments::Moved;
use crate::document::ChangeKind;
use crate::engine::{Ends, Planes, State};

/// The rights of some access sets, kept from before a step, with the roles that give them.
pub(super) struct RightsBefore {
    sets: Vec<(u32, Planes, Vec<u32>)>,
    /// The state before, if an assignment of anybody ends: it tells what they come to then.
    state: Option<Arc<State>>,
}

/// Those who bring a role in a token: it counts as held by somebody (D18).
pub(super) struct Bearers {
    pub(super) role: u32,
    /// It and all that it inherits.
    roles: Vec<u32>,
    pub(super) before: Planes,
}

/// What a step did to some people, who have an access set and the same ends, if any.
struct Concerned<'r> {
    people: Vec<u32>,
    /// Their roles, and what they were granted, before.
    roles: &'r [u32],
    before: &'r Planes,
    after: &'r Planes,
    moved: Moved,
}

impl Concerned<'_> {
    /// Returns whether they can do less by a deny (A3).
    fn are_denied_something(&self) -> bool {
        self.before.grants_something_denied_by(&self.moved.given)
    }
}

impl Transaction {
    /// The host itself is asked for nothing, and needs none of it.
    pub(super) fn rights_before(&self, sets: &BTreeSet<u32>) -> RightsBefore {
        let nothing = RightsBefore {
            sets: Vec::new(),
            state: None,
        };
        if self.authority.is_system() {
            return nothing;
        }
        let now = self.now();
        let rights = |set: &u32| {
            let (rights, assigned) = (now.set_rights(*set as usize)?, now.assigned(*set as usize)?);
            Some((*set, rights.clone(), now.authorized(assigned)))
        };
        let looks_ahead = !self.is_replayed() && now.users().next_end().is_some();
        RightsBefore {
            sets: sets.iter().filter_map(rights).collect(),
            state: looks_ahead.then(|| self.draft.so_far().0),
        }
    }

    /// Whether what roles and all that they inherit say, each for itself, may be handed to somebody (A4);
    /// the roles that the catalog exempts from that kind of change aside.
    pub(super) fn confer_roles(
        &self,
        kind: ChangeKind,
        roles: &[u32],
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        if self.authority.is_system() {
            return Ok(());
        }
        let closures = roles.iter().filter_map(|it| self.now().role_closure(*it));
        if self.authority.holds_at_all(closures) {
            return Ok(());
        }
        for role in self.now().granting(roles.to_vec()) {
            if self.is_exempt(kind, role) {
                continue;
            }
            let Some(role) = self.now().roles().get(role) else {
                continue;
            };
            self.authority
                .confer_all(self.scene(), &role.own, receivers)?;
        }
        Ok(())
    }

    pub(super) fn is_exempt(&self, kind: ChangeKind, role: u32) -> bool {
        let model = self.before.model();
        let system = ((role as usize) < model.roles.len()).then_some(role);
        model.administration.exempt.contains(&(kind, system))
    }

    /// What a step took from, and opened to, people of some access sets: denies given must not be a
    /// weapon (A3), denies lifted must be held (A4). `lifting` is what the step took away, and the denies
    /// that are compared are its. Both are asked for what they may bring in tokens (D18).
    pub(super) fn check_sets(
        &self,
        kind: ChangeKind,
        before: &RightsBefore,
        lifting: &Planes,
    ) -> Result<(), Refusal> {
        for it in self.concerned(before) {
            if it.are_denied_something() {
                self.revoke_all_of(&it.people, it.roles)?;
            }
            let receivers = Receivers::Users(it.people.clone());
            self.lift(&it.moved.lifted, it.after, lifting, &receivers)?;
            // An import asks this once, as a whole.
            if !self.importing {
                self.check_bearers(kind, it)?;
            }
        }
        Ok(())
    }

    /// What everything so far, an import, say, gave and lifted of denies, asked for what people of some
    /// access sets may bring in tokens (D18).
    pub(super) fn check_bearers_of(
        &self,
        kind: ChangeKind,
        before: &RightsBefore,
    ) -> Result<(), Refusal> {
        let mut concerned = self.concerned(before).into_iter();
        concerned.try_for_each(|it| self.check_bearers(kind, it))
    }

    fn check_bearers(&self, kind: ChangeKind, it: Concerned<'_>) -> Result<(), Refusal> {
        let Moved { given, lifted } = it.moved;
        self.bind_each(kind, &Covered::Denied(given.into()), &it.people)?;
        self.free(kind, &Covered::Denied(lifted.into()))
    }

    /// The people of some access sets of whom denies were given or lifted, by set and by what ends.
    fn concerned<'r>(&'r self, before: &'r RightsBefore) -> Vec<Concerned<'r>> {
        let now = self.now();
        let permissions = self.before.model().permissions.len();
        let mut people: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut concerned = Vec::new();
        for (set, before, roles) in &before.sets {
            let Some(after) = now.set_rights(*set as usize) else {
                continue;
            };
            let mut moved = Moved::none(permissions);
            moved.compare(before, after);
            if !moved.is_nothing() {
                people.insert(*set, Vec::new());
                concerned.push((*set, before, after, roles, moved));
            }
        }
        if !concerned.is_empty() {
            // Once over all users, however many sets.
            for (user, record) in now.every_user() {
                if let Some(people) = people.get_mut(&(record.access() as u32)) {
                    people.push(user);
                }
            }
        }
        let at_once = concerned
            .into_iter()
            .map(|(set, before, after, roles, moved)| Concerned {
                people: people.remove(&set).unwrap_or_default(),
                roles,
                before,
                after,
                moved,
            });
        let mut concerned: Vec<Concerned<'_>> = at_once.collect();
        concerned.extend(self.concerned_later(before));
        concerned
    }

    /// Those of them of whom an assignment ends: a deny may be there for as long as another is, too.
    fn concerned_later<'r>(&'r self, before: &'r RightsBefore) -> Vec<Concerned<'r>> {
        let Some(state) = &before.state else {
            return Vec::new();
        };
        let now = self.now();
        let sets = before.sets.iter();
        let sets: BTreeMap<u32, (&Planes, &[u32])> = sets
            .map(|(set, before, roles)| (*set, (before, &roles[..])))
            .collect();
        let mut alike: BTreeMap<(u32, Ends), Vec<u32>> = BTreeMap::new();
        for user in now.users().with_ends() {
            let set = now.user_record(user).map(|it| it.access() as u32);
            let Some(set) = set.filter(|set| sets.contains_key(set)) else {
                continue;
            };
            let ends = now.users().ordered_ends(user);
            alike.entry((set, ends)).or_default().push(user);
        }
        let found = alike.into_iter().filter_map(|((set, _), people)| {
            let assigned = now.assigned(set as usize)?;
            let ends = now.users().ends(*people.first()?);
            let moved = Moved::between((state, assigned, ends), (now, assigned, ends));
            let (before, roles) = *sets.get(&set)?;
            let after = now.set_rights(set as usize)?;
            (!moved.is_nothing()).then_some(Concerned {
                people,
                roles,
                before,
                after,
                moved,
            })
        });
        found.collect()
    }

    /// What those come to who bring one of these roles in a token, before a step.
    pub(super) fn bearers_of(&self, brought: &[u32]) -> Vec<Bearers> {
        let now = self.now();
        let bearers = brought.iter().filter_map(|&role| {
            Some(Bearers {
                role,
                roles: if self.is_replayed() {
                    vec![role]
                } else {
                    now.roles_below(role)
                },
                before: now.role_closure(role)?.clone(),
            })
        });
        bearers.collect()
    }

    /// Checks that the actor may take every role from those who can do less since a step, by a deny (A3).
    pub(super) fn take_from(&self, bearers: &[Bearers]) -> Result<(), Refusal> {
        for bearers in bearers {
            let after = self.now().role_closure(bearers.role);
            if after.is_some_and(|after| bearers.before.is_denied_something_by(after)) {
                let scene = self.scene();
                self.authority
                    .revoke(scene, &bearers.roles, Target::Everything)?;
            }
        }
        Ok(())
    }

    /// Denies that were lifted, as far as a step took them away: what is granted after must be held.
    pub(super) fn lift(
        &self,
        lifted: &Planes,
        after: &Planes,
        lifting: &Planes,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        let lifted = lifted.denials().filter(|it| lifting.denied(*it));
        self.lifted(lifted.map(|it| (it, after.granted(it))), receivers)
    }

    /// Permissions that are denied no more, with what is then granted of each: that much must be held,
    /// and some of it where nothing is granted.
    pub(super) fn lifted(
        &self,
        lifted: impl Iterator<Item = (u16, u8)>,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        let nobody = Receivers::Sets(BTreeSet::new(), false);
        for (permission, granted) in lifted {
            let (scope, receivers) = match granted {
                0 => (self.narrowest(permission), &nobody),
                granted => (granted, receivers),
            };
            let given = [(permission, scope)].into_iter();
            self.authority.confer(self.scene(), given, receivers)?;
        }
        Ok(())
    }

    /// What roles say, each for itself, that the catalog does not exempt from that kind of change.
    pub(super) fn compared(&self, kind: ChangeKind, roles: &[u32]) -> Planes {
        let mut all = Planes::none(self.before.model().permissions.len());
        for &role in roles.iter().filter(|role| !self.is_exempt(kind, **role)) {
            if let Some(role) = self.now().roles().get(role) {
                all.unite(&role.own);
            }
        }
        all
    }

    /// The narrowest scope that a permission offers.
    fn narrowest(&self, permission: u16) -> u8 {
        let known = self.before.model().permissions.get(permission as usize);
        let narrowest = known.and_then(|it| it.scopes.iter().next());
        narrowest.map_or(0, |scope| scope as u8)
    }

    /// The right to revoke each of these roles of each of these people.
    fn revoke_all_of(&self, people: &[u32], roles: &[u32]) -> Result<(), Refusal> {
        let scene = self.scene();
        // Whoever may revoke them everywhere need not be held against each person.
        let everywhere = self.authority.revoke(scene, roles, Target::Everything);
        if everywhere.is_ok() {
            return Ok(());
        }
        for &user in people {
            let name = self.now().user_id(user).unwrap_or_default();
            let target = Target::Person(scene.person(user), name);
            self.authority.revoke(scene, roles, target)?;
        }
        Ok(())
    }
}
