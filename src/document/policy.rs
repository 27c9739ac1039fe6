//! The policy document: what an account's administrators edit.

use std::collections::BTreeMap;

use super::catalog::{DenialDocument, GrantDocument};
use super::decode::document;
use super::timestamp::Timestamp;

document! {
    /// What an account's administrators edit: roles, packages, positions, features, settings.
    pub struct PolicyDocument {
        /// The document format: 1, or [`FORMAT`](super::FORMAT), which is today's.
        pub format: u32,
        /// The account's id; may be left out where the catalog serves one account (D11).
        pub account: Option<String>,
        /// The version of the catalog that the policy was written against (D16).
        pub catalog_version: u32,
        /// The number of this state; 1 when left out.
        pub revision: Option<u64>,
        /// The features that the account has.
        pub features: Vec<String>,
        /// Adjustable permissions: the most junior system role that has each (D13).
        pub settings: BTreeMap<String, String>,
        /// The roles that this account made.
        pub roles: Vec<RoleDocument>,
        /// Sets of roles given to users as one.
        pub packages: Vec<PackageDocument>,
        /// The reporting hierarchy.
        pub positions: Vec<PositionDocument>,
        /// Ids that were used and are not given again (A5).
        pub used_ids: UsedIdsDocument,
    }
}

document! {
    /// A role that an account made.
    pub struct RoleDocument {
        /// Its id; never `system:…`.
        pub id: String,
        /// What a person reads.
        pub name: Option<String>,
        /// A longer text for a person.
        pub description: Option<String>,
        /// When it was created, by the host's clock.
        pub created: Option<Timestamp>,
        /// The junior roles whose grants and denies it has too: of this account, or system roles.
        pub inherits: Vec<String>,
        /// What it grants.
        pub grants: Vec<GrantDocument>,
        /// What it denies.
        pub denies: Vec<DenialDocument>,
    }
}

document! {
    /// A named set of roles given to users as one.
    pub struct PackageDocument {
        /// Its id.
        pub id: String,
        /// What a person reads.
        pub name: Option<String>,
        /// A longer text for a person.
        pub description: Option<String>,
        /// When it was created, by the host's clock.
        pub created: Option<Timestamp>,
        /// The roles in it.
        pub roles: Vec<String>,
    }
}

document! {
    /// A node of the reporting hierarchy.
    pub struct PositionDocument {
        /// Its id.
        pub id: String,
        /// What a person reads.
        pub name: Option<String>,
        /// The positions directly above it; it reports to all of them.
        pub reports_to: Vec<String>,
    }
}

document! {
    /// Ids that were used and are not given again unless forgotten (A5).
    pub struct UsedIdsDocument {
        /// Ids of users.
        pub users: Vec<String>,
        /// Ids of roles.
        pub roles: Vec<String>,
        /// Ids of positions.
        pub positions: Vec<String>,
    }
    default blank
}
