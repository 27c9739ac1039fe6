//! People whom the directory binds may bring roles in tokens (D18): each way in which somebody bound one
//! of them, or freed one, without the right to take or to give what they may bring; and beside it who
//! may.

use std::collections::BTreeSet;

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{
    CatalogDocument, ChangeKind, ExemptionDocument, PackageDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, OnType, Scope, Timestamp, Token, Warnings};

use crate::office::{Office, office};
use crate::reference::administration::Class::{Authority, UsedId};

/// Tokens may bring `system:boss`, which grants `accounts` and `contacts.view`; giving and taking it needs
/// a right of its own.
const MORE: &str = r#"
format = 2
id = "more"
version = 1
permissions = [
  { path = "enter" },
  { path = "assign_boss", scopes = ["own", "reports", "peers", "all"] },
  { path = "revoke_boss", scopes = ["own", "reports", "peers", "all"] },
]
tokens = { system_roles = ["system:boss"] }
[[roles]]
id = "system:boss"
grants = ["accounts", { select = "contacts.view", scope = "all" }, "enter"]
assign = "assign_boss"
revoke = "revoke_boss"
[[types]]
id = "desk"
[[operations]]
type = "desk"
action = "open"
on = "type"
allowed_by = ["enter"]
"#;

/// `boss` administers. So do the others: `bea` may take `system:boss` besides; `hal` may give it; `kim`
/// holds what it grants; `fay` both holds it and may give it.
fn gate() -> Office {
    let Ok(more) = CatalogDocument::from_toml("more.toml", MORE).into_document() else {
        panic!("the catalog does not read");
    };
    let held = [
        ("accounts", Scope::All),
        ("contacts.view", Scope::All),
        ("enter", Scope::All),
    ];
    office()
        .with(|it| {
            it.catalog.permissions.extend(more.permissions);
            it.catalog.roles.extend(more.roles);
            it.catalog.types.extend(more.types);
            it.catalog.operations.extend(more.operations);
            it.catalog.tokens = more.tokens;
        })
        .granting("holder", held)
        .granting("giver", [("assign_boss", Scope::All)])
        .granting("taker", [("revoke_boss", Scope::All)])
        .role(RoleDocument::new("gag").deny("contacts.view").deny("enter"))
        .role(RoleDocument::new("gag too").deny("enter"))
        .role(RoleDocument::new("mute").deny("contacts.edit"))
        .role(RoleDocument::new("plain"))
        .user(UserDocument::new("bea").role("administrator").role("taker"))
        .user(UserDocument::new("hal").role("administrator").role("giver"))
        .user(
            UserDocument::new("kim")
                .role("administrator")
                .role("holder"),
        )
        .user(
            UserDocument::new("fay")
                .role("administrator")
                .role("holder")
                .role("giver"),
        )
        .user(UserDocument::new("eve"))
        .user(UserDocument::new("gil").role("gag"))
        .user(UserDocument::new("pam").role("plain"))
        .user({
            let mut sue = UserDocument::new("sue");
            sue.suspended = true;
            sue
        })
}

/// Giving a deny: who may not take what tokens bring is refused, who may is not.
#[track_caller]
fn binds(office: &Office, change: Change) {
    for actor in ["boss", "hal", "kim", "fay"] {
        office.refuses(Authority, actor, change.clone());
    }
    office.allows("bea", change);
}

/// Lifting one: it needs the right to give it, and what it grants.
#[track_caller]
fn frees(office: &Office, change: Change) {
    for actor in ["boss", "hal", "kim", "bea"] {
        office.refuses(Authority, actor, change.clone());
    }
    office.allows("fay", change);
}

fn remove(user: &str) -> Change {
    let user = user.to_owned();
    Change::RemoveUser { user }
}

fn suspend(user: &str) -> Change {
    let user = user.to_owned();
    Change::SuspendUser { user }
}

fn reinstate(user: &str) -> Change {
    let user = user.to_owned();
    Change::ReinstateUser { user }
}

fn forget(user: &str) -> Change {
    let id = user.to_owned();
    let kind = UsedIdKind::User;
    Change::ForgetId { kind, id }
}

fn create(user: UserDocument) -> Change {
    Change::CreateUser { user }
}

