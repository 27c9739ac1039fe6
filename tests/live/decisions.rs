//! Decisions for the host's own log.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::live::Live;
use bailiwick::{
    Catalog, DecisionRecord, EffectRecord, Engine, OnType, PropertyMap, Record, Scope, Subject,
    SubjectRecord, Timestamp, Token, Warnings,
};

const AT: Timestamp = Timestamp(1_800_000_000);

/// An account in which ann may edit her own deals in stages other than `won`, and list none without a
/// licence.
fn engine() -> Engine {
    let text = r#"
        format = 2
        id = "crm"
        version = 1
        accounts = "many"
        features = [{ id = "lists" }]
        permissions = [
          { path = "deals", scopes = ["own", "all"] },
          { path = "deals.list", features = ["lists"] },
          { path = "deals.export", requires = ["deals.list"] },
        ]
        types = [{ id = "deal", properties = { stage = "text" } }]
        operations = [
          { type = "deal", action = "edit", on = "record", allowed_by = [{ permission = "deals", when = [[{ resource = "stage", is_not = "won" }]] }] },
          { type = "deal", action = "list", on = "type", allowed_by = ["deals.list"] },
          { type = "deal", action = "export", on = "type", allowed_by = ["deals.export"], filtered_by = "deal:edit" },
          { type = "deal", action = "dump", on = "type", allowed_by = ["deals"], filtered_by = "deal:edit" },
        ]
    "#;
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let policy = PolicyDocument {
        account: Some("acme".to_owned()),
        revision: Some(7),
        roles: vec![
            RoleDocument::new("seller")
                .grant(("deals", Scope::Own))
                .grant("deals.list")
                .grant("deals.export"),
        ],
        ..PolicyDocument::new(1)
    };
    let users = [
        UserDocument::new("ann").role("seller"),
        UserDocument::new("bob"),
    ];
    let directory = DirectoryDocument::new(users);
    Engine::new(
        &catalog,
        policy,
        directory,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

#[test]
fn every_fact_is_told_by_name() {
    let engine = engine();
    let ann = Subject::user("ann").account("acme");
    let deal = |stage: &str| {
        Record::of("deal")
            .id("9")
            .account("acme")
            .owner("ann")
            .property("stage", stage)
    };
    let deals = OnType::named("deal").account("acme");
    let of = |action: &str, deal: &Record<'_>| {
        let decision = engine.check(ann, action, deal);
        engine.decision_record(AT, ann, action, deal, decision)
    };
    let on_type = |action: &str| {
        let decision = engine.check(ann, action, &deals);
        engine.decision_record(AT, ann, action, &deals, decision)
    };

    let allowed = of("edit", &deal("open"));
    assert_eq!(
        (allowed.effect, allowed.code.as_str()),
        (EffectRecord::Allow, "allowed")
    );
    assert_eq!((allowed.at, allowed.revision), (AT, 7));
    assert_eq!(allowed.account.as_deref(), Some("acme"));
    assert_eq!(allowed.subject, SubjectRecord::User(Some("ann".to_owned())));
    assert_eq!(allowed.action.as_deref(), Some("edit"));
    let resource = &allowed.resource;
    let named = [&resource.r#type, &resource.id, &resource.owner].map(|it| it.as_deref());
    assert_eq!(named, [Some("deal"), Some("9"), Some("ann")]);
    assert_eq!(
        (allowed.permission.as_deref(), allowed.scope),
        (Some("deals"), Some(Scope::Own))
    );

    let won = of("edit", &deal("won"));
    assert_eq!(
        (won.effect, won.code.as_str()),
        (EffectRecord::Deny, "condition_not_met")
    );
    assert_eq!(won.property.as_deref(), Some("resource.stage"));
    assert_eq!((won.part.as_deref(), won.scope), (Some("pair"), None));

    let list = on_type("list");
    assert_eq!(
        (list.code.as_str(), list.feature.as_deref()),
        ("feature_disabled", Some("lists"))
    );
    let export = on_type("export");
    assert_eq!(export.code, "prerequisite_missing");
    assert_eq!(export.prerequisite.as_deref(), Some("deals.list"));
    assert_eq!(export.cause.as_deref(), Some("feature_disabled"));
    assert_eq!(on_type("dump").filtered_by.as_deref(), Some("deal:edit"));

    for record in [allowed, won, list, export] {
        let text = serde_json::to_string(&record).unwrap();
        let read: DecisionRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(read, record);
        // Neither what a condition reads of a record, nor what a request brings.
        assert!(!text.contains("won") && !text.contains("open"), "{text}");
    }
}

#[test]
fn handles_are_told_by_name_and_strangers_by_nothing() {
    let (engine, other) = (engine(), self::engine());
    let operation = engine.catalog().operation("deal", "edit").unwrap();
    let (ann, bob) = (engine.user("ann").unwrap(), engine.user("bob").unwrap());
    struct Deal(bailiwick::UserId);
    impl bailiwick::Resource for Deal {
        fn owner(&self) -> bailiwick::Owner<'_> {
            bailiwick::Owner::User(self.0)
        }
        fn account(&self) -> Option<&str> {
            Some("acme")
        }
    }
    let decision = engine.check(ann, operation, &Deal(bob));
    let record = engine.decision_record(AT, ann, operation, &Deal(bob), decision);
    assert_eq!(record.code, "out_of_scope");
    assert_eq!(record.action.as_deref(), Some("edit"));
    assert_eq!(record.resource.r#type.as_deref(), Some("deal"));
    assert_eq!(record.resource.owner.as_deref(), Some("bob"));

    // Handles of another engine name nobody here, though one has their number.
    let (stranger, unknown) = (
        other.user("ann").unwrap(),
        other.catalog().operation("deal", "edit").unwrap(),
    );
    let decision = engine.check(stranger, unknown, &Deal(stranger));
    let record = engine.decision_record(AT, stranger, unknown, &Deal(stranger), decision);
    assert_eq!(record.subject, SubjectRecord::User(None));
    assert_eq!(
        (record.action, record.resource.r#type, record.resource.owner),
        (None, None, None)
    );
}

#[test]
fn a_request_says_no_more_than_its_ids() {
    let engine = engine();
    let secret = "4111 1111 1111 1111";
    let token = Token::new(["seller"]).id("temp").property("card", secret);
    let deal = Record::of("deal")
        .account("acme")
        .owner("ann")
        .property("stage", secret);
    let mut context = PropertyMap::new();
    context.set("card", secret);
    let subject = Subject::from(&token).account("acme");
    let decision = engine.in_context(&context).check(subject, "edit", &deal);
    let record = engine.decision_record(AT, subject, "edit", &deal, decision);
    let text = serde_json::to_string(&record).unwrap();
    assert!(!text.contains("4111"), "{text}");
    assert!(
        text.contains(r#""subject":{"token":{"id":"temp","roles":["seller"]}}"#),
        "{text}"
    );

    // What somebody sends in place of an id fills no log.
    let long = "é".repeat(1_000_000);
    let decision = engine.check(&long, "edit", &deal);
    let record = engine.decision_record(AT, &long, "edit", &deal, decision);
    assert_eq!(record.code, "invalid_identifier");
    let SubjectRecord::User(Some(user)) = record.subject else {
        panic!("{record:?}")
    };
    assert_eq!(user, format!("{}…", "é".repeat(128)));
}

#[test]
fn before_anything_is_loaded_there_are_records_too() {
    let engine = engine();
    let live = Live::not_ready(engine.catalog(), Some("acme"));
    let deals = OnType::named("deal");
    let decision = live.check("ann", "list", &deals);
    let record = live.decision_record(AT, "ann", "list", &deals, decision);
    assert_eq!((record.code.as_str(), record.revision), ("not_ready", 0));
    assert_eq!(record.account.as_deref(), Some("acme"));
    let live = Live::new(engine);
    let decision = live.check("ann", "list", &deals);
    let record = live.decision_record(AT, "ann", "list", &deals, decision);
    assert_eq!(
        (record.code.as_str(), record.revision),
        ("missing_account", 7)
    );
    assert_eq!(record.part.as_deref(), Some("resource"));
}
