//! How a catalog's paths changed over its versions, and how references follow (D16).

use std::collections::{BTreeMap, HashSet};

use crate::document::CatalogDocument;

/// Renames and retirements by version, oldest first. Those of one version act at once: of several
/// that match a path, the longest decides.
#[derive(Debug, Default)]
pub(crate) struct Evolution(BTreeMap<u32, Steps>);

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

impl Evolution {
    pub(crate) fn of(document: &CatalogDocument) -> Evolution {
        let mut versions: BTreeMap<u32, Steps> = BTreeMap::new();
        for it in &document.renamed {
            let steps = versions.entry(it.version).or_default();
            steps.insert(it.from.clone(), Some(it.to.clone()));
        }
        for it in &document.retired {
            let steps = versions.entry(it.version).or_default();
            steps.insert(it.path.clone(), None);
        }
        Evolution(versions)
    }

    /// The steps of each version after that one.
    fn since(&self, version: u32) -> impl Iterator<Item = &Steps> {
        self.0
            .range(version.saturating_add(1)..)
            .map(|(_, steps)| steps)
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

    /// Follows a path that takes away, with every place to which something below it was moved
    /// since: no rename lets anything slip out of a deny. Retired places are left out.
    pub(crate) fn follow_with_moved(&self, path: &str, version: u32) -> Vec<String> {
        let mut places = vec![(path.to_owned(), version)];
        let mut seen = HashSet::new();
        let mut done = 0;
        // Each place is followed for itself; what any version moved out of it is a place as well,
        // followed from that version on.
        while let Some((place, since)) = places.get(done).cloned() {
            done += 1;
            let mut at = place;
            for (&changed, steps) in self.0.range(since.saturating_add(1)..) {
                // What lies below a path stands behind it, before the first that does not begin so.
                let below = format!("{at}.");
                let moved = steps
                    .range(below.clone()..)
                    .take_while(|(from, _)| from.starts_with(&below));
                for to in moved.filter_map(|(_, to)| to.clone()) {
                    if seen.insert((to.clone(), changed)) {
                        places.push((to, changed));
                    }
                }
                match follow_within(steps, at) {
                    Followed::Path(next) => at = next,
                    Followed::Retired => break,
                }
            }
        }
        let mut today: Vec<String> = places
            .into_iter()
            .filter_map(|(place, since)| match self.follow(&place, since) {
                Followed::Path(path) => Some(path),
                Followed::Retired => None,
            })
            .collect();
        today.sort();
        today.dedup();
        today
    }
}

/// Follows a path through the steps of one version. It may be moved more than once; a path is never
/// moved to below itself, so that as many moves as there are steps are enough.
fn follow_within(steps: &Steps, mut path: String) -> Followed {
    for _ in 0..steps.len() {
        let longest = prefixes(&path).find_map(|prefix| steps.get_key_value(prefix));
        match longest {
            None => break,
            Some((_, None)) => return Followed::Retired,
            Some((from, Some(to))) => path = carried(&path, from, to),
        }
    }
    Followed::Path(path)
}

/// A path and every path above it, longest first.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.rsplit_once('.').map(|(above, _)| above)
    })
}

/// The path after a rename that moves it.
fn carried(path: &str, from: &str, to: &str) -> String {
    format!("{to}{}", path.get(from.len()..).unwrap_or_default())
}

/// By whole segments.
pub(crate) fn is_at_or_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
