//! References of a stored document to permissions: selectors (D5), offered scopes (S5), older
//! policies (D16), adjustable settings (D13).

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::{
    CatalogDocument, DenialDocument, GrantDocument, PermissionDocument, PolicyDocument,
};

/// D5: whether `path` is `root` or lies below it, by whole segments.
pub(crate) fn at_or_below(path: &str, root: &str) -> bool {
    path == root
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('.'))
}

/// The parent of a path in the tree.
pub(crate) fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(above, _)| above)
}

/// D5: what a selector names.
enum Selector<'a> {
    Everything,
    Subtree(&'a str),
    Node(&'a str),
}

fn selector(text: &str) -> Selector<'_> {
    if text == "*" {
        Selector::Everything
    } else if let Some(root) = text.strip_suffix(".*") {
        Selector::Subtree(root)
    } else {
        Selector::Node(text)
    }
}

/// What a deny or an exception takes away: everything, or these nodes and all below them.
enum Taken {
    Everything,
    Below(BTreeSet<String>),
}

impl Taken {
    fn covers(&self, path: &str) -> bool {
        match self {
            Taken::Everything => true,
            Taken::Below(roots) => roots.iter().any(|root| at_or_below(path, root)),
        }
    }
}

/// What the exceptions of a deny spare: everything, or what lies where the nearest of these roots at
/// or above it says so.
#[derive(Default)]
struct Spared {
    everything: bool,
    regions: BTreeMap<String, bool>,
}

impl Spared {
    fn has(&self, path: &str) -> bool {
        let above = self.regions.iter();
        let above = above.filter(|(root, _)| at_or_below(path, root));
        let nearest = above.max_by_key(|(root, _)| root.len());
        self.everything || nearest.is_some_and(|(_, is_spared)| *is_spared)
    }
}

/// The permissions of a catalog, as a document written against `written` names them.
pub(crate) struct Names<'a> {
    pub catalog: &'a CatalogDocument,
    pub written: u32,
}

