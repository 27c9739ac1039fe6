//! Where a newer catalog only renames, retires, narrows and adds: nobody gains anything but what the rules
//! give to wildcards, and every deny still denies what it denied, at its new place (D5, D16).

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::document::{
    AssignmentDocument, CatalogDocument, DenialDocument, DirectoryDocument, GrantDocument,
    PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::evolution::NarrowedBy;
use bailiwick::{Catalog, Engine, OnType, Scope, Subject, Warnings};

use crate::brute::probed;
use crate::newer::{Newer, newer};
use crate::reference::formats::format_of_catalog;
use crate::reference::names::Names;
use crate::support::generate::{self, NOW};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const ACCOUNTS: usize = 10;

type Stored = Vec<(PolicyDocument, DirectoryDocument)>;

/// What a role grants and denies, each permission by its own path.
fn written_out(
    catalog: &CatalogDocument,
    written: u32,
    grants: &mut Vec<GrantDocument>,
    denies: &mut Vec<DenialDocument>,
) {
    let names = Names { catalog, written };
    let mut granted: BTreeMap<String, Scope> = BTreeMap::new();
    for grant in &*grants {
        for (path, scope) in names.grant(grant) {
            let known = granted.entry(path).or_insert(scope);
            *known = (*known).max(scope);
        }
    }
    let denied: BTreeSet<String> = denies.iter().flat_map(|it| names.denial(it)).collect();
    // Without their exceptions they take away more.
    let alone = denied.iter().map(|it| DenialDocument::from(it.as_str()));
    let denied: BTreeSet<String> = alone.flat_map(|it| names.denial(&it)).collect();
    let granted = granted.iter();
    *grants = granted
        .map(|(path, scope)| GrantDocument::from((path.as_str(), *scope)))
        .collect();
    let denied = denied.iter();
    *denies = denied.map(|it| DenialDocument::from(it.as_str())).collect();
}

/// A catalog whose roles name what they grant, a newer one that only narrows it, and accounts.
fn narrowed(seed: u64, number: u64) -> (CatalogDocument, Newer, Stored) {
    let mut rng = Rng::nth(seed, number);
    let (mut older, accounts) = generate::accounts(&mut rng, ACCOUNTS);
    let before = older.clone();
    for role in &mut older.roles {
        let written = before.version;
        written_out(&before, written, &mut role.grants, &mut role.denies);
    }
    let newer = newer(&mut rng, &older, true);
    (older, newer, accounts)
}

#[test]
fn where_roles_name_what_they_grant_nobody_gains_anything() {
    let tallied = Tallied::default();
    each_number(1_000, |seed, number| {
        let (older, newer, accounts) = narrowed(seed, number);
        let comparison = newer.since(&older);
        newer.steps.iter().for_each(|it| tallied.count(it));
        for (mut policy, directory) in accounts {
            if policy.catalog_version < older.version {
                tallied.count("left out");
                continue;
            }
            for role in &mut policy.roles {
                let written = older.version;
                written_out(&older, written, &mut role.grants, &mut role.denies);
            }
            let upgrade = comparison.account(policy.clone(), directory, NOW);
            // None of these steps breaks anything.
            let report = upgrade.report().unwrap_or_else(|| panic!("{upgrade}"));
            tallied.count("accounts");
            let told = || {
                let [old, new] = [&older, &newer.catalog].map(|it| toml::to_string(it).unwrap());
                format!(
                    "{report}\n{:?}\n{comparison}\n{policy:#?}\n{old}\nthen\n{new}",
                    newer.steps
                )
            };
            for change in report.access() {
                assert!(!change.is_gain(), "{}", told());
                tallied.count("lost");
            }
            for change in report.lending() {
                assert!(change.gained.is_empty(), "{}", told());
            }
            for role in report.roles() {
                assert!(!role.abilities.iter().any(|it| it.is_gain()), "{}", told());
            }
        }
    });
    tallied.report(&[
        "accounts",
        "lost",
        "renamed",
        "retired",
        "added",
        "narrowed",
        "required",
        "gated",
        "role retired",
        "pair removed",
    ]);
}

/// The roles of a user, and all that they inherit.
fn authorized<'p>(policy: &'p PolicyDocument, user: &UserDocument) -> Vec<&'p RoleDocument> {
    let held = |it: &&AssignmentDocument| it.until.is_none_or(|until| until > NOW);
    let roles = user.roles.iter().filter(held).map(|it| it.id.clone());
    let packages = user.packages.iter().filter(held).flat_map(|it| {
        let package = policy.packages.iter().find(|package| package.id == it.id);
        package.map_or_else(Vec::new, |it| it.roles.clone())
    });
    let mut open: Vec<String> = roles.chain(packages).collect();
    let mut found: BTreeMap<&str, &RoleDocument> = BTreeMap::new();
    while let Some(id) = open.pop() {
        if let Some(role) = policy.roles.iter().find(|it| it.id == id)
            && found.insert(&role.id, role).is_none()
        {
            open.extend(role.inherits.iter().cloned());
        }
    }
    found.into_values().collect()
}

