//! What an upgrade says in English, of one account and of many.

use std::collections::BTreeSet;

use bailiwick::document::{
    CatalogDocument, DenialDocument, DirectoryDocument, GrantDocument, PolicyDocument,
};
use bailiwick::evolution::{ReferenceKind, UpgradeTotals};
use bailiwick::{Ability, Catalog, Timestamp, Warnings};

use crate::newer::newer;
use crate::reference::names::{Names, at_or_below};
use crate::support::generate::{self, NOW};
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

fn catalog(text: &str) -> Catalog {
    let parsed = CatalogDocument::from_toml("catalog.toml", text);
    Catalog::new(parsed, Warnings::Into(&mut Vec::new())).unwrap_or_else(|it| panic!("{it}"))
}

const OLDER: &str = r#"
format = 2
id = "desk"
version = 1
reach = "accessible"
features = [{ id = "sms" }, { id = "fax" }]
permissions = [
  { path = "tickets", scopes = ["own", "reports", "all"] },
  { path = "tickets.close", scopes = ["own", "reports", "all"], requires = ["tickets"] },
  { path = "tickets.merge" },
  { path = "export" },
  { path = "audit" },
  { path = "faxes", features = ["fax"] },
]
types = [{ id = "ticket", properties = { open = "boolean" } }]
operations = [
  { type = "ticket", action = "view", on = "record", allowed_by = ["tickets"] },
  { type = "ticket", action = "close", on = "record", allowed_by = [{ permission = "tickets.close", when = [[{ resource = "open", is = true }]] }] },
  { type = "ticket", action = "merge", on = "record", allowed_by = ["tickets.merge"] },
  { type = "ticket", action = "export", on = "type", allowed_by = ["export"] },
]
roles = [{ id = "system:agent" }, { id = "system:lead", inherits = ["system:agent"] }]
"#;

const NEWER: &str = r#"
format = 2
id = "desk"
version = 2
reach = "accessible"
features = [{ id = "sms" }, { id = "fax", retired = 2 }]
permissions = [
  { path = "cases", scopes = ["own", "reports"] },
  { path = "cases.close", scopes = ["own", "reports", "all"], requires = ["cases"] },
  { path = "cases.assign" },
  { path = "export", adjustable = { ladder = ["system:agent", "system:lead"], default = "system:lead" } },
  { path = "audit", requires = ["export"] },
  { path = "faxes" },
]
types = [{ id = "ticket", properties = { open = "boolean" } }]
operations = [
  { type = "ticket", action = "view", on = "record", allowed_by = ["cases"] },
  { type = "ticket", action = "close", on = "record", allowed_by = ["cases.close"] },
  { type = "ticket", action = "assign", on = "record", allowed_by = ["cases.assign"] },
  { type = "ticket", action = "export", on = "type", allowed_by = ["export"] },
]
roles = [{ id = "system:agent" }, { id = "system:lead", inherits = ["system:agent"] }]
renamed = [{ version = 2, from = "tickets", to = "cases" }]
retired = [{ version = 2, path = "tickets.merge" }]
"#;

const POLICY: &str = r#"
format = 2
catalog_version = 1
features = ["fax"]
roles = [
  { id = "agent", grants = [{ select = "tickets.*", scope = "all" }, "export", "audit"] },
  { id = "clerk", grants = [{ select = "tickets", scope = "reports" }, { select = "tickets.close", scope = "own" }], denies = ["tickets.merge"] },
]
positions = [{ id = "head" }, { id = "desk", reports_to = ["head"] }]
"#;

const DIRECTORY: &str = r#"
format = 2
users = [
  { id = "ann", position = "desk", roles = ["agent"] },
  { id = "bea", position = "desk", roles = ["agent"] },
  { id = "cay", position = "head", roles = ["clerk"] },
  { id = "dan", roles = ["system:lead"] },
  { id = "eve", roles = ["agent"], suspended = true },
]
"#;

