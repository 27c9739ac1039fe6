//! From policy and directory to an engine: everything that does not fit the catalog is reported, and there is no
//! engine of documents that do not fit (I11).

mod findings;
mod policy;
mod roles;
mod users;

pub(crate) use policy::{OUT_OF_CALENDAR, check_created};
pub(super) use roles::system_roles;
pub(crate) use roles::{own_rights, read_settings};

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::lending::Lent;
use super::sets::{Assigned, Holders, Sets};
use super::tables::{DENSE, Tables};
use super::users::{Extras, User, Users};
use super::{Engine, State};
use crate::catalog::{Bearer, Catalog, check_limit};
use crate::document::ProblemCode;
use crate::document::problem::{NEAREST_BUDGET, Path, Report, Rules, Source};
use crate::document::{
    AccountsServed, DirectoryDocument, Parsed, PolicyDocument, Problem, Problems, Reach, Timestamp,
    UserDocument, Warnings, judge_by_format,
};
use crate::id::{Brand, UserId};
use crate::limits;
use crate::names::{Names, Numbered};
use findings::warn_of_too_few_holders;

/// An engine, and the warnings of the documents that it was made from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) engine: Engine,
    pub(crate) warnings: Vec<Problem>,
}

impl Loaded {
    fn with(mut self, warnings: Vec<Problem>) -> Loaded {
        self.warnings.extend(warnings);
        self
    }

    /// The engine, its warnings handed over.
    pub(crate) fn settle(self, warnings: Warnings<'_>) -> Result<Engine, Problems> {
        warnings.settle(self.warnings)?;
        Ok(self.engine)
    }
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
    /// [limits](crate::limits). Warnings, if [`Warnings::Refuse`] says so: a retired path that a grant
    /// names, say.
    pub fn new(
        catalog: &Catalog,
        policy: impl Into<Parsed<PolicyDocument>>,
        directory: impl Into<Parsed<DirectoryDocument>>,
        at: Timestamp,
        warnings: Warnings<'_>,
    ) -> Result<Engine, Problems> {
        Engine::load(catalog, &policy.into(), &directory.into(), at)?.settle(warnings)
    }

