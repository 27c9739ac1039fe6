//! What came of a run.

use std::collections::BTreeSet;
use std::fmt;

use super::codes;
use super::question::Expected;
use crate::document::Problem;
use crate::{Catalog, Decision, DenyReason, Engine, Scope};

/// What came of running a [`Decisions`](super::Decisions) document.
///
/// Its `Display` is fit for a failing test: the number of questions, then every mismatch with its
/// place, one a line.
#[derive(Debug, Clone)]
#[must_use = "an outcome that nobody looks at tests nothing; `require` it"]
pub struct Outcome {
    questions: usize,
    mismatches: Vec<Mismatch>,
    /// Every operation of the catalog, in its order.
    operations: Vec<String>,
    reached: BTreeSet<String>,
    /// Every account that is tested, in their order.
    accounts: Vec<String>,
    asked: BTreeSet<String>,
}

impl Outcome {
    pub(super) fn new(catalog: &Catalog, engines: &[Engine]) -> Self {
        Outcome {
            questions: 0,
            mismatches: Vec::new(),
            operations: catalog
                .operations()
                .filter_map(|it| catalog.operation_name(it))
                .collect(),
            reached: BTreeSet::new(),
            accounts: engines
                .iter()
                .filter_map(|engine| engine.account().map(str::to_owned))
                .collect(),
            asked: BTreeSet::new(),
        }
    }

    pub(super) fn count(&mut self, engine: &Engine, operation: &str, decision: Decision) {
        self.questions += 1;
        if let Some(account) = engine.account()
            && !self.asked.contains(account)
        {
            self.asked.insert(account.to_owned());
        }
        if decision.is_allow() || codes::reached(decision.code()) {
            self.reached.insert(operation.to_owned());
        }
    }

    pub(super) fn add(&mut self, mismatches: Vec<Mismatch>) {
        self.mismatches.extend(mismatches);
    }

    /// How many questions were asked: cells of tables, and cases.
    pub const fn questions(&self) -> usize {
        self.questions
    }

    /// What was answered otherwise than expected, or otherwise by one way of asking than by another.
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// The operations of the catalog that no question reached, as `type:action`. One that was only
    /// asked by subjects who are turned away before it is looked at (unknown, suspended, of another
    /// account), or only the wrong way, was not reached.
    pub fn unreached(&self) -> Vec<&str> {
        self.operations
            .iter()
            .map(String::as_str)
            .filter(|operation| !self.reached.contains(*operation))
            .collect()
    }

    /// The tested accounts that no question was asked of.
    pub fn unasked_accounts(&self) -> Vec<&str> {
        let accounts = self.accounts.iter().map(String::as_str);
        accounts
            .filter(|account| !self.asked.contains(*account))
            .collect()
    }

    /// Both outcomes as one, of two documents over catalogs of the same operations: an operation is
    /// reached that either reached.
    pub fn and(mut self, other: Outcome) -> Outcome {
        self.questions += other.questions;
        self.mismatches.extend(other.mismatches);
        self.reached.extend(other.reached);
        self.asked.extend(other.asked);
        for operation in other.operations {
            if !self.operations.contains(&operation) {
                self.operations.push(operation);
            }
        }
        for account in other.accounts {
            if !self.accounts.contains(&account) {
                self.accounts.push(account);
            }
        }
        self
    }

    /// Checks that something was asked of every account, and that every answer is as expected.
    ///
    /// # Errors
    /// The report, if an answer is not as expected; otherwise the accounts that are tested and that no
    /// question was asked of. If two documents ask the same accounts, require both [together](Outcome::and).
    pub fn require(&self) -> Result<(), Failed> {
        if !self.mismatches.is_empty() {
            return Err(Failed(self.to_string()));
        }
        if self.questions == 0 {
            return Err(Failed("no question was asked".to_owned()));
        }
        let unasked = self.without_questions();
        if unasked.is_empty() {
            return Ok(());
        }
        Err(Failed(unasked.join("\n")))
    }

    fn without_questions(&self) -> Vec<String> {
        let unasked = self.unasked_accounts().into_iter();
        unasked
            .map(|account| format!("no question is asked of the account `{account}`"))
            .collect()
    }

