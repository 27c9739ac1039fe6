//! Whether one grant gives, or one deny takes away, one permission (D5, S5, D13, D16): for explaining,
//! where working out all that a selector covers would be too much.

use super::evolution::is_at_or_below;
use super::selector::{Selector, parse, was_spared};
use super::{Followed, Model};
use crate::Scope;
use crate::document::{DenialDocument, GrantDocument};

/// How far a grant, written against `version`, gives a permission; `None` if it does not.
pub(crate) fn given_scope(
    model: &Model,
    grant: &GrantDocument,
    version: u32,
    permission: u16,
) -> Option<Scope> {
    let known = model.permissions.get(permission as usize)?;
    let path = &*known.path;
    let selected = match parse(&grant.select) {
        Selector::Everything => true,
        Selector::Below(top) => follows(model, top, version, |top| is_at_or_below(path, top)),
        Selector::Node(node) => follows(model, node, version, |node| path == node),
    };
    // A setting alone gives what is adjustable (D13).
    if !selected || known.adjustable.is_some() || is_excepted(model, &grant.except, version, path) {
        return None;
    }
    match grant.scope {
        Some(scope) => known.scopes.widest_within(scope),
        None => known.scopes.only(),
    }
}

/// Whether a deny, written against `version`, covers a permission.
pub(crate) fn is_denied_by(
    model: &Model,
    denial: &DenialDocument,
    version: u32,
    permission: u16,
) -> bool {
    let Some(known) = model.permissions.get(permission as usize) else {
        return false;
    };
    is_taken_away(model, &denial.select, version, &known.path)
        && !(is_excepted(model, &denial.except, version, &known.path)
            && was_spared(model, denial, version)(&known.path))
}

/// A reference leads to one place today, or nowhere (D16).
fn follows(model: &Model, path: &str, version: u32, is_it: impl Fn(&str) -> bool) -> bool {
    if version >= model.version {
        return is_it(path);
    }
    match model.evolution.follow(path, version) {
        Followed::Path(today) => is_it(&today),
        Followed::Retired => false,
    }
}

fn is_excepted(model: &Model, except: &[String], version: u32, path: &str) -> bool {
    except
        .iter()
        .any(|text| is_taken_away(model, text, version, path))
}

/// Taking away is the greedy one: the node and all below it, wherever renames carried it (D5, D16).
fn is_taken_away(model: &Model, text: &str, version: u32, path: &str) -> bool {
    let top = match parse(text) {
        Selector::Everything => return true,
        Selector::Below(top) | Selector::Node(top) => top,
    };
    if version >= model.version {
        return is_at_or_below(path, top);
    }
    let places = model.evolution.places(top, version);
    places.iter().any(|place| is_at_or_below(path, place))
}