fn assign(user: &str, role: &str, until: Option<i64>) -> Change {
    Change::AssignRole {
        user: user.to_owned(),
        role: role.to_owned(),
        until: until.map(Timestamp),
    }
}

/// The code that somebody gets who brings `system:boss` in a token, and what they get without one.
fn codes(office: &Office, user: &str) -> [&'static str; 2] {
    let engine = office.documents.load();
    let desk = OnType::named("desk");
    let token = Token::new(["system:boss"]).id(user);
    [
        engine.check(&token, "open", &desk).code(),
        engine.check(user, "open", &desk).code(),
    ]
}

#[test]
fn to_suspend_needs_the_right_to_revoke_what_tokens_bring() {
    binds(&gate(), suspend("eve"));
    // One whom the directory grants something, too: what she may bring is no less for it.
    binds(&gate(), suspend("pam"));
}

#[test]
fn to_reinstate_needs_the_right_to_assign_what_tokens_bring() {
    assert_eq!(codes(&gate(), "sue"), ["suspended", "suspended"]);
    frees(&gate(), reinstate("sue"));
}

#[test]
fn to_remove_needs_the_right_to_revoke_and_leaves_the_token_denied() {
    for user in ["eve", "gil", "sue"] {
        binds(&gate(), remove(user));
        let office = gate().after([remove(user)]);
        assert_eq!(codes(&office, user), ["removed", "removed"]);
        assert_eq!(codes(&office.after([forget(user)]), user)[0], "allowed");
    }
    // The exemption of A2 is not one of what tokens bring.
    let office = gate().with(|it| it.catalog.administration.removal_revokes_nothing = true);
    binds(&office, remove("gil"));
}

#[test]
fn to_forget_an_id_needs_the_right_to_assign_what_tokens_bring() {
    for user in ["eve", "gil"] {
        frees(&gate().after([remove(user)]), forget(user));
    }
    // Whoever may remove does not free by forgetting and making anew.
    let anew = [
        remove("gil"),
        forget("gil"),
        create(UserDocument::new("gil")),
    ];
    for actor in ["boss", "bea", "fay"] {
        let found = gate().refusal(&Actor::user(actor), anew.clone());
        assert!(found.contains(&Authority), "{actor}: {found:?}");
    }
    let both = gate().also("fay", "taker");
    let found = both.refusal(&Actor::user("fay"), anew);
    assert!(found.is_empty(), "{found:?}");
    // Of a role or a position nobody is denied.
    let deleted = Change::DeleteRole {
        role: "mute".to_owned(),
    };
    let (kind, id) = (UsedIdKind::Role, "mute".to_owned());
    gate()
        .after([deleted])
        .allows("boss", Change::ForgetId { kind, id });
}

#[test]
fn to_bring_somebody_back_needs_the_right_to_assign_what_tokens_bring() {
    let restore = |user: UserDocument| Change::RestoreUser { user };
    for user in ["eve", "gil", "sue"] {
        let office = gate().after([remove(user)]);
        let back = restore(UserDocument::new(user));
        frees(&office, back.clone());
        assert_eq!(codes(&office, user)[0], "removed");
        assert_eq!(codes(&office.after([back]), user)[0], "allowed");
        // Suspended, they are denied as before, and reinstating them asks.
        let suspended = restore(UserDocument {
            suspended: true,
            ..UserDocument::new(user)
        });
        binds(&office, suspended.clone());
        let still = office.after([suspended]);
        assert_eq!(codes(&still, user)[0], "suspended");
        frees(&still, reinstate(user));
    }
    // The deny that he had he has again, and giving it is asked for as ever.
    let office = gate().after([remove("gil")]);
    let gagged = restore(UserDocument::new("gil").role("gag"));
    office.refuses(Authority, "fay", gagged.clone());
    let both = office.clone().also("fay", "taker");
    both.allows("fay", gagged.clone());
    assert_eq!(codes(&office.after([gagged]), "gil")[0], "denied");
    // What frees is reinstating: an exemption of creating lifts nothing of it.
    let office = gate().after([remove("eve")]);
    let exempt = |change| {
        office.clone().with(|it| {
            let role = Some("system:boss".to_owned());
            it.catalog.administration.exempt = vec![ExemptionDocument { change, role }];
        })
    };
    let eve = restore(UserDocument::new("eve"));
    exempt(ChangeKind::CreateUser).refuses(Authority, "boss", eve.clone());
    exempt(ChangeKind::SuspendUser).allows("boss", eve);
}

