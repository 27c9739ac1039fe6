//! Three roles, one feature: what each role may do before the organisation has Outreach, and after.

use bailiwick::{OnType, Record};

#[path = "support/mod.rs"]
mod support;

const OUTREACH_CX: support::System = support::System {
    catalog: include_str!("../fixtures/outreach_cx/catalog.toml"),
    policy: include_str!("../fixtures/outreach_cx/policy.toml"),
    directory: include_str!("../fixtures/outreach_cx/directory.toml"),
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let not_yet = OUTREACH_CX.engine_with(|policy| policy.features.clear())?;
    let bought = OUTREACH_CX.engine()?;
    for (when, engine) in [("before", not_yet), ("after", bought)] {
        println!("{when} Outreach is enabled");
        for (user, role) in [
            ("olga", "Org Admin"),
            ("cam", "Campaigner"),
            ("opal", "Operations"),
        ] {
            println!("  {role}");
            for (r#type, action) in [
                ("outreach", "see"),
                ("outreach_access", "request"),
                ("outreach_settings", "set_sendgrid_api_key"),
                ("campaign", "create"),
                ("cx", "see"),
            ] {
                let decision = engine.check(user, action, &OnType::named(r#type));
                let operation = format!("{type}:{action}");
                println!("    {operation:<39} {}", engine.describe(decision));
            }
            let campaign = Record::of("campaign").id("spring-sale").owner("cam");
            let decision = engine.check(user, "retry_failures", &campaign);
            let operation = "campaign:retry_failures";
            println!("    {operation:<39} {}", engine.describe(decision));
        }
    }
    Ok(())
}
