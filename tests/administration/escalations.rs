//! Each way to more than one holds that A2 to A4 close, and beside it the same change by somebody
//! who may make it.

use bailiwick::admin::{Actor, Change, UsedIdKind};
use bailiwick::document::{GrantDocument, PackageDocument, RoleDocument, UserDocument};
use bailiwick::{Scope, Timestamp};

use crate::office::{Office, office};
use crate::reference::administration::Class::{Authority, InUse, MinHolders, UsedId};

fn edit(role: &str, edited: RoleDocument) -> Change {
    Change::EditRole {
        role: role.to_owned(),
        grants: edited.grants,
        denies: edited.denies,
        since: None,
    }
}

fn place(user: &str, position: &str) -> Change {
    Change::PlaceUser {
        user: user.to_owned(),
        position: Some(position.to_owned()),
    }
}

fn inherit(role: &str, junior: &str) -> Change {
    Change::AddInheritance {
        role: role.to_owned(),
        junior: junior.to_owned(),
    }
}

/// The office, where bob has nothing, and a role grants that permission at All; `also` gives the boss
/// the same.
fn handing_out(permission: &str, also: bool) -> Office {
    let office = office()
        .granting("prize", [(permission, Scope::All)])
        .user(UserDocument::new("bob"));
    if also {
        return office.also("boss", "prize");
    }
    office
}

#[test]
fn a_grant_asleep_behind_a_feature() {
    let assign = Change::assign_role("bob", "prize");
    handing_out("contacts.text", false).refuses(Authority, "boss", assign.clone());
    // Who holds it asleep may hand it on asleep.
    handing_out("contacts.text", true).allows("boss", assign);
}

#[test]
fn a_grant_asleep_behind_a_prerequisite() {
    let assign = Change::assign_role("bob", "prize");
    let office = handing_out("contacts.edit", false)
        .granting("viewer", [("contacts.view", Scope::All)])
        .also("boss", "viewer");
    office.refuses(Authority, "boss", assign.clone());
    handing_out("contacts.edit", true).allows("boss", assign);
}

#[test]
fn a_grant_asleep_behind_a_deny() {
    let assign = Change::assign_role("bob", "prize");
    let gag = RoleDocument::new("gag").deny("accounts");
    let gagged = |also| {
        handing_out("accounts", also)
            .role(gag.clone())
            .also("bob", "gag")
    };
    gagged(false).refuses(Authority, "boss", assign.clone());
    gagged(true).allows("boss", assign.clone());
    // A deny that binds the actor counts for the actor.
    gagged(true)
        .also("boss", "gag")
        .refuses(Authority, "boss", assign);
}

#[test]
fn lifting_a_deny_hands_out_what_it_kept() {
    let gag = RoleDocument::new("gag").deny("accounts");
    let gagged = |also| {
        handing_out("accounts", also)
            .role(gag.clone())
            .also("bob", "prize")
            .also("bob", "gag")
    };
    for lifting in [
        Change::revoke_role("bob", "gag"),
        edit("gag", RoleDocument::new("gag")),
        Change::AssignRole {
            user: "bob".to_owned(),
            role: "gag".to_owned(),
            until: Some(bailiwick::Timestamp(200)),
        },
    ] {
        gagged(false).refuses(Authority, "boss", lifting.clone());
        gagged(true).allows("boss", lifting);
    }
    // Another role that denies it still: nothing is lifted.
    let twice = gagged(false)
        .role(RoleDocument::new("muzzle").deny("accounts"))
        .also("bob", "muzzle");
    twice.allows("boss", Change::revoke_role("bob", "gag"));
}

/// Found by comparing random transactions: nobody in the directory gained anything by it, but whoever
/// brings the role by a token does (D18).
#[test]
fn lifting_a_deny_for_whoever_brings_the_role_by_a_token() {
    let lift = Change::RemoveInheritance {
        role: "seller".to_owned(),
        junior: "gag".to_owned(),
    };
    let seller = RoleDocument::new("seller").grant("accounts").inherit("gag");
    let office = |also| {
        handing_out("accounts", also)
            .role(RoleDocument::new("gag").deny("accounts"))
            .role(seller.clone())
            // Denied it still, by the other role.
            .also("bob", "seller")
            .also("bob", "gag")
    };
    let brought = |also| office(also).with(|it| it.catalog.tokens.account_roles = true);
    brought(false).refuses(Authority, "boss", lift.clone());
    brought(true).allows("boss", lift.clone());
    // The role itself is touched, whoever holds it.
    office(false).refuses(Authority, "boss", lift.clone());
    office(true).allows("boss", lift);
}

