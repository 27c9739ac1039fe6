//! An account whose engine is changed by transactions, with the documents that it says it has.

use bailiwick::Engine;
use bailiwick::admin::Refusal;

use crate::reference::administration::Class;
use crate::support::administration::Asked;
use crate::support::documents::Documents;

/// The first change that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub change: usize,
    pub class: Class,
    pub reason: Refusal,
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

    pub(crate) fn apply(&self, asked: &Asked) -> Result<Account, Said> {
        let applied = self.engine.apply(&asked.actor, asked.at, &asked.changes);
        match applied {
            Ok(applied) => {
                let account = Account {
                    engine: applied.into_engine(),
                    documents: Documents {
                        at: asked.at,
                        ..self.documents.clone()
                    },
                };
                Ok(account.told())
            }
            Err(refused) => Err(Said {
                change: refused.change,
                class: class(&refused.reason),
                reason: refused.reason,
            }),
        }
    }

    /// The same, with the documents that the engine says it has.
    pub(crate) fn told(&self) -> Account {
        Account {
            engine: self.engine.clone(),
            documents: Documents {
                policy: self.engine.policy(),
                directory: self.engine.directory(),
                ..self.documents.clone()
            },
        }
    }
}

fn class(reason: &Refusal) -> Class {
    match reason {
        Refusal::Unknown { .. } => Class::Unknown,
        Refusal::Exists { .. } => Class::Exists,
        Refusal::UsedId { .. } => Class::UsedId,
        Refusal::NothingToChange => Class::NothingToChange,
        Refusal::Conflict { .. } => Class::Conflict,
        Refusal::Invalid(_) => Class::Invalid,
        Refusal::Cycle { .. } => Class::Cycle,
        Refusal::TooMany { .. } => Class::Limit,
        Refusal::SystemRole { .. } => Class::SystemRole,
        Refusal::RoleInUse { .. }
        | Refusal::PackageInUse { .. }
        | Refusal::PositionInUse { .. } => Class::InUse,
        Refusal::MinHolders { .. } => Class::MinHolders,
        reason => {
            assert!(reason.is_authority(), "{reason:?}");
            Class::Authority
        }
    }
}
