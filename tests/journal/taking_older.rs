//! D16: what a record takes is judged by every version of the catalog that an older host may have, and not by
//! today's: in each world the older version gives something by what has no effect in the newer.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument, UserDocument};
use bailiwick::journal::{
    Journal, JournalError, MemoryJournal, OlderCatalogs, TakesFrom, begin, keep_catalog, restore,
};
use bailiwick::live::Live;
use bailiwick::{Catalog, Engine, OnType, Record, Timestamp, Token, Warnings};

fn catalog(text: &str) -> Catalog {
    let document = CatalogDocument::from_toml("catalog", text);
    let loaded = Catalog::new(document, Warnings::Into(&mut Vec::new()));
    loaded.unwrap_or_else(|problems| panic!("{problems}"))
}

/// Version 1 of a catalog, and version 2 in which one thing is otherwise.
fn versions(of: [(&str, &str); 2]) -> [Catalog; 2] {
    let mut version = 0;
    of.map(|(feature, more)| {
        version += 1;
        catalog(&format!(
            r#"
            format = 2
            id = "shop"
            version = {version}
            features = [{{ id = "sms" }}, {{ id = "pro" }}]
            types = [{{ id = "deal" }}]
            {more}
            [[permissions]]
            path = "deals"
            scopes = ["own", "reports", "all"]
            [[permissions]]
            path = "texts"
            features = ["{feature}"]
            [[operations]]
            type = "deal"
            action = "view"
            on = "record"
            allowed_by = ["deals"]
            [[operations]]
            type = "deal"
            action = "text"
            on = "type"
            allowed_by = ["texts"]
            "#
        ))
    })
}

/// Versions that let tokens bring the roles of accounts; the second retires `texts`.
fn retired() -> [Catalog; 2] {
    [
        ("texts", ""),
        ("texting", "retired = [{ version = 2, path = \"texts\" }]"),
    ]
    .map(|(path, more)| {
        let version = if more.is_empty() { 1 } else { 2 };
        catalog(&format!(
            r#"
            format = 2
            id = "shop"
            version = {version}
            types = [{{ id = "deal" }}]
            tokens = {{ account_roles = true }}
            {more}
            [[permissions]]
            path = "deals"
            [[permissions]]
            path = "{path}"
            [[operations]]
            type = "deal"
            action = "text"
            on = "type"
            allowed_by = ["{path}"]
            "#
        ))
    })
}

struct World {
    catalogs: [Catalog; 2],
    engine: Engine,
}

impl World {
    fn of(catalogs: [Catalog; 2], policy: &str, users: &str) -> World {
        let header = "format = 2\ncatalog_version = 1\n";
        let engine = Engine::new(
            &catalogs[0],
            PolicyDocument::from_toml("policy", &format!("{header}{policy}")),
            DirectoryDocument::from_toml("directory", &format!("format = 2\nusers = [{users}]")),
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        let engine = engine.unwrap_or_else(|problems| panic!("{problems}"));
        World { catalogs, engine }
    }

    /// What a host on version 1 answers after one on version 2 has made a change, and whom the record names.
    fn after(&self, change: Change) -> (Engine, TakesFrom) {
        let journal = MemoryJournal::new();
        begin(&journal, &self.engine, Timestamp(0)).unwrap();
        let [old, new] =
            [0, 1].map(|it| Live::of(restore(&journal, &self.catalogs[it], None, None).unwrap()));
        keep_catalog(&journal, &self.catalogs[1]).unwrap();
        let changes = vec![change];
        new.apply(&journal, &Actor::System, Timestamp(1), changes, None)
            .unwrap();
        let error = old.catch_up(&journal).unwrap_err();
        assert!(
            matches!(error, JournalError::NewerCatalog { .. }),
            "{error}"
        );
        (old.engine().unwrap(), old.unread().unwrap().takes_from)
    }

    /// It was allowed on version 1, and is not answered any more; who is not concerned is.
    fn takes(&self, change: Change, ask: impl Fn(&Engine) -> &'static str) -> TakesFrom {
        assert_eq!(ask(&self.engine), "allowed");
        let text = format!("{change:?}");
        let (older, takes_from) = self.after(change);
        assert_eq!(ask(&older), "not_ready", "{text}");
        takes_from
    }
}

fn users(ids: &[&str]) -> TakesFrom {
    TakesFrom::Users(ids.iter().map(|it| (*it).to_owned()).collect())
}

fn text(engine: &Engine, user: &str) -> &'static str {
    engine.check(user, "text", &OnType::named("deal")).code()
}

/// Of a token that brings the role `texter`.
fn token(engine: &Engine) -> &'static str {
    let token = Token::new(["texter"]).id("zed");
    engine.check(&token, "text", &OnType::named("deal")).code()
}

