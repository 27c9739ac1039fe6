//! Who may: what an actor is granted, and how far it reaches those concerned (A2 to A4, A7).
//!
//! Authority is the actor's in the state before the transaction. Whom it reaches is looked at both
//! there and in the state so far, so that no earlier change of a transaction brings anybody within
//! reach.

mod principal;
mod wildcard;

pub(super) use principal::lasting;
pub(super) use wildcard::is_wildcard;

use super::actor::Actor;
use super::refusal::Refusal;
use crate::catalog::{EditedBy, Property};
use crate::document::problem::Rules;
use crate::document::{ChangeKind, GrantDocument};
use crate::engine::{Holder, NOWHERE, Planes, State};
use crate::{Scope, Timestamp};
use principal::Principal;

/// Everybody whose rights a change needs; nobody, where the host itself makes it.
pub(super) struct Authority {
    principals: Vec<Principal>,
}

/// Somebody whom a change concerns, as the owner of a record (A2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// The number in the state before, if they were there.
    pub(super) user: Option<u32>,
    /// The position in the state before; `None` of who was not there.
    pub(super) was: Option<u32>,
    /// The position in the state so far.
    pub(super) is: u32,
}

/// The states that a transaction is looked at in.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    /// Before it.
    pub(super) before: &'s State,
    /// As the changes so far have left it.
    pub(super) now: &'s State,
}

impl Scene<'_> {
    pub(super) fn person(&self, user: u32) -> Person {
        let position = |state: &State, it| state.user_record(it).map(|it| it.position);
        let before = self.before_of(user);
        Person {
            user: before,
            was: before.and_then(|it| position(self.before, it)),
            is: position(self.now, user).unwrap_or(NOWHERE),
        }
    }

    /// Somebody of that name who is made in this place, and may have been removed before in the transaction.
    pub(super) fn made(&self, name: &str, is: u32) -> Person {
        let user = self.before.find_user(name);
        let was = user.and_then(|it| self.before.user_record(it));
        Person {
            user,
            was: was.map(|it| it.position),
            is,
        }
    }

    /// The number that a user has in the state before, if they were there. It is another if the transaction
    /// removed them and brought them back.
    pub(super) fn before_of(&self, user: u32) -> Option<u32> {
        same_user(user, self.now, self.before)
    }

    /// The number that a user of the state before has so far.
    pub(super) fn now_of(&self, user: u32) -> Option<u32> {
        same_user(user, self.before, self.now)
    }
}

/// The number in another state of the user who has this number in one.
fn same_user(user: u32, one: &State, other: &State) -> Option<u32> {
    if other.user_record(user).is_some() {
        return Some(user);
    }
    other.find_user(one.user_id(user)?)
}

/// What a right must reach.
#[derive(Clone, Copy)]
pub(super) enum Target<'t> {
    /// Everything: it is needed at All.
    Everything,
    /// Somebody, named in messages.
    Person(Person, &'t str),
}

impl Target<'_> {
    fn name(&self) -> Option<String> {
        match self {
            Target::Everything => None,
            Target::Person(_, name) => Some((*name).to_owned()),
        }
    }
}

/// The narrowest scopes that reach each of those who would receive something, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Levels(u8);

impl Levels {
    /// Those who bring roles in tokens, at every position (D18).
    const TOKENS: u8 = 1;

    fn add(&mut self, needed: Scope) {
        self.0 |= 1 << needed as u8;
    }

    fn has(self, needed: Scope) -> bool {
        self.0 & 1 << needed as u8 != 0
    }

    /// Whether somebody who holds `held` may confer `given` on all of them (A4).
    fn allow(self, given: u8, held: u8) -> bool {
        const ALL: u8 = Scope::All as u8;
        if held == ALL {
            return true;
        }
        if self.0 == 0 {
            return given <= held;
        }
        given != ALL
            && self.0 & Levels::TOKENS == 0
            && !self.has(Scope::All)
            && (!self.has(Scope::Own) || given <= held)
            && (!self.has(Scope::Reports) || held >= Scope::Reports as u8)
            && (!self.has(Scope::Peers) || held == Scope::Peers as u8)
    }
}

