//! Random worlds: everything told is in the documents, and everything in the documents is told.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::{AskedOn, ConditionDocument, OperationDocument, PairDocument};
use bailiwick::explain::{Cause, Derivation, Explanation, Graph, Named, Node, Relation};

use crate::papers::{Holder, Kind, Papers};
use crate::reference::conditions::{Facts, failure};
use crate::reference::{Request, Subject, Value};
use crate::support::ask::{Manner, explanation};
use crate::support::requests::Question;
use crate::support::run::each_world;
use crate::support::tally::Tally;

#[test]
fn all_that_is_told_is_so_and_all_that_is_so_is_told() {
    let tally = each_world(8, |drawn, tally| {
        let engine = drawn.documents.load();
        let papers = Papers::of(&drawn.documents);
        for case in drawn
            .cases
            .iter()
            .filter(|it| it.question == Question::Check)
        {
            let why = explanation(&engine, case, Manner::Names);
            if why.pairs().is_empty() {
                continue;
            }
            let written = serde_json::to_value(&why).unwrap();
            assert_eq!(written["decision"]["code"], why.decision().code());
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                Told::of(&papers, &case.request, &why).hold(tally);
            }));
            if told.is_err() {
                panic!("{case:#?}\n{}\n{why}", drawn.documents);
            }
            tally.cases += 1;
        }
    });
    println!("{}", tally.table("told", KINDS));
    if tally.cases > 10_000 {
        assert_eq!(tally.missing(KINDS), Vec::<&str>::new());
    }
}

const KINDS: &[&str] = &[
    "allowed",
    "lent",
    "several ways",
    "by setting",
    "not_granted",
    "role_not_held",
    "role_in_no_package",
    "package_not_assigned",
    "denied",
    "denied behind a token",
    "feature_disabled",
    "prerequisite_missing",
    "out_of_scope",
    "too_narrow",
    "condition_not_met",
    "property_missing",
    "property_wrong_type",
    "own",
    "below",
    "peer",
    "above",
    "apart",
    "subject_without_position",
    "owner_without_position",
    "unowned",
];

struct Told<'a> {
    papers: &'a Papers<'a>,
    request: &'a Request,
    why: &'a Explanation,
    holder: Holder,
    operation: &'a OperationDocument,
}

/// A pair as the catalog writes it; of an open operation, the one that stands for everybody's.
struct Pair<'a> {
    permission: Option<&'a str>,
    requires: &'a [String],
    features: &'a [String],
    when: &'a [Vec<ConditionDocument>],
}

fn ids(named: &[Named]) -> BTreeSet<String> {
    named.iter().map(|it| it.id.clone()).collect()
}

impl<'a> Told<'a> {
    fn of(papers: &'a Papers<'a>, request: &'a Request, why: &'a Explanation) -> Told<'a> {
        let mut operations = papers.documents.catalog.operations.iter();
        let operation = operations
            .find(|it| it.r#type == request.resource.r#type && it.action == request.action)
            .expect("an operation");
        Told {
            papers,
            request,
            why,
            holder: papers.holder(&request.subject),
            operation,
        }
    }

    fn hold(&self, tally: &mut Tally) {
        self.derivations(tally);
        self.reach(tally);
        let pairs = self.pairs();
        assert_eq!(pairs.len(), self.why.pairs().len(), "pairs");
        if self.why.decision().is_allow() {
            tally.count("allowed");
            return self.allowed(&pairs, tally);
        }
        let mut lacking = BTreeSet::new();
        for (pair, told) in pairs.iter().zip(self.why.pairs()) {
            if told.code == "allowed" {
                // Of a suspended user.
                self.add_closure(pair, &mut lacking);
                assert!(told.causes.is_empty());
                continue;
            }
            let expected = self.pair_causes(pair, &mut lacking);
            assert_eq!(
                texts(&told.causes, tally),
                expected,
                "pair {:?}",
                pair.permission
            );
        }
        let allows = self.why.pairs().iter().any(|it| it.code == "allowed");
        let of_operation = match allows {
            true => BTreeSet::new(),
            false => self.operation_causes(&mut lacking),
        };
        let told: Vec<Cause> = self
            .why
            .causes()
            .filter(|it| is_of_operation(it))
            .cloned()
            .collect();
        assert_eq!(texts(&told, tally), of_operation, "the operation");
        let named: BTreeSet<String> = self
            .why
            .permissions()
            .iter()
            .map(|it| it.permission.id.clone())
            .collect();
        assert_eq!(named, lacking.iter().map(|(it, _)| it.clone()).collect());
        let mut narrow: BTreeMap<String, bool> = BTreeMap::new();
        for (path, is_narrow) in lacking {
            *narrow.entry(path).or_default() |= is_narrow;
        }
        for finding in self.why.permissions() {
            let path = &finding.permission.id;
            let expected = self.permission_causes(path, narrow[path]);
            assert_eq!(texts(&finding.causes, tally), expected, "permission {path}");
            assert_eq!(finding.granted, self.papers.granted(&self.holder, path));
        }
    }

