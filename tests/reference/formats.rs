//! D16: which documents hold what format 2 refuses, so that they are of format 1.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, GrantDocument, PolicyDocument, RoleDocument,
};

use super::names::Names;

fn format(is_of_today: bool) -> u32 {
    if is_of_today { 2 } else { 1 }
}

pub(crate) fn format_of_catalog(catalog: &CatalogDocument) -> u32 {
    let names = Names {
        catalog,
        written: catalog.version,
    };
    let mut grants = catalog.roles.iter().flat_map(|role| &role.grants);
    let features = catalog.features.iter().map(|it| &it.label);
    let permissions = catalog.permissions.iter().map(|it| &it.label);
    let types = catalog.types.iter().map(|it| &it.label);
    let operations = catalog.operations.iter().map(|it| &it.label);
    let roles = catalog.roles.iter().map(|it| &it.name);
    let labels = features.chain(permissions).chain(types);
    let mut labels = labels.chain(operations).chain(roles);
    format(
        !grants.any(|grant| names.is_ambiguous(grant))
            && labels.all(|it| may_be_name(it.as_deref())),
    )
}

pub(crate) fn format_of_policy(catalog: &CatalogDocument, policy: &PolicyDocument) -> u32 {
    let names = Names {
        catalog,
        written: policy.catalog_version,
    };
    let mut grants = policy.roles.iter().flat_map(|role| &role.grants);
    let mut named = named(policy).into_iter();
    format(
        !grants.any(|grant| names.is_ambiguous(grant))
            && named.all(|(_, id, name)| may_be_id(id) && may_be_name(name)),
    )
}

pub(crate) fn format_of_directory(directory: &DirectoryDocument) -> u32 {
    let mut users = directory.users.iter();
    format(users.all(|user| may_be_name(user.name.as_deref())))
}

/// What an account's administrators name: its kind, its id, its name for people.
pub(crate) fn named(policy: &PolicyDocument) -> Vec<(&'static str, &str, Option<&str>)> {
    let roles = policy.roles.iter();
    let roles = roles.map(|it| ("role", it.id.as_str(), it.name.as_deref()));
    let packages = policy.packages.iter();
    let packages = packages.map(|it| ("package", it.id.as_str(), it.name.as_deref()));
    let positions = policy.positions.iter();
    let positions = positions.map(|it| ("position", it.id.as_str(), it.name.as_deref()));
    roles.chain(packages).chain(positions).collect()
}

/// What the generators write that nobody sees; that the crate knows all of Unicode's is tested elsewhere.
const UNSEEN: &[char] = &['\u{ad}', '\u{200b}', '\u{202e}'];

/// D12: an id that an account's administrators make.
pub(crate) fn may_be_id(id: &str) -> bool {
    id.trim() == id && !id.contains(UNSEEN)
}

/// D12: a name for people.
pub(crate) fn may_be_name(name: Option<&str>) -> bool {
    name.is_none_or(|name| {
        let is_blank = name.replace(UNSEEN, "").trim().is_empty();
        !is_blank && name.len() <= 256 && !name.contains(char::is_control)
    })
}

/// D12, D16: whether there is an id or a name that was not there before, and may not be there any more.
pub(crate) fn are_misnamed(
    before: (&PolicyDocument, &DirectoryDocument),
    after: (&PolicyDocument, &DirectoryDocument),
) -> bool {
    let old = named(before.0);
    let misnamed = named(after.0).into_iter().any(|(kind, id, name)| {
        let known = old.iter().find(|it| (it.0, it.1) == (kind, id));
        let renamed = known.is_none_or(|it| it.2 != name);
        (known.is_none() && !may_be_id(id)) || (renamed && !may_be_name(name))
    });
    let mut users = after.1.users.iter();
    misnamed
        || users.any(|user| {
            let mut known = before.1.users.iter();
            let known = known.find(|it| it.id == user.id);
            known.is_none_or(|it| it.name != user.name) && !may_be_name(user.name.as_deref())
        })
}

/// S5, D16: whether roles have a grant that they did not have, a wildcard without a scope that meets what
/// offers several.
pub(crate) fn are_ambiguous(
    names: &Names<'_>,
    before: &[RoleDocument],
    after: &[RoleDocument],
) -> bool {
    any_new(before, after, |grant| names.is_ambiguous(grant))
}

/// D16: whether roles have a grant that they did not have, of which today's catalog makes less.
pub(crate) fn are_narrowed(
    names: &Names<'_>,
    before: &[RoleDocument],
    after: &[RoleDocument],
) -> bool {
    any_new(before, after, |grant| names.is_narrowed(grant))
}

fn any_new(
    before: &[RoleDocument],
    after: &[RoleDocument],
    is: impl Fn(&GrantDocument) -> bool,
) -> bool {
    let stood = |role: &str, grant: &GrantDocument| {
        let mut roles = before.iter();
        roles.any(|it| it.id == role && it.grants.contains(grant))
    };
    let mut roles = after.iter();
    roles.any(|role| {
        let mut grants = role.grants.iter();
        grants.any(|grant| is(grant) && !stood(&role.id, grant))
    })
}
