//! Running a document.

use super::ask::{Answered, ask};
use super::document::Decisions;
use super::outcome::{Found, Mismatch, Outcome};
use super::plan::plan;
use super::question::{Place, Planned, Question};
use super::resolve::Resolver;
use crate::document::problem::Report;
use crate::document::{DirectoryDocument, Parsed, PolicyDocument, Problem, Problems};
use crate::{Catalog, Decision, Engine, Timestamp};

/// Runs [`Decisions`] against a catalog and the accounts over it.
///
/// ```no_run
/// # use bailiwick::{Catalog, Warnings, document::*, testing::{DecisionTests, Decisions}};
/// # fn read(file: &str) -> String { String::new() }
/// // with #[test]
/// fn decisions() -> Result<(), Box<dyn std::error::Error>> {
///     let catalog = Catalog::new(CatalogDocument::from_toml("catalog.toml", &read("catalog.toml")), Warnings::Refuse)?;
///     let outcome = DecisionTests::new(&catalog)
///         .account(
///             PolicyDocument::from_toml("policy.toml", &read("policy.toml")),
///             DirectoryDocument::from_toml("directory.toml", &read("directory.toml")),
///         )
///         .run(Decisions::from_toml("decisions.toml", &read("decisions.toml")))?;
///     outcome.require()?;
///     outcome.require_coverage(["report:print"])?; // reached by no table, and that is known
///     Ok(())
/// }
/// ```
pub struct DecisionTests<'t> {
    catalog: Catalog,
    accounts: Vec<(Parsed<PolicyDocument>, Parsed<DirectoryDocument>)>,
    at: Timestamp,
    others: Vec<Other<'t>>,
}

/// Somebody else who answers.
struct Other<'t> {
    name: String,
    answer: Box<dyn Fn(&Question<'_>) -> String + 't>,
}

impl<'t> DecisionTests<'t> {
    /// Tests over that catalog, of no account yet.
    pub fn new(catalog: &Catalog) -> Self {
        DecisionTests {
            catalog: catalog.clone(),
            accounts: Vec::new(),
            at: Timestamp(0),
            others: Vec::new(),
        }
    }

    /// An account to be asked about. Documents, not an engine: tables may replace features and
    /// settings, and are then asked of an engine compiled for them.
    #[must_use]
    pub fn account(
        mut self,
        policy: impl Into<Parsed<PolicyDocument>>,
        directory: impl Into<Parsed<DirectoryDocument>>,
    ) -> Self {
        self.accounts.push((policy.into(), directory.into()));
        self
    }

