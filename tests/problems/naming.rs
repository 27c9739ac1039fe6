//! Ids and names that nobody can read are refused in what is made from now on (D12, D16).

use bailiwick::admin::{Actor, Change, Refusal};
use bailiwick::document::{
    Bundle, CatalogDocument, DirectoryDocument, FORMAT, PackageDocument, Parsed, PolicyDocument,
    PositionDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Problem, Timestamp, Warnings};

const AT: Timestamp = Timestamp(0);
const FINDING: &str = " (`format = 2` refuses it)";

/// Each with what is said of it.
const IDS: &[(&str, &str)] = &[
    (" system:owner", "` system:owner` begins with white space"),
    ("\u{a0}", "`\\u{a0}` begins with white space"),
    ("owner ", "`owner ` ends with white space"),
    (
        "\u{200b}",
        "`\\u{200b}` holds `\\u{200b}`, which nobody sees",
    ),
    (
        "own\u{ad}er",
        "`own\\u{ad}er` holds `\\u{ad}`, which nobody sees",
    ),
    (
        "own\u{202e}er",
        "`own\\u{202e}er` holds `\\u{202e}`, which nobody sees",
    ),
    (
        "own\u{2028}er",
        "`own\\u{2028}er` holds `\\u{2028}`, which nobody sees",
    ),
    (
        "own\u{fe0f}er",
        "`own\\u{fe0f}er` holds `\\u{fe0f}`, which nobody sees",
    ),
];

const BLANK: &str = "a name cannot be blank; leave it out instead";

fn names() -> Vec<(String, String)> {
    let long = "n".repeat(10_000_000);
    let cut = "n".repeat(80);
    [
        ("", BLANK.to_owned()),
        (" \t", BLANK.to_owned()),
        ("\u{200b}", BLANK.to_owned()),
        ("\u{2800}\u{3164}", BLANK.to_owned()),
        ("a\u{7}", "`a\\u{7}` holds a control character".to_owned()),
        ("a\nb", "`a\\u{a}b` holds a control character".to_owned()),
        (
            &long,
            format!("`{cut}… (10000000 bytes)` is longer than 256 bytes"),
        ),
    ]
    .map(|(name, said)| (name.to_owned(), said))
    .into()
}

fn catalog() -> Catalog {
    let text = r#"
        format = 2
        id = "shop"
        version = 1
        permissions = [{ path = "orders" }]
    "#;
    let document = CatalogDocument::from_toml("catalog", text);
    Catalog::new(document, Warnings::Refuse).expect("it loads")
}

