//! What an actor holds until a time confers only assignments that end no later, and nothing else (A4).

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{AssignmentDocument, GrantDocument, PackageDocument, RoleDocument};
use bailiwick::document::{PropertyValue, UserDocument};
use bailiwick::{Scope, Timestamp};

use crate::office::{Office, office};
use crate::reference::administration::Class::Authority;

const ENDS: Timestamp = Timestamp(500);

fn until(id: &str, until: Timestamp) -> AssignmentDocument {
    AssignmentDocument {
        id: id.to_owned(),
        until: Some(until),
    }
}

fn assign(user: &str, role: &str, until: Option<Timestamp>) -> Change {
    Change::AssignRole {
        user: user.to_owned(),
        role: role.to_owned(),
        until,
    }
}

fn kit() -> PackageDocument {
    PackageDocument {
        id: "kit".to_owned(),
        name: None,
        description: None,
        created: None,
        roles: vec!["books".to_owned()],
    }
}

/// The boss holds `accounts` by a role until [`ENDS`], and the right to administer for good.
fn temporary() -> Office {
    office()
        .granting("books", [("accounts", Scope::All)])
        .user(UserDocument::new("bob"))
        .with(|it| {
            it.directory.users[0].roles.push(until("books", ENDS));
        })
}

#[test]
fn an_assignment_ends_no_later_than_what_confers_it() {
    let office = temporary();
    office.refuses(Authority, "boss", assign("bob", "books", None));
    let later = Timestamp(ENDS.0 + 1);
    office.refuses(Authority, "boss", assign("bob", "books", Some(later)));
    office.allows("boss", assign("bob", "books", Some(ENDS)));
    office.allows("boss", assign("bob", "books", Some(Timestamp(200))));
    // Nor is what they gave put off.
    let office = office.after([assign("bob", "books", Some(Timestamp(200)))]);
    office.refuses(Authority, "boss", assign("bob", "books", None));
    office.refuses(Authority, "boss", assign("bob", "books", Some(later)));
    office.allows("boss", assign("bob", "books", Some(ENDS)));
    // Their own neither.
    office.refuses(Authority, "boss", assign("boss", "books", None));
    office.refuses(Authority, "boss", assign("boss", "books", Some(later)));
}

#[test]
fn what_is_held_for_good_by_another_role_confers_for_good() {
    let office = temporary()
        .granting("more", [("accounts", Scope::All)])
        .also("boss", "more");
    office.allows("boss", assign("bob", "books", None));
}

#[test]
fn the_widest_scope_may_end_before_a_narrower_one() {
    let scoped = |id: &str, scope| RoleDocument::new(id).grant(("contacts.view", scope));
    let office = office()
        .position("top", &[])
        .position("low", &["top"])
        .role(scoped("all", Scope::All))
        .role(scoped("peers", Scope::Peers))
        .role(scoped("own", Scope::Own))
        .user(UserDocument::new("bob"))
        .with(|it| {
            it.directory.users[0].position = Some("top".to_owned());
            it.directory.users[1].position = Some("low".to_owned());
            it.directory.users[0].roles.push(until("all", ENDS));
            it.directory.users[0]
                .roles
                .push(until("peers", Timestamp(900)));
            it.directory.users[0].roles.push("own".into());
        });
    office.allows("boss", assign("bob", "all", Some(ENDS)));
    office.refuses(
        Authority,
        "boss",
        assign("bob", "all", Some(Timestamp(501))),
    );
    office.allows("boss", assign("bob", "peers", Some(Timestamp(900))));
    office.refuses(
        Authority,
        "boss",
        assign("bob", "peers", Some(Timestamp(901))),
    );
    office.refuses(Authority, "boss", assign("bob", "own", None));
    office.allows("boss", assign("boss", "own", Some(Timestamp(5000))));
}

