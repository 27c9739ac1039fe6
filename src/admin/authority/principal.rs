//! One whose rights a change needs: what they are granted, and whom they reach.

use super::super::refusal::Refusal;
use super::{Person, Scene, Target};
use crate::Scope;
use crate::catalog::{Rights, check_identifier, resolve_grant};
use crate::document::problem::{Path, Report, Rules, Source};
use crate::document::{GrantDocument, ProblemCode, Problems};
use crate::engine::{Holder, NOWHERE, Planes, State, is_effective};

/// One whose rights a change needs.
pub(super) struct Principal {
    user: Option<u32>,
    position: u32,
    pub(super) rights: Planes,
    pub(super) written: Written,
}

/// Where what they are granted is written.
pub(super) enum Written {
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

impl Principal {
    pub(super) fn of_user(state: &State, id: &str) -> Result<Principal, Refusal> {
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
            written: Written::Host(grants.to_vec()),
        })
    }

    /// How far a permission is held, 0 for not at all: as it is stored (A4).
    pub(super) fn held(&self, permission: u16) -> u8 {
        match self.rights.denied(permission) {
            true => 0,
            false => self.rights.granted(permission),
        }
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
        let own = self.user.and_then(|user| scene.now.user_record(user));
        let own = own.map_or(NOWHERE, |it| it.position);
        let now = level(scene.now, own, person.is);
        let before = person.was;
        let before = before.map(|position| level(scene.before, self.position, position));
        before.map_or(now, |before| before.max(now))
    }
}
