//! Selectors: what a grant, a deny or an exception names (D5, S5), and what it comes to.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use smallvec::SmallVec;

use super::evolution::prefixes;
use super::{Followed, Model, Permission};
use crate::Scope;
use crate::document::decode::backticked;
use crate::document::problem::{Path, Report, Source, quoted};
use crate::document::{DenialDocument, GrantDocument, ProblemCode};
use crate::limits;
use crate::names::Numbered;

/// What a role grants and denies, permission by permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The widest scope granted, 0 for none.
    pub(crate) granted: Vec<u8>,
    pub(crate) denied: Vec<bool>,
}

impl Rights {
    pub(crate) fn none(permissions: usize) -> Rights {
        Rights {
            granted: vec![0; permissions],
            denied: vec![false; permissions],
        }
    }
}

/// The parts of a selector.
pub(super) enum Selector<'a> {
    Everything,
    Below(&'a str),
    Node(&'a str),
}

pub(super) fn parse(text: &str) -> Selector<'_> {
    match text.strip_suffix(".*") {
        Some(top) => Selector::Below(top),
        None if text == "*" => Selector::Everything,
        None => Selector::Node(text),
    }
}

/// What a reference to a permission leads to.
enum Found {
    Node(u16),
    /// It was retired since the policy was written: inert.
    Retired,
    Unknown,
}

impl Model {
    /// Follows a path written against `version` to a node of today; an unknown one is reported.
    fn find(&self, path: &str, version: u32, at: &Path<'_>, report: &mut Report<'_>) -> Found {
        match self.evolution.follow(path, version) {
            Followed::Retired => {
                let message = format!("{} was retired and has no effect", quoted(path));
                report.warning(at, (ProblemCode::Retired, message));
                Found::Retired
            }
            Followed::Path(today) => match self.permission_names.get(&today) {
                Some(index) => Found::Node(index as u16),
                None => {
                    self.report_unknown(path, at, report);
                    Found::Unknown
                }
            },
        }
    }

    pub(crate) fn report_unknown(&self, path: &str, at: &Path<'_>, report: &mut Report<'_>) {
        let nearest = report.did_you_mean(path, self.permission_names.iter());
        let message = format!("unknown permission {}{nearest}", quoted(path));
        report.error(at, (ProblemCode::Unknown, message));
    }

    /// One past the last permission at or below a node (I3).
    fn end(&self, node: u16) -> u16 {
        self.permissions
            .get(node as usize)
            .map_or(node, |permission| permission.end)
    }

    /// The node and all below it, wherever a rename has moved any of it since (D16).
    fn taken_away(
        &self,
        text: &str,
        version: u32,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Vec<Range<u16>> {
        let path = match parse(text) {
            Selector::Everything => {
                let whole = 0..self.permissions.len() as u16;
                return [whole].into();
            }
            // Taking away is greedy: a path is the node and everything below it.
            Selector::Below(path) | Selector::Node(path) => path,
        };
        // No node of any version had such a name.
        if path.len() > limits::FORMER_PATH_BYTES {
            self.report_unknown(path, at, report);
            return Vec::new();
        }
        match self.evolution.follow(path, version) {
            Followed::Retired => {
                let message = format!("{} was retired", quoted(path));
                report.warning(at, (ProblemCode::Retired, message));
            }
            Followed::Path(today) if self.permission_names.get(&today).is_none() => {
                self.report_unknown(path, at, report);
            }
            Followed::Path(_) => {}
        }
        let places = self.evolution.places(path, version).into_iter();
        let nodes = places.filter_map(|place| self.permission_names.get(&place));
        nodes
            .map(|node| node as u16..self.end(node as u16))
            .collect()
    }
}

/// Permissions, as ranges of the catalog's preorder that do not touch, in ascending order. A role may have
/// as many grants and denies as a catalog has permissions, so that none of them may cost a list of all.
struct Marked(Vec<Range<u16>>);

impl Marked {
    fn of(mut ranges: Vec<Range<u16>>) -> Marked {
        ranges.sort_unstable_by_key(|it| (it.start, it.end));
        ranges.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        Marked(ranges)
    }

    fn nodes(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().cloned().flatten()
    }