    /// The same, of documents that are loaded more than once.
    pub(crate) fn load(
        catalog: &Catalog,
        policy: &Parsed<PolicyDocument>,
        directory: &Parsed<DirectoryDocument>,
        at: Timestamp,
    ) -> Result<Loaded, Problems> {
        let (builder, mut errors) = EngineBuilder::read(catalog, policy, at);
        // Without all of the policy's roles and positions, names would be unknown that are not.
        let mut report = directory.report().hiding_unknown(!policy.is_whole());
        let mut builder = builder.unwrap_or_else(|| EngineBuilder::nothing(catalog, at));
        if let Some(document) = directory.document() {
            let root = directory.root();
            judge_by_format(document.format, &root, &mut report);
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
        let loaded = builder.compile();
        let mut report = directory.report();
        let users = directory.root();
        warn_of_too_few_holders(&loaded.engine.0, &users.field("users"), &mut report);
        Ok(loaded.with(report.finish().1))
    }

    /// Starts an account from its policy, its users to be added one by one: a directory of a
    /// million users needs no document.
    ///
    /// # Errors
    /// Every problem of the policy.
    ///
    /// ```
    /// # use bailiwick::{Catalog, Warnings, document::*};
    /// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
    /// #     format = 2
    /// #     id = "shop"
    /// #     version = 1
    /// #     permissions = [{ path = "orders" }]
    /// # "#), Warnings::Refuse)?;
    /// use bailiwick::{Engine, Timestamp};
    /// let policy = PolicyDocument::from_toml("policy.toml", r#"
    ///     format = 2
    ///     catalog_version = 1
    ///     roles = [{ id = "seller", grants = ["orders"] }]
    /// "#);
    /// let mut builder = Engine::builder(&catalog, policy, Timestamp(0))?;
    /// for n in 0..1000 {
    ///     builder.add(&UserDocument::new(format!("user-{n}")).role("seller"))?;
    /// }
    /// assert_eq!(builder.build(Warnings::Refuse)?.user_count(), 1000);
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

/// An account in the making: made by [`Engine::builder`].
///
/// The host adds the users, so it knows how far it is and can say so. What [`build`] does after the
/// last of them is a small part of the whole.
///
/// ```
/// # use bailiwick::{Catalog, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }]
/// # "#), Warnings::Refuse)?;
/// use bailiwick::{Engine, Timestamp};
/// let policy = PolicyDocument {
///     roles: vec![RoleDocument::new("seller").grant("orders")],
///     ..PolicyDocument::new(1)
/// };
/// let all = 4_000;
/// let mut builder = Engine::builder(&catalog, policy, Timestamp(0))?;
/// builder.reserve(all);
/// let mut shown = Vec::new();
/// for n in 0..all {
///     builder.add(&UserDocument::new(format!("user-{n}")).role("seller"))?;
///     if builder.len() % 1_000 == 0 {
///         shown.push(format!("users {} of {all}", builder.len()));
///     }
/// }
/// assert_eq!(shown[1], "users 2000 of 4000");
/// assert_eq!(builder.build(Warnings::Refuse)?.user_count(), all);
/// # Ok::<(), bailiwick::Problems>(())
/// ```
///
/// [`build`]: EngineBuilder::build
pub struct EngineBuilder {
    state: State,
    names: Names,
    records: Vec<User>,
    extras: Vec<(u32, Extras)>,
    /// Users of a document that were refused, and whose ids are taken all the same.
    unsound_users: HashSet<Box<str>>,
    /// Roles and packages, sorted, to the number of the access set.
    interned: HashMap<Assigned, u32, RandomState>,
    /// What the user that is read is assigned: room that is used again.
    assigned: Assigned,
    subject_properties: HashMap<Box<str>, u16, RandomState>,
    at: Timestamp,
    /// Those of the policy's format.
    rules: Rules,
    /// What looking for nearest names may still cost, over all users.
    nearest_budget: usize,
    warnings: Vec<Problem>,
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
        report.judge_by(self.rules);
        let added = self.read_user(user, &Path::ROOT, &mut report);
        // A user refused here may be added again, corrected.
        self.unsound_users.clear();
        self.nearest_budget = report.nearest_budget();
        let (errors, warnings) = report.finish();
        Problems::unless_none(errors)?;
        self.warnings.extend(warnings);
        added
            .map(|index| UserId::new(index, self.state.brand))
            .ok_or_else(Problems::nothing_read)
    }

    /// How many users were added.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
    /// The warnings of policy and users, if they are refused. Errors were refused before.
    pub fn build(self, warnings: Warnings<'_>) -> Result<Engine, Problems> {
        let loaded = self.compile();
        let source = Source::default();
        let mut report = Report::new(&source);
        warn_of_too_few_holders(&loaded.engine.0, &Path::ROOT, &mut report);
        loaded.with(report.finish().1).settle(warnings)
    }

    fn compile(self) -> Loaded {
        let EngineBuilder {
            mut state,
            names,
            records,
            extras,
            interned,
            warnings,
            ..
        } = self;
        let mut assigned: Vec<(Assigned, u32)> = interned.into_iter().collect();
        assigned.sort_by_key(|(_, number)| *number);
        let mut holders = vec![Holders::default(); assigned.len()];
        for user in &records {
            if let Some(holders) = holders.get_mut(user.access()) {
                holders.users += 1;
                holders.active += u32::from(!user.is_suspended());
            }
        }
        state.users = Users::new(names.into(), records, extras);
        let sets: Vec<_> = assigned
            .into_iter()
            .map(|(assigned, _)| {
                let rights = state.united(&assigned);
                (assigned, rights)
            })
            .collect();
        let rights = sets.iter().map(|(_, rights)| &**rights);
        state.cells = Tables::compile(&state, sets.len(), rights, DENSE);
        state.sets = Arc::new(Sets::new(sets, holders));
        if state.model().reach == Reach::Accessible {
            state.lent = Some(Arc::new(Lent::new(&state)));
        }
        Loaded {
            engine: Engine(Arc::new(state)),
            warnings,
        }
    }

    fn nothing(catalog: &Catalog, at: Timestamp) -> EngineBuilder {
        let common = &catalog.0.common;
        let state = State {
            catalog: catalog.clone(),
            catalog_brand: catalog.0.brand,
            asked: Arc::clone(&common.asked),
            serves_many: catalog.0.accounts == AccountsServed::Many,
            brand: Brand::NONE,
            account: None,
            revision: 0,
            catalog_version: catalog.version(),
            features: Arc::default(),
            settings: Arc::clone(&common.settings),
            used: Arc::clone(&common.used),
            missing_features: Arc::default(),
            pair_features: Arc::default(),
            operation_features: Arc::default(),
            roles: Arc::clone(&common.roles),
            packages: Arc::clone(&common.packages),
            positions: Arc::clone(&common.positions),
            users: Users::default(),
            sets: Arc::clone(&common.sets),
            cells: Tables::default(),
            lent: None,
            not_ready: None,
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
            names: Names::default(),
            records: Vec::new(),
            extras: Vec::new(),
            unsound_users: HashSet::new(),
            interned: HashMap::default(),
            assigned: Assigned::default(),
            subject_properties,
            at,
            rules: Rules::Today,
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
            new.rules = report.rules();
            // Drawn when the policy is sound, so that refused ones use none up.
            if !report.has_errors() {
                match Brand::new() {
                    Some(brand) => new.state.brand = brand,
                    None => report.error(
                        &parsed.root(),
                        (
                            ProblemCode::TooMany,
                            "this process has made 2³² catalogs and accounts, and can make no more",
                        ),
                    ),
                }
            }
            builder = Some(new);
        }
        let (errors, warnings) = report.finish();
        if let Some(builder) = &mut builder {
            builder.warnings = warnings;
        }
        (builder, errors)
    }
}
