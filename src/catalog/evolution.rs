//! How a catalog's paths changed over its versions, and how references follow (D16).

use std::collections::{BTreeMap, HashSet};

use crate::document::{CatalogDocument, RenamedDocument};
use crate::limits;

/// Renames and retirements by version, oldest first. Those of one version act at once: of several
/// that match a path, the longest decides.
#[derive(Debug, Default)]
pub(crate) struct Evolution {
    steps: BTreeMap<u32, Steps>,
    /// The renames of each version, new path to old.
    origins: BTreeMap<u32, BTreeMap<String, String>>,
}

/// The steps of one version: old path to new path, `None` where it was retired.
type Steps = BTreeMap<String, Option<String>>;

/// Where a reference leads today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Followed {
    /// To this path, which may or may not exist.
    Path(String),
    /// Nowhere: it was retired.
    Retired,
}

/// What makes a history one that cannot be followed to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endless {
    /// A version moves a path on for ever: the first names that it comes to.
    Circle(Vec<String>),
    /// A path comes to a name longer than any may be.
    TooLong,
}

impl Endless {
    /// How many names of a circle are shown.
    const SHOWN: usize = 4;
}

impl Evolution {
    pub(crate) fn of(document: &CatalogDocument) -> Evolution {
        let mut versions: BTreeMap<u32, Steps> = BTreeMap::new();
        let mut origins: BTreeMap<u32, BTreeMap<String, String>> = BTreeMap::new();
        for it in &document.renamed {
            let steps = versions.entry(it.version).or_default();
            steps.insert(it.from.clone(), Some(it.to.clone()));
            let origins = origins.entry(it.version).or_default();
            origins.insert(it.to.clone(), it.from.clone());
        }
        for it in &document.retired {
            let steps = versions.entry(it.version).or_default();
            steps.insert(it.path.clone(), None);
        }
        Evolution {
            steps: versions,
            origins,
        }
    }

    /// The steps of each version after that one.
    fn since(&self, version: u32) -> impl Iterator<Item = &Steps> {
        self.steps
            .range(version.saturating_add(1)..)
            .map(|(_, steps)| steps)
    }

    /// Follows a rename through its own version and all later ones, and looks at every name on the way.
    pub(crate) fn trace(&self, renamed: &RenamedDocument) -> Result<(), Endless> {
        let mut path = renamed.from.clone();
        let mut first = vec![path.clone()];
        for (&version, steps) in self.steps.range(renamed.version..) {
            // In its own version a path that was given up takes each step at most once; what goes round
            // in a later one is found from a rename of that one.
            let is_own = version == renamed.version;
            let most = if is_own {
                steps.len()
            } else {
                most_moves(steps, &path)
            };
            let mut moves = 0;
            while let Some(next) = next_within(steps, &path) {
                let Some(next) = next else {
                    return Ok(());
                };
                path = next;
                if first.len() < Endless::SHOWN {
                    first.push(path.clone());
                }
                moves += 1;
                if moves > most && is_own {
                    return Err(Endless::Circle(first));
                }
                if moves > most {
                    break;
                }
                if path.len() > limits::FORMER_PATH_BYTES {
                    return Err(Endless::TooLong);
                }
            }
        }
        Ok(())
    }

    /// Follows a path written against that version.
    pub(crate) fn follow(&self, path: &str, version: u32) -> Followed {
        let mut path = path.to_owned();
        for steps in self.since(version) {
            match follow_within(steps, path) {
                Followed::Path(next) => path = next,
                Followed::Retired => return Followed::Retired,
            }
        }
        Followed::Path(path)
    }

    /// The last name of the node that had this path in any version, the newest included; where it was
    /// retired, the name that it had then. No path is ever used again for another node (D16), so that one
    /// name is enough.
    #[cfg(feature = "live")]
    pub(crate) fn last_name(&self, path: &str) -> String {
        let mut path = path.to_owned();
        for steps in self.since(0) {
            match follow_within(steps, path.clone()) {
                Followed::Path(next) => path = next,
                Followed::Retired => break,
            }
        }
        path
    }