/// Who may edit a property of users is asked of them anew by a newer catalog: by a permission that it names, by
/// an open operation that reads it, and no more.
#[test]
fn who_comes_to_edit_a_property_or_no_more_is_told() {
    let version = |version: u32, property: &str, condition: &str| {
        catalog(&format!(
            r#"
            format = 2
            id = "files"
            version = {version}
            permissions = [{{ path = "docs" }}, {{ path = "staff" }}, {{ path = "clearances" }}]
            types = [{{ id = "doc" }}]
            subject_properties = {{ {property} }}
            operations = [
              {{ type = "doc", action = "list", on = "type", allowed_by = ["docs"] }},
              {{ type = "doc", action = "read", on = "type", open = true, when = [[{condition}]] }},
            ]
            administration = {{ changes = {{ edit_properties = "staff" }} }}
            "#
        ))
    };
    let policy = r#"
        format = 2
        catalog_version = 1
        roles = [{ id = "both", grants = ["staff", "clearances"] }, { id = "hr", grants = ["staff"] }]
    "#;
    let users = r#"format = 2"#.to_owned()
        + "\nusers = [{ id = 'ann', roles = ['hr'] }, { id = 'bob', roles = ['both'] }]";
    let told = |older: &Catalog, newer: &Catalog| {
        let comparison = older.compare(newer).unwrap_or_else(|it| panic!("{it}"));
        let policy = PolicyDocument::from_toml("policy.toml", policy);
        let directory = DirectoryDocument::from_toml("users.toml", &users);
        let upgrade = comparison.account(policy, directory, Timestamp(0));
        let Some(report) = upgrade.report() else {
            panic!("{upgrade}");
        };
        let lines = report.access().into_iter().flat_map(|change| {
            let users: Vec<&str> = change.users().collect();
            let users = users.join(" ");
            let rights = change.abilities.iter();
            let rights = rights.filter(|it| matches!(it.ability.ability, Ability::EditProperty(_)));
            let each = rights.map(move |it| {
                let by = it.ability.permission.as_deref().unwrap_or("several");
                let sign = if it.is_gain() { '+' } else { '-' };
                format!("{users} {sign} {} by {by}", it.ability.ability)
            });
            each.collect::<Vec<String>>()
        });
        lines.collect::<Vec<String>>()
    };
    let none = "{ subject = 'name', is = 'x' }";
    let read = "{ subject = 'level', is = 'secret' }";
    let free = r#"name = { type = "text", edited_by = "docs" }, level = "text""#;
    let held = r#"name = { type = "text", edited_by = "docs" }, level = { type = "text", edited_by = "clearances" }"#;
    let gone = r#"name = { type = "text", edited_by = "docs" }"#;
    let right = "right to edit property `level` by";
    assert_eq!(
        told(&version(1, free, none), &version(2, held, none)),
        [format!("ann - {right} several")]
    );
    assert_eq!(
        told(&version(1, held, none), &version(2, free, none)),
        [format!("ann + {right} staff")]
    );
    // The host alone edits what opens something to everybody.
    assert_eq!(
        told(&version(1, free, none), &version(2, free, read)),
        ["ann", "bob"].map(|it| format!("{it} - {right} staff"))
    );
    assert_eq!(
        told(&version(1, free, none), &version(2, gone, none)),
        ["ann", "bob"].map(|it| format!("{it} - {right} staff"))
    );
    let nothing: Vec<String> = Vec::new();
    assert_eq!(
        told(&version(1, free, none), &version(2, free, none)),
        nothing
    );
}

