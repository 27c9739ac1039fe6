//! A5's last guard: no transaction but the host's own leaves an account without somebody who may hand
//! administration on.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{
    AssignmentDocument, CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument,
    UserDocument,
};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};

use crate::reference::administration;
use crate::reference::administration::Class::LastAdministrator;

/// Administrators need `staff`, which the feature `admin` switches on, and which `system:admin` brings.
const CATALOG: &str = r#"
format = 2
id = "shop"
version = 1
features = [{ id = "admin" }]
permissions = [{ path = "staff", features = ["admin"] }, { path = "edit" }, { path = "orders" }]
roles = [
  { id = "system:admin", grants = ["staff", "edit", "orders"], assign = "staff", revoke = "edit" },
]
[administration.changes]
edit_assignments = "edit"
edit_features = "edit"
edit_role = "edit"
create_role = "edit"
create_user = "edit"
remove_user = "edit"
suspend_user = "edit"
edit_packages = "edit"
[administration.account_roles]
assign = "staff"
revoke = "edit"
[[administration.exempt]]
change = "edit_role"
"#;

struct Shop {
    catalog: CatalogDocument,
    policy: PolicyDocument,
    directory: DirectoryDocument,
}

fn shop(users: impl IntoIterator<Item = UserDocument>) -> Shop {
    let catalog = CatalogDocument::from_toml("c.toml", CATALOG);
    let mut policy = PolicyDocument::new(1);
    policy.features.push("admin".into());
    policy.roles = vec![
        RoleDocument::new("plain").grant("orders"),
        RoleDocument::new("gag").deny("staff"),
        RoleDocument::new("narrow").deny("orders"),
    ];
    Shop {
        catalog: catalog.into_document().expect("the shape is right"),
        policy,
        directory: DirectoryDocument::new(users),
    }
}

impl Shop {
    /// The engine's code of refusal, the reference agreeing.
    fn refused(&self, actor: &Actor, changes: &[Change]) -> Option<&'static str> {
        let at = Timestamp(1);
        let catalog = Catalog::new(self.catalog.clone(), Warnings::Into(&mut Vec::new()));
        let engine = Engine::new(
            &catalog.expect("it loads"),
            self.policy.clone(),
            self.directory.clone(),
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        let applied = engine.expect("it loads").apply(actor, at, changes);
        let (policy, directory) = (&self.policy, &self.directory);
        let expected = administration::apply(&self.catalog, policy, directory, actor, at, changes);
        let code = applied.err().map(|it| it.reason.code());
        let by_guard = expected
            .as_ref()
            .is_err_and(|it| it.classes.contains(&LastAdministrator));
        assert_eq!(
            code.is_some(),
            expected.is_err(),
            "{changes:?}: {code:?}, {expected:?}"
        );
        assert_eq!(
            code == Some("last_administrator"),
            by_guard,
            "{changes:?}: {code:?}"
        );
        code
    }
}

/// The product's own staff, from outside the account: no user of it, and so no administrator.
fn site() -> Actor {
    Actor::external("site", [("*", Scope::All).into()])
}

fn users() -> Vec<UserDocument> {
    vec![UserDocument::new("ann").role("system:admin")]
}

fn named(user: &str) -> String {
    user.to_owned()
}

/// Each is the last step to where nobody hands administration on.
fn last_steps() -> Vec<(&'static str, Vec<Change>)> {
    vec![
        (
            "a feature off",
            vec![Change::DisableFeature {
                feature: named("admin"),
            }],
        ),
        ("revoked", vec![Change::revoke_role("ann", "system:admin")]),
        (
            "denied what assigning needs",
            vec![Change::assign_role("ann", "gag")],
        ),
        (
            "denied some of what would be handed on",
            vec![Change::assign_role("ann", "narrow")],
        ),
        (
            "an end",
            vec![Change::AssignRole {
                user: named("ann"),
                role: named("system:admin"),
                until: Some(Timestamp(100)),
            }],
        ),
        (
            "suspended",
            vec![Change::SuspendUser { user: named("ann") }],
        ),
        ("removed", vec![Change::RemoveUser { user: named("ann") }]),
        (
            "denied by an edit",
            vec![
                Change::assign_role("ann", "plain"),
                Change::EditRole {
                    role: named("plain"),
                    grants: Vec::new(),
                    denies: vec!["edit".into()],
                    since: None,
                },
            ],
        ),
    ]
}

#[test]
fn a5_nothing_leaves_an_account_without_an_administrator() {
    for (what, changes) in last_steps() {
        let code = shop(users()).refused(&site(), &changes);
        assert_eq!(code, Some("last_administrator"), "{what}");
    }
}

#[test]
fn a5_another_administrator_is_enough() {
    let bob = UserDocument::new("bob").role("system:admin");
    for (what, changes) in last_steps() {
        let shop = shop(users().into_iter().chain([bob.clone()]));
        let of_all = ["a feature off"];
        let expected = of_all.contains(&what).then_some("last_administrator");
        assert_eq!(shop.refused(&site(), &changes), expected, "{what}");
    }
}

#[test]
fn a5_who_has_it_for_a_time_is_none() {
    let bob = UserDocument::new("bob").role(AssignmentDocument {
        id: named("system:admin"),
        until: Some(Timestamp(1_000)),
    });
    for (what, changes) in last_steps() {
        let shop = shop(users().into_iter().chain([bob.clone()]));
        let code = shop.refused(&site(), &changes);
        assert_eq!(code, Some("last_administrator"), "{what}");
    }
}

#[test]
fn a5_the_host_itself_may_do_without() {
    for (what, changes) in last_steps() {
        assert_eq!(
            shop(users()).refused(&Actor::System, &changes),
            None,
            "{what}"
        );
        let for_the_site = Actor::System.on_behalf_of(site());
        let code = shop(users()).refused(&for_the_site, &changes);
        assert_eq!(code, Some("last_administrator"), "{what}");
    }
}

#[test]
fn a5_where_there_was_none_before_nothing_is_lost() {
    let ann = UserDocument::new("ann").role("system:admin").role("gag");
    let shop = shop([ann]);
    let suspend = [Change::SuspendUser { user: named("ann") }];
    assert_eq!(shop.refused(&site(), &suspend), None);
}

/// The step is judged by where the transaction ends.
#[test]
fn a5_an_administrator_may_be_exchanged_in_one_transaction() {
    let [out, back] = [
        Change::DisableFeature {
            feature: named("admin"),
        },
        Change::EnableFeature {
            feature: named("admin"),
        },
    ];
    assert_eq!(shop(users()).refused(&site(), &[out, back]), None);
}

#[test]
fn a5_the_refusal_says_what_would_be_missing() {
    let refusal = bailiwick::admin::Refusal::LastAdministrator;
    assert_eq!(
        refusal.to_string(),
        "nobody would be left who may hand on administration: somebody must be able to assign, at `all` \
         and without an end, a role that brings the permission needed to assign it"
    );
    assert!(!refusal.is_authority());
}
