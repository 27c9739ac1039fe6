//! What is said of stored accounts is what the reference, which understands both catalogs, says of every
//! user; and what every user may come to do is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bailiwick::evolution::{AbilityUpgrade, AccountUpgrade, ComparedAbility};
use bailiwick::{Ability, Engine, Scope};

use crate::brute::{Asked, Pair, unconditional};
use crate::newer::{Newer, newer};
use crate::reference::abilities::{self, named};
use crate::reference::{Request, Resource, Subject};
use crate::support::ask::{Manner, answer, expected};
use crate::support::documents::Documents;
use crate::support::fields::add_fields;
use crate::support::generate::{self, NOW};
use crate::support::requests::{Case, Question, Requests};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

/// Accounts over each catalog.
const ACCOUNTS: usize = 10;

/// Accounts over random catalogs, each with what the newer catalog does to it.
fn each_account(
    share: u64,
    prepared: impl Fn(&mut Newer, &mut bailiwick::document::CatalogDocument) + Sync,
    held: impl Fn(&AccountUpgrade<'_>, [&Documents; 2], &Newer, &mut Rng) + Sync,
) {
    each_number(share, |seed, number| {
        let mut rng = Rng::nth(seed, number);
        let (mut older, accounts) = generate::accounts(&mut rng, ACCOUNTS);
        add_fields(&mut older, &mut rng);
        let mut newer = newer(&mut rng, &older, false);
        prepared(&mut newer, &mut older);
        let comparison = newer.since(&older);
        for (policy, directory) in accounts {
            let documents = [&older, &newer.catalog].map(|catalog| Documents {
                catalog: catalog.clone(),
                policy: policy.clone(),
                directory: directory.clone(),
                at: NOW,
            });
            let upgrade = comparison.account(policy, directory, NOW);
            held(&upgrade, documents.each_ref(), &newer, &mut rng);
        }
    });
}

/// What differs between two answers, with what each says.
fn differences<K: Ord + Clone, V: PartialEq + Copy>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
) -> Vec<(K, Option<V>, Option<V>)> {
    let every: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    let every = every.into_iter();
    let every = every.map(|key| {
        (
            key.clone(),
            before.get(key).copied(),
            after.get(key).copied(),
        )
    });
    every.filter(|(_, was, is)| was != is).collect()
}

fn pair(of: &ComparedAbility) -> Option<Pair> {
    let Ability::Operation(name) = &of.ability else {
        return None;
    };
    Some((name.clone(), of.on?, of.permission.clone()))
}

type Told = (
    Vec<(Pair, Option<Scope>, Option<Scope>)>,
    BTreeSet<(abilities::Ability, Option<Scope>, Option<Scope>)>,
);