/// Returns whether `ann` may view a record.
fn views(owner: &'static str) -> impl Fn(&Engine) -> &'static str {
    move |engine| {
        let deal = Record::of("deal").id("1").owner(owner);
        engine.check("ann", "view", &deal).code()
    }
}

fn edit(role: &str, grants: &[&str]) -> Change {
    Change::EditRole {
        role: role.into(),
        grants: grants.iter().map(|it| (*it).into()).collect(),
        denies: vec![],
        since: None,
    }
}

#[test]
fn what_is_inert_today_is_taken_from_tokens_of_older_versions() {
    let policy = r#"roles = [
        { id = "texter", grants = ["texts", "deals"], inherits = [] },
        { id = "no", denies = ["texts"] },
    ]"#;
    let world = World::of(retired(), policy, r#"{ id = "ann" }"#);
    let changes = [
        edit("texter", &["deals"]),
        Change::AddInheritance {
            role: "texter".into(),
            junior: "no".into(),
        },
    ];
    for change in changes {
        assert_eq!(world.takes(change, token), TakesFrom::Everybody);
    }
    let bound = Change::CreateUser {
        user: UserDocument::new("zed").role("no"),
    };
    assert_eq!(world.takes(bound, token), users(&["zed"]));

    let policy = r#"roles = [
        { id = "base", grants = ["texts"] },
        { id = "texter", inherits = ["base"] },
    ]"#;
    let world = World::of(retired(), policy, r#"{ id = "ann", roles = ["texter"] }"#);
    let change = Change::RemoveInheritance {
        role: "texter".into(),
        junior: "base".into(),
    };
    world.takes(change.clone(), token);
    world.takes(change, |it| text(it, "ann"));
    world.takes(edit("base", &[]), |it| text(it, "ann"));
}

#[test]
fn roles_that_only_older_versions_let_tokens_bring_take_from_everybody() {
    let catalogs = versions([("sms", "tokens = { account_roles = true }"), ("sms", "")]);
    let policy = "features = [\"sms\"]\nroles = [{ id = \"texter\", grants = [\"texts\"] }]";
    let world = World::of(catalogs, policy, r#"{ id = "ann" }"#);
    assert_eq!(
        world.takes(edit("texter", &[]), token),
        TakesFrom::Everybody
    );
}

#[test]
fn system_roles_that_give_more_in_older_versions_are_looked_at_there() {
    let policy = r#"positions = [{ id = "head" }, { id = "desk", reports_to = ["head"] }, { id = "other" }]"#;
    let people = r#"
        { id = "ann", roles = ["system:viewer"], position = "head" },
        { id = "bob", position = "desk" },
        { id = "cid", roles = ["system:viewer"], position = "other" },
    "#;
    let role =
        |grants: &str| format!("roles = [{{ id = \"system:viewer\", grants = [{grants}] }}]");
    for today in ["", r#"{ select = "deals", scope = "own" }"#] {
        let then = role(r#"{ select = "deals", scope = "reports" }"#);
        let catalogs = versions([("sms", &then), ("sms", &role(today))]);
        let world = World::of(catalogs, policy, people);
        let place = Change::PlaceUser {
            user: "bob".into(),
            position: Some("other".into()),
        };
        assert_eq!(world.takes(place, views("bob")), users(&["ann", "bob"]));
    }
    // One that denies there binds whoever comes to it.
    let policy = r#"
        features = ["sms"]
        roles = [{ id = "texter", grants = ["texts"] }]
    "#;
    let people = r#"{ id = "ann", roles = ["texter"] }, { id = "bob", roles = ["texter"] }"#;
    let role =
        |denies: &str| format!("roles = [{{ id = \"system:viewer\", denies = [{denies}] }}]");
    let catalogs = versions([("sms", &role("\"texts\"")), ("sms", &role(""))]);
    let world = World::of(catalogs, policy, people);
    let assign = Change::assign_role("ann", "system:viewer");
    let takes_from = world.takes(assign, |it| text(it, "ann"));
    assert_eq!(takes_from, users(&["ann"]));
}

/// A wildcard at All gives of a permission that does not offer All the widest that it does.
#[test]
fn tokens_that_look_around_in_older_versions_lose_who_is_moved() {
    let policy = r#"positions = [{ id = "head" }, { id = "desk", reports_to = ["head"] }, { id = "other" }]"#;
    let more = |grants: &str| {
        format!(
            r#"
            tokens = {{ system_roles = ["system:viewer"] }}
            roles = [{{ id = "system:viewer", grants = [{grants}] }}]
            [[permissions]]
            path = "calls"
            scopes = ["own", "reports"]
            [[operations]]
            type = "deal"
            action = "call"
            on = "record"
            allowed_by = ["calls"]
            "#
        )
    };
    let then = more(r#"{ select = "*", scope = "all" }"#);
    let catalogs = versions([("sms", &then), ("sms", &more(""))]);
    let world = World::of(catalogs, policy, r#"{ id = "bob", position = "desk" }"#);
    let place = Change::PlaceUser {
        user: "bob".into(),
        position: Some("other".into()),
    };
    let calls = |engine: &Engine| {
        let token = Token::new(["system:viewer"]).id("zed").position("head");
        let deal = Record::of("deal").id("1").owner("bob");
        engine.check(&token, "call", &deal).code()
    };
    assert_eq!(world.takes(place, calls), TakesFrom::Everybody);
}

#[test]
fn features_are_switched_off_for_what_needs_them_in_older_versions() {
    let catalogs = versions([("sms", ""), ("pro", "")]);
    let policy = "features = [\"sms\"]\nroles = [{ id = \"texter\", grants = [\"texts\"] }]";
    let people = r#"{ id = "ann", roles = ["texter"] }, { id = "bob" }"#;
    let world = World::of(catalogs, policy, people);
    let disable = Change::DisableFeature {
        feature: "sms".into(),
    };
    let takes_from = world.takes(disable, |it| text(it, "ann"));
    assert_eq!(takes_from, users(&["ann"]));
}

#[test]
fn whoever_is_lent_to_in_older_versions_loses_with_the_lender() {
    let catalogs = versions([("sms", "reach = \"accessible\""), ("sms", "")]);
    let policy = r#"
        roles = [
            { id = "lead", grants = [{ select = "deals", scope = "reports" }] },
            { id = "all", grants = [{ select = "deals", scope = "all" }] },
        ]
        positions = [{ id = "head" }, { id = "desk", reports_to = ["head"] }, { id = "other" }]
    "#;
    let people = r#"
        { id = "ann", roles = ["lead"], position = "head" },
        { id = "bob", roles = ["all"], position = "desk" },
        { id = "cid", roles = ["lead"], position = "other" },
    "#;
    let world = World::of(catalogs, policy, people);
    let suspend = Change::SuspendUser { user: "bob".into() };
    let takes_from = world.takes(suspend, views("zoe"));
    assert_eq!(takes_from, users(&["ann", "bob"]));
    let revoke = Change::revoke_role("bob", "all");
    assert_eq!(world.takes(revoke, views("zoe")), users(&["ann", "bob"]));
}

/// An end that comes takes as the revoking does, whatever the role gives today.
#[test]
fn ends_of_what_is_inert_today_are_taken_into_account() {
    let policy = "roles = [{ id = \"texter\", grants = [\"texts\"] }]";
    let people = r#"{ id = "ann", roles = ["texter"] }, { id = "bob" }"#;
    let world = World::of(retired(), policy, people);
    let end = Change::AssignRole {
        user: "ann".into(),
        role: "texter".into(),
        until: Some(Timestamp(1_000)),
    };
    let takes_from = world.takes(end, |it| text(it, "ann"));
    assert_eq!(takes_from, users(&["ann"]));
}

/// A version is missing from the journal if its hosts have only read: then any may be there.
#[test]
fn versions_that_are_not_known_may_be_any() {
    let catalog_of = |version: u32| {
        catalog(&format!(
            "format = 2\nid = \"shop\"\nversion = {version}\npermissions = [{{ path = \"p\" }}]"
        ))
    };
    let engine = |catalog: &Catalog| {
        let policy = PolicyDocument::from_toml(
            "policy",
            "format = 2\ncatalog_version = 1\nroles = [{ id = \"r\", grants = [\"p\"] }]",
        );
        let users = DirectoryDocument::from_toml(
            "directory",
            "format = 2\nusers = [{ id = \"ann\", roles = [\"r\"] }]",
        );
        Engine::new(catalog, policy, users, Timestamp(0), Warnings::Refuse).unwrap()
    };
    let takes = |journal: &dyn Journal, version: u32| {
        let catalog = catalog_of(version);
        let older = OlderCatalogs::of(journal, &catalog).unwrap();
        let before = engine(&catalog);
        let applied = before
            .apply(&Actor::System, Timestamp(1), &[edit("r", &[])])
            .unwrap();
        TakesFrom::between_for(&before, applied.engine(), &older)
    };
    let journal = MemoryJournal::new();
    assert_eq!(takes(&journal, 1), users(&["ann"]));
    assert_eq!(
        takes(&journal, 2),
        TakesFrom::Everybody,
        "nothing was begun"
    );
    begin(&journal, &engine(&catalog_of(2)), Timestamp(0)).unwrap();
    assert_eq!(
        takes(&journal, 2),
        users(&["ann"]),
        "it began under this one"
    );
    assert_eq!(takes(&journal, 3), users(&["ann"]));
    assert_eq!(
        takes(&journal, 4),
        TakesFrom::Everybody,
        "hosts may have version 3"
    );
    keep_catalog(&journal, &catalog_of(3)).unwrap();
    assert_eq!(takes(&journal, 4), users(&["ann"]));
    let other =
        catalog("format = 2\nid = \"other\"\nversion = 4\npermissions = [{ path = \"p\" }]");
    keep_catalog(&journal, &other).unwrap();
    assert_eq!(
        takes(&journal, 5),
        TakesFrom::Everybody,
        "that is of another line"
    );
}
