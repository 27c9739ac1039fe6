//! Everything that small policies can say: up to 3 roles in every inheritance hierarchy, 2
//! permissions that each role leaves alone, grants at Own or at All, or denies; 2 users who hold
//! every set of roles; and records that the one, the other, or nobody owns. The engine says what the
//! reference says, decision and reason.
//!
//! Three roles are sampled; `BAILIWICK_EXHAUSTIVE=full` runs them all (in release, under 2 minutes).

mod reference;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick::document::{
    AssignmentDocument, CatalogDocument, DenialDocument, DirectoryDocument, FORMAT, GrantDocument,
    PolicyDocument, RoleDocument, UsedIdsDocument, UserDocument,
};
use bailiwick::{Catalog, Decision, DenyReason, Engine, Record, Scope, Timestamp, Warnings};

use reference::{Model, Outcome, OwnerPosition, Request, Resource, Subject};

/// Two permissions side by side, one below the other, and one that requires the other.
const CATALOGS: [&str; 3] = [
    r#"
        permissions = [{ path = "a", scopes = ["own", "all"] }, { path = "b", scopes = ["own", "all"] }]
        operations = [{ type = "t", action = "first", on = "record", allowed_by = ["a"] },
                      { type = "t", action = "second", on = "record", allowed_by = ["b"] }]
    "#,
    r#"
        permissions = [{ path = "a", scopes = ["own", "all"] }, { path = "a.b", scopes = ["own", "all"] }]
        operations = [{ type = "t", action = "first", on = "record", allowed_by = ["a"] },
                      { type = "t", action = "second", on = "record", allowed_by = ["a", "a.b"] }]
    "#,
    r#"
        permissions = [{ path = "a", scopes = ["own", "all"] },
                       { path = "b", scopes = ["own", "all"], requires = ["a"] }]
        operations = [{ type = "t", action = "first", on = "record", allowed_by = ["a"] },
                      { type = "t", action = "second", on = "record", allowed_by = ["b"] }]
    "#,
];
const ACTIONS: [&str; 2] = ["first", "second"];

/// The hierarchies of 1, 2 and 3 roles up to the names of the roles: pairs of senior and junior.
const HIERARCHIES: [(usize, &[(usize, usize)]); 9] = [
    (1, &[]),
    (2, &[]),
    (2, &[(1, 0)]),
    (3, &[]),
    (3, &[(1, 0)]),
    (3, &[(1, 0), (2, 1)]),
    (3, &[(1, 0), (2, 0)]),
    (3, &[(2, 0), (2, 1)]),
    (3, &[(1, 0), (2, 0), (2, 1)]),
];
const ROLES: [&str; 3] = ["r0", "r1", "r2"];
const RENAMINGS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];
const NOW: Timestamp = Timestamp(0);

/// A hierarchy, and what each role says of each permission.
struct Small {
    edges: &'static [(usize, usize)],
    /// Of each role: for the first permission times 4, and for the second; 0 nothing, 1 Own, 2 All, 3 deny.
    says: Vec<usize>,
}