impl Names<'_> {
    /// D16: the versions since the document was written that renamed or retired something.
    fn later_versions(&self) -> BTreeSet<u32> {
        let renamed = self.catalog.renamed.iter().map(|renamed| renamed.version);
        let retired = self.catalog.retired.iter().map(|retired| retired.version);
        renamed
            .chain(retired)
            .filter(|version| *version > self.written)
            .collect()
    }

    /// D16: the longest `from` of that version at or above `path`, with its new path.
    fn renaming(&self, version: u32, path: &str) -> Option<(&str, &str)> {
        self.catalog
            .renamed
            .iter()
            .filter(|renamed| renamed.version == version && at_or_below(path, &renamed.from))
            .max_by_key(|renamed| renamed.from.len())
            .map(|renamed| (renamed.from.as_str(), renamed.to.as_str()))
    }

    /// D16: the longest path that this version retired at or above `path`.
    fn retirement(&self, version: u32, path: &str) -> Option<&str> {
        self.catalog
            .retired
            .iter()
            .filter(|retired| retired.version == version && at_or_below(path, &retired.path))
            .map(|retired| retired.path.as_str())
            .max_by_key(|retired| retired.len())
    }

    /// D16: where a stored reference leads today; `None` when it is inert.
    fn today(&self, path: &str) -> Option<&PermissionDocument> {
        let mut path = path.to_owned();
        for version in self.later_versions() {
            let mut been = BTreeSet::from([path.clone()]);
            loop {
                let renaming = self.renaming(version, &path);
                let retired = self.retirement(version, &path).map_or(0, str::len);
                if retired > renaming.map_or(0, |(from, _)| from.len()) {
                    return None;
                }
                let Some((from, to)) = renaming else { break };
                path = format!("{to}{}", &path[from.len()..]);
                if !been.insert(path.clone()) {
                    break;
                }
            }
        }
        self.catalog
            .permissions
            .iter()
            .find(|permission| permission.path == path)
    }

    /// D5, D16: a deny or exception of `path` covers it, its own new place, and the new place of
    /// every renamed path that lay below it, version by version; it is never dropped.
    fn taken(&self, text: &str) -> Taken {
        let mut roots = match selector(text) {
            Selector::Everything => return Taken::Everything,
            Selector::Subtree(path) | Selector::Node(path) => BTreeSet::from([path.to_owned()]),
        };
        for version in self.later_versions() {
            loop {
                let mut more = roots.clone();
                for root in &roots {
                    if let Some((from, to)) = self.renaming(version, root)
                        && self
                            .retirement(version, root)
                            .is_none_or(|it| it.len() <= from.len())
                    {
                        more.insert(format!("{to}{}", &root[from.len()..]));
                    }
                    for renamed in &self.catalog.renamed {
                        if renamed.version == version && at_or_below(&renamed.from, root) {
                            more.insert(renamed.to.clone());
                        }
                    }
                }
                if more == roots {
                    break;
                }
                roots = more;
            }
            // A path that this version gave up names nothing any more.
            roots.retain(|root| {
                self.renaming(version, root).is_none() && self.retirement(version, root).is_none()
            });
        }
        Taken::Below(roots)
    }

    /// D16: the name that a node had in the document's version, where the text gives it today's. The new
    /// path of a rename is a node that no earlier version had, and so is what lies below it: the text
    /// cannot mean anything else.
    fn then(&self, text: &str) -> String {
        let mut path = text.to_owned();
        for version in self.later_versions().into_iter().rev() {
            for _ in &self.catalog.renamed {
                let of_version = self
                    .catalog
                    .renamed
                    .iter()
                    .filter(|it| it.version == version);
                let here = of_version.filter(|it| at_or_below(&path, &it.to));
                let Some(renamed) = here.max_by_key(|it| it.to.len()) else {
                    break;
                };
                path = format!("{}{}", renamed.from, &path[renamed.to.len()..]);
            }
        }
        match self.today(&path) {
            Some(node) if node.path == text => path,
            _ => text.to_owned(),
        }
    }

    /// D16: what the exceptions of a deny spare: what lay below them by the names of the document's
    /// version, wherever each rename since brought it, and what was added there; what a rename brought
    /// below them from elsewhere they do not.
    fn spared(&self, except: &[String]) -> Spared {
        let mut spared = Spared::default();
        for text in except {
            match selector(text) {
                Selector::Everything => spared.everything = true,
                Selector::Subtree(path) | Selector::Node(path) => {
                    spared.regions.insert(self.then(path), true);
                }
            }
        }
        for version in self.later_versions() {
            // Once more for each rename, for those that go on from where another of this version leads.
            for _ in 0..=self.catalog.renamed.len() {
                let before = spared.regions.clone();
                for renamed in &self.catalog.renamed {
                    if renamed.version != version {
                        continue;
                    }
                    let is_spared = spared.has(&renamed.from);
                    spared.regions.insert(renamed.to.clone(), is_spared);
                    for (root, is_spared) in &before {
                        let moves = self.renaming(version, root);
                        let moves = moves.is_some_and(|(from, _)| from == renamed.from);
                        let retired = self.retirement(version, root).map_or(0, str::len);
                        if *root != renamed.from && moves && retired <= renamed.from.len() {
                            let place = format!("{}{}", renamed.to, &root[renamed.from.len()..]);
                            spared.regions.insert(place, *is_spared);
                        }
                    }
                }
                if spared.regions == before {
                    break;
                }
            }
        }
        spared
    }

    /// D5, S5, D13, D16: the permissions one grant gives, each with its scope.
    pub(crate) fn grant(&self, grant: &GrantDocument) -> BTreeMap<String, Scope> {
        let mut given = BTreeMap::new();
        for permission in self.selected(grant) {
            if let Some(scope) = scope_given(permission, grant.scope) {
                given.insert(permission.path.clone(), scope);
            }
        }
        given
    }

    /// S5: whether it is a wildcard without a scope that meets a permission which offers several; in a
    /// policy of an older version it skips those (D16).
    pub(crate) fn is_ambiguous(&self, grant: &GrantDocument) -> bool {
        let selected = self.selected(grant);
        grant.scope.is_none()
            && !matches!(selector(&grant.select), Selector::Node(_))
            && self.written >= self.catalog.version
            && selected.iter().any(|it| offered(it).len() > 1)
    }

    /// D16: whether today's catalog makes a grant the narrower thing, or inert: what an older policy holds, and
    /// nobody writes anew.
    pub(crate) fn is_narrowed(&self, grant: &GrantDocument) -> bool {
        match selector(&grant.select) {
            Selector::Node(path) => self.today(path).is_none_or(|permission| {
                let offered = offered(permission);
                permission.adjustable.is_some()
                    || match grant.scope {
                        Some(scope) => !offered.contains(&scope),
                        None => offered.len() > 1,
                    }
            }),
            Selector::Subtree(path) if self.today(path).is_none() => true,
            Selector::Subtree(_) | Selector::Everything => {
                let selected = self.selected(grant);
                grant.scope.is_none() && selected.iter().any(|it| offered(it).len() > 1)
            }
        }
    }

    /// D5, D13: the permissions that a grant selects, without what it excepts and what is adjustable.
    fn selected(&self, grant: &GrantDocument) -> Vec<&PermissionDocument> {
        let except: Vec<Taken> = grant.except.iter().map(|text| self.taken(text)).collect();
        let named = match selector(&grant.select) {
            Selector::Everything => None,
            Selector::Subtree(path) | Selector::Node(path) => match self.today(path) {
                Some(permission) => Some(permission.path.as_str()),
                // D16: retired.
                None => return Vec::new(),
            },
        };
        let mut all = Vec::new();
        for permission in &self.catalog.permissions {
            let path = permission.path.as_str();
            let selected = match (selector(&grant.select), named) {
                (Selector::Subtree(_), Some(root)) => at_or_below(path, root),
                (Selector::Node(_), Some(node)) => path == node,
                _ => true,
            };
            // D13: a wildcard skips what is adjustable; D16: naming it is inert.
            if !selected
                || permission.adjustable.is_some()
                || except.iter().any(|taken| taken.covers(path))
            {
                continue;
            }
            all.push(permission);
        }
        all
    }

    /// D4, D5, D16: the permissions one deny takes away.
    pub(crate) fn denial(&self, denial: &DenialDocument) -> BTreeSet<String> {
        let taken = self.taken(&denial.select);
        let spared = self.spared(&denial.except);
        self.catalog
            .permissions
            .iter()
            .map(|permission| &permission.path)
            .filter(|path| taken.covers(path) && !spared.has(path))
            .cloned()
            .collect()
    }
}

