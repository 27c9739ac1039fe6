//! Kinds and codes of what is refused, and which change it was.

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change, Named, PersonNamed, Refusal, UsedIdKind};
use bailiwick::document::{
    ChangeKind, DenialDocument, GrantDocument, PackageDocument, PolicyDocument, PositionDocument,
    PropertyValue, RoleDocument, UserDocument,
};
use bailiwick::{Engine, ProblemCode, Scope, Timestamp};

use crate::office::office;

const NOW: Timestamp = Timestamp(100);

fn text(text: &str) -> String {
    text.to_owned()
}

fn refused(engine: &Engine, change: Change) -> bailiwick::admin::Refused {
    match engine.apply(&Actor::System, NOW, std::slice::from_ref(&change)) {
        Ok(_) => panic!("applied: {change}"),
        Err(refused) => refused,
    }
}

// ── What is not valid ─────────────────────────────────────────────────────────────────────────

#[track_caller]
fn codes(engine: &Engine, change: Change, expected: &[&str]) {
    let refused = refused(engine, change);
    let Refusal::Invalid(problems) = &refused.reason else {
        panic!("{refused}");
    };
    let found: Vec<&str> = problems.iter().map(|it| it.code().as_str()).collect();
    assert_eq!(found, expected, "{refused}");
}

fn role(id: &str) -> Change {
    Change::CreateRole {
        role: RoleDocument::new(id),
    }
}

fn granting(grant: impl Into<GrantDocument>) -> Change {
    Change::EditRole {
        role: text("viewer"),
        grants: vec![grant.into()],
        denies: Vec::new(),
        since: None,
    }
}

fn set_to(permission: &str, role: &str) -> Change {
    Change::ChangeSetting {
        permission: text(permission),
        role: Some(text(role)),
    }
}

fn import(policy: PolicyDocument) -> Change {
    Change::ImportPolicy { policy }
}

#[test]
fn what_is_not_valid_says_by_a_code_what_is_wrong() {
    let engine = office()
        .granting("viewer", [("contacts.view", Scope::Own)])
        .user(UserDocument::new("ann").role("viewer"))
        .documents
        .load();
    let now = || engine.policy();
    for (change, expected) in [
        // A fixed setting, and one out of bounds.
        (set_to("contacts", "system:lead"), "fixed_setting"),
        (set_to("sharing", "system:owner"), "setting_out_of_bounds"),
        // Grants.
        (granting(("contacts", Scope::Own)), "scope_not_offered"),
        (granting("contacts.view"), "scope_missing"),
        (granting("contacts.*"), "scope_missing"),
        (granting("sharing"), "adjustable"),
        (granting("contact"), "unknown"),
        (
            Change::SetPermission {
                role: text("viewer"),
                permission: text("contacts"),
                scope: Some(Scope::Own),
            },
            "scope_not_offered",
        ),
        // Ids and names.
        (role(""), "empty_id"),
        (role(&"x".repeat(257)), "long_id"),
        (role("a\nb"), "control_character"),
        (role(" viewer"), "unreadable_id"),
        (role("view\u{200b}er"), "unreadable_id"),
        (role("system:boss"), "reserved_id"),
        (
            Change::DescribeRole {
                role: text("viewer"),
                name: Some(text(" ")),
                description: None,
            },
            "blank_name",
        ),
        (
            Change::DescribeRole {
                role: text("viewer"),
                name: Some("x".repeat(257)),
                description: None,
            },
            "long_name",
        ),
        (
            Change::DescribeUser {
                user: text("ann"),
                name: Some(text("a\tb")),
            },
            "control_character",
        ),
        // Users.
        (
            Change::SetProperty {
                user: text("ann"),
                property: text("region"),
                value: Some(PropertyValue::Integer(1)),
            },
            "property_wrong_type",
        ),
        (
            Change::AssignRole {
                user: text("ann"),
                role: text("viewer"),
                until: Some(Timestamp(100)),
            },
            "over",
        ),
        (
            Change::AssignRole {
                user: text("ann"),
                role: text("viewer"),
                until: Some(Timestamp(i64::MAX)),
            },
            "no_moment",
        ),
        // A whole policy.
        (
            import(PolicyDocument {
                account: Some(text("another")),
                ..now()
            }),
            "wrong_account",
        ),
        (
            import(PolicyDocument {
                catalog_version: 0,
                ..now()
            }),
            "catalog_version",
        ),
        (
            import(PolicyDocument {
                roles: vec![RoleDocument::new("viewer"), RoleDocument::new("viewer")],
                ..now()
            }),
            "duplicate",
        ),
        (
            import(PolicyDocument {
                roles: vec![
                    RoleDocument::new("a").inherit("b"),
                    RoleDocument::new("b").inherit("a"),
                ],
                ..now()
            }),
            "cycle",
        ),
    ] {
        codes(&engine, change, &[expected]);
    }
    // Each problem has its own.
    let both = Change::CreateRole {
        role: RoleDocument::new("both")
            .grant("contact")
            .grant(("contacts", Scope::Peers)),
    };
    codes(&engine, both, &["unknown", "scope_not_offered"]);
}

