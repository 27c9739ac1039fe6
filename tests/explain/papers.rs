//! What the documents say, worked out by search over the documents themselves: nothing of the engine
//! has a part in it.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::Scope;
use bailiwick::document::{
    AskedOn, AssignmentDocument, DenialDocument, GrantDocument, OperationDocument,
    PermissionDocument, Reach, UserDocument,
};

use crate::reference::names::{Names, parent, settings};
use crate::reference::{OwnerPosition, Request, Subject};
use crate::support::documents::Documents;

pub(crate) struct Papers<'a> {
    pub documents: &'a Documents,
    settings: BTreeMap<String, String>,
}

/// What somebody holds, and where they stand.
pub(crate) struct Holder {
    pub id: Option<String>,
    pub position: Option<String>,
    /// Roots of what grants: a role, and the package that holds it.
    pub granting: Vec<(Option<String>, String)>,
    /// Roots of what the directory denies the user behind a token.
    pub behind: Vec<(Option<String>, String)>,
    pub everybody: bool,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Token,
    Role,
}

struct Role<'a> {
    inherits: &'a [String],
    grants: &'a [GrantDocument],
    denies: &'a [DenialDocument],
    written: u32,
    retired: bool,
}

impl<'a> Papers<'a> {
    pub(crate) fn of(documents: &'a Documents) -> Papers<'a> {
        Papers {
            documents,
            settings: settings(&documents.catalog, &documents.policy),
        }
    }

    pub(crate) fn setting(&self, path: &str) -> Option<&String> {
        self.settings.get(path)
    }

    pub(crate) fn roles(&self) -> Vec<String> {
        let system = self.documents.catalog.roles.iter().map(|it| it.id.clone());
        let own = self.documents.policy.roles.iter().map(|it| it.id.clone());
        system.chain(own).collect()
    }

    fn role(&self, id: &str) -> Option<Role<'a>> {
        let documents = self.documents;
        if let Some(role) = documents.catalog.roles.iter().find(|it| it.id == id) {
            return Some(Role {
                inherits: &role.inherits,
                grants: &role.grants,
                denies: &role.denies,
                written: documents.catalog.version,
                retired: role.retired.is_some(),
            });
        }
        let role = documents.policy.roles.iter().find(|it| it.id == id)?;
        Some(Role {
            inherits: &role.inherits,
            grants: &role.grants,
            denies: &role.denies,
            written: documents.policy.catalog_version,
            retired: false,
        })
    }

