//! The reference model: a naive evaluator of the rules D1 to D19 and S1 to S7, against which the
//! engine is tested (law 1). It shares only the document structs with the crate, and is meant to be
//! held against the rules line by line: every function names its rule, nothing is fast.
//!
//! Documents are taken as valid: what the loader refuses is not looked for here.
//!
//! ## Readings
//!
//! Where the rules leave a choice, this is the one taken.
//!
//! - D16, one version that renames and retires: its entries act at once, the longest path that
//!   matches wins (`a.b` → `c` beats `a` → `x` for `a.b`; retiring `a.b` beats renaming `a`).
//!   What they lead to is looked at again within that version, then come the later versions.
//! - D16, "every renamed path that lay below it" is meant version by version: a path that a
//!   rename moved below a denied node, and a later one moved on, is denied at its last place too.
//! - D16, the exceptions of a deny spare what lay below them by the names of the policy's version,
//!   wherever it is now, and what was added there; not what a rename brought below them.
//! - D16, such an exception may name a node as it is called today: a path that a later version gave it
//!   was no node before, so that it can mean nothing else. It then spares what lay below it by the names
//!   of the policy's version.
//! - D16, a wildcard of a grant follows its own root only: what was renamed out of the subtree is
//!   lost to it. A wildcard below a retired root is inert, even for what was renamed out of it.
//! - D16, a grant without scope in an older policy, of a permission that offers several by now: inert.
//! - D16, a setting of an older policy whose role is no longer on the ladder counts as the ceiling
//!   (the narrowest that could be set), not as unset. A setting of a permission that is no longer
//!   adjustable, or retired, is inert. Should two keys lead to one permission, the more senior wins.
//! - D16, a retired system role grants nothing, neither of its own nor of what it inherits; all denies
//!   of its closure stay. To a request on a policy written at or after the retirement, such a role is
//!   unknown.
//! - D5, `*` and `x.*` in `except` mean what they mean in a deny.
//! - D7, "to its own": the prerequisite's own scope is the one its own prerequisites leave it. A
//!   permission "allows an operation on a record of the type" by its pairs; open operations give none.
//! - D10, missing goes before wrong type even when the left is of a wrong type and the right is
//!   missing: left missing, right missing, left of another type, right of another type.
//! - D10, `is` of sets compares them as sets: neither order nor repetition counts.
//! - D10, a directory property that is not of the declared type fails as wrong type.
//! - D11, missing goes before wrong over both sides: a wrong resource account with a missing
//!   subject account is `missing_account` at the subject.
//! - D14 and S6, an operation on the type carries the scope that D7 and D9 leave, so S6 does not lift
//!   it (nor `can_any`).
//! - D14, `can_any` ignores the record's id, owner, owner's position and properties altogether, so
//!   that they are not checked as identifiers either; the `on_type` of the request is ignored too.
//! - D18, S6, a directory user lends by the position in the directory, also to a token that bears
//!   that user's own id and states a position above it.
//! - D18, the name of a `Role` subject's role is an identifier of the request, and its unknown
//!   position is `unknown_position`, as a token's is.
//! - D19, "owner or stated owner position differ": literally, after dropping a position stated
//!   without an owner. `Directory` differs from `At` the same position, and `Nowhere` from `At` an
//!   unknown one.
//! - D19, `check_change` of an operation on the type is `asked_wrong_way`, even when both states are
//!   types.
//! - D19, `check_create` first validates every identifier of the request, the record's too, whether
//!   or not the operation names `creates` (D12, D17's first). A record given as a type is
//!   `asked_wrong_way`, after the type's operation was found and before it is decided.
//! - D19, in `check_create` a position stated for a record without owner stays ignored once the
//!   subject became its owner (the subject owns it, so that no position counts).
//! - D19, where reassigning is missing, `owner_is_fixed` comes after both edits were allowed.
//! - D20, states of two records are the caller's mistake, as what is asked the wrong way is; another owner where
//!   no operation reassigns is a no of the rules.

#![allow(dead_code, reason = "every test file uses its own part of this")]

pub(crate) mod abilities;
pub(crate) mod administration;
pub(crate) mod conditions;
pub(crate) mod formats;
pub(crate) mod names;
mod pairs;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bailiwick::document::{
    AccountsServed, AskedOn, AssignmentDocument, CatalogDocument, ConditionDocument,
    DenialDocument, DirectoryDocument, GrantDocument, OperationDocument, PermissionDocument,
    PolicyDocument, PropertyValue, Reach, UserDocument,
};
use bailiwick::{Scope, Timestamp};

use conditions::Facts;
use names::{Names, parent};

#[allow(unused_imports, reason = "every test file uses its own part of this")]
pub(crate) use pairs::Judged;

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    User {
        id: String,
        account: Option<String>,
    },
    Token {
        id: Option<String>,
        account: Option<String>,
        roles: Vec<String>,
        position: Option<String>,
        properties: BTreeMap<String, Value>,
    },
    Role {
        role: String,
        id: Option<String>,
        account: Option<String>,
        position: Option<String>,
        properties: BTreeMap<String, Value>,
    },
}