#[test]
fn a_package_until_a_time_confers_until_then() {
    let package = |it: &mut crate::support::documents::Documents| {
        it.policy.packages.push(kit());
        it.directory.users[0].roles.pop();
        it.directory.users[0].packages.push(until("kit", ENDS));
    };
    let office = temporary().with(package);
    let assign_package = |until| Change::AssignPackage {
        user: "bob".to_owned(),
        package: "kit".to_owned(),
        until,
    };
    office.refuses(Authority, "boss", assign_package(None));
    office.allows("boss", assign_package(Some(ENDS)));
    office.refuses(Authority, "boss", assign("bob", "books", None));
    office.allows("boss", assign("bob", "books", Some(ENDS)));
}

#[test]
fn who_is_made_or_reinstated_is_given_each_role_until_its_end() {
    let office = temporary();
    let create = |assignments: Vec<AssignmentDocument>| {
        let mut user = UserDocument::new("cay");
        user.roles = assignments;
        Change::CreateUser { user }
    };
    office.refuses(Authority, "boss", create(vec!["books".into()]));
    office.allows("boss", create(vec![until("books", ENDS)]));
    office.refuses(
        Authority,
        "boss",
        create(vec![until("books", Timestamp(501))]),
    );

    let reinstate = Change::ReinstateUser {
        user: "cay".to_owned(),
    };
    let suspended = |assignment: AssignmentDocument| {
        let mut user = UserDocument::new("cay");
        user.roles.push(assignment);
        user.suspended = true;
        temporary().user(user)
    };
    suspended("books".into()).refuses(Authority, "boss", reinstate.clone());
    suspended(until("books", ENDS)).allows("boss", reinstate);
}

/// Everything but an assignment lasts.
#[test]
fn roles_packages_and_reach_need_what_is_held_for_good() {
    let lasting = temporary().with(|it| it.directory.users[0].roles[1].until = None);
    let temporary = temporary();
    let both = |change: Change| {
        temporary.refuses(Authority, "boss", change.clone());
        lasting.allows("boss", change);
    };
    both(Change::CreateRole {
        role: RoleDocument::new("new").grant("accounts"),
    });
    both(Change::EditRole {
        role: "administrator".to_owned(),
        grants: vec![
            ("admin", Scope::All).into(),
            ("assign", Scope::All).into(),
            ("revoke", Scope::All).into(),
            "accounts".into(),
        ],
        denies: Vec::new(),
        since: None,
    });
    both(Change::AddInheritance {
        role: "administrator".to_owned(),
        junior: "books".to_owned(),
    });
    both(Change::CreatePackage { package: kit() });
}

#[test]
fn a_deny_is_lifted_by_what_is_held_for_good() {
    let gagged = |office: Office| {
        office
            .role(RoleDocument::new("gag").deny("accounts"))
            .also("bob", "gag")
    };
    let lift = Change::RevokeRole {
        user: "bob".to_owned(),
        role: "gag".to_owned(),
    };
    gagged(temporary()).refuses(Authority, "boss", lift.clone());
    // An end lifts it, too.
    let end = assign("bob", "gag", Some(Timestamp(200)));
    gagged(temporary()).refuses(Authority, "boss", end.clone());
    let lasting = gagged(temporary().with(|it| it.directory.users[0].roles[1].until = None));
    lasting.allows("boss", lift);
    lasting.allows("boss", end);
}

#[test]
fn reach_is_widened_by_what_is_held_for_good() {
    let office = |ends: Option<Timestamp>| {
        office()
            .position("top", &[])
            .position("low", &["top"])
            .granting("reader", [("contacts.view", Scope::All)])
            .granting("manager", [("contacts.view", Scope::Reports)])
            .user(UserDocument::new("bob").role("manager"))
            .with(|it| {
                let reader = AssignmentDocument {
                    id: "reader".to_owned(),
                    until: ends,
                };
                it.directory.users[0].roles.push(reader);
            })
    };
    let place = Change::PlaceUser {
        user: "bob".to_owned(),
        position: Some("top".to_owned()),
    };
    office(Some(ENDS)).refuses(Authority, "boss", place.clone());
    office(None).allows("boss", place.clone());

    // They hold it at All until then, and what they hold for good is narrower: it is reach all the same.
    let until_later = office(None).with(|it| {
        let everything = RoleDocument::new("everything").grant(("contacts.view", Scope::All));
        it.policy.roles.push(everything);
        it.directory.users[1].roles.push(until("everything", ENDS));
    });
    until_later.allows("boss", place.clone());
    let nobody = until_later.with(|it| it.directory.users[0].roles.truncate(1));
    nobody.refuses(Authority, "boss", place);

    // A property that conditions read.
    let property = Change::SetProperty {
        user: "bob".to_owned(),
        property: "region".to_owned(),
        value: Some(PropertyValue::Text("north".to_owned())),
    };
    let keeper = |office: Office| office.also("bob", "books");
    keeper(temporary()).refuses(Authority, "boss", property.clone());
    keeper(temporary().with(|it| it.directory.users[0].roles[1].until = None))
        .allows("boss", property);
}

