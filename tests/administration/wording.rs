//! What a report says, and what refusals say of people.

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{
    ChangeKind, FieldDocument, GrantDocument, MaskDocument, MaskKind, PositionDocument,
    UserDocument,
};
use bailiwick::{Scope, Timestamp};

use crate::office::{Office, office};

fn staffed() -> Office {
    office()
        .granting("viewer", [("contacts.view", Scope::Reports)])
        .position("head", &[])
        .position("team", &["head"])
        .position("loose", &[])
        .user(UserDocument::new("ann").role("viewer").position("head"))
        .user(UserDocument::new("bob").role("viewer").position("team"))
        .user(UserDocument::new("cay").role("viewer"))
        .user(UserDocument::new("dan").role("viewer"))
        .user(UserDocument::new("eve"))
}

#[track_caller]
fn says(changes: &[Change], expected: &str) {
    let engine = staffed().documents.load();
    match engine.preview(&Actor::System, Timestamp(100), changes) {
        Ok(applied) => assert_eq!(applied.report().to_string(), expected),
        Err(refused) => panic!("{refused}"),
    }
}

#[track_caller]
fn refuses(actor: &str, change: Change, expected: &str) {
    let engine = staffed().documents.load();
    match engine.apply(&Actor::user(actor), Timestamp(100), &[change]) {
        Ok(_) => panic!("applied"),
        Err(refused) => assert_eq!(refused.to_string(), expected),
    }
}

#[test]
fn a_report_names_people_and_what_they_gain_and_lose() {
    says(
        &[Change::SetPermission {
            role: "viewer".to_owned(),
            permission: "contacts.edit".to_owned(),
            scope: Some(Scope::Own),
        }],
        "4 users (`ann`, `bob`, `cay`, …)\n  + gain `contact:edit` by `contacts.edit`: own\n",
    );
    let role = "viewer".to_owned();
    let grants = vec![("contacts.view", Scope::All).into()];
    let (denies, since) = (vec![], None);
    says(
        &[
            Change::EditRole {
                role,
                grants,
                denies,
                since,
            },
            Change::revoke_role("dan", "viewer"),
        ],
        "3 users (`ann`, `bob`, `cay`)\n  \
         + widen `contact:view` by `contacts.view`: reports → all\n\
         1 user (`dan`)\n  - lose `contact:view` by `contacts.view`: reports\n",
    );
}

#[test]
fn a_report_names_positions_gained_and_lost() {
    says(
        &[
            Change::MovePosition {
                position: "loose".to_owned(),
                reports_to: vec!["head".to_owned()],
            },
            Change::MovePosition {
                position: "team".to_owned(),
                reports_to: vec![],
            },
        ],
        "1 user in `head`\n  + gain reports: `loose`\n  - lose reports: `team`\n",
    );
    says(
        &[Change::PlaceUser {
            user: "eve".to_owned(),
            position: Some("head".to_owned()),
        }],
        "1 user from no position to `head`\n  + gain reports: `team`\n",
    );
}

/// What lets people see masked fields or hand out roles, and allows no operation, is no nothing.
#[test]
fn a_report_names_fields_and_rights() {
    let mut office = staffed();
    let catalog = &mut office.documents.catalog;
    let rules = &mut catalog.administration;
    rules.changes = [
        (ChangeKind::EditRole, "admin".to_owned()),
        (ChangeKind::EditAssignments, "admin".to_owned()),
    ]
    .into();
    rules.account_roles.assign = Some("assign".to_owned());
    let contact = &mut catalog.types[0];
    contact.read = Some("view".to_owned());
    contact.fields = ["phone", "mail"]
        .map(|path| FieldDocument {
            path: path.to_owned(),
            mask: MaskDocument {
                kind: MaskKind::Whole,
                first: None,
                last: None,
                filler: None,
                keep_domain: false,
            },
            revealed_by: "accounts".to_owned(),
            contributor_sees: true,
            contributor: None,
            search: Vec::new(),
        })
        .into();
    let engine = office.documents.load();
    let says = |grants: Vec<GrantDocument>, expected: &str| {
        let (denies, since) = (vec![], None);
        let change = Change::EditRole {
            role: "viewer".to_owned(),
            grants,
            denies,
            since,
        };
        let preview = engine.preview(&Actor::System, Timestamp(100), &[change]);
        assert_eq!(preview.unwrap().report().to_string(), expected);
    };
    let view = || ("contacts.view", Scope::Reports).into();
    says(
        vec![
            view(),
            ("admin", Scope::Peers).into(),
            ("assign", Scope::All).into(),
        ],
        "4 users (`ann`, `bob`, `cay`, …)\n  \
         + gain right `edit_assignments` by `admin`: peers\n  \
         + gain right to give roles of the account, `system:member`, `system:lead` by `assign`: all\n",
    );
    says(
        vec![view(), ("admin", Scope::All).into()],
        "4 users (`ann`, `bob`, `cay`, …)\n  \
         + gain rights `edit_role`, `edit_assignments` by `admin`: all\n  \
         + gain right to change the setting of `sharing` by `admin`: all\n",
    );
    // Revealed everywhere, and read as far as reports.
    says(
        vec![view(), "accounts".into()],
        "4 users (`ann`, `bob`, `cay`, …)\n  \
         + gain `ledger:read` by `accounts`: all\n  \
         + gain fields `contact.phone`, `contact.mail` by `accounts`: reports\n",
    );
}