/// The value of a property.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Set(Vec<String>),
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    pub r#type: String,
    pub id: Option<String>,
    /// Asked of the type, not of a record.
    pub on_type: bool,
    pub account: Option<String>,
    pub owner: Option<String>,
    pub owner_position: OwnerPosition,
    pub properties: BTreeMap<String, Value>,
}

/// The position of a record's owner (S3).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OwnerPosition {
    /// Not stated by the host.
    Directory,
    /// The host says that there is none.
    Nowhere,
    /// The host says it.
    At(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub subject: Subject,
    pub action: String,
    pub resource: Resource,
    pub context: BTreeMap<String, Value>,
}

/// The decision, and its one reason (D17).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub allowed: bool,
    /// `allowed`, or the code of the denial.
    pub code: &'static str,
    /// Of a denial, from its code alone (D20).
    pub kind: Option<&'static str>,
    /// The permission of the deciding pair; none for an open operation, or before pairs are looked at.
    pub permission: Option<String>,
    /// Of an allow.
    pub scope: Option<Scope>,
    /// `type:action`, of an allow.
    pub filtered_by: Option<String>,
    pub at: Option<&'static str>,
    pub fact: Option<String>,
    pub cause: Option<&'static str>,
}

/// A denial before any pair is looked at.
fn denied(code: &'static str, at: Option<&'static str>) -> Outcome {
    Outcome {
        allowed: false,
        code,
        kind: Some(kind(code)),
        permission: None,
        scope: None,
        filtered_by: None,
        at,
        fact: None,
        cause: None,
    }
}

/// D20: "`Policy` (the rules say no; also wrong account, .. a missing property), `Subject` (unknown, suspended,
/// removed; unknown role or position of a token), `Request` (the caller's mistake: unknown type or action, asked the
/// wrong way, identifiers missing or invalid, a property of another type, ..), `NotReady`".
fn kind(code: &str) -> &'static str {
    match code {
        "not_ready" => "not_ready",
        "unknown_subject" | "suspended" | "removed" | "unknown_role" | "unknown_position" => {
            "subject"
        }
        "unknown_type"
        | "unknown_action"
        | "asked_wrong_way"
        | "different_records"
        | "missing_account"
        | "invalid_identifier"
        | "property_wrong_type" => "request",
        "wrong_account"
        | "property_missing"
        | "not_granted"
        | "denied"
        | "feature_disabled"
        | "prerequisite_missing"
        | "out_of_scope"
        | "owner_is_fixed"
        | "condition_not_met" => "policy",
        _ => panic!("D20 gives `{code}` no kind"),
    }
}

/// The code, and the side, of a denial before any pair is looked at.
struct Refused(&'static str, Option<&'static str>);

/// D17: what is asked of a pair, in order. "Its features" is one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Granted,
    NotDenied,
    Features,
    Prerequisites,
    PairPrerequisites,
    OperationPrerequisites,
    Scope,
    PairFeatures,
    PairConditions,
    OperationFeatures,
    OperationConditions,
}

/// Why a pair, or a permission, gives nothing: the first stage it fails.
#[derive(Debug, Clone, PartialEq)]
struct Failed {
    stage: Stage,
    code: &'static str,
    at: Option<&'static str>,
    fact: Option<String>,
    cause: Option<&'static str>,
}

/// A role with its lists resolved (D5, D13, D16, S5).
#[derive(Debug, Clone, PartialEq)]
struct Role {
    inherits: Vec<String>,
    grants: BTreeMap<String, Scope>,
    denies: BTreeSet<String>,
}

/// A subject, or a user who may lend (S6), with what it brings.
#[derive(Debug, Clone, PartialEq)]
struct Viewer {
    id: Option<String>,
    position: Option<String>,
    /// The authorized roles (D2).
    granting: BTreeSet<String>,
    /// The roles whose denies bind: those, and the directory's behind a token's id (D18).
    denying: BTreeSet<String>,
    properties: BTreeMap<String, Value>,
    /// Whether open operations stand open (D9).
    everybody: bool,
}

/// A permission that allows an operation (D9); without permission, the virtual one of an open operation.
struct Pair<'a> {
    permission: Option<&'a PermissionDocument>,
    features: &'a [String],
    requires: &'a [String],
    when: &'a [Vec<ConditionDocument>],
}

/// Which question is put to a pair.
#[derive(Clone, Copy)]
enum Question<'a> {
    /// An operation on this record.
    Record(&'a Request),
    /// An operation on the type.
    Type(&'a Request),
    /// A record operation, without a record (D14).
    Any,
}

/// The account's catalog, policy and directory, at a time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    catalog: CatalogDocument,
    policy: PolicyDocument,
    directory: DirectoryDocument,
    at: Timestamp,
    roles: BTreeMap<String, Role>,
    /// D13: adjustable permission → system role.
    settings: BTreeMap<String, String>,
    /// The paths of the permission tree in preorder, siblings as written (D17).
    order: Vec<String>,
}