#[test]
fn an_id_of_nobody_is_not_burnt() {
    let burnt = |office: &Office| {
        let mut policy = office.documents.policy.clone();
        policy.used_ids.users.push("zed".to_owned());
        Change::ImportPolicy { policy }
    };
    binds(&gate(), burnt(&gate()));
    assert_eq!(codes(&gate(), "zed"), ["allowed", "unknown_subject"]);
    let after = gate().after([burnt(&gate())]);
    assert_eq!(codes(&after, "zed"), ["removed", "removed"]);
    let change = [create(UserDocument::new("zed")), remove("zed")];
    for (actor, refused) in [("boss", true), ("fay", true), ("bea", false)] {
        let found = gate().refusal(&Actor::user(actor), change.clone());
        assert_eq!(found.contains(&Authority), refused, "{actor}: {found:?}");
    }
}

#[test]
fn an_import_forgets_no_id() {
    let office = gate().after([remove("gil")]);
    let mut policy = office.documents.policy.clone();
    policy.used_ids.users.clear();
    policy.features.push("texting".to_owned());
    let import = Change::ImportPolicy { policy };
    office.allows("boss", import.clone());
    let after = office.after([import]);
    assert_eq!(codes(&after, "gil"), ["removed", "removed"]);
    let found = after.refusal(&Actor::System, [create(UserDocument::new("gil"))]);
    assert_eq!(found, BTreeSet::from([UsedId]));
}

#[test]
fn to_create_somebody_suspended_or_denied_needs_the_right_to_revoke() {
    let mut zed = UserDocument::new("zed");
    zed.suspended = true;
    binds(&gate(), create(zed));
    binds(&gate(), create(UserDocument::new("zed").role("gag")));
    // Who is denied nothing that tokens bring is anybody's.
    gate().allows("boss", create(UserDocument::new("zed")));
    gate().allows("boss", create(UserDocument::new("zed").role("mute")));
}

#[test]
fn to_give_a_deny_needs_the_right_to_revoke_what_it_covers() {
    binds(&gate(), Change::assign_role("eve", "gag"));
    binds(&gate(), assign("eve", "gag", Some(500)));
    gate().allows("boss", Change::assign_role("eve", "mute"));
    // By way of a role, a junior and a package that they have.
    let edit = |denies: &[&str]| Change::EditRole {
        role: "plain".to_owned(),
        grants: Vec::new(),
        denies: denies.iter().map(|it| (*it).into()).collect(),
        since: None,
    };
    binds(&gate(), edit(&["enter"]));
    gate().allows("boss", edit(&["contacts.edit"]));
    let inherit = |junior: &str| Change::AddInheritance {
        role: "plain".to_owned(),
        junior: junior.to_owned(),
    };
    binds(&gate(), inherit("gag"));
    gate().allows("boss", inherit("mute"));
    let office = gate().with(|it| {
        it.policy.packages.push(PackageDocument {
            id: "kit".to_owned(),
            name: None,
            description: None,
            created: None,
            roles: vec!["plain".to_owned()],
        });
        it.directory
            .users
            .push(UserDocument::new("ned").package("kit"));
    });
    let fill = |role: &str| Change::AddToPackage {
        package: "kit".to_owned(),
        role: role.to_owned(),
    };
    binds(&office, fill("gag"));
    office.allows("boss", fill("mute"));
    let empty = Change::RemoveFromPackage {
        package: "kit".to_owned(),
        role: "gag".to_owned(),
    };
    frees(&office.after([fill("gag")]), empty);
    // And of an import, which is all of these.
    let mut policy = office.documents.policy.clone();
    for package in &mut policy.packages {
        package.roles.push("gag".to_owned());
    }
    binds(&office, Change::ImportPolicy { policy });
}