/// A tick that cannot be is no tick that is there already.
#[test]
fn an_impossible_tick_says_what_stands_in_its_way() {
    let refuses = |change: Change, code: &str, expected: &str| {
        let office = staffed().with(|it| it.policy.features.clear());
        let engine = office.documents.load();
        match engine.apply(&Actor::System, Timestamp(100), &[change]) {
            Ok(_) => panic!("applied"),
            Err(refused) => {
                assert_eq!(refused.reason.code(), code);
                assert_eq!(refused.reason.to_string(), expected);
            }
        }
    };
    let role = || "viewer".to_owned();
    let set = |permission: &str| Change::SetPermission {
        role: role(),
        permission: permission.to_owned(),
        scope: None,
    };
    let check = |permission: &str| Change::CheckPermission {
        role: role(),
        permission: permission.to_owned(),
        scope: None,
    };
    let clear = |permission: &str| Change::ClearPermission {
        role: role(),
        permission: permission.to_owned(),
    };
    let uncheck = |permission: &str| Change::UncheckPermission {
        role: role(),
        permission: permission.to_owned(),
    };
    let adjustable = "`sharing` is adjustable: a setting of the account gives it, not a tick";
    for change in [
        set("sharing"),
        check("sharing"),
        clear("sharing"),
        uncheck("sharing"),
    ] {
        refuses(change, "adjustable", adjustable);
    }
    let locked = "`contacts.text` is locked: the account lacks feature `texting`";
    for change in [set("contacts.text"), check("contacts.text")] {
        refuses(change, "locked", locked);
    }
    // What is not set is cleared already.
    refuses(
        clear("contacts.text"),
        "nothing_to_change",
        "it is so already",
    );
}

/// Nobody in the directory holds the role, and every token may bring it.
#[test]
fn a_report_names_what_roles_that_tokens_bring_give() {
    let office = staffed().granting("caller", [("contacts.view", Scope::Own)]);
    let office = office.with(|it| it.catalog.tokens.account_roles = true);
    let engine = office.documents.load();
    let says = |changes: &[Change], expected: &str| {
        let preview = engine.preview(&Actor::System, Timestamp(100), changes);
        assert_eq!(preview.unwrap().report().to_string(), expected);
    };
    let edit = Change::EditRole {
        role: "caller".to_owned(),
        grants: vec![
            ("contacts.view", Scope::All).into(),
            ("admin", Scope::All).into(),
        ],
        denies: vec![],
        since: None,
    };
    let preview = engine
        .preview(&Actor::System, Timestamp(100), &[edit])
        .unwrap();
    let tokens = preview.report().tokens();
    assert_eq!((tokens[0].role, tokens.len()), ("caller", 1));
    let told = preview.report().to_string();
    let first = "tokens that bring `caller`\n  \
                 + widen `contact:view` by `contacts.view`: own → all\n  \
                 + gain right";
    assert!(told.starts_with(first), "{told}");
    let role = "caller".to_owned();
    says(
        &[Change::DeleteRole { role }],
        "tokens that bring `caller`\n  \
         - may not bring it\n  \
         - lose `contact:view` by `contacts.view`: own\n",
    );
}

#[test]
fn a_report_of_nothing_says_so() {
    let name = Some("Eve".to_owned());
    let user = "eve".to_owned();
    says(
        &[Change::DescribeUser { user, name }],
        "nobody can do more or less than before\n",
    );
}