#[test]
fn narrowing_an_exception_of_a_grant_hands_out_what_it_kept() {
    let except = |taken: &[&str]| {
        RoleDocument::new("half").grant(GrantDocument {
            select: "contacts.*".to_owned(),
            scope: Some(Scope::All),
            except: taken.iter().map(|it| (*it).to_owned()).collect(),
        })
    };
    let widen = edit("half", except(&["contacts.edit"]));
    let office = office()
        .role(except(&["contacts.edit", "contacts.text"]))
        .also("boss", "half");
    office.refuses(Authority, "boss", widen.clone());
    let holding = RoleDocument::new("whole").grant(("contacts.*", Scope::All));
    office
        .role(holding)
        .also("boss", "whole")
        .allows("boss", widen);
}

#[test]
fn a_role_that_nobody_holds() {
    let loaded = edit("empty", RoleDocument::new("empty").grant("accounts"));
    let with = |also| handing_out("accounts", also).role(RoleDocument::new("empty"));
    with(false).refuses(Authority, "boss", loaded.clone());
    with(true).allows("boss", loaded);
    let created = Change::CreateRole {
        role: RoleDocument::new("new").grant("accounts"),
    };
    with(false).refuses(Authority, "boss", created.clone());
    with(true).allows("boss", created);
}

#[test]
fn a_scope_wider_than_one_s_own() {
    let create = |scope| Change::CreateRole {
        role: RoleDocument::new("new").grant(("contacts.view", scope)),
    };
    let office = office()
        .granting("looker", [("contacts.view", Scope::Reports)])
        .also("boss", "looker");
    office.allows("boss", create(Scope::Reports));
    office.refuses(Authority, "boss", create(Scope::Peers));
    office.refuses(Authority, "boss", create(Scope::All));
}

#[test]
fn a_scope_conferred_out_of_reach() {
    // Reports, given to somebody below, reaches no further than the giver; to anybody else it might.
    let office = office()
        .position("top", &[])
        .position("low", &["top"])
        .position("aside", &[])
        .granting("looker", [("contacts.view", Scope::Reports)])
        .also("boss", "looker")
        .user(UserDocument::new("below").position("low"))
        .user(UserDocument::new("beside").position("top"))
        .user(UserDocument::new("elsewhere").position("aside"))
        .user(UserDocument::new("nowhere"))
        .with(|it| it.directory.users[0].position = Some("top".to_owned()));
    let assign = |user| Change::assign_role(user, "looker");
    office.allows("boss", assign("below"));
    office.refuses(Authority, "boss", assign("beside"));
    office.refuses(Authority, "boss", assign("elsewhere"));
    office.refuses(Authority, "boss", assign("nowhere"));
}

#[test]
fn a_wildcard_before_the_catalog_grows() {
    let create = Change::CreateRole {
        role: RoleDocument::new("new").grant(("contacts.*", Scope::All)),
    };
    let every = [
        ("contacts", Scope::All),
        ("contacts.view", Scope::All),
        ("contacts.edit", Scope::All),
        ("contacts.text", Scope::All),
    ];
    let office = office();
    // All that there is today is not all that there will be.
    let singly = office
        .clone()
        .granting("all of it", every)
        .also("boss", "all of it");
    singly.refuses(Authority, "boss", create.clone());
    let wildcard = RoleDocument::new("wild").grant(("*", Scope::All));
    let wildly = office.clone().role(wildcard).also("boss", "wild");
    wildly.allows("boss", create.clone());
    // Exceptions of the grant, and denies that bind the actor, are repeated.
    let excepting = |taken: &[&str]| Change::CreateRole {
        role: RoleDocument::new("new").grant(GrantDocument {
            select: "contacts.*".to_owned(),
            scope: Some(Scope::All),
            except: taken.iter().map(|it| (*it).to_owned()).collect(),
        }),
    };
    let excepted = RoleDocument::new("wild").grant(GrantDocument {
        select: "*".to_owned(),
        scope: Some(Scope::All),
        except: vec!["contacts.text".to_owned()],
    });
    let gag = RoleDocument::new("gag").deny("contacts.text");
    for bound in [
        office.role(excepted).also("boss", "wild"),
        wildly.role(gag).also("boss", "gag"),
    ] {
        bound.refuses(Authority, "boss", create.clone());
        bound.refuses(Authority, "boss", excepting(&["contacts.edit"]));
        bound.allows("boss", excepting(&["contacts.text"]));
    }
}

