//! A thousand stored accounts under one newer catalog: read one by one, added up, and none stops the
//! others.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Ability;
use bailiwick::document::{DirectoryDocument, Parsed, PolicyDocument, RoleDocument, UserDocument};
use bailiwick::evolution::{AbilityTotals, Affected, UpgradeTotals};
use bailiwick::{Catalog, Engine, Warnings};

use crate::newer::newer;
use crate::support::generate::{self, NOW};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_of, seed};

const ACCOUNTS: usize = 1_000;

/// How many catalogs are drawn at most; four are enough, unless one of [`NEEDED`] has not come up by then.
const CATALOGS: u64 = 40;

const NEEDED: &[&str] = &[
    "loaded",
    "refused",
    "catalogs by which somebody gains",
    "catalogs by which somebody loses",
];

/// Ways in which what is stored may be bad, whatever the catalog.
const BAD: &[fn(&mut Stored)] = &[
    |it| it.policy = PolicyDocument::from_toml("policy.toml", "roles = ["),
    |it| it.policy = PolicyDocument::from_toml("policy.toml", "format = 2\ncatalog_versoin = 1"),
    |it| it.directory = DirectoryDocument::from_toml("directory.toml", "format = 2\nusers = 3"),
    |it| it.directory = DirectoryDocument::new([UserDocument::new("ann").role("nobody's")]).into(),
    |it| {
        let role = RoleDocument::new("seller").grant("nothing.like.it");
        it.edit(|policy| policy.roles.push(role.clone()));
    },
    |it| it.edit(|policy| policy.catalog_version = 1_000),
    |it| {
        it.edit(|policy| {
            policy.roles = vec![RoleDocument::new("a").inherit("a")];
            policy.packages.clear();
        });
    },
];

struct Stored {
    policy: Parsed<PolicyDocument>,
    directory: Parsed<DirectoryDocument>,
}

impl Stored {
    fn edit(&mut self, edit: impl Fn(&mut PolicyDocument)) {
        let mut policy = self.policy.clone().into_document().unwrap();
        edit(&mut policy);
        self.policy = policy.into();
    }
}