#[test]
fn a_name_twice_in_one_change_is_told_as_that() {
    let engine = office()
        .role(RoleDocument::new("clerk"))
        .position("top", &[])
        .user(UserDocument::new("ann"))
        .documents
        .load();
    let position = |id: &str, reports_to: &[&str]| PositionDocument {
        id: text(id),
        name: None,
        reports_to: reports_to.iter().map(|it| text(it)).collect(),
    };
    let twice = UserDocument::new("new").role("clerk").role("clerk");
    for (change, what, id) in [
        (
            Change::CreateRole {
                role: RoleDocument::new("new").inherit("clerk").inherit("clerk"),
            },
            Named::Role,
            "clerk",
        ),
        (
            Change::CreatePackage {
                package: PackageDocument {
                    id: text("pack"),
                    name: None,
                    description: None,
                    created: None,
                    roles: vec![text("clerk"), text("clerk")],
                },
            },
            Named::Role,
            "clerk",
        ),
        (
            Change::CreatePosition {
                position: position("new", &["top", "top"]),
            },
            Named::Position,
            "top",
        ),
        (
            Change::CreateUser { user: twice },
            Named::Assignment,
            "clerk",
        ),
        (
            Change::ReplaceHierarchy {
                positions: vec![position("top", &[]), position("top", &[])],
            },
            Named::Position,
            "top",
        ),
        (
            Change::ReplaceHierarchy {
                positions: vec![position("top", &[]), position("low", &["top", "top"])],
            },
            Named::Position,
            "top",
        ),
    ] {
        let shown = change.to_string();
        let id = text(id);
        let reason = refused(&engine, change).reason;
        assert_eq!(reason, Refusal::NamedTwice { what, id }, "{shown}");
    }
}

/// A single node is not refused for what lies below it, though it requires that.
#[test]
fn one_node_that_is_set_already_is_refused_for_itself() {
    let engine = office()
        .with(|it| {
            let permissions = &mut it.catalog.permissions;
            let like = |path: &str, model: &str| {
                let found = permissions.iter().find(|it| it.path == model);
                let found = found.expect("the catalog has it").clone();
                let path = text(path);
                bailiwick::document::PermissionDocument { path, ..found }
            };
            let mut desk = like("desk", "contacts");
            desk.requires = vec![text("desk.share")];
            let share = like("desk.share", "sharing");
            permissions.extend([desk, share]);
        })
        .role(RoleDocument::new("clerk").grant("desk"))
        .documents
        .load();
    let (role, permission) = (text("clerk"), text("desk"));
    let whole = Change::CheckPermission {
        role: role.clone(),
        permission: permission.clone(),
        scope: None,
    };
    assert_eq!(refused(&engine, whole).reason.code(), "adjustable");
    let alone = Change::SetPermission {
        role,
        permission,
        scope: None,
    };
    assert_eq!(refused(&engine, alone).reason.code(), "nothing_to_change");
}

#[test]
fn codes_of_problems_are_one_word_each_and_none_twice() {
    let words: BTreeSet<&str> = ProblemCode::EVERY.iter().map(|it| it.as_str()).collect();
    assert_eq!(words.len(), ProblemCode::EVERY.len());
    for (code, word) in ProblemCode::EVERY.iter().map(|it| (it, it.as_str())) {
        assert!(
            word.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{word}"
        );
        assert_eq!(serde_json::json!(code), serde_json::json!(word));
    }
}

// ── Which change it was ───────────────────────────────────────────────────────────────────────

