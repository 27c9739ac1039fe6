//! Random worlds as tables: odd names, NULLs, texts that only bytes tell apart.

use std::collections::BTreeMap;

use bailiwick::document::{AskedOn, PropertyType};
use bailiwick::query::sql::{Column, Columns};
use bailiwick::{Engine, OperationId};

use crate::cells;
use crate::reference::{OwnerPosition, Resource, Value};
use crate::support::ask::{Asker, HostResource, context_of};
use crate::support::documents::Documents;
use crate::support::requests::{Case, Requests};
use crate::support::rng::Rng;
use crate::support::run::{Drawn, number};

/// How the table holds the owner's position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Positions {
    /// Not at all: the directory's counts.
    Directory,
    Ids,
    Labels,
}

/// What a table can hold of a value that is not of the declared type.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(dead_code, reason = "each database does one of the two")]
pub(crate) enum WrongType {
    /// It holds anything.
    AsOther,
    /// It refuses it: there is no value.
    AsNull,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Set(Vec<String>),
    /// Of no type that a property has.
    Other,
    /// A set as it is written in the table, or what looks like one.
    Written(String),
}

/// Of what type a column is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Boolean,
    Set,
}

/// A table of records of one type.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<(String, Kind)>,
    pub rows: Vec<Vec<Cell>>,
    /// The same rows, as records.
    pub records: Vec<Resource>,
    pub named: Columns,
}

/// Names that are nobody's friends.
const NAMES: &[&str] = &[
    "owner",
    "select",
    "a.b",
    "value",
    "type",
    "id",
    "?1",
    "$1",
    "{0}",
    "{1}",
    "d\"q",
    "g`a",
    "s'q",
    "x'; DROP TABLE t; --",
    "ünï",
    "[b]",
    "new\nline",
    " ",
    "--",
    "/*",
    "bailiwick_a",
    "\\",
    "key",
    "element",
    "path",
    "json",
    "rowid?",
    "?",
    "$$",
    "::text",
];

/// Rows of a table: 1,000, unless `BAILIWICK_ROWS` says otherwise.
pub(crate) fn rows() -> usize {
    number("BAILIWICK_ROWS").unwrap_or(1_000) as usize
}

