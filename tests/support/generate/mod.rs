//! Random documents that load: small, so that what is in them interacts.

mod catalog;
mod operations;
mod policy;
mod rights;

use std::collections::BTreeMap;

use bailiwick::Timestamp;
use bailiwick::document::{
    CatalogDocument, DenialDocument, DirectoryDocument, GrantDocument, PermissionDocument,
    PolicyDocument, PropertyType, PropertyValue,
};

use super::documents::Documents;
use super::history::{Node, history};
use super::rng::Rng;
use crate::reference::formats::{format_of_catalog, format_of_directory, format_of_policy};
use rights::{Written, today};

/// The time at which every world is loaded.
pub(crate) const NOW: Timestamp = Timestamp(1_000_000);

/// The texts, integers and elements that properties have and conditions name: few, so that they meet.
/// Some are ids of users and of records, which conditions compare with (D10).
pub(crate) const TEXTS: &[&str] = &["x", "y", "z", "", "ann", "1"];
pub(crate) const INTEGERS: &[i64] = &[0, 1, 2, i64::MIN, i64::MAX];

// Some of up to 16 bytes, and some longer: they are looked up otherwise.
const TYPES: &[&str] = &["contact", "order", "a type of resource"];
const ACTIONS: &[&str] = &[
    "view",
    "edit",
    "create",
    "export:all_pages",
    "assign:to_another",
    "é",
];
const PROPERTIES: &[&str] = &["status", "size", "vip", "tags"];
const FEATURES: &[&str] = &["sms", "mail", "fax"];
const SYSTEM_ROLES: &[&str] = &[
    "system:member",
    "system:lead",
    "system:admin",
    "system:a b",
    "system:é",
];
const ROLES: &[&str] = &[
    "seller",
    "editor",
    "System:admin",
    "ann",
    "system",
    "role with a rather long name",
];
const PACKAGES: &[&str] = &["sales", "seller", "pack"];
const POSITIONS: &[&str] = &["top", "left", "right", "low", "ann", "side"];
const USERS: &[&str] = &[
    "ann",
    "bob",
    "cay",
    "seller",
    "système",
    "system:admin",
    "top",
];

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Some of a pool of names, at least `least`, in any order.
fn names(rng: &mut Rng, pool: &[&str], least: usize, most: usize) -> Vec<String> {
    let mut all = owned(pool);
    rng.shuffle(&mut all);
    all.truncate(rng.range(least, most.min(pool.len())));
    all
}

/// The world of that number of a run.
pub(crate) fn world(seed: u64, number: u64) -> (Documents, Rng) {
    let mut rng = Rng::nth(seed, number);
    let made = documents(&mut rng);
    (made, rng)
}

/// What a world is rich in: chances in percent.
struct Taste {
    /// How many versions its catalog may have had.
    versions: u32,
    older_policy: usize,
    one_scope: usize,
    features: usize,
    requires: usize,
    denies: usize,
    on_record: usize,
    when: usize,
    positions: usize,
    placed: usize,
    /// At least so many users.
    users: usize,
    accessible: usize,
}

const MIXED: Taste = Taste {
    versions: 2,
    older_policy: 40,
    one_scope: 35,
    features: 15,
    requires: 30,
    denies: 14,
    on_record: 65,
    when: 15,
    positions: 0,
    placed: 80,
    users: 1,
    accessible: 50,
};

const TASTES: &[Taste] = &[
    MIXED,
    MIXED,
    // The hierarchy of positions, and what reaches down it.
    Taste {
        versions: 1,
        one_scope: 5,
        features: 4,
        requires: 15,
        denies: 6,
        on_record: 95,
        when: 3,
        positions: 4,
        placed: 97,
        users: 4,
        accessible: 75,
        ..MIXED
    },
    // Catalogs that changed.
    Taste {
        versions: 4,
        older_policy: 85,
        features: 5,
        requires: 10,
        denies: 40,
        when: 3,
        ..MIXED
    },
    // Prerequisites, and features.
    Taste {
        one_scope: 20,
        features: 30,
        requires: 70,
        denies: 5,
        when: 2,
        ..MIXED
    },
    // Conditions.
    Taste {
        versions: 1,
        features: 3,
        requires: 5,
        denies: 3,
        when: 60,
        ..MIXED
    },
];