#[test]
fn a_refusal_says_which_change_it_was() {
    let engine = office()
        .granting("viewer", [("contacts.view", Scope::Own)])
        .user(UserDocument::new("ann").role("viewer"))
        .user(UserDocument::new("bob"))
        .documents
        .load();
    let changes = ["bob", "ann"].map(|user| Change::assign_role(user, "viewer"));
    let refused = engine.apply(&Actor::System, NOW, &changes).unwrap_err();
    assert_eq!(refused.what(), Some("assign role `viewer` to `ann`"));
    assert_eq!(
        refused.to_string(),
        "change 2 (assign role `viewer` to `ann`): it is so already"
    );
}

/// No change is at fault where nobody may make any, or there is none.
#[test]
fn a_transaction_refused_as_a_whole_names_no_change() {
    let engine = office().documents.load();
    let give = [Change::assign_role("boss", "administrator")];
    let refused = |actor: &Actor, changes: &[Change]| {
        let refused = engine.apply(actor, NOW, changes).unwrap_err();
        assert_eq!(refused.what(), None);
        refused.to_string()
    };
    assert_eq!(
        refused(&Actor::user("nobody"), &give),
        "`nobody` is no user of the account"
    );
    assert_eq!(refused(&Actor::user("boss"), &[]), "it is so already");
}

/// Every change in words: which it is, of what, and nothing that is told of a person but their id.
#[test]
fn every_change_is_told_by_a_line_of_its_own() {
    let id = text;
    let (grants, denies) = (
        Vec::<GrantDocument>::new(),
        vec![DenialDocument::from("secret")],
    );
    let person = UserDocument {
        name: Some(text("secret")),
        ..UserDocument::new("ann")
    };
    let in_role = || (id("editor"), id("contacts"));
    let told = [
        (role("editor"), "create role `editor`"),
        (
            Change::DescribeRole {
                role: id("editor"),
                name: Some(id("secret")),
                description: None,
            },
            "describe role `editor`",
        ),
        (
            Change::CopyRole {
                role: id("editor"),
                id: id("other"),
                name: None,
                description: None,
                created: None,
            },
            "copy role `editor` to `other`",
        ),
        (
            Change::DeleteRole { role: id("editor") },
            "delete role `editor`",
        ),
        (
            Change::EditRole {
                role: id("editor"),
                grants,
                denies,
                since: None,
            },
            "edit role `editor`",
        ),
        (
            Change::CheckPermission {
                role: in_role().0,
                permission: in_role().1,
                scope: None,
            },
            "check `contacts` in role `editor`",
        ),
        (
            Change::UncheckPermission {
                role: in_role().0,
                permission: in_role().1,
            },
            "uncheck `contacts` in role `editor`",
        ),
        (
            Change::SetPermission {
                role: in_role().0,
                permission: in_role().1,
                scope: None,
            },
            "set `contacts` in role `editor`",
        ),
        (
            Change::ClearPermission {
                role: in_role().0,
                permission: in_role().1,
            },
            "clear `contacts` in role `editor`",
        ),
        (
            Change::AddInheritance {
                role: id("editor"),
                junior: id("viewer"),
            },
            "let role `editor` inherit `viewer`",
        ),
        (
            Change::RemoveInheritance {
                role: id("editor"),
                junior: id("viewer"),
            },
            "let role `editor` no longer inherit `viewer`",
        ),
        (
            Change::CreatePackage {
                package: serde_json::from_value::<PackageDocument>(
                    serde_json::json!({ "id": "basic", "roles": [] }),
                )
                .unwrap(),
            },
            "create package `basic`",
        ),
        (
            Change::DescribePackage {
                package: id("basic"),
                name: None,
                description: None,
            },
            "describe package `basic`",
        ),
        (
            Change::DeletePackage {
                package: id("basic"),
            },
            "delete package `basic`",
        ),
        (
            Change::AddToPackage {
                package: id("basic"),
                role: id("editor"),
            },
            "put role `editor` in package `basic`",
        ),
        (
            Change::RemoveFromPackage {
                package: id("basic"),
                role: id("editor"),
            },
            "take role `editor` out of package `basic`",
        ),
        (
            Change::ReplaceInPackages {
                role: id("editor"),
                with: id("viewer"),
            },
            "replace role `editor` by `viewer` in packages",
        ),
        (
            Change::CreatePosition {
                position: PositionDocument {
                    id: id("east"),
                    name: None,
                    reports_to: Vec::new(),
                },
            },
            "create position `east`",
        ),
        (
            Change::DescribePosition {
                position: id("east"),
                name: None,
            },
            "describe position `east`",
        ),
        (
            Change::MovePosition {
                position: id("east"),
                reports_to: Vec::new(),
            },
            "move position `east`",
        ),
        (
            Change::DeletePosition {
                position: id("east"),
            },
            "delete position `east`",
        ),
        (
            Change::CreateUser {
                user: person.clone(),
            },
            "create user `ann`",
        ),
        (
            Change::DescribeUser {
                user: id("ann"),
                name: Some(id("secret")),
            },
            "describe user `ann`",
        ),
        (Change::RemoveUser { user: id("ann") }, "remove user `ann`"),
        (
            Change::SuspendUser { user: id("ann") },
            "suspend user `ann`",
        ),
        (
            Change::ReinstateUser { user: id("ann") },
            "reinstate user `ann`",
        ),
        (
            Change::PlaceUser {
                user: id("ann"),
                position: Some(id("east")),
            },
            "put user `ann` in position `east`",
        ),
        (
            Change::PlaceUser {
                user: id("ann"),
                position: None,
            },
            "put user `ann` in no position",
        ),
        (
            Change::SetProperty {
                user: id("ann"),
                property: id("region"),
                value: Some(PropertyValue::Text(id("secret"))),
            },
            "set property `region` of `ann`",
        ),
        (
            Change::SetProperty {
                user: id("ann"),
                property: id("region"),
                value: None,
            },
            "clear property `region` of `ann`",
        ),
        (
            Change::assign_role("ann", "editor"),
            "assign role `editor` to `ann`",
        ),
        (
            Change::revoke_role("ann", "editor"),
            "revoke role `editor` from `ann`",
        ),
        (
            Change::exchange_role("ann", "viewer", "editor"),
            "exchange role `viewer` of `ann` for `editor`",
        ),
        (Change::RestoreUser { user: person }, "restore user `ann`"),
        (
            Change::ReplaceHierarchy { positions: vec![] },
            "replace the reporting hierarchy",
        ),
        (
            Change::assign_package("ann", "basic"),
            "assign package `basic` to `ann`",
        ),
        (
            Change::revoke_package("ann", "basic"),
            "revoke package `basic` from `ann`",
        ),
        (
            Change::EnableFeature { feature: id("sms") },
            "enable feature `sms`",
        ),
        (
            Change::DisableFeature { feature: id("sms") },
            "disable feature `sms`",
        ),
        (
            set_to("sharing", "system:lead"),
            "set `sharing` to `system:lead`",
        ),
        (
            Change::ChangeSetting {
                permission: id("sharing"),
                role: None,
            },
            "leave `sharing` to its default",
        ),
        (import(PolicyDocument::new(1)), "import a policy"),
        (
            Change::ForgetId {
                kind: UsedIdKind::Position,
                id: id("east"),
            },
            "forget that position `east` was used",
        ),
    ];
    let mut lines = BTreeSet::new();
    for (change, expected) in told {
        assert_eq!(change.to_string(), expected);
        assert!(!expected.contains("secret") && lines.insert(expected));
    }
}

