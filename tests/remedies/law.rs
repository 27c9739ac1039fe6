//! Law 3, its second half, on random worlds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use bailiwick::admin::{Actor, Change};
use bailiwick::explain::{Makers, Mend, NoRemedy, Remedies, Remedy, RemedyOptions};
use bailiwick::{Ability, DenyReason, Engine, Scope, Subject, Timestamp};

use crate::brute::singles;
use crate::parts::{selections, without_each};
use crate::reference::abilities::{self, named};
use crate::reference::{self, Model};
use crate::support::administration;
use crate::support::ask::{Manner, decision, explanation, remedies};
use crate::support::documents::Documents;
use crate::support::fields::add_fields;
use crate::support::generate::{self, NOW};
use crate::support::permute::permuted;
use crate::support::requests::{Case, Question, Requests};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number, number};

const PER_WORLD: u64 = 40;
/// Cases of the ordinary run for each world: some nineteen denials.
const SHARE: u64 = 36;
/// Of one denial in so many it is looked at what the remedies open, who may make them, and whether they
/// are told the same again; of every one that they allow, and that no part can be left out.
const LOOKED_INTO: u64 = 8;
/// One denial in so many is held against every single change.
const COMPARED: u64 = 32;

const OPTIONS: RemedyOptions = RemedyOptions {
    max_changes: 3,
    limit: 10,
    at: NOW,
};

#[test]
fn every_remedy_allows_and_none_has_a_part_to_leave_out() {
    let denials = AtomicU64::new(0);
    let tallied = Tallied::default();
    each_number(SHARE, |seed, world| {
        // Half of the worlds have rules of administration.
        let (mut documents, mut rng) = match world % 2 {
            0 => generate::world(seed, world),
            _ => administration::world(seed, world),
        };
        add_fields(&mut documents.catalog, &mut rng);
        for role in &mut documents.catalog.roles {
            role.unlisted = world % 4 == 3 && rng.chance(40);
        }
        let requests = Requests::of(&documents, &mut rng);
        let engine = documents.load();
        for _ in 0..PER_WORLD {
            let case = requests.case(&mut rng);
            let is_denied = || !decision(&engine, &case, Manner::Names).is_allow();
            if case.question != Question::Check || !is_denied() {
                continue;
            }
            let nth = denials.fetch_add(1, Ordering::Relaxed);
            let world = World {
                documents: &documents,
                engine: &engine,
            };
            if let Err(wrong) = held(world, &case, &tallied, &mut rng, nth) {
                panic!("{wrong}\n{case:#?}\n{documents}");
            }
        }
    });
    let denials = denials.into_inner();
    println!("{denials} denials");
    tallied.report(&[
        "remedy of 1",
        "remedy of 2",
        "remedy of 3",
        "larger",
        "complete",
        "stopped short",
        "nothing: request",
        "nothing: conditions",
        "nothing: out of reach",
        "made by nobody",
        "made by some",
        "opens to one",
        "opens to several",
        "field or right gained",
        "field or right lost",
        "opens by lending",
        "opens to tokens",
        "Reinstate",
        "EnableFeature",
        "MoveSetting",
        "Grant",
        "LiftDeny",
        "AddToPackage",
        "AssignRole",
        "AssignPackage",
        "RevokeRole",
        "RevokePackage",
    ]);
    if number("BAILIWICK_CASES").is_none() && number("BAILIWICK_WORLD").is_none() {
        assert!(denials >= 100_000, "only {denials} denials");
    }
}

#[derive(Clone, Copy)]
struct World<'a> {
    documents: &'a Documents,
    engine: &'a Engine,
}

impl World<'_> {
    /// Whether a transaction of the host allows.
    fn allows(self, case: &Case, changes: &[Change]) -> bool {
        let applied = self.engine.apply(&Actor::System, OPTIONS.at, changes);
        applied.is_ok_and(|it| decision(it.engine(), case, Manner::Names).is_allow())
    }
}

/// Returns whether a change names that role, to give it, to take it, or in a setting.
fn names(change: &Change, role: &str) -> bool {
    let named = match change {
        Change::AssignRole { role, .. }
        | Change::RevokeRole { role, .. }
        | Change::AddToPackage { role, .. } => Some(role),
        Change::ChangeSetting { role, .. } => role.as_ref(),
        _ => None,
    };
    named.is_some_and(|it| it == role)
}

