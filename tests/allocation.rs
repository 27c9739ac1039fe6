//! No path of `check` allocates, whoever asks, however, and whatever the answer.
//!
//! `allocation-counter` counts what the thread allocates. Worlds and requests are the random ones of
//! the laws, put to the engine by names, by handles, as tokens and as roles; each deny code must have
//! come up for each of these that can get it.

mod reference;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::document::AccountsServed;
use bailiwick::{
    Action, Decision, Engine, OnType, OwnerPosition, PropertyMap, Record, Subject, Token, UserId,
    Warnings,
};

use support::ask::{Asker, HostResource};
use support::generate;
use support::requests::{Case, Question, Requests};

const WORLDS: u64 = 2_000;
const PER_WORLD: u64 = 60;
const SEED: u64 = 0xa110_c000;

/// How often this thread allocates while it asks.
fn allocations(ask: impl FnOnce() -> Decision) -> (u64, Decision) {
    let mut decision = None;
    let counted = allocation_counter::measure(|| decision = Some(ask()));
    (counted.count_total, decision.expect("it was asked"))
}

#[test]
fn the_counter_counts() {
    let mut kept = Vec::new();
    let one = allocation_counter::measure(|| kept.push(std::hint::black_box(1_u64)));
    assert_eq!((one.count_total, one.count_current), (1, 1));
    let two = allocation_counter::measure(|| {
        let text = std::hint::black_box("x".to_owned());
        std::hint::black_box(text + "y and more than fits");
    });
    assert_eq!((two.count_total, two.count_current), (2, 0));
    // What is freed before it is looked at counts all the same; nothing counts as nothing.
    assert_eq!(allocation_counter::measure(|| {}).count_total, 0);
    // Were a check to allocate, it would be seen: this resource does.
    let (documents, _) = generate::world(SEED, 0);
    let engine = documents.load();
    let (count, _) = allocations(|| engine.check("ann", "view", &Allocating));
    assert!(count > 0);
}

/// A host's resource that allocates when it is asked for its account.
struct Allocating;

impl bailiwick::Resource for Allocating {
    fn account(&self) -> Option<&str> {
        std::hint::black_box(vec![1_u8]);
        None
    }
}

