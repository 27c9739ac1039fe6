//! What a subject sees of a record (M1): permission, scope, features, reading, contribution.

use bailiwick::document::{
    CatalogDocument, DenialDocument, DirectoryDocument, RoleDocument, UserDocument,
};
use bailiwick::mask::{Allowance, Comparison, SearchRefused, View};
use bailiwick::{Catalog, Engine, OnType, Record, Resource, Subject, Timestamp, Token, Warnings};

use crate::world::{ALL, CATALOG, READER, SCOPES, engine, engine_with, every_user, user};

fn people() -> Record<'static> {
    Record::of("person").id("7").owner("below")
}

/// D8, D7 and S1, once more, from the rules alone: for every user and owner.
#[test]
fn a_field_is_revealed_where_its_permission_reaches_the_owner() {
    let engine = engine();
    for grants in every_user() {
        let name = user(&grants);
        // The narrowest scope that reaches: the user's own record, one below, one out of reach.
        for (owner, needed) in [(&*name, 1), ("below", 2), ("beside", 3)] {
            let person = Record::of("person").id("7").owner(owner);
            let access = engine.fields(&*name, &person);
            let [people, contact, addresses, edit, notes, salaries] = grants;
            let readable = people >= needed;
            // `edit` is a prerequisite of `addresses`, and allows an operation on the type.
            let expected = [
                ("contact.emails.email", contact >= needed, View::Masked),
                ("contact.phone", contact >= needed, View::Masked),
                ("address", addresses.min(edit) >= needed, View::Masked),
                ("notes", notes > 0, View::Masked),
                ("salary", salaries > 0, View::Hidden),
            ];
            assert_eq!(access.read().is_allow(), readable);
            for (path, revealed, otherwise) in expected {
                let view = match (readable, revealed) {
                    (false, _) => View::Hidden,
                    (true, true) => View::Clear,
                    (true, false) => otherwise,
                };
                let found = access.field(path).unwrap().view();
                assert_eq!(found, view, "{path} of {owner} by {name}: {:?}", SCOPES);
            }
        }
    }
}

struct Untyped;

impl Resource for Untyped {}

/// No type, no `read` operation: nobody may read it, whoever asks.
#[test]
fn a_record_that_says_no_type_is_hidden_whole() {
    let engine = engine();
    let by_handle = Subject::from(engine.user(ALL).unwrap());
    for who in [Subject::user(ALL), by_handle] {
        let access = engine.fields(who, &Untyped);
        assert_eq!(access.read().code(), "unknown_action");
        let shown = serde_json::to_string(&access.project(&["x"])).unwrap();
        assert_eq!(shown, "{}");
        let any = OnType::of_operation();
        let mut search = engine.field_search(who, &any, |_| Allowance::Proceed);
        let asked = search.ask("contact.phone", Comparison::Equal, &[("value", "1")]);
        assert!(
            matches!(asked, Err(SearchRefused::UnknownField(_))),
            "{asked:?}"
        );
    }
}

#[test]
fn features_and_denies_mask_again() {
    let off = engine_with(|policy| policy.features.clear());
    let access = off.fields(ALL, &people());
    assert_eq!(access.field("notes").unwrap().view(), View::Masked);
    assert_eq!(access.field("contact.phone").unwrap().view(), View::Clear);

    let denied = engine_with(|policy| {
        for role in &mut policy.roles {
            if role.id == "people3" {
                *role = std::mem::replace(role, RoleDocument::new("")).deny("contact_info");
            }
        }
    });
    let access = denied.fields(ALL, &people());
    assert_eq!(access.field("contact.phone").unwrap().view(), View::Masked);

    let unreadable = engine_with(|policy| {
        let role = policy.roles.iter_mut().find(|it| it.id == "salaries1");
        role.unwrap().denies.push(DenialDocument::from("people"));
    });
    let access = unreadable.fields(ALL, &people());
    let own = access.field("notes").unwrap().for_contributor(Some(ALL));
    assert_eq!((own.view(), access.read().code()), (View::Hidden, "denied"));
}

