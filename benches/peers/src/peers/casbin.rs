//! casbin: a rule for each grant, roles by `g`, positions by `g2`.
//!
//! - The model is RBAC (casbin.org/docs/rbac) with packages as roles that have roles, and the reporting
//!   hierarchy as a second role system, as "RBAC with resource roles" has for what is acted on. Owner and
//!   positions come with the request, as in casbin.org/docs/abac: casbin keeps no users (its README), so
//!   the host does, in a map beside it that is looked up in time. They are plain texts, which a request
//!   turns into casbin's values faster than structs.
//! - The matcher compares the action before it asks for a role, which is dearer: casbin looks at every
//!   rule in turn.
//! - Loading is as in its own benchmark.rs: rules in bulk, role links not built until the end.
//! - casbin.org/docs/performance has two answers to many rules: fewer rules (here there are as many as
//!   grants, whoever has them) and shards by tenant (here there is one account).
//!
//! Twice: `Enforcer`, and `CachedEnforcer` with a cache in which every request that is timed has its place
//! and its answer: the most a cache can do. Its own default is 200 places, and any change empties it.

use std::collections::HashMap;

use bailiwick::Scope;
use casbin::prelude::*;
use casbin::{CachedApi, DefaultCache};

use crate::contest::Peer;
use crate::facts::{Facts, Listing};
use crate::worlds::ByName;

const UNSCOPED: &str = "
[request_definition]
r = sub, act

[policy_definition]
p = sub, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.act == p.act && g(r.sub, p.sub)
";

const SCOPED: &str = r#"
[request_definition]
r = sub, pos, act, owner, ownerpos

[policy_definition]
p = sub, act, scope

[role_definition]
g = _, _
g2 = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.act == p.act && g(r.sub, p.sub) && (p.scope == "all" || r.owner == r.sub || p.scope == "peers" && g2(r.ownerpos, r.pos) || p.scope == "reports" && r.ownerpos != r.pos && g2(r.ownerpos, r.pos))
"#;

/// More than are ever timed.
const PLACES: usize = 1 << 20;

/// What a host knows of its users, which casbin is told with each request.
struct Users {
    positions: HashMap<String, String>,
    scoped: bool,
}

impl Users {
    fn of(facts: &Facts) -> Users {
        let placed = facts.world.users.iter().filter_map(|user| {
            let position = user.position.as_ref()?;
            Some((user.id.clone(), position.clone()))
        });
        Users {
            positions: placed.collect(),
            scoped: facts.scoped,
        }
    }

    fn is_allowed(&self, enforcer: &impl CoreApi, user: &str, action: &str, owner: &str) -> bool {
        let answer = if self.scoped {
            let (mine, theirs) = (&*self.positions[user], &*self.positions[owner]);
            enforcer.enforce((user, mine, action, owner, theirs))
        } else {
            enforcer.enforce((user, action))
        };
        answer.expect("a matcher that runs")
    }
}

fn now<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}

async fn load<E: CoreApi + MgmtApi>(facts: &Facts) -> casbin::Result<E> {
    let text = if facts.scoped { SCOPED } else { UNSCOPED };
    let mut enforcer = E::new(DefaultModel::from_str(text).await?, ()).await?;
    enforcer.enable_auto_save(false);
    enforcer.enable_auto_build_role_links(false);
    let grants = facts.roles.iter().flat_map(|role| {
        role.grants.iter().map(|(action, scope)| {
            let mut rule = vec![role.id.clone(), action.clone()];
            if facts.scoped {
                rule.push(scope_name(*scope).to_owned());
            }
            rule
        })
    });
    enforcer.add_policies(grants.collect()).await?;
    let policy = &facts.world.policy;
    let links = |from: &str, to: &[String]| -> Vec<Vec<String>> {
        to.iter()
            .map(|it| vec![from.to_owned(), it.clone()])
            .collect()
    };
    let packages = policy.packages.iter();
    let mut roles: Vec<Vec<String>> = packages.flat_map(|it| links(&it.id, &it.roles)).collect();
    for user in &facts.world.users {
        let assigned = user.roles.iter().chain(&user.packages);
        roles.extend(assigned.map(|it| vec![user.id.clone(), it.id.clone()]));
    }
    enforcer.add_grouping_policies(roles).await?;
    if facts.scoped {
        let positions = policy.positions.iter();
        let above = positions.flat_map(|it| links(&it.id, &it.reports_to));
        enforcer
            .add_named_grouping_policies("g2", above.collect())
            .await?;
    }
    enforcer.build_role_links()?;
    // From here on each assignment is linked by itself.
    enforcer.enable_auto_build_role_links(true);
    Ok(enforcer)
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Own => "own",
        Scope::Reports => "reports",
        Scope::Peers => "peers",
        Scope::All => "all",
    }
}

fn assign(enforcer: &mut impl MgmtApi, user: &str, role: &str) {
    let added = now(enforcer.add_grouping_policy(vec![user.to_owned(), role.to_owned()]));
    assert!(added.expect("a sound assignment"), "assigned already");
}

pub(crate) struct Uncached {
    enforcer: Enforcer,
    users: Users,
}

pub(crate) struct Cached {
    enforcer: CachedEnforcer,
    users: Users,
}

macro_rules! peer {
    ($peer:ident, $prepared:expr) => {
        impl Peer for $peer {
            type Request = ByName;
            type Page = Listing;
            type Asker<'p> = &'p $peer;

            fn load(facts: &Facts) -> $peer {
                let enforcer = now(load(facts)).expect("a sound model");
                $peer {
                    enforcer: $prepared(enforcer),
                    users: Users::of(facts),
                }
            }

            fn request(&self, asked: &ByName) -> ByName {
                *asked
            }

            fn page(&self, listing: &Listing) -> Listing {
                listing.clone()
            }

            fn asker(&self) -> &$peer {
                self
            }

            fn check(it: &mut &$peer, asked: &ByName) -> bool {
                it.users
                    .is_allowed(&it.enforcer, asked.user, asked.action, asked.owner)
            }

            fn check_names(&self, asker: &mut Self::Asker<'_>, asked: &ByName) -> bool {
                Self::check(asker, asked)
            }

            fn list(it: &mut &$peer, page: &Listing) -> Vec<u32> {
                let rows = (0..).zip(&page.owners);
                rows.filter(|(_, owner)| {
                    it.users
                        .is_allowed(&it.enforcer, &page.user, &page.action, owner)
                })
                .map(|(i, _)| i)
                .collect()
            }

            fn assign(&mut self, user: &str, role: &str) {
                assign(&mut self.enforcer, user, role);
            }
        }
    };
}

peer!(Uncached, |enforcer: Enforcer| enforcer);
peer!(Cached, |mut enforcer: CachedEnforcer| {
    enforcer.set_cache(Box::new(DefaultCache::new(PLACES)));
    enforcer
});
