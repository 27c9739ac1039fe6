//! What a transaction is said to do is what it does (A6): held against what each user can do before and
//! after, and against who stands below whom.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::admin::{Actor, Applied};
use bailiwick::document::{AskedOn, Reach};
use bailiwick::{Ability, Engine, OperationId, PermissionId, Scope};

use crate::reference::abilities::{self, named};
use crate::reference::{Model, Subject};
use crate::support::administration::{change, world};
use crate::support::documents::Documents;
use crate::support::fields::add_fields;
use crate::support::run::{Tallied, each_number};

type Pair = (OperationId, Option<PermissionId>);

/// Reports leave conditions aside; what is lent is reported apart.
fn unconditional(mut documents: Documents, reach: Reach) -> Documents {
    documents.catalog.reach = reach;
    for operation in &mut documents.catalog.operations {
        operation.when.clear();
        operation
            .allowed_by
            .iter_mut()
            .for_each(|it| it.when.clear());
    }
    documents
}

/// Random changes to random accounts: the engine before, what was applied, and both in words.
fn each_change(reach: Reach, held: impl Fn(&Engine, &Applied, &str) + Sync) {
    each_number(60, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        let mut documents = unconditional(documents, reach);
        add_fields(&mut documents.catalog, &mut rng);
        let engine = documents.load();
        for _ in 0..6 {
            let change = change(&documents, &mut rng);
            let changes = std::slice::from_ref(&change);
            if let Ok(applied) = engine.apply(&Actor::System, documents.at, changes) {
                held(&engine, &applied, &format!("{change:#?}\n{documents}"));
            }
        }
    });
}

/// How far each user may do what, by each pair.
fn scopes(engine: &Engine) -> BTreeMap<String, BTreeMap<String, (Pair, Scope)>> {
    let users = engine.users().map(|user| {
        let can = engine.subject_can(&user.id);
        (user.id, can)
    });
    users.collect()
}

trait Can {
    fn subject_can(&self, user: &str) -> BTreeMap<String, (Pair, Scope)>;
}

impl Can for Engine {
    fn subject_can(&self, user: &str) -> BTreeMap<String, (Pair, Scope)> {
        let asked = bailiwick::Subject::user(user);
        let asked = self
            .account()
            .map_or(asked, |account| asked.account(account));
        let Ok(can) = self.what_can(asked) else {
            return BTreeMap::new();
        };
        can.map(|it| {
            let pair = (it.operation, it.permission);
            (format!("{pair:?}"), (pair, it.scope))
        })
        .collect()
    }
}

#[test]
fn access_gained_and_lost_is_what_users_gain_and_lose() {
    let tallied = Tallied::default();
    each_change(Reach::Owned, |engine, applied, told_of| {
        let (before, after) = (scopes(engine), scopes(applied.engine()));
        let mut expected = BTreeSet::new();
        let nothing = BTreeMap::new();
        for user in before.keys().chain(after.keys()) {
            let was = before.get(user).unwrap_or(&nothing);
            let is = after.get(user).unwrap_or(&nothing);
            for (name, (pair, _)) in was.iter().chain(is) {
                let scope = |of: &BTreeMap<String, (Pair, Scope)>| Some(of.get(name)?.1);
                if scope(was) != scope(is) {
                    let told = format!("{user} {pair:?} {:?} {:?}", scope(was), scope(is));
                    expected.insert(told);
                }
            }
        }
        let mut told = BTreeSet::new();
        for change in applied.report().access() {
            let users: Vec<&str> = change.users().collect();
            assert_eq!(users.len(), change.users);
            for scope in &change.scopes {
                let Ability::Operation(name) = &scope.ability else {
                    continue;
                };
                tallied.count(if scope.is_gain() { "gained" } else { "lost" });
                let (of, action) = name.split_once(':').unwrap();
                let operation = engine.catalog().operation(of, action).unwrap();
                for user in &users {
                    let pair: Pair = (operation, scope.permission);
                    let (was, is) = (scope.before, scope.after);
                    told.insert(format!("{user} {pair:?} {was:?} {is:?}"));
                }
            }
        }
        assert_eq!(told, expected, "{told_of}");
    });
    tallied.report(&["gained", "lost"]);
}