// ── Kinds, and the written form ───────────────────────────────────────────────────────────────

/// One refusal of each code.
fn every_refusal() -> Vec<Refusal> {
    let id = text;
    let people = || {
        vec![
            PersonNamed {
                id: text("ann"),
                name: Some(text("Ann")),
            },
            PersonNamed {
                id: text("bob"),
                name: None,
            },
        ]
    };
    let engine = office().documents.load();
    let Refusal::Invalid(problems) = refused(&engine, role("")).reason else {
        panic!("an empty id is none");
    };
    vec![
        Refusal::Unknown {
            what: Named::Assignment,
            id: id("editro"),
            nearest: Some(id("editor")),
        },
        Refusal::Exists {
            what: Named::Role,
            id: id("editor"),
        },
        Refusal::NamedTwice {
            what: Named::Package,
            id: id("basic"),
        },
        Refusal::UsedId {
            what: Named::UsedId,
            id: id("east"),
        },
        Refusal::NothingToChange,
        Refusal::Conflict {
            role: id("editor"),
            since: 3,
            changed: 4,
        },
        Refusal::Adjustable {
            permission: id("sharing"),
        },
        Refusal::Locked {
            permission: id("texts"),
            feature: id("texting"),
        },
        Refusal::Invalid(problems),
        Refusal::Cycle {
            what: Named::Position,
            cycle: vec![id("a"), id("b"), id("a")],
        },
        Refusal::TooMany {
            what: "roles",
            limit: 7,
        },
        Refusal::SystemRole {
            role: id("system:owner"),
        },
        Refusal::RoleInUse {
            role: id("editor"),
            packages: vec![id("basic")],
            users: 2,
            people: people(),
            inherited_by: vec![id("head")],
        },
        Refusal::PackageInUse {
            package: id("basic"),
            users: 2,
            people: people(),
        },
        Refusal::PositionInUse {
            position: id("east"),
            users: 2,
            people: Vec::new(),
            reported_to_by: vec![id("south")],
        },
        Refusal::MinHolders {
            role: id("system:owner"),
            needed: 1,
            left: 0,
        },
        Refusal::LastAdministrator,
        Refusal::UnknownActor { actor: id("eve") },
        Refusal::ActorSuspended { actor: id("eve") },
        Refusal::ActsThroughAnother,
        Refusal::NoRule {
            kind: Some(ChangeKind::EditRole),
        },
        Refusal::Lacks {
            permission: id("admin"),
        },
        Refusal::NotAllowed {
            permission: id("admin"),
            user: Some(id("ann")),
        },
        Refusal::MayNotAssign {
            role: id("editor"),
            permission: Some(id("assign")),
            user: None,
            by_tokens: false,
        },
        Refusal::MayNotRevoke {
            role: id("editor"),
            permission: None,
            user: Some(id("ann")),
            by_tokens: true,
        },
        Refusal::NotHeld {
            permission: id("contacts"),
            scope: Scope::All,
            held: Some(Scope::Own),
            until: Some(Timestamp(0)),
            user: None,
        },
        Refusal::WildcardNotHeld {
            selector: id("contacts.*"),
        },
        Refusal::MayNotEditProperty {
            property: id("region"),
            permission: None,
            user: Some(id("ann")),
        },
        Refusal::WidensReach {
            permission: id("contacts"),
            until: None,
        },
    ]
}