fn held(
    world: World<'_>,
    case: &Case,
    tallied: &Tallied,
    rng: &mut Rng,
    nth: u64,
) -> Result<(), String> {
    let said = remedies(world.engine, case, &OPTIONS);
    if said.decision() != decision(world.engine, case, Manner::Names) {
        return Err("another decision".to_owned());
    }
    count(&said, tallied);
    for remedy in said.sets() {
        let shown = || format!("{remedy}\n{:#?}", remedy.changes);
        let kept_out = world.documents.catalog.roles.iter();
        let mut kept_out = kept_out.filter(|it| it.unlisted);
        if kept_out.any(|it| remedy.changes.iter().any(|change| names(change, &it.id))) {
            return Err(format!("names what is kept out of lists: {}", shown()));
        }
        if !world.allows(case, &remedy.changes) {
            return Err(format!("does not allow: {}", shown()));
        }
        let mut fewer = without_each(world.engine, &remedy.changes);
        if remedy.changes.len() <= 8 {
            fewer.extend(selections(&remedy.changes));
        }
        for changes in fewer.iter().filter(|it| !it.is_empty()) {
            if world.allows(case, changes) {
                return Err(format!("{changes:#?} is enough of {}", shown()));
            }
        }
        if (remedy.changes.len() > OPTIONS.max_changes) != said.is_larger() {
            return Err(format!("as large as this: {}", shown()));
        }
        if !nth.is_multiple_of(LOOKED_INTO) {
            continue;
        }
        opens(world, remedy, tallied).map_err(|wrong| format!("{wrong}: {}", shown()))?;
        makers(world.engine, &remedy.changes, &remedy.makers)
            .map_err(|wrong| format!("{wrong}: {}", shown()))?;
    }
    shape(&said)?;
    if nth.is_multiple_of(LOOKED_INTO) {
        again(world, case, &said, rng)?;
    }
    if nth.is_multiple_of(COMPARED) {
        complete(world, case, &said)?;
    }
    Ok(())
}

fn count(said: &Remedies, tallied: &Tallied) {
    for remedy in said.sets() {
        match said.is_larger() {
            true => tallied.count("larger"),
            false => tallied.count(&format!("remedy of {}", remedy.changes.len())),
        }
        tallied.count(match remedy.makers.count {
            0 => "made by nobody",
            _ => "made by some",
        });
        for mend in &remedy.mends {
            let name = format!("{mend:?}");
            tallied.count(name.split(' ').next().unwrap_or_default());
        }
    }
    tallied.count(match said.is_complete() {
        true => "complete",
        false => "stopped short",
    });
    match said.none() {
        None => {}
        Some(NoRemedy::Request { .. }) => tallied.count("nothing: request"),
        Some(NoRemedy::Conditions { .. }) => tallied.count("nothing: conditions"),
        Some(NoRemedy::OutOfReach { .. }) => tallied.count("nothing: out of reach"),
        Some(NoRemedy::NotFound) => tallied.count("nothing: not found"),
        Some(other) => tallied.count(&format!("nothing: {other:?}")),
    }
}

/// What holds of every answer.
fn shape(said: &Remedies) -> Result<(), String> {
    let sets = said.sets();
    if sets.is_empty() != said.none().is_some() {
        return Err(format!("{:?} and {} remedies", said.none(), sets.len()));
    }
    if sets.len() > OPTIONS.limit || said.is_larger() && sets.len() != 1 {
        return Err(format!("{} remedies", sets.len()));
    }
    let keys = sets.iter().map(|it| {
        (
            it.opens.operations + it.opens.fields + it.opens.rights + it.opens.tokens,
            it.changes.len(),
        )
    });
    if !keys.is_sorted() {
        return Err(format!("not in order:\n{said}"));
    }
    let mut seen = BTreeSet::new();
    if !sets.iter().all(|it| seen.insert(&it.mends)) {
        return Err(format!("told twice:\n{said}"));
    }
    if said.to_string().lines().count() < sets.len().max(1) {
        return Err(format!("not told:\n{said}"));
    }
    // Nobody can mend a request.
    let is_of_names = matches!(
        said.decision().reason(),
        Some(
            DenyReason::InvalidIdentifier
                | DenyReason::MissingAccount(_)
                | DenyReason::WrongAccount(_)
                | DenyReason::Removed
                | DenyReason::UnknownSubject
                | DenyReason::UnknownRole
                | DenyReason::UnknownPosition
                | DenyReason::UnknownType
                | DenyReason::UnknownAction
                | DenyReason::AskedWrongWay
        )
    );
    if is_of_names
        && !matches!(said.none(), Some(NoRemedy::Request { causes }) if !causes.is_empty())
    {
        return Err(format!("{:?} of a request at fault", said.none()));
    }
    Ok(())
}

