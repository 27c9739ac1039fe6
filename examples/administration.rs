//! A campaign's people administer it: who may change what, what a change does before it is made, and
//! what nobody may do.

use bailiwick::admin::{Actor, Change, ListOrder, ListQuery, RoleEditor};
use bailiwick::document::{
    AdjustableDocument, CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument,
    UserDocument,
};
use bailiwick::{Catalog, Engine, Timestamp};

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
        Change::revoke_role("olive", "system:owner"),
    ];
    campaign.previews("olive", handed_over)?;

    println!("\nInvitations: a user created with their first role");
    let invited = |id: &str, role: &str| [Change::CreateUser { user: UserDocument::new(id).role(role) }];
    campaign.tries("uma", invited("ines", "system:user"));
    campaign.tries("uma", invited("jo", "system:verified_user"));
    campaign.tries("vera", invited("jo", "system:verified_user"));
    campaign.tries("vera", [Change::assign_role("ines", "system:verified_user")]);

    println!("\nWho sees the rankings: from Verified Users to Admins, as the product has it");
    let rankings = |role: &str| {
        [Change::ChangeSetting {
            permission: "canvass.rankings".to_owned(),
            role: Some(role.to_owned()),
        }]
    };
    campaign.tries("vera", rankings("system:user"));
    campaign.previews("adam", rankings("system:admin"))?;
    campaign.tries("adam", rankings("system:admin"));
    campaign.tries("adam", rankings("system:owner"));
    campaign.tries("adam", rankings("system:user"));

    println!("\nNobody in a campaign makes roles; the host itself may");
    let team_lead = [Change::CreateRole {
        role: RoleDocument {
            name: Some("Team Lead".to_owned()),
            created: Some(NOW),
            ..RoleDocument::new("team_lead").inherit("system:user").grant("admin.chat")
        },
    }];
    campaign.tries("olive", team_lead.clone());
    campaign.host(team_lead)?;
    campaign.host([Change::assign_role("ugo", "team_lead"), Change::assign_role("vera", "team_lead")])?;

    println!("\nTwo edits of one role begin; the first is looked at, then saved");
    let mut first = RoleEditor::open(&campaign.0, "team_lead")?;
    let mut second = RoleEditor::open(&campaign.0, "team_lead")?;
    first.check("admin.tags", None)?;
    first.check("canvass.unmasked_addresses", None)?;
    first.uncheck("admin.chat")?;
    second.check("admin.push", None)?;
    print!("{}", indented(&campaign.0.preview(&Actor::System, NOW, &first.changes())?.report().to_string()));
    campaign.host(first.changes())?;
    campaign.host(second.changes())?;

    println!("\nThe roles, by how many hold them");
    let query = ListQuery::default().order(ListOrder::Users).descending().page(0, 3);
    let page = campaign.0.list_roles(&query);
    for role in &page.entries {
        let name = role.name.unwrap_or(role.id);
        println!("  {name:<14} {} assigned, {} hold it", role.assigned, role.authorized);
    }
    println!("  {} of {}", page.entries.len(), page.total);

    println!("\nWhat the team lead's role comes to");
    for line in campaign.0.role_tree("team_lead")?.to_string().lines() {
        if line.contains("[x]") || line.contains("[-]") {
            println!("  {line}");
        }
    }
    Ok(())
}
