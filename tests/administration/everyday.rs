//! What administrators and syncs do every day, each in one change: a role exchanged for another, somebody who
//! comes back, a hierarchy replaced whole; and repeating what is so already.

use bailiwick::admin::{Actor, Change};
use bailiwick::document::{AssignmentDocument, PositionDocument, RoleDocument, UserDocument};
use bailiwick::{Scope, Timestamp};

use crate::account::Account;
use crate::office::{Office, office};
use crate::reference::administration::Class::{
    Authority, Cycle, Exists, InUse, Invalid, MinHolders, NothingToChange, Unknown, UsedId,
};
use crate::reference::administration::{self, Class, compare};
use crate::support::administration::{asked, world};
use crate::support::run::{Tallied, each_number};

// ── Exchanging ────────────────────────────────────────────────────────────────────────────────

/// `al` may assign and not revoke, `ro` the contrary; `kim` may both and holds what `seller` grants.
fn desk() -> Office {
    let administers = ("admin", Scope::All);
    office()
        .granting("assigner", [administers, ("assign", Scope::All)])
        .granting("revoker", [administers, ("revoke", Scope::All)])
        .granting("holder", [("contacts.view", Scope::All)])
        .role(RoleDocument::new("clerk"))
        .role(RoleDocument::new("plain"))
        .granting("seller", [("contacts.view", Scope::All)])
        .user(UserDocument::new("al").role("assigner"))
        .user(UserDocument::new("ro").role("revoker"))
        .user(
            UserDocument::new("kim")
                .role("administrator")
                .role("holder"),
        )
        .user(UserDocument::new("ann").role("clerk"))
}

fn until(role: &str, until: i64) -> AssignmentDocument {
    AssignmentDocument {
        id: role.to_owned(),
        until: Some(Timestamp(until)),
    }
}

fn roles_of(office: &Office, user: &str) -> Vec<AssignmentDocument> {
    let users = office.documents.directory.users.iter();
    let mut users = users.filter(|it| it.id == user);
    users.next().map(|it| it.roles.clone()).unwrap_or_default()
}

#[test]
fn one_role_takes_anothers_place_and_ends_when_that_would_have() {
    let exchange = Change::exchange_role("ann", "clerk", "seller");
    let after = desk().after([exchange.clone()]);
    assert_eq!(roles_of(&after, "ann"), ["seller".into()]);
    let ending = desk().with(|it| {
        for user in it.directory.users.iter_mut().filter(|it| it.id == "ann") {
            user.roles = vec![until("clerk", 500)];
        }
    });
    let after = ending.after([exchange.clone()]);
    assert_eq!(roles_of(&after, "ann"), [until("seller", 500)]);
    // Who has it already keeps it as it is.
    let both = ending.also("ann", "seller").after([exchange]);
    assert_eq!(roles_of(&both, "ann"), ["seller".into()]);
}

#[test]
fn exchanging_needs_what_revoking_and_assigning_need() {
    let plain = Change::exchange_role("ann", "clerk", "plain");
    desk().refuses(Authority, "al", plain.clone());
    desk().refuses(Authority, "ro", plain.clone());
    desk().allows("boss", plain);
    // Nobody hands out what they do not hold.
    let seller = Change::exchange_role("ann", "clerk", "seller");
    desk().refuses(Authority, "boss", seller.clone());
    desk().allows("kim", seller);
    // It is no way to take a role away for who may only assign, where the other is there already.
    let both = desk().also("ann", "plain");
    let away = Change::exchange_role("ann", "clerk", "plain");
    both.refuses(Authority, "al", away.clone());
    both.allows("ro", away);
}

#[test]
fn a_deny_of_both_roles_is_never_lifted() {
    let gagged = desk()
        .role(RoleDocument::new("gag").deny("contacts.view"))
        .role(RoleDocument::new("gag too").deny("contacts.view"))
        .user(UserDocument::new("eve").role("seller").role("gag"));
    gagged.allows("boss", Change::exchange_role("eve", "gag", "gag too"));
    // Of one alone it is, and asked for.
    let lifted = Change::exchange_role("eve", "gag", "plain");
    gagged.refuses(Authority, "boss", lifted.clone());
    gagged.allows("kim", lifted);
}

#[test]
fn what_is_not_assigned_is_not_exchanged() {
    for (user, role, with, class) in [
        ("ann", "clerk", "clerk", NothingToChange),
        ("ann", "seller", "clerk", NothingToChange),
        ("ann", "seller", "plain", Unknown),
        ("ann", "seller", "seller", Unknown),
        ("ann", "clerk", "unheard of", Unknown),
        ("nobody", "clerk", "seller", Unknown),
    ] {
        desk().refuses(class, "kim", Change::exchange_role(user, role, with));
    }
}

