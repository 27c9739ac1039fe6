//! Four roles in a line, and four settings that decide how far down the line a thing goes; then the
//! same voters, as a User and a Verified User see them.

use bailiwick::mask::{Allowance, Asked, Comparison};
use bailiwick::{Engine, OnType, Record, Subject};
use serde::Serialize;

#[path = "support/mod.rs"]
mod support;

const CANVASSING: support::System = support::System {
    catalog: include_str!("../fixtures/canvassing/catalog.toml"),
    policy: include_str!("../fixtures/canvassing/policy.toml"),
    directory: include_str!("../fixtures/canvassing/directory.toml"),
};

const ROLES: [&str; 4] = [
    "system:user",
    "system:verified_user",
    "system:admin",
    "system:owner",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:<42} User  Verified  Admin  Owner", "");
    let engine = CANVASSING.engine()?;
    for operation in engine.catalog().operations() {
        let name = engine
            .catalog()
            .operation_name(operation)
            .unwrap_or_default();
        let shown = [
            "app:",
            "person:",
            "user:",
            "admin_dashboard:",
            "chat_message:",
        ];
        if !shown.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let ticks = ROLES.map(|role| {
            let decision = engine.can_any(Subject::role(role), operation, &OnType::of_operation());
            if decision.is_allow() { "x" } else { "·" }
        });
        let [user, verified, admin, owner] = ticks;
        println!("{name:<42}  {user}      {verified}        {admin}      {owner}");
    }

    println!("\nInvite Users, set to each role in turn: who may invite a User");
    for lowest in ROLES {
        let engine = CANVASSING.engine_with(|policy| {
            policy
                .settings
                .insert("invite".to_owned(), lowest.to_owned());
        })?;
        let may: Vec<&str> = ROLES
            .into_iter()
            .filter(|role| {
                let users = OnType::named("user");
                engine
                    .check(Subject::role(role), "invite_as_user", &users)
                    .is_allow()
            })
            .collect();
        println!("  {lowest:<21} {}", may.join(", "));
    }

    println!("\nWhose role Adam, an Admin, may change");
    for role in ["user", "verified_user", "admin", "owner"] {
        let somebody = Record::of("user").id("somebody").property("role", role);
        let decision = engine.check("adam", "edit_role", &somebody);
        println!("  {role:<14} {}", engine.describe(decision));
    }
    masked_fields(&engine)
}

/// A voter, as the campaign stores one.
#[derive(Serialize)]
struct Voter {
    id: &'static str,
    name: &'static str,
    address: Address,
    contact_info: ContactInfo,
}

#[derive(Serialize)]
struct Address {
    building_number: &'static str,
    street: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    apartment: Option<&'static str>,
    locality: &'static str,
}

#[derive(Serialize)]
struct ContactInfo {
    emails: Vec<Email>,
    phones: Vec<Phone>,
}

#[derive(Serialize)]
struct Email {
    email: &'static str,
    added_by: &'static str,
}

#[derive(Serialize)]
struct Phone {
    number: &'static str,
    added_by: &'static str,
}

fn voters() -> [Voter; 2] {
    let email = |email, added_by| Email { email, added_by };
    let phone = |number, added_by| Phone { number, added_by };
    [
        Voter {
            id: "1",
            name: "Ines Okafor",
            address: Address {
                building_number: "136A",
                street: "42nd Street",
                apartment: Some("4B"),
                locality: "Fairview",
            },
            contact_info: ContactInfo {
                emails: vec![email("ines.okafor@example.com", "ugo")],
                phones: vec![phone("+1 (555) 010-4477", "uma")],
            },
        },
        Voter {
            id: "2",
            name: "Jo Lindqvist",
            address: Address {
                building_number: "7",
                street: "Mill Lane",
                apartment: None,
                locality: "Fairview",
            },
            contact_info: ContactInfo {
                emails: vec![
                    email("jo@example.org", "uma"),
                    email("jl@example.net", "vera"),
                ],
                phones: vec![],
            },
        },
    ]
}

/// The one way to show a voter: the screen and the export both take it.
fn shown(engine: &Engine, user: &str, voter: &Voter) -> serde_json::Result<String> {
    let access = engine.fields(user, &Record::of("person").id(voter.id));
    serde_json::to_string(&access.project(voter))
}

fn masked_fields(engine: &Engine) -> Result<(), Box<dyn std::error::Error>> {
    let voters = voters();
    for (user, role) in [("uma", "a User"), ("vera", "a Verified User")] {
        println!("\nThe voters, as {user}, {role}, sees them");
        for voter in &voters {
            println!("  {}", shown(engine, user, voter)?);
        }
    }

    println!("\nUma looks for an address");
    let people = OnType::named("person");
    let mut searches = 0;
    let mut search = engine.field_search("uma", &people, |_| {
        searches += 1;
        Allowance::Proceed
    });
    let asked = [
        &[("street", "42nd street"), ("building_number", "136 a")][..],
        &[("street", "42nd street")],
        &[("building_number", "136A")],
    ];
    for components in asked {
        let wanted: Vec<&str> = components.iter().map(|(_, value)| *value).collect();
        match search.ask("address", Comparison::Equal, components) {
            Ok(Asked::ByEquality(wanted_address)) => {
                let mut found = voters.iter().filter(|voter| {
                    wanted_address.matches(|component| match component {
                        "street" => Some(voter.address.street),
                        "building_number" => Some(voter.address.building_number),
                        _ => None,
                    })
                });
                let found = found.try_for_each(|voter| {
                    println!("  {}: {}", wanted.join(", "), shown(engine, "uma", voter)?);
                    Ok::<(), serde_json::Error>(())
                });
                found?;
            }
            Ok(Asked::Freely) => println!("  {}: as the host likes", wanted.join(", ")),
            Err(refused) => println!("  {}: {refused}", wanted.join(", ")),
        }
    }
    drop(search);
    println!("  searches reported to the campaign: {searches}");

    println!("\nAn export shows what the screen shows");
    for user in ["uma", "vera", "adam"] {
        let export = engine.check(user, "pull_export", &people);
        let mut rows = Vec::new();
        for voter in voters.iter().filter(|_| export.is_allow()) {
            rows.push(shown(engine, user, voter)?);
        }
        let screen: Result<Vec<String>, _> = voters
            .iter()
            .map(|voter| shown(engine, user, voter))
            .collect();
        let same = if rows == screen? {
            ", as on the screen"
        } else {
            ""
        };
        println!(
            "  {user:<5} {} rows{same}; {}",
            rows.len(),
            engine.describe(export)
        );
    }

    println!("\nUma saves what her screen showed her");
    let access = engine.fields("uma", &Record::of("person").id("1"));
    let screen = serde_json::to_value(access.project(&voters[0]))?;
    match access.accept(&screen) {
        Ok(()) => println!("  saved"),
        Err(refused) => println!("  {refused}"),
    }
    Ok(())
}
