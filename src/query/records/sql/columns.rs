//! Where a host's table keeps what a filter reads.

use std::collections::BTreeMap;

/// A column, by its name or by table and name: `"owner"`, `["deals", "owner"]`.
///
/// Both parts are quoted as they are: `"deals.owner"` is one odd name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    pub(super) table: Option<String>,
    pub(super) name: String,
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Column {
            table: None,
            name: name.to_owned(),
        }
    }
}

impl From<[&str; 2]> for Column {
    fn from([table, name]: [&str; 2]) -> Self {
        Column {
            table: Some(table.to_owned()),
            name: name.to_owned(),
        }
    }
}

/// How a column holds ids, which to the engine are texts.
///
/// The host makes the text of a `uuid` or a `bigint` in its canonical form, and so does the filter:
/// an id that is not written so cannot be in the column, and no row is of that owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum IdType {
    /// As the text it is.
    #[default]
    Text,
    /// As a `uuid`: lower case, with hyphens. SQLite has no such type: there it is a text.
    Uuid,
    /// As an integer of 64 bits: decimal digits without leading zeros, a minus sign before.
    Bigint,
}

/// The owner's position, as a column holds it.
#[derive(Debug, Clone)]
pub(super) enum PositionColumn {
    Id(Column),
    Label(Column, BTreeMap<String, i64>),
}

/// Where a host's table keeps the account, the owner, the owner's position, the record's id and its
/// properties.
///
/// ```
/// use bailiwick::query::sql::{Columns, IdType};
/// let columns = Columns::new()
///     .account("account")
///     .owner_as(["deals", "owner_id"], IdType::Bigint)
///     .property("status", ["deals", "status"]);
/// # let _ = columns;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Columns {
    pub(super) account: Option<(Column, IdType)>,
    pub(super) owner: Option<(Column, IdType)>,
    pub(super) position: Option<PositionColumn>,
    pub(super) id: Option<(Column, IdType)>,
    pub(super) properties: BTreeMap<String, Column>,
    pub(super) most: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Columns::new()
    }
}

impl Columns {
    /// None yet; lists of up to 65,536 values.
    pub const fn new() -> Columns {
        Columns {
            account: None,
            owner: None,
            position: None,
            id: None,
            properties: BTreeMap::new(),
            most: 65_536,
        }
    }

    /// The account's id, as text (D11).
    pub fn account(self, column: impl Into<Column>) -> Columns {
        self.account_as(column, IdType::Text)
    }

    /// The account's id.
    pub fn account_as(mut self, column: impl Into<Column>, ids: IdType) -> Columns {
        self.account = Some((column.into(), ids));
        self
    }

    /// The owner's id, as text; `NULL` where nobody owns the record.
    pub fn owner(self, column: impl Into<Column>) -> Columns {
        self.owner_as(column, IdType::Text)
    }

    /// The owner's id; `NULL` where nobody owns the record.
    pub fn owner_as(mut self, column: impl Into<Column>, ids: IdType) -> Columns {
        self.owner = Some((column.into(), ids));
        self
    }

    /// The id of the owner's position, which then counts instead of the directory's (S3); `NULL`
    /// where the owner has none. Positions are then listed, instead of the users in them.
    pub fn owner_position(mut self, column: impl Into<Column>) -> Columns {
        self.position = Some(PositionColumn::Id(column.into()));
        self
    }

    /// The same, held as a number that the host gives each position. Positions whose labels follow
    /// one another are then one range: numbered in preorder, all that stands below a position is.
    ///
    /// Every position of the account needs a label, and no two the same.
    pub fn owner_position_label<P: Into<String>>(
        mut self,
        column: impl Into<Column>,
        labels: impl IntoIterator<Item = (P, i64)>,
    ) -> Columns {
        let labels = labels
            .into_iter()
            .map(|(position, label)| (position.into(), label));
        self.position = Some(PositionColumn::Label(column.into(), labels.collect()));
        self
    }

    /// The record's own id, as text, which conditions may read (D10).
    pub fn id(self, column: impl Into<Column>) -> Columns {
        self.id_as(column, IdType::Text)
    }

    /// The record's own id, which conditions may read (D10).
    pub fn id_as(mut self, column: impl Into<Column>, ids: IdType) -> Columns {
        self.id = Some((column.into(), ids));
        self
    }

    /// A declared property of the records, by its name in the catalog, which says its type too. The
    /// record's [`id`](Columns::id) and [`owner`](Columns::owner), which conditions may read as well,
    /// are not named here.
    pub fn property(mut self, property: impl Into<String>, column: impl Into<Column>) -> Columns {
        self.properties.insert(property.into(), column.into());
        self
    }

    /// The most values that the lists of one condition may hold together: ids of owners or
    /// positions, ranges of labels, constants. Where there are more than 16 ranges, the labels are
    /// listed instead, and each of them counts.
    pub const fn at_most(mut self, values: usize) -> Columns {
        self.most = values;
        self
    }
}
