//! Who may: what an actor is granted, and how far it reaches those concerned (A2 to A4, A7).
//!
//! Authority is the actor's in the state before the transaction. Whom it reaches is looked at both
//! there and in the state so far, so that no earlier change of a transaction brings anybody within
//! reach.

use crate::Scope;
use crate::catalog::{Followed, is_at_or_below, resolve_grant};
use crate::document::problem::{Path, Report, Source};
use crate::document::{ChangeKind, DenialDocument, GrantDocument, Problems};
use crate::engine::{Holder, NOWHERE, Planes, State, is_effective};

use super::actor::Actor;
use super::refusal::Refusal;

/// Everybody whose rights a change needs; nobody, where the host itself makes it.
pub(super) struct Authority {
    principals: Vec<Principal>,
}

/// One whose rights a change needs.
pub(super) struct Principal {
    user: Option<u32>,
    position: u32,
    rights: Planes,
    written: Written,
}

/// Where what they are granted is written.
enum Written {
    /// In the roles of an access set.
    Set(usize),
    /// By the host.
    Host(Vec<GrantDocument>),
}

impl Holder for Principal {
    fn granted(&self, permission: u16) -> u8 {
        self.rights.granted(permission)
    }

    fn denied(&self, permission: u16) -> bool {
        self.rights.denied(permission)
    }

    fn is_everybody(&self) -> bool {
        true
    }

    fn is_effective(&self, state: &State, permission: u16) -> bool {
        is_effective(state, self, permission)
    }
}

/// Somebody whom a change concerns, as the owner of a record (A2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// Of a user that there is.
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
        let position = |state: &State| state.user_record(user).map(|it| it.position);
        Person {
            user: Some(user),
            was: position(self.before),
            is: position(self.now).unwrap_or(NOWHERE),
        }
    }
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
    /// One person.
    Person(Person, String),
    /// All who have one of these access sets in the state so far; tokens may bring it besides.
    Sets(std::collections::BTreeSet<u32>, bool),
}

