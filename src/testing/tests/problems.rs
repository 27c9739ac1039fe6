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
permission = "orders.exort"
fact = "resource.stats"
filtered_by = "order:vew"
"#
        ),
        "d.toml:5:11: no account `nort` is tested; did you mean `north`?\n\
         d.toml:10:8: another one is named `orders` already\n\
         d.toml:12:13: unknown user `anne`; did you mean `ann`?\n\
         d.toml:12:26: unknown role `seler`; did you mean `seller`?\n\
         d.toml:12:40: unknown position `des`; did you mean `desk`?\n\
         d.toml:13:35: the catalog declares no property `stats` here; did you mean `status`?\n\
         d.toml:14:19: the catalog declares no property `our` here; did you mean `hour`?\n\
         d.toml:16:11: unknown operation `order:vew`; did you mean `order:view`?\n\
         d.toml:17:35: expected 4 answers, one for each subject, found 1\n\
         d.toml:18:3: one of `ask`, `can_any`, `create` and `change` is asked\n\
         d.toml:19:3: one of `ask`, `can_any`, `create` and `change` is asked\n\
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
         d.toml:48:14: the catalog has no `orders.exort`; did you mean `orders.export`?\n\
         d.toml:49:8: the catalog has no `resource.stats`; did you mean `resource.status`?\n\
         d.toml:50:15: the catalog has no `order:vew`; did you mean `order:view`?"
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
         d.toml:10:11: a subject has one of `user`, `role` and `token`\n\
         d.toml:12:6: expected one of `record`, `type`, found `typ`; did you mean `type`?"
    );
}

#[test]
fn the_accounts_problems_are_reported_too() {
    let tests = DecisionTests::new(&catalog());
    assert_eq!(
        tests.run(decisions(RIGHT)).unwrap_err().len(),
        6,
        "no account is tested"
    );
    let policy = PolicyDocument::from_toml("policy.toml", "format = 1\ncatalog_version = 1");
    let report = tests
        .account(policy, DirectoryDocument::new([]))
        .run(decisions("tables = 1"))
        .unwrap_err();
    let lines: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 2, "{report}");
    assert!(lines[0].starts_with("policy.toml:") && lines[1].starts_with("d.toml:2:"));
}