impl Model {
    pub(crate) fn new(
        catalog: &CatalogDocument,
        policy: &PolicyDocument,
        directory: &DirectoryDocument,
        at: Timestamp,
    ) -> Model {
        Model {
            roles: roles(catalog, policy),
            settings: names::settings(catalog, policy),
            order: preorder(catalog, None),
            catalog: catalog.clone(),
            policy: policy.clone(),
            directory: directory.clone(),
            at,
        }
    }

    /// Whether the subject may do this to this resource.
    pub(crate) fn check(&self, request: &Request) -> Outcome {
        let (viewer, operation) = match self.found(request, true) {
            Ok(found) => found,
            Err(Refused(code, at)) => return denied(code, at),
        };
        // D14: asked the wrong way, the answer is deny.
        let on_type = operation.on == AskedOn::Type;
        if request.resource.on_type != on_type {
            return denied("asked_wrong_way", None);
        }
        if on_type {
            self.decide(&viewer, operation, Question::Type(request))
        } else {
            self.decide(&viewer, operation, Question::Record(request))
        }
    }

    /// D14: the record operation asked without a record; of an operation on the type, the check.
    pub(crate) fn can_any(&self, request: &Request) -> Outcome {
        let request = Request {
            resource: of_the_type(&request.resource),
            ..request.clone()
        };
        let (viewer, operation) = match self.found(&request, false) {
            Ok(found) => found,
            Err(Refused(code, at)) => return denied(code, at),
        };
        match operation.on {
            AskedOn::Type => self.decide(&viewer, operation, Question::Type(&request)),
            AskedOn::Record => self.decide(&viewer, operation, Question::Any),
        }
    }

