//! Which rules decide: what the reference says without a rule's data.

use bailiwick::Scope;
use bailiwick::document::Reach;

use super::documents::Documents;
use super::requests::Case;
use super::tally::Tally;
use crate::reference::{Outcome, OwnerPosition, Subject};

/// A rule's data taken out of the documents: where the reference then says something else, the rule
/// decided. Of some rules only requests of certain subjects tell.
type Without = (&'static str, fn(&Case) -> bool, fn(&mut Documents));

const WITHOUT: &[Without] = &[
    ("D2 juniors", any, |documents| {
        documents
            .policy
            .roles
            .iter_mut()
            .for_each(|role| role.inherits.clear());
        documents
            .catalog
            .roles
            .iter_mut()
            .for_each(|role| role.inherits.clear());
    }),
    ("D2 packages", any, |documents| {
        documents
            .policy
            .packages
            .iter_mut()
            .for_each(|package| package.roles.clear());
    }),
    ("D2 ends of assignments", any, |documents| {
        documents.at = bailiwick::Timestamp(i64::MIN)
    }),
    ("D2 suspension", any, |documents| {
        documents
            .directory
            .users
            .iter_mut()
            .for_each(|user| user.suspended = false);
    }),
    ("D4 denies", any, |documents| {
        documents
            .policy
            .roles
            .iter_mut()
            .for_each(|role| role.denies.clear());
        documents
            .catalog
            .roles
            .iter_mut()
            .for_each(|role| role.denies.clear());
    }),
    ("D5 exceptions of grants", any, |documents| {
        let policy = documents
            .policy
            .roles
            .iter_mut()
            .flat_map(|role| &mut role.grants);
        let catalog = documents
            .catalog
            .roles
            .iter_mut()
            .flat_map(|role| &mut role.grants);
        policy.chain(catalog).for_each(|grant| grant.except.clear());
    }),
    ("D5 exceptions of denies", any, |documents| {
        let policy = documents
            .policy
            .roles
            .iter_mut()
            .flat_map(|role| &mut role.denies);
        let catalog = documents
            .catalog
            .roles
            .iter_mut()
            .flat_map(|role| &mut role.denies);
        policy
            .chain(catalog)
            .for_each(|denial| denial.except.clear());
    }),
    ("D6 features of permissions", any, |documents| {
        documents
            .catalog
            .permissions
            .iter_mut()
            .for_each(|it| it.features.clear());
    }),
    ("D7 prerequisites of permissions", any, |documents| {
        documents
            .catalog
            .permissions
            .iter_mut()
            .for_each(|it| it.requires.clear());
    }),
    ("D9 features and prerequisites of pairs", any, |documents| {
        for pair in documents
            .catalog
            .operations
            .iter_mut()
            .flat_map(|it| &mut it.allowed_by)
        {
            pair.features.clear();
            pair.requires.clear();
        }
    }),
    (
        "D9 features and prerequisites of operations",
        any,
        |documents| {
            for operation in &mut documents.catalog.operations {
                operation.features.clear();
                operation.requires.clear();
            }
        },
    ),
    ("D10 conditions", any, |documents| {
        for operation in &mut documents.catalog.operations {
            operation.when.clear();
            operation
                .allowed_by
                .iter_mut()
                .for_each(|pair| pair.when.clear());
        }
    }),
    ("D13 settings", any, |documents| {
        documents.policy.settings.clear()
    }),
    ("D13 adjustable permissions", any, |documents| {
        documents
            .catalog
            .permissions
            .iter_mut()
            .for_each(|it| it.adjustable = None);
    }),
    ("D16 renamed paths", any, |documents| {
        documents.catalog.renamed.clear()
    }),
    ("D16 retired roles", any, |documents| {
        documents
            .catalog
            .roles
            .iter_mut()
            .for_each(|role| role.retired = None);
    }),
    (
        "D18 the directory's denies on a token",
        brings,
        |documents| {
            for user in &mut documents.directory.users {
                user.roles.clear();
                user.packages.clear();
            }
        },
    ),
    ("D19 reassign", any, |documents| {
        documents
            .catalog
            .types
            .iter_mut()
            .for_each(|it| it.reassign = None);
    }),
    ("D19 creates", any, |documents| {
        documents
            .catalog
            .operations
            .iter_mut()
            .for_each(|it| it.creates = None);
    }),
    ("S1 the hierarchy", any, |documents| {
        documents
            .policy
            .positions
            .iter_mut()
            .for_each(|it| it.reports_to.clear());
    }),
    ("S2 more than one parent", any, |documents| {
        documents
            .policy
            .positions
            .iter_mut()
            .for_each(|it| it.reports_to.truncate(1));
    }),
    ("S5 scopes offered", any, |documents| {
        documents
            .catalog
            .permissions
            .iter_mut()
            .for_each(|it| it.scopes = Scope::EVERY.to_vec());
    }),
    ("S6 reach", any, |documents| {
        documents.catalog.reach = match documents.catalog.reach {
            Reach::Accessible => Reach::Owned,
            Reach::Owned => Reach::Accessible,
        };
    }),
];

fn any(_: &Case) -> bool {
    true
}

fn brings(case: &Case) -> bool {
    !matches!(case.request.subject, Subject::User { .. })
}

/// The same for what a request states.
type Unstated = (&'static str, fn(&mut Case));

const UNSTATED: &[Unstated] = &[
    ("D15 the context", |case| case.request.context.clear()),
    ("D18 a token's position", |case| {
        if let Subject::Token { position, .. } = &mut case.request.subject {
            *position = None;
        }
    }),
    ("D18 a token's properties", |case| {
        if let Subject::Token { properties, .. } = &mut case.request.subject {
            properties.clear();
        }
    }),
    ("S3 the owner's position stated", |case| {
        case.request.resource.owner_position = OwnerPosition::Directory;
    }),
];

/// What `count_decisive` must find.
pub(crate) fn decisive_rules() -> Vec<&'static str> {
    let without = WITHOUT.iter().map(|(what, ..)| *what);
    without
        .chain(UNSTATED.iter().map(|(what, _)| *what))
        .collect()
}

/// Counts the rules without whose data the reference says something else.
pub(crate) fn count_decisive(documents: &Documents, cases: &[(Case, Outcome)], tally: &mut Tally) {
    tally.cases += cases.len() as u64;
    for (what, tells, without) in WITHOUT {
        let mut changed = documents.clone();
        without(&mut changed);
        let model = changed.model();
        for (case, outcome) in cases {
            if tells(case) && super::ask::expected(&model, case) != *outcome {
                tally.count(what);
            }
        }
    }
    let model = documents.model();
    for (what, without) in UNSTATED {
        for (case, outcome) in cases {
            let mut case = case.clone();
            without(&mut case);
            if super::ask::expected(&model, &case) != *outcome {
                tally.count(what);
            }
        }
    }
}
