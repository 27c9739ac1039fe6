//! From a document to questions: every name looked up, everything left out filled in.

use std::collections::{BTreeMap, BTreeSet};

use super::check::WRONG_TYPE;
use super::document::{Case, Decisions, RecordDocument, Row, SubjectDocument, Table};
use super::names::Listed;
use super::question::{Asks, Expected, Place, Planned, Properties};
use super::resolve::{Replaced, Resolver};
use super::values::{Ids, Key};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AskedOn, judge_by_format};

static NO_PROPERTIES: Properties = BTreeMap::new();
static NOTHING_STATED: RecordDocument = RecordDocument::new();

/// What a table or a case says of all its questions.
#[derive(Clone, Copy)]
struct Setting<'d> {
    account: Option<&'d str>,
    replaced: Replaced<'d>,
}

/// What a row or a case asks.
pub(super) struct Opened<'d> {
    pub(super) asks: Asks,
    pub(super) operation: &'d str,
    pub(super) r#type: &'d str,
    pub(super) action: &'d str,
    pub(super) is_known: bool,
    pub(super) on: AskedOn,
    pub(super) record: &'d RecordDocument,
    pub(super) after: &'d RecordDocument,
    pub(super) context: &'d Properties,
}

/// What a part of the document is stated for.
#[derive(Debug, Clone, Default)]
pub(super) struct Stated<'d> {
    /// The types of the records it is stated with.
    pub(super) types: BTreeSet<&'d str>,
    /// The accounts, by index, in which its names are looked up.
    pub(super) accounts: BTreeSet<usize>,
    /// The properties that may be of another type than declared: those that decide a question which is to be
    /// answered so.
    pub(super) wrong: BTreeSet<Key>,
}

impl<'d> Stated<'d> {
    fn of(opened: &Opened<'d>) -> Self {
        Stated {
            types: BTreeSet::from([opened.r#type]),
            ..Stated::default()
        }
    }

    fn add(&mut self, other: &Stated<'d>) {
        self.types.extend(&other.types);
        self.accounts.extend(&other.accounts);
        self.wrong.extend(other.wrong.iter().cloned());
    }

    fn is_nothing(&self) -> bool {
        self.types.is_empty()
    }
}

/// The ids of a table's records, by the types of the operations asked of them.
fn ids_of_table(table: &Table) -> Ids {
    let mut ids = Ids::new();
    for row in &table.rows {
        let asked = [&row.ask, &row.can_any, &row.create, &row.change];
        let of = asked
            .into_iter()
            .flatten()
            .filter_map(|it| it.split_once(':'));
        for (of, _) in of {
            let record = row.record.as_ref().or(table.record.as_ref());
            for record in record.into_iter().chain(&row.after) {
                add_id(&mut ids, of, record);
            }
        }
    }
    ids
}

fn add_id(ids: &mut Ids, of: &str, record: &RecordDocument) {
    if let Some(id) = &record.id {
        ids.entry(of.to_owned()).or_default().insert(id.clone());
    }
}

/// The accounts in which the names of a question are looked up, by index.
#[derive(Debug, Clone, Copy)]
struct LookedUpIn {
    subject: usize,
    record: usize,
    after: usize,
}

/// The questions of a document, in its order; what is wrong with it is reported.
pub(super) fn plan<'d>(
    document: &'d Decisions,
    root: &Path<'_>,
    resolver: &mut Resolver<'d>,
    report: &mut Report<'_>,
) -> Vec<Planned<'d>> {
    let mut planner = Planner {
        resolver,
        report,
        listed: Listed::new(document),
        ids: Ids::new(),
        questions: Vec::new(),
    };
    judge_by_format(document.format, root, planner.report);
    let tables = root.field("tables");
    let names = document.tables.iter().map(|table| table.name.as_str());
    planner.check_names(names, &tables);
    for (i, table) in document.tables.iter().enumerate() {
        planner.table(i, table, &tables.index(i));
    }
    let cases = root.field("cases");
    let names = document.cases.iter().map(|case| case.name.as_str());
    planner.check_names(names, &cases);
    for (i, case) in document.cases.iter().enumerate() {
        planner.case(i, case, &cases.index(i));
    }
    // A misspelt name leaves the right one without use: one mistake is told once.
    if !planner.report.has_errors() {
        planner
            .listed
            .check_needed(&root.field("unknown"), planner.report);
    }
    planner.questions
}

