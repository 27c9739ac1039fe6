//! Requests of every kind of nonsense: explained as they are denied, in one line for each thing that is
//! wrong, however long or strange its texts are.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::explain::Cause;
use bailiwick::{
    Action, Catalog, Engine, OnType, OwnerPosition, Record, Resource, Subject, Timestamp, Token,
    Warnings,
};

const CATALOG: &str = r#"{
    "format": 2, "id": "crm", "version": 1, "accounts": "many",
    "tokens": { "system_roles": [], "account_roles": false },
    "permissions": [{ "path": "people" }],
    "types": [{ "id": "person", "properties": { "tags": "set" } }],
    "operations": [
        { "type": "person", "action": "view", "on": "record", "allowed_by": ["people"],
          "when": [[{ "resource": "tags", "one_of": ["a"] }]] },
        { "type": "person", "action": "create", "on": "type", "allowed_by": ["people"] }
    ]
}"#;

fn engine() -> Engine {
    let document: CatalogDocument = serde_json::from_str(CATALOG).unwrap();
    let policy = PolicyDocument {
        account: Some("acme".to_owned()),
        roles: vec![RoleDocument::new("viewer").grant("people")],
        ..PolicyDocument::new(1)
    };
    let mut gone = UserDocument::new("gone");
    gone.suspended = true;
    let users = DirectoryDocument::new([UserDocument::new("ann").role("viewer"), gone]);
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap();
    let loaded = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.unwrap()
}

const NONSENSE: &[&str] = &[
    "",
    "a\0b",
    "\u{202e}",
    "x\u{85}",
    "`",
    "\n- all is well",
    "→",
    "*",
];

#[test]
fn nonsense_is_explained_as_it_is_denied() {
    let engine = engine();
    let long = "x".repeat(1_000_000);
    let mut texts: Vec<&str> = NONSENSE.to_vec();
    texts.extend([
        long.as_str(),
        "ann",
        "acme",
        "view",
        "person",
        "viewer",
        "gone",
    ]);
    let mut asked = 0;
    for &a in &texts {
        for &b in &texts {
            let token = Token::new([a, b]).id(b).position(a);
            let subjects = [
                Subject::user(a).account(b),
                Subject::user("ann").account("acme"),
                Subject::role(a),
                Subject::from(&token).account("acme"),
            ];
            let record = Record::of(b).id(a).owner(a).account("acme");
            let record = record.owner_position(OwnerPosition::Named(b));
            let tagged = Record::of("person").account("acme").id("1");
            let tagged = tagged.property("tags", vec![a.to_owned(); 3]);
            for subject in subjects {
                for action in [a, "view", "create"] {
                    hold(&engine, subject, action, &record);
                    hold(&engine, subject, action, &tagged);
                    hold(&engine, subject, action, &OnType::named(b).account(a));
                    asked += 3;
                }
            }
        }
    }
    assert!(asked > 5_000);
}

fn hold<R: Resource>(engine: &Engine, subject: Subject<'_>, action: &str, resource: &R) {
    let why = engine.explain(subject, Action::Named(action), resource);
    let said = engine.check(subject, Action::Named(action), resource);
    assert_eq!(why.decision(), said);
    let text = why.to_string();
    assert!(text.len() < 4_000, "{} bytes", text.len());
    // Nothing of a request writes a line, or turns one around.
    assert!(
        !text.contains("\n- all is well") && !text.contains('\u{202e}'),
        "{text}"
    );
    assert!(
        text.chars().all(|it| it == '\n' || !it.is_control()),
        "{text}"
    );
}

/// Of the roles that a token names, those there are, in whatever order they are named.
#[test]
fn a_token_brings_the_roles_there_are() {
    let mut document: CatalogDocument = serde_json::from_str(CATALOG).unwrap();
    document.tokens.account_roles = true;
    let policy = PolicyDocument {
        account: Some("acme".to_owned()),
        roles: vec![RoleDocument::new("first"), RoleDocument::new("viewer")],
        ..PolicyDocument::new(1)
    };
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap();
    let users = DirectoryDocument::new([]);
    let engine = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let engine = engine.unwrap();
    for roles in [["ghost", "viewer"], ["viewer", "ghost"]] {
        let token = Token::new(roles);
        let subject = Subject::from(&token).account("acme");
        let person = Record::of("person").account("acme");
        let why = engine.explain(subject, "view", &person);
        let why = serde_json::to_value(&why).unwrap();
        assert_eq!(why["decision"]["code"], "unknown_role");
        assert_eq!(
            why["subject"]["brings"],
            serde_json::json!([{ "id": "viewer" }])
        );
    }
}

/// Everything that is wrong with a request before any permission is looked at, in one answer.
#[test]
fn all_that_is_wrong_is_told_at_once() {
    let engine = engine();
    let codes = |subject: Subject<'_>, action: &str, resource: &Record<'_>| -> Vec<&'static str> {
        let why = engine.explain(subject, action, resource);
        why.causes().map(Cause::code).collect()
    };
    assert_eq!(
        codes(
            Subject::user("bob"),
            "vew",
            &Record::of("").owner("x\0").account("globex")
        ),
        [
            "invalid_identifier",
            "invalid_identifier",
            "missing_account",
            "wrong_account",
            "unknown_subject",
            "unknown_type"
        ]
    );
    let token = Token::new(["viewer", "ghost"])
        .id("gone")
        .position("nowhere");
    assert_eq!(
        codes(
            Subject::from(&token).account("acme"),
            "create",
            &Record::of("person").account("acme")
        ),
        [
            "unknown_role",
            "unknown_role",
            "unknown_position",
            "suspended",
            "asked_wrong_way"
        ]
    );
    // What a suspended user lacks besides.
    assert_eq!(
        codes(
            Subject::user("gone").account("acme"),
            "view",
            &Record::of("person")
                .account("acme")
                .property("tags", vec!["b".to_owned()])
        ),
        [
            "suspended",
            "condition_not_met",
            "not_granted",
            "role_in_no_package"
        ]
    );
}
