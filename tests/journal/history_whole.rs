//! A history leaves nothing out: not what two texts that look alike would hide, not what a transaction
//! did and undid, not what a permission did under another name.

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, GrantDocument, PolicyDocument, PropertyValue, RoleDocument,
    UserDocument,
};
use bailiwick::journal::{Between, Difference, Entry, Item, ItemDocument, MemoryJournal};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};
use serde_json::{Value, json};

use crate::history::{Office, of, user};

/// Ends in a letter, after 90 that are alike.
fn long(end: &str) -> String {
    format!("{}{end}", "a".repeat(90))
}

fn catalog(more: Value) -> Catalog {
    let mut document = json!({
        "format": 2, "id": "shop", "version": 1,
        "permissions": [
            { "path": "orders" }, { "path": "secret" },
            { "path": long("x") }, { "path": long("y") },
            { "path": "x" }, { "path": "x.a" }, { "path": "x.b" },
            { "path": "x.a`, `x" }, { "path": "x.a`, `x.b" },
        ],
        "types": [{ "id": "order" }],
        "operations": [
            { "type": "order", "action": "list", "on": "type", "allowed_by": ["orders"] },
        ],
        "subject_properties": { "tags": "set", "team": "text" },
    });
    let (Value::Object(document), Value::Object(more)) = (&mut document, more) else {
        panic!("objects");
    };
    document.extend(more);
    let document: CatalogDocument = of(Value::Object(document.clone()));
    Catalog::new(document, Warnings::Into(&mut Vec::new()))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn office(policy: PolicyDocument, users: Vec<UserDocument>) -> Office {
    let catalog = catalog(json!({}));
    let directory = DirectoryDocument::new(users);
    let loaded = Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    Office::of(MemoryJournal::new(), catalog, loaded)
}

fn only(office: &Office, item: &Item) -> Entry {
    let told = office.history(item);
    let [entry] = &told.entries[..] else {
        panic!("not one entry: {told}");
    };
    entry.clone()
}

fn list(entry: &Entry) -> (&[String], &[String]) {
    match entry.differences() {
        [Difference::List { removed, added, .. }] => (removed, added),
        other => panic!("not one list: {other:?}"),
    }
}

#[test]
fn two_roles_whose_long_ids_differ_in_the_last_letter() {
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new(long("b")).grant("orders"));
    policy
        .roles
        .push(RoleDocument::new(long("c")).grant("secret"));
    let mut office = office(policy, vec![UserDocument::new("ann").role(long("b"))]);
    let changes = vec![
        Change::revoke_role("ann", long("b")),
        Change::assign_role("ann", long("c")),
    ];
    assert!(office.change(60, "tidied up", changes));
    assert_eq!(
        office.history(&user("ann")).to_string(),
        "\
user `ann`
revision 2, 1970-01-01T00:01:00Z, the host: tidied up
  - roles: `aaaaaaaaaaaa…aaaaaaaaaaaab`
  + roles: `aaaaaaaaaaaa…aaaaaaaaaaaac`
"
    );
}

#[test]
fn a_role_whose_grants_have_long_paths() {
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new("clerk").grant(long("x").as_str()));
    let mut office = office(policy, Vec::new());
    let edit = Change::EditRole {
        role: "clerk".to_owned(),
        grants: vec![long("y").as_str().into()],
        denies: Vec::new(),
        since: None,
    };
    assert!(office.change(60, "edited", vec![edit]));
    let entry = only(&office, &Item::Role("clerk".to_owned()));
    let (removed, added) = list(&entry);
    assert!(removed != added && removed.len() == 1 && added.len() == 1);
}

#[test]
fn a_position_with_a_long_id() {
    let mut policy = PolicyDocument::new(1);
    for end in ["b", "c", "d"] {
        policy.positions.push(of(json!({ "id": long(end) })));
    }
    let mut office = office(
        policy,
        vec![of(json!({ "id": "ann", "position": long("b") }))],
    );
    let place = Change::PlaceUser {
        user: "ann".to_owned(),
        position: Some(long("c")),
    };
    let moved = |to: &str| Change::MovePosition {
        position: long("d"),
        reports_to: vec![long(to)],
    };
    assert!(office.change(60, "placed", vec![place, moved("b")]));
    assert!(office.change(120, "moved", vec![moved("c")]));
    let entry = only(&office, &user("ann"));
    let [Difference::Value { before, after, .. }] = entry.differences() else {
        panic!("{entry}");
    };
    assert!(before != after);
    let told = office.history(&Item::Position(long("d")));
    let last = told.entries.last().expect("it was moved twice");
    assert_eq!((told.entries.len(), last.revision), (2, 3));
    let (removed, added) = list(last);
    assert!(removed != added);
    // Whose history it is can be read, too.
    let other = office.history(&Item::Position(long("c")));
    assert!(told.item.to_string() != other.item.to_string());
}

