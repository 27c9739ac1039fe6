//! What each user may do, asked of the reference permission by permission and pair by pair: against this
//! the reports are held.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::{
    AskedOn, CatalogDocument, DirectoryDocument, OperationDocument, PairDocument, PolicyDocument,
    Reach, TypeDocument,
};

use crate::reference::abilities::Ability;
use crate::reference::{Model, OwnerPosition, Request, Resource, Subject};
use crate::support::generate::NOW;

/// An operation, how it is asked, and the permission's path today.
pub(crate) type Pair = (String, AskedOn, Option<String>);

/// A type of which nothing else is: an operation on it for each permission says which take effect.
pub(crate) const PROBE: &str = "probe of permissions";

/// The same catalog, asked of each permission by itself.
pub(crate) fn probed(catalog: &CatalogDocument) -> CatalogDocument {
    let mut probed = catalog.clone();
    probed.types.push(TypeDocument {
        id: PROBE.to_owned(),
        label: None,
        properties: BTreeMap::new(),
        reassign: None,
        read: None,
        fields: Vec::new(),
    });
    for permission in &catalog.permissions {
        probed.operations.push(OperationDocument {
            r#type: PROBE.to_owned(),
            action: permission.path.clone(),
            label: None,
            on: AskedOn::Type,
            open: false,
            allowed_by: vec![PairDocument {
                permission: permission.path.clone(),
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
    probed
}

/// Conditions are no matter of scopes: reports tell them apart.
pub(crate) fn unconditional(catalog: &CatalogDocument) -> CatalogDocument {
    let mut catalog = catalog.clone();
    for operation in &mut catalog.operations {
        operation.when.clear();
        for pair in &mut operation.allowed_by {
            pair.when.clear();
        }
    }
    catalog
}

/// One account under one catalog.
pub(crate) struct Asked<'a> {
    model: Model,
    catalog: &'a CatalogDocument,
    pub policy: &'a PolicyDocument,
    pub directory: &'a DirectoryDocument,
    /// What a path of this catalog is called today.
    today: &'a dyn Fn(&str) -> String,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(
        catalog: &'a CatalogDocument,
        policy: &'a PolicyDocument,
        directory: &'a DirectoryDocument,
        today: &'a dyn Fn(&str) -> String,
    ) -> Asked<'a> {
        Asked {
            model: Model::new(&probed(catalog), policy, directory, NOW),
            catalog,
            policy,
            directory,
            today,
        }
    }

    pub(crate) fn user(&self, id: &str) -> Subject {
        Subject::User {
            id: id.to_owned(),
            account: self.policy.account.clone(),
        }
    }

    pub(crate) fn role(&self, id: &str) -> Subject {
        Subject::Role {
            role: id.to_owned(),
            id: None,
            account: self.policy.account.clone(),
            position: None,
            properties: BTreeMap::new(),
        }
    }

    /// How far the subject may do what by which permission, conditions and lending aside.
    pub(crate) fn pairs(&self, subject: &Subject) -> BTreeMap<Pair, Scope> {
        let mut found = BTreeMap::new();
        for operation in &self.catalog.operations {
            let request = self.request(subject, &operation.r#type, &operation.action);
            let judged = self.model.by_pair(&request, true).unwrap_or_default();
            for pair in judged.into_iter().filter(|it| it.code == "allowed") {
                let permission = pair.permission.map(|it| (self.today)(&it));
                let name = super::newer::name(operation);
                if let Some(scope) = pair.scope {
                    found.insert((name, operation.on, permission), scope);
                }
            }
        }
        found
    }

    /// The subject's fields and rights, by what they are called today.
    pub(crate) fn abilities(&self, subject: &Subject) -> BTreeMap<Ability, Scope> {
        let found = self.model.abilities(subject).into_iter();
        let found = found.map(|(ability, scope)| match ability {
            Ability::Setting(path) => (Ability::Setting((self.today)(&path)), scope),
            other => (other, scope),
        });
        found.collect()
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The permissions that take effect for the subject, and how far they are granted.
    pub(crate) fn permissions(&self, subject: &Subject) -> BTreeMap<String, Scope> {
        let every = self.catalog.permissions.iter();
        let found = every.filter_map(|permission| {
            let request = self.request(subject, PROBE, &permission.path);
            let outcome = self.model.can_any(&request);
            let scope = outcome.scope.filter(|_| outcome.allowed)?;
            Some(((self.today)(&permission.path), scope))
        });
        found.collect()
    }

    fn request(&self, subject: &Subject, r#type: &str, action: &str) -> Request {
        Request {
            subject: subject.clone(),
            action: action.to_owned(),
            resource: Resource {
                r#type: r#type.to_owned(),
                id: None,
                on_type: true,
                account: self.policy.account.clone(),
                owner: None,
                owner_position: OwnerPosition::Directory,
                properties: BTreeMap::new(),
            },
            context: BTreeMap::new(),
        }
    }

    /// What people strictly below each position have at All (S6); nothing on the type is lent (D14).
    pub(crate) fn lent(&self) -> BTreeSet<(String, Pair)> {
        let mut lent = BTreeSet::new();
        if self.catalog.reach != Reach::Accessible {
            return lent;
        }
        for user in self.directory.users.iter().filter(|it| !it.suspended) {
            let pairs = self.pairs(&self.user(&user.id));
            let at_all = pairs.into_iter().filter(|(_, scope)| *scope == Scope::All);
            let at_all = at_all.map(|(pair, _)| pair);
            let at_all: Vec<Pair> = at_all.filter(|it| it.1 == AskedOn::Record).collect();
            for position in user.position.iter().flat_map(|it| self.above(it)) {
                lent.extend(at_all.iter().map(|it| (position.clone(), it.clone())));
            }
        }
        lent
    }

    fn above(&self, position: &str) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let found = self.policy.positions.iter().find(|it| it.id == position);
        for senior in found.into_iter().flat_map(|it| &it.reports_to) {
            above.insert(senior.clone());
            above.extend(self.above(senior));
        }
        above
    }
}