/// Found by comparing random transactions: who held `x*` by that name could write any wildcard.
#[test]
fn a_star_in_a_name_is_no_wildcard() {
    let office = office()
        .with(|it| {
            let mut star = it.catalog.permissions[0].clone();
            star.path = "x*".to_owned();
            it.catalog.permissions.push(star);
        })
        .granting("star", [("x*", Scope::All)])
        .also("boss", "star");
    let create = |grant| Change::CreateRole {
        role: RoleDocument::new("new").grant(grant),
    };
    office.allows("boss", create(("x*", Scope::All)));
    office.refuses(Authority, "boss", create(("x*.*", Scope::All)));
    office.refuses(Authority, "boss", create(("x*.*", Scope::Own)));
}

/// Found by comparing random transactions: the setting was taken for what it had been by default.
#[test]
fn a_setting_that_an_import_pins() {
    let pin = |office: &Office| {
        let mut policy = office.documents.policy.clone();
        let role = "system:lead".to_owned();
        policy.settings.insert("sharing".to_owned(), role);
        Change::ImportPolicy { policy }
    };
    let allowed = office();
    allowed.allows("boss", pin(&allowed));
    let unruled = office().with(|it| {
        for permission in &mut it.catalog.permissions {
            if let Some(adjustable) = &mut permission.adjustable {
                adjustable.changed_by = None;
            }
        }
    });
    unruled.refuses(Authority, "boss", pin(&unruled));
}

/// D2: what has ended is no longer held, whether or not the host has loaded anew since.
#[test]
fn an_assignment_that_has_ended_is_no_authority() {
    use bailiwick::document::AssignmentDocument;
    let ending = AssignmentDocument::until("administrator", bailiwick::Timestamp(150));
    let mut office = office()
        .granting("empty", [])
        .user(UserDocument::new("deputy").role(ending));
    let assign = Change::assign_role("boss", "empty");
    office.allows("deputy", assign.clone());
    office.asked_at = bailiwick::Timestamp(150);
    office.refuses(Authority, "deputy", assign);
}

#[test]
fn inheriting_or_packaging_what_one_may_not_assign() {
    // `system:owner` nobody may assign; the boss holds what it grants all the same.
    let office = handing_out("accounts", true)
        .role(RoleDocument::new("mine"))
        .with(|it| {
            it.policy.packages.push(PackageDocument {
                id: "pack".to_owned(),
                name: None,
                description: None,
                created: None,
                roles: Vec::new(),
            });
        });
    let pack = |role: &str| Change::AddToPackage {
        package: "pack".to_owned(),
        role: role.to_owned(),
    };
    let create = |role: &str| Change::CreateRole {
        role: RoleDocument::new("new").inherit(role),
    };
    let create_package = |role: &str| Change::CreatePackage {
        package: PackageDocument {
            id: "new".to_owned(),
            name: None,
            description: None,
            created: None,
            roles: vec![role.to_owned()],
        },
    };
    let create_user = |role: &str| Change::CreateUser {
        user: UserDocument::new("new").role(role),
    };
    for change in [
        inherit("mine", "system:owner"),
        pack("system:owner"),
        create("system:owner"),
        create_package("system:owner"),
        create_user("system:owner"),
        Change::assign_role("bob", "system:owner"),
    ] {
        office.refuses(Authority, "boss", change);
    }
    for change in [
        inherit("mine", "prize"),
        pack("prize"),
        create("prize"),
        create_package("prize"),
        create_user("prize"),
        Change::assign_role("bob", "prize"),
    ] {
        office.allows("boss", change);
    }
}

/// A hierarchy in which bob looks at his reports' contacts, from the bottom; the boss holds what he
/// looks with as far as `held`.
fn hierarchy(held: Scope) -> Office {
    office()
        .position("top", &[])
        .position("middle", &["top"])
        .position("low", &["middle"])
        .position("aside", &[])
        .granting("looker", [("contacts.view", Scope::Reports)])
        .granting("held", [("contacts.view", held)])
        .user(UserDocument::new("bob").role("looker").position("low"))
        .user(UserDocument::new("ann").position("aside"))
        .also("boss", "held")
}

#[test]
fn moving_oneself_in_the_hierarchy() {
    let up = place("boss", "top");
    hierarchy(Scope::Reports).refuses(Authority, "boss", up.clone());
    hierarchy(Scope::All).allows("boss", up);
}

