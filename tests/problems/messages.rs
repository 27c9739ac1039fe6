//! Messages that help: one problem for one mistake, what was meant, and where two texts differ.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

const CATALOG: &str = r#"
format = 2
id = "shop"
version = 1
features = [{ id = "sms" }]
permissions = [
  { path = "orders", scopes = ["own", "all"] },
  { path = "orders.edit", scopes = ["own", "all"] },
  { path = "billing", adjustable = { ladder = ["system:owner"], default = "system:owner" } },
  { path = "billing.plan", adjustable = { ladder = ["system:owner"], default = "system:owner" } },
]
types = [{ id = "order", properties = { size = "integer" } }]
operations = [
  { type = "order", action = "view", on = "record", allowed_by = ["orders"], when = [[{ resource = "size", at_most = 99 }]] },
]
roles = [{ id = "system:owner" }]
"#;

fn catalog(text: &str) -> Result<Catalog, Vec<String>> {
    let document = CatalogDocument::from_toml("c.toml", text);
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new()));
    catalog.map_err(|it| it.iter().map(ToString::to_string).collect())
}

/// What is said of the catalog with a part of it replaced.
fn catalog_with(from: &str, to: &str) -> Vec<String> {
    assert_eq!(CATALOG.matches(from).count(), 1, "{from}");
    catalog(&CATALOG.replace(from, to)).expect_err("it is refused")
}

/// What is said of a policy and a directory.
fn load(policy: &str, directory: &str) -> Vec<String> {
    let policy = format!("format = 2\ncatalog_version = 1\n{policy}");
    let directory = format!("format = 2\n{directory}");
    let loaded = Engine::new(
        &catalog(CATALOG).expect("it loads"),
        PolicyDocument::from_toml("p.toml", &policy),
        DirectoryDocument::from_toml("d.toml", &directory),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let problems = loaded.map(|_| ()).expect_err("it is refused");
    problems.iter().map(ToString::to_string).collect()
}

fn policy(text: &str) -> Vec<String> {
    load(text, "users = []")
}

#[test]
fn a_scope_that_is_none_is_one_problem() {
    let scopes =
        "expected one of `own`, `reports`, `peers`, `all`, found `All`; did you mean `all`?";
    for select in ["orders", "orders.*", "*"] {
        let text = format!(
            "roles = [{{ id = \"r\", grants = [{{ scope = \"All\", select = \"{select}\" }}] }}]"
        );
        assert_eq!(
            policy(&text),
            [format!("p.toml:3:42: {scopes}")],
            "{select}"
        );
    }
}

#[test]
fn an_operand_that_is_none_is_one_problem() {
    let said = catalog_with("at_most = 99 ", "at_most = 99.50 ");
    let message = "expected a text, an integer, a boolean, a list of them, or a property as a table, \
                   found `99.50`, which is not a 64-bit integer";
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].ends_with(message), "{said:?}");
    let said = catalog_with("resource = \"size\"", "resource = 5");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].ends_with("expected a text, found the integer `5`"),
        "{said:?}"
    );
}

#[test]
fn a_property_of_a_type_that_is_none_is_one_problem() {
    let said = catalog_with("size = \"integer\"", "size = \"integr\"");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].ends_with("did you mean `integer`?"), "{said:?}");
}

#[test]
fn no_name_is_suggested_that_is_none() {
    let said =
        policy("roles = [{ id = \"\" }, { id = \"\\u200b\" }, { id = \"r\", inherits = [\"x\"] }]");
    let unknown = said.iter().find(|it| it.contains("unknown role"));
    assert!(
        unknown.is_some_and(|it| it.ends_with("unknown role `x`")),
        "{said:?}"
    );
}

#[test]
fn two_texts_that_look_alike_say_where_they_differ() {
    let said = policy(
        "roles = [{ id = \"editor\" }, { id = \"r\", inherits = [\"edit\u{43e}r\", \"editor\\u200b\", \"editro\"] }]",
    );
    let ends = [
        "unknown role `edit\u{43e}r`; did you mean `editor`? Character 5 here is `\\u{43e}`",
        "unknown role `editor\\u{200b}`; did you mean `editor`? Character 7 here is `\\u{200b}`",
        "unknown role `editro`; did you mean `editor`?",
    ];
    assert_eq!(said.len(), ends.len(), "{said:#?}");
    for (said, end) in said.iter().zip(ends) {
        assert!(said.ends_with(end), "{said}\n{end}");
    }
}

#[test]
fn a_system_role_is_suggested_by_its_own_name() {
    let said = policy("roles = [{ id = \"r\", inherits = [\"owner\"] }, { id = \"owners\" }]");
    assert_eq!(
        said,
        ["p.toml:3:34: unknown role `owner`; did you mean `system:owner`?"]
    );
    let said = catalog_with(
        "roles = [{ id = \"system:owner\" }]",
        "roles = [{ id = \"system:owner\" }, { id = \"system:boss\", inherits = [\"owner\"] }]",
    );
    assert!(
        said[0].ends_with("`owner`; did you mean `system:owner`?"),
        "{said:?}"
    );
    let engine = Engine::new(
        &catalog(CATALOG).expect("it loads"),
        PolicyDocument::new(1),
        DirectoryDocument::new([bailiwick::document::UserDocument::new("ann")]),
        Timestamp(0),
        Warnings::Refuse,
    );
    let assign = [bailiwick::admin::Change::assign_role("ann", "owner")];
    let refused =
        engine
            .expect("it loads")
            .apply(&bailiwick::admin::Actor::System, Timestamp(1), &assign);
    let said = refused.expect_err("there is none").to_string();
    assert_eq!(
        said,
        "change 1 (assign role `owner` to `ann`): unknown role `owner`; did you mean `system:owner`?"
    );
}