    fn pairs(&self) -> Vec<Pair<'a>> {
        if self.operation.open {
            return vec![Pair {
                permission: None,
                requires: &[],
                features: &[],
                when: &[],
            }];
        }
        // In catalog order: told by the explanation, found by path.
        let written = |path: &str| -> &'a PairDocument {
            let mut pairs = self.operation.allowed_by.iter();
            pairs.find(|it| it.permission == path).expect("a pair")
        };
        self.why
            .pairs()
            .iter()
            .filter_map(|told| told.permission.as_ref())
            .map(|told| written(&told.id))
            .map(|pair| Pair {
                permission: Some(&pair.permission),
                requires: &pair.requires,
                features: &pair.features,
                when: &pair.when,
            })
            .collect()
    }

    // ── Ways ──────────────────────────────────────────────────────────────────────────────────

    /// Every permission's ways are exactly those that a search finds, shortest first.
    fn derivations(&self, tally: &mut Tally) {
        for finding in self.why.permissions() {
            let path = &finding.permission.id;
            for denies in [false, true] {
                let ways: Vec<Derivation<'_>> = match denies {
                    false => self.why.derivations(path).collect(),
                    true => self.why.denials(path).collect(),
                };
                let lengths: Vec<usize> = ways.iter().map(|it| it.steps().len()).collect();
                assert!(lengths.is_sorted(), "{path}: {lengths:?}");
                let mut found: Vec<Vec<String>> = ways.iter().map(steps).collect();
                found.sort();
                assert_eq!(
                    found,
                    self.papers.ways(&self.holder, path, denies),
                    "{path}"
                );
                if found.len() > 1 {
                    tally.count("several ways");
                }
                if found.iter().flatten().any(|it| it == "setting") {
                    tally.count("by setting");
                }
                if found.iter().flatten().any(|it| it == "user") {
                    tally.count("denied behind a token");
                }
            }
            for least in Scope::EVERY {
                let wide = self.why.grants().derivations_reaching(path, least).count();
                let all = self.why.derivations(path);
                assert_eq!(wide, all.filter(|it| it.scope() >= Some(least)).count());
            }
        }
        is_shared(self.why.grants());
        is_shared(self.why.denies());
    }

    fn allowed(&self, pairs: &[Pair<'_>], tally: &mut Tally) {
        let mut expected = BTreeSet::new();
        for (pair, told) in pairs.iter().zip(self.why.pairs()) {
            assert!(told.causes.is_empty());
            if told.code != "allowed" {
                continue;
            }
            self.add_closure(pair, &mut expected);
            let lenders = self.papers.lenders(
                &self.holder,
                self.operation,
                pair.permission,
                pair.requires,
                pair.features,
            );
            if let Some(lent) = &told.lent {
                tally.count("lent");
                let named: Vec<String> = lent.by.iter().map(|it| it.user.clone()).collect();
                assert_eq!((named, lent.count), (lenders.clone(), lenders.len()));
            }
            if self.operation.on == AskedOn::Type {
                continue;
            }
            let limits = self
                .papers
                .limits(self.operation, pair.permission, pair.requires);
            let scopes = limits
                .iter()
                .filter_map(|it| self.papers.granted(&self.holder, it));
            let scope = scopes.min().unwrap_or(Scope::All);
            let is_between = scope == Scope::Reports || scope == Scope::Peers;
            let lifted = is_between && !lenders.is_empty();
            let scope = if lifted { Scope::All } else { scope };
            assert_eq!((told.scope, told.lent.is_some()), (Some(scope), lifted));
        }
        let named: BTreeSet<(String, bool)> = self
            .why
            .permissions()
            .iter()
            .map(|it| (it.permission.id.clone(), false))
            .collect();
        assert_eq!(named, expected, "what it takes");
    }

    fn add_closure(&self, pair: &Pair<'_>, into: &mut BTreeSet<(String, bool)>) {
        let required = pair
            .requires
            .iter()
            .chain(&self.operation.requires)
            .cloned();
        let mut waiting: Vec<String> = required.chain(pair.permission.map(str::to_owned)).collect();
        while let Some(path) = waiting.pop() {
            if into.insert((path.clone(), false)) {
                waiting.extend(self.papers.permission(&path).requires.iter().cloned());
            }
        }
    }

    // ── Scope ─────────────────────────────────────────────────────────────────────────────────

    fn reach(&self, tally: &mut Tally) {
        let Some(reach) = self.why.reach() else {
            assert_eq!(self.operation.on, AskedOn::Type);
            return;
        };
        assert_eq!(self.operation.on, AskedOn::Record);
        assert_eq!(reach.needed, self.papers.needed(&self.holder, self.request));
        let id = |named: &Option<Named>| named.as_ref().map(|it| it.id.clone());
        assert_eq!(reach.owner, self.request.resource.owner);
        let theirs = self.papers.owner_position(self.request);
        assert_eq!(id(&reach.owner_position), theirs);
        assert_eq!(id(&reach.subject_position), self.holder.position);
        let (own, theirs) = (self.holder.position.as_deref(), theirs.as_deref());
        let (expected, kind) = match (own, theirs) {
            _ if reach.owner.is_none() => (Relation::Unowned, "unowned"),
            _ if reach.owner == self.holder.id => (Relation::Own, "own"),
            (None, _) => (Relation::SubjectWithoutPosition, "subject_without_position"),
            (_, None) => (Relation::OwnerWithoutPosition, "owner_without_position"),
            (Some(a), Some(b)) if a == b => (Relation::Peer, "peer"),
            (Some(a), Some(b)) if self.papers.below(b, a) => (Relation::Below, "below"),
            (Some(a), Some(b)) if self.papers.below(a, b) => (Relation::Above, "above"),
            _ => (Relation::Apart, "apart"),
        };
        assert_eq!(reach.relation, expected);
        tally.count(kind);
        let ends = match (expected, own, theirs) {
            (Relation::Below, Some(high), Some(low)) | (Relation::Above, Some(low), Some(high)) => {
                Some((high, low))
            }
            _ => None,
        };
        let path: Vec<&str> = reach.path.iter().map(|it| it.id.as_str()).collect();
        let Some((high, low)) = ends else {
            assert!(path.is_empty());
            return;
        };
        assert_eq!((path.first(), path.last()), (Some(&high), Some(&low)));
        for step in path.windows(2) {
            assert!(
                self.papers
                    .reports_to(step[1])
                    .iter()
                    .any(|it| it == step[0])
            );
        }
        assert_eq!(path.len(), self.shortest(high, low) + 1, "{path:?}");
    }

    fn shortest(&self, high: &str, low: &str) -> usize {
        let mut at: BTreeSet<String> = BTreeSet::from([low.to_owned()]);
        let mut steps = 0;
        while !at.contains(high) {
            let above = at.iter().flat_map(|it| self.papers.reports_to(it));
            at = above.cloned().collect();
            steps += 1;
        }
        steps
    }

    // ── Causes ────────────────────────────────────────────────────────────────────────────────

    fn pair_causes(
        &self,
        pair: &Pair<'_>,
        lacking: &mut BTreeSet<(String, bool)>,
    ) -> BTreeSet<String> {
        let mut causes = BTreeSet::new();
        match pair.permission {
            None if !self.holder.everybody => {
                causes.insert("not everybody".to_owned());
            }
            None => {}
            Some(path) => self.add_lacking(path, lacking),
        }
        self.add_missing(pair.requires, "pair", &mut causes, lacking);
        self.add_scope(pair, &mut causes, lacking);
        for feature in pair.features.iter().filter(|it| !self.papers.enabled(it)) {
            let node = pair.permission.unwrap_or_default();
            causes.insert(format!("feature {feature} of {node} on pair"));
        }
        self.add_conditions(pair.when, "pair", &mut causes);
        causes
    }

    fn operation_causes(&self, lacking: &mut BTreeSet<(String, bool)>) -> BTreeSet<String> {
        let mut causes = BTreeSet::new();
        let operation = self.operation;
        self.add_missing(&operation.requires, "operation", &mut causes, lacking);
        let off = operation.features.iter();
        for feature in off.filter(|it| !self.papers.enabled(it)) {
            causes.insert(format!("feature {feature} of  on operation"));
        }
        self.add_conditions(&operation.when, "operation", &mut causes);
        causes
    }

    fn add_missing(
        &self,
        requires: &[String],
        on: &str,
        causes: &mut BTreeSet<String>,
        lacking: &mut BTreeSet<(String, bool)>,
    ) {
        for needed in requires {
            if !self.papers.effective(&self.holder, needed) {
                causes.insert(format!("needs {needed} on {on}"));
                self.add_lacking(needed, lacking);
            }
        }
    }

    fn add_lacking(&self, path: &str, lacking: &mut BTreeSet<(String, bool)>) {
        lacking.insert((path.to_owned(), false));
        for needed in &self.papers.permission(path).requires {
            if !self.papers.effective(&self.holder, needed) {
                self.add_lacking(needed, lacking);
            }
        }
    }

    fn add_scope(
        &self,
        pair: &Pair<'_>,
        causes: &mut BTreeSet<String>,
        lacking: &mut BTreeSet<(String, bool)>,
    ) {
        if self.operation.on == AskedOn::Type {
            return;
        }
        let needed = self.papers.needed(&self.holder, self.request);
        let limits = self
            .papers
            .limits(self.operation, pair.permission, pair.requires);
        let granted: Vec<(String, Scope)> = limits
            .into_iter()
            .filter_map(|it| {
                let scope = self.papers.granted(&self.holder, &it)?;
                Some((it, scope))
            })
            .collect();
        let Some(reaches) = granted.iter().map(|(_, scope)| *scope).min() else {
            return;
        };
        let is_between = reaches == Scope::Reports || reaches == Scope::Peers;
        let lenders = || {
            self.papers.lenders(
                &self.holder,
                self.operation,
                pair.permission,
                pair.requires,
                pair.features,
            )
        };
        if reaches >= needed || (is_between && !lenders().is_empty()) {
            return;
        }
        let limiting = granted.iter().filter(|(_, scope)| *scope < needed);
        let limiting: BTreeSet<String> = limiting.map(|(it, _)| it.clone()).collect();
        causes.insert(format!("reaches {reaches} of {needed} by {limiting:?}"));
        lacking.extend(limiting.into_iter().map(|it| (it, true)));
    }

    fn add_conditions(
        &self,
        when: &[Vec<ConditionDocument>],
        on: &str,
        causes: &mut BTreeSet<String>,
    ) {
        let subject: BTreeMap<String, Value> = match &self.request.subject {
            Subject::User { id, .. } => {
                let user = self.papers.user(id).expect("a user");
                let held = user.properties.iter();
                held.map(|(name, value)| (name.clone(), crate::reference::directory_value(value)))
                    .collect()
            }
            Subject::Token { properties, .. } | Subject::Role { properties, .. } => {
                properties.clone()
            }
        };
        let facts = Facts {
            catalog: &self.papers.documents.catalog,
            r#type: &self.request.resource.r#type,
            resource: &self.request.resource.properties,
            subject: &subject,
            context: &self.request.context,
            resource_id: self.request.resource.id.as_ref(),
            resource_owner: self.request.resource.owner.as_ref(),
            subject_id: match &self.request.subject {
                Subject::User { id, .. } => Some(id),
                Subject::Token { id, .. } | Subject::Role { id, .. } => id.as_ref(),
            },
        };
        let failing = |condition: &ConditionDocument| failure(&[vec![condition.clone()]], &facts);
        let holds = |all: &Vec<ConditionDocument>| all.iter().all(|it| failing(it).is_none());
        if when.iter().any(holds) {
            return;
        }
        for (alternative, all) in when.iter().enumerate() {
            for failed in all.iter().filter_map(failing) {
                causes.insert(format!(
                    "{} {} in {alternative} on {on}",
                    failed.code, failed.property
                ));
            }
        }
    }

    fn permission_causes(&self, path: &str, is_narrow: bool) -> BTreeSet<String> {
        let (papers, holder) = (self.papers, &self.holder);
        let mut causes = BTreeSet::new();
        let granted = papers.granted(holder, path);
        if granted.is_none() {
            let mut held: BTreeMap<&str, (bool, BTreeSet<&str>)> = BTreeMap::new();
            for (package, role) in &holder.granting {
                let (directly, packages) = held.entry(role).or_default();
                match package {
                    None => *directly = true,
                    Some(package) => {
                        packages.insert(package);
                    }
                }
            }
            let setting = papers
                .setting(path)
                .filter(|role| papers.granted_by(role, path).is_some());
            causes.insert(format!("not granted by {held:?}, setting {setting:?}"));
            self.add_elsewhere(path, Scope::Own, &mut causes);
        }
        let deniers = papers.deniers(holder, path);
        if !deniers.is_empty() {
            causes.insert(format!("denied by {deniers:?}"));
        }
        for (feature, node) in papers.disabled(path) {
            let on = if node == path {
                "permission"
            } else {
                "ancestor"
            };
            causes.insert(format!("feature {feature} of {node} on {on}"));
        }
        for needed in &papers.permission(path).requires {
            if !papers.effective(holder, needed) {
                causes.insert(format!("needs {needed} on permission"));
            }
        }
        if let (true, Some(granted)) = (is_narrow, granted) {
            let needed = papers.needed(holder, self.request);
            causes.insert(format!("granted {granted} of {needed}"));
            self.add_elsewhere(path, needed, &mut causes);
        }
        causes
    }

    /// Every role that grants it so far, and every package with one.
    fn add_elsewhere(&self, path: &str, least: Scope, causes: &mut BTreeSet<String>) {
        let papers = self.papers;
        let tokens = &papers.documents.catalog.tokens;
        let is_own = |role: &str| papers.documents.policy.roles.iter().any(|it| it.id == role);
        let may = |role: &str| match self.holder.kind {
            Kind::User => true,
            Kind::Role => false,
            Kind::Token if is_own(role) => tokens.account_roles,
            Kind::Token => tokens.system_roles.iter().any(|it| it == role),
        };
        let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for role in papers.roles() {
            let scope = papers.granted_by(&role, path);
            let Some(scope) = scope.filter(|it| *it >= least && may(&role)) else {
                continue;
            };
            let held = self.holder.granting.iter().any(|(_, it)| *it == role);
            assert!(!held, "{role} is held");
            let mut holding = BTreeSet::new();
            if self.holder.kind == Kind::User {
                for package in &papers.documents.policy.packages {
                    if let Some(role) = package.roles.iter().find(|it| **it == role) {
                        holding.insert(package.id.as_str());
                        packages.entry(&package.id).or_default().insert(role);
                    }
                }
            }
            causes.insert(match self.holder.kind {
                Kind::User if holding.is_empty() => {
                    format!("role {role} at {scope} in no package")
                }
                Kind::User | Kind::Token | Kind::Role => {
                    format!("role {role} at {scope} in {holding:?}")
                }
            });
        }
        let user = self.holder.id.as_ref().and_then(|id| papers.user(id));
        for (package, roles) in packages {
            let assigned = user.is_some_and(|it| papers.packages_of(it).contains(package));
            assert!(!assigned, "{package} is assigned");
            causes.insert(format!("package {package} with {roles:?}"));
        }
    }
}

