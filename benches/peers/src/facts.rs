//! A world as every contestant is given it, and what is asked about it.

use std::collections::HashMap;

use bailiwick::Scope;

use crate::worlds::World;

/// A world's documents, with the grants of its roles by action instead of by permission: what a peer
/// knows of permissions is which actions they allow.
pub(crate) struct Facts {
    pub(crate) world: World,
    pub(crate) roles: Vec<RoleFacts>,
    pub(crate) actions: Vec<String>,
    /// Whether any grant reaches less than every record.
    pub(crate) scoped: bool,
}

pub(crate) struct RoleFacts {
    pub(crate) id: String,
    pub(crate) grants: Vec<(String, Scope)>,
}

impl Facts {
    pub(crate) fn of(world: World) -> Facts {
        let allows: HashMap<&str, &str> = world
            .catalog
            .operations
            .iter()
            .map(|it| (it.allowed_by[0].permission.as_str(), it.action.as_str()))
            .collect();
        let roles: Vec<RoleFacts> = world
            .policy
            .roles
            .iter()
            .map(|role| RoleFacts {
                id: role.id.clone(),
                grants: role
                    .grants
                    .iter()
                    .map(|grant| {
                        let scope = grant.scope.expect("the worlds state every scope");
                        (allows[grant.select.as_str()].to_owned(), scope)
                    })
                    .collect(),
            })
            .collect();
        let actions = world.catalog.operations.iter();
        Facts {
            actions: actions.map(|it| it.action.clone()).collect(),
            scoped: roles
                .iter()
                .flat_map(|role| &role.grants)
                .any(|(_, scope)| *scope != Scope::All),
            roles,
            world,
        }
    }
}

/// One page of a list: which of the records that these users own may the user see?
#[derive(Clone)]
pub(crate) struct Listing {
    pub(crate) user: Box<str>,
    pub(crate) action: Box<str>,
    pub(crate) owners: Vec<Box<str>>,
}
