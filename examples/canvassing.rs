//! Four roles in a line, and four settings that decide how far down the line a thing goes.

use bailiwick::{OnType, Record, Subject};

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
    Ok(())
}