#[test]
fn to_lift_a_deny_needs_the_right_to_assign_what_it_covered() {
    frees(&gate(), Change::revoke_role("gil", "gag"));
    let edit = Change::EditRole {
        role: "gag".to_owned(),
        grants: Vec::new(),
        denies: vec!["contacts.view".into()],
        since: None,
    };
    frees(&gate(), edit);
    let muted = gate().with(|it| {
        for user in &mut it.directory.users {
            if user.id == "gil" {
                user.roles = vec!["mute".into()];
            }
        }
    });
    // What is covered by no role that tokens bring needs what it needed.
    let muted = muted.granting("editor", [("contacts.edit", Scope::Own)]);
    let muted = muted.also("boss", "editor");
    muted.allows("boss", Change::revoke_role("gil", "mute"));
}

#[test]
fn to_set_an_end_to_a_deny_lifts_it_and_to_put_it_off_gives_it() {
    frees(&gate(), assign("gil", "gag", Some(500)));
    let ending = gate().after([assign("gil", "gag", Some(500))]);
    frees(&ending, assign("gil", "gag", Some(400)));
    binds(&ending, assign("gil", "gag", Some(600)));
    binds(&ending, assign("gil", "gag", None));
}

/// Another deny that ends keeps it only for as long.
#[test]
fn a_deny_that_lasts_is_not_changed_for_one_that_ends() {
    let both = gate().after([assign("gil", "gag too", Some(500))]);
    frees(&both, Change::revoke_role("gil", "gag"));
    // Nor is one that would end changed for one that lasts.
    let ending = gate().after([
        Change::revoke_role("gil", "gag"),
        assign("gil", "gag", Some(500)),
    ]);
    binds(&ending, Change::assign_role("gil", "gag too"));
    // By way of what the lasting role says, too.
    let edit = Change::EditRole {
        role: "gag".to_owned(),
        grants: Vec::new(),
        denies: vec!["contacts.view".into()],
        since: None,
    };
    frees(&both, edit);
}

#[test]
fn an_exemption_lifts_the_right_and_the_comparison() {
    for kind in [ChangeKind::SuspendUser, ChangeKind::RemoveUser] {
        let office = gate().with(|it| {
            it.catalog.administration.exempt.push(ExemptionDocument {
                change: kind,
                role: Some("system:boss".to_owned()),
            });
        });
        if kind == ChangeKind::SuspendUser {
            office.allows("boss", suspend("eve"));
            office.allows("boss", reinstate("sue"));
            office.refuses(Authority, "boss", remove("eve"));
        } else {
            office.allows("boss", remove("eve"));
            office.refuses(Authority, "boss", suspend("eve"));
        }
    }
}

/// The right to revoke is asked for that user, the right to assign at All.
#[test]
fn the_right_to_bind_reaches_as_far_as_it_does() {
    let mut office = gate()
        .position("top", &[])
        .position("low", &["top"])
        .granting(
            "lead",
            [
                ("revoke_boss", Scope::Reports),
                ("assign_boss", Scope::Reports),
            ],
        )
        .also("kim", "lead");
    for user in &mut office.documents.directory.users {
        user.position = match user.id.as_str() {
            "kim" => Some("top".to_owned()),
            "eve" | "sue" => Some("low".to_owned()),
            _ => None,
        };
    }
    office.allows("kim", suspend("eve"));
    office.refuses(Authority, "kim", suspend("pam"));
    office.refuses(Authority, "kim", reinstate("sue"));
    // Nobody stands below anybody before there is somebody.
    office.refuses(
        Authority,
        "kim",
        Change::ImportPolicy {
            policy: {
                let mut policy = office.documents.policy.clone();
                policy.used_ids.users.push("zed".to_owned());
                policy
            },
        },
    );
}

/// A5: a token that still names it is denied.
#[test]
fn a_role_that_tokens_may_bring_is_deleted_by_who_may_revoke_it_at_all() {
    let office = office()
        .with(|it| it.catalog.tokens.account_roles = true)
        .granting("caller", [("accounts", Scope::All)])
        .granting("clerk", [("admin", Scope::All), ("revoke", Scope::Peers)])
        .user(UserDocument::new("cal").role("clerk"));
    let delete = Change::DeleteRole {
        role: "caller".to_owned(),
    };
    office.refuses(Authority, "cal", delete.clone());
    office.allows("boss", delete.clone());
    let token = Token::new(["caller"]).id("zoe").property("region", "north");
    let read = |office: &Office| {
        let engine = office.documents.load();
        engine
            .check(&token, "read", &OnType::named("ledger"))
            .code()
    };
    assert_eq!(read(&office), "allowed");
    let after = office.after([delete]);
    assert_eq!(read(&after), "unknown_role");
    // By an import, too.
    let mut policy = office.documents.policy.clone();
    policy.roles.retain(|it| it.id != "caller");
    let import = Change::ImportPolicy { policy };
    office.refuses(Authority, "cal", import.clone());
    office.allows("boss", import);
    // One that is assigned is in use all the same.
    let held = office.also("cal", "caller");
    let found = held.refusal(
        &Actor::System,
        [Change::DeleteRole {
            role: "caller".to_owned(),
        }],
    );
    assert!(!found.is_empty());
}