#[test]
fn guards_of_an_exchange_are_asked_of_the_state_after_all() {
    let owned = desk().user(UserDocument::new("own").role("system:owner"));
    let away = Change::exchange_role("own", "system:owner", "clerk");
    let found = owned.refusal(&Actor::System, [away.clone()]);
    assert!(found.contains(&MinHolders), "{found:?}");
    let to_another = Change::assign_role("ann", "system:owner");
    let found = owned.refusal(&Actor::System, [away, to_another]);
    assert!(found.is_empty(), "{found:?}");
}

// ── Coming back ───────────────────────────────────────────────────────────────────────────────

fn restore(user: UserDocument) -> Change {
    Change::RestoreUser { user }
}

fn remove(user: &str) -> Change {
    let user = user.to_owned();
    Change::RemoveUser { user }
}

#[test]
fn who_was_removed_comes_back_as_themself() {
    let before = desk();
    let removed = before.after([remove("ann")]);
    let create = Change::CreateUser {
        user: UserDocument::new("ann"),
    };
    removed.refuses(UsedId, "boss", create);
    let back = removed.after([restore(UserDocument::new("ann").role("clerk"))]);
    let (was, is) = (&before.documents, &back.documents);
    assert_eq!(
        compare::directory(&was.directory),
        compare::directory(&is.directory)
    );
    assert_eq!(is.policy.used_ids, was.policy.used_ids);
    // And can be removed again, and come back again.
    back.after([remove("ann"), restore(UserDocument::new("ann"))]);
}

#[test]
fn who_was_never_there_or_is_there_or_was_forgotten_does_not_come_back() {
    let ann = || restore(UserDocument::new("ann"));
    desk().refuses(Exists, "boss", ann());
    desk().refuses(Unknown, "boss", restore(UserDocument::new("zed")));
    let forgotten = desk().after([
        remove("ann"),
        Change::ForgetId {
            kind: bailiwick::admin::UsedIdKind::User,
            id: "ann".to_owned(),
        },
    ]);
    forgotten.refuses(Unknown, "boss", ann());
}

#[test]
fn to_bring_somebody_back_needs_what_creating_and_reinstating_need() {
    let removed = desk()
        .with(|it| {
            for (kind, permission) in [
                (bailiwick::document::ChangeKind::CreateUser, "contacts.edit"),
                (bailiwick::document::ChangeKind::SuspendUser, "contacts"),
            ] {
                let changes = &mut it.catalog.administration.changes;
                changes.insert(kind, permission.to_owned());
            }
        })
        .granting(
            "creator",
            [("contacts.edit", Scope::All), ("contacts.view", Scope::All)],
        )
        .granting("reinstater", [("contacts", Scope::All)])
        .user(
            UserDocument::new("cam")
                .role("administrator")
                .role("creator"),
        )
        .user(
            UserDocument::new("rex")
                .role("administrator")
                .role("reinstater"),
        )
        .user(
            UserDocument::new("max")
                .role("administrator")
                .role("creator")
                .role("reinstater"),
        )
        .after([remove("ann")]);
    let back = restore(UserDocument::new("ann").role("clerk"));
    removed.refuses(Authority, "cam", back.clone());
    removed.refuses(Authority, "rex", back.clone());
    removed.allows("max", back);
    // Suspended, nobody is reinstated yet.
    let suspended = restore(UserDocument {
        suspended: true,
        ..UserDocument::new("ann").role("clerk")
    });
    removed.allows("cam", suspended.clone());
    let still = removed.after([suspended]);
    let reinstate = Change::ReinstateUser {
        user: "ann".to_owned(),
    };
    still.refuses(Authority, "cam", reinstate.clone());
    still.allows("max", reinstate);
    // Nobody hands out what they do not hold, whatever that person held once.
    removed.refuses(
        Authority,
        "boss",
        restore(UserDocument::new("ann").role("seller")),
    );
}

#[test]
fn an_exemption_of_creating_alone_does_not_bring_somebody_back() {
    use bailiwick::document::{ChangeKind, ExemptionDocument};
    let exempt = |kinds: &[ChangeKind]| {
        let exempt = kinds.iter().map(|kind| ExemptionDocument {
            change: *kind,
            role: None,
        });
        let exempt = exempt.collect();
        desk()
            .with(|it| it.catalog.administration.exempt = exempt)
            .after([remove("ann")])
    };
    let seller = restore(UserDocument::new("ann").role("seller"));
    let (create, suspend) = (ChangeKind::CreateUser, ChangeKind::SuspendUser);
    exempt(&[create]).refuses(Authority, "boss", seller.clone());
    exempt(&[suspend]).refuses(Authority, "boss", seller.clone());
    exempt(&[create, suspend]).allows("boss", seller);
}

