//! Records of administration: the pages that list roles, packages, positions and users (T5), and what a
//! review of them finds, read from an engine without building its documents.

mod dominated;
mod holders;
mod packages;
mod positions;
mod review;
mod roles;
mod users;

pub use dominated::{DominatedRole, DominatedRoles};
pub use packages::PackageEntry;
pub use positions::PositionEntry;
pub use review::{Empty, Review};
pub use roles::RoleEntry;
pub(in crate::admin) use users::with_sets;
pub use users::{HoldersOf, UserEntry};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::engine::Label;
use crate::text::folded;

/// Which roles, packages, positions or users a page lists, and in which order (T5).
///
/// As serde reads it, whatever is left out stands as in [`ListQuery::default`]:
/// `{ "search": "edit", "order": "users", "descending": true, "offset": 50, "limit": 50 }`.
///
/// ```
/// use bailiwick::admin::{ListOrder, ListQuery};
/// let query = ListQuery::default().search("edit").order(ListOrder::Users).descending().page(50, 50);
/// let read = serde_json::from_str(
///     r#"{ "search": "edit", "order": "users", "descending": true, "offset": 50 }"#,
/// )?;
/// assert_eq!(query, read);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ListQuery {
    /// What id, name or description must contain; an empty text is in all. Neither case makes a difference
    /// (`WEISS` finds `Weiß`), nor how accents are encoded, nor the kind of apostrophe.
    pub search: String,
    /// What they are ordered by.
    pub order: ListOrder,
    /// Whether the last comes first. What is equal stays ordered by id, ascending.
    pub descending: bool,
    /// How many to leave out at the beginning.
    pub offset: usize,
    /// How many to list at most.
    pub limit: usize,
    /// Which roles a page of roles lists. Other lists do not look at it.
    pub roles: RolesListed,
}

/// Which roles a page of roles lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RolesListed {
    /// The account's, and the system's but for those that the catalog keeps out of lists
    /// ([`SystemRoleDocument::unlisted`](crate::document::SystemRoleDocument::unlisted)).
    #[default]
    Listed,
    /// Those that the account made.
    OfAccount,
    /// All of them: for the operator's own pages.
    Every,
}

/// What a page is ordered by; equal ones by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ListOrder {
    /// The id, byte for byte.
    #[default]
    Id,
    /// The name, upper and lower case alike; the id where there is none.
    Name,
    /// When they were created; what has no such time comes first.
    Created,
    /// How many users hold a role at all, are assigned a package, or hold a position.
    Users,
}

impl Default for ListQuery {
    /// The first fifty by id.
    fn default() -> ListQuery {
        ListQuery {
            search: String::new(),
            order: ListOrder::default(),
            descending: false,
            offset: 0,
            limit: 50,
            roles: RolesListed::default(),
        }
    }
}

impl ListQuery {
    /// Only those whose id, name or description contains the text, as [`ListQuery::search`] says.
    #[must_use]
    pub fn search(mut self, text: impl Into<String>) -> ListQuery {
        self.search = text.into();
        self
    }

    /// Ordered by that.
    #[must_use]
    pub fn order(mut self, order: ListOrder) -> ListQuery {
        self.order = order;
        self
    }

    /// The last first.
    #[must_use]
    pub fn descending(mut self) -> ListQuery {
        self.descending = true;
        self
    }

    /// At most `limit`, after the first `offset`.
    #[must_use]
    pub fn page(mut self, offset: usize, limit: usize) -> ListQuery {
        self.offset = offset;
        self.limit = limit;
        self
    }

    /// Only these roles, in a page of roles.
    #[must_use]
    pub fn roles(mut self, listed: RolesListed) -> ListQuery {
        self.roles = listed;
        self
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// How many there are on all pages together.
    pub total: usize,
    /// How many come before this page; past the total where the query leaves out more than there are.
    pub offset: usize,
    /// The page.
    pub entries: Vec<T>,
}

/// A role or package that a page may list.
struct Candidate<'e> {
    number: u32,
    id: &'e str,
    label: Label<'e>,
}

/// The page of some candidates. How many users each has is worked out only to order by it.
fn page<'e, T, U: Fn(u32) -> usize>(
    query: &ListQuery,
    candidates: impl Iterator<Item = Candidate<'e>>,
    users: impl FnOnce() -> U,
    entry: impl Fn(&Candidate<'e>) -> T,
) -> Page<T> {
    let wanted = folded(&query.search);
    let found = candidates.filter(|it| it.contains(&wanted));
    let ordered = match query.order {
        ListOrder::Id => in_order(found, query.descending, |it| it.id),
        ListOrder::Name => in_order(found, query.descending, |it| {
            folded(it.label.name.unwrap_or(it.id))
        }),
        ListOrder::Created => in_order(found, query.descending, |it| {
            it.label.created.map(|Timestamp(seconds)| seconds)
        }),
        ListOrder::Users => {
            let users = users();
            in_order(found, query.descending, |it| users(it.number))
        }
    };
    let shown = ordered.iter().skip(query.offset).take(query.limit);
    Page {
        total: ordered.len(),
        offset: query.offset,
        entries: shown.map(entry).collect(),
    }
}

/// By a key, equal ones by id.
fn in_order<'e, K: Ord>(
    found: impl Iterator<Item = Candidate<'e>>,
    descending: bool,
    key: impl Fn(&Candidate<'e>) -> K,
) -> Vec<Candidate<'e>> {
    let mut keyed: Vec<(K, Candidate<'e>)> = found.map(|it| (key(&it), it)).collect();
    keyed.sort_unstable_by(|(a, one), (b, other)| {
        let by_key = match descending {
            true => b.cmp(a),
            false => a.cmp(b),
        };
        by_key.then_with(|| one.id.cmp(other.id))
    });
    keyed.into_iter().map(|(_, it)| it).collect()
}

impl Candidate<'_> {
    fn contains(&self, folded_text: &str) -> bool {
        let texts = [Some(self.id), self.label.name, self.label.description];
        folded_text.is_empty()
            || texts
                .into_iter()
                .flatten()
                .any(|it| folded(it).contains(folded_text))
    }
}