    /// That every operation was reached, but for the exempt ones, and every account asked.
    ///
    /// # Errors
    /// The operations that were not reached; exemptions that are stale: of an operation that was
    /// reached after all, or that the catalog does not have; and the accounts that are tested and
    /// that no question was asked of.
    pub fn require_coverage<E: AsRef<str>>(
        &self,
        exempt: impl IntoIterator<Item = E>,
    ) -> Result<(), Failed> {
        let exempt: BTreeSet<String> = exempt
            .into_iter()
            .map(|operation| operation.as_ref().to_owned())
            .collect();
        let mut lines: Vec<String> = self
            .unreached()
            .into_iter()
            .filter(|operation| !exempt.contains(*operation))
            .map(|operation| format!("`{operation}` is reached by no question"))
            .collect();
        lines.extend(self.without_questions());
        for operation in &exempt {
            if self.reached.contains(operation) {
                lines.push(format!("stale exemption: `{operation}` is reached"));
            } else if !self.operations.contains(operation) {
                lines.push(format!(
                    "stale exemption: the catalog has no operation `{operation}`"
                ));
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        Err(Failed(lines.join("\n")))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // More than a screen or two is not read.
        const SHOWN: usize = 100;
        write!(f, "{} questions", self.questions)?;
        match self.mismatches.len() {
            0 => f.write_str(", all as expected")?,
            n => write!(f, ", {n} mismatches:")?,
        }
        for mismatch in self.mismatches.iter().take(SHOWN) {
            write!(f, "\n{mismatch}")?;
        }
        match self.mismatches.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n… and {more} more"),
        }
    }
}

/// One answer that is not as expected.
///
/// Its `Display` is one line: the place, the table or case, the question, who asks, what was
/// expected, and what was found with the engine's description of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Carries the place; its message means nothing.
    pub(super) place: Option<Problem>,
    pub(super) name: String,
    pub(super) question: String,
    pub(super) subject: String,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Mismatch {
    /// The name of the table or case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The question, as the row has it: `ask order:cancel`.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// Who asks: the column, `user:ann`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Where the answer stands in the document: `tables[0].rows[2].answers[1]`, or `cases[4].answer`.
    pub fn path(&self) -> &str {
        self.place.as_ref().map_or("", |place| place.path())
    }

    /// Line and column of it, where the format tells.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        self.place.as_ref()?.line_column()
    }

    /// What was expected.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What was found, and the engine's description of it.
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.place.as_ref().and_then(Problem::file);
        if let (Some(file), Some((line, column))) = (file, self.line_column()) {
            write!(f, "{file}:{line}:{column}: ")?;
        } else {
            write!(f, "{}: ", self.path())?;
        }
        write!(
            f,
            "`{}`: `{}` by `{}`: expected {}, found {}",
            self.name, self.question, self.subject, self.expected, self.found
        )
    }
}

/// A test that failed; its `Debug` and `Display` are the report, so that returning it from a test
/// shows it whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// A decision in the words of a document.
pub(super) struct Found {
    answer: &'static str,
    permission: Option<String>,
    scope: Option<Scope>,
    fact: Option<String>,
    filtered_by: Option<String>,
}

impl Found {
    pub(super) fn of(catalog: &Catalog, decision: Decision) -> Found {
        let path = |permission| catalog.permission_path(permission).map(str::to_owned);
        Found {
            answer: match decision.is_allow() {
                true => codes::ALLOW,
                false => decision.code(),
            },
            permission: decision.permission().and_then(path),
            scope: decision.scope(),
            fact: match decision.reason() {
                Some(DenyReason::FeatureDisabled { feature, .. }) => {
                    catalog.feature_name(feature).map(str::to_owned)
                }
                Some(DenyReason::PrerequisiteMissing { permission, .. }) => path(permission),
                Some(
                    DenyReason::ConditionNotMet { property, .. }
                    | DenyReason::PropertyMissing { property, .. }
                    | DenyReason::PropertyWrongType { property, .. },
                ) => catalog.property_name(property),
                _ => None,
            },
            filtered_by: decision
                .filtered_by()
                .and_then(|it| catalog.operation_name(it)),
        }
    }

    /// Whether it is what was expected, in all that was.
    pub(super) fn is(&self, expected: &Expected<'_>) -> bool {
        let stated = |stated: Option<&str>, found: &Option<String>| {
            stated.is_none_or(|stated| stated == found.as_deref().unwrap_or_default())
        };
        self.answer == expected.answer
            && stated(expected.permission, &self.permission)
            && expected.scope.is_none_or(|scope| self.scope == Some(scope))
            && stated(expected.fact, &self.fact)
            && stated(expected.filtered_by, &self.filtered_by)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found {
            answer,
            permission,
            scope,
            fact,
            filtered_by,
        } = self;
        write_decision(
            f,
            answer,
            permission.as_deref(),
            *scope,
            fact.as_deref(),
            filtered_by.as_deref(),
        )
    }
}

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_decision(
            f,
            self.answer,
            self.permission,
            self.scope,
            self.fact,
            self.filtered_by,
        )
    }
}

fn write_decision(
    f: &mut fmt::Formatter<'_>,
    answer: &str,
    permission: Option<&str>,
    scope: Option<Scope>,
    fact: Option<&str>,
    filtered_by: Option<&str>,
) -> fmt::Result {
    write!(f, "`{answer}`")?;
    for (word, said) in [
        ("of", permission),
        ("at", scope.map(Scope::as_str)),
        ("for", fact),
        ("filtered by", filtered_by),
    ] {
        if let Some(said) = said {
            write!(f, " {word} `{said}`")?;
        }
    }
    Ok(())
}
