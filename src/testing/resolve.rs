//! Names of a decisions document, looked up in the accounts that are tested.

use std::collections::{BTreeMap, HashMap};

use super::document::SubjectDocument;
use crate::document::problem::{Path, Report, quoted};
use crate::document::{
    AccountsServed, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument, Problems,
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
            if let (Some(policy), Some(directory)) = (policy.document(), directory.document()) {
                accounts.push(Account {
                    policy: policy.clone(),
                    directory: directory.clone(),
                });
            }
        }
        Problems::unless_none(problems)?;
        Ok(Resolver {
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

    fn names(&self) -> impl Iterator<Item = &str> {
        self.accounts
            .iter()
            .filter_map(|account| account.policy.account.as_deref())
    }

    fn find(&self, account: &str) -> Option<usize> {
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
        let engine = match Engine::new(
            &self.catalog,
            policy,
            directory,
            self.at,
            Warnings::Into(&mut Vec::new()),
        ) {
            Ok(engine) => {
                self.engines.push(engine);
                Some(self.engines.len() - 1)
            }
            Err(problems) => {
                // The account compiled as it was: what is wrong is what was replaced.
                for problem in &problems {
                    let features = at.field("features");
                    match feature_index(problem.path()) {
                        Some(i) => report.error(&features.index(i), problem.message()),
                        None => report.error(&at.field("settings"), problem.message()),
                    }
                }
                None
            }
        };
        self.replaced.insert((account, replaced), engine);
        engine
    }

    /// What is wrong with a subject's names, in the account asked.
    pub(super) fn unknown_subject(
        &self,
        subject: &SubjectDocument,
        account: usize,
        report: &mut Report<'_>,
    ) -> Option<String> {
        let (engine, documents) = (self.engines.get(account)?, self.accounts.get(account)?);
        let (roles, position) = match subject {
            SubjectDocument::User(it) => {
                if engine.user(&it.user).is_some() {
                    return None;
                }
                let users = documents
                    .directory
                    .users
                    .iter()
                    .map(|user| user.id.as_str());
                let nearest = report.did_you_mean(&it.user, users);
                return Some(format!("unknown user {}{nearest}", quoted(&it.user)));
            }
            SubjectDocument::Role(it) => (std::slice::from_ref(&it.role), &it.position),
            SubjectDocument::Token(it) => (it.token.roles.as_slice(), &it.token.position),
        };
        if let Some(role) = roles.iter().find(|role| engine.role(role).is_none()) {
            let nearest = report.did_you_mean(role, engine.roles());
            return Some(format!("unknown role {}{nearest}", quoted(role)));
        }
        let position = position.as_deref()?;
        if engine.position(position).is_some() {
            return None;
        }
        let positions = documents.policy.positions.iter().map(|it| it.id.as_str());
        let nearest = report.did_you_mean(position, positions);
        Some(format!("unknown position {}{nearest}", quoted(position)))
    }
}

/// The index in `features[2]`.
fn feature_index(path: &str) -> Option<usize> {
    let index = path.strip_prefix("features[")?.strip_suffix(']')?;
    index.parse().ok()
}
