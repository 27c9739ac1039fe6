//! What is wrong with a document is said with its place.

use super::*;

/// The report of a run that asks what it is not to be asked.
#[track_caller]
fn problems(text: &str) -> String {
    tests().run(decisions(text)).unwrap_err().to_string()
}

#[test]
fn every_problem_of_the_document_has_its_place() {
    assert_eq!(
        problems(
            r#"
[[tables]]
name = "orders"
account = "nort"
subjects = ["user:ann"]
rows = [{ ask = "order:view", answers = ["allow"] }]

[[tables]]
name = "orders"
account = "north"
subjects = ["user:anne", "role:seler", { role = "seller", position = "des" }, "user:ann"]
record = { properties = { stats = "open" } }
context = { our = 9 }
rows = [
  { ask = "order:vew", answers = ["allow", "allow", "allow", "allow"] },
  { ask = "order:view", answers = ["allow"] },
  { ask = "order:view", can_any = "order:view", answers = ["allow"] },
  { answers = ["allow"] },
  { ask = "order", answers = ["allow"] },
  { ask = "order:view", answers = ["allowed", "alow", "allow", "not_grantd"] },
  { ask = "order:view", after = {}, record = { properties = { sttus = "" } }, answers = ["allow", "allow", "allow", "allow"] },
  { change = "order:view", answers = ["allow", "allow", "allow", "allow"] },
]

[[tables]]
name = "others"
account = "north"
features = ["exprt"]
subjects = []
rows = []

[[cases]]
name = "what is not on the ladder"
account = "north"
settings = { ranking = "system:cief" }
subject = "user:ann"
ask = "ranking:view"
answer = "allow"

[[cases]]
name = ""
account = "north"
features = ["exprt"]
subject = "user:anne"
ask = "order:export"
answer = "unknown_role"
record = { owner = "max" }
permission = "orders.exort"
fact = "resource.stats"
filtered_by = "order:vew"
"#
        ),
        "d.toml:5:11: no account `nort` is tested; did you mean `north`?\n\
         d.toml:10:8: duplicate name `orders`\n\
         d.toml:12:13: unknown user `anne`; did you mean `ann`? List it in `unknown.users` if it is to be unknown\n\
         d.toml:12:26: unknown role `seler`; did you mean `seller`? List it in `unknown.roles` if it is to be unknown\n\
         d.toml:12:70: unknown position `des`; did you mean `desk`? List it in `unknown.positions` if it is to be unknown\n\
         d.toml:13:35: the catalog declares no property `stats` here; did you mean `status`?\n\
         d.toml:14:19: the catalog declares no property `our` here; did you mean `hour`?\n\
         d.toml:16:11: unknown operation `order:vew`; did you mean `order:view`? List it in `unknown.operations` if it is to be unknown\n\
         d.toml:17:35: expected 4 answers, one for each subject, found 1\n\
         d.toml:18:3: write exactly one of `ask`, `can_any`, `create` and `change`\n\
         d.toml:19:3: write exactly one of `ask`, `can_any`, `create` and `change`\n\
         d.toml:20:11: expected `type:action`, found `order`\n\
         d.toml:21:36: an answer is `allow` or the code of a denial, not `allowed`; did you mean `allow`?\n\
         d.toml:21:47: an answer is `allow` or the code of a denial, not `alow`; did you mean `allow`?\n\
         d.toml:21:64: an answer is `allow` or the code of a denial, not `not_grantd`; did you mean `not_granted`?\n\
         d.toml:22:33: `after` belongs to `change` alone\n\
         d.toml:22:71: the catalog declares no property `sttus` here; did you mean `status`?\n\
         d.toml:23:3: `after` is missing: a change is asked with both states\n\
         d.toml:30:12: a table without subjects tests nothing\n\
         d.toml:31:8: a table without rows tests nothing\n\
         d.toml:36:12: unknown system role `system:cief`; did you mean `system:chief`?\n\
         d.toml:42:8: a name is empty\n\
         d.toml:44:13: unknown feature `exprt`; did you mean `export`?\n\
         d.toml:45:11: unknown user `anne`; did you mean `ann`? List it in `unknown.users` if it is to be unknown\n\
         d.toml:48:10: this is asked on the type: only the record's `account` counts\n\
         d.toml:49:14: the catalog has no `orders.exort`; did you mean `orders.export`?\n\
         d.toml:50:8: the catalog has no `resource.stats`; did you mean `resource.status`?\n\
         d.toml:51:15: the catalog has no `order:vew`; did you mean `order:view`?"
    );
}

