//! Every kind of change, crossed with what A2 and A3 ask of who makes it and with the guards of A5.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{
    AssignmentDocument, FeatureDocument, PackageDocument, PositionDocument, PropertyValue,
    RoleDocument, UserDocument,
};
use bailiwick::{Scope, Timestamp};

use crate::agreement::name;
use crate::office::{Office, office};
use crate::reference::administration::Class::{
    self, Authority, Cycle, Exists, InUse, Invalid, MinHolders, NothingToChange, SystemRole,
    Unknown, UsedId,
};

struct Row {
    /// A change that the boss of the full office may make.
    change: Change,
    /// Besides the permission for the kind: `assign`, `revoke`.
    needs: &'static [&'static str],
    /// A change to a user, who stands below the boss.
    on_user: bool,
    /// What nobody may, and why.
    guards: Vec<(Change, Class)>,
}

impl Row {
    fn on_user(mut self) -> Row {
        self.on_user = true;
        self
    }

    fn guard(mut self, class: Class, change: Change) -> Row {
        self.guards.push((change, class));
        self
    }
}

fn row(needs: &'static [&'static str], change: Change) -> Row {
    Row {
        change,
        needs,
        on_user: false,
        guards: Vec::new(),
    }
}

fn package(id: &str, roles: &[&str]) -> PackageDocument {
    PackageDocument {
        id: id.to_owned(),
        name: None,
        description: None,
        created: None,
        roles: owned(roles),
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

fn position(id: &str, reports_to: &[&str]) -> PositionDocument {
    PositionDocument {
        id: id.to_owned(),
        name: None,
        reports_to: owned(reports_to),
    }
}

/// An office that has one of everything, whose boss holds all that there is.
fn full() -> Office {
    office()
        .position("top", &[])
        .position("low", &["top"])
        .position("free", &["top"])
        .role(
            RoleDocument::new("holder")
                .grant(("contacts.*", Scope::All))
                .grant("accounts"),
        )
        .role(RoleDocument::new("plain").grant("contacts"))
        .role(RoleDocument::new("used").grant(("contacts.view", Scope::All)))
        .role(RoleDocument::new("spare"))
        .role(RoleDocument::new("senior").inherit("used"))
        .also("boss", "holder")
        .also("boss", "system:lead")
        .user(UserDocument::new("ann").role("used").position("low"))
        .user(UserDocument::new("bob").package("pack").position("low"))
        .user(UserDocument::new("owner").role("system:owner"))
        .with(|it| {
            let mut away = UserDocument::new("away").role("plain").position("low");
            away.suspended = true;
            it.directory.users.push(away);
            it.directory.users[0].position = Some("top".to_owned());
            it.policy.packages = vec![package("pack", &["used"]), package("empty", &[])];
            it.policy.used_ids.users = owned(&["gone"]);
            it.policy.used_ids.roles = owned(&["gone"]);
            it.policy.used_ids.positions = owned(&["gone"]);
            it.policy.features = owned(&["paper"]);
            it.catalog.features.push(FeatureDocument {
                id: "paper".to_owned(),
                label: None,
                requested_by: None,
                retired: None,
            });
        })
}

fn rows() -> Vec<Row> {
    [
        roles(),
        packages(),
        positions(),
        users(),
        assignments(),
        account(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn roles() -> Vec<Row> {
    let create = |role| Change::CreateRole { role };
    let describe = |role: &str| Change::DescribeRole {
        role: role.to_owned(),
        name: Some("A name".to_owned()),
        description: None,
    };
    let copy = |role: &str, id: &str| Change::CopyRole {
        role: role.to_owned(),
        id: id.to_owned(),
        name: None,
        description: None,
        created: Some(Timestamp(1)),
    };
    let delete = |role: &str| Change::DeleteRole {
        role: role.to_owned(),
    };
    let edit = |role: &str, grants: &[&str]| Change::EditRole {
        role: role.to_owned(),
        grants: grants.iter().map(|it| (*it).into()).collect(),
        denies: Vec::new(),
        since: None,
    };
    let check = |role: &str, permission: &str| Change::CheckPermission {
        role: role.to_owned(),
        permission: permission.to_owned(),
        scope: Some(Scope::All),
    };
    let set = |role: &str, permission: &str| Change::SetPermission {
        role: role.to_owned(),
        permission: permission.to_owned(),
        scope: Some(Scope::All),
    };
    let uncheck = |role: &str, permission: &str| Change::UncheckPermission {
        role: role.to_owned(),
        permission: permission.to_owned(),
    };
    let clear = |role: &str, permission: &str| Change::ClearPermission {
        role: role.to_owned(),
        permission: permission.to_owned(),
    };
    let inherit = |role: &str, junior: &str| Change::AddInheritance {
        role: role.to_owned(),
        junior: junior.to_owned(),
    };
    let disinherit = |role: &str, junior: &str| Change::RemoveInheritance {
        role: role.to_owned(),
        junior: junior.to_owned(),
    };
    let new = RoleDocument::new;
    vec![
        row(
            &["assign"],
            create(new("new").inherit("used").grant("accounts")),
        )
        .guard(Exists, create(new("plain")))
        .guard(Exists, create(new("system:lead")))
        .guard(UsedId, create(new("gone")))
        .guard(Unknown, create(new("new").inherit("nothing")))
        .guard(Cycle, create(new("new").inherit("new")))
        .guard(Invalid, create(new("system:new")))
        .guard(Invalid, create(new("")))
        .guard(Invalid, create(new("new").grant("nothing")))
        .guard(Invalid, create(new("new").grant("sharing")))
        .guard(Invalid, create(new("new").grant("contacts.view"))),
        row(&[], describe("plain"))
            .guard(Unknown, describe("nothing"))
            .guard(SystemRole, describe("system:lead"))
            .guard(
                NothingToChange,
                Change::DescribeRole {
                    role: "plain".to_owned(),
                    name: None,
                    description: None,
                },
            ),
        row(&[], copy("used", "new"))
            .guard(Unknown, copy("nothing", "new"))
            .guard(Exists, copy("used", "plain"))
            .guard(UsedId, copy("used", "gone"))
            .guard(Invalid, copy("used", "system:new")),
        row(&["revoke"], delete("spare"))
            .guard(Unknown, delete("nothing"))
            .guard(SystemRole, delete("system:lead"))
            .guard(InUse, delete("used"))
            .guard(InUse, delete("plain")),
        row(&["revoke"], edit("used", &["accounts"]))
            .guard(Unknown, edit("nothing", &[]))
            .guard(SystemRole, edit("system:lead", &[]))
            .guard(Invalid, edit("used", &["nothing"]))
            .guard(NothingToChange, edit("plain", &["contacts"])),
        row(&[], check("spare", "contacts.edit"))
            .guard(Unknown, check("nothing", "contacts"))
            .guard(Unknown, check("plain", "nothing"))
            .guard(SystemRole, check("system:lead", "contacts.view"))
            .guard(NothingToChange, check("used", "contacts.view")),
        row(&["revoke"], uncheck("used", "contacts.view"))
            .guard(Unknown, uncheck("used", "nothing"))
            .guard(SystemRole, uncheck("system:lead", "contacts"))
            .guard(NothingToChange, uncheck("spare", "contacts")),
        row(&[], set("spare", "contacts"))
            .guard(Unknown, set("nothing", "contacts"))
            .guard(SystemRole, set("system:lead", "contacts.view"))
            .guard(NothingToChange, set("plain", "contacts")),
        row(&["revoke"], clear("plain", "contacts"))
            .guard(Unknown, clear("plain", "nothing"))
            .guard(SystemRole, clear("system:lead", "contacts"))
            .guard(NothingToChange, clear("spare", "contacts")),
        row(&["assign"], inherit("spare", "used"))
            .guard(Unknown, inherit("spare", "nothing"))
            .guard(Exists, inherit("senior", "used"))
            .guard(Cycle, inherit("used", "senior"))
            .guard(Cycle, inherit("used", "used"))
            .guard(SystemRole, inherit("system:lead", "used")),
        row(&["revoke"], disinherit("senior", "used"))
            .guard(Unknown, disinherit("senior", "plain"))
            .guard(SystemRole, disinherit("system:lead", "system:member")),
    ]
}

fn packages() -> Vec<Row> {
    let create = |package| Change::CreatePackage { package };
    let describe = |package: &str| Change::DescribePackage {
        package: package.to_owned(),
        name: Some("A name".to_owned()),
        description: None,
    };
    let delete = |package: &str| Change::DeletePackage {
        package: package.to_owned(),
    };
    let add = |package: &str, role: &str| Change::AddToPackage {
        package: package.to_owned(),
        role: role.to_owned(),
    };
    let remove = |package: &str, role: &str| Change::RemoveFromPackage {
        package: package.to_owned(),
        role: role.to_owned(),
    };
    let replace = |role: &str, with: &str| Change::ReplaceInPackages {
        role: role.to_owned(),
        with: with.to_owned(),
    };
    vec![
        row(&["assign"], create(package("new", &["used"])))
            .guard(Exists, create(package("pack", &[])))
            .guard(Unknown, create(package("new", &["nothing"])))
            .guard(Invalid, create(package("", &[]))),
        row(&[], describe("pack")).guard(Unknown, describe("nothing")),
        row(&[], delete("empty"))
            .guard(Unknown, delete("nothing"))
            .guard(InUse, delete("pack")),
        row(&["assign"], add("pack", "plain"))
            .guard(Unknown, add("nothing", "plain"))
            .guard(Unknown, add("pack", "nothing"))
            .guard(Exists, add("pack", "used")),
        row(&["revoke"], remove("pack", "used"))
            .guard(Unknown, remove("nothing", "used"))
            .guard(Unknown, remove("pack", "plain")),
        row(&["assign", "revoke"], replace("used", "plain"))
            .guard(Unknown, replace("used", "nothing"))
            .guard(NothingToChange, replace("spare", "plain"))
            .guard(NothingToChange, replace("used", "used")),
    ]
}

/// A position, and what it reports to.
type Stated<'s> = (&'s str, &'s [&'s str]);

fn positions() -> Vec<Row> {
    let create = |position| Change::CreatePosition { position };
    let describe = |position: &str| Change::DescribePosition {
        position: position.to_owned(),
        name: Some("A name".to_owned()),
    };
    let moved = |position: &str, reports_to: &[&str]| Change::MovePosition {
        position: position.to_owned(),
        reports_to: owned(reports_to),
    };
    let delete = |position: &str| Change::DeletePosition {
        position: position.to_owned(),
    };
    let replace = |positions: &[Stated<'_>]| Change::ReplaceHierarchy {
        positions: positions
            .iter()
            .map(|(id, above)| position(id, above))
            .collect(),
    };
    let [top, low]: [Stated<'_>; 2] = [("top", &[]), ("low", &["top"])];
    vec![
        row(&[], create(position("new", &["low"])))
            .guard(Exists, create(position("top", &[])))
            .guard(UsedId, create(position("gone", &[])))
            .guard(Unknown, create(position("new", &["nothing"])))
            .guard(Cycle, create(position("new", &["new"])))
            .guard(Invalid, create(position("", &[]))),
        row(&[], describe("top")).guard(Unknown, describe("nothing")),
        row(&[], moved("free", &["low"]))
            .guard(Unknown, moved("nothing", &[]))
            .guard(Unknown, moved("free", &["nothing"]))
            .guard(Cycle, moved("top", &["low"]))
            .guard(Cycle, moved("top", &["top"]))
            .guard(NothingToChange, moved("low", &["top"])),
        row(&[], delete("free"))
            .guard(Unknown, delete("nothing"))
            .guard(InUse, delete("low"))
            .guard(InUse, delete("top")),
        row(&[], replace(&[top, ("low", &["free"]), ("free", &["top"])]))
            .guard(NothingToChange, replace(&[top, low, ("free", &["top"])]))
            .guard(InUse, replace(&[top, ("free", &["top"])]))
            .guard(UsedId, replace(&[top, low, ("gone", &[])]))
            .guard(Unknown, replace(&[top, ("low", &["free"])]))
            .guard(Cycle, replace(&[("top", &["low"]), low]))
            .guard(Invalid, replace(&[top, low, low])),
    ]
}

fn users() -> Vec<Row> {
    let create = |user| Change::CreateUser { user };
    let restore = |user| Change::RestoreUser { user };
    let new = |id: &str| UserDocument::new(id).position("low");
    let describe = |user: &str| Change::DescribeUser {
        user: user.to_owned(),
        name: Some("A name".to_owned()),
    };
    let remove = |user: &str| Change::RemoveUser {
        user: user.to_owned(),
    };
    let suspend = |user: &str| Change::SuspendUser {
        user: user.to_owned(),
    };
    let reinstate = |user: &str| Change::ReinstateUser {
        user: user.to_owned(),
    };
    let place = |user: &str, position: &str| Change::PlaceUser {
        user: user.to_owned(),
        position: Some(position.to_owned()),
    };
    let property = |user: &str, property: &str, value: PropertyValue| Change::SetProperty {
        user: user.to_owned(),
        property: property.to_owned(),
        value: Some(value),
    };
    vec![
        row(
            &["assign"],
            create(new("new").role("plain").property("region", "north")),
        )
        .guard(Exists, create(new("ann")))
        .guard(UsedId, create(new("gone")))
        .guard(Unknown, create(new("new").role("nothing")))
        .guard(Unknown, create(new("new").package("nothing")))
        .guard(Unknown, create(new("new").position("nothing")))
        .guard(Unknown, create(new("new").property("nothing", "x")))
        .guard(Invalid, create(new("new").property("region", 1)))
        .guard(
            Invalid,
            create(new("new").role(AssignmentDocument::until("plain", Timestamp(100)))),
        )
        .guard(Invalid, create(new(""))),
        row(&["assign"], restore(new("gone").role("plain")))
            .guard(Exists, restore(new("ann")))
            .guard(Unknown, restore(new("new")))
            .guard(Unknown, restore(new("gone").role("nothing"))),
        row(&[], describe("ann"))
            .on_user()
            .guard(Unknown, describe("nobody")),
        row(&["revoke"], remove("ann"))
            .on_user()
            .guard(Unknown, remove("nobody"))
            .guard(MinHolders, remove("owner")),
        row(&["revoke"], suspend("ann"))
            .on_user()
            .guard(Unknown, suspend("nobody"))
            .guard(NothingToChange, suspend("away"))
            .guard(MinHolders, suspend("owner")),
        row(&["assign"], reinstate("away"))
            .on_user()
            .guard(Unknown, reinstate("nobody"))
            .guard(NothingToChange, reinstate("ann")),
        row(&[], place("ann", "free"))
            .on_user()
            .guard(Unknown, place("nobody", "free"))
            .guard(Unknown, place("ann", "nothing"))
            .guard(NothingToChange, place("ann", "low")),
        row(&[], property("ann", "region", "north".into()))
            .on_user()
            .guard(Unknown, property("nobody", "region", "north".into()))
            .guard(Unknown, property("ann", "nothing", "north".into()))
            .guard(
                Invalid,
                property("ann", "region", PropertyValue::Boolean(true)),
            ),
    ]
}

fn assignments() -> Vec<Row> {
    let assign = |user: &str, role: &str, until: Option<i64>| Change::AssignRole {
        user: user.to_owned(),
        role: role.to_owned(),
        until: until.map(Timestamp),
    };
    let assign_package = |user: &str, package: &str| Change::assign_package(user, package);
    vec![
        row(&["assign"], assign("ann", "plain", Some(101)))
            .on_user()
            .guard(Unknown, assign("nobody", "plain", None))
            .guard(Unknown, assign("ann", "nothing", None))
            .guard(NothingToChange, assign("ann", "used", None))
            .guard(Invalid, assign("ann", "plain", Some(100))),
        // An end to what has none is a revoke.
        row(&["revoke"], assign("ann", "used", Some(101)))
            .on_user()
            .guard(Invalid, assign("ann", "used", Some(99))),
        row(&["revoke"], Change::revoke_role("ann", "used"))
            .on_user()
            .guard(Unknown, Change::revoke_role("nobody", "used"))
            .guard(Unknown, Change::revoke_role("ann", "plain"))
            .guard(MinHolders, Change::revoke_role("owner", "system:owner")),
        row(
            &["assign", "revoke"],
            Change::exchange_role("ann", "used", "plain"),
        )
        .on_user()
        .guard(Unknown, Change::exchange_role("nobody", "used", "plain"))
        .guard(Unknown, Change::exchange_role("ann", "used", "nothing"))
        .guard(Unknown, Change::exchange_role("ann", "spare", "plain"))
        .guard(
            NothingToChange,
            Change::exchange_role("ann", "spare", "used"),
        )
        .guard(
            NothingToChange,
            Change::exchange_role("ann", "used", "used"),
        )
        .guard(
            MinHolders,
            Change::exchange_role("owner", "system:owner", "plain"),
        ),
        row(&["assign"], assign_package("ann", "pack"))
            .on_user()
            .guard(Unknown, assign_package("nobody", "pack"))
            .guard(Unknown, assign_package("ann", "nothing"))
            .guard(NothingToChange, assign_package("bob", "pack")),
        row(&["revoke"], Change::revoke_package("bob", "pack"))
            .on_user()
            .guard(Unknown, Change::revoke_package("nobody", "pack"))
            .guard(Unknown, Change::revoke_package("ann", "pack")),
    ]
}

fn account() -> Vec<Row> {
    let enable = |feature: &str| Change::EnableFeature {
        feature: feature.to_owned(),
    };
    let disable = |feature: &str| Change::DisableFeature {
        feature: feature.to_owned(),
    };
    let setting = |permission: &str, role: Option<&str>| Change::ChangeSetting {
        permission: permission.to_owned(),
        role: role.map(str::to_owned),
    };
    let forget = |kind, id: &str| Change::ForgetId {
        kind,
        id: id.to_owned(),
    };
    let import = |edit: fn(&mut bailiwick::document::PolicyDocument)| {
        let mut policy = full().documents.policy;
        edit(&mut policy);
        Change::ImportPolicy { policy }
    };
    vec![
        row(&[], enable("texting"))
            .guard(Unknown, enable("nothing"))
            .guard(NothingToChange, enable("paper")),
        row(&[], disable("paper"))
            .guard(Unknown, disable("nothing"))
            .guard(NothingToChange, disable("texting")),
        row(&[], setting("sharing", Some("system:member")))
            .guard(Unknown, setting("nothing", None))
            .guard(Invalid, setting("contacts", None))
            .guard(Invalid, setting("sharing", Some("system:owner")))
            .guard(NothingToChange, setting("sharing", None)),
        row(
            &[],
            import(|policy| policy.roles[0].name = Some("Other".to_owned())),
        )
        .guard(
            Invalid,
            import(|policy| policy.account = Some("other".to_owned())),
        )
        .guard(Invalid, import(|policy| policy.catalog_version = 0))
        .guard(Invalid, import(|policy| policy.catalog_version = 2))
        .guard(
            UsedId,
            import(|policy| policy.roles.push(RoleDocument::new("gone"))),
        )
        .guard(InUse, import(|policy| policy.packages.clear()))
        .guard(
            Invalid,
            import(|policy| policy.roles[1].inherits = vec!["nothing".to_owned()]),
        ),
        row(&[], forget(UsedIdKind::User, "gone"))
            .guard(Unknown, forget(UsedIdKind::User, "ann"))
            .guard(Unknown, forget(UsedIdKind::Role, "nothing"))
            .guard(Unknown, forget(UsedIdKind::Position, "top")),
    ]
}

// ── What is asked of each ─────────────────────────────────────────────────────────────────────

/// The boss's rights of administration, from outside their own role.
fn boss_has(rights: &[(&str, Scope)]) -> Office {
    full().with(|it| {
        let role = it.policy.roles.iter_mut();
        for role in role.filter(|role| role.id == "administrator") {
            role.grants = rights.iter().map(|right| (*right).into()).collect();
        }
    })
}

fn all_but(missing: &str, instead: Option<Scope>) -> Vec<(&str, Scope)> {
    let mut rights: Vec<(&str, Scope)> = ["admin", "assign", "revoke"]
        .into_iter()
        .filter(|right| *right != missing)
        .map(|right| (right, Scope::All))
        .collect();
    rights.extend(instead.map(|scope| (missing, scope)));
    rights
}

fn by(office: &Office, actor: &Actor, change: &Change) -> BTreeSet<Class> {
    // The policy to be imported is that of the full office, whoever may do what in this one.
    let mut change = change.clone();
    if let Change::ImportPolicy { policy } = &mut change {
        for role in policy
            .roles
            .iter_mut()
            .filter(|it| it.id == "administrator")
        {
            for own in &office.documents.policy.roles {
                if own.id == role.id {
                    role.grants.clone_from(&own.grants);
                }
            }
        }
    }
    office.refusal(actor, [change])
}

fn boss(office: &Office, change: &Change) -> BTreeSet<Class> {
    by(office, &Actor::user("boss"), change)
}

#[test]
fn every_kind_of_change_is_in_the_table() {
    // What serde expects where a variant is unknown is the list of all.
    let Err(error) = serde_json::from_str::<Change>(r#"{ "no_such_kind": {} }"#) else {
        panic!("a kind of no name was read");
    };
    let listed = error.to_string();
    let names: BTreeSet<&str> = listed.split('`').skip(3).step_by(2).collect();
    assert!(names.len() > 30, "{listed}");
    let table = rows();
    let found: Vec<String> = table.iter().map(|row| name(&row.change)).collect();
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(names, found);
}

#[test]
fn whoever_has_every_right_may_and_the_host_may() {
    for row in rows() {
        for actor in [Actor::user("boss"), Actor::System] {
            let found = by(&full(), &actor, &row.change);
            assert!(found.is_empty(), "{actor:?}: {:?}: {found:?}", row.change);
        }
    }
}

#[test]
fn without_a_rule_only_the_host_may() {
    for row in rows() {
        let unruled = full().with(|it| {
            match row.change.kind() {
                Some(kind) => drop(it.catalog.administration.changes.remove(&kind)),
                None => {
                    for permission in &mut it.catalog.permissions {
                        if let Some(adjustable) = &mut permission.adjustable {
                            adjustable.changed_by = None;
                        }
                    }
                }
            };
        });
        let found = boss(&unruled, &row.change);
        assert!(found.contains(&Authority), "{:?}: {found:?}", row.change);
        let found = by(&unruled, &Actor::System, &row.change);
        assert!(found.is_empty(), "{:?}: {found:?}", row.change);
    }
}

#[test]
fn without_a_rule_for_the_role_only_the_host_may() {
    for row in rows() {
        for right in ["assign", "revoke"] {
            let unruled = full().with(|it| {
                let rules = &mut it.catalog.administration.account_roles;
                match right {
                    "assign" => rules.assign = None,
                    _ => rules.revoke = None,
                }
            });
            let found = boss(&unruled, &row.change);
            let needs = row.needs.contains(&right);
            assert_eq!(
                found.contains(&Authority),
                needs,
                "{right}: {:?}: {found:?}",
                row.change
            );
            let found = by(&unruled, &Actor::System, &row.change);
            assert!(found.is_empty(), "{:?}: {found:?}", row.change);
        }
    }
}

#[test]
fn each_right_is_needed_where_the_table_says_so() {
    let places: BTreeMap<&str, Option<Scope>> = BTreeMap::from([
        // Not at all; and, nobody being the boss themself, not far enough.
        ("missing", None),
        ("own", Some(Scope::Own)),
    ]);
    for row in rows() {
        for right in ["admin", "assign", "revoke"] {
            let needs = right == "admin" || row.needs.contains(&right);
            for (how, instead) in &places {
                let office = boss_has(&all_but(right, *instead));
                let found = boss(&office, &row.change);
                assert_eq!(
                    found.contains(&Authority),
                    needs,
                    "{right} {how}: {:?}: {found:?}",
                    row.change
                );
            }
            // Reports is far enough for a change to a user below, and for nothing else.
            let office = boss_has(&all_but(right, Some(Scope::Reports)));
            let found = boss(&office, &row.change);
            // Making somebody below whoever has a right at Reports widens that right (A4).
            let widens = matches!(
                row.change,
                Change::CreateUser { .. } | Change::RestoreUser { .. }
            );
            assert_eq!(
                found.contains(&Authority),
                widens || needs && !row.on_user,
                "{right} at reports: {:?}: {found:?}",
                row.change
            );
        }
    }
}

#[test]
fn strangers_and_the_suspended_may_nothing() {
    for row in rows() {
        let office = full().with(|it| {
            let mut gone = it.directory.users[0].clone();
            gone.id = "suspended boss".to_owned();
            gone.suspended = true;
            it.directory.users.push(gone);
        });
        for actor in ["nobody", "suspended boss", "ann"] {
            let found = by(&office, &Actor::user(actor), &row.change);
            assert!(found.contains(&Authority), "{actor}: {:?}", row.change);
        }
    }
}

#[test]
fn guards_bind_the_host_too() {
    for row in rows() {
        for (change, class) in &row.guards {
            let found = full().refusal(&Actor::System, [change.clone()]);
            assert!(found.contains(class), "{class:?}: {change:?}: {found:?}");
            // Also when it comes last of several.
            let mut several = vec![Change::DescribeUser {
                user: "boss".to_owned(),
                name: Some("The boss".to_owned()),
            }];
            several.push(change.clone());
            let found = full().refusal(&Actor::System, several);
            assert!(found.contains(class), "{class:?}: {change:?}: {found:?}");
        }
    }
}