#[test]
fn a_set_whose_text_becomes_its_own_escaped_form() {
    let tags = |text: &str| Some(PropertyValue::Set(vec![text.to_owned()]));
    let mut office = office(PolicyDocument::new(1), vec![UserDocument::new("ann")]);
    let set = |value| Change::SetProperty {
        user: "ann".to_owned(),
        property: "tags".to_owned(),
        value,
    };
    assert!(office.change(60, "invisible", vec![set(tags("\u{200b}"))]));
    assert!(office.change(120, "escaped", vec![set(tags("\\u{200b}"))]));
    let told = office.history(&user("ann"));
    assert_eq!(told.entries.len(), 2);
    let (removed, added) = list(&told.entries[1]);
    assert_eq!(
        (removed, added),
        (&["`\\u{200b}`".into()][..], &["`\\\\u{200b}`".into()][..])
    );
}

#[test]
fn exceptions_whose_joined_texts_run_together() {
    let grant =
        |except: &[&str]| -> GrantDocument { of(json!({ "select": "x.*", "except": except })) };
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new("clerk").grant(grant(&["x.a", "x.b"])));
    let mut office = office(policy, Vec::new());
    let edit = Change::EditRole {
        role: "clerk".to_owned(),
        grants: vec![grant(&["x.a`, `x.b"])],
        denies: Vec::new(),
        since: None,
    };
    assert!(office.change(60, "edited", vec![edit]));
    let entry = only(&office, &Item::Role("clerk".to_owned()));
    let (removed, added) = list(&entry);
    assert!(removed != added, "{entry}");
}

#[test]
fn removed_forgotten_and_made_anew_in_one() {
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new("clerk").grant("orders"));
    let mut office = office(policy, vec![UserDocument::new("ann")]);
    let forget = |kind, id: &str| Change::ForgetId {
        kind,
        id: id.to_owned(),
    };
    let remove = Change::RemoveUser {
        user: "ann".to_owned(),
    };
    let create = Change::CreateUser {
        user: UserDocument::new("ann"),
    };
    let delete = Change::DeleteRole {
        role: "clerk".to_owned(),
    };
    let anew = Change::CreateRole {
        role: RoleDocument::new("clerk").grant("orders"),
    };
    let changes = vec![
        remove.clone(),
        forget(UsedIdKind::User, "ann"),
        create.clone(),
        delete.clone(),
        forget(UsedIdKind::Role, "clerk"),
        anew,
    ];
    assert!(office.change(60, "nothing, really", changes));
    for item in [user("ann"), Item::Role("clerk".to_owned())] {
        let entry = only(&office, &item);
        assert_eq!(entry.between, Between::MadeAnew);
        assert_eq!(entry.before, entry.after);
    }
    // A role that is there for one transaction only, and gives somebody nothing in the end.
    let changes = vec![
        Change::CreateRole {
            role: RoleDocument::new("brief").grant("secret"),
        },
        Change::assign_role("ann", "brief"),
        Change::revoke_role("ann", "brief"),
        Change::DeleteRole {
            role: "brief".to_owned(),
        },
    ];
    assert!(office.change(120, "there and back", changes));
    assert!(office.change(180, "gone", vec![remove]));
    assert!(office.change(240, "forgotten", vec![forget(UsedIdKind::User, "ann")]));
    assert_eq!(
        office.history(&user("ann")).to_string(),
        "\
user `ann`
revision 2, 1970-01-01T00:01:00Z, the host: nothing, really
  removed, and made anew
revision 3, 1970-01-01T00:02:00Z, the host: there and back
  changed, and changed back
revision 4, 1970-01-01T00:03:00Z, the host: gone
  removed
revision 5, 1970-01-01T00:04:00Z, the host: forgotten
  its id forgotten
"
    );
    assert_eq!(
        office.history(&Item::Role("brief".to_owned())).to_string(),
        "\
role `brief`
revision 3, 1970-01-01T00:02:00Z, the host: there and back
  made, and removed again
  its id counts as used
"
    );
}

