//! The worlds that benches measure, made at random from a fixed seed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bailiwick::document::{
    AccountsServed, AdministrationDocument, AskedOn, CatalogDocument, FORMAT, OperationDocument,
    PackageDocument, PairDocument, PermissionDocument, PolicyDocument, PositionDocument, Reach,
    RoleDocument, TypeDocument, UserDocument,
};
use bailiwick::{
    Catalog, Engine, OperationId, Owner, Record, Resource, ResourceType, Scope, Timestamp, UserId,
    Warnings,
};

/// A splitmix64 generator: the same worlds on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.draw() % n as u64) as usize
    }
}

/// The documents of a world, and the shape of its requests.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) catalog: CatalogDocument,
    pub(crate) policy: PolicyDocument,
    pub(crate) users: Vec<UserDocument>,
    /// How many different requests are asked in turn.
    pub(crate) requests: usize,
}

/// A request by handles; the record is the host's own struct.
#[derive(Clone, Copy)]
pub(crate) struct ByHandle {
    pub(crate) user: UserId,
    pub(crate) operation: OperationId,
    pub(crate) record: Owned,
}

#[derive(Clone, Copy)]
pub(crate) struct Owned(pub(crate) UserId);

impl Resource for Owned {
    fn owner(&self) -> Owner<'_> {
        Owner::User(self.0)
    }
}

/// The same request by names. Those of all requests lie one behind the other: what a host has just read
/// from a connection is in the caches, and not the peer of the tables there.
#[derive(Clone, Copy)]
pub(crate) struct ByName {
    pub(crate) user: &'static str,
    pub(crate) action: &'static str,
    pub(crate) owner: &'static str,
}

impl Resource for ByName {
    fn resource_type(&self) -> ResourceType<'_> {
        ResourceType::Named("thing")
    }

    fn owner(&self) -> Owner<'_> {
        Owner::Named(self.owner)
    }
}

impl ByName {
    pub(crate) fn record(&self) -> Record<'_> {
        Record::of("thing").owner(self.owner)
    }
}

/// W1: 3 roles × 14 operations, 30 users, every grant at All.
pub(crate) fn w1() -> World {
    let mut random = Random(1);
    let roles = (0..3)
        .map(|role| {
            (0..14).filter(|_| random.below(2) == 0).fold(
                RoleDocument::new(format!("role-{role}")),
                |role, permission| role.grant((format!("p{permission}").as_str(), Scope::All)),
            )
        })
        .collect();
    let users = (0..30)
        .map(|user| UserDocument::new(name(user)).role(format!("role-{}", user % 3)))
        .collect();
    World {
        name: "W1",
        catalog: catalog(14, &[Scope::All]),
        policy: PolicyDocument {
            roles,
            ..PolicyDocument::new(1)
        },
        users,
        requests: 1 << 10,
    }
}

/// W2: 100 roles × 60 permissions in a tree, 10,000 users through packages of 1 to 3 roles.
pub(crate) fn w2() -> World {
    let mut random = Random(2);
    let roles = (0..100)
        .map(|role| {
            (0..60).filter(|_| random.below(3) == 0).fold(
                RoleDocument::new(format!("role-{role}")),
                |role, permission| role.grant((path(60, permission).as_str(), Scope::All)),
            )
        })
        .collect();
    let packages = (0..100)
        .map(|package| {
            let size = 1 + random.below(3);
            let mut roles: Vec<String> = (0..size)
                .map(|_| format!("role-{}", random.below(100)))
                .collect();
            roles.sort();
            roles.dedup();
            PackageDocument {
                id: format!("package-{package}"),
                name: None,
                description: None,
                created: None,
                roles,
            }
        })
        .collect();
    let users = (0..10_000)
        .map(|user| UserDocument::new(name(user)).package(format!("package-{}", random.below(100))))
        .collect();
    World {
        name: "W2",
        catalog: catalog(60, &[Scope::All]),
        policy: PolicyDocument {
            roles,
            packages,
            ..PolicyDocument::new(1)
        },
        users,
        requests: 1 << 14,
    }
}

/// W3: 1,000 positions about 8 deep, 5 % of them with two parents, 10,000 users, 20 permissions at
/// random scopes.
pub(crate) fn w3() -> World {
    hierarchy("W3", 1_000, 10_000, 1 << 14)
}

/// W4: W3 ten times over.
pub(crate) fn w4() -> World {
    hierarchy("W4", 10_000, 100_000, 1 << 17)
}

/// W5: W4 ten times over.
pub(crate) fn w5() -> World {
    hierarchy("W5", 100_000, 1_000_000, 1 << 17)
}

