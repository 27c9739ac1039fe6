//! A campaign's people administer it: who may change what, what a change does before it is made, and
//! what nobody may do.

use bailiwick::admin::{Actor, Change, ListOrder, ListQuery, Refused, RoleEditor};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Problems, Timestamp, Warnings};

/// The host's clock.
const NOW: Timestamp = Timestamp(1_800_000_000);

/// The campaign of `fixtures/canvassing`, but that its product bounds a setting: rankings are for
/// Verified Users at least, and for Owners alone never.
fn engine() -> Result<Engine, Problems> {
    let catalog = include_str!("../fixtures/canvassing/catalog.toml");
    let policy = include_str!("../fixtures/canvassing/policy.toml");
    let directory = include_str!("../fixtures/canvassing/directory.toml");
    let mut catalog = CatalogDocument::from_toml("catalog.toml", catalog).into_document()?;
    for permission in &mut catalog.permissions {
        if let Some(adjustable) = &mut permission.adjustable
            && permission.path == "canvass.rankings"
        {
            adjustable.default = "system:verified_user".to_owned();
            adjustable.floor = Some("system:verified_user".to_owned());
            adjustable.ceiling = Some("system:admin".to_owned());
        }
    }
    let policy = PolicyDocument::from_toml("policy.toml", policy);
    let directory = DirectoryDocument::from_toml("directory.toml", directory);
    Engine::new(
        &Catalog::new(catalog, Warnings::Refuse)?,
        policy,
        directory,
        NOW,
        Warnings::Refuse,
    )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut campaign = Campaign(engine()?);

    println!("Adam, an Admin, and Olive, the Owner");
    campaign.tries("adam", [Change::revoke_role("olive", "system:owner")]);
    let demoted = [
        Change::revoke_role("anja", "system:admin"),
        Change::assign_role("anja", "system:user"),
    ];
    campaign.tries("adam", demoted);
    campaign.tries("olive", [Change::revoke_role("olive", "system:owner")]);
    let handed_over = [
        Change::assign_role("adam", "system:owner"),
        Change::assign_role("olive", "system:admin"),
        Change::revoke_role("olive", "system:owner"),
    ];
    campaign.previews("olive", &Actor::user("olive"), &handed_over)?;

    println!("\nInvitations: a user created with their first role");
    let invited = |id: &str, role: &str| {
        [Change::CreateUser {
            user: UserDocument::new(id).role(role),
        }]
    };
    campaign.tries("uma", invited("ines", "system:user"));
    campaign.tries("uma", invited("jo", "system:verified_user"));
    campaign.tries("vera", invited("jo", "system:verified_user"));
    campaign.tries(
        "vera",
        [Change::assign_role("ines", "system:verified_user")],
    );

    println!("\nWho sees the rankings: from Verified Users to Admins, as the product has it");
    let rankings = |role: &str| {
        [Change::ChangeSetting {
            permission: "canvass.rankings".to_owned(),
            role: Some(role.to_owned()),
        }]
    };
    campaign.tries("vera", rankings("system:admin"));
    campaign.previews("adam", &Actor::user("adam"), &rankings("system:admin"))?;
    campaign.tries("adam", rankings("system:admin"));
    campaign.tries("adam", rankings("system:owner"));
    campaign.tries("adam", rankings("system:user"));

    println!("\nNobody in a campaign makes roles; the host itself may");
    let team_lead = [Change::CreateRole {
        role: RoleDocument {
            name: Some("Team Lead".to_owned()),
            created: Some(NOW),
            ..RoleDocument::new("team_lead")
                .inherit("system:user")
                .grant("admin.chat")
        },
    }];
    campaign.tries("olive", team_lead.clone());
    campaign.host(team_lead);
    let leads = ["ugo", "vera"].map(|user| Change::assign_role(user, "team_lead"));
    campaign.host(leads);

    println!("\nTwo edits of one role begin; the first is looked at, then saved");
    let mut first = RoleEditor::open(&campaign.0, "team_lead")?;
    let mut second = RoleEditor::open(&campaign.0, "team_lead")?;
    first.check("admin.tags", None)?;
    first.check("canvass.unmasked_addresses", None)?;
    first.uncheck("admin.chat")?;
    second.check("admin.push", None)?;
    campaign.previews("the host", &Actor::System, &first.changes())?;
    campaign.host(first.changes());
    campaign.host(second.changes());

    println!("\nThe roles, by how many hold them");
    let query = ListQuery::default()
        .order(ListOrder::Users)
        .descending()
        .page(0, 3);
    let page = campaign.0.list_roles(&query);
    for role in &page.entries {
        let name = role.name.unwrap_or(role.id);
        println!(
            "  {name:<14} {} assigned, {} hold it",
            role.assigned, role.authorized
        );
    }
    println!("  {} of {}", page.entries.len(), page.total);

    println!("\nWhat a review finds");
    print!("{}", indented(&campaign.0.review()));

    println!("\nWhat the team lead's role comes to");
    for line in campaign.0.role_tree("team_lead")?.to_string().lines() {
        if line.contains("[x]") || line.contains("[-]") {
            println!("  {line}");
        }
    }
    Ok(())
}

/// What is stored: the engine of the last change that was applied.
struct Campaign(Engine);

impl Campaign {
    /// Somebody's changes, as one transaction: applied, or refused.
    fn tries(&mut self, who: &str, changes: impl AsRef<[Change]>) {
        self.makes(who, &Actor::user(who), changes.as_ref());
    }

    /// The same by the host, who needs no permission and breaks no guard.
    fn host(&mut self, changes: impl AsRef<[Change]>) {
        self.makes("the host", &Actor::System, changes.as_ref());
    }

    fn makes(&mut self, who: &str, actor: &Actor, changes: &[Change]) {
        let what: Vec<String> = changes.iter().map(in_words).collect();
        let what = what.join(", ");
        match self.0.apply(actor, NOW, changes) {
            Ok(applied) => {
                self.0 = applied.into_engine();
                println!("  {who} {what}: applied, revision {}", self.0.revision());
            }
            Err(refused) => println!("  {who} {what}: refused, {}", refused.reason),
        }
    }

    /// What somebody's changes would do; nothing is kept.
    fn previews(&self, who: &str, actor: &Actor, changes: &[Change]) -> Result<(), Refused> {
        let what: Vec<String> = changes.iter().map(in_words).collect();
        println!("  if {who} {}:", what.join(", "));
        let preview = self.0.preview(actor, NOW, changes)?;
        print!("{}", indented(&indented(&preview.report())));
        Ok(())
    }
}

fn indented(text: &impl ToString) -> String {
    let text = text.to_string();
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn in_words(change: &Change) -> String {
    match change {
        Change::RevokeRole { user, role } => format!("takes {role} from {user}"),
        Change::AssignRole { user, role, .. } => format!("gives {user} {role}"),
        Change::CreateUser { user } => {
            let roles: Vec<&str> = user.roles.iter().map(|it| &*it.id).collect();
            format!("invites {} as {}", user.id, roles.join(", "))
        }
        Change::ChangeSetting { permission, role } => {
            let role = role.as_deref().unwrap_or("its default");
            format!("sets {permission} to {role}")
        }
        Change::CreateRole { role } => format!("makes the role {}", role.id),
        Change::EditRole { role, .. } => format!("edits the role {role}"),
        other => format!("{other:?}"),
    }
}