/// Fields and rights are told as the reference has them, user by user; and fields are seen in clear on
/// the records that this says.
#[test]
fn fields_and_rights_gained_and_lost_are_what_users_gain_and_lose() {
    let tallied = Tallied::default();
    for reach in [Reach::Owned, Reach::Accessible] {
        each_change(reach, |engine, applied, told_of| {
            let model = |engine: &Engine| {
                let catalog = engine.catalog().document();
                let (policy, directory) = (engine.policy(), engine.directory());
                Model::new(catalog, &policy, &directory, crate::support::generate::NOW)
            };
            let (before, after) = (model(engine), model(applied.engine()));
            let of = |model: &Model, engine: &Engine, id: &str| {
                model.abilities(&Subject::User {
                    id: id.to_owned(),
                    account: engine.account().map(str::to_owned),
                })
            };
            let mut expected = BTreeSet::new();
            let users = engine.users().chain(applied.engine().users());
            let users: BTreeSet<String> = users.map(|it| it.id).collect();
            for user in users {
                let was = of(&before, engine, &user);
                let is = of(&after, applied.engine(), &user);
                #[cfg(feature = "mask")]
                seen::held_against_fields(applied.engine(), &user, &is, &tallied, told_of);
                for difference in abilities::differences((&before, &was), (&after, &is)) {
                    expected.insert((user.clone(), difference));
                }
            }
            let mut told = BTreeSet::new();
            for change in applied.report().access() {
                for scope in &change.scopes {
                    let Some(ability) = named(&scope.ability) else {
                        continue;
                    };
                    let sign = if scope.is_gain() { "gained" } else { "lost" };
                    tallied.count(&format!("{} {sign}", kind(&scope.ability)));
                    for user in change.users() {
                        let difference = (ability.clone(), scope.before, scope.after);
                        assert!(told.insert((user.to_owned(), difference)), "{told_of}");
                    }
                }
            }
            assert_eq!(told, expected, "{told_of}");
        });
    }
    tallied.report(&[
        "field gained",
        "field lost",
        "change gained",
        "change lost",
        "setting gained",
        "property gained",
        "property lost",
        "role gained",
        "role lost",
        "account roles gained",
        "account roles lost",
    ]);
}

/// What roles are worth by themselves, where tokens may bring them, is told as the reference has it.
#[test]
fn roles_that_tokens_bring_gain_and_lose_what_they_are_worth() {
    let tallied = Tallied::default();
    each_change(Reach::Owned, |engine, applied, told_of| {
        let model = |engine: &Engine| {
            let catalog = engine.catalog().document();
            let (policy, directory) = (engine.policy(), engine.directory());
            Model::new(catalog, &policy, &directory, crate::support::generate::NOW)
        };
        let (before, after) = (model(engine), model(applied.engine()));
        let worth = |model: &Model, role: &str, is_there: bool| {
            let asked = Subject::Role {
                role: role.to_owned(),
                id: None,
                account: engine.account().map(str::to_owned),
                position: None,
                properties: BTreeMap::new(),
            };
            match is_there {
                true => (model.operations(&asked), model.abilities(&asked)),
                false => <(BTreeMap<_, _>, BTreeMap<_, _>)>::default(),
            }
        };
        let document = engine.catalog().document();
        let mut roles = BTreeSet::new();
        let mut brought = |engine: &Engine| -> BTreeSet<String> {
            let own = engine.policy().roles.into_iter().map(|it| it.id);
            let own = own.filter(|_| document.tokens.account_roles);
            let system = document.tokens.system_roles.iter().cloned();
            let all: BTreeSet<String> = own.chain(system).collect();
            roles.extend(all.iter().cloned());
            all
        };
        let (was, is) = (brought(engine), brought(applied.engine()));
        let told: BTreeMap<_, _> = {
            let told = applied.report().tokens().into_iter();
            told.map(|it| (it.role.to_owned(), it)).collect()
        };
        assert!(told.keys().all(|it| roles.contains(it)), "{told_of}");
        for role in &roles {
            let (was, is) = (was.contains(role), is.contains(role));
            let (operations_before, abilities_before) = worth(&before, role, was);
            let (operations, abilities) = worth(&after, role, is);
            let expected =
                abilities::differences((&before, &abilities_before), (&after, &abilities));
            let told = told.get(role);
            let scopes = told.map_or(&[][..], |it| &it.scopes);
            let others = scopes.iter().filter_map(|it| {
                let ability = named(&it.ability)?;
                tallied.count(if it.is_gain() { "more" } else { "less" });
                Some((ability, it.before, it.after))
            });
            assert_eq!(
                others.collect::<BTreeSet<_>>(),
                expected,
                "{role}\n{told_of}"
            );
            // By whichever permission: one may make up for what another loses.
            let every: BTreeSet<_> = operations_before.keys().chain(operations.keys()).collect();
            for name in every {
                let is_told = scopes.iter().any(
                    |it| matches!(&it.ability, Ability::Operation(operation) if operation == name),
                );
                let is_same = operations_before.get(name) == operations.get(name);
                assert!(is_told || is_same, "{role}, {name}\n{told_of}");
            }
            if was != is {
                tallied.count(if is { "may be brought" } else { "is gone" });
                let told = told.map(|it| (it.before, it.after));
                assert_eq!(told, Some((was, is)), "{told_of}");
            }
        }
    });
    tallied.report(&["more", "less", "may be brought", "is gone"]);
}