#[test]
fn moving_a_colleague_or_the_owner_of_records() {
    // Bob would look at more people from above …
    let up = place("bob", "top");
    hierarchy(Scope::Reports).refuses(Authority, "boss", up.clone());
    hierarchy(Scope::All).allows("boss", up);
    // … and at ann's records, when she comes to stand below him.
    let office = |held| {
        hierarchy(held).with(|it| {
            for user in &mut it.directory.users {
                if user.id == "bob" {
                    user.position = Some("middle".to_owned());
                }
            }
        })
    };
    let below = place("ann", "low");
    office(Scope::Reports).refuses(Authority, "boss", below.clone());
    office(Scope::All).allows("boss", below.clone());
    let created = Change::CreateUser {
        user: UserDocument::new("new").position("low"),
    };
    office(Scope::Reports).refuses(Authority, "boss", created.clone());
    office(Scope::All).allows("boss", created);
}

#[test]
fn moving_a_position_below_somebody() {
    let below_bob = Change::MovePosition {
        position: "aside".to_owned(),
        reports_to: vec!["low".to_owned()],
    };
    hierarchy(Scope::Reports).refuses(Authority, "boss", below_bob.clone());
    hierarchy(Scope::All).allows("boss", below_bob);
}

#[test]
fn a_property_that_conditions_read() {
    let north = Change::SetProperty {
        user: "bob".to_owned(),
        property: "region".to_owned(),
        value: Some("north".into()),
    };
    let with = |also| handing_out("accounts", also).also("bob", "prize");
    with(false).refuses(Authority, "boss", north.clone());
    with(true).allows("boss", north.clone());
    // Nobody's reach widens where it is not granted.
    handing_out("accounts", false).allows("boss", north);
}

#[test]
fn a_deny_as_a_weapon() {
    // Ann may edit and give roles, but not take `system:owner` from whoever has it.
    let gag = RoleDocument::new("gag").deny("accounts");
    let office = |role: &str| {
        office()
            .role(gag.clone())
            .role(RoleDocument::new("plain"))
            .granting("purse", [("accounts", Scope::All)])
            .user(UserDocument::new("other owner").role("system:owner"))
            .user(UserDocument::new("victim").role("plain").role(role))
    };
    for weapon in [
        Change::assign_role("victim", "gag"),
        inherit("plain", "gag"),
        edit("plain", gag.clone()),
    ] {
        office("system:owner").refuses(Authority, "boss", weapon.clone());
        // Who might as well take the role may deny what it gives.
        office("purse").allows("boss", weapon);
    }
}

#[test]
fn an_import_that_hides_it_all() {
    let imported = |office: &Office, edit: fn(&mut bailiwick::document::PolicyDocument)| {
        let mut policy = office.documents.policy.clone();
        edit(&mut policy);
        Change::ImportPolicy { policy }
    };
    let edits: [fn(&mut bailiwick::document::PolicyDocument); 4] = [
        |policy| {
            policy
                .roles
                .push(RoleDocument::new("new").grant("accounts"))
        },
        |policy| policy.roles[0].grants.push("accounts".into()),
        |policy| policy.roles[0].inherits.push("prize".to_owned()),
        |policy| {
            policy.packages.push(PackageDocument {
                id: "new".to_owned(),
                name: None,
                description: None,
                created: None,
                roles: vec!["prize".to_owned()],
            });
        },
    ];
    for edit in edits {
        let (without, with) = (
            handing_out("accounts", false),
            handing_out("accounts", true),
        );
        without.refuses(Authority, "boss", imported(&without, edit));
        with.allows("boss", imported(&with, edit));
    }
    // What users are assigned survives.
    let office = office();
    let refused = office.refusal(
        &Actor::user("boss"),
        [imported(&office, |policy| policy.roles.clear())],
    );
    assert!(refused.contains(&InUse), "{refused:?}");
}

#[test]
fn an_id_used_again() {
    let create = |id: &str| Change::CreateUser {
        user: UserDocument::new(id),
    };
    let office = handing_out("accounts", false).after([Change::RemoveUser {
        user: "bob".to_owned(),
    }]);
    office.refuses(UsedId, "boss", create("bob"));
    let forget = Change::ForgetId {
        kind: UsedIdKind::User,
        id: "bob".to_owned(),
    };
    office.after([forget]).allows("boss", create("bob"));
    // Each kind of id by itself.
    let role = Change::CreateRole {
        role: RoleDocument::new("bob"),
    };
    office.allows("boss", role);
}

#[test]
fn one_who_acts_for_another_may_what_both_may() {
    let office = handing_out("accounts", true).user(UserDocument::new("idle"));
    let assign = || [Change::assign_role("bob", "prize")];
    let may = |actor: &Actor| office.refusal(actor, assign()).is_empty();
    let (boss, idle) = (Actor::user("boss"), Actor::user("idle"));
    assert!(may(&boss));
    assert!(may(&boss.clone().on_behalf_of(Actor::System)));
    assert!(!may(&boss.clone().on_behalf_of(idle.clone())));
    assert!(!may(&idle.on_behalf_of(boss)));
    assert!(!may(&Actor::user("nobody").on_behalf_of(Actor::System)));
}

