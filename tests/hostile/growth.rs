//! Work that the people of an account can cause grows with what they state: ten times the document or
//! the change takes at most fifteen times as long. What grows faster has a limit, and is refused past it.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::*;
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings, limits};

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
fn removed(n: usize) -> Run {
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

#[test]
fn work_that_people_cause_grows_with_what_they_state() {
    macro_rules! cases {
        ($( $name:ident($small:expr) = $prepare:expr; )*) => {
            vec![$( Case { name: stringify!($name), small: $small, prepare: $prepare } ),*]
        };
    }
    keep_in_proportion(cases! {
        moves_in_a_tangled_hierarchy(3_000) = tangled;
        inheritance_from_the_top(200) = from_the_top;
        inheritance_imported(400) = imported;
        denies_of_an_older_catalog_loaded(1_000) = |n| loaded(older(n, denied));
        exceptions_of_an_older_catalog_loaded(1_000) = |n| loaded(older(n, excepted));
        denies_of_an_older_catalog_changed(1_000) = |n| described(older(n, denied));
        exceptions_of_an_older_catalog_changed(1_000) = |n| described(older(n, excepted));
        ticks_in_one_transaction(400) = ticked;
        people_made_and_removed(500) = removed;
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