#[test]
fn who_is_removed_and_comes_back_at_once_is_the_same_person() {
    let and_back = |user: UserDocument| [remove(&user.id), restore(user)];
    // Somebody may give themself what they hold at Own.
    let own = desk()
        .granting("own", [("contacts.view", Scope::Own)])
        .user(UserDocument::new("bea").role("administrator").role("own"));
    let bea = UserDocument::new("bea").role("administrator").role("own");
    let found = own.refusal(&Actor::user("bea"), and_back(bea.clone()));
    assert!(found.is_empty(), "{found:?}");
    let found = own.refusal(&Actor::user("boss"), and_back(bea));
    assert!(found.contains(&Authority), "{found:?}");

    // A right that is put down and taken up again around it is held in it all the same (A4).
    use bailiwick::document::{ChangeKind, ExemptionDocument};
    let exempt = ExemptionDocument {
        change: ChangeKind::EditAssignments,
        role: None,
    };
    let placed = desk()
        .with(|it| it.catalog.administration.exempt = vec![exempt])
        .granting("viewer", [("contacts.view", Scope::Reports)])
        .position("left", &[])
        .position("right", &[])
        .user(UserDocument::new("eve").role("viewer").position("left"))
        .user(UserDocument::new("new"));
    let right = |user: &str| UserDocument::new(user).position("right");
    let viewer = |user: &str| Change::assign_role(user, "viewer");
    let [removed, back] = and_back(right("eve"));
    let changes = [removed, back, viewer("eve")];
    for (actor, is_allowed) in [("boss", false), ("kim", true)] {
        let found = placed.refusal(&Actor::user(actor), changes.clone());
        assert_eq!(found.is_empty(), is_allowed, "{actor}: {found:?}");
    }
}

#[test]
fn what_is_held_until_a_time_confers_no_longer_than_that() {
    // `tim` holds what `seller` grants until 500.
    let timed = |clerk: AssignmentDocument| {
        desk()
            .user(
                UserDocument::new("tim")
                    .role("administrator")
                    .role(until("holder", 500)),
            )
            .with(|it| {
                for user in it.directory.users.iter_mut().filter(|it| it.id == "ann") {
                    user.roles = vec![clerk.clone()];
                }
            })
    };
    let exchange = Change::exchange_role("ann", "clerk", "seller");
    timed("clerk".into()).refuses(Authority, "tim", exchange.clone());
    timed(until("clerk", 501)).refuses(Authority, "tim", exchange.clone());
    timed(until("clerk", 500)).allows("tim", exchange);

    let removed = timed("clerk".into()).after([remove("ann")]);
    let back = |role: AssignmentDocument| restore(UserDocument::new("ann").role(role));
    removed.refuses(Authority, "tim", back("seller".into()));
    removed.refuses(Authority, "tim", back(until("seller", 501)));
    removed.allows("tim", back(until("seller", 500)));

    // Who stands above whom has no end.
    let peopled = timed("clerk".into())
        .position("top", &[])
        .position("low", &[])
        .granting("overseer", [("contacts.view", Scope::Reports)])
        .user(UserDocument::new("sue").role("overseer").position("top"));
    let below = hierarchy(&[("top", &[]), ("low", &["top"])]);
    peopled.refuses(Authority, "tim", below.clone());
    peopled.allows("kim", below);
}

// ── A hierarchy ───────────────────────────────────────────────────────────────────────────────

fn position(id: &str, reports_to: &[&str]) -> PositionDocument {
    PositionDocument {
        id: id.to_owned(),
        name: None,
        reports_to: reports_to.iter().map(|it| (*it).to_owned()).collect(),
    }
}

/// A position, and what it reports to.
type Stated<'s> = (&'s str, &'s [&'s str]);

