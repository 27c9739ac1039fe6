//! Work that the people of an account can cause grows with what they state: ten times the document or
//! the change takes at most fifteen times as long. What grows faster has a limit, and is refused past it.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::*;
use bailiwick::{Catalog, Engine, OnType, Record, Scope, Timestamp, Token, Warnings, limits};

use crate::removed::{self, made_and_removed};
use crate::scaling::{Case, Run, catalog_of, keep_in_proportion, random_positions};

/// Reads a catalog of version 9 in which `admin` may do everything.
fn catalog(more: &str) -> Catalog {
    let text = format!(
        r#"
        permissions = [{{ path = "admin", scopes = ["reports", "all"] }}, {{ path = "a" }}, {{ path = "b" }}]
        types = [{{ id = "t" }}]
        administration = {{ changes = {{ import = "admin", edit_positions = "admin", edit_inheritance = "admin", edit_role = "admin", create_role = "admin", delete_role = "admin", edit_assignments = "admin", create_user = "admin", remove_user = "admin" }}, account_roles = {{ assign = "admin", revoke = "admin" }} }}
        {more}
        "#
    );
    Catalog::new(catalog_of(&text), Warnings::Into(&mut Vec::new())).expect("a sound catalog")
}

fn administrators() -> RoleDocument {
    RoleDocument::new("administrators").grant(("*", Scope::All))
}

fn people(others: impl Iterator<Item = UserDocument>) -> DirectoryDocument {
    let ann = UserDocument::new("ann").role("administrators");
    DirectoryDocument::new([ann].into_iter().chain(others))
}

fn engine(catalog: &Catalog, policy: PolicyDocument, directory: DirectoryDocument) -> Engine {
    let warnings = Warnings::Into(&mut Vec::new());
    Engine::new(catalog, policy, directory, Timestamp(0), warnings).expect("a sound account")
}

/// Times one transaction of an administrator.
fn applied(engine: Engine, changes: Vec<Change>) -> Run {
    Box::new(move || {
        let applied = engine.apply(&Actor::user("ann"), Timestamp(1), &changes);
        assert!(applied.is_ok(), "{:?}", applied.err());
    })
}

fn roles(policy: Vec<RoleDocument>) -> PolicyDocument {
    let mut document = PolicyDocument::new(9);
    document.roles = policy;
    document.roles.push(administrators());
    document
}

/// Moves twenty positions of a tangled hierarchy.
fn tangled(n: usize) -> Run {
    let policy = PolicyDocument {
        positions: random_positions(n, 4),
        ..roles(vec![])
    };
    let engine = engine(&catalog(""), policy, people(std::iter::empty()));
    let moves = (0..20).map(|i| Change::MovePosition {
        position: format!("p{}", n - 1 - i),
        reports_to: vec![format!("p{i}")],
    });
    applied(engine, moves.collect())
}

/// Replaces a tree of positions with as many people in some of them. A third of the positions is new, a third is
/// gone, the rest is moved.
fn replaced(n: usize) -> Run {
    let tree = |from: usize, width: usize| {
        let all = (from..from + n).map(move |i| PositionDocument {
            id: format!("p{i}"),
            name: None,
            reports_to: (i > from)
                .then(|| format!("p{}", from + (i - from - 1) / width))
                .into_iter()
                .collect(),
        });
        all.collect::<Vec<_>>()
    };
    let policy = PolicyDocument {
        positions: tree(0, 3),
        ..roles(vec![])
    };
    let third = n / 3;
    let placed = (0..n).map(move |i| {
        UserDocument::new(format!("u{i}")).position(format!("p{}", third + i % (n - third)))
    });
    let engine = engine(&catalog(""), policy, people(placed));
    let positions = tree(third, 5);
    applied(engine, vec![Change::ReplaceHierarchy { positions }])
}

