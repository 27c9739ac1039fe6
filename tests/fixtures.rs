//! The products of `fixtures/`: every decision as their documents have it, asked of the engine in
//! every way and of the reference model (law 1); every operation reached; and the matrix of roles and
//! operations as it was reviewed.
//!
//! `BAILIWICK_BLESS=1 cargo test --features testing --test fixtures` writes the matrices anew.
#![cfg(all(feature = "testing", feature = "toml"))]
#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod reference;
mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bailiwick::document::{
    AskedOn, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument, PropertyValue, Reach,
};
use bailiwick::testing::{
    Asks, DecisionTests, Decisions, Mismatch, Outcome, Question, RecordDocument, SubjectDocument,
    difference, matrix,
};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

use reference::{Model, OwnerPosition, Request, Resource, Subject, Value};
use support::ask::outcome;

#[test]
fn outreach_cx() {
    Fixture::named("outreach_cx").test();
}

#[test]
fn package_roles() {
    Fixture::named("package_roles").test();
}

#[test]
fn canvassing() {
    Fixture::named("canvassing").test();
}

#[test]
fn sales_governance() {
    Fixture::named("sales_governance").test();
}

/// S6 has two readings: the same product under the other one.
#[test]
fn sales_governance_where_reach_is_what_is_owned() {
    let mut fixture = Fixture::named("sales_governance");
    assert_eq!(fixture.catalog.reach, Reach::Accessible);
    fixture.catalog.reach = Reach::Owned;
    fixture.run("decisions-owned.toml").require().unwrap();
    // All other answers hold under both readings: only these are about what comes up from below.
    let under_both = fixture.run("decisions.toml");
    let differing: BTreeSet<&str> = under_both.mismatches().iter().map(Mismatch::name).collect();
    let from_below = [
        "a token is lent to",
        "also where her own reach would have done",
        "reach comes up from below",
        "what comes up from below is All",
    ];
    assert_eq!(differing, BTreeSet::from(from_below));
}

#[test]
fn account_admin() {
    Fixture::named("account_admin").test();
}

