//! One screen: a small policy, an allow, a deny and why.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Owner, Resource, ResourceType, Timestamp, Warnings};

// What the product ships.
const CATALOG: &str = r#"
format = 2
id = "newsletter"
version = 1
permissions = [
  { path = "campaigns", label = "Campaigns" },
  { path = "campaigns.edit", label = "Edit campaigns", scopes = ["own", "all"], requires = ["campaigns"] },
]
types = [{ id = "campaign" }]
operations = [{ type = "campaign", action = "edit", on = "record", allowed_by = ["campaigns.edit"] }]
"#;

// What the customer's administrators edit.
const POLICY: &str = r#"
format = 2
catalog_version = 1
roles = [{ id = "writer", grants = ["campaigns", { select = "campaigns.edit", scope = "own" }] }]
"#;

const DIRECTORY: &str = r#"
format = 2
users = [{ id = "ann", roles = ["writer"] }, { id = "bob", roles = ["writer"] }]
"#;

// Operations are resolved once at boot: a typo fails there.
bailiwick::operations! {
    struct Operations {
        campaign_edit: "campaign:edit",
    }
}

// The service's own struct is what a check looks at.
struct Campaign {
    owner: &'static str,
}

impl Resource for Campaign {
    fn resource_type(&self) -> ResourceType<'_> {
        ResourceType::Named("campaign")
    }

    fn owner(&self) -> Owner<'_> {
        Owner::Named(self.owner)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Refuse,
    )?;
    let operations: Operations = catalog.resolve()?;
    let policy = PolicyDocument::from_toml("policy.toml", POLICY);
    let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY);
    let engine = Engine::new(&catalog, policy, directory, Timestamp(0), Warnings::Refuse)?;

    for owner in ["ann", "bob"] {
        let decision = engine.check("ann", operations.campaign_edit, &Campaign { owner });
        println!(
            "Ann edits {owner}'s campaign: {}",
            engine.describe(decision)
        );
    }
    let unknown = engine.check("eve", operations.campaign_edit, &Campaign { owner: "ann" });
    println!("Eve edits ann's campaign: {}", engine.describe(unknown));
    Ok(())
}
