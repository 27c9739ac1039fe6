//! Pages of users and positions, the holders of a role, a package and a position, and whom a refusal
//! names (A5): each against what is counted from the documents.

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, Change, HoldersOf, ListOrder, ListQuery, Refusal, UsedIdKind};
use bailiwick::document::{RoleDocument, UserDocument};
use serde_json::{Value, json};

use crate::account::Account;
use crate::listing::{account, listed, put_together, query};
use crate::office::office;
use crate::reference::administration::{self, records::Held, records::held};
use crate::support::administration::actor;
use crate::support::documents::Documents;
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const NAMES: &[&str] = &["", "", "Ann", "ann lee", "Éva", "éva", "Bob", "Zoë"];

/// A random account with more people, many of whom are called alike.
fn peopled(seed: u64, number: u64) -> (Account, Rng) {
    let (account, mut rng) = account(seed, number);
    let mut documents = account.documents;
    let known = documents.directory.users.clone();
    for (n, user) in known.iter().cycle().take(rng.range(5, 30)).enumerate() {
        documents.directory.users.push(UserDocument {
            id: format!("{}-{n}", user.id),
            ..user.clone()
        });
    }
    for user in &mut documents.directory.users {
        let name = *rng.pick(NAMES);
        user.name = (!name.is_empty()).then(|| name.to_owned());
    }
    for position in &mut documents.policy.positions {
        let name = *rng.pick(NAMES);
        position.name = (!name.is_empty()).then(|| name.to_owned());
    }
    (Account::of(&documents), rng)
}

/// The users as they are to be listed, of those for whom it holds.
fn users(documents: &Documents, holds: impl Fn(&UserDocument, &Held) -> bool) -> Vec<Value> {
    let people = held(&documents.model());
    let people = documents.directory.users.iter().zip(&people);
    let entry = |(user, held): (&UserDocument, &Held)| {
        json!({
            "id": user.id,
            "name": user.name,
            "suspended": user.suspended,
            "position": user.position,
            "roles": held.directly.len(),
            "packages": held.packages.len(),
        })
    };
    people
        .filter(|(user, held)| holds(user, held))
        .map(entry)
        .collect()
}

fn positions(documents: &Documents) -> Vec<Value> {
    let every = &documents.policy.positions;
    let entry = |id: &String, name: &Option<String>, above: usize| {
        let below = every.iter().filter(|it| it.reports_to.contains(id));
        let users = documents.directory.users.iter();
        json!({
            "id": id,
            "name": name,
            "reports_to": above,
            "reported_to_by": below.count(),
            "users": users.filter(|it| it.position.as_ref() == Some(id)).count(),
        })
    };
    every
        .iter()
        .map(|it| entry(&it.id, &it.name, it.reports_to.len()))
        .collect()
}

#[test]
fn pages_of_people_and_their_holders_are_the_documents() {
    let tallied = Tallied::default();
    each_number(200, |seed, number| {
        let (account, mut rng) = peopled(seed, number);
        let Account { documents, engine } = &account;
        let query = query(&mut rng).search(*rng.pick(&["", "", "an", "ÉVA", "nobody's"]));
        let limit = rng.range(1, 9);
        let found = put_together(&query, limit, |it| json!(engine.list_users(it)));
        assert_eq!(
            found,
            listed(users(documents, |_, _| true), &query),
            "{query:?}"
        );
        let found = put_together(&query, limit, |it| json!(engine.list_positions(it)));
        assert_eq!(found, listed(positions(documents), &query), "{query:?}");

        let check = |of: HoldersOf<'_>, expected: Vec<Value>, what: &str| {
            let pages = |it: &ListQuery| json!(engine.list_holders(of, it).expect("there is one"));
            let found = put_together(&query, limit, pages);
            if found.len() > 1 {
                tallied.count(what);
            }
            assert_eq!(found, listed(expected, &query), "{of:?} by {query:?}");
        };
        for id in engine.roles() {
            let by = |_: &UserDocument, it: &Held| it.authorized.contains(id);
            check(HoldersOf::Role(id), users(documents, by), "a role");
            let by = |_: &UserDocument, it: &Held| it.directly.contains(id);
            check(
                HoldersOf::AssignedRole(id),
                users(documents, by),
                "an assigned role",
            );
        }
        for it in &documents.policy.packages {
            let by = |_: &UserDocument, held: &Held| held.packages.contains(&it.id);
            check(
                HoldersOf::Package(&it.id),
                users(documents, by),
                "a package",
            );
        }
        for it in &documents.policy.positions {
            let by = |user: &UserDocument, _: &Held| user.position.as_ref() == Some(&it.id);
            check(
                HoldersOf::Position(&it.id),
                users(documents, by),
                "a position",
            );
        }
        for of in [
            HoldersOf::Role("no such"),
            HoldersOf::AssignedRole("no such"),
            HoldersOf::Package("no such"),
            HoldersOf::Position("no such"),
        ] {
            assert_eq!(engine.list_holders(of, &query), None);
        }

        for user in engine.directory().users {
            assert_eq!(engine.user_document(&user.id).as_ref(), Some(&user));
            assert!(!engine.is_used_id(UsedIdKind::User, &user.id));
        }
        let used = engine.policy().used_ids;
        for (kind, ids) in [
            (UsedIdKind::User, used.users),
            (UsedIdKind::Role, used.roles),
            (UsedIdKind::Position, used.positions),
        ] {
            assert!(!engine.is_used_id(kind, "no such"));
            for id in ids {
                assert!(engine.is_used_id(kind, &id), "{id}");
                tallied.count("a used id");
                if kind == UsedIdKind::User {
                    assert_eq!(engine.user_document(&id), None);
                }
            }
        }
    });
    tallied.report(&[
        "a role",
        "an assigned role",
        "a package",
        "a position",
        "a used id",
    ]);
}