#[test]
fn shapes_are_checked_as_every_documents_are() {
    let text = r#"
[[cases]]
name = "c"
subject = "ann"
ask = "order:view"
anser = "allow"
[[cases]]
name = "d"
subject = { user = "ann", role = "seller" }
ask = "order:view"
on = "typ"
answer = "allow"
"#;
    assert_eq!(
        problems(text),
        "d.toml:3:1: `answer` is missing\n\
         d.toml:5:11: expected `user:…` or `role:…`, found `ann`\n\
         d.toml:7:1: unknown field `anser`; did you mean `answer`?\n\
         d.toml:10:11: a subject has exactly one of `user`, `role` and `token`\n\
         d.toml:12:6: expected one of `record`, `type`, found `typ`; did you mean `type`?"
    );
}

#[test]
fn the_accounts_problems_are_reported_too() {
    let tests = DecisionTests::new(&catalog());
    assert_eq!(
        tests.run(decisions(RIGHT)).unwrap_err().len(),
        8,
        "no account is tested"
    );
    let policy = PolicyDocument::from_toml("policy.toml", "format = 2\ncatalog_version = 1");
    let report = tests
        .account(policy, DirectoryDocument::new([]))
        .run(decisions("tables = 1"))
        .unwrap_err();
    let lines: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{report}");
    assert!(lines[0].starts_with("policy.toml:") && lines[1].starts_with("d.toml:2:"));
}

/// No answer excuses a name: whatever is unknown on purpose is listed.
#[test]
fn every_name_is_known_or_listed() {
    assert_eq!(
        problems(
            r#"
[[tables]]
name = "all"
account = "north"
subjects = [
  { user = "anm", account = "north" },
  { user = "ann", account = "souht" },
  { role = "sellr", id = "amn", position = "salse", properties = { taem = "red", team = "rde", level = "1" } },
  { token = { id = "max", roles = ["seller", "manger"], position = "dsk", properties = { teams = ["red", "bule"] } } },
]
record = { owner = "mxa", owner_position = "dekss", account = "nroth", properties = { status = "opne" } }
context = { day = "mondy" }
rows = [
  { ask = "order:view", answers = ["unknown_subject", "wrong_account", "unknown_role", "unknown_role"] },
  { ask = "order:veiw", answers = ["unknown_subject", "wrong_account", "unknown_role", "unknown_role"] },
  { ask = "order:edit", record = { owner = "ann", account = "south", owner_position = "desk" }, answers = ["wrong_account", "wrong_account", "wrong_account", "wrong_account"] },
  { change = "order:edit", record = { owner = "ann" }, after = { owner = "anne" }, answers = ["unknown_subject", "wrong_account", "unknown_role", "unknown_role"] },
]
"#
        ),
        "d.toml:7:12: unknown user `anm`; did you mean `ann`? List it in `unknown.users` if it is to be unknown\n\
         d.toml:8:29: unknown account `souht`; did you mean `south`? List it in `unknown.accounts` if it is to be unknown\n\
         d.toml:9:12: unknown role `sellr`; did you mean `seller`? List it in `unknown.roles` if it is to be unknown\n\
         d.toml:9:26: unknown user `amn`; did you mean `ann`? List it in `unknown.users` if it is to be unknown\n\
         d.toml:9:44: unknown position `salse`; did you mean `sales`? List it in `unknown.positions` if it is to be unknown\n\
         d.toml:9:75: the catalog declares no property `taem` here; did you mean `team`?\n\
         d.toml:9:89: no condition reads `rde` of `subject.team`; did you mean `red`? List it in `unknown.values` if it is to be unknown\n\
         d.toml:9:104: the catalog declares no property `level` here\n\
         d.toml:10:46: unknown role `manger`; did you mean `manager`? List it in `unknown.roles` if it is to be unknown\n\
         d.toml:10:68: unknown position `dsk`; did you mean `desk`? List it in `unknown.positions` if it is to be unknown\n\
         d.toml:10:106: no condition reads `bule` of `subject.teams`; did you mean `blue`? List it in `unknown.values` if it is to be unknown\n\
         d.toml:12:20: unknown user `mxa`; did you mean `max`? List it in `unknown.users` if it is to be unknown\n\
         d.toml:12:44: unknown position `dekss`; list it in `unknown.positions` if it is to be unknown\n\
         d.toml:12:63: unknown account `nroth`; did you mean `north`? List it in `unknown.accounts` if it is to be unknown\n\
         d.toml:12:96: no condition reads `opne` of `resource.status`; did you mean `open`? List it in `unknown.values` if it is to be unknown\n\
         d.toml:13:19: no condition reads `mondy` of `context.day`; list it in `unknown.values` if it is to be unknown\n\
         d.toml:16:11: unknown operation `order:veiw`; did you mean `order:view`? List it in `unknown.operations` if it is to be unknown\n\
         d.toml:17:87: unknown position `desk`; list it in `unknown.positions` if it is to be unknown\n\
         d.toml:18:74: unknown user `anne`; did you mean `ann`? List it in `unknown.users` if it is to be unknown"
    );
}

