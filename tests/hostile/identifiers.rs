//! Identifiers that are none are refused wherever one is written (D12), and two that a person or a
//! database would take for one are two.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PackageDocument, PolicyDocument, PositionDocument,
    PropertyType, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, OnType, OwnerPosition, Record, Subject, Token, Warnings};

use crate::on_a_small_stack;
use crate::world::{self, NOW};

struct Documents {
    catalog: CatalogDocument,
    policy: PolicyDocument,
    directory: DirectoryDocument,
}

fn sound() -> Documents {
    let catalog = CatalogDocument::from_toml("", world::CATALOG);
    let policy = PolicyDocument::from_toml("", world::POLICY);
    Documents {
        catalog: catalog.into_document().expect("the shape is right"),
        policy: policy.into_document().expect("the shape is right"),
        directory: world::directory(),
    }
}

impl Documents {
    /// What is said of them, or nothing.
    fn load(&self) -> String {
        let catalog = match Catalog::new(self.catalog.clone(), Warnings::Into(&mut Vec::new())) {
            Ok(catalog) => catalog,
            Err(problems) => return problems.to_string(),
        };
        let (policy, directory) = (self.policy.clone(), self.directory.clone());
        match Engine::new(
            &catalog,
            policy,
            directory,
            NOW,
            Warnings::Into(&mut Vec::new()),
        ) {
            Ok(_) => String::new(),
            Err(problems) => problems.to_string(),
        }
    }
}