fn catalog_document(text: &str) -> CatalogDocument {
    let head = "format = 2\nid = \"small\"\nversion = 1\ntypes = [{ id = \"t\" }]\n";
    toml::from_str(&format!("{head}{text}")).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether no renaming of the roles that keeps the hierarchy makes the lists smaller: of the policies
/// that are the same up to names, one is kept.
fn is_first_of_its_kind(small: &Small) -> bool {
    let count = small.says.len();
    let edge = |senior, junior| small.edges.contains(&(senior, junior));
    RENAMINGS
        .iter()
        .filter(|to| {
            to[count..]
                .iter()
                .enumerate()
                .all(|(i, it)| *it == count + i)
        })
        .all(|to| {
            let keeps = (0..count).all(|a| (0..count).all(|b| edge(a, b) == edge(to[a], to[b])));
            let renamed: Vec<usize> = (0..count).map(|role| small.says[to[role]]).collect();
            !keeps || small.says <= renamed
        })
}

fn every_policy() -> Vec<Small> {
    let mut all = Vec::new();
    for (roles, edges) in HIERARCHIES {
        for number in 0..16_usize.pow(roles as u32) {
            let says = (0..roles).map(|role| number >> (4 * role) & 15).collect();
            let small = Small { edges, says };
            if is_first_of_its_kind(&small) {
                all.push(small);
            }
        }
    }
    all
}

fn policy_document(small: &Small, catalog: &CatalogDocument) -> PolicyDocument {
    let role = |(index, says): (usize, &usize)| {
        let (mut grants, mut denies) = (Vec::new(), Vec::new());
        for (permission, said) in catalog.permissions.iter().zip([says >> 2, says & 3]) {
            let select = permission.path.clone();
            let except = Vec::new();
            match said {
                0 => {}
                3 => denies.push(DenialDocument { select, except }),
                said => {
                    let scope = Some(if said == 1 { Scope::Own } else { Scope::All });
                    grants.push(GrantDocument {
                        select,
                        scope,
                        except,
                    });
                }
            }
        }
        let juniors = small.edges.iter().filter(|(senior, _)| *senior == index);
        RoleDocument {
            id: ROLES[index].to_owned(),
            name: None,
            description: None,
            created: None,
            inherits: juniors
                .map(|(_, junior)| ROLES[*junior].to_owned())
                .collect(),
            grants,
            denies,
        }
    };
    PolicyDocument {
        format: FORMAT,
        account: None,
        catalog_version: 1,
        revision: None,
        features: Vec::new(),
        settings: Default::default(),
        roles: small.says.iter().enumerate().map(role).collect(),
        packages: Vec::new(),
        positions: Vec::new(),
        used_ids: UsedIdsDocument {
            users: Vec::new(),
            roles: Vec::new(),
            positions: Vec::new(),
        },
    }
}

/// A user who holds the roles of that set.
fn user(id: &str, set: usize) -> UserDocument {
    let held = (0..ROLES.len()).filter(|role| set >> role & 1 == 1);
    let assignment = |role: usize| AssignmentDocument {
        id: ROLES[role].to_owned(),
        until: None,
    };
    UserDocument {
        id: id.to_owned(),
        name: None,
        suspended: false,
        position: None,
        roles: held.map(assignment).collect(),
        packages: Vec::new(),
        properties: Default::default(),
    }
}

fn directory(users: Vec<UserDocument>) -> DirectoryDocument {
    DirectoryDocument {
        format: FORMAT,
        users,
    }
}

/// Who owns the record, seen from who asks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum OwnedBy {
    Asker,
    Other,
    Nobody,
}

const OWNED: [OwnedBy; 3] = [OwnedBy::Asker, OwnedBy::Other, OwnedBy::Nobody];

/// What the reference says to a user who holds that set of roles.
fn expected(model: &Model, set: usize) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(6);
    for action in ACTIONS {
        for owned in OWNED {
            outcomes.push(model.check(&Request {
                subject: Subject::User {
                    id: format!("u{set}"),
                    account: None,
                },
                action: action.to_owned(),
                resource: Resource {
                    r#type: "t".to_owned(),
                    id: None,
                    on_type: false,
                    account: None,
                    owner: match owned {
                        OwnedBy::Asker => Some(format!("u{set}")),
                        OwnedBy::Other => Some("other".to_owned()),
                        OwnedBy::Nobody => None,
                    },
                    owner_position: OwnerPosition::Directory,
                    properties: Default::default(),
                },
                context: Default::default(),
            }));
        }
    }
    outcomes
}