fn is_of_operation(cause: &Cause) -> bool {
    use bailiwick::Part::Operation;
    match cause {
        Cause::FeatureDisabled { on, .. } | Cause::PrerequisiteMissing { on, .. } => {
            *on == Operation
        }
        Cause::Condition(failed) => failed.on == Operation,
        _ => false,
    }
}

/// The causes in the words of the search; each is told once.
fn texts(causes: &[Cause], tally: &mut Tally) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for cause in causes {
        tally.count(cause.code());
        // Two conditions of one alternative may fail on the same property.
        let is_new = found.insert(text(cause));
        assert!(
            is_new || matches!(cause, Cause::Condition(_)),
            "told twice: {cause:?}"
        );
    }
    found
}

fn text(cause: &Cause) -> String {
    match cause {
        Cause::NotEverybody => "not everybody".to_owned(),
        Cause::NotGranted { roles, setting, .. } => {
            let held: BTreeMap<&str, (bool, BTreeSet<&str>)> = roles
                .iter()
                .map(|held| {
                    let packages = held.packages.iter().map(|it| it.id.as_str());
                    (held.role.id.as_str(), (held.directly, packages.collect()))
                })
                .collect();
            assert_eq!(held.len(), roles.len());
            let setting = setting.as_ref().map(|it| &it.id);
            format!("not granted by {held:?}, setting {setting:?}")
        }
        Cause::RoleNotHeld {
            role,
            scope,
            packages,
            ..
        } => format!("role {} at {scope} in {:?}", role.id, ids(packages)),
        Cause::RoleInNoPackage { role, scope, .. } => {
            format!("role {} at {scope} in no package", role.id)
        }
        Cause::PackageNotAssigned { package, roles, .. } => {
            format!("package {} with {:?}", package.id, ids(roles))
        }
        Cause::Denied { roles, .. } => format!("denied by {:?}", ids(roles)),
        Cause::FeatureDisabled {
            feature,
            on,
            permission,
        } => {
            let node = permission.as_deref().unwrap_or_default();
            format!("feature {feature} of {node} on {}", on.as_str())
        }
        Cause::PrerequisiteMissing {
            prerequisite, on, ..
        } => format!("needs {} on {}", prerequisite.id, on.as_str()),
        Cause::OutOfScope {
            reaches,
            needed,
            limited_by,
            ..
        } => format!("reaches {reaches} of {needed} by {:?}", ids(limited_by)),
        Cause::TooNarrow {
            granted, needed, ..
        } => format!("granted {granted} of {needed}"),
        Cause::Condition(failed) => format!(
            "{} {} in {} on {}",
            failed.code,
            failed.fault.as_ref().unwrap_or(&failed.property),
            failed.alternative,
            failed.on.as_str()
        ),
        other => panic!("before the pairs: {other:?}"),
    }
}

fn steps(way: &Derivation<'_>) -> Vec<String> {
    let mut steps: Vec<String> = way
        .steps()
        .iter()
        .map(|step| match step {
            Node::Subject { .. } => "subject".to_owned(),
            Node::User { .. } => "user".to_owned(),
            Node::Package(package) => format!("package {}", package.id),
            Node::Role(role) => format!("role {}", role.id),
            Node::Grant {
                select,
                scope,
                except,
            } => format!("grant {select} {scope:?} {except:?}"),
            Node::Setting => "setting".to_owned(),
            Node::Deny { select, except } => format!("deny {select} {except:?}"),
            Node::Permission(permission) => format!("permission {}", permission.id),
            other => panic!("{other:?}"),
        })
        .collect();
    steps.push(format!("{:?}", way.scope()));
    steps
}

/// Every package, role and permission stands in a graph once.
fn is_shared(graph: &Graph) {
    let mut seen = BTreeSet::new();
    for node in graph.nodes() {
        let key = match node {
            Node::Package(it) => format!("package {}", it.id),
            Node::Role(it) => format!("role {}", it.id),
            Node::Permission(it) => format!("permission {}", it.id),
            _ => continue,
        };
        assert!(seen.insert(key.clone()), "{key} twice");
    }
}