    fn has(&self, node: u16) -> bool {
        let after = self.0.partition_point(|it| it.start <= node);
        let last = after.checked_sub(1).and_then(|it| self.0.get(it));
        last.is_some_and(|it| node < it.end)
    }
}

/// The union of what exceptions take away.
fn excepted(
    model: &Model,
    except: &[String],
    version: u32,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Marked {
    let list = at.field("except");
    let mut all = Vec::new();
    for (i, text) in except.iter().enumerate() {
        all.extend(model.taken_away(text, version, &list.index(i), report));
    }
    Marked::of(all)
}

/// Whether a deny's exceptions spare a node by the names of the version that the deny was written
/// against: what it denied then stays denied wherever it is now, below an exception as well (D16).
/// What those of today do not cover is spared by neither.
pub(super) fn was_spared<'m>(
    model: &'m Model,
    denial: &'m DenialDocument,
    version: u32,
) -> impl Fn(&str) -> bool + 'm {
    let is_older = version < model.version;
    let tops = denial.except.iter().filter(|_| is_older);
    // Everything, where there is none.
    let tops: HashSet<Option<Cow<'_, str>>> = tops
        .map(|text| match parse(text) {
            Selector::Everything => None,
            Selector::Below(top) | Selector::Node(top) => Some(name_then(model, top, version)),
        })
        .collect();
    let spares_all = !is_older || tops.contains(&None);
    move |path| {
        let is_below = |origin: String| {
            prefixes(&origin).any(|above| tops.contains(&Some(Cow::Borrowed(above))))
        };
        spares_all || model.evolution.origin(path, version).is_some_and(is_below)
    }
}

/// What a node was called in that version where the text names it as it is today; else the text.
fn name_then<'t>(model: &Model, text: &'t str, version: u32) -> Cow<'t, str> {
    let is_node = model.permission_names.get(text).is_some();
    let origin = is_node.then(|| model.evolution.origin(text, version));
    let leads_here =
        |it: &String| model.evolution.follow(it, version) == Followed::Path(text.to_owned());
    match origin.flatten().filter(leads_here) {
        Some(origin) => Cow::Owned(origin),
        None => Cow::Borrowed(text),
    }
}

/// Adds a deny to a role's rights (D4, D5, D16).
pub(crate) fn resolve_denial(
    model: &Model,
    denial: &DenialDocument,
    version: u32,
    rights: &mut Rights,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    let select = at.field("select");
    let covered = Marked::of(model.taken_away(&denial.select, version, &select, report));
    let spared = excepted(model, &denial.except, version, at, report);
    let was_spared = was_spared(model, denial, version);
    let (mut covers, mut denies) = (false, false);
    for node in covered.nodes() {
        let Some(permission) = model.permissions.get(node as usize) else {
            continue;
        };
        covers = true;
        if !(spared.has(node) && was_spared(&permission.path)) {
            denies = true;
            rights.denied[node as usize] = true;
        }
    }
    if covers && !denies {
        let message = format!(
            "{} denies nothing: its exceptions cover all of it",
            quoted(&denial.select)
        );
        report.warning(&select, (ProblemCode::DeniesNothing, message));
    }
}

/// What one grant comes to.
#[derive(Default)]
pub(crate) struct Given {
    /// Each permission that it gives, and how far; in preorder.
    pub(crate) given: SmallVec<[(u16, Scope); 1]>,
    /// The permission that it names alone, given or not.
    pub(crate) node: Option<u16>,
    /// What a wildcard leaves out: adjustable, or not offered at its scope (S5, D13).
    pub(crate) left_out: Vec<u16>,
}

/// Adds a grant to a role's rights.
pub(crate) fn resolve_grant(
    model: &Model,
    grant: &GrantDocument,
    version: u32,
    rights: &mut Rights,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    for (node, scope) in give(model, grant, version, at, report).given {
        let granted = &mut rights.granted[node as usize];
        *granted = (*granted).max(scope as u8);
    }
}

