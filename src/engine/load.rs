//! From policy and directory to an engine: everything that does not fit the catalog is reported.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::cells;
use super::lending::Lent;
use super::rights::Planes;
use super::users::{User, Users};
use super::{AccessSet, Asked, Engine, Packages, Positions, Role, Roles, State};
use crate::Scope;
use crate::catalog::{
    Bearer, Catalog, Followed, Model, Rights, SYSTEM, check_identifier, check_limit, find, insert,
    report_cycles, resolve_denial, resolve_grant,
};
use crate::chunked::Chunked;
use crate::decision::{NONE, Part};
use crate::document::problem::{NEAREST_BUDGET, Path, Report, Source, quoted};
use crate::document::{
    AccountsServed, AssignmentDocument, DirectoryDocument, FORMAT, Parsed, PolicyDocument, Problem,
    Problems, PropertyType, PropertyValue, Reach as ReachReading, Timestamp, UserDocument,
};
use crate::hierarchy::{Dag, Reach};
use crate::id::{Brand, UserId};
use crate::limits;
use crate::names::Names;

/// An engine, and what is worth knowing about the documents it was made from.
#[derive(Debug)]
pub struct Loaded {
    /// The engine.
    pub engine: Engine,
    /// What was loaded as something narrower, left out or without effect.
    pub warnings: Vec<Problem>,
}

impl Engine {
    /// Compiles an account. Assignments that have ended at that moment are dropped (D2).
    ///
    /// Cost: linear in users, and in roles, positions and their edges; one row of cells for each
    /// distinct combination of assignments.
    ///
    /// # Errors
    /// Every problem of policy and directory in one run: unknown and duplicate names, cycles named
    /// whole, scopes not offered, settings of fixed permissions, values past the
    /// [limits](crate::limits).
    #[expect(clippy::new_ret_no_self, reason = "the engine comes with its warnings")]
    pub fn new(
        catalog: &Catalog,
        policy: impl Into<Parsed<PolicyDocument>>,
        directory: impl Into<Parsed<DirectoryDocument>>,
        at: Timestamp,
    ) -> Result<Loaded, Problems> {
        let directory = directory.into();
        let (builder, mut errors) = EngineBuilder::read(catalog, &policy.into(), at);
        let mut report = directory.report();
        let read = builder.is_some();
        let mut builder = builder.unwrap_or_else(|| EngineBuilder::nothing(catalog, at));
        // Without the policy's roles and positions, every name would be unknown.
        if let Some(document) = directory.document().filter(|_| read) {
            let root = directory.root();
            if document.format != FORMAT {
                report.error(
                    &root.field("format"),
                    format!(
                        "format `{}` is not known; this is format `{FORMAT}`",
                        document.format
                    ),
                );
            }
            let list = root.field("users");
            if check_limit(
                document.users.len(),
                limits::USERS,
                "users",
                &list,
                &mut report,
            ) {
                builder.reserve(document.users.len());
                for (i, user) in document.users.iter().enumerate() {
                    builder.read_user(user, &list.index(i), &mut report);
                }
            }
        }
        let (more, warnings) = report.finish();
        errors.extend(more);
        Problems::unless_none(errors)?;
        builder.warnings.extend(warnings);
        builder.build()
    }

    /// Starts an account from its policy, its users to be added one by one: a directory of a
    /// million users needs no document.
    ///
    /// # Errors
    /// Every problem of the policy.
    ///
    /// ```
    /// # use bailiwick::{Catalog, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 1
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// # "#))?;
    /// use bailiwick::{Engine, Timestamp};
    /// let policy = PolicyDocument::from_toml("policy.toml", r#"
    ///     format = 1
    ///     catalog_version = 1
    ///     roles = [{ id = "seller", grants = ["orders"] }]
    /// "#);
    /// let mut builder = Engine::builder(&catalog, policy, Timestamp(0))?;
    /// for n in 0..1000 {
    ///     builder.add(&UserDocument::new(format!("user-{n}")).role("seller"))?;
    /// }
    /// assert_eq!(builder.build()?.engine.user_count(), 1000);
    /// # Ok::<(), bailiwick::Problems>(())
    /// ```
    pub fn builder(
        catalog: &Catalog,
        policy: impl Into<Parsed<PolicyDocument>>,
        at: Timestamp,
    ) -> Result<EngineBuilder, Problems> {
        let (builder, errors) = EngineBuilder::read(catalog, &policy.into(), at);
        Problems::unless_none(errors)?;
        builder.ok_or_else(Problems::nothing_read)
    }
}

