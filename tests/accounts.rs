//! Ten thousand accounts over one catalog in one process: each decides for itself, small ones take
//! little, and one comes, goes or fails without the others.

use std::fmt::Write;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, PositionDocument, RoleDocument,
    UserDocument,
};
use bailiwick::{
    Accounts, Catalog, Context, Engine, OnType, PropertyId, Record, Scope, Subject, Timestamp,
    Value, Warnings,
};

const ACCOUNTS: usize = 10_000;
const ROLES: usize = 5;
const USERS: usize = 20;
const PERMISSIONS: usize = 20;
const GRANTS: usize = 4;

/// Twenty permissions, each of one operation on a record, an operation on the type, forty system roles
/// that grant all of them, an adjustable permission and a feature.
fn catalog() -> Catalog {
    let mut text = String::from(
        r#"
        format = 2
        id = "shop"
        version = 1
        accounts = "many"
        features = [{ id = "sms" }]
        [[permissions]]
        path = "adjusted"
        adjustable = { ladder = ["system:r0", "system:r1"], default = "system:r0", changed_by = "p0" }
        [[types]]
        id = "order"
        reassign = "a1"
        [context_properties]
        hour = "integer"
        [[operations]]
        type = "order"
        action = "create"
        on = "type"
        allowed_by = ["p0"]
        [[operations]]
        type = "order"
        action = "close"
        on = "record"
        allowed_by = [{ permission = "p0", when = [[{ context = "hour", less = 18 }]] }]
        "#,
    );
    for n in 0..PERMISSIONS {
        let written = write!(
            text,
            r#"
            [[permissions]]
            path = "p{n}"
            scopes = ["own", "all"]
            [[operations]]
            type = "order"
            action = "a{n}"
            on = "record"
            allowed_by = ["p{n}"]
            "#
        );
        written.expect("texts take what is written");
    }
    for n in 0..40 {
        let inherits = match n {
            0 => String::new(),
            _ => format!("inherits = [\"system:r{}\"]", n - 1),
        };
        let written = write!(
            text,
            "\n[[roles]]\nid = \"system:r{n}\"\n{inherits}\ngrants = [{{ select = \"p{}\", scope = \"all\" }}]\n",
            n % PERMISSIONS
        );
        written.expect("texts take what is written");
    }
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound catalog")
}

fn id(account: usize) -> String {
    format!("account-{account}")
}

/// What a role of an account grants: each account its own.
fn granted(account: usize, role: usize, permission: usize) -> bool {
    (0..GRANTS).any(|n| (account * 7 + role * 11 + n * 3) % PERMISSIONS == permission)
}

fn documents(account: usize) -> (PolicyDocument, DirectoryDocument) {
    let roles = (0..ROLES).map(|role| {
        let held = (0..PERMISSIONS).filter(|it| granted(account, role, *it));
        held.fold(RoleDocument::new(format!("role-{role}")), |role, it| {
            role.grant((format!("p{it}").as_str(), Scope::All))
        })
    });
    let policy = PolicyDocument {
        account: Some(id(account)),
        roles: roles.collect(),
        ..PolicyDocument::new(1)
    };
    let users = (0..USERS).map(|user| {
        UserDocument::new(format!("user-{user}")).role(format!("role-{}", user % ROLES))
    });
    (policy, DirectoryDocument::new(users))
}

/// Whether every user of an account may do what the roles say, and nothing else.
fn decides_right(accounts: &Accounts, account: usize) {
    let id = id(account);
    for user in 0..USERS {
        let name = format!("user-{user}");
        for permission in (user % 3..PERMISSIONS).step_by(3) {
            let action = format!("a{permission}");
            let record = Record::of("order").id("1").account(&id);
            let subject = Subject::user(&name).account(&id);
            let decision = accounts.check(subject, action.as_str(), &record);
            let expected = granted(account, user % ROLES, permission);
            assert_eq!(decision.is_allow(), expected, "{name} {action} in {id}");
        }
    }
}

