//! A rolling deploy (D16): two processes over one journal, the one on version 1 of a catalog, the other, which
//! takes things away, on version 2. After one look at the journal the older allows nothing that was taken, and
//! answers everybody who is not concerned.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, DenialDocument, DirectoryDocument, PolicyDocument, PositionDocument,
    RoleDocument, UserDocument,
};
use bailiwick::journal::{Journal, TakesFrom, begin, keep_catalog, restore};
use bailiwick::live::{ApplyError, Live};
use bailiwick::{Catalog, Engine, OnType, Record, Scope, Subject, Timestamp, Token, Warnings};

fn catalog(version: u32) -> Catalog {
    // The second renames a path, and has one that the first does not know.
    let (refund, more) = match version {
        1 => ("orders.refund", ""),
        _ => (
            "refunds",
            r#"
            [[permissions]]
            path = "invoices"
            [[renamed]]
            version = 2
            from = "orders.refund"
            to = "refunds"
            "#,
        ),
    };
    let text = format!(
        r#"
        format = 2
        id = "shop"
        version = {version}
        features = [{{ id = "sms" }}, {{ id = "bulk" }}]
        types = [{{ id = "order" }}]
        tokens = {{ system_roles = ["system:agent"] }}

        [[permissions]]
        path = "orders"
        [[permissions]]
        path = "{refund}"
        scopes = ["own", "reports", "all"]
        [[permissions]]
        path = "texts"
        features = ["sms"]
        [[permissions]]
        path = "bulk"
        features = ["bulk"]

        [[roles]]
        id = "system:agent"
        grants = ["orders", "bulk"]

        [[operations]]
        type = "order"
        action = "list"
        on = "type"
        allowed_by = ["orders"]
        [[operations]]
        type = "order"
        action = "refund"
        on = "record"
        allowed_by = ["{refund}"]
        [[operations]]
        type = "order"
        action = "text"
        on = "type"
        allowed_by = ["texts"]
        [[operations]]
        type = "order"
        action = "send"
        on = "type"
        allowed_by = ["bulk"]
        {more}
        "#
    );
    let document = CatalogDocument::from_toml("catalog.toml", &text);
    Catalog::new(document, Warnings::Refuse).unwrap_or_else(|problems| panic!("{problems}"))
}

const PEOPLE: [&str; 11] = [
    "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ian", "joy", "zoe", "stranger",
];

/// The account, of version 1: most may list and refund, `gus` may text, `hal` leads `ian`.
fn engine() -> Engine {
    let position = |id: &str, above: &[&str]| PositionDocument {
        id: id.to_owned(),
        name: None,
        reports_to: above.iter().map(|it| (*it).to_owned()).collect(),
    };
    let policy = PolicyDocument {
        roles: vec![
            RoleDocument::new("seller").grant("orders"),
            RoleDocument::new("clerk")
                .grant(("orders.refund", Scope::Own))
                .grant("orders"),
            RoleDocument::new("texter").grant("texts"),
            RoleDocument::new("lead").grant(("orders.refund", Scope::Reports)),
        ],
        positions: vec![
            position("head", &[]),
            position("desk", &["head"]),
            position("elsewhere", &[]),
        ],
        features: vec!["sms".into(), "bulk".into()],
        revision: Some(1),
        ..PolicyDocument::new(1)
    };
    let user = |id: &str, role: &str| UserDocument::new(id).role(role);
    let at = |user: UserDocument, position: &str| UserDocument {
        position: Some(position.to_owned()),
        ..user
    };
    let users = [
        user("bob", "seller"),
        user("cid", "seller"),
        user("dan", "clerk"),
        user("eve", "clerk"),
        user("fay", "seller"),
        user("gus", "texter"),
        at(user("hal", "lead"), "head"),
        at(user("ian", "seller"), "desk"),
        user("joy", "seller"),
        user("zoe", "seller").role("lead"),
    ];
    let directory = DirectoryDocument::new(users);
    let loaded = Engine::new(
        &catalog(1),
        policy,
        directory,
        Timestamp(0),
        Warnings::Refuse,
    );
    loaded.unwrap_or_else(|problems| panic!("{problems}"))
}

