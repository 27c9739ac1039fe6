//! Standing in for oneself (D10): each way in which whoever may edit the properties of users came to open
//! what a condition of an open operation gates; and beside it who may edit such a property.

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change, Refusal, UsedIdKind};
use bailiwick::document::{
    CatalogDocument, GrantDocument, PropertyDocument, PropertyType, PropertyValue, UserDocument,
};
use bailiwick::{Catalog, OnType, Record, Scope, Token, Warnings};

use crate::office::{Office, office};
use crate::reference::administration::Class::Authority;

/// Everybody may open the vault who is cleared; read the file who stands for its author; enter the hall
/// whose badge the door knows; and clearances are for `vet` to give.
const MORE: &str = r#"
format = 1
id = "more"
version = 1
permissions = [{ path = "vet", scopes = ["own", "reports", "peers", "all"] }]
subject_properties = { cleared = "boolean", stands_for = "text", badge = "set", vetted = { type = "integer", edited_by = "vet" } }
context_properties = { door = "text" }
types = [{ id = "vault" }, { id = "file", properties = { author = "text" } }]
operations = [
  { type = "vault", action = "open", on = "type", open = true, when = [[{ subject = "cleared", is = true }]] },
  { type = "file", action = "read", on = "record", open = true, when = [[{ resource = "author", is = { subject = "id" } }], [{ resource = "author", is = { subject = "stands_for" } }]] },
  { type = "vault", action = "enter", on = "type", open = true, when = [[{ context = "door", one_of = { subject = "badge" } }]] },
  { type = "vault", action = "list", on = "type", open = true, when = [[{ subject = "vetted", at_least = 3 }]] },
]
"#;

/// `boss` administers, `vet` vets everybody besides, `lou` those below, `eve` is nobody.
fn vault() -> Office {
    let Ok(more) = CatalogDocument::from_toml("more.toml", MORE).into_document() else {
        panic!("the catalog does not read");
    };
    office()
        .with(|it| {
            it.catalog.permissions.extend(more.permissions);
            it.catalog
                .subject_properties
                .extend(more.subject_properties);
            it.catalog
                .context_properties
                .extend(more.context_properties);
            it.catalog.types.extend(more.types);
            it.catalog.operations.extend(more.operations);
        })
        .granting("vetter", [("vet", Scope::All)])
        .granting("line", [("vet", Scope::Reports), ("admin", Scope::All)])
        .granting("own", [("vet", Scope::Own), ("admin", Scope::All)])
        .position("top", &[])
        .position("low", &["top"])
        .user(
            UserDocument::new("vet")
                .role("administrator")
                .role("vetter"),
        )
        .user(UserDocument::new("lou").role("line").position("top"))
        .user(UserDocument::new("own").role("own").position("top"))
        .user(UserDocument::new("low").position("low"))
        .user(
            UserDocument::new("eve")
                .property("cleared", false)
                .property("vetted", 1),
        )
}

fn set(user: &str, property: &str, value: impl Into<PropertyValue>) -> Change {
    Change::SetProperty {
        user: user.to_owned(),
        property: property.to_owned(),
        value: Some(value.into()),
    }
}

fn clear(user: &str, property: &str) -> Change {
    Change::SetProperty {
        user: user.to_owned(),
        property: property.to_owned(),
        value: None,
    }
}

fn create(user: UserDocument) -> Change {
    Change::CreateUser { user }
}

/// Everything by which a property that opens something is stated.
fn ways() -> Vec<Change> {
    vec![
        set("boss", "cleared", true),
        set("eve", "cleared", true),
        set("boss", "stands_for", "eve"),
        set("boss", "badge", vec!["vault".to_owned()]),
        clear("eve", "cleared"),
        create(UserDocument::new("new").property("cleared", true)),
        create(UserDocument::new("new").property("stands_for", "eve")),
    ]
}

#[test]
fn nobody_but_the_host_edits_what_opens_an_open_operation() {
    for change in ways() {
        for actor in ["boss", "vet"] {
            vault().refuses(Authority, actor, change.clone());
        }
        let found = vault().refusal(&Actor::System, [change]);
        assert!(found.is_empty(), "{found:?}");
    }
    // What no open operation reads is edited as before.
    vault().allows("boss", set("eve", "region", "south"));
    vault().allows("boss", create(UserDocument::new("new")));
    let opened = vault().after([set("eve", "cleared", true)]);
    let engine = opened.documents.load();
    assert!(
        engine
            .check("eve", "open", &OnType::named("vault"))
            .is_allow()
    );
}