fn record<'a>(of: &'a reference::Resource, properties: &[(&'a str, Stored)]) -> Record<'a> {
    let mut record = Record::of(&of.r#type);
    if let Some(id) = &of.id {
        record = record.id(id);
    }
    if let Some(account) = &of.account {
        record = record.account(account);
    }
    if let Some(owner) = &of.owner {
        record = record.owner(owner);
    }
    record = record.owner_position(match &of.owner_position {
        reference::OwnerPosition::Directory => OwnerPosition::Directory,
        reference::OwnerPosition::Nowhere => OwnerPosition::None,
        reference::OwnerPosition::At(position) => OwnerPosition::Named(position),
    });
    for (name, value) in properties {
        record = record.property(*name, value.clone());
    }
    record
}

type Stored = bailiwick::document::PropertyValue;

fn stored(of: &BTreeMap<String, reference::Value>) -> Vec<(&str, Stored)> {
    let stored = |value: &reference::Value| match value {
        reference::Value::Text(text) => Stored::Text(text.clone()),
        reference::Value::Integer(n) => Stored::Integer(*n),
        reference::Value::Boolean(b) => Stored::Boolean(*b),
        reference::Value::Set(set) => Stored::Set(set.clone()),
    };
    of.iter()
        .map(|(name, value)| (name.as_str(), stored(value)))
        .collect()
}

/// Which codes came up for which way of asking.
#[derive(Default)]
struct Seen {
    checks: u64,
    codes: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

impl Seen {
    /// Counts one question, and fails if the engine allocated.
    fn note(&mut self, way: &'static str, case: &Case, (count, decision): (u64, Decision)) {
        assert_eq!(count, 0, "{way}: {} allocates: {case:#?}", decision.code());
        // Nor does looking at the answer, all of it.
        let looking = allocation_counter::measure(|| {
            std::hint::black_box((
                decision.code(),
                decision.reason(),
                decision.permission(),
                decision.scope(),
                decision.filtered_by(),
                decision.require().is_ok(),
            ));
        });
        assert_eq!(looking.count_total, 0, "{way}");
        self.checks += 1;
        self.codes.entry(way).or_default().insert(decision.code());
    }
}

fn who(case: &Case) -> &'static str {
    match case.request.subject {
        reference::Subject::User { .. } => "by name",
        reference::Subject::Token { .. } => "as a token",
        reference::Subject::Role { .. } => "as a role",
    }
}

/// One case, asked in every way there is.
fn ask(engine: &Engine, case: &Case, seen: &mut Seen) {
    let request = &case.request;
    let asker = Asker::by_name(&request.subject);
    let subject = asker.subject();
    let action = request.action.as_str();
    let resource = &request.resource;
    let mut context = PropertyMap::new();
    for (name, value) in stored(&request.context) {
        context.set(name, value);
    }
    let asked = engine.in_context(&context);
    let named = HostResource::by_name(resource);
    let properties = stored(&resource.properties);
    let ready = record(resource, &properties);
    let mut on_type = OnType::named(&resource.r#type);
    if let Some(account) = &resource.account {
        on_type = on_type.account(account);
    }
    let handles = Handles::of(engine, case);
    match &case.question {
        Question::Check => {
            seen.note(
                who(case),
                case,
                allocations(|| asked.check(subject, action, &named)),
            );
            seen.note(
                "without a context",
                case,
                allocations(|| engine.check(subject, action, &named)),
            );
            seen.note(
                "of a record",
                case,
                allocations(|| engine.check(subject, action, &ready)),
            );
            seen.note(
                "on the type",
                case,
                allocations(|| engine.check(subject, action, &on_type)),
            );
            if let Some(handles) = handles {
                let theirs = HostResource::by_name(resource);
                let theirs = match handles.owner {
                    Some(owner) => theirs.owned_by(owner, handles.position),
                    None => theirs,
                };
                let (user, action) = (handles.subject(&request.subject), handles.action);
                seen.note(
                    "by handles",
                    case,
                    allocations(|| asked.check(user, action, &theirs)),
                );
            }
        }
        Question::CanAny => {
            seen.note(
                "can_any",
                case,
                allocations(|| asked.can_any(subject, action, &on_type)),
            );
            seen.note(
                "can_any",
                case,
                allocations(|| engine.can_any(subject, action, &on_type)),
            );
            if let Some(handles) = handles {
                let (user, action) = (handles.subject(&request.subject), handles.action);
                seen.note(
                    "can_any",
                    case,
                    allocations(|| asked.can_any(user, action, &on_type)),
                );
            }
        }
        Question::Change(after) => {
            let later = HostResource::by_name(after);
            let properties = stored(&after.properties);
            let ready_later = record(after, &properties);
            seen.note(
                "check_change",
                case,
                allocations(|| asked.check_change(subject, action, &named, &later)),
            );
            seen.note(
                "check_change",
                case,
                allocations(|| engine.check_change(subject, action, &ready, &ready_later)),
            );
            if let Some(handles) = handles {
                let (user, action) = (handles.subject(&request.subject), handles.action);
                seen.note(
                    "check_change",
                    case,
                    allocations(|| asked.check_change(user, action, &named, &later)),
                );
            }
        }
        Question::Create => {
            seen.note(
                "check_create",
                case,
                allocations(|| asked.check_create(subject, action, &named)),
            );
            seen.note(
                "check_create",
                case,
                allocations(|| engine.check_create(subject, action, &ready)),
            );
            if let Some(handles) = handles {
                let (user, action) = (handles.subject(&request.subject), handles.action);
                seen.note(
                    "check_create",
                    case,
                    allocations(|| asked.check_create(user, action, &named)),
                );
            }
        }
    }
}

/// The handles of what a case names.
struct Handles {
    user: UserId,
    owner: Option<UserId>,
    position: Option<bailiwick::PositionId>,
    action: Action<'static>,
}

impl Handles {
    fn of(engine: &Engine, case: &Case) -> Option<Handles> {
        let reference::Subject::User { id, .. } = &case.request.subject else {
            return None;
        };
        let resource = &case.request.resource;
        let action = engine
            .catalog()
            .operation(&resource.r#type, &case.request.action)?;
        Some(Handles {
            user: engine.user(id)?,
            owner: resource.owner.as_deref().and_then(|it| engine.user(it)),
            position: match &resource.owner_position {
                reference::OwnerPosition::At(position) => engine.position(position),
                _ => None,
            },
            action: action.into(),
        })
    }

    fn subject<'a>(&self, of: &'a reference::Subject) -> Subject<'a> {
        let subject = Subject::from(self.user);
        match of {
            reference::Subject::User {
                account: Some(account),
                ..
            } => subject.account(account),
            _ => subject,
        }
    }
}

/// Every code there is, in the order of D17.
const CODES: &[&str] = support::tally::CODES;

#[test]
fn no_check_allocates() {
    let mut seen = Seen::default();
    for number in 0..WORLDS {
        let (documents, mut rng) = generate::world(SEED, number);
        let engine = documents.load();
        let requests = Requests::of(&documents, &mut rng);
        let cases: Vec<Case> = (0..PER_WORLD).map(|_| requests.case(&mut rng)).collect();
        for case in &cases {
            ask(&engine, case, &mut seen);
        }
        many_at_once(&engine, &cases, &mut seen);
    }
    println!("{} questions", seen.checks);
    for (way, codes) in &seen.codes {
        println!("{way}: {}", Vec::from_iter(codes.iter().copied()).join(" "));
    }
    let missing = |way: &str, impossible: &[&str]| {
        let found = &seen.codes[way];
        let missing = CODES
            .iter()
            .filter(|code| !found.contains(*code) && !impossible.contains(code))
            .map(|code| format!("{way}: {code}"));
        missing.collect::<Vec<_>>()
    };
    // What a user of the directory cannot get, what a handle cannot, and what a role cannot.
    let of_tokens = &["unknown_role", "unknown_position"];
    let of_handles = &[
        "removed",
        "unknown_role",
        "unknown_position",
        "unknown_subject",
        "unknown_type",
        "unknown_action",
    ];
    let unasked = &[
        "out_of_scope",
        "asked_wrong_way",
        "condition_not_met",
        "property_missing",
        "property_wrong_type",
    ];
    let all = [
        missing("by name", of_tokens),
        missing("as a token", &["unknown_subject"]),
        missing("as a role", &["unknown_subject"]),
        missing("by handles", of_handles),
        missing("of a record", &[]),
        missing("check_many", &[]),
        missing("check_change", &[]),
        missing("check_create", &[]),
        missing("can_any", unasked),
    ];
    let missing = all.concat();
    assert!(missing.is_empty(), "never came up: {missing:#?}");
}

/// `check_many` allocates nothing for any item, nor for itself.
fn many_at_once(engine: &Engine, cases: &[Case], seen: &mut Seen) {
    let asked: Vec<(Asker<'_>, &Case, HostResource<'_>)> = cases
        .iter()
        .map(|case| {
            let asker = Asker::by_name(&case.request.subject);
            (asker, case, HostResource::by_name(&case.request.resource))
        })
        .collect();
    let mut decisions = Vec::with_capacity(cases.len());
    let counted = allocation_counter::measure(|| {
        let requests = asked
            .iter()
            .map(|(asker, case, it)| (asker.subject(), case.request.action.as_str(), it));
        for decision in engine.check_many(requests) {
            decisions.push(decision);
        }
    });
    assert_eq!(counted.count_total, 0, "check_many allocates");
    assert_eq!(decisions.len(), cases.len());
    for ((_, case, _), decision) in asked.iter().zip(decisions) {
        seen.note("check_many", case, (0, decision));
    }
}

/// A token with more roles than the engine keeps at hand, one with long names, and an account
/// beside others.
#[test]
fn no_check_of_a_large_token_allocates() {
    use bailiwick::document::{
        CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
    };
    let text = r#"
        format = 2
        id = "c"
        version = 1
        accounts = "many"
        permissions = [{ path = "a", scopes = ["own", "all"] }, { path = "b", requires = ["a"] }]
        types = [{ id = "t", properties = { tags = "set" } }]
        tokens = { account_roles = true }
        operations = [
          { type = "t", action = "do", on = "record", allowed_by = ["a", { permission = "b", when = [[{ resource = "tags", one_of = ["x"] }]] }] },
        ]
    "#;
    let catalog = CatalogDocument::from_toml("c", text);
    let catalog =
        bailiwick::Catalog::new(catalog, Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    assert_eq!(catalog.document().accounts, AccountsServed::Many);
    let name =
        |i: usize| format!("a role with a name that is long enough to lie on the heap, number {i}");
    let mut accounts = bailiwick::Accounts::new(catalog);
    for account in ["acme", "globex"] {
        let mut roles: Vec<RoleDocument> = (0..1000).map(|i| RoleDocument::new(name(i))).collect();
        roles[999] = RoleDocument::new(name(999))
            .grant(("a", bailiwick::Scope::All))
            .grant("b");
        roles[998] = RoleDocument::new(name(998)).deny("a");
        let policy = PolicyDocument {
            account: Some(account.to_owned()),
            roles,
            ..PolicyDocument::new(1)
        };
        let directory = DirectoryDocument::new([UserDocument::new("ann").role(name(998))]);
        let loaded = accounts.load(
            policy,
            directory,
            bailiwick::Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        loaded.expect("a sound account");
    }
    let stranger = Token::new((0..1000).filter(|it| *it != 998).map(name)).id("bob");
    let denied = Token::new((0..1000).map(name)).id("bob");
    let ann = Token::new((0..1000).filter(|it| *it != 998).map(name)).id("ann");
    let unknown = Token::new((0..1001).map(name)).id("ann");
    let record = Record::of("t")
        .owner("bob")
        .property("tags", vec!["x".to_owned()]);
    for (token, account, code) in [
        (&stranger, "acme", "allowed"),
        (&denied, "acme", "prerequisite_missing"),
        (&ann, "globex", "prerequisite_missing"),
        (&unknown, "acme", "unknown_role"),
        (&stranger, "other", "wrong_account"),
    ] {
        let record = record.clone().account(account);
        let subject = Subject::from(token).account(account);
        let (count, decision) = allocations(|| accounts.check(subject, "do", &record));
        assert_eq!((count, decision.code()), (0, code));
    }
    let (count, decision) = allocations(|| accounts.check(&stranger, "do", &record));
    assert_eq!((count, decision.code()), (0, "missing_account"));
}