    /// Every place that a path which takes away covers today: its own, where renames carried it, and
    /// where they moved anything that lay below it. No rename lets anything slip out of a deny, and no
    /// retirement: places that are no permission today are for the caller to leave out. Nor is any place
    /// too long: names of a history are as long as [`trace`](Evolution::trace) lets them be.
    pub(crate) fn places(&self, path: &str, version: u32) -> Vec<String> {
        let mut places = vec![(path.to_owned(), version)];
        let mut seen = HashSet::new();
        let mut done = 0;
        while let Some((place, since)) = places.get(done).cloned() {
            done += 1;
            for (&changed, steps) in self.steps.range(since.saturating_add(1)..) {
                let longest = prefixes(&place).find_map(|prefix| steps.get_key_value(prefix));
                let carried =
                    longest.and_then(|(from, to)| Some(carried(&place, from, to.as_deref()?)));
                // What lies below a path stands behind it, before the first that does not begin so.
                let below = format!("{place}.");
                let moved = steps
                    .range(below.clone()..)
                    .take_while(|(from, _)| from.starts_with(&below))
                    .filter_map(|(_, to)| to.clone());
                for to in moved.chain(carried) {
                    // Looked at again within this version: its steps act at once.
                    let found = (to, changed - 1);
                    if seen.insert(found.clone()) {
                        places.push(found);
                    }
                }
                // A place given up is followed no further: what comes to lie there later was never
                // below it, and an exception must not spare it.
                if longest.is_some() {
                    break;
                }
            }
        }
        let mut places: Vec<String> = places.into_iter().map(|(place, _)| place).collect();
        places.sort();
        places.dedup();
        places
    }

    /// The path that a node of today had in that version. Of a node added since it is where it would
    /// have been; where another lay there, the path of the nearest node above it that came along.
    /// `None` where nothing leads to it.
    pub(crate) fn origin(&self, today: &str, version: u32) -> Option<String> {
        let mut path = today.to_owned();
        for (version, origins) in self.origins.range(version.saturating_add(1)..).rev() {
            let steps = self.steps.get(version)?;
            let known = prefixes(&path).find_map(|path| {
                let origin = origin_within(origins, path.to_owned());
                let leads_here = origin == path
                    || follow_within(steps, origin.clone()) == Followed::Path(path.to_owned());
                leads_here.then_some(origin)
            });
            path = known?;
        }
        Some(path)
    }
}

/// Where a path was before the renames of one version; as many moves as there are renames are enough.
fn origin_within(origins: &BTreeMap<String, String>, mut path: String) -> String {
    for _ in 0..origins.len() {
        let longest = prefixes(&path).find_map(|prefix| origins.get_key_value(prefix));
        let Some((to, from)) = longest else { break };
        path = carried(&path, to, from);
    }
    path
}

/// Follows a path through the steps of one version. It may be moved more than once.
fn follow_within(steps: &Steps, mut path: String) -> Followed {
    for _ in 0..most_moves(steps, &path) {
        match next_within(steps, &path) {
            None => break,
            Some(None) => return Followed::Retired,
            Some(Some(next)) => path = next,
        }
    }
    Followed::Path(path)
}

/// How often the steps of one version move a path at most. A path that the version gave up takes each step
/// once at most, or [`Evolution::trace`] finds a circle. What stands behind such a path begins anew where
/// a step takes some of it along, once for each segment.
fn most_moves(steps: &Steps, path: &str) -> usize {
    let segments = path.split('.').count();
    (steps.len() + 1).saturating_mul(segments + 1)
}

/// Where the steps of one version move a path next: nowhere; out of the catalog; or there.
fn next_within(steps: &Steps, path: &str) -> Option<Option<String>> {
    let (from, to) = prefixes(path).find_map(|prefix| steps.get_key_value(prefix))?;
    Some(to.as_ref().map(|to| carried(path, from, to)))
}

/// A path and every path above it, longest first.
pub(super) fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.rsplit_once('.').map(|(above, _)| above)
    })
}

/// The path after a rename that moves it, or before one that moved it.
fn carried(path: &str, from: &str, to: &str) -> String {
    format!("{to}{}", path.get(from.len()..).unwrap_or_default())
}

/// By whole segments.
pub(crate) fn is_at_or_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
