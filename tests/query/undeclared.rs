//! The three properties that exist undeclared (D10): what reads them, and what they are where there is
//! nothing to read.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::query::{Expression, ReadFrom};
use bailiwick::{
    Catalog, Engine, OnType, Owner, PropertyId, PropertyMap, Record, Resource, Subject, Timestamp,
    Token, UserId, Value, Warnings,
};

const CATALOG: &str = r#"
format = 1
id = "shop"
version = 1
permissions = [{ path = "orders", scopes = ["own", "all"] }]
tokens = { account_roles = true }
subject_properties = { stands_for = "text" }
context_properties = { on_duty = "set" }
types = [{ id = "order", properties = { created_by = "text", reviewers = "set" } }]
operations = [
  { type = "order", action = "approve", on = "record", allowed_by = ["orders"], when = [[{ resource = "created_by", is_not = { subject = "id" } }]] },
  { type = "order", action = "withdraw", on = "record", open = true, when = [[{ resource = "created_by", is = { subject = "id" } }]] },
  { type = "order", action = "review", on = "record", open = true, when = [[{ subject = "id", one_of = { resource = "reviewers" } }]] },
  { type = "order", action = "skip", on = "record", open = true, when = [[{ resource = "reviewers", none_of = { subject = "id" } }]] },
  { type = "order", action = "inherit", on = "record", open = true, when = [[{ resource = "owner", is = { subject = "stands_for" } }]] },
  { type = "order", action = "archive", on = "record", open = true, when = [[{ resource = "owner", none_of = ["bob", "gone"] }]] },
  { type = "order", action = "demo", on = "record", open = true, when = [[{ resource = "id", one_of = ["1", "2"] }]] },
  { type = "order", action = "list", on = "type", open = true, when = [[{ context = "on_duty", one_of = { subject = "id" } }]] },
  { type = "order", action = "create", on = "type", open = true, creates = "order:own" },
  { type = "order", action = "own", on = "record", open = true, when = [[{ resource = "owner", is = { subject = "id" } }]] },
]
"#;

const POLICY: &str = r#"
format = 1
catalog_version = 1
roles = [{ id = "clerk", grants = [{ select = "orders", scope = "all" }] }]
"#;

const DIRECTORY: &str = r#"
format = 1
users = [
  { id = "ann", roles = ["clerk"], properties = { stands_for = "cay" } },
  { id = "bob", roles = ["clerk"] },
]
"#;

fn engine() -> Engine {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Refuse,
    )
    .unwrap();
    let policy = PolicyDocument::from_toml("policy.toml", POLICY);
    let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY);
    Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse).unwrap()
}

fn order() -> Record<'static> {
    Record::of("order")
}

#[test]
fn four_eyes_name_who_asks() {
    let engine = engine();
    let hers = order().id("7").owner("bob").property("created_by", "ann");
    let unknown = order().id("8");
    let code = |subject: &str, record: &Record<'_>| engine.check(subject, "approve", record).code();
    assert_eq!(code("ann", &hers), "condition_not_met");
    assert_eq!(code("bob", &hers), "allowed");
    // Not-equal does not hold of what is not there.
    assert_eq!(code("bob", &unknown), "property_missing");

    let token = Token::new(["clerk"]).id("ann");
    assert_eq!(engine.check(&token, "withdraw", &hers).code(), "allowed");
    let nameless = Token::new(Vec::<String>::new());
    assert_eq!(
        engine.check(&nameless, "withdraw", &hers).code(),
        "not_granted"
    );
    let role = Subject::role("clerk");
    let why = engine.explain(role, "withdraw", &hers);
    assert_eq!(why.decision().code(), "property_missing");
    assert!(why.to_string().contains("`subject.id`"), "{why}");
    let named = Token::of_role("clerk").id("ann");
    assert!(engine.check(&named, "withdraw", &hers).is_allow());
}

/// An order of a host whose owners are handles.
struct Handled(Option<UserId>);

impl Resource for Handled {
    fn owner(&self) -> Owner<'_> {
        self.0.map_or(Owner::None, Owner::User)
    }
    fn property(&self, _: PropertyId, name: &str) -> Option<Value<'_>> {
        panic!("nobody asks the host for {name:?}: it exists undeclared")
    }
}

