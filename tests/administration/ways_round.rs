//! Ways round the rules that a review found: a right put down and taken up again within one
//! transaction, imports that raise the catalog's version, actors from outside.

use bailiwick::admin::{Actor, Change, Refusal, Refused};
use bailiwick::document::{
    CatalogDocument, ChangeKind, DenialDocument, DirectoryDocument, GrantDocument, PackageDocument,
    PolicyDocument, PositionDocument, PropertyValue, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Record, Scope, Timestamp, Warnings};

const CATALOG: &str = r#"
format = 2
id = "office"
version = 2
subject_properties = { region = "text" }
permissions = [
  { path = "admin", scopes = ["own", "reports", "peers", "all"] },
  { path = "assign", scopes = ["own", "reports", "peers", "all"] },
  { path = "view", scopes = ["own", "reports", "peers", "all"] },
  { path = "regional", scopes = ["own", "reports", "peers", "all"] },
  { path = "sharing", scopes = ["own", "all"], adjustable = { ladder = ["system:member"], default = "system:member", changed_by = "admin" } },
]
types = [{ id = "case" }]
operations = [
  { type = "case", action = "view", on = "record", allowed_by = ["view"] },
  { type = "case", action = "north", on = "record", allowed_by = [{ permission = "regional", when = [[{ subject = "region", is = "north" }]] }] },
]
roles = [
  { id = "system:member", assign = "assign", revoke = "assign" },
  { id = "system:gone", retired = 2, min_holders = 1, assign = "assign", revoke = "assign" },
]
"#;

fn governed(text: &str) -> Catalog {
    let document = CatalogDocument::from_toml("catalog.toml", text);
    let mut document = document.into_document().unwrap();
    for kind in ChangeKind::EVERY {
        document
            .administration
            .changes
            .insert(*kind, "admin".into());
    }
    let rules = &mut document.administration.account_roles;
    rules.assign = Some("assign".into());
    rules.revoke = Some("assign".into());
    Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap()
}

fn position(id: &str, above: &[&str]) -> PositionDocument {
    PositionDocument {
        id: id.into(),
        name: None,
        reports_to: above.iter().map(|it| (*it).into()).collect(),
    }
}

fn policy(version: u32) -> PolicyDocument {
    let mut policy = PolicyDocument::new(version);
    let keeper = RoleDocument::new("keeper");
    let keeper = keeper
        .grant(("admin", Scope::All))
        .grant(("assign", Scope::All));
    let rep = RoleDocument::new("rep").grant(("view", Scope::Reports));
    policy.roles = vec![keeper, rep.grant(("regional", Scope::Reports))];
    let own = RoleDocument::new("own").grant(("admin", Scope::Own));
    policy.roles.push(own.grant(("assign", Scope::Own)));
    policy.positions = vec![
        position("top", &[]),
        position("mid", &["top"]),
        position("low", &["mid"]),
        position("side", &["top"]),
    ];
    policy
}

