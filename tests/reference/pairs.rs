//! Each pair of an operation by itself (D9, D17): what one decision leaves out.

use bailiwick::Scope;
use bailiwick::document::AskedOn;

use super::{Model, Question, Request};

/// How far a pair gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// None of an open operation's.
    pub permission: Option<String>,
    /// Where it allows.
    pub scope: Option<Scope>,
    /// How far it got, in the order of D17; past everything where it allows.
    pub stage: usize,
    /// `allowed`, or the code of its denial.
    pub code: &'static str,
    pub at: Option<&'static str>,
    pub fact: Option<String>,
    pub cause: Option<&'static str>,
}

impl Model {
    /// The pairs of the operation asked, in catalog order: on the record or on the type, as the
    /// operation is declared, or with `any` of a record operation as `can_any` asks. None where the
    /// request is refused before its pairs are looked at.
    pub(crate) fn by_pair(&self, request: &Request, any: bool) -> Option<Vec<Judged>> {
        let (viewer, operation) = self.found(request, !any).ok()?;
        let question = match operation.on {
            AskedOn::Type => Question::Type(request),
            AskedOn::Record if any => Question::Any,
            AskedOn::Record => Question::Record(request),
        };
        let judge = |pair: super::Pair<'_>| {
            let permission = pair.permission.map(|it| it.path.clone());
            match self.judge(&viewer, operation, &pair, question) {
                Ok(scope) => Judged {
                    permission,
                    scope: Some(scope),
                    stage: usize::MAX,
                    code: "allowed",
                    at: None,
                    fact: None,
                    cause: None,
                },
                Err(failed) => Judged {
                    permission,
                    scope: None,
                    stage: failed.stage as usize,
                    code: failed.code,
                    at: failed.at,
                    fact: failed.fact,
                    cause: failed.cause,
                },
            }
        };
        Some(self.pairs(operation).into_iter().map(judge).collect())
    }
}