/// Who acts for another acts for one who acts alone (D21), whoever they are.
#[test]
fn one_acts_for_another_in_one_step() {
    let office = handing_out("accounts", true);
    let (boss, host) = (Actor::user("boss"), Actor::System);
    let once = boss.clone().on_behalf_of(host.clone());
    for twice in [
        once.clone().on_behalf_of(host.clone()),
        host.clone().on_behalf_of(once.clone()),
        boss.clone().on_behalf_of(once.clone()),
    ] {
        for changes in [vec![Change::assign_role("bob", "prize")], Vec::new()] {
            let refused = office
                .documents
                .load()
                .apply(&twice, Timestamp(1), &changes);
            let reason = refused.expect_err("two steps").reason;
            if !changes.is_empty() {
                assert_eq!(reason.code(), "acts_through_another");
                assert!(reason.is_authority());
            }
        }
    }
}

#[test]
fn an_actor_of_any_depth_is_refused_and_dropped() {
    let office = handing_out("accounts", true);
    let (mut left, mut right) = (Actor::System, Actor::System);
    for _ in 0..1_000_000 {
        left = left.on_behalf_of(Actor::System);
        right = Actor::System.on_behalf_of(right);
    }
    let both = left.on_behalf_of(right);
    let changes = [Change::assign_role("bob", "prize")];
    let refused = office.documents.load().apply(&both, Timestamp(1), &changes);
    let reason = refused.expect_err("far too deep").reason;
    assert_eq!(reason.code(), "acts_through_another");
    drop(both);
}

#[test]
fn somebody_from_outside_holds_what_the_host_says() {
    let office = handing_out("accounts", false)
        .position("top", &[])
        .position("low", &["top"])
        .granting("looker", [("contacts.view", Scope::Reports)])
        .user(UserDocument::new("below").position("low"));
    let site = |grants: Vec<GrantDocument>| Actor::external("site", grants);
    let admin = || -> Vec<GrantDocument> {
        vec![("admin", Scope::All).into(), ("assign", Scope::All).into()]
    };
    let mut holding = admin();
    holding.push("accounts".into());
    let assign = |role| [Change::assign_role("below", role)];
    assert!(!office.refusal(&site(admin()), assign("prize")).is_empty());
    assert!(office.refusal(&site(holding), assign("prize")).is_empty());
    // Without a position nothing narrower than All reaches anybody.
    let mut narrow = admin();
    narrow.push(("contacts.view", Scope::Peers).into());
    assert!(!office.refusal(&site(narrow), assign("looker")).is_empty());
    let mut wide = admin();
    wide.push(("contacts.view", Scope::All).into());
    assert!(office.refusal(&site(wide), assign("looker")).is_empty());
}

#[test]
fn the_last_holder_of_a_role_keeps_it() {
    let two = office()
        .user(UserDocument::new("one").role("system:owner"))
        .user(UserDocument::new("two").role("system:owner"));
    let one = two.after([Change::revoke_role("two", "system:owner")]);
    for last in [
        Change::revoke_role("one", "system:owner"),
        Change::RemoveUser {
            user: "one".to_owned(),
        },
        Change::SuspendUser {
            user: "one".to_owned(),
        },
    ] {
        let refused = one.refusal(&Actor::System, [last]);
        assert!(refused.contains(&MinHolders), "{refused:?}");
    }
    // Within one transaction the last may be replaced.
    let refused = one.refusal(
        &Actor::System,
        [
            Change::revoke_role("one", "system:owner"),
            Change::assign_role("two", "system:owner"),
        ],
    );
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn authority_is_that_of_the_state_before() {
    // What a transaction hands its actor, it does not yet have.
    let office = handing_out("accounts", false).with(|it| {
        it.catalog
            .administration
            .exempt
            .push(bailiwick::document::ExemptionDocument {
                change: bailiwick::document::ChangeKind::EditAssignments,
                role: None,
            });
    });
    let create = || Change::CreateRole {
        role: RoleDocument::new("new").grant("accounts"),
    };
    office.allows("boss", Change::assign_role("boss", "prize"));
    let at_once = [Change::assign_role("boss", "prize"), create()];
    let refused = office.refusal(&Actor::user("boss"), at_once);
    assert!(refused.contains(&Authority), "{refused:?}");
    let then = office.after([Change::assign_role("boss", "prize")]);
    then.allows("boss", create());
}
