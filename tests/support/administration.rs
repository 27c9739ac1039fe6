//! Random worlds that are administered, random actors, and random changes: about half of them
//! permitted.

use std::collections::BTreeMap;

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{
    AssignmentDocument, ChangeKind, DenialDocument, ExemptionDocument, GrantDocument,
    PackageDocument, PolicyDocument, PositionDocument, RoleDocument, UserDocument,
};
use bailiwick::{Scope, Timestamp};

use super::documents::Documents;
use super::generate::{self, NOW};
use super::rng::Rng;
use super::trading::trading;
use crate::reference::administration;

/// Ids for what is new, and of what is not there.
const NEW: &[&str] = &[
    "new", "newer", "gone", "ann", "seller", "top", "pack", "cay",
];

/// The administered world of that number of a run, written against its catalog's version.
pub(crate) fn world(seed: u64, number: u64) -> (Documents, Rng) {
    // Worlds with older policies are left out.
    let mut found = None;
    for attempt in 0_u64.. {
        let (documents, rng) = generate::world(seed ^ (attempt << 48), number);
        if !documents.is_older() {
            found = Some((documents, rng));
            break;
        }
    }
    let Some((mut documents, mut rng)) = found else {
        panic!("no world");
    };
    rule(&mut documents, &mut rng);
    empower(&mut documents, &mut rng);
    generate::settle_formats(&mut documents);
    (documents, rng)
}

/// The catalog's rules of administration: dense, over few permissions.
fn rule(documents: &mut Documents, rng: &mut Rng) {
    let catalog = &mut documents.catalog;
    let fixed: Vec<String> = catalog
        .permissions
        .iter()
        .filter(|it| it.adjustable.is_none())
        .map(|it| it.path.clone())
        .collect();
    let Some(any) = catalog.permissions.first().map(|it| it.path.clone()) else {
        return;
    };
    let rules: Vec<String> = (0..3)
        .map(|_| rng.any(&fixed).unwrap_or(&any).clone())
        .collect();
    for permission in &mut catalog.permissions {
        if !rules.contains(&permission.path) {
            continue;
        }
        // Rights of administration that reach some users and not others.
        if rng.chance(60) {
            permission.scopes = Scope::EVERY.to_vec();
        }
        if rng.chance(80) {
            permission.features.clear();
            permission.requires.clear();
        }
    }
    let some = |rng: &mut Rng, percent| rng.pick(&rules).clone().into_some_if(rng.chance(percent));
    let administration = &mut catalog.administration;
    administration.changes.clear();
    administration.exempt.clear();
    for kind in ChangeKind::EVERY {
        if let Some(rule) = some(rng, 92) {
            administration.changes.insert(*kind, rule);
        }
    }
    administration.account_roles.assign = some(rng, 90);
    administration.account_roles.revoke = some(rng, 90);
    administration.removal_revokes_nothing = rng.chance(25);
    for role in &mut catalog.roles {
        role.assign = some(rng, 85);
        role.revoke = some(rng, 85);
        role.min_holders = rng.chance(15).then(|| rng.range(1, 2) as u32);
    }
    let system: Vec<String> = catalog.roles.iter().map(|it| it.id.clone()).collect();
    if rng.chance(25) {
        for change in rng.few(ChangeKind::EVERY, 4) {
            let role = rng.any(&system).cloned().filter(|_| rng.chance(50));
            administration
                .exempt
                .push(ExemptionDocument { change, role });
        }
    }
    for permission in &mut catalog.permissions {
        if let Some(adjustable) = &mut permission.adjustable {
            adjustable.changed_by = some(rng, 80);
        }
    }
    for property in catalog.subject_properties.values_mut() {
        property.edited_by = some(rng, 40);
    }
    if rng.chance(60) {
        catalog.tokens.account_roles = false;
    }
    if rng.chance(50) {
        catalog.tokens.system_roles.clear();
    }
    narrow(documents, rng);
}

trait IntoSomeIf: Sized {
    fn into_some_if(self, truth: bool) -> Option<Self>;
}

