//! Hierarchies that would explode, were ways worked out before they are asked for; and such as would
//! overflow a stack, were they walked by recursion.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, PositionDocument, RoleDocument,
    UserDocument,
};
use bailiwick::explain::{Cause, Node};
use bailiwick::{Catalog, Engine, Record, Scope, Timestamp, Warnings};

const CATALOG: &str = r#"{
    "format": 2, "id": "ladder", "version": 1,
    "permissions": [{ "path": "rung", "scopes": ["own", "reports", "all"] }],
    "types": [{ "id": "thing" }],
    "operations": [{ "type": "thing", "action": "climb", "on": "record", "allowed_by": ["rung"] }]
}"#;

fn catalog() -> Catalog {
    let document: CatalogDocument = serde_json::from_str(CATALOG).unwrap();
    Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap()
}

fn engine(policy: PolicyDocument, users: Vec<UserDocument>) -> Engine {
    let loaded = Engine::new(
        &catalog(),
        policy,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    loaded.unwrap()
}

fn thing() -> Record<'static> {
    Record::of("thing").id("1").owner("bob")
}

/// Rungs of two roles, each inheriting both of the next rung: 2^40 ways to the grant at the end. The
/// role `short` leads there at once, and grants at `own` alone; `longer` takes a step more.
#[test]
fn a_ladder_of_two_to_the_forty_ways() {
    const RUNGS: usize = 40;
    let mut roles = vec![
        RoleDocument::new("foot").grant(("rung", Scope::All)),
        RoleDocument::new("short").grant(("rung", Scope::Own)),
    ];
    let mut longer = RoleDocument::new("longer");
    longer.inherits.push("foot".to_owned());
    roles.push(longer);
    for rung in 0..RUNGS {
        for side in ["left", "right"] {
            let mut role = RoleDocument::new(format!("{side}-{rung}"));
            match rung + 1 {
                RUNGS => role.inherits.push("foot".to_owned()),
                next => role
                    .inherits
                    .extend(["left", "right"].map(|it| format!("{it}-{next}"))),
            }
            roles.push(role);
        }
    }
    let policy = PolicyDocument {
        roles,
        ..PolicyDocument::new(1)
    };
    let ann = ["left-0", "right-0", "longer", "short"]
        .into_iter()
        .fold(UserDocument::new("ann"), |user, role| user.role(role));
    let engine = engine(policy, vec![ann, UserDocument::new("bob")]);
    let why = engine.explain("ann", "climb", &thing());
    assert!(why.decision().is_allow());
    // The subject, two grants, the permission, 83 roles; four edges from each rung to the next.
    assert_eq!(why.grants().nodes().len(), 1 + 2 + 1 + 3 + 2 * RUNGS);
    assert_eq!(
        why.grants().edges().len(),
        4 + 4 * (RUNGS - 1) + 2 + 1 + 2 + 2
    );

    let lengths: Vec<usize> = why
        .derivations("rung")
        .take(10_000)
        .map(|way| way.steps().len())
        .collect();
    let long = 1 + RUNGS + 1 + 1 + 1;
    assert_eq!(&lengths[..4], [4, 5, long, long]);
    assert!(lengths[2..].iter().all(|length| *length == long));

    let mut seen = std::collections::HashSet::new();
    for way in why.derivations("rung").take(10_000) {
        assert!(seen.insert(way.to_string()), "{way} twice");
        assert!(matches!(way.steps()[0], Node::Subject { .. }));
        assert!(matches!(
            way.steps()[way.steps().len() - 1],
            Node::Permission(_)
        ));
    }
    // What does not reach far enough is left out before any way is made.
    let wide = why.grants().derivations_reaching("rung", Scope::All);
    assert_eq!(
        wide.take(3)
            .map(|way| way.steps().len())
            .collect::<Vec<_>>(),
        [5, long, long]
    );
    assert!(why.to_string().contains("…and in other ways"));
    assert!(serde_json::to_string(&why).unwrap().len() < 30_000);
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(test).unwrap().join().unwrap();
}