fn is_same(decision: Decision, expected: &Outcome, catalog: &Catalog) -> bool {
    let path = |permission| catalog.permission_path(permission);
    let (at, fact, cause) = match decision.reason() {
        Some(DenyReason::PrerequisiteMissing {
            permission,
            on,
            cause,
        }) => (Some(on.as_str()), path(permission), Some(cause.code())),
        _ => (None, None, None),
    };
    decision.is_allow() == expected.allowed
        && decision.code() == expected.code
        && decision.permission().and_then(path) == expected.permission.as_deref()
        && decision.scope() == expected.scope
        && decision.filtered_by().is_none() == expected.filtered_by.is_none()
        && (at, fact, cause) == (expected.at, expected.fact.as_deref(), expected.cause)
}

/// Every pair of users of one policy; the number of decisions compared.
fn run(small: &Small, document: &CatalogDocument, catalog: &Catalog) -> usize {
    let policy = policy_document(small, document);
    let sets = 1_usize << small.says.len();
    // No rule lets one user's roles bear on another's without positions: the reference knows a user
    // for each set, the engine two at a time.
    let mut users: Vec<UserDocument> = (0..sets).map(|set| user(&format!("u{set}"), set)).collect();
    users.push(user("other", 0));
    let model = Model::new(document, &policy, &directory(users), NOW);
    let wanted: Vec<Vec<Outcome>> = (0..sets).map(|set| expected(&model, set)).collect();
    let mut compared = 0;
    for one in 0..sets {
        // Which of the two comes first is a matter of names.
        for two in one..sets {
            let users = directory(vec![user("one", one), user("two", two)]);
            let engine = match Engine::new(
                catalog,
                policy.clone(),
                users,
                NOW,
                Warnings::Into(&mut Vec::new()),
            ) {
                Ok(loaded) => loaded,
                Err(problems) => panic!(
                    "{problems}\n{}",
                    toml::to_string(&policy).unwrap_or_default()
                ),
            };
            for (asker, other, set) in [("one", "two", one), ("two", "one", two)] {
                let mut wanted = wanted[set].iter();
                for action in ACTIONS {
                    for owned in OWNED {
                        let record = match owned {
                            OwnedBy::Asker => Record::of("t").owner(asker),
                            OwnedBy::Other => Record::of("t").owner(other),
                            OwnedBy::Nobody => Record::of("t"),
                        };
                        let decision = engine.check(asker, action, &record);
                        compared += 1;
                        let wanted = wanted.next();
                        assert!(
                            wanted.is_some_and(|wanted| is_same(decision, wanted, catalog)),
                            "{asker} ({set:03b}) of {one:03b} and {two:03b}, {action}, {owned:?}: \
                             expected {wanted:?}, found {decision:?}\n{}",
                            toml::to_string(&policy).unwrap_or_default()
                        );
                    }
                }
            }
        }
    }
    compared
}

#[test]
fn every_small_policy_is_decided_as_the_reference_decides() {
    let full = std::env::var("BAILIWICK_EXHAUSTIVE").is_ok_and(|size| size == "full");
    let started = std::time::Instant::now();
    let mut policies = every_policy();
    let all = policies.len();
    if !full {
        // A prime, so that every hierarchy and every list comes up.
        let mut number = 0;
        policies.retain(|small| {
            number += 1;
            small.says.len() < 3 || number % 7 == 0
        });
    }
    let catalogs = CATALOGS.map(|text| {
        let document = catalog_document(text);
        let catalog = Catalog::new(document.clone(), Warnings::Into(&mut Vec::new()))
            .unwrap_or_else(|problems| panic!("{problems}"));
        (document, catalog)
    });
    let next = AtomicUsize::new(0);
    let compared = Mutex::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = 0;
                while let Some(small) = policies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (document, catalog) in &catalogs {
                        mine += run(small, document, catalog);
                    }
                }
                if let Ok(mut compared) = compared.lock() {
                    *compared += mine;
                }
            });
        }
    });
    let compared = compared.into_inner().unwrap_or_default();
    println!(
        "{} of {all} policies, each with {} catalogs: {compared} decisions in {:.1?}",
        policies.len(),
        catalogs.len(),
        started.elapsed()
    );
    assert!(compared > 100_000);
}
