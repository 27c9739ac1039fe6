//! The sidebar and the buttons of Outreach: what each role is shown before the organisation has it,
//! whom it is sent to, and what is shown after. What a screen looks like is the host's.

use bailiwick::Engine;
use bailiwick::query::{Ask, CompactScreen, CompactShown, Screen, Shown};

#[expect(dead_code, reason = "both policies are edited here")]
#[path = "support/mod.rs"]
mod support;

const OUTREACH_CX: support::System = support::System {
    catalog: include_str!("../fixtures/outreach_cx/catalog.toml"),
    policy: include_str!("../fixtures/outreach_cx/policy.toml"),
    directory: include_str!("../fixtures/outreach_cx/directory.toml"),
};

const PEOPLE: [(&str, &str); 3] = [
    ("olga", "Org Admin"),
    ("cam", "Campaigner"),
    ("opal", "Operations"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let not_yet = OUTREACH_CX.engine_with(|policy| policy.features.clear())?;
    let bought = OUTREACH_CX.engine_with(|policy| policy.revision = Some(2))?;
    for (when, engine) in [("before", &not_yet), ("after", &bought)] {
        println!("{when} Outreach is enabled");
        for (user, role) in PEOPLE {
            println!("  {role}");
            let screen = engine.screen(user)?;
            sidebar(engine, &screen);
            buttons(&screen, "campaign");
        }
    }

    // A front end keeps the short form, and asks again when it is stale.
    let sent = not_yet.screen("cam")?.compact().to_string();
    println!("the Campaigner's screen in {} characters:", sent.len());
    println!("  {sent}");
    let copy: CompactScreen = sent.parse()?;
    println!("  `campaign:run` is {:?}", run(&copy, &not_yet));
    println!("  to the same engine: {:?}", copy.stale(&not_yet, "cam"));
    println!("  once it is enabled: {:?}", copy.stale(&bought, "cam"));

    println!("who may run a campaign of Cam's");
    let campaign = bailiwick::Record::of("campaign").id("spring").owner("cam");
    for (when, engine) in [("before", &not_yet), ("after", &bought)] {
        let who: Vec<&str> = engine
            .who_can("run", &campaign)?
            .map(|allowed| allowed.id)
            .collect();
        println!("  {when}: {who:?}");
    }
    Ok(())
}

/// One entry a module of the permission tree.
fn sidebar(engine: &Engine, screen: &Screen) {
    let name = |id: &String| {
        let mut roles = engine.catalog().document().roles.iter();
        let role = roles.find(|it| it.id == *id);
        role.and_then(|it| it.name.clone()).unwrap_or(id.clone())
    };
    for module in screen
        .permissions
        .iter()
        .filter(|it| !it.path.contains('.'))
    {
        let label = module.label.as_deref().unwrap_or(&module.path);
        match &module.shown {
            Shown::Enabled { .. } => println!("    [ {label} ]"),
            Shown::Blocked(blocked) => match &blocked.ask {
                Ask::Yourself => println!("    ( {label} ) not enabled: request it"),
                Ask::Roles(roles) => {
                    let roles: Vec<String> = roles.iter().map(name).collect();
                    let whom = roles.join(" or ");
                    println!("    ( {label} ) not enabled: contact your {whom}");
                }
            },
            Shown::Hidden => {}
        }
    }
}

/// The actions on one type that are to be drawn at all.
fn buttons(screen: &Screen, r#type: &str) {
    let operations = screen.types.iter().filter(|it| it.id == r#type);
    let drawn: Vec<String> = operations
        .flat_map(|it| &it.operations)
        .filter_map(|operation| match operation.shown {
            Shown::Enabled { .. } => Some(operation.action.clone()),
            Shown::Blocked(_) => Some(format!("({})", operation.action)),
            Shown::Hidden => None,
        })
        .collect();
    if !drawn.is_empty() {
        println!("    {type}: {}", drawn.join(" "));
    }
}

fn run(copy: &CompactScreen, engine: &Engine) -> Option<CompactShown> {
    let catalog = engine.catalog();
    copy.shown(catalog, catalog.operation("campaign", "run")?)
}
