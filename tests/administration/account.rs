//! An account whose engine is changed by transactions, with its documents beside it.

use bailiwick::Engine;

use crate::reference::administration::{self, Class};
use crate::support::administration::Asked;
use crate::support::documents::Documents;

/// The first change that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub change: usize,
    pub class: Class,
}

#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// What the engine was made of, or what it says of itself since.
    pub documents: Documents,
    pub engine: Engine,
}

impl Account {
    pub(crate) fn of(documents: &Documents) -> Account {
        Account {
            engine: documents.load(),
            documents: documents.clone(),
        }
    }

    /// Until the engine applies changes itself: the reference does, and the engine is made anew.
    pub(crate) fn apply(&self, asked: &Asked) -> Result<Account, Said> {
        let Documents {
            catalog,
            policy,
            directory,
            ..
        } = &self.documents;
        let applied = administration::apply(
            catalog,
            policy,
            directory,
            &asked.actor,
            asked.at,
            &asked.changes,
        );
        match applied {
            Ok((policy, directory)) => {
                let documents = Documents {
                    catalog: catalog.clone(),
                    policy,
                    directory,
                    at: asked.at,
                };
                let engine = documents
                    .engine_over(self.engine.catalog())
                    .unwrap_or_else(|problems| panic!("{problems}\n{documents}"));
                Ok(Account { documents, engine })
            }
            Err(refused) => Err(Said {
                change: refused.change,
                class: refused.classes.first().copied().unwrap_or(Class::Limit),
            }),
        }
    }
}

impl Account {
    /// The same, with the documents that the engine says it has.
    pub(crate) fn told(&self) -> Account {
        self.clone()
    }
}
