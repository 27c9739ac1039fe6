//! Which actions are allowed on a resource, and many checks in a context (Q5).

use std::fmt;

use crate::decision::{Code, Decision, Denial, Denied};
use crate::engine::{Asker, Engine, Extent, InContext};
use crate::id::OperationId;
use crate::request::{Context, Resource, ResourceType, Subject};

impl Engine {
    /// [`InContext::permitted_actions`] in an empty context.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders", scopes = ["own"] }, { path = "refunds" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [
    /// #       { type = "order", action = "cancel", on = "record", allowed_by = ["orders"] },
    /// #       { type = "order", action = "refund", on = "record", allowed_by = ["refunds"] },
    /// #     ]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument {
    /// #     roles: vec![RoleDocument::new("seller").grant("orders")],
    /// #     ..PolicyDocument::new(1)
    /// # };
    /// # let users = DirectoryDocument::new([UserDocument::new("ann").role("seller")]);
    /// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
    /// let order = Record::of("order").id("7").owner("ann");
    /// let actions: Vec<_> = engine.permitted_actions("ann", &order)?
    ///     .filter_map(|(operation, _)| catalog.operation_name(operation))
    ///     .collect();
    /// assert_eq!(actions, ["order:cancel"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn permitted_actions<'e, R: Resource + ?Sized>(
        &'e self,
        subject: impl Into<Subject<'e>>,
        resource: &'e R,
    ) -> Result<PermittedActions<'e, R>, Denied> {
        self.in_context(&()).permitted_actions(subject, resource)
    }
}

impl<'e, C: Context + ?Sized> InContext<'e, C> {
    /// The operations of the resource's type that [`check`](InContext::check) allows on it, in the
    /// catalog's order, each with its decision. The resource must say its type.
    ///
    /// Cost: a check for each operation of the type, and no allocation, but one for a token of more than
    /// 32 roles.
    ///
    /// # Errors
    /// What denies every one of them before any is looked at: an unknown or suspended user, an
    /// unknown type, a missing account and the like.
    pub fn permitted_actions<R: Resource + ?Sized>(
        &self,
        subject: impl Into<Subject<'e>>,
        resource: &'e R,
    ) -> Result<PermittedActions<'e, R, C>, Denied> {
        let (state, subject) = (self.engine().state(), subject.into());
        let asker = state
            .asker_on(&subject, resource)
            .map_err(|denial| state.refuse(denial))?;
        let model = state.model();
        let r#type = match resource.resource_type() {
            ResourceType::OfOperation => None,
            ResourceType::Named(name) => model.type_names.get(name).map(|it| it as usize),
            ResourceType::Id(id) => id.index(model.brand),
        };
        let Some(r#type) = r#type.and_then(|it| model.types.get(it)) else {
            return Err(state.refuse(Denial::of(Code::UnknownType)));
        };
        Ok(PermittedActions {
            engine: self.engine(),
            context: self.context(),
            asker,
            resource,
            operations: r#type.operations.iter(),
        })
    }
}

/// The operations that are allowed on a resource; made by [`Engine::permitted_actions`].
pub struct PermittedActions<'e, R: ?Sized, C: ?Sized = ()> {
    engine: &'e Engine,
    context: &'e C,
    asker: Asker<'e>,
    resource: &'e R,
    operations: std::slice::Iter<'e, u16>,
}

impl<R: Resource + ?Sized, C: Context + ?Sized> Iterator for PermittedActions<'_, R, C> {
    type Item = (OperationId, Decision);

    fn next(&mut self) -> Option<(OperationId, Decision)> {
        let brand = self.engine.state().model().brand;
        self.operations.by_ref().find_map(|&operation| {
            let decision =
                (self.asker).decide(operation, self.resource, self.context, Extent::Record);
            let operation = OperationId::new(u32::from(operation), brand);
            decision.is_allow().then_some((operation, decision))
        })
    }
}

impl<R: ?Sized, C: ?Sized> fmt::Debug for PermittedActions<'_, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermittedActions")
            .field("subject", self.asker.subject())
            .finish_non_exhaustive()
    }
}