impl Authority {
    /// Whose rights a transaction of that actor needs.
    pub(super) fn of(state: &State, actor: &Actor) -> Result<Authority, Refusal> {
        let mut principals = Vec::new();
        let mut waiting = vec![actor];
        while let Some(actor) = waiting.pop() {
            match actor {
                Actor::System => {}
                Actor::OnBehalfOf { actor, of } => waiting.extend([&**of, &**actor]),
                Actor::User(id) => principals.push(Principal::of_user(state, id)?),
                Actor::External { grants, .. } => {
                    principals.push(Principal::external(state, grants)?);
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

    /// Whether they may change the setting of an adjustable permission (A4).
    pub(super) fn setting(&self, scene: Scene<'_>, changed_by: Option<u16>) -> Result<(), Refusal> {
        if self.is_system() {
            return Ok(());
        }
        let permission = changed_by.ok_or(Refusal::NoRule { kind: None })?;
        self.permission(scene, permission, Target::Everything)
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
        self.roles(scene, roles, target, true)
    }

    /// Whether they may revoke all of these roles.
    pub(super) fn revoke(
        &self,
        scene: Scene<'_>,
        roles: &[u32],
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        self.roles(scene, roles, target, false)
    }

    fn roles(
        &self,
        scene: Scene<'_>,
        roles: &[u32],
        target: Target<'_>,
        assign: bool,
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
                },
                false => Refusal::MayNotRevoke {
                    role,
                    permission,
                    user,
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
        let mut rights = self.principals.iter().map(|it| &it.rights);
        if rights.all(|held| given.is_within_all_of(held)) {
            return Ok(());
        }
        self.confer(scene, given.grants(), receivers)
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
                let held = principal.held(permission);
                if held == Scope::All as u8 {
                    continue;
                }
                let levels = levels.get_or_insert_with(|| self.levels(scene, receivers));
                let allows = |levels: &Levels| levels.allow(scope, held);
                if held > 0 && levels.get(number).is_some_and(allows) {
                    continue;
                }
                return Err(Refusal::NotHeld {
                    permission: path(scene, permission),
                    scope: Scope::from_u8(scope).unwrap_or(Scope::All),
                    held: Scope::from_u8(held),
                    user: match receivers {
                        Receivers::Person(_, name) => Some(name.clone()),
                        Receivers::Sets(..) => None,
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
            Receivers::Person(person, _) => add(&mut all, *person),
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

    /// Whether they hold these permissions at All: what widens whose records they reach needs it (A4).
    pub(super) fn widen(
        &self,
        scene: Scene<'_>,
        permissions: impl Iterator<Item = u16>,
    ) -> Result<(), Refusal> {
        for permission in permissions {
            let at_all = |it: &Principal| it.held(permission) == Scope::All as u8;
            if !self.principals.iter().all(at_all) {
                let permission = path(scene, permission);
                return Err(Refusal::WidensReach { permission });
            }
        }
        Ok(())
    }

    /// Whether they may write a wildcard (A4): each holds it or a wider one, by one grant of at least
    /// its scope, with every exception of that grant, and every deny that binds them inside it,
    /// repeated as its exceptions.
    pub(super) fn wildcard(&self, scene: Scene<'_>, grant: &GrantDocument) -> Result<(), Refusal> {
        let holds = |it: &Principal| it.holds_wildcard(scene.before, grant);
        match self.principals.iter().all(holds) {
            true => Ok(()),
            false => Err(Refusal::WildcardNotHeld {
                selector: grant.select.clone(),
            }),
        }
    }
}

impl Principal {
    fn of_user(state: &State, id: &str) -> Result<Principal, Refusal> {
        let unknown = || Refusal::UnknownActor {
            actor: id.to_owned(),
        };
        let user = state.find_user(id).ok_or_else(unknown)?;
        let record = state.user_record(user).ok_or_else(unknown)?;
        if record.is_suspended() {
            return Err(Refusal::ActorSuspended {
                actor: id.to_owned(),
            });
        }
        let set = record.access();
        Ok(Principal {
            user: Some(user),
            position: record.position,
            rights: state.set_rights(set).ok_or_else(unknown)?.clone(),
            written: Written::Set(set),
        })
    }

    fn external(state: &State, grants: &[GrantDocument]) -> Result<Principal, Refusal> {
        let model = state.model();
        let source = Source::default();
        let mut report = Report::new(&source);
        let list = Path::ROOT.field("grants");
        let mut rights = crate::catalog::Rights::none(model.permissions.len());
        let mut adjustable = Vec::new();
        for (i, grant) in grants.iter().enumerate() {
            let named = model.permission_names.get(&grant.select);
            let permission = named.and_then(|it| model.permissions.get(it as usize));
            match named {
                // Of the account's people they come from settings; of the host's, from the host.
                Some(named) if permission.is_some_and(|it| it.adjustable.is_some()) => {
                    adjustable.push(named);
                }
                _ => {
                    let here = list.index(i);
                    resolve_grant(model, grant, model.version, &mut rights, &here, &mut report);
                }
            }
        }
        let (errors, _) = report.finish();
        Problems::unless_none(errors).map_err(Refusal::Invalid)?;
        let mut rights = Planes::of(&rights);
        for permission in adjustable {
            rights.grant(permission as usize, Scope::All);
        }
        Ok(Principal {
            user: None,
            position: NOWHERE,
            rights,
            written: Written::Host(grants.to_vec()),
        })
    }

    /// How far a permission is held, 0 for not at all: as it is stored (A4).
    fn held(&self, permission: u16) -> u8 {
        match self.rights.denied(permission) {
            true => 0,
            false => self.rights.granted(permission),
        }
    }

    /// Whether a permission takes effect (D8) and reaches (A2).
    fn reaches(&self, scene: Scene<'_>, permission: u16, target: Target<'_>) -> bool {
        let needed = match target {
            Target::Everything => Scope::All,
            Target::Person(person, _) => self.needed(scene, person),
        };
        self.rights.granted(permission) >= needed as u8
            && self.is_effective(scene.before, permission)
    }

    /// The narrowest scope that reaches somebody's records (S1 to S3).
    fn needed(&self, scene: Scene<'_>, person: Person) -> Scope {
        if self.user.is_some() && self.user == person.user {
            return Scope::Own;
        }
        let level = |state: &State, own: u32, position: u32| match own {
            NOWHERE => Scope::All,
            _ if position == NOWHERE => Scope::All,
            own if state.stands_below(position, own) => Scope::Reports,
            own if position == own => Scope::Peers,
            _ => Scope::All,
        };
        let own = self.user.and_then(|user| scene.now.user_record(user));
        let own = own.map_or(NOWHERE, |it| it.position);
        let now = level(scene.now, own, person.is);
        let before = person.was;
        let before = before.map(|position| level(scene.before, self.position, position));
        before.map_or(now, |before| before.max(now))
    }

    fn holds_wildcard(&self, state: &State, wanted: &GrantDocument) -> bool {
        let wanted = Wildcard::of(state, wanted, state.written_version());
        let written = self.written(state);
        let denies = written.denies.iter().flat_map(|(denial, version)| {
            places(state, std::slice::from_ref(&denial.select), *version)
        });
        denies.into_iter().all(|place| wanted.spares(&place))
            && written.grants.iter().any(|(grant, version)| {
                let held = Wildcard::of(state, grant, *version);
                is_wildcard(&grant.select)
                    && held.is_at_least(&wanted)
                    && held.except.iter().all(|place| wanted.spares(place))
            })
    }

    /// The grants and denies that bind them, as they are written.
    fn written(&self, state: &State) -> WrittenRights {
        let mut written = WrittenRights::default();
        let set = match &self.written {
            Written::Host(grants) => {
                let version = state.model().version;
                let grants = grants.iter().map(|grant| (grant.clone(), version));
                written.grants = grants.collect();
                return written;
            }
            Written::Set(set) => *set,
        };
        let Some(assigned) = state.assigned(set) else {
            return written;
        };
        for role in state.granting(state.directly(assigned)) {
            if let Some((grants, _, version)) = role_text(state, role) {
                let grants = grants.iter().map(|it| (it.clone(), version));
                written.grants.extend(grants);
            }
        }
        for role in state.authorized(assigned) {
            if let Some((_, denies, version)) = role_text(state, role) {
                let denies = denies.iter().map(|it| (it.clone(), version));
                written.denies.extend(denies);
            }
        }
        written
    }
}

/// Grants and denies, each with the version of the catalog that it was written against.
#[derive(Default)]
struct WrittenRights {
    grants: Vec<(GrantDocument, u32)>,
    denies: Vec<(DenialDocument, u32)>,
}

fn role_text(state: &State, role: u32) -> Option<(&[GrantDocument], &[DenialDocument], u32)> {
    let own = state.roles().get(role)?.document.as_deref();
    if let Some(own) = own {
        return Some((&own.grants, &own.denies, state.written_version()));
    }
    let model = state.model();
    let system = model.document.roles.get(role as usize)?;
    Some((&system.grants, &system.denies, model.version))
}

/// The places of today that paths taken away cover, each with all below it; the empty one is the root.
fn places(state: &State, taken_away: &[String], version: u32) -> Vec<String> {
    let places = taken_away.iter().flat_map(|text| match text.as_str() {
        "*" => vec![String::new()],
        text => {
            let path = text.strip_suffix(".*").unwrap_or(text);
            state.model().evolution.places(path, version)
        }
    });
    places.collect()
}

/// A wildcard grant, its paths those of today.
struct Wildcard {
    /// The node; `None` for everything.
    top: Option<String>,
    scope: Option<Scope>,
    /// Every place that its exceptions cover.
    except: Vec<String>,
}

impl Wildcard {
    fn of(state: &State, grant: &GrantDocument, version: u32) -> Wildcard {
        let evolution = &state.model().evolution;
        let path = grant.select.strip_suffix(".*");
        let top = path.map(|path| match evolution.follow(path, version) {
            Followed::Path(today) => today,
            // Covers nothing: no path is the empty one.
            Followed::Retired => String::new(),
        });
        Wildcard {
            top,
            scope: grant.scope,
            except: places(state, &grant.except, version),
        }
    }

    fn covers(&self, path: &str) -> bool {
        let top = self.top.as_deref();
        top.is_none_or(|top| is_at_or_below(path, top))
    }

    /// Whether what is taken away at a place is not given: it lies elsewhere, or an exception repeats it.
    fn spares(&self, place: &str) -> bool {
        let top = self.top.as_deref();
        match self.covers(place) {
            true => self.excepts(place),
            // Above, it takes all of it.
            false => !place.is_empty() && top.is_none_or(|top| !is_at_or_below(top, place)),
        }
    }

    /// Whether an exception takes the node and all below it away.
    fn excepts(&self, path: &str) -> bool {
        let mut except = self.except.iter();
        except.any(|place| place.is_empty() || is_at_or_below(path, place))
    }

    /// Whether it is that wide or wider, exceptions aside. One without a scope gives what offers one
    /// scope alone.
    fn is_at_least(&self, other: &Wildcard) -> bool {
        let covers = match (&self.top, &other.top) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(other)) => self.covers(other),
        };
        let reaches = match (self.scope, other.scope) {
            (Some(Scope::All), _) => true,
            (Some(own), Some(other)) => own >= other,
            (None, None) => true,
            _ => false,
        };
        covers && reaches
    }
}

/// Whether a selector covers more than one node names: no segment of a path is `*`.
pub(super) fn is_wildcard(selector: &str) -> bool {
    selector == "*" || selector.ends_with(".*")
}

fn path(scene: Scene<'_>, permission: u16) -> String {
    let permission = scene.before.model().permissions.get(permission as usize);
    permission.map_or_else(String::new, |it| it.path.as_ref().to_owned())
}