/// Stored accounts over one catalog, some of them written against earlier versions of it.
pub(crate) fn accounts(
    rng: &mut Rng,
    count: usize,
) -> (CatalogDocument, Vec<(PolicyDocument, DirectoryDocument)>) {
    let taste = rng.pick(TASTES);
    let version = rng.range(1, taste.versions as usize) as u32;
    let history = history(rng, version);
    let mut catalog = catalog::catalog(rng, taste, version, &history);
    let account = |_| {
        let written = match rng.chance(taste.older_policy) {
            true => rng.range(1, version as usize) as u32,
            false => version,
        };
        let policy = policy::policy(rng, taste, &catalog, &history, written);
        let directory = policy::directory(rng, taste, &catalog, &policy);
        (policy, directory)
    };
    let mut accounts: Vec<(PolicyDocument, DirectoryDocument)> = (0..count).map(account).collect();
    catalog.format = format_of_catalog(&catalog);
    for (policy, directory) in &mut accounts {
        policy.format = format_of_policy(&catalog, policy);
        directory.format = format_of_directory(directory);
    }
    (catalog, accounts)
}

fn documents(rng: &mut Rng) -> Documents {
    let taste = rng.pick(TASTES);
    let version = rng.range(1, taste.versions as usize) as u32;
    let history = history(rng, version);
    let catalog = catalog::catalog(rng, taste, version, &history);
    let written = if rng.chance(taste.older_policy) {
        rng.range(1, version as usize) as u32
    } else {
        version
    };
    let policy = policy::policy(rng, taste, &catalog, &history, written);
    let directory = policy::directory(rng, taste, &catalog, &policy);
    let mut documents = Documents {
        catalog,
        policy,
        directory,
        at: NOW,
    };
    settle_formats(&mut documents);
    documents
}

/// States the formats that the documents need: today's, or 1 where they hold what today's refuses.
pub(crate) fn settle_formats(documents: &mut Documents) {
    documents.catalog.format = format_of_catalog(&documents.catalog);
    documents.policy.format = format_of_policy(&documents.catalog, &documents.policy);
    documents.directory.format = format_of_directory(&documents.directory);
}

/// Grants and denies that a role written against this catalog may have.
pub(crate) fn rights(
    rng: &mut Rng,
    catalog: &CatalogDocument,
) -> (Vec<GrantDocument>, Vec<DenialDocument>) {
    let node = |(number, permission): (usize, &PermissionDocument)| Node {
        path: permission.path.clone(),
        number,
    };
    let tree: Vec<Node> = catalog.permissions.iter().enumerate().map(node).collect();
    let written = Written {
        today: today(&tree, &catalog.permissions),
        tree: &tree,
        older: false,
    };
    written.rights(rng, &MIXED)
}

/// A value of that type.
pub(crate) fn value(rng: &mut Rng, kind: PropertyType) -> PropertyValue {
    match kind {
        PropertyType::Text => PropertyValue::Text((*rng.pick(TEXTS)).to_owned()),
        PropertyType::Integer => PropertyValue::Integer(*rng.pick(INTEGERS)),
        PropertyType::Boolean => PropertyValue::Boolean(rng.chance(50)),
        PropertyType::Set => {
            let mut set = owned(&rng.some(TEXTS, 45));
            // A set may repeat itself.
            if let Some(again) = rng.any(&set).cloned().filter(|_| rng.chance(20)) {
                set.push(again);
            }
            PropertyValue::Set(set)
        }
    }
}

/// The types of the properties of users.
pub(crate) fn subject_types(catalog: &CatalogDocument) -> BTreeMap<String, PropertyType> {
    let declared = catalog.subject_properties.iter();
    declared
        .map(|(name, it)| (name.clone(), it.r#type))
        .collect()
}