/// Whoever comes to edit a property, or no more, is told by a report, where the catalog asks a right for it;
/// what is told is what the engine then allows.
#[test]
fn who_comes_to_edit_a_property_is_told() {
    let told = |office: &Office, change: Change| {
        let engine = office.documents.load();
        let preview = engine.preview(&Actor::System, office.documents.at, &[change]);
        preview.expect("it can be made").report().to_string()
    };
    // `admin` lets her edit properties and create users; `vet` what the property asks besides.
    let office = vault()
        .user(UserDocument::new("ann").role("administrator"))
        .user(UserDocument::new("bea").role("vetter"));
    let edit = set("eve", "vetted", 5);
    let create = create(UserDocument::new("new").property("vetted", 5));
    for change in [&edit, &create] {
        for actor in ["ann", "bea"] {
            office.refuses(Authority, actor, change.clone());
        }
    }
    let vets = Change::assign_role("ann", "vetter");
    assert_eq!(
        told(&office, vets.clone()),
        "1 user (`ann`)\n  + gain right to edit property `vetted`: all\n"
    );
    let administers = Change::assign_role("bea", "administrator");
    let gained = told(&office, administers.clone());
    let line = "  + gain right to edit property `vetted`: all\n";
    assert!(gained.contains(line), "{gained}");
    for (actor, change) in [("ann", vets), ("bea", administers)] {
        let office = office.clone().after([change]);
        office.allows(actor, edit.clone());
        office.allows(actor, create.clone());
        let revoked = told(&office, Change::revoke_role(actor, "vetter"));
        let line = "  - lose right to edit property `vetted`: all\n";
        assert!(revoked.contains(line), "{revoked}");
    }
    // Her own, and of those below: no further than both reach.
    for (role, scope) in [("own", "own"), ("line", "reports")] {
        let gained = told(&office, Change::assign_role("ann", role));
        let line = format!("  + gain right to edit property `vetted`: {scope}\n");
        assert!(gained.contains(&line), "{gained}");
    }
    // A role that brings nothing but the right says so to nobody who may not make the change.
    let user = UserDocument::new("new");
    let office = office.user(user);
    let nothing = "nobody can do more or less than before\n";
    assert_eq!(told(&office, Change::assign_role("new", "vetter")), nothing);
}

#[test]
fn nobody_from_outside_nor_for_another_edits_it_either() {
    let everything = Actor::External {
        id: "site".to_owned(),
        grants: vec![GrantDocument::from(("*", Scope::All))],
    };
    let for_boss = Actor::OnBehalfOf {
        actor: Box::new(Actor::System),
        of: Box::new(Actor::user("boss")),
    };
    for change in ways() {
        for actor in [&everything, &for_boss] {
            let found = vault().refusal(actor, [change.clone()]);
            assert!(
                found.contains(&Authority),
                "{actor:?} {change:?}: {found:?}"
            );
        }
    }
    // One who is vetted by both.
    let change = set("eve", "vetted", 3);
    let both = |actor: &str, of: &str| {
        let actor = Box::new(Actor::user(actor));
        let of = Box::new(Actor::user(of));
        vault().refusal(&Actor::OnBehalfOf { actor, of }, [change.clone()])
    };
    assert_eq!(both("vet", "vet"), BTreeSet::new());
    assert!(both("boss", "vet").contains(&Authority));
    assert!(both("vet", "boss").contains(&Authority));
    assert_eq!(
        vault().refusal(&everything, [change.clone()]),
        BTreeSet::new()
    );
}