#[test]
fn an_upgrade_is_told_in_english() {
    let (older, newer) = (catalog(OLDER), catalog(NEWER));
    let comparison = older.compare(&newer).unwrap();
    assert_eq!(
        comparison.to_string(),
        "feature `fax`: retired\n\
         permission `cases`: renamed from `tickets`\n\
         permission `cases`: scopes own, reports, all → own, reports\n\
         permission `cases.assign`: added\n\
         permission `export`: ladder nothing → `system:agent, system:lead`\n\
         permission `export`: default nothing → `system:lead`\n\
         permission `export`: floor nothing → `system:agent`\n\
         permission `export`: ceiling nothing → `system:lead`\n\
         permission `audit`: requires +`export`\n\
         permission `faxes`: features -`fax`\n\
         permission `tickets.merge`: retired\n\
         operation `ticket:close` by `cases.close`: other conditions\n\
         operation `ticket:assign`: added\n\
         operation `ticket:merge`: gone\n",
    );
    let policy = PolicyDocument::from_toml("acme.toml", POLICY);
    let directory = DirectoryDocument::from_toml("acme-users.toml", DIRECTORY);
    let upgrade = comparison.account(policy.clone(), directory.clone(), Timestamp(0));
    assert_eq!(
        upgrade.to_string(),
        "role `agent`: `tickets.*` leads to `cases`\n\
         role `clerk`: `tickets` leads to `cases`\n\
         role `clerk`: `tickets.close` leads to `cases.close`\n\
         role `agent`: `tickets.*` gives `cases` as far as reports, not all: it offers other scopes\n\
         role `agent`: `tickets.*` no longer gives `tickets.merge`: it was retired\n\
         role `agent`: `export` no longer gives `export`: it comes from a setting\n\
         acme.toml:4:13: feature `fax` was retired in version `2`\n\
         acme.toml:7:128: `tickets.merge` was retired\n\
         2 users (`ann`, `bea`)\n  \
           - narrow `ticket:view` by `cases`: all → reports\n  \
           - narrow `ticket:close` by `cases.close`: all → reports, on other conditions\n  \
           + gain `ticket:assign` by `cases.assign`: all\n  \
           - lose `ticket:export` by `export`: all\n  \
           - lose `ticket:merge` by `tickets.merge`: all\n  \
           - lose `audit`: all\n\
         1 user (`cay`)\n  \
           ? keep `ticket:close` by `cases.close`, on other conditions\n\
         1 user (`dan`)\n  \
           + gain `ticket:export` by `export`: all\n\
         lent to `head`\n  \
           + `ticket:assign` by `cases.assign`\n  \
           - `ticket:view` by `cases`\n  \
           - `ticket:close` by `cases.close`\n  \
           - `ticket:merge` by `tickets.merge`\n",
    );
    let report = upgrade.report().unwrap();
    let roles: Vec<&str> = report.roles().map(|it| it.role).collect();
    assert_eq!(roles, ["system:lead", "agent", "clerk"]);

    let nothing = PolicyDocument::new(1);
    let nobody = DirectoryDocument::new([]);
    let unchanged = comparison.account(nothing.clone(), nobody.clone(), Timestamp(0));
    assert_eq!(
        unchanged.to_string(),
        "nobody can do more or less than before\n"
    );

    let broken = PolicyDocument::from_toml("globex.toml", "format = 2\ncatalog_version = 3");
    let refused = comparison.account(broken.clone(), nobody.clone(), Timestamp(0));
    assert_eq!(
        refused.to_string(),
        "does not load under the older catalog: 1 problem\n\
         does not load under the newer catalog: 1 problem\n  \
         globex.toml:2:19: written against version `3` of the catalog, which is at version `2`\n",
    );
    assert!(refused.report().is_none() && !refused.is_broken());

    let stored = [
        ("acme", policy, directory),
        ("globex", broken, nobody.clone().into()),
        ("initech", nothing.into(), nobody.into()),
    ];
    let totals: UpgradeTotals<'_> = comparison.accounts(stored, Timestamp(0)).collect();
    assert_eq!(
        totals.to_string(),
        "3 accounts\n\
         1 not loading before: `globex`\n\
         1 following renames\n\
         1 with something narrower or without effect\n\
         1 lending otherwise\n\
         gaining: 4 users of 1 account\n\
         losing: 3 users of 1 account\n  \
         - `ticket:view` by `cases`: 2 users of 1 account\n  \
         + `ticket:close` by `cases.close`: 3 users of 1 account\n  \
         - `ticket:close` by `cases.close`: 3 users of 1 account\n  \
         + `ticket:assign` by `cases.assign`: 2 users of 1 account\n  \
         + `ticket:export` by `export`: 1 user of 1 account\n  \
         - `ticket:export` by `export`: 2 users of 1 account\n  \
         - `ticket:merge` by `tickets.merge`: 2 users of 1 account\n",
    );
}