    fn names(&self, written: u32) -> Names<'a> {
        Names {
            catalog: &self.documents.catalog,
            written,
        }
    }

    pub(crate) fn permission(&self, path: &str) -> &'a PermissionDocument {
        let mut permissions = self.documents.catalog.permissions.iter();
        permissions
            .find(|it| it.path == path)
            .expect("a permission")
    }

    fn lasting<'d>(&self, list: &'d [AssignmentDocument]) -> impl Iterator<Item = &'d str> {
        let at = self.documents.at;
        list.iter()
            .filter(move |it| it.until.is_none_or(|until| until > at))
            .map(|it| it.id.as_str())
    }

    fn assigned(&self, user: &UserDocument) -> Vec<(Option<String>, String)> {
        let mut roots: Vec<(Option<String>, String)> = self
            .lasting(&user.roles)
            .map(|role| (None, role.to_owned()))
            .collect();
        for id in self.lasting(&user.packages) {
            for package in self
                .documents
                .policy
                .packages
                .iter()
                .filter(|it| it.id == id)
            {
                roots.extend(
                    package
                        .roles
                        .iter()
                        .map(|role| (Some(id.to_owned()), role.clone())),
                );
            }
        }
        roots
    }

    pub(crate) fn packages_of(&self, user: &UserDocument) -> BTreeSet<String> {
        self.lasting(&user.packages).map(str::to_owned).collect()
    }

    pub(crate) fn user(&self, id: &str) -> Option<&'a UserDocument> {
        self.documents.directory.users.iter().find(|it| it.id == id)
    }

    pub(crate) fn of_user(&self, user: &UserDocument) -> Holder {
        Holder {
            id: Some(user.id.clone()),
            position: user.position.clone(),
            granting: self.assigned(user),
            behind: Vec::new(),
            everybody: true,
            kind: Kind::User,
        }
    }

    pub(crate) fn holder(&self, subject: &Subject) -> Holder {
        let (id, roles, position, kind) = match subject {
            Subject::User { id, .. } => return self.of_user(self.user(id).expect("a user")),
            Subject::Token {
                id,
                roles,
                position,
                ..
            } => (id, roles.clone(), position, Kind::Token),
            Subject::Role {
                role, id, position, ..
            } => (id, vec![role.clone()], position, Kind::Role),
        };
        let user = id.as_ref().and_then(|id| self.user(id));
        let mut seen = BTreeSet::new();
        Holder {
            id: id.clone(),
            position: position.clone(),
            granting: roles
                .into_iter()
                .filter(|role| seen.insert(role.clone()))
                .map(|role| (None, role))
                .collect(),
            behind: user.map(|user| self.assigned(user)).unwrap_or_default(),
            everybody: kind == Kind::Role || id.is_some(),
            kind,
        }
    }

    // ── Ways ──────────────────────────────────────────────────────────────────────────────────

    /// Every way to a grant, or a deny, of a permission: each as its steps, the scope last.
    pub(crate) fn ways(&self, holder: &Holder, path: &str, denies: bool) -> Vec<Vec<String>> {
        let mut ways = Vec::new();
        let mut start = |roots: &[(Option<String>, String)], before: &[&str]| {
            for (package, role) in roots {
                let mut way: Vec<String> = before.iter().map(|it| (*it).to_owned()).collect();
                way.extend(package.iter().map(|it| format!("package {it}")));
                self.walk(role, path, denies, &mut way, &mut ways);
            }
        };
        start(&holder.granting, &["subject"]);
        if denies {
            start(&holder.behind, &["subject", "user"]);
        }
        ways.sort();
        ways
    }

    fn walk(
        &self,
        id: &str,
        path: &str,
        denies: bool,
        way: &mut Vec<String>,
        ways: &mut Vec<Vec<String>>,
    ) {
        let Some(role) = self.role(id) else { return };
        // D16: a retired role grants nothing, neither of its own nor of what it inherits.
        if role.retired && !denies {
            return;
        }
        way.push(format!("role {id}"));
        let mut found = |step: String, scope: Option<Scope>| {
            let last = [step, format!("permission {path}"), format!("{scope:?}")];
            ways.push(way.iter().cloned().chain(last).collect());
        };
        for (text, scope) in self.texts(&role, id, path, denies) {
            found(text, scope);
        }
        for junior in role.inherits {
            self.walk(junior, path, denies, way, ways);
        }
        way.pop();
    }

    fn texts(
        &self,
        role: &Role<'a>,
        id: &str,
        path: &str,
        denies: bool,
    ) -> Vec<(String, Option<Scope>)> {
        let names = self.names(role.written);
        if denies {
            let covering = role
                .denies
                .iter()
                .filter(|it| names.denial(it).contains(path));
            return covering
                .map(|it| (format!("deny {} {:?}", it.select, it.except), None))
                .collect();
        }
        if role.retired {
            return Vec::new();
        }
        let mut texts: Vec<(String, Option<Scope>)> = role
            .grants
            .iter()
            .filter_map(|it| {
                let scope = *names.grant(it).get(path)?;
                let text = format!("grant {} {:?} {:?}", it.select, it.scope, it.except);
                Some((text, Some(scope)))
            })
            .collect();
        if self.settings.get(path).is_some_and(|role| role == id) {
            texts.push(("setting".to_owned(), Some(Scope::All)));
        }
        texts
    }

    // ── What is granted, denied, effective ────────────────────────────────────────────────────

    /// The widest scope that a role grants, with all that it inherits.
    pub(crate) fn granted_by(&self, id: &str, path: &str) -> Option<Scope> {
        let role = self.role(id)?;
        if role.retired {
            return None;
        }
        let own = self.texts(&role, id, path, false);
        let inherited = role
            .inherits
            .iter()
            .filter_map(|it| self.granted_by(it, path));
        own.into_iter()
            .filter_map(|(_, scope)| scope)
            .chain(inherited)
            .max()
    }

    pub(crate) fn granted(&self, holder: &Holder, path: &str) -> Option<Scope> {
        let roots = holder.granting.iter();
        roots
            .filter_map(|(_, role)| self.granted_by(role, path))
            .max()
    }

    /// The roles, in the closure of what binds the holder, that deny it themselves.
    pub(crate) fn deniers(&self, holder: &Holder, path: &str) -> BTreeSet<String> {
        let mut waiting: Vec<String> = holder
            .granting
            .iter()
            .chain(&holder.behind)
            .map(|(_, role)| role.clone())
            .collect();
        let mut seen = BTreeSet::new();
        let mut found = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            let Some(role) = self.role(&id) else { continue };
            if !seen.insert(id.clone()) {
                continue;
            }
            if !self.texts(&role, &id, path, true).is_empty() {
                found.insert(id);
            }
            waiting.extend(role.inherits.iter().cloned());
        }
        found
    }

    pub(crate) fn enabled(&self, feature: &str) -> bool {
        self.documents
            .policy
            .features
            .iter()
            .any(|it| it == feature)
    }

    /// Every feature that is off, and the node that names it: its own, then its ancestors'.
    pub(crate) fn disabled(&self, path: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut node = Some(path);
        while let Some(at) = node {
            for feature in &self.permission(at).features {
                if !self.enabled(feature) {
                    found.push((feature.clone(), at.to_owned()));
                }
            }
            node = parent(at);
        }
        found
    }

    pub(crate) fn effective(&self, holder: &Holder, path: &str) -> bool {
        self.granted(holder, path).is_some()
            && self.deniers(holder, path).is_empty()
            && self.disabled(path).is_empty()
            && self
                .permission(path)
                .requires
                .iter()
                .all(|it| self.effective(holder, it))
    }

    // ── Scopes ────────────────────────────────────────────────────────────────────────────────

    /// D7: the permissions that limit a pair's scope: its own, and its prerequisites at any depth, of
    /// pair and operation too, that allow an operation on a record of the type.
    pub(crate) fn limits(
        &self,
        operation: &OperationDocument,
        permission: Option<&str>,
        requires: &[String],
    ) -> BTreeSet<String> {
        let mut waiting: Vec<String> = requires.to_vec();
        waiting.extend(operation.requires.iter().cloned());
        if let Some(path) = permission {
            waiting.extend(self.permission(path).requires.iter().cloned());
        }
        let mut seen = BTreeSet::new();
        let mut found: BTreeSet<String> = permission.map(str::to_owned).into_iter().collect();
        while let Some(path) = waiting.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            waiting.extend(self.permission(&path).requires.iter().cloned());
            let allows = |other: &&OperationDocument| {
                other.r#type == operation.r#type
                    && other.on == AskedOn::Record
                    && other.allowed_by.iter().any(|it| it.permission == path)
            };
            if self
                .documents
                .catalog
                .operations
                .iter()
                .find(allows)
                .is_some()
            {
                found.insert(path);
            }
        }
        found
    }

    /// The scope of a pair whose permissions are all effective.
    fn pair_scope(
        &self,
        holder: &Holder,
        operation: &OperationDocument,
        permission: Option<&str>,
        requires: &[String],
    ) -> Option<Scope> {
        let all_needed = requires
            .iter()
            .chain(&operation.requires)
            .map(String::as_str)
            .chain(permission)
            .all(|it| self.effective(holder, it));
        if !all_needed || !holder.everybody {
            return None;
        }
        let limits = self.limits(operation, permission, requires);
        let scopes = limits.iter().filter_map(|it| self.granted(holder, it));
        Some(scopes.min().unwrap_or(Scope::All))
    }

    /// S6: who strictly below has the pair at All.
    pub(crate) fn lenders(
        &self,
        holder: &Holder,
        operation: &OperationDocument,
        permission: Option<&str>,
        requires: &[String],
        features: &[String],
    ) -> Vec<String> {
        let off = features.iter().chain(&operation.features);
        let catalog = &self.documents.catalog;
        if catalog.reach != Reach::Accessible || !off.clone().all(|it| self.enabled(it)) {
            return Vec::new();
        }
        let Some(position) = &holder.position else {
            return Vec::new();
        };
        let users = self.documents.directory.users.iter();
        let below = users.filter(|user| {
            let theirs = user.position.as_deref();
            !user.suspended && theirs.is_some_and(|it| self.below(it, position))
        });
        below
            .filter(|user| {
                let scope = self.pair_scope(&self.of_user(user), operation, permission, requires);
                scope == Some(Scope::All)
            })
            .map(|user| user.id.clone())
            .collect()
    }

    pub(crate) fn reports_to(&self, position: &str) -> &'a [String] {
        let mut positions = self.documents.policy.positions.iter();
        let known = positions.find(|it| it.id == position);
        known.map_or(&[], |it| &it.reports_to)
    }

    pub(crate) fn below(&self, low: &str, high: &str) -> bool {
        self.reports_to(low)
            .iter()
            .any(|it| it == high || self.below(it, high))
    }

    /// S3: where the owner of the record stands.
    pub(crate) fn owner_position(&self, request: &Request) -> Option<String> {
        let owner = request.resource.owner.as_ref()?;
        let stated = match &request.resource.owner_position {
            OwnerPosition::Nowhere => None,
            OwnerPosition::At(position) => Some(position.clone()),
            OwnerPosition::Directory => self.user(owner)?.position.clone(),
        };
        let positions = &self.documents.policy.positions;
        stated.filter(|it| positions.iter().any(|known| known.id == *it))
    }

    /// S1, S3: the narrowest scope that reaches the record.
    pub(crate) fn needed(&self, holder: &Holder, request: &Request) -> Scope {
        let Some(owner) = &request.resource.owner else {
            return Scope::All;
        };
        if holder.id.as_ref() == Some(owner) {
            return Scope::Own;
        }
        match (&holder.position, self.owner_position(request)) {
            (Some(own), Some(theirs)) if self.below(&theirs, own) => Scope::Reports,
            (Some(own), Some(theirs)) if theirs == *own => Scope::Peers,
            _ => Scope::All,
        }
    }
}
