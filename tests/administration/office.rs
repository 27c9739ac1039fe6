//! A small office in which the named cases happen: one permission for each concern, so that each
//! test says what its people hold.

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    CatalogDocument, ChangeKind, DirectoryDocument, PolicyDocument, PositionDocument, RoleDocument,
    UserDocument,
};
use bailiwick::{Scope, Timestamp};

use crate::account::Account;
use crate::agreement::disagreement;
use crate::reference::administration::{self, Class};
use crate::support::administration::Asked;
use crate::support::documents::Documents;

const CATALOG: &str = r#"
format = 2
id = "office"
version = 1
features = [{ id = "texting" }]
subject_properties = { region = "text" }

[[permissions]]
path = "admin"
scopes = ["own", "reports", "peers", "all"]
[[permissions]]
path = "assign"
scopes = ["own", "reports", "peers", "all"]
[[permissions]]
path = "revoke"
scopes = ["own", "reports", "peers", "all"]
[[permissions]]
path = "contacts"
[[permissions]]
path = "contacts.view"
scopes = ["own", "reports", "peers", "all"]
[[permissions]]
path = "contacts.edit"
scopes = ["own", "reports", "peers", "all"]
requires = ["contacts.view"]
[[permissions]]
path = "contacts.text"
features = ["texting"]
[[permissions]]
path = "accounts"
[[permissions]]
path = "sharing"
[permissions.adjustable]
ladder = ["system:member", "system:lead"]
default = "system:lead"
changed_by = "admin"

[[types]]
id = "contact"
properties = { region = "text" }
[[types]]
id = "ledger"

[[operations]]
type = "contact"
action = "view"
on = "record"
allowed_by = ["contacts.view"]
[[operations]]
type = "contact"
action = "edit"
on = "record"
allowed_by = ["contacts.edit"]
[[operations]]
type = "contact"
action = "text"
on = "record"
allowed_by = ["contacts.text"]
[[operations]]
type = "contact"
action = "share"
on = "record"
allowed_by = ["sharing"]
[[operations]]
type = "ledger"
action = "read"
on = "type"
allowed_by = [{ permission = "accounts", when = [[{ subject = "region", is = "north" }]] }]

[[roles]]
id = "system:member"
grants = [{ select = "contacts.view", scope = "own" }]
assign = "assign"
revoke = "revoke"
[[roles]]
id = "system:lead"
inherits = ["system:member"]
grants = ["contacts"]
assign = "assign"
revoke = "revoke"
[[roles]]
id = "system:owner"
grants = ["accounts"]
min_holders = 1
"#;

#[derive(Debug, Clone)]
pub(crate) struct Office {
    pub documents: Documents,
    /// When changes are asked for.
    pub asked_at: Timestamp,
}

/// An office without people. Every kind of change needs `admin`, giving and taking a role `assign`
/// and `revoke`; `system:owner` nobody may give or take.
pub(crate) fn office() -> Office {
    let Ok(mut catalog) = CatalogDocument::from_toml("catalog.toml", CATALOG).into_document()
    else {
        panic!("the office's catalog does not read");
    };
    for kind in ChangeKind::EVERY {
        let admin = "admin".to_owned();
        catalog.administration.changes.insert(*kind, admin);
    }
    catalog.administration.account_roles.assign = Some("assign".to_owned());
    catalog.administration.account_roles.revoke = Some("revoke".to_owned());
    Office {
        documents: Documents {
            catalog,
            policy: PolicyDocument::new(1),
            directory: DirectoryDocument::new([]),
            at: Timestamp(100),
        },
        asked_at: Timestamp(100),
    }
    // The boss administers and holds nothing else; the others are whoever the case needs.
    .role(
        RoleDocument::new("administrator")
            .grant(("admin", Scope::All))
            .grant(("assign", Scope::All))
            .grant(("revoke", Scope::All)),
    )
    .user(UserDocument::new("boss").role("administrator"))
}

impl Office {
    pub(crate) fn role(mut self, role: RoleDocument) -> Office {
        self.documents.policy.roles.push(role);
        self
    }

    /// A role of these grants.
    pub(crate) fn granting<'a>(
        self,
        id: &str,
        grants: impl IntoIterator<Item = (&'a str, Scope)>,
    ) -> Office {
        let role = grants
            .into_iter()
            .fold(RoleDocument::new(id), RoleDocument::grant);
        self.role(role)
    }

    pub(crate) fn user(mut self, user: UserDocument) -> Office {
        self.documents.directory.users.push(user);
        self
    }

    /// Gives a user of the office one role more.
    pub(crate) fn also(mut self, user: &str, role: &str) -> Office {
        for it in &mut self.documents.directory.users {
            if it.id == user {
                it.roles.push(role.into());
            }
        }
        self
    }

    pub(crate) fn position(mut self, id: &str, reports_to: &[&str]) -> Office {
        self.documents.policy.positions.push(PositionDocument {
            id: id.to_owned(),
            name: None,
            reports_to: reports_to.iter().map(|it| (*it).to_owned()).collect(),
        });
        self
    }

    pub(crate) fn with(mut self, edit: impl FnOnce(&mut Documents)) -> Office {
        edit(&mut self.documents);
        self
    }

    /// Why it is refused; empty when it is applied. The engine and the reference say the same.
    pub(crate) fn refusal(
        &self,
        actor: &Actor,
        changes: impl IntoIterator<Item = Change>,
    ) -> BTreeSet<Class> {
        let asked = Asked {
            actor: actor.clone(),
            at: self.asked_at,
            changes: changes.into_iter().collect(),
        };
        if let Some(differs) = disagreement(&self.documents, &asked) {
            panic!("{differs}\n{}\n{asked:#?}", self.documents);
        }
        let Documents {
            catalog,
            policy,
            directory,
            ..
        } = &self.documents;
        let (at, changes) = (asked.at, &asked.changes);
        let applied = administration::apply(catalog, policy, directory, actor, at, changes);
        applied.err().map(|it| it.classes).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn refuses(&self, class: Class, actor: &str, change: Change) {
        let found = self.refusal(&Actor::user(actor), [change.clone()]);
        assert!(
            found.contains(&class),
            "{actor} should be refused for {class:?}: {change:?}: {found:?}"
        );
    }

    #[track_caller]
    pub(crate) fn allows(&self, actor: &str, change: Change) {
        let found = self.refusal(&Actor::user(actor), [change.clone()]);
        assert!(found.is_empty(), "{actor}: {change:?}: {found:?}");
    }

    /// The office after the changes, which the host itself makes.
    pub(crate) fn after(&self, changes: impl IntoIterator<Item = Change>) -> Office {
        let asked = Asked {
            actor: Actor::System,
            at: self.asked_at,
            changes: changes.into_iter().collect(),
        };
        match Account::of(&self.documents).apply(&asked) {
            Ok(after) => Office {
                documents: after.documents,
                asked_at: self.asked_at,
            },
            Err(said) => panic!("{said:?}: {asked:#?}"),
        }
    }
}