    /// The moment at which accounts are loaded (D2); 0 unless told, when no assignment has ended.
    #[must_use]
    pub const fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    /// Somebody else who is to give the same answers: the system that this one replaces, an
    /// endpoint that stands before the engine. Asked every question, it returns `allow` or the
    /// code of the denial; where that is not what the document expects, it is a mismatch that names
    /// it.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*, testing::{DecisionTests, Decisions}};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// #     types = [{ id = "order" }]
    /// #     operations = [{ type = "order", action = "list", on = "type", allowed_by = ["orders"] }]
    /// # "#), Warnings::Refuse)?;
    /// # let policy = PolicyDocument::new(1);
    /// # let directory = DirectoryDocument::new([UserDocument::new("ann")]);
    /// # let decisions = Decisions::from_toml("d.toml", r#"
    /// #     format = 2
    /// #     cases = [{ name = "nobody lists", subject = "user:ann", ask = "order:list", answer = "not_granted" }]
    /// # "#);
    /// let outcome = DecisionTests::new(&catalog)
    ///     .account(policy, directory)
    ///     .also("the old system", |question| match question.action() {
    ///         "list" => "allow".to_owned(),
    ///         _ => "not_granted".to_owned(),
    ///     })
    ///     .run(decisions)?;
    /// let mismatch = &outcome.mismatches()[0];
    /// assert_eq!(mismatch.question(), "ask order:list");
    /// assert_eq!(mismatch.expected(), "`not_granted`");
    /// assert_eq!(mismatch.found(), "`allow`, by the old system");
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    #[must_use]
    pub fn also(
        mut self,
        name: impl Into<String>,
        answer: impl Fn(&Question<'_>) -> String + 't,
    ) -> Self {
        self.others.push(Other {
            name: name.into(),
            answer: Box::new(answer),
        });
        self
    }

    /// Asks every question of the document.
    ///
    /// # Errors
    /// Every problem of the accounts' documents and of this one, each with its place: unknown
    /// operations, users, roles, positions, permissions, properties and their texts, answers that are none, rows with too
    /// few answers or too many, and what cannot count for an answer. What is answered otherwise than expected is no problem but part of
    /// the [`Outcome`].
    pub fn run(&self, decisions: impl Into<Parsed<Decisions>>) -> Result<Outcome, Problems> {
        let decisions = decisions.into();
        let (mut resolver, mut problems) = (None, Vec::new());
        match self.resolver() {
            Ok(accounts) => resolver = Some(accounts),
            Err(found) => problems.extend(found.iter().cloned()),
        }
        let root = decisions.root();
        let mut report = decisions.report();
        let mut questions = Vec::new();
        // Where something did not decode, what follows it in its list no longer stands in its place.
        if let (Some(resolver), Some(document), false) =
            (&mut resolver, decisions.document(), report.has_errors())
        {
            questions = plan(document, &root, resolver, &mut report);
        }
        problems.extend(report.finish().0);
        Problems::unless_none(problems)?;
        let (Some(resolver), Some(document)) = (resolver, decisions.document()) else {
            return Err(Problems::nothing_read());
        };

        let mut outcome = Outcome::new(&self.catalog, resolver.tested());
        let mut places = decisions.report();
        let mut found = Vec::new();
        for same_engine in questions.chunk_by(|a, b| a.engine == b.engine) {
            let Some(engine) = same_engine
                .first()
                .and_then(|question| resolver.engines.get(question.engine))
            else {
                continue;
            };
            for (question, answered) in same_engine.iter().zip(ask(engine, same_engine)) {
                outcome.count(engine, question.operation, answered.by_names);
                for mismatch in self.compare(document, engine, question, &answered) {
                    let number = found.len().to_string();
                    question
                        .place
                        .with_path(&root, |path| places.error(path, number.clone()));
                    found.push(mismatch);
                }
            }
        }
        outcome.add(placed(found, places));
        Ok(outcome)
    }

    pub(super) fn resolver<'d>(&self) -> Result<Resolver<'d>, Problems> {
        Resolver::new(&self.catalog, &self.accounts, self.at)
    }

    /// What is otherwise than expected, or than by another way.
    pub(super) fn compare(
        &self,
        document: &Decisions,
        engine: &Engine,
        question: &Planned<'_>,
        answered: &Answered,
    ) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        let mut add = |expected: String, found: String| {
            mismatches.push(mismatch(document, question, expected, found));
        };
        let described = |decision: Decision| {
            let found = Found::of(engine.catalog(), decision);
            format!("{found} ({})", engine.describe(decision))
        };
        let by_names = Found::of(engine.catalog(), answered.by_names);
        if !by_names.is(&question.expected) {
            add(question.expected.to_string(), described(answered.by_names));
        }
        // Against each other, so that one wrong expectation is reported once.
        for (way, decision) in [
            ("by handles", Some(answered.by_handles)),
            ("through `check_many`", answered.of_many),
        ] {
            if let Some(decision) = decision.filter(|it| *it != answered.by_names) {
                let expected = format!("{by_names} as by names");
                add(expected, format!("{}, {way}", described(decision)));
            }
        }
        for other in &self.others {
            let answer = (other.answer)(&Question {
                planned: question,
                engine,
                decision: answered.by_names,
            });
            if answer != question.expected.answer {
                let expected = format!("`{}`", question.expected.answer);
                add(expected, format!("`{answer}`, by {}", other.name));
            }
        }
        mismatches
    }
}

impl std::fmt::Debug for DecisionTests<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecisionTests")
            .field("catalog", &self.catalog)
            .field("accounts", &self.accounts.len())
            .finish_non_exhaustive()
    }
}

fn mismatch(
    document: &Decisions,
    question: &Planned<'_>,
    expected: String,
    found: String,
) -> Mismatch {
    let name = match question.place {
        Place::Cell { table, .. } => document.tables.get(table).map(|it| &it.name),
        Place::Case(case) => document.cases.get(case).map(|it| &it.name),
    };
    Mismatch {
        place: None,
        name: name.cloned().unwrap_or_default(),
        question: format!("{} {}", question.asks.as_str(), question.operation),
        subject: question.subject.to_string(),
        expected,
        found,
    }
}

/// Gives each mismatch its place. A report orders what it is given and works out lines in one pass;
/// the message, each mismatch's number, tells whose place it is.
fn placed(mut mismatches: Vec<Mismatch>, places: Report<'_>) -> Vec<Mismatch> {
    let number = |place: &Problem| place.message().parse::<usize>().ok();
    for place in places.finish().0 {
        if let Some(mismatch) = number(&place).and_then(|i| mismatches.get_mut(i)) {
            mismatch.place = Some(place);
        }
    }
    mismatches
}