fn engine(policy: PolicyDocument, users: &[(&str, &str, &[&str])]) -> Engine {
    let users = users.iter().map(|(id, position, roles)| {
        let user = roles
            .iter()
            .fold(UserDocument::new(*id), |user, role| user.role(*role));
        user.position(*position)
    });
    let users = DirectoryDocument::new(users);
    let engine = Engine::new(
        &governed(CATALOG),
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    engine.unwrap()
}

fn place(user: &str, position: &str) -> Change {
    Change::PlaceUser {
        user: user.into(),
        position: Some(position.into()),
    }
}

fn by(engine: &Engine, actor: &Actor, changes: &[Change]) -> Result<Engine, Refused> {
    let applied = engine.apply(actor, Timestamp(1), changes);
    applied.map(bailiwick::admin::Applied::into_engine)
}

#[track_caller]
fn widens(engine: &Engine, changes: &[Change]) {
    let refused = by(engine, &Actor::user("eve"), changes).unwrap_err();
    assert_eq!(refused.reason.code(), "widens_reach", "{refused}");
}

/// The change alone, and between giving a role up and taking it again.
#[track_caller]
fn widens_either_way(engine: &Engine, change: Change) {
    widens(engine, std::slice::from_ref(&change));
    let (down, up) = (
        Change::revoke_role("eve", "rep"),
        Change::assign_role("eve", "rep"),
    );
    widens(engine, &[down, change, up]);
}

#[test]
fn nobody_climbs_with_a_right_put_down_for_the_moment() {
    for admin in ["keeper", "own"] {
        let roles: &[&str] = &[admin, "rep"];
        let engine = engine(policy(2), &[("eve", "low", roles), ("sid", "side", &[])]);
        widens_either_way(&engine, place("eve", "top"));
    }
    let engine = engine(policy(2), &[("eve", "low", &["keeper", "rep"])]);
    let edit = |grants: &[GrantDocument]| Change::EditRole {
        role: "rep".into(),
        grants: grants.to_vec(),
        denies: Vec::new(),
        since: None,
    };
    let grant = [("view", Scope::Reports).into()];
    widens(&engine, &[edit(&[]), place("eve", "top"), edit(&grant)]);
}

#[test]
fn nobody_is_pulled_under_by_a_right_put_down_for_the_moment() {
    let engine = engine(
        policy(2),
        &[("eve", "mid", &["keeper", "rep"]), ("sid", "side", &[])],
    );
    widens_either_way(&engine, place("sid", "low"));
    let moved = Change::MovePosition {
        position: "side".into(),
        reports_to: vec!["mid".into()],
    };
    widens_either_way(&engine, moved);
}

#[test]
fn no_property_is_set_around_a_right_put_down_for_the_moment() {
    let engine = engine(policy(2), &[("eve", "mid", &["keeper", "rep"])]);
    let set = Change::SetProperty {
        user: "eve".into(),
        property: "region".into(),
        value: Some(PropertyValue::Text("north".into())),
    };
    widens_either_way(&engine, set);
}

/// An exception of an older version covers where a rename has moved what lay below it; the same text
/// of today's does not.
#[test]
fn an_import_that_upgrades_writes_no_wider_wildcard() {
    let catalog = governed(
        r#"
format = 2
id = "office"
version = 2
permissions = [{ path = "x" }, { path = "z" }, { path = "z.y", adjustable = { ladder = ["system:a"], default = "system:a" } }, { path = "admin" }, { path = "assign" }]
roles = [{ id = "system:a" }]
renamed = [{ from = "x.y", to = "z.y", version = 2 }]
"#,
    );
    let star = |id: &str, except: &[&str]| {
        let mut grant = GrantDocument::from(("*", Scope::All));
        grant.except = except.iter().map(|it| (*it).into()).collect();
        RoleDocument::new(id).grant(grant)
    };
    let eve = UserDocument::new("eve").role("star");
    let load = |policy: PolicyDocument| {
        let users = DirectoryDocument::new([eve.clone()]);
        Engine::new(
            &catalog,
            policy,
            users,
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap()
    };
    let mut today = PolicyDocument::new(2);
    today.roles.push(star("star", &["x", "z.y"]));
    let role = star("new", &["x"]);
    let written = [Change::CreateRole { role: role.clone() }];
    let refused = by(&load(today.clone()), &Actor::user("eve"), &written).unwrap_err();
    assert_eq!(refused.reason.code(), "wildcard_not_held");

    let mut older = PolicyDocument::new(1);
    older.roles.push(star("star", &["x"]));
    today.roles.push(role);
    let imported = [Change::ImportPolicy { policy: today }];
    let refused = by(&load(older), &Actor::user("eve"), &imported).unwrap_err();
    assert_eq!(refused.reason.code(), "wildcard_not_held");
}

#[test]
fn an_upgrade_leaves_nothing_that_was_retired_where_it_cannot_be_taken_away() {
    let mut upgraded = policy(1);
    upgraded.catalog_version = 2;
    let import = |policy: &PolicyDocument| Change::ImportPolicy {
        policy: policy.clone(),
    };
    let held = engine(policy(1), &[("bob", "low", &["system:gone"])]);
    let refused = by(&held, &Actor::System, &[import(&upgraded)]).unwrap_err();
    assert!(matches!(refused.reason, Refusal::Invalid(_)), "{refused}");
    let revoked = [Change::revoke_role("bob", "system:gone"), import(&upgraded)];
    by(&held, &Actor::System, &revoked).unwrap();
    // Nor does anybody have to keep it.
    for change in [
        Change::SuspendUser { user: "bob".into() },
        Change::RemoveUser { user: "bob".into() },
    ] {
        by(&held, &Actor::System, &[change]).unwrap();
    }

    // What inherits it, or a package that has it, loses it by the import.
    let mut older = policy(1);
    let rep = older.roles.remove(1);
    older.roles.push(rep.inherit("system:gone"));
    let mut package = PackageDocument {
        id: "pack".into(),
        name: None,
        description: None,
        created: None,
        roles: Vec::new(),
    };
    upgraded.packages.push(package.clone());
    package.roles.push("system:gone".into());
    older.packages.push(package);
    let made = by(&engine(older, &[]), &Actor::System, &[import(&upgraded)]).unwrap();
    let policy = made.policy();
    let users = DirectoryDocument::new([]);
    Engine::new(
        made.catalog(),
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
}

#[test]
fn what_an_older_policy_may_say_is_not_written_today() {
    let engine = engine(policy(1), &[]);
    for grant in [GrantDocument::from("view"), ("sharing", Scope::All).into()] {
        let role = RoleDocument::new("new").grant(grant);
        let refused = by(&engine, &Actor::System, &[Change::CreateRole { role }]).unwrap_err();
        assert!(matches!(refused.reason, Refusal::Invalid(_)), "{refused}");
    }
}

/// A deny of what is gone since would take nothing away, and say nothing of it.
#[test]
fn no_deny_names_today_what_only_an_older_version_had() {
    let text = CATALOG.replace(
        "types = [",
        "renamed = [{ version = 2, from = \"look\", to = \"view\" }]\n\
         retired = [{ version = 2, path = \"old\" }]\ntypes = [",
    );
    let except = |path: &str| {
        let mut denial = DenialDocument::from("*");
        denial.except.push(path.to_owned());
        denial
    };
    let mut older = policy(1);
    older.roles[1].denies = vec!["look".into(), "old".into(), except("old")];
    let users = DirectoryDocument::new([]);
    let engine = Engine::new(
        &governed(&text),
        older.clone(),
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let engine = engine.unwrap();
    let grants = older.roles[1].grants.clone();
    let edit = |role: &str, denies: Vec<DenialDocument>| Change::EditRole {
        role: role.into(),
        grants: grants.clone(),
        denies,
        since: None,
    };
    for denial in ["look".into(), "old".into(), except("look"), except("old")] {
        let role = RoleDocument::new("new").deny(denial.clone());
        for change in [Change::CreateRole { role }, edit("own", vec![denial])] {
            let refused = by(&engine, &Actor::System, &[change]).unwrap_err();
            assert!(matches!(refused.reason, Refusal::Invalid(_)), "{refused}");
        }
    }
    // What stood there stays.
    let mut denies = older.roles[1].denies.clone();
    denies.push("sharing".into());
    let edited = by(&engine, &Actor::System, &[edit("rep", denies.clone())]).unwrap();
    assert_eq!(edited.policy().roles[1].denies, denies);
}

/// Of two settings that lead to one permission since a rename, the narrower holds: neither adding one
/// nor leaving one out is a way round the permission that it needs.
#[test]
fn no_import_changes_a_setting_that_is_not_theirs() {
    let catalog = governed(
        r#"
format = 2
id = "office"
version = 2
permissions = [
  { path = "admin" },
  { path = "assign" },
  { path = "settings" },
  { path = "team" },
  { path = "team.sharing", adjustable = { ladder = ["system:member", "system:lead"], default = "system:lead", changed_by = "settings" } },
]
roles = [{ id = "system:member" }, { id = "system:lead", inherits = ["system:member"] }]
renamed = [{ version = 2, from = "sharing", to = "team.sharing" }]
"#,
    );
    let (member, lead) = ("system:member", "system:lead");
    let policy = |version: u32, settings: &[(&str, &str)]| {
        let mut policy = PolicyDocument::new(version);
        policy.roles = vec![
            RoleDocument::new("importer").grant("admin"),
            RoleDocument::new("chief").grant("admin").grant("settings"),
        ];
        let settings = settings.iter();
        policy.settings = settings
            .map(|(path, role)| ((*path).to_owned(), (*role).to_owned()))
            .collect();
        policy
    };
    let alone = [("team.sharing", member)];
    let both = [("sharing", lead), ("team.sharing", member)];
    let [alone, both, today] = [policy(1, &alone), policy(1, &both), policy(2, &alone)];
    for (from, to) in [(&alone, &both), (&both, &alone), (&both, &today)] {
        let users = ["importer", "chief"].map(|it| UserDocument::new(it).role(it));
        let users = DirectoryDocument::new(users);
        let engine = Engine::new(
            &catalog,
            from.clone(),
            users,
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        let engine = engine.unwrap();
        let import = [Change::ImportPolicy { policy: to.clone() }];
        let refused = by(&engine, &Actor::user("importer"), &import).unwrap_err();
        let permission = "settings".to_owned();
        let expected = Refusal::NotAllowed {
            permission,
            user: None,
        };
        assert_eq!(refused.reason, expected);
        by(&engine, &Actor::user("chief"), &import).unwrap();
    }
    // Another name for the same is no change.
    let (engine, to) = (policy(1, &[("sharing", member)]), today);
    let users = DirectoryDocument::new([UserDocument::new("importer").role("importer")]);
    let engine = Engine::new(
        &catalog,
        engine,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let import = [Change::ImportPolicy { policy: to }];
    by(&engine.unwrap(), &Actor::user("importer"), &import).unwrap();
}

/// An edit is held against what others did to the role since, not against its own transaction.
#[test]
fn an_edit_does_not_conflict_with_itself() {
    let mut policy = policy(2);
    policy.revision = Some(5);
    let engine = engine(policy, &[]);
    let describe = Change::DescribeRole {
        role: "rep".into(),
        name: Some("Representative".into()),
        description: None,
    };
    let edit = |role: &str, since: u64| Change::EditRole {
        role: role.into(),
        grants: vec![("view", Scope::All).into()],
        denies: Vec::new(),
        since: Some(since),
    };
    let create = Change::CreateRole {
        role: RoleDocument::new("new"),
    };
    for changes in [
        [describe.clone(), edit("rep", 5)],
        [edit("rep", 5), describe],
        [create, edit("new", 5)],
    ] {
        by(&engine, &Actor::System, &changes).unwrap();
    }
    for since in [4, 6] {
        let refused = by(&engine, &Actor::System, &[edit("rep", since)]).unwrap_err();
        let role = "rep".to_owned();
        let changed = 5;
        let expected = Refusal::Conflict {
            role,
            since,
            changed,
        };
        assert_eq!(refused.reason, expected);
    }
}

#[test]
fn what_an_actor_from_outside_holds_is_as_it_is_stated() {
    let engine = engine(policy(2), &[("bob", "low", &[])]);
    let rights = |sharing: GrantDocument| {
        let rights = [("admin", Scope::All).into(), ("assign", Scope::All).into()];
        Actor::external("site", rights.into_iter().chain([sharing]))
    };
    let assign = [Change::assign_role("bob", "system:member")];
    by(&engine, &rights("sharing".into()), &assign).unwrap();
    let mut excepted = GrantDocument::from("sharing");
    excepted.except.push("sharing".into());
    for sharing in [("sharing", Scope::Own).into(), excepted] {
        let refused = by(&engine, &rights(sharing), &assign).unwrap_err();
        assert!(matches!(refused.reason, Refusal::Invalid(_)), "{refused}");
    }
    let nameless = Actor::external("", ["sharing".into()]);
    let refused = by(&engine, &nameless, &assign).unwrap_err();
    assert!(matches!(refused.reason, Refusal::Invalid(_)), "{refused}");
}

#[test]
fn only_the_host_lets_time_pass() {
    let engine = engine(policy(2), &[("bob", "low", &["rep"])]);
    let refused = by(&engine, &Actor::user("bob"), &[]).unwrap_err();
    assert_eq!(refused.reason, Refusal::NothingToChange);
    assert_eq!(by(&engine, &Actor::System, &[]).unwrap().revision(), 2);
}

/// Whoever holds at All what a change widens may make it.
#[test]
fn a_sound_climb_is_applied() {
    let mut policy = policy(2);
    policy.roles.push(
        RoleDocument::new("chief")
            .grant(("view", Scope::All))
            .grant(("regional", Scope::All)),
    );
    let engine = engine(
        policy,
        &[
            ("eve", "low", &["keeper", "rep", "chief"]),
            ("sid", "side", &[]),
        ],
    );
    let after = by(&engine, &Actor::user("eve"), &[place("eve", "top")]).unwrap();
    let record = Record::of("case").id("1").owner("sid");
    assert!(after.check("eve", "view", &record).is_allow());
}