/// An account of positions below `a`, and of ten times as many people in `b`; and how the positions lie when they
/// have moved below `b`.
fn to_be_moved(n: usize) -> (Engine, Vec<PositionDocument>) {
    let below = |senior: &str| {
        let position = |id: String, senior: Option<&str>| PositionDocument {
            id,
            name: None,
            reports_to: senior.into_iter().map(str::to_owned).collect(),
        };
        let top = ["a", "b"].map(|id| position(id.to_owned(), None));
        let others = (0..n).map(|i| position(format!("p{i}"), Some(senior)));
        top.into_iter().chain(others).collect::<Vec<_>>()
    };
    let policy = PolicyDocument {
        positions: below("a"),
        ..roles(vec![])
    };
    let placed = (0..10 * n).map(|i| UserDocument::new(format!("u{i}")).position("b"));
    (engine(&catalog(""), policy, people(placed)), below("b"))
}

fn moved_below_many(n: usize) -> Run {
    let (engine, after) = to_be_moved(n);
    let moves = after.into_iter().skip(2).map(|it| Change::MovePosition {
        position: it.id,
        reports_to: it.reports_to,
    });
    applied(engine, moves.collect())
}

fn replaced_below_many(n: usize) -> Run {
    let (engine, positions) = to_be_moved(n);
    applied(engine, vec![Change::ReplaceHierarchy { positions }])
}

/// Lets each role inherit the next, from the first on.
fn from_the_top(n: usize) -> Run {
    let all = (0..n).map(|i| RoleDocument::new(format!("r{i}")).grant(["a", "b"][i % 2]));
    let engine = engine(
        &catalog(""),
        roles(all.collect()),
        people(std::iter::empty()),
    );
    let edges = (1..n).map(|i| Change::AddInheritance {
        role: format!("r{}", i - 1),
        junior: format!("r{i}"),
    });
    applied(engine, edges.collect())
}

/// Imports a policy in which each role inherits the next.
fn imported(n: usize) -> Run {
    let all = |linked: bool| {
        let all = (0..n).map(|i| {
            let role = RoleDocument::new(format!("r{i}")).grant(["a", "b"][i % 2]);
            if linked && i + 1 < n {
                role.inherit(format!("r{}", i + 1))
            } else {
                role
            }
        });
        roles(all.collect())
    };
    let engine = engine(&catalog(""), all(false), people(std::iter::empty()));
    applied(engine, vec![Change::ImportPolicy { policy: all(true) }])
}

