//! One small account: people with contact info, a hierarchy, and every mix of permissions.

use bailiwick::document::{
    CatalogDocument, DirectoryDocument, GrantDocument, PolicyDocument, PositionDocument,
    RoleDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};

pub(crate) const CATALOG: &str = r#"
format = 2
id = "crm"
version = 1
features = [{ id = "directory" }]
permissions = [
  { path = "people", scopes = ["own", "reports", "all"] },
  { path = "contact_info", scopes = ["own", "reports", "all"] },
  { path = "addresses", scopes = ["own", "reports", "all"], requires = ["edit"] },
  { path = "edit", scopes = ["own", "reports", "all"] },
  { path = "notes", features = ["directory"] },
  { path = "salaries" },
]
operations = [
  { type = "person", action = "view", on = "record", allowed_by = ["people"] },
  { type = "person", action = "edit", on = "record", allowed_by = ["edit"] },
]

[[types]]
id = "person"
read = "view"

[[types.fields]]
path = "contact.emails.email"
mask = { kind = "email" }
revealed_by = "contact_info"
contributor_sees = true
contributor = "added_by"
search = [["value"]]

[[types.fields]]
path = "contact.phone"
mask = { kind = "phone" }
revealed_by = "contact_info"
search = [["value"]]

[[types.fields]]
path = "address"
mask = { kind = "address" }
revealed_by = "addresses"
search = [["street", "building_number"]]

[[types.fields]]
path = "notes"
mask = { kind = "whole" }
revealed_by = "notes"
contributor_sees = true

[[types.fields]]
path = "salary"
mask = { kind = "hidden" }
revealed_by = "salaries"
contributor_sees = true
contributor = "salary_by"

[[types]]
id = "bare"
"#;

pub(crate) const PERMISSIONS: [&str; 6] = [
    "people",
    "contact_info",
    "addresses",
    "edit",
    "notes",
    "salaries",
];

/// The scopes that may be granted, by number; 0 is none.
pub(crate) const SCOPES: [Option<Scope>; 4] = [
    None,
    Some(Scope::Own),
    Some(Scope::Reports),
    Some(Scope::All),
];

fn position(id: &str, above: &[&str]) -> PositionDocument {
    PositionDocument {
        id: id.to_owned(),
        name: None,
        reports_to: above.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn grant(permission: usize, scope: Scope) -> GrantDocument {
    // The last two offer All alone.
    match permission {
        0..=3 => (PERMISSIONS[permission], scope).into(),
        _ => PERMISSIONS[permission].into(),
    }
}

/// What each of the six permissions is granted at.
pub(crate) type Grants = [usize; 6];

/// The name of the user with these grants; `top` stands above everybody else.
pub(crate) fn user(grants: &Grants) -> String {
    let digits: String = grants.iter().map(ToString::to_string).collect();
    format!("u{digits}")
}

/// Every user there is: the first four permissions at each scope, the last two or not.
pub(crate) fn every_user() -> impl Iterator<Item = Grants> {
    (0..1024_usize).map(|n| {
        [
            n & 3,
            n >> 2 & 3,
            n >> 4 & 3,
            n >> 6 & 3,
            n >> 8 & 1,
            n >> 9 & 1,
        ]
    })
}

fn documents() -> (PolicyDocument, DirectoryDocument) {
    let mut policy = PolicyDocument {
        positions: vec![position("top", &[]), position("low", &["top"])],
        features: vec!["directory".to_owned()],
        ..PolicyDocument::new(1)
    };
    for (permission, name) in PERMISSIONS.iter().enumerate() {
        for (number, scope) in SCOPES.iter().enumerate() {
            if let Some(scope) = scope {
                policy.roles.push(
                    RoleDocument::new(format!("{name}{number}")).grant(grant(permission, *scope)),
                );
            }
        }
    }
    let mut users: Vec<UserDocument> = every_user()
        .map(|grants| {
            let mut user = UserDocument::new(user(&grants)).position("top");
            for (permission, number) in grants.iter().enumerate().filter(|(_, n)| **n > 0) {
                user = user.role(format!("{}{number}", PERMISSIONS[permission]));
            }
            user
        })
        .collect();
    users.push(UserDocument::new("below").position("low"));
    users.push(UserDocument::new("beside"));
    (policy, DirectoryDocument::new(users))
}

fn engine_from(catalog: &str, edit: impl FnOnce(&mut PolicyDocument)) -> Engine {
    let catalog = Catalog::new(
        CatalogDocument::from_toml("catalog.toml", catalog),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap();
    let (mut policy, users) = documents();
    edit(&mut policy);
    Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap()
}

pub(crate) fn engine_with(edit: impl FnOnce(&mut PolicyDocument)) -> Engine {
    engine_from(CATALOG, edit)
}

/// The same account under another catalog.
pub(crate) fn engine_of(catalog: &str) -> Engine {
    engine_from(catalog, |_| {})
}

pub(crate) fn engine() -> Engine {
    engine_with(|_| {})
}

/// A user who sees everything, and one who reads and sees nothing more.
pub(crate) const ALL: &str = "u333311";
pub(crate) const READER: &str = "u300000";