/// Who would receive something.
pub(super) enum Receivers {
    /// One person, by name, who receives it until that time, or for good.
    Person {
        person: Person,
        name: String,
        until: Option<Timestamp>,
    },
    /// These users.
    Users(Vec<u32>),
    /// All who have a role in the state so far, and who may bring it in a token.
    Holders(u32),
    /// All who have one of these access sets in the state so far; tokens may bring it besides.
    Sets(std::collections::BTreeSet<u32>, bool),
}

impl Receivers {
    pub(super) fn person(person: Person, name: &str, until: Option<Timestamp>) -> Receivers {
        Receivers::Person {
            person,
            name: name.to_owned(),
            until,
        }
    }

    /// Until when they receive it; `None` for good. Only an assignment ends.
    fn until(&self) -> Option<Timestamp> {
        match self {
            Receivers::Person { until, .. } => *until,
            Receivers::Holders(_) | Receivers::Users(_) | Receivers::Sets(..) => None,
        }
    }
}

impl Authority {
    /// Whose rights a transaction of that actor needs.
    pub(super) fn of(state: &State, actor: &Actor, rules: Rules) -> Result<Authority, Refusal> {
        let mut principals = Vec::new();
        let mut waiting = vec![actor];
        while let Some(actor) = waiting.pop() {
            match actor {
                Actor::System => {}
                Actor::OnBehalfOf { actor, of } => waiting.extend([&**of, &**actor]),
                Actor::User(id) => principals.push(Principal::of_user(state, id, rules)?),
                Actor::External { id, grants } => {
                    principals.push(Principal::external(state, id, grants, rules)?);
                }
            }
        }
        Ok(Authority { principals })
    }

    /// Whether the host itself acts, for nobody else.
    pub(super) fn is_system(&self) -> bool {
        self.principals.is_empty()
    }

    /// Whether they may make that kind of change (A2).
    pub(super) fn kind(
        &self,
        scene: Scene<'_>,
        kind: ChangeKind,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        if self.is_system() {
            return Ok(());
        }
        let rules = &scene.before.model().administration;
        let &permission = rules
            .changes
            .get(&kind)
            .ok_or(Refusal::NoRule { kind: Some(kind) })?;
        self.permission(scene, permission, target)
    }

    /// Whether they may make that kind of change to anybody or anything.
    pub(super) fn kind_at_all(&self, scene: Scene<'_>, kind: ChangeKind) -> Result<(), Refusal> {
        if self.is_system() {
            return Ok(());
        }
        let rules = &scene.before.model().administration;
        let &permission = rules
            .changes
            .get(&kind)
            .ok_or(Refusal::NoRule { kind: Some(kind) })?;
        let mut principals = self.principals.iter();
        match principals.all(|it| it.is_effective(scene.before, permission)) {
            true => Ok(()),
            false => Err(Refusal::Lacks {
                permission: path(scene, permission),
            }),
        }
    }

    /// Whether they may change the setting of an adjustable permission (A4).
    pub(super) fn setting(&self, scene: Scene<'_>, changed_by: Option<u16>) -> Result<(), Refusal> {
        if self.is_system() {
            return Ok(());
        }
        let permission = changed_by.ok_or(Refusal::NoRule { kind: None })?;
        self.permission(scene, permission, Target::Everything)
    }

    /// Checks that they may edit a property of that user, besides making the change (D10).
    pub(super) fn property(
        &self,
        scene: Scene<'_>,
        property: &Property,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        if self.is_system() {
            return Ok(());
        }
        let needed = match property.edited_by {
            EditedBy::Anybody => return Ok(()),
            EditedBy::Holder(permission) => Some(permission),
            EditedBy::System => None,
        };
        let allowed = needed.is_some_and(|permission| {
            let reaches = |it: &Principal| it.reaches(scene, permission, target);
            self.principals.iter().all(reaches)
        });
        if allowed {
            return Ok(());
        }
        Err(Refusal::MayNotEditProperty {
            property: property.name.as_ref().to_owned(),
            permission: needed.map(|it| path(scene, it)),
            user: target.name(),
        })
    }

