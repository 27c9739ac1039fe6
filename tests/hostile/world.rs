//! The small world that the cases vary.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Problem, Problems, Timestamp, Warnings};

/// Written as a service team would, with a permission beside whose name begins like another's.
pub(crate) const CATALOG: &str = r#"
format = 2
id = "hostile"
version = 3
features = [{ id = "sms" }]
permissions = [
  { path = "contacts", scopes = ["own", "reports", "peers", "all"] },
  { path = "contacts.delete" },
  { path = "contacts_extra" },
  { path = "contacts_extra.more" },
  { path = "texting", features = ["sms"] },
  { path = "texting.bulk", requires = ["contacts"] },
]
subject_properties = { region = "text", level = "integer" }
context_properties = { hour = "integer" }
types = [{ id = "contact", properties = { status = "text", size = "integer", vip = "boolean", tags = "set" } }]
tokens = { system_roles = ["system:member"] }
roles = [{ id = "system:member", grants = [{ select = "contacts", scope = "own" }] }, { id = "system:admin" }]

operations = [
  { type = "contact", action = "view", on = "record", allowed_by = ["contacts"] },
  { type = "contact", action = "delete", on = "record", allowed_by = ["contacts.delete"] },
  { type = "contact", action = "extra", on = "type", allowed_by = ["contacts_extra"] },
  { type = "contact", action = "more", on = "type", allowed_by = ["contacts_extra.more"] },
  { type = "contact", action = "text", on = "record", allowed_by = ["texting"] },
  { type = "contact", action = "bulk", on = "type", allowed_by = ["texting.bulk"] },
  { type = "contact", action = "open", on = "record", open = true },
  { type = "contact", action = "if_open", on = "record", open = true, when = [[{ resource = "status", is = "open" }]] },
  { type = "contact", action = "if_not_open", on = "record", open = true, when = [[{ resource = "status", is_not = "open" }]] },
  { type = "contact", action = "if_large", on = "record", open = true, when = [[{ resource = "size", is = 9007199254740993 }]] },
  { type = "contact", action = "if_largest", on = "record", open = true, when = [[{ resource = "size", at_least = 9223372036854775807 }]] },
  { type = "contact", action = "if_least", on = "record", open = true, when = [[{ resource = "size", less = -9223372036854775807 }]] },
  { type = "contact", action = "if_tagged", on = "record", open = true, when = [[{ resource = "tags", one_of = ["a", "b"] }]] },
  { type = "contact", action = "if_untagged", on = "record", open = true, when = [[{ resource = "tags", none_of = ["a", "b"] }]] },
  { type = "contact", action = "if_near", on = "record", open = true, when = [[{ resource = "status", is = { subject = "region" } }]] },
  { type = "contact", action = "if_early", on = "record", open = true, when = [[{ context = "hour", less = 12 }]] },
]
"#;

pub(crate) const POLICY: &str = r#"
format = 2
catalog_version = 3
roles = [
  { id = "viewer", grants = [{ select = "contacts", scope = "all" }] },
  { id = "below", grants = ["contacts.delete", { select = "contacts", scope = "reports" }] },
  { id = "everything", grants = [{ select = "*", scope = "all" }] },
  { id = "never", denies = ["contacts"] },
  { id = "nothing", denies = ["*"] },
  { id = "not_extra", grants = [{ select = "*", scope = "all", except = ["contacts_extra"] }] },
]
packages = [{ id = "pack", roles = ["viewer"] }]
positions = [{ id = "top" }, { id = "low", reports_to = ["top"] }]
"#;

/// A user named like a role, and one like a position.
pub(crate) const DIRECTORY: &str = r#"
format = 2
users = [
  { id = "ann", roles = ["viewer"], position = "top", properties = { region = "north" } },
  { id = "boss", roles = ["below"], position = "top" },
  { id = "hand", position = "low" },
  { id = "everything" },
  { id = "top" },
  { id = "all", roles = ["everything"] },
  { id = "torn", roles = ["everything", "never"] },
  { id = "mute", roles = ["everything", "nothing"] },
  { id = "most", roles = ["not_extra"] },
  { id = "gone", roles = ["everything"], suspended = true },
]
"#;

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

pub(crate) fn catalog() -> Catalog {
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", CATALOG),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound catalog")
}

pub(crate) fn engine_over(catalog: &Catalog) -> Engine {
    let policy = PolicyDocument::from_toml("policy.toml", POLICY);
    let directory = DirectoryDocument::from_toml("directory.toml", DIRECTORY);
    Engine::new(
        catalog,
        policy,
        directory,
        NOW,
        Warnings::Into(&mut Vec::new()),
    )
    .expect("sound documents")
}

pub(crate) fn engine() -> Engine {
    engine_over(&catalog())
}

/// The same world in a catalog that serves many accounts.
pub(crate) fn many() -> Catalog {
    let text = CATALOG.replace("version = 3\n", "version = 3\naccounts = \"many\"\n");
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound catalog")
}

pub(crate) fn policy_of(account: &str) -> PolicyDocument {
    let mut policy = PolicyDocument::from_toml("policy.toml", POLICY)
        .into_document()
        .expect("the shape is right");
    policy.account = Some(account.to_owned());
    policy
}

pub(crate) fn directory() -> DirectoryDocument {
    DirectoryDocument::from_toml("directory.toml", DIRECTORY)
        .into_document()
        .expect("the shape is right")
}

/// What was said: every problem, or the first and the last of many, and how many there are.
pub(crate) fn said(problems: &Problems) -> String {
    said_of(problems.iter())
}

pub(crate) fn said_of<'p>(problems: impl Iterator<Item = &'p Problem>) -> String {
    const ALL: usize = 8;
    let lines: Vec<String> = problems.map(ToString::to_string).collect();
    match lines.as_slice() {
        [first, .., last] if lines.len() > ALL => {
            format!("{first}\n… ({} in all)\n{last}", lines.len())
        }
        _ => lines.join("\n"),
    }
}
