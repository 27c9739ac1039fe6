//! Three roles, one feature: what each role sees in the sidebar, before the organisation has
//! Outreach and after.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, OnType, Record, Timestamp};

const CATALOG: &str = include_str!("../fixtures/outreach_cx/catalog.toml");
const POLICY: &str = include_str!("../fixtures/outreach_cx/policy.toml");
const DIRECTORY: &str = include_str!("../fixtures/outreach_cx/directory.toml");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::new(CatalogDocument::from_toml("catalog.toml", CATALOG))?;
    let bought = PolicyDocument::from_toml("policy.toml", POLICY).into_document()?;
    let not_yet = PolicyDocument {
        features: Vec::new(),
        ..bought.clone()
    };
    for (when, policy) in [("before", not_yet), ("after", bought)] {
        let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY);
        let engine = Engine::new(&catalog, policy, directory, Timestamp(0))?.engine;
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