/// An account in the making.
pub struct EngineBuilder {
    state: State,
    positions: Dag,
    names: Names,
    records: Vec<User>,
    used_users: HashSet<Box<str>>,
    properties: HashMap<u32, Box<[(u16, PropertyValue)]>>,
    /// Roles and packages, sorted, to the number of the access set.
    interned: HashMap<Assigned, u32>,
    subject_properties: HashMap<Box<str>, u16>,
    at: Timestamp,
    /// What looking for nearest names may still cost, over all users.
    nearest_budget: usize,
    warnings: Vec<Problem>,
}

/// What users of one access set are assigned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Assigned {
    roles: Vec<u32>,
    packages: Vec<u32>,
}

impl std::fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("users", &self.names.len())
            .finish_non_exhaustive()
    }
}

impl EngineBuilder {
    /// Adds a user.
    ///
    /// # Errors
    /// Every problem of this user: the user is then not added.
    pub fn add(&mut self, user: &UserDocument) -> Result<UserId, Problems> {
        let source = Source::default();
        let mut report = Report::new(&source).with_nearest_budget(self.nearest_budget);
        let added = self.read_user(user, &Path::ROOT, &mut report);
        self.nearest_budget = report.nearest_budget();
        let (errors, warnings) = report.finish();
        Problems::unless_none(errors)?;
        self.warnings.extend(warnings);
        added
            .map(|index| UserId::new(index, self.state.brand))
            .ok_or_else(Problems::nothing_read)
    }

    /// Makes room for that many more users.
    pub fn reserve(&mut self, users: usize) {
        if self.names.len() == 0 {
            self.names = Names::with_capacity(users);
        }
        self.records.reserve(users);
    }

    /// Compiles.
    ///
    /// # Errors
    /// None today: problems were refused when they were added.
    pub fn build(self) -> Result<Loaded, Problems> {
        let EngineBuilder {
            mut state,
            positions,
            names,
            records,
            properties,
            interned,
            warnings,
            ..
        } = self;
        state.users.names = Arc::new(names);
        state.users.properties = Arc::new(properties);
        let mut assigned: Vec<(Assigned, u32)> = interned.into_iter().collect();
        assigned.sort_by_key(|(_, number)| *number);
        state.users.records = records.into_iter().collect();
        let compiled = assigned.iter().map(|(assigned, _)| {
            let planes = state.united(assigned);
            let row = cells::row(&state, &planes);
            AccessSet { row, planes }
        });
        state.sets = compiled.collect();
        if state.model().reach == ReachReading::Accessible {
            state.lent = Some(Arc::new(Lent::new(&state, &positions)));
        }
        Ok(Loaded {
            engine: Engine(Arc::new(state)),
            warnings,
        })
    }

    fn nothing(catalog: &Catalog, at: Timestamp) -> EngineBuilder {
        let state = State {
            catalog: catalog.clone(),
            catalog_brand: catalog.0.brand,
            asked: Asked::of(&catalog.0),
            serves_many: catalog.0.accounts == AccountsServed::Many,
            brand: Brand::NONE,
            account: None,
            revision: 0,
            policy: Arc::new(PolicyDocument::new(catalog.version())),
            missing_features: Arc::default(),
            pair_features: Arc::default(),
            operation_features: Arc::default(),
            roles: Arc::default(),
            packages: Arc::default(),
            positions: Arc::default(),
            users: Users::default(),
            sets: Chunked::default(),
            lent: None,
            next_expiry: None,
        };
        let subject_properties = catalog
            .0
            .properties
            .iter()
            .zip(0..)
            .filter(|(property, _)| property.bearer == Bearer::Subject)
            .map(|(property, index)| (property.name.clone(), index))
            .collect();
        EngineBuilder {
            state,
            positions: Dag::default(),
            names: Names::default(),
            records: Vec::new(),
            used_users: HashSet::new(),
            properties: HashMap::new(),
            interned: HashMap::new(),
            subject_properties,
            at,
            nearest_budget: NEAREST_BUDGET,
            warnings: Vec::new(),
        }
    }