fn kind(ability: &Ability) -> &'static str {
    match ability {
        Ability::Field { .. } => "field",
        Ability::Change(_) => "change",
        Ability::ChangeSetting(_) => "setting",
        Ability::EditProperty(_) => "property",
        Ability::AssignRole(_) | Ability::RevokeRole(_) => "role",
        Ability::AssignAccountRoles | Ability::RevokeAccountRoles => "account roles",
        _ => "other",
    }
}

#[cfg(feature = "mask")]
mod seen {
    use std::collections::BTreeMap;

    use bailiwick::mask::View;
    use bailiwick::{Engine, OwnerPosition, Record, Scope, Subject};

    use crate::reference::abilities::Ability;
    use crate::support::run::Tallied;

    /// A field is in clear on a record of oneself, of nobody, of somebody in one's position and below it,
    /// where the scope reaches that.
    pub(super) fn held_against_fields(
        engine: &Engine,
        user: &str,
        abilities: &BTreeMap<Ability, Scope>,
        tallied: &Tallied,
        told_of: &str,
    ) {
        let own = engine.users().find(|it| it.id == user);
        let Some(position) = own.map(|it| it.position) else {
            return;
        };
        let policy = engine.policy();
        let below = policy.positions.iter().find(|it| {
            let (low, high) = (engine.position(&it.id), position.as_deref());
            let high = high.and_then(|it| engine.position(it));
            low.zip(high)
                .is_some_and(|(low, high)| engine.is_below(low, high))
        });
        for declared in &engine.catalog().document().types {
            let record = Record::of(&declared.id).id("1");
            let record = match engine.account() {
                Some(account) => record.account(account),
                None => record,
            };
            let mut probes = vec![
                (Scope::Own, record.clone().owner(user)),
                (Scope::All, record.clone()),
            ];
            let other = record.owner("nobody at all");
            if let Some(position) = &position {
                probes.push((
                    Scope::Peers,
                    other.clone().owner_position(OwnerPosition::Named(position)),
                ));
            }
            if let Some(below) = below {
                probes.push((
                    Scope::Reports,
                    other.owner_position(OwnerPosition::Named(&below.id)),
                ));
            }
            for (needed, record) in probes {
                let subject = Subject::user(user);
                let subject = match engine.account() {
                    Some(account) => subject.account(account),
                    None => subject,
                };
                let access = engine.fields(subject, &record);
                for field in &declared.fields {
                    let name = Ability::Field(declared.id.clone(), field.path.clone());
                    let is_seen = abilities.get(&name).is_some_and(|it| *it >= needed);
                    let view = access.field(&field.path).unwrap().view();
                    tallied.count(if is_seen { "seen" } else { "not seen" });
                    assert_eq!(
                        view == View::Clear,
                        is_seen,
                        "{user} {name:?} {needed}\n{told_of}"
                    );
                }
            }
        }
    }
}

