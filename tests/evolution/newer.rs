//! The next versions of a random catalog: renamed, retired, added and changed at random, by a product
//! that keeps its own documents in order.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::document::{
    AdjustableDocument, AskedOn, CatalogDocument, ChangeKind, DenialDocument, GrantDocument,
    OperationDocument, PairDocument, PermissionDocument, Reach, RenamedDocument, RetiredDocument,
};
use bailiwick::evolution::CatalogComparison;
use bailiwick::{Catalog, Scope, Warnings};

use crate::reference::formats::format_of_catalog;
use crate::reference::names::at_or_below;
use crate::support::rng::Rng;

/// A newer catalog, and what became of the older one's permissions.
pub(crate) struct Newer {
    pub catalog: CatalogDocument,
    /// The older path to today's; `None` where it was retired.
    pub today: BTreeMap<String, Option<String>>,
    /// What was done, by name.
    pub steps: Vec<&'static str>,
}

type Step = fn(&mut Newer, &mut Rng) -> Option<()>;

/// What takes nothing from anybody's grants and gives nothing.
const NARROWING: &[(&str, Step)] = &[
    ("renamed", rename_with_gates),
    ("renamed", rename_with_gates),
    ("renamed", rename_with_gates),
    ("retired", retire_free),
    ("retired", retire_free),
    ("added", add),
    ("added", add),
    ("narrowed", narrow),
    ("narrowed", narrow),
    ("required", require),
    ("gated", gate),
    ("role retired", retire_role),
    ("pair removed", remove_free_pair),
];

/// What may give something to somebody.
const WIDENING: &[(&str, Step)] = &[
    ("renamed", rename),
    ("renamed", rename),
    ("retired", retire),
    ("widened", widen),
    ("adjustable", make_adjustable),
    ("default moved", move_default),
    ("fixed", make_fixed),
    ("requirement dropped", unrequire),
    ("gate dropped", ungate),
    ("conditions changed", recondition),
    ("opened", toggle_open),
    ("pair added", add_pair),
    ("pair removed", remove_pair),
    ("role changed", change_role),
    ("reach", toggle_reach),
    ("asked otherwise", toggle_on),
    ("feature retired", retire_feature),
    ("role dropped", drop_role),
    ("feature dropped", drop_feature),
    ("property dropped", drop_property),
    ("property edited otherwise", edit_property_otherwise),
    ("property edited otherwise", edit_property_otherwise),
    ("property edited otherwise", edit_property_otherwise),
];

/// A newer version by a few steps; only such as narrow, or any. A step that its catalog does not stand
/// is not taken.
pub(crate) fn newer(rng: &mut Rng, older: &CatalogDocument, narrowing_only: bool) -> Newer {
    let paths = older.permissions.iter().map(|it| it.path.clone());
    let mut newer = Newer {
        catalog: older.clone(),
        today: paths.map(|path| (path.clone(), Some(path))).collect(),
        steps: Vec::new(),
    };
    // A version of its own for each step: what several do at once is the histories' to test.
    newer.catalog.version += 1;
    for _ in 0..rng.range(1, 6) {
        let steps = match narrowing_only || rng.chance(55) {
            true => NARROWING,
            false => WIDENING,
        };
        let (name, step) = *rng.pick(steps);
        let mut next = Newer {
            catalog: newer.catalog.clone(),
            today: newer.today.clone(),
            steps: newer.steps.clone(),
        };
        let taken = step(&mut next, rng).is_some() && !next.catalog.operations.is_empty();
        // A wildcard may meet what offers several scopes by now.
        next.catalog.format = format_of_catalog(&next.catalog);
        if taken && Catalog::new(next.catalog.clone(), Warnings::Into(&mut Vec::new())).is_ok() {
            next.steps.push(name);
            next.catalog.version += 1;
            newer = next;
        }
    }
    newer
}

impl Newer {
    /// What came since the older catalog.
    pub(crate) fn since(&self, older: &CatalogDocument) -> CatalogComparison {
        let [older, newer] = [older, &self.catalog]
            .map(|it| Catalog::new(it.clone(), Warnings::Into(&mut Vec::new())).unwrap());
        let comparison = older.compare(&newer);
        comparison.unwrap_or_else(|conflicts| panic!("{:?}: {conflicts}", self.steps))
    }