impl IntoSomeIf for String {
    fn into_some_if(self, truth: bool) -> Option<String> {
        truth.then_some(self)
    }
}

/// Grants without a scope of what by now offers several state one.
fn narrow(documents: &mut Documents, rng: &mut Rng) {
    let several: Vec<String> = documents
        .catalog
        .permissions
        .iter()
        .filter(|it| it.scopes.len() > 1)
        .map(|it| it.path.clone())
        .collect();
    let roles = documents
        .policy
        .roles
        .iter_mut()
        .map(|role| &mut role.grants);
    let system = documents
        .catalog
        .roles
        .iter_mut()
        .map(|role| &mut role.grants);
    for grant in roles.chain(system).flatten() {
        if several.contains(&grant.select) && grant.scope.is_none() {
            grant.scope = Some(*rng.pick(&Scope::EVERY));
        }
    }
}

/// Somebody who may do much, somebody who may do much to some.
fn empower(documents: &mut Documents, rng: &mut Rng) {
    let catalog = &documents.catalog;
    let rules: Vec<String> = catalog.administration.changes.values().cloned().collect();
    for (role, scope) in [
        ("chief", Scope::All),
        ("foreman", Scope::Peers),
        ("warden", Scope::Reports),
    ] {
        if !rng.chance(75) {
            continue;
        }
        let mut made = RoleDocument::new(role).grant(("*", scope));
        // A few rights of administration reach everything, whatever else is held.
        let everywhere = rng.some(&rules, 60);
        for permission in &documents.catalog.permissions {
            let path = permission.path.as_str();
            if permission.adjustable.is_some() {
                continue;
            }
            let offers_all =
                permission.scopes.is_empty() || permission.scopes.contains(&Scope::All);
            let named = everywhere.contains(&permission.path) || rng.chance(25);
            if offers_all && scope != Scope::All && named {
                made = made.grant((path, Scope::All));
            }
        }
        if scope == Scope::All && rng.chance(60) {
            let system = &documents.catalog.roles;
            let harmless = |it: &&bailiwick::document::SystemRoleDocument| {
                it.denies.is_empty() && it.retired.is_none()
            };
            made.inherits = system
                .iter()
                .filter(harmless)
                .map(|it| it.id.clone())
                .collect();
        }
        documents.policy.roles.push(made);
        let user = rng.of(&mut documents.directory.users);
        if rng.chance(75) {
            user.roles.clear();
            user.packages.clear();
        }
        user.roles.push(AssignmentDocument {
            id: role.to_owned(),
            until: None,
        });
        user.suspended &= rng.chance(15);
    }
}

/// A transaction that somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub actor: Actor,
    pub at: Timestamp,
    pub changes: Vec<Change>,
}

pub(crate) fn asked(documents: &Documents, rng: &mut Rng) -> Asked {
    let actor = actor(documents, rng);
    let at = later(rng);
    if rng.chance(12) {
        let changes = trading(documents, rng);
        return Asked { actor, at, changes };
    }
    let many = *rng.pick(&[1, 1, 1, 1, 2, 2, 3, 5]);
    let mut changes = Vec::new();
    let mut now = documents.clone();
    now.at = at;
    while changes.len() < many {
        let next = change(&now, rng);
        // What comes after is drawn from what this leaves.
        if let Some(after) = by_system(&now, &next) {
            now = after;
        } else if rng.chance(85) {
            continue;
        }
        changes.push(next);
    }
    if rng.chance(15) {
        rng.shuffle(&mut changes);
    }
    Asked { actor, at, changes }
}

fn later(rng: &mut Rng) -> Timestamp {
    Timestamp(NOW.0 + *rng.pick(&[0, 0, 0, 0, 1, 2, 1_000]))
}

fn by_system(documents: &Documents, change: &Change) -> Option<Documents> {
    let (policy, directory) = administration::apply(
        &documents.catalog,
        &documents.policy,
        &documents.directory,
        &Actor::System,
        documents.at,
        std::slice::from_ref(change),
    )
    .ok()?;
    Some(Documents {
        policy,
        directory,
        ..documents.clone()
    })
}