#[test]
fn an_owner_is_the_id_that_the_host_states_known_or_not() {
    let engine = engine();
    let catalog = engine.catalog();
    let [inherit, archive] =
        ["inherit", "archive"].map(|it| catalog.operation("order", it).unwrap());
    // The directory knows no `cay`.
    assert!(
        engine
            .check("ann", inherit, &order().owner("cay"))
            .is_allow()
    );
    assert!(
        !engine
            .check("ann", inherit, &order().owner("Cay"))
            .is_allow()
    );
    assert_eq!(
        engine.check("ann", inherit, &order()).code(),
        "property_missing"
    );
    assert_eq!(
        engine.check("bob", archive, &order()).code(),
        "property_missing"
    );
    let handle = |id: &str| Handled(engine.user(id));
    assert!(engine.check("bob", archive, &handle("ann")).is_allow());
    assert_eq!(
        engine.check("bob", archive, &handle("bob")).code(),
        "condition_not_met"
    );
    assert_eq!(
        engine.check("bob", archive, &handle("gone")).code(),
        "property_missing"
    );
    // A handle of another account names nobody here.
    let other = self::engine().user("ann");
    assert_eq!(
        engine.check("bob", archive, &Handled(other)).code(),
        "property_missing"
    );
    // A record to be created belongs to who creates it, unless it belongs to somebody else.
    assert!(engine.check_create("bob", "create", &order()).is_allow());
    let for_ann = engine.check_create("bob", "create", &order().owner("ann"));
    assert_eq!(for_ann.code(), "condition_not_met");
}

#[test]
fn every_query_reads_them_as_checks_do() {
    let engine = engine();
    let catalog = engine.catalog();
    let reviewed = order().id("1").owner("bob").property("created_by", "ann");
    let reviewed = reviewed.property("reviewers", vec!["bob".to_owned(), "cay".to_owned()]);
    let who = |action: &str| -> Vec<&str> {
        let who = engine.who_can(action, &reviewed).unwrap();
        who.map(|it| it.id).collect()
    };
    assert_eq!(who("approve"), ["bob"]);
    assert_eq!(who("withdraw"), ["ann"]);
    assert_eq!(who("review"), ["bob"]);
    assert_eq!(who("skip"), ["ann"]);
    assert_eq!(who("archive"), [""; 0]);
    assert_eq!(who("demo"), ["ann", "bob"]);

    let depends_on = |action: &str| -> Vec<String> {
        let operation = catalog.operation("order", action);
        let mut can = engine.what_can("ann").unwrap();
        let found = can.find(|it| Some(it.operation) == operation);
        let found = found.expect("something she may do").depends_on;
        found
            .iter()
            .map(|it| catalog.property_name(*it).unwrap())
            .collect()
    };
    assert_eq!(depends_on("withdraw"), ["resource.created_by"]);
    assert_eq!(depends_on("inherit"), ["resource.owner"]);
    assert_eq!(depends_on("demo"), ["resource.id"]);
    let permitted = engine.permitted_actions("ann", &reviewed).unwrap();
    let permitted: Vec<String> = permitted
        .filter_map(|(it, _)| catalog.operation_name(it))
        .collect();
    assert_eq!(permitted, ["order:withdraw", "order:skip", "order:demo"]);

    let mut on_duty = PropertyMap::new();
    on_duty.set("on_duty", vec!["ann".to_owned()]);
    let today = engine.in_context(&on_duty);
    assert!(
        today
            .check("ann", "list", &OnType::named("order"))
            .is_allow()
    );
    assert!(
        !today
            .check("bob", "list", &OnType::named("order"))
            .is_allow()
    );
    assert_eq!(
        today
            .who_can("list", &OnType::named("order"))
            .unwrap()
            .count(),
        1
    );

    for (left, name) in [
        ("subject_property", "id"),
        ("property", "owner"),
        ("property", "id"),
    ] {
        let found = match left {
            "property" => catalog.resource_property("order", name),
            _ => catalog.subject_property(name),
        };
        assert!(found.is_some(), "{left} {name}");
    }
}

#[test]
fn a_filter_takes_who_asks_for_a_constant_and_reads_owner_and_id_off_the_record() {
    let engine = engine();
    let hers = engine.records("ann", "order:withdraw").unwrap();
    let Expression::Property(test) = hers.expression() else {
        panic!("{:?}", hers.expression());
    };
    assert_eq!(test.property.from, ReadFrom::Property);
    assert_eq!(
        serde_json::to_string(&test.operand).unwrap(),
        r#"{"text":"ann"}"#
    );
    assert!(
        engine
            .records(Subject::role("clerk"), "order:withdraw")
            .unwrap()
            .is_nothing()
    );

    let archive = engine.records("ann", "order:archive").unwrap();
    let Expression::Property(test) = archive.expression() else {
        panic!("{:?}", archive.expression());
    };
    assert_eq!(test.property.from, ReadFrom::Owner);
    assert_eq!(
        serde_json::to_string(&test.property).unwrap(),
        r#"{"name":"owner","kind":"text","from":"owner"}"#
    );
    // The owner alone decides, so that a set of owners can say it.
    assert!(!archive.depends_on_properties() && !archive.is_everything());
    let set = archive.owner_set().unwrap();
    let [ann, bob] = ["ann", "bob"].map(|it| engine.user(it));
    assert_eq!(
        [ann, bob, None].map(|it| set.contains(it)),
        [true, false, false]
    );
    for owner in [ann, bob, None] {
        assert_eq!(archive.matches(&Handled(owner)), set.contains(owner));
    }
    let demo = engine.records("ann", "order:demo").unwrap();
    assert!(demo.depends_on_properties() && demo.owner_set().is_err());
    assert!(demo.matches(&order().id("2")) && !demo.matches(&order().id("3")));
    assert!(!demo.matches(&order()));
}