/// A world like W3, of any size.
pub(crate) fn hierarchy(
    name: &'static str,
    positions: usize,
    users: usize,
    requests: usize,
) -> World {
    let mut random = Random(positions as u64);
    let roles = (0..20)
        .map(|role| {
            (0..20).fold(
                RoleDocument::new(format!("role-{role}")),
                |role, permission| match random.below(5) {
                    0 => role,
                    scope => {
                        role.grant((format!("p{permission}").as_str(), Scope::EVERY[scope - 1]))
                    }
                },
            )
        })
        .collect();
    // Eight levels, each the same factor larger than the one above.
    let factor = (positions as f64).powf(1.0 / 7.5);
    let mut levels: Vec<(usize, usize)> = vec![(0, 1)];
    while let Some(&(_, end)) = levels.last()
        && end < positions
    {
        let size = ((factor.powi(levels.len() as i32)) as usize).max(1);
        let last = levels.len() == 7;
        levels.push((
            end,
            if last {
                positions
            } else {
                (end + size).min(positions)
            },
        ));
    }
    let mut written = Vec::with_capacity(positions);
    for (depth, &(start, end)) in levels.iter().enumerate() {
        for position in start..end {
            let mut reports_to = Vec::new();
            if let Some(&(above, above_end)) = depth.checked_sub(1).and_then(|it| levels.get(it)) {
                reports_to.push(above + random.below(above_end - above));
                let second = above + random.below(above_end - above);
                if random.below(20) == 0 && second != reports_to[0] {
                    reports_to.push(second);
                }
            }
            written.push(PositionDocument {
                id: format!("position-{position}"),
                name: None,
                reports_to: reports_to
                    .iter()
                    .map(|it| format!("position-{it}"))
                    .collect(),
            });
        }
    }
    let users = (0..users)
        .map(|user| {
            UserDocument::new(self::name(user))
                .role(format!("role-{}", random.below(20)))
                .position(format!("position-{}", random.below(positions)))
        })
        .collect();
    World {
        name,
        catalog: catalog(20, &Scope::EVERY),
        policy: PolicyDocument {
            roles,
            positions: written,
            ..PolicyDocument::new(1)
        },
        users,
        requests,
    }
}

/// WR: as many people, permissions and grants as a published set of a company's real rights has, and a role
/// for each of the people.
pub(crate) fn wr() -> World {
    rights("WR", 3_485, 10_127, 185_294, 1 << 14)
}

/// A world like WR, of any size: most people are granted a few permissions, most permissions are granted to
/// a few people, and each to somebody.
pub(crate) fn rights(
    name: &'static str,
    people: usize,
    permissions: usize,
    grants: usize,
    requests: usize,
) -> World {
    let mut random = Random(grants as u64);
    let mut granted: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); people];
    let mut left = grants;
    let mut grant = |person: usize, permission: usize| {
        left -= usize::from(left > 0 && granted[person].insert(permission));
        left
    };
    for permission in 0..permissions {
        grant(random.below(people), permission);
    }
    // Below a number that is itself drawn below another: the lower, the more often.
    let mut below = |many: usize, times: usize| {
        (1..times).fold(random.below(many), |below, _| random.below(below + 1))
    };
    while grant(below(people, 2), below(permissions, 3)) > 0 {}
    let roles = granted.iter().enumerate().map(|(person, granted)| {
        granted.iter().fold(
            RoleDocument::new(format!("role-{person}")),
            |role, &permission| role.grant((path(permissions, permission).as_str(), Scope::All)),
        )
    });
    World {
        name,
        catalog: catalog(permissions, &[Scope::All]),
        policy: PolicyDocument {
            roles: roles.collect(),
            ..PolicyDocument::new(1)
        },
        users: (0..people)
            .map(|person| UserDocument::new(self::name(person)).role(format!("role-{person}")))
            .collect(),
        requests,
    }
}

/// Names of 12 bytes, in no order.
pub(crate) fn name(user: usize) -> String {
    let mixed = Random(user as u64).draw() as u32;
    format!("u{user:05x}{mixed:08x}").chars().take(12).collect()
}

/// A tree of two levels where there are many permissions, flat otherwise.
fn path(permissions: usize, permission: usize) -> String {
    if permissions < 60 || permission.is_multiple_of(10) {
        return format!("p{permission}");
    }
    format!("p{}.q{permission}", permission - permission % 10)
}