/// A newer catalog may change who sees fields and who administers without an operation or a grant.
#[test]
fn an_upgrade_tells_fields_and_rights() {
    let of = |version: u32, revealed_by: &str, sees: bool, rule: &str| {
        catalog(&format!(
            r#"
            format = 2
            id = "desk"
            version = {version}
            permissions = [{{ path = "tickets" }}, {{ path = "audit" }}]
            types = [{{ id = "ticket", read = "view", fields = [
              {{ path = "phone", mask = {{ kind = "phone" }}, revealed_by = "{revealed_by}", contributor_sees = {sees} }},
            ] }}]
            operations = [{{ type = "ticket", action = "view", on = "record", allowed_by = ["tickets"] }}]
            roles = [{{ id = "system:boss", assign = "{rule}" }}]
            administration = {{ changes = {{ create_user = "{rule}" }} }}
            "#
        ))
    };
    let policy = PolicyDocument::from_toml(
        "acme.toml",
        r#"
        format = 2
        catalog_version = 1
        roles = [{ id = "agent", grants = ["tickets"] }, { id = "auditor", grants = ["audit", "tickets"] }]
        "#,
    );
    let directory = DirectoryDocument::from_toml(
        "acme-users.toml",
        r#"
        format = 2
        users = [{ id = "ann", roles = ["agent"] }, { id = "bob", roles = ["auditor"] }]
        "#,
    );
    let older = of(1, "audit", false, "audit");
    let says = |newer: &Catalog| {
        let comparison = older.compare(newer).unwrap();
        let upgrade = comparison.account(policy.clone(), directory.clone(), Timestamp(0));
        upgrade.to_string()
    };
    assert_eq!(
        says(&of(2, "tickets", false, "tickets")),
        "1 user (`ann`)\n  \
         + gain field `ticket.phone` by `tickets`: all\n  \
         + gain right `create_user` by `tickets`: all\n  \
         + gain right to give `system:boss` by `tickets`: all\n",
    );
    assert_eq!(
        says(&of(2, "audit", true, "audit")),
        "1 user (`ann`)\n  + gain own contributions to `ticket.phone`: all\n\
         1 user (`bob`)\n  + gain own contributions to `ticket.phone`: all\n",
    );
}