/// Whom the actor may edit, by the reference.
fn reached<'d>(documents: &'d Documents, actor: &Actor) -> Vec<&'d str> {
    let may_edit = |user: &&UserDocument| {
        let change = Change::DescribeUser {
            user: user.id.clone(),
            name: Some("called so by nobody".to_owned()),
        };
        let Documents {
            catalog,
            policy,
            directory,
            at,
        } = documents;
        administration::apply(catalog, policy, directory, actor, *at, &[change]).is_ok()
    };
    let users = documents.directory.users.iter().filter(may_edit);
    users.map(|it| it.id.as_str()).collect()
}

#[test]
fn refusals_name_the_first_ten_whom_the_actor_may_edit() {
    let tallied = Tallied::default();
    each_number(800, |seed, number| {
        let (account, mut rng) = peopled(seed, number);
        let Account { documents, engine } = &account;
        let actor = actor(documents, &mut rng);
        let reached = reached(documents, &actor);
        let policy = &documents.policy;
        let roles = policy.roles.iter().map(|it| Change::DeleteRole {
            role: it.id.clone(),
        });
        let packages = policy.packages.iter().map(|it| Change::DeletePackage {
            package: it.id.clone(),
        });
        let positions = policy.positions.iter().map(|it| Change::DeletePosition {
            position: it.id.clone(),
        });
        for change in roles.chain(packages).chain(positions) {
            let Err(refused) = engine.apply(&actor, documents.at, &[change]) else {
                continue;
            };
            let (count, people, holders) = match refused.reason {
                Refusal::RoleInUse {
                    role,
                    users: count,
                    people,
                    ..
                } => {
                    let by = |_: &UserDocument, it: &Held| it.directly.contains(&role);
                    (count, people, users(documents, by))
                }
                Refusal::PackageInUse {
                    package,
                    users: count,
                    people,
                } => {
                    let by = |_: &UserDocument, it: &Held| it.packages.contains(&package);
                    (count, people, users(documents, by))
                }
                Refusal::PositionInUse {
                    position,
                    users: count,
                    people,
                    ..
                } => {
                    let by = |it: &UserDocument, _: &Held| it.position.as_ref() == Some(&position);
                    (count, people, users(documents, by))
                }
                _ => continue,
            };
            assert_eq!(count, holders.len());
            let by_name = ListQuery::default().order(ListOrder::Name);
            let named: Vec<Value> = listed(holders, &by_name)
                .into_iter()
                .filter(|it| it["id"].as_str().is_some_and(|id| reached.contains(&id)))
                .take(10)
                .collect();
            let people: Vec<Value> = people
                .iter()
                .map(|it| json!({ "id": it.id, "name": it.name }))
                .collect();
            let named: Vec<Value> = named
                .iter()
                .map(|it| json!({ "id": it["id"], "name": it["name"] }))
                .collect();
            assert_eq!(people, named, "{actor:?}");
            tallied.count(match (people.len(), count) {
                (0, 0) => "nobody",
                (0, _) => "counted alone",
                (10, 11..) => "ten of more",
                (named, count) if named < count => "some of all",
                _ => "all",
            });
        }
    });
    tallied.report(&["counted alone", "ten of more", "some of all", "all"]);
}

#[test]
fn a_refusal_says_who_and_how_many_more() {
    let people = |many: usize| {
        let mut office = office().role(RoleDocument::new("clerk"));
        for n in 0..many {
            office = office.user(UserDocument {
                name: (n % 2 == 0).then(|| format!("Person {n:02}")),
                ..UserDocument::new(format!("u{n:02}")).role("clerk")
            });
        }
        let engine = office.documents.load();
        let delete = Change::DeleteRole {
            role: "clerk".to_owned(),
        };
        let refused = engine.apply(&Actor::System, Timestamp(100), &[delete]);
        refused.unwrap_err().reason.to_string()
    };
    assert_eq!(
        people(1),
        "role `clerk` is assigned to `1` user: `Person 00` (`u00`)"
    );
    assert_eq!(
        people(2),
        "role `clerk` is assigned to `2` users: `Person 00` (`u00`) and `u01`"
    );
    assert_eq!(
        people(22),
        "role `clerk` is assigned to `22` users: `Person 00` (`u00`), `Person 02` (`u02`), \
         `Person 04` (`u04`), `Person 06` (`u06`), `Person 08` (`u08`), `Person 10` (`u10`), \
         `Person 12` (`u12`), `Person 14` (`u14`), `Person 16` (`u16`), `Person 18` (`u18`) and 12 more"
    );
}
