//! What a run exercised, so that no law holds for want of cases.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::{
    AccountsServed, AskedOn, ConditionDocument, DenialDocument, GrantDocument, OperationDocument,
    Reach,
};

use super::documents::Documents;
use super::history::at_or_below;
use super::requests::{Case, Question};
use crate::reference::{Outcome, OwnerPosition, Subject};

/// Counts by what was counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub cases: u64,
    pub counts: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn absorb(&mut self, other: Tally) {
        self.cases += other.cases;
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }

    /// The lines of a table, those of `expected` that never occurred among them.
    pub(crate) fn table(&self, title: &str, expected: &[&'static str]) -> String {
        let mut out = format!("{title}\n");
        let mut names: Vec<&str> = expected.to_vec();
        names.extend(self.counts.keys().filter(|name| !expected.contains(name)));
        for name in names {
            let count = self.of(name);
            let share = count as f64 * 100.0 / self.cases.max(1) as f64;
            out.push_str(&format!("{count:>12} {share:>7.3} %  {name}\n"));
        }
        out
    }

    pub(crate) fn missing(&self, expected: &[&'static str]) -> Vec<&'static str> {
        expected
            .iter()
            .copied()
            .filter(|name| self.of(name) == 0)
            .collect()
    }
}

/// Every code that a check may have: that of an allow, and the others in D17's order. A change of a record
/// has two more (D19).
pub(crate) const CODES: &[&str] = &[
    "allowed",
    "invalid_identifier",
    "missing_account",
    "wrong_account",
    "removed",
    "unknown_subject",
    "unknown_role",
    "unknown_position",
    "suspended",
    "unknown_type",
    "unknown_action",
    "asked_wrong_way",
    "not_granted",
    "denied",
    "feature_disabled",
    "prerequisite_missing",
    "out_of_scope",
    "condition_not_met",
    "property_missing",
    "property_wrong_type",
];

/// Whether a code comes before any pair is looked at.
pub(crate) fn is_before_pairs(code: &str) -> bool {
    let mut before = CODES[1..].iter().take_while(|it| **it != "not_granted");
    before.any(|it| *it == code)
}

/// What of the rules a run must exercise.
pub(crate) const RULES: &[&str] = &[
    "D2 a role assigned",
    "D2 a package assigned",
    "D2 juniors",
    "D2 an assignment ended",
    "D2 an assignment that will end",
    "D2 suspended",
    "D3 several roles",
    "D4 denied",
    "D5 the wildcard of everything",
    "D5 a wildcard",
    "D5 a single node",
    "D5 an exception of a grant",
    "D5 a deny",
    "D5 an exception of a deny",
    "D6 a feature of the permission",
    "D6 a feature of an ancestor",
    "D7 a prerequisite of the permission",
    "D7 allowed with prerequisites",
    "D7 a prerequisite's own prerequisite",
    "D9 a feature of the pair",
    "D9 a feature of the operation",
    "D9 a prerequisite of the pair",
    "D9 a prerequisite of the operation",
    "D9 several pairs",
    "D9 open, allowed",
    "D9 open, denied",
    "D10 is",
    "D10 is_not",
    "D10 one_of",
    "D10 none_of",
    "D10 less",
    "D10 at_most",
    "D10 greater",
    "D10 at_least",
    "D10 two properties",
    "D10 alternatives",
    "D10 a condition of the pair",
    "D10 a condition of the operation",
    "D10 allowed with conditions",
    "D11 one account",
    "D11 many accounts",
    "D11 the resource's account",
    "D11 the subject's account",
    "D12 an invalid identifier",
    "D13 an adjustable permission, allowed",
    "D13 an adjustable permission, denied",
    "D14 on the type",
    "D14 filtered_by",
    "D14 can_any of a record operation",
    "D14 can_any of a type operation",
    "D14 asked the wrong way",
    "D15 a condition on the context",
    "D16 an older policy",
    "D16 a renamed path granted",
    "D16 a renamed path taken away",
    "D16 a moved path below what is taken away",
    "D16 a retired path",
    "D16 a retired role held",
    "D16 a retired feature enabled",
    "D16 an adjustable permission granted",
    "D16 a scope no longer offered",
    "D17 the furthest of several pairs",
    "D17 the widest of several pairs",
    "D18 a token",
    "D18 a token with a user's id",
    "D18 a token without id",
    "D18 a removed user",
    "D18 a token of a removed user",
    "D18 an unknown role",
    "D18 an unknown position",
    "D18 a role as subject",
    "D18 a role without id and position",
    "D19 a change",
    "D19 a change of owner, allowed",
    "D19 a change of owner, denied",
    "D19 a creation, allowed",
    "D19 a creation of an own record, allowed",
    "D19 a creation, denied",
    "S1 own",
    "S1 reports",
    "S1 peers",
    "S1 all",
    "S1 out of scope",
    "S2 several parents",
    "S3 no owner",
    "S3 an owner unknown to the directory",
    "S3 an owner without position",
    "S3 a position stated",
    "S3 no position stated",
    "S3 an unknown position stated",
    "S4 a viewer without position",
    "S5 a scope left out",
    "S5 a wildcard that leaves out",
    "S6 accessible",
    "S6 owned",
    "S7 an owner without the permission",
];

/// What is known of a world's roles: the marks of each with its juniors'.
pub(crate) struct World<'a> {
    documents: &'a Documents,
    marks: BTreeMap<&'a str, BTreeSet<&'static str>>,
}

impl<'a> World<'a> {
    pub(crate) fn of(documents: &'a Documents) -> World<'a> {
        let mut own: BTreeMap<&str, (BTreeSet<&'static str>, &[String])> = BTreeMap::new();
        for role in &documents.catalog.roles {
            let mut marks = marks(documents, &role.grants, &role.denies, false);
            if role.retired.is_some() {
                marks.insert("D16 a retired role held");
            }
            own.insert(&role.id, (marks, &role.inherits));
        }
        for role in &documents.policy.roles {
            let marks = marks(documents, &role.grants, &role.denies, documents.is_older());
            own.insert(&role.id, (marks, &role.inherits));
        }
        let closure = |id: &str| {
            let mut marks = BTreeSet::new();
            let mut waiting = vec![id];
            let mut seen = BTreeSet::new();
            while let Some(id) = waiting.pop() {
                if let Some((own, inherits)) = own.get(id)
                    && seen.insert(id)
                {
                    marks.extend(own.iter().copied());
                    waiting.extend(inherits.iter().map(String::as_str));
                }
            }
            if seen.len() > 1 {
                marks.insert("D2 juniors");
            }
            marks
        };
        World {
            documents,
            marks: own.keys().map(|id| (*id, closure(id))).collect(),
        }
    }

    /// Counts what a case exercised, as far as request and outcome tell.
    pub(crate) fn count(&self, case: &Case, outcome: &Outcome, tally: &mut Tally) {
        tally.cases += 1;
        tally.count(outcome.code);
        let mut seen = BTreeSet::new();
        self.before_pairs(case, outcome, &mut seen);
        if !is_before_pairs(outcome.code) {
            self.subject(case, &mut seen);
            self.at_pairs(case, outcome, &mut seen);
            self.owner(case, outcome, &mut seen);
        }
        for what in seen {
            tally.count(what);
        }
    }

    fn before_pairs(&self, case: &Case, outcome: &Outcome, seen: &mut BTreeSet<&'static str>) {
        let served = self.documents.catalog.accounts;
        seen.insert(match served {
            AccountsServed::One => "D11 one account",
            AccountsServed::Many => "D11 many accounts",
        });
        match (outcome.code, outcome.at) {
            ("missing_account" | "wrong_account", Some("resource")) => {
                seen.insert("D11 the resource's account");
            }
            ("missing_account" | "wrong_account", _) => {
                seen.insert("D11 the subject's account");
            }
            ("invalid_identifier", _) => {
                seen.insert("D12 an invalid identifier");
            }
            ("suspended", _) => {
                seen.insert("D2 suspended");
            }
            ("asked_wrong_way", _) if case.question == Question::Check => {
                seen.insert("D14 asked the wrong way");
            }
            ("removed", _) => {
                seen.insert(match &case.request.subject {
                    Subject::User { .. } => "D18 a removed user",
                    Subject::Token { .. } | Subject::Role { .. } => "D18 a token of a removed user",
                });
            }
            ("unknown_role", _) => {
                seen.insert("D18 an unknown role");
            }
            ("unknown_position", _) => {
                seen.insert("D18 an unknown position");
            }
            _ => {}
        }
    }

    fn subject(&self, case: &Case, seen: &mut BTreeSet<&'static str>) {
        let mut held: Vec<&str> = Vec::new();
        match &case.request.subject {
            Subject::User { id, .. } => {
                let Some(user) = self
                    .documents
                    .directory
                    .users
                    .iter()
                    .find(|user| user.id == *id)
                else {
                    return;
                };
                if user.position.is_none() {
                    seen.insert("S4 a viewer without position");
                }
                for (assignment, package) in user
                    .roles
                    .iter()
                    .map(|it| (it, false))
                    .chain(user.packages.iter().map(|it| (it, true)))
                {
                    match assignment.until {
                        Some(until) if until <= self.documents.at => {
                            seen.insert("D2 an assignment ended");
                            continue;
                        }
                        Some(_) => {
                            seen.insert("D2 an assignment that will end");
                        }
                        None => {}
                    }
                    if package {
                        seen.insert("D2 a package assigned");
                        let packages = self.documents.policy.packages.iter();
                        let roles = packages
                            .filter(|it| it.id == assignment.id)
                            .flat_map(|it| &it.roles);
                        held.extend(roles.map(String::as_str));
                    } else {
                        seen.insert("D2 a role assigned");
                        held.push(&assignment.id);
                    }
                }
            }
            Subject::Token { id, roles, .. } => {
                seen.insert("D18 a token");
                let known = |id: &String| {
                    self.documents
                        .directory
                        .users
                        .iter()
                        .any(|user| user.id == *id)
                };
                match id {
                    Some(id) if known(id) => seen.insert("D18 a token with a user's id"),
                    Some(_) => false,
                    None => seen.insert("D18 a token without id"),
                };
                held.extend(roles.iter().map(String::as_str));
            }
            Subject::Role {
                role, id, position, ..
            } => {
                seen.insert("D18 a role as subject");
                if id.is_none() && position.is_none() {
                    seen.insert("D18 a role without id and position");
                }
                held.push(role);
            }
        }
        if held.len() > 1 {
            seen.insert("D3 several roles");
        }
        for role in held {
            seen.extend(self.marks.get(role).into_iter().flatten());
        }
    }

    fn operation(&self, case: &Case) -> Option<&OperationDocument> {
        self.documents.catalog.operations.iter().find(|operation| {
            operation.r#type == case.request.resource.r#type
                && operation.action == case.request.action
        })
    }

    fn at_pairs(&self, case: &Case, outcome: &Outcome, seen: &mut BTreeSet<&'static str>) {
        let Some(operation) = self.operation(case) else {
            return;
        };
        let on_type = operation.on == AskedOn::Type;
        let several = operation.allowed_by.len() > 1;
        let permission = outcome.permission.as_ref().and_then(|path| {
            self.documents
                .catalog
                .permissions
                .iter()
                .find(|it| it.path == *path)
        });
        let mut see = |what: &'static str, is: bool| {
            if is {
                seen.insert(what);
            }
        };
        see("D4 denied", outcome.code == "denied");
        for (what, code, at) in [
            (
                "D6 a feature of the permission",
                "feature_disabled",
                "permission",
            ),
            (
                "D6 a feature of an ancestor",
                "feature_disabled",
                "ancestor",
            ),
            ("D9 a feature of the pair", "feature_disabled", "pair"),
            (
                "D9 a feature of the operation",
                "feature_disabled",
                "operation",
            ),
            (
                "D7 a prerequisite of the permission",
                "prerequisite_missing",
                "permission",
            ),
            (
                "D9 a prerequisite of the pair",
                "prerequisite_missing",
                "pair",
            ),
            (
                "D9 a prerequisite of the operation",
                "prerequisite_missing",
                "operation",
            ),
        ] {
            see(what, outcome.code == code && outcome.at == Some(at));
        }
        see(
            "D7 a prerequisite's own prerequisite",
            outcome.cause == Some("prerequisite_missing"),
        );
        see(
            "D7 allowed with prerequisites",
            outcome.allowed && permission.is_some_and(|it| !it.requires.is_empty()),
        );
        see("D9 several pairs", several);
        see("D9 open, allowed", operation.open && outcome.allowed);
        see("D9 open, denied", operation.open && !outcome.allowed);
        let adjustable = permission.is_some_and(|it| it.adjustable.is_some());
        see(
            "D13 an adjustable permission, allowed",
            adjustable && outcome.allowed,
        );
        see(
            "D13 an adjustable permission, denied",
            adjustable && !outcome.allowed,
        );
        see("D14 on the type", on_type);
        see("D14 filtered_by", outcome.filtered_by.is_some());
        let can_any = case.question == Question::CanAny;
        see("D14 can_any of a record operation", can_any && !on_type);
        see("D14 can_any of a type operation", can_any && on_type);
        see("D16 an older policy", self.documents.is_older());
        let enabled = &self.documents.policy.features;
        see(
            "D16 a retired feature enabled",
            self.documents
                .catalog
                .features
                .iter()
                .any(|it| it.retired.is_some() && enabled.contains(&it.id)),
        );
        see(
            "D17 the furthest of several pairs",
            several && !outcome.allowed,
        );
        see(
            "D17 the widest of several pairs",
            several && outcome.allowed,
        );
        self.conditions(case, operation, outcome, &mut see);
        if let Question::Change(after) = &case.question {
            see("D19 a change", true);
            let changed = after.owner != case.request.resource.owner;
            see("D19 a change of owner, allowed", changed && outcome.allowed);
            see("D19 a change of owner, denied", changed && !outcome.allowed);
        }
        if case.question == Question::Create {
            see("D19 a creation, denied", !outcome.allowed);
            see(
                "D19 a creation, allowed",
                outcome.allowed && operation.creates.is_some(),
            );
            see(
                "D19 a creation of an own record, allowed",
                outcome.allowed
                    && operation.creates.is_some()
                    && case.request.resource.owner.is_none(),
            );
        }
        see(
            "S6 accessible",
            self.documents.catalog.reach == Reach::Accessible,
        );
        see("S6 owned", self.documents.catalog.reach == Reach::Owned);
    }

    fn conditions(
        &self,
        case: &Case,
        operation: &OperationDocument,
        outcome: &Outcome,
        see: &mut impl FnMut(&'static str, bool),
    ) {
        let refused = matches!(
            outcome.code,
            "condition_not_met" | "property_missing" | "property_wrong_type"
        );
        if case.question == Question::CanAny || !(refused || outcome.allowed) {
            return;
        }
        see(
            "D10 a condition of the pair",
            refused && outcome.at == Some("pair"),
        );
        see(
            "D10 a condition of the operation",
            refused && outcome.at == Some("operation"),
        );
        let pairs = operation
            .allowed_by
            .iter()
            .filter(|it| Some(&it.permission) == outcome.permission.as_ref());
        for when in std::iter::once(&operation.when).chain(pairs.map(|pair| &pair.when)) {
            see(
                "D10 allowed with conditions",
                outcome.allowed && !when.is_empty(),
            );
            see("D10 alternatives", when.len() > 1);
            for condition in when.iter().flatten() {
                for (what, operand) in operands(condition) {
                    see(what, operand);
                }
                see(
                    "D15 a condition on the context",
                    condition.context.is_some(),
                );
                see("D10 two properties", is_of_two(condition));
            }
        }
    }

    fn owner(&self, case: &Case, outcome: &Outcome, seen: &mut BTreeSet<&'static str>) {
        let record = &case.request.resource;
        if case.question != Question::Check || record.on_type {
            return;
        }
        let mut see = |what: &'static str, is: bool| {
            if is {
                seen.insert(what);
            }
        };
        match outcome.scope {
            Some(Scope::Own) => see("S1 own", true),
            Some(Scope::Reports) => see("S1 reports", true),
            Some(Scope::Peers) => see("S1 peers", true),
            Some(Scope::All) => see("S1 all", true),
            None => see("S1 out of scope", outcome.code == "out_of_scope"),
        }
        let policy = &self.documents.policy;
        see(
            "S2 several parents",
            policy.positions.iter().any(|it| it.reports_to.len() > 1),
        );
        let Some(owner) = &record.owner else {
            see("S3 no owner", true);
            return;
        };
        let user = self
            .documents
            .directory
            .users
            .iter()
            .find(|user| user.id == *owner);
        see("S3 an owner unknown to the directory", user.is_none());
        see(
            "S3 an owner without position",
            user.is_some_and(|user| user.position.is_none()),
        );
        match &record.owner_position {
            OwnerPosition::Directory => {}
            OwnerPosition::Nowhere => see("S3 no position stated", true),
            OwnerPosition::At(at) => {
                let known = policy.positions.iter().any(|position| position.id == *at);
                see("S3 a position stated", known);
                see("S3 an unknown position stated", !known);
            }
        }
        let owns = matches!(&case.request.subject, Subject::User { id, .. } if id == owner);
        see(
            "S7 an owner without the permission",
            owns && outcome.code == "not_granted",
        );
    }
}

fn operands(condition: &ConditionDocument) -> [(&'static str, bool); 8] {
    [
        ("D10 is", condition.is.is_some()),
        ("D10 is_not", condition.is_not.is_some()),
        ("D10 one_of", condition.one_of.is_some()),
        ("D10 none_of", condition.none_of.is_some()),
        ("D10 less", condition.less.is_some()),
        ("D10 at_most", condition.at_most.is_some()),
        ("D10 greater", condition.greater.is_some()),
        ("D10 at_least", condition.at_least.is_some()),
    ]
}

fn is_of_two(condition: &ConditionDocument) -> bool {
    use bailiwick::document::OperandDocument::Property;
    [
        &condition.is,
        &condition.is_not,
        &condition.one_of,
        &condition.none_of,
        &condition.less,
    ]
    .into_iter()
    .chain([&condition.at_most, &condition.greater, &condition.at_least])
    .any(|operand| matches!(operand, Some(Property(_))))
}

/// What a role's own lists exercise.
fn marks(
    documents: &Documents,
    grants: &[GrantDocument],
    denies: &[DenialDocument],
    older: bool,
) -> BTreeSet<&'static str> {
    let mut marks = BTreeSet::new();
    let catalog = &documents.catalog;
    let renamed =
        |path: &str| older && catalog.renamed.iter().any(|it| at_or_below(path, &it.from));
    let moved = |path: &str| {
        let inside = |from: &str| from != path && at_or_below(from, path);
        older && catalog.renamed.iter().any(|it| inside(&it.from))
    };
    let retired =
        |path: &str| older && catalog.retired.iter().any(|it| at_or_below(path, &it.path));
    let permission = |path: &str| catalog.permissions.iter().find(|it| it.path == path);
    let mut mark = |what: &'static str, is: bool| {
        if is {
            marks.insert(what);
        }
    };
    for grant in grants {
        let path = grant.select.strip_suffix(".*").unwrap_or(&grant.select);
        let wildcard = grant.select == "*" || path != grant.select;
        mark("D5 the wildcard of everything", grant.select == "*");
        mark("D5 a wildcard", path != grant.select);
        mark("D5 a single node", !wildcard);
        mark("D5 an exception of a grant", !grant.except.is_empty());
        mark("D16 a renamed path granted", renamed(path));
        mark("D16 a retired path", retired(path));
        mark("S5 a scope left out", grant.scope.is_none() && !wildcard);
        let covered = catalog
            .permissions
            .iter()
            .filter(|it| grant.select == "*" || at_or_below(&it.path, path));
        let left_out = covered.filter(|it| match grant.scope {
            Some(scope) => it.scopes.iter().all(|offered| *offered > scope) && scope < Scope::All,
            None => it.scopes.len() > 1,
        });
        mark(
            "S5 a wildcard that leaves out",
            wildcard && left_out.count() > 0,
        );
        if let Some(named) = permission(path)
            && !wildcard
        {
            mark(
                "D16 an adjustable permission granted",
                named.adjustable.is_some(),
            );
            let offered = |scope: Scope| match named.scopes.as_slice() {
                [] => scope == Scope::All,
                some => some.contains(&scope),
            };
            mark(
                "D16 a scope no longer offered",
                grant.scope.is_some_and(|scope| !offered(scope)),
            );
        }
    }
    for denial in denies {
        mark("D5 a deny", true);
        mark("D5 an exception of a deny", !denial.except.is_empty());
    }
    let taken = denies
        .iter()
        .flat_map(|denial| std::iter::once(&denial.select).chain(&denial.except))
        .chain(grants.iter().flat_map(|grant| &grant.except));
    for path in taken {
        let path = path.strip_suffix(".*").unwrap_or(path);
        mark("D16 a renamed path taken away", renamed(path));
        mark("D16 a moved path below what is taken away", moved(path));
        mark("D16 a retired path", retired(path));
    }
    marks
}
