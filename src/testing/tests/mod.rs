//! That the kit fails when it must, and says where.
#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod problems;

use super::*;
use crate::document::{CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};
use crate::{Catalog, Warnings};

const CATALOG: &str = r#"
format = 2
id = "shop"
version = 1
accounts = "many"
features = [{ id = "export" }]
permissions = [
  { path = "orders", scopes = ["own", "all"] },
  { path = "orders.export", features = ["export"], requires = ["orders"] },
  { path = "ranking", adjustable = { ladder = ["system:clerk", "system:chief"], default = "system:chief" } },
]
subject_properties = { team = "text", teams = "set" }
types = [{ id = "order", properties = { status = "text", team = "text" }, reassign = "reassign" }, { id = "ranking" }]
context_properties = { hour = "integer", day = "text" }
operations = [
  { type = "order", action = "create", on = "type", allowed_by = ["orders"], creates = "order:view" },
  { type = "order", action = "view", on = "record", allowed_by = ["orders"] },
  { type = "order", action = "edit", on = "record", allowed_by = ["orders"], when = [[{ resource = "status", is = "open" }]] },
  { type = "order", action = "reassign", on = "record", allowed_by = ["orders"] },
  { type = "order", action = "pack", on = "record", allowed_by = ["orders"], when = [[{ context = "day", is_not = "sunday" }, { resource = "team", is = { subject = "team" } }, { subject = "teams", one_of = ["red", "blue"] }]] },
  { type = "order", action = "export", on = "type", allowed_by = ["orders.export"], filtered_by = "order:view" },
  { type = "ranking", action = "view", on = "type", allowed_by = ["ranking"] },
]
[[roles]]
id = "system:clerk"
[[roles]]
id = "system:chief"
inherits = ["system:clerk"]
"#;

const POLICY: &str = r#"
format = 2
account = "north"
catalog_version = 1
features = ["export"]
positions = [{ id = "sales" }, { id = "desk", reports_to = ["sales"] }]
roles = [
  { id = "seller", grants = [{ select = "orders", scope = "own" }, "orders.export"] },
  { id = "manager", grants = [{ select = "orders", scope = "all" }, "orders.export"] },
]
"#;

const DIRECTORY: &str = r#"
format = 2
users = [
  { id = "ann", position = "desk", roles = ["seller", "system:clerk"], properties = { team = "red" } },
  { id = "max", position = "sales", roles = ["manager", "system:chief"] },
]
"#;

fn catalog() -> Catalog {
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Refuse,
    )
    .unwrap()
}

fn tests() -> DecisionTests<'static> {
    DecisionTests::new(&catalog())
        .account(
            PolicyDocument::from_toml("policy.toml", POLICY),
            DirectoryDocument::from_toml("directory.toml", DIRECTORY),
        )
        .account(
            PolicyDocument::from_toml(
                "south.toml",
                "format = 2\naccount = \"south\"\ncatalog_version = 1",
            ),
            DirectoryDocument::from_toml(
                "south-directory.toml",
                "format = 2\nusers = [{ id = \"ann\" }]",
            ),
        )
}

fn decisions(text: &str) -> Parsed<Decisions> {
    Decisions::from_toml("d.toml", &format!("format = 2\n{text}"))
}

