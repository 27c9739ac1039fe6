//! Screens (Q6), against what they mean: enabled is what `can_any` allows; blocked, what it denies and would
//! allow if the policy had every feature; all else is hidden.

use bailiwick::document::{AskedOn, OperationDocument, PairDocument, TypeDocument};
use bailiwick::query::{Ask, Blocked, Shown};
use bailiwick::{Catalog, DenyReason};

use super::support::ask::{Asker, context_of, outcome};
use super::support::documents::Documents;
use super::support::requests::Case;
use super::support::run::each_world;
use super::{account, of_type, refusal};
use crate::reference::{Model, Request, Subject};

/// The type of the operations that stand for permissions.
const PROBE: &str = "probe";

#[test]
fn screens_show_what_their_definition_says() {
    let tally = each_world(2, |mut drawn, tally| {
        // More features can be requested than the worlds have it.
        let operations = drawn.documents.catalog.operations.clone();
        for feature in &mut drawn.documents.catalog.features {
            if drawn.rng.chance(85) {
                let by = drawn.rng.pick(&operations);
                feature.requested_by = Some(format!("{}:{}", by.r#type, by.action));
            }
        }
        let documents = &drawn.documents;
        let engine = documents.load();
        let catalog = engine.catalog();
        let paths: Vec<String> = catalog
            .permissions()
            .map(|it| catalog.permission_path(it).unwrap().to_owned())
            .collect();
        let probed = probed(documents, &paths);
        let (today, everything) = (probed.model(), with_every_feature(&probed));
        let drawing = Drawing {
            documents,
            today,
            everything,
        };
        for case in &drawn.cases {
            tally.cases += 1;
            let context = context_of(&case.request);
            let asker = Asker::by_name(&case.request.subject);
            let screen = match engine.in_context(&context).screen(asker.subject()) {
                Ok(screen) => screen,
                Err(denied) => {
                    let denied = outcome(denied.decision(), catalog);
                    assert_eq!(refusal(documents, case), Some(denied.clone()), "{case:#?}");
                    tally.count(denied.code);
                    continue;
                }
            };
            assert_eq!(screen.revision, engine.revision());
            assert_eq!(screen.account, documents.policy.account);
            let mut drawn_operations = 0;
            for of_type in &screen.types {
                for operation in &of_type.operations {
                    drawn_operations += 1;
                    let name = (of_type.id.as_str(), operation.action.as_str());
                    let handle = catalog.operation(name.0, name.1).unwrap();
                    assert_eq!(screen.shown(handle), Some(&operation.shown));
                    let expected = drawing.shown(case, name.0, name.1);
                    let found = said(&operation.shown, catalog);
                    let told = || format!("{name:?}\n{case:#?}\n{documents}");
                    assert_eq!(found, expected, "{}", told());
                    count(&operation.shown, tally);
                }
            }
            assert_eq!(drawn_operations, operations.len());
            assert_eq!(screen.permissions.len(), paths.len());
            for (permission, path) in screen.permissions.iter().zip(&paths) {
                assert_eq!(permission.path, *path);
                let expected = drawing.shown(case, PROBE, path);
                let found = said(&permission.shown, catalog);
                assert_eq!(found, expected, "{path}\n{case:#?}\n{documents}");
            }
        }
    });
    let kinds = [
        "enabled",
        "hidden",
        "suspended",
        "feature_disabled",
        "prerequisite_missing",
        "yourself",
        "some roles",
        "no roles",
    ];
    println!("{}", tally.table(&format!("{} cases", tally.cases), &kinds));
    if tally.cases > 50_000 {
        assert_eq!(tally.missing(&kinds), Vec::<&str>::new());
    }
}

fn count(shown: &Shown, tally: &mut super::support::tally::Tally) {
    match shown {
        Shown::Enabled { .. } => tally.count("enabled"),
        Shown::Hidden => tally.count("hidden"),
        Shown::Blocked(blocked) => {
            tally.count(blocked.reason.code());
            tally.count(match &blocked.ask {
                Ask::Yourself => "yourself",
                Ask::Roles(roles) if roles.is_empty() => "no roles",
                Ask::Roles(_) => "some roles",
            });
        }
    }
}

/// What is shown, in words.
fn said(shown: &Shown, catalog: &Catalog) -> String {
    match shown {
        Shown::Enabled { scope } => format!("enabled {scope}"),
        Shown::Hidden => "hidden".to_owned(),
        Shown::Blocked(Blocked {
            reason,
            feature,
            ask,
            ..
        }) => {
            let ask = match ask {
                Ask::Yourself => "yourself".to_owned(),
                Ask::Roles(roles) => format!("{roles:?}"),
            };
            let why = match *reason {
                DenyReason::FeatureDisabled { feature, on } => {
                    let named = catalog.feature_name(feature).unwrap();
                    words("feature_disabled", Some(on.as_str()), Some(named), None)
                }
                DenyReason::PrerequisiteMissing {
                    permission,
                    on,
                    cause,
                } => {
                    let named = catalog.permission_path(permission).unwrap();
                    let cause = Some(cause.code());
                    words(
                        "prerequisite_missing",
                        Some(on.as_str()),
                        Some(named),
                        cause,
                    )
                }
                other => panic!("blocked because of {other:?}"),
            };
            format!("blocked: {why}; {feature}, ask {ask}")
        }
    }
}

fn words(code: &str, at: Option<&str>, fact: Option<&str>, cause: Option<&str>) -> String {
    format!("{code} at {at:?}: {fact:?}, {cause:?}")
}

/// The world with an operation on a type of its own for each permission, which it alone allows.
fn probed(documents: &Documents, paths: &[String]) -> Documents {
    let mut documents = documents.clone();
    documents.catalog.types.push(TypeDocument {
        id: PROBE.to_owned(),
        label: None,
        properties: Default::default(),
        reassign: None,
        read: None,
        fields: Vec::new(),
    });
    for path in paths {
        documents.catalog.operations.push(OperationDocument {
            r#type: PROBE.to_owned(),
            action: path.clone(),
            label: None,
            on: AskedOn::Type,
            open: false,
            allowed_by: vec![PairDocument {
                permission: path.clone(),
                features: Vec::new(),
                requires: Vec::new(),
                when: Vec::new(),
            }],
            features: Vec::new(),
            requires: Vec::new(),
            when: Vec::new(),
            filtered_by: None,
            creates: None,
        });
    }
    documents
}

fn with_every_feature(documents: &Documents) -> Model {
    let mut documents = documents.clone();
    let features = documents.catalog.features.iter();
    let living = features.filter(|it| it.retired.is_none());
    documents.policy.features = living.map(|it| it.id.clone()).collect();
    documents.model()
}

struct Drawing<'a> {
    documents: &'a Documents,
    today: Model,
    everything: Model,
}

impl Drawing<'_> {
    fn shown(&self, case: &Case, r#type: &str, action: &str) -> String {
        let request = of_type(self.documents, case, r#type, action);
        let today = self.today.can_any(&request);
        if today.allowed {
            let mut operations = self.documents.catalog.operations.iter();
            let on_record = operations
                .any(|it| it.r#type == r#type && it.action == action && it.on == AskedOn::Record);
            // What people below lend reaches as well (S6).
            let scope = if on_record {
                self.today.reach(&request.subject, r#type, action)
            } else {
                today.scope
            };
            assert!(scope >= today.scope);
            return format!("enabled {}", scope.unwrap());
        }
        if !self.everything.can_any(&request).allowed {
            return "hidden".to_owned();
        }
        // Of the pairs that features would let through, the one that gets furthest today.
        let judged = self.today.by_pair(&request, true).unwrap();
        let through = self.everything.by_pair(&request, true).unwrap();
        let mut furthest = None;
        for (pair, with_features) in judged.iter().zip(&through) {
            assert_eq!(pair.permission, with_features.permission);
            if with_features.scope.is_some()
                && furthest.is_none_or(|it: &crate::reference::Judged| pair.stage > it.stage)
            {
                furthest = Some(pair);
            }
        }
        let furthest = furthest.unwrap();
        let feature = match furthest.code {
            "feature_disabled" => furthest.fact.clone().unwrap(),
            _ => {
                let prerequisite = furthest.fact.as_ref().unwrap();
                self.first_missing(prerequisite).unwrap()
            }
        };
        let ask = self.ask(&request, &feature);
        let fact = furthest.fact.as_deref();
        let why = words(furthest.code, furthest.at, fact, furthest.cause);
        format!("blocked: {why}; {feature}, ask {ask}")
    }

    fn is_enabled(&self, feature: &str) -> bool {
        let declared = &self.documents.catalog.features;
        let known = declared.iter().find(|it| it.id == feature).unwrap();
        known.retired.is_none()
            && self
                .documents
                .policy
                .features
                .iter()
                .any(|it| it == feature)
    }

    /// Its own features, its ancestors' upwards, then its prerequisites', each in the same way.
    fn first_missing(&self, path: &str) -> Option<String> {
        let permissions = &self.documents.catalog.permissions;
        let node = |path: &str| permissions.iter().find(|it| it.path == path).unwrap();
        let mut above = Some(path);
        while let Some(path) = above {
            let features = &node(path).features;
            if let Some(missing) = features.iter().find(|it| !self.is_enabled(it)) {
                return Some(missing.clone());
            }
            above = path.rsplit_once('.').map(|(parent, _)| parent);
        }
        let mut requires = node(path).requires.iter();
        requires.find_map(|it| self.first_missing(it))
    }

    fn ask(&self, request: &Request, feature: &str) -> String {
        let features = &self.documents.catalog.features;
        let feature = features.iter().find(|it| it.id == feature).unwrap();
        let Some((r#type, action)) = feature
            .requested_by
            .as_ref()
            .and_then(|it| it.split_once(':'))
        else {
            return "[]".to_owned();
        };
        let mut request = request.clone();
        request.resource.r#type = r#type.to_owned();
        request.action = action.to_owned();
        if self.today.can_any(&request).allowed {
            return "yourself".to_owned();
        }
        let system = self.documents.catalog.roles.iter().map(|it| &it.id);
        let roles = system.chain(self.documents.policy.roles.iter().map(|it| &it.id));
        let holders: Vec<&String> = roles
            .filter(|role| {
                request.subject = Subject::Role {
                    role: (*role).clone(),
                    id: None,
                    account: account(self.documents),
                    position: None,
                    properties: Default::default(),
                };
                self.today.can_any(&request).allowed
            })
            .collect();
        format!("{holders:?}")
    }
}
