//! An e-mail platform: features, prerequisites, drafts, a workflow of several permissions, and two
//! accounts over one catalog.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Accounts, Catalog, OnType, Record, Subject, Timestamp, Warnings};

const CATALOG: &str = include_str!("../fixtures/account_admin/catalog.toml");
const ACCOUNTS: [(&str, &str); 2] = [
    (
        include_str!("../fixtures/account_admin/policy.toml"),
        include_str!("../fixtures/account_admin/directory.toml"),
    ),
    (
        include_str!("../fixtures/account_admin/policy-second.toml"),
        include_str!("../fixtures/account_admin/directory-second.toml"),
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Refuse,
    )?;
    let mut accounts = Accounts::new(catalog);
    for (policy, directory) in ACCOUNTS {
        let policy = PolicyDocument::from_toml("policy.toml", policy);
        let directory = DirectoryDocument::from_toml("directory.toml", directory);
        // Some roles need another beside them, for what they grant to have an effect: it is known.
        let mut known = Vec::new();
        let warnings = Warnings::Into(&mut known);
        accounts.load(policy, directory, Timestamp(0), warnings)?;
    }
    let mut names: Vec<&str> = accounts.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    println!("accounts: {}", names.join(", "));
    let Some(meadow) = accounts.engine("meadow") else {
        return Err("the first account is not loaded".into());
    };

    println!("\nFiona has every permission; a condition holds for her all the same");
    for (action, status) in [
        ("edit", "draft"),
        ("edit", "delivered"),
        ("clone", "draft"),
        ("clone", "delivered"),
    ] {
        let campaign = Record::of("campaign")
            .account("meadow")
            .property("status", status);
        let decision = meadow.check(Subject::user("fiona").account("meadow"), action, &campaign);
        println!(
            "  {action:<5} one that is {status:<9} {}",
            meadow.describe(decision)
        );
    }

    println!("\nThe Create a Campaign Workflow, role by role");
    for role in [
        "scores",
        "scores_view",
        "system:campaign_creator",
        "system:view_only",
    ] {
        let workflow = OnType::named("campaign_workflow").account("meadow");
        let asked = Subject::role(role).account("meadow");
        for step in ["use", "step_5", "step_6"] {
            let decision = meadow.check(asked, step, &workflow);
            println!("  {role:<23} {step:<6} {}", meadow.describe(decision));
        }
    }

    println!("\nOne account's Ann is not the other's");
    for (of, about) in [
        ("meadow", "meadow"),
        ("meadow", names[0]),
        (names[0], names[0]),
    ] {
        let automation = OnType::named("automation").account(about);
        let decision = accounts.check(Subject::user("ann").account(of), "list", &automation);
        println!("  Ann of {of} at {about}: {decision}");
    }
    Ok(())
}
