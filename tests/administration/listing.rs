//! Pages of roles and packages (T5) against what is counted from the documents.

use std::cmp::Reverse;

use bailiwick::Timestamp;
use bailiwick::admin::{Actor, ListOrder, ListQuery, RolesListed};
use bailiwick::document::{PackageDocument, RoleDocument, UserDocument};
use caseless::Caseless;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use crate::account::Account;
use crate::office::office;
use crate::reference::administration::records::{brought_by_tokens, held, is_retired};
use crate::support::administration::{Asked, change, world};
use crate::support::documents::Documents;
use crate::support::generate;
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const NAMES: &[&str] = &[
    "",
    "Editor",
    "editor",
    "ÉDITEUR",
    "Sales Lead",
    "seller",
    "Weiß",
    "O\u{2019}Brien",
    "Cafe\u{301}",
];
const DESCRIPTIONS: &[&str] = &["", "Edits all that the SELLER sells", "for sales", "ΟΔΟΣ"];
const SOUGHT: &[&str] = &[
    "",
    "",
    "",
    "",
    "e",
    "SELL",
    "WEISS",
    "οδος",
    "o'brien",
    "CAFÉ",
    "system:",
    "éditeur",
    "οδοσ",
    "nothing of this",
];

/// A random account, named and dated at random, a few changes old.
pub(crate) fn account(seed: u64, number: u64) -> (Account, Rng) {
    // Some are written against an older version of their catalog.
    let (mut documents, mut rng) = match number % 3 {
        0 => generate::world(seed, number),
        _ => world(seed, number),
    };
    let text = |rng: &mut Rng, pool: &[&str]| {
        let text = (*rng.pick(pool)).to_owned();
        (!text.is_empty()).then_some(text)
    };
    for role in &mut documents.policy.roles {
        role.name = text(&mut rng, NAMES);
        role.description = text(&mut rng, DESCRIPTIONS);
        role.created = rng.chance(60).then(|| Timestamp(rng.below(3) as i64));
    }
    for package in &mut documents.policy.packages {
        package.name = text(&mut rng, NAMES);
        package.description = text(&mut rng, DESCRIPTIONS);
        package.created = rng.chance(60).then(|| Timestamp(rng.below(3) as i64));
    }
    for role in &mut documents.catalog.roles {
        role.name = text(&mut rng, NAMES);
        role.description = text(&mut rng, DESCRIPTIONS);
        role.unlisted = rng.chance(25);
    }
    let mut account = Account::of(&documents);
    for _ in 0..rng.below(5) {
        let asked = Asked {
            actor: Actor::System,
            at: documents.at,
            changes: vec![change(&account.documents, &mut rng)],
        };
        if let Ok(after) = account.apply(&asked) {
            account = after;
        }
    }
    (account, rng)
}

pub(crate) fn package(id: &str, roles: &[&str]) -> PackageDocument {
    PackageDocument {
        id: id.to_owned(),
        name: None,
        description: None,
        created: None,
        roles: roles.iter().map(|it| (*it).to_owned()).collect(),
    }
}

/// The roles that are to be listed, and how.
fn roles(documents: &Documents, listed: RolesListed) -> Vec<Value> {
    let model = documents.model();
    let people = held(&model);
    let count = |holds: &dyn Fn(&crate::reference::administration::records::Held) -> bool| {
        people.iter().filter(|it| holds(it)).count()
    };
    let Documents {
        catalog, policy, ..
    } = documents;
    let entry = |id: &String, name: &Option<String>, description, created, system: bool| {
        let packages = policy.packages.iter();
        let senior = |inherits: &Vec<String>| inherits.contains(id);
        let seniors = policy.roles.iter().filter(|it| senior(&it.inherits));
        let system_seniors = catalog.roles.iter().filter(|it| senior(&it.inherits));
        json!({
            "id": id,
            "name": name,
            "description": description,
            "created": created,
            "system": system,
            "retired": is_retired(&model, id),
            "assigned": count(&|it| it.directly.contains(id)),
            "by_packages": count(&|it| it.by_packages.contains(id)),
            "authorized": count(&|it| it.authorized.contains(id)),
            "packages": packages.filter(|it| it.roles.contains(id)).count(),
            "inherited_by": seniors.count() + system_seniors.count(),
            "brought_by_tokens": brought_by_tokens(&model, id),
        })
    };
    let system = catalog.roles.iter().filter(|it| match listed {
        RolesListed::Listed => !it.unlisted,
        RolesListed::OfAccount => false,
        RolesListed::Every => true,
        other => panic!("roles are listed in a new way: {other:?}"),
    });
    let system = system.map(|it| entry(&it.id, &it.name, &it.description, None, true));
    let own = policy.roles.iter();
    let own = own.map(|it| entry(&it.id, &it.name, &it.description, it.created, false));
    system.chain(own).collect()
}

/// Every package, as it is to be listed.
fn packages(documents: &Documents) -> Vec<Value> {
    let people = held(&documents.model());
    let entry = |it: &PackageDocument| {
        let assigned = people.iter().filter(|user| user.packages.contains(&it.id));
        json!({
            "id": it.id,
            "name": it.name,
            "description": it.description,
            "created": it.created,
            "roles": it.roles.len(),
            "assigned": assigned.count(),
        })
    };
    documents.policy.packages.iter().map(entry).collect()
}