/// The kind of each, and what serde writes: both are stable.
const WRITTEN: &str = r#"
change {"code":"unknown","what":"assignment","id":"editro","nearest":"editor"}
state {"code":"exists","what":"role","id":"editor"}
change {"code":"named_twice","what":"package","id":"basic"}
state {"code":"used_id","what":"used_id","id":"east"}
state {"code":"nothing_to_change"}
state {"code":"conflict","role":"editor","since":3,"changed":4}
state {"code":"adjustable","permission":"sharing"}
state {"code":"locked","permission":"texts","feature":"texting"}
change {"code":"invalid","problems":[{"code":"empty_id","path":"id","message":"an identifier cannot be empty"}]}
change {"code":"cycle","what":"position","cycle":["a","b","a"]}
change {"code":"too_many","what":"roles","limit":7}
guard {"code":"system_role","role":"system:owner"}
guard {"code":"role_in_use","role":"editor","packages":["basic"],"users":2,"people":[{"id":"ann","name":"Ann"},{"id":"bob"}],"inherited_by":["head"]}
guard {"code":"package_in_use","package":"basic","users":2,"people":[{"id":"ann","name":"Ann"},{"id":"bob"}]}
guard {"code":"position_in_use","position":"east","users":2,"people":[],"reported_to_by":["south"]}
guard {"code":"min_holders","role":"system:owner","needed":1,"left":0}
guard {"code":"last_administrator"}
authority {"code":"unknown_actor","actor":"eve"}
authority {"code":"actor_suspended","actor":"eve"}
authority {"code":"acts_through_another"}
authority {"code":"no_rule","kind":"edit_role"}
authority {"code":"lacks","permission":"admin"}
authority {"code":"not_allowed","permission":"admin","user":"ann"}
authority {"code":"may_not_assign","role":"editor","permission":"assign","user":null,"by_tokens":false}
authority {"code":"may_not_revoke","role":"editor","permission":null,"user":"ann","by_tokens":true}
authority {"code":"not_held","permission":"contacts","scope":"all","held":"own","until":"1970-01-01T00:00:00Z","user":null}
authority {"code":"wildcard_not_held","selector":"contacts.*"}
authority {"code":"may_not_edit_property","property":"region","permission":null,"user":"ann"}
authority {"code":"widens_reach","permission":"contacts","until":null}
"#;

