//! From a subject and an operation to a filter.

use super::fold::{Known, fold};
use super::values::kind_of;
use super::{Branch, RecordFilter, Viewer, When};
use crate::Scope;
use crate::catalog::Bearer;
use crate::decision::NONE;
use crate::document::AskedOn;
use crate::engine::{Engine, InContext, State};
use crate::id::{OperationId, PropertyId};
use crate::request::{Action, Context, Subject, Value};

/// Why there is no filter for an operation. A subject is never the reason: one that `check` denies
/// on every record has a filter that accepts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// The catalog has no such operation, or the handle is of another catalog.
    #[error("the catalog has no such operation")]
    UnknownOperation,
    /// The operation is one on the type: it has no records. One that delivers or touches many names
    /// the operation on a record that filters them (D14).
    #[error("an operation on the type has no records; ask for the operation that filters it")]
    OnType {
        /// What it names as `filtered_by`.
        filtered_by: Option<OperationId>,
    },
}

impl Engine {
    /// [`InContext::records`] in an empty context.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders", scopes = ["own", "reports", "all"] }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "view", on = "record", allowed_by = ["orders"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument::from_toml("p", r#"
    /// #     format = 2
    /// #     catalog_version = 1
    /// #     positions = [{ id = "lead" }, { id = "sales", reports_to = ["lead"] }]
    /// #     roles = [{ id = "seller", grants = [{ select = "orders", scope = "reports" }] }]
    /// # "#);
    /// # let directory = DirectoryDocument::from_toml("d", r#"
    /// #     format = 2
    /// #     users = [
    /// #       { id = "ann", position = "lead", roles = ["seller"] },
    /// #       { id = "bob", position = "sales" },
    /// #       { id = "cay" },
    /// #     ]
    /// # "#);
    /// # let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;
    /// let hers = engine.records("ann", "order:view").expect("an operation on a record");
    /// assert!(hers.matches(&Record::of("order").owner("ann")));
    /// assert!(hers.matches(&Record::of("order").owner("bob")));
    /// assert!(!hers.matches(&Record::of("order").owner("cay")));
    ///
    /// let owners: Vec<_> = hers.owners().filter_map(|it| engine.user_name(it)).collect();
    /// assert_eq!(owners, ["ann", "bob"]);
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`InContext::records`].
    pub fn records<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        operation: impl Into<Action<'a>>,
    ) -> Result<RecordFilter<'_>, RecordsError> {
        self.in_context(&()).records(subject, operation)
    }
}

impl<'e, C: Context + ?Sized> InContext<'e, C> {
    /// The records that the subject may do this to, in this context: exactly those that
    /// [`check`](InContext::check) allows (Q4).
    ///
    /// The operation is a handle, or its name in full, `type:action`, as there is no resource to
    /// tell the type. Conditions on subject and context are settled here, so that the filter needs
    /// neither again. Of a subject that `check` denies on every record (unknown, suspended, of
    /// another account, without a permission) it accepts nothing.
    ///
    /// Costs a look at each permission that allows the operation, and at its conditions; nothing
    /// grows with users or positions.
    ///
    /// # Errors
    /// - [`UnknownOperation`](RecordsError::UnknownOperation): `"order:vew"`, a handle of another
    ///   catalog, or `"view"`, which does not say of what.
    /// - [`OnType`](RecordsError::OnType): `"order:export"`, where that is an operation on the type.
    pub fn records<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        operation: impl Into<Action<'a>>,
    ) -> Result<RecordFilter<'e>, RecordsError> {
        let (engine, subject) = (self.engine(), subject.into());
        let operation = record_operation(engine.state(), operation.into())?;
        let question = Question {
            state: engine.state(),
            subject,
            operation,
            context: self.context(),
        };
        let from = engine.state().standpoint(&subject);
        let (branches, when) = question.branches().unwrap_or_default();
        Ok(RecordFilter {
            engine,
            operation,
            viewer: Viewer {
                user: from.user,
                token_id: from.token_id.map(Into::into),
                position: from.position,
            },
            branches,
            when,
        })
    }
}