#[test]
fn a_wildcard_is_written_by_who_holds_one_for_good() {
    let grant = |select: &str| GrantDocument {
        select: select.to_owned(),
        scope: Some(Scope::All),
        except: Vec::new(),
    };
    let office = |ends: Option<Timestamp>| {
        let mut everything = RoleDocument::new("everything");
        everything.grants.push(grant("contacts.*"));
        office()
            .role(everything)
            .role(RoleDocument::new("empty"))
            // What it covers today is held for good: of the wildcard alone it is asked.
            .granting("view", [("contacts.view", Scope::All)])
            .granting("edit", [("contacts.edit", Scope::All)])
            .role(RoleDocument::new("text").grant("contacts.text"))
            .also("boss", "view")
            .also("boss", "edit")
            .also("boss", "text")
            .with(|it| {
                it.directory.users[0].roles.push(AssignmentDocument {
                    id: "everything".to_owned(),
                    until: ends,
                });
            })
    };
    let write = Change::EditRole {
        role: "empty".to_owned(),
        grants: vec![grant("contacts.*")],
        denies: Vec::new(),
        since: None,
    };
    office(Some(ENDS)).refuses(Authority, "boss", write.clone());
    office(None).allows("boss", write);
}

#[test]
fn who_acts_for_another_confers_what_both_hold_that_long() {
    let office = temporary().with(|it| {
        let mut pal = UserDocument::new("pal").role("administrator");
        pal.roles.push("books".into());
        it.directory.users.push(pal);
    });
    let for_pal = Actor::OnBehalfOf {
        actor: Box::new(Actor::user("boss")),
        of: Box::new(Actor::user("pal")),
    };
    office.allows("pal", assign("bob", "books", None));
    assert!(
        !office
            .refusal(&for_pal, [assign("bob", "books", None)])
            .is_empty()
    );
    assert!(
        office
            .refusal(&for_pal, [assign("bob", "books", Some(ENDS))])
            .is_empty()
    );
}

/// Where somebody is out of reach, no end of the assignment would help.
#[test]
fn a_refusal_for_reach_does_not_speak_of_ends() {
    let office = office()
        .position("low", &[])
        .granting("viewer", [("contacts.view", Scope::Peers)])
        .user(UserDocument::new("bob"))
        .with(|it| {
            it.directory.users[0].position = Some("low".to_owned());
            it.directory.users[0].roles.push(until("viewer", ENDS));
        });
    let account = crate::account::Account::of(&office.documents);
    for end in [Some(Timestamp(400)), Some(ENDS), Some(Timestamp(600)), None] {
        let change = assign("bob", "viewer", end);
        let applied = account
            .engine
            .apply(&Actor::user("boss"), Timestamp(100), &[change]);
        assert_eq!(
            applied.expect_err("it is refused").reason.to_string(),
            "it hands out `contacts.view` at `peers` to `bob`; the actor holds it at `peers`"
        );
    }
}

#[test]
fn a_refusal_says_until_when_the_actor_holds_it() {
    let office = temporary();
    let said = |change: Change| {
        let account = crate::account::Account::of(&office.documents);
        let refused = account
            .engine
            .apply(&Actor::user("boss"), Timestamp(100), &[change]);
        refused.expect_err("it is refused").reason.to_string()
    };
    assert_eq!(
        said(assign("bob", "books", None)),
        "it hands out `accounts` at `all` to `bob`; the actor holds it that far until \
         1970-01-01T00:08:20Z, and may assign it until then at most"
    );
}