/// What is listed as unknown is needed; the same document without a mistake passes.
#[test]
fn nothing_is_listed_in_vain() {
    let used = r#"
[[tables]]
name = "all"
account = "north"
subjects = [{ token = { id = "eve", roles = ["ghost"], position = "moon" } }, { user = "ann", account = "west" }]
rows = [
  { ask = "order:view", record = { owner = "zed", owner_position = "moon" }, answers = ["unknown_role", "wrong_account"] },
  { ask = "order:print", answers = ["unknown_role", "wrong_account"] },
  { ask = "order:edit", record = { owner = "ann", properties = { status = "lost" } }, answers = ["unknown_role", "wrong_account"] },
]
"#;
    let listed = r#"
[unknown]
accounts = ["west"]
users = ["eve", "zed"]
roles = ["ghost"]
positions = ["moon"]
operations = ["order:print"]
values = { "resource.status" = ["lost"] }
"#;
    assert_eq!(outcome(&format!("{listed}{used}")).mismatches(), []);
    let more = listed
        .replace("\"zed\"", "\"zed\", \"ann\"")
        .replace("\"moon\"", "\"moon\", \"mars\"")
        .replace("\"lost\"]", "\"open\", \"lost\"], \"resource.stauts\" = []");
    assert_eq!(
        problems(&format!("{more}{used}")),
        "d.toml:5:24: `ann`: no question names it where it is unknown\n\
         d.toml:7:22: `mars`: no question names it where it is unknown\n\
         d.toml:9:33: `open`: no question names it where it is unknown\n\
         d.toml:9:70: nothing is listed here"
    );
}

