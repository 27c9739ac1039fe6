//! Where permissions come from: what the subject holds, and where they could get the rest.

use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;

use foldhash::HashMap;

use super::graph::{Drawing, Key};
use super::{Asker, Cause, Graph, HeldRole, Named, Node};
use crate::Scope;
use crate::catalog::{given_scope, is_denied_by};
use crate::engine::{Asking, State};

/// Ids with what a person reads.
pub(super) struct Names<'a> {
    state: &'a State,
    looked_up: Cell<u32>,
    labels: OnceCell<HashMap<&'a str, Option<&'a str>>>,
}

/// Labels are looked for one by one so often, then in a table.
const ONE_BY_ONE: u32 = 16;

impl<'a> Names<'a> {
    pub(super) fn of(state: &'a State) -> Names<'a> {
        Names {
            state,
            looked_up: Cell::new(0),
            labels: OnceCell::new(),
        }
    }

    pub(super) fn role(&self, role: u32) -> Named {
        let name = self.state.role_text(role).and_then(|text| text.name);
        Named::new(self.state.role_id(role).unwrap_or_default(), name)
    }

    pub(super) fn package(&self, package: u32) -> Named {
        let id = self.state.package_id(package).unwrap_or_default();
        Named::new(id, self.state.package_name(package))
    }

    pub(super) fn position(&self, position: u32) -> Named {
        let id = self.state.position_id(position).unwrap_or_default();
        Named::new(id, self.state.position_name(position))
    }

    pub(super) fn path(&self, permission: u16) -> &'a str {
        let known = self.state.model().permissions.get(permission as usize);
        known.map_or("", |it| &it.path)
    }

    pub(super) fn permission(&self, permission: u16) -> Named {
        let path = self.path(permission);
        Named::new(path, self.label(path))
    }

    fn label(&self, path: &str) -> Option<&'a str> {
        let written = &self.state.model().document.permissions;
        if self.looked_up.get() < ONE_BY_ONE {
            self.looked_up.set(self.looked_up.get() + 1);
            let known = written.iter().find(|it| it.path == path)?;
            return known.label.as_deref();
        }
        let labels = self.labels.get_or_init(|| {
            let labelled = written
                .iter()
                .map(|it| (it.path.as_str(), it.label.as_deref()));
            labelled.collect()
        });
        labels.get(path).copied().flatten()
    }

    pub(super) fn feature(&self, feature: u16) -> String {
        let known = self.state.model().features.get(feature as usize);
        known.map_or_else(String::new, |it| it.id.to_string())
    }
}

/// The system role that an adjustable permission's setting names; `None` of one that is not
/// adjustable, or whose setting names a role that was retired (D13, D16).
pub(super) fn setting_of(state: &State, permission: u16) -> Option<u32> {
    let known = state.model().permissions.get(permission as usize)?;
    let ladder = &known.adjustable.as_ref()?.ladder;
    // Each rung inherits the one before, so that the first to have it is the one it was given to.
    let mut rungs = ladder.iter().map(|rung| u32::from(*rung));
    rungs.find(|rung| {
        let closure = state.role_closure(*rung);
        closure.is_some_and(|closure| closure.granted(permission) > 0)
    })
}

/// Whether a graph tells what is granted or what is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    Grants,
    Denies,
}

/// Everything that leads from the subject to grants, or denies, of these permissions.
pub(super) fn drawn<'s>(
    state: &'s State,
    names: &Names<'s>,
    asking: &Asking,
    telling: Telling,
    permissions: &[u16],
) -> Graph {
    if permissions.is_empty() {
        return Graph::default();
    }
    let id = match (asking.kind, &asking.id, asking.brought.first()) {
        (Asker::Role, None, Some(role)) => state.role_id(*role).map(str::to_owned),
        (_, id, _) => id.clone(),
    };
    let mut drawer = Drawer {
        state,
        names,
        telling,
        permissions,
        drawing: Drawing::from(Node::Subject { id }),
        waiting: VecDeque::new(),
    };
    for &role in &asking.brought {
        drawer.enter(0, role);
    }
    match asking.kind {
        Asker::User => drawer.enter_assigned(0, asking.user),
        // A token's own roles grant; what the directory denies the user behind it binds it too (D18).
        Asker::Token | Asker::Role if telling == Telling::Denies => {
            if let Some(id) = asking.user.and_then(|user| state.user_id(user)) {
                let id = id.to_owned();
                let user = drawer.drawing.add(Node::User { id });
                let before = drawer.drawing.graph.edges.len();
                drawer.enter_assigned(user, asking.user);
                if drawer.drawing.graph.edges.len() > before {
                    drawer.drawing.join(0, user, None);
                }
            }
        }
        Asker::Token | Asker::Role => {}
    }
    drawer.draw()
}

