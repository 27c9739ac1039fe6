//! The support desk of a marketing platform, with the three checks of its troubleshooting page: is the
//! permission granted in a role of theirs, does a package of theirs include a role that grants it, is a
//! package that would bring it assigned to them? Then what would mend it, best first, and who may do that.

use bailiwick::admin::Actor;
use bailiwick::explain::{Cause, Explanation, RemedyOptions};
use bailiwick::{Engine, OnType, Resource, Timestamp};

#[path = "support/mod.rs"]
mod support;

const PACKAGE_ROLES: support::System = support::System {
    catalog: include_str!("../fixtures/package_roles/catalog.toml"),
    policy: include_str!("../fixtures/package_roles/policy.toml"),
    directory: include_str!("../fixtures/package_roles/directory.toml"),
};

/// A caller is told three ways at most, of two changes at most.
const OPTIONS: RemedyOptions = RemedyOptions {
    max_changes: 2,
    limit: 3,
    at: Timestamp(0),
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = PACKAGE_ROLES.engine()?;

    // The platform's own people have everything and are nobody's mend; so has Full Access, which is not
    // sold to these three.
    println!("Gus cannot import contacts: his role does not grant it");
    call(&engine, "gus", "import", &OnType::named("contact"));

    println!("Hana cannot add a sending domain: the role for it is in no package");
    call(&engine, "hana", "add", &OnType::named("sending_domain"));

    println!("Ines cannot add a trigger: the package for it is not hers");
    call(&engine, "ines", "add", &OnType::named("trigger"));

    println!("Sid cannot do anything, whatever his package holds");
    print!(
        "{}",
        engine.explain("sid", "import", &OnType::named("contact"))
    );

    let contacts = OnType::named("contact");
    print!("{}", engine.remedies("sid", "import", &contacts, &OPTIONS));

    println!("\nAdele makes what was told first. Hana calls again:");
    let domains = OnType::named("sending_domain");
    let remedies = engine.remedies("hana", "add", &domains, &OPTIONS);
    let best = remedies.sets().first().ok_or("no remedy")?;
    let adele = Actor::user("adele");
    engine = engine
        .apply(&adele, Timestamp(1), &best.changes)?
        .into_engine();
    print!("{}", engine.explain("hana", "add", &domains));
    Ok(())
}

/// One call: what the explanation says, check by check.
fn call(engine: &Engine, user: &str, action: &str, resource: &impl Resource) {
    let why = engine.explain(user, action, resource);
    println!(
        "  `{user}`, `{}`: {}",
        why.operation().id,
        why.decision().code()
    );
    println!("  1. Granted in a role of theirs?");
    for text in own_roles(&why) {
        println!("     {text}");
    }
    println!("  2. Which roles grant it, and are in none of their packages?");
    for text in other_roles(&why) {
        println!("     {text}");
    }
    println!("  3. Which packages would bring it, and are not assigned to them?");
    for text in other_packages(&why) {
        println!("     {text}");
    }
    println!("  4. What would mend it, and who may do that?");
    for line in engine
        .remedies(user, action, resource, &OPTIONS)
        .to_string()
        .lines()
    {
        println!("     {line}");
    }
    println!();
}

fn own_roles(why: &Explanation) -> Vec<String> {
    let roles = why.causes().filter_map(|cause| match cause {
        Cause::NotGranted {
            permission, roles, ..
        } => Some(roles.iter().map(move |held| {
            let packages: Vec<String> = held.packages.iter().map(ToString::to_string).collect();
            format!(
                "no: {} of package {} does not grant {permission}",
                held.role,
                packages.join(", ")
            )
        })),
        _ => None,
    });
    roles.flatten().collect()
}

fn other_roles(why: &Explanation) -> Vec<String> {
    let roles = why.causes().filter_map(|cause| match cause {
        Cause::RoleInNoPackage { role, .. } => Some(format!("{role}, in no package")),
        Cause::RoleNotHeld { role, packages, .. } => {
            let packages: Vec<String> = packages.iter().map(ToString::to_string).collect();
            Some(format!("{role}, in package {}", packages.join(", ")))
        }
        _ => None,
    });
    roles.collect()
}

fn other_packages(why: &Explanation) -> Vec<String> {
    let packages = why.causes().filter_map(|cause| match cause {
        Cause::PackageNotAssigned { package, roles, .. } => {
            let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
            Some(format!("{package}, with {}", roles.join(", ")))
        }
        _ => None,
    });
    packages.collect()
}