/// A change that binds somebody, or frees them (D18).
pub(crate) fn binding(documents: &Documents, rng: &mut Rng) -> Change {
    Names { documents, rng }.binding()
}

pub(crate) fn actor(documents: &Documents, rng: &mut Rng) -> Actor {
    let users = &documents.directory.users;
    let mighty = ["chief", "foreman", "warden"];
    let mighty: Vec<&UserDocument> = users
        .iter()
        .filter(|user| user.roles.iter().any(|it| mighty.contains(&it.id.as_str())))
        .collect();
    match rng.below(100) {
        0..=5 => Actor::System,
        6..=18 => external(documents, rng),
        19..=23 => actor(documents, rng).on_behalf_of(actor(documents, rng)),
        24 => Actor::user("nobody"),
        25..=92 if !mighty.is_empty() => Actor::user(rng.pick(&mighty).id.clone()),
        // An account may have nobody left.
        _ => match rng.any(users) {
            Some(user) => Actor::user(user.id.clone()),
            None => Actor::System,
        },
    }
}

fn external(documents: &Documents, rng: &mut Rng) -> Actor {
    let (mut grants, _) = generate::rights(rng, &documents.catalog);
    if rng.chance(75) {
        grants.push(("*", Scope::All).into());
    }
    let permission = rng.pick(&documents.catalog.permissions);
    if permission.adjustable.is_some() {
        grants.push((permission.path.as_str(), Scope::All).into());
    }
    if rng.chance(4) {
        grants.push("no such permission".into());
    }
    Actor::external("site", grants)
}

/// What a change may name.
struct Names<'a> {
    documents: &'a Documents,
    rng: &'a mut Rng,
}

/// A change of any kind, most of them sensible in these documents.
pub(crate) fn change(documents: &Documents, rng: &mut Rng) -> Change {
    Names { documents, rng }.change()
}