#[test]
fn a_declared_property_of_their_names_is_refused() {
    let problems = |text: &str| {
        let catalog = Catalog::new(CatalogDocument::from_toml("c", text), Warnings::Refuse);
        catalog.expect_err("a catalog with a problem").to_string()
    };
    let with = |types: &str, more: &str| {
        problems(&format!(
            "format = 2\nid = 'x'\nversion = 1\npermissions = [{{ path = 'p' }}]\ntypes = [{types}]\n{more}"
        ))
    };
    for name in ["id", "owner"] {
        let said = with(
            &format!("{{ id = 't', properties = {{ {name} = 'text' }} }}"),
            "",
        );
        assert!(
            said.contains(&format!("`resource.{name}` exists without being declared")),
            "{said}"
        );
    }
    let said = with("{ id = 't' }", "subject_properties = { id = 'integer' }");
    assert!(
        said.contains("`subject.id` exists without being declared"),
        "{said}"
    );
    // Elsewhere the names are free.
    let said = with(
        "{ id = 't' }",
        "subject_properties = { owner = 'text' }\ncontext_properties = { id = 'text', owner = 'text' }\noperations = [\n\
         { type = 't', action = 'a', on = 'record', open = true, when = [[{ resource = 'ownr', is = 'x' }]] },\n\
         { type = 't', action = 'b', on = 'type', open = true, when = [[{ resource = 'owner', is = 'x' }]] },\n\
         { type = 't', action = 'c', on = 'record', open = true, when = [[{ resource = 'id', less = 3 }]] },\n]",
    );
    assert!(
        said.contains("undeclared property `ownr` of the resource; did you mean `owner`?"),
        "{said}"
    );
    assert!(
        said.contains("`owner` is a property of a record; an operation on the type has none"),
        "{said}"
    );
    assert!(said.contains("compare integers"), "{said}");
}

/// Format 1 let a catalog declare them, and such a catalog means what it meant: its conditions read what is
/// declared.
#[test]
fn catalogs_of_format_1_go_on_reading_the_properties_they_declare() {
    let text = "
        format = 1
        id = 'x'
        version = 1
        subject_properties = { id = 'text' }
        types = [{ id = 't', properties = { owner = 'text' } }, { id = 'other' }]
        operations = [
          { type = 't', action = 'a', on = 'record', open = true, when = [[{ resource = 'owner', is = { subject = 'id' } }]] },
          { type = 't', action = 'b', on = 'record', open = true, when = [[{ resource = 'id', is = '7' }]] },
          { type = 'other', action = 'a', on = 'record', open = true, when = [[{ resource = 'owner', is = 'ann' }]] },
        ]
    ";
    let mut findings = Vec::new();
    let document = CatalogDocument::from_toml("c", text);
    let catalog = Catalog::new(document, Warnings::Into(&mut findings)).unwrap();
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for name in ["`subject.id`", "`resource.owner`"] {
        let told = findings.iter().filter(|it| {
            it.contains(&format!("{name} exists without being declared"))
                && it.contains("`format = 2` refuses it")
        });
        assert_eq!(told.count(), 1, "{findings:#?}");
    }
    let engine = Engine::new(
        &catalog,
        PolicyDocument::from_toml("p", "format = 1\ncatalog_version = 1"),
        DirectoryDocument::from_toml(
            "d",
            "format = 1\nusers = [{ id = 'ann', properties = { id = 'north' } }, { id = 'bob' }]",
        ),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    for (property, owner, allowed) in [("north", "bob", true), ("ann", "ann", false)] {
        let record = Record::of("t").id("1").owner(owner);
        let record = record.property("owner", property);
        assert_eq!(engine.check("ann", "a", &record).is_allow(), allowed);
        let filter = engine.records("ann", "t:a").unwrap();
        assert_eq!(filter.matches(&record), allowed);
        // Who has none is not read by their id.
        assert!(!engine.check("bob", "a", &record).is_allow());
    }
    // What is not declared is read as everywhere.
    assert!(
        engine
            .check("bob", "b", &Record::of("t").id("7"))
            .is_allow()
    );
    assert!(
        engine
            .check("bob", "a", &Record::of("other").id("1").owner("ann"))
            .is_allow()
    );
}