/// Whatever a table states counts for an answer.
#[test]
fn what_is_not_asked_is_a_problem() {
    assert_eq!(
        problems(
            r#"
[[tables]]
name = "a record and a context that no row takes"
account = "north"
subjects = ["user:ann"]
record = { id = "1" }
context = { day = "sunday" }
rows = [
  { ask = "ranking:view", context = { hour = 1 }, answers = ["allow"] },
  { can_any = "order:view", context = { hour = 1 }, answers = ["allow"] },
]
[[tables]]
name = "one that counts for its account alone"
account = "north"
subjects = ["user:ann"]
record = { account = "north" }
rows = [
  { can_any = "order:view", on = "record", answers = ["allow"] },
  { can_any = "order:view", record = { owner = "ann" }, answers = ["allow"] },
  { ask = "order:export", record = { account = "north", id = "1" }, answers = ["allow"] },
  { create = "ranking:view", record = { owner = "ann" }, answers = ["allow"] },
  { ask = "order:edit", record = { owner = "ann", properties = { status = 1 } }, context = { hour = "1" }, answers = ["out_of_scope"] },
]
"#
        ),
        "d.toml:7:10: no row asks of this record: it tests nothing\n\
         d.toml:8:11: every row has a context of its own: this one tests nothing\n\
         d.toml:19:34: `can_any` is asked of no record, whichever way the operation is declared\n\
         d.toml:20:38: `can_any` is asked of no record: only the record's `account` counts\n\
         d.toml:21:36: this is asked on the type: only the record's `account` counts\n\
         d.toml:22:39: the operation names none that it `creates`: only the record's `account` counts\n\
         d.toml:23:75: `status` is declared as `text`, and no answer here is `property_wrong_type`\n\
         d.toml:23:101: `hour` is declared as `integer`, and no answer here is `property_wrong_type`"
    );
}

/// The first of two would be asked, and the second never.
#[test]
fn two_accounts_of_one_id_are_refused() {
    let account = |file: &str, id: &str| {
        let text = format!("format = 2\n{id}catalog_version = 1");
        PolicyDocument::from_toml(file, &text)
    };
    let north = "account = \"north\"\n";
    let report = tests()
        .account(account("third.toml", north), DirectoryDocument::new([]))
        .run(decisions(RIGHT))
        .unwrap_err();
    assert_eq!(
        report.to_string(),
        "third.toml:2:11: the account `north` is tested already; no question would be asked of this one"
    );
}

/// A retired feature of an older policy loads without effect: a table that turns it on tests nothing.
#[test]
fn what_a_table_replaces_has_an_effect() {
    let catalog = CATALOG.replace("version = 1", "version = 2").replace(
        "{ id = \"export\" }",
        "{ id = \"export\" }, { id = \"fax\", retired = 2 }",
    );
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &catalog),
        Warnings::Refuse,
    )
    .unwrap();
    let report = DecisionTests::new(&catalog)
        .account(
            PolicyDocument::from_toml("policy.toml", POLICY),
            DirectoryDocument::from_toml("directory.toml", DIRECTORY),
        )
        .run(decisions(
            r#"cases = [{ name = "c", account = "north", features = ["export", "fax"], subject = "user:ann", ask = "order:export", answer = "allow" }]"#,
        ))
        .unwrap_err();
    let report = report.to_string();
    assert_eq!(
        report,
        "d.toml:2:65: feature `fax` was retired in version `2`"
    );
}

