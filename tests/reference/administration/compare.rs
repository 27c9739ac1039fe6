//! Documents with everything in order whose order does not matter.

use bailiwick::document::{
    AssignmentDocument, DenialDocument, DirectoryDocument, GrantDocument, PolicyDocument,
    PropertyValue,
};

use super::Model;

/// Whether two states have the same documents, order aside. A format follows from what a document holds.
pub(super) fn same(one: &Model, other: &Model) -> bool {
    policy(&one.policy) == policy(&other.policy)
        && directory(&one.directory) == directory(&other.directory)
}

pub(crate) fn policy(of: &PolicyDocument) -> PolicyDocument {
    let mut policy = of.clone();
    policy.format = bailiwick::document::FORMAT;
    set(&mut policy.features);
    policy.roles.sort_by(|a, b| a.id.cmp(&b.id));
    for role in &mut policy.roles {
        set(&mut role.inherits);
        grants(&mut role.grants);
        denies(&mut role.denies);
    }
    policy.packages.sort_by(|a, b| a.id.cmp(&b.id));
    for package in &mut policy.packages {
        set(&mut package.roles);
    }
    policy.positions.sort_by(|a, b| a.id.cmp(&b.id));
    for position in &mut policy.positions {
        set(&mut position.reports_to);
    }
    set(&mut policy.used_ids.users);
    set(&mut policy.used_ids.roles);
    set(&mut policy.used_ids.positions);
    policy
}

pub(crate) fn directory(of: &DirectoryDocument) -> DirectoryDocument {
    let mut directory = of.clone();
    directory.format = bailiwick::document::FORMAT;
    directory.users.sort_by(|a, b| a.id.cmp(&b.id));
    for user in &mut directory.users {
        assignments(&mut user.roles);
        assignments(&mut user.packages);
        for value in user.properties.values_mut() {
            if let PropertyValue::Set(texts) = value {
                set(texts);
            }
        }
    }
    directory
}

fn set(texts: &mut Vec<String>) {
    texts.sort();
    texts.dedup();
}

fn assignments(of: &mut Vec<AssignmentDocument>) {
    of.sort_by(|a, b| (&a.id, a.until).cmp(&(&b.id, b.until)));
    of.dedup();
}

pub(super) fn grants(of: &mut Vec<GrantDocument>) {
    for grant in of.iter_mut() {
        set(&mut grant.except);
    }
    let key = |it: &GrantDocument| (it.select.clone(), it.scope, it.except.clone());
    of.sort_by_key(key);
    of.dedup();
}

pub(super) fn denies(of: &mut Vec<DenialDocument>) {
    for denial in of.iter_mut() {
        set(&mut denial.except);
    }
    of.sort_by_key(|it| (it.select.clone(), it.except.clone()));
    of.dedup();
}