#[test]
fn another_thing_of_that_name_is_told() {
    let said = load(
        "roles = [{ id = \"clerk\" }]\npackages = [{ id = \"sales\", roles = [\"orders\"] }]",
        "users = [{ id = \"ann\", roles = [\"sales\"], packages = [\"clerk\"] }]",
    );
    assert_eq!(
        said,
        [
            "p.toml:4:38: unknown role `orders`; it is a permission: let a role grant it",
            "d.toml:2:33: unknown role `sales`; it is a package: list it under `packages`",
            "d.toml:2:55: unknown package `clerk`; it is a role: list it under `roles`",
        ]
    );
}

#[test]
fn what_is_often_written_for_a_field_is_known() {
    let said = policy("roles = [{ id = \"r\", deny = [\"orders\"], allow = [] }]");
    assert_eq!(
        said,
        [
            "p.toml:3:22: unknown field `deny`; did you mean `denies`?",
            "p.toml:3:41: unknown field `allow`; did you mean `grants`?",
        ]
    );
}

#[test]
fn a_key_below_the_header_of_a_table_says_whose_field_it_is() {
    let said = policy("[[roles]]\nid = \"r\"\nfeatures = [\"sms\"]");
    let above = "it is a field of the document: write it above the header of this table";
    assert_eq!(
        said,
        [format!("p.toml:5:1: unknown field `features`; {above}")]
    );
    let text = CATALOG.replace(
        "types = [{ id = \"order\", properties = { size = \"integer\" } }]\n",
        "",
    );
    let types = "[[types]]\nid = \"order\"\nproperties = { size = \"integer\" }\n[[types.fields]]\n\
                 path = \"note\"\nmask = { kind = \"whole\" }\nrevealed_by = \"orders\"\nread = \"view\"\n";
    let said = catalog(&format!("{text}{types}")).expect_err("it is refused");
    let above = "unknown field `read`; it is a field of a table around this one: write it above the \
                 header of this table";
    assert!(said.iter().any(|it| it.ends_with(above)), "{said:#?}");
}

#[test]
fn a_key_with_dots_is_quoted() {
    let said = policy("[settings]\nbilling.plan = \"system:owner\"");
    let message = "a table stands here where a value belongs; write a key with dots in quotes: `\"billing.plan\"`";
    assert_eq!(said, [format!("p.toml:4:1: {message}")]);
}

#[cfg(feature = "json")]
#[test]
fn numbers_in_json_are_shown_as_they_are_written() {
    let text = r#"{ "format": 2, "catalog_version": 1.50, "revision": 123456789012345678901234567890,
                  "roles": [{ "id": "12 \" 3", "created": -0.10E+2 }] }"#;
    let parsed = PolicyDocument::from_json("p.json", text).into_document();
    let problems = parsed.expect_err("it is refused").to_string();
    for number in ["`1.50`", "`123456789012345678901234567890`", "`-0.10E+2`"] {
        assert!(problems.contains(number), "{number}: {problems}");
    }
}

#[cfg(feature = "json")]
#[test]
fn json_that_is_none_is_told_in_the_words_of_who_wrote_it() {
    let value = "this is not a value; a value is a text in double quotes, a number, `true`, `false`, `null`, a list \
                 or a table";
    let cases = [
        ("", "the document ends where a value belongs"),
        (
            "{\"a\": [1, 2",
            "the document ends within a list: `]` is missing",
        ),
        (
            "{\"a\": 1",
            "the document ends within a table: `}` is missing",
        ),
        (
            "{\"a",
            "the document ends within a text: a closing `\"` is missing",
        ),
        ("{\"a\" 1}", "a `:` belongs between a key and its value"),
        ("[1 2]", "in a list, `,` or `]` belongs here"),
        ("{\"a\": 1 \"b\"}", "in a table, `,` or `}` belongs here"),
        ("{\"a\": nil}", value),
        ("{\"a\": x}", value),
        ("{a: 1}", "a key is a text in double quotes"),
        ("[1,]", "a comma stands after the last element"),
        ("{} {}", "something follows the end of the document"),
        ("[01]", "this is not a number"),
        ("[1e999]", "a number as large as this cannot be read"),
        (
            "[\"\\x\"]",
            "`\\` is followed by none of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t` and `u`",
        ),
        (
            "[\"a\nb\"]",
            "a line end or another control character stands in a text; write it as `\\n`, or `\\u` \
             and four digits",
        ),
    ];
    for (text, said) in cases {
        let parsed = PolicyDocument::from_json("p.json", text).into_document();
        let problems = parsed.expect_err("it is refused").to_string();
        let ends = format!(": {said}");
        assert!(problems.ends_with(&ends), "{text:?}: {problems}");
    }
}
