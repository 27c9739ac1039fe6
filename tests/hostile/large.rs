//! Hierarchies of a million, and tokens with more roles than anybody: loaded, asked, and right.

use std::time::{Duration, Instant};

use bailiwick::document::{
    DirectoryDocument, PolicyDocument, PositionDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Record, Scope, Token, Warnings};

use crate::world::{self, NOW};
use crate::{beside_others, on_a_small_stack};

const MILLION: usize = 1_000_000;

/// Loading a million of anything takes seconds at most, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);

fn load(catalog: &Catalog, policy: PolicyDocument, directory: DirectoryDocument) -> Engine {
    let start = Instant::now();
    let loaded = Engine::new(
        catalog,
        policy,
        directory,
        NOW,
        Warnings::Into(&mut Vec::new()),
    );
    let engine = loaded.expect("a sound account");
    println!("loaded in {:.1?}", start.elapsed());
    assert!(
        start.elapsed() < PATIENCE,
        "loaded in {:?}",
        start.elapsed()
    );
    engine
}

fn role(i: usize) -> RoleDocument {
    RoleDocument::new(format!("r{i}"))
}

fn position(i: usize, above: impl IntoIterator<Item = usize>) -> PositionDocument {
    PositionDocument {
        id: format!("p{i}"),
        name: None,
        reports_to: above.into_iter().map(|it| format!("p{it}")).collect(),
    }
}

/// The two nodes of the rung above, from the third rung on each with two: 4 edges a rung.
fn rung_above(i: usize) -> impl Iterator<Item = usize> {
    let first = (i / 2).checked_sub(1).map(|rung| 2 * rung);
    first.into_iter().flat_map(|first| [first, first + 1])
}

fn contact(owner: &str) -> Record<'_> {
    Record::of("contact").owner(owner)
}

#[test]
fn a_chain_of_a_million_roles() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        let roles = (0..MILLION).map(|i| match i {
            0 => role(0).grant(("*", Scope::All)),
            500_000 => role(i).inherit("r499999").deny("contacts_extra"),
            _ => role(i).inherit(format!("r{}", i - 1)),
        });
        let policy = PolicyDocument {
            roles: roles.collect(),
            ..PolicyDocument::new(3)
        };
        let directory = DirectoryDocument::new([
            UserDocument::new("last").role("r999999"),
            UserDocument::new("below").role("r499999").role("r7"),
        ]);
        let engine = load(&world::catalog(), policy, directory);
        assert!(engine.check("last", "view", &contact("x")).is_allow());
        let types = bailiwick::OnType::named("contact");
        assert_eq!(engine.check("last", "extra", &types).code(), "denied");
        assert!(engine.check("below", "extra", &types).is_allow());
        let as_role = bailiwick::Subject::role("r999999");
        assert!(engine.check(as_role, "view", &contact("x")).is_allow());
    });
}

#[test]
fn a_chain_of_a_million_roles_that_bites_its_tail() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        let roles = (0..MILLION).map(|i| role(i).inherit(format!("r{}", (i + 1) % MILLION)));
        let policy = PolicyDocument {
            roles: roles.collect(),
            ..PolicyDocument::new(3)
        };
        let refused = Engine::new(
            &world::catalog(),
            policy,
            DirectoryDocument::new([]),
            NOW,
            Warnings::Into(&mut Vec::new()),
        );
        let problems = refused.expect_err("a cycle");
        assert_eq!(problems.len(), 1);
        let said = problems.to_string();
        assert!(said.starts_with("roles["), "{said}");
        assert!(said.contains("inheritance in a cycle: `r"), "{said}");
        assert!(said.contains("(1000000 in all)"), "{said}");
        assert!(said.len() < 1000, "{said}");
    });
}

#[test]
fn a_ladder_of_diamonds_of_roles() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        let count = MILLION / 2;
        let roles = (0..count).map(|i| {
            let made = rung_above(i).fold(role(i), |it, above| it.inherit(format!("r{above}")));
            match i {
                0 => made.grant(("contacts", Scope::All)),
                1 => made.deny("contacts_extra"),
                _ => made,
            }
        });
        let policy = PolicyDocument {
            roles: roles.collect(),
            ..PolicyDocument::new(3)
        };
        let edges: usize = policy.roles.iter().map(|it| it.inherits.len()).sum();
        assert_eq!(edges, MILLION - 4);
        let last = format!("r{}", count - 1);
        let directory = DirectoryDocument::new([
            UserDocument::new("last").role(last),
            UserDocument::new("first").role("r1"),
        ]);
        let engine = load(&world::catalog(), policy, directory);
        assert!(engine.check("last", "view", &contact("x")).is_allow());
        assert_eq!(
            engine.check("first", "view", &contact("x")).code(),
            "not_granted"
        );
    });
}

fn of_positions(positions: Vec<PositionDocument>) -> Engine {
    let last = format!("p{}", positions.len() - 1);
    let policy = PolicyDocument {
        positions,
        roles: vec![RoleDocument::new("boss").grant(("contacts", Scope::Reports))],
        ..PolicyDocument::new(3)
    };
    let directory = DirectoryDocument::new([
        UserDocument::new("first").role("boss").position("p0"),
        UserDocument::new("beside").role("boss").position("p1"),
        UserDocument::new("last").role("boss").position(last),
    ]);
    load(&world::catalog(), policy, directory)
}