#[track_caller]
fn outcome(text: &str) -> Outcome {
    tests()
        .run(decisions(text))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

const RIGHT: &str = r#"
[unknown.values]
"resource.status" = ["shut"]
"context.day" = ["monday"]

[[tables]]
name = "orders"
account = "north"
subjects = ["user:ann", "user:max", "role:seller", { role = "seller", id = "ann" }]
record = { id = "1", owner = "ann", properties = { status = "open" } }
rows = [
  { ask = "order:view", answers = ["allow", "allow", "out_of_scope", "allow"] },
  { ask = "order:view", record = { owner = "max" }, answers = ["out_of_scope", "allow", "out_of_scope", "out_of_scope"] },
  { ask = "order:edit", record = { owner = "ann" }, answers = ["property_missing", "property_missing", "out_of_scope", "property_missing"] },
  { ask = "order:view", on = "type", answers = ["asked_wrong_way", "asked_wrong_way", "asked_wrong_way", "asked_wrong_way"] },
  { can_any = "order:edit", answers = ["allow", "allow", "allow", "allow"] },
  { create = "order:create", answers = ["allow", "allow", "out_of_scope", "allow"] },
  { create = "order:create", record = { owner = "max" }, answers = ["out_of_scope", "allow", "out_of_scope", "out_of_scope"] },
  { change = "order:edit", after = { id = "1", owner = "ann", properties = { status = "shut" } }, answers = ["condition_not_met", "condition_not_met", "out_of_scope", "condition_not_met"] },
  { change = "order:edit", after = { id = "1", owner = "max", properties = { status = "open" } }, answers = ["out_of_scope", "allow", "out_of_scope", "out_of_scope"] },
  { ask = "order:reassign", answers = ["allow", "allow", "out_of_scope", "allow"] },
  { ask = "order:export", context = { hour = 9 }, answers = ["allow", "allow", "allow", "allow"] },
]

[[tables]]
name = "neither export nor ranking"
account = "north"
features = []
settings = { ranking = "system:clerk" }
subjects = ["user:ann", { user = "ann", account = "south" }, { user = "ann", account = "" }]
rows = [
  { ask = "order:export", answers = ["feature_disabled", "wrong_account", "missing_account"] },
  { ask = "ranking:view", answers = ["allow", "wrong_account", "missing_account"] },
]

[[cases]]
name = "an export is filtered"
subject = { user = "ann", account = "north" }
ask = "order:export"
answer = "allow"
permission = "orders.export"
scope = "own"
filtered_by = "order:view"

[[cases]]
name = "the other Ann"
subject = { user = "ann", account = "south" }
ask = "order:view"
answer = "not_granted"
permission = "orders"

[[cases]]
name = "packed by her team"
account = "north"
subject = { token = { id = "ann", roles = ["seller"], properties = { team = "red", teams = ["red"] } } }
ask = "order:pack"
record = { owner = "ann", properties = { team = "red" } }
context = { day = "sunday" }
answer = "unknown_role"

[[cases]]
name = "of no team"
account = "north"
subject = "user:ann"
ask = "order:pack"
record = { owner = "ann", properties = { team = 1 } }
context = { day = "monday" }
answer = "property_wrong_type"

[[cases]]
name = "no account"
subject = "user:ann"
ask = "order:view"
answer = "missing_account"

[[cases]]
name = "what needs a feature"
account = "north"
features = []
subject = { token = { roles = ["seller"] } }
ask = "order:export"
answer = "unknown_role"
"#;

#[test]
fn right_decisions_pass() {
    let outcome = outcome(RIGHT);
    assert_eq!(outcome.to_string(), "56 questions, all as expected");
    assert!(outcome.mismatches().is_empty());
    outcome.require().unwrap();
    outcome.require_coverage::<&str>([]).unwrap();
}

#[test]
fn no_question_is_no_test() {
    assert_eq!(
        outcome("").require().unwrap_err().to_string(),
        "no question was asked"
    );
}

#[test]
fn a_wrong_expectation_fails() {
    let outcome = outcome(
        r#"
[[tables]]
name = "orders"
account = "north"
subjects = ["user:ann", "user:max"]
record = { owner = "max" }
rows = [
  { ask = "order:view", answers = ["allow", "allow"] },
  { can_any = "order:view", answers = ["allow", "not_granted"] },
]
[[cases]]
name = "the wrong permission"
account = "north"
subject = "user:ann"
ask = "order:export"
features = []
answer = "feature_disabled"
permission = "orders"
fact = "export"
"#,
    );
    let report = outcome.require().unwrap_err().to_string();
    assert_eq!(
        report,
        "5 questions, 3 mismatches:\n\
         d.toml:9:36: `orders`: `ask order:view` by `user:ann in north`: expected `allow`, found \
         `out_of_scope` of `orders` (denied: `orders` does not reach the owner of the record)\n\
         d.toml:10:49: `orders`: `can_any order:view` by `user:max in north`: expected `not_granted`, \
         found `allow` of `orders` at `all` (allowed: `orders` reaches `all`)\n\
         d.toml:18:10: `the wrong permission`: `ask order:export` by `user:ann in north`: expected \
         `feature_disabled` of `orders` for `export`, found `feature_disabled` of `orders.export` for \
         `export` (denied: `orders.export` needs the feature `export`, which the account does not have)"
    );
    let first = &outcome.mismatches()[0];
    assert_eq!(first.path(), "tables[0].rows[0].answers[0]");
    assert_eq!(first.line_column(), Some((9, 36)));
    assert_eq!(
        (first.name(), first.subject()),
        ("orders", "user:ann in north")
    );
}

/// Every fact that a case may state is compared.
#[test]
fn each_fact_of_a_case_counts() {
    for wrong in [
        "permission = \"\"",
        "scope = \"all\"",
        "fact = \"export\"",
        "filtered_by = \"order:edit\"",
    ] {
        let text = format!(
            "[[cases]]\nname = \"export\"\naccount = \"north\"\nsubject = \"user:ann\"\n\
             ask = \"order:export\"\nanswer = \"allow\"\n{wrong}"
        );
        assert_eq!(outcome(&text).mismatches().len(), 1, "{wrong}");
    }
}

#[test]
fn whoever_else_answers_otherwise_is_named() {
    let tests = tests().also("the old system", |question| {
        assert_eq!(question.on(), crate::document::AskedOn::Type);
        format!("{} {}", question.asks().as_str(), question.operation())
    });
    let text = r#"cases = [{ name = "c", account = "north", subject = "user:ann", can_any = "order:view", answer = "allow" }]"#;
    let outcome = tests.run(decisions(text)).unwrap();
    assert_eq!(outcome.mismatches().len(), 1);
    assert_eq!(
        outcome.mismatches()[0].found(),
        "`can_any order:view`, by the old system"
    );
}

#[test]
fn an_unreached_operation_fails() {
    let short = r#"
unknown = { users = ["sue"] }
[[tables]]
name = "orders"
account = "north"
subjects = ["user:ann", { token = { roles = ["seller"] } }]
rows = [
  { ask = "order:view", record = { owner = "ann" }, answers = ["allow", "unknown_role"] },
  { ask = "order:create", on = "record", answers = ["asked_wrong_way", "unknown_role"] },
]
[[cases]]
name = "turned away before"
subject = { user = "sue", account = "north" }
ask = "order:edit"
answer = "unknown_subject"
"#;
    let outcome = outcome(short);
    assert_eq!(outcome.mismatches(), []);
    assert_eq!(
        outcome.require().unwrap_err().to_string(),
        "no question is asked of the account `south`"
    );
    let rest = [
        "order:create",
        "order:edit",
        "order:reassign",
        "order:pack",
        "order:export",
        "ranking:view",
    ];
    assert_eq!(outcome.unreached(), rest);
    let report = outcome.require_coverage(&rest[1..]).unwrap_err();
    assert_eq!(
        report.to_string(),
        "`order:create` is reached by no question\n\
         no question is asked of the account `south`"
    );
    assert_eq!(outcome.unasked_accounts(), ["south"]);
    let report = outcome.require_coverage(rest).unwrap_err();
    assert_eq!(
        report.to_string(),
        "no question is asked of the account `south`"
    );
    outcome
        .clone()
        .and(super::tests::outcome(RIGHT))
        .require_coverage::<&str>([])
        .unwrap();
    assert_eq!(outcome.clone().and(outcome).questions(), 10);
}

#[test]
fn a_stale_exemption_fails() {
    let report = outcome(RIGHT)
        .require_coverage(["order:view", "order:print"])
        .unwrap_err();
    assert_eq!(
        format!("{report:?}"),
        "stale exemption: the catalog has no operation `order:print`\n\
         stale exemption: `order:view` is reached"
    );
}

/// No engine disagrees with itself, so its decisions are swapped here.
#[test]
fn ways_that_disagree_fail() {
    let text = r#"
[[tables]]
name = "orders"
account = "north"
subjects = ["user:ann", "user:max"]
rows = [{ ask = "order:view", answers = ["out_of_scope", "allow"] }]
"#;
    let tests = tests();
    let document = decisions(text).into_document().unwrap();
    let parsed = Parsed::from(document.clone());
    let mut resolver = tests.resolver().unwrap();
    let root = parsed.root();
    let questions = plan::plan(&document, &root, &mut resolver, &mut parsed.report());
    let engine = &resolver.engines[0];
    let mut answered = ask::ask(engine, &questions);
    for (question, answered) in questions.iter().zip(&answered) {
        assert_eq!(tests.compare(&document, engine, question, answered), []);
    }
    answered[0].by_handles = answered[1].by_names;
    answered[0].of_many = answered[1].of_many;
    let found = tests.compare(&document, engine, &questions[0], &answered[0]);
    assert_eq!(found.len(), 2);
    assert_eq!(
        found[0].expected(),
        "`out_of_scope` of `orders` as by names"
    );
    let said = "`allow` of `orders` at `all` (allowed: `orders` reaches `all`)";
    assert_eq!(found[0].found(), format!("{said}, by handles"));
    assert_eq!(found[1].found(), format!("{said}, through `check_many`"));
}

#[test]
fn a_matrix_tells_roles_apart() {
    let resolver = tests().resolver().unwrap();
    let text = matrix(
        &resolver.engines[0],
        ["system:chief", "seller", "manager", "mangaer"],
    );
    let (_, table) = text.split_once("\n\n").unwrap();
    assert_eq!(
        table,
        "system:chief\n\
         │ seller\n\
         │ │ manager\n\
         │ │ │ mangaer\n\
         │ │ │ │\n\
         · o A ?  order:create\n\
         · o A ?  order:view\n\
         · o A ?  order:edit\n\
         · o A ?  order:reassign\n\
         · o A ?  order:pack\n\
         · o A ?  order:export\n\
         \n\
         A · · ?  ranking:view\n"
    );
    let changed = table.replace("· o A ?  order:edit", "· A A ?  order:edit");
    assert_eq!(
        difference(table, &changed).unwrap(),
        "-· o A ?  order:edit\n+· A A ?  order:edit\n"
    );
    assert_eq!(difference("a\nb\n", "b\na\n").unwrap(), "+b\n-b\n");
    assert!(difference("a\n", "a").is_some());
}

#[cfg(feature = "json")]
#[test]
fn a_document_survives_json() {
    let document = decisions(RIGHT).into_document().unwrap();
    let text = serde_json::to_string(&document).unwrap();
    let again = Decisions::from_json("d.json", &text);
    assert_eq!(again.clone().into_document().unwrap(), document);
    assert_eq!(serde_json::from_str::<Decisions>(&text).unwrap(), document);
    tests().run(again).unwrap().require().unwrap();
}
