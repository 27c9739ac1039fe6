//! Limits on documents. What lies past them is refused when loaded, with its place.

/// The longest identifier, in bytes of UTF-8 (D12).
pub const IDENTIFIER_BYTES: usize = 256;
/// The longest name for people, in bytes of UTF-8 (D12).
pub const NAME_BYTES: usize = 256;
/// Permissions of a catalog.
pub const PERMISSIONS: usize = 16_384;
/// Operations of a catalog.
pub const OPERATIONS: usize = 16_384;
/// Pairs of permission and operation in a catalog.
pub const PAIRS: usize = 65_535;
/// Renamed and retired paths of a catalog, together.
pub const RENAMES: usize = 4_096;
/// The longest name that renames may bring a path to on its way to today's, in bytes of UTF-8. A node
/// below it adds its own.
pub const FORMER_PATH_BYTES: usize = 4_096;
/// Features of a catalog.
pub const FEATURES: usize = 4_096;
/// Resource types of a catalog.
pub const TYPES: usize = 4_096;
/// Properties that a catalog declares, of all types, of subjects and of the context.
pub const PROPERTIES: usize = 16_384;
/// Fields of a resource type that not everybody sees in clear.
pub const FIELDS: usize = 4_096;
/// System roles of a catalog.
pub const SYSTEM_ROLES: usize = 4_096;
/// Texts of one set, or of the list of one condition.
pub const SET_TEXTS: usize = 1_024;
/// Roles of an account, the system's among them.
pub const ROLES: usize = 4_000_000;
/// Packages of an account.
pub const PACKAGES: usize = 4_000_000;
/// Positions of an account.
pub const POSITIONS: usize = 4_000_000;
/// Positions of a hierarchy so tangled that the ranges of positions below others would outgrow it:
/// it then takes a matrix of a bit for each pair of positions. Those that report to none, and to whom
/// none reports, do not count.
pub const TANGLED_POSITIONS: usize = 32_768;
/// Users of an account.
pub const USERS: usize = 16_000_000;
/// Users whom a journal's record names as those from whom it may take something; of more it says everybody.
pub const TAKEN_FROM: usize = 1_024;
/// Edges of one hierarchy: of the roles of an account, or of its positions.
pub const EDGES: usize = 16_000_000;
/// Steps in which a review compares roles with each other, 64 at a time: some 16,000 roles of a thousand
/// permissions each, 100,000 of fifty.
pub const ROLE_COMPARISONS: u64 = 1 << 32;
/// Changes in one transaction; more are made by importing a policy, or by several transactions.
pub const CHANGES: usize = 10_000;