#[test]
fn every_refusal_has_a_kind_and_is_written_with_its_code_and_facts() {
    let mut told = text("\n");
    for refusal in every_refusal() {
        let json = serde_json::to_string(&refusal).unwrap();
        assert!(
            json.starts_with(&format!(r#"{{"code":"{}""#, refusal.code())),
            "{json}"
        );
        assert_eq!(
            refusal.is_authority(),
            refusal.kind().as_str() == "authority"
        );
        assert_eq!(
            serde_json::json!(refusal.kind()),
            serde_json::json!(refusal.kind().as_str())
        );
        told.push_str(&format!("{} {json}\n", refusal.kind().as_str()));
    }
    assert_eq!(told, WRITTEN);
}

#[test]
fn the_written_form_of_a_refused_transaction() {
    let engine = office().documents.load();
    let give = Change::assign_role("boss", "brand new");
    let refused = engine
        .apply(&Actor::System, NOW, &[give, role("brand new")])
        .unwrap_err();
    assert_eq!(
        serde_json::to_value(&refused).unwrap(),
        serde_json::json!({
            "change": 0,
            "what": "assign role `brand new` to `boss`",
            "kind": "change",
            "reason": { "code": "unknown", "what": "role", "id": "brand new", "nearest": null },
            "order": [1, 0],
        })
    );
}

#[test]
fn the_written_form_of_a_problem_has_its_place() {
    let policy = PolicyDocument::from_toml("p.toml", "format = 2\nversionn = 1");
    let problems = policy.into_document().unwrap_err();
    assert_eq!(
        serde_json::to_value(&problems).unwrap(),
        serde_json::json!([
            {
                "code": "missing",
                "file": "p.toml",
                "line": 1,
                "column": 1,
                "path": "catalog_version",
                "message": "`catalog_version` is missing"
            },
            {
                "code": "unknown_field",
                "file": "p.toml",
                "line": 2,
                "column": 1,
                "path": "versionn",
                "message": "unknown field `versionn`"
            }
        ])
    );
}

/// Somebody moves up and gets a role: what they may do, whom they reach, and what they are lent.
#[test]
fn the_written_form_of_a_report() {
    let engine = office()
        .granting("viewer", [("contacts.view", Scope::Reports)])
        .granting("head", [("contacts.view", Scope::All)])
        .position("east", &[])
        .position("south", &["east"])
        .with(|it| it.catalog.tokens.account_roles = true)
        .with(|it| it.catalog.reach = bailiwick::document::Reach::Accessible)
        .user(UserDocument::new("ann").role("viewer"))
        .user(UserDocument::new("bob").position("south"))
        .documents
        .load();
    let changes = [
        Change::PlaceUser {
            user: text("ann"),
            position: Some(text("east")),
        },
        Change::assign_role("bob", "head"),
        Change::EditRole {
            role: text("viewer"),
            grants: vec![("contacts.view", Scope::Peers).into()],
            denies: Vec::new(),
            since: None,
        },
    ];
    let preview = engine.preview(&Actor::System, NOW, &changes).unwrap();
    let views = |before: Option<&str>, after: &str| {
        serde_json::json!([{
            "ability": { "operation": "contact:view" },
            "permission": "contacts.view",
            "before": before,
            "after": after,
        }])
    };
    let lent = serde_json::json!([{
        "operation": "contact:view",
        "permission": "contacts.view",
    }]);
    assert_eq!(
        serde_json::to_value(preview.report()).unwrap(),
        serde_json::json!({
            "access": [
                { "users": 1, "named": ["ann"], "scopes": views(Some("reports"), "peers") },
                { "users": 1, "named": ["bob"], "scopes": views(None, "all") },
            ],
            "reach": [{
                "before": null,
                "after": "east",
                "users": 1,
                "gained": ["south"],
                "lost": [],
            }],
            "lending": [{ "position": "east", "gained": lent, "lost": [] }],
            "tokens": [{
                "role": "viewer",
                "before": true,
                "after": true,
                "scopes": views(Some("reports"), "peers"),
            }],
            "tells_all": false,
        })
    );
    // No more people are named than fit.
    let many = (0..12).fold(office(), |office, n| {
        office.user(UserDocument::new(format!("user {n:02}")))
    });
    let many = many.granting("head", [("contacts.view", Scope::All)]);
    let give = (0..12).map(|n| Change::assign_role(format!("user {n:02}"), "head"));
    let give: Vec<Change> = give.collect();
    let engine = many.documents.load();
    let preview = engine.preview(&Actor::System, NOW, &give).unwrap();
    let written = serde_json::to_value(preview.report()).unwrap();
    assert_eq!(written["access"][0]["users"], 12);
    assert_eq!(
        written["access"][0]["named"].as_array().map(Vec::len),
        Some(10)
    );
    assert_eq!(written["tells_all"], true);
}
