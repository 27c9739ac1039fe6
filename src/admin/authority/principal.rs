//! One whose rights a change needs: what they are granted, and whom they reach.

use std::collections::BTreeMap;

use super::super::refusal::Refusal;
use super::{Person, Scene, Target};
use crate::catalog::{Rights, check_identifier, resolve_grant};
use crate::document::problem::{Path, Report, Rules, Source};
use crate::document::{GrantDocument, ProblemCode, Problems};
use crate::engine::{Assigned, End, Holder, NOWHERE, Planes, State, is_effective};
use crate::{Scope, Timestamp};

/// One whose rights a change needs.
pub(super) struct Principal {
    user: Option<u32>,
    position: u32,
    rights: Planes,
    /// What of it ends; `None` where nothing does.
    ending: Option<Ending>,
    pub(super) written: Written,
}

/// What somebody holds of whose assignments some end. What is held until a time confers only assignments
/// that end no later (A4).
struct Ending {
    lasting: Planes,
    /// For each permission and scope that an assignment gives until a time, the latest of these times.
    latest: BTreeMap<(u16, u8), Timestamp>,
}

/// Where what they are granted is written.
pub(super) enum Written {
    /// In the roles of an access set: the grants in those that are held without an end, the denies in all.
    Set {
        set: usize,
        lasting: Option<Assigned>,
    },
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

    fn usable(&self, word: usize) -> usize {
        self.rights.usable(word)
    }

    fn is_everybody(&self) -> bool {
        true
    }

    fn is_effective(&self, state: &State, permission: u16) -> bool {
        is_effective(state, self, permission)
    }
}

impl Principal {
    pub(super) fn of_user(state: &State, id: &str, rules: Rules) -> Result<Principal, Refusal> {
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
        let rights = state.set_rights(set).ok_or_else(unknown)?.clone();
        let ends = match rules {
            // A record of a journal is made again as it was made.
            Rules::OfFormat1 => &[],
            Rules::Today => state.users().ends(user),
        };
        let assigned = state.assigned(set).filter(|_| !ends.is_empty());
        Ok(Principal {
            user: Some(user),
            position: record.position,
            ending: assigned.map(|it| Ending::of(state, it, &rights, ends)),
            written: Written::Set {
                set,
                lasting: assigned.map(|it| it.lasting(ends)),
            },
            rights,
        })
    }

    pub(super) fn external(
        state: &State,
        id: &str,
        grants: &[GrantDocument],
        rules: Rules,
    ) -> Result<Principal, Refusal> {
        let model = state.model();
        let source = Source::default();
        let mut report = Report::new(&source);
        report.judge_by(rules);
        check_identifier(id, &Path::ROOT.field("id"), &mut report);
        let list = Path::ROOT.field("grants");
        let mut rights = Rights::none(model.permissions.len());
        let mut adjustable = Vec::new();
        for (i, grant) in grants.iter().enumerate() {
            let named = model.permission_names.get(&grant.select);
            let permission = named.and_then(|it| model.permissions.get(it as usize));
            match named {
                // Of the account's people they come from settings; of the host's, from the host.
                Some(named) if permission.is_some_and(|it| it.adjustable.is_some()) => {
                    if grant.scope.is_some_and(|it| it != Scope::All) || !grant.except.is_empty() {
                        let message = "an adjustable permission is held at `all` and without \
                                       exceptions, or not";
                        report.error(&list.index(i), (ProblemCode::Adjustable, message));
                    }
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
            ending: None,
            written: Written::Host(grants.to_vec()),
        })
    }

    /// How far a permission is held by what ends no sooner than that, 0 for not at all: as it is stored
    /// (A4).
    pub(super) fn held(&self, permission: u16, until: Option<Timestamp>) -> u8 {
        let Some(ending) = self
            .ending
            .as_ref()
            .filter(|_| !self.rights.denied(permission))
        else {
            return self.held_now(permission);
        };
        let lasting = ending.lasting.granted(permission);
        let Some(until) = until else {
            return lasting;
        };
        let wider = (permission, lasting)..=(permission, Scope::All as u8);
        let mut widest_first = ending.latest.range(wider).rev();
        let found = widest_first.find(|(_, latest)| **latest >= until);
        found.map_or(lasting, |((_, scope), _)| *scope)
    }

    /// How far a permission is held now, whenever that ends; 0 for not at all.
    pub(super) fn held_now(&self, permission: u16) -> u8 {
        if self.rights.denied(permission) {
            return 0;
        }
        self.rights.granted(permission)
    }

    /// When what they hold of a permission at that scope, or wider, ends; `None` where they hold it without
    /// an end, or not at all.
    pub(super) fn held_so_far_until(&self, permission: u16, scope: u8) -> Option<Timestamp> {
        if self.held(permission, None) >= scope || self.rights.denied(permission) {
            return None;
        }
        let latest = &self.ending.as_ref()?.latest;
        let wide_enough = latest.range((permission, scope)..=(permission, Scope::All as u8));
        wide_enough.map(|(_, until)| *until).max()
    }

    /// What they hold without an end, as it is stored.
    pub(super) fn lasting(&self) -> &Planes {
        self.ending.as_ref().map_or(&self.rights, |it| &it.lasting)
    }

    /// Whether a permission takes effect (D8) and reaches (A2).
    pub(super) fn reaches(&self, scene: Scene<'_>, permission: u16, target: Target<'_>) -> bool {
        let needed = match target {
            Target::Everything => Scope::All,
            Target::Person(person, _) => self.needed(scene, person),
        };
        self.rights.granted(permission) >= needed as u8
            && self.is_effective(scene.before, permission)
    }

    /// The narrowest scope that reaches somebody's records (S1 to S3).
    pub(super) fn needed(&self, scene: Scene<'_>, person: Person) -> Scope {
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
        let own = self.user.and_then(|it| scene.now_of(it));
        let own = own.and_then(|it| scene.now.user_record(it));
        let own = own.map_or(NOWHERE, |it| it.position);
        let now = level(scene.now, own, person.is);
        let before = person.was;
        let before = before.map(|position| level(scene.before, self.position, position));
        before.map_or(now, |before| before.max(now))
    }
}

impl Ending {
    fn of(state: &State, assigned: &Assigned, rights: &Planes, ends: &[End]) -> Ending {
        let mut latest = BTreeMap::new();
        for end in ends {
            for (permission, scope) in state.united(&Assigned::only(end.of)).grants() {
                let known = latest.entry((permission, scope)).or_insert(end.until);
                *known = end.until.max(*known);
            }
        }
        Ending {
            lasting: lasting(state, assigned, rights, ends),
            latest,
        }
    }
}

/// What somebody is granted without an end. A deny that ends binds like any other.
pub(in crate::admin) fn lasting(
    state: &State,
    assigned: &Assigned,
    rights: &Planes,
    ends: &[End],
) -> Planes {
    let mut lasting = Planes::clone(&state.united(&assigned.lasting(ends)));
    lasting.deny_beyond(rights, &Planes::none(state.model().permissions.len()));
    lasting
}