#[test]
fn contributors_see_what_they_contributed_where_the_catalog_says_so() {
    let engine = engine();
    let access = engine.fields(READER, &people());
    let view =
        |path: &str, by: Option<&str>| access.field(path).unwrap().for_contributor(by).view();
    assert_eq!(view("notes", Some(READER)), View::Clear);
    assert_eq!(view("salary", Some(READER)), View::Clear);
    // Not of fields that do not say so, nor of somebody else's values, nor of nobody's.
    assert_eq!(view("contact.phone", Some(READER)), View::Masked);
    for by in [
        None,
        Some(""),
        Some("below"),
        Some("U300000"),
        Some("u300000 "),
    ] {
        assert_eq!(view("notes", by), View::Masked);
        assert_eq!(view("salary", by), View::Hidden);
    }
}

#[test]
fn whoever_is_denied_reading_sees_nothing() {
    let engine = engine();
    let hidden = |access: &bailiwick::mask::FieldAccess, code: &str| {
        assert_eq!(access.read().code(), code);
        for path in access.paths() {
            let field = access.field(path).unwrap();
            assert_eq!(field.for_contributor(Some(READER)).view(), View::Hidden);
            assert_eq!(field.show("a@example.com"), None);
        }
        let shown = serde_json::to_string(&access.project(&["anything"])).unwrap();
        assert_eq!(shown, "{}");
    };
    hidden(&engine.fields("nobody", &people()), "unknown_subject");
    hidden(&engine.fields("u000000", &people()), "not_granted");
    hidden(
        &engine.fields(ALL, &Record::of("person").id("")),
        "invalid_identifier",
    );
    hidden(&engine.fields(ALL, &Record::of("persons")), "unknown_type");
    hidden(
        &engine.fields(ALL, &OnType::named("person")),
        "asked_wrong_way",
    );
    hidden(
        &engine.fields(Subject::user(ALL).account("other"), &people()),
        "wrong_account",
    );
    // A type without `read`.
    hidden(&engine.fields(ALL, &Record::of("bare")), "unknown_action");
    hidden(
        &engine.fields(Subject::role("people1"), &people()),
        "out_of_scope",
    );
}