impl Names<'_> {
    fn change(&mut self) -> Change {
        match self.rng.below(40) {
            0 | 1 => Change::CreateRole {
                role: self.new_role(),
            },
            2 => Change::DescribeRole {
                role: self.role(),
                name: self.text(),
                description: self.text(),
            },
            3 => Change::CopyRole {
                role: self.any_role(),
                id: self.fresh(),
                name: self.text(),
                description: None,
                created: self.rng.chance(30).then_some(NOW),
            },
            4 => Change::DeleteRole { role: self.role() },
            5..=7 => self.edit_role(),
            8 => Change::CheckPermission {
                role: self.role(),
                permission: self.permission(),
                scope: self.scope(),
            },
            9 => Change::UncheckPermission {
                role: self.role(),
                permission: self.permission(),
            },
            10 => Change::SetPermission {
                role: self.role(),
                permission: self.permission(),
                scope: self.scope(),
            },
            11 => Change::ClearPermission {
                role: self.role(),
                permission: self.permission(),
            },
            12 => Change::AddInheritance {
                role: self.role(),
                junior: self.any_role(),
            },
            13 => self.remove_inheritance(),
            14 => Change::CreatePackage {
                package: PackageDocument {
                    id: self.fresh(),
                    name: self.text(),
                    description: None,
                    created: None,
                    roles: self.roles(2),
                },
            },
            15 => Change::DescribePackage {
                package: self.package(),
                name: self.text(),
                description: self.text(),
            },
            16 => Change::DeletePackage {
                package: self.package(),
            },
            17 => Change::AddToPackage {
                package: self.package(),
                role: self.any_role(),
            },
            18 => self.remove_from_package(),
            19 => Change::ReplaceInPackages {
                role: self.any_role(),
                with: self.any_role(),
            },
            20 => Change::CreatePosition {
                position: PositionDocument {
                    id: self.fresh(),
                    name: self.text(),
                    reports_to: self.positions(2),
                },
            },
            21 => Change::DescribePosition {
                position: self.a_position(),
                name: self.text(),
            },
            22 => Change::MovePosition {
                position: self.a_position(),
                reports_to: self.positions(2),
            },
            23 => Change::DeletePosition {
                position: self.a_position(),
            },
            24 => Change::CreateUser {
                user: self.new_user(),
            },
            25 => Change::DescribeUser {
                user: self.user(),
                name: self.text(),
            },
            26 => Change::RemoveUser { user: self.user() },
            27 => self.suspension(),
            28 => Change::PlaceUser {
                user: self.user(),
                position: self.position(),
            },
            29 => self.property(),
            30 => Change::AssignRole {
                user: self.user(),
                role: self.any_role(),
                until: self.until(),
            },
            31 => self.revoke(),
            32 => Change::AssignPackage {
                user: self.user(),
                package: self.package(),
                until: self.until(),
            },
            33 => self.feature(),
            34 => self.setting(),
            35 => self.import(),
            36 => self.restore(),
            37 => self.hierarchy(),
            38 => self.exchange(),
            _ => self.forget(),
        }
    }

    fn wrong(&mut self) -> bool {
        self.rng.chance(3)
    }

    fn one(&mut self, of: Vec<String>) -> String {
        if self.wrong() || of.is_empty() {
            return "unknown".to_owned();
        }
        self.rng.pick(&of).clone()
    }

    fn fresh(&mut self) -> String {
        if self.wrong() {
            let wrong = [
                "",
                "system:own",
                "a\u{7}",
                " seller",
                "cay\u{a0}",
                "n\u{200b}ew",
            ];
            return self.rng.pick(&wrong).to_string();
        }
        self.rng.pick(NEW).to_string()
    }

    fn text(&mut self) -> Option<String> {
        if self.wrong() {
            let wrong = ["", " \u{200b}", "A\u{7}", &"long ".repeat(52)].map(ToOwned::to_owned);
            return Some(self.rng.pick(&wrong).clone());
        }
        let text = *self.rng.pick(&["A name", "Another"]);
        self.rng.chance(70).then(|| text.to_owned())
    }

    fn own_roles(&self) -> Vec<String> {
        let roles = self.documents.policy.roles.iter();
        roles.map(|it| it.id.clone()).collect()
    }

    fn system_roles(&self) -> Vec<String> {
        let roles = self.documents.catalog.roles.iter();
        roles.map(|it| it.id.clone()).collect()
    }

    /// A role of the account; rarely a system role.
    fn role(&mut self) -> String {
        let roles = match self.rng.chance(5) {
            true => self.system_roles(),
            false => self.own_roles(),
        };
        self.one(roles)
    }

    fn any_role(&mut self) -> String {
        let mut roles = self.own_roles();
        roles.extend(self.system_roles());
        self.one(roles)
    }

    fn roles(&mut self, most: usize) -> Vec<String> {
        let mut roles = self.own_roles();
        roles.extend(self.system_roles());
        self.rng.few(&roles, most)
    }

    fn permission(&mut self) -> String {
        let permissions = self.documents.catalog.permissions.iter();
        let permissions = permissions.map(|it| it.path.clone()).collect();
        self.one(permissions)
    }

    fn scope(&mut self) -> Option<Scope> {
        let scope = *self.rng.pick(&Scope::EVERY);
        self.rng.chance(60).then_some(scope)
    }

    fn package(&mut self) -> String {
        let packages = self.documents.policy.packages.iter();
        let packages = packages.map(|it| it.id.clone()).collect();
        self.one(packages)
    }

    fn all_positions(&self) -> Vec<String> {
        let positions = self.documents.policy.positions.iter();
        positions.map(|it| it.id.clone()).collect()
    }

    fn a_position(&mut self) -> String {
        let positions = self.all_positions();
        self.one(positions)
    }

    fn position(&mut self) -> Option<String> {
        let position = self.a_position();
        self.rng.chance(80).then_some(position)
    }

    fn positions(&mut self, most: usize) -> Vec<String> {
        let positions = self.all_positions();
        self.rng.few(&positions, most)
    }

    fn user(&mut self) -> String {
        let users = self.documents.directory.users.iter();
        let users = users.map(|it| it.id.clone()).collect();
        self.one(users)
    }

    fn until(&mut self) -> Option<Timestamp> {
        let at = self.documents.at.0;
        let until = *self
            .rng
            .pick(&[at + 1, at + 10, at + 100, 4_000_000_000, at + 10, at]);
        self.rng.chance(40).then_some(Timestamp(until))
    }

    fn rights(&mut self) -> (Vec<GrantDocument>, Vec<DenialDocument>) {
        generate::rights(self.rng, &self.documents.catalog)
    }

    fn new_role(&mut self) -> RoleDocument {
        let (grants, denies) = self.rights();
        RoleDocument {
            id: self.fresh(),
            name: self.text(),
            description: None,
            created: self.rng.chance(20).then_some(NOW),
            inherits: self.roles(2),
            grants,
            denies,
        }
    }

    /// One grant or deny more or less; or all of them other.
    fn edit_role(&mut self) -> Change {
        let role = self.role();
        let (mut grants, mut denies) = self.rights();
        let old = self.documents.policy.roles.iter().find(|it| it.id == role);
        if let Some(old) = old.filter(|_| self.rng.chance(75)) {
            let (new_grant, new_deny) = (grants.pop(), denies.pop());
            grants.clone_from(&old.grants);
            denies.clone_from(&old.denies);
            match self.rng.below(4) {
                0 if !grants.is_empty() => drop(grants.remove(self.rng.below(grants.len()))),
                1 if !denies.is_empty() => drop(denies.remove(self.rng.below(denies.len()))),
                2 => denies.extend(new_deny),
                _ => grants.extend(new_grant),
            }
        }
        Change::EditRole {
            role,
            grants,
            denies,
            since: None,
        }
    }

    fn remove_inheritance(&mut self) -> Change {
        let edges: Vec<(String, String)> = self
            .documents
            .policy
            .roles
            .iter()
            .flat_map(|role| {
                let edge = |junior: &String| (role.id.clone(), junior.clone());
                role.inherits.iter().map(edge)
            })
            .collect();
        let (role, junior) = match self.rng.any(&edges).cloned() {
            Some(edge) if !self.wrong() => edge,
            _ => (self.role(), self.any_role()),
        };
        Change::RemoveInheritance { role, junior }
    }

    fn remove_from_package(&mut self) -> Change {
        let packages = &self.documents.policy.packages;
        let filled: Vec<(String, String)> = packages
            .iter()
            .flat_map(|it| it.roles.iter().map(|role| (it.id.clone(), role.clone())))
            .collect();
        let (package, role) = match self.rng.any(&filled).cloned() {
            Some(filled) if !self.wrong() => filled,
            _ => (self.package(), self.any_role()),
        };
        Change::RemoveFromPackage { package, role }
    }

    fn new_user(&mut self) -> UserDocument {
        let mut user = UserDocument::new(self.fresh());
        user.name = self.text();
        user.suspended = self.rng.chance(10);
        user.position = self.position();
        for id in self.roles(2) {
            let until = self.until();
            user.roles.push(AssignmentDocument { id, until });
        }
        if self.rng.chance(30) && !self.documents.policy.packages.is_empty() {
            let (id, until) = (self.package(), self.until());
            user.packages.push(AssignmentDocument { id, until });
        }
        for (name, declared) in &self.documents.catalog.subject_properties {
            if self.rng.chance(50) {
                let value = generate::value(self.rng, declared.r#type);
                user.properties.insert(name.clone(), value);
            }
        }
        user
    }

    /// Somebody who was removed, most often.
    fn restore(&mut self) -> Change {
        let mut user = self.new_user();
        let used = self.documents.policy.used_ids.users.clone();
        if !self.wrong() && !used.is_empty() {
            user.id = self.one(used);
        }
        Change::RestoreUser { user }
    }

    /// The hierarchy there is, a few positions more, fewer or elsewhere; rarely another altogether.
    fn hierarchy(&mut self) -> Change {
        let mut positions = self.documents.policy.positions.clone();
        for _ in 0..self.rng.range(1, 4) {
            let ids: Vec<String> = positions.iter().map(|it| it.id.clone()).collect();
            match self.rng.below(4) {
                0 => {
                    let id = self.fresh();
                    if !ids.contains(&id) || self.wrong() {
                        positions.push(PositionDocument {
                            id,
                            name: None,
                            reports_to: self.rng.few(&ids, 2),
                        });
                    }
                }
                1 if !ids.is_empty() => {
                    let gone = self.rng.pick(&ids).clone();
                    positions.retain(|it| it.id != gone);
                    for it in &mut positions {
                        it.reports_to.retain(|it| *it != gone || self.rng.chance(3));
                    }
                }
                _ if !positions.is_empty() => {
                    let above = self.rng.few(&ids, 2);
                    let moved = self.rng.below(positions.len());
                    // Upwards in the list alone, most often: so that there is no cycle.
                    let upwards =
                        |it: &String| ids.iter().position(|known| known == it) < Some(moved);
                    let is_wild = self.rng.chance(15);
                    positions[moved].reports_to = above
                        .into_iter()
                        .filter(|it| is_wild || upwards(it))
                        .collect();
                }
                _ => {}
            }
        }
        Change::ReplaceHierarchy { positions }
    }

    fn exchange(&mut self) -> Change {
        let (user, role) = match self.revoke() {
            Change::RevokeRole { user, role } => (user, role),
            _ => (self.user(), self.any_role()),
        };
        Change::ExchangeRole {
            user,
            role,
            with: self.any_role(),
        }
    }

    fn suspension(&mut self) -> Change {
        let user = self.user();
        let suspended = self
            .documents
            .directory
            .users
            .iter()
            .any(|it| it.id == user && it.suspended);
        match suspended != self.wrong() {
            true => Change::ReinstateUser { user },
            false => Change::SuspendUser { user },
        }
    }

    fn property(&mut self) -> Change {
        let declared = &self.documents.catalog.subject_properties;
        let declared: Vec<_> = declared.iter().collect();
        let user = self.user();
        let Some((name, of_name)) = self.rng.any(&declared).copied() else {
            return Change::DescribeUser { user, name: None };
        };
        let value = generate::value(self.rng, of_name.r#type);
        Change::SetProperty {
            user,
            property: match self.wrong() {
                true => "undeclared".to_owned(),
                false => name.clone(),
            },
            value: self.rng.chance(75).then_some(value),
        }
    }

    fn binding(&mut self) -> Change {
        match self.rng.below(9) {
            8 => self.restore(),
            0 | 1 => self.suspension(),
            2 => Change::RemoveUser { user: self.user() },
            3 | 4 => self.forget(),
            5 => Change::CreateUser {
                user: self.new_user(),
            },
            6 => self.revoke(),
            _ => {
                let mut policy = self.documents.policy.clone();
                policy.used_ids.users = vec![self.fresh()];
                Change::ImportPolicy { policy }
            }
        }
    }

    fn revoke(&mut self) -> Change {
        let user = self.user();
        let found = self
            .documents
            .directory
            .users
            .iter()
            .find(|it| it.id == user);
        let roles: Vec<String> = found
            .iter()
            .flat_map(|it| it.roles.iter().map(|it| it.id.clone()))
            .collect();
        let packages: Vec<String> = found
            .iter()
            .flat_map(|it| it.packages.iter().map(|it| it.id.clone()))
            .collect();
        if !packages.is_empty() && self.rng.chance(40) {
            let package = self.one(packages);
            return Change::RevokePackage { user, package };
        }
        let role = match roles.is_empty() {
            true => self.any_role(),
            false => self.one(roles),
        };
        Change::RevokeRole { user, role }
    }

    fn feature(&mut self) -> Change {
        let features = self.documents.catalog.features.iter();
        let features = features.map(|it| it.id.clone()).collect();
        let feature = self.one(features);
        match self.documents.policy.features.contains(&feature) != self.wrong() {
            true => Change::DisableFeature { feature },
            false => Change::EnableFeature { feature },
        }
    }

    fn setting(&mut self) -> Change {
        let adjustable: Vec<_> = self
            .documents
            .catalog
            .permissions
            .iter()
            .filter(|it| it.adjustable.is_some())
            .collect();
        let chosen = self.rng.any(&adjustable).copied();
        let Some((chosen, adjustable)) = chosen.and_then(|it| Some((it, it.adjustable.as_ref()?)))
        else {
            return Change::ChangeSetting {
                permission: self.permission(),
                role: None,
            };
        };
        let role = match self.wrong() {
            true => self.any_role(),
            false => self.rng.pick(&adjustable.ladder).clone(),
        };
        Change::ChangeSetting {
            permission: chosen.path.clone(),
            role: self.rng.chance(80).then_some(role),
        }
    }

    /// The policy there is, after some changes.
    fn import(&mut self) -> Change {
        let mut now = self.documents.clone();
        for _ in 0..self.rng.range(1, 5) {
            let change = self.change_without_import(&now);
            if let Some(after) = by_system(&now, &change) {
                // The users stay.
                now.policy = after.policy;
            }
        }
        let mut policy: PolicyDocument = now.policy;
        if self.rng.chance(20) {
            policy.used_ids.users.clear();
            policy.used_ids.roles.clear();
            policy.used_ids.positions.clear();
        }
        if self.wrong() {
            policy.account = Some("another".to_owned());
        }
        Change::ImportPolicy { policy }
    }

    fn change_without_import(&mut self, documents: &Documents) -> Change {
        let mut names = Names {
            documents,
            rng: self.rng,
        };
        let of_the_policy = |change: &Change| {
            !matches!(
                change.kind(),
                Some(
                    ChangeKind::Import
                        | ChangeKind::CreateUser
                        | ChangeKind::DescribeUser
                        | ChangeKind::RemoveUser
                        | ChangeKind::SuspendUser
                        | ChangeKind::PlaceUsers
                        | ChangeKind::EditProperties
                        | ChangeKind::EditAssignments
                )
            )
        };
        loop {
            // Not by way of `import`, which would come back here.
            let change = match names.rng.below(8) {
                0 => Change::CreateRole {
                    role: names.new_role(),
                },
                1 => names.edit_role(),
                2 => Change::AddInheritance {
                    role: names.role(),
                    junior: names.any_role(),
                },
                3 => names.remove_inheritance(),
                4 => Change::MovePosition {
                    position: names.a_position(),
                    reports_to: names.positions(2),
                },
                5 => Change::DeleteRole { role: names.role() },
                6 => Change::AddToPackage {
                    package: names.package(),
                    role: names.any_role(),
                },
                _ => names.simple(),
            };
            if of_the_policy(&change) {
                return change;
            }
        }
    }

    fn simple(&mut self) -> Change {
        match self.rng.below(6) {
            0 => self.feature(),
            1 => self.setting(),
            2 => self.remove_from_package(),
            3 => Change::DescribeRole {
                role: self.role(),
                name: self.text(),
                description: None,
            },
            4 => Change::CreatePosition {
                position: PositionDocument {
                    id: self.fresh(),
                    name: None,
                    reports_to: self.positions(2),
                },
            },
            _ => Change::DeletePosition {
                position: self.a_position(),
            },
        }
    }

    fn forget(&mut self) -> Change {
        let used = &self.documents.policy.used_ids;
        let mut all: BTreeMap<String, UsedIdKind> = BTreeMap::new();
        for (ids, kind) in [
            (&used.users, UsedIdKind::User),
            (&used.roles, UsedIdKind::Role),
            (&used.positions, UsedIdKind::Position),
        ] {
            all.extend(ids.iter().map(|id| (id.clone(), kind)));
        }
        let all: Vec<(String, UsedIdKind)> = all.into_iter().collect();
        match self.rng.any(&all).cloned() {
            Some((id, kind)) if !self.wrong() => Change::ForgetId { kind, id },
            _ => Change::ForgetId {
                kind: UsedIdKind::User,
                id: "unknown".to_owned(),
            },
        }
    }
}
