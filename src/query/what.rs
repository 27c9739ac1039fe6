//! What may somebody do (Q5)?

use std::fmt;

use super::conditions::{Fact, Standing, standing, unknown};
use crate::Scope;
use crate::catalog::{Bearer, EVERYBODY, Model};
use crate::decision::Denied;
use crate::document::AskedOn;
use crate::engine::{Asker, Engine, InContext, State};
use crate::id::{OperationId, PermissionId, PropertyId};
use crate::request::{Context, Subject};

/// An operation that a subject may do, by one permission, and on which records (D9).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capability {
    /// The operation.
    pub operation: OperationId,
    /// The permission that allows it; `None` of an open one.
    pub permission: Option<PermissionId>,
    /// Which records it reaches, after prerequisites (D7) and lending (S6).
    pub scope: Scope,
    /// Whether it reaches all because somebody below does (S6).
    pub lent: bool,
    /// The record's properties that its conditions depend on: whether they hold must be looked at
    /// for each record. Empty where there are no such conditions.
    pub depends_on: Vec<PropertyId>,
}

impl Engine {
    /// [`InContext::what_can`] in an empty context.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders", scopes = ["own", "all"] }]
    /// #     types = [{ id = "order", properties = { status = "text" } }]
    /// #     operations = [
    /// #       { type = "order", action = "cancel", on = "record", allowed_by = [
    /// #         { permission = "orders", when = [[{ resource = "status", is = "open" }]] },
    /// #       ] },
    /// #       { type = "order", action = "print", on = "type", open = true },
    /// #     ]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument {
    /// #     roles: vec![RoleDocument::new("seller").grant(("orders", bailiwick::Scope::Own))],
    /// #     ..PolicyDocument::new(1)
    /// # };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let mut lines = Vec::new();
    /// for can in engine.what_can("ann")? {
    ///     let depends_on: Vec<_> = can.depends_on.iter().map(|it| catalog.property_name(*it)).collect();
    ///     lines.push((catalog.operation_name(can.operation).unwrap(), can.scope.as_str(), depends_on.len()));
    /// }
    /// assert_eq!(lines, [
    ///     ("order:cancel".to_owned(), "own", 1), // if its status says so
    ///     ("order:print".to_owned(), "all", 0),
    /// ]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn what_can<'e>(&'e self, subject: impl Into<Subject<'e>>) -> Result<WhatCan<'e>, Denied> {
        self.in_context(&()).what_can(subject)
    }
}

impl<'e, C: Context + ?Sized> InContext<'e, C> {
    /// Every operation that the subject may do, once for each permission by which it may, in the
    /// catalog's order: of a record operation the records it reaches, and the properties of the record
    /// that are still to be looked at. Conditions on the subject and the context are looked at here.
    ///
    /// Exactly: an operation on the type is allowed if it is listed, and one on a record if it is
    /// listed with a scope that reaches the owner and conditions that hold.
    ///
    /// Cost: a look at every pair of the catalog.
    ///
    /// # Errors
    /// What denies everything: an unknown or suspended user, an unknown role of a token and the like.
    pub fn what_can(&self, subject: impl Into<Subject<'e>>) -> Result<WhatCan<'e, C>, Denied> {
        let state = self.engine().state();
        match state.asker(&subject.into()) {
            Ok(asker) => Ok(WhatCan {
                state,
                context: self.context(),
                asker,
                operation: 0,
                pair: 0,
            }),
            Err(denial) => Err(state.refuse(denial)),
        }
    }
}

/// What a subject may do; made by [`Engine::what_can`].
pub struct WhatCan<'e, C: ?Sized = ()> {
    state: &'e State,
    context: &'e C,
    asker: Asker<'e>,
    /// The operation and the pair to look at next.
    operation: u16,
    pair: u16,
}

/// What subject and context say of a property; the record's are unknown.
pub(super) fn fact<'v, C: Context + ?Sized>(
    model: &'v Model,
    asker: &'v Asker<'_>,
    context: &'v C,
    property: u16,
) -> Fact<'v> {
    let Some(declared) = model.properties.get(property as usize) else {
        return Fact::Is(None);
    };
    match declared.bearer {
        Bearer::Resource(_) | Bearer::ResourceId(_) | Bearer::ResourceOwner(_) => Fact::Unknown,
        Bearer::Subject | Bearer::SubjectId => Fact::Is(asker.property(property)),
        Bearer::Context => {
            let handle = PropertyId::new(u32::from(property), model.brand);
            Fact::Is(context.property(handle, &declared.name))
        }
    }
}

impl<C: Context + ?Sized> WhatCan<'_, C> {
    fn look(&self, operation: u16, pair: u16) -> Option<Capability> {
        let (state, model) = (self.state, self.state.model());
        let mut scope = self.asker.pair(operation, pair).ok()?;
        if state.late_feature(operation, pair).is_some() {
            return None;
        }
        let asked = model.operations.get(operation as usize)?;
        let known = model.pairs.get(pair as usize)?;
        let fact = |property| fact(model, &self.asker, self.context, property);
        let depends_on = match standing(model, asked, known, &fact) {
            Standing::Fail => return None,
            Standing::Hold => Vec::new(),
            Standing::Open => unknown(model, asked, known, &fact),
        };
        let lent =
            asked.on == AskedOn::Record && state.is_lent_to(self.asker.position(), scope, pair);
        if lent {
            scope = Scope::All as u8;
        }
        let permission = known.permission;
        let handle = |index: u16| PropertyId::new(u32::from(index), model.brand);
        Some(Capability {
            operation: OperationId::new(u32::from(operation), model.brand),
            permission: (permission != EVERYBODY)
                .then(|| PermissionId::new(u32::from(permission), model.brand)),
            scope: Scope::from_u8(scope)?,
            lent,
            depends_on: depends_on.into_iter().map(handle).collect(),
        })
    }
}

impl<C: Context + ?Sized> Iterator for WhatCan<'_, C> {
    type Item = Capability;

    fn next(&mut self) -> Option<Capability> {
        let model = self.state.model();
        while let Some(operation) = model.operations.get(self.operation as usize) {
            let pair = self.pair.max(operation.pairs.start);
            if pair >= operation.pairs.end {
                self.operation += 1;
                continue;
            }
            self.pair = pair + 1;
            if let Some(found) = self.look(self.operation, pair) {
                return Some(found);
            }
        }
        None
    }
}

impl<C: ?Sized> fmt::Debug for WhatCan<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhatCan").finish_non_exhaustive()
    }
}