/// What ended by the time of a transaction is no deed of whoever made it, and their reasons are none of it.
#[test]
fn what_ended_by_the_way_is_told_as_ended() {
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new("clerk").grant("orders"));
    policy
        .roles
        .push(RoleDocument::new("other").grant("orders"));
    let ends: UserDocument = of(json!({
        "id": "bob", "roles": [{ "id": "clerk", "until": "1970-01-01T00:01:00Z" }],
    }));
    let also = UserDocument {
        id: "cay".to_owned(),
        ..ends.clone()
    };
    let mut office = office(policy, vec![ends, also]);
    let site = || Actor::External {
        id: "ann".to_owned(),
        grants: Vec::new(),
    };
    let ann = Actor::System.on_behalf_of(Actor::System);
    // Nobody's permission is asked: what somebody from outside may do is no matter here.
    assert!(!office.change_by(site(), 100, "no", vec![Change::assign_role("bob", "other")]));
    let changes = vec![
        Change::assign_role("cay", "other"),
        Change::assign_role("cay", "clerk"),
    ];
    assert!(office.change_by(ann, 100, "tidying up", changes));
    let bob = office.history(&user("bob"));
    assert_eq!(
        bob.to_string(),
        "\
user `bob`
revision 2, 1970-01-01T00:01:40Z, the host
  an assignment ended
  - roles: `clerk` (until `1970-01-01T00:01:00Z`)
"
    );
    let [entry] = &bob.entries[..] else {
        panic!("{bob}");
    };
    assert!(entry.is_ending && entry.actor == Actor::System && entry.note.is_none());
    // Whom the transaction concerns too: first what ended, then what was done.
    assert_eq!(
        office.history(&user("cay")).to_string(),
        "\
user `cay`
revision 2, 1970-01-01T00:01:40Z, the host
  an assignment ended
  - roles: `clerk` (until `1970-01-01T00:01:00Z`)
revision 2, 1970-01-01T00:01:40Z, the host for the host: tidying up
  + roles: `clerk`, `other`
"
    );
}

/// Letters of another script that look like ours, in ids of roles, users and actors.
#[test]
fn letters_that_look_alike_are_told_apart() {
    let mut policy = PolicyDocument::new(1);
    policy
        .roles
        .push(RoleDocument::new("admin").grant("orders"));
    policy
        .roles
        .push(RoleDocument::new("\u{430}dmin").grant("secret"));
    let bob = UserDocument::new("bob").role("admin");
    let mut office = office(policy, vec![bob, UserDocument::new("b\u{43e}b")]);
    let changes = vec![
        Change::revoke_role("bob", "admin"),
        Change::assign_role("bob", "\u{430}dmin"),
    ];
    assert!(office.change(60, "swapped", changes));
    assert_eq!(
        office.history(&user("bob")).to_string(),
        "\
user `bob`
revision 2, 1970-01-01T00:01:00Z, the host: swapped
  - roles: `admin`
  + roles: `\\u{430}dmin`
"
    );
    let other = office.history(&user("b\u{43e}b"));
    assert_eq!(other.to_string(), "user `b\\u{43e}b`\n");
}