fn catalog(permissions: usize, scopes: &[Scope]) -> CatalogDocument {
    let nothing = AdministrationDocument {
        changes: BTreeMap::new(),
        account_roles: bailiwick::document::AccountRolesDocument {
            assign: None,
            revoke: None,
        },
        exempt: Vec::new(),
        removal_revokes_nothing: false,
    };
    CatalogDocument {
        format: FORMAT,
        id: "bench".to_owned(),
        version: 1,
        accounts: AccountsServed::One,
        reach: Reach::Owned,
        features: Vec::new(),
        permissions: (0..permissions)
            .map(|permission| PermissionDocument {
                path: path(permissions, permission),
                label: None,
                description: None,
                level: None,
                scopes: scopes.to_vec(),
                default_scope: None,
                features: Vec::new(),
                requires: Vec::new(),
                suggests: Vec::new(),
                adjustable: None,
            })
            .collect(),
        types: vec![TypeDocument {
            id: "thing".to_owned(),
            label: None,
            properties: BTreeMap::new(),
            reassign: None,
            read: None,
            fields: Vec::new(),
        }],
        subject_properties: BTreeMap::new(),
        context_properties: BTreeMap::new(),
        operations: (0..permissions)
            .map(|permission| OperationDocument {
                r#type: "thing".to_owned(),
                action: format!("action-{permission}"),
                label: None,
                on: AskedOn::Record,
                open: false,
                allowed_by: vec![PairDocument {
                    permission: path(permissions, permission),
                    features: Vec::new(),
                    requires: Vec::new(),
                    when: Vec::new(),
                }],
                features: Vec::new(),
                requires: Vec::new(),
                when: Vec::new(),
                filtered_by: None,
                creates: None,
            })
            .collect(),
        roles: Vec::new(),
        tokens: bailiwick::document::TokensDocument {
            system_roles: Vec::new(),
            account_roles: false,
        },
        administration: nothing,
        renamed: Vec::new(),
        retired: Vec::new(),
    }
}

impl World {
    /// Compiles the world from memory, its users through the API.
    pub(crate) fn load(&self, catalog: &Catalog) -> Engine {
        let mut builder =
            Engine::builder(catalog, self.policy.clone(), Timestamp(0)).expect("a sound policy");
        builder.reserve(self.users.len());
        for user in &self.users {
            builder.add(user).expect("a sound user");
        }
        builder
            .build(Warnings::Into(&mut Vec::new()))
            .expect("a sound world")
    }

    /// Random requests, half of them allowed, half denied, in random order.
    pub(crate) fn requests(&self, engine: &Engine) -> (Vec<ByHandle>, Vec<ByName>) {
        let mut random = Random(99);
        let operations: Vec<OperationId> = engine.catalog().operations().collect();
        let ids: Vec<UserId> = self
            .users
            .iter()
            .map(|user| engine.user(&user.id).expect("a known user"))
            .collect();
        let mut left = [self.requests / 2; 2];
        let mut by_handle = Vec::with_capacity(self.requests);
        let mut numbers = Vec::with_capacity(self.requests);
        while left != [0, 0] {
            let (user, owner) = (random.below(ids.len()), random.below(ids.len()));
            let number = random.below(operations.len());
            let request = ByHandle {
                user: ids[user],
                operation: operations[number],
                record: Owned(ids[owner]),
            };
            let allowed = engine
                .check(request.user, request.operation, &request.record)
                .is_allow();
            let left = &mut left[usize::from(allowed)];
            if *left == 0 {
                continue;
            }
            *left -= 1;
            by_handle.push(request);
            numbers.push([user, owner, number]);
        }
        let actions: Vec<&'static str> = (0..operations.len())
            .map(|number| format!("action-{number}").leak() as &str)
            .collect();
        let name = |user: &usize| self.users[*user].id.as_str();
        let names = numbers.iter().flat_map(|[user, owner, _]| [user, owner]);
        let text: String = names.map(name).collect();
        let mut left: &'static str = text.leak();
        let mut next = |user| {
            let (name, after) = left.split_at(name(user).len());
            left = after;
            name
        };
        let by_name = numbers.iter().map(|[user, owner, number]| ByName {
            user: next(user),
            owner: next(owner),
            action: actions[*number],
        });
        let by_name = by_name.collect();
        (by_handle, by_name)
    }

    /// User, operation and owner of these requests, by number.
    pub(crate) fn numbered(&self, requests: &[ByName]) -> Vec<[usize; 3]> {
        let users: HashMap<&str, usize> = self
            .users
            .iter()
            .map(|it| it.id.as_str())
            .zip(0..)
            .collect();
        let operations = self.catalog.operations.iter();
        let operations: HashMap<&str, usize> =
            operations.map(|it| it.action.as_str()).zip(0..).collect();
        requests
            .iter()
            .map(|it| [users[it.user], operations[it.action], users[it.owner]])
            .collect()
    }
}