/// A place where an identifier is made, and its path; `{}` stands for the identifier itself, as a
/// path shows it.
type Place = (&'static str, fn(&mut Documents, String));

fn position(id: String) -> PositionDocument {
    PositionDocument {
        id,
        name: None,
        reports_to: Vec::new(),
    }
}

const PLACES: &[Place] = &[
    ("id", |it, id| it.catalog.id = id),
    ("features[1].id", |it, id| {
        let mut feature = it.catalog.features[0].clone();
        feature.id = id;
        it.catalog.features.push(feature);
    }),
    ("permissions[6].path", |it, id| {
        let mut permission = it.catalog.permissions[1].clone();
        permission.path = id;
        it.catalog.permissions.push(permission);
    }),
    ("types[1].id", |it, id| {
        let mut of_type = it.catalog.types[0].clone();
        of_type.id = id;
        it.catalog.types.push(of_type);
    }),
    ("types[0].fields[0].path", |it, id| {
        let path = toml::Value::String(id);
        let field = format!(
            "{{ path = {path}, mask = {{ kind = \"whole\" }}, revealed_by = \"contacts\" }}"
        );
        let of_type = format!("types = [{{ id = \"contact\", read = \"view\", fields = [{field}],");
        let text = world::CATALOG.replace("types = [{ id = \"contact\",", &of_type);
        let catalog = CatalogDocument::from_toml("", &text).into_document();
        it.catalog = catalog.expect("the shape is right");
    }),
    ("operations[16].action", |it, id| {
        let mut operation = it.catalog.operations[0].clone();
        operation.action = id;
        it.catalog.operations.push(operation);
    }),
    ("types[0].properties.{}", |it, id| {
        let properties = &mut it.catalog.types[0].properties;
        properties.insert(id, PropertyType::Text);
    }),
    ("subject_properties.{}", |it, id| {
        it.catalog
            .subject_properties
            .insert(id, PropertyType::Text.into());
    }),
    ("context_properties.{}", |it, id| {
        it.catalog.context_properties.insert(id, PropertyType::Text);
    }),
    ("account", |it, id| it.policy.account = Some(id)),
    ("roles[6].id", |it, id| {
        it.policy.roles.push(RoleDocument::new(id))
    }),
    ("packages[1].id", |it, id| {
        it.policy.packages.push(PackageDocument {
            id,
            name: None,
            description: None,
            created: None,
            roles: Vec::new(),
        });
    }),
    ("positions[2].id", |it, id| {
        it.policy.positions.push(position(id))
    }),
    ("used_ids.users[0]", |it, id| {
        it.policy.used_ids.users.push(id)
    }),
    ("used_ids.roles[0]", |it, id| {
        it.policy.used_ids.roles.push(id)
    }),
    ("used_ids.positions[0]", |it, id| {
        it.policy.used_ids.positions.push(id)
    }),
    ("users[10].id", |it, id| {
        it.directory.users.push(UserDocument::new(id))
    }),
];

#[test]
fn what_is_no_identifier_is_refused_wherever_it_stands() {
    let wrong = on_a_small_stack(|| {
        let eighty = "x".repeat(80);
        let bad = [
            (
                String::new(),
                "an identifier cannot be empty".to_owned(),
                "\"\"".to_owned(),
            ),
            (
                "a\0b".to_owned(),
                "`a\\u{0}b` holds a control character".to_owned(),
                "\"a\\u{0}b\"".to_owned(),
            ),
            (
                "\u{9f}".to_owned(),
                "`\\u{9f}` holds a control character".to_owned(),
                "\"\\u{9f}\"".to_owned(),
            ),
            (
                "a\n".to_owned(),
                "`a\\u{a}` holds a control character".to_owned(),
                "\"a\\u{a}\"".to_owned(),
            ),
            (
                "x".repeat(257),
                format!("`{eighty}… (257 bytes)` is longer than 256 bytes"),
                format!("{eighty}… (257 bytes)"),
            ),
            (
                "x".repeat(1 << 20),
                format!("`{eighty}… (1048576 bytes)` is longer than 256 bytes"),
                format!("{eighty}… (1048576 bytes)"),
            ),
        ];
        let mut wrong = Vec::new();
        for (path, put) in PLACES {
            for (id, message, step) in &bad {
                let mut documents = sound();
                put(&mut documents, id.clone());
                let found = documents.load();
                let expected = format!("{}: {message}", path.replace("{}", step));
                if found != expected {
                    wrong.push(format!("expected: {expected}\nfound:    {found}"));
                }
            }
            // The longest, with what only looks odd. Nobody sees the last character: in what
            // administrators make it is refused today.
            let mut documents = sound();
            put(&mut documents, format!("{}é\u{200b}", "x".repeat(251)));
            let made = ["roles[", "packages[", "positions["];
            if made.iter().any(|it| path.starts_with(it)) {
                let said = documents.load();
                if !said.ends_with("which nobody sees") {
                    wrong.push(format!("{path}: {said}"));
                }
                documents.policy.format = 1;
            }
            if !documents.load().is_empty() {
                wrong.push(format!("{path}: {}", documents.load()));
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Identifiers that differ by normalisation, case, what nobody sees, or the alphabet alone.
const ALIKE: &[(&str, &str)] = &[
    ("caf\u{e9}", "cafe\u{301}"),
    ("\u{fb01}x", "fix"),
    ("\u{212b}", "\u{c5}"),
    ("ann", "Ann"),
    ("ann", "ann "),
    ("stra\u{df}e", "strasse"),
    ("i", "\u{131}"),
    ("ann", "ann\u{200b}"),
    ("ann", "\u{feff}ann"),
    ("a\u{202e}b", "ab"),
    ("ann", "an\u{ad}n"),
    ("ann", "\u{430}nn"),
    ("ann", "a\u{fe00}nn"),
];

#[test]
fn identifiers_that_look_alike_are_different() {
    on_a_small_stack(|| {
        for &(one, two) in ALIKE {
            for (one, two) in [(one, two), (two, one)] {
                stay_apart(one, two);
            }
        }
    });
}

/// A world in which `one` and `two` are both the name of everything, and only `one` may do anything. Some
/// of the names only format 1 may hold.
fn stay_apart(one: &str, two: &str) {
    let text = |text: &str| format!("{text:?}").replace("\\u{", "\\U{");
    // In TOML's own spelling of what Rust escapes.
    let toml = |it: &str| {
        let mut out = String::from("\"");
        for c in it.chars() {
            out.push_str(&format!("\\U{:08X}", u32::from(c)));
        }
        out + "\""
    };
    let (a, b) = (toml(one), toml(two));
    let catalog = format!(
        "format = 2\nid = \"c\"\nversion = 1\naccounts = \"many\"\n\
         features = [{{ id = {a} }}, {{ id = {b} }}]\n\
         permissions = [{{ path = {a}, scopes = [\"reports\", \"all\"] }}, {{ path = {b}, scopes = [\"reports\", \"all\"] }}]\n\
         types = [{{ id = {a}, properties = {{ {a} = \"text\", {b} = \"text\" }} }}, {{ id = {b} }}]\n\
         tokens = {{ account_roles = true }}\n\
         subject_properties = {{ {a} = \"text\", {b} = \"text\" }}\n\
         operations = [\n\
           {{ type = {a}, action = {a}, on = \"record\", allowed_by = [{a}] }},\n\
           {{ type = {a}, action = {b}, on = \"record\", allowed_by = [{b}] }},\n\
           {{ type = {b}, action = {a}, on = \"record\", allowed_by = [{b}] }},\n\
           {{ type = {a}, action = \"feature one\", on = \"type\", open = true, features = [{a}] }},\n\
           {{ type = {a}, action = \"feature two\", on = \"type\", open = true, features = [{b}] }},\n\
           {{ type = {a}, action = \"when\", on = \"record\", open = true, when = [[{{ resource = {a}, is = {a} }}]] }},\n\
           {{ type = {a}, action = \"subject\", on = \"record\", open = true, when = [[{{ subject = {a}, is = {a} }}]] }},\n\
         ]\n"
    );
    let policy = format!(
        "format = 1\ncatalog_version = 1\naccount = {a}\nfeatures = [{a}]\n\
         roles = [{{ id = {a}, grants = [{{ select = {a}, scope = \"reports\" }}] }}, {{ id = {b} }}]\n\
         packages = [{{ id = {a}, roles = [{a}] }}, {{ id = {b} }}]\n\
         positions = [{{ id = {a} }}, {{ id = {b} }}, {{ id = \"low one\", reports_to = [{a}] }}, {{ id = \"low two\", reports_to = [{b}] }}]\n"
    );
    let directory = format!(
        "format = 2\nusers = [{{ id = {a}, roles = [{a}], position = {a}, properties = {{ {a} = {a} }} }}, {{ id = {b}, roles = [{b}], packages = [{b}], position = {b}, properties = {{ {a} = {b}, {b} = {a} }} }}]\n"
    );
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &catalog),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_or_else(|problems| panic!("{}: {problems}", text(one)));
    let policy = PolicyDocument::from_toml("policy.toml", &policy);
    let directory = DirectoryDocument::from_toml("directory.toml", &directory);
    let engine = Engine::new(
        &catalog,
        policy,
        directory,
        NOW,
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_or_else(|problems| panic!("{}: {problems}", text(one)));
    let at = |position: &'static str| OwnerPosition::Named(position);
    let low = |of_type| Record::of(of_type).owner("x").owner_position(at("low one"));
    let code = |user, account, action, of_type, owned| {
        let subject = Subject::user(user).account(account);
        let record = low(of_type).account(owned);
        engine.check(subject, action, &record).code()
    };
    assert_eq!(code(one, one, one, one, one), "allowed");
    assert_eq!(code(two, one, one, one, one), "not_granted");
    assert_eq!(code(one, two, one, one, one), "wrong_account");
    assert_eq!(code(one, one, two, one, one), "not_granted");
    assert_eq!(code(one, one, one, two, one), "not_granted");
    assert_eq!(code(one, one, two, two, one), "unknown_action");
    assert_eq!(code(one, one, one, one, two), "wrong_account");
    // The owner's position, and the viewer's.
    let elsewhere = low(one).owner_position(at("low two")).account(one);
    let viewer = Subject::user(one).account(one);
    assert_eq!(engine.check(viewer, one, &elsewhere).code(), "out_of_scope");
    let placed = Token::new([one]).position(two);
    let here = low(one).account(one);
    let code = engine.check(Subject::from(&placed).account(one), one, &here);
    assert_eq!(code.code(), "out_of_scope");
    let of_two = Token::new([two]).position(one);
    let code = engine.check(Subject::from(&of_two).account(one), one, &here);
    assert_eq!(code.code(), "not_granted");
    // Features and properties.
    let types = OnType::named(one).account(one);
    assert!(engine.check(viewer, "feature one", &types).is_allow());
    assert_eq!(
        engine.check(viewer, "feature two", &types).code(),
        "feature_disabled"
    );
    let when = |record: &Record<'_>| engine.check(viewer, "when", record).code();
    assert_eq!(when(&here.clone().property(one, one)), "allowed");
    assert_eq!(when(&here.clone().property(one, two)), "condition_not_met");
    assert_eq!(when(&here.clone().property(two, one)), "property_missing");
    assert_eq!(engine.check(viewer, "subject", &here).code(), "allowed");
    let other = Subject::user(two).account(one);
    assert_eq!(
        engine.check(other, "subject", &here).code(),
        "condition_not_met"
    );
    // Own records, by id.
    assert!(engine.user(one).is_some() && engine.user(one) != engine.user(two));
    assert_ne!(engine.role(one), engine.role(two));
    assert_ne!(engine.package(one), engine.package(two));
    assert_ne!(engine.position(one), engine.position(two));
}