/// Operations, and fields and rights.
fn told(upgrades: &[AbilityUpgrade<'_>]) -> Told {
    let pairs = upgrades.iter();
    let pairs = pairs.filter_map(|it| Some((pair(it.ability)?, it.before, it.after)));
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    let others = upgrades.iter();
    let others = others.filter(|it| !matches!(it.ability.ability, Ability::OwnContribution { .. }));
    let others = others.filter_map(|it| Some((named(&it.ability.ability)?, it.before, it.after)));
    (pairs, others.collect())
}

/// What the reference says of a subject.
fn of_subject(before: (&Asked<'_>, &Subject), after: (&Asked<'_>, &Subject)) -> Told {
    let pairs = differences(&before.0.pairs(before.1), &after.0.pairs(after.1));
    let (was, is) = (before.0.abilities(before.1), after.0.abilities(after.1));
    let others = abilities::differences((before.0.model(), &was), (after.0.model(), &is));
    (pairs, others)
}

fn same<T: PartialEq + Debug>(told: T, expected: T, what: &str, documents: [&Documents; 2]) {
    assert_eq!(
        told, expected,
        "{what}\n{}\nthen\n{}",
        documents[0], documents[1]
    );
}

#[test]
fn access_told_is_what_the_reference_says_of_each_user_and_role() {
    let tallied = Tallied::default();
    let strip = |newer: &mut Newer, older: &mut bailiwick::document::CatalogDocument| {
        newer.catalog = unconditional(&newer.catalog);
        *older = unconditional(older);
    };
    each_account(1_500, strip, |upgrade, documents, newer, _| {
        newer.steps.iter().for_each(|it| tallied.count(it));
        let Some(report) = upgrade.report() else {
            tallied.count("broken");
            return;
        };
        tallied.count("compared");
        let today = |path: &str| match newer.today.get(path) {
            Some(Some(today)) => today.clone(),
            _ => path.to_owned(),
        };
        let as_it_is = |path: &str| path.to_owned();
        let [old, new] = documents;
        let before = Asked::new(&old.catalog, &old.policy, &old.directory, &today);
        let after = Asked::new(&new.catalog, &new.policy, &new.directory, &as_it_is);

        let mut told_of_users = BTreeMap::new();
        for change in report.access() {
            let users: Vec<&str> = change.users().collect();
            assert_eq!(users.len(), change.users);
            let permissions = change.permissions.iter();
            let permissions = permissions.map(|it| {
                let path = it.permission.path.clone();
                (path, it.before, it.after)
            });
            let mut permissions: Vec<_> = permissions.collect();
            permissions.sort();
            for upgrade in &change.abilities {
                let sign = if upgrade.is_gain() { "gained" } else { "lost" };
                tallied.count(&match upgrade.ability.ability {
                    Ability::Operation(_) => sign.to_owned(),
                    Ability::Field { .. } => format!("field {sign}"),
                    Ability::EditProperty(_) => format!("right to a property {sign}"),
                    _ => format!("right {sign}"),
                });
            }
            for user in users {
                let told = (told(&change.abilities), permissions.clone());
                // What people contributed themselves is told besides, and is no part of this.
                if told == Default::default() {
                    tallied.count("own contributions");
                    continue;
                }
                assert!(told_of_users.insert(user.to_owned(), told).is_none());
            }
        }
        let mut expected = BTreeMap::new();
        for user in &old.directory.users {
            let subject = before.user(&user.id);
            let told = of_subject((&before, &subject), (&after, &subject));
            let (was, is) = (before.permissions(&subject), after.permissions(&subject));
            let permissions = differences(&was, &is);
            if told != Told::default() || !permissions.is_empty() {
                expected.insert(user.id.clone(), (told, permissions));
            }
        }
        same(told_of_users, expected, "access", documents);

        let mut told_of_roles = BTreeMap::new();
        for role in report.roles() {
            tallied.count("roles");
            let told = told(&role.abilities);
            if told != Told::default() {
                told_of_roles.insert(role.role.to_owned(), told);
            }
        }
        let mut expected = BTreeMap::new();
        let (was, is) = (upgrade.before().unwrap(), upgrade.after().unwrap());
        for role in is.roles().filter(|it| was.role(it).is_some()) {
            let subject = before.role(role);
            let told = of_subject((&before, &subject), (&after, &subject));
            if told != Told::default() {
                expected.insert(role.to_owned(), told);
            }
        }
        same(told_of_roles, expected, "roles", documents);

        let mut told_of_positions = BTreeSet::new();
        for change in report.lending() {
            tallied.count("lent otherwise");
            for (sign, pairs) in [('+', &change.gained), ('-', &change.lost)] {
                for lent in pairs {
                    let position = change.position.to_owned();
                    told_of_positions.insert((sign, (position, pair(lent).unwrap())));
                }
            }
        }
        let (was, is) = (before.lent(), after.lent());
        let gained = is.difference(&was).map(|it| ('+', it.clone()));
        let lost = was.difference(&is).map(|it| ('-', it.clone()));
        let expected: BTreeSet<_> = gained.chain(lost).collect();
        same(told_of_positions, expected, "lending", documents);
    });
    tallied.report(&[
        "compared",
        "broken",
        "gained",
        "lost",
        "field gained",
        "field lost",
        "right gained",
        "right lost",
        "roles",
        "lent otherwise",
        "renamed",
        "retired",
        "added",
        "narrowed",
        "required",
        "gated",
        "role retired",
        "adjustable",
        "fixed",
        "default moved",
        "opened",
        "asked otherwise",
        "feature retired",
        "role dropped",
        "property dropped",
        "property edited otherwise",
        "right to a property gained",
        "right to a property lost",
    ]);
}

/// Each user × each operation, on representative records in representative contexts: whoever may do what
/// they might not is told to gain, and whoever may no more is told to lose.
#[test]
fn whatever_a_check_allows_anew_or_no_more_is_told() {
    let tallied = Tallied::default();
    each_account(
        1_500,
        |_, _| {},
        |upgrade, documents, _, rng| {
            let Some(report) = upgrade.report() else {
                return;
            };
            let (before, after) = (upgrade.before().unwrap(), upgrade.after().unwrap());
            let told = Telling::of(&report);
            let [old, new] = documents;
            let models = [old.model(), new.model()];
            let drawn: Vec<Request> = [old, new]
                .into_iter()
                .filter(|it| !it.catalog.operations.is_empty())
                .flat_map(|it| {
                    let requests = Requests::of(it, rng);
                    (0..6)
                        .map(|_| requests.case(rng).request)
                        .collect::<Vec<_>>()
                })
                .collect();
            for drawn in drawn {
                for user in &old.directory.users {
                    for request in with_each_owner(&drawn, old, &user.id) {
                        let case = Case {
                            question: Question::Check,
                            request,
                        };
                        let allowed =
                            |engine: &Engine| answer(engine, &case, Manner::Names).allowed;
                        let (was, is) = (allowed(before), allowed(after));
                        // The naive evaluator understands both catalogs too.
                        assert_eq!(was, expected(&models[0], &case).allowed);
                        assert_eq!(is, expected(&models[1], &case).allowed);
                        if was == is {
                            continue;
                        }
                        let request = &case.request;
                        let operation = format!("{}:{}", request.resource.r#type, request.action);
                        let telling = if is { &told.gaining } else { &told.losing };
                        tallied.count(if is {
                            "allowed anew"
                        } else {
                            "allowed no more"
                        });
                        let lent = user.position.as_ref().is_some_and(|position| {
                            telling.contains(&(position.clone(), operation.clone(), true))
                        });
                        if lent {
                            tallied.count("by lending");
                        }
                        let named = (user.id.clone(), operation, false);
                        assert!(
                            lent || telling.contains(&named),
                            "not told: {request:#?}\n{report}\n{old}\nthen\n{new}",
                        );
                    }
                }
            }
        },
    );
    tallied.report(&["allowed anew", "allowed no more", "by lending"]);
}

/// Users, and positions that are lent, with the operations that they may come to do or not to do.
struct Telling {
    gaining: BTreeSet<(String, String, bool)>,
    losing: BTreeSet<(String, String, bool)>,
}

impl Telling {
    fn of(report: &bailiwick::evolution::UpgradeReport<'_>) -> Telling {
        let (mut gaining, mut losing) = (BTreeSet::new(), BTreeSet::new());
        for change in report.access() {
            for upgrade in &change.abilities {
                let Ability::Operation(operation) = &upgrade.ability.ability else {
                    continue;
                };
                for user in change.users() {
                    let told = (user.to_owned(), operation.clone(), false);
                    if upgrade.is_gain() {
                        gaining.insert(told.clone());
                    }
                    if upgrade.is_loss() {
                        losing.insert(told);
                    }
                }
            }
        }
        for change in report.lending() {
            for (telling, pairs) in [(&mut gaining, &change.gained), (&mut losing, &change.lost)] {
                for pair in pairs {
                    let position = change.position.to_owned();
                    if let Ability::Operation(operation) = &pair.ability {
                        telling.insert((position, operation.clone(), true));
                    }
                }
            }
        }
        Telling { gaining, losing }
    }
}

/// The request by that user, on the type and on a record of each owner, of somebody unknown, and of nobody.
fn with_each_owner(drawn: &Request, documents: &Documents, user: &str) -> Vec<Request> {
    let account = documents.policy.account.clone();
    let subject = crate::reference::Subject::User {
        id: user.to_owned(),
        account: account.clone(),
    };
    let with = |resource: Resource| Request {
        subject: subject.clone(),
        resource,
        ..drawn.clone()
    };
    let record = Resource {
        on_type: false,
        account: account.clone(),
        id: Some("1".to_owned()),
        ..drawn.resource.clone()
    };
    let mut requests = vec![with(Resource {
        on_type: true,
        id: None,
        owner: None,
        ..record.clone()
    })];
    let every = documents
        .directory
        .users
        .iter()
        .map(|it| Some(it.id.clone()));
    for owner in every.chain([None, Some("nobody".to_owned())]) {
        let owner_position = crate::reference::OwnerPosition::Directory;
        requests.push(with(Resource {
            owner,
            owner_position,
            ..record.clone()
        }));
    }
    requests
}