/// The table of a world, and the requests that are about it; `None` where nothing is asked of records.
pub(crate) fn table(
    drawn: &mut Drawn,
    engine: &Engine,
    wrong: WrongType,
) -> Option<(Table, Vec<Case>)> {
    let catalog = engine.catalog();
    let on_record = |case: &&Case| {
        let operation = operation_of(engine, case);
        operation.is_some_and(|it| catalog.asked_on(it) == Some(AskedOn::Record))
    };
    let about: Vec<Case> = drawn.cases.iter().filter(on_record).cloned().collect();
    let r#type = about.first()?.request.resource.r#type.clone();
    let about = about
        .into_iter()
        .filter(|it| it.request.resource.r#type == r#type);
    let mut about: Vec<Case> = about.collect();
    about.truncate(8);

    let (documents, rng) = (&drawn.documents, &mut drawn.rng);
    let shape = Shape::new(documents, &r#type, rng);
    let requests = Requests::of(documents, rng);
    let asker = documents.directory.users.first().map(|it| it.id.clone());
    let (mut rows, mut records) = (Vec::new(), Vec::new());
    for _ in 0..self::rows() {
        let drawn = requests.record(rng, &r#type, asker.clone());
        let mut record = shape.record(drawn, documents, wrong, rng);
        let written = shape.written(&mut record, wrong, rng);
        rows.push(shape.row(&record, &written));
        records.push(record);
    }
    let table = Table {
        name: shape.table,
        columns: shape.columns,
        rows,
        records,
        named: shape.named,
    };
    Some((table, about))
}

pub(crate) fn operation_of(engine: &Engine, case: &Case) -> Option<OperationId> {
    let request = &case.request;
    engine
        .catalog()
        .operation(&request.resource.r#type, &request.action)
}

/// The numbers of the rows that `check` allows, counted from 1.
pub(crate) fn allowed(engine: &Engine, table: &Table, case: &Case) -> Vec<i64> {
    let (asker, context) = (
        Asker::by_name(&case.request.subject),
        context_of(&case.request),
    );
    let asked = engine.in_context(&context);
    let operation = operation_of(engine, case).expect("an operation");
    let records = table.records.iter().zip(1..);
    let allowed = records.filter(|(record, _)| {
        let resource = HostResource::by_name(record);
        asked
            .check(asker.subject(), operation, &resource)
            .is_allow()
    });
    allowed.map(|(_, row)| row).collect()
}

struct Shape {
    table: String,
    columns: Vec<(String, Kind)>,
    properties: Vec<(String, PropertyType)>,
    positions: Positions,
    labels: BTreeMap<String, i64>,
    has_account: bool,
    named: Columns,
}

impl Shape {
    fn new(documents: &Documents, r#type: &str, rng: &mut Rng) -> Shape {
        let mut names: Vec<String> = NAMES.iter().map(|it| (*it).to_owned()).collect();
        rng.shuffle(&mut names);
        let table = names.pop().expect("a name");
        let mut next = || names.pop().expect("a name");
        let many = documents.catalog.accounts == bailiwick::document::AccountsServed::Many;
        let has_account = many || rng.chance(50);
        let positions = *rng.pick(&[Positions::Directory, Positions::Ids, Positions::Labels]);
        let every = &documents.policy.positions;
        let labels: BTreeMap<String, i64> = every
            .iter()
            .zip(0_i64..)
            .map(|(position, i)| (position.id.clone(), i + 5 * (i / 2) - 3))
            .collect();
        let mut columns = Vec::new();
        let mut named = Columns::new();
        let table_name = table.clone();
        let mut column = |kind: Kind, rng: &mut Rng| {
            let name = next();
            columns.push((name.clone(), kind));
            match kind == Kind::Set || rng.chance(50) {
                true => Column::from([table_name.as_str(), name.as_str()]),
                false => Column::from(name.as_str()),
            }
        };
        named = named.owner(column(Kind::Text, rng));
        if has_account {
            named = named.account(column(Kind::Text, rng));
        }
        named = match positions {
            Positions::Directory => named,
            Positions::Ids => named.owner_position(column(Kind::Text, rng)),
            Positions::Labels => {
                named.owner_position_label(column(Kind::Integer, rng), labels.clone())
            }
        };
        named = named.id(column(Kind::Text, rng));
        let declared = documents.catalog.types.iter().find(|it| it.id == r#type);
        let declared = declared.map(|it| it.properties.clone()).unwrap_or_default();
        for (property, kind) in &declared {
            let kind = match kind {
                PropertyType::Text => Kind::Text,
                PropertyType::Integer => Kind::Integer,
                PropertyType::Boolean => Kind::Boolean,
                PropertyType::Set => Kind::Set,
            };
            named = named.property(property, column(kind, rng));
        }
        Shape {
            table,
            columns,
            properties: declared.into_iter().collect(),
            positions,
            labels,
            has_account,
            named,
        }
    }

    /// A drawn record as the table can hold it.
    fn record(
        &self,
        drawn: Resource,
        documents: &Documents,
        wrong: WrongType,
        rng: &mut Rng,
    ) -> Resource {
        let valid =
            |id: &String| !id.is_empty() && id.len() <= 256 && !id.chars().any(char::is_control);
        let mut record = Resource {
            on_type: false,
            ..drawn
        };
        record.account = record.account.filter(|it| valid(it) && self.has_account);
        record.id = record.id.map(|it| blurred(it, rng)).filter(valid);
        record.owner = record.owner.map(|it| blurred(it, rng)).filter(valid);
        record.owner_position = match (self.positions, record.owner_position) {
            (Positions::Directory, _) => OwnerPosition::Directory,
            (_, OwnerPosition::Nowhere) => OwnerPosition::Nowhere,
            (_, OwnerPosition::Directory) => {
                let users = &documents.directory.users;
                let owner = users
                    .iter()
                    .find(|it| Some(&it.id) == record.owner.as_ref());
                let position = owner.and_then(|it| it.position.clone());
                position.map_or(OwnerPosition::Nowhere, OwnerPosition::At)
            }
            (Positions::Ids, OwnerPosition::At(position)) => {
                let position = Some(blurred(position, rng)).filter(valid);
                position.map_or(OwnerPosition::Nowhere, OwnerPosition::At)
            }
            (Positions::Labels, OwnerPosition::At(position))
                if self.labels.contains_key(&position) =>
            {
                OwnerPosition::At(position)
            }
            (_, OwnerPosition::At(_)) => OwnerPosition::Nowhere,
        };
        let mut properties = BTreeMap::new();
        for (name, kind) in &self.properties {
            let value = record.properties.remove(name);
            let value = value.filter(|it| wrong == WrongType::AsOther || is_of(it, *kind));
            if let Some(value) = value {
                let value = match value {
                    Value::Text(text) => Value::Text(blurred(text, rng)),
                    Value::Set(texts) => {
                        Value::Set(texts.into_iter().map(|it| blurred(it, rng)).collect())
                    }
                    other => other,
                };
                properties.insert(name.clone(), value);
            }
        }
        record.properties = properties;
        record
    }

    /// Some of the sets as nobody would write them; where that is no set, the record has none.
    fn written(
        &self,
        record: &mut Resource,
        wrong: WrongType,
        rng: &mut Rng,
    ) -> BTreeMap<String, Cell> {
        let mut written = BTreeMap::new();
        let sets = self.properties.iter();
        for (name, _) in sets.filter(|(_, kind)| *kind == PropertyType::Set) {
            if !rng.chance(25) {
                continue;
            }
            let set = match record.properties.get(name) {
                Some(Value::Set(texts)) => Some(texts.clone()),
                _ => None,
            };
            let cell = match (set, wrong) {
                (Some(texts), WrongType::AsOther) if rng.chance(50) => cells::spelled(&texts, rng),
                (Some(texts), WrongType::AsNull) if rng.chance(50) => cells::array(&texts, rng),
                (set, wrong) => {
                    record.properties.remove(name);
                    let texts = set.filter(|it| !it.is_empty());
                    let texts = texts.unwrap_or_else(|| vec!["x".to_owned()]);
                    match wrong {
                        WrongType::AsOther => cells::no_set(&texts, rng),
                        WrongType::AsNull => cells::no_array(&texts, rng),
                    }
                }
            };
            written.insert(name.clone(), Cell::Written(cell));
        }
        written
    }

    fn row(&self, record: &Resource, written: &BTreeMap<String, Cell>) -> Vec<Cell> {
        let text = |text: &Option<String>| text.clone().map_or(Cell::Null, Cell::Text);
        let mut row = vec![text(&record.owner)];
        if self.has_account {
            row.push(text(&record.account));
        }
        let position = match &record.owner_position {
            OwnerPosition::At(position) => Some(position.clone()),
            _ => None,
        };
        match self.positions {
            Positions::Directory => {}
            Positions::Ids => row.push(text(&position)),
            Positions::Labels => {
                let label = position.and_then(|it| self.labels.get(&it).copied());
                row.push(label.map_or(Cell::Null, Cell::Integer));
            }
        }
        row.push(text(&record.id));
        for (name, kind) in &self.properties {
            if let Some(cell) = written.get(name) {
                row.push(cell.clone());
                continue;
            }
            row.push(match record.properties.get(name) {
                None => Cell::Null,
                Some(value) if !is_of(value, *kind) => Cell::Other,
                Some(Value::Text(text)) => Cell::Text(text.clone()),
                Some(Value::Integer(n)) => Cell::Integer(*n),
                Some(Value::Boolean(b)) => Cell::Boolean(*b),
                Some(Value::Set(texts)) => Cell::Set(texts.clone()),
            });
        }
        row
    }
}

fn is_of(value: &Value, kind: PropertyType) -> bool {
    matches!(
        (value, kind),
        (Value::Text(_), PropertyType::Text)
            | (Value::Integer(_), PropertyType::Integer)
            | (Value::Boolean(_), PropertyType::Boolean)
            | (Value::Set(_), PropertyType::Set)
    )
}

/// Sometimes another text, which a careless collation takes for the same.
fn blurred(text: String, rng: &mut Rng) -> String {
    match rng.below(24) {
        0 => text.to_uppercase(),
        1 => format!("{text} "),
        2 => text.replace('é', "e\u{301}"),
        3 => format!("{text}\u{ad}"),
        _ => text,
    }
}