/// The same permission under each of its names (D16).
#[test]
fn a_permission_that_was_renamed_has_one_history() {
    let versions = |version: u32, path: &str, export: &str, renamed: Value| {
        catalog(json!({
            "version": version,
            "permissions": [
                { "path": "orders" }, { "path": export, "scopes": ["own", "all"] },
                { "path": path, "adjustable": {
                    "ladder": ["system:low", "system:high"], "default": "system:low",
                } },
            ],
            "roles": [
                { "id": "system:low" },
                { "id": "system:high", "inherits": ["system:low"] },
            ],
            "renamed": renamed,
        }))
    };
    let old = versions(1, "rankings", "export", json!([]));
    let new = versions(
        2,
        "scores",
        "orders_export",
        json!([
            { "version": 2, "from": "rankings", "to": "scores" },
            { "version": 2, "from": "export", "to": "orders_export" },
        ]),
    );
    let mut policy = PolicyDocument::new(1);
    let own: GrantDocument = of(json!({ "select": "export", "scope": "own" }));
    policy
        .roles
        .push(RoleDocument::new("clerk").grant(own.clone()));
    let loaded = Engine::new(
        &old,
        policy,
        DirectoryDocument::new([]),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let mut office = Office::of(MemoryJournal::new(), old, loaded.expect("it loads"));
    let setting = |path: &str, role: Option<&str>| Change::ChangeSetting {
        permission: path.to_owned(),
        role: role.map(Into::into),
    };
    assert!(office.change(60, "old", vec![setting("rankings", Some("system:high"))]));
    office.upgrade(new);
    let edit = |select: &str, scope: &str| Change::EditRole {
        role: "clerk".to_owned(),
        grants: vec![of(json!({ "select": select, "scope": scope }))],
        denies: Vec::new(),
        since: None,
    };
    assert!(office.change(
        120,
        "new",
        vec![
            setting("scores", Some("system:low")),
            edit("orders_export", "own"),
        ]
    ));
    assert!(office.change(180, "wider", vec![edit("orders_export", "all")]));
    let expected = "\
revision 2, 1970-01-01T00:01:00Z, the host: old
  created
  + role: `system:high`
revision 3, 1970-01-01T00:02:00Z, the host: new
  setting: `rankings` → `scores`, the same by another name
  role: `system:high` → `system:low`
";
    for path in ["rankings", "scores"] {
        let told = office.history(&Item::Setting(path.to_owned()));
        assert_eq!(told.to_string(), format!("setting `{path}`\n{expected}"));
    }
    let told = office.history(&Item::Role("clerk".to_owned()));
    assert_eq!(
        told.to_string(),
        "\
role `clerk`
revision 3, 1970-01-01T00:02:00Z, the host: new
  grants: `export` (scope `own`) → `orders_export` (scope `own`), the same by another name
revision 4, 1970-01-01T00:03:00Z, the host: wider
  - grants: `orders_export` (scope `own`)
  + grants: `orders_export` (scope `all`)
"
    );
}

/// What stays after the same permission was written by both names is told by what it is called today.
#[test]
fn a_grant_that_is_changed_under_its_new_name_says_both() {
    let old = catalog(
        json!({ "permissions": [{ "path": "orders" }, { "path": "export", "scopes": ["own", "all"] }] }),
    );
    let new = catalog(json!({
        "version": 2,
        "permissions": [{ "path": "orders" }, { "path": "orders_export", "scopes": ["own", "all"] }],
        "renamed": [{ "version": 2, "from": "export", "to": "orders_export" }],
    }));
    let mut policy = PolicyDocument::new(1);
    let own: GrantDocument = of(json!({ "select": "export", "scope": "own" }));
    policy.roles.push(RoleDocument::new("clerk").grant(own));
    let loaded = Engine::new(
        &old,
        policy,
        DirectoryDocument::new([]),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let mut office = Office::of(MemoryJournal::new(), old, loaded.expect("it loads"));
    office.upgrade(new);
    let edit = Change::EditRole {
        role: "clerk".to_owned(),
        grants: vec![of(json!({ "select": "orders_export", "scope": "all" }))],
        denies: Vec::new(),
        since: None,
    };
    assert!(office.change(60, "wider", vec![edit]));
    let told = office.history(&Item::Role("clerk".to_owned()));
    assert_eq!(
        told.to_string(),
        "\
role `clerk`
revision 2, 1970-01-01T00:01:00Z, the host: wider
  - grants: `export` (now `orders_export`; scope `own`)
  + grants: `orders_export` (scope `all`)
"
    );
}

#[test]
fn a_name_that_no_catalog_has_is_the_name_of_nothing() {
    let office = office(PolicyDocument::new(1), Vec::new());
    let told = office.history(&Item::Setting("no such".to_owned()));
    assert_eq!((told.first, told.entries), (None, Vec::new()));
    let account = office.history(&Item::Account);
    let catalog_version = 1;
    assert_eq!(
        account.first,
        Some(ItemDocument::Account { catalog_version })
    );
}