    fn version(&self) -> u32 {
        self.catalog.version
    }

    fn paths(&self) -> Vec<String> {
        let every = self.catalog.permissions.iter();
        every.map(|it| it.path.clone()).collect()
    }

    fn permission(&mut self, path: &str) -> Option<&mut PermissionDocument> {
        let mut every = self.catalog.permissions.iter_mut();
        every.find(|it| it.path == path)
    }

    /// A path that no version had, below a node that may be its parent.
    fn fresh(&self, rng: &mut Rng, may: impl Fn(&str) -> bool) -> String {
        let segment = format!("n{}", self.version());
        let parents: Vec<String> = self.paths().into_iter().filter(|it| may(it)).collect();
        match rng.any(&parents) {
            Some(parent) if rng.chance(60) => format!("{parent}.{segment}"),
            _ => segment,
        }
    }

    /// Everything in the catalog that names permissions, by today's path; those without one are left
    /// out where they may be.
    fn rewrite(&mut self, today: impl Fn(&str) -> Option<String>) {
        let catalog = &mut self.catalog;
        let list = |paths: &mut Vec<String>| {
            *paths = paths.iter().filter_map(|it| today(it)).collect();
        };
        let one = |path: &mut Option<String>| *path = path.as_ref().and_then(|it| today(it));
        catalog.permissions.retain_mut(|it| match today(&it.path) {
            Some(path) => {
                it.path = path;
                true
            }
            None => false,
        });
        for permission in &mut catalog.permissions {
            list(&mut permission.requires);
            list(&mut permission.suggests);
            if let Some(adjustable) = &mut permission.adjustable {
                one(&mut adjustable.changed_by);
            }
        }
        for operation in &mut catalog.operations {
            list(&mut operation.requires);
            operation.allowed_by.retain_mut(|pair| {
                list(&mut pair.requires);
                match today(&pair.permission) {
                    Some(path) => {
                        pair.permission = path;
                        true
                    }
                    None => false,
                }
            });
        }
        let select = |text: &str| match text.strip_suffix(".*") {
            _ if text == "*" => Some("*".to_owned()),
            Some(top) => today(top).map(|it| format!("{it}.*")),
            None => today(text),
        };
        let exceptions = |except: &mut Vec<String>| {
            *except = except.iter().filter_map(|it| select(it)).collect();
        };
        for role in &mut catalog.roles {
            role.grants.retain_mut(|grant| {
                exceptions(&mut grant.except);
                let found = select(&grant.select);
                found.map(|it| grant.select = it).is_some()
            });
            role.denies.retain_mut(|denial| {
                exceptions(&mut denial.except);
                let found = select(&denial.select);
                found.map(|it| denial.select = it).is_some()
            });
            one(&mut role.assign);
            one(&mut role.revoke);
        }
        for property in catalog.subject_properties.values_mut() {
            one(&mut property.edited_by);
        }
        let administration = &mut catalog.administration;
        administration.changes.retain(|_, path| match today(path) {
            Some(found) => {
                *path = found;
                true
            }
            None => false,
        });
        one(&mut administration.account_roles.assign);
        one(&mut administration.account_roles.revoke);
        for r#type in &mut catalog.types {
            r#type.fields.retain_mut(|field| {
                let found = today(&field.revealed_by);
                found.map(|it| field.revealed_by = it).is_some()
            });
        }
        for path in self.today.values_mut() {
            *path = path.as_ref().and_then(|it| today(it));
        }
        self.drop_empty_operations();
    }

    /// Operations that nothing allows any more go, and what names them.
    fn drop_empty_operations(&mut self) {
        let catalog = &mut self.catalog;
        catalog
            .operations
            .retain(|it| it.open || !it.allowed_by.is_empty());
        let living: BTreeSet<String> = catalog.operations.iter().map(name).collect();
        let on_record: BTreeSet<String> = catalog
            .operations
            .iter()
            .filter(|it| it.on == AskedOn::Record)
            .map(name)
            .collect();
        let is_living = |it: &String| living.contains(it);
        for feature in &mut catalog.features {
            feature.requested_by = feature.requested_by.take().filter(is_living);
        }
        for operation in &mut catalog.operations {
            let on_type = operation.on == AskedOn::Type;
            let may = |it: &String| on_type && on_record.contains(it);
            operation.filtered_by = operation.filtered_by.take().filter(may);
            operation.creates = operation.creates.take().filter(may);
        }
        for r#type in &mut catalog.types {
            let id = r#type.id.clone();
            let named = |it: &String| on_record.contains(&format!("{id}:{it}"));
            r#type.reassign = r#type.reassign.take().filter(named);
            r#type.read = r#type.read.take().filter(named);
            if r#type.read.is_none() {
                r#type.fields.clear();
            }
        }
    }

    /// Whether something other than what lies below the path needs it or something below it.
    fn is_needed(&self, top: &str) -> bool {
        let catalog = &self.catalog;
        let within = |path: &String| at_or_below(path, top);
        let permissions = catalog.permissions.iter();
        let needing = permissions.filter(|it| !within(&it.path));
        let of_permissions = needing.flat_map(|it| &it.requires);
        let of_pairs = catalog.operations.iter().flat_map(|it| {
            let pairs = it.allowed_by.iter().filter(|it| !within(&it.permission));
            pairs.flat_map(|it| &it.requires)
        });
        let of_operations = catalog.operations.iter().flat_map(|it| &it.requires);
        let mut every = of_permissions.chain(of_pairs).chain(of_operations);
        every.any(within)
    }

    fn living_features(&self) -> Vec<String> {
        let every = self.catalog.features.iter();
        let living = every.filter(|it| it.retired.is_none());
        living.map(|it| it.id.clone()).collect()
    }

    fn fixed(&self) -> Vec<String> {
        let every = self.catalog.permissions.iter();
        let fixed = every.filter(|it| it.adjustable.is_none());
        fixed.map(|it| it.path.clone()).collect()
    }
}