/// Why a grant gives more than it did, by the rules; `None` if it does not.
fn why_more(
    grant: &GrantDocument,
    written: u32,
    older: &CatalogDocument,
    newer: &Newer,
) -> Option<&'static str> {
    let given = |catalog| Names { catalog, written }.grant(grant);
    let before = given(older);
    let origin: BTreeMap<&str, &str> = newer
        .today
        .iter()
        .filter_map(|(old, today)| Some((today.as_deref()?, old.as_str())))
        .collect();
    let is_wildcard = grant.select == "*" || grant.select.ends_with(".*");
    let mut why = None;
    for (path, scope) in given(&newer.catalog) {
        let old = origin.get(path.as_str());
        if old.and_then(|it| before.get(*it)) >= Some(&scope) {
            continue;
        }
        why = Some(match old {
            // D5: also what later catalogs add.
            None => {
                assert!(is_wildcard, "{grant:?} gives {path}, which is new");
                "added"
            }
            // D5: it lies below by now.
            Some(old) if *old != path && is_wildcard && !before.contains_key(*old) => "moved below",
            // S5: a scope left out means the only one offered, and there is one only by now.
            Some(_) => {
                assert_eq!(grant.scope, None, "{grant:?} gives {path} further");
                "one scope left"
            }
        });
    }
    why
}

/// No rename brings out of a deny what it covers, below its own exceptions neither (D16).
fn assert_kept(denial: &DenialDocument, written: u32, older: &CatalogDocument, newer: &Newer) {
    let denied = |catalog| Names { catalog, written }.denial(denial);
    let (before, after) = (denied(older), denied(&newer.catalog));
    let mut carried = before.iter().filter_map(|it| newer.today[it].as_ref());
    assert!(
        carried.all(|today| after.contains(today)),
        "{denial:?} was dropped"
    );
}

#[test]
fn wildcards_alone_gain_and_by_what_the_rules_say() {
    let tallied = Tallied::default();
    each_number(1_000, |seed, number| {
        let (older, newer, accounts) = narrowed(seed, number);
        let comparison = newer.since(&older);
        for (policy, directory) in accounts {
            let upgrade = comparison.account(policy.clone(), directory.clone(), NOW);
            let report = upgrade.report().unwrap_or_else(|| panic!("{upgrade}"));
            let mut gaining: BTreeSet<&str> = BTreeSet::new();
            for change in report.access().iter().filter(|it| it.is_gain()) {
                gaining.extend(change.users());
            }
            for user in &directory.users {
                let grants = authorized(&policy, user);
                let grants = grants.into_iter().flat_map(|it| &it.grants);
                let written = policy.catalog_version;
                let grants = grants.filter_map(|it| why_more(it, written, &older, &newer));
                let denies = authorized(&policy, user);
                let denies = denies.into_iter().flat_map(|it| &it.denies);
                denies.for_each(|it| assert_kept(it, written, &older, &newer));
                let why: Vec<&str> = grants.collect();
                if gaining.contains(user.id.as_str()) {
                    why.iter().for_each(|it| tallied.count(it));
                    let told = || format!("{:?}\n{comparison}\n{report}", newer.steps);
                    assert!(!why.is_empty(), "{}: {}\n{policy:#?}", user.id, told());
                }
            }
        }
    });
    tallied.report(&["added", "moved below", "one scope left"]);
}