    fn read(
        catalog: &Catalog,
        parsed: &Parsed<PolicyDocument>,
        at: Timestamp,
    ) -> (Option<EngineBuilder>, Vec<Problem>) {
        let mut report = parsed.report();
        let mut builder = None;
        if let Some(policy) = parsed.document() {
            let mut new = EngineBuilder::nothing(catalog, at);
            new.read_policy(policy, &parsed.root(), &mut report);
            builder = Some(new);
        }
        let (errors, warnings) = report.finish();
        if let Some(builder) = &mut builder {
            builder.warnings = warnings;
        }
        (builder, errors)
    }

    fn read_policy(&mut self, policy: &PolicyDocument, root: &Path<'_>, report: &mut Report<'_>) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        if policy.format != FORMAT {
            report.error(
                &root.field("format"),
                format!(
                    "format `{}` is not known; this is format `{FORMAT}`",
                    policy.format
                ),
            );
        }
        match &policy.account {
            Some(account) => {
                check_identifier(account, &root.field("account"), report);
            }
            None if model.accounts == AccountsServed::Many => report.error(
                &root.field("account"),
                "`account` is missing: the catalog serves many accounts",
            ),
            None => {}
        }
        if policy.catalog_version == 0 || policy.catalog_version > model.version {
            report.error(
                &root.field("catalog_version"),
                format!(
                    "written against version `{}` of the catalog, which is at version `{}`",
                    policy.catalog_version, model.version
                ),
            );
        }
        match Brand::new() {
            Some(brand) => self.state.brand = brand,
            None => report.error(
                root,
                "this process has made 2³² catalogs and accounts, and can make no more",
            ),
        }
        self.state.account = policy.account.as_deref().map(Into::into);
        self.state.revision = policy.revision.unwrap_or(1);
        if i64::try_from(self.state.revision).is_err() {
            report.error(
                &root.field("revision"),
                format!("the last revision is `{}`", i64::MAX),
            );
        }
        self.state.policy = Arc::new(policy.clone());
        self.read_features(policy, root, report);
        self.read_roles(policy, root, report);
        self.read_packages(policy, root, report);
        self.read_positions(policy, root, report);
        let used = root.field("used_ids");
        let users = used.field("users");
        for (i, id) in policy.used_ids.users.iter().enumerate() {
            check_identifier(id, &users.index(i), report);
            self.used_users.insert(id.as_str().into());
        }
    }

    fn read_features(&mut self, policy: &PolicyDocument, root: &Path<'_>, report: &mut Report<'_>) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        let list = root.field("features");
        let mut enabled = vec![false; model.features.len()];
        for (i, name) in policy.features.iter().enumerate() {
            let here = list.index(i);
            let Some(index) = find(&model.feature_names, name, "feature", &here, report) else {
                continue;
            };
            if std::mem::replace(&mut enabled[index as usize], true) {
                report.error(&here, format!("duplicate feature {}", quoted(name)));
            }
            if let Some(version) = model.features.get(index as usize).and_then(|it| it.retired) {
                let message = format!(
                    "feature {} was retired in version `{version}`",
                    quoted(name)
                );
                match policy.catalog_version < version {
                    true => report.warning(&here, message),
                    false => report.error(&here, message),
                }
            }
        }
        let missing = |features: &[u16]| features.iter().copied().find(|it| !enabled[*it as usize]);
        self.state.missing_features = model
            .permissions
            .iter()
            .map(|permission| {
                if let Some(own) = missing(&permission.features) {
                    return Some((own, Part::Permission));
                }
                let mut above = permission.parent;
                while let Some(ancestor) = above.and_then(|it| model.permissions.get(it as usize)) {
                    if let Some(feature) = missing(&ancestor.features) {
                        return Some((feature, Part::Ancestor));
                    }
                    above = ancestor.parent;
                }
                None
            })
            .collect();
        let or_none = |features: &[u16]| missing(features).unwrap_or(NONE);
        self.state.pair_features = model.pairs.iter().map(|it| or_none(&it.features)).collect();
        self.state.operation_features = model
            .operations
            .iter()
            .map(|it| or_none(&it.features))
            .collect();
    }

    fn read_roles(&mut self, policy: &PolicyDocument, root: &Path<'_>, report: &mut Report<'_>) {
        let catalog = self.state.catalog.clone();
        let model = &*catalog.0;
        let list = root.field("roles");
        let count = policy.roles.len() + model.roles.len();
        if !check_limit(count, limits::ROLES, "roles", &list, report) {
            return;
        }
        let mut names = Names::with_capacity(count);
        for role in &model.roles {
            // Distinct in the catalog.
            let _ = names.insert(&role.id);
        }
        let used: HashSet<&str> = policy.used_ids.roles.iter().map(String::as_str).collect();
        let mut kept = Vec::with_capacity(policy.roles.len());
        for (i, role) in policy.roles.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            check_identifier(&role.id, &id, report);
            if role.id.starts_with(SYSTEM) {
                report.error(
                    &id,
                    format!(
                        "{} begins with `system:`, which only the catalog's roles do",
                        quoted(&role.id)
                    ),
                );
                continue;
            }
            if used.contains(role.id.as_str()) {
                report.error(
                    &id,
                    format!(
                        "role {} was used before; forget the used id to use it again",
                        quoted(&role.id)
                    ),
                );
            }
            if insert(&mut names, &role.id, "role", &id, report).is_some() {
                kept.push((i, role));
            }
        }
        let settings = self.read_settings(policy, root, report);
        let mut own: Vec<Planes> = model
            .roles
            .iter()
            .map(|role| Planes::of(&role.rights))
            .collect();
        for (permission, role) in settings {
            if let Some(planes) = own.get_mut(role as usize) {
                planes.grant(permission as usize, Scope::All);
            }
        }
        let mut edges: Vec<(u32, u32)> = model.role_edges().collect();
        for (&(i, role), number) in kept.iter().zip(model.roles.len() as u32..) {
            let here = list.index(i);
            check_created(role.created, &here, report);
            let inherits = here.field("inherits");
            let juniors = self.find_roles(
                &names,
                role.inherits.iter().map(String::as_str),
                &inherits,
                report,
            );
            edges.extend(juniors.into_iter().map(|junior| (number, junior)));
            let mut rights = Rights::none(model.permissions.len());
            let grants = here.field("grants");
            for (i, grant) in role.grants.iter().enumerate() {
                resolve_grant(
                    model,
                    grant,
                    policy.catalog_version,
                    &mut rights,
                    &grants.index(i),
                    report,
                );
            }
            let denies = here.field("denies");
            for (i, denial) in role.denies.iter().enumerate() {
                resolve_denial(
                    model,
                    denial,
                    policy.catalog_version,
                    &mut rights,
                    &denies.index(i),
                    report,
                );
            }
            own.push(Planes::of(&rights));
        }
        check_limit(
            edges.len(),
            limits::EDGES,
            "edges of inheritance",
            &list,
            report,
        );
        let roles = match Dag::new(own.len(), &edges) {
            Ok(dag) => unite_juniors(model, own, &dag),
            Err(cycles) => {
                let first = model.roles.len() as u32;
                let name = |node: u32| names.text(node).unwrap_or_default();
                let position = |node: u32| {
                    node.checked_sub(first)
                        .map_or(0, |node| kept[node as usize].0)
                };
                report_cycles(&cycles, "inheritance", name, &list, position, report);
                Vec::new()
            }
        };
        self.state.roles = Arc::new(Roles { names, roles });
    }

    /// The adjustable permissions, each with the system role that has it (D13, D16).
    fn read_settings(
        &self,
        policy: &PolicyDocument,
        root: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Vec<(u16, u16)> {
        let model = self.state.model();
        let older = policy.catalog_version < model.version;
        let mut places: HashMap<u16, usize> = HashMap::new();
        let table = root.field("settings");
        for (path, role) in &policy.settings {
            let here = table.field(path);
            let today = match model.evolution.follow(path, policy.catalog_version) {
                Followed::Retired => {
                    report.warning(
                        &here,
                        format!("{} was retired and has no effect", quoted(path)),
                    );
                    continue;
                }
                Followed::Path(today) => today,
            };
            let Some(index) = model.permission_names.get(&today) else {
                model.report_unknown(path, &here, report);
                continue;
            };
            let permission = model.permissions.get(index as usize);
            let Some(adjustable) = permission.and_then(|it| it.adjustable.as_ref()) else {
                let message = format!("{} is fixed: no setting adjusts it", quoted(path));
                match older {
                    true => report.warning(&here, message),
                    false => report.error(&here, message),
                }
                continue;
            };
            let Some(named) = find(&model.role_names, role, "system role", &here, report) else {
                continue;
            };
            let place = adjustable
                .ladder
                .iter()
                .position(|rung| u32::from(*rung) == named);
            let bound = match place {
                Some(place) if place < adjustable.floor => Some(adjustable.floor),
                Some(place) if place <= adjustable.ceiling => None,
                _ => Some(adjustable.ceiling),
            };
            if let Some(bound) = bound {
                let nearest = adjustable
                    .ladder
                    .get(bound)
                    .and_then(|it| model.roles.get(*it as usize));
                let nearest = quoted(nearest.map_or("", |role| &role.id));
                let message = format!(
                    "{} may not be set to {}; the nearest bound is {nearest}",
                    quoted(path),
                    quoted(role)
                );
                match older {
                    true => report.warning(&here, message),
                    false => report.error(&here, message),
                }
            }
            let place = bound.or(place).unwrap_or(adjustable.ceiling);
            // Two paths may lead to one permission since a rename: the narrower setting holds.
            let known = places.entry(index as u16).or_insert(place);
            *known = (*known).max(place);
        }
        model
            .permissions
            .iter()
            .zip(0..)
            .filter_map(|(permission, index)| {
                let adjustable = permission.adjustable.as_ref()?;
                let place = places.get(&index).copied().unwrap_or(adjustable.default);
                Some((index, *adjustable.ladder.get(place)?))
            })
            .collect()
    }

    /// Roles by name: each known, none twice, none retired before the policy was written.
    fn find_roles<'n>(
        &self,
        names: &Names,
        list: impl Iterator<Item = &'n str>,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Vec<u32> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for (i, name) in list.enumerate() {
            let here = at.index(i);
            if let Some(index) = self.find_role(names, name, &here, report) {
                if seen.insert(index) {
                    found.push(index);
                } else {
                    report.error(&here, format!("duplicate role {}", quoted(name)));
                }
            }
        }
        found
    }

    fn find_role(
        &self,
        names: &Names,
        name: &str,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<u32> {
        let index = find(names, name, "role", at, report)?;
        if let Some(version) = self
            .state
            .model()
            .roles
            .get(index as usize)
            .and_then(|it| it.retired)
        {
            let message = format!("role {} was retired in version `{version}`", quoted(name));
            match self.state.policy.catalog_version < version {
                true => report.warning(at, message),
                false => report.error(at, message),
            }
        }
        Some(index)
    }

    fn read_packages(&mut self, policy: &PolicyDocument, root: &Path<'_>, report: &mut Report<'_>) {
        let list = root.field("packages");
        if !check_limit(
            policy.packages.len(),
            limits::PACKAGES,
            "packages",
            &list,
            report,
        ) {
            return;
        }
        let mut packages = Packages::default();
        for (i, package) in policy.packages.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            check_identifier(&package.id, &id, report);
            check_created(package.created, &here, report);
            let names = &self.state.roles.names;
            let roles = here.field("roles");
            let roles = self.find_roles(
                names,
                package.roles.iter().map(String::as_str),
                &roles,
                report,
            );
            if insert(&mut packages.names, &package.id, "package", &id, report).is_some() {
                packages.roles.push(roles.into());
            }
        }
        self.state.packages = Arc::new(packages);
    }

    fn read_positions(
        &mut self,
        policy: &PolicyDocument,
        root: &Path<'_>,
        report: &mut Report<'_>,
    ) {
        let list = root.field("positions");
        if !check_limit(
            policy.positions.len(),
            limits::POSITIONS,
            "positions",
            &list,
            report,
        ) {
            return;
        }
        let mut names = Names::with_capacity(policy.positions.len());
        let used: HashSet<&str> = policy
            .used_ids
            .positions
            .iter()
            .map(String::as_str)
            .collect();
        let mut kept = Vec::with_capacity(policy.positions.len());
        for (i, position) in policy.positions.iter().enumerate() {
            let here = list.index(i);
            let id = here.field("id");
            check_identifier(&position.id, &id, report);
            if used.contains(position.id.as_str()) {
                report.error(
                    &id,
                    format!(
                        "position {} was used before; forget the used id to use it again",
                        quoted(&position.id)
                    ),
                );
            }
            if insert(&mut names, &position.id, "position", &id, report).is_some() {
                kept.push((i, position));
            }
        }
        let mut edges = Vec::with_capacity(kept.len());
        for (&(i, position), junior) in kept.iter().zip(0..) {
            let here = list.index(i);
            let above = here.field("reports_to");
            let mut seen = HashSet::new();
            for (i, senior) in position.reports_to.iter().enumerate() {
                let here = above.index(i);
                if let Some(senior_index) = find(&names, senior, "position", &here, report) {
                    if seen.insert(senior_index) {
                        edges.push((senior_index, junior));
                    } else {
                        report.error(&here, format!("duplicate position {}", quoted(senior)));
                    }
                }
            }
        }
        if !check_limit(
            edges.len(),
            limits::EDGES,
            "edges of the reporting hierarchy",
            &list,
            report,
        ) {
            return;
        }
        match Dag::new(names.len(), &edges) {
            Ok(dag) => {
                let reach = Reach::new(&dag).unwrap_or_else(|_| {
                    report.error(
                        &list,
                        format!(
                            "`{}` positions that report to so many others take a matrix; the limit is `{}`",
                            dag.len(),
                            limits::TANGLED_POSITIONS
                        ),
                    );
                    Reach::default()
                });
                self.positions = dag;
                self.state.positions = Arc::new(Positions { names, reach });
            }
            Err(cycles) => {
                let name = |node: u32| names.text(node).unwrap_or_default();
                let position = |node: u32| kept[node as usize].0;
                report_cycles(
                    &cycles,
                    "positions report to each other",
                    name,
                    &list,
                    position,
                    report,
                );
                let reach = Reach::default();
                self.state.positions = Arc::new(Positions { names, reach });
            }
        }
    }

    fn read_user(
        &mut self,
        user: &UserDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<u32> {
        let id = at.field("id");
        let mut sound = check_identifier(&user.id, &id, report);
        if self.used_users.contains(user.id.as_str()) {
            report.error(
                &id,
                format!(
                    "user {} was used before; forget the used id to use it again",
                    quoted(&user.id)
                ),
            );
            sound = false;
        }
        if self.names.get(&user.id).is_some() {
            report.error(&id, format!("duplicate user {}", quoted(&user.id)));
            sound = false;
        }
        let position = match &user.position {
            None => None,
            Some(name) => {
                let found = find(
                    &self.state.positions.names,
                    name,
                    "position",
                    &at.field("position"),
                    report,
                );
                sound &= found.is_some();
                found
            }
        };
        let mut assigned = Assigned::default();
        for (list, of_packages) in [(&user.roles, false), (&user.packages, true)] {
            let word = if of_packages { "packages" } else { "roles" };
            let list_at = at.field(word);
            let before = sound;
            let found = self.read_assignments(list, of_packages, &list_at, report);
            sound = before && found.is_some();
            match of_packages {
                true => assigned.packages = found.unwrap_or_default(),
                false => assigned.roles = found.unwrap_or_default(),
            }
        }
        let properties = self.read_properties(user, at, report);
        let (Some(properties), true) = (properties, sound) else {
            return None;
        };
        if self.names.len() >= limits::USERS {
            report.error(
                at,
                format!("the limit of `{}` users is reached", limits::USERS),
            );
            return None;
        }
        let index = self.names.insert(&user.id).ok()?;
        let fresh = self.interned.len() as u32;
        let access = *self.interned.entry(assigned).or_insert(fresh);
        let record = User::new(access, position, user.suspended);
        self.records.push(record);
        if !properties.is_empty() {
            self.properties.insert(index, properties.into());
        }
        Some(index)
    }

    /// The assignments that have not ended, sorted; `None` if one is wrong.
    fn read_assignments(
        &mut self,
        list: &[AssignmentDocument],
        of_packages: bool,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Vec<u32>> {
        let mut sound = true;
        let mut found = Vec::with_capacity(list.len());
        let mut all = HashSet::with_capacity(list.len());
        for (i, assignment) in list.iter().enumerate() {
            let here = at.index(i);
            let id = here.field("id");
            let index = match of_packages {
                true => find(
                    &self.state.packages.names,
                    &assignment.id,
                    "package",
                    &id,
                    report,
                ),
                false => self.find_role(&self.state.roles.names, &assignment.id, &id, report),
            };
            let Some(index) = index else {
                sound = false;
                continue;
            };
            if !all.insert(index) {
                report.error(
                    &id,
                    format!("duplicate assignment of {}", quoted(&assignment.id)),
                );
                sound = false;
            }
            if let Some(until) = assignment.until
                && !until.is_writable()
            {
                report.error(&here.field("until"), OUT_OF_CALENDAR);
                sound = false;
            }
            match assignment.until {
                Some(until) if until <= self.at => continue,
                Some(until) => {
                    let next = self.state.next_expiry.get_or_insert(until);
                    *next = (*next).min(until);
                }
                None => {}
            }
            found.push(index);
        }
        found.sort_unstable();
        sound.then_some(found)
    }

    fn read_properties(
        &self,
        user: &UserDocument,
        at: &Path<'_>,
        report: &mut Report<'_>,
    ) -> Option<Vec<(u16, PropertyValue)>> {
        let model = self.state.model();
        let mut sound = true;
        let mut found = Vec::with_capacity(user.properties.len());
        let table = at.field("properties");
        for (name, value) in &user.properties {
            let here = table.field(name);
            let Some(&index) = self.subject_properties.get(name.as_str()) else {
                let near =
                    report.did_you_mean(name, self.subject_properties.keys().map(AsRef::as_ref));
                report.error(
                    &here,
                    format!("undeclared property {} of the subject{near}", quoted(name)),
                );
                sound = false;
                continue;
            };
            let kind = model.properties.get(index as usize).map(|it| it.kind);
            let found_kind = match value {
                PropertyValue::Text(_) => PropertyType::Text,
                PropertyValue::Integer(_) => PropertyType::Integer,
                PropertyValue::Boolean(_) => PropertyType::Boolean,
                PropertyValue::Set(_) => PropertyType::Set,
            };
            if kind == Some(found_kind) {
                found.push((index, value.clone()));
            } else {
                let declared = kind.map_or("", PropertyType::as_str);
                report.error(
                    &here,
                    format!(
                        "property {} is of type `{declared}`, and this is of type `{found_kind}`",
                        quoted(name)
                    ),
                );
                sound = false;
            }
        }
        sound.then_some(found)
    }
}

const OUT_OF_CALENDAR: &str = "a moment lies in the years 0000 to 9999";

/// Moments built in code may lie where no document can write them.
fn check_created(created: Option<Timestamp>, at: &Path<'_>, report: &mut Report<'_>) {
    if created.is_some_and(|moment| !moment.is_writable()) {
        report.error(&at.field("created"), OUT_OF_CALENDAR);
    }
}

/// Each role with what it inherits, juniors before their seniors.
fn unite_juniors(model: &Model, own: Vec<Planes>, dag: &Dag) -> Vec<Role> {
    // Roles that come to the same share it: of a hundred thousand roles, few differ.
    let mut shared: HashSet<Arc<Planes>> = HashSet::new();
    let mut closures: Vec<Option<Arc<Planes>>> =
        own.into_iter().map(|it| Some(Arc::new(it))).collect();
    for senior in dag.juniors_first() {
        let Some(mut closure) = closures[senior as usize].take() else {
            continue;
        };
        for &junior in dag.juniors(senior) {
            if let Some(junior) = &closures[junior as usize] {
                Arc::make_mut(&mut closure).unite(junior);
            }
        }
        let known = shared.get(&closure).map(Arc::clone);
        closures[senior as usize] = Some(known.unwrap_or_else(|| {
            shared.insert(Arc::clone(&closure));
            closure
        }));
    }
    closures
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, closure)| Role {
            closure,
            tokens_bring: model
                .roles
                .get(index)
                .map_or(model.tokens_bring_account_roles, |role| role.tokens_bring),
        })
        .collect()
}

impl State {
    /// What the roles of an access set grant and deny together (D2 to D4).
    fn united(&self, assigned: &Assigned) -> Planes {
        let mut planes = Planes::none(self.model().permissions.len());
        let by_package = assigned
            .packages
            .iter()
            .filter_map(|package| self.packages.roles.get(*package as usize))
            .flat_map(|roles| roles.iter());
        for role in assigned.roles.iter().chain(by_package) {
            if let Some(role) = self.roles.roles.get(*role as usize) {
                planes.unite(&role.closure);
            }
        }
        planes
    }
}