#[test]
fn a_thousand_accounts_are_told_one_by_one_and_added_up() {
    let tallied = Tallied::default();
    let told = |number: &u64| {
        let mut rng = Rng::nth(seed() ^ 0xacc0, *number);
        let (older, accounts) = generate::accounts(&mut rng, ACCOUNTS);
        let newer = newer(&mut rng, &older, false);
        let catalogs = [&older, &newer.catalog]
            .map(|it| Catalog::new(it.clone(), Warnings::Into(&mut Vec::new())).unwrap());
        let comparison = catalogs[0].compare(&catalogs[1]).unwrap();
        let name = |i: usize| format!("account {i}");
        let stored = |i: usize, (policy, directory): &(PolicyDocument, DirectoryDocument)| {
            let mut stored = Stored {
                policy: policy.clone().into(),
                directory: directory.clone().into(),
            };
            if i % 20 == 13 {
                BAD[i / 20 % BAD.len()](&mut stored);
            }
            stored
        };

        // Each account by itself, from the engines that the host would load.
        let (mut broken, mut not_compared) = (Vec::new(), Vec::new());
        for (i, account) in accounts.iter().enumerate() {
            let load = |catalog: &Catalog| {
                let stored = stored(i, account);
                Engine::new(
                    catalog,
                    stored.policy,
                    stored.directory,
                    NOW,
                    Warnings::Into(&mut Vec::new()),
                )
            };
            match (load(&catalogs[0]), load(&catalogs[1])) {
                (Ok(_), Err(_)) => broken.push(name(i)),
                (Err(_), _) => not_compared.push(name(i)),
                (Ok(_), Ok(_)) => {}
            }
        }
        assert!(not_compared.len() >= ACCOUNTS / 20, "bad ones load");

        let read = Cell::new(0);
        let every = accounts.iter().enumerate().map(|(i, account)| {
            read.set(i + 1);
            let stored = stored(i, account);
            (i, stored.policy, stored.directory)
        });
        let mut totals = UpgradeTotals::default();
        let (mut gaining, mut losing) = (Affected::default(), Affected::default());
        let mut by_pair: BTreeMap<String, AbilityTotals> = BTreeMap::new();
        for (i, upgrade) in comparison.accounts(every, NOW) {
            // None is read before it is asked for.
            assert_eq!(read.get(), i + 1);
            totals.add(name(i), &upgrade);
            let account = stored(i, &accounts[i]);
            let alone = Engine::new(
                &catalogs[1],
                account.policy,
                account.directory,
                NOW,
                Warnings::Into(&mut Vec::new()),
            );
            match (upgrade.after(), alone) {
                (Ok(engine), Ok(loaded)) => {
                    assert_eq!(engine.policy(), loaded.policy());
                    assert_eq!(engine.directory(), loaded.directory());
                    tallied.count("loaded");
                }
                (Err(problems), Err(expected)) => {
                    assert_eq!(*problems, expected);
                    assert!(
                        upgrade
                            .to_string()
                            .contains(&problems.to_string().replace('\n', "\n  "))
                    );
                    tallied.count("refused");
                }
                (ours, alone) => panic!("{ours:?} {alone:?}"),
            }
            let Some(report) = upgrade.report() else {
                continue;
            };
            let mut gains: BTreeSet<&str> = BTreeSet::new();
            let mut loses: BTreeSet<&str> = BTreeSet::new();
            let mut told: BTreeMap<String, [usize; 2]> = BTreeMap::new();
            for change in report.access() {
                for user in change.users() {
                    let more = change.permissions.iter().any(|it| it.after > it.before);
                    let less = change.permissions.iter().any(|it| it.after < it.before);
                    if more || change.abilities.iter().any(|it| it.is_gain()) {
                        gains.insert(user);
                    }
                    if less || change.abilities.iter().any(|it| it.is_loss()) {
                        loses.insert(user);
                    }
                    for pair in &change.abilities {
                        // Each account has roles of its own, which are not added up.
                        if let Ability::AssignRole(role) | Ability::RevokeRole(role) =
                            &pair.ability.ability
                            && !role.starts_with("system:")
                        {
                            continue;
                        }
                        let [more, less] = told.entry(format!("{:?}", pair.ability)).or_default();
                        *more += usize::from(pair.is_gain());
                        *less += usize::from(pair.is_loss());
                    }
                }
            }
            let add = |all: &mut Affected, users: usize| {
                all.users += users;
                all.accounts += usize::from(users > 0);
            };
            add(&mut gaining, gains.len());
            add(&mut losing, loses.len());
            for (pair, [more, less]) in told {
                let all = by_pair.entry(pair).or_default();
                add(&mut all.gaining, more);
                add(&mut all.losing, less);
            }
        }
        assert_eq!(totals.accounts, ACCOUNTS);
        assert_eq!(totals.broken, broken);
        assert_eq!(totals.not_compared, not_compared);
        assert_eq!((totals.gaining, totals.losing), (gaining, losing));
        let told = totals
            .abilities()
            .map(|(pair, all)| (format!("{pair:?}"), all));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), by_pair);
        for account in totals.broken.iter().chain(&totals.not_compared).take(10) {
            assert!(totals.to_string().contains(account), "{totals}");
        }
        if gaining.users > 0 {
            tallied.count("catalogs by which somebody gains");
        }
        if losing.users > 0 {
            tallied.count("catalogs by which somebody loses");
        }
        let collected: UpgradeTotals<'_> = comparison
            .accounts(
                accounts.iter().enumerate().map(|(i, account)| {
                    let stored = stored(i, account);
                    (name(i), stored.policy, stored.directory)
                }),
                NOW,
            )
            .collect();
        assert_eq!(collected.to_string(), totals.to_string());
    };
    for catalogs in (1..=CATALOGS).collect::<Vec<u64>>().chunks(4) {
        each_of(catalogs, told);
        if !tallied.lacks(NEEDED) {
            break;
        }
    }
    tallied.report(NEEDED);
}
