//! An account whose engine is changed by transactions, with its documents beside it.

use bailiwick::Engine;
use bailiwick::ProblemCode;
use bailiwick::admin::Refusal;

use crate::reference::administration::Class;
use crate::support::administration::Asked;
use crate::support::documents::Documents;

/// The first change that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub change: usize,
    pub class: Class,
    /// In the engine's own words.
    pub reason: String,
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
        let applied = self
            .engine
            .apply(&asked.actor, asked.at, &asked.changes)
            .map_err(|refused| Said {
                change: refused.change,
                class: class(&refused.reason),
                reason: refused.reason.to_string(),
            })?;
        let mut after = Account {
            documents: self.documents.clone(),
            engine: applied.into_engine(),
        };
        after.documents.at = asked.at;
        Ok(after.told())
    }

    /// The same, with the documents that the engine says it has.
    pub(crate) fn told(&self) -> Account {
        let mut told = self.clone();
        told.documents.policy = self.engine.policy();
        told.documents.directory = self.engine.directory();
        told
    }
}

fn class(reason: &Refusal) -> Class {
    let class = class_of_code(reason);
    assert_eq!(reason.kind().as_str(), class.kind(), "{reason}");
    // Whatever a change writes that is not valid has a code of its own.
    if let Refusal::Invalid(problems) = reason {
        let mut codes = problems.iter().map(|it| it.code());
        assert!(codes.all(|it| it != ProblemCode::Other), "{reason}");
    }
    class
}

fn class_of_code(reason: &Refusal) -> Class {
    if reason.is_authority() {
        return Class::Authority;
    }
    match reason.code() {
        "unknown" => Class::Unknown,
        "exists" => Class::Exists,
        "used_id" => Class::UsedId,
        "nothing_to_change" => Class::NothingToChange,
        "adjustable" => Class::Adjustable,
        "locked" => Class::Locked,
        "conflict" => Class::Conflict,
        "invalid" | "named_twice" => Class::Invalid,
        "cycle" => Class::Cycle,
        "too_many" => Class::Limit,
        "system_role" => Class::SystemRole,
        "role_in_use" | "package_in_use" | "position_in_use" => Class::InUse,
        "min_holders" => Class::MinHolders,
        "last_administrator" => Class::LastAdministrator,
        other => panic!("a refusal of a new code: {other}"),
    }
}