    fn permission(
        &self,
        scene: Scene<'_>,
        permission: u16,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        let reaches = |it: &Principal| it.reaches(scene, permission, target);
        match self.principals.iter().all(reaches) {
            true => Ok(()),
            false => Err(Refusal::NotAllowed {
                permission: path(scene, permission),
                user: target.name(),
            }),
        }
    }

    /// Whether they may assign all of these roles (A2).
    pub(super) fn assign(
        &self,
        scene: Scene<'_>,
        roles: &[u32],
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        self.roles(scene, roles, target, true, false)
    }

    /// Whether they may revoke all of these roles.
    pub(super) fn revoke(
        &self,
        scene: Scene<'_>,
        roles: &[u32],
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        self.roles(scene, roles, target, false, false)
    }

    /// Checks that the actor may revoke from the target all of these roles, which tokens bring (D18).
    pub(super) fn bind(
        &self,
        scene: Scene<'_>,
        roles: &[u32],
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        self.roles(scene, roles, target, false, true)
    }

    /// Checks that the actor may assign all of these roles, which tokens bring, to anybody (D18).
    pub(super) fn free(&self, scene: Scene<'_>, roles: &[u32]) -> Result<(), Refusal> {
        self.roles(scene, roles, Target::Everything, true, true)
    }

    fn roles(
        &self,
        scene: Scene<'_>,
        roles: &[u32],
        target: Target<'_>,
        assign: bool,
        by_tokens: bool,
    ) -> Result<(), Refusal> {
        if self.is_system() {
            return Ok(());
        }
        let model = scene.before.model();
        // Most roles have the same rule.
        let mut known_to_reach = None;
        for &role in roles {
            let system = model.roles.get(role as usize);
            let permission = match (system, assign) {
                (Some(role), true) => role.assign,
                (Some(role), false) => role.revoke,
                (None, true) => model.administration.assign_account_roles,
                (None, false) => model.administration.revoke_account_roles,
            };
            let allowed = permission.is_some_and(|permission| {
                let reaches = |it: &Principal| it.reaches(scene, permission, target);
                known_to_reach == Some(permission) || self.principals.iter().all(reaches)
            });
            if allowed {
                known_to_reach = permission;
                continue;
            }
            let role = scene.now.role_id(role).unwrap_or_default().to_owned();
            let permission = permission.map(|it| path(scene, it));
            let user = target.name();
            return Err(match assign {
                true => Refusal::MayNotAssign {
                    role,
                    permission,
                    user,
                    by_tokens,
                },
                false => Refusal::MayNotRevoke {
                    role,
                    permission,
                    user,
                    by_tokens,
                },
            });
        }
        Ok(())
    }

    /// Whether they hold all that a set of stored rights grants, and may confer it (A4).
    pub(super) fn confer_all(
        &self,
        scene: Scene<'_>,
        given: &Planes,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        if self.holds_at_all([given].into_iter()) {
            return Ok(());
        }
        self.confer(scene, given.grants(), receivers)
    }

