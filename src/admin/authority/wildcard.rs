//! Wildcards: what is written today and gives what later catalogs add (A4).

use super::principal::{Principal, Written};
use crate::Scope;
use crate::catalog::{Followed, is_at_or_below};
use crate::document::{DenialDocument, GrantDocument};
use crate::engine::State;

impl Principal {
    /// `version` is that of the catalog that the wildcard is written against.
    pub(super) fn holds_wildcard(
        &self,
        state: &State,
        wanted: &GrantDocument,
        version: u32,
    ) -> bool {
        let wanted = Wildcard::of(state, wanted, version);
        let written = self.written(state);
        let denies = written.denies.iter().flat_map(|(denial, version)| {
            places(state, std::slice::from_ref(&denial.select), *version)
        });
        denies.into_iter().all(|place| wanted.spares(&place))
            && written.grants.iter().any(|(grant, version)| {
                let held = Wildcard::of(state, grant, *version);
                is_wildcard(&grant.select)
                    && held.is_at_least(&wanted)
                    && held.except.iter().all(|place| wanted.spares(place))
            })
    }

    /// The grants that they hold without an end, and the denies that bind them, as they are written.
    fn written(&self, state: &State) -> WrittenRights {
        let mut written = WrittenRights::default();
        let (set, lasting) = match &self.written {
            Written::Host(grants) => {
                let version = state.model().version;
                let grants = grants.iter().map(|grant| (grant.clone(), version));
                written.grants = grants.collect();
                return written;
            }
            Written::Set { set, lasting } => (*set, lasting),
        };
        let Some(assigned) = state.assigned(set) else {
            return written;
        };
        for role in state.granting(state.directly(lasting.as_ref().unwrap_or(assigned))) {
            if let Some(text) = state.role_text(role) {
                let grants = text.grants.iter().map(|it| (it.clone(), text.version));
                written.grants.extend(grants);
            }
        }
        for role in state.authorized(assigned) {
            if let Some(text) = state.role_text(role) {
                let denies = text.denies.iter().map(|it| (it.clone(), text.version));
                written.denies.extend(denies);
            }
        }
        written
    }
}

/// Grants and denies, each with the version of the catalog that it was written against.
#[derive(Default)]
struct WrittenRights {
    grants: Vec<(GrantDocument, u32)>,
    denies: Vec<(DenialDocument, u32)>,
}

/// The places of today that paths taken away cover, each with all below it; the empty one is the root.
fn places(state: &State, taken_away: &[String], version: u32) -> Vec<String> {
    let places = taken_away.iter().flat_map(|text| match text.as_str() {
        "*" => vec![String::new()],
        text => {
            let path = text.strip_suffix(".*").unwrap_or(text);
            state.model().evolution.places(path, version)
        }
    });
    places.collect()
}

/// A wildcard grant, its paths those of today.
struct Wildcard {
    /// The node; `None` for everything.
    top: Option<String>,
    scope: Option<Scope>,
    /// Every place that its exceptions cover.
    except: Vec<String>,
}

impl Wildcard {
    fn of(state: &State, grant: &GrantDocument, version: u32) -> Wildcard {
        let evolution = &state.model().evolution;
        let path = grant.select.strip_suffix(".*");
        let top = path.map(|path| match evolution.follow(path, version) {
            Followed::Path(today) => today,
            // Covers nothing: no path is the empty one.
            Followed::Retired => String::new(),
        });
        Wildcard {
            top,
            scope: grant.scope,
            except: places(state, &grant.except, version),
        }
    }

    fn covers(&self, path: &str) -> bool {
        let top = self.top.as_deref();
        top.is_none_or(|top| is_at_or_below(path, top))
    }

    /// Whether what is taken away at a place is not given: it lies elsewhere, or an exception repeats it.
    fn spares(&self, place: &str) -> bool {
        let top = self.top.as_deref();
        match self.covers(place) {
            true => self.excepts(place),
            // Above, it takes all of it.
            false => !place.is_empty() && top.is_none_or(|top| !is_at_or_below(top, place)),
        }
    }

    /// Whether an exception takes the node and all below it away.
    fn excepts(&self, path: &str) -> bool {
        let mut except = self.except.iter();
        except.any(|place| place.is_empty() || is_at_or_below(path, place))
    }

    /// Whether it is that wide or wider, exceptions aside. One without a scope gives what offers one
    /// scope alone.
    fn is_at_least(&self, other: &Wildcard) -> bool {
        let covers = match (&self.top, &other.top) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(other)) => self.covers(other),
        };
        let reaches = match (self.scope, other.scope) {
            (Some(Scope::All), _) => true,
            (Some(own), Some(other)) => own >= other,
            (None, None) => true,
            _ => false,
        };
        covers && reaches
    }
}

/// Whether a selector covers more than one node names: no segment of a path is `*`.
pub(in crate::admin) fn is_wildcard(selector: &str) -> bool {
    selector == "*" || selector.ends_with(".*")
}
