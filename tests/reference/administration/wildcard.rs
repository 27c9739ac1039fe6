//! A4: a wildcard may be written only by who holds, by one grant of at least its scope, that wildcard
//! or a wider one, with every exception of that grant, and every deny that binds them inside it,
//! repeated as its exceptions.

use bailiwick::Scope;
use bailiwick::document::{DenialDocument, GrantDocument};

use super::super::names::at_or_below;
use super::{Model, Party, compare};

/// A place in the tree: `None` is the root, above every node.
type Place<'a> = Option<&'a str>;

fn place(selector: &str) -> Place<'_> {
    match selector {
        "*" => None,
        _ => Some(selector.strip_suffix(".*").unwrap_or(selector)),
    }
}

fn is_wildcard(selector: &str) -> bool {
    selector == "*" || selector.ends_with(".*")
}

/// Whether one place is another, or lies below it.
fn within(lower: Place<'_>, upper: Place<'_>) -> bool {
    match (lower, upper) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(lower), Some(upper)) => at_or_below(lower, upper),
    }
}

/// Whether the party may write every wildcard of these grants that `already` does not have in
/// exactly that form.
pub(super) fn may_write(
    before: &Model,
    party: &Party,
    grants: &[GrantDocument],
    already: &[GrantDocument],
) -> bool {
    let ordered = |grants: &[GrantDocument]| {
        let mut grants = grants.to_vec();
        compare::grants(&mut grants);
        grants
    };
    let already = ordered(already);
    ordered(grants)
        .iter()
        .filter(|grant| is_wildcard(&grant.select) && !already.contains(grant))
        .all(|grant| holds(before, party, grant))
}

fn holds(before: &Model, party: &Party, new: &GrantDocument) -> bool {
    let (grants, denies) = written_of(before, party);
    let node = place(&new.select);
    let repeated = |taken: &str| {
        new.except
            .iter()
            .any(|except| within(place(taken), place(except)))
    };
    // Every deny that binds the actor, at the node or inside it, is repeated; one above it takes all.
    let denies_allow = denies.iter().all(|denial| {
        let denied = place(&denial.select);
        if within(denied, node) {
            repeated(&denial.select)
        } else {
            !within(node, denied)
        }
    });
    denies_allow
        && grants.iter().any(|held| {
            is_wildcard(&held.select)
                && within(node, place(&held.select))
                && wide_enough(held.scope, new.scope)
                && held.except.iter().all(|except| {
                    let taken = place(except);
                    if within(taken, node) {
                        repeated(except)
                    } else {
                        !within(node, taken)
                    }
                })
        })
}

/// A scope left out is no scope: it covers only what leaves it out, and All covers it.
fn wide_enough(held: Option<Scope>, new: Option<Scope>) -> bool {
    match (held, new) {
        (Some(held), Some(new)) => held >= new,
        (Some(held), None) => held == Scope::All,
        (None, Some(_)) => false,
        (None, None) => true,
    }
}

/// The grants that a party holds without an end, and its denies, as they are written in its authorized
/// roles.
fn written_of(before: &Model, party: &Party) -> (Vec<GrantDocument>, Vec<DenialDocument>) {
    match party {
        Party::System | Party::Nobody => (Vec::new(), Vec::new()),
        Party::External { written, .. } => (written.clone(), Vec::new()),
        Party::User {
            viewer, assigned, ..
        } => {
            let mut lasting = (**assigned).clone();
            lasting.roles.retain(|it| it.until.is_none());
            lasting.packages.retain(|it| it.until.is_none());
            let granting = before.granting(&before.assigned_roles(&lasting));
            let (mut grants, mut denies) = (Vec::new(), Vec::new());
            for role in &before.catalog.roles {
                if granting.contains(&role.id) {
                    grants.extend(role.grants.iter().cloned());
                }
                if viewer.denying.contains(&role.id) {
                    denies.extend(role.denies.iter().cloned());
                }
            }
            for role in &before.policy.roles {
                if granting.contains(&role.id) {
                    grants.extend(role.grants.iter().cloned());
                }
                if viewer.denying.contains(&role.id) {
                    denies.extend(role.denies.iter().cloned());
                }
            }
            (grants, denies)
        }
    }
}