pub(super) struct Planner<'p, 's, 'd> {
    pub(super) resolver: &'p mut Resolver<'d>,
    pub(super) report: &'p mut Report<'s>,
    pub(super) listed: Listed<'d>,
    /// The ids of the records of the table or the case.
    pub(super) ids: Ids,
    questions: Vec<Planned<'d>>,
}

impl<'d> Planner<'_, '_, 'd> {
    fn table(&mut self, index: usize, table: &'d Table, at: &Path<'_>) {
        let setting = Setting {
            account: table.account.as_deref(),
            replaced: Replaced {
                features: table.features.as_deref(),
                settings: table.settings.as_ref(),
            },
        };
        for (field, is_empty) in [
            ("subjects", table.subjects.is_empty()),
            ("rows", table.rows.is_empty()),
        ] {
            if is_empty {
                let message = format!("a table without {field} tests nothing");
                self.report.error(&at.field(field), message);
            }
        }
        if !self
            .resolver
            .is_account_clear(setting.account, at, self.report)
        {
            return;
        }
        // What a part of the table is stated for: the accounts in which its names are looked up,
        // and the answers that it may have led to.
        let mut subjects: Vec<Stated<'d>> = vec![Stated::default(); table.subjects.len()];
        let (mut record, mut context) = (Stated::default(), Stated::default());
        let rows = at.field("rows");
        self.ids = ids_of_table(table);
        for (r, row) in table.rows.iter().enumerate() {
            let here = rows.index(r);
            let Some(opened) = self.open_row(row, table, &here) else {
                continue;
            };
            self.check_known(&opened, &here);
            let answers = here.field("answers");
            if row.answers.len() != table.subjects.len() {
                let (expected, found) = (table.subjects.len(), row.answers.len());
                let message =
                    format!("expected {expected} answers, one for each subject, found {found}");
                self.report.error(&answers, message);
            }
            let (mut own, mut after) = (Stated::of(&opened), Stated::of(&opened));
            if row.answers.iter().any(|it| it == WRONG_TYPE) {
                own.wrong = self.decided_by(&opened);
                after.wrong.clone_from(&own.wrong);
            }
            for (column, (subject, answer)) in table.subjects.iter().zip(&row.answers).enumerate() {
                self.check_answer(answer, &answers.index(column));
                self.check_one_wrong(&opened, subject, answer, &answers.index(column));
                let place = Place::Cell {
                    table: index,
                    row: r,
                    column,
                };
                let expected = Expected::answer(answer);
                let looked_up = self.ask(setting, &opened, subject, place, expected, at);
                if let Some(of_subject) = subjects.get_mut(column) {
                    of_subject.accounts.insert(looked_up.subject);
                    if answer == WRONG_TYPE {
                        of_subject.wrong.extend(own.wrong.iter().cloned());
                    }
                }
                own.accounts.insert(looked_up.record);
                after.accounts.insert(looked_up.after);
            }
            if row.context.is_none() {
                context.add(&own);
            }
            self.check_context(row.context.as_ref(), &own, &here);
            match &row.record {
                Some(stated) => self.check_record(stated, &own, &here.field("record")),
                None if self.is_any_counted(&opened, table.record.as_ref()) => record.add(&own),
                None => {}
            }
            if let Some(stated) = &row.after {
                self.check_record(stated, &after, &here.field("after"));
            }
        }
        for (column, (subject, stated)) in table.subjects.iter().zip(&subjects).enumerate() {
            self.check_subject(subject, stated, &at.field("subjects").index(column));
        }
        if let Some(stated) = &table.record {
            let here = at.field("record");
            self.check_record(stated, &record, &here);
            if record.is_nothing() && !table.rows.is_empty() {
                self.report
                    .error(&here, "no row asks of this record: it tests nothing");
            }
        }
        if table.context.is_some() && context.is_nothing() && !table.rows.is_empty() {
            let message = "every row has a context of its own: this one tests nothing";
            self.report.error(&at.field("context"), message);
        }
        self.check_context(table.context.as_ref(), &context, at);
    }