/// An exception may name what it spares as it is called today, in an older policy as well; what came to
/// lie below it from elsewhere it does not spare.
#[test]
fn an_exception_spares_what_it_names_as_it_is_today() {
    let catalog = |permissions: &[&str], renamed: [&str; 2]| {
        let tree = permissions
            .iter()
            .map(|it| format!("{{ path = \"{it}\" }}"));
        let operations = permissions.iter().map(|it| {
            format!("{{ type = \"t\", action = \"{it}\", on = \"type\", allowed_by = [\"{it}\"] }}")
        });
        let [tree, operations] =
            [tree.collect(), operations.collect()].map(|it: Vec<String>| it.join(", "));
        let [from, to] = renamed;
        let text = format!(
            "format = 2\nid = \"c\"\nversion = 2\npermissions = [{tree}]\n\
             renamed = [{{ version = 2, from = \"{from}\", to = \"{to}\" }}]\n\
             types = [{{ id = \"t\" }}]\noperations = [{operations}]"
        );
        let document = CatalogDocument::from_toml("catalog.toml", &text);
        document.into_document().unwrap()
    };
    let cases = [
        (
            &["b", "b.x", "b.y"][..],
            ["a", "b"],
            ["b", "b.x"],
            &["b", "b.y"][..],
        ),
        (
            &["a", "a.x", "a.x.b"],
            ["a.b", "a.x.b"],
            ["a", "a.x"],
            &["a", "a.x.b"],
        ),
    ];
    for (permissions, renamed, [select, except], expected) in cases {
        let catalog = catalog(permissions, renamed);
        let mut denial = DenialDocument::from(select);
        denial.except.push(except.to_owned());
        let names = Names {
            catalog: &catalog,
            written: 1,
        };
        assert_eq!(Vec::from_iter(names.denial(&denial)), expected);
        let mut policy = PolicyDocument::new(1);
        policy.roles = vec![RoleDocument::new("r").grant("*").deny(denial)];
        let ann = DirectoryDocument::new([UserDocument::new("ann").role("r")]);
        let engine = Engine::new(
            &Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap(),
            policy,
            ann,
            NOW,
            Warnings::Into(&mut Vec::new()),
        );
        let engine = engine.unwrap();
        let code = |it: &str| engine.check("ann", it, &OnType::named("t")).code();
        let mut denied = permissions.iter().filter(|it| code(it) == "denied");
        assert!(denied.by_ref().eq(expected), "except {except}");
        for &path in permissions {
            let explained = engine.explain("ann", path, &OnType::named("t"));
            assert_eq!(explained.decision().code(), code(path), "{path}");
        }
    }
}

/// The same tree, in which nothing but grants and denies counts.
fn bare(catalog: &mut CatalogDocument) {
    for permission in &mut catalog.permissions {
        permission.features.clear();
        permission.requires.clear();
        permission.adjustable = None;
    }
    // A wildcard meets what is no more adjustable.
    catalog.format = format_of_catalog(catalog);
}

