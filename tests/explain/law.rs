//! Law 3, its first half: an explanation decides as the check does, and what it tells agrees with what
//! it decides.

use std::collections::BTreeSet;

use bailiwick::explain::{Cause, Explanation};
use bailiwick::{Decision, DenyReason, Engine, Part};

use crate::support::ask::{Manner, decision, explanation};
use crate::support::requests::Question;
use crate::support::run::each_world;
use crate::support::tally::CODES;

#[test]
fn it_decides_as_the_check_does() {
    let tally = each_world(1, |drawn, tally| {
        let engine = drawn.documents.load();
        for case in drawn
            .cases
            .iter()
            .filter(|it| it.question == Question::Check)
        {
            for manner in Manner::EVERY {
                let said = decision(&engine, case, manner);
                let why = explanation(&engine, case, manner);
                let shown = || format!("{manner:?} {case:#?}\n{}\n{why}", drawn.documents);
                assert_eq!(why.decision(), said, "{}", shown());
                if let Err(wrong) = agrees(&engine, said, &why) {
                    panic!("{wrong}\n{}", shown());
                }
            }
            tally.cases += 1;
            tally.count(decision(&engine, case, Manner::Names).code());
        }
    });
    println!("{} cases", tally.cases);
    if std::env::var_os("BAILIWICK_CASES").is_none()
        && std::env::var_os("BAILIWICK_WORLD").is_none()
    {
        assert!(tally.cases >= 100_000, "only {} cases", tally.cases);
        assert_eq!(tally.missing(CODES), Vec::<&str>::new());
    }
}

/// What is told of a decision is what was decided: the reason is among the causes, of the pair that it
/// names; an allow has no cause, and a pair that allows it has a derivation of everything it takes.
fn agrees(engine: &Engine, said: Decision, why: &Explanation) -> Result<(), String> {
    let catalog = engine.catalog();
    let path = said
        .permission()
        .and_then(|it| catalog.permission_path(it))
        .map(str::to_owned);
    let written = why.to_string();
    let may = if said.is_allow() {
        " may do "
    } else {
        " may not do "
    };
    if !written.contains(may) {
        return Err(format!("the text lacks `{may}`"));
    }
    if said.is_allow() {
        if why.causes().next().is_some() {
            return Err("an allow has causes".to_owned());
        }
        let pair = why
            .pairs()
            .iter()
            .find(|pair| pair.permission.as_ref().map(|it| it.id.clone()) == path)
            .ok_or("the deciding pair is not told")?;
        if pair.code != "allowed" || pair.scope != said.scope() {
            return Err(format!("the deciding pair is told as {pair:?}"));
        }
        for finding in why.permissions() {
            if why.derivations(&finding.permission.id).next().is_none() {
                return Err(format!("no derivation of {}", finding.permission));
            }
        }
        return Ok(());
    }
    stands_behind(why)?;
    closest_alternative_first(why)?;
    let codes: Vec<&str> = why.direct_causes().map(Cause::code).collect();
    if !codes.contains(&said.code()) {
        return Err(format!("{} is not among {codes:?}", said.code()));
    }
    let first = codes.first().copied();
    match said.reason() {
        // What comes before the pairs comes first here, too.
        Some(
            DenyReason::InvalidIdentifier
            | DenyReason::MissingAccount(_)
            | DenyReason::WrongAccount(_)
            | DenyReason::Removed
            | DenyReason::UnknownSubject
            | DenyReason::UnknownRole
            | DenyReason::UnknownPosition
            | DenyReason::Suspended
            | DenyReason::UnknownType
            | DenyReason::UnknownAction
            | DenyReason::AskedWrongWay,
        ) => match first == Some(said.code()) {
            true => Ok(()),
            false => Err(format!("the first cause is {first:?}")),
        },
        Some(reason) => names_the_reason(engine, &reason, path.as_deref(), why),
        None => Err("a denial without a reason".to_owned()),
    }
}