#[test]
fn whom_the_catalog_names_edits_it_for_those_within_reach() {
    let vetted = |user: &str| set(user, "vetted", 3);
    for user in ["eve", "boss", "vet", "low", "lou"] {
        vault().refuses(Authority, "boss", vetted(user));
        vault().allows("vet", vetted(user));
    }
    vault().refuses(Authority, "boss", clear("eve", "vetted"));
    vault().allows("vet", clear("eve", "vetted"));
    // Held for those below: for them, and for oneself; for somebody made there, and nowhere else.
    vault().allows("lou", vetted("low"));
    vault().allows("lou", vetted("lou"));
    vault().refuses(Authority, "lou", vetted("own"));
    vault().refuses(Authority, "lou", vetted("eve"));
    let made = || UserDocument::new("new").property("vetted", 1);
    let code = |user: UserDocument| {
        let engine = vault().documents.load();
        let refused = engine.apply(&Actor::user("lou"), vault().asked_at, &[create(user)]);
        refused.expect_err("a refusal").reason.code()
    };
    // (To put somebody there widens whom `vet` reaches.)
    assert_eq!(code(made().position("low")), "widens_reach");
    for there in [made().position("top"), made()] {
        vault().refuses(Authority, "lou", create(there.clone()));
        assert_eq!(code(there), "may_not_edit_property");
    }
    vault().allows("vet", create(made()));
    vault().allows("own", vetted("own"));
    vault().refuses(Authority, "own", vetted("low"));
}

#[test]
fn to_vet_is_not_enough_to_edit_properties() {
    let office = vault().user(UserDocument::new("kim").role("vetter"));
    office.refuses(Authority, "kim", set("eve", "vetted", 3));
}

#[test]
fn no_way_round_leads_through_several_changes() {
    let refused = |actor: &str, changes: Vec<Change>| {
        let found = vault().refusal(&Actor::user(actor), changes.clone());
        assert!(found.contains(&Authority), "{changes:?}: {found:?}");
    };
    // Authority is that of the state before: who takes the right up does not have it yet.
    let found = vault().refusal(
        &Actor::user("boss"),
        [
            Change::assign_role("boss", "vetter"),
            set("boss", "vetted", 3),
            Change::revoke_role("boss", "vetter"),
        ],
    );
    assert!(found.contains(&Authority), "{found:?}");
    // Nor does brought within reach for the moment count.
    let placed = |position: Option<&str>| Change::PlaceUser {
        user: "eve".to_owned(),
        position: position.map(str::to_owned),
    };
    refused(
        "lou",
        vec![placed(Some("low")), set("eve", "vetted", 3), placed(None)],
    );
    // Removed, forgotten and made anew, with the property.
    let anew = |user: UserDocument| {
        let id = user.id.clone();
        vec![
            Change::RemoveUser { user: id.clone() },
            Change::ForgetId {
                kind: UsedIdKind::User,
                id,
            },
            create(user),
        ]
    };
    refused(
        "boss",
        anew(UserDocument::new("eve").property("cleared", true)),
    );
    refused("boss", anew(UserDocument::new("eve").property("vetted", 3)));
    let plain = vault().refusal(&Actor::user("boss"), anew(UserDocument::new("eve")));
    assert_eq!(plain, BTreeSet::new());
}

#[test]
fn what_is_read_on_either_side_of_any_alternative_is_read() {
    let reads = |when: &str, property: &str| {
        let text = format!(
            "format = 1\nid = 'm'\nversion = 1\npermissions = []\n\
             operations = [{{ type = 'contact', action = 'x', on = 'record', open = true, when = [{when}] }}]"
        );
        let more = CatalogDocument::from_toml("m", &text);
        let more = more.into_document().expect("it reads");
        let office = vault().with(|it| {
            let plain = PropertyDocument::from(PropertyType::Text);
            for name in ["one", "two"] {
                it.catalog
                    .subject_properties
                    .insert(name.to_owned(), plain.clone());
            }
            it.catalog.operations.extend(more.operations);
        });
        let found = office.refusal(&Actor::user("boss"), [set("eve", property, "x")]);
        found.contains(&Authority)
    };
    let one = "[{ subject = 'one', is = 'x' }]";
    let right = "[{ resource = 'region', is = { subject = 'one' } }]";
    let later = "[{ resource = 'region', is = 'x' }], [{ resource = 'region', is_not = 'x' }, { subject = 'one', none_of = ['y'] }]";
    for when in [one, right, later] {
        assert!(reads(when, "one"), "{when}");
        assert!(!reads(when, "two"), "{when}");
    }
}

