//! gatehouse: policies are Rust code over the host's own types.
//!
//! Modelled as its README says ("Custom policies", "List endpoints"): one `Policy` with a static name,
//! registered once; its benches/README measures those as the fastest. No facts are loaded, so every check
//! uses the session that its docs name for hot paths without facts (`EvaluationSession::shared_empty`). A
//! page goes through `try_filter_by`. Built without its `tracing` feature. Futures are polled once, with
//! no executor: nothing in them waits.
//!
//! The host's types are as quick as a host can make them: numbers for users, roles, actions and
//! positions, package roles put to the user when loading, the hierarchy closed beforehand. Subject,
//! action and record are resolved before timing.
//!
//! Considered and not taken: `RbacPolicy`, whose resolvers build two lists of roles for each check; a
//! policy for each scope, which a denied check would all run.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bailiwick::Scope;
use gatehouse::{EvalCtx, EvaluationSession, GrantResult, PermissionChecker, Policy, PolicyDomain};

use crate::contest::Peer;
use crate::facts::{Facts, Listing};
use crate::worlds::ByName;

pub(crate) struct Gatehouse {
    checker: PermissionChecker<Things>,
    users: HashMap<String, Arc<User>>,
    actions: HashMap<String, Action>,
    roles: HashMap<String, u32>,
}

struct Things;

impl PolicyDomain for Things {
    type Subject = User;
    type Action = Action;
    type Resource = Thing;
    type Context = ();
}

#[derive(Clone)]
pub(crate) struct User {
    id: u32,
    roles: Vec<u32>,
    position: Option<u32>,
}

#[derive(Clone, Copy)]
pub(crate) struct Action(usize);

pub(crate) struct Thing {
    owner: u32,
    /// The owner's position, which the host loads with the record.
    position: Option<u32>,
}

struct GrantReachesRecord {
    /// By role, then by action.
    grants: Vec<Vec<Option<Scope>>>,
    /// All positions above each, ascending.
    above: Vec<Vec<u32>>,
}

impl GrantReachesRecord {
    fn allows(&self, user: &User, action: Action, thing: &Thing) -> bool {
        let roles = user.roles.iter();
        let scopes = roles.filter_map(|role| self.grants[*role as usize][action.0]);
        let Some(scope) = scopes.max() else {
            return false;
        };
        if scope == Scope::All || user.id == thing.owner {
            return true;
        }
        let (Some(mine), Some(theirs)) = (user.position, thing.position) else {
            return false;
        };
        match scope {
            Scope::Peers => mine == theirs || self.is_below(theirs, mine),
            Scope::Reports => self.is_below(theirs, mine),
            Scope::Own | Scope::All => false,
        }
    }

    fn is_below(&self, low: u32, high: u32) -> bool {
        self.above[low as usize].binary_search(&high).is_ok()
    }
}

#[async_trait]
impl Policy<Things> for GrantReachesRecord {
    async fn evaluate(&self, ctx: &EvalCtx<'_, Things>) -> GrantResult {
        if self.allows(ctx.subject, *ctx.action, ctx.resource) {
            ctx.grant("a grant reaches the record")
        } else {
            ctx.not_applicable("no grant reaches the record")
        }
    }

    fn policy_type(&self) -> Cow<'static, str> {
        Cow::Borrowed("GrantReachesRecord")
    }
}

impl Gatehouse {
    fn thing(&self, owner: &str) -> Thing {
        let owner = &self.users[owner];
        Thing {
            owner: owner.id,
            position: owner.position,
        }
    }
}

/// The output of a future in which nothing waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("no policy waits for anything"),
    }
}

fn numbers<'n>(names: impl Iterator<Item = &'n String>) -> HashMap<String, u32> {
    names.cloned().zip(0..).collect()
}

impl Peer for Gatehouse {
    type Request = (Arc<User>, Action, Thing);
    type Page = (Arc<User>, Action, Vec<(u32, Thing)>);
    type Asker<'p> = &'p Gatehouse;

    fn load(facts: &Facts) -> Gatehouse {
        let policy = &facts.world.policy;
        let roles = numbers(facts.roles.iter().map(|it| &it.id));
        let positions = numbers(policy.positions.iter().map(|it| &it.id));
        let actions: HashMap<String, Action> = numbers(facts.actions.iter())
            .into_iter()
            .map(|(name, number)| (name, Action(number as usize)))
            .collect();
        let packages: HashMap<&str, Vec<u32>> = policy
            .packages
            .iter()
            .map(|it| {
                (
                    it.id.as_str(),
                    it.roles.iter().map(|it| roles[it]).collect(),
                )
            })
            .collect();
        let grants = facts
            .roles
            .iter()
            .map(|role| {
                let mut by_action = vec![None; actions.len()];
                for (action, scope) in &role.grants {
                    let known = &mut by_action[actions[action].0];
                    *known = (*known).max(Some(*scope));
                }
                by_action
            })
            .collect();
        let above = super::above(&policy.positions)
            .into_iter()
            .map(|it| it.into_iter().collect())
            .collect();
        let users = facts
            .world
            .users
            .iter()
            .zip(0..)
            .map(|(user, id)| {
                let direct = user.roles.iter().map(|it| roles[&it.id]);
                let by_package = user.packages.iter().flat_map(|it| &packages[&*it.id]);
                let all: BTreeSet<u32> = direct.chain(by_package.copied()).collect();
                let record = User {
                    id,
                    roles: all.into_iter().collect(),
                    position: user.position.as_ref().map(|it| positions[it]),
                };
                (user.id.clone(), Arc::new(record))
            })
            .collect();
        let mut checker = PermissionChecker::new();
        checker.add_policy(GrantReachesRecord { grants, above });
        Gatehouse {
            checker,
            users,
            actions,
            roles,
        }
    }

    fn request(&self, asked: &ByName) -> Self::Request {
        (
            Arc::clone(&self.users[&*asked.user]),
            self.actions[&*asked.action],
            self.thing(&asked.owner),
        )
    }

    fn page(&self, listing: &Listing) -> Self::Page {
        let things = listing.owners.iter().map(|it| self.thing(it));
        (
            Arc::clone(&self.users[&*listing.user]),
            self.actions[&*listing.action],
            (0..).zip(things).collect(),
        )
    }

    fn asker(&self) -> &Gatehouse {
        self
    }

    fn check(it: &mut &Gatehouse, (user, action, thing): &Self::Request) -> bool {
        let session = EvaluationSession::shared_empty();
        let bound = it.checker.bind(session, user, action, &());
        now(bound.check(thing)).is_granted()
    }

    fn list(it: &mut &Gatehouse, (user, action, rows): &Self::Page) -> Vec<u32> {
        let session = EvaluationSession::shared_empty();
        let bound = it.checker.bind(session, user, action, &());
        let seen = now(bound.try_filter_by(rows, |row| &row.1)).expect("no facts, no outage");
        seen.into_iter().map(|(i, _)| *i).collect()
    }

    fn assign(&mut self, user: &str, role: &str) {
        let role = self.roles[role];
        let user = self.users.get_mut(user).expect("a known user");
        Arc::make_mut(user).roles.push(role);
    }
}
