//! Cedar: roles are groups of principals, their permissions policies, all else entities.
//!
//! - Roles and packages are groups that users are members of ("Use role-based access control as part of
//!   your authorization strategy", docs.cedarpolicy.com/bestpractices/bp-implementing-roles.html), and a
//!   role's grants of one scope are one policy over a list of actions ("membership permissions",
//!   docs.cedarpolicy.com/overview/patterns.html), with principal and action in the policy's scope
//!   (bestpractices/bp-populate-policy-scope.html).
//! - Owner and position are attributes, since context is not for facts about principal or resource
//!   (bestpractices/bp-overview.html). Positions are in the positions they report to, so that "below" is
//!   one `in`.
//! - Policies are parsed once; `Entities` is built once, with everybody in it and a record of each owner,
//!   so that a check neither parses nor copies. Entity ids are made before timing, the `Request` is made
//!   in it.
//!
//! Considered and not taken:
//! - a policy for each action and scope over groups that roles are members of, which is dearer in W1 (2.3
//!   times) and W3 (1.2), since the authorizer evaluates every policy of its set, and cheaper in W2 (2.5),
//!   where there are more roles than actions; it is not what the page on roles recommends;
//! - templates linked for each assignment: a policy for each user;
//! - a slice of entities for each request, which would be built anew each time;
//! - a schema: it checks requests, and no check is made faster by it.
//!
//! An assignment is `upsert_entities` of the user, which is what the API has for it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::str::FromStr;

use bailiwick::Scope;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};

use crate::contest::Peer;
use crate::facts::{Facts, Listing};
use crate::worlds::ByName;

pub(crate) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    types: Types,
}

struct Types {
    user: EntityTypeName,
    role: EntityTypeName,
    package: EntityTypeName,
    position: EntityTypeName,
    record: EntityTypeName,
    action: EntityTypeName,
}

fn uid(r#type: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(r#type.clone(), EntityId::new(id))
}

fn entity(
    uid: EntityUid,
    attribute: Option<(&str, EntityUid)>,
    parents: HashSet<EntityUid>,
) -> Entity {
    let attributes = attribute.map(|(name, value)| {
        let value = RestrictedExpression::new_entity_uid(value);
        (name.to_owned(), value)
    });
    let attributes = HashMap::from_iter(attributes);
    Entity::new(uid, attributes, parents).expect("attributes that evaluate")
}

const EVERY: [(Scope, &str); 4] = [
    (Scope::Own, "when { resource.owner == principal }"),
    (
        Scope::Reports,
        "when { resource.owner == principal || (resource.owner.position != principal.position && \
         resource.owner.position in principal.position) }",
    ),
    (
        Scope::Peers,
        "when { resource.owner == principal || resource.owner.position in principal.position }",
    ),
    (Scope::All, ""),
];

fn policies(facts: &Facts) -> String {
    let mut text = String::new();
    for role in &facts.roles {
        for (scope, when) in EVERY {
            let granted = role.grants.iter().filter(|(_, it)| *it == scope);
            let actions: Vec<String> = granted
                .map(|(action, _)| format!("Action::\"{action}\""))
                .collect();
            if !actions.is_empty() {
                writeln!(
                    text,
                    "permit(principal in Role::\"{}\", action in [{}], resource) {when};",
                    role.id,
                    actions.join(", "),
                )
                .expect("writing to a string");
            }
        }
    }
    text
}

impl Peer for Cedar {
    type Request = (EntityUid, EntityUid, EntityUid);
    type Page = (EntityUid, EntityUid, Vec<EntityUid>);
    type Asker<'p> = &'p Cedar;

    fn load(facts: &Facts) -> Cedar {
        let named = |name| EntityTypeName::from_str(name).expect("a type's name");
        let types = Types {
            user: named("User"),
            role: named("Role"),
            package: named("Package"),
            position: named("Position"),
            record: named("Record"),
            action: named("Action"),
        };
        let policy = &facts.world.policy;
        let mut entities = Vec::new();
        for package in &policy.packages {
            let roles = package.roles.iter().map(|it| uid(&types.role, it));
            entities.push(entity(
                uid(&types.package, &package.id),
                None,
                roles.collect(),
            ));
        }
        for position in &policy.positions {
            let above = position
                .reports_to
                .iter()
                .map(|it| uid(&types.position, it));
            entities.push(entity(
                uid(&types.position, &position.id),
                None,
                above.collect(),
            ));
        }
        for user in &facts.world.users {
            let roles = user.roles.iter().map(|it| uid(&types.role, &it.id));
            let packages = user.packages.iter().map(|it| uid(&types.package, &it.id));
            let position = user.position.as_ref();
            let position = position.map(|it| ("position", uid(&types.position, it)));
            let owner = uid(&types.user, &user.id);
            entities.push(entity(
                owner.clone(),
                position,
                roles.chain(packages).collect(),
            ));
            // Where every grant is at All, nothing of a record is looked at.
            if facts.scoped {
                let record = uid(&types.record, &user.id);
                entities.push(entity(record, Some(("owner", owner)), HashSet::new()));
            }
        }
        Cedar {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(&policies(facts)).expect("policies that parse"),
            entities: Entities::from_entities(entities, None).expect("entities without cycles"),
            types,
        }
    }

    fn request(&self, asked: &ByName) -> Self::Request {
        (
            uid(&self.types.user, &asked.user),
            uid(&self.types.action, &asked.action),
            uid(&self.types.record, &asked.owner),
        )
    }

    fn page(&self, listing: &Listing) -> Self::Page {
        let owners = listing.owners.iter();
        (
            uid(&self.types.user, &listing.user),
            uid(&self.types.action, &listing.action),
            owners.map(|it| uid(&self.types.record, it)).collect(),
        )
    }

    fn asker(&self) -> &Cedar {
        self
    }

    fn check(cedar: &mut &Cedar, (user, action, record): &Self::Request) -> bool {
        cedar.is_allowed(user, action, record)
    }

    fn list(cedar: &mut &Cedar, (user, action, records): &Self::Page) -> Vec<u32> {
        let rows = (0..).zip(records);
        rows.filter(|(_, record)| cedar.is_allowed(user, action, record))
            .map(|(i, _)| i)
            .collect()
    }

    fn assign(&mut self, user: &str, role: &str) {
        let id = uid(&self.types.user, user);
        let found = self.entities.get(&id).expect("a known user").clone();
        let (id, attributes, mut parents) = found.into_inner();
        parents.insert(uid(&self.types.role, role));
        let entity = Entity::new(id, attributes, parents).expect("attributes that evaluate");
        let entities = std::mem::replace(&mut self.entities, Entities::empty());
        self.entities = entities
            .upsert_entities([entity], None)
            .expect("entities without cycles");
    }
}

impl Cedar {
    fn is_allowed(&self, user: &EntityUid, action: &EntityUid, record: &EntityUid) -> bool {
        let request = Request::new(
            user.clone(),
            action.clone(),
            record.clone(),
            Context::empty(),
            None,
        )
        .expect("no schema to break");
        let response = self
            .authorizer
            .is_authorized(&request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}