/// Who is removed, forgotten and made again as they were is one person, in one position.
#[test]
fn a_report_knows_who_was_made_again() {
    let forget = |kind, id: &str| Change::ForgetId {
        kind,
        id: id.to_owned(),
    };
    let (user, nothing) = ("bob".to_owned(), "nobody can do more or less than before\n");
    let again = UserDocument::new("bob").role("viewer").position("team");
    let bob = [
        Change::RemoveUser { user },
        forget(UsedIdKind::User, "bob"),
        Change::CreateUser { user: again },
    ];
    says(&bob, nothing);
    let place = |position: Option<&str>| Change::PlaceUser {
        user: "bob".to_owned(),
        position: position.map(str::to_owned),
    };
    let team = "team".to_owned();
    let again = PositionDocument {
        id: team.clone(),
        name: None,
        reports_to: vec!["head".to_owned()],
    };
    let remove = Change::DeletePosition { position: team };
    let forget = forget(UsedIdKind::Position, "team");
    let make = |position| Change::CreatePosition { position };
    let made = make(again.clone());
    says(
        &[
            place(None),
            remove.clone(),
            forget.clone(),
            made,
            place(Some("team")),
        ],
        nothing,
    );
    let apart = PositionDocument {
        reports_to: vec![],
        ..again
    };
    says(
        &[
            place(None),
            remove,
            forget,
            make(apart),
            place(Some("team")),
        ],
        "1 user in `head`\n  - lose reports: `team`\n",
    );
}

/// Roles that tokens may bring, and properties that conditions read, are no users of the directory.
#[test]
fn a_report_of_users_does_not_speak_for_tokens_and_conditions() {
    let users_alone =
        "no user of the directory can do more or less than before, conditions aside\n";
    let region = Change::SetProperty {
        user: "eve".to_owned(),
        property: "region".to_owned(),
        value: Some("north".into()),
    };
    says(&[region], users_alone);

    // It may do nothing by itself, and something with what another role brings.
    let edit = [Change::EditRole {
        role: "caller".to_owned(),
        grants: vec![("contacts.edit", Scope::All).into()],
        denies: vec![],
        since: None,
    }];
    for (brings, expected) in [
        (false, "nobody can do more or less than before\n"),
        (true, users_alone),
    ] {
        let office = staffed().granting("caller", [("contacts.edit", Scope::Own)]);
        let office = office.with(|it| it.catalog.tokens.account_roles = brings);
        let engine = office.documents.load();
        let Ok(applied) = engine.preview(&Actor::System, Timestamp(100), &edit) else {
            panic!("refused");
        };
        assert_eq!(applied.report().to_string(), expected);
    }
}

#[test]
fn refusals_say_to_whom_and_from_whom() {
    refuses(
        "boss",
        Change::assign_role("ann", "system:owner"),
        "change 1 (assign role `system:owner` to `ann`): the catalog has no rule for assigning `system:owner`: only the host itself may do it",
    );
    let unpermitted = staffed()
        .granting("clerk", [("admin", Scope::All)])
        .also("eve", "clerk");
    let engine = unpermitted.documents.load();
    for (change, expected) in [
        (
            Change::assign_role("ann", "clerk"),
            "change 1 (assign role `clerk` to `ann`): assigning `clerk` to `ann` needs `assign`",
        ),
        (
            Change::revoke_role("ann", "viewer"),
            "change 1 (revoke role `viewer` from `ann`): revoking `viewer` from `ann` needs `revoke`",
        ),
    ] {
        let Err(refused) = engine.apply(&Actor::user("eve"), Timestamp(100), &[change]) else {
            panic!("{expected}, and applied");
        };
        assert_eq!(refused.to_string(), expected);
    }
    let office = staffed().documents.load().apply(
        &Actor::System,
        Timestamp(100),
        &[Change::assign_role("eve", "system:owner")],
    );
    let Ok(office) = office else {
        panic!("refused");
    };
    let last = [Change::revoke_role("eve", "system:owner")];
    let Err(refused) = office.engine().apply(&Actor::System, Timestamp(100), &last) else {
        panic!("the last owner is gone");
    };
    let expected = "change 1 (revoke role `system:owner` from `eve`): \
                    role `system:owner` must keep at least `1` holder, and would have `0`";
    assert_eq!(refused.to_string(), expected);
}

/// A value out of bounds is one problem, and said once.
#[test]
fn a_setting_out_of_bounds_is_told_once() {
    let office = staffed().with(|it| {
        for permission in &mut it.catalog.permissions {
            if let Some(adjustable) = &mut permission.adjustable {
                adjustable.floor = Some("system:lead".to_owned());
            }
        }
    });
    let change = Change::ChangeSetting {
        permission: "sharing".to_owned(),
        role: Some("system:member".to_owned()),
    };
    let engine = office.documents.load();
    let Err(refused) = engine.apply(&Actor::System, Timestamp(100), &[change]) else {
        panic!("out of bounds, and applied");
    };
    let expected = "change 1 (set `sharing` to `system:member`): settings.sharing: `sharing` may not be set to `system:member`; \
                    the nearest bound is `system:lead`";
    assert_eq!(refused.to_string(), expected);
}
