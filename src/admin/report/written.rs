//! Reports as serde writes them: with names, and all worked out.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Report, ScopeChange};
use crate::abilities::Ability;
use crate::id::{OperationId, PermissionId};
use crate::{Catalog, Scope};

/// How many users of an entry are named.
const NAMED: usize = 10;

/// What the methods of the same names answer, ids as names; of the users of an entry of `access` their number, and
/// as `named` the first ten. `tells_all` is false where others may be able to do otherwise, whom it does not tell of:
/// tokens by several roles together, and people by conditions on their properties.
impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let catalog = self.after.catalog();
        let scopes = |scopes: &[ScopeChange]| {
            let scopes = scopes.iter().cloned();
            scopes.map(|it| Scopes::of(catalog, it)).collect()
        };
        let pairs = |pairs: Vec<(OperationId, Option<PermissionId>)>| {
            let pairs = pairs.into_iter();
            pairs.map(|it| Lent::of(catalog, it)).collect()
        };
        let access = self.access().into_iter().map(|it| Access {
            users: it.users,
            named: it.users().take(NAMED).collect(),
            scopes: scopes(&it.scopes),
        });
        let lending = self.lending().into_iter().map(|it| Lending {
            position: it.position,
            gained: pairs(it.gained),
            lost: pairs(it.lost),
        });
        let tokens = self.tokens().into_iter().map(|it| Tokens {
            role: it.role,
            before: it.before,
            after: it.after,
            scopes: scopes(&it.scopes),
        });
        let mut written = serializer.serialize_struct("Report", 5)?;
        written.serialize_field("access", &access.collect::<Vec<_>>())?;
        written.serialize_field("reach", &self.reach())?;
        written.serialize_field("lending", &lending.collect::<Vec<_>>())?;
        written.serialize_field("tokens", &tokens.collect::<Vec<_>>())?;
        written.serialize_field("tells_all", &self.tells_all())?;
        written.end()
    }
}

#[derive(Serialize)]
struct Access<'e> {
    users: usize,
    named: Vec<&'e str>,
    scopes: Vec<Scopes<'e>>,
}

#[derive(Serialize)]
struct Tokens<'e> {
    role: &'e str,
    before: bool,
    after: bool,
    scopes: Vec<Scopes<'e>>,
}

#[derive(Serialize)]
struct Scopes<'e> {
    ability: Ability,
    permission: Option<&'e str>,
    before: Option<Scope>,
    after: Option<Scope>,
}

impl<'e> Scopes<'e> {
    fn of(catalog: &'e Catalog, change: ScopeChange) -> Scopes<'e> {
        Scopes {
            ability: change.ability,
            permission: named(catalog, change.permission),
            before: change.before,
            after: change.after,
        }
    }
}

#[derive(Serialize)]
struct Lending<'e> {
    position: String,
    gained: Vec<Lent<'e>>,
    lost: Vec<Lent<'e>>,
}

#[derive(Serialize)]
struct Lent<'e> {
    operation: String,
    permission: Option<&'e str>,
}

impl<'e> Lent<'e> {
    fn of(
        catalog: &'e Catalog,
        (operation, permission): (OperationId, Option<PermissionId>),
    ) -> Lent<'e> {
        Lent {
            operation: catalog.operation_name(operation).unwrap_or_default(),
            permission: named(catalog, permission),
        }
    }
}

fn named(catalog: &Catalog, permission: Option<PermissionId>) -> Option<&str> {
    permission.and_then(|it| catalog.permission_path(it))
}