#[test]
fn a_chain_of_a_hundred_thousand_roles() {
    on_a_small_stack(|| {
        const ROLES: usize = 99_000;
        let role = |n: usize| format!("role-{n}");
        let mut roles: Vec<RoleDocument> = (0..ROLES)
            .map(|n| {
                let mut document = RoleDocument::new(role(n));
                if n + 1 < ROLES {
                    document.inherits.push(role(n + 1));
                }
                document
            })
            .collect();
        roles[ROLES - 1] = RoleDocument::new(role(ROLES - 1)).grant(("rung", Scope::All));
        let policy = PolicyDocument {
            roles,
            ..PolicyDocument::new(1)
        };
        let users = vec![
            UserDocument::new("ann").role(role(0)),
            UserDocument::new("bob"),
        ];
        let engine = engine(policy, users);
        let why = engine.explain("ann", "climb", &thing());
        let ways: Vec<usize> = why.derivations("rung").map(|it| it.steps().len()).collect();
        assert_eq!(ways, [ROLES + 3]);
        let text = why.derivations("rung").next().unwrap().to_string();
        assert!(text.starts_with("`ann` → role `role-0` → role `role-1` → "));
        assert!(text.contains(&format!(" → {} more → ", ROLES + 3 - 64)));
        assert!(text.ends_with("grant `rung` → `rung` at `all`"));
        assert_eq!(text.matches(" → ").count(), 64);
        assert!(why.to_string().len() < 4_000);
        // Whoever has none of them is told of all.
        let why_not = engine.explain("bob", "climb", &thing());
        let lacks = why_not
            .causes()
            .filter(|it| matches!(it, Cause::RoleInNoPackage { .. }));
        assert_eq!(lacks.count(), ROLES);
        assert!(why_not.to_string().len() < 2_000, "{why_not}");
        drop(why);
    });
}

#[test]
fn a_chain_of_a_hundred_thousand_positions() {
    on_a_small_stack(|| {
        const POSITIONS: usize = 100_000;
        let position = |n: usize| format!("position-{n}");
        let positions = (0..POSITIONS)
            .map(|n| PositionDocument {
                id: position(n),
                name: None,
                reports_to: n.checked_sub(1).map(position).into_iter().collect(),
            })
            .collect();
        let policy = PolicyDocument {
            roles: vec![RoleDocument::new("climber").grant(("rung", Scope::Reports))],
            positions,
            ..PolicyDocument::new(1)
        };
        let users = vec![
            UserDocument::new("ann")
                .role("climber")
                .position(position(0)),
            UserDocument::new("bob").position(position(POSITIONS - 1)),
        ];
        let why = engine(policy, users).explain("ann", "climb", &thing());
        assert!(why.decision().is_allow());
        assert_eq!(why.reach().unwrap().path.len(), POSITIONS);
        assert!(why.to_string().len() < 2_000);
    });
}

/// Each permission needs the one before; the first is nobody's. Every one of them is told, and the
/// root among them.
#[test]
fn a_chain_of_prerequisites() {
    on_a_small_stack(|| {
        const PERMISSIONS: usize = 1_000;
        let mut document: CatalogDocument = serde_json::from_str(CATALOG).unwrap();
        let first = document.permissions[0].clone();
        for n in 1..PERMISSIONS {
            let mut next = first.clone();
            next.path = format!("rung-{n}");
            next.requires = vec![match n {
                1 => "rung".to_owned(),
                _ => format!("rung-{}", n - 1),
            }];
            document.permissions.push(next);
        }
        document.operations[0].allowed_by[0].permission = format!("rung-{}", PERMISSIONS - 1);
        let policy = PolicyDocument {
            roles: vec![
                (1..PERMISSIONS).fold(RoleDocument::new("climber"), |role, n| {
                    role.grant((format!("rung-{n}").as_str(), Scope::All))
                }),
            ],
            ..PolicyDocument::new(1)
        };
        let users = DirectoryDocument::new([UserDocument::new("ann").role("climber")]);
        let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).unwrap();
        let engine = Engine::new(
            &catalog,
            policy,
            users,
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        )
        .unwrap();
        let why = engine.explain("ann", "climb", &thing());
        assert_eq!(why.permissions().len(), PERMISSIONS);
        let roots: Vec<&str> = why
            .causes()
            .filter(|it| !matches!(it, Cause::PrerequisiteMissing { .. }))
            .map(Cause::code)
            .collect();
        assert_eq!(roots, ["not_granted"]);
        assert_eq!(why.permissions().last().unwrap().permission.id, "rung");
    });
}