/// The same question gets the same answer, whatever the order of the documents (law 4).
fn again(world: World<'_>, case: &Case, said: &Remedies, rng: &mut Rng) -> Result<(), String> {
    let once_more = remedies(world.engine, case, &OPTIONS);
    if once_more.sets() != said.sets() {
        return Err(format!("{said}\nand then\n{once_more}"));
    }
    let engine = permuted(world.documents, rng).load();
    let otherwise = remedies(&engine, case, &OPTIONS);
    let ranked = |it: &Remedies| -> Vec<(Vec<Mend>, usize, usize)> {
        let sets = it.sets().iter();
        let sets = sets.map(|it| (it.mends.clone(), it.opens.users, it.opens.operations));
        sets.collect()
    };
    // One that is larger is any of several; and what is excepted may be written in another order.
    let is_excepting = |it: &Mend| matches!(it, Mend::LiftDeny { except, .. } if except.len() > 1);
    let is_any = said.is_larger()
        || !said.is_complete()
        || said
            .sets()
            .iter()
            .flat_map(|it| &it.mends)
            .any(is_excepting);
    match is_any || ranked(&otherwise) == ranked(said) {
        true => Ok(()),
        false => Err(format!(
            "{said}\nin another order of documents\n{otherwise}"
        )),
    }
}