struct Drawer<'a, 's> {
    state: &'s State,
    names: &'a Names<'s>,
    telling: Telling,
    permissions: &'a [u16],
    drawing: Drawing,
    waiting: VecDeque<(u32, usize)>,
}

impl Drawer<'_, '_> {
    /// Those of the permissions to which a role leads, by itself or by what it inherits. A retired role
    /// grants nothing, so that no grant is looked for beyond it; its denies stay (D16).
    fn led_to(&self, role: u32) -> impl Iterator<Item = u16> + '_ {
        let closure = self.state.role_closure(role);
        let leads = move |permission: &u16| {
            closure.is_some_and(|closure| match self.telling {
                Telling::Grants => closure.granted(*permission) > 0,
                Telling::Denies => closure.denied(*permission),
            })
        };
        self.permissions.iter().copied().filter(leads)
    }

    /// From a node to a role, if the role leads anywhere.
    fn enter(&mut self, from: usize, role: u32) {
        if self.led_to(role).next().is_none() {
            return;
        }
        let (place, is_new) = {
            let names = self.names;
            self.drawing
                .node(Key::Role(role), || Node::Role(names.role(role)))
        };
        self.drawing.join(from, place, None);
        if is_new {
            self.waiting.push_back((role, place));
        }
    }

    fn enter_assigned(&mut self, from: usize, user: Option<u32>) {
        let state = self.state;
        let Some(assigned) = user.and_then(|user| state.user_assignments(user)) else {
            return;
        };
        for &role in &assigned.roles {
            self.enter(from, role);
        }
        for &package in &assigned.packages {
            let roles = state.package_roles(package).unwrap_or_default();
            if !roles.iter().any(|role| self.led_to(*role).next().is_some()) {
                continue;
            }
            let names = self.names;
            let package_node = || Node::Package(names.package(package));
            let (place, _) = self.drawing.node(Key::Package(package), package_node);
            self.drawing.join(from, place, None);
            for &role in roles {
                self.enter(place, role);
            }
        }
    }

    fn draw(mut self) -> Graph {
        while let Some((role, place)) = self.waiting.pop_front() {
            self.draw_texts(role, place);
            for &junior in self.state.role_juniors(role).unwrap_or_default() {
                self.enter(place, junior);
            }
        }
        self.drawing.finish()
    }

    /// What a role grants or denies itself.
    fn draw_texts(&mut self, role: u32, place: usize) {
        let (state, names) = (self.state, self.names);
        let Some(text) = state.role_text(role) else {
            return;
        };
        let led_to: Vec<u16> = self.led_to(role).collect();
        let model = state.model();
        match self.telling {
            Telling::Grants => {
                for grant in text.grants {
                    let given = led_to.iter().filter_map(|&permission| {
                        let scope = given_scope(model, grant, text.version, permission)?;
                        Some((permission, Some(scope)))
                    });
                    let node = || Node::Grant {
                        select: grant.select.clone(),
                        scope: grant.scope,
                        except: grant.except.clone(),
                    };
                    self.drawing.give(names, place, node, given);
                }
                let set = led_to
                    .iter()
                    .filter(|&&permission| setting_of(state, permission) == Some(role))
                    .map(|&permission| (permission, Some(Scope::All)));
                // One setting for each permission (D13).
                for one in set {
                    self.drawing
                        .give(names, place, || Node::Setting, std::iter::once(one));
                }
            }
            Telling::Denies => {
                for denial in text.denies {
                    let taken = led_to
                        .iter()
                        .filter(|&&it| is_denied_by(model, denial, text.version, it))
                        .map(|&permission| (permission, None));
                    let node = || Node::Deny {
                        select: denial.select.clone(),
                        except: denial.except.clone(),
                    };
                    self.drawing.give(names, place, node, taken);
                }
            }
        }
    }
}