/// What is no direct cause stands behind one: it is of a prerequisite that is missing, or of a permission that
/// narrows. Something is always a root.
fn stands_behind(why: &Explanation) -> Result<(), String> {
    let (mut behind, mut own) = (BTreeSet::new(), BTreeSet::new());
    for cause in why.causes() {
        match cause {
            Cause::PrerequisiteMissing { prerequisite, .. } => {
                behind.insert(prerequisite);
            }
            Cause::OutOfScope { limited_by, .. } => behind.extend(limited_by),
            _ => {}
        }
    }
    own.extend(why.pairs().iter().filter_map(|it| it.permission.as_ref()));
    let mut direct = why.direct_causes().count();
    for finding in why.permissions() {
        let is_own = own.contains(&finding.permission);
        if !is_own && !finding.causes.is_empty() && !behind.contains(&finding.permission) {
            return Err(format!("nothing needs {}", finding.permission));
        }
        if !is_own {
            direct += finding.causes.len();
        }
    }
    if direct != why.causes().count() {
        return Err("direct causes, and those behind them, are not all".to_owned());
    }
    match why.causes().any(Cause::is_root) {
        true => Ok(()),
        false => Err("no cause is a root".to_owned()),
    }
}

/// None of the alternatives holds, each is told, and those with the fewest conditions to mend come first.
fn closest_alternative_first(why: &Explanation) -> Result<(), String> {
    let conditions = |cause: &Cause| match cause {
        Cause::Condition(failed) => Some((
            failed.permission.clone(),
            failed.on == Part::Operation,
            failed.alternatives,
            failed.alternative,
        )),
        _ => None,
    };
    let told: Vec<_> = why.direct_causes().filter_map(conditions).collect();
    for of_one in told.chunk_by(|a, b| (&a.0, a.1) == (&b.0, b.1)) {
        let alternatives: Vec<(usize, usize)> = of_one
            .chunk_by(|a, b| a.3 == b.3)
            .map(|of_one| (of_one.len(), of_one.first().map_or(0, |it| it.3)))
            .collect();
        let once: BTreeSet<usize> = alternatives.iter().map(|it| it.1).collect();
        if !of_one.iter().all(|it| it.2 == once.len()) || once.len() != alternatives.len() {
            return Err(format!("not each alternative is told once: {of_one:?}"));
        }
        if !alternatives.is_sorted() {
            return Err(format!("the closest alternative is not first: {of_one:?}"));
        }
    }
    Ok(())
}

/// Whether the reason, with its facts, is a cause of the pair, its permission or the operation.
fn names_the_reason(
    engine: &Engine,
    reason: &DenyReason,
    path: Option<&str>,
    why: &Explanation,
) -> Result<(), String> {
    let catalog = engine.catalog();
    let named = |cause: &Cause| -> bool {
        match (cause, reason) {
            (Cause::NotEverybody, DenyReason::NotGranted) => path.is_none(),
            (Cause::NotGranted { permission, .. }, DenyReason::NotGranted)
            | (Cause::Denied { permission, .. }, DenyReason::Denied) => {
                Some(permission.id.as_str()) == path
            }
            (
                Cause::FeatureDisabled { feature, on, .. },
                DenyReason::FeatureDisabled {
                    feature: missing,
                    on: place,
                },
            ) => Some(feature.as_str()) == catalog.feature_name(*missing) && on == place,
            (
                Cause::PrerequisiteMissing {
                    prerequisite,
                    on,
                    permission,
                },
                DenyReason::PrerequisiteMissing {
                    permission: missing,
                    on: place,
                    cause,
                },
            ) => {
                let of_it = permission.as_ref().map(|it| it.id.as_str());
                let own = why.permission(&prerequisite.id);
                Some(prerequisite.id.as_str()) == catalog.permission_path(*missing)
                    && on == place
                    && (of_it == path || *on == Part::Operation)
                    && own.is_some_and(|it| it.causes.iter().any(|it| it.code() == cause.code()))
            }
            (Cause::OutOfScope { permission, .. }, DenyReason::OutOfScope) => {
                permission.as_ref().map(|it| it.id.as_str()) == path
            }
            (
                Cause::Condition(failed),
                DenyReason::ConditionNotMet { property, on }
                | DenyReason::PropertyMissing { property, on }
                | DenyReason::PropertyWrongType { property, on },
            ) => {
                let fault = failed.fault.as_ref().unwrap_or(&failed.property);
                failed.code == reason.code()
                    && Some(fault.clone()) == catalog.property_name(*property)
                    && failed.on == *on
                    && failed.alternative == 0
            }
            _ => false,
        }
    };
    match why.direct_causes().any(named) {
        true => Ok(()),
        false => Err(format!("{reason:?} of {path:?} is not told")),
    }
}