/// What a remedy opens is what everybody can do or see after it and could not before, user by user,
/// whatever people below lend them; conditions aside.
fn opens(world: World<'_>, remedy: &Remedy, tallied: &Tallied) -> Result<(), String> {
    let applied = world
        .engine
        .apply(&Actor::System, OPTIONS.at, &remedy.changes);
    let after = applied.map_err(|it| it.to_string())?.into_engine();
    let (mut users, mut operations, mut fields, mut rights) = (0, 0, 0, 0);
    let is_lent = |user: &str, operation: &str| {
        let mut subject = Subject::user(user);
        if let Some(account) = &world.documents.policy.account {
            subject = subject.account(account);
        }
        let all = after.what_can(subject).into_iter().flatten();
        let mut lent = all.filter(|it| it.lent);
        lent.any(|it| after.catalog().operation_name(it.operation).as_deref() == Some(operation))
    };
    let model = |engine: &Engine| {
        let (policy, directory) = (engine.policy(), engine.directory());
        Model::new(&world.documents.catalog, &policy, &directory, OPTIONS.at)
    };
    let (model_before, model_after) = (model(world.engine), model(&after));
    let mut expected: BTreeMap<_, usize> = BTreeMap::new();
    for user in world.engine.directory().users {
        let asked = reference::Subject::User {
            id: user.id.clone(),
            account: world.documents.policy.account.clone(),
        };
        let (was, is) = (
            model_before.operations(&asked),
            model_after.operations(&asked),
        );
        let every: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for operation in every {
            let (was, is) = (was.get(operation).copied(), is.get(operation).copied());
            if was == is {
                continue;
            }
            let name = format!("operation {operation}");
            *expected.entry((name, was, is)).or_default() += 1;
            if is == Some(Scope::All) && is_lent(&user.id, operation) {
                tallied.count("opens by lending");
            }
        }
        let gained = is.iter().filter(|(it, scope)| was.get(*it) < Some(scope));
        let gained = gained.count();
        operations += gained;
        let (was, is) = (
            model_before.abilities(&asked),
            model_after.abilities(&asked),
        );
        let told = abilities::differences((&model_before, &was), (&model_after, &is));
        let more = told.iter().filter(|(_, was, is)| is > was);
        let (of_fields, of_rights): (Vec<_>, Vec<_>) =
            more.partition(|(it, _, _)| matches!(it, abilities::Ability::Field(..)));
        fields += of_fields.len();
        rights += of_rights.len();
        users += usize::from(gained + of_fields.len() + of_rights.len() > 0);
        for difference in told {
            tallied.count(if difference.2 > difference.1 {
                "field or right gained"
            } else {
                "field or right lost"
            });
            let (ability, was, is) = difference;
            let name = format!("{ability:?}");
            *expected.entry((name, was, is)).or_default() += 1;
        }
    }
    let effects = remedy.effects.iter();
    let name = |ability: &Ability| match named(ability) {
        Some(ability) => format!("{ability:?}"),
        None => match ability {
            Ability::Operation(operation) => format!("operation {operation}"),
            other => panic!("{other:?} is no operation"),
        },
    };
    let effects = effects.map(|it| ((name(&it.ability), it.before, it.after), it.users));
    let effects: BTreeMap<_, usize> = effects.collect();
    if effects != expected {
        return Err(format!("does {expected:?}, told was {effects:?}"));
    }
    tallied.count(match users {
        0 => "opens nothing",
        1 => "opens to one",
        _ => "opens to several",
    });
    let tokens = &world.documents.catalog.tokens;
    let system = world.documents.catalog.roles.iter();
    let system = system
        .filter(|it| tokens.system_roles.contains(&it.id))
        .map(|it| &it.id);
    let own = world.documents.policy.roles.iter().map(|it| &it.id);
    let own = own.filter(|_| tokens.account_roles);
    let mut expected = BTreeSet::new();
    for role in system.chain(own) {
        let asked = reference::Subject::Role {
            role: role.clone(),
            id: None,
            account: world.documents.policy.account.clone(),
            position: None,
            properties: BTreeMap::new(),
        };
        let of = |model: &Model| model.operations(&asked);
        for (operation, is) in of(&model_after) {
            let was = of(&model_before).get(&operation).copied();
            if was != Some(is) {
                expected.insert((
                    role.clone(),
                    format!("operation {operation}"),
                    was,
                    Some(is),
                ));
            }
        }
        for (operation, was) in of(&model_before) {
            if !of(&model_after).contains_key(&operation) {
                expected.insert((
                    role.clone(),
                    format!("operation {operation}"),
                    Some(was),
                    None,
                ));
            }
        }
        let of = |model: &Model| model.abilities(&asked);
        let (was, is) = (of(&model_before), of(&model_after));
        for (ability, was, is) in abilities::differences((&model_before, &was), (&model_after, &is))
        {
            expected.insert((role.clone(), format!("{ability:?}"), was, is));
        }
    }
    let told = remedy.tokens.iter();
    let told = told.map(|it| (it.role.clone(), name(&it.ability), it.before, it.after));
    let told: BTreeSet<_> = told.collect();
    if told != expected {
        return Err(format!("does {expected:?} to tokens, told was {told:?}"));
    }
    let opened = expected.iter().filter(|(_, _, was, is)| is > was).count();
    if opened > 0 {
        tallied.count("opens to tokens");
    }
    let said = remedy.opens;
    if opened != said.tokens {
        return Err(format!("opens {opened} to tokens"));
    }
    let is_told = (users, operations, fields, rights)
        == (said.users, said.operations, said.fields, said.rights);
    match is_told {
        true => Ok(()),
        false => Err(format!(
            "opens {operations}, {fields} fields, {rights} rights to {users}"
        )),
    }
}

/// Who may make a remedy is whoever can apply it.
fn makers(engine: &Engine, changes: &[Change], said: &Makers) -> Result<(), String> {
    let directory = engine.directory();
    let may = directory
        .users
        .iter()
        .map(|it| it.id.as_str())
        .filter(|it| {
            let actor = Actor::user(*it);
            engine.apply(&actor, OPTIONS.at, changes).is_ok()
        });
    let may: Vec<&str> = may.collect();
    let named = may.iter().take(Makers::NAMED);
    let agrees = said.count == may.len() && named.eq(said.users.iter());
    match agrees && said.is_exact {
        true => Ok(()),
        false => Err(format!("{may:?} may make it, said was {said:?}")),
    }
}