#[test]
fn every_deny_still_denies_at_its_new_place() {
    let tallied = Tallied::default();
    each_number(1_000, |seed, number| {
        let mut rng = Rng::nth(seed, number);
        let (mut older, accounts) = generate::accounts(&mut rng, ACCOUNTS);
        bare(&mut older);
        let mut newer = newer(&mut rng, &older, false);
        bare(&mut newer.catalog);
        let catalogs = [&older, &newer.catalog]
            .map(|it| Catalog::new(probed(it), Warnings::Into(&mut Vec::new())).unwrap());
        for (mut policy, _) in accounts {
            policy.features.clear();
            policy.settings.clear();
            policy.packages.clear();
            for role in &mut policy.roles {
                role.inherits.clear();
                role.grants = vec![GrantDocument::from(("*", Scope::All))];
            }
            let nobody = DirectoryDocument::new([]);
            let load = |catalog| {
                Engine::new(
                    catalog,
                    policy.clone(),
                    nobody.clone(),
                    NOW,
                    Warnings::Into(&mut Vec::new()),
                )
            };
            let engines = catalogs.each_ref().map(|it| load(it).unwrap());
            for role in &policy.roles {
                let code = |engine: &Engine, path: &str| {
                    let (subject, on) =
                        (Subject::role(&role.id), OnType::named(crate::brute::PROBE));
                    match &policy.account {
                        Some(account) => {
                            let on = on.account(account);
                            engine.check(subject.account(account), path, &on).code()
                        }
                        None => engine.check(subject, path, &on).code(),
                    }
                };
                for (old, today) in &newer.today {
                    let Some(today) = today else { continue };
                    if code(&engines[0], old) != "denied" {
                        continue;
                    }
                    tallied.count(if old == today { "stayed" } else { "moved" });
                    let written = policy.catalog_version;
                    let excepted = |denial: &DenialDocument| {
                        let names = Names {
                            catalog: &newer.catalog,
                            written,
                        };
                        let mut except = denial.except.iter();
                        except.any(|it| {
                            names
                                .denial(&DenialDocument::from(it.as_str()))
                                .contains(today)
                        })
                    };
                    if old != today && role.denies.iter().any(excepted) {
                        tallied.count("moved below an exception");
                    }
                    assert_eq!(
                        code(&engines[1], today),
                        "denied",
                        "{old} → {today}: {:?}\n{:?} {policy:#?}",
                        newer.steps,
                        newer.catalog.renamed,
                    );
                }
            }
        }
    });
    tallied.report(&["stayed", "moved", "moved below an exception"]);
}

/// What each stored grant gives, by the reference under both catalogs: what it gives less is told with why,
/// and nothing else is.
#[test]
fn what_stored_grants_give_less_is_told_with_why() {
    let tallied = Tallied::default();
    each_number(1_000, |seed, number| {
        let mut rng = Rng::nth(seed, number);
        let (older, accounts) = generate::accounts(&mut rng, ACCOUNTS);
        let newer = newer(&mut rng, &older, false);
        let comparison = newer.since(&older);
        for (policy, directory) in accounts {
            let upgrade = comparison.account(policy.clone(), directory, NOW);
            if upgrade.report().is_none() {
                assert!(upgrade.narrowed().is_empty());
                continue;
            }
            let written = policy.catalog_version;
            let mut expected = Vec::new();
            for role in &policy.roles {
                for grant in &role.grants {
                    let given = |catalog| Names { catalog, written }.grant(grant);
                    let after = given(&newer.catalog);
                    for (old, before) in given(&older) {
                        let today = newer.today[&old].as_ref();
                        let is = today.and_then(|it| after.get(it)).copied();
                        if is < Some(before) {
                            let path = today.unwrap_or(&old).clone();
                            expected.push((role.id.clone(), grant.clone(), path, before, is));
                        }
                    }
                }
            }
            let mut told = Vec::new();
            for it in upgrade.narrowed() {
                let named = it.permission.to_owned();
                told.push((
                    it.role.to_owned(),
                    it.grant.clone(),
                    named,
                    it.before,
                    it.after,
                ));
                tallied.count(&format!("{:?}", it.cause));
                // Only a wildcard, or an exception, can lose what was moved.
                let is_alone = !it.grant.select.ends_with('*') && it.grant.except.is_empty();
                assert!(it.cause != NarrowedBy::Moved || !is_alone, "{it}");
                let today = newer
                    .catalog
                    .permissions
                    .iter()
                    .find(|of| of.path == it.permission);
                let is_adjustable = today.is_some_and(|it| it.adjustable.is_some());
                assert_eq!(it.cause == NarrowedBy::Retired, today.is_none(), "{it}");
                assert_eq!(it.cause == NarrowedBy::Adjustable, is_adjustable, "{it}");
            }
            let order = |of: &mut Vec<(String, GrantDocument, String, Scope, Option<Scope>)>| {
                of.sort_by_key(|it| format!("{it:?}"));
            };
            order(&mut told);
            order(&mut expected);
            assert_eq!(told, expected, "{upgrade}");
        }
    });
    tallied.report(&["Retired", "Adjustable", "Scopes", "Moved"]);
}