    /// Returns whether they hold at All, without an end, all that these grant: then they may confer it on
    /// anybody, for good.
    pub(super) fn holds_at_all<'p>(&self, mut given: impl Iterator<Item = &'p Planes>) -> bool {
        given.all(|given| {
            let mut lasting = self.principals.iter().map(Principal::lasting);
            lasting.all(|held| given.is_within_all_of(held))
        })
    }

    /// Whether they hold these permissions that far, and may confer them (A4).
    pub(super) fn confer(
        &self,
        scene: Scene<'_>,
        given: impl Iterator<Item = (u16, u8)>,
        receivers: &Receivers,
    ) -> Result<(), Refusal> {
        let mut levels: Option<Vec<Levels>> = None;
        for (permission, scope) in given {
            for (number, principal) in self.principals.iter().enumerate() {
                let held = principal.held(permission, receivers.until());
                if held == Scope::All as u8 {
                    continue;
                }
                let levels = levels.get_or_insert_with(|| self.levels(scene, receivers));
                let allows = |held: u8| {
                    held > 0 && levels.get(number).is_some_and(|it| it.allow(scope, held))
                };
                if allows(held) {
                    continue;
                }
                // Only where an end is what is wrong.
                let until = principal.held_so_far_until(permission, scope);
                let until = until.filter(|it| allows(principal.held(permission, Some(*it))));
                return Err(Refusal::NotHeld {
                    permission: path(scene, permission),
                    scope: Scope::from_u8(scope).unwrap_or(Scope::All),
                    held: Scope::from_u8(principal.held_now(permission)),
                    until,
                    user: match receivers {
                        Receivers::Person { name, .. } => Some(name.clone()),
                        Receivers::Holders(_) | Receivers::Users(_) | Receivers::Sets(..) => None,
                    },
                });
            }
        }
        Ok(())
    }

    /// For each principal, the narrowest scopes that reach those who would receive something.
    fn levels(&self, scene: Scene<'_>, receivers: &Receivers) -> Vec<Levels> {
        let mut all = vec![Levels::default(); self.principals.len()];
        let add = |all: &mut [Levels], person: Person| {
            for (levels, principal) in all.iter_mut().zip(&self.principals) {
                levels.add(principal.needed(scene, person));
            }
        };
        match receivers {
            // Looked up here: an actor who holds everything at All need not know.
            Receivers::Holders(role) => {
                let is_brought = !scene.now.brought_above(*role).is_empty();
                let sets = Receivers::Sets(scene.now.sets_holding(*role), is_brought);
                return self.levels(scene, &sets);
            }
            Receivers::Person { person, .. } => add(&mut all, *person),
            Receivers::Users(users) => {
                for user in users {
                    add(&mut all, scene.person(*user));
                }
            }
            Receivers::Sets(sets, tokens) => {
                if *tokens {
                    all.iter_mut().for_each(|it| it.0 |= Levels::TOKENS);
                }
                if !sets.is_empty() {
                    for (user, record) in scene.now.every_user() {
                        if sets.contains(&(record.access() as u32)) {
                            add(&mut all, scene.person(user));
                        }
                    }
                }
            }
        }
        all
    }

    /// Checks that they hold these permissions at All, without an end: what widens whose records they reach
    /// needs it (A4).
    pub(super) fn widen(
        &self,
        scene: Scene<'_>,
        permissions: impl Iterator<Item = u16>,
    ) -> Result<(), Refusal> {
        for permission in permissions {
            const ALL: u8 = Scope::All as u8;
            let mut principals = self.principals.iter();
            if let Some(lacking) = principals.find(|it| it.held(permission, None) < ALL) {
                return Err(Refusal::WidensReach {
                    permission: path(scene, permission),
                    until: lacking.held_so_far_until(permission, ALL),
                });
            }
        }
        Ok(())
    }

    /// Whether they may write a wildcard (A4): each holds it or a wider one, by one grant of at least
    /// its scope, with every exception of that grant, and every deny that binds them inside it,
    /// repeated as its exceptions.
    pub(super) fn wildcard(&self, scene: Scene<'_>, grant: &GrantDocument) -> Result<(), Refusal> {
        let version = scene.now.written_version();
        let holds = |it: &Principal| it.holds_wildcard(scene.before, grant, version);
        match self.principals.iter().all(holds) {
            true => Ok(()),
            false => Err(Refusal::WildcardNotHeld {
                selector: grant.select.clone(),
            }),
        }
    }
}

fn path(scene: Scene<'_>, permission: u16) -> String {
    let permission = scene.before.model().permissions.get(permission as usize);
    permission.map_or_else(String::new, |it| it.path.as_ref().to_owned())
}
