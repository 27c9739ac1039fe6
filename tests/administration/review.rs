//! What a review finds, and trees of roles, against what the documents come to.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::admin::{DeniedBy, TickState};
use bailiwick::document::{
    DirectoryDocument, GrantDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};
use serde_json::json;

use crate::listing::{account, package};
use crate::office::office;
use crate::reference::administration::records::{
    Sum, come_to, held, inherited, is_retired, juniors, own,
};
use crate::support::documents::Documents;
use crate::support::run::{Tallied, each_number};

fn is_within(one: &Sum, other: &Sum) -> bool {
    let further = |(path, scope): (&String, &Scope)| other.0.get(path) >= Some(scope);
    one.0.iter().all(further) && one.1.is_subset(&other.1)
}

fn is_nothing(sum: &Sum) -> bool {
    sum.0.is_empty() && sum.1.is_empty()
}

/// The roles that are not retired.
fn reviewed(documents: &Documents) -> BTreeMap<String, Sum> {
    let model = documents.model();
    let mut sums = come_to(&model);
    sums.retain(|role, _| !is_retired(&model, role));
    sums
}

fn duplicates(sums: &BTreeMap<String, Sum>) -> BTreeSet<Vec<String>> {
    let like = |sum: &Sum| -> Vec<String> {
        let alike = sums.iter().filter(|(_, other)| *other == sum);
        alike.map(|(role, _)| role.clone()).collect()
    };
    let sums = sums.values().filter(|sum| !is_nothing(sum));
    sums.map(like).filter(|roles| roles.len() > 1).collect()
}

#[test]
fn a_review_finds_what_the_documents_come_to() {
    let tallied = Tallied::default();
    each_number(50, |seed, number| {
        let (account, _) = account(seed, number);
        let documents = &account.documents;
        let review = account.engine.review();
        let model = documents.model();
        let people = held(&model);
        let is_held = |role: &String| people.iter().any(|it| it.authorized.contains(role));
        let sums = reviewed(documents);

        let found: Vec<&str> = review.held_roles().iter().map(|it| it.id).collect();
        let all = come_to(&model);
        let expected: Vec<&String> = all.keys().filter(|role| is_held(role)).collect();
        assert_eq!(found, expected, "held\n{documents}");

        let found: Vec<&str> = review.unassigned_roles().iter().map(|it| it.id).collect();
        let expected: Vec<&String> = sums.keys().filter(|role| !is_held(role)).collect();
        assert_eq!(found, expected, "unassigned\n{documents}");

        let found = json!(review.empty_roles());
        let empty = sums.iter().filter(|(_, sum)| sum.0.is_empty());
        let empty = empty.map(|(role, sum)| json!({ "id": role, "denies": !sum.1.is_empty() }));
        assert_eq!(found, json!(empty.collect::<Vec<_>>()), "{documents}");

        let found = review.duplicate_roles();
        let expected = duplicates(&sums);
        assert_eq!(json!(found), json!(expected), "{documents}");
        if !found.is_empty() {
            tallied.count("duplicates");
        }

        let found = review.dominated_roles();
        assert!(found.is_whole());
        let found = found.roles;
        let mut expected = Vec::new();
        for (role, sum) in sums.iter().filter(|(_, sum)| !is_nothing(sum)) {
            let dominates = |(_, other): &(&String, &Sum)| is_within(sum, other) && *other != sum;
            let dominators: Vec<_> = sums.iter().filter(dominates).collect();
            let by = dominators.iter().map(|(by, other)| {
                let inherited = juniors(&model, by).contains(role);
                (inherited, other.0.len() + other.1.len(), *by)
            });
            if let Some((inherited, _, by)) = by.min() {
                expected.push(json!({
                    "role": role,
                    "by": by,
                    "inherited": inherited,
                    "dominators": dominators.len(),
                }));
                tallied.count(match inherited {
                    true => "dominated by what inherits it alone",
                    false => "dominated",
                });
            }
        }
        assert_eq!(json!(found), json!(expected), "{documents}");

        let packages = &documents.policy.packages;
        let has = |package: &String| people.iter().any(|it| it.packages.contains(package));
        let mut expected: Vec<&String> = packages.iter().map(|it| &it.id).collect();
        expected.retain(|it| !has(it));
        expected.sort();
        let found: Vec<&str> = review
            .unassigned_packages()
            .iter()
            .map(|it| it.id)
            .collect();
        assert_eq!(found, expected, "{documents}");

        let mut expected = Vec::new();
        for package in packages {
            let roles: Vec<&Sum> = package.roles.iter().filter_map(|it| all.get(it)).collect();
            if roles.iter().all(|sum| sum.0.is_empty()) {
                let denies = roles.iter().any(|sum| !sum.1.is_empty());
                expected.push((package.id.clone(), denies));
                tallied.count("empty packages");
            }
        }
        expected.sort();
        let found = review.empty_packages().into_iter();
        let found: Vec<(String, bool)> = found.map(|it| (it.id.to_owned(), it.denies)).collect();
        assert_eq!(found, expected, "{documents}");
    });
    tallied.report(&[
        "duplicates",
        "dominated",
        "dominated by what inherits it alone",
        "empty packages",
    ]);
}