/// Works out what a grant gives (D5, S5, D13, D16).
pub(crate) fn give(
    model: &Model,
    grant: &GrantDocument,
    version: u32,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Given {
    give_by(model, grant, version, version < model.version, at, report)
}

/// Refuses what today's catalog makes of a grant that is new, and whose names are those of `version`: what
/// an older policy may still hold, with a warning (D16), nobody writes anew.
pub(crate) fn refuse_new(
    model: &Model,
    grant: &GrantDocument,
    version: u32,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    give_by(model, grant, version, false, at, report);
    if let Selector::Node(path) | Selector::Below(path) = parse(&grant.select)
        && let Followed::Retired = model.evolution.follow(path, version)
    {
        let message = format!("{} was retired and grants nothing", quoted(path));
        report.error(&at.field("select"), (ProblemCode::Retired, message));
    }
}

/// `older`: what today's catalog makes invalid is the narrower thing, with a warning.
fn give_by(
    model: &Model,
    grant: &GrantDocument,
    version: u32,
    older: bool,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Given {
    let select = at.field("select");
    let spared = excepted(model, &grant.except, version, at, report);
    let mut out = Given::default();
    let covered = match parse(&grant.select) {
        Selector::Node(path) => {
            if let Found::Node(node) = model.find(path, version, &select, report) {
                out.node = Some(node);
                let scope = scope_of_node(model, grant, node, older, at, report);
                let is_spared = spared.has(node);
                if is_spared {
                    warn_of_nothing_granted(grant, &select, report);
                }
                out.given = scope
                    .filter(|_| !is_spared)
                    .map(|scope| (node, scope))
                    .into_iter()
                    .collect();
            }
            return out;
        }
        Selector::Everything => 0..model.permissions.len() as u16,
        Selector::Below(path) => match model.find(path, version, &select, report) {
            Found::Node(node) => node..model.end(node),
            Found::Retired | Found::Unknown => return out,
        },
    };
    if covered.clone().all(|node| spared.has(node)) {
        warn_of_nothing_granted(grant, &select, report);
    }
    // Adjustable, or not offered at the scope; and what offers a choice that was not made (S5).
    let (mut beyond, mut unscoped) = (Vec::new(), Vec::new());
    for node in covered {
        let Some(permission) = model.permissions.get(node as usize) else {
            continue;
        };
        if spared.has(node) {
            continue;
        }
        let scope = match grant.scope {
            Some(scope) => permission.scopes.widest_within(scope),
            None => permission.scopes.only(),
        };
        match scope {
            Some(scope) if permission.adjustable.is_none() => {
                out.given.push((node, scope));
                continue;
            }
            None if grant.scope.is_none() && permission.adjustable.is_none() => unscoped.push(node),
            Some(_) | None => beyond.push(node),
        }
        out.left_out.push(node);
    }
    if !unscoped.is_empty() && !report.is_stood_in(&at.field("scope")) {
        let message = (
            ProblemCode::ScopeMissing,
            needs_scope(model, grant, &unscoped),
        );
        if older {
            report.warning(&select, message);
        } else {
            report.refuse_today(&select, message);
        }
    }
    if !beyond.is_empty() {
        report.warning(
            &select,
            (
                ProblemCode::LeftOut,
                format!(
                    "{} leaves out what is adjustable, or not offered at its scope: {}",
                    quoted(&grant.select),
                    listed(model, &beyond)
                ),
            ),
        );
    }
    out
}

fn warn_of_nothing_granted(grant: &GrantDocument, select: &Path<'_>, report: &mut Report<'_>) {
    let message = format!(
        "{} grants nothing: its exceptions cover all of it",
        quoted(&grant.select)
    );
    report.warning(select, (ProblemCode::GrantsNothing, message));
}

/// That a wildcard states no scope, and which permissions offer a choice.
fn needs_scope(model: &Model, grant: &GrantDocument, permissions: &[u16]) -> String {
    const NAMED: usize = 10;
    let named = permissions.iter().take(NAMED);
    let named = named.filter_map(|it| model.permissions.get(*it as usize));
    let mut choices: Vec<String> = named
        .map(|it| format!("{} offers {}", quoted(&it.path), offered(it)))
        .collect();
    if permissions.len() > NAMED {
        choices.push(format!("and {} more", permissions.len() - NAMED));
    }
    format!(
        "{} needs a scope; without one it grants no permission that offers several: {}",
        quoted(&grant.select),
        choices.join("; ")
    )
}

/// The scopes that a permission offers, each in backticks.
fn offered(permission: &Permission) -> String {
    backticked(permission.scopes.iter().map(Scope::as_str))
}

/// Whether only format 1 may hold that grant: a wildcard without a scope that meets a permission which
/// offers several (S5). `version` is the one that the policy was written against.
pub(crate) fn is_of_format_1(model: &Model, grant: &GrantDocument, version: u32) -> bool {
    if grant.scope.is_some() || !grant.select.ends_with('*') || version < model.version {
        return false;
    }
    let source = Source::default();
    let mut report = Report::new(&source);
    give(model, grant, version, &Path::ROOT, &mut report);
    report.has_errors()
}

/// The first of some permissions, and how many more there are.
fn listed(model: &Model, permissions: &[u16]) -> String {
    const NAMED: usize = 10;
    let named = permissions.iter().take(NAMED);
    let mut names: Vec<String> = named
        .filter_map(|it| model.permissions.get(*it as usize))
        .map(|it| quoted(&it.path))
        .collect();
    if permissions.len() > NAMED {
        names.push(format!("and {} more", permissions.len() - NAMED));
    }
    names.join(", ")
}

/// How far a grant that names one node reaches, its exceptions aside.
fn scope_of_node(
    model: &Model,
    grant: &GrantDocument,
    node: u16,
    older: bool,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<Scope> {
    let permission = model.permissions.get(node as usize)?;
    let name = quoted(&grant.select);
    // A scope that could not be read was reported.
    let is_unread = report.is_stood_in(&at.field("scope"));
    // What a newer catalog made invalid loads as the narrower thing, with a warning.
    let mut refuse = |at: &Path<'_>, code: ProblemCode, message: String| {
        if older {
            report.warning(at, (code, message));
        } else {
            report.error(at, (code, message));
        }
    };
    if permission.adjustable.is_some() {
        refuse(
            &at.field("select"),
            ProblemCode::Adjustable,
            format!("{name} is adjustable: it comes from the account's setting, not from grants"),
        );
        return None;
    }
    let offered = || offered(permission);
    match grant.scope {
        Some(scope) if permission.scopes.offers(scope) => Some(scope),
        Some(scope) => {
            refuse(
                &at.field("scope"),
                ProblemCode::ScopeNotOffered,
                format!(
                    "{name} does not offer the scope `{scope}`; it offers {}",
                    offered()
                ),
            );
            permission.scopes.widest_within(scope)
        }
        None => {
            let only = permission.scopes.only();
            if only.is_none() && !is_unread {
                refuse(
                    &at.field("select"),
                    ProblemCode::ScopeMissing,
                    format!("{name} needs a scope; it offers {}", offered()),
                );
            }
            only
        }
    }
}

/// Warns of prerequisites that a role's grants miss (S5): what they grant has no effect until
/// another role gives those too. `granted` says what the role has with all that it inherits.
pub(crate) fn warn_of_missed(
    model: &Model,
    grants: &[GrantDocument],
    version: u32,
    granted: impl Fn(u16) -> bool,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    let list = at.field("grants");
    for (i, grant) in grants.iter().enumerate() {
        let selected = parse(&grant.select);
        let below = match &selected {
            Selector::Everything => 0..model.permissions.len() as u16,
            Selector::Below(path) | Selector::Node(path) => {
                let Followed::Path(today) = model.evolution.follow(path, version) else {
                    continue;
                };
                let Some(node) = model.permission_names.get(&today) else {
                    continue;
                };
                let node = node as u16;
                match selected {
                    Selector::Node(_) => node..node + 1,
                    Selector::Everything | Selector::Below(_) => node..model.end(node),
                }
            }
        };
        let mut missed: Vec<u16> = below
            .filter(|node| granted(*node))
            .filter_map(|node| model.permissions.get(node as usize))
            .flat_map(|permission| permission.requires.iter().copied())
            .filter(|needed| !granted(*needed))
            .collect();
        missed.sort_unstable();
        missed.dedup();
        if !missed.is_empty() {
            let grants = match selected {
                Selector::Node(_) => "has",
                Selector::Everything | Selector::Below(_) => "grants what has",
            };
            report.warning(
                &list.index(i),
                (
                    ProblemCode::PrerequisiteMissed,
                    format!(
                        "{} {grants} no effect without {}, which the role does not have",
                        quoted(&grant.select),
                        listed(model, &missed)
                    ),
                ),
            );
        }
    }
}