#[test]
fn a_chain_of_a_million_positions() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        let engine = of_positions(
            (0..MILLION)
                .map(|i| position(i, i.checked_sub(1)))
                .collect(),
        );
        assert!(engine.check("first", "view", &contact("last")).is_allow());
        assert!(engine.check("beside", "view", &contact("last")).is_allow());
        assert!(!engine.check("last", "view", &contact("first")).is_allow());
        let at = |i: usize| engine.position(&format!("p{i}")).expect("known");
        for (low, high) in [(1, 0), (500_001, 500_000), (999_999, 1)] {
            assert!(engine.is_below(at(low), at(high)) && !engine.is_below(at(high), at(low)));
        }
        assert!(!engine.is_below(at(7), at(7)));
    });
}

#[test]
fn a_chain_of_a_million_positions_that_bites_its_tail() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        let positions = (0..MILLION).map(|i| position(i, [(i + 1) % MILLION]));
        let policy = PolicyDocument {
            positions: positions.collect(),
            ..PolicyDocument::new(3)
        };
        let refused = Engine::new(
            &world::catalog(),
            policy,
            DirectoryDocument::new([]),
            NOW,
            Warnings::Into(&mut Vec::new()),
        );
        let said = refused.expect_err("a cycle").to_string();
        assert!(said.contains("(1000000 in all)"), "{said}");
        assert!(said.len() < 1000 && said.lines().count() == 1, "{said}");
    });
}

#[test]
fn a_ladder_of_diamonds_of_positions() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        let count = MILLION / 2;
        let engine = of_positions((0..count).map(|i| position(i, rung_above(i))).collect());
        assert!(engine.check("first", "view", &contact("last")).is_allow());
        assert!(engine.check("beside", "view", &contact("last")).is_allow());
        assert!(!engine.check("beside", "view", &contact("first")).is_allow());
        assert!(!engine.check("last", "view", &contact("first")).is_allow());
        let at = |i: usize| engine.position(&format!("p{i}")).expect("known");
        assert!(
            engine.is_below(at(250_002), at(250_001)) && engine.is_below(at(250_002), at(250_000))
        );
        assert!(
            !engine.is_below(at(250_001), at(250_000))
                && !engine.is_below(at(250_000), at(250_001))
        );
    });
}

/// D18: no number of roles lets one slip through unseen, be it unknown, forbidden or a deny.
#[test]
fn a_token_with_ten_thousand_roles() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        const MANY: usize = 10_000;
        let text = world::CATALOG.replace(
            "tokens = { system_roles = [\"system:member\"] }",
            "tokens = { account_roles = true }",
        );
        let catalog = bailiwick::document::CatalogDocument::from_toml("catalog.toml", &text);
        let catalog =
            Catalog::new(catalog, Warnings::Into(&mut Vec::new())).expect("a sound catalog");
        let roles = (0..MANY).map(|i| match i {
            9_998 => role(i).grant(("*", Scope::All)),
            9_999 => role(i).deny("contacts.delete"),
            _ => role(i),
        });
        let policy = PolicyDocument {
            roles: roles.collect(),
            ..PolicyDocument::new(3)
        };
        let engine = load(&catalog, policy, DirectoryDocument::new([]));
        let names = || (0..MANY).map(|i| format!("r{i}"));
        let all = Token::new(names()).id("ann");
        let start = Instant::now();
        assert!(engine.check(&all, "view", &contact("x")).is_allow());
        assert_eq!(engine.check(&all, "delete", &contact("x")).code(), "denied");
        let (bulk, types) = ("bulk", bailiwick::OnType::named("contact"));
        assert_eq!(engine.check(&all, bulk, &types).code(), "feature_disabled");
        let granted_last = Token::new(names().take(9_999));
        assert!(
            engine
                .check(&granted_last, "delete", &contact("x"))
                .is_allow()
        );
        let ungranted = Token::new(names().take(9_998));
        assert_eq!(
            engine.check(&ungranted, "view", &contact("x")).code(),
            "not_granted"
        );
        let unknown = Token::new(names().chain(["r10000".to_owned()]));
        assert_eq!(
            engine.check(&unknown, "view", &contact("x")).code(),
            "unknown_role"
        );
        let forbidden = Token::new(names().chain(["system:member".to_owned()]));
        assert_eq!(
            engine.check(&forbidden, "view", &contact("x")).code(),
            "unknown_role"
        );
        let invalid = Token::new(names().chain(["r\0".to_owned()]));
        assert_eq!(
            engine.check(&invalid, "view", &contact("x")).code(),
            "invalid_identifier"
        );
        // The same role ten thousand times is that role.
        let same = Token::new(vec!["r9998"; MANY]);
        assert!(engine.check(&same, "view", &contact("x")).is_allow());
        let taken = start.elapsed();
        println!("nine checks of 10,000 roles in {taken:.1?}");
        assert!(taken < Duration::from_secs(2), "{taken:?}");
    });
}

/// A user with every role there is, and one with a package that has them all.
#[test]
fn a_user_with_a_hundred_thousand_roles() {
    let _busy = beside_others();
    on_a_small_stack(|| {
        const MANY: usize = 100_000;
        let mut roles: Vec<RoleDocument> = (0..MANY).map(role).collect();
        roles[MANY - 1] = role(MANY - 1).grant(("contacts", Scope::All));
        let names = || (0..MANY).map(|i| format!("r{i}"));
        let policy = PolicyDocument {
            roles,
            packages: vec![bailiwick::document::PackageDocument {
                id: "pack".to_owned(),
                name: None,
                description: None,
                created: None,
                roles: names().collect(),
            }],
            ..PolicyDocument::new(3)
        };
        let directory = DirectoryDocument::new([
            names().fold(UserDocument::new("direct"), UserDocument::role),
            UserDocument::new("packed").package("pack"),
        ]);
        let engine = load(&world::catalog(), policy, directory);
        assert!(engine.check("direct", "view", &contact("x")).is_allow());
        assert!(engine.check("packed", "view", &contact("x")).is_allow());
    });
}