/// The definition, by deciding: whoever has both roles loses nothing with the dominated one.
#[test]
fn without_a_dominated_role_every_decision_stays() {
    let tallied = Tallied::default();
    each_number(100, |seed, number| {
        let (account, _) = account(seed, number);
        let policy = account.engine.policy();
        let Ok(catalog) = Catalog::new(
            account.documents.catalog.clone(),
            Warnings::Into(&mut Vec::new()),
        ) else {
            panic!("the catalog does not load");
        };
        for found in account.engine.review().dominated_roles().roles {
            let with = |roles: &[&str]| {
                let user = UserDocument::new("both");
                let user = roles.iter().fold(user, |user, role| user.role(*role));
                let engine = alone(&catalog, &policy, user);
                let what = engine.what_can("both");
                let what = what.map(|it| it.map(|it| format!("{it:?}")).collect::<Vec<_>>());
                what.map_err(|it| format!("{it:?}"))
            };
            let (both, one) = (with(&[found.by, found.role]), with(&[found.by]));
            assert_eq!(both, one, "{found:?}\n{}", account.documents);
            tallied.count("compared");
        }
    });
    tallied.report(&["compared"]);
}

/// An account with one user.
fn alone(catalog: &Catalog, policy: &PolicyDocument, user: UserDocument) -> Engine {
    let mut policy = policy.clone();
    policy.used_ids.users.clear();
    let directory = DirectoryDocument::new([user]);
    match Engine::new(
        catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    ) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{problems}"),
    }
}

#[test]
fn a_tree_shows_what_the_documents_come_to() {
    each_number(100, |seed, number| {
        let (account, _) = account(seed, number);
        let model = account.documents.model();
        let (all, own, inherited) = (come_to(&model), own(&model), inherited(&model));
        for (role, sum) in &all {
            let Ok(tree) = account.engine.role_tree(role) else {
                panic!("no tree of {role}\n{}", account.documents);
            };
            let nodes: Vec<_> = tree.nodes().collect();
            assert_eq!(nodes.len(), account.documents.catalog.permissions.len());
            for node in &nodes {
                let below = format!("{}.", node.path);
                let is_below = |path: &str| path == node.path || path.starts_with(&below);
                let below: Vec<&str> = nodes.iter().map(|it| it.path).collect();
                let below: Vec<&str> = below.into_iter().filter(|it| is_below(it)).collect();
                let has = |path: &str| sum.0.contains_key(path) && !sum.1.contains(path);
                let set = below.iter().filter(|it| has(it)).count();
                let state = match set {
                    0 => TickState::Unchecked,
                    _ if set == below.len() => TickState::Checked,
                    _ => TickState::Partial,
                };
                let path = node.path;
                let denied = match (own[role].1.contains(path), inherited[role].1.contains(path)) {
                    (true, _) => Some(DeniedBy::Itself),
                    (false, true) => Some(DeniedBy::Junior),
                    (false, false) => None,
                };
                let expected = (
                    state,
                    own[role].0.get(path).copied(),
                    inherited[role].0.get(path).copied(),
                    denied,
                );
                let found = (node.state, node.tick, node.inherited, node.denied);
                assert_eq!(found, expected, "{role} {path}\n{}", account.documents);
            }
        }
    });
}