#[test]
fn a_refusal_says_which_property_and_who_may() {
    let engine = vault().documents.load();
    let refused = |actor: &str, change: Change| {
        let refused = engine.apply(&Actor::user(actor), vault().asked_at, &[change]);
        refused.expect_err("a refusal").reason
    };
    let host = refused("boss", set("eve", "cleared", true));
    assert_eq!(host.code(), "may_not_edit_property");
    assert!(host.is_authority());
    assert_eq!(
        host,
        Refusal::MayNotEditProperty {
            property: "cleared".to_owned(),
            permission: None,
            user: Some("eve".to_owned()),
        }
    );
    assert_eq!(
        host.to_string(),
        "the catalog has no rule for editing the property `cleared`: only the host itself may do it"
    );
    let vetter = refused("boss", set("eve", "vetted", 3));
    assert_eq!(
        vetter.to_string(),
        "editing the property `vetted` of `eve` needs `vet`"
    );
}

#[test]
fn a_catalog_says_who_edits_by_a_permission_that_there_is() {
    let problems = |property: &str| {
        let text = format!(
            "format = 1\nid = 'm'\nversion = 1\npermissions = [{{ path = 'vet' }}]\nsubject_properties = {{ level = {property} }}"
        );
        let catalog = Catalog::new(CatalogDocument::from_toml("m", &text), Warnings::Refuse);
        catalog.err().map(|it| it.to_string())
    };
    assert_eq!(problems("{ type = 'text', edited_by = 'vet' }"), None);
    for (property, said) in [
        (
            "{ type = 'text', edited_by = 'vett' }",
            "did you mean `vet`?",
        ),
        (
            "{ type = 'text', edited_by = 'vett' }",
            "m:5:61: unknown permission `vett`",
        ),
        ("{ type = 'texts' }", "did you mean `text`?"),
        ("{ edited_by = 'vet' }", "`type` is missing"),
        (
            "{ type = 'text', edit_by = 'vet' }",
            "did you mean `edited_by`?",
        ),
        ("'txt'", "did you mean `text`?"),
    ] {
        let found = problems(property).expect("a problem");
        assert!(found.contains(said), "{property}: {found}");
    }
}

#[test]
fn a_catalog_writes_what_it_read() {
    let catalog = vault().documents.catalog;
    let json = serde_json::to_value(&catalog).expect("it writes");
    assert_eq!(
        json["subject_properties"],
        serde_json::json!({
            "badge": "set",
            "cleared": "boolean",
            "region": "text",
            "stands_for": "text",
            "vetted": { "type": "integer", "edited_by": "vet" },
        })
    );
    let read: CatalogDocument = serde_json::from_value(json).expect("it reads");
    assert_eq!(read, catalog);
}

/// What a host or a token calls `id` or `owner` is not who asks, nor what is asked of.
#[test]
fn nobody_brings_another_id_or_owner() {
    let engine = vault().documents.load();
    let file = Record::of("file").id("7").owner("bob");
    let hers = file.clone().property("author", "eve");
    let read = |subject: &Token, record: &Record<'_>| engine.check(subject, "read", record).code();
    assert!(engine.check("eve", "read", &hers).is_allow());
    let token = Token::new(Vec::<String>::new()).id("boss");
    assert_eq!(read(&token, &hers), "condition_not_met");
    let token = token.property("id", "eve");
    assert_eq!(read(&token, &hers), "condition_not_met");
    let nameless = Token::new(["administrator"]).property("id", "eve");
    assert!(!engine.check(&nameless, "read", &hers).is_allow());
    // Byte for byte.
    for other in ["Eve", "eve ", "\u{435}ve", "EVE"] {
        let theirs = file.clone().property("author", other);
        assert!(!engine.check("eve", "read", &theirs).is_allow(), "{other}");
    }
    // Whom the directory binds is denied before any condition is asked.
    let bound = vault().with(|it| {
        for user in &mut it.directory.users {
            user.suspended = user.id == "eve";
        }
        it.policy.used_ids.users.push("gone".to_owned());
    });
    let engine = bound.documents.load();
    assert_eq!(engine.check("eve", "read", &hers).code(), "suspended");
    let as_eve = Token::new(Vec::<String>::new()).id("eve");
    assert_eq!(engine.check(&as_eve, "read", &hers).code(), "suspended");
    let gone = file.property("author", "gone");
    assert_eq!(engine.check("gone", "read", &gone).code(), "removed");
}