#[test]
fn ids_that_conditions_compare_with_are_the_users() {
    let catalog = CatalogDocument::from_toml(
        "catalog.toml",
        r#"
format = 2
id = "desk"
version = 1
permissions = [{ path = "claims" }]
types = [{ id = "claim", properties = { created_by = "text", heir = "text", twin = "text" } }]
operations = [{ type = "claim", action = "approve", on = "record", allowed_by = ["claims"], when = [[
  { resource = "created_by", is_not = { subject = "id" } },
  { resource = "heir", is_not = { resource = "owner" } },
  { resource = "twin", is_not = { resource = "id" } },
]] }]
"#,
    );
    let catalog = Catalog::new(catalog, Warnings::Refuse).unwrap();
    let run = |properties: &str, more: &str| {
        let policy = PolicyDocument::from_toml(
            "policy.toml",
            "format = 2\ncatalog_version = 1\nroles = [{ id = \"clerk\", grants = [\"claims\"] }]",
        );
        let directory = DirectoryDocument::from_toml(
            "directory.toml",
            "format = 2\nusers = [{ id = \"ann\", roles = [\"clerk\"] }, { id = \"bob\" }]",
        );
        let text = format!(
            "format = 2\n[[cases]]\nname = \"four eyes\"\nsubject = \"user:ann\"\nask = \"claim:approve\"\n\
             record = {{ id = \"7\", owner = \"ann\", properties = {properties} }}\nanswer = \"allow\"\n{more}"
        );
        let decisions = Decisions::from_toml("decisions.toml", &text);
        let tests = DecisionTests::new(&catalog).account(policy, directory);
        tests.run(decisions).map(|it| it.require().is_ok())
    };
    let sound = "{ created_by = \"bob\", heir = \"bob\", twin = \"bob\" }";
    let listed = "[unknown.values]\n\"resource.twin\" = [\"bob\"]";
    assert!(run(sound, listed).unwrap());
    let misspelt = "{ created_by = \"bop\", heir = \"an\", twin = \"77\" }";
    let problems = run(misspelt, "").unwrap_err().to_string();
    for told in [
        "`bop` of `resource.created_by`; did you mean `bob`?",
        "`an` of `resource.heir`; did you mean `ann`?",
        "`77` of `resource.twin`; ",
    ] {
        assert!(problems.contains(told), "{problems}");
    }
    assert_eq!(problems.lines().count(), 3, "{problems}");
}

const IDS: &str = r#"
format = 2
id = "desk"
version = 1
permissions = [{ path = "claims" }]
types = [
  { id = "claim", properties = { status = "text", amount = "integer", twin = "text" } },
  { id = "note", properties = { status = "text" } },
]
subject_properties = { team = "text" }
context_properties = { channel = "text" }
tokens = { account_roles = true }
operations = [
  { type = "claim", action = "route", on = "record", allowed_by = ["claims"], when = [[{ subject = "team", is_not = { context = "channel" } }]] },
  { type = "claim", action = "own", on = "record", allowed_by = ["claims"], when = [[{ resource = "id", is_not = { subject = "team" } }]] },
  { type = "claim", action = "view", on = "record", allowed_by = ["claims"], when = [[{ resource = "status", is_not = "shut" }, { resource = "amount", at_most = 5 }]] },
  { type = "claim", action = "part", on = "record", allowed_by = ["claims"], when = [[{ resource = "twin", is_not = { resource = "id" } }]] },
  { type = "note", action = "view", on = "record", allowed_by = ["claims"], when = [[{ resource = "status", is_not = "done" }]] },
]
"#;

