//! Role → package → user: what a package gives, what a change to a role does to everybody who has
//! it, and the three reasons for which somebody cannot get at a feature.

use bailiwick::{Engine, OnType, Subject};

#[path = "support/mod.rs"]
mod support;

const PACKAGE_ROLES: support::System = support::System {
    catalog: include_str!("../fixtures/package_roles/catalog.toml"),
    policy: include_str!("../fixtures/package_roles/policy.toml"),
    directory: include_str!("../fixtures/package_roles/directory.toml"),
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = PACKAGE_ROLES.engine()?;

    println!("What the four example roles may do with contacts");
    for role in [
        "basic_access",
        "campaign_manager",
        "full_access",
        "read_only",
    ] {
        let may: Vec<&str> = ["view_details", "edit", "import", "export", "delete"]
            .into_iter()
            .filter(|action| may(&engine, Subject::role(role), action))
            .collect();
        println!("  {role:<17} {}", may.join(", "));
    }

    println!("A change to a role reaches everybody who has it in a package");
    let changed = PACKAGE_ROLES.engine_with(|policy| {
        for role in &mut policy.roles {
            if role.id == "campaign_manager" {
                role.grants.push("contacts.delete".into());
            }
        }
    })?;
    for user in ["cora", "hana", "bea"] {
        let before = may(&engine, user, "delete");
        let after = may(&changed, user, "delete");
        println!("  {user:<5} deletes contacts: before {before}, after {after}");
    }

    println!("Who cannot get at a feature, and why");
    for (user, r#type, action) in [
        ("gus", "contact", "import"),
        ("hana", "sending_domain", "add"),
        ("ines", "trigger", "add"),
        ("sid", "contact", "import"),
    ] {
        let decision = engine.check(user, action, &OnType::named(r#type));
        println!("  {user:<5} {}", engine.describe(decision));
    }
    Ok(())
}

/// Asked of a contact, or of contacts, whichever the operation is about.
fn may<'a>(engine: &Engine, subject: impl Into<Subject<'a>>, action: &'a str) -> bool {
    engine
        .can_any(subject, action, &OnType::named("contact"))
        .is_allow()
}