/// What everybody may do: the code of each answer.
type Answers = BTreeMap<String, String>;

fn answers(engine: &Engine) -> Answers {
    let mut answers = Answers::new();
    let mut ask = |who: &str, subject: Subject<'_>| {
        for action in ["list", "text", "send"] {
            let decision = engine.check(subject, action, &OnType::named("order"));
            answers.insert(format!("{who} {action}"), decision.code().to_owned());
        }
        for owner in ["dan", "ian", "zoe"] {
            let order = Record::of("order").id("1").owner(owner);
            let decision = engine.check(subject, "refund", &order);
            answers.insert(format!("{who} refund {owner}"), decision.code().to_owned());
        }
    };
    for person in PEOPLE {
        ask(person, Subject::from(person));
        let token = Token::new(["system:agent"]).id(person);
        ask(&format!("{person}'s token"), Subject::from(&token));
    }
    let nobody = Token::new(["system:agent"]);
    ask("nobody's token", Subject::from(&nobody));
    answers
}

/// The other process: a host on some version of the catalog, which says what it answers after each look at the
/// journal.
pub(crate) fn host(journal: &dyn Journal, version: u32) {
    let restored = restore(journal, &catalog(version), None, None);
    let live = Live::of(restored.unwrap_or_else(|error| panic!("{error}")));
    let mut out = std::io::stdout();
    let mut say = |kind: &str, what: &str| {
        writeln!(out, "\n{kind} {what}").expect("it is said");
        out.flush().expect("it is said");
    };
    say("ready", &version.to_string());
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match &*line {
            "look" => {
                let newer = live.catch_up(journal).err().is_some_and(|it| it.is_newer());
                let engine = live.engine().expect("it was loaded");
                let told = serde_json::json!({
                    "newer": newer,
                    "revision": engine.revision(),
                    "answers": answers(&engine),
                });
                say("looked", &told.to_string());
            }
            "write" => {
                let changes = vec![Change::SuspendUser {
                    user: "joy".to_owned(),
                }];
                let wrote = live.apply(journal, &Actor::System, Timestamp(9), changes, None);
                let is_behind = matches!(wrote, Err(ApplyError::Behind { .. }));
                say("wrote", if is_behind { "nothing" } else { "something" });
            }
            other => panic!("{other}"),
        }
    }
}

/// Another process, spoken to.
struct Other {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Other {
    fn start(mut command: Command) -> Other {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let stdin = process.stdin.take().expect("it is piped");
        let stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut other = Other {
            process,
            stdin,
            stdout,
        };
        other.hear("ready");
        other
    }

    fn hear(&mut self, kind: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.stdout.read_line(&mut line).expect("it speaks");
            assert!(read > 0, "it ended before it said `{kind}`");
            if let Some(rest) = line.strip_prefix(kind) {
                return rest.trim().to_owned();
            }
        }
    }

    fn ask(&mut self, what: &str, kind: &str) -> String {
        writeln!(self.stdin, "{what}").expect("it listens");
        self.hear(kind)
    }