/// A run of one table over a catalog that compares properties with the ids of records: its report.
#[track_caller]
fn run_of_ids(table: &str) -> String {
    let catalog = CatalogDocument::from_toml("catalog.toml", IDS);
    let catalog = Catalog::new(catalog, Warnings::Refuse).unwrap();
    let policy = PolicyDocument::from_toml(
        "policy.toml",
        "format = 2\ncatalog_version = 1\nroles = [{ id = \"clerk\", grants = [\"claims\"] }]\npositions = [{ id = \"desk\" }]",
    );
    let directory = DirectoryDocument::from_toml(
        "directory.toml",
        "format = 2\nusers = [{ id = \"ann\", roles = [\"clerk\"], properties = { team = \"red\" } }]",
    );
    let tests = DecisionTests::new(&catalog).account(policy, directory);
    let outcome = tests.run(decisions(table));
    let outcome = outcome.map(|it| it.require().map_err(|it| it.to_string()));
    match outcome {
        Ok(Ok(())) => String::new(),
        Ok(Err(mismatches)) => mismatches,
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn what_is_compared_with_ids_of_records_is_checked_all_the_same() {
    let of_token = |team: &str, row: &str| {
        run_of_ids(&format!(
            "[[tables]]\nname = \"t\"\nsubjects = [{{ token = {{ id = \"ann\", roles = [\"clerk\"], properties = {{ \
             team = \"{team}\" }} }} }}]\nrows = [{row}]"
        ))
    };
    let told = |report: &str, what: &str| assert!(report.contains(what), "{report}");
    let route = r#"{ ask = "claim:route", context = { channel = "red" }, answers = ["allow"] }"#;
    told(
        &of_token("rde", route),
        "no condition reads `rde` of `subject.team`; did you mean `red`?",
    );
    told(
        &of_token("red", route),
        "expected `allow`, found `condition_not_met`",
    );
    let misspelt = route.replace("\"red\"", "\"rde\"");
    told(
        &of_token("red", &misspelt),
        "no condition reads `rde` of `context.channel`; did you mean `red`?",
    );
    let own = r#"{ ask = "claim:own", record = { id = "red" }, answers = ["allow"] }"#;
    told(
        &of_token("rde", own),
        "no condition reads `rde` of `subject.team`; did you mean `red`?",
    );
    // The id of the record is the host's to give: this one is a text of the group, and the next one any.
    let other = own.replace("\"red\"", "\"7\"");
    assert_eq!(of_token("red", &other), "");
    // An id that stands in the table is known in it.
    let part = |twin: &str| {
        run_of_ids(&format!(
            "[[tables]]\nname = \"t\"\nsubjects = [\"user:ann\"]\nrows = [\n\
             {{ ask = \"claim:part\", record = {{ id = \"k71\", properties = {{ twin = \"{twin}\" }} }}, answers = [\"allow\"] }},\n\
             {{ ask = \"claim:route\", record = {{ id = \"k72\" }}, context = {{ channel = \"red\" }}, answers = [\"condition_not_met\"] }},\n]"
        ))
    };
    assert_eq!(part("k72"), "");
    told(&part("k7"), "`k7` of `resource.twin`; did you mean `k71`?");
}

/// A record of two types has texts that both know.
#[test]
fn a_record_of_two_types_has_texts_of_each() {
    let report = run_of_ids(
        r#"
[[tables]]
name = "t"
subjects = ["user:ann"]
record = { properties = { status = "done", amount = 1 } }
rows = [{ ask = "claim:view", answers = ["allow"] }, { ask = "note:view", answers = ["condition_not_met"] }]
"#,
    );
    assert!(
        report.contains("no condition reads `done` of `resource.status`"),
        "{report}"
    );
}

#[test]
fn an_owners_position_without_an_owner_is_a_problem() {
    for position in ["desk", ""] {
        let report = run_of_ids(&format!(
            "[[tables]]\nname = \"t\"\nsubjects = [\"user:ann\"]\nrows = [{{ ask = \"claim:route\", context = {{ channel = \"red\" \
             }}, record = {{ owner_position = \"{position}\" }}, answers = [\"condition_not_met\"] }}]"
        ));
        assert_eq!(
            report,
            "d.toml:5:91: `owner` is missing: without one its position counts for nothing"
        );
    }
}

/// The answer is about one property, and must not hide that another one is of another type, too.
#[test]
fn one_property_of_another_type_hides_no_second() {
    let view = |properties: &str, more: &str| {
        run_of_ids(&format!(
            "[[cases]]\nname = \"c\"\nsubject = \"user:ann\"\nask = \"claim:view\"\nrecord = {{ properties = {{ {properties} }} \
             }}\nanswer = \"property_wrong_type\"\n{more}"
        ))
    };
    assert_eq!(view("status = 5, amount = 1", ""), "");
    assert_eq!(
        view("status = 5, amount = \"1\"", ""),
        "d.toml:7:10: `resource.amount`, `resource.status` are of other types than declared, and the answer is about \
         one of them: a case may state which as its `fact`"
    );
    assert_eq!(
        view("status = 5, amount = \"1\"", "fact = \"resource.status\""),
        ""
    );
    // What the operation does not read gives no such answer.
    let twin = view("status = 5, amount = 1, twin = 3", "");
    assert!(
        twin.contains("`twin` is declared as `text`, and no answer here is `property_wrong_type`"),
        "{twin}"
    );
}