fn hierarchy(positions: &[Stated<'_>]) -> Change {
    let positions = positions.iter().map(|(id, above)| position(id, above));
    Change::ReplaceHierarchy {
        positions: positions.collect(),
    }
}

/// `low` reports to `middle`, which reports to `top`.
fn tower() -> Office {
    desk()
        .position("top", &[])
        .position("middle", &["top"])
        .position("low", &["middle"])
}

#[test]
fn a_hierarchy_is_replaced_whole_and_nothing_on_the_way_counts() {
    // Upside down: any of the moves alone closes a cycle. One more, and one less.
    let upside_down = hierarchy(&[
        ("top", &["middle"]),
        ("middle", &["low"]),
        ("low", &["new"]),
        ("new", &[]),
    ]);
    tower().allows("boss", upside_down.clone());
    let after = tower().after([upside_down.clone()]);
    let Change::ReplaceHierarchy { positions } = &upside_down else {
        unreachable!("it is one");
    };
    let mut found = after.documents.policy.positions.clone();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let mut expected = positions.clone();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(found, expected);
    after.refuses(NothingToChange, "boss", upside_down);
    // What is left out is deleted, and its id is used.
    let fewer = tower().after([hierarchy(&[("top", &[]), ("low", &["top"])])]);
    assert_eq!(fewer.documents.policy.used_ids.positions, ["middle"]);
    fewer.refuses(
        UsedId,
        "boss",
        hierarchy(&[("top", &[]), ("low", &["top"]), ("middle", &[])]),
    );
    // Names follow.
    let mut named = tower().documents.policy.positions;
    named[0].name = Some("The top".to_owned());
    tower().allows("boss", Change::ReplaceHierarchy { positions: named });
}

#[test]
fn what_is_no_hierarchy_is_refused() {
    let cases: [(Class, &[Stated<'_>]); 5] = [
        (
            Cycle,
            &[
                ("top", &["low"]),
                ("middle", &["top"]),
                ("low", &["middle"]),
            ],
        ),
        (Cycle, &[("top", &["top"])]),
        (Unknown, &[("low", &["top"])]),
        (Invalid, &[("top", &[]), ("top", &[])]),
        (Invalid, &[("top ", &[])]),
    ];
    for (class, positions) in cases {
        tower().refuses(class, "boss", hierarchy(positions));
    }
    // The one that is not stated is no longer there, whatever the account has.
    let engine = tower().documents.load();
    let refused = engine.apply(
        &Actor::System,
        Timestamp(100),
        &[hierarchy(&[("tap", &[]), ("low", &["top"])])],
    );
    let said = refused.map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        said,
        "change 1 (replace the reporting hierarchy): unknown position `top`; did you mean `tap`?"
    );
}

#[test]
fn who_holds_a_position_keeps_it_from_being_left_out() {
    let peopled = tower().user(UserDocument::new("eve").position("middle"));
    let without = hierarchy(&[("top", &[]), ("low", &["top"])]);
    peopled.refuses(InUse, "boss", without.clone());
    let place = |at: Option<&str>| Change::PlaceUser {
        user: "eve".to_owned(),
        position: at.map(str::to_owned),
    };
    let boss = Actor::user("boss");
    for changes in [
        [without.clone(), place(None)],
        [place(Some("low")), without.clone()],
    ] {
        let found = peopled.refusal(&boss, changes);
        assert!(found.is_empty(), "{found:?}");
    }
    // A sync moves people along: the new position first.
    let create = Change::CreatePosition {
        position: position("new", &[]),
    };
    let moved = hierarchy(&[("new", &["top"]), ("top", &[])]);
    let found = peopled.refusal(&boss, [create, place(Some("new")), moved]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn replacing_a_hierarchy_needs_what_moving_each_position_needs() {
    // `sue` sees what people below her own; `low` comes to lie below her.
    let peopled = desk()
        .position("top", &[])
        .position("low", &[])
        .granting("overseer", [("contacts.view", Scope::Reports)])
        .user(UserDocument::new("sue").role("overseer").position("top"))
        .user(UserDocument::new("eve").position("low"));
    let below = hierarchy(&[("top", &[]), ("low", &["between"]), ("between", &["top"])]);
    peopled.refuses(Authority, "boss", below.clone());
    peopled.allows("kim", below);
    peopled.refuses(Authority, "ann", hierarchy(&[("top", &[]), ("low", &[])]));
}

// ── Repeating ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_is_so_already_is_passed_over_and_nothing_else() {
    let engine = desk().documents.load();
    let (host, at) = (Actor::System, Timestamp(100));
    let apply = |changes: &[Change]| engine.apply_passing_over(&host, at, changes);
    let so_already = Change::assign_role("ann", "clerk");
    let new = Change::assign_role("ann", "seller");
    let changes = [
        so_already.clone(),
        new.clone(),
        new.clone(),
        so_already.clone(),
    ];
    let applied = apply(&changes).expect("it is applied").expect("one is new");
    assert_eq!(applied.passed_over(), [0, 2, 3]);
    let alone = engine.apply(&host, at, &[new]).expect("it is applied");
    assert_eq!(applied.engine().directory(), alone.engine().directory());
    assert_eq!(applied.engine().revision(), alone.engine().revision());
    assert!(
        apply(std::slice::from_ref(&so_already))
            .expect("nothing is wrong")
            .is_none()
    );
    // A refusal names the change as it was written.
    let unknown = Change::assign_role("ann", "unheard of");
    let refused = apply(&[so_already.clone(), unknown]).expect_err("it is refused");
    assert_eq!((refused.change, refused.reason.code()), (1, "unknown"));
    // Making what exists is no repetition, and the kind of change is asked for all the same.
    let create = Change::CreateUser {
        user: UserDocument::new("ann").role("clerk"),
    };
    let refused = apply(&[create]).expect_err("it is refused");
    assert_eq!(refused.reason.code(), "exists");
    let refused = engine.apply_passing_over(&Actor::user("ann"), at, &[so_already]);
    assert!(refused.expect_err("it is refused").reason.is_authority());
}

#[test]
fn the_order_that_works_is_told_beside_what_is_passed_over() {
    let engine = desk().documents.load();
    let assign = Change::assign_role("ann", "new");
    let create = Change::CreateRole {
        role: RoleDocument::new("new"),
    };
    let so_already = Change::assign_role("ann", "clerk");
    let host = Actor::System;
    let refused = engine.apply_passing_over(&host, Timestamp(100), &[so_already, assign, create]);
    let refused = refused.expect_err("the role comes too late");
    assert_eq!(refused.order(), Some(&[0, 2, 1][..]));
}

#[test]
fn nothing_to_state_is_no_transaction() {
    let engine = desk().documents.load();
    let applied = engine.apply_passing_over(&Actor::System, Timestamp(100), &[]);
    assert!(applied.expect("nothing is wrong").is_none());
}

#[test]
fn what_is_passed_over_is_what_the_reference_passes_over() {
    let tallied = Tallied::default();
    each_number(500, |seed, number| {
        let (documents, mut rng) = world(seed, number);
        let account = Account::of(&documents);
        for _ in 0..6 {
            let mut asked = asked(&documents, &mut rng);
            // Some of it twice, and some that is so already.
            for change in asked.changes.clone() {
                if rng.chance(50) {
                    let place = rng.range(0, asked.changes.len());
                    asked.changes.insert(place, change);
                }
            }
            let users = &documents.directory.users;
            if let Some(user) = rng.any(users)
                && let Some(role) = rng.any(&user.roles)
            {
                let place = rng.range(0, asked.changes.len());
                let repeated = Change::AssignRole {
                    user: user.id.clone(),
                    role: role.id.clone(),
                    until: role.until,
                };
                asked.changes.insert(place, repeated);
            }
            let expected = administration::apply_passing_over(
                &documents.catalog,
                &documents.policy,
                &documents.directory,
                &asked.actor,
                asked.at,
                &asked.changes,
            );
            let found = account
                .engine
                .apply_passing_over(&asked.actor, asked.at, &asked.changes);
            let shown = || format!("{documents}\n{asked:#?}");
            match (expected, found) {
                (Ok(None), Ok(None)) => tallied.count("nothing left"),
                (Ok(Some((left, policy, directory))), Ok(Some(applied))) => {
                    let is_left = |it: &usize| !applied.passed_over().contains(it);
                    let found: Vec<usize> = (0..asked.changes.len()).filter(is_left).collect();
                    assert_eq!(found, left, "{}", shown());
                    let engine = applied.engine();
                    assert_eq!(
                        compare::policy(&engine.policy()),
                        compare::policy(&policy),
                        "{}",
                        shown()
                    );
                    assert_eq!(
                        compare::directory(&engine.directory()),
                        compare::directory(&directory),
                        "{}",
                        shown()
                    );
                    tallied.count(match applied.passed_over().is_empty() {
                        true => "nothing passed over",
                        false => "passed over",
                    });
                }
                (Err(refused), Err(_)) => tallied.count(match refused.classes.first() {
                    Some(Class::Authority) => "refused to the actor",
                    _ => "refused",
                }),
                // Whoever answers with one reason may name what is so already.
                (Err(refused), Ok(_)) if refused.classes.contains(&NothingToChange) => {
                    tallied.count("refused for two reasons");
                }
                (expected, found) => panic!(
                    "expected {expected:?}, found {:?}\n{}",
                    found.map(|it| it.map(|it| it.passed_over().to_vec())),
                    shown()
                ),
            }
        }
    });
    tallied.report(&[
        "nothing left",
        "passed over",
        "nothing passed over",
        "refused",
    ]);
}