/// A catalog that gave two branches other names, and a policy that was written before, with as many denies.
fn older(n: usize, denies: impl Fn(usize) -> Vec<DenialDocument>) -> (Catalog, PolicyDocument) {
    let mut more = String::new();
    let paths: String = (0..1_000)
        .map(|i| format!("{{ path = \"new.p{i}\" }},"))
        .collect();
    more.push_str("renamed = [{ version = 2, from = \"old\", to = \"new\" }]\n");
    let text = format!(
        "permissions = [{{ path = \"admin\" }}, {{ path = \"new\" }}, {paths}]\ntypes = [{{ id = \"t\" }}]\n\
         administration = {{ changes = {{ edit_role = \"admin\" }}, account_roles = {{ assign = \"admin\", revoke = \"admin\" }} }}\n{more}"
    );
    let catalog =
        Catalog::new(catalog_of(&text), Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let mut role = RoleDocument::new("r").grant("old.*");
    role.denies = denies(n);
    let mut policy = PolicyDocument::new(1);
    policy.roles = vec![role, RoleDocument::new("administrators").grant("*")];
    (catalog, policy)
}

fn denied(n: usize) -> Vec<DenialDocument> {
    (0..n)
        .map(|i| format!("old.p{}", i % 1_000).as_str().into())
        .collect()
}

fn excepted(n: usize) -> Vec<DenialDocument> {
    let except = (0..n).map(|i| format!("old.p{}", i % 1_000)).collect();
    vec![DenialDocument {
        except,
        .."old.*".into()
    }]
}

fn loaded((catalog, policy): (Catalog, PolicyDocument)) -> Run {
    Box::new(move || drop(engine(&catalog, policy, people(std::iter::empty()))))
}

/// Changes a role of a policy that was written before a rename, twenty times.
fn described((catalog, policy): (Catalog, PolicyDocument)) -> Run {
    let engine = engine(&catalog, policy, people(std::iter::empty()));
    let changes = (0..20).map(|i| Change::EditRole {
        role: "r".to_owned(),
        grants: vec!["new.*".into()],
        denies: vec![format!("new.p{i}").as_str().into()],
        since: None,
    });
    applied(engine, changes.collect())
}

/// Ticks forty permissions of a role that grants many, out of twice as many.
fn ticked(n: usize) -> Run {
    let mut text = String::from(
        "types = [{ id = \"t\" }]\nadministration = { changes = { edit_role = \"admin\" } }\npermissions = [{ path = \"admin\" },",
    );
    for i in 0..2 * n {
        text += &format!("{{ path = \"p{i}\" }},");
    }
    text += "]";
    let catalog =
        Catalog::new(catalog_of(&text), Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let role = (0..n).fold(RoleDocument::new("r"), |role, i| {
        role.grant(format!("p{i}").as_str())
    });
    let mut policy = PolicyDocument::new(9);
    policy.roles = vec![role, RoleDocument::new("administrators").grant("*")];
    let engine = engine(&catalog, policy, people(std::iter::empty()));
    let ticks = (n..n + 40).map(|i| Change::CheckPermission {
        role: "r".to_owned(),
        permission: format!("p{i}"),
        scope: None,
    });
    applied(engine, ticks.collect())
}

/// Makes and removes people, then changes one.
fn people_removed(n: usize) -> Run {
    let engine = engine(
        &catalog(""),
        roles(vec![RoleDocument::new("r")]),
        people(std::iter::empty()),
    );
    let made = (0..n).map(|i| Change::CreateUser {
        user: UserDocument::new(format!("u{i}")).role("r"),
    });
    let gone = (0..n).map(|i| Change::RemoveUser {
        user: format!("u{i}"),
    });
    let changes: Vec<Change> = made.chain(gone).collect();
    applied(engine, changes)
}

/// A catalog of permissions of which each needs the one before, and as many operations; and an account of
/// as many roles as a token brings, of which each grants all.
fn chained(roles_brought: usize) -> (Engine, Token) {
    let permissions = roles_brought * 5 / 2;
    let mut text = String::from(
        "types = [{ id = \"t\" }]\ntokens = { account_roles = true }\npermissions = [{ path = \"p0\" },",
    );
    for i in 1..permissions {
        text += &format!("{{ path = \"p{i}\", requires = [\"p{}\"] }},", i - 1);
    }
    text += "]\noperations = [";
    for i in 0..permissions {
        text += &format!(
            "{{ type = \"t\", action = \"o{i}\", on = \"record\", allowed_by = [\"p{i}\"] }},"
        );
    }
    text += "]";
    let catalog =
        Catalog::new(catalog_of(&text), Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let mut policy = PolicyDocument::new(9);
    policy.roles = (0..roles_brought)
        .map(|i| RoleDocument::new(format!("r{i}")).grant("*"))
        .collect();
    let engine = engine(&catalog, policy, DirectoryDocument::new([]));
    let token = Token::new((0..roles_brought).map(|i| format!("r{i}"))).id("robot");
    (engine, token)
}

fn asked_by_token(n: usize, ask: fn(&Engine, &Token)) -> Run {
    let (engine, token) = chained(n);
    Box::new(move || ask(&engine, &token))
}

fn permitted(engine: &Engine, token: &Token) {
    let record = Record::of("t").id("1");
    let permitted = engine
        .permitted_actions(token, &record)
        .expect("nothing stands against it");
    assert_eq!(permitted.count(), engine.catalog().operations().count());
}

fn capable(engine: &Engine, token: &Token) {
    let can = engine.what_can(token).expect("nothing stands against it");
    assert_eq!(can.count(), engine.catalog().operations().count());
}

fn drawn(engine: &Engine, token: &Token) {
    let screen = engine.screen(token).expect("nothing stands against it");
    assert!(screen.compact().to_bytes().len() > 1);
}

/// Checks the last operation of the catalog, and makes its filter and its explanation.
fn last(engine: &Engine, token: &Token) {
    let last = engine.catalog().operations().last().expect("an operation");
    let record = Record::of("t").id("1");
    for _ in 0..10 {
        assert!(engine.check(token, last, &record).is_allow());
        assert!(engine.can_any(token, last, &OnType::named("t")).is_allow());
        assert!(
            engine
                .records(token, last)
                .expect("it is on records")
                .matches(&record)
        );
    }
    assert!(engine.explain(token, last, &record).decision().is_allow());
}

/// Reviews roles that come to different things, though all are of a few permissions.
fn reviewed(n: usize) -> Run {
    let mut text = String::from("permissions = [");
    for i in 0..16 {
        text += &format!("{{ path = \"p{i}\" }},");
    }
    let catalog = Catalog::new(catalog_of(&(text + "]")), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let mut policy = PolicyDocument::new(9);
    policy.roles = (1..=n)
        .map(|i| {
            let granted = (0..16).filter(|bit| i >> bit & 1 != 0);
            granted.fold(RoleDocument::new(format!("r{i}")), |role, bit| {
                role.grant(format!("p{bit}").as_str())
            })
        })
        .collect();
    let engine = engine(&catalog, policy, DirectoryDocument::new([]));
    Box::new(move || assert!(!engine.review().to_string().is_empty()))
}

/// Reviews roles of which each inherits the one before.
fn reviewed_line(n: usize) -> Run {
    let mut text = String::from("permissions = [");
    for i in 0..n / 4 + 1 {
        text +=
            &format!("{{ path = \"p{i}\", scopes = [\"own\", \"reports\", \"peers\", \"all\"] }},");
    }
    let catalog = Catalog::new(catalog_of(&(text + "]")), Warnings::Into(&mut Vec::new()))
        .expect("a sound catalog");
    let mut policy = PolicyDocument::new(9);
    policy.roles = (0..n)
        .map(|i| {
            let path = format!("p{}", i / 4);
            let role = RoleDocument::new(format!("r{i}")).grant((&*path, Scope::EVERY[i % 4]));
            match i.checked_sub(1) {
                Some(below) => role.inherit(format!("r{below}")),
                None => role,
            }
        })
        .collect();
    let engine = engine(&catalog, policy, DirectoryDocument::new([]));
    Box::new(move || assert!(!engine.review().to_string().is_empty()))
}

/// Compares a set of the record with a set of the token, by check and by filter.
fn compared(n: usize, operator: &str) -> Run {
    let text = format!(
        r#"
        permissions = [{{ path = "a" }}]
        tokens = {{ account_roles = true }}
        subject_properties = {{ teams = "set" }}
        types = [{{ id = "t", properties = {{ tags = "set" }} }}]
        operations = [{{ type = "t", action = "do", on = "record", allowed_by = ["a"], when = [[{{ resource = "tags", {operator} = {{ subject = "teams" }} }}]] }}]
        "#
    );
    let catalog =
        Catalog::new(catalog_of(&text), Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let mut policy = PolicyDocument::new(9);
    policy.roles = vec![RoleDocument::new("r").grant("a")];
    let engine = engine(&catalog, policy, DirectoryDocument::new([]));
    let texts = |first: usize| -> Vec<String> {
        (first..first + n)
            .map(|i| format!("a tag of some length, {i}"))
            .collect()
    };
    let (tags, mut teams) = (texts(0), texts(if operator == "is" { 0 } else { n }));
    teams.reverse();
    let token = Token::new(["r"]).id("robot").property("teams", teams);
    let holds = operator != "one_of";
    Box::new(move || {
        let record = Record::of("t").id("1").property("tags", tags);
        assert_eq!(engine.check(&token, "do", &record).is_allow(), holds);
        let filter = engine.records(&token, "t:do").expect("it is on records");
        assert_eq!(filter.matches(&record), holds);
    })
}

/// Makes and removes one thing a thousand times, in transactions of their own, where many were removed before.
fn changed_after(kind: &'static str, n: usize) -> Run {
    let engine = made_and_removed(kind, n);
    Box::new(move || {
        let mut engine = engine;
        for i in n..n + 1_000 {
            engine = removed::apply(&engine, &[removed::make(kind, i)]);
            engine = removed::apply(&engine, &[removed::remove(kind, i)]);
        }
        assert!(!engine.review().to_string().is_empty());
    })
}

#[test]
fn work_that_people_cause_grows_with_what_they_state() {
    macro_rules! cases {
        ($( $name:ident($small:expr) = $prepare:expr; )*) => {
            vec![$( Case { name: stringify!($name), small: $small, prepare: $prepare } ),*]
        };
    }
    keep_in_proportion(cases! {
        moves_in_a_tangled_hierarchy(3_000) = tangled;
        hierarchy_replaced(3_000) = replaced;
        positions_moved_below_many_people(900) = moved_below_many;
        hierarchy_replaced_below_many_people(900) = replaced_below_many;
        inheritance_from_the_top(200) = from_the_top;
        inheritance_imported(400) = imported;
        denies_of_an_older_catalog_loaded(1_000) = |n| loaded(older(n, denied));
        exceptions_of_an_older_catalog_loaded(1_000) = |n| loaded(older(n, excepted));
        denies_of_an_older_catalog_changed(1_000) = |n| described(older(n, denied));
        exceptions_of_an_older_catalog_changed(1_000) = |n| described(older(n, excepted));
        ticks_in_one_transaction(400) = ticked;
        people_made_and_removed(500) = people_removed;
        tokens_permitted_actions(40) = |n| asked_by_token(n, permitted);
        tokens_capabilities(40) = |n| asked_by_token(n, capable);
        tokens_screen(40) = |n| asked_by_token(n, drawn);
        tokens_last_operation(40) = |n| asked_by_token(n, last);
        roles_reviewed(1_600) = reviewed;
        roles_in_line_reviewed(1_600) = reviewed_line;
        changes_after_roles_were_removed(2_000) = |n| changed_after("role", n);
        changes_after_packages_were_removed(2_000) = |n| changed_after("package", n);
        changes_after_positions_were_removed(2_000) = |n| changed_after("position", n);
        changes_after_people_were_removed(2_000) = |n| changed_after("user", n);
        sets_that_meet(3_000) = |n| compared(n, "one_of");
        sets_that_do_not(3_000) = |n| compared(n, "none_of");
        sets_that_are_equal(3_000) = |n| compared(n, "is");
    });
}

#[test]
fn more_changes_than_a_transaction_may_have_are_refused() {
    let engine = engine(
        &catalog(""),
        roles(vec![RoleDocument::new("r")]),
        people(std::iter::empty()),
    );
    let mut changes = vec![Change::assign_role("nobody", "r"); limits::CHANGES];
    let refused = |changes: &[Change]| {
        let applied = engine.apply(&Actor::System, Timestamp(1), changes);
        applied.expect_err("it is refused").reason.to_string()
    };
    assert_eq!(refused(&changes), "unknown user `nobody`");
    changes.push(Change::assign_role("ann", "r"));
    assert_eq!(
        refused(&changes),
        "the limit of `10000` changes in one transaction is reached"
    );
}