/// A folder of `fixtures/` that no test above names would be tested by nobody.
#[test]
fn every_fixture_is_tested() {
    let mut found: Vec<String> = fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("decisions.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    let tested = [
        "account_admin",
        "canvassing",
        "outreach_cx",
        "package_roles",
        "sales_governance",
    ];
    assert_eq!(found, tested);
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A product: its catalog, and the accounts over it.
struct Fixture {
    folder: PathBuf,
    catalog: CatalogDocument,
    accounts: Vec<(Parsed<PolicyDocument>, Parsed<DirectoryDocument>)>,
}

impl Fixture {
    fn named(name: &str) -> Fixture {
        let folder = fixtures().join(name);
        let mut fixture = Fixture {
            catalog: valid(CatalogDocument::from_toml(
                "catalog.toml",
                &read(&folder, "catalog.toml"),
            )),
            accounts: Vec::new(),
            folder,
        };
        for account in ["", "-second"] {
            let (policy, directory) = (
                format!("policy{account}.toml"),
                format!("directory{account}.toml"),
            );
            if !fixture.folder.join(&policy).is_file() {
                continue;
            }
            fixture.accounts.push((
                PolicyDocument::from_toml(&policy, &read(&fixture.folder, &policy)),
                DirectoryDocument::from_toml(&directory, &read(&fixture.folder, &directory)),
            ));
        }
        fixture
    }

    fn test(&self) {
        let outcome = self.run("decisions.toml");
        outcome.require().unwrap();
        outcome.require_coverage::<&str>([]).unwrap();
        self.compare_matrix();
    }

    fn catalog(&self) -> Catalog {
        Catalog::new(self.catalog.clone(), Warnings::Into(&mut Vec::new()))
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn run(&self, decisions: &str) -> Outcome {
        let models = Models {
            fixture: self,
            last: RefCell::new(None),
        };
        let catalog = self.catalog();
        let mut tests = DecisionTests::new(&catalog)
            .also("the reference model", |question| models.answer(question));
        for (policy, directory) in &self.accounts {
            tests = tests.account(policy.clone(), directory.clone());
        }
        let decisions = Decisions::from_toml(decisions, &read(&self.folder, decisions));
        tests
            .run(decisions)
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// The golden file: a matrix for each account, of the system's roles and its own.
    fn compare_matrix(&self) {
        let catalog = self.catalog();
        let mut now = String::new();
        for (policy, directory) in &self.accounts {
            let engine = Engine::new(
                &catalog,
                policy.clone(),
                directory.clone(),
                Timestamp(0),
                Warnings::Into(&mut Vec::new()),
            )
            .unwrap_or_else(|problems| panic!("{problems}"));
            if !now.is_empty() {
                now.push('\n');
            }
            let account = engine.account().unwrap_or("the only one");
            now.push_str(&format!("# Account: {account}.\n"));
            now.push_str(&matrix(&engine, engine.roles()));
        }
        let golden = self.folder.join("matrix.txt");
        if std::env::var_os("BAILIWICK_BLESS").is_some_and(|it| it == "1") {
            return fs::write(golden, now).unwrap();
        }
        let before = fs::read_to_string(&golden)
            .unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
        if let Some(lines) = difference(&before, &now) {
            panic!("{} has changed:\n{lines}", golden.display());
        }
    }
}

fn read(folder: &Path, file: &str) -> String {
    let path = folder.join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn valid<T>(parsed: Parsed<T>) -> T {
    parsed
        .into_document()
        .unwrap_or_else(|problems| panic!("{problems}"))
}

// ── The reference model ───────────────────────────────────────────────────────────────────────

/// Reference models of a fixture's accounts, each with the features and settings of a table.
struct Models<'f> {
    fixture: &'f Fixture,
    /// The one asked last: the questions of a table follow each other.
    last: RefCell<Option<(PolicyDocument, Model)>>,
}

impl Models<'_> {
    /// What the reference says, in the kit's words; where it agrees with the engine on the answer and
    /// not on the rest of the decision, that.
    fn answer(&self, question: &Question<'_>) -> String {
        let expected = self.outcome(question);
        let found = outcome(question.decision(), question.engine().catalog());
        let said = match expected.allowed {
            true => "allow",
            false => expected.code,
        };
        if said == question.expected() && found.allowed == expected.allowed && found != expected {
            return format!("{expected:?}, where the engine says {found:?}");
        }
        said.to_owned()
    }

    fn outcome(&self, question: &Question<'_>) -> reference::Outcome {
        let policy = &question.engine().policy();
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(known, _)| known != policy) {
            let model = self.model(policy);
            *last = Some((policy.clone(), model));
        }
        let (_, model) = last.as_ref().unwrap();
        let request = Request {
            subject: subject(question.subject()),
            action: question.action().to_owned(),
            resource: resource(question, question.record()),
            context: values(question.context()),
        };
        match question.asks() {
            Asks::Check => model.check(&request),
            Asks::CanAny => model.can_any(&request),
            Asks::Create => model.check_create(&request),
            Asks::Change => model.check_change(&request, &resource(question, question.after())),
        }
    }

    fn model(&self, policy: &PolicyDocument) -> Model {
        let (_, directory) = self
            .fixture
            .accounts
            .iter()
            .find(|(of, _)| valid(of.clone()).account == policy.account)
            .unwrap();
        let directory = valid(directory.clone());
        Model::new(&self.fixture.catalog, policy, &directory, Timestamp(0))
    }
}

fn subject(subject: &SubjectDocument) -> Subject {
    match subject.clone() {
        SubjectDocument::User(it) => Subject::User {
            id: it.user,
            account: it.account,
        },
        SubjectDocument::Role(it) => Subject::Role {
            role: it.role,
            id: it.id,
            account: it.account,
            position: it.position,
            properties: values(&it.properties),
        },
        SubjectDocument::Token(it) => Subject::Token {
            id: it.token.id,
            account: it.account,
            roles: it.token.roles,
            position: it.token.position,
            properties: values(&it.token.properties),
        },
    }
}

fn resource(question: &Question<'_>, record: &RecordDocument) -> Resource {
    let on_type = question.on() == AskedOn::Type;
    let stated = match on_type {
        true => RecordDocument::new(),
        false => record.clone(),
    };
    Resource {
        r#type: question.resource_type().to_owned(),
        id: stated.id,
        on_type,
        account: record.account.clone(),
        owner: stated.owner,
        owner_position: match stated.owner_position {
            None => OwnerPosition::Directory,
            Some(position) if position.is_empty() => OwnerPosition::Nowhere,
            Some(position) => OwnerPosition::At(position),
        },
        properties: values(&stated.properties),
    }
}

fn values(properties: &BTreeMap<String, PropertyValue>) -> BTreeMap<String, Value> {
    let value = |value: &PropertyValue| match value {
        PropertyValue::Text(text) => Value::Text(text.clone()),
        PropertyValue::Integer(n) => Value::Integer(*n),
        PropertyValue::Boolean(b) => Value::Boolean(*b),
        PropertyValue::Set(texts) => Value::Set(texts.clone()),
    };
    properties
        .iter()
        .map(|(name, it)| (name.clone(), value(it)))
        .collect()
}
