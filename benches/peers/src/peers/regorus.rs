//! regorus: the rules in Rego, the world as data, run by its virtual machine.
//!
//! - Compiled to a program of the RVM once and run on a machine that is kept, as its rvm_benchmark.rs does
//!   ("hot": `set_input`, `execute`); the input is made before timing, as there. `Engine::eval_rule` and
//!   `CompiledPolicy::eval_with_input` were two to four times slower here. Each thread has a machine of its
//!   own, over the same data.
//! - Rules and data follow OPA's page on performance (openpolicyagent.org/docs/policy-performance):
//!   objects keyed by id and never arrays to search, comprehensions no larger than a user's roles. Package
//!   roles are put to the user when loading and the hierarchy is closed beforehand, so that no rule
//!   iterates over more than that.
//! - A page is one query with the owners as input, which shares the scopes among its rows.
//!
//! Considered and not taken: `graph.reachable` over the hierarchy, which walks it for each check.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bailiwick::Scope;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};

use crate::contest::Peer;
use crate::facts::{Facts, Listing};
use crate::worlds::ByName;

/// Where every grant is at All, nothing of a record is looked at.
const UNSCOPED: &str = r#"
package bench

allow if {
    some role, _ in data.users[input.user].roles
    data.roles[role][input.action]
}

seen := numbers.range(0, count(input.owners) - 1) if allow
"#;

const SCOPED: &str = r#"
package bench

user := data.users[input.user]

scopes contains data.roles[role][input.action] if some role, _ in user.roles

allow if "all" in scopes

allow if {
    input.owner == input.user
    count(scopes) > 0
}

allow if {
    "peers" in scopes
    reaches_peer(input.owner)
}

allow if {
    "reports" in scopes
    reaches_report(input.owner)
}

reaches_peer(owner) if data.users[owner].position == user.position

reaches_peer(owner) if reaches_report(owner)

reaches_report(owner) if data.above[data.users[owner].position][user.position]

seen := numbers.range(0, count(input.owners) - 1) if "all" in scopes

else := [i | some i, owner in input.owners; page_row(owner)] if count(scopes) > 0

page_row(owner) if owner == input.user

page_row(owner) if {
    "peers" in scopes
    reaches_peer(owner)
}

page_row(owner) if {
    "reports" in scopes
    reaches_report(owner)
}
"#;

pub(crate) struct Regorus {
    check: Arc<Program>,
    list: Arc<Program>,
    data: Value,
}

pub(crate) struct Machines {
    check: RegoVM,
    list: RegoVM,
}

fn object<K: Into<Value>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
    let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
    Value::from(entries.collect::<BTreeMap<Value, Value>>())
}

fn set_of<'n>(names: impl IntoIterator<Item = &'n str>) -> Value {
    object(names.into_iter().map(|it| (it, Value::from(true))))
}

fn program(text: &str, entry: &str) -> Arc<Program> {
    let mut engine = Engine::new();
    engine
        .add_policy("bench.rego".to_owned(), text.to_owned())
        .expect("rules that parse");
    let compiled = engine
        .compile_with_entrypoint(&Rc::from(entry))
        .expect("rules that compile");
    Compiler::compile_from_policy(&compiled, &[entry]).expect("rules that the machine can run")
}

fn machine(program: &Arc<Program>, data: &Value) -> RegoVM {
    let mut machine = RegoVM::new();
    machine.load_program(Arc::clone(program));
    machine
        .set_data(data.clone())
        .expect("data beside the rules");
    machine
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Own => "own",
        Scope::Reports => "reports",
        Scope::Peers => "peers",
        Scope::All => "all",
    }
}

impl Peer for Regorus {
    type Request = Value;
    type Page = Value;
    type Asker<'p> = Machines;

    fn load(facts: &Facts) -> Regorus {
        let policy = &facts.world.policy;
        let packages: BTreeMap<&str, &[String]> = policy
            .packages
            .iter()
            .map(|it| (&*it.id, &*it.roles))
            .collect();
        let users = facts.world.users.iter().map(|user| {
            let direct = user.roles.iter().map(|it| &*it.id);
            let by_package = user.packages.iter().flat_map(|it| packages[&*it.id]);
            let roles: BTreeSet<&str> = direct.chain(by_package.map(|it| &**it)).collect();
            let position = user.position.as_deref();
            let record = [("roles", set_of(roles))]
                .into_iter()
                .chain(position.map(|it| ("position", Value::from(it))));
            (&*user.id, object(record))
        });
        let roles = facts.roles.iter().map(|role| {
            let grants = role.grants.iter();
            let grants = grants.map(|(action, scope)| (&**action, scope_name(*scope).into()));
            (&*role.id, object(grants))
        });
        let positions = &policy.positions;
        let above = super::above(positions);
        let above = positions.iter().zip(above).map(|(position, above)| {
            let above = above.iter().map(|it| &*positions[*it as usize].id);
            (&*position.id, set_of(above))
        });
        let data = object([
            ("users", object(users)),
            ("roles", object(roles)),
            ("above", object(above)),
        ]);
        let text = if facts.scoped { SCOPED } else { UNSCOPED };
        Regorus {
            check: program(text, "data.bench.allow"),
            list: program(text, "data.bench.seen"),
            data,
        }
    }

    fn request(&self, asked: &ByName) -> Value {
        object([
            ("user", Value::from(&*asked.user)),
            ("action", Value::from(&*asked.action)),
            ("owner", Value::from(&*asked.owner)),
        ])
    }

    fn page(&self, listing: &Listing) -> Value {
        let owners: Vec<Value> = listing.owners.iter().map(|it| (&**it).into()).collect();
        object([
            ("user", Value::from(&*listing.user)),
            ("action", Value::from(&*listing.action)),
            ("owners", Value::from(owners)),
        ])
    }

    fn asker(&self) -> Machines {
        Machines {
            check: machine(&self.check, &self.data),
            list: machine(&self.list, &self.data),
        }
    }

    fn check(machines: &mut Machines, request: &Value) -> bool {
        machines.check.set_input(request.clone());
        let answer = machines.check.execute().expect("rules that run");
        answer == Value::from(true)
    }

    fn list(machines: &mut Machines, page: &Value) -> Vec<u32> {
        machines.list.set_input(page.clone());
        match machines.list.execute().expect("rules that run") {
            Value::Undefined => Vec::new(),
            rows => {
                let rows = rows.as_array().expect("rows").iter();
                rows.map(|it| it.as_u32().expect("a row's number"))
                    .collect()
            }
        }
    }

    /// In place: no machine holds the data then, so that nothing is copied.
    fn assign(&mut self, user: &str, role: &str) {
        let entry = |value: &mut Value, key: &str, then: &mut dyn FnMut(&mut Value)| {
            let object = value.as_object_mut().expect("an object");
            then(object.get_mut(&Value::from(key)).expect("an entry"));
        };
        entry(&mut self.data, "users", &mut |users| {
            entry(users, user, &mut |user| {
                entry(user, "roles", &mut |roles| {
                    let roles = roles.as_object_mut().expect("an object");
                    roles.insert(Value::from(role), Value::from(true));
                });
            });
        });
    }
}