#[test]
fn reach_gained_and_lost_is_who_comes_to_stand_below() {
    let tallied = Tallied::default();
    each_change(Reach::Owned, |engine, applied, told_of| {
        let below = |engine: &Engine, position: &Option<String>| -> BTreeSet<String> {
            let policy = engine.policy();
            let high = position.as_ref().and_then(|it| engine.position(it));
            let every = policy.positions.into_iter().map(|it| it.id);
            every
                .filter(|low| {
                    let low = engine.position(low);
                    low.zip(high)
                        .is_some_and(|(low, high)| engine.is_below(low, high))
                })
                .collect()
        };
        let placed = |engine: &Engine| -> BTreeMap<String, Option<String>> {
            engine
                .users()
                .map(|user| (user.id, user.position))
                .collect()
        };
        let (was, is) = (placed(engine), placed(applied.engine()));
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for user in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
            let position = |of: &BTreeMap<_, _>| of.get(user).cloned().flatten();
            let (was, is): (Option<String>, Option<String>) = (position(&was), position(&is));
            let (low, now) = (below(engine, &was), below(applied.engine(), &is));
            // A position that is gone and was given anew is another one.
            if was != is || low != now {
                let gained: Vec<_> = now.difference(&low).cloned().collect();
                let lost: Vec<_> = low.difference(&now).cloned().collect();
                let told = format!("{was:?} {is:?} {gained:?} {lost:?}");
                *expected.entry(told).or_default() += 1;
            }
        }
        let mut told = BTreeMap::new();
        for change in applied.report().reach() {
            let (mut gained, mut lost) = (change.gained, change.lost);
            gained.sort();
            lost.sort();
            if !gained.is_empty() {
                tallied.count("gained");
            }
            if !lost.is_empty() {
                tallied.count("lost");
            }
            let (was, is) = (change.before, change.after);
            told.insert(format!("{was:?} {is:?} {gained:?} {lost:?}"), change.users);
        }
        assert_eq!(told, expected, "{told_of}");
    });
    tallied.report(&["gained", "lost"]);
}

#[test]
fn what_is_lent_otherwise_is_what_people_come_to_have_by_lending() {
    let tallied = Tallied::default();
    each_change(Reach::Accessible, |engine, applied, told_of| {
        let report = applied.report();
        let changed: BTreeMap<String, (Vec<Pair>, Vec<Pair>)> = report
            .lending()
            .into_iter()
            .map(|it| (it.position, (it.gained, it.lost)))
            .collect();
        // An operation on the type is never lent (D14).
        for (operation, _) in changed
            .values()
            .flat_map(|(gained, lost)| gained.iter().chain(lost))
        {
            let on = applied.engine().catalog().asked_on(*operation);
            assert_eq!(on, Some(AskedOn::Record), "{told_of}");
        }
        let accessed: BTreeSet<String> = report
            .access()
            .iter()
            .flat_map(|it| it.users().map(String::from).collect::<Vec<_>>())
            .collect();
        let lent = |engine: &Engine, user: &str| -> Vec<Pair> {
            let asked = bailiwick::Subject::user(user);
            let asked = engine.account().map_or(asked, |it| asked.account(it));
            let can = engine.what_can(asked).into_iter().flatten();
            let lent = can.filter(|it| it.lent);
            lent.map(|it| (it.operation, it.permission)).collect()
        };
        // Of those whose own access and position stay, what is lent changes as is said.
        for user in applied.engine().users() {
            let before = engine.users().find(|it| it.id == user.id);
            let stayed = before.is_some_and(|it| it.position == user.position);
            if !stayed || accessed.contains(&user.id) {
                continue;
            }
            let (was, is) = (lent(engine, &user.id), lent(applied.engine(), &user.id));
            let position = user.position.clone().unwrap_or_default();
            let (gained, lost) = changed.get(&position).cloned().unwrap_or_default();
            for pair in is.iter().filter(|it| !was.contains(it)) {
                tallied.count("gained");
                assert!(gained.contains(pair), "{told_of}");
            }
            for pair in was.iter().filter(|it| !is.contains(it)) {
                tallied.count("lost");
                assert!(lost.contains(pair), "{told_of}");
            }
        }
    });
    tallied.report(&["gained", "lost"]);
}
