//! People whom the directory binds may bring roles in tokens (D18). To deny them something, an actor needs
//! the right to revoke what they may bring of it. To open it to them again, an actor needs the right to
//! assign it, and must hold it at All.

use std::sync::Arc;

use super::super::authority::{Receivers, Target};
use super::super::refusal::Refusal;
use super::Transaction;
use crate::document::ChangeKind;
use crate::engine::Planes;

/// What a deny covers, whose it ever is.
pub(super) enum Covered {
    /// Of somebody suspended or removed.
    Everything,
    /// The denies of these.
    Denied(Arc<Planes>),
}

impl Covered {
    fn covers_some_of(&self, granted: &Planes) -> bool {
        match self {
            Covered::Everything => granted.grants_something(),
            Covered::Denied(planes) => granted.grants_something_denied_by(planes),
        }
    }

    fn covers(&self, permission: u16) -> bool {
        match self {
            Covered::Everything => true,
            Covered::Denied(planes) => planes.denied(permission),
        }
    }

    fn is_nothing(&self) -> bool {
        match self {
            Covered::Everything => false,
            Covered::Denied(planes) => !planes.denies_something(),
        }
    }
}

impl Transaction {
    /// A deny is given to somebody.
    pub(super) fn bind(
        &self,
        kind: ChangeKind,
        covered: &Covered,
        target: Target<'_>,
    ) -> Result<(), Refusal> {
        let roles = self.brought_of(kind, covered);
        self.authority.bind(self.scene(), &roles, target)
    }

    /// A deny is given to each of these people.
    pub(super) fn bind_each(
        &self,
        kind: ChangeKind,
        covered: &Covered,
        people: &[u32],
    ) -> Result<(), Refusal> {
        let roles = self.brought_of(kind, covered);
        let scene = self.scene();
        // An actor who may revoke them everywhere need not be compared with each person.
        if self
            .authority
            .bind(scene, &roles, Target::Everything)
            .is_ok()
        {
            return Ok(());
        }
        for &user in people {
            let name = self.now().user_id(user).unwrap_or_default();
            let target = Target::Person(scene.person(user), name);
            self.authority.bind(scene, &roles, target)?;
        }
        Ok(())
    }

    /// A deny is lifted from somebody, whoever it is.
    pub(super) fn free(&self, kind: ChangeKind, covered: &Covered) -> Result<(), Refusal> {
        let roles = self.brought_of(kind, covered);
        self.authority.free(self.scene(), &roles)?;
        let mut opened = Planes::none(self.before.model().permissions.len());
        for role in roles {
            if let Some(role) = self.now().roles().get(role) {
                opened.unite(&role.own);
            }
        }
        let opened = opened.grants().filter(|(it, _)| covered.covers(*it));
        let tokens = Receivers::Sets(Default::default(), true);
        self.authority.confer(self.scene(), opened, &tokens)
    }

    /// The roles that tokens bring, juniors included, and that grant something a deny covers; those
    /// that the catalog exempts from that kind of change aside.
    fn brought_of(&self, kind: ChangeKind, covered: &Covered) -> Vec<u32> {
        if self.is_replayed() || self.authority.is_system() || covered.is_nothing() {
            return Vec::new();
        }
        let model = self.before.model();
        if !model.tokens_bring_account_roles && !model.roles.iter().any(|it| it.tokens_bring) {
            return Vec::new();
        }
        let roles = self.now().roles();
        let brought = (0..roles.numbers())
            .filter(|role| roles.get(*role).is_some_and(|it| it.tokens_bring))
            .collect();
        let mut brought = self.now().granting(brought);
        brought.retain(|role| {
            let granted = roles.get(*role).map(|it| &it.closure);
            granted.is_some_and(|it| covered.covers_some_of(it)) && !self.is_exempt(kind, *role)
        });
        brought
    }
}
