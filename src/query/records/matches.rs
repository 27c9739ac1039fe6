//! A filter asked about one record.

use super::expression::{Operand, Operator, PropertyName, PropertyTest, ReadFrom};
use super::values::kind_of;
use super::{RecordFilter, When};
use crate::document::{AccountsServed, AskedOn};
use crate::engine::Engine;
use crate::id::UserId;
use crate::overlap::{are_same, meet};
use crate::request::{
    Owner, OwnerPosition, Resource, ResourceType, Texts, Value, is_invalid_identifier,
};

impl RecordFilter<'_> {
    /// Whether the record is accepted: whether `check` allows the operation on it, for the subject
    /// and in the context that the filter was made with.
    ///
    /// Allocates nothing; costs a comparison of positions, and the conditions.
    pub fn matches<R: Resource + ?Sized>(&self, record: &R) -> bool {
        if self.is_nothing() || !self.may_be_asked(record) {
            return false;
        }
        let state = self.engine.state();
        let needed = state.narrowest_scope(&self.viewer.borrowed(), record);
        let reached = |branch: &super::Branch| branch.scope as u8 >= needed;
        let any = |branch: &super::Branch| reached(branch) && self.holds(&branch.when, record);
        self.branches.iter().any(any) && self.holds(&self.when, record)
    }

    /// Whether a record of that user is accepted, one that says nothing else of itself.
    pub(super) fn accepts_owner(&self, user: u32) -> bool {
        let state = self.engine.state();
        let record = OwnedBy(state.user_handle(user));
        let accepts = |branch: &super::Branch| {
            self.reaches_user(user, branch.scope) && self.holds(&branch.when, &record)
        };
        self.branches.iter().any(accepts) && self.holds(&self.when, &record)
    }

    pub(super) fn holds<R: Resource + ?Sized>(&self, when: &When, record: &R) -> bool {
        let holds = |test: &PropertyTest| test.holds(self.engine, record);
        when.is_empty() || when.iter().any(|all| all.iter().all(holds))
    }

    /// Whether it is a record of this type and account, with valid identifiers (D11, D12, D14).
    fn may_be_asked<R: Resource + ?Sized>(&self, record: &R) -> bool {
        let model = self.engine.state().model();
        let own = model
            .operations
            .get(self.operation as usize)
            .map(|it| it.r#type as usize);
        let is_its_type = match record.resource_type() {
            ResourceType::OfOperation => true,
            ResourceType::Id(id) => id.index(model.brand) == own && own.is_some(),
            ResourceType::Named(name) => own
                .and_then(|it| model.types.get(it))
                .is_some_and(|it| *it.id == *name),
        };
        let is_of_account = match record.account() {
            Some(stated) => self.engine.state().account_id() == Some(stated),
            None => model.accounts == AccountsServed::One,
        };
        let invalid_owner =
            matches!(record.owner(), Owner::Named(name) if is_invalid_identifier(name));
        let invalid_position = matches!(
            record.owner_position(),
            OwnerPosition::Named(name) if is_invalid_identifier(name)
        );
        record.asked_on() == AskedOn::Record
            && is_its_type
            && is_of_account
            && !invalid_owner
            && !invalid_position
            && !record.id().is_some_and(is_invalid_identifier)
    }
}

/// A record of which the owner alone is asked.
struct OwnedBy(UserId);

impl Resource for OwnedBy {
    fn owner(&self) -> Owner<'_> {
        Owner::User(self.0)
    }
}

impl PropertyName {
    /// The record's value, if it has one of the declared type.
    fn read<'r, R: Resource + ?Sized>(
        &self,
        engine: &'r Engine,
        record: &'r R,
    ) -> Option<Value<'r>> {
        let value = match self.from {
            ReadFrom::Property => record.property(self.id, &self.name)?,
            ReadFrom::Id => Value::Text(record.id()?),
            ReadFrom::Owner => Value::Text(engine.state().owner_id(record.owner())?),
        };
        (kind_of(&value) == self.kind).then_some(value)
    }
}

impl PropertyTest {
    /// Whether it holds of a record (D10). The engine is the filter's: it tells the id of an owner who
    /// is given by handle.
    pub fn holds<R: Resource + ?Sized>(&self, engine: &Engine, record: &R) -> bool {
        let Some(left) = self.property.read(engine, record) else {
            return false;
        };
        let Operand::Property(right) = &self.operand else {
            return self.compare_with_constant(left);
        };
        let Some(right) = right.read(engine, record) else {
            return false;
        };
        match (left, right) {
            (Value::Text(a), Value::Text(b)) => self.equal(a == b),
            (Value::Boolean(a), Value::Boolean(b)) => self.equal(a == b),
            (Value::Integer(a), Value::Integer(b)) => self.ordered(a, b),
            (Value::Text(text), Value::Set(set)) | (Value::Set(set), Value::Text(text)) => {
                self.listed(set.contains(text))
            }
            (Value::Set(a), Value::Set(b)) => match self.operator {
                Operator::Is | Operator::IsNot => self.equal(are_same(a, b)),
                _ => self.listed(meet(a, b)),
            },
            _ => false,
        }
    }

    fn compare_with_constant(&self, left: Value<'_>) -> bool {
        match (left, &self.operand) {
            (Value::Text(a), Operand::Text(b)) => self.equal(a == b),
            (Value::Boolean(a), Operand::Boolean(b)) => self.equal(a == *b),
            (Value::Integer(a), Operand::Integer(b)) => self.ordered(a, *b),
            (Value::Text(a), Operand::Texts(list)) => self.listed(list.iter().any(|it| it == a)),
            (Value::Integer(a), Operand::Integers(list)) => self.listed(list.contains(&a)),
            (Value::Boolean(a), Operand::Booleans(list)) => self.listed(list.contains(&a)),
            (Value::Set(a), Operand::Texts(list)) => match self.operator {
                Operator::Is | Operator::IsNot => self.equal(are_same(a, Texts::Strings(list))),
                _ => self.listed(meet(a, Texts::Strings(list))),
            },
            _ => false,
        }
    }

    fn equal(&self, equal: bool) -> bool {
        match self.operator {
            Operator::Is => equal,
            Operator::IsNot => !equal,
            _ => false,
        }
    }

    fn listed(&self, found: bool) -> bool {
        match self.operator {
            Operator::OneOf => found,
            Operator::NoneOf => !found,
            _ => false,
        }
    }

    fn ordered(&self, a: i64, b: i64) -> bool {
        match self.operator {
            Operator::Less => a < b,
            Operator::AtMost => a <= b,
            Operator::Greater => a > b,
            Operator::AtLeast => a >= b,
            _ => self.equal(a == b),
        }
    }
}