fn said(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// What was refused, or warned of.
fn load(
    policy: impl Into<Parsed<PolicyDocument>>,
    directory: impl Into<Parsed<DirectoryDocument>>,
) -> Result<(Engine, Vec<String>), Vec<String>> {
    let mut warnings = Vec::new();
    let loaded = Engine::new(
        &catalog(),
        policy,
        directory,
        AT,
        Warnings::Into(&mut warnings),
    );
    match loaded {
        Ok(engine) => Ok((engine, said(&warnings))),
        Err(problems) => Err(said(&problems.iter().cloned().collect::<Vec<_>>())),
    }
}

fn policy_of(format: u32, id: &str, name: Option<&str>) -> PolicyDocument {
    let name = name.map(ToOwned::to_owned);
    let role = RoleDocument {
        name: name.clone(),
        ..RoleDocument::new(id)
    };
    let package = PackageDocument {
        id: id.to_owned(),
        name: name.clone(),
        description: None,
        created: None,
        roles: Vec::new(),
    };
    let position = PositionDocument {
        id: id.to_owned(),
        name,
        reports_to: Vec::new(),
    };
    PolicyDocument {
        format,
        roles: vec![role],
        packages: vec![package],
        positions: vec![position],
        ..PolicyDocument::new(1)
    }
}

fn nobody() -> DirectoryDocument {
    DirectoryDocument::new([])
}

fn ann(name: &str) -> UserDocument {
    UserDocument {
        name: Some(name.to_owned()),
        ..UserDocument::new("ann")
    }
}

/// Of roles, packages and positions, in this order.
fn at_each(field: &str, message: &str) -> Vec<String> {
    let lists = ["roles", "packages", "positions"];
    let each = lists.iter();
    each.map(|list| format!("{list}[0].{field}: {message}"))
        .collect()
}

#[test]
fn d12_ids_that_cannot_be_read_are_refused() {
    for (id, message) in IDS {
        let refused = load(policy_of(FORMAT, id, None), nobody());
        assert_eq!(refused.unwrap_err(), at_each("id", message));
        let loaded = load(policy_of(1, id, None), nobody());
        let (engine, warned) = loaded.expect("format 1 is read for ever");
        assert_eq!(warned, at_each("id", &format!("{message}{FINDING}")));
        // It is exported as what it can be loaded from.
        assert_eq!(engine.policy().format, 1);
    }
    for id in [
        "own er",
        "владелец",
        "e\u{301}",
        "所有者",
        "👩‍🚀".trim_matches('👩'),
    ] {
        let is_readable = !id.contains('\u{200d}');
        assert_eq!(
            load(policy_of(FORMAT, id, None), nobody()).is_ok(),
            is_readable,
            "{id}"
        );
    }
}

#[test]
fn d12_names_that_cannot_be_read_are_refused() {
    for (name, message) in names() {
        let refused = load(policy_of(FORMAT, "r", Some(&name)), nobody());
        assert_eq!(refused.unwrap_err(), at_each("name", &message));
        let loaded = load(policy_of(1, "r", Some(&name)), nobody());
        let (engine, warned) = loaded.expect("format 1 is read for ever");
        assert_eq!(warned, at_each("name", &format!("{message}{FINDING}")));
        assert_eq!(engine.policy().format, 1);

        let mut directory = DirectoryDocument::new([ann(&name)]);
        let refused = load(PolicyDocument::new(1), directory.clone());
        assert_eq!(refused.unwrap_err(), [format!("users[0].name: {message}")]);
        directory.format = 1;
        let loaded = load(PolicyDocument::new(1), directory);
        let (engine, warned) = loaded.expect("format 1 is read for ever");
        assert_eq!(warned, [format!("users[0].name: {message}{FINDING}")]);
        assert_eq!(engine.directory().format, 1);
    }
    let (engine, _) = load(policy_of(FORMAT, "r", Some("Zoë 👩‍🚀")), nobody()).expect("it loads");
    assert_eq!(engine.policy().format, FORMAT);
    assert_eq!(engine.directory().format, FORMAT);
}

/// What an account's own directory calls people is judged as the policy is.
#[test]
fn d12_users_added_one_by_one_are_judged_by_the_format_of_the_policy() {
    for (format, is_added) in [(1, true), (FORMAT, false)] {
        let policy = PolicyDocument {
            format,
            ..PolicyDocument::new(1)
        };
        let mut builder = Engine::builder(&catalog(), policy, AT).expect("it loads");
        assert_eq!(builder.add(&ann(" ")).is_ok(), is_added);
        assert!(builder.add(&UserDocument::new("bob")).is_ok());
    }
}

#[test]
fn d12_what_a_catalog_calls_things_is_no_blank() {
    let text = r#"
        id = "shop"
        version = 1
        permissions = [{ path = "orders", label = " " }]
        features = [{ id = "sms", label = "" }]
        types = [{ id = "order", label = "\u200b" }]
        operations = [{ type = "order", action = "list", on = "type", label = " ", open = true }]
        roles = [{ id = "system:clerk", name = "\n" }]
    "#;
    let document = |format| CatalogDocument::from_toml("c", &format!("format = {format}{text}"));
    let mut warnings = Vec::new();
    let refused = Catalog::new(document(FORMAT), Warnings::Into(&mut warnings));
    assert_eq!(refused.expect_err("it is refused").len(), 5);
    assert!(Catalog::new(document(1), Warnings::Into(&mut warnings)).is_ok());
    assert_eq!(warnings.len(), 5);
}

fn refusal(engine: &Engine, change: &Change) -> String {
    let refused = engine.apply(&Actor::System, Timestamp(1), std::slice::from_ref(change));
    match refused.expect_err("it is refused").reason {
        Refusal::Invalid(problems) => problems.to_string(),
        other => format!("{other:?}"),
    }
}

fn is_applied(engine: &Engine, change: Change) -> bool {
    engine
        .apply(&Actor::System, Timestamp(1), &[change])
        .is_ok()
}

#[test]
fn d12_changes_refuse_ids_that_cannot_be_read() {
    let (engine, _) = load(policy_of(1, "r", None), nobody()).expect("it loads");
    for (id, message) in IDS {
        let policy = policy_of(FORMAT, id, None);
        let changes = [
            Change::CreateRole {
                role: policy.roles[0].clone(),
            },
            Change::CopyRole {
                role: "r".to_owned(),
                id: (*id).to_owned(),
                name: None,
                description: None,
                created: None,
            },
            Change::CreatePackage {
                package: policy.packages[0].clone(),
            },
            Change::CreatePosition {
                position: policy.positions[0].clone(),
            },
        ];
        for change in changes {
            assert_eq!(refusal(&engine, &change), format!("id: {message}"));
        }
        // A user's id is the host's.
        let user = UserDocument::new(*id);
        assert!(is_applied(&engine, Change::CreateUser { user }));
    }
}

#[test]
fn d12_changes_refuse_names_that_cannot_be_read_and_leave_those_that_stood() {
    let mut directory = DirectoryDocument::new([ann(" ")]);
    directory.format = 1;
    let (engine, _) = load(policy_of(1, "r", Some(" ")), directory).expect("it loads");
    let r = || "r".to_owned();
    for (name, message) in names() {
        let policy = policy_of(FORMAT, "new", Some(&name));
        let mut bob = ann(&name);
        bob.id = "bob".to_owned();
        let mut changes = vec![
            Change::CreateRole {
                role: policy.roles[0].clone(),
            },
            Change::CreatePackage {
                package: policy.packages[0].clone(),
            },
            Change::CreatePosition {
                position: policy.positions[0].clone(),
            },
            Change::CreateUser { user: bob },
            Change::CopyRole {
                role: r(),
                id: "new".to_owned(),
                name: Some(name.clone()),
                description: None,
                created: None,
            },
        ];
        let name = Some(name).filter(|it| it != " ");
        changes.extend(name.into_iter().flat_map(|name| {
            let name = Some(name);
            [
                Change::DescribeRole {
                    role: r(),
                    name: name.clone(),
                    description: None,
                },
                Change::DescribePackage {
                    package: r(),
                    name: name.clone(),
                    description: None,
                },
                Change::DescribePosition {
                    position: r(),
                    name: name.clone(),
                },
                Change::DescribeUser {
                    user: "ann".to_owned(),
                    name,
                },
            ]
        }));
        for change in changes {
            assert_eq!(refusal(&engine, &change), format!("name: {message}"));
        }
    }
    let described = Change::DescribeRole {
        role: r(),
        name: Some(" ".to_owned()),
        description: Some("It stood so before.".to_owned()),
    };
    assert!(is_applied(&engine, described));
    let named = Change::DescribeRole {
        role: r(),
        name: Some("A role".to_owned()),
        description: None,
    };
    assert!(is_applied(&engine, named));
}

#[test]
fn d16_an_import_refuses_names_that_are_new_and_leaves_those_that_stood() {
    let (engine, _) = load(policy_of(1, " r", Some(" ")), nobody()).expect("it loads");
    let import = |change: &dyn Fn(&mut PolicyDocument)| {
        let mut policy = engine.policy();
        change(&mut policy);
        Change::ImportPolicy { policy }
    };
    assert_eq!(refusal(&engine, &import(&|_| {})), "NothingToChange");
    let more = |id: &str, name: &str| RoleDocument {
        name: Some(name.to_owned()),
        ..RoleDocument::new(id)
    };
    assert!(is_applied(
        &engine,
        import(&|it| it.roles.push(more("new", "New")))
    ));
    let blank = import(&|it| it.roles.push(more("new", " ")));
    assert_eq!(refusal(&engine, &blank), format!("name: {BLANK}"));
    let hidden = import(&|it| it.roles.push(more("new ", "New")));
    assert_eq!(
        refusal(&engine, &hidden),
        "id: `new ` ends with white space"
    );
    let today = refusal(&engine, &import(&|it| it.format = FORMAT));
    assert!(today.starts_with("roles[0].id: "), "{today}");
}

#[test]
fn d12_a_name_has_its_place() {
    let text =
        "[policy]\nformat = 2\ncatalog_version = 1\n\n[[policy.roles]]\nid = \"r\"\nname = \" \"\n";
    let policy = Bundle::from_toml("shop.toml", text)
        .split()
        .expect("it is read")
        .policy;
    let refused = load(policy.expect("there is one"), nobody());
    assert_eq!(refused.unwrap_err(), [format!("shop.toml:7:8: {BLANK}")]);
}