#[test]
fn roles_and_tokens_look_like_users() {
    let text = format!("{CATALOG}\n[tokens]\naccount_roles = true\n");
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let known = engine();
    let users = DirectoryDocument::new([]);
    let engine = Engine::new(
        &catalog,
        known.policy(),
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let token = Token::new(["people3", "contact_info1"]).id("guest");
    let own = Record::of("person").id("7").owner("guest");
    let access = engine.fields(&token, &own);
    assert_eq!(access.field("contact.phone").unwrap().view(), View::Clear);
    let others = engine.fields(&token, &people());
    assert_eq!(others.field("contact.phone").unwrap().view(), View::Masked);
    let notes = others.field("notes").unwrap();
    assert_eq!(notes.for_contributor(Some("guest")).view(), View::Clear);

    let role = engine.fields(Subject::role("people3"), &people());
    assert_eq!(role.field("notes").unwrap().view(), View::Masked);
    // A role is no person: a contributor named like it is somebody else (D12).
    let named = role
        .field("notes")
        .unwrap()
        .for_contributor(Some("people3"));
    assert_eq!(named.view(), View::Masked);
}

#[test]
fn contradictory_fields_are_refused_when_loaded() {
    let problems = |old: &str, new: &str| {
        assert!(CATALOG.contains(old), "{old}");
        let text = CATALOG.replacen(old, new, 1);
        let refused = Catalog::new(
            CatalogDocument::from_toml("c.toml", &text),
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap_err();
        refused
            .iter()
            .map(|it| it.message().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    for (old, new, said) in [
        (
            "read = \"view\"\n",
            "",
            "`person` has fields, so it needs `read`",
        ),
        (
            "read = \"view\"",
            "read = \"veiw\"",
            "unknown operation `person:veiw`; did you mean",
        ),
        (
            "path = \"notes\"\n",
            "path = \"address\"\n",
            "duplicate field `address`",
        ),
        (
            "path = \"notes\"\n",
            "path = \"contact\"\n",
            "field `contact.emails.email` lies below field `contact`",
        ),
        (
            "path = \"notes\"\n",
            "path = \"address.street\"\n",
            "field `address.street` lies below field `address`",
        ),
        (
            "path = \"notes\"\n",
            "path = \"notes..x\"\n",
            "has an empty segment",
        ),
        (
            "revealed_by = \"notes\"",
            "revealed_by = \"note\"",
            "unknown permission `note`; did you mean `notes`?",
        ),
        (
            "{ kind = \"phone\" }",
            "{ kind = \"phone\", last = 5 }",
            "at most `4` characters",
        ),
        (
            "{ kind = \"phone\" }",
            "{ kind = \"phone\", filler = \"xx\" }",
            "a filler has 1 to 8 characters",
        ),
        (
            "{ kind = \"hidden\" }",
            "{ kind = \"hidden\", filler = \"***\" }",
            "has no filler",
        ),
        (
            "contributor_sees = true\ncontributor = \"added_by\"",
            "contributor = \"added_by\"",
            "needs `contributor_sees = true`",
        ),
        (
            "contributor = \"added_by\"",
            "contributor = \"email\"",
            "`email` is the field itself",
        ),
        (
            "[[\"street\", \"building_number\"]]",
            "[[\"building_number\"]]",
            "these components are all hidden",
        ),
        (
            "[[\"street\", \"building_number\"]]",
            "[[\"street\", \"number\"]]",
            "has no component `number`",
        ),
        (
            "[[\"street\", \"building_number\"]]",
            "[[\"street\", \"street\"]]",
            "duplicate component `street`",
        ),
        (
            "[[\"street\", \"building_number\"]]",
            "[[]]",
            "the set of components is empty",
        ),
        (
            "[[\"value\"]]",
            "[[\"local\"]]",
            "a field of kind `email` has no component `local`",
        ),
        (
            "{ kind = \"whole\" }",
            "{ kind = \"hidden\" }\nsearch = [[\"value\"]]",
            "a hidden field cannot be searched",
        ),
    ] {
        let found = problems(old, new);
        assert!(found.contains(said), "{new}: {found}");
    }
}

/// Not the first of them alone: every problem in one run.
#[test]
fn each_field_below_another_is_refused() {
    let field = |path: &str| {
        format!(
            "[[types.fields]]\npath = \"{path}\"\nmask = {{ kind = \"whole\" }}\nrevealed_by = \"notes\"\n\n"
        )
    };
    let fields = ["notes.a", "notes.b.c", "notes.b", "notes", "notes2"].map(field);
    let (before, after) = CATALOG.split_once("[[types]]\nid = \"bare\"").unwrap();
    let text = format!("{before}{}[[types]]\nid = \"bare\"{after}", fields.concat());
    let refused = Catalog::new(
        CatalogDocument::from_toml("c.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_err();
    let mut found: Vec<&str> = refused.iter().map(|it| it.message()).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "duplicate field `notes`",
            "field `notes.a` lies below field `notes`",
            "field `notes.b.c` lies below field `notes`",
            "field `notes.b` lies below field `notes`",
        ]
    );
}

/// Reports' records as accessible (S6): the operation is lent, the field is not.
#[test]
fn nobody_is_lent_a_field() {
    let text = CATALOG.replacen("version = 1", "version = 1\nreach = \"accessible\"", 1);
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let known = engine();
    let users = DirectoryDocument::new([
        UserDocument::new("lead")
            .position("top")
            .role("people2")
            .role("contact_info2"),
        UserDocument::new("below")
            .position("low")
            .role("people3")
            .role("contact_info3"),
    ]);
    let engine = Engine::new(
        &catalog,
        known.policy(),
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let unowned = Record::of("person").id("7");
    let access = engine.fields("lead", &unowned);
    assert!(access.read().is_allow(), "lent by whoever stands below");
    assert_eq!(access.field("contact.phone").unwrap().view(), View::Masked);
    let access = engine.fields("lead", &people());
    assert_eq!(access.field("contact.phone").unwrap().view(), View::Clear);
}
