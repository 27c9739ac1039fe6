//! How a catalog's paths changed over its versions, and how references follow (D16).

use std::collections::BTreeMap;

use crate::document::CatalogDocument;

/// Renames and retirements by version, oldest first. Those of one version act at once: of several
/// that match a path, the longest decides.
#[derive(Debug, Default)]
pub(crate) struct Evolution(BTreeMap<u32, Vec<Step>>);

#[derive(Debug)]
struct Step {
    from: String,
    /// `None` where the path was retired.
    to: Option<String>,
}

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
        let mut versions: BTreeMap<u32, Vec<Step>> = BTreeMap::new();
        for it in &document.renamed {
            let (from, to) = (it.from.clone(), Some(it.to.clone()));
            versions
                .entry(it.version)
                .or_default()
                .push(Step { from, to });
        }
        for it in &document.retired {
            let (from, to) = (it.path.clone(), None);
            versions
                .entry(it.version)
                .or_default()
                .push(Step { from, to });
        }
        Evolution(versions)
    }

    /// The steps of each version after that one.
    fn since(&self, version: u32) -> impl Iterator<Item = &[Step]> {
        self.0
            .range(version.saturating_add(1)..)
            .map(|(_, steps)| steps.as_slice())
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
        let mut done = 0;
        // Each place is followed for itself; what any version moved out of it is a place as well,
        // followed from that version on.
        while let Some((place, since)) = places.get(done).cloned() {
            done += 1;
            let mut at = place;
            for (&changed, steps) in self.0.range(since.saturating_add(1)..) {
                let moved = steps
                    .iter()
                    .filter(|step| step.from != at && is_at_or_below(&step.from, &at));
                for to in moved.filter_map(|step| step.to.clone()) {
                    if !places
                        .iter()
                        .any(|(known, since)| *known == to && *since == changed)
                    {
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

/// Follows a path through the steps of one version: it may be moved more than once, but by each
/// step once only.
fn follow_within(steps: &[Step], mut path: String) -> Followed {
    for _ in steps {
        let longest = steps
            .iter()
            .filter(|step| is_at_or_below(&path, &step.from))
            .max_by_key(|step| step.from.len());
        match longest {
            None => break,
            Some(Step { to: None, .. }) => return Followed::Retired,
            Some(Step { from, to: Some(to) }) => path = carried(&path, from, to),
        }
    }
    Followed::Path(path)
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