    /// D19: a change of a record, asked with the state before (in the request) and the one after.
    pub(crate) fn check_change(&self, request: &Request, after: &Resource) -> Outcome {
        let before = request;
        let after = &Request {
            resource: after.clone(),
            ..request.clone()
        };
        for state in [before, after] {
            if let Err(Refused(code, at)) = self.found(state, true) {
                return denied(code, at);
            }
        }
        let mut operations = self.catalog.operations.iter();
        let asked_on_type = operations.any(|it| {
            it.r#type == before.resource.r#type
                && it.action == before.action
                && it.on == AskedOn::Type
        });
        if before.resource.on_type || after.resource.on_type || asked_on_type {
            return denied("asked_wrong_way", None);
        }
        // Both states are of one record.
        if before.resource.r#type != after.resource.r#type
            || before.resource.id != after.resource.id
        {
            return denied("different_records", None);
        }
        let edit_before = self.check(before);
        if !edit_before.allowed {
            return edit_before;
        }
        let edit_after = self.check(after);
        if !edit_after.allowed {
            return edit_after;
        }
        if stated_owner(&before.resource) != stated_owner(&after.resource) {
            let Some(reassign) = self
                .catalog
                .types
                .iter()
                .find(|declared| declared.id == before.resource.r#type)
                .and_then(|declared| declared.reassign.clone())
            else {
                return denied("owner_is_fixed", None);
            };
            for state in [before, after] {
                let outcome = self.check(&Request {
                    action: reassign.clone(),
                    ..state.clone()
                });
                if !outcome.allowed {
                    return outcome;
                }
            }
        }
        edit_after
    }

    /// D19: creating, with the record as it will be: the operation on the type, and the record
    /// operation that it names.
    pub(crate) fn check_create(&self, request: &Request) -> Outcome {
        if !identifiers_valid(request, true) {
            return denied("invalid_identifier", None);
        }
        let on_type = Request {
            resource: of_the_type(&request.resource),
            ..request.clone()
        };
        let operation = match self.found(&on_type, true) {
            Ok((_, operation)) => operation,
            Err(Refused(code, at)) => return denied(code, at),
        };
        if request.resource.on_type {
            return denied("asked_wrong_way", None);
        }
        let creating = self.check(&on_type);
        if !creating.allowed {
            return creating;
        }
        if let Some((r#type, action)) = operation
            .creates
            .as_ref()
            .and_then(|creates| creates.split_once(':'))
        {
            let mut record = request.resource.clone();
            record.r#type = r#type.to_owned();
            if record.owner.is_none() {
                record.owner = subject_id(&request.subject).cloned();
                record.owner_position = OwnerPosition::Directory;
            }
            let on_record = self.check(&Request {
                subject: request.subject.clone(),
                action: action.to_owned(),
                resource: record,
                context: request.context.clone(),
            });
            if !on_record.allowed {
                return on_record;
            }
        }
        creating
    }

    // ── Before the pairs ──────────────────────────────────────────────────────────────────────

    /// D17: everything before "asked the wrong way", in its order.
    fn found(
        &self,
        request: &Request,
        with_record: bool,
    ) -> Result<(Viewer, &OperationDocument), Refused> {
        if !identifiers_valid(request, with_record) {
            return Err(Refused("invalid_identifier", None));
        }
        self.same_account(request)?;
        self.not_removed(&request.subject)?;
        let viewer = self.viewer(&request.subject)?;
        if !self
            .catalog
            .types
            .iter()
            .any(|declared| declared.id == request.resource.r#type)
        {
            return Err(Refused("unknown_type", None));
        }
        let operation = self.catalog.operations.iter().find(|operation| {
            operation.r#type == request.resource.r#type && operation.action == request.action
        });
        match operation {
            Some(operation) => Ok((viewer, operation)),
            None => Err(Refused("unknown_action", None)),
        }
    }

    /// D11: with many accounts, both sides must state it; with one, what is stated must not differ.
    fn same_account(&self, request: &Request) -> Result<(), Refused> {
        let sides = [
            ("resource", request.resource.account.as_ref()),
            ("subject", subject_account(&request.subject)),
        ];
        for (side, account) in sides {
            if self.catalog.accounts == AccountsServed::Many && account.is_none() {
                return Err(Refused("missing_account", Some(side)));
            }
        }
        for (side, account) in sides {
            if account.is_some() && account != self.policy.account.as_ref() {
                return Err(Refused("wrong_account", Some(side)));
            }
        }
        Ok(())
    }

    /// D18: an id that the account has used and removed is denied, brought by a token or not, until it
    /// is forgotten.
    fn not_removed(&self, subject: &Subject) -> Result<(), Refused> {
        match subject_id(subject) {
            Some(id) if self.user(id).is_none() && self.policy.used_ids.users.contains(id) => {
                Err(Refused("removed", None))
            }
            _ => Ok(()),
        }
    }

    /// D2, D18: who asks. Unknown subject, unknown role, unknown position, suspended.
    fn viewer(&self, subject: &Subject) -> Result<Viewer, Refused> {
        match subject {
            Subject::User { id, .. } => {
                let Some(user) = self.user(id) else {
                    return Err(Refused("unknown_subject", None));
                };
                if user.suspended {
                    return Err(Refused("suspended", None));
                }
                Ok(self.of_directory(user))
            }
            Subject::Token {
                id,
                roles,
                position,
                properties,
                ..
            } => {
                if !roles.iter().all(|role| self.tokens_may_bring(role)) {
                    return Err(Refused("unknown_role", None));
                }
                self.stated(id, roles, position, properties, id.is_some())
            }
            Subject::Role {
                role,
                id,
                position,
                properties,
                ..
            } => {
                if !self.role_known(role) {
                    return Err(Refused("unknown_role", None));
                }
                self.stated(id, std::slice::from_ref(role), position, properties, true)
            }
        }
    }

    /// D18: a subject that brings its roles, position and properties. A directory user behind its
    /// id may be suspended, and the denies of that user bind.
    fn stated(
        &self,
        id: &Option<String>,
        roles: &[String],
        position: &Option<String>,
        properties: &BTreeMap<String, Value>,
        everybody: bool,
    ) -> Result<Viewer, Refused> {
        if position
            .as_ref()
            .is_some_and(|position| !self.position_known(position))
        {
            return Err(Refused("unknown_position", None));
        }
        let granting = self.granting(roles);
        let mut denying = self.closure(roles);
        if let Some(user) = id.as_ref().and_then(|id| self.user(id)) {
            if user.suspended {
                return Err(Refused("suspended", None));
            }
            denying.extend(self.closure(&self.assigned_roles(user)));
        }
        Ok(Viewer {
            id: id.clone(),
            position: position.clone(),
            granting,
            denying,
            properties: properties.clone(),
            everybody,
        })
    }

    /// A user of the directory, as viewer and as lender.
    fn of_directory(&self, user: &UserDocument) -> Viewer {
        let roles = self.assigned_roles(user);
        Viewer {
            id: Some(user.id.clone()),
            position: user.position.clone(),
            granting: self.granting(&roles),
            denying: self.closure(&roles),
            properties: user
                .properties
                .iter()
                .map(|(name, value)| (name.clone(), directory_value(value)))
                .collect(),
            everybody: true,
        }
    }

    /// D2: the roles assigned directly, and those of the assigned packages.
    fn assigned_roles(&self, user: &UserDocument) -> Vec<String> {
        let lasts =
            |assignment: &&AssignmentDocument| assignment.until.is_none_or(|until| until > self.at);
        let mut roles = Vec::new();
        for assignment in user.roles.iter().filter(lasts) {
            roles.push(assignment.id.clone());
        }
        for assignment in user.packages.iter().filter(lasts) {
            for package in &self.policy.packages {
                if package.id == assignment.id {
                    roles.extend(package.roles.iter().cloned());
                }
            }
        }
        roles
    }

    /// D2: these roles and all their juniors by `inherits`.
    fn closure(&self, roles: &[String]) -> BTreeSet<String> {
        let mut closure = BTreeSet::new();
        let mut waiting = roles.to_vec();
        while let Some(id) = waiting.pop() {
            if let Some(role) = self.roles.get(&id)
                && closure.insert(id)
            {
                waiting.extend(role.inherits.iter().cloned());
            }
        }
        closure
    }

    /// D16: of these roles and their juniors, those whose grants have an effect: a retired role grants
    /// nothing, neither of its own nor of what it inherits.
    fn granting(&self, roles: &[String]) -> BTreeSet<String> {
        let retired = |id: &String| {
            self.catalog
                .roles
                .iter()
                .any(|role| role.id == *id && role.retired.is_some())
        };
        let mut granting = BTreeSet::new();
        let mut waiting = roles.to_vec();
        while let Some(id) = waiting.pop() {
            if let Some(role) = self.roles.get(&id)
                && !retired(&id)
                && granting.insert(id)
            {
                waiting.extend(role.inherits.iter().cloned());
            }
        }
        granting
    }

    fn user(&self, id: &str) -> Option<&UserDocument> {
        self.directory.users.iter().find(|user| user.id == id)
    }

    fn position_known(&self, id: &str) -> bool {
        self.policy
            .positions
            .iter()
            .any(|position| position.id == id)
    }

    /// Whether there is such a role; D16: a retired one is there for older policies alone.
    fn role_known(&self, id: &str) -> bool {
        let retired = self
            .catalog
            .roles
            .iter()
            .find(|role| role.id == id)
            .and_then(|role| role.retired);
        self.roles.contains_key(id)
            && retired.is_none_or(|version| version > self.policy.catalog_version)
    }

    /// D18: the catalog says which roles tokens may bring.
    fn tokens_may_bring(&self, id: &str) -> bool {
        let tokens = &self.catalog.tokens;
        let of_the_account = self.policy.roles.iter().any(|role| role.id == id);
        self.role_known(id)
            && if of_the_account {
                tokens.account_roles
            } else {
                tokens.system_roles.iter().any(|role| role == id)
            }
    }

    // ── Permissions ───────────────────────────────────────────────────────────────────────────

    fn permission(&self, path: &str) -> Option<&PermissionDocument> {
        self.catalog
            .permissions
            .iter()
            .find(|permission| permission.path == path)
    }

    /// D3: the widest scope over all grants; D13: an adjustable one comes from its setting alone.
    fn granted(&self, viewer: &Viewer, path: &str) -> Option<Scope> {
        if self
            .permission(path)
            .is_some_and(|permission| permission.adjustable.is_some())
        {
            let role = self.settings.get(path)?;
            return viewer.granting.contains(role).then_some(Scope::All);
        }
        viewer
            .granting
            .iter()
            .filter_map(|role| self.roles.get(role)?.grants.get(path).copied())
            .max()
    }

    /// D4: whether any role whose denies bind denies it.
    fn denied(&self, viewer: &Viewer, path: &str) -> bool {
        viewer.denying.iter().any(|role| {
            self.roles
                .get(role)
                .is_some_and(|role| role.denies.contains(path))
        })
    }

    /// D6, D16: whether the account has the feature; a retired one has no effect.
    fn enabled(&self, feature: &str) -> bool {
        self.policy.features.iter().any(|name| name == feature)
            && self
                .catalog
                .features
                .iter()
                .any(|declared| declared.id == feature && declared.retired.is_none())
    }

    fn first_disabled<'a>(&self, features: &'a [String]) -> Option<&'a String> {
        features.iter().find(|feature| !self.enabled(feature))
    }

    /// D6, D17: the first missing feature: its own as written, then its ancestors', nearest first.
    fn not_entitled(&self, path: &str) -> Option<(&'static str, String)> {
        let own = &self.permission(path)?.features;
        if let Some(feature) = self.first_disabled(own) {
            return Some(("permission", feature.clone()));
        }
        let mut above = parent(path);
        while let Some(ancestor) = above {
            if let Some(node) = self.permission(ancestor)
                && let Some(feature) = self.first_disabled(&node.features)
            {
                return Some(("ancestor", feature.clone()));
            }
            above = parent(ancestor);
        }
        None
    }

    /// D8, D17: `effective(p) = granted(p) and not denied(p) and entitled(p) and all prerequisites
    /// effective`; else the first of these that fails.
    fn effective(&self, viewer: &Viewer, path: &str) -> Result<(), Failed> {
        if self.granted(viewer, path).is_none() {
            return Err(failed(Stage::Granted, "not_granted"));
        }
        if self.denied(viewer, path) {
            return Err(failed(Stage::NotDenied, "denied"));
        }
        if let Some((at, feature)) = self.not_entitled(path) {
            return Err(feature_disabled(Stage::Features, at, &feature));
        }
        self.prerequisites(
            viewer,
            self.requires(path),
            Stage::Prerequisites,
            "permission",
        )
    }

    /// D7: those named on the permission itself.
    fn requires(&self, path: &str) -> &[String] {
        self.permission(path)
            .map_or(&[], |permission| &permission.requires)
    }

    /// D7, D17: every one effective; else the immediate one, with the code of its own reason.
    fn prerequisites(
        &self,
        viewer: &Viewer,
        requires: &[String],
        stage: Stage,
        at: &'static str,
    ) -> Result<(), Failed> {
        for required in requires {
            if let Err(reason) = self.effective(viewer, required) {
                return Err(Failed {
                    at: Some(at),
                    fact: Some(required.clone()),
                    cause: Some(reason.code),
                    ..failed(stage, "prerequisite_missing")
                });
            }
        }
        Ok(())
    }

    /// D7: whether it allows an operation on a record of the type, by the catalog, whatever is enabled.
    fn allows_on_record(&self, path: &str, r#type: &str) -> bool {
        self.catalog.operations.iter().any(|operation| {
            operation.r#type == r#type
                && operation.on == AskedOn::Record
                && operation
                    .allowed_by
                    .iter()
                    .any(|pair| pair.permission == path)
        })
    }

    /// D7: the scope of an effective permission for operations on a type.
    fn scope(&self, viewer: &Viewer, path: &str, r#type: &str) -> Option<Scope> {
        let granted = self.granted(viewer, path)?;
        Some(granted.min(self.narrowing(viewer, self.requires(path), r#type)))
    }

    /// D7: to what effective prerequisites narrow: each to its own scope, if it allows an operation
    /// on a record of the type; if it allows none, as its own prerequisites do.
    fn narrowing(&self, viewer: &Viewer, requires: &[String], r#type: &str) -> Scope {
        let mut narrowest = Scope::All;
        for required in requires {
            let scope = if self.allows_on_record(required, r#type) {
                self.scope(viewer, required, r#type)
            } else {
                Some(self.narrowing(viewer, self.requires(required), r#type))
            };
            narrowest = narrowest.min(scope.unwrap_or(Scope::Own));
        }
        narrowest
    }

    // ── Pairs ─────────────────────────────────────────────────────────────────────────────────

    /// D9: the pairs of an operation, in catalog order (D17).
    fn pairs<'a>(&'a self, operation: &'a OperationDocument) -> Vec<Pair<'a>> {
        if operation.open {
            return vec![Pair {
                permission: None,
                features: &[],
                requires: &[],
                when: &[],
            }];
        }
        let mut pairs = Vec::new();
        for path in &self.order {
            for pair in &operation.allowed_by {
                if pair.permission == *path {
                    pairs.push(Pair {
                        permission: self.permission(path),
                        features: &pair.features,
                        requires: &pair.requires,
                        when: &pair.when,
                    });
                }
            }
        }
        pairs
    }

    /// D17: the answer of the pairs. An allow names the widest scope, then catalog order; a denial
    /// the pair that got furthest, then catalog order.
    fn decide(
        &self,
        viewer: &Viewer,
        operation: &OperationDocument,
        question: Question<'_>,
    ) -> Outcome {
        let mut widest: Option<(Scope, Option<String>)> = None;
        let mut furthest: Option<(Failed, Option<String>)> = None;
        for pair in self.pairs(operation) {
            let path = pair.permission.map(|permission| permission.path.clone());
            match self.judge(viewer, operation, &pair, question) {
                Ok(scope) => {
                    if widest.as_ref().is_none_or(|(best, _)| scope > *best) {
                        widest = Some((scope, path));
                    }
                }
                Err(failed) => {
                    if furthest
                        .as_ref()
                        .is_none_or(|(best, _)| failed.stage > best.stage)
                    {
                        furthest = Some((failed, path));
                    }
                }
            }
        }
        if let Some((scope, permission)) = widest {
            return Outcome {
                allowed: true,
                code: "allowed",
                kind: None,
                permission,
                scope: Some(scope),
                filtered_by: operation.filtered_by.clone(),
                at: None,
                fact: None,
                cause: None,
            };
        }
        match furthest {
            Some((failed, permission)) => Outcome {
                permission,
                fact: failed.fact,
                cause: failed.cause,
                ..denied(failed.code, failed.at)
            },
            // D1; an operation without pairs is refused when loaded.
            None => denied("not_granted", None),
        }
    }

    /// D9, D14, D17: one pair, stage by stage; its scope if it allows.
    fn judge(
        &self,
        viewer: &Viewer,
        operation: &OperationDocument,
        pair: &Pair<'_>,
        question: Question<'_>,
    ) -> Result<Scope, Failed> {
        let mut scope = self.pair_scope(viewer, operation, pair)?;
        if let Question::Record(request) = question {
            // S6 is the last step of the scope.
            if self.lent(viewer, operation, pair, scope) {
                scope = Scope::All;
            }
            if !self.covers(scope, viewer, &request.resource) {
                return Err(failed(Stage::Scope, "out_of_scope"));
            }
        }
        if let Some(feature) = self.first_disabled(pair.features) {
            return Err(feature_disabled(Stage::PairFeatures, "pair", feature));
        }
        self.conditions(viewer, pair.when, Stage::PairConditions, "pair", question)?;
        if let Some(feature) = self.first_disabled(&operation.features) {
            return Err(feature_disabled(
                Stage::OperationFeatures,
                "operation",
                feature,
            ));
        }
        self.conditions(
            viewer,
            &operation.when,
            Stage::OperationConditions,
            "operation",
            question,
        )?;
        Ok(scope)
    }

    /// D7, D8, D9: the permission effective, the prerequisites of pair and operation too; and the
    /// scope that all of them leave. An open operation stands for a permission that everybody
    /// holds at All.
    fn pair_scope(
        &self,
        viewer: &Viewer,
        operation: &OperationDocument,
        pair: &Pair<'_>,
    ) -> Result<Scope, Failed> {
        let r#type = operation.r#type.as_str();
        let own = match pair.permission {
            Some(permission) => {
                self.effective(viewer, &permission.path)?;
                self.scope(viewer, &permission.path, r#type)
            }
            None => viewer.everybody.then_some(Scope::All),
        };
        let Some(own) = own else {
            return Err(failed(Stage::Granted, "not_granted"));
        };
        self.prerequisites(viewer, pair.requires, Stage::PairPrerequisites, "pair")?;
        self.prerequisites(
            viewer,
            &operation.requires,
            Stage::OperationPrerequisites,
            "operation",
        )?;
        Ok(own
            .min(self.narrowing(viewer, pair.requires, r#type))
            .min(self.narrowing(viewer, &operation.requires, r#type)))
    }

    /// S6: in a catalog whose reach is `accessible`, whether somebody strictly below, not
    /// suspended, has the same pair at All, conditions aside.
    fn lent(
        &self,
        viewer: &Viewer,
        operation: &OperationDocument,
        pair: &Pair<'_>,
        scope: Scope,
    ) -> bool {
        let Some(position) = &viewer.position else {
            return false;
        };
        self.catalog.reach == Reach::Accessible
            && (scope == Scope::Reports || scope == Scope::Peers)
            && self.first_disabled(pair.features).is_none()
            && self.first_disabled(&operation.features).is_none()
            && self.directory.users.iter().any(|user| {
                !user.suspended
                    && user
                        .position
                        .as_ref()
                        .is_some_and(|theirs| self.strictly_below(theirs, position))
                    && self.pair_scope(&self.of_directory(user), operation, pair) == Ok(Scope::All)
            })
    }

    /// D10, D14: the conditions of a pair or an operation; `can_any` asks none.
    fn conditions(
        &self,
        viewer: &Viewer,
        when: &[Vec<ConditionDocument>],
        stage: Stage,
        at: &'static str,
        question: Question<'_>,
    ) -> Result<(), Failed> {
        let (Question::Record(request) | Question::Type(request)) = question else {
            return Ok(());
        };
        let facts = Facts {
            catalog: &self.catalog,
            r#type: &request.resource.r#type,
            resource: &request.resource.properties,
            subject: &viewer.properties,
            context: &request.context,
            resource_id: request.resource.id.as_ref(),
            resource_owner: request.resource.owner.as_ref(),
            subject_id: viewer.id.as_ref(),
        };
        match conditions::failure(when, &facts) {
            None => Ok(()),
            Some(failure) => Err(Failed {
                at: Some(at),
                fact: Some(failure.property),
                ..failed(stage, failure.code)
            }),
        }
    }

    // ── Ownership scopes ──────────────────────────────────────────────────────────────────────

    /// S1, S3: whether a scope reaches a record.
    fn covers(&self, scope: Scope, viewer: &Viewer, record: &Resource) -> bool {
        if scope == Scope::All {
            return true;
        }
        // S3: a record without an owner is reached by All alone.
        let Some(owner) = &record.owner else {
            return false;
        };
        if viewer.id.as_ref() == Some(owner) {
            return true;
        }
        let (Some(theirs), Some(position)) =
            (self.position_of_owner(owner, record), &viewer.position)
        else {
            return false;
        };
        match scope {
            Scope::Own => false,
            Scope::Reports => self.strictly_below(&theirs, position),
            Scope::Peers => theirs == *position || self.strictly_below(&theirs, position),
            Scope::All => true,
        }
    }

    /// S3: the position the host gives, also to say there is none, an unknown one being none; else
    /// the directory's.
    fn position_of_owner(&self, owner: &str, record: &Resource) -> Option<String> {
        match &record.owner_position {
            OwnerPosition::Nowhere => None,
            OwnerPosition::At(position) => Some(position.clone()),
            OwnerPosition::Directory => self.user(owner)?.position.clone(),
        }
        .filter(|position| self.position_known(position))
    }

    /// S1, S2: whether one position lies strictly below another, at any depth.
    fn strictly_below(&self, lower: &str, upper: &str) -> bool {
        let mut above = HashSet::new();
        let mut waiting = vec![lower.to_owned()];
        while let Some(id) = waiting.pop() {
            for position in &self.policy.positions {
                if position.id == id {
                    for next in &position.reports_to {
                        if above.insert(next.clone()) {
                            waiting.push(next.clone());
                        }
                    }
                }
            }
        }
        above.contains(upper)
    }
}

fn failed(stage: Stage, code: &'static str) -> Failed {
    Failed {
        stage,
        code,
        at: None,
        fact: None,
        cause: None,
    }
}

fn feature_disabled(stage: Stage, at: &'static str, feature: &str) -> Failed {
    Failed {
        at: Some(at),
        fact: Some(feature.to_owned()),
        ..failed(stage, "feature_disabled")
    }
}

/// The system roles and the account's, with their lists resolved. D16: of a retired system role
/// the grants have no effect, the denies stay.
fn roles(catalog: &CatalogDocument, policy: &PolicyDocument) -> BTreeMap<String, Role> {
    let mut roles = BTreeMap::new();
    for role in &catalog.roles {
        let grants: &[GrantDocument] = if role.retired.is_some() {
            &[]
        } else {
            &role.grants
        };
        let names = Names {
            catalog,
            written: catalog.version,
        };
        roles.insert(
            role.id.clone(),
            resolved(&names, &role.inherits, grants, &role.denies),
        );
    }
    for role in &policy.roles {
        let names = Names {
            catalog,
            written: policy.catalog_version,
        };
        roles.insert(
            role.id.clone(),
            resolved(&names, &role.inherits, &role.grants, &role.denies),
        );
    }
    roles
}

/// D3 and D4 within one role: the widest of its grants, the union of its denies.
fn resolved(
    names: &Names<'_>,
    inherits: &[String],
    grants: &[GrantDocument],
    denies: &[DenialDocument],
) -> Role {
    let mut widest: BTreeMap<String, Scope> = BTreeMap::new();
    for grant in grants {
        for (path, scope) in names.grant(grant) {
            let best = widest.entry(path).or_insert(scope);
            *best = (*best).max(scope);
        }
    }
    Role {
        inherits: inherits.to_vec(),
        grants: widest,
        denies: denies
            .iter()
            .flat_map(|denial| names.denial(denial))
            .collect(),
    }
}

/// D17: the tree's preorder, children as written.
fn preorder(catalog: &CatalogDocument, above: Option<&str>) -> Vec<String> {
    let mut order = Vec::new();
    for permission in &catalog.permissions {
        if parent(&permission.path) == above {
            order.push(permission.path.clone());
            order.extend(preorder(catalog, Some(&permission.path)));
        }
    }
    order
}

/// The type, and the account, of a record.
fn of_the_type(record: &Resource) -> Resource {
    Resource {
        r#type: record.r#type.clone(),
        id: None,
        on_type: true,
        account: record.account.clone(),
        owner: None,
        owner_position: OwnerPosition::Directory,
        properties: BTreeMap::new(),
    }
}

/// The owner, and the position stated with it; S3: without an owner the position is ignored.
fn stated_owner(record: &Resource) -> Option<(&String, &OwnerPosition)> {
    record
        .owner
        .as_ref()
        .map(|owner| (owner, &record.owner_position))
}

fn subject_id(subject: &Subject) -> Option<&String> {
    match subject {
        Subject::User { id, .. } => Some(id),
        Subject::Token { id, .. } | Subject::Role { id, .. } => id.as_ref(),
    }
}

fn subject_account(subject: &Subject) -> Option<&String> {
    match subject {
        Subject::User { account, .. }
        | Subject::Token { account, .. }
        | Subject::Role { account, .. } => account.as_ref(),
    }
}

/// D12: neither empty, nor longer than 256 bytes, nor holding control characters.
fn identifier_valid(identifier: &str) -> bool {
    !identifier.is_empty() && identifier.len() <= 256 && !identifier.chars().any(char::is_control)
}

/// D12: every identifier of a request, with those of the record or without.
fn identifiers_valid(request: &Request, with_record: bool) -> bool {
    let mut identifiers = vec![&request.action, &request.resource.r#type];
    identifiers.extend(subject_id(&request.subject));
    identifiers.extend(subject_account(&request.subject));
    identifiers.extend(&request.resource.account);
    match &request.subject {
        Subject::User { .. } => {}
        Subject::Token {
            roles, position, ..
        } => {
            identifiers.extend(roles);
            identifiers.extend(position);
        }
        Subject::Role { role, position, .. } => {
            identifiers.push(role);
            identifiers.extend(position);
        }
    }
    if with_record {
        identifiers.extend(&request.resource.id);
        identifiers.extend(&request.resource.owner);
        if let OwnerPosition::At(position) = &request.resource.owner_position {
            identifiers.push(position);
        }
    }
    identifiers
        .into_iter()
        .all(|identifier| identifier_valid(identifier))
}

pub(crate) fn directory_value(value: &PropertyValue) -> Value {
    match value {
        PropertyValue::Text(text) => Value::Text(text.clone()),
        PropertyValue::Integer(number) => Value::Integer(*number),
        PropertyValue::Boolean(truth) => Value::Boolean(*truth),
        PropertyValue::Set(set) => Value::Set(set.clone()),
    }
}
