//! A value that cannot leak (M4).

use std::fmt;
use std::sync::Arc;

use super::access::{Binding, Field, FieldAccess, View, Viewer};
use super::disguise::GUARDED;
use super::rules::Rules;

/// A value of a masked field: whatever prints, logs or serialises it shows its mask.
///
/// It opens only with a [`FieldAccess`] of the subject and the record for whom it was guarded, and
/// only if that access sees the field in clear. It is not compared, ordered or hashed: each would
/// tell something of the value.
///
/// ```
/// # use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings, document::*, mask::OpenError};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "crm"
/// #     version = 1
/// #     permissions = [{ path = "people" }, { path = "contact_info" }]
/// #     types = [{ id = "person", read = "view", fields = [{ path = "email", mask = { kind = "email" }, revealed_by = "contact_info" }] }]
/// #     operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
/// # "#), Warnings::Refuse)?;
/// # let policy = PolicyDocument {
/// #     roles: vec![RoleDocument::new("canvasser").grant("people"), RoleDocument::new("editor").grant("people").grant("contact_info")],
/// #     ..PolicyDocument::new(1)
/// # };
/// # let users = DirectoryDocument::new([UserDocument::new("ann").role("canvasser"), UserDocument::new("bob").role("editor")]);
/// # let engine = Engine::new(&catalog, policy, users, Timestamp(0), Warnings::Refuse)?;
/// let (seventh, eighth) = (Record::of("person").id("7"), Record::of("person").id("8"));
/// let bobs = engine.fields("bob", &seventh);
/// let email = bobs.field("email")?.guard("ada@example.com");
/// assert_eq!(format!("{email} {email:?}"), "a***@*** [masked]");
///
/// assert_eq!(email.open(&bobs), Ok(&"ada@example.com"));
/// assert_eq!(email.open(&engine.fields("bob", &eighth)), Err(OpenError::OtherRecord));
/// assert_eq!(email.open(&engine.fields("ann", &seventh)), Err(OpenError::OtherSubject));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// # use bailiwick::mask::Guarded;
/// fn equal(a: &Guarded<String>, b: &Guarded<String>) -> bool {
///     a == b
/// }
/// ```
///
/// ```compile_fail
/// # use bailiwick::mask::Guarded;
/// fn length(value: &Guarded<String>) -> usize {
///     value.len()
/// }
/// ```
#[derive(Clone)]
pub struct Guarded<T> {
    value: T,
    /// What is shown; `[masked]` where there is no mask of a text.
    shown: Option<Box<str>>,
    bound_to: Arc<Binding>,
    rules: Arc<Rules>,
    field: usize,
    contributor: Option<Box<str>>,
}

/// Why a guarded value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The access is of another account, or of engines that were not made from one another.
    #[error("the access is of another account or another lineage of engines")]
    OtherLineage,
    /// The access is of another record; a record without an id is another one than any.
    #[error("the access is of another record")]
    OtherRecord,
    /// The access is of another subject; a token without an id is another one than any.
    #[error("the access is of another subject")]
    OtherSubject,
    /// The subject does not see the value in clear.
    #[error("the subject does not see the value in clear")]
    NotRevealed,
}

impl<T> Guarded<T> {
    pub(super) fn new(field: &Field<'_>, value: T, shown: Option<Box<str>>) -> Guarded<T> {
        Guarded {
            value,
            shown,
            bound_to: Arc::clone(&field.access.bound_to),
            rules: Arc::clone(&field.access.rules),
            field: field.index,
            contributor: field.contributor.map(Into::into),
        }
    }

    /// The value.
    ///
    /// # Errors
    /// [`OpenError`]: an access of another lineage, record or subject than the one it was guarded
    /// under, in this order; or one that does not see it in clear.
    pub fn open(&self, access: &FieldAccess) -> Result<&T, OpenError> {
        self.check(access).map(|()| &self.value)
    }

    /// [`Guarded::open`], taking the value out.
    ///
    /// # Errors
    /// As [`Guarded::open`]; the value is then gone.
    pub fn into_inner(self, access: &FieldAccess) -> Result<T, OpenError> {
        self.check(access).map(|()| self.value)
    }

    fn check(&self, access: &FieldAccess) -> Result<(), OpenError> {
        let (own, given) = (&*self.bound_to, &*access.bound_to);
        if own.lineage != given.lineage {
            return Err(OpenError::OtherLineage);
        }
        let same_type = self.rules.type_name == access.rules.type_name;
        if !same_type || own.record.is_none() || own.record != given.record {
            return Err(OpenError::OtherRecord);
        }
        if own.subject == Viewer::Nobody || own.subject != given.subject {
            return Err(OpenError::OtherSubject);
        }
        let contributor = self.contributor.as_deref();
        let contributed = contributor.is_some_and(|it| access.is_viewer(it));
        match self
            .field_in(access)
            .map(|field| access.view(field, contributed))
        {
            Some(View::Clear) => Ok(()),
            _ => Err(OpenError::NotRevealed),
        }
    }

    /// The field's number: another one, if the catalog changed between the two.
    fn field_in(&self, access: &FieldAccess) -> Option<usize> {
        if Arc::ptr_eq(&self.rules, &access.rules) {
            return Some(self.field);
        }
        let path = &self.rules.fields.get(self.field)?.path;
        access.rules.find(path).map(|(index, _)| index)
    }

    fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(GUARDED)
    }
}

impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(GUARDED)
    }
}

impl<T> fmt::Display for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.shown())
    }
}

/// A text is its mask. What has none (a hidden text, a value of another type) is nothing: it must not turn into a
/// text.
impl<T> serde::Serialize for Guarded<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.shown {
            Some(shown) => serializer.serialize_str(shown),
            None => serializer.serialize_none(),
        }
    }
}