impl Drawing {
    /// From a role over a grant, a setting or a deny to the permissions that it covers, if any.
    fn give(
        &mut self,
        names: &Names<'_>,
        role: usize,
        node: impl FnOnce() -> Node,
        covered: impl Iterator<Item = (u16, Option<Scope>)>,
    ) {
        let mut covered = covered.peekable();
        if covered.peek().is_none() {
            return;
        }
        let by = self.add(node());
        self.join(role, by, None);
        for (permission, scope) in covered {
            let (place, _) = self.node(Key::Permission(permission), || {
                Node::Permission(names.permission(permission))
            });
            self.join(by, place, scope);
        }
    }
}

/// What the subject holds, and by what.
pub(super) fn held(state: &State, names: &Names<'_>, asking: &Asking) -> Vec<HeldRole> {
    let mut held: Vec<HeldRole> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::default();
    let mut place_of = |held: &mut Vec<HeldRole>, role: u32| {
        *places.entry(role).or_insert_with(|| {
            held.push(HeldRole {
                role: names.role(role),
                directly: false,
                packages: Vec::new(),
            });
            held.len() - 1
        })
    };
    let assigned = match asking.kind {
        Asker::User => asking.user.and_then(|user| state.user_assignments(user)),
        Asker::Token | Asker::Role => None,
    };
    let directly = assigned.map_or(&asking.brought, |assigned| &assigned.roles);
    for &role in directly {
        let place = place_of(&mut held, role);
        held[place].directly = true;
    }
    for &package in assigned.map_or(&[][..], |assigned| &assigned.packages) {
        for &role in state.package_roles(package).unwrap_or_default() {
            let place = place_of(&mut held, role);
            held[place].packages.push(names.package(package));
        }
    }
    held
}

/// The roles and packages that the subject lacks and that would bring a permission at least so far
/// (Q2). What the subject holds is none of them: it does not reach so far.
///
/// Of a token, the roles that it might have brought. A role that stands for itself could hold no other.
pub(super) fn elsewhere(
    state: &State,
    names: &Names<'_>,
    asking: &Asking,
    permission: u16,
    least: u8,
) -> Vec<Cause> {
    if asking.kind == Asker::Role {
        return Vec::new();
    }
    let reaching = |role: u32| {
        let scope = state.role_closure(role)?.granted(permission);
        let may = asking.kind == Asker::User || state.tokens_bring(role);
        Scope::from_u8(scope).filter(|_| may && scope >= least)
    };
    let roles = (0..state.role_numbers()).filter_map(|role| Some((role, reaching(role)?)));
    let mut found: Vec<(u32, Scope, Vec<Named>)> = roles
        .map(|(role, scope)| (role, scope, Vec::new()))
        .collect();
    if found.is_empty() {
        return Vec::new();
    }
    let named = || names.permission(permission);
    let mut packages = Vec::new();
    let every_package = match asking.kind {
        Asker::User => 0..state.package_numbers(),
        Asker::Token | Asker::Role => 0..0,
    };
    for package in every_package {
        let mut holds = Vec::new();
        for role in state.package_roles(package).unwrap_or_default() {
            if let Ok(place) = found.binary_search_by_key(role, |(role, ..)| *role) {
                found[place].2.push(names.package(package));
                holds.push(names.role(*role));
            }
        }
        if !holds.is_empty() {
            packages.push(Cause::PackageNotAssigned {
                permission: named(),
                package: names.package(package),
                roles: holds,
            });
        }
    }
    let roles = found.into_iter().map(|(role, scope, packages)| {
        let (permission, role) = (named(), names.role(role));
        if packages.is_empty() && asking.kind == Asker::User {
            return Cause::RoleInNoPackage {
                permission,
                role,
                scope,
            };
        }
        Cause::RoleNotHeld {
            permission,
            role,
            scope,
            packages,
        }
    });
    roles.chain(packages).collect()
}