/// S5: the scopes that may be chosen for a permission.
fn offered(permission: &PermissionDocument) -> BTreeSet<Scope> {
    if permission.scopes.is_empty() {
        BTreeSet::from([Scope::All])
    } else {
        permission.scopes.iter().copied().collect()
    }
}

/// S5, and D16 for a scope no longer offered: the widest offered scope not wider than the one
/// stated; where none is stated, the only one offered.
fn scope_given(permission: &PermissionDocument, stated: Option<Scope>) -> Option<Scope> {
    let offered = offered(permission);
    match stated {
        Some(stated) => offered.into_iter().filter(|scope| *scope <= stated).max(),
        None if offered.len() == 1 => offered.into_iter().next(),
        None => None,
    }
}

/// D13: for each adjustable permission, the system role its setting names.
pub(crate) fn settings(
    catalog: &CatalogDocument,
    policy: &PolicyDocument,
) -> BTreeMap<String, String> {
    let names = Names {
        catalog,
        written: policy.catalog_version,
    };
    let mut settings = BTreeMap::new();
    for permission in &catalog.permissions {
        let Some(adjustable) = &permission.adjustable else {
            continue;
        };
        let rung = |role: &String| adjustable.ladder.iter().position(|rung| rung == role);
        let top = adjustable.ladder.len().saturating_sub(1);
        let floor = adjustable.floor.as_ref().and_then(rung).unwrap_or(0);
        let ceiling = adjustable.ceiling.as_ref().and_then(rung).unwrap_or(top);
        let stated = policy
            .settings
            .iter()
            .filter(|(path, _)| names.today(path) == Some(permission))
            // D16: a role that is no longer on the ladder counts as the ceiling, the narrowest.
            .map(|(_, role)| rung(role).unwrap_or(ceiling))
            .max();
        let set = stated
            .or_else(|| rung(&adjustable.default))
            .unwrap_or(ceiling);
        // D16: a setting out of bounds is the nearest bound.
        let set = set.min(ceiling).max(floor);
        if let Some(role) = adjustable.ladder.get(set) {
            settings.insert(permission.path.clone(), role.clone());
        }
    }
    settings
}