/// Whenever a single change of the kinds proposed helps, there are remedies; and where all are told,
/// that change is among them.
fn complete(world: World<'_>, case: &Case, said: &Remedies) -> Result<(), String> {
    let everything = RemedyOptions {
        limit: 1_000,
        ..OPTIONS
    };
    let all = remedies(world.engine, case, &everything);
    let why = explanation(world.engine, case, Manner::Names);
    let helps = |changes: &[Change]| {
        let applied = world.engine.apply(&Actor::System, OPTIONS.at, changes);
        let Ok(applied) = applied else {
            return false;
        };
        let after = explanation(applied.engine(), case, Manner::Names);
        // What helps by letting somebody below lend is a change to their rights, not to the subject's.
        let mut pairs = after.pairs().iter();
        after.decision().is_allow() && pairs.any(|it| it.code == "allowed" && it.lent.is_none())
    };
    let singles = singles(world.documents, world.engine, &why);
    let told = |wanted: &[&Change]| {
        all.sets().iter().any(|it| {
            it.changes.len() == wanted.len()
                && wanted.iter().all(|change| it.changes.contains(change))
        })
    };
    let mut without_help = Vec::new();
    for change in &singles {
        let alone = std::slice::from_ref(change);
        if !helps(alone) {
            if !world.allows(case, alone) {
                without_help.push(change);
            }
            continue;
        }
        if said.sets().is_empty() || said.is_larger() {
            return Err(format!("{change:?} helps, and was told:\n{said}"));
        }
        if all.is_complete() && is_told_as_it_is(world.engine, change) && !told(&[change]) {
            return Err(format!("{change:?} helps, and was not told:\n{all}"));
        }
    }
    // Pairs of what reaches the subject alone.
    without_help.retain(|it| is_told_as_it_is(world.engine, it));
    for (n, one) in without_help.iter().enumerate() {
        for other in &without_help[..n] {
            let both = [(*one).clone(), (*other).clone()];
            if edits_twice(one, other) || !helps(&both) {
                continue;
            }
            if said.sets().is_empty() || said.is_larger() {
                return Err(format!("{both:?} help, and was told:\n{said}"));
            }
            if all.is_complete() && !told(&[one, other]) {
                return Err(format!("{both:?} help, and were not told:\n{all}"));
            }
        }
    }
    Ok(())
}

/// Of grants the narrowest that will do is told, of settings the most senior role.
fn is_told_as_it_is(engine: &Engine, change: &Change) -> bool {
    match change {
        Change::EditRole { role, grants, .. } => {
            let before = engine.role_document(role);
            before.is_some_and(|it| it.grants == *grants)
        }
        Change::ChangeSetting { .. } => false,
        _ => true,
    }
}

fn edits_twice(one: &Change, other: &Change) -> bool {
    matches!((one, other), (Change::EditRole { role: a, .. }, Change::EditRole { role: b, .. }) if a == b)
}

/// Assignments that end, and the time.
#[test]
fn what_has_ended_by_then_is_dropped_first() {
    let tallied = Tallied::default();
    each_number(SHARE * PER_WORLD * 4, |seed, world| {
        let (documents, mut rng) = generate::world(seed, world);
        let requests = Requests::of(&documents, &mut rng);
        let engine = documents.load();
        let options = RemedyOptions {
            at: Timestamp(NOW.0 + 2),
            ..OPTIONS
        };
        for _ in 0..PER_WORLD {
            let case = requests.case(&mut rng);
            if case.question != Question::Check {
                continue;
            }
            let said = remedies(&engine, &case, &options);
            let is_allow = decision(&engine, &case, Manner::Names).is_allow();
            assert_eq!(said.decision().is_allow(), is_allow);
            let then = engine.apply(&Actor::System, options.at, &[]).unwrap();
            let then = decision(then.engine(), &case, Manner::Names);
            match said.none() {
                Some(NoRemedy::Allowed) => assert!(is_allow),
                Some(NoRemedy::AllowedByThen) => {
                    assert!(!is_allow && then.is_allow());
                    tallied.count("allowed by then");
                }
                _ => assert!(!is_allow && !then.is_allow(), "{case:#?}\n{documents}"),
            }
            for remedy in said.sets() {
                let applied = engine.apply(&Actor::System, options.at, &remedy.changes);
                let after = decision(applied.unwrap().engine(), &case, Manner::Names);
                assert!(after.is_allow(), "{remedy}\n{case:#?}\n{documents}");
                tallied.count("remedy");
            }
        }
    });
    tallied.report(&["remedy"]);
}
