//! Searching masked fields (M5): equality of the component sets that the catalog lists, reported.

use std::fmt;
use std::sync::Arc;

use super::access::UnknownField;
use super::kinds::Mask;
use super::rules::{Rule, Rules};
use crate::Decision;

/// A way to compare a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// Equal, component by component.
    Equal,
    /// Not equal.
    NotEqual,
    /// Begins with, ends with, contains, or is like.
    Part,
    /// Less or greater than, or between.
    Range,
    /// Sorted by.
    Sort,
    /// Grouped by, or distinct.
    Group,
    /// Counted, or otherwise summed up.
    Count,
    /// Present or absent.
    Presence,
}

/// Which searches of a type's fields one subject may make (M5): made by
/// [`Engine::field_search`](crate::Engine::field_search).
///
/// A field that the subject sees in clear on every record may be searched as the host likes. Any
/// other is masked on some record, and can be found by one thing only: equality, normalised, of a
/// whole set of components that the catalog lists. What is found still shows masked; the host
/// applies the type's `records` filter as to any search. Every search of a masked field, refused or
/// not, is reported before it is answered, and the host may refuse it.
///
/// **What remains**: whoever may ask for equality may ask again. A street has few numbers: after as
/// many searches as it has, one of them has found the record, and with it its number. No masking
/// prevents that; the reports are there so that the host can slow it down, per subject, and see it.
///
/// ```
/// # use bailiwick::{Catalog, Engine, OnType, Timestamp, Warnings, document::*};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "crm"
/// #     version = 1
/// #     permissions = [{ path = "people" }, { path = "addresses" }]
/// #     types = [{ id = "person", read = "view", fields = [{ path = "address", mask = { kind = "address" }, revealed_by = "addresses", search = [["street", "building_number"]] }] }]
/// #     operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
/// # "#), Warnings::Refuse)?;
/// # let policy = PolicyDocument { roles: vec![RoleDocument::new("canvasser").grant("people")], ..PolicyDocument::new(1) };
/// # let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// use bailiwick::mask::{Allowance, Asked, Comparison, SearchRefused};
///
/// let mut searches = 0;
/// let mut search = engine.field_search("ann", &OnType::named("person"), |_| {
///     searches += 1;
///     Allowance::Proceed
/// });
/// let asked = search.ask("address", Comparison::Equal, &[("street", "main st."), ("building_number", "12")])?;
/// let Asked::ByEquality(wanted) = asked else { unreachable!() };
/// let stored = |component: &str| match component {
///     "street" => Some("Main St"),
///     "building_number" => Some("12"),
///     _ => None,
/// };
/// assert!(wanted.matches(stored));
///
/// let part = search.ask("address", Comparison::Part, &[("street", "Ma")]);
/// assert_eq!(part.unwrap_err(), SearchRefused::Comparison(Comparison::Part));
/// let alone = search.ask("address", Comparison::Equal, &[("building_number", "12")]);
/// assert_eq!(alone.unwrap_err(), SearchRefused::Components);
/// drop(search);
/// assert_eq!(searches, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct FieldSearch<F> {
    rules: Arc<Rules>,
    subject: Option<Box<str>>,
    read: Decision,
    /// For each field, whether it is seen in clear on every record.
    everywhere: Box<[bool]>,
    report: F,
}

/// What the host says of a search that was reported to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allowance {
    /// It may go on.
    Proceed,
    /// There were too many.
    Refuse,
}

/// A search of a masked field, reported to the host: who compares what, and never with what.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SearchReport<'a> {
    /// The subject's id: a user's, or that of a token that has one.
    pub subject: Option<&'a str>,
    /// The resource type.
    pub r#type: &'a str,
    /// The field's path.
    pub field: &'a str,
    /// How it is compared.
    pub comparison: Comparison,
    /// The listed set of components, sorted; empty where none was asked for as a whole.
    pub components: Vec<&'a str>,
    /// Why it is refused already, whatever the host says.
    pub refused: Option<SearchRefused>,
}

/// Why a masked field is not searched so. It holds nothing of what was searched for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchRefused {
    /// The catalog names no such field.
    #[error(transparent)]
    UnknownField(#[from] UnknownField),
    /// The subject can read no record of the type.
    #[error("the subject can read no record of the type")]
    NotReadable,
    /// The field is hidden.
    #[error("the field is hidden")]
    Hidden,
    /// A masked field is compared by equality alone.
    #[error("a masked field is compared by equality alone")]
    Comparison(Comparison),
    /// The catalog lists no such set of components for the field.
    #[error("the catalog lists no such set of components for the field")]
    Components,
    /// A component was given no value: that would ask whether there is one.
    #[error("a component was given no value")]
    Blank,
    /// The host refused it.
    #[error("the host refused the search")]
    ByHost,
}