    /// Whether there was what it cannot read, its revision, and what it answers.
    fn look(&mut self) -> (bool, u64, Answers) {
        let told: serde_json::Value =
            serde_json::from_str(&self.ask("look", "looked")).expect("JSON");
        let answers = serde_json::from_value(told["answers"].clone()).expect("answers");
        let revision = told["revision"].as_u64().expect("a revision");
        (told["newer"] == true, revision, answers)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One change by the newer host, and whom it takes from.
type Step = (&'static str, Vec<Change>, &'static [&'static str]);

fn steps() -> Vec<Step> {
    let user = |id: &str| id.to_owned();
    let own = |select: &str| bailiwick::document::GrantDocument::from((select, Scope::Own));
    vec![
        (
            "nothing",
            vec![Change::DescribeRole {
                role: "seller".to_owned(),
                name: Some("Sellers".to_owned()),
                description: None,
            }],
            &[],
        ),
        (
            "suspend",
            vec![Change::SuspendUser { user: user("bob") }],
            &["bob"],
        ),
        (
            "revoke",
            vec![Change::revoke_role("cid", "seller")],
            &["cid"],
        ),
        (
            "deny",
            vec![Change::EditRole {
                role: "clerk".to_owned(),
                grants: vec![own("refunds"), "orders".into()],
                denies: vec![DenialDocument::from("refunds")],
                since: None,
            }],
            &["dan", "eve"],
        ),
        (
            "remove",
            vec![Change::RemoveUser { user: user("fay") }],
            &["fay"],
        ),
        (
            "switch a feature off",
            vec![Change::DisableFeature {
                feature: "sms".to_owned(),
            }],
            &["gus"],
        ),
        // Who leads the place loses sight of the records; who is moved may look around elsewhere.
        (
            "move",
            vec![Change::PlaceUser {
                user: user("ian"),
                position: Some("elsewhere".to_owned()),
            }],
            &["hal", "ian"],
        ),
        (
            "set an end",
            vec![Change::AssignRole {
                user: user("joy"),
                role: "seller".to_owned(),
                until: Some(Timestamp(1_000)),
            }],
            &["joy"],
        ),
    ]
}

fn is_of(who: &str, asked: &str) -> bool {
    let asker = asked.split([' ', '\'']).next();
    asker == Some(who)
}

/// The parent is the newer host; `start` starts another on a version of the catalog, over the same journal.
pub(crate) fn roll(journal: &dyn Journal, start: impl Fn(u32) -> Command) {
    begin(journal, &engine(), Timestamp(0)).expect("it begins");
    let mut older = Other::start(start(1));
    let (is_behind, _, first) = older.look();
    assert!(!is_behind);
    let allowed = |answers: &Answers| answers.values().filter(|it| *it == "allowed").count();
    assert!(allowed(&first) > 30, "{first:#?}");
    assert_eq!(first, answers(&engine()));

    keep_catalog(journal, &catalog(2)).expect("it is kept");
    let newer = Live::of(restore(journal, &catalog(2), None, None).expect("it restores"));
    assert_eq!(answers(&newer.engine().expect("loaded")), first);
    let mut concerned = BTreeSet::new();
    for (what, changes, takes_from) in steps() {
        let applied = newer.apply(journal, &Actor::System, Timestamp(1), changes, None);
        applied.unwrap_or_else(|error| panic!("{what}: {error}"));
        concerned.extend(takes_from.iter().copied());
        let today = answers(&newer.engine().expect("loaded"));
        let (is_behind, revision, older) = older.look();
        assert!(is_behind, "{what}");
        assert_eq!(revision, 1, "the last that it read whole");
        for (asked, code) in &older {
            let is_concerned = concerned.iter().any(|who| is_of(who, asked));
            match is_concerned {
                true => assert_eq!(code, "not_ready", "{what}: {asked}"),
                false => assert_eq!(*code, first[asked], "{what}: {asked}"),
            }
            if code == "allowed" {
                assert_eq!(today[asked], "allowed", "{what}: {asked} was taken");
            }
        }
    }
    assert_eq!(older.ask("write", "wrote"), "nothing");
    let ends = journal.head().expect("it reads").expect("it began");
    assert_eq!(Some(ends), newer.head());

    // What anybody may bring is anybody's: now nobody is answered.
    let changes = vec![Change::DisableFeature {
        feature: "bulk".to_owned(),
    }];
    newer
        .apply(journal, &Actor::System, Timestamp(2), changes, None)
        .expect("it is applied");
    let (_, _, last) = older.look();
    assert!(last.values().all(|it| it == "not_ready"), "{last:#?}");
    drop(older);

    // The older host is replaced: everybody is answered, as the newer does.
    let mut replaced = Other::start(start(2));
    let (is_behind, revision, last) = replaced.look();
    assert!(!is_behind);
    let today = newer.engine().expect("loaded");
    assert_eq!((revision, last), (today.revision(), answers(&today)));
    assert_eq!(newer.unread().map(|it| it.takes_from), None::<TakesFrom>);
}
