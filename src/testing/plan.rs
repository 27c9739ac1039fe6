//! From a document to questions: every name looked up, everything left out filled in.

use std::collections::{BTreeMap, HashSet};

use super::codes;
use super::document::{Case, Decisions, RecordDocument, Row, SubjectDocument, Table};
use super::question::{Asks, Expected, Place, Planned, Properties};
use super::resolve::{Replaced, Resolver};
use crate::document::problem::{Path, Report, quoted};
use crate::document::{AskedOn, FORMAT};

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
    r#type: &'d str,
    action: &'d str,
    pub(super) is_known: bool,
    on: AskedOn,
    record: &'d RecordDocument,
    after: &'d RecordDocument,
    context: &'d Properties,
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
        questions: Vec::new(),
    };
    if document.format != FORMAT {
        planner.report.error(
            &root.field("format"),
            format!(
                "format `{}` is not known; this is format `{FORMAT}`",
                document.format
            ),
        );
    }
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
    planner.questions
}

pub(super) struct Planner<'p, 's, 'd> {
    pub(super) resolver: &'p mut Resolver<'d>,
    pub(super) report: &'p mut Report<'s>,
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
        self.check_context(table.context.as_ref(), at);
        if !self
            .resolver
            .is_account_clear(setting.account, at, self.report)
        {
            return;
        }
        let mut misnamed = HashSet::new();
        let mut types = Vec::new();
        let rows = at.field("rows");
        for (r, row) in table.rows.iter().enumerate() {
            let here = rows.index(r);
            let Some(opened) = self.open_row(row, table, &here) else {
                continue;
            };
            if row.record.is_none() {
                types.push(opened.r#type);
            }
            self.check_known(&opened, row.answers.iter(), &here);
            let answers = here.field("answers");
            if row.answers.len() != table.subjects.len() {
                let (expected, found) = (table.subjects.len(), row.answers.len());
                let message =
                    format!("expected {expected} answers, one for each subject, found {found}");
                self.report.error(&answers, message);
            }
            for (column, (subject, answer)) in table.subjects.iter().zip(&row.answers).enumerate() {
                self.check_answer(answer, &answers.index(column));
                let place = Place::Cell {
                    table: index,
                    row: r,
                    column,
                };
                let expected = Expected::answer(answer);
                let unknown = self.ask(setting, &opened, subject, place, expected, at);
                if let Some(message) = unknown
                    && misnamed.insert(column)
                {
                    let subjects = at.field("subjects");
                    self.report.error(&subjects.index(column), message);
                }
            }
        }
        if let Some(record) = &table.record {
            self.check_record(record, &types, &at.field("record"));
        }
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
        self.check_known(&opened, std::iter::once(&case.answer), at);
        self.check_answer(&case.answer, &at.field("answer"));
        let expected = Expected {
            answer: &case.answer,
            permission: case.permission.as_deref(),
            scope: case.scope,
            fact: case.fact.as_deref(),
            filtered_by: case.filtered_by.as_deref(),
        };
        self.check_facts(&expected, at);
        let place = Place::Case(index);
        if let Some(message) = self.ask(setting, &opened, &case.subject, place, expected, at) {
            self.report.error(&at.field("subject"), message);
        }
    }

    /// Plans one question. Returns what is wrong with the subject's names, unless the answer says so.
    fn ask(
        &mut self,
        setting: Setting<'d>,
        opened: &Opened<'d>,
        subject: &SubjectDocument,
        place: Place,
        expected: Expected<'d>,
        at: &Path<'_>,
    ) -> Option<String> {
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
        let engine = self
            .resolver
            .engine(account, setting.replaced, at, self.report)?;
        let unknown = if codes::may_lack_subject(expected.answer) {
            None
        } else {
            self.resolver
                .unknown_subject(&subject, account, self.report)
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
        unknown
    }

    fn open_row(&mut self, row: &'d Row, table: &'d Table, at: &Path<'_>) -> Option<Opened<'d>> {
        self.check_context(row.context.as_ref(), at);
        let asked = [&row.ask, &row.can_any, &row.create, &row.change];
        let (asks, operation) = self.asked(asked, at)?;
        let record = row.record.as_ref();
        self.check_states(asks, operation, record, row.after.as_ref(), at);
        let context = row.context.as_ref().or(table.context.as_ref());
        let record = record.or(table.record.as_ref());
        self.open(
            asks,
            operation,
            row.on,
            record,
            row.after.as_ref(),
            context,
            at,
        )
    }

    fn open_case(&mut self, case: &'d Case, at: &Path<'_>) -> Option<Opened<'d>> {
        self.check_context(case.context.as_ref(), at);
        let asked = [&case.ask, &case.can_any, &case.create, &case.change];
        let (asks, operation) = self.asked(asked, at)?;
        let (record, after) = (case.record.as_ref(), case.after.as_ref());
        self.check_states(asks, operation, record, after, at);
        let context = case.context.as_ref();
        self.open(asks, operation, case.on, record, after, context, at)
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
                let message = "one of `ask`, `can_any`, `create` and `change` is asked";
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
