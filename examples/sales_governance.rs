//! A reporting hierarchy: Alice's department as a tree, and whose records she reaches in it.

use bailiwick::document::Reach;
use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings};

const CATALOG: &str = include_str!("../fixtures/sales_governance/catalog.toml");
const POLICY: &str = include_str!("../fixtures/sales_governance/policy.toml");
const DIRECTORY: &str = include_str!("../fixtures/sales_governance/directory.toml");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut catalog = CatalogDocument::from_toml("catalog.toml", CATALOG).into_document()?;
    let policy = PolicyDocument::from_toml("policy.toml", POLICY).into_document()?;
    let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY).into_document()?;
    // What is left out of a tree printed for Alice: the product's own figure.
    let hierarchy = Hierarchy {
        policy: &policy,
        directory: &directory,
    };

    for (reach, reading) in [
        (Reach::Owned, "what people below own"),
        (Reach::Accessible, "what people below can access"),
    ] {
        catalog.reach = reach;
        // Its wildcards leave out what is not offered at their scope.
        let mut known = Vec::new();
        let built = Catalog::new(catalog.clone(), Warnings::Into(&mut known))?;
        let engine = Engine::new(
            &built,
            policy.clone(),
            directory.clone(),
            Timestamp(0),
            Warnings::Into(&mut known),
        )?;
        println!("Alice views mailings, where reports' records are {reading}");
        hierarchy.print(&engine, "sales_vp", 1);
        for (owner, whose) in [
            ("nora", "of Nora, who has no position"),
            ("ex-colleague", "of somebody long gone"),
        ] {
            println!("  {} a mailing {whose}", mark(&engine, owner));
        }
    }
    Ok(())
}

struct Hierarchy<'d> {
    policy: &'d PolicyDocument,
    directory: &'d DirectoryDocument,
}

impl Hierarchy<'_> {
    /// A position, the people in it, and what reports to it. One that reports to two is shown twice.
    fn print(&self, engine: &Engine, position: &str, depth: usize) {
        let indent = "  ".repeat(depth);
        println!("{indent}{position}");
        let here =
            |user: &&bailiwick::document::UserDocument| user.position.as_deref() == Some(position);
        for user in self.directory.users.iter().filter(here) {
            let suspended = if user.suspended { " (suspended)" } else { "" };
            println!(
                "{indent}  {} {}{suspended}",
                mark(engine, &user.id),
                user.id
            );
        }
        for below in &self.policy.positions {
            if below.reports_to.iter().any(|above| above == position) {
                self.print(engine, &below.id, depth + 1);
            }
        }
    }
}

/// Whether Alice may view a mailing of that owner.
fn mark(engine: &Engine, owner: &str) -> &'static str {
    let mailing = Record::of("mailing").id("m").owner(owner);
    if engine.check("alice", "view", &mailing).is_allow() {
        "[x]"
    } else {
        "[ ]"
    }
}