/// The whole list that a query asks for, without its pages.
pub(crate) fn listed(mut all: Vec<Value>, query: &ListQuery) -> Vec<Value> {
    let lower = |text: &str| -> String {
        let folded = text.nfkc().default_case_fold().nfkc();
        folded
            .map(|c| if c == '\u{2019}' { '\'' } else { c })
            .collect()
    };
    let text = |it: &Value, field: &str| it[field].as_str().map(str::to_owned);
    let sought = lower(&query.search);
    all.retain(|it| {
        let texts = ["id", "name", "description"].map(|field| text(it, field));
        let mut texts = texts.into_iter().flatten();
        texts.any(|it| lower(&it).contains(&sought))
    });
    all.sort_by_key(|it| text(it, "id"));
    // Stable: equal ones stay ordered by id.
    let number = |it: &Value| {
        let counts = ["authorized", "assigned", "users"];
        counts.iter().find_map(|field| it.get(field))?.as_u64()
    };
    let name = |it: &Value| text(it, "name").or(text(it, "id")).map(|it| lower(&it));
    let created = |it: &Value| text(it, "created");
    match (query.order, query.descending) {
        (ListOrder::Name, false) => all.sort_by_key(name),
        (ListOrder::Name, true) => all.sort_by_key(|it| Reverse(name(it))),
        (ListOrder::Created, false) => all.sort_by_key(created),
        (ListOrder::Created, true) => all.sort_by_key(|it| Reverse(created(it))),
        (ListOrder::Users, false) => all.sort_by_key(number),
        (ListOrder::Users, true) => all.sort_by_key(|it| Reverse(number(it))),
        (_, false) => {}
        (_, true) => all.reverse(),
    }
    all
}

pub(crate) fn query(rng: &mut Rng) -> ListQuery {
    let orders = [
        ListOrder::Id,
        ListOrder::Name,
        ListOrder::Created,
        ListOrder::Users,
    ];
    let listed = [
        RolesListed::Listed,
        RolesListed::OfAccount,
        RolesListed::Every,
    ];
    let query = ListQuery::default()
        .search(*rng.pick(SOUGHT))
        .order(*rng.pick(&orders))
        .roles(*rng.pick(&listed));
    match rng.chance(50) {
        true => query.descending(),
        false => query,
    }
}

/// All pages of a query, each as serde writes it, put together.
pub(crate) fn put_together(
    query: &ListQuery,
    limit: usize,
    page: impl Fn(&ListQuery) -> Value,
) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let offset = all.len();
        let page = page(&query.clone().page(offset, limit));
        assert_eq!(page["offset"], offset);
        let entries = page["entries"].as_array().cloned().unwrap_or_default();
        let last = entries.is_empty();
        assert!(entries.len() <= limit);
        all.extend(entries);
        if last {
            assert_eq!(page["total"], all.len(), "{query:?}");
            return all;
        }
    }
}

#[test]
fn every_page_together_is_the_whole_list_in_order() {
    let tallied = Tallied::default();
    each_number(50, |seed, number| {
        let (account, mut rng) = account(seed, number);
        let Account { documents, engine } = &account;
        for _ in 0..4 {
            let query = query(&mut rng);
            let limit = rng.range(1, 5);
            let found = put_together(&query, limit, |it| json!(engine.list_roles(it)));
            let expected = listed(roles(documents, query.roles), &query);
            assert_eq!(found, expected, "{query:?}\n{documents}");
            tallied.count(&format!("{:?}", query.order));
            let kept_out = |it: &Value| {
                let mut roles = documents.catalog.roles.iter();
                roles.any(|role| role.unlisted && it["id"] == *role.id)
            };
            if query.roles == RolesListed::Every && found.iter().any(kept_out) {
                tallied.count("kept out of other lists");
            }
            for it in &found {
                let (assigned, authorized) = (&it["assigned"], &it["authorized"]);
                if it["by_packages"] != 0
                    && assigned != 0
                    && authorized.as_u64() > assigned.as_u64()
                {
                    tallied.count("held directly, by packages and by more besides");
                }
                if it["retired"] == true && authorized != 0 {
                    tallied.count("retired, and held");
                }
            }
            let found = put_together(&query, limit, |it| json!(engine.list_packages(it)));
            let expected = listed(packages(documents), &query);
            assert_eq!(found, expected, "{query:?}\n{documents}");
            if found.len() > 1 && !query.search.is_empty() {
                tallied.count("several packages found");
            }
        }
    });
    tallied.report(&[
        "Id",
        "Name",
        "Created",
        "Users",
        "held directly, by packages and by more besides",
        "retired, and held",
        "several packages found",
        "kept out of other lists",
    ]);
}

#[test]
fn a_page_past_the_end_is_empty_and_tells_the_total() {
    let office = office().role(RoleDocument::new("clerk"));
    let engine = office.documents.load();
    for (offset, limit) in [(100, 10), (usize::MAX, usize::MAX), (0, 0)] {
        let page = engine.list_roles(&ListQuery::default().page(offset, limit));
        assert_eq!(
            (page.total, page.offset, page.entries.len()),
            (5, offset, 0)
        );
    }
}

#[test]
fn a_user_with_a_role_twice_is_counted_once() {
    let office = office()
        .role(RoleDocument::new("clerk"))
        .role(RoleDocument::new("head").inherit("clerk"))
        .with(|it| {
            for id in ["floor", "shop"] {
                it.policy.packages.push(package(id, &["clerk"]));
            }
        })
        .user(
            UserDocument::new("ann")
                .role("clerk")
                .role("head")
                .package("floor")
                .package("shop"),
        )
        .user(UserDocument {
            suspended: true,
            ..UserDocument::new("sam").package("shop")
        });
    let engine = office.documents.load();
    let page = engine.list_roles(&ListQuery::default().search("clerk"));
    let clerk = &page.entries[0];
    let counts = (clerk.assigned, clerk.by_packages, clerk.authorized);
    assert_eq!(counts, (1, 2, 2));
    assert_eq!((clerk.packages, clerk.inherited_by), (2, 1));
}
