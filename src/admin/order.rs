//! Documents without regard to the order in which lists are written, and to what they say twice: it
//! means nothing (law 4).

use crate::document::{DenialDocument, GrantDocument, PolicyDocument};

pub(super) fn are_same_grants(one: &[GrantDocument], other: &[GrantDocument]) -> bool {
    sorted_grants(one) == sorted_grants(other)
}

pub(super) fn are_same_denies(one: &[DenialDocument], other: &[DenialDocument]) -> bool {
    sorted_denies(one) == sorted_denies(other)
}

fn sorted_grants(grants: &[GrantDocument]) -> Vec<GrantDocument> {
    let mut grants = grants.to_vec();
    grants.iter_mut().for_each(|grant| grant.except.sort());
    grants.sort_by(|a, b| a.parts().cmp(&b.parts()));
    grants.dedup();
    grants
}

fn sorted_denies(denies: &[DenialDocument]) -> Vec<DenialDocument> {
    let mut denies = denies.to_vec();
    denies.iter_mut().for_each(|denial| denial.except.sort());
    denies.sort_by(|a, b| a.parts().cmp(&b.parts()));
    denies.dedup();
    denies
}

/// A policy with every list in an order of its own.
pub(super) fn in_order(mut policy: PolicyDocument) -> PolicyDocument {
    policy.features.sort();
    for role in &mut policy.roles {
        role.inherits.sort();
        role.grants = sorted_grants(&role.grants);
        role.denies = sorted_denies(&role.denies);
    }
    policy.roles.sort_by(|a, b| a.id.cmp(&b.id));
    policy
        .packages
        .iter_mut()
        .for_each(|package| package.roles.sort());
    policy.packages.sort_by(|a, b| a.id.cmp(&b.id));
    policy
        .positions
        .iter_mut()
        .for_each(|it| it.reports_to.sort());
    policy.positions.sort_by(|a, b| a.id.cmp(&b.id));
    let used = &mut policy.used_ids;
    for ids in [&mut used.users, &mut used.roles, &mut used.positions] {
        ids.sort();
        ids.dedup();
    }
    policy
}
