//! Names of a decisions document, looked up in the accounts that are tested.

use std::collections::{BTreeMap, HashMap};

use super::names::Kind;
use super::values::Compared;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{
    AccountsServed, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument, Problem, Problems,
};
use crate::{Catalog, Engine, Timestamp, Warnings};

/// An account that is tested.
pub(super) struct Account {
    policy: PolicyDocument,
    directory: DirectoryDocument,
}

/// What a table or a case puts in place of its account's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Replaced<'d> {
    pub(super) features: Option<&'d [String]>,
    pub(super) settings: Option<&'d BTreeMap<String, String>>,
}

/// The accounts, and an engine for each combination of account and replacement.
pub(super) struct Resolver<'d> {
    catalog: Catalog,
    at: Timestamp,
    accounts: Vec<Account>,
    /// Those of the accounts as they are, in their order; then those with something replaced.
    pub(super) engines: Vec<Engine>,
    replaced: HashMap<(usize, Replaced<'d>), Option<usize>>,
    pub(super) compared: Compared,
}

impl<'d> Resolver<'d> {
    /// Compiles the accounts.
    ///
    /// # Errors
    /// Every problem of every account.
    pub(super) fn new(
        catalog: &Catalog,
        documents: &[(Parsed<PolicyDocument>, Parsed<DirectoryDocument>)],
        at: Timestamp,
    ) -> Result<Self, Problems> {
        let (mut accounts, mut engines, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for (policy, directory) in documents {
            match Engine::new(
                catalog,
                policy.clone(),
                directory.clone(),
                at,
                Warnings::Into(&mut Vec::new()),
            ) {
                Ok(engine) => engines.push(engine),
                Err(found) => {
                    problems.extend(found.iter().cloned());
                    continue;
                }
            }
            // An account that compiled has both.
            if let (Some(read), Some(directory)) = (policy.document(), directory.document()) {
                if accounts
                    .iter()
                    .any(|it: &Account| it.policy.account == read.account)
                {
                    problems.extend(tested_already(policy, read.account.as_deref()));
                }
                accounts.push(Account {
                    policy: read.clone(),
                    directory: directory.clone(),
                });
            }
        }
        Problems::unless_none(problems)?;
        let directories = accounts.iter().map(|it: &Account| &it.directory);
        Ok(Resolver {
            compared: Compared::new(catalog.document(), directories),
            catalog: catalog.clone(),
            at,
            accounts,
            engines,
            replaced: HashMap::new(),
        })
    }

    pub(super) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(super) fn document(&self) -> &CatalogDocument {
        self.catalog.document()
    }

    pub(super) fn serves_many(&self) -> bool {
        self.document().accounts == AccountsServed::Many
    }

    /// The engines of the accounts as they are.
    pub(super) fn tested(&self) -> &[Engine] {
        self.engines.get(..self.accounts.len()).unwrap_or_default()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.accounts
            .iter()
            .filter_map(|account| account.policy.account.as_deref())
    }

    pub(super) fn find(&self, account: &str) -> Option<usize> {
        self.accounts
            .iter()
            .position(|it| it.policy.account.as_deref() == Some(account))
    }

    /// Whether the account that a table or a case states, or leaves out, tells which is asked.
    pub(super) fn is_account_clear(
        &self,
        stated: Option<&str>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> bool {
        match stated {
            Some(name) if self.find(name).is_none() => {
                let nearest = report.did_you_mean(name, self.names());
                report.error(
                    &at.field("account"),
                    format!("no account {} is tested{nearest}", quoted(name)),
                );
                false
            }
            None if self.accounts.is_empty() => {
                report.error(at, "no account is tested");
                false
            }
            // Of many, the record or the subject may say which.
            None if self.accounts.len() > 1 && !self.serves_many() => {
                report.error(at, "`account` is missing: several are tested");
                false
            }
            _ => true,
        }
    }

    /// The account of that name; one that is not tested is asked of the first, which denies it.
    pub(super) fn account(&self, name: Option<&str>) -> usize {
        name.and_then(|name| self.find(name)).unwrap_or(0)
    }

    /// The engine of an account with its replacement; `None` where that does not compile, which is
    /// reported where it is first met.
    pub(super) fn engine(
        &mut self,
        account: usize,
        replaced: Replaced<'d>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<usize> {
        if replaced.features.is_none() && replaced.settings.is_none() {
            return Some(account);
        }
        if let Some(known) = self.replaced.get(&(account, replaced)) {
            return *known;
        }
        let documents = self.accounts.get(account)?;
        let mut policy = documents.policy.clone();
        if let Some(features) = replaced.features {
            policy.features = features.to_vec();
        }
        if let Some(settings) = replaced.settings {
            policy.settings = settings.clone();
        }
        let directory = documents.directory.clone();
        let mut warnings = Vec::new();
        let engine = match Engine::new(
            &self.catalog,
            policy,
            directory,
            self.at,
            Warnings::Into(&mut warnings),
        ) {
            Ok(engine) => {
                self.engines.push(engine);
                // A feature or a setting that an older policy may still state, and that is inert,
                // would replace nothing.
                for warning in &warnings {
                    let path = warning.path();
                    if (replaced.features.is_some() && path.starts_with("features"))
                        || (replaced.settings.is_some() && path.starts_with("settings"))
                    {
                        report_replaced(warning, at, report);
                    }
                }
                Some(self.engines.len() - 1)
            }
            Err(problems) => {
                // The account compiled as it was: what is wrong is what was replaced.
                for problem in &problems {
                    report_replaced(problem, at, report);
                }
                None
            }
        };
        self.replaced.insert((account, replaced), engine);
        engine
    }

    /// Whether an account has that name, or had it: an id that was used is known to be gone.
    pub(super) fn has(&self, kind: Kind, name: &str, account: usize) -> bool {
        let (Some(engine), Some(documents)) =
            (self.engines.get(account), self.accounts.get(account))
        else {
            return false;
        };
        let used = &documents.policy.used_ids;
        let was = |ids: &[String]| ids.iter().any(|id| id == name);
        match kind {
            Kind::User => engine.user(name).is_some() || was(&used.users),
            Kind::Role => engine.role(name).is_some() || was(&used.roles),
            Kind::Position => engine.position(name).is_some() || was(&used.positions),
            Kind::Account => self.find(name).is_some(),
            Kind::Operation => self
                .catalog
                .operations()
                .any(|it| self.catalog.operation_name(it).as_deref() == Some(name)),
        }
    }

    /// The users, roles or positions of an account.
    pub(super) fn names_of(&self, kind: Kind, account: usize) -> Vec<&str> {
        let (Some(engine), Some(documents)) =
            (self.engines.get(account), self.accounts.get(account))
        else {
            return Vec::new();
        };
        let (users, positions) = (
            documents.directory.users.iter(),
            documents.policy.positions.iter(),
        );
        match kind {
            Kind::User => users.map(|user| user.id.as_str()).collect(),
            Kind::Role => engine.roles().collect(),
            Kind::Position => positions.map(|it| it.id.as_str()).collect(),
            Kind::Account => self.names().collect(),
            Kind::Operation => Vec::new(),
        }
    }
}

/// The problem of an account whose id another one has already.
fn tested_already(policy: &Parsed<PolicyDocument>, account: Option<&str>) -> Vec<Problem> {
    let which = match account {
        Some(id) => format!("the account {}", quoted(id)),
        None => "an account without id".to_owned(),
    };
    let mut report = policy.report();
    let message = format!("{which} is tested already; no question would be asked of this one");
    report.error(&policy.root().field("account"), message);
    report.finish().0
}

/// Reports a problem of a policy at what a table or a case put into it.
fn report_replaced(problem: &Problem, at: &Path<'_>, report: &mut Report<'_>) {
    let features = at.field("features");
    match feature_index(problem.path()) {
        Some(i) => report.error(&features.index(i), problem.message()),
        None => report.error(&at.field("settings"), problem.message()),
    }
}

/// The index in `features[2]`.
fn feature_index(path: &str) -> Option<usize> {
    let index = path.strip_prefix("features[")?.strip_suffix(']')?;
    index.parse().ok()
}
