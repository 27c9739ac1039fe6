//! The same documents in another order (law 4).

use bailiwick::document::{
    CatalogDocument, DenialDocument, GrantDocument, PermissionDocument, PolicyDocument,
    PropertyValue,
};

use super::documents::Documents;
use super::rng::Rng;

/// Everything whose order means nothing, in another order. What keeps its own: siblings of the tree
/// (D17's catalog order), and the lists of features, prerequisites and conditions, of which D17
/// names the first.
pub(crate) fn permuted(documents: &Documents, rng: &mut Rng) -> Documents {
    let mut documents = documents.clone();
    catalog(&mut documents.catalog, rng);
    policy(&mut documents.policy, rng);
    rng.shuffle(&mut documents.directory.users);
    for user in &mut documents.directory.users {
        rng.shuffle(&mut user.roles);
        rng.shuffle(&mut user.packages);
        for value in user.properties.values_mut() {
            if let PropertyValue::Set(set) = value {
                rng.shuffle(set);
            }
        }
    }
    documents
}

fn catalog(catalog: &mut CatalogDocument, rng: &mut Rng) {
    rng.shuffle(&mut catalog.features);
    permissions(&mut catalog.permissions, rng);
    for permission in &mut catalog.permissions {
        rng.shuffle(&mut permission.scopes);
        rng.shuffle(&mut permission.suggests);
    }
    rng.shuffle(&mut catalog.types);
    rng.shuffle(&mut catalog.operations);
    for operation in &mut catalog.operations {
        rng.shuffle(&mut operation.allowed_by);
    }
    rng.shuffle(&mut catalog.roles);
    for role in &mut catalog.roles {
        rng.shuffle(&mut role.inherits);
        rights(&mut role.grants, &mut role.denies, rng);
    }
    rng.shuffle(&mut catalog.tokens.system_roles);
    rng.shuffle(&mut catalog.administration.exempt);
    // Oldest first; those of one version in any order.
    rng.shuffle(&mut catalog.renamed);
    catalog.renamed.sort_by_key(|renamed| renamed.version);
    rng.shuffle(&mut catalog.retired);
    catalog.retired.sort_by_key(|retired| retired.version);
}

/// Siblings stay in the order in which they are written.
fn permissions(permissions: &mut Vec<PermissionDocument>, rng: &mut Rng) {
    let parent =
        |it: &PermissionDocument| it.path.rsplit_once('.').map(|(above, _)| above.to_owned());
    let mut parents: Vec<Option<String>> = permissions.iter().map(parent).collect();
    rng.shuffle(&mut parents);
    let mut waiting = std::mem::take(permissions);
    for wanted in parents {
        if let Some(next) = waiting.iter().position(|it| parent(it) == wanted) {
            permissions.push(waiting.remove(next));
        }
    }
}

fn policy(policy: &mut PolicyDocument, rng: &mut Rng) {
    rng.shuffle(&mut policy.features);
    rng.shuffle(&mut policy.roles);
    for role in &mut policy.roles {
        rng.shuffle(&mut role.inherits);
        rights(&mut role.grants, &mut role.denies, rng);
    }
    rng.shuffle(&mut policy.packages);
    for package in &mut policy.packages {
        rng.shuffle(&mut package.roles);
    }
    rng.shuffle(&mut policy.positions);
    for position in &mut policy.positions {
        rng.shuffle(&mut position.reports_to);
    }
    rng.shuffle(&mut policy.used_ids.users);
}

fn rights(grants: &mut [GrantDocument], denies: &mut [DenialDocument], rng: &mut Rng) {
    rng.shuffle(grants);
    rng.shuffle(denies);
    for grant in grants {
        rng.shuffle(&mut grant.except);
    }
    for denial in denies {
        rng.shuffle(&mut denial.except);
    }
}