fn record_operation(state: &State, named: Action<'_>) -> Result<u16, RecordsError> {
    let model = state.model();
    let found = match named {
        Action::Operation(id) => id.index(model.brand).and_then(|it| u16::try_from(it).ok()),
        Action::Named(name) => name
            .split_once(':')
            .and_then(|(r#type, action)| model.operation(r#type, action)),
    };
    let known = found.and_then(|it| Some((it, model.operations.get(it as usize)?)));
    match known {
        None => Err(RecordsError::UnknownOperation),
        Some((_, operation)) if operation.on == AskedOn::Type => Err(RecordsError::OnType {
            filtered_by: (operation.filtered_by != NONE)
                .then(|| OperationId::new(u32::from(operation.filtered_by), model.brand)),
        }),
        Some((index, _)) => Ok(index),
    }
}

/// What is asked, of a subject who may not be allowed to.
struct Question<'q, C: ?Sized> {
    state: &'q State,
    subject: Subject<'q>,
    operation: u16,
    context: &'q C,
}

impl<C: Context + ?Sized> Question<'_, C> {
    /// The union over D9's pairs, and the operation's own conditions; `None` where nothing is left. A pair that
    /// cannot be known to let anything through is left out (I12).
    fn branches(&self) -> Option<(Vec<Branch>, When)> {
        let state = self.state;
        let operation = state.model().operations.get(self.operation as usize)?;
        if !state.may_ask_for(&self.subject, self.operation)
            || state.operation_feature(self.operation) != NONE
        {
            return None;
        }
        let known = |property| self.known(property);
        let when = fold(state.model(), &operation.when, &known)?;
        let from = state.standpoint(&self.subject);
        let mut branches: Vec<Branch> = Vec::new();
        for (pair, scope) in state.pairs_in_effect(&self.subject, self.operation) {
            let conditions = state.model().pairs.get(pair as usize).map(|it| &it.when);
            if state.pair_feature(pair) != NONE {
                continue;
            }
            let (Some(conditions), Some(scope)) = (conditions, Scope::from_u8(scope)) else {
                continue;
            };
            // S6: the last step, conditions aside.
            let between = matches!(scope, Scope::Reports | Scope::Peers);
            let lent = from.position.filter(|_| between);
            let scope = match lent.is_some_and(|it| state.is_lent_at(it, pair)) {
                true => Scope::All,
                false => narrowed(scope, from.position.is_some()),
            };
            let owns = from.user.is_some() || from.token_id.is_some();
            if scope == Scope::Own && !owns {
                continue;
            }
            if let Some(when) = fold(state.model(), conditions, &known) {
                unite(&mut branches, Branch { scope, when });
            }
        }
        (!branches.is_empty()).then_some((branches, when))
    }

    /// A property of the subject or the context; one of the record is not known yet.
    fn known(&self, index: u16) -> Known<'_> {
        let Some(property) = self.state.model().properties.get(index as usize) else {
            return Known::Missing;
        };
        let handle = PropertyId::new(u32::from(index), self.state.model().brand);
        let value: Option<Value<'_>> = match property.bearer {
            Bearer::Resource(_) | Bearer::ResourceId(_) | Bearer::ResourceOwner(_) => {
                return Known::OfRecord;
            }
            Bearer::SubjectId => self.state.standpoint_id(&self.subject).map(Value::Text),
            Bearer::Context => self.context.property(handle, &property.name),
            Bearer::Subject => match self.state.brought_properties(&self.subject) {
                Some(brought) => brought.and_then(|it| it.get(&property.name)),
                None => {
                    let user = self.state.standpoint(&self.subject).user;
                    let held = user.and_then(|user| self.state.user_property(user, index));
                    held.map(Into::into)
                }
            },
        };
        // Of another type is as good as missing: both fail the condition (D10).
        match value.filter(|it| kind_of(it) == property.kind) {
            Some(value) => Known::Value(value),
            None => Known::Missing,
        }
    }
}

/// S3: without a position, Reports and Peers have only Own.
fn narrowed(scope: Scope, is_placed: bool) -> Scope {
    match scope {
        Scope::Reports | Scope::Peers if !is_placed => Scope::Own,
        scope => scope,
    }
}

/// Adds a branch, unless one that is at least as wide has no conditions or the same.
fn unite(branches: &mut Vec<Branch>, added: Branch) {
    let covers = |wide: &Branch, narrow: &Branch| {
        wide.scope >= narrow.scope && (wide.when.is_empty() || wide.when == narrow.when)
    };
    if branches.iter().any(|known| covers(known, &added)) {
        return;
    }
    branches.retain(|known| !covers(&added, known));
    branches.push(added);
}