pub(crate) fn name(operation: &OperationDocument) -> String {
    format!("{}:{}", operation.r#type, operation.action)
}

/// What lay below a node that a feature gates may leave the gate behind (D6).
fn rename(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let from = rng.any(&newer.paths())?.clone();
    rename_path(newer, rng, from)
}

/// The features of the nodes above go along.
fn rename_with_gates(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let from = rng.any(&newer.paths())?.clone();
    let above = newer.catalog.permissions.iter();
    let above = above.filter(|it| at_or_below(&from, &it.path));
    let gates: BTreeSet<String> = above.flat_map(|it| it.features.clone()).collect();
    newer.permission(&from)?.features = gates.into_iter().collect();
    rename_path(newer, rng, from)
}

fn rename_path(newer: &mut Newer, rng: &mut Rng, from: String) -> Option<()> {
    let to = newer.fresh(rng, |parent| !at_or_below(parent, &from));
    let mut through = from.clone();
    if rng.chance(25) {
        // By way of a name so long that nodes below it are longer than a catalog takes.
        let long = format!("n{}{}", newer.version(), "o".repeat(250));
        newer.catalog.renamed.push(RenamedDocument {
            version: newer.version(),
            from: through,
            to: long.clone(),
        });
        newer.catalog.version += 1;
        through = long;
    }
    newer.catalog.renamed.push(RenamedDocument {
        version: newer.version(),
        from: through,
        to: to.clone(),
    });
    newer.rewrite(|path| match at_or_below(path, &from) {
        true => Some(format!("{to}{}", &path[from.len()..])),
        false => Some(path.to_owned()),
    });
    Some(())
}

fn retire(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = rng.any(&newer.paths())?.clone();
    retire_path(newer, path)
}

/// What nothing else needs: retiring a prerequisite drops it, and what it held back is free.
fn retire_free(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = rng.any(&newer.paths())?.clone();
    (!newer.is_needed(&path)).then_some(())?;
    retire_path(newer, path)
}

fn retire_path(newer: &mut Newer, path: String) -> Option<()> {
    newer.catalog.retired.push(RetiredDocument {
        version: newer.version(),
        path: path.clone(),
    });
    newer.rewrite(|it| (!at_or_below(it, &path)).then(|| it.to_owned()));
    (!newer.catalog.permissions.is_empty()).then_some(())
}

/// A permission that allows an operation: a new one, or beside others one that there was.
fn add(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = newer.fresh(rng, |_| true);
    let requires = rng.few(&newer.paths(), 1);
    newer.catalog.permissions.push(PermissionDocument {
        path: path.clone(),
        label: None,
        description: None,
        level: None,
        scopes: match rng.chance(50) {
            true => Vec::new(),
            false => rng.some(&Scope::EVERY, 60),
        },
        default_scope: None,
        features: Vec::new(),
        requires,
        suggests: Vec::new(),
        adjustable: None,
    });
    let pair = PairDocument {
        permission: path,
        features: Vec::new(),
        requires: Vec::new(),
        when: Vec::new(),
    };
    let paired: Vec<usize> = (0..newer.catalog.operations.len())
        .filter(|it| !newer.catalog.operations[*it].open)
        .collect();
    match rng.any(&paired) {
        Some(operation) if rng.chance(50) => {
            newer.catalog.operations[*operation].allowed_by.push(pair);
        }
        _ => {
            let r#type = rng.pick(&newer.catalog.types).id.clone();
            newer.catalog.operations.push(OperationDocument {
                r#type,
                action: format!("new {}", newer.version()),
                label: None,
                on: *rng.pick(AskedOn::EVERY),
                open: false,
                allowed_by: vec![pair],
                features: Vec::new(),
                requires: Vec::new(),
                when: Vec::new(),
                filtered_by: None,
                creates: None,
            });
        }
    }
    Some(())
}

fn narrow(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let every = newer.catalog.permissions.iter();
    let several = every.filter(|it| it.scopes.len() > 1);
    let path = rng
        .any(&several.map(|it| it.path.clone()).collect::<Vec<_>>())?
        .clone();
    let permission = newer.permission(&path)?;
    let gone = rng.pick(&permission.scopes).to_owned();
    if permission.adjustable.is_some() && gone == Scope::All {
        return None;
    }
    permission.scopes.retain(|it| *it != gone);
    permission.default_scope = permission.default_scope.filter(|it| *it != gone);
    let offered = permission.scopes.clone();
    for role in &mut newer.catalog.roles {
        role.grants.retain_mut(|grant| {
            if grant.select != path || grant.scope != Some(gone) {
                return true;
            }
            grant.scope = offered.iter().copied().filter(|it| *it <= gone).max();
            grant.scope.is_some()
        });
    }
    Some(())
}

fn widen(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = rng.any(&newer.paths())?.clone();
    let permission = newer.permission(&path)?;
    if permission.scopes.is_empty() {
        permission.scopes.push(Scope::All);
    }
    let more = Scope::EVERY
        .into_iter()
        .filter(|it| !permission.scopes.contains(it));
    let more: Vec<Scope> = more.collect();
    permission.scopes.push(*rng.any(&more)?);
    // The product's own grants state what they meant.
    for role in &mut newer.catalog.roles {
        for grant in &mut role.grants {
            if grant.select == path && grant.scope.is_none() {
                grant.scope = Some(Scope::All);
            }
        }
    }
    Some(())
}

/// Somewhere a prerequisite is named: of a permission, a pair, or an operation.
fn requirements(newer: &mut Newer) -> Vec<&mut Vec<String>> {
    let catalog = &mut newer.catalog;
    let permissions = catalog.permissions.iter_mut().map(|it| &mut it.requires);
    let operations = catalog.operations.iter_mut().flat_map(|it| {
        let pairs = it.allowed_by.iter_mut().map(|it| &mut it.requires);
        pairs.chain(std::iter::once(&mut it.requires))
    });
    permissions.chain(operations).collect()
}

/// Somewhere a feature is named.
fn gates(newer: &mut Newer) -> Vec<&mut Vec<String>> {
    let catalog = &mut newer.catalog;
    let permissions = catalog.permissions.iter_mut().map(|it| &mut it.features);
    let operations = catalog.operations.iter_mut().flat_map(|it| {
        let pairs = it.allowed_by.iter_mut().map(|it| &mut it.features);
        pairs.chain(std::iter::once(&mut it.features))
    });
    permissions.chain(operations).collect()
}

fn require(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let needed = rng.any(&newer.paths())?.clone();
    let mut lists = requirements(newer);
    let list = rng.of(&mut lists);
    (!list.contains(&needed)).then(|| list.push(needed))
}

fn unrequire(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let mut lists = requirements(newer);
    lists.retain(|it| !it.is_empty());
    if lists.is_empty() {
        return None;
    }
    rng.of(&mut lists).pop().map(|_| ())
}

fn gate(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let feature = rng.any(&newer.living_features())?.clone();
    let mut lists = gates(newer);
    let list = rng.of(&mut lists);
    (!list.contains(&feature)).then(|| list.push(feature))
}

fn ungate(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let mut lists = gates(newer);
    lists.retain(|it| !it.is_empty());
    if lists.is_empty() {
        return None;
    }
    rng.of(&mut lists).pop().map(|_| ())
}

fn make_adjustable(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = rng.any(&newer.fixed())?.clone();
    let living = newer.catalog.roles.iter().filter(|it| it.retired.is_none());
    let living: Vec<String> = living.map(|it| it.id.clone()).collect();
    let role = rng.any(&living)?.clone();
    let permission = newer.permission(&path)?;
    if !permission.scopes.is_empty() && !permission.scopes.contains(&Scope::All) {
        permission.scopes.push(Scope::All);
    }
    permission.adjustable = Some(AdjustableDocument {
        ladder: vec![role.clone()],
        default: role,
        floor: None,
        ceiling: None,
        changed_by: None,
    });
    for role in &mut newer.catalog.roles {
        role.grants.retain(|it| it.select != path);
    }
    Some(())
}

fn move_default(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let every = newer.catalog.permissions.iter_mut();
    let mut every: Vec<_> = every.filter_map(|it| it.adjustable.as_mut()).collect();
    if every.is_empty() {
        return None;
    }
    let adjustable = rng.of(&mut every);
    adjustable.default = rng.pick(&adjustable.ladder).clone();
    adjustable.floor = adjustable.floor.take().filter(|_| rng.chance(30));
    adjustable.ceiling = adjustable.ceiling.take().filter(|_| rng.chance(30));
    Some(())
}

fn make_fixed(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let every = newer.catalog.permissions.iter_mut();
    let mut every: Vec<_> = every.filter(|it| it.adjustable.is_some()).collect();
    if every.is_empty() {
        return None;
    }
    rng.of(&mut every).adjustable = None;
    Some(())
}

/// Drops the conditions of a pair or an operation, or gives it those of another of its type.
fn recondition(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let chosen = rng.below(newer.catalog.operations.len());
    let r#type = newer.catalog.operations[chosen].r#type.clone();
    let others = newer.catalog.operations.iter();
    let others = others.filter(|it| it.r#type == r#type);
    let written = others.flat_map(|it| {
        let pairs = it.allowed_by.iter().map(|it| it.when.clone());
        pairs.chain(std::iter::once(it.when.clone()))
    });
    let mut written: Vec<_> = written.filter(|it| !it.is_empty()).collect();
    written.push(Vec::new());
    let when = rng.pick(&written).clone();
    let operation = &mut newer.catalog.operations[chosen];
    let place = match operation.allowed_by.is_empty() || rng.chance(50) {
        true => &mut operation.when,
        false => &mut rng.of(&mut operation.allowed_by).when,
    };
    (*place != when).then(|| *place = when)
}

fn toggle_open(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = rng.any(&newer.paths())?.clone();
    let operation = rng.of(&mut newer.catalog.operations);
    operation.open = !operation.open;
    operation.allowed_by = match operation.open {
        true => Vec::new(),
        false => vec![PairDocument {
            permission: path,
            features: Vec::new(),
            requires: Vec::new(),
            when: Vec::new(),
        }],
    };
    Some(())
}

fn add_pair(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let permission = rng.any(&newer.paths())?.clone();
    let operation = rng.of(&mut newer.catalog.operations);
    if operation.open {
        return None;
    }
    operation.allowed_by.push(PairDocument {
        permission,
        features: Vec::new(),
        requires: Vec::new(),
        when: Vec::new(),
    });
    Some(())
}

fn remove_pair(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let operation = rng.of(&mut newer.catalog.operations);
    if operation.allowed_by.is_empty() {
        return None;
    }
    let gone = rng.below(operation.allowed_by.len());
    operation.allowed_by.remove(gone);
    newer.drop_empty_operations();
    Some(())
}

/// A pair whose permission nothing needs: a prerequisite that allows no operation on a record any more
/// would narrow nothing any more.
fn remove_free_pair(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let operation = rng.pick(&newer.catalog.operations).clone();
    let gone = rng.any(&operation.allowed_by)?.permission.clone();
    let is_needed = requirements(newer).iter().any(|it| it.contains(&gone));
    (!is_needed).then_some(())?;
    let mut every = newer.catalog.operations.iter_mut();
    let operation = every.find(|it| name(it) == name(&operation))?;
    operation.allowed_by.retain(|it| it.permission != gone);
    newer.drop_empty_operations();
    Some(())
}

fn change_role(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let path = rng.any(&newer.paths())?.clone();
    if newer.catalog.roles.is_empty() {
        return None;
    }
    let role = rng.of(&mut newer.catalog.roles);
    match rng.below(5) {
        0 => role.grants.pop().map(|_| ()),
        1 => role.denies.pop().map(|_| ()),
        2 => {
            role.denies.push(DenialDocument::from(path.as_str()));
            Some(())
        }
        3 => role.inherits.pop().map(|_| ()),
        _ => {
            let select = format!("{path}.*");
            let scope = *rng.pick(&Scope::EVERY);
            role.grants
                .push(GrantDocument::from((select.as_str(), scope)));
            Some(())
        }
    }
}

fn toggle_reach(newer: &mut Newer, _: &mut Rng) -> Option<()> {
    newer.catalog.reach = match newer.catalog.reach {
        Reach::Owned => Reach::Accessible,
        Reach::Accessible => Reach::Owned,
    };
    Some(())
}

fn toggle_on(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let operation = rng.of(&mut newer.catalog.operations);
    operation.on = match operation.on {
        AskedOn::Record => AskedOn::Type,
        AskedOn::Type => AskedOn::Record,
    };
    newer.drop_empty_operations();
    Some(())
}

fn retire_role(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let version = newer.version();
    let ladders = newer.catalog.permissions.iter();
    let ladders = ladders.filter_map(|it| it.adjustable.as_ref());
    let on_ladders: BTreeSet<String> = ladders.flat_map(|it| it.ladder.clone()).collect();
    let every = newer.catalog.roles.iter_mut();
    let mut free: Vec<_> = every
        .filter(|it| it.retired.is_none() && !on_ladders.contains(&it.id))
        .collect();
    if free.is_empty() {
        return None;
    }
    rng.of(&mut free).retired = Some(version);
    Some(())
}

fn drop_role(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let gone = rng.any(&newer.catalog.roles)?.id.clone();
    newer.catalog.roles.retain(|it| it.id != gone);
    for role in &mut newer.catalog.roles {
        role.inherits.retain(|it| *it != gone);
    }
    newer.catalog.tokens.system_roles.retain(|it| *it != gone);
    let exempt = &mut newer.catalog.administration.exempt;
    exempt.retain(|it| it.role.as_ref() != Some(&gone));
    Some(())
}

fn retire_feature(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let (gone, version) = (rng.any(&newer.living_features())?.clone(), newer.version());
    for list in gates(newer) {
        list.retain(|it| *it != gone);
    }
    let mut every = newer.catalog.features.iter_mut();
    every.find(|it| it.id == gone)?.retired = Some(version);
    Some(())
}

fn drop_feature(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let gone = rng.any(&newer.living_features())?.clone();
    for list in gates(newer) {
        list.retain(|it| *it != gone);
    }
    newer.catalog.features.retain(|it| it.id != gone);
    Some(())
}

fn edit_property_otherwise(newer: &mut Newer, rng: &mut Rng) -> Option<()> {
    let paths = newer.paths();
    // Who may make the change has that permission, and comes to edit the property.
    let changes = &newer.catalog.administration.changes;
    let rights: Vec<String> = [ChangeKind::EditProperties, ChangeKind::CreateUser]
        .iter()
        .filter_map(|kind| changes.get(kind).cloned())
        .collect();
    let mut properties: Vec<_> = newer.catalog.subject_properties.values_mut().collect();
    let property = match properties.is_empty() {
        true => return None,
        false => rng.of(&mut properties),
    };
    let paths = if rng.chance(50) { rights } else { paths };
    let edited_by = rng.any(&paths).cloned().filter(|_| rng.chance(80));
    (property.edited_by != edited_by).then(|| property.edited_by = edited_by)
}

fn drop_property(newer: &mut Newer, _: &mut Rng) -> Option<()> {
    newer.catalog.subject_properties.pop_first().map(|_| ())
}