/// Tokens are no users of the directory: what the roles that they bring are worth is told apart.
#[test]
fn an_upgrade_tells_what_tokens_gain_and_lose() {
    let of = |version: u32, operations: &str, system_roles: &str, account_roles: bool| {
        catalog(&format!(
            r#"
            format = 2
            id = "desk"
            version = {version}
            permissions = [{{ path = "tickets" }}, {{ path = "audit" }}]
            types = [{{ id = "ticket" }}]
            operations = [{operations}]
            roles = [{{ id = "system:api" }}, {{ id = "system:bot" }}]
            tokens = {{ system_roles = [{system_roles}], account_roles = {account_roles} }}
            "#
        ))
    };
    let view = r#"{ type = "ticket", action = "view", on = "type", allowed_by = ["tickets"] }"#;
    let both = format!(
        r#"{view}, {{ type = "ticket", action = "close", on = "type", allowed_by = ["tickets"] }}"#
    );
    let policy = PolicyDocument::from_toml(
        "acme.toml",
        r#"
        format = 2
        catalog_version = 1
        roles = [{ id = "caller", grants = ["tickets"] }]
        "#,
    );
    let nobody = DirectoryDocument::new([]);
    let says = |older: &Catalog, newer: &Catalog| {
        let comparison = older.compare(newer).unwrap();
        let upgrade = comparison.account(policy.clone(), nobody.clone(), Timestamp(0));
        let says = upgrade.to_string();
        let totals = UpgradeTotals::from_iter([("acme", upgrade)]);
        (says, totals.tokens)
    };
    let none = of(1, view, "", false);
    let api = r#""system:api""#;
    let bot = r#""system:bot""#;
    let nothing = "nobody can do more or less than before\n";
    assert_eq!(
        says(&none, &of(2, &both, "", false)),
        (nothing.to_owned(), 0)
    );
    let gained = "tokens that bring `caller`\n  + gain `ticket:close` by `tickets`: all\n";
    let brought = of(1, view, api, true);
    assert_eq!(
        says(&brought, &of(2, &both, api, true)),
        (gained.to_owned(), 1)
    );
    let moved = "tokens that bring `system:api`\n  - may not bring it\n\
         tokens that bring `system:bot`\n  + may bring it\n\
         tokens that bring `caller`\n  - may not bring it\n  - lose `ticket:view` by `tickets`: all\n";
    assert_eq!(
        says(&brought, &of(2, view, bot, false)),
        (moved.to_owned(), 1)
    );
    // What roles come to do together, none of them does by itself.
    let nothing = "no user of the directory can do more or less than before\n";
    assert_eq!(
        says(&brought, &of(2, view, api, true)),
        (nothing.to_owned(), 0)
    );
}

/// Where a reference is told to lead is what the reference model takes it for; of the others, nothing moved.
#[test]
fn references_lead_where_they_are_told_to() {
    let tallied = Tallied::default();
    each_number(1_000, |seed, number| {
        let mut rng = Rng::nth(seed, number);
        let (older, accounts) = generate::accounts(&mut rng, 10);
        let newer = newer(&mut rng, &older, false);
        let comparison = newer.since(&older);
        for (policy, directory) in accounts {
            let upgrade = comparison.account(policy.clone(), directory, NOW);
            if upgrade.after().is_err() {
                continue;
            }
            let written = policy.catalog_version;
            let taken = |catalog, text: &str| {
                Names { catalog, written }.denial(&DenialDocument::from(text))
            };
            let below = |catalog: &CatalogDocument, places: &[String]| -> BTreeSet<String> {
                let every = catalog.permissions.iter().map(|it| it.path.clone());
                let below = |it: &String| places.iter().any(|place| at_or_below(it, place));
                every.filter(below).collect()
            };
            let mut followed = BTreeSet::new();
            for it in upgrade.followed() {
                tallied.count(&format!("{:?}", it.kind));
                assert!(!it.after.is_empty() && it.before != it.after);
                followed.insert((it.role, it.written));
                match it.kind {
                    ReferenceKind::Deny | ReferenceKind::Exception => {
                        assert_eq!(
                            below(&newer.catalog, &it.after),
                            taken(&newer.catalog, it.written)
                        );
                        assert_eq!(below(&older, &it.before), taken(&older, it.written));
                    }
                    _ => {
                        let today = it
                            .before
                            .iter()
                            .map(|old| newer.today[old].clone().unwrap());
                        assert_eq!(today.collect::<Vec<_>>(), it.after);
                    }
                }
            }
            // What none of them says leads where it led, or nowhere.
            for role in &policy.roles {
                let of_grants = role.grants.iter().map(|it: &GrantDocument| &it.select);
                let of_denies = role.denies.iter().map(|it| &it.select);
                for text in of_grants.chain(of_denies).filter(|it| *it != "*") {
                    let path = text.strip_suffix(".*").unwrap_or(text);
                    if written < older.version || followed.contains(&(Some(&role.id), text)) {
                        continue;
                    }
                    tallied.count("stayed");
                    let today = newer.today[path].as_deref();
                    assert!(today.is_none() || today == Some(path), "{text} → {today:?}");
                }
            }
        }
    });
    tallied.report(&["Grant", "Deny", "Exception", "Setting", "stayed"]);
}