#[test]
fn ten_thousand_accounts() {
    let catalog = catalog();
    let mut accounts = Accounts::new(catalog.clone());
    let prepared: Vec<_> = (0..ACCOUNTS).map(documents).collect();
    let loaded = allocation_counter::measure(|| {
        for (policy, directory) in &prepared {
            let (policy, directory) = (policy.clone(), directory.clone());
            let loaded = accounts.load(policy, directory, Timestamp(0), Warnings::Refuse);
            loaded.expect("sound documents");
        }
    });
    assert_eq!(accounts.len(), ACCOUNTS);
    let each = loaded.bytes_current / ACCOUNTS as i64;
    println!("{each} bytes an account");
    assert!((1000..8 * 1024).contains(&each), "{each} bytes an account");
    for account in 0..ACCOUNTS {
        decides_right(&accounts, account);
    }

    // A bad account leaves itself and the others as they were.
    let (mut policy, directory) = documents(17);
    policy.roles.push(RoleDocument::new("odd").grant("nothing"));
    policy.roles.retain(|role| role.id != "role-1");
    let problems = accounts.load(
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let problems = problems.expect_err("an unknown permission and an unknown role");
    assert!(problems.len() > 1);
    let (mut stranger, directory) = documents(ACCOUNTS);
    stranger.catalog_version = 9;
    assert!(
        accounts
            .load(
                stranger,
                directory,
                Timestamp(0),
                Warnings::Into(&mut Vec::new())
            )
            .is_err()
    );
    assert_eq!(accounts.len(), ACCOUNTS);
    for account in [16, 17, 18] {
        decides_right(&accounts, account);
    }

    // One is replaced by what a change made of it; the others do not notice.
    let engine = accounts.engine(&id(3)).expect("it was loaded");
    let change = [Change::revoke_role("user-0", "role-0")];
    let applied = engine.apply(&Actor::System, Timestamp(1), &change);
    let next = applied.expect("nothing forbids it").into_engine();
    let before = accounts.insert(next).expect("the same catalog");
    assert_eq!(before.map(|it| it.revision()), Some(1));
    let allowed = |account: usize| {
        let id = id(account);
        let can = |permission: &usize| {
            let action = format!("a{permission}");
            let record = Record::of("order").account(&id);
            let subject = Subject::user("user-0").account(&id);
            accounts.check(subject, action.as_str(), &record).is_allow()
        };
        (0..PERMISSIONS).filter(can).count()
    };
    assert_eq!((allowed(2), allowed(3), allowed(4)), (GRANTS, 0, GRANTS));

    // Dropped one by one, they give back what they took.
    let dropped = allocation_counter::measure(|| {
        for account in (0..ACCOUNTS).filter(|it| it % 100 != 0) {
            drop(accounts.remove(&id(account)).expect("it was loaded"));
        }
    });
    assert_eq!(accounts.len(), ACCOUNTS / 100);
    assert!(-dropped.bytes_current > loaded.bytes_current * 98 / 100);
    for account in (0..ACCOUNTS).step_by(100) {
        decides_right(&accounts, account);
    }
    let rest = allocation_counter::measure(|| {
        drop(std::mem::replace(&mut accounts, Accounts::new(catalog)))
    });
    // What is left over is what the change of account 3 made beyond what it replaced.
    let left = loaded.bytes_current + dropped.bytes_current + rest.bytes_current;
    assert!(left.abs() < 8 * 1024, "{left} bytes are left");
}

/// What the catalog brings is not copied: an account over one with forty system roles takes as much as
/// one over a catalog with one.
#[test]
fn system_roles_are_shared() {
    let many = catalog();
    let mut one = many.clone().document().clone();
    one.roles.truncate(2);
    let one = Catalog::new(one, Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let bytes = |catalog: &Catalog| {
        let (policy, directory) = documents(0);
        let mut kept = None;
        let counted = allocation_counter::measure(|| {
            let engine = Engine::new(
                catalog,
                policy.clone(),
                directory.clone(),
                Timestamp(0),
                Warnings::Into(&mut Vec::new()),
            );
            kept = Some(engine.expect("a sound account"));
        });
        counted.bytes_current
    };
    let (over_many, over_one) = (bytes(&many), bytes(&one));
    // A pointer for each of the roles is copied.
    assert!(
        over_many < over_one + 40 * 8 + 64,
        "{over_many} and {over_one}"
    );
}

#[test]
fn an_engine_of_another_catalog_is_refused() {
    let mut accounts = Accounts::new(catalog());
    let (policy, directory) = documents(1);
    let loaded = Engine::new(
        &catalog(),
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let other = loaded.expect("a sound account");
    let refused = accounts.insert(other).expect_err("another catalog");
    assert_eq!(refused.0.account(), Some("account-1"));
    assert_eq!(
        refused.to_string(),
        "the engine was compiled with another catalog"
    );
    assert!(accounts.is_empty());
}

/// Two accounts whose users and positions have the same names; `clerk` may edit (`a0`) and hand over
/// (`a1`), `editor` may edit alone.
fn two() -> Accounts {
    let mut accounts = Accounts::new(catalog());
    for account in ["acme", "globex"] {
        let policy = PolicyDocument {
            account: Some(account.to_owned()),
            roles: vec![
                RoleDocument::new("clerk")
                    .grant(("p0", Scope::All))
                    .grant(("p1", Scope::All)),
                RoleDocument::new("editor").grant(("p0", Scope::All)),
                RoleDocument::new("owner")
                    .grant(("p0", Scope::Own))
                    .grant(("p1", Scope::Own)),
            ],
            positions: vec![PositionDocument {
                id: "desk".to_owned(),
                name: None,
                reports_to: Vec::new(),
            }],
            ..PolicyDocument::new(1)
        };
        let users = ["clerk", "editor", "owner"];
        let users = users.map(|it| UserDocument::new(it).role(it).position("desk"));
        let loaded = accounts.load(
            policy,
            DirectoryDocument::new(users),
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        loaded.expect("a sound account");
    }
    accounts
}

#[test]
fn a_change_of_account_is_asked_of_both() {
    let accounts = two();
    let of = |account, owner: Option<&'static str>| {
        let record = Record::of("order").id("1").account(account);
        match owner {
            Some(owner) => record.owner(owner),
            None => record,
        }
    };
    let by = |who, account| Subject::user(who).account(account);
    let ask =
        |from: Subject<'static>, before: &Record<'_>, to: Subject<'static>, after: &Record<'_>| {
            accounts
                .check_change("a0", (from, before), (to, after))
                .code()
        };
    let (here, there) = (of("acme", Some("owner")), of("globex", Some("owner")));
    let clerks = [by("clerk", "acme"), by("clerk", "globex")];
    let editors = [by("editor", "acme"), by("editor", "globex")];
    let owners = [by("owner", "acme"), by("owner", "globex")];

    assert_eq!(ask(clerks[0], &here, clerks[1], &there), "allowed");
    assert_eq!(ask(owners[0], &here, owners[1], &there), "allowed");
    // Whose record it is changes with the account: handing over is asked as well, on either side.
    assert_eq!(ask(editors[0], &here, clerks[1], &there), "not_granted");
    assert_eq!(ask(clerks[0], &here, editors[1], &there), "not_granted");
    // What nobody owns is nobody's afterwards: that is no handing over.
    let (here_unowned, there_unowned) = (of("acme", None), of("globex", None));
    assert_eq!(
        ask(editors[0], &here_unowned, editors[1], &there_unowned),
        "allowed"
    );
    assert_eq!(
        ask(editors[0], &here_unowned, editors[1], &there),
        "not_granted"
    );
    assert_eq!(
        ask(editors[0], &here, editors[1], &there_unowned),
        "not_granted"
    );
    // Scope is each account's own.
    let theirs = of("globex", Some("clerk"));
    assert_eq!(ask(owners[0], &here, owners[1], &theirs), "out_of_scope");
    assert_eq!(
        ask(owners[0], &of("acme", Some("clerk")), owners[1], &there),
        "out_of_scope"
    );
    // One subject is not known in both.
    assert_eq!(ask(clerks[0], &here, clerks[0], &there), "wrong_account");
    assert_eq!(ask(clerks[1], &here, clerks[1], &there), "wrong_account");
    assert_eq!(
        ask(by("nobody", "acme"), &here, clerks[1], &there),
        "unknown_subject"
    );
    assert_eq!(
        ask(clerks[0], &here, by("nobody", "globex"), &there),
        "unknown_subject"
    );
    // Both states are of one record, and state an account that is loaded.
    assert_eq!(
        ask(
            clerks[0],
            &here,
            clerks[1],
            &of("globex", Some("owner")).id("2")
        ),
        "different_records"
    );
    let nowhere = Record::of("order").id("1").account("initech");
    assert_eq!(ask(clerks[0], &here, clerks[1], &nowhere), "wrong_account");
    assert_eq!(ask(clerks[0], &nowhere, clerks[1], &there), "wrong_account");
    assert_eq!(
        ask(by("nobody", "acme"), &here, clerks[1], &nowhere),
        "unknown_subject"
    );
    let invalid = of("acme", None).id("\0");
    assert_eq!(
        ask(clerks[0], &invalid, clerks[1], &nowhere),
        "invalid_identifier"
    );
    let unstated = Record::of("order").id("1");
    assert_eq!(
        ask(clerks[0], &unstated, clerks[1], &there),
        "missing_account"
    );
    let on_type = accounts.check_change("create", (clerks[0], &here), (clerks[1], &there));
    assert_eq!(on_type.code(), "asked_wrong_way");

    // Within one account both subjects are asked, as the engine asks one.
    let (before, after) = (of("acme", Some("owner")), of("acme", Some("clerk")));
    let engine = accounts.engine("acme").expect("it was loaded");
    for who in ["clerk", "editor", "owner"] {
        let who = by(who, "acme");
        let alone = engine.check_change(who, "a0", &before, &after).code();
        assert_eq!(ask(who, &before, who, &after), alone);
        assert_eq!(ask(clerks[0], &before, who, &after), alone);
        assert_eq!(ask(who, &before, clerks[0], &after), alone);
    }
}

struct Hour(i64);

impl Context for Hour {
    fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
        (name == "hour").then_some(Value::Integer(self.0))
    }
}

#[test]
fn every_question_goes_to_the_account_that_is_stated() {
    let accounts = two();
    for account in ["acme", "globex"] {
        let clerk = Subject::user("clerk").account(account);
        let engine = accounts.engine(account).expect("it was loaded");
        let record = Record::of("order").id("1").account(account).owner("owner");
        let on_type = OnType::named("order").account(account);
        assert!(accounts.check(clerk, "a0", &record).is_allow());
        assert!(accounts.can_any(clerk, "a0", &on_type).is_allow());
        assert_eq!(
            accounts.can_any(clerk, "a2", &on_type).code(),
            "not_granted"
        );
        assert!(accounts.check_create(clerk, "create", &record).is_allow());
        let at = |hour| {
            accounts
                .in_context(&Hour(hour))
                .check(clerk, "close", &record)
                .code()
        };
        assert_eq!((at(9), at(19)), ("allowed", "condition_not_met"));
        assert_eq!(
            accounts.check(clerk, "close", &record).code(),
            "property_missing"
        );
        let requests = [(clerk, "a0", &record), (clerk, "a2", &record)];
        let many: Vec<_> = accounts.check_many(requests).collect();
        let expected: Vec<_> = engine.check_many(requests).collect();
        assert_eq!(many, expected);
    }
    let stranger = Subject::user("clerk").account("acme");
    let elsewhere = OnType::named("order").account("globex");
    assert_eq!(
        accounts.can_any(stranger, "a0", &elsewhere).code(),
        "wrong_account"
    );
    let nowhere = OnType::named("order").account("initech");
    assert_eq!(
        accounts.can_any(stranger, "a0", &nowhere).code(),
        "wrong_account"
    );
    let record = Record::of("order").account("initech");
    assert_eq!(
        accounts.check_create(stranger, "create", &record).code(),
        "wrong_account"
    );
}
