//! A filter as data, from which a host can build a query of its own.

use serde::Serialize;

use super::{Branch, RecordFilter, When};
use crate::Scope;
use crate::document::PropertyType;
use crate::id::PropertyId;

/// What a record must meet, as a tree of tests on its owner, its owner's position and its
/// properties. The record's type and account are not part of it: both must be the filter's.
///
/// ```
/// use bailiwick::query::{Expression, OwnerTest};
/// # use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders", scopes = ["own", "reports", "all"] }]
/// #     types = [{ id = "order", properties = { status = "text" } }]
/// #     operations = [{ type = "order", action = "cancel", on = "record", allowed_by = ["orders"], when = [[{ resource = "status", is_not = "sent" }]] }]
/// # "#), Warnings::Refuse)?;
/// # let policy = PolicyDocument::from_toml("p", r#"
/// #     format = 2
/// #     catalog_version = 1
/// #     positions = [{ id = "lead" }, { id = "sales", reports_to = ["lead"] }]
/// #     roles = [{ id = "seller", grants = [{ select = "orders", scope = "reports" }] }]
/// # "#);
/// # let directory = DirectoryDocument::from_toml("d", r#"
/// #     format = 2
/// #     users = [{ id = "ann", position = "lead", roles = ["seller"] }]
/// # "#);
/// # let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;
/// let filter = engine.records("ann", "order:cancel").expect("an operation on a record");
/// let Expression::AllOf(all) = filter.expression() else { panic!() };
/// let hers = OwnerTest { is: Some("ann".into()), below: Some("lead".into()), at: None };
/// assert_eq!(all[0], Expression::Owner(hers));
/// assert!(matches!(&all[1], Expression::Property(test) if test.property.name == "status"));
/// # Ok::<(), bailiwick::Problems>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// No record.
    Nothing,
    /// Every record, unowned ones too.
    Everything,
    /// At least one holds.
    AnyOf(Vec<Expression>),
    /// All hold.
    AllOf(Vec<Expression>),
    /// Whose the record is.
    Owner(OwnerTest),
    /// What a property of the record is.
    Property(PropertyTest),
}

/// Whose a record must be: one of the three, of those that are there (S1). A record without an owner
/// meets none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct OwnerTest {
    /// The owner is the user of this id.
    pub is: Option<String>,
    /// The owner's position stands strictly below this one, at any depth.
    pub below: Option<String>,
    /// The owner's position is this one.
    pub at: Option<String>,
}

/// A comparison of a property of the record. One that is missing, or of another type than declared,
/// on either side, fails it, whatever the operator (D10).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PropertyTest {
    /// The property on the left.
    pub property: PropertyName,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

impl PropertyTest {
    pub(super) fn reads_owner_alone(&self) -> bool {
        let right = match &self.operand {
            Operand::Property(right) => right.from,
            Operand::Text(_)
            | Operand::Integer(_)
            | Operand::Boolean(_)
            | Operand::Texts(_)
            | Operand::Integers(_)
            | Operand::Booleans(_) => ReadFrom::Owner,
        };
        self.property.from == ReadFrom::Owner && right == ReadFrom::Owner
    }
}

/// A property of the record's type, or its id or owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct PropertyName {
    /// Its name, as the catalog declares it.
    pub name: String,
    /// Its type.
    pub kind: PropertyType,
    /// Its handle.
    #[serde(skip)]
    pub id: PropertyId,
    /// The part of the record that it is read from.
    #[serde(skip_serializing_if = "ReadFrom::is_property")]
    pub from: ReadFrom,
}

/// The part of a record that a property is read from (D10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadFrom {
    /// A property that the catalog declares.
    Property,
    /// The record's id, which exists undeclared.
    Id,
    /// The id of the record's owner, which exists undeclared: as the host states it, known to the
    /// directory or not.
    Owner,
}

impl ReadFrom {
    fn is_property(&self) -> bool {
        *self == ReadFrom::Property
    }
}

/// How a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Equal; of sets, the same texts, whatever their order and repetition.
    Is,
    /// Not equal.
    IsNot,
    /// A text, integer or boolean is one of the list; a set and the list have an element in common.
    /// With a property: the text is in the set, or the sets have an element in common.
    OneOf,
    /// The opposite of [`OneOf`](Operator::OneOf); of an empty list it holds for every value there is.
    NoneOf,
    /// Less than.
    Less,
    /// Less than or equal.
    AtMost,
    /// Greater than.
    Greater,
    /// Greater than or equal.
    AtLeast,
}

/// What a property is compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// Texts: a list, or the whole of a set that another is or is not equal to.
    Texts(Vec<String>),
    /// A list of integers.
    Integers(Vec<i64>),
    /// A list of booleans.
    Booleans(Vec<bool>),
    /// Another property of the record.
    Property(PropertyName),
}

impl RecordFilter<'_> {
    /// The filter as data.
    ///
    /// Positions are named, not listed: those below one are
    /// [`positions`](RecordFilter::positions) away.
    pub fn expression(&self) -> Expression {
        if self.is_nothing() {
            return Expression::Nothing;
        }
        let branches = self.branches.iter().map(|branch| self.branch(branch));
        all_of([any_of(branches), conditions(&self.when)])
    }

    fn branch(&self, branch: &Branch) -> Expression {
        let owner = self.owner_test(branch.scope);
        let owner = owner.map_or(Expression::Everything, Expression::Owner);
        all_of([owner, conditions(&branch.when)])
    }

    /// `None` where every record is reached.
    pub(super) fn owner_test(&self, scope: Scope) -> Option<OwnerTest> {
        let state = self.engine.state();
        let position = self.viewer.position.and_then(|it| state.position_id(it));
        let from = |least: Scope| position.filter(|_| scope >= least).map(str::to_owned);
        (scope != Scope::All).then(|| OwnerTest {
            is: self.viewer_id().map(str::to_owned),
            below: from(Scope::Reports),
            at: from(Scope::Peers),
        })
    }
}

fn conditions(when: &When) -> Expression {
    if when.is_empty() {
        return Expression::Everything;
    }
    let all = |tests: &Vec<PropertyTest>| all_of(tests.iter().cloned().map(Expression::Property));
    any_of(when.iter().map(all))
}

fn any_of(parts: impl IntoIterator<Item = Expression>) -> Expression {
    let mut parts: Vec<Expression> = parts.into_iter().collect();
    if parts.contains(&Expression::Everything) {
        return Expression::Everything;
    }
    match (parts.pop(), parts.is_empty()) {
        (None, _) => Expression::Nothing,
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            Expression::AnyOf(parts)
        }
    }
}

fn all_of(parts: impl IntoIterator<Item = Expression>) -> Expression {
    let parts = parts.into_iter().filter(|it| *it != Expression::Everything);
    let mut parts: Vec<Expression> = parts.collect();
    match (parts.pop(), parts.is_empty()) {
        (None, _) => Expression::Everything,
        (Some(only), true) => only,
        (Some(last), false) => {
            parts.push(last);
            Expression::AllOf(parts)
        }
    }
}