    fn case(&mut self, index: usize, case: &'d Case, at: &Path<'_>) {
        let setting = Setting {
            account: case.account.as_deref(),
            replaced: Replaced {
                features: case.features.as_deref(),
                settings: case.settings.as_ref(),
            },
        };
        if !self
            .resolver
            .is_account_clear(setting.account, at, self.report)
        {
            return;
        }
        let Some(opened) = self.open_case(case, at) else {
            return;
        };
        self.ids = Ids::new();
        for record in [&case.record, &case.after].into_iter().flatten() {
            add_id(&mut self.ids, opened.r#type, record);
        }
        self.check_known(&opened, at);
        self.check_answer(&case.answer, &at.field("answer"));
        // With the property that it is about, the answer hides no other one.
        if case.fact.is_none() {
            let at = at.field("answer");
            self.check_one_wrong(&opened, &case.subject, &case.answer, &at);
        }
        let expected = Expected {
            answer: &case.answer,
            permission: case.permission.as_deref(),
            scope: case.scope,
            fact: case.fact.as_deref(),
            filtered_by: case.filtered_by.as_deref(),
        };
        self.check_facts(&expected, at);
        let place = Place::Case(index);
        let looked_up = self.ask(setting, &opened, &case.subject, place, expected, at);
        let wrong = if case.answer == WRONG_TYPE {
            self.decided_by(&opened)
        } else {
            BTreeSet::new()
        };
        let stated = |account| {
            let mut stated = Stated::of(&opened);
            stated.wrong.clone_from(&wrong);
            stated.accounts.insert(account);
            stated
        };
        let subject = stated(looked_up.subject);
        self.check_subject(&case.subject, &subject, &at.field("subject"));
        self.check_context(case.context.as_ref(), &subject, at);
        if let Some(record) = &case.record {
            let stated = stated(looked_up.record);
            self.check_record(record, &stated, &at.field("record"));
        }
        if let Some(after) = &case.after {
            let stated = stated(looked_up.after);
            self.check_record(after, &stated, &at.field("after"));
        }
    }

    /// Plans one question, and says where its names are looked up.
    fn ask(
        &mut self,
        setting: Setting<'d>,
        opened: &Opened<'d>,
        subject: &SubjectDocument,
        place: Place,
        expected: Expected<'d>,
        at: &Path<'_>,
    ) -> LookedUpIn {
        let (mut subject, mut record) = (subject.clone(), opened.record.clone());
        let mut after = opened.after.clone();
        let stated = [record.account.clone(), subject.account().map(str::to_owned)];
        let asked = setting.account.map(str::to_owned).or_else(|| {
            let mut stated = stated.into_iter().flatten();
            stated.find(|account| !account.is_empty())
        });
        let many = self.resolver.serves_many();
        for account in [
            subject.account_mut(),
            &mut record.account,
            &mut after.account,
        ] {
            match account.as_deref() {
                Some("") => *account = None,
                None if many => account.clone_from(&asked),
                _ => {}
            }
        }
        let account = self.resolver.account(asked.as_deref());
        // What states another account is of that one; what states one that is not tested has its
        // names where it is asked.
        let of = |stated: Option<&str>| {
            let stated = stated.and_then(|name| self.resolver.find(name));
            stated.unwrap_or(account)
        };
        let looked_up = LookedUpIn {
            subject: of(subject.account()),
            record: of(record.account.as_deref()),
            after: of(after.account.as_deref()),
        };
        let replaced = setting.replaced;
        let engine = self.resolver.engine(account, replaced, at, self.report);
        let Some(engine) = engine else {
            return looked_up;
        };
        self.questions.push(Planned {
            place,
            engine,
            asks: opened.asks,
            operation: opened.operation,
            r#type: opened.r#type,
            action: opened.action,
            on: opened.on,
            subject,
            record,
            after,
            context: opened.context,
            expected,
        });
        looked_up
    }

    fn open_row(&mut self, row: &'d Row, table: &'d Table, at: &Path<'_>) -> Option<Opened<'d>> {
        let asked = [&row.ask, &row.can_any, &row.create, &row.change];
        let (asks, operation) = self.asked(asked, at)?;
        let (record, after) = (row.record.as_ref(), row.after.as_ref());
        let context = row.context.as_ref().or(table.context.as_ref());
        let by_default = record.or(table.record.as_ref());
        let opened = self.open(asks, operation, row.on, by_default, after, context, at)?;
        self.check_counted(&opened, row.on, record, after, at);
        Some(opened)
    }

    fn open_case(&mut self, case: &'d Case, at: &Path<'_>) -> Option<Opened<'d>> {
        let asked = [&case.ask, &case.can_any, &case.create, &case.change];
        let (asks, operation) = self.asked(asked, at)?;
        let (record, after) = (case.record.as_ref(), case.after.as_ref());
        let context = case.context.as_ref();
        let opened = self.open(asks, operation, case.on, record, after, context, at)?;
        self.check_counted(&opened, case.on, record, after, at);
        Some(opened)
    }

    /// The one question that is asked.
    fn asked(&mut self, asked: [&'d Option<String>; 4], at: &Path<'_>) -> Option<(Asks, &'d str)> {
        let kinds = [Asks::Check, Asks::CanAny, Asks::Create, Asks::Change];
        let mut given = kinds
            .into_iter()
            .zip(asked)
            .filter_map(|(asks, operation)| Some((asks, operation.as_deref()?)));
        match (given.next(), given.next()) {
            (Some(one), None) => Some(one),
            _ => {
                let message = "write exactly one of `ask`, `can_any`, `create` and `change`";
                self.report.error(at, message);
                None
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of a row, told apart by type"
    )]
    fn open(
        &mut self,
        asks: Asks,
        operation: &'d str,
        on: Option<AskedOn>,
        record: Option<&'d RecordDocument>,
        after: Option<&'d RecordDocument>,
        context: Option<&'d Properties>,
        at: &Path<'_>,
    ) -> Option<Opened<'d>> {
        let Some((r#type, action)) = operation.split_once(':') else {
            let message = format!("expected `type:action`, found {}", quoted(operation));
            self.report.error(&at.field(asks.as_str()), message);
            return None;
        };
        let catalog = self.resolver.catalog();
        let known = catalog.operation(r#type, action);
        let declared = known.and_then(|it| catalog.asked_on(it));
        let by_default = match asks {
            Asks::Check => declared.unwrap_or(match record {
                Some(_) => AskedOn::Record,
                None => AskedOn::Type,
            }),
            Asks::CanAny => AskedOn::Type,
            Asks::Create | Asks::Change => AskedOn::Record,
        };
        Some(Opened {
            asks,
            operation,
            r#type,
            action,
            is_known: known.is_some(),
            on: on.filter(|_| asks != Asks::CanAny).unwrap_or(by_default),
            record: record.unwrap_or(&NOTHING_STATED),
            after: after.unwrap_or(&NOTHING_STATED),
            context: context.unwrap_or(&NO_PROPERTIES),
        })
    }
}