#[test]
fn a_tree_reads_well() {
    let head = RoleDocument::new("head")
        .inherit("system:lead")
        .grant(("contacts.view", Scope::Reports))
        .grant("contacts.text")
        .deny("accounts");
    let engine = office().role(head).documents.load();
    let text = |role| engine.role_tree(role).map(|it| it.to_string());
    let head = "\
[ ] admin
[ ] assign
[ ] revoke
[-] contacts (inherited)
  [x] contacts.view (granted: reports; inherited: own)
  [ ] contacts.edit
  [x] contacts.text (granted; locked: texting)
[ ] accounts (denied)
[x] sharing (inherited; adjustable)
";
    assert_eq!(text("head").as_deref(), Ok(head));
    let lead = "\
[ ] admin
[ ] assign
[ ] revoke
[-] contacts (granted)
  [x] contacts.view (inherited: own)
  [ ] contacts.edit
  [ ] contacts.text (locked: texting)
[ ] accounts
[x] sharing (granted; adjustable)
";
    assert_eq!(text("system:lead").as_deref(), Ok(lead));
    let Err(unknown) = engine.role_tree("system:leed") else {
        panic!("there is no such role");
    };
    let expected = "unknown role `system:leed`; did you mean `system:lead`?";
    assert_eq!(unknown.to_string(), expected);
}

#[test]
fn a_review_reads_well() {
    let plain = |id: &str| RoleDocument::new(id).grant(("contacts.view", Scope::Own));
    let everything = GrantDocument::from(("contacts.*", Scope::All));
    let engine = office()
        .role(plain("viewer"))
        .role(plain("viewer_too"))
        .role(RoleDocument::new("editor").grant(everything))
        .role(RoleDocument::new("barred").deny("accounts"))
        .role(RoleDocument::new("blank"))
        .with(|it| {
            it.policy.packages.push(package("box", &[]));
            let everybody = ["viewer", "viewer_too", "editor", "barred", "blank"];
            let everybody = everybody.into_iter().chain(["system:lead", "system:owner"]);
            let user = UserDocument::new("ann");
            let user = everybody.fold(user, |user, role| user.role(role));
            it.directory.users.push(user);
        })
        .documents
        .load();
    let expected = "\
role `barred` grants nothing, and denies
role `blank` grants nothing
roles `system:member`, `viewer`, `viewer_too` come to the same
role `system:member` grants and denies nothing that `editor` does not
role `viewer` grants and denies nothing that `system:lead` does not
role `viewer_too` grants and denies nothing that `system:lead` does not
package `box` is assigned to nobody
package `box` grants nothing
";
    assert_eq!(engine.review().to_string(), expected);
}

/// Every role of a line is dominated by all above it.
#[test]
fn a_line_of_two_thousand_roles_is_reviewed() {
    const ROLES: usize = 2_000;
    const PERMISSIONS: usize = ROLES / 4;
    let mut documents = office().documents;
    documents.policy.roles.clear();
    documents.directory.users.clear();
    let path = |n: usize| format!("p{:04}", n);
    let permissions = (0..PERMISSIONS).map(|n| {
        let mut permission = documents.catalog.permissions[0].clone();
        permission.path = path(n);
        permission
    });
    let permissions: Vec<_> = permissions.collect();
    documents.catalog.permissions.extend(permissions);
    let roles = (0..ROLES).map(|n| {
        let scope = Scope::EVERY[n % 4];
        let role = RoleDocument::new(format!("r{n:05}")).grant((&*path(n / 4), scope));
        match n.checked_sub(1) {
            Some(below) => role.inherit(format!("r{below:05}")),
            None => role,
        }
    });
    documents.policy.roles = roles.collect();
    let engine = documents.load();
    let dominated = engine.review().dominated_roles().roles;
    assert!(engine.review().duplicate_roles().is_empty());
    let line = dominated.iter().filter(|it| it.role.starts_with('r'));
    let counts: Vec<usize> = line.map(|it| it.dominators).collect();
    let expected: Vec<usize> = (1..ROLES).rev().collect();
    assert_eq!(counts, expected);
}
