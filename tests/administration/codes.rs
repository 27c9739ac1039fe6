//! Kinds and codes of what is refused, and which change it was.

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change, Refusal, UsedIdKind};
use bailiwick::document::{
    DenialDocument, GrantDocument, PackageDocument, PolicyDocument, PositionDocument,
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
        (Change::CreateUser { user: person }, "create user `ann`"),
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