/// How a field may be searched.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The subject sees it in clear on every record: as the host likes.
    Freely,
    /// By equality with this.
    ByEquality(FieldMatch),
}

/// Values that a masked field must equal, normalised. Its `Debug` shows none of them.
#[derive(Clone)]
pub struct FieldMatch {
    mask: Mask,
    wanted: Vec<(Box<str>, String)>,
}

impl<F: FnMut(&SearchReport<'_>) -> Allowance> FieldSearch<F> {
    pub(crate) fn new(
        rules: Arc<Rules>,
        subject: Option<Box<str>>,
        read: Decision,
        everywhere: impl Iterator<Item = bool>,
        report: F,
    ) -> FieldSearch<F> {
        FieldSearch {
            rules,
            subject,
            read,
            everywhere: everywhere.collect(),
            report,
        }
    }

    /// May the field be compared so, with these values of its components? A field that is no
    /// address has one component, `value`.
    ///
    /// # Errors
    /// [`SearchRefused`], never a filter that was silently dropped: an unknown field, any comparison
    /// but equality (`Comparison::Part`), a set of components that the catalog does not list (a
    /// building number alone, or one component twice), a blank value, or the host's own refusal.
    pub fn ask(
        &mut self,
        field: &str,
        comparison: Comparison,
        components: &[(&str, &str)],
    ) -> Result<Asked, SearchRefused> {
        let found = self.rules.find(field).ok_or_else(|| UnknownField {
            r#type: self.rules.type_name.to_string(),
            path: field.to_owned(),
        });
        let (index, rule) = found?;
        let readable = self.read.is_allow();
        if readable && self.everywhere.get(index).is_some_and(|it| *it) {
            return Ok(Asked::Freely);
        }
        let listed = listed(rule, components);
        let wanted = match listed {
            _ if !readable => Err(SearchRefused::NotReadable),
            _ if rule.is_hidden() => Err(SearchRefused::Hidden),
            _ if comparison != Comparison::Equal => Err(SearchRefused::Comparison(comparison)),
            Some(_) => wanted(rule, components),
            None => Err(SearchRefused::Components),
        };
        let allowance = (self.report)(&SearchReport {
            subject: self.subject.as_deref(),
            r#type: &self.rules.type_name,
            field: &rule.path,
            comparison,
            components: listed.into_iter().flatten().map(|it| &**it).collect(),
            refused: wanted.as_ref().err().cloned(),
        });
        let wanted = wanted?;
        match allowance {
            Allowance::Proceed => Ok(Asked::ByEquality(FieldMatch {
                mask: rule.mask.clone(),
                wanted,
            })),
            Allowance::Refuse => Err(SearchRefused::ByHost),
        }
    }
}

/// The set of the catalog that these components are.
fn listed<'r>(rule: &'r Rule, components: &[(&str, &str)]) -> Option<&'r Vec<Box<str>>> {
    let mut names: Vec<&str> = components.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let is_it = |set: &&Vec<Box<str>>| set.iter().map(|it| &**it).eq(names.iter().copied());
    rule.search.iter().find(is_it)
}

fn wanted(
    rule: &Rule,
    components: &[(&str, &str)],
) -> Result<Vec<(Box<str>, String)>, SearchRefused> {
    let key = |&(name, value): &(&str, &str)| match rule.mask.search_key(name, value) {
        key if key.is_empty() => Err(SearchRefused::Blank),
        key => Ok((name.into(), key)),
    };
    components.iter().map(key).collect()
}

impl FieldMatch {
    /// Whether a record's components equal what is wanted. One that the record lacks equals nothing.
    pub fn matches<'v>(&self, component: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.wanted.iter().all(|(name, wanted)| {
            component(name).is_some_and(|stored| self.mask.search_key(name, stored) == *wanted)
        })
    }

    /// The components and their [normalised values](Mask::search_key), for an index of the host's.
    /// They are what was searched for: not for a log.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.wanted.iter().map(|(name, key)| (&**name, &**key))
    }
}

impl fmt::Debug for FieldMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.wanted.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("FieldMatch")
            .field("components", &names)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for FieldSearch<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldSearch")
            .field("type", &self.rules.type_name)
            .field("read", &self.read.code())
            .finish_non_exhaustive()
    }
}