#[test]
fn a_refusal_says_that_it_is_for_what_tokens_bring() {
    let engine = gate().documents.load();
    let refused = |actor: &str, change: Change| {
        let refused = engine.apply(&Actor::user(actor), Timestamp(100), &[change]);
        refused.err().map(|it| it.to_string())
    };
    assert_eq!(
        refused("boss", suspend("eve")).as_deref(),
        Some(
            "change 1 (suspend user `eve`): it denies more to those who may bring `system:boss` in a token: revoking `system:boss` \
             from `eve` needs `revoke_boss`"
        )
    );
    assert_eq!(
        refused("kim", reinstate("sue")).as_deref(),
        Some(
            "change 1 (reinstate user `sue`): it denies less to those who may bring `system:boss` in a token: assigning \
             `system:boss` needs `assign_boss` at `all`"
        )
    );
}

#[test]
fn a_catalog_in_which_who_may_suspend_lacks_the_right_loads_with_a_finding() {
    let office = gate().with(|it| {
        for role in &mut it.catalog.roles {
            if role.id == "system:lead" {
                role.grants.push(("admin", Scope::All).into());
            }
        }
    });
    let warnings = |office: &Office| -> Vec<String> {
        let mut found = Vec::new();
        let catalog = office.documents.catalog.clone();
        Catalog::new(catalog, Warnings::Into(&mut found)).expect("the catalog loads");
        found.iter().map(|it| it.message().to_owned()).collect()
    };
    // Nobody of the catalog's may suspend.
    assert!(warnings(&gate()).is_empty());
    assert_eq!(
        warnings(&office),
        [
            "role `system:lead` may suspend users, and lacks `revoke_boss` at `all` for revoking \
             `system:boss`, which tokens may bring: suspending needs the right to revoke what they \
             bring, reinstating the right to assign it; grant the permission, or exempt `system:boss` \
             from `suspend_user`"
        ]
    );
    let unruled = office.clone().with(|it| {
        for role in &mut it.catalog.roles {
            if role.id == "system:boss" {
                role.assign = None;
            }
        }
    });
    assert_eq!(
        warnings(&unruled),
        [
            "the catalog names no permission for assigning `system:boss`, which tokens may bring: only \
             the host itself may suspend and reinstate users; name one, or exempt `system:boss` from \
             `suspend_user`"
        ]
    );
    let exempt = unruled.with(|it| {
        it.catalog.administration.exempt.push(ExemptionDocument {
            change: ChangeKind::SuspendUser,
            role: Some("system:boss".to_owned()),
        });
    });
    assert!(warnings(&exempt).is_empty());
}

/// Who brings a role in a token is taken all that it inherits, by a deny as by deleting it (A2, A3).
#[test]
fn what_a_brought_role_inherits_is_taken_with_it() {
    let office = gate()
        .with(|it| it.catalog.tokens.account_roles = true)
        .role(RoleDocument::new("chief").inherit("system:boss"));
    let chief = || "chief".to_owned();
    let without = {
        let mut policy = office.documents.load().policy();
        policy.roles.retain(|it| it.id != "chief");
        policy.revision = None;
        policy
    };
    for change in [
        Change::EditRole {
            role: chief(),
            grants: vec![],
            denies: vec!["enter".into()],
            since: None,
        },
        Change::AddInheritance {
            role: chief(),
            junior: "gag too".to_owned(),
        },
        Change::DeleteRole { role: chief() },
        Change::ImportPolicy { policy: without },
    ] {
        binds(&office, change);
    }
}
